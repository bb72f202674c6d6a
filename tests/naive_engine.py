"""Centres, chunks and rounds in plain NumPy: what the kernels must equal, on small corpora.

Every centre is a step of `reference.logistic_block` over the whole vocabulary, with the matrices of
pairs written down pair by pair, and every merge is `reference.merge_rows`. Which tokens
survive, how far windows reach and which negatives are drawn is asked of the kernels' own random
functions, which other tests compare with their distributions.
"""

import numpy as np
from reference import logistic_block, merge_rows, window_pairs

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


def observed_contexts(token_ids, offsets, sampling):
    """Return the positions that survive an epoch, and the contexts of each of them."""
    survivors, windows = sample_corpus(token_ids, offsets, sampling)
    documents = np.array([document_of(position, offsets) for position in survivors])
    contexts_of = {position: [] for position in survivors}
    for document in np.unique(documents):
        positions = survivors[documents == document]
        for context, centre in window_pairs(windows[positions]):
            contexts_of[positions[centre]].append(positions[context])
    return survivors, {centre: sorted(contexts) for centre, contexts in contexts_of.items()}


def draw_negatives(start, n_centres, objective, sampling):
    """Return the negatives of each centre of a chunk."""
    share = objective.drawn_negatives
    if objective.hierarchical:
        return [[] for _ in range(n_centres)]
    pool = [
        kernels.draw_noise(
            objective.noise_threshold, objective.noise_alias, sampling.noise_key,
            start * share + k,
        )
        for k in range(min(n_centres * share, objective.pooled_negatives))
    ]  # fmt: skip
    firsts = [centre * share % len(pool) for centre in range(n_centres)]
    return [pool[first : first + share] for first in firsts]


def heaviest_output(negatives, objective):
    """Return the largest weight that an output of a chunk may have."""
    repeats = [drawn.count(word) for drawn in negatives for word in drawn]
    return max([1, *(objective.negative / objective.drawn_negatives * n for n in repeats)])


def output_pairs(target, negatives, objective, n_outputs):
    """Write down what an input that is to predict a word pairs with: positives and weights."""
    positives, weights = np.zeros(n_outputs), np.zeros(n_outputs)
    if objective.hierarchical:
        path = slice(objective.path_offsets[target], objective.path_offsets[target + 1])
        for node, code in zip(objective.path_nodes[path], objective.path_codes[path], strict=True):
            weights[node] += 1
            positives[node] += 1 - code
    else:
        weights[target] += 1
        positives[target] += 1
        for negative in negatives:
            if negative != target:
                weights[negative] += objective.negative / objective.drawn_negatives
    return positives, weights


def input_matrices(context_words, objective, n_words):
    """Write down which inputs are learned at once: matrices A of X = A W."""
    one_hot = np.eye(n_words)[context_words]
    if not objective.cbow:
        return [
            one_hot[first : first + kernels.MAX_INPUTS]
            for first in range(0, len(one_hot), kernels.MAX_INPUTS)
        ]
    total = one_hot.sum(axis=0, keepdims=True)
    return [total / len(context_words) if objective.cbow_mean else total]


def train_chunk(start, stop, token_ids, W, U, survivors, contexts_of, objective, sampling, rate):
    """Train one chunk on its own copies; return them, the terms of each row, loss and pairs."""
    own = survivors[(survivors >= start) & (survivors < stop)]
    negatives = draw_negatives(start, len(own), objective, sampling)
    heaviest = heaviest_output(negatives, objective)
    W, U = W.copy(), U.copy()
    W_terms, U_terms = np.zeros(len(W)), np.zeros(len(U))
    loss, n_pairs = 0.0, 0
    for centre, centre_negatives in zip(own, negatives, strict=True):
        context_words = token_ids[contexts_of[centre]]
        if len(context_words) == 0:
            continue
        pairs = output_pairs(token_ids[centre], centre_negatives, objective, len(U))
        for A in input_matrices(context_words, objective, len(W)):
            P, C = (np.tile(row, (len(A), 1)) for row in pairs)
            X = A @ W
            input_weight = C[0].sum()
            if objective.cbow:  # the contexts move together, and with them their mean or sum
                n_contexts = len(context_words)
                input_weight *= 1 / n_contexts if objective.cbow_mean else n_contexts
            weight = max(input_weight, len(A) * heaviest)
            new_X, U, step_loss = logistic_block(X, U, P, C, min(rate, kernels.MAX_WEIGHT / weight))
            W = W + A.T @ (new_X - X)
            W_terms += A.T @ C.sum(axis=1)
            U_terms += C.sum(axis=0)
            loss += step_loss
            n_pairs += len(A)
    return W, U, W_terms, U_terms, loss, n_pairs


def train(token_ids, offsets, W, U, objective, sampling_of_epoch, parameters, plan):
    """Train all epochs; return input vectors, output vectors and the loss of each epoch."""
    n_tokens = len(token_ids)
    total = parameters.epochs * n_tokens
    starts = list(range(0, n_tokens, plan.chunk_tokens))
    losses = []
    for epoch in range(parameters.epochs):
        sampling = sampling_of_epoch(epoch)
        survivors, contexts_of = observed_contexts(token_ids, offsets, sampling)
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
                        start, stop, token_ids, W, U, survivors, contexts_of, objective, sampling,
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
