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

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from skw2v.training.noise import check_counts


class HuffmanPaths(NamedTuple):
    """The paths of all words from the root of a binary tree, one after another in flat arrays.

    The path of `word` is ``nodes[offsets[word]:offsets[word + 1]]``, root first, and its turns are
    the same slice of `codes`. The node at which a turn is taken predicts the label 1 - code: with u
    the node's vector and h the hidden vector, p(word | h) is the product of sigmoid(u.h) where the
    code is 0 and sigmoid(-u.h) where it is 1.

    Attributes
    ----------
    offsets : ndarray of shape (n_words + 1,), dtype=int64
        Where each word's path starts; the last entry is the total length of all paths.
    nodes : ndarray of shape (offsets[-1],), dtype=int32
        Inner nodes. In word2vec.c this is `point`.
    codes : ndarray of shape (offsets[-1],), dtype=int8
        1 where the path turns to the heavier child (left), 0 where to the lighter. In word2vec.c
        this is `code`.
    """

    offsets: NDArray[np.int64]
    nodes: NDArray[np.int32]
    codes: NDArray[np.int8]

    def of(self, word: int) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
        """Return the nodes and the codes on the path of one word, root first."""
        part = slice(self.offsets[word], self.offsets[word + 1])
        return self.nodes[part], self.codes[part]


class HuffmanTree(NamedTuple):
    """A binary tree as each word's and each inner node's last turn on the way down to it.

    With ``turn = 2 * parent + code``, the parent is ``turn >> 1`` and the code ``turn & 1`` (see
    `HuffmanPaths`), up to 2**30 words. The root has the turn -1, so that its parent is -1, too; in
    a vocabulary of one word, that word is the root. Inner nodes are numbered from 0 to n_words - 2
    as they were joined, so the root is the last one; they are the rows of the output matrix.

    Eight bytes a word, where the paths written down take a hundred or two.

    Attributes
    ----------
    word_turns : ndarray of shape (n_words,), dtype=int32
        The turn to each word.
    node_turns : ndarray of shape (n_words - 1,), dtype=int32
        The turn to each inner node.
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
        lengths = np.zeros(self.n_words, np.int32)
        for words, _ in self._climb():
            lengths[words] += 1
        return lengths

    def paths(self) -> HuffmanPaths:
        """Write down the paths of all words."""
        offsets = np.concatenate([[0], np.cumsum(self.path_lengths, dtype=np.int64)])
        nodes = np.empty(offsets[-1], dtype=np.int32)
        codes = np.empty(offsets[-1], dtype=np.int8)
        position = offsets[1:].copy()
        for words, turns in self._climb():
            position[words] -= 1  # from the word up to the root, a path is written backwards
            nodes[position[words]] = turns >> 1
            codes[position[words]] = turns & 1
        return HuffmanPaths(offsets, nodes, codes)

    def _climb(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int32]]]:
        """Yield, level by level, the words not yet at the root and the turn to where each is."""
        words, turns = np.arange(self.n_words), self.word_turns
        while True:
            below_root = turns >= 0
            words, turns = words[below_root], turns[below_root]
            if words.size == 0:
                return
            yield words, turns
            turns = self.node_turns[turns >> 1]


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
        The turns of the paths. The path of the only word of a vocabulary has no node.

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
    >>> tree.paths().of(3)
    (array([4, 3, 1], dtype=int32), array([1, 1, 0], dtype=int8))
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
    >>> tree.paths().codes
    array([1, 0, 1, 0, 0], dtype=int8)
    >>> mean_path_vectors(tree, np.array([[4.0], [1.0]]))
    array([[-1. ],
           [-1.5],
           [ 2.5]])
    """
    paths, lengths = tree.paths(), tree.path_lengths
    signs = ((1 - 2 * paths.codes) / np.repeat(lengths, lengths)).astype(node_vectors.dtype)
    # The tree of one word has no node, but the matrix of its nodes may have a row.
    shape = (tree.n_words, len(node_vectors))
    return csr_array((signs, paths.nodes, paths.offsets), shape=shape) @ node_vectors


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
