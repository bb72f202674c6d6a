"""Compare the speed of transform with TfidfVectorizer's, and measure its memory.

The same texts go through `Word2VecVectorizer.transform` and `TfidfVectorizer.transform`, which
split them alike; then the same documents as lists of tokens go through ours alone. Documents are
the lines of the text, or shorter pieces of them. A second table is of other options for splitting.
The word vectors are those of one quick epoch: their values do not matter here. Seconds are those of
the processor, which a busy machine disturbs least; with several repeats the two take turns, and
medians are compared.

The memory is the peak of what the process holds beside the result (Linux only), while a generator
of many documents is transformed.

See `benchmarks/README.md` for the data and how to run it.
"""

from __future__ import annotations

import argparse
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from common import limited_corpus, print_environment, print_table, read_documents, report_progress
from sklearn.feature_extraction.text import TfidfVectorizer

from skw2v import Word2VecVectorizer

PACKAGES = ["skw2v", "numpy", "scipy", "scikit-learn"]
POOLINGS: list[dict[str, Any]] = [
    {},
    {"weighting": "idf"},
    {"weighting": "sif", "remove_components": 1},
    {"pooling": "max"},
    {"pooling": ("mean", "max", "min")},
]
TEXT_OPTIONS: list[dict[str, Any]] = [
    {"stop_words": "english"},
    {"strip_accents": "unicode"},
    {"lowercase": False},
    {"token_pattern": "[a-z]+"},
    {"token_pattern": r"(?u)\b\w{3,}\b"},
    {"tokenizer": str.split, "token_pattern": None},
]
OPTIONS_LENGTH = 100  # of the documents that are split in these ways


def main() -> None:
    """Run what the command line asks for."""
    arguments = parse_arguments()
    print_environment(PACKAGES)
    with limited_corpus(arguments.corpus, arguments.limit_tokens) as path:
        lines = list(read_documents(path))
    rows = []
    for length in arguments.lengths:
        rows += measure_speeds(cut(lines, length), length, arguments)
    header = ["tokens / document", "pooling", "texts", "texts / TF-IDF's", "token lists"]
    print_table("Transform, million tokens per second", header, rows)
    print_table(
        f"Other ways to split texts, {OPTIONS_LENGTH} tokens a document, million tokens per second",
        ["option", "texts", "texts / TF-IDF's"],
        measure_text_options(lines, arguments),
    )
    if arguments.documents:
        print_table(
            "Memory of transform beside its result, MB",
            ["documents", "MB"],
            [[str(arguments.documents), f"{peak_beside_result(lines, arguments):.0f}"]],
        )


def parse_arguments() -> argparse.Namespace:
    """Return the arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path, help="a text file, a document a line")
    parser.add_argument("--limit-tokens", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--lengths", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--vector-size", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--documents", type=int, default=1_000_000, help="for the memory; 0 skips")
    return parser.parse_args()


def cut(lines: list[list[str]], length: int) -> list[list[str]]:
    """Cut lines into documents of so many tokens at most."""
    return [line[i : i + length] for line in lines for i in range(0, len(line), length)]


def measure_speeds(
    documents: list[list[str]], length: int, arguments: argparse.Namespace
) -> list[list[str]]:
    """Return the rows of the table for documents of one length."""
    texts = [" ".join(document) for document in documents]
    n_tokens = sum(map(len, documents))
    tfidf = TfidfVectorizer(min_df=5).fit(texts)
    model = Word2VecVectorizer(vector_size=arguments.vector_size, epochs=1, random_state=0)
    model.fit(texts)
    rows = []
    for pooling in POOLINGS:
        report_progress(f"{length} tokens a document, {pooling}")
        model.set_params(pooling="mean", weighting=None, remove_components=0)
        model.set_params(**pooling).fit_pooling(texts)
        ours, theirs, tokens = alternate(
            arguments.repeats,
            lambda: model.transform(texts),
            lambda: tfidf.transform(texts),
            lambda: model.transform(documents),
        )
        name = ", ".join(map(str, pooling.values())) or "mean"
        rows.append(
            [
                str(length),
                name,
                f"{n_tokens / ours / 1e6:.2f}",
                f"{theirs / ours:.2f}",
                f"{n_tokens / tokens / 1e6:.2f}",
            ]
        )
    return rows


def measure_text_options(lines: list[list[str]], arguments: argparse.Namespace) -> list[list[str]]:
    """Return the rows of the table of text options."""
    texts = [" ".join(document) for document in cut(lines, OPTIONS_LENGTH)]
    n_tokens = sum(map(len, lines))
    rows = []
    for options in TEXT_OPTIONS:
        report_progress(str(options))
        tfidf = TfidfVectorizer(min_df=5, **options).fit(texts)
        model = Word2VecVectorizer(
            vector_size=arguments.vector_size, epochs=1, random_state=0, **options
        ).fit(texts)
        ours, theirs = alternate(
            arguments.repeats,
            partial(model.transform, texts),
            partial(tfidf.transform, texts),
        )
        option, value = next(iter(options.items()))
        rows.append([f"{option}={value!r}", f"{n_tokens / ours / 1e6:.2f}", f"{theirs / ours:.2f}"])
    return rows


def alternate(repeats: int, *functions: Callable[[], object]) -> list[float]:
    """Call the functions in turns and return the median processor seconds of each."""
    seconds: list[list[float]] = [[] for _ in functions]
    for _ in range(repeats):
        for taken, function in zip(seconds, functions, strict=True):
            start = time.process_time()
            function()
            taken.append(time.process_time() - start)
    return [statistics.median(taken) for taken in seconds]


def peak_beside_result(lines: list[list[str]], arguments: argparse.Namespace) -> float:
    """Return by how many MB memory grew beyond the result while many documents were transformed."""
    model = Word2VecVectorizer(vector_size=arguments.vector_size, epochs=1, random_state=0)
    model.fit(lines)

    def documents() -> Iterator[str]:
        while True:
            for line in lines:
                for i in range(0, len(line), 20):
                    yield " ".join(line[i : i + 20])

    model.transform(islice(documents(), 10_000))
    before = resident_megabytes()
    with PeakMemory() as peak:
        X = model.transform(islice(documents(), arguments.documents))
    return peak.megabytes - before - X.nbytes / 2**20


def resident_megabytes() -> float:
    """Return the memory of the process that is no file's, as Linux counts it."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon:")) / 1024


class PeakMemory:
    """Watch the memory of the process from a thread of its own."""

    def __init__(self) -> None:
        self.megabytes = 0.0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> PeakMemory:
        """Begin to watch."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End to watch."""
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._end.wait(0.01):
            self.megabytes = max(self.megabytes, resident_megabytes())


if __name__ == "__main__":
    main()
