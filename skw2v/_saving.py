"""Estimators in files that hold no code: safetensors for arrays, JSON for everything else.

A pickle is a program that rebuilds an object, and whoever wrote it may have written another one.
Such a file is data: the estimator's parameters and learned attributes, whatever they are called,
as JSON (see `skw2v.io._values`) and named arrays. Its word vectors stand in the arrays that
`skw2v.io.write_word_vectors` uses, so that the file is one of word vectors, too.

Whatever cannot be stored so is an error that names the parameter or attribute; nothing is left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from skw2v import pooling
from skw2v.io._collect import Options, check_path
from skw2v.io._columns import from_arrays, load_json, read_safetensors, to_arrays, write_safetensors
from skw2v.io._files import StrPath, replace_file
from skw2v.io._values import from_plain, to_plain
from skw2v.word_vectors import WordVectors

Estimator = TypeVar("Estimator", bound=BaseEstimator)

# The attribute whose arrays have the names that word vectors have in files of their own.
_MAIN = "word_vectors_"
_STATE = "attributes"

# What everybody asks a fitted estimator for.
_LEARNED = ("vocabulary_", _MAIN, "word_counts_", "pooling_")

# Of the package's own classes those that hold nothing but data: they are rebuilt by name.
_RECORDS: dict[str, Any] = {
    name: kind for name, kind in vars(pooling).items() if is_dataclass(kind)
}

_ALL = Options(None, None, None, None, "utf-8", "strict")


def save_estimator(estimator: BaseEstimator, path: StrPath) -> None:
    """Write an estimator, fitted or not, to a safetensors file.

    Parameters
    ----------
    estimator : estimator
        Its parameters and attributes hold data only.
    path : path-like
        Replaced when all is written.

    Raises
    ------
    ValueError
        If a parameter or attribute cannot be stored as data, such as a function.
    """
    parameters = estimator.get_params(deep=False)
    attributes = {
        name: value for name, value in estimator.__getstate__().items() if name not in parameters
    }
    arrays: dict[str, NDArray[Any]] = {}
    metadata: dict[str, str] = {}
    word_vectors = attributes.get(_MAIN)
    if isinstance(word_vectors, WordVectors):
        arrays, metadata = to_arrays(word_vectors, word_vectors.vectors.dtype)
    metadata |= {
        "estimator": type(estimator).__name__,
        "skw2v_version": _version(),
        "parameters": json.dumps(_plain_values(parameters, arrays, word_vectors, "parameter")),
    }
    text = json.dumps(_plain_values(attributes, arrays, word_vectors, "attribute"))
    arrays[_STATE] = np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8)
    with replace_file(check_path(path)) as file:
        write_safetensors(file, arrays, metadata)


def load_estimator(kind: type[Estimator], path: StrPath) -> Estimator:
    """Read what `save_estimator` wrote.

    Parameters
    ----------
    kind : type
        The class of the estimator.
    path : path-like
        The file.

    Returns
    -------
    estimator : estimator
        With the parameters and attributes of the one that was saved.

    Raises
    ------
    ValueError
        If the file is damaged, holds no such estimator, or comes from a version of the package
        with other parameters.
    """
    name = check_path(path)
    arrays, metadata = read_safetensors(name)
    if "estimator" not in metadata or "parameters" not in metadata or _STATE not in arrays:
        raise ValueError(
            f"{name}: no saved estimator. If the file holds word vectors, make a transformer of "
            f"them: {kind.__name__}.from_word_vectors({name!r})."
        )
    stored_as = metadata["estimator"]
    if stored_as not in {base.__name__ for base in kind.__mro__}:
        raise ValueError(f"{name}: the file holds a {stored_as[:50]}, not a {kind.__name__}.")
    stored = _StoredValues(arrays, metadata, name)
    parameters = stored.values(metadata["parameters"])
    unknown = sorted(set(parameters) - set(kind._get_param_names()))
    if unknown:
        raise ValueError(
            f"{name}: {kind.__name__} has no parameters {unknown[:10]}. The file was written by "
            f"version {metadata.get('skw2v_version', 'unknown')[:30]} of skw2v; this is "
            f"{_version()}."
        )
    estimator = kind(**parameters)
    attributes = stored.values(arrays[_STATE].tobytes())
    for attribute, value in attributes.items():
        if not attribute.isidentifier() or attribute[:2] == "__" or hasattr(kind, attribute):
            raise ValueError(f"{name}: {attribute[:50]!r} is no attribute to be learned.")
        setattr(estimator, attribute, value)
    if any(attribute.endswith("_") for attribute in attributes):  # it was fitted
        _check_learned(estimator, name)
    return estimator


def _version() -> str:
    """Return the installed version of the package."""
    try:
        return version("skw2v")
    except PackageNotFoundError:
        return "unknown"


def _plain_values(
    values: Mapping[str, Any],
    arrays: dict[str, NDArray[Any]],
    word_vectors: WordVectors | None,
    what: str,
) -> dict[str, Any]:
    """Return parameters or attributes as JSON can hold them; arrays go to `arrays`."""
    plain: dict[str, Any] = {}
    for name, value in values.items():
        try:
            if word_vectors is not None and value is word_vectors:
                plain[name] = {"word_vectors": ""}
            elif isinstance(value, WordVectors):
                plain[name] = _put_word_vectors(value, f"{name}.", arrays)
            elif word_vectors is not None and type(value) is dict and value == word_vectors.index:
                # The words are stored already.
                plain[name] = {"index": _MAIN}
            elif type(value).__name__ in _RECORDS:
                content = {field.name: getattr(value, field.name) for field in fields(value)}
                plain[name] = {
                    "record": [
                        type(value).__name__,
                        {
                            key: to_plain(part, f"{name}.{key}", arrays)
                            for key, part in content.items()
                        },
                    ]
                }
            else:
                plain[name] = to_plain(value, name, arrays)
        except (TypeError, RecursionError) as error:
            raise ValueError(
                f"The {what} {name!r} cannot be saved: {error} Set it to a value that is data, or "
                "pickle the estimator for those who trust you."
            ) from error
    return plain


def _put_word_vectors(
    word_vectors: WordVectors, prefix: str, arrays: dict[str, NDArray[Any]]
) -> dict[str, Any]:
    """Store word vectors under names of their own."""
    own_arrays, metadata = to_arrays(word_vectors, word_vectors.vectors.dtype)
    arrays |= {prefix + name: array for name, array in own_arrays.items()}
    return {"word_vectors": prefix, **metadata}


class _StoredValues:
    """The parameters and attributes of a file, from their JSON and the arrays."""

    def __init__(
        self, arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, str], path: str
    ) -> None:
        self._arrays, self._metadata, self._path = arrays, metadata, path
        self._main: WordVectors | None = None

    def values(self, text: str | bytes) -> dict[str, Any]:
        """Return the values of a JSON object."""
        try:
            plain = load_json(text if isinstance(text, str) else text.decode("utf-8"))
            if not isinstance(plain, dict):
                raise ValueError("no JSON object")
            return {name: self._value(value) for name, value in plain.items()}
        except (ValueError, RecursionError) as error:
            message = str(error)
            if message.startswith(self._path):
                raise
            raise ValueError(f"{self._path}: the stored estimator is damaged ({error}).") from error

    def _value(self, plain: Any) -> Any:
        """Return one value."""
        if isinstance(plain, dict):
            if "word_vectors" in plain:
                return self._word_vectors(plain)
            if plain.get("index") == _MAIN:
                return dict(self._word_vectors({"word_vectors": ""}).index)
            if "record" in plain:
                return self._record(plain["record"])
        return from_plain(plain, self._path, self._arrays)

    def _word_vectors(self, plain: dict[str, Any]) -> WordVectors:
        """Return word vectors, the main ones always as the same object."""
        prefix = plain["word_vectors"]
        if prefix == "":
            if self._main is None:
                self._main = from_arrays(self._arrays, self._metadata, _ALL, self._path)
            return self._main
        if not isinstance(prefix, str):
            raise ValueError("word vectors without a name")
        own_arrays = {
            name.removeprefix(prefix): array
            for name, array in self._arrays.items()
            if name.startswith(prefix)
        }
        return from_arrays(own_arrays, plain, _ALL, self._path)

    def _record(self, plain: Any) -> Any:
        """Return an object of one of the classes that hold nothing but data."""
        try:
            name, content = plain
            content = {
                key: from_plain(value, self._path, self._arrays) for key, value in content.items()
            }
            return _RECORDS[name](**content)
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"{self._path}: unknown record {str(plain)[:100]}.") from error


def _check_learned(estimator: Any, path: str) -> None:
    """Raise unless what is learned is there, and so are the rows that words stand for.

    Compiled code does not check the rows.
    """
    missing = [name for name in _LEARNED if not hasattr(estimator, name)]
    if missing:
        raise ValueError(f"{path}: the stored estimator is damaged (it has no {missing[0]!r}).")
    if not isinstance(estimator.pooling_, pooling.Pooling):
        raise ValueError(f"{path}: the stored estimator is damaged (its 'pooling_' is none).")
    word_vectors = estimator.word_vectors_
    if not isinstance(word_vectors, WordVectors) or estimator.vocabulary_ != word_vectors.index:
        raise ValueError(f"{path}: the vocabulary does not fit the word vectors.")
