"""What watches a training run: its display, and all that may end it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from skw2v._early_stopping import EarlyStopping

if TYPE_CHECKING:
    from skw2v.training.run import Epoch

__all__ = [
    "CallbackSupportMixin",
    "Callbacks",
    "Progress",
    "Silence",
    "Watch",
]

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # scikit-learn < 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stands where the installed scikit-learn has no callbacks."""


class Progress:
    """Show how far a training run is: a bar on a screen, a line per epoch in a log.

    A terminal or a notebook gets a bar of tqdm, which is redrawn in its place. Where standard error
    is a file or a pipe, redrawing would fill it with copies of the bar, so each epoch is one line.

    Parameters
    ----------
    n_tokens : int
        Length of the corpus.
    n_epochs : int
        The most epochs that there can be.
    name : str
        What to call the run.
    """

    def __init__(self, n_tokens: int, n_epochs: int, name: str) -> None:
        self._n_tokens, self._n_epochs, self._name = n_tokens, n_epochs, name
        self._started = time.perf_counter()
        self._bar: Any = None
        self._validation = ""
        if _redraws():
            from tqdm.auto import tqdm

            self._bar = tqdm(
                desc=name, total=n_epochs * n_tokens, unit="token", unit_scale=True, leave=True
            )

    def report(self, n_new_tokens: int, loss: float) -> None:
        """Take note of tokens that were trained, and of the loss of the epoch so far.

        Parameters
        ----------
        n_new_tokens : int
            How many tokens were trained since the last report.
        loss : float
            Mean negative log-likelihood of a predicted word.
        """
        if self._bar is not None:
            self._bar.set_postfix_str(f"loss={loss:.4f}{self._validation}", refresh=False)
            self._bar.update(n_new_tokens)

    def end_epoch(self, number: int, loss: float, validation_score: float | None = None) -> None:
        """Take note that an epoch has ended.

        Parameters
        ----------
        number : int
            The epoch, from 0.
        loss : float
            Its mean negative log-likelihood of a predicted word.
        validation_score : float, default=None
            The score of the documents that were held out.
        """
        if validation_score is not None:
            self._validation = f", validation_score={validation_score:.4f}"
        if self._bar is not None:
            self._bar.set_postfix_str(f"loss={loss:.4f}{self._validation}")
            return
        seconds = time.perf_counter() - self._started
        n_done = number + 1
        self.say(
            f"epoch {n_done}/{self._n_epochs}, {n_done * self._n_tokens / seconds:,.0f} tokens/s, "
            f"loss={loss:.4f}{self._validation}, "
            f"{seconds * (self._n_epochs - n_done) / n_done:.0f} s left"
        )

    def say(self, message: str) -> None:
        """Write a line.

        Parameters
        ----------
        message : str
            What to write, without the name of the run.
        """
        line = f"{self._name}: {message}"
        if self._bar is None:
            print(line, file=sys.stderr, flush=True)
        else:
            self._bar.write(line, file=sys.stderr)

    def close(self) -> None:
        """End the display; a bar stays where it is."""
        if self._bar is not None:
            self._bar.close()


class Silence:
    """A display that shows nothing."""

    def report(self, n_new_tokens: int, loss: float) -> None:
        """Show nothing."""

    def end_epoch(self, number: int, loss: float, validation_score: float | None = None) -> None:
        """Show nothing."""

    def say(self, message: str) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Show nothing."""


def _redraws() -> bool:
    """Tell whether standard error is a screen, or a notebook shows widgets."""
    if getattr(sys.stderr, "isatty", bool)():
        return True
    from tqdm.auto import tqdm
    from tqdm.notebook import tqdm_notebook

    return issubclass(tqdm, tqdm_notebook)


class Callbacks:
    """Tell scikit-learn's callbacks of a fit and its epochs, where there are any.

    Parameters
    ----------
    estimator : estimator
        Whose callbacks they are. Its `fit` ends them, in the wrapper of scikit-learn.
    X, y : object
        What `fit` was given. What can be read only once is not passed on.
    n_epochs : int
        The most epochs that there can be.
    """

    def __init__(self, estimator: Any, X: Any, y: Any, n_epochs: int) -> None:
        self._told = {"estimator": estimator, "X": None if isinstance(X, Iterator) else X, "y": y}
        self._fit: Any = None
        self._epoch: Any = None
        if hasattr(estimator, "_init_callback_context"):
            self._fit = estimator._init_callback_context(max_subtasks=n_epochs)
            self._fit.call_on_fit_task_begin(**self._told)

    def begin_epoch(self) -> None:
        """Tell that an epoch begins."""
        if self._fit is not None:
            self._epoch = self._fit.subcontext(task_name="epoch")
            self._epoch.call_on_fit_task_begin(**self._told)

    def end_epoch(self, attributes: Callable[[], dict[str, Any]]) -> bool:
        """Tell that an epoch has ended.

        Parameters
        ----------
        attributes : callable
            Returns the attributes that make a fitted estimator of what was learned so far. It is
            called only if a callback asks for it.

        Returns
        -------
        is_over : bool
            Whether a callback asks to stop.
        """
        if self._epoch is None:
            return False
        epoch, self._epoch = self._epoch, None
        return bool(epoch.call_on_fit_task_end(**self._told, reconstruction_attributes=attributes))

    def end_fit(self, attributes: Callable[[], dict[str, Any]]) -> None:
        """Tell that the fit has ended.

        Parameters
        ----------
        attributes : callable
            See `end_epoch`.
        """
        if self._fit is not None:
            self._fit.call_on_fit_task_end(**self._told, reconstruction_attributes=attributes)


class Watch:
    """All that watches a run: it notes the losses, tells everybody, and hears who wants to stop.

    Parameters
    ----------
    n_epochs : int
        The most epochs that there can be.
    display : Progress or Silence
        What shows the run.
    early_stopping : EarlyStopping, default=None
        What may end it by the score of held-out documents.
    callbacks : Callbacks, default=None
        What tells scikit-learn's callbacks, any of which may end it. The first epoch begins at
        once.
    attributes : callable, default=None
        Takes input and output vectors, and returns the attributes of an estimator that has learned
        them. Needed with `callbacks`.

    Attributes
    ----------
    loss_curve : list of float
        The mean loss of each epoch.
    """

    def __init__(
        self,
        n_epochs: int,
        display: Progress | Silence,
        early_stopping: EarlyStopping | None = None,
        callbacks: Callbacks | None = None,
        attributes: Callable[..., dict[str, Any]] | None = None,
    ) -> None:
        self._n_epochs, self._display = n_epochs, display
        self._early_stopping, self._callbacks = early_stopping, callbacks
        self._attributes = attributes
        self.loss_curve: list[float] = []
        if callbacks is not None:
            callbacks.begin_epoch()

    @property
    def validation_scores(self) -> list[float] | None:
        """The score of each epoch, if there are held-out documents."""
        return None if self._early_stopping is None else self._early_stopping.scores

    @property
    def best_vectors(self) -> tuple[NDArray[Any], NDArray[Any]] | None:
        """The vectors of the epoch with the best score, if there are held-out documents."""
        return None if self._early_stopping is None else self._early_stopping.best_vectors

    def report(self, n_new_tokens: int, loss: float) -> None:
        """Take note of tokens that were trained.

        Parameters
        ----------
        n_new_tokens : int
            How many since the last report.
        loss : float
            The loss of the epoch so far.
        """
        self._display.report(n_new_tokens, loss)

    def say_compiling(self) -> None:
        """Take note that code is compiled, which takes some seconds before there is a report."""
        self._display.say("compiling the training code, as at the first fit on a machine")

    def after_epoch(self, epoch: Epoch) -> bool:
        """Take note that an epoch has ended, and tell whether it was the last.

        Parameters
        ----------
        epoch : Epoch
            What the epoch has come to.

        Returns
        -------
        is_over : bool
            Whether somebody asks to stop.
        """
        self.loss_curve.append(epoch.loss)
        is_over, score = False, None
        if self._early_stopping is not None:
            is_over = self._early_stopping.is_over(epoch)
            score = self._early_stopping.scores[-1]
        self._display.end_epoch(epoch.number, epoch.loss, score)
        if self._callbacks is not None and self._attributes is not None:
            attributes = self._attributes
            is_over |= self._callbacks.end_epoch(
                lambda: attributes(epoch.input_vectors.copy(), epoch.output_vectors.copy())
            )
        n_done = epoch.number + 1
        if is_over and n_done < self._n_epochs:
            self._display.say(f"stopped after {n_done} of {self._n_epochs} epochs")
        elif self._callbacks is not None and n_done < self._n_epochs:
            self._callbacks.begin_epoch()
        return is_over
