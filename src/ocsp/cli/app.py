"""
The application: its commands, and what stands before them.

Rules of this file: it puts together and does nothing itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Annotated

import typer

from ocsp._version import __version__
from ocsp.cli.command import Command, Commands
from ocsp.cli.commands import (
    check,
    inspect,
    lint,
    request,
    serve,
    staple,
    status,
    verify,
)
from ocsp.cli.demo import command as demo
from ocsp.cli.exit_codes import ExitCode
from ocsp.cli.help_text import epilog

__all__ = ["app", "run"]

app = typer.Typer(
    name="ocsp",
    cls=Commands,
    rich_markup_mode="rich",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ocsp {__version__}")
        raise typer.Exit


@app.callback(
    help=(
        "Online Certificate Status Protocol: read, ask, verify, answer "
        "(RFC 6960, RFC 9919)."
    ),
    epilog=epilog(
        {
            "ocsp demo": "a CA, a responder and its clients, in two seconds",
            "ocsp inspect response.der": "what does this message say?",
            "ocsp verify --cert leaf.pem --issuer ca.pem --response response.der": (
                "and is it true?"
            ),
        },
        {
            ExitCode.FINE: "done",
            ExitCode.WRONG: "revoked (verify), findings (lint), a wrong answer (demo)",
            ExitCode.UNKNOWN: "unknown to the responder (verify)",
            ExitCode.NOT_VERIFIED: "not verified (verify)",
            ExitCode.UNUSABLE: "something could not be read, or was used wrongly",
            ExitCode.FAULT: "a fault of ocsp itself",
            ExitCode.INTERRUPTED: "interrupted",
            ExitCode.UNREAD: "the reader of the output is gone",
        },
    ),
)
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version."
        ),
    ] = False,
) -> None:
    """Take the options that stand before a command."""


def _add(name: str, of: ModuleType, function: Callable[..., object]) -> None:
    app.command(name, cls=Command, help=of.HELP, epilog=of.EPILOG)(function)


_add("check", check, check.check)
_add("demo", demo, demo.demo)
_add("inspect", inspect, inspect.inspect)
_add("lint", lint, lint.lint)
_add("request", request, request.request)
status.add_commands(app)
_add("serve", serve, serve.serve)
_add("staple", staple, staple.staple)
_add("verify", verify, verify.verify_response)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the application with *arguments* and return its exit code."""
    command = typer.main.get_command(app)
    code: int = command.main(arguments, prog_name="ocsp", standalone_mode=False)
    return code
