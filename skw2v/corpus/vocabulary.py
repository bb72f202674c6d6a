"""Which words a model knows, in which order, and how often they occur.

Words are numbered by falling count, so that frequent words share cache lines and "the first
30,000 words" means the commonest ones; ties go to the word that appeared first, so that the
numbering depends on the documents alone and not on a hash seed. A vocabulary is either learned
from counts (`most_frequent_first`) or fixed by the user (`fixed_index`), whose order is kept.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The words of a model with their ids and counts.

    Parameters
    ----------
    index : dict of hashable to int
        The id of each word, in the order of the ids 0, 1, ..., n_words - 1.
    counts : ndarray of shape (n_words,), dtype int64
        How often each word occurs in the corpus, in the order of the ids.

    Attributes
    ----------
    words : list of hashable
        The words in the order of their ids.

    Examples
    --------
    >>> import numpy as np
    >>> from skw2v.corpus import Vocabulary
    >>> vocabulary = Vocabulary(index={"the": 0, "cat": 1}, counts=np.array([5, 2]))
    >>> vocabulary.words
    ['the', 'cat']
    >>> len(vocabulary)
    2
    """

    index: dict[Hashable, int]
    counts: NDArray[np.int64]

    @property
    def words(self) -> list[Hashable]:
        """The words in the order of their ids."""
        return list(self.index)

    def __len__(self) -> int:
        """Return the number of words."""
        return len(self.index)


def check_pruning(min_count: int, max_vocab_size: int | None) -> None:
    """Raise unless the parameters that prune a vocabulary are integers of at least 1.

    Parameters
    ----------
    min_count : int
        See `most_frequent_first`.
    max_vocab_size : int or None
        See `most_frequent_first`.

    Raises
    ------
    TypeError
        If one of them is not an integer.
    ValueError
        If one of them is less than 1.

    Examples
    --------
    >>> from skw2v.corpus.vocabulary import check_pruning
    >>> check_pruning(min_count=0, max_vocab_size=None)
    Traceback (most recent call last):
    ...
    ValueError: min_count must be an integer of at least 1, got 0.
    """
    _check_positive_integer(min_count, "min_count")
    if max_vocab_size is not None:
        _check_positive_integer(max_vocab_size, "max_vocab_size")


def most_frequent_first(
    counts: NDArray[np.int64], *, min_count: int = 5, max_vocab_size: int | None = None
) -> NDArray[np.int64]:
    """Choose the words to keep and order them by falling count.

    Parameters
    ----------
    counts : ndarray of shape (n_candidates,), dtype int64
        Occurrences of each word, in the order of first appearance.
    min_count : int, default=5
        Words that occur less often are dropped.
    max_vocab_size : int, default=None
        Keep at most this many words, the most frequent ones. None keeps all.

    Returns
    -------
    kept : ndarray of shape (n_words,), dtype int64
        Positions in `counts` of the words that stay: the most frequent first, and of equally
        frequent ones that which appeared first. Empty if no word is frequent enough.

    Examples
    --------
    >>> import numpy as np
    >>> from skw2v.corpus.vocabulary import most_frequent_first
    >>> most_frequent_first(np.array([2, 7, 1, 2]), min_count=2)
    array([1, 0, 3])
    """
    frequent = np.flatnonzero(counts >= min_count)
    by_falling_count = np.argsort(-counts[frequent], kind="stable")
    return frequent[by_falling_count[:max_vocab_size]]


def fixed_index(
    vocabulary: Mapping[Hashable, int] | Iterable[Hashable],
) -> dict[Hashable, int]:
    """Turn a vocabulary given by the user into a word index.

    Parameters
    ----------
    vocabulary : mapping of word to id, or iterable of words
        A mapping must use each id 0, 1, ..., n_words - 1 exactly once. The words of an iterable
        are numbered in its order, those of a set in sorted order, as in scikit-learn's
        `CountVectorizer`.

    Returns
    -------
    index : dict of hashable to int
        The id of each word, in the order of the ids.

    Raises
    ------
    ValueError
        If there are no words, if a word or an id appears twice, or if an id is missing.
    TypeError
        If `vocabulary` is a str or not iterable, if a word is not hashable, if an id is not an
        integer, or if the words of a set cannot be sorted.

    Examples
    --------
    >>> from skw2v.corpus.vocabulary import fixed_index
    >>> fixed_index({"dog": 1, "cat": 0})
    {'cat': 0, 'dog': 1}
    >>> fixed_index(["dog", "cat"])
    {'dog': 0, 'cat': 1}
    """
    if isinstance(vocabulary, (str, bytes)) or not isinstance(vocabulary, Iterable):
        raise TypeError(
            "vocabulary must be a mapping of words to ids or an iterable of words, got "
            f"{vocabulary!r} (type {type(vocabulary).__name__})."
        )
    if isinstance(vocabulary, Mapping):
        words = _words_in_id_order(vocabulary)
    elif isinstance(vocabulary, (set, frozenset)):
        words = _sorted_words(vocabulary)
    else:
        words = list(vocabulary)
    if not words:
        raise ValueError("Empty vocabulary: pass at least one word, or None to learn the words.")
    return number_words(words)


def number_words(words: Iterable[Hashable]) -> dict[Hashable, int]:
    """Assign ids to distinct words in their order.

    Parameters
    ----------
    words : iterable of hashable
        The words. NumPy scalars become the equal Python scalars, so that a model holds the same
        words whether its documents were lists or arrays.

    Returns
    -------
    index : dict of hashable to int
        The words with the ids 0, 1, ..., n_words - 1.

    Raises
    ------
    ValueError
        If a word appears twice.
    TypeError
        If a word is not hashable.

    Examples
    --------
    >>> import numpy as np
    >>> from skw2v.corpus.vocabulary import number_words
    >>> number_words(["cat", np.int64(7)])
    {'cat': 0, 7: 1}
    """
    index: dict[Hashable, int] = {}
    for position, word in enumerate(words):
        try:
            first_position = index.setdefault(_python_scalar(word), position)
        except TypeError as error:
            raise TypeError(
                f"Words must be hashable, got {word!r} (type {type(word).__name__}) at position "
                f"{position} of the vocabulary."
            ) from error
        if first_position != position:
            raise ValueError(
                f"Duplicate word in vocabulary: {word!r} stands at positions {first_position} "
                f"and {position}. Pass each word once."
            )
    return index


def _words_in_id_order(vocabulary: Mapping[Hashable, Any]) -> list[Hashable]:
    """Return the words of a mapping by rising id, having checked the ids."""
    word_of_id: dict[int, Hashable] = {}
    for word, word_id in vocabulary.items():
        if isinstance(word_id, (bool, np.bool_)) or not isinstance(word_id, Integral):
            raise TypeError(
                f"Vocabulary ids must be integers, got {word_id!r} (type "
                f"{type(word_id).__name__}) for the word {word!r}."
            )
        number = int(word_id)
        if number in word_of_id:
            raise ValueError(
                f"Vocabulary contains repeated indices: {word_of_id[number]!r} and {word!r} "
                f"both have {number}. Give each word an index of its own."
            )
        word_of_id[number] = word
    n_words = len(word_of_id)
    for word_id in range(n_words):
        if word_id not in word_of_id:
            raise ValueError(
                f"Vocabulary of size {n_words} doesn't contain index {word_id}. Use each of the "
                f"indices 0 to {n_words - 1} once, or pass a list of words."
            )
    return [word_of_id[word_id] for word_id in range(n_words)]


def _sorted_words(vocabulary: set[Any] | frozenset[Any]) -> list[Hashable]:
    """Return the words of a set in an order that does not depend on the hash seed."""
    try:
        return sorted(vocabulary)
    except TypeError as error:
        raise TypeError(
            "vocabulary is a set whose words cannot be sorted, so their ids would change from run "
            "to run. Pass a list of words."
        ) from error


def _python_scalar(word: Any) -> Hashable:
    """Return a NumPy bool, number or string as the Python scalar it is equal to."""
    # Dates stay: the item of a datetime64 may be a plain integer, equal to other tokens.
    if isinstance(word, np.generic) and word.dtype.kind in "biufcSU":
        return word.item()
    return word


def _check_positive_integer(value: object, name: str) -> None:
    """Raise unless the parameter is an integer of at least 1."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(
            f"{name} must be an integer of at least 1, got {value!r} (type {type(value).__name__})."
        )
    if value < 1:
        raise ValueError(f"{name} must be an integer of at least 1, got {value!r}.")
