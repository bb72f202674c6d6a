"""Word2Vec in scikit-learn's form: the estimator.

This is the one file that knows scikit-learn. It declares the parameters and which values they take,
and passes the work on: `corpus` turns documents into word ids, `training` turns ids into vectors,
`pooling` turns word vectors into document vectors. No loop over words stands here.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from numbers import Integral, Real
from os import PathLike
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from joblib import effective_n_jobs
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    _fit_context,
)
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from skw2v._saving import load_estimator, save_estimator
from skw2v.corpus import (
    EncodedCorpus,
    Vocabulary,
    count_encoded_tokens,
    count_tokens,
    encode_documents,
    tokenize_documents,
)
from skw2v.io import read_word_vectors
from skw2v.pooling import mean_pooling
from skw2v.word_vectors import WordVectors

if TYPE_CHECKING:
    from skw2v.training.embedding import Embedding, Report
    from skw2v.training.parameters import TrainingParameters

__all__ = ["Word2VecVectorizer"]

_TEXT_OPTIONS = (
    "strip_accents",
    "lowercase",
    "preprocessor",
    "tokenizer",
    "analyzer",
    "stop_words",
    "token_pattern",
)


class Word2VecVectorizer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Turn documents into vectors: the means of word vectors learned from the documents.

    `fit` learns a vector for each word from the words around it (word2vec, [1]_, [2]_), so that
    words used alike get vectors that point alike. `transform` represents a document by the mean of
    its words' vectors. The text options are those of
    :class:`~sklearn.feature_extraction.text.CountVectorizer`, so that the estimator can stand in a
    pipeline where a :class:`~sklearn.feature_extraction.text.TfidfVectorizer` stood.

    Where word2vec.c and gensim call a parameter otherwise, their names stand at its end.

    Parameters
    ----------
    strip_accents : {"ascii", "unicode"} or callable, default=None
        Remove accents from the text: "ascii" is fast and knows the characters that have a direct
        ASCII mapping, "unicode" knows all. None leaves them.
    lowercase : bool, default=True
        Convert the text to lower case before it is split.
    preprocessor : callable, default=None
        Maps a text to a text in place of `strip_accents` and `lowercase`.
    tokenizer : callable, default=None
        Splits a preprocessed text into a list of tokens, in place of `token_pattern`. It must be
        importable (no lambda) if the estimator is to be pickled or sent to other processes.
    analyzer : {"word", "char", "char_wb"} or callable, default="word"
        What a token is: a word, a character, or a character within word boundaries. A callable
        maps a raw text to its tokens, in place of all other text options.
    stop_words : "english" or list of str, default=None
        Words to drop; their neighbours then stand next to each other. Rarely worth it here, as
        `sample` thins out frequent words in training anyway.
    token_pattern : str, default that of CountVectorizer
        Regular expression of a token, by default two or more letters, digits or underscores. With
        one capturing group, the group is the token.
    vocabulary : mapping of token to int, or iterable of tokens, default=None
        The words to learn, in the order of their rows: a mapping uses each index from 0 to
        n_words - 1 once, the words of an iterable are numbered in its order. All other tokens are
        ignored, as if they did not stand in the text. None learns the words from the documents.
    min_count : int, default=5
        Drop words that occur less often than this in the whole corpus: nothing can be learned about
        them, and they use memory. Useful: 1 to 2 for small corpora, 5 to 100 for large ones.
    max_vocab_size : int, default=None
        Keep at most this many words, the most frequent ones; None keeps all. gensim:
        `max_final_vocab`.
    vector_size : int, default=100
        Dimensions of the word vectors, and thus features of a document. Useful: 50 to 300. Time and
        memory grow in proportion; training takes two matrices of ``n_words * vector_size`` float32.
        word2vec.c: `size`.
    architecture : {"skipgram", "cbow"}, default="skipgram"
        How the words around a centre word predict it: with "skipgram" each of them alone, with
        "cbow" (continuous bag of words) all together, by the mean of their vectors. gensim: `sg` 1
        and 0; word2vec.c: `cbow` 0 and 1.
    objective : {"negative_sampling", "hierarchical_softmax", "softmax"}, \
            default="negative_sampling"
        How the prediction is scored. "negative_sampling" tells the centre word from a few noise
        words: the fastest. "hierarchical_softmax" makes the binary decisions on the word's path
        through a Huffman tree, about ``log2(n_words)`` of them. "softmax" compares with every word
        of the vocabulary, exactly: for small vocabularies only, as its cost per token grows with
        `n_words`. gensim, word2vec.c: `hs` 0 and 1, the softmax has no counterpart.
    window : int, default=5
        How far from the centre word, on either side, words are its neighbours; never across
        documents. Small windows (2) learn which words can replace each other, large ones (10 or
        more) which belong to one topic; document vectors often gain by the latter. Time grows
        with it, but less than in proportion.
    shrink_windows : bool, default=True
        Draw each centre's window from 1 to `window`, anew in each epoch, so that near neighbours
        count more. With False all windows have full size.
    negative : int, default=5
        Noise words for each predicted word. Useful: 5 to 20 for small corpora, 2 to 5 for large
        ones. Centre words that stand together share their noise words, weighted to count as this
        many for each, so that time grows less than in proportion.
    ns_exponent : float, default=0.75
        Noise words are drawn in proportion to ``count ** ns_exponent``: 1 draws words as often as
        they occur, 0 all alike, negative values prefer rare words, which may help for tokens that
        are no words, such as the items of a shop.
    sample : float, default=1e-3
        Thins out frequent words: of a word with the share f of all tokens, each token is trained
        with probability ``min(1, sqrt(sample / f) + sample / f)``, drawn anew in each epoch.
        Useful: 1e-5 (a large corpus) to 1e-3; lower is faster, too. 0 keeps all: use it where the
        vocabulary is so small (hundreds of words) that all words are frequent.
    cbow_mean : bool, default=True
        Let CBOW average the vectors of the words around; with False it sums them. The gradient is
        the true one in both cases.
    epochs : int, default=5
        Passes over the corpus. Useful: 3 to 5 for many millions of tokens, 10 to 50 for small
        corpora. Time grows in proportion. gensim 3, word2vec.c: `iter`.
    learning_rate : float or "auto", default="auto"
        Learning rate of the first token, from which it falls in a straight line to zero at the last
        one. "auto" takes a value for the `architecture`, `objective` and `cbow_mean`: from the
        benchmarks of quality, but for the softmax, where it is merely a safe one. gensim,
        word2vec.c: `alpha`.
    min_learning_rate : float, default=1e-4
        What the learning rate does not fall below. gensim: `min_alpha`.
    n_jobs : int, default=None
        Number of threads that train. None means 1 unless in a :obj:`joblib.parallel_backend`
        context, -1 means all processors. The vectors do not depend on it. gensim: `workers`,
        word2vec.c: `threads`.
    random_state : int, RandomState instance or None, default=None
        Determines the initial vectors and everything drawn in training. Pass an int to get the same
        vectors from each `fit`. gensim: `seed`.
    verbose : int, default=0
        With 1 or more, show a progress bar of the training with its speed, loss and time left.

    Attributes
    ----------
    vocabulary_ : dict of token to int
        The row of each known word in ``word_vectors_.vectors``, by falling frequency with ties by
        first appearance, or as `vocabulary` says.
    word_counts_ : ndarray of shape (n_words,), dtype int64
        How often each word occurs in the training corpus.
    word_vectors_ : WordVectors
        The words and their vectors, float32 of shape (n_words, vector_size), with nearest words,
        similarities and analogies.
    loss_curve_ : list of float
        The mean negative log-likelihood of a predicted word in each epoch, in nats, measured on a
        part of the corpus while it was trained. Objectives cannot be compared by it.
    n_epochs_ : int
        The number of epochs trained.
    n_tokens_ : int
        The number of tokens of the training corpus whose words are in the vocabulary.

    See Also
    --------
    WordVectors : Words and their vectors, with what one can ask of them.
    sklearn.feature_extraction.text.TfidfVectorizer : Documents as weighted counts of words. It
        is often the better input of a linear classifier of long texts, and a
        :class:`~sklearn.pipeline.FeatureUnion` of both can be better than either.
    sklearn.decomposition.TruncatedSVD : With TF-IDF, latent semantic analysis: dense document
        vectors from the words' counts in whole documents, without their order.

    Notes
    -----
    **Documents.** A document is a str, split by the text options, or a sequence of tokens that is
    taken as it is; a token is anything hashable: words, numbers, tuples. Documents may come as a
    list, an array, a pandas or polars Series, a frame with one column, or a generator, which is
    read once. No document is ever cut. They are trained in the order in which they stand. After
    encoding, a corpus takes 4 bytes per token.

    **What is trained.** An input and an output vector for each word (for hierarchical softmax, an
    output vector for each inner node of the tree). `word_vectors_` holds the input vectors, which
    start uniform between -0.5 and 0.5, divided by `vector_size`; the output vectors start at zero
    and are not kept.
    Stochastic gradient descent follows the true gradient in all modes. In CBOW other programs take
    a step that is larger by the number of context words; the learning rates that suit them are too
    small here, and "auto" takes that into account.

    **What transform computes.** The plain mean of the vectors of the document's known words: a word
    that stands twice counts twice; nothing is subsampled, weighted or normalised. Unknown words are
    ignored, and documents without a known word are zero vectors, counted in one warning. The vector
    of a document does not depend on the other documents.

    **Reproducibility.** For the same documents and parameters with an int as `random_state`, the
    vectors are the same bit for bit, for any `n_jobs`, whatever kind of container holds the
    documents, and whatever the seed of Python's hashes. They may differ between versions of this
    package or of NumPy, and between kinds of processors.

    **Saving.** `save` and `load` use a file without code. A pickle, such as :mod:`joblib` makes,
    also holds functions given as parameters, but whoever reads it runs whatever its author wanted:
    load pickles only from those whom you trust with your account, and with the same versions of
    this package and scikit-learn.

    **The first fit** on a machine compiles the training code, which takes some seconds; the result
    is kept on disk.

    References
    ----------
    .. [1] Mikolov, Chen, Corrado, Dean (2013). "Efficient Estimation of Word Representations in
       Vector Space". arXiv:1301.3781.
    .. [2] Mikolov, Sutskever, Chen, Corrado, Dean (2013). "Distributed Representations of Words and
       Phrases and their Compositionality". arXiv:1310.4546.
    .. [3] Rong (2014). "word2vec Parameter Learning Explained". arXiv:1411.2738.

    Examples
    --------
    >>> from skw2v import Word2VecVectorizer
    >>> animals, vehicles = ["cat", "dog", "cow"], ["car", "lorry", "bus"]
    >>> documents = [f"the {animal} eats its {food}" for animal in animals
    ...              for food in ["bread", "fish", "grass"]] * 30
    >>> documents += [f"her {vehicle} waits on the {place}" for vehicle in vehicles
    ...               for place in ["road", "bridge", "corner"]] * 30
    >>> vectorizer = Word2VecVectorizer(vector_size=20, sample=0, epochs=10, random_state=0)
    >>> X = vectorizer.fit_transform(documents)
    >>> X.shape, X.dtype
    ((540, 20), dtype('float32'))

    Words used alike are neighbours:

    >>> sorted(word for word, _ in vectorizer.word_vectors_.most_similar("cat", topn=2))
    ['cow', 'dog']

    A document is the mean of its known words:

    >>> word_vectors = vectorizer.word_vectors_
    >>> (x,) = vectorizer.transform(["my dog, a bus and another dog"])
    >>> mean = (2 * word_vectors["dog"] + word_vectors["bus"]) / 3
    >>> float(abs(x - mean).max()) < 1e-6
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **{name: CountVectorizer._parameter_constraints[name] for name in _TEXT_OPTIONS},
        "vocabulary": [Mapping, HasMethods("__iter__"), None],
        "min_count": [Interval(Integral, 1, None, closed="left")],
        "max_vocab_size": [Interval(Integral, 1, None, closed="left"), None],
        "vector_size": [Interval(Integral, 1, None, closed="left")],
        "architecture": [StrOptions({"skipgram", "cbow"})],
        "objective": [StrOptions({"negative_sampling", "hierarchical_softmax", "softmax"})],
        "window": [Interval(Integral, 1, None, closed="left")],
        "shrink_windows": ["boolean"],
        "negative": [Interval(Integral, 1, None, closed="left")],
        "ns_exponent": [Interval(Real, None, None, closed="neither")],
        "sample": [Interval(Real, 0, None, closed="left")],
        "cbow_mean": ["boolean"],
        "epochs": [Interval(Integral, 1, None, closed="left")],
        "learning_rate": [StrOptions({"auto"}), Interval(Real, 0, None, closed="neither")],
        "min_learning_rate": [Interval(Real, 0, None, closed="left")],
        "n_jobs": [None, Integral],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        *,
        strip_accents: Literal["ascii", "unicode"] | Callable[[str], str] | None = None,
        lowercase: bool = True,
        preprocessor: Callable[[str], str] | None = None,
        tokenizer: Callable[[str], list[Hashable]] | None = None,
        analyzer: str | Callable[[str], Iterable[Hashable]] = "word",
        stop_words: str | list[str] | None = None,
        token_pattern: str | None = r"(?u)\b\w\w+\b",
        vocabulary: Mapping[Hashable, int] | Iterable[Hashable] | None = None,
        min_count: int = 5,
        max_vocab_size: int | None = None,
        vector_size: int = 100,
        architecture: Literal["skipgram", "cbow"] = "skipgram",
        objective: Literal[
            "negative_sampling", "hierarchical_softmax", "softmax"
        ] = "negative_sampling",
        window: int = 5,
        shrink_windows: bool = True,
        negative: int = 5,
        ns_exponent: float = 0.75,
        sample: float = 1e-3,
        cbow_mean: bool = True,
        epochs: int = 5,
        learning_rate: float | Literal["auto"] = "auto",
        min_learning_rate: float = 1e-4,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.strip_accents = strip_accents
        self.lowercase = lowercase
        self.preprocessor = preprocessor
        self.tokenizer = tokenizer
        self.analyzer = analyzer
        self.stop_words = stop_words
        self.token_pattern = token_pattern
        self.vocabulary = vocabulary
        self.min_count = min_count
        self.max_vocab_size = max_vocab_size
        self.vector_size = vector_size
        self.architecture = architecture
        self.objective = objective
        self.window = window
        self.shrink_windows = shrink_windows
        self.negative = negative
        self.ns_exponent = ns_exponent
        self.sample = sample
        self.cbow_mean = cbow_mean
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.min_learning_rate = min_learning_rate
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Iterable[Any], y: object = None) -> Word2VecVectorizer:
        """Learn the words of the documents and a vector for each.

        Parameters
        ----------
        X : iterable of str or of token sequences, length n_documents
            The documents; see the notes of the class. A generator is read once.
        y : None
            Ignored.

        Returns
        -------
        self : Word2VecVectorizer
            The fitted estimator.
        """
        self._fit(X)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X: Iterable[Any], y: object = None) -> NDArray[np.float32]:
        """Learn the word vectors and return the vectors of the same documents.

        Equal to ``fit(X).transform(X)`` bit for bit, but the documents are read and split once.

        Parameters
        ----------
        X : iterable of str or of token sequences, length n_documents
            The documents; see the notes of the class. A generator is read once.
        y : None
            Ignored.

        Returns
        -------
        X_new : ndarray of shape (n_documents, vector_size), dtype float32
            The mean of the word vectors of each document.
        """
        return self._pool(count_encoded_tokens(self._fit(X), len(self.vocabulary_)))

    def transform(self, X: Iterable[Any]) -> NDArray[np.float32]:
        """Compute the mean of the word vectors of each document.

        Parameters
        ----------
        X : iterable of str or of token sequences, length n_documents
            The documents; see the notes of the class. Unknown words are ignored.

        Returns
        -------
        X_new : ndarray of shape (n_documents, vector_size), dtype float32
            One vector per document; zeros, and a warning, if it has no known word.
        """
        check_is_fitted(self)
        tokenized = tokenize_documents(X, self._build_analyzer())
        return self._pool(count_tokens(tokenized, self.vocabulary_))

    @classmethod
    def from_word_vectors(
        cls, word_vectors: WordVectors | str | PathLike[str], **parameters: Any
    ) -> Word2VecVectorizer:
        """Make a fitted transformer of word vectors that were trained elsewhere.

        `transform` works at once. `fit` trains new vectors, as ever.

        Parameters
        ----------
        word_vectors : WordVectors, str or path
            The words and vectors, or a file to read them from by `skw2v.io.read_word_vectors`,
            which has options for a part of a file. They are used as float32.
        **parameters : dict
            Parameters of the estimator. Text must be split into words as it was when the vectors
            were trained: for words with capital letters pass ``lowercase=False``. `vector_size` is
            the dimension of the vectors.

        Returns
        -------
        vectorizer : Word2VecVectorizer
            Fitted: `word_counts_` has the counts of `word_vectors`, or zeros if it has none,
            `loss_curve_` is empty, and `n_epochs_` and `n_tokens_` are 0.

        Examples
        --------
        >>> from skw2v import Word2VecVectorizer, WordVectors
        >>> word_vectors = WordVectors(["red", "green"], [[1.0, 0.0], [0.0, 1.0]])
        >>> vectorizer = Word2VecVectorizer.from_word_vectors(word_vectors)
        >>> vectorizer.transform(["red and green", "a red rose"])
        array([[0.5, 0.5],
               [1. , 0. ]], dtype=float32)
        """
        if not isinstance(word_vectors, WordVectors):
            word_vectors = read_word_vectors(word_vectors)
        dimension = word_vectors.vectors.shape[1]
        vectorizer = cls(**{"vector_size": dimension, **parameters})
        if vectorizer.vector_size != dimension:
            raise ValueError(
                f"vector_size must be {dimension}, the dimension of the word vectors, or left out, "
                f"got {vectorizer.vector_size!r}."
            )
        vectorizer._validate_params()
        if word_vectors.vectors.dtype != np.float32:
            vectors = word_vectors.vectors.astype(np.float32)
            word_vectors = WordVectors(word_vectors.words, vectors, counts=word_vectors.counts)
        counts = word_vectors.counts
        vectorizer.vocabulary_ = dict(word_vectors.index)
        vectorizer.word_counts_ = (
            np.zeros(len(word_vectors), np.int64) if counts is None else counts
        )
        vectorizer.word_vectors_ = word_vectors
        vectorizer.loss_curve_ = []
        vectorizer.n_epochs_ = 0
        vectorizer.n_tokens_ = 0
        return vectorizer

    def save(self, path: str | PathLike[str]) -> None:
        """Write the estimator to a file that holds no code.

        The file has the safetensors format: arrays, and parameters and attributes as JSON. It can
        be read where nobody would load a pickle, in another version of Python, and by
        `skw2v.io.read_word_vectors`, as it is a file of word vectors, too. An old file of that name
        is replaced only when all is written.

        Parameters
        ----------
        path : str or path
            The file, ``model.safetensors`` for example.

        Raises
        ------
        ValueError
            If a parameter is a function, or anything else that is no data. Such an estimator can
            only be pickled.
        OSError
            If the file cannot be written.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> from skw2v import Word2VecVectorizer, WordVectors
        >>> word_vectors = WordVectors(["red", "green"], [[1.0, 0.0], [0.0, 1.0]])
        >>> vectorizer = Word2VecVectorizer.from_word_vectors(word_vectors, lowercase=False)
        >>> folder = tempfile.TemporaryDirectory()
        >>> path = Path(folder.name, "model.safetensors")
        >>> vectorizer.save(path)
        >>> Word2VecVectorizer.load(path)
        Word2VecVectorizer(lowercase=False, vector_size=2)
        >>> folder.cleanup()
        """
        save_estimator(self, path)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Word2VecVectorizer:
        """Read an estimator that `save` has written, without running anything that it holds.

        Parameters
        ----------
        path : str or path
            The file. Its origin needs to be trusted no more than that of any text.

        Returns
        -------
        vectorizer : Word2VecVectorizer
            With the parameters and attributes of the one that was saved.

        Raises
        ------
        ValueError
            If the file is damaged, or holds something else.
        OSError
            If it cannot be opened.
        """
        return load_estimator(cls, path)

    @property
    def _n_features_out(self) -> int:
        """The number of features that `transform` gives."""
        return self.word_vectors_.vectors.shape[1]

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that documents go in and float32 comes out."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.transformer_tags.preserves_dtype = []
        return tags

    def _fit(self, X: Iterable[Any]) -> EncodedCorpus:
        """Do what `fit` does and return the corpus, of which the estimator keeps nothing."""
        parameters = self._training_parameters()
        self._check_parameters_agree(parameters.learning_rate)
        self._warn_of_unused_parameters()
        n_threads = effective_n_jobs(self.n_jobs)
        tokenized = tokenize_documents(X, self._build_analyzer())
        corpus, vocabulary = encode_documents(
            tokenized,
            min_count=self.min_count,
            max_vocab_size=self.max_vocab_size,
            vocabulary=self.vocabulary,
        )
        embedding = self._train(corpus, vocabulary, parameters, n_threads)
        self.vocabulary_ = vocabulary.index
        self.word_counts_ = vocabulary.counts
        self.word_vectors_ = WordVectors(
            vocabulary.words, embedding.input_vectors, counts=vocabulary.counts
        )
        self.loss_curve_ = embedding.loss_curve
        self.n_epochs_ = len(embedding.loss_curve)
        self.n_tokens_ = corpus.n_tokens
        return corpus

    def _train(
        self,
        corpus: EncodedCorpus,
        vocabulary: Vocabulary,
        parameters: TrainingParameters,
        n_threads: int,
    ) -> Embedding:
        """Train the vectors, with a progress bar if asked for."""
        # Loads numba, which an import of the package should not.
        from skw2v.training.trainer import train

        seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
        with _progress_bar(parameters.epochs * corpus.n_tokens, self.verbose) as report:
            embedding = train(
                corpus.token_ids,
                corpus.offsets,
                vocabulary.counts,
                parameters,
                seed=seed,
                n_threads=n_threads,
                report=report,
            )
        if not np.isfinite(embedding.input_vectors).all():
            raise ValueError(
                "Training diverged: the word vectors are not finite. Lower learning_rate, which "
                f"started at {parameters.learning_rate:g}."
            )
        return embedding

    def _training_parameters(self) -> TrainingParameters:
        """Return what the trainer is told, in Python's own types: they are what it compiles for."""
        from skw2v.training.parameters import TrainingParameters, default_learning_rate

        learning_rate = self.learning_rate
        if isinstance(learning_rate, str):
            learning_rate = default_learning_rate(self.architecture, self.objective, self.cbow_mean)
        return TrainingParameters(
            vector_size=int(self.vector_size),
            architecture=self.architecture,
            objective=self.objective,
            window=int(self.window),
            shrink_windows=bool(self.shrink_windows),
            negative=int(self.negative),
            ns_exponent=float(self.ns_exponent),
            sample=float(self.sample),
            cbow_mean=bool(self.cbow_mean),
            epochs=int(self.epochs),
            learning_rate=float(learning_rate),
            min_learning_rate=float(self.min_learning_rate),
        )

    def _check_parameters_agree(self, learning_rate: float) -> None:
        """Raise if parameters that are allowed one by one do not go together."""
        if self.min_learning_rate > learning_rate:
            raise ValueError(
                f"min_learning_rate must be at most learning_rate={self.learning_rate!r}, which "
                f"starts at {learning_rate:g}. Got {self.min_learning_rate!r}."
            )
        if self.token_pattern is None and self.tokenizer is None and self.analyzer == "word":
            raise ValueError(
                "token_pattern must be a regular expression unless tokenizer or analyzer is a "
                "callable. Got None for token_pattern and for tokenizer."
            )

    def _warn_of_unused_parameters(self) -> None:
        """Warn of each parameter that was set although another one leaves it without effect."""
        cases = [
            (self.vocabulary is not None, "'vocabulary' is given", ["min_count", "max_vocab_size"]),
            (callable(self.analyzer), "'analyzer' is callable", ["strip_accents", "preprocessor"]),
            (self.preprocessor is not None, "'preprocessor' is given", ["strip_accents"]),
            (
                self.analyzer != "word",
                "'analyzer' is not 'word'",
                ["tokenizer", "stop_words", "token_pattern"],
            ),
            (self.tokenizer is not None, "'tokenizer' is given", ["token_pattern"]),
            (
                self.objective != "negative_sampling",
                "'objective' is not 'negative_sampling'",
                ["negative", "ns_exponent"],
            ),
            (self.architecture != "cbow", "'architecture' is not 'cbow'", ["cbow_mean"]),
        ]
        unused = [(name, reason) for holds, reason, names in cases if holds for name in names]
        defaults = inspect.signature(Word2VecVectorizer).parameters
        for name, reason in unused:
            if getattr(self, name) not in (None, defaults[name].default):
                warnings.warn(
                    f"The parameter {name!r} will not be used since {reason}.",
                    UserWarning,
                    stacklevel=5,
                )

    def _build_analyzer(self) -> Callable[[str], Iterable[Hashable]]:
        """Return the function that splits a text into tokens."""
        options = {name: getattr(self, name) for name in _TEXT_OPTIONS}
        return CountVectorizer(**options).build_analyzer()

    def _pool(self, token_counts: csr_array) -> NDArray[np.float32]:
        """Return the vectors of documents; count those without a known word in a warning."""
        n_documents = token_counts.shape[0]
        n_unknown = n_documents - np.count_nonzero(np.diff(token_counts.indptr))
        if n_unknown:
            warnings.warn(
                f"{n_unknown} of {n_documents} documents contain no known word; their vectors are "
                "zeros.",
                UserWarning,
                stacklevel=4,
            )
        return mean_pooling(token_counts, self.word_vectors_.vectors)


@contextmanager
def _progress_bar(n_tokens: int, verbose: int) -> Iterator[Report | None]:
    """Give a function that reports progress to a bar, closed at the end; None if not verbose."""
    if not verbose:
        yield None
        return
    from tqdm.auto import tqdm

    with tqdm(desc="Word2VecVectorizer", total=n_tokens, unit="token", unit_scale=True) as bar:

        def report(n_new_tokens: int, loss: float) -> None:
            bar.set_postfix(loss=f"{loss:.4f}", refresh=False)
            bar.update(n_new_tokens)

        yield report
