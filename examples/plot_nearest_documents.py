"""
Nearest documents
=================

Document vectors are dense and short, so finding like documents is a matter of scikit-learn's
:class:`~sklearn.neighbors.NearestNeighbors`. A question need not share a word with its answer: it
is enough that their words are used alike.
"""

# %%
# An index of documents
# ---------------------
#
# The docstrings of scipy and scikit-learn. The pipeline ends in an index instead of a classifier:
# :class:`~skw2v.Word2VecVectorizer` makes the vectors, and their angles are compared. Weights that
# fall with a word's frequency, and the removal of what all documents have in common, suit comparing
# (:doc:`/user_guide/pooling`).

import matplotlib.pyplot as plt
import numpy as np
from sklearn.manifold import TSNE
from sklearn.neighbors import NearestNeighbors

from skw2v import Word2VecVectorizer
from skw2v.datasets import load_docstrings

docstrings = load_docstrings(packages=("scipy", "sklearn"))
vectorizer = Word2VecVectorizer(
    window=10, epochs=10, weighting="sif", remove_components=1, n_jobs=2, random_state=0
)
X = vectorizer.fit_transform(docstrings.data)
index = NearestNeighbors(n_neighbors=5, metric="cosine").fit(X)
print(f"{X.shape[0]} documents, {X.shape[1]} features each")

# %%
# Ask
# ---
#
# A question is a document like any other. Unknown words in it are ignored.

questions = [
    "draw random numbers from a bell curve",
    "find clusters of similar points",
    "remove noise from a time series",
    "solve a system of equations with many zeros",
]
distances, neighbours = index.kneighbors(vectorizer.transform(questions))
for question, row_distances, row in zip(questions, distances, neighbours, strict=True):
    print(f"\n{question}")
    for distance, number in zip(row_distances, row, strict=True):
        print(f"  {1 - distance:.2f}  {docstrings.names[number]}")

# %%
# Not all of them are good. A short question is the mean of a few words, and a word has one vector
# for all of its senses: the curve of a bell is not that of a classifier.

# %%
# How good are the neighbours?
# ----------------------------
#
# For each document, is its nearest neighbour from the same sub-package? Chance would find it in the
# share of the last line.

_, nearest = index.kneighbors(X, n_neighbors=2)
subpackage = docstrings.subpackage
agreement = np.mean(subpackage[nearest[:, 1]] == subpackage)
shares = np.bincount(subpackage) / len(subpackage)
print(f"nearest neighbour from the same sub-package: {agreement:.2f}")
print(f"a document picked by chance:                 {np.sum(shares**2):.2f}")

# %%
# A picture of the neighbourhood
# ------------------------------
#
# Documents of some sub-packages, laid out by t-SNE of the cosine distances, and where the
# neighbours of the four questions lie.

chosen = ["scipy.stats", "scipy.signal", "scipy.sparse", "scipy.optimize", "scipy.spatial"]
chosen += ["sklearn.cluster", "sklearn.linear_model", "sklearn.metrics", "sklearn.ensemble"]
labels = np.array(docstrings.subpackage_names)[subpackage]
shown = np.flatnonzero(np.isin(labels, chosen) | np.isin(np.arange(len(X)), neighbours))
places = TSNE(metric="cosine", init="random", max_iter=500, random_state=0).fit_transform(X[shown])

fig, ax = plt.subplots(figsize=(10, 6), layout="constrained")
for number, name in enumerate(chosen):
    members = labels[shown] == name
    ax.scatter(*places[members].T, s=6, color=f"C{number}", alpha=0.6, linewidths=0)
    ax.scatter([], [], s=30, color=f"C{number}", linewidths=0, label=name)
for question, row, marker in zip(questions, neighbours, "^sDo", strict=True):
    found = places[np.isin(shown, row)]
    ax.scatter(
        *found.T, s=60, marker=marker, color="none", edgecolors="black", label=f'"{question}"'
    )
ax.set(xticks=[], yticks=[])
ax.spines[:].set_visible(False)
fig.legend(loc="outside right center", fontsize=8, markerscale=1.1)
plt.show()
