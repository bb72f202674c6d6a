"""Run the benchmarks of speed and memory, one after another, and print all their tables.

The quality of the vectors takes hours and has programs of its own: see `benchmarks/README.md`. Each
program is run with its own defaults but for the length of the text.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from common import report_progress


def main() -> None:
    """Run the programs; go on after one that fails, and say so at the end."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("corpus", type=Path, help="text, a document a line, tokens between spaces")
    parser.add_argument("--limit-tokens", type=int, default=4_000_000, metavar="N")
    parser.add_argument("--output", type=Path, help="draw growth, too, into this folder")
    options = parser.parse_args()
    limited = [str(options.corpus), "--limit-tokens", str(options.limit_tokens)]
    programs = [
        ["speed.py", *limited],
        ["scaling.py", *limited],
        ["fit.py", *limited],
        ["transform.py", *limited],
        ["start.py"],
        ["queries.py"],
        ["files.py"],
    ]
    if options.output is not None:
        programs.append(["growth.py", str(options.corpus), "--output", str(options.output)])
    failed = []
    for name, *arguments in programs:
        report_progress(f"{name} {' '.join(arguments)}")
        print(f"\n## {name}\n", flush=True)
        command = [sys.executable, str(Path(__file__).with_name(name)), *arguments]
        if subprocess.run(command, check=False).returncode:
            failed.append(name)
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
