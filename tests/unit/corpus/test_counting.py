import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from skw2v.corpus import (
    count_encoded_in_batches,
    count_tokens,
    count_tokens_in_batches,
    counting,
    encode_documents,
)


@given(documents=st.lists(st.lists(st.sampled_from("abcdefg"), max_size=12), max_size=12))
def test_counting_agrees_with_a_naive_loop(documents):
    index = {"g": 0, "a": 1, "x": 2, "c": 3}
    expected = np.zeros((len(documents), len(index)))
    for row, document in enumerate(documents):
        for token in document:
            if token in index:
                expected[row, index[token]] += 1
    token_counts = count_tokens(documents, index)
    assert isinstance(token_counts, csr_array)
    assert token_counts.dtype == np.float32
    np.testing.assert_array_equal(token_counts.toarray(), expected)
    # Recomputed from the arrays, not trusted.
    fresh = csr_array(
        (token_counts.data, token_counts.indices, token_counts.indptr), shape=token_counts.shape
    )
    assert fresh.has_canonical_format
    assert (fresh.data > 0).all()


def test_a_word_may_occur_more_often_than_float32_can_count_by_ones():
    n_tokens = 2**24 + 2
    assert count_tokens([["a"] * n_tokens], {"a": 0}).toarray().tolist() == [[n_tokens]]


@given(
    documents=st.lists(st.lists(st.sampled_from("abx"), max_size=7), min_size=1, max_size=20),
    batch_size=st.integers(1, 12),
)
def test_batches_hold_the_same_counts_and_stay_small(documents, batch_size):
    documents = [*documents, ["a"]]
    corpus, _ = encode_documents(documents, vocabulary=["a", "b"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counting, "_BATCH_SIZE", batch_size)
        batches = [
            list(count_tokens_in_batches(documents, {"a": 0, "b": 1})),
            list(count_encoded_in_batches(corpus, 2)),
        ]
    expected = count_tokens(documents, {"a": 0, "b": 1}).toarray()
    for parts in batches:
        np.testing.assert_array_equal(np.vstack([part.toarray() for part in parts]), expected)
        assert max(part.shape[0] for part in parts) <= batch_size
        # Beyond the size goes but the last document of a batch.
        assert all(part[:-1].sum() <= batch_size for part in parts if part.shape[0] > 1)


def test_counting_no_documents_gives_no_rows():
    token_counts = count_tokens([], {"a": 0, "b": 1})
    assert token_counts.shape == (0, 2)


def test_an_error_in_a_later_part_names_the_document_by_its_place_in_the_whole(monkeypatch):
    monkeypatch.setattr(counting, "_BATCH_SIZE", 4)
    documents = [["a", "b"]] * 7 + [["a", []]]
    with pytest.raises(TypeError, match="token 1 of the document at index 7 is"):
        list(count_tokens_in_batches(documents, {"a": 0}))
