"""What a fit holds in memory at its peak, as Python's own account of allocations has it."""

import tracemalloc

import numpy as np
import pytest

from skw2v import Word2VecVectorizer
from skw2v.training.embedding import packed
from skw2v.vectorizer import _lock


@pytest.mark.parametrize("objective", ["negative_sampling", "hierarchical_softmax"])
def test_a_fit_holds_each_matrix_once(objective):
    n_words, vector_size = 20_000, 100
    words = [str(number) for number in range(n_words)]
    vectorizer = Word2VecVectorizer(
        objective=objective, vector_size=vector_size, vocabulary=words, epochs=1, random_state=0
    )
    documents = [words[:100]]
    vectorizer.fit(documents)  # compiles
    tracemalloc.start()
    try:
        vectorizer.fit(documents)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    matrix = 4 * n_words * vector_size
    padded = 4 * n_words * 112
    assert peak < 2 * padded + 0.8 * matrix


@pytest.mark.parametrize("shape", [(1, 3), (5, 3), (7, 16), (300_000, 3)])
def test_packed_rows_are_those_that_were_padded(shape):
    n_rows, size = shape
    rows = np.arange(n_rows * 16, dtype=np.float32).reshape(n_rows, 16)
    expected = rows[:, :size].copy()
    dense = packed(rows[:, :size])
    np.testing.assert_array_equal(dense, expected)
    assert dense.flags.c_contiguous
    assert np.shares_memory(dense, rows)


def test_a_locked_array_cannot_be_written_through_what_it_is_a_view_of():
    rows = np.zeros((5, 16), np.float32)
    _lock(packed(rows[:, :3]))
    assert not rows.flags.writeable
