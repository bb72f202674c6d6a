"""Measure what small jobs wait for: imports, compiling, and what a fit costs beside training.

- *Import*: what `import skw2v` adds to that of scikit-learn, each in a new process.
- *First fit*: of a machine, with an empty cache of compiled code, and of a later process, which
  loads it. The documents are next to nothing, so that this is what a user waits for before training
  starts.
- *Small fit*: 100 documents of 10 words, in a process that has fitted before.
- *Grid search*: the share of a search over 12 settings of a pipeline with a classifier, for 2,000
  short documents, that is neither training nor classifying. Training is the call of the trainer
  that each fit makes, without the texts; classifying is fitting and asking the classifier.

Seconds are those of the processor, medians of `--repeats`, except for the first fit, which compiles
once. Nothing has to be downloaded; the texts are the docstrings of installed packages.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from typing import Any

from common import print_environment, print_table, report_progress

PACKAGES = ["skw2v", "scikit-learn", "numba"]
GRID = {"words__window": [2, 5, 8], "words__negative": [2, 5, 10, 15]}
N_DOCUMENTS, DOCUMENT_TOKENS = 2_000, 20

_TIMED_IMPORT = """
import time
start = time.process_time()
import {0}
print(time.process_time() - start)
"""

_FIRST_FIT = """
import time
from skw2v import Word2VecVectorizer
documents = [["word"] * 20] * 20
start = time.process_time()
Word2VecVectorizer(epochs=1).fit(documents)
print(time.process_time() - start)
"""


def seconds_of(program: str, **environment: str) -> float:
    """Run a program in a new process and return the number that it prints."""
    command = [sys.executable, "-c", program]
    finished = subprocess.run(
        command, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True, check=True
    )
    return float(finished.stdout)


def measure_imports(repeats: int) -> list[float]:
    """Return the seconds that importing skw2v takes beyond importing scikit-learn's text tools."""
    sklearn, skw2v = (_TIMED_IMPORT.format(name) for name in (
        "sklearn.pipeline, sklearn.feature_extraction.text", "skw2v"
    ))  # fmt: skip
    return [seconds_of(skw2v) - seconds_of(sklearn) for _ in range(repeats)]


def measure_first_fits(repeats: int) -> tuple[float, list[float]]:
    """Return the seconds of a first fit without compiled code, and of those in later processes."""
    with tempfile.TemporaryDirectory() as folder:
        first = seconds_of(_FIRST_FIT, NUMBA_CACHE_DIR=folder)
        later = [seconds_of(_FIRST_FIT, NUMBA_CACHE_DIR=folder) for _ in range(repeats)]
    return first, later


def measure_small_fits(repeats: int) -> list[float]:
    """Return the seconds of fits of 100 short documents."""
    from skw2v import Word2VecVectorizer

    documents = [[str((i * j) % 97) for j in range(1, 11)] for i in range(100)]
    model = Word2VecVectorizer(min_count=1)
    model.fit(documents)
    return [_time(lambda: model.fit(documents)) for _ in range(10 * repeats)]


class _Account:
    """Adds up the time that calls of some functions take."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def charge(self, owner: Any, name: str) -> None:
        """Let all later calls of a function be counted."""
        function = getattr(owner, name)

        def counted(*args: Any, **kwargs: Any) -> Any:
            start = time.process_time()
            try:
                return function(*args, **kwargs)
            finally:
                self.seconds += time.process_time() - start

        setattr(owner, name, counted)


def measure_search(repeats: int) -> list[tuple[float, float, float]]:
    """Return the seconds of training, of classifying and of all, of each search."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import Pipeline

    from skw2v import Word2VecVectorizer
    from skw2v.datasets import load_docstrings
    from skw2v.training import trainer

    class Classifier(LogisticRegression):
        """A class of its own, so that its time can be told."""

    words = " ".join(load_docstrings().data).split()
    documents = [
        " ".join(words[i * DOCUMENT_TOKENS : (i + 1) * DOCUMENT_TOKENS]) for i in range(N_DOCUMENTS)
    ]
    labels = [i % 2 for i in range(N_DOCUMENTS)]
    pipeline = Pipeline([("words", Word2VecVectorizer()), ("classifier", Classifier())])
    pipeline.fit(documents[:100], labels[:100])
    training, classifying = _Account(), _Account()
    training.charge(trainer, "train")
    for name in ("fit", "score"):  # which the search calls; the score asks for predictions
        classifying.charge(Classifier, name)
    found = []
    for _ in range(repeats):
        training.seconds = classifying.seconds = 0.0
        search = GridSearchCV(pipeline, GRID, cv=3, refit=False)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".* contain no known word")
            total = _time(lambda search=search: search.fit(documents, labels))
        found.append((training.seconds, classifying.seconds, total))
        report_progress(f"grid search: training, classifying, all {found[-1]}")
    return found


def _time(work: Callable[[], object]) -> float:
    """Return how many seconds of the processor a piece of work takes."""
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    imports = statistics.median(measure_imports(repeats))
    report_progress(f"import: {imports:.2f} s")
    first, later = measure_first_fits(repeats)
    report_progress(f"first fit: {first:.1f} s, in later processes {json.dumps(later)}")
    small = statistics.median(measure_small_fits(repeats))
    searches = measure_search(repeats)
    share = statistics.median(1 - (train + classify) / total for train, classify, total in searches)
    total = statistics.median(total for _, _, total in searches)
    print_environment(PACKAGES)
    print_table(
        "What small jobs wait for, time of the processor",
        ["", "measured", "to stay below"],
        [
            ["import skw2v, beyond scikit-learn's", f"{imports:.2f} s", "0.2 s"],
            ["first fit on a machine", f"{first:.1f} s", "15 s"],
            ["first fit of a later process", f"{statistics.median(later):.2f} s", "1 s"],
            ["fit of 100 documents of 10 words", f"{small * 1000:.1f} ms", "milliseconds"],
            [f"grid search, {total:.1f} s: beside the work", f"{share:.1%}", "10 %"],
        ],
    )


if __name__ == "__main__":
    main()
