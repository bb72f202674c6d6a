"""Probabilities of words: against the reference, normalised, and the same for any n_threads."""

import itertools

import numpy as np
import pytest
from compiled import survives
from numpy.testing import assert_allclose
from reference import (
    context_positions,
    hidden_vector,
    hierarchical_probability,
    noise_probabilities,
    softmax_probabilities,
)

from skw2v.training import likelihood
from skw2v.training.embedding import make_sampling
from skw2v.training.huffman import build_huffman_tree
from skw2v.training.likelihood import (
    context_log_probabilities,
    make_output_layer,
    mean_log_likelihood,
)
from skw2v.training.parameters import TrainingParameters
from skw2v.training.trainer import train

OBJECTIVES = ("negative_sampling", "hierarchical_softmax", "softmax")
MODES = list(itertools.product(("skipgram", "cbow"), OBJECTIVES))
every_mode = pytest.mark.parametrize(("architecture", "objective"), MODES)

N_WORDS, SIZE = 13, 5


@pytest.fixture
def model():
    """Return input and output vectors, and the counts of thirteen words."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(2, N_WORDS, SIZE)), rng.integers(1, 100, size=N_WORDS)


def reference_probabilities(h, U, counts, objective, exponent=0.75):
    """Return the probability of each word, one by one."""
    if objective == "softmax":
        return softmax_probabilities(h, U)
    if objective == "hierarchical_softmax":
        tree = build_huffman_tree(counts)
        return np.array(
            [hierarchical_probability(h, U, *tree.path(word)) for word in range(len(counts))]
        )
    weights = noise_probabilities(counts, exponent) * np.exp(U @ h)
    return weights / weights.sum()


def layer_of(U, counts, objective, **changes):
    parameters = TrainingParameters(objective=objective, **changes)
    n_rows = len(U) - 1 if objective == "hierarchical_softmax" else len(U)
    return make_output_layer(U[:n_rows], counts, counts, parameters)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_probabilities_are_those_of_the_reference_and_sum_to_one(model, objective):
    (W, U), counts = model
    probabilities = np.exp(layer_of(U, counts, objective).log_probabilities(W))
    assert_allclose(probabilities.sum(axis=1), 1)
    for h, row in zip(W, probabilities, strict=True):
        assert_allclose(row, reference_probabilities(h, U, counts, objective))


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_pairs_have_the_likelihood_of_their_words(model, objective, monkeypatch):
    monkeypatch.setattr(likelihood, "LOGITS_AT_ONCE", 4 * N_WORDS)
    (W, U), counts = model
    layer = layer_of(U, counts, objective)
    rng = np.random.default_rng(1)
    rows, words = rng.integers(N_WORDS, size=(2, 60))
    expected = layer.log_probabilities(W)[rows, words].sum()
    assert_allclose(layer.pair_log_likelihood(W, rows, words.astype(np.int32)), expected)


def test_words_that_never_occurred_have_a_probability(model):
    (W, U), counts = model
    counts[3] = 0
    layer = layer_of(U, counts, "negative_sampling", ns_exponent=-2.0)
    assert np.isfinite(layer.log_probabilities(W)).all()


def test_negative_sampling_leads_to_the_probabilities_of_the_text(global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    pairs = np.array([[0.3, 0.2, 0.1], [0.15, 0.05, 0.2]])
    drawn = rng.choice(6, size=6000, p=pairs.ravel())
    token_ids = np.stack([drawn // 3, 2 + drawn % 3], axis=1).ravel().astype(np.int32)
    counts = np.bincount(token_ids)
    # A noise word that is the predicted word does not count: with few words, odds are learned.
    expected = pairs / pairs.sum(axis=1, keepdims=True)
    expected = expected / (1 - expected)
    expected /= expected.sum(axis=1, keepdims=True)
    for negative in (2, 12):
        parameters = TrainingParameters(
            vector_size=4, negative=negative, sample=0, epochs=20, learning_rate=0.1, window=1
        )
        embedding = train(
            token_ids, np.arange(0, 12001, 2), counts, parameters, seed=global_random_seed
        )
        layer = make_output_layer(embedding.output_vectors, counts, counts, parameters)
        probabilities = np.exp(layer.log_probabilities(embedding.input_vectors[:2]))[:, 2:]
        assert_allclose(probabilities, expected, atol=0.07)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("cbow_mean", [True, False])
def test_cbow_predicts_from_the_mean_or_sum_of_the_context(model, objective, cbow_mean):
    (W, U), counts = model
    parameters = TrainingParameters(architecture="cbow", objective=objective, cbow_mean=cbow_mean)
    found = context_log_probabilities(W[[1, 4, 4]], layer_of(U, counts, objective), parameters)
    h = hidden_vector(W[[1, 4, 4]], cbow_mean)
    assert_allclose(np.exp(found), reference_probabilities(h, U, counts, objective))


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_skipgram_predicts_by_the_geometric_mean_over_the_context(model, objective):
    (W, U), counts = model
    parameters = TrainingParameters(objective=objective)
    found = context_log_probabilities(W[[1, 4]], layer_of(U, counts, objective), parameters)
    one, other = (reference_probabilities(W[word], U, counts, objective) for word in (1, 4))
    expected = np.sqrt(one * other)
    assert_allclose(np.exp(found), expected / expected.sum())
    if objective != "hierarchical_softmax":
        from_mean = reference_probabilities(W[[1, 4]].mean(axis=0), U, counts, objective)
        assert_allclose(np.exp(found), from_mean)


def reference_score(token_ids, offsets, model, parameters):
    """Return the mean log-likelihood, prediction by prediction."""
    (W, U), counts = model
    sampling = make_sampling(counts, parameters, likelihood.SCORE_SEED)(0)
    scores = []
    for first, last in itertools.pairwise(offsets):
        words = [
            token_ids[k]
            for k in range(first, last)
            if survives(k, token_ids, sampling.keep, sampling.token_key)
        ]
        for position, word in enumerate(words):
            window = parameters.window if parameters.architecture == "cbow" else 5
            contexts = [words[other] for other in context_positions(position, window, len(words))]
            if parameters.architecture == "cbow":
                contexts = [contexts] if contexts else []
            else:
                contexts = [[context] for context in contexts]
            for context in contexts:
                h = hidden_vector(W[context], parameters.cbow_mean)
                p = reference_probabilities(h, U, counts, parameters.objective)
                scores.append(np.log(p[word]))
    return np.mean(scores)


@pytest.fixture
def corpus():
    rng = np.random.default_rng(3)
    token_ids = rng.integers(N_WORDS, size=450).astype(np.int32)
    return token_ids, np.array([0, 0, 150, 151, 300, 450])


@every_mode
@pytest.mark.parametrize("sample", [0, 0.05])
def test_the_score_of_a_corpus_is_the_mean_over_its_predictions(
    model, corpus, architecture, objective, sample
):
    (W, U), counts = model
    parameters = TrainingParameters(
        architecture=architecture, objective=objective, sample=sample, window=2, vector_size=SIZE
    )
    layer = layer_of(U, counts, objective)
    score = mean_log_likelihood(*corpus, W, layer, counts, parameters)
    U = U[:-1] if objective == "hierarchical_softmax" else U
    assert_allclose(score, reference_score(*corpus, ((W, U), counts), parameters))


@every_mode
def test_the_score_is_the_same_bits_for_any_number_of_threads(
    model, corpus, architecture, objective
):
    (W, U), counts = np.asarray(model[0], np.float32), model[1]
    parameters = TrainingParameters(architecture=architecture, objective=objective)
    layer = layer_of(U, counts, objective)
    scores = {
        mean_log_likelihood(*corpus, W, layer, counts, parameters, n_threads)
        for n_threads in (1, 2, 3, 20)
    }
    assert len(scores) == 1


def test_a_long_corpus_is_scored_by_pieces_spread_over_it(monkeypatch):
    monkeypatch.setattr(likelihood, "SCORED_TOKENS", 1000)
    assert list(likelihood._spread_chunks(1000)) == [0, 200, 400, 600, 800]
    assert list(likelihood._spread_chunks(3000)) == [0, 600, 1200, 1800, 2400]
    assert list(likelihood._spread_chunks(2001)) == [0, 600, 1200, 1800]
    assert list(likelihood._spread_chunks(0)) == []


def test_a_corpus_without_pairs_has_no_score(model):
    (W, U), counts = model
    parameters = TrainingParameters()
    layer = layer_of(U, counts, "negative_sampling")
    token_ids, offsets = np.array([1, 2], np.int32), np.array([0, 1, 2])
    assert np.isnan(mean_log_likelihood(token_ids, offsets, W, layer, counts, parameters))
    empty = np.empty(0, np.int32), np.array([0, 0])
    assert np.isnan(mean_log_likelihood(*empty, W, layer, counts, parameters))
