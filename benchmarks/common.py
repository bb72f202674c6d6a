"""What the benchmarks share: modes, the corpus, gensim's parameters, tables, the environment."""

from __future__ import annotations

import argparse
import json
import platform
import resource
import subprocess
import sys
import tempfile
from collections.abc import Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from skw2v.training.parameters import Architecture, ObjectiveName, TrainingParameters


class Mode(NamedTuple):
    """What is trained: an architecture with an objective."""

    architecture: Architecture
    objective: ObjectiveName


MODES = {
    "skipgram-ns": Mode("skipgram", "negative_sampling"),
    "skipgram-hs": Mode("skipgram", "hierarchical_softmax"),
    "cbow-ns": Mode("cbow", "negative_sampling"),
    "cbow-hs": Mode("cbow", "hierarchical_softmax"),
}
PEERS = ["gensim"]

# The hyper-parameters of every run, under skw2v's names.
MIN_COUNT = 5
TRAINING = {"window": 5, "negative": 5, "sample": 1e-3}

# gensim trains on no more than this of a line, and says nothing.
_MAX_GENSIM_LINE = 10_000

_WARM_UP_TOKENS = 1000


def add_common_arguments(
    parser: argparse.ArgumentParser, peers: Sequence[str] = tuple(PEERS)
) -> None:
    """Add the arguments that every benchmark understands."""
    parser.add_argument(
        "--modes", nargs="+", choices=MODES, default=list(MODES), help="what to train"
    )
    parser.add_argument(
        "--peers", nargs="*", choices=peers, default=list(peers), help="packages to compare with"
    )
    parser.add_argument(
        "--limit-tokens", type=int, metavar="N", help="use the first lines, up to N tokens"
    )


def training_parameters(mode: str, dimension: int, epochs: int = 1) -> TrainingParameters:
    """Return the hyper-parameters of a mode, with its automatic learning rate."""
    from skw2v.training.parameters import TrainingParameters, default_learning_rate

    architecture, objective = MODES[mode]
    return TrainingParameters(
        architecture=architecture,
        objective=objective,
        vector_size=dimension,
        epochs=epochs,
        learning_rate=default_learning_rate(architecture, objective, True),
        **TRAINING,  # type: ignore[arg-type]
    )


def gensim_parameters(mode: str) -> dict[str, Any]:
    """Return the hyper-parameters of a mode under gensim's names."""
    architecture, objective = MODES[mode]
    hierarchical = objective == "hierarchical_softmax"
    return {
        "sg": int(architecture == "skipgram"),
        "hs": int(hierarchical),
        "negative": 0 if hierarchical else TRAINING["negative"],
        "window": TRAINING["window"],
        "sample": TRAINING["sample"],
        "min_count": MIN_COUNT,
    }


@contextmanager
def limited_corpus(path: Path, limit_tokens: int | None) -> Iterator[Path]:
    """Give the path of a corpus of whole lines with about `limit_tokens` tokens."""
    if limit_tokens is None:
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        limited = Path(folder) / path.name
        with path.open(encoding="utf-8") as source, limited.open("w", encoding="utf-8") as target:
            for line in source:
                target.write(line)
                limit_tokens -= len(line.split())
                if limit_tokens <= 0:
                    break
        yield limited


def read_documents(path: Path) -> Iterator[Sequence[Hashable]]:
    """Return the tokens of each line, which skw2v's encoding splits as it numbers them."""
    from skw2v import TextFiles
    from skw2v.corpus import tokenize_documents

    return tokenize_documents(TextFiles(path), str.split)


def warm_up(token_ids: NDArray[np.int32], counts: NDArray[np.int64], parameters: Any) -> None:
    """Train on the first tokens, so that kernels are compiled and loaded before time is taken."""
    from skw2v.training.trainer import train

    few_ids = token_ids[:_WARM_UP_TOKENS]
    train(few_ids, np.array([0, len(few_ids)]), counts, parameters, seed=0)


def check_line_lengths(lengths: Iterable[int]) -> None:
    """Refuse lines that gensim would cut, because it would train on less than skw2v."""
    longest = max(lengths)
    if longest > _MAX_GENSIM_LINE:
        raise SystemExit(
            f"the corpus has a line of {longest} tokens and gensim trains on the first "
            f"{_MAX_GENSIM_LINE} only: break the lines, or pass --peers without gensim."
        )


def environment(packages: Sequence[str]) -> dict[str, str]:
    """Return what the figures depend on: the processor, Python and the versions of packages."""
    versions = {"Python": platform.python_version()}
    for package in packages:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return {"processor": _processor(), "system": platform.system(), **versions}


def _processor() -> str:
    """Return the processor's name and the number of cores that Linux or Python reports."""
    names: list[str] = []
    if (cpuinfo := Path("/proc/cpuinfo")).exists():
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    if not names:
        return platform.processor() or platform.machine()
    return f"{names[0]}, {len(names)} logical cores"


def print_environment(packages: Sequence[str]) -> None:
    """Print the environment in one line."""
    print(", ".join(f"{name} {value}" for name, value in environment(packages).items()))


def print_table(title: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a Markdown table whose columns are aligned for the eye too."""
    cells = [list(header), *(list(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    cells.insert(1, ["-" * width for width in widths])
    print(f"\n### {title}\n")
    for row in cells:
        print("| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) + " |")


def report_progress(message: str) -> None:
    """Print to standard error, which leaves standard output to the tables."""
    print(message, file=sys.stderr, flush=True)


def run_fresh(script: str, *arguments: object) -> Any:
    """Run a script of this folder in a process of its own; return the JSON of its last line.

    What a process has loaded, compiled or held before is part of its time and memory, so that
    whoever is measured gets a new one.
    """
    command = [sys.executable, str(Path(__file__).with_name(script)), *map(str, arguments)]
    finished = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(finished.stdout.splitlines()[-1])


def resident_memory() -> float:
    """Return the resident memory of this process in MB."""
    return _memory("VmRSS")


def peak_memory() -> float:
    """Return the largest resident memory that this process has had, in MB."""
    return _memory("VmHWM")


def _memory(field: str) -> float:
    """Return a line of Linux's account of this process, elsewhere the peak that POSIX knows."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines[field].split()[0]) * 1024 / 1e6
    # Not on Linux, where a process begins with the peak of the one that started it.
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
