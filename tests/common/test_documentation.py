"""The documentation names every public object, and its examples are Python."""

import importlib
import re
import textwrap
from pathlib import Path

import pytest

import skw2v

ROOT = Path(__file__).parents[2]
API = ROOT / "docs" / "api.rst"
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
WRITTEN_BY_SPHINX = {"_build", "auto_examples", "generated"}
PAGES = [
    path
    for path in sorted((ROOT / "docs").rglob("*.rst"))
    if not WRITTEN_BY_SPHINX.intersection(path.relative_to(ROOT).parts)
]

# Modules that users import from, beside those in `skw2v.__all__`.
PUBLIC_MODULES = ("skw2v.dask", "skw2v.evaluation", "skw2v.word_vectors")


def public_names():
    """Return the names that the API reference must list, without the package's own."""
    names = set()
    modules = [importlib.import_module(name) for name in PUBLIC_MODULES]
    for name in skw2v.__all__:
        member = getattr(skw2v, name)
        if hasattr(member, "__path__") or hasattr(member, "__file__"):
            modules.append(member)
        else:
            names.add(name)
    for module in modules:
        short_name = module.__name__.removeprefix("skw2v.")
        for name in module.__all__:
            member = getattr(module, name)
            is_documented = isinstance(member, type) or callable(member)
            if (
                is_documented
                and getattr(member, "__module__", "") != "typing"
                and name not in names
            ):
                names.add(f"{short_name}.{name}")
    return names


def listed_names():
    """Return the entries of the autosummary tables of the API reference."""
    return set(re.findall(r"^   ([A-Za-z_][\w.]*)$", API.read_text(encoding="utf-8"), re.MULTILINE))


def resolve(name):
    """Return the object behind a name such as `io.read_word_vectors`."""
    module, _, attribute = f"skw2v.{name}".rpartition(".")
    return getattr(importlib.import_module(module), attribute)


def test_every_public_name_is_in_the_reference():
    assert {"Word2VecVectorizer", "datasets.load_docstrings"} <= public_names()
    assert sorted(public_names() - listed_names()) == []


def test_the_reference_lists_what_exists():
    assert len(listed_names()) > 0
    for name in listed_names():
        assert callable(resolve(name)), name


def test_examples_are_found():
    assert ROOT / "examples" / "quickstart.py" in EXAMPLES


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_compiles_and_has_a_title(path):
    source = path.read_text(encoding="utf-8")
    compile(source, path.name, "exec")
    title, underline = source.split('"""')[1].strip().splitlines()[:2]
    assert underline == "=" * len(title)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_page_refers_to_examples_that_exist(path):
    names = {example.stem for example in EXAMPLES} | {"index"}
    referred = re.findall(r"auto_examples/(\w+)[>`]", path.read_text(encoding="utf-8"))
    assert [name for name in referred if name not in names] == []


def code_blocks(page):
    """Return the blocks of code of a page that are no doctests, in its order."""
    # A block is what is indented as its first line, or more.
    blocks = re.findall(
        r"(?:- ::|code-block:: python)\n\n((?P<margin> +)\S.*\n(?:(?P=margin).*\n|\n)*)",
        page.read_text(encoding="utf-8"),
    )
    return [textwrap.dedent(block) for block, _ in blocks]


def test_what_stands_beside_gensim_runs(tmp_path, monkeypatch):
    pytest.importorskip("gensim")
    monkeypatch.chdir(tmp_path)
    scope = {"texts": ["the cat eats its fish", "the dog eats its bread"] * 100}
    blocks = code_blocks(ROOT / "docs" / "coming_from_gensim.rst")
    assert len(blocks) == 3
    for block in blocks:
        exec(block, scope)
    assert scope["vectorizer"].n_init_words_ == 7
    assert {path.name for path in tmp_path.iterdir()} >= {"model", "model.safetensors"}
