"""Which parameters of the estimator go together: what no parameter alone can tell.

What each of them may be by itself stands with the estimator, in scikit-learn's way.
"""

from __future__ import annotations

import codecs
from os import PathLike
from typing import Any

from skw2v.word_vectors import WordVectors

POOLINGS = ("mean", "sum", "max", "min")


def poolings_of(pooling: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return the poolings that the parameter names, which are concatenated."""
    return (pooling,) if isinstance(pooling, str) else tuple(pooling)


def check_parameters_agree(vectorizer: Any, learning_rate: float) -> None:
    """Raise if parameters that are allowed one by one do not go together."""
    if vectorizer.min_learning_rate > learning_rate:
        raise ValueError(
            f"min_learning_rate must be at most learning_rate={vectorizer.learning_rate!r}, which "
            f"starts at {learning_rate:g}. Got {vectorizer.min_learning_rate!r}."
        )
    if isinstance(vectorizer.freeze, str) and vectorizer.init is None:
        raise ValueError(
            "freeze='init' names the words of init, which must then be given. Got init=None."
        )
    if vectorizer.init is not None and not (
        isinstance(vectorizer.init, (str, PathLike, WordVectors))
        or hasattr(vectorizer.init, "word_vectors_")
    ):
        raise ValueError(
            "init must be word vectors, a path, or a fitted Word2VecVectorizer, got the estimator "
            f"{vectorizer.init!r}, which is none. A clone, as in a search, is not fitted: pass "
            "init=other.word_vectors_ instead of init=other."
        )
    try:
        codecs.lookup(vectorizer.encoding)
    except LookupError:
        raise ValueError(
            "encoding must be one that Python knows, such as 'utf-8' or 'latin-1'. Got "
            f"{vectorizer.encoding!r}."
        ) from None
    if (
        vectorizer.token_pattern is None
        and vectorizer.tokenizer is None
        and vectorizer.analyzer == "word"
    ):
        raise ValueError(
            "token_pattern must be a regular expression unless tokenizer or analyzer is a "
            "callable. Got None for token_pattern and for tokenizer."
        )


def check_pooling(vectorizer: Any, dimension: int) -> None:
    """Raise if the parameters of pooling do not go together, or with word vectors so wide."""
    poolings = poolings_of(vectorizer.pooling)
    if not poolings or len(set(poolings)) < len(poolings) or set(poolings) - set(POOLINGS):
        raise ValueError(
            "pooling must be one of 'mean', 'sum', 'max' and 'min', or a tuple that names some "
            f"of them, each once. Got {vectorizer.pooling!r}."
        )
    if vectorizer.remove_components >= dimension:
        raise ValueError(
            f"remove_components must be less than the dimension of the word vectors, which is "
            f"{dimension}. Got {vectorizer.remove_components!r}."
        )


def check_vectors_suffice(vectorizer: Any, word_vectors: WordVectors) -> None:
    """Raise if a parameter needs more than word vectors that were trained elsewhere."""
    needs = [
        (vectorizer.weighting in ("idf", "usif"), "weighting", "documents"),
        (vectorizer.remove_components > 0, "remove_components", "documents"),
        (vectorizer.weighting == "sif" and word_vectors.counts is None, "weighting", "counts"),
        (vectorizer.vectors != "input", "vectors", "output vectors"),
    ]
    for fails, name, what in needs:
        if fails:
            raise ValueError(
                f"{name}={getattr(vectorizer, name)!r} needs {what}, which word vectors that were "
                f"trained elsewhere do not bring along. Leave {name} out, or call fit."
            )


def unused_parameters(vectorizer: Any) -> list[tuple[str, str]]:
    """Return each parameter that another one leaves without effect, with the reason."""
    cases = [
        (
            vectorizer.vocabulary is not None,
            "'vocabulary' is given",
            ["min_count", "max_vocab_size"],
        ),
        (
            callable(vectorizer.analyzer),
            "'analyzer' is callable",
            ["strip_accents", "preprocessor"],
        ),
        (vectorizer.preprocessor is not None, "'preprocessor' is given", ["strip_accents"]),
        (
            vectorizer.analyzer != "word",
            "'analyzer' is not 'word'",
            ["tokenizer", "stop_words", "token_pattern"],
        ),
        (vectorizer.tokenizer is not None, "'tokenizer' is given", ["token_pattern"]),
        (
            vectorizer.objective != "negative_sampling",
            "'objective' is not 'negative_sampling'",
            ["negative", "ns_exponent"],
        ),
        (vectorizer.architecture != "cbow", "'architecture' is not 'cbow'", ["cbow_mean"]),
        (
            not vectorizer.early_stopping,
            "'early_stopping' is False",
            ["validation_fraction", "n_iter_no_change", "tol"],
        ),
        (vectorizer.input != "content", "'input' is not 'content'", ["memory"]),
        (
            not {"mean", "sum"}.intersection(poolings_of(vectorizer.pooling)),
            "'pooling' has neither 'mean' nor 'sum'",
            ["weighting"],
        ),
    ]
    return [(name, reason) for holds, reason, names in cases if holds for name in names]
