"""The settings of Sphinx for the documentation site; ``make site`` builds it."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_extensions"))

from pygments.lexers.special import TextLexer  # noqa: E402
from sphinx.application import Sphinx  # noqa: E402
from sphinx.domains.python import PyObject  # noqa: E402

from ocsp import __version__  # noqa: E402 - the path comes first

project = "ocsp"
copyright = "the authors of ocsp, Apache-2.0"  # noqa: A001 - the name that Sphinx reads
version = release = __version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "myst_parser",
    "public_names",
    "root_documents",
]
exclude_patterns = ["_extensions", "vectors/*.json"]
templates_path: list[str] = []

myst_heading_anchors = 4

autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
autodoc_class_signature = "mixed"
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
python_maximum_signature_line_length = 88
add_module_names = False
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = f"ocsp {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
pygments_style = "friendly"
pygments_dark_style = "monokai"


def name_the_default_policy(
    _app: Sphinx,
    _kind: str,
    _name: str,
    _object: object,
    _options: object,
    signature: str | None,
    returns: str | None,
) -> tuple[str | None, str | None]:
    """Show the default policy as a caller writes it."""
    return (signature and signature.replace("_DEFAULT", "Policy()"), returns)


def setup(app: Sphinx) -> None:
    """Adjust what the extensions show."""
    # Pygments does not know the configuration of HAProxy: show it as plain text.
    app.add_lexer("haproxy", TextLexer)
    app.connect("autodoc-process-signature", name_the_default_policy)
    # The docstrings say "Attributes", where Sphinx says "Variables".
    for field in PyObject.doc_field_types:
        if field.name == "variable":
            field.label = "Attributes"
