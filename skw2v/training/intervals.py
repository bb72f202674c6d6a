"""Training in parts that do not see each other for a while: intervals, moves and their merge.

Where a corpus lies in partitions on several machines, each partition trains an interval of its
tokens from the same vectors. What it leaves are `Moves`: how far each row that it touched has come,
and in how many gradient terms u. A row that several partitions have moved by ``d[s]`` then moves
by::

    sum(d[s]) * f(eta * sum(u[s])) / sum(f(eta * u[s]))        f(x) = x / (1 + x)

with eta the learning rate times a constant. It is the rule by which the chunks of a round are
merged (`skw2v.training.kernels.merge_rows`): the steps of rare rows are added, those of frequent
ones averaged; a partition is a slower, larger chunk. The three sums are all it takes, so moves can
be merged in groups, as a tree. The order of the additions is that of the tree: whoever fixes it
gets the same bytes wherever the partitions are trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skw2v.training.embedding import initial_vectors, make_sampling
from skw2v.training.parameters import (
    Architecture,
    ObjectiveName,
    TrainingParameters,
    plan_rounds,
)
from skw2v.training.run import Job, Start
from skw2v.training.threads import Team, run_in_threads
from skw2v.training.trainer import MAX_MEASURED_STEP, MEASURED_CENTRES, _Run, _Side

SyncTokens = int | Literal["auto"]


class Saturation(NamedTuple):
    """How early the merge averages the moves of a row instead of adding them.

    As a setting, per unit of the learning rate: kappa. For an interval, at its learning rate: eta.
    With 0 all moves are added; the larger it is, the more of them are averaged.

    Attributes
    ----------
    inputs, outputs : float
        Of the two matrices.
    """

    inputs: float
    outputs: float


# Where the rule comes nearest to what the same intervals do if they are trained one after another;
# `benchmarks/README.md` tells how that was measured.
KAPPAS: dict[tuple[Architecture, ObjectiveName], Saturation] = {
    ("skipgram", "negative_sampling"): Saturation(0.02, 0.07),
    ("skipgram", "hierarchical_softmax"): Saturation(0.02, 0.015),
    ("cbow", "negative_sampling"): Saturation(0.005, 0.07),
    ("cbow", "hierarchical_softmax"): Saturation(0.005, 0.015),
}
INTERVALS = 20  # of an epoch
MAX_INTERVAL_TOKENS = 2_000_000


def kappas_of(parameters: TrainingParameters) -> Saturation:
    """Return how early moves are averaged, per unit of the learning rate."""
    averages = parameters.architecture == "cbow" and parameters.cbow_mean
    return KAPPAS["cbow" if averages else "skipgram", parameters.objective]


class Setup(NamedTuple):
    """What all intervals of a run have in common.

    Attributes
    ----------
    parameters : TrainingParameters
        What to train, by negative sampling or hierarchical softmax.
    counts : ndarray of shape (n_words,), dtype=int64
        How often each word occurs.
    sizes : ndarray of shape (n_partitions,), dtype=int64
        Tokens of each partition.
    seed : int
        Decides everything random.
    frozen : ndarray of shape (n_words,) or (0,), dtype=bool
        Words whose input vectors do not move.
    kappas : Saturation
        Of the merge, per unit of the learning rate.
    """

    parameters: TrainingParameters
    counts: NDArray[np.int64]
    sizes: NDArray[np.int64]
    seed: int
    frozen: NDArray[np.bool_]
    kappas: Saturation

    @property
    def n_tokens(self) -> int:
        """The tokens of all partitions."""
        return int(self.sizes.sum())

    def interval_tokens(self, sync_tokens: SyncTokens) -> int:
        """Return the length of an interval, in whole rounds of chunks.

        "auto" cuts the longest partition into `INTERVALS` of an epoch, or more if these would be
        longer than `MAX_INTERVAL_TOKENS`.
        """
        if sync_tokens == "auto":
            longest = int(self.sizes.max())
            if len(self.sizes) == 1:  # with whom should it agree?
                sync_tokens = longest
            else:
                sync_tokens = min(-(-longest // INTERVALS), MAX_INTERVAL_TOKENS)
        plan = plan_rounds(self.parameters, self.n_tokens)
        round_tokens = plan.chunk_tokens * plan.chunks_per_round
        return -(-sync_tokens // round_tokens) * round_tokens

    def n_trained(self, position: int) -> int:
        """Return how many tokens of an epoch are trained when each partition is at a position."""
        return int(np.minimum(self.sizes, position).sum())

    def learning_rate_of(self, epoch: int, position: int) -> float:
        """Return the learning rate when each partition is at a position."""
        return self.parameters.learning_rate_of(epoch, self.n_trained(position), self.n_tokens)

    def saturation(self, epoch: int, position: int) -> Saturation:
        """Return eta for an interval that begins at a position."""
        learning_rate = self.learning_rate_of(epoch, position)
        return Saturation(*(kappa * learning_rate for kappa in self.kappas))


class Moves(NamedTuple):
    """How far rows of one matrix have moved, in sums over the partitions that moved them.

    Attributes
    ----------
    rows : ndarray of shape (n_rows,), dtype=int64
        Which rows, in rising order.
    steps : ndarray of shape (n_rows, vector_size), dtype=float32
        Sums of the steps, d.
    terms : ndarray of shape (n_rows,), dtype=float64
        Sums of the gradient terms, u.
    saturated : ndarray of shape (n_rows,), dtype=float64
        Sums of f(eta * u).
    """

    rows: NDArray[np.int64]
    steps: NDArray[np.float32]
    terms: NDArray[np.float64]
    saturated: NDArray[np.float64]


class Steps(NamedTuple):
    """How far rows of one matrix are to move.

    Attributes
    ----------
    rows : ndarray of shape (n_rows,), dtype=int64
        Which rows.
    steps : ndarray of shape (n_rows, vector_size), dtype=float32
        How far.
    """

    rows: NDArray[np.int64]
    steps: NDArray[np.float32]

    def add_to(self, matrix: NDArray[np.float32]) -> None:
        """Move the rows of a matrix."""
        matrix[self.rows, : self.steps.shape[1]] += self.steps


class Interval(NamedTuple):
    """What an interval, or several that were trained side by side, have come to.

    Attributes
    ----------
    inputs, outputs : Moves
        Of the two matrices.
    loss : float
        Negative log-likelihood of the measured predictions.
    n_pairs : float
        How many were measured.
    """

    inputs: Moves
    outputs: Moves
    loss: float
    n_pairs: float


class Update(NamedTuple):
    """What merged intervals do to the vectors.

    Attributes
    ----------
    inputs, outputs : Steps
        Of the two matrices.
    loss, n_pairs : float
        See `Interval`.
    """

    inputs: Steps
    outputs: Steps
    loss: float
    n_pairs: float


def merge_intervals(parts: Sequence[Interval]) -> Interval:
    """Add up intervals that started from the same vectors, in the order given."""
    return Interval(
        _merge_moves([part.inputs for part in parts]),
        _merge_moves([part.outputs for part in parts]),
        sum(part.loss for part in parts),
        sum(part.n_pairs for part in parts),
    )


def make_update(interval: Interval, saturation: Saturation) -> Update:
    """Scale the sums of all intervals by the saturating rule."""
    return Update(
        _scale(interval.inputs, saturation.inputs),
        _scale(interval.outputs, saturation.outputs),
        interval.loss,
        interval.n_pairs,
    )


def _saturate(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return f(x)."""
    return x / (1.0 + x)


def _merge_moves(parts: Sequence[Moves]) -> Moves:
    """Add up moves."""
    rows = np.unique(np.concatenate([part.rows for part in parts]))
    first = parts[0].steps
    merged = Moves(
        rows,
        np.zeros((len(rows), first.shape[1]), first.dtype),
        np.zeros(len(rows)),
        np.zeros(len(rows)),
    )
    for part in parts:
        places = np.searchsorted(rows, part.rows)
        merged.steps[places] += part.steps
        merged.terms[places] += part.terms
        merged.saturated[places] += part.saturated
    return merged


def _scale(moves: Moves, saturation: float) -> Steps:
    """Return how far rows are to move; a row that one partition has moved goes all its way."""
    factors = np.ones(len(moves.rows))
    np.divide(
        _saturate(saturation * moves.terms), moves.saturated, out=factors,
        where=moves.saturated > 0,
    )  # fmt: skip
    return Steps(moves.rows, moves.steps * factors.astype(moves.steps.dtype)[:, np.newaxis])


class _Touched:
    """Which rows of a matrix an interval has touched, and in how many gradient terms."""

    def __init__(self, side: _Side) -> None:
        self._side = side
        self._base = side.matrix.copy()
        self._is_touched = np.zeros(len(self._base), bool)
        self._terms = np.zeros(len(self._base))

    def note(self, n_chunks: int) -> None:
        """Note the rows of the chunks of a round."""
        buffers = self._side.buffers
        for chunk in range(n_chunks):
            n_rows = buffers.n_rows[chunk]
            rows = buffers.row_ids[chunk, :n_rows]  # each of them once
            self._is_touched[rows] = True
            self._terms[rows] += buffers.terms[chunk, :n_rows]

    def take_moves(self, vector_size: int, saturation: float) -> Moves:
        """Return how far the rows have moved, and move them back."""
        matrix, base = self._side.matrix, self._base
        rows = np.flatnonzero(self._is_touched)
        steps = matrix[rows, :vector_size] - base[rows, :vector_size]
        terms = self._terms[rows]
        matrix[rows] = base[rows]
        self._is_touched[rows] = False
        self._terms[rows] = 0
        return Moves(rows, steps, terms, _saturate(saturation * terms))

    def move(self, steps: Steps) -> None:
        """Move rows for good."""
        steps.add_to(self._base)
        self._side.matrix[steps.rows] = self._base[steps.rows]

    def reset(self, vectors: NDArray[np.float32]) -> None:
        """Start anew from other vectors."""
        self._base[:, : vectors.shape[1]] = vectors
        self._side.matrix[:] = self._base
        self._is_touched[:] = False
        self._terms[:] = 0


class AbandonedError(Exception):
    """Training was called off."""


class IntervalRun(_Run):
    """A copy of the vectors that intervals of any partition are trained from.

    Parameters
    ----------
    setup : Setup
        What is trained. With a single partition and one interval for each epoch, the vectors
        are those of `skw2v.training.trainer.train`, but for rounding.

    Attributes
    ----------
    is_abandoned : bool
        Set it to True, from any thread, to end an interval with `AbandonedError`.
    """

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        longest = int(setup.sizes.max())
        frozen = setup.frozen
        none = np.empty(0, np.int64), np.empty((0, setup.parameters.vector_size), np.float32)
        job = Job(
            # Stands for any partition, and takes no memory.
            np.broadcast_to(np.int32(0), longest),
            np.array([0, longest]),
            setup.counts,
            setup.parameters,
            setup.seed,
            start=Start(*none, *none, frozen) if len(frozen) else None,
        )
        super().__init__(job, plan_rounds(setup.parameters, setup.n_tokens))
        self.measured_step = min(max(setup.n_tokens // MEASURED_CENTRES, 1), MAX_MEASURED_STEP)
        self._touched = [_Touched(self.inputs), _Touched(self.outputs)]
        self.is_abandoned = False

    def learning_rate_of(self, epoch: int, position: int) -> float:
        """Return the learning rate of a token, by the tokens that all partitions have trained."""
        return self.setup.learning_rate_of(epoch, position)

    def reset(
        self, input_vectors: NDArray[np.float32], output_vectors: NDArray[np.float32]
    ) -> None:
        """Start anew from other vectors."""
        for touched, vectors in zip(self._touched, (input_vectors, output_vectors), strict=True):
            touched.reset(vectors)

    def advance(self, update: Update) -> None:
        """Take over what all partitions have learned."""
        for touched, steps in zip(self._touched, (update.inputs, update.outputs), strict=True):
            touched.move(steps)

    def train_interval(
        self,
        token_ids: NDArray[np.int32],
        offsets: NDArray[np.int64],
        *,
        partition: int,
        epoch: int,
        begin: int,
        end: int,
        n_threads: int,
    ) -> Interval:
        """Train the tokens begin..end of a partition, and leave the vectors as they were."""
        self.token_ids, self.offsets = _writeable(token_ids), _writeable(offsets)
        parameters, setup = self.parameters, self.setup
        self.sampling = make_sampling(
            setup.counts, parameters, _partition_seed(setup.seed, partition)
        )
        totals = [0.0, 0.0]
        stop = min(end, len(token_ids))

        def work(team: Team, thread: int) -> None:
            scratch = self.make_scratch()
            for n_tokens, loss, n_pairs in self.train_span(epoch, begin, stop, team, scratch):
                if thread:
                    continue
                if self.is_abandoned:
                    raise AbandonedError
                for touched in self._touched:
                    touched.note(-(-n_tokens // self.plan.chunk_tokens))
                totals[0] += loss
                totals[1] += n_pairs

        run_in_threads(work, min(n_threads, self.plan.chunks_per_round))
        saturation = setup.saturation(epoch, begin)
        inputs, outputs = (
            touched.take_moves(parameters.vector_size, eta)
            for touched, eta in zip(self._touched, saturation, strict=True)
        )
        return Interval(inputs, outputs, float(totals[0]), float(totals[1]))


def _writeable(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array that compiled code takes: it would be compiled anew for one to be read."""
    return array if array.flags.writeable else array.copy()


def _partition_seed(seed: int, partition: int) -> int:
    """Return the seed of a partition's random streams, that of the whole run for the first."""
    if not partition:
        return seed
    return int(np.random.SeedSequence([seed, partition]).generate_state(1)[0])


def make_vectors(
    setup: Setup, start: Start | None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the input and output vectors that a run starts from, without padding."""
    parameters, n_words = setup.parameters, len(setup.counts)
    size = parameters.vector_size
    hierarchical = parameters.objective == "hierarchical_softmax"
    padded_rows = initial_vectors(n_words, size, setup.seed, np.dtype(np.float32))
    input_vectors = np.ascontiguousarray(padded_rows[:, :size])
    output_vectors = np.zeros((max(1, n_words - 1) if hierarchical else n_words, size), np.float32)
    if start is not None:
        input_vectors[start.input_rows] = start.input_vectors
        output_vectors[start.output_rows] = start.output_vectors
    return input_vectors, output_vectors
