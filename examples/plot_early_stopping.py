"""
Loss, validation and early stopping
===================================

How long should one train? The loss of the training documents nearly always falls. What counts is
how well the vectors predict documents that were held out: early stopping watches that, and keeps
the vectors of the best epoch.
"""

# %%
# The loss
# --------
#
# The docstrings of scikit-learn, a small corpus. ``loss_curve_`` holds the mean negative
# log-likelihood of each epoch; :class:`~skw2v.plotting.LossCurveDisplay` draws it.

import matplotlib.pyplot as plt

from skw2v import Word2VecVectorizer
from skw2v.datasets import load_docstrings
from skw2v.plotting import LossCurveDisplay

documents, _ = load_docstrings(packages=("sklearn",), return_X_y=True)

fig, ax = plt.subplots(figsize=(6.4, 4), layout="constrained")
for size in (10, 50, 200):
    vectorizer = Word2VecVectorizer(vector_size=size, epochs=10, n_jobs=2, random_state=0)
    vectorizer.fit(documents)
    LossCurveDisplay.from_estimator(vectorizer, name=f"vector_size={size}", ax=ax)
ax.set_title("Larger vectors fit the training documents better")
plt.show()

# %%
# Documents that were held out
# ----------------------------
#
# ``early_stopping=True`` holds out a tenth of the documents. After each epoch they are scored by
# the mean log-likelihood of their words, and training ends when the score has not become better
# for more than ``n_iter_no_change`` epochs.

vectorizer = Word2VecVectorizer(
    vector_size=100,
    epochs=30,
    early_stopping=True,
    n_iter_no_change=3,
    n_jobs=2,
    random_state=0,
)
vectorizer.fit(documents)
best = max(range(vectorizer.n_epochs_), key=vectorizer.validation_scores_.__getitem__) + 1
print(f"trained {vectorizer.n_epochs_} of {vectorizer.epochs} epochs, the best one was {best}")

LossCurveDisplay.from_estimator(vectorizer, name="training loss")
plt.show()

# %%
# The vectors of the best epoch are the result. Whether they are also best for what one wants to do
# with them is another question: a held-out score measures how well words are predicted, and nothing
# else. Where there is a task with labels, search by its result instead, as
# :doc:`/auto_examples/plot_grid_search` does.
