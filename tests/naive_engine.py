"""Centres, chunks and rounds in plain NumPy: what the kernels must equal, on small corpora.

Every centre (or two of CBOW) is a step of `reference.logistic_block` over the whole
vocabulary, with the matrices of pairs written down pair by pair, and every merge is
`reference.merge_rows`. Which tokens survive, how far windows reach and which negatives are drawn is
asked of the kernels' own random functions, which other tests compare with their distributions.
"""

import numpy as np
from compiled import draw_noise, random_bits
from reference import logistic_block, merge_rows, window_pairs

from skw2v.training import kernels
from skw2v.training.huffman import HuffmanTree


def document_of(position, offsets):
    """Return the index of the document that holds a position of the corpus."""
    return int(np.searchsorted(offsets, position, side="right")) - 1


def sample_corpus(token_ids, offsets, sampling):
    """Return the positions that survive, and the windows of all positions."""
    survives = [
        (random_bits(sampling.token_key, position) >> 8) / 2**24 < sampling.keep[word]
        for position, word in enumerate(token_ids)
    ]
    windows = [sampling.window] * len(token_ids)
    if sampling.shrink_windows:
        windows = [
            1 + ((random_bits(sampling.window_key, position) * sampling.window) >> 32)
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


def draw_negatives(start, n_steps, objective, sampling):
    """Return the negatives of each step of a chunk."""
    share = objective.drawn_negatives
    if objective.hierarchical:
        return [[] for _ in range(n_steps)]
    pool = [
        draw_noise(
            objective.noise_threshold, objective.noise_alias, sampling.noise_key,
            start * share + k,
        )
        for k in range(min(n_steps * share, objective.pooled_negatives))
    ]  # fmt: skip
    firsts = [step * share % len(pool) for step in range(n_steps)]
    return [pool[first : first + share] for first in firsts]


def heaviest_output(negatives, objective):
    """Return the largest weight that an output of a chunk may have."""
    repeats = [drawn.count(word) for drawn in negatives for word in drawn]
    return max([1, *(objective.negative / objective.drawn_negatives * n for n in repeats)])


def output_pairs(target, negatives, objective, n_outputs):
    """Write down what an input that is to predict a word pairs with: positives and weights."""
    positives, weights = np.zeros(n_outputs), np.zeros(n_outputs)
    if objective.hierarchical:
        tree = HuffmanTree(objective.word_turns, objective.node_turns)
        for node, code in zip(*tree.path(target), strict=True):
            weights[node] += 1
            positives[node] += 1 - code
    else:
        weights[target] += 1
        positives[target] += 1
        for negative in negatives:
            if negative != target:
                weights[negative] += objective.negative / objective.drawn_negatives
    return positives, weights


def steps_of(windows, centres, token_ids, negatives, objective, n_words, n_outputs):
    """Write down what is learned at once: A of X = A W, P and C of the pairs, and a weight.

    The weight is that of the pairs that move an input (or inputs that move together).
    """
    pairs = [output_pairs(word, negatives, objective, n_outputs) for word in token_ids[centres]]
    if not objective.cbow:
        one_hot = np.eye(n_words)[token_ids[windows[0]]]
        for first in range(0, len(one_hot), kernels.MAX_INPUTS):
            A = one_hot[first : first + kernels.MAX_INPUTS]
            P, C = (np.tile(row, (len(A), 1)) for row in pairs[0])
            yield A, P, C, C[0].sum()
        return
    P, C = (np.array(rows) for rows in zip(*pairs, strict=True))
    # The shares of positions, and of words. Positions move together, and with them means or sums.
    positions = sorted(set().union(*windows))
    B = np.array([np.isin(positions, window) for window in windows], float)
    if objective.cbow_mean:
        B /= B.sum(axis=1, keepdims=True)
    A = B @ np.eye(n_words)[token_ids[positions]]
    yield A, P, C, (B @ B.T @ C.sum(axis=1)).max()


def train_chunk(start, stop, token_ids, W, U, survivors, contexts_of, objective, sampling, rate):
    """Train one chunk on its own copies; return them, the terms of each row, loss and pairs."""
    own = survivors[(survivors >= start) & (survivors < stop)]
    at_once = objective.centres_at_once
    groups = [own[first : first + at_once] for first in range(0, len(own), at_once)]
    negatives = draw_negatives(start, len(groups), objective, sampling)
    heaviest = heaviest_output(negatives, objective)
    W, U = W.copy(), U.copy()
    W_terms, U_terms = np.zeros(len(W)), np.zeros(len(U))
    loss, n_pairs = 0.0, 0
    for number, (group, shared_negatives) in enumerate(zip(groups, negatives, strict=True)):
        # Negatives that the chunk has been trained on would flatter the loss.
        fresh = objective.hierarchical or (
            number * objective.drawn_negatives < objective.pooled_negatives
        )
        centres = [centre for centre in group if len(contexts_of[centre]) > 0]
        if len(centres) == 0:
            continue
        windows = [contexts_of[centre] for centre in centres]
        for A, P, C, input_weight in steps_of(
            windows, centres, token_ids, shared_negatives, objective, len(W), len(U)
        ):
            X = A @ W
            limited = min(rate, kernels.MAX_WEIGHT / max(input_weight, len(A) * heaviest))
            # Two windows are averaged at once; paths are learned one by one.
            one_by_one = objective.cbow and objective.hierarchical
            for n in range(len(A)) if one_by_one else [slice(None)]:
                block = np.atleast_2d(X[n]), U, np.atleast_2d(P[n]), np.atleast_2d(C[n])
                new_X, U, step_loss = logistic_block(*block, limited)
                W = W + np.atleast_2d(A[n]).T @ (new_X - block[0])
                loss += step_loss * fresh
            W_terms += A.T @ C.sum(axis=1)
            U_terms += C.sum(axis=0)
            n_pairs += len(A) * fresh
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
