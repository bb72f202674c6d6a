from __future__ import annotations

import copy
import difflib
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skw2v import _search
from skw2v import word_vectors as module
from skw2v.word_vectors import UnknownWordError, WordVectors

ROYALS = ["man", "woman", "king", "queen", "apple"]
ROYAL_VECTORS = [[3.0, 0, 0, 0], [0, 3, 0, 0], [4, 0, 3, 0], [0, 4, 3, 0], [0, 0, 0, 1]]


@pytest.fixture
def royals() -> WordVectors:
    return WordVectors(ROYALS, ROYAL_VECTORS)


def random_word_vectors(n_words: int = 300, dimension: int = 8, dtype=np.float32) -> WordVectors:
    vectors = np.random.default_rng(0).normal(size=(n_words, dimension)).astype(dtype)
    return WordVectors([f"word{row}" for row in range(n_words)], vectors)


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
    assert candidates == [module._MAX_SPELLING_CANDIDATES]


def test_the_error_travels_between_processes_without_the_words():
    word_vectors = random_word_vectors(5000)
    with pytest.raises(KeyError) as caught:
        word_vectors["wort1"]
    restored = pickle.loads(pickle.dumps(caught.value))
    assert str(restored) == str(caught.value)
    assert restored.word == "wort1"
    assert len(pickle.dumps(caught.value)) < 500


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
