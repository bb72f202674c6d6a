"""How Sphinx builds the documentation: `python -m sphinx -W docs docs/_build/html`.

Nothing is downloaded. Links to scikit-learn follow from the names of its objects; those of other
packages stay plain text.
"""

import os
import sys
import warnings
from pathlib import Path

from docutils import nodes

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
    "sphinx.ext.mathjax",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "auto_examples/*.py", "auto_examples/*.ipynb"]
templates_path = ["_templates"]
default_role = "literal"  # names of parameters stand between single backticks
nitpicky = True
nitpick_ignore_regex = [
    # Other packages' objects, which no inventory tells of.
    (r"py:.*", r"(collections|joblib|matplotlib|np|numpy|pandas|polars|scipy|typing)(\..*)?"),
    # What numpydoc cannot resolve in sections such as Raises and Parameters.
    (r"py:.*", r"(ImportError|KeyError|NotFittedError|TypeError|ValueError|UserWarning)"),
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
html_sidebars = {"changelog": [], "contributing": [], "installation": []}
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
    "reference_url": {"skw2v": None},
    "within_subsection_order": "FileNameSortKey",
    "download_all_examples": False,
    "show_memory": False,
    "show_signature": False,
    "remove_config_comments": True,
    "only_warn_on_example_error": False,
    "abort_on_example_error": True,
}

# A figure that is no window is not worth a warning.
warnings.filterwarnings("ignore", message=".*FigureCanvasAgg is non-interactive")


def link_to_scikit_learn(app, env, node, contnode):
    """Link a reference such as `sklearn.pipeline.Pipeline` to scikit-learn's own pages."""
    target = node.get("reftarget", "")
    if node.get("refdomain") != "py" or not target.startswith("sklearn."):
        return None
    uri = f"https://scikit-learn.org/stable/modules/generated/{target}.html"
    return nodes.reference("", "", contnode, internal=False, refuri=uri)


def setup(app):
    """Register what this file adds to Sphinx."""
    app.connect("missing-reference", link_to_scikit_learn)
