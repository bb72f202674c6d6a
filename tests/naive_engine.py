"""Blocks, chunks and rounds in plain NumPy: what the kernels must equal, on small corpora.

Every block is the gradient of `reference.logistic_block` over the whole vocabulary, with the
matrices of pairs written down pair by pair, and every merge is `reference.merge_rows`. Which tokens
survive, how far windows reach and which negatives are drawn is asked of the kernels' own random
functions, which other tests compare with their distributions.
"""

import numpy as np
from reference import logistic_block, merge_rows, sigmoid, window_pairs

from skw2v.training import kernels


def document_of(position, offsets):
    """Return the index of the document that holds a position of the corpus."""
    return int(np.searchsorted(offsets, position, side="right")) - 1


def sample_corpus(token_ids, offsets, sampling):
    """Return the positions that survive, and the windows of all positions."""
    survives = [
        (kernels.random_bits(sampling.token_key, position) >> 8) / 2**24 < sampling.keep[word]
        for position, word in enumerate(token_ids)
    ]
    windows = [sampling.window] * len(token_ids)
    if sampling.shrink_windows:
        windows = [
            1 + ((kernels.random_bits(sampling.window_key, position) * sampling.window) >> 32)
            for position in range(len(token_ids))
        ]
    return np.flatnonzero(survives), np.array(windows)


def observed_pairs(token_ids, offsets, sampling):
    """List the pairs (context position, centre position) of an epoch, document by document."""
    survivors, windows = sample_corpus(token_ids, offsets, sampling)
    documents = np.array([document_of(position, offsets) for position in survivors])
    pairs = []
    for document in np.unique(documents):
        positions = survivors[documents == document]
        pairs += [
            (positions[context], positions[centre])
            for context, centre in window_pairs(windows[positions])
        ]
    return survivors, pairs


def draw_negatives(start, n_blocks, objective, sampling):
    """Return the negatives of each block of a chunk."""
    share = objective.shared_negatives
    if objective.hierarchical:
        return [[] for _ in range(n_blocks)]
    pool = [
        kernels.draw_noise(
            objective.noise_threshold, objective.noise_alias, sampling.noise_key,
            start * share + k,
        )
        for k in range(min(n_blocks * share, objective.pooled_negatives))
    ]  # fmt: skip
    firsts = [block * share % len(pool) for block in range(n_blocks)]
    return [pool[first : first + share] for first in firsts]


def block_matrices(positions, pairs, negatives, token_ids, objective, n_words, n_outputs):
    """Write down a block: context weights A (n, words), positives P and weights C (n, outputs)."""
    n_inputs = len(positions)
    A = np.zeros((n_inputs, n_words))
    P = np.zeros((n_inputs, n_outputs))
    C = np.zeros((n_inputs, n_outputs))
    n_pairs = 0
    for n, position in enumerate(positions):
        word = token_ids[position]
        if objective.cbow:
            contexts = [context for context, centre in pairs if centre == position]
            for context in contexts:
                A[n, token_ids[context]] += 1 / len(contexts) if objective.cbow_mean else 1
            targets = [word] * bool(contexts)
        else:
            A[n, word] = 1
            targets = [token_ids[centre] for context, centre in pairs if context == position]
        n_pairs += len(targets)
        for target in targets:
            if objective.hierarchical:
                path = slice(objective.path_offsets[target], objective.path_offsets[target + 1])
                for node, code in zip(
                    objective.path_nodes[path], objective.path_codes[path], strict=True
                ):
                    C[n, node] += 1
                    P[n, node] += 1 - code
            else:
                C[n, target] += 1
                P[n, target] += 1
                for negative in negatives:
                    if negative != target:
                        C[n, negative] += objective.negative / objective.shared_negatives
    return A, P, C, n_pairs


def learn_block(A, W, U, P, C, rate):
    """Move every row by its gradient, in steps of limited length; return W, U and the loss."""
    X = A @ W
    new_X, _, loss = logistic_block(X, U, P, C, rate)
    G = rate * (P - C * sigmoid(X @ U.T))
    X_steps = new_X - X
    X_steps *= shortened(np.linalg.norm(X_steps, axis=1))[:, np.newaxis]
    longest = np.linalg.norm(X, axis=1) @ np.abs(G)  # by the triangle inequality
    U_steps = (G * shortened(longest)).T @ X
    return W + A.T @ X_steps, U + U_steps, loss


def shortened(lengths):
    """Return the factors that shorten steps of some lengths to the longest allowed."""
    return np.minimum(1, kernels.MAX_STEP / np.maximum(lengths, 1e-300))


def train_chunk(start, stop, token_ids, W, U, survivors, pairs, objective, sampling, rate):
    """Train one chunk on its own copies; return them, the terms of each row, loss and pairs."""
    own = survivors[(survivors >= start) & (survivors < stop)]
    n_blocks = -(-len(own) // kernels.BLOCK)
    negatives = draw_negatives(start, n_blocks, objective, sampling)
    W, U = W.copy(), U.copy()
    W_terms, U_terms = np.zeros(len(W)), np.zeros(len(U))
    loss, n_pairs = 0.0, 0
    for block in range(n_blocks):
        positions = own[block * kernels.BLOCK : (block + 1) * kernels.BLOCK]
        A, P, C, block_pairs = block_matrices(
            positions, pairs, negatives[block], token_ids, objective, len(W), len(U)
        )
        W, U, block_loss = learn_block(A, W, U, P, C, rate)
        W_terms += A.T @ C.sum(axis=1)
        U_terms += C.sum(axis=0)
        loss += block_loss
        n_pairs += block_pairs
    return W, U, W_terms, U_terms, loss, n_pairs


def train(token_ids, offsets, W, U, objective, sampling_of_epoch, parameters, plan):
    """Train all epochs; return input vectors, output vectors and the loss of each epoch."""
    n_tokens = len(token_ids)
    total = parameters.epochs * n_tokens
    starts = list(range(0, n_tokens, plan.chunk_tokens))
    losses = []
    for epoch in range(parameters.epochs):
        sampling = sampling_of_epoch(epoch)
        survivors, pairs = observed_pairs(token_ids, offsets, sampling)
        loss, n_pairs = 0.0, 0
        for first in range(0, len(starts), plan.chunks_per_round):
            rates, copies = [], []
            for start in starts[first : first + plan.chunks_per_round]:
                progress = (epoch * n_tokens + start) / total
                rates.append(
                    max(parameters.learning_rate * (1 - progress), parameters.min_learning_rate)
                )
                stop = min(start + plan.chunk_tokens, n_tokens)
                copies.append(
                    train_chunk(
                        start, stop, token_ids, W, U, survivors, pairs, objective, sampling,
                        rates[-1],
                    )
                )  # fmt: skip
            eta = plan.kappa * rates[0]
            W = merge_matrix(W, [(copy[0], copy[2]) for copy in copies], eta)
            U = merge_matrix(U, [(copy[1], copy[3]) for copy in copies], eta)
            loss += sum(copy[4] for copy in copies)
            n_pairs += sum(copy[5] for copy in copies)
        losses.append(loss / max(n_pairs, 1))
    return W, U, losses


def merge_matrix(shared, copies, eta):
    """Merge copies of a matrix, row by row; copies are pairs of matrix and terms."""
    merged = shared.copy()
    for row in range(len(shared)):
        trained = [(matrix[row], terms[row]) for matrix, terms in copies if terms[row] > 0]
        if trained:
            rows, terms = zip(*trained, strict=True)
            merged[row] = merge_rows(shared[row], np.array(rows), np.array(terms), eta)
    return merged
