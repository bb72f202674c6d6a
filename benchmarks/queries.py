"""Compare the speed of nearest words and analogies with gensim's, on the same vectors.

- *Nearest words*: the ten words nearest to each of many words. skw2v takes them as one batch and
  one at a time; gensim has no batches.
- *Analogies*: the questions of a file, by 3CosAdd and, in skw2v alone, by 3CosMul.

The vectors are random, with the words of the questions among them, or trained on a text. Everything
runs on one thread, and processor time is compared, which other programs disturb less than the time
that passes. The packages take turns and medians count; that the answers agree is checked.

See `benchmarks/README.md` for the data and how to run it.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from common import (
    MIN_COUNT,
    PEERS,
    TRAINING,
    print_environment,
    print_table,
    read_documents,
    report_progress,
)
from threadpoolctl import threadpool_limits

from skw2v import Word2VecVectorizer, WordVectors
from skw2v.evaluation import evaluate_word_analogies, read_analogies

PACKAGES = ["skw2v", "gensim", "numpy", "scipy"]
SEED = 0
TOPN = 10
# Two libraries that sum in another order may swap words that are as near as this.
TOLERANCE = 1e-5

Task = Callable[[], Any]


def make_word_vectors(arguments: argparse.Namespace) -> WordVectors:
    """Return random vectors that know the questions' words, or vectors trained on the text."""
    if arguments.corpus:
        vectorizer = Word2VecVectorizer(
            vector_size=arguments.dimension, min_count=MIN_COUNT, random_state=SEED, **TRAINING
        )
        return vectorizer.fit(read_documents(arguments.corpus)).word_vectors_
    words: dict[str, None] = {}
    if arguments.questions:
        sections = read_analogies(arguments.questions)
        words = dict.fromkeys(map(str, chain.from_iterable(chain(*sections.values()))))
    words.update(dict.fromkeys(f"word {row}" for row in range(arguments.words - len(words))))
    shape = (len(words), arguments.dimension)
    return WordVectors(words, np.random.default_rng(SEED).standard_normal(shape, np.float32))


def make_gensim(word_vectors: WordVectors) -> Any:
    """Return gensim's object with the same words and vectors."""
    from gensim.models import KeyedVectors

    vectors = KeyedVectors(word_vectors.vectors.shape[1])
    vectors.add_vectors(list(word_vectors), word_vectors.vectors)
    return vectors


def measure(tasks: dict[str, Task], repeats: int) -> tuple[dict[str, float], dict[str, Any]]:
    """Return the median processor seconds of each task, and what each returned last."""
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    results = {}
    for _ in range(repeats):
        for name, task in tasks.items():
            start = time.process_time()
            results[name] = task()
            seconds[name].append(time.process_time() - start)
            report_progress(f"{name}: {seconds[name][-1]:.3f} s")
    return {name: statistics.median(values) for name, values in seconds.items()}, results


def print_seconds(title: str, seconds: dict[str, float]) -> None:
    """Print the seconds, and those of gensim as a multiple of each."""
    rows = []
    for name, value in seconds.items():
        ratio = f"{seconds['gensim'] / value:.1f}" if "gensim" in seconds else "-"
        rows.append([name, f"{value:.3f}", ratio])
    print_table(title, ["", "processor seconds", "times as fast as gensim"], rows)


def check_neighbours(ours: list[Any], theirs: list[Any]) -> None:
    """Stop if the similarities of two lists of answers differ."""
    pairs = ([[value for _, value in answer] for answer in answers] for answers in (ours, theirs))
    difference = float(np.abs(np.subtract(*pairs)).max())
    if difference > TOLERANCE:
        raise SystemExit(f"the similarities differ by up to {difference:g}")


def compare_neighbours(word_vectors: WordVectors, peer: Any, arguments: argparse.Namespace) -> None:
    """Time the nearest words of many words."""
    generator = np.random.default_rng(SEED)
    rows = generator.choice(len(word_vectors), arguments.queries, replace=False)
    words = [word_vectors.words[row] for row in rows]
    batch = [[word] for word in words]
    tasks: dict[str, Task] = {
        "skw2v, one batch": lambda: word_vectors.most_similar(batch, topn=TOPN),
        "skw2v, one by one": lambda: [word_vectors.most_similar(word, topn=TOPN) for word in words],
    }
    if peer is not None:
        tasks["gensim"] = lambda: [peer.most_similar(word, topn=TOPN) for word in words]
    # Both compute the lengths of vectors at the first question and keep them.
    for warm_up in (word_vectors, peer):
        if warm_up is not None:
            warm_up.most_similar(words[0])
    seconds, answers = measure(tasks, arguments.repeats)
    if peer is not None:
        check_neighbours(answers["skw2v, one batch"], answers["gensim"])
    n_words, dimension = word_vectors.vectors.shape
    print_seconds(f"{len(words):,} nearest words, {n_words:,} words, d = {dimension}", seconds)


def compare_analogies(word_vectors: WordVectors, peer: Any, arguments: argparse.Namespace) -> None:
    """Time the analogies, whose words are restricted to the first ones."""
    path, n_words = str(arguments.questions), arguments.restrict_vocab
    tasks: dict[str, Task] = {
        f"skw2v, {method}": lambda method=method: evaluate_word_analogies(
            word_vectors, path, restrict_vocab=n_words, method=method
        )
        for method in ("3CosAdd", "3CosMul")
    }
    if peer is not None:
        tasks["gensim"] = lambda: peer.evaluate_word_analogies(path, restrict_vocab=n_words)
    seconds, results = measure(tasks, arguments.repeats)
    ours = results["skw2v, 3CosAdd"]
    if peer is not None and ours.accuracy != results["gensim"][0]:
        raise SystemExit(f"the accuracies differ: {ours.accuracy} and {results['gensim'][0]}")
    total = ours.total
    n_asked = len(total.correct) + len(total.incorrect)
    dimension = word_vectors.vectors.shape[1]
    print_seconds(
        f"{n_asked:,} analogies, the first {min(n_words, len(word_vectors)):,} words, "
        f"d = {dimension}, accuracy {ours.accuracy:.4f}",
        seconds,
    )


def parse_arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--questions", type=Path, help="Google's analogies, questions-words.txt")
    parser.add_argument(
        "--corpus", type=Path, help="train on this text, a document a line, tokens between spaces"
    )
    parser.add_argument("--words", type=int, default=100_000, help="the number of random vectors")
    parser.add_argument("--dimension", type=int, default=100)
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--restrict-vocab", type=int, default=30_000, metavar="N")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument(
        "--peers", nargs="*", choices=PEERS, default=PEERS, help="packages to compare with"
    )
    return parser.parse_args()


def main() -> None:
    """Run the benchmark."""
    arguments = parse_arguments()
    word_vectors = make_word_vectors(arguments)
    peer = make_gensim(word_vectors) if "gensim" in arguments.peers else None
    print_environment(PACKAGES)
    with threadpool_limits(1):
        compare_neighbours(word_vectors, peer, arguments)
        if arguments.questions:
            compare_analogies(word_vectors, peer, arguments)


if __name__ == "__main__":
    main()
