"""Train word vectors: tables, rounds, threads, schedule and loss.

The recipe for an encoded corpus:

1. *Tables*: how often to keep each word, the noise distribution or the Huffman tree.
2. *Rounds*: the corpus is cut into chunks of equal length, and a round trains a few consecutive
   chunks, each on its own copies of the rows it touches. A row that one chunk alone touches is
   written back by it. Then the copies of all others are merged into the shared matrices, chunk
   after chunk in the order of the corpus.
3. *Threads* take the chunks of a round, and then the rows to be merged, as they come. They decide
   who does what and never what is done: the vectors are the same bytes for any number of threads.
4. *Schedule*: the learning rate falls along a straight line from token to token.
5. *Loss*: measured on a fixed part of the steps, before they are learned.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from skw2v.training import kernels
from skw2v.training.embedding import Embedding, Report, aligned_zeros, make_tokens, padded
from skw2v.training.huffman import HuffmanTree, build_huffman_tree
from skw2v.training.noise import build_alias_table, noise_distribution
from skw2v.training.parameters import (
    WHOLE_SCHEDULE,
    RoundPlan,
    TrainingParameters,
    plan_rounds,
)
from skw2v.training.run import AfterEpoch, Job, Start, TrainingRun
from skw2v.training.softmax import train_softmax
from skw2v.training.threads import Team, run_in_threads

MEASURED_CENTRES = 32_000  # of an epoch, if it has as many
MAX_MEASURED_STEP = 64


def train(
    token_ids: NDArray[np.int32],
    offsets: NDArray[np.int64],
    counts: NDArray[np.int64],
    parameters: TrainingParameters,
    *,
    seed: int,
    n_threads: int = 1,
    plan: RoundPlan | None = None,
    tree_counts: NDArray[np.int64] | None = None,
    start: Start | None = None,
    schedule: tuple[float, float] = WHOLE_SCHEDULE,
    report: Report | None = None,
    after_epoch: AfterEpoch | None = None,
    dtype: DTypeLike = np.float32,
) -> Embedding:
    """Train word vectors on an encoded corpus.

    Parameters
    ----------
    token_ids : ndarray of shape (n_tokens,), dtype=int32
        The words of all documents, one after another.
    offsets : ndarray of shape (n_documents + 1,), dtype=int64
        Where each document starts; the last entry is `n_tokens`.
    counts : ndarray of shape (n_words,), dtype=int64
        How often each word occurs.
    parameters : TrainingParameters
        What to train.
    seed : int
        Decides everything random.
    n_threads : int, default=1
        Number of threads. The vectors do not depend on it.
    plan : RoundPlan, default=None
        In which portions to train; by default `plan_rounds` chooses. The full softmax has none.
    tree_counts : ndarray of shape (n_words,), dtype=int64, default=None
        What the Huffman tree is built from, where that is not `counts`: vectors of its inner nodes
        can only be trained further on the tree that they were trained on.
    start : Start, default=None
        Vectors to start from, and words that do not move.
    schedule : tuple of float and float, default=(0.0, 1.0)
        The part of the learning rate's line that this run goes along: (0.0, 0.0) keeps it where it
        starts, (0.0, 0.5) and (0.5, 1.0) make one schedule of two runs.
    report : callable, default=None
        Called after each round, or chunk, with the number of its tokens and the loss of the epoch
        so far.
    after_epoch : callable, default=None
        Called with an `Epoch` after each one, in the caller's thread; where it returns True the run
        ends.
    dtype : dtype, default=float32
        Floating type of the vectors and of all arithmetic.

    Returns
    -------
    embedding : Embedding
        The vectors, and the loss of each epoch that was run.

    Raises
    ------
    ValueError
        If the full softmax would take too much memory, or the plan's pool is no multiple of the
        noise words that are drawn at once.
    """
    job = Job(
        token_ids, offsets, counts, parameters, seed, tree_counts, start, schedule, report,
        after_epoch, np.dtype(dtype),
    )  # fmt: skip
    if parameters.objective == "softmax":
        return train_softmax(job, n_threads)
    if plan is None:
        plan = plan_rounds(parameters, len(token_ids))
    run = RoundsRun(job, plan)
    run_in_threads(run.work, min(n_threads, plan.chunks_per_round))
    return run.embedding


def make_objective(
    counts: NDArray[np.int64], parameters: TrainingParameters, plan: RoundPlan
) -> kernels.Objective:
    """Build the tables of the output layer."""
    hierarchical = parameters.objective == "hierarchical_softmax"
    threshold, alias = np.empty(0, np.uint32), np.empty(0, np.int32)
    word_turns, node_turns = np.empty(0, np.int32), np.empty(0, np.int32)
    if hierarchical:
        word_turns, node_turns = build_huffman_tree(counts)
    else:
        threshold, alias = build_alias_table(noise_distribution(counts, parameters.ns_exponent))
    return kernels.Objective(
        cbow=parameters.architecture == "cbow",
        cbow_mean=parameters.cbow_mean,
        hierarchical=hierarchical,
        centres_at_once=parameters.centres_at_once,
        negative=0.0 if hierarchical else float(parameters.negative),
        drawn_negatives=0 if hierarchical else plan.drawn_negatives,
        pooled_negatives=0 if hierarchical else plan.pooled_negatives,
        noise_threshold=threshold,
        noise_alias=alias,
        word_turns=word_turns,
        node_turns=node_turns,
    )


class _Capacities(NamedTuple):
    """The most that a chunk or a centre can need."""

    tokens: int  # of a chunk with its margins
    input_rows: int  # of a chunk
    output_rows: int
    negatives: int  # noise words drawn
    listed: int  # outputs in lists
    centres: int  # that share a list
    contexts: int  # of the centres that are learned at once
    outputs: int  # of the same


def _capacities(
    objective: kernels.Objective, plan: RoundPlan, window: int, n_words: int, n_tokens: int
) -> _Capacities:
    """Bound what a chunk and a centre can need."""
    own = min(plan.chunk_tokens, n_tokens)
    tokens = min(own + 2 * window, n_tokens)
    words = min(own, n_words)
    negatives = min(own * plan.drawn_negatives, plan.pooled_negatives)
    longest, centres = 0, 1
    if objective.hierarchical:
        longest = int(HuffmanTree(objective.word_turns, objective.node_turns).path_lengths.max())
        # A level of the tree has as many nodes as words below it at most, and 2**level.
        levels = (min(2**level, words) for level in range(longest))
        output_rows = min(sum(levels), max(1, n_words - 1))
        outputs = padded(max(1, longest), kernels.TILE_OUTPUTS)
        listed = words * padded(longest, kernels.HALF_TILE) + kernels.VECTOR_ROOM
    else:
        centres = objective.centres_at_once
        output_rows = min(tokens + negatives, n_words)
        outputs = padded(centres + plan.drawn_negatives, kernels.TILE_OUTPUTS)
        listed = negatives // max(plan.drawn_negatives, 1) * outputs
    return _Capacities(
        tokens=tokens,
        input_rows=min(tokens, n_words),
        output_rows=output_rows,
        negatives=negatives,
        listed=listed,
        centres=centres,
        contexts=min(2 * window + kernels.CBOW_CENTRES, tokens) + 2 * kernels.VECTOR_ROOM,
        outputs=outputs,
    )


def _share(
    matrix: NDArray[Any],
    n_chunks: int,
    capacity: int,
    frozen: NDArray[np.bool_] | None = None,
) -> kernels.Shared:
    """Allocate the copies of a round's chunks for one of the two matrices."""
    n_places = 2 * n_chunks * (capacity + 1)
    copies = kernels.Copies(
        n_common=np.zeros(n_chunks, np.int64),
        n_own=np.zeros(n_chunks, np.int64),
        row_ids=np.zeros((n_chunks, capacity), np.int32),
        rows=aligned_zeros((n_places, matrix.shape[1]), matrix.dtype),
        terms=np.zeros(n_places, np.float32),
    )
    if frozen is None:
        frozen = np.zeros(0, np.bool_)
    marks_by_8 = np.zeros((len(matrix), -(-n_chunks // 8)), np.uint64)
    newest = np.full(len(matrix), -1, np.int32)
    marks = marks_by_8.view(np.uint8)
    return kernels.Shared(matrix, frozen, copies, marks, marks_by_8, newest)


def _make_chunks(capacities: _Capacities, n_chunks: int, dtype: np.dtype[Any]) -> kernels.Chunks:
    """Allocate what the chunks of a round are to learn."""
    # A list of noise words begins with its centre words, each the target of one prediction. The
    # lists of paths are written whole.
    labels = aligned_zeros((n_chunks, capacities.centres, capacities.listed), dtype)
    if capacities.negatives > 0:
        for n in range(capacities.centres):
            labels[:, n, n :: capacities.outputs] = 1

    def numbers() -> NDArray[np.int64]:
        return np.zeros(n_chunks, np.int64)

    return kernels.Chunks(
        tokens=make_tokens(capacities.tokens, n_chunks),
        n_tokens=numbers(),
        own_begin=numbers(),
        own_end=numbers(),
        lists=kernels.Lists(
            np.zeros((n_chunks, capacities.listed), np.int32), labels, labels.copy()
        ),
        n_listed=numbers(),
        n_lists=numbers(),
        heaviest=np.zeros(n_chunks, dtype),
        input_rows=np.zeros((n_chunks, capacities.input_rows), np.int32),
        n_input_rows=numbers(),
        output_rows=np.zeros((n_chunks, capacities.output_rows), np.int32),
        n_output_rows=numbers(),
    )


class _Workspace(NamedTuple):
    """What one thread needs besides what the chunks have."""

    numbering: kernels.Numbering
    scratch: kernels.Scratch
    links: kernels.Links


def _make_workspace(
    capacities: _Capacities, n_chunks: int, input_vectors: NDArray[Any], n_nodes: int
) -> _Workspace:
    """Allocate the workspace of one thread."""
    n_words, row_size = input_vectors.shape
    dtype = input_vectors.dtype

    def table(*shape: int) -> NDArray[Any]:
        return aligned_zeros(shape, dtype)

    def unplaced(n: int) -> NDArray[np.int32]:
        return np.full(n, -1, np.int32)

    capacity = max(capacities.input_rows, capacities.output_rows)
    return _Workspace(
        kernels.Numbering(
            word_slots=unplaced(n_words),
            node_slots=unplaced(n_nodes),
            latest=np.zeros(capacities.input_rows, np.int32),
            drawn=np.zeros(capacities.negatives, np.int32),
            node_starts=np.zeros(capacities.output_rows, np.int32),
            node_words=np.zeros(capacities.output_rows, np.int32),
            path_starts=unplaced(capacities.input_rows),
            path_lengths=np.zeros(capacities.input_rows, np.int32),
            places=np.zeros(capacity + 1, np.int32),
        ),
        kernels.Scratch(
            input_slots=np.zeros(capacities.contexts, np.int32),
            shares=table(kernels.CBOW_CENTRES, capacities.contexts),
            means=table(kernels.CBOW_CENTRES, row_size),
            input_steps=table(kernels.MAX_INPUTS, row_size),
            output_slots=np.zeros(capacities.outputs, np.int32),
            labels=table(capacities.centres, capacities.outputs),
            weights=table(capacities.centres, capacities.outputs),
            scores=table(kernels.MAX_INPUTS, capacities.outputs),
        ),
        kernels.Links(
            np.zeros(capacity + 1, np.int32),
            np.zeros(n_chunks * capacity + 1, np.int32),
            np.zeros(n_chunks * (capacity + 1), np.int32),
            table(row_size),
        ),
    )


class RoundsRun(TrainingRun):
    """A run by negative sampling or hierarchical softmax: rounds of chunks."""

    def __init__(self, job: Job, plan: RoundPlan) -> None:
        counts, tree_counts, parameters = job.counts, job.tree_counts, job.parameters
        if plan.pooled_negatives % max(plan.drawn_negatives, 1) != 0:
            raise ValueError(
                "pooled_negatives must be a multiple of drawn_negatives. Got "
                f"{plan.pooled_negatives} and {plan.drawn_negatives}."
            )
        self.plan = plan
        self.objective = make_objective(
            counts if tree_counts is None else tree_counts, parameters, plan
        )
        n_words, n_tokens = len(counts), len(job.token_ids)
        super().__init__(job, parameters.n_output_rows(n_words))
        self.capacities = _capacities(self.objective, plan, parameters.window, n_words, n_tokens)
        n_chunks = plan.chunks_per_round
        self.inputs = _share(self.input_rows, n_chunks, self.capacities.input_rows, self.frozen)
        self.outputs = _share(self.output_rows, n_chunks, self.capacities.output_rows)
        self.chunks = _make_chunks(self.capacities, n_chunks, self.input_rows.dtype)
        self.losses = np.zeros(n_chunks)
        self.n_pairs = np.zeros(n_chunks, np.int64)
        self._lock = threading.Lock()
        self._span: tuple[int, int, int] | None = None
        self._span_plan: kernels.Plan
        self.measured_step = min(max(n_tokens // MEASURED_CENTRES, 1), MAX_MEASURED_STEP)

    def make_scratch(self) -> _Workspace:
        """Return what a thread needs for itself."""
        n_nodes = len(self.output_rows) if self.objective.hierarchical else 0
        return _make_workspace(
            self.capacities, self.plan.chunks_per_round, self.input_rows, n_nodes
        )

    def train_epoch(
        self, number: int, team: Team, thread: int, scratch: _Workspace
    ) -> Iterator[tuple[int, float, float]]:
        """Do one thread's part of the rounds of an epoch."""
        return self.train_span(number, 0, len(self.token_ids), team, thread, scratch)

    def train_span(
        self, number: int, begin: int, end: int, team: Team, thread: int, scratch: _Workspace
    ) -> Iterator[tuple[int, float, float]]:
        """Do one thread's part of the rounds of the tokens begin..end of an epoch.

        The first thread yields after each round, and the others go on when it does.
        """
        with self._lock:  # one thread plans for all
            if self._span != (number, begin, end):
                self._span, self._span_plan = (number, begin, end), self._plan(number, begin, end)
            plan = self._span_plan
        round_tokens = plan.chunk_tokens * plan.chunks_per_round
        progress = np.zeros(4, np.int64)
        n_rests, awaited = 0, -1
        sampling = self.sampling(number)
        while True:
            reason = kernels.train_rounds(
                progress, team.state, thread, team.n_threads, team.patience, plan,
                self.token_ids, self.offsets, sampling, self.objective, self.chunks,
                scratch.numbering, self.inputs, self.outputs, self.losses, self.n_pairs,
                scratch.scratch, scratch.links,
            )  # fmt: skip
            if reason == kernels.DONE:
                return
            if reason == kernels.WAIT:
                n_rests = n_rests + 1 if progress[kernels.AWAITED] == awaited else 0
                awaited = int(progress[kernels.AWAITED])
                team.rest(n_rests)
                continue
            start = begin + int(progress[kernels.ROUND]) * round_tokens
            n_tokens = min(round_tokens, end - start)
            n_chunks = -(-n_tokens // plan.chunk_tokens)
            yield n_tokens, self.losses[:n_chunks].sum(), self.n_pairs[:n_chunks].sum()

    def _plan(self, epoch: int, begin: int, end: int) -> kernels.Plan:
        """Return the rounds of the tokens begin..end, and the learning rates along them."""
        chunk_tokens, chunks_per_round = self.plan.chunk_tokens, self.plan.chunks_per_round
        rates = [self.learning_rate_of(epoch, start) for start in range(begin, end, chunk_tokens)]
        return kernels.Plan(
            begin, end, chunk_tokens, chunks_per_round,
            np.array(rates, self.input_rows.dtype),
            self.plan.kappa * np.array(rates[::chunks_per_round], np.float64),
            self.measured_step,
        )  # fmt: skip
