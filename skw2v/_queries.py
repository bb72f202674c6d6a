"""What a question means: one word or several, one query or a batch of them.

A word may be any hashable object, a tuple too. Therefore only a list or a NumPy array means
several words; everything else is one word.
"""

from __future__ import annotations

from collections.abc import Hashable
from numbers import Integral
from typing import Any

import numpy as np

_NUMERALS = {2: "two", 3: "three"}


def is_collection(words: object) -> bool:
    """Tell whether the argument means several words: a list or an array."""
    return isinstance(words, (list, np.ndarray))


def as_list(words: Any) -> list[Any]:
    """Return a list of words, or an array of at least one dimension, as a list."""
    if isinstance(words, np.ndarray):
        if words.ndim == 0:
            raise TypeError(f"an array of words must have a dimension, got {words!r}.")
        return words.tolist()
    return words


def parse_words(words: Any, name: str, min_words: int = 1) -> list[Hashable]:
    """Return a list or array of words as a list, if it holds enough of them."""
    if not is_collection(words):
        raise TypeError(f"{name} must be a list or an array of words, got {words!r}.")
    words = as_list(words)
    if len(words) < min_words:
        raise ValueError(f"{name} must hold at least {min_words} words, got {len(words)}.")
    return words


def parse_aligned(**arguments: Any) -> tuple[list[list[Hashable]], bool]:
    """Return arguments that are all words, or all lists of equal length, as lists; and which."""
    *first_names, last_name = arguments
    names = f"{', '.join(first_names)} and {last_name}"
    kinds = {is_collection(words) for words in arguments.values()}
    if len(kinds) == 2:
        numeral = _NUMERALS[len(arguments)]
        types = " and ".join(type(words).__name__ for words in arguments.values())
        raise TypeError(
            f"{names} must be {numeral} words or {numeral} lists of words, got {types}."
        )
    if kinds == {False}:
        return [[word] for word in arguments.values()], False
    lists = [as_list(words) for words in arguments.values()]
    if len(set(map(len, lists))) > 1:
        lengths = " and ".join(str(len(words)) for words in lists)
        raise ValueError(
            f"{names} must have the same number of words, which are taken together one by one, "
            f"got {lengths}."
        )
    return lists, True


def parse_queries(
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


def parse_positive_int(value: object, name: str, *, or_else: str = "") -> int:
    """Return a number of words as an int; `or_else` names what the caller takes besides."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise ValueError(f"{name} must be a positive int{or_else}, got {value!r}.")
    return int(value)


def parse_topn(topn: object, n_words: int, name: str = "topn") -> int:
    """Return how many words are meant; None stands for all of them."""
    if topn is None:
        return n_words
    return parse_positive_int(topn, name, or_else=", or None for all words")


def _parse_side(words: Any, name: str) -> tuple[list[list[Hashable]], bool]:
    """Return the queries of `positive` or `negative` as lists of words, and if they are a batch."""
    if words is None or (is_collection(words) and len(as_list(words)) == 0):
        return [], False
    if not is_collection(words):
        return [[words]], False
    words = as_list(words)
    n_nested = sum(map(is_collection, words))
    if n_nested == 0:
        return [words], False
    if n_nested < len(words):
        raise ValueError(
            f"{name} must be a list of words (one query) or a list of lists of words (a batch), "
            f"got a list of {n_nested} lists and {len(words) - n_nested} words."
        )
    return [as_list(query) for query in words], True
