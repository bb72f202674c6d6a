"""How a text is split into words, by scikit-learn's analyzer or by something faster.

Most texts are split in one of two ways: into runs of two or more word characters, scikit-learn's
default, or at white space. For these a table of characters says what an analyzer does, and compiled
code can do it (`Splitting`). All other ways are left to the analyzer.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
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

ENCODING = ("utf-8", "surrogatepass")  # of any str, lone surrogates included


@dataclass(frozen=True)
class Splitting:
    r"""A way to split texts into words: runs of characters of one kind.

    Parameters
    ----------
    kind : {r"\w", r"\S"}
        The pattern of a character that belongs to a word.
    shortest : int
        How many characters a word has at least, 1 or 2.
    lowercase : bool
        Whether words are in lower case. A text that is not of ASCII has to be beforehand.

    Examples
    --------
    >>> from skw2v.corpus.splitting import Splitting
    >>> Splitting(r"\w", shortest=2, lowercase=True).split("what's a café?".encode())
    ['what', 'café']
    """

    kind: str
    shortest: int
    lowercase: bool

    @cached_property
    def table(self) -> bytes:
        """What each byte of a text becomes: those of ASCII a space, if they are of no word."""
        characters = "".join(map(chr, range(128)))
        kept = re.sub(f"(?!{self.kind}).", " ", characters, flags=re.DOTALL)
        return (kept.lower() if self.lowercase else kept).encode() + bytes(range(128, 256))

    @cached_property
    def belongs(self) -> NDArray[np.bool_]:
        """Whether a character belongs to a word, for each code point."""
        codes = np.arange(sys.maxunicode + 1, dtype="<u4")
        characters = codes.tobytes().decode("utf-32-le", "surrogatepass")
        belongs = np.zeros(len(characters), np.bool_)
        for run in re.finditer(f"{self.kind}+", characters):
            belongs[run.start() : run.end()] = True
        return belongs

    def split(self, encoded: bytes) -> list[str]:
        r"""Return the words of a text.

        Parameters
        ----------
        encoded : bytes
            The text in UTF-8.

        Returns
        -------
        words : list of str
            In the order of the text.

        Examples
        --------
        >>> from skw2v.corpus.splitting import Splitting
        >>> Splitting(r"\S", shortest=1, lowercase=False).split(b"What's a C-3PO?")
        ["What's", 'a', 'C-3PO?']
        """
        if not encoded.isascii():
            pattern = f"{self.kind}{{{self.shortest},}}"
            return re.findall(pattern, encoded.decode(*ENCODING))
        # Bytes, because their table takes no time to set up, which tells in short texts.
        words = encoded.translate(self.table).decode("ascii").split()
        return words if self.shortest == 1 else [word for word in words if len(word) > 1]


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
    (['is', 'that', 'café'], 'is that a café?')
    """

    def __init__(self, analyze: Callable[[Any], Iterable[str]], splitting: Splitting) -> None:
        self._analyze = analyze
        self.splitting = splitting

    def __call__(self, document: Any) -> list[str]:
        """Return the words of a document as a list."""
        if isinstance(document, str):
            return self.splitting.split(self.encode(document))
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
            The document in UTF-8, or, if it is no str, its words, separated by spaces.

        Examples
        --------
        >>> from skw2v.corpus.splitting import build_analyzer
        >>> build_analyzer({}).encode("Is that a café?").decode()
        'is that a café?'
        """
        text = document if isinstance(document, str) else " ".join(self._analyze(document))
        if self.splitting.lowercase and not text.isascii():
            text = text.lower()
        return text.encode(*ENCODING)


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
    return _WORDS.split(text.encode(*ENCODING))


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
    return Splitter(analyze, _splitting(*run, lowercase=bool(vectorizer.lowercase)))


_splitting = cache(Splitting)  # its tables are made once
_WORDS = _splitting(r"\w", 2, lowercase=False)
WHITE_SPACE_SPLITTER = Splitter(str.split, _splitting(r"\S", 1, lowercase=False))
