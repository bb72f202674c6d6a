"""Training on a cluster, in rounds.

In a round each partition trains an interval of its tokens on its worker, from the vectors that all
share. The moves are merged as a tree, whose root goes to the client. The client decides how far the
rows are to move, moves its own vectors, and sends the update to all workers: only rows that were
touched travel. It also decides what is next, and notes checkpoints.

A worker keeps a copy of the vectors from round to round (a replica), which each update carries on.
That is a cache: a task whose worker has no replica of the right version says so, and is handed in
again with the whole vectors. So a worker may come, go or die at any time, and what a task returns
depends on its partition and the vectors alone.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from joblib import effective_n_jobs
from numpy.typing import NDArray

from skw2v.dask._checkpoint import Checkpoint, CheckpointFile
from skw2v.dask._partitions import DaskCorpus, Jobs, Partition

if TYPE_CHECKING:
    from skw2v._monitoring import Watch
    from skw2v.training.intervals import Interval, IntervalRun, Setup, Update

Vectors = tuple[NDArray[np.float32], NDArray[np.float32]]


class Missing(NamedTuple):
    """What tasks return whose worker has no replica to train from."""

    partitions: tuple[int, ...]


class Rounds:
    """The rounds of one fit.

    Parameters
    ----------
    corpus : DaskCorpus
        The documents.
    setup : Setup
        What is trained.
    vectors : tuple of ndarray and ndarray
        Input and output vectors to start from; they are trained in place.
    interval : int
        How many tokens of each partition a round trains (see `Setup.interval_tokens`).
    n_jobs : int or None
        Threads of a worker; None for as many as Dask gave it.
    is_new : bool
        Whether `vectors` are those that every run of this seed starts from, which workers can make
        by themselves.
    """

    def __init__(
        self,
        corpus: DaskCorpus,
        setup: Setup,
        vectors: Vectors,
        *,
        interval: int,
        n_jobs: int | None,
        is_new: bool,
    ) -> None:
        self._jobs, self._partitions, self._setup = corpus.jobs, corpus.partitions, setup
        self.vectors = vectors
        self._interval = interval
        self._n_jobs = n_jobs
        self._shared_setup = self._jobs.publish("setup", setup)
        self._update: Any = None
        self._state: Any = None if is_new else self._publish_vectors()
        self._version = 0

    def run(self, watch: Watch, file: CheckpointFile | None, begin: Checkpoint | None) -> None:
        """Train all epochs.

        Parameters
        ----------
        watch : Watch
            Is told of each round and epoch, and may end the run.
        file : CheckpointFile or None
            Where to note how far the run is.
        begin : Checkpoint or None
            Where to go on.
        """
        from skw2v.training.run import Epoch

        epoch, position, loss, n_pairs = begin.place if begin is not None else (0, 0, 0.0, 0.0)
        longest = int(self._setup.sizes.max())
        try:
            while epoch < self._setup.parameters.epochs:
                while position < longest:
                    update = self._train_round(epoch, position)
                    loss += update.loss
                    n_pairs += update.n_pairs
                    stop = position + self._interval
                    n_new = self._setup.n_trained(stop) - self._setup.n_trained(position)
                    position = stop
                    watch.report(n_new, loss / max(n_pairs, 1.0))
                    if file is not None:
                        place = epoch, position, loss, n_pairs
                        file.note(Checkpoint(place, watch.loss_curve, *self.vectors))
                mean = loss / max(n_pairs, 1.0)
                if watch.after_epoch(Epoch(epoch, float(mean), *self.vectors)):
                    break
                epoch, position, loss, n_pairs = epoch + 1, 0, 0.0, 0.0
        except BaseException:
            call_off(self._jobs)
            raise
        with suppress(Exception):  # the replicas of a worker that is being lost are lost anyway
            self._jobs.client.run(forget, self._jobs.run, on_error="ignore")

    def _publish_vectors(self) -> Any:
        """Send the whole vectors to the cluster."""
        return self._jobs.publish("vectors", tuple(part.copy() for part in self.vectors))

    def _train_round(self, epoch: int, position: int) -> Update:
        """Train an interval of each partition that has one, and take the update over."""
        from skw2v.training.intervals import make_update

        jobs = self._jobs
        active = np.flatnonzero(self._setup.sizes > position).tolist()
        trained = {p: self._submit(p, epoch, position, self._state) for p in active}
        while True:
            root = jobs.reduce("merge", merge_parts, list(trained.values()))
            merged = self._result_of(root, trained)
            if not isinstance(merged, Missing):
                break
            state = self._publish_vectors()
            for partition in merged.partitions:
                trained[partition] = self._submit(partition, epoch, position, state)
        learning_rate = self._setup.learning_rate_of(epoch, position)
        update = make_update(merged, *self.vectors, self._setup.parameters, learning_rate)
        for matrix, steps in zip(self.vectors, (update.inputs, update.outputs), strict=True):
            steps.add_to(matrix)
        self._version += 1
        self._state = None
        self._update = jobs.publish("moves", update)
        return update

    def _submit(self, partition: int, epoch: int, position: int, state: Any) -> Any:
        """Hand in the training of a partition's interval."""
        return self._jobs.submit(
            "train", train_partition, self._partitions[partition], self._shared_setup,
            self._update, state, run=self._jobs.run, version=self._version, partition=partition,
            epoch=epoch, begin=position, end=position + self._interval, n_jobs=self._n_jobs,
        )  # fmt: skip

    def _result_of(self, root: Any, trained: dict[int, Any]) -> Any:
        """Wait for a result; a failure names the partition that it came from."""
        try:
            return root.result()
        except Exception:
            for partition, future in trained.items():
                self._jobs.check(future, partition, len(self._partitions))
            raise


def call_off(jobs: Jobs) -> None:
    """End a run on all workers; tasks that have begun end at their next round of chunks."""
    with suppress(Exception):  # the cluster may be gone
        jobs.client.run(abandon, jobs.run, on_error="ignore")
    jobs.cancel()


def merge_parts(parts: Sequence[Interval | Missing]) -> Interval | Missing:
    """Merge intervals, unless some are missing."""
    from skw2v.training.intervals import merge_intervals

    missing = [part for part in parts if isinstance(part, Missing)]
    if missing:
        return Missing(tuple(p for part in missing for p in part.partitions))
    return merge_intervals(parts)  # type: ignore[arg-type]


# --- On a worker ---------------------------------------------------------------------------------


class _Replica:
    """A worker's copy of the vectors of a run; one partition at a time is trained on it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.training: IntervalRun | None = None
        self.version = -1
        self.is_abandoned = False

    def reach(
        self, version: int, setup: Setup, update: Update | None, state: Vectors | None
    ) -> IntervalRun | None:
        """Return what trains from the vectors of a version, None if there is no way to it."""
        from skw2v.training.intervals import AbandonedError, IntervalRun

        is_start = state is not None or version == 0
        if self.training is None and is_start:
            self.training, self.version = IntervalRun(setup), -1
        # Asked after a run was made: `abandon` marks the replica before it looks for the run, so
        # one of the two sees the other.
        if self.is_abandoned:
            raise AbandonedError
        if self.training is None or self.version == version:
            return self.training
        if state is not None:
            self.training.reset(*state)
        elif not is_start:
            if self.version != version - 1 or update is None:
                return None
            self.training.advance(update)
        self.version = version
        return self.training


# By worker, of which a process may hold several, and run. The latest runs are kept: those of a
# client that has died are never told that they are over.
_replicas: OrderedDict[tuple[str, str], _Replica] = OrderedDict()
_replicas_lock = threading.Lock()
MAX_REPLICAS_OF_WORKER = 2


def _replica_of(worker: str, run: str) -> _Replica:
    """Return the replica of a run on a worker, a new one if need be."""
    with _replicas_lock:
        replica = _replicas.setdefault((worker, run), _Replica())
        _replicas.move_to_end((worker, run))
        own = [key for key in _replicas if key[0] == worker]
        for key in own[:-MAX_REPLICAS_OF_WORKER]:
            del _replicas[key]
    return replica


def train_partition(
    data: Partition,
    setup: Setup,
    update: Update | None,
    state: Vectors | None,
    *,
    run: str,
    version: int,
    partition: int,
    epoch: int,
    begin: int,
    end: int,
    n_jobs: int | None,
) -> Interval | Missing:
    """Train an interval of a partition: a task."""
    from distributed import get_worker

    worker = get_worker()
    n_threads = worker.state.nthreads if n_jobs is None else effective_n_jobs(n_jobs)
    replica = _replica_of(worker.address, run)
    with replica.lock:
        try:
            training = replica.reach(version, setup, update, state)
            if training is None:
                return Missing((partition,))
            return training.train_interval(
                *data, partition=partition, epoch=epoch, begin=begin, end=end, n_threads=n_threads
            )
        except BaseException:
            replica.training = None  # nobody knows what state it is in
            raise


def forget(run: str, dask_worker: Any) -> None:
    """Let go of the replica of a run."""
    with _replicas_lock:
        _replicas.pop((dask_worker.address, run), None)


def abandon(run: str, dask_worker: Any) -> None:
    """End the training of a run, and let no task of it begin."""
    replica = _replica_of(dask_worker.address, run)
    replica.is_abandoned = True
    training, replica.training = replica.training, None
    if training is not None:
        training.is_abandoned = True
