"""Measure time and memory of training as one thing grows: corpus, vocabulary, vectors or threads.

Each measurement trains one epoch in a process of its own. The time per token is that of the rounds
of training, the median over all of them; what comes before the first round is told apart, as the
set-up. On one thread it is time of the processor, which other work on the machine stretches least,
on several it is time by the clock. The memory is the peak of what training adds to the process,
less the two matrices: the corpus, imported packages and compiled code are there before.

- *Corpus*: the first tokens of a text; beyond its end it is repeated.
- *Vocabulary*: synthetic, word i being drawn in proportion to 1 / i. Once all words are drawn from,
  so that more rows miss the processor's caches; once only the first 10,000, so that all that grows
  is what is not used. No work of a round may be proportional to the vocabulary: that curve is flat.
- *Dimension*: the length of the vectors.
- *Threads*: more of them than cores show what waiting for each other costs. A round has as many
  tasks as it has chunks, and more threads than that are not started.

Prints tables, and draws a picture of each into a folder. See `benchmarks/README.md` for the data.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from common import (
    MIN_COUNT,
    MODES,
    peak_memory,
    print_environment,
    print_table,
    read_documents,
    report_progress,
    resident_memory,
    run_fresh,
    training_parameters,
)

PACKAGES = ["skw2v", "numpy", "numba"]
SEED = 1
WARM_UP_TOKENS = 2_000
USED_WORDS = 10_000
LINE_TOKENS = 1_000  # of the synthetic corpus


class Case(NamedTuple):
    """What one process trains."""

    line: str  # of the picture
    x: int  # where on it
    corpus: str  # a file that `save_corpus` wrote
    n_tokens: int
    mode: str = "skipgram-ns"
    dimension: int = 100
    threads: int = 1
    n_words: int | None = None  # with words that do not occur; None for those of the corpus
    chunks_per_round: int | None = None  # None for as many as the trainer chooses


class Measured(NamedTuple):
    """What a process took."""

    nanoseconds: float  # per token, in the median round
    processor_nanoseconds: float  # per token, of all threads together
    setup_seconds: float
    memory: float  # MB beside the corpus and the matrices, NaN where these are not used in full


class Panel(NamedTuple):
    """A picture: what grows, and the cases to measure."""

    title: str
    axis: str
    cases: list[Case]


def save_corpus(path: Path, token_ids: Any, offsets: Any, counts: Any) -> str:
    """Write an encoded corpus for the processes that train it, and return where it is."""
    np.savez(path, token_ids=token_ids, offsets=offsets, counts=counts)
    return str(path)


def load_corpus(case: Case) -> tuple[Any, Any, Any]:
    """Return token ids, offsets and counts of a case, with the corpus repeated where it ends."""
    with np.load(case.corpus) as arrays:
        token_ids, ends, counts = arrays["token_ids"], arrays["offsets"][1:], arrays["counts"]
    n_copies = -(-case.n_tokens // len(token_ids))
    offsets = [0, *(ends + copy * len(token_ids) for copy in range(n_copies))]
    all_offsets = np.hstack(offsets)
    n_documents = int(np.searchsorted(all_offsets, case.n_tokens, side="right")) - 1
    all_offsets = all_offsets[: n_documents + 1].copy()
    token_ids = np.resize(token_ids, int(all_offsets[-1]))
    if case.n_words is None:
        return token_ids, all_offsets, counts * n_copies
    return token_ids, all_offsets, np.pad(counts, (0, case.n_words - len(counts)))


def measure(case: Case) -> Measured:
    """Train a case in this process."""
    from skw2v.training.parameters import plan_rounds
    from skw2v.training.trainer import train

    token_ids, offsets, counts = load_corpus(case)
    parameters = training_parameters(case.mode, case.dimension)
    plan = plan_rounds(parameters, len(token_ids))
    if case.chunks_per_round is not None:
        plan = plan._replace(chunks_per_round=case.chunks_per_round)
    # Compiles what is not compiled yet, and loads it.
    few_ids = token_ids[:WARM_UP_TOKENS] % 100
    few_counts = np.bincount(few_ids, minlength=100)
    train(few_ids, np.array([0, len(few_ids)]), few_counts, parameters, seed=SEED, n_threads=2)

    resident = resident_memory()
    clock = time.process_time if case.threads == 1 else time.perf_counter
    ends: list[float] = []
    processor_ends: list[float] = []
    sizes: list[int] = []

    def report(n_tokens: int, loss: float) -> None:
        ends.append(clock())
        processor_ends.append(time.process_time())
        sizes.append(n_tokens)

    start = clock()
    embedding = train(
        token_ids, offsets, counts, parameters,
        seed=SEED, n_threads=case.threads, plan=plan, report=report,
    )  # fmt: skip
    processor_seconds = processor_ends[-1] - processor_ends[0]
    matrices = sum(
        matrix.strides[0] * len(matrix)
        for matrix in (embedding.input_vectors, embedding.output_vectors)
    )
    durations = [later - earlier for earlier, later in pairwise(ends)]
    per_token = statistics.median(
        duration / n for duration, n in zip(durations, sizes[1:], strict=True)
    )
    setup = max(ends[0] - start - per_token * sizes[0], 0.0)
    return Measured(
        nanoseconds=per_token * 1e9,
        processor_nanoseconds=processor_seconds / sum(sizes[1:]) * 1e9,
        setup_seconds=setup,
        memory=peak_memory() - resident - matrices / 1e6 if case.n_words is None else math.nan,
    )


def corpus_panel(real: str, synthetic: Callable[[int], str], options: argparse.Namespace) -> Panel:
    """Return what is trained as the corpus grows."""
    cases = [
        Case(mode, n, real, n, mode=mode) for mode in options.modes for n in options.corpus_tokens
    ]
    return Panel("Corpus", "tokens", cases)


def vocabulary_panel(
    real: str, synthetic: Callable[[int], str], options: argparse.Namespace
) -> Panel:
    """Return what is trained as the vocabulary grows."""
    cases = []
    for mode in ("skipgram-ns", "skipgram-hs"):
        for n in options.vocabularies:
            of_n = Case(f"{mode}, all used", n, synthetic(n), options.tokens, mode=mode)
            cases += [
                of_n,
                of_n._replace(
                    line=f"{mode}, {USED_WORDS:,} used", corpus=synthetic(USED_WORDS), n_words=n
                ),
            ]
    return Panel("Vocabulary", "words", cases)


def dimension_panel(
    real: str, synthetic: Callable[[int], str], options: argparse.Namespace
) -> Panel:
    """Return what is trained as the vectors grow longer."""
    cases = [
        Case(mode, d, real, options.tokens, mode=mode, dimension=d)
        for mode in MODES
        for d in options.dimensions
    ]
    return Panel("Dimension", "dimensions", cases)


def threads_panel(real: str, synthetic: Callable[[int], str], options: argparse.Namespace) -> Panel:
    """Return what is trained as threads are added."""
    cases = []
    for n in options.threads:
        chosen = Case("rounds as chosen", n, real, options.threads_tokens, threads=n)
        line = f"{options.chunks} chunks a round"
        cases += [chosen, chosen._replace(line=line, chunks_per_round=options.chunks)]
    return Panel("Threads", f"threads on {os.cpu_count()} cores", cases)


PANELS = {
    "corpus": corpus_panel,
    "vocabulary": vocabulary_panel,
    "dimension": dimension_panel,
    "threads": threads_panel,
}


def zipf_corpus(folder: Path, n_words: int, n_tokens: int) -> str:
    """Write a corpus of words drawn in proportion to 1 / rank, each of which is counted once."""
    path = folder / f"zipf-{n_words}.npz"
    if not path.exists():
        cumulated = np.cumsum(1 / np.arange(1, n_words + 1))
        drawn = np.random.default_rng(SEED).random(n_tokens) * cumulated[-1]
        token_ids = np.searchsorted(cumulated, drawn).clip(0, n_words - 1).astype(np.int32)
        counts = np.maximum(np.bincount(token_ids, minlength=n_words), 1)
        offsets = np.append(np.arange(0, n_tokens, LINE_TOKENS), n_tokens)
        save_corpus(path, token_ids, offsets, counts)
    return str(path)


def run(panel: Panel, repeats: int) -> dict[str, dict[int, Measured]]:
    """Measure the cases in turns; return medians by line and place."""
    found: dict[tuple[str, int], list[Measured]] = {}
    for _ in range(repeats):
        for case in panel.cases:
            measured = Measured(*run_fresh("growth.py", "--measure", json.dumps(case)))
            found.setdefault((case.line, case.x), []).append(measured)
            report_progress(f"{panel.title} {case.line} {case.x:,}: {measured}")
    lines: dict[str, dict[int, Measured]] = {}
    for (line, x), repeated in found.items():
        medians = map(statistics.median, zip(*repeated, strict=True))
        lines.setdefault(line, {})[x] = Measured(*medians)
    return lines


def print_panel(panel: Panel, lines: dict[str, dict[int, Measured]]) -> None:
    """Print what was measured."""
    rows = [
        [
            line,
            f"{x:,}",
            f"{measured.nanoseconds:.0f}",
            f"{measured.processor_nanoseconds:.0f}",
            f"{measured.setup_seconds:.2f}",
            "" if math.isnan(measured.memory) else f"{measured.memory:.0f}",
        ]
        for line, points in lines.items()
        for x, measured in points.items()
    ]
    header = ["", panel.axis, "ns / token", "ns of the processor / token", "set-up s", "MB beside"]
    print_table(panel.title, header, rows)


def draw_panel(panel: Panel, lines: dict[str, dict[int, Measured]], path: Path) -> None:
    """Draw time and memory side by side."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, (times, memory) = plt.subplots(
        ncols=2, figsize=(8.5, 3.2), layout="constrained", sharex=True
    )
    for line, points in lines.items():
        measured = list(points.values())
        times.plot(list(points), [one.nanoseconds for one in measured], "o-", ms=4, label=line)
        memory.plot(list(points), [one.memory for one in measured], "o-", ms=4)
        if panel.title == "Threads":
            processor = [one.processor_nanoseconds for one in measured]
            color = times.lines[-1].get_color()
            times.plot(list(points), processor, ":", color=color, label=f"{line}, processor")
    times.set(xlabel=panel.axis, ylabel="ns / token", ylim=(0, None))
    memory.set(xlabel=panel.axis, ylabel="MB beside corpus and matrices")
    memory.set_ylim(0, max(memory.get_ylim()[1], 100))
    ticks = sorted({x for points in lines.values() for x in points})
    if panel.title != "Dimension":
        times.set_xscale("log")
    for axes in (times, memory):
        axes.set_xticks(ticks, [_shortened(x) for x in ticks])
        axes.minorticks_off()
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.3)
    figure.legend(loc="outside right upper", fontsize="small", frameon=False)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _shortened(n: int) -> str:
    """Return a number as people say it: 10 k, 1 M."""
    for size, unit in ((1_000_000, " M"), (1_000, " k")):
        if n >= size:
            return f"{n / size:g}{unit}"
    return str(n)


def parse_arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("corpus", type=Path, help="text, a document a line, tokens between spaces")
    parser.add_argument("--output", type=Path, required=True, help="folder for the pictures")
    parser.add_argument("--panels", nargs="+", choices=PANELS, default=list(PANELS))
    parser.add_argument(
        "--modes", nargs="+", choices=MODES, default=["skipgram-ns", "cbow-ns"],
        help="what to train as the corpus grows",
    )  # fmt: skip
    millions = [1_000_000, 4_000_000, 17_000_000, 34_000_000, 68_000_000]
    parser.add_argument("--corpus-tokens", nargs="+", type=int, default=millions, metavar="N")
    parser.add_argument(
        "--vocabularies", nargs="+", type=int, default=[10_000, 100_000, 1_000_000], metavar="N"
    )
    parser.add_argument(
        "--dimensions", nargs="+", type=int, default=[50, 100, 200, 300, 400, 500, 600], metavar="D"
    )
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2, 4, 8, 16, 32], metavar="N")
    parser.add_argument("--chunks", type=int, default=32, help="of a round, beside those chosen")
    parser.add_argument(
        "--tokens", type=int, default=1_000_000, help="trained as vocabulary or dimension grow"
    )
    parser.add_argument(
        "--threads-tokens", type=int, default=4_000_000, help="trained as threads are added"
    )
    parser.add_argument("--repeats", type=int, default=1)
    return parser.parse_args()


def main() -> None:
    """Run the benchmark."""
    from skw2v.corpus.encoding import encode_documents

    options = parse_arguments()
    options.output.mkdir(parents=True, exist_ok=True)
    print_environment(PACKAGES)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        corpus, vocabulary = encode_documents(read_documents(options.corpus), min_count=MIN_COUNT)
        real = save_corpus(folder / "real.npz", corpus.token_ids, corpus.offsets, vocabulary.counts)
        del corpus, vocabulary
        for name in options.panels:
            panel = PANELS[name](real, lambda n: zipf_corpus(folder, n, options.tokens), options)
            lines = run(panel, options.repeats)
            print_panel(panel, lines)
            draw_panel(panel, lines, options.output / f"growth_{name}.png")


if __name__ == "__main__":
    import sys

    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measure(Case(*json.loads(sys.argv[2])))))
    else:
        main()
