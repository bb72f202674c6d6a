"""
From word vectors to document vectors: pooling compared
=======================================================

A document has many words and one vector. :class:`~skw2v.Word2VecVectorizer` makes it of its words'
vectors: by default their mean. Words may weigh unequally, the extremes of each dimension may stand
beside the mean, and what all documents have in common may be removed. This example trains word
vectors once and compares what can be made of them, at two tasks: to classify documents with a
linear model, and to find similar ones.

Runs offline, in less than a minute.
"""

# %%
# Word vectors, trained once
# --------------------------
#
# The documents are the docstrings of numpy, scipy and scikit-learn, the labels their sub-packages.
# The word vectors do not depend on the pooling, so one `fit` is enough.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skw2v import Word2VecVectorizer
from skw2v.datasets import load_docstrings

docstrings = load_docstrings()
enough = np.bincount(docstrings.subpackage)[docstrings.subpackage] >= 50
documents = np.array(docstrings.data, dtype=object)[enough]
labels = np.array(docstrings.subpackage_names)[docstrings.subpackage[enough]]
train_documents, test_documents, train_labels, test_labels = train_test_split(
    documents, labels, test_size=0.25, stratify=labels, random_state=0
)

vectorizer = Word2VecVectorizer(window=10, random_state=0).fit(train_documents)

# %%
# Ways to pool
# ------------
#
# `idf` and `sif` let frequent words count less; SIF and uSIF come with the removal of components
# that the documents share. The last ones concatenate the mean with the largest and the smallest
# number of each dimension, and so have three times the features.

POOLINGS = {
    "mean": {},
    "mean, idf": {"weighting": "idf"},
    "mean, sif": {"weighting": "sif"},
    "mean, sif, -1": {"weighting": "sif", "remove_components": 1},
    "mean, usif, -5": {"weighting": "usif", "remove_components": 5},
    "max": {"pooling": "max"},
    "mean + max + min": {"pooling": ("mean", "max", "min")},
    "mean + max + min, idf": {"pooling": ("mean", "max", "min"), "weighting": "idf"},
}
DEFAULTS = {"pooling": "mean", "weighting": None, "remove_components": 0}

# %%
# Two tasks
# ---------
#
# **Classification**: a linear model learns the sub-package from the vectors. **Similarity**: is the
# training document whose vector has the largest cosine similarity from the same sub-package? Here
# nothing is learned that could make up for a poor vector.
#
# `fit_pooling` learns the weights and components of each way from the training documents, and
# leaves the word vectors as they are.

classifier = make_pipeline(StandardScaler(), RidgeClassifier(alpha=10))
nearest = KNeighborsClassifier(n_neighbors=1, metric="cosine")

print(f"{'pooling':>22}  features  classification  similarity")
scores = {}
for name, parameters in POOLINGS.items():
    vectorizer.set_params(**{**DEFAULTS, **parameters}).fit_pooling(train_documents)
    X_train, X_test = vectorizer.transform(train_documents), vectorizer.transform(test_documents)
    scores[name] = [
        model.fit(X_train, train_labels).score(X_test, test_labels)
        for model in (classifier, nearest)
    ]
    print(f"{name:>22}  {X_train.shape[1]:8}  {scores[name][0]:14.3f}  {scores[name][1]:10.3f}")

# %%
# What helps where
# ----------------
#
# The dotted line is the plain mean. A linear model makes use of more features: mean, maximum and
# minimum together tell it more than the mean. Nearest documents are another matter, as nothing says
# which features to trust: extremes disturb, while weights, or the removal of what all documents
# share, help a little. The maximum alone is the poorest at both.

figure, axes = plt.subplots(1, 2, sharey=True, figsize=(9, 4), layout="constrained")
places = np.arange(len(scores))[::-1]
tasks = ["Classification\n(linear model)", "Similarity\n(nearest document)"]
for axis, task, values in zip(axes, tasks, np.transpose(list(scores.values())), strict=True):
    colors = np.where(values == values.max(), "C1", "C0")
    axis.axvline(values[0], color="0.5", linewidth=1, linestyle=":")
    axis.hlines(places, values[0], values, color=colors, linewidth=3, alpha=0.4)
    axis.scatter(values, places, color=colors, s=50, zorder=3)
    for place, value in zip(places, values, strict=True):
        side = 9 if value >= values[0] else -9
        axis.annotate(
            f"{value:.3f}", (value, place), (side, 0), textcoords="offset points", va="center",
            ha="left" if side > 0 else "right", fontsize=9,
        )  # fmt: skip
    axis.set(title=task, xlabel="Accuracy")
    axis.margins(x=0.25)
    axis.spines[["top", "right"]].set_visible(False)
axes[0].set_yticks(places, list(scores))
plt.show()
