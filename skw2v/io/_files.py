"""Files that are not trusted to be whole when read, and that are whole when written.

A `Source` is a file as a stream of bytes, unpacked if it is compressed, that knows how many bytes
it can hold at most: what a header announces is compared with that before any memory is taken.
`replace_file` writes beside the old file and puts the new one in its place at the very end.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import secrets
import shutil
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TypeAlias, cast

StrPath: TypeAlias = "str | os.PathLike[str]"

BLOCK_BYTES = 1 << 20

# Longer lines or records are refused: one in a small compressed file may unpack to gigabytes.
MAX_RECORD_BYTES = 1 << 26

_GZIP_MAGIC = b"\x1f\x8b"
_MAX_DEFLATE_RATIO = 1032  # of zlib's technical details: no byte can stand for more


class Source:
    """A binary file to read once from its beginning, with some bytes of foresight.

    Attributes
    ----------
    path : str
        What errors call it.
    most_bytes : int or None
        No more bytes than this follow the beginning; None for a pipe, of which nobody knows.
    is_plain : bool
        Whether `most_bytes` is the very size: the file is neither compressed nor a pipe.
    position : int
        The number of bytes read.
    """

    def __init__(self, path: StrPath) -> None:
        self.path = os.fspath(path)
        self._raw: IO[bytes] = open(path, "rb")  # noqa: SIM115, closed by close()
        status = os.fstat(self._raw.fileno())
        self.most_bytes = status.st_size if stat.S_ISREG(status.st_mode) else None
        self.is_plain = self.most_bytes is not None
        self.position = 0
        self._ahead = b""
        self._stream: IO[bytes] = self._raw
        if self.peek(len(_GZIP_MAGIC)) == _GZIP_MAGIC:
            if self.most_bytes is None:
                raise ValueError(f"{self.path}: a pipe of gzip data; unpack it first (gzip -dc).")
            self._raw.seek(0)
            self._ahead = b""
            self._stream = cast("IO[bytes]", gzip.GzipFile(fileobj=self._raw, mode="rb"))
            self.most_bytes *= _MAX_DEFLATE_RATIO
            self.is_plain = False

    def __enter__(self) -> Source:
        """Return the source itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._raw.close()

    def peek(self, n_bytes: int) -> bytes:
        """Return the next bytes without reading them; fewer only at the end of the file."""
        if len(self._ahead) < n_bytes:
            self._ahead += self._read_stream(n_bytes - len(self._ahead))
        return self._ahead[:n_bytes]

    def read(self, n_bytes: int) -> bytes:
        """Return the next bytes; fewer only at the end of the file."""
        head, self._ahead = self._ahead[:n_bytes], self._ahead[n_bytes:]
        data = head + self._read_stream(n_bytes - len(head)) if len(head) < n_bytes else head
        self.position += len(data)
        return data

    def blocks_of_lines(self) -> Iterator[bytes]:
        """Yield the rest of the file in blocks of whole lines, each ended by a newline."""
        rest, start = b"", self.position
        while data := self.read(BLOCK_BYTES):
            end = data.rfind(b"\n") + 1
            if end:
                yield rest + data[:end]
                rest, start = data[end:], self.position - (len(data) - end)
            else:
                rest += data
                if len(rest) > MAX_RECORD_BYTES:
                    raise ValueError(
                        f"{self.path}: the line that begins at byte {start} is longer than "
                        f"{MAX_RECORD_BYTES} bytes; this is no text file of word vectors."
                    )
        if rest:
            yield rest + b"\n"

    def _read_stream(self, n_bytes: int) -> bytes:
        """Read from the file or from the decompressor, whose errors name no file."""
        try:
            return self._stream.read(n_bytes)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ValueError(
                f"{self.path}: the gzip data are damaged or truncated ({error})."
            ) from error


@contextlib.contextmanager
def replace_file(path: StrPath, *, compress: bool = False) -> Iterator[IO[bytes]]:
    """Open a file for writing that takes its place only when all is written.

    The bytes go to a temporary file in the same folder, which is flushed to the disk and then
    renamed. After an error, a full disk or Ctrl-C the temporary file is removed, and a file that
    stood there before is as it was. What is no regular file, such as /dev/stdout, is written to
    directly.

    Parameters
    ----------
    path : path-like
        The file to write; a symbolic link is followed.
    compress : bool, default=False
        Write gzip data. They hold no time and no name, so that equal content gives equal bytes.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(f"Cannot write to {os.fspath(path)!r}: it is a directory.")
    is_special = target.exists() and not target.is_file()
    # Opened like any new file, so that it has the permissions that the user's umask gives.
    part = target if is_special else target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with open(part, "wb" if is_special else "xb") as raw:
            if compress:
                with gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed:
                    yield cast("IO[bytes]", packed)
            else:
                yield raw
            raw.flush()
            if not is_special:
                os.fsync(raw.fileno())
        if not is_special:
            if target.exists():
                shutil.copymode(target, part)
            os.replace(part, target)
            _flush_folder(target.parent)
    except BaseException as error:
        if not is_special:
            part.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename in (None, os.fspath(part)):
            # Nobody knows the name of the temporary file, and a full disk names none.
            raise type(error)(error.errno, error.strerror, os.fspath(path)) from error
        raise


def _flush_folder(folder: Path) -> None:
    """Write the renaming itself to the disk, where the system can."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        with contextlib.suppress(OSError):
            os.fsync(descriptor)
        os.close(descriptor)


def describe_bytes(data: bytes) -> str:
    """Return the beginning of some bytes for an error message."""
    return repr(data[:40]) + ("..." if len(data) > 40 else "")
