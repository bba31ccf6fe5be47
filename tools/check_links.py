"""
Check the links of a built site, without the network.

``python tools/check_links.py DIRECTORY`` reads each HTML page. A link to a page, a file
or an anchor of the site must have a target; a link to another site must be a
well-formed URL. Each fault is one line on standard output, and the exit code is
then 1.
"""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class _Page(HTMLParser):
    """The links and the anchors of one page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect ``href``, ``src`` and ``id``."""
        for name, value in attrs:
            if value and (name == "src" or (name == "href" and tag != "base")):
                self.links.append(value)
            elif value and name == "id":
                self.anchors.add(value)


def _outside(link: str) -> str | None:
    """Return why the URL of another site is malformed, or ``None``."""
    parts = urlsplit(link)
    if parts.scheme not in {"http", "https"}:
        return f"the scheme {parts.scheme!r} is not http or https"
    if not parts.hostname or "." not in parts.hostname or any(map(str.isspace, link)):
        return "the URL has no complete host name, or it contains a space"
    return None


def _inside(link: str, page: Path, pages: dict[Path, _Page]) -> str | None:
    """Return why a link inside the site is broken, or ``None``."""
    parts = urlsplit(link)
    target = page
    if parts.path:
        target = (page.parent / unquote(parts.path)).resolve()
    if target.is_dir():
        target /= "index.html"
    if not target.is_file():
        return "the file does not exist"
    anchor = unquote(parts.fragment)
    if anchor and target in pages and anchor not in pages[target].anchors:
        return f"{target.name} has no anchor {anchor!r}"
    return None


def faults(site: Path) -> list[str]:
    """Return a message for each broken link of the site."""
    site = site.resolve()
    pages = {path: _Page(path.read_text()) for path in sorted(site.rglob("*.html"))}
    found = [] if pages else [f"{site}: has no HTML page"]
    for path, page in pages.items():
        for link in page.links:
            if link.startswith("data:"):
                continue
            outside = bool(urlsplit(link).scheme or urlsplit(link).netloc)
            wrong = _outside(link) if outside else _inside(link, path, pages)
            if wrong:
                found.append(f"{path.relative_to(site)}: {link}: {wrong}")
    return found


if __name__ == "__main__":
    wrong = faults(Path(sys.argv[1]))
    print("\n".join(wrong) if wrong else "all links of the site work")
    sys.exit(bool(wrong))
