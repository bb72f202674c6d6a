"""One training run, whatever the objective: where it starts, its epochs, and when it ends.

A run goes epoch by epoch through the corpus; each objective says how an epoch is trained. After
each epoch the caller may look at the vectors and end the run. A run may start from vectors that
were learned before, and may hold some of the words' input vectors fast: their output vectors are
trained all the same, or nothing could be learned about what predicts them. In the sampled modes a
frozen vector is never written back: within a chunk its copy moves, and the next chunk has it again
as it was.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skw2v.training.embedding import (
    Embedding,
    Report,
    aligned_zeros,
    initial_vectors,
    make_sampling,
)
from skw2v.training.parameters import WHOLE_SCHEDULE, TrainingParameters
from skw2v.training.threads import Team


class Start(NamedTuple):
    """Vectors to start from; rows that are not named start as those of a new run.

    Attributes
    ----------
    input_rows : ndarray of shape (n_given,), dtype=int64
        Words whose input vectors are given, each once.
    input_vectors : ndarray of shape (n_given, vector_size)
        Their vectors.
    output_rows : ndarray of shape (n_given_outputs,), dtype=int64
        Rows of the output matrix that are given: words or inner nodes, each once.
    output_vectors : ndarray of shape (n_given_outputs, vector_size)
        Their vectors.
    frozen : ndarray of shape (n_words,), dtype=bool
        Words whose input vectors do not move.
    """

    input_rows: NDArray[np.int64]
    input_vectors: NDArray[Any]
    output_rows: NDArray[np.int64]
    output_vectors: NDArray[Any]
    frozen: NDArray[np.bool_]


class Epoch(NamedTuple):
    """What an epoch has come to.

    Attributes
    ----------
    number : int
        From 0.
    loss : float
        Mean negative log-likelihood of a predicted word, while it was trained.
    input_vectors, output_vectors : ndarray
        The vectors as they are now. The next epoch moves them: copy what is to be kept.
    """

    number: int
    loss: float
    input_vectors: NDArray[Any]
    output_vectors: NDArray[Any]


AfterEpoch = Callable[[Epoch], bool]


@dataclass(frozen=True)
class Job:
    """What is to be trained, and who is told of it; `skw2v.training.trainer.train` explains it."""

    token_ids: NDArray[np.int32]
    offsets: NDArray[np.int64]
    counts: NDArray[np.int64]
    parameters: TrainingParameters
    seed: int
    tree_counts: NDArray[np.int64] | None = None
    start: Start | None = None
    schedule: tuple[float, float] = WHOLE_SCHEDULE
    report: Report | None = None
    after_epoch: AfterEpoch | None = None
    dtype: np.dtype[Any] = np.dtype(np.float32)  # noqa: RUF009 (it cannot be changed)


class TrainingRun(ABC):
    """The state that the threads of a run share, and their way through the epochs."""

    def __init__(self, job: Job, n_output_rows: int) -> None:
        self.job = job
        self.token_ids, self.offsets, self.parameters = job.token_ids, job.offsets, job.parameters
        self.sampling = make_sampling(job.counts, job.parameters, job.seed)
        size = job.parameters.vector_size
        # Rows are padded; the vectors are their first `size` columns.
        self.input_rows = initial_vectors(len(job.counts), size, job.seed, job.dtype)
        self.output_rows = aligned_zeros((n_output_rows, self.input_rows.shape[1]), job.dtype)
        self.input_vectors = self.input_rows[:, :size]
        self.output_vectors = self.output_rows[:, :size]
        self.frozen: NDArray[np.bool_] | None = None
        if job.start is not None:
            self.input_vectors[job.start.input_rows] = job.start.input_vectors
            self.output_vectors[job.start.output_rows] = job.start.output_vectors
            self.frozen = job.start.frozen if job.start.frozen.any() else None
        self.loss_curve: list[float] = []
        self._is_over = False

    @property
    def embedding(self) -> Embedding:
        """What the run leaves."""
        return Embedding(self.input_vectors, self.output_vectors, self.loss_curve)

    def work(self, team: Team, thread: int) -> None:
        """Do one thread's part of all epochs."""
        scratch = self.make_scratch()
        for number in range(self.parameters.epochs):
            loss, n_pairs = 0.0, 0.0
            for n_tokens, new_loss, n_new_pairs in self.train_epoch(number, team, thread, scratch):
                loss += new_loss
                n_pairs += n_new_pairs
                if thread == 0 and self.job.report is not None:
                    self.job.report(n_tokens, loss / max(n_pairs, 1.0))
            if thread == 0:
                self._end_epoch(number, float(loss / max(n_pairs, 1.0)))
            team.wait()
            if self._is_over:
                return

    @abstractmethod
    def make_scratch(self) -> Any:
        """Return what a thread needs for itself."""

    @abstractmethod
    def train_epoch(
        self, number: int, team: Team, thread: int, scratch: Any
    ) -> Iterator[tuple[int, float, float]]:
        """Do one thread's part of an epoch.

        After each portion of the corpus, the first thread yields the number of its tokens, their
        loss and the number of words that they predicted, as far as it was measured. When it is
        asked to go on after the last portion, it waits until all threads are through with it.
        """

    def learning_rate_of(self, epoch: int, position: int) -> float:
        """Return the learning rate of the token at a position of the corpus."""
        return self.parameters.learning_rate_of(
            epoch, position, len(self.token_ids), self.job.schedule
        )

    def _end_epoch(self, number: int, loss: float) -> None:
        """Note the loss, and ask the caller whether this was the last epoch."""
        self.loss_curve.append(loss)
        if self.job.after_epoch is not None:
            epoch = Epoch(number, loss, self.input_vectors, self.output_vectors)
            self._is_over = bool(self.job.after_epoch(epoch))
