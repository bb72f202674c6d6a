"""Compare training in partitions, on a local cluster of Dask, with training on one machine.

The same text is trained by `skw2v.Word2VecVectorizer` and, cut into partitions, by
`skw2v.dask.Word2VecVectorizer` with worker processes of one thread each. The vectors answer the
questions of `benchmarks/quality.py`. Besides, the table says how much travels, as bytes of a token
of the text and epoch: up, the moves that partitions leave for the merge, and down, the updates that
each worker takes; and how long a round takes: the tasks of training and merging, summed over the
workers, and the round as the client sees it. On one computer nothing goes through a network, so
these figures say how much is to be sent and not how long that takes.

See `benchmarks/README.md` for the data and how to run it.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

import dask
from common import (
    MIN_COUNT,
    MODES,
    TRAINING,
    limited_corpus,
    print_environment,
    print_table,
    read_documents,
    report_progress,
)
from distributed import Client, LocalCluster, get_task_stream
from quality import Questions, evaluate

import skw2v
from skw2v.dask import Word2VecVectorizer, _rounds
from skw2v.evaluation import read_analogies, read_word_pairs

PACKAGES = ["skw2v", "dask", "distributed", "numpy", "numba"]
MEASURES = ["total", "WordSim-353", "SimLex-999"]


class Traffic(NamedTuple):
    """What the rounds of a fit have sent, and how long they took."""

    n_rounds: int
    bytes_up: int
    bytes_down: int  # to one worker
    seconds: float
    train_seconds: float
    merge_seconds: float


class Watch:
    """Notes the rounds of a fit."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.bytes_down = 0
        self._train_round = _rounds.Rounds._train_round

    def __enter__(self) -> Watch:
        """Put itself between the rounds."""
        train_round = self._train_round

        def timed(rounds: _rounds.Rounds, epoch: int, position: int) -> Any:
            start = time.perf_counter()
            update = train_round(rounds, epoch, position)
            self.seconds.append(time.perf_counter() - start)
            self.bytes_down += sum(
                array.nbytes for steps in (update.inputs, update.outputs) for array in steps
            )
            return update

        _rounds.Rounds._train_round = timed  # type: ignore[method-assign]
        return self

    def __exit__(self, *failure: object) -> None:
        """Leave the rounds as they were."""
        _rounds.Rounds._train_round = self._train_round  # type: ignore[method-assign]

    def traffic(self, tasks: list[dict[str, Any]]) -> Traffic:
        """Sum up what was noted, and the tasks of the cluster."""
        seconds: dict[str, float] = defaultdict(float)
        n_bytes: dict[str, int] = defaultdict(int)
        for task in tasks:
            name = dask.utils.key_split(task["key"])
            n_bytes[name] += task.get("nbytes") or 0
            seconds[name] += sum(
                part["stop"] - part["start"]
                for part in task["startstops"]
                if part["action"] == "compute"
            )
        return Traffic(
            len(self.seconds),
            n_bytes["skw2v-train"],
            self.bytes_down,
            sum(self.seconds),
            seconds["skw2v-train"],
            seconds["skw2v-merge"] + seconds["skw2v-update"],
        )


def read_part(path: Path, part: int, n_parts: int) -> list[list[str]]:
    """Read the documents of a partition: a run of lines."""
    documents = list(read_documents(path))
    first, last = (len(documents) * p // n_parts for p in (part, part + 1))
    return documents[first:last]


def parameters_of(arguments: argparse.Namespace, seed: int) -> dict[str, Any]:
    """Return the parameters of all fits."""
    architecture, objective = MODES[arguments.mode]
    return {
        "architecture": architecture,
        "objective": objective,
        "vector_size": arguments.dimension,
        "epochs": arguments.epochs,
        "min_count": MIN_COUNT,
        "random_state": seed,
        **TRAINING,
    }


def row(name: str, scores: dict[str, float], seconds: float, rest: list[str]) -> list[str]:
    """Return a row of the table."""
    return [name, *(f"{scores[key]:.3f}" for key in MEASURES), f"{seconds:.0f}", *rest]


def run(arguments: argparse.Namespace, path: Path) -> list[list[str]]:
    """Train and evaluate everything; return the rows of the table."""
    questions = Questions(
        read_analogies(arguments.questions),
        {
            "WordSim-353": read_word_pairs(arguments.wordsim),
            "SimLex-999": read_word_pairs(arguments.simlex),
        },
    )

    def mean(records: list[dict[str, float]]) -> dict[str, float]:
        return {key: statistics.mean(record[key] for record in records) for key in MEASURES}

    rows, scores, start = [], [], time.perf_counter()
    for seed in arguments.seeds:
        local = skw2v.Word2VecVectorizer(
            n_jobs=arguments.workers, **parameters_of(arguments, seed)
        ).fit(read_documents(path))
        scores.append(evaluate(local.word_vectors_, questions))
    seconds = (time.perf_counter() - start) / len(arguments.seeds)
    rows.append(row("one machine", mean(scores), seconds, ["", "", "", "", "", ""]))
    report_progress(str(rows[-1]))
    with (
        LocalCluster(
            n_workers=arguments.workers, threads_per_worker=1, dashboard_address=":0"
        ) as cluster,
        Client(cluster) as client,
    ):
        for n_parts in arguments.partitions:
            for sync_tokens in arguments.sync_tokens:
                scores, start = [], time.perf_counter()
                for seed in arguments.seeds:
                    parts = [
                        dask.delayed(read_part, pure=False)(path, part, n_parts)
                        for part in range(n_parts)
                    ]
                    with Watch() as watch, get_task_stream(client) as stream:
                        vectorizer = Word2VecVectorizer(
                            sync_tokens=sync_tokens, **parameters_of(arguments, seed)
                        ).fit(parts)
                    scores.append(evaluate(vectorizer.word_vectors_, questions))
                seconds = (time.perf_counter() - start) / len(arguments.seeds)
                traffic = watch.traffic(stream.data)
                n_tokens = vectorizer.n_tokens_ * arguments.epochs
                n = traffic.n_rounds
                rest = [
                    f"{traffic.bytes_up / n_tokens:.0f}",
                    f"{traffic.bytes_down / n_tokens:.0f}",
                    str(n),
                    f"{1000 * traffic.seconds / n:.0f}",
                    f"{1000 * traffic.train_seconds / n:.0f}",
                    f"{1000 * traffic.merge_seconds / n:.0f}",
                ]
                name = f"{n_parts} partitions, sync {sync_tokens}"
                rows.append(row(name, mean(scores), seconds, rest))
                report_progress(str(rows[-1]))
    return rows


def main() -> None:
    """Read the arguments, run, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    for name in ("corpus", "questions", "wordsim", "simlex"):
        parser.add_argument(name, type=Path, help="see benchmarks/README.md")
    parser.add_argument("--mode", choices=MODES, default="skipgram-ns", help="what to train")
    parser.add_argument("--partitions", type=int, nargs="+", default=[2, 4, 8, 16])
    parser.add_argument("--sync-tokens", type=int, nargs="+", default=[100_000])
    parser.add_argument("--workers", type=int, default=2, help="processes, and local threads")
    parser.add_argument("--dimension", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--limit-tokens", type=int, metavar="N", help="use the first lines only")
    arguments = parser.parse_args()
    print_environment(PACKAGES)
    with limited_corpus(arguments.corpus.resolve(), arguments.limit_tokens) as path:
        rows = run(arguments, path)
    header = ["training", *MEASURES, "seconds", "up B/token", "down B/token and worker", "rounds"]
    header += ["ms per round", "of training", "of merging"]
    print_table(f"Partitions, {arguments.mode}", header, rows)


if __name__ == "__main__":
    main()
