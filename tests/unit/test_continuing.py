"""The estimator goes on: streams, warm starts, known vectors, and words that do not move."""

import itertools
import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from skw2v import Word2VecVectorizer, WordVectors, _continuing
from skw2v.corpus import encoding
from skw2v.io import write_word_vectors

OBJECTIVES = ("negative_sampling", "hierarchical_softmax", "softmax")
MODES = list(itertools.product(("skipgram", "cbow"), OBJECTIVES))
in_all_modes = pytest.mark.parametrize(("architecture", "objective"), MODES)

SMALL = {"min_count": 1, "vector_size": 6, "epochs": 2, "sample": 0, "random_state": 0}
GROUPS = (["cat", "dog", "cow", "hen"], ["car", "bus", "tram", "train"])

TOKENS = [
    ["the", "cat", "drinks", "milk", "and", "the", "dog", "drinks", "water"],
    ["dog", "cat"],
    [],
    ["milk", "and", "water", "water", "and", "milk"],
    ["the", "cat", "and", "the", "dog"],
]
MORE_TOKENS = [["the", "fox", "drinks", "tea"], ["a", "fox", "and", "a", "cat"]]


def model_of(**parameters):
    return Word2VecVectorizer(**{**SMALL, **parameters})


def state_of(model):
    """Return all that was learned, as bytes and values."""
    return (
        list(model.vocabulary_),
        model.word_counts_.tolist(),
        model.word_vectors_.vectors.tobytes(),
        model.output_vectors_.tobytes(),
        model.loss_curve_,
        model.n_tokens_,
    )


def planted_documents(n_documents, seed, words=4):
    """Draw documents of ten tokens, each from one of two groups whose words are interchangeable."""
    generator = np.random.default_rng(seed)
    return [
        generator.choice(GROUPS[group][:words], size=10).tolist()
        for group in generator.integers(len(GROUPS), size=n_documents)
    ]


def assert_groups_are_found(model):
    """Check that the nearest word of each word is in its group."""
    words = [word for group in GROUPS for word in group]
    group_of = {word: number for number, group in enumerate(GROUPS) for word in group}
    answers = model.word_vectors_.most_similar([[word] for word in words], topn=1)
    assert [group_of[nearest] for ((nearest, _),) in answers] == list(map(group_of.get, words))


# Streams -----------------------------------------------------------------------------------------


@in_all_modes
def test_a_stream_teaches_what_words_are_alike(architecture, objective, global_random_seed):
    mode = {"architecture": architecture, "objective": objective}
    model = model_of(**mode, random_state=global_random_seed)
    for part in range(20):
        model.partial_fit(planted_documents(40, seed=[global_random_seed, part]))
    assert_groups_are_found(model)
    assert model.n_epochs_ == len(model.loss_curve_) == 20
    assert model.loss_curve_[-1] < 0.95 * model.loss_curve_[0]
    assert model.n_tokens_ == model.word_counts_.sum() == 20 * 400


def test_the_vocabulary_of_a_stream_grows_under_negative_sampling():
    model = model_of(min_count=2, vector_size=4).partial_fit([["a", "b", "a"], ["b", "c"]] * 2)
    assert list(model.vocabulary_) == ["a", "b", "c"]
    before = model.word_vectors_["a"].copy()
    model.partial_fit([["d", "a", "e"]])
    assert list(model.vocabulary_) == ["a", "b", "c"]
    model.partial_fit([["d", "e", "a"], ["e", "c"]])
    assert list(model.vocabulary_) == ["a", "b", "c", "e", "d"]
    np.testing.assert_array_equal(model.word_counts_, [6, 4, 3, 3, 2])
    assert model.word_vectors_.vectors.shape == model.output_vectors_.shape == (5, 4)
    assert model.word_vectors_["d"].any()
    assert (model.word_vectors_["a"] != before).any()
    assert model.transform([["e"]]).shape == (1, 4)


def test_a_word_that_a_part_does_not_hold_keeps_its_input_vector():
    model = model_of().partial_fit(TOKENS)
    before = model.word_vectors_["water"].tobytes()
    model.partial_fit(MORE_TOKENS)
    assert model.word_vectors_["water"].tobytes() == before


@pytest.mark.parametrize("objective", ["hierarchical_softmax", "softmax"])
def test_the_vocabulary_of_a_stream_is_that_of_the_first_call_otherwise(objective):
    model = model_of(objective=objective).partial_fit(TOKENS)
    words = list(model.vocabulary_)
    message = (
        f"^5 of 9 tokens were ignored: with objective='{objective}' the words stay those of the "
        "first call. Pass enough documents to the first call, or use "
        "objective='negative_sampling'.$"
    )
    with pytest.warns(UserWarning, match=message):
        model.partial_fit(MORE_TOKENS)
    assert list(model.vocabulary_) == words
    assert model.n_epochs_ == 2
    assert model.word_counts_.sum() == model.n_tokens_ == 26


def test_the_tree_of_a_stream_is_that_of_the_first_call():
    model = model_of(objective="hierarchical_softmax").partial_fit([["a", "b", "a", "c"]] * 5)
    before = model.score([["a", "b", "a", "c"]] * 5)
    # By their counts, b and c would now change places in the tree.
    model.partial_fit([["c", "c", "a"]] * 50)
    assert model.word_counts_.tolist() == [60, 5, 105]
    tree_counts = model._tree_counts.tolist()
    assert tree_counts == [10, 5, 5]
    for _ in range(30):
        model.partial_fit([["a", "b", "a", "c"]] * 5)
    assert model._tree_counts.tolist() == tree_counts
    assert model.score([["a", "b", "a", "c"]] * 5) > before


@pytest.mark.filterwarnings("error")
def test_a_given_vocabulary_neither_grows_nor_warns():
    model = model_of(vocabulary=["dog", "unseen", "cat"], min_count=5)
    model.partial_fit(TOKENS).partial_fit(MORE_TOKENS)
    assert list(model.vocabulary_) == ["dog", "unseen", "cat"]
    np.testing.assert_array_equal(model.word_counts_, [3, 0, 4])


def test_a_stream_begins_when_the_first_word_is_frequent_enough():
    model = model_of(min_count=4)
    message = (
        "^Nothing was trained on 4 tokens in 2 documents: no word has occurred min_count=4 times "
        "yet. They are counted.$"
    )
    with pytest.warns(UserWarning, match=message):
        model.partial_fit([["a", "b"], ["a", "c"]])
    with pytest.raises(NotFittedError):
        model.transform([["a"]])
    model.partial_fit([["a", "b", "a", "c"]])
    assert list(model.vocabulary_) == ["a"]
    assert model.word_counts_.tolist() == [4]


def test_a_part_of_a_stream_without_a_known_word_is_told():
    model = model_of(objective="softmax").partial_fit(TOKENS)
    before = state_of(model)
    message = "^Nothing was trained on 2 tokens in 1 documents: none of them is in the vocabulary.$"
    with pytest.warns(UserWarning, match=message):
        model.partial_fit([["fox", "fox"]])
    assert state_of(model) == before


@in_all_modes
@pytest.mark.filterwarnings("ignore:.*tokens were ignored:UserWarning")
def test_a_stream_gives_the_same_bytes_again_and_for_any_n_jobs(architecture, objective):
    def learn(n_jobs, through_pickle=False):
        model = model_of(architecture=architecture, objective=objective, n_jobs=n_jobs)
        for part in (TOKENS * 30, MORE_TOKENS * 20, TOKENS * 2):
            model.partial_fit(part)
            if through_pickle:
                model = pickle.loads(pickle.dumps(model))
        return state_of(model)

    first = learn(1)
    assert learn(1) == first
    assert learn(3) == first
    assert learn(1, through_pickle=True) == first


def test_the_parts_of_a_stream_draw_different_random_numbers():
    model = model_of(learning_rate=1e-9, min_learning_rate=0)
    losses = model.partial_fit(TOKENS).partial_fit(TOKENS).loss_curve_
    # Before anything is learned, the loss depends on the noise words alone.
    assert losses[0] != losses[1]


def test_a_stream_goes_on_from_a_fit_and_a_fit_forgets_the_stream():
    fitted = model_of().fit(TOKENS)
    n_epochs, tokens = fitted.n_epochs_, fitted.n_tokens_
    fitted.partial_fit(MORE_TOKENS)
    assert fitted.n_epochs_ == n_epochs + 1
    assert fitted.n_tokens_ == tokens + 9
    assert "fox" in fitted.vocabulary_
    fitted.fit(TOKENS)
    assert state_of(fitted) == state_of(model_of().fit(TOKENS))
    again = model_of().fit(TOKENS).partial_fit(MORE_TOKENS)
    assert state_of(fitted.partial_fit(MORE_TOKENS)) == state_of(again)


def test_the_learning_rate_of_a_stream_does_not_fall(monkeypatch):
    from skw2v.training import trainer

    told = []

    def train(*arguments, **options):
        told.append((arguments[3].epochs, options["schedule"]))
        return original(*arguments, **options)

    original = trainer.train
    monkeypatch.setattr(trainer, "train", train)
    model_of().partial_fit(TOKENS).partial_fit(TOKENS)
    assert told == [(1, (0.0, 0.0))] * 2


def test_a_stream_remembers_a_bounded_number_of_words(monkeypatch):
    monkeypatch.setattr(encoding, "_MAX_CANDIDATES", 4)
    model = model_of(min_count=2).partial_fit([["a", "a"]])
    for first in range(0, 60, 3):
        model.partial_fit([[first, first + 1, first + 2, "a"]])
        assert len(model._stream.candidates) <= 4
    assert list(model.vocabulary_) == ["a"]


def test_a_part_of_a_stream_that_fails_changes_nothing():
    model = model_of().partial_fit(TOKENS)
    before = state_of(model), model._stream
    with pytest.raises(ValueError, match="index 1 is missing"):
        model.partial_fit([["fox"], None])
    assert (state_of(model), model._stream) == before


# Warm starts -------------------------------------------------------------------------------------


@in_all_modes
def test_a_warm_start_goes_on_from_the_last_solution(architecture, objective, global_random_seed):
    documents = planted_documents(40, seed=global_random_seed)
    mode = {"architecture": architecture, "objective": objective, "epochs": 10}
    warm = model_of(**mode, warm_start=True).fit(documents).fit(documents)
    cold = model_of(**mode).fit(documents).fit(documents)
    assert len(warm.loss_curve_) == warm.n_epochs_ == 20
    assert warm.best_loss_ == min(warm.loss_curve_)
    assert warm.loss_curve_[:10] == cold.loss_curve_
    assert warm.loss_curve_[10] < 0.99 * cold.loss_curve_[0]
    assert cold.n_epochs_ == 10


def test_a_warm_start_keeps_the_words_of_the_new_documents_that_it_knows():
    model = model_of(warm_start=True, vector_size=4, learning_rate=1e-9, min_learning_rate=0)
    model.fit([["a", "b", "c"]])
    a, b = model.word_vectors_["a"].copy(), model.word_vectors_["b"].copy()
    model.fit([["x", "b", "a", "x", "x"]])
    assert list(model.vocabulary_) == ["x", "b", "a"]
    np.testing.assert_allclose(model.word_vectors_[["a", "b"]], [a, b], atol=1e-7)
    assert model.word_counts_.tolist() == [3, 1, 1]


def test_without_a_warm_start_a_fit_starts_anew():
    model = model_of().fit(MORE_TOKENS)
    assert state_of(model.fit(TOKENS)) == state_of(model_of().fit(TOKENS))


# Known vectors -----------------------------------------------------------------------------------


@pytest.fixture
def given():
    """Return vectors of two known words and one that no document has."""
    vectors = np.arange(18, dtype=np.float32).reshape(3, 6) / 100
    return WordVectors(["dog", "unseen", "milk"], vectors)


UNMOVED = {"learning_rate": 1e-9, "min_learning_rate": 0}


def test_words_that_are_in_init_start_from_their_vectors(given):
    model = model_of(init=given, **UNMOVED).fit(TOKENS)
    anew = model_of(**UNMOVED).fit(TOKENS)
    assert model.n_init_words_ == 2
    assert anew.n_init_words_ == 0
    np.testing.assert_allclose(model.word_vectors_["dog"], given["dog"], atol=1e-6)
    np.testing.assert_allclose(model.word_vectors_["milk"], given["milk"], atol=1e-6)
    np.testing.assert_allclose(model.word_vectors_["cat"], anew.word_vectors_["cat"], atol=1e-6)
    assert "unseen" not in model.vocabulary_


@in_all_modes
def test_init_may_be_an_estimator_whose_output_vectors_are_taken_too(architecture, objective):
    mode = {"architecture": architecture, "objective": objective}
    other = model_of(**mode, epochs=20).fit(TOKENS * 5)
    model = model_of(**mode, init=other, random_state=1, **UNMOVED).fit(TOKENS * 5)
    assert model.n_init_words_ == len(model.vocabulary_)
    np.testing.assert_allclose(model.output_vectors_, other.output_vectors_, atol=1e-5)
    np.testing.assert_allclose(model.word_vectors_.vectors, other.word_vectors_.vectors, atol=1e-5)


@pytest.mark.parametrize(
    ("objective", "documents"),
    [
        ("softmax", TOKENS),
        ("hierarchical_softmax", [*TOKENS, ["cat"]]),  # words in another order
        ("hierarchical_softmax", [*TOKENS, ["the"]]),  # another count alone
    ],
)
def test_output_vectors_of_another_objective_or_tree_are_not_taken(objective, documents):
    other_objective = "negative_sampling" if objective == "softmax" else objective
    other = model_of(objective=other_objective).fit(TOKENS)
    model = model_of(objective=objective, init=other, **UNMOVED).fit(documents)
    np.testing.assert_allclose(model.output_vectors_, 0, atol=1e-6)
    np.testing.assert_allclose(model.word_vectors_["cat"], other.word_vectors_["cat"], atol=1e-6)


@pytest.mark.parametrize("vectors", ["output", "mean", "concatenated"])
def test_training_goes_on_from_input_vectors_whichever_are_the_words(vectors):
    def learn(vectors):
        model = model_of(vectors=vectors, warm_start=True).fit(TOKENS).fit(TOKENS)
        return model.partial_fit(TOKENS)

    assert learn(vectors).output_vectors_.tobytes() == learn("input").output_vectors_.tobytes()
    assert learn(vectors).loss_curve_ == learn("input").loss_curve_


def test_the_last_fit_comes_before_init(given):
    model = model_of(init=given, warm_start=True).fit(TOKENS)
    learned = model.word_vectors_["dog"].copy()
    model.set_params(**UNMOVED).fit(TOKENS)
    np.testing.assert_allclose(model.word_vectors_["dog"], learned, atol=1e-6)


def test_new_words_of_a_stream_start_from_init(given):
    model = model_of(init=given, **UNMOVED).partial_fit([["the", "dog"]])
    assert model.n_init_words_ == 1
    model.partial_fit([["milk"]])
    assert model.n_init_words_ == 2
    np.testing.assert_allclose(model.word_vectors_["milk"], given["milk"], atol=1e-6)


def test_init_may_be_a_path(given, tmp_path):
    path = tmp_path / "vectors.txt"
    write_word_vectors(given, path)
    expected = model_of(init=given).fit(TOKENS)
    for init in (path, str(path)):
        assert state_of(model_of(init=init).fit(TOKENS)) == state_of(expected)


def test_a_path_is_read_for_the_words_of_the_documents(given, monkeypatch):
    asked = []

    def read_word_vectors(path, *, words, dtype):
        asked.append((path, list(words), dtype))
        return given

    monkeypatch.setattr(_continuing, "read_word_vectors", read_word_vectors)
    model = model_of(init="some.vec").fit(TOKENS)
    assert asked == [("some.vec", list(model.vocabulary_), np.float32)]
    assert model.n_init_words_ == 2


def test_a_clone_keeps_word_vectors_but_not_a_fitted_estimator(given):
    assert clone(model_of(init=given)).init is given
    copy = clone(model_of(init=model_of().fit(TOKENS)))
    with pytest.raises(ValueError, match="A clone, as in a search, is not fitted: pass init="):
        copy.fit(TOKENS)


def test_init_without_a_word_of_the_documents_is_told(given):
    message = "^None of the 1 words of the vocabulary is in init, which has no effect.$"
    with pytest.warns(UserWarning, match=message):
        model_of(init=given).fit([["a", "a"]])


def test_vectors_of_another_dimension_are_refused(given):
    message = "^vector_size must be 6, the dimension of the vectors of init. Got 5.$"
    with pytest.raises(ValueError, match=message):
        model_of(init=given, vector_size=5).fit(TOKENS)
    model = model_of(warm_start=True).fit(TOKENS).set_params(vector_size=7)
    message = (
        "^vector_size must be 6, the dimension of the vectors of the last fit, which is continued. "
        "Got 7.$"
    )
    for go_on in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=message):
            go_on(TOKENS)


# Words that do not move --------------------------------------------------------------------------


@in_all_modes
@pytest.mark.parametrize("freeze", ["init", ["milk", "dog"], {"dog", "milk"}, ("milk", "dog")])
def test_frozen_words_keep_their_bytes(architecture, objective, freeze, given):
    mode = {"architecture": architecture, "objective": objective}
    model = model_of(**mode, init=given, freeze=freeze, n_jobs=2).fit(TOKENS * 20)
    for word in ("dog", "milk"):
        assert model.word_vectors_[word].tobytes() == given[word].tobytes()
    start = model_of(**mode, init=given, **UNMOVED).fit(TOKENS * 20)
    others = [word for word in model.vocabulary_ if word not in given]
    moved = abs(model.word_vectors_[others] - start.word_vectors_[others]).max(axis=1)
    assert (moved > 1e-4).all()


def test_words_stay_frozen_in_streams_and_warm_starts(given):
    model = model_of(init=given, freeze="init", warm_start=True).fit(TOKENS).fit(TOKENS)
    model.partial_fit(TOKENS)
    model.set_params(init=None, freeze=["dog"]).fit(TOKENS)
    assert model.word_vectors_["dog"].tobytes() == given["dog"].tobytes()
    assert (model.word_vectors_["milk"] != given["milk"]).any()


def test_words_without_a_vector_to_keep_are_told(given):
    message = (
        "^3 words of freeze have no vector to keep: 2 are not in the vocabulary, 1 are neither in "
        "init nor in a former fit that is continued.$"
    )
    with pytest.warns(UserWarning, match=message):
        model = model_of(init=given, freeze=["dog", "cat", "unseen", "fox"]).fit(TOKENS)
    assert model.word_vectors_["dog"].tobytes() == given["dog"].tobytes()
