"""Compare document vectors on text classification: TF-IDF, LSA, gensim's and skw2v's.

Every representation is learned from the training texts without their labels, and a logistic
regression from the labels. gensim and skw2v train with equal hyper-parameters, by default each at
its own learning rate. What is chosen, is chosen by cross-validation on the training texts, and by
the log-loss, which varies less than the accuracy: the regularisation of each representation, which
of several poolings is put beside TF-IDF, and how much it counts there. Dense features are
standardised, and all representations are scaled to documents of the same length on average.

See `benchmarks/README.md` for the data and how to run it.
"""

from __future__ import annotations

import argparse
import json
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
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from skw2v import Word2VecVectorizer

PACKAGES = ["skw2v", "gensim", "scikit-learn", "numpy"]
REGULARISATIONS = [0.01, 0.1, 1.0, 10.0]
GROUPS = ["TF-IDF", "LSA", "gensim", "skw2v"]
N_FOLDS = 3
UNION_WEIGHTS = [0.25, 0.5, 1.0]
DOCUMENT_LENGTH = 10.0  # on average, whatever the representation
POOLINGS: list[dict[str, Any]] = [
    {},
    {"weighting": "idf"},
    {"pooling": ("mean", "max")},
    {"pooling": ("mean", "max", "min")},
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
    validation_loss: float
    regularisation: float
    seconds: float  # of the processor, to learn the representation and to transform all texts


def main() -> None:
    """Run what the command line asks for."""
    arguments = parse_arguments()
    print_environment(PACKAGES)
    warnings.simplefilter("ignore", ConvergenceWarning)
    warnings.filterwarnings("ignore", message=".*contain no known word")
    stored = Stored(arguments.json)
    for path in arguments.train:
        name = path.stem.replace("-train", "")
        # The threads of BLAS wait for each other on a busy machine, which counts as their time.
        with threadpool_limits(1):
            by_seed = [run(path, name, seed, arguments, stored) for seed in arguments.seeds]
        print_results(name, by_seed)


def print_results(name: str, by_seed: list[list[Result]]) -> None:
    """Print the means over the seeds, and the standard deviations where there are several."""
    rows = []
    for results in zip(*by_seed, strict=True):
        accuracies = [result.accuracy for result in results]
        spread = f" ± {np.std(accuracies, ddof=1):.3f}" if len(set(accuracies)) > 1 else ""
        rows.append(
            [
                results[0].name,
                "/".join(sorted({str(result.n_features) for result in results})),
                f"{np.mean(accuracies):.3f}{spread}",
                f"{np.mean([result.validation_accuracy for result in results]):.3f}",
                f"{np.mean([result.seconds for result in results]):.1f}",
            ]
        )
    print_table(name, ["representation", "features", "accuracy", "(validation)", "seconds"], rows)


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
    parser.add_argument(
        "--learning-rate", type=float, help="of both, by default gensim's 0.025 and our 'auto'"
    )
    parser.add_argument("--negative", type=int, default=5)
    parser.add_argument("--min-count", type=int, default=2)
    parser.add_argument("--sample", type=float, default=1e-3)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--groups", nargs="+", choices=GROUPS, default=GROUPS, help="what to run")
    parser.add_argument(
        "--json",
        type=Path,
        metavar="FILE",
        help="keep every result in this file; what it holds already is not computed again",
    )
    return parser.parse_args()


class Stored:
    """Results that are kept in a file, a line of JSON for each group of them."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.groups: dict[str, list[Result]] = {}
        if path is not None and path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                content = json.loads(line)
                self.groups[content["key"]] = [Result(*values) for values in content["results"]]

    def keep(self, key: str, results: list[Result]) -> None:
        """Keep a group of results."""
        self.groups[key] = results
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"key": key, "results": results}) + "\n")


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


def run(
    path: Path, name: str, seed: int, arguments: argparse.Namespace, stored: Stored
) -> list[Result]:
    """Return the results of all representations on one set."""
    task = read_task(path)
    settings = {
        key: value
        for key, value in vars(arguments).items()
        if key not in ("train", "seeds", "groups", "json")
    }
    run_groups = dict(zip(GROUPS, (run_tfidf, run_lsa, run_gensim, run_skw2v), strict=True))
    results = []
    for group in arguments.groups:
        key = json.dumps([name, group, seed if group != "TF-IDF" else None, settings])
        if key not in stored.groups:
            stored.keep(key, list(run_groups[group](task, arguments, seed)))
            report_progress(f"{name}, seed {seed}: {group} is done")
        results += stored.groups[key]
    return results


def run_tfidf(task: Task, arguments: argparse.Namespace, seed: int) -> Iterator[Result]:
    """Classify by TF-IDF."""
    train, test, seconds = tfidf_features(task)
    yield evaluate("TF-IDF", train, test, task, seconds)


def run_lsa(task: Task, arguments: argparse.Namespace, seed: int) -> Iterator[Result]:
    """Classify by LSA of the dimension of the word vectors, and of as many as three poolings."""
    tfidf_train, tfidf_test, tfidf_seconds = tfidf_features(task)
    for n_components in (arguments.dimension, 3 * arguments.dimension):
        with stopwatch() as taken:
            lsa = TruncatedSVD(n_components, random_state=seed)
            train, test = lsa.fit_transform(tfidf_train), lsa.transform(tfidf_test)
        yield evaluate(
            f"LSA, {n_components}", standardise(train, train), standardise(test, train), task,
            tfidf_seconds + taken[0],
        )  # fmt: skip


def run_gensim(task: Task, arguments: argparse.Namespace, seed: int) -> Iterator[Result]:
    """Classify by the means of gensim's word vectors."""
    with stopwatch() as taken:
        train, test = gensim_means(task, arguments, seed)
    train, test = standardise(train, train), standardise(test, train)
    yield evaluate("gensim, mean", train, test, task, taken[0])


def run_skw2v(task: Task, arguments: argparse.Namespace, seed: int) -> Iterator[Result]:
    """Classify by skw2v with each pooling, and by the best of them beside TF-IDF."""
    with stopwatch() as fit_time:
        model = Word2VecVectorizer(
            vector_size=arguments.dimension,
            window=arguments.window,
            epochs=arguments.epochs,
            learning_rate=arguments.learning_rate or "auto",
            negative=arguments.negative,
            min_count=arguments.min_count,
            sample=arguments.sample,
            random_state=seed,
        ).fit(task.train_texts)
    pooled = []
    for pooling in POOLINGS:
        model.set_params(pooling="mean", weighting=None)
        with stopwatch() as taken:
            model.set_params(**pooling).fit_pooling(task.train_texts)
            train, test = model.transform(task.train_texts), model.transform(task.test_texts)
        train, test = standardise(train, train), standardise(test, train)
        title = "skw2v, " + describe(pooling)
        result = evaluate(title, train, test, task, fit_time[0] + taken[0])
        pooled.append((result, train, test))
        yield result
    best, train, test = min(pooled, key=lambda kept: kept[0].validation_loss)
    yield best._replace(name="skw2v, best of these in validation")
    tfidf_train, tfidf_test, tfidf_seconds = tfidf_features(task)
    unions = [
        evaluate(
            f"TF-IDF and {weight:g} of the best",
            sparse.hstack([tfidf_train, weight * train], format="csr"),
            sparse.hstack([tfidf_test, weight * test], format="csr"),
            task,
            tfidf_seconds + best.seconds,
        )
        for weight in UNION_WEIGHTS
    ]
    best_union = min(unions, key=lambda result: result.validation_loss)
    yield best_union._replace(name="TF-IDF and the best")


def tfidf_features(task: Task) -> tuple[Any, Any, float]:
    """Return the TF-IDF of the training and the test texts, and the seconds that took."""
    with stopwatch() as taken:
        tfidf = TfidfVectorizer(sublinear_tf=True)
        train, test = tfidf.fit_transform(task.train_texts), tfidf.transform(task.test_texts)
    return train * DOCUMENT_LENGTH, test * DOCUMENT_LENGTH, taken[0]


def standardise(features: Any, train: Any) -> Any:
    """Centre features and scale them to one variance, by those of the training texts."""
    scale = DOCUMENT_LENGTH / np.sqrt(train.shape[1])
    return StandardScaler().fit(train).transform(features) * scale


def gensim_means(task: Task, arguments: argparse.Namespace, seed: int) -> tuple[Any, Any]:
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
        alpha=arguments.learning_rate or 0.025,
        sg=1,
        seed=seed,
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
    """Choose the regularisation by cross-validation on the training texts, and test."""
    labels = task.train_labels
    losses, accuracies = np.zeros((2, len(REGULARISATIONS)))
    folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=0)
    for fit, validation in folds.split(train, labels):
        # Warm starts from one regularisation to the next.
        classifier = make_classifier()
        for i, C in enumerate(REGULARISATIONS):
            classifier.set_params(C=C).fit(train[fit], labels[fit])
            probabilities = classifier.predict_proba(train[validation])
            losses[i] += log_loss(labels[validation], probabilities) / N_FOLDS
            accuracies[i] += classifier.score(train[validation], labels[validation]) / N_FOLDS
    best = int(np.argmin(losses))
    classifier = make_classifier().set_params(C=REGULARISATIONS[best]).fit(train, labels)
    return Result(
        name,
        train.shape[1],
        float(classifier.score(test, task.test_labels)),
        float(accuracies[best]),
        float(losses[best]),
        REGULARISATIONS[best],
        seconds,
    )


def make_classifier() -> LogisticRegression:
    """Return the classifier of all representations."""
    return LogisticRegression(max_iter=300, tol=1e-3, warm_start=True)


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
