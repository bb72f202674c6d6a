"""How often each word occurs in each document, as sparse matrices, from which pooling starts."""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from skw2v.corpus._numbering import Item, Numbering, in_batches, number_corpus
from skw2v.corpus._token_ids import UNKNOWN, ids_in
from skw2v.corpus.encoding import EncodedCorpus
from skw2v.corpus.splitting import TextBatch

# Tokens and documents that are counted at once where the whole is to be handled in parts: enough to
# hide the cost of each part, few enough that dense vectors of that many documents do not matter.
_BATCH_SIZE = 1 << 16


def count_tokens(
    tokenized: Iterable[Sequence[Hashable]],
    index: Mapping[Hashable, int],
    *,
    first_position: int = 0,
) -> csr_array:
    """Count how often each known word occurs in each document.

    Parameters
    ----------
    tokenized : iterable of sequences of hashable
        The tokens of each document (see `tokenize_documents`). Read once, and held in memory
        until they are counted: for many documents, see `count_tokens_in_batches`.
    index : mapping of hashable to int
        The ids of the known words, 0 to n_words - 1. Other tokens are ignored.
    first_position : int, default=0
        The index of the first document in the whole corpus, for error messages.

    Returns
    -------
    token_counts : csr_array of shape (n_documents, n_words), dtype float32
        In canonical format: no duplicates, column indices sorted.

    Raises
    ------
    TypeError
        If a token is not hashable.

    Examples
    --------
    >>> from skw2v.corpus import count_tokens
    >>> count_tokens([["a", "b", "a"], ["c"]], {"a": 0, "b": 1}).toarray()
    array([[2., 1.],
           [0., 0.]], dtype=float32)
    """
    numbering = Numbering(index, grows=False)
    return _count_numbered(tokenized, numbering, len(index), first_position)


def count_encoded_tokens(corpus: EncodedCorpus, n_words: int) -> csr_array:
    """Count how often each word occurs in each document of an encoded corpus.

    Parameters
    ----------
    corpus : EncodedCorpus
        The documents; left as they are.
    n_words : int
        Size of the vocabulary that they were encoded with.

    Returns
    -------
    token_counts : csr_array of shape (n_documents, n_words), dtype float32
        What `count_tokens` returns for the same documents.

    Examples
    --------
    >>> from skw2v.corpus import count_encoded_tokens, encode_documents
    >>> corpus, vocabulary = encode_documents([["a", "b", "a"], ["c"]], min_count=1)
    >>> count_encoded_tokens(corpus, len(vocabulary)).toarray()
    array([[2., 1., 0.],
           [0., 0., 1.]], dtype=float32)
    """
    # Copies, because duplicates are summed in place.
    return _count_ids(corpus.token_ids.copy(), corpus.offsets.copy(), n_words)


def count_tokens_in_batches(
    tokenized: Iterable[Sequence[Hashable]], index: Mapping[Hashable, int]
) -> Iterator[csr_array]:
    """Count words as `count_tokens` does, a part of the documents at a time.

    Parameters
    ----------
    tokenized : iterable of sequences of hashable
        The tokens of each document (see `tokenize_documents`). Read once, as the counts are asked
        for.
    index : mapping of hashable to int
        The ids of the known words, 0 to n_words - 1. Other tokens are ignored.

    Yields
    ------
    token_counts : csr_array of shape (n_documents_of_batch, n_words), dtype float32
        The rows of the next documents, of some ten thousand tokens together, or of one longer
        document.

    Examples
    --------
    >>> from skw2v.corpus import count_tokens_in_batches
    >>> documents = (["a", "b"] for _ in range(100_000))
    >>> sum(batch.shape[0] for batch in count_tokens_in_batches(documents, {"a": 0}))
    100000
    """
    first_position = 0
    numbering = Numbering(index, grows=False)
    for batch in _batches(in_batches(tokenized)):
        token_counts = _count_numbered(batch, numbering, len(index), first_position)
        yield token_counts
        first_position += token_counts.shape[0]


def count_encoded_in_batches(corpus: EncodedCorpus, n_words: int) -> Iterator[csr_array]:
    """Count words as `count_encoded_tokens` does, a part of the documents at a time.

    Parameters
    ----------
    corpus : EncodedCorpus
        The documents; left as they are.
    n_words : int
        Size of the vocabulary that they were encoded with.

    Yields
    ------
    token_counts : csr_array of shape (n_documents_of_batch, n_words), dtype float32
        The rows of the next documents, of some ten thousand tokens together, or of one longer
        document.

    Examples
    --------
    >>> from skw2v.corpus import count_encoded_in_batches, encode_documents
    >>> corpus, vocabulary = encode_documents([["a", "b"]] * 100_000)
    >>> batches = count_encoded_in_batches(corpus, len(vocabulary))
    >>> sum(batch.shape[0] for batch in batches)
    100000
    """
    offsets, first = corpus.offsets, 0
    while first < corpus.n_documents:
        last = int(np.searchsorted(offsets, offsets[first] + _BATCH_SIZE, side="right")) - 1
        last = min(max(last, first + 1), first + _BATCH_SIZE)
        token_ids = corpus.token_ids[offsets[first] : offsets[last]]
        batch = EncodedCorpus(token_ids, offsets[first : last + 1] - offsets[first])
        yield count_encoded_tokens(batch, n_words)
        first = last


def _batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Yield lists of successive documents, and each batch of texts in a list of its own."""
    batch: list[Item] = []
    size = 0
    for item in items:
        is_document = not isinstance(item, TextBatch)
        if is_document:
            batch.append(item)
            size += 1 + len(item)  # empty documents count, too
        if batch and (size >= _BATCH_SIZE or not is_document):
            yield batch
            batch, size = [], 0
        if not is_document:
            yield [item]
    if batch:
        yield batch


def _count_numbered(
    items: Iterable[Item], numbering: Numbering, n_words: int, first_position: int
) -> csr_array:
    """Count words of documents, the first of which has this index in the corpus."""
    flat, offsets = number_corpus(items, numbering, array("i"), first_position)
    token_ids = ids_in(flat)
    known = token_ids != UNKNOWN
    n_known = np.concatenate([[0], np.cumsum(known, dtype=np.int64)])
    return _count_ids(token_ids[known], n_known[np.asarray(offsets)], n_words)


def _count_ids(token_ids: NDArray[np.int32], offsets: NDArray[np.int64], n_words: int) -> csr_array:
    """Count the ids of each document, in place of the arrays that hold them."""
    # Counted in integers: a float32 that grows by one stops growing at 2 ** 24.
    ones = np.ones(len(token_ids), dtype=np.int64)
    token_counts = csr_array((ones, token_ids, offsets), shape=(len(offsets) - 1, n_words))
    token_counts.sum_duplicates()
    return token_counts.astype(np.float32)
