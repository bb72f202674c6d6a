"""
Loss, validation and when to stop
=================================

How long should one train? The loss of the training documents says little: more epochs nearly always
make it smaller. What counts is how well the vectors predict documents that were held out. That is
what early stopping watches, and it keeps the vectors of the best epoch.
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
    vectorizer = Word2VecVectorizer(vector_size=size, epochs=8, n_jobs=2, random_state=0)
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
# for more than ``n_iter_no_change`` epochs. Here that is as many as there are epochs, to see the
# whole curve. The display draws the scores on an axis of their own and marks the best.

settings = {"early_stopping": True, "n_jobs": 2, "random_state": 0}
fits = {
    epochs: Word2VecVectorizer(epochs=epochs, n_iter_no_change=epochs, **settings).fit(documents)
    for epochs in (2, 5, 10, 20)
}
LossCurveDisplay.from_estimator(fits[20])
plt.show()

# %%
# Plan the end
# ------------
#
# The learning rate falls in a straight line over all `epochs`. In the middle of a long run it is
# still large, and the vectors are restless; they settle at the end. So a long run is not a short
# one with something added, and the number of `epochs` itself is worth a search:

fig, ax = plt.subplots(figsize=(6.4, 4), layout="constrained")
for epochs, vectorizer in fits.items():
    scores = vectorizer.validation_scores_
    ax.plot(range(1, len(scores) + 1), scores, "o-", markersize=3, label=f"epochs={epochs}")
    print(
        f"epochs={epochs:2}: training loss {vectorizer.loss_curve_[-1]:.2f}, "
        f"best held-out score {vectorizer.best_validation_score_:.3f}"
    )
ax.set_xticks([1, 2, 5, 10, 15, 20])
ax.set(xlabel="Epoch", ylabel="Held-out score (nats per predicted word)")
ax.legend()
ax.grid(True, alpha=0.25)
plt.show()

# %%
# A held-out score measures how well words are predicted, and nothing else. Where there is a task
# with labels, search by its result instead, as :doc:`/auto_examples/plot_grid_search` does.
