"""
What each parameter gains and costs
===================================

One parameter is varied at a time, around the defaults, and each time two things are measured: how
well documents can be told apart by their vectors, and the processor time of the training. Put your
own documents and labels in place of these to see what matters for them.
"""

# %%
# A task
# ------
#
# Which sub-package of scikit-learn does a docstring belong to? The word vectors are learned from
# all documents, without labels. The measure is the accuracy of a linear classifier of the document
# vectors, by cross-validation.

import time

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skw2v import Word2VecVectorizer
from skw2v.datasets import load_docstrings

docstrings = load_docstrings(packages=("sklearn",))
enough = np.bincount(docstrings.subpackage)[docstrings.subpackage] >= 40
documents = np.array(docstrings.data, dtype=object)[enough]
labels = docstrings.subpackage[enough]
folds = RepeatedStratifiedKFold(n_splits=5, n_repeats=2, random_state=0)


def measure(parameters):
    """Return the accuracy in each fold, and the processor seconds of the training."""
    start = time.process_time()
    X = Word2VecVectorizer(**parameters, n_jobs=2, random_state=0).fit_transform(documents)
    seconds = time.process_time() - start
    classifier = make_pipeline(StandardScaler(), RidgeClassifier(alpha=10))
    return cross_val_score(classifier, X, labels, cv=folds), seconds


measure({"epochs": 1})  # the first fit of a process loads the compiled code
default_accuracies, default_seconds = measure({})
print(f"{len(documents)} documents, {len(set(labels))} labels")
print(f"defaults: accuracy {default_accuracies.mean():.3f}")

# %%
# One at a time
# -------------

grid = {
    "window": [2, 5, 10, 20],
    "epochs": [2, 5, 10, 20],
    "vector_size": [25, 50, 100, 200],
    "negative": [2, 5, 15],
    "sample": [1e-4, 1e-3, 1e-2],
    "min_count": [1, 2, 5, 10],
}
defaults = Word2VecVectorizer().get_params()
results = {
    (name, value): (default_accuracies, default_seconds)
    if value == defaults[name]
    else measure({name: value})
    for name, values in grid.items()
    for value in values
}

# %%
# The curves
# ----------
#
# The bars are the standard deviation over the folds, and the dotted lines the defaults. Under each
# value stands the time, as a multiple of that of the defaults.

fig, axes = plt.subplots(2, 3, figsize=(9.6, 5.6), sharey=True, layout="constrained")
for (name, values), ax in zip(grid.items(), axes.flat, strict=True):
    accuracies = np.array([results[name, value][0] for value in values])
    costs = [results[name, value][1] / default_seconds for value in values]
    places = np.arange(len(values))
    ax.errorbar(places, accuracies.mean(axis=1), accuracies.std(axis=1), fmt="o-", capsize=3)
    ax.axhline(default_accuracies.mean(), color="0.6", linewidth=1, linestyle=":")
    ax.axvline(values.index(defaults[name]), color="0.6", linewidth=1, linestyle=":")
    ticks = [f"{value:g}\n{cost:.1f} x" for value, cost in zip(values, costs, strict=True)]
    ax.set_xticks(places, ticks)
    ax.set_title(name, family="monospace", fontsize=10)
    ax.spines[["top", "right"]].set_visible(False)
for ax in axes[:, 0]:
    ax.set_ylabel("Accuracy")
plt.show()

# %%
# This is a small corpus and a task about topics: more `epochs` and a wider `window` pay here.
# Words that can replace each other would ask for a narrow window, and a large corpus needs fewer
# epochs. What is smaller than the bars may be chance.
