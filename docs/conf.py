"""How Sphinx builds the documentation: `python -m sphinx -W docs docs/_build/html`.

Nothing is downloaded. Links to scikit-learn follow from the names of its objects; those of other
packages stay plain text.
"""

import os
import sys
import warnings
from pathlib import Path

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml

os.environ["MPLBACKEND"] = "Agg"
sys.path.insert(0, str(Path(__file__).parent.parent))  # document this checkout

import skw2v

project = "skw2v"
author = "skw2v developers"
project_copyright = "skw2v developers, BSD-3-Clause"
release = skw2v.__version__
version = ".".join(release.split(".")[:2])

extensions = [
    "matplotlib.sphinxext.plot_directive",
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "auto_examples/*.py", "auto_examples/*.ipynb"]
templates_path = ["_templates"]
default_role = "literal"  # names of parameters stand between single backticks
nitpicky = True
nitpick_ignore_regex = [
    # Other packages' objects, which no inventory tells of.
    (r"py:.*", r"(collections|joblib|matplotlib|np|numpy|pandas|polars|scipy|typing)(\..*)?"),
    (r"py:.*", r"(bytes|str|pickle)(\..*)?"),
]

# The reference is written by autosummary from docs/_templates; types stand in the docstrings.
autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

myst_heading_anchors = 3

html_theme = "pydata_sphinx_theme"
html_title = "skw2v"
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_show_sourcelink = False
html_copy_source = False
html_math_renderer = "mathml"
pages = "changelog", "coming_from_gensim", "coming_from_tfidf", "contributing", "installation"
html_sidebars = {page: [] for page in pages}
html_theme_options = {
    "show_prev_next": False,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
}

plot_formats = ["svg", ("png", 100)]
plot_html_show_formats = False
plot_html_show_source_link = False

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"/plot_",
    "backreferences_dir": "generated/backreferences",
    "doc_module": ("skw2v",),
    "within_subsection_order": "FileNameSortKey",
    "download_all_examples": False,
    "show_memory": False,
    "show_signature": False,
    "remove_config_comments": True,
    "abort_on_example_error": True,
}

# A figure that is no window is not worth a warning.
warnings.filterwarnings("ignore", message=".*FigureCanvasAgg is non-interactive")


SCIKIT_LEARN = "https://scikit-learn.org/stable"


def write_inline_formula(translator, node):
    """Write a formula as MathML, which browsers draw by themselves."""
    translator.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def write_formula(translator, node):
    """Write a formula that stands by itself."""
    translator.body.append(tex2mathml(node.astext(), as_block=True))
    raise nodes.SkipNode


def link_to_scikit_learn(app, env, node, contnode):
    """Link what scikit-learn's own docstrings, some of which are inherited, and ours refer to."""
    kind, target = node.get("reftype"), node.get("reftarget", "")
    if node.get("refdomain") == "py" and target.startswith("sklearn."):
        page = f"modules/generated/{target}.html"
    elif kind == "term":
        page = f"glossary.html#term-{target}"
    elif kind == "ref" and target in ("df_output_transform", "metadata_routing"):
        page = "user_guide.html"
    elif kind == "ref" and target.startswith("sphx_glr_auto_examples_miscellaneous"):
        page = "auto_examples/index.html"
    else:
        return None
    uri = f"{SCIKIT_LEARN}/{page}"
    return nodes.reference("", "", contnode, internal=False, refuri=uri)


def setup(app):
    """Register what this file adds to Sphinx."""
    app.connect("missing-reference", link_to_scikit_learn)
    app.add_html_math_renderer("mathml", (write_inline_formula, None), (write_formula, None))
