"""Arrange a vocabulary in a binary tree for hierarchical softmax.

Hierarchical softmax replaces one choice among all words by a walk down a binary tree whose leaves
are the words: at each inner node a logistic regression turns left or right, and the probability of
a word is the product over its path. A word's cost is the length of its path, so the tree is built
as Huffman's code: join the two lightest subtrees until one is left. Frequent words then lie near
the root and the expected path is as short as it can be.

References
----------
.. [1] D. A. Huffman, "A Method for the Construction of Minimum-Redundancy Codes", Proceedings of
       the IRE 40(9), 1952.
.. [2] T. Mikolov, I. Sutskever, K. Chen, G. Corrado, J. Dean, "Distributed Representations of Words
       and Phrases and their Compositionality", 2013, section 2.1. arXiv:1310.4546
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skw2v.training.noise import check_counts

Climb = tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]


class HuffmanTree(NamedTuple):
    """A binary tree, as the last turn on the way down to each word and to each inner node.

    A path starts at the root, an inner node unless there is but one word. The node at which a turn
    is taken predicts the label 1 - code: with u the node's vector and h the hidden vector,
    p(word | h) is the product of sigmoid(u.h) where the code is 0 and sigmoid(-u.h) where it is 1.

    Inner nodes are numbered from 0 to n_words - 2 as they were joined, so the root is the last one;
    they are the rows of the output matrix. Turns take 8 bytes a word, where all paths written down,
    as `point` and `code` are in word2vec.c, would take one or two hundred.

    Attributes
    ----------
    word_turns : ndarray of shape (n_words,), dtype=int32
        ``2 * node + code`` for the node above the word, and the code 1 where the path turns to that
        node's heavier child (left), 0 where to the lighter. -1 for the only word of a vocabulary.
    node_turns : ndarray of shape (n_words - 1,), dtype=int32
        The same for the inner nodes; -1 for the root.
    """

    word_turns: NDArray[np.int32]
    node_turns: NDArray[np.int32]

    @property
    def n_words(self) -> int:
        """Number of words, the leaves."""
        return len(self.word_turns)

    @property
    def n_nodes(self) -> int:
        """Number of inner nodes, the rows of the output matrix."""
        return len(self.node_turns)

    @property
    def path_lengths(self) -> NDArray[np.int32]:
        """Number of nodes on each word's path, of shape (n_words,)."""
        return self._count_nodes_above(self.word_turns)

    def path(self, word: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return the nodes and the codes on the path of one word, root first."""
        steps = [(nodes[0], codes[0]) for _, nodes, codes in self.climb(self.word_turns[[word]])]
        nodes, codes = np.array(steps[::-1], np.int32).reshape(-1, 2).T
        return nodes, codes

    def climb(self, turns: NDArray[np.int32]) -> Iterator[Climb]:
        """Walk up to the root, from many places at once.

        Parameters
        ----------
        turns : ndarray of shape (n,), dtype=int32
            The turns to where it starts, of `word_turns` or `node_turns`.

        Yields
        ------
        below_root : ndarray of shape (n_left,), dtype=int64
            Which of them have not come to the root: indices into `turns`.
        nodes, codes : ndarray of shape (n_left,), dtype=int32
            The node above where each of these is, and the code of the turn from there.
        """
        below_root = np.arange(len(turns))
        while True:
            is_left = turns >= 0
            below_root, turns = below_root[is_left], turns[is_left]
            if below_root.size == 0:
                return
            nodes = turns >> 1
            yield below_root, nodes, turns & 1
            turns = self.node_turns[nodes]

    def sum_over_paths(
        self, values: Callable[[NDArray[np.int32], NDArray[np.int32]], NDArray[Any]]
    ) -> NDArray[Any]:
        """Add up values of the nodes and codes on each word's path.

        Parameters
        ----------
        values : callable
            Called with nodes and codes, arrays of shape (n,), returns an array of shape (n, ...).

        Returns
        -------
        sums : ndarray of shape (n_words, ...)
            Zero for the only word of a vocabulary, whose path has no node.
        """
        nothing = values(self.word_turns[:0], self.word_turns[:0])
        if self.n_nodes == 0:
            return np.zeros((1, *nothing.shape[1:]), nothing.dtype)
        above = np.zeros((self.n_nodes, *nothing.shape[1:]), nothing.dtype)

        def with_turn(turns: NDArray[np.int32]) -> NDArray[Any]:
            return above[turns >> 1] + values(turns >> 1, turns & 1)

        # From the root down, so that each node's path is added up once for all words below it.
        depths = self._count_nodes_above(self.node_turns)
        for depth in range(1, depths.max() + 1):
            nodes = np.flatnonzero(depths == depth)
            above[nodes] = with_turn(self.node_turns[nodes])
        return with_turn(self.word_turns)

    def _count_nodes_above(self, turns: NDArray[np.int32]) -> NDArray[np.int32]:
        """Count the nodes on the paths that end with given turns."""
        counts = np.zeros(len(turns), np.int32)
        for below_root, _, _ in self.climb(turns):
            counts[below_root] += 1
        return counts


def build_huffman_tree(counts: ArrayLike) -> HuffmanTree:
    """Build the Huffman tree of a vocabulary.

    The tree is that of word2vec.c: between equally heavy subtrees, inner nodes are joined before
    words, older nodes before younger ones and later words before earlier ones. Words that never
    occur, which a fixed vocabulary may contain, share a balanced subtree.

    Parameters
    ----------
    counts : array-like of shape (n_words,)
        How often each word occurs, in any order.

    Returns
    -------
    tree : HuffmanTree
        The path of the only word of a vocabulary has no node.

    Raises
    ------
    ValueError
        If there is no word, or a count is negative, infinite or NaN.

    Notes
    -----
    Sorting costs O(V log V) for V words, joining takes O(V).

    Examples
    --------
    >>> from skw2v.training.huffman import build_huffman_tree
    >>> counts = [9, 11, 13, 8, 4, 5]
    >>> tree = build_huffman_tree(counts)
    >>> tree.path_lengths
    array([2, 2, 2, 3, 4, 4], dtype=int32)
    >>> int(counts @ tree.path_lengths)
    126
    >>> nodes, codes = tree.path(3)
    >>> nodes, codes
    (array([4, 3, 1], dtype=int32), array([1, 1, 0], dtype=int32))
    """
    weights = check_counts(counts)
    last = weights.size - 1
    rising = last - np.argsort(weights[::-1], kind="stable")  # of equal words the last comes first
    leaves = np.empty_like(rising)
    leaves[rising] = last + np.arange(weights.size)
    turns = _join_lightest(weights[rising])
    return HuffmanTree(turns[leaves], turns[:last])


def mean_path_vectors(tree: HuffmanTree, node_vectors: NDArray[Any]) -> NDArray[Any]:
    """Give each word a vector of the output side: the mean of the nodes on its path, with signs.

    With u[n] the vector of node n, and the sign + where the path's code is 0 and - where it is 1,
    ``x[w] = (1 / L[w]) sum over the path of +-u[n]``: the inner product of x[w] with a hidden
    vector is the mean of the scores that make w probable.

    Parameters
    ----------
    tree : HuffmanTree
        The tree of the words.
    node_vectors : ndarray of shape (n_nodes, dimension)
        The vectors of the inner nodes.

    Returns
    -------
    word_vectors : ndarray of shape (n_words, dimension)
        Zeros for the only word of a vocabulary, whose path has no node.

    Examples
    --------
    >>> import numpy as np
    >>> from skw2v.training.huffman import build_huffman_tree, mean_path_vectors
    >>> tree = build_huffman_tree([3, 2, 1])
    >>> [tree.path(word)[1].tolist() for word in range(3)]
    [[1], [0, 1], [0, 0]]
    >>> mean_path_vectors(tree, np.array([[4.0], [1.0]]))
    array([[-1. ],
           [-1.5],
           [ 2.5]])
    """

    def signed(nodes: NDArray[np.int32], codes: NDArray[np.int32]) -> NDArray[Any]:
        signs = (1 - 2 * codes).astype(node_vectors.dtype)
        return signs[:, np.newaxis] * node_vectors[nodes]

    lengths = np.maximum(tree.path_lengths, 1).astype(node_vectors.dtype)
    return tree.sum_over_paths(signed) / lengths[:, np.newaxis]


def _join_lightest(rising_weights: NDArray[np.float64]) -> NDArray[np.int32]:
    """Return the turn to every subtree, -1 for the whole tree.

    Subtrees are numbered as they are preferred between equally heavy ones: first the nodes as they
    are made, then the words. Both numberings rise in weight: two queues. Subtrees lighter than the
    lightest node still to be made can only meet each other, so one round joins all of them, and a
    few dozen rounds build the tree.
    """
    n_words, n_nodes = rising_weights.size, rising_weights.size - 1
    weights = np.concatenate([np.empty(n_nodes), rising_weights])
    turns = np.full(n_nodes + n_words, -1, np.int32)
    next_node, n_made, next_word = 0, 0, n_nodes
    while n_made < n_nodes:
        nodes, words = weights[next_node:n_made], weights[next_word:]
        lightest = np.sort(np.concatenate([nodes[:2], words[:2]]))[:2]
        light = np.concatenate(
            [
                next_node + np.arange(_count_light(nodes, lightest)),
                next_word + np.arange(_count_light(words, lightest)),
            ]
        )
        light = light[np.argsort(weights[light], kind="stable")]
        pairs = light[: light.size // 2 * 2].reshape(-1, 2)  # the heaviest of an odd number waits
        made = np.arange(n_made, n_made + len(pairs))
        weights[made] = weights[pairs].sum(axis=1)
        turns[pairs] = 2 * made[:, np.newaxis] + [0, 1]
        n_joined_words = int(np.count_nonzero(pairs >= n_nodes))
        next_word += n_joined_words
        next_node += pairs.size - n_joined_words
        n_made += len(pairs)
    return turns


def _count_light(weights: NDArray[np.float64], lightest: NDArray[np.float64]) -> int:
    """Count the rising weights below the sum of the two lightest, and at least up to the second.

    The sum is not above the second where the first is zero, or is lost in rounding.
    """
    below_sum = np.searchsorted(weights, lightest.sum(), side="left")
    up_to_second = np.searchsorted(weights, lightest[1], side="right")
    return max(int(below_sum), int(up_to_second))
