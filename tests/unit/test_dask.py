"""Fitting and transforming on a cluster: same words, same bytes, whatever happens to workers."""

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from types import SimpleNamespace as Namespace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

import skw2v
from skw2v.corpus import encode_documents
from skw2v.corpus.partitions import (
    choose_words,
    encode_partition,
    merge_counts,
    number_documents,
)
from skw2v.training import intervals
from skw2v.training.intervals import (
    AbandonedError,
    Interval,
    IntervalRun,
    Moves,
    Setup,
    make_update,
    make_vectors,
    merge_intervals,
)
from skw2v.training.parameters import TrainingParameters, plan_rounds
from skw2v.training.trainer import train

distributed = pytest.importorskip("distributed")
dask = pytest.importorskip("dask")
bag = pytest.importorskip("dask.bag")

from skw2v.dask import PartitionError, Word2VecVectorizer, _partitions, _rounds  # noqa: E402
from skw2v.dask._checkpoint import Checkpoint, CheckpointFile  # noqa: E402

N_PARTITIONS = 5
SMALL = {
    "vector_size": 16,
    "min_count": 2,
    "epochs": 2,
    "random_state": 3,
    "sync_tokens": 2000,
}

# Of Dask's own: threads of a cluster that is closed, and what it says of killed workers.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def make_documents(n_documents=1500, seed=0):
    rng = np.random.default_rng(seed)
    return [
        " ".join(f"w{word}" for word in rng.zipf(1.3, rng.integers(0, 30)))
        for _ in range(n_documents)
    ]


DOCUMENTS = make_documents()
LEARNED = ("word_counts_", "output_vectors_", "loss_curve_", "n_tokens_")


def assert_same(actual, expected):
    """Compare what two estimators have learned, bit for bit."""
    assert actual.word_vectors_.words == expected.word_vectors_.words
    assert actual.word_vectors_.vectors.tobytes() == expected.word_vectors_.vectors.tobytes()
    for name in LEARNED:
        assert_array_equal(getattr(actual, name), getattr(expected, name))


@pytest.fixture(scope="module")
def client():
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=2, processes=False, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def documents():
    return bag.from_sequence(DOCUMENTS, npartitions=N_PARTITIONS)


@pytest.fixture(scope="module")
def fitted(client):
    partitions = bag.from_sequence(DOCUMENTS, npartitions=N_PARTITIONS)
    return Word2VecVectorizer(**SMALL).fit(partitions)


# Words


@pytest.mark.parametrize("options", [{}, {"min_count": 3}, {"max_vocab_size": 7}])
def test_partitions_have_the_words_and_ids_of_the_whole(options):
    tokenized = [document.split() for document in DOCUMENTS]
    corpus, vocabulary = encode_documents(tokenized, **options)
    parts = [number_documents(tokenized[first : first + 400]) for first in range(0, 1500, 400)]
    parts.append(number_documents([]))
    counts = [part.counts for part in parts]
    merged = merge_counts([merge_counts(counts[:2]), merge_counts(counts[2:])])
    chosen = choose_words(merged, **options)
    assert list(chosen.index.items()) == list(vocabulary.index.items())
    assert_array_equal(chosen.counts, vocabulary.counts)
    encoded = [encode_partition(part, chosen.index) for part in parts]
    assert_array_equal(np.concatenate([ids for ids, _ in encoded]), corpus.token_ids)
    lengths = np.concatenate([np.diff(offsets) for _, offsets in encoded])
    assert_array_equal(lengths, np.diff(corpus.offsets))


def test_a_fit_knows_the_words_that_a_local_one_knows(fitted):
    local = skw2v.Word2VecVectorizer(min_count=2, epochs=1, vector_size=2).fit(DOCUMENTS)
    assert list(fitted.vocabulary_.items()) == list(local.vocabulary_.items())
    assert_array_equal(fitted.word_counts_, local.word_counts_)
    assert fitted.n_tokens_ == local.n_tokens_


def test_words_can_be_given(client, documents):
    words = ["w2", "w1", "unheard"]
    fitted = Word2VecVectorizer(**SMALL | {"vocabulary": words, "min_count": 5}).fit(documents)
    assert fitted.vocabulary_ == {"w2": 0, "w1": 1, "unheard": 2}
    assert fitted.word_counts_[2] == 0


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["a b c"] * 4, "no word occurs at least min_count=5 times"),
        (["", ""], "none of the 2 documents contains a token"),
    ],
)
def test_a_corpus_without_words_is_an_error(client, texts, message):
    vectorizer = Word2VecVectorizer(token_pattern=r"\w+")
    with pytest.raises(ValueError, match=message):
        vectorizer.fit(bag.from_sequence(texts, npartitions=2))


def test_text_is_read_once(client, tmp_path):
    log = tmp_path / "log"

    @dask.delayed(pure=False)
    def read(part):
        with log.open("a", encoding="utf-8") as file:
            file.write(f"{part}\n")
        return DOCUMENTS[part::3]

    Word2VecVectorizer(**SMALL).fit([read(part) for part in range(3)])
    assert sorted(log.read_text(encoding="utf-8").split()) == ["0", "1", "2"]


# Training


@pytest.mark.parametrize("objective", ["negative_sampling", "hierarchical_softmax"])
@pytest.mark.parametrize("sync_tokens", [1000, 10**9])
def test_a_single_partition_is_trained_as_locally(objective, sync_tokens):
    tokenized = [document.split() for document in DOCUMENTS]
    corpus, vocabulary = encode_documents(tokenized, min_count=2)
    n_tokens = corpus.n_tokens
    parameters = TrainingParameters(vector_size=8, epochs=2, objective=objective)
    expected = train(corpus.token_ids, corpus.offsets, vocabulary.counts, parameters, seed=7)
    setup = Setup(parameters, vocabulary.counts, np.array([n_tokens]), 7, np.zeros(0, bool))
    run, vectors = IntervalRun(setup), make_vectors(setup, None)
    length = setup.interval_tokens(sync_tokens)
    for epoch in range(2):
        for begin in range(0, n_tokens, length):
            interval = run.train_interval(
                corpus.token_ids,
                corpus.offsets,
                partition=0,
                epoch=epoch,
                begin=begin,
                end=begin + length,
                n_threads=1,
            )
            learning_rate = setup.learning_rate_of(epoch, begin)
            update = make_update(merge_intervals([interval]), *vectors, parameters, learning_rate)
            run.advance(update)
            update.inputs.add_to(vectors[0])
            update.outputs.add_to(vectors[1])
    assert_allclose(vectors[0], expected.input_vectors, atol=1e-4)
    assert_allclose(vectors[1], expected.output_vectors, atol=1e-4)
    assert_array_equal(run.input_vectors, vectors[0])
    assert np.abs(expected.input_vectors).max() > 0.1


@pytest.mark.parametrize("objective", ["negative_sampling", "hierarchical_softmax"])
@pytest.mark.parametrize("n_workers", [1, 4])
def test_workers_and_threads_do_not_change_a_byte(
    client, documents, monkeypatch, n_workers, objective
):
    vectorizer = Word2VecVectorizer(**SMALL, objective=objective, n_jobs=2).fit(documents)
    workers = set()
    replica_of = _rounds._replica_of

    def note_worker(worker, run):
        workers.add(worker)
        return replica_of(worker, run)

    monkeypatch.setattr(_rounds, "_replica_of", note_worker)
    with (
        distributed.LocalCluster(
            n_workers=n_workers, threads_per_worker=1, processes=False, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster),
    ):
        other = clone(vectorizer).set_params(n_jobs=None).fit(documents)
    assert_same(other, vectorizer)
    assert n_workers == 1 or len(workers) > 2
    assert vectorizer.loss_curve_[1] < vectorizer.loss_curve_[0]


def make_moves(rng, rows, terms, size=6):
    steps = rng.normal(size=(len(rows), size)).astype(np.float32)
    terms = np.asarray(terms, float)
    return Moves(np.asarray(rows), steps, terms, terms**2)


def test_rare_rows_are_added_and_frequent_ones_averaged(global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    vectors = [rng.normal(size=(40, 6)).astype(np.float32) for _ in range(2)]
    parts = []
    for own_row in (30, 31):
        rows, terms = [*range(30), own_row], [1e-6] + 29 * [1e9] + [5.0]
        parts.append(Interval(*(make_moves(rng, rows, terms) for _ in vectors), 1.0, 2.0))
    update = make_update(merge_intervals(parts), *vectors, TrainingParameters(vector_size=6), 0.05)
    for side in ("inputs", "outputs"):
        first, second = (getattr(part, side).steps for part in parts)
        rows, steps = getattr(update, side)
        assert_array_equal(rows, np.arange(32))
        assert_allclose(steps[0], first[0] + second[0], atol=1e-4)
        assert_allclose(steps[1:30], (first[1:30] + second[1:30]) / 2, atol=1e-4)
        assert_array_equal(steps[30:], [first[30], second[30]])  # one partition each
    assert (update.loss, update.n_pairs) == (2.0, 4.0)


@pytest.mark.parametrize(
    ("architecture", "cbow_mean"), [("skipgram", True), ("cbow", True), ("cbow", False)]
)
def test_rows_are_averaged_along_the_common_direction_before_others(architecture, cbow_mean):
    """The common direction is the first axis, and the second differs little between rows."""
    rng = np.random.default_rng(0)
    vectors = rng.normal(0, [0, 0.01, 0.01, 0.01], (50, 4)).astype(np.float32)
    vectors[:, 0] = 2
    terms = np.full(50, 300.0)
    still = np.zeros((50, 4), np.float32)
    moves = Moves(np.arange(50), still + np.float32(0.001), terms, terms**2)
    merged = merge_intervals([Interval(moves, moves, 0.0, 0.0)] * 4)
    parameters = TrainingParameters(vector_size=4, architecture=architecture, cbow_mean=cbow_mean)
    update = make_update(merged, vectors, vectors, parameters, 0.05)
    for steps in (update.inputs.steps, update.outputs.steps):
        along, across = np.abs(steps[:, 0]), np.abs(steps[:, 1:])
        assert along.max() < 0.0022  # of 0.001, averaged, to 0.004, added
        assert across.min() > 0.0038


def test_merging_in_groups_is_merging_at_once(global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    parts = []
    for _ in range(5):
        moves = [make_moves(rng, np.sort(rng.choice(9, 4, False)), rng.random(4)) for _ in "io"]
        parts.append(Interval(*moves, 1.0, 1.0))
    at_once = merge_intervals(parts)
    in_groups = merge_intervals([merge_intervals(parts[:2]), merge_intervals(parts[2:])])
    for side in ("inputs", "outputs"):
        for one, other in zip(getattr(at_once, side), getattr(in_groups, side), strict=True):
            assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("sizes", "sync_tokens", "expected"),
    [
        ([100_000], "auto", 100_000),  # nobody to agree with
        ([50_000, 100_000], "auto", 5_000),  # a twentieth of the longest
        ([10**9, 10**9], "auto", 50_000_000),
        ([50_000, 50_000], 700, 1000),  # whole rounds
    ],
)
def test_intervals_are_chosen_by_the_longest_partition(sizes, sync_tokens, expected):
    setup = Setup(TrainingParameters(), np.ones(3), np.array(sizes), 0, np.zeros(0, bool))
    plan = plan_rounds(setup.parameters, max(sizes))
    round_tokens = plan.chunk_tokens * plan.chunks_per_round
    assert setup.plan.pooled_negatives <= plan.pooled_negatives
    length = setup.interval_tokens(sync_tokens)
    assert length % round_tokens == 0
    assert expected <= length < expected + round_tokens


def test_partitions_do_not_share_their_random_numbers():
    setup = Setup(
        TrainingParameters(vector_size=4, sample=0),
        np.full(50, 40),
        np.array([2000, 2000]),
        0,
        np.zeros(0, bool),
    )
    ids = np.tile(np.arange(50, dtype=np.int32), 40)
    run = IntervalRun(setup)
    first, second = (
        run.train_interval(
            ids, np.array([0, 2000]), partition=p, epoch=0, begin=0, end=2000, n_threads=1
        )
        for p in (0, 1)
    )
    assert not np.array_equal(first.inputs.steps, second.inputs.steps)


def test_similar_words_are_neighbours(client):
    animals, vehicles = ["cat", "dog", "cow"], ["car", "lorry", "bus"]
    texts = [f"the {a} eats its {f}" for a in animals for f in ("bread", "fish", "hay")] * 40
    texts += [f"her {v} waits on the {p}" for v in vehicles for p in ("road", "bridge")] * 60
    vectorizer = Word2VecVectorizer(
        vector_size=20, sample=0, epochs=10, random_state=0, sync_tokens=500
    )
    vectorizer.fit(bag.from_sequence(texts[::2] + texts[1::2], npartitions=2))
    nearest = vectorizer.word_vectors_.most_similar("cat", topn=2)
    assert sorted(word for word, _ in nearest) == ["cow", "dog"]


def test_known_vectors_start_a_fit_and_frozen_ones_stay(client, documents):
    known = skw2v.WordVectors(["w1", "w2"], np.full((2, 16), 0.1, np.float32))
    vectorizer = Word2VecVectorizer(**SMALL, init=known, freeze="init").fit(documents)
    assert_array_equal(vectorizer.word_vectors_[["w1", "w2"]], known.vectors)
    assert not np.array_equal(
        vectorizer.output_vectors_[0], np.zeros(16)
    )  # the words were trained, only their input vectors stay


@pytest.mark.parametrize("with_init", [False, True])
def test_a_fit_of_one_partition_is_that_of_one_machine(client, with_init):
    known = skw2v.WordVectors(["w1", "w2"], np.full((2, 16), 0.5, np.float32))
    parameters = SMALL | {"init": known if with_init else None}
    fitted = Word2VecVectorizer(**parameters).fit(bag.from_sequence(DOCUMENTS, npartitions=1))
    del parameters["sync_tokens"]
    local = skw2v.Word2VecVectorizer(**parameters).fit(DOCUMENTS)
    assert fitted.vocabulary_ == local.vocabulary_
    assert_allclose(fitted.word_vectors_.vectors, local.word_vectors_.vectors, atol=1e-4)
    assert_allclose(fitted.loss_curve_, local.loss_curve_, rtol=1e-5)


def test_warm_start_goes_on(client, documents):
    vectorizer = Word2VecVectorizer(**SMALL, warm_start=True).fit(documents)
    before = vectorizer.loss_curve_[-1]
    vectorizer.fit(documents)
    assert vectorizer.n_epochs_ == 4
    assert vectorizer.loss_curve_[-1] < before


def test_what_pooling_learns_is_that_of_all_partitions(client, documents):
    options = {"weighting": "idf", "remove_components": 2}
    vectorizer = Word2VecVectorizer(**SMALL, **options).fit(documents)
    local = vectorizer.to_local().fit_pooling(DOCUMENTS)
    assert_array_equal(vectorizer.pooling_.weights, local.pooling_.weights)
    assert_allclose(
        np.abs(vectorizer.pooling_.components), np.abs(local.pooling_.components), atol=1e-4
    )
    usif = Word2VecVectorizer(**SMALL, weighting="usif").fit(documents)
    expected = usif.to_local().fit_pooling(DOCUMENTS).pooling_.weights
    assert_array_equal(usif.pooling_.weights, expected)


def test_progress_is_shown(client, documents, capsys):
    Word2VecVectorizer(**SMALL | {"verbose": 1}).fit(documents)
    assert "epoch 2/2" in capsys.readouterr().err


def test_tasks_have_names(client, documents):
    names = set()
    jobs = _partitions.Jobs(client)
    for name in ("split", "train", "merge"):
        names.add(dask.utils.key_split(jobs.key(name)))
    assert names == {"skw2v-split", "skw2v-train", "skw2v-merge"}


# Input and output


def test_every_kind_of_collection_is_the_same_corpus(client, fitted, tmp_path):
    size = len(DOCUMENTS) // N_PARTITIONS
    parts = [DOCUMENTS[first : first + size] for first in range(0, len(DOCUMENTS), size)]
    delayed = [dask.delayed(part) for part in parts]
    for number, part in enumerate(parts):
        (tmp_path / f"{number}.txt").write_text("\n".join(part) + "\n", encoding="utf-8")
    for X in (delayed, client.scatter(parts), str(tmp_path / "*.txt")):
        assert_same(Word2VecVectorizer(**SMALL).fit(X), fitted)


def test_files_are_fitted_and_transformed_line_by_line(client, fitted, tmp_path):
    import gzip

    lines = ["w1 w2", "", "w3"]
    with gzip.open(tmp_path / "0.txt.gz", "wt", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    with pytest.warns(UserWarning, match="1 of 3 documents"):
        expected = fitted.transform(lines)
    X = fitted.transform(str(tmp_path / "*.gz"))
    with pytest.warns(UserWarning, match="1 of 3 documents"):
        assert_array_equal(X.compute(scheduler="synchronous"), expected)
    with pytest.raises(ValueError, match=r"There is no file .*nothing"):
        Word2VecVectorizer(**SMALL).fit(str(tmp_path / "nothing*.txt"))


def test_a_column_of_a_dataframe_is_a_corpus(client, fitted):
    pandas = pytest.importorskip("pandas")
    dataframe = pytest.importorskip("dask.dataframe")
    frame = dataframe.from_pandas(pandas.DataFrame({"text": DOCUMENTS}), npartitions=N_PARTITIONS)
    for X in (frame["text"], frame):
        assert_same(Word2VecVectorizer(**SMALL).fit(X), fitted)
    with pytest.raises(ValueError, match="one column, got a Dask DataFrame with 2"):
        Word2VecVectorizer(**SMALL).fit(frame.assign(other=1))


def test_transform_is_lazy_and_equal_to_that_of_the_local_estimator(client, fitted, documents):
    known = [document or "w1" for document in DOCUMENTS]
    X = fitted.transform(bag.from_sequence(["w1 w2"] * 10, npartitions=2))
    assert isinstance(X, dask.array.Array)
    assert (X.numblocks, X.dtype) == ((2, 1), np.float32)
    assert_array_equal(X.compute(), fitted.transform(["w1 w2"] * 10))
    local = fitted.to_local()
    assert type(local) is skw2v.Word2VecVectorizer
    with pytest.warns(UserWarning, match="contain no known word"):
        expected = local.transform(known)
    with pytest.warns(UserWarning, match="contain no known word"):
        assert_array_equal(fitted.transform(known), expected)


def test_documents_in_memory_are_fitted_here():
    parameters = {"vector_size": 4, "random_state": 0, "epochs": 1}
    here = Word2VecVectorizer(**parameters).fit(DOCUMENTS)
    local = skw2v.Word2VecVectorizer(**parameters).fit(DOCUMENTS)
    assert_same(here, local)


def test_a_fitted_estimator_works_without_dask(fitted, tmp_path):
    path = tmp_path / "model.pickle"
    path.write_bytes(pickle.dumps(fitted))
    expected = fitted.transform(["w1 w2", "w3"])
    np.save(tmp_path / "expected.npy", expected)
    program = (
        "import sys, pickle, numpy\n"
        "sys.modules.update(dict.fromkeys(('dask', 'distributed', 'fsspec')))\n"  # as if absent
        "folder = sys.argv[1]\n"
        "with open(folder + '/model.pickle', 'rb') as file: model = pickle.load(file)\n"
        "X = model.transform(['w1 w2', 'w3'])\n"
        "assert (X == numpy.load(folder + '/expected.npy')).all()\n"
        "try: model.fit('*.txt')\n"
        "except ImportError as error: print(error)\n"
    )
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=os.path.dirname(os.path.dirname(skw2v.__file__)),
    )
    assert result.stderr == ""
    assert "pip install 'skw2v[dask]'" in result.stdout


def test_a_saved_estimator_is_a_local_one(fitted, tmp_path):
    fitted.save(tmp_path / "model.safetensors")
    loaded = skw2v.Word2VecVectorizer.load(tmp_path / "model.safetensors")
    assert_array_equal(loaded.transform(["w1"]), fitted.transform(["w1"]))


def test_parameters_are_those_of_the_local_estimator_and_its_own():
    names = set(Word2VecVectorizer().get_params())
    own = {"sync_tokens", "checkpoint", "checkpoint_rounds"}
    assert names == own | set(skw2v.Word2VecVectorizer().get_params())
    vectorizer = Word2VecVectorizer(sync_tokens=5, window=3)
    assert clone(vectorizer).get_params() == vectorizer.get_params()
    assert repr(vectorizer) == "Word2VecVectorizer(sync_tokens=5, window=3)"


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"objective": "softmax"}, "objective must be 'negative_sampling' or"),
        ({"early_stopping": True}, "early_stopping must be False"),
        ({"sync_tokens": 0}, "'sync_tokens' parameter"),
    ],
)
def test_what_a_cluster_cannot_do_is_an_error(client, documents, parameters, message):
    with pytest.raises(ValueError, match=message):
        Word2VecVectorizer(**SMALL | parameters).fit(documents)


def test_methods_without_a_distributed_form_say_so(fitted, documents):
    with pytest.raises(TypeError, match="score takes documents in memory, got a Bag of Dask"):
        fitted.score(documents)
    for method in (fitted.partial_fit, fitted.fit_pooling):
        with pytest.raises(TypeError, match="takes documents in memory"):
            method(documents)


def test_a_fit_without_a_cluster_says_how_to_start_one(documents, monkeypatch):
    def no_client():
        raise ValueError("No global client found")

    monkeypatch.setattr(distributed, "get_client", no_client)
    with pytest.raises(ValueError, match="no Dask cluster to fit on"):
        Word2VecVectorizer(**SMALL).fit(documents)


# Faults


def test_an_error_names_its_partition(client):
    parts = [dask.delayed(["a b"] * 9), dask.delayed(["a b", None])]
    with pytest.raises(PartitionError, match=r"Partition 1 of 2.*document at index 1 is missing"):
        Word2VecVectorizer().fit(parts)


def test_an_error_in_training_names_its_partition(client, documents, monkeypatch):
    train_interval = IntervalRun.train_interval

    def fail(self, *args, partition, **options):
        if partition == 2:
            raise MemoryError("too much")
        return train_interval(self, *args, partition=partition, **options)

    monkeypatch.setattr(IntervalRun, "train_interval", fail)
    with pytest.raises(PartitionError, match=r"Partition 2 of 5.*MemoryError: too much"):
        Word2VecVectorizer(**SMALL).fit(documents)


def after_round(monkeypatch, number, action):
    """Do something when a round has been trained."""
    train_round = _rounds.Rounds._train_round
    done = []

    def act(self, *args):
        update = train_round(self, *args)
        done.append(1)
        if len(done) == number:
            action()
        return update

    monkeypatch.setattr(_rounds.Rounds, "_train_round", act)


def interrupt_fit(monkeypatch, vectorizer, documents, number):
    """Fit until a round has been trained, and interrupt."""

    def interrupt():
        raise KeyboardInterrupt

    with monkeypatch.context() as context:
        after_round(context, number, interrupt)
        with pytest.raises(KeyboardInterrupt):
            vectorizer.fit(documents)


def test_a_worker_without_the_vectors_gets_them(client, fitted, documents, monkeypatch):
    after_round(monkeypatch, 2, _rounds._replicas.clear)
    assert_same(Word2VecVectorizer(**SMALL).fit(documents), fitted)


@pytest.mark.parametrize("n_workers", [1, 2])  # another goes on, or a new one in its place
def test_a_worker_killed_in_the_middle_of_training_changes_nothing(
    fitted, documents, tmp_path, n_workers
):
    marker = str(tmp_path / "killed")

    def die_while_training():
        """Let the first worker that is in the middle of a later interval be killed."""
        import os
        import signal
        from contextlib import suppress

        from skw2v.training.intervals import IntervalRun

        train_span = IntervalRun.train_span

        def train_and_die(self, number, begin, *others):
            for n_rounds, step in enumerate(train_span(self, number, begin, *others)):
                yield step
                if begin and n_rounds == 1:
                    with suppress(FileExistsError):  # another was the first
                        with open(marker, "x", encoding="utf-8") as file:
                            file.write(str(os.getpid()))
                        os.kill(os.getpid(), signal.SIGKILL)

        IntervalRun.train_span = train_and_die

    with (
        distributed.LocalCluster(
            n_workers=n_workers, threads_per_worker=1, processes=True, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        pids = client.run(os.getpid).values()
        client.run(die_while_training)
        assert_same(Word2VecVectorizer(**SMALL).fit(documents), fitted)
        with open(marker, encoding="utf-8") as file:
            assert int(file.read()) in pids


def wait_for_idle_workers(client):
    """Wait until workers have nothing to do, for much less than the tests' tasks would take."""
    deadline = time.monotonic() + 30
    while any(client.processing().values()) or any(client.call_stack().values()):
        assert time.monotonic() < deadline
        time.sleep(0.05)


@contextmanager
def ctrl_c_after(begun):
    """Send this process what Ctrl-C sends, half a second after an event.

    Python loses an interrupt that falls into a finalizer, as those of Dask's futures, of which
    many go when tasks have been handed in. Wait that out; and press again if nobody hears.
    """
    is_over = threading.Event()

    def press():
        begun.wait()
        pause = 0.5
        while not is_over.wait(pause):
            os.kill(os.getpid(), signal.SIGINT)
            pause = 10

    thread = threading.Thread(target=press)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        begun.set()
        thread.join()


def test_an_interrupt_while_text_is_read_leaves_no_task(client, monkeypatch):
    begun = threading.Event()

    def tokenize_slowly(documents, analyzer, input):
        begun.set()
        time.sleep(1)
        return [["a", "b"]]

    monkeypatch.setattr(_partitions, "tokenize_documents", tokenize_slowly)
    with pytest.raises(KeyboardInterrupt) as caught, ctrl_c_after(begun):
        Word2VecVectorizer().fit([dask.delayed(["a b"]) for _ in range(100)])
    wait_for_idle_workers(client)
    del caught


def test_an_interrupt_ends_tasks_that_have_begun(client, documents, monkeypatch):
    begun = threading.Event()
    train_span = IntervalRun.train_span

    def endless(self, *span):
        for _ in range(2000):  # at a twentieth of a second each
            begun.set()
            time.sleep(0.05)
            yield from train_span(self, *span)

    monkeypatch.setattr(IntervalRun, "train_span", endless)
    with pytest.raises(KeyboardInterrupt) as caught, ctrl_c_after(begun):
        Word2VecVectorizer(**SMALL, n_jobs=1).fit(documents)
    wait_for_idle_workers(client)
    del caught


def test_an_interrupt_is_heard_while_a_run_is_made(monkeypatch):
    replica = _rounds._Replica()
    monkeypatch.setattr(_rounds, "_replica_of", lambda worker, run: replica)

    class MadeMeanwhile:
        def __init__(self, setup):
            _rounds.abandon("run", Namespace(address="worker"))

    monkeypatch.setattr(intervals, "IntervalRun", MadeMeanwhile)
    with pytest.raises(AbandonedError):
        replica.reach(0, None, None, None)


def test_a_run_made_anew_starts_from_the_vectors_it_is_given(monkeypatch):
    starts = []

    class Run:
        def __init__(self, setup):
            pass

        def reset(self, *state):
            starts.append(state)

    monkeypatch.setattr(intervals, "IntervalRun", Run)
    replica = _rounds._Replica()
    replica.reach(3, None, None, ("input", "output"))
    replica.reach(3, None, None, ("input", "output"))  # it is there already
    replica.training = None  # as after a failure
    assert replica.reach(4, None, "update", None) is None
    replica.reach(3, None, None, ("input", "output"))
    assert starts == [("input", "output")] * 2


@pytest.mark.parametrize("random_state", [3, None])
def test_a_checkpoint_is_resumed_with_the_same_bytes(
    client, documents, tmp_path, monkeypatch, random_state
):
    path = tmp_path / "fit.checkpoint"
    parameters = SMALL | {"random_state": random_state}
    vectorizer = Word2VecVectorizer(**parameters, checkpoint=path, checkpoint_rounds=2)
    seeds = []
    draw_seed = Word2VecVectorizer._draw_seed

    def note_seed(self):
        seeds.append(draw_seed(self))
        return seeds[-1]

    monkeypatch.setattr(Word2VecVectorizer, "_draw_seed", note_seed)

    interrupt_fit(monkeypatch, vectorizer, documents, 3)
    assert path.exists()
    resumed = vectorizer.fit(documents)
    monkeypatch.setattr(Word2VecVectorizer, "_draw_seed", lambda self: seeds[0])
    assert_same(resumed, Word2VecVectorizer(**parameters).fit(documents))
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_goes_to_any_file_system():
    def open_file():
        return CheckpointFile("memory://folder/fit.checkpoint", every=1)

    checkpoint = Checkpoint((1, 500, 2.5, 3.0), [0.5], np.ones((2, 3)), np.zeros((2, 3)))
    file = open_file()
    assert file.read("digest", 7, True) == (7, None)
    file.note(checkpoint)
    seed, found = open_file().read("digest", 8, False)
    assert (seed, found.place, found.loss_curve) == (7, (1, 500, 2.5, 3.0), [0.5])
    assert_array_equal(found.input_vectors, checkpoint.input_vectors)
    file.remove()
    assert open_file().read("digest", 7, True) == (7, None)


def test_a_foreign_checkpoint_is_refused(client, documents, tmp_path, monkeypatch):
    path = tmp_path / "fit.checkpoint"
    path.write_bytes(b"something else")
    vectorizer = Word2VecVectorizer(**SMALL, checkpoint=path, checkpoint_rounds=1)
    with pytest.raises(ValueError, match="cannot be read"):
        vectorizer.fit(documents)
    path.unlink()

    interrupt_fit(monkeypatch, vectorizer, documents, 2)
    with pytest.raises(ValueError, match="belongs to a fit with other documents"):
        vectorizer.set_params(window=2).fit(documents)
