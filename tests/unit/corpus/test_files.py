"""Text files as corpora, and word ids in a file."""

import bz2
import gc
import gzip
import itertools
import lzma
import os
import pickle
import re
from pathlib import Path

import numpy as np
import pytest

from skw2v import TextFiles
from skw2v.corpus import encode_documents, files
from skw2v.corpus.files import IdFile

LINES = ["the first café", "", "  the third\tline ", "日本語 \u2028 one line", "last"]
OPENERS = {".txt": open, ".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open, ".GZ": gzip.open}


def write(path, text, encoding="utf-8"):
    with OPENERS[path.suffix](path, "wb") as file:
        file.write(text.encode(encoding))
    return path


# Text files --------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", OPENERS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("end", ["", "\n"])
def test_each_line_is_a_document(suffix, encoding, end, tmp_path):
    path = write(tmp_path / f"text{suffix}", "\n".join(LINES) + end, encoding)
    assert list(TextFiles(path, encoding=encoding)) == LINES


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_ends_of_lines_are_those_of_all_systems(end, tmp_path):
    path = write(tmp_path / "a.txt", end.join(["one", "", "three", ""]))
    assert list(TextFiles(path)) == ["one", "", "three"]


def test_files_are_read_in_their_order_and_more_than_once(tmp_path):
    paths = [write(tmp_path / f"{name}.txt", f"{name} one\n{name} two\n") for name in "ba"]
    documents = TextFiles(iter([paths[0], str(paths[1])]))
    assert documents.paths == tuple(paths)
    for _ in range(2):
        assert list(documents) == ["b one", "b two", "a one", "a two"]
    first, second = iter(documents), iter(documents)
    assert [next(first), next(first), next(second)] == ["b one", "b two", "b one"]
    assert list(pickle.loads(pickle.dumps(documents))) == list(documents)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_lines_are_read_when_they_are_asked_for(tmp_path):
    path = tmp_path / "a.txt"
    os.mkfifo(path)  # reading it to the end would never return
    descriptor = os.open(path, os.O_RDWR)
    os.write(descriptor, b"one\n" * 9000)
    lines = iter(TextFiles(path))
    assert list(itertools.islice(lines, 3)) == ["one"] * 3
    lines.close()
    os.close(descriptor)


def test_the_length_is_unknown(tmp_path):
    with pytest.raises(TypeError, match="has no len"):
        len(TextFiles(write(tmp_path / "a.txt", "one")))


def test_the_representation_names_some_of_the_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = write(Path("a.txt"), "one")
    assert repr(TextFiles(path)) == "TextFiles(['a.txt'], encoding='utf-8')"
    assert len(repr(TextFiles([path] * 1000))) < 1000


@pytest.mark.parametrize(
    ("paths", "error", "message"),
    [
        (None, TypeError, "paths must be a str, a path or an iterable of them, got None (type "),
        (
            b"a.txt",
            TypeError,
            "paths must be a str, a path or an iterable of them, got b'a.txt' (t",
        ),
        ([7], TypeError, "paths must hold str or paths, got 7 (type int)."),
        ([], ValueError, "paths must name at least one file, got none."),
        ("no.txt", FileNotFoundError, "There is no file no.txt."),
        (
            Path(os.sep),
            IsADirectoryError,
            f"{os.sep} is a folder. Pass the files in it, e.g. sorted",
        ),
    ],
)
def test_paths_without_files_are_refused_at_once(paths, error, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=f"^{re.escape(message)}"):
        TextFiles(paths)


def test_unknown_encoding_and_handling_are_refused_at_once(tmp_path):
    path = write(tmp_path / "a.txt", "one")
    with pytest.raises(LookupError, match="unknown encoding: utf-7-and-a-half"):
        TextFiles(path, encoding="utf-7-and-a-half")
    message = "^decode_error must be 'strict', 'ignore' or 'replace', got 'hide'.$"
    with pytest.raises(ValueError, match=message):
        TextFiles(path, decode_error="hide")


def test_bytes_in_another_encoding_name_the_file_and_the_remedy(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"one\n" * 10_000 + b"caf\xe9\n")
    message = (
        rf"invalid .* \(in {re.escape(str(path))} after line \d{{4,5}}; pass its encoding, or "
    )
    with pytest.raises(UnicodeDecodeError, match=message):
        list(TextFiles(path))
    assert list(TextFiles(path, decode_error="ignore"))[-1] == "caf"
    assert list(TextFiles(path, decode_error="replace"))[-1] == "caf\ufffd"
    assert list(TextFiles(path, encoding="latin-1"))[-1] == "café"


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz"])
@pytest.mark.parametrize("damage", ["plain text", "truncated", "overwritten"])
def test_damaged_files_are_told(suffix, damage, tmp_path):
    path = tmp_path / f"a{suffix}"
    words = np.random.default_rng(0).integers(10**9, size=50_000).tolist()
    write(path, "\n".join(map(str, words)))
    if damage == "plain text":
        path.write_bytes(b"a line\n")
    else:
        content = path.read_bytes()
        middle = len(content) // 2
        rest = b"" if damage == "truncated" else b"\0" * 1000 + content[middle + 1000 :]
        path.write_bytes(content[:middle] + rest)
    message = (
        rf"^{re.escape(str(path))} cannot be read after line \d+: .* as its name says \({suffix}"
    )
    with pytest.raises(ValueError, match=message) as caught:
        list(TextFiles(path))
    assert caught.type is ValueError


def test_errors_of_the_system_are_passed_on(tmp_path):
    path = write(tmp_path / "a.gz", "one")
    documents = TextFiles(path)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        list(documents)


# Word ids in a file ------------------------------------------------------------------------------


@pytest.mark.parametrize("buffer_size", [1, 3, 100])
def test_ids_come_back_as_they_were(buffer_size, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_BUFFER_SIZE", buffer_size)
    ids = IdFile(tmp_path)
    expected = []
    for n in range(7):
        ids.fromlist(list(range(n)))
        expected += range(n)
        assert len(ids) == len(expected)
    array = ids.as_array()
    assert array.tolist() == expected
    assert type(array) is np.ndarray
    assert array.dtype.num == np.dtype(np.int32).num
    assert array.flags.writeable
    array[:] += 1
    assert ids.as_array().tolist() == [i + 1 for i in expected]


def test_no_ids_are_an_empty_array(tmp_path):
    assert IdFile(tmp_path).as_array().shape == (0,)


def test_the_ids_live_as_long_as_they_are_used_and_leave_nothing(tmp_path):
    ids = IdFile(tmp_path)
    ids.fromlist([1, 2, 3])
    array = ids.as_array()
    del ids
    gc.collect()
    assert array.tolist() == [1, 2, 3]
    del array
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_refused(tmp_path):
    folder = tmp_path / "none"
    message = (
        f"temp_folder must be an existing folder, got {str(folder)!r}. Create it, or pass None to "
        "keep the corpus in memory."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        IdFile(folder)


@pytest.mark.parametrize("buffer_size", [1, 5, 1000])
@pytest.mark.parametrize("vocabulary", [None, ["b", "x", "a"]])
def test_a_corpus_in_a_file_is_the_same_corpus(vocabulary, buffer_size, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_BUFFER_SIZE", buffer_size)
    documents = [["a", "b", "rare", "a"], [], ["c"], ["b", "c", "a", "b"]] * 3 + [["once"]]
    parameters = {"min_count": 3, "vocabulary": vocabulary}
    expected, expected_vocabulary = encode_documents(documents, **parameters)
    corpus, vocabulary = encode_documents(documents, **parameters, temp_folder=tmp_path)
    np.testing.assert_array_equal(corpus.token_ids, expected.token_ids, strict=True)
    np.testing.assert_array_equal(corpus.offsets, expected.offsets, strict=True)
    np.testing.assert_array_equal(vocabulary.counts, expected_vocabulary.counts, strict=True)
    assert vocabulary.index == expected_vocabulary.index
    base = corpus.token_ids
    while isinstance(base, np.ndarray) and not isinstance(base, np.memmap):
        base = base.base
    assert isinstance(base, np.memmap)
    pickled = pickle.loads(pickle.dumps(corpus))
    np.testing.assert_array_equal(pickled.token_ids, expected.token_ids, strict=True)


def test_an_empty_corpus_in_a_file_is_refused(tmp_path):
    with pytest.raises(ValueError, match="corpus is empty: none of the 2 documents"):
        encode_documents([[], []], temp_folder=tmp_path)
    with pytest.raises(ValueError, match="None of the 1 tokens in 1 documents is in the given"):
        encode_documents([["a"]], vocabulary=["b"], temp_folder=tmp_path)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no full device")
def test_a_full_disk_is_an_error(tmp_path):
    ids = IdFile(tmp_path)
    ids._file.close()
    ids._file = open("/dev/full", "w+b")  # noqa: SIM115
    ids.fromlist([1])
    with pytest.raises(OSError, match="No space left on device"):
        ids.as_array()
