"""Token sequences turned into one flat array of integers, in a single pass.

The pass numbers words as they appear: a dictionary that gives a new word the next number is
mapped over the tokens of each document, so that no Python bytecode runs per token. When the
stream has ended the words can be counted and pruned, and the provisional numbers are replaced by
the final ids, in place and block by block. Memory therefore peaks near the four bytes per token
of the result, or far below where they are kept in a file, and the stream may be a generator over
files larger than memory.

Positions in the corpus are 64-bit throughout; only word ids are 32-bit. Documents are never cut,
and those that lose all their words to pruning stay, empty, so that document i of the input is
document i of the corpus.

Any hashable object is a token. Tokens are equal as Python says, so 1, 1.0 and True are one word.
"""

from __future__ import annotations

import reprlib
from array import array
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count, repeat
from os import PathLike
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from skw2v.corpus.files import IdFile
from skw2v.corpus.vocabulary import (
    Vocabulary,
    check_pruning,
    fixed_index,
    most_frequent_first,
    number_words,
)

# Tokens that are counted or renumbered at once: large enough to hide the cost of a NumPy call,
# small enough that the temporary arrays do not matter.
_BLOCK_SIZE = 1 << 20

# Tokens and documents that are counted at once where the whole is to be handled in parts: enough to
# hide the cost of each part, few enough that dense vectors of that many documents do not matter.
_BATCH_SIZE = 1 << 16

_UNKNOWN = -1

# Words that are counted before they are known. About 100 MB, and far more than can become frequent
# in the time between two clearances.
_MAX_CANDIDATES = 1 << 20

_Ids = TypeVar("_Ids", bound="array[int] | IdFile")


@dataclass(frozen=True, eq=False)
class EncodedCorpus:
    """A corpus as arrays: the ids of all tokens, and where each document begins.

    Parameters
    ----------
    token_ids : ndarray of shape (n_tokens,), dtype int32
        The word ids of all documents, one document after the other.
    offsets : ndarray of shape (n_documents + 1,), dtype int64
        Document i is ``token_ids[offsets[i] : offsets[i + 1]]``; it may be empty.

    Attributes
    ----------
    n_tokens : int
        The number of tokens in all documents.
    n_documents : int
        The number of documents, empty ones included.

    Examples
    --------
    >>> from skw2v.corpus import encode_documents
    >>> corpus, vocabulary = encode_documents([["a", "b"], [], ["a"]], min_count=1)
    >>> corpus.token_ids, corpus.offsets
    (array([0, 1, 0], dtype=int32), array([0, 2, 2, 3]))
    """

    token_ids: NDArray[np.int32]
    offsets: NDArray[np.int64]

    @property
    def n_tokens(self) -> int:
        """The number of tokens in all documents."""
        return len(self.token_ids)

    @property
    def n_documents(self) -> int:
        """The number of documents, empty ones included."""
        return len(self.offsets) - 1


def encode_documents(
    tokenized: Iterable[Sequence[Hashable]],
    *,
    min_count: int = 5,
    max_vocab_size: int | None = None,
    vocabulary: Mapping[Hashable, int] | Iterable[Hashable] | None = None,
    temp_folder: str | PathLike[str] | None = None,
) -> tuple[EncodedCorpus, Vocabulary]:
    """Encode token sequences as word ids, learning the vocabulary unless it is given.

    Parameters
    ----------
    tokenized : iterable of sequences of hashable
        The tokens of each document (see `tokenize_documents`). Read once.
    min_count : int, default=5
        Drop words that occur less often than this in the whole corpus. At least 1.
    max_vocab_size : int, default=None
        Keep at most this many words, the most frequent ones. At least 1; None keeps all.
    vocabulary : mapping of word to id, or iterable of words, default=None
        Use these words with these ids (see `fixed_index`) and ignore all other tokens;
        `min_count` and `max_vocab_size` then have no effect.
    temp_folder : str or path, default=None
        Keep the word ids in a temporary, memory-mapped file in this folder, which takes 4 bytes per
        token and vanishes with the corpus. The offsets, 8 bytes per document, and the words stay in
        memory. None keeps everything in memory.

    Returns
    -------
    corpus : EncodedCorpus
        The documents without the tokens that are not in the vocabulary.
    vocabulary : Vocabulary
        The words, by falling count with ties by first appearance, or in the order given; words
        of a given vocabulary that do not occur have the count 0.

    Raises
    ------
    ValueError
        If there are no documents, if all of them are empty, if no word remains after pruning,
        if no token is in the given vocabulary, or if a parameter is out of range.
    TypeError
        If a token is not hashable, or if a parameter has the wrong type.
    OSError
        If `temp_folder` cannot be written to, or is full.

    Examples
    --------
    >>> from skw2v.corpus import encode_documents
    >>> documents = [["the", "cat", "sat"], ["the", "dog", "sat"], ["the", "end"]]
    >>> corpus, vocabulary = encode_documents(documents, min_count=2)
    >>> vocabulary.index
    {'the': 0, 'sat': 1}
    >>> vocabulary.counts
    array([3, 2])
    >>> corpus.token_ids, corpus.offsets
    (array([0, 1, 0, 1, 0], dtype=int32), array([0, 2, 4, 5]))
    """
    check_pruning(min_count, max_vocab_size)
    index = None if vocabulary is None else fixed_index(vocabulary)
    flat = array("i") if temp_folder is None else IdFile(temp_folder)
    if index is not None:
        return _encode_with(index, tokenized, flat)
    return _encode_and_learn(tokenized, min_count, max_vocab_size, flat)


@dataclass(frozen=True, eq=False)
class MoreDocuments:
    """What the next documents of a stream have added.

    Parameters
    ----------
    corpus : EncodedCorpus
        The documents without the tokens that are not in the vocabulary.
    vocabulary : Vocabulary
        The old words in their places, then the new ones; counts are those of the whole stream.
    candidates : dict of hashable to int
        How often each word that is not in the vocabulary has occurred in the stream.
    n_ignored : int
        How many tokens of the documents are not in the vocabulary.
    """

    corpus: EncodedCorpus
    vocabulary: Vocabulary
    candidates: dict[Hashable, int]
    n_ignored: int


def encode_more_documents(
    tokenized: Iterable[Sequence[Hashable]],
    vocabulary: Vocabulary,
    candidates: Mapping[Hashable, int],
    *,
    min_count: int | None = 5,
    max_vocab_size: int | None = None,
    temp_folder: str | PathLike[str] | None = None,
) -> MoreDocuments:
    """Encode the next documents of a stream, with a vocabulary that may grow.

    Parameters
    ----------
    tokenized : iterable of sequences of hashable
        The tokens of each document (see `tokenize_documents`). Read once.
    vocabulary : Vocabulary
        The words known so far; left as it is. It may be empty.
    candidates : mapping of hashable to int
        How often words that are not known have occurred so far; left as it is.
    min_count : int, default=5
        Words that have now occurred so often in the stream become known, those that occurred most
        first. None lets no word in.
    max_vocab_size : int, default=None
        Let words in only while there are fewer than this. None lets all in.
    temp_folder : str or path, default=None
        See `encode_documents`.

    Returns
    -------
    more : MoreDocuments
        The encoded documents, the words and their counts. At most 2**20 candidates are remembered:
        beyond that, the rarer half is forgotten, of equally rare ones those seen first.

    Raises
    ------
    ValueError
        If there are no documents, or no tokens in them.
    TypeError
        If a token is not hashable.
    OSError
        If `temp_folder` cannot be written to, or is full.

    Examples
    --------
    >>> import numpy as np
    >>> from skw2v.corpus import Vocabulary, encode_more_documents
    >>> vocabulary = Vocabulary({"the": 0}, np.array([2]))
    >>> more = encode_more_documents(
    ...     [["the", "cat"], ["a", "cat"]], vocabulary, {"cat": 1, "dog": 1}, min_count=3
    ... )
    >>> more.vocabulary.index, more.vocabulary.counts
    ({'the': 0, 'cat': 1}, array([3, 3]))
    >>> more.corpus.token_ids, more.candidates, more.n_ignored
    (array([0, 1, 1], dtype=int32), {'dog': 1, 'a': 1}, 1)
    """
    n_old = len(vocabulary)
    provisional_ids: defaultdict[Hashable, int] = defaultdict(
        count(n_old).__next__, vocabulary.index
    )
    for word in candidates:
        provisional_ids[word]
    look_up = provisional_ids.__getitem__
    flat, offsets = _flatten(
        tokenized,
        lambda document: map(look_up, document),
        array("i") if temp_folder is None else IdFile(temp_folder),
    )
    _check_not_empty(flat, offsets)
    n_tokens = len(flat)

    words = list(provisional_ids)
    counts = _count_occurrences(_ids_in(flat), len(words))
    counts[:n_old] += vocabulary.counts
    counts[n_old : n_old + len(candidates)] += np.fromiter(candidates.values(), dtype=np.int64)
    room = None if max_vocab_size is None else max(max_vocab_size - n_old, 0)
    new = np.empty(0, dtype=np.int64)
    if min_count is not None:
        new = n_old + most_frequent_first(counts[n_old:], min_count=min_count, max_vocab_size=room)

    final_ids = np.full(len(words), _UNKNOWN, dtype=np.int32)
    final_ids[:n_old] = np.arange(n_old)
    final_ids[new] = n_old + np.arange(len(new))
    _renumber(_ids_in(flat), final_ids)
    corpus = EncodedCorpus(*_drop_unknown(flat, offsets))
    kept = np.concatenate([np.arange(n_old), new])
    index = number_words(words[provisional_id] for provisional_id in kept.tolist())
    waiting = np.flatnonzero(final_ids == _UNKNOWN)
    if len(waiting) > _MAX_CANDIDATES:
        last_seen_first = waiting[::-1]
        most_frequent = np.argsort(-counts[last_seen_first], kind="stable")[: _MAX_CANDIDATES // 2]
        waiting = np.sort(last_seen_first[most_frequent])
    return MoreDocuments(
        corpus,
        Vocabulary(index, counts[kept]),
        {words[k]: n for k, n in zip(waiting.tolist(), counts[waiting].tolist(), strict=True)},
        n_tokens - corpus.n_tokens,
    )


def select_documents(corpus: EncodedCorpus, documents: NDArray[np.int64]) -> EncodedCorpus:
    """Copy some of the documents of a corpus.

    Parameters
    ----------
    corpus : EncodedCorpus
        The documents; left as they are.
    documents : ndarray of shape (n_selected,), dtype int64
        Which documents, in the order wanted.

    Returns
    -------
    selected : EncodedCorpus
        These documents, in memory.

    Examples
    --------
    >>> import numpy as np
    >>> from skw2v.corpus import encode_documents, select_documents
    >>> corpus, vocabulary = encode_documents([["a", "b"], ["a"], ["b", "b"]], min_count=1)
    >>> select_documents(corpus, np.array([2, 0])).token_ids
    array([0, 0, 1, 0], dtype=int32)
    """
    starts, lengths = corpus.offsets[:-1][documents], np.diff(corpus.offsets)[documents]
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    # Each token's place in its document, added to where the document starts.
    places = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], lengths)
    return EncodedCorpus(corpus.token_ids[places], offsets)


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
    documents = list(tokenized)
    offsets = np.zeros(len(documents) + 1, dtype=np.int64)
    offsets[1:] = np.cumsum([len(document) for document in documents])
    token_ids = map(index.get, chain.from_iterable(documents), repeat(_UNKNOWN))
    try:
        flat = np.fromiter(token_ids, dtype=np.int32, count=offsets[-1])
    except TypeError:
        for position, document in enumerate(documents, first_position):
            _check_hashable(document, position)
        raise
    known = flat >= 0
    n_known = np.concatenate([[0], np.cumsum(known, dtype=np.int64)])
    return _count_ids(flat[known], n_known[offsets], len(index))


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
    for batch in _batches(tokenized):
        yield count_tokens(batch, index, first_position=first_position)
        first_position += len(batch)


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


def _batches(
    tokenized: Iterable[Sequence[Hashable]],
) -> Iterator[list[Sequence[Hashable]]]:
    """Yield lists of successive documents."""
    batch: list[Sequence[Hashable]] = []
    size = 0
    for document in tokenized:
        batch.append(document)
        size += 1 + len(document)  # empty documents count, too
        if size >= _BATCH_SIZE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _count_ids(token_ids: NDArray[np.int32], offsets: NDArray[np.int64], n_words: int) -> csr_array:
    """Count the ids of each document, in place of the arrays that hold them."""
    # Counted in integers: a float32 that grows by one stops growing at 2 ** 24.
    ones = np.ones(len(token_ids), dtype=np.int64)
    token_counts = csr_array((ones, token_ids, offsets), shape=(len(offsets) - 1, n_words))
    token_counts.sum_duplicates()
    return token_counts.astype(np.float32)


def _encode_and_learn(
    tokenized: Iterable[Sequence[Hashable]],
    min_count: int,
    max_vocab_size: int | None,
    flat: array[int] | IdFile,
) -> tuple[EncodedCorpus, Vocabulary]:
    """Encode documents with the vocabulary that their own counts give."""
    provisional_ids: defaultdict[Hashable, int] = defaultdict(count().__next__)
    look_up = provisional_ids.__getitem__
    flat, offsets = _flatten(tokenized, lambda document: map(look_up, document), flat)
    _check_not_empty(flat, offsets)

    words = list(provisional_ids)
    counts = _count_occurrences(_ids_in(flat), len(words))
    kept = most_frequent_first(counts, min_count=min_count, max_vocab_size=max_vocab_size)
    if not len(kept):
        raise _nothing_kept_error(words, counts, min_count, n_documents=len(offsets) - 1)

    final_ids = np.full(len(words), _UNKNOWN, dtype=np.int32)
    final_ids[kept] = np.arange(len(kept), dtype=np.int32)
    _renumber(_ids_in(flat), final_ids)
    index = number_words(words[provisional_id] for provisional_id in kept.tolist())
    return EncodedCorpus(*_drop_unknown(flat, offsets)), Vocabulary(index, counts[kept])


def _encode_with(
    index: dict[Hashable, int],
    tokenized: Iterable[Sequence[Hashable]],
    flat: array[int] | IdFile,
) -> tuple[EncodedCorpus, Vocabulary]:
    """Encode documents with a fixed vocabulary."""
    flat, offsets = _flatten(tokenized, _known_ids(index), flat)
    _check_not_empty(flat, offsets)
    n_tokens = len(flat)
    corpus = EncodedCorpus(*_drop_unknown(flat, offsets))
    if not corpus.n_tokens:
        raise ValueError(
            f"None of the {n_tokens} tokens in {corpus.n_documents} documents is in the given "
            f"vocabulary of {len(index)} words, whose first word is "
            f"{reprlib.repr(next(iter(index)))}. Pass the words as they appear in the documents "
            "after tokenisation, or None to learn them."
        )
    return corpus, Vocabulary(index, _count_occurrences(corpus.token_ids, len(index)))


def _known_ids(
    index: Mapping[Hashable, int],
) -> Callable[[Sequence[Hashable]], Iterable[int]]:
    """Return a function that gives the ids of the tokens of a document, -1 for unknown ones."""
    return lambda document: map(index.get, document, repeat(_UNKNOWN))


def _flatten(
    tokenized: Iterable[Sequence[Hashable]],
    ids_of: Callable[[Sequence[Hashable]], Iterable[int]],
    flat: _Ids,
) -> tuple[_Ids, array[int]]:
    """Chain the ids of all documents (int32) in `flat` and note where each ends (int64)."""
    # Arrays of the standard library, because they grow in place.
    offsets = array("q", [0])
    for position, document in enumerate(tokenized):
        try:
            flat.fromlist(list(ids_of(document)))
        except TypeError:
            _check_hashable(document, position)
            raise
        offsets.append(len(flat))
    return flat, offsets


def _ids_in(flat: array[int] | IdFile) -> NDArray[np.int32]:
    """Return a view of what `_flatten` returned, to be let go before `flat` is changed."""
    # NumPy knows several 32-bit integers, compiled code should see but one.
    return flat.as_array() if isinstance(flat, IdFile) else np.asarray(flat).view(np.int32)


def _drop_unknown(
    flat: array[int] | IdFile, offsets: array[int]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Remove the unknown tokens from what `_flatten` returned, and hand it over as ndarrays."""
    n_known, new_offsets = _close_gaps(_ids_in(flat), np.asarray(offsets))
    if not isinstance(flat, IdFile):
        del flat[n_known:]  # gives memory back
    return _ids_in(flat)[:n_known], new_offsets


def _close_gaps(
    token_ids: NDArray[np.int32], offsets: NDArray[np.int64]
) -> tuple[int, NDArray[np.int64]]:
    """Move the known ids to the front, in place; return their number and the new offsets."""
    new_offsets = np.zeros(len(offsets), dtype=np.int64)
    start = n_known = 0
    for block in _blocks(token_ids):
        known = block != _UNKNOWN
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


def _renumber(token_ids: NDArray[np.int32], new_ids: NDArray[np.int32]) -> None:
    """Replace each id by ``new_ids[id]``, in place."""
    for block in _blocks(token_ids):
        np.take(new_ids, block, out=block)


def _count_occurrences(token_ids: NDArray[np.int32], n_words: int) -> NDArray[np.int64]:
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


def _check_hashable(document: Sequence[Hashable], position: int) -> None:
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


def _check_not_empty(flat: array[int] | IdFile, offsets: array[int]) -> None:
    """Raise if there are no documents, or no tokens in them."""
    n_documents = len(offsets) - 1
    if not n_documents:
        raise ValueError(
            "The corpus is empty: there are no documents. Pass at least one; a generator can be "
            "read only once."
        )
    if not len(flat):
        raise ValueError(
            f"The corpus is empty: none of the {n_documents} documents contains a token. Pass "
            "documents with words, or check how they are split into tokens (stop words, token "
            "pattern)."
        )


def _nothing_kept_error(
    words: list[Hashable], counts: NDArray[np.int64], min_count: int, n_documents: int
) -> ValueError:
    """Return the error for a corpus whose words are all too rare."""
    commonest = most_frequent_first(counts, min_count=1, max_vocab_size=3)
    listed = ", ".join(f"{reprlib.repr(words[i])} ({counts[i]})" for i in commonest)
    return ValueError(
        f"Empty vocabulary: no word occurs at least min_count={min_count} times in {n_documents} "
        f"documents with {counts.sum()} tokens. The most frequent words (and counts) are "
        f"{listed}. Lower min_count to at most {counts.max()} or pass more documents."
    )
