"""The kernels equal the plain NumPy engine, and their updates are the gradient of the loss."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import naive_engine
import numpy as np
import pytest
import reference
from compiled import (
    load_rows,
    mark_rows,
    merge_rows,
    prepare_chunks,
    random_bits,
    return_rows,
    train_chunks,
)
from numba import config, njit
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit

from skw2v.training import kernels, trainer
from skw2v.training.embedding import initial_vectors, make_sampling
from skw2v.training.huffman import HuffmanTree, build_huffman_tree
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
        drawn_negatives=4, pooled_negatives=2**20, chunk_tokens=40, chunks_per_round=3, kappa=0.25
    )
    return plan._replace(**changes)


@pytest.mark.parametrize(("architecture", "objective"), MODES)
@pytest.mark.parametrize("cbow_mean", [True, False])
@pytest.mark.parametrize("shrink_windows", [True, False])
def test_training_equals_the_naive_engine(architecture, objective, cbow_mean, shrink_windows):
    parameters = TrainingParameters(
        vector_size=20, architecture=architecture, objective=objective, window=3,
        shrink_windows=shrink_windows, negative=3, sample=0.05, cbow_mean=cbow_mean, epochs=2,
        learning_rate=0.5,
    )  # fmt: skip
    ours, expected = train_both(make_corpus(300, 25, 12), parameters, small_plan())
    start, _ = starting_point(np.ones(25), parameters)
    assert np.abs(expected[0] - start).max() > 0.005  # the vectors have gone somewhere
    assert_allclose(ours.input_vectors, expected[0], atol=1e-6)
    assert_allclose(ours.output_vectors, expected[1], atol=1e-6)
    assert_allclose(ours.loss_curve, expected[2], rtol=1e-6)


@pytest.mark.parametrize(("architecture", "objective"), MODES)
@pytest.mark.parametrize("chunk_tokens", [7, 64, 1000])
def test_training_equals_the_naive_engine_for_any_chunks(architecture, objective, chunk_tokens):
    parameters = TrainingParameters(
        vector_size=16, architecture=architecture, objective=objective, window=5, sample=0.0,
        epochs=1, learning_rate=0.1,
    )  # fmt: skip
    plan = small_plan(chunk_tokens=chunk_tokens, chunks_per_round=2)
    ours, expected = train_both(make_corpus(200, 12, 3, seed=1), parameters, plan)
    assert_allclose(ours.input_vectors, expected[0], atol=1e-6)
    assert_allclose(ours.output_vectors, expected[1], atol=1e-6)


@pytest.mark.parametrize(("architecture", "objective"), MODES)
@pytest.mark.parametrize("chunks_per_round", [8, 17])
def test_training_equals_the_naive_engine_for_many_chunks_in_a_round(
    architecture, objective, chunks_per_round
):
    parameters = TrainingParameters(
        vector_size=16, architecture=architecture, objective=objective, window=2, sample=0.0,
        epochs=2, learning_rate=0.1,
    )  # fmt: skip
    plan = small_plan(chunk_tokens=15, chunks_per_round=chunks_per_round)
    ours, expected = train_both(make_corpus(600, 120, 5, seed=4), parameters, plan)
    assert_allclose(ours.input_vectors, expected[0], atol=1e-6)
    assert_allclose(ours.output_vectors, expected[1], atol=1e-6)


@pytest.mark.parametrize(("architecture", "objective"), MODES)
@pytest.mark.parametrize("window", [8, 21])  # of fewer words than a vector holds on a side, or more
def test_wide_windows_and_many_outputs_take_several_tiles(architecture, objective, window):
    parameters = TrainingParameters(
        vector_size=16, architecture=architecture, objective=objective, window=window,
        shrink_windows=False, negative=13, sample=0.0, epochs=2, learning_rate=0.3,
    )  # fmt: skip
    corpus = make_corpus(150, 1500, 2, seed=3)
    plan = small_plan(drawn_negatives=17, pooled_negatives=17 * 60, chunk_tokens=60)
    n_outputs = 1 + plan.drawn_negatives
    if objective == "hierarchical_softmax":
        n_outputs = build_huffman_tree(corpus[2]).path_lengths[corpus[0]].max()
    assert n_outputs > kernels.TILE_OUTPUTS
    assert 2 * parameters.window > kernels.MAX_INPUTS
    ours, expected = train_both(corpus, parameters, plan)
    assert_allclose(ours.input_vectors, expected[0], atol=1e-7)
    assert_allclose(ours.output_vectors, expected[1], atol=1e-7)
    assert np.abs(expected[1]).max() > 0.005  # the vectors have gone somewhere


@pytest.mark.parametrize("architecture", ["skipgram", "cbow"])
def test_centres_take_their_negatives_from_the_pool_in_turn(architecture):
    parameters = TrainingParameters(
        vector_size=16, architecture=architecture, window=2, sample=0.0, epochs=1, learning_rate=0.3
    )
    corpus = make_corpus(200, 12, 3, seed=2)
    plan = small_plan(pooled_negatives=8, chunk_tokens=100)
    ours, expected = train_both(corpus, parameters, plan)
    assert_allclose(ours.input_vectors, expected[0], atol=1e-7)
    assert_allclose(ours.loss_curve, expected[2], rtol=1e-6)  # that of the first steps alone
    fresh, _ = train_both(corpus, parameters, small_plan(chunk_tokens=100))
    assert np.abs(fresh.input_vectors - ours.input_vectors).max() > 1e-4


def test_a_pool_that_centres_cannot_take_in_turn_is_refused():
    corpus, plan = make_corpus(50, 12, 3), small_plan(drawn_negatives=3, pooled_negatives=8)
    with pytest.raises(ValueError, match=r"a multiple of drawn_negatives. Got 8 and 3."):
        train(*corpus, TrainingParameters(vector_size=16), seed=SEED, plan=plan)


@pytest.mark.parametrize(("architecture", "objective"), MODES)
@pytest.mark.parametrize("cbow_mean", [True, False])
def test_one_step_is_the_gradient_by_finite_differences(architecture, objective, cbow_mean):
    # One chunk, trained once with a learning rate so small that no step changes the next one: it
    # moves by minus the gradient of the sum of its pairs' losses, each computed by the reference.
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

    moved_W, moved_U = train_one_chunk(
        token_ids, offsets, W, U, tables, sampling, parameters.learning_rate
    )

    survivors, contexts_of = naive_engine.observed_contexts(token_ids, offsets, sampling)
    at_once = tables.centres_at_once
    drawn = naive_engine.draw_negatives(0, -(-len(survivors) // at_once), tables, sampling)
    negatives = [drawn[k // at_once] for k in range(len(survivors))]

    def loss(W, U):
        total = 0.0
        for centre, drawn in zip(survivors, negatives, strict=True):
            target, words = token_ids[centre], token_ids[contexts_of[centre]]
            for inputs in [words] if tables.cbow else words[:, np.newaxis]:
                total += pair_loss(W[inputs], U, target, drawn)
        return total

    def pair_loss(contexts, U, target, drawn):
        h = reference.hidden_vector(contexts, cbow_mean)
        if tables.hierarchical:
            path = HuffmanTree(tables.word_turns, tables.node_turns).path(target)
            return reference.hierarchical_softmax_loss(h, U, *path)
        others = [word for word in drawn if word != target]
        share = parameters.negative / plan.drawn_negatives
        return reference.softplus(-U[target] @ h) + share * reference.softplus(U[others] @ h).sum()

    rate = parameters.learning_rate
    assert_allclose(
        (moved_W - W) / rate, -reference.numerical_gradient(lambda: loss(W, U), W), atol=1e-5
    )
    assert_allclose(
        (moved_U - U) / rate, -reference.numerical_gradient(lambda: loss(W, U), U), atol=1e-5
    )


def train_one_chunk(token_ids, offsets, W, U, tables, sampling, learning_rate):
    """Train a corpus of one chunk, once, from given matrices; return the matrices after it."""
    plan = small_plan(chunk_tokens=len(token_ids), chunks_per_round=1)
    capacities = trainer._capacities(tables, plan, sampling.window, len(W), len(token_ids))
    workspace = trainer._make_workspace(capacities, 1, W, len(U))
    chunks = trainer._make_chunks(capacities, 1, W.dtype)
    inputs = trainer._share(W.copy(), 1, capacities.input_rows)
    outputs = trainer._share(U.copy(), 1, capacities.output_rows)
    prepare_chunks(
        np.zeros(4, np.int64), 0, 1, len(token_ids), token_ids, offsets, sampling, tables, chunks,
        workspace.numbering, inputs, outputs,
    )  # fmt: skip
    train_chunks(
        np.zeros(4, np.int64), 0, 0, 1, len(token_ids), tables, np.array([learning_rate]), 1,
        chunks, workspace.numbering, inputs, outputs, np.zeros(1), np.zeros(1, np.int64),
        workspace.scratch,
    )  # fmt: skip
    return inputs.matrix, outputs.matrix


@pytest.fixture(params=[np.float32, np.float64])
def tables(request):
    """Rows, what to do with them, and how exact that is."""
    rng, dtype, size = np.random.default_rng(0), request.param, 48
    inputs, outputs = (rng.normal(size=(n, size)).astype(dtype) for n in (24, 20))
    rows = rng.permutation(20).astype(np.int32)
    return inputs, outputs, rows, 1e-4 if dtype == np.float32 else 1e-12


def both(function, written, *arguments, moves=True):
    """Call a function plain and compiled; return what either has written to an argument."""
    names = ", ".join(f"a{i}" for i in range(len(arguments)))
    scope = {"function": function}
    exec(f"def call({names}): function({names})", scope)
    results = []
    for call in (function, njit(scope["call"])):
        copies = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
        call(*copies)
        results.append(copies[written])
    assert (np.abs(results[0] - arguments[written]).max() > 0.01) == moves
    return results


@pytest.mark.parametrize(
    ("function", "n_inputs", "n_outputs"),
    [
        (kernels.differentiate_tile, kernels.TILE_INPUTS, kernels.TILE_OUTPUTS),
        (kernels.differentiate_half_tile, kernels.TILE_INPUTS, kernels.HALF_TILE),
        (kernels.differentiate_row, 1, kernels.TILE_OUTPUTS),
        (kernels.differentiate_half_row, 1, kernels.HALF_TILE),
    ],
)
@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize("n_targets", [1, 16])
def test_compiled_derivatives_equal_their_plain_form(
    function, n_inputs, n_outputs, listed, n_targets, tables
):
    inputs, outputs, rows, tolerance = tables
    dtype, n, m = inputs.dtype, 2, 8
    # A row for each input, or one for all of them.
    labels, weights = (
        np.linspace(low, 1, 16 * n_targets, dtype=dtype).reshape(n_targets, 16) for low in (0, 0.5)
    )
    input_rows = rows[::-1].copy() if listed else None
    rate = dtype.type(0.3)
    plain, compiled = both(
        function, 9, inputs, input_rows, n, outputs, rows, m, labels, weights, rate,
        np.zeros((16, 16), dtype),
    )  # fmt: skip
    tile = slice(n, n + n_inputs), slice(m, m + n_outputs)
    x = inputs[input_rows[tile[0]] if listed else tile[0]]
    expected = np.zeros((16, 16))
    expected[tile] = x @ outputs[rows[tile[1]]].T
    label, weight = (row[tile if n_targets > 1 else (0, tile[1])] for row in (labels, weights))
    gradients = label - weight * expit(np.clip(expected[tile], -16, 16))
    expected[tile] = rate * gradients
    assert_allclose(plain, expected, rtol=tolerance, atol=max(tolerance, 1e-8))
    assert_allclose(compiled, plain, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("first", [0, 8])
def test_compiled_tiles_of_contexts_equal_their_plain_forms(first, tables):
    means, inputs, rows, tolerance = tables
    means = means[: kernels.CBOW_CENTRES]
    rows[first + 2] = rows[first]  # a word that stands in the windows twice
    shares = np.random.default_rng(1).normal(size=(len(means), 16)).astype(means.dtype)
    k = slice(first, first + kernels.CONTEXT_TILE)
    sums = shares[:, k] @ inputs[rows[k]] + (means if first else 0)
    plain, compiled = both(kernels.add_contexts, 0, means, shares, inputs, rows, first)
    assert_allclose(plain, sums, rtol=tolerance, atol=tolerance)
    assert_allclose(compiled, plain, rtol=tolerance, atol=tolerance)

    moved = inputs.copy()
    np.add.at(moved, rows[k], shares[:, k].T @ means)
    plain, compiled = both(kernels.move_contexts, 0, inputs, rows, shares, means, first)
    assert_allclose(plain, moved, rtol=tolerance, atol=tolerance)
    assert_allclose(compiled, plain, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    ("function", "n_outputs", "in_place"),
    [
        (kernels.move_outputs, kernels.TILE_OUTPUTS, False),
        (kernels.move_both, kernels.TILE_OUTPUTS, True),
        (kernels.move_half_outputs, kernels.HALF_TILE, False),
        (kernels.move_half_both, kernels.HALF_TILE, True),
    ],
)
@pytest.mark.parametrize("m", [0, 8])
@pytest.mark.parametrize("n_inputs", [1, 3])
def test_compiled_moves_equal_their_plain_form(function, n_outputs, in_place, n_inputs, m, tables):
    inputs, outputs, rows, tolerance = tables
    rng = np.random.default_rng(1)
    scores = rng.normal(size=(12, 16)).astype(inputs.dtype)
    steps = rng.normal(size=(12, inputs.shape[1])).astype(inputs.dtype)
    input_rows = rows[::-1].copy()
    x = input_rows[:n_inputs]
    y = rows[m : m + n_outputs]
    g = scores[:n_inputs, m : m + n_outputs]
    sums = g @ outputs[y] + (steps[:n_inputs] if m else 0)
    moved_outputs = outputs.copy()
    moved_outputs[y] += g.T @ inputs[x]
    if in_place:
        written, expected = 1, inputs.copy()
        expected[x] += sums
    else:
        written, expected = 0, steps.copy()
        expected[:n_inputs] = sums
    arguments = steps, inputs, input_rows, n_inputs, outputs, rows, m, scores
    for i, table in ((written, expected), (4, moved_outputs)):
        plain, compiled = both(function, i, *arguments)
        assert_allclose(plain, table, rtol=tolerance, atol=tolerance)
        assert_allclose(compiled, plain, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    ("function", "n_means", "n_outputs"),
    [
        (kernels.move_by_means, kernels.CBOW_CENTRES, kernels.TILE_OUTPUTS),
        (kernels.move_by_mean, 1, kernels.TILE_OUTPUTS),
        (kernels.move_half_by_mean, 1, kernels.HALF_TILE),
    ],
)
@pytest.mark.parametrize("m", [0, 8])
@pytest.mark.parametrize("n", [0, 1])
def test_compiled_moves_by_means_equal_their_plain_form(function, n_means, n_outputs, n, m, tables):
    means, outputs, rows, tolerance = tables
    rng = np.random.default_rng(1)
    scores = rng.normal(size=(12, 16)).astype(means.dtype)
    steps = rng.normal(size=(12, means.shape[1])).astype(means.dtype)
    own = slice(n, n + n_means)
    y, g = rows[m : m + n_outputs], scores[own, m : m + n_outputs]
    moved_steps, moved_outputs = steps.copy(), outputs.copy()
    moved_steps[own] = g @ outputs[y] + (steps[own] if m else 0)
    moved_outputs[y] += g.T @ means[own]
    arguments = steps, means, n, outputs, rows, m, scores
    for i, table in ((0, moved_steps), (3, moved_outputs)):
        plain, compiled = both(function, i, *arguments)
        assert_allclose(plain, table, rtol=tolerance, atol=tolerance)
        assert_allclose(compiled, plain, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", [np.int32, np.float32, np.float64])
@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 40])
def test_compiled_lists_equal_their_plain_form_where_they_were_asked_for(count, dtype):
    lanes = kernels.VECTOR_BYTES // np.dtype(dtype).itemsize
    n_written = lanes * max(1, -(-count // lanes))
    target, source = np.arange(100).astype(dtype), np.arange(1000, 1100).astype(dtype)
    expected = target.copy()
    expected[7 : 7 + count] = source[3 : 3 + count]
    for function, arguments in (
        (kernels.copy_vectors, (target, 7, source, 3, count)),
        (kernels.fill_vectors, (target, 7, dtype(-5), count)),
    ):
        plain, compiled = both(function, 0, *arguments, moves=count > 0)
        if function is kernels.fill_vectors:
            expected[7 : 7 + count] = -5
        assert_array_equal(plain, expected)
        assert_array_equal(compiled[: 7 + count], expected[: 7 + count])
        assert_array_equal(compiled[7 + n_written :], target[7 + n_written :])


def test_compiled_rows_equal_their_plain_form(tables):
    inputs, outputs, _, tolerance = tables
    plain, compiled = both(kernels.add_row, 0, inputs[1], 0.5, outputs[2])
    assert_allclose(plain, inputs[1] + 0.5 * outputs[2], rtol=tolerance, atol=tolerance)
    assert_allclose(compiled, plain, rtol=tolerance, atol=tolerance)
    plain, compiled = both(kernels.copy_row, 0, inputs[1], outputs[2])
    assert_array_equal(plain, outputs[2])
    assert_array_equal(compiled, outputs[2])


def test_each_task_is_taken_by_one_thread():
    @njit(nogil=True)
    def count_tasks(tasks, n_tasks):
        n_taken = 0
        while kernels.add_shared(tasks, 0, 1) < n_tasks:
            n_taken += 1
        return n_taken

    tasks = np.zeros(1, np.int64)
    count_tasks(tasks, 0)
    tasks[0] = 0
    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(count_tasks, [tasks] * 4, [10**6] * 4))
    assert sum(taken) == 10**6
    assert tasks[0] == 10**6 + 4


def test_sigmoid_is_close_to_the_exact_one():
    x = np.linspace(-16, 16, 10001)
    assert_allclose(kernels.sigmoid(x), expit(x), atol=1e-8)


def test_sigmoid_clips_scores_it_cannot_tell_apart():
    far, edge = kernels.sigmoid(np.array([1e6, 16.0]))
    assert far == edge
    assert kernels.sigmoid(-1e6) == kernels.sigmoid(-16.0)
    assert edge > 1 - 2e-7


@pytest.mark.parametrize("n_shards", [1, 2, 8])
@pytest.mark.parametrize("freeze", [False, True])
def test_merged_rows_equal_the_reference(n_shards, freeze):
    rng = np.random.default_rng(0)
    n_rows, size, n_chunks, capacity = 300, 16, 5, 120
    matrix = rng.normal(size=(n_rows, size))
    row_ids = np.array([rng.permutation(n_rows)[:capacity] for _ in range(n_chunks)], np.int32)
    counts = rng.integers(0, capacity + 1, n_chunks)
    n_places = 2 * n_chunks * (capacity + 1)
    rows = rng.normal(size=(n_places, size))
    terms = rng.uniform(0, 500, size=n_places).astype(np.float32)
    copies = kernels.Copies(counts, np.zeros(n_chunks, int), row_ids, rows, terms)
    eta = 0.01
    expected = matrix.copy()
    for row in range(n_rows):
        places = [
            chunk * (capacity + 1) + slot
            for chunk in range(n_chunks)
            for slot in range(counts[chunk])
            if row_ids[chunk, slot] == row
        ]
        if places:
            expected[row] = reference.merge_rows(matrix[row], rows[places], terms[places], eta)
    frozen = np.zeros(n_rows if freeze else 0, bool)
    frozen[:10] = freeze
    expected[:10] = matrix[:10] if freeze else expected[:10]
    marks = rng.integers(1, 256, (n_rows, 1)).astype(np.uint64)
    newest = np.full(n_rows, -1, np.int32)
    links = kernels.Links(
        np.zeros(capacity + 1, np.int32),
        np.zeros(n_chunks * capacity + 1, np.int32),
        np.zeros(n_chunks * (capacity + 1), np.int32),
        np.zeros(size),
    )
    shared = kernels.Shared(matrix, frozen, copies, marks.view(np.uint8), marks, newest)
    for shard in range(n_shards):
        merge_rows(shard, n_shards, eta, n_chunks, shared, links)
    # Uncompiled, NumPy multiplies a number of terms, float32, and the rate in float32.
    assert_allclose(matrix, expected, rtol=1e-4 if config.DISABLE_JIT else 1e-12)
    assert_array_equal(newest, -1)
    touched = np.unique(np.concatenate([row_ids[k, :n] for k, n in enumerate(counts)]))
    assert_array_equal(np.flatnonzero(marks == 0), touched)


@pytest.mark.parametrize("n_chunks", [1, 3, 8, 9, 20])
def test_rows_that_one_chunk_touches_are_copied_and_returned_by_it(n_chunks):
    rng = np.random.default_rng(0)
    n_rows, size, capacity, thread = 200, 16, 30, n_chunks - 1
    matrix = rng.normal(size=(n_rows, size))
    frozen = rng.random(n_rows) < 0.3
    shared = trainer._share(matrix.copy(), n_chunks, capacity, frozen)
    copies = shared.copies
    row_ids = [rng.permutation(n_rows)[:capacity].astype(np.int32) for _ in range(n_chunks)]
    for chunk, rows in enumerate(row_ids):
        mark_rows(chunk, rows, capacity, shared.marks)
    is_common = np.bincount(np.concatenate(row_ids), minlength=n_rows) > 1
    assert n_chunks == 1 or is_common.any()
    expected = matrix.copy()
    places = np.zeros(capacity + 1, np.int32)
    for chunk, rows in enumerate(row_ids):
        dummy = load_rows(chunk, thread, rows, capacity, shared, places)
        assert_array_equal(copies.rows[places[:-1]], matrix[rows])
        assert_array_equal(copies.rows[dummy], 0)
        assert len({dummy, *places[:-1]}) == capacity + 1
        region = places // (capacity + 1)
        assert_array_equal(region[:-1], np.where(is_common[rows], chunk, n_chunks + thread))
        assert region[-1] == n_chunks + thread
        assert places[-1] == dummy

        copies.rows[places] += 1 + chunk
        copies.rows[dummy] = 0
        terms = rng.random(capacity).astype(np.float32)
        copies.terms[places[:-1]] = terms
        return_rows(chunk, thread, shared)
        expected[rows[~is_common[rows] & ~frozen[rows]]] += 1 + chunk
        assert_array_equal(shared.matrix, expected)

        n_common, n_own = copies.n_common[chunk], copies.n_own[chunk]
        assert (n_common, n_own) == (is_common[rows].sum(), (~is_common[rows]).sum())
        first = chunk * (capacity + 1)
        assert_array_equal(copies.row_ids[chunk, :n_common], rows[is_common[rows]])
        assert_array_equal(copies.terms[first : first + n_common], terms[is_common[rows]])
        own = slice(capacity - n_own, capacity)
        assert_array_equal(copies.row_ids[chunk, own][::-1], rows[~is_common[rows]])
        own_terms = copies.terms[first : first + capacity][own]
        assert_array_equal(own_terms[::-1], terms[~is_common[rows]])
    assert_array_equal(shared.marks.any(axis=1), is_common)


@pytest.mark.parametrize("varied", ["key", "counter"])
def test_random_bits_depend_on_every_bit(varied):
    values = [0, *(2**bit for bit in range(62))]
    pairs = [(value, 12345) if varied == "key" else (12345, value) for value in values]
    bits = {random_bits(*pair) for pair in pairs}
    assert len(bits) == len(values)
    assert all(0 <= value < 2**32 for value in bits)


@pytest.mark.parametrize(("architecture", "objective"), MODES)
def test_a_tiny_vocabulary_does_not_diverge(architecture, objective):
    # The same few rows meet in every window.
    parameters = TrainingParameters(
        vector_size=16, architecture=architecture, objective=objective, sample=0.0, epochs=5,
        learning_rate=0.5,
    )  # fmt: skip
    embedding = train(*make_corpus(4000, 3, 50), parameters, seed=SEED)
    assert np.abs(embedding.input_vectors).max() < 10
    assert embedding.loss_curve[-1] < embedding.loss_curve[0]
