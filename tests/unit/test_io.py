"""Files of word vectors: every format, every way to be wrong, and gensim's own fixtures."""

import bz2
import errno
import gzip
import json
import os
import pickle
import struct
import warnings
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_array_equal

from skw2v import WordVectors
from skw2v.io import (
    from_gensim,
    read_metadata,
    read_word_vectors,
    to_gensim,
    write_word_vectors,
)

WORDS = ["the", "naïve", "日本", "e-mail", "U.S.", "🙂", "0.5", "a/b"]
TEXT_FORMATS = ["word2vec", "glove"]
PACKABLE_FORMATS = [*TEXT_FORMATS, "word2vec_binary"]
ARRAY_FORMATS = ["safetensors", "npz"]
FORMATS = [*PACKABLE_FORMATS, *ARRAY_FORMATS]


@pytest.fixture
def word_vectors(global_random_seed):
    generator = np.random.default_rng(global_random_seed)
    return WordVectors(WORDS, generator.standard_normal((len(WORDS), 3), np.float32))


def assert_same(actual, expected):
    assert actual.words == expected.words
    assert actual.vectors.dtype == expected.vectors.dtype
    assert_array_equal(actual.vectors, expected.vectors)


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


# Formats


@pytest.mark.parametrize("format", FORMATS)
def test_what_was_written_is_read_again(tmp_path, word_vectors, format):
    path = tmp_path / "vectors"
    write_word_vectors(word_vectors, path, format=format)
    assert_same(read_word_vectors(path), word_vectors)
    assert_same(read_word_vectors(path, format=format), word_vectors)


@pytest.mark.parametrize("format", PACKABLE_FORMATS)
def test_files_are_packed_and_unpacked(tmp_path, word_vectors, format):
    path, packed = tmp_path / "vectors", tmp_path / "vectors.gz"
    write_word_vectors(word_vectors, path, format=format)
    write_word_vectors(word_vectors, packed, format=format)
    assert gzip.decompress(packed.read_bytes()) == path.read_bytes()
    assert_same(read_word_vectors(packed.rename(tmp_path / "other")), word_vectors)


def test_packing_twice_gives_the_same_bytes(tmp_path, word_vectors):
    paths = [tmp_path / "a.txt.gz", tmp_path / "b.txt.gz"]
    for path in paths:
        write_word_vectors(word_vectors, path)
    assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("a.txt", "word2vec"),
        ("a.vec", "word2vec"),
        ("a.BIN", "word2vec_binary"),
        ("a.bin.gz", "word2vec_binary"),
        ("a.npz", "npz"),
        ("a.safetensors", "safetensors"),
    ],
)
def test_the_suffix_tells_the_format_to_write(tmp_path, word_vectors, name, format):
    write_word_vectors(word_vectors, tmp_path / name)
    assert_same(read_word_vectors(tmp_path / name, format=format), word_vectors)


@pytest.mark.parametrize("name", ["vectors", "vectors.dat", "vectors.gz", "v.txt/vectors"])
def test_an_unknown_suffix_needs_a_format(tmp_path, word_vectors, name):
    with pytest.raises(ValueError, match=r"format must be given for .* Known suffixes are \.txt"):
        write_word_vectors(word_vectors, tmp_path / name)


def test_text_of_word2vec_c_and_fasttext_may_end_its_lines_with_spaces(tmp_path):
    for end in (" \n", "\n", "\r\n", " \r\n", "  \n", "\t\n"):
        path = write(tmp_path / "v", f"2 2{end}a 1 2{end}b 3 4{end}")
        assert_same(read_word_vectors(path), WordVectors(["a", "b"], np.float32([[1, 2], [3, 4]])))


@pytest.mark.parametrize(
    "content", ["a\t1\t2\nb\t3\t4\n", "a  1   2\nb 3  4", "a 1 2\n\n\nb 3 4\n \n"]
)
def test_fields_may_be_apart_in_any_way(tmp_path, content):
    expected = WordVectors(["a", "b"], np.float32([[1, 2], [3, 4]]))
    assert_same(read_word_vectors(write(tmp_path / "v", content)), expected)
    assert_same(read_word_vectors(write(tmp_path / "v", "2 2\n" + content)), expected)


def test_words_may_contain_spaces(tmp_path):
    content = ". . . 1 2\nat name@domain.com 3 4\nNew  York 5 6\nb 7 8\nc 9 0\nd 1 1\ne 2 2\n"
    words = (". . .", "at name@domain.com", "New  York", "b", "c", "d", "e")
    assert read_word_vectors(write(tmp_path / "v", content)).words == words
    with_header = read_word_vectors(write(tmp_path / "v", "7 2\n" + content))
    assert with_header.words == words
    assert_array_equal(with_header["New  York"], [5, 6])


def test_the_dimension_settles_text_whose_words_mostly_contain_spaces(tmp_path):
    path = write(tmp_path / "v", "a b 1 2\nc d 3 4\n")
    with pytest.raises(ValueError, match=r"line 1: b'b' is not a number"):
        read_word_vectors(path)
    assert read_word_vectors(path, dimension=2).words == ("a b", "c d")


def test_an_empty_word_is_a_word(tmp_path):
    word_vectors = WordVectors(["", "a"], np.float32([[1, 2], [3, 4]]))
    for format in FORMATS:
        write_word_vectors(word_vectors, tmp_path / "v", format=format)
        assert_same(read_word_vectors(tmp_path / "v"), word_vectors)


def test_unusual_line_breaks_are_part_of_words(tmp_path):
    word_vectors = WordVectors(["a\x85b", "\u2028c", "d\u00a0e", "f\x1cg"], np.eye(4))
    write_word_vectors(word_vectors, tmp_path / "v", format="word2vec")
    assert read_word_vectors(tmp_path / "v").words == word_vectors.words


def test_a_binary_file_may_have_newlines_or_none_and_no_header(tmp_path):
    rows = [b"a " + struct.pack("<2f", 1, 2), b"b " + struct.pack("<2f", 3, 4)]
    expected = WordVectors(["a", "b"], np.float32([[1, 2], [3, 4]]))
    for separator in (b"", b"\n"):
        for end in (b"", b"\n"):
            content = separator.join(rows) + end
            path = write(tmp_path / "v", b"2 2\n" + content)
            assert_same(read_word_vectors(path), expected)
            assert_same(read_word_vectors(path, dimension=2), expected)
            assert_same(read_word_vectors(write(path, content), dimension=2), expected)


def test_a_binary_file_without_header_needs_the_dimension(tmp_path):
    path = write(tmp_path / "v", b"a " + struct.pack("<2f", 1, 2))
    with pytest.raises(ValueError, match=r"without a header, pass the dimension"):
        read_word_vectors(path)
    with pytest.raises(ValueError, match=r"line 1: the header .* was expected, got b'a "):
        read_word_vectors(path, format="word2vec_binary")


def test_binary_files_span_blocks(tmp_path, global_random_seed):
    generator = np.random.default_rng(global_random_seed)
    words = ["w" * int(length) + str(i) for i, length in enumerate(generator.integers(0, 99, 9000))]
    word_vectors = WordVectors(words, generator.standard_normal((9000, 70), np.float32))
    for format in PACKABLE_FORMATS:
        write_word_vectors(word_vectors, tmp_path / "v", format=format)
        assert_same(read_word_vectors(tmp_path / "v"), word_vectors)


@pytest.mark.parametrize("format", ARRAY_FORMATS)
def test_counts_and_metadata_are_kept(tmp_path, format):
    word_vectors = WordVectors(["a", "b"], np.eye(2), counts=[2**40, 0])
    write_word_vectors(word_vectors, tmp_path / "v", format=format, metadata={"ä": "b\n"})
    assert_array_equal(read_word_vectors(tmp_path / "v").counts, [2**40, 0])
    assert_array_equal(read_word_vectors(tmp_path / "v", words=["b"]).counts, [0])
    assert_array_equal(read_word_vectors(tmp_path / "v", limit=1).counts, [2**40])
    assert read_metadata(tmp_path / "v") == {"ä": "b\n"}


@pytest.mark.parametrize("format", ARRAY_FORMATS)
def test_words_of_any_type_come_back_as_they_were(tmp_path, format):
    words = [
        7,
        "7",
        1.5,
        (1, ("a", None)),
        None,
        False,
        b"\xff",
        frozenset({1, 2}),
        "\ud800",
        "a\0",
    ]
    word_vectors = WordVectors(words, np.eye(len(words)))
    write_word_vectors(word_vectors, tmp_path / "v", format=format)
    read = read_word_vectors(tmp_path / "v")
    assert read.words == tuple(words)
    assert [type(word) for word in read.words] == [type(word) for word in words]


def test_surrogates_and_null_characters_need_no_json(tmp_path):
    word_vectors = WordVectors(["\ud800", "a\0", "\n", " "], np.eye(4))
    for format in ARRAY_FORMATS:
        write_word_vectors(word_vectors, tmp_path / "v", format=format)
        assert_same(read_word_vectors(tmp_path / "v"), word_vectors)


def test_an_npz_file_of_others_may_hold_an_array_of_strings(tmp_path):
    np.savez_compressed(tmp_path / "v.npz", words=np.array(["a", "bb"]), vectors=np.eye(2))
    assert_same(read_word_vectors(tmp_path / "v.npz"), WordVectors(["a", "bb"], np.eye(2)))


def test_the_safetensors_library_reads_and_writes_the_same(tmp_path, word_vectors):
    library = pytest.importorskip("safetensors.numpy")
    open_file = pytest.importorskip("safetensors").safe_open
    path, theirs = tmp_path / "v.safetensors", tmp_path / "t.safetensors"
    write_word_vectors(word_vectors, path, metadata={"a": "b"})
    arrays = library.load_file(path)
    assert_array_equal(arrays["vectors"], word_vectors.vectors)
    assert arrays["words"].tobytes().decode() == "".join(WORDS)
    with open_file(path, "numpy") as file:
        assert file.metadata() == {"a": "b"}
    library.save_file(arrays, theirs, metadata={"a": "b"})
    assert_same(read_word_vectors(theirs), word_vectors)
    assert read_metadata(theirs) == {"a": "b"}


def test_mapped_vectors_stay_on_the_disk(tmp_path, word_vectors):
    path = tmp_path / "v.safetensors"
    write_word_vectors(word_vectors, path)
    mapped = read_word_vectors(path, memory_map=True)
    assert_same(mapped, word_vectors)
    base = mapped.vectors
    while isinstance(base, np.ndarray) and not isinstance(base, np.memmap):
        base = base.base
    assert isinstance(base, np.memmap)
    assert mapped.vectors.flags.aligned
    assert_same(
        read_word_vectors(path, memory_map=True, limit=2),
        WordVectors(WORDS[:2], word_vectors.vectors[:2]),
    )
    assert_same(pickle.loads(pickle.dumps(mapped)), word_vectors)


@pytest.mark.parametrize("format", [*PACKABLE_FORMATS, "npz"])
def test_only_safetensors_can_be_mapped(tmp_path, word_vectors, format):
    write_word_vectors(word_vectors, tmp_path / "v", format=format)
    with pytest.raises(ValueError, match=f"memory_map must be False .*'{format}'"):
        read_word_vectors(tmp_path / "v", memory_map=True)


# Options


@pytest.mark.parametrize("format", FORMATS)
def test_limit_reads_the_first_words(tmp_path, word_vectors, format):
    write_word_vectors(word_vectors, tmp_path / "v", format=format)
    for limit in (1, 3, len(WORDS), 100):
        expected = WordVectors(WORDS[:limit], word_vectors.vectors[:limit])
        assert_same(read_word_vectors(tmp_path / "v", limit=limit), expected)


@pytest.mark.parametrize("format", FORMATS)
def test_words_chooses_words_in_the_order_of_the_file(tmp_path, word_vectors, format):
    write_word_vectors(word_vectors, tmp_path / "v", format=format)
    read = read_word_vectors(tmp_path / "v", words=["🙂", "the", "unknown"])
    assert_same(read, WordVectors(["the", "🙂"], word_vectors.vectors[[0, 5]]))
    with pytest.raises(ValueError, match=r"none of the 1 words asked for .* what was read"):
        read_word_vectors(tmp_path / "v", words=["🙂"], limit=5)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_dtype_on_reading(tmp_path, word_vectors, format, dtype):
    write_word_vectors(word_vectors, tmp_path / "v", format=format)
    read = read_word_vectors(tmp_path / "v", dtype=dtype)
    assert read.vectors.dtype == dtype
    np.testing.assert_allclose(read.vectors, word_vectors.vectors, rtol=1e-3)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("format", [*TEXT_FORMATS, *ARRAY_FORMATS])
def test_no_digit_is_lost(tmp_path, format, dtype, global_random_seed):
    generator = np.random.default_rng(global_random_seed)
    vectors = generator.standard_normal((500, 3)) * 10.0 ** generator.integers(-4, 4, (500, 3))
    word_vectors = WordVectors([f"w{i}" for i in range(500)], vectors.astype(dtype))
    write_word_vectors(word_vectors, tmp_path / "v", format=format)
    assert_same(read_word_vectors(tmp_path / "v", dtype=dtype), word_vectors)


def test_float16_makes_files_smaller(tmp_path, word_vectors):
    write_word_vectors(word_vectors, tmp_path / "v.safetensors", dtype=np.float16)
    read = read_word_vectors(tmp_path / "v.safetensors")
    assert_same(read, WordVectors(WORDS, word_vectors.vectors.astype(np.float16)))


def test_the_binary_format_rounds_float64_only_if_asked(tmp_path):
    word_vectors = WordVectors(["a"], [[0.1, 0.2]])
    with pytest.raises(ValueError, match=r"dtype must be float32 .* got float64. Pass dtype="):
        write_word_vectors(word_vectors, tmp_path / "v.bin")
    write_word_vectors(word_vectors, tmp_path / "v.bin", dtype="float32")
    assert_same(read_word_vectors(tmp_path / "v.bin"), WordVectors(["a"], np.float32([[0.1, 0.2]])))


@pytest.mark.parametrize(("value", "dtype"), [(1e5, "float16"), (-1e39, "float32")])
def test_numbers_out_of_range_are_not_made_infinite(tmp_path, value, dtype):
    word_vectors = WordVectors(["a"], [[value]])
    with pytest.raises(ValueError, match=rf"largest number is .*, got {dtype}"):
        write_word_vectors(word_vectors, tmp_path / "v.txt", dtype=dtype)
    write_word_vectors(word_vectors, tmp_path / "v.txt")
    with pytest.raises(ValueError, match=rf"line 2: .*beyond the range of {dtype}"):
        read_word_vectors(tmp_path / "v.txt", dtype=dtype)


@pytest.mark.parametrize("format", PACKABLE_FORMATS)
def test_other_encodings(tmp_path, format):
    word_vectors = WordVectors(["Größe", "x"], np.eye(2, dtype=np.float32))
    write_word_vectors(word_vectors, tmp_path / "v", format=format, encoding="cp1252")
    assert "Größe".encode("cp1252") in (tmp_path / "v").read_bytes()
    assert_same(read_word_vectors(tmp_path / "v", encoding="cp1252"), word_vectors)
    with pytest.raises(ValueError, match=r"v, (line|byte) \d+: the word .* is not valid utf-8"):
        read_word_vectors(tmp_path / "v")
    assert read_word_vectors(tmp_path / "v", errors="replace").words == ("Gr��e", "x")
    escaped = read_word_vectors(tmp_path / "v", errors="surrogateescape")
    write_word_vectors(escaped, tmp_path / "w", format=format, errors="surrogateescape")
    assert (tmp_path / "w").read_bytes() == (tmp_path / "v").read_bytes()


def test_words_that_become_equal_in_an_encoding_are_not_written(tmp_path):
    word_vectors = WordVectors(["ä", "ö"], np.eye(2))
    with pytest.raises(ValueError, match=r"words must stay distinct .* 1 become equal"):
        write_word_vectors(word_vectors, tmp_path / "v.txt", encoding="ascii", errors="replace")
    with pytest.raises(ValueError, match=r"'ä' at position 0 cannot be encoded as ascii"):
        write_word_vectors(word_vectors, tmp_path / "v.txt", encoding="ascii")


@pytest.mark.parametrize("format", PACKABLE_FORMATS)
def test_repeated_words_are_left_out_and_counted(tmp_path, format):
    rows = [("a", [1, 2]), ("b", [3, 4]), ("a", [5, 6]), ("a", [7, 8])]
    if format == "word2vec_binary":
        content = b"4 2\n" + b"".join(w.encode() + b" " + struct.pack("<2f", *v) for w, v in rows)
    else:
        content = ("4 2\n" if format == "word2vec" else "") + "".join(
            f"{word} {x} {y}\n" for word, (x, y) in rows
        )
    path = write(tmp_path / "v", content)
    with pytest.warns(UserWarning, match=r"v: 2 words repeat an earlier .* 'a' in (line|byte) \d+"):
        read = read_word_vectors(path)
    assert_same(read, WordVectors(["a", "b"], np.float32([[1, 2], [3, 4]])))
    # A repetition of a word that nobody wants is no matter.
    assert read_word_vectors(path, words=["b"]).words == ("b",)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"format": "gensim"}, "format must be 'auto' or one of word2vec"),
        ({"limit": 0}, "limit must be None or an int of at least 1, got 0"),
        ({"limit": True}, "limit must be None or an int"),
        ({"dimension": 2.0}, "dimension must be None or an int"),
        ({"words": "the"}, "words must be a collection of words, got the single 'the'"),
        ({"words": []}, "words must hold at least one word"),
        ({"dtype": int}, "dtype must be float16, float32 or float64, got int"),
        ({"dtype": "flot"}, "dtype must be a floating type, got 'flot'"),
        ({"encoding": "utf-9"}, "encoding must be one that Python knows, got 'utf-9'"),
        ({"encoding": "utf-16"}, "encoding must extend ASCII"),
        ({"errors": "loud"}, "errors must be 'strict'"),
    ],
)
def test_wrong_options_are_named(tmp_path, parameters, message):
    path = write(tmp_path / "v", "a 1 2\n")
    with pytest.raises((TypeError, ValueError), match=message):
        read_word_vectors(path, **parameters)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"format": "pickle"}, "format must be 'auto' or one of"),
        ({"dtype": "int8"}, "dtype must be float16"),
        ({"metadata": {"a": "b"}}, "metadata must be None for the format 'word2vec'"),
        ({"format": "npz", "metadata": {"word_type": ""}}, "must not use 'word_type'"),
        ({"format": "npz", "metadata": {"a": 1}}, "metadata must map str to str, got 'a': 1"),
        ({"encoding": "utf-16"}, "encoding must extend ASCII"),
        ({"errors": "loud"}, "errors must be"),
    ],
)
def test_wrong_options_of_writing_are_named(tmp_path, word_vectors, parameters, message):
    with pytest.raises(ValueError, match=message):
        write_word_vectors(word_vectors, tmp_path / "v.txt", **parameters)
    assert list(tmp_path.iterdir()) == []


def test_a_path_must_be_a_path(word_vectors):
    with pytest.raises(TypeError, match=r"path must be a str or a path, got 3"):
        read_word_vectors(3)
    with pytest.raises(TypeError, match=r"path must be a str or a path"):
        write_word_vectors(word_vectors, b"v.txt")


# Files that are wrong


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "v: there are no words in the file"),
        ("\n\n", "v, line 1: a word and its numbers were expected|no words in the file"),
        ("0 3\n", "v: there are no words in the file"),
        ("3 0\n", "v, line 1: the header announces vectors of no dimension"),
        ("3 2\na 1 2\n", "line 1: the header announces 3 words .* cannot hold more than 10"),
        ("2 2\na 1 2\nb 3", "line 3: a word and 2 numbers were expected, got 2 fields: b'b 3'"),
        ("2 2\na 1.000 2.000\n", "v: the header announces 2 words, but the file ends after 1"),
        ("1 2\na 1 2\nb 3 4\n", "v, line 3: the header announces 1 words, but here is one more"),
        ("2 3\na 1 2\nb 3 4\n", "v, line 2: a word and 3 numbers were expected, got 3 fields"),
        ("2 1\na 1 2\nb 3 4\n", "v, line 2: .* announces 1 numbers .* seem to be 2"),
        ("a 1 2\nb 3\nc 4 5\n", "v, line 2: a word and 2 numbers were expected, got 2 fields"),
        ("a 1 2\nb 3 4 5\nc 4 5\n", "v, line 2: .* got more numbers: b'b 3 4 5'"),
        ("a 1 2\nb  3\n", "v, line 2: a word and 2 numbers were expected, got 2 fields"),
        ("a 1 2\nb 3 x\n", "v, line 2: b'x' is not a number"),
        ("a 1 2\nb 3 4-5\nc 4 5\n", "v, line 2: b'4-5' is not a number"),
        ("a 1,5 2\n", "v, line 1: b'1,5' is not a number"),
        ("a 1 2\nb 3 nan\n", "v, line 2: the vector of 'b' holds NaN, infinity"),
        ("a 1 2\nb inf 4\n", "v, line 2: the vector of 'b' holds NaN, infinity"),
        ("a 1 2\nb 1e39 4\n", "v, line 2: .* a number beyond the range of float32"),
        ("999999999999 300\na 1 2\n", "line 1: .* cannot hold more than"),
        ("1 999999999999999999\na 1 2\n", "line 1: .* cannot hold more than"),
        ("99999999999999999999 3\na 1 2\n", "line 1: .* cannot hold more than"),
        ("word\n", "v, line 1: a word and its numbers were expected, got b'word'"),
        (b"a 1 2\n\xff 3 4\n", r"v, line 2: the word b'\\xff' is not valid utf-8"),
        (b"2 1\na \0\0\x80?\nb \0\0", "line 1: .* cannot hold more than|byte"),
        (b"1 1\na \0\0\x80?\nb", "v, byte 10: the header announces 1 words, but the file goes on"),
        (b"1 1\na \0\0\xc0\x7f", "v, byte 4: the vector of 'a' holds NaN"),
        (b"1 1\n\xff \0\0\x80?", r"v, byte 4: the word b'\\xff' is not valid utf-8"),
        (b"\x80\x04K\x01.", "v: this is a pickle.* could run any code"),
        (b"\xba\x16\x4f\x2f\x0c", "v: this is a fastText model"),
        (bz2.compress(b"a 1 2"), "v: this is packed by bzip2"),
        (b"\x93NUMPY\x01\0", "v: this is a single array of NumPy"),
        (b"\x1f\x8b\x08\0", "v: the gzip data are damaged or truncated"),
        (b"PK\x03\x04", "v: the npz file is damaged"),
    ],
)  # fmt: skip
def test_wrong_content_is_named_with_its_place(tmp_path, content, message):
    with pytest.raises(ValueError, match=message) as caught:
        read_word_vectors(write(tmp_path / "v", content))
    assert str(tmp_path / "v") in str(caught.value)


@pytest.mark.parametrize("format", ["word2vec", "word2vec_binary"])
def test_a_dimension_beyond_reason_is_refused_though_no_word_has_it(tmp_path, format):
    path = write(tmp_path / "v", f"0 {10**18}\n(0{{")
    with pytest.raises(ValueError, match=f"v: {10**18} dimensions are more than the"):
        read_word_vectors(path, format=format)


def test_errors_that_cancel_out_within_a_block_are_seen(tmp_path):
    # Three lines of two numbers need six, which are there, but not two in each.
    path = write(tmp_path / "v", "a 1\v2 3\nb 4  \nc 5 6\n")
    with pytest.raises(ValueError, match=r"line 1: .* got more numbers"):
        read_word_vectors(path)


def test_a_cut_file_is_noticed_wherever_it_was_cut(tmp_path, word_vectors):
    for format in ("word2vec", "word2vec_binary", *ARRAY_FORMATS):
        write_word_vectors(word_vectors, tmp_path / "v", format=format)
        content = (tmp_path / "v").read_bytes()
        ends = range(len(content) - 1)
        # The last digits of text can be cut without a trace, and so can be the last newline.
        if format == "word2vec":
            ends = range(content.rindex(b" "))
        for end in ends:
            with pytest.raises(ValueError, match=str(tmp_path)):
                read_word_vectors(write(tmp_path / "cut", content[:end]), format=format)


def test_damaged_gzip_data_are_noticed(tmp_path, word_vectors):
    write_word_vectors(word_vectors, tmp_path / "v.txt.gz")
    content = (tmp_path / "v.txt.gz").read_bytes()
    damaged = bytearray(content)
    damaged[len(content) // 2] ^= 0xFF
    for wrong in (content[:-9], bytes(damaged), content + b"xxxxxxxx"):
        with pytest.raises(ValueError, match=r"gzip data are damaged or truncated"):
            read_word_vectors(write(tmp_path / "w", wrong))


def test_a_header_alone_takes_no_memory(tmp_path):
    tracemalloc = pytest.importorskip("tracemalloc")
    contents = [
        b"1000000000 300\nthe " + bytes(1200),
        b"1000000000 300\nthe" + b" 0.5" * 300 + b"\n",
        gzip.compress(b"1000000000 300\nthe " + bytes(1200)),
        gzip.compress(b"1000000000 300\nthe" + b" 0.5" * 300 + b"\n"),
        gzip.compress(b"1 4000000000\nthe " + bytes(1200)),
        struct.pack("<Q", 10**15) + b"{}",
        struct.pack("<Q", 1 << 26) + b"{}",
    ]
    for content in contents:
        path = write(tmp_path / "v", content)
        tracemalloc.start()
        with pytest.raises(ValueError, match=str(path)):
            read_word_vectors(path)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 20e6, content[:30]


def test_a_line_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("skw2v.io._files.MAX_RECORD_BYTES", 1 << 20)
    for content in (b"a" * (3 << 20), b"1 2\n" + b"a\0" * (4 << 20)):
        path = write(tmp_path / "v", gzip.compress(content))
        with pytest.raises(ValueError, match=r"no (text|binary) file of word vectors"):
            read_word_vectors(path, format="word2vec_binary" if b"\0" in content else "glove")


def test_a_missing_file_and_a_folder_are_os_errors(tmp_path, word_vectors):
    with pytest.raises(FileNotFoundError, match=r"nothing\.bin"):
        read_word_vectors(tmp_path / "nothing.bin")
    with pytest.raises(IsADirectoryError, match=str(tmp_path)):
        read_word_vectors(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"nothing/v\.bin"):
        write_word_vectors(word_vectors, tmp_path / "nothing" / "v.bin")
    (tmp_path / "v.bin").mkdir()
    with pytest.raises(IsADirectoryError, match=r"v\.bin"):
        write_word_vectors(word_vectors, tmp_path / "v.bin")


def safetensors_file(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


VECTORS = {"dtype": "F32", "shape": [1, 2], "data_offsets": [0, 8]}
ONE_WORD = {
    "vectors": VECTORS,
    "words": {"dtype": "U8", "shape": [1], "data_offsets": [8, 9]},
    "word_ends": {"dtype": "U8", "shape": [1], "data_offsets": [9, 10]},
}
ONE_WORD_DATA = struct.pack("<2f", 1, 2) + b"a\x01"


def test_the_smallest_safetensors_file(tmp_path):
    path = write(tmp_path / "v", safetensors_file(ONE_WORD, ONE_WORD_DATA))
    assert_same(read_word_vectors(path), WordVectors(["a"], np.float32([[1, 2]])))


@pytest.mark.parametrize(
    ("header", "data", "message"),
    [
        (b"{", b"", "header is no JSON"),
        (b"{" + b'"a":[' * 100_000, b"", "header is no JSON"),
        (b'{"a": 1' + b"0" * 5000 + b"}", b"", "header is no JSON|makes no sense|says 1"),
        (b"{} []", b"", "header is no JSON"),
        ({}, b"x", "announces 0 bytes of arrays, but 1 follow"),
        ({}, b"", r"lacks the arrays \['vectors', 'words'\]"),
        ({"__metadata__": {"a": 1}}, b"", "metadata must be an object of strings"),
        ({"vectors": 3}, b"", "of the array 'vectors' the safetensors header says 3"),
        ({"vectors": {**VECTORS, "dtype": "BF16"}}, bytes(8), "'BF16'.* types are BOOL"),
        ({"vectors": {**VECTORS, "dtype": "F64"}}, bytes(8), "does not take 8 bytes"),
        ({"vectors": {**VECTORS, "shape": [-1, -2]}}, bytes(8), "makes no sense"),
        ({"vectors": {**VECTORS, "shape": [1.0, 2]}}, bytes(8), "makes no sense"),
        ({"vectors": {**VECTORS, "shape": "12"}}, bytes(8), "makes no sense"),
        ({"vectors": {**VECTORS, "shape": [0, 2**61]}}, b"", "does not take|makes no sense"),
        ({"vectors": {**VECTORS, "data_offsets": [0, 2**70]}}, b"", "makes no sense"),
        ({"vectors": {**VECTORS, "data_offsets": [1, 9]}}, bytes(9), "begins at byte 1"),
        (
            {"vectors": {"dtype": "F32", "shape": [0, 2**61], "data_offsets": [0, 0]}},
            b"",
            "shape of the array 'vectors' makes no sense",
        ),
        ({**ONE_WORD, "words": VECTORS}, ONE_WORD_DATA, "begins at byte"),
        (ONE_WORD, ONE_WORD_DATA[:-1] + b"\x02", "ends of the words do not fit"),
        (ONE_WORD, ONE_WORD_DATA[:-2] + b"\xff\x01", "word 0: .* is not valid UTF-8"),
        (ONE_WORD, b"\0\0\xc0\x7f" + ONE_WORD_DATA[4:], "vectors must be finite"),
        (
            {**ONE_WORD, "__metadata__": {"word_type": "json"}},
            ONE_WORD_DATA,
            "word 0: b'a' is not valid JSON",
        ),
    ],
)
def test_wrong_safetensors_files_are_named(tmp_path, header, data, message):
    path = write(tmp_path / "v", safetensors_file(header, data))
    with pytest.raises(ValueError, match=message) as caught:
        read_word_vectors(path)
    assert str(path) in str(caught.value)


def npz_file(path, **members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return path


def npy(shape, dtype, data=b""):
    header = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(header)) + header + data


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (npy("(10**9,)", "<f4"), "is no array"),
        (npy("(3L, (", "<f4"), "is no array"),
        (npy("(" * 900, "<f4"), "is no array"),
        (npy("(3,)", "<f" + "9" * 30), "is no array"),
        (npy("(1000000000, 300)", "<f4"), "takes 1200000000000 bytes, but 0 are there"),
        (npy("(-1,)", "<f4"), "0 are there"),
        (npy("(1000000000,)", "|S0"), "0 are there"),
        (npy("(1,)", "|O", b"cposix\nsystem\n."), "is pickled, which could run code"),
        (npy("__import__('os')", "<f4"), "is no array"),
        (b"nothing", "is no array"),
        (npy("(2,)", "<f4", bytes(8)), "v: .*shape"),
        (npy("(1, 2)", "<i4", bytes(8)), "v: vectors must be an array of floats"),
        (npy("()", "<f4", bytes(4)), "v: .*shape"),
    ],
)
def test_wrong_arrays_in_npz_files_are_named(tmp_path, vectors, message):
    path = npz_file(tmp_path / "v", vectors=vectors, words=npy("(1,)", "<U1", b"a\0\0\0"))
    with pytest.raises(ValueError, match=message) as caught:
        read_word_vectors(path)
    assert str(path) in str(caught.value)


def test_members_of_npz_files_that_are_packed_in_other_ways_are_refused_unread(tmp_path):
    path = tmp_path / "v"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("vectors.npy", bytes(1000))
    # A damaged stream is told by an error that names no file.
    path.write_bytes(path.read_bytes().replace(b"BZh", b"BZ?", 1))
    with pytest.raises(ValueError, match=r"v: the member 'vectors\.npy' is packed in an unknown"):
        read_word_vectors(path)


def test_a_file_of_other_arrays_is_told_apart(tmp_path):
    np.savez(tmp_path / "v", weights=np.eye(2))
    with pytest.raises(ValueError, match=r"lacks the arrays \['vectors', 'words'\]"):
        read_word_vectors(tmp_path / "v.npz")
    with pytest.raises(ValueError, match=r"files of the format 'glove' have no metadata"):
        read_metadata(write(tmp_path / "w", "a 1 2\n"))


# What cannot be written


@pytest.mark.parametrize(
    ("word", "formats"),
    [
        ("a\nb", PACKABLE_FORMATS),
        ("\n", PACKABLE_FORMATS),
        (" ", PACKABLE_FORMATS),
        (" a", PACKABLE_FORMATS),
        ("a\t", TEXT_FORMATS),
        ("a b", ["word2vec_binary"]),
        ("route 66", ["glove"]),
        (7, PACKABLE_FORMATS),
        ("\ud800", PACKABLE_FORMATS),
    ],
)
def test_words_that_a_format_cannot_hold_are_refused(tmp_path, word, formats):
    word_vectors = WordVectors(["a", word], np.eye(2, dtype=np.float32))
    for format in formats:
        with pytest.raises(ValueError, match=r"at position 1 .* or write safetensors or npz"):
            write_word_vectors(word_vectors, tmp_path / "v", format=format)
    assert list(tmp_path.iterdir()) == []


def test_an_array_format_is_not_packed(tmp_path, word_vectors):
    with pytest.raises(ValueError, match=r"'npz' is not packed by gzip; drop \.gz"):
        write_word_vectors(word_vectors, tmp_path / "v.npz.gz")


# Writing is all or nothing


def no_space(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def interrupt(*_):
    raise KeyboardInterrupt


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    ("failure", "error"), [(no_space, OSError), (interrupt, KeyboardInterrupt)]
)
def test_the_old_file_survives_a_failed_write(
    tmp_path, word_vectors, format, failure, error, monkeypatch
):
    path = write(tmp_path / "v", b"old")
    monkeypatch.setattr("skw2v.io._files.os.fsync", failure)
    with pytest.raises(error) as caught:
        write_word_vectors(word_vectors, path, format=format)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    if error is OSError:
        assert caught.value.errno == errno.ENOSPC
        assert caught.value.filename == str(path)


def test_a_file_too_large_for_the_system_leaves_nothing(tmp_path, global_random_seed):
    resource = pytest.importorskip("resource")
    signal = pytest.importorskip("signal")
    word_vectors = WordVectors(range(1000), np.ones((1000, 300)))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(OSError, match=r"v\.safetensors"):
            write_word_vectors(word_vectors, tmp_path / "v.safetensors")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert list(tmp_path.iterdir()) == []


def test_the_new_file_has_the_permissions_of_the_old_one_and_follows_links(tmp_path, word_vectors):
    path = write(tmp_path / "v.txt", b"old")
    path.chmod(0o640)
    link = tmp_path / "link.txt"
    link.symlink_to(path)
    write_word_vectors(word_vectors, link)
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    assert_same(read_word_vectors(path), word_vectors)


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="needs /dev/null")
def test_a_device_is_written_to_and_not_replaced(word_vectors):
    write_word_vectors(word_vectors, "/dev/null", format="word2vec")
    assert Path("/dev/null").is_char_device()


def test_a_pipe_can_be_read(tmp_path, word_vectors):
    threading = pytest.importorskip("threading")
    for format in PACKABLE_FORMATS:
        write_word_vectors(word_vectors, tmp_path / "v", format=format)
        pipe = tmp_path / f"pipe-{format}"
        os.mkfifo(pipe)
        content = (tmp_path / "v").read_bytes()
        thread = threading.Thread(target=pipe.write_bytes, args=(content,))
        thread.start()
        assert_same(read_word_vectors(pipe), word_vectors)
        thread.join()


def test_words_that_begin_like_other_files_are_words(tmp_path):
    for word in ("BZh", "\x93NUMPY", "PK", "€"):
        path = write(tmp_path / "v", f"{word} 1 2\n".encode("cp1252" if word == "€" else "utf-8"))
        encoding = "cp1252" if word == "€" else "utf-8"
        assert read_word_vectors(path, encoding=encoding).words == (word,)


# Properties

ALPHABET = st.characters(blacklist_categories=("Cs",))
ANY_WORDS = st.lists(st.text(ALPHABET, max_size=8), min_size=1, max_size=6, unique=True)


@st.composite
def any_word_vectors(draw):
    words = draw(ANY_WORDS)
    shape = (len(words), draw(st.integers(1, 4)))
    elements = st.floats(width=32, allow_nan=False, allow_infinity=False)
    return WordVectors(words, draw(hnp.arrays(np.float32, shape, elements=elements)))


@given(any_word_vectors(), st.sampled_from(FORMATS))
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_word_comes_back_or_is_refused(tmp_path, word_vectors, format):
    path = tmp_path / "v"
    try:
        write_word_vectors(word_vectors, path, format=format)
    except ValueError as error:
        assert format not in ARRAY_FORMATS
        assume("cannot hold it" not in str(error))
        raise
    dimension = word_vectors.vectors.shape[1]
    assert_same(read_word_vectors(path, format=format, dimension=dimension), word_vectors)


VALID = {
    "text": b"3 2\na 0.5 -1\nb c 2 3e-2\n\xc3\xbc 1 2\n",
    "glove": b"a 0.5 -1\nb 2 3e-2\n\xc3\xbc 1 2\n",
    "binary": b"2 2\na " + struct.pack("<2f", 1, 2) + b"\nb " + struct.pack("<2f", 3, 4) + b"\n",
    "safetensors": safetensors_file(ONE_WORD, ONE_WORD_DATA),
    "gzip": gzip.compress(b"2 1\na 1\nb 2\n", mtime=0),
}


@pytest.fixture(scope="module")
def npz_bytes(tmp_path_factory):
    path = tmp_path_factory.mktemp("npz") / "v.npz"
    write_word_vectors(WordVectors(["a", "b"], np.eye(2), counts=[1, 2]), path)
    return path.read_bytes()


@given(st.data())
@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
# Both belong to what a reader may say of a damaged file.
@pytest.mark.filterwarnings("ignore:.*words repeat an earlier one:UserWarning")
@pytest.mark.filterwarnings("ignore:.*additional header parsing:UserWarning")
def test_a_damaged_file_gives_vectors_or_a_value_error(tmp_path, npz_bytes, data):
    kind = data.draw(st.sampled_from([*VALID, "npz"]))
    content = bytearray(npz_bytes if kind == "npz" else VALID[kind])
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(content)))
        stop = start + data.draw(st.integers(0, 4))
        content[start:stop] = data.draw(st.one_of(st.binary(max_size=4), st.sampled_from(
            [b" ", b"\n", b"0", b"9" * 18, b"-1", b"nan", b"1e400", b"[", b"\xff" * 8, b"{}"]
        )))  # fmt: skip
    path = write(tmp_path / "v", bytes(content))
    for options in ({}, {"words": ["a"]}, {"limit": 1}, {"dimension": 2}):
        message = ""
        try:
            assert np.isfinite(read_word_vectors(path, **options).vectors).all()
        except ValueError as error:
            message = str(error)
        assert not message or str(path) in message


# gensim


def test_from_gensim_needs_no_gensim():
    keyed_vectors = SimpleNamespace(
        index_to_key=["a", 7], vectors=np.eye(2, dtype=np.float32), expandos={"count": [5, 3]}
    )
    for model in (keyed_vectors, SimpleNamespace(wv=keyed_vectors)):
        word_vectors = from_gensim(model)
        assert word_vectors.words == ("a", 7)
        assert_array_equal(word_vectors.counts, [5, 3])
        assert not np.shares_memory(word_vectors.vectors, keyed_vectors.vectors)
    with pytest.raises(TypeError, match=r"keyed_vectors must be KeyedVectors .* got dict"):
        from_gensim({})


def test_to_gensim_says_what_it_needs(word_vectors, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "gensim.models", None)
    with pytest.raises(ImportError, match=r"to_gensim needs gensim: pip install gensim"):
        to_gensim(word_vectors)


@pytest.fixture(scope="module")
def gensim_models():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return pytest.importorskip("gensim.models")


def test_gensim_objects_come_and_go(gensim_models, word_vectors):
    with_counts = WordVectors(word_vectors.words, word_vectors.vectors, counts=range(len(WORDS)))
    keyed_vectors = to_gensim(with_counts)
    assert keyed_vectors.index_to_key == WORDS
    assert keyed_vectors.get_vecattr("日本", "count") == 2
    assert keyed_vectors.similarity("the", "0.5") == pytest.approx(
        word_vectors.similarity("the", "0.5"), abs=1e-6
    )
    back = from_gensim(keyed_vectors)
    assert_same(back, word_vectors)
    assert_array_equal(back.counts, range(len(WORDS)))
    assert from_gensim(to_gensim(word_vectors)).counts is None


def test_a_model_of_gensim_is_taken_over(gensim_models):
    model = gensim_models.Word2Vec([["a", "b", "a"]] * 3, min_count=1, vector_size=4, seed=1)
    word_vectors = from_gensim(model)
    assert list(word_vectors.words) == model.wv.index_to_key
    assert_array_equal(word_vectors.counts, [6, 3])


@pytest.mark.parametrize("is_binary", [False, True])
def test_gensim_reads_what_we_write_and_we_read_what_it_writes(
    gensim_models, tmp_path, word_vectors, is_binary
):
    ours, theirs = str(tmp_path / "ours"), str(tmp_path / "theirs")
    write_word_vectors(word_vectors, ours, format="word2vec_binary" if is_binary else "word2vec")
    keyed_vectors = gensim_models.KeyedVectors.load_word2vec_format(ours, binary=is_binary)
    assert_same(from_gensim(keyed_vectors), word_vectors)
    keyed_vectors.save_word2vec_format(theirs, binary=is_binary)
    assert_same(read_word_vectors(theirs), word_vectors)


GENSIM_FILES = {
    "EN.1-10.cbow1_wind5_hs0_neg10_size300_smpl1e-05.txt": {},
    "IT.1-10.cbow1_wind5_hs0_neg10_size300_smpl1e-05.txt": {},
    "crime-and-punishment.vec": {},
    "lee_fasttext.vec": {},
    "toy-model.vec": {},
    "high_precision.kv.txt": {},
    "high_precision.kv.bin": {"binary": True},
    "euclidean_vectors.bin": {"binary": True},
    "poincare_vectors.bin": {"binary": True},
    "test_glove.txt": {"no_header": True},
    "w2v_keyedvectors_load_test.modeldata": {"errors": "ignore"},
    "pang_lee_polarity_fasttext.vec": {"encoding": "cp1252"},
}


@pytest.mark.parametrize("name", GENSIM_FILES)
@pytest.mark.parametrize("limit", [None, 2])
# gensim leaves a file without header open.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore:unclosed")
def test_files_of_gensim_are_read_as_gensim_reads_them(gensim_models, name, limit):
    path = pytest.importorskip("gensim.test.utils").datapath(name)
    theirs = dict(GENSIM_FILES[name])
    ours = {key: theirs[key] for key in ("errors", "encoding") if key in theirs}
    theirs["unicode_errors"] = theirs.pop("errors", "strict")
    keyed_vectors = gensim_models.KeyedVectors.load_word2vec_format(path, limit=limit, **theirs)
    word_vectors = read_word_vectors(path, limit=limit, **ours)
    assert list(word_vectors.words) == keyed_vectors.index_to_key
    assert_array_equal(word_vectors.vectors, keyed_vectors.vectors)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("pretrained.vec", "the header announces 3 words, but the file ends after 1, at line 2"),
        ("toy-model.bin", "this is a fastText model"),
        ("word2vec_old", "this is a pickle"),
        ("ft_kv_3.6.0.model.gz", "this is a pickle"),
        ("questions-words.txt", "line 1: a word and 3 numbers were expected"),
    ],
)
def test_files_of_gensim_that_are_no_word_vectors_are_refused(name, message):
    path = pytest.importorskip("gensim.test.utils").datapath(name)
    with pytest.raises(ValueError, match=message):
        read_word_vectors(path)


def test_a_zip_file_with_undecodable_names_is_damaged(tmp_path):
    path = tmp_path / "v.npz"
    write_word_vectors(WordVectors(["a"], [[1.0, 2.0]]), path)
    content = bytearray(path.read_bytes())
    entry = content.index(b"PK\x01\x02")  # of the table of contents
    content[entry + 9] |= 0x08  # names are UTF-8 ...
    content[entry + 46] = 0xFF  # ... but this one
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"v\.npz: the npz file is damaged .*invalid start byte"):
        read_word_vectors(path)
