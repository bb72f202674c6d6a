"""Compare training speed with gensim's, in raw tokens per second, at equal hyper-parameters.

Only training is timed: the corpus has been read and the vocabulary built before (their time is
printed in a table of its own). A raw token is one of the text, whether it is frequent enough for
the vocabulary and survives subsampling or not. With several repeats the packages take turns, so
that a disturbance of the machine meets them alike, and medians are compared.

The matrix product of NumPy on one core is printed as a yardstick of what the processor can do.

See `benchmarks/README.md` for the data and how to run it.
"""

from __future__ import annotations

import argparse
import hashlib
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from common import (
    MIN_COUNT,
    MODES,
    TRAINING,
    add_common_arguments,
    check_line_lengths,
    gensim_parameters,
    limited_corpus,
    print_environment,
    print_table,
    read_documents,
    report_progress,
)
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from skw2v.corpus.encoding import EncodedCorpus, encode_documents
from skw2v.corpus.vocabulary import Vocabulary

PACKAGES = ["skw2v", "gensim", "numpy", "scikit-learn", "numba"]
SEED = 1
LEARNING_RATE = 0.025
WARM_UP_TOKENS = 1000
YARDSTICK_SIZE = 1024
YARDSTICK_REPEATS = 20


class Setting(NamedTuple):
    """What is trained, but for the number of threads."""

    mode: str
    dimension: int


class Run(NamedTuple):
    """One timed training run."""

    library: str
    setting: Setting
    threads: int
    seconds: float
    digest: str


class Trained(NamedTuple):
    """What a trainer gives: vectors, and the seconds of training and of the vocabulary before."""

    vectors: NDArray[np.floating]
    seconds: float
    vocabulary_seconds: float


Trainer = Callable[[Setting, int], Trained]


def train_skw2v(
    corpus: EncodedCorpus,
    vocabulary: Vocabulary,
    *,
    seed: int,
    n_threads: int,
    **parameters: Any,
) -> tuple[NDArray[np.floating], float]:
    """Train on an encoded corpus and return the input vectors and the seconds it took."""
    from skw2v.training.parameters import TrainingParameters
    from skw2v.training.trainer import train

    training = TrainingParameters(**parameters)
    # Compiles what is not compiled yet.
    few_ids = corpus.token_ids[:WARM_UP_TOKENS]
    train(few_ids, np.array([0, len(few_ids)]), vocabulary.counts, training, seed=seed)
    start = time.perf_counter()
    embedding = train(
        corpus.token_ids,
        corpus.offsets,
        vocabulary.counts,
        training,
        seed=seed,
        n_threads=n_threads,
    )
    return embedding.input_vectors, time.perf_counter() - start


def make_skw2v(path: Path, epochs: int) -> Trainer:
    """Return a trainer that encodes the corpus once."""
    start = time.perf_counter()
    corpus, vocabulary = encode_documents(read_documents(path), min_count=MIN_COUNT)
    vocabulary_seconds = time.perf_counter() - start

    def train(setting: Setting, threads: int) -> Trained:
        architecture, objective = MODES[setting.mode]
        vectors, seconds = train_skw2v(
            corpus,
            vocabulary,
            seed=SEED,
            n_threads=threads,
            architecture=architecture,
            objective=objective,
            vector_size=setting.dimension,
            learning_rate=LEARNING_RATE,
            epochs=epochs,
            **TRAINING,
        )
        return Trained(vectors, seconds, vocabulary_seconds)

    return train


def make_gensim(path: Path, epochs: int) -> Trainer:
    """Return a trainer that reads the file itself, gensim's fastest way."""
    from gensim.models import Word2Vec

    def train(setting: Setting, threads: int) -> Trained:
        model = Word2Vec(
            vector_size=setting.dimension,
            alpha=LEARNING_RATE,
            workers=threads,
            seed=SEED,
            **gensim_parameters(setting.mode),
        )
        start = time.perf_counter()
        model.build_vocab(corpus_file=str(path))
        built = time.perf_counter()
        model.train(corpus_file=str(path), total_words=model.corpus_total_words, epochs=epochs)
        return Trained(model.wv.vectors, time.perf_counter() - built, built - start)

    return train


def run(
    trainers: dict[str, Trainer], arguments: argparse.Namespace, n_tokens: int
) -> tuple[list[Run], dict[str, list[float]]]:
    """Time all settings; return the runs and the seconds each library took for vocabularies."""
    runs: list[Run] = []
    vocabulary_seconds: dict[str, list[float]] = {library: [] for library in trainers}
    settings = [Setting(mode, d) for mode in arguments.modes for d in arguments.dimensions]
    for setting in settings:
        for _ in range(arguments.repeats):
            for threads in arguments.threads:
                for library, train in trainers.items():
                    trained = train(setting, threads)
                    digest = hashlib.sha256(np.ascontiguousarray(trained.vectors)).hexdigest()
                    runs.append(Run(library, setting, threads, trained.seconds, digest))
                    vocabulary_seconds[library].append(trained.vocabulary_seconds)
                    speed = n_tokens * arguments.epochs / trained.seconds
                    report_progress(
                        f"{library} {setting.mode}, d={setting.dimension}, {threads} threads: "
                        f"{speed:,.0f} tokens/s, vectors {digest[:12]}"
                    )
    return runs, vocabulary_seconds


def measure_matrix_product() -> float:
    """Return the GFLOP/s of one core in a float32 matrix product of NumPy, the best of several."""
    generator = np.random.default_rng(0)
    shape = (YARDSTICK_SIZE, YARDSTICK_SIZE)
    first, second = (generator.random(shape, dtype=np.float32) for _ in range(2))
    seconds = []
    with threadpool_limits(1):
        for _ in range(YARDSTICK_REPEATS):
            start = time.perf_counter()
            first @ second
            seconds.append(time.perf_counter() - start)
    return 2 * YARDSTICK_SIZE**3 / min(seconds) / 1e9


class Speeds:
    """Median speeds of all runs, and whether their vectors are the same bytes."""

    def __init__(self, runs: list[Run], n_tokens: int) -> None:
        self._runs = runs
        self._n_tokens = n_tokens
        self.settings = list(dict.fromkeys(run.setting for run in runs))
        self.threads = list(dict.fromkeys(run.threads for run in runs))

    def _select(self, library: str, setting: Setting) -> Iterator[Run]:
        return (run for run in self._runs if (run.library, run.setting) == (library, setting))

    def tokens_per_second(self, library: str, setting: Setting, threads: int) -> float:
        """Return the median speed of a library."""
        runs = self._select(library, setting)
        seconds = [run.seconds for run in runs if run.threads == threads]
        return self._n_tokens / statistics.median(seconds)

    def has_equal_bytes(self, library: str, setting: Setting) -> bool:
        """Tell whether all numbers of threads and all repeats gave the same vectors."""
        return len({run.digest for run in self._select(library, setting)}) == 1


def print_speeds(speeds: Speeds, peers: list[str]) -> None:
    """Print the speeds, and skw2v's as a multiple of each peer's."""
    rows = []
    for setting in speeds.settings:
        for threads in speeds.threads:
            ours = speeds.tokens_per_second("skw2v", setting, threads)
            theirs = [speeds.tokens_per_second(peer, setting, threads) for peer in peers]
            rows.append(
                [
                    *map(str, (*setting, threads)),
                    *(f"{speed / 1e6:.3f}" for speed in (ours, *theirs)),
                    *(f"{ours / speed:.1f}" for speed in theirs),
                ]
            )
    print_table(
        "Training: million raw tokens per second",
        ["mode", "d", "threads", "skw2v", *peers, *(f"skw2v / {peer}" for peer in peers)],
        rows,
    )


def print_scaling(speeds: Speeds, libraries: list[str]) -> None:
    """Print how the speed grows from the smallest number of threads, and if the vectors agree."""
    fewest, *more = sorted(speeds.threads)
    rows = []
    for setting in speeds.settings:
        for library in libraries:
            base = speeds.tokens_per_second(library, setting, fewest)
            ratios = (
                speeds.tokens_per_second(library, setting, threads) / base for threads in more
            )
            equal = "equal" if speeds.has_equal_bytes(library, setting) else "differ"
            rows.append([*map(str, setting), library, *(f"{ratio:.2f}" for ratio in ratios), equal])
    print_table(
        "Threads: speed ratio, and the bytes of the vectors over all runs",
        ["mode", "d", "library", *(f"{threads} / {fewest}" for threads in more), "bytes"],
        rows,
    )


def print_vocabulary(vocabulary_seconds: dict[str, list[float]], n_tokens: int) -> None:
    """Print the time of reading the text and building the vocabulary."""
    medians = {name: statistics.median(values) for name, values in vocabulary_seconds.items()}
    print_table(
        "Reading the text and building the vocabulary, 1 thread",
        ["library", "seconds", "million tokens per second"],
        [
            [name, f"{seconds:.2f}", f"{n_tokens / seconds / 1e6:.2f}"]
            for name, seconds in medians.items()
        ],
    )


def parse_arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("corpus", type=Path, help="text, a document a line, tokens between spaces")
    add_common_arguments(parser)
    parser.add_argument("--dimensions", nargs="+", type=int, default=[100, 300], metavar="D")
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2], metavar="N")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=1)
    return parser.parse_args()


def main() -> None:
    """Run the benchmark."""
    arguments = parse_arguments()
    with limited_corpus(arguments.corpus, arguments.limit_tokens) as path:
        lengths = [len(document) for document in read_documents(path)]
        n_tokens = sum(lengths)
        trainers = {"skw2v": make_skw2v(path, arguments.epochs)}
        if "gensim" in arguments.peers:
            check_line_lengths(lengths)
            trainers["gensim"] = make_gensim(path, arguments.epochs)
        yardstick = measure_matrix_product()
        runs, vocabulary_seconds = run(trainers, arguments, n_tokens)
    print_environment(PACKAGES)
    print(
        f"{n_tokens:,} raw tokens, {arguments.epochs} epochs, {arguments.repeats} repeats; "
        f"NumPy matrix product, float32, one core: {yardstick:.0f} GFLOP/s"
    )
    speeds = Speeds(runs, n_tokens * arguments.epochs)
    print_speeds(speeds, arguments.peers)
    print_scaling(speeds, list(trainers))
    print_vocabulary(vocabulary_seconds, n_tokens)


if __name__ == "__main__":
    main()
