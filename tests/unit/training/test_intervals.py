"""What an interval leaves: the rows that its chunks have touched, and in how many terms."""

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from skw2v.training import intervals, trainer


def test_the_terms_of_all_chunks_are_noted_beside_their_rows():
    matrix = np.zeros((9, 16), np.float32)
    side = trainer._share(matrix, n_chunks=3, capacity=4)
    copies = side.copies
    # Common rows from the front, a chunk's own from the end; the third chunk is not in use.
    copies.row_ids[:] = [[5, -1, 7, 6], [5, 2, -1, -1], [1, 1, 1, 1]]
    copies.n_common[:], copies.n_own[:] = [1, 2, 4], [2, 0, 0]
    copies.terms[:15] = [1, -1, 2, 3, -1, 10, 20, -1, -1, -1, 100, 100, 100, 100, 100]
    touched = intervals._Touched(side)
    for _ in range(2):
        touched.note(2)
    matrix[5] += 4
    moves = touched.take_moves(3)
    assert_array_equal(moves.rows, [2, 5, 6, 7])
    assert_allclose(moves.terms, [40, 22, 6, 4])
    assert_allclose(moves.steps, np.repeat([[0], [4], [0], [0]], 3, axis=1))
    assert_array_equal(matrix, 0)
