"""Documents that are held out, and the end of a run that predicts them no better any more."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skw2v.corpus import EncodedCorpus, select_documents

if TYPE_CHECKING:
    from skw2v.training.run import Epoch


def hold_out(
    corpus: EncodedCorpus, validation_fraction: float, seed: int
) -> tuple[EncodedCorpus, EncodedCorpus]:
    """Divide documents into those to train and those to score.

    Parameters
    ----------
    corpus : EncodedCorpus
        All documents; left as they are.
    validation_fraction : float
        Which fraction of them to score, rounded up to whole documents.
    seed : int
        Decides which.

    Returns
    -------
    training, held_out : EncodedCorpus
        Copies, with the documents in their order.

    Raises
    ------
    ValueError
        If there are no words left to train.
    """
    n_held_out = math.ceil(validation_fraction * corpus.n_documents)
    shuffled = np.random.default_rng([seed, 1]).permutation(corpus.n_documents)
    held_out = select_documents(corpus, np.sort(shuffled[:n_held_out]))
    training = select_documents(corpus, np.sort(shuffled[n_held_out:]))
    if not training.n_tokens:
        raise ValueError(
            f"No words are left to train when {n_held_out} of {corpus.n_documents} documents "
            f"are held out. Lower validation_fraction={validation_fraction!r} or pass more "
            "documents."
        )
    return training, held_out


class EarlyStopping:
    """End a run when held-out documents are predicted no better any more.

    The rule is that of :class:`~sklearn.neural_network.MLPClassifier`: an epoch whose score is less
    than the best one plus `tol` does not count as better, and the run ends after more than
    `n_iter_no_change` such epochs in a row. The vectors of the best epoch are kept.

    Parameters
    ----------
    score : callable
        Takes input and output vectors, and returns the score of the held-out documents.
    tol : float
        See above.
    n_iter_no_change : int
        See above.

    Attributes
    ----------
    scores : list of float
        The score of each epoch.
    best_score : float
        The largest of them.
    best_vectors : tuple of ndarray and ndarray, or None
        Copies of the input and output vectors of the epoch with this score.
    """

    def __init__(
        self,
        score: Callable[[NDArray[Any], NDArray[Any]], float],
        tol: float,
        n_iter_no_change: int,
    ) -> None:
        self.score, self._tol, self._patience = score, tol, n_iter_no_change
        self._n_no_better = 0
        self.scores: list[float] = []
        self.best_score = -np.inf
        self.best_vectors: tuple[NDArray[Any], NDArray[Any]] | None = None

    def is_over(self, epoch: Epoch) -> bool:
        """Score the vectors of an epoch, and tell whether it should be the last.

        Parameters
        ----------
        epoch : Epoch
            What the epoch has come to.

        Returns
        -------
        is_over : bool
            Whether to stop.
        """
        score = self.score(epoch.input_vectors, epoch.output_vectors)
        self.scores.append(score)
        is_better = score >= self.best_score + self._tol
        self._n_no_better = 0 if is_better else self._n_no_better + 1
        if score > self.best_score:
            self.best_score = score
            self.best_vectors = epoch.input_vectors.copy(), epoch.output_vectors.copy()
        return self._n_no_better > self._patience
