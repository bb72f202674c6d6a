"""Noise distribution, alias table and subsampling: formulas, exact masses, frequencies of draws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from reference import keep_probability, noise_probabilities
from scipy.stats import chisquare

from skw2v.training.noise import build_alias_table, keep_probabilities, noise_distribution

HEIGHT = 2**32


def implied_probabilities(table):
    """Return the probability of each word under the kernel's draw rule, summed in integers."""
    n_words = table.alias.size
    own = [int(threshold) for threshold in table.threshold]
    mass = list(own)
    for column, word in enumerate(table.alias):
        mass[word] += HEIGHT - own[column]
    assert sum(mass) == n_words * HEIGHT
    return np.array([m / (n_words * HEIGHT) for m in mass])


def draw(table, n_draws, rng):
    """Draw words by the kernel's rule from uniform 32-bit integers."""
    r1, r2 = rng.integers(HEIGHT, size=(2, n_draws), dtype=np.uint64)
    column = ((r1 * np.uint64(table.alias.size)) >> np.uint64(32)).astype(np.int64)
    return np.where(r2 < table.threshold[column], column, table.alias[column])


def zipf_counts(n_words):
    return 10**7 // np.arange(1, n_words + 1)


@pytest.mark.parametrize("exponent", [0.75, 1.0, 0.0, -0.5])
def test_noise_distribution_is_the_normalised_power_of_the_counts(exponent):
    counts = zipf_counts(1000)
    probabilities = noise_distribution(counts, exponent)
    assert probabilities.dtype == np.float64
    assert_allclose(probabilities, noise_probabilities(counts, exponent), rtol=1e-12)
    assert_allclose(probabilities.sum(), 1, rtol=1e-12)


@pytest.mark.parametrize("exponent", [0.75, 0.0, -0.5])
def test_a_word_that_never_occurs_is_no_noise(exponent):
    probabilities = noise_distribution([0, 4, 0, 1], exponent)
    assert_array_equal(probabilities[[0, 2]], 0)
    assert_allclose(probabilities[[1, 3]], noise_probabilities([4, 1], exponent))


@pytest.mark.parametrize("exponent", [200.0, -200.0])
def test_a_large_exponent_does_not_overflow(exponent):
    probabilities = noise_distribution([10**6, 1], exponent)
    assert_array_equal(probabilities, [1, 0] if exponent > 0 else [0, 1])


def test_noise_of_a_corpus_without_words_is_refused():
    with pytest.raises(ValueError, match=r"At least one count must be positive.*Got 3 counts"):
        noise_distribution([0, 0, 0], 0.75)


@pytest.mark.parametrize("function", [noise_distribution, keep_probabilities])
@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ([1, -2], r"not negative\. Got -2.0 for the word with id 1"),
        ([], r"at least one word\. Got an array of shape \(0,\)"),
        ([[1, 2]], r"one-dimensional .* Got an array of shape \(1, 2\)"),
    ],
)
def test_wrong_counts_are_refused(function, counts, message):
    with pytest.raises(ValueError, match=message):
        function(counts, 0.5)


def test_alias_table_takes_eight_bytes_a_word():
    table = build_alias_table([0.2, 0.3, 0.5])
    assert table.threshold.dtype == np.uint32
    assert table.alias.dtype == np.int32
    assert table.threshold.shape == table.alias.shape == (3,)


def test_alias_table_worked_by_hand():
    """Columns of 1: the words have 0.5, 1.5, 0.25, 1.25, 1.5.

    Word 1 tops up word 0 by 0.5 and is used up: its own column is full. Word 3 tops up word 2 by
    0.75, which is 0.5 more than it overflows; word 4 gives these 0.5 to its column.
    """
    table = build_alias_table(np.array([0.5, 1.5, 0.25, 1.25, 1.5]) / 5)
    assert_array_equal(table.alias, [1, 1, 3, 4, 4])
    assert_allclose(table.threshold / HEIGHT, [0.5, 1, 0.25, 0.5, 1], atol=1e-9)


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 5) | st.integers(0, 10**6), min_size=1, max_size=80).filter(any),
    st.sampled_from([1.0, 0.75, 0.0, -1.0]),
)
def test_alias_table_gives_every_word_its_probability(counts, exponent):
    probabilities = noise_distribution(counts, exponent)
    implied = implied_probabilities(build_alias_table(probabilities))
    assert_allclose(implied, probabilities, rtol=1e-9, atol=1 / (HEIGHT * len(counts)))
    assert_array_equal(implied[np.array(counts) == 0], 0)


def test_alias_table_of_a_large_vocabulary_is_as_exact():
    probabilities = noise_distribution(zipf_counts(200_000), 0.75)
    implied = implied_probabilities(build_alias_table(probabilities))
    assert_allclose(implied, probabilities, rtol=1e-9, atol=1 / (HEIGHT * 200_000))


@pytest.mark.parametrize("n_words", [1, 2, 3, 1000])
def test_equally_probable_words_fill_their_own_columns(n_words):
    implied = implied_probabilities(build_alias_table(np.full(n_words, 1 / n_words)))
    assert_allclose(implied, 1 / n_words, rtol=1e-9)


@pytest.mark.parametrize("error", [-5e-7, 5e-7])
def test_probabilities_that_sum_to_one_but_for_rounding_are_scaled(error):
    probabilities = noise_distribution(zipf_counts(1000), 0.75)
    implied = implied_probabilities(build_alias_table(probabilities * (1 + error)))
    assert_allclose(implied, probabilities, rtol=1e-9, atol=1 / (HEIGHT * 1000))


def test_the_only_word_is_always_drawn():
    table = build_alias_table([1.0])
    assert_array_equal(draw(table, 100, np.random.default_rng(0)), 0)
    assert_array_equal(table.alias, [0])


@pytest.mark.parametrize("exponent", [0.75, 0.0, -0.5])
def test_draws_have_the_frequencies_of_the_noise_distribution(exponent):
    counts = np.concatenate([zipf_counts(40), [0, 0, 3]])
    probabilities = noise_distribution(counts, exponent)
    words = draw(build_alias_table(probabilities), 1_000_000, np.random.default_rng(0))
    observed = np.bincount(words, minlength=counts.size)
    occurs = counts > 0
    assert observed[~occurs].sum() == 0
    assert chisquare(observed[occurs], probabilities[occurs] * words.size).pvalue > 1e-3


@pytest.mark.parametrize(
    ("probabilities", "message"),
    [
        ([], r"at least one word.*shape \(0,\)"),
        ([[0.5, 0.5]], r"one-dimensional.*shape \(1, 2\)"),
        ([1.5, -0.5], "smallest one of -0.5"),
        ([0.5, 0.4], "a sum of 0.9"),
        ([0.75, 0.5], "a sum of 1.25"),
        ([np.nan, 1.0], "a sum of nan"),
        ([np.inf, 1.0], "a sum of inf"),
    ],
)
def test_wrong_probabilities_are_refused(probabilities, message):
    with pytest.raises(ValueError, match=message):
        build_alias_table(probabilities)


@pytest.mark.parametrize("sample", [1e-3, 1e-5, 0.5])
def test_keep_probabilities_follow_the_formula(sample):
    counts = zipf_counts(1000)
    expected = [keep_probability(count, counts.sum(), sample) for count in counts]
    keep = keep_probabilities(counts, sample)
    assert keep.dtype == np.float32
    assert_allclose(keep, expected, rtol=1e-6)
    assert keep.max() <= 1


def test_a_word_that_occurs_once_may_be_dropped():
    expected = keep_probability(1, 4, 1e-3)
    assert_allclose(keep_probabilities([3, 1], 1e-3)[1], expected, rtol=1e-6)


def test_sample_zero_keeps_every_token():
    assert_array_equal(keep_probabilities([10**9, 1, 0], sample=0), 1)


def test_words_that_never_occur_are_kept_and_do_not_count():
    keep = keep_probabilities([900, 0, 100], sample=1e-2)
    assert keep[1] == 1
    assert_array_equal(keep[[0, 2]], keep_probabilities([900, 100], sample=1e-2))


def test_keep_probabilities_of_a_corpus_without_words_are_one():
    assert_array_equal(keep_probabilities([0, 0], sample=1e-3), 1)


@pytest.mark.parametrize("sample", [-1e-3, np.nan])
def test_a_wrong_sample_is_refused(sample):
    with pytest.raises(ValueError, match=r"sample must be 0 .* or positive\. Got"):
        keep_probabilities([1, 2], sample)
