"""Read and write word vectors in the formats that others read and write.

========================  ===========================  =======================================
`format`                  written by default as        what it is
========================  ===========================  =======================================
``"word2vec"``            ``.txt``, ``.vec``           text with the header ``n_words dimension``:
                                                       word2vec.c, gensim, fastText's `.vec`
``"glove"``                                            the same text without a header: GloVe
``"word2vec_binary"``     ``.bin``                     float32 as they are in memory: word2vec.c,
                                                       gensim, the Google News vectors
``"safetensors"``         ``.safetensors``             any words, any float type, counts and
                                                       metadata; can be mapped into memory
``"npz"``                 ``.npz``                     the same as arrays of NumPy
========================  ===========================  =======================================

The first three may be packed by gzip (``vectors.txt.gz``). What a file is, reading finds out from
its content. gensim's own files are pickles, which run code when they are read: load them with
gensim, if you trust them, and pass the object to `from_gensim`.

**No trust in files.** No reader executes anything. A file that is truncated, damaged or announces
what it does not hold gives a ValueError that names the file and the line or byte, and never takes
more memory than its size can account for. Writing takes the place of an old file only when all is
on the disk.

**Nothing is lost silently.** Words that occur again after their first line are left out with a
warning that counts them, as their later vectors would be in gensim. NaN, infinity, bytes that are
not valid in the encoding, lines with too few or too many numbers, and more or fewer words than the
header says are errors. White space around a word in a text file is not part of it; white space
within is, so that words may contain spaces. In binary files they cannot. What a format cannot hold,
writing refuses: a word with a newline, or numbers that `dtype` cannot represent.
"""

from __future__ import annotations

import codecs
from collections.abc import Hashable, Iterable, Mapping
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from skw2v.io import _columns, _word2vec
from skw2v.io._collect import Options, check_path, check_wanted
from skw2v.io._files import Source, StrPath, replace_file
from skw2v.io._formats import Format, check_format, detect_format, format_to_write
from skw2v.word_vectors import WordVectors

__all__ = [
    "from_gensim",
    "read_metadata",
    "read_word_vectors",
    "to_gensim",
    "write_word_vectors",
]


def read_word_vectors(
    path: StrPath,
    *,
    format: Format = "auto",
    limit: int | None = None,
    words: Iterable[Hashable] | None = None,
    dimension: int | None = None,
    dtype: DTypeLike | None = None,
    encoding: str = "utf-8",
    errors: str = "strict",
    memory_map: bool = False,
) -> WordVectors:
    r"""Read word vectors from a file of any format of this module.

    Parameters
    ----------
    path : path-like
        The file. Files packed by gzip are unpacked while they are read.
    format : {"auto", "word2vec", "word2vec_binary", "glove", "safetensors", "npz"}, default="auto"
        The format of the file; see the table of the module. "auto" finds it from the content,
        except for a binary file without a header, whose `dimension` must be known as well.
    limit : int, default=None
        Read only the first words of the file, at most this many; as files hold the most frequent
        words first, this is the way to read a part of a large one. gensim: `limit`.
    words : iterable of words, default=None
        Keep only these words, in the order of the file. The vectors of the others are passed over
        and not checked. Words that the file does not have are simply missing in the result.
    dimension : int, default=None
        The length of the vectors, where no header tells it. By default that of most of the first
        lines, which is wrong only where most words contain spaces.
    dtype : dtype, default=None
        Floating type of the vectors, such as ``numpy.float16`` to halve the memory. By default
        float32 for text, and the type of the file for the others. gensim: `datatype`.
    encoding : str, default="utf-8"
        The encoding of the words, in text and in word2vec's binary format.
    errors : str, default="strict"
        What to do with words that are not valid in the encoding: "strict" raises, "replace",
        "ignore" and "surrogateescape" are as in :meth:`bytes.decode`. word2vec.c cuts long words
        within a character. gensim: `unicode_errors`.
    memory_map : bool, default=False
        Leave the vectors on the disk until they are used, shared by all processes that map the
        same file. For safetensors only. They are read once, to see that they are finite.

    Returns
    -------
    WordVectors
        The words in the order of the file and their vectors, with counts where the file has them.

    Raises
    ------
    OSError
        If the file cannot be opened: it is missing, a directory, or not permitted.
    ValueError
        If the content is not what it should be, with the line or byte where that shows.

    Warns
    -----
    UserWarning
        If words occur more than once. The first vector of each is kept.

    See Also
    --------
    write_word_vectors : The reverse.
    skw2v.Word2VecVectorizer.from_word_vectors : A transformer of documents from what was read.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skw2v.io import read_word_vectors
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name, "vectors.txt")
    >>> _ = path.write_bytes(b"2 2\nthe 0.1 0.2\nNew York 0.3 -0.4\n")
    >>> word_vectors = read_word_vectors(path)
    >>> word_vectors["New York"]
    array([ 0.3, -0.4], dtype=float32)
    >>> read_word_vectors(path, words=["the"]).words
    ('the',)
    >>> folder.cleanup()
    """
    name = check_path(path)
    options = Options(
        limit=_check_positive(limit, "limit"),
        wanted=check_wanted(words),
        dimension=_check_positive(dimension, "dimension"),
        dtype=None if dtype is None else _check_float_type(dtype),
        encoding=_check_encoding(encoding),
        errors=_check_errors(errors),
    )
    with Source(path) as source:
        kind = detect_format(source, dimension) if format == "auto" else check_format(format)
        if memory_map and kind != "safetensors":
            raise ValueError(
                f"memory_map must be False for a file of the format {kind!r}, got True: only "
                "safetensors can be mapped. Write the vectors to such a file first."
            )
        if kind == "word2vec_binary":
            return _word2vec.read_binary(source, options)
        if kind in ("word2vec", "glove"):
            return _word2vec.read_text(source, options, has_header=kind == "word2vec")
    if kind == "npz":
        arrays, metadata = _columns.read_npz(name)
    else:
        arrays, metadata = _columns.read_safetensors(name, memory_map=memory_map)
    return _columns.from_arrays(arrays, metadata, options, name)


def write_word_vectors(
    word_vectors: WordVectors,
    path: StrPath,
    *,
    format: Format = "auto",
    dtype: DTypeLike | None = None,
    encoding: str = "utf-8",
    errors: str = "strict",
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write word vectors to a file.

    All is written to a temporary file in the same folder, which then takes the place of an old one
    of that name; after an error the old one is as it was.

    Parameters
    ----------
    word_vectors : WordVectors
        What to write.
    path : path-like
        Where to. With "auto" its suffix tells the format, and ``.gz`` after it packs the file.
    format : {"auto", "word2vec", "word2vec_binary", "glove", "safetensors", "npz"}, default="auto"
        The format; see the table of the module. The first three hold words that are str, and
        neither counts nor metadata.
    dtype : dtype, default=None
        Floating type to write, by default that of the vectors: ``numpy.float16`` makes safetensors
        and npz half as large, and text shorter. Text holds as many digits as bring the same
        numbers back. word2vec's binary format holds float32 alone; vectors of float64 are rounded
        to it only if it is asked for.
    encoding : str, default="utf-8"
        The encoding of the words, in text and in word2vec's binary format.
    errors : str, default="strict"
        What to do with words that cannot be encoded; as in :meth:`str.encode`.
    metadata : mapping of str to str, default=None
        Notes to keep with the vectors, such as how they were trained, in safetensors and npz.

    Raises
    ------
    OSError
        If the file cannot be written, for a full disk for example.
    ValueError
        If the format cannot hold a word, the numbers or the metadata.

    See Also
    --------
    read_word_vectors : The reverse.
    read_metadata : Reads the metadata.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skw2v import WordVectors
    >>> from skw2v.io import read_word_vectors, write_word_vectors
    >>> word_vectors = WordVectors(["a", "b"], [[0.5, 1.0], [-1.0, 0.25]], counts=[7, 3])
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name, "vectors.safetensors")
    >>> write_word_vectors(word_vectors, path, dtype="float16", metadata={"corpus": "a b"})
    >>> read_word_vectors(path)
    WordVectors(n_words=2, dimension=2, dtype=float16)
    >>> read_word_vectors(path).counts
    array([7, 3])
    >>> folder.cleanup()
    """
    name = check_path(path)
    kind = format_to_write(name, format)
    is_packed = name.endswith(".gz")
    has_arrays = kind in ("safetensors", "npz")
    if metadata and not has_arrays:
        raise ValueError(f"metadata must be None for the format {kind!r}, which cannot hold them.")
    if is_packed and has_arrays:
        raise ValueError(f"the format {kind!r} is not packed by gzip; drop .gz from {name!r}.")
    target = word_vectors.vectors.dtype if dtype is None else _check_float_type(dtype)
    if kind == "word2vec_binary" and target.itemsize > 4:
        raise ValueError(
            f"dtype must be float32 or float16 for word2vec's binary format, got {target}. Pass "
            "dtype='float32' to round the vectors."
        )
    _check_range(word_vectors, target)
    _check_encoding(encoding)
    _check_errors(errors)
    with replace_file(path, compress=is_packed) as file:
        if kind == "word2vec_binary":
            _word2vec.write_binary(file, word_vectors, target, encoding, errors)
        elif has_arrays:
            arrays, notes = _columns.to_arrays(word_vectors, target)
            write = _columns.write_npz if kind == "npz" else _columns.write_safetensors
            write(file, arrays, {**_check_metadata(metadata), **notes})
        else:
            _word2vec.write_text(
                file, word_vectors, target, encoding, errors, has_header=kind == "word2vec"
            )


def read_metadata(path: StrPath) -> dict[str, str]:
    """Read the notes that a file holds beside its word vectors.

    Parameters
    ----------
    path : path-like
        A safetensors or npz file.

    Returns
    -------
    dict of str to str
        What `write_word_vectors` got as `metadata`, or others have put there.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If it is of another format, or damaged.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skw2v import WordVectors
    >>> from skw2v.io import read_metadata, write_word_vectors
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name, "vectors.npz")
    >>> write_word_vectors(WordVectors(["a"], [[1.0]]), path, metadata={"licence": "CC0"})
    >>> read_metadata(path)
    {'licence': 'CC0'}
    >>> folder.cleanup()
    """
    name = check_path(path)
    with Source(path) as source:
        kind = detect_format(source)
    if kind == "npz":
        metadata = _columns.read_npz(name)[1]
    elif kind == "safetensors":
        metadata = _columns.read_safetensors_metadata(name)
    else:
        raise ValueError(f"{name}: files of the format {kind!r} have no metadata.")
    return {key: value for key, value in metadata.items() if key != _columns.WORD_TYPE}


def from_gensim(keyed_vectors: Any) -> WordVectors:
    """Take the words, vectors and counts of an object of gensim.

    Parameters
    ----------
    keyed_vectors : gensim.models.KeyedVectors, or a model with such `wv`
        Word2Vec, FastText or KeyedVectors of gensim 4. Of FastText the vectors of whole words are
        taken, not those of their parts, which give unknown words a vector.

    Returns
    -------
    WordVectors
        A copy, with counts if the object has them.

    Raises
    ------
    TypeError
        If the object has no `index_to_key` and `vectors`.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import numpy as np
    >>> from skw2v.io import from_gensim
    >>> keyed_vectors = SimpleNamespace(  # stands for what KeyedVectors.load returns
    ...     index_to_key=["a", "b"], vectors=np.eye(2, dtype=np.float32), expandos={}
    ... )
    >>> from_gensim(keyed_vectors)
    WordVectors(n_words=2, dimension=2, dtype=float32)
    """
    keyed_vectors = getattr(keyed_vectors, "wv", keyed_vectors)
    try:
        words, vectors = keyed_vectors.index_to_key, keyed_vectors.vectors
    except AttributeError as error:
        raise TypeError(
            "keyed_vectors must be KeyedVectors of gensim 4 or a model with them, got "
            f"{type(keyed_vectors).__name__}."
        ) from error
    counts = getattr(keyed_vectors, "expandos", {}).get("count")
    if counts is not None:
        counts = np.asarray(counts)[: len(words)].astype(np.int64)
    return WordVectors(words, vectors[: len(words)], counts=counts)


def to_gensim(word_vectors: WordVectors) -> Any:
    """Make KeyedVectors of gensim, which must be installed.

    Parameters
    ----------
    word_vectors : WordVectors
        Words, vectors, and counts where they are known.

    Returns
    -------
    gensim.models.KeyedVectors
        With a copy of the vectors. The counts become the attribute `count`.

    Raises
    ------
    ImportError
        If gensim is not installed.

    Examples
    --------
    >>> from skw2v import WordVectors
    >>> from skw2v.io import to_gensim
    >>> word_vectors = WordVectors(["a", "b"], [[1.0, 0.0], [0.0, 1.0]])
    >>> to_gensim(word_vectors).most_similar("a")  # doctest: +SKIP
    [('b', 0.0)]
    """
    try:
        from gensim.models import KeyedVectors
    except ImportError as error:
        raise ImportError("to_gensim needs gensim: pip install gensim.") from error
    vectors = word_vectors.vectors
    keyed_vectors = KeyedVectors(vectors.shape[1], dtype=vectors.dtype)
    keyed_vectors.add_vectors(list(word_vectors.words), np.array(vectors))
    if word_vectors.counts is not None:
        for word, count in zip(word_vectors.words, word_vectors.counts.tolist(), strict=True):
            keyed_vectors.set_vecattr(word, "count", count)
    return keyed_vectors


def _check_positive(value: Any, name: str) -> int | None:
    """Return an optional positive number."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise ValueError(f"{name} must be None or an int of at least 1, got {value!r}.")
    return int(value)


def _check_float_type(dtype: DTypeLike) -> np.dtype[Any]:
    """Return a floating type that all formats know."""
    try:
        checked = np.dtype(dtype)
    except TypeError as error:
        raise ValueError(f"dtype must be a floating type, got {dtype!r}.") from error
    if checked.kind != "f" or checked.itemsize > 8:
        raise ValueError(f"dtype must be float16, float32 or float64, got {checked}.")
    return checked


def _check_encoding(encoding: str) -> str:
    """Return the name of an encoding in which lines and numbers are what they are in ASCII."""
    try:
        name = codecs.lookup(encoding).name
        is_like_ascii = "0 1\n".encode(encoding) == b"0 1\n"
    except (LookupError, TypeError) as error:
        raise ValueError(f"encoding must be one that Python knows, got {encoding!r}.") from error
    if not is_like_ascii:
        raise ValueError(f"encoding must extend ASCII, such as utf-8 or cp1252, got {encoding!r}.")
    return name


def _check_errors(errors: str) -> str:
    """Return the name of an error handler."""
    try:
        codecs.lookup_error(errors)
    except (LookupError, TypeError) as error:
        raise ValueError(
            "errors must be 'strict', 'replace', 'ignore' or another error handler that Python "
            f"knows, got {errors!r}."
        ) from error
    return errors


def _check_range(word_vectors: WordVectors, dtype: np.dtype[Any]) -> None:
    """Raise if a narrower type cannot hold the vectors."""
    vectors = word_vectors.vectors
    largest = max(-float(vectors.min()), float(vectors.max()))
    with np.errstate(over="ignore"):
        if not np.isfinite(dtype.type(largest)):
            raise ValueError(
                f"dtype must be able to hold the vectors, whose largest number is {largest:g}, got "
                f"{dtype}."
            )


def _check_metadata(metadata: Mapping[str, str] | None) -> dict[str, str]:
    """Return the metadata, which must map str to str."""
    checked = dict(metadata or {})
    for key, value in checked.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise ValueError(f"metadata must map str to str, got {key!r}: {value!r}.")
        if key == _columns.WORD_TYPE:
            raise ValueError(f"metadata must not use {key!r}, which tells how words are stored.")
    return checked
