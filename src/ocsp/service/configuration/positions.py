"""
Find the line of a key in a TOML document.

``tomllib`` does not report positions. A key is on the line whose addition to the
document first makes the key appear. So this module needs no grammar of its own: it
parses parts of the document with ``tomllib``, and finds that line by bisection.
"""

from __future__ import annotations

import tomllib
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

__all__ = ["line_of"]

_CLOSINGS = ("", "\n]", "\n]}", "\n]]", "\n]}]", '"""', "'''")
"""What ends a document in the middle of a value that has several lines."""


def line_of(text: str, path: Sequence[str | int]) -> int:
    """
    Return the line, from 1, where *path* begins in the TOML document *text*.

    If the document does not have the whole path, the line is that of the longest part
    of it that the document has, such as the table where a key is missing.

    Args:
        text: A document that ``tomllib`` can parse.

        path: The names of keys and the positions in arrays, from the outermost.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    whole = tomllib.loads(text)
    while path and not _has(whole, path):
        path = path[:-1]
    if not path:
        return 1
    found = bisect_left(
        range(1, len(lines) + 1), True, key=lambda end: _appears(lines, end, path)
    )
    return found + 1


def _appears(lines: list[str], end: int, path: Sequence[str | int]) -> bool:
    """Tell whether the first *end* lines, or fewer, have *path*."""
    for shorter in range(end, 0, -1):
        part = "\n".join(lines[:shorter])
        for closing in _CLOSINGS:
            try:
                document = tomllib.loads(part + closing)
            except tomllib.TOMLDecodeError:
                continue
            return _has(document, path)
    return False


def _has(document: Any, path: Sequence[str | int]) -> bool:
    for step in path:
        if isinstance(step, str):
            if not isinstance(document, dict) or step not in document:
                return False
        elif not isinstance(document, list) or step >= len(document):
            return False
        document = document[step]
    return True
