"""Word vectors as named arrays, and the two containers that hold them: safetensors and npz.

The arrays are `vectors`, `counts` where they are known, and the words as the bytes of all of them,
`words`, with the end of each in `word_ends`. This takes the memory that the words take, where an
array of strings pads all to the longest one and forgets null characters at their ends. Words that
are no str stand as JSON there, which the metadata tell by ``word_type``.

safetensors is a JSON header, which names the type, shape and place of each array, followed by the
arrays. It is read and written here, as its library would copy what can be mapped into memory as it
stands, and saving an estimator should need no package beyond our own. The tests compare both.
"""

from __future__ import annotations

import errno
import json
import math
import os
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from skw2v.io._collect import Options, nothing_found
from skw2v.io._files import describe_bytes
from skw2v.io._values import from_plain, to_plain
from skw2v.word_vectors import WordVectors

Arrays = dict[str, NDArray[Any]]

_DTYPES = {
    "BOOL": "|b1", "U8": "|u1", "I8": "|i1", "U16": "<u2", "I16": "<i2", "U32": "<u4",
    "I32": "<i4", "U64": "<u8", "I64": "<i8", "F16": "<f2", "F32": "<f4", "F64": "<f8",
}  # fmt: skip
_DTYPE_NAMES = {np.dtype(dtype): name for name, dtype in _DTYPES.items()}

_HEADER_LENGTH = struct.Struct("<Q")
_MAX_HEADER_BYTES = 100_000_000  # as in the library
_ALIGNMENT = 64
_MAX_DEFLATE_RATIO = 1032
_METADATA = "__metadata__"
WORD_TYPE = "word_type"


def to_arrays(word_vectors: WordVectors, dtype: np.dtype[Any]) -> tuple[Arrays, dict[str, str]]:
    """Return the arrays and the metadata that hold word vectors, with vectors of a type."""
    arrays, metadata = _encode_words(word_vectors.words)
    arrays["vectors"] = word_vectors.vectors.astype(dtype, copy=False)
    if word_vectors.counts is not None:
        arrays["counts"] = word_vectors.counts
    return arrays, metadata


def from_arrays(
    arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, str], options: Options, path: str
) -> WordVectors:
    """Return the word vectors that named arrays and metadata hold."""
    missing = [name for name in ("vectors", "words") if name not in arrays]
    if missing:
        raise ValueError(
            f"{path}: no word vectors of this package; it lacks the arrays {missing} and holds "
            f"{sorted(arrays)[:10]}."
        )
    words = _decode_words(arrays, metadata, options.limit, path)
    if not words:
        raise ValueError(nothing_found(path, None))
    columns = [arrays[name] for name in ("vectors", "counts") if name in arrays]
    columns = [column[: options.limit] if column.ndim else column for column in columns]
    shapes = [column.shape for column in columns]
    if any(shape[:1] != (len(words),) for shape in shapes) or len(shapes[0]) != 2:
        raise ValueError(
            f"{path}: {len(words)} words need as many vectors (and counts), but there are arrays "
            f"of the shapes {shapes}."
        )
    if options.dimension not in (None, shapes[0][1]):
        raise ValueError(
            f"{path}: the vectors have {shapes[0][1]} dimensions, but dimension="
            f"{options.dimension} was asked for."
        )
    if options.wanted is not None:
        rows = [row for row, word in enumerate(words) if word in options.wanted]
        words, columns = [words[row] for row in rows], [column[rows] for column in columns]
        if not words:
            raise ValueError(nothing_found(path, options.wanted))
    if options.dtype is not None:
        with np.errstate(over="ignore"):
            columns[0] = columns[0].astype(options.dtype, copy=False)
    for column in columns:
        column.setflags(write=False)
    try:
        return WordVectors(words, columns[0], counts=columns[1] if len(columns) > 1 else None)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from error


def _encode_words(words: Sequence[Hashable]) -> tuple[Arrays, dict[str, str]]:
    """Return the arrays and the metadata that hold words of any type."""
    metadata = {}
    if all(type(word) is str for word in words):
        encoded = [word.encode("utf-8", "surrogatepass") for word in words]  # type: ignore[attr-defined]
    else:
        metadata[WORD_TYPE] = "json"
        encoded = [json.dumps(to_plain(word, "the words")).encode() for word in words]
    ends = np.cumsum(np.fromiter(map(len, encoded), np.int64, len(encoded)))
    return {"words": np.frombuffer(b"".join(encoded), np.uint8), "word_ends": ends}, metadata


def _decode_words(
    arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, str], limit: int | None, path: str
) -> list[Hashable]:
    """Return the words that arrays and metadata hold, at most `limit`."""
    words = arrays["words"]
    if words.dtype.kind == "U" and words.ndim == 1:
        return words[:limit].tolist()
    ends = arrays.get("word_ends")
    if (
        ends is None
        or words.dtype != np.uint8
        or ends.dtype.kind not in "iu"
        or words.ndim != 1
        or ends.ndim != 1
    ):
        raise ValueError(f"{path}: the words must be bytes of type uint8 with integer ends.")
    data = words.tobytes()
    stops = ends.tolist()
    starts = [0, *stops[:-1]]
    if stops != sorted(stops) or (stops and (stops[0] < 0 or stops[-1] != len(data))):
        raise ValueError(f"{path}: the ends of the words do not fit their {len(data)} bytes.")
    pieces = [data[start:stop] for start, stop in zip(starts[:limit], stops[:limit], strict=True)]
    is_json = metadata.get(WORD_TYPE) == "json"
    decoded: list[Hashable] = []
    for position, piece in enumerate(pieces):
        try:
            word = piece.decode("utf-8", "surrogatepass")
            decoded.append(from_plain(load_json(word), path) if is_json else word)
        except (ValueError, TypeError) as error:
            raise ValueError(
                f"{path}, word {position}: {describe_bytes(piece)} is not valid "
                f"{'JSON' if is_json else 'UTF-8'} ({error})."
            ) from error
    return decoded


def load_json(text: str | bytes) -> Any:
    """Parse JSON; whatever is wrong with it is a ValueError."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def write_safetensors(
    file: IO[bytes], arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]
) -> None:
    """Write arrays and metadata."""
    header: dict[str, Any] = {_METADATA: dict(metadata)} if metadata else {}
    # Arrays of large items first, as the library has it: then all are aligned.
    order = sorted(arrays, key=lambda name: (-arrays[name].dtype.itemsize, name))
    end = 0
    for name in order:
        array = arrays[name]
        start, end = end, end + array.nbytes
        header[name] = {
            "dtype": _DTYPE_NAMES[array.dtype.newbyteorder("<")],
            "shape": list(array.shape),
            "data_offsets": [start, end],
        }
    text = json.dumps(header, separators=(",", ":")).encode()
    if len(text) > _MAX_HEADER_BYTES:
        raise ValueError(f"the metadata must take less than {_MAX_HEADER_BYTES} bytes.")
    text += b" " * (-(_HEADER_LENGTH.size + len(text)) % _ALIGNMENT)
    file.write(_HEADER_LENGTH.pack(len(text)) + text)
    for name in order:
        little_endian = arrays[name].astype(arrays[name].dtype.newbyteorder("<"), copy=False)
        file.write(
            np.ascontiguousarray(little_endian).data.cast("B") if little_endian.size else b""
        )


def read_safetensors(path: str, *, memory_map: bool = False) -> tuple[Arrays, dict[str, str]]:
    """Read the arrays and metadata of a file; with `memory_map`, the arrays stay on the disk."""
    with open(path, "rb") as file:
        entries, metadata, start = _read_safetensors_header(file, path)
        if memory_map:
            data = np.memmap(path, np.uint8, "r")
            arrays = {
                name: np.ndarray(shape, dtype, data, start + first)
                for name, (dtype, shape, first, last) in entries.items()
            }
        else:
            arrays = {}
            for name, (dtype, shape, first, _) in entries.items():
                array = _empty(shape, dtype, name, path)
                file.seek(start + first)
                if array.size and file.readinto(array.data.cast("B")) != array.nbytes:  # type: ignore[attr-defined]
                    raise ValueError(f"{path}: the file ends within the array {name!r}.")
                arrays[name] = array.astype(dtype.newbyteorder("="), copy=False)
    return arrays, metadata


def _empty(shape: tuple[int, ...], dtype: np.dtype[Any], name: str, path: str) -> NDArray[Any]:
    """Return an array to fill, of a shape that came from a file."""
    try:
        return np.empty(shape, dtype)
    except ValueError as error:
        raise ValueError(f"{path}: the shape of the array {name!r} makes no sense.") from error


def read_safetensors_metadata(path: str) -> dict[str, str]:
    """Read the metadata alone."""
    with open(path, "rb") as file:
        return _read_safetensors_header(file, path)[1]


_Entry = tuple["np.dtype[Any]", tuple[int, ...], int, int]


def _read_safetensors_header(
    file: IO[bytes], path: str
) -> tuple[dict[str, _Entry], dict[str, str], int]:
    """Return the types, shapes and places of the arrays, the metadata, and where data begin."""
    size = os.fstat(file.fileno()).st_size
    prefix = file.read(_HEADER_LENGTH.size)
    length = _HEADER_LENGTH.unpack(prefix)[0] if len(prefix) == _HEADER_LENGTH.size else size
    start = _HEADER_LENGTH.size + length
    if start > size or length > _MAX_HEADER_BYTES:
        raise ValueError(
            f"{path}, byte 0: a safetensors header of {length} bytes was announced, but the file "
            f"has {size}; it is truncated or of another format."
        )
    try:
        header = load_json(file.read(length))
    except ValueError as error:
        raise ValueError(f"{path}, byte 8: the safetensors header is no JSON ({error}).") from error
    if not isinstance(header, dict):
        raise ValueError(f"{path}, byte 8: the safetensors header is no JSON object.")
    metadata = _check_metadata(header.pop(_METADATA, {}), path)
    entries = {name: _check_entry(name, entry, path) for name, entry in header.items()}
    # Without gaps and overlaps, so that every byte has one meaning.
    end = 0
    for name, (_, _, first, last) in sorted(entries.items(), key=lambda item: item[1][2:]):
        if first != end:
            raise ValueError(
                f"{path}: the array {name!r} begins at byte {first} of the data, not at {end}."
            )
        end = last
    if start + end != size:
        raise ValueError(
            f"{path}: the safetensors header announces {end} bytes of arrays, but {size - start} "
            "follow it. The file is truncated or damaged."
        )
    return entries, metadata, start


def _check_entry(name: str, entry: Any, path: str) -> _Entry:
    """Return what a header says of an array, if it makes sense."""
    try:
        dtype_name, shape, (first, last) = entry["dtype"], entry["shape"], entry["data_offsets"]
        dtype = np.dtype(_DTYPES[dtype_name])
        numbers = [*shape, first, last]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path}: of the array {name!r} the safetensors header says {str(entry)[:100]}, which "
            f"this package does not know; types are {', '.join(_DTYPES)}."
        ) from error
    if not all(type(number) is int and 0 <= number < 2**62 for number in numbers):
        raise ValueError(f"{path}: the shape or the place of the array {name!r} makes no sense.")
    if last - first != math.prod(shape) * dtype.itemsize or len(shape) > 32:
        raise ValueError(
            f"{path}: the array {name!r} of type {dtype_name} and shape {tuple(shape)[:32]} does "
            f"not take {last - first} bytes."
        )
    return dtype, tuple(shape), first, last


def _check_metadata(metadata: Any, path: str) -> dict[str, str]:
    """Return the metadata, which must map str to str."""
    if not isinstance(metadata, dict) or not all(
        isinstance(value, str) for value in metadata.values()
    ):
        raise ValueError(f"{path}: the metadata must be an object of strings.")
    return metadata


def write_npz(
    file: IO[bytes], arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]
) -> None:
    """Write arrays and metadata, which become an array with their JSON."""
    extra = {_METADATA: np.array(json.dumps(dict(metadata)))} if metadata else {}
    np.savez(file, allow_pickle=False, **arrays, **extra)


def read_npz(path: str) -> tuple[Arrays, dict[str, str]]:
    """Read the arrays and metadata of a file; pickled objects in it are refused."""
    try:
        with zipfile.ZipFile(path) as archive:
            arrays = {
                info.filename.removesuffix(".npy"): _read_member(archive, info, path)
                for info in {info.filename: info for info in archive.infolist()}.values()
                if info.filename in _MEMBERS
            }
    except (*_ZIP_ERRORS, OSError) as error:
        # A damaged table of contents may point to a place before the beginning of the file.
        if isinstance(error, OSError) and error.errno != errno.EINVAL:
            raise
        raise ValueError(f"{path}: the npz file is damaged ({error}).") from error
    metadata = arrays.pop(_METADATA, None)
    if metadata is None:
        return arrays, {}
    try:
        return arrays, _check_metadata(load_json(str(metadata[()])), path)
    except ValueError as error:
        raise ValueError(f"{path}: the metadata are no JSON object of strings.") from error


# No others are unpacked: a zip file may hold more than its size suggests.
_MEMBERS = {f"{name}.npy" for name in ("vectors", "words", "word_ends", "counts", _METADATA)}

# What zipfile raises for what is no zip file, or one of a kind that it does not know.
_ZIP_ERRORS = (
    zipfile.BadZipFile,
    NotImplementedError,
    EOFError,
    RuntimeError,
    UnicodeDecodeError,
    zlib.error,
)

# What NumPy raises for what is no header of an array: it reads a Python literal.
_HEADER_ERRORS = (
    ValueError,
    KeyError,
    OverflowError,
    RecursionError,
    SyntaxError,
    TypeError,
    tokenize.TokenError,
)


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: str) -> NDArray[Any]:
    """Read one array of an npz file, of the size that its own header and the zip file agree on."""
    name = info.filename
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{path}: the member {name!r} is packed in an unknown way.")
    with archive.open(info) as member:
        try:
            version = np.lib.format.read_magic(member)
            read_header = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }[version]
            shape, is_fortran, dtype = read_header(member)
        except _HEADER_ERRORS as error:
            raise ValueError(f"{path}: the member {name!r} is no array ({error}).") from error
        if dtype.hasobject:
            raise ValueError(f"{path}: the array {name!r} is pickled, which could run code.")
        n_bytes = math.prod(shape) * dtype.itemsize
        n_there = info.file_size - member.tell()
        if any(n < 0 for n in shape) or n_bytes != n_there or not dtype.itemsize:
            raise ValueError(
                f"{path}: the array {name!r} of type {dtype} and shape {shape} takes {n_bytes} "
                f"bytes, but {n_there} are there."
            )
        if n_there > _MAX_DEFLATE_RATIO * (Path(path).stat().st_size + 1):
            raise ValueError(f"{path}: the array {name!r} is larger than the file can hold.")
        data = member.read(n_bytes)
        if len(data) != n_bytes:
            raise ValueError(f"{path}: the file ends within the array {name!r}.")
    array = np.frombuffer(data, dtype) if n_bytes else np.empty(math.prod(shape), dtype)
    array = array.reshape(shape, order="F" if is_fortran else "C")
    return array.astype(dtype.newbyteorder("="), copy=False)
