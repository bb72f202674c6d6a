from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from skw2v.corpus import count_tokens
from skw2v.pooling import mean_pooling

INDEX = {"a": 0, "b": 1, "c": 2}
VECTORS = np.array([[1, 0], [0, 4], [-3, 2]], dtype=np.float32)


def naive_mean(token_counts, vectors):
    """Return the mean vectors by loops in float64."""
    means = np.zeros((len(token_counts), vectors.shape[1]))
    for i, row in enumerate(token_counts):
        for word_id, n_occurrences in enumerate(row):
            for _ in range(int(n_occurrences)):
                means[i] += vectors[word_id].astype(np.float64)
        if row.sum():
            means[i] /= row.sum()
    return means


@pytest.mark.parametrize("dimension", [1, 16])
def test_means_agree_with_naive_loops(dimension, global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    token_counts = rng.poisson(0.3, size=(40, 25)).astype(np.float32)
    token_counts[[3, 17]] = 0
    vectors = rng.normal(size=(25, dimension)).astype(np.float32)
    means = mean_pooling(csr_array(token_counts), vectors)
    assert means.dtype == np.float32
    assert means.shape == (40, dimension)
    np.testing.assert_allclose(means, naive_mean(token_counts, vectors), rtol=1e-5, atol=1e-6)


def test_a_word_counts_as_often_as_it_occurs():
    token_counts = count_tokens([["a", "b", "b", "a", "b", "b"]], INDEX)
    np.testing.assert_allclose(mean_pooling(token_counts, VECTORS), [[1 / 3, 8 / 3]], rtol=1e-6)


def test_unknown_words_do_not_dilute_the_mean():
    token_counts = count_tokens([["a", "x", "y", "c"], ["a", "c"]], INDEX)
    assert mean_pooling(token_counts, VECTORS).tolist() == [[-1, 1], [-1, 1]]


def test_documents_without_known_words_are_zeros():
    token_counts = count_tokens([["x"], ["b"], []], INDEX)
    assert mean_pooling(token_counts, VECTORS).tolist() == [[0, 0], [0, 4], [0, 0]]


def test_no_documents_give_no_rows():
    means = mean_pooling(count_tokens([], INDEX), VECTORS)
    assert means.shape == (0, 2)
    assert means.dtype == np.float32


def test_a_mean_does_not_depend_on_its_neighbours(global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    token_counts = csr_array(rng.poisson(0.3, size=(30, 50)).astype(np.float32))
    vectors = rng.normal(size=(50, 24)).astype(np.float32)
    together = mean_pooling(token_counts, vectors)
    for i in range(30):
        alone = mean_pooling(token_counts[[i]], vectors)
        np.testing.assert_array_equal(alone[0], together[i], strict=True)


def test_the_inputs_are_left_alone():
    token_counts, vectors = count_tokens([["a", "b"]], INDEX), VECTORS.copy()
    before = token_counts.toarray()
    mean_pooling(token_counts, vectors)
    np.testing.assert_array_equal(token_counts.toarray(), before)
    np.testing.assert_array_equal(vectors, VECTORS)


def test_float64_vectors_give_float32_means():
    means = mean_pooling(count_tokens([["a"], []], INDEX), VECTORS.astype(np.float64))
    assert means.dtype == np.float32
    assert means.tolist() == [[1, 0], [0, 0]]
