"""Tests of what training starts from."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skw2v.training.embedding import ROW_MULTIPLE, initial_vectors


@pytest.mark.parametrize("vector_size", [3, 100, 300])
def test_initial_vectors_are_uniform_and_of_one_length_whatever_their_size(vector_size):
    rows = initial_vectors(2000, vector_size, 0, np.dtype(np.float32))
    vectors, padding = rows[:, :vector_size], rows[:, vector_size:]
    assert rows.shape[1] % ROW_MULTIPLE == 0
    assert_array_equal(padding, 0)
    # A component from U(-h, h) has the variance h^2 / 3.
    half_width = 0.25 / np.sqrt(vector_size)
    assert np.mean(np.sum(vectors**2, axis=1)) == pytest.approx(0.25**2 / 3, rel=0.03)
    assert np.abs(vectors).max() <= half_width
    quartiles = np.quantile(vectors, [0, 0.25, 0.5, 0.75, 1]) / half_width
    assert quartiles == pytest.approx([-1, -0.5, 0, 0.5, 1], abs=0.05)


def test_initial_vectors_depend_on_the_seed_alone():
    first, second = (initial_vectors(5, 20, 1, np.dtype(np.float64)) for _ in range(2))
    assert_array_equal(first, second)
    assert np.all(first[:, :20] != initial_vectors(5, 20, 2, np.dtype(np.float64))[:, :20])
