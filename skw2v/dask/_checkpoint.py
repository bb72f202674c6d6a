"""Where a fit on a cluster notes how far it is, on any file system that fsspec knows."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from skw2v.corpus import Vocabulary
    from skw2v.training.intervals import Setup


class Checkpoint(NamedTuple):
    """How far a run is.

    Attributes
    ----------
    place : tuple of int, int, float and float
        The epoch; where each partition is; loss and predictions of the epoch so far.
    loss_curve : list of float
        The loss of each epoch that is done.
    input_vectors, output_vectors : ndarray
        The vectors.
    """

    place: tuple[int, int, float, float]
    loss_curve: list[float]
    input_vectors: NDArray[np.float32]
    output_vectors: NDArray[np.float32]


def fingerprint(setup: Setup, vocabulary: Vocabulary, interval: int) -> str:
    """Return a hash of all that decides the result but the seed and the vectors at the start."""
    digest = hashlib.blake2b(digest_size=20)
    digest.update(repr((setup.parameters, interval)).encode())
    for array in (setup.counts, setup.sizes, setup.frozen):
        digest.update(str(array.shape).encode())
        digest.update(array.tobytes())
    for word in vocabulary.index:
        digest.update(f"{word!r}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


class CheckpointFile:
    """A file that holds the latest checkpoint.

    Parameters
    ----------
    path : str or path
        A local path, or an address that fsspec knows.
    every : int
        Rounds from one checkpoint to the next.
    """

    def __init__(self, path: str | os.PathLike[str], every: int) -> None:
        import fsspec

        self._path, self._every, self._n_rounds = os.fspath(path), every, 0
        self._files, self._name = fsspec.core.url_to_fs(self._path)
        self._label: dict[str, Any] = {}

    def read(self, digest: str, seed: int, is_seed_given: bool) -> tuple[int, Checkpoint | None]:
        """Read the checkpoint, if there is one, of the same run.

        Parameters
        ----------
        digest : str
            The fingerprint of the run that is to go on.
        seed : int
            Its seed.
        is_seed_given : bool
            Whether the seed must be that of the checkpoint. If it is not given, it is taken over.

        Returns
        -------
        seed : int
            Of the run.
        checkpoint : Checkpoint or None
            Where to go on.

        Raises
        ------
        ValueError
            If the file is damaged, or belongs to another run.
        """
        self._label = {"fingerprint": digest, "seed": seed}
        self._files.invalidate_cache()
        if not self._files.exists(self._name):
            return seed, None
        try:
            content = np.load(io.BytesIO(self._files.cat_file(self._name)), allow_pickle=False)
            label = json.loads(str(content["label"]))
            checkpoint = Checkpoint(
                tuple(label["place"]),
                label["loss_curve"],
                content["input_vectors"],
                content["output_vectors"],
            )
        except (ValueError, KeyError, EOFError, OSError, TypeError, BadZipFile) as error:
            raise ValueError(
                f"checkpoint: {self._path} cannot be read ({error}). Remove it to start anew."
            ) from error
        if label["fingerprint"] != digest or (is_seed_given and label["seed"] != seed):
            raise ValueError(
                f"checkpoint: {self._path} belongs to a fit with other documents, partitions or "
                "parameters. Remove it to start anew, or pass another path."
            )
        self._label["seed"] = label["seed"]
        return label["seed"], checkpoint

    def note(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint, if it is time for one."""
        self._n_rounds += 1
        if self._n_rounds % self._every:
            return
        label = {
            **self._label,
            "place": list(checkpoint.place),
            "loss_curve": checkpoint.loss_curve,
        }
        content = io.BytesIO()
        np.savez(
            content,
            label=np.array(json.dumps(label)),
            input_vectors=checkpoint.input_vectors,
            output_vectors=checkpoint.output_vectors,
        )
        # The old one stays until the new one is whole.
        new = f"{self._name}.new"
        self._files.pipe_file(new, content.getvalue())
        self._files.mv(new, self._name)

    def remove(self) -> None:
        """Remove the file: the run is done."""
        if self._files.exists(self._name):
            self._files.rm_file(self._name)


def resumed_losses(checkpoint: Checkpoint | None) -> Sequence[float]:
    """Return the losses of the epochs that were done before."""
    return checkpoint.loss_curve if checkpoint is not None else []
