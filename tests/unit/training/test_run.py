"""Runs that continue, hold words fast, and end early: alike for every objective."""

import inspect
import itertools
import threading

import numpy as np
import pytest
from numpy.testing import assert_allclose
from runs import as_bytes

from skw2v.training import kernels, softmax
from skw2v.training.embedding import initial_vectors
from skw2v.training.parameters import TrainingParameters, plan_rounds
from skw2v.training.run import Start
from skw2v.training.trainer import train

OBJECTIVES = ("negative_sampling", "hierarchical_softmax", "softmax")
MODES = list(itertools.product(("skipgram", "cbow"), OBJECTIVES))
every_mode = pytest.mark.parametrize(("architecture", "objective"), MODES)

N_WORDS, SIZE = 40, 20


@pytest.fixture(autouse=True)
def several_panels(monkeypatch):
    """Cut the vocabulary into panels, so that the threads of the softmax have work."""
    monkeypatch.setattr(softmax, "PANEL_WORDS", 16)


@pytest.fixture(scope="module")
def corpus():
    """Forty words, 1,500 tokens; one long document has even words and the other odd ones."""
    rng = np.random.default_rng(0)
    frequencies = 1 / np.arange(1, N_WORDS + 1)
    token_ids = rng.choice(N_WORDS, 1500, p=frequencies / frequencies.sum()).astype(np.int32)
    offsets = np.array([0, 0, 10, 700, 701, 1500])
    token_ids -= token_ids % 2
    token_ids[700:] += 1
    return token_ids, offsets, np.bincount(token_ids, minlength=N_WORDS) + 1


def train_small(corpus, *, seed=1, n_threads=1, start=None, after_epoch=None, tree_counts=None,
                schedule=(0.0, 1.0), dtype=np.float32, **changes):  # fmt: skip
    """Train a few epochs in many short chunks."""
    parameters = TrainingParameters(**({"vector_size": SIZE, "epochs": 3, "sample": 0} | changes))
    plan = plan_rounds(parameters, len(corpus[0]))
    plan = plan._replace(chunk_tokens=100, chunks_per_round=5)
    return train(
        *corpus, parameters, seed=seed, n_threads=n_threads, plan=plan, start=start,
        after_epoch=after_epoch, tree_counts=tree_counts, schedule=schedule, dtype=dtype,
    )  # fmt: skip


def start_from(embedding, frozen=()):
    """Return a start from all vectors of an embedding."""
    is_frozen = np.zeros(len(embedding.input_vectors), bool)
    is_frozen[list(frozen)] = True
    return Start(
        np.arange(len(embedding.input_vectors)),
        embedding.input_vectors,
        np.arange(len(embedding.output_vectors)),
        embedding.output_vectors,
        is_frozen,
    )


# --- Where a run starts --------------------------------------------------------------------------


@every_mode
def test_given_rows_start_as_given_and_the_others_as_in_a_new_run(corpus, architecture, objective):
    rng = np.random.default_rng(2)
    rows, output_rows = np.array([3, 17, 30]), np.array([5, 2])
    start = Start(
        rows,
        rng.normal(size=(3, SIZE)),
        output_rows,
        rng.normal(size=(2, SIZE)),
        np.zeros(N_WORDS, bool),
    )
    rate = {"learning_rate": 1e-12, "min_learning_rate": 0.0, "epochs": 1, "dtype": np.float64}
    mode = {"architecture": architecture, "objective": objective}
    embedding = train_small(corpus, start=start, **rate, **mode)
    expected = initial_vectors(N_WORDS, SIZE, 1, np.dtype(np.float64))[:, :SIZE].copy()
    expected[rows] = start.input_vectors
    assert_allclose(embedding.input_vectors, expected, atol=1e-8)
    expected_outputs = np.zeros_like(embedding.output_vectors)
    expected_outputs[output_rows] = start.output_vectors
    assert_allclose(embedding.output_vectors, expected_outputs, atol=1e-8)


@every_mode
def test_a_run_that_continues_begins_and_ends_with_a_lower_loss_than_a_new_one(
    corpus, architecture, objective
):
    mode = {"architecture": architecture, "objective": objective}
    first = train_small(corpus, **mode, epochs=5)
    second = train_small(corpus, start=start_from(first), seed=2, **mode, epochs=5)
    anew = train_small(corpus, seed=2, **mode, epochs=5)
    assert second.loss_curve[0] < 0.99 * anew.loss_curve[0]
    assert second.loss_curve[-1] < anew.loss_curve[-1]


def test_inner_nodes_are_those_of_the_tree_that_is_asked_for(corpus):
    token_ids, offsets, counts = corpus
    mode = {"objective": "hierarchical_softmax", "sample": 0}
    expected = train_small(corpus, **mode)
    others = np.ones_like(counts)
    embedding = train_small((token_ids, offsets, others), tree_counts=counts, **mode)
    assert as_bytes(embedding) == as_bytes(expected)
    assert as_bytes(train_small((token_ids, offsets, others), **mode)) != as_bytes(expected)


# --- Words that do not move ----------------------------------------------------------------------


@every_mode
@pytest.mark.parametrize("n_threads", [1, 3])
def test_frozen_words_keep_their_bytes_and_all_else_moves(
    corpus, architecture, objective, n_threads
):
    mode = {"architecture": architecture, "objective": objective}
    first = train_small(corpus, **mode, epochs=1)
    # A zero keeps its sign, too.
    first.input_vectors[0, :2] = -0.0
    before = first.input_vectors.copy()
    frozen = [0, 1, 7, 33]  # the commonest word is trained by every chunk of a round
    start = start_from(first, frozen)
    second = train_small(corpus, start=start, seed=2, n_threads=n_threads, **mode)
    assert second.input_vectors[frozen].tobytes() == before[frozen].tobytes()
    moved = np.setdiff1d(np.unique(corpus[0]), frozen)
    assert (second.input_vectors[moved] != before[moved]).any(axis=1).all()
    assert (second.output_vectors != first.output_vectors).any(axis=1).mean() > 0.8
    assert np.isfinite(second.input_vectors).all()


@every_mode
def test_with_all_words_frozen_the_output_vectors_learn(corpus, architecture, objective):
    mode = {"architecture": architecture, "objective": objective, "epochs": 5}
    first = train_small(corpus, **mode)
    start = start_from(first, range(N_WORDS))._replace(
        output_vectors=np.zeros_like(first.output_vectors)
    )
    second = train_small(corpus, start=start, **mode)
    assert second.input_vectors.tobytes() == first.input_vectors.tobytes()
    assert second.loss_curve[-1] < second.loss_curve[0]


# --- The same for any number of threads ----------------------------------------------------------


@every_mode
def test_a_run_that_continues_is_the_same_bytes_for_any_number_of_threads(
    corpus, architecture, objective
):
    mode = {"architecture": architecture, "objective": objective}
    first = train_small(corpus, **mode, epochs=1)

    def go_on(n_threads):
        return as_bytes(
            train_small(
                corpus, start=start_from(first, [0, 5]), seed=2, n_threads=n_threads,
                schedule=(0.2, 0.4), after_epoch=lambda epoch: epoch.number == 1, **mode,
            )
        )  # fmt: skip

    results = [go_on(n_threads) for n_threads in (1, 2, 3, 4)]
    assert [result == results[0] for result in results] == [True] * 4


# --- Epochs, and the end -------------------------------------------------------------------------


@every_mode
@pytest.mark.parametrize("n_threads", [1, 3])
def test_the_caller_sees_each_epoch_and_may_end_the_run(corpus, architecture, objective, n_threads):
    seen = []

    def after_epoch(epoch):
        assert threading.current_thread() is threading.main_thread()
        vectors = epoch.input_vectors.tobytes(), epoch.output_vectors.tobytes()
        seen.append((epoch.number, epoch.loss, *vectors))
        return epoch.number == 1

    mode = {"architecture": architecture, "objective": objective, "n_threads": n_threads}
    embedding = train_small(corpus, **mode, epochs=4, after_epoch=after_epoch)
    assert [number for number, *_ in seen] == [0, 1]
    assert [loss for _, loss, *_ in seen] == embedding.loss_curve
    assert seen[1][2:] == (embedding.input_vectors.tobytes(), embedding.output_vectors.tobytes())
    assert seen[0][2:] != seen[1][2:]
    unstopped = train_small(corpus, **mode, epochs=4, after_epoch=lambda epoch: None)
    assert len(unstopped.loss_curve) == 4
    assert unstopped.loss_curve[:2] == embedding.loss_curve


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_an_error_of_the_caller_after_an_epoch_ends_the_run(corpus, objective):
    def fail(epoch):
        raise LookupError("after an epoch")

    with pytest.raises(LookupError, match="after an epoch"):
        train_small(corpus, objective=objective, after_epoch=fail, n_threads=3)
    assert [t.name for t in threading.enumerate() if t.name.startswith("skw2v")] == []


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [((0.0, 1.0), (0.08, 0.0)), ((0.0, 0.0), (0.08, 0.08)), ((0.25, 0.5), (0.06, 0.04))],
)
def test_the_learning_rate_goes_along_the_part_of_the_line_that_is_asked_for(
    corpus, monkeypatch, schedule, expected
):
    signature = inspect.signature(kernels.train_chunks)
    rates = []

    def train_chunks(*arguments):
        rates.extend(signature.bind(*arguments).arguments["learning_rates"])

    monkeypatch.setattr(kernels, "train_chunks", train_chunks)
    monkeypatch.setattr(kernels, "train_rounds", kernels.train_rounds.py_func)
    train_small(corpus, learning_rate=0.08, min_learning_rate=0.0, schedule=schedule)
    n_chunks = 3 * 15
    assert_allclose(rates, np.linspace(*expected, n_chunks, endpoint=False), rtol=1e-6, atol=1e-9)
