"""Training in parts that do not see each other for a while: intervals, moves and their merge.

Where a corpus lies in partitions on several machines, each partition trains an interval of its
tokens from the same vectors. What it leaves are `Moves`: how far each row that it touched has come,
d, and in how many gradient terms, u. If partitions had trained one after another, would a row have
come as far as all of them together? A rare row, nearly: its steps are to be added. A frequent row
is where its gradient vanishes after each interval: the steps are to be averaged. So they are for
the chunks of a round, which `skw2v.training.kernels.merge_rows` merges by one factor for a row.

An interval is a hundred times longer than a chunk, and there one factor is not enough. All vectors
of a matrix have one direction in common, and along it the rows of the other matrix arrive long
before they do across it. Averaged as the common direction asks, the rest has hardly moved; added as
the rest asks, the common direction overshoots. The gradient's slope tells the directions apart.
It is that of a logistic regression, for u terms about ``u c H``, where H is the mean of ``y yᵀ``
over the rows y of the other matrix that the row meets, and c that of p (1 - p) over the predictions
p. Along an eigenvector of H of eigenvalue λ, the sum of the steps of n partitions is scaled by::

    f(x U) / (n f(x U / n))        f(x) = x / (1 + x)    x = learning rate * c * λ
    U = sum(u)                     n = U² / sum(u²)

which is 1 while x U is small and 1 / n where it is large. All partitions meet about the same rows,
so H is one for all of them. The sums of d, u and u² are all it takes, so moves can be merged in
groups, as a tree. The order of the additions is that of the tree: whoever fixes it gets the same
bytes wherever the partitions are trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skw2v.training import kernels
from skw2v.training.embedding import initial_vectors, make_sampling
from skw2v.training.parameters import RoundPlan, TrainingParameters, plan_rounds
from skw2v.training.run import Job, Start
from skw2v.training.threads import Team, run_in_threads
from skw2v.training.trainer import MAX_MEASURED_STEP, MEASURED_CENTRES, RoundsRun

SyncTokens = int | Literal["auto"]

CURVATURE = 0.04  # c; `benchmarks/README.md` tells what else was tried
DIRECTIONS = 8  # that are told apart; the others differ little, and are scaled alike
MOMENT_ROWS = 8192  # the most frequent ones, from which the directions are found
SCALED_ROWS = 8192  # at once
INTERVALS = 20  # of an epoch


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
    """

    parameters: TrainingParameters
    counts: NDArray[np.int64]
    sizes: NDArray[np.int64]
    seed: int
    frozen: NDArray[np.bool_]

    @property
    def n_tokens(self) -> int:
        """The tokens of all partitions."""
        return int(self.sizes.sum())

    @property
    def plan(self) -> RoundPlan:
        """Chunks and rounds as long as a partition asks for, noise words as for the whole."""
        whole = plan_rounds(self.parameters, self.n_tokens)
        own = plan_rounds(self.parameters, int(self.sizes.max()))
        pooled = min(whole.pooled_negatives, own.drawn_negatives * own.chunk_tokens)
        return own._replace(pooled_negatives=pooled)

    def interval_tokens(self, sync_tokens: SyncTokens) -> int:
        """Return the length of an interval, in whole rounds of chunks.

        "auto" cuts the longest partition into `INTERVALS`.
        """
        longest = int(self.sizes.max())
        if sync_tokens != "auto":
            least = sync_tokens
        elif len(self.sizes) == 1:  # with whom should it agree?
            least = longest
        else:
            least = -(-longest // INTERVALS)
        round_tokens = self.plan.chunk_tokens * self.plan.chunks_per_round
        return -(-least // round_tokens) * round_tokens

    def n_trained(self, position: int) -> int:
        """Return how many tokens of an epoch are trained when each partition is at a position."""
        return int(np.minimum(self.sizes, position).sum())

    def learning_rate_of(self, epoch: int, position: int) -> float:
        """Return the learning rate when each partition is at a position."""
        return self.parameters.learning_rate_of(epoch, self.n_trained(position), self.n_tokens)


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
    squares : ndarray of shape (n_rows,), dtype=float64
        Sums of u².
    """

    rows: NDArray[np.int64]
    steps: NDArray[np.float32]
    terms: NDArray[np.float64]
    squares: NDArray[np.float64]

    @property
    def n_partitions(self) -> NDArray[np.float64]:
        """How many partitions have moved each row, where all have moved it as often."""
        n = np.ones(len(self.rows))
        np.divide(self.terms**2, self.squares, out=n, where=self.squares > 0)
        return n


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


def make_update(
    interval: Interval,
    input_vectors: NDArray[np.float32],
    output_vectors: NDArray[np.float32],
    parameters: TrainingParameters,
    learning_rate: float,
) -> Update:
    """Decide how far rows are to move by what all partitions have done.

    Parameters
    ----------
    interval : Interval
        Of all partitions.
    input_vectors, output_vectors : ndarray
        The vectors that it started from.
    parameters : TrainingParameters
        What is trained.
    learning_rate : float
        That of the interval.

    Returns
    -------
    update : Update
        For the vectors that the interval started from.
    """
    # An output row meets skip-gram's contexts one by one; of CBOW's it meets the mean or the sum,
    # which differ from the common direction less or more than one context does.
    n_contexts, share = 1.0, 1.0
    if parameters.architecture == "cbow":
        n_contexts = parameters.window * (1.0 if parameters.shrink_windows else 2.0) + 1.0
        share = 1.0 / n_contexts if parameters.cbow_mean else 1.0
    mean, moment = _moments(interval.inputs, input_vectors)
    common = np.outer(mean, mean)
    met_by_outputs = share**2 * n_contexts * (n_contexts * common + moment - common)
    met_by_inputs = share * _moments(interval.outputs, output_vectors)[1]
    slope = learning_rate * CURVATURE
    return Update(
        _scale(interval.inputs, slope * met_by_inputs),
        _scale(interval.outputs, slope * met_by_outputs),
        interval.loss,
        interval.n_pairs,
    )


def _moments(
    moves: Moves, vectors: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the first two moments of the rows that an interval has met, where it has left them."""
    size, n = moves.steps.shape[1], min(MOMENT_ROWS, len(moves.rows))
    most = np.sort(np.argpartition(-moves.terms, n - 1)[:n])
    terms = moves.terms[most, np.newaxis]
    met = (
        vectors[moves.rows[most], :size] + moves.steps[most] / moves.n_partitions[most, np.newaxis]
    )
    total = max(terms.sum(), 1.0)
    return (met * terms).sum(axis=0) / total, (met * terms).T @ met / total


def _scale(moves: Moves, slopes: NDArray[np.float64]) -> Steps:
    """Return how far rows are to move; a row that one partition has moved goes all its way."""
    values, vectors = np.linalg.eigh(slopes)  # in rising order
    values = np.maximum(values, 0.0).astype(np.float32)
    n_others = max(len(values) - DIRECTIONS, 0)
    directions = vectors[:, n_others:].astype(np.float32)
    values = np.append(values[n_others:], values[:n_others].mean() if n_others else 0)
    n_partitions = moves.n_partitions
    steps = moves.steps.copy()
    shared = np.flatnonzero(n_partitions > 1)
    for first in range(0, len(shared), SCALED_ROWS):
        rows = shared[first : first + SCALED_ROWS]
        n = n_partitions[rows, np.newaxis].astype(np.float32)
        reached = moves.terms[rows, np.newaxis].astype(np.float32) * values
        factors = (1 + reached / n) / (1 + reached)
        factor_of_others = factors[:, -1:]
        added = steps[rows]
        along = added @ directions * (factors[:, :-1] - factor_of_others)
        steps[rows] = added * factor_of_others + along @ directions.T
    return Steps(moves.rows, steps)


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
        merged.squares[places] += part.squares
    return merged


class _Touched:
    """Which rows of a matrix an interval has touched, and in how many gradient terms."""

    def __init__(self, side: kernels.Shared) -> None:
        self._side = side
        self._base = side.matrix.copy()
        self._is_touched = np.zeros(len(self._base), bool)
        self._terms = np.zeros(len(self._base))

    def note(self, n_chunks: int) -> None:
        """Note the rows of the chunks of a round."""
        copies = self._side.copies
        capacity = copies.row_ids.shape[1]
        for chunk in range(n_chunks):
            # Common rows, and from the end the chunk's own; each of them once.
            slots = np.r_[: copies.n_common[chunk], capacity - copies.n_own[chunk] : capacity]
            rows = copies.row_ids[chunk, slots]
            self._is_touched[rows] = True
            self._terms[rows] += copies.terms[kernels.region_of_chunk(chunk, copies) + slots]

    def take_moves(self, vector_size: int) -> Moves:
        """Return how far the rows have moved, and move them back."""
        matrix, base = self._side.matrix, self._base
        rows = np.flatnonzero(self._is_touched)
        steps = matrix[rows, :vector_size] - base[rows, :vector_size]
        terms = self._terms[rows]
        matrix[rows] = base[rows]
        self._is_touched[rows] = False
        self._terms[rows] = 0
        return Moves(rows, steps, terms, terms**2)

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


class IntervalRun(RoundsRun):
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
        super().__init__(job, setup.plan)
        self.measured_step = min(max(setup.n_tokens // MEASURED_CENTRES, 1), MAX_MEASURED_STEP)
        self._touched = [_Touched(self.inputs), _Touched(self.outputs)]
        self._scratch: dict[int, Any] = {}  # by thread, from interval to interval
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
            if thread not in self._scratch:
                self._scratch[thread] = self.make_scratch()
            scratch = self._scratch[thread]
            span = self.train_span(epoch, begin, stop, team, thread, scratch)
            for n_tokens, loss, n_pairs in span:
                if self.is_abandoned:
                    raise AbandonedError
                for touched in self._touched:
                    touched.note(-(-n_tokens // self.plan.chunk_tokens))
                totals[0] += loss
                totals[1] += n_pairs

        run_in_threads(work, min(n_threads, self.plan.chunks_per_round))
        inputs, outputs = (touched.take_moves(parameters.vector_size) for touched in self._touched)
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
    padded_rows = initial_vectors(n_words, size, setup.seed, np.dtype(np.float32))
    input_vectors = np.ascontiguousarray(padded_rows[:, :size])
    output_vectors = np.zeros((parameters.n_output_rows(n_words), size), np.float32)
    if start is not None:
        input_vectors[start.input_rows] = start.input_vectors
        output_vectors[start.output_rows] = start.output_vectors
    return input_vectors, output_vectors
