"""Training in partitions: its quality, what it sends, how long it takes, where it stops paying.

Three tables:

1. *Quality.* The text is trained on one machine and in partitions that agree after each interval.
   That is simulated in one process, with the arithmetic of the cluster and without its messages.
   Beside it stand two schemes that agree once an epoch, as Spark's MLlib does: the steps of the
   partitions are averaged or added up. With `--cluster` the same is trained by
   `skw2v.dask.Word2VecVectorizer` on worker processes of one thread each.
2. *Rounds* (with `--cluster`). What travels, as bytes of a token: up, the moves that the partitions
   leave for the merge, and down, the updates that each worker takes; and how long a round takes, as
   the client sees it, with the tasks' time to train, to fetch from other processes, and to merge.
3. *Expected speed-up* on clusters, on paper: from processor times that are measured here on one
   thread, a law of word frequencies, and the speed of a network. See `round_seconds`.

See `benchmarks/README.md` for the data and how to run it.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from common import (
    MIN_COUNT,
    MODES,
    TRAINING,
    limited_corpus,
    print_environment,
    print_table,
    read_documents,
    report_progress,
    training_parameters,
)
from numpy.typing import NDArray
from quality import Questions, evaluate

from skw2v import WordVectors
from skw2v.corpus import EncodedCorpus, Vocabulary, encode_documents
from skw2v.evaluation import read_analogies, read_word_pairs
from skw2v.training.intervals import (
    Interval,
    IntervalRun,
    Moves,
    Setup,
    Steps,
    Update,
    make_update,
    make_vectors,
    merge_intervals,
)
from skw2v.training.noise import keep_probabilities, noise_distribution
from skw2v.training.parameters import TrainingParameters, plan_rounds
from skw2v.training.trainer import train

PACKAGES = ["skw2v", "dask", "distributed", "numpy", "numba"]
MEASURES = ["total", "WordSim-353", "SimLex-999"]
WHOLE_EPOCH = 2**62
SCHEMES = ["intervals", "averaged once an epoch", "added up once an epoch"]

FAN_IN = 8  # of the merge, and ...
FAN_OUT = 10  # ... workers that one sends to at a time: Dask's distributed.worker.connections
NETWORK_BITS = 10e9  # a second
WORKERS = [4, 8, 16, 32, 64]
ZIPF_SHIFT = 2.7  # Mandelbrot's: the word of rank r has a share in proportion to 1 / (r + 2.7)


# --- Quality -------------------------------------------------------------------------------------


class Text(NamedTuple):
    """The encoded text, and what its vectors are asked."""

    corpus: EncodedCorpus
    vocabulary: Vocabulary
    questions: Questions

    def score(self, vectors: NDArray[np.float32]) -> dict[str, float]:
        """Score vectors; those that have grown beyond bounds know nothing."""
        if not np.isfinite(vectors).all():
            return dict.fromkeys(MEASURES, float("nan"))
        return evaluate(WordVectors(list(self.vocabulary.index), vectors), self.questions)

    def partitions(self, n_parts: int) -> list[tuple[NDArray[np.int32], NDArray[np.int64]]]:
        """Cut the text into runs of documents, as `read_part` does."""
        token_ids, offsets = self.corpus.token_ids, self.corpus.offsets
        n_documents = len(offsets) - 1
        ends = [n_documents * part // n_parts for part in range(n_parts + 1)]
        return [
            (
                np.array(token_ids[offsets[first] : offsets[last]]),
                offsets[first : last + 1] - offsets[first],
            )
            for first, last in pairwise(ends)
        ]


def read_text(arguments: argparse.Namespace, path: Path) -> Text:
    """Read everything."""
    word_pairs = {
        "WordSim-353": read_word_pairs(arguments.wordsim),
        "SimLex-999": read_word_pairs(arguments.simlex),
    }
    return Text(
        *encode_documents(read_documents(path), min_count=MIN_COUNT),
        Questions(read_analogies(arguments.questions), word_pairs),
    )


def merge_simply(parts: list[Interval], scheme: str) -> Update:
    """Add up the steps of each row, or take their mean over the partitions that moved it."""

    def merge(sides: list[Moves]) -> Steps:
        rows, counts = np.unique(np.concatenate([side.rows for side in sides]), return_counts=True)
        steps = np.zeros((len(rows), sides[0].steps.shape[1]), np.float32)
        for side in sides:
            steps[np.searchsorted(rows, side.rows)] += side.steps
        if scheme.startswith("averaged"):
            steps /= counts[:, np.newaxis]
        return Steps(rows, steps)

    return Update(merge([p.inputs for p in parts]), merge([p.outputs for p in parts]), 0.0, 0.0)


def train_in_partitions(
    text: Text, n_parts: int, setup: Setup, scheme: str, interval_tokens: int, n_threads: int
) -> NDArray[np.float32]:
    """Train as the cluster does, one partition after another; return the input vectors."""
    partitions, run = text.partitions(n_parts), IntervalRun(setup)
    vectors = make_vectors(setup, None)
    for epoch in range(setup.parameters.epochs):
        for begin in range(0, int(setup.sizes.max()), interval_tokens):
            moved = [
                run.train_interval(
                    *partition, partition=part, epoch=epoch, begin=begin,
                    end=begin + interval_tokens, n_threads=n_threads,
                )
                for part, partition in enumerate(partitions)
                if setup.sizes[part] > begin
            ]  # fmt: skip
            if scheme == "intervals":
                learning_rate = setup.learning_rate_of(epoch, begin)
                merged = merge_intervals(moved)
                update = make_update(merged, *vectors, setup.parameters, learning_rate)
            else:
                update = merge_simply(moved, scheme)
            run.advance(update)
            update.inputs.add_to(vectors[0])
            update.outputs.add_to(vectors[1])
    return vectors[0]


def compare_quality(arguments: argparse.Namespace, text: Text) -> list[list[str]]:
    """Train by all schemes; return the rows of a table."""
    parameters = training_parameters(arguments.mode, arguments.dimension, arguments.epochs)
    counts = text.vocabulary.counts
    rows: list[list[str]] = []

    def note(name: str, scores: list[dict[str, float]], interval: str) -> None:
        means = (statistics.mean(score[key] for score in scores) for key in MEASURES)
        rows.append([name, interval, *(f"{mean:.3f}" for mean in means)])
        report_progress(", ".join(rows[-1]))

    scores = []
    for seed in arguments.seeds:
        embedding = train(
            text.corpus.token_ids, text.corpus.offsets, counts, parameters, seed=seed,
            n_threads=arguments.threads,
        )  # fmt: skip
        scores.append(text.score(embedding.input_vectors))
    note("one machine", scores, "")
    for name in arguments.schemes:
        intervals = arguments.sync_tokens if name == "intervals" else [WHOLE_EPOCH]
        for n_parts in arguments.partitions:
            sizes = np.array([len(ids) for ids, _ in text.partitions(n_parts)])
            for sync_tokens in intervals:
                scores = []
                for seed in arguments.seeds:
                    setup = Setup(parameters, counts, sizes, seed, np.zeros(0, bool))
                    tokens = setup.interval_tokens(sync_tokens)
                    vectors = train_in_partitions(
                        text, n_parts, setup, name, tokens, arguments.threads
                    )
                    scores.append(text.score(vectors))
                length = "an epoch" if tokens >= sizes.max() else f"{tokens:,}"
                note(f"{n_parts} partitions, {name}", scores, length)
    return rows


# --- On a cluster --------------------------------------------------------------------------------


class Watch:
    """Notes the rounds of a fit."""

    def __init__(self) -> None:
        from skw2v.dask._rounds import Rounds

        self.seconds: list[float] = []
        self.bytes_down = 0
        self._rounds, self._train_round = Rounds, Rounds._train_round

    def __enter__(self) -> Watch:
        """Put itself between the rounds."""
        train_round = self._train_round

        def timed(rounds: Any, epoch: int, position: int) -> Any:
            start = time.perf_counter()
            update = train_round(rounds, epoch, position)
            self.seconds.append(time.perf_counter() - start)
            self.bytes_down += bytes_of(update)
            return update

        self._rounds._train_round = timed  # type: ignore[method-assign]
        return self

    def __exit__(self, *failure: object) -> None:
        """Leave the rounds as they were."""
        self._rounds._train_round = self._train_round  # type: ignore[method-assign]


def bytes_of(moved: Interval | Update) -> int:
    """Return how many bytes of arrays travel."""
    return sum(array.nbytes for side in (moved.inputs, moved.outputs) for array in side)


def read_part(path: Path, part: int, n_parts: int) -> list[list[str]]:
    """Read the documents of a partition: a run of lines."""
    documents = list(read_documents(path))
    first, last = (len(documents) * p // n_parts for p in (part, part + 1))
    return documents[first:last]


def sum_tasks(tasks: list[dict[str, Any]]) -> tuple[dict[str, float], dict[str, int]]:
    """Return the seconds of tasks, by what was done, and the bytes of their results, by name."""
    import dask

    seconds: dict[str, float] = defaultdict(float)
    n_bytes: dict[str, int] = defaultdict(int)
    rounds = ("skw2v-train", "skw2v-merge", "skw2v-moves")
    for task in tasks:
        name = dask.utils.key_split(task["key"])
        if name not in rounds:
            continue
        n_bytes[name] += task.get("nbytes") or 0
        for part in task["startstops"]:
            what = name if part["action"] == "compute" else part["action"]
            seconds[what] += part["stop"] - part["start"]
    return seconds, n_bytes


def run_cluster(
    arguments: argparse.Namespace, text: Text, path: Path
) -> tuple[list[list[str]], list[list[str]], float]:
    """Train on worker processes; return rows of two tables, and the fixed seconds of a round."""
    import dask
    from distributed import Client, LocalCluster, get_task_stream

    from skw2v.dask import Word2VecVectorizer

    architecture, objective = MODES[arguments.mode]
    quality_rows, round_rows, fixed = [], [], []
    with (
        LocalCluster(
            n_workers=arguments.workers, threads_per_worker=1, dashboard_address=":0"
        ) as cluster,
        Client(cluster) as client,
    ):
        for n_parts in arguments.partitions:
            for sync_tokens in arguments.sync_tokens:
                parts = [
                    dask.delayed(read_part, pure=False)(path, part, n_parts)
                    for part in range(n_parts)
                ]
                vectorizer = Word2VecVectorizer(
                    sync_tokens=sync_tokens, architecture=architecture, objective=objective,
                    vector_size=arguments.dimension, epochs=arguments.epochs, min_count=MIN_COUNT,
                    random_state=arguments.seeds[0], **TRAINING,
                )  # fmt: skip
                with Watch() as watch, get_task_stream(client) as stream:
                    vectorizer.fit(parts)
                scores = text.score(vectorizer.word_vectors_.vectors)
                name = f"{n_parts} partitions, cluster, sync_tokens={sync_tokens}"
                quality_rows.append([name, "", *(f"{scores[key]:.3f}" for key in MEASURES)])
                seconds, n_bytes = sum_tasks(stream.data)
                n, n_tokens = len(watch.seconds), vectorizer.n_tokens_ * arguments.epochs
                merging = seconds["skw2v-merge"]
                sending = seconds["transfer"]
                busy = (seconds["skw2v-train"] + merging + sending) / arguments.workers
                fixed.append(max(0.0, sum(watch.seconds) - busy) / n)
                per_round = (sum(watch.seconds), seconds["skw2v-train"], sending, merging)
                round_rows.append([
                    f"{n_parts} partitions, sync_tokens={sync_tokens}",
                    f"{n_bytes['skw2v-train'] / n_tokens:.0f}",
                    f"{watch.bytes_down / n_tokens:.0f}",
                    str(n),
                    *(f"{1000 * value / n:.0f}" for value in per_round),
                ])  # fmt: skip
                report_progress(", ".join([*quality_rows[-1], *round_rows[-1]]))
    return quality_rows, round_rows, statistics.median(fixed)


# --- On paper ------------------------------------------------------------------------------------


class Costs(NamedTuple):
    """What was measured on one thread, and what it was measured on."""

    tokens_per_second: float
    merge_seconds_per_byte: float
    scale_seconds_per_byte: float
    interval_tokens: int
    interval_bytes: int


def measure_costs(text: Text, parameters: TrainingParameters, interval_tokens: int) -> Costs:
    """Train two intervals on one thread and merge them, by the processor's clock."""
    partitions = text.partitions(2)
    sizes = np.array([len(ids) for ids, _ in partitions])
    setup = Setup(parameters, text.vocabulary.counts, sizes, 0, np.zeros(0, bool))
    run, tokens = IntervalRun(setup), setup.interval_tokens(interval_tokens)

    def interval(part: int, n_tokens: int) -> Interval:
        return run.train_interval(
            *partitions[part], partition=part, epoch=0, begin=0, end=n_tokens, n_threads=1
        )

    interval(0, 1000)  # compiles
    start = time.process_time()
    moved = [interval(part, tokens) for part in (0, 1)]
    trained = time.process_time()
    merged_moves = merge_intervals(moved)
    merged = time.process_time()
    make_update(merged_moves, *make_vectors(setup, None), parameters, parameters.learning_rate)
    scaled = time.process_time()
    n_tokens = sum(min(tokens, int(size)) for size in sizes)
    return Costs(
        n_tokens / (trained - start),
        (merged - trained) / sum(map(bytes_of, moved)),
        (scaled - merged) / bytes_of(merged_moves),
        n_tokens // 2,
        bytes_of(moved[0]),
    )


def expected_bytes(n_tokens: int, n_words: int, parameters: TrainingParameters) -> float:
    """Return how many bytes the rows are that so many tokens touch, by Zipf's law.

    A word that is met lambda times on average is met at all with probability 1 - exp(-lambda).
    Hierarchical softmax touches no more rows than negative sampling.
    """
    shares = 1.0 / (np.arange(1, n_words + 1) + ZIPF_SHIFT)
    counts = np.maximum(shares / shares.sum() * 1e12, 1).astype(np.int64)
    shares = counts / counts.sum()
    plan = plan_rounds(parameters, 10**9)
    kept = n_tokens * shares * keep_probabilities(counts, parameters.sample)
    noise = n_tokens * plan.pooled_negatives / plan.chunk_tokens
    met = kept, kept + noise * noise_distribution(counts, parameters.ns_exponent)
    rows = sum(float(-np.expm1(-times).sum()) for times in met)
    return rows * (4 * parameters.vector_size + 3 * 8)


def round_seconds(
    costs: Costs, parameters: TrainingParameters, n_words: int, n_workers: int,
    interval_tokens: int, n_threads: int, fixed_seconds: float,
) -> tuple[float, float]:  # fmt: skip
    """Return how long a round is expected to take, and how much of that is training.

    Each worker trains one partition. Then, one after the other:

    - levels of merging, where a worker receives the parts of up to seven others and adds them up;
    - the root goes to the client, from there by the scheduler to a worker: three times its size;
    - from worker to worker, each of which sends to at most ten at a time;
    - the client scales the root; workers take their moves, client and workers move their vectors,
      each as much work as adding up one part;
    - what a round takes besides, as measured.

    All machines send and receive at the same speed, and a machine shares it between its peers.
    """
    train = interval_tokens / (costs.tokens_per_second * n_threads)
    per_byte = 8 / NETWORK_BITS
    total, n_parts, tokens = train + fixed_seconds, n_workers, interval_tokens
    while n_parts > 1:
        group = min(n_parts, FAN_IN)
        n_bytes = expected_bytes(tokens, n_words, parameters)
        total += (group - 1) * n_bytes * per_byte
        total += group * n_bytes * costs.merge_seconds_per_byte
        n_parts, tokens = -(-n_parts // FAN_IN), tokens * group
    root = expected_bytes(n_workers * interval_tokens, n_words, parameters)
    total += 3 * root * (per_byte + costs.merge_seconds_per_byte)
    total += root * costs.scale_seconds_per_byte
    holders = 1
    while holders < n_workers:
        each = min(FAN_OUT, -(-(n_workers - holders) // holders))
        total += each * root * per_byte
        holders += holders * each
    return total, train


def expect_speedups(
    arguments: argparse.Namespace, text: Text, fixed_seconds: float
) -> tuple[list[list[str]], list[list[str]]]:
    """Measure the costs; return the rows of two tables, of these and of speed-ups."""
    cost_rows, rows = [], []
    for dimension in arguments.paper_dimensions:
        parameters = training_parameters(arguments.mode, dimension, arguments.epochs)
        costs = measure_costs(text, parameters, arguments.paper_interval)
        by_law = expected_bytes(costs.interval_tokens, len(text.vocabulary.counts), parameters)
        cost_rows.append([
            str(dimension),
            f"{costs.tokens_per_second / 1e6:.2f}",
            f"{1e-9 / costs.merge_seconds_per_byte:.2f}",
            f"{1e-9 / costs.scale_seconds_per_byte:.2f}",
            f"{costs.interval_tokens:,}",
            f"{costs.interval_bytes / 1e6:.1f}",
            f"{by_law / 1e6:.1f}",
        ])  # fmt: skip
        for n_words in arguments.paper_words:
            for n_threads in arguments.paper_threads:
                for interval in arguments.paper_sync_tokens:
                    speedups = []
                    for n_workers in WORKERS:
                        total, train = round_seconds(
                            costs, parameters, n_words, n_workers, interval, n_threads,
                            fixed_seconds,
                        )  # fmt: skip
                        speedups.append(f"{n_workers * train / total:.1f}")
                    rows.append(
                        [f"{n_words:,}", str(dimension), str(n_threads), f"{interval:,}", *speedups]
                    )
    return cost_rows, rows


def sync_tokens_of(text: str) -> int | str:
    """Parse an interval: "auto" or a number."""
    return text if text == "auto" else int(text)


def main() -> None:
    """Read the arguments, run, and print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    for name in ("corpus", "questions", "wordsim", "simlex"):
        parser.add_argument(name, type=Path, help="see benchmarks/README.md")
    parser.add_argument("--mode", choices=MODES, default="skipgram-ns", help="what to train")
    parser.add_argument("--schemes", nargs="*", choices=SCHEMES, default=SCHEMES)
    parser.add_argument("--partitions", type=int, nargs="+", default=[2, 4, 8, 16])
    parser.add_argument("--sync-tokens", type=sync_tokens_of, nargs="+", default=["auto"])
    parser.add_argument("--threads", type=int, default=2, help="of training in one process")
    parser.add_argument("--dimension", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--limit-tokens", type=int, metavar="N", help="use the first lines only")
    parser.add_argument("--cluster", action="store_true", help="train on worker processes, too")
    parser.add_argument("--workers", type=int, default=2, help="processes of the cluster")
    parser.add_argument("--no-quality", action="store_true", help="leave the first table out")
    parser.add_argument("--paper-words", type=int, nargs="*", default=[100_000, 1_000_000])
    parser.add_argument("--paper-dimensions", type=int, nargs="*", default=[100, 300])
    parser.add_argument("--paper-threads", type=int, nargs="*", default=[1, 8])
    parser.add_argument("--paper-sync-tokens", type=int, nargs="*", default=[2_000_000, 20_000_000])
    parser.add_argument("--paper-interval", type=int, default=1_000_000, help="to measure costs on")
    parser.add_argument(
        "--fixed-seconds", type=float, default=0.1, help="of a round, if not measured"
    )
    arguments = parser.parse_args()
    print_environment(PACKAGES)
    with limited_corpus(arguments.corpus.resolve(), arguments.limit_tokens) as path:
        text = read_text(arguments, path)
        rows = [] if arguments.no_quality else compare_quality(arguments, text)
        round_rows, fixed_seconds = [], arguments.fixed_seconds
        if arguments.cluster:
            more_rows, round_rows, fixed_seconds = run_cluster(arguments, text, path)
            rows += more_rows
        cost_rows, speedup_rows = expect_speedups(arguments, text, fixed_seconds)
    if rows:
        print_table(f"Quality, {arguments.mode}", ["training", "interval", *MEASURES], rows)
    if round_rows:
        header = ["cluster", "up, B/token", "down, B/token and worker", "rounds", "ms per round"]
        header += ["training", "fetching", "merging"]
        print_table(f"Rounds, {arguments.mode}, {arguments.workers} workers", header, round_rows)
    if speedup_rows:
        header = [
            "d",
            "million tokens/s",
            "merging, GB/s",
            "scaling, GB/s",
            "interval",
            "MB",
            "MB by Zipf's law",
        ]
        print_table("One thread", header, cost_rows)
        header = ["words", "d", "threads", "sync_tokens", *(f"{n} workers" for n in WORKERS)]
        title = f"Expected speed-up, {NETWORK_BITS / 1e9:.0f} Gbit/s, {fixed_seconds:.2f} s a round"
        print_table(title, header, speedup_rows)


if __name__ == "__main__":
    main()
