"""Flat arrays of word ids: gathered document by document, then counted, renumbered and closed up.

They are as long as the corpus. All that is done with them is done in place, or block by block, and
they may lie in a file.
"""

from __future__ import annotations

import reprlib
from array import array
from collections.abc import Hashable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from skw2v.corpus.files import IdFile

# The id of tokens whose words are not known.
UNKNOWN = -1

# Tokens that are counted or renumbered at once: large enough to hide the cost of a NumPy call,
# small enough that the temporary arrays do not matter.
_BLOCK_SIZE = 1 << 20


def ids_in(flat: array[int] | IdFile) -> NDArray[np.int32]:
    """Return a view of what `number_corpus` returned, to be let go before `flat` is changed."""
    # NumPy knows several 32-bit integers, compiled code should see but one.
    return flat.as_array() if isinstance(flat, IdFile) else np.asarray(flat).view(np.int32)


def drop_unknown(
    flat: array[int] | IdFile, offsets: array[int]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Remove the unknown tokens from what `number_corpus` returned; hand it over as ndarrays."""
    n_known, new_offsets = close_gaps(ids_in(flat), np.asarray(offsets))
    if not isinstance(flat, IdFile):
        del flat[n_known:]  # gives memory back
    return ids_in(flat)[:n_known], new_offsets


def close_gaps(
    token_ids: NDArray[np.int32], offsets: NDArray[np.int64]
) -> tuple[int, NDArray[np.int64]]:
    """Move the known ids to the front, in place; return their number and the new offsets."""
    new_offsets = np.zeros(len(offsets), dtype=np.int64)
    start = n_known = 0
    for block in _blocks(token_ids):
        known = block != UNKNOWN
        first, last = np.searchsorted(offsets, (start, start + len(block)), side="right")
        new_offsets[first:last] = _shift_ends(offsets[first:last], known, start, n_known)
        known_ids = block[known]
        # Writing never overtakes reading, as n_known <= start.
        token_ids[n_known : n_known + len(known_ids)] = known_ids
        start += len(block)
        n_known += len(known_ids)
    return n_known, new_offsets


def _shift_ends(
    ends: NDArray[np.int64], known: NDArray[np.bool_], start: int, n_known: int
) -> NDArray[np.int64]:
    """Return the new ends of the documents that end within a block.

    The block begins at token `start` of the corpus, `n_known` known tokens stand before it, and
    `known` marks those in it.
    """
    return n_known + np.cumsum(known, dtype=np.int64)[ends - start - 1]


def renumber(token_ids: NDArray[np.int32], new_ids: NDArray[np.int32]) -> None:
    """Replace each id by ``new_ids[id]``, in place."""
    for block in _blocks(token_ids):
        np.take(new_ids, block, out=block)


def count_occurrences(token_ids: NDArray[np.int32], n_words: int) -> NDArray[np.int64]:
    """Return how often each id from 0 to n_words - 1 occurs."""
    counts = np.zeros(n_words, dtype=np.int64)
    # Each block costs O(n_words) beside its tokens: with as many tokens it does not show.
    for block in _blocks(token_ids, at_least=n_words):
        counts += np.bincount(block, minlength=n_words)
    return counts


def _blocks(token_ids: NDArray[np.int32], at_least: int = 0) -> Iterator[NDArray[np.int32]]:
    """Yield consecutive views that cover the array."""
    size = max(_BLOCK_SIZE, at_least)
    for start in range(0, len(token_ids), size):
        yield token_ids[start : start + size]


def check_hashable(document: Sequence[Hashable], position: int) -> None:
    """Raise an error that names the first token that is not hashable, if there is one."""
    for token_position, token in enumerate(document):
        try:
            hash(token)
        except TypeError as error:
            raise TypeError(
                f"Tokens must be hashable, such as words, numbers or tuples, but token "
                f"{token_position} of the document at index {position} is {reprlib.repr(token)} "
                f"(type {type(token).__name__}). Convert it, e.g. tuple(token), or pass it as a "
                "document of its own."
            ) from error
