"""How good word vectors are: analogies, and the similarity of words as people judge it.

Both evaluations take files in the formats that everybody uses, or what was read from them, and
agree with gensim's for the same vectors. The scorers make them criteria for model selection: they
look at the word vectors of a fitted estimator and need no labels.
"""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from scipy.stats import pearsonr, spearmanr
from sklearn.exceptions import NotFittedError

from skw2v._queries import parse_topn
from skw2v.word_vectors import WordVectors

__all__ = [
    "AnalogyEvaluation",
    "AnalogySection",
    "WordPairEvaluation",
    "analogy_scorer",
    "evaluate_word_analogies",
    "evaluate_word_pairs",
    "read_analogies",
    "read_word_pairs",
    "word_pair_scorer",
]

Question: TypeAlias = tuple[Hashable, ...]
WordPair: TypeAlias = tuple[Hashable, Hashable, float]
PathLike: TypeAlias = str | os.PathLike[str]


@dataclass(frozen=True, repr=False)
class AnalogySection:
    """How the questions of a section were answered.

    Parameters
    ----------
    name : str
        The name of the section.
    correct : tuple of (a, b, c, d)
        The questions answered rightly.
    incorrect : tuple of (a, b, c, d)
        The questions answered wrongly.
    unknown : tuple of (a, b, c, d)
        The questions that were not asked, because a word is not in the vocabulary.
    dummy4unknown : bool, default=False
        Whether unknown questions count as answered wrongly.

    Attributes
    ----------
    n_questions : int
        The number of questions, asked or not.
    accuracy : float
        The share of right answers in the questions asked, or in all with `dummy4unknown`; NaN of
        none.
    coverage : float
        The share of the questions that were asked; NaN of none.
    """

    name: str
    correct: tuple[Question, ...]
    incorrect: tuple[Question, ...]
    unknown: tuple[Question, ...]
    dummy4unknown: bool = False

    @property
    def n_questions(self) -> int:
        """Return the number of questions, asked or not."""
        return self._n_asked + len(self.unknown)

    @property
    def accuracy(self) -> float:
        """Return the share of right answers."""
        return _share(len(self.correct), self.n_questions if self.dummy4unknown else self._n_asked)

    @property
    def coverage(self) -> float:
        """Return the share of the questions that were asked."""
        return _share(self._n_asked, self.n_questions)

    @property
    def _n_asked(self) -> int:
        return len(self.correct) + len(self.incorrect)

    def __repr__(self) -> str:
        """Return the name and the figures, without the questions."""
        return (
            f"{type(self).__name__}(name={self.name!r}, accuracy={self.accuracy:.3f}, "
            f"coverage={self.coverage:.3f}, n_questions={self.n_questions})"
        )


@dataclass(frozen=True, repr=False)
class AnalogyEvaluation:
    """How analogies were answered, section by section and in total.

    Its `str` is a table of the sections.

    Parameters
    ----------
    sections : tuple of AnalogySection
        The sections in the order of the questions.

    Attributes
    ----------
    total : AnalogySection
        All questions as one section.
    accuracy : float
        The accuracy of `total`.
    coverage : float
        The coverage of `total`.
    """

    sections: tuple[AnalogySection, ...]

    @property
    def total(self) -> AnalogySection:
        """Return all questions as one section."""
        correct, incorrect, unknown = (
            tuple(chain.from_iterable(getattr(section, name) for section in self.sections))
            for name in ("correct", "incorrect", "unknown")
        )
        dummy4unknown = any(section.dummy4unknown for section in self.sections)
        return AnalogySection("total", correct, incorrect, unknown, dummy4unknown)

    @property
    def accuracy(self) -> float:
        """Return the accuracy of all questions."""
        return self.total.accuracy

    @property
    def coverage(self) -> float:
        """Return the coverage of all questions."""
        return self.total.coverage

    def __repr__(self) -> str:
        """Return the figures of all questions."""
        total = self.total
        return (
            f"{type(self).__name__}(accuracy={total.accuracy:.3f}, "
            f"coverage={total.coverage:.3f}, n_questions={total.n_questions}, "
            f"n_sections={len(self.sections)})"
        )

    def __str__(self) -> str:
        """Return a table of the sections and the total."""
        sections = [*self.sections, self.total]
        width = max(len("section"), *(len(section.name) for section in sections))
        lines = [f"{'section':<{width}}  accuracy  coverage  questions"]
        lines += [
            f"{section.name:<{width}}  {section.accuracy:8.3f}  {section.coverage:8.3f}"
            f"  {section.n_questions:9d}"
            for section in sections
        ]
        return "\n".join(lines)


class WordPairEvaluation(NamedTuple):
    """How cosine similarities go with the scores that people gave.

    Parameters
    ----------
    spearman : float
        Spearman's rank correlation of similarities and scores; NaN with fewer than two pairs.
    spearman_pvalue : float
        Its two-sided p-value.
    pearson : float
        Pearson's correlation of similarities and scores; NaN with fewer than two pairs.
    pearson_pvalue : float
        Its two-sided p-value.
    n_pairs : int
        The number of pairs.
    n_known : int
        The number of pairs whose words both have vectors.
    """

    spearman: float
    spearman_pvalue: float
    pearson: float
    pearson_pvalue: float
    n_pairs: int
    n_known: int

    @property
    def coverage(self) -> float:
        """Return the share of the pairs whose words both have vectors, NaN of none."""
        return _share(self.n_known, self.n_pairs)


def evaluate_word_analogies(
    word_vectors: WordVectors,
    analogies: PathLike | Mapping[str, Sequence[Sequence[Hashable]]],
    *,
    restrict_vocab: int | None = 300_000,
    case_insensitive: bool = True,
    dummy4unknown: bool = False,
    method: Literal["3CosAdd", "3CosMul"] = "3CosAdd",
) -> AnalogyEvaluation:
    """Count how many analogies "a is to b as c is to d" are answered rightly.

    The answer to a question is the word that `WordVectors.analogy` puts first, and right if it is
    the fourth word, d. The names of the parameters, their defaults and the figures are those of
    gensim's `KeyedVectors.evaluate_word_analogies`.

    Parameters
    ----------
    word_vectors : WordVectors
        The vectors to evaluate.
    analogies : path, or mapping of str to sequence of (a, b, c, d)
        A file in the format of Google's `questions-words.txt` (see `read_analogies`), or the
        questions of each section by its name.
    restrict_vocab : int or None, default=300000
        Use only this many words, the first ones, in questions and answers; the other words are
        unknown. None uses all.
    case_insensitive : bool, default=True
        Compare words in upper case. Of words that differ in case alone, the first stands for all in
        a question, and each of them is a right or a forbidden answer as the others are.
    dummy4unknown : bool, default=False
        Count questions with unknown words as answered wrongly. By default they are left out of the
        accuracy, so that a small vocabulary may look good: see the coverage. Either way they are
        listed as unknown.
    method : {"3CosAdd", "3CosMul"}, default="3CosAdd"
        How answers are scored, see `WordVectors.most_similar` and
        `WordVectors.most_similar_cosmul`.

    Returns
    -------
    AnalogyEvaluation
        The accuracy and the coverage of each section and in total, and the questions answered
        rightly, wrongly and not at all.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If a line or a question is no analogy; the message says which.
    TypeError
        If `word_vectors` is something else.

    References
    ----------
    .. [1] Mikolov, Chen, Corrado and Dean (2013). "Efficient Estimation of Word Representations in
       Vector Space". arXiv:1301.3781, section 4.1.

    Examples
    --------
    >>> from skw2v import WordVectors
    >>> from skw2v.evaluation import evaluate_word_analogies
    >>> words = ["man", "woman", "king", "queen", "boy"]
    >>> vectors = [[3.0, 0, 0], [0, 3, 0], [4, 0, 3], [0, 4, 3], [9, 0, 1]]
    >>> family = [("man", "king", "woman", "queen"), ("man", "boy", "woman", "girl")]
    >>> evaluation = evaluate_word_analogies(WordVectors(words, vectors), {"family": family})
    >>> evaluation
    AnalogyEvaluation(accuracy=1.000, coverage=0.500, n_questions=2, n_sections=1)
    >>> evaluation.sections[0].unknown
    (('man', 'boy', 'woman', 'girl'),)
    """
    if not isinstance(analogies, Mapping):
        analogies = read_analogies(analogies)
    vocabulary = _restrict(word_vectors, restrict_vocab)
    fold = _upper_case if case_insensitive else _unchanged
    known_words = _first_of_each_form(vocabulary, fold)
    # Answers that differ from a word of the question in case alone are passed over.
    n_variants = max(Counter(map(fold, vocabulary)).values())
    topn = 1 + 3 * (n_variants - 1)
    sections = []
    for name, questions in analogies.items():
        asked: list[tuple[Question, Question]] = []
        unknown: list[Question] = []
        for number, words in enumerate(questions):
            question = _check_question(words, f"question {number} of section {name!r}")
            folded = tuple(map(fold, question))
            if all(word in known_words for word in folded):
                asked.append((question, folded))
            else:
                unknown.append(question)
        a, b, c = ([known_words[folded[i]] for _, folded in asked] for i in range(3))
        correct: list[Question] = []
        incorrect: list[Question] = []
        answers: Any = vocabulary.analogy(a, b, c, topn, method=method)
        for (question, folded), nearest in zip(asked, answers, strict=True):
            forms = (fold(word) for word, _ in nearest)
            answer = next((form for form in forms if form not in folded[:3]), None)
            (correct if answer == folded[3] else incorrect).append(question)
        sections.append(
            AnalogySection(name, tuple(correct), tuple(incorrect), tuple(unknown), dummy4unknown)
        )
    return AnalogyEvaluation(tuple(sections))


def evaluate_word_pairs(
    word_vectors: WordVectors,
    pairs: PathLike | Iterable[tuple[Hashable, Hashable, float]],
    *,
    restrict_vocab: int | None = 300_000,
    case_insensitive: bool = True,
    dummy4unknown: bool = False,
) -> WordPairEvaluation:
    """Correlate the cosine similarities of word pairs with scores that people gave.

    The names of the parameters, their defaults and the figures are those of gensim's
    `KeyedVectors.evaluate_word_pairs`.

    Parameters
    ----------
    word_vectors : WordVectors
        The vectors to evaluate.
    pairs : path, or iterable of (word, word, score)
        A file of tab-separated word pairs and scores (see `read_word_pairs`), such as WordSim-353
        or SimLex-999, or the pairs themselves.
    restrict_vocab : int or None, default=300000
        Use only this many words, the first ones; the other words are unknown. None uses all.
    case_insensitive : bool, default=True
        Compare words in upper case; of words that differ in case alone the first stands for all.
    dummy4unknown : bool, default=False
        Give pairs with unknown words the similarity 0. By default they are left out.

    Returns
    -------
    WordPairEvaluation
        The correlations of Spearman and Pearson with their p-values, and the numbers of pairs.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If a line or a pair is no word pair with a score; the message says which.
    TypeError
        If `word_vectors` is something else.

    References
    ----------
    .. [1] Finkelstein et al. (2002), "Placing Search in Context: The Concept Revisited", ACM
       Transactions on Information Systems (WordSim-353).
    .. [2] Hill, Reichart and Korhonen (2015), "SimLex-999: Evaluating Semantic Models with
       (Genuine) Similarity Estimation", Computational Linguistics.

    Examples
    --------
    >>> from skw2v import WordVectors
    >>> from skw2v.evaluation import evaluate_word_pairs
    >>> word_vectors = WordVectors(["a", "b", "c"], [[1.0, 0.0], [3.0, 4.0], [0.0, 1.0]])
    >>> pairs = [("a", "b", 7.5), ("a", "c", 2.0), ("B", "C", 9.0), ("a", "x", 1.0)]
    >>> evaluation = evaluate_word_pairs(word_vectors, pairs)
    >>> round(evaluation.spearman, 6), evaluation.coverage
    (1.0, 0.75)
    """
    if isinstance(pairs, (str, os.PathLike)):
        pairs = read_word_pairs(pairs)
    vocabulary = _restrict(word_vectors, restrict_vocab)
    fold = _upper_case if case_insensitive else _unchanged
    known_words = _first_of_each_form(vocabulary, fold)
    checked = [_check_word_pair(pair, f"pair {number}") for number, pair in enumerate(pairs)]
    forms = [(fold(first), fold(second)) for first, second, _ in checked]
    is_known = np.array([a in known_words and b in known_words for a, b in forms], bool)
    known = [pair for pair, has_vectors in zip(forms, is_known, strict=True) if has_vectors]
    similarities = np.zeros(len(checked))
    similarities[is_known] = vocabulary.similarity(
        [known_words[first] for first, _ in known], [known_words[second] for _, second in known]
    )
    scores = np.array([score for *_, score in checked], float)
    if not dummy4unknown:
        scores, similarities = scores[is_known], similarities[is_known]
    spearman = spearman_pvalue = pearson = pearson_pvalue = math.nan
    if len(scores) > 1:
        spearman, spearman_pvalue = map(float, spearmanr(scores, similarities))
        pearson, pearson_pvalue = map(float, pearsonr(scores, similarities))
    return WordPairEvaluation(
        spearman, spearman_pvalue, pearson, pearson_pvalue, len(checked), len(known)
    )


def read_analogies(path: PathLike) -> dict[str, list[Question]]:
    r"""Read analogies in the format of Google's `questions-words.txt`.

    A line that starts with a colon begins a section and names it; every other line holds four words
    between spaces, "a is to b as c is to d". Empty lines are ignored.

    Parameters
    ----------
    path : str or path
        A file in UTF-8.

    Returns
    -------
    dict of str to list of (a, b, c, d)
        The questions of each section, in the order of the file.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If a line is something else, is not UTF-8, or there is no analogy; the message names file
        and line.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from skw2v.evaluation import read_analogies
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "questions.txt")
    ...     _ = path.write_text(": family\nboy girl king queen\n", encoding="utf-8")
    ...     read_analogies(path)
    {'family': [('boy', 'girl', 'king', 'queen')]}
    """
    sections: dict[str, list[Question]] = {}
    section: list[Question] | None = None
    for place, line in _read_lines(path):
        if line.startswith(":"):
            section = sections.setdefault(line[1:].strip(), [])
        elif section is None:
            raise ValueError(
                f"{place}: the first analogy must follow the name of a section, a line such as "
                f"': family', got {line!r}."
            )
        else:
            section.append(_check_question(line.split(), place))
    if not any(sections.values()):
        raise ValueError(f"{os.fspath(path)} must hold analogies, but has none.")
    return sections


def read_word_pairs(path: PathLike, *, delimiter: str | None = "\t") -> list[WordPair]:
    r"""Read word pairs with scores, such as WordSim-353 or SimLex-999.

    Each line holds two words and a score. Empty lines, and comments, which start with "#", are
    ignored.

    Parameters
    ----------
    path : str or path
        A file in UTF-8.
    delimiter : str or None, default="\t"
        What stands between the words and the score; None means any white space.

    Returns
    -------
    list of (word, word, score)
        The pairs in the order of the file.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If a line is something else, is not UTF-8, or there is no pair; the message names file and
        line.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from skw2v.evaluation import read_word_pairs
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "pairs.tsv")
    ...     _ = path.write_text("# people's scores\ntiger\tcat\t7.35\n", encoding="utf-8")
    ...     read_word_pairs(path)
    [('tiger', 'cat', 7.35)]
    """
    pairs = [
        _check_word_pair([part.strip() for part in line.split(delimiter)], place)
        for place, line in _read_lines(path)
        if not line.startswith("#")
    ]
    if not pairs:
        raise ValueError(f"{os.fspath(path)} must hold word pairs, but has none.")
    return pairs


def analogy_scorer(
    analogies: PathLike | Mapping[str, Sequence[Sequence[Hashable]]],
    *,
    restrict_vocab: int | None = 300_000,
    case_insensitive: bool = True,
    dummy4unknown: bool = False,
    method: Literal["3CosAdd", "3CosMul"] = "3CosAdd",
) -> Callable[..., float]:
    """Make a scorer for model selection: the accuracy of a fitted estimator's analogies.

    It evaluates `word_vectors_` of the estimator, or of a step of a pipeline, and looks neither at
    the documents held out nor at labels. Where candidates have different vocabularies, take
    ``dummy4unknown=True``: otherwise they answer different questions.

    Parameters
    ----------
    analogies : path, or mapping of str to sequence of (a, b, c, d)
        As in `evaluate_word_analogies`. A file is read now, once.
    restrict_vocab : int or None, default=300000
        As in `evaluate_word_analogies`.
    case_insensitive : bool, default=True
        As in `evaluate_word_analogies`.
    dummy4unknown : bool, default=False
        As in `evaluate_word_analogies`.
    method : {"3CosAdd", "3CosMul"}, default="3CosAdd"
        As in `evaluate_word_analogies`.

    Returns
    -------
    callable
        A function of an estimator, documents and labels that returns a float, for the parameter
        `scoring` of :class:`~sklearn.model_selection.GridSearchCV`. It can be pickled.

    Examples
    --------
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skw2v import Word2VecVectorizer
    >>> from skw2v.evaluation import analogy_scorer
    >>> scorer = analogy_scorer({"family": [("man", "king", "woman", "queen")]})
    >>> search = GridSearchCV(Word2VecVectorizer(), {"window": [2, 5]}, scoring=scorer)
    """
    if not isinstance(analogies, Mapping):
        analogies = read_analogies(analogies)
    options = {
        "restrict_vocab": restrict_vocab,
        "case_insensitive": case_insensitive,
        "dummy4unknown": dummy4unknown,
        "method": method,
    }
    return _WordVectorScorer(evaluate_word_analogies, analogies, "accuracy", options)


def word_pair_scorer(
    pairs: PathLike | Iterable[tuple[Hashable, Hashable, float]],
    *,
    correlation: Literal["spearman", "pearson"] = "spearman",
    restrict_vocab: int | None = 300_000,
    case_insensitive: bool = True,
    dummy4unknown: bool = False,
) -> Callable[..., float]:
    """Make a scorer for model selection: the correlation of similarities with people's scores.

    It evaluates `word_vectors_` of the estimator, or of a step of a pipeline, and looks neither at
    the documents held out nor at labels. Where candidates have different vocabularies, take
    ``dummy4unknown=True``: otherwise they are measured by different pairs.

    Parameters
    ----------
    pairs : path, or iterable of (word, word, score)
        As in `evaluate_word_pairs`. A file is read now, once.
    correlation : {"spearman", "pearson"}, default="spearman"
        Which correlation is the score.
    restrict_vocab : int or None, default=300000
        As in `evaluate_word_pairs`.
    case_insensitive : bool, default=True
        As in `evaluate_word_pairs`.
    dummy4unknown : bool, default=False
        As in `evaluate_word_pairs`.

    Returns
    -------
    callable
        A function of an estimator, documents and labels that returns a float, for the parameter
        `scoring` of :class:`~sklearn.model_selection.GridSearchCV`. It can be pickled.

    Raises
    ------
    ValueError
        If `correlation` is another one.

    Examples
    --------
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skw2v import Word2VecVectorizer
    >>> from skw2v.evaluation import word_pair_scorer
    >>> scorer = word_pair_scorer([("tiger", "cat", 7.35), ("king", "cabbage", 0.23)])
    >>> search = GridSearchCV(Word2VecVectorizer(), {"window": [2, 5]}, scoring=scorer)
    """
    if correlation not in ("spearman", "pearson"):
        raise ValueError(f"correlation must be 'spearman' or 'pearson', got {correlation!r}.")
    pairs = read_word_pairs(pairs) if isinstance(pairs, (str, os.PathLike)) else list(pairs)
    options = {
        "restrict_vocab": restrict_vocab,
        "case_insensitive": case_insensitive,
        "dummy4unknown": dummy4unknown,
    }
    return _WordVectorScorer(evaluate_word_pairs, pairs, correlation, options)


@dataclass(frozen=True)
class _WordVectorScorer:
    """One figure of an evaluation, as a scorer: an object, because closures cannot be pickled."""

    evaluate: Callable[..., Any]
    questions: Any = field(repr=False)
    figure: str
    options: Mapping[str, Any]

    def __call__(self, estimator: Any, X: object = None, y: object = None) -> float:
        """Evaluate the word vectors of a fitted estimator."""
        steps = [step for _, step in getattr(estimator, "steps", [])]
        for candidate in (estimator, *steps):
            if hasattr(candidate, "word_vectors_"):
                evaluation = self.evaluate(candidate.word_vectors_, self.questions, **self.options)
                return getattr(evaluation, self.figure)
        raise NotFittedError(
            "estimator must have the attribute word_vectors_, as a fitted Word2VecVectorizer or a "
            f"pipeline with one has, got {type(estimator).__name__} without it."
        )


def _restrict(word_vectors: WordVectors, restrict_vocab: int | None) -> WordVectors:
    """Return the first words, or all of them."""
    if not isinstance(word_vectors, WordVectors):
        raise TypeError(
            f"word_vectors must be a WordVectors, got {type(word_vectors).__name__}; a fitted "
            "estimator has it as its attribute word_vectors_."
        )
    return word_vectors.restrict(parse_topn(restrict_vocab, len(word_vectors), "restrict_vocab"))


def _upper_case(word: Hashable) -> Hashable:
    """Return a str in upper case, anything else as it is."""
    return word.upper() if isinstance(word, str) else word


def _unchanged(word: Hashable) -> Hashable:
    """Return the word."""
    return word


def _first_of_each_form(
    vocabulary: WordVectors, fold: Callable[[Hashable], Hashable]
) -> dict[Hashable, Hashable]:
    """Map each form to the first word that has it."""
    return {fold(word): word for word in reversed(vocabulary.words)}


def _check_question(words: Sequence[Hashable], place: str) -> Question:
    """Return a question as a tuple if it has four words."""
    if isinstance(words, str) or len(words) != 4:
        raise ValueError(f"{place}: an analogy must have four words, got {words!r}.")
    return tuple(words)


def _check_word_pair(fields: Sequence[Any], place: str) -> WordPair:
    """Return a pair as a tuple if it has two words and a finite score."""
    try:
        first, second, score = fields
        score = float(score)
    except (TypeError, ValueError):
        score = math.nan
    if not math.isfinite(score):
        raise ValueError(f"{place}: a pair must be two words and a finite score, got {fields!r}.")
    return first, second, score


def _read_lines(path: PathLike) -> Iterator[tuple[str, str]]:
    """Yield the place and the text of each line that is not empty."""
    with open(path, "rb") as lines:
        for number, line in enumerate(lines, start=1):
            place = f"{os.fspath(path)}, line {number}"
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip("\r\n")
            except UnicodeDecodeError as error:
                raise ValueError(f"{place}: not UTF-8 ({error}).") from error
            if text.strip():
                yield place, text


def _share(part: int, whole: int) -> float:
    """Return the share, NaN of nothing."""
    return part / whole if whole else math.nan
