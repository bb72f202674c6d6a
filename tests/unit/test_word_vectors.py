from __future__ import annotations

import copy
import difflib
import pickle
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn import neighbors
from sklearn.base import BaseEstimator

from skw2v import _search, _spelling
from skw2v.word_vectors import UnknownWordError, WordVectors

ROYALS = ["man", "woman", "king", "queen", "apple"]
ROYAL_VECTORS = [[3.0, 0, 0, 0], [0, 3, 0, 0], [4, 0, 3, 0], [0, 4, 3, 0], [0, 0, 0, 1]]


@pytest.fixture
def royals() -> WordVectors:
    return WordVectors(ROYALS, ROYAL_VECTORS)


def random_word_vectors(n_words: int = 300, dimension: int = 8, dtype=np.float32) -> WordVectors:
    vectors = np.random.default_rng(0).normal(size=(n_words, dimension)).astype(dtype)
    return WordVectors([f"word{row}" for row in range(n_words)], vectors)


class FixedNumberOfNeighbours(BaseEstimator):
    """An index with `fit` and `transform` alone, as approximate ones outside scikit-learn have."""

    def __init__(self, n_neighbors):
        self.n_neighbors = n_neighbors

    def fit(self, X):
        self.index_ = neighbors.NearestNeighbors(n_neighbors=self.n_neighbors).fit(X)
        return self

    def transform(self, X):
        return self.index_.kneighbors_graph(X, mode="distance")


def naive_most_similar(word_vectors, positive, negative, topn):
    """Return the answer of `most_similar` to one query by loops in float64."""

    def unit(vector):
        length = np.sqrt(sum(float(x) ** 2 for x in vector))
        return np.array([float(x) / length if length else 0.0 for x in vector])

    query = unit(
        sum(
            [unit(word_vectors[word]) for word in positive]
            + [-unit(word_vectors[word]) for word in negative]
        )
    )
    scores = [
        (word, float(query @ unit(word_vectors[word])))
        for word in word_vectors
        if word not in [*positive, *negative]
    ]
    return sorted(scores, key=lambda pair: -pair[1])[:topn]


def assert_same_answer(answer, expected, tolerance=1e-5):
    assert [word for word, _ in answer] == [word for word, _ in expected]
    np.testing.assert_allclose(
        [value for _, value in answer], [value for _, value in expected], atol=tolerance
    )


# Words and matrix


def test_a_word_gives_its_row(royals):
    np.testing.assert_array_equal(royals["king"], [4, 0, 3, 0])


@pytest.mark.parametrize("container", [list, np.array])
def test_several_words_give_their_rows_in_the_order_asked(royals, container):
    rows = royals[container(["queen", "man", "queen"])]
    np.testing.assert_array_equal(rows, [[0, 4, 3, 0], [3, 0, 0, 0], [0, 4, 3, 0]])


def test_no_words_give_no_rows(royals):
    assert royals[[]].shape == (0, 4)
    assert royals.similarity([], []).shape == (0,)


def test_any_hashable_is_one_word():
    words = [("New", "York"), 7, None, frozenset("ab"), "b"]
    word_vectors = WordVectors(words, np.eye(5))
    for row, word in enumerate(words):
        assert word in word_vectors
        np.testing.assert_array_equal(word_vectors[word], np.eye(5)[row])
    assert word_vectors.most_similar([None], topn=1) == [(("New", "York"), 0.0)]


def test_words_of_an_array_are_plain_python_objects():
    assert [type(word) for word in WordVectors(np.array(["a", "b"]), np.eye(2))] == [str, str]


def test_it_behaves_as_a_collection_of_words(royals):
    assert len(royals) == 5
    assert list(royals) == ROYALS
    assert royals.words == tuple(ROYALS)
    assert dict(royals.index) == {word: row for row, word in enumerate(ROYALS)}
    assert "king" in royals
    assert "prince" not in royals


def test_the_repr_gives_sizes_and_type():
    assert repr(random_word_vectors()) == "WordVectors(n_words=300, dimension=8, dtype=float32)"


def test_nothing_can_be_changed(royals):
    for array in (royals.vectors, royals["king"]):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    with pytest.raises(TypeError, match="does not support item assignment"):
        royals.index["prince"] = 5
    for name in ("words", "vectors", "index"):
        with pytest.raises(AttributeError, match=name):
            setattr(royals, name, None)


def test_a_writable_array_is_copied():
    vectors = np.ones((2, 3), np.float32)
    word_vectors = WordVectors(["a", "b"], vectors)
    vectors[:] = 7
    assert vectors.flags.writeable
    np.testing.assert_array_equal(word_vectors.vectors, np.ones((2, 3)))


def test_a_read_only_view_of_a_writable_array_is_copied():
    vectors = np.ones((2, 3), np.float32)
    view = vectors[:, :2]
    view.setflags(write=False)
    word_vectors = WordVectors(["a", "b"], view)
    vectors[:] = 7
    np.testing.assert_array_equal(word_vectors.vectors, np.ones((2, 2)))


def test_a_read_only_array_and_its_views_are_not_copied():
    vectors = np.ones((2, 3), np.float32)
    vectors.setflags(write=False)
    for array in (vectors, vectors[:, :2]):
        assert np.shares_memory(WordVectors(["a", "b"], array).vectors, vectors)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_type_of_the_vectors_is_kept(dtype):
    word_vectors = random_word_vectors(dtype=dtype)
    assert word_vectors.vectors.dtype == dtype
    assert word_vectors["word0"].dtype == dtype


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickle_keeps_words_and_vectors_and_nothing_else(protocol):
    word_vectors = random_word_vectors()
    size = len(pickle.dumps(word_vectors, protocol))
    expected = word_vectors.most_similar("word3")
    restored = pickle.loads(pickle.dumps(word_vectors, protocol))
    assert len(pickle.dumps(word_vectors, protocol)) == size
    assert restored.words == word_vectors.words
    assert restored.vectors.tobytes() == word_vectors.vectors.tobytes()
    assert not restored.vectors.flags.writeable
    assert restored.most_similar("word3") == expected


def test_unpickling_does_not_copy_the_vectors():
    vectors = np.ones((2, 3), np.float32)
    counts = np.array([7, 2])
    rebuild, (cls, words, *_) = WordVectors(["a", "b"], vectors, counts=counts).__reduce__()
    restored = rebuild(cls, words, vectors, counts)
    assert restored.vectors is vectors
    assert restored.counts is counts


def test_a_copy_is_the_immutable_object_itself(royals):
    assert copy.copy(royals) is royals
    assert copy.deepcopy(royals) is royals


# Counts


def test_counts_are_unknown_unless_given(royals):
    assert royals.counts is None
    assert pickle.loads(pickle.dumps(royals)).counts is None


@pytest.mark.parametrize(
    "counts", [[5, 0], np.array([5, 0], np.uint8), np.array([5, 0], np.uint64)]
)
def test_counts_are_int64_read_only_and_nobody_elses(counts):
    word_vectors = WordVectors(["a", "b"], np.eye(2), counts=counts)
    assert word_vectors.counts.dtype == np.int64
    counts[0] = 9
    assert word_vectors.counts.tolist() == [5, 0]
    with pytest.raises(ValueError, match="read-only"):
        word_vectors.counts[0] = 1


def test_writable_counts_of_the_right_type_are_copied():
    counts = np.array([5, 2])
    word_vectors = WordVectors(["a", "b"], np.eye(2), counts=counts)
    counts[0] = 9
    assert word_vectors.counts.tolist() == [5, 2]


def test_pickle_keeps_the_counts_read_only():
    word_vectors = WordVectors(["a", "b"], np.eye(2), counts=[5, 2])
    restored = pickle.loads(pickle.dumps(word_vectors))
    assert restored.counts.tolist() == [5, 2]
    assert not restored.counts.flags.writeable


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ([1.0, 2.0], "array of integers, got float64"),
        ([True, False], "array of integers, got bool"),
        ([1, 2, 3], r"one number for each of the 2 words, got the shape \(3,\)"),
        ([[1, 2]], r"got the shape \(1, 2\)"),
        ([3, -1], "between 0 and .* got -1 at position 1"),
        (np.array([0, 2**63], np.uint64), "got 9223372036854775808 at position 1"),
    ],
)
def test_counts_that_cannot_be_are_refused(counts, message):
    with pytest.raises(ValueError, match=message):
        WordVectors(["a", "b"], np.eye(2), counts=counts)


# Similarity


def test_similarity_is_the_cosine(royals):
    assert royals.similarity("king", "man") == pytest.approx(0.8)
    assert royals.similarity("man", "woman") == 0.0
    assert type(royals.similarity("king", "man")) is float


def test_similarity_of_lists_is_taken_pair_by_pair(royals):
    similarities = royals.similarity(["king", "king"], np.array(["queen", "man"]))
    np.testing.assert_allclose(similarities, [9 / 25, 4 / 5])


def test_similarity_never_leaves_the_interval_of_cosines():
    word_vectors = random_word_vectors()
    words = list(word_vectors)
    same = word_vectors.similarity(words, words)
    assert same.max() <= 1
    np.testing.assert_allclose(same, 1, rtol=1e-6)

    parallel = WordVectors(range(600), np.vstack([word_vectors.vectors, 3 * word_vectors.vectors]))
    answers = parallel.most_similar([[row] for row in range(300)], topn=1)
    assert [answer[0][0] for answer in answers] == list(range(300, 600))
    assert max(answer[0][1] for answer in answers) <= 1


def test_similarity_of_a_word_and_a_list_is_an_error(royals):
    with pytest.raises(TypeError, match="two words or two lists of words, got str and list"):
        royals.similarity("king", ["queen"])


def test_similarity_of_lists_of_different_length_is_an_error(royals):
    with pytest.raises(ValueError, match=r"same number of words.* got 2 and 1"):
        royals.similarity(["king", "queen"], ["man"])


# Nearest words


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize(
    ("positive", "negative"),
    [
        ("word5", None),
        (["word5"], []),
        (["word1", "word2", "word3"], None),
        (["word1", "word2"], ["word3"]),
        (None, "word4"),
        (np.array(["word1", "word2"]), np.array(["word3"])),
        (["word1", "word1"], ["word2"]),
    ],
)
def test_nearest_words_agree_with_plain_loops(dtype, positive, negative):
    word_vectors = random_word_vectors(dtype=dtype)
    added = [positive] if isinstance(positive, str) else list([] if positive is None else positive)
    taken = [negative] if isinstance(negative, str) else list([] if negative is None else negative)
    expected = naive_most_similar(word_vectors, added, taken, 10)
    answer = word_vectors.most_similar(positive, negative)
    assert_same_answer(answer, expected)
    assert {type(value) for _, value in answer} == {float}


def test_an_analogy_is_solved(royals):
    assert royals.most_similar(["king", "woman"], ["man"], topn=1)[0][0] == "queen"


@pytest.mark.parametrize("scores_per_block", [1, 700, 2**24])
def test_a_batch_gives_the_answers_of_its_queries(monkeypatch, scores_per_block):
    monkeypatch.setattr(_search, "SCORES_PER_BLOCK", scores_per_block)
    word_vectors = random_word_vectors()
    positive = [["word1", "word2"], ["word3"], []]
    negative = [["word4"], [], ["word5", "word6"]]
    answers = word_vectors.most_similar(positive, negative, topn=4)
    assert len(answers) == 3
    for answer, added, taken in zip(answers, positive, negative, strict=True):
        assert_same_answer(answer, naive_most_similar(word_vectors, added, taken, 4))


@pytest.mark.parametrize("scores_per_block", [3000, 2**24])
def test_queries_that_share_words_get_the_same_answers(monkeypatch, scores_per_block):
    monkeypatch.setattr(_search, "SCORES_PER_BLOCK", scores_per_block)
    word_vectors = random_word_vectors(dtype=np.float64)
    words = [f"word{row}" for row in range(4)]
    queries = [(a, b, c) for a in words for b in words for c in words]
    answers = word_vectors.most_similar([[b, c] for _, b, c in queries], [[a] for a, *_ in queries])
    for answer, (a, b, c) in zip(answers, queries, strict=True):
        assert_same_answer(answer, naive_most_similar(word_vectors, [b, c], [a], 10), 1e-12)


def test_either_side_of_a_batch_may_be_left_out():
    word_vectors = random_word_vectors()
    words = np.array([["word1", "word2"], ["word3", "word4"]])
    for empty in (None, []):
        for sign, answers in (
            (1, word_vectors.most_similar(words, empty, topn=3)),
            (-1, word_vectors.most_similar(empty, words, topn=3)),
        ):
            for answer, query in zip(answers, words.tolist(), strict=True):
                sides = (query, []) if sign == 1 else ([], query)
                assert_same_answer(answer, naive_most_similar(word_vectors, *sides, 3))


def test_a_batch_of_one_query_gives_one_list(royals):
    assert royals.most_similar([["king"]]) == [royals.most_similar("king")]


def test_a_list_of_words_is_one_query_and_a_tuple_is_one_word():
    word_vectors = WordVectors([("a", "b"), "a", "b"], [[1.0, 1], [1, 0], [0, 1]])
    assert [word for word, _ in word_vectors.most_similar(["a", "b"])] == [("a", "b")]
    assert [word for word, _ in word_vectors.most_similar(("a", "b"))] == ["a", "b"]


def test_the_words_of_the_query_are_left_out(royals):
    answer = royals.most_similar(["king", "apple"], ["man"], topn=None)
    assert sorted(word for word, _ in answer) == ["queen", "woman"]


def test_a_word_both_added_and_subtracted_is_left_out(royals):
    answer = royals.most_similar(["king", "man"], ["man"], topn=None)
    assert sorted(word for word, _ in answer) == ["apple", "queen", "woman"]
    assert_same_answer(answer, naive_most_similar(royals, ["king", "man"], ["man"], None))


def test_without_topn_all_words_are_ranked():
    word_vectors = random_word_vectors()
    answer = word_vectors.most_similar("word7", topn=None)
    assert_same_answer(answer, naive_most_similar(word_vectors, ["word7"], [], None))
    assert len(answer) == 299


def test_fewer_words_than_topn_give_a_shorter_list(royals):
    assert len(royals.most_similar("king", topn=100)) == 4
    assert WordVectors(["only"], [[1.0]]).most_similar("only") == []


@pytest.mark.parametrize("n_words", [5, 50, 5000])
def test_equal_similarities_come_in_the_order_of_the_words(n_words):
    vectors = np.tile(np.eye(2), (n_words, 1))
    word_vectors = WordVectors(range(2 * n_words), vectors)
    answer = word_vectors.most_similar(0, topn=4)
    assert answer == [(2, 1.0), (4, 1.0), (6, 1.0), (8, 1.0)]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=400), st.data())
def test_the_largest_values_are_those_of_a_stable_sort(values, data):
    n_largest = data.draw(st.integers(1, len(values)))
    values = np.array(values, np.float32)
    expected = np.argsort(-values, kind="stable")[:n_largest]
    np.testing.assert_array_equal(_search.largest(values, n_largest), expected)


def test_a_zero_vector_has_similarity_zero_with_everything():
    word_vectors = WordVectors(["zero", "a", "b"], np.array([[0, 0], [1, 0], [0, 1]], np.float32))
    assert word_vectors.most_similar("zero") == [("a", 0.0), ("b", 0.0)]
    assert dict(word_vectors.most_similar("a")) == {"zero": 0.0, "b": 0.0}
    assert word_vectors.similarity("zero", "zero") == 0.0


@pytest.mark.parametrize("words", [["word1"], ["word1", "word2", "word3"]])
def test_words_that_cancel_out_have_similarity_zero_with_everything(words):
    word_vectors = random_word_vectors()
    answer = word_vectors.most_similar(words, words[1:] + words[:1], topn=None)
    assert {value for _, value in answer} == {0.0}
    assert len(answer) == 300 - len(words)


@pytest.mark.parametrize("size", [1e-45, 1e-30, 1e30, 3e38])
def test_very_small_and_very_large_vectors_keep_their_direction(size):
    vectors = np.array([[1, 0], [1, 1], [0, 1]], np.float32) * np.float32(size)
    word_vectors = WordVectors(["a", "b", "c"], vectors)
    np.testing.assert_allclose(word_vectors.similarity("a", "b"), 0.5**0.5, rtol=1e-6)
    assert word_vectors.most_similar("a")[0][1] == pytest.approx(0.5**0.5)


def test_threads_that_ask_the_first_question_at_once_get_the_same_answer():
    word_vectors = random_word_vectors(5000, 50)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(word_vectors.most_similar, ["word1"] * 8))
    expected = naive_most_similar(word_vectors, ["word1"], [], 10)
    for answer in answers:
        assert_same_answer(answer, expected)


# Beside gensim


@pytest.fixture
def beside_gensim(global_random_seed):
    """Return the same random vectors as ours and as gensim's, which are float32 for good."""
    keyedvectors = pytest.importorskip("gensim.models.keyedvectors")
    generator = np.random.default_rng(global_random_seed)
    vectors = generator.normal(size=(200, 8)).astype(np.float32)
    words = [f"word{row}" for row in range(200)]
    theirs = keyedvectors.KeyedVectors(8)
    theirs.add_vectors(words, vectors)
    return WordVectors(words, vectors), theirs


@pytest.mark.parametrize(
    ("positive", "negative"),
    [(["word5"], []), (["word1", "word2"], ["word3"]), (["word1", "word1", "word4"], ["word5"])],
)
@pytest.mark.parametrize("name", ["most_similar", "most_similar_cosmul"])
@pytest.mark.filterwarnings("ignore:Call to deprecated `init_sims`:DeprecationWarning")
def test_nearest_words_are_those_of_gensim(beside_gensim, name, positive, negative):
    ours, theirs = beside_gensim
    expected = getattr(theirs, name)(positive, negative, topn=7)
    assert_same_answer(getattr(ours, name)(positive, negative, topn=7), expected)


def test_words_near_a_vector_are_those_of_gensim(beside_gensim):
    ours, theirs = beside_gensim
    vector = np.linspace(-1, 2, 8).astype(np.float32)
    assert_same_answer(ours.similar_by_vector(vector, topn=7), theirs.similar_by_vector(vector, 7))


def test_distances_are_those_of_gensim(beside_gensim):
    ours, theirs = beside_gensim
    others = ["word9", "word2"]
    np.testing.assert_allclose(ours.distances("word4"), theirs.distances("word4"), atol=1e-6)
    np.testing.assert_allclose(
        ours.distances("word4", others), theirs.distances("word4", others), atol=1e-6
    )


def test_measures_of_words_are_those_of_gensim(beside_gensim):
    ours, theirs = beside_gensim
    lists = ["word1", "word2"], ["word3", "word4", "word5"]
    assert ours.n_similarity(*lists) == pytest.approx(theirs.n_similarity(*lists), abs=1e-6)
    words = [f"word{row}" for row in range(20, 28)]
    assert ours.doesnt_match(words) == theirs.doesnt_match(words)
    for first, second in pairwise(words):
        assert ours.rank(first, second) == theirs.rank(first, second)
        assert ours.closer_than(first, second) == theirs.closer_than(first, second)
        assert ours.relative_cosine_similarity(first, second) == pytest.approx(
            theirs.relative_cosine_similarity(first, second), abs=1e-6
        )


@pytest.mark.parametrize("normalize", [True, False])
def test_the_word_mover_distance_is_that_of_gensim(beside_gensim, normalize):
    pytest.importorskip("ot")
    ours, theirs = beside_gensim
    documents = (
        ["word1", "word2", "word2", "unknown", "word7"],
        ["word3", "word2", "word9", "word9"],
    )
    expected = theirs.wmdistance(*documents, norm=normalize)
    distance = ours.word_mover_distance(*documents, normalize=normalize)
    assert distance == pytest.approx(expected, rel=1e-6)


# Products of similarities


def naive_cosmul(word_vectors, positive, negative):
    """Return the scores of 3CosMul by loops, best first."""
    scores = []
    for word in word_vectors:
        if word not in [*positive, *negative]:
            score = 1.0
            for other in positive:
                score *= (1 + word_vectors.similarity(word, other)) / 2
            below = 1.0
            for other in negative:
                below *= (1 + word_vectors.similarity(word, other)) / 2
            scores.append((word, score / (below + 1e-6)))
    return sorted(scores, key=lambda pair: -pair[1])


@pytest.mark.parametrize("scores_per_block", [1, 700, 2**24])
def test_products_of_similarities_agree_with_plain_loops(monkeypatch, scores_per_block):
    monkeypatch.setattr(_search, "SCORES_PER_BLOCK", scores_per_block)
    word_vectors = random_word_vectors(50, dtype=np.float64)
    positive = [["word1", "word2"], ["word3"], ["word1", "word1", "word7"], ["word4"]]
    negative = [["word4"], [], ["word5", "word6"], ["word8"]]
    answers = word_vectors.most_similar_cosmul(positive, negative, topn=None)
    for answer, plus, minus in zip(answers, positive, negative, strict=True):
        assert_same_answer(answer, naive_cosmul(word_vectors, plus, minus), 1e-9)


def test_one_query_of_products_gives_one_list(royals):
    answer = royals.most_similar_cosmul("king", "man", topn=2)
    assert royals.most_similar_cosmul([["king"]], [["man"]], topn=2) == [answer]


@pytest.mark.parametrize(
    ("positive", "negative"), [(None, "king"), ([], ["king"]), ([["man"], []], [[], ["king"]])]
)
def test_products_without_positive_words_are_an_error(royals, positive, negative):
    with pytest.raises(ValueError, match=r"positive must hold at least one word.* query [01] has"):
        royals.most_similar_cosmul(positive, negative)


# Analogies


@pytest.mark.parametrize("method", ["3CosAdd", "3CosMul"])
def test_an_analogy_is_a_query_of_three_words(royals, method):
    ask = {"3CosAdd": royals.most_similar, "3CosMul": royals.most_similar_cosmul}[method]
    answer = royals.analogy("man", "king", "woman", method=method)
    assert answer == ask(["king", "woman"], ["man"])
    assert answer[0][0] == "queen"


def test_many_analogies_are_answered_at_once(royals):
    answers = royals.analogy(["man", "king"], ["king", "man"], np.array(["woman", "queen"]), topn=1)
    assert [answer[0][0] for answer in answers] == ["queen", "woman"]
    assert royals.analogy([], [], []) == []


def test_an_analogy_of_words_and_lists_is_an_error(royals):
    with pytest.raises(TypeError, match="a, b and c must be three words or three lists of words"):
        royals.analogy("man", ["king"], "woman")


def test_an_unknown_method_is_an_error(royals):
    with pytest.raises(ValueError, match="method must be '3CosAdd' or '3CosMul', got 'cosmul'"):
        royals.analogy("man", "king", "woman", method="cosmul")


# Vectors as queries


def test_words_near_a_vector_include_the_word_itself(royals):
    assert royals.similar_by_vector(royals["king"], topn=1) == [("king", pytest.approx(1))]
    assert royals.similar_by_vector(7 * royals["king"], topn=1) == [("king", pytest.approx(1))]


@pytest.mark.parametrize("scores_per_block", [1, 700, 2**24])
def test_many_vectors_are_answered_in_blocks(monkeypatch, scores_per_block):
    monkeypatch.setattr(_search, "SCORES_PER_BLOCK", scores_per_block)
    word_vectors = random_word_vectors()
    answers = word_vectors.similar_by_vector(word_vectors.vectors[:20], topn=4)
    for word, answer in zip(word_vectors, answers, strict=False):
        assert answer[0] == (word, pytest.approx(1))
        assert_same_answer(answer[1:], word_vectors.most_similar(word, topn=3))


@pytest.mark.parametrize("shape", [(), (3,), (2, 5), (1, 1, 4)])
def test_a_vector_of_another_shape_is_an_error(royals, shape):
    with pytest.raises(ValueError, match=r"vector must have the shape \(4,\) or \(n_queries, 4\)"):
        royals.similar_by_vector(np.ones(shape))


def test_a_vector_that_is_not_finite_is_an_error(royals):
    with pytest.raises(ValueError, match="vector must be finite"):
        royals.similar_by_vector([1.0, np.nan, 0.0, 0.0])


# Indexes for approximate search


@pytest.fixture(
    params=[
        neighbors.NearestNeighbors(metric="cosine"),
        neighbors.NearestNeighbors(algorithm="ball_tree"),
        neighbors.KNeighborsTransformer(n_neighbors=15),
        FixedNumberOfNeighbours(n_neighbors=15),
    ],
    ids=repr,
)
def fitted_index(request):
    return request.param.fit(random_word_vectors().normalize().vectors)


def test_an_exact_index_gives_the_exact_answers(fitted_index):
    word_vectors = random_word_vectors()
    positive = [["word1", "word2"], ["word3"], ["word9"]]
    negative = [["word4"], [], ["word5"]]
    exact = word_vectors.most_similar(positive, negative)
    answers = word_vectors.most_similar(positive, negative, index=fitted_index)
    for answer, expected in zip(answers, exact, strict=True):
        assert_same_answer(answer, expected)
    exact = word_vectors.similar_by_vector(word_vectors["word3"])
    answer = word_vectors.similar_by_vector(word_vectors["word3"], index=fitted_index)
    assert_same_answer(answer, exact)


def test_an_index_of_few_neighbours_gives_few_answers():
    word_vectors = random_word_vectors()
    index = FixedNumberOfNeighbours(n_neighbors=4).fit(word_vectors.normalize().vectors)
    answer = word_vectors.most_similar("word3", index=index)
    assert_same_answer(answer, word_vectors.most_similar("word3", topn=3))


def test_only_what_the_index_proposes_is_ranked_by_its_true_similarity():
    class FixedProposals:
        def transform(self, queries):
            columns = [3, 0, 2]
            return sparse.csr_array(([9.0, 1.0, 5.0], columns, [0, 3]), shape=(1, 5))

    word_vectors = WordVectors(ROYALS, ROYAL_VECTORS)
    answer = word_vectors.most_similar("king", index=FixedProposals())
    assert_same_answer(answer, [("man", 0.8), ("queen", 0.36)])


def test_an_index_of_other_vectors_is_an_error(royals, fitted_index):
    queries = WordVectors(range(5), np.ones((5, 8)))
    with pytest.raises(ValueError, match=r"on the 5 rows of normalize\(\).vectors, .* 300 rows"):
        queries.most_similar(0, index=fitted_index)


def test_something_else_than_an_index_is_an_error(royals):
    with pytest.raises(TypeError, match="index must have a method kneighbors_graph or transform"):
        royals.most_similar("king", index=object())


# Distances, ranks and odd words


def test_distances_of_several_words_have_a_row_for_each(royals):
    distances = royals.distances(["king", "man"], ["queen", "king"])
    np.testing.assert_allclose(distances, [[1 - 0.36, 0], [1, 0.2]], atol=1e-15)
    assert royals.distances(["king", "man"]).shape == (2, 5)
    assert royals.distances("king", []).shape == (0,)


def test_distances_are_never_negative():
    word_vectors = random_word_vectors()
    distances = word_vectors.distances(list(word_vectors))
    assert distances.min() >= 0
    np.testing.assert_allclose(np.diag(distances), 0, atol=1e-6)


def test_the_mean_of_words_keeps_the_lengths_of_their_vectors():
    word_vectors = WordVectors(["long", "short", "other"], [[9.0, 0.0], [0.0, 1.0], [9.0, 1.0]])
    assert word_vectors.n_similarity(["long", "short"], ["other"]) == pytest.approx(1)


def test_the_similarity_of_lists_needs_words_in_both(royals):
    with pytest.raises(ValueError, match="second must hold at least 1 words, got 0"):
        royals.n_similarity(["king"], [])
    with pytest.raises(TypeError, match="first must be a list or an array of words, got 'king'"):
        royals.n_similarity("king", ["man"])


def test_of_two_words_none_is_odd(royals):
    assert royals.doesnt_match(["man", "king", "apple"]) == "apple"
    with pytest.raises(ValueError, match="words must hold at least 3 words, got 2"):
        royals.doesnt_match(["man", "king"])


@pytest.mark.parametrize("scores_per_block", [1, 700, 2**24])
def test_ranks_are_places_among_the_nearest_words(monkeypatch, scores_per_block):
    monkeypatch.setattr(_search, "SCORES_PER_BLOCK", scores_per_block)
    word_vectors = random_word_vectors()
    answer = [word for word, _ in word_vectors.most_similar("word7", topn=None)]
    ranks = word_vectors.rank(["word7"] * 299, answer)
    np.testing.assert_array_equal(ranks, range(1, 300))
    assert word_vectors.rank("word7", answer[41]) == 42
    assert word_vectors.rank("word7", "word7") == 1
    assert sorted(word_vectors.closer_than("word7", answer[41])) == sorted(answer[:41])


def test_equal_similarities_share_their_rank():
    word_vectors = WordVectors(list("abcd"), np.array([[1, 0], [0, 1], [0, 1], [1, 1]], np.float32))
    assert word_vectors.rank(["a", "a", "a"], ["b", "c", "d"]).tolist() == [2, 2, 1]


def test_a_relative_similarity_of_nothing_is_an_error():
    word_vectors = WordVectors(["a", "b", "zero"], [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    with pytest.raises(ValueError, match="those of 'a' do: a relative similarity is not defined"):
        word_vectors.relative_cosine_similarity("a", "b")


# Word mover's distance


def test_words_move_along_the_cheapest_ways():
    pytest.importorskip("ot")
    word_vectors = WordVectors(list("abc"), [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    # Half of the weight stays, the other half moves from b to c.
    distance = word_vectors.word_mover_distance(["a", "b"], ["c", "a"])
    assert distance == pytest.approx(0.5 * 2**0.5)
    assert word_vectors.word_mover_distance(["a", "b", "b"], ["b", "a", "b"]) == pytest.approx(0)
    assert word_vectors.word_mover_distance(["a"], ["a", "a"]) == 0


def test_a_document_without_known_words_is_infinitely_far(royals):
    pytest.importorskip("ot")
    with pytest.warns(UserWarning, match="second contains no known word among its 2"):
        assert royals.word_mover_distance(["king"], ["x", "y"]) == float("inf")


def test_without_pot_the_word_mover_distance_says_what_to_install(royals, monkeypatch):
    monkeypatch.setitem(sys.modules, "ot", None)
    with pytest.raises(ImportError, match=r'needs the package POT: pip install "skw2v\[wmd\]"'):
        royals.word_mover_distance(["king"], ["queen"])


# Parts, unit vectors and frames


@pytest.fixture
def counted() -> WordVectors:
    return WordVectors(ROYALS, np.array(ROYAL_VECTORS, np.float32), counts=[9, 7, 5, 5, 1])


def test_selected_words_keep_vectors_and_counts_in_the_order_asked(counted):
    selected = counted.select(np.array(["apple", "man"]))
    assert selected.words == ("apple", "man")
    assert selected.counts.tolist() == [1, 9]
    np.testing.assert_array_equal(selected.vectors, counted[["apple", "man"]])
    assert selected.vectors.dtype == np.float32


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        (["king", "kingg"], UnknownWordError, "'kingg' is not among"),
        (["king", "man", "king"], ValueError, "words must be distinct"),
        ([], ValueError, "words must hold at least 1 words"),
        ("king", TypeError, "words must be a list or an array of words, got 'king'"),
    ],
)
def test_words_that_cannot_be_selected_are_an_error(counted, words, error, message):
    with pytest.raises(error, match=message):
        counted.select(words)


def test_a_restriction_keeps_the_first_words_without_a_copy(counted):
    restricted = counted.restrict(2)
    assert restricted.words == ("man", "woman")
    assert restricted.counts.tolist() == [9, 7]
    assert np.shares_memory(restricted.vectors, counted.vectors)
    assert len(counted.restrict(99)) == 5


@pytest.mark.parametrize("n", [0, -1, 1.5, True, None])
def test_a_restriction_to_no_number_of_words_is_an_error(counted, n):
    with pytest.raises(ValueError, match="n must be a positive int, got"):
        counted.restrict(n)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_normalised_vectors_are_unit_vectors_of_the_same_type(dtype):
    vectors = random_word_vectors(dtype=dtype).vectors
    word_vectors = WordVectors(range(300), vectors, counts=np.arange(300))
    normalised = word_vectors.normalize()
    lengths = np.linalg.norm(normalised.vectors.astype(float), axis=1)
    np.testing.assert_allclose(lengths, 1, rtol=4 * np.finfo(dtype).eps)
    assert normalised.vectors.dtype == dtype
    assert normalised.counts.tolist() == list(range(300))
    assert not normalised.vectors.flags.writeable


def test_unknown_counts_stay_unknown(royals):
    for derived in (royals.restrict(2), royals.select(["king"]), royals.normalize()):
        assert derived.counts is None


def test_a_pandas_frame_has_the_words_as_index(counted):
    frame = counted.to_frame()
    assert list(frame.index) == ROYALS
    assert frame.index.name == "word"
    assert list(frame.columns) == ["x0", "x1", "x2", "x3"]
    assert set(frame.dtypes) == {np.dtype(np.float32)}
    np.testing.assert_array_equal(frame.loc["king"], counted["king"])
    frame.loc["king", "x0"] = 7
    np.testing.assert_array_equal(counted["king"], [4, 0, 3, 0])


def test_a_polars_frame_has_the_words_as_first_column(counted):
    polars = pytest.importorskip("polars")
    frame = counted.to_frame(library="polars")
    assert frame.schema["word"] == polars.String
    assert set(frame.dtypes[1:]) == {polars.Float32}
    assert frame["word"].to_list() == ROYALS
    np.testing.assert_array_equal(frame.drop("word").to_numpy(), counted.vectors)


@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize("words", [[("New", "York"), ("a", "b")], [1, "a"], [3, 2]])
def test_words_in_a_frame_are_what_they_were(library, words):
    pytest.importorskip(library)
    frame = WordVectors(words, np.eye(2)).to_frame(library)
    assert list(frame.index if library == "pandas" else frame["word"]) == words


def test_a_frame_of_another_library_is_an_error(counted):
    with pytest.raises(ValueError, match="library must be 'pandas' or 'polars', got 'dask'"):
        counted.to_frame("dask")


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_without_the_library_a_frame_says_what_to_install(counted, monkeypatch, library):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ImportError, match=f"needs {library}: pip install {library}"):
        counted.to_frame(library)


# Unknown words


def test_an_unknown_word_is_a_key_error_with_a_readable_message(royals):
    with pytest.raises(KeyError) as caught:
        royals["qeen"]
    message = "'qeen' is not among the 5 words. Did you mean 'queen'?"
    assert str(caught.value) == message
    assert isinstance(caught.value, UnknownWordError)
    assert caught.value.word == "qeen"


@pytest.mark.parametrize(
    "ask",
    [
        lambda word_vectors: word_vectors["man", "king"],
        lambda word_vectors: word_vectors.most_similar(("man", "king")),
    ],
)
def test_a_tuple_taken_for_several_words_is_explained(royals, ask):
    with pytest.raises(UnknownWordError, match=r"A tuple is one word; .* passed as a list"):
        ask(royals)


@pytest.mark.parametrize(
    "ask",
    [
        lambda word_vectors: word_vectors[["man", "kingg"]],
        lambda word_vectors: word_vectors.similarity("man", "kingg"),
        lambda word_vectors: word_vectors.similarity(["man"], ["kingg"]),
        lambda word_vectors: word_vectors.most_similar("kingg"),
        lambda word_vectors: word_vectors.most_similar_cosmul("king", "kingg"),
        lambda word_vectors: word_vectors.analogy("man", "kingg", "woman"),
        lambda word_vectors: word_vectors.distances("kingg"),
        lambda word_vectors: word_vectors.distances("man", ["kingg"]),
        lambda word_vectors: word_vectors.n_similarity(["man"], ["kingg"]),
        lambda word_vectors: word_vectors.doesnt_match(["man", "queen", "kingg"]),
        lambda word_vectors: word_vectors.rank("man", "kingg"),
        lambda word_vectors: word_vectors.closer_than("kingg", "man"),
        lambda word_vectors: word_vectors.relative_cosine_similarity("man", "kingg"),
        lambda word_vectors: word_vectors.most_similar(["man"], ["kingg"]),
        lambda word_vectors: word_vectors.most_similar([["man"], ["kingg"]]),
    ],
)
def test_every_question_names_the_unknown_word(royals, ask):
    with pytest.raises(UnknownWordError, match=r"'kingg' is not among .* Did you mean 'king'"):
        ask(royals)


def test_case_does_not_matter_for_suggestions():
    word_vectors = WordVectors(["Paris", "paris", "NATO"], np.eye(3))
    with pytest.raises(UnknownWordError, match=r"Did you mean 'Paris'\?"):
        word_vectors["PARIS"]
    with pytest.raises(UnknownWordError, match=r"Did you mean 'NATO'\?"):
        word_vectors["nato"]


@pytest.mark.parametrize("word", ["xylophone", 42, "king" * 10_000])
def test_without_close_spellings_nothing_is_suggested(royals, word):
    with pytest.raises(UnknownWordError, match=r"is not among the 5 words\.$") as caught:
        royals[word]
    assert len(str(caught.value)) < 100


def test_very_long_words_are_not_compared():
    with pytest.raises(UnknownWordError, match=r"is not among the 1 words\.$"):
        WordVectors(["a" * 50], [[1.0]])["a" * 49]


def test_words_that_are_no_strings_are_never_suggested():
    with pytest.raises(UnknownWordError, match=r"Did you mean 'word'\?"):
        WordVectors([1, None, ("word",), "word"], np.eye(4))["words"]


def test_the_search_for_spellings_is_bounded_and_waits_for_the_message(monkeypatch):
    candidates = []

    def record(word, possibilities, **parameters):
        candidates.append(len(possibilities))
        return []

    monkeypatch.setattr(difflib, "get_close_matches", record)
    word_vectors = WordVectors([f"{row:06}" for row in range(30_000)], np.ones((30_000, 1)))
    with pytest.raises(KeyError) as caught:
        word_vectors["unknown"]
    assert candidates == []
    assert str(caught.value) == str(caught.value) == "'unknown' is not among the 30,000 words."
    assert candidates == [_spelling.MAX_CANDIDATES]


def test_the_error_travels_between_processes_without_the_words():
    word_vectors = random_word_vectors(5000)
    with pytest.raises(KeyError) as caught:
        word_vectors["wort1"]
    restored = pickle.loads(pickle.dumps(caught.value))
    assert str(restored) == str(caught.value)
    assert restored.word == "wort1"
    # The words would take ten times as much; other libraries may add a traceback.
    assert len(pickle.dumps(caught.value)) < 5000


# Bad input


@pytest.mark.parametrize("topn", [0, -1, 2.0, "3", True])
def test_a_bad_topn_is_an_error(royals, topn):
    with pytest.raises(ValueError, match=r"topn must be a positive int, or None .* got"):
        royals.most_similar("king", topn=topn)


def test_topn_may_be_a_numpy_integer(royals):
    assert len(royals.most_similar("king", topn=np.int64(2))) == 2


@pytest.mark.parametrize(
    "query", [(), (None, None), ([], []), ([], None), (None, []), (np.array([]),)]
)
def test_an_empty_query_is_an_error(royals, query):
    with pytest.raises(ValueError, match="the query is empty: pass at least one word"):
        royals.most_similar(*query)


@pytest.mark.parametrize("query", [([["king"], []],), ([["king"], []], [["man"], []])])
def test_an_empty_query_in_a_batch_is_an_error_that_gives_its_number(royals, query):
    with pytest.raises(ValueError, match="query 1 is empty"):
        royals.most_similar(*query)


def test_a_list_of_words_and_lists_is_an_error(royals):
    with pytest.raises(ValueError, match=r"negative must be .* got a list of 1 lists and 2 words"):
        royals.most_similar("king", ["man", ["woman"], "queen"])


@pytest.mark.parametrize(
    ("positive", "negative", "message"),
    [
        ([["king"], ["man"]], ["queen"], "a batch of 2 queries and one query"),
        ("king", [["queen"]], "one query and a batch of 1 queries"),
        ([["king"]], [["man"], ["queen"]], "a batch of 1 queries and a batch of 2 queries"),
    ],
)
def test_sides_that_do_not_fit_together_are_an_error(royals, positive, negative, message):
    with pytest.raises(ValueError, match=f"batches of equal length, got {message}"):
        royals.most_similar(positive, negative)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda word_vectors: word_vectors[{"king"}], r"got \{'king'\} at position 0"),
        (lambda word_vectors: word_vectors[["man", ["king"]]], r"got \['king'\] at position 1"),
        (lambda word_vectors: word_vectors.most_similar([[["king"]]]), r"got \['king'\] at"),
    ],
)
def test_an_unhashable_word_in_a_question_is_an_error(royals, ask, message):
    with pytest.raises(TypeError, match=f"a word must be hashable, {message}"):
        ask(royals)


def test_an_array_without_dimension_is_an_error(royals):
    with pytest.raises(TypeError, match="array of words must have a dimension"):
        royals[np.array("king")]


@pytest.mark.parametrize("words", ["word", b"word"])
def test_a_single_string_in_place_of_words_is_an_error(words):
    with pytest.raises(TypeError, match=r"sequence of words, got the single string b?'word'"):
        WordVectors(words, np.eye(4))


def test_no_words_at_all_are_an_error():
    with pytest.raises(ValueError, match="words must hold at least one word, got none"):
        WordVectors([], np.empty((0, 3)))


def test_an_unhashable_word_is_an_error():
    with pytest.raises(TypeError, match=r"got \['b'\] of type list at position 1"):
        WordVectors(["a", ["b"]], np.eye(2))


def test_duplicate_words_are_an_error():
    with pytest.raises(ValueError, match=r"1 of the 4 repeat .* 'b' is at positions 1 and 3"):
        WordVectors(["a", "b", "c", "b"], np.eye(4))


@pytest.mark.parametrize(
    "vectors", [np.eye(2, dtype=int), np.eye(2, dtype=complex), [["a"], ["b"]]]
)
def test_vectors_that_are_not_floats_are_an_error(vectors):
    with pytest.raises(ValueError, match="vectors must be an array of floats, got"):
        WordVectors(["a", "b"], vectors)


@pytest.mark.parametrize("shape", [(2,), (3, 2), (1, 2), (2, 0), (2, 2, 2)])
def test_vectors_of_a_wrong_shape_are_an_error(shape):
    with pytest.raises(ValueError, match=r"one row for each of the 2 words .* the shape \("):
        WordVectors(["a", "b"], np.ones(shape))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_vectors_that_are_not_finite_are_an_error(value):
    vectors = np.ones((3, 4), np.float32)
    vectors[1, 2] = value
    with pytest.raises(ValueError, match=r"1 of the 3 rows hold NaN .* row 1, of the word 'b'"):
        WordVectors(["a", "b", "c"], vectors)
