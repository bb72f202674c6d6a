"""Word2Vec as a scikit-learn estimator.

Documents go in, word vectors and document vectors come out, in a pipeline like any other
vectorizer. Importing the package is light: the compiled training code is loaded at the first fit.
"""

from skw2v import datasets, io, plotting
from skw2v.corpus.files import TextFiles
from skw2v.vectorizer import Word2VecVectorizer
from skw2v.word_vectors import WordVectors

__version__ = "0.1.0.dev0"

__all__ = ["TextFiles", "Word2VecVectorizer", "WordVectors", "datasets", "io", "plotting"]
