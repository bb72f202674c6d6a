"""Plain NumPy word2vec, one function per formula: the specification of the fast code.

Nothing here is fast or clever. Everything is float64 and follows the papers, whose equations the
docstrings name:

    [M13a]  Mikolov, Chen, Corrado, Dean 2013, "Efficient Estimation of Word Representations in
            Vector Space", arXiv:1301.3781
    [M13b]  Mikolov, Sutskever, Chen, Corrado, Dean 2013, "Distributed Representations of Words and
            Phrases and their Compositionality", arXiv:1310.4546
    [R14]   Rong 2014, "word2vec Parameter Learning Explained", arXiv:1411.2738
    [W2V]   word2vec.c, the program by the authors of [M13a] and [M13b]

Letters
    V   words                       d   dimension of the vectors
    C   words of one context        K   negatives of one example       L   nodes on a Huffman path
    W   input vectors, shape (V, d)
    U   output vectors, shape (V, d), or node vectors of hierarchical softmax, shape (V - 1, d)
    h   hidden vector, shape (d,): what the context says about the word to be predicted

An example is one prediction: a context, and the target that it should make probable. A loss is the
negative log-likelihood of one example; a gradient has the shape of what it is the gradient of.
As in word2vec.c the output side is always the centre word. Skip-gram predicts it once from each
context word alone, CBOW once from the mean (or sum) of all of them.
"""

import numpy as np

# Functions of one number ------------------------------------------------------------------------


def softplus(x):
    """log(1 + exp(x)), without overflow."""
    return np.logaddexp(0.0, x)


def sigmoid(x):
    """1 / (1 + exp(-x)) = exp(-softplus(-x)); so -log sigmoid(x) = softplus(-x)."""
    return np.exp(-softplus(-np.asarray(x, dtype=np.float64)))


# From text to examples --------------------------------------------------------------------------


def context_positions(position, window, n_tokens):
    """Return the positions up to `window` to the left and right, within the document.

    The centre itself is left out; another token of the same word is a neighbour like any other.
    [M13b] eq. (1): -c <= j <= c, j != 0.
    """
    first, last = max(0, position - window), min(n_tokens - 1, position + window)
    return [other for other in range(first, last + 1) if other != position]


def window_pairs(windows):
    """List the pairs (context position, centre position) of one document.

    windows : (n_tokens,), how far the window of each centre reaches.
    """
    return [
        (context, centre)
        for centre, window in enumerate(windows)
        for context in context_positions(centre, window, len(windows))
    ]


def training_examples(tokens, windows, architecture):
    """List the examples (context words, centre word) of one document, in the order of training.

    tokens, windows : (n_tokens,).
    Skip-gram has one example per pair, with a single context word; CBOW has one per centre with all
    its context words, and none for a centre without any. [M13a] sections 3.1 and 3.2.
    """
    examples = []
    for position, window in enumerate(windows):
        context = [tokens[other] for other in context_positions(position, window, len(tokens))]
        if architecture == "skipgram":
            examples += [([word], tokens[position]) for word in context]
        elif context:
            examples.append((context, tokens[position]))
    return examples


def keep_probability(count, n_tokens, sample):
    """min(1, sqrt(t / f) + t / f): the probability that subsampling keeps one token of a word.

    t = sample, f = count / n_tokens. [W2V]; [M13b] eq. (5) has sqrt(t / f) alone.
    """
    frequency = count / n_tokens
    return min(1.0, np.sqrt(sample / frequency) + sample / frequency)


def noise_probabilities(counts, exponent):
    """count^exponent / sum of count^exponent. [M13b] section 2.2: exponent 3/4.

    counts : (V,), positive. Returns (V,).
    """
    powers = np.asarray(counts, dtype=np.float64) ** exponent
    return powers / powers.sum()


def decayed_learning_rate(learning_rate, min_learning_rate, n_tokens_done, n_tokens_total):
    """max(minimum, learning_rate * (1 - progress)): linear in the tokens read, with a floor. [W2V].

    n_tokens_total counts all epochs.
    """
    return max(min_learning_rate, learning_rate * (1 - n_tokens_done / n_tokens_total))


# The hidden vector ------------------------------------------------------------------------------


def hidden_vector(context_vectors, cbow_mean=True):
    """h = (v_1 + ... + v_C) / C, or the sum alone. (C, d) -> (d,). [R14] eq. (17), (18).

    Skip-gram's h is the vector of its single context word, [R14] eq. (1): mean and sum of one.
    """
    return context_vectors.mean(axis=0) if cbow_mean else context_vectors.sum(axis=0)


def context_gradient(hidden_gradient, n_context_words, cbow_mean=True):
    """dE/dv_c = EH / C for each context word, or EH for the sum. (d,) -> (C, d). [R14] eq. (23)."""
    share = 1 / n_context_words if cbow_mean else 1.0
    return np.tile(share * hidden_gradient, (n_context_words, 1))


# Full softmax -----------------------------------------------------------------------------------


def softmax_probabilities(h, U):
    """p(w | h) = exp(u_w . h) / sum_j exp(u_j . h). (d,), (V, d) -> (V,). [R14] eq. (2) to (4)."""
    scores = U @ h
    powers = np.exp(scores - scores.max())
    return powers / powers.sum()


def softmax_loss(h, U, word):
    """E = -u_word . h + log sum_j exp(u_j . h): cross-entropy. [R14] eq. (7), (21)."""
    scores = U @ h
    return -scores[word] + scores.max() + np.log(np.exp(scores - scores.max()).sum())


def softmax_gradient(h, U, word):
    """e = p - onehot(word); dE/dh = U^T e, dE/dU = e h^T. [R14] eq. (8), (12), (9).

    Returns (d,), (V, d).
    """
    errors = softmax_probabilities(h, U)
    errors[word] -= 1
    return U.T @ errors, np.outer(errors, h)


# Hierarchical softmax ---------------------------------------------------------------------------


def hierarchical_probability(h, U, nodes, codes):
    """p(w | h) = product of sigmoid(+-u_n . h) along the path of w. [M13b] eq. (3), [R14] eq. (37).

    nodes, codes : (L,), the path. The sign is + where the code is 0 and - where it is 1 [W2V].
    """
    signs = 1 - 2 * np.asarray(codes, dtype=np.float64)
    return np.prod(sigmoid(signs * (U[nodes] @ h)))


def hierarchical_softmax_loss(h, U, nodes, codes):
    """E = -sum over the path of log sigmoid(+-u_n . h). [R14] eq. (46)."""
    signs = 1 - 2 * np.asarray(codes, dtype=np.float64)
    return softplus(-signs * (U[nodes] @ h)).sum()


def hierarchical_softmax_gradient(h, U, nodes, codes):
    """e_n = sigmoid(u_n . h) - label, label = 1 - code. [R14] eq. (49), (50), (53).

    dE/dh = sum e_n u_n, dE/du_n = e_n h. Returns (d,), (V - 1, d).
    """
    labels = 1 - np.asarray(codes, dtype=np.float64)
    return _logistic_gradient(h, U, nodes, labels)


# Negative sampling ------------------------------------------------------------------------------


def negative_sampling_loss(h, U, word, negatives):
    """E = -log sigmoid(u_word . h) - sum_k log sigmoid(-u_k . h). [M13b] eq. (4), [R14] eq. (55).

    negatives : (K,), drawn from the noise distribution; each term counts, repeated or not.
    """
    return softplus(-U[word] @ h) + softplus(U[negatives] @ h).sum()


def negative_sampling_gradient(h, U, word, negatives):
    """e_j = sigmoid(u_j . h) - label, label 1 for the word, 0 for a negative. [R14] eq. (57).

    dE/dh = sum e_j u_j, dE/du_j = e_j h, [R14] eq. (58), (61). Returns (d,), (V, d).
    """
    rows = np.concatenate([[word], np.asarray(negatives, dtype=np.int64)])
    labels = np.zeros(len(rows))
    labels[0] = 1
    return _logistic_gradient(h, U, rows, labels)


def _logistic_gradient(h, U, rows, labels):
    """Sum of the gradients of binary logistic losses of h with the rows of U, each with its label.

    Hierarchical softmax and negative sampling differ only in rows and labels.
    """
    errors = sigmoid(U[rows] @ h) - labels
    U_gradient = np.zeros_like(U)
    np.add.at(U_gradient, rows, np.outer(errors, h))  # a row that occurs twice gets both terms
    return U[rows].T @ errors, U_gradient


# Both architectures with any objective ----------------------------------------------------------

OBJECTIVES = {  # each takes (h, U, *target), with target as named on the right
    "softmax": (softmax_loss, softmax_gradient),  # word
    "hierarchical_softmax": (hierarchical_softmax_loss, hierarchical_softmax_gradient),  # path
    "negative_sampling": (negative_sampling_loss, negative_sampling_gradient),  # word, negatives
}


def cbow_loss(W, U, context_words, objective, target, cbow_mean=True):
    """Loss of one CBOW example. [R14] sections 1.2, 3.1, 3.2.

    context_words : (C,). target : see OBJECTIVES.
    """
    loss, _ = OBJECTIVES[objective]
    return loss(hidden_vector(W[context_words], cbow_mean), U, *target)


def cbow_gradient(W, U, context_words, objective, target, cbow_mean=True):
    """Gradient of `cbow_loss` with respect to W and U: the true one, divided by C for the mean.

    [R14] eq. (23), not the undivided step of [W2V]. Returns (V, d), shape of U.
    """
    _, gradient = OBJECTIVES[objective]
    h_gradient, U_gradient = gradient(hidden_vector(W[context_words], cbow_mean), U, *target)
    W_gradient = np.zeros_like(W)
    np.add.at(
        W_gradient, context_words, context_gradient(h_gradient, len(context_words), cbow_mean)
    )
    return W_gradient, U_gradient


def skipgram_loss(W, U, context_word, objective, target):
    """Loss of one skip-gram example: CBOW with one context word. [R14] sections 2, 3.1, 3.2."""
    return cbow_loss(W, U, [context_word], objective, target)


def skipgram_gradient(W, U, context_word, objective, target):
    """Gradient of `skipgram_loss` with respect to W and U. [R14] eq. (34), (35).

    Returns (V, d), shape of U.
    """
    return cbow_gradient(W, U, [context_word], objective, target)


def sgd_epoch(
    W,
    U,
    tokens,
    windows,
    *,
    architecture,
    objective,
    learning_rate,
    cbow_mean=True,
    paths=None,
    negatives=None,
):
    """Train on the examples of one document one after another: W -= learning_rate * dE/dW, same U.

    tokens, windows : (n_tokens,), see `training_examples`.
    paths : for hierarchical softmax, the pair (nodes, codes) of each word.
    negatives : for negative sampling, the negatives of each example, (n_examples, K).
    Returns new W and U, and the loss of each example before its step, (n_examples,).
    """
    W, U = np.array(W, dtype=np.float64), np.array(U, dtype=np.float64)
    losses = []
    for i, (context, centre) in enumerate(training_examples(tokens, windows, architecture)):
        if objective == "hierarchical_softmax":
            target = paths[centre]
        elif objective == "negative_sampling":
            target = (centre, negatives[i])
        else:
            target = (centre,)
        losses.append(cbow_loss(W, U, context, objective, target, cbow_mean))
        W_gradient, U_gradient = cbow_gradient(W, U, context, objective, target, cbow_mean)
        W -= learning_rate * W_gradient
        U -= learning_rate * U_gradient
    return W, U, np.array(losses)


# What the fast kernels compute ------------------------------------------------------------------


def logistic_block(X, Y, positives, weights, learning_rate):
    """One step on all pairs of N input rows with M output rows at once.

    S = X Y^T,  G = learning_rate * (positives - weights * sigmoid(S)),  X + G Y,  Y + G^T X,
    loss = sum(positives * softplus(-S) + (weights - positives) * softplus(S)).

    X : (N, d). Y : (M, d).
    positives : (N, M), the number of pairs of input row n and output row m with label 1.
    weights : (N, M), the total weight of their pairs with either label; 0 where there is none.
    All pairs see the same old rows, so this is the sum of their gradients: [R14] eq. (50), (53),
    (58), (61). Every sampled objective is such a block, with its own rows, positives and weights.
    Returns new X, new Y, loss.
    """
    S = X @ Y.T
    G = learning_rate * (positives - weights * sigmoid(S))
    loss = np.sum(positives * softplus(-S) + (weights - positives) * softplus(S))
    return X + G @ Y, Y + G.T @ X, loss


def merge_rows(shared, copies, terms, eta):
    """Merge the independently trained copies of one row: the saturating rule of the rounds.

    shared + scale * sum_s (copy_s - shared),
    scale = f(eta * sum_s u_s) / sum_s f(eta * u_s),  f(x) = x / (1 + x).

    shared : (d,), the row that all copies started from. copies : (T, d).
    terms : (T,), the number u_s of gradient terms that copy s took.
    Few terms (eta * u small) give scale 1, the sum of the differences; many give scale 1 / T, their
    mean. A single copy has scale 1: it is taken as it is.
    """
    terms = np.asarray(terms, dtype=np.float64)
    saturation = eta * terms / (1 + eta * terms)
    scale = 1.0  # the limit where nothing saturates
    if saturation.sum() > 0:
        scale = eta * terms.sum() / (1 + eta * terms.sum()) / saturation.sum()
    return shared + scale * (copies - shared).sum(axis=0)


# Document vectors -------------------------------------------------------------------------------
#
#   [A17]   Arora, Liang, Ma 2017, "A Simple but Tough-to-Beat Baseline for Sentence Embeddings"
#   [E18]   Ethayarajh 2018, "Unsupervised Random Walk Sentence Embeddings", W18-3012
#
# A document is a list of word ids, documents a list of them; v holds the word vectors, (V, d).


def idf_weight(word, documents):
    """log((1 + n) / (1 + df)) + 1, as scikit-learn's TfidfTransformer smooths it."""
    n_with_word = sum(word in document for document in documents)
    return np.log((1 + len(documents)) / (1 + n_with_word)) + 1


def sif_weight(word, documents, a=1e-3):
    """a / (a + p(word)). [A17] algorithm 1."""
    tokens = [token for document in documents for token in document]
    return a / (a + tokens.count(word) / len(tokens))


def usif_weight(word, documents, n_words):
    """a / (a / 2 + p(word)), a = (1 - alpha) / (alpha Z), Z = V / 2. [E18].

    alpha : the share of words with p > 1 - (1 - 1 / V)^n, n the mean length of a document.
    Without such words a is infinite and the weight is 2.
    """
    tokens = [token for document in documents for token in document]
    n = np.mean([len(document) for document in documents if document])
    probabilities = [tokens.count(other) / len(tokens) for other in range(n_words)]
    alpha = np.mean([p > 1 - (1 - 1 / n_words) ** n for p in probabilities])
    if alpha == 0:
        return 2.0
    a = (1 - alpha) / (alpha * n_words / 2)
    return a / (a / 2 + probabilities[word])


def pooled_document(document, v, pooling, weights, weighting):
    """Return the mean, sum, max or min of the vectors of a document's words. (d,)."""
    if not document:
        return np.zeros(v.shape[1])
    if pooling in ("max", "min"):
        return getattr(v[document], pooling)(axis=0)
    total = sum(weights[word] * v[word] for word in document)
    if pooling == "sum":
        return total
    return total / (sum(weights[document]) if weighting == "idf" else len(document))


def without_components(x, training_vectors, n_components, weighting):
    """x - sum_k f_k (x . u_k) u_k, u the right singular vectors of the uncentred training vectors.

    f_k = 1, [A17] algorithm 1; with uSIF the share of s_k^2 in those that are removed, [E18].
    """
    _, s, u = np.linalg.svd(training_vectors, full_matrices=False)
    for k in range(n_components):
        fraction = s[k] ** 2 / np.sum(s[:n_components] ** 2) if weighting == "usif" else 1.0
        x = x - fraction * (x @ u[k]) * u[k]
    return x


def document_vector(
    document, documents, v, poolings, *, weighting=None, remove_components=0, norm=None
):
    """Return the vector of a document, by what the documents say. (len(poolings) * d,)."""
    weights = np.ones(len(v))
    for word in range(len(v)):
        if weighting == "idf":
            weights[word] = idf_weight(word, documents)
        elif weighting == "sif":
            weights[word] = sif_weight(word, documents)
        elif weighting == "usif":
            weights[word] = usif_weight(word, documents, len(v))
    parts = []
    for pooling in poolings:
        rows = [pooled_document(other, v, pooling, weights, weighting) for other in documents]
        x = pooled_document(document, v, pooling, weights, weighting)
        parts.append(without_components(x, np.array(rows), remove_components, weighting))
    x = np.concatenate(parts)
    order = {None: None, "l1": 1, "l2": 2, "max": np.inf}[norm]
    length = 1 if norm is None else np.linalg.norm(x, order)
    return x / length if length else x


def numerical_gradient(loss, array, step=1e-6):
    """Return two-sided finite differences of `loss()` in every entry of `array`."""
    gradient = np.empty_like(array)
    for index in np.ndindex(array.shape):
        value = array[index]
        array[index] = value + step
        above = loss()
        array[index] = value - step
        below = loss()
        array[index] = value
        gradient[index] = (above - below) / (2 * step)
    return gradient
