"""A real text corpus that every machine with scikit-learn already has.

The documentation of Python packages is technical English, and it is installed with them: every
module, class and function may carry a docstring. This file collects those docstrings. A source
file is read and parsed with :mod:`ast`, never imported or run, so that loading is safe and fast,
needs no network, and gives the same documents in the same order each time.
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
import sys
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch

__all__ = ["load_docstrings"]

# Shorter docstrings ("Number of output features.") say too little to tell their package.
MIN_WORDS = 20

TEST_FOLDERS = frozenset({"test", "tests"})

# Other projects' code, shipped inside a package: not written by the people of its label.
VENDORED_FOLDERS = frozenset(
    {
        "_extern",
        "_external",
        "_externals",
        "_uarray",
        "_vendor",
        "array_api_compat",
        "array_api_extra",
        "cobyqa",
        "extern",
        "external",
        "externals",
        "pyprima",
        "third_party",
        "vendor",
        "vendored",
    }
)

_DESCRIPTION = """\
Docstrings of installed Python packages
---------------------------------------

Technical English, written to explain numerical software: one document per documented module,
class, function or method, as it stands in the installed source files.

{table}

Labels: `target` is the package, `subpackage` the folder directly below it (`scipy.sparse`); files
that lie directly in a package carry the package's own name.

Included: docstrings of modules, classes, functions and methods, nested ones too, and those that a
source file registers as plain strings for compiled code by `add_newdoc`. Indentation is removed as
by `inspect.cleandoc`; templates such as `%(params)s` are left as written.

{left_out}

The documents belong to the packages and are under their licences. Their number depends on the
installed versions: compare results only between equal versions.
"""

_LEFT_OUT = (
    "Left out: folders named {tests}; files named `conftest.py` or `test_*.py`; the code of other "
    "projects, in folders named {vendored}; documents of fewer than {min_words} words; every "
    "document but the first of those with the same text; docstrings that are computed when a "
    "package is imported."
)


class _Document(NamedTuple):
    """One docstring, the dotted name of what it documents, and the label of its folder."""

    name: str
    subpackage: str
    text: str


@overload
def load_docstrings(
    *, packages: Sequence[str] = ..., return_X_y: Literal[False] = False
) -> Bunch: ...


@overload
def load_docstrings(
    *, packages: Sequence[str] = ..., return_X_y: Literal[True]
) -> tuple[list[str], NDArray[np.int64]]: ...


def load_docstrings(
    *, packages: Sequence[str] = ("numpy", "scipy", "sklearn"), return_X_y: bool = False
) -> Bunch | tuple[list[str], NDArray[np.int64]]:
    """Load the docstrings of installed packages as a labelled text corpus.

    The documents are parsed from the installed source files; no package is imported and none of
    their code is run. With the default packages this takes a few seconds and gives some 6,000
    documents with more than a million words. The order is that of `packages`, then of the sorted
    file paths, then of the source, so equal versions give equal documents.

    Parameters
    ----------
    packages : sequence of str, default=("numpy", "scipy", "sklearn")
        Import names of installed top-level packages or modules with Python source.
    return_X_y : bool, default=False
        If True, return `(data, target)` instead of a Bunch.

    Returns
    -------
    docstrings : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with the following attributes.

        data : list of str, length n_documents
            The docstrings, without their indentation.
        target : ndarray of shape (n_documents,), dtype int64
            Index into `target_names`: the package of each document.
        target_names : list of str
            The packages, in the given order.
        subpackage : ndarray of shape (n_documents,), dtype int64
            Index into `subpackage_names`.
        subpackage_names : list of str
            Sorted names such as `scipy.sparse`; the package's own name stands for the files
            that lie directly in it.
        names : list of str, length n_documents
            Where each docstring is defined, such as
            `sklearn.linear_model._ridge.Ridge.fit`. Not always unique: a name may be defined
            twice, in the two branches of an `if` for instance.
        DESCR : str
            What the corpus holds and leaves out, with the number of documents per package.

    (data, target) : tuple if `return_X_y` is True
        The documents and their packages.

    Raises
    ------
    TypeError
        If `packages` is a single string or not a sequence of strings.
    ValueError
        If `packages` is empty, repeats a name or holds a dotted one, or if a package has no
        Python source or no docstring that is long enough.
    ModuleNotFoundError
        If a package is not installed.

    Warns
    -----
    UserWarning
        If source files cannot be read, or parsed by the running Python. They are left out.

    Notes
    -----
    Test folders, vendored code, documents of fewer than 20 words, repeated documents and
    docstrings that are computed at import are left out; `DESCR` has the details.

    Examples
    --------
    >>> from skw2v.datasets import load_docstrings
    >>> docstrings = load_docstrings(packages=("joblib", "sklearn"))
    >>> docstrings.target_names
    ['joblib', 'sklearn']
    >>> "sklearn.linear_model" in docstrings.subpackage_names
    True
    >>> ridge = docstrings.names.index("sklearn.linear_model._ridge.Ridge")
    >>> print(docstrings.data[ridge].splitlines()[0])
    Linear least squares with l2 regularization.
    """
    names = _check_packages(packages)
    labelled = list(_labelled_documents(names))
    documents = [document for _, document in labelled]
    data = [document.text for document in documents]
    target = np.array([label for label, _ in labelled], dtype=np.int64)
    if return_X_y:
        return data, target
    subpackage_names, subpackage = np.unique(
        [document.subpackage for document in documents], return_inverse=True
    )
    return Bunch(
        data=data,
        target=target,
        target_names=names,
        subpackage=subpackage.astype(np.int64),
        subpackage_names=subpackage_names.tolist(),
        names=[document.name for document in documents],
        DESCR=_describe(names, data, target),
    )


def _check_packages(packages: Sequence[str]) -> list[str]:
    """Return the package names as a list, or say what is wrong with them."""
    allowed = 'a sequence of package names such as ("numpy", "scipy")'
    if isinstance(packages, str):
        raise TypeError(
            f"packages must be {allowed}. Got the single string {packages!r}: "
            f"pass ({packages!r},) instead."
        )
    try:
        names = list(packages)
    except TypeError:
        raise TypeError(f"packages must be {allowed}. Got {packages!r}.") from None
    if not names:
        raise ValueError(f"packages must be {allowed}. Got an empty one: name at least one.")
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"packages must be {allowed}. Got {name!r} among them.")
        if not name.isidentifier():
            raise ValueError(
                f"packages must hold import names of top-level packages. Got {name!r}: "
                "pass the name that follows `import`, without dots, and select the part you want "
                "by `subpackage`."
            )
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"packages must not repeat a name. Got {repeated} more than once.")
    return names


def _labelled_documents(packages: list[str]) -> Iterator[tuple[int, _Document]]:
    """Yield the documents that are long enough and new, with the index of their package."""
    seen: set[str] = set()
    for label, package in enumerate(packages):
        n_kept = 0
        for document in _package_documents(package):
            if document.text in seen or len(document.text.split()) < MIN_WORDS:
                continue
            seen.add(document.text)
            n_kept += 1
            yield label, document
        if n_kept == 0:
            raise ValueError(
                f"The package {package!r} in packages has no docstring of at least {MIN_WORDS} "
                "words that no package before it has. Leave it out."
            )


def _package_documents(package: str) -> Iterator[_Document]:
    """Yield every docstring of a package; warn of the files that cannot be parsed."""
    files = _source_files(package)
    failures = []
    for path, parts in files:
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        folder = parts[:-1]
        try:
            tree = _parse(path)
        except (OSError, SyntaxError, ValueError, RecursionError) as error:
            failures.append(f"{path} ({type(error).__name__}: {error})")
            continue
        subpackage = ".".join(folder[:2]) or package
        for name, text in _docstrings(tree, module, ".".join(folder) or package):
            yield _Document(name, subpackage, text)
    if failures:
        version = ".".join(map(str, sys.version_info[:2]))
        warnings.warn(
            f"{len(failures)} of {len(files)} source files of {package!r} cannot be read and "
            f"parsed by Python {version}; their docstrings are left out: {'; '.join(failures)}",
            UserWarning,
            stacklevel=4,
        )


def _source_files(package: str) -> list[tuple[Path, tuple[str, ...]]]:
    """Return the source files of a package in sorted order, each with its dotted name's parts."""
    try:
        # For a top-level name this finds without importing.
        spec = importlib.util.find_spec(package)
    except ValueError:  # already imported, but without a spec: nothing says where it lies
        spec = None
    if spec is None:
        raise ModuleNotFoundError(
            f"The package {package!r} in packages is not installed: install it or leave it out.",
            name=package,
        )
    files: list[tuple[Path, tuple[str, ...]]] = []
    if spec.submodule_search_locations is not None:
        for root in spec.submodule_search_locations:
            for path in Path(root).rglob("*.py"):
                files.append((path, (package, *path.relative_to(root).with_suffix("").parts)))
    elif spec.origin is not None and spec.origin.endswith(".py"):
        files.append((Path(spec.origin), (package,)))
    files = sorted((file for file in files if _is_own_code(file[1])), key=lambda file: file[1])
    if not files:
        raise ValueError(
            f"The package {package!r} in packages has no Python source files of its own (it is "
            "built in, compiled or zipped). Leave it out."
        )
    return files


def _is_own_code(parts: tuple[str, ...]) -> bool:
    """Tell whether a file is an importable module, neither a test nor vendored code."""
    folders, module = parts[1:-1], parts[-1]  # the package itself was asked for, whatever its name
    return (
        all(part.isidentifier() for part in parts)
        and not TEST_FOLDERS.intersection(folders)
        and not VENDORED_FOLDERS.intersection(folders)
        and module != "conftest"
        and not module.startswith("test_")
    )


def _parse(path: Path) -> ast.Module:
    """Parse a source file, quiet about its style (an invalid escape, for instance)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(path.read_bytes(), filename=str(path))


def _docstrings(node: ast.AST, name: str, package: str) -> Iterator[tuple[str, str]]:
    """Yield (dotted name, docstring) of a node and of all that it defines, in source order."""
    if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
        text = ast.get_docstring(node)
        if text:
            yield name, text
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        name += ".<locals>"  # as in __qualname__
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from _docstrings(child, f"{name}.{child.name}", package)
        elif isinstance(child, ast.Expr) and isinstance(child.value, ast.Call):
            yield from _registered_docstring(child.value, package)
        elif isinstance(child, (ast.stmt, ast.excepthandler, ast.match_case)):
            yield from _docstrings(child, name, package)


def _registered_docstring(call: ast.Call, package: str) -> Iterator[tuple[str, str]]:
    """Yield (dotted name, docstring) of a call `add_newdoc(...)` whose arguments are literals.

    NumPy writes the docstrings of compiled objects as `add_newdoc(place, name, doc)` and
    `add_newdoc(place, name, (member, doc))`, SciPy those of its special functions as
    `add_newdoc(name, doc)`.
    """
    function = getattr(call.func, "id", None) or getattr(call.func, "attr", None)
    if function != "add_newdoc":
        return
    try:
        arguments: list[Any] = [ast.literal_eval(argument) for argument in call.args]
    except (TypeError, ValueError):  # computed at import
        return
    match arguments:
        case [str(name), str(text)]:
            path = [package, name]
        case [str(place), str(name), str(text)]:
            path = [place, name]
        case [str(place), str(name), (str(member), str(text))]:
            path = [place, name, member]
        case _:
            return
    # Another function of that name may take other arguments: the place tells.
    if path[0].split(".")[0] == package.split(".")[0]:
        yield ".".join(path), inspect.cleandoc(text)


def _describe(packages: list[str], data: list[str], target: NDArray[np.int64]) -> str:
    """Describe the corpus, with its numbers of documents and words."""
    n_words = np.array([len(text.split()) for text in data], dtype=np.int64)
    rows = [
        f"{package}: {np.sum(target == label):,} documents, "
        f"{np.sum(n_words[target == label]):,} words"
        for label, package in enumerate(packages)
    ]
    left_out = _LEFT_OUT.format(
        tests=", ".join(sorted(TEST_FOLDERS)),
        vendored=", ".join(sorted(VENDORED_FOLDERS)),
        min_words=MIN_WORDS,
    )
    return _DESCRIPTION.format(table="\n".join(rows), left_out=textwrap.fill(left_out, width=99))
