"""Share work among threads that go through the same phases side by side.

Threads decide who does what and never what is done: between two phases all of them meet, and within
a phase the tasks, which must not depend on each other, go to whoever asks next. Code that keeps to
this gives the same bytes for any number of threads.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
from joblib import cpu_count, effective_n_jobs
from joblib.parallel import get_active_backend
from threadpoolctl import threadpool_limits

# How often compiled code looks whether the other threads have come: for some tenths of a
# millisecond, unless it keeps a core from one of them. After that it rests between the looks, for
# about as long as it has waited.
PATIENCE, LITTLE_PATIENCE = 20_000, 100
REST_SECONDS, MAX_DOUBLINGS = 1e-4, 5


def count_threads(n_jobs: int | None) -> int:
    """Return how many threads to use: within a worker of joblib no more than its share.

    The number changes no result. A process of joblib's is told its share of the processors in the
    variables that limit native libraries; of a thread's share nobody knows.
    """
    n_threads = effective_n_jobs(n_jobs)
    backend, _ = get_active_backend()
    if backend.nesting_level == 0:
        return n_threads
    is_process = multiprocessing.current_process().name != "MainProcess"
    share = os.environ.get("OMP_NUM_THREADS", "1") if is_process else "1"
    return max(1, min(n_threads, int(share) if share.isdecimal() else 1))


class Team:
    """Threads that go through the same phases side by side and share the work of each phase.

    Parameters
    ----------
    n_threads : int
        Number of threads; one alone waits for nobody.

    Attributes
    ----------
    state : ndarray of shape (4,), dtype=int64
        Where compiled code takes tasks and meets without Python: see `kernels.train_rounds`. The
        last element is 1 when a thread has failed.
    patience : int
        How often it looks whether the others have come, before it calls for `rest`.
    """

    def __init__(self, n_threads: int) -> None:
        self.n_threads = n_threads
        has_cores = n_threads == 1 or n_threads <= cpu_count()
        self.patience = PATIENCE if has_cores else LITTLE_PATIENCE
        self._lock = threading.Lock()
        self._barrier = threading.Barrier(n_threads, action=self._start_phase)
        self._n_taken = 0
        self.state = np.zeros(4, np.int64)

    def _start_phase(self) -> None:
        self._n_taken = 0

    def share(self, n_tasks: int) -> Iterator[int]:
        """Yield the tasks of a phase to whichever thread asks next; follow it by `wait`."""
        while True:
            with self._lock:
                task = self._n_taken
                self._n_taken += 1
            if task >= n_tasks:
                return
            yield task

    def wait(self) -> None:
        """Wait until every thread has ended the phase, or one has failed."""
        self._barrier.wait()

    def rest(self, n_rests: int) -> None:
        """Sleep before compiled code looks again, longer after many rests.

        Raises `threading.BrokenBarrierError` if a thread has failed.
        """
        if self._barrier.broken:
            raise threading.BrokenBarrierError
        time.sleep(REST_SECONDS * 2 ** min(n_rests, MAX_DOUBLINGS))

    def disband(self) -> None:
        """Make every thread that waits, now or later, raise `threading.BrokenBarrierError`."""
        self._barrier.abort()
        self.state[-1] = 1


def run_in_threads(work: Callable[[Team, int], None], n_threads: int) -> None:
    """Run `work(team, thread)` in several threads, of which the caller's is number 0.

    The first exception of any thread, KeyboardInterrupt included, ends all of them at their next
    `wait` and is raised here when none is left running.
    """
    team = Team(n_threads)
    failures: list[BaseException] = []

    def guarded(thread: int) -> None:
        try:
            if thread == 0:
                for helper in helpers:
                    helper.start()
            work(team, thread)
        except threading.BrokenBarrierError:
            pass  # another thread failed, and says why
        except BaseException as failure:
            failures.append(failure)
            team.disband()

    helpers = [
        threading.Thread(target=guarded, args=(thread,), name=f"skw2v-{thread}", daemon=True)
        for thread in range(1, n_threads)
    ]
    guarded(0)
    for helper in helpers:
        if helper.ident is not None:  # it was started
            helper.join()
    if failures:
        raise failures[0]


class _SingleBlasThread:
    """A limit of BLAS to one thread that any number of threads may enter and leave."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._n_inside = 0

    def __enter__(self) -> None:
        with self._lock:
            if self._n_inside == 0:
                self._limits = threadpool_limits(limits=1, user_api="blas")
            self._n_inside += 1

    def __exit__(self, *failure: object) -> None:
        with self._lock:
            self._n_inside -= 1
            if self._n_inside == 0:
                self._limits.restore_original_limits()


single_blas_thread = _SingleBlasThread()
"""Limits BLAS to one thread while anybody in the process is inside: `with single_blas_thread: ...`.

The order of a sum in a matrix product may depend on the number of threads that BLAS uses. That
number belongs to the whole process: the first to enter sets it to one and the last to leave
restores it, in whichever order those between come and go.
"""
