"""
From a laptop to a cluster
==========================

A corpus in partitions is trained on a cluster of Dask, here one of two worker processes on this
machine. For a cluster elsewhere, give the client its address; the rest stays as it is.

Runs offline, in about a minute on two cores. Needs the extra ``skw2v[dask]``.
"""

# %%
# Documents in partitions
# -----------------------
#
# The docstrings of installed packages, as a ``dask.bag`` of four partitions. A corpus that does not
# fit on one machine would come from ``dask.bag.read_text`` or ``dask.dataframe.read_parquet``.

import dask.bag
from dask.distributed import Client, LocalCluster

from skw2v.dask import Word2VecVectorizer
from skw2v.datasets import load_docstrings

if __name__ == "__main__":  # worker processes import this file
    documents = dask.bag.from_sequence(load_docstrings().data, npartitions=4)

    # The tasks can be watched on the dashboard of the cluster.

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        print(f"dashboard: {client.dashboard_link}")
        vectorizer = Word2VecVectorizer(epochs=10, random_state=0, verbose=1).fit(documents)

        # Lazy, partition by partition.
        X = vectorizer.transform(documents)
        print(X)
        print("mean vector of all documents:", X.mean(axis=0).compute()[:3], "...")

    # What was learned is an estimator like any other.

    for word in ("array", "estimator", "plot"):
        nearest = vectorizer.word_vectors_.most_similar(word, topn=4)
        print(f"{word}: {', '.join(str(other) for other, _ in nearest)}")
    print(vectorizer.to_local().transform(["the eigenvalues of a sparse matrix"]).shape)
