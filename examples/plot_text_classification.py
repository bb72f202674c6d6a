"""
Text classification in a pipeline
=================================

Which sub-package of scikit-learn does a docstring come from? :class:`~skw2v.Word2VecVectorizer`
stands in the pipeline where a :class:`~sklearn.feature_extraction.text.TfidfVectorizer` would
stand. It learns word vectors from the training documents and hands the mean of each document's
words to the classifier. Then both are put side by side, and together.
"""

# %%
# Documents and labels
# --------------------
#
# The docstrings of scikit-learn, labelled by sub-package. Sub-packages with fewer than forty
# docstrings are left out.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import Normalizer

from skw2v import Word2VecVectorizer
from skw2v.datasets import load_docstrings

docstrings = load_docstrings(packages=("sklearn",))
names = np.array(docstrings.subpackage_names)[docstrings.subpackage]
counts = np.bincount(docstrings.subpackage)[docstrings.subpackage]
chosen = (counts >= 40) & (names != "sklearn") & (names != "sklearn.utils")
documents = np.array(docstrings.data, dtype=object)[chosen]
labels = np.array([name.removeprefix("sklearn.") for name in names[chosen]])

X_train, X_test, y_train, y_test = train_test_split(
    documents, labels, test_size=0.3, stratify=labels, random_state=0
)
print(f"{len(X_train)} documents to learn from, {len(X_test)} to test, {len(set(labels))} labels")

# %%
# The pipeline
# ------------
#
# The corpus is small, so it is read twenty times. The window is wide, because topics matter here
# rather than grammar. Mean vectors have small entries; a large `C` lets the classifier use them.

embedding = Word2VecVectorizer(window=10, epochs=20, min_count=2, n_jobs=2, random_state=0)
model = make_pipeline(embedding, LogisticRegression(C=30, max_iter=1000))
model.fit(X_train, y_train)
print(f"accuracy: {model.score(X_test, y_test):.3f}")

# %%
# Which labels are mixed up
# -------------------------
#
# Each row shows where the docstrings of one sub-package went. What is confused is related.

fig, ax = plt.subplots(figsize=(7.5, 6), layout="constrained")
ConfusionMatrixDisplay.from_estimator(
    model,
    X_test,
    y_test,
    normalize="true",
    include_values=False,
    xticks_rotation="vertical",
    cmap="Blues",
    ax=ax,
)
ax.set(xlabel="Predicted sub-package", ylabel="True sub-package")
plt.show()

# %%
# Beside TF-IDF
# -------------
#
# Counts of words are a strong representation for the topics of long documents, and mean vectors
# need not beat them. The two know different things, so a union can be better than either: one
# knows the very words, the other which words are alike. The word vectors are scaled to the length
# of TF-IDF's rows, which is 1.

representations = {
    "word vectors": embedding,
    "TF-IDF": TfidfVectorizer(sublinear_tf=True),
    "both": make_union(TfidfVectorizer(sublinear_tf=True), make_pipeline(embedding, Normalizer())),
}
accuracies = {
    name: make_pipeline(representation, LogisticRegression(C=30, max_iter=1000))
    .fit(X_train, y_train)
    .score(X_test, y_test)
    for name, representation in representations.items()
}
for name, accuracy in accuracies.items():
    print(f"{name:>12}: {accuracy:.3f}")

# %%

fig, ax = plt.subplots(figsize=(6, 2.2), layout="constrained")
bars = ax.barh(list(accuracies), accuracies.values(), color=["C0", "C7", "C2"], height=0.6)
ax.bar_label(bars, fmt="%.3f", padding=4)
ax.set(xlabel="Accuracy on the test documents", xlim=(0, 1))
ax.invert_yaxis()
ax.spines[["top", "right"]].set_visible(False)
plt.show()
