"""
Few labels, many documents
==========================

Labels cost work, documents do not. Word vectors are learned from *all* documents, with labels or
without, so that a classifier that sees a word for the first time knows which words it resembles.
The shorter the texts and the fewer the labels, the more this helps. How much, and when plain
TF-IDF catches up?
"""

# %%
# Short texts, few labels
# -----------------------
#
# The task: given the first line of a docstring alone, tell the sub-package of scipy or
# scikit-learn. Such lines are short; two of them rarely share a telling word. The unlabelled
# documents: the whole docstrings.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer

from skw2v import Word2VecVectorizer
from skw2v.datasets import load_docstrings

docstrings = load_docstrings(packages=("scipy", "sklearn"))
names = np.array(docstrings.subpackage_names)[docstrings.subpackage]
first_lines = np.array([text.splitlines()[0] for text in docstrings.data], dtype=object)
n_documents = np.bincount(docstrings.subpackage)[docstrings.subpackage]
n_words = np.array([sum(map(str.isalpha, line.split())) for line in first_lines])
chosen = (n_documents >= 90) & (n_words >= 4) & ~np.isin(names, ["sklearn", "sklearn.utils"])
lines, labels = first_lines[chosen], names[chosen]
print(f"{len(lines)} lines, {len(set(labels))} labels; {np.median(n_words[chosen]):.0f} words each")

# %%
# Three representations
# ---------------------
#
# All three are fitted on all documents, so that each may learn from them what it can: TF-IDF the
# frequencies of words; latent semantic analysis, which is TF-IDF and a truncated SVD, which words
# stand in the same documents; word2vec, which words stand near the same words. The dense ones have
# 100 features each.

representations = {
    "word2vec": Word2VecVectorizer(
        window=15, epochs=10, min_count=2, weighting="idf", norm="l2", n_jobs=2, random_state=0
    ),
    "TF-IDF + SVD": make_pipeline(
        TfidfVectorizer(sublinear_tf=True, min_df=2),
        TruncatedSVD(100, random_state=0),
        Normalizer(),
    ),
    "TF-IDF": TfidfVectorizer(sublinear_tf=True, min_df=2),
}
features = {
    name: representation.fit(docstrings.data).transform(lines)
    for name, representation in representations.items()
}

# %%
# From one label per class to forty
# ---------------------------------
#
# For each number of labels, three random choices of who gets one. All other lines are the test. The
# classifier is the same for all representations.

rng = np.random.default_rng(0)
orders = [rng.permutation(len(labels)) for _ in range(3)]
n_labels = [1, 2, 5, 10, 20, 40]


def choose(order, n):
    """Return the first n documents of each class, and all others."""
    train = np.concatenate([order[labels[order] == label][:n] for label in np.unique(labels)])
    return train, np.setdiff1d(order, train)


accuracy = {name: np.zeros((len(n_labels), len(orders))) for name in features}
for row, n in enumerate(n_labels):
    for column, order in enumerate(orders):
        train, test = choose(order, n)
        for name, X in features.items():
            classifier = LogisticRegression(C=10, max_iter=200).fit(X[train], labels[train])
            accuracy[name][row, column] = classifier.score(X[test], labels[test])

print("labels per class  " + "  ".join(f"{name:>12}" for name in features))
for row, n in enumerate(n_labels):
    means = "  ".join(f"{accuracy[name][row].mean():12.3f}" for name in features)
    print(f"{n:16}  {means}")

# %%

fig, ax = plt.subplots(figsize=(7, 4.2), layout="constrained")
for number, (name, values) in enumerate(accuracy.items()):
    color = ("C0", "C2", "C7")[number]
    ax.plot(n_labels, values.mean(axis=1), "o-", color=color, label=name)
    ax.fill_between(n_labels, values.min(axis=1), values.max(axis=1), color=color, alpha=0.15)
ax.set_xscale("log")
ax.set_xticks(n_labels, n_labels)
ax.minorticks_off()
ax.set(xlabel="Labels per class", ylabel="Accuracy (mean and range of 3 choices)")
ax.legend()
ax.grid(True, alpha=0.25)
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# The gap narrows as labels become many. Long texts are another matter, as they share words enough:
# :doc:`/auto_examples/plot_text_classification` compares whole docstrings. Measure on your own
# documents before you choose.
