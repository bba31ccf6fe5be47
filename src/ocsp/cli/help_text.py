"""
The ends of the help texts: examples and exit codes, in one look for all commands.

Also the version line. The same texts are checked against ``docs/cli.md``.
"""

from __future__ import annotations

from collections.abc import Mapping

from rich.markup import escape

from ocsp.cli.exit_codes import ExitCode

__all__ = ["COMMON_EXITS", "epilog"]

COMMON_EXITS: Mapping[ExitCode, str] = {
    ExitCode.FINE: "done",
    ExitCode.UNUSABLE: "something could not be read, or was used wrongly",
}


def epilog(
    examples: Mapping[str, str], exits: Mapping[ExitCode, str] = COMMON_EXITS
) -> str:
    """
    Return the end of a help text, in Rich markup.

    Args:
        examples: What it does, by the command to type.

        exits: What it means, by exit code.
    """
    lines = ["[bold]Examples[/bold]", ""]
    for command, purpose in examples.items():
        lines += [f"  [dim]# {escape(purpose)}[/dim]"]
        lines += [f"  [cyan]{escape(command)}[/cyan]"]
    lines += ["", "[bold]Exit codes[/bold]", ""]
    lines += [f"  {int(code):<3}  {escape(what)}" for code, what in exits.items()]
    return "\n".join(lines)
