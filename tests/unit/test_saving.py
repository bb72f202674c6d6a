"""Estimators from pretrained vectors, and in files that hold no code."""

import json
import pickle
from dataclasses import make_dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skw2v import Word2VecVectorizer, WordVectors, _saving
from skw2v.io import read_word_vectors, write_word_vectors
from skw2v.io._columns import read_safetensors, write_safetensors

COLOURS = WordVectors(
    ["red", "green", "Blue"], np.float32([[1, 0], [0, 1], [1, 1]]), counts=[5, 3, 2]
)
DOCUMENTS = ["red green red", "green blue", "red blue", "blue"] * 5
TRAINING = {"min_count": 1, "vector_size": 3, "epochs": 2, "random_state": 0, "sample": 0}


@pytest.fixture(scope="module")
def fitted():
    return Word2VecVectorizer(**TRAINING).fit(DOCUMENTS)


def assert_equal_values(actual, expected):
    """Compare parameters or attributes of any kind."""
    assert type(actual) is type(expected)
    if isinstance(expected, WordVectors):
        assert actual.words == expected.words
        assert_equal_values(actual.vectors, expected.vectors)
        assert_equal_values(actual.counts, expected.counts)
    elif isinstance(expected, np.ndarray):
        assert actual.dtype == expected.dtype
        assert_array_equal(actual, expected)
    elif isinstance(expected, np.random.RandomState):
        assert_array_equal(actual.randint(1000, size=10), expected.randint(1000, size=10))
    elif hasattr(expected, "__dict__") and type(expected).__name__ in _saving._RECORDS:
        assert_equal_values(vars(actual), vars(expected))
    elif isinstance(expected, dict):
        assert list(actual) == list(expected)
        for key, value in expected.items():
            assert_equal_values(actual[key], value)
    else:
        assert actual == expected


# Pretrained vectors


def test_pretrained_vectors_transform_at_once():
    vectorizer = Word2VecVectorizer.from_word_vectors(COLOURS, lowercase=False)
    assert_array_equal(vectorizer.transform(["red, Blue", "green blue"]), [[1, 0.5], [0, 1]])
    assert vectorizer.get_params()["vector_size"] == 2
    assert vectorizer.vocabulary_ == {"red": 0, "green": 1, "Blue": 2}
    assert_array_equal(vectorizer.word_counts_, [5, 3, 2])
    assert (vectorizer.loss_curve_, vectorizer.n_epochs_, vectorizer.n_tokens_) == ([], 0, 0)
    names = vectorizer.get_feature_names_out()
    assert names.tolist() == ["word2vecvectorizer0", "word2vecvectorizer1"]


def test_pretrained_vectors_come_from_a_file_too(tmp_path):
    write_word_vectors(COLOURS, tmp_path / "v.bin")
    for path in (tmp_path / "v.bin", str(tmp_path / "v.bin")):
        vectorizer = Word2VecVectorizer.from_word_vectors(path)
        assert_array_equal(vectorizer.transform(["red"]), [[1, 0]])
        assert_array_equal(vectorizer.word_counts_, [0, 0, 0])


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_pretrained_vectors_are_used_as_float32(dtype):
    word_vectors = WordVectors(COLOURS.words, COLOURS.vectors.astype(dtype), counts=[5, 3, 2])
    vectorizer = Word2VecVectorizer.from_word_vectors(word_vectors)
    assert vectorizer.transform(["red"]).dtype == np.float32
    assert vectorizer.word_vectors_.vectors.dtype == np.float32
    assert_array_equal(vectorizer.word_vectors_.counts, [5, 3, 2])


def test_pretrained_vectors_of_float32_are_not_copied():
    vectorizer = Word2VecVectorizer.from_word_vectors(COLOURS)
    assert vectorizer.word_vectors_ is COLOURS


def test_pretrained_transformers_are_cloned_pickled_and_trained():
    vectorizer = Word2VecVectorizer.from_word_vectors(COLOURS, **{**TRAINING, "vector_size": 2})
    again = pickle.loads(pickle.dumps(vectorizer))
    assert_array_equal(again.transform(["red"]), [[1, 0]])
    unfitted = clone(vectorizer)
    assert not hasattr(unfitted, "word_vectors_")
    expected = Word2VecVectorizer(**{**TRAINING, "vector_size": 2}).fit_transform(DOCUMENTS)
    assert_array_equal(unfitted.fit_transform(DOCUMENTS), expected)
    assert_array_equal(vectorizer.fit(DOCUMENTS).transform(DOCUMENTS), expected)


def test_wrong_parameters_of_pretrained_transformers_are_named():
    with pytest.raises(ValueError, match=r"vector_size must be 2, .* got 100"):
        Word2VecVectorizer.from_word_vectors(COLOURS, vector_size=100)
    with pytest.raises(ValueError, match=r"'window' parameter"):
        Word2VecVectorizer.from_word_vectors(COLOURS, window=0)
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'windw'"):
        Word2VecVectorizer.from_word_vectors(COLOURS, windw=3)
    with pytest.raises(TypeError, match=r"path must be a str or a path, got 3"):
        Word2VecVectorizer.from_word_vectors(3)


# Saving and loading


def test_every_parameter_and_attribute_survives(tmp_path, fitted):
    fitted.save(tmp_path / "m.safetensors")
    loaded = Word2VecVectorizer.load(tmp_path / "m.safetensors")
    assert_equal_values(loaded.get_params(), fitted.get_params())
    assert sorted(vars(loaded)) == sorted(vars(fitted))
    for name, value in vars(fitted).items():
        assert_equal_values(getattr(loaded, name), value)
    assert_array_equal(loaded.transform(DOCUMENTS), fitted.transform(DOCUMENTS))


def test_a_saved_estimator_is_a_file_of_word_vectors(tmp_path, fitted):
    fitted.save(tmp_path / "m.safetensors")
    for memory_map in (False, True):
        word_vectors = read_word_vectors(tmp_path / "m.safetensors", memory_map=memory_map)
        assert_equal_values(word_vectors, fitted.word_vectors_)


def test_set_output_survives(tmp_path, fitted):
    vectorizer = pickle.loads(pickle.dumps(fitted)).set_output(transform="pandas")
    vectorizer.save(tmp_path / "m")
    X = Word2VecVectorizer.load(tmp_path / "m").transform(["red"])
    assert list(X.columns) == list(fitted.get_feature_names_out())


def test_an_unfitted_estimator_is_saved_too(tmp_path):
    Word2VecVectorizer(window=7).save(tmp_path / "m")
    loaded = Word2VecVectorizer.load(tmp_path / "m")
    assert vars(loaded) == vars(Word2VecVectorizer(window=7))


def test_a_loaded_estimator_is_trained_as_the_saved_one(tmp_path):
    vectorizer = Word2VecVectorizer(**{**TRAINING, "random_state": np.random.RandomState(3)})
    vectorizer.save(tmp_path / "m")
    loaded = Word2VecVectorizer.load(tmp_path / "m")
    assert_array_equal(loaded.fit_transform(DOCUMENTS), vectorizer.fit_transform(DOCUMENTS))


@pytest.mark.parametrize(
    "parameters",
    [
        {"vocabulary": {"b": 1, "a": 0}},
        {"vocabulary": ["a", (1, 2), 3]},
        {"vocabulary": {"a", "b"}},
        {"vocabulary": np.array(["a", "bb"])},
        {"vocabulary": np.array([3, 1])},
        {"window": np.int64(3), "sample": np.float32(0.5)},
        {"sample": float("inf")},
        {"stop_words": ["the", "\ud800"]},
        {"learning_rate": 0.1 + 0.2},
        {"token_pattern": None},
        {"min_count": 10**30},
    ],
)
def test_parameters_keep_value_and_type(tmp_path, parameters):
    Word2VecVectorizer(**parameters).save(tmp_path / "m")
    loaded = Word2VecVectorizer.load(tmp_path / "m").get_params()
    for name, value in parameters.items():
        assert_equal_values(loaded[name], value)


def test_attributes_of_other_kinds_survive(tmp_path, fitted, monkeypatch):
    vectorizer = pickle.loads(pickle.dumps(fitted))
    record = make_dataclass("Record", ["weights", "parts"])
    monkeypatch.setitem(_saving._RECORDS, "Record", record)
    vectorizer.idf_ = np.float32([1, 2, 3])
    vectorizer.other_words_ = WordVectors([7, "a"], np.eye(2))
    vectorizer.record_ = record(np.arange(3), ("mean", None))
    vectorizer.counts_ = {(1, "a"): 3, "b": [np.float64(0.5)]}
    vectorizer._pending = b"\0\xff"
    vectorizer.folder_ = Path("a", "b")
    vectorizer.save(tmp_path / "m")
    loaded = Word2VecVectorizer.load(tmp_path / "m")
    for name, value in vars(vectorizer).items():
        assert_equal_values(getattr(loaded, name), value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tokenizer", str.split),
        ("analyzer", lambda text: [text]),
        ("preprocessor", str.lower),
        ("vocabulary", (word for word in "ab")),
        ("random_state", object()),
    ],
)
def test_a_parameter_that_is_no_data_is_named(tmp_path, name, value):
    with pytest.raises(ValueError, match=rf"parameter '{name}' cannot be saved: {name}: a .*pickl"):
        Word2VecVectorizer(**{name: value}).save(tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


def test_an_attribute_that_is_no_data_is_named(tmp_path):
    vectorizer = Word2VecVectorizer()
    vectorizer.tree_ = {"a": [object()]}
    with pytest.raises(ValueError, match=r"attribute 'tree_' cannot be saved"):
        vectorizer.save(tmp_path / "m")


def test_subclasses_load_what_their_bases_saved_but_not_the_reverse(tmp_path, fitted):
    class Special(Word2VecVectorizer):
        pass

    fitted.save(tmp_path / "m")
    assert type(Special.load(tmp_path / "m")) is Special
    Special(window=2).save(tmp_path / "s")
    with pytest.raises(ValueError, match=r"s: the file holds a Special, not a Word2VecVectorizer"):
        Word2VecVectorizer.load(tmp_path / "s")


def test_other_files_are_told_apart(tmp_path):
    write_word_vectors(COLOURS, tmp_path / "v.safetensors")
    with pytest.raises(ValueError, match=r"no saved estimator. .*from_word_vectors\('.*v\.safe"):
        Word2VecVectorizer.load(tmp_path / "v.safetensors")
    (tmp_path / "m.pickle").write_bytes(pickle.dumps(Word2VecVectorizer()))
    with pytest.raises(ValueError, match=r"m\.pickle, byte 0: a safetensors header"):
        Word2VecVectorizer.load(tmp_path / "m.pickle")
    with pytest.raises(FileNotFoundError, match=r"nothing"):
        Word2VecVectorizer.load(tmp_path / "nothing")


def rewrite(path, change):
    """Change the metadata and the attributes of a saved estimator."""
    arrays, metadata = read_safetensors(str(path))
    attributes = json.loads(arrays["attributes"].tobytes())
    parameters = json.loads(metadata["parameters"])
    change(parameters, attributes)
    metadata["parameters"] = json.dumps(parameters)
    arrays["attributes"] = np.frombuffer(json.dumps(attributes).encode(), np.uint8)
    with open(path, "wb") as file:
        write_safetensors(file, arrays, metadata)


@pytest.mark.parametrize(
    ("parameters", "attributes", "message"),
    [
        ({"depth": 3}, {}, r"Word2VecVectorizer has no parameters \['depth'\]. .* by version"),
        ({"window": {"eval": "1"}}, {}, r"the stored value .* makes no sense"),
        ({"window": {"tuple": 3}}, {}, r"the stored value .* makes no sense"),
        ({"window": {"scalar": ["O", 3]}}, {}, r"the stored value .* makes no sense"),
        ({"window": {"strings": ["a" * 2**20] + ["b"] * 2**12}}, {}, r"makes no sense"),
        ({"random_state": {"RandomState": {"dict": []}}}, {}, r"makes no sense"),
        ({}, {"fit": 3}, r"'fit' is no attribute to be learned"),
        ({}, {"__class__": 3}, r"'__class__' is no attribute to be learned"),
        ({}, {"a b": 3}, r"'a b' is no attribute to be learned"),
        ({}, {"pooling_": {"record": ["Popen", {}]}}, r"unknown record"),
        ({}, {"pooling_": "mean"}, r"is damaged \(its 'pooling_' is none\)"),
        ({}, {"idf_": {"array": "nothing"}}, r"makes no sense"),
        ({}, {"vocabulary_": {"dict": [["red", 10**9]]}}, r"vocabulary does not fit the word vec"),
        ({}, {"vocabulary_": None}, r"vocabulary does not fit the word vectors"),
        ({}, {"word_vectors_": None}, r"vocabulary does not fit the word vectors"),
        ({}, {"word_vectors_": {"word_vectors": "x."}}, r"lacks the arrays"),
    ],
)
def test_wrong_content_of_a_saved_estimator_is_named(
    tmp_path, fitted, parameters, attributes, message
):
    path = tmp_path / "m"
    fitted.save(path)

    def change(stored_parameters, stored_attributes):
        stored_parameters |= parameters
        stored_attributes |= attributes

    rewrite(path, change)
    with pytest.raises(ValueError, match=message) as caught:
        Word2VecVectorizer.load(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("name", ["vocabulary_", "word_vectors_", "word_counts_", "pooling_"])
def test_an_estimator_that_has_lost_an_attribute_is_damaged(tmp_path, fitted, name):
    path = tmp_path / "m"
    fitted.save(path)

    def misspell(parameters, attributes):
        attributes[f"a{name}"] = attributes.pop(name)

    rewrite(path, misspell)
    with pytest.raises(ValueError, match=rf"is damaged \(it has no '{name}'\)") as caught:
        Word2VecVectorizer.load(path)
    assert str(path) in str(caught.value)


def test_an_unfitted_estimator_keeps_its_set_output(tmp_path):
    Word2VecVectorizer().set_output(transform="pandas").save(tmp_path / "m")
    loaded = Word2VecVectorizer.load(tmp_path / "m")
    assert loaded._sklearn_output_config == {"transform": "pandas"}


def test_a_random_state_cannot_point_outside_its_memory(tmp_path):
    path = tmp_path / "m"
    Word2VecVectorizer(random_state=np.random.RandomState(0)).save(path)

    def change(parameters, attributes):
        text = json.dumps(parameters["random_state"])
        assert '["pos", 624]' in text
        parameters["random_state"] = json.loads(text.replace('["pos", 624]', '["pos", 62400000]'))

    rewrite(path, change)
    with pytest.raises(ValueError, match=r"makes no sense"):
        Word2VecVectorizer.load(path)


@given(st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_estimator_loads_or_gives_a_value_error(tmp_path, fitted, data):
    path = tmp_path / "m"
    if not path.exists():
        fitted.save(path)
        (tmp_path / "whole").write_bytes(path.read_bytes())
    content = bytearray((tmp_path / "whole").read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(content)))
        content[start : start + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    path.write_bytes(content)
    message = ""
    try:
        Word2VecVectorizer.load(path)
    except ValueError as error:
        message = str(error)
    assert not message or str(path) in message


def test_pipelines_hold_pretrained_vectors():
    pipeline = make_pipeline(Word2VecVectorizer.from_word_vectors(COLOURS), LogisticRegression())
    pipeline[-1].fit(pipeline[:-1].transform(["red", "green"]), [0, 1])
    assert pipeline.predict(["red red green", "green"]).tolist() == [0, 1]
