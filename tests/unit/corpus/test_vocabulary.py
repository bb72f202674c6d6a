from __future__ import annotations

import dataclasses
import pickle
import re
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skw2v.corpus import Vocabulary
from skw2v.corpus.vocabulary import (
    check_pruning,
    fixed_index,
    most_frequent_first,
    number_words,
)


def test_a_vocabulary_is_frozen_knows_its_words_and_pickles():
    vocabulary = Vocabulary(index={"the": 0, ("a", 1): 1}, counts=np.array([5, 2]))
    with pytest.raises(dataclasses.FrozenInstanceError, match="index"):
        vocabulary.index = {}
    copy = pickle.loads(pickle.dumps(vocabulary))
    for same in (vocabulary, copy):
        assert same.words == ["the", ("a", 1)]
        assert len(same) == 2
        assert same.counts.tolist() == [5, 2]


def test_words_are_ordered_by_falling_count():
    assert most_frequent_first(np.array([1, 3, 2]), min_count=1).tolist() == [1, 2, 0]


def test_ties_are_broken_by_first_appearance():
    # Long enough that a sort that is not stable would show.
    counts = np.tile([2, 3], 500)
    expected = [*range(1, 1000, 2), *range(0, 1000, 2)]
    assert most_frequent_first(counts, min_count=1).tolist() == expected


def test_words_below_min_count_are_dropped_and_those_at_it_kept():
    counts = np.array([5, 4, 6, 5, 1])
    assert most_frequent_first(counts).tolist() == [2, 0, 3]
    assert most_frequent_first(counts, min_count=6).tolist() == [2]
    assert most_frequent_first(counts, min_count=7).tolist() == []


def test_max_vocab_size_keeps_the_most_frequent_words():
    counts = np.array([1, 9, 5, 5, 7])
    kept = most_frequent_first(counts, min_count=2, max_vocab_size=3)
    assert kept.tolist() == [1, 4, 2]
    assert most_frequent_first(counts, min_count=6, max_vocab_size=3).tolist() == [1, 4]
    assert most_frequent_first(counts, min_count=1, max_vocab_size=99).tolist() == [1, 4, 2, 3, 0]


def test_counts_beyond_32_bits_are_ordered():
    counts = np.array([2**31 - 1, 2**33, 2**32 + 1, 3], dtype=np.int64)
    assert most_frequent_first(counts).tolist() == [1, 2, 0]


@given(st.lists(st.integers(1, 6)), st.integers(1, 7), st.one_of(st.none(), st.integers(1, 10)))
def test_the_order_agrees_with_a_naive_sort(counts, min_count, max_vocab_size):
    frequent = [i for i, count in enumerate(counts) if count >= min_count]
    expected = sorted(frequent, key=lambda i: (-counts[i], i))[:max_vocab_size]
    kept = most_frequent_first(
        np.array(counts, dtype=np.int64), min_count=min_count, max_vocab_size=max_vocab_size
    )
    assert kept.tolist() == expected


@pytest.mark.parametrize("name", ["min_count", "max_vocab_size"])
@pytest.mark.parametrize(
    ("value", "error"), [(0, ValueError), (-3, ValueError), (2.5, TypeError), (True, TypeError)]
)
def test_pruning_parameters_must_be_positive_integers(name, value, error):
    parameters = {"min_count": 1, "max_vocab_size": None, name: value}
    message = f"{name} must be an integer of at least 1, got {value!r}"
    with pytest.raises(error, match=re.escape(message)):
        check_pruning(**parameters)


def test_min_count_may_not_be_none_but_numpy_integers_will_do():
    with pytest.raises(TypeError, match=r"min_count must be an integer .* got None"):
        check_pruning(None, None)
    check_pruning(np.int64(1), np.int32(2))


@pytest.mark.parametrize(
    "vocabulary",
    [
        {"dog": 1, "cat": 0, "cow": 2},
        {"cow": np.int64(2), "dog": np.int32(1), "cat": np.uint8(0)},
        MappingProxyType({"dog": 1, "cat": 0, "cow": 2}),
        ["cat", "dog", "cow"],
        ("cat", "dog", "cow"),
        np.array(["cat", "dog", "cow"]),
        (word for word in ["cat", "dog", "cow"]),
    ],
)
def test_a_fixed_vocabulary_keeps_the_order_of_the_user(vocabulary):
    index = fixed_index(vocabulary)
    assert list(index.items()) == [("cat", 0), ("dog", 1), ("cow", 2)]
    assert {type(word) for word in index} == {str}
    assert {type(word_id) for word_id in index.values()} == {int}


def test_a_fixed_vocabulary_is_copied():
    vocabulary = {"cat": 0}
    fixed_index(vocabulary)["dog"] = 1
    assert vocabulary == {"cat": 0}


@pytest.mark.parametrize("kind", [set, frozenset])
def test_a_set_is_sorted(kind):
    words = [f"word {number:02}" for number in range(20)]
    assert list(fixed_index(kind(words))) == words


@pytest.mark.parametrize(
    ("vocabulary", "error", "message"),
    [
        ({"a": 0, "b": 2, "c": 3}, ValueError, "Vocabulary of size 3 doesn't contain index 1."),
        ({"a": -1, "b": 0}, ValueError, "Vocabulary of size 2 doesn't contain index 1."),
        ({"a": 1, "b": 2}, ValueError, "doesn't contain index 0. Use each of the indices 0 to 1"),
        ({"a": 0, "b": 0}, ValueError, "repeated indices: 'a' and 'b' both have 0"),
        ({"a": 0.0}, TypeError, "Vocabulary ids must be integers, got 0.0 (type float) for the"),
        ({"a": "0"}, TypeError, "Vocabulary ids must be integers, got '0' (type str)"),
        ({"a": False}, TypeError, "Vocabulary ids must be integers, got False (type bool)"),
        ({"a": None}, TypeError, "got None (type NoneType) for the word 'a'"),
        (["a", "b", "a"], ValueError, "Duplicate word in vocabulary: 'a' stands at positions 0"),
        ([3, np.int64(3)], ValueError, "stands at positions 0 and 1. Pass each word once."),
        ({}, ValueError, "Empty vocabulary: pass at least one word"),
        ([], ValueError, "Empty vocabulary: pass at least one word"),
        (set(), ValueError, "Empty vocabulary: pass at least one word"),
        (iter(()), ValueError, "Empty vocabulary: pass at least one word"),
        ("abc", TypeError, "or an iterable of words, got 'abc' (type str)"),
        (b"abc", TypeError, "or an iterable of words, got b'abc' (type bytes)"),
        (3, TypeError, "or an iterable of words, got 3 (type int)"),
        (["a", ["b"]], TypeError, "Words must be hashable, got ['b'] (type list) at position 1"),
        ({1, "a"}, TypeError, "vocabulary is a set whose words cannot be sorted"),
    ],
)
def test_a_bad_fixed_vocabulary_is_refused(vocabulary, error, message):
    with pytest.raises(error, match=re.escape(message)):
        fixed_index(vocabulary)


@pytest.mark.parametrize(
    ("word", "python_type"),
    [
        (np.int64(3), int),
        (np.uint8(3), int),
        (np.float64(0.5), float),
        (np.float32(0.5), float),
        (np.complex64(2j), complex),
        (np.bool_(True), bool),
        (np.str_("cat"), str),
        (np.bytes_(b"cat"), bytes),
        (np.datetime64("2020-01-01"), np.datetime64),
        (("a", 1), tuple),
        (None, type(None)),
    ],
)
def test_numpy_scalars_become_the_python_scalars_they_equal(word, python_type):
    ((number, position),) = number_words([word]).items()
    assert type(number) is python_type
    assert number == word
    assert hash(number) == hash(word)
    assert position == 0
