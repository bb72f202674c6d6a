"""Corpora that do not fit in memory: text files read line by line, word ids kept in a file.

`TextFiles` is a corpus of strings that can be read as often as needed and never holds more than a
line. `IdFile` takes the ids that encoding makes of a corpus, where they would be too many for
memory.
"""

from __future__ import annotations

import bz2
import codecs
import gzip
import lzma
import os
import reprlib
import tempfile
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

_OPENERS: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}

# Ids that are gathered in memory before they are written: 4 MB.
_BUFFER_SIZE = 1 << 20


class TextFiles:
    r"""Documents in text files, one on each line, read when they are asked for.

    An iterable of str for `fit`, `fit_transform` and `transform`. It can be iterated over any
    number of times and holds one line at a time; its length is unknown until then. Files whose
    names end in ``.gz``, ``.bz2`` or ``.xz`` are decompressed as they are read.

    Parameters
    ----------
    paths : str, path or iterable of them
        The files, read in this order. They must exist.
    encoding : str, default="utf-8"
        How the text is encoded.
    decode_error : {"strict", "ignore", "replace"}, default="strict"
        What to do with bytes that are no text in this encoding: raise a UnicodeDecodeError, leave
        them out, or put a replacement mark.

    Attributes
    ----------
    paths : tuple of Path
        The files.

    Raises
    ------
    TypeError
        If a path is neither a str nor a path.
    ValueError
        If there is no path, or `decode_error` is unknown. While iterating: if a file is truncated
        or not compressed as its name says.
    FileNotFoundError, IsADirectoryError
        If a path names no file.
    LookupError
        If the encoding is unknown.

    Notes
    -----
    A line ends at ``\n``, ``\r\n`` or ``\r``. Empty lines are empty documents, so that document
    i is line i. gensim: `LineSentence`, `PathLineSentences`, which split at white space and cut
    long lines; here the lines are texts for the estimator to split, and no line is cut.

    Examples
    --------
    >>> import gzip, pathlib, tempfile
    >>> from skw2v import TextFiles
    >>> folder = tempfile.TemporaryDirectory()
    >>> first, second = (pathlib.Path(folder.name) / name for name in ("a.txt", "b.txt.gz"))
    >>> _ = first.write_text("the first document\nthe second\n", encoding="utf-8")
    >>> with gzip.open(second, "wt", encoding="utf-8") as file:
    ...     _ = file.write("the third\n")
    >>> documents = TextFiles([first, second])
    >>> list(documents)
    ['the first document', 'the second', 'the third']
    >>> sum(len(document.split()) for document in documents)
    7
    >>> folder.cleanup()
    """

    def __init__(
        self,
        paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
        *,
        encoding: str = "utf-8",
        decode_error: str = "strict",
    ) -> None:
        self.paths = _check_paths(paths)
        codecs.lookup(encoding)
        self.encoding = encoding
        if decode_error not in ("strict", "ignore", "replace"):
            raise ValueError(
                "decode_error must be 'strict', 'ignore' or 'replace', got "
                f"{reprlib.repr(decode_error)}."
            )
        self.decode_error = decode_error

    def __iter__(self) -> Iterator[str]:
        """Yield the lines of all files, without their ends."""
        for path in self.paths:
            yield from self._read_lines(path)

    def __repr__(self) -> str:
        """Return the paths, the first few of many, and the encoding."""
        paths = reprlib.repr([str(path) for path in self.paths])
        return f"{type(self).__name__}({paths}, encoding={self.encoding!r})"

    def _read_lines(self, path: Path) -> Iterator[str]:
        """Yield the lines of a file; say where it is at fault."""
        n_read = 0
        try:
            with self._open(path) as lines:
                for line in lines:
                    n_read += 1
                    yield line.removesuffix("\n")
        except UnicodeDecodeError as error:
            error.reason += (
                f" (in {path} after line {n_read}; pass its encoding, or 'ignore' or 'replace' as "
                "decode_error)"
            )
            raise
        except (EOFError, OSError, lzma.LZMAError, zlib.error) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise ValueError(
                f"{path} cannot be read after line {n_read}: {error}. It is truncated, damaged, or "
                f"not compressed as its name says ({path.suffix})."
            ) from error

    def _open(self, path: Path) -> TextIO:
        """Open a file for reading text, decompressed."""
        opener = _OPENERS.get(path.suffix.lower(), open)
        return opener(path, "rt", encoding=self.encoding, errors=self.decode_error)


class IdFile:
    """Word ids in a temporary file, gathered like those of an ``array("i")`` and then mapped.

    The file has no name, or loses it at once, and its space is free again when nothing uses the
    ids any more, however the process ends.

    Parameters
    ----------
    folder : str or path
        An existing folder with room for 4 bytes per id.

    Raises
    ------
    ValueError
        If there is no such folder.

    Examples
    --------
    >>> import tempfile
    >>> from skw2v.corpus.files import IdFile
    >>> ids = IdFile(tempfile.gettempdir())
    >>> ids.fromlist([3, 1])
    >>> ids.fromlist([2])
    >>> len(ids), ids.as_array()
    (3, array([3, 1, 2], dtype=int32))
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        if not os.path.isdir(folder):
            raise ValueError(
                f"temp_folder must be an existing folder, got {os.fspath(folder)!r}. Create it, or "
                "pass None to keep the corpus in memory."
            )
        self._file = tempfile.TemporaryFile(dir=folder, prefix="skw2v-")  # noqa: SIM115
        self._buffer = array("i")
        self._n_written = 0

    def __del__(self) -> None:
        """Close the file; what has been mapped stays."""
        with suppress(AttributeError, OSError):  # without a folder there is none; a full disk
            self._file.close()

    def __len__(self) -> int:
        """Return the number of ids."""
        return self._n_written + len(self._buffer)

    def fromlist(self, ids: list[int]) -> None:
        """Append ids.

        Parameters
        ----------
        ids : list of int
            Of 32 bits.
        """
        self._buffer.fromlist(ids)
        if len(self._buffer) >= _BUFFER_SIZE:
            self._write()

    def frombytes(self, ids: bytes) -> None:
        """Append ids.

        Parameters
        ----------
        ids : bytes
            Of 32 bits each.

        Examples
        --------
        >>> import tempfile
        >>> import numpy as np
        >>> from skw2v.corpus.files import IdFile
        >>> ids = IdFile(tempfile.gettempdir())
        >>> ids.frombytes(np.array([3, 1], dtype=np.int32).tobytes())
        >>> ids.as_array()
        array([3, 1], dtype=int32)
        """
        self._buffer.frombytes(ids)
        if len(self._buffer) >= _BUFFER_SIZE:
            self._write()

    def as_array(self) -> NDArray[np.int32]:
        """Return the ids as an array whose memory is the file.

        Returns
        -------
        ids : ndarray of shape (n_ids,), dtype int32
            What is written to it is written to the file.
        """
        self._write()
        if not self._n_written:
            return np.zeros(0, dtype=np.int32)
        mapped = np.memmap(self._file, dtype=np.int32, mode="r+", shape=(self._n_written,))
        return np.asarray(mapped)

    def _write(self) -> None:
        """Write the ids gathered so far: a full disk is an error here, and no crash later."""
        # Not `tofile`, which asks for a file of a certain kind on some systems.
        self._file.write(memoryview(self._buffer))
        self._file.flush()
        self._n_written += len(self._buffer)
        self._buffer = array("i")


def _check_paths(paths: Any) -> tuple[Path, ...]:
    """Return paths of existing files."""
    if isinstance(paths, (str, os.PathLike)):
        paths = [paths]
    if isinstance(paths, bytes) or not isinstance(paths, Iterable):
        raise TypeError(
            f"paths must be a str, a path or an iterable of them, got {reprlib.repr(paths)} (type "
            f"{type(paths).__name__})."
        )
    checked = []
    for path in paths:
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError(
                f"paths must hold str or paths, got {reprlib.repr(path)} (type "
                f"{type(path).__name__})."
            )
        checked.append(Path(path))
    if not checked:
        raise ValueError("paths must name at least one file, got none.")
    for path in checked:
        if path.is_dir():
            raise IsADirectoryError(
                f"{path} is a folder. Pass the files in it, e.g. sorted(Path({str(path)!r})"
                ".iterdir())."
            )
        if not path.exists():
            raise FileNotFoundError(f"There is no file {path}.")
    return tuple(checked)
