"""Document vectors agree with plain NumPy, and no document depends on those beside it."""

import itertools

import numpy as np
import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.feature_extraction.text import TfidfVectorizer

from skw2v import pooling
from skw2v.corpus import count_encoded_tokens, count_tokens, encode_documents
from skw2v.pooling import Pooling, idf_weights, learn_pooling, sif_weights, usif_weights

INDEX = {"a": 0, "b": 1, "c": 2}
VECTORS = np.array([[1, 0], [0, 4], [-3, 2]], dtype=np.float32)
PARTS = [("mean",), ("sum",), ("max",), ("min",), ("min", "mean"), ("mean", "sum", "max", "min")]
WEIGHTINGS = [None, "idf", "sif", "usif"]


def pool(tokens, parts=("mean",), vectors=VECTORS):
    return Pooling(parts).apply([count_tokens(tokens, INDEX)], vectors).vectors


def random_documents(seed, n_documents=60, n_words=25):
    """Draw documents of uneven words and lengths, some of them empty."""
    rng = np.random.default_rng(seed)
    shares = 1 / np.arange(1, n_words + 1)
    lengths = rng.integers(0, 12, n_documents)
    return [rng.choice(n_words, n, p=shares / shares.sum()).tolist() for n in lengths]


def learn(documents, vectors, **parameters):
    """Return the encoded documents and what is learned of them."""
    corpus, vocabulary = encode_documents(documents, vocabulary=range(len(vectors)))
    return corpus, learn_pooling(corpus, vocabulary.counts, vectors, **parameters)


@pytest.fixture
def vectors(global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    # What all words have in common is a component worth removing.
    return (rng.normal(size=(25, 8)) + 1).astype(np.float32)


# Formulas ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("norm", [None, "l1", "l2", "max"])
@pytest.mark.parametrize("remove_components", [0, 1, 3])
@pytest.mark.parametrize("weighting", WEIGHTINGS)
@pytest.mark.parametrize("parts", PARTS, ids=str)
def test_document_vectors_are_those_of_plain_numpy(
    parts, weighting, remove_components, norm, vectors, global_random_seed
):
    documents = random_documents(global_random_seed)
    parameters = {"weighting": weighting, "remove_components": remove_components, "norm": norm}
    corpus, learned = learn(documents, vectors, parts=parts, **parameters)
    X, n_unknown = learned.apply([count_encoded_tokens(corpus, 25)], vectors)
    assert X.dtype == np.float32
    assert X.shape == (60, 8 * len(parts)) == (60, learned.n_features(8))
    assert n_unknown == documents.count([])
    wide = vectors.astype(np.float64)
    for i in range(0, 60, 7):
        expected = reference.document_vector(documents[i], documents, wide, parts, **parameters)
        assert_allclose(X[i], expected, rtol=1e-3, atol=1e-4)


def test_idf_weights_are_those_of_scikit_learn():
    texts = ["a b a", "b c", "b", "d e d"]
    tfidf = TfidfVectorizer(token_pattern=r"\w").fit(texts)
    frequencies = np.array([1, 3, 1, 1, 1])
    assert_allclose(idf_weights(frequencies, 4), tfidf.idf_)


def test_usif_weights_are_those_of_the_paper(global_random_seed):
    documents = random_documents(global_random_seed)
    counts = np.bincount(list(itertools.chain(*documents)), minlength=25)
    weights = usif_weights(counts, np.mean([len(document) for document in documents if document]))
    assert_allclose(weights, [reference.usif_weight(w, documents, 25) for w in range(25)])
    assert len(set(weights.round(6))) > 2


def test_the_mean_length_is_that_of_documents_with_known_words():
    documents = [[0, 0, 0, 1], [0, 2]]
    few, many = ({"documents": documents + [[]] * n} for n in (0, 50))
    weights = [learn(**some, vectors=VECTORS, weighting="usif")[1].weights for some in (few, many)]
    assert_allclose(weights[0], [reference.usif_weight(w, documents, 3) for w in range(3)])
    assert_array_equal(*weights)


@pytest.mark.parametrize("n_words", [1, 2, 3, 7, 49, 1000])
def test_usif_weights_of_equally_frequent_words_are_two(n_words):
    counts = np.full(n_words, 3)
    for mean_length in (1, 1.5, 10):
        assert_array_equal(usif_weights(counts, mean_length), np.full(n_words, 2.0))


def test_weights_of_words_that_never_occur_are_finite():
    counts = np.array([5, 0])
    assert_allclose(sif_weights(counts), [1e-3 / 1.001, 1])
    assert_allclose(usif_weights(counts, 2), [2 / 3, 2])
    assert_allclose(idf_weights(counts, 5), [1, np.log(6) + 1])


def test_a_word_counts_as_often_as_it_occurs():
    documents = [["a", "b", "b", "a", "b", "b"]]
    assert_allclose(pool(documents), [[1 / 3, 8 / 3]], rtol=1e-6)
    assert_allclose(pool(documents, ("sum",)), [[2, 16]])
    assert_allclose(pool(documents, ("max",)), [[1, 4]])


def test_unknown_words_do_not_matter():
    for parts in PARTS:
        known, unknown = pool([["a", "c"], ["a", "x", "y", "c"]], parts)
        assert_array_equal(known, unknown)


def test_documents_without_known_words_are_zeros_and_counted():
    learned = Pooling(("mean", "max", "min"), norm="l2")
    X, n_unknown = learned.apply([count_tokens([["x"], ["b"], []], INDEX)], VECTORS)
    assert n_unknown == 2
    assert not X[[0, 2]].any()
    assert_allclose(X[1], np.array([0, 1] * 3) / np.sqrt(3))


def test_no_documents_give_no_rows():
    for batches in ([], [count_tokens([], INDEX)]):
        X, n_unknown = Pooling(("mean", "max"), norm="l2").apply(batches, VECTORS)
        assert (X.shape, X.dtype, n_unknown) == ((0, 4), np.float32, 0)


# Independence ------------------------------------------------------------------------------------


@pytest.mark.parametrize("dimension", [1, 2, 17, 100])
@pytest.mark.parametrize(
    ("parts", "weighting", "norm"),
    [(parts, weighting, "l2") for parts, weighting in zip(PARTS, WEIGHTINGS * 2, strict=False)],
)
def test_no_document_depends_on_its_neighbours(
    parts, weighting, norm, dimension, global_random_seed
):
    rng = np.random.default_rng(global_random_seed)
    vectors = rng.normal(size=(25, dimension)).astype(np.float32)
    n_components = min(2, dimension - 1)
    corpus, learned = learn(
        random_documents(global_random_seed),
        vectors,
        parts=parts,
        weighting=weighting,
        remove_components=n_components,
        norm=norm,
    )
    token_counts = count_encoded_tokens(corpus, 25)
    together, _ = learned.apply([token_counts], vectors)
    alone, _ = learned.apply((token_counts[[i]] for i in range(60)), vectors)
    assert_array_equal(alone, together, strict=True)
    halves, _ = learned.apply((token_counts[:31], token_counts[31:]), vectors)
    assert_array_equal(halves, together, strict=True)


@given(
    rows=st.lists(st.lists(st.integers(0, 9), max_size=12), max_size=30),
    gathered=st.integers(1, 40),
)
def test_extremes_of_any_documents_are_those_of_plain_numpy(rows, gathered):
    vectors = np.random.default_rng(0).normal(size=(10, 3)).astype(np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pooling, "_GATHERED_ROWS", gathered)
        X = Pooling(("max", "min")).apply([count_tokens(rows, range_index(10))], vectors).vectors
    for row, x in zip(rows, X, strict=True):
        some = vectors[row] if row else np.zeros((1, 3))
        assert_array_equal(x, np.concatenate([some.max(axis=0), some.min(axis=0)]))


def range_index(n):
    return {i: i for i in range(n)}


def test_each_pooling_of_several_is_what_it_is_alone(vectors, global_random_seed):
    documents = random_documents(global_random_seed)
    parameters = {"weighting": "usif", "remove_components": 2}
    corpus, learned = learn(documents, vectors, parts=("max", "mean"), **parameters)
    token_counts = count_encoded_tokens(corpus, 25)
    X, _ = learned.apply([token_counts], vectors)
    for part, features in (("max", X[:, :8]), ("mean", X[:, 8:])):
        _, alone = learn(documents, vectors, parts=(part,), **parameters)
        assert_array_equal(alone.apply([token_counts], vectors).vectors, features)


def test_the_inputs_are_left_alone(vectors):
    token_counts = count_tokens([[1, 2, 2], [], [3]], range_index(25))
    before = token_counts.copy(), vectors.copy()
    learned = Pooling(("mean", "sum", "max"), np.full(25, 2, np.float32), True, None, "l2")
    learned.apply([token_counts], vectors)
    assert_array_equal(token_counts.toarray(), before[0].toarray())
    assert_array_equal(vectors, before[1])


def test_float64_vectors_give_float32_documents():
    X = pool([["a"], []], ("mean", "max"), VECTORS.astype(np.float64))
    assert X.dtype == np.float32
    assert X.tolist() == [[1, 0, 1, 0], [0, 0, 0, 0]]


# Components --------------------------------------------------------------------------------------


def test_what_is_removed_is_gone(vectors, global_random_seed):
    corpus, learned = learn(random_documents(global_random_seed), vectors, remove_components=2)
    X, _ = learned.apply([count_encoded_tokens(corpus, 25)], vectors)
    assert learned.components.shape == (1, 2, 8)
    assert_allclose(learned.components[0] @ learned.components[0].T, np.eye(2), atol=1e-5)
    assert_allclose(X @ learned.components[0].T, 0, atol=1e-5)


def test_components_that_do_not_exist_are_told_and_not_removed():
    vectors = np.array([[1, 1, 0], [0, 0, 2]], dtype=np.float32)
    message = (
        "^remove_components=2, but the vectors of the 2 documents span fewer dimensions: 1 of 2 "
        "components do not exist and are not removed.$"
    )
    with pytest.warns(UserWarning, match=message):
        _, learned = learn([[0], [0, 0]], vectors, remove_components=2)
    token_counts = count_tokens([[0], [1], [0, 1]], range_index(2))
    X, _ = learned.apply([token_counts], vectors)
    assert_allclose(X, [[0, 0, 0], [0, 0, 2], [0, 0, 1]], atol=1e-6)


def test_a_small_component_is_one_all_the_same():
    vectors = np.array([[1, 0, 0], [0, 1e-4, 0], [0, 0, 0]], dtype=np.float32)
    _, learned = learn([[0], [1]], vectors, remove_components=2)
    X, _ = learned.apply([count_tokens([[0], [1], [0, 1]], range_index(3))], vectors)
    assert_allclose(X, 0, atol=1e-9)


@pytest.mark.parametrize("weighting", [None, "usif"])
def test_documents_whose_words_have_zero_vectors_have_no_component(weighting):
    vectors = np.zeros((2, 3), dtype=np.float32)
    with pytest.warns(UserWarning, match="1 of 1 components do not exist"):
        _, learned = learn([[0], [0, 1]], vectors, weighting=weighting, remove_components=1)
    assert_array_equal(learned.components, np.zeros((1, 1, 3)))


def test_components_are_learned_in_batches(vectors, global_random_seed, monkeypatch):
    from skw2v.corpus import counting

    documents = random_documents(global_random_seed)
    _, expected = learn(documents, vectors, weighting="usif", remove_components=3)
    monkeypatch.setattr(counting, "_BATCH_SIZE", 7)
    _, learned = learn(documents, vectors, weighting="usif", remove_components=3)
    signs = np.sign(np.sum(learned.components * expected.components, axis=2, keepdims=True))
    assert_allclose(signs * learned.components, expected.components, atol=1e-5)


def test_sparse_rows_of_any_index_type_are_taken():
    token_counts = count_tokens([["a", "b"], ["c"]], INDEX)
    wide = csr_array(
        (
            token_counts.data,
            token_counts.indices.astype(np.int64),
            token_counts.indptr.astype(np.int64),
        ),
        shape=token_counts.shape,
    )
    for parts in PARTS:
        first, second = (Pooling(parts).apply([x], VECTORS).vectors for x in (token_counts, wide))
        assert_array_equal(first, second)
