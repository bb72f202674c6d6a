from __future__ import annotations

import math
import pickle
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skw2v import Word2VecVectorizer, WordVectors
from skw2v.evaluation import (
    AnalogySection,
    analogy_scorer,
    evaluate_word_analogies,
    evaluate_word_pairs,
    read_analogies,
    read_word_pairs,
    word_pair_scorer,
)

ROYALS = ["man", "woman", "king", "queen", "boy", "girl"]
ROYAL_VECTORS = [
    [3.0, 0, 0, 0],
    [0, 3, 0, 0],
    [4, 0, 3, 0],
    [0, 4, 3, 0],
    [4, 0, 0, 3],
    [0, 4, 0, 3],
]
ANALOGIES = {
    "royal": [("man", "king", "woman", "queen"), ("king", "man", "queen", "girl")],
    "young": [("man", "boy", "woman", "girl"), ("man", "boy", "cow", "calf")],
    "empty": [],
}


@pytest.fixture
def royals() -> WordVectors:
    return WordVectors(ROYALS, ROYAL_VECTORS)


# Analogies


def test_right_and_wrong_answers_and_unknown_words_are_told_apart(royals):
    evaluation = evaluate_word_analogies(royals, ANALOGIES)
    royal, young, empty = evaluation.sections
    assert royal == AnalogySection("royal", (ANALOGIES["royal"][0],), (ANALOGIES["royal"][1],), ())
    assert young == AnalogySection("young", (ANALOGIES["young"][0],), (), (ANALOGIES["young"][1],))
    assert (royal.accuracy, royal.coverage, royal.n_questions) == (0.5, 1.0, 2)
    assert (young.accuracy, young.coverage, young.n_questions) == (1.0, 0.5, 2)
    assert empty.name == "empty"
    assert empty.n_questions == 0
    assert math.isnan(empty.accuracy)
    assert math.isnan(empty.coverage)
    assert evaluation.total.n_questions == 4
    assert evaluation.accuracy == 2 / 3
    assert evaluation.coverage == 3 / 4


def test_unknown_words_may_count_as_wrong_answers(royals):
    evaluation = evaluate_word_analogies(royals, ANALOGIES, dummy4unknown=True)
    assert [section.accuracy for section in evaluation.sections[:2]] == [0.5, 0.5]
    assert evaluation.accuracy == 0.5
    assert evaluation.coverage == 3 / 4
    assert evaluation.total.unknown == (ANALOGIES["young"][1],)


def test_the_accuracy_of_no_known_question_is_nan_or_zero(royals):
    questions = {"cattle": [("bull", "cow", "ox", "calf")]}
    assert math.isnan(evaluate_word_analogies(royals, questions).accuracy)
    assert evaluate_word_analogies(royals, questions, dummy4unknown=True).accuracy == 0


def test_questions_and_answers_may_be_restricted_to_the_first_words(royals):
    questions = {"royal": [("man", "king", "woman", "queen")]}
    assert evaluate_word_analogies(royals, questions, restrict_vocab=4).accuracy == 1
    assert evaluate_word_analogies(royals, questions, restrict_vocab=3).coverage == 0
    # The nearest word of all is not among the first four.
    words = [*ROYALS, "empress"]
    wider = WordVectors(words, [*ROYAL_VECTORS, [-1.0, 5, 3, 0]])
    assert evaluate_word_analogies(wider, questions, restrict_vocab=None).accuracy == 0
    assert evaluate_word_analogies(wider, questions, restrict_vocab=4).accuracy == 1


def test_case_does_not_matter_unless_asked_for(royals):
    questions = {"royal": [("MAN", "King", "woman", "Queen")]}
    evaluation = evaluate_word_analogies(royals, questions)
    assert evaluation.total.correct == (("MAN", "King", "woman", "Queen"),)
    assert evaluate_word_analogies(royals, questions, case_insensitive=False).coverage == 0


def test_words_that_differ_in_case_alone_are_no_answers_to_each_other():
    variants = [[-1.0, 5, 3, 0], [0, 4, 3, 1], [-1, 5, 3, 0.1], [-1, 5, 3, 0.2]]
    vectors = [*ROYAL_VECTORS[:4], *variants]
    words = ["man", "woman", "king", "queen", "KING", "Queen", "King", "Woman"]
    word_vectors = WordVectors(words, vectors)
    question = ("man", "king", "woman", "queen")
    nearest = [word for word, _ in word_vectors.analogy(*question[:3], topn=3)]
    assert set(nearest) == {"KING", "King", "Woman"}
    questions = {"": [question]}
    assert evaluate_word_analogies(word_vectors, questions).accuracy == 1
    assert evaluate_word_analogies(word_vectors, questions, case_insensitive=False).accuracy == 0


def test_the_first_of_words_that_differ_in_case_alone_stands_in_a_question():
    words = ["man", "woman", "king", "queen", "KING", "boy"]
    vectors = [*ROYAL_VECTORS[:4], [1.0, 0, 0, 9], [0, 4, 0, 9]]
    word_vectors = WordVectors(words, vectors)
    questions = {"": [("man", "KING", "woman", "queen")]}
    assert evaluate_word_analogies(word_vectors, questions).accuracy == 1
    assert evaluate_word_analogies(word_vectors, questions, case_insensitive=False).accuracy == 0


def test_words_of_a_question_may_be_any_objects():
    words = [("a", "man"), 2, None, b"queen"]
    questions = {"objects": [[("a", "man"), None, 2, b"queen"]]}
    evaluation = evaluate_word_analogies(WordVectors(words, ROYAL_VECTORS[:4]), questions)
    assert evaluation.accuracy == 1


def test_the_method_decides_the_answer():
    # The sum lets one large similarity outweigh the others, the product does not.
    words = ["a", "b", "c", "balanced", "extreme"]
    word_vectors = WordVectors(words, np.vstack([np.eye(3), [[2, 1, 1], [-1, 3, -3]]]))
    for method, expected in (("3CosAdd", "extreme"), ("3CosMul", "balanced")):
        questions = {"": [("a", "b", "c", expected)]}
        assert evaluate_word_analogies(word_vectors, questions, method=method).accuracy == 1


def test_the_repr_gives_figures_and_the_str_a_table(royals):
    evaluation = evaluate_word_analogies(royals, ANALOGIES)
    assert repr(evaluation) == (
        "AnalogyEvaluation(accuracy=0.667, coverage=0.750, n_questions=4, n_sections=3)"
    )
    assert repr(evaluation.sections[0]) == (
        "AnalogySection(name='royal', accuracy=0.500, coverage=1.000, n_questions=2)"
    )
    assert str(evaluation).splitlines() == [
        "section  accuracy  coverage  questions",
        "royal       0.500     1.000          2",
        "young       1.000     0.500          2",
        "empty         nan       nan          0",
        "total       0.667     0.750          4",
    ]


def test_results_cannot_be_changed(royals):
    evaluation = evaluate_word_analogies(royals, ANALOGIES)
    for result, name in ((evaluation, "sections"), (evaluation.sections[0], "correct")):
        with pytest.raises(AttributeError, match=name):
            setattr(result, name, ())


# Word pairs

PAIRS = [("man", "king", 9.0), ("man", "queen", 1.5), ("king", "Queen", 4.0), ("man", "boy", 9.0)]


def test_similarities_are_correlated_with_scores(royals):
    evaluation = evaluate_word_pairs(royals, PAIRS)
    similarities = [royals.similarity(first, second.lower()) for first, second, _ in PAIRS]
    scores = [score for *_, score in PAIRS]
    assert evaluation[:2] == pytest.approx(tuple(stats.spearmanr(scores, similarities)))
    assert evaluation[2:4] == pytest.approx(tuple(stats.pearsonr(scores, similarities)))
    assert (evaluation.n_pairs, evaluation.n_known, evaluation.coverage) == (4, 4, 1)
    assert {type(value) for value in evaluation} == {float, int}


def test_pairs_with_unknown_words_are_left_out_or_unlike(royals):
    pairs = [*PAIRS, ("man", "cow", 8.0), ("bull", "cow", 7.0)]
    evaluation = evaluate_word_pairs(royals, pairs)
    assert evaluation[:4] == evaluate_word_pairs(royals, PAIRS)[:4]
    assert (evaluation.n_pairs, evaluation.n_known) == (6, 4)
    assert evaluation.coverage == 4 / 6
    similarities = [0.8, 0, 9 / 25, 0.8, 0, 0]
    expected = stats.pearsonr([score for *_, score in pairs], similarities)
    evaluation = evaluate_word_pairs(royals, pairs, dummy4unknown=True)
    assert (evaluation.pearson, evaluation.pearson_pvalue) == pytest.approx(tuple(expected))
    assert evaluation.coverage == 4 / 6


def test_pairs_may_be_restricted_to_the_first_words_and_to_their_case(royals):
    assert evaluate_word_pairs(royals, PAIRS, restrict_vocab=4).n_known == 3
    assert evaluate_word_pairs(royals, PAIRS, restrict_vocab=None).n_known == 4
    assert evaluate_word_pairs(royals, PAIRS, case_insensitive=False).n_known == 3


@pytest.mark.parametrize("n_pairs", [0, 1])
def test_fewer_than_two_pairs_have_no_correlation(royals, n_pairs):
    evaluation = evaluate_word_pairs(royals, [*PAIRS[:n_pairs], ("cow", "bull", 3.0)])
    assert all(math.isnan(value) for value in evaluation[:4])
    assert evaluation.n_known == n_pairs


# Files


def write(path, text):
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_analogies_are_read_by_section(tmp_path):
    text = "\ufeff: capital-world\r\nAthens Greece  Oslo Norway\r\n\r\n:gram1\na b c d\n: empty\n"
    sections = read_analogies(write(tmp_path / "questions.txt", text))
    assert sections == {
        "capital-world": [("Athens", "Greece", "Oslo", "Norway")],
        "gram1": [("a", "b", "c", "d")],
        "empty": [],
    }


def test_a_file_and_what_was_read_from_it_are_evaluated_alike(tmp_path, royals):
    lines = [": royal", "man king woman queen", "king man queen girl"]
    path = write(tmp_path / "questions.txt", "\n".join(lines))
    for source in (path, str(path), read_analogies(path)):
        assert evaluate_word_analogies(royals, source).accuracy == 0.5
    path = write(tmp_path / "pairs.tsv", "man\tking\t9\nman\tqueen\t1.5\nKing\tqueen\t4")
    for source in (path, str(path), read_word_pairs(path), iter(read_word_pairs(path))):
        assert evaluate_word_pairs(royals, source) == evaluate_word_pairs(royals, PAIRS[:3])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            ": s\na b c d\na b c\n",
            r"line 3: an analogy must have four words, got \['a'",
        ),
        (": s\na b c d e\n", r"questions.txt, line 2: an analogy must have four words"),
        ("a b c d\n", r"questions.txt, line 1: .* must follow the name of a section.* 'a b c d'"),
        (b": s\na b c \xff\n", r"questions.txt, line 2: not UTF-8"),
        (": s\n", r"questions.txt must hold analogies, but has none"),
        ("", r"questions.txt must hold analogies, but has none"),
    ],
)
def test_a_line_that_is_no_analogy_is_an_error_that_names_file_and_line(tmp_path, text, message):
    path = write(tmp_path / "questions.txt", text)
    with pytest.raises(ValueError, match=message):
        read_analogies(path)


def test_word_pairs_are_read_from_columns(tmp_path):
    text = "# comment\nNew York\tcity\t7.5\r\n\ntiger \t cat\t -1e-1\n"
    path = write(tmp_path / "pairs.tsv", text)
    assert read_word_pairs(path) == [("New York", "city", 7.5), ("tiger", "cat", -0.1)]
    path = write(tmp_path / "pairs.csv", "a,b,1\n")
    assert read_word_pairs(path, delimiter=",") == [("a", "b", 1.0)]
    path = write(tmp_path / "pairs.txt", "a  b\t1\n")
    assert read_word_pairs(path, delimiter=None) == [("a", "b", 1.0)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\tb\t1\na\tb\n", r"pairs.tsv, line 2: a pair must be two words and a finite score"),
        ("a\tb\t1\t2\n", r"line 1: .* got \['a', 'b', '1', '2'\]"),
        ("Word 1\tWord 2\tHuman (mean)\n", "line 1: .* two words and a finite score"),
        ("a\tb\tnan\n", "line 1: .* a finite score"),
        (b"a\tb\t1\n\xff\tb\t1", "line 2: not UTF-8"),
        ("# nothing\n", "pairs.tsv must hold word pairs, but has none"),
    ],
)
def test_a_line_that_is_no_pair_is_an_error_that_names_file_and_line(tmp_path, text, message):
    path = write(tmp_path / "pairs.tsv", text)
    with pytest.raises(ValueError, match=message):
        read_word_pairs(path)


@pytest.mark.parametrize("read", [read_analogies, read_word_pairs])
def test_a_missing_file_is_an_error_that_names_it(tmp_path, read):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.txt"):
        read(tmp_path / "nowhere.txt")


# What cannot be evaluated


@pytest.mark.parametrize("questions", [[("a", "b", "c")], ["abcd"], [("a", "b", "c", "d", "e")]])
def test_a_question_without_four_words_is_an_error_that_names_it(royals, questions):
    sections = {"good": ANALOGIES["royal"], "bad": [ANALOGIES["royal"][0], *questions]}
    with pytest.raises(ValueError, match=r"question 1 of section 'bad': .* must have four words"):
        evaluate_word_analogies(royals, sections)


@pytest.mark.parametrize("pair", [("a", "b"), ("a", "b", "c"), ("a", "b", math.inf), 3])
def test_a_pair_without_a_score_is_an_error_that_names_it(royals, pair):
    with pytest.raises(ValueError, match="pair 1: a pair must be two words and a finite score"):
        evaluate_word_pairs(royals, [PAIRS[0], pair])


@pytest.mark.parametrize(
    ("evaluate", "questions"),
    [(evaluate_word_analogies, ANALOGIES), (evaluate_word_pairs, PAIRS)],
)
def test_what_is_evaluated_must_be_word_vectors(royals, evaluate, questions):
    with pytest.raises(TypeError, match=r"must be a WordVectors, got Word2Vec.* word_vectors_"):
        evaluate(Word2VecVectorizer(), questions)
    for restrict_vocab in (0, 2.5, True):
        with pytest.raises(ValueError, match="restrict_vocab must be a positive int"):
            evaluate(royals, questions, restrict_vocab=restrict_vocab)


def test_an_unknown_method_is_an_error(royals):
    with pytest.raises(ValueError, match="method must be '3CosAdd' or '3CosMul'"):
        evaluate_word_analogies(royals, ANALOGIES, method="cosmul")


# Scorers

# The neighbours of a and b are alike, those of x and y too.
DOCUMENTS = [f"{word} {other}".split() for word in "ab" for other in ("one", "two")] * 20
DOCUMENTS += [f"{word} {other}".split() for word in "xy" for other in ("six", "ten")] * 20
LETTERS = {"letters": [("a", "b", "x", "y"), ("x", "y", "a", "b"), ("a", "b", "x", "unknown")]}
SMALL = {"vector_size": 8, "min_count": 1, "sample": 0, "random_state": 0}


@pytest.mark.parametrize("in_pipeline", [False, True])
def test_grid_search_takes_the_scorers_without_labels(in_pipeline):
    estimator = Word2VecVectorizer(**SMALL)
    grid = {"epochs": [1, 20]}
    if in_pipeline:
        estimator = make_pipeline(FunctionTransformer(), estimator)
        grid = {"word2vecvectorizer__epochs": [1, 20]}
    pairs = [("a", "b", 9.0), ("x", "y", 8.0), ("a", "x", 1.0), ("b", "y", 0.5), ("one", "x", 4.0)]
    scoring = {
        "analogies": analogy_scorer(LETTERS, dummy4unknown=True),
        "spearman": word_pair_scorer(pairs),
        "pearson": word_pair_scorer(pairs, correlation="pearson"),
    }
    # One split of all documents: nothing needs to be held out.
    everything = np.arange(len(DOCUMENTS))
    search = GridSearchCV(
        estimator, grid, scoring=scoring, refit="spearman", cv=[(everything, everything)]
    )
    search.fit(DOCUMENTS)
    best = search.best_estimator_
    word_vectors = (best[-1] if in_pipeline else best).word_vectors_
    row = search.best_index_
    expected = {
        "analogies": evaluate_word_analogies(word_vectors, LETTERS, dummy4unknown=True).accuracy,
        "spearman": evaluate_word_pairs(word_vectors, pairs).spearman,
        "pearson": evaluate_word_pairs(word_vectors, pairs).pearson,
    }
    for name, value in expected.items():
        assert search.cv_results_[f"mean_test_{name}"][row] == value
    assert search.best_params_ == {next(iter(grid)): 20}


def test_scorers_read_their_file_once(tmp_path, royals):
    path = write(tmp_path / "questions.txt", ": royal\nman king woman queen\n")
    scorer = analogy_scorer(path)
    pairs_path = write(tmp_path / "pairs.tsv", "man\tking\t9\nman\tqueen\t1.5\nking\tqueen\t4")
    pair_scorer = word_pair_scorer(pairs_path)
    path.unlink()
    pairs_path.unlink()
    fitted = Word2VecVectorizer()
    fitted.word_vectors_ = royals
    assert scorer(fitted, ["document"], None) == 1
    assert pair_scorer(fitted) == evaluate_word_pairs(royals, PAIRS[:3]).spearman


@pytest.mark.parametrize("scorer", [analogy_scorer(ANALOGIES), word_pair_scorer(PAIRS)])
def test_scorers_survive_pickle_and_have_a_short_repr(scorer, royals):
    fitted = Word2VecVectorizer()
    fitted.word_vectors_ = royals
    assert pickle.loads(pickle.dumps(scorer))(fitted) == scorer(fitted)
    assert "restrict_vocab" in repr(scorer)
    assert "queen" not in repr(scorer)


def test_a_scorer_of_an_estimator_without_word_vectors_is_an_error():
    with pytest.raises(NotFittedError, match=r"attribute word_vectors_, .* got Word2VecVectorizer"):
        analogy_scorer(ANALOGIES)(Word2VecVectorizer())


def test_an_unknown_correlation_is_an_error():
    with pytest.raises(ValueError, match="must be 'spearman' or 'pearson', got 'kendall'"):
        word_pair_scorer(PAIRS, correlation="kendall")


# Beside gensim


@pytest.fixture(scope="module")
def datapath():
    return pytest.importorskip("gensim.test.utils").datapath


@pytest.fixture(scope="module")
def planted(datapath):
    """Return equal vectors as ours and as gensim's, in which many analogies hold."""
    from gensim.models import KeyedVectors

    generator = np.random.default_rng(0)
    sections = read_analogies(datapath("questions-words.txt"))
    vectors = {}
    for questions in sections.values():
        offset = generator.normal(size=20)
        for question in questions:
            for first, second in (question[:2], question[2:]):
                vector = vectors.setdefault(first, generator.normal(size=20))
                vectors.setdefault(second, vector + offset + generator.normal(size=20) / 2)
    for name in ("wordsim353.tsv", "simlex999.txt"):
        for first, second, score in read_word_pairs(datapath(name)):
            vector = vectors.setdefault(first, generator.normal(size=20))
            noise = generator.normal(size=20)
            vectors.setdefault(second, (score * vector + (10 - score) * noise) / 10)
    # Variants of case, some words missing, in any order.
    for word in list(vectors)[::7]:
        vectors[word.upper()] = vectors[word] + generator.normal(size=20) / 4
    words = generator.permutation(list(vectors))[: -len(vectors) // 10].tolist()
    matrix = np.array([vectors[word] for word in words], np.float32)
    theirs = KeyedVectors(20)
    theirs.add_vectors(words, matrix)
    return WordVectors(words, matrix), theirs


OPTIONS = [
    {},
    {"restrict_vocab": 1800},
    {"case_insensitive": False},
    {"dummy4unknown": True, "restrict_vocab": 2000},
]


@pytest.mark.parametrize("options", OPTIONS)
def test_analogies_agree_with_gensim_question_by_question(planted, datapath, tmp_path, options):
    ours, theirs = planted
    # gensim is slow: every 23rd question.
    lines = Path(datapath("questions-words.txt")).read_text("utf-8").splitlines(keepends=True)
    kept = [line for number, line in enumerate(lines) if line[0] == ":" or number % 23 == 0]
    path = write(tmp_path / "questions.txt", "".join(kept))
    accuracy, sections = theirs.evaluate_word_analogies(str(path), **options)
    evaluation = evaluate_word_analogies(ours, path, **options)
    assert evaluation.accuracy == accuracy
    assert 0.1 < accuracy < 0.9
    assert 0.1 < evaluation.coverage < 0.95
    is_folded = options.get("case_insensitive", True)
    for section, expected in zip([*evaluation.sections, evaluation.total], sections, strict=True):
        answers = {"correct": section.correct, "incorrect": section.incorrect}
        if options.get("dummy4unknown"):
            answers["incorrect"] += section.unknown
        for name, questions in answers.items():
            if is_folded:
                questions = [tuple(word.upper() for word in question) for question in questions]
            assert sorted(questions) == sorted(expected[name])


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("name", ["wordsim353.tsv", "simlex999.txt"])
def test_word_pairs_agree_with_gensim(planted, datapath, name, options):
    ours, theirs = planted
    pearson, spearman, percent_unknown = theirs.evaluate_word_pairs(datapath(name), **options)
    evaluation = evaluate_word_pairs(ours, datapath(name), **options)
    # Both compute similarities in float32, by sums in another order.
    assert evaluation[:2] == pytest.approx(tuple(spearman), rel=1e-6)
    assert evaluation[2:4] == pytest.approx(tuple(pearson), rel=1e-5)
    assert 100 * (1 - evaluation.coverage) == pytest.approx(percent_unknown)
    assert evaluation.n_known > 20
