"""The displays draw what was learned, and their labels can be read."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skw2v import Word2VecVectorizer, WordVectors
from skw2v.plotting import (
    LossCurveDisplay,
    WordMapDisplay,
    _emptiest_corner,
    _overlap,
    _place_labels,
)
from skw2v.word_vectors import UnknownWordError

plt = pytest.importorskip("matplotlib.pyplot")

DOCUMENTS = ["the cat eats its fish", "the dog eats its bread"] * 20


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def vectorizer():
    return Word2VecVectorizer(vector_size=10, epochs=3, random_state=0).fit(DOCUMENTS)


@pytest.fixture(scope="module")
def pipeline():
    model = make_pipeline(
        Word2VecVectorizer(vector_size=10, epochs=3, random_state=0), LogisticRegression()
    )
    return model.fit(DOCUMENTS, [0, 1] * 20)


@pytest.fixture
def word_vectors(global_random_seed):
    vectors = np.random.default_rng(global_random_seed).normal(size=(26, 6))
    return WordVectors(list("abcdefghijklmnopqrstuvwxyz"), vectors)


def rectangles_of(texts):
    """Return the rectangles of texts in pixels, without the lines to their points."""
    from matplotlib.text import Text

    return np.array([Text.get_window_extent(text).extents for text in texts])


def test_the_loss_curve_is_that_of_the_estimator(vectorizer):
    display = LossCurveDisplay.from_estimator(vectorizer)
    epochs, losses = display.line_.get_data()
    assert epochs.tolist() == [1, 2, 3]
    assert losses.tolist() == vectorizer.loss_curve_
    assert display.figure_ is display.ax_.figure
    assert display.ax_.get_legend() is None
    assert display.validation_line_ is None


@pytest.mark.parametrize("display_class", [LossCurveDisplay, WordMapDisplay])
def test_a_pipeline_is_searched_for_its_vectorizer(display_class, pipeline):
    display = display_class.from_estimator(pipeline)
    alone = display_class.from_estimator(pipeline[0])
    name = "loss_curve" if display_class is LossCurveDisplay else "coordinates"
    np.testing.assert_array_equal(getattr(display, name), getattr(alone, name))


@pytest.mark.parametrize("display_class", [LossCurveDisplay, WordMapDisplay])
def test_given_axes_are_drawn_on(display_class, vectorizer):
    figure, (left, right) = plt.subplots(ncols=2)
    display = display_class.from_estimator(vectorizer, ax=right)
    assert display.ax_ is right
    assert display.figure_ is figure
    assert not left.has_data()
    assert display.plot(ax=left) is display
    assert display.ax_ is left


def test_names_stand_in_the_legend(vectorizer):
    display = LossCurveDisplay.from_estimator(vectorizer, name="first")
    display.plot(ax=display.ax_, name="second")
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == ["first", "second"]


def test_validation_scores_have_an_axis_of_their_own_and_the_best_is_marked():
    display = LossCurveDisplay(loss_curve=[3, 2, 1], validation_scores=[-5.0, -3.0, -4.0]).plot()
    assert display.validation_ax_ is not display.ax_
    assert display.validation_line_.get_ydata().tolist() == [-5, -3, -4]
    _, best = display.validation_ax_.get_lines()
    assert list(best.get_xdata()) == [2, 2]
    labels = [text.get_text() for text in display.validation_ax_.get_legend().get_texts()]
    assert labels == ["loss", "validation score"]


def test_validation_scores_are_those_of_the_estimator():
    vectorizer = Word2VecVectorizer(
        vector_size=4, sample=0, epochs=3, early_stopping=True, random_state=0
    ).fit(DOCUMENTS)
    display = LossCurveDisplay.from_estimator(vectorizer)
    scores = display.validation_line_.get_ydata().tolist()
    assert scores == vectorizer.validation_scores_


def test_styles_go_above_the_defaults_under_all_of_their_names(vectorizer, word_vectors):
    line = LossCurveDisplay.from_estimator(vectorizer, line_kwargs={"ms": 9, "c": "red"}).line_
    assert line.get_markersize() == 9
    assert line.get_color() == "red"
    display = WordMapDisplay.from_word_vectors(
        word_vectors, n_words=3, scatter_kwargs={"s": 50}, text_kwargs={"size": 5, "color": "red"}
    )
    assert display.scatter_.get_sizes().tolist() == [50]
    assert {text.get_fontsize() for text in display.texts_} == {5}
    assert {text.get_color() for text in display.texts_} == {"red"}


@pytest.mark.parametrize("display_class", [LossCurveDisplay, WordMapDisplay])
@pytest.mark.parametrize("unfitted", [Word2VecVectorizer(), make_pipeline(Word2VecVectorizer())])
def test_an_unfitted_estimator_is_refused(display_class, unfitted):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        display_class.from_estimator(unfitted)


@pytest.mark.parametrize("display_class", [LossCurveDisplay, WordMapDisplay])
@pytest.mark.parametrize("other", [PCA().fit(np.eye(3)), "a string"])
def test_an_estimator_without_vectors_is_refused(display_class, other):
    with pytest.raises(TypeError, match="must be a fitted Word2VecVectorizer, or a"):
        display_class.from_estimator(other)


@pytest.mark.parametrize(
    "draw",
    [
        lambda vectorizer: LossCurveDisplay.from_estimator(vectorizer),
        lambda vectorizer: WordMapDisplay.from_estimator(vectorizer),
        lambda vectorizer: WordMapDisplay.from_word_vectors(vectorizer.word_vectors_),
        lambda vectorizer: LossCurveDisplay(loss_curve=[1.0]).plot(),
        lambda vectorizer: WordMapDisplay(words=["a"], coordinates=[[0, 0]]).plot(),
    ],
)
def test_without_matplotlib_the_error_says_what_to_install(draw, vectorizer, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"requires matplotlib\. You can install"):
        draw(vectorizer)


def test_importing_the_displays_does_not_import_matplotlib():
    program = "import sys, skw2v.plotting; print('matplotlib' in sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert result.stdout.split() == ["False"]


def test_the_map_is_the_pca_of_unit_vectors(word_vectors):
    display = WordMapDisplay.from_word_vectors(word_vectors, n_words=20)
    assert display.words == list("abcdefghijklmnopqrst")
    units = word_vectors.vectors[:20]
    units = units / np.linalg.norm(units, axis=1, keepdims=True)
    expected = PCA(n_components=2).fit_transform(units)
    np.testing.assert_allclose(np.abs(display.coordinates), np.abs(expected), atol=1e-8)
    np.testing.assert_allclose(display.scatter_.get_offsets(), display.coordinates)
    assert "% of the variance" in display.ax_.get_xlabel()


def test_lengths_count_if_asked_for(word_vectors):
    words = ["b", "z", "k", "a"]
    display = WordMapDisplay.from_word_vectors(word_vectors, words=words, normalize=False)
    expected = PCA(n_components=2).fit_transform(word_vectors[words])
    np.testing.assert_allclose(np.abs(display.coordinates), np.abs(expected), atol=1e-8)


def test_a_zero_vector_stays_a_zero_vector():
    word_vectors = WordVectors(["a", "b", "c"], np.array([[0.0, 0], [0, 2], [3, 0]]))
    identity = FunctionTransformer()
    display = WordMapDisplay.from_word_vectors(word_vectors, projector=identity)
    assert display.coordinates.tolist() == [[0, 0], [0, 1], [1, 0]]


def test_a_fitted_projector_is_used_as_it_is(word_vectors):
    projector = TruncatedSVD(2, random_state=0).fit(word_vectors.vectors)
    components = projector.components_.copy()
    display = WordMapDisplay.from_word_vectors(
        word_vectors, words=["c", "a"], projector=projector, normalize=False
    )
    np.testing.assert_allclose(display.coordinates, projector.transform(word_vectors[["c", "a"]]))
    np.testing.assert_array_equal(projector.components_, components)


def test_an_unfitted_projector_is_fitted_as_a_clone(word_vectors):
    projector = TruncatedSVD(2, random_state=0)
    display = WordMapDisplay.from_word_vectors(
        word_vectors, n_words=9, projector=projector, normalize=False
    )
    assert not hasattr(projector, "components_")
    expected = clone(projector).fit_transform(word_vectors.vectors[:9])
    np.testing.assert_allclose(display.coordinates, expected)


def test_a_projector_without_transform_is_fitted_on_the_words(word_vectors):
    from sklearn.manifold import TSNE

    projector = TSNE(perplexity=3, max_iter=250, random_state=0)
    display = WordMapDisplay.from_word_vectors(word_vectors, n_words=10, projector=projector)
    assert display.coordinates.shape == (10, 2)
    assert display.ax_.get_xlabel() == "TSNE, dimension 1"


def test_a_projector_to_other_than_two_dimensions_is_refused(word_vectors):
    with pytest.raises(ValueError, match=r"projector must give 2 columns.*got shape \(26, 3\)"):
        WordMapDisplay.from_word_vectors(word_vectors, projector=PCA(3))


def test_groups_have_their_colours_and_a_legend(word_vectors):
    groups = {"vowels": ["a", "e"], "others": np.array(["x", "b", "c"])}
    display = WordMapDisplay.from_word_vectors(word_vectors, words=groups)
    assert display.words == ["a", "e", "x", "b", "c"]
    assert display.groups == ["vowels"] * 2 + ["others"] * 3
    legend = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert legend == ["vowels", "others"]
    colors = [text.get_color() for text in display.texts_]
    assert colors == ["C0"] * 2 + ["C1"] * 3


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        ("abc", TypeError, "words must be a list of words or a mapping, got the single 'abc'"),
        ([], ValueError, "words must hold at least one word"),
        (["a", "b", "a"], ValueError, "words must not repeat a word, got 'a' more than once"),
        ({"first": ["a"], "second": ["a"]}, ValueError, "words must not repeat a word, got 'a'"),
        (["a", "ab"], UnknownWordError, "'ab' is not among the 26 words"),
    ],
)
def test_words_that_cannot_be_drawn_are_named(words, error, message, word_vectors):
    with pytest.raises(error, match=message):
        WordMapDisplay.from_word_vectors(word_vectors, words=words)


def test_the_number_of_words_must_be_positive(word_vectors):
    with pytest.raises(ValueError, match="n_words must be at least 1, got 0"):
        WordMapDisplay.from_word_vectors(word_vectors, n_words=0)


def test_an_estimator_in_place_of_word_vectors_is_refused(vectorizer):
    with pytest.raises(TypeError, match="got Word2VecVectorizer; pass a fitted estimator to"):
        WordMapDisplay.from_word_vectors(vectorizer)


def test_labels_show_words_letter_by_letter_whatever_they_are():
    words = ["$x_1$", ("a", "pair"), 7]
    vectors = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1]])
    display = WordMapDisplay.from_word_vectors(WordVectors(words, vectors))
    assert [text.get_text() for text in display.texts_] == ["$x_1$", "('a', 'pair')", "7"]
    assert not any(text.get_parse_math() for text in display.texts_)


def test_labels_stay_inside_and_cover_neither_each_other_nor_the_legend(global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    words = [f"word{number}" for number in range(120)]
    everywhere = rng.uniform(size=(120, 2)) * [4, 3]  # so that the legend lies among words
    groups = ["a group with a long name", "another", "and the last one"] * 40
    display = WordMapDisplay(words=words, coordinates=everywhere, groups=groups).plot()
    display.figure_.draw_without_rendering()
    rectangles = rectangles_of(display.texts_)
    overlaps = _overlap(rectangles, rectangles)
    np.fill_diagonal(overlaps, False)
    assert not overlaps.any()
    legend = display.ax_.get_legend().get_window_extent().extents
    assert not _overlap(rectangles, legend[np.newaxis]).any()
    frame = display.ax_.bbox.extents
    assert (rectangles[:, :2] >= frame[:2] - 1).all()
    assert (rectangles[:, 2:] <= frame[2:] + 1).all()


def test_the_legend_stands_in_the_emptiest_corner():
    corners = np.array([(1, 1), (1, 1), (0, 1), (0, 1), (1, 0), (0, 0), (0, 0)])
    assert _emptiest_corner(corners) == "lower right"
    assert _emptiest_corner(np.zeros((3, 2))) == "upper right"


def test_words_without_room_for_a_label_are_counted_and_named():
    words = [f"a rather long word number {number}" for number in range(300)]
    display = WordMapDisplay(words=words, coordinates=np.zeros((300, 2)))
    with pytest.warns(UserWarning, match="of 300 words have no room for a label"):
        display.plot()
    assert len(display.texts_) + len(display.unlabelled_) == 300
    assert display.texts_[0].get_text() == words[0]
    assert words[-1] in display.unlabelled_


def test_a_lonely_label_stands_right_of_its_point():
    centres, is_far = _place_labels(
        np.array([[50.0, 50.0]]), np.array([[20.0, 10.0]]), np.empty((0, 4)), [0, 0, 100, 100]
    )
    assert centres[0, 0] > 60
    assert centres[0, 1] == 50
    assert not is_far[0]


def test_a_label_turns_away_from_the_frame_and_from_obstacles():
    size = np.array([[20.0, 10.0]])
    bounds = [0, 0, 100, 100]
    at_the_right, _ = _place_labels(np.array([[95.0, 50.0]]), size, np.empty((0, 4)), bounds)
    assert at_the_right[0, 0] < 85
    obstacle = np.array([[52.0, 0.0, 100.0, 100.0]])
    beside_it, _ = _place_labels(np.array([[50.0, 50.0]]), size, obstacle, bounds)
    assert beside_it[0, 0] < 40


def test_a_label_without_room_has_no_place():
    centres, _ = _place_labels(
        np.array([[5.0, 5.0]]), np.array([[20.0, 10.0]]), np.empty((0, 4)), [0, 0, 10, 10]
    )
    assert np.isnan(centres).all()
