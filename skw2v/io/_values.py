"""Python values as JSON, so that they come back equal and of the same type.

JSON knows no tuples, no sets, no bytes and no keys but strings. What it lacks becomes an object
with one entry, whose key is the type: ``{"tuple": [1, 2]}``. A dict is ``{"dict": [[key, value],
...]}``. Nothing is ever called by a name that stands in a file.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MAX_STRING_BYTES = 1 << 30


def to_plain(value: Any, owner: str, arrays: dict[str, NDArray[Any]] | None = None) -> Any:
    """Return a value as JSON can hold it.

    Parameters
    ----------
    value : object
        None, bool, int, float, str, bytes, NumPy scalars, and lists, tuples, sets and mappings of
        them; with `arrays`, also arrays of numbers or strings and a RandomState.
    owner : str
        What errors call the value.
    arrays : dict of str to ndarray, default=None
        Takes up the arrays of numbers, for which a name stands in the JSON.

    Raises
    ------
    TypeError
        If the value, or a part of it, is of another type.
    """

    def plain(part: Any) -> Any:
        return to_plain(part, owner, arrays)

    if value is None or type(value) in (bool, int, float, str):
        return value
    if type(value) is list:
        return [plain(item) for item in value]
    if type(value) is tuple:
        return {"tuple": [plain(item) for item in value]}
    if type(value) in (set, frozenset):
        return {type(value).__name__: sorted((plain(item) for item in value), key=repr)}
    if isinstance(value, Mapping):
        return {"dict": [[plain(key), plain(item)] for key, item in value.items()]}
    if isinstance(value, PurePath):
        return {"path": str(value)}
    if type(value) is bytes:
        return {"bytes": base64.b64encode(value).decode()}
    if arrays is not None and isinstance(value, np.random.RandomState):
        return {"RandomState": plain(value.get_state(legacy=False))}
    if isinstance(value, (np.generic, np.ndarray)) and value.dtype.kind == "U":
        return {"strings": value.tolist()}
    if isinstance(value, np.generic) and value.dtype.kind in "biuf":
        return {"scalar": [value.dtype.str, value.item()]}
    if arrays is not None and isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        return {"array": _store(value, owner, arrays)}
    raise TypeError(
        f"{owner}: a {type(value).__name__} cannot be stored without pickling it, which would run "
        "code when it is read."
    )


def from_plain(value: Any, path: str, arrays: Mapping[str, NDArray[Any]] | None = None) -> Any:
    """Return the value that `to_plain` has turned into JSON.

    Raises
    ------
    ValueError
        If the JSON was not made by `to_plain`.
    """
    if isinstance(value, list):
        return [from_plain(item, path, arrays) for item in value]
    if not isinstance(value, dict):
        return value
    try:
        ((kind, content),) = value.items()
        if kind == "array" and arrays is not None:
            return arrays[content]
        if kind == "bytes":
            return base64.b64decode(content, validate=True)
        if kind == "path":
            return Path(content)
        if kind == "scalar":
            return _number_type(content[0]).type(content[1])
        if kind == "strings":
            return _strings(content)
        content = from_plain(content, path, arrays)
        if kind == "RandomState":
            return _random_state(content)
        return {"tuple": tuple, "set": set, "frozenset": frozenset, "dict": dict}[kind](content)
    except (KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
        raise ValueError(f"{path}: the stored value {str(value)[:100]} makes no sense.") from error


def _random_state(content: dict[str, Any]) -> np.random.RandomState:
    """Return a random state; NumPy checks all but the position."""
    position = content["state"]["pos"]
    if type(position) is not int or not 0 <= position <= len(content["state"]["key"]):
        raise ValueError(position)
    random_state = np.random.RandomState()
    random_state.set_state(content)
    return random_state


def _store(value: NDArray[Any], owner: str, arrays: dict[str, NDArray[Any]]) -> str:
    """Put an array among the others, once, and return its name."""
    for name, array in arrays.items():
        if array is value:
            return name
    name = owner
    while name in arrays:
        name += "'"
    arrays[name] = value
    return name


def _number_type(name: str) -> np.dtype[Any]:
    """Return a type of numbers."""
    dtype = np.dtype(name)
    if dtype.kind not in "biuf":
        raise ValueError(name)
    return dtype


def _strings(content: Any) -> Any:
    """Return an array of strings, or a single one as NumPy has it."""
    words = np.array(content, dtype=object)
    longest = max(map(len, words.ravel().tolist()), default=0)
    # An array of strings pads each to the longest one: a small file could ask for much memory.
    if 4 * longest * words.size > _MAX_STRING_BYTES:
        raise ValueError("too many long strings")
    return words.astype(str)[()]
