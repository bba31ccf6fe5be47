"""
The end of each help text: examples and exit codes, in the same form everywhere.

A test compares the help texts with ``docs/cli.md``.
"""

from __future__ import annotations

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
        lines += [f"  [cyan]{escape(command)}[/cyan]"]
    lines += ["", "[bold]Exit codes[/bold]", ""]
    lines += [f"  {int(code):<3}  {escape(what)}" for code, what in exits.items()]
    return "\n".join(lines)


def rewrapped(text: str) -> str:
    """Return *text* with one line for each paragraph; the terminal wraps them."""
    return "\n\n".join(" ".join(each.split()) for each in text.split("\n\n"))
