"""What words, vectors and counts must be to become `WordVectors`: checked, and read-only."""

from __future__ import annotations

import reprlib
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

_Number = TypeVar("_Number", bound=np.number)


def check_words(words: Iterable[Hashable]) -> tuple[Hashable, ...]:
    """Return the words as a tuple of at least one hashable object."""
    if isinstance(words, (str, bytes)):
        raise TypeError(
            "words must be a sequence of words, got the single string "
            f"{reprlib.repr(words)}; put it into a list."
        )
    words = tuple(words.tolist() if isinstance(words, np.ndarray) else words)
    if not words:
        raise ValueError("words must hold at least one word, got none.")
    for position, word in find_unhashable(words):
        raise TypeError(
            f"words must be hashable, got {reprlib.repr(word)} of type {type(word).__name__} at "
            f"position {position}; a tuple is hashable, a list is not."
        )
    return words


def index_words(words: Sequence[Hashable]) -> dict[Hashable, int]:
    """Return the row of each word, after checking that none occurs twice."""
    index = dict(zip(words, range(len(words)), strict=True))
    if len(index) < len(words):
        first, word = next((row, word) for row, word in enumerate(words) if index[word] != row)
        raise ValueError(
            f"words must be distinct, but {len(words) - len(index)} of the {len(words)} repeat an "
            f"earlier one; for example {reprlib.repr(word)} is at positions {first} and "
            f"{index[word]}."
        )
    return index


def find_unhashable(words: Iterable[Any]) -> Iterator[tuple[int, Any]]:
    """Yield the position of each object that cannot be hashed, and the object."""
    for position, word in enumerate(words):
        try:
            hash(word)
        except TypeError:
            yield position, word


def check_vectors(vectors: ArrayLike, words: Sequence[Hashable]) -> NDArray[np.floating]:
    """Return the vectors as a read-only array after checking type, shape and values."""
    vectors = np.asarray(vectors)
    if not np.issubdtype(vectors.dtype, np.floating):
        raise ValueError(
            f"vectors must be an array of floats, got {vectors.dtype}; "
            "convert numbers with numpy.asarray(vectors, dtype=numpy.float32)."
        )
    if vectors.ndim != 2 or vectors.shape[0] != len(words) or vectors.shape[1] == 0:
        raise ValueError(
            f"vectors must have one row for each of the {len(words)} words and at least one "
            f"column, got the shape {vectors.shape}."
        )
    # The extremes of a row are finite only if all its numbers are, and take no (n, d) temporary.
    finite = np.isfinite(vectors.min(axis=1)) & np.isfinite(vectors.max(axis=1))
    if not finite.all():
        row = int(np.argmin(finite))
        raise ValueError(
            f"vectors must be finite, but {np.count_nonzero(~finite)} of the {len(words)} rows "
            f"hold NaN or infinity; the first is row {row}, of the word "
            f"{reprlib.repr(words[row])}."
        )
    return _read_only(vectors)


def check_counts(counts: ArrayLike, n_words: int) -> NDArray[np.int64]:
    """Return the counts as a read-only array of int64 after checking type, shape and values."""
    counts = np.asarray(counts)
    if not np.issubdtype(counts.dtype, np.integer):
        raise ValueError(f"counts must be an array of integers, got {counts.dtype}.")
    if counts.shape != (n_words,):
        raise ValueError(
            f"counts must hold one number for each of the {n_words} words, got the shape "
            f"{counts.shape}."
        )
    largest = np.iinfo(np.int64).max
    if counts.min() < 0 or counts.max() > largest:
        position = int(np.argmax((counts < 0) | (counts > largest)))
        raise ValueError(
            f"counts must lie between 0 and 2**63 - 1, got {counts[position]} at position "
            f"{position}."
        )
    return _read_only(counts.astype(np.int64, copy=False))


def _read_only(array: NDArray[_Number]) -> NDArray[_Number]:
    """Return the array if neither it nor what it is a view of can be written to, else a copy."""
    base: Any = array
    while isinstance(base, np.ndarray):
        if base.flags.writeable:
            array = array.copy()
            array.setflags(write=False)
            break
        base = base.base
    return array
