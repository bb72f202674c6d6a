"""Which format a file has, and which one is to be written."""

from __future__ import annotations

import re
from typing import Any, Literal, cast

from skw2v.io._files import BLOCK_BYTES, Source, describe_bytes
from skw2v.io._word2vec import MAX_HEADER_BYTES, find_header, is_text

Format = Literal["auto", "word2vec", "word2vec_binary", "glove", "safetensors", "npz"]

FORMATS = ("word2vec", "word2vec_binary", "glove", "safetensors", "npz")
_FORMAT_OF_SUFFIX: dict[str, Format] = {
    ".txt": "word2vec",
    ".vec": "word2vec",
    ".bin": "word2vec_binary",
    ".safetensors": "safetensors",
    ".npz": "npz",
}

# Patterns of the first bytes of files that we know but do not read.
_FOREIGN = {
    rb"\x80[\x02-\x05]": "a pickle, such as gensim's save makes, which could run any code when it "
    "is read. Load it where you trust it, KeyedVectors.load(path), and pass the result to "
    "skw2v.io.from_gensim",
    rb"\xba\x16\x4f\x2f": "a fastText model. Export its vectors as text (.vec), or load it with "
    "gensim.models.fasttext.load_facebook_vectors and pass the result to skw2v.io.from_gensim",
    rb"\x93NUMPY": "a single array of NumPy, without words",
    rb"BZh[1-9]1AY&SY": "packed by bzip2; unpack it first",
    rb"\xfd7zXZ": "packed by xz; unpack it first",
}
_ZIP = b"PK\x03\x04"


def detect_format(source: Source, dimension: int | None = None) -> Format:
    """Find the format of a file from its content."""
    beginning = source.peek(BLOCK_BYTES // 16)
    if beginning.startswith(_ZIP):
        return "npz"
    for pattern, description in _FOREIGN.items():
        if re.match(pattern, beginning):
            raise ValueError(f"{source.path}: this is {description}.")
    if beginning[8:9] == b"{" and int.from_bytes(beginning[:8], "little") < 1 << 32:
        return "safetensors"
    if find_header(beginning[:MAX_HEADER_BYTES]) is not None:
        return "word2vec" if is_text(source) else "word2vec_binary"
    if b"\0" in beginning:
        if dimension is not None:
            return "word2vec_binary"
        raise ValueError(
            f"{source.path}: neither text nor a known binary format, it begins with "
            f"{describe_bytes(beginning)}. If it is word2vec's binary format without a header, "
            "pass the dimension."
        )
    return "glove"


def check_format(format: Any) -> Format:
    """Return the name of a format that the user gave."""
    if format not in FORMATS:
        raise ValueError(f"format must be 'auto' or one of {', '.join(FORMATS)}, got {format!r}.")
    return cast(Format, format)


def format_to_write(name: str, format: Any) -> Format:
    """Return the format of a file to write, by its suffix unless it is given."""
    if format != "auto":
        return check_format(format)
    suffix = "." + name.removesuffix(".gz").rpartition(".")[2]
    kind = _FORMAT_OF_SUFFIX.get(suffix.lower())
    if kind is None:
        raise ValueError(
            f"format must be given for {name!r}, whose suffix does not tell it; it is one of "
            f"{', '.join(FORMATS)}. Known suffixes are {', '.join(_FORMAT_OF_SUFFIX)}."
        )
    return kind
