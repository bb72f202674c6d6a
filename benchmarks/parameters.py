"""What each parameter does: one is varied at a time, around the defaults, and the results compared.

Three measures. *Topics*: the accuracy of a linear classifier of docstrings by sub-package, from
document vectors. *Similarity* and *analogies*: WordSim-353 and Google's analogies, of word vectors
trained on a text. Beside them the processor time of the fit, which other work on the machine does
not stretch. Each run is saved when it ends, and runs that are saved already are not repeated::

    python benchmarks/parameters.py CORPUS.txt QUESTIONS.txt WORDSIM.tsv \
        --limit-tokens 2000000 --json docs/figures/parameters.json

The user guide's page on parameters draws the file by `docs/figures/parameters.py`.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from common import environment, limited_corpus, print_table, read_documents, report_progress
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skw2v import Word2VecVectorizer
from skw2v.datasets import load_docstrings
from skw2v.evaluation import (
    evaluate_word_analogies,
    evaluate_word_pairs,
    read_analogies,
    read_word_pairs,
)

GRID: dict[str, list[Any]] = {
    "window": [2, 5, 10, 20],
    "epochs": [2, 5, 10, 20],
    "vector_size": [25, 50, 100, 200],
    "negative": [2, 5, 10, 20],
    "sample": [1e-4, 1e-3, 1e-2],
    "min_count": [1, 2, 5, 10],
}
ANALOGY_WORDS = 30_000
Fit = Callable[[dict[str, Any]], dict[str, float]]


def settings() -> Iterator[dict[str, Any]]:
    """Yield the defaults, then each other value of each parameter."""
    defaults = Word2VecVectorizer().get_params()
    yield {}
    for name, values in GRID.items():
        for value in values:
            if value != defaults[name]:
                yield {name: value}


def timed_fit(
    documents: Sequence[Sequence[str]], parameters: dict[str, Any]
) -> tuple[Word2VecVectorizer, float]:
    """Fit the estimator and return it with the processor time."""
    start = time.process_time()
    vectorizer = Word2VecVectorizer(**parameters, n_jobs=2).fit(documents)
    return vectorizer, time.process_time() - start


def make_topics() -> Fit:
    """Return what measures a setting by the classification of docstrings."""
    docstrings = load_docstrings()
    analyze = CountVectorizer().build_analyzer()  # splits text as Word2VecVectorizer does
    enough = np.bincount(docstrings.subpackage)[docstrings.subpackage] >= 50
    labels = docstrings.subpackage[enough]
    chosen = np.flatnonzero(enough)
    documents = [list(map(sys.intern, analyze(docstrings.data[number]))) for number in chosen]
    train, test = train_test_split(
        np.arange(len(labels)), test_size=0.25, stratify=labels, random_state=0
    )
    train_documents = [documents[number] for number in train]
    test_documents = [documents[number] for number in test]

    def fit(parameters: dict[str, Any]) -> dict[str, float]:
        vectorizer, seconds = timed_fit(train_documents, parameters)
        classifier = make_pipeline(StandardScaler(), RidgeClassifier(alpha=10))
        classifier.fit(vectorizer.transform(train_documents), labels[train])
        accuracy = classifier.score(vectorizer.transform(test_documents), labels[test])
        return {"topics": accuracy, "seconds": seconds}

    return fit


def make_words(path: Path, questions: Path, wordsim: Path) -> Fit:
    """Return what measures a setting by the word vectors of a text."""
    documents = [list(map(sys.intern, document)) for document in read_documents(path)]
    analogies, pairs = read_analogies(questions), read_word_pairs(wordsim)

    def fit(parameters: dict[str, Any]) -> dict[str, float]:
        vectorizer, seconds = timed_fit(documents, parameters)
        word_vectors = vectorizer.word_vectors_
        return {
            "similarity": evaluate_word_pairs(word_vectors, pairs, restrict_vocab=None).spearman,
            "analogies": evaluate_word_analogies(
                word_vectors, analogies, restrict_vocab=ANALOGY_WORDS
            ).accuracy,
            "seconds": seconds,
        }

    return fit


def measure(
    task: str, make_fit: Callable[[], Fit], seeds: Sequence[int], runs: list[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Yield the runs of a task that are not among those given."""
    known = [(run["task"], run["setting"], run["seed"]) for run in runs]
    fit = None
    for seed in seeds:
        for setting in settings():
            if (task, setting, seed) in known:
                continue
            if fit is None:
                fit = make_fit()
                fit({"epochs": 1, "random_state": 0})  # compiles, or loads what was compiled
            scores = fit({**setting, "random_state": seed})
            yield {"task": task, "setting": setting, "seed": seed, **scores}


def print_results(runs: Sequence[dict[str, Any]]) -> None:
    """Print a table of each task: means over the seeds."""
    for task in dict.fromkeys(run["task"] for run in runs):
        of_task = [run for run in runs if run["task"] == task]
        measures = [name for name in of_task[0] if name not in ("task", "setting", "seed")]
        rows = []
        for setting in settings():
            chosen = [run for run in of_task if run["setting"] == setting]
            if chosen:
                means = (np.mean([run[name] for run in chosen]) for name in measures)
                name = ", ".join(f"{name}={value}" for name, value in setting.items())
                rows.append([name or "defaults", *(f"{mean:.3f}" for mean in means)])
        print_table(task, ["setting", *measures], rows)


def main() -> None:
    """Measure what is missing in the file, and print it all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("questions", type=Path)
    parser.add_argument("wordsim", type=Path)
    parser.add_argument("--limit-tokens", type=int, metavar="N", default=2_000_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--json", type=Path, required=True, help="where the runs are kept")
    arguments = parser.parse_args()
    content: dict[str, Any] = {
        "environment": environment(["numpy", "scipy", "scikit-learn", "numba"]),
        "limit_tokens": arguments.limit_tokens,
        "runs": [],
    }
    if arguments.json.exists():
        content["runs"] = json.loads(arguments.json.read_text(encoding="utf-8"))["runs"]
    with limited_corpus(arguments.corpus, arguments.limit_tokens) as path:
        tasks: dict[str, Callable[[], Fit]] = {
            "topics": make_topics,
            "words": lambda: make_words(path, arguments.questions, arguments.wordsim),
        }
        for seed in arguments.seeds:
            for task, make_fit in tasks.items():
                for run in measure(task, make_fit, [seed], content["runs"]):
                    content["runs"].append(run)
                    save(arguments.json, content)
                    report_progress(str(run))
    print_results(content["runs"])


def save(path: Path, content: dict[str, Any]) -> None:
    """Write the environment and all runs as JSON, a run a line."""
    lines = ",\n  ".join(json.dumps(run) for run in content["runs"])
    head = json.dumps({name: content[name] for name in ("environment", "limit_tokens")}, indent=1)
    path.write_text(f'{head[:-2]},\n "runs": [\n  {lines}\n ]\n}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()
