"""
From a laptop to a cluster
==========================

A corpus in partitions is trained by the workers of a Dask cluster, here two on this machine. For a
cluster elsewhere, give the client its address; the rest stays as it is. Who does what, and when?

Needs the extra ``skw2v[dask]``.
"""

# %%
# Text files are partitions
# -------------------------
#
# The docstrings of installed packages in four files, a document on each line. A corpus that does
# not fit on one machine would lie where all workers can read it, in ``s3://bucket/corpus-*.txt.gz``
# for instance, or be a ``dask.bag`` or a column of a ``dask.dataframe``.

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
from dask.distributed import Client, LocalCluster, get_task_stream

from skw2v.dask import Word2VecVectorizer
from skw2v.datasets import load_docstrings

folder = tempfile.TemporaryDirectory()
documents = [" ".join(text.split()) for text in load_docstrings(packages=("numpy", "scipy")).data]
for number in range(4):
    path = Path(folder.name, f"corpus-{number}.txt")
    path.write_text("\n".join(documents[number::4]), encoding="utf-8")
corpus = str(Path(folder.name, "corpus-*.txt"))

# %%
# Fit on the workers, transform on the workers
# --------------------------------------------
#
# ``processes=False`` lets the workers be threads of this process. Leave it out in a program of your
# own, which then has to start the cluster below ``if __name__ == "__main__":``, as worker processes
# import it.
#
# What `transform` returns is computed when it is asked for, partition by partition.

cluster = LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0")
client = Client(cluster)
with get_task_stream(client) as stream:
    vectorizer = Word2VecVectorizer(epochs=2, random_state=0).fit(corpus)
X = vectorizer.transform(corpus)
print("blocks:", X.numblocks, "mean of a feature:", round(float(X[:, 0].mean().compute()), 3))

# %%
# Who did what
# ------------
#
# Each task has a name, under which the dashboard shows it; `get_task_stream` has noted them. First
# the files are split and their words counted, then numbered. Then the rounds begin: each partition
# is trained for a while from the vectors that all share, and what it has learned is merged. The
# gaps are Dask's and the client's. They are as long for a large corpus, whose tasks take seconds: a
# cluster is for those.

tasks = [
    (task["worker"], task["key"].split("-")[1], span["start"], span["stop"])
    for task in stream.data
    for span in task["startstops"]
    if task["key"].startswith("skw2v-") and span["action"] == "compute"
]
workers = sorted({worker for worker, *_ in tasks})
first = min(start for *_, start, _ in tasks)
colours = {"split": "C0", "encode": "C1", "train": "C2", "merge": "C3"}

figure, ax = plt.subplots(figsize=(8, 2.6), layout="constrained")
for name, colour in colours.items():
    for row, worker in enumerate(workers):
        spans = [
            (start - first, stop - start)
            for by, of, start, stop in tasks
            if (by, of) == (worker, name)
        ]
        ax.broken_barh(spans, (row - 0.35, 0.7), color=colour, label=name if row == 0 else None)
ax.set(
    xlabel="seconds",
    yticks=range(len(workers)),
    yticklabels=[f"worker {row}" for row in range(len(workers))],
    title="Tasks of a fit in four partitions",
)
_ = figure.legend(loc="outside right center", frameon=False)

# %%
# What was learned needs no cluster
# ---------------------------------
#
# It is an estimator like any other, and works where Dask is not installed.

client.close()
cluster.close()
folder.cleanup()
local = vectorizer.to_local()
for word in ("array", "matrix", "distribution"):
    nearest = local.word_vectors_.most_similar(word, topn=4)
    print(f"{word}: {', '.join(str(other) for other, _ in nearest)}")
print(local, local.transform(["the eigenvalues of a sparse matrix"]).shape)
