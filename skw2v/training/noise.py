"""Turn word counts into the two sampling distributions of word2vec.

*Noise.* Negative sampling contrasts each observed word with a few words drawn from the noise
distribution, the word counts raised to a power (3/4 in the paper) and normalised. An alias table
draws from it in constant time: every word owns one column of the same height; a column is filled
from below by its own word and topped up by a single other word, its alias. To draw, pick a column
uniformly, then a height in it: below the column's threshold the word is the column's own, above it
is the alias.

*Subsampling.* The most frequent words say little about their neighbours. Each token is therefore
kept with a probability that falls with the frequency of its word.

References
----------
.. [1] T. Mikolov, I. Sutskever, K. Chen, G. Corrado, J. Dean, "Distributed Representations of Words
       and Phrases and their Compositionality", 2013, sections 2.2 and 2.3. arXiv:1310.4546
.. [2] A. J. Walker, "An Efficient Method for Generating Discrete Random Variables with General
       Distributions", ACM Transactions on Mathematical Software 3(3), 1977.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import softmax

COLUMN_HEIGHT = 2**32
"""Height of an alias table's column: the number of values of a 32-bit random integer."""


class AliasTable(NamedTuple):
    """Alias table of a distribution over words, for draws in constant time.

    With `r1` and `r2` two independent uniform 32-bit integers, a draw is ::

        column = (r1 * n_words) >> 32
        word = column if r2 < threshold[column] else alias[column]

    Attributes
    ----------
    threshold : ndarray of shape (n_words,), dtype=uint32
        The part of each column, in units of 2**-32 of its height, that is its own word's. A column
        that holds its own word alone would need the threshold 2**32; it has 2**32 - 1 and itself as
        its alias.
    alias : ndarray of shape (n_words,), dtype=int32
        The word that fills the rest of each column.
    """

    threshold: NDArray[np.uint32]
    alias: NDArray[np.int32]


def check_counts(counts: ArrayLike) -> NDArray[np.float64]:
    """Return word counts as float64, exact up to 2**53, or say what is wrong with them.

    Parameters
    ----------
    counts : array-like of shape (n_words,)
        How often each word occurs, in any order; zeros are allowed.

    Returns
    -------
    counts : ndarray of shape (n_words,), dtype=float64
        The same counts.

    Raises
    ------
    ValueError
        If there is no word, or a count is negative, infinite or NaN.

    Examples
    --------
    >>> from skw2v.training.noise import check_counts
    >>> check_counts([3, 0, 1])
    array([3., 0., 1.])
    """
    counts = np.asarray(counts, dtype=np.float64)
    if counts.ndim != 1 or counts.size == 0:
        raise ValueError(
            "counts must be a one-dimensional array with at least one word. "
            f"Got an array of shape {counts.shape}."
        )
    wrong = np.flatnonzero(~(np.isfinite(counts) & (counts >= 0)))
    if wrong.size:
        raise ValueError(
            "counts must be finite and not negative. "
            f"Got {counts[wrong[0]]} for the word with id {wrong[0]}."
        )
    return counts


def noise_distribution(counts: ArrayLike, exponent: float) -> NDArray[np.float64]:
    """Compute the distribution that negative samples are drawn from.

    The probability of a word is count**exponent, normalised over the vocabulary ([1]_, section
    2.2). A word that never occurs is never drawn, whatever the exponent.

    Parameters
    ----------
    counts : array-like of shape (n_words,)
        How often each word occurs.
    exponent : float
        1 draws words as often as they occur, 0 draws all words that occur equally often, negative
        values prefer rare words. The paper uses 0.75.

    Returns
    -------
    probabilities : ndarray of shape (n_words,), dtype=float64
        The probability of each word; sums to one.

    Raises
    ------
    ValueError
        If all counts are zero, or they are not counts.

    References
    ----------
    .. [1] T. Mikolov et al., "Distributed Representations of Words and Phrases and their
           Compositionality", 2013. arXiv:1310.4546

    Examples
    --------
    >>> from skw2v.training.noise import noise_distribution
    >>> noise_distribution([16, 1, 0], exponent=0.75).round(3)
    array([0.889, 0.111, 0.   ])
    """
    counts = check_counts(counts)
    occurs = counts > 0
    if not occurs.any():
        raise ValueError(
            "At least one count must be positive to draw noise words. "
            f"Got {counts.size} counts that are all zero."
        )
    probabilities = np.zeros(counts.size)
    # In the log domain a large exponent cannot overflow.
    probabilities[occurs] = softmax(exponent * np.log(counts[occurs]))
    return probabilities


def build_alias_table(probabilities: ArrayLike) -> AliasTable:
    """Build the alias table of a distribution over words.

    The average word fills one column. Light words do not fill theirs; heavy words overflow. In the
    order of their ids, the light columns are topped up by the first heavy word; when its overflow
    is used up, its own column may lack a part, which the next heavy word tops up before it goes on
    with the light columns; and so on. Running sums of what lacks and of what overflows therefore
    say who meets whom, without a loop.

    Probabilities are first rounded to units of 2**-32 of a column, so that all sums are exact: the
    table gives every word its probability to within 2**-32 / n_words.

    Parameters
    ----------
    probabilities : array-like of shape (n_words,)
        The probability of each word.

    Returns
    -------
    table : AliasTable
        8 bytes a word.

    Raises
    ------
    ValueError
        If a probability is negative, infinite or NaN, or they do not sum to one.

    Examples
    --------
    >>> from skw2v.training.noise import build_alias_table
    >>> table = build_alias_table([0.5, 0.25, 0.25])
    >>> (table.threshold / 2**32).round(2)
    array([1.  , 0.75, 0.75])
    >>> table.alias
    array([0, 0, 0], dtype=int32)
    """
    mass = _column_units(probabilities)
    is_heavy = mass >= COLUMN_HEIGHT
    heavy, light = np.flatnonzero(is_heavy), np.flatnonzero(~is_heavy)
    lacking = COLUMN_HEIGHT - mass[light]
    lacking_so_far = np.concatenate([[0], np.cumsum(lacking)])  # before each light column, and all
    overflow_so_far = np.cumsum(mass[heavy] - COLUMN_HEIGHT)  # up to and with each heavy word

    threshold, alias = mass, np.arange(mass.size)
    # A light column is topped up by the first heavy word that is not yet used up.
    alias[light] = heavy[np.searchsorted(overflow_so_far, lacking_so_far[:-1], side="right")]
    # The light column that uses up a heavy word takes this much more than its overflow.
    last = np.searchsorted(lacking_so_far, overflow_so_far)
    overdrawn = lacking_so_far[last] - overflow_so_far
    threshold[heavy] = COLUMN_HEIGHT - overdrawn
    topped_up = np.flatnonzero(overdrawn)  # never the last heavy word: the totals are equal
    alias[heavy[topped_up]] = heavy[topped_up + 1]
    return AliasTable(
        threshold=np.minimum(threshold, COLUMN_HEIGHT - 1).astype(np.uint32),
        alias=alias.astype(np.int32),
    )


def _column_units(probabilities: ArrayLike) -> NDArray[np.int64]:
    """Round probabilities to integers that sum to exactly n_words columns of 2**32 units."""
    probabilities = np.asarray(probabilities, dtype=np.float64)
    if probabilities.ndim != 1 or probabilities.size == 0:
        raise ValueError(
            "probabilities must be a one-dimensional array with at least one word. "
            f"Got an array of shape {probabilities.shape}."
        )
    if not (probabilities >= 0).all() or abs(probabilities.sum() - 1) > 1e-6:
        raise ValueError(
            "probabilities must not be negative and must sum to one. "
            f"Got a smallest one of {probabilities.min()} and a sum of {probabilities.sum()}."
        )
    cumulative = np.cumsum(probabilities)
    edges = np.rint(cumulative / cumulative[-1] * (probabilities.size * COLUMN_HEIGHT))
    return np.diff(edges.astype(np.int64), prepend=0)


def keep_probabilities(counts: ArrayLike, sample: float) -> NDArray[np.float32]:
    """Compute the probability that subsampling keeps a token of each word.

    With f the frequency of a word and t = `sample`, a token is kept with probability
    min(1, sqrt(t / f) + t / f): the rule of word2vec.c, whose leading term is that of [1]_,
    equation (5).

    Parameters
    ----------
    counts : array-like of shape (n_words,)
        How often each word occurs.
    sample : float
        The frequency t, a fraction of all tokens; words up to about 2.6 t are always kept. 0 keeps
        every token.

    Returns
    -------
    probabilities : ndarray of shape (n_words,), dtype=float32
        The probability of each word to be kept; 1 for a word that never occurs.

    Raises
    ------
    ValueError
        If `sample` is negative or NaN, or the counts are not counts.

    References
    ----------
    .. [1] T. Mikolov et al., "Distributed Representations of Words and Phrases and their
           Compositionality", 2013. arXiv:1310.4546

    Examples
    --------
    >>> from skw2v.training.noise import keep_probabilities
    >>> keep_probabilities([9_000, 990, 10], sample=1e-3).round(3)
    array([0.034, 0.111, 1.   ], dtype=float32)
    """
    counts = check_counts(counts)
    if not sample >= 0:
        raise ValueError(f"sample must be 0 (keep every token) or positive. Got {sample}.")
    keep = np.ones(counts.size, dtype=np.float32)
    occurs = counts > 0
    if sample > 0:
        ratio = sample * counts.sum() / counts[occurs]  # t / f
        keep[occurs] = np.minimum(1, np.sqrt(ratio) + ratio)
    return keep
