"""Pictures of what was learned, as display objects in scikit-learn's convention.

A display holds what is to be drawn. The class methods `from_estimator` and `from_word_vectors`
compute it and draw it at once; `plot` draws it again, on other axes or in another style. Matplotlib
is imported when something is drawn, not before.
"""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils._optional_dependencies import check_matplotlib_support
from sklearn.utils.validation import check_is_fitted

from skw2v.word_vectors import WordVectors

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["LossCurveDisplay", "WordMapDisplay"]

# Where a label may stand, the best place first: right, left, above, below, then the corners.
_DIRECTIONS = np.array(
    [(1, 0), (-1, 0), (0, 1), (0, -1), (0.7, 0.7), (-0.7, 0.7), (0.7, -0.7), (-0.7, -0.7)]
)
# How far from its point, in heights of a label. All but the nearest get a line to their point.
_DISTANCES = (0.0, 0.6, 1.2, 2.0, 3.0, 4.5)


class LossCurveDisplay:
    """Draw the loss of each epoch, and the scores of held-out documents if there are any.

    The class method :meth:`from_estimator` takes them from a fitted estimator. Its parameters are
    stored as attributes.

    Parameters
    ----------
    loss_curve : array-like of shape (n_epochs,)
        The loss of each epoch, in nats per predicted word.
    validation_scores : array-like of shape (n_epochs,), default=None
        The score of the held-out documents after each epoch. They are drawn on an axis of their
        own, at the right, as a loss and a score cannot be compared; a dotted line marks the best.
    estimator_name : str, default=None
        Stands in the legend; None draws no legend, unless there are validation scores.

    Attributes
    ----------
    line_ : matplotlib.lines.Line2D
        The curve of the loss.
    validation_line_ : matplotlib.lines.Line2D or None
        The curve of the validation scores.
    validation_ax_ : matplotlib.axes.Axes or None
        The axes of the validation scores.
    ax_ : matplotlib.axes.Axes
        The axes it is drawn on.
    figure_ : matplotlib.figure.Figure
        The figure of these axes.

    See Also
    --------
    skw2v.Word2VecVectorizer : Its attributes `loss_curve_` and `validation_scores_` are drawn.

    Examples
    --------
    >>> from skw2v import Word2VecVectorizer
    >>> from skw2v.plotting import LossCurveDisplay
    >>> documents = ["the cat eats its fish", "the dog eats its bread"] * 50
    >>> vectorizer = Word2VecVectorizer(vector_size=10, random_state=0).fit(documents)
    >>> display = LossCurveDisplay.from_estimator(vectorizer)
    >>> display.ax_.get_xlabel()
    'Epoch'
    """

    def __init__(
        self,
        *,
        loss_curve: ArrayLike,
        validation_scores: ArrayLike | None = None,
        estimator_name: str | None = None,
    ) -> None:
        self.loss_curve = loss_curve
        self.validation_scores = validation_scores
        self.estimator_name = estimator_name

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        name: str | None = None,
        ax: Axes | None = None,
        line_kwargs: Mapping[str, Any] | None = None,
    ) -> LossCurveDisplay:
        """Draw the loss of each epoch of a fitted estimator, and its validation scores if any.

        Parameters
        ----------
        estimator : Word2VecVectorizer or Pipeline
            A fitted vectorizer, or a fitted pipeline that has one as a step.
        name : str, default=None
            Stands in the legend; None draws no legend, unless there are validation scores.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.
        line_kwargs : mapping, default=None
            Passed to :meth:`matplotlib.axes.Axes.plot`, above the defaults of this display.

        Returns
        -------
        display : LossCurveDisplay
            The display, drawn.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        NotFittedError
            If the estimator is not fitted.
        TypeError
            If the estimator is neither a vectorizer nor a pipeline that has one.

        Examples
        --------
        Two settings on the same axes:

        >>> from skw2v import Word2VecVectorizer
        >>> from skw2v.plotting import LossCurveDisplay
        >>> documents = ["the cat eats its fish", "the dog eats its bread"] * 50
        >>> ax = None
        >>> for window in (2, 5):
        ...     vectorizer = Word2VecVectorizer(vector_size=10, window=window, random_state=0)
        ...     vectorizer.fit(documents)
        ...     name = f"window={window}"
        ...     ax = LossCurveDisplay.from_estimator(vectorizer, name=name, ax=ax).ax_
        Word2VecVectorizer(random_state=0, vector_size=10, window=2)
        Word2VecVectorizer(random_state=0, vector_size=10)
        >>> [text.get_text() for text in ax.get_legend().get_texts()]
        ['window=2', 'window=5']
        """
        check_matplotlib_support(f"{cls.__name__}.from_estimator")
        vectorizer = _find_vectorizer(estimator, "loss_curve_")
        display = cls(
            loss_curve=vectorizer.loss_curve_,
            validation_scores=getattr(vectorizer, "validation_scores_", None),
            estimator_name=name,
        )
        return display.plot(ax=ax, line_kwargs=line_kwargs)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        name: str | None = None,
        line_kwargs: Mapping[str, Any] | None = None,
    ) -> LossCurveDisplay:
        """Draw the curve.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.
        name : str, default=None
            Stands in the legend, in place of `estimator_name`.
        line_kwargs : mapping, default=None
            Passed to :meth:`matplotlib.axes.Axes.plot`, above the defaults of this display.

        Returns
        -------
        display : LossCurveDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.

        Examples
        --------
        >>> import matplotlib.pyplot as plt
        >>> from skw2v.plotting import LossCurveDisplay
        >>> _, ax = plt.subplots()
        >>> display = LossCurveDisplay(loss_curve=[2.6, 2.3, 2.2]).plot(ax, name="window=5")
        >>> display.line_.get_ydata()
        array([2.6, 2.3, 2.2])
        """
        check_matplotlib_support(f"{type(self).__name__}.plot")
        from matplotlib.cbook import normalize_kwargs
        from matplotlib.lines import Line2D
        from matplotlib.ticker import MaxNLocator

        if ax is None:
            ax = _new_axes((6.4, 4.0))
        name = self.estimator_name if name is None else name
        losses = np.asarray(self.loss_curve)
        style: dict[str, Any] = {"marker": "o", "markersize": 4.0, "label": name}
        style |= normalize_kwargs(dict(line_kwargs or {}), Line2D)
        (self.line_,) = ax.plot(np.arange(1, len(losses) + 1), losses, **style)
        ax.set_xlabel("Epoch")
        ax.set_ylabel("Loss (nats per predicted word)")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.grid(True, alpha=0.25)
        self.validation_line_: Any = None
        self.validation_ax_: Any = None
        if self.validation_scores is not None:
            self._plot_validation(ax, np.asarray(self.validation_scores), name)
        elif name is not None:
            ax.legend(loc="upper right")
        self.ax_ = ax
        self.figure_ = ax.figure
        return self

    def _plot_validation(self, ax: Axes, scores: NDArray[Any], name: str | None) -> None:
        """Draw the validation scores on a second axis, and one legend for both."""
        suffix = "" if name is None else f" ({name})"
        self.line_.set_label(f"loss{suffix}")
        self.validation_ax_ = ax.twinx()
        (self.validation_line_,) = self.validation_ax_.plot(
            np.arange(1, len(scores) + 1),
            scores,
            marker="s",
            markersize=4.0,
            linestyle="--",
            color="C1",
            label=f"validation score{suffix}",
        )
        self.validation_ax_.set_ylabel("Validation score (nats per predicted word)")
        best = int(np.argmax(scores)) + 1
        self.validation_ax_.axvline(best, color="C1", linestyle=":", alpha=0.7)
        self.validation_ax_.legend(
            handles=[self.line_, self.validation_line_],
            loc="lower center",
            bbox_to_anchor=(0.5, 1.0),  # above the axes: the curves need the room within
            ncols=2,
            frameon=False,
        )


class WordMapDisplay:
    """Draw words as points of a plane, near each other where their vectors point alike.

    The class methods :meth:`from_estimator` and :meth:`from_word_vectors` project word vectors to
    two dimensions. Its parameters are stored as attributes.

    Parameters
    ----------
    words : sequence of hashables, length n_words
        The words. Where labels compete for a place, earlier words are served first.
    coordinates : array-like of shape (n_words, 2)
        Where each word stands.
    groups : sequence of str, length n_words, default=None
        A group for each word, shown as its colour and explained in a legend. Matplotlib has ten
        colours in its cycle; then they repeat.
    axis_names : pair of str, default=None
        What stands beside the axes.

    Attributes
    ----------
    scatter_ : matplotlib.collections.PathCollection
        The points.
    texts_ : list of matplotlib.text.Annotation
        The labels that found a place.
    unlabelled_ : list of hashables
        The words whose labels did not.
    ax_ : matplotlib.axes.Axes
        The axes it is drawn on.
    figure_ : matplotlib.figure.Figure
        The figure of these axes.

    See Also
    --------
    skw2v.WordVectors : Words and their vectors.

    Notes
    -----
    Two dimensions out of a hundred keep a part of the truth only: neighbours on the map need not be
    neighbours. Ask :meth:`WordVectors.most_similar <skw2v.WordVectors.most_similar>` for those.

    Examples
    --------
    >>> from skw2v import WordVectors
    >>> from skw2v.plotting import WordMapDisplay
    >>> words = ["cat", "dog", "car", "bus"]
    >>> vectors = [[1.0, 0.1, 0.0], [0.9, 0.2, 0.1], [0.0, 1.0, 0.9], [0.1, 0.9, 1.0]]
    >>> display = WordMapDisplay.from_word_vectors(WordVectors(words, vectors))
    >>> display.coordinates.shape
    (4, 2)
    >>> [text.get_text() for text in display.texts_]
    ['cat', 'dog', 'car', 'bus']
    """

    def __init__(
        self,
        *,
        words: Sequence[Hashable],
        coordinates: ArrayLike,
        groups: Sequence[str] | None = None,
        axis_names: tuple[str, str] | None = None,
    ) -> None:
        self.words = words
        self.coordinates = coordinates
        self.groups = groups
        self.axis_names = axis_names

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        words: Iterable[Hashable] | Mapping[str, Iterable[Hashable]] | None = None,
        n_words: int = 50,
        projector: Any = None,
        normalize: bool = True,
        ax: Axes | None = None,
        scatter_kwargs: Mapping[str, Any] | None = None,
        text_kwargs: Mapping[str, Any] | None = None,
    ) -> WordMapDisplay:
        """Draw a map of the words that an estimator has learned.

        Parameters
        ----------
        estimator : Word2VecVectorizer or Pipeline
            A fitted vectorizer, or a fitted pipeline that has one as a step.
        words : list or array of hashables, or mapping of str to such lists, default=None
            Which words to draw. A mapping draws each of its lists in a colour of its own and names
            it in a legend. None draws the first `n_words`.
        n_words : int, default=50
            How many words to draw if `words` is None: usually the most frequent ones.
        projector : transformer with 2 outputs, default=None
            Projects the vectors to two dimensions. None is PCA, fitted on the drawn words. A
            transformer that is fitted already is used as it is; any other is cloned and fitted on
            the drawn words.
        normalize : bool, default=True
            Scale each vector to length 1 before it is projected, so that only directions count, as
            they do in similarities.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.
        scatter_kwargs : mapping, default=None
            Passed to :meth:`matplotlib.axes.Axes.scatter`, above the defaults of this display.
        text_kwargs : mapping, default=None
            Passed to :meth:`matplotlib.axes.Axes.annotate`, above the defaults of this display.

        Returns
        -------
        display : WordMapDisplay
            The display, drawn.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        NotFittedError
            If the estimator is not fitted.
        TypeError
            If the estimator is neither a vectorizer nor a pipeline that has one.
        UnknownWordError
            If one of `words` has no vector.
        ValueError
            If `words` repeats a word or is empty, or the projector does not give two columns.

        Examples
        --------
        >>> from skw2v import Word2VecVectorizer
        >>> from skw2v.plotting import WordMapDisplay
        >>> documents = ["the cat eats its fish", "the dog eats its bread"] * 50
        >>> vectorizer = Word2VecVectorizer(vector_size=10, random_state=0).fit(documents)
        >>> groups = {"animals": ["cat", "dog"], "food": ["fish", "bread"]}
        >>> display = WordMapDisplay.from_estimator(vectorizer, words=groups)
        >>> display.groups
        ['animals', 'animals', 'food', 'food']
        """
        check_matplotlib_support(f"{cls.__name__}.from_estimator")
        return cls.from_word_vectors(
            _find_vectorizer(estimator, "word_vectors_").word_vectors_,
            words=words,
            n_words=n_words,
            projector=projector,
            normalize=normalize,
            ax=ax,
            scatter_kwargs=scatter_kwargs,
            text_kwargs=text_kwargs,
        )

    @classmethod
    def from_word_vectors(
        cls,
        word_vectors: WordVectors,
        *,
        words: Iterable[Hashable] | Mapping[str, Iterable[Hashable]] | None = None,
        n_words: int = 50,
        projector: Any = None,
        normalize: bool = True,
        ax: Axes | None = None,
        scatter_kwargs: Mapping[str, Any] | None = None,
        text_kwargs: Mapping[str, Any] | None = None,
    ) -> WordMapDisplay:
        """Draw a map of words.

        Parameters
        ----------
        word_vectors : WordVectors
            Words and their vectors.
        words : list or array of hashables, or mapping of str to such lists, default=None
            Which words to draw. A mapping draws each of its lists in a colour of its own and names
            it in a legend. None draws the first `n_words`.
        n_words : int, default=50
            How many words to draw if `words` is None: usually the most frequent ones.
        projector : transformer with 2 outputs, default=None
            Projects the vectors to two dimensions. None is PCA, fitted on the drawn words. A
            transformer that is fitted already is used as it is; any other is cloned and fitted on
            the drawn words.
        normalize : bool, default=True
            Scale each vector to length 1 before it is projected, so that only directions count, as
            they do in similarities.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.
        scatter_kwargs : mapping, default=None
            Passed to :meth:`matplotlib.axes.Axes.scatter`, above the defaults of this display.
        text_kwargs : mapping, default=None
            Passed to :meth:`matplotlib.axes.Axes.annotate`, above the defaults of this display.

        Returns
        -------
        display : WordMapDisplay
            The display, drawn.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError
            If `word_vectors` is no WordVectors, or `words` a single word.
        UnknownWordError
            If one of `words` has no vector.
        ValueError
            If `words` repeats a word or is empty, or the projector does not give two columns.

        Examples
        --------
        Another projector, fitted on all words and used for some of them:

        >>> import numpy as np
        >>> from sklearn.decomposition import TruncatedSVD
        >>> from skw2v import WordVectors
        >>> from skw2v.plotting import WordMapDisplay
        >>> rng = np.random.default_rng(0)
        >>> word_vectors = WordVectors(list("abcdefgh"), rng.normal(size=(8, 5)))
        >>> projector = TruncatedSVD(2).fit(word_vectors.vectors)
        >>> display = WordMapDisplay.from_word_vectors(
        ...     word_vectors, words=["a", "b", "c"], projector=projector, normalize=False
        ... )
        >>> bool(np.allclose(display.coordinates[0], projector.transform([word_vectors["a"]])))
        True
        """
        check_matplotlib_support(f"{cls.__name__}.from_word_vectors")
        if not isinstance(word_vectors, WordVectors):
            raise TypeError(
                f"word_vectors must be a WordVectors, got {type(word_vectors).__name__}; pass a "
                "fitted estimator to from_estimator."
            )
        if n_words < 1:
            raise ValueError(f"n_words must be at least 1, got {n_words!r}.")
        chosen, groups = _choose_words(word_vectors, words, n_words)
        vectors = word_vectors[chosen]
        if normalize:
            lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
            vectors = vectors / np.where(lengths > 0, lengths, 1)
        coordinates, axis_names = _project(vectors, projector)
        display = cls(words=chosen, coordinates=coordinates, groups=groups, axis_names=axis_names)
        return display.plot(ax=ax, scatter_kwargs=scatter_kwargs, text_kwargs=text_kwargs)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        scatter_kwargs: Mapping[str, Any] | None = None,
        text_kwargs: Mapping[str, Any] | None = None,
    ) -> WordMapDisplay:
        """Draw the map.

        Labels do not cover each other. Where it is crowded, a label stands farther from its point,
        with a line to it; where there is no room at all it is left out with a warning, and
        `unlabelled_` names the word. A larger figure, a smaller `fontsize` or fewer words make
        room. The places are chosen for the axes as they are now: set their size and limits before.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.
        scatter_kwargs : mapping, default=None
            Passed to :meth:`matplotlib.axes.Axes.scatter`, above the defaults of this display.
        text_kwargs : mapping, default=None
            Passed to :meth:`matplotlib.axes.Axes.annotate`, above the defaults of this display.

        Returns
        -------
        display : WordMapDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.

        Examples
        --------
        >>> import matplotlib.pyplot as plt
        >>> from skw2v.plotting import WordMapDisplay
        >>> _, ax = plt.subplots()
        >>> display = WordMapDisplay(words=["cat", "bus"], coordinates=[[0, 1], [1, 0]])
        >>> [text.get_text() for text in display.plot(ax, text_kwargs={"fontsize": 8}).texts_]
        ['cat', 'bus']
        """
        check_matplotlib_support(f"{type(self).__name__}.plot")
        if ax is None:
            ax = _new_axes((8.0, 6.0))
        coordinates = np.asarray(self.coordinates)
        names = [] if self.groups is None else list(dict.fromkeys(self.groups))
        color_of = {name: f"C{number % 10}" for number, name in enumerate(names)}
        colors = [color_of[group] for group in self.groups or ()] or ["C0"] * len(self.words)
        style: dict[str, Any] = {"s": 14, "c": colors, "linewidths": 0} | dict(scatter_kwargs or {})
        self.scatter_ = ax.scatter(*coordinates.T, **style)
        for name, color in color_of.items():
            ax.scatter([], [], s=30, c=color, linewidths=0, label=name)
        if names:
            ax.legend(loc=_emptiest_corner(coordinates), framealpha=0.9)
        if self.axis_names is not None:
            ax.set_xlabel(self.axis_names[0])
            ax.set_ylabel(self.axis_names[1])
        # The units of the axes mean nothing, but distances do, and in all directions alike.
        ax.tick_params(left=False, bottom=False, labelleft=False, labelbottom=False)
        ax.set_aspect("equal", adjustable="datalim")
        ax.margins(0.06)
        ax.spines[:].set_alpha(0.3)
        self._label(ax, coordinates, colors, dict(text_kwargs or {}))
        self.ax_ = ax
        self.figure_ = ax.figure
        return self

    def _label(
        self,
        ax: Axes,
        coordinates: NDArray[np.floating],
        colors: Sequence[str],
        text_kwargs: dict[str, Any],
    ) -> None:
        """Write the words where they do not cover each other."""
        from matplotlib.cbook import normalize_kwargs
        from matplotlib.patheffects import withStroke
        from matplotlib.text import Text

        halo = withStroke(linewidth=2, foreground=ax.get_facecolor())
        style: dict[str, Any] = {"fontsize": 9, "parse_math": False}
        style |= normalize_kwargs(text_kwargs, Text)
        style |= {"horizontalalignment": "center", "verticalalignment": "center"}
        ax.figure.canvas.figure.draw_without_rendering()  # fixes layout, aspect and legend
        points = ax.transData.transform(coordinates)
        obstacles = [legend.get_window_extent().extents] if (legend := ax.get_legend()) else []
        sizes = [_text_size(ax, str(word), style) for word in self.words]
        centres, is_far = _place_labels(
            points, np.array(sizes), np.array(obstacles).reshape(-1, 4), ax.bbox.extents
        )
        self.texts_, self.unlabelled_ = [], []
        offsets = (centres - points) * 72 / ax.figure.dpi
        for number, word in enumerate(self.words):
            if not np.isfinite(offsets[number]).all():
                self.unlabelled_.append(word)
                continue
            own_style = style if self.groups is None else {"color": colors[number]} | style
            line = {"arrowstyle": "-", "color": colors[number], "linewidth": 0.6, "alpha": 0.6}
            text = ax.annotate(
                str(word),
                xy=tuple(coordinates[number]),
                xytext=tuple(offsets[number]),
                textcoords="offset points",
                arrowprops={**line, "shrinkA": 0, "shrinkB": 0} if is_far[number] else None,
                **own_style,
            )
            text.set_path_effects([halo])
            self.texts_.append(text)
        if self.unlabelled_:
            warnings.warn(
                f"{len(self.unlabelled_)} of {len(self.words)} words have no room for a label; "
                "their points are drawn, and unlabelled_ names them. Make the figure larger or "
                "fontsize smaller, or draw fewer words.",
                UserWarning,
                stacklevel=3,
            )


def _find_vectorizer(estimator: Any, attribute: str) -> Any:
    """Return the estimator, or the step of a pipeline, that has a fitted attribute."""
    candidates = [estimator]
    if isinstance(estimator, Pipeline):
        candidates = [step for _, step in estimator.steps]
    for candidate in candidates:
        if hasattr(candidate, attribute):
            return candidate
    if hasattr(estimator, "fit"):
        check_is_fitted(estimator)
    raise TypeError(
        "estimator must be a fitted Word2VecVectorizer, or a fitted Pipeline that has one as a "
        f"step, got {type(estimator).__name__} without {attribute!r}."
    )


def _choose_words(
    word_vectors: WordVectors,
    words: Iterable[Hashable] | Mapping[str, Iterable[Hashable]] | None,
    n_words: int,
) -> tuple[list[Hashable], list[str] | None]:
    """Return the words to draw and, where `words` is a mapping, the group of each."""
    if isinstance(words, (str, bytes)):
        raise TypeError(f"words must be a list of words or a mapping, got the single {words!r}.")
    groups = None
    if words is None:
        chosen = list(word_vectors.words[:n_words])
    elif isinstance(words, Mapping):
        members = {name: list(group) for name, group in words.items()}
        chosen = [word for group in members.values() for word in group]
        groups = [name for name, group in members.items() for _ in group]
    else:
        chosen = list(words)
    if not chosen:
        raise ValueError("words must hold at least one word, got none.")
    if len(set(chosen)) < len(chosen):
        repeated = next(word for word in chosen if chosen.count(word) > 1)
        raise ValueError(f"words must not repeat a word, got {repeated!r} more than once.")
    return chosen, groups


def _project(
    vectors: NDArray[np.floating], projector: Any
) -> tuple[NDArray[np.floating], tuple[str, str]]:
    """Project vectors to the plane; return the coordinates and the names of the axes."""
    if projector is None:
        from sklearn.decomposition import PCA

        projector = PCA(n_components=2, svd_solver="full")
    if _is_fitted(projector) and hasattr(projector, "transform"):
        coordinates = projector.transform(vectors)
    else:
        projector = clone(projector)
        coordinates = projector.fit_transform(vectors)
    coordinates = np.asarray(coordinates)
    if coordinates.shape != (len(vectors), 2):
        raise ValueError(
            f"projector must give 2 columns, one row for each of {len(vectors)} words, got shape "
            f"{coordinates.shape} from {projector!r}."
        )
    shares = getattr(projector, "explained_variance_ratio_", None)
    if shares is not None:
        first, second = (f"Component {i + 1} ({shares[i]:.0%} of the variance)" for i in (0, 1))
    else:
        last_step = projector[-1] if isinstance(projector, Pipeline) else projector
        first, second = (f"{type(last_step).__name__}, dimension {i}" for i in (1, 2))
    return coordinates, (first, second)


def _is_fitted(projector: Any) -> bool:
    """Tell whether a projector is fitted."""
    try:
        check_is_fitted(projector)
    except NotFittedError:
        return False
    return True


def _emptiest_corner(points: NDArray[np.floating]) -> str:
    """Name the corner with the fewest points near it, for the legend."""
    low, high = points.min(axis=0), points.max(axis=0)
    places = (points - low) / np.where(high > low, high - low, 1)
    corners = {
        "upper right": (1, 1),
        "upper left": (0, 1),
        "lower right": (1, 0),
        "lower left": (0, 0),
    }
    n_near = {
        name: int((np.abs(places - corner) < 0.4).all(axis=1).sum())
        for name, corner in corners.items()
    }
    return min(n_near, key=n_near.__getitem__)


def _new_axes(size: tuple[float, float]) -> Axes:
    """Return the axes of a new figure of that width and height in inches."""
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=size, layout="constrained")[1]


def _text_size(ax: Axes, text: str, style: Mapping[str, Any]) -> tuple[float, float]:
    """Return the width and height that a text has on the axes, in pixels."""
    artist = ax.text(0, 0, text, **style)
    extent = artist.get_window_extent()
    artist.remove()
    return extent.width + 2, extent.height


def _place_labels(
    points: NDArray[np.floating],
    sizes: NDArray[np.floating],
    obstacles: NDArray[np.floating],
    bounds: Sequence[float],
) -> tuple[NDArray[np.floating], NDArray[np.bool_]]:
    """Choose a place for each label, one label after another, the nearest free place first.

    A place is free if the label there lies within the bounds and covers no earlier label and no
    obstacle. Of the free places at a distance, those that cover no point either are preferred.

    Parameters
    ----------
    points : ndarray of shape (n_labels, 2)
        The points to be labelled, in pixels.
    sizes : ndarray of shape (n_labels, 2)
        Widths and heights of the labels.
    obstacles : ndarray of shape (n_obstacles, 4)
        Rectangles to keep free: left, bottom, right, top.
    bounds : sequence of 4 floats
        The rectangle to stay within.

    Returns
    -------
    centres : ndarray of shape (n_labels, 2)
        Where the labels' centres stand; NaN for a label without a free place.
    is_far : ndarray of shape (n_labels,), dtype bool
        Whether the label is so far from its point that it wants a line to it.
    """
    gap = 0.35 * np.median(sizes[:, 1])
    centres = np.full(points.shape, np.nan)
    is_far = np.zeros(len(points), bool)
    taken = np.asarray(obstacles, float).reshape(-1, 4)
    spots = np.hstack([points - gap / 2, points + gap / 2])
    for number, (point, size) in enumerate(zip(points, sizes, strict=True)):
        other_spots = np.delete(spots, number, axis=0)
        candidates = []
        for rank, distance in enumerate(_DISTANCES):
            reach = _DIRECTIONS * (gap + distance * size[1]) + np.sign(_DIRECTIONS) * size / 2
            rectangles = np.hstack([point + reach - size / 2, point + reach + size / 2])
            free = ~_overlap(rectangles, taken).any(axis=1)
            free &= (rectangles[:, :2] >= bounds[:2]).all(axis=1)
            free &= (rectangles[:, 2:] <= bounds[2:]).all(axis=1)
            n_covered = _overlap(rectangles, other_spots).sum(axis=1)
            # To stand two steps farther away is better than to cover a point.
            candidates += [
                (2 * n_covered[i] + rank, rank, i, rectangles[i]) for i in np.flatnonzero(free)
            ]
        if candidates:
            _, rank, _, rectangle = min(candidates, key=lambda candidate: candidate[:3])
            centres[number] = (rectangle[:2] + rectangle[2:]) / 2
            is_far[number] = rank > 0
            taken = np.vstack([taken, rectangle])
    return centres, is_far


def _overlap(first: NDArray[np.floating], second: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Tell which rectangles of shape (m, 4) and (n, 4) overlap, as an array of shape (m, n)."""
    before = first[:, np.newaxis, 2:] <= second[np.newaxis, :, :2]
    behind = first[:, np.newaxis, :2] >= second[np.newaxis, :, 2:]
    return np.all(~(before | behind), axis=2)
