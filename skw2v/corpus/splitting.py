"""How a text is split into words, by scikit-learn's analyzer or by something faster.

Most texts are split in one of two ways: into runs of two or more word characters, scikit-learn's
default, or at white space. For these a table of bytes says what an analyzer does, and compiled code
can do it (`Splitting`). All other ways, and texts that such a table cannot split, are left to the
analyzer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from sklearn.feature_extraction.text import CountVectorizer

# What scikit-learn's vectorizers call a token unless told otherwise: two or more word characters.
WORD_PATTERN = r"(?u)\b\w\w+\b"

# Patterns of tokens that are runs of characters of one kind, of so many at least. `(?u)` in front
# of them is what Python assumes anyway.
_RUNS = {
    r"\b\w\w+\b": (r"\w", 2),
    r"\w\w+": (r"\w", 2),
    r"\b\w+\b": (r"\w", 1),
    r"\w+": (r"\w", 1),
    r"\S+": (r"\S", 1),
}

_DEFAULTS = CountVectorizer()

_find_words = re.compile(WORD_PATTERN).findall

ENCODING = ("utf-8", "surrogatepass")  # of any str, lone surrogates included


@dataclass(frozen=True)
class Splitting:
    """A way to find the words of a text that works on bytes.

    Parameters
    ----------
    table : bytes of length 256
        What each byte of a text in UTF-8 becomes: a space, if it is of no word.
    shortest : int
        How many bytes a word has at least, 1 or 2.
    only_ascii : bool
        Whether other texts have to be split, and their words joined by spaces, beforehand.

    Examples
    --------
    >>> from skw2v.corpus.splitting import Splitting
    >>> to_spaces = bytes(32 if byte in b",." else byte for byte in range(256))
    >>> Splitting(to_spaces, shortest=2, only_ascii=False).split(b"one,two. a")
    ['one', 'two']
    """

    table: bytes
    shortest: int
    only_ascii: bool

    def split(self, encoded: bytes) -> list[str]:
        """Return the words of a text.

        Parameters
        ----------
        encoded : bytes
            The text in UTF-8.

        Returns
        -------
        words : list of str
            Whatever stands between spaces, white space of any alphabet.

        Examples
        --------
        >>> from skw2v.corpus.splitting import build_analyzer
        >>> build_analyzer({}).splitting.split(b"What's a C-3PO?")
        ['what', '3po']
        """
        words = encoded.translate(self.table).decode(*ENCODING).split()
        return words if self.shortest == 1 else [word for word in words if len(word) > 1]


@cache
def _make_splitting(kind: str, shortest: int, lowercase: bool) -> Splitting:
    r"""Return the splitting of texts into runs of characters that match `\w` or `\S`."""
    characters = "".join(map(chr, range(128)))
    kept = re.sub(f"(?!{kind}).", " ", characters, flags=re.DOTALL)
    table = (kept.lower() if lowercase else kept).encode() + bytes(range(128, 256))
    return Splitting(table, shortest, only_ascii=lowercase or kind == r"\w")


class TextBatch(NamedTuple):
    """Some texts of a corpus that are yet to be split.

    Attributes
    ----------
    encoded : list of bytes
        The texts, in UTF-8.
    splitting : Splitting
        How to find their words.
    """

    encoded: list[bytes]
    splitting: Splitting


class Splitter:
    """An analyzer that says how its words can be found without it.

    Parameters
    ----------
    analyze : callable
        Splits any document.
    splitting : Splitting
        Finds the same words.

    Examples
    --------
    >>> from skw2v.corpus.splitting import build_analyzer
    >>> splitter = build_analyzer({})
    >>> splitter("Is that a café?"), splitter.encode("Is that a café?").decode()
    (['is', 'that', 'café'], 'is that café')
    """

    def __init__(self, analyze: Callable[[Any], Iterable[str]], splitting: Splitting) -> None:
        self._analyze = analyze
        self.splitting = splitting

    def __call__(self, document: Any) -> list[str]:
        """Return the words of a document as a list."""
        if self._can_split(document):
            return self.splitting.split(document.encode(*ENCODING))
        return list(self._analyze(document))

    def encode(self, document: Any) -> bytes:
        """Return bytes in which `splitting` finds the words of a document.

        Parameters
        ----------
        document : str or bytes
            The document.

        Returns
        -------
        encoded : bytes
            The document in UTF-8, or its words, separated by spaces.

        Examples
        --------
        >>> from skw2v.corpus.splitting import build_analyzer
        >>> build_analyzer({}).encode("Is that a café?").decode()
        'is that café'
        """
        text = document if self._can_split(document) else " ".join(self._analyze(document))
        return text.encode(*ENCODING)

    def _can_split(self, document: Any) -> bool:
        """Tell whether `splitting` finds the words of a document as it is."""
        return isinstance(document, str) and (document.isascii() or not self.splitting.only_ascii)


def find_words(text: str) -> list[str]:
    """Return what `WORD_PATTERN` finds in a text, in less than half the time where it is ASCII.

    Parameters
    ----------
    text : str
        A text that has been decoded and preprocessed.

    Returns
    -------
    words : list of str
        ``re.findall(WORD_PATTERN, text)``.

    Examples
    --------
    >>> from skw2v.corpus.splitting import find_words
    >>> find_words("What's a C-3PO?")
    ['What', '3PO']
    """
    if isinstance(text, str) and text.isascii():
        return _WORDS.split(text.encode("ascii"))
    return _find_words(text)


def build_analyzer(text_options: Mapping[str, Any]) -> Callable[[Any], Iterable[Hashable]]:
    """Return scikit-learn's analyzer, or a faster one that finds the same words.

    Parameters
    ----------
    text_options : mapping of str
        Parameters of `sklearn.feature_extraction.text.CountVectorizer` that say how a text is
        split.

    Returns
    -------
    analyzer : callable
        What reads and decodes a document and splits it into tokens; a `Splitter` where tokens are
        runs of word characters, or what stands between white space, and no other step than lower
        case comes before or after.

    Examples
    --------
    >>> from skw2v.corpus.splitting import build_analyzer
    >>> build_analyzer({"lowercase": True})("What's a C-3PO?")
    ['what', '3po']
    """
    vectorizer = CountVectorizer(**text_options)
    if vectorizer.analyzer is str.split and vectorizer.input == "content":
        return Splitter(vectorizer.build_analyzer(), WHITE_SPACE_SPLITTER.splitting)
    run = _RUNS.get(str(vectorizer.token_pattern).removeprefix("(?u)"))
    if run is None or vectorizer.analyzer != "word" or vectorizer.tokenizer is not None:
        return vectorizer.build_analyzer()
    if vectorizer.token_pattern == WORD_PATTERN:
        vectorizer.set_params(tokenizer=find_words, token_pattern=None)
    analyze = vectorizer.build_analyzer()
    others = ("input", "strip_accents", "preprocessor", "stop_words", "ngram_range")
    if any(getattr(vectorizer, name) != getattr(_DEFAULTS, name) for name in others):
        return analyze
    return Splitter(analyze, _make_splitting(*run, lowercase=bool(vectorizer.lowercase)))


_WORDS = _make_splitting(r"\w", 2, lowercase=False)
WHITE_SPACE_SPLITTER = Splitter(str.split, _make_splitting(r"\S", 1, lowercase=False))
