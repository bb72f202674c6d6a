"""The reference proved by itself: finite differences, sums to one, examples worked by hand."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import (
    OBJECTIVES,
    cbow_gradient,
    cbow_loss,
    context_positions,
    decayed_learning_rate,
    hidden_vector,
    hierarchical_probability,
    hierarchical_softmax_gradient,
    hierarchical_softmax_loss,
    keep_probability,
    logistic_block,
    merge_rows,
    negative_sampling_loss,
    noise_probabilities,
    numerical_gradient,
    sgd_epoch,
    sigmoid,
    skipgram_gradient,
    skipgram_loss,
    softmax_loss,
    softmax_probabilities,
    softplus,
    training_examples,
    window_pairs,
)

N_WORDS, VECTOR_SIZE = 6, 4

# A tree of six words: the paths of words 0 to 5 from the root, node 4, with the turns taken.
PATHS = [
    ([4, 3], [1, 0]),
    ([4, 2], [0, 1]),
    ([4, 2], [0, 0]),
    ([4, 3, 1], [1, 1, 0]),
    ([4, 3, 1, 0], [1, 1, 1, 1]),
    ([4, 3, 1, 0], [1, 1, 1, 0]),
]

TARGETS = {
    "softmax": (3,),
    "hierarchical_softmax": PATHS[4],
    "negative_sampling": (3, [5, 0, 5, 3]),  # a repeated negative, and the word itself
}


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def W(rng):
    return rng.normal(size=(N_WORDS, VECTOR_SIZE))


@pytest.fixture
def U(rng):
    return rng.normal(size=(N_WORDS, VECTOR_SIZE))


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_skipgram_gradient_is_the_derivative_of_its_loss(objective, W, U):
    target = TARGETS[objective]

    def loss():
        return skipgram_loss(W, U, 2, objective, target)

    W_gradient, U_gradient = skipgram_gradient(W, U, 2, objective, target)
    assert_allclose(W_gradient, numerical_gradient(loss, W), atol=1e-8)
    assert_allclose(U_gradient, numerical_gradient(loss, U), atol=1e-8)


@pytest.mark.parametrize("cbow_mean", [True, False])
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_cbow_gradient_is_the_derivative_of_its_loss(objective, cbow_mean, W, U):
    context, target = [1, 4, 1, 5], TARGETS[objective]  # a context may hold a word twice

    def loss():
        return cbow_loss(W, U, context, objective, target, cbow_mean)

    W_gradient, U_gradient = cbow_gradient(W, U, context, objective, target, cbow_mean)
    assert_allclose(W_gradient, numerical_gradient(loss, W), atol=1e-8)
    assert_allclose(U_gradient, numerical_gradient(loss, U), atol=1e-8)


def test_softmax_probabilities_sum_to_one_and_give_the_loss(W, U):
    probabilities = softmax_probabilities(W[0], U)
    assert_allclose(probabilities.sum(), 1)
    losses = [softmax_loss(W[0], U, word) for word in range(N_WORDS)]
    assert_allclose(losses, -np.log(probabilities))


def test_hierarchical_probabilities_sum_to_one_and_give_the_loss(W, U):
    probabilities = [hierarchical_probability(W[0], U, *path) for path in PATHS]
    assert_allclose(sum(probabilities), 1)
    losses = [hierarchical_softmax_loss(W[0], U, *path) for path in PATHS]
    assert_allclose(losses, -np.log(probabilities))


def test_code_zero_is_label_one(W, U):
    assert_allclose(hierarchical_probability(W[0], U, [2], [0]), sigmoid(U[2] @ W[0]))


def test_negative_sampling_loss_is_written_with_sigmoids(W, U):
    expected = -np.log(sigmoid(U[1] @ W[0])) - np.log(sigmoid(-U[[2, 2]] @ W[0])).sum()
    assert_allclose(negative_sampling_loss(W[0], U, 1, [2, 2]), expected)


def test_losses_are_finite_where_exponentials_overflow(W, U):
    for objective, (loss, gradient) in OBJECTIVES.items():
        assert np.isfinite(loss(1e4 * W[0], U, *TARGETS[objective]))
        assert all(np.isfinite(g).all() for g in gradient(1e4 * W[0], U, *TARGETS[objective]))


def test_sigmoid_and_softplus_agree_with_their_formulas():
    x = np.linspace(-20, 20, 81)
    assert_allclose(sigmoid(x), 1 / (1 + np.exp(-x)))
    assert_allclose(softplus(x), np.log1p(np.exp(x)))


def test_hidden_vector_is_mean_or_sum():
    vectors = np.array([[1.0, 2.0], [3.0, 6.0]])
    assert_array_equal(hidden_vector(vectors), [2, 4])
    assert_array_equal(hidden_vector(vectors, cbow_mean=False), [4, 8])


def test_context_stops_at_the_edges_of_the_document():
    assert context_positions(0, window=2, n_tokens=5) == [1, 2]
    assert context_positions(2, window=1, n_tokens=5) == [1, 3]
    assert context_positions(4, window=9, n_tokens=5) == [0, 1, 2, 3]
    assert context_positions(0, window=3, n_tokens=1) == []


def test_window_pairs_follow_the_window_of_each_centre():
    assert window_pairs([1, 2, 0, 1]) == [(1, 0), (0, 1), (2, 1), (3, 1), (2, 3)]


def test_training_examples_of_both_architectures():
    tokens, windows = [7, 8, 7, 9], [1, 0, 2, 1]
    assert training_examples(tokens, windows, "skipgram") == [
        ([8], 7),
        ([7], 7),
        ([8], 7),
        ([9], 7),
        ([7], 9),
    ]
    assert training_examples(tokens, windows, "cbow") == [([8], 7), ([7, 8, 9], 7), ([7], 9)]


def test_keep_probability_at_known_frequencies():
    assert keep_probability(1, 1000, sample=1e-3) == 1
    assert_allclose(keep_probability(100, 1000, sample=1e-3), 0.1 + 0.01)


def test_noise_probabilities_at_known_counts():
    assert_allclose(noise_probabilities([16, 1], 0.75), [8 / 9, 1 / 9])
    assert_allclose(noise_probabilities([16, 1], 0.0), [0.5, 0.5])


def test_learning_rate_falls_linearly_to_its_floor():
    rates = [decayed_learning_rate(0.1, 0.02, done, 100) for done in (0, 50, 80, 100)]
    assert_allclose(rates, [0.1, 0.05, 0.02, 0.02])


@pytest.mark.parametrize(
    ("architecture", "cbow_mean"), [("skipgram", True), ("cbow", True), ("cbow", False)]
)
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_mode_learns_which_words_are_neighbours(objective, architecture, cbow_mean, rng):
    """Words come in pairs: 0 1 0 1 ... 2 3 2 3 ... 4 5 4 5 ..., the negatives from other pairs."""
    tokens, windows = [0, 1] * 5 + [2, 3] * 5 + [4, 5] * 5, [1] * 30
    examples = training_examples(tokens, windows, architecture)
    negatives = [[(centre + 2) % 6, (centre + 4) % 6] for _, centre in examples]
    W = (rng.random((N_WORDS, VECTOR_SIZE)) - 0.5) / VECTOR_SIZE
    U = np.zeros((N_WORDS, VECTOR_SIZE))
    loss_curve = []
    for _ in range(20):
        W, U, losses = sgd_epoch(
            W,
            U,
            tokens,
            windows,
            architecture=architecture,
            objective=objective,
            learning_rate=0.2,
            cbow_mean=cbow_mean,
            paths=PATHS,
            negatives=negatives,
        )
        loss_curve.append(losses.mean())
    assert losses.shape == (len(examples),)
    assert loss_curve[-1] < 0.5 * loss_curve[0]


def test_an_epoch_takes_one_step_per_example_and_each_sees_the_last(W, U):
    """Tokens 0 1 with windows 1: the examples 1 -> 0 and 0 -> 1."""
    new_W, new_U, losses = sgd_epoch(
        W, U, [0, 1], [1, 1], architecture="skipgram", objective="softmax", learning_rate=0.5
    )
    W_gradient, U_gradient = skipgram_gradient(W, U, 1, "softmax", (0,))
    W1, U1 = W - 0.5 * W_gradient, U - 0.5 * U_gradient
    W_gradient, U_gradient = skipgram_gradient(W1, U1, 0, "softmax", (1,))
    assert_allclose(new_W, W1 - 0.5 * W_gradient)
    assert_allclose(new_U, U1 - 0.5 * U_gradient)
    assert_allclose(losses, [softmax_loss(W[1], U, 0), softmax_loss(W1[0], U1, 1)])


def test_logistic_block_is_the_sum_of_its_pairs(rng):
    X, Y = rng.normal(size=(5, VECTOR_SIZE)), rng.normal(size=(7, VECTOR_SIZE))
    positives, weights = np.zeros((5, 7)), np.zeros((5, 7))
    X_gradient, Y_gradient, loss = np.zeros_like(X), np.zeros_like(Y), 0.0
    for n, m, label in rng.integers([5, 7, 2], size=(60, 3)):  # some pairs more than once
        positives[n, m] += label
        weights[n, m] += 1
        x_gradient, y_gradient = hierarchical_softmax_gradient(X[n], Y, [m], [1 - label])
        X_gradient[n] += x_gradient
        Y_gradient += y_gradient
        loss += hierarchical_softmax_loss(X[n], Y, [m], [1 - label])

    new_X, new_Y, block_loss = logistic_block(X, Y, positives, weights, learning_rate=0.1)
    assert_allclose(new_X, X - 0.1 * X_gradient)
    assert_allclose(new_Y, Y - 0.1 * Y_gradient)
    assert_allclose(block_loss, loss)


def test_logistic_block_steps_down_the_gradient_of_its_weighted_loss(rng):
    X, Y = rng.normal(size=(3, VECTOR_SIZE)), rng.normal(size=(4, VECTOR_SIZE))
    positives = rng.integers(2, size=(3, 4)).astype(float)
    weights = positives + rng.random((3, 4))

    def loss():
        return logistic_block(X, Y, positives, weights, 1.0)[2]

    new_X, new_Y, _ = logistic_block(X, Y, positives, weights, 1.0)
    assert_allclose(X - new_X, numerical_gradient(loss, X), atol=1e-8)
    assert_allclose(Y - new_Y, numerical_gradient(loss, Y), atol=1e-8)


def test_merge_takes_a_single_copy_as_it_is(rng):
    shared, copy = rng.normal(size=(2, VECTOR_SIZE))
    assert_allclose(merge_rows(shared, copy[np.newaxis], [1000.0], eta=1.0), copy)


def test_merge_adds_the_differences_of_rare_rows(rng):
    shared, copies = rng.normal(size=VECTOR_SIZE), rng.normal(size=(3, VECTOR_SIZE))
    total = shared + (copies - shared).sum(axis=0)
    assert_allclose(merge_rows(shared, copies, [1, 2, 3], eta=1e-9), total)
    assert_allclose(merge_rows(shared, copies, [1, 2, 3], eta=0.0), total)


def test_merge_averages_the_copies_of_frequent_rows(rng):
    shared, copies = rng.normal(size=VECTOR_SIZE), rng.normal(size=(3, VECTOR_SIZE))
    assert_allclose(merge_rows(shared, copies, [50, 60, 70], eta=1e9), copies.mean(axis=0))


def test_merge_saturates_in_between():
    scale = (0.3 / 1.3) / (0.1 / 1.1 + 0.2 / 1.2)
    merged = merge_rows(np.array([1.0]), np.array([[2.0], [4.0]]), [1, 2], eta=0.1)
    assert_allclose(merged, [1 + scale * 4])
