"""
The application: its commands, and how whatever they raise becomes an exit code.

Rules of this file: the only place that catches. Usage errors end with code 4 and not
with Typer's own 2, which means *unknown* (``ocsp verify``).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
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
from ocsp.cli.console import report
from ocsp.cli.exits import CommandError, ExitCode
from ocsp.cli.guide import epilog
from ocsp.errors import OCSPError

__all__ = ["app", "run"]

# Typer's own copy of click, or click itself in older releases: BadParameter is the
# one usage error that Typer exports, and its second base is the root of all of them.
_USAGE_ERROR: type[Exception] = typer.BadParameter.__mro__[2]


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
        code = _guarded(
            lambda: super(Commands, self).main(
                args, prog_name, complete_var, False, windows_expand_args, **extra
            )
        )
        if standalone_mode:
            sys.exit(code)
        return code


def _guarded(call: Callable[[], Any]) -> int:
    try:
        code = call()
    except _USAGE_ERROR as error:
        if str(error):  # without arguments, Typer has shown the help instead
            report(_usage(error))
    except (CommandError, OCSPError) as error:
        report(error)
    except (KeyboardInterrupt, typer.Abort):
        return ExitCode.INTERRUPTED
    else:
        return code if isinstance(code, int) else ExitCode.FINE
    return ExitCode.UNUSABLE


def _usage(error: Any) -> CommandError:
    """Return what Typer says of wrong arguments, with the way to the help text."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "ocsp"
    # Typer checks values with pydantic, which puts its own words before the message.
    what = error.format_message().replace("Value error, ", "").rstrip(".")
    return CommandError(command, f"{what}; see {command} --help")


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
            ExitCode.INTERRUPTED: "interrupted",
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
