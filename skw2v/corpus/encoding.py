"""Token sequences turned into one flat array of integers, in a single pass.

The pass numbers words as they appear (`Numbering`): texts in compiled code that splits them, too,
other tokens by a dictionary, mapped over them, so that no Python bytecode runs per token. When the
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

from array import array
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike

import numpy as np
from numpy.typing import NDArray

from skw2v.corpus._errors import check_not_empty, nothing_kept_error, nothing_known_error
from skw2v.corpus._numbering import Numbering, number_corpus
from skw2v.corpus._token_ids import UNKNOWN, count_occurrences, drop_unknown, ids_in, renumber
from skw2v.corpus.files import IdFile
from skw2v.corpus.vocabulary import (
    Vocabulary,
    check_pruning,
    fixed_index,
    most_frequent_first,
    number_words,
)

# Words that are counted before they are known. About 100 MB, and far more than can become frequent
# in the time between two clearances.
_MAX_CANDIDATES = 1 << 20


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
    known = [*vocabulary.index, *candidates]
    numbering = Numbering(dict(zip(known, range(len(known)), strict=True)))
    flat, offsets = number_corpus(
        tokenized, numbering, array("i") if temp_folder is None else IdFile(temp_folder)
    )
    check_not_empty(len(offsets) - 1, len(flat))
    n_tokens = len(flat)

    words = numbering.words()
    counts = count_occurrences(ids_in(flat), len(words))
    counts[:n_old] += vocabulary.counts
    counts[n_old : n_old + len(candidates)] += np.fromiter(candidates.values(), dtype=np.int64)
    room = None if max_vocab_size is None else max(max_vocab_size - n_old, 0)
    new = np.empty(0, dtype=np.int64)
    if min_count is not None:
        new = n_old + most_frequent_first(counts[n_old:], min_count=min_count, max_vocab_size=room)

    final_ids = np.full(len(words), UNKNOWN, dtype=np.int32)
    final_ids[:n_old] = np.arange(n_old)
    final_ids[new] = n_old + np.arange(len(new))
    renumber(ids_in(flat), final_ids)
    corpus = EncodedCorpus(*drop_unknown(flat, offsets))
    kept = np.concatenate([np.arange(n_old), new])
    index = number_words(words[provisional_id] for provisional_id in kept.tolist())
    waiting = np.flatnonzero(final_ids == UNKNOWN)
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


def _encode_and_learn(
    tokenized: Iterable[Sequence[Hashable]],
    min_count: int,
    max_vocab_size: int | None,
    flat: array[int] | IdFile,
) -> tuple[EncodedCorpus, Vocabulary]:
    """Encode documents with the vocabulary that their own counts give."""
    numbering = Numbering()
    flat, offsets = number_corpus(tokenized, numbering, flat)
    check_not_empty(len(offsets) - 1, len(flat))

    words = numbering.words()
    counts = count_occurrences(ids_in(flat), len(words))
    kept = most_frequent_first(counts, min_count=min_count, max_vocab_size=max_vocab_size)
    if not len(kept):
        raise nothing_kept_error(words, counts, min_count, n_documents=len(offsets) - 1)

    final_ids = np.full(len(words), UNKNOWN, dtype=np.int32)
    final_ids[kept] = np.arange(len(kept), dtype=np.int32)
    renumber(ids_in(flat), final_ids)
    index = number_words(words[provisional_id] for provisional_id in kept.tolist())
    return EncodedCorpus(*drop_unknown(flat, offsets)), Vocabulary(index, counts[kept])


def _encode_with(
    index: dict[Hashable, int],
    tokenized: Iterable[Sequence[Hashable]],
    flat: array[int] | IdFile,
) -> tuple[EncodedCorpus, Vocabulary]:
    """Encode documents with a fixed vocabulary."""
    flat, offsets = number_corpus(tokenized, Numbering(index, grows=False), flat)
    check_not_empty(len(offsets) - 1, len(flat))
    n_tokens = len(flat)
    corpus = EncodedCorpus(*drop_unknown(flat, offsets))
    if not corpus.n_tokens:
        raise nothing_known_error(index, corpus.n_documents, n_tokens)
    return corpus, Vocabulary(index, count_occurrences(corpus.token_ids, len(index)))
