"""
A grid over window and negative
===============================

`window` and `negative` shape the vectors more than most parameters. What suits depends on the
documents and on what the vectors are for, so let the task decide: here a classifier of docstrings,
scored by cross-validation. A heat map shows the grid.
"""

# %%
# The task
# --------
#
# Which part of scipy does a docstring describe?

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from skw2v import Word2VecVectorizer
from skw2v.datasets import load_docstrings

docstrings = load_docstrings(packages=("scipy",))
enough = np.bincount(docstrings.subpackage)[docstrings.subpackage] >= 100
documents = np.array(docstrings.data, dtype=object)[enough]
labels = np.array(docstrings.subpackage_names)[docstrings.subpackage[enough]]
print(f"{len(documents)} documents, {len(set(labels))} labels")

# %%
# The search
# ----------
#
# Names of parameters within a pipeline are written ``step__parameter``. The grid has twelve
# settings, each trained on three folds; ``n_jobs=2`` runs two of these fits at a time.

pipeline = Pipeline(
    [
        ("word2vec", Word2VecVectorizer(vector_size=50, random_state=0)),
        ("scale", StandardScaler()),
        ("classifier", LogisticRegression(C=0.1, max_iter=1000)),
    ]
)
grid = {"word2vec__window": [2, 5, 10, 20], "word2vec__negative": [2, 5, 15]}
folds = StratifiedKFold(3, shuffle=True, random_state=0)
search = GridSearchCV(pipeline, grid, cv=folds, n_jobs=2).fit(documents, labels)
print(f"best: {search.best_params_}, accuracy {search.best_score_:.3f}")

# %%
# The picture
# -----------
#
# ``cv_results_`` holds the settings in the order of the sorted names of the parameters: `negative`
# varies slowest, so its values are the rows. Compare the differences with the spread over the
# folds: what is smaller means little.

accuracy = search.cv_results_["mean_test_score"].reshape(3, 4)
spread = search.cv_results_["std_test_score"].mean()
print(f"standard deviation over the folds, mean of all settings: {spread:.3f}")

fig, ax = plt.subplots(figsize=(6, 3.6), layout="constrained")
image = ax.imshow(accuracy, cmap="viridis", aspect="auto", origin="lower")
middle = (accuracy.min() + accuracy.max()) / 2
for (row, column), value in np.ndenumerate(accuracy):
    color = "white" if value < middle else "black"
    ax.text(column, row, f"{value:.3f}", ha="center", va="center", color=color)
ax.set_xticks(range(4), grid["word2vec__window"])
ax.set_yticks(range(3), grid["word2vec__negative"])
ax.set(xlabel="window", ylabel="negative")
fig.colorbar(image, label="Accuracy (mean of 3 folds)")
plt.show()

# %%
# What is best for these documents and this task need not be best for others. Documents of one topic
# share words from end to end, so wide windows help to tell topics apart; narrow windows bring
# together words that can stand in each other's place.
