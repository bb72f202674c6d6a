"""Training is seen while it runs: displays, held-out documents, scikit-learn's callbacks."""

import io
import os
import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skw2v import Word2VecVectorizer, _monitoring
from skw2v._early_stopping import EarlyStopping
from skw2v._monitoring import Progress
from skw2v.training import trainer
from skw2v.training.run import Epoch

SMALL = {"min_count": 1, "vector_size": 6, "epochs": 3, "sample": 0, "random_state": 0}
GROUPS = (["cat", "dog", "cow", "hen"], ["car", "bus", "tram", "train"])


def planted_documents(n_documents, seed=0):
    """Draw documents of ten tokens, each from one of two groups whose words are interchangeable."""
    generator = np.random.default_rng(seed)
    return [
        generator.choice(GROUPS[group], size=10).tolist()
        for group in generator.integers(len(GROUPS), size=n_documents)
    ]


def model_of(**parameters):
    return Word2VecVectorizer(**{**SMALL, **parameters})


def vectors_of(model):
    return model.word_vectors_.vectors.tobytes(), model.output_vectors_.tobytes()


# Early stopping ----------------------------------------------------------------------------------


def scripted_stopping(scores, tol=0.0, n_iter_no_change=1):
    """Return an EarlyStopping that sees these scores, and after how many epochs it ended."""
    script = iter(scores)
    stopping = EarlyStopping(lambda *vectors: next(script), tol, n_iter_no_change)
    for number in range(len(scores)):
        vectors = np.full((2, 2), number)
        if stopping.is_over(Epoch(number, 1.0, vectors, -vectors)):
            return stopping, number + 1
    return stopping, None


@pytest.mark.parametrize(
    ("scores", "options", "n_epochs"),
    [
        ([-3.0, -2.0, -1.0, -0.5], {}, None),
        ([-3.0, -3.5, -3.2, -1.0], {}, 3),
        ([-3.0, -3.5, -2.9, -3.0, -3.0], {}, 5),
        ([-3.0, -2.95, -2.9, -1.0], {"tol": 0.1}, 3),
        ([-3.0, -2.95, -2.9, -2.89], {"tol": 0.1, "n_iter_no_change": 2}, 4),
    ],
)
def test_training_stops_after_too_many_epochs_without_a_better_score(scores, options, n_epochs):
    stopping, found = scripted_stopping(scores, **options)
    assert found == n_epochs
    seen = scores[:n_epochs]
    assert stopping.scores == seen
    assert stopping.best_score == max(seen)
    best = seen.index(max(seen))
    np.testing.assert_array_equal(stopping.best_vectors[0], np.full((2, 2), best))
    np.testing.assert_array_equal(stopping.best_vectors[1], np.full((2, 2), -best))


@pytest.mark.parametrize("architecture", ["skipgram", "cbow"])
@pytest.mark.parametrize("objective", ["negative_sampling", "hierarchical_softmax", "softmax"])
def test_early_stopping_stops_and_keeps_the_best_vectors(architecture, objective):
    # Eight words in no order are soon learned, and then only by heart.
    parameters = {"architecture": architecture, "objective": objective, "epochs": 60}
    parameters |= {"validation_fraction": 0.3, "learning_rate": 0.3, "n_iter_no_change": 2}
    documents = planted_documents(40)
    model = model_of(**parameters, early_stopping=True).fit(documents)
    assert model.n_epochs_ < 60
    assert len(model.validation_scores_) == len(model.loss_curve_) == model.n_epochs_
    assert model.best_validation_score_ == max(model.validation_scores_)
    assert model.best_loss_ is None
    again = model_of(**parameters, early_stopping=True, n_jobs=3).fit(documents)
    assert again.validation_scores_ == model.validation_scores_
    assert vectors_of(again) == vectors_of(model)


def test_the_kept_vectors_have_the_best_score():
    documents = planted_documents(40)
    parameters = {"epochs": 60, "learning_rate": 0.3, "n_iter_no_change": 2}
    model = model_of(**parameters, early_stopping=True, validation_fraction=0.3).fit(documents)
    shuffled = np.random.default_rng([model._draw_seed(), 1]).permutation(40)
    held_out = [documents[k] for k in sorted(shuffled[:12])]
    assert model.score(held_out) == pytest.approx(model.best_validation_score_, rel=1e-6)


def test_held_out_documents_are_not_trained_but_their_words_are_known(monkeypatch):
    trained = []

    def train(token_ids, *arguments, **options):
        trained.append(token_ids)
        return original(token_ids, *arguments, **options)

    original = trainer.train
    monkeypatch.setattr(trainer, "train", train)
    documents = [[f"w{k}"] * 3 for k in range(20)]
    model = model_of(early_stopping=True, validation_fraction=0.25).fit(documents)
    assert len(model.vocabulary_) == 20
    assert model.n_tokens_ == 60
    (token_ids,) = trained
    assert len(token_ids) == 45
    words = [list(model.vocabulary_)[k] for k in token_ids[::3]]
    assert words == sorted(words, key=lambda word: int(word[1:]))
    model.set_params(random_state=1).fit(documents)
    assert set(trained[1].tolist()) != set(token_ids.tolist())


def test_without_early_stopping_all_epochs_are_run():
    model = model_of(epochs=30).fit(planted_documents(5))
    assert model.n_epochs_ == 30
    assert model.best_loss_ == min(model.loss_curve_)
    assert model.validation_scores_ is None
    assert model.best_validation_score_ is None


def test_fit_transform_gives_vectors_of_the_held_out_documents_too():
    documents = planted_documents(20)
    model = model_of(early_stopping=True, validation_fraction=0.5)
    X = model.fit_transform(documents)
    assert X.shape == (20, 6)
    assert X.tobytes() == model.transform(documents).tobytes()


# Displays ----------------------------------------------------------------------------------------


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self):
        return True


def test_a_log_gets_a_line_per_epoch(capsys):
    model = model_of(verbose=1).fit(planted_documents(30))
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "\r" not in shown.err
    lines = shown.err.splitlines()
    assert len(lines) == 3
    for number, (line, loss) in enumerate(zip(lines, model.loss_curve_, strict=True), 1):
        assert line.startswith(f"Word2VecVectorizer: epoch {number}/3, ")
        assert f"tokens/s, loss={loss:.4f}, " in line
        assert line.endswith(" s left")
    assert lines[-1].endswith(", 0 s left")


def test_a_screen_gets_one_bar_with_speed_and_loss(monkeypatch):
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    model = model_of(verbose=1).fit(planted_documents(30))
    assert screen.getvalue().count("\n") == 1
    last = screen.getvalue().rstrip("\n").split("\r")[-1]
    assert last.startswith("Word2VecVectorizer: 100%")
    assert "900/900" in last
    assert "token/s" in last
    assert f"loss={model.loss_curve_[-1]:.4f}" in last


def test_a_notebook_gets_a_bar_although_it_is_no_terminal(monkeypatch):
    import tqdm.auto
    from tqdm.notebook import tqdm_notebook

    assert not _monitoring._redraws()
    monkeypatch.setattr(tqdm.auto, "tqdm", tqdm_notebook)
    assert _monitoring._redraws()


def test_early_stopping_and_init_are_told(capsys):
    documents = planted_documents(40)
    other = model_of().fit(documents[:1])
    model = model_of(
        epochs=60, early_stopping=True, learning_rate=0.3, n_iter_no_change=1, verbose=1,
        init=other.word_vectors_,
    ).fit(documents)  # fmt: skip
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Word2VecVectorizer: 3 of 8 words are in init"
    assert f", validation_score={model.validation_scores_[0]:.4f}, " in lines[1]
    assert lines[-1] == f"Word2VecVectorizer: stopped after {model.n_epochs_} of 60 epochs"


def test_a_part_of_a_stream_is_one_line(capsys):
    model_of(verbose=1).partial_fit(planted_documents(30))
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("Word2VecVectorizer: epoch 1/1, ")


def test_silent_by_default(capsys):
    model_of().fit_transform(planted_documents(3))
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "")


def test_a_bar_ends_with_a_failed_fit(monkeypatch):
    from tqdm.auto import tqdm

    def fail(*arguments, report, **options):
        reports.append(report)  # or the end of the last reference would close the bar
        report(10, 1.5)
        raise KeyboardInterrupt

    reports, screen = [], Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(trainer, "train", fail)
    with pytest.raises(KeyboardInterrupt):
        model_of(verbose=1).fit(planted_documents(3))
    assert not tqdm._instances
    assert "loss=1.5000" in screen.getvalue()


def test_messages_do_not_break_a_bar(monkeypatch):
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    display = Progress(100, 1, "Name")
    display.report(50, 1.0)
    display.say("a message")
    display.end_epoch(0, 1.0, -2.0)
    display.close()
    assert "\rName: a message\n" in screen.getvalue().replace(" " * 2, "")
    assert "validation_score=-2.0000" in screen.getvalue()


# scikit-learn's callbacks ------------------------------------------------------------------------


class Recorder:
    """A callback that notes what it is told, and stops after some epochs."""

    def __init__(self, n_epochs=None):
        self.n_epochs = n_epochs
        self.told = []
        self.estimators = []

    def setup(self, estimator, context):
        self.told.append("setup")

    def on_fit_task_begin(self, estimator, context):
        self.told.append(f"begin {context.task_name} {context.task_id}")

    def on_fit_task_end(self, estimator, context, *, X, y, fitted_estimator):
        self.told.append(f"end {context.task_name} {context.task_id}")
        self.X, self.y = X, y
        self.estimators.append(fitted_estimator)
        return context.task_name == "epoch" and context.task_id + 1 == self.n_epochs

    def teardown(self, estimator, context):
        self.told.append("teardown")


@pytest.fixture
def callback():
    """Return the module of scikit-learn's callbacks, where there is one."""
    return pytest.importorskip("sklearn.callback", reason="scikit-learn has no callbacks")


@pytest.mark.usefixtures("callback")
@pytest.mark.parametrize("method", ["fit", "fit_transform"])
def test_callbacks_hear_of_each_epoch(method):
    recorder, documents = Recorder(), planted_documents(10)
    model = model_of().set_callbacks(recorder)
    getattr(model, method)(documents, y=[1] * 10)
    assert recorder.told == [
        "setup", "begin fit 0", "begin epoch 0", "end epoch 0", "begin epoch 1", "end epoch 1",
        "begin epoch 2", "end epoch 2", "end fit 0", "teardown",
    ]  # fmt: skip
    assert recorder.X is documents
    assert recorder.y == [1] * 10
    assert vectors_of(model) == vectors_of(model_of().fit(documents))


@pytest.mark.usefixtures("callback")
def test_callbacks_get_an_estimator_as_if_training_had_stopped_there():
    recorder, documents = Recorder(), planted_documents(10)
    model = model_of(weighting="idf").set_callbacks(recorder).fit(documents)
    first, second, third, last = recorder.estimators
    assert first.transform(documents).shape == (10, 6)
    assert [e.n_epochs_ for e in recorder.estimators] == [1, 2, 3, 3]
    assert vectors_of(first) != vectors_of(second)
    assert vectors_of(third) == vectors_of(last) == vectors_of(model)
    assert first.score(documents) != second.score(documents)
    stopped = model_of(weighting="idf").set_callbacks(Recorder(n_epochs=2)).fit(documents)
    assert vectors_of(stopped) == vectors_of(second)


@pytest.mark.usefixtures("callback")
@pytest.mark.parametrize("objective", ["negative_sampling", "softmax"])
def test_a_callback_stops_training(objective):
    recorder = Recorder(n_epochs=2)
    model = model_of(objective=objective, epochs=9).set_callbacks(recorder)
    model.fit(planted_documents(10))
    assert model.n_epochs_ == len(model.loss_curve_) == 2
    assert recorder.told[-3:] == ["end epoch 1", "end fit 0", "teardown"]


@pytest.mark.usefixtures("callback")
def test_callbacks_are_torn_down_when_a_fit_fails():
    recorder = Recorder()
    model = model_of().set_callbacks(recorder)
    with pytest.raises(ValueError, match="there are no documents"):
        model.fit([])
    assert recorder.told[-1] == "teardown"


@pytest.mark.usefixtures("callback")
def test_documents_that_can_be_read_once_are_not_shown_to_callbacks():
    recorder = Recorder()
    model_of().set_callbacks(recorder).fit(iter(planted_documents(10)))
    assert recorder.X is None


def test_the_scoring_monitor_notes_the_score_of_each_epoch(callback):
    scorers = {"score": lambda estimator, X, y: estimator.score(X)}
    monitor, documents = callback.ScoringMonitor(scoring=scorers), planted_documents(20)
    model = model_of().set_callbacks(monitor).fit(documents, y=[0] * 20)
    rows = monitor.get_logs().data
    scores = [row["score"] for row in rows if row["task_name"] == "epoch"]
    assert len(scores) == 3
    assert scores[-1] == pytest.approx(model.score(documents))
    assert scores[0] < scores[-1]


def test_the_progress_bar_of_scikit_learn_shows_epochs(callback, capsys):
    pytest.importorskip("rich")
    model_of().set_callbacks(callback.ProgressBar()).fit(planted_documents(20))
    assert "Word2VecVectorizer" in capsys.readouterr().out


@pytest.mark.usefixtures("callback")
def test_callbacks_go_with_clones_and_into_pipelines():
    recorder, documents = Recorder(), planted_documents(20)
    model = model_of().set_callbacks(recorder)
    pipeline = make_pipeline(clone(model), LogisticRegression())
    pipeline.fit(documents, [0, 1] * 10)
    assert recorder.told.count("begin epoch 0") == 1
    search = GridSearchCV(model, {"window": [1, 2]}, cv=2, refit=False).fit(documents)
    assert recorder.told.count("end epoch 2") == 1 + 4
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_without_callbacks_in_scikit_learn_all_else_works():
    program = (
        "import sys\n"
        "import sklearn.feature_extraction.text, sklearn.pipeline\n"
        "sys.modules['sklearn.callback'] = None\n"
        "from skw2v import Word2VecVectorizer\n"
        "model = Word2VecVectorizer(min_count=1, vector_size=2, epochs=2)\n"
        "assert not hasattr(model, 'set_callbacks')\n"
        "model._fit([['a', 'b']], None)\n"
        "print(model.n_epochs_)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == ["2"]


FIT = """
from skw2v import Word2VecVectorizer

for _ in range(2):
    Word2VecVectorizer(min_count=1, verbose=1, n_jobs=2).fit(["ab cd ef"] * 100)
"""


def test_the_first_fit_on_a_machine_says_that_it_compiles(tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    shown = [
        subprocess.run(
            [sys.executable, "-c", FIT], env=environment, capture_output=True, text=True, check=True
        ).stderr
        for _ in range(2)
    ]
    assert shown[0].count("Word2VecVectorizer: compiling the training code") == 1
    assert "compiling" not in shown[1]
    assert shown[1].count("epoch 5/5") == 2
