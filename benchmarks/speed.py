"""Compare training speed with peers', in raw tokens per second, at equal hyper-parameters.

Only training is timed: the corpus has been read and the vocabulary built before (their time is
printed in a table of its own). A raw token is one of the text, whether it is frequent enough for
the vocabulary and survives subsampling or not. With several repeats the packages take turns, so
that a disturbance of the machine meets them alike, and medians are compared.

The peers are gensim and, where it is installed, fastText, which without subwords is word2vec. It
has no step between the vocabulary and training, so the time of a run of no epochs is taken off.

The matrix product of NumPy on one core is a yardstick of what the processor can do: a table
compares the useful arithmetic of training with it.

See `benchmarks/README.md` for the data and how to run it.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
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
    warm_up,
)
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from skw2v.corpus.encoding import EncodedCorpus, encode_documents
from skw2v.corpus.vocabulary import Vocabulary

PACKAGES = ["skw2v", "gensim", "fasttext-wheel", "numpy", "scikit-learn", "numba"]
SEED = 1
LEARNING_RATE = 0.025
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
    processor_seconds: float
    digest: str


class Duration(NamedTuple):
    """Seconds by the clock, and of the processor, all threads together."""

    clock: float
    processor: float


class Stopwatch:
    """Measures durations from its making."""

    def __init__(self) -> None:
        self._clock, self._processor = time.perf_counter(), time.process_time()

    def read(self) -> Duration:
        """Return the duration so far."""
        return Duration(time.perf_counter() - self._clock, time.process_time() - self._processor)


class Trained(NamedTuple):
    """What a trainer gives: vectors, and how long training and the vocabulary before it took."""

    vectors: NDArray[np.floating]
    duration: Duration
    vocabulary_seconds: float


Trainer = Callable[[Setting, int], Trained]


def train_skw2v(
    corpus: EncodedCorpus,
    vocabulary: Vocabulary,
    *,
    seed: int,
    n_threads: int,
    **parameters: Any,
) -> tuple[NDArray[np.floating], Duration]:
    """Train on an encoded corpus and return the input vectors and how long it took."""
    from skw2v.training.parameters import TrainingParameters
    from skw2v.training.trainer import train

    training = TrainingParameters(**parameters)
    warm_up(corpus.token_ids, vocabulary.counts, training)
    stopwatch = Stopwatch()
    embedding = train(
        corpus.token_ids,
        corpus.offsets,
        vocabulary.counts,
        training,
        seed=seed,
        n_threads=n_threads,
    )
    return embedding.input_vectors, stopwatch.read()


def make_skw2v(
    corpus: EncodedCorpus, vocabulary: Vocabulary, vocabulary_seconds: float, epochs: int
) -> Trainer:
    """Return a trainer for a corpus that has been encoded."""

    def train(setting: Setting, threads: int) -> Trained:
        architecture, objective = MODES[setting.mode]
        vectors, duration = train_skw2v(
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
        return Trained(vectors, duration, vocabulary_seconds)

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
        stopwatch = Stopwatch()
        model.build_vocab(corpus_file=str(path))
        vocabulary_seconds = stopwatch.read().clock
        stopwatch = Stopwatch()
        model.train(corpus_file=str(path), total_words=model.corpus_total_words, epochs=epochs)
        return Trained(model.wv.vectors, stopwatch.read(), vocabulary_seconds)

    return train


def make_fasttext(path: Path, epochs: int) -> Trainer:
    """Return a trainer without subwords; ends of lines count as words for fastText."""
    from fasttext import train_unsupervised

    def train(setting: Setting, threads: int) -> Trained:
        architecture, objective = MODES[setting.mode]
        parameters: dict[str, Any] = {
            "model": architecture,
            "loss": "hs" if objective == "hierarchical_softmax" else "ns",
            "dim": setting.dimension,
            "lr": LEARNING_RATE,
            "thread": threads,
            "minCount": MIN_COUNT,
            "ws": TRAINING["window"],
            "neg": TRAINING["negative"],
            "t": TRAINING["sample"],
            "minn": 0,
            "maxn": 0,
            "verbose": 0,
        }
        stopwatch = Stopwatch()
        train_unsupervised(str(path), epoch=0, **parameters)
        before = stopwatch.read()
        stopwatch = Stopwatch()
        model = train_unsupervised(str(path), epoch=epochs, **parameters)
        whole = stopwatch.read()
        duration = Duration(whole.clock - before.clock, whole.processor - before.processor)
        return Trained(model.get_input_matrix(), duration, before.clock)

    return train


def installed_peers() -> list[str]:
    """Return the peers that can be imported."""
    return [name for name in ("gensim", "fasttext") if importlib.util.find_spec(name)]


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
                    runs.append(Run(library, setting, threads, *trained.duration, digest))
                    vocabulary_seconds[library].append(trained.vocabulary_seconds)
                    speed = n_tokens * arguments.epochs / trained.duration.clock
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
            stopwatch = Stopwatch()
            first @ second
            seconds.append(stopwatch.read().processor)
    return 2 * YARDSTICK_SIZE**3 / min(seconds) / 1e9


def operations_per_token(mode: str, counts: NDArray[np.int64], n_tokens: int) -> float:
    """Return the useful multiplications and additions of a raw token and dimension.

    A pair of an input and an output row takes three multiply-adds a dimension: one for the score
    and one for the step of either row. Skip-gram has an input row for each context, window + 1 in
    the mean over the shrunk windows, and CBOW has one: adding up its contexts is not counted. There
    are 1 + negative output rows, or the inner nodes of a path of the Huffman tree. What is computed
    beyond that, such as more noise words, is not useful in this sense.
    """
    from skw2v.training.huffman import build_huffman_tree
    from skw2v.training.noise import keep_probabilities

    kept = counts * keep_probabilities(counts, TRAINING["sample"])
    architecture, objective = MODES[mode]
    n_inputs = TRAINING["window"] + 1 if architecture == "skipgram" else 1
    n_outputs: NDArray[Any] = np.array(1 + TRAINING["negative"])
    if objective == "hierarchical_softmax":
        n_outputs = build_huffman_tree(counts).path_lengths
    return float(2 * 3 * n_inputs * (kept * n_outputs).sum() / n_tokens)


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

    def tokens_per_processor_second(self, library: str, setting: Setting) -> float:
        """Return the median speed of runs on one thread, in time of the processor."""
        runs = self._select(library, setting)
        seconds = [run.processor_seconds for run in runs if run.threads == 1]
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


def print_arithmetic(
    speeds: Speeds, libraries: list[str], operations: dict[str, float], yardstick: float
) -> None:
    """Print the useful arithmetic on one thread and its share of NumPy's matrix product."""
    rows = []
    for setting in speeds.settings:
        gflops = [
            speeds.tokens_per_processor_second(library, setting)
            * operations[setting.mode]
            * setting.dimension
            / 1e9
            for library in libraries
        ]
        rows.append(
            [
                *map(str, setting),
                *(f"{value:.1f}" for value in gflops),
                *(f"{value / yardstick:.2f}" for value in gflops),
            ]
        )
    print_table(
        "Useful arithmetic on one thread, GFLOP/s, and as a fraction of NumPy's matrix product",
        ["mode", "d", *libraries, *(f"{library} / product" for library in libraries)],
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
    add_common_arguments(parser, installed_peers())
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
        encode_documents(read_documents(path), min_count=MIN_COUNT)  # compiles what it needs
        stopwatch = Stopwatch()
        corpus, vocabulary = encode_documents(read_documents(path), min_count=MIN_COUNT)
        seconds = stopwatch.read().clock
        trainers = {"skw2v": make_skw2v(corpus, vocabulary, seconds, arguments.epochs)}
        if "gensim" in arguments.peers:
            check_line_lengths(lengths)
            trainers["gensim"] = make_gensim(path, arguments.epochs)
        if "fasttext" in arguments.peers:
            trainers["fasttext"] = make_fasttext(path, arguments.epochs)
        yardstick = measure_matrix_product()
        runs, vocabulary_seconds = run(trainers, arguments, n_tokens)
    yardstick = max(yardstick, measure_matrix_product())
    print_environment(PACKAGES)
    print(
        f"{n_tokens:,} raw tokens, {arguments.epochs} epochs, {arguments.repeats} repeats; "
        f"NumPy matrix product, float32, one core: {yardstick:.0f} GFLOP/s"
    )
    speeds = Speeds(runs, n_tokens * arguments.epochs)
    libraries = list(trainers)
    print_speeds(speeds, libraries[1:])
    print_scaling(speeds, libraries)
    if 1 in arguments.threads:
        operations = {
            mode: operations_per_token(mode, vocabulary.counts, n_tokens)
            for mode in arguments.modes
        }
        print_arithmetic(speeds, libraries, operations, yardstick)
    print_vocabulary(vocabulary_seconds, n_tokens)


if __name__ == "__main__":
    main()
