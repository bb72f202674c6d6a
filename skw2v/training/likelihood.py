"""How probable words are beside others, by trained vectors.

For a hidden vector h, the vector of a context word or the mean (or sum) of several, every objective
gives each word of the vocabulary a probability, and all of them sum to one:

- *softmax*: ``p(w | h)`` is in proportion to ``exp(u_w . h)`` ([1]_, equation 2);
- *hierarchical softmax*: the product of ``sigmoid(u . h)`` or ``sigmoid(-u . h)`` over the nodes of
  the word's path ([1]_, section 3.1);
- *negative sampling*: ``p(w | h)`` is in proportion to ``q(w) exp(u_w . h)`` with q the noise
  distribution. Training pulls ``u_w . h`` towards ``log(p(w | h) / (k q(w)))`` for k noise words
  ([2]_, section 3.1, with equation 7), and what is solved for p does not depend on k. As noise
  words do not count where they are the predicted word, the odds p / (1 - p) stand for p: the same
  unless a word is nearly certain. Words that did not occur in training count as if they had
  occurred once.

These are probabilities in the text that was trained on, where frequent words are thinned out.

References
----------
.. [1] Rong (2014). word2vec Parameter Learning Explained. arXiv:1411.2738.
.. [2] Levy, Goldberg (2014). Neural Word Embedding as Implicit Matrix Factorization. NeurIPS 27.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_expit, logsumexp

from skw2v.training import kernels
from skw2v.training.embedding import make_sampling, make_tokens
from skw2v.training.huffman import build_huffman_tree
from skw2v.training.noise import noise_distribution
from skw2v.training.parameters import TrainingParameters
from skw2v.training.softmax import make_block
from skw2v.training.threads import Team, run_in_threads, single_blas_thread

SCORED_WINDOW = 5  # words on either side from which skip-gram predicts, whatever was trained
SCORED_TOKENS = 20_000  # of a corpus, about: enough for two digits of the mean
CHUNK_TOKENS = 200
SCORE_SEED = 0
LOGITS_AT_ONCE = 2**23  # 32 MB of float32


class OutputLayer(Protocol):
    """Output vectors with what makes probabilities of them."""

    def log_probabilities(self, hidden: NDArray[Any]) -> NDArray[np.float64]:
        """Return log p(w | h) of every word for each hidden vector, shape (n_rows, n_words)."""

    def pair_log_likelihood(
        self, hidden: NDArray[Any], rows: NDArray[np.int64], words: NDArray[np.int32]
    ) -> float:
        """Return the sum of log p(words[k] | hidden[rows[k]])."""


class _Normalised:
    """Probabilities in proportion to ``q(w) exp(u_w . h)``; for the softmax q is one."""

    def __init__(self, output_vectors: NDArray[Any], log_weights: NDArray[np.float64]) -> None:
        self._output_vectors = output_vectors
        self._log_weights = log_weights

    def log_probabilities(self, hidden: NDArray[Any]) -> NDArray[np.float64]:
        """Return log p(w | h) of every word for each hidden vector."""
        logits = np.asarray(hidden @ self._output_vectors.T + self._log_weights, np.float64)
        return logits - logsumexp(logits, axis=1, keepdims=True)

    def pair_log_likelihood(
        self, hidden: NDArray[Any], rows: NDArray[np.int64], words: NDArray[np.int32]
    ) -> float:
        """Return the sum of log p(words[k] | hidden[rows[k]])."""
        log_weights = self._log_weights.astype(hidden.dtype)
        at_once = max(1, LOGITS_AT_ONCE // len(log_weights))
        total = 0.0
        for start in range(0, len(hidden), at_once):
            logits = hidden[start : start + at_once] @ self._output_vectors.T
            logits += log_weights
            inside = (rows >= start) & (rows < start + at_once)
            total += logits[rows[inside] - start, words[inside]].sum(dtype=np.float64)
            highest = logits.max(axis=1)
            logits -= highest[:, np.newaxis]
            sums = np.exp(logits, out=logits).sum(axis=1, dtype=np.float64)
            n_pairs = np.bincount(rows[inside] - start, minlength=len(logits))
            total -= n_pairs @ (np.log(sums) + highest)
        return float(total)


class _Paths:
    """Probabilities of a Huffman tree's leaves."""

    def __init__(self, output_vectors: NDArray[Any], tree_counts: NDArray[np.int64]) -> None:
        self._output_vectors = output_vectors
        self._tree = build_huffman_tree(tree_counts)

    def log_probabilities(self, hidden: NDArray[Any]) -> NDArray[np.float64]:
        """Return log p(w | h) of every word for each hidden vector."""
        scores = np.asarray(hidden @ self._output_vectors.T, np.float64)
        # The label of a node is 1 - code.
        logs = np.stack([log_expit(scores.T), log_expit(-scores.T)])
        return self._tree.sum_over_paths(lambda nodes, codes: logs[codes, nodes]).T

    def pair_log_likelihood(
        self, hidden: NDArray[Any], rows: NDArray[np.int64], words: NDArray[np.int32]
    ) -> float:
        """Return the sum of log p(words[k] | hidden[rows[k]])."""
        total = 0.0
        for pairs, nodes, codes in self._tree.climb(self._tree.word_turns[words]):
            scores = np.einsum("ij,ij->i", hidden[rows[pairs]], self._output_vectors[nodes])
            total += log_expit((1.0 - 2.0 * codes) * scores.astype(np.float64)).sum()
        return float(total)


def make_output_layer(
    output_vectors: NDArray[Any],
    counts: NDArray[np.int64],
    tree_counts: NDArray[np.int64],
    parameters: TrainingParameters,
) -> OutputLayer:
    """Return what gives probabilities by the objective that was trained.

    Parameters
    ----------
    output_vectors : ndarray of shape (n_words or n_nodes, vector_size)
        What training left.
    counts : ndarray of shape (n_words,), dtype=int64
        How often each word occurs in the training corpus.
    tree_counts : ndarray of shape (n_words,), dtype=int64
        What the Huffman tree was built from.
    parameters : TrainingParameters
        What was trained.

    Returns
    -------
    layer : OutputLayer
        Log-probabilities of all words, or of the words of pairs.
    """
    if parameters.objective == "hierarchical_softmax":
        return _Paths(output_vectors, tree_counts)
    if parameters.objective == "softmax":
        return _Normalised(output_vectors, np.zeros(len(counts)))
    noise = noise_distribution(np.maximum(counts, 1), parameters.ns_exponent)
    # The least float stands for a noise word that is as good as never drawn.
    return _Normalised(output_vectors, np.log(np.maximum(noise, np.finfo(np.float64).tiny)))


def context_log_probabilities(
    context_vectors: NDArray[Any], layer: OutputLayer, parameters: TrainingParameters
) -> NDArray[np.float64]:
    """Compute how probable each word is beside some context words.

    Under CBOW the hidden vector is their mean (or sum), as in training. Under skip-gram each of
    them predicts for itself: the result is the geometric mean of their probabilities, normalised.
    For negative sampling and the softmax that equals one prediction from the mean of their vectors.

    Parameters
    ----------
    context_vectors : ndarray of shape (n_context_words, vector_size)
        The input vectors of the context words, at least one.
    layer : OutputLayer
        What `make_output_layer` returned.
    parameters : TrainingParameters
        What was trained.

    Returns
    -------
    log_probabilities : ndarray of shape (n_words,), dtype=float64
        Natural logarithms; their exponentials sum to one.
    """
    if parameters.architecture == "cbow":
        combine = np.mean if parameters.cbow_mean else np.sum
        return layer.log_probabilities(combine(context_vectors, axis=0, keepdims=True))[0]
    mean = layer.log_probabilities(context_vectors).mean(axis=0)
    return mean - logsumexp(mean)


def mean_log_likelihood(
    token_ids: NDArray[np.int32],
    offsets: NDArray[np.int64],
    input_vectors: NDArray[Any],
    layer: OutputLayer,
    counts: NDArray[np.int64],
    parameters: TrainingParameters,
    n_threads: int = 1,
) -> float:
    """Compute how well vectors predict an encoded corpus.

    Which words are predicted, and from where, is the same for all settings of `window` and of what
    the vectors are trained with. Tokens are thinned out as `sample` says, by draws that never
    change. Windows do not shrink: skip-gram predicts each word from each of the `SCORED_WINDOW`
    words on either side, CBOW predicts each word once, from the `window` words on either side. Of a
    long corpus, runs of `CHUNK_TOKENS` tokens at equal distances are scored, together about
    `SCORED_TOKENS`.

    Parameters
    ----------
    token_ids, offsets : ndarray
        The corpus; see `skw2v.training.trainer.train`.
    input_vectors : ndarray of shape (n_words, vector_size)
        What training left.
    layer : OutputLayer
        What `make_output_layer` returned.
    counts : ndarray of shape (n_words,), dtype=int64
        How often each word occurs in the training corpus.
    parameters : TrainingParameters
        What was trained.
    n_threads : int, default=1
        Number of threads. The result does not depend on it.

    Returns
    -------
    score : float
        The mean of the natural logarithm of p(word | context), NaN if nothing is predicted.
    """
    window = parameters.window if parameters.architecture == "cbow" else SCORED_WINDOW
    parameters = replace(parameters, window=window, shrink_windows=False)
    sampling = make_sampling(counts, parameters, SCORE_SEED)(0)
    starts = _spread_chunks(len(token_ids))
    sums, n_pairs = np.zeros(len(starts)), np.zeros(len(starts))

    def work(team: Team, thread: int) -> None:
        tokens = make_tokens(min(CHUNK_TOKENS + 2 * window, len(token_ids)))
        for place in team.share(len(starts)):
            start, stop = starts[place], min(starts[place] + CHUNK_TOKENS, len(token_ids))
            n_sampled, first, last = kernels.sample_chunk(
                start, stop, token_ids, offsets, sampling, tokens
            )
            block = make_block(first, last, n_sampled, parameters, tokens, input_vectors.dtype)
            if len(block.target_rows):
                sums[place] = layer.pair_log_likelihood(
                    block.hidden_vectors(input_vectors), block.target_rows, block.target_words
                )
                n_pairs[place] = len(block.target_rows)

    with single_blas_thread:
        run_in_threads(work, max(1, min(n_threads, len(starts))))
    return float(sums.sum() / n_pairs.sum()) if n_pairs.any() else float("nan")


def _spread_chunks(n_tokens: int) -> range:
    """Return where the chunks that are scored start."""
    step = max(1, -(-n_tokens // SCORED_TOKENS))
    return range(0, n_tokens, CHUNK_TOKENS * step)
