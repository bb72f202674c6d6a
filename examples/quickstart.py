"""
From documents to a classifier in one pipeline
==============================================

Which part of numpy, scipy or scikit-learn does a docstring belong to? A pipeline of two steps
learns it: :class:`~skw2v.Word2VecVectorizer` turns each docstring into a vector, the mean of word
vectors that it learns from the same docstrings, and a linear classifier does the rest. A grid
search chooses the window and the number of noise words.

Runs offline, in one or two minutes on two cores.
"""

# %%
# The documents: docstrings of installed packages
# -----------------------------------------------
#
# Nothing is downloaded: the docstrings are read from the source files on this machine. Their labels
# are the sub-packages. Those with few docstrings are left out.

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import classification_report
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import Pipeline

from skw2v import Word2VecVectorizer
from skw2v.datasets import load_docstrings

docstrings = load_docstrings()
enough = np.bincount(docstrings.subpackage)[docstrings.subpackage] >= 50
documents = np.array(docstrings.data, dtype=object)[enough]
labels = np.array(docstrings.subpackage_names)[docstrings.subpackage[enough]]
print(f"{len(documents)} docstrings from {len(set(labels))} sub-packages")

train_documents, test_documents, train_labels, test_labels = train_test_split(
    documents, labels, test_size=0.25, stratify=labels, random_state=0
)

# %%
# The pipeline and its grid
# -------------------------
#
# A small corpus wants more than the five epochs of the default. Mean vectors have small entries, so
# the classifier wants less regularisation than its default.

pipeline = Pipeline(
    [
        ("word2vec", Word2VecVectorizer(epochs=10, random_state=0)),
        ("classifier", LogisticRegression(C=10, max_iter=1000)),
    ]
)
grid = {"word2vec__window": [2, 5, 15], "word2vec__negative": [2, 5]}
search = GridSearchCV(pipeline, grid, cv=3, n_jobs=2)
search.fit(train_documents, train_labels)

print("\nwindow  negative  accuracy (mean of 3 folds)")
results = search.cv_results_
for parameters, score in zip(results["params"], results["mean_test_score"], strict=True):
    window, negative = parameters["word2vec__window"], parameters["word2vec__negative"]
    print(f"{window:6}  {negative:8}  {score:.3f}")

# %%
# On documents that nobody has seen
# ---------------------------------
#
# Scores vary with the versions of the packages, as their docstrings do.

print(f"\nBest: {search.best_params_}\n")
print(classification_report(test_labels, search.predict(test_documents), digits=2))

# %%
# What the words mean here
# ------------------------
#
# The word vectors behind the classifier know which words belong together in these documents.

word_vectors = search.best_estimator_["word2vec"].word_vectors_
print("Nearest words")
for term in ["matrix", "kernel", "regression", "probability", "fourier", "tree"]:
    nearest = ", ".join(word for word, _ in word_vectors.most_similar(term, topn=5))
    print(f"{term:>12}: {nearest}")
