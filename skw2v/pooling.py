"""Document vectors from word vectors.

A document vector is the mean of the vectors of the document's known words, a word that occurs
twice counting twice. With ``c[i, w]`` the number of times that word w occurs in document i and
``v[w]`` the vector of w::

    x[i] = sum_w c[i, w] v[w] / sum_w c[i, w]

A document without known words has the zero vector. As one sparse matrix product this never
depends on the other documents in the batch.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array


def mean_pooling(token_counts: csr_array, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average the vectors of the known words of each document.

    Parameters
    ----------
    token_counts : csr_array of shape (n_documents, n_words)
        How often each word occurs in each document (see `skw2v.corpus.count_tokens`).
    vectors : ndarray of shape (n_words, dimension), dtype float32
        One vector per word. C-contiguous, or it is copied at each call.

    Returns
    -------
    document_vectors : ndarray of shape (n_documents, dimension), dtype float32
        The mean vectors; zeros for documents without known words.

    Examples
    --------
    >>> import numpy as np
    >>> from skw2v.corpus import count_tokens
    >>> from skw2v.pooling import mean_pooling
    >>> vectors = np.array([[1, 0], [0, 4]], dtype=np.float32)
    >>> token_counts = count_tokens([["a", "b", "a", "b"], ["a"], []], {"a": 0, "b": 1})
    >>> mean_pooling(token_counts, vectors)
    array([[0.5, 2. ],
           [1. , 0. ],
           [0. , 0. ]], dtype=float32)
    """
    document_vectors = np.asarray(token_counts @ vectors, dtype=np.float32)
    n_known_tokens = token_counts.sum(axis=1)
    # The sum over no words is zero already, and stays so divided by one.
    document_vectors /= np.maximum(n_known_tokens, 1)[:, np.newaxis]
    return document_vectors
