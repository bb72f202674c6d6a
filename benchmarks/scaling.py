"""Compare threads with processes that share nothing: what the cores give, and what sharing costs.

As many processes of one thread each as there are threads train at once, each on all of the text.
They never wait for one another, but they share memory, caches and power, as threads do: their speed
together tells what the machine gives to this work. Threads may come out ahead, as they share the
matrices, of which each process has its own in the same caches.

See `benchmarks/README.md` for the data and how to run it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from common import (
    MIN_COUNT,
    add_common_arguments,
    limited_corpus,
    print_environment,
    print_table,
    read_documents,
    report_progress,
    training_parameters,
    warm_up,
)

from skw2v.corpus.encoding import encode_documents
from skw2v.training.trainer import train

PACKAGES = ["skw2v", "numpy", "numba"]

# Of a worker process: its corpus.
_data: dict[str, Any] = {}


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("corpus", type=Path, help="text, a document a line, tokens between spaces")
    add_common_arguments(parser, peers=[])
    parser.add_argument("--dimensions", nargs="+", type=int, default=[100, 300], metavar="D")
    parser.add_argument("--threads", type=int, default=2, metavar="N")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    print_environment(PACKAGES)
    rows = []
    with limited_corpus(options.corpus, options.limit_tokens) as path, ExitStack() as stack:
        context = multiprocessing.get_context("spawn")
        workers = [
            stack.enter_context(ProcessPoolExecutor(1, context, read_corpus, (path,)))
            for _ in range(options.threads)
        ]
        for mode in options.modes:
            for dimension in options.dimensions:
                report_progress(f"{mode}, {dimension} dimensions")
                rows.append([mode, str(dimension), *compare(workers, mode, dimension, options)])
    n = options.threads
    print_table(
        "Times the speed of one thread, medians",
        ["mode", "d", f"{n} threads", f"{n} processes", "threads / processes"],
        rows,
    )


def compare(
    workers: Sequence[ProcessPoolExecutor], mode: str, dimension: int, options: argparse.Namespace
) -> list[str]:
    """Return what threads and processes give, and the ratio of the two, each turn by itself."""

    def run(workers: Sequence[ProcessPoolExecutor], n_threads: int) -> float:
        """Return the seconds until all of these have trained."""
        futures = [worker.submit(train_once, mode, dimension, n_threads) for worker in workers]
        return max(future.result() for future in futures)

    for future in [worker.submit(compile_mode, mode, dimension) for worker in workers]:
        future.result()
    n = options.threads
    ways: list[Callable[[], float]] = [
        lambda: run(workers[:1], 1),
        lambda: run(workers[:1], n),
        lambda: run(workers, 1) / n,
    ]
    turns = [[way() for way in ways] for _ in range(options.repeats)]
    ratios = [
        (one / threads, one / processes, processes / threads) for one, threads, processes in turns
    ]
    return [f"{statistics.median(column):.2f}" for column in zip(*ratios, strict=True)]


# In a worker process


def read_corpus(path: Path) -> None:
    """Encode the text, once for all runs of this process."""
    _data["corpus"], _data["vocabulary"] = encode_documents(
        read_documents(path), min_count=MIN_COUNT
    )


def compile_mode(mode: str, dimension: int) -> None:
    """Compile what a mode needs, so that the processes start at once when they are timed."""
    parameters = training_parameters(mode, dimension)
    warm_up(_data["corpus"].token_ids, _data["vocabulary"].counts, parameters)


def train_once(mode: str, dimension: int, n_threads: int) -> float:
    """Train an epoch of a mode that has been compiled; return the seconds it took."""
    corpus, counts = _data["corpus"], _data["vocabulary"].counts
    parameters = training_parameters(mode, dimension)
    start = time.perf_counter()
    train(corpus.token_ids, corpus.offsets, counts, parameters, seed=0, n_threads=n_threads)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
