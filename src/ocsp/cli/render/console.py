"""
The consoles for standard output and standard error, and their colours.

* Results go to standard output; progress, hints and errors go to standard error, so
  that ``ocsp ... --json | jq`` and ``ocsp request | curl`` work.
* Colour is never the only carrier of information.
* Output to a file or pipe is not wrapped.
* Rich is imported when something is shown: JSON and the help do without it.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from ocsp import limits
from ocsp.cli.exit_codes import CommandError
from ocsp.inspection.vocabulary import one_line

if TYPE_CHECKING:
    from rich.console import Console

__all__ = [
    "STYLES",
    "errors",
    "note",
    "output",
    "plain",
    "report",
    "require_output",
    "status_style",
    "warn",
]

STYLES = {
    "good": "bold green",
    "revoked": "bold red",
    "unknown": "bold yellow",
    "refused": "bold magenta",
    "label": "cyan",
    "quiet": "dim",
    "heading": "bold",
    "warning": "yellow",
    "command": "bold cyan",
    "error": "bold red",
}
"""The styles of the texts of this package, by their names."""

_UNWRAPPED = 8 * limits.MAX_MESSAGE_BYTES
"""The width of output that is not a terminal. No line is longer: an octet of a message
takes two columns in hexadecimal, and at most six as an escaped character."""


def output() -> Console:
    """Return the console for results."""
    return _console(stderr=False)


def require_output() -> None:
    """
    Require a standard output, for a command that does nothing but write there.

    Raises:
        CommandError: If it is closed: what the command writes would be lost, with the
            exit code of success.
    """
    if sys.stdout is None:
        raise CommandError("standard output", "is closed")


def errors() -> Console:
    """Return the console for progress, hints and errors."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    from rich.console import Console
    from rich.theme import Theme

    console = Console(theme=Theme(STYLES), highlight=False, emoji=False, stderr=stderr)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _UNWRAPPED
    return console


def report(problem: object) -> None:
    """Print one line: ``error: where: what (hint)``."""
    from rich.text import Text

    line = Text.assemble(("error:", "error"), " ", one_line(problem))
    errors().print(line, soft_wrap=True)


def warn(text: str) -> None:
    """Print one line: ``warning: what``."""
    from rich.text import Text

    line = Text.assemble(("warning:", "warning"), " ", one_line(text))
    errors().print(line, soft_wrap=True)


def note(*lines: str) -> None:
    """
    Print *lines* (Rich markup) if standard error is a terminal.

    Names, URLs and other values must come from :func:`plain`.
    """
    console = errors()
    if sys.stderr.isatty() or console.is_terminal:
        for line in lines:
            console.print(line, soft_wrap=True)


def plain(value: object) -> str:
    """Return *value* for :func:`note`: one printable line, without any markup."""
    from rich.markup import escape

    return escape(one_line(value))


def status_style(word: str) -> str:
    """Return the style of a certificate status or response status."""
    word = word.lower()
    return word if word in {"good", "revoked", "unknown"} else "refused"
