"""Search for files that a reader does not withstand, guided by which lines of it they reach.

    python tests/fuzz/fuzz_readers.py --seconds 3600 --folder FOLDER

A reader may return word vectors, or raise a ValueError that names the file. Everything else is a
finding: another exception, an empty or infinite result, seconds of time or many megabytes for a
file of some kilobytes. Findings are kept in the folder as files, and the exit code is 1.

The atheris library (pip install atheris) instruments the readers and makes the files; what reaches
new lines is kept in `corpus`, where the next run begins. Without it, `--simple` changes valid files
blindly.
Not part of the test suite, which has a short search of its own.
"""

from __future__ import annotations

import argparse
import gzip
import os
import random
import struct
import sys
import tempfile
import time
import tracemalloc
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

# Of the processor: other programs may keep it from us for long.
MAX_SECONDS = 5.0
MAX_SECONDS_PASSED = 900
MAX_MEGABYTES = 20.0
MAX_BYTES = 1 << 14

OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"limit": 1},
    {"words": ["a", "b"]},
    {"dimension": 2},
    {"format": "glove"},
    {"format": "word2vec"},
    {"format": "word2vec_binary", "dimension": 2},
    {"format": "npz"},
    {"format": "safetensors", "memory_map": True},
    {"dtype": "float16", "errors": "ignore"},
)


def valid_files(folder: Path) -> list[bytes]:
    """Return a small file of each kind."""
    from skw2v import Word2VecVectorizer, WordVectors
    from skw2v.io import write_word_vectors

    word_vectors = WordVectors(["a", "b", "ü c"], np.eye(3, 2, dtype=np.float32), counts=[3, 2, 1])
    others = WordVectors([1, (2, "x")], np.eye(2, 2))
    path = folder / "valid"
    contents = []
    for format in ("word2vec", "glove", "safetensors", "npz"):
        write_word_vectors(word_vectors, path, format=format)
        contents.append(path.read_bytes())
    for format in ("safetensors", "npz"):
        write_word_vectors(others, path, format=format, metadata={"k": "v"})
        contents.append(path.read_bytes())
    write_word_vectors(word_vectors.select(["a", "b"]), path, format="word2vec_binary")
    contents.append(path.read_bytes())
    Word2VecVectorizer.from_word_vectors(word_vectors, vocabulary={"a": 0}).save(path)
    contents.append(path.read_bytes())
    contents += [gzip.compress(contents[0], mtime=0), b"a " + struct.pack("<2f", 1, 2) + b"\n"]
    path.unlink()
    return contents


def check(content: bytes, path: Path, outcomes: Counter[str], *, measure_memory: bool) -> None:
    """Read a file in every way, and raise if one of them is not as it should be."""
    from skw2v import Word2VecVectorizer, WordVectors
    from skw2v.io import read_metadata, read_word_vectors

    path.write_bytes(content)
    tasks = [lambda options=options: read_word_vectors(path, **options) for options in OPTIONS]
    tasks += [lambda: read_metadata(path), lambda: Word2VecVectorizer.load(path)]
    for task in tasks:
        before = tracemalloc.get_traced_memory()[0] if measure_memory else 0
        if measure_memory:
            tracemalloc.reset_peak()
        start = time.process_time()
        try:
            result = task()
        except ValueError as error:
            outcomes["ValueError"] += 1
            if str(path) not in str(error):
                raise AssertionError("the error does not name the file") from error
        else:
            outcomes[type(result).__name__] += 1
            word_vectors = getattr(result, "word_vectors_", result)
            if isinstance(word_vectors, WordVectors):
                vectors = word_vectors.vectors
                if not (len(vectors) and np.isfinite(vectors).all()):
                    raise AssertionError("vectors that no WordVectors may have")
        seconds = time.process_time() - start
        if seconds > MAX_SECONDS:
            raise AssertionError(f"{seconds:.1f} seconds")
        megabytes = (tracemalloc.get_traced_memory()[1] - before) / 1e6 if measure_memory else 0.0
        if megabytes > MAX_MEGABYTES:
            raise AssertionError(f"{megabytes:.0f} megabytes")


def change(content: bytes, generator: random.Random) -> bytes:
    """Change, remove, repeat or insert a few bytes of a file."""
    pieces = [b" ", b"\n", b"\0", b"\xff", b"9" * 19, b"-1", b"nan", b"1e999", b"{", b"[", b'"']
    changed = bytearray(content)
    for _ in range(generator.randint(1, 4)):
        start = generator.randint(0, len(changed))
        stop = start + generator.choice([0, 0, 1, 1, 2, 4, 8, 64])
        kind = generator.randrange(4)
        if kind == 0:
            changed[start:stop] = generator.randbytes(generator.randint(0, 4))
        elif kind == 1:
            changed[start:stop] = generator.choice(pieces)
        elif kind == 2:
            changed[start:start] = changed[start:stop] * generator.randint(1, 50)
        else:
            changed[start:stop] = generator.choice(
                [struct.pack("<q", number) for number in (-1, 0, 1, 2**31, 2**62)]
            )
    return bytes(changed[:MAX_BYTES])


def search_blindly(arguments: argparse.Namespace, folder: Path, outcomes: Counter[str]) -> int:
    """Change valid files until the time is over; return the number of findings."""
    tracemalloc.start()
    generator = random.Random(arguments.seed)
    files = valid_files(folder)
    n_findings = n_files = 0
    end = time.monotonic() + arguments.seconds
    while time.monotonic() < end:
        content = change(generator.choice(files), generator)
        n_files += 1
        try:
            check(content, folder / "input", outcomes, measure_memory=True)
        except Exception as error:
            n_findings += 1
            kept = folder / f"finding-{n_findings}"
            kept.write_bytes(content)
            print(f"{kept}: {type(error).__name__}: {error}", file=sys.stderr)
    print(f"{n_files} files, {n_findings} findings; outcomes: {dict(outcomes)}")
    return n_findings


def search_by_coverage(arguments: argparse.Namespace, folder: Path, outcomes: Counter[str]) -> None:
    """Let atheris search; it ends the process, with an error at the first finding."""
    import atheris

    with atheris.instrument_imports(include=["skw2v.io", "skw2v._saving"]):
        import skw2v._saving
        import skw2v.io  # noqa: F401
    corpus = folder / "corpus"
    corpus.mkdir(exist_ok=True)
    for number, content in enumerate(valid_files(folder)):
        (corpus / f"valid-{number}").write_bytes(content)
    path = folder / f"input-{os.getpid()}"

    def test(data: bytes) -> None:
        check(data, path, outcomes, measure_memory=False)

    settings = [
        f"-max_total_time={arguments.seconds}",
        f"-max_len={MAX_BYTES}",
        f"-seed={arguments.seed}",
        f"-timeout={MAX_SECONDS_PASSED}",
        "-rss_limit_mb=2048",
        "-malloc_limit_mb=512",
        "-print_final_stats=1",
        f"-report_slow_units={MAX_SECONDS_PASSED}",
        f"-artifact_prefix={folder}/finding-",
        str(corpus),
    ]
    atheris.Setup([sys.argv[0], *settings], test)
    atheris.Fuzz()


def main() -> None:
    """Search, and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where to keep files and findings")
    parser.add_argument("--simple", action="store_true", help="do without atheris")
    arguments = parser.parse_args()
    # What a reader says of a file that can be read all the same is no finding.
    warnings.simplefilter("ignore", UserWarning)
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="skw2v-fuzz-"))
    folder.mkdir(parents=True, exist_ok=True)
    outcomes: Counter[str] = Counter()
    if arguments.simple:
        sys.exit(search_blindly(arguments, folder, outcomes) > 0)
    search_by_coverage(arguments, folder, outcomes)


if __name__ == "__main__":
    main()
