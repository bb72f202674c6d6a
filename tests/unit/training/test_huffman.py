"""Huffman trees: shortest, complete, word2vec.c's own, at every size."""

import heapq
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from reference import hierarchical_probability

from skw2v.training.huffman import build_huffman_tree, mean_path_vectors

counts_lists = st.lists(st.integers(0, 50) | st.integers(0, 2**40), min_size=1, max_size=60)
positive_counts_lists = st.lists(st.integers(1, 20), min_size=1, max_size=60)


def least_path_length(counts):
    """Return the weighted path length of a Huffman tree: the sum of the weights of its nodes."""
    heap, total = [int(count) for count in counts], 0
    heapq.heapify(heap)
    while len(heap) > 1:
        joined = heapq.heappop(heap) + heapq.heappop(heap)
        total += joined
        heapq.heappush(heap, joined)
    return total


def word2vec_paths(counts):
    """Build word2vec.c's tree one join at a time and return the (nodes, codes) of each word.

    Between equals: nodes before words, older nodes first, later words first.
    """
    heap = [(count, 1, -word, [word]) for word, count in enumerate(counts)]
    heapq.heapify(heap)
    paths = [([], []) for _ in counts]
    for node in range(len(counts) - 1):
        lighter, heavier = heapq.heappop(heap), heapq.heappop(heap)
        for code, (_, _, _, words) in enumerate((lighter, heavier)):
            for word in words:
                paths[word][0].insert(0, node)
                paths[word][1].insert(0, code)
        heapq.heappush(heap, (lighter[0] + heavier[0], 0, node, lighter[3] + heavier[3]))
    return paths


def total_path_length(counts, tree):
    return int(np.asarray(counts, dtype=np.int64) @ tree.path_lengths)


def test_known_weights_give_a_weighted_path_length_of_126():
    counts = [9, 11, 13, 8, 4, 5]
    tree = build_huffman_tree(counts)
    assert_array_equal(tree.path_lengths, [2, 2, 2, 3, 4, 4])
    assert total_path_length(counts, tree) == 126


def test_paths_start_at_the_root_and_heavier_children_have_code_one():
    """Joined: 4+5, then 8 with the node 9 before the word 9, then 9+11, 13+17, 20+30."""
    tree = build_huffman_tree([13, 11, 9, 8, 5, 4])
    paths = [tuple(part.tolist() for part in tree.path(word)) for word in range(6)]
    assert paths == [
        ([4, 3], [1, 0]),
        ([4, 2], [0, 1]),
        ([4, 2], [0, 0]),
        ([4, 3, 1], [1, 1, 0]),
        ([4, 3, 1, 0], [1, 1, 1, 1]),
        ([4, 3, 1, 0], [1, 1, 1, 0]),
    ]


def test_flat_arrays_have_their_types_and_sizes():
    tree = build_huffman_tree([5, 3, 2, 1])
    assert tree.word_turns.dtype == tree.node_turns.dtype == np.int32
    assert tree.word_turns.shape == (tree.n_words,) == (4,)
    assert tree.node_turns.shape == (tree.n_nodes,) == (3,)
    assert_array_equal(tree.path_lengths, [1, 2, 3, 3])


def test_turns_tell_the_parent_and_the_code():
    """Joined: 1+2, then the node 3 and the later word 3, then the other word 3 and the node 6."""
    tree = build_huffman_tree([3, 3, 2, 1])
    assert_array_equal(tree.word_turns >> 1, [2, 1, 0, 0])
    assert_array_equal(tree.word_turns & 1, [0, 1, 1, 0])
    assert_array_equal(tree.node_turns, [2 * 1 + 0, 2 * 2 + 1, -1])


@settings(deadline=None)
@given(counts_lists)
def test_weighted_path_length_is_minimal(counts):
    assert total_path_length(counts, build_huffman_tree(counts)) == least_path_length(counts)


@settings(deadline=None)
@given(positive_counts_lists)
def test_tree_is_that_of_word2vec(counts):
    tree = build_huffman_tree(counts)
    paths = [tuple(part.tolist() for part in tree.path(word)) for word in range(len(counts))]
    assert paths == word2vec_paths(counts)


@settings(deadline=None)
@given(counts_lists)
def test_codes_are_complete_and_prefix_free(counts):
    tree = build_huffman_tree(counts)
    codes = sorted("".join(map(str, tree.path(word)[1])) for word in range(len(counts)))
    assert sum(2.0 ** -len(code) for code in codes) == 1  # Kraft: no leaf is missing
    assert not any(b.startswith(a) for a, b in pairwise(codes))


@pytest.mark.parametrize("n_words", [1, 2, 3, 10, 257])
def test_word_probabilities_sum_to_one(n_words):
    rng = np.random.default_rng(n_words)
    tree = build_huffman_tree(rng.zipf(1.5, size=n_words))
    node_vectors, hidden = rng.normal(size=(tree.n_nodes, 8)), rng.normal(size=8)
    probabilities = [
        hierarchical_probability(hidden, node_vectors, *tree.path(word)) for word in range(n_words)
    ]
    assert_allclose(sum(probabilities), 1, atol=1e-6)


def test_one_word_has_an_empty_path():
    tree = build_huffman_tree([7])
    assert_array_equal(tree.word_turns, [-1])
    assert [part.size for part in tree.path(0)] == [0, 0]
    assert tree.n_nodes == 0


def test_two_words_turn_at_one_node():
    tree = build_huffman_tree([7, 2])
    assert [part.tolist() for part in tree.path(0)] == [[0], [1]]
    assert [part.tolist() for part in tree.path(1)] == [[0], [0]]


@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
def test_counts_above_32_bits_do_not_overflow(dtype):
    counts = np.array([2**50, 2**33, 2**32, 2**31, 2**31 + 1], dtype=dtype)
    tree = build_huffman_tree(counts)
    assert_array_equal(tree.path_lengths, [1, 2, 3, 4, 4])
    assert total_path_length(counts, tree) == least_path_length(counts)


def test_order_of_distinct_counts_does_not_change_the_tree():
    rng = np.random.default_rng(0)
    counts = np.arange(100, 0, -1) ** 2
    shuffle = rng.permutation(100)
    tree, shuffled = build_huffman_tree(counts), build_huffman_tree(counts[shuffle])
    for position, word in enumerate(shuffle):
        for part, shuffled_part in zip(tree.path(word), shuffled.path(position), strict=True):
            assert_array_equal(part, shuffled_part)


def test_words_that_never_occur_share_a_balanced_subtree():
    """Joining node before word, as between other equals, would make a chain of 1,000 nodes."""
    tree = build_huffman_tree([0] * 1000 + [3, 2])
    assert_array_equal(tree.path_lengths[-2:], [1, 2])
    assert tree.path_lengths.max() <= 2 + 10


def test_exponential_counts_give_a_chain():
    tree = build_huffman_tree(2 ** np.arange(60))
    assert_array_equal(tree.path_lengths[::-1], [*range(1, 60), 59])


def test_fractional_counts_are_weights_like_any_other():
    tree, doubled = build_huffman_tree([0.5, 1.5, 2.5]), build_huffman_tree([1, 3, 5])
    for part, expected in zip(tree, doubled, strict=True):
        assert_array_equal(part, expected)


def test_large_vocabulary():
    """In word2vec.c a path cannot be longer than 40 nodes; here nothing is cut."""
    n_words = 200_000
    counts = np.maximum(1, 10**12 // np.arange(1, n_words + 1) ** 2)
    tree = build_huffman_tree(counts)
    assert tree.path_lengths.max() < 50
    assert sum(part.nbytes for part in tree) < 8 * n_words
    assert total_path_length(counts, tree) == least_path_length(counts)
    _, n_children = np.unique(np.concatenate(tree) >> 1, return_counts=True)
    assert_array_equal(n_children, [1] + [2] * tree.n_nodes)  # nothing is above the root


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ([], r"at least one word.*shape \(0,\)"),
        ([[1, 2]], r"one-dimensional.*shape \(1, 2\)"),
        ([3, -1], "not negative.*-1.0 for the word with id 1"),
        ([np.nan, 1], "finite.*nan for the word with id 0"),
        ([1, 2, np.inf], "finite.*inf for the word with id 2"),
    ],
)
def test_wrong_counts_are_refused(counts, message):
    with pytest.raises(ValueError, match=message):
        build_huffman_tree(counts)


@given(counts=counts_lists)
def test_mean_path_vectors_are_those_of_a_loop(counts):
    tree = build_huffman_tree(counts)
    nodes = np.random.default_rng(0).normal(size=(max(1, tree.n_nodes), 3)).astype(np.float32)
    vectors = mean_path_vectors(tree, nodes)
    assert vectors.dtype == np.float32
    for word, vector in enumerate(vectors):
        path, codes = tree.path(word)
        expected = sum((1 - 2.0 * code) * nodes[n] for n, code in zip(path, codes, strict=True))
        assert_allclose(vector, expected / max(1, len(path)) * np.ones(3), atol=1e-5)


def test_mean_path_vectors_score_what_makes_a_word_probable():
    tree = build_huffman_tree([8, 4, 2, 1])
    nodes = np.random.default_rng(0).normal(size=(3, 5))
    h = np.random.default_rng(1).normal(size=5)
    for word, vector in enumerate(mean_path_vectors(tree, nodes)):
        path, codes = tree.path(word)
        scores = (1 - 2.0 * codes) * (nodes[path] @ h)
        assert_allclose(vector @ h, scores.mean())
        assert_allclose(
            hierarchical_probability(h, nodes, path, codes), np.prod(1 / (1 + np.exp(-scores)))
        )
