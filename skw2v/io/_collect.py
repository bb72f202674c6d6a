"""What all readers do with the words and rows that they find."""

from __future__ import annotations

import os
import reprlib
import warnings
from collections.abc import Callable, Hashable, Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skw2v.io._files import MAX_RECORD_BYTES
from skw2v.word_vectors import WordVectors

_FIRST_BYTES = 1 << 20  # of the rows, where nobody knows how many there will be


class Options(NamedTuple):
    """What the user wants of a file; see `skw2v.io.read_word_vectors`."""

    limit: int | None
    wanted: frozenset[Hashable] | None
    dimension: int | None
    dtype: np.dtype[Any] | None
    encoding: str
    errors: str


class Collector:
    """Gathers the rows of the words that are wanted, each word once.

    Parameters
    ----------
    path : str
        What errors and warnings call the file.
    dimension : int
        The length of a vector.
    dtype : dtype
        Of the vectors to make.
    wanted : frozenset of hashable or None
        The words to keep; None for all.
    n_rows : int or None
        How many rows there will be at most, where that is certain: memory is taken at once. None
        lets it grow with the rows.
    """

    def __init__(
        self,
        path: str,
        dimension: int,
        dtype: np.dtype[Any],
        wanted: frozenset[Hashable] | None,
        n_rows: int | None,
    ) -> None:
        most = MAX_RECORD_BYTES // np.dtype(np.float32).itemsize
        if dimension > most:
            raise ValueError(
                f"{path}: {dimension} dimensions are more than the {most} that are supported."
            )
        self.path = path
        self.wanted = wanted
        self.dtype = dtype
        self._index: dict[str, int] = {}  # the row of each word chosen
        self._n_rows = 0  # that have been added
        if n_rows is None:
            n_rows = max(1, _FIRST_BYTES // (dimension * dtype.itemsize))
        elif wanted is not None:
            n_rows = min(n_rows, len(wanted))
        self._rows = np.empty((n_rows, dimension), dtype)
        self._n_duplicates = 0
        self._first_duplicate = ""

    def choose(self, words: list[str], place: Callable[[int], str]) -> list[int] | None:
        """Choose the words whose rows are to be added, which has to happen before the next call.

        Returns their positions; None for all of them.
        """
        index, n_words = self._index, len(self._index)
        if self.wanted is None and index.keys().isdisjoint(words):
            index.update(zip(words, range(n_words, n_words + len(words)), strict=True))
            if len(index) == n_words + len(words):
                return None
            for word in set(words):  # some repeat others of these
                del index[word]
        chosen = []
        for position, word in enumerate(words):
            if self.wanted is not None and word not in self.wanted:
                continue
            if word in index:
                self._n_duplicates += 1
                self._first_duplicate = (
                    self._first_duplicate or f"{reprlib.repr(word)} in {place(position)}"
                )
                continue
            index[word] = len(index)
            chosen.append(position)
        return chosen

    def add(self, words: list[str], rows: NDArray[Any], place: Callable[[int], str]) -> None:
        """Add the rows of the words that `choose` has chosen."""
        with np.errstate(over="ignore"):
            rows = rows.astype(self._rows.dtype, copy=False)
        if len(rows) and not (np.isfinite(rows.min()) and np.isfinite(rows.max())):
            row = int(np.argmin(np.isfinite(rows).all(axis=1)))
            raise ValueError(
                f"{self.path}, {place(row)}: the vector of {reprlib.repr(words[row])} holds NaN, "
                f"infinity or a number beyond the range of {rows.dtype}. Leave the word out by "
                "words=, or repair the file."
            )
        start, end = self._n_rows, self._n_rows + len(rows)
        if end > len(self._rows):
            # Grows in place where the system can; no view of it exists.
            self._rows.resize((max(end, 3 * len(self._rows) // 2), rows.shape[1]), refcheck=False)
        self._rows[start:end] = rows
        self._n_rows = end

    def finish(self) -> WordVectors:
        """Return the words and their vectors."""
        if self._n_duplicates:
            warnings.warn(
                f"{self.path}: {self._n_duplicates} words repeat an earlier one and were left out, "
                f"the first vector of each was kept; for example {self._first_duplicate}.",
                UserWarning,
                stacklevel=4,
            )
        if not self._index:
            raise ValueError(nothing_found(self.path, self.wanted))
        self._rows.resize((len(self._index), self._rows.shape[1]), refcheck=False)
        self._rows.setflags(write=False)
        return WordVectors._of_checked(self._index, self._rows)


def nothing_found(path: str, wanted: frozenset[Hashable] | None) -> str:
    """Return the message for a file that has no words for us."""
    if wanted is None:
        return f"{path}: there are no words in the file."
    return f"{path}: none of the {len(wanted)} words asked for is in what was read of the file."


def check_wanted(words: Iterable[Hashable] | None) -> frozenset[Hashable] | None:
    """Return the words to keep as a set."""
    if words is None:
        return None
    if isinstance(words, (str, bytes)):
        raise TypeError(f"words must be a collection of words, got the single {words!r}.")
    wanted = frozenset(words.tolist() if isinstance(words, np.ndarray) else words)
    if not wanted:
        raise ValueError("words must hold at least one word, got none; None reads all.")
    return wanted


def check_path(path: Any) -> str:
    """Return a path as a str."""
    if isinstance(path, bytes) or not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"path must be a str or a path, got {path!r} (type {type(path).__name__}).")
    return os.fspath(path)
