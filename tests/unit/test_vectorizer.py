"""The estimator: what it learns, how it fits into scikit-learn, and that nothing else decides."""

import contextlib
import gc
import gzip
import inspect
import itertools
import os
import pickle
import subprocess
import sys
import warnings
import weakref
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import reference
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import adjusted_rand_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skw2v import TextFiles, Word2VecVectorizer, WordVectors, vectorizer
from skw2v._links import DOCUMENTATION_URL
from skw2v.training import softmax, trainer
from skw2v.training.parameters import TrainingParameters, default_learning_rate, plan_rounds

MODES = list(
    itertools.product(
        ("skipgram", "cbow"), ("negative_sampling", "hierarchical_softmax", "softmax")
    )
)
in_all_modes = pytest.mark.parametrize(("architecture", "objective"), MODES)

TEXTS = [
    "The cat drinks milk, and the dog drinks water.",
    "A dog, a cat!",
    "",
    "Milk and water; water and milk.",
    "the cat and the dog",
]
TOKENS = [
    ["the", "cat", "drinks", "milk", "and", "the", "dog", "drinks", "water"],
    ["dog", "cat"],
    [],
    ["milk", "and", "water", "water", "and", "milk"],
    ["the", "cat", "and", "the", "dog"],
]

SMALL = {"min_count": 1, "vector_size": 6, "epochs": 2, "sample": 0, "random_state": 0}

GROUPS = (["cat", "dog", "cow", "hen"], ["car", "bus", "tram", "train"])

no_known_word = pytest.mark.filterwarnings("ignore:.*contain no known word:UserWarning")


def fitted(documents=TEXTS, **parameters):
    return Word2VecVectorizer(**{**SMALL, **parameters}).fit(documents)


def bytes_of(vectorizer):
    return vectorizer.word_vectors_.vectors.tobytes()


def planted_documents(n_documents, seed):
    """Draw documents of ten tokens, each from one of two groups whose words are interchangeable."""
    generator = np.random.default_rng(seed)
    groups = generator.integers(len(GROUPS), size=n_documents)
    return [generator.choice(GROUPS[group], size=10).tolist() for group in groups], groups


# What is learned ---------------------------------------------------------------------------------


def test_fitted_attributes_describe_vocabulary_and_training():
    documents = [["b", "a", "b"], ["c", "b", "a", "x"]]
    model = Word2VecVectorizer(min_count=2, vector_size=7, epochs=3, random_state=0)
    assert model.fit(documents) is model
    assert model.vocabulary_ == {"b": 0, "a": 1}
    assert list(model.vocabulary_) == ["b", "a"]
    np.testing.assert_array_equal(model.word_counts_, [3, 2])
    assert model.word_counts_.dtype == np.int64
    np.testing.assert_array_equal(model.word_vectors_.counts, [3, 2])
    assert isinstance(model.word_vectors_, WordVectors)
    assert model.word_vectors_.words == ("b", "a")
    assert model.word_vectors_.vectors.shape == (2, 7)
    assert model.word_vectors_.vectors.dtype == np.float32
    assert model.n_epochs_ == 3
    assert len(model.loss_curve_) == 3
    assert {type(loss) for loss in model.loss_curve_} == {float}
    assert model.n_tokens_ == 5
    assert type(model.n_tokens_) is int


@in_all_modes
def test_interchangeable_words_are_neighbours(architecture, objective, global_random_seed):
    documents, _ = planted_documents(100, seed=global_random_seed)
    mode = {"architecture": architecture, "objective": objective}
    model = fitted(documents, **mode, epochs=20, random_state=global_random_seed)
    words = [word for group in GROUPS for word in group]
    answers = model.word_vectors_.most_similar([[word] for word in words], topn=1)
    group_of = {word: number for number, group in enumerate(GROUPS) for word in group}
    assert [group_of[nearest] for ((nearest, _),) in answers] == list(map(group_of.get, words))


@in_all_modes
def test_loss_falls(architecture, objective, global_random_seed):
    documents, _ = planted_documents(40, seed=global_random_seed)
    mode = {"architecture": architecture, "objective": objective}
    model = fitted(documents, **mode, epochs=20, random_state=global_random_seed)
    assert np.isfinite(model.loss_curve_).all()
    assert model.loss_curve_[-1] < 0.9 * model.loss_curve_[0]


def test_fixed_vocabulary_decides_words_and_order():
    model = fitted(TOKENS, vocabulary={"milk": 1, "unseen": 2, "cat": 0}, min_count=5)
    assert list(model.vocabulary_.items()) == [("cat", 0), ("milk", 1), ("unseen", 2)]
    np.testing.assert_array_equal(model.word_counts_, [3, 3, 0])
    assert model.n_tokens_ == 6


def test_vocabulary_is_pruned():
    pruned = fitted(TOKENS, min_count=3)
    assert list(pruned.vocabulary_) == ["the", "and", "cat", "milk", "dog", "water"]
    assert list(fitted(TOKENS, max_vocab_size=2).vocabulary_) == ["the", "and"]


def test_auto_is_the_default_learning_rate_of_the_mode():
    for architecture, objective in MODES:
        mode = {"architecture": architecture, "objective": objective}
        learning_rate = default_learning_rate(architecture, objective, True)
        assert bytes_of(fitted(**mode)) == bytes_of(fitted(**mode, learning_rate=learning_rate))
        assert bytes_of(fitted(**mode)) != bytes_of(fitted(**mode, learning_rate=0.01))


def test_trainer_is_told_every_parameter_in_types_of_python(monkeypatch):
    told = {}

    def train(token_ids, offsets, counts, parameters, **options):
        told.update(vars(parameters), **options)
        return original(token_ids, offsets, counts, parameters, **options)

    original = trainer.train
    monkeypatch.setattr(trainer, "train", train)
    given = {
        "vector_size": np.int32(3),
        "architecture": "cbow",
        "objective": "negative_sampling",
        "window": np.int8(4),
        "shrink_windows": np.False_,
        "negative": np.int64(7),
        "ns_exponent": np.float32(0.5),
        "sample": 0,
        "cbow_mean": np.False_,
        "epochs": np.int64(2),
        "learning_rate": np.float32(0.25),
        "min_learning_rate": 0,
    }
    Word2VecVectorizer(**given, min_count=1, n_jobs=2).fit(TEXTS)
    assert {name: told[name] for name in given} == given
    expected = {name: type(value) for name, value in vars(TrainingParameters()).items()}
    assert {name: type(told[name]) for name in given} == expected
    assert told["n_threads"] == 2
    assert type(told["seed"]) is int


def test_n_jobs_none_is_one_thread_unless_joblib_says_otherwise(monkeypatch):
    n_threads = []

    def train(*arguments, **options):
        n_threads.append(options["n_threads"])
        return original(*arguments, **options)

    original = trainer.train
    monkeypatch.setattr(trainer, "train", train)
    fitted()
    fitted(n_jobs=-1)
    with joblib.parallel_config(backend="threading", n_jobs=3):
        fitted()
    assert n_threads == [1, joblib.effective_n_jobs(-1), 3]


# Document vectors --------------------------------------------------------------------------------


def test_document_vector_is_the_mean_of_its_known_words():
    model = fitted()
    (vector,) = model.transform(["Water, a cat and an unseen unknown; WATER"])
    vectors = model.word_vectors_[["water", "cat", "and", "water"]].astype(np.float64)
    np.testing.assert_allclose(vector, vectors.mean(axis=0), rtol=1e-5)
    assert vector.dtype == np.float32


@no_known_word
@in_all_modes
def test_fit_transform_equals_fit_and_transform(architecture, objective):
    mode = {**SMALL, "architecture": architecture, "objective": objective, "min_count": 3}
    documents = TEXTS * 5
    X = Word2VecVectorizer(**mode).fit_transform(documents)
    expected = Word2VecVectorizer(**mode).fit(documents).transform(documents)
    assert X.tobytes() == expected.tobytes()
    assert X.shape == (25, 6)
    assert X.dtype == expected.dtype == np.float32


@no_known_word
def test_fit_transform_equals_fit_and_transform_with_a_fixed_vocabulary():
    model = Word2VecVectorizer(**{**SMALL, "min_count": 5}, vocabulary=["milk", "unseen", "cat"])
    X = model.fit_transform(TEXTS)
    assert X.tobytes() == model.transform(TEXTS).tobytes()
    assert not X[2].any()
    assert X[1].any()


def test_transform_of_no_documents_gives_no_rows():
    assert fitted().transform([]).shape == (0, 6)


CONTAINERS = [
    pytest.param(list, id="list"),
    pytest.param(tuple, id="tuple"),
    pytest.param(iter, id="iterator"),
    pytest.param(lambda texts: (text for text in texts), id="generator"),
    pytest.param(np.array, id="array"),
    pytest.param(lambda texts: np.array(texts, dtype=object), id="object array"),
    pytest.param(lambda texts: np.array(texts)[:, np.newaxis], id="array of one column"),
    pytest.param(lambda texts: pd.Series(texts, index=list("abcde")), id="pandas series"),
    pytest.param(lambda texts: pd.DataFrame({"text": texts}), id="pandas frame"),
    pytest.param(pl.Series, id="polars series"),
    pytest.param(lambda texts: pl.DataFrame({"text": texts}), id="polars frame"),
    pytest.param(lambda texts: TOKENS, id="token lists"),
    pytest.param(lambda texts: pd.Series(TOKENS), id="pandas series of token lists"),
]


@no_known_word
@pytest.mark.parametrize("container", CONTAINERS)
def test_every_container_gives_the_same_vectors(container):
    expected = Word2VecVectorizer(**SMALL)
    X = expected.fit_transform(TEXTS)
    model = fitted(container(TEXTS))
    assert model.vocabulary_ == expected.vocabulary_
    assert bytes_of(model) == bytes_of(expected)
    assert model.transform(container(TEXTS)).tobytes() == X.tobytes()
    assert Word2VecVectorizer(**SMALL).fit_transform(container(TEXTS)).tobytes() == X.tobytes()


@no_known_word
def test_documents_are_read_once():
    n_read = 0

    def documents():
        nonlocal n_read
        for text in TEXTS:
            n_read += 1
            yield text

    model = Word2VecVectorizer(**SMALL)
    model.fit(documents())
    assert n_read == len(TEXTS)
    model.fit_transform(documents())
    assert n_read == 2 * len(TEXTS)
    model.transform(documents())
    assert n_read == 3 * len(TEXTS)


@pytest.mark.parametrize(
    "container",
    [list, iter, np.array, pd.Series, lambda texts: pd.DataFrame({"text": texts}), pl.Series],
)
def test_one_warning_counts_the_documents_without_a_known_word(container):
    texts = ["the cat", "", "nothing known", "a dog", "unseen"]
    model = fitted()
    message = "^3 of 5 documents contain no known word; their vectors are zeros.$"
    with pytest.warns(UserWarning, match=message) as caught:
        X = model.transform(container(texts))
    assert len(caught) == 1
    assert [bool(row.any()) for row in X] == [True, False, False, True, False]


def test_fit_transform_warns_too():
    message = "^1 of 5 documents contain no known word; their vectors are zeros.$"
    with pytest.warns(UserWarning, match=message):
        Word2VecVectorizer(**SMALL).fit_transform(iter(TEXTS))


@no_known_word
@pytest.mark.parametrize("weighting", [None, "idf", "sif", "usif"])
def test_pooling_is_that_of_plain_numpy(weighting):
    parameters = {"weighting": weighting, "remove_components": 2, "norm": "l2"}
    model = Word2VecVectorizer(**SMALL, pooling=("mean", "max"), **parameters)
    X = model.fit_transform(TEXTS * 2)
    assert X.shape == (10, 12)
    assert X.tobytes() == model.transform(TEXTS * 2).tobytes()
    documents = [[model.vocabulary_[token] for token in tokens] for tokens in TOKENS * 2]
    vectors = model.word_vectors_.vectors.astype(np.float64)
    for document, x in zip(documents, X, strict=True):
        expected = reference.document_vector(
            document, documents, vectors, ("mean", "max"), **parameters
        )
        np.testing.assert_allclose(x, expected, rtol=1e-3, atol=1e-4)


@no_known_word
def test_other_pooling_needs_no_other_training():
    pooling = {
        "pooling": ["sum", "min"], "weighting": "usif", "remove_components": 1, "norm": "max"
    }  # fmt: skip
    expected = Word2VecVectorizer(**SMALL, **pooling).fit(TEXTS)
    model = fitted().set_params(**pooling)
    assert model.transform(TEXTS).shape == (5, 6)
    word_vectors = model.word_vectors_
    assert model.fit_pooling(iter(TEXTS)) is model
    assert model.word_vectors_ is word_vectors
    assert model.transform(TEXTS).tobytes() == expected.transform(TEXTS).tobytes()
    assert model.get_feature_names_out().tolist() == expected.get_feature_names_out().tolist()
    np.testing.assert_array_equal(model.pooling_.weights, expected.pooling_.weights)


def test_weights_and_components_come_from_the_documents_of_fit():
    parameters = {**SMALL, "weighting": "idf", "remove_components": 1}
    model = Word2VecVectorizer(**parameters).fit(TEXTS)
    alone = model.transform(["a dog", "milk and water"])
    beside = model.transform(["a dog", "milk and water"] + ["the dog"] * 50)
    assert alone.tobytes() == beside[:2].tobytes()
    model.fit_pooling(["the dog"] * 50)
    assert alone.tobytes() != model.transform(["a dog", "milk and water"]).tobytes()


@no_known_word
@in_all_modes
def test_vectors_of_either_side_may_be_chosen(architecture, objective):
    mode = {"architecture": architecture, "objective": objective}
    sides = {
        vectors: fitted(**mode, vectors=vectors)
        for vectors in ("input", "output", "mean", "concatenated")
    }
    matrices = {vectors: model.word_vectors_.vectors for vectors, model in sides.items()}
    assert {matrix.dtype for matrix in matrices.values()} == {np.dtype(np.float32)}
    assert matrices["output"].shape == matrices["input"].shape == (7, 6)
    assert np.abs(matrices["output"]).max() > 0
    both = matrices["input"], matrices["output"]
    np.testing.assert_allclose(matrices["mean"], sum(both) / 2, rtol=1e-6)
    np.testing.assert_array_equal(matrices["concatenated"], np.hstack(both))
    assert sides["concatenated"].transform(TEXTS).shape == (5, 12)
    assert len(sides["concatenated"].get_feature_names_out()) == 12


@pytest.mark.parametrize("objective", ["negative_sampling", "softmax"])
def test_output_vectors_are_those_that_were_trained(objective, monkeypatch):
    trained = []

    def train(*arguments, **options):
        embedding = original(*arguments, **options)
        trained.append(embedding.output_vectors.copy())  # fit takes over their memory
        return embedding

    original = trainer.train
    monkeypatch.setattr(trainer, "train", train)
    model = fitted(objective=objective, vectors="output")
    np.testing.assert_array_equal(model.word_vectors_.vectors, trained[0])


@no_known_word
def test_many_documents_are_transformed_in_batches(monkeypatch):
    from skw2v.corpus import counting

    expected = fitted().transform(TEXTS * 3)
    monkeypatch.setattr(counting, "_BATCH_SIZE", 4)
    model = Word2VecVectorizer(**SMALL)
    assert model.fit_transform(iter(TEXTS * 3)).shape == (15, 6)
    model = fitted()
    assert model.transform(iter(TEXTS * 3)).tobytes() == expected.tobytes()
    with pytest.raises(TypeError, match="document at index 14 is"):
        model.transform([*(TOKENS * 3)[:14], ["cat", []]])


# From document vectors back to words -------------------------------------------------------------


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"pooling": ("mean", "max", "min"), "weighting": "sif", "norm": "l2"},
        {"pooling": "sum", "weighting": "idf", "vectors": "concatenated"},
        {"pooling": ("max", "mean"), "remove_components": 1},
    ],
    ids=str,
)
def test_the_nearest_word_of_a_document_of_one_word_is_the_word(parameters):
    model = fitted(**parameters)
    X = model.transform([[word] for word in model.vocabulary_])
    answers = model.inverse_transform(X, topn=2)
    assert [words.tolist()[0] for words in answers] == list(model.vocabulary_)
    assert {(type(words), words.shape, words.dtype) for words in answers} == {
        (np.ndarray, (2,), np.dtype(object))
    }


@no_known_word
def test_inverse_transform_ranks_words_by_cosine_similarity():
    model = fitted()
    X = model.transform(TEXTS)
    answers = model.inverse_transform(pd.DataFrame(X), topn=100)
    vectors = model.word_vectors_.vectors
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    words = np.array(model.word_vectors_.words)
    for x, nearest in zip(X, answers, strict=True):
        if x.any():
            assert nearest.tolist() == words[np.argsort(-(unit @ x))].tolist()
        else:
            assert nearest.tolist() == []


def test_inverse_transform_of_words_that_are_tuples():
    model = fitted([[("a", 1), ("b", 2)]] * 5)
    (nearest,) = model.inverse_transform(model.transform([[("a", 1)]]), topn=1)
    assert nearest.tolist() == [("a", 1)]


# The same vectors, whatever else happens ---------------------------------------------------------


@pytest.fixture(scope="module")
def long_corpus():
    """Return documents of many chunks, whose words are as unevenly frequent as those of texts."""
    generator = np.random.default_rng(0)
    shares = 1 / np.arange(1, 301)
    return generator.choice(300, size=(8_000, 50), p=shares / shares.sum()).tolist()


@in_all_modes
def test_vectors_do_not_depend_on_n_jobs(architecture, objective, long_corpus, monkeypatch):
    if objective == "softmax":  # whose threads share the vocabulary
        documents = long_corpus[:100]
        monkeypatch.setattr(softmax, "PANEL_WORDS", 64)
    else:
        documents = long_corpus
        plan = plan_rounds(TrainingParameters(objective=objective), 8_000 * 50)
        assert plan.chunks_per_round >= 4
    mode = {"architecture": architecture, "objective": objective, "sample": 1e-2, "epochs": 1}
    models = [fitted(documents, **mode, n_jobs=n_jobs) for n_jobs in (1, 2, 3, 4)]
    assert [bytes_of(model) == bytes_of(models[0]) for model in models] == [True] * 4
    assert [model.loss_curve_ == models[0].loss_curve_ for model in models] == [True] * 4


@no_known_word
@pytest.mark.parametrize("vocabulary", [None, ["cat", "milk"]])
def test_vectors_do_not_depend_on_where_the_corpus_is_kept(vocabulary, tmp_path):
    parameters = {**SMALL, "vocabulary": vocabulary, "weighting": "idf", "remove_components": 1}
    if vocabulary is not None:
        parameters["min_count"] = 5  # the default, which is not used
    expected = Word2VecVectorizer(**parameters)
    X = expected.fit_transform(TEXTS)
    model = Word2VecVectorizer(**parameters, temp_folder=tmp_path)
    assert model.fit_transform(TEXTS).tobytes() == X.tobytes()
    assert bytes_of(model) == bytes_of(expected)
    assert model.fit_pooling(TEXTS).transform(TEXTS).tobytes() == X.tobytes()
    gc.collect()
    assert list(tmp_path.iterdir()) == []


@in_all_modes
def test_two_fits_of_one_estimator_are_equal(architecture, objective):
    model = fitted(TEXTS, architecture=architecture, objective=objective)
    first = bytes_of(model), model.loss_curve_
    model.fit(TEXTS)
    assert (bytes_of(model), model.loss_curve_) == first


def test_vectors_do_not_depend_on_the_hash_seed():
    program = (
        "import hashlib, sys\n"
        "from skw2v import Word2VecVectorizer\n"
        f"model = Word2VecVectorizer(**{SMALL!r}).fit({TEXTS!r})\n"
        "print(hash('word'), list(model.vocabulary_))\n"
        "print(hashlib.sha256(model.word_vectors_.vectors.tobytes()).hexdigest())\n"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        for seed in ("1", "2")
    ]
    first, second = (process.communicate()[0].split() for process in processes)
    assert len(first) > 2
    assert first[0] != second[0]
    assert first[1:] == second[1:]


@in_all_modes
def test_two_fits_at_once_do_not_disturb_each_other(architecture, objective):
    parameters = {"architecture": architecture, "objective": objective, "n_jobs": 2}
    parameters["epochs"] = 2 if objective == "softmax" else 100
    corpora = [TOKENS * 40, TOKENS[::-1] * 40] * 2
    expected = [bytes_of(fitted(documents, **parameters)) for documents in corpora]
    with ThreadPoolExecutor(max_workers=2) as executor:
        models = list(executor.map(lambda documents: fitted(documents, **parameters), corpora))
    assert [bytes_of(model) for model in models] == expected


def test_random_state_may_be_an_int_an_instance_or_none():
    assert bytes_of(fitted(random_state=3)) == bytes_of(fitted(random_state=3))
    assert bytes_of(fitted(random_state=3)) != bytes_of(fitted(random_state=4))
    assert bytes_of(fitted(random_state=None)) != bytes_of(fitted(random_state=None))
    instances = np.random.RandomState(3), np.random.RandomState(3)
    models = [fitted(random_state=instance) for instance in instances * 2]
    assert bytes_of(models[0]) == bytes_of(models[1])
    assert bytes_of(models[0]) != bytes_of(models[2])


# At home in scikit-learn -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"lowercase": False},
        {"strip_accents": "unicode"},
        {"stop_words": "english"},
        {"stop_words": ["milk"]},
        {"token_pattern": r"(?u)\b(\w)\w*\b"},
        {"tokenizer": str.split, "token_pattern": None},
        {"preprocessor": str.upper},
        {"analyzer": "char"},
        {"analyzer": "char_wb"},
        {"analyzer": str.split},
    ],
    ids=str,
)
def test_text_options_are_those_of_count_vectorizer(options):
    texts = [*TEXTS, "The café's crème; THE MILK"]
    count_vectorizer = CountVectorizer(**options)
    counts = count_vectorizer.fit_transform(texts).sum(axis=0).tolist()[0]
    expected = dict(zip(count_vectorizer.get_feature_names_out(), counts, strict=True))
    model = fitted(texts, **options)
    assert dict(zip(model.vocabulary_, model.word_counts_.tolist(), strict=True)) == expected


@no_known_word
@pytest.mark.parametrize("analyzer", ["word", str.split])
def test_documents_may_be_bytes_files_or_names_of_files(analyzer, tmp_path):
    texts = [*TEXTS, "Crème brûlée"]
    paths = [tmp_path / f"{i}.txt" for i in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text, encoding="latin-1")
    parameters = {**SMALL, "encoding": "latin-1", "analyzer": analyzer}
    expected = Word2VecVectorizer(**parameters).fit_transform(texts)
    names = Word2VecVectorizer(**parameters, input="filename")
    for documents in (paths, list(map(str, paths)), pd.Series(map(str, paths))):
        assert names.fit_transform(documents).tobytes() == expected.tobytes()
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(path.open("rb")) for path in paths]
        X = Word2VecVectorizer(**parameters, input="file").fit_transform(iter(files))
    assert X.tobytes() == expected.tobytes()
    encoded = [text.encode("latin-1") for text in texts]
    for documents in (encoded, np.array(encoded), pd.Series(encoded), pl.Series(encoded)):
        X = Word2VecVectorizer(**parameters).fit_transform(documents)
        assert X.tobytes() == expected.tobytes()


@pytest.mark.parametrize("decode_error", ["ignore", "replace"])
def test_bytes_that_are_no_text_are_treated_as_count_vectorizer_does(decode_error):
    documents = [b"caf\xe9 au lait", b"lait"]
    options = {"decode_error": decode_error, "token_pattern": r"\S+"}
    words = set(CountVectorizer(**options).fit(documents).vocabulary_)
    assert set(fitted(documents, **options).vocabulary_) == words


@no_known_word
def test_text_files_are_a_corpus(tmp_path):
    path = tmp_path / "corpus.txt.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write("\n".join(TEXTS))
    documents = TextFiles(path)
    expected = Word2VecVectorizer(**SMALL)
    X = expected.fit_transform(TEXTS)
    model = fitted(documents)
    assert bytes_of(model) == bytes_of(expected)
    assert model.transform(documents).tobytes() == X.tobytes()


def test_text_options_have_the_defaults_of_count_vectorizer():
    ours = inspect.signature(Word2VecVectorizer).parameters
    theirs = inspect.signature(CountVectorizer).parameters
    shared = {name for name in ours if name in theirs} - {"vocabulary"}
    assert shared == set(vectorizer._TEXT_OPTIONS)
    assert {name: ours[name].default for name in shared} == {
        name: theirs[name].default for name in shared
    }


def test_parameters_are_keyword_only():
    parameters = inspect.signature(Word2VecVectorizer).parameters.values()
    assert {parameter.kind for parameter in parameters} == {inspect.Parameter.KEYWORD_ONLY}


@pytest.mark.parametrize(
    "call",
    [
        lambda model: model.transform(TEXTS),
        lambda model: model.get_feature_names_out(),
        lambda model: model.transform(None),
        lambda model: model.inverse_transform([[1.0]]),
        lambda model: model.fit_pooling(TEXTS),
    ],
)
def test_an_unfitted_estimator_says_so(call):
    with pytest.raises(NotFittedError, match="This Word2VecVectorizer instance is not fitted yet"):
        call(Word2VecVectorizer())


def test_feature_names_count_the_dimensions():
    names = fitted(vector_size=3).get_feature_names_out()
    assert names.tolist() == ["word2vecvectorizer0", "word2vecvectorizer1", "word2vecvectorizer2"]


@no_known_word
@pytest.mark.parametrize(
    "parameters", [{}, {"pooling": ("mean", "max"), "vectors": "concatenated"}]
)
def test_output_may_be_a_frame(parameters):
    model = Word2VecVectorizer(**SMALL, **parameters).set_output(transform="pandas")
    documents = pd.DataFrame({"text": TEXTS}, index=list("abcde"))
    frame = model.fit_transform(documents)
    assert frame.columns.tolist() == model.get_feature_names_out().tolist()
    assert frame.index.tolist() == list("abcde")
    assert set(frame.dtypes) == {np.dtype(np.float32)}
    pd.testing.assert_frame_equal(model.transform(documents), frame)
    polars_frame = model.set_output(transform="polars").transform(pl.Series(TEXTS))
    assert polars_frame.columns == model.get_feature_names_out().tolist()
    assert polars_frame.to_numpy().tobytes() == frame.to_numpy().tobytes()


@no_known_word
def test_fits_beside_tfidf_in_a_feature_union():
    tfidf = TfidfVectorizer()
    union = FeatureUnion([("tfidf", tfidf), ("word2vec", Word2VecVectorizer(**SMALL))])
    X = union.fit_transform(TEXTS)
    expected = np.hstack([clone(tfidf).fit_transform(TEXTS).toarray(), fitted().transform(TEXTS)])
    np.testing.assert_allclose(X.toarray(), expected)
    assert union.get_feature_names_out()[-1] == "word2vec__word2vecvectorizer5"


@no_known_word
@pytest.mark.parametrize("column", ["text", ["text"]])
def test_fits_into_a_column_transformer(column):
    frame = pd.DataFrame({"text": TEXTS, "number": range(5)})
    transformer = ColumnTransformer(
        [("text", Word2VecVectorizer(**SMALL), column)], remainder="passthrough"
    )
    X = transformer.fit_transform(frame)
    np.testing.assert_array_equal(X[:, :-1], fitted().transform(TEXTS))
    np.testing.assert_array_equal(X[:, -1], range(5))


@no_known_word
@pytest.mark.parametrize("vectorizer_class", [TfidfVectorizer, Word2VecVectorizer])
def test_a_pipeline_and_its_grid_work_after_changing_the_class(vectorizer_class):
    documents, groups = planted_documents(60, seed=0)
    texts = [" ".join(tokens).upper().encode("utf-16") for tokens in documents]
    pipeline = Pipeline(
        [
            ("vectorizer", vectorizer_class(encoding="utf-16", norm="l2")),
            ("classifier", LogisticRegression(C=1000, solver="liblinear")),
        ]
    )
    grid = {
        "vectorizer__lowercase": [True, False],
        "vectorizer__stop_words": [None, "english"],
        "vectorizer__token_pattern": [r"(?u)\b\w\w+\b", r"\S+"],
        "vectorizer__strip_accents": [None, "unicode"],
        "vectorizer__norm": ["l2", None],
    }
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise")
    if vectorizer_class is Word2VecVectorizer:
        pipeline.set_params(vectorizer__random_state=0, vectorizer__epochs=20)
        pipeline.set_params(vectorizer__vector_size=6, vectorizer__sample=0)
    with warnings.catch_warnings():
        # A list of stop words has words that the tokeniser splits; scikit-learn says so.
        warnings.filterwarnings("ignore", message="Your stop_words may be inconsistent")
        search.fit(texts, groups)
    assert len(search.cv_results_["params"]) == 32
    assert search.best_score_ == 1.0


def test_fits_before_a_regression_and_a_clustering(global_random_seed):
    documents, groups = planted_documents(80, seed=global_random_seed)
    vectorizer = Word2VecVectorizer(**{**SMALL, "epochs": 20})
    regression = make_pipeline(vectorizer, StandardScaler(), Ridge(alpha=1e-3))
    assert regression.fit(documents[:60], groups[:60]).score(documents[60:], groups[60:]) > 0.9
    clustering = make_pipeline(
        Word2VecVectorizer(**{**SMALL, "epochs": 20}, norm="l2"),
        KMeans(n_clusters=2, n_init=3, random_state=0),
    )
    assert adjusted_rand_score(groups, clustering.fit_predict(documents)) == 1.0


def test_the_diagram_links_to_the_documentation():
    model = Word2VecVectorizer()
    link = model._get_doc_link()
    assert link.startswith(f"{DOCUMENTATION_URL}/")
    assert link.endswith("/skw2v.Word2VecVectorizer.html")
    assert f'href="{link}"' in model._repr_html_()


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_grid_search_finds_the_planted_classes(backend):
    documents, groups = planted_documents(60, seed=0)
    texts = [" ".join(tokens) for tokens in documents]
    pipeline = Pipeline(
        [
            ("word2vec", Word2VecVectorizer(**SMALL)),
            ("classifier", LogisticRegression(C=1000, solver="liblinear")),
        ]
    )
    grid = {"word2vec__epochs": [20, 40], "word2vec__window": [2, 5]}
    with joblib.parallel_config(backend=backend):
        search = GridSearchCV(pipeline, grid, cv=2, n_jobs=2, error_score="raise")
        search.fit(texts, groups)
    assert search.cv_results_["mean_test_score"].tolist() == [1.0] * 4
    assert search.predict(["a cow and a hen", "bus and tram"]).tolist() == [0, 1]


def test_clone_is_unfitted_and_has_the_same_parameters():
    model = fitted(stop_words=["and"], vocabulary=["cat", "dog"], min_count=5)
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    assert not hasattr(copy, "word_vectors_")


def test_fit_rewrites_no_parameter():
    model = Word2VecVectorizer(**SMALL, n_jobs=-1, verbose=0)
    before = dict(vars(model))
    model.fit(TEXTS)
    assert {name: vars(model)[name] for name in before} == before


@pytest.mark.parametrize("via", ["pickle", "joblib"])
def test_fitted_estimator_survives_storage(via, tmp_path):
    model = fitted()
    if via == "pickle":
        copy = pickle.loads(pickle.dumps(model))
    else:
        joblib.dump(model, tmp_path / "model.joblib")
        copy = joblib.load(tmp_path / "model.joblib")
    assert copy.transform(["cat and dog"]).tobytes() == model.transform(["cat and dog"]).tobytes()
    assert copy.word_vectors_.most_similar("cat") == model.word_vectors_.most_similar("cat")
    assert (copy.vocabulary_, copy.loss_curve_) == (model.vocabulary_, model.loss_curve_)


def test_fitted_estimator_keeps_nothing_of_the_corpus(monkeypatch):
    corpora = []

    def encode_documents(*arguments, **options):
        corpus, vocabulary = original(*arguments, **options)
        corpora.extend(map(weakref.ref, (corpus, corpus.token_ids, corpus.offsets)))
        return corpus, vocabulary

    original = vectorizer.encode_documents
    monkeypatch.setattr(vectorizer, "encode_documents", encode_documents)
    model = fitted(TOKENS * 1000)
    gc.collect()
    assert [corpus() for corpus in corpora] == [None] * 3
    assert len(pickle.dumps(model)) < 5_000


def test_a_second_fit_forgets_the_first():
    model = fitted(TOKENS)
    model.set_params(vector_size=3, epochs=1).fit([["x", "y"]])
    assert model.vocabulary_ == {"x": 0, "y": 1}
    assert model.transform([["x"]]).shape == (1, 3)
    assert (model.n_epochs_, model.n_tokens_, len(model.loss_curve_)) == (1, 2, 1)


def test_a_failed_fit_leaves_the_first_as_it_was(monkeypatch):
    def fail(*arguments, **options):
        raise RuntimeError("a thread failed")

    model = fitted(TOKENS)
    before = dict(vars(model))
    monkeypatch.setattr(trainer, "train", fail)
    with pytest.raises(RuntimeError, match="a thread failed"):
        model.fit([["x", "y"]])
    assert vars(model) == before
