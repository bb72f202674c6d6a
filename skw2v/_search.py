"""Which rows of a matrix are nearest to a query: exact, many queries at once, in bounded memory.

Rows and queries are *unit* vectors, so that a matrix product gives their cosine similarities. The
product is taken for a block of queries at a time, and only the best scores of a block are kept.
Words are not known here: a query is a vector, or the rows it adds and subtracts; an answer is a
list of rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

# Scores computed at once: 64 MB of float32.
SCORES_PER_BLOCK = 2**24

# Keeps 3CosMul from dividing by zero; word2vec's authors and gensim take the same.
_COSMUL_EPSILON = 1e-6

Matrix: TypeAlias = NDArray[np.floating]
Blocks: TypeAlias = Iterator[tuple[slice, Matrix]]
Nearest: TypeAlias = Iterator[tuple[NDArray[np.integer], Matrix]]


def unit_rows(vectors: Matrix) -> Matrix:
    """Divide each row by its length, in float32 or wider; zero rows stay zero."""
    dtype = np.result_type(vectors.dtype, np.float32)
    # Dividing by the largest number first keeps the squares from overflow and underflow.
    largest = np.maximum(vectors.max(axis=1), -vectors.min(axis=1)).astype(dtype)[:, np.newaxis]
    is_zero = largest == 0
    largest[is_zero] = 1
    unit = np.divide(vectors, largest, dtype=dtype)
    lengths = np.sqrt(np.einsum("ij,ij->i", unit, unit))[:, np.newaxis]
    lengths[is_zero] = 1
    unit /= lengths
    return unit


def cosine_blocks(queries: Matrix, units: Matrix) -> Blocks:
    """Yield the cosine similarities of blocks of queries with all rows: `queries @ units.T`."""
    for block in _slices(len(queries), len(units)):
        yield block, queries[block] @ units.T


def cosadd_blocks(signs: sparse.csr_array, units: Matrix) -> Blocks:
    """Yield the cosine similarities of sums of rows with all rows: `unit_rows(signs @ units)`'s.

    A sum's similarity is the sum of similarities, divided by the length of the sum. Queries that
    share rows, as analogies do, are therefore answered from few similarities.
    """
    lengths = np.linalg.norm(signs @ units, axis=1)
    lengths[lengths == 0] = 1
    weights = sparse.csr_array(signs.multiply((1 / lengths)[:, np.newaxis]))
    for block in _slices(signs.shape[0], len(units)):
        part = weights[block]
        terms, positions = np.unique(part.indices, return_inverse=True)
        if len(terms) < part.shape[0]:
            shape = (part.shape[0], len(terms))
            sums = sparse.csr_array((part.data, positions, part.indptr), shape=shape)
            yield block, sums @ (units[terms] @ units.T)
        else:
            yield block, (part @ units) @ units.T


def cosmul_blocks(added: sparse.csr_array, subtracted: sparse.csr_array, units: Matrix) -> Blocks:
    """Yield the scores of 3CosMul of blocks of queries with all rows.

    With ``s(x, y) = (1 + cos(x, y)) / 2`` the score of row x is the product of s(x, y) over the
    rows y that the query adds, divided by the product over those that it subtracts plus 1e-6
    (Levy and Goldberg 2014, equation 4).
    """
    n_queries, n_rows = added.shape
    n_terms = np.diff(added.indptr) + np.diff(subtracted.indptr)
    for block in _slices(n_queries, n_rows * int(n_terms.max())):
        plus, minus = added[block], subtracted[block]
        terms, positions = np.unique(
            np.concatenate([plus.indices, minus.indices]), return_inverse=True
        )
        shifted = (1 + np.clip(units[terms] @ units.T, -1, 1)) / 2
        plus_terms = np.split(positions[: plus.nnz], plus.indptr[1:-1])
        minus_terms = np.split(positions[plus.nnz :], minus.indptr[1:-1])
        scores = np.empty((len(plus_terms), n_rows), units.dtype)
        for row, above, below in zip(scores, plus_terms, minus_terms, strict=True):
            np.prod(shifted[above], axis=0, out=row)
            row /= np.prod(shifted[below], axis=0) + units.dtype.type(_COSMUL_EPSILON)
        yield block, scores


def nearest_rows(blocks: Blocks, topn: int, excluded: sparse.csr_array | None = None) -> Nearest:
    """Yield for each query the rows of the largest scores, best first, and their scores.

    Equal scores come in the order of the rows. `excluded` has a row for each query, whose stored
    entries say which rows are no answers.
    """
    for block, scores in blocks:
        if excluded is not None:
            entries = excluded[block].tocoo()
            scores[entries.row, entries.col] = -np.inf
        for row_scores in scores:
            rows = largest(row_scores, min(topn, len(row_scores)))
            rows = rows[row_scores[rows] > -np.inf]
            yield rows, row_scores[rows]


def nearest_candidates(
    index: Any, queries: Matrix, units: Matrix, topn: int, excluded: sparse.csr_array | None = None
) -> Nearest:
    """Yield what `nearest_rows` does, but look among the rows that a fitted index proposes.

    The index finds neighbours by whatever metric; the cosine similarities of those are computed
    here, and rank them.
    """
    n_excluded = 0 if excluded is None else int(np.diff(excluded.indptr).max())
    graph = _neighbours_graph(index, queries, min(topn + n_excluded, len(units)))
    if graph.shape != (len(queries), len(units)):
        raise ValueError(
            f"index must be fitted on the {len(units)} rows of normalize().vectors, got one "
            f"fitted on {graph.shape[1]} rows."
        )
    for number, query in enumerate(queries):
        # In the order of the rows, for the sake of ties.
        rows = np.sort(_stored(graph, number))
        if excluded is not None:
            rows = np.setdiff1d(rows, _stored(excluded, number))
        scores = units[rows] @ query
        order = np.argsort(-scores, kind="stable")[:topn]
        yield rows[order], scores[order]


def largest(values: Matrix, n_largest: int) -> NDArray[np.intp]:
    """Return the positions of the largest values, the largest first, equal ones by position."""
    # The n-th largest of the maxima of disjoint groups is a bound which at least n values reach.
    # Taking maxima and comparing is far faster than partitioning all the values, and few pass.
    n_groups = min(len(values), 16 * n_largest)
    group_size = len(values) // n_groups
    maxima = values[: n_groups * group_size].reshape(group_size, n_groups).max(axis=0)
    bound = np.partition(maxima, n_groups - n_largest)[n_groups - n_largest]
    candidates = np.flatnonzero(values >= bound)
    order = np.argsort(-values[candidates], kind="stable")
    return candidates[order[:n_largest]]


def row_counts(
    rows: Iterable[NDArray[np.intp]], n_rows: int, dtype: np.dtype[Any]
) -> sparse.csr_array:
    """Return the matrix (n_queries, n_rows) of ones at the rows of each query, repeated or not."""
    rows = list(rows)
    offsets = np.cumsum([0, *map(len, rows)])
    ones = np.ones(offsets[-1], dtype)
    return sparse.csr_array((ones, np.concatenate(rows), offsets), shape=(len(rows), n_rows))


def _stored(matrix: sparse.csr_array, row: int) -> NDArray[np.integer]:
    """Return the columns of the stored entries of a row."""
    return matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]


def _slices(n_queries: int, n_scores: int) -> Iterator[slice]:
    """Yield slices of queries that together have a bounded number of scores."""
    block = max(1, SCORES_PER_BLOCK // max(1, n_scores))
    for start in range(0, n_queries, block):
        yield slice(start, start + block)


def _neighbours_graph(index: Any, queries: Matrix, n_neighbors: int) -> sparse.csr_array:
    """Return the matrix (n_queries, n_fitted) whose stored entries are the index's neighbours."""
    if hasattr(index, "kneighbors_graph"):
        return sparse.csr_array(index.kneighbors_graph(queries, n_neighbors))
    if hasattr(index, "transform"):
        return sparse.csr_array(index.transform(queries))
    raise TypeError(
        "index must have a method kneighbors_graph or transform, such as a fitted "
        f"sklearn.neighbors.NearestNeighbors, got {type(index).__name__}."
    )
