"""
Rows and leaves of the trees that the commands draw.

Every value is untrusted: it is made printable, and never interpreted as markup.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from rich.tree import Tree

from ocsp.inspection.parts import Document
from ocsp.inspection.vocabulary import one_line

__all__ = [
    "Row",
    "add_rows",
    "algorithm",
    "heading",
    "in_words",
    "serial",
    "text",
    "with_note",
]

Row = tuple[str, Text]


def add_rows(branch: Tree, rows: Sequence[Row]) -> None:
    """Add *rows* of label and value to *branch*, with the values aligned."""
    width = max((len(label) for label, _ in rows), default=0)
    for label, value in rows:
        branch.add(Text.assemble((label.ljust(width), "label"), "  ", value))


def heading(label: str, note: str) -> Text:
    """Return the heading of a branch."""
    return Text.assemble((label, "label"), "  ", (note, "quiet"))


def text(value: object, style: str = "") -> Text:
    """Return *value* as one printable line."""
    return Text(one_line(value), style=style, overflow="fold")


def with_note(value: object, note: str, style: str = "") -> Text:
    """Return *value*, followed by a dimmed note."""
    return text(value, style).append(f"  {note}", "quiet")


def algorithm(document: Document) -> Text:
    """Return the name and OID of an algorithm, or the OID if the name is unknown."""
    name = document["name"]
    if name is None:
        return with_note(document["oid"], "unknown algorithm")
    return with_note(name, document["oid"])


def serial(document: Document) -> Text:
    """Return a serial number in both bases; a huge one only in hexadecimal."""
    number = f"0x{document['hex']}"
    if document["decimal"] is None:
        return text(number)
    return with_note(number, document["decimal"])


def in_words(moment: str) -> str:
    """Return a time of a document (``2026-07-01T12:00:00Z``) for people."""
    return moment.replace("T", " ").replace("Z", " UTC")
