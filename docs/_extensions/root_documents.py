"""
Includes the documents of the repository's root in the site, with their links mended.

``CHANGELOG.md`` and others belong to the root, where people look for them. A page of
the site includes each; links that are right in the root are made right for that page.
"""

from __future__ import annotations

import re
from pathlib import Path

from sphinx.application import Sphinx

PAGES = {
    "ARCHITECTURE.md": "architecture.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
}
"""Each document of the root, and its page in ``docs/project/``."""

_LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


def _mended(found: re.Match[str]) -> str:
    target = found[1]
    if target in PAGES:
        return f"]({PAGES[target]}"
    return f"](../{target.removeprefix('docs/')}"


def mend_links(_app: Sphinx, path: Path, _page: str, content: list[str]) -> None:
    """Change the links of a document of the root to those of the site."""
    if path.name in PAGES:
        content[0] = _LINK.sub(_mended, content[0])


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the change to the reading of included files."""
    app.connect("include-read", mend_links)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
