"""Train on the full softmax: exact cross-entropy over all words, by matrix products.

The probability of a word given a hidden vector h is softmax(U h), with a row of U for each word of
the vocabulary ([1]_, equations 2, 34 and 17 with the loss of 7 and 21). Each prediction costs as
much as the vocabulary is large, which the other two objectives were invented to avoid; for a small
vocabulary it is affordable, and the truth that they approximate.

The corpus is sampled as for the other objectives: the same tokens survive, and windows are as wide.
A few consecutive tokens are one step, from the vectors as they were before it. With X the hidden
vectors of the block's inputs, U the output vectors, t[n, w] how often input n is to predict word w
and c[n] the sum of t[n]::

    S = X U^T        G = t - c * softmax(S)        X += lr * G U        U += lr * G^T X

The step of a row is never longer than `MAX_STEP`: where a few words make up the corpus, the same
row is in many pairs of a block, and their sum would overshoot further with each block.

Under skip-gram each token is an input and predicts the centres whose windows it stands in, as in
word2vec.c. Under CBOW each token is a centre, and its input is the mean (or sum) of its context.

The vocabulary is cut into panels of fixed width. Threads share out the panels, the sums over panels
are taken in order, and the matrix products of one panel run in one thread: the vectors are the same
bytes for any number of threads.

References
----------
.. [1] Rong (2014). word2vec Parameter Learning Explained. arXiv:1411.2738, sections 1 and 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skw2v.training import kernels
from skw2v.training.embedding import Embedding, aligned_zeros, make_tokens
from skw2v.training.parameters import TrainingParameters, plan_rounds
from skw2v.training.run import Job, TrainingRun
from skw2v.training.threads import Team, run_in_threads, single_blas_thread

BLOCK_TOKENS = 4  # of a step: 16 train twice as fast, but learn less from each token
MAX_STEP = 1.0  # length of the longest step of a row in one block
PANEL_WORDS = 4096  # of the vocabulary, the work that one thread takes at a time
MAX_LOGITS_BYTES = 2**30  # of the matrix of a block's logits, which its gradient overwrites


def train_softmax(job: Job, n_threads: int) -> Embedding:
    """Train word vectors on an encoded corpus by the full softmax.

    Parameters
    ----------
    job : Job
        What to train; `negative` and `ns_exponent` are not used.
    n_threads : int
        Number of threads; of use from two panels of the vocabulary on. The vectors do not depend on
        it.

    Returns
    -------
    embedding : Embedding
        The vectors and the loss of each epoch, measured on every prediction.

    Raises
    ------
    ValueError
        If the logits of a block of tokens would take more than `MAX_LOGITS_BYTES`.
    """
    check_logits_fit(len(job.counts), job.dtype)
    run = _Run(job)
    with single_blas_thread:
        run_in_threads(run.work, min(n_threads, len(run.panels)))
    return run.embedding


def check_logits_fit(n_words: int, dtype: np.dtype[Any]) -> None:
    """Refuse a vocabulary whose logits would not fit in memory.

    Parameters
    ----------
    n_words : int
        Size of the vocabulary.
    dtype : dtype
        Floating type of the logits.

    Raises
    ------
    ValueError
        If the logits of a block of tokens would take more than `MAX_LOGITS_BYTES`.
    """
    bytes_per_word = BLOCK_TOKENS * dtype.itemsize
    if n_words * bytes_per_word > MAX_LOGITS_BYTES:
        raise ValueError(
            f"objective='softmax' scores every word of the vocabulary at once: the logits of "
            f"{BLOCK_TOKENS} tokens for {n_words:,} words take "
            f"{_readable(n_words * bytes_per_word)}, more than the "
            f"{_readable(MAX_LOGITS_BYTES)} allowed. Keep at most "
            f"{MAX_LOGITS_BYTES // bytes_per_word:,} words (raise min_count or set "
            "max_vocab_size), or use objective='hierarchical_softmax' or 'negative_sampling'."
        )


def _readable(n_bytes: int) -> str:
    """Write a number of bytes with a unit that leaves few digits."""
    size, unit = float(n_bytes), "bytes"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{size:.3g} {unit}"


class Block(NamedTuple):
    """What a few consecutive tokens are to learn.

    The hidden vector of input n is the sum over k with `input_rows[k] == n` of `input_weights[k]`
    times the vector of word `input_words[k]`: X = A W.
    """

    input_rows: NDArray[np.int64]  # (n_contexts,)
    input_words: NDArray[np.int32]
    input_weights: NDArray[Any]
    target_rows: NDArray[np.int64]  # (n_pairs,) each pair adds one to t[row, word]
    target_words: NDArray[np.int32]  # rising
    n_targets: NDArray[np.int64]  # (n_rows,) c

    def hidden_vectors(self, input_vectors: NDArray[Any]) -> NDArray[Any]:
        """Return X = A W."""
        terms = self.input_weights[:, np.newaxis] * input_vectors[self.input_words]
        hidden = np.zeros((len(self.n_targets), input_vectors.shape[1]), input_vectors.dtype)
        np.add.at(hidden, self.input_rows, terms)
        return hidden

    def move_inputs(
        self, steps: NDArray[Any], input_vectors: NDArray[Any], frozen: NDArray[np.bool_] | None
    ) -> None:
        """Add A^T E to W: a word that stands in the block twice moves twice, a frozen one never."""
        moved = slice(None) if frozen is None else ~frozen[self.input_words]
        terms = self.input_weights[moved, np.newaxis] * steps[self.input_rows[moved]]
        np.add.at(input_vectors, self.input_words[moved], terms)

    def targets_in(self, panel: slice) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the pairs whose word is in a panel, as rows and columns of the panel's matrix."""
        part = slice(*np.searchsorted(self.target_words, (panel.start, panel.stop)))
        return self.target_rows[part], self.target_words[part] - np.int64(panel.start)


def _shortened(lengths: NDArray[Any]) -> NDArray[Any]:
    """Return the factors that shorten steps to the longest allowed."""
    return (MAX_STEP / np.maximum(lengths, MAX_STEP)).astype(lengths.dtype)


def _pairs(
    centres: NDArray[np.int64], window: int, tokens: kernels.Tokens
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """List the pairs (context, centre) of the windows of some centres, as places in the chunk."""
    distances = np.delete(np.arange(-window, window + 1), window)
    contexts = centres[:, np.newaxis] + distances
    begin, end, reach = (
        field[centres, np.newaxis] for field in (tokens.begin, tokens.end, tokens.reach)
    )
    in_window = (contexts >= begin) & (contexts < end) & (np.abs(distances) <= reach)
    return contexts[in_window], np.repeat(centres, in_window.sum(axis=1))


def make_block(
    first: int,
    last: int,
    n_tokens: int,
    parameters: TrainingParameters,
    tokens: kernels.Tokens,
    dtype: np.dtype[Any],
) -> Block:
    """Write down what the tokens first..last of a chunk are to learn."""
    window, words = parameters.window, tokens.words
    own = np.arange(first, last)
    if parameters.architecture == "skipgram":
        reached = np.arange(max(first - window, 0), min(last + window, n_tokens))
        contexts, centres = _pairs(reached, window, tokens)
        inside = (contexts >= first) & (contexts < last)
        input_rows, input_words = own - first, words[first:last].copy()
        target_rows, target_words = contexts[inside] - first, words[centres[inside]]
        n_contexts = np.ones(len(own), np.int64)
    else:
        contexts, centres = _pairs(own, window, tokens)
        input_rows, input_words = centres - first, words[contexts]
        n_contexts = np.bincount(input_rows, minlength=len(own))
        target_rows = np.flatnonzero(n_contexts)
        target_words = words[own[target_rows]]
    weights = 1 / n_contexts[input_rows] if parameters.cbow_mean else np.ones(len(input_rows))
    order = np.argsort(target_words, kind="stable")
    return Block(
        input_rows,
        input_words,
        weights.astype(dtype),
        target_rows[order],
        target_words[order],
        np.bincount(target_rows, minlength=len(own)),
    )


class _Run(TrainingRun):
    """A run by the full softmax: block after block, each learned panel by panel."""

    def __init__(self, job: Job) -> None:
        n_words, size = len(job.counts), job.parameters.vector_size
        super().__init__(job, n_words)
        self.chunk_tokens = plan_rounds(job.parameters, len(job.token_ids)).chunk_tokens
        self.panels = [
            slice(start, min(start + PANEL_WORDS, n_words))
            for start in range(0, n_words, PANEL_WORDS)
        ]
        n_panels = len(self.panels)
        self.logits = aligned_zeros((BLOCK_TOKENS, n_words), job.dtype)
        # What each panel leaves for the sums over panels, for each row of the block.
        self.highest = np.zeros((n_panels, BLOCK_TOKENS))
        self.sums = np.zeros((n_panels, BLOCK_TOKENS))
        self.target_logits = np.zeros(n_panels)
        self.steps = np.zeros((n_panels, BLOCK_TOKENS, size), job.dtype)

    def make_scratch(self) -> kernels.Tokens:
        """Return room for the tokens of a chunk."""
        most = self.chunk_tokens + 2 * self.parameters.window
        return make_tokens(min(most, len(self.token_ids)))

    def train_epoch(
        self, number: int, team: Team, thread: int, scratch: kernels.Tokens
    ) -> Iterator[tuple[int, float, float]]:
        """Do one thread's part of the blocks of an epoch.

        Every thread samples for itself: that is cheap beside the matrix products.
        """
        n_tokens, sampling = len(self.token_ids), self.sampling(number)
        for start in range(0, n_tokens, self.chunk_tokens):
            stop = min(start + self.chunk_tokens, n_tokens)
            learning_rate = self.learning_rate_of(number, start)
            loss, n_pairs = 0.0, 0
            for block in self._blocks(start, stop, sampling, scratch):
                loss += self._step(team, thread, block, learning_rate)
                n_pairs += len(block.target_rows)
            yield stop - start, loss, n_pairs

    def _blocks(
        self, start: int, stop: int, sampling: kernels.Sampling, tokens: kernels.Tokens
    ) -> Iterator[Block]:
        """Yield the blocks of a chunk."""
        n_sampled, own_begin, own_end = kernels.sample_chunk(
            start, stop, self.token_ids, self.offsets, sampling, tokens
        )
        for first in range(own_begin, own_end, BLOCK_TOKENS):
            last = min(first + BLOCK_TOKENS, own_end)
            yield make_block(first, last, n_sampled, self.parameters, tokens, self.job.dtype)

    def _step(self, team: Team, thread: int, block: Block, learning_rate: float) -> float:
        """Learn a block; return its loss before the step."""
        if len(block.target_rows) == 0:
            return 0.0
        n_rows, n_panels = len(block.n_targets), len(self.panels)
        hidden = block.hidden_vectors(self.input_vectors)
        for place in team.share(n_panels):
            self._score_panel(place, block, hidden)
        team.wait()
        highest = self.highest[:, :n_rows].max(axis=0)
        scales = np.exp(self.highest[:, :n_rows] - highest)
        totals = (scales * self.sums[:, :n_rows]).sum(axis=0)
        for place in team.share(n_panels):
            factors = block.n_targets * scales[place] / totals
            self._learn_panel(place, block, hidden, factors, learning_rate)
        team.wait()
        if thread == 0:
            steps = learning_rate * self.steps[:, :n_rows].sum(axis=0)
            steps *= _shortened(np.linalg.norm(steps, axis=1))[:, np.newaxis]
            block.move_inputs(steps, self.input_vectors, self.frozen)
        loss = block.n_targets @ (highest + np.log(totals)) - self.target_logits.sum()
        team.wait()  # after this the next block is written over what this one left
        return float(loss)

    def _score_panel(self, place: int, block: Block, hidden: NDArray[Any]) -> None:
        """Leave exp(S - max S) of a panel, with what the sums over panels need."""
        panel, n_rows = self.panels[place], len(hidden)
        logits = self.logits[:n_rows, panel]
        np.matmul(hidden, self.output_vectors[panel].T, out=logits)
        self.target_logits[place] = logits[block.targets_in(panel)].sum(dtype=np.float64)
        highest = logits.max(axis=1, keepdims=True)
        np.exp(np.subtract(logits, highest, out=logits), out=logits)
        self.highest[place, :n_rows] = highest[:, 0]
        self.sums[place, :n_rows] = logits.sum(axis=1, dtype=np.float64)

    def _learn_panel(
        self,
        place: int,
        block: Block,
        hidden: NDArray[Any],
        factors: NDArray[np.float64],
        learning_rate: float,
    ) -> None:
        """Turn a panel into G, leave its part of G U and move its output vectors."""
        panel, n_rows = self.panels[place], len(hidden)
        gradient, output_vectors = self.logits[:n_rows, panel], self.output_vectors[panel]
        gradient *= -factors[:, np.newaxis].astype(gradient.dtype)
        np.add.at(gradient, block.targets_in(panel), 1)
        np.matmul(gradient, output_vectors, out=self.steps[place, :n_rows])
        hidden = learning_rate * hidden
        # The triangle inequality bounds a step without computing it.
        gradient *= _shortened(np.linalg.norm(hidden, axis=1) @ np.abs(gradient))
        output_vectors += gradient.T @ hidden
