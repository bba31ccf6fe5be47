"""
The end of each help text: examples and exit codes, in the same form everywhere.

A test compares the help texts with ``docs/cli.md``.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping

from rich.markup import escape

from ocsp.cli.exit_codes import ExitCode

__all__ = ["COMMON_EXITS", "INPUT_ERROR", "epilog", "rewrapped"]

INPUT_ERROR = "input could not be read, or the command was used wrongly"
"""What exit code 4 means, in the words of the help texts."""

COMMON_EXITS: Mapping[ExitCode, str] = {
    ExitCode.SUCCESS: "done",
    ExitCode.INPUT_ERROR: INPUT_ERROR,
}


def epilog(
    examples: Mapping[str, str], exits: Mapping[ExitCode, str] = COMMON_EXITS
) -> str:
    """
    Return the end of a help text, in Rich markup.

    Args:
        examples: Commands to type, each with its purpose.

        exits: Exit codes, each with its meaning.
    """
    lines = ["[bold]Examples[/bold]", ""]
    for command, purpose in examples.items():
        lines += [f"  [dim]# {escape(purpose)}[/dim]"]
        lines += [f"  [cyan]{escape(each)}[/cyan]" for each in _typed(command)]
    lines += ["", "[bold]Exit codes[/bold]", ""]
    for code, what in sorted(exits.items()):
        lines += textwrap.wrap(
            f"{int(code):<3}  {escape(what)}",
            _WIDTH,
            initial_indent="  ",
            subsequent_indent=" " * 7,
        )
    return "\n".join(lines)


def _typed(command: str) -> list[str]:
    """Return *command* in lines of a shell that fit into a terminal of 80 columns."""
    words = _WORD.findall(command)
    lines = [words[0]]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) <= _WIDTH:
            lines[-1] += f" {word}"
        else:
            lines.append(f"    {word}")
    return [*(f"{line} \\" for line in lines[:-1]), lines[-1]]


_WIDTH = 74
"""Columns: the help has a margin of one on each side, and examples have two more."""

_WORD = re.compile(
    r"""
    --?[a-z][a-z0-9-]* [ ] (?:'[^']*' | [^-\s]\S*)  # an option with its value
    | (?:[^\s']+ | '[^']*')+
    """,
    re.VERBOSE,
)
"""Words of a command that stay on one line."""


def rewrapped(text: str) -> str:
    """Return *text* with one line for each paragraph; the terminal wraps them."""
    return "\n\n".join(" ".join(each.split()) for each in text.split("\n\n"))
