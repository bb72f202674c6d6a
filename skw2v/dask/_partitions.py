"""Documents in Dask collections: what is one, its partitions, and their encoding on the workers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import count
from typing import Any
from uuid import uuid4
from weakref import WeakSet

import numpy as np
from numpy.typing import NDArray

from skw2v.corpus import EncodedCorpus, Vocabulary, build_analyzer, tokenize_documents
from skw2v.corpus.partitions import (
    NumberedPartition,
    PartitionedCorpus,
    WordCounts,
    choose_words,
    encode_partition,
    merge_counts,
    number_documents,
)
from skw2v.corpus.vocabulary import fixed_index

FAN_IN = 8  # parts that one task of a reduction merges

Partition = tuple[NDArray[np.int32], NDArray[np.int64]]  # token ids and offsets


class PartitionError(RuntimeError):
    """A partition of the documents could not be read, split or trained; the cause is chained."""


def is_distributed(X: object) -> bool:
    """Tell whether documents are to be read by Dask: its collections, or the name of files."""
    if isinstance(X, str):
        return True
    if sys.modules.get("dask") is None:  # whoever has a collection has imported it
        return False
    if isinstance(X, (list, tuple)):
        return len(X) > 0 and all(map(_is_collection, X))
    return _is_collection(X)


def _is_collection(X: object) -> bool:
    """Tell whether something is a collection or a future of Dask."""
    from dask.base import is_dask_collection

    distributed = sys.modules.get("distributed")
    return is_dask_collection(X) or (distributed is not None and isinstance(X, distributed.Future))


def import_dask() -> Any:
    """Return the module of Dask, and say how to get it where it is not installed."""
    try:
        import dask
        import distributed
    except ImportError as error:
        raise ImportError(
            "Documents in partitions are read by Dask, which is not installed (there is no "
            f"module {error.name!r}): pip install 'skw2v[dask]'."
        ) from error
    return dask, distributed


def connect() -> Any:
    """Return the client of Dask's cluster."""
    _, distributed = import_dask()
    try:
        return distributed.get_client()
    except ValueError:
        raise ValueError(
            "There is no Dask cluster to fit on. Start one, client = dask.distributed.Client() "
            "for this machine or Client(address) for another, and leave the client open."
        ) from None


def list_partitions(X: Any, encoding: str, decode_error: str) -> list[Any]:
    """Return the partitions of documents as delayed objects or futures.

    Parameters
    ----------
    X : dask collection, list of delayed objects or futures, or str
        The documents.
    encoding, decode_error : str
        How to decode files.

    Returns
    -------
    partitions : list
        Each is an iterable of documents when computed.
    """
    dask, distributed = import_dask()
    if isinstance(X, str):
        import fsspec

        files = fsspec.open_files(
            X, mode="rt", encoding=encoding, errors=decode_error, compression="infer"
        )
        if not files:
            raise ValueError(f"There is no file {X!r}. Pass the name of text files, or a glob.")
        return [dask.delayed(Lines(file), pure=False) for file in files]
    if isinstance(X, (list, tuple)):
        return list(X)
    if isinstance(X, distributed.Future) or not hasattr(X, "to_delayed"):
        return [X]
    n_columns = X.shape[1] if getattr(X, "ndim", 1) == 2 else 1
    if n_columns != 1:
        raise ValueError(
            f"Documents must be one column, got a Dask {type(X).__name__} with {n_columns}. Pass a "
            "single column, e.g. X['text'] or X[:, 0]."
        )
    if getattr(X, "ndim", 1) == 2:
        X = X[X.columns[0]] if hasattr(X, "columns") else X[:, 0]
    return list(np.ravel(X.to_delayed()))


class Lines:
    """The lines of a text file, which is read when they are asked for.

    Parameters
    ----------
    file : fsspec.core.OpenFile
        The file.
    """

    def __init__(self, file: Any) -> None:
        self._file = file

    def __iter__(self) -> Iterator[str]:
        """Yield the lines without their ends."""
        with self._file as lines:
            for line in lines:
                yield line.removesuffix("\n")


def split_partition(documents: Iterable[Any], text_options: Mapping[str, Any]) -> NumberedPartition:
    """Read, split and number the documents of a partition, in one task."""
    analyzer = build_analyzer(text_options)
    return number_documents(tokenize_documents(documents, analyzer, input=text_options["input"]))


def identity(value: Any) -> Any:
    """Return what was sent: a task that can bring it again if the worker that had it is lost."""
    return value


class Jobs:
    """Names and hands in the tasks of one fit.

    Parameters
    ----------
    client : distributed.Client
        Where to hand them in.

    Attributes
    ----------
    run : str
        What tells the fit's tasks from those of others.
    """

    def __init__(self, client: Any) -> None:
        self.client = client
        self.run = f"0{uuid4().hex}"
        self._numbers = count()
        self._futures: WeakSet[Any] = WeakSet()

    def key(self, name: str) -> str:
        """Return a key of its own for a task, which the dashboard shows under a name."""
        return f"skw2v-{name}-{self.run}-{next(self._numbers)}"

    def submit(self, name: str, function: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Hand in a task."""
        future = self.client.submit(function, *args, key=self.key(name), pure=False, **options)
        self._futures.add(future)
        return future

    def compute(self, name: str, function: Callable[[Any], Any], collections: list[Any]) -> Any:
        """Hand in a task for each of some delayed objects or futures."""
        dask, _ = import_dask()
        apply = dask.delayed(function, pure=False)
        futures = self.client.compute(
            [apply(collection, dask_key_name=self.key(name)) for collection in collections]
        )
        self._futures.update(futures)
        return futures

    def cancel(self) -> None:
        """Cancel all tasks that have not begun: an exception's traceback may hold their futures."""
        with suppress(Exception):  # the cluster may be gone
            self.client.cancel(list(self._futures), force=True)

    def publish(self, name: str, value: Any) -> Any:
        """Send a value to the cluster, from where each worker takes it that needs it.

        It goes by way of the scheduler, in a task without dependencies: a value that a lost worker
        had can be had again, and no history hangs on it.
        """
        dask, _ = import_dask()
        # That it is large is known.
        with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TB"}):
            return self.submit(name, identity, value)

    def reduce(self, name: str, merge: Callable[[list[Any]], Any], parts: Sequence[Any]) -> Any:
        """Merge futures as a tree that depends on their number alone."""
        parts = list(parts)
        while True:
            parts = [
                self.submit(name, merge, parts[first : first + FAN_IN])
                for first in range(0, len(parts), FAN_IN)
            ]
            if len(parts) == 1:
                return parts[0]

    def wait(self, futures: Sequence[Any]) -> None:
        """Wait for the tasks of all partitions; the first failure names its partition."""
        _, distributed = import_dask()
        places = {future.key: place for place, future in enumerate(futures)}
        for future in distributed.as_completed(futures):
            self.check(future, places[future.key], len(futures))

    def check(self, future: Any, partition: int, n_partitions: int) -> None:
        """Raise if the task of a partition has failed."""
        if future.status not in ("error", "cancelled"):
            return
        error = future.exception() if future.status == "error" else None
        what = f"{type(error).__name__}: {error}" if error else "its task was cancelled"
        raise PartitionError(
            f"Partition {partition} of {n_partitions} (from 0) failed. {what}"
        ) from error


class DaskCorpus(PartitionedCorpus):
    """Encoded documents on the workers that read them.

    Parameters
    ----------
    jobs : Jobs
        The tasks of the fit.
    partitions : list of futures
        The token ids and offsets of each partition.
    vocabulary : Vocabulary
        The words.
    shapes : list of tuple of int and int
        Tokens and documents of each partition.
    """

    def __init__(
        self,
        jobs: Jobs,
        partitions: list[Any],
        vocabulary: Vocabulary,
        shapes: list[tuple[int, int]],
    ) -> None:
        self.jobs, self.partitions, self.vocabulary = jobs, partitions, vocabulary
        self.sizes = np.array([n_tokens for n_tokens, _ in shapes], np.int64)
        self.n_tokens = int(self.sizes.sum())
        self.n_documents = sum(n_documents for _, n_documents in shapes)

    def sum_over_partitions(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Sum what a function says of each partition; the tree fixes the order."""
        shared = self.jobs.publish("arguments", arguments)
        parts = [
            self.jobs.submit("count", _apply, partition, function, shared)
            for partition in self.partitions
        ]
        total = self.jobs.reduce("sum", sum, parts)
        self.jobs.wait(parts)
        return total.result()


def _apply(partition: Partition, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """Ask a function of a partition."""
    return function(EncodedCorpus(*partition), *arguments)


def encode_on_workers(
    jobs: Jobs,
    partitions: list[Any],
    text_options: Mapping[str, Any],
    *,
    min_count: int,
    max_vocab_size: int | None,
    vocabulary: Mapping[Hashable, int] | Iterable[Hashable] | None,
) -> DaskCorpus:
    """Read each partition once, choose the vocabulary of all, and encode.

    Parameters
    ----------
    jobs : Jobs
        The tasks of the fit.
    partitions : list of delayed objects or futures
        The documents.
    text_options : dict
        How to split text.
    min_count, max_vocab_size, vocabulary : object
        See `skw2v.corpus.encode_documents`.

    Returns
    -------
    corpus : DaskCorpus
        On the workers.
    """
    index = None if vocabulary is None else fixed_index(vocabulary)
    split = partial(split_partition, text_options=text_options)
    numbered = jobs.compute("split", split, partitions)
    counts = [jobs.submit("words", _counts_of, partition) for partition in numbered]
    merged = jobs.reduce("merge_words", merge_counts, counts)
    chosen = jobs.submit(
        "vocabulary", choose_words, merged, min_count=min_count, max_vocab_size=max_vocab_size,
        vocabulary=index,
    )  # fmt: skip
    jobs.wait(numbered)
    words = chosen.result()
    shared = jobs.publish("index", words.index)
    encoded = [jobs.submit("encode", encode_partition, part, shared) for part in numbered]
    jobs.wait(encoded)
    shapes = [jobs.submit("shape", _shape_of, partition) for partition in encoded]
    return DaskCorpus(jobs, encoded, words, jobs.client.gather(shapes))


def _counts_of(partition: NumberedPartition) -> WordCounts:
    return partition.counts


def _shape_of(partition: Partition) -> tuple[int, int]:
    token_ids, offsets = partition
    return len(token_ids), len(offsets) - 1
