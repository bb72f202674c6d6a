"""The kernels equal the plain NumPy engine, and their updates are the gradient of the loss."""

import itertools

import naive_engine
import numpy as np
import pytest
import reference
from numba import njit
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit

from skw2v.training import kernels, trainer
from skw2v.training.embedding import initial_vectors, make_sampling
from skw2v.training.parameters import RoundPlan, TrainingParameters
from skw2v.training.trainer import make_objective, train

MODES = list(itertools.product(("skipgram", "cbow"), ("negative_sampling", "hierarchical_softmax")))
SEED = 7


def make_corpus(n_tokens, n_words, n_documents, seed=0):
    """Return token ids of a skewed vocabulary, documents of random lengths, and counts."""
    rng = np.random.default_rng(seed)
    weights = 1 / np.arange(1, n_words + 1)
    token_ids = rng.choice(n_words, size=n_tokens, p=weights / weights.sum()).astype(np.int32)
    cuts = np.sort(rng.integers(0, n_tokens + 1, size=n_documents - 1))
    offsets = np.concatenate([[0], cuts, [n_tokens]]).astype(np.int64)
    counts = np.bincount(token_ids, minlength=n_words) + 1
    return token_ids, offsets, counts


def starting_point(counts, parameters):
    """Return the matrices that training starts from, in float64."""
    size = parameters.vector_size
    W = initial_vectors(len(counts), size, SEED, np.dtype(np.float64))[:, :size].copy()
    n_outputs = len(counts)
    if parameters.objective == "hierarchical_softmax":
        n_outputs = max(1, n_outputs - 1)
    return W, np.zeros((n_outputs, size))


def train_both(corpus, parameters, plan):
    """Train with the kernels in float64 and with the naive engine."""
    token_ids, offsets, counts = corpus
    ours = train(token_ids, offsets, counts, parameters, seed=SEED, plan=plan, dtype=np.float64)
    expected = naive_engine.train(
        token_ids, offsets, *starting_point(counts, parameters),
        make_objective(counts, parameters, plan), make_sampling(counts, parameters, SEED),
        parameters, plan,
    )  # fmt: skip
    return ours, expected


def small_plan(**changes):
    """Return a plan whose portions are small enough to have several of each."""
    plan = RoundPlan(
        shared_negatives=4, pooled_negatives=2**20, chunk_tokens=40, chunks_per_round=3, kappa=0.25
    )
    return plan._replace(**changes)


@pytest.mark.parametrize(("architecture", "objective"), MODES)
@pytest.mark.parametrize("cbow_mean", [True, False])
@pytest.mark.parametrize("shrink_windows", [True, False])
def test_training_equals_the_naive_engine(architecture, objective, cbow_mean, shrink_windows):
    parameters = TrainingParameters(
        vector_size=20, architecture=architecture, objective=objective, window=3,
        shrink_windows=shrink_windows, negative=3, sample=0.05, cbow_mean=cbow_mean, epochs=2,
        learning_rate=0.3,
    )  # fmt: skip
    ours, expected = train_both(make_corpus(300, 25, 12), parameters, small_plan())
    assert np.abs(expected[0]).max() > 1.5 * 0.5 / 20  # the vectors have gone somewhere
    assert_allclose(ours.input_vectors, expected[0], atol=1e-6)
    assert_allclose(ours.output_vectors, expected[1], atol=1e-6)
    assert_allclose(ours.loss_curve, expected[2], rtol=1e-6)


@pytest.mark.parametrize(("architecture", "objective"), MODES)
@pytest.mark.parametrize("chunk_tokens", [7, 64, 1000])
def test_training_equals_the_naive_engine_for_any_chunks(architecture, objective, chunk_tokens):
    parameters = TrainingParameters(
        vector_size=16, architecture=architecture, objective=objective, window=5, sample=0.0,
        epochs=1, learning_rate=0.2,
    )  # fmt: skip
    plan = small_plan(chunk_tokens=chunk_tokens, chunks_per_round=2)
    ours, expected = train_both(make_corpus(200, 12, 3, seed=1), parameters, plan)
    assert_allclose(ours.input_vectors, expected[0], atol=1e-6)
    assert_allclose(ours.output_vectors, expected[1], atol=1e-6)


def test_blocks_take_their_negatives_from_the_pool_in_turn():
    parameters = TrainingParameters(vector_size=16, window=2, sample=0.0, epochs=1)
    corpus = make_corpus(200, 12, 3, seed=2)
    plan = small_plan(pooled_negatives=8, chunk_tokens=100)
    ours, expected = train_both(corpus, parameters, plan)
    assert_allclose(ours.input_vectors, expected[0], atol=1e-7)
    fresh, _ = train_both(corpus, parameters, small_plan(chunk_tokens=100))
    assert np.abs(fresh.input_vectors - ours.input_vectors).max() > 1e-4


@pytest.mark.parametrize(("architecture", "objective"), MODES)
@pytest.mark.parametrize("cbow_mean", [True, False])
def test_one_step_is_the_gradient_by_finite_differences(architecture, objective, cbow_mean):
    # One block, trained once with a learning rate so small that no step is shortened: what it moves
    # by is minus the gradient of the sum of its pairs' losses, each computed by the reference.
    parameters = TrainingParameters(
        vector_size=16, architecture=architecture, objective=objective, window=2, negative=4,
        sample=0.0, shrink_windows=False, cbow_mean=cbow_mean, epochs=1, learning_rate=1e-9,
    )  # fmt: skip
    token_ids = np.array([3, 1, 4, 1, 5, 2, 0, 3], np.int32)
    offsets = np.array([0, 5, 8])
    counts = np.array([5, 4, 3, 2, 2, 1])
    plan = small_plan(chunk_tokens=100, chunks_per_round=1)
    tables = make_objective(counts, parameters, plan)
    sampling = make_sampling(counts, parameters, SEED)(0)
    W, U = starting_point(counts, parameters)
    U += np.random.default_rng(0).normal(size=U.shape)
    W += np.random.default_rng(1).normal(size=W.shape) / 4

    moved_W, moved_U = train_one_block(
        token_ids, offsets, W, U, tables, sampling, parameters.learning_rate
    )

    survivors, pairs = naive_engine.observed_pairs(token_ids, offsets, sampling)
    (negatives,) = naive_engine.draw_negatives(0, 1, tables, sampling)

    def loss(W, U):
        total = 0.0
        for inputs, target in training_examples(token_ids, survivors, pairs, tables.cbow):
            h = reference.hidden_vector(W[inputs], cbow_mean)
            if tables.hierarchical:
                path = slice(tables.path_offsets[target], tables.path_offsets[target + 1])
                total += reference.hierarchical_softmax_loss(
                    h, U, tables.path_nodes[path], tables.path_codes[path]
                )
            else:
                total += reference.softplus(-U[target] @ h)
                others = [word for word in negatives if word != target]
                share = parameters.negative / plan.shared_negatives
                total += share * reference.softplus(U[others] @ h).sum()
        return total

    rate = parameters.learning_rate
    assert_allclose((moved_W - W) / rate, -numeric_gradient(lambda V: loss(V, U), W), atol=1e-5)
    assert_allclose((moved_U - U) / rate, -numeric_gradient(lambda V: loss(W, V), U), atol=1e-5)


def training_examples(token_ids, survivors, pairs, cbow):
    """List (input words, target word) of each prediction."""
    if not cbow:
        return [([token_ids[context]], token_ids[centre]) for context, centre in pairs]
    contexts = {
        centre: [token_ids[context] for context, other in pairs if other == centre]
        for centre in survivors
    }
    return [(words, token_ids[centre]) for centre, words in contexts.items() if words]


def numeric_gradient(function, matrix, step=1e-5):
    """Return two-sided finite differences of a function of a matrix."""
    gradient = np.zeros_like(matrix)
    for index in np.ndindex(matrix.shape):
        ahead, behind = matrix.copy(), matrix.copy()
        ahead[index] += step
        behind[index] -= step
        gradient[index] = (function(ahead) - function(behind)) / (2 * step)
    return gradient


def train_one_block(token_ids, offsets, W, U, tables, sampling, learning_rate):
    """Train a corpus of one block, once, from given matrices; return the matrices after it."""
    assert len(token_ids) <= kernels.BLOCK
    plan = small_plan(chunk_tokens=100, chunks_per_round=1)
    capacities = trainer._capacities(tables, plan, sampling.window, len(W), len(token_ids))
    scratch = trainer._make_scratch(capacities, W, len(U))
    inputs = trainer._Side(W.copy(), 1, capacities.input_rows)
    outputs = trainer._Side(U.copy(), 1, capacities.output_rows)
    inputs.n_rows[0], outputs.n_rows[0], _, _ = kernels.train_chunk(
        0, len(token_ids), token_ids, offsets, sampling, tables, np.float64(learning_rate), 0, 1,
        inputs.matrix, outputs.matrix, scratch.tokens, scratch.numbering,
        inputs.buffer(0), outputs.buffer(0), scratch.block,
    )  # fmt: skip
    inputs.merge(0, 1, 1, 1.0)
    outputs.merge(0, 1, 1, 1.0)
    return inputs.matrix, outputs.matrix


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [16, 112])
def test_compiled_tiles_equal_their_plain_form(dtype, size):
    rng = np.random.default_rng(0)
    outputs = rng.normal(size=(20, size)).astype(dtype)
    inputs = rng.normal(size=(kernels.BLOCK, size)).astype(dtype)
    rows = rng.permutation(20)[:12].astype(np.int32)
    identity = np.arange(kernels.BLOCK, dtype=np.int32)
    plain, compiled = (np.zeros((12, kernels.BLOCK), dtype) for _ in range(2))
    tolerance = 1e-4 if dtype == np.float32 else 1e-12

    @njit
    def score(outputs, rows, m, inputs, n, scores):
        kernels.score_tile(outputs, rows, m, inputs, n, scores)

    @njit
    def add(targets, target_rows, i, sources, source_rows, k, coefficients):
        kernels.add_tile(targets, target_rows, i, sources, source_rows, k, coefficients)

    kernels.score_tile(outputs, rows, 4, inputs, 8, plain)
    score(outputs, rows, 4, inputs, 8, compiled)
    assert_allclose(plain[4:8, 8:12], outputs[rows[4:8]] @ inputs[8:12].T, rtol=tolerance)
    assert_allclose(compiled, plain, rtol=tolerance, atol=tolerance)

    coefficients = rng.normal(size=compiled.shape).astype(dtype)
    for matrix, order in ((coefficients, "outputs"), (coefficients.T, "inputs")):
        one, other = outputs.copy(), outputs.copy()
        places = (4, 8) if order == "outputs" else (8, 4)
        target_rows, source_rows = (
            (rows, identity) if order == "outputs" else (np.arange(16, dtype=np.int32), rows)
        )
        sources = inputs if order == "outputs" else outputs.copy()
        kernels.add_tile(one, target_rows, places[0], sources, source_rows, places[1], matrix)
        add(other, target_rows, places[0], sources, source_rows, places[1], matrix)
        assert np.abs(one - outputs).max() > 0.1
        assert_allclose(other, one, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("kind", "tolerance"), [(np.float32, 1e-6), (np.float64, 1e-8)])
def test_sigmoid_is_close_to_the_exact_one(kind, tolerance):
    x = np.linspace(-16, 16, 10001).astype(kind)
    values = np.array([kernels.sigmoid(value, kind) for value in x])
    assert_allclose(values, expit(x.astype(np.float64)), atol=tolerance)


def test_sigmoid_clips_scores_it_cannot_tell_apart():
    far, edge = kernels.sigmoid(1e6, np.float64), kernels.sigmoid(16.0, np.float64)
    assert far == edge
    assert kernels.sigmoid(-1e6, np.float64) == kernels.sigmoid(-16.0, np.float64)
    assert edge > 1 - 2e-7


@pytest.mark.parametrize("n_shards", [1, 2, 8])
def test_merged_rows_equal_the_reference(n_shards):
    rng = np.random.default_rng(0)
    n_rows, size, n_chunks, capacity = 30, 16, 5, 12
    matrix = rng.normal(size=(n_rows, size))
    row_ids = np.array([rng.permutation(n_rows)[:capacity] for _ in range(n_chunks)], np.int32)
    counts = rng.integers(0, capacity + 1, n_chunks)
    rows = rng.normal(size=(n_chunks, capacity + 1, size))
    terms = rng.uniform(0, 500, size=(n_chunks, capacity + 1)).astype(np.float32)
    eta = 0.01
    expected = matrix.copy()
    for row in range(n_rows):
        copies = [
            (chunk, slot)
            for chunk in range(n_chunks)
            for slot in range(counts[chunk])
            if row_ids[chunk, slot] == row
        ]
        if copies:
            places = tuple(np.array(copies).T)
            expected[row] = reference.merge_rows(matrix[row], rows[places], terms[places], eta)
    newest = np.full(n_rows, -1)
    older = np.zeros((n_chunks, capacity), np.int64)
    for shard in range(n_shards):
        kernels.merge_rows(
            shard, n_shards, eta, counts, row_ids, rows, terms, newest, older, np.zeros(size),
            matrix,
        )  # fmt: skip
    assert_allclose(matrix, expected, rtol=1e-12)
    assert_array_equal(newest, -1)


@pytest.mark.parametrize("varied", ["key", "counter"])
def test_random_bits_depend_on_every_bit(varied):
    values = [0, *(2**bit for bit in range(62))]
    pairs = [(value, 12345) if varied == "key" else (12345, value) for value in values]
    bits = {kernels.random_bits(*pair) for pair in pairs}
    assert len(bits) == len(values)
    assert all(0 <= value < 2**32 for value in bits)


@pytest.mark.parametrize(("architecture", "objective"), MODES)
def test_a_tiny_vocabulary_does_not_diverge(architecture, objective):
    # Hundreds of pairs of the same few rows meet in each block.
    parameters = TrainingParameters(
        vector_size=16, architecture=architecture, objective=objective, sample=0.0, epochs=5,
        learning_rate=0.5,
    )  # fmt: skip
    embedding = train(*make_corpus(4000, 3, 50), parameters, seed=SEED)
    assert np.abs(embedding.input_vectors).max() < 10
    assert embedding.loss_curve[-1] < embedding.loss_curve[0]
