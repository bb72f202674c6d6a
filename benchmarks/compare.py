"""Compare two revisions of skw2v: time on the same text, in turns, ratios with their spread.

Each revision is checked out into a git worktree of its own, with a cache of compiled code of its
own, and imported from there. It trains the modes on the same encoded text, then fits and transforms
texts, in a new process for each repeat; the two take turns, and the ratio is taken turn by turn. A
disturbance of the machine therefore meets both alike, and the spread tells what is left of it.
On one thread it is time of the processor, on several it is time by the clock.

This file is run as it is in this checkout for both; it uses what has long been in the package.
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
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from common import (
    MIN_COUNT,
    MODES,
    TRAINING,
    limited_corpus,
    print_environment,
    print_table,
    read_documents,
    report_progress,
)

PACKAGES = ["numpy", "scikit-learn", "numba"]
SEED = 1


class Task(NamedTuple):
    """What is timed."""

    path: str
    modes: list[str]
    dimension: int
    threads: int


def measure(task: Task) -> dict[str, float]:
    """Return the seconds of each part of the task, with the package that can be imported."""
    from skw2v import Word2VecVectorizer
    from skw2v.corpus import encode_documents
    from skw2v.training.parameters import TrainingParameters
    from skw2v.training.trainer import train

    clock = time.process_time if task.threads == 1 else time.perf_counter
    seconds: dict[str, float] = {}

    def timed(name: str, work: Callable[[], object]) -> None:
        start = clock()
        work()
        seconds[name] = clock() - start

    lines = list(read_documents(Path(task.path)))
    texts = [" ".join(line) for line in lines]
    corpus, vocabulary = encode_documents(lines, min_count=MIN_COUNT)
    few_ids = corpus.token_ids[:1000]
    few_offsets = np.array([0, len(few_ids)])
    for mode in task.modes:
        architecture, objective = MODES[mode]
        parameters = TrainingParameters(
            architecture=architecture,  # type: ignore[arg-type]
            objective=objective,  # type: ignore[arg-type]
            vector_size=task.dimension,
            epochs=1,
            **TRAINING,  # type: ignore[arg-type]
        )
        train(few_ids, few_offsets, vocabulary.counts, parameters, seed=SEED)  # compiles
        timed(
            mode,
            lambda parameters=parameters: train(
                corpus.token_ids, corpus.offsets, vocabulary.counts, parameters,
                seed=SEED, n_threads=task.threads,
            ),
        )  # fmt: skip
    timed("encode token lists", lambda: encode_documents(lines, min_count=MIN_COUNT))
    model = Word2VecVectorizer(
        vector_size=task.dimension, epochs=1, n_jobs=task.threads, random_state=SEED
    )
    timed("fit texts", lambda: model.fit(texts))
    timed("transform texts", lambda: model.transform(texts))
    return seconds


@contextmanager
def checked_out(revision: str, folder: Path) -> Iterator[dict[str, str]]:
    """Check out a revision; give the environment in which its package is imported."""
    here = Path(__file__).resolve().parent
    tree = folder / "tree"
    git = ["git", "-C", str(here), "worktree"]
    subprocess.run([*git, "add", "--quiet", "--detach", str(tree), revision], check=True)
    try:
        yield {
            **os.environ,
            "PYTHONPATH": str(tree),
            "NUMBA_CACHE_DIR": str(folder / "cache"),
        }
    finally:
        subprocess.run([*git, "remove", "--force", str(tree)], check=True)


def run(task: Task, environment: dict[str, str]) -> dict[str, float]:
    """Measure a task in a process of its own."""
    command = [sys.executable, str(Path(__file__).resolve()), "--measure", json.dumps(task)]
    finished = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(finished.stdout.splitlines()[-1])


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("revisions", nargs=2, metavar="REVISION", help="the old one, the new one")
    parser.add_argument("corpus", type=Path, help="text, a document a line, tokens between spaces")
    parser.add_argument("--modes", nargs="+", choices=MODES, default=list(MODES))
    parser.add_argument("--limit-tokens", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--dimension", type=int, default=100)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    found: list[list[dict[str, float]]] = [[], []]
    with ExitStack() as stack:
        path = stack.enter_context(limited_corpus(options.corpus, options.limit_tokens))
        task = Task(str(path), options.modes, options.dimension, options.threads)
        environments = []
        for revision in options.revisions:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            environments.append(stack.enter_context(checked_out(revision, folder)))
        for repeat in range(options.repeats):
            for revision, environment, seconds in zip(
                options.revisions, environments, found, strict=True
            ):
                seconds.append(run(task, environment))
                report_progress(f"{repeat + 1}. {revision}: {seconds[-1]}")
    print_environment(PACKAGES)
    rows = []
    for name in found[0][0]:
        old, new = ([seconds[name] for seconds in of_one] for of_one in found)
        ratios = sorted(before / after for before, after in zip(old, new, strict=True))
        rows.append(
            [
                name,
                *(f"{statistics.median(values):.3f}" for values in (old, new)),
                *(f"{ratio:.2f}" for ratio in (statistics.median(ratios), ratios[0], ratios[-1])),
            ]
        )
    old_name, new_name = options.revisions
    print_table(
        f"Seconds, {options.limit_tokens:,} tokens, d={options.dimension}, "
        f"{options.threads} threads, {options.repeats} repeats",
        ["", old_name, new_name, f"{old_name} / {new_name}", "least", "most"],
        rows,
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measure(Task(*json.loads(sys.argv[2])))))
    else:
        main()
