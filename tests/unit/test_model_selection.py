"""Models are compared and asked: scores, searches without labels, cached corpora, predictions."""

import itertools
import threading

import joblib
import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score

from skw2v import Word2VecVectorizer, WordVectors, vectorizer
from skw2v.corpus import build_analyzer, caching
from skw2v.training import threads, trainer
from skw2v.word_vectors import UnknownWordError

OBJECTIVES = ("negative_sampling", "hierarchical_softmax", "softmax")
MODES = list(itertools.product(("skipgram", "cbow"), OBJECTIVES))
in_all_modes = pytest.mark.parametrize(("architecture", "objective"), MODES)

SMALL = {"min_count": 1, "vector_size": 6, "epochs": 3, "sample": 0, "random_state": 0}
GROUPS = (["cat", "dog", "cow", "hen"], ["car", "bus", "tram", "train"])


def planted_texts(n_documents, seed=0):
    """Draw texts of ten words, each from one of two groups whose words are interchangeable."""
    generator = np.random.default_rng(seed)
    return [
        " ".join(generator.choice(GROUPS[group], size=10))
        for group in generator.integers(len(GROUPS), size=n_documents)
    ]


TEXTS = planted_texts(60)


def model_of(**parameters):
    return Word2VecVectorizer(**{**SMALL, **parameters})


# Scores ------------------------------------------------------------------------------------------


@in_all_modes
def test_training_makes_held_out_documents_more_probable(architecture, objective):
    mode = {"architecture": architecture, "objective": objective}
    held_out = planted_texts(30, seed=1)
    trained = model_of(**mode, epochs=30).fit(TEXTS).score(held_out)
    untrained = model_of(**mode, learning_rate=1e-9, min_learning_rate=0).fit(TEXTS)
    assert untrained.score(held_out) == pytest.approx(-np.log(8), abs=0.05)
    # Whoever knows the group has four words to choose from.
    assert -np.log(8) + 0.3 < trained <= 0
    assert trained == pytest.approx(-np.log(4), abs=0.3)


@in_all_modes
def test_a_score_is_the_same_again_and_for_any_n_jobs_and_changes_nothing(architecture, objective):
    model = model_of(architecture=architecture, objective=objective, sample=1e-2).fit(TEXTS)
    before = dict(vars(model))
    scores = {model.score(iter(TEXTS)), model.score(TEXTS, y=[1] * 60)}
    scores |= {model.set_params(random_state=None, n_jobs=n).score(TEXTS) for n in (2, 3)}
    assert len(scores) == 1
    (score,) = scores
    assert type(score) is float
    model.set_params(random_state=0, n_jobs=None)
    assert vars(model) == before


@in_all_modes
def test_what_the_score_asks_for_does_not_depend_on_how_it_was_trained(architecture, objective):
    mode = {"architecture": architecture, "objective": objective}
    mode |= {"learning_rate": 1e-9, "min_learning_rate": 0}
    changes = [{}, {"epochs": 1}, {"vector_size": 9}, {"shrink_windows": False}, {"window": 2}]
    if objective == "negative_sampling":
        changes += [{"negative": 20}]
    scores = [model_of(**mode, **change).fit(TEXTS).score(TEXTS) for change in changes]
    np.testing.assert_allclose(scores, scores[0], atol=1e-5)


def test_unknown_words_are_left_out_of_a_score():
    model = model_of().fit(TEXTS)
    noisy = [text.replace(" ", " unknown ") for text in TEXTS]
    assert model.score(noisy) == model.score(TEXTS)


def test_words_are_chosen_by_the_output_side_whichever_vectors_are_the_words():
    scores = {
        model_of(vectors=vectors).fit(TEXTS).score(TEXTS)
        for vectors in ("input", "output", "mean", "concatenated")
    }
    assert len(scores) == 1


@pytest.mark.parametrize("cv", [2, 3])
def test_a_grid_search_needs_no_labels(cv):
    grid = {"epochs": [1, 30], "vector_size": [4, 6]}
    search = GridSearchCV(model_of(), grid, cv=cv, error_score="raise").fit(TEXTS)
    assert search.best_params_["epochs"] == 30
    assert search.best_estimator_.transform(["a cat"]).shape == (
        1,
        search.best_params_["vector_size"],
    )
    assert (search.cv_results_["mean_test_score"] < 0).all()
    scores = cross_val_score(model_of(), TEXTS, cv=cv)
    assert len(scores) == cv


# Cached corpora ----------------------------------------------------------------------------------


@pytest.fixture
def n_analyses(monkeypatch):
    """Count the texts that are split into words: call it to ask."""
    counted = []

    def build_counting_analyzer(text_options):
        analyzer = build_analyzer(text_options)
        return lambda text: counted.append(text) or analyzer(text)

    for module in (caching, vectorizer):
        monkeypatch.setattr(module, "build_analyzer", build_counting_analyzer)

    def ask():
        n = len(counted)
        counted.clear()
        return n

    return ask


@pytest.mark.filterwarnings("ignore:.*Persisting input arguments:UserWarning")
@pytest.mark.parametrize("as_location", [True, False])
def test_texts_are_split_once(tmp_path, n_analyses, as_location):
    memory = str(tmp_path) if as_location else joblib.Memory(tmp_path, verbose=0)
    expected = model_of().fit(TEXTS)
    n_analyses()
    model = model_of(memory=memory).fit(TEXTS)
    assert n_analyses() == 60
    assert model.word_vectors_.vectors.tobytes() == expected.word_vectors_.vectors.tobytes()
    again = model_of(memory=memory, window=2, vector_size=3).fit(np.array(TEXTS, dtype=object))
    assert n_analyses() == 0
    assert again.vocabulary_ == model.vocabulary_
    score = model.score(TEXTS)
    assert n_analyses() == 60
    assert again.score(TEXTS) != score
    assert n_analyses() == 0
    assert score == expected.score(TEXTS)


@pytest.mark.parametrize(
    "changes",
    [{"min_count": 2}, {"max_vocab_size": 3}, {"lowercase": False}, {"vocabulary": ["cat", "bus"]}],
)
def test_what_changes_the_corpus_is_split_anew(tmp_path, n_analyses, changes):
    model_of(memory=str(tmp_path)).fit(TEXTS)
    n_analyses()
    parameters = {"min_count": 5} if "vocabulary" in changes else {}
    model_of(memory=str(tmp_path), **(parameters | changes)).fit(TEXTS)
    assert n_analyses() == 60


def test_other_texts_are_other_texts(tmp_path, n_analyses):
    model_of(memory=str(tmp_path)).fit(["a cat", "dog cat"])
    model_of(memory=str(tmp_path)).fit(["a catdog", " cat"])
    assert n_analyses() == 4


@pytest.mark.parametrize("documents", [iter, lambda texts: [text.split() for text in texts]])
def test_what_cannot_be_recognised_in_less_time_than_it_is_read_is_not_kept(tmp_path, documents):
    expected = model_of().fit(TEXTS)
    model = model_of(memory=str(tmp_path)).fit(documents(TEXTS))
    assert model.word_vectors_.vectors.tobytes() == expected.word_vectors_.vectors.tobytes()
    assert list(tmp_path.rglob("*.pkl")) == []


def test_corpora_may_be_mapped_into_memory(tmp_path):
    memory = joblib.Memory(tmp_path, mmap_mode="r", verbose=0)
    expected = model_of().fit(TEXTS)
    for _ in range(2):
        model = model_of(memory=memory).fit(TEXTS)
        assert model.word_vectors_.vectors.tobytes() == expected.word_vectors_.vectors.tobytes()
        assert model.score(TEXTS) == expected.score(TEXTS)


def test_bad_documents_are_refused_with_a_memory_too(tmp_path):
    with pytest.raises(ValueError, match="string object received"):
        model_of(memory=str(tmp_path)).fit("a text")
    with pytest.raises(ValueError, match="index 1 is missing"):
        model_of(memory=str(tmp_path)).fit(["a text", None])


# Parallel searches -------------------------------------------------------------------------------


class ThreadCountingVectorizer(Word2VecVectorizer):
    """A vectorizer that notes how many threads it is given."""

    def fit(self, X, y=None):
        super().fit(X)
        self.n_threads_ = threads.count_threads(self.n_jobs)
        return self


def threads_of_a_fit(n_jobs):
    model = ThreadCountingVectorizer(**{**SMALL, "n_jobs": n_jobs}).fit(TEXTS)
    return model.n_threads_


@pytest.mark.parametrize("backend", ["loky", "threading"])
@pytest.mark.parametrize("n_jobs", [None, -1, 2])
def test_parallel_fits_share_the_processors(backend, n_jobs):
    n_workers = joblib.cpu_count()
    with joblib.parallel_config(backend=backend, n_jobs=max(n_workers, 2)):
        counts = joblib.Parallel()(joblib.delayed(threads_of_a_fit)(n_jobs) for _ in range(3))
    assert counts == [1, 1, 1]


def test_few_processes_have_several_threads_each(monkeypatch):
    class Backend:
        nesting_level = 1

    class Process:
        name = "LokyProcess-3"

    monkeypatch.setattr(threads, "get_active_backend", lambda: (Backend, None))
    monkeypatch.setattr(threads, "effective_n_jobs", lambda n_jobs: n_jobs)
    monkeypatch.setattr(threads.multiprocessing, "current_process", lambda: Process)
    for share, expected in (("4", 4), ("16", 8), ("1", 1), ("", 1)):
        monkeypatch.setenv("OMP_NUM_THREADS", share)
        assert threads.count_threads(8) == expected
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert threads.count_threads(8) == 1


def test_a_sequential_search_leaves_the_threads_to_the_fits():
    counts = joblib.Parallel(n_jobs=1)(joblib.delayed(threads_of_a_fit)(2) for _ in range(2))
    assert counts == [2, 2]


def test_fits_in_threads_do_not_start_more_threads(monkeypatch):
    n_running = []

    def train(*arguments, **options):
        embedding = original(*arguments, **options)
        n_running.append(sum(t.name.startswith("skw2v") for t in threading.enumerate()))
        assert options["n_threads"] == 1
        return embedding

    original = trainer.train
    monkeypatch.setattr(trainer, "train", train)
    with joblib.parallel_config(backend="threading"):
        GridSearchCV(model_of(n_jobs=-1), {"window": [1, 2]}, cv=2, n_jobs=2, refit=False).fit(
            TEXTS
        )
    assert n_running == [0] * 4


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_a_parallel_search_finds_what_a_sequential_one_finds(backend, tmp_path):
    grid = {"window": [2, 5], "negative": [2, 5]}
    expected = GridSearchCV(model_of(), grid, cv=2, refit=False).fit(TEXTS)
    with joblib.parallel_config(backend=backend):
        model = model_of(n_jobs=2, memory=str(tmp_path))
        search = GridSearchCV(model, grid, cv=2, n_jobs=2, refit=False, error_score="raise")
        search.fit(TEXTS)
    found, wanted = (s.cv_results_["mean_test_score"].tolist() for s in (search, expected))
    assert found == wanted


# Predictions -------------------------------------------------------------------------------------


@in_all_modes
def test_the_words_of_a_group_are_the_most_probable_beside_each_other(
    architecture, objective, global_random_seed
):
    mode = {"architecture": architecture, "objective": objective}
    model = model_of(**mode, epochs=30, random_state=global_random_seed).fit(TEXTS)
    for words in ("cat", ["cat", "dog"], np.array(["hen"])):
        predictions = model.predict_context(words, topn=4)
        assert {word for word, _ in predictions} == set(GROUPS[0])
        probabilities = [p for _, p in predictions]
        assert probabilities == sorted(probabilities, reverse=True)
    everything = model.predict_context(["cat", "bus"], topn=None)
    assert len(everything) == 8
    assert sum(p for _, p in everything) == pytest.approx(1)
    assert {type(p) for _, p in everything} == {float}


def test_a_pair_has_the_probability_that_the_score_says():
    model = model_of().fit(TEXTS)
    probability = dict(model.predict_context("cat", topn=None))["dog"]
    other = dict(model.predict_context("dog", topn=None))["cat"]
    assert model.score(["cat dog"]) == pytest.approx(np.log(probability * other) / 2, rel=1e-5)


def test_a_tuple_is_one_word():
    model = model_of().fit([[("a", 1), "b"]] * 10)
    assert model.predict_context(("a", 1), topn=1)[0][0] in {"b", ("a", 1)}


def test_unknown_words_predict_nothing():
    model = model_of().fit(TEXTS)
    message = r"^'catt' is not among the 8 words\. Did you mean 'cat'"
    with pytest.raises(UnknownWordError, match=message):
        model.predict_context(["dog", "catt"])


@pytest.mark.parametrize("topn", [0, -1, 2.5, "3", True])
def test_a_bad_topn_is_refused(topn):
    model = model_of().fit(TEXTS)
    with pytest.raises(
        ValueError, match=f"^topn must be a positive int, or None for all words, got {topn!r}.$"
    ):
        model.predict_context("cat", topn=topn)


def test_no_words_predict_nothing():
    with pytest.raises(ValueError, match=r"^words must name at least one word, got none.$"):
        model_of().fit(TEXTS).predict_context([])


@pytest.mark.parametrize("call", [lambda m: m.score(TEXTS), lambda m: m.predict_context("cat")])
def test_an_unfitted_estimator_says_so(call):
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        call(Word2VecVectorizer())


@pytest.mark.parametrize("call", [lambda m: m.score(TEXTS), lambda m: m.predict_context("cat")])
def test_without_output_vectors_there_are_no_probabilities(call):
    model = model_of().fit(TEXTS)
    del model.output_vectors_
    message = "^The output vectors are not known, so there are no probabilities: only word vectors "
    with pytest.raises(ValueError, match=message):
        call(model)


@pytest.mark.parametrize(
    ("trained_as", "now"),
    [
        ({"objective": "hierarchical_softmax"}, {"objective": "softmax"}),
        ({"objective": "negative_sampling"}, {"objective": "hierarchical_softmax"}),
        ({"architecture": "cbow"}, {"architecture": "skipgram"}),
        ({"architecture": "cbow", "cbow_mean": True}, {"cbow_mean": False}),
        ({"ns_exponent": 0.75}, {"ns_exponent": -1.0}),
    ],
)
def test_probabilities_are_those_of_what_was_trained_whatever_the_parameters_are_now(
    trained_as, now, tmp_path
):
    model = model_of(**trained_as).fit(planted_texts(60) + ["cat dog"] * 60)
    score, predictions = model.score(TEXTS), model.predict_context(["cat", "bus"])
    model.set_params(**now)
    model.save(tmp_path / "model.safetensors")
    for asked in (model, Word2VecVectorizer.load(tmp_path / "model.safetensors")):
        assert asked.score(TEXTS) == score
        assert asked.predict_context(["cat", "bus"]) == predictions
    assert model.fit(TEXTS).score(TEXTS) != score


def test_early_stopping_scores_what_is_being_trained():
    stopping = {"early_stopping": True, "warm_start": True}
    model = model_of(objective="hierarchical_softmax", **stopping).fit(TEXTS)
    other = model_of(objective="softmax", init=model.word_vectors_, early_stopping=True).fit(TEXTS)
    model.set_params(objective="softmax").fit(TEXTS)
    assert model.validation_scores_[-3:] == other.validation_scores_


def test_documents_without_a_pair_have_no_score():
    message = (
        "^X must hold a document with two known words, or there is nothing to predict. Got 2 "
        "documents with 2 known words.$"
    )
    with pytest.raises(ValueError, match=message):
        model_of().fit(TEXTS).score(["cat", "unknown dog"])


def test_output_vectors_have_a_row_for_each_word_or_inner_node():
    shapes = {
        objective: model_of(objective=objective).fit(TEXTS).output_vectors_.shape
        for objective in OBJECTIVES
    }
    assert shapes == {
        "negative_sampling": (8, 6), "hierarchical_softmax": (7, 6), "softmax": (8, 6)
    }  # fmt: skip
    model = model_of().fit(TEXTS)
    assert model.output_vectors_.dtype == np.float32
    assert isinstance(model.word_vectors_, WordVectors)
