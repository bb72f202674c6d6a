"""Training of the sampled modes: equal bytes, sampling, windows, schedule, threads, loss."""

import faulthandler
import inspect
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
from compiled import draw_noise, random_bits, survives
from numpy.testing import assert_allclose, assert_array_equal
from reference import (
    cbow_gradient,
    cbow_loss,
    decayed_learning_rate,
    keep_probability,
    training_examples,
    window_pairs,
)
from runs import as_bytes, our_threads
from scipy.stats import chi2, chisquare

from skw2v.training import kernels, softmax, threads
from skw2v.training.embedding import initial_vectors, make_sampling, make_tokens
from skw2v.training.huffman import build_huffman_tree
from skw2v.training.noise import build_alias_table, noise_distribution
from skw2v.training.parameters import TrainingParameters, plan_rounds
from skw2v.training.trainer import run_in_threads, train

ARCHITECTURES = ("skipgram", "cbow")
MODES = [
    (architecture, objective)
    for architecture in ARCHITECTURES
    for objective in ("negative_sampling", "hierarchical_softmax")
]
every_mode = pytest.mark.parametrize(("architecture", "objective"), MODES)

# Statistical tests are passed by chance alone but for one seed in a million.
SIGNIFICANCE = 1e-6


def encode(documents, n_words):
    """Return token ids, offsets and counts of documents of word ids."""
    token_ids = np.concatenate([np.asarray(document, np.int32) for document in documents])
    offsets = np.cumsum([0, *map(len, documents)])
    return token_ids, offsets, np.bincount(token_ids, minlength=n_words)


def random_documents(lengths, n_words, rng):
    """Return documents of words whose frequencies follow Zipf's law."""
    frequencies = 1 / np.arange(1, n_words + 1)
    return [rng.choice(n_words, n, p=frequencies / frequencies.sum()) for n in lengths]


@pytest.fixture(autouse=True)
def no_thread_waits_for_ever():
    """End the whole run if a test hangs, as it may where threads lose each other."""
    faulthandler.dump_traceback_later(300, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture
def rng(global_random_seed):
    return np.random.default_rng(global_random_seed)


@pytest.fixture(scope="module")
def corpus():
    """Sixty words, 2,400 tokens in documents of all lengths."""
    rng = np.random.default_rng(0)
    lengths = [0, 1, 350, 0, 2, 1, 1, 0, 45, 0, *rng.integers(5, 60, size=60)]
    documents = random_documents(lengths, 60, rng)
    return encode(documents, 60)


def plan_of(parameters, corpus, chunk_tokens=100, chunks_per_round=5):
    """Return a plan of many short chunks, in several rounds."""
    plan = plan_rounds(parameters, len(corpus[0]))
    return plan._replace(chunk_tokens=chunk_tokens, chunks_per_round=chunks_per_round)


def train_small(corpus, *, seed=1, n_threads=1, dtype=np.float32, report=None, **changes):
    """Train a few epochs in many short chunks."""
    parameters = TrainingParameters(**({"vector_size": 20, "epochs": 3, "sample": 0.02} | changes))
    plan = plan_of(parameters, corpus)
    return train(
        *corpus, parameters, seed=seed, n_threads=n_threads, plan=plan, report=report, dtype=dtype
    )


# --- The same vectors ----------------------------------------------------------------------------


@every_mode
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_vectors_and_losses_are_the_same_bytes_for_any_number_of_threads(
    corpus, architecture, objective, dtype
):
    results = {
        n_threads: as_bytes(
            train_small(
                corpus, n_threads=n_threads, dtype=dtype, architecture=architecture,
                objective=objective,
            )
        )
        for n_threads in (1, 2, 3, 4, 50)
    }  # fmt: skip
    for n_threads, result in results.items():
        assert result == results[1], f"{n_threads} threads"


@every_mode
def test_repeated_training_gives_the_same_bytes_and_another_seed_other_vectors(
    corpus, architecture, objective
):
    mode = {"architecture": architecture, "objective": objective, "n_threads": 2}
    first = train_small(corpus, **mode)
    again = train_small(corpus, **mode)
    other = train_small(corpus, **mode, seed=2)
    assert as_bytes(again) == as_bytes(first)
    assert not np.allclose(other.input_vectors, first.input_vectors, atol=1e-2)
    assert not np.allclose(other.output_vectors, first.output_vectors, atol=1e-2)
    assert other.loss_curve != first.loss_curve


@every_mode
def test_two_trainings_at_once_give_what_each_gives_alone(corpus, architecture, objective):
    def result(seed):
        return as_bytes(
            train_small(
                corpus, seed=seed, n_threads=2, architecture=architecture, objective=objective
            )
        )

    alone = [result(seed) for seed in (1, 2)]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(result, (1, 2)))
    assert together == alone


@every_mode
def test_empty_documents_change_nothing(corpus, architecture, objective):
    token_ids, offsets, counts = corpus
    lengths = np.diff(offsets)
    assert lengths[0] == 0
    assert (lengths == 1).any()
    kept = np.unique(offsets)
    more = np.concatenate([[0, 0, 0], np.repeat(offsets, 2), 3 * [len(token_ids)]])
    mode = {"architecture": architecture, "objective": objective}
    result = as_bytes(train_small((token_ids, kept, counts), **mode))
    assert as_bytes(train_small(corpus, **mode)) == result
    assert as_bytes(train_small((token_ids, more, counts), **mode)) == result


# --- Pairs ---------------------------------------------------------------------------------------


def survivors(token_ids, sampling):
    """Return the positions that survive subsampling, and their windows, token by token."""
    positions = [
        position
        for position in range(len(token_ids))
        if survives(position, token_ids, sampling.keep, sampling.token_key)
    ]
    windows = [
        1 + (random_bits(sampling.window_key, position) * sampling.window >> 32)
        if sampling.shrink_windows
        else sampling.window
        for position in positions
    ]
    return np.array(positions), np.array(windows)


def all_pairs(token_ids, offsets, sampling):
    """List the pairs (context, centre) of the whole corpus as positions, by the reference."""
    positions, windows = survivors(token_ids, sampling)
    pairs = []
    for first, last in pairwise(offsets):
        inside = (positions >= first) & (positions < last)
        document = positions[inside]
        pairs += [(document[i], document[j]) for i, j in window_pairs(windows[inside])]
    return sorted(pairs)


@pytest.mark.parametrize("chunk_tokens", [1, 7, 100, 10_000])
@pytest.mark.parametrize("random_parts", [(0.0, False), (0.01, True)])
def test_no_pair_crosses_documents_and_no_window_is_cut_at_the_edge_of_a_chunk(
    corpus, chunk_tokens, random_parts
):
    token_ids, offsets, counts = corpus
    sample, shrink_windows = random_parts
    parameters = TrainingParameters(sample=sample, shrink_windows=shrink_windows, window=4)
    sampling = make_sampling(counts, parameters, seed=1)(0)
    tokens = make_tokens(min(len(token_ids), chunk_tokens + 2 * parameters.window))
    of_own_contexts, of_own_centres = [], []
    for start in range(0, len(token_ids), chunk_tokens):
        stop = min(start + chunk_tokens, len(token_ids))
        n_tokens, own_begin, own_end = kernels.sample_chunk(
            start, stop, token_ids, offsets, sampling, tokens
        )
        assert_array_equal(tokens.words[:n_tokens], token_ids[tokens.positions[:n_tokens]])
        own = range(own_begin, own_end)
        for centre in range(n_tokens):
            reach = tokens.reach[centre]
            low = max(tokens.begin[centre], centre - reach)
            high = min(tokens.end[centre], centre + reach + 1)
            for context in range(low, high):
                pair = (tokens.positions[context], tokens.positions[centre])
                of_own_contexts += [pair] * (context in own and context != centre)
                of_own_centres += [pair] * (centre in own and context != centre)
    expected = all_pairs(token_ids, offsets, sampling)
    assert sorted(of_own_contexts) == expected  # the pairs of skip-gram
    assert sorted(of_own_centres) == expected  # the pairs of CBOW


def reference_examples(corpus, parameters, seed):
    """List the examples of the first epoch."""
    token_ids, offsets, counts = corpus
    sampling = make_sampling(counts, parameters, seed)(0)
    positions, windows = survivors(token_ids, sampling)
    examples = []
    for first, last in pairwise(offsets):
        inside = (positions >= first) & (positions < last)
        examples += training_examples(
            token_ids[positions[inside]], windows[inside], parameters.architecture
        )
    return examples


@every_mode
@pytest.mark.parametrize("cbow_mean", [True, False])
def test_the_first_small_steps_are_the_sum_of_the_reference_gradients(
    corpus, architecture, objective, cbow_mean
):
    rate = 1e-9
    parameters = TrainingParameters(
        vector_size=6, architecture=architecture, objective=objective, window=3, negative=0,
        sample=0.02, cbow_mean=cbow_mean, epochs=1, learning_rate=rate, min_learning_rate=rate,
    )  # fmt: skip
    embedding = train(
        *corpus, parameters, seed=3, plan=plan_of(parameters, corpus), dtype=np.float64
    )
    counts = corpus[2]
    W = initial_vectors(len(counts), 6, 3, np.dtype(np.float64))[:, :6]
    U = np.zeros_like(embedding.output_vectors)
    tree = build_huffman_tree(counts)
    gradient, losses = np.zeros_like(U), []
    for context, word in reference_examples(corpus, parameters, seed=3):
        target = tree.path(word) if objective == "hierarchical_softmax" else (word, [])
        losses.append(cbow_loss(W, U, context, objective, target, cbow_mean))
        gradient += cbow_gradient(W, U, context, objective, target, cbow_mean)[1]
    assert_allclose(embedding.output_vectors / -rate, gradient, rtol=1e-5, atol=1e-6)
    assert_allclose(embedding.input_vectors, W, atol=1e-9)
    assert_allclose(embedding.loss_curve, [np.mean(losses)], rtol=1e-6)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_each_prediction_is_contrasted_with_as_many_noise_words_as_asked_for(corpus, architecture):
    parameters = TrainingParameters(
        architecture=architecture, negative=7, epochs=1, learning_rate=1e-9,
        min_learning_rate=1e-9, sample=0,
    )  # fmt: skip
    embedding = train(*corpus, parameters, seed=3, plan=plan_of(parameters, corpus))
    words = [word for _, word in reference_examples(corpus, parameters, seed=3)]
    # A noise word that is the predicted word itself does not count.
    collisions = noise_distribution(corpus[2], 0.75)[words].mean()
    assert_allclose(embedding.loss_curve, [np.log(2) * (1 + 7 * (1 - collisions))], rtol=0.01)


@every_mode
def test_documents_of_one_token_teach_nothing(architecture, objective):
    corpus = encode([[word] for word in 300 * [0, 1, 2]], 3)
    embedding = train_small(corpus, architecture=architecture, objective=objective)
    start = initial_vectors(3, 20, 1, np.dtype(np.float32))[:, :20]
    assert_array_equal(embedding.input_vectors, start)
    assert_array_equal(embedding.output_vectors, 0)
    assert embedding.loss_curve == [0.0, 0.0, 0.0]


@every_mode
@pytest.mark.parametrize("n_words", [1, 2])
def test_vocabularies_of_one_and_two_words_train(architecture, objective, n_words, rng):
    corpus = encode([rng.integers(n_words, size=700)], n_words)
    embedding = train_small(
        corpus, architecture=architecture, objective=objective, sample=0, n_threads=2
    )
    assert embedding.input_vectors.shape == (n_words, 20)
    assert np.isfinite(embedding.input_vectors).all()
    assert np.isfinite(embedding.output_vectors).all()
    assert np.isfinite(embedding.loss_curve).all()


# --- Random numbers ------------------------------------------------------------------------------


def hash_by_plain_integers(key, counter):
    """Return what `random_bits` should, in Python's integers of any size."""

    def mix(bits):
        bits ^= bits >> 16
        bits = bits * 0x7FEB352D % 2**32
        bits ^= bits >> 15
        bits = bits * 0x846CA68B % 2**32
        return bits ^ (bits >> 16)

    return mix((mix((key ^ counter) % 2**32) + (key >> 32) + (counter >> 32)) % 2**32)


def test_random_bits_are_the_same_hash_for_small_and_for_enormous_counters(rng):
    keys = [0, 1, *map(int, rng.integers(2**62, size=10)), 2**62 - 1]
    edges = [0, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**40, 2**61, 2**62 - 1]
    for key in keys:
        for counter in [*edges, *map(int, rng.integers(2**62, size=10))]:
            assert random_bits(key, counter) == hash_by_plain_integers(key, counter)


@pytest.mark.parametrize("first", [0, 2**31 - 20_000, 2**40])
def test_random_bits_are_uniform_in_all_their_parts(first, rng):
    key = int(rng.integers(2**62))
    bits = np.array([random_bits(key, first + k) for k in range(40_000)])
    assert bits.min() >= 0
    assert bits.max() < 2**32
    for shift in (0, 8, 16, 24):
        assert chisquare(np.bincount(bits >> shift & 255, minlength=256)).pvalue > SIGNIFICANCE
    followers = np.bincount((bits[:-1] >> 28) * 16 + (bits[1:] >> 28), minlength=256)
    assert chisquare(followers).pvalue > SIGNIFICANCE


@pytest.mark.parametrize("exponent", [0.75, 0.0, -0.5])
def test_noise_words_are_drawn_with_the_frequencies_of_the_noise_distribution(exponent, rng):
    probabilities = noise_distribution(1000 // np.arange(1, 41), exponent)
    table = build_alias_table(probabilities)
    key = int(rng.integers(2**62))
    draws = [draw_noise(*table, key, k) for k in range(60_000)]
    observed = np.bincount(draws, minlength=40)
    assert chisquare(observed, 60_000 * probabilities).pvalue > SIGNIFICANCE


@pytest.fixture(scope="module")
def sampled():
    """Sample a corpus of 200,000 tokens in one piece: `sampled(seed, epoch, ...)`."""
    token_ids, offsets, counts = encode(
        random_documents([100_000, 100_000], 50, np.random.default_rng(0)), 50
    )
    tokens = make_tokens(len(token_ids))

    def sample(seed, epoch=0, **changes):
        sampling = make_sampling(counts, TrainingParameters(**changes), seed)(epoch)
        n_tokens, _, _ = kernels.sample_chunk(
            0, len(token_ids), token_ids, offsets, sampling, tokens
        )
        return [field[:n_tokens].copy() for field in tokens[:3]]

    sample.counts, sample.token_ids = counts, token_ids
    return sample


def test_tokens_survive_subsampling_with_the_frequency_of_the_formula(sampled, global_random_seed):
    counts = sampled.counts
    keep = np.array([keep_probability(count, counts.sum(), 1e-2) for count in counts])
    _, words, _ = sampled(global_random_seed, sample=1e-2)
    kept = np.bincount(words, minlength=50)
    assert_array_equal(kept[keep == 1], counts[keep == 1])
    rare, expected = keep < 1, counts * keep
    assert 5 < rare.sum() < 50
    distance = ((kept - expected)[rare] ** 2 / (expected * (1 - keep))[rare]).sum()
    assert chi2.sf(distance, df=rare.sum()) > SIGNIFICANCE


def test_subsampling_draws_anew_in_each_epoch(sampled, global_random_seed):
    is_first = sampled.token_ids == 0  # the most frequent word
    p = keep_probability(sampled.counts[0], sampled.counts.sum(), 1e-2)
    kept = []
    for epoch in (0, 1):
        positions, _, _ = sampled(global_random_seed, epoch, sample=1e-2)
        kept.append(np.isin(np.arange(len(is_first)), positions)[is_first])
    observed = np.bincount(2 * kept[0] + kept[1], minlength=4)
    expected = np.outer([1 - p, p], [1 - p, p]).ravel() * is_first.sum()
    assert chisquare(observed, expected).pvalue > SIGNIFICANCE


def test_without_subsampling_every_token_stays(sampled):
    positions, words, _ = sampled(0, sample=0)
    assert_array_equal(positions, np.arange(len(sampled.token_ids)))
    assert_array_equal(words, sampled.token_ids)


@pytest.mark.parametrize("window", [2, 5, 8])
def test_windows_shrink_uniformly(sampled, window, global_random_seed):
    _, words, reach = sampled(global_random_seed, sample=0, window=window)
    assert (reach.min(), reach.max()) == (1, window)
    assert chisquare(np.bincount(reach)[1:]).pvalue > SIGNIFICANCE
    assert chisquare(np.bincount(reach[words == 0])[1:]).pvalue > SIGNIFICANCE
    _, _, later = sampled(global_random_seed, 1, sample=0, window=window)
    together = np.bincount((reach - 1) * window + later - 1, minlength=window**2)
    assert chisquare(together).pvalue > SIGNIFICANCE


def test_windows_that_do_not_shrink_are_all_as_wide_as_asked_for(sampled):
    _, _, reach = sampled(0, window=5, shrink_windows=False)
    assert_array_equal(reach, 5)


def test_chunks_beyond_two_thousand_million_tokens_are_sampled_like_any_other():
    first = 2**31 - 30  # where a long document starts
    n_tokens = 2**31 + 2**20
    token_ids = np.broadcast_to(np.int32(0), n_tokens)  # as good as no memory
    offsets = np.array([0, 5, first, 2**31 + 35, n_tokens])
    parameters = TrainingParameters(window=8, sample=0.5)
    sampling = make_sampling(np.array([n_tokens]), parameters, seed=1)(0)
    sampling = sampling._replace(keep=np.array([0.8], np.float32))
    tokens = make_tokens(100)
    start, stop = 2**31 - 20, 2**31 + 20
    n_sampled, own_begin, own_end = kernels.sample_chunk(
        start, stop, token_ids, offsets, sampling, tokens
    )
    survive = [
        position
        for position in range(first, 2**31 + 35)
        if hash_by_plain_integers(sampling.token_key, position) / 2**32 < np.float32(0.8)
    ]
    own = [position for position in survive if start <= position < stop]
    left = [position for position in survive if position < start][-8:]
    right = [position for position in survive if position >= stop][:8]
    assert len(left) > 0
    assert len(right) == 8
    assert_array_equal(tokens.positions[:n_sampled], left + own + right)
    assert (own_begin, own_end) == (len(left), len(left) + len(own))
    assert_array_equal(
        tokens.reach[:n_sampled],
        [
            1 + hash_by_plain_integers(sampling.window_key, position) * 8 // 2**32
            for position in left + own + right
        ],
    )
    assert_array_equal(tokens.begin[:n_sampled], 0)
    assert_array_equal(tokens.end[:n_sampled], n_sampled)


# --- Schedule, reports, loss ---------------------------------------------------------------------


def test_the_learning_rate_falls_along_a_straight_line_to_its_floor(corpus, monkeypatch):
    parameters = TrainingParameters(epochs=3, learning_rate=0.08, min_learning_rate=0.02)
    signature = inspect.signature(kernels.train_chunks)
    calls = []

    def train_chunks(*arguments):
        named = signature.bind(*arguments).arguments
        for place, rate in enumerate(named["learning_rates"]):
            calls.append((named["round_start"] + place * named["chunk_tokens"], rate))

    monkeypatch.setattr(kernels, "train_chunks", train_chunks)
    monkeypatch.setattr(kernels, "train_rounds", kernels.train_rounds.py_func)
    train(*corpus, parameters, seed=0, plan=plan_of(parameters, corpus))
    n_tokens = len(corpus[0])
    starts = 3 * list(range(0, n_tokens, 100))
    assert [start for start, _ in calls] == starts
    rates = [
        decayed_learning_rate(0.08, 0.02, n_tokens * epoch + start, 3 * n_tokens)
        for epoch in range(3)
        for start in range(0, n_tokens, 100)
    ]
    assert_allclose([rate for _, rate in calls], rates, rtol=1e-6)
    assert rates[0] == 0.08
    assert rates.count(0.02) > 1
    assert {type(rate) for _, rate in calls} == {np.float32}


def test_progress_is_reported_after_each_round(corpus):
    reports = []
    embedding = train_small(corpus, epochs=2, report=lambda *report: reports.append(report))
    n_tokens = len(corpus[0])
    rounds = [min(500, n_tokens - start) for start in range(0, n_tokens, 500)]
    assert rounds[-1] < 500
    assert [done for done, _ in reports] == 2 * rounds
    assert [reports[len(rounds) - 1][1], reports[-1][1]] == embedding.loss_curve


@every_mode
def test_words_of_two_groups_have_their_neighbours_in_their_own_group_and_the_loss_falls(
    architecture, objective, global_random_seed
):
    rng = np.random.default_rng(global_random_seed)
    documents = [rng.integers(10, size=10) + 10 * (k % 2) for k in range(400)]
    embedding = train_small(
        encode(documents, 20), seed=global_random_seed, n_threads=2, architecture=architecture,
        objective=objective, sample=0, epochs=10,
    )  # fmt: skip
    vectors = embedding.input_vectors
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    similarities = vectors @ vectors.T
    np.fill_diagonal(similarities, -np.inf)
    assert_array_equal(similarities.argmax(axis=1) // 10, np.arange(20) // 10)
    assert len(embedding.loss_curve) == 10
    assert embedding.loss_curve[-1] < 0.92 * embedding.loss_curve[0]


@every_mode
def test_float32_is_the_same_training_with_coarser_rounding(corpus, architecture, objective):
    mode = {"architecture": architecture, "objective": objective}
    coarse = train_small(corpus, **mode)
    fine = train_small(corpus, **mode, dtype=np.float64)
    n_outputs = 59 if objective == "hierarchical_softmax" else 60
    assert coarse.input_vectors.shape == (60, 20)
    assert coarse.output_vectors.shape == (n_outputs, 20)
    assert (coarse.input_vectors.dtype, coarse.output_vectors.dtype) == (np.float32, np.float32)
    assert (fine.input_vectors.dtype, fine.output_vectors.dtype) == (np.float64, np.float64)
    assert_allclose(coarse.input_vectors, fine.input_vectors, atol=1e-4)
    assert_allclose(coarse.output_vectors, fine.output_vectors, atol=1e-4)
    assert_allclose(coarse.loss_curve, fine.loss_curve, rtol=1e-4)
    assert not np.array_equal(coarse.input_vectors, fine.input_vectors)


# --- Threads -------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_threads", [1, 2, 5])
def test_each_task_of_each_phase_is_done_once_and_after_the_phase_before(n_threads):
    done = []

    def work(team, thread):
        for phase in range(20):
            for task in team.share(7):
                time.sleep(0.001 * (task == phase % 7))  # somebody is late
                done.append((phase, task))
            team.wait()

    run_in_threads(work, n_threads)
    assert [phase for phase, _ in done] == sorted(7 * list(range(20)))
    assert sorted(done) == [(phase, task) for phase in range(20) for task in range(7)]


def test_one_thread_is_the_caller():
    threads = []
    run_in_threads(lambda team, thread: threads.append(threading.current_thread()), 1)
    assert threads == [threading.current_thread()]


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_a_failing_thread_raises_its_own_exception_and_ends_the_others(failing):
    phases = []

    def work(team, thread):
        for phase in range(10**9):
            phases.append(phase)
            if thread == failing and phase == 3:
                raise LookupError(f"thread {thread}")
            team.wait()

    with pytest.raises(LookupError, match=f"thread {failing}"):
        run_in_threads(work, 3)
    assert our_threads() == []
    assert max(phases) == 3


def test_threads_without_patience_rest_and_train_the_same(corpus, monkeypatch):
    expected = train_small(corpus)
    rests = []
    rest = threads.Team.rest
    monkeypatch.setattr(threads, "PATIENCE", 0)
    monkeypatch.setattr(threads, "LITTLE_PATIENCE", 0)
    monkeypatch.setattr(threads, "REST_SECONDS", 1e-5)
    monkeypatch.setattr(threads.Team, "rest", lambda team, n: (rests.append(n), rest(team, n)))

    def report(n_tokens, loss):
        time.sleep(0.001)  # the others have to wait

    embedding = train_small(corpus, n_threads=3, report=report)
    assert_array_equal(embedding.input_vectors, expected.input_vectors)
    assert_array_equal(embedding.output_vectors, expected.output_vectors)
    assert len(rests) > 10
    assert rests.count(0) > 10  # it counts anew in each wait
    assert max(rests) > 1


def test_more_threads_than_cores_have_little_patience(monkeypatch):
    monkeypatch.setattr(threads, "cpu_count", lambda: 4)
    assert threads.Team(1).patience == threads.Team(4).patience == threads.PATIENCE
    assert threads.Team(5).patience == threads.LITTLE_PATIENCE


def test_nobody_rests_in_a_team_that_is_disbanded():
    team = threads.Team(2)
    team.rest(0)
    team.disband()
    assert team.state[kernels.BROKEN] == 1
    with pytest.raises(threading.BrokenBarrierError):
        team.rest(0)


def test_rests_grow_longer_up_to_a_bound(monkeypatch):
    slept = []
    monkeypatch.setattr(time, "sleep", slept.append)
    team = threads.Team(2)
    for n_rests in (0, 1, 2, 1000):
        team.rest(n_rests)
    assert slept[1:3] == [2 * slept[0], 4 * slept[0]]
    assert slept[3] < 0.01


def test_a_thread_that_cannot_be_started_ends_those_that_were(monkeypatch):
    start = threading.Thread.start

    def start_all_but_the_second(thread):
        if thread.name == "skw2v-2":
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_all_but_the_second)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        run_in_threads(lambda team, thread: team.wait(), 3)
    assert our_threads() == []


@pytest.mark.parametrize("n_threads", [2, 4])
def test_a_thread_that_fails_while_training_raises_in_the_caller(corpus, n_threads, monkeypatch):
    compiled = kernels.train_rounds
    failed = threading.Event()

    def train_rounds(*arguments):
        if threading.current_thread() is not threading.main_thread():
            failed.set()
            raise ZeroDivisionError("in a helper")
        assert failed.wait(timeout=60)
        return compiled(*arguments)

    monkeypatch.setattr(kernels, "train_rounds", train_rounds)
    with pytest.raises(ZeroDivisionError, match="in a helper"):
        train_small(corpus, n_threads=n_threads)
    assert our_threads() == []


def test_a_report_that_fails_ends_training(corpus):
    seen = []

    def report(n_tokens, loss):
        seen.append(our_threads())
        raise ZeroDivisionError("in a report")

    with pytest.raises(ZeroDivisionError, match="in a report"):
        train_small(corpus, n_threads=3, report=report)
    assert seen == [["skw2v-1", "skw2v-2"]]
    assert our_threads() == []


@pytest.mark.parametrize("n_threads", [1, 3])
@pytest.mark.parametrize(
    ("architecture", "objective"),
    [*MODES, ("skipgram", "softmax"), ("cbow", "softmax")],
)
def test_control_c_ends_training_at_once_and_leaves_no_thread(
    corpus, architecture, objective, n_threads, monkeypatch
):
    monkeypatch.setattr(softmax, "PANEL_WORDS", 20)
    reports, interrupted = [], []

    def interrupt():
        interrupted.append(time.monotonic())
        signal.raise_signal(signal.SIGINT)

    timer = threading.Timer(0.05, interrupt)
    deadline = time.monotonic() + 60

    def report(n_tokens, loss):
        reports.append(our_threads())
        if len(reports) == 3:
            timer.start()
        assert time.monotonic() < deadline, "nobody heard the interrupt"

    try:
        with pytest.raises(KeyboardInterrupt):
            train_small(
                corpus, n_threads=n_threads, report=report, architecture=architecture,
                objective=objective, epochs=10**9,
            )  # fmt: skip
    finally:
        timer.cancel()
    # One second, and several more for a busy machine.
    assert time.monotonic() - interrupted[0] < 10
    assert len(reports[0]) == n_threads - 1
    assert our_threads() == []


# --- Compilation ---------------------------------------------------------------------------------

COUNT_SIGNATURES = """
import itertools
import numpy as np
from skw2v.training import kernels
from skw2v.training.parameters import TrainingParameters, plan_rounds
from skw2v.training.trainer import train

rng = np.random.default_rng(0)

def run(dtype, n_words=30, n_threads=2, **changes):
    token_ids = rng.integers(n_words, size=500, dtype=np.int32)
    parameters = TrainingParameters(epochs=1, **changes)
    plan = plan_rounds(parameters, 500)._replace(chunk_tokens=100, chunks_per_round=3)
    counts = np.bincount(token_ids, minlength=n_words)
    offsets = np.array([0, 100, 500])
    train(token_ids, offsets, counts, parameters, seed=n_words, n_threads=n_threads, plan=plan,
          dtype=dtype)

def signatures():
    return {
        name: tuple(member.signatures)
        for name, member in vars(kernels).items()
        if getattr(member, "signatures", ())
    }

def run_all(dtype):
    for architecture, objective in itertools.product(
        ("skipgram", "cbow"), ("negative_sampling", "hierarchical_softmax", "softmax")
    ):
        mode = {"architecture": architecture, "objective": objective}
        run(dtype, **mode)
        run(dtype, **mode, vector_size=7, window=2, negative=2, sample=0, cbow_mean=False)
        run(dtype, **mode, n_words=5, n_threads=1, shrink_windows=False, ns_exponent=0)
        run(dtype, **mode, sample=1, learning_rate=1, min_learning_rate=0, window=1, vector_size=64)

run(np.float32)
run(np.float32, objective="softmax")
first = signatures()
run_all(np.float32)
assert signatures() == first, "compiled again for float32"
run(np.float64)
second = signatures()
run_all(np.float64)
assert signatures() == second, "compiled again for float64"
print(len(second["train_rounds"]), len(second["sample_chunk"]))
"""


def test_kernels_are_compiled_once_for_each_type_whatever_the_parameters():
    result = subprocess.run(
        [sys.executable, "-c", COUNT_SIGNATURES], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == ["2", "1"]


WITHOUT_A_CACHE = """
import warnings
from numba.core import caching

def refuse(locator):
    raise OSError("read-only file system")

caching._CacheLocator.ensure_cache_path = refuse

from skw2v._compiling import kernel

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    double = kernel(lambda x: 2 * x)
assert double(3) == 6
print(*(warning.message for warning in caught))
"""


def test_code_that_cannot_be_kept_is_compiled_all_the_same():
    result = subprocess.run(
        [sys.executable, "-c", WITHOUT_A_CACHE], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "Set the environment variable NUMBA_CACHE_DIR" in result.stdout
