"""
Starting from vectors that others have learned
==============================================

A few hundred short documents are too few to learn words from. If there is more text of a kind,
though of another origin, learn from that first, and go on with the few. Here the other text are the
docstrings of scipy, and the few are first lines of scikit-learn's.
"""

# %%
# Few documents, and many others
# ------------------------------

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skw2v import Word2VecVectorizer
from skw2v.datasets import load_docstrings

docstrings = load_docstrings(packages=("sklearn",))
names = np.array(docstrings.subpackage_names)[docstrings.subpackage]
fields = ["cluster", "decomposition", "ensemble", "linear_model", "metrics", "preprocessing"]
first_lines = [text.splitlines()[0] for text in docstrings.data]
is_long_enough = np.array([len(line.split()) >= 4 for line in first_lines])
chosen = np.flatnonzero(is_long_enough & np.isin(names, [f"sklearn.{field}" for field in fields]))
few = np.random.default_rng(0).choice(chosen, size=400, replace=False)
documents = np.array([first_lines[number] for number in few], dtype=object)
labels = names[few]

others, _ = load_docstrings(packages=("scipy",), return_X_y=True)
n_words, n_other_words = (sum(len(text.split()) for text in texts) for texts in (documents, others))
print(f"{len(documents)} documents of {n_words} words, and {len(others)} others of {n_other_words}")

# %%
# Learn from the others, once
# ---------------------------

settings = {"window": 10, "min_count": 1, "random_state": 0}
pretrained = Word2VecVectorizer(**settings, epochs=10, n_jobs=2).fit(others).word_vectors_

# %%
# Three ways
# ----------
#
# From nothing; from the pretrained vectors, trained further; and from the pretrained vectors,
# frozen, so that only words that they do not know are learned. ``init`` takes a
# :class:`~skw2v.WordVectors`, and just as well a file of vectors from elsewhere.

ways = {
    "from nothing": {},
    "pretrained, trained further": {"init": pretrained},
    "pretrained and frozen": {"init": pretrained, "freeze": "init"},
}
folds = StratifiedKFold(5, shuffle=True, random_state=0)
scores = {}
for way, options in ways.items():
    model = make_pipeline(
        Word2VecVectorizer(**settings, **options, epochs=20),
        StandardScaler(),
        LogisticRegression(C=0.1, max_iter=1000),
    )
    scores[way] = cross_val_score(model, documents, labels, cv=folds, n_jobs=2)
    print(f"{way:>28}: accuracy {scores[way].mean():.3f} +- {scores[way].std():.3f}")

# %%

fig, ax = plt.subplots(figsize=(7, 2.6), layout="constrained")
for row, values in enumerate(scores.values()):
    ax.barh(row, values.mean(), height=0.55, color=f"C{row}", alpha=0.5)
    ax.plot(values, np.full(5, row), "o", color=f"C{row}", markersize=5)
ax.set_yticks(range(len(scores)), scores)
ax.invert_yaxis()
ax.set(xlabel="Accuracy (bar: mean of 5 folds, dots: the folds)", xlim=(0, 1))
ax.spines[["top", "right"]].set_visible(False)
plt.show()
