"""
A corpus larger than memory
===========================

Training reads a corpus several times, but neither its text nor its numbers have to be in memory.
:class:`~skw2v.TextFiles` reads documents from text files, line by line, and ``temp_folder`` keeps
the encoded corpus in a memory-mapped file. The vectors are the same, bit for bit. What is saved?
"""

# %%
# A corpus in files
# -----------------
#
# The docstrings of numpy, scipy and scikit-learn, a document on each line, in compressed files.
# They are written several times over, because one such corpus would be too small to see.

import gzip
import tempfile
import threading
import time
import tracemalloc
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np

from skw2v import TextFiles, Word2VecVectorizer
from skw2v.datasets import load_docstrings

folder = tempfile.TemporaryDirectory()
lines = [" ".join(text.split()) for text in load_docstrings().data]
paths = [Path(folder.name) / f"part-{number}.txt.gz" for number in range(4)]
for path in paths:
    with gzip.open(path, "wt", encoding="utf-8", compresslevel=1) as file:
        file.writelines(f"{line}\n" for line in lines)

n_characters = len(paths) * sum(map(len, lines))
n_bytes = sum(path.stat().st_size for path in paths)
print(f"{n_characters / 1e6:.0f} MB of text, {n_bytes / 1e6:.0f} MB in {len(paths)} files")

# %%
# Memory, while it is trained
# ---------------------------
#
# ``tracemalloc`` counts what Python and NumPy allocate; a thread notes it twenty times a second.
# Memory-mapped files are not counted: the operating system keeps their pages while there is room,
# and drops them when there is none.


@contextmanager
def watch_memory():
    """Note the memory in use, in megabytes, until the context ends, and its peak."""
    curve = SimpleNamespace(seconds=[], megabytes=[], peak=None)
    is_over = threading.Event()

    def note():
        start = time.perf_counter()
        while not is_over.wait(0.05):
            curve.seconds.append(time.perf_counter() - start)
            curve.megabytes.append(tracemalloc.get_traced_memory()[0] / 1e6)

    tracemalloc.start()
    watcher = threading.Thread(target=note)
    watcher.start()
    yield curve
    is_over.set()
    watcher.join()
    curve.peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()


settings = {"vector_size": 50, "min_count": 20, "epochs": 2, "n_jobs": 2, "random_state": 0}
corpus = TextFiles(paths)
Word2VecVectorizer(**settings).fit(lines[:100])  # compiles, which takes memory, too

curves, fits = {}, {}
with watch_memory() as curves["text and numbers in memory"]:
    documents = list(corpus)
    fits["memory"] = Word2VecVectorizer(**settings).fit(documents)
del documents
with watch_memory() as curves["text in files, numbers in memory"]:
    fits["text in files"] = Word2VecVectorizer(**settings).fit(corpus)
with watch_memory() as curves["text and numbers in files"]:
    vectorizer = Word2VecVectorizer(**settings, temp_folder=folder.name)
    fits["files"] = vectorizer.fit(corpus)

for name, curve in curves.items():
    print(f"{name:>33}: {curve.peak:4.0f} MB at most")

# %%

fig, ax = plt.subplots(figsize=(7.5, 4), layout="constrained")
for (name, curve), color in zip(curves.items(), ("C7", "C1", "C0"), strict=True):
    ax.plot(curve.seconds, curve.megabytes, color=color, label=name)
    ax.fill_between(curve.seconds, curve.megabytes, color=color, alpha=0.12)
ax.axhline(n_characters / 1e6, color="0.3", lw=1, ls=":")
ax.annotate(
    "the text alone", (1, n_characters / 1e6), (-4, 3), xycoords=("axes fraction", "data"),
    textcoords="offset points", ha="right", fontsize=9,
)  # fmt: skip
ax.set(xlabel="Seconds", ylabel="Memory of Python and NumPy (MB)", xlim=(0, None), ylim=(0, None))
ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.16), ncols=3, fontsize=8, frameon=False)
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# A list of texts takes as much memory as the texts. Where only the numbers are kept, memory grows
# by 4 bytes for each token that is read; where they go to a file, it does not grow with the corpus
# (the teeth are what waits to be written). What is left in training are the words that were
# counted, the two matrices, and the copies that threads train on. Watching each allocation slows
# the reading down, so these are no times to go by.

# %%
# The same vectors
# ----------------

vectors = [fitted.word_vectors_.vectors for fitted in fits.values()]
print(f"{vectorizer.n_tokens_} tokens, {len(vectorizer.word_vectors_)} words")
print("equal:", all(np.array_equal(vectors[0], others) for others in vectors[1:]))
folder.cleanup()
