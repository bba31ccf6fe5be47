"""
Completion of commands, options and file names in a shell, as click makes it.

``--show-completion`` prints the script for a shell. ``--install-completion`` writes it
to a file of its own, and one line that reads it to the start file of the shell.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple, cast

import click

from ocsp.cli.exit_codes import CommandError
from ocsp.cli.parameters import HelpedOption, Said

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.shell_completion import ShellComplete

__all__ = ["INSTALL", "SHELLS", "SHOW"]

_VARIABLE = "_OCSP_COMPLETE"
"""The environment variable with which the script asks this program (as in click)."""

_MAX_START_FILE_BYTES = 4 * 1024 * 1024
"""Octets of a start file; far more than people write."""


class _Shell(NamedTuple):
    """Where the script of a shell belongs, below the home directory."""

    script: str
    start_file: str = ""
    """The file that gets the line; empty if the shell finds the script itself."""

    before: str = ""
    """What must run before the script."""


SHELLS = {
    "bash": _Shell(".local/share/ocsp/completion.bash", ".bashrc"),
    "zsh": _Shell(
        ".local/share/ocsp/completion.zsh",
        ".zshrc",
        "autoload -Uz compinit && compinit && ",
    ),
    "fish": _Shell(".config/fish/completions/ocsp.fish"),
}
"""The shells for which there is completion."""

_CURRENT = "current"
"""The value of an option that was given without the name of a shell."""


def _name_of(wanted: str) -> str:
    """
    Return the shell *wanted*, or the user's.

    Raises:
        CommandError: If there is no completion for the user's shell.
    """
    current = os.path.basename(os.environ.get("SHELL", ""))  # noqa: PTH119 - is light
    name = current if wanted == _CURRENT else wanted
    if name not in SHELLS:
        raise CommandError(
            "SHELL", f"is {name!r}", f"name one of {', '.join(SHELLS)} after the option"
        )
    return name


def _script(shell: str, context: click.Context) -> str:
    # Only these two options need this module.
    from click.shell_completion import get_completion_class

    kind = cast("type[ShellComplete]", get_completion_class(shell))
    return kind(context.command, {}, "ocsp", _VARIABLE).source()


def _show(
    context: click.Context,
    parameter: click.Parameter,  # noqa: ARG001 - click passes it
    shell: str | None,
) -> None:
    if shell is not None and not context.resilient_parsing:
        click.echo(_script(_name_of(shell), context))
        context.exit()


def _install(
    context: click.Context,
    parameter: click.Parameter,  # noqa: ARG001 - click passes it
    shell: str | None,
) -> None:
    if shell is None or context.resilient_parsing:
        return
    # Only an installation needs them.
    import shlex
    from pathlib import Path

    name = _name_of(shell)
    where, home = SHELLS[name], Path.home()
    script = home / where.script
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(_script(name, context), encoding="utf-8")
    if where.start_file:
        line = f"{where.before}source {shlex.quote(str(script))}"
        _append_line(home / where.start_file, line)
    click.echo(f"{name}: completion is installed in {script}; open a new terminal")
    context.exit()


def _append_line(file: Path, line: str) -> None:
    """Append *line* to *file*, unless it is there already."""
    # Only an installation reads a file.
    from ocsp.guarded.files import read_file

    text = ""
    if file.exists():
        text = read_file(file, _MAX_START_FILE_BYTES).decode(errors="surrogateescape")
    if line in text.splitlines():
        return
    gap = "\n" if text and not text.endswith("\n") else ""
    with file.open("a", encoding="utf-8") as start_file:
        start_file.write(f"{gap}{line}\n")


def _option(name: str, verb: str, callback: Callable[..., None]) -> HelpedOption:
    """Return an option that takes a shell, and ends the program by *callback*."""
    shells = ", ".join(SHELLS)
    return HelpedOption(
        [name],
        Said(f"{verb} the completion for a shell: {shells}. Default: yours."),
        type=click.Choice([*SHELLS, _CURRENT]),
        metavar="SHELL",
        is_flag=False,
        flag_value=_CURRENT,
        is_eager=True,
        expose_value=False,
        callback=callback,
    )


SHOW = _option("--show-completion", "Print", _show)
INSTALL = _option("--install-completion", "Install", _install)
