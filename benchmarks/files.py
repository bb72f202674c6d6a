"""Compare the speed of reading and writing word vectors with gensim's, and with the disk's.

Random vectors are written to a folder in each format and read back; the packages take turns. The
time to read the bytes of a file without looking at them is the bound. With `--cold` the system is
asked to forget each file before it is read (Linux), so that the disk's own speed counts.

See `benchmarks/README.md` for how to run it.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from common import print_environment, print_table, report_progress

from skw2v import WordVectors
from skw2v.io import read_word_vectors, write_word_vectors

PACKAGES = ["skw2v", "gensim", "numpy"]
FILES = {
    "text": "vectors.txt",
    "text, gzip": "vectors.txt.gz",
    "binary": "vectors.bin",
    "safetensors": "vectors.safetensors",
    "npz": "vectors.npz",
}
BLOCK_BYTES = 1 << 20


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--words", type=int, default=200_000, help="words in a file")
    parser.add_argument("--dimension", type=int, default=100, help="numbers in a vector")
    parser.add_argument("--repeats", type=int, default=3, help="timings, for the median")
    parser.add_argument("--formats", nargs="+", choices=FILES, default=list(FILES))
    parser.add_argument("--folder", type=Path, help="where to write its files")
    parser.add_argument("--cold", action="store_true", help="make the system forget each file")
    parser.add_argument("--peers", nargs="*", choices=["gensim"], default=["gensim"])
    arguments = parser.parse_args()
    print_environment(PACKAGES)
    word_vectors = make_word_vectors(arguments.words, arguments.dimension)
    rows = []
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        for name in arguments.formats:
            report_progress(name)
            rows.append(measure(name, Path(folder, FILES[name]), word_vectors, arguments))
    print_table(
        f"{arguments.words:,} words of {arguments.dimension} dimensions",
        ["format", "MB", "write s", "gensim s", "ratio", "read s", "gensim s", "ratio", "bytes s"],
        rows,
    )


def make_word_vectors(n_words: int, dimension: int) -> WordVectors:
    """Return random vectors of words that are about as long as real ones."""
    generator = np.random.default_rng(0)
    vectors = generator.standard_normal((n_words, dimension), np.float32)
    return WordVectors([f"word{number}" for number in range(n_words)], vectors)


def measure(
    name: str, path: Path, word_vectors: WordVectors, arguments: argparse.Namespace
) -> list[str]:
    """Return the row of a format."""
    is_binary = name == "binary"
    write: dict[str, Callable[[], Any]] = {"skw2v": lambda: write_word_vectors(word_vectors, path)}
    read: dict[str, Callable[[], Any]] = {
        "skw2v": lambda: read_word_vectors(path),
        "bytes": lambda: read_bytes(path),
    }
    if arguments.peers and path.suffix not in (".safetensors", ".npz"):
        from gensim.models import KeyedVectors

        from skw2v.io import to_gensim

        keyed_vectors = to_gensim(word_vectors)
        # Written before skw2v writes the same path, which is then read by both.
        write = {
            "gensim": lambda: keyed_vectors.save_word2vec_format(str(path), binary=is_binary),
            **write,
        }
        read["gensim"] = lambda: KeyedVectors.load_word2vec_format(str(path), binary=is_binary)
    writing = median_times(write, arguments.repeats)
    forget = path if arguments.cold else None
    reading = median_times(read, arguments.repeats, forget)
    return [
        name,
        f"{path.stat().st_size / 1e6:.0f}",
        *compared(writing),
        *compared(reading),
        f"{reading['bytes']:.2f}",
    ]


def compared(times: dict[str, float]) -> list[str]:
    """Return our time, gensim's, and how many times as fast we are."""
    if "gensim" not in times:
        return [f"{times['skw2v']:.2f}", "", ""]
    return [
        f"{times['skw2v']:.2f}",
        f"{times['gensim']:.2f}",
        f"{times['gensim'] / times['skw2v']:.1f}",
    ]


def median_times(
    tasks: dict[str, Callable[[], Any]], repeats: int, forget: Path | None = None
) -> dict[str, float]:
    """Return the median seconds of each task; the tasks take turns."""
    times: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(repeats):
        for name, task in tasks.items():
            if forget is not None:
                descriptor = os.open(forget, os.O_RDONLY)
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
                os.close(descriptor)
            start = time.perf_counter()
            task()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def read_bytes(path: Path) -> None:
    """Read a file without looking at it."""
    with path.open("rb", buffering=0) as file:
        while file.read(BLOCK_BYTES):
            pass


if __name__ == "__main__":
    main()
