import subprocess
import sys
import textwrap
import warnings
from pathlib import Path

import numpy as np
import pytest

from skw2v.datasets import MIN_WORDS, load_docstrings

LONG = " ".join(f"word{number}" for number in range(MIN_WORDS))


def source(code):
    """Dedent a source text and lengthen each docstring in it to the minimum number of words."""
    return textwrap.dedent(code).replace("LONG", LONG)


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Write importable packages: `install({"package/module.py": code})`."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(files):
        for path, code in files.items():
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(code, bytes):
                file.write_bytes(code)
            else:
                file.write_text(source(code), encoding="utf-8")

    return write


PLANTED = {
    "planted/__init__.py": '''
        """The package. LONG"""
        raise RuntimeError("imported")
        ''',
    "planted/beta.py": '''
        """Module beta. LONG"""
        class Outer:
            """Class Outer. LONG"""
            def method(self):
                """Method. LONG

                    Indented.
                Back.
                """
                def local():
                    """Local. LONG"""
            class Inner:
                async def coroutine(self):
                    """Coroutine. LONG"""
        try:
            import planted_missing
        except ImportError:
            def fallback():
                """Fallback. LONG"""
        ''',
    "planted/alpha/deep/__init__.py": '"""Deep. LONG"""',
    "planted/alpha/gamma.py": 'def function():\n    """Function. LONG"""',
}

PLANTED_NAMES = [
    "planted",
    "planted.alpha.deep",
    "planted.alpha.gamma.function",
    "planted.beta",
    "planted.beta.Outer",
    "planted.beta.Outer.method",
    "planted.beta.Outer.method.<locals>.local",
    "planted.beta.Outer.Inner.coroutine",
    "planted.beta.fallback",
]


@pytest.fixture(scope="module")
def default_corpus():
    return load_docstrings()


def test_every_definition_is_found_in_path_and_source_order(install):
    install(PLANTED)
    docstrings = load_docstrings(packages=("planted",))
    assert docstrings.names == PLANTED_NAMES
    assert docstrings.data[0] == f"The package. {LONG}"


def test_indentation_is_removed_and_relative_indentation_kept(install):
    install(PLANTED)
    docstrings = load_docstrings(packages=("planted",))
    text = docstrings.data[PLANTED_NAMES.index("planted.beta.Outer.method")]
    assert text == f"Method. {LONG}\n\n    Indented.\nBack."


def test_subpackages_are_the_folders_directly_below_the_package(install):
    install(PLANTED)
    docstrings = load_docstrings(packages=("planted",))
    assert docstrings.subpackage_names == ["planted", "planted.alpha"]
    assert docstrings.subpackage.tolist() == [0, 1, 1, 0, 0, 0, 0, 0, 0]


def test_no_package_is_imported():
    program = """
        import sys
        import skw2v.datasets
        before = set(sys.modules)
        assert "numpydoc" not in before
        docstrings = skw2v.datasets.load_docstrings(packages=("numpydoc",))
        assert len(docstrings.data) > 10
        print(sorted(set(sys.modules) - before))
        """
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]", result.stdout


def test_a_package_that_raises_on_import_can_be_loaded(install):
    install(PLANTED)
    load_docstrings(packages=("planted",))
    assert "planted" not in sys.modules
    with pytest.raises(RuntimeError, match="imported"):
        __import__("planted")


def test_labels_follow_the_order_of_the_packages(install):
    install({"zeta.py": '"""Zeta. LONG"""', "eta.py": '"""Eta. LONG"""'})
    docstrings = load_docstrings(packages=["zeta", "eta"])
    assert docstrings.target_names == ["zeta", "eta"]
    assert docstrings.names == ["zeta", "eta"]
    assert docstrings.target.tolist() == [0, 1]
    assert docstrings.subpackage_names == ["eta", "zeta"]
    assert docstrings.subpackage.tolist() == [1, 0]
    assert docstrings.target.dtype == np.int64
    assert docstrings.subpackage.dtype == np.int64


def test_return_X_y_gives_documents_and_packages(install):
    install({"zeta.py": '"""Zeta. LONG"""', "eta.py": '"""Eta. LONG"""'})
    documents, labels = load_docstrings(packages=("zeta", "eta"), return_X_y=True)
    assert documents == [f"Zeta. {LONG}", f"Eta. {LONG}"]
    np.testing.assert_array_equal(labels, np.array([0, 1]))


def test_tests_and_vendored_code_and_unimportable_files_are_left_out(install):
    install(
        {
            "planted/kept.py": '"""Kept. LONG"""',
            "planted/testing/kept.py": '"""Also kept. LONG"""',
            "planted/tests/helper.py": '"""Test folder. LONG"""',
            "planted/test/helper.py": '"""Test folder in the singular. LONG"""',
            "planted/test_kept.py": '"""Test file. LONG"""',
            "planted/conftest.py": '"""Test configuration. LONG"""',
            "planted/externals/other.py": '"""Vendored. LONG"""',
            "planted/not-a-name.py": '"""Script. LONG"""',
        }
    )
    assert load_docstrings(packages=("planted",)).names == ["planted.kept", "planted.testing.kept"]


def test_documents_below_the_minimum_length_are_left_out(install):
    install(
        {
            "planted.py": f'''
                """{LONG}"""
                def short():
                    """{" ".join(LONG.split()[1:])}"""
                '''
        }
    )
    assert load_docstrings(packages=("planted",)).data == [LONG]


def test_of_equal_documents_the_first_is_kept(install):
    install(
        {
            "first.py": '"""Same. LONG"""\ndef f():\n    """Same. LONG"""',
            "second.py": '"""Same. LONG"""\ndef f():\n    """New. LONG"""',
        }
    )
    assert load_docstrings(packages=("first", "second")).names == ["first", "second.f"]


def test_docstrings_registered_for_compiled_code_are_included(install):
    install(
        {
            "planted/special/_docs.py": """
                add_newdoc("wave", '''Wave. LONG''')
                add_newdoc("planted.array", "Array", '''
                    Array. LONG
                    ''')
                library.add_newdoc("planted.array", "Array", ("shape", '''Shape. LONG'''))
                """
        }
    )
    docstrings = load_docstrings(packages=("planted",))
    assert docstrings.names == [
        "planted.special.wave",
        "planted.array.Array",
        "planted.array.Array.shape",
    ]
    assert docstrings.data[1] == f"Array. {LONG}"
    assert docstrings.subpackage_names == ["planted.special"]


def test_registrations_that_are_computed_or_of_another_place_are_left_out(install):
    install(
        {
            "planted.py": """
                '''Planted. LONG'''
                add_newdoc("planted", "computed", f"Computed {name}. LONG")
                add_newdoc("Alias", "Union[...]", "Another meaning. LONG")
                add_newdoc("planted", "number", 3)
                another("planted", "name", "Another function. LONG")
                """
        }
    )
    assert load_docstrings(packages=("planted",)).names == ["planted"]


def test_files_that_do_not_parse_are_counted_and_named(install):
    install(
        {
            "planted/__init__.py": '"""Planted. LONG"""',
            "planted/broken.py": "def broken(:",
            "planted/latin.py": b'"""\xe9"""',
        }
    )
    message = r"2 of 3 source files of 'planted'.*broken\.py \(SyntaxError.*latin\.py \("
    with pytest.warns(UserWarning, match=message) as record:
        docstrings = load_docstrings(packages=("planted",))
    assert [warning.filename for warning in record] == [__file__]
    assert docstrings.names == ["planted"]


def test_style_warnings_of_a_source_file_are_not_shown(install):
    install({"planted.py": '"""Planted. LONG"""\npattern = "\\d"\n'})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load_docstrings(packages=("planted",)).names == ["planted"]


@pytest.mark.parametrize(
    ("packages", "error", "message"),
    [
        ("numpy", TypeError, r"single string 'numpy': pass \('numpy',\)"),
        (None, TypeError, "sequence of package names.*Got None"),
        (("numpy", 3), TypeError, "Got 3 among them"),
        ((), ValueError, "Got an empty one: name at least one"),
        (("scipy.sparse",), ValueError, "Got 'scipy.sparse'.*without dots"),
        (("scikit-learn",), ValueError, "Got 'scikit-learn'.*follows `import`"),
        (("numpy", "scipy", "numpy"), ValueError, r"must not repeat.*\['numpy'\]"),
        (("numpyy",), ModuleNotFoundError, "'numpyy' in packages is not installed"),
        (("itertools",), ValueError, "'itertools' in packages has no Python source"),
    ],
)
def test_wrong_packages_are_refused_with_the_remedy(packages, error, message):
    with pytest.raises(error, match=message):
        load_docstrings(packages=packages)


def test_a_package_without_documents_is_refused(install):
    install({"planted.py": '"""Short."""'})
    with pytest.raises(ValueError, match="'planted' in packages has no docstring of at least"):
        load_docstrings(packages=("planted",))


def test_an_imported_module_without_a_spec_counts_as_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "planted", type(sys)("planted"))
    with pytest.raises(ModuleNotFoundError, match="'planted' in packages is not installed"):
        load_docstrings(packages=("planted",))


def test_the_default_corpus_is_large_and_balanced(default_corpus):
    assert default_corpus.target_names == ["numpy", "scipy", "sklearn"]
    assert np.bincount(default_corpus.target).min() > 1_000
    assert sum(len(text.split()) for text in default_corpus.data) > 1_000_000


def test_the_default_corpus_is_consistent(default_corpus):
    n_documents = len(default_corpus.data)
    assert len(set(default_corpus.data)) == n_documents
    assert len(default_corpus.names) == n_documents
    assert default_corpus.target.shape == (n_documents,)
    assert default_corpus.subpackage.shape == (n_documents,)
    for name, package, subpackage in zip(
        default_corpus.names, default_corpus.target, default_corpus.subpackage, strict=True
    ):
        package_name = default_corpus.target_names[package]
        assert name.split(".")[0] == package_name
        assert default_corpus.subpackage_names[subpackage].split(".")[0] == package_name


def test_known_documents_are_in_the_default_corpus(default_corpus):
    found = dict(zip(default_corpus.names, default_corpus.data, strict=True))
    assert found["sklearn.linear_model._ridge.Ridge"].startswith("Linear least squares with l2")
    assert found["scipy.special.agm"].startswith("agm(a, b, out=None)")
    subpackage = default_corpus.subpackage[default_corpus.names.index("scipy.special.agm")]
    assert default_corpus.subpackage_names[subpackage] == "scipy.special"
    assert any(name.endswith(".multiarray.ndarray.T") for name in found)


def test_the_order_does_not_depend_on_the_file_system(install, monkeypatch):
    install(PLANTED)
    in_its_order = Path.rglob
    for order in (sorted, lambda paths: sorted(paths, reverse=True)):
        monkeypatch.setattr(
            Path, "rglob", lambda *arguments, order=order: order(in_its_order(*arguments))
        )
        assert load_docstrings(packages=("planted",)).names == PLANTED_NAMES


def test_the_description_counts_the_documents(install):
    install({"zeta.py": '"""Zeta. LONG"""\ndef f():\n    """Of f. LONG"""'})
    description = load_docstrings(packages=("zeta",)).DESCR
    assert f"zeta: 2 documents, {2 * MIN_WORDS + 3} words" in description
    assert f"fewer than {MIN_WORDS} words" in description.replace("\n", " ")
    assert "{" not in description
