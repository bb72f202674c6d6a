"""The formats of word2vec.c, GloVe and fastText: a word and its numbers, as text or as bytes.

Text: one line for each word, ``word number number ...``, separated by spaces. word2vec.c and
fastText (`.vec`) begin with a line ``n_words dimension``, GloVe begins at once. Binary: the same
first line, then for each word its bytes, a space and `dimension` little-endian float32;
word2vec.c ends each with a newline, gensim does not.

Both are parsed in blocks, and the numbers of a block of text by one call of NumPy. The dimension is
known before any word is split from its numbers, and a line is split from its right end, so that
words may contain spaces (those of GloVe's Common Crawl do).
"""

from __future__ import annotations

import re
import reprlib
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skw2v.io._collect import Collector, Options
from skw2v.io._files import BLOCK_BYTES, Source, describe_bytes
from skw2v.word_vectors import WordVectors

_HEADER = re.compile(rb"(?:\xef\xbb\xbf)?(\d{1,40})[ \t]+(\d{1,40})[ \t\r]*\n?")
MAX_HEADER_BYTES = 100
_SPACES = re.compile(rb"[ \t]+")
_SPACE_CHARACTERS = b" \t\r\x0b\x0c"

# What makes a block of text irregular, so that its lines are taken apart one by one: a field may be
# empty, or separated by something else than one space.
_IRREGULAR = (b"  ", b"\t", b"\r", b"\x0b", b"\x0c")

_FLOAT32 = np.dtype("<f4")

# Significant decimal digits that determine a number.
_N_DIGITS = {2: 5, 4: 9, 8: 17}


class _Header(NamedTuple):
    n_words: int
    dimension: int


class _BadLine(Exception):
    """Says what is wrong with which line of a block; becomes a ValueError that names the file."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line = line


def read_text(source: Source, options: Options, *, has_header: bool) -> WordVectors:
    """Read word2vec's or fastText's text (with a header) or GloVe's (without)."""
    header = _read_header(source, options) if has_header else None
    if header and source.most_bytes is not None:
        # A line holds at least a space and a digit for each number.
        _check_announced(header, 2 * header.dimension, source)
    return _TextReader(source, options, header).read()


class _TextReader:
    """Reads the lines of a text file after its header; see `read_text`."""

    def __init__(self, source: Source, options: Options, header: _Header | None) -> None:
        self.source, self.options, self.header = source, options, header
        self.n_words = header.n_words if header else None
        self.n_lines = int(header is not None)
        self.n_read = 0
        self.dimension = header.dimension if header else options.dimension
        self.collector: Collector | None = None

    def read(self) -> WordVectors:
        """Read all the words wanted."""
        limit = self.options.limit
        for block in self.source.blocks_of_lines():
            if limit is not None and self.n_read >= limit:
                break
            try:
                self._read_block(block)
            except _BadLine as error:
                place = f"line {self.n_lines + error.line + 1}"
                raise ValueError(f"{self.source.path}, {place}: {error}") from None
            self.n_lines += block.count(b"\n")
        n_expected = _smaller(self.n_words, limit)
        if self.n_words is not None and n_expected is not None and self.n_read < n_expected:
            raise ValueError(
                f"{self.source.path}: the header announces {self.n_words} words, but the file ends "
                f"after {self.n_read}, at line {self.n_lines}. It may be truncated; "
                "limit reads the words that are there."
            )
        if self.collector is None:
            raise ValueError(f"{self.source.path}: there are no words in the file.")
        return self.collector.finish()

    def _read_block(self, block: bytes) -> None:
        """Read a block of whole lines."""
        # Of regular lines each space is followed by a field. fastText ends its lines with a space.
        regular = not any(pattern in block for pattern in _IRREGULAR)
        lines = block.replace(b" \n", b"\n").split(b"\n")[:-1]
        numbers = list(range(len(lines)))
        if not regular or not all(lines):
            # A blank line holds nothing; there often are some at the end.
            regular = False
            numbers = [number for number in numbers if lines[number].strip(_SPACE_CHARACTERS)]
            lines = [lines[number] for number in numbers]
        if not lines:
            return
        if self.collector is None:
            self.collector = self._start(lines)
        self._read_lines(self._within_bounds(lines, numbers), numbers, self.collector, regular)

    def _start(self, lines: list[bytes]) -> Collector:
        """Settle the dimension by the first lines."""
        if self.dimension is None:
            self.dimension = _guess_dimension(lines, self.source)
        elif self.header:
            _check_numbers_per_line(lines, self.dimension, self.source)
        return Collector(
            self.source.path,
            self.dimension,
            self.options.dtype or np.dtype(np.float32),
            self.options.wanted,
            _smaller(self.n_words, self.options.limit) if self.source.is_plain else None,
        )

    def _within_bounds(self, lines: list[bytes], numbers: list[int]) -> list[bytes]:
        """Return the lines up to the limit; raise if there are more than the header says."""
        if self.options.limit is not None:
            lines = lines[: self.options.limit - self.n_read]
        if self.n_words is not None and self.n_read + len(lines) > self.n_words:
            raise _BadLine(
                numbers[self.n_words - self.n_read],
                f"the header announces {self.n_words} words, but here is one more. "
                "limit reads only the words announced.",
            )
        return lines

    def _read_lines(
        self, lines: list[bytes], numbers: list[int], collector: Collector, regular: bool
    ) -> None:
        """Split lines into words and numbers, and parse the numbers of the words wanted."""
        assert self.dimension is not None

        def place(position: int) -> str:
            return f"line {self.n_lines + numbers[position] + 1}"

        raw_words, tails = [], []
        for position, line in enumerate(lines):
            if regular and line.count(b" ") == self.dimension:
                raw_word, _, tail = line.partition(b" ")
            else:
                try:
                    raw_word, tail = _split_from_the_right(line, self.dimension, self.header)
                except ValueError as error:
                    raise _BadLine(numbers[position], str(error)) from None
            raw_words.append(raw_word)
            tails.append(tail)
        words = decode_words(
            raw_words, self.options.encoding, self.options.errors, b"\n", self.source.path, place
        )
        self.n_read += len(words)
        chosen = collector.choose(words, place)
        if chosen is not None:
            words, tails = [words[i] for i in chosen], [tails[i] for i in chosen]
            numbers = [numbers[i] for i in chosen]
        is_single = collector.dtype == np.float32
        dtype = np.dtype(np.float32 if is_single else np.float64)
        collector.add(words, _parse_numbers(tails, numbers, self.dimension, dtype), place)


def _split_from_the_right(
    line: bytes, dimension: int, header: _Header | None
) -> tuple[bytes, bytes]:
    """Split a line into the word, which may contain spaces, and its numbers."""
    fields = line.rsplit(None, dimension)
    is_empty_word = len(fields) == dimension and line[:1] in (b" ", b"\t")
    if len(fields) <= dimension and not is_empty_word:
        raise ValueError(
            f"a word and {dimension} numbers were expected, got {len(fields)} fields: "
            f"{describe_bytes(line)}."
        )
    word = b"" if is_empty_word else fields.pop(0).strip(_SPACE_CHARACTERS)
    if header is None and _ends_in_number(word):
        raise ValueError(
            f"a word and {dimension} numbers were expected, got more numbers: "
            f"{describe_bytes(line)}."
        )
    return word, b" ".join(fields)


def _parse_numbers(
    tails: list[bytes], numbers: list[int], dimension: int, dtype: np.dtype[Any]
) -> NDArray[Any]:
    """Parse the numbers of many lines, each of which has `dimension` fields."""
    rows = _parse_fields(b" ".join(tails), dtype)
    # Each tail has as many fields as there are dimensions, none of them empty.
    if rows.size != len(tails) * dimension:
        for number, tail in zip(numbers, tails, strict=True):
            if _parse_fields(tail, dtype).size != dimension:
                raise _BadLine(number, f"{_first_bad_field(tail)} is not a number.")
    return rows.reshape(len(tails), dimension)


def _parse_fields(text: bytes, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Parse numbers; return none at all if a field is none."""
    if not text:
        return np.empty(0, dtype)
    with warnings.catch_warnings(), np.errstate(over="ignore"):
        # NumPy before 2.3 only warns of what it cannot read.
        warnings.simplefilter("error", DeprecationWarning)
        try:
            return np.fromstring(text, dtype, sep=" ")  # type: ignore[call-overload,no-any-return]
        except (ValueError, DeprecationWarning):
            return np.empty(0, dtype)


def _first_bad_field(tail: bytes) -> str:
    """Return the first field that is not a number, for an error message."""
    fields = tail.split()
    bad = (field for field in fields if _parse_fields(field, np.dtype(float)).size != 1)
    return describe_bytes(next(bad, tail))


def _ends_in_number(word: bytes) -> bool:
    """Tell whether a word has several pieces, of which the last is a number."""
    pieces = word.split()
    if len(pieces) < 2:
        return False
    try:
        float(pieces[-1])
    except ValueError:
        return False
    return True


def _guess_dimension(lines: list[bytes], source: Source) -> int:
    """Return the dimension of text without a header: that of most of its first lines."""
    sizes = [
        len(_SPACES.split(line.rstrip(_SPACE_CHARACTERS))) - 1
        for line in lines[:100]
        if line.strip(_SPACE_CHARACTERS)
    ]
    dimension = Counter(sizes).most_common(1)[0][0] if sizes else 1
    if dimension < 1:
        raise ValueError(
            f"{source.path}, line 1: a word and its numbers were expected, got "
            f"{describe_bytes(lines[0])}."
        )
    return dimension


def _check_numbers_per_line(lines: list[bytes], dimension: int, source: Source) -> None:
    """Raise if the lines hold more numbers than the header says, and no words with spaces."""
    words = [line.rsplit(None, dimension)[0] for line in lines if len(line.split()) > dimension]
    if words and all(map(_ends_in_number, words)):
        n_numbers = len(lines[0].split()) - 1
        raise ValueError(
            f"{source.path}, line 2: the header announces {dimension} numbers for each word, but "
            f"there seem to be {n_numbers}: {describe_bytes(lines[0])}."
        )


def read_binary(source: Source, options: Options) -> WordVectors:
    """Read word2vec's binary format, with its header or, if the dimension is given, without."""
    header = find_header(source.peek(MAX_HEADER_BYTES))
    if options.dimension is None or (header and header.dimension == options.dimension):
        header = _read_header(source, options)
    else:
        header = None
    dimension = header.dimension if header else options.dimension
    assert dimension is not None
    n_bytes = _FLOAT32.itemsize * dimension
    if header and source.most_bytes is not None:
        _check_announced(header, n_bytes + 1, source)
    n_words = _smaller(header.n_words if header else None, options.limit)
    collector = Collector(
        source.path,
        dimension,
        options.dtype or np.dtype(np.float32),
        options.wanted,
        n_words if header and source.is_plain else None,
    )
    n_read = 0
    rest = b""
    while n_words is None or n_read < n_words:
        start = source.position - len(rest)
        new = source.read(max(BLOCK_BYTES, n_bytes))
        data = rest + new
        n_left = None if n_words is None else n_words - n_read
        raw_words, offsets, end = _find_records(data, n_bytes, n_left)
        _read_records(data, raw_words, offsets, dimension, start, collector, options)
        n_read += len(raw_words)
        rest = data[end:]
        if not new:
            break
        if len(rest) > n_bytes + 2 * BLOCK_BYTES:
            raise ValueError(
                f"{source.path}, byte {start + end}: no space ends the word that begins here; this "
                "is no binary file of word vectors."
            )
    _check_binary_end(source, options, header, n_read, rest)
    return collector.finish()


def _find_records(
    data: bytes, n_bytes: int, n_left: int | None
) -> tuple[list[bytes], NDArray[np.int64], int]:
    """Find the whole records: their words, where their vectors begin, and the end of the last."""
    spaces: list[int] = []
    find, last, end = data.find, len(data) - n_bytes - 1, 0
    while 0 <= (space := find(b" ", end)) <= last:
        spaces.append(space)
        end = space + 1 + n_bytes
    spaces = spaces[:n_left]
    if not spaces:
        return [], np.empty(0, np.int64), 0
    offsets = np.array(spaces) + 1
    begins = np.append(0, offsets[:-1] + n_bytes)
    # A newline ends each record of word2vec.c, and there may be more of them.
    begins += np.frombuffer(data, np.uint8)[begins] == ord("\n")
    raw_words = [data[i:j] for i, j in zip(begins.tolist(), spaces, strict=True)]
    if b"\n" in b" ".join(raw_words):
        raw_words = [word.lstrip(b"\n") for word in raw_words]
    return raw_words, offsets, int(offsets[-1]) + n_bytes


def _read_records(
    data: bytes,
    raw_words: list[bytes],
    offsets: NDArray[np.int64],
    dimension: int,
    start: int,
    collector: Collector,
    options: Options,
) -> None:
    """Decode the words of some records and copy their vectors."""
    if not raw_words:
        return

    def place(position: int) -> str:
        return f"byte {start + offsets[position] - 1 - len(raw_words[position])}"

    words = decode_words(raw_words, options.encoding, options.errors, b" ", collector.path, place)
    chosen = collector.choose(words, place)
    if chosen is not None:
        words, offsets = [words[i] for i in chosen], offsets[chosen]
        raw_words = [raw_words[i] for i in chosen]
        if not chosen:
            return
    # One record at each byte of the data: an index by bytes copies whole vectors.
    n_bytes = _FLOAT32.itemsize * dimension
    at_each_byte: NDArray[Any] = np.ndarray(
        (len(data) - n_bytes + 1,), dtype=f"V{n_bytes}", buffer=data, strides=(1,)
    )
    rows = at_each_byte[offsets].view(_FLOAT32).reshape(len(words), dimension)
    collector.add(words, rows, place)


def _check_binary_end(
    source: Source, options: Options, header: _Header | None, n_read: int, rest: bytes
) -> None:
    """Raise if the file ends too early or too late."""
    if options.limit is not None and n_read >= options.limit:
        return
    if header and n_read < header.n_words:
        raise ValueError(
            f"{source.path}: the header announces {header.n_words} words of {header.dimension} "
            f"dimensions, but the file ends at byte {source.position}, after {n_read} words. It "
            "may be truncated; limit reads the words that are there."
        )
    end = source.position - len(rest)
    rest = (rest + source.peek(BLOCK_BYTES)).lstrip(b"\n")
    if rest and header:
        raise ValueError(
            f"{source.path}, byte {end}: the header announces {header.n_words} words, but the file "
            f"goes on: {describe_bytes(rest)}. limit reads only the words announced."
        )
    if rest:
        raise ValueError(
            f"{source.path}, byte {end}: the last record is incomplete: {describe_bytes(rest)}. "
            f"Is the dimension {options.dimension}? If so, limit={n_read} reads the others."
        )


def find_header(beginning: bytes) -> _Header | None:
    """Return the numbers of the first line, if it has the form of a header."""
    match = _HEADER.match(beginning)
    if match is None or (len(beginning) > match.end() and not match[0].endswith(b"\n")):
        return None
    return _Header(int(match[1]), int(match[2]))


def _read_header(source: Source, options: Options) -> _Header:
    """Read the first line, which must be a header."""
    beginning = source.peek(MAX_HEADER_BYTES)
    header = find_header(beginning)
    if header is None:
        raise ValueError(
            f"{source.path}, line 1: the header 'n_words dimension' was expected, got "
            f"{describe_bytes(beginning.split(chr(10).encode())[0])}. Text without a header is "
            "read with format='glove', binary data without one with the dimension."
        )
    if header.dimension < 1:
        raise ValueError(f"{source.path}, line 1: the header announces vectors of no dimension.")
    if options.dimension is not None and options.dimension != header.dimension:
        raise ValueError(
            f"{source.path}, line 1: the header announces {header.dimension} dimensions, but "
            f"dimension={options.dimension} was asked for."
        )
    source.read(beginning.index(b"\n") + 1 if b"\n" in beginning else len(beginning))
    return header


def _check_announced(header: _Header, bytes_per_word: int, source: Source) -> None:
    """Raise if the file is too small for what its header announces."""
    assert source.most_bytes is not None
    least = header.n_words * bytes_per_word
    if least > source.most_bytes:
        raise ValueError(
            f"{source.path}, line 1: the header announces {header.n_words} words of "
            f"{header.dimension} dimensions, which take {least} bytes or more, but the file cannot "
            f"hold more than {source.most_bytes}. It is truncated, or of another format."
        )


def is_text(source: Source) -> bool:
    """Tell whether a file that begins with a header goes on as text."""
    for foresight in (1 << 12, BLOCK_BYTES):
        beginning = source.peek(foresight)
        header = find_header(beginning)
        if header is None:
            return True
        lines = beginning.split(b"\n")
        if len(lines) > 2 or (len(lines) == 2 and len(beginning) < foresight):
            fields = lines[1].split()[1:]
            # Text of a wrong dimension is text; a few bytes of a vector may look like a number.
            n_numbers = min(header.dimension, len(fields))
            return 2 * n_numbers >= header.dimension and all(
                _parse_fields(field, np.dtype(float)).size == 1
                for field in fields[len(fields) - n_numbers :]
            )
    return False


def decode_words(
    raw_words: list[bytes],
    encoding: str,
    errors: str,
    separator: bytes,
    path: str,
    place: Callable[[int], str],
) -> list[str]:
    """Decode words, none of which contains the separator."""
    if encoding == "utf-8":
        try:
            # At once: far faster, and in UTF-8 no character spans the separator.
            words = separator.join(raw_words).decode(encoding, errors).split(separator.decode())
            if len(words) == len(raw_words):
                return words
        except UnicodeDecodeError:
            pass
    words = []
    for position, raw_word in enumerate(raw_words):
        try:
            words.append(raw_word.decode(encoding, errors))
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{path}, {place(position)}: the word {describe_bytes(raw_word)} is not valid "
                f"{encoding} ({error.reason}). Pass the right encoding, or errors='replace', "
                "'ignore' or 'surrogateescape'."
            ) from error
    return words


def write_text(
    file: IO[bytes],
    word_vectors: WordVectors,
    dtype: np.dtype[Any],
    encoding: str,
    errors: str,
    *,
    has_header: bool,
) -> None:
    """Write word2vec's text format, or with no header that of GloVe."""
    raw_words = _encode_words(word_vectors, encoding, errors)
    ambiguous = [_ends_in_number(word) for word in raw_words]
    for position, word in enumerate(raw_words):
        if b"\n" in word or word.strip(_SPACE_CHARACTERS) != word:
            raise _unwritable(word_vectors, position, "contains a newline or has spaces around it")
    if (any(ambiguous) and not has_header) or all(ambiguous):
        raise _unwritable(
            word_vectors, ambiguous.index(True), "ends in a number that looks like its vector's"
        )
    if has_header:
        file.write(b"%d %d\n" % word_vectors.vectors.shape)
    n_digits = _N_DIGITS[dtype.itemsize]
    row_format = f" %.{n_digits}g" * word_vectors.vectors.shape[1] + "\n"
    for start, rows in _blocks_of_rows(word_vectors.vectors, dtype):
        numbers = (row_format % tuple(row) for row in rows.tolist())
        lines = (
            word + text.encode()
            for word, text in zip(raw_words[start : start + len(rows)], numbers, strict=True)
        )
        file.write(b"".join(lines))


def write_binary(
    file: IO[bytes], word_vectors: WordVectors, dtype: np.dtype[Any], encoding: str, errors: str
) -> None:
    """Write word2vec's binary format, with a newline after each vector as word2vec.c has it."""
    raw_words = _encode_words(word_vectors, encoding, errors)
    for position, word in enumerate(raw_words):
        if b" " in word or b"\n" in word:
            raise _unwritable(word_vectors, position, "contains a space or a newline")
    file.write(b"%d %d\n" % word_vectors.vectors.shape)
    for start, rows in _blocks_of_rows(word_vectors.vectors, dtype):
        data, n_bytes = rows.astype(_FLOAT32).tobytes(), _FLOAT32.itemsize * rows.shape[1]
        records: list[bytes] = []
        for row in range(len(rows)):
            records += (
                raw_words[start + row], b" ", data[row * n_bytes : (row + 1) * n_bytes], b"\n",
            )  # fmt: skip
        file.write(b"".join(records))


def _blocks_of_rows(
    vectors: NDArray[np.floating], dtype: np.dtype[Any]
) -> Iterator[tuple[int, NDArray[np.floating]]]:
    """Yield the vectors in blocks of the type to write, and the row where each begins."""
    n_rows = max(1, BLOCK_BYTES // (8 * vectors.shape[1]))
    for start in range(0, len(vectors), n_rows):
        yield start, vectors[start : start + n_rows].astype(dtype, copy=False)


def _encode_words(word_vectors: WordVectors, encoding: str, errors: str) -> list[bytes]:
    """Encode the words, which must be str and stay distinct."""
    raw_words = []
    for position, word in enumerate(word_vectors.words):
        if not isinstance(word, str):
            raise _unwritable(word_vectors, position, f"is no str but a {type(word).__name__}")
        try:
            raw_words.append(word.encode(encoding, errors))
        except UnicodeEncodeError as error:
            problem = f"cannot be encoded as {encoding} ({error.reason})"
            raise _unwritable(word_vectors, position, problem) from error
    if errors != "strict" and len(set(raw_words)) < len(raw_words):
        raise ValueError(
            f"words must stay distinct when they are encoded as {encoding} with errors={errors!r}, "
            f"but {len(raw_words) - len(set(raw_words))} become equal to others."
        )
    return raw_words


def _unwritable(word_vectors: WordVectors, position: int, problem: str) -> ValueError:
    """Return the error for a word that the format cannot hold."""
    return ValueError(
        f"the word {reprlib.repr(word_vectors.words[position])} at position {position} {problem}, "
        "so that this format cannot hold it. Rename it, or write safetensors or npz, which hold "
        "any word."
    )


def _smaller(first: int | None, second: int | None) -> int | None:
    """Return the smaller of two numbers; None stands for no bound."""
    if first is None or second is None:
        return second if first is None else first
    return min(first, second)
