"""What `memory` saves in a grid search without labels, over the docstrings of installed packages.

A grid of 12 settings, `window` x `negative`, with three folds: 36 fits and 36 scores. Without
`memory` each of them splits its texts into words. Processor time is reported, which other work on
the machine does not stretch::

    python benchmarks/search.py --epochs 1 --vector-size 50
"""

from __future__ import annotations

import argparse
import tempfile
import time

from sklearn.model_selection import GridSearchCV, KFold

from skw2v import Word2VecVectorizer
from skw2v.datasets import load_docstrings

GRID = {"window": [2, 5, 8], "negative": [2, 5, 10, 15]}


def search(documents: list[str], memory: str | None, epochs: int, vector_size: int) -> None:
    """Run the grid search and print what it took."""
    model = Word2VecVectorizer(
        epochs=epochs, vector_size=vector_size, random_state=0, memory=memory
    )
    folds = KFold(3, shuffle=True, random_state=0)
    started, seconds = time.process_time(), time.perf_counter()
    found = GridSearchCV(model, GRID, cv=folds, refit=False).fit(documents)
    print(
        f"memory={'a folder' if memory else 'None'}: "
        f"{time.process_time() - started:.1f} s of the processor, "
        f"{time.perf_counter() - seconds:.1f} s by the clock; "
        f"best score {found.best_score_:.4f} with {found.best_params_}",
        flush=True,
    )


def main() -> None:
    """Search without and with a cache."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--vector-size", type=int, default=50)
    arguments = parser.parse_args()
    documents = list(load_docstrings().data)
    Word2VecVectorizer(epochs=1).fit(documents[:300])  # compiles, or loads what was compiled
    search(documents, None, arguments.epochs, arguments.vector_size)
    with tempfile.TemporaryDirectory() as folder:
        search(documents, folder, arguments.epochs, arguments.vector_size)


if __name__ == "__main__":
    main()
