"""Compare the quality of word vectors with gensim's: analogies and word similarity.

Each mode is trained on the same text with equal hyper-parameters by skw2v and by its peers, and the
vectors answer

- Google's analogies ("Athens is to Greece as Baghdad is to ?") by 3CosAdd: of the 30,000 most
  frequent words the one nearest to Greece - Athens + Baghdad, the three words of the question left
  out. Questions with a rarer word are left out; the score is the fraction answered rightly;
- WordSim-353 and SimLex-999: Spearman's rank correlation of cosine similarity with what people say.

See `benchmarks/README.md` for the data and how to run it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from common import (
    MIN_COUNT,
    MODES,
    TRAINING,
    add_common_arguments,
    check_line_lengths,
    environment,
    gensim_parameters,
    limited_corpus,
    print_environment,
    print_table,
    read_documents,
    report_progress,
)

from skw2v import Word2VecVectorizer, WordVectors
from skw2v.evaluation import (
    AnalogyEvaluation,
    AnalogySection,
    evaluate_word_analogies,
    evaluate_word_pairs,
    read_analogies,
    read_word_pairs,
)

PACKAGES = ["skw2v", "gensim", "numpy", "scipy", "scikit-learn", "numba"]
ANALOGY_WORDS = 30_000
GENSIM_DEFAULT_RATE = 0.025
MEASURES = ["semantic", "syntactic", "total", "WordSim-353", "SimLex-999", "seconds"]

Record = dict[str, Any]
LearningRate = float | str


class Questions(NamedTuple):
    """What the vectors are asked: analogies, and word pairs with people's scores by data set."""

    analogies: dict[str, list[tuple[Hashable, ...]]]
    word_pairs: dict[str, list[tuple[Hashable, Hashable, float]]]


def evaluate(word_vectors: WordVectors, questions: Questions) -> dict[str, float]:
    """Score word vectors, whose words come by falling frequency."""
    analogies = evaluate_word_analogies(
        word_vectors, questions.analogies, restrict_vocab=ANALOGY_WORDS
    )
    kinds: dict[bool, list[AnalogySection]] = {True: [], False: []}
    for section in analogies.sections:
        kinds[section.name.startswith("gram")].append(section)
    return {
        "questions": len(analogies.total.correct) + len(analogies.total.incorrect),
        "semantic": AnalogyEvaluation(tuple(kinds[False])).accuracy,
        "syntactic": AnalogyEvaluation(tuple(kinds[True])).accuracy,
        "total": analogies.accuracy,
        **{
            name: evaluate_word_pairs(word_vectors, pairs, restrict_vocab=None).spearman
            for name, pairs in questions.word_pairs.items()
        },
    }


class Setting(NamedTuple):
    """One training run, whoever does it."""

    mode: str
    learning_rate: LearningRate
    seed: int
    epochs: int
    dimension: int
    threads: int


def train_skw2v(documents: list[list[str]], setting: Setting) -> WordVectors:
    """Fit the estimator on token lists and return its word vectors."""
    architecture, objective = MODES[setting.mode]
    vectorizer = Word2VecVectorizer(
        vector_size=setting.dimension,
        architecture=architecture,
        objective=objective,
        min_count=MIN_COUNT,
        epochs=setting.epochs,
        learning_rate=setting.learning_rate,
        n_jobs=setting.threads,
        random_state=setting.seed,
        **TRAINING,
    )
    return vectorizer.fit(documents).word_vectors_


def train_gensim(path: Path, setting: Setting) -> WordVectors:
    """Train gensim from the file, its fastest way, and return its word vectors."""
    from gensim.models import Word2Vec

    model = Word2Vec(
        corpus_file=str(path),
        vector_size=setting.dimension,
        epochs=setting.epochs,
        alpha=setting.learning_rate,
        workers=setting.threads,
        seed=setting.seed,
        **gensim_parameters(setting.mode),
    )
    return WordVectors(model.wv.index_to_key, model.wv.vectors)


def rates_of(library: str, learning_rates: Sequence[LearningRate]) -> list[LearningRate]:
    """Return the learning rates to try; "auto" is a peer's own default."""
    if library == "skw2v":
        return list(dict.fromkeys(learning_rates))
    return list(
        dict.fromkeys(GENSIM_DEFAULT_RATE if rate == "auto" else rate for rate in learning_rates)
    )


def measure(
    train: Callable[[Setting], WordVectors], library: str, setting: Setting, questions: Questions
) -> Record:
    """Train once, time it and evaluate the vectors."""
    start = time.perf_counter()
    word_vectors = train(setting)
    seconds = time.perf_counter() - start
    scores = evaluate(word_vectors, questions)
    record = {"library": library, **setting._asdict(), "words": len(word_vectors)}
    return {**record, **scores, "seconds": seconds}


def run(arguments: argparse.Namespace, path: Path) -> list[Record]:
    """Train and evaluate everything that was asked for, seed by seed, mode by mode."""
    # Equal words as one object: all tokens of a large text stay in memory.
    documents = [list(map(sys.intern, document)) for document in read_documents(path)]
    questions = Questions(
        read_analogies(arguments.questions),
        {
            "WordSim-353": read_word_pairs(arguments.wordsim),
            "SimLex-999": read_word_pairs(arguments.simlex),
        },
    )
    trainers = {"skw2v": lambda setting: train_skw2v(documents, setting)}
    if "gensim" in arguments.peers:
        check_line_lengths(map(len, documents))
        trainers["gensim"] = lambda setting: train_gensim(path, setting)
    records: list[Record] = []
    for seed in arguments.seeds:
        for mode in arguments.modes:
            for library, train in trainers.items():
                for rate in rates_of(library, arguments.learning_rates):
                    setting = Setting(
                        mode, rate, seed, arguments.epochs, arguments.dimension, arguments.threads
                    )
                    records.append(measure(train, library, setting, questions))
                    report_progress(_describe(records[-1]))
                    # Saved after each run, which may have taken many minutes.
                    if arguments.json:
                        save(arguments, records)
    return records


def save(arguments: argparse.Namespace, records: list[Record]) -> None:
    """Write all runs with the environment as JSON."""
    content = {
        "environment": environment(PACKAGES),
        "limit_tokens": arguments.limit_tokens,
        "training": {**TRAINING, "min_count": MIN_COUNT},
        "runs": records,
    }
    arguments.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _describe(record: Record) -> str:
    """Return one run in one line."""
    scores = ", ".join(f"{measure} {record[measure]:.3f}" for measure in MEASURES)
    return (
        f"{record['library']} {record['mode']}, learning rate {record['learning_rate']}, "
        f"seed {record['seed']}: {scores}, {record['questions']} questions"
    )


def _group(records: Sequence[Record]) -> dict[tuple[str, str, LearningRate], list[Record]]:
    """Return the runs that differ in the seed only, by mode, library and learning rate."""
    groups: dict[tuple[str, str, LearningRate], list[Record]] = {}
    for mode in dict.fromkeys(record["mode"] for record in records):
        for record in records:
            if record["mode"] == mode:
                key = (mode, record["library"], record["learning_rate"])
                groups.setdefault(key, []).append(record)
    return groups


def _summarise(runs: Sequence[Record], measure: str) -> str:
    """Return the mean and, of several runs, the standard deviation of a measure."""
    values = [run[measure] for run in runs]
    digits = 0 if measure == "seconds" else 3
    mean = f"{statistics.mean(values):.{digits}f}"
    return f"{mean} ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else mean


def print_results(records: Sequence[Record]) -> None:
    """Print the table of all settings, and the difference from each peer at its best."""
    groups = _group(records)
    n_seeds = len({record["seed"] for record in records})
    print_table(
        f"Quality (mean ± standard deviation of {n_seeds} seeds)",
        ["mode", "library", "learning rate", *MEASURES],
        [
            [*map(str, key), *(_summarise(runs, measure) for measure in MEASURES)]
            for key, runs in groups.items()
        ],
    )
    compared = [measure for measure in MEASURES if measure != "seconds"]
    rows = []
    for (mode, library, rate), runs in groups.items():
        rivals = {
            key: statistics.mean(run["total"] for run in rival_runs)
            for key, rival_runs in groups.items()
            if key[0] == mode and key[1] != "skw2v"
        }
        if library == "skw2v" and rivals:
            best = max(rivals, key=rivals.__getitem__)
            differences = (
                statistics.mean(run[measure] for run in runs)
                - statistics.mean(run[measure] for run in groups[best])
                for measure in compared
            )
            rival = f"{best[1]} at {best[2]}"
            rows.append([mode, str(rate), rival, *(f"{value:+.3f}" for value in differences)])
    if rows:
        print_table(
            "skw2v minus the peer at its best learning rate (by total analogies)",
            ["mode", "learning rate", "peer", *compared],
            rows,
        )


def _learning_rate(text: str) -> LearningRate:
    """Parse a learning rate: "auto" or a number."""
    return text if text == "auto" else float(text)


def parse_arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("corpus", type=Path, help="text, a document a line, tokens between spaces")
    parser.add_argument("questions", type=Path, help="Google's analogies, questions-words.txt")
    parser.add_argument("wordsim", type=Path, help="WordSim-353: word, word, score, tab-separated")
    parser.add_argument("simlex", type=Path, help="SimLex-999 in the same format")
    add_common_arguments(parser)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--dimension", type=int, default=100)
    parser.add_argument(
        "--learning-rates",
        nargs="+",
        type=_learning_rate,
        default=["auto"],
        metavar="RATE",
        help='initial learning rates; "auto" is the choice of skw2v and the default of a peer',
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every run to this file")
    return parser.parse_args()


def main() -> None:
    """Run the benchmark."""
    arguments = parse_arguments()
    with limited_corpus(arguments.corpus, arguments.limit_tokens) as path:
        records = run(arguments, path)
    print_environment(PACKAGES)
    print_results(records)


if __name__ == "__main__":
    main()
