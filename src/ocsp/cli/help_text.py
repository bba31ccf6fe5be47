"""
The help text of a command, and its end: examples and exit codes in the same form.

Texts contain the marks ``[bold]``, ``[dim]`` and ``[cyan]``, each with its end, such as
``[/bold]``; :mod:`ocsp.cli.styled` reads them. A test compares the help texts with
``docs/cli.md``.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar

from ocsp.cli.exit_codes import ExitCode

__all__ = [
    "COMMON_EXITS",
    "INPUT_ERROR",
    "HelpText",
    "epilog",
    "help_of",
    "helped_by",
    "rewrapped",
]

_Function = TypeVar("_Function", bound=Callable[..., object])

INPUT_ERROR = "input could not be read, or the command was used wrongly"
"""What exit code 4 means, in the words of the help texts."""

COMMON_EXITS: Mapping[ExitCode, str] = {
    ExitCode.SUCCESS: "done",
    ExitCode.INPUT_ERROR: INPUT_ERROR,
}


class HelpText(NamedTuple):
    """What the help of a command says besides its parameters."""

    text: str
    """What the command does; one line for each paragraph."""

    end: str
    """Examples and exit codes."""


def helped_by(end: str, text: str = "") -> Callable[[_Function], _Function]:
    """
    Return a decorator that gives a command its help.

    Args:
        end: The result of :func:`epilog`.

        text: What the command does. Default: the docstring of the function.
    """

    def decorate(function: _Function) -> _Function:
        said = rewrapped(inspect.cleandoc(text or function.__doc__ or ""))
        function.help_text = HelpText(said, end)  # type: ignore[attr-defined]
        return function

    return decorate


def help_of(function: Callable[..., object]) -> HelpText:
    """Return what :func:`helped_by` gave *function*."""
    found: HelpText = function.help_text  # type: ignore[attr-defined]
    return found


def epilog(
    examples: Mapping[str, str], exits: Mapping[ExitCode, str] = COMMON_EXITS
) -> str:
    """
    Return the end of a help text.

    Args:
        examples: Commands to type, each with its purpose.

        exits: Exit codes, each with its meaning.
    """
    lines = ["[bold]Examples[/bold]", ""]
    for command, purpose in examples.items():
        lines += [f"  [dim]# {purpose}[/dim]"]
        lines += [f"  [cyan]{each}[/cyan]" for each in _typed(command)]
    lines += ["", "[bold]Exit codes[/bold]", ""]
    for code, what in sorted(exits.items()):
        lines += textwrap.wrap(
            f"{int(code):<3}  {what}",
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
