"""Word2Vec on a cluster of Dask: the estimator for corpora that outgrow one machine.

The documents come in partitions, which are read, encoded and trained where Dask puts them. How the
training goes is told in `skw2v.dask._rounds`. Needs the extra ``skw2v[dask]``; an estimator that is
fitted needs it no more.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from numbers import Integral
from os import PathLike
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from skw2v import vectorizer
from skw2v._monitoring import Watch
from skw2v.corpus import EncodedCorpus, Vocabulary
from skw2v.dask._partitions import (
    DaskCorpus,
    Jobs,
    PartitionError,
    connect,
    encode_on_workers,
    import_dask,
    is_distributed,
    list_partitions,
)

__all__ = ["PartitionError", "Word2VecVectorizer"]

_Local = vectorizer.Word2VecVectorizer

_OWN_PARAMETERS = ("sync_tokens", "checkpoint", "checkpoint_rounds")


class Word2VecVectorizer(_Local):
    """Word2Vec over documents in partitions, on a cluster of Dask.

    `fit` takes a ``dask.bag``, a column of a ``dask.dataframe``, a list of delayed partitions, or
    the name of text files, and uses the cluster of the client that was made last. Each partition
    is read once, by a worker, and its words stay there as integers. What is learned is the same as
    in :class:`skw2v.Word2VecVectorizer`; that of one partition is equal but for rounding. Other
    documents, in a list for instance, are fitted here, without Dask.

    Parameters
    ----------
    sync_tokens : int or "auto", default="auto"
        How many tokens each partition trains before the partitions tell each other what they have
        learned, rounded up to whole rounds of the training. Less traffic with more; less
        difference to one machine with less. "auto" is a twentieth of the longest partition.
    checkpoint : str or path, default=None
        A file, local or of any file system that fsspec knows, in which the fit notes how far it
        is. If the file is there, `fit` goes on where it ends, and gives the bytes that it would
        have given; the file must be of the same documents, partitions and parameters. It is
        removed when the fit is done.
    checkpoint_rounds : int, default=100
        Rounds from one checkpoint to the next.
    **parameters : dict
        The parameters of :class:`skw2v.Word2VecVectorizer`.

    See Also
    --------
    skw2v.Word2VecVectorizer : The same on one machine; its notes hold here.

    Notes
    -----
    **Documents.** A collection of Dask; its partitions decide the result. A list of delayed objects
    or of futures is a list of partitions. A str names text files, with ``*`` for many and any
    protocol that fsspec knows, packed or not; each line is a document, each file a partition.
    Partitions should be about equally long, and at least as many as there are workers.

    **Reproducibility.** For the same partitions and parameters with an int as `random_state`, the
    vectors are the same bit for bit for any number of workers and threads, and also if workers are
    lost on the way.

    **Other parameters.** `n_jobs` is the number of threads with which a worker trains, None for as
    many as Dask has given it; a worker trains one partition at a time. `temp_folder` and `memory`
    have no effect on collections of Dask. `objective` "softmax" and `early_stopping` are not
    possible with them, nor are `partial_fit`, `fit_pooling` and `score`.

    **What comes out** needs no Dask: it pickles, and takes documents in memory like a
    :class:`skw2v.Word2VecVectorizer`, which `to_local` makes of it.

    Examples
    --------
    >>> import dask.bag
    >>> from dask.distributed import Client
    >>> from skw2v.dask import Word2VecVectorizer
    >>> documents = dask.bag.from_sequence(
    ...     ["the cat eats fish", "the dog eats bread"] * 50, npartitions=2
    ... )
    >>> vectorizer = Word2VecVectorizer(vector_size=10, random_state=0)
    >>> with Client(processes=False, n_workers=1, dashboard_address=":0"):
    ...     X = vectorizer.fit(documents).transform(documents)
    ...     X.numblocks, X.compute().shape
    ((2, 1), (100, 10))
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **_Local._parameter_constraints,
        "sync_tokens": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "checkpoint": [str, PathLike, None],
        "checkpoint_rounds": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        *,
        sync_tokens: int | Literal["auto"] = "auto",
        checkpoint: str | PathLike[str] | None = None,
        checkpoint_rounds: int = 100,
        **parameters: Any,
    ) -> None:
        super().__init__(**parameters)
        self.sync_tokens = sync_tokens
        self.checkpoint = checkpoint
        self.checkpoint_rounds = checkpoint_rounds

    def fit_transform(self, X: Any, y: object = None) -> Any:
        """Learn the word vectors and return the vectors of the same documents.

        Parameters
        ----------
        X : dask collection, or documents in memory
            The documents. Those of a collection are read a second time when the result is computed.
        y : None
            Ignored.

        Returns
        -------
        X_new : dask.array or ndarray of shape (n_documents, n_features_out), dtype float32
            See `transform`.
        """
        if is_distributed(X):
            return self.fit(X, y).transform(X)
        return super().fit_transform(X, y)

    def transform(self, X: Any) -> Any:
        """Compute the vectors of documents, those of a collection when they are asked for.

        Parameters
        ----------
        X : dask collection, or documents in memory
            The documents; see the notes of the class.

        Returns
        -------
        X_new : dask.array or ndarray of shape (n_documents, n_features_out), dtype float32
            One vector per document. A collection gives an array of Dask, a block for each
            partition, whose lengths are not known before they are computed. Documents without a
            known word are zeros; a warning counts them, for each partition by itself, where it is
            computed.
        """
        if not is_distributed(X):
            return super().transform(X)
        check_is_fitted(self)
        dask, _ = import_dask()
        import dask.array as da

        model = dask.delayed(self.to_local(), pure=False)
        shape, meta = (np.nan, self._n_features_out), np.empty((0, 0), np.float32)
        compute = dask.delayed(_transform_partition, pure=False)
        return da.concatenate(
            [
                da.from_delayed(compute(model, part), shape, np.float32, meta=meta)
                for part in list_partitions(X, self.encoding, self.decode_error)
            ]
        )

    def score(self, X: Any, y: object = None) -> float:
        """Compute how well the vectors predict the words of documents in memory.

        Parameters
        ----------
        X : iterable of str or of token sequences, length n_documents
            The documents, best others than those of `fit`.
        y : None
            Ignored.

        Returns
        -------
        score : float
            See :meth:`skw2v.Word2VecVectorizer.score`.
        """
        _refuse(X, "score")
        return super().score(X, y)

    def save(self, path: str | PathLike[str]) -> None:
        """Write what was learned to a file that holds no code.

        Parameters
        ----------
        path : str or path
            The file. It is that of a :class:`skw2v.Word2VecVectorizer`, and knows nothing of the
            parameters that this class has besides.
        """
        self.to_local().save(path)

    def to_local(self) -> vectorizer.Word2VecVectorizer:
        """Make an estimator of one machine that has learned the same.

        Returns
        -------
        local : skw2v.Word2VecVectorizer
            With the same parameters and fitted attributes.
        """
        local = _Local()
        state = {name: value for name, value in vars(self).items() if name not in _OWN_PARAMETERS}
        local.__dict__.update(state)
        return local

    def _tokenize(self, X: Iterable[Any]) -> Iterator[Sequence[Hashable]]:
        """Return an iterator over the tokens of each document in memory."""
        _refuse(X, "this method")
        return super()._tokenize(X)

    def _encode(
        self, X: Any, vocabulary: Mapping[Hashable, int] | Iterable[Hashable] | None
    ) -> tuple[Any, Vocabulary]:
        """Return the documents as word ids: here, or on the workers."""
        if not is_distributed(X):
            return super()._encode(X, vocabulary)
        self._check_for_cluster()
        jobs = Jobs(connect())
        try:
            corpus = encode_on_workers(
                jobs,
                list_partitions(X, self.encoding, self.decode_error),
                self._text_options(),
                min_count=self.min_count,
                max_vocab_size=self.max_vocab_size,
                vocabulary=vocabulary,
            )
        except BaseException:
            jobs.cancel()
            raise
        return corpus, corpus.vocabulary

    def _check_for_cluster(self) -> None:
        """Raise for what cannot be done on a cluster, and warn of what has no effect there."""
        if self.objective == "softmax":
            raise ValueError(
                "objective must be 'negative_sampling' or 'hierarchical_softmax' for a collection "
                "of Dask. Got 'softmax'."
            )
        if self.early_stopping:
            raise ValueError("early_stopping must be False for a collection of Dask. Got True.")
        for name in ("temp_folder", "memory"):
            if getattr(self, name) is not None:
                warnings.warn(
                    f"The parameter {name!r} will not be used since the documents are a collection "
                    "of Dask.",
                    UserWarning,
                    stacklevel=6,
                )

    def _train(
        self,
        corpus: EncodedCorpus | DaskCorpus,
        counts: NDArray[np.int64],
        parameters: Any,
        *,
        seed: int,
        start: Any,
        watch: Watch,
        **options: Any,
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Train, here or on the workers, and return input and output vectors."""
        if not isinstance(corpus, DaskCorpus):
            return super()._train(
                corpus, counts, parameters, seed=seed, start=start, watch=watch, **options
            )
        from skw2v.dask._checkpoint import CheckpointFile, fingerprint, resumed_losses
        from skw2v.dask._rounds import Rounds
        from skw2v.training.embedding import check_finite
        from skw2v.training.intervals import Setup, make_vectors

        frozen = start.frozen if start is not None and start.frozen.any() else np.zeros(0, bool)
        setup = Setup(parameters, counts, corpus.sizes, seed, frozen)
        interval = setup.interval_tokens(self.sync_tokens)
        file = checkpoint = None
        if self.checkpoint is not None:
            file = CheckpointFile(self.checkpoint, int(self.checkpoint_rounds))
            seed, checkpoint = file.read(
                fingerprint(setup, corpus.vocabulary, interval),
                seed,
                isinstance(self.random_state, Integral),
            )
            setup = setup._replace(seed=seed)
        vectors = make_vectors(setup, start)
        if checkpoint is not None:
            vectors = checkpoint.input_vectors, checkpoint.output_vectors
        watch.loss_curve.extend(resumed_losses(checkpoint))
        rounds = Rounds(
            corpus,
            setup,
            vectors,
            interval=interval,
            n_jobs=self.n_jobs,
            is_new=start is None and checkpoint is None,
        )
        rounds.run(watch, file, checkpoint)
        check_finite(vectors[0], parameters)
        if file is not None:
            file.remove()
        return vectors


def _tell_parameters(cls: type[Word2VecVectorizer]) -> None:
    """Put the parameters of the local estimator in the place of ``**parameters``.

    scikit-learn reads their names from the signature, people read them in the docstring.
    """
    own = [
        p for p in inspect.signature(cls.__init__).parameters.values() if p.kind != p.VAR_KEYWORD
    ]
    _, *others = inspect.signature(_Local.__init__).parameters.values()
    cls.__init__.__signature__ = inspect.Signature([*own, *others])  # type: ignore[attr-defined]
    if cls.__doc__ and _Local.__doc__:  # there are none under python -OO
        _, _, shared = inspect.cleandoc(_Local.__doc__).partition("Parameters\n----------\n")
        shared = shared.partition("\nSee Also\n")[0].rstrip()
        before, _, after = inspect.cleandoc(cls.__doc__).partition("**parameters")
        cls.__doc__ = f"{before}{shared}\n{after[after.index('See Also') - 1 :]}"


_tell_parameters(Word2VecVectorizer)


def _refuse(X: object, what: str) -> None:
    """Raise if documents are a collection."""
    if not isinstance(X, str) and is_distributed(X):
        raise TypeError(
            f"{what} takes documents in memory, got a {type(X).__name__} of Dask. Pass a part of "
            "it: list(X.take(1000)) of a bag, X.head(1000) of a column."
        )


def _transform_partition(model: vectorizer.Word2VecVectorizer, documents: Any) -> Any:
    """Return the vectors of a partition: a task."""
    return model.transform(documents)
