"""How code is compiled: what Python calls, and what only compiled code calls."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from numba import njit
from numba.core import event
from numba.extending import register_jitable

# Side by side in threads; a division by zero is no exception, as that would keep the compiler from
# using vector instructions; and arrays are not counted: compiled code makes none and returns none,
# and counting those it only passes on takes as long as the arithmetic (`_nrt` is numba's switch).
OPTIONS: Any = {"nogil": True, "error_model": "numpy", "_nrt": False}

# What only compiled code calls goes without what Python needs to call it, which would take a
# quarter of the time of compiling; called from Python it is plain Python.
INNER: Any = {**OPTIONS, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
inner = register_jitable(**INNER)
inlined = register_jitable(**INNER, forceinline=True)


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function that Python calls, and keep the result on disk if there is a place.

    Parameters
    ----------
    function : callable
        Compiled when it is first called with arguments of some types.

    Returns
    -------
    dispatcher : callable
        What calls the compiled function.

    Warns
    -----
    UserWarning
        If numba finds no folder that it can write to.

    Examples
    --------
    >>> from skw2v._compiling import kernel
    >>> from skw2v.training.kernels import pad
    >>> kernel(pad)(5, 4)
    8
    """
    try:
        return njit(**OPTIONS, cache=True)(function)
    except RuntimeError as error:
        if "cannot cache" not in str(error):
            raise
        warnings.warn(
            "Compiled code cannot be kept, as numba finds no folder to write it to: each process "
            "will compile for some seconds. Set the environment variable NUMBA_CACHE_DIR to a "
            "folder that can be written to.",
            UserWarning,
            stacklevel=1,  # one place for all kernels, so that it is shown once
        )
        return njit(**OPTIONS)(function)


class _Listener(event.Listener):
    """Calls a function when something is compiled for the first time."""

    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell: Callable[[], None] | None = tell

    def on_start(self, event: Any) -> None:
        """Call the function."""
        tell, self._tell = self._tell, None
        if tell is not None:
            tell()

    def on_end(self, event: Any) -> None:
        """Do nothing."""


@contextmanager
def when_compiling(tell: Callable[[], None]) -> Iterator[None]:
    """Call a function once if code is compiled within the context, not if it is loaded.

    Parameters
    ----------
    tell : callable
        Called without arguments, from any thread.

    Yields
    ------
    None
        Nothing.

    Examples
    --------
    >>> from numba import njit
    >>> from skw2v._compiling import when_compiling
    >>> half = njit(lambda x: x / 2)
    >>> for _ in range(2):
    ...     with when_compiling(lambda: print("compiling")):
    ...         half(3)
    compiling
    1.5
    1.5
    """
    with event.install_listener("numba:compile", _Listener(tell)):
        yield
