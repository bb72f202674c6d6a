"""Word2Vec in scikit-learn's form: the estimator.

This is the one file that knows scikit-learn. It declares the parameters and which values they take,
and passes the work on: `corpus` turns documents into word ids, `training` turns ids into vectors,
`pooling` turns word vectors into document vectors. No loop over words stands here.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from numbers import Integral, Real
from os import PathLike
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    _fit_context,
)
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.utils import check_array, check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from skw2v._continuing import Sources, known_vectors
from skw2v._early_stopping import EarlyStopping, hold_out
from skw2v._links import DOCUMENTATION_URL
from skw2v._monitoring import Callbacks, CallbackSupportMixin, Progress, Silence, Watch
from skw2v._parameters import (
    POOLINGS,
    check_parameters_agree,
    check_pooling,
    check_vectors_suffice,
    poolings_of,
    unused_parameters,
)
from skw2v._queries import as_list, is_collection, parse_positive_int, parse_topn
from skw2v._saving import load_estimator, save_estimator
from skw2v.corpus import (
    EncodedCorpus,
    Vocabulary,
    build_analyzer,
    count_encoded_in_batches,
    count_tokens_in_batches,
    encode_documents,
    encode_more_documents,
    tokenize_documents,
)
from skw2v.corpus.caching import encode_texts_once, list_texts
from skw2v.corpus.vocabulary import fixed_index
from skw2v.io import read_word_vectors
from skw2v.pooling import Pooling, learn_pooling
from skw2v.training.threads import count_threads
from skw2v.word_vectors import WordVectors

if TYPE_CHECKING:
    from skw2v.training.parameters import TrainingParameters
    from skw2v.training.run import Start

__all__ = ["Word2VecVectorizer"]

_TEXT_OPTIONS = (
    "input",
    "encoding",
    "decode_error",
    "strip_accents",
    "lowercase",
    "preprocessor",
    "tokenizer",
    "analyzer",
    "stop_words",
    "token_pattern",
)

# What decides which probabilities the vectors stand for: kept by fit, as parameters may change.
_TRAINED_AS = ("architecture", "objective", "ns_exponent", "cbow_mean")


class Word2VecVectorizer(
    CallbackSupportMixin, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator
):
    """Turn documents into vectors, made of word vectors learned from the documents.

    `fit` learns a vector for each word from the words around it (word2vec, [1]_, [2]_), so that
    words used alike get vectors that point alike. `transform` represents a document by the mean of
    its words' vectors, or by another `pooling` of them. The text options are those of
    :class:`~sklearn.feature_extraction.text.CountVectorizer`, so that the estimator can stand in a
    pipeline where a :class:`~sklearn.feature_extraction.text.TfidfVectorizer` stood.

    Where word2vec.c and gensim call a parameter otherwise, their names stand at its end.

    Parameters
    ----------
    input : {"content", "file", "filename"}, default="content"
        What a document is: its text (or its tokens), an open file to read it from, or the name of
        the file. A file is one document; for files of many, see :class:`~skw2v.TextFiles`.
    encoding : str, default="utf-8"
        How documents that come as bytes, or in files, are encoded.
    decode_error : {"strict", "ignore", "replace"}, default="strict"
        What to do with bytes that are no text in `encoding`: raise a UnicodeDecodeError, leave them
        out, or put a replacement mark.
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
        one capturing group, the group is the token. Runs of characters of one kind, as in "[a-z]+",
        are found several times as fast as other tokens.
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
    init : WordVectors, str, path or fitted Word2VecVectorizer, default=None
        Vectors to start from: words that are found there start from them, all others from random
        ones. A str or path names a file of any format of `skw2v.io`. Of an estimator, the output
        vectors are taken, too, if its `objective` is the same; under hierarchical softmax, only if
        words and counts are the same. To clone an estimator with `init`, as model selection does,
        pass the `word_vectors_` of the other: clones of an estimator are not fitted.
    freeze : {"init"} or collection of tokens, default=None
        Words whose input vectors must not move: "init" names all words of `init`, a list, tuple,
        set or array the words in it. Only vectors that are known before training can be kept, from
        `init` or from a former fit that is continued. They are put back after each chunk, of 500 to
        8,000 tokens; within it, a copy moves as the other words do. Output vectors are always
        trained. gensim: `vectors_lockf`.
    warm_start : bool, default=False
        Let `fit` continue from the last one: words that were known start from their last vectors,
        which then come before those of `init`. The words are those of the new documents, and the
        learning rate starts anew.
    early_stopping : bool, default=False
        Hold out a part of the documents, and stop when `score` on them does not get better. The
        result has the vectors of the best epoch. Meant for many `epochs`, as the learning rate
        falls over all of them, whether they are trained or not. The encoded documents are copied in
        memory.
    validation_fraction : float, default=0.1
        The fraction of documents to hold out, drawn by `random_state`. They are not trained, but
        their words are counted. Only used with `early_stopping`.
    n_iter_no_change : int, default=5
        After more than this many epochs in a row without a better score, training stops. Only used
        with `early_stopping`.
    tol : float, default=1e-4
        By how much a score must exceed the best one to be better. Only used with `early_stopping`.
    vectors : {"input", "output", "mean", "concatenated"}, default="input"
        Which of the two vectors that are trained for each word is the word's vector. Those of the
        input side are word2vec's. Those of the output side stand for the word as a prediction;
        under hierarchical softmax, which has none, the mean of the node vectors on the word's path
        through the tree takes their place, each with the sign that makes the word probable. "mean"
        is half the sum of both, "concatenated" is both one after the other, which doubles the
        dimension. Two input vectors are near if the words stand in the same contexts; an input and
        an output vector, if one word stands near the other.
    pooling : {"mean", "sum", "max", "min"} or tuple of them, default="mean"
        How a document's vector is made of its words' vectors: their mean, their sum, or in each
        dimension the largest or smallest number. Those of a tuple are concatenated:
        ``("mean", "max", "min")`` has three times the features.
    weighting : {"idf", "sif", "usif"}, default=None
        How much a word counts in a mean or sum: None counts all alike, the others count frequent
        words less. "idf" uses inverse document frequencies, and divides a mean by their sum. "sif"
        is smooth inverse frequency, ``a / (a + p)`` with ``a = 1e-3`` and p the share of the word
        in all words. "usif" derives its constant from the length of the documents.
    remove_components : int, default=0
        How many of the directions that the training documents have most in common to remove from
        all document vectors. Useful: 1 with "sif", 5 with "usif", which removes only a part of
        each. Better for comparing documents with each other; a linear model does as well without.
    norm : {"l1", "l2", "max"}, default=None
        Scale document vectors to unit norm.
    temp_folder : str or path, default=None
        Keep the encoded corpus in a temporary, memory-mapped file in this folder while `fit` runs,
        for corpora larger than memory; it takes 4 bytes per token. None keeps it in memory. The
        vectors do not depend on it.
    n_jobs : int, default=None
        Number of threads that train. None means 1 unless in a :obj:`joblib.parallel_backend`
        context, -1 means all processors. Within a worker of joblib, as in a parallel grid search,
        there are no more than its share of the processors. More than 8 are of no use, under
        hierarchical softmax more than 4, and of a corpus of less than 400,000 tokens even fewer.
        The vectors do not depend on it. gensim: `workers`, word2vec.c: `threads`.
    random_state : int, RandomState instance or None, default=None
        Determines the initial vectors and everything drawn in training. Pass an int to get the same
        vectors from each `fit`. gensim: `seed`.
    verbose : int, default=0
        With 1 or more, show training with its speed, loss and time left: a progress bar in a
        terminal or notebook, and a line per epoch in a log.
    memory : str or object with the joblib.Memory interface, default=None
        Keep encoded corpora in this folder, so that the same texts are split into words once, and
        not in each fit and score of a grid search. What is kept is found by the texts themselves,
        the text options, `vocabulary`, `min_count` and `max_vocab_size`. Texts in a list, array or
        Series are kept; generators, files and token sequences are not, for it would take as long to
        recognise them as to read them.

    Attributes
    ----------
    vocabulary_ : dict of token to int
        The row of each known word in ``word_vectors_.vectors``, by falling frequency with ties by
        first appearance, or as `vocabulary` says.
    word_counts_ : ndarray of shape (n_words,), dtype int64
        How often each word occurs in the training corpus.
    word_vectors_ : WordVectors
        The words and their vectors, float32 of shape (n_words, vector_size), or twice as wide with
        ``vectors="concatenated"``, with nearest words, similarities and analogies.
    pooling_ : Pooling
        What was learned of the training documents for `pooling`: ``pooling_.weights``, of shape
        (n_words,), with `weighting`; ``pooling_.components``, of shape (n_poolings,
        remove_components, dimension of the word vectors), with `remove_components`; otherwise None.
    output_vectors_ : ndarray of shape (n_words, vector_size), dtype float32
        The words' vectors on the output side, whose products with an input vector are the words'
        scores. Under hierarchical softmax those of the inner nodes of the Huffman tree, in place of
        the words': shape (max(1, n_words - 1), vector_size).
    n_init_words_ : int
        The number of words that were found in `init`.
    loss_curve_ : list of float
        The mean negative log-likelihood of a predicted word in each epoch, in nats, measured on a
        part of the corpus while it was trained. Objectives cannot be compared by it. `partial_fit`
        and `warm_start` add to it.
    n_epochs_ : int
        The number of epochs trained, the length of `loss_curve_`.
    best_loss_ : float or None
        The smallest loss of an epoch; None with `early_stopping`.
    validation_scores_ : list of float or None
        The `score` of the held-out documents after each epoch; None without `early_stopping`.
    best_validation_score_ : float or None
        The largest of them, whose vectors were kept; None without `early_stopping`.
    n_tokens_ : int
        The number of tokens of the training corpus whose words are in the vocabulary; of all
        documents so far after `partial_fit`.

    See Also
    --------
    WordVectors : Words and their vectors, with what one can ask of them.
    TextFiles : Documents in the lines of text files, read when they are asked for.
    sklearn.feature_extraction.text.TfidfVectorizer : Documents as weighted counts of words. It
        is often the better input of a linear classifier of long texts, and a
        :class:`~sklearn.pipeline.FeatureUnion` of both can be better than either.
    sklearn.decomposition.TruncatedSVD : With TF-IDF, latent semantic analysis: dense document
        vectors from the words' counts in whole documents, without their order.

    Notes
    -----
    **Documents.** A document is a str, split by the text options, bytes, which are decoded first,
    or a sequence of tokens that is taken as it is; a token is anything hashable: words, numbers,
    tuples. Documents may come as a list, an array, a pandas or polars Series, a frame with one
    column, a :class:`~skw2v.TextFiles`, or a generator, which is read once. No document is ever
    cut. They are trained in the order in which they stand. After encoding, a corpus takes 4 bytes
    per token, on disk if `temp_folder` says so.

    **Coming from TfidfVectorizer.** What splits the text is the same: `input`, `encoding`,
    `decode_error`, `strip_accents`, `lowercase`, `preprocessor`, `tokenizer`, `analyzer`,
    `stop_words`, `token_pattern`, `vocabulary`. `norm` is the same but for its default, None.
    Instead of `use_idf` there is `weighting`, instead of `max_features` there is `max_vocab_size`,
    and instead of `min_df`, which counts documents, there is `min_count`, which counts occurrences.
    There is no `ngram_range`: word2vec learns from the order of the tokens, and CountVectorizer
    puts the n-grams after all words. For frequent phrases as tokens, or words and n-grams without
    order, pass an `analyzer`. There is no `max_df`, as `sample` and `weighting` see to frequent
    words, and no `binary`, `smooth_idf`, `sublinear_tf` or `dtype`.

    **What is trained.** An input and an output vector for each word (for hierarchical softmax, an
    output vector for each inner node of the tree). `word_vectors_` holds the input vectors, which
    start uniform between -0.25 and 0.25, divided by the square root of `vector_size`: longer than
    those of other programs, which a small corpus leaves too short. The output vectors start at zero
    and are kept in `output_vectors_`.

    Stochastic gradient descent follows the true gradient in all modes. In CBOW other programs take
    a step that is larger by the number of context words; the learning rates that suit them are too
    small here, and "auto" takes that into account.

    **What transform computes.** For a document of n known words w, repetitions included, with the
    vectors v and the weights a, the mean is ``sum(v) / n``, with "idf" ``sum(a v) / sum(a)``, with
    "sif" and "usif" ``sum(a v) / n``; the sum is ``sum(a v)``; the maximum and minimum take no
    weights. Then components are removed, from each pooling its own, the poolings are concatenated,
    and the whole is scaled to `norm`. Nothing is subsampled, and word vectors are not normalised.
    The exact formulas and their sources ([4]_, [5]_, [6]_) are in :mod:`skw2v.pooling`.

    Unknown words are ignored, and documents without a known word are zero vectors, counted in one
    warning. All weights and components are learned in `fit`, and the vector of a document does not
    depend on the other documents. `pooling`, `weighting`, `remove_components` and `norm` can be
    changed without training again: see `fit_pooling`.

    **Continuing.** `partial_fit` takes a stream of documents, one part after another. With
    `warm_start`, `fit` takes further documents, or the same again. Both train input and output
    vectors further. `init` starts from vectors that others have trained.

    **Choosing parameters.** `score` needs no labels, so that
    ``GridSearchCV(Word2VecVectorizer(), grid)`` works. It asks for the same predictions whatever
    `window`, `shrink_windows`, `vector_size`, `negative`, `ns_exponent`, `epochs`, `learning_rate`
    and `objective` are, so that their settings can be compared. Scores cannot be compared between
    vocabularies (text options, `min_count`, `max_vocab_size`), between values of `sample`, which
    changes what is predicted, or of `architecture`, or between different documents. The vectors
    that predict best need not be the best for another purpose: where there is one with labels, put
    the estimator into a pipeline and search by the result.

    **Callbacks.** From scikit-learn 1.9 on, `fit` tells the callbacks of `set_callbacks` of each
    epoch and stops when one asks for it. :class:`~sklearn.callback.ScoringMonitor` scores only
    where there is a `y`, which may be anything.

    **Reproducibility.** For the same documents and parameters with an int as `random_state`, the
    vectors are the same bit for bit, for any `n_jobs`, whatever kind of container holds the
    documents, and whatever the seed of Python's hashes. They may differ between versions of this
    package or of NumPy, and between kinds of processors.

    **Saving.** `save` and `load` use a file without code. A pickle, such as :mod:`joblib` makes,
    also holds functions given as parameters, but whoever reads it runs whatever its author wanted:
    load pickles only from those whom you trust with your account, and with the same versions of
    this package and scikit-learn.

    **The first fit** on a machine compiles the training code, which takes some seconds, and says so
    with ``verbose=1``; the result is kept on disk.

    References
    ----------
    .. [1] Mikolov, Chen, Corrado, Dean (2013). "Efficient Estimation of Word Representations in
       Vector Space". arXiv:1301.3781.
    .. [2] Mikolov, Sutskever, Chen, Corrado, Dean (2013). "Distributed Representations of Words and
       Phrases and their Compositionality". arXiv:1310.4546.
    .. [3] Rong (2014). "word2vec Parameter Learning Explained". arXiv:1411.2738.
    .. [4] Arora, Liang, Ma (2017). "A Simple but Tough-to-Beat Baseline for Sentence Embeddings".
       ICLR 2017.
    .. [5] Ethayarajh (2018). "Unsupervised Random Walk Sentence Embeddings: A Strong but Simple
       Baseline". W18-3012.
    .. [6] Rücklé, Eger, Peyrard, Gurevych (2018). "Concatenated Power Mean Word Embeddings as
       Universal Cross-Lingual Sentence Representations". arXiv:1803.01400.

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

    Other ways to pool need no other training:

    >>> vectorizer.set_params(pooling=("mean", "max"), weighting="idf").fit_pooling(documents)
    Word2VecVectorizer(...)
    >>> vectorizer.transform(documents).shape
    (540, 40)
    """

    _doc_link_module = "skw2v"
    _doc_link_template = f"{DOCUMENTATION_URL}/generated/skw2v.{{estimator_name}}.html"

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
        "init": [WordVectors, str, PathLike, HasMethods("fit"), None],
        "freeze": [StrOptions({"init"}), list, tuple, set, frozenset, np.ndarray, None],
        "warm_start": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "vectors": [StrOptions({"input", "output", "mean", "concatenated"})],
        "pooling": [StrOptions(set(POOLINGS)), tuple, list],
        "weighting": [StrOptions({"idf", "sif", "usif"}), None],
        "remove_components": [Interval(Integral, 0, None, closed="left")],
        "norm": [StrOptions({"l1", "l2", "max"}), None],
        "temp_folder": [str, PathLike, None],
        "n_jobs": [None, Integral],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
        "memory": [str, HasMethods("cache"), None],
    }

    def __init__(
        self,
        *,
        input: Literal["content", "file", "filename"] = "content",
        encoding: str = "utf-8",
        decode_error: Literal["strict", "ignore", "replace"] = "strict",
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
        init: WordVectors | str | PathLike[str] | BaseEstimator | None = None,
        freeze: Literal["init"] | Iterable[Hashable] | None = None,
        warm_start: bool = False,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        tol: float = 1e-4,
        vectors: Literal["input", "output", "mean", "concatenated"] = "input",
        pooling: str | tuple[str, ...] = "mean",
        weighting: Literal["idf", "sif", "usif"] | None = None,
        remove_components: int = 0,
        norm: Literal["l1", "l2", "max"] | None = None,
        temp_folder: str | PathLike[str] | None = None,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
        memory: Any = None,
    ) -> None:
        self.input = input
        self.encoding = encoding
        self.decode_error = decode_error
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
        self.init = init
        self.freeze = freeze
        self.warm_start = warm_start
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.vectors = vectors
        self.pooling = pooling
        self.weighting = weighting
        self.remove_components = remove_components
        self.norm = norm
        self.temp_folder = temp_folder
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.memory = memory

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Iterable[Any], y: object = None) -> Word2VecVectorizer:
        """Learn the words of the documents and a vector for each.

        Parameters
        ----------
        X : iterable of str or of token sequences, length n_documents
            The documents; see the notes of the class. A generator is read once.
        y : None
            Ignored; callbacks see it.

        Returns
        -------
        self : Word2VecVectorizer
            The fitted estimator.

        Examples
        --------
        >>> from skw2v import Word2VecVectorizer
        >>> documents = ["the cat eats its fish", "the dog eats its bread"] * 50
        >>> vectorizer = Word2VecVectorizer(vector_size=10, random_state=0).fit(documents)
        >>> vectorizer.n_tokens_, list(vectorizer.vocabulary_)
        (500, ['the', 'eats', 'its', 'cat', 'fish', 'dog', 'bread'])
        """
        self._fit(X, y)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Iterable[Any], y: object = None) -> Word2VecVectorizer:
        """Train on the next documents of a stream.

        The documents are trained once, at the learning rate `learning_rate`, which does not fall as
        nobody knows how long the stream is. Vectors then stay as uncertain as the last steps are
        long: choose a smaller rate than for `fit`, or lower it by `set_params` between calls.
        `epochs` is not used. After `fit`, `partial_fit` goes on from what it learned.

        Under negative sampling the vocabulary grows. Words that are not known yet are counted, and
        become known in the call in which they have occurred `min_count` times in the stream, while
        there are fewer than `max_vocab_size`; they start from random vectors, or those of `init`,
        and have the last rows. What stood around them before is not trained. At most about a
        million (2**20) unknown words are remembered: when there are more, the rarer half is
        forgotten. Under hierarchical softmax, whose tree is made of the words, and under the
        softmax, the vocabulary stays that of the first call, and a warning counts the tokens that
        are ignored. A given `vocabulary` never grows.

        The weights and components of `pooling` are learned from the documents of each call alone:
        call `fit_pooling` with more of them at the end.

        The same stream, cut in the same places, with an int as `random_state` gives the same
        vectors bit for bit.

        Parameters
        ----------
        X : iterable of str or of token sequences, length n_documents
            The documents; see the notes of the class. A generator is read once.
        y : None
            Ignored.

        Returns
        -------
        self : Word2VecVectorizer
            The estimator; fitted from the first call on in which a word is known.

        Examples
        --------
        >>> from skw2v import Word2VecVectorizer
        >>> vectorizer = Word2VecVectorizer(vector_size=10, sample=0, random_state=0)
        >>> for part in (["red green blue"] * 50, ["red green black"] * 50):
        ...     _ = vectorizer.partial_fit(part)
        >>> list(vectorizer.vocabulary_)
        ['red', 'green', 'blue', 'black']
        >>> vectorizer.word_counts_
        array([100, 100,  50,  50])
        """
        self._partial_fit(X)
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
            Ignored; callbacks see it.

        Returns
        -------
        X_new : ndarray of shape (n_documents, n_features_out), dtype float32
            One vector per document; zeros, and a warning, if it has no known word.

        Examples
        --------
        >>> from skw2v import Word2VecVectorizer
        >>> documents = ["the cat eats its fish", "the dog eats its bread"] * 50
        >>> Word2VecVectorizer(vector_size=10, random_state=0).fit_transform(documents).shape
        (100, 10)
        """
        return self._pool(count_encoded_in_batches(self._fit(X, y), len(self.vocabulary_)))

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_pooling(self, X: Iterable[Any]) -> Word2VecVectorizer:
        """Learn from documents how to pool, and leave the word vectors as they are.

        Puts new values of `pooling`, `weighting`, `remove_components` and `norm` into effect. With
        the documents given to `fit`, the result is the same as if `fit` had known these values.

        Parameters
        ----------
        X : iterable of str or of token sequences, length n_documents
            The documents that weights and components are learned from; see the notes of the class.

        Returns
        -------
        self : Word2VecVectorizer
            The fitted estimator.

        Examples
        --------
        >>> from skw2v import Word2VecVectorizer
        >>> documents = ["the cat eats its fish", "the dog eats its bread"] * 50
        >>> vectorizer = Word2VecVectorizer(vector_size=10, random_state=0).fit(documents)
        >>> vectorizer = vectorizer.set_params(pooling=("mean", "max"), weighting="idf")
        >>> vectorizer.fit_pooling(documents).transform(["a dog eats"]).shape
        (1, 20)
        """
        check_is_fitted(self)
        check_pooling(self, self.word_vectors_.vectors.shape[1])
        corpus, vocabulary = encode_documents(
            self._tokenize(X), vocabulary=self.vocabulary_, temp_folder=self.temp_folder
        )
        self.pooling_ = self._learn_pooling(corpus, vocabulary.counts, self.word_vectors_)
        return self

    def transform(self, X: Iterable[Any]) -> NDArray[np.float32]:
        """Compute the vectors of documents.

        Parameters
        ----------
        X : iterable of str or of token sequences, length n_documents
            The documents; see the notes of the class. Unknown words are ignored.

        Returns
        -------
        X_new : ndarray of shape (n_documents, n_features_out), dtype float32
            One vector per document; zeros, and a warning, if it has no known word.

        Examples
        --------
        >>> import numpy as np
        >>> from skw2v import Word2VecVectorizer
        >>> documents = ["the cat eats its fish", "the dog eats its bread"] * 50
        >>> vectorizer = Word2VecVectorizer(vector_size=10, random_state=0).fit(documents)
        >>> X = vectorizer.transform(["Fish, bread!", "fish and chips"])
        >>> word_vectors = vectorizer.word_vectors_
        >>> np.allclose(X[0], (word_vectors["fish"] + word_vectors["bread"]) / 2)
        True
        >>> np.array_equal(X[1], word_vectors["fish"])
        True
        """
        check_is_fitted(self)
        return self._pool(count_tokens_in_batches(self._tokenize(X), self.vocabulary_))

    def inverse_transform(self, X: ArrayLike, topn: int = 10) -> list[NDArray[Any]]:
        """Find the words nearest to document vectors.

        A word is near if the vector of a document of this word alone has a large cosine similarity
        with the document vector. For the default `pooling` that is the word's own vector.

        Parameters
        ----------
        X : array-like of shape (n_documents, n_features_out)
            Document vectors, such as `transform` gives, or sums, differences and means of them.
        topn : int, default=10
            How many words to return for each.

        Returns
        -------
        X_original : list of n_documents ndarrays of shape (topn,), dtype object
            The nearest words, the nearest first; all words if there are fewer, and none for a zero
            vector, which has no direction.

        Examples
        --------
        >>> from skw2v import Word2VecVectorizer
        >>> documents = ["red green blue", "one two three"] * 100
        >>> vectorizer = Word2VecVectorizer(vector_size=10, epochs=10, sample=0, random_state=0)
        >>> X = vectorizer.fit_transform(documents)
        >>> [sorted(words) for words in vectorizer.inverse_transform(X[:2], topn=3)]
        [['blue', 'green', 'red'], ['one', 'three', 'two']]
        """
        check_is_fitted(self)
        topn = parse_positive_int(topn, "topn")
        queries = check_array(X, dtype=np.float32, estimator=self, input_name="X")
        if queries.shape[1] != self._n_features_out:
            raise ValueError(
                f"X has {queries.shape[1]} features, but the vectors of this Word2VecVectorizer "
                f"have {self._n_features_out}. Pass what transform returns."
            )
        n_words = len(self.vocabulary_)
        each_alone = EncodedCorpus(np.arange(n_words, dtype=np.int32), np.arange(n_words + 1))
        vectors, _ = self.pooling_.apply(
            count_encoded_in_batches(each_alone, n_words), self.word_vectors_.vectors
        )
        words_alone = WordVectors(self.word_vectors_.words, vectors)
        nearest: Any = words_alone.similar_by_vector(queries, topn=topn)
        has_direction = queries.any(axis=1)
        return [
            np.fromiter((word for word, _ in neighbours if known), dtype=object)
            for neighbours, known in zip(nearest, has_direction, strict=True)
        ]

    def score(self, X: Iterable[Any], y: object = None) -> float:
        """Compute how well the vectors predict the words of documents.

        The mean of ``log p(word | context)`` over the predictions that the documents hold. The
        probabilities are true ones for every `objective`: those of all words sum to one. Under
        negative sampling, whose scores ``u . h`` say how much more probable a word is than noise,
        p is in proportion to ``q exp(u . h)`` with the word's share q in the noise ([1]_,
        section 3.1); how many noise words there were cancels out.

        Which predictions are asked for depends on neither `window` nor anything else in the notes
        of the class under "Choosing parameters". `architecture`, `objective`, `ns_exponent` and
        `cbow_mean` are those of the last fit, whatever they are now. Tokens whose words are not
        known are left out, and frequent words are thinned out as `sample` says, by draws that never
        change. Windows do not shrink. Skip-gram predicts each word from each of the five words on
        either side, one by one; CBOW predicts each word once, from the `window` words on either
        side. Where there are more than 20,000 tokens, about as many in pieces of 200, evenly spread
        over the documents, stand for all.

        Parameters
        ----------
        X : iterable of str or of token sequences, length n_documents
            The documents, best others than those of `fit`.
        y : None
            Ignored.

        Returns
        -------
        score : float
            At most 0, in nats; larger is better. The same for any `n_jobs` and `random_state`.

        Raises
        ------
        ValueError
            If no document has two known words, or the output vectors are not known.

        References
        ----------
        .. [1] Levy, Goldberg (2014). "Neural Word Embedding as Implicit Matrix Factorization".
           NeurIPS 27.

        Examples
        --------
        >>> from skw2v import Word2VecVectorizer
        >>> documents = ["salt and pepper", "rhythm and blues"] * 200
        >>> vectorizer = Word2VecVectorizer(vector_size=10, sample=0, random_state=0)
        >>> once = vectorizer.set_params(epochs=1).fit(documents).score(documents)
        >>> often = vectorizer.set_params(epochs=10).fit(documents).score(documents)
        >>> once < often < 0
        True
        """
        check_is_fitted(self)
        corpus, _ = self._encode(X, self.vocabulary_)
        score = self._mean_log_likelihood(
            corpus, self.word_counts_, self._tree_weights, self._input_matrix,
            self._output_matrix(), self._fitted_parameters(),
        )  # fmt: skip
        if np.isnan(score):
            raise ValueError(
                "X must hold a document with two known words, or there is nothing to predict. Got "
                f"{corpus.n_documents} documents with {corpus.n_tokens} known words."
            )
        return score

    def predict_context(
        self, words: Hashable | Sequence[Hashable], topn: int | None = 10
    ) -> list[tuple[Hashable, float]]:
        """Name the words that are most probable beside others.

        The probabilities are those of `score`: true ones under hierarchical softmax and the
        softmax, and what the scores of negative sampling amount to. They are those of text whose
        frequent words are thinned out as `sample` says. CBOW predicts from the mean (or sum) of the
        given words, as in training. Under skip-gram, each of them predicts alone: the result is the
        normalised geometric mean of their probabilities, so that a word must go with all of them.
        gensim: `predict_output_word`, which leaves out the noise, and so prefers rare words.

        Parameters
        ----------
        words : token, or list or ndarray of tokens
            The words around. As in :class:`~skw2v.WordVectors`, anything but a list or an array is
            one word.
        topn : int, default=10
            How many words to name; None names all.

        Returns
        -------
        predictions : list of tuples (word, probability)
            The most probable words, the first one most of all.

        Raises
        ------
        KeyError
            If a word is not known, with close spellings.
        ValueError
            If there is no word, `topn` is not a positive integer, or the output vectors are not
            known.

        Examples
        --------
        >>> from skw2v import Word2VecVectorizer
        >>> documents = ["salt and pepper", "rhythm and blues"] * 200
        >>> vectorizer = Word2VecVectorizer(vector_size=10, sample=0, epochs=10, random_state=0)
        >>> _ = vectorizer.fit(documents)
        >>> sorted(word for word, _ in vectorizer.predict_context("salt", topn=2))
        ['and', 'pepper']
        """
        from skw2v.training.likelihood import context_log_probabilities, make_output_layer

        check_is_fitted(self)
        parameters = self._fitted_parameters()
        n_best = parse_topn(topn, len(self.vocabulary_))
        several = as_list(words) if is_collection(words) else [words]
        if not several:
            raise ValueError("words must name at least one word, got none.")
        self.word_vectors_[several]  # raises for unknown words
        rows = [self.vocabulary_[word] for word in several]
        log_probabilities = context_log_probabilities(
            self._input_matrix[rows],
            make_output_layer(
                self._output_matrix(), self.word_counts_, self._tree_weights, parameters
            ),
            parameters,
        )
        best = np.argsort(-log_probabilities, kind="stable")[:n_best]
        known_words = self.word_vectors_.words
        probabilities = np.exp(log_probabilities[best]).tolist()
        return [(known_words[row], p) for row, p in zip(best.tolist(), probabilities, strict=True)]

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
            `loss_curve_` is empty, and `n_epochs_` and `n_tokens_` are 0. There is no
            `output_vectors_`.

        Raises
        ------
        ValueError
            If a parameter needs what the word vectors do not tell: documents for `weighting` "idf"
            and "usif" and for `remove_components`, counts for "sif", output vectors for `vectors`
            other than "input".

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
        check_vectors_suffice(vectorizer, word_vectors)
        if word_vectors.vectors.dtype != np.float32:
            vectors = word_vectors.vectors.astype(np.float32)
            word_vectors = WordVectors(word_vectors.words, vectors, counts=word_vectors.counts)
        counts = word_vectors.counts
        if counts is None:
            counts = np.zeros(len(word_vectors), np.int64)
        nothing = EncodedCorpus(np.zeros(0, np.int32), np.zeros(1, np.int64))
        vectorizer.vocabulary_ = dict(word_vectors.index)
        vectorizer.word_counts_ = counts
        vectorizer.word_vectors_ = word_vectors
        vectorizer.pooling_ = vectorizer._learn_pooling(nothing, counts, word_vectors)
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

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> import numpy as np
        >>> from skw2v import Word2VecVectorizer
        >>> documents = ["the cat eats its fish", "the dog eats its bread"] * 50
        >>> vectorizer = Word2VecVectorizer(vector_size=10, random_state=0).fit(documents)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "vectorizer.safetensors"
        ...     vectorizer.save(path)
        ...     loaded = Word2VecVectorizer.load(path)
        >>> np.array_equal(loaded.transform(documents), vectorizer.transform(documents))
        True
        """
        return load_estimator(cls, path)

    @property
    def _n_features_out(self) -> int:
        """The number of features that `transform` gives."""
        return self.pooling_.n_features(self.word_vectors_.vectors.shape[1])

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that documents go in and float32 comes out."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.transformer_tags.preserves_dtype = []
        return tags

    def _fit(self, X: Iterable[Any], y: object) -> EncodedCorpus:
        """Do what `fit` does and return the corpus, of which the estimator keeps nothing."""
        parameters = self._check_parameters()
        goes_on = self.warm_start and hasattr(self, "word_vectors_")
        callbacks = Callbacks(self, X, y, parameters.epochs)
        corpus, vocabulary = self._encode(X, self.vocabulary)
        counts = vocabulary.counts
        sources = self._sources(vocabulary, goes_on=goes_on)
        start = sources.make_start(self.freeze, self.objective, counts)
        seed = self._draw_seed()
        training, early_stopping = corpus, None
        if self.early_stopping:
            training, held_out = hold_out(corpus, self.validation_fraction, seed)
            score = self._scorer(held_out, counts)
            early_stopping = EarlyStopping(score, self.tol, self.n_iter_no_change)

        def learned(*vectors: NDArray[np.float32]) -> dict[str, Any]:
            return {
                **self._learned(corpus, vocabulary, counts, *vectors),
                **self._history(watch, goes_on=goes_on),
                "n_init_words_": sources.n_init_words,
                "n_tokens_": corpus.n_tokens,
            }

        with closing(self._display(training.n_tokens, parameters.epochs)) as display:
            if self.init is not None:
                display.say(f"{sources.n_init_words} of {len(counts)} words are in init")
            watch = Watch(parameters.epochs, display, early_stopping, callbacks, learned)
            vectors = self._train(training, counts, parameters, seed=seed, start=start, watch=watch)
        attributes = learned(*(watch.best_vectors or vectors))
        self.__dict__.pop("_stream", None)  # the next `partial_fit` begins one of its own
        self.__dict__.update(attributes)
        callbacks.end_fit(lambda: attributes)
        return corpus

    def _partial_fit(self, X: Iterable[Any]) -> None:
        """Do what `partial_fit` does."""
        if self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True.")
        parameters = replace(self._check_parameters(), epochs=1)
        goes_on = hasattr(self, "word_vectors_")
        is_given = self.vocabulary is not None
        stream = getattr(self, "_stream", None) or _Stream(self._draw_seed(), 0, {})
        grows = not is_given and (not goes_on or self.objective == "negative_sampling")
        more = encode_more_documents(
            self._tokenize(X),
            self._known_vocabulary(),
            stream.candidates,
            min_count=self.min_count if grows else None,
            max_vocab_size=self.max_vocab_size,
            temp_folder=self.temp_folder,
        )
        candidates = more.candidates if grows else {}
        stream = _Stream(stream.seed, stream.n_parts + 1, candidates)
        corpus, vocabulary = more.corpus, more.vocabulary
        self._warn_of_ignored_tokens(corpus, more.n_ignored, grows, is_given)
        if not corpus.n_tokens:
            self._stream = stream
            return
        tree_counts = vocabulary.counts
        if goes_on and self.objective == "hierarchical_softmax":
            tree_counts = self._tree_weights
        sources = self._sources(vocabulary, goes_on=goes_on)
        start = sources.make_start(self.freeze, self.objective, tree_counts)
        with closing(self._display(corpus.n_tokens, 1)) as display:
            watch = Watch(1, display)
            vectors = self._train(
                corpus,
                vocabulary.counts,
                parameters,
                seed=stream.next_seed(),
                start=start,
                watch=watch,
                tree_counts=tree_counts,
                schedule=(0.0, 0.0),  # nobody knows how far the stream is
            )
        self.__dict__.update(
            {
                **self._learned(corpus, vocabulary, tree_counts, *vectors),
                **self._history(watch, goes_on=goes_on),
                "n_init_words_": sources.n_init_words,
                "n_tokens_": corpus.n_tokens + (self.n_tokens_ if goes_on else 0),
                "_stream": stream,
            }
        )

    def _known_vocabulary(self) -> Vocabulary:
        """Return the words that a stream begins or goes on with: learned, given, or none."""
        if hasattr(self, "word_vectors_"):
            return Vocabulary(self.vocabulary_, self.word_counts_)
        index = {} if self.vocabulary is None else fixed_index(self.vocabulary)
        return Vocabulary(index, np.zeros(len(index), np.int64))

    def _warn_of_ignored_tokens(
        self, corpus: EncodedCorpus, n_ignored: int, grows: bool, is_given: bool
    ) -> None:
        """Warn if a part of a stream has no known word, or words that can no longer be learned."""
        n_tokens = corpus.n_tokens + n_ignored
        if not corpus.n_tokens and grows:
            message = (
                f"Nothing was trained on {n_tokens} tokens in {corpus.n_documents} documents: no "
                f"word has occurred min_count={self.min_count} times yet. They are counted."
            )
        elif not corpus.n_tokens:
            message = (
                f"Nothing was trained on {n_tokens} tokens in {corpus.n_documents} documents: none "
                "of them is in the vocabulary."
            )
        elif n_ignored and not grows and not is_given:
            message = (
                f"{n_ignored} of {n_tokens} tokens were ignored: with "
                f"objective={self.objective!r} the words stay those of the first call. Pass enough "
                "documents to the first call, or use objective='negative_sampling'."
            )
        else:
            return
        warnings.warn(message, UserWarning, stacklevel=5)

    def _encode(
        self, X: Iterable[Any], vocabulary: Mapping[Hashable, int] | Iterable[Hashable] | None
    ) -> tuple[EncodedCorpus, Vocabulary]:
        """Return the documents as word ids, from the cache if they are there."""
        options: dict[str, Any] = {
            "min_count": self.min_count,
            "max_vocab_size": self.max_vocab_size,
            "vocabulary": vocabulary,
        }
        texts = None
        if self.memory is not None and self.input == "content":
            texts = list_texts(X)
        if texts is None:
            return encode_documents(self._tokenize(X), **options, temp_folder=self.temp_folder)
        return encode_texts_once(texts, self._text_options(), options, self.memory)

    def _sources(self, vocabulary: Vocabulary, *, goes_on: bool) -> Sources:
        """Return the vectors that are known before training."""
        words = vocabulary.index
        return Sources(
            vocabulary,
            former=known_vectors(self, words) if goes_on else None,
            init=None if self.init is None else known_vectors(self.init, words),
            vector_size=self.vector_size,
        )

    def _draw_seed(self) -> int:
        """Draw what decides everything random of a fit."""
        return int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))

    def _scorer(
        self, held_out: EncodedCorpus, counts: NDArray[np.int64]
    ) -> Callable[[NDArray[np.float32], NDArray[np.float32]], float]:
        """Return a function that gives vectors their score on held-out documents."""
        parameters = self._training_parameters()

        def score(input_vectors: NDArray[np.float32], output_vectors: NDArray[np.float32]) -> float:
            score = self._mean_log_likelihood(
                held_out, counts, counts, input_vectors, output_vectors, parameters
            )
            if np.isnan(score):
                raise ValueError(
                    f"The validation set is too small: the {held_out.n_documents} held-out "
                    "documents hold nothing to predict. Increase "
                    f"validation_fraction={self.validation_fraction!r} or pass more documents."
                )
            return score

        return score

    def _display(self, n_tokens: int, n_epochs: int) -> Progress | Silence:
        """Return what shows the training."""
        if not self.verbose:
            return Silence()
        return Progress(n_tokens, n_epochs, type(self).__name__)

    def _train(
        self,
        corpus: EncodedCorpus,
        counts: NDArray[np.int64],
        parameters: TrainingParameters,
        *,
        seed: int,
        start: Start | None,
        watch: Watch,
        **options: Any,
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Train, and return input and output vectors."""
        # Loads numba, which an import of the package should not.
        from skw2v._compiling import when_compiling
        from skw2v.training.embedding import check_finite, packed
        from skw2v.training.trainer import train

        with when_compiling(watch.say_compiling):
            embedding = train(
                corpus.token_ids,
                corpus.offsets,
                counts,
                parameters,
                seed=seed,
                n_threads=count_threads(self.n_jobs),
                start=start,
                report=watch.report,
                after_epoch=watch.after_epoch,
                **options,
            )
        check_finite(embedding.input_vectors, parameters)
        input_vectors = packed(embedding.input_vectors)
        _lock(input_vectors)  # or WordVectors would copy them
        return input_vectors, packed(embedding.output_vectors)

    def _learned(
        self,
        corpus: EncodedCorpus,
        vocabulary: Vocabulary,
        tree_counts: NDArray[np.int64],
        input_vectors: NDArray[np.float32],
        output_vectors: NDArray[np.float32],
    ) -> dict[str, Any]:
        """Return the fitted attributes that hold vectors, and what it takes to use them."""
        word_vectors = WordVectors(
            vocabulary.words,
            self._choose_vectors(tree_counts, input_vectors, output_vectors),
            counts=vocabulary.counts,
        )
        is_input = self.vectors == "input"
        parameters = self._training_parameters()
        return {
            "vocabulary_": vocabulary.index,
            "word_counts_": vocabulary.counts,
            "word_vectors_": word_vectors,
            "output_vectors_": np.ascontiguousarray(output_vectors),
            "pooling_": self._learn_pooling(corpus, vocabulary.counts, word_vectors),
            "_other_input_vectors": None if is_input else np.ascontiguousarray(input_vectors),
            "_tree_counts": tree_counts,
            "_trained_as": {name: getattr(parameters, name) for name in _TRAINED_AS},
        }

    def _history(self, watch: Watch, *, goes_on: bool) -> dict[str, Any]:
        """Return the fitted attributes that tell how training went, former fits included."""
        loss_curve = [*(self.loss_curve_ if goes_on else []), *watch.loss_curve]
        scores = None
        if watch.validation_scores is not None:
            former = getattr(self, "validation_scores_", None) if goes_on else None
            scores = [*(former or []), *watch.validation_scores]
        return {
            "loss_curve_": loss_curve,
            "n_epochs_": len(loss_curve),
            "best_loss_": min(loss_curve) if scores is None else None,
            "validation_scores_": scores,
            "best_validation_score_": None if scores is None else max(scores),
        }

    @property
    def _input_matrix(self) -> NDArray[np.float32]:
        """The input vectors, whichever `word_vectors_` holds."""
        others = getattr(self, "_other_input_vectors", None)
        return self.word_vectors_.vectors if others is None else others

    @property
    def _tree_weights(self) -> NDArray[np.int64]:
        """The counts that the Huffman tree is built from: those of the first part of a stream."""
        weights = getattr(self, "_tree_counts", None)
        return self.word_counts_ if weights is None else weights

    def _output_matrix(self) -> NDArray[np.float32]:
        """Return the output vectors, if there are any."""
        if getattr(self, "output_vectors_", None) is None:
            raise ValueError(
                "The output vectors are not known, so there are no probabilities: only word "
                "vectors were given, and nothing was trained."
            )
        return self.output_vectors_

    def _mean_log_likelihood(
        self,
        corpus: EncodedCorpus,
        counts: NDArray[np.int64],
        tree_counts: NDArray[np.int64],
        input_vectors: NDArray[np.float32],
        output_vectors: NDArray[np.float32],
        parameters: TrainingParameters,
    ) -> float:
        """Return the score of documents by some vectors, NaN if they predict nothing."""
        from skw2v.training.likelihood import make_output_layer, mean_log_likelihood

        return mean_log_likelihood(
            corpus.token_ids,
            corpus.offsets,
            input_vectors,
            make_output_layer(output_vectors, counts, tree_counts, parameters),
            counts,
            parameters,
            count_threads(self.n_jobs),
        )

    def _choose_vectors(
        self,
        tree_counts: NDArray[np.int64],
        inputs: NDArray[Any],
        outputs: NDArray[Any],
    ) -> NDArray[np.float32]:
        """Return the words' vectors of the side that `vectors` names."""
        if self.vectors == "input":
            return inputs
        if self.objective == "hierarchical_softmax":
            from skw2v.training.huffman import build_huffman_tree, mean_path_vectors

            outputs = mean_path_vectors(build_huffman_tree(tree_counts), outputs)
        if self.vectors == "output":
            return outputs
        return (inputs + outputs) / 2 if self.vectors == "mean" else np.hstack([inputs, outputs])

    def _learn_pooling(
        self, corpus: EncodedCorpus, word_counts: NDArray[np.int64], word_vectors: WordVectors
    ) -> Pooling:
        """Learn what pooling needs to know of the training documents."""
        return learn_pooling(
            corpus,
            word_counts,
            word_vectors.vectors,
            parts=poolings_of(self.pooling),
            weighting=self.weighting,
            remove_components=int(self.remove_components),
            norm=self.norm,
        )

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

    def _fitted_parameters(self) -> TrainingParameters:
        """Return what the trainer would be told, but that the vectors stay what they were."""
        return replace(self._training_parameters(), **getattr(self, "_trained_as", {}))

    def _check_parameters(self) -> TrainingParameters:
        """Raise or warn of parameters that do not go together; return what the trainer is told."""
        parameters = self._training_parameters()
        check_parameters_agree(self, parameters.learning_rate)
        check_pooling(self, self.vector_size * (2 if self.vectors == "concatenated" else 1))
        self._warn_of_unused_parameters()
        count_threads(self.n_jobs)  # raises for a bad number
        return parameters

    def _warn_of_unused_parameters(self) -> None:
        """Warn of each parameter that was set although another one leaves it without effect."""
        defaults = inspect.signature(Word2VecVectorizer).parameters
        for name, reason in unused_parameters(self):
            if getattr(self, name) not in (None, defaults[name].default):
                warnings.warn(
                    f"The parameter {name!r} will not be used since {reason}.",
                    UserWarning,
                    stacklevel=6,
                )

    def _tokenize(self, X: Iterable[Any]) -> Iterator[Sequence[Hashable]]:
        """Return an iterator over the tokens of each document."""
        return tokenize_documents(X, self._build_analyzer(), input=self.input)

    def _build_analyzer(self) -> Callable[[Any], Iterable[Hashable]]:
        """Return the function that reads and decodes a document and splits it into tokens."""
        return build_analyzer(self._text_options())

    def _text_options(self) -> dict[str, Any]:
        """Return the parameters that say how a text is split into tokens."""
        return {name: getattr(self, name) for name in _TEXT_OPTIONS}

    def _pool(self, token_counts: Iterable[csr_array]) -> NDArray[np.float32]:
        """Return the vectors of documents; count those without a known word in a warning."""
        X, n_unknown = self.pooling_.apply(token_counts, self.word_vectors_.vectors)
        if n_unknown:
            warnings.warn(
                f"{n_unknown} of {len(X)} documents contain no known word; their vectors are "
                "zeros.",
                UserWarning,
                stacklevel=4,
            )
        return X


class _Stream(NamedTuple):
    """What `partial_fit` remembers from one part of a stream to the next."""

    seed: int
    n_parts: int
    candidates: dict[Hashable, int]  # how often words that are not yet known have occurred

    def next_seed(self) -> int:
        """Return the seed of the part that was counted last."""
        return int(np.random.SeedSequence([self.seed, self.n_parts]).generate_state(1)[0])


def _lock(array: NDArray[Any]) -> None:
    """Make an array, and all that it is a view of, read-only."""
    base: Any = array
    while base is not None:
        if isinstance(base, np.ndarray):
            base.setflags(write=False)
        base = getattr(base, "base", None)
