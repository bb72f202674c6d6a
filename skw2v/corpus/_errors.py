"""What is told of a corpus that leaves nothing to learn, encoded as a whole or in parts."""

from __future__ import annotations

import reprlib
from collections.abc import Hashable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from skw2v.corpus.vocabulary import most_frequent_first


def check_not_empty(n_documents: int, n_tokens: int) -> None:
    """Raise if there are no documents, or no tokens in them."""
    if not n_documents:
        raise ValueError(
            "The corpus is empty: there are no documents. Pass at least one; a generator can be "
            "read only once."
        )
    if not n_tokens:
        raise ValueError(
            f"The corpus is empty: none of the {n_documents} documents contains a token. Pass "
            "documents with words, or check how they are split into tokens (stop words, token "
            "pattern)."
        )


def nothing_kept_error(
    words: Sequence[Hashable], counts: NDArray[np.int64], min_count: int, n_documents: int
) -> ValueError:
    """Return the error for a corpus whose words are all too rare."""
    commonest = most_frequent_first(counts, min_count=1, max_vocab_size=3)
    listed = ", ".join(f"{reprlib.repr(words[i])} ({counts[i]})" for i in commonest)
    return ValueError(
        f"Empty vocabulary: no word occurs at least min_count={min_count} times in {n_documents} "
        f"documents with {counts.sum()} tokens. The most frequent words (and counts) are "
        f"{listed}. Lower min_count to at most {counts.max()} or pass more documents."
    )


def nothing_known_error(
    index: Mapping[Hashable, int], n_documents: int, n_tokens: int
) -> ValueError:
    """Return the error for a corpus without any word of the vocabulary that was given."""
    return ValueError(
        f"None of the {n_tokens} tokens in {n_documents} documents is in the given vocabulary of "
        f"{len(index)} words, whose first word is {reprlib.repr(next(iter(index)))}. Pass the "
        "words as they appear in the documents after tokenisation, or None to learn them."
    )
