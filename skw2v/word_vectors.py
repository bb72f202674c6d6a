"""Words and their vectors, with the questions one asks of them.

Training ends here: `WordVectors` pairs each word with one row of a matrix and knows nothing of how
the matrix came about. All questions are about directions, so they are answered with *unit* vectors,
rows divided by their length: the cosine similarity of two words is then the inner product of their
unit vectors, and the similarities of many queries with all the words are one matrix product.

An analogy such as "man is to king as woman is to ?" is answered by the word whose unit vector has
the largest inner product with king - man + woman (3CosAdd, [1]_).

**A word or several words.** A word may be any hashable object, a tuple too. Therefore only a list
or a NumPy array means several words; everything else is one word.

The methods have the names of gensim's `KeyedVectors` where they mean the same.

References
----------
.. [1] Mikolov, Yih and Zweig (2013), "Linguistic Regularities in Continuous Space Word
   Representations", NAACL-HLT, section 5.
"""

from __future__ import annotations

import importlib
import reprlib
import warnings
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.spatial.distance import cdist

from skw2v._queries import (
    as_list,
    parse_aligned,
    parse_positive_int,
    parse_queries,
    parse_topn,
    parse_words,
)
from skw2v._search import (
    Nearest,
    cosadd_blocks,
    cosine_blocks,
    cosmul_blocks,
    nearest_candidates,
    nearest_rows,
    row_counts,
    unit_rows,
)
from skw2v._spelling import close_spellings
from skw2v._validation import (
    check_counts,
    check_vectors,
    check_words,
    find_unhashable,
    index_words,
)

__all__ = ["UnknownWordError", "WordVectors"]

Neighbours: TypeAlias = list[tuple[Hashable, float]]


class UnknownWordError(KeyError):
    """Tell that a word has no vector, and which known words are spelt like it.

    A `KeyError` whose message reads well in a traceback. The spellings are searched for when the
    message is asked for, so that catching the error in a loop costs nothing.

    Parameters
    ----------
    word : hashable
        The unknown word.
    words : sequence of hashables
        The known words, the most frequent first.
    message : str, default=None
        The message, where it is known already.

    Attributes
    ----------
    word : hashable
        The unknown word.
    """

    def __init__(
        self, word: Hashable, words: Sequence[Hashable] = (), message: str | None = None
    ) -> None:
        super().__init__(word)
        self.word = word
        self._words = words
        self._message = message

    def __str__(self) -> str:
        """Return the message: the word, how many words there are, and the close spellings."""
        if self._message is None:
            spellings = " or ".join(map(repr, close_spellings(self.word, self._words)))
            hint = f" Did you mean {spellings}?" if spellings else ""
            if isinstance(self.word, tuple):
                hint = " A tuple is one word; several words are passed as a list."
            word = reprlib.repr(self.word)
            self._message = f"{word} is not among the {len(self._words):,} words.{hint}"
        return self._message

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the message without the vocabulary behind it."""
        return type(self), (self.word, (), str(self))


class WordVectors:
    """Words and one vector for each, immutable.

    Parameters
    ----------
    words : sequence of distinct hashables, length n_words
        The words, usually by falling frequency: where similarities are equal, and among close
        spellings, earlier words come first.
    vectors : array-like of floats, shape (n_words, dimension)
        Finite numbers; row i belongs to ``words[i]``. The type is kept, float32 stays float32. An
        array that is read-only already (its base too, where it is a view) is taken as it is,
        without a copy; anything else is copied, so that nobody can change it afterwards.
    counts : array-like of ints, shape (n_words,), default=None
        How often each word occurred in the text that the vectors were learned from. None means
        that nobody knows. Copied or not as `vectors` are.

    Attributes
    ----------
    words : tuple, length n_words
        The words in the order of the rows.
    vectors : ndarray of shape (n_words, dimension)
        The vectors as given, read-only.
    counts : ndarray of shape (n_words,), dtype int64, or None
        The counts of the words, read-only; None if unknown.
    index : mapping of word to int
        The row of each word, read-only.

    Raises
    ------
    TypeError
        If `words` is a single string or holds something that is not hashable.
    ValueError
        If a word occurs twice, `vectors` is not a finite, floating, two-dimensional array, `counts`
        is not a one-dimensional array of integers from 0, or the numbers of words, rows and counts
        differ.

    Examples
    --------
    >>> from skw2v.word_vectors import WordVectors
    >>> words = ["man", "woman", "king", "queen", "apple"]
    >>> vectors = [[3.0, 0, 0, 0], [0, 3, 0, 0], [4, 0, 3, 0], [0, 4, 3, 0], [0, 0, 0, 1]]
    >>> word_vectors = WordVectors(words, vectors)
    >>> word_vectors
    WordVectors(n_words=5, dimension=4, dtype=float64)
    >>> word_vectors["king"]
    array([4., 0., 3., 0.])
    >>> word_vectors[["king", "queen"]].shape
    (2, 4)
    >>> "pear" in word_vectors
    False
    >>> for word, similarity in word_vectors.most_similar("king", topn=2):
    ...     print(f"{word} {similarity:.2f}")
    man 0.80
    queen 0.36
    >>> word_vectors["aple"]
    Traceback (most recent call last):
        ...
    skw2v.word_vectors.UnknownWordError: 'aple' is not among the 5 words. Did you mean 'apple'?
    """

    def __init__(
        self, words: Iterable[Hashable], vectors: ArrayLike, *, counts: ArrayLike | None = None
    ) -> None:
        self._words = check_words(words)
        self._index = index_words(self._words)
        self._vectors = check_vectors(vectors, self._words)
        self._counts = None if counts is None else check_counts(counts, len(self._words))

    @classmethod
    def _of_checked(cls, index: dict[Any, int], vectors: NDArray[np.floating]) -> WordVectors:
        """Make word vectors, without looking at millions of words again.

        Parameters
        ----------
        index : dict of hashable to int
            The row of each word, in the order of the rows.
        vectors : ndarray of shape (n_words, dimension)
            Finite and read-only.
        """
        word_vectors = cls.__new__(cls)
        word_vectors._words, word_vectors._index = tuple(index), index
        word_vectors._vectors, word_vectors._counts = vectors, None
        return word_vectors

    @property
    def words(self) -> tuple[Hashable, ...]:
        """Return the words in the order of the rows."""
        return self._words

    @property
    def vectors(self) -> NDArray[np.floating]:
        """Return the read-only matrix of shape (n_words, dimension)."""
        return self._vectors

    @property
    def counts(self) -> NDArray[np.int64] | None:
        """Return the read-only array of how often each word occurred, or None if unknown."""
        return self._counts

    @property
    def index(self) -> Mapping[Hashable, int]:
        """Return the read-only mapping of each word to its row."""
        return MappingProxyType(self._index)

    def __len__(self) -> int:
        """Return the number of words."""
        return len(self._words)

    def __iter__(self) -> Iterator[Hashable]:
        """Iterate over the words in the order of the rows."""
        return iter(self._words)

    def __contains__(self, word: Hashable) -> bool:
        """Tell whether a word has a vector."""
        return word in self._index

    def __repr__(self) -> str:
        """Return the numbers of words and dimensions, and the type of the vectors."""
        n_words, dimension = self._vectors.shape
        return (
            f"{type(self).__name__}(n_words={n_words}, dimension={dimension}, "
            f"dtype={self._vectors.dtype})"
        )

    def __copy__(self) -> WordVectors:
        """Return the object itself, which nobody can change."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> WordVectors:
        """Return the object itself, which nobody can change."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle words, vectors and counts; what derives from them is computed again."""
        return _unpickle, (type(self), self._words, self._vectors, self._counts)

    def __getitem__(self, word: Hashable | list[Any] | NDArray[Any]) -> NDArray[np.floating]:
        """Return the vector of a word, or the vectors of several words.

        Parameters
        ----------
        word : hashable, or list or array of hashables
            One word, or several.

        Returns
        -------
        ndarray of shape (dimension,) or (len(word), dimension)
            One word: a read-only view. Several words: a new array.

        Raises
        ------
        UnknownWordError
            If a word is unknown. It is a `KeyError` and suggests close spellings.
        """
        if isinstance(word, (list, np.ndarray)):
            return self._vectors[self._rows(as_list(word))]
        return self._vectors[self._rows([word])[0]]

    @overload
    def similarity(self, first: Hashable, second: Hashable) -> float: ...

    @overload
    def similarity(
        self, first: list[Any] | NDArray[Any], second: list[Any] | NDArray[Any]
    ) -> NDArray[np.floating]: ...

    def similarity(self, first: Any, second: Any) -> float | NDArray[np.floating]:
        """Compute the cosine similarity of two words, or of many pairs of words.

        Parameters
        ----------
        first, second : hashable, or list or array of hashables
            Two words, or two lists of equal length whose words are compared pair by pair.

        Returns
        -------
        float or ndarray of shape (n_pairs,)
            Cosine similarities from -1 to 1; 0 where a vector is zero.

        Raises
        ------
        UnknownWordError
            If a word is unknown.
        TypeError
            If one argument is a word and the other a list.
        ValueError
            If the lists differ in length.

        Examples
        --------
        >>> from skw2v.word_vectors import WordVectors
        >>> word_vectors = WordVectors(["a", "b", "c"], [[1.0, 0.0], [0.0, 2.0], [3.0, 0.0]])
        >>> word_vectors.similarity("a", "c")
        1.0
        >>> word_vectors.similarity(["a", "a"], ["b", "c"])
        array([0., 1.])
        """
        (first, second), is_batch = parse_aligned(first=first, second=second)
        similarities = self._pair_similarities(first, second)
        return similarities if is_batch else float(similarities[0])

    def distances(
        self,
        word: Hashable | list[Any] | NDArray[Any],
        other_words: list[Any] | NDArray[Any] | None = None,
    ) -> NDArray[np.floating]:
        """Compute the cosine distances of a word, or of several words, from other words.

        Parameters
        ----------
        word : hashable, or list or array of hashables
            One word, or several.
        other_words : list or array of hashables, default=None
            The words to measure the distance from. None stands for all words, in their order.

        Returns
        -------
        ndarray of shape (n_others,) or (len(word), n_others)
            One minus the cosine similarity: 0 for the same direction, 1 for right angles and where
            a vector is zero, 2 for opposite directions.

        Raises
        ------
        UnknownWordError
            If a word is unknown.

        Examples
        --------
        >>> from skw2v.word_vectors import WordVectors
        >>> word_vectors = WordVectors(["a", "b", "c"], [[1.0, 0.0], [0.0, 2.0], [3.0, 0.0]])
        >>> word_vectors.distances("a")
        array([0., 1., 0.])
        >>> word_vectors.distances(["a", "b"], ["b"])
        array([[1.],
               [0.]])
        """
        units = self._unit_vectors
        others = units
        if other_words is not None:
            others = units[self._rows(parse_words(other_words, "other_words", min_words=0))]
        (words,), is_batch = parse_aligned(word=word)
        distances = 1 - np.clip(units[self._rows(words)] @ others.T, -1, 1)
        return distances if is_batch else distances[0]

    def n_similarity(
        self, first: list[Any] | NDArray[Any], second: list[Any] | NDArray[Any]
    ) -> float:
        """Compute the cosine similarity of the mean vectors of two lists of words.

        As in gensim, the means are those of the vectors as they are, not of unit vectors.

        Parameters
        ----------
        first, second : list or array of hashables
            The words, at least one in each list.

        Returns
        -------
        float
            The similarity from -1 to 1; 0 where a mean is zero.

        Raises
        ------
        UnknownWordError
            If a word is unknown.
        ValueError
            If a list is empty.

        Examples
        --------
        >>> from skw2v.word_vectors import WordVectors
        >>> word_vectors = WordVectors(["a", "b", "c"], [[1.0, 0.0], [0.0, 1.0], [3.0, 3.0]])
        >>> round(word_vectors.n_similarity(["a", "b"], ["c"]), 6)
        1.0
        """
        lists = parse_words(first, "first"), parse_words(second, "second")
        means = [self._vectors[self._rows(words)].mean(axis=0, dtype=float) for words in lists]
        units = unit_rows(np.array(means))
        return float(np.clip(units[0] @ units[1], -1, 1))

    def doesnt_match(self, words: list[Any] | NDArray[Any]) -> Hashable:
        """Find the word that fits the others least.

        Parameters
        ----------
        words : list or array of hashables
            At least three words: of two, neither is nearer to their mean.

        Returns
        -------
        hashable
            The word whose cosine similarity with the mean of all the unit vectors is smallest; of
            equal ones the first.

        Raises
        ------
        UnknownWordError
            If a word is unknown.
        ValueError
            If there are fewer than three words.

        Examples
        --------
        >>> from skw2v.word_vectors import WordVectors
        >>> word_vectors = WordVectors(["red", "blue", "ten"], [[2.0, 1.0], [3.0, 0.0], [0.0, 1.0]])
        >>> word_vectors.doesnt_match(["red", "ten", "blue"])
        'ten'
        """
        words = parse_words(words, "words", min_words=3)
        units = self._unit_vectors[self._rows(words)]
        return words[int(np.argmin(units @ units.mean(axis=0)))]

    @overload
    def rank(self, first: Hashable, second: Hashable) -> int: ...

    @overload
    def rank(
        self, first: list[Any] | NDArray[Any], second: list[Any] | NDArray[Any]
    ) -> NDArray[np.intp]: ...

    def rank(self, first: Any, second: Any) -> int | NDArray[np.intp]:
        """Compute which place a word takes among the nearest words of another.

        Parameters
        ----------
        first, second : hashable, or list or array of hashables
            Two words, or two lists of equal length whose words are compared pair by pair.

        Returns
        -------
        int or ndarray of shape (n_pairs,)
            One more than the number of words nearer to `first` than `second` is, `first` itself
            left out: 1 for the nearest word.

        Raises
        ------
        UnknownWordError
            If a word is unknown.
        TypeError
            If one argument is a word and the other a list.
        ValueError
            If the lists differ in length.

        Examples
        --------
        >>> from skw2v.word_vectors import WordVectors
        >>> word_vectors = WordVectors(["a", "b", "c"], [[1.0, 0.0], [0.0, 1.0], [2.0, 1.0]])
        >>> word_vectors.rank("a", "b")
        2
        >>> word_vectors.rank(["a", "b"], ["c", "c"])
        array([1, 1])
        """
        (first, second), is_batch = parse_aligned(first=first, second=second)
        rows, others = self._rows(first), self._rows(second)
        ranks = np.empty(len(rows), np.intp)
        for block, scores in cosine_blocks(self._unit_vectors[rows], self._unit_vectors):
            bounds = np.take_along_axis(scores, others[block, np.newaxis], axis=1)
            # A word does not compete with itself.
            np.put_along_axis(scores, rows[block, np.newaxis], -np.inf, axis=1)
            ranks[block] = 1 + np.count_nonzero(scores > bounds, axis=1)
        return ranks if is_batch else int(ranks[0])

    def closer_than(self, first: Hashable, second: Hashable) -> list[Hashable]:
        """Find the words that are nearer to a word than another one is.

        Parameters
        ----------
        first, second : hashable
            Two words.

        Returns
        -------
        list of hashables
            The words whose cosine similarity with `first` is larger than that of `second`, without
            `first`, in the order of `words`.

        Raises
        ------
        UnknownWordError
            If a word is unknown.

        Examples
        --------
        >>> from skw2v.word_vectors import WordVectors
        >>> word_vectors = WordVectors(["a", "b", "c"], [[1.0, 0.0], [0.0, 1.0], [2.0, 1.0]])
        >>> word_vectors.closer_than("a", "b")
        ['c']
        """
        row, other = self._rows([first, second])
        scores = self._unit_vectors @ self._unit_vectors[row]
        bound = scores[other]
        scores[row] = -np.inf
        return [self._words[i] for i in np.flatnonzero(scores > bound)]

    def relative_cosine_similarity(
        self, first: Hashable, second: Hashable, topn: int = 10
    ) -> float:
        """Compute the similarity of two words as a share of that of the nearest words.

        The cosine similarity divided by the sum of the similarities of the `topn` nearest words of
        `first`. With ``topn=10``, more than 0.1 means that the words are more alike than the ten
        nearest are on average: a sign of synonyms ([1]_, equation 1).

        Parameters
        ----------
        first, second : hashable
            Two words.
        topn : int, default=10
            How many nearest words of `first` to compare with.

        Returns
        -------
        float
            The relative similarity.

        Raises
        ------
        UnknownWordError
            If a word is unknown.
        ValueError
            If the similarities of the nearest words add up to zero, or `topn` is not positive.

        References
        ----------
        .. [1] Leeuwenberg, Vela, Dehdari and van Genabith (2016), "A Minimally Supervised Approach
           for Synonym Extraction with Word Embeddings", PBML 105.

        Examples
        --------
        >>> from skw2v.word_vectors import WordVectors
        >>> word_vectors = WordVectors(["a", "b", "c"], [[1.0, 0.0], [3.0, 4.0], [4.0, 3.0]])
        >>> round(word_vectors.relative_cosine_similarity("a", "b", topn=2), 4)
        0.4286
        """
        added = self._row_counts([[first]])
        similarity = self.similarity(first, second)
        ((_, scores),) = nearest_rows(
            cosine_blocks(added @ self._unit_vectors, self._unit_vectors),
            parse_topn(topn, len(self)),
            excluded=added,
        )
        total = float(scores.sum())
        if total == 0:
            raise ValueError(
                "the similarities of the nearest words must not add up to zero, and those of "
                f"{reprlib.repr(first)} do: a relative similarity is not defined."
            )
        return similarity / total

    def word_mover_distance(
        self,
        first: list[Any] | NDArray[Any],
        second: list[Any] | NDArray[Any],
        *,
        normalize: bool = True,
    ) -> float:
        """Compute how far the words of one document must move to become those of another.

        The earth mover's distance ([1]_) of the two documents: each known word weighs as much as
        its share of the document's known words, and moving it costs the Euclidean distance of the
        vectors. In gensim this is `wmdistance`. Needs the package POT (``pip install
        "skw2v[wmd]"``).

        Parameters
        ----------
        first, second : list or array of hashables
            The documents, as words. Unknown words are ignored, as by a vectorizer's `transform`.
        normalize : bool, default=True
            Compare unit vectors. With False the vectors as they are.

        Returns
        -------
        float
            The distance from 0; infinity, and a warning, if a document has no known word.

        Raises
        ------
        ImportError
            If POT is not installed.

        References
        ----------
        .. [1] Kusner, Sun, Kolkin and Weinberger (2015), "From Word Embeddings To Document
           Distances", ICML.

        Examples
        --------
        >>> from skw2v.word_vectors import WordVectors
        >>> word_vectors = WordVectors(["a", "b", "c"], [[1.0, 0.0], [0.6, 0.8], [-1.0, 0.0]])
        >>> round(word_vectors.word_mover_distance(["a", "b"], ["a", "c"]), 6)
        0.894427
        """
        try:
            from ot import emd2
        except ImportError as error:
            raise ImportError(
                'word_mover_distance needs the package POT: pip install "skw2v[wmd]".'
            ) from error
        weights: list[NDArray[np.floating]] = []
        vectors: list[NDArray[np.floating]] = []
        for name, document in (("first", first), ("second", second)):
            words = parse_words(document, name, min_words=0)
            known = [word for word in words if word in self._index]
            if not known:
                warnings.warn(
                    f"{name} contains no known word among its {len(words)}; the word mover's "
                    "distance is infinite.",
                    UserWarning,
                    stacklevel=2,
                )
                return float("inf")
            rows, counts = np.unique(self._rows(known), return_counts=True)
            weights.append(counts / len(known))
            vectors.append(unit_rows(self._vectors[rows]) if normalize else self._vectors[rows])
        costs = cdist(vectors[0], vectors[1])
        return float(emd2(*weights, costs)) if costs.any() else 0.0

    def most_similar(
        self,
        positive: Hashable | list[Any] | NDArray[Any] | None = None,
        negative: Hashable | list[Any] | NDArray[Any] | None = None,
        topn: int | None = 10,
        *,
        index: Any = None,
    ) -> Neighbours | list[Neighbours]:
        """Find the words nearest to a word or to a sum and difference of words.

        The query is the mean of the unit vectors of the `positive` words and of the reversed unit
        vectors of the `negative` ones (3CosAdd, [1]_). Its cosine similarity with every word is
        computed exactly, for a whole batch of queries by matrix products in bounded memory.

        Parameters
        ----------
        positive, negative : hashable, list or array, default=None
            One query: a word or a list of words. A batch of queries: a list of lists of words; then
            `positive` and `negative`, where both are given, hold one list for each query, which may
            be empty. ``None`` and ``[]`` stand for no words at all.
        topn : int or None, default=10
            How many words to return, at least 1. With ``None`` all of them are ranked.
        index : fitted nearest-neighbours index, default=None
            Look only among the words that this index proposes: faster for millions of words, and as
            exact as the index is. It must be fitted on ``normalize().vectors`` and is either like
            :class:`~sklearn.neighbors.NearestNeighbors`, which is asked for as many neighbours as
            are needed, or like :class:`~sklearn.neighbors.KNeighborsTransformer` and
            ``pynndescent.PyNNDescentTransformer``, whose `transform` gives a fixed number of them:
            choose it larger than `topn` by the number of words in a query.

        Returns
        -------
        list of (word, float), or list of such lists
            For each query the nearest words, without the words of the query, and their
            similarities from -1 to 1, the largest first, equal ones in the order of `words`.
            The list is shorter than `topn` if there are not enough words. A zero vector has
            similarity 0 with everything.

        Raises
        ------
        UnknownWordError
            If a word is unknown.
        ValueError
            If a query has no words, `positive` and `negative` do not fit together, `topn` is not
            positive, or `index` was fitted on another number of vectors.
        TypeError
            If `index` is no nearest-neighbours index.

        References
        ----------
        .. [1] Mikolov, Yih and Zweig (2013), "Linguistic Regularities in Continuous Space Word
           Representations", NAACL-HLT, section 5.

        Examples
        --------
        >>> from skw2v.word_vectors import WordVectors
        >>> words = ["man", "woman", "king", "queen"]
        >>> word_vectors = WordVectors(words, [[3.0, 0, 0], [0, 3, 0], [4, 0, 3], [0, 4, 3]])
        >>> [(word, round(similarity, 2)) for word, similarity in word_vectors.most_similar("king")]
        [('man', 0.8), ('queen', 0.36), ('woman', 0.0)]

        "Man is to king as woman is to ?", and the same with "king is to man as queen is to ?":

        >>> [word for word, _ in word_vectors.most_similar(["king", "woman"], ["man"], topn=1)]
        ['queen']
        >>> answers = word_vectors.most_similar(
        ...     [["king", "woman"], ["man", "queen"]], [["man"], ["king"]], topn=1
        ... )
        >>> [[word for word, _ in answer] for answer in answers]
        [['queen'], ['woman']]

        By an index:

        >>> from sklearn.neighbors import NearestNeighbors
        >>> index = NearestNeighbors().fit(word_vectors.normalize().vectors)
        >>> [word for word, _ in word_vectors.most_similar("king", topn=2, index=index)]
        ['man', 'queen']
        """
        n_nearest = parse_topn(topn, len(self))
        plus, minus, is_batch = parse_queries(positive, negative)
        added, subtracted = self._row_counts(plus), self._row_counts(minus)
        # The sum has the direction of the mean, which is all that matters.
        signs, involved = added - subtracted, added + subtracted
        units = self._unit_vectors
        if index is None:
            nearest = nearest_rows(cosadd_blocks(signs, units), n_nearest, involved)
        else:
            queries = unit_rows(signs @ units)
            nearest = nearest_candidates(index, queries, units, n_nearest, involved)
        answers = self._name(nearest)
        return answers if is_batch else answers[0]

    def most_similar_cosmul(
        self,
        positive: Hashable | list[Any] | NDArray[Any],
        negative: Hashable | list[Any] | NDArray[Any] | None = None,
        topn: int | None = 10,
    ) -> Neighbours | list[Neighbours]:
        """Find the words nearest to words and far from others, by products of similarities.

        With each cosine similarity shifted to ``(1 + similarity) / 2``, the score of a word is the
        product of its similarities with the `positive` words, divided by the product of those with
        the `negative` words plus 1e-6 (3CosMul, [1]_, equation 4). One similarity alone cannot
        outweigh the others as it can in the sum of `most_similar`.

        Parameters
        ----------
        positive : hashable, list or array
            As in `most_similar`, with at least one word in each query.
        negative : hashable, list or array, default=None
            As in `most_similar`.
        topn : int or None, default=10
            How many words to return, at least 1. With ``None`` all of them are ranked.

        Returns
        -------
        list of (word, float), or list of such lists
            For each query the words of the largest scores, without the words of the query, and
            their scores, which are positive and may be large.

        Raises
        ------
        UnknownWordError
            If a word is unknown.
        ValueError
            If a query has no positive words, `positive` and `negative` do not fit together, or
            `topn` is not positive.

        References
        ----------
        .. [1] Levy and Goldberg (2014), "Linguistic Regularities in Sparse and Explicit Word
           Representations", CoNLL.

        Examples
        --------
        >>> from skw2v.word_vectors import WordVectors
        >>> words = ["man", "woman", "king", "queen"]
        >>> word_vectors = WordVectors(words, [[3.0, 0, 0], [0, 3, 0], [4, 0, 3], [0, 4, 3]])
        >>> word_vectors.most_similar_cosmul(["king", "woman"], ["man"])
        [('queen', 1.22399...)]
        """
        n_nearest = parse_topn(topn, len(self))
        plus, minus, is_batch = parse_queries(positive, negative)
        if not all(plus):
            raise ValueError(
                f"positive must hold at least one word, but query {plus.index([])} has none."
            )
        added, subtracted = self._row_counts(plus), self._row_counts(minus)
        blocks = cosmul_blocks(added, subtracted, self._unit_vectors)
        nearest = nearest_rows(blocks, n_nearest, excluded=added + subtracted)
        answers = self._name(nearest, are_cosines=False)
        return answers if is_batch else answers[0]

    def analogy(
        self,
        a: Hashable | list[Any] | NDArray[Any],
        b: Hashable | list[Any] | NDArray[Any],
        c: Hashable | list[Any] | NDArray[Any],
        topn: int | None = 10,
        *,
        method: Literal["3CosAdd", "3CosMul"] = "3CosAdd",
    ) -> Neighbours | list[Neighbours]:
        """Answer "a is to b as c is to ?".

        The same as ``most_similar([b, c], [a])``, or `most_similar_cosmul` of these.

        Parameters
        ----------
        a, b, c : hashable, or list or array of hashables
            Three words, or three lists of equal length: many analogies at once.
        topn : int or None, default=10
            How many answers to return, at least 1. With ``None`` all words are ranked.
        method : {"3CosAdd", "3CosMul"}, default="3CosAdd"
            How the answers are scored.

        Returns
        -------
        list of (word, float), or list of such lists
            For each analogy the best answers with their scores, without `a`, `b` and `c`.

        Raises
        ------
        UnknownWordError
            If a word is unknown.
        TypeError
            If some arguments are words and others lists.
        ValueError
            If the lists differ in length, `topn` is not positive, or `method` is another one.

        Examples
        --------
        >>> from skw2v.word_vectors import WordVectors
        >>> words = ["man", "woman", "king", "queen"]
        >>> word_vectors = WordVectors(words, [[3.0, 0, 0], [0, 3, 0], [4, 0, 3], [0, 4, 3]])
        >>> ((answer, similarity),) = word_vectors.analogy("man", "king", "woman")
        >>> answer
        'queen'
        """
        methods: dict[str, Callable[..., Any]] = {
            "3CosAdd": self.most_similar,
            "3CosMul": self.most_similar_cosmul,
        }
        if method not in methods:
            raise ValueError(f"method must be '3CosAdd' or '3CosMul', got {method!r}.")
        (a, b, c), is_batch = parse_aligned(a=a, b=b, c=c)
        if not a:
            return []
        pairs = [list(pair) for pair in zip(b, c, strict=True)]
        answers = methods[method](pairs, [[word] for word in a], topn)
        return answers if is_batch else answers[0]

    def similar_by_vector(
        self, vector: ArrayLike, topn: int | None = 10, *, index: Any = None
    ) -> Neighbours | list[Neighbours]:
        """Find the words nearest to a vector, or to each of several vectors.

        Parameters
        ----------
        vector : array-like of floats, shape (dimension,) or (n_queries, dimension)
            One vector, or one in each row, such as the vectors of documents.
        topn : int or None, default=10
            How many words to return, at least 1. With ``None`` all of them are ranked.
        index : fitted nearest-neighbours index, default=None
            As in `most_similar`.

        Returns
        -------
        list of (word, float), or list of such lists
            For each vector the nearest words and their cosine similarities from -1 to 1, the
            largest first, equal ones in the order of `words`.

        Raises
        ------
        ValueError
            If `vector` has another shape or holds NaN or infinity, `topn` is not positive, or
            `index` was fitted on another number of vectors.

        Examples
        --------
        >>> from skw2v.word_vectors import WordVectors
        >>> word_vectors = WordVectors(["a", "b", "c"], [[1.0, 0.0], [0.0, 1.0], [3.0, 4.0]])
        >>> word_vectors.similar_by_vector([0.0, 5.0], topn=2)
        [('b', 1.0), ('c', 0.8)]
        """
        queries = np.asarray(vector)
        if queries.ndim not in (1, 2) or queries.shape[-1] != self._vectors.shape[1]:
            raise ValueError(
                f"vector must have the shape ({self._vectors.shape[1]},) or (n_queries, "
                f"{self._vectors.shape[1]}), got the shape {queries.shape}."
            )
        queries = np.atleast_2d(queries).astype(self._unit_vectors.dtype)
        if not np.isfinite(queries).all():
            raise ValueError("vector must be finite, got NaN or infinity.")
        queries, units = unit_rows(queries), self._unit_vectors
        n_nearest = parse_topn(topn, len(self))
        if index is None:
            nearest = nearest_rows(cosine_blocks(queries, units), n_nearest)
        else:
            nearest = nearest_candidates(index, queries, units, n_nearest)
        answers = self._name(nearest)
        return answers if np.ndim(vector) == 2 else answers[0]

    def select(self, words: list[Any] | NDArray[Any]) -> WordVectors:
        """Return the word vectors of some words.

        Parameters
        ----------
        words : list or array of distinct hashables
            The words to keep, in the order that they shall have.

        Returns
        -------
        WordVectors
            These words with their vectors and counts.

        Raises
        ------
        UnknownWordError
            If a word is unknown.
        ValueError
            If there are no words, or one stands twice.

        Examples
        --------
        >>> from skw2v.word_vectors import WordVectors
        >>> word_vectors = WordVectors(["a", "b", "c"], [[1.0], [2.0], [3.0]], counts=[9, 5, 4])
        >>> selected = word_vectors.select(["c", "a"])
        >>> selected.words, selected.counts
        (('c', 'a'), array([4, 9]))
        """
        rows = self._rows(parse_words(words, "words"))
        return self._take(rows, self._vectors[rows])

    def restrict(self, n: int) -> WordVectors:
        """Return the first words, which usually are the most frequent ones.

        Parameters
        ----------
        n : int
            How many words to keep, at least 1; all of them if there are fewer.

        Returns
        -------
        WordVectors
            The first `n` words with their counts and a view of their vectors.

        Raises
        ------
        ValueError
            If `n` is not a positive int.

        Examples
        --------
        >>> from skw2v.word_vectors import WordVectors
        >>> WordVectors(["a", "b", "c"], [[1.0], [2.0], [3.0]]).restrict(2).words
        ('a', 'b')
        """
        n = parse_positive_int(n, "n")
        if n >= len(self):
            return self
        return self._take(slice(n), self._vectors[:n])

    def normalize(self) -> WordVectors:
        """Return the same words with unit vectors.

        Returns
        -------
        WordVectors
            The words and counts, with each vector divided by its length; zero vectors stay zero.
            The type of the vectors is kept.

        Examples
        --------
        >>> from skw2v.word_vectors import WordVectors
        >>> WordVectors(["a", "b"], [[3.0, 4.0], [0.0, 2.0]]).normalize().vectors
        array([[0.6, 0.8],
               [0. , 1. ]])
        """
        units = self._unit_vectors.astype(self._vectors.dtype, copy=False)
        return self._take(slice(None), units)

    def to_frame(self, library: Literal["pandas", "polars"] = "pandas") -> Any:
        """Return the vectors as a data frame with one row for each word.

        Parameters
        ----------
        library : {"pandas", "polars"}, default="pandas"
            Whose frame to return.

        Returns
        -------
        pandas.DataFrame or polars.DataFrame
            The columns "x0", "x1", ... hold the vectors, copied. The words are the index of a
            pandas frame, and the first column, "word", of a polars frame.

        Raises
        ------
        ImportError
            If the library is not installed.
        ValueError
            If `library` is another one.

        Examples
        --------
        >>> from skw2v.word_vectors import WordVectors
        >>> word_vectors = WordVectors(["a", "b"], [[3.0, 4.0], [0.0, 2.0]])
        >>> word_vectors.to_frame()
               x0   x1
        word
        a     3.0  4.0
        b     0.0  2.0
        """
        if library not in ("pandas", "polars"):
            raise ValueError(f"library must be 'pandas' or 'polars', got {library!r}.")
        try:
            module = importlib.import_module(library)
        except ImportError as error:
            raise ImportError(
                f"to_frame(library={library!r}) needs {library}: pip install {library}."
            ) from error
        columns = [f"x{number}" for number in range(self._vectors.shape[1])]
        if library == "pandas":
            words = module.Index(list(self._words), name="word", tupleize_cols=False)
            return module.DataFrame(self._vectors, index=words, columns=columns, copy=True)
        # Words of mixed types, or which polars would take apart, stay the objects that they are.
        is_plain = {type(word) for word in self._words} in ({str}, {int})
        words = module.Series("word", self._words, dtype=None if is_plain else module.Object)
        frame = module.DataFrame(self._vectors, schema=columns)
        return frame.insert_column(0, words)

    @cached_property
    def _unit_vectors(self) -> NDArray[np.floating]:
        """The vectors divided by their lengths; computed once, at the first question."""
        units = unit_rows(self._vectors)
        units.setflags(write=False)
        return units

    def _rows(self, words: Sequence[Hashable]) -> NDArray[np.intp]:
        """Return the rows of the words."""
        try:
            return np.fromiter((self._index[word] for word in words), np.intp, len(words))
        except KeyError:
            unknown = next(word for word in words if word not in self._index)
            raise UnknownWordError(unknown, self._words) from None
        except TypeError:
            position, word = next(find_unhashable(words))
            raise TypeError(
                f"a word must be hashable, got {reprlib.repr(word)} at position {position}; "
                "several words are passed as a list or an array of words."
            ) from None

    def _pair_similarities(
        self, first: Sequence[Hashable], second: Sequence[Hashable]
    ) -> NDArray[np.floating]:
        """Compute the similarities of the words of two sequences, pair by pair."""
        units = (unit_rows(self._vectors[self._rows(words)]) for words in (first, second))
        return np.clip(np.einsum("ij,ij->i", *units), -1, 1)

    def _row_counts(self, queries: Sequence[Sequence[Hashable]]) -> sparse.csr_array:
        """Return the matrix (n_queries, n_words) whose entries say which words a query holds."""
        return row_counts(map(self._rows, queries), len(self), self._unit_vectors.dtype)

    def _take(self, rows: NDArray[np.intp] | slice, vectors: NDArray[np.floating]) -> WordVectors:
        """Return the words and counts of some rows with these vectors, which are not copied."""
        words = self._words[rows] if isinstance(rows, slice) else [self._words[i] for i in rows]
        counts = None if self._counts is None else self._counts[rows]
        vectors.setflags(write=False)
        return type(self)(words, vectors, counts=counts)

    def _name(self, nearest: Nearest, *, are_cosines: bool = True) -> list[Neighbours]:
        """Return words and plain floats for rows and scores."""
        answers: list[Neighbours] = []
        for rows, scores in nearest:
            words = [self._words[row] for row in rows]
            values = np.clip(scores, -1, 1) if are_cosines else scores
            answers.append(list(zip(words, values.tolist(), strict=True)))
        return answers


def _unpickle(
    cls: type[WordVectors],
    words: tuple[Hashable, ...],
    vectors: NDArray[np.floating],
    counts: NDArray[np.int64] | None = None,
) -> WordVectors:
    """Build the object from its own pickle, whose arrays nobody else holds: no copy is needed."""
    vectors.setflags(write=False)
    if counts is not None:
        counts.setflags(write=False)
    return cls(words, vectors, counts=counts)
