"""Encoding in parts: partitions of a corpus that are read apart, and share one vocabulary.

Each partition is read once, and its words are numbered as they appear. The counts of the partitions
are merged, two or more at a time, into those of the whole; a vocabulary is chosen; and the numbers
of each partition are replaced by the ids of the vocabulary. Words and ids are those that
`encode_documents` gives to the documents of all partitions, one partition after another.

What travels between machines is tuples of arrays and lists, whose size can be told at a glance.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from itertools import count
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skw2v.corpus._errors import check_not_empty, nothing_kept_error, nothing_known_error
from skw2v.corpus._numbering import Numbering, number_corpus
from skw2v.corpus._token_ids import UNKNOWN, close_gaps, count_occurrences, ids_in
from skw2v.corpus.vocabulary import (
    Vocabulary,
    check_pruning,
    fixed_index,
    most_frequent_first,
    number_words,
)


class WordCounts(NamedTuple):
    """How often words occur in some documents.

    Attributes
    ----------
    words : list of hashable
        The words, in the order of their first appearance.
    counts : ndarray of shape (n_words,), dtype int64
        How often each occurs.
    n_documents : int
        How many documents there are.
    """

    words: list[Hashable]
    counts: NDArray[np.int64]
    n_documents: int


class NumberedPartition(NamedTuple):
    """A partition whose words have numbers of its own.

    Attributes
    ----------
    counts : WordCounts
        The words; their places are their numbers.
    token_ids : ndarray of shape (n_tokens,), dtype int32
        The numbers of all tokens, one document after another.
    offsets : ndarray of shape (n_documents + 1,), dtype int64
        Where each document starts.
    """

    counts: WordCounts
    token_ids: NDArray[np.int32]
    offsets: NDArray[np.int64]


def number_documents(tokenized: Iterable[Sequence[Hashable]]) -> NumberedPartition:
    """Give numbers to the words of a partition as they appear.

    Parameters
    ----------
    tokenized : iterable of sequences of hashable
        The tokens of each document (see `tokenize_documents`). Read once; there may be none.

    Returns
    -------
    partition : NumberedPartition
        The documents.

    Raises
    ------
    TypeError
        If a token is not hashable.

    Examples
    --------
    >>> from skw2v.corpus.partitions import number_documents
    >>> partition = number_documents([["to", "be"], ["or", "not", "to"]])
    >>> partition.counts.words, partition.counts.counts
    (['to', 'be', 'or', 'not'], array([2, 1, 1, 1]))
    >>> partition.token_ids
    array([0, 1, 2, 3, 0], dtype=int32)
    """
    numbering = Numbering()
    flat, ends = number_corpus(tokenized, numbering, array("i"))
    words, token_ids, offsets = numbering.words(), ids_in(flat), np.array(ends, np.int64)
    counts = WordCounts(words, count_occurrences(token_ids, len(words)), len(offsets) - 1)
    return NumberedPartition(counts, token_ids, offsets)


def merge_counts(parts: Sequence[WordCounts]) -> WordCounts:
    """Add up the counts of documents that stand one after another.

    Parameters
    ----------
    parts : sequence of WordCounts
        In the order of the documents, which decides the order of the words. They may be merged in
        any groups of neighbours: the result is the same.

    Returns
    -------
    counts : WordCounts
        Those of all the documents.

    Examples
    --------
    >>> from skw2v.corpus.partitions import merge_counts, number_documents
    >>> parts = [number_documents(part).counts for part in ([["a", "b"]], [["c", "a"]])]
    >>> merge_counts(parts)
    WordCounts(words=['a', 'b', 'c'], counts=array([2, 1, 1]), n_documents=2)
    """
    numbers: defaultdict[Hashable, int] = defaultdict(count().__next__)
    look_up = numbers.__getitem__
    places = [np.fromiter(map(look_up, part.words), np.int64, len(part.words)) for part in parts]
    counts = np.zeros(len(numbers), np.int64)
    for part, place in zip(parts, places, strict=True):
        counts[place] += part.counts
    return WordCounts(list(numbers), counts, sum(part.n_documents for part in parts))


def choose_words(
    counts: WordCounts,
    *,
    min_count: int = 5,
    max_vocab_size: int | None = None,
    vocabulary: Mapping[Hashable, int] | Iterable[Hashable] | None = None,
) -> Vocabulary:
    """Choose the vocabulary of a corpus.

    Parameters
    ----------
    counts : WordCounts
        Those of the whole corpus.
    min_count : int, default=5
        Drop words that occur less often than this.
    max_vocab_size : int, default=None
        Keep at most this many words, the most frequent ones.
    vocabulary : mapping of word to id, or iterable of words, default=None
        Use these words instead.

    Returns
    -------
    vocabulary : Vocabulary
        What `encode_documents` would choose.

    Raises
    ------
    ValueError
        If there are no documents, no tokens in them, or no words are left.

    Examples
    --------
    >>> from skw2v.corpus.partitions import choose_words, number_documents
    >>> counts = number_documents([["the", "cat"], ["the", "dog"]]).counts
    >>> choose_words(counts, min_count=2).index
    {'the': 0}
    """
    check_pruning(min_count, max_vocab_size)
    words, occurrences, n_documents = counts
    check_not_empty(n_documents, len(words))
    if vocabulary is not None:
        index = fixed_index(vocabulary)
        known = dict(zip(words, occurrences.tolist(), strict=True))
        in_order = np.fromiter((known.get(word, 0) for word in index), np.int64, len(index))
        if not in_order.any():
            raise nothing_known_error(index, n_documents, int(occurrences.sum()))
        return Vocabulary(index, in_order)
    kept = most_frequent_first(occurrences, min_count=min_count, max_vocab_size=max_vocab_size)
    if not len(kept):
        raise nothing_kept_error(words, occurrences, min_count, n_documents)
    return Vocabulary(number_words(words[place] for place in kept.tolist()), occurrences[kept])


def encode_partition(
    partition: NumberedPartition, index: Mapping[Hashable, int]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Replace the numbers of a partition by the ids of a vocabulary.

    Parameters
    ----------
    partition : NumberedPartition
        The documents; left as they are.
    index : mapping of hashable to int
        The id of each word. Tokens of other words are dropped.

    Returns
    -------
    token_ids : ndarray of shape (n_known_tokens,), dtype int32
        The ids of all documents, one after another.
    offsets : ndarray of shape (n_documents + 1,), dtype int64
        Where each document starts.

    Examples
    --------
    >>> from skw2v.corpus.partitions import encode_partition, number_documents
    >>> partition = number_documents([["to", "be"], ["or", "not", "to"]])
    >>> encode_partition(partition, {"be": 0, "to": 1})
    (array([1, 0, 1], dtype=int32), array([0, 2, 3]))
    """
    words = partition.counts.words
    ids = np.fromiter((index.get(word, UNKNOWN) for word in words), np.int32, len(words))
    # A new array, which is closed up in place, and then copied to what is left.
    token_ids = ids[partition.token_ids]
    n_known, offsets = close_gaps(token_ids, partition.offsets)
    return token_ids[:n_known].copy(), offsets


class PartitionedCorpus(ABC):
    """Documents that lie in several places, of which only sums can be had.

    Attributes
    ----------
    n_documents : int
        The number of documents.
    n_tokens : int
        The number of tokens in all documents.

    Examples
    --------
    >>> from skw2v.corpus import encode_documents
    >>> from skw2v.corpus.partitions import PartitionedCorpus
    >>> class Halves(PartitionedCorpus):
    ...     n_documents, n_tokens = 4, 6
    ...
    ...     def sum_over_partitions(self, function, *arguments):
    ...         corpus, _ = encode_documents([["a", "b"], ["a"]], min_count=1)
    ...         return sum(function(corpus, *arguments) for _ in range(2))
    >>> Halves().sum_over_partitions(lambda corpus: corpus.n_tokens)
    6
    """

    n_documents: int
    n_tokens: int

    @abstractmethod
    def sum_over_partitions(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Sum what a function says of each part of the documents.

        Parameters
        ----------
        function : callable
            Takes an `EncodedCorpus` and the arguments, and returns a number or an array.
        *arguments : object
            The same for all parts.

        Returns
        -------
        total : number or ndarray
            Added up in a fixed order.
        """
