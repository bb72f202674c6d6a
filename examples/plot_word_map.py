"""
A map of the words of scientific Python
=======================================

Words that are used alike get vectors that point alike. After training on the docstrings of numpy,
scipy and scikit-learn, a projection to two dimensions shows which words the documentation of
scientific Python uses alike.
"""

# %%
# Train
# -----
#
# Thousands of docstrings, all on this machine already.

import matplotlib.pyplot as plt
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS
from sklearn.manifold import TSNE

from skw2v import Word2VecVectorizer
from skw2v.datasets import load_docstrings
from skw2v.plotting import WordMapDisplay

documents = load_docstrings().data
vectorizer = Word2VecVectorizer(window=10, epochs=10, n_jobs=2, random_state=0).fit(documents)
word_vectors = vectorizer.word_vectors_
print(f"{len(documents)} documents, {vectorizer.n_tokens_} tokens, {len(word_vectors)} words")

# %%
# Words of six fields
# -------------------
#
# The words are chosen by hand, and so are their groups, which decide the colours and nothing else.
# The places come from the vectors: the first two principal components of the words shown.

fields = {
    "linear algebra": "matrix eigenvalues cholesky lu qr svd symmetric triangular hermitian "
    "inverse determinant norm",
    "probability": "distribution density pdf cdf quantile variance skewness gamma poisson normal",
    "signals": "fourier filter fft frequency sampling butterworth spectrum window periodogram",
    "trees": "tree trees forest boosting leaf split depth nodes",
    "optimisation": "minimize gradient hessian jacobian constraints convergence simplex objective "
    "bounds solver",
    "clustering": "cluster clusters kmeans centroid linkage dendrogram dbscan",
}
groups = {
    field: [word for word in words.split() if word in word_vectors]
    for field, words in fields.items()
}
display = WordMapDisplay.from_estimator(vectorizer, words=groups)
display.ax_.set_title("Words of scientific Python, by the docstrings they stand in")
plt.show()

# %%
# What a projection hides
# -----------------------
#
# Two of a hundred dimensions show a small part of the variance; the names of the axes say how much.
# The full vectors know more:

for word in ("kmeans", "cholesky", "butterworth"):
    nearest = ", ".join(str(near) for near, _ in word_vectors.most_similar(word, topn=4))
    print(f"{word:>12}: {nearest}")

# %%
# The most frequent words, by another projector
# ---------------------------------------------
#
# Any transformer with two outputs will do. t-SNE keeps neighbours together and gives up the
# distances between groups. Common English words are left out, to see those of the field.

frequent = [word for word in word_vectors if word not in ENGLISH_STOP_WORDS][:150]
tsne = TSNE(perplexity=12, init="pca", random_state=0)
fig, ax = plt.subplots(figsize=(10, 8), layout="constrained")
WordMapDisplay.from_word_vectors(
    word_vectors, words=frequent, projector=tsne, ax=ax, text_kwargs={"fontsize": 8}
)
ax.set_title("The 150 most frequent words")
plt.show()
