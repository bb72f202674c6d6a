"""Document vectors from word vectors.

With ``c[i, w]`` the number of times that word w occurs in document i, ``v[w]`` its vector and
``n[i] = sum_w c[i, w]`` the number of known words in the document::

    mean:  x[i] = sum_w c[i, w] v[w] / n[i]
    sum:   x[i] = sum_w c[i, w] v[w]
    max:   x[i, j] = max over the words w of document i of v[w, j]
    min:   x[i, j] = min over the words w of document i of v[w, j]

Several poolings are concatenated: mean, max and min together are the power means of [1]_ for the
exponents 1 and plus and minus infinity. A document without known words has the zero vector.

**Weights.** A word may count by a weight ``a[w]`` that falls with its frequency: then ``v[w]`` is
replaced by ``a[w] v[w]`` in mean and sum. See `idf_weights`, `sif_weights` [2]_ and `usif_weights`
[3]_. With idf the mean is a weighted mean, divided by ``sum_w c[i, w] a[w]``; with SIF and uSIF it
is divided by n[i], as in the papers. The extremes max and min know no weights.

**Components.** What all documents have in common tells none of them apart. With ``s[1] >= s[2] >=
...`` the singular values of the matrix of the training documents' vectors, not centred, and
``u[k]`` its right singular vectors, removing K components means::

    x[i] - sum_{k <= K} f[k] (x[i] . u[k]) u[k]

with ``f[k] = 1`` [2]_, or under uSIF ``f[k] = s[k]^2 / sum_{l <= K} s[l]^2`` [3]_. Each of several
poolings has its own components.

All of this is learned from the training documents alone, and each row is computed by itself: the
vector of a document never depends, not even in its last bit, on the documents beside it.

References
----------
.. [1] Rücklé, Eger, Peyrard, Gurevych (2018). "Concatenated Power Mean Word Embeddings as Universal
   Cross-Lingual Sentence Representations". arXiv:1803.01400.
.. [2] Arora, Liang, Ma (2017). "A Simple but Tough-to-Beat Baseline for Sentence Embeddings".
   ICLR 2017.
.. [3] Ethayarajh (2018). "Unsupervised Random Walk Sentence Embeddings: A Strong but Simple
   Baseline". Workshop on Representation Learning for NLP, W18-3012.
"""

from __future__ import annotations

import warnings
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.preprocessing import normalize

from skw2v.corpus import EncodedCorpus, count_encoded_in_batches
from skw2v.corpus.partitions import PartitionedCorpus

# The constant of SIF: 1e-3 to 1e-4 do equally well in the paper.
SIF_CONSTANT = 1e-3

# Word vectors that are gathered at once for their maxima: they should stay in the cache.
_GATHERED_ROWS = 4096

_EXTREMES = {"max": np.maximum, "min": np.minimum}


class PooledDocuments(NamedTuple):
    """What pooling gives.

    Attributes
    ----------
    vectors : ndarray of shape (n_documents, n_features), dtype float32
        The document vectors.
    n_unknown : int
        The number of documents without a known word, whose vectors are zeros.
    """

    vectors: NDArray[np.float32]
    n_unknown: int


@dataclass(frozen=True, eq=False)
class Pooling:
    """How the vectors of its words become the vector of a document.

    Parameters
    ----------
    parts : tuple of {"mean", "sum", "max", "min"}, default=("mean",)
        What is computed and concatenated.
    weights : ndarray of shape (n_words,), dtype float32, default=None
        The weight of each word in mean and sum. None weighs all alike.
    divide_by_weights : bool, default=False
        Divide a mean by the weights of the document's words instead of by their number.
    components : ndarray of shape (n_parts, n_components, dimension), dtype float32, default=None
        For each part, orthogonal directions to be removed, each as long as the square root of the
        fraction that is removed.
    norm : {"l1", "l2", "max"}, default=None
        Scale each document vector to this norm.

    Examples
    --------
    >>> import numpy as np
    >>> from skw2v.corpus import count_tokens
    >>> from skw2v.pooling import Pooling
    >>> vectors = np.array([[1, 0], [0, 4]], dtype=np.float32)
    >>> token_counts = count_tokens([["a", "b", "a", "b"], ["a"], []], {"a": 0, "b": 1})
    >>> Pooling().apply([token_counts], vectors).vectors
    array([[0.5, 2. ],
           [1. , 0. ],
           [0. , 0. ]], dtype=float32)
    >>> Pooling(("sum", "max")).apply([token_counts], vectors).vectors
    array([[2., 8., 1., 4.],
           [1., 0., 1., 0.],
           [0., 0., 0., 0.]], dtype=float32)
    """

    parts: tuple[str, ...] = ("mean",)
    weights: NDArray[np.float32] | None = None
    divide_by_weights: bool = False
    components: NDArray[np.float32] | None = None
    norm: str | None = None

    def n_features(self, dimension: int) -> int:
        """Return the number of features that word vectors of a dimension give.

        Parameters
        ----------
        dimension : int
            Dimension of the word vectors.

        Returns
        -------
        n_features : int
            Dimension of the document vectors.

        Examples
        --------
        >>> from skw2v.pooling import Pooling
        >>> Pooling(("mean", "max", "min")).n_features(100)
        300
        """
        return dimension * len(self.parts)

    def apply(
        self, token_counts: Iterable[csr_array], vectors: NDArray[np.float32]
    ) -> PooledDocuments:
        """Compute document vectors, a batch of documents at a time.

        Parameters
        ----------
        token_counts : iterable of csr_array of shape (n_documents_of_batch, n_words)
            How often each word occurs in each document, in canonical format (see
            `skw2v.corpus.count_tokens_in_batches`).
        vectors : ndarray of shape (n_words, dimension), dtype float32
            One vector per word. C-contiguous, or it is copied for each batch.

        Returns
        -------
        pooled : PooledDocuments
            The vectors of the documents of all batches, and how many have no known word.

        Examples
        --------
        >>> import numpy as np
        >>> from skw2v.corpus import count_tokens
        >>> from skw2v.pooling import Pooling
        >>> token_counts = count_tokens([["a", "a", "b"], ["c"]], {"a": 0, "b": 1})
        >>> pooled = Pooling(("sum",)).apply([token_counts], np.eye(2, dtype=np.float32))
        >>> pooled.vectors, pooled.n_unknown
        (array([[2., 1.],
               [0., 0.]], dtype=float32), 1)
        """
        # An array of the standard library grows in place: there is never a second copy.
        rows = array("f")
        n_unknown = 0
        for batch in token_counts:
            n_unknown += batch.shape[0] - int(np.count_nonzero(np.diff(batch.indptr)))
            rows.frombytes(self._pool(batch, vectors).reshape(-1).view(np.uint8).data)
        n_features = self.n_features(vectors.shape[1])
        return PooledDocuments(np.asarray(rows).reshape(-1, n_features), n_unknown)

    def _pool(self, token_counts: csr_array, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the vectors of the documents of one batch."""
        parts = self._pool_parts(token_counts, vectors)
        if self.components is not None:
            for part, components in zip(parts, self.components, strict=True):
                _remove_components(part, components)
        document_vectors = parts[0] if len(parts) == 1 else np.hstack(parts)
        if self.norm is not None and len(document_vectors):
            document_vectors = normalize(document_vectors, self.norm, copy=False)
        return document_vectors

    def _pool_parts(
        self, token_counts: csr_array, vectors: NDArray[np.float32]
    ) -> list[NDArray[np.float32]]:
        """Return the vectors of each part, before components are removed."""
        parts = []
        for part in self.parts:
            if part in _EXTREMES:
                parts.append(_extremes(_EXTREMES[part], token_counts, vectors))
                continue
            weighted = token_counts
            if self.weights is not None:
                weights = self.weights[token_counts.indices] * token_counts.data
                weighted = csr_array(
                    (weights, token_counts.indices, token_counts.indptr), shape=token_counts.shape
                )
            sums = np.asarray(weighted @ vectors, dtype=np.float32)
            if part == "mean":
                divisors = (weighted if self.divide_by_weights else token_counts).sum(axis=1)
                # The sum over no words is zero already, and stays so divided by one.
                sums /= np.where(divisors, divisors, 1)[:, np.newaxis]
            parts.append(sums)
        return parts


def learn_pooling(
    corpus: EncodedCorpus | PartitionedCorpus,
    word_counts: NDArray[np.int64],
    vectors: NDArray[np.float32],
    *,
    parts: tuple[str, ...] = ("mean",),
    weighting: str | None = None,
    remove_components: int = 0,
    norm: str | None = None,
) -> Pooling:
    """Learn from documents what it takes to pool.

    Parameters
    ----------
    corpus : EncodedCorpus or PartitionedCorpus
        The documents. Read once for idf weights and once for components, if these are asked for.
    word_counts : ndarray of shape (n_words,), dtype int64
        How often each word occurs in the corpus.
    vectors : ndarray of shape (n_words, dimension), dtype float32
        The word vectors.
    parts : tuple of {"mean", "sum", "max", "min"}, default=("mean",)
        See `Pooling`.
    weighting : {"idf", "sif", "usif"}, default=None
        The weights of the words.
    remove_components : int, default=0
        How many principal components of the document vectors to remove, less than `dimension`.
    norm : {"l1", "l2", "max"}, default=None
        See `Pooling`.

    Returns
    -------
    pooling : Pooling
        Ready to be applied to any documents.

    Examples
    --------
    >>> import numpy as np
    >>> from skw2v.corpus import encode_documents
    >>> from skw2v.pooling import learn_pooling
    >>> corpus, vocabulary = encode_documents([["a", "b"], ["a"], ["a", "a"]], min_count=1)
    >>> vectors = np.eye(2, dtype=np.float32)
    >>> pooling = learn_pooling(corpus, vocabulary.counts, vectors, weighting="idf")
    >>> pooling.weights
    array([1.       , 1.6931472], dtype=float32)
    """
    weights = _word_weights(weighting, corpus, word_counts)
    pooling = Pooling(parts, weights, divide_by_weights=weighting == "idf", norm=norm)
    if not remove_components:
        return pooling
    components = _principal_components(
        corpus, vectors, pooling, remove_components, scaled=weighting == "usif"
    )
    return replace(pooling, components=components)


def idf_weights(document_frequencies: NDArray[np.int64], n_documents: int) -> NDArray[np.float64]:
    """Compute inverse document frequencies, smoothed as scikit-learn does.

    ``a[w] = log((1 + n_documents) / (1 + df[w])) + 1``

    Parameters
    ----------
    document_frequencies : ndarray of shape (n_words,), dtype int64
        How many documents contain each word.
    n_documents : int
        How many documents there are.

    Returns
    -------
    weights : ndarray of shape (n_words,), dtype float64
        At least 1, the larger the rarer the word: the `idf_` of
        :class:`~sklearn.feature_extraction.text.TfidfTransformer`.

    Examples
    --------
    >>> import numpy as np
    >>> from skw2v.pooling import idf_weights
    >>> idf_weights(np.array([9, 1]), n_documents=9).round(3)
    array([1.   , 2.609])
    """
    return np.log((1 + n_documents) / (1 + document_frequencies)) + 1


def sif_weights(word_counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Compute the weights of smooth inverse frequency, SIF.

    ``a[w] = a / (a + p[w])`` with ``a = 1e-3`` and ``p[w]`` the share of w in all words: Arora et
    al. (2017), equation (3) and algorithm 1.

    Parameters
    ----------
    word_counts : ndarray of shape (n_words,), dtype int64
        How often each word occurs.

    Returns
    -------
    weights : ndarray of shape (n_words,), dtype float64
        Above 0 and at most 1.

    Examples
    --------
    >>> import numpy as np
    >>> from skw2v.pooling import sif_weights
    >>> sif_weights(np.array([999, 1])).round(3)
    array([0.001, 0.5  ])
    """
    return SIF_CONSTANT / (SIF_CONSTANT + word_counts / word_counts.sum())


def usif_weights(word_counts: NDArray[np.int64], mean_length: float) -> NDArray[np.float64]:
    """Compute the weights of unsupervised smooth inverse frequency, uSIF.

    With n the mean length of a document, V the number of words and p[w] the share of w in all
    words, a word is common if its share is above the probability that a document of n words, drawn
    evenly from all, contains it::

        threshold = 1 - (1 - 1 / V)^n
        alpha = (number of words with p[w] > threshold) / V
        a = (1 - alpha) / (alpha V / 2)
        a[w] = a / (a / 2 + p[w])

    Ethayarajh (2018). Where no word is common, a is infinite and all weights are 2. The
    authors' program also divides each dimension by its norm within the document; the paper does
    not, nor does this.

    Parameters
    ----------
    word_counts : ndarray of shape (n_words,), dtype int64
        How often each word occurs.
    mean_length : float
        Mean number of known words of the documents that have one, at least 1.

    Returns
    -------
    weights : ndarray of shape (n_words,), dtype float64
        Above 0 and at most 2.

    Examples
    --------
    >>> import numpy as np
    >>> from skw2v.pooling import usif_weights
    >>> usif_weights(np.array([96, 2, 1, 1]), mean_length=2).round(3)
    array([0.877, 1.948, 1.974, 1.974])
    """
    n_words = len(word_counts)
    probabilities = word_counts / word_counts.sum()
    # With documents of one word it is 1 / V exactly: equally frequent words are not common.
    threshold = max(1 - (1 - 1 / n_words) ** mean_length, 1 / n_words)
    alpha = np.count_nonzero(probabilities > threshold) / n_words
    inverse = alpha * n_words / 2 / (1 - alpha)  # 1 / a, which may be zero
    return 1 / (0.5 + probabilities * inverse)


def _sum_over(
    corpus: EncodedCorpus | PartitionedCorpus, function: Callable[..., Any], *arguments: Any
) -> Any:
    """Return what a function says of all documents."""
    if isinstance(corpus, PartitionedCorpus):
        return corpus.sum_over_partitions(function, *arguments)
    return function(corpus, *arguments)


def _document_frequencies(corpus: EncodedCorpus, n_words: int) -> NDArray[np.int64]:
    """Return how many documents contain each word."""
    frequencies = np.zeros(n_words, np.int64)
    for token_counts in count_encoded_in_batches(corpus, n_words):
        frequencies += np.bincount(token_counts.indices, minlength=n_words)
    return frequencies


def _count_nonempty(corpus: EncodedCorpus) -> int:
    """Return how many documents have a word."""
    return int(np.count_nonzero(np.diff(corpus.offsets)))


def _outer_products(
    corpus: EncodedCorpus, vectors: NDArray[np.float32], pooling: Pooling
) -> NDArray[np.float64]:
    """Return the sum of the outer products of the document vectors, for each part."""
    dimension = vectors.shape[1]
    products = np.zeros((len(pooling.parts), dimension, dimension))
    for token_counts in count_encoded_in_batches(corpus, len(vectors)):
        for product, part in zip(products, pooling._pool_parts(token_counts, vectors), strict=True):
            wide = part.astype(np.float64)
            product += wide.T @ wide
    return products


def _word_weights(
    weighting: str | None, corpus: EncodedCorpus | PartitionedCorpus, word_counts: NDArray[np.int64]
) -> NDArray[np.float32] | None:
    """Return the weight of each word, or None for equal weights."""
    if weighting is None:
        return None
    if weighting == "idf":
        frequencies = _sum_over(corpus, _document_frequencies, len(word_counts))
        weights = idf_weights(frequencies, corpus.n_documents)
    elif weighting == "sif":
        weights = sif_weights(word_counts)
    else:
        n_nonempty = int(_sum_over(corpus, _count_nonempty))
        weights = usif_weights(word_counts, corpus.n_tokens / n_nonempty)
    return weights.astype(np.float32)


def _extremes(
    choose: np.ufunc, token_counts: csr_array, vectors: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the largest or smallest numbers of the vectors of each document's words.

    Documents with equally many distinct words are stacked and reduced at once, word by word.
    """
    lengths = np.diff(token_counts.indptr)
    extremes = np.zeros((len(lengths), vectors.shape[1]), dtype=np.float32)
    by_length = np.argsort(lengths, kind="stable")
    first = np.count_nonzero(lengths == 0)
    while first < len(by_length):
        length = lengths[by_length[first]]
        last = np.searchsorted(lengths, length, side="right", sorter=by_length)
        last = min(last, first + max(1, _GATHERED_ROWS // length))
        documents = by_length[first:last]
        words = token_counts.indices[
            token_counts.indptr[documents] + np.arange(length)[:, np.newaxis]
        ]
        extremes[documents] = choose.reduce(vectors[words], axis=0)
        first = last
    return extremes


def _principal_components(
    corpus: EncodedCorpus | PartitionedCorpus,
    vectors: NDArray[np.float32],
    pooling: Pooling,
    n_components: int,
    *,
    scaled: bool,
) -> NDArray[np.float32]:
    """Return the first right singular vectors of each part of the vectors of the documents.

    They are the eigenvectors of the sum of the outer products of the document vectors, which needs
    one batch of them at a time.
    """
    dimension = vectors.shape[1]
    products = _sum_over(corpus, _outer_products, vectors, pooling)
    squares, directions = np.linalg.eigh(products)
    squares = squares[:, : -n_components - 1 : -1]  # the largest first
    components = directions[:, :, : -n_components - 1 : -1].transpose(0, 2, 1)
    # Fewer documents than components: what is left are arbitrary directions, no components.
    exists = squares > dimension * np.finfo(np.float32).eps ** 2 * squares[:, :1]
    n_missing = int(np.count_nonzero(~exists))
    if n_missing:
        warnings.warn(
            f"remove_components={n_components}, but the vectors of the {corpus.n_documents} "
            f"documents span fewer dimensions: {n_missing} of {exists.size} components do not "
            "exist and are not removed.",
            UserWarning,
            stacklevel=2,
        )
    fractions = np.where(exists, 1.0, 0.0)
    if scaled:
        totals = np.sum(squares * fractions, axis=1, keepdims=True)
        fractions *= squares / np.where(totals, totals, 1)
    return (np.sqrt(fractions)[:, :, np.newaxis] * components).astype(np.float32)


def _remove_components(
    document_vectors: NDArray[np.float32], components: NDArray[np.float32]
) -> None:
    """Subtract from each vector its projection on each component, in place."""
    for component in components:
        # No matrix product, which may round a row differently beside other rows.
        projections = np.sum(document_vectors * component, axis=1, keepdims=True)
        document_vectors -= projections * component
