"""The command line, mostly called as a function; as a program where only that shows the truth."""

import gzip
import inspect
import os
import re
import signal
import subprocess
import sys
import time
from io import BytesIO, TextIOWrapper

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skw2v import Word2VecVectorizer, WordVectors
from skw2v.cli import _TRAINING_OPTIONS, main
from skw2v.io import read_metadata, read_word_vectors, write_word_vectors

TEXT = "the cat sat on the mat\nthe dog sat on the Mat\n\nthe cow ate grass\n" * 10
SMALL = ["--vector-size", "4", "--epochs", "2", "--random-state", "0", "--min-count", "1"]
PROGRAM = [sys.executable, "-m", "skw2v.cli"]

ROYALS = WordVectors(
    ["man", "woman", "king", "queen"], np.float32([[3, 0, 0], [0, 3, 0], [4, 0, 3], [0, 4, 3]])
)


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.fixture
def royals(tmp_path):
    path = tmp_path / "royals.bin"
    write_word_vectors(ROYALS, path)
    return str(path)


def run(*arguments):
    return main([str(argument) for argument in arguments])


def columns(text):
    return [line.split("\t") for line in text.splitlines()]


# train


@pytest.mark.parametrize("name", ["v.txt", "v.bin", "v.vec.gz", "v.npz", "v.safetensors"])
def test_train_writes_what_the_estimator_learns(tmp_path, corpus, name, capsys):
    assert run("train", corpus, "-o", tmp_path / name, *SMALL) == 0
    vectorizer = Word2VecVectorizer(vector_size=4, epochs=2, random_state=0, min_count=1)
    expected = vectorizer.fit([line.split() for line in TEXT.splitlines()]).word_vectors_
    read = read_word_vectors(tmp_path / name)
    assert read.words == expected.words
    assert_array_equal(read.vectors, expected.vectors)
    output = capsys.readouterr()
    assert output.out == ""
    assert (
        f"10 words of 4 dimensions, learned from 160 tokens, are in {tmp_path / name}" in output.err
    )


def test_a_trained_safetensors_file_is_a_transformer(tmp_path, corpus):
    assert run("train", corpus, "-o", tmp_path / "m.safetensors", *SMALL, "--lowercase", "-q") == 0
    vectorizer = Word2VecVectorizer.load(tmp_path / "m.safetensors")
    X = vectorizer.transform(["The cat. mat"])
    word_vectors = vectorizer.word_vectors_
    np.testing.assert_allclose(X[0], (word_vectors["the"] + word_vectors["mat"]) / 2, rtol=1e-6)
    documents = [line for line in TEXT.splitlines() if line]
    expected = vectorizer.transform(documents)
    assert_array_equal(vectorizer.fit(TEXT.splitlines()).transform(documents), expected)
    assert_array_equal(word_vectors.counts, vectorizer.word_counts_)


def test_other_files_with_metadata_tell_how_they_were_trained(tmp_path, corpus):
    for name in ("v.npz", "v.safetensors"):
        output = tmp_path / name
        assert run("train", corpus, "-o", output, *SMALL, "--dtype", "float16", "--window", 3) == 0
        assert read_metadata(output)["window"] == "3"
        assert read_word_vectors(output).vectors.dtype == np.float16


def test_train_reads_many_files_packed_ones_and_standard_input(tmp_path, corpus, monkeypatch):
    packed = tmp_path / "more.gz"
    packed.write_bytes(gzip.compress(TEXT.encode()))
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(TEXT.encode()), encoding="ascii"))
    assert run("train", corpus, packed, "-", "-o", tmp_path / "a.npz", *SMALL, "-q") == 0
    three_times = tmp_path / "three.txt"
    three_times.write_text(TEXT * 3, encoding="utf-8")
    assert run("train", three_times, "-o", tmp_path / "b.npz", *SMALL, "-q") == 0
    first, second = (read_word_vectors(tmp_path / name) for name in ("a.npz", "b.npz"))
    assert_array_equal(first.vectors, second.vectors)
    assert first.counts[0] == 30 * 5


def test_every_option_of_train_is_a_parameter_and_takes_another_value(
    tmp_path, corpus, monkeypatch
):
    defaults = inspect.signature(Word2VecVectorizer).parameters
    seen = {}

    def fit(self, documents):
        seen.update(self.get_params())
        raise ValueError("enough")

    monkeypatch.setattr(Word2VecVectorizer, "fit", fit)
    for name, kind, _ in _TRAINING_OPTIONS:
        flag = "--" + name.replace("_", "-")
        default = defaults[name].default
        if isinstance(kind, tuple):
            expected = kind[-1]
            arguments = [flag, expected]
        elif kind is bool:
            expected = not default
            arguments = ["--no-" + flag.removeprefix("--")]
        else:
            expected = 7 if kind is int else 0.0625
            arguments = [flag, str(expected)]
        assert expected != default
        assert run("train", corpus, "-o", tmp_path / "v.bin", *arguments) == 1
        assert seen[name] == expected
    assert run("train", corpus, "-o", tmp_path / "v.bin", "--learning-rate", "auto") == 1
    assert seen["learning_rate"] == "auto"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing.txt", "-o", "v.bin"], "There is no file nothing.txt"),
        (["corpus.txt", "-o", "nowhere/v.bin"], "Cannot write nowhere/v.bin: there is no folder"),
        (["corpus.txt", "-o", "v"], "format must be given for 'v'"),
        (["corpus.txt", "-o", "."], "format must be given for '.'"),
        (["corpus.txt", "-o", ".", "--format", "npz"], "Cannot write .: it is a folder"),
        (["corpus.txt", "-o", "v.bin", "--window", "0"], "The 'window' parameter"),
        (["corpus.txt", "-o", "v.bin", "--min-count", "999"], "Lower min_count to at most 50"),
        (["latin.txt", "-o", "v.bin"], "invalid continuation byte (in latin.txt"),
        (["empty.txt", "-o", "v.bin"], "The corpus is empty"),
        (["corpus.txt", "-o", "v.bin", "--dtype", "float64"], "dtype must be float32 or float16"),
    ],
)
def test_errors_of_train_are_one_line_and_leave_no_file(
    tmp_path, corpus, arguments, message, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9 au lait\n")
    (tmp_path / "empty.txt").write_bytes(b"")
    before = sorted(tmp_path.iterdir())
    assert run("train", *arguments, "-q") == 1
    output = capsys.readouterr()
    assert output.err.startswith("skw2v: error: ")
    assert message in output.err
    assert "Traceback" not in output.err
    assert sorted(tmp_path.iterdir()) == before


def test_warnings_are_lines_too(tmp_path, corpus, capsys):
    arguments = ["--objective", "softmax", "--negative", "9", "-q"]
    assert run("train", corpus, "-o", tmp_path / "v.bin", *SMALL, *arguments) == 0
    warning = "skw2v: warning: The parameter 'negative' will not be used since"
    assert capsys.readouterr().err.startswith(warning)


def test_progress_is_shown_unless_unwanted(tmp_path, corpus, capsys):
    assert run("train", corpus, "-o", tmp_path / "v.bin", *SMALL) == 0
    assert "Word2VecVectorizer" in capsys.readouterr().err
    assert run("train", corpus, "-o", tmp_path / "v.bin", *SMALL, "--quiet") == 0
    assert capsys.readouterr().err == ""


# similar, analogy, evaluate, convert, info


def test_similar_prints_neighbours(royals, capsys):
    assert run("similar", royals, "king", "-n", 2) == 0
    assert columns(capsys.readouterr().out) == [["man", "0.8000"], ["queen", "0.3600"]]


def test_similar_of_several_words_names_them(royals, capsys, monkeypatch):
    assert run("similar", royals, "king", "queen", "-n", 1) == 0
    expected = [["king", "man", "0.8000"], ["queen", "woman", "0.8000"]]
    assert columns(capsys.readouterr().out) == expected
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(b"king\nqueen\n")))
    assert run("similar", royals, "-", "-n", 1) == 0
    assert columns(capsys.readouterr().out) == expected


def test_unknown_words_are_named_with_a_suggestion(royals, capsys):
    assert run("similar", royals, "qeen") == 1
    assert capsys.readouterr().err == (
        "skw2v: error: 'qeen' is not among the 4 words. Did you mean 'queen'?\n"
    )


@pytest.mark.parametrize("method", ["3CosAdd", "3CosMul"])
def test_analogy_prints_answers(royals, capsys, method):
    assert run("analogy", royals, "man", "king", "woman", "--method", method) == 0
    ((answer, score),) = columns(capsys.readouterr().out)
    assert answer == "queen"
    ((_, expected),) = ROYALS.analogy("man", "king", "woman", method=method)
    assert float(score) == pytest.approx(expected, abs=1e-4)


def test_evaluate_prints_tables(tmp_path, royals, capsys):
    questions, pairs = tmp_path / "questions.txt", tmp_path / "pairs.tsv"
    questions.write_text(": family\nman king woman queen\nMan king woman girl\n", encoding="utf-8")
    pairs.write_text("man\tking\t8\nman\tqueen\t1\nking\tqueen\t5\na\tb\t3\n", encoding="utf-8")
    assert run("evaluate", royals, "--analogies", questions, "--pairs", pairs) == 0
    output = capsys.readouterr().out
    assert re.search(r"family +1\.000 +0\.500 +2\n", output)
    assert columns(output)[-1][:2] == [str(pairs), "1.0000"]
    assert columns(output)[-1][-1] == "3 of 4"
    assert run("evaluate", royals, "--pairs", pairs, "--restrict-vocab", "2") == 0
    assert columns(capsys.readouterr().out)[-1][-1] == "0 of 4"
    with pytest.raises(SystemExit, match=r"^2$"):
        run("evaluate", royals)
    assert "pass --analogies or --pairs" in capsys.readouterr().err


def test_convert_keeps_vectors_counts_and_metadata(tmp_path, corpus, royals, capsys):
    model, target = tmp_path / "m.safetensors", tmp_path / "m.npz"
    assert run("train", corpus, "-o", model, *SMALL, "-q") == 0
    assert run("convert", model, target) == 0
    before, after = read_word_vectors(model), read_word_vectors(target)
    assert before.words == after.words
    assert_array_equal(before.counts, after.counts)
    assert_array_equal(before.vectors, after.vectors)
    assert read_metadata(target) == read_metadata(model)
    assert run("convert", royals, tmp_path / "g", "--to", "glove", "--limit", 2) == 0
    assert (tmp_path / "g").read_text(encoding="utf-8") == "man 3 0 0\nwoman 0 3 0\n"
    assert f"2 words of 3 dimensions are in {tmp_path / 'g'}" in capsys.readouterr().err
    words = tmp_path / "words.txt"
    words.write_text("queen\nprince\nman\n", encoding="utf-8")
    half = tmp_path / "half.safetensors"
    assert run("convert", royals, half, "--words", words, "--dtype", "float16") == 0
    read = read_word_vectors(half)
    assert (read.words, read.vectors.dtype) == (("man", "queen"), np.float16)


def test_info_describes_a_file(tmp_path, royals, capsys):
    assert run("info", royals) == 0
    rows = dict(columns(capsys.readouterr().out))
    assert rows["format"] == "word2vec_binary"
    assert rows["bytes"] == str(os.path.getsize(royals))
    assert (rows["words"], rows["dimensions"], rows["type"]) == ("4", "3", "float32")
    assert rows["counts"] == "unknown"
    assert rows["first words"] == "man woman king queen"
    with_counts = WordVectors(["a"], [[1.0]], counts=[1234])
    write_word_vectors(with_counts, tmp_path / "v.npz", metadata={"corpus": "x"})
    assert run("info", tmp_path / "v.npz") == 0
    rows = dict(columns(capsys.readouterr().out))
    assert (rows["counts"], rows["corpus"]) == ("1,234 tokens", "x")


def test_options_of_reading_are_passed_on(tmp_path, capsys):
    path = tmp_path / "v"
    path.write_bytes("größe a 1 2\nb c 3 4\n".encode("cp1252"))
    options = ["--dimension", 2, "--encoding", "cp1252", "--format", "glove"]
    assert run("similar", path, "größe a", *options) == 0
    assert columns(capsys.readouterr().out)[0][0] == "b c"
    assert run("info", path, "--dimension", 2) == 1
    assert "line 1: the word b'gr\\xf6\\xdfe a' is not valid utf-8" in capsys.readouterr().err
    assert run("info", path, "--dimension", 2, "--errors", "replace") == 0
    pickled = tmp_path / "p"
    pickled.write_bytes(b"\x80\x04K\x01.")
    assert run("info", pickled) == 1
    assert "this is a pickle" in capsys.readouterr().err


def test_arguments_that_make_no_sense_exit_with_2(capsys):
    wrong = ["", "trian", "train c.txt", "similar v.bin", "train --size", "info v --encoding utf-9"]
    for arguments in map(str.split, wrong):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 2
    capsys.readouterr()


def test_help_is_worth_reading(capsys):
    for command in ([], ["train"], ["similar"], ["analogy"], ["evaluate"], ["convert"], ["info"]):
        with pytest.raises(SystemExit) as caught:
            main([*command, "--help"])
        assert caught.value.code == 0
        output = capsys.readouterr().out
        assert output.startswith("usage: skw2v")
        assert max(map(len, output.splitlines())) <= 100
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out.startswith("skw2v ")


def test_ctrl_c_says_what_became_of_the_file(tmp_path, corpus, monkeypatch, capsys):
    def interrupt(self, documents):
        raise KeyboardInterrupt

    monkeypatch.setattr(Word2VecVectorizer, "fit", interrupt)
    assert run("train", corpus, "-o", tmp_path / "v.bin") == 130
    assert f"skw2v: interrupted. {tmp_path / 'v.bin'} is as it was." in capsys.readouterr().err


# As a program


@pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals")
def test_ctrl_c_in_training_leaves_the_old_file(tmp_path, corpus):
    output = tmp_path / "v.bin"
    output.write_bytes(b"old")
    program = subprocess.Popen(
        [*PROGRAM, "train", str(corpus), "-o", str(output), "--epochs", "100000000", *SMALL[:2]],
        stderr=subprocess.PIPE,
    )
    assert program.stderr is not None
    seen = b""
    while b"loss=" not in seen:
        piece = program.stderr.read1(1000)
        assert piece, seen
        seen += piece
    time.sleep(0.1)
    program.send_signal(signal.SIGINT)
    _, rest = program.communicate(timeout=60)
    assert program.returncode == 130
    assert b"interrupted" in rest
    assert b"Traceback" not in rest
    assert output.read_bytes() == b"old"
    assert sorted(tmp_path.iterdir()) == [corpus, output]


@pytest.mark.skipif(os.name != "posix", reason="needs a shell")
def test_a_pipeline_of_the_shell(tmp_path, corpus):
    program = " ".join(PROGRAM)
    script = (
        f"{program} train -q {' '.join(SMALL)} -o v.npz < corpus.txt"
        f" && {program} similar v.npz the -n 9 | head -n 1"
    )
    result = subprocess.run(
        script, shell=True, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert len(columns(result.stdout)) == 1
    assert result.stderr == ""


def test_a_reader_who_has_enough_is_no_error(royals):
    program = subprocess.Popen(
        [*PROGRAM, "similar", royals, *["king"] * 20_000],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert program.stdout is not None
    program.stdout.read(10)
    program.stdout.close()
    assert program.stderr is not None
    assert program.stderr.read() == b""
    program.stderr.close()
    assert program.wait(timeout=60) == 141
