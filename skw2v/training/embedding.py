"""What every objective starts from and leaves: word vectors, and the sampling of the corpus.

Input vectors start at small random values, output vectors at zero. Each epoch samples the corpus
anew, from random streams that the seed and the number of the epoch decide.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skw2v.training import kernels
from skw2v.training.noise import keep_probabilities
from skw2v.training.parameters import TrainingParameters

ROW_MULTIPLE = 16  # float32 in a vector: rows are padded to whole vectors and whole cache lines

Report = Callable[[int, float], None]


class Embedding(NamedTuple):
    """What training leaves.

    Attributes
    ----------
    input_vectors : ndarray of shape (n_words, vector_size)
        A vector for each word: in word2vec.c `syn0`, in Rong (2014) the rows of W.
    output_vectors : ndarray of shape (n_words, vector_size) or (n_words - 1, vector_size)
        A vector for each word as a prediction (`syn1neg`, W'), or for each inner node of the
        Huffman tree (`syn1`).
    loss_curve : list of float
        Mean negative log-likelihood of a predicted word in each epoch, while it was trained.
    """

    input_vectors: NDArray[Any]
    output_vectors: NDArray[Any]
    loss_curve: list[float]


def aligned_zeros(shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return an array of zeros that starts at a cache line; pages are taken when first written."""
    n_bytes = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    memory = np.zeros(n_bytes + kernels.VECTOR_BYTES, np.uint8)
    start = -memory.ctypes.data % kernels.VECTOR_BYTES
    return memory[start : start + n_bytes].view(dtype).reshape(shape)


def padded(size: int, multiple: int) -> int:
    """Round a size up to a multiple."""
    return -(-size // multiple) * multiple


def check_finite(vectors: NDArray[Any], parameters: TrainingParameters) -> None:
    """Raise if training has diverged."""
    # The extremes are finite only if all are, and take no temporary array.
    if not (np.isfinite(vectors.min()) and np.isfinite(vectors.max())):
        raise ValueError(
            "Training diverged: the word vectors are not finite. Lower learning_rate, which "
            f"started at {parameters.learning_rate:g}."
        )


def packed(vectors: NDArray[Any]) -> NDArray[Any]:
    """Close the gaps between rows that were padded, in place: nothing else may use the memory."""
    n_rows, size = vectors.shape
    padded_size = vectors.strides[0] // vectors.itemsize
    if padded_size == size:
        return vectors
    n_values = (n_rows - 1) * padded_size + size
    memory = np.lib.stride_tricks.as_strided(vectors, (n_values,), (vectors.itemsize,))
    dense = memory[: n_rows * size].reshape(n_rows, size)
    rows_at_once = max(1, 2**18 // size)
    for start in range(0, n_rows, rows_at_once):
        rows = slice(start, start + rows_at_once)
        dense[rows] = vectors[rows]  # no row is overwritten before it has moved
    return dense


def initial_vectors(
    n_words: int, vector_size: int, seed: int, dtype: np.dtype[Any]
) -> NDArray[Any]:
    """Draw input vectors from U(-0.25, 0.25) / sqrt(vector_size), in padded rows.

    They are of about the same length for any size. word2vec.c's, U(-0.5, 0.5) / vector_size, are so
    short that they grow slowly at first, which costs a small corpus much of what it could learn
    (`benchmarks/README.md` has the figures).
    """
    width = 0.5 / math.sqrt(vector_size)
    vectors = aligned_zeros((n_words, padded(vector_size, ROW_MULTIPLE)), dtype)
    generator = np.random.default_rng(seed)
    rows_at_once = max(1, 2**20 // vector_size)
    for start in range(0, n_words, rows_at_once):
        rows = vectors[start : start + rows_at_once, :vector_size]
        rows[:] = (generator.random(rows.shape, dtype=np.float32) - 0.5) * width
    return vectors


def make_sampling(
    counts: NDArray[np.int64], parameters: TrainingParameters, seed: int
) -> Callable[[int], kernels.Sampling]:
    """Return a function that gives an epoch its sampling, with random streams of its own."""
    keep = keep_probabilities(counts, parameters.sample)

    def sampling(epoch: int) -> kernels.Sampling:
        keys = np.random.SeedSequence([seed, epoch]).generate_state(3, np.uint64) >> np.uint64(2)
        return kernels.Sampling(keep, parameters.window, parameters.shrink_windows, *map(int, keys))

    return sampling


def make_tokens(capacity: int, n_chunks: int | None = None) -> kernels.Tokens:
    """Allocate room for the sampled tokens of a chunk, or of each chunk of a round.

    And to copy whole vectors of them.
    """
    size = capacity + kernels.VECTOR_ROOM
    shape = (size,) if n_chunks is None else (n_chunks, size)
    return kernels.Tokens(
        np.zeros(shape, np.int64),
        *(np.zeros(shape, np.int32) for _ in kernels.Tokens._fields[1:]),
    )
