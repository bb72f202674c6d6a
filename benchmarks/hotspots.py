"""Show where the time of training goes: by step, and by instruction of the compiled code.

A chunk of tokens is prepared: sampled, and the rows that it touches are listed; these rows are
copied; it is learned; and the copies of a round are merged. The first table gives the processor's
time of each step for a token of the text, on one thread. With `--code` Linux's `perf` looks 4000
times a second at which instruction runs, and `objdump` tells what it is: the file lists the machine
code with the share of each instruction, and a second table the loops (and other straight pieces)
that take most.

See `benchmarks/README.md` for how to run it.
"""

from __future__ import annotations

import argparse
import inspect
import os
import re
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest.mock import patch

from common import (
    MIN_COUNT,
    add_common_arguments,
    limited_corpus,
    print_environment,
    print_table,
    read_documents,
    report_progress,
    training_parameters,
    warm_up,
)
from numba import njit

from skw2v._compiling import OPTIONS
from skw2v.corpus.encoding import EncodedCorpus, encode_documents
from skw2v.corpus.vocabulary import Vocabulary
from skw2v.training import kernels
from skw2v.training.trainer import train

PACKAGES = ["skw2v", "numpy", "numba", "llvmlite"]
SAMPLES_PER_SECOND = 4000
TRAIN_CHUNKS_PARAMETERS = tuple(inspect.signature(kernels.train_chunks).parameters)
MIN_SHARE = 0.01  # of a piece of code that is listed

Train = Callable[[], Any]


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile what only compiled code calls so that Python can call it."""
    return njit(lambda *arguments: function(*arguments), **OPTIONS)


STEPS = {
    name: compiled(getattr(kernels, name))
    for name in ("prepare_chunks", "train_chunks", "load_rows", "return_rows", "merge_rows")
}


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("corpus", type=Path, help="text, a document a line, tokens between spaces")
    add_common_arguments(parser, peers=[])
    parser.add_argument("--dimensions", nargs="+", type=int, default=[100, 300], metavar="D")
    parser.add_argument("--code", type=Path, metavar="FOLDER", help="where to list machine code")
    options = parser.parse_args()
    print_environment(PACKAGES)
    with limited_corpus(options.corpus, options.limit_tokens) as path:
        corpus, vocabulary = encode_documents(
            read_documents(path), min_count=MIN_COUNT, max_vocab_size=None, vocabulary=None
        )
    steps, pieces = [], []
    for mode in options.modes:
        for dimension in options.dimensions:
            report_progress(f"{mode}, {dimension} dimensions")
            run = make_run(corpus, vocabulary, mode, dimension)
            setting = [mode, str(dimension)]
            steps.append([*setting, *(f"{value:.0f}" for value in time_steps(run, corpus))])
            if options.code is not None:
                file = options.code / f"{mode}-{dimension}.s"
                pieces += [[*setting, *piece] for piece in list_code(run, file)]
    print_table(
        "Nanoseconds per token",
        ["mode", "d", "preparing", "copying rows", "learning", "merging", "sum"],
        steps,
    )
    if options.code is not None:
        print_table("Code", ["mode", "d", "address", "instructions", "share", "first"], pieces)


def make_run(corpus: EncodedCorpus, vocabulary: Vocabulary, mode: str, dimension: int) -> Train:
    """Return what trains an epoch on one thread, compiled already."""
    parameters = training_parameters(mode, dimension)
    warm_up(corpus.token_ids, vocabulary.counts, parameters)
    return lambda: train(corpus.token_ids, corpus.offsets, vocabulary.counts, parameters, seed=0)


# By step


class Steps(NamedTuple):
    """Nanoseconds per token that occurs often enough for the vocabulary."""

    preparing: float
    copying: float
    learning: float
    merging: float
    total: float


def time_steps(run: Train, corpus: EncodedCorpus) -> Steps:
    """Measure the steps: those within a chunk by a run that copies rows and does not learn."""
    nanoseconds = 1e9 / len(corpus.token_ids)
    # The rounds in Python, which calls the steps one by one.
    with patch.multiple(kernels, train_rounds=kernels.train_rounds.py_func, **STEPS):
        for instead in (None, copy_only):
            with timed("train_chunks", instead):
                run()  # compiles what has not been compiled
        with (
            timed("prepare_chunks") as preparing,
            timed("train_chunks") as training,
            timed("merge_rows") as merging,
        ):
            run()
        with timed("train_chunks", copy_only) as copying:
            run()
    prepared, trained, merged, copied = (
        sum(seconds) * nanoseconds for seconds in (preparing, training, merging, copying)
    )
    return Steps(prepared, copied, trained - copied, merged, prepared + trained + merged)


@contextmanager
def timed(name: str, instead: Callable[..., None] | None = None) -> Iterator[list[float]]:
    """Note the processor's seconds of each call of a kernel, or of what is called instead."""
    kernel = getattr(kernels, name)
    function = instead or kernel
    seconds: list[float] = []

    def call(*arguments: Any) -> None:
        start = time.process_time()
        function(*arguments)
        seconds.append(time.process_time() - start)

    setattr(kernels, name, call)
    try:
        yield seconds
    finally:
        setattr(kernels, name, kernel)


def copy_only(*arguments: Any) -> None:
    """Copy the rows of chunks and write them back as `train_chunks` does, and learn nothing."""
    given = SimpleNamespace(**dict(zip(TRAIN_CHUNKS_PARAMETERS, arguments, strict=True)))
    chunks = given.chunks
    for chunk in range(given.n_chunks):
        for side, row_ids, n_rows in (
            (given.inputs, chunks.input_rows[chunk], chunks.n_input_rows[chunk]),
            (given.outputs, chunks.output_rows[chunk], chunks.n_output_rows[chunk]),
        ):
            kernels.load_rows(chunk, given.thread, row_ids, n_rows, side, given.numbering.places)
            kernels.return_rows(chunk, given.thread, side)


# By instruction


class Region(NamedTuple):
    """A stretch of memory that holds code which no file holds: compiled while the program runs."""

    begin: int
    end: int


def list_code(run: Train, path: Path) -> list[list[str]]:
    """Write the machine code with the share of each instruction; return the pieces that count."""
    addresses = sample_addresses(run)
    counts = Counter(addresses)
    instructions: list[tuple[int, str]] = []
    for region in compiled_regions():
        if any(region.begin <= address < region.end for address in counts):
            instructions += disassemble(region)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        for address, text in instructions:
            share = f"{counts[address] / len(addresses):7.2%}" if address in counts else " " * 7
            file.write(f"{share}  {address:x}  {text}\n")
    shares = [
        (sum(counts[address] for address, _ in piece) / len(addresses), piece)
        for piece in straight_pieces(instructions)
    ]
    return [
        [f"{piece[0][0]:x}", str(len(piece)), f"{share:.1%}", piece[0][1]]
        for share, piece in sorted(shares, reverse=True)
        if share >= MIN_SHARE
    ]


def sample_addresses(run: Train) -> list[int]:
    """Let perf look at this process while it trains; return the addresses that it was at."""
    with tempfile.TemporaryDirectory() as folder:
        samples = str(Path(folder, "samples"))
        perf = subprocess.Popen(
            ["perf", "record", "-e", "cpu-clock", "-F", str(SAMPLES_PER_SECOND), "-o", samples,
             "-p", str(os.getpid())],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(1)  # until it has begun
        run()
        perf.send_signal(signal.SIGINT)
        perf.wait()
        listed = subprocess.run(
            ["perf", "script", "-i", samples, "-F", "ip"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True,
        )  # fmt: skip
    return [int(address, 16) for address in listed.stdout.split()]


def compiled_regions() -> Iterator[Region]:
    """Yield the executable memory of this process that comes from no file."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        fields = line.split()
        if "x" in fields[1] and len(fields) == 5:
            yield Region(*(int(end, 16) for end in fields[0].split("-")))


def disassemble(region: Region) -> list[tuple[int, str]]:
    """Return the instructions of a region and their addresses."""
    with Path("/proc/self/mem").open("rb") as memory, tempfile.NamedTemporaryFile() as code:
        memory.seek(region.begin)
        code.write(memory.read(region.end - region.begin))
        code.flush()
        told = subprocess.run(
            ["objdump", "-D", "-b", "binary", "-m", "i386:x86-64", "-M", "intel",
             "--no-show-raw-insn", f"--adjust-vma={region.begin}", code.name],
            stdout=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
    lines = re.findall(r"^\s*([0-9a-f]+):\s+(.*?)\s*$", told.stdout, re.MULTILINE)
    return [(int(address, 16), text) for address, text in lines]


def straight_pieces(instructions: list[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    """Cut code where it jumps, and where it is jumped to."""
    jumps = (re.match(r"j\w+\s+0x([0-9a-f]+)", text) for _, text in instructions)
    targets = {int(jump[1], 16) for jump in jumps if jump}
    piece: list[tuple[int, str]] = []
    for address, text in instructions:
        if address in targets and piece:
            yield piece
            piece = []
        piece.append((address, text))
        if text.startswith(("j", "ret")):
            yield piece
            piece = []
    if piece:
        yield piece


if __name__ == "__main__":
    main()
