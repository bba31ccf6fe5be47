"""
The application: its commands, and what stands before them.

Rules of this file: it puts together and does nothing itself.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ocsp._version import __version__
from ocsp.cli import (
    check,
    demo,
    inspect,
    lint,
    request,
    serve,
    staple,
    status,
    verify,
)
from ocsp.cli.ending import guarded
from ocsp.cli.exits import ExitCode
from ocsp.cli.guide import epilog

__all__ = ["app", "run"]


class Commands(TyperGroup):
    """The group of all commands, with the exit codes of this project."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """
        Run, and turn what is raised into one line and an exit code.

        Raises:
            SystemExit: Always, in standalone mode.
        """
        code = guarded(
            lambda: super(Commands, self).main(
                args, prog_name, complete_var, False, windows_expand_args, **extra
            )
        )
        if standalone_mode:
            sys.exit(code)
        return code


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


app.command("check", help=check.HELP, epilog=check.EPILOG)(check.check)
app.command("demo", help=demo.HELP, epilog=demo.EPILOG)(demo.demo)
app.command("inspect", help=inspect.HELP, epilog=inspect.EPILOG)(inspect.inspect)
app.command("lint", help=lint.HELP, epilog=lint.EPILOG)(lint.lint)
app.command("request", help=request.HELP, epilog=request.EPILOG)(request.request)
status.add_commands(app)
app.command("serve", help=serve.HELP, epilog=serve.EPILOG)(serve.serve)
app.command("staple", help=staple.HELP, epilog=staple.EPILOG)(staple.staple)
app.command("verify", help=verify.HELP, epilog=verify.EPILOG)(verify.verify_response)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the application with *arguments* and return its exit code."""
    command = typer.main.get_command(app)
    code: int = command.main(arguments, prog_name="ocsp", standalone_mode=False)
    return code
