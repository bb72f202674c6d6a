"""Words and their vectors, with the questions one asks of them.

Training ends here: `WordVectors` pairs each word with one row of a matrix and knows nothing of how
the matrix came about. All questions are about directions, so they are answered with *unit* vectors,
rows divided by their length: the cosine similarity of two words is then the inner product of their
unit vectors, and the similarities of many queries with all the words are one matrix product.

An analogy such as "man is to king as woman is to ?" is answered by the word whose unit vector has
the largest inner product with king - man + woman (3CosAdd, [1]_).

**A word or several words.** A word may be any hashable object, a tuple too. Therefore only a list
or a NumPy array means several words; everything else is one word.

References
----------
.. [1] Mikolov, Yih and Zweig (2013), "Linguistic Regularities in Continuous Space Word
   Representations", NAACL-HLT, section 5.
"""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from numbers import Integral
from types import MappingProxyType
from typing import Any, TypeAlias, TypeVar, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

__all__ = ["UnknownWordError", "WordVectors"]

Neighbours: TypeAlias = list[tuple[Hashable, float]]
_Number = TypeVar("_Number", bound=np.number)

# Similarities computed at once by `most_similar`: 64 MB of float32.
_SCORES_PER_BLOCK = 2**24

# What bounds the search for close spellings: the commonest words of about the same length, and no
# very long ones, whose comparison takes quadratic time.
_MAX_SPELLING_CANDIDATES = 20_000
_MAX_SPELLING_LENGTH = 40


class UnknownWordError(KeyError):
    """Tell that a word has no vector, and which known words are spelt like it.

    A `KeyError` whose message reads well in a traceback. The spellings are searched for when the
    message is asked for, so that catching the error in a loop costs nothing.

    Parameters
    ----------
    word : hashable
        The unknown word.
    words : sequence of hashables
        The known words, the most frequent first.
    message : str, default=None
        The message, where it is known already.

    Attributes
    ----------
    word : hashable
        The unknown word.
    """

    def __init__(
        self, word: Hashable, words: Sequence[Hashable] = (), message: str | None = None
    ) -> None:
        super().__init__(word)
        self.word = word
        self._words = words
        self._message = message

    def __str__(self) -> str:
        """Return the message: the word, how many words there are, and the close spellings."""
        if self._message is None:
            spellings = " or ".join(map(repr, _close_spellings(self.word, self._words)))
            hint = f" Did you mean {spellings}?" if spellings else ""
            if isinstance(self.word, tuple):
                hint = " A tuple is one word; several words are passed as a list."
            word = reprlib.repr(self.word)
            self._message = f"{word} is not among the {len(self._words):,} words.{hint}"
        return self._message

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the message without the vocabulary behind it."""
        return type(self), (self.word, (), str(self))


class WordVectors:
    """Words and one vector for each, immutable.

    Parameters
    ----------
    words : sequence of distinct hashables, length n_words
        The words, usually by falling frequency: where similarities are equal, and among close
        spellings, earlier words come first.
    vectors : array-like of floats, shape (n_words, dimension)
        Finite numbers; row i belongs to ``words[i]``. The type is kept, float32 stays float32. An
        array that is read-only already (its base too, where it is a view) is taken as it is,
        without a copy; anything else is copied, so that nobody can change it afterwards.
    counts : array-like of ints, shape (n_words,), default=None
        How often each word occurred in the text that the vectors were learned from. None means
        that nobody knows. Copied or not as `vectors` are.

    Attributes
    ----------
    words : tuple, length n_words
        The words in the order of the rows.
    vectors : ndarray of shape (n_words, dimension)
        The vectors as given, read-only.
    counts : ndarray of shape (n_words,), dtype int64, or None
        The counts of the words, read-only; None if unknown.
    index : mapping of word to int
        The row of each word, read-only.

    Raises
    ------
    TypeError
        If `words` is a single string or holds something that is not hashable.
    ValueError
        If a word occurs twice, `vectors` is not a finite, floating, two-dimensional array, `counts`
        is not a one-dimensional array of integers from 0, or the numbers of words, rows and counts
        differ.

    Examples
    --------
    >>> from skw2v.word_vectors import WordVectors
    >>> words = ["man", "woman", "king", "queen", "apple"]
    >>> vectors = [[3.0, 0, 0, 0], [0, 3, 0, 0], [4, 0, 3, 0], [0, 4, 3, 0], [0, 0, 0, 1]]
    >>> word_vectors = WordVectors(words, vectors)
    >>> word_vectors
    WordVectors(n_words=5, dimension=4, dtype=float64)
    >>> word_vectors["king"]
    array([4., 0., 3., 0.])
    >>> word_vectors[["king", "queen"]].shape
    (2, 4)
    >>> "pear" in word_vectors
    False
    >>> for word, similarity in word_vectors.most_similar("king", topn=2):
    ...     print(f"{word} {similarity:.2f}")
    man 0.80
    queen 0.36
    >>> word_vectors["aple"]
    Traceback (most recent call last):
        ...
    skw2v.word_vectors.UnknownWordError: 'aple' is not among the 5 words. Did you mean 'apple'?
    """

    def __init__(
        self, words: Iterable[Hashable], vectors: ArrayLike, *, counts: ArrayLike | None = None
    ) -> None:
        self._words = _validate_words(words)
        self._index = dict(zip(self._words, range(len(self._words)), strict=True))
        if len(self._index) < len(self._words):
            raise ValueError(_describe_duplicate(self._words, self._index))
        self._vectors = _validate_vectors(vectors, self._words)
        self._counts = None if counts is None else _validate_counts(counts, len(self._words))

    @property
    def words(self) -> tuple[Hashable, ...]:
        """Return the words in the order of the rows."""
        return self._words

    @property
    def vectors(self) -> NDArray[np.floating]:
        """Return the read-only matrix of shape (n_words, dimension)."""
        return self._vectors

    @property
    def counts(self) -> NDArray[np.int64] | None:
        """Return the read-only array of how often each word occurred, or None if unknown."""
        return self._counts

    @property
    def index(self) -> Mapping[Hashable, int]:
        """Return the read-only mapping of each word to its row."""
        return MappingProxyType(self._index)

    def __len__(self) -> int:
        """Return the number of words."""
        return len(self._words)

    def __iter__(self) -> Iterator[Hashable]:
        """Iterate over the words in the order of the rows."""
        return iter(self._words)

    def __contains__(self, word: Hashable) -> bool:
        """Tell whether a word has a vector."""
        return word in self._index

    def __repr__(self) -> str:
        """Return the numbers of words and dimensions, and the type of the vectors."""
        n_words, dimension = self._vectors.shape
        return (
            f"{type(self).__name__}(n_words={n_words}, dimension={dimension}, "
            f"dtype={self._vectors.dtype})"
        )

    def __copy__(self) -> WordVectors:
        """Return the object itself, which nobody can change."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> WordVectors:
        """Return the object itself, which nobody can change."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle words, vectors and counts; what derives from them is computed again."""
        return _unpickle, (type(self), self._words, self._vectors, self._counts)

    def __getitem__(self, word: Hashable | list[Any] | NDArray[Any]) -> NDArray[np.floating]:
        """Return the vector of a word, or the vectors of several words.

        Parameters
        ----------
        word : hashable, or list or array of hashables
            One word, or several.

        Returns
        -------
        ndarray of shape (dimension,) or (len(word), dimension)
            One word: a read-only view. Several words: a new array.

        Raises
        ------
        UnknownWordError
            If a word is unknown. It is a `KeyError` and suggests close spellings.
        """
        if isinstance(word, (list, np.ndarray)):
            return self._vectors[self._rows(_as_list(word))]
        return self._vectors[self._rows([word])[0]]

    @overload
    def similarity(self, first: Hashable, second: Hashable) -> float: ...

    @overload
    def similarity(
        self, first: list[Any] | NDArray[Any], second: list[Any] | NDArray[Any]
    ) -> NDArray[np.floating]: ...

    def similarity(self, first: Any, second: Any) -> float | NDArray[np.floating]:
        """Compute the cosine similarity of two words, or of many pairs of words.

        Parameters
        ----------
        first, second : hashable, or list or array of hashables
            Two words, or two lists of equal length whose words are compared pair by pair.

        Returns
        -------
        float or ndarray of shape (n_pairs,)
            Cosine similarities from -1 to 1; 0 where a vector is zero.

        Raises
        ------
        UnknownWordError
            If a word is unknown.
        TypeError
            If one argument is a word and the other a list.
        ValueError
            If the lists differ in length.

        Examples
        --------
        >>> from skw2v.word_vectors import WordVectors
        >>> word_vectors = WordVectors(["a", "b", "c"], [[1.0, 0.0], [0.0, 2.0], [3.0, 0.0]])
        >>> word_vectors.similarity("a", "c")
        1.0
        >>> word_vectors.similarity(["a", "a"], ["b", "c"])
        array([0., 1.])
        """
        if _is_collection(first) != _is_collection(second):
            raise TypeError(
                "first and second must be two words or two lists of words, got "
                f"{type(first).__name__} and {type(second).__name__}."
            )
        if not _is_collection(first):
            return float(self._pair_similarities([first], [second])[0])
        first, second = _as_list(first), _as_list(second)
        if len(first) != len(second):
            raise ValueError(
                "first and second must have the same number of words, which are compared pair by "
                f"pair, got {len(first)} and {len(second)}."
            )
        return self._pair_similarities(first, second)

    def most_similar(
        self,
        positive: Hashable | list[Any] | NDArray[Any] | None = None,
        negative: Hashable | list[Any] | NDArray[Any] | None = None,
        topn: int | None = 10,
    ) -> Neighbours | list[Neighbours]:
        """Find the words nearest to a word or to a sum and difference of words.

        The query is the mean of the unit vectors of the `positive` words and of the reversed unit
        vectors of the `negative` ones (3CosAdd, [1]_). Its cosine similarity with every word is
        computed exactly, for a whole batch of queries by matrix products in bounded memory.

        Parameters
        ----------
        positive, negative : hashable, list or array, default=None
            One query: a word or a list of words. A batch of queries: a list of lists of words; then
            `positive` and `negative`, where both are given, hold one list for each query, which may
            be empty. ``None`` and ``[]`` stand for no words at all.
        topn : int or None, default=10
            How many words to return, at least 1. With ``None`` all of them are ranked.

        Returns
        -------
        list of (word, float), or list of such lists
            For each query the nearest words, without the words of the query, and their
            similarities from -1 to 1, the largest first, equal ones in the order of `words`.
            The list is shorter than `topn` if there are not enough words. A zero vector has
            similarity 0 with everything.

        Raises
        ------
        UnknownWordError
            If a word is unknown.
        ValueError
            If a query has no words, `positive` and `negative` do not fit together, or `topn` is
            not positive.

        References
        ----------
        .. [1] Mikolov, Yih and Zweig (2013), "Linguistic Regularities in Continuous Space Word
           Representations", NAACL-HLT, section 5.

        Examples
        --------
        >>> from skw2v.word_vectors import WordVectors
        >>> words = ["man", "woman", "king", "queen"]
        >>> word_vectors = WordVectors(words, [[3.0, 0, 0], [0, 3, 0], [4, 0, 3], [0, 4, 3]])
        >>> [(word, round(similarity, 2)) for word, similarity in word_vectors.most_similar("king")]
        [('man', 0.8), ('queen', 0.36), ('woman', 0.0)]

        "Man is to king as woman is to ?", and the same with "king is to man as queen is to ?":

        >>> [word for word, _ in word_vectors.most_similar(["king", "woman"], ["man"], topn=1)]
        ['queen']
        >>> answers = word_vectors.most_similar(
        ...     [["king", "woman"], ["man", "queen"]], [["man"], ["king"]], topn=1
        ... )
        >>> [[word for word, _ in answer] for answer in answers]
        [['queen'], ['woman']]
        """
        if topn is None:
            topn = len(self)
        elif not isinstance(topn, Integral) or isinstance(topn, bool) or topn < 1:
            raise ValueError(f"topn must be a positive int, or None for all words, got {topn!r}.")
        added, subtracted, is_batch = _parse_queries(positive, negative)
        answers = self._nearest_words(self._sign_matrix(added, subtracted), int(topn))
        return answers if is_batch else answers[0]

    @cached_property
    def _unit_vectors(self) -> NDArray[np.floating]:
        """The vectors divided by their lengths; computed once, at the first question."""
        return _unit_rows(self._vectors)

    def _rows(self, words: Sequence[Hashable]) -> NDArray[np.intp]:
        """Return the rows of the words."""
        try:
            return np.fromiter((self._index[word] for word in words), np.intp, len(words))
        except KeyError:
            unknown = next(word for word in words if word not in self._index)
            raise UnknownWordError(unknown, self._words) from None
        except TypeError:
            position, word = next(_unhashable(words))
            raise TypeError(
                f"a word must be hashable, got {reprlib.repr(word)} at position {position}; "
                "several words are passed as a list or an array of words."
            ) from None

    def _pair_similarities(
        self, first: Sequence[Hashable], second: Sequence[Hashable]
    ) -> NDArray[np.floating]:
        """Compute the similarities of the words of two sequences, pair by pair."""
        units = (_unit_rows(self._vectors[self._rows(words)]) for words in (first, second))
        return np.clip(np.einsum("ij,ij->i", *units), -1, 1)

    def _sign_matrix(
        self, added: Sequence[Sequence[Hashable]], subtracted: Sequence[Sequence[Hashable]]
    ) -> sparse.csr_array:
        """Return the matrix (n_queries, n_words) of how often each query adds each word.

        A word that is added and subtracted has a stored zero: it cancels out exactly, and the
        stored entries still tell which words a query consists of.
        """
        queries = list(zip(added, subtracted, strict=True))
        columns = [self._rows([*plus, *minus]) for plus, minus in queries]
        signs = [np.repeat([1, -1], [len(plus), len(minus)]) for plus, minus in queries]
        offsets = np.cumsum([0] + [len(rows) for rows in columns])
        data = np.concatenate(signs).astype(self._unit_vectors.dtype)
        matrix = sparse.csr_array(
            (data, np.concatenate(columns), offsets), shape=(len(columns), len(self))
        )
        matrix.sum_duplicates()
        return matrix

    def _nearest_words(self, signs: sparse.csr_array, topn: int) -> list[Neighbours]:
        """Rank the words for each row of a sign matrix, without those that the row consists of."""
        answers: list[Neighbours] = []
        block = max(1, _SCORES_PER_BLOCK // len(self))
        for start in range(0, signs.shape[0], block):
            rows = signs[start : start + block]
            # The sum has the direction of the mean, which is all that matters.
            similarities = _unit_rows(rows @ self._unit_vectors) @ self._unit_vectors.T
            entries = rows.tocoo()
            similarities[entries.row, entries.col] = -np.inf
            answers.extend(self._neighbours(row, topn) for row in similarities)
        return answers

    def _neighbours(self, similarities: NDArray[np.floating], topn: int) -> Neighbours:
        """Return the words of largest similarity; those of minus infinity are left out."""
        nearest = _largest(similarities, min(topn, len(self)))
        nearest = nearest[similarities[nearest] > -np.inf]
        values = np.clip(similarities[nearest], -1, 1)
        return [
            (self._words[row], value)
            for row, value in zip(nearest.tolist(), values.tolist(), strict=True)
        ]


def _unpickle(
    cls: type[WordVectors],
    words: tuple[Hashable, ...],
    vectors: NDArray[np.floating],
    counts: NDArray[np.int64] | None = None,
) -> WordVectors:
    """Build the object from its own pickle, whose arrays nobody else holds: no copy is needed."""
    vectors.setflags(write=False)
    if counts is not None:
        counts.setflags(write=False)
    return cls(words, vectors, counts=counts)


def _validate_words(words: Iterable[Hashable]) -> tuple[Hashable, ...]:
    """Return the words as a tuple of at least one hashable object."""
    if isinstance(words, (str, bytes)):
        raise TypeError(
            "words must be a sequence of words, got the single string "
            f"{reprlib.repr(words)}; put it into a list."
        )
    words = tuple(words.tolist() if isinstance(words, np.ndarray) else words)
    if not words:
        raise ValueError("words must hold at least one word, got none.")
    for position, word in _unhashable(words):
        raise TypeError(
            f"words must be hashable, got {reprlib.repr(word)} of type {type(word).__name__} at "
            f"position {position}; a tuple is hashable, a list is not."
        )
    return words


def _unhashable(words: Iterable[Any]) -> Iterator[tuple[int, Any]]:
    """Yield the position of each object that cannot be hashed, and the object."""
    for position, word in enumerate(words):
        try:
            hash(word)
        except TypeError:
            yield position, word


def _describe_duplicate(words: Sequence[Hashable], index: Mapping[Hashable, int]) -> str:
    """Return the message that names the first word which occurs again later."""
    first, word = next((row, word) for row, word in enumerate(words) if index[word] != row)
    return (
        f"words must be distinct, but {len(words) - len(index)} of the {len(words)} repeat an "
        f"earlier one; for example {reprlib.repr(word)} is at positions {first} and {index[word]}."
    )


def _validate_vectors(vectors: ArrayLike, words: Sequence[Hashable]) -> NDArray[np.floating]:
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


def _validate_counts(counts: ArrayLike, n_words: int) -> NDArray[np.int64]:
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


def _unit_rows(vectors: NDArray[np.floating]) -> NDArray[np.floating]:
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


def _largest(values: NDArray[np.floating], n_largest: int) -> NDArray[np.intp]:
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


def _is_collection(words: object) -> bool:
    """Tell whether the argument means several words: a list or an array."""
    return isinstance(words, (list, np.ndarray))


def _as_list(words: Any) -> list[Any]:
    """Return a list of words, or an array of at least one dimension, as a list."""
    if isinstance(words, np.ndarray):
        if words.ndim == 0:
            raise TypeError(f"an array of words must have a dimension, got {words!r}.")
        return words.tolist()
    return words


def _parse_queries(
    positive: Any, negative: Any
) -> tuple[list[list[Hashable]], list[list[Hashable]], bool]:
    """Return the words to add and to subtract in each query, and whether it is a batch."""
    added, added_is_batch = _parse_side(positive, "positive")
    subtracted, subtracted_is_batch = _parse_side(negative, "negative")
    if not added and not subtracted:
        raise ValueError("the query is empty: pass at least one word in positive or negative.")
    # A side without any words fits every shape of the other.
    if not added:
        added, added_is_batch = [[] for _ in subtracted], subtracted_is_batch
    if not subtracted:
        subtracted, subtracted_is_batch = [[] for _ in added], added_is_batch
    if added_is_batch != subtracted_is_batch or len(added) != len(subtracted):
        shapes = [
            f"a batch of {len(queries)} queries" if is_batch else "one query"
            for queries, is_batch in (
                (added, added_is_batch),
                (subtracted, subtracted_is_batch),
            )
        ]
        raise ValueError(
            "positive and negative must both be one query or batches of equal length, "
            f"got {shapes[0]} and {shapes[1]}."
        )
    for number, words in enumerate(zip(added, subtracted, strict=True)):
        if not any(words):
            raise ValueError(f"query {number} is empty: it has no positive and no negative word.")
    return added, subtracted, added_is_batch


def _parse_side(words: Any, name: str) -> tuple[list[list[Hashable]], bool]:
    """Return the queries of `positive` or `negative` as lists of words, and if they are a batch."""
    if words is None or (_is_collection(words) and len(_as_list(words)) == 0):
        return [], False
    if not _is_collection(words):
        return [[words]], False
    words = _as_list(words)
    n_nested = sum(map(_is_collection, words))
    if n_nested == 0:
        return [words], False
    if n_nested < len(words):
        raise ValueError(
            f"{name} must be a list of words (one query) or a list of lists of words (a batch), "
            f"got a list of {n_nested} lists and {len(words) - n_nested} words."
        )
    return [_as_list(query) for query in words], True


def _close_spellings(word: Hashable, words: Sequence[Hashable]) -> list[str]:
    """Return up to three known words that are spelt like the unknown one, whatever their case."""
    if not isinstance(word, str) or len(word) > _MAX_SPELLING_LENGTH:
        return []
    alike = (
        known for known in words if isinstance(known, str) and abs(len(known) - len(word)) <= 2
    )
    folded: dict[str, str] = {}
    for known in islice(alike, _MAX_SPELLING_CANDIDATES):
        folded.setdefault(known.casefold(), known)
    matches = difflib.get_close_matches(word.casefold(), folded, n=3, cutoff=0.7)
    return [folded[match] for match in matches]
