"""Compare document vectors on text classification: TF-IDF, LSA, gensim's and skw2v's.

Every representation is learned from the training texts without their labels, and a logistic
regression from the labels. Its regularisation, and which of several poolings is best, are chosen on
a fifth of the training texts. Dense features are standardised. gensim and skw2v train with equal
hyper-parameters, each at its own default learning rate.

See `benchmarks/README.md` for the data and how to run it.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from common import print_environment, print_table, report_progress
from scipy import sparse
from sklearn.decomposition import TruncatedSVD
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler, normalize

from skw2v import Word2VecVectorizer

PACKAGES = ["skw2v", "gensim", "scikit-learn", "numpy"]
REGULARISATIONS = [0.01, 0.1, 1.0, 10.0, 100.0]
POOLINGS: list[dict[str, Any]] = [
    {"weighting": "idf"},
    {"weighting": "sif"},
    {"pooling": ("mean", "max")},
    {"pooling": ("mean", "max", "min")},
    {"pooling": ("mean", "max", "min"), "weighting": "idf"},
]


class Task(NamedTuple):
    """Texts and their labels."""

    train_texts: list[str]
    train_labels: Any
    test_texts: list[str]
    test_labels: Any


class Result(NamedTuple):
    """What one representation reaches."""

    name: str
    n_features: int
    accuracy: float
    validation_accuracy: float
    seconds: float  # of the processor, to learn the representation and to transform all texts


def main() -> None:
    """Run what the command line asks for."""
    arguments = parse_arguments()
    print_environment(PACKAGES)
    warnings.simplefilter("ignore", ConvergenceWarning)
    warnings.filterwarnings("ignore", message=".*contain no known word")
    for path in arguments.train:
        name = path.stem.replace("-train", "")
        results = run(read_task(path), name, arguments)
        rows = [
            [
                result.name,
                str(result.n_features),
                f"{result.accuracy:.3f}",
                f"{result.validation_accuracy:.3f}",
                f"{result.seconds:.1f}",
            ]
            for result in results
        ]
        header = ["representation", "features", "accuracy", "(validation)", "seconds"]
        print_table(name, header, rows)


def parse_arguments() -> argparse.Namespace:
    """Return the arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "train",
        type=Path,
        nargs="+",
        help="files of lines with a label, a tab and a text; a file with -train in its name lies "
        "beside one with -test, of any other a fifth is kept for the test",
    )
    parser.add_argument("--dimension", type=int, default=100)
    parser.add_argument("--window", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--negative", type=int, default=5)
    parser.add_argument("--min-count", type=int, default=2)
    parser.add_argument("--sample", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--without-gensim", action="store_true")
    return parser.parse_args()


def read_task(path: Path) -> Task:
    """Read the training texts and the test texts that belong to them."""
    texts, labels = read_labelled(path)
    if "-train" not in path.name:
        split = train_test_split(texts, labels, test_size=0.2, stratify=labels, random_state=0)
        return Task(split[0], split[2], split[1], split[3])
    test = path.with_name(path.name.replace("-train", "-test"))
    return Task(texts, labels, *read_labelled(test))


def read_labelled(path: Path) -> tuple[list[str], Any]:
    """Read lines of a label, a tab and a text."""
    with path.open(encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t", 1) for line in file]
    return [row[1] for row in rows], np.array([row[0] for row in rows])


def run(task: Task, name: str, arguments: argparse.Namespace) -> list[Result]:
    """Return the results of all representations on one set."""
    results = []

    def classify(title: str, train: Any, test: Any, seconds: float) -> Result:
        result = evaluate(title, train, test, task, seconds)
        report_progress(f"{name}: {result}")
        results.append(result)
        return result

    with stopwatch() as tfidf_time:
        tfidf = TfidfVectorizer(sublinear_tf=True)
        tfidf_train = tfidf.fit_transform(task.train_texts)
        tfidf_test = tfidf.transform(task.test_texts)
    classify("TF-IDF", tfidf_train, tfidf_test, tfidf_time[0])
    with stopwatch() as lsa_time:
        lsa = TruncatedSVD(arguments.dimension, random_state=arguments.seed)
        lsa_train, lsa_test = lsa.fit_transform(tfidf_train), lsa.transform(tfidf_test)
    classify("LSA", lsa_train, lsa_test, tfidf_time[0] + lsa_time[0])
    if not arguments.without_gensim:
        with stopwatch() as gensim_time:
            vectors = gensim_means(task, arguments)
        classify("gensim, mean", *vectors, gensim_time[0])

    with stopwatch() as fit_time:
        model = Word2VecVectorizer(
            vector_size=arguments.dimension,
            window=arguments.window,
            epochs=arguments.epochs,
            negative=arguments.negative,
            min_count=arguments.min_count,
            sample=arguments.sample,
            random_state=arguments.seed,
        )
        train = model.fit_transform(task.train_texts)
        test = model.transform(task.test_texts)
    best = classify("skw2v, mean", train, test, fit_time[0])
    best_train, best_test = train, test
    for pooling in POOLINGS:
        model.set_params(pooling="mean", weighting=None)
        with stopwatch() as pooling_time:
            model.set_params(**pooling).fit_pooling(task.train_texts)
            train = model.transform(task.train_texts)
            test = model.transform(task.test_texts)
        title = "skw2v, " + describe(pooling)
        result = classify(title, train, test, fit_time[0] + pooling_time[0])
        if result.validation_accuracy > best.validation_accuracy:
            best, best_train, best_test = result, train, test
    union_train = sparse.hstack([tfidf_train, normalize(best_train)], format="csr")
    union_test = sparse.hstack([tfidf_test, normalize(best_test)], format="csr")
    title = f"TF-IDF and {best.name}"
    classify(title, union_train, union_test, tfidf_time[0] + best.seconds)
    return results


def gensim_means(task: Task, arguments: argparse.Namespace) -> tuple[Any, Any]:
    """Return the means of gensim's word vectors for the training and the test texts."""
    from gensim.models import Word2Vec

    analyze = CountVectorizer().build_analyzer()
    train_tokens = [analyze(text) for text in task.train_texts]
    model = Word2Vec(
        train_tokens,
        vector_size=arguments.dimension,
        window=arguments.window,
        epochs=arguments.epochs,
        negative=arguments.negative,
        min_count=arguments.min_count,
        sample=arguments.sample,
        sg=1,
        seed=arguments.seed,
        workers=1,
    )
    vectors = model.wv

    def mean(tokens: Sequence[str]) -> Any:
        known = [vectors.key_to_index[token] for token in tokens if token in vectors]
        if not known:
            return np.zeros(vectors.vector_size, np.float32)
        return vectors.vectors[known].mean(axis=0)

    train = np.array([mean(tokens) for tokens in train_tokens])
    return train, np.array([mean(analyze(text)) for text in task.test_texts])


def evaluate(name: str, train: Any, test: Any, task: Task, seconds: float) -> Result:
    """Choose the regularisation on a part of the training texts and return the test accuracy."""
    n_features = train.shape[1]
    if not sparse.issparse(train):
        scaler = StandardScaler().fit(train)
        train, test = scaler.transform(train), scaler.transform(test)
    fit, validation, fit_labels, validation_labels = train_test_split(
        train, task.train_labels, test_size=0.2, stratify=task.train_labels, random_state=0
    )
    scores = {
        c: LogisticRegression(C=c, max_iter=300)
        .fit(fit, fit_labels)
        .score(validation, validation_labels)
        for c in REGULARISATIONS
    }
    best = max(scores, key=lambda c: (scores[c], -c))
    classifier = LogisticRegression(C=best, max_iter=300).fit(train, task.train_labels)
    accuracy = classifier.score(test, task.test_labels)
    return Result(name, n_features, accuracy, scores[best], seconds)


def describe(pooling: dict[str, Any]) -> str:
    """Return a short name of a way to pool."""
    parts = pooling.get("pooling", "mean")
    name = parts if isinstance(parts, str) else "+".join(parts)
    weighting = pooling.get("weighting")
    return f"{name}, {weighting}" if weighting else name


@contextmanager
def stopwatch() -> Iterator[list[float]]:
    """Give a list that holds the processor's seconds when the block has ended."""
    taken: list[float] = []
    start = time.process_time()
    yield taken
    taken.append(time.process_time() - start)


if __name__ == "__main__":
    main()
