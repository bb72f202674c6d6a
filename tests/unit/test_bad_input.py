"""What goes wrong, and what must not: each bad input has its message, before any work is done."""

import re
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse

from skw2v import Word2VecVectorizer, WordVectors
from skw2v.training import softmax

TEXTS = ["the cat and the dog", "a dog and a cat"]

SMALL = {"min_count": 1, "vector_size": 4, "epochs": 2, "random_state": 0}

in_all_modes = pytest.mark.parametrize(
    ("architecture", "objective"),
    [
        (architecture, objective)
        for architecture in ("skipgram", "cbow")
        for objective in ("negative_sampling", "hierarchical_softmax", "softmax")
    ],
)

# `tests/unit/corpus` has more of them, and those of single documents.
NOT_A_CORPUS = [
    (
        "the cat sat",
        ValueError,
        "Iterable over raw text documents expected, string object received. Wrap a single "
        "document in a list: [document].",
    ),
    (
        b"the cat sat",
        ValueError,
        "Iterable over raw text documents expected, bytes object received. Decode it and wrap it "
        "in a list: [document.decode('utf-8')].",
    ),
    (
        None,
        TypeError,
        "Documents must be an iterable of str or of token sequences, got None (type NoneType). "
        "Pass a list of documents, such as ['a text', 'another'].",
    ),
    (
        7,
        TypeError,
        "Documents must be an iterable of str or of token sequences, got 7 (type int). Pass a "
        "list of documents, such as ['a text', 'another'].",
    ),
    (
        np.arange(3.0),
        ValueError,
        "Documents must be an iterable of str or of token sequences, got a ndarray of dtype "
        "float64. If it is one document of tokens, wrap it in a list: [document].",
    ),
    (
        [1.5, 2.5],
        TypeError,
        "The document at index 0 must be a str or a sequence of tokens, got 1.5 (type float). If "
        "X is one document of tokens, wrap it in a list: [X].",
    ),
    (
        ["a text", None],
        ValueError,
        "The document at index 1 is missing: None (type NoneType). Replace missing documents by "
        "empty ones, e.g. X.fillna(''), or drop them.",
    ),
    (
        pd.Series(["a text", float("nan")], dtype=object),
        ValueError,
        "The document at index 1 is missing: nan (type float). Replace missing documents by empty "
        "ones, e.g. X.fillna(''), or drop them.",
    ),
    (
        [bytearray(b"bytes")],
        TypeError,
        "The document at index 0 must be a str or a sequence of tokens, got bytearray(b'bytes') "
        "(type bytearray). Pass bytes(document).",
    ),
    (
        ["a text", b"caf\xe9"],
        UnicodeDecodeError,
        "'utf-8' codec can't decode byte 0xe9 in position 3: unexpected end of data (in the "
        "document at index 1; pass its encoding, or 'ignore' or 'replace' as decode_error)",
    ),
    (
        np.array([["a", "b"], ["c", "d"]]),
        ValueError,
        "Documents must be one-dimensional or have exactly one column, got a ndarray of shape "
        "(2, 2). Pass a single column, e.g. X[:, 0], or, if each row holds the tokens of a "
        "document, the rows as lists: X.tolist().",
    ),
    (
        pd.DataFrame({"title": ["a"], "text": ["b"]}),
        ValueError,
        "Documents must be one-dimensional or have exactly one column, got a DataFrame of shape "
        "(1, 2). Pass a single column, e.g. X['text'].",
    ),
    (
        pl.DataFrame({"title": ["a"], "text": ["b"]}),
        ValueError,
        "Documents must be one-dimensional or have exactly one column, got a DataFrame of shape "
        "(1, 2). Pass a single column, e.g. X['text'].",
    ),
    (
        sparse.csr_array([[1, 0]]),
        TypeError,
        "Documents must be an iterable of str or of token sequences, got the sparse type "
        "csr_array. Pass the texts themselves, not their counts.",
    ),
    (
        [["cat", ["dog"]]],
        TypeError,
        "Tokens must be hashable, such as words, numbers or tuples, but token 1 of the document at "
        "index 0 is ['dog'] (type list). Convert it, e.g. tuple(token), or pass it as a document "
        "of its own.",
    ),
]

NO_FILES = [
    (
        "file",
        ["a.txt"],
        TypeError,
        "The document at index 0 must be an open file (input='file'), got 'a.txt' (type str). "
        "Texts and token sequences are taken with input='content'.",
    ),
    (
        "filename",
        [["a", "b"]],
        TypeError,
        "The document at index 0 must be the name of a file (input='filename'), got ['a', 'b'] "
        "(type list). Texts and token sequences are taken with input='content'.",
    ),
    (
        "filename",
        [None],
        ValueError,
        "The document at index 0 is missing: None (type NoneType). Replace missing documents by "
        "empty ones, e.g. X.fillna(''), or drop them.",
    ),
    (
        "filename",
        ["no such file"],
        FileNotFoundError,
        "[Errno 2] No such file or directory: 'no such file'",
    ),
    (
        "filename",
        "a.txt",
        ValueError,
        "Iterable over raw text documents expected, string object received. Wrap a single document "
        "in a list: [document].",
    ),
]

NOTHING_TO_LEARN = [
    (
        [],
        {},
        "The corpus is empty: there are no documents. Pass at least one; a generator can be read "
        "only once.",
    ),
    (
        ["", "!", []],
        {},
        "The corpus is empty: none of the 3 documents contains a token. Pass documents with words, "
        "or check how they are split into tokens (stop words, token pattern).",
    ),
    (
        ["the cat", "the dog", "the cat and the fox"],
        {"min_count": 5},
        "Empty vocabulary: no word occurs at least min_count=5 times in 3 documents with 9 tokens. "
        "The most frequent words (and counts) are 'the' (4), 'cat' (2), 'dog' (1). Lower min_count "
        "to at most 4 or pass more documents.",
    ),
    (
        TEXTS,
        {"vocabulary": ["fish", "bird"], "min_count": 5},
        "None of the 8 tokens in 2 documents is in the given vocabulary of 2 words, whose first "
        "word is 'fish'. Pass the words as they appear in the documents after tokenisation, or "
        "None to learn them.",
    ),
]


def alone(text):
    """Return the first word of a text."""
    return text.split()[:1]


A_BOOL = f"an instance of 'bool' or an instance of 'numpy.{np.bool_.__name__}'"

BAD_VALUES = [
    ("input", "a str among {'content', 'file', 'filename'}", ["text", None]),
    ("encoding", "an instance of 'str'", [None, 8]),
    ("decode_error", "a str among {'ignore', 'replace', 'strict'}", ["hide", None]),
    ("strip_accents", "a str among {'ascii', 'unicode'}, None or a callable", ["all"]),
    ("lowercase", A_BOOL, ["yes", None]),
    ("preprocessor", "a callable or None", ["upper"]),
    ("tokenizer", "a callable or None", ["split"]),
    ("analyzer", "a str among {'char', 'char_wb', 'word'} or a callable", ["token", None]),
    ("stop_words", "a str among {'english'}, an instance of 'list' or None", ["german", {"the"}]),
    ("token_pattern", "an instance of 'str' or None", [3]),
    (
        "vocabulary",
        "an instance of 'collections.abc.Mapping', an object implementing '__iter__' or None",
        [3],
    ),
    ("min_count", "an int in the range [1, inf)", [0, 0.1]),
    ("max_vocab_size", "an int in the range [1, inf) or None", [0, 1e6]),
    ("vector_size", "an int in the range [1, inf)", [0, -1, 10.0, "10", None]),
    ("architecture", "a str among {'cbow', 'skipgram'}", ["skip-gram", 1]),
    (
        "objective",
        "a str among {'hierarchical_softmax', 'negative_sampling', 'softmax'}",
        ["ns", None],
    ),
    ("window", "an int in the range [1, inf)", [0, 2.5, None]),
    ("shrink_windows", A_BOOL, [None]),
    ("negative", "an int in the range [1, inf)", [0, -5, 0.5]),
    ("ns_exponent", "a float in the range (-inf, inf)", [np.inf, np.nan, "0.75"]),
    ("sample", "a float in the range [0.0, inf)", [-1e-3, np.nan, None]),
    ("cbow_mean", A_BOOL, ["mean"]),
    ("epochs", "an int in the range [1, inf)", [0, None]),
    (
        "learning_rate",
        "a str among {'auto'} or a float in the range (0.0, inf)",
        [0, -0.1, "optimal", None],
    ),
    ("min_learning_rate", "a float in the range [0.0, inf)", [-0.1, None]),
    (
        "init",
        "an instance of 'skw2v.word_vectors.WordVectors', an instance of 'str', an instance of "
        "'os.PathLike', an object implementing 'fit' or None",
        [3, {"cat": [0.5]}],
    ),
    (
        "freeze",
        "a str among {'init'}, an instance of 'list', an instance of 'tuple', an instance of "
        "'set', an instance of 'frozenset', an instance of 'numpy.ndarray' or None",
        ["cat", 3],
    ),
    ("warm_start", A_BOOL, ["yes"]),
    ("early_stopping", A_BOOL, [None]),
    ("validation_fraction", "a float in the range (0.0, 1.0)", [0, 1, None]),
    ("n_iter_no_change", "an int in the range [1, inf)", [0, 2.5]),
    ("tol", "a float in the range [0.0, inf)", [-1, None]),
    ("memory", "an instance of 'str', an object implementing 'cache' or None", [3, b"folder"]),
    ("vectors", "a str among {'concatenated', 'input', 'mean', 'output'}", ["both", None]),
    (
        "pooling",
        "a str among {'max', 'mean', 'min', 'sum'}, an instance of 'tuple' or an instance of "
        "'list'",
        ["average", None, {"mean"}],
    ),
    ("weighting", "a str among {'idf', 'sif', 'usif'} or None", ["tfidf", True]),
    ("remove_components", "an int in the range [0, inf)", [-1, 0.5, None]),
    ("norm", "a str among {'l1', 'l2', 'max'} or None", ["l3", 2]),
    ("temp_folder", "an instance of 'str', an instance of 'os.PathLike' or None", [7, b"folder"]),
    ("n_jobs", "None or an instance of 'int'", [0.5, "2"]),
    (
        "random_state",
        "an int in the range [0, 4294967295], an instance of "
        "'numpy.random.mtrand.RandomState' or None",
        [-1, "seed"],
    ),
    ("verbose", f"an int in the range [0, inf), {A_BOOL}", [-1, "yes"]),
]

BAD_PARAMETERS = [
    (
        {"learning_rate": 0.01, "min_learning_rate": 0.02},
        ValueError,
        "min_learning_rate must be at most learning_rate=0.01, which starts at 0.01. Got 0.02.",
    ),
    (
        {"token_pattern": None},
        ValueError,
        "token_pattern must be a regular expression unless tokenizer or analyzer is a callable. "
        "Got None for token_pattern and for tokenizer.",
    ),
    (
        {"vocabulary": "cat"},
        TypeError,
        "vocabulary must be a mapping of words to ids or an iterable of words, got 'cat' (type "
        "str).",
    ),
    (
        {"vocabulary": {"cat": 0, "dog": 2}},
        ValueError,
        "Vocabulary of size 2 doesn't contain index 1. Use each of the indices 0 to 1 once, or "
        "pass a list of words.",
    ),
    (
        {"vocabulary": {"cat": 0, "dog": 0}},
        ValueError,
        "Vocabulary contains repeated indices: 'cat' and 'dog' both have 0. Give each word an "
        "index of its own.",
    ),
    (
        {"vocabulary": ["cat", "dog", "cat"]},
        ValueError,
        "Duplicate word in vocabulary: 'cat' stands at positions 0 and 2. Pass each word once.",
    ),
    (
        {"vocabulary": []},
        ValueError,
        "Empty vocabulary: pass at least one word, or None to learn the words.",
    ),
    (
        {"vocabulary": [["cat"], ["dog"]]},
        TypeError,
        "Words must be hashable, got ['cat'] (type list) at position 0 of the vocabulary.",
    ),
    *(
        (
            {"pooling": pooling},
            ValueError,
            "pooling must be one of 'mean', 'sum', 'max' and 'min', or a tuple that names some of "
            f"them, each once. Got {pooling!r}.",
        )
        for pooling in [(), ("mean", "median"), ["max", "max"]]
    ),
    (
        {"remove_components": 10, "vector_size": 10},
        ValueError,
        "remove_components must be less than the dimension of the word vectors, which is 10. Got "
        "10.",
    ),
    (
        {"remove_components": 25, "vector_size": 10, "vectors": "concatenated"},
        ValueError,
        "remove_components must be less than the dimension of the word vectors, which is 20. Got "
        "25.",
    ),
    (
        {"temp_folder": "no such folder"},
        ValueError,
        "temp_folder must be an existing folder, got 'no such folder'. Create it, or pass None to "
        "keep the corpus in memory.",
    ),
    (
        {"encoding": "utf-7-and-a-half"},
        ValueError,
        "encoding must be one that Python knows, such as 'utf-8' or 'latin-1'. Got "
        "'utf-7-and-a-half'.",
    ),
    ({"n_jobs": 0}, ValueError, "n_jobs == 0 in Parallel has no meaning"),
    (
        {"freeze": "init"},
        ValueError,
        "freeze='init' names the words of init, which must then be given. Got init=None.",
    ),
    (
        {"init": Word2VecVectorizer()},
        ValueError,
        "init must be word vectors, a path, or a fitted Word2VecVectorizer, got the estimator "
        "Word2VecVectorizer(), which is none. A clone, as in a search, is not fitted: pass "
        "init=other.word_vectors_ instead of init=other.",
    ),
]


BAD_CONTINUATIONS = [
    (
        {"early_stopping": True},
        "partial_fit",
        ValueError,
        "partial_fit does not support early_stopping=True.",
    ),
    (
        {"early_stopping": True, "validation_fraction": 0.9},
        "fit",
        ValueError,
        "No words are left to train when 2 of 2 documents are held out. Lower "
        "validation_fraction=0.9 or pass more documents.",
    ),
    (
        {"early_stopping": True, "window": 1, "analyzer": alone},
        "fit",
        ValueError,
        "The validation set is too small: the 1 held-out documents hold nothing to predict. "
        "Increase validation_fraction=0.1 or pass more documents.",
    ),
    (
        {"init": WordVectors(["cat"], [[1.0, 2.0]])},
        "fit",
        ValueError,
        "vector_size must be 2, the dimension of the vectors of init. Got 4.",
    ),
    (
        {"init": WordVectors(["cat"], [[1.0] * 4]), "freeze": ["cat", ["dog"]]},
        "fit",
        TypeError,
        "freeze must name words, which are hashable. Got ['dog'] (type list).",
    ),
]


def exactly(message):
    return f"^{re.escape(message)}$"


def in_sorted_sets(message):
    """Sort the choices in a message of scikit-learn, whose order depends on the hash seed."""
    return re.sub(
        r"among \{(.*?)\}",
        lambda choices: f"among {{{', '.join(sorted(choices[1].split(', ')))}}}",
        message,
    )


class UnreadableCorpus:
    """Documents that nobody may ask for."""

    def __iter__(self):
        return self

    def __next__(self):
        raise AssertionError("a document was read")


@pytest.mark.parametrize("method", ["fit", "fit_transform", "transform"])
@pytest.mark.parametrize(
    ("X", "error", "message"), NOT_A_CORPUS, ids=lambda value: repr(value)[:40]
)
def test_what_is_no_corpus_is_refused(X, error, message, method):
    model = Word2VecVectorizer(**SMALL)
    if method == "transform":
        model.fit(TEXTS)
    with pytest.raises(error, match=exactly(message)):
        getattr(model, method)(X)


@pytest.mark.parametrize("method", ["fit", "fit_transform", "transform"])
@pytest.mark.parametrize(("input_", "X", "error", "message"), NO_FILES)
def test_what_is_no_file_is_refused(input_, X, error, message, method):
    model = Word2VecVectorizer(**SMALL)
    if method == "transform":
        model.fit(TEXTS)
    with pytest.raises(error, match=exactly(message)):
        getattr(model.set_params(input=input_), method)(X)


@pytest.mark.parametrize(("X", "parameters", "message"), NOTHING_TO_LEARN)
def test_corpus_without_words_is_refused(X, parameters, message):
    with pytest.raises(ValueError, match=exactly(message)):
        Word2VecVectorizer(**{**SMALL, **parameters}).fit(X)


@pytest.mark.parametrize(
    ("name", "allowed", "value"),
    [(name, allowed, value) for name, allowed, values in BAD_VALUES for value in values],
)
def test_bad_value_of_a_parameter_is_refused_before_a_document_is_read(name, allowed, value):
    message = (
        f"The {name!r} parameter of Word2VecVectorizer must be {allowed}. Got {value!r} instead."
    )
    with pytest.raises(ValueError, match=f"The {name!r} parameter") as caught:
        Word2VecVectorizer(**{name: value}).fit(UnreadableCorpus())
    assert in_sorted_sets(str(caught.value)) == message


def test_every_parameter_has_a_bad_value():
    assert {name for name, _, _ in BAD_VALUES} == set(Word2VecVectorizer().get_params())


@pytest.mark.parametrize("method", ["fit", "fit_transform"])
@pytest.mark.parametrize(("parameters", "error", "message"), BAD_PARAMETERS, ids=str)
def test_bad_parameters_are_refused_before_a_document_is_read(parameters, error, message, method):
    with pytest.raises(error, match=exactly(message)):
        getattr(Word2VecVectorizer(**parameters), method)(UnreadableCorpus())


@pytest.mark.parametrize(("parameters", "method", "error", "message"), BAD_CONTINUATIONS)
def test_what_cannot_be_continued_is_refused(parameters, method, error, message):
    with pytest.raises(error, match=exactly(message)):
        getattr(Word2VecVectorizer(**{**SMALL, **parameters}), method)(TEXTS)


def test_bad_learning_rate_beside_auto_names_the_rate():
    message = r"at most learning_rate='auto', which starts at 0\.\d+\. Got 1\.$"
    with pytest.raises(ValueError, match=message):
        Word2VecVectorizer(min_learning_rate=1).fit(UnreadableCorpus())


def test_unknown_parameter_is_refused():
    with pytest.raises(TypeError, match="unexpected keyword argument 'size'"):
        Word2VecVectorizer(size=10)


def test_softmax_over_too_many_words_is_refused(monkeypatch):
    monkeypatch.setattr(softmax, "MAX_LOGITS_BYTES", 64)
    message = r"^objective='softmax' scores every word of the vocabulary at once: .* for 5 words "
    with pytest.raises(ValueError, match=message):
        Word2VecVectorizer(**SMALL, objective="softmax").fit([["a", "b", "c", "d", "e"]])


@pytest.mark.filterwarnings("ignore:(overflow|invalid value) encountered:RuntimeWarning")
def test_training_that_diverges_is_told():
    model = Word2VecVectorizer(**SMALL, objective="softmax", sample=0, learning_rate=1e30)
    message = (
        "Training diverged: the word vectors are not finite. Lower learning_rate, which started at "
        "1e+30."
    )
    with pytest.raises(ValueError, match=exactly(message)):
        model.fit(TEXTS * 10)


def upper(text):
    return text.upper()


@pytest.mark.parametrize(
    ("unused", "others", "reason"),
    [
        ({"min_count": 2}, {"vocabulary": ["cat"]}, "'vocabulary' is given"),
        ({"max_vocab_size": 9}, {"vocabulary": ["cat"]}, "'vocabulary' is given"),
        ({"preprocessor": upper}, {"analyzer": str.split}, "'analyzer' is callable"),
        ({"strip_accents": "ascii"}, {"analyzer": str.split}, "'analyzer' is callable"),
        ({"strip_accents": "ascii"}, {"preprocessor": upper}, "'preprocessor' is given"),
        ({"tokenizer": str.split}, {"analyzer": "char"}, "'analyzer' is not 'word'"),
        ({"stop_words": ["the"]}, {"analyzer": "char"}, "'analyzer' is not 'word'"),
        ({"token_pattern": "x"}, {"analyzer": str.split}, "'analyzer' is not 'word'"),
        ({"token_pattern": "x"}, {"tokenizer": str.split}, "'tokenizer' is given"),
        ({"negative": 2}, {"objective": "softmax"}, "'objective' is not 'negative_sampling'"),
        ({"ns_exponent": 1.0}, {"objective": "softmax"}, "'objective' is not 'negative_sampling'"),
        ({"cbow_mean": False}, {}, "'architecture' is not 'cbow'"),
        ({"validation_fraction": 0.5}, {}, "'early_stopping' is False"),
        ({"n_iter_no_change": 3}, {}, "'early_stopping' is False"),
        ({"tol": 0.5}, {}, "'early_stopping' is False"),
        ({"weighting": "idf"}, {"pooling": "max"}, "'pooling' has neither 'mean' nor 'sum'"),
        ({"weighting": "sif"}, {"pooling": ["min"]}, "'pooling' has neither 'mean' nor 'sum'"),
    ],
)
def test_parameter_without_effect_is_told(unused, others, reason):
    (name,) = unused
    model = Word2VecVectorizer(**unused, **others, vector_size=2, epochs=1)
    message = exactly(f"The parameter {name!r} will not be used since {reason}.")
    with pytest.warns(UserWarning, match=message) as caught:
        model.fit(TEXTS * 5)
    assert len(caught) == 1


@pytest.mark.parametrize(
    "parameters",
    [
        {"vocabulary": ["cat", "dog"]},
        {"tokenizer": str.split, "token_pattern": None},
        {"analyzer": str.split, "lowercase": False, "token_pattern": None},
        {"preprocessor": upper, "lowercase": False},
        {"objective": "softmax"},
        {"architecture": "cbow", "cbow_mean": False},
        {"pooling": ("max", "mean"), "weighting": "idf"},
        {"encoding": "latin-1", "decode_error": "ignore"},
    ],
)
def test_usual_combinations_give_no_warning(parameters):
    Word2VecVectorizer(**parameters, vector_size=2, epochs=1).fit(TEXTS * 5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda model: model.inverse_transform([1.0, 2, 3, 4]), "Expected 2D array, got 1D array"),
        (
            lambda model: model.inverse_transform([[1.0, 2]]),
            "^X has 2 features, but the vectors of this Word2VecVectorizer have 4. Pass what "
            "transform returns.$",
        ),
        (lambda model: model.inverse_transform([[np.nan] * 4]), "^Input X contains NaN"),
        (
            lambda model: model.inverse_transform([[1.0] * 4], topn=0),
            "^topn must be a positive int, got 0.$",
        ),
        (
            lambda model: model.set_params(remove_components=4).fit_pooling(TEXTS),
            "^remove_components must be less than the dimension of the word vectors, which is 4. "
            "Got 4.$",
        ),
        (
            lambda model: model.set_params(weighting="tf").fit_pooling(TEXTS),
            "^The 'weighting' parameter of Word2VecVectorizer must be",
        ),
        (
            lambda model: model.fit_pooling(["nothing known"]),
            "^None of the 2 tokens in 1 documents is in the given vocabulary of 5 words",
        ),
    ],
)
def test_bad_calls_of_a_fitted_estimator_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(Word2VecVectorizer(**SMALL).fit(["the cat and the dog", "mouse"]))


# Anything at all ----------------------------------------------------------------------------------

ANY_TEXT = st.one_of(
    st.text(max_size=20),
    st.text(st.characters(categories=["Cs", "Cc", "Mn", "Zs", "Lo"]), max_size=20),
    st.sampled_from(
        ["", " ", "\x00", "\ud800", "a" * 100_000, "\u0130stanbul", "e\u0301", "\u2028"]
    ),
)
ANY_TOKEN = st.one_of(
    ANY_TEXT,
    st.integers(),
    st.floats(),
    st.booleans(),
    st.none(),
    st.binary(max_size=5),
    st.tuples(st.integers(0, 3), st.text(max_size=3)),
    st.lists(st.integers(), max_size=2),  # which is none
)
ANY_DOCUMENT = st.one_of(
    ANY_TEXT,
    st.binary(max_size=20),
    st.lists(ANY_TOKEN, max_size=8),
    st.lists(ANY_TOKEN, max_size=8).map(tuple),
    st.none(),
    st.just(float("nan")),
    st.integers(),
    st.sampled_from([pd.NA, np.float32(2), np.array(["a", "b"]), np.ones((2, 2)), {"a": 1}, {1}]),
)
CONTAINERS = [list, tuple, iter, lambda documents: pd.Series(documents, dtype=object)]

# Of these words each of our errors about documents has one; an error of another origin has none.
OUR_WORDS = re.compile(
    r"[Tt]he document at index \d+|corpus is empty|Empty vocabulary|Tokens must be hashable|"
    r"Duplicate word in vocabulary|Iterable over raw text documents expected|Documents must be"
)


def result_or_error(call):
    """Return the result of a call, or None if it ended in one of our errors."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*contain no known word")
        try:
            return call()
        except (TypeError, ValueError) as error:
            if not OUR_WORDS.search(str(error)):
                raise
            return None


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60)
@given(
    documents=st.lists(ANY_DOCUMENT, max_size=6),
    container=st.sampled_from(CONTAINERS),
    analyzer=st.sampled_from(["word", "char", "char_wb"]),
    strip_accents=st.sampled_from([None, "ascii", "unicode"]),
    decode_error=st.sampled_from(["strict", "ignore", "replace"]),
)
def test_documents_of_any_kind_end_in_a_result_or_in_one_of_our_errors(
    documents, container, analyzer, strip_accents, decode_error
):
    options = {"analyzer": analyzer, "strip_accents": strip_accents, "decode_error": decode_error}
    model = Word2VecVectorizer(**{**SMALL, "epochs": 1}, **options, pooling=("mean", "max"))
    X = result_or_error(lambda: model.fit_transform(container(documents)))
    if X is not None:
        assert X.shape == (len(documents), 8)
        assert np.isfinite(X).all()
    known = Word2VecVectorizer(**{**SMALL, "epochs": 1}, **options).fit(["a cat", "a dog"])
    X = result_or_error(lambda: known.transform(container(documents)))
    if X is not None:
        assert X.shape == (len(documents), 4)
        assert np.isfinite(X).all()


# What must work ----------------------------------------------------------------------------------


def assert_finite(model, n_words):
    assert model.word_vectors_.vectors.shape == (n_words, model.vector_size)
    assert np.isfinite(model.word_vectors_.vectors).all()
    assert np.isfinite(model.loss_curve_).all()


@in_all_modes
@pytest.mark.parametrize("n_words", [1, 2])
def test_a_vocabulary_of_one_or_two_words(architecture, objective, n_words):
    model = Word2VecVectorizer(
        **SMALL, architecture=architecture, objective=objective, n_jobs=2, sample=0
    )
    documents = [["a", "b"][:n_words] * 10] * 10
    X = model.fit_transform(documents)
    assert_finite(model, n_words)
    mean = model.word_vectors_.vectors.mean(axis=0)
    np.testing.assert_allclose(X, np.tile(mean, (10, 1)), rtol=1e-5)


@in_all_modes
def test_documents_shorter_than_the_window(architecture, objective):
    model = Word2VecVectorizer(
        **SMALL, architecture=architecture, objective=objective, window=20, sample=0
    )
    model.fit([["a", "b"], ["c"], [], ["a", "c", "b"]] * 20)
    assert_finite(model, n_words=3)


def test_a_document_of_more_than_a_million_tokens_is_trained_to_its_end(global_random_seed):
    generator = np.random.default_rng(global_random_seed)
    filler = ["f", "g"] * 550_000
    pairs = generator.permutation(np.repeat(["a x", "b x", "c y", "d y"], 300))
    model = Word2VecVectorizer(min_count=1, vector_size=8, window=1, epochs=10, random_state=0)
    model.fit([filler + " ".join(pairs).split()])
    assert model.n_tokens_ == 1_100_000 + 2_400
    assert_finite(model, n_words=8)
    vectors = model.word_vectors_
    assert vectors.similarity("a", "b") > vectors.similarity("a", "c")
    assert vectors.similarity("c", "d") > vectors.similarity("b", "d")


def test_a_million_documents_of_one_word():
    documents = [["a"], ["b"]] * 500_000
    model = Word2VecVectorizer(min_count=1, vector_size=2, epochs=2, random_state=0)
    X = model.fit_transform(documents)
    assert_finite(model, n_words=2)
    assert X.shape == (1_000_000, 2)
    np.testing.assert_array_equal(X[:2], model.word_vectors_.vectors)
    np.testing.assert_array_equal(X[-2:], X[:2])


def test_tokens_of_any_hashable_type():
    documents = [
        [7, ("a", 1), frozenset({2}), None, "cat"],
        (("a", 1), None, 7, 2.5),
        "the cat",
        np.array([7, 8]),
        pd.Series(["cat", None], dtype=object),
    ]
    model = Word2VecVectorizer(**SMALL)
    X = model.fit_transform(documents)
    words = {7, 8, 2.5, ("a", 1), frozenset({2}), None, "cat", "the"}
    assert set(model.vocabulary_) == words
    assert_finite(model, n_words=8)
    expected = model.word_vectors_.vectors[[model.vocabulary_[7], model.vocabulary_[8]]].mean(
        axis=0
    )
    np.testing.assert_allclose(X[3], expected, rtol=1e-5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert model.transform([[None, "cat"]]).tobytes() == X[4].tobytes()
