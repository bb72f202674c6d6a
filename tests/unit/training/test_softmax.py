"""Full softmax: steps against the reference and finite differences, threads, memory, structure."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import (
    cbow_gradient,
    cbow_loss,
    context_positions,
    numerical_gradient,
    softmax_loss,
    softmax_probabilities,
    window_pairs,
)
from runs import as_bytes, our_threads
from threadpoolctl import threadpool_info, threadpool_limits

from skw2v.training import kernels, softmax
from skw2v.training.embedding import initial_vectors, make_sampling, make_tokens
from skw2v.training.parameters import TrainingParameters, plan_rounds
from skw2v.training.run import Job
from skw2v.training.softmax import check_logits_fit
from skw2v.training.threads import Team, single_blas_thread
from skw2v.training.trainer import train

SENTENCE = (
    "after the deduction of the costs of investing beating the stock market is a loser's game"
)
ARCHITECTURES = ("skipgram", "cbow")
MODES = [("skipgram", True), ("skipgram", False), ("cbow", True), ("cbow", False)]
LEARNING_RATES = {("skipgram", True): 0.1, ("skipgram", False): 0.1, ("cbow", True): 0.4,
                  ("cbow", False): 0.1}  # fmt: skip


def parameters_of(**changes):
    """Return parameters without anything random, for the full softmax."""
    plain = {"objective": "softmax", "sample": 0, "shrink_windows": False}
    return TrainingParameters(**(plain | changes))


def encode(documents, n_words):
    """Return token ids, offsets and counts of documents of word ids."""
    token_ids = np.array([word for document in documents for word in document], np.int32)
    offsets = np.cumsum([0, *map(len, documents)])
    return token_ids, offsets, np.bincount(token_ids, minlength=n_words)


@pytest.fixture
def corpus():
    """Eleven words, 120 tokens: windows and blocks meet documents of all lengths."""
    rng = np.random.default_rng(0)
    lengths = [0, 1, 30, 0, 2, 47, 1, 39, 0]
    return encode([rng.integers(11, size=n) for n in lengths], 11)


@pytest.fixture
def several_panels(monkeypatch):
    """Cut the eleven words into panels of 4, 4 and 3 words."""
    monkeypatch.setattr(softmax, "PANEL_WORDS", 4)


@pytest.fixture
def short_chunks(monkeypatch):
    """Cut the corpus into chunks of 50 tokens, not a whole number of blocks."""
    assert 50 % softmax.BLOCK_TOKENS > 0

    def plan(parameters, n_tokens):
        return plan_rounds(parameters, n_tokens)._replace(chunk_tokens=50)

    monkeypatch.setattr(softmax, "plan_rounds", plan)


def sample_corpus(token_ids, offsets, sampling):
    """Return the positions, words, reaches and documents (first, last) of all surviving tokens."""
    tokens = make_tokens(len(token_ids))
    n_tokens, _, _ = kernels.sample_chunk(0, len(token_ids), token_ids, offsets, sampling, tokens)
    positions, words, reach, begin, end = (field[:n_tokens] for field in tokens[:5])
    return positions, words, reach, sorted(set(zip(begin, end, strict=True)))


def block_examples(block, words, pairs, architecture):
    """List the examples (context words, centre word) that the tokens of a block stand for."""
    if architecture == "skipgram":
        return [([words[i]], words[j]) for i, j in pairs if i in block]
    contexts = {centre: [words[i] for i, j in pairs if j == centre] for centre in block}
    return [(context, words[centre]) for centre, context in contexts.items() if context]


def reference_training(corpus, parameters, seed, chunk_tokens):
    """Train with the reference's gradients: one step for each block, the sum of its examples."""
    token_ids, offsets, counts = corpus
    size, mean = parameters.vector_size, parameters.cbow_mean
    W = initial_vectors(len(counts), size, seed, np.dtype(np.float64))[:, :size]
    U = np.zeros_like(W)
    sampling = make_sampling(counts, parameters, seed)
    loss_curve = []
    for epoch in range(parameters.epochs):
        positions, words, reach, documents = sample_corpus(token_ids, offsets, sampling(epoch))
        pairs = [
            (first + context, first + centre)
            for first, last in documents
            for context, centre in window_pairs(reach[first:last])
        ]
        losses = []
        for start in range(0, len(token_ids), chunk_tokens):
            progress = (epoch + start / len(token_ids)) / parameters.epochs
            learning_rate = parameters.learning_rate_at(progress)
            own = np.flatnonzero((positions >= start) & (positions < start + chunk_tokens))
            for k in range(0, len(own), softmax.BLOCK_TOKENS):
                W_step, U_step = np.zeros_like(W), np.zeros_like(U)
                block = own[k : k + softmax.BLOCK_TOKENS].tolist()
                for context, word in block_examples(block, words, pairs, parameters.architecture):
                    losses.append(cbow_loss(W, U, context, "softmax", (word,), mean))
                    W_gradient, U_gradient = cbow_gradient(W, U, context, "softmax", (word,), mean)
                    W_step -= learning_rate * W_gradient
                    U_step -= learning_rate * U_gradient
                W, U = W + W_step, U + U_step
        loss_curve.append(np.mean(losses))
    return W, U, loss_curve


# --- The steps -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("architecture", "cbow_mean"), MODES)
@pytest.mark.parametrize("random_parts", [{}, {"sample": 0.1, "shrink_windows": True}])
@pytest.mark.parametrize("panel_words", [4, 4096])
@pytest.mark.usefixtures("short_chunks")
def test_training_is_block_after_block_the_sum_of_the_reference_gradients(
    corpus, architecture, cbow_mean, random_parts, panel_words, monkeypatch
):
    monkeypatch.setattr(softmax, "PANEL_WORDS", panel_words)
    parameters = parameters_of(
        architecture=architecture, cbow_mean=cbow_mean, vector_size=3, window=3, epochs=4,
        learning_rate=LEARNING_RATES[architecture, cbow_mean], **random_parts,
    )  # fmt: skip
    embedding = train(*corpus, parameters, seed=7, dtype=np.float64)
    W, U, loss_curve = reference_training(corpus, parameters, 7, chunk_tokens=50)
    assert np.abs(U).max() > 0.1  # far enough from zero that all terms matter
    assert_allclose(embedding.input_vectors, W, rtol=1e-10, atol=1e-12)
    assert_allclose(embedding.output_vectors, U, rtol=1e-10, atol=1e-12)
    assert_allclose(embedding.loss_curve, loss_curve, rtol=1e-12)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.usefixtures("several_panels", "short_chunks")
def test_float32_is_the_same_training_with_coarser_rounding(corpus, architecture):
    parameters = parameters_of(architecture=architecture, vector_size=20, learning_rate=0.1)
    coarse = train(*corpus, parameters, seed=7)
    fine = train(*corpus, parameters, seed=7, dtype=np.float64)
    assert (coarse.input_vectors.dtype, coarse.output_vectors.dtype) == (np.float32, np.float32)
    assert (fine.input_vectors.dtype, fine.output_vectors.dtype) == (np.float64, np.float64)
    assert_allclose(coarse.input_vectors, fine.input_vectors, atol=1e-5)
    assert_allclose(coarse.output_vectors, fine.output_vectors, atol=1e-5)
    assert_allclose(coarse.loss_curve, fine.loss_curve, rtol=1e-6)


@pytest.fixture
def large_blocks(monkeypatch):
    """Make a block of up to 16 tokens."""
    monkeypatch.setattr(softmax, "BLOCK_TOKENS", 16)


def make_step(document, n_words, parameters, dtype=np.float64):
    """Return a function that learns one document as one block.

    It takes input vectors, output vectors and a learning rate, and returns the moved vectors and
    the loss before.
    """
    job = Job(*encode([document], n_words), parameters, seed=0, dtype=np.dtype(dtype))
    run = softmax._Run(job)
    [block] = run._blocks(0, len(document), run.sampling(0), run.make_scratch())

    def step(W, U, learning_rate):
        run.input_vectors[:], run.output_vectors[:] = W, U
        loss = run._step(Team(1), 0, block, learning_rate)
        return run.input_vectors.copy(), run.output_vectors.copy(), loss

    return step


@pytest.mark.parametrize(("architecture", "cbow_mean"), MODES)
@pytest.mark.usefixtures("several_panels", "large_blocks")
def test_a_step_goes_down_the_gradient_by_finite_differences(architecture, cbow_mean):
    rng = np.random.default_rng(1)
    W, U = rng.normal(size=(2, 11, 4))
    parameters = parameters_of(
        architecture=architecture, cbow_mean=cbow_mean, vector_size=4, window=2
    )
    step = make_step(rng.integers(11, size=16), 11, parameters)
    rate = 1e-3  # no step is so long that it is shortened
    W_after, U_after, _ = step(W, U, learning_rate=rate)
    W_gradient = numerical_gradient(lambda: step(W, U, 0.0)[2], W)
    U_gradient = numerical_gradient(lambda: step(W, U, 0.0)[2], U)
    assert_allclose(W_after, W - rate * W_gradient, atol=1e-9)
    assert_allclose(U_after, U - rate * U_gradient, atol=1e-9)


@pytest.mark.usefixtures("several_panels", "large_blocks")
def test_no_row_moves_further_than_the_longest_step():
    rng = np.random.default_rng(1)
    W, U = rng.normal(size=(2, 11, 4))
    step = make_step(np.arange(11), 11, parameters_of(vector_size=4, window=2))
    W_after, U_after, _ = step(W, U, learning_rate=100.0)
    for before, after in ((W, W_after), (U, U_after)):
        lengths = np.linalg.norm(after - before, axis=1)
        assert lengths.max() <= softmax.MAX_STEP * (1 + 1e-12)
        assert lengths.max() > 0.3 * softmax.MAX_STEP


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.usefixtures("several_panels")
def test_enormous_logits_do_not_overflow(dtype):
    step = make_step([0, 10], 11, parameters_of(vector_size=1), dtype)
    W = np.zeros((11, 1))
    W[0], W[10] = 1e3, -1e3
    U = np.linspace(-1e3, 1e3, 11)[:, np.newaxis]
    W_after, U_after, loss = step(W, U, learning_rate=1e-9)
    # Word 10 is as good as certain given word 0, and word 0 given word 10.
    assert loss == 0
    assert_array_equal(W_after, W.astype(dtype))
    W[0], W[10] = -1e3, 1e3
    W_after, U_after, loss = step(W, U, learning_rate=1e-9)
    assert_allclose(loss, softmax_loss(W[0], U, 10) + softmax_loss(W[10], U, 0))
    assert_allclose(loss, 2 * 2e6)
    assert np.isfinite(W_after).all()
    assert np.isfinite(U_after).all()


def test_a_corpus_without_pairs_leaves_the_vectors_and_a_loss_of_zero():
    parameters = parameters_of(vector_size=4, epochs=2)
    for architecture in ARCHITECTURES:
        embedding = train(
            *encode([[], [0], [], [1], [1], []], 2),
            parameters_of(architecture=architecture, vector_size=4, epochs=2),
            seed=3,
        )
        start = initial_vectors(2, parameters.vector_size, 3, np.dtype(np.float32))[:, :4]
        assert_array_equal(embedding.input_vectors, start)
        assert_array_equal(embedding.output_vectors, 0)
        assert embedding.loss_curve == [0.0, 0.0]


def test_the_first_loss_is_that_of_guessing(corpus):
    embedding = train(*corpus, parameters_of(epochs=1, learning_rate=1e-9), seed=0)
    assert_allclose(embedding.loss_curve, [np.log(11)], rtol=1e-6)


@pytest.mark.usefixtures("short_chunks")
def test_progress_is_reported_after_each_chunk(corpus):
    reports = []
    embedding = train(
        *corpus, parameters_of(epochs=2), seed=0, report=lambda *report: reports.append(report)
    )
    assert [n_tokens for n_tokens, _ in reports] == 2 * [50, 50, 20]
    assert [reports[2][1], reports[5][1]] == embedding.loss_curve


# --- What is learned -----------------------------------------------------------------------------


def test_the_neighbours_of_each_word_of_a_sentence_are_its_most_probable_predictions():
    words = list(dict.fromkeys(SENTENCE.split()))
    tokens = [words.index(word) for word in SENTENCE.split()]
    parameters = parameters_of(window=3, vector_size=10, epochs=300, learning_rate=0.1)
    embedding = train(*encode([tokens], len(words)), parameters, seed=0)
    for word, vector in enumerate(embedding.input_vectors):
        pairs = Counter(
            tokens[other]
            for position in range(len(tokens))
            if tokens[position] == word
            for other in context_positions(position, 3, len(tokens))
        )
        probabilities = softmax_probabilities(vector, embedding.output_vectors)
        best = np.argsort(-probabilities)[: len(pairs)]
        assert set(best) == set(pairs), words[word]
        share = [pairs[other] / pairs.total() for other in range(len(words))]
        assert_allclose(probabilities, share, atol=0.05)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_words_of_two_groups_have_their_neighbours_in_their_own_group(
    architecture, global_random_seed
):
    rng = np.random.default_rng(global_random_seed)
    documents = [rng.integers(6, size=8) + 6 * (k % 2) for k in range(150)]
    parameters = parameters_of(
        architecture=architecture, vector_size=8, window=3, epochs=10, learning_rate=0.1
    )
    embedding = train(*encode(documents, 12), parameters, seed=global_random_seed)
    vectors = embedding.input_vectors
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    similarities = vectors @ vectors.T
    np.fill_diagonal(similarities, -np.inf)
    assert_array_equal(similarities.argmax(axis=1) // 6, np.arange(12) // 6)
    assert_allclose(embedding.loss_curve[-1], np.log(6), rtol=0.02)
    assert embedding.loss_curve[0] > 1.03 * np.log(6)


# --- Threads -------------------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.usefixtures("several_panels")
def test_vectors_and_losses_are_the_same_bytes_for_any_number_of_threads(corpus, architecture):
    parameters = parameters_of(
        architecture=architecture, vector_size=24, sample=0.05, shrink_windows=True
    )
    results = {
        n_threads: as_bytes(train(*corpus, parameters, seed=5, n_threads=n_threads))
        for n_threads in (1, 2, 3, 4)
    }
    assert results[2] == results[1]
    assert results[3] == results[1]
    assert results[4] == results[1]
    assert as_bytes(train(*corpus, parameters, seed=5)) == results[1]
    assert as_bytes(train(*corpus, parameters, seed=6)) != results[1]


@pytest.mark.usefixtures("several_panels")
def test_two_trainings_at_once_give_what_each_gives_alone(corpus):
    def result(seed):
        parameters = parameters_of(vector_size=24, epochs=10)
        return as_bytes(train(*corpus, parameters, seed=seed, n_threads=2))

    alone = [result(seed) for seed in (1, 2)]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(result, (1, 2)))
    assert together == alone


@pytest.mark.parametrize(
    ("panel_words", "helpers"), [(11, []), (6, ["skw2v-1"]), (3, ["skw2v-1", "skw2v-2"])]
)
def test_there_are_no_more_threads_than_panels(corpus, panel_words, helpers, monkeypatch):
    monkeypatch.setattr(softmax, "PANEL_WORDS", panel_words)
    seen = []
    train(
        *corpus,
        parameters_of(epochs=2),
        seed=0,
        n_threads=3,
        report=lambda *_: seen.append(our_threads()),
    )
    assert seen[0] == helpers
    assert our_threads() == []


def blas_threads():
    """Return the numbers of threads that the loaded BLAS libraries may use."""
    return {
        library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"
    }


def test_blas_has_one_thread_while_training_and_its_own_number_again_afterwards(corpus):
    seen = []
    with threadpool_limits(2, user_api="blas"):
        train(*corpus, parameters_of(), seed=0, report=lambda *_: seen.append(blas_threads()))
        assert blas_threads() == {2}
        with pytest.raises(ZeroDivisionError):
            train(*corpus, parameters_of(), seed=0, report=lambda *_: 1 / 0)
        assert blas_threads() == {2}
    assert seen == 5 * [{1}]


def test_the_last_to_leave_gives_blas_its_threads_back():
    with threadpool_limits(2, user_api="blas"):
        single_blas_thread.__enter__()
        single_blas_thread.__enter__()
        single_blas_thread.__exit__()
        assert blas_threads() == {1}
        single_blas_thread.__exit__()
        assert blas_threads() == {2}


@pytest.mark.usefixtures("several_panels")
def test_a_failing_thread_raises_in_the_caller_and_leaves_no_thread(corpus, monkeypatch):
    score = softmax._Run._score_panel
    failed = threading.Event()

    def score_or_fail(run, *arguments):
        if threading.current_thread() is not threading.main_thread():
            failed.set()
            raise ZeroDivisionError("in a helper")
        score(run, *arguments)
        assert failed.wait(timeout=60)

    monkeypatch.setattr(softmax._Run, "_score_panel", score_or_fail)
    with pytest.raises(ZeroDivisionError, match="in a helper"):
        train(*corpus, parameters_of(), seed=0, n_threads=2)
    assert our_threads() == []


# --- Memory --------------------------------------------------------------------------------------


def test_logits_that_would_not_fit_in_memory_are_refused_before_any_work():
    counts = np.broadcast_to(np.int64(1), 2**27)  # as good as no memory

    def fail(*arguments):
        raise AssertionError("there should be nothing to report")

    with pytest.raises(
        ValueError,
        match=r"4 tokens for 134,217,728 words take 2 GiB, more than the 1 GiB allowed\. "
        r"Keep at most 67,108,864 words \(raise min_count or set max_vocab_size\), or use "
        r"objective='hierarchical_softmax' or 'negative_sampling'",
    ):
        train(np.zeros(5, np.int32), np.array([0, 5]), counts, parameters_of(), seed=0, report=fail)


def test_the_largest_vocabulary_allowed_depends_on_the_type():
    check_logits_fit(2**26, np.dtype(np.float32))
    check_logits_fit(2**25, np.dtype(np.float64))
    with pytest.raises(ValueError, match="67,108,865 words"):
        check_logits_fit(2**26 + 1, np.dtype(np.float32))
    with pytest.raises(ValueError, match="33,554,433 words"):
        check_logits_fit(2**25 + 1, np.dtype(np.float64))


@pytest.mark.parametrize(
    ("n_bytes", "text"),
    [(1023, "1.02e+03 bytes"), (64, "64 bytes"), (1536, "1.5 KiB"), (123 * 2**20, "123 MiB")],
)
def test_sizes_are_readable(n_bytes, text):
    assert softmax._readable(n_bytes) == text
