"""A table of words that compiled code fills and searches while it splits texts.

Python looks a word up in a dictionary after it has made a string of it and hashed that. Here the
bytes of a text are classified, hashed and compared where they lie, and a string is made of each
distinct word once.

The table is a hash table with open addressing. The bytes of its words stand one after another in
one array, and a slot holds the number of a word beside half of its hash, so that other words are
seldom compared byte by byte. The hash starts at a random number, so that nobody can foresee which
words meet in one slot.

Jitted code is here because the corpus knows nothing of training, and shares none with its kernels.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from skw2v._compiling import inner, kernel
from skw2v.corpus._token_ids import UNKNOWN
from skw2v.corpus.splitting import ENCODING, TextBatch

# FNV-1a, 64 bits (Fowler, Noll, Vo; public domain).
_FNV_PRIME = np.uint64(0x100000001B3)
_HALF = np.uint64(32)
_LOW_HALF = 0xFFFFFFFF
_TAG_MASK = np.uint64(0x7FFFFFFF)

_IDS_AT_ONCE = 1 << 16
_FIRST_LETTERS, _FIRST_WORDS = 1 << 15, 1 << 12  # room in an empty table, which doubles
_NO_TABLE = np.zeros(0, np.bool_)
_SLOTS_PER_WORD = 2  # at least: the table is never more than half full


class _Arrays(NamedTuple):
    """What compiled code sees of a table."""

    letters: NDArray[np.uint8]  # (n_letters,) the words' bytes, one word after another
    starts: NDArray[np.int64]  # (n_words + 1,) where each starts
    slots: NDArray[np.int64]  # (n_slots,) half a hash and a word's number, or -1
    basis: np.uint64  # where hashes start


@inner
def _extend_hash(value, byte):
    """Hash one more byte."""
    return (value ^ np.uint64(byte)) * _FNV_PRIME


@inner
def _finish_hash(value, slots):
    """Return the first slot to look at, and the half of the hash that a slot keeps."""
    value ^= value >> _HALF
    return np.int64(value) & (slots.shape[0] - 1), np.int64((value >> _HALF) & _TAG_MASK)


@kernel
def place_words(n_words, table):
    """Enter all words, which are distinct, into slots that are empty."""
    letters, starts, slots, basis = table
    for word in range(n_words):
        value = basis
        for k in range(starts[word], starts[word + 1]):
            value = _extend_hash(value, letters[k])
        slot, tag = _finish_hash(value, slots)
        while slots[slot] >= 0:
            slot = (slot + 1) & (slots.shape[0] - 1)
        slots[slot] = (tag << 32) | word


@inner
def _look(text, position, classes, belongs):
    """Return how many bytes the character that starts here has, and whether it is of a word."""
    byte = text[position]
    if byte < 0x80:
        return 1, classes[byte] >= 0
    second = text[position + 1] & 63
    if byte < 0xE0:
        return 2, belongs[((byte & 31) << 6) | second]
    third = text[position + 2] & 63
    if byte < 0xF0:
        return 3, belongs[((byte & 15) << 12) | (second << 6) | third]
    fourth = text[position + 3] & 63
    return 4, belongs[((byte & 7) << 18) | (second << 12) | (third << 6) | fourth]


@kernel
def number_words(
    text, ends, classes, belongs, shortest, document, position, n_stop_words, n_words, grows, table,
    ids, id_ends,
):  # fmt: skip
    """Split documents into words and number these, until all are done or room runs short.

    Parameters
    ----------
    text : ndarray of shape (n_bytes,), dtype=uint8
        UTF-8, a separator at the end of each document.
    ends : ndarray of shape (n_documents,), dtype=int64
        One past the separator of each document.
    classes : ndarray of shape (256,), dtype=int16
        For each byte the one that stands for it in words, or -1 if it is of none.
    belongs : ndarray of shape (n_code_points,), dtype=bool
        For each character, if the text is not of ASCII, whether it belongs to a word.
    shortest : int
        How many characters a word has at least.
    document, position : int
        Where to go on.
    n_stop_words : int
        How many of the first words of the table are left out; the next one's number is 0.
    n_words : int
        How many words the table holds.
    grows : bool
        Whether words that are not in it are entered, or numbered `UNKNOWN`.
    table : _Arrays
        The words; changed in place.
    ids : ndarray of shape (capacity,), dtype=int32
        Filled with the numbers of the words.
    id_ends : ndarray of shape (n_documents,), dtype=int64
        For each document that ends here, the place in `ids` where it does.

    Returns
    -------
    document, position, n_words, n_ids : int
        Where it has got to. If documents are left, `ids` is full, or there is no room in the table.
    """
    letters, starts, slots, basis = table
    capacity = min(starts.shape[0] - 1, slots.shape[0] // _SLOTS_PER_WORD)
    n_ids = 0
    while document < ends.shape[0]:
        while position < ends[document]:
            width, is_of_word = _look(text, position, classes, belongs)
            start = position
            value = basis
            n_characters = 0
            while is_of_word:
                for k in range(position, position + width):
                    value = _extend_hash(value, classes[text[k]])
                n_characters += 1
                position += width
                width, is_of_word = _look(text, position, classes, belongs)
            if n_characters >= shortest:
                length = position - start
                if n_ids == ids.shape[0]:
                    return document, start, n_words, n_ids
                slot, tag = _finish_hash(value, slots)
                word = np.int64(UNKNOWN)
                while slots[slot] >= 0 and word < 0:
                    if slots[slot] >> 32 == tag:
                        word = slots[slot] & _LOW_HALF
                        first = starts[word]
                        is_same = starts[word + 1] - first == length
                        k = 0
                        while is_same and k < length:
                            is_same = letters[first + k] == classes[text[start + k]]
                            k += 1
                        if not is_same:
                            word = np.int64(UNKNOWN)
                    slot = (slot + 1) & (slots.shape[0] - 1)
                if word < 0 and grows:
                    first = starts[n_words]
                    if n_words == capacity or first + length > letters.shape[0]:
                        return document, start, n_words, n_ids
                    for k in range(length):
                        letters[first + k] = classes[text[start + k]]
                    word = n_words
                    slots[slot] = (tag << 32) | word
                    n_words += 1
                    starts[n_words] = first + length
                if word < 0 or word >= n_stop_words:
                    ids[n_ids] = max(word - n_stop_words, UNKNOWN)
                    n_ids += 1
            position += width
        id_ends[document] = n_ids
        document += 1
    return document, position, n_words, n_ids


class WordTable:
    """Distinct words, numbered in the order in which they were entered.

    Parameters
    ----------
    words : iterable of str
        The first words, each once.
    stop_words : collection of str
        Words to leave out, none of `words`.
    """

    def __init__(self, words: Iterable[str] = (), stop_words: Collection[str] = ()) -> None:
        encoded = [word.encode(*ENCODING) for word in (*stop_words, *words)]
        self._n_stop_words, self._n_words = len(stop_words), len(encoded)  # these hold those
        self._ids = np.empty(_IDS_AT_ONCE, np.int32)
        basis = np.uint64(secrets.randbits(64))
        starts = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
        letters = np.frombuffer(b"".join(encoded), np.uint8)
        self._arrays = _Arrays(letters, starts, np.empty(0, np.int64), basis)
        self._grow(_FIRST_LETTERS, _FIRST_WORDS)

    def number(
        self, batch: TextBatch, grows: bool
    ) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int64]]]:
        """Split texts into words and number them.

        Parameters
        ----------
        batch : TextBatch
            The texts.
        grows : bool
            Whether words that are not in the table are entered, or numbered `UNKNOWN`.

        Yields
        ------
        ids, ends : ndarray
            See `Numbering.number_texts`.
        """
        encoded, splitting = batch
        classes = np.frombuffer(splitting.table, np.uint8).astype(np.int16)
        classes[classes == ord(" ")] = -1
        joined = b" ".join([*encoded, b""])
        text = np.frombuffer(joined, np.uint8)
        belongs = _NO_TABLE if joined.isascii() else splitting.belongs
        ends = np.cumsum([len(document) + 1 for document in encoded], dtype=np.int64)
        id_ends = np.empty(len(encoded), np.int64)
        document = position = 0
        while document < len(encoded):
            first = document
            document, position, self._n_words, n_ids = number_words(
                text, ends, classes, belongs, splitting.shortest, document, position,
                self._n_stop_words, self._n_words, grows, self._arrays, self._ids, id_ends,
            )  # fmt: skip
            yield self._ids[:n_ids], id_ends[first:document]
            if document < len(encoded) and n_ids < len(self._ids):
                self._make_room()

    def words(self, first: int = 0) -> list[str]:
        """Return the words from the first, in the order of their numbers."""
        letters = self._arrays.letters.tobytes()
        first += self._n_stop_words
        starts = self._arrays.starts[first : self._n_words + 1].tolist()
        return [letters[start:end].decode(*ENCODING) for start, end in pairwise(starts)]

    def _make_room(self) -> None:
        """Double what was not enough: the room for words, or that for their letters."""
        capacity = len(self._arrays.starts) - 1
        if self._n_words == capacity:
            self._grow(len(self._arrays.letters), 2 * capacity)
        else:
            self._grow(2 * len(self._arrays.letters), capacity)

    def _grow(self, letters: int, words: int) -> None:
        """Make room for so many letters and words, or as many as there are."""
        old = self._arrays
        n_letters = old.starts[self._n_words]
        words = max(words, self._n_words)
        new = _Arrays(
            np.empty(max(letters, n_letters), np.uint8),
            np.empty(words + 1, np.int64),
            np.full(1 << (_SLOTS_PER_WORD * words - 1).bit_length(), -1, np.int64),
            old.basis,
        )
        new.letters[:n_letters] = old.letters[:n_letters]
        new.starts[: self._n_words + 1] = old.starts[: self._n_words + 1]
        place_words(self._n_words, new)
        self._arrays = new
