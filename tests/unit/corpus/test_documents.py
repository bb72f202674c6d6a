from __future__ import annotations

import array
import collections
import itertools
import re

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer

from skw2v import Word2VecVectorizer
from skw2v.corpus import check_documents, splitting, tokenize_documents
from skw2v.corpus.splitting import WORD_PATTERN, build_analyzer, find_words

TEXTS = ["the cat sat", "", "the dog"]
TOKENS = [["the", "cat", "sat"], [], ["the", "dog"]]


def tokenize(documents, analyzer=str.split):
    return list(tokenize_documents(documents, analyzer))


@pytest.mark.parametrize(
    "documents",
    [
        pytest.param(TEXTS, id="list"),
        pytest.param(tuple(TEXTS), id="tuple"),
        pytest.param(np.array(TEXTS), id="str array"),
        pytest.param(np.array(TEXTS, dtype=object), id="object array"),
        pytest.param(np.array(TEXTS)[:, np.newaxis], id="array of one column"),
        pytest.param(pd.Series(TEXTS, index=[7, 8, 9]), id="pandas series"),
        pytest.param(pd.Series(TEXTS, dtype=object), id="pandas object series"),
        pytest.param(pd.Series(TEXTS, dtype="category"), id="pandas categorical"),
        pytest.param(pd.DataFrame({"text": TEXTS}), id="pandas frame"),
        pytest.param(pd.DataFrame({("a", "b"): TEXTS}), id="pandas frame, two header rows"),
        pytest.param(pl.Series(TEXTS), id="polars series"),
        pytest.param(pl.DataFrame({"text": TEXTS}), id="polars frame"),
        pytest.param((text for text in TEXTS), id="generator"),
        pytest.param(dict.fromkeys(TEXTS).keys(), id="keys"),
        pytest.param(collections.deque(TEXTS), id="deque"),
    ],
)
def test_every_container_of_texts_gives_the_same_tokens(documents):
    assert tokenize(documents) == TOKENS


def ragged(documents):
    column = np.empty(len(documents), dtype=object)
    column[:] = documents
    return column


@pytest.mark.parametrize(
    "documents",
    [
        pytest.param(TOKENS, id="lists"),
        pytest.param(ragged(TOKENS), id="object array of lists"),
        pytest.param(ragged(TOKENS)[:, np.newaxis], id="object array of one column"),
        pytest.param([np.array(tokens, dtype=str) for tokens in TOKENS], id="str arrays"),
        pytest.param([np.array(tokens, dtype=object) for tokens in TOKENS], id="object arrays"),
        pytest.param([pd.Series(tokens, dtype=object) for tokens in TOKENS], id="pandas series"),
        pytest.param([pl.Series(tokens, dtype=pl.String) for tokens in TOKENS], id="polars series"),
        pytest.param(pd.Series(TOKENS), id="pandas series of lists"),
        pytest.param(pl.Series(TOKENS), id="polars series of lists"),
        pytest.param(pl.DataFrame({"tokens": TOKENS}), id="polars frame of lists"),
        pytest.param(["the cat sat", [], np.array(["the", "dog"])], id="mixed with texts"),
    ],
)
def test_every_kind_of_token_sequence_is_taken_as_it_is(documents):
    assert tokenize(documents) == TOKENS


def test_tokens_may_be_anything_and_tuples_stay_tuples():
    documents = [(3, "x", None), [("a", 1), 2.5], range(2)]
    assert tokenize(documents) == [(3, "x", None), [("a", 1), 2.5], range(2)]


@pytest.mark.parametrize("document", [np.array([3, 7]), array.array("l", [3, 7])])
def test_tokens_of_arrays_become_python_scalars(document):
    (tokens,) = tokenize([document])
    assert tokens == [3, 7]
    assert [type(token) for token in tokens] == [int, int]


def test_an_analyzer_of_scikit_learn_fits():
    analyzer = CountVectorizer(stop_words="english").build_analyzer()
    assert tokenize(["The Cat, sat!", ["The"]], analyzer) == [["cat", "sat"], ["The"]]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"lowercase": False},
        {"strip_accents": "unicode"},
        {"preprocessor": str.upper},
        {"tokenizer": str.split, "token_pattern": None},
        {"stop_words": ["the"]},
        {"token_pattern": r"\w+"},
        {"analyzer": "char"},
    ],
)
@pytest.mark.parametrize("text", ["The Café's cat, a C-3PO", "The cat's", b"The cat's", ""])
def test_our_analyzer_finds_what_that_of_scikit_learn_does(options, text):
    expected = CountVectorizer(**options).build_analyzer()(text)
    assert build_analyzer(options)(text) == expected


@pytest.mark.parametrize("texts", [[b"the cat", "a dog"], np.array([b"the cat", b"a dog"])])
def test_bytes_are_decoded_by_the_analyzer(texts):
    analyzer = CountVectorizer(token_pattern=r"\w+").build_analyzer()
    assert tokenize(texts, analyzer) == [["the", "cat"], ["a", "dog"]]


def test_files_and_names_of_files_are_read_by_the_analyzer(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("The café", encoding="latin-1")
    for name in (path, str(path), bytes(path)):
        analyzer = CountVectorizer(input="filename", encoding="latin-1").build_analyzer()
        assert list(tokenize_documents([name], analyzer, input="filename")) == [["the", "café"]]
    analyzer = CountVectorizer(input="file", encoding="latin-1").build_analyzer()
    with path.open("rb") as binary, path.open(encoding="latin-1") as text:
        assert (
            list(tokenize_documents([binary, text], analyzer, input="file"))
            == [["the", "café"]] * 2
        )


def test_bytes_in_another_encoding_name_their_document_and_the_remedy():
    analyzer = CountVectorizer().build_analyzer()
    with pytest.raises(UnicodeDecodeError) as caught:
        tokenize(["a cat", "caf\xe9".encode("latin-1")], analyzer)
    assert str(caught.value) == (
        "'utf-8' codec can't decode byte 0xe9 in position 3: unexpected end of data (in the "
        "document at index 1; pass its encoding, or 'ignore' or 'replace' as decode_error)"
    )


@pytest.mark.parametrize(
    ("input_", "document", "message"),
    [
        ("file", "a.txt", "must be an open file (input='file'), got 'a.txt' (type str)."),
        ("file", ["a"], "must be an open file (input='file'), got ['a'] (type list)."),
        (
            "filename",
            ["a"],
            "must be the name of a file (input='filename'), got ['a'] (type list).",
        ),
        ("filename", 3, "must be the name of a file (input='filename'), got 3 (type int)."),
    ],
)
def test_what_is_no_file_is_refused(input_, document, message):
    message = (
        f"The document at index 0 {message} Texts and token sequences are taken with "
        "input='content'."
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        list(tokenize_documents([document], str.split, input=input_))


def test_an_analyzer_may_be_a_generator_function():
    assert tokenize(TEXTS, lambda text: (word for word in text.split())) == TOKENS


@pytest.mark.parametrize(
    ("analyzer", "got"),
    [(str.lower, "'the cat sat' (type str)"), (lambda text: None, "None (type NoneType)")],
)
def test_an_analyzer_that_does_not_split_is_refused(analyzer, got):
    with pytest.raises(TypeError, match="analyzer must return a list of tokens") as caught:
        tokenize(TEXTS, analyzer)
    assert str(caught.value).endswith(f"got {got}.")


def test_a_generator_is_read_once_and_lazily():
    read = []

    def texts():
        for number in range(9):
            read.append(number)
            yield f"text {number}"

    tokenized = tokenize_documents(texts(), str.split)
    assert read == []
    assert list(itertools.islice(tokenized, 3)) == [["text", "0"], ["text", "1"], ["text", "2"]]
    assert read == [0, 1, 2]


def test_the_iterator_of_a_corpus_is_asked_for_once():
    class Corpus:
        n_iterators = 0

        def __iter__(self):
            Corpus.n_iterators += 1
            return iter(TEXTS)

    assert tokenize(Corpus()) == TOKENS
    assert Corpus.n_iterators == 1


def test_no_documents_give_no_tokens():
    assert tokenize([]) == []


@pytest.mark.parametrize(
    ("documents", "error", "message"),
    [
        (
            "the cat sat",
            ValueError,
            "Iterable over raw text documents expected, string object received. "
            "Wrap a single document in a list: [document].",
        ),
        (np.str_("the cat"), ValueError, "string object received. Wrap a single document"),
        (b"the cat sat", ValueError, "bytes object received. Decode it and wrap it in a list"),
        (bytearray(b"the"), ValueError, "bytearray object received. Decode it"),
        (None, TypeError, "got None (type NoneType). Pass a list of documents"),
        (3, TypeError, "got 3 (type int). Pass a list of documents"),
        (np.int64(3), TypeError, "(type int64). Pass a list of documents"),
        (np.nan, TypeError, "got nan (type float). Pass a list of documents"),
        (np.array("the cat"), TypeError, "(type ndarray). Pass a list of documents"),
        ({"a": "the cat"}, TypeError, "the mapping type dict. Pass its values: list(X.values())"),
        ({"the cat"}, TypeError, "got a set, whose order changes from run to run. Pass a list"),
        (frozenset({"cat"}), TypeError, "got a frozenset, whose order changes"),
        (sparse.csr_array((2, 2)), TypeError, "the sparse type csr_array. Pass the texts"),
        (sparse.csr_matrix((2, 1)), TypeError, "the sparse type csr_matrix. Pass the texts"),
        (np.array([TEXTS, TEXTS]), ValueError, "ndarray of shape (2, 3). Pass a single column"),
        (np.ones((4, 2)), ValueError, "or have exactly one column, got a ndarray of shape (4, 2)"),
        (np.ones((4, 0)), ValueError, "got a ndarray of shape (4, 0)"),
        (np.ones((4, 1, 1)), ValueError, "got a ndarray of shape (4, 1, 1)"),
        (
            pd.DataFrame({"text": TEXTS, "label": [0, 1, 0]}),
            ValueError,
            "got a DataFrame of shape (3, 2). Pass a single column, e.g. X['text'].",
        ),
        (pl.DataFrame({"a": TEXTS, "b": TEXTS}), ValueError, "shape (3, 2). Pass a single column"),
        (pd.DataFrame(index=[0, 1]), ValueError, "got a DataFrame of shape (2, 0)"),
        (np.ones(4), ValueError, "got a ndarray of dtype float64. If it is one document"),
        (np.ones((4, 1), dtype=np.int64), ValueError, "got a ndarray of dtype int64"),
        (np.array([b"cat"]).view("V3"), ValueError, "of dtype |V3. If it is one document of"),
        (pd.Series([1, 2]), ValueError, "got a Series of dtype int64"),
        (pd.to_datetime(pd.Series(["2020-01-01"])), ValueError, "of dtype datetime64"),
        (pd.DataFrame({"n": [1.5]}), ValueError, "got a Series of dtype float64"),
    ],
)
def test_what_is_no_corpus_is_refused_before_any_work(documents, error, message):
    with pytest.raises(error, match=re.escape(message)):
        tokenize_documents(documents, str.split)
    with pytest.raises(error, match=re.escape(message)):
        check_documents(documents)


@pytest.mark.parametrize(
    ("document", "error", "message"),
    [
        (None, ValueError, "is missing: None (type NoneType). Replace missing documents by empty"),
        (float("nan"), ValueError, "is missing: nan (type float)"),
        (np.float32("nan"), ValueError, "(type float32). Replace missing documents"),
        (pd.NA, ValueError, "is missing: <NA> (type NAType)"),
        (7, TypeError, "must be a str or a sequence of tokens, got 7 (type int). If X is one"),
        (True, TypeError, "got True (type bool)"),
        (np.float64(2.5), TypeError, "(type float64). If X is one document of tokens"),
        (np.array("cat"), TypeError, "(type ndarray). If X is one document of tokens"),
        (bytearray(b"a"), TypeError, "got bytearray(b'a') (type bytearray). Pass bytes(document)."),
        ({"the": 1}, TypeError, "got {'the': 1} (type dict)"),
        ({"the"}, TypeError, "got {'the'} (type set)"),
        (np.ones((2, 3)), ValueError, "got a ndarray of shape (2, 3). Pass its rows"),
        (pd.DataFrame({"a": ["b"]}), ValueError, "got a DataFrame of shape (1, 1)"),
    ],
)
def test_a_bad_document_is_named_when_its_turn_comes(document, error, message):
    tokenized = tokenize_documents(["the cat", [1, 2], document], str.split)
    assert next(tokenized) == ["the", "cat"]
    assert next(tokenized) == [1, 2]
    with pytest.raises(error, match=re.escape(message)) as caught:
        next(tokenized)
    assert str(caught.value).startswith("The document at index 2 ")


@pytest.mark.parametrize(
    "documents",
    [pd.Series(["cat", None]), pl.Series(["cat", None]), np.array(["cat", None], dtype=object)],
)
def test_missing_documents_of_every_container_are_found(documents):
    with pytest.raises(ValueError, match=r"The document at index 1 is missing: .*fillna"):
        tokenize(documents)


def test_a_list_of_numbers_is_refused():
    with pytest.raises(TypeError, match=r"document at index 0 .* got 3 \(type int\).*in a list"):
        tokenize([3, 1, 4])


def test_a_long_bad_document_is_not_printed_in_full():
    with pytest.raises(TypeError) as caught:
        tokenize([b"x" * 100_000])
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("character", [chr(code) for code in range(128)], ids=ascii)
def test_every_ascii_character_parts_words_or_belongs_to_them(character):
    text = f"ab{character}cd {character} e{character} {character}{character}"
    assert find_words(text) == re.findall(WORD_PATTERN, text)


@given(st.text() | st.text(st.characters(codec="ascii")))
def test_the_words_found_are_those_of_the_pattern(text):
    assert find_words(text) == re.findall(WORD_PATTERN, text)


def test_only_the_default_pattern_is_replaced(monkeypatch):
    calls = []
    monkeypatch.setattr(splitting, "find_words", lambda text: calls.append(text) or ["xx"])
    texts = ["Ab cd"]
    for parameters in ({"token_pattern": "[a-z]+"}, {"tokenizer": str.split}, {"analyzer": "char"}):
        Word2VecVectorizer(min_count=1, epochs=1, **parameters).fit(texts)
    assert calls == []
    # Documents that have to be decoded keep the analyzer, with this part of it.
    assert "xx" in Word2VecVectorizer(min_count=1, epochs=1).fit([b"Ab cd"]).vocabulary_
    assert calls == ["ab cd"]
    assert CountVectorizer().token_pattern == WORD_PATTERN
