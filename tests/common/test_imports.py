"""The arrows of the house: who may import whom. See `LAYERS`, from the bottom to the top."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import skw2v

ROOT = Path(skw2v.__file__).parent

# A module may import from its own layer and from those above it in this list, never from those
# below it. A name that ends in a dot stands for everything in that package.
LAYERS = (
    (
        "skw2v._compiling",
        "skw2v._links",
        "skw2v._queries",
        "skw2v._search",
        "skw2v._spelling",
        "skw2v._validation",
        "skw2v.training.kernels",
    ),
    (
        "skw2v.training.embedding",
        "skw2v.training.huffman",
        "skw2v.training.likelihood",
        "skw2v.training.noise",
        "skw2v.training.parameters",
        "skw2v.training.run",
        "skw2v.training.softmax",
        "skw2v.training.threads",
    ),
    (
        "skw2v._saving",
        "skw2v.corpus.",
        "skw2v.datasets",
        "skw2v.io.",
        "skw2v.pooling",
        "skw2v.training",
        "skw2v.training.intervals",
        "skw2v.training.trainer",
        "skw2v.word_vectors",
    ),
    ("skw2v.evaluation",),
    ("skw2v._continuing", "skw2v._early_stopping", "skw2v._monitoring", "skw2v._parameters"),
    ("skw2v.plotting", "skw2v.vectorizer"),
    ("skw2v", "skw2v.cli", "skw2v.dask."),
)

# Rooms that know nothing of training, although they are not above it.
STRANGERS_TO_TRAINING = (
    "skw2v._queries",
    "skw2v._saving",
    "skw2v._search",
    "skw2v._spelling",
    "skw2v._validation",
    "skw2v.corpus.",
    "skw2v.datasets",
    "skw2v.evaluation",
    "skw2v.io.",
    "skw2v.pooling",
    "skw2v.word_vectors",
)

WITH_COMPILED_CODE = ("skw2v._compiling", "skw2v.training.kernels")


def is_in(module, names):
    """Tell whether a module is one of the names, or lies in a package given as `name.`."""
    return any(
        f"{module}.".startswith(name) if name.endswith(".") else module == name for name in names
    )


def layer_of(module):
    """Return the layer of a module, 0 at the bottom."""
    for number, names in enumerate(LAYERS):
        if is_in(module, names):
            return number
    raise AssertionError(f"{module} has no place yet: add it to LAYERS in {Path(__file__).name}")


def find_modules(root):
    """Map the dotted name of each module below a package folder to its source file."""
    modules = {}
    for path in sorted(root.rglob("*.py")):
        *folders, name = path.relative_to(root.parent).with_suffix("").parts
        modules[".".join(folders if name == "__init__" else [*folders, name])] = path
    return modules


def statements(node, *, inside_functions):
    """Yield the nodes below a node, those of function bodies only if wanted."""
    for child in ast.iter_child_nodes(node):
        yield child
        if inside_functions or not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from statements(child, inside_functions=inside_functions)


def imported_names(module, path, *, inside_functions=True):
    """Yield the absolute dotted names that a module imports, of the form `package.module.name`."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in statements(ast.parse(path.read_bytes()), inside_functions=inside_functions):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")
                parents = parents[: len(parents) - node.level + 1]
                base = ".".join([*parents, base] if base else parents)
            yield from (f"{base}.{alias.name}" for alias in node.names)


def import_graph(modules):
    """Map each module to the modules of the package that it imports, anywhere in its source."""
    graph = {}
    for module, path in modules.items():
        targets = set()
        for name in imported_names(module, path):
            # `from skw2v.corpus import encoding` names a module, `... import f` a part of one.
            owner = name if name in modules else name.rpartition(".")[0]
            if owner in modules:
                targets.add(owner)
        graph[module] = targets - {module}
    return graph


def find_cycle(graph):
    """Return the modules of an import cycle, first one repeated at the end, or an empty list."""
    finished = set()

    def visit(module, path):
        if module in path:
            return [*path[path.index(module) :], module]
        if module in finished:
            return []
        for target in sorted(graph[module]):
            if cycle := visit(target, [*path, module]):
                return cycle
        finished.add(module)
        return []

    for module in sorted(graph):
        if cycle := visit(module, []):
            return cycle
    return []


@pytest.fixture(scope="module")
def modules():
    return find_modules(ROOT)


@pytest.fixture(scope="module")
def graph(modules):
    return import_graph(modules)


def test_the_import_graph_is_not_empty(modules, graph):
    assert {"skw2v", "skw2v.datasets"} <= set(modules)
    assert "skw2v.datasets" in graph["skw2v"]


def test_no_arrow_points_up(graph):
    upward = [
        f"{module} imports {target}"
        for module, targets in graph.items()
        for target in sorted(targets)
        if layer_of(target) > layer_of(module)
    ]
    assert upward == []


def test_every_module_has_a_layer(modules):
    assert len({module: layer_of(module) for module in modules}) == len(modules)


def test_no_import_cycle(graph):
    assert find_cycle(graph) == []


def test_rooms_beside_training_know_nothing_of_it(graph):
    known = [
        f"{module} imports {target}"
        for module, targets in graph.items()
        for target in sorted(targets)
        if is_in(module, STRANGERS_TO_TRAINING) and is_in(target, ["skw2v.training."])
    ]
    assert known == []


def test_only_modules_of_compiled_code_import_numba_at_module_level(modules):
    importers = [
        module
        for module, path in modules.items()
        for name in imported_names(module, path, inside_functions=False)
        if name.split(".")[0] == "numba" and module not in WITH_COMPILED_CODE
    ]
    assert importers == []


def test_importing_the_package_does_not_import_numba():
    program = "import sys, skw2v; print('numba' in sys.modules, 'skw2v.datasets' in sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert result.stdout.split() == ["False", "True"]


def test_every_form_of_import_is_seen(tmp_path):
    root = tmp_path / "house"
    sources = {
        "__init__.py": "from . import attic\n",
        "attic.py": "def lazy():\n    from .cellar.door import key\n",
        "cellar/__init__.py": "if True:\n    import house.attic\n",
        "cellar/door.py": "from ..attic import lazy\nfrom . import key\n",
        "cellar/key.py": "import numpy.linalg\nfrom house import cellar\n",
    }
    for path, text in sources.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    modules = find_modules(root)
    graph = import_graph(modules)
    assert graph == {
        "house": {"house.attic"},
        "house.attic": {"house.cellar.door"},
        "house.cellar": {"house.attic"},
        "house.cellar.door": {"house.attic", "house.cellar.key"},
        "house.cellar.key": {"house.cellar"},
    }
    assert find_cycle(graph) == ["house.attic", "house.cellar.door", "house.attic"]
    assert list(imported_names("house.attic", root / "attic.py", inside_functions=False)) == []
