"""
From a laptop to a cluster
==========================

A corpus in partitions is trained on a cluster of Dask, here one of two worker processes on this
machine. For a cluster elsewhere, give the client its address; the rest stays as it is.

Runs offline. Needs the extra ``skw2v[dask]``.
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

from dask.distributed import Client, LocalCluster

from skw2v.dask import Word2VecVectorizer
from skw2v.datasets import load_docstrings


def write_files(folder, n_files=4):
    """Write documents to text files; return the name that stands for all of them."""
    documents = [" ".join(document.split()) for document in load_docstrings().data]
    for number in range(n_files):
        path = Path(folder, f"corpus-{number}.txt")
        path.write_text("\n".join(documents[number::n_files]), encoding="utf-8")
    return str(Path(folder, "corpus-*.txt"))


# %%
# Fit on the workers, transform on the workers
# --------------------------------------------
#
# The dashboard shows each task under its name: ``skw2v-split``, ``skw2v-train``, ``skw2v-merge``.
# What `transform` returns is computed when it is asked for, partition by partition. What was
# learned is an estimator like any other, and needs neither the cluster nor Dask.


def main():
    """Train, transform and look at what was learned."""
    with (
        tempfile.TemporaryDirectory() as folder,
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        corpus = write_files(folder)
        print("dashboard:", client.dashboard_link)
        vectorizer = Word2VecVectorizer(epochs=3, verbose=1, random_state=0).fit(corpus)
        X = vectorizer.transform(corpus)
        print("blocks:", X.numblocks, "mean of a feature:", X[:, 0].mean().compute())

    for word in ("array", "estimator", "plot"):
        nearest = vectorizer.word_vectors_.most_similar(word, topn=4)
        print(f"{word}: {', '.join(str(other) for other, _ in nearest)}")
    local = vectorizer.to_local()
    print(local, local.transform(["the eigenvalues of a sparse matrix"]).shape)


if __name__ == "__main__":  # worker processes import this file
    main()
