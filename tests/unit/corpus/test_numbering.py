"""Texts that compiled code splits and numbers, against scikit-learn's analyzer and a dictionary."""

import pickle
import re
import subprocess
import sys
from array import array

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from skw2v import TextFiles, Word2VecVectorizer
from skw2v.corpus import (
    Vocabulary,
    _word_table,
    build_analyzer,
    count_tokens,
    count_tokens_in_batches,
    documents,
    encode_documents,
    encode_more_documents,
    tokenize_documents,
)
from skw2v.corpus._numbering import Numbering, number_corpus
from skw2v.corpus._token_ids import UNKNOWN
from skw2v.corpus._word_table import WordTable
from skw2v.corpus.partitions import number_documents
from skw2v.corpus.splitting import Splitter

OPTIONS = [
    {},
    {"lowercase": False},
    {"token_pattern": r"(?u)\S+"},
    {"token_pattern": r"\S+", "lowercase": False},
    {"token_pattern": r"(?u)\b\w+\b"},
    {"token_pattern": r"\w\w+", "lowercase": False},
    {"analyzer": str.split},
    {"token_pattern": r"(?u)\b\w{3,}\b"},
    {"token_pattern": r"[a-z]+"},
    {"token_pattern": r"[A-Zabc]+"},
    {"token_pattern": r"[A-Z]{2,}", "lowercase": False},
    {"token_pattern": r"[^\W\d_][^\W\d_]+"},
    {"token_pattern": r"[\w'\]-]+"},
    {"stop_words": "english"},
    {"stop_words": ["ab", "éc", "aab", 7], "token_pattern": r"\S+"},
    {"strip_accents": "ascii"},
    {"strip_accents": "unicode", "stop_words": ["one", "ab"]},
    {"strip_accents": "unicode", "lowercase": False, "token_pattern": r"[A-Z]+"},
    {"preprocessor": str.swapcase},
]

# White space of one, two and three bytes; letters, digits and signs of one to four; letters whose
# lower case has more or fewer bytes, depends on their place, or is of ASCII; the first and the last
# characters of each length; half of a surrogate pair.
SPACES = [c for c in map(chr, range(0x10000)) if c.isspace()]
CHARACTERS = [
    *SPACES,
    *"aAbB_01.-'éÉßжЖ中²½ΣÅİ\u212a\u0301€😀\U0001d538\U00020000",
    *"\x00\x7f\x80\u07ff\u0800\uffff\U00010000\U0010ffff\ud800",
]
TEXTS = st.text(st.sampled_from(CHARACTERS), max_size=12) | st.text(max_size=8)


def analyzer_of_sklearn(options):
    analyze = CountVectorizer(**options).build_analyzer()
    return lambda text: list(analyze(text))


@pytest.fixture
def tables(monkeypatch):
    """The tables that have numbered something."""
    used = []
    number = WordTable.number

    def noted(self, *arguments):
        used.append(self)
        return number(self, *arguments)

    monkeypatch.setattr(WordTable, "number", noted)
    return used


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@given(texts=st.lists(TEXTS, max_size=6))
@example(texts=[*CHARACTERS])
@example(texts=[f"ab{c}cd {c} e{c} {c}{c}AB{c}" for c in CHARACTERS])
@example(texts=[f"ab{c}cd {c} e{c} {c}{c}AB{c}" for c in map(chr, range(128))])
@example(texts=["".join(map(chr, range(sys.maxunicode + 1)))])
@example(texts=["ὈΔΥΣΣΕΥΣ ΟΔΥΣΣΕΥΣ", "naïve Straße", "机器 学习", "ab\x00cd", "😀 :-) 👍🏽ok"])
def test_texts_are_numbered_like_the_tokens_of_the_analyzer(options, texts):
    texts = ["one word", *texts]
    analyze = analyzer_of_sklearn(options)
    expected = number_documents([analyze(text) for text in texts])
    fast = build_analyzer(options)
    assert isinstance(fast, Splitter)
    partition = number_documents(tokenize_documents(texts, fast))
    assert partition.counts.words == expected.counts.words
    np.testing.assert_array_equal(partition.counts.counts, expected.counts.counts)
    np.testing.assert_array_equal(partition.token_ids, expected.token_ids)
    np.testing.assert_array_equal(partition.offsets, expected.offsets)
    assert list(tokenize_documents(texts, fast)) == [analyze(text) for text in texts]
    assert [fast.splitting.split(fast.encode(text)) for text in texts] == [
        analyze(text) for text in texts
    ]


@pytest.mark.parametrize(
    "options",
    [
        {"token_pattern": r"(?u)\b[a-z]+\b"},
        {"token_pattern": r"[a-z]+\b"},
        {"token_pattern": r"\b\S+"},
        {"token_pattern": r"(?a)\w+"},
        {"token_pattern": r"[a-z ]+"},  # white space in a token
        {"token_pattern": r"[^a]+"},
        {"token_pattern": r"\w[a-z]+"},
        {"token_pattern": r"\w{2,3}"},
        {"token_pattern": r"\w+?"},
        {"token_pattern": r"(\w+)"},
        {"token_pattern": r"[]a]+"},
        {"tokenizer": str.split},
        {"tokenizer": str.split, "token_pattern": None},
        {"analyzer": "char"},
        {"analyzer": lambda text: text.split()},
        {"ngram_range": (1, 2)},
        {"stop_words": ["the"], "ngram_range": (2, 2)},
        {"input": "filename"},
        {"analyzer": str.split, "input": "filename"},
    ],
    ids=str,
)
def test_other_ways_of_splitting_are_left_to_the_analyzer(options):
    assert not isinstance(build_analyzer(options), Splitter)


def test_a_pattern_that_is_none_is_scikit_learns_error():
    with pytest.raises(re.error, match="unterminated"):
        build_analyzer({"token_pattern": "[^]+"})


def test_what_a_preprocessor_returns_has_to_be_a_text():
    analyze = build_analyzer({"preprocessor": str.encode})
    assert isinstance(analyze, Splitter)
    for split in (analyze, analyze.encode):
        with pytest.raises(TypeError, match=r"a str\. For a document of 6 .* returned bytes"):
            split("a text")


def test_words_that_are_known_may_be_stop_words(monkeypatch, tables):
    monkeypatch.setattr(documents, "_BATCH_BYTES", 1)  # a document each
    index = {"aa": 0, "the": 1, "cc": 2}
    analyze = build_analyzer({"stop_words": ["the"]})
    texts = ["the aa cc the", "cc the bb aa", "cc aa"]
    counts = count_tokens_in_batches(tokenize_documents(texts, analyze), index)
    assert [part.toarray().tolist() for part in counts] == [[[1, 0, 1]]] * 3
    assert not tables
    _, vocabulary = encode_documents(tokenize_documents(texts, analyze), vocabulary=index)
    assert vocabulary.counts.tolist() == [3, 0, 3]


@pytest.mark.parametrize("n_looked_up", [0, 2])  # by the dictionary, and by the table
def test_stop_words_leave_no_gap_and_unknown_words_do(n_looked_up, tables):
    numbering = Numbering({"aa": 0, "cc": 1}, grows=False)
    numbering._n_looked_up = n_looked_up
    texts = ["the aa of xx cc the", "of", "the cc"]
    tokenized = tokenize_documents(texts, build_analyzer({"stop_words": ["the", "of", "no"]}))
    flat, offsets = number_corpus(tokenized, numbering, array("i"))
    assert flat.tolist() == [0, UNKNOWN, 1, 1]
    assert offsets.tolist() == [0, 3, 3, 4]
    assert len(tables) == (n_looked_up > 0)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_bytes_and_strings_of_numpy_are_texts_too(options, tables):
    texts = ["The CAT's", "the café ÉC"]
    analyze = analyzer_of_sklearn(options)
    expected = [word for text in texts for word in analyze(text)]
    for forms in (np.array(texts), [text.encode() for text in texts]):
        corpus, vocabulary = encode_documents(
            tokenize_documents(forms, build_analyzer(options)), min_count=1
        )
        assert [vocabulary.words[word] for word in corpus.token_ids] == expected
        assert all(type(word) is str for word in vocabulary.words)
    assert len(tables) == 2


def test_bytes_that_are_no_text_are_named():
    tokenized = tokenize_documents(["a text", b"\xff"], build_analyzer({}))
    with pytest.raises(UnicodeDecodeError, match="in the document at index 1; pass its encoding"):
        encode_documents(tokenized)


def test_little_room_grows_and_changes_nothing(monkeypatch):
    generator = np.random.default_rng(0)
    texts = [
        " ".join("w" * int(n) + str(n) for n in generator.integers(1, 60, size=200))
        for _ in range(20)
    ] + ["x" * 1000, "", "w5 w5"]
    expected = encode_documents([text.split() for text in texts], min_count=1)
    monkeypatch.setattr(_word_table, "_IDS_AT_ONCE", 3)
    monkeypatch.setattr(_word_table, "_FIRST_LETTERS", 1)
    monkeypatch.setattr(_word_table, "_FIRST_WORDS", 1)
    monkeypatch.setattr(documents, "_BATCH_BYTES", 5000)
    corpus, vocabulary = encode_documents(tokenize_documents(texts, str.split), min_count=1)
    assert vocabulary.index == expected[1].index
    np.testing.assert_array_equal(corpus.token_ids, expected[0].token_ids)
    np.testing.assert_array_equal(corpus.offsets, expected[0].offsets)


def test_words_whose_hashes_are_equal_are_told_apart(monkeypatch):
    monkeypatch.setattr(_word_table, "_extend_hash", lambda value, byte: value)
    for name in ("number_words", "place_words"):
        monkeypatch.setattr(_word_table, name, getattr(_word_table, name).py_func)
    words = ["ab", "abc", "b", "ba", "ab", "b", "abd"]
    for first in ([], ["ba", "b"]):
        numbering = Numbering({word: k for k, word in enumerate(first)})
        numbering._n_looked_up = len(first)
        flat, _ = number_corpus(
            tokenize_documents([" ".join(words)], str.split), numbering, array("i")
        )
        distinct = list(dict.fromkeys([*first, *words]))
        assert numbering.words() == distinct
        assert [distinct[k] for k in flat] == words


def test_hashes_start_at_random():
    assert WordTable()._arrays.basis != WordTable()._arrays.basis


def test_documents_of_tokens_may_stand_among_texts(tables):
    mixed = ["a b", ["c", 7, "a"], "é c d", (7, "d"), "a"]
    corpus, vocabulary = encode_documents(tokenize_documents(mixed, str.split), min_count=1)
    tokens = [vocabulary.words[word] for word in corpus.token_ids]
    assert tokens == ["a", "b", "c", 7, "a", "é", "c", "d", 7, "d", "a"]
    assert vocabulary.words == ["a", "c", 7, "d", "b", "é"]
    assert len(tables) == 1  # words do not move to and fro
    counts = count_tokens_in_batches(tokenize_documents(mixed, str.split), vocabulary.index)
    expected = count_tokens(
        [["a", "b"], *mixed[1:2], ["é", "c", "d"], *mixed[3:]], vocabulary.index
    )
    np.testing.assert_array_equal(
        np.vstack([part.toarray() for part in counts]), expected.toarray()
    )


@pytest.mark.parametrize(
    ("index", "uses_table"),
    [
        ({"a": 0, "é": 1}, True),
        ({"é": 1, "a": 0}, False),  # ids in another order
        ({"a": 0, "é": 1, 7: 2}, False),  # a word that is no str
    ],
)
def test_known_words_are_entered_once_it_pays(index, uses_table, monkeypatch, tables):
    monkeypatch.setattr(documents, "_BATCH_BYTES", 1)  # a document each
    texts = ["a x é", "x é", "a a"]
    batches = count_tokens_in_batches(tokenize_documents(texts, str.split), index)
    expected = count_tokens([text.split() for text in texts], index)
    np.testing.assert_array_equal(
        np.vstack([part.toarray() for part in batches]), expected.toarray()
    )
    # The first text is looked up in the dictionary.
    assert len(tables) == (2 if uses_table else 0)
    _, vocabulary = encode_documents(
        tokenize_documents(texts, str.split), vocabulary={word: k for k, word in enumerate(index)}
    )
    assert vocabulary.counts.tolist()[: len(index)] == [
        sum(text.split().count(word) for text in texts) for word in index
    ]


def test_a_stream_goes_on_with_the_words_it_has(monkeypatch, tables):
    monkeypatch.setattr(documents, "_BATCH_BYTES", 1)
    vocabulary = Vocabulary({"the": 0, "cat": 1}, np.array([5, 2]))
    texts = ["the dog the dog the", "a cat", "dog the", "end dog"]
    results = [
        encode_more_documents(tokenized, vocabulary, {"a": 1, "of": 1}, min_count=2)
        for tokenized in (
            tokenize_documents(texts, str.split),
            [text.split() for text in texts],
        )
    ]
    for name in ("index", "counts"):
        np.testing.assert_equal(*(getattr(result.vocabulary, name) for result in results))
    np.testing.assert_array_equal(*(result.corpus.token_ids for result in results))
    assert results[0].candidates == results[1].candidates == {"of": 1, "end": 1}
    assert len(tables) == 3  # all texts but the first, which is looked up in the dictionary


def test_a_few_texts_are_transformed_without_compiled_code():
    program = """
import pickle, sys
vectorizer = pickle.loads(sys.stdin.buffer.read())
assert vectorizer.transform(["ab cd"]).any()
assert "skw2v.corpus._word_table" not in sys.modules
vectorizer.transform(["ab cd " * 100_000] * 2)
assert "skw2v.corpus._word_table" in sys.modules
"""
    vectorizer = Word2VecVectorizer(min_count=1, epochs=1).fit(["ab cd ef"])
    subprocess.run([sys.executable, "-c", program], input=pickle.dumps(vectorizer), check=True)


def test_texts_in_files_are_numbered_in_a_file(tmp_path, tables):
    lines = ["the cat", "", "the café cat " * 1000]
    path = tmp_path / "corpus.txt"
    path.write_text("\n".join(lines), encoding="utf-8")
    for folder in (None, tmp_path):
        corpus, vocabulary = encode_documents(
            tokenize_documents(TextFiles(path), str.split), min_count=1, temp_folder=folder
        )
        words = np.array(vocabulary.words)[corpus.token_ids]
        assert " ".join(words).split() == " ".join(lines).split()
        assert np.diff(corpus.offsets).tolist() == [2, 0, 3000]
    assert len(tables) == 2


def test_a_batch_holds_so_many_documents_at_most(monkeypatch):
    monkeypatch.setattr(documents, "_BATCH_BYTES", 40)
    texts = ["", "", "", "word " * 10, "a", "b"]
    batches = list(tokenize_documents(texts, str.split).in_batches())
    assert [len(batch.encoded) for batch in batches] == [3, 1, 2]


def test_it_is_compiled_once_for_all_texts():
    for options in OPTIONS:
        for texts in (["a b"], np.array(["é"] * 3), [b"ab"]):
            encode_documents(
                tokenize_documents(["bcdBCD", *texts], build_analyzer(options)), min_count=1
            )
            list(
                count_tokens_in_batches(
                    tokenize_documents(["ab " * 10_000] * 20, build_analyzer(options)), {"ab": 0}
                )
            )
    for function in (_word_table.number_words, _word_table.place_words):
        assert len(function.signatures) == 1
