"""Compare a whole fit with gensim's: from text to vectors, in time and in memory.

- *Encoding*: text whose tokens stand between spaces becomes word ids and a vocabulary, beside
  gensim's `build_vocab` of the same file; texts go through scikit-learn's analyzer and become word
  ids, beside the analyzer alone. Time of the processor, in turns.
- *Fit*: the estimator is given texts, gensim the tokens that the analyzer makes of them, which
  spares it this work. Time by the clock, each fit in a process of its own that has imported the
  package and, for skw2v, loaded its compiled code before.
- *Memory*: both read the same file of tokens between spaces. The peak of the process, and what the
  fit added to it: 4 bytes for each token, the two matrices, and the rest.

See `benchmarks/README.md` for the data and how to run it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from common import (
    MIN_COUNT,
    MODES,
    TRAINING,
    check_line_lengths,
    gensim_parameters,
    limited_corpus,
    peak_memory,
    print_environment,
    print_table,
    read_documents,
    report_progress,
    resident_memory,
    run_fresh,
)
from sklearn.feature_extraction.text import CountVectorizer

PACKAGES = ["skw2v", "gensim", "numpy", "scikit-learn", "numba"]
LIBRARIES = ["skw2v", "gensim"]
SEED = 1


class Case(NamedTuple):
    """What one process fits."""

    library: str
    mode: str
    path: str
    is_split: bool  # the file holds tokens between spaces, and is read while it is fitted
    dimension: int
    epochs: int
    threads: int


class Measured(NamedTuple):
    """What a fit took; memory in MB."""

    seconds: float
    before: float  # resident, of the process
    peak: float  # of the process
    corpus: float  # 4 bytes for each token that is in the vocabulary
    matrices: float


def measure(case: Case) -> Measured:
    """Fit in this process."""
    fit = {"skw2v": _prepare_skw2v, "gensim": _prepare_gensim}[case.library](case)
    before = resident_memory()
    start = time.perf_counter()
    matrices, n_tokens = fit()
    seconds = time.perf_counter() - start
    sizes = sum(matrix.nbytes for matrix in matrices)
    return Measured(seconds, before, peak_memory(), 4 * n_tokens / 1e6, sizes / 1e6)


def _prepare_skw2v(case: Case) -> Callable[[], tuple[list[Any], int]]:
    """Return a function that fits and returns the matrices and the number of tokens."""
    from skw2v import TextFiles, Word2VecVectorizer

    mode = MODES[case.mode]
    parameters: dict[str, Any] = {
        "architecture": mode.architecture,
        "objective": mode.objective,
        "vector_size": case.dimension,
        "min_count": MIN_COUNT,
        "epochs": case.epochs,
        "n_jobs": case.threads,
        "random_state": SEED,
        **TRAINING,
    }
    if mode.objective != "negative_sampling":
        del parameters["negative"]
    if case.is_split:
        parameters["analyzer"] = str.split
    documents: Any = TextFiles(case.path) if case.is_split else _read_lines(case.path)
    # Compiles what is not compiled yet, and loads it.
    Word2VecVectorizer(**{**parameters, "epochs": 1}).fit([["word"] * 20] * 20)

    def fit() -> tuple[list[Any], int]:
        model = Word2VecVectorizer(**parameters).fit(documents)
        return [model.word_vectors_.vectors, model.output_vectors_], model.n_tokens_

    return fit


def _prepare_gensim(case: Case) -> Callable[[], tuple[list[Any], int]]:
    """Return a function that fits and returns the matrices and the number of tokens."""
    from gensim.models import Word2Vec

    if case.is_split:
        documents: dict[str, Any] = {"corpus_file": case.path}
    else:
        analyzer = CountVectorizer().build_analyzer()
        documents = {"sentences": [analyzer(line) for line in _read_lines(case.path)]}

    def fit() -> tuple[list[Any], int]:
        model = Word2Vec(
            vector_size=case.dimension,
            epochs=case.epochs,
            workers=case.threads,
            seed=SEED,
            **documents,
            **gensim_parameters(case.mode),
        )
        outputs = model.syn1 if model.hs else model.syn1neg
        counts = (model.wv.get_vecattr(word, "count") for word in model.wv.index_to_key)
        return [model.wv.vectors, outputs], sum(counts)

    return fit


def _read_lines(path: str) -> list[str]:
    """Return the lines of a file."""
    return Path(path).read_text(encoding="utf-8").splitlines()


def measure_encoding(path: Path, repeats: int) -> list[list[str]]:
    """Return the rows of the table of encoding."""
    from gensim.models import Word2Vec

    from skw2v import Word2VecVectorizer
    from skw2v.corpus import encode_documents

    lines = _read_lines(str(path))
    analyzer = CountVectorizer().build_analyzer()

    def analyze() -> None:
        for line in lines:
            analyzer(line)

    def encode_texts() -> None:
        # What fit does before it trains.
        Word2VecVectorizer(min_count=MIN_COUNT)._encode(lines, None)

    def encode_tokens() -> None:
        encode_documents(read_documents(path), min_count=MIN_COUNT)

    def build_vocabulary() -> None:
        Word2Vec(min_count=MIN_COUNT).build_vocab(corpus_file=str(path))

    pairs: list[tuple[str, Callable[[], None], str, Callable[[], None]]] = [
        ("tokens between spaces", encode_tokens, "gensim's build_vocab", build_vocabulary),
        ("texts", encode_texts, "the analyzer alone", analyze),
    ]
    rows = []
    for name, ours, other, theirs in pairs:
        seconds = [(_time(ours), _time(theirs)) for _ in range(repeats)]
        ratio = statistics.median(their / our for our, their in seconds)
        medians = map(statistics.median, zip(*seconds, strict=True))
        rows.append([name, other, *(f"{median:.2f}" for median in medians), f"{ratio:.2f}"])
        report_progress(f"encoding {rows[-1]}")
    return rows


def _time(work: Callable[[], None]) -> float:
    """Return how many seconds of the processor a piece of work takes."""
    start = time.process_time()
    work()
    return time.process_time() - start


def measure_fits(
    path: Path, options: argparse.Namespace, *, is_split: bool
) -> dict[tuple[str, int], dict[str, Measured]]:
    """Return the medians of fits by mode and threads, and by library."""
    found: dict[tuple[str, int], dict[str, Measured]] = {}
    for mode in options.modes:
        for threads in options.threads:
            fits: dict[str, list[Measured]] = {library: [] for library in LIBRARIES}
            for _ in range(options.repeats):
                for library in LIBRARIES:
                    case = Case(
                        library, mode, str(path), is_split, options.dimension, options.epochs,
                        threads,
                    )  # fmt: skip
                    fits[library].append(
                        Measured(*run_fresh("fit.py", "--measure", json.dumps(case)))
                    )
                    report_progress(f"{case}: {fits[library][-1]}")
            found[mode, threads] = {
                library: Measured(*map(statistics.median, zip(*repeated, strict=True)))
                for library, repeated in fits.items()
            }
    return found


def print_fits(fits: dict[tuple[str, int], dict[str, Measured]]) -> None:
    """Print the time of whole fits."""
    rows = []
    for (mode, threads), of_library in fits.items():
        ours, theirs = (of_library[library].seconds for library in LIBRARIES)
        ratio = f"{theirs / ours:.1f}"
        rows.append([mode, str(threads), f"{ours:.1f}", f"{theirs:.1f}", ratio])
    print_table(
        "Whole fit, seconds: skw2v from texts, gensim from their tokens",
        ["mode", "threads", *LIBRARIES, "times as fast"],
        rows,
    )


def print_memory(fits: dict[tuple[str, int], dict[str, Measured]]) -> None:
    """Print the memory of fits."""
    rows = [
        [
            mode,
            library,
            f"{fit.peak:.0f}",
            f"{fit.peak - fit.before:.0f}",
            f"{fit.corpus:.0f}",
            f"{fit.matrices:.0f}",
            f"{fit.peak - fit.before - fit.corpus - fit.matrices:.0f}",
        ]
        for (mode, _), of_library in fits.items()
        for library, fit in of_library.items()
    ]
    header = ["mode", "library", "peak", "added", "4 bytes / token", "matrices", "rest"]
    print_table("Memory of a fit from a file, MB", header, rows)


def parse_arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("corpus", type=Path, help="text, a document a line, tokens between spaces")
    parser.add_argument("--modes", nargs="+", choices=MODES, default=["skipgram-ns"])
    parser.add_argument("--limit-tokens", type=int, metavar="N", help="use the first lines")
    parser.add_argument("--dimension", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--threads", nargs="+", type=int, default=[2], metavar="N")
    parser.add_argument("--repeats", type=int, default=1, help="of each fit")
    parser.add_argument("--encoding-repeats", type=int, default=5)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="what to measure")
    return parser.parse_args()


PARTS = ["encoding", "fit", "memory"]


def main() -> None:
    """Run the benchmark."""
    options = parse_arguments()
    with limited_corpus(options.corpus, options.limit_tokens) as path:
        lengths = [len(document) for document in read_documents(path)]
        check_line_lengths(lengths)
        print_environment(PACKAGES)
        print(f"{sum(lengths):,} raw tokens, d={options.dimension}, {options.epochs} epochs")
        if "encoding" in options.parts:
            print_table(
                "Encoding, seconds of the processor, 1 thread",
                ["from", "beside", "skw2v", "other", "times as fast"],
                measure_encoding(path, options.encoding_repeats),
            )
        if "fit" in options.parts:
            print_fits(measure_fits(path, options, is_split=False))
        if "memory" in options.parts:
            one_epoch = argparse.Namespace(
                **{**vars(options), "epochs": 1, "threads": options.threads[:1], "repeats": 1}
            )
            print_memory(measure_fits(path, one_epoch, is_split=True))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measure(Case(*json.loads(sys.argv[2])))))
    else:
        main()
