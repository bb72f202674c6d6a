"""How a text is split into words, by scikit-learn's analyzer or by something faster.

Most texts are split into runs of characters of one kind: of word characters, two or more, which is
scikit-learn's default; of letters; of anything but white space. For these a table of characters
says what an analyzer does, and compiled code can do it (`Splitting`). All other ways are left to
the analyzer.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer

# What scikit-learn's vectorizers call a token unless told otherwise: two or more word characters.
WORD_PATTERN = r"(?u)\b\w\w+\b"

# A pattern of tokens that are runs of characters of one kind, of so many at least. `(?u)` is what
# Python assumes anyway.
_RUN = re.compile(
    r"(\(\?u\))?(?P<start>\\b)?"
    r"(?P<kind>\\[wS]|\[(?:\\.|[^][\\])+\])"
    r"(?:(?P<twice>(?P=kind))?\+|\{(?P<least>[1-9]\d*),\})"
    r"(?P<end>\\b)?"
)
_SPACES = "".join(character for character in map(chr, range(128)) if character.isspace())
_N_TABLES = 16  # that are kept, of a megabyte at most

ENCODING = ("utf-8", "surrogatepass")  # of any str, lone surrogates included


@lru_cache(_N_TABLES)
def _ascii_table(kind: str, lowercase: bool) -> bytes:
    """Return what each byte of a text becomes: those of ASCII a space, if they are of no word."""
    characters = "".join(map(chr, range(128)))
    if lowercase:
        characters = characters.lower()
    kept = re.sub(f"(?!{kind}).", " ", characters, flags=re.DOTALL)
    return kept.encode() + bytes(range(128, 256))


@lru_cache(_N_TABLES)
def _table_of_characters(kind: str) -> NDArray[np.bool_]:
    """Return whether a character belongs to a word, for each code point."""
    codes = np.arange(sys.maxunicode + 1, dtype="<u4")
    characters = codes.tobytes().decode("utf-32-le", "surrogatepass")
    belongs = np.zeros(len(characters), np.bool_)
    for run in re.finditer(f"{kind}+", characters):
        belongs[run.start() : run.end()] = True
    return belongs


@dataclass(frozen=True)
class Splitting:
    r"""A way to split texts into words: runs of characters of one kind.

    Parameters
    ----------
    kind : str
        The pattern of a character that belongs to a word, such as ``\w`` or ``[a-z]``. No white
        space of ASCII does.
    shortest : int
        How many characters a word has at least.
    lowercase : bool
        Whether words are in lower case. A text that is not of ASCII has to be beforehand.
    stop_words : frozenset of str, default=frozenset()
        Words to leave out.

    Examples
    --------
    >>> from skw2v.corpus.splitting import Splitting
    >>> Splitting(r"\w", shortest=2, lowercase=True).split("what's a café?".encode())
    ['what', 'café']
    """

    kind: str
    shortest: int
    lowercase: bool
    stop_words: frozenset[str] = frozenset()

    @property
    def table(self) -> bytes:
        """What each byte of a text becomes: those of ASCII a space, if they are of no word."""
        return _ascii_table(self.kind, self.lowercase)

    @property
    def belongs(self) -> NDArray[np.bool_]:
        """Whether a character belongs to a word, for each code point."""
        return _table_of_characters(self.kind)

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
        if encoded.isascii():
            # Bytes, because their table takes no time to set up, which tells in short texts.
            words = encoded.translate(self.table).decode("ascii").split()
            if self.shortest > 1:
                words = [word for word in words if len(word) >= self.shortest]
        else:
            pattern = f"{self.kind}{{{self.shortest},}}"
            words = re.findall(pattern, encoded.decode(*ENCODING))
        if self.stop_words:
            words = [word for word in words if word not in self.stop_words]
        return words


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
    preprocess : callable, default=None
        What a text goes through before.

    Examples
    --------
    >>> from skw2v.corpus.splitting import build_analyzer
    >>> splitter = build_analyzer({})
    >>> splitter("Is that a café?"), splitter.encode("Is that a café?").decode()
    (['is', 'that', 'café'], 'is that a café?')
    """

    def __init__(
        self,
        analyze: Callable[[Any], Iterable[str]],
        splitting: Splitting,
        preprocess: Callable[[str], str] | None = None,
    ) -> None:
        self._analyze = analyze
        self.splitting = splitting
        self._preprocess = preprocess

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

        Raises
        ------
        TypeError
            If the user's preprocessor makes no str of it.

        Examples
        --------
        >>> from skw2v.corpus.splitting import build_analyzer
        >>> build_analyzer({}).encode("Is that a café?").decode()
        'is that a café?'
        """
        text = document
        if not isinstance(document, str):
            text = " ".join(self._analyze(document))
        elif self._preprocess is not None:
            text = self._preprocess(document)
            if not isinstance(text, str):
                raise TypeError(
                    "preprocessor and strip_accents must return a str. For a document of "
                    f"{len(document)} characters one returned {type(text).__name__}."
                )
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
        single runs of characters of one kind.

    Examples
    --------
    >>> from skw2v.corpus.splitting import build_analyzer
    >>> build_analyzer({"lowercase": True})("What's a C-3PO?")
    ['what', '3po']
    """
    vectorizer = CountVectorizer(**text_options)
    if vectorizer.analyzer is str.split and vectorizer.input == "content":
        return Splitter(vectorizer.build_analyzer(), WHITE_SPACE_SPLITTER.splitting)
    if vectorizer.analyzer != "word" or vectorizer.tokenizer is not None:
        return vectorizer.build_analyzer()
    pattern = str(vectorizer.token_pattern)
    if pattern == WORD_PATTERN:
        vectorizer.set_params(tokenizer=find_words, token_pattern=None)
    analyze = vectorizer.build_analyzer()  # raises an error if the pattern, or an option, is none
    run = _find_run(pattern)
    if run is None or vectorizer.input != "content" or vectorizer.ngram_range != (1, 1):
        return analyze
    preprocess = None
    if vectorizer.strip_accents is not None or vectorizer.preprocessor is not None:
        preprocess = vectorizer.build_preprocessor()
    stop_words = vectorizer.get_stop_words() or ()
    splitting = Splitting(
        *run,
        lowercase=bool(vectorizer.lowercase) and preprocess is None,
        stop_words=frozenset(word for word in stop_words if isinstance(word, str)),
    )
    return Splitter(analyze, splitting, preprocess)


def _find_run(token_pattern: str) -> tuple[str, int] | None:
    """Return the kind of characters of which tokens are runs, and how many there are at least."""
    run = _RUN.fullmatch(token_pattern)
    # The edges of a word are the edges of a run of word characters, and of no other.
    if run is None or ((run["start"] or run["end"]) and run["kind"] != r"\w"):
        return None
    if re.search(run["kind"], _SPACES):
        return None
    return run["kind"], int(run["least"] or (2 if run["twice"] else 1))


_WORDS = Splitting(r"\w", 2, lowercase=False)
WHITE_SPACE_SPLITTER = Splitter(str.split, Splitting(r"\S", 1, lowercase=False))
