"""
Text with styles for the help: read from marks, wrapped, and put into panels.

The help is drawn here and not by Rich, whose import takes longer than all else that a
help text needs. What a terminal supports is decided as Rich does it.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import NamedTuple

__all__ = [
    "Line",
    "Span",
    "colour_wanted",
    "drawn",
    "marked",
    "panel",
    "width",
    "wrapped",
]


class Span(NamedTuple):
    """Characters of one style."""

    text: str
    style: str = ""


Line = list[Span]
"""One line, without its end."""

_CODES: Mapping[str, str] = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "cyan": "36",
    "bold cyan": "1;36",
    "bold green": "1;32",
    "bold magenta": "1;35",
    "bold yellow": "1;33",
    "dim red": "2;31",
}
"""The styles and their codes (ECMA-48 §8.3.117, SGR)."""

_MARK = re.compile(r"\[(/?)(bold|dim|cyan)\]")


def marked(text: str, style: str = "") -> Line:
    """Return *text* in *style*, and what is between marks in the style of the marks."""
    spans: Line = []
    current, position = style, 0
    for mark in _MARK.finditer(text):
        spans.append(Span(text[position : mark.start()], current))
        current, position = (style if mark[1] else mark[2]), mark.end()
    spans.append(Span(text[position:], current))
    return [span for span in spans if span.text]


def width(line: Iterable[Span]) -> int:
    """Return the columns of *line*."""
    return sum(len(span.text) for span in line)


def wrapped(line: Line, columns: int) -> list[Line]:
    """Return *line* in lines of at most *columns*, broken at spaces where possible."""
    lines: list[Line] = [[]]
    for word in _words(line, columns):
        gap = Span(" ", lines[-1][-1].style) if lines[-1] else Span("")
        if lines[-1] and width(lines[-1]) + 1 + width(word) > columns:
            lines.append([])
            gap = Span("")
        lines[-1] += [gap, *word] if gap.text else word
    return lines


def _words(line: Line, columns: int) -> Iterator[Line]:
    """Return the words of *line*; a longer word than *columns* in parts."""
    characters = [(char, span.style) for span in line for char in span.text]
    for is_space, group in groupby(characters, lambda each: each[0] == " "):
        if is_space:
            continue
        word = list(group)
        for start in range(0, len(word), columns):
            yield _joined(word[start : start + columns])


def _joined(characters: list[tuple[str, str]]) -> Line:
    return [
        Span("".join(char for char, _ in group), style)
        for style, group in groupby(characters, lambda each: each[1])
    ]


def panel(title: str, lines: Iterable[Line], columns: int) -> Iterator[Line]:
    """
    Return *lines* in a frame.

    Args:
        title: What the upper edge contains; its end is left out if it is too long.

        lines: At most *columns* - 4 columns wide.

        columns: The width with the frame.
    """
    if len(title) > columns - 5:
        title = f"{title[: columns - 6]}…"
    yield [Span(f"╭─ {title} {'─' * (columns - 5 - len(title))}╮", "dim")]
    for line in lines:
        rest = " " * (columns - 3 - width(line))
        yield [Span("│", "dim"), Span(" "), *line, Span(rest), Span("│", "dim")]
    yield [Span(f"╰{'─' * (columns - 2)}╯", "dim")]


def drawn(lines: Iterable[Line], *, colour: bool) -> str:
    """Return *lines* as characters for a terminal, or without codes for a file."""
    return "".join(
        "".join(_coded(span) if colour else span.text for span in line).rstrip() + "\n"
        for line in lines
    )


def _coded(span: Span) -> str:
    code = _CODES.get(span.style)
    return f"\x1b[{code}m{span.text}\x1b[0m" if code else span.text


def colour_wanted() -> bool:
    """Tell whether standard output shall have colours."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return sys.stdout.isatty() and os.environ.get("TERM") not in {"dumb", "unknown"}
