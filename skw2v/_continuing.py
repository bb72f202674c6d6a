"""Vectors that are known before training: from a former fit, from an estimator, or from a file.

Words are matched by equality. A word that is found starts from its known input vector, and from its
output vector where the two were trained for the same objective; all other words start anew. The
output vectors of hierarchical softmax belong to the inner nodes of a tree: they are taken over only
where the tree is the same, that of the same words with the same counts.
"""

from __future__ import annotations

import reprlib
import warnings
from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import repeat
from os import PathLike
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skw2v.corpus import Vocabulary
from skw2v.io import read_word_vectors
from skw2v.word_vectors import WordVectors

if TYPE_CHECKING:
    from skw2v.training.run import Start


class KnownVectors(NamedTuple):
    """Words with the vectors that were learned for them.

    Attributes
    ----------
    word_index : mapping of word to int
        The row of each word.
    input_vectors : ndarray of shape (n_known, dimension)
        The input vectors.
    output_vectors : ndarray of shape (n_known, dimension) or (n_nodes, dimension), or None
        The output vectors, where they are known.
    objective : str or None
        What the output vectors were trained for.
    tree_counts : ndarray of shape (n_known,), or None
        What the Huffman tree was built from whose nodes the output vectors belong to.
    """

    word_index: Mapping[Hashable, int]
    input_vectors: NDArray[Any]
    output_vectors: NDArray[Any] | None = None
    objective: str | None = None
    tree_counts: NDArray[np.int64] | None = None

    def rows_of(self, words: Sequence[Hashable]) -> NDArray[np.int64]:
        """Return the row of each word, -1 for those that are not known."""
        return np.fromiter(map(self.word_index.get, words, repeat(-1)), np.int64, len(words))


def known_vectors(source: Any, words: Iterable[Hashable]) -> KnownVectors:
    """Return the vectors that a source knows.

    Parameters
    ----------
    source : WordVectors, str, path or fitted Word2VecVectorizer
        Word vectors, a file of any format of `skw2v.io`, or an estimator, whose output vectors are
        known, too.
    words : iterable of hashable
        The words that are wanted. A file is read for them alone; other sources may have more.

    Returns
    -------
    known : KnownVectors
        The vectors.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If the file is not what it should be, or has none of the words.
    """
    if isinstance(source, (str, PathLike)):
        source = read_word_vectors(source, words=words, dtype=np.float32)
    if isinstance(source, WordVectors):
        return KnownVectors(source.index, source.vectors)
    return KnownVectors(
        source.vocabulary_,
        getattr(source, "_input_matrix", source.word_vectors_.vectors),
        getattr(source, "output_vectors_", None),
        getattr(source, "_trained_as", {}).get("objective"),
        getattr(source, "_tree_weights", None),
    )


class Sources:
    """Where the words of a vocabulary find known vectors: the former fit first, then `init`.

    Parameters
    ----------
    vocabulary : Vocabulary
        The words that are to be trained.
    former : KnownVectors or None
        The vectors of a former fit that is continued.
    init : KnownVectors or None
        The vectors that the user gives.
    vector_size : int
        The dimension that is to be trained.

    Attributes
    ----------
    n_init_words : int
        How many words of the vocabulary are in `init`.

    Raises
    ------
    ValueError
        If known vectors have another dimension.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        *,
        former: KnownVectors | None,
        init: KnownVectors | None,
        vector_size: int,
    ) -> None:
        self._words, self._index = vocabulary.words, vocabulary.index
        self._vector_size = vector_size
        self._sources: list[tuple[KnownVectors, NDArray[np.int64]]] = []
        self._is_known = np.zeros(len(self._words), bool)
        self._is_in_init = np.zeros(len(self._words), bool)
        for known, name in ((former, "the last fit, which is continued"), (init, "init")):
            if known is not None:
                _check_dimension(known, vector_size, name)
                rows = known.rows_of(self._words)
                self._sources.append((known, rows))
                self._is_known |= rows >= 0
                if known is init:
                    self._is_in_init = rows >= 0
        self.n_init_words = int(np.count_nonzero(self._is_in_init))
        if init is not None and not self.n_init_words:
            warnings.warn(
                f"None of the {len(self._words)} words of the vocabulary is in init, which has no "
                "effect.",
                UserWarning,
                stacklevel=6,
            )

    def make_start(
        self, freeze: Iterable[Hashable] | None, objective: str, tree_counts: NDArray[np.int64]
    ) -> Start | None:
        """Collect the vectors that words start from.

        Parameters
        ----------
        freeze : "init", iterable of hashable, or None
            Which words are not to move: all words of `init`, the words that are named, or none.
            Words that are not in the vocabulary, or have no known vector to keep, are counted in a
            warning.
        objective : str
            What is to be trained.
        tree_counts : ndarray of shape (n_words,), dtype int64
            What the Huffman tree will be built from.

        Returns
        -------
        start : Start or None
            The vectors of all words that were found, None if there were none to look in.

        Raises
        ------
        TypeError
            If a word to freeze is not hashable.
        """
        frozen = self._find_frozen(freeze)
        if not self._sources:
            return None
        from skw2v.training.run import Start

        inputs, outputs = _Rows(self._vector_size), _Rows(self._vector_size)
        found = np.zeros(len(self._words), bool)
        for known, rows in self._sources:
            new = np.flatnonzero((rows >= 0) & ~found)
            found[new] = True
            inputs.add(new, known.input_vectors[rows[new]])
            if known.output_vectors is None or known.objective != objective:
                continue
            if objective != "hierarchical_softmax":
                outputs.add(new, known.output_vectors[rows[new]])
            elif not outputs.has_any and _is_same_tree(known, rows, tree_counts):
                outputs.add(np.arange(len(known.output_vectors)), known.output_vectors)
        return Start(*inputs.joined(), *outputs.joined(), frozen)

    def _find_frozen(self, freeze: Iterable[Hashable] | None) -> NDArray[np.bool_]:
        """Mark the words that are to keep their vectors; warn of those that have none."""
        frozen = np.zeros(len(self._words), bool)
        if freeze is None:
            return frozen
        if isinstance(freeze, str):
            return self._is_in_init
        n_missing = 0
        for word in freeze:
            row = self._row_of(word)
            if row < 0:
                n_missing += 1
            else:
                frozen[row] = True
        n_new = int(np.count_nonzero(frozen & ~self._is_known))
        if n_missing or n_new:
            warnings.warn(
                f"{n_missing + n_new} words of freeze have no vector to keep: {n_missing} are not "
                f"in the vocabulary, {n_new} are neither in init nor in a former fit that is "
                "continued.",
                UserWarning,
                stacklevel=6,
            )
        return frozen & self._is_known

    def _row_of(self, word: Hashable) -> int:
        """Return the row of a word to freeze, -1 for a word that is not in the vocabulary."""
        try:
            return self._index.get(word, -1)
        except TypeError as error:
            raise TypeError(
                f"freeze must name words, which are hashable. Got {reprlib.repr(word)} (type "
                f"{type(word).__name__})."
            ) from error


class _Rows:
    """Rows of a matrix, gathered from several places."""

    def __init__(self, vector_size: int) -> None:
        self._numbers = [np.empty(0, np.int64)]
        self._vectors: list[NDArray[Any]] = [np.empty((0, vector_size), np.float32)]

    def add(self, numbers: NDArray[np.int64], vectors: NDArray[Any]) -> None:
        """Add rows with their numbers."""
        self._numbers.append(numbers)
        self._vectors.append(vectors)

    @property
    def has_any(self) -> bool:
        """Whether rows were added."""
        return len(self._numbers) > 1

    def joined(self) -> tuple[NDArray[np.int64], NDArray[Any]]:
        """Return all numbers and all rows."""
        return np.concatenate(self._numbers), np.concatenate(self._vectors)


def _is_same_tree(
    known: KnownVectors, rows: NDArray[np.int64], tree_counts: NDArray[np.int64]
) -> bool:
    """Tell whether all words stand in their old places with their old counts."""
    return (
        known.tree_counts is not None
        and np.array_equal(rows, np.arange(len(known.word_index)))
        and np.array_equal(known.tree_counts, tree_counts)
    )


def _check_dimension(known: KnownVectors, vector_size: int, name: str) -> None:
    """Raise if vectors are not of the dimension that is to be trained."""
    dimension = known.input_vectors.shape[1]
    if dimension != vector_size:
        raise ValueError(
            f"vector_size must be {dimension}, the dimension of the vectors of {name}. Got "
            f"{vector_size}."
        )
