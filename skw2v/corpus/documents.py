"""Documents as users hold them, turned into a stream of token sequences.

A corpus may come as a list, an array, a column of a pandas or polars frame, or a generator over
files that do not fit in memory; a document may be a string or a sequence of tokens. This module
turns all of them into one thing: an iterator over token sequences, read once and lazily.

What is not a corpus is refused. The type of the corpus as a whole is checked before any work;
a bad document can only be seen when its turn comes, and is then named by its index. pandas and
polars are never imported: a frame is what has `shape` and `columns`.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from numbers import Real
from os import PathLike
from typing import Any, Literal, Protocol, runtime_checkable

from scipy.sparse import issparse

from skw2v.corpus.splitting import WHITE_SPACE_SPLITTER, Splitter, TextBatch

# Texts that are split at once: enough bytes to hide the cost of a call, few enough that they stay
# in the cache. A document counts for some more, so that empty ones come to an end, too.
_BATCH_BYTES = 1 << 18
_BYTES_OF_DOCUMENT = 16

# dtype kinds that can hold neither texts nor token sequences: numbers, dates, records.
_KINDS_WITHOUT_DOCUMENTS = frozenset("biufcmMV")

# What a document is told to be if it is none.
_KINDS_OF_DOCUMENTS = {
    "content": "a str or a sequence of tokens",
    "file": "an open file (input='file')",
    "filename": "the name of a file (input='filename')",
}


@runtime_checkable
class _Readable(Protocol):
    """What can be read, such as an open file."""

    def read(self) -> str | bytes: ...


# What goes through the analyzer.
_TYPES_OF_TEXTS: dict[str, tuple[type, ...]] = {
    "content": (str, bytes),
    "file": (_Readable,),
    "filename": (str, bytes, PathLike),
}


def tokenize_documents(
    documents: Iterable[Any],
    analyzer: Callable[[Any], Iterable[Hashable]],
    *,
    input: Literal["content", "file", "filename"] = "content",
) -> TokenizedDocuments:
    """Turn each document into a sequence of tokens.

    Parameters
    ----------
    documents : iterable of str or of token sequences
        Lists, tuples, 1-D arrays, pandas and polars Series, frames and arrays of exactly one
        column, generators. Read once, in order, one document at a time. A document that is a
        str or bytes goes through `analyzer`; any other sequence holds tokens already (words, ids,
        codes: anything hashable) and is taken as it is. Both may stand in one corpus.
    analyzer : callable
        Splits a document into its tokens, such as ``CountVectorizer().build_analyzer()``, which
        also decodes bytes and reads files.
    input : {"content", "file", "filename"}, default="content"
        What a document is: itself, an open file, or the name of a file (str or path). With the
        last two, each goes through `analyzer`, and there are no token sequences.

    Returns
    -------
    tokenized : TokenizedDocuments
        An iterator: one sequence of tokens per document, empty documents included. Arrays become
        lists of Python scalars.

    Raises
    ------
    TypeError, ValueError
        At once, if `documents` is no corpus (see `check_documents`). While iterating, with the
        index of the document: a ValueError if it is missing (None, NaN) or an array of more
        than one dimension, a TypeError if it is anything else than `input` says, or if `analyzer`
        returns something that is not a collection of tokens. A UnicodeDecodeError of `analyzer`
        is told the index, too.

    Examples
    --------
    >>> from skw2v.corpus import tokenize_documents
    >>> list(tokenize_documents(["to be or", ["not", "to", "be"], (7, 7)], str.split))
    [['to', 'be', 'or'], ['not', 'to', 'be'], (7, 7)]
    """
    return TokenizedDocuments(check_documents(documents), analyzer, input)


class TokenizedDocuments(Iterator[Sequence[Hashable]]):
    """The tokens of each document, one document after another; see `tokenize_documents`.

    Parameters
    ----------
    documents : iterator
        What `check_documents` returns.
    analyzer : callable
        Splits a text.
    input : {"content", "file", "filename"}
        What a document is.

    Examples
    --------
    >>> from skw2v.corpus import tokenize_documents
    >>> next(tokenize_documents(["to be or"], str.split))
    ['to', 'be', 'or']
    """

    def __init__(
        self, documents: Iterator[Any], analyzer: Callable[[Any], Iterable[Hashable]], input: str
    ) -> None:
        self._documents = documents
        self._analyzer = WHITE_SPACE_SPLITTER if analyzer is str.split else analyzer
        self._input = input
        self._tokens = _tokenize(
            documents, lambda document: _as_token_list(self._analyzer(document)), input
        )

    def __next__(self) -> Sequence[Hashable]:
        """Return the tokens of the next document."""
        return next(self._tokens)

    def in_batches(self) -> Iterator[TextBatch | Sequence[Hashable]]:
        """Yield batches of texts that are not split yet where that is possible, else tokens.

        Yields
        ------
        item : TextBatch or sequence of hashable
            Some documents, or the tokens of one.

        Examples
        --------
        >>> from skw2v.corpus import tokenize_documents
        >>> batch, tokens = tokenize_documents(["to be", "or", [7, 7]], str.split).in_batches()
        >>> batch.encoded, tokens
        ([b'to be', b'or'], [7, 7])
        """
        if not isinstance(self._analyzer, Splitter):
            yield from self
            return
        splitting, encoded, size = self._analyzer.splitting, [], 0
        for document in _tokenize(self._documents, self._analyzer.encode, self._input):
            is_text = isinstance(document, bytes)
            if is_text:
                encoded.append(document)
                size += len(document) + _BYTES_OF_DOCUMENT
            if encoded and (size >= _BATCH_BYTES or not is_text):
                yield TextBatch(encoded, splitting)
                encoded, size = [], 0
            if not is_text:
                yield document
        if encoded:
            yield TextBatch(encoded, splitting)


def check_documents(documents: Iterable[Any]) -> Iterator[Any]:
    """Return an iterator over the documents, or say why this is not a corpus.

    Parameters
    ----------
    documents : iterable of documents
        See `tokenize_documents`. A frame or an array with exactly one column stands for that
        column. No document is read.

    Returns
    -------
    documents : iterator
        The documents, unchanged, in their order.

    Raises
    ------
    ValueError
        If `documents` is a single str or bytes, an array or a frame of two or more dimensions
        that does not have exactly one column, or if its dtype holds numbers or dates.
    TypeError
        If `documents` cannot be iterated (None, a number, a 0-d array), is a mapping (iterating
        it would give the keys), a set (it has no order) or a sparse matrix.

    Examples
    --------
    >>> from skw2v.corpus import check_documents
    >>> list(check_documents(("a text", ["some", "tokens"])))
    ['a text', ['some', 'tokens']]
    >>> check_documents("a text")
    Traceback (most recent call last):
    ...
    ValueError: Iterable over raw text documents expected, string object received. \
Wrap a single document in a list: [document].
    """
    _refuse_single_documents(documents)
    _refuse_unordered_documents(documents)
    if issparse(documents):
        raise TypeError(
            "Documents must be an iterable of str or of token sequences, got the "
            f"sparse type {type(documents).__name__}. Pass the texts themselves, not their counts."
        )
    documents = _single_column(documents)
    try:
        iterator = iter(documents)
    except TypeError as error:
        raise TypeError(
            "Documents must be an iterable of str or of token sequences, got "
            f"{_describe(documents)}. Pass a list of documents, such as ['a text', 'another']."
        ) from error
    _refuse_dtypes_without_documents(documents)
    return iterator


def _refuse_single_documents(documents: object) -> None:
    """Refuse a str or bytes, which would be iterated letter by letter."""
    if isinstance(documents, str):
        raise ValueError(
            "Iterable over raw text documents expected, string object received. "
            "Wrap a single document in a list: [document]."
        )
    if isinstance(documents, (bytes, bytearray, memoryview)):
        raise ValueError(
            f"Iterable over raw text documents expected, {type(documents).__name__} object "
            "received. Decode it and wrap it in a list: [document.decode('utf-8')]."
        )


def _refuse_unordered_documents(documents: object) -> None:
    """Refuse mappings, whose keys would be iterated, and sets, whose order is arbitrary."""
    if isinstance(documents, Mapping):
        raise TypeError(
            "Documents must be an iterable of str or of token sequences, got the mapping type "
            f"{type(documents).__name__}. Pass its values: list(X.values())."
        )
    if isinstance(documents, (set, frozenset)):
        raise TypeError(
            "Documents must be an ordered iterable of str or of token sequences, got a "
            f"{type(documents).__name__}, whose order changes from run to run. "
            "Pass a list: sorted(X)."
        )


def _single_column(documents: Any) -> Any:
    """Return the only column of a frame or a 2-D array; anything 1-D as it is."""
    shape = getattr(documents, "shape", None)
    if shape is None or len(shape) < 2:
        return documents
    is_frame = hasattr(documents, "columns")
    if len(shape) == 2 and shape[1] == 1:
        return documents[documents.columns[0]] if is_frame else documents[:, 0]
    remedy = (
        "Pass a single column, e.g. X['text']."
        if is_frame
        else "Pass a single column, e.g. X[:, 0], or, if each row holds the tokens of a document, "
        "the rows as lists: X.tolist()."
    )
    raise ValueError(
        "Documents must be one-dimensional or have exactly one column, got a "
        f"{type(documents).__name__} of shape {tuple(shape)}. {remedy}"
    )


def _refuse_dtypes_without_documents(documents: object) -> None:
    """Refuse arrays and columns whose dtype can hold neither str nor sequences."""
    dtype = getattr(documents, "dtype", None)
    if getattr(dtype, "kind", None) in _KINDS_WITHOUT_DOCUMENTS:
        raise ValueError(
            "Documents must be an iterable of str or of token sequences, got a "
            f"{type(documents).__name__} of dtype {dtype}. If it is one document of tokens, wrap "
            "it in a list: [document]."
        )


def _tokenize(
    documents: Iterator[Any], from_text: Callable[[Any], Any], kind: str
) -> Iterator[Any]:
    """Yield what is made of each text, and the tokens of other documents."""
    texts, takes_tokens = _TYPES_OF_TEXTS[kind], kind == "content"
    for position, document in enumerate(documents):
        if isinstance(document, texts):
            try:
                made = from_text(document)
            except UnicodeDecodeError as error:
                error.reason += (
                    f" (in the document at index {position}; pass its encoding, or 'ignore' or "
                    "'replace' as decode_error)"
                )
                raise
            yield made
        elif takes_tokens and isinstance(document, (list, tuple)):
            yield document
        else:
            yield _as_token_sequence(document, position, kind)


def _as_token_list(tokens: Any) -> list[Hashable]:
    """Return what an analyzer returned as a list, if it is a collection of tokens."""
    if isinstance(tokens, list):
        return tokens
    # A str is iterable too: it would make a vocabulary of letters without a word of warning.
    if isinstance(tokens, str) or not isinstance(tokens, Iterable):
        raise TypeError(
            f"analyzer must return a list of tokens for each document, got {_describe(tokens)}."
        )
    return list(tokens)


def _as_token_sequence(document: Any, position: int, kind: str) -> Sequence[Hashable]:
    """Return a document that is neither text, list nor tuple as a sequence of tokens."""
    if _is_missing(document):
        raise ValueError(
            f"The document at index {position} is missing: {_describe(document)}. Replace missing "
            "documents by empty ones, e.g. X.fillna(''), or drop them."
        )
    if kind != "content":
        raise TypeError(
            f"The document at index {position} must be {_KINDS_OF_DOCUMENTS[kind]}, got "
            f"{_describe(document)}. Texts and token sequences are taken with input='content'."
        )
    if isinstance(document, (bytearray, memoryview)):
        raise TypeError(
            f"The document at index {position} must be {_KINDS_OF_DOCUMENTS[kind]}, got "
            f"{_describe(document)}. Pass bytes(document)."
        )
    shape = getattr(document, "shape", (0,))
    if len(shape) > 1:
        raise ValueError(
            f"The document at index {position} must be a str or a one-dimensional sequence of "
            f"tokens, got a {type(document).__name__} of shape {tuple(shape)}. Pass its rows as "
            "documents of their own, or flatten it."
        )
    # numpy and pandas say tolist, polars says to_list; numpy scalars (shape ()) have it as well.
    to_list = getattr(document, "tolist", None) or getattr(document, "to_list", None)
    if to_list is not None and shape != ():
        return to_list()
    if isinstance(document, Sequence):
        return document
    raise TypeError(
        f"The document at index {position} must be a str or a sequence of tokens, got "
        f"{_describe(document)}. If X is one document of tokens, wrap it in a list: [X]."
    )


def _is_missing(document: object) -> bool:
    """Tell whether a document is None, NaN or pandas.NA."""
    if isinstance(document, Real):
        return bool(document != document)
    return document is None or type(document).__name__ == "NAType"


def _describe(value: object) -> str:
    """Return a short account of a value and its type for error messages."""
    return f"{reprlib.repr(value)} (type {type(value).__name__})"
