"""Which known words are spelt like an unknown one: what an error suggests."""

from __future__ import annotations

import difflib
from collections.abc import Hashable, Sequence
from itertools import islice

# What bounds the search: the commonest words of about the same length, and no very long ones, whose
# comparison takes quadratic time.
MAX_CANDIDATES = 20_000
_MAX_LENGTH = 40


def close_spellings(word: Hashable, words: Sequence[Hashable]) -> list[str]:
    """Return up to three known words that are spelt like the unknown one, whatever their case."""
    if not isinstance(word, str) or len(word) > _MAX_LENGTH:
        return []
    alike = (
        known for known in words if isinstance(known, str) and abs(len(known) - len(word)) <= 2
    )
    folded: dict[str, str] = {}
    for known in islice(alike, MAX_CANDIDATES):
        folded.setdefault(known.casefold(), known)
    matches = difflib.get_close_matches(word.casefold(), folded, n=3, cutoff=0.7)
    return [folded[match] for match in matches]
