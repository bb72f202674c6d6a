"""Words and their numbers, while a corpus is read.

Two things can number words. A dictionary takes tokens of any kind. A table in compiled code takes
texts that are yet to be split, several times as fast, and knows words alone. The numbers are the
same; which of the two has the words depends on what the documents are.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, count, repeat
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from skw2v.corpus._token_ids import UNKNOWN, check_hashable
from skw2v.corpus.documents import TokenizedDocuments
from skw2v.corpus.splitting import TextBatch

if TYPE_CHECKING:
    from skw2v.corpus._word_table import WordTable
    from skw2v.corpus.files import IdFile

_Ids = TypeVar("_Ids", bound="array[int] | IdFile")

Item = TextBatch | Sequence[Hashable]  # some texts, or the tokens of a document


class Numbering:
    """The numbers of words.

    Parameters
    ----------
    index : mapping of hashable to int, default=None
        Words that have numbers already.
    grows : bool, default=True
        Whether other words are given the next numbers, in the order in which they appear; those of
        `index` are then 0 to n_words - 1, in this order. Otherwise they are `UNKNOWN`.
    """

    def __init__(self, index: Mapping[Hashable, int] | None = None, *, grows: bool = True) -> None:
        self.grows = grows
        index = {} if index is None else index
        self._look_up: Callable[[Iterable[Hashable]], Iterable[int]]
        if grows:
            self._index: Any = defaultdict(count(len(index)).__next__, index)
            self._look_up = partial(map, self._index.__getitem__)
        else:
            self._index = index
            self._look_up = lambda tokens: map(index.get, tokens, repeat(UNKNOWN))
        self._table: WordTable | None = None
        self._is_text_alone = True  # as far as is known
        self._n_looked_up = 0

    def words(self) -> list[Hashable]:
        """Return the words in the order of their numbers."""
        return [*self._index, *self._words_of_table()]

    def by_dictionary(self) -> Callable[[Iterable[Hashable]], Iterable[int]]:
        """Return a function from tokens of any kind to their numbers; the table is given up."""
        self._is_text_alone = False
        for word in self._words_of_table():
            self._index[word]
        self._table = None
        return self._look_up

    def number_texts(
        self, batch: TextBatch
    ) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int64]]]:
        """Split texts into words, and number these. All batches are split in the same way.

        Yields
        ------
        ids : ndarray of int32
            The numbers of the next words, to be copied before it goes on.
        ends : ndarray of int64
            For each document that ends among them, the place where it does.
        """
        table = self._find_table(batch.splitting.stop_words)
        if table is not None:
            yield from table.number(batch, self.grows)
            return
        documents = [batch.splitting.split(encoded) for encoded in batch.encoded]
        ends = np.cumsum([len(words) for words in documents], dtype=np.int64)
        numbers = self._look_up(chain.from_iterable(documents))
        yield np.fromiter(numbers, np.int32, count=ends[-1]), ends
        self._n_looked_up += int(ends[-1])

    def _words_of_table(self) -> list[str]:
        """Return the words that the table has and the dictionary has not."""
        return [] if self._table is None else self._table.words(len(self._index))

    def _find_table(self, stop_words: frozenset[str]) -> WordTable | None:
        """Return the table if it has the words, or if it pays to enter them."""
        n_words = len(self._index)
        # To enter words takes about as long as is saved by as many that are looked up.
        if self._table is None and self._is_text_alone and self._n_looked_up >= n_words:
            in_order = self.grows or list(self._index.values()) == list(range(n_words))
            self._is_text_alone = in_order and all(
                isinstance(word, str) and word not in stop_words for word in self._index
            )
            if self._is_text_alone:
                from skw2v.corpus._word_table import WordTable  # loads numba

                self._table = WordTable(self._index, stop_words)  # type: ignore[arg-type]
        return self._table


def number_corpus(
    documents: Iterable[Item], numbering: Numbering, flat: _Ids, first_position: int = 0
) -> tuple[_Ids, array[int]]:
    """Chain the numbers of all tokens (int32) in `flat` and note where each document ends (int64).

    Raises a TypeError that names the document, from `first_position`, and the token if one is not
    hashable.
    """
    # Arrays of the standard library, because they grow in place.
    offsets = array("q", [0])
    look_up = None
    for item in in_batches(documents):
        if isinstance(item, TextBatch):
            for ids, ends in numbering.number_texts(item):
                offsets.frombytes((len(flat) + ends).tobytes())
                flat.frombytes(ids.tobytes())
            continue
        look_up = look_up or numbering.by_dictionary()
        try:
            flat.fromlist(list(look_up(item)))
        except TypeError:
            check_hashable(item, first_position + len(offsets) - 1)
            raise
        offsets.append(len(flat))
    return flat, offsets


def in_batches(documents: Iterable[Item]) -> Iterator[Item]:
    """Yield batches of texts that are yet to be split, and the tokens of other documents."""
    if isinstance(documents, TokenizedDocuments):
        return documents.in_batches()
    return iter(documents)
