from __future__ import annotations

import ast
import os
import pickle
import re
import subprocess
import sys
import time
from array import array
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

import skw2v
from skw2v.corpus import (
    Vocabulary,
    _token_ids,
    count_tokens,
    encode_documents,
    encode_more_documents,
    encoding,
    select_documents,
    tokenize_documents,
)
from skw2v.corpus._numbering import Numbering, number_corpus

PETS = [["the", "cat", "sat"], [], ["the", "dog", "sat"], ["end"], ["the"]]


def naive_encode(documents, min_count, max_vocab_size):
    """Return id lists, words and counts by the plain definition."""
    counts = Counter(token for document in documents for token in document)
    # most_common sorts stably, and a Counter remembers which word came first.
    frequent = [(word, count) for word, count in counts.most_common() if count >= min_count]
    frequent = frequent[:max_vocab_size]
    index = {word: position for position, (word, _) in enumerate(frequent)}
    encoded = [[index[token] for token in document if token in index] for document in documents]
    return encoded, list(index), [count for _, count in frequent]


def split(corpus):
    """Return the id list of each document of an encoded corpus."""
    return [
        corpus.token_ids[start:end].tolist() for start, end in pairwise(corpus.offsets.tolist())
    ]


@pytest.fixture(params=[1, 2, 7])
def small_blocks(request, monkeypatch):
    monkeypatch.setattr(_token_ids, "_BLOCK_SIZE", request.param)


def test_documents_become_ids_and_offsets_of_fixed_types():
    corpus, vocabulary = encode_documents(PETS, min_count=2)
    assert vocabulary.index == {"the": 0, "sat": 1}
    assert vocabulary.counts.tolist() == [3, 2]
    assert corpus.token_ids.tolist() == [0, 1, 0, 1, 0]
    assert corpus.offsets.tolist() == [0, 2, 2, 4, 4, 5]
    assert (corpus.n_tokens, corpus.n_documents) == (5, 5)
    assert vocabulary.counts.dtype == np.int64
    # The very types, not equivalent ones: compiled code would be compiled twice.
    assert corpus.token_ids.dtype.num == np.dtype(np.int32).num
    assert corpus.offsets.dtype.num == np.dtype(np.int64).num


def test_five_occurrences_are_needed_by_default():
    _, vocabulary = encode_documents([["five", "four"]] * 4 + [["five"]])
    assert vocabulary.index == {"five": 0}


def test_ties_are_broken_by_first_appearance():
    _, vocabulary = encode_documents([["b", "a", "c"], ["c", "a", "b", "z"], ["z"]], min_count=1)
    assert vocabulary.words == ["b", "a", "c", "z"]


def test_max_vocab_size_drops_the_rarest_words():
    corpus, vocabulary = encode_documents(PETS, min_count=1, max_vocab_size=2)
    assert vocabulary.words == ["the", "sat"]
    assert split(corpus) == [[0, 1], [], [0, 1], [], [0]]


@given(
    documents=st.lists(st.lists(st.sampled_from("abcdefg"), max_size=12), max_size=12),
    min_count=st.integers(1, 4),
    max_vocab_size=st.one_of(st.none(), st.integers(1, 6)),
    block_size=st.integers(1, 20),
)
def test_encoding_agrees_with_a_naive_counter(documents, min_count, max_vocab_size, block_size):
    encoded, words, counts = naive_encode(documents, min_count, max_vocab_size)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_token_ids, "_BLOCK_SIZE", block_size)
        if not words:
            with pytest.raises(ValueError, match=r"corpus is empty|Empty vocabulary"):
                encode_documents(documents, min_count=min_count, max_vocab_size=max_vocab_size)
            return
        corpus, vocabulary = encode_documents(
            documents, min_count=min_count, max_vocab_size=max_vocab_size
        )
    assert vocabulary.words == words
    assert list(vocabulary.index.values()) == list(range(len(words)))
    assert vocabulary.counts.tolist() == counts
    assert split(corpus) == encoded
    assert vocabulary.counts.sum() == corpus.n_tokens


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize(
    "vocabulary", [{"cow": 1, "hen": 3, "sat": 2, "the": 0}, ["the", "cow", "sat", "hen"]]
)
def test_a_fixed_vocabulary_keeps_its_order_and_ignores_other_tokens(vocabulary):
    corpus, learned = encode_documents(PETS, vocabulary=vocabulary, min_count=9, max_vocab_size=1)
    assert learned.words == ["the", "cow", "sat", "hen"]
    assert learned.counts.tolist() == [3, 0, 2, 0]
    assert learned.counts.dtype == np.int64
    assert split(corpus) == [[0, 2], [], [0, 2], [], [0]]


def test_a_fixed_vocabulary_is_checked_before_the_documents_are_read():
    def documents():
        pytest.fail("a document was read")
        yield []

    with pytest.raises(ValueError, match="Vocabulary of size 2 doesn't contain index 0"):
        encode_documents(documents(), vocabulary={"a": 1, "b": 2})
    with pytest.raises(ValueError, match="min_count must be an integer of at least 1, got 0"):
        encode_documents(documents(), min_count=0)
    with pytest.raises(TypeError, match=r"max_vocab_size must be an integer .* got 2\.0"):
        encode_documents(documents(), max_vocab_size=2.0)


def test_a_generator_is_read_once_and_no_document_is_kept():
    alive = 0
    most_alive = 0

    class Document(list):
        def __init__(self, tokens):
            nonlocal alive, most_alive
            super().__init__(tokens)
            alive += 1
            most_alive = max(most_alive, alive)

        def __del__(self):
            nonlocal alive
            alive -= 1

    documents = (Document(["a", "b"]) for _ in range(100))
    corpus, _ = encode_documents(documents)
    assert corpus.n_documents == 100
    assert next(documents, None) is None
    assert most_alive <= 2


def test_lists_generators_and_arrays_give_the_same_bytes():
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(list("abcdefgh"), size=9)) for _ in range(50)]
    tokens = [text.split() for text in texts]
    forms = [
        texts,
        (text for text in texts),
        np.array(texts),
        np.array(texts, dtype=object)[:, np.newaxis],
        tokens,
        (tuple(document) for document in tokens),
        [np.array(document) for document in tokens],
    ]
    results = [encode_documents(tokenize_documents(form, str.split)) for form in forms]
    assert len({pickle.dumps(vocabulary.words) for _, vocabulary in results}) == 1
    assert len({corpus.token_ids.tobytes() for corpus, _ in results}) == 1
    assert len({corpus.offsets.tobytes() for corpus, _ in results}) == 1


def test_the_hash_seed_does_not_matter():
    program = (
        "from skw2v.corpus import encode_documents\n"
        "documents = [[f'w{i * j % 23}' for i in range(9)] for j in range(40)]\n"
        "corpus, vocabulary = encode_documents(documents, min_count=2, max_vocab_size=17)\n"
        "result = (vocabulary.words, vocabulary.counts.tolist(), corpus.token_ids.tolist())\n"
        "order_of_a_set = list(set('abcdefgh'))\n"
    )
    here = {}
    exec(program, here)
    another_seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    there = subprocess.run(
        [sys.executable, "-c", program + "print((result, order_of_a_set))"],
        env={
            **os.environ,
            "PYTHONHASHSEED": another_seed,
            "PYTHONPATH": str(Path(skw2v.__file__).parents[1]),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    result, order_of_a_set = ast.literal_eval(there.stdout)
    assert result == here["result"]
    assert order_of_a_set != here["order_of_a_set"]  # the seeds did differ


def test_any_hashable_is_a_token():
    documents = [["w", 3, None, ("a", 1), 2.5, frozenset({1}), b"w"], [3, None, "w"]]
    corpus, vocabulary = encode_documents(documents, min_count=1)
    assert vocabulary.words == ["w", 3, None, ("a", 1), 2.5, frozenset({1}), b"w"]
    assert split(corpus) == [[0, 1, 2, 3, 4, 5, 6], [1, 2, 0]]
    assert count_tokens(documents, vocabulary.index).toarray().sum() == 10


def test_numpy_scalars_and_python_scalars_are_one_token():
    documents = [[np.int64(3), np.str_("cat")], [3, "cat"], np.array([3]).tolist()]
    corpus, vocabulary = encode_documents(documents, min_count=1)
    assert split(corpus) == [[0, 1], [0, 1], [0]]
    assert [type(word) for word in vocabulary.words] == [int, str]
    assert count_tokens([[np.int64(3), np.str_("cat")]], vocabulary.index).toarray().all()


@pytest.mark.parametrize(
    "encode",
    [
        lambda documents: encode_documents(documents, min_count=1),
        lambda documents: encode_documents(documents, vocabulary=["a"]),
        lambda documents: count_tokens(documents, {"a": 0}),
    ],
)
@pytest.mark.parametrize(
    ("token", "shown"),
    [(["b"], "['b'] (type list)"), ({}, "{} (type dict)"), (("b", []), "('b', []) (type tuple)")],
)
def test_an_unhashable_token_is_named(encode, token, shown):
    message = f"but token 2 of the document at index 1 is {shown}. Convert it"
    with pytest.raises(TypeError, match=re.escape(message)):
        encode([["a"], ["a", "a", token, []]])


def test_type_errors_of_the_documents_pass_through():
    def documents():
        yield ["a"]
        raise TypeError("from the source")

    with pytest.raises(TypeError, match=r"^from the source$"):
        encode_documents(documents())


def test_type_errors_of_the_tokens_pass_through():
    class Odd:
        def __hash__(self):
            return hash("a")

        def __eq__(self, other):
            raise TypeError("cannot compare")

    with pytest.raises(TypeError, match=r"^cannot compare$"):
        encode_documents([["a", Odd()]])


@pytest.mark.parametrize("vocabulary", [None, ["a"]])
def test_a_corpus_without_documents_is_refused(vocabulary):
    with pytest.raises(ValueError, match="corpus is empty: there are no documents"):
        encode_documents([], vocabulary=vocabulary)


@pytest.mark.parametrize("vocabulary", [None, ["a"]])
def test_a_corpus_of_empty_documents_is_refused(vocabulary):
    with pytest.raises(ValueError, match="none of the 3 documents contains a token"):
        encode_documents([[], (), []], vocabulary=vocabulary)


def test_an_empty_vocabulary_names_the_largest_counts():
    message = (
        "Empty vocabulary: no word occurs at least min_count=4 times in 5 documents with 8 tokens. "
        "The most frequent words (and counts) are 'the' (3), 'sat' (2), 'cat' (1). "
        "Lower min_count to at most 3 or pass more documents."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        encode_documents(PETS, min_count=4)


def test_a_fixed_vocabulary_without_a_single_occurrence_is_refused():
    message = (
        "None of the 8 tokens in 5 documents is in the given vocabulary of 2 words, whose first "
        "word is 'The'."
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        encode_documents(PETS, vocabulary=["The", "Cat"])


def test_one_word_is_enough():
    corpus, vocabulary = encode_documents([["a"] * 5])
    assert (vocabulary.words, corpus.token_ids.tolist()) == (["a"], [0] * 5)


def test_a_million_documents_of_one_word_take_seconds():
    documents = [[f"w{i % 1000}"] for i in range(1000)] * 1000
    begin = time.process_time()  # which other work on the machine does not stretch
    corpus, vocabulary = encode_documents(documents)
    token_counts = count_tokens(documents, vocabulary.index)
    assert time.process_time() - begin < 20
    assert (corpus.n_documents, corpus.n_tokens, len(vocabulary)) == (10**6, 10**6, 1000)
    assert corpus.offsets[-1] == 10**6
    assert vocabulary.counts.tolist() == [1000] * 1000
    assert token_counts.shape == (10**6, 1000)
    assert token_counts.nnz == 10**6


def test_a_document_longer_than_a_block_is_not_cut():
    n_tokens = 2 * _token_ids._BLOCK_SIZE + 3
    document = ["a", "rare", "b"] + ["c"] * (n_tokens - 4) + ["a"]
    documents = [["a", "b"], document, [], ["b", "a"]]
    corpus, vocabulary = encode_documents(documents, min_count=2)
    assert vocabulary.index == {"c": 0, "a": 1, "b": 2}
    assert vocabulary.counts.tolist() == [n_tokens - 4, 4, 3]
    assert corpus.offsets.tolist() == [0, 2, n_tokens + 1, n_tokens + 1, n_tokens + 3]
    assert corpus.token_ids[:5].tolist() == [1, 2, 1, 2, 0]
    assert corpus.token_ids[-4:].tolist() == [0, 1, 2, 1]
    token_counts = count_tokens(documents, vocabulary.index)
    assert token_counts.toarray().tolist() == [[0, 1, 1], [n_tokens - 4, 2, 1], [0] * 3, [0, 1, 1]]


def test_positions_beyond_32_bits_are_kept():
    # A block that begins at token 2 ** 33, after 2 ** 32 known ones; three documents end in it.
    start, n_known = 2**33, 2**32
    ends = np.array([start + 1, start + 3, start + 4], dtype=np.int64)
    known = np.array([True, False, False, True])
    new_ends = _token_ids._shift_ends(ends, known, start, n_known)
    assert new_ends.dtype == np.int64
    assert new_ends.tolist() == [n_known + 1, n_known + 1, n_known + 2]


def test_offsets_are_gathered_in_64_bits():
    flat, offsets = number_corpus([["a"]], Numbering(), array("i"))
    assert (flat.itemsize, offsets.itemsize) == (4, 8)


def test_counts_of_many_blocks_are_summed_in_64_bits(monkeypatch):
    monkeypatch.setattr(_token_ids, "_BLOCK_SIZE", 4)
    monkeypatch.setattr(np, "bincount", lambda block, minlength: np.full(minlength, 2**31 - 1))
    counts = _token_ids.count_occurrences(np.zeros(12, dtype=np.int32), 2)
    assert counts.dtype == np.int64
    assert counts.tolist() == [3 * (2**31 - 1)] * 2


def test_an_encoded_corpus_pickles():
    corpus, _ = encode_documents(PETS, min_count=1)
    copy = pickle.loads(pickle.dumps(corpus))
    np.testing.assert_array_equal(copy.token_ids, corpus.token_ids, strict=True)
    np.testing.assert_array_equal(copy.offsets, corpus.offsets, strict=True)


# A stream -----------------------------------------------------------------------------------------


def stream(parts, **options):
    """Encode the parts of a stream one after another; return what each has added."""
    vocabulary, candidates, results = Vocabulary({}, np.zeros(0, np.int64)), {}, []
    for part in parts:
        more = encode_more_documents(part, vocabulary, candidates, **options)
        vocabulary, candidates = more.vocabulary, more.candidates
        results.append(more)
    return results


def test_the_first_part_of_a_stream_is_encoded_like_a_corpus():
    documents = [["b", "a", "b"], [], ["c", "b", "a", "x"]]
    corpus, vocabulary = encode_documents(documents, min_count=2)
    (more,) = stream([documents], min_count=2)
    assert list(more.vocabulary.index.items()) == list(vocabulary.index.items())
    assert_array_equal(more.vocabulary.counts, vocabulary.counts)
    assert_array_equal(more.corpus.token_ids, corpus.token_ids)
    assert_array_equal(more.corpus.offsets, corpus.offsets)
    assert more.corpus.token_ids.dtype == np.int32
    assert (more.candidates, more.n_ignored) == ({"c": 1, "x": 1}, 2)


def test_words_of_a_stream_become_known_when_they_have_occurred_often_enough():
    first, second, third = stream([[["a", "a", "b"]], [["b", "c", "a"]], [["c", "b"]]], min_count=2)
    assert first.vocabulary.index == {"a": 0}
    assert second.vocabulary.index == {"a": 0, "b": 1}
    assert third.vocabulary.index == {"a": 0, "b": 1, "c": 2}
    assert_array_equal(second.vocabulary.counts, [3, 2])
    assert_array_equal(third.vocabulary.counts, [3, 3, 2])
    assert_array_equal(second.corpus.token_ids, [1, 0])
    assert_array_equal(third.corpus.token_ids, [2, 1])
    assert [more.n_ignored for more in (first, second, third)] == [1, 1, 0]
    assert third.candidates == {}


def test_new_words_of_a_stream_are_ordered_by_count_and_limited_in_number():
    parts = [[["a"]], [["x", "y", "y", "z", "y", "z"]]]
    _, more = stream(parts, min_count=1)
    assert list(more.vocabulary.index) == ["a", "y", "z", "x"]
    _, more = stream(parts, min_count=1, max_vocab_size=2)
    assert list(more.vocabulary.index) == ["a", "y"]
    assert more.candidates == {"x": 1, "z": 2}
    assert_array_equal(more.corpus.token_ids, [1, 1, 1])


def test_without_min_count_no_word_of_a_stream_becomes_known():
    vocabulary = Vocabulary({"a": 0}, np.array([7]))
    more = encode_more_documents([["a", "b", "b"]], vocabulary, {}, min_count=None)
    assert (more.vocabulary.index, more.n_ignored) == ({"a": 0}, 2)
    assert_array_equal(more.vocabulary.counts, [8])
    assert_array_equal(vocabulary.counts, [7])


def test_of_too_many_candidates_the_rarer_half_is_forgotten(monkeypatch):
    monkeypatch.setattr(encoding, "_MAX_CANDIDATES", 6)
    document = ["a", "b", "c", "c", "d", "e", "f"]
    (more,) = stream([[document]], min_count=5)
    assert more.candidates == {"a": 1, "b": 1, "c": 2, "d": 1, "e": 1, "f": 1}
    (more,) = stream([[[*document, "g"]]], min_count=5)
    assert list(more.candidates.items()) == [("c", 2), ("f", 1), ("g", 1)]


def test_an_empty_part_of_a_stream_is_refused():
    with pytest.raises(ValueError, match="there are no documents"):
        stream([[["a"]], []], min_count=1)


def test_documents_are_selected_in_the_order_asked_for():
    corpus, _ = encode_documents([["a", "b"], [], ["b", "b", "a"], ["a"]], min_count=1)
    selected = select_documents(corpus, np.array([3, 1, 2]))
    assert_array_equal(selected.token_ids, corpus.token_ids[[5, 2, 3, 4]])
    assert_array_equal(selected.offsets, [0, 1, 1, 4])
    assert (selected.token_ids.dtype, selected.offsets.dtype) == (np.int32, np.int64)
    assert select_documents(corpus, np.array([1])).n_tokens == 0
