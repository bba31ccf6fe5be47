"""The Typer application: its commands, and the options before a command."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Annotated

import typer

from ocsp._version import __version__
from ocsp.cli.command import Command, Commands
from ocsp.cli.commands import (
    check,
    config,
    inspect,
    lint,
    migrate,
    presign,
    publish,
    request,
    serve,
    staple,
    verify,
)
from ocsp.cli.commands.signer.group import add_commands as add_signer_commands
from ocsp.cli.commands.status.group import add_commands as add_status_commands
from ocsp.cli.demo import command as demo
from ocsp.cli.exit_codes import ExitCode
from ocsp.cli.help_text import INPUT_ERROR, epilog

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
        "Online Certificate Status Protocol: read and verify messages, check "
        "certificates, run a responder "
        "(RFC 6960, RFC 9919)."
    ),
    epilog=epilog(
        {
            "ocsp demo": "run a CA, a responder and its clients, in two seconds",
            "ocsp inspect response.der": "show a message",
            "ocsp verify --cert leaf.pem --issuer ca.pem --response response.der": (
                "verify it, and show the status of the certificate"
            ),
        },
        {
            ExitCode.SUCCESS: "done",
            ExitCode.PROBLEM: (
                "revoked (check, verify, staple), findings (lint), "
                "a wrong answer (demo), an odd import or an unlisted number (status), "
                "a signer that cannot be used (signer, presign), "
                "an answer that could not be published (publish), "
                "a certificate that differs (migrate)"
            ),
            ExitCode.UNKNOWN: "unknown to the responder (check, verify, staple)",
            ExitCode.NOT_VERIFIED: (
                "no verified response (check, verify), no valid staple (staple)"
            ),
            ExitCode.INPUT_ERROR: INPUT_ERROR,
            ExitCode.NOT_CONFIRMED: (
                "changed, but a process of the responder has not confirmed it (status)"
            ),
            ExitCode.INTERNAL_ERROR: "internal error: a bug in ocsp",
            ExitCode.INTERRUPTED: "interrupted with Ctrl-C",
            ExitCode.BROKEN_PIPE: "the reader of the output has closed the pipe",
        },
    ),
)
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_show_version,
            is_eager=True,
            help="Print the version.",
        ),
    ] = False,
) -> None:
    """Accept the options that come before a command."""


def _add(name: str, of: ModuleType, function: Callable[..., object]) -> None:
    app.command(name, cls=Command, help=of.HELP, epilog=of.EPILOG)(function)


_add("check", check, check.check)
config.add_commands(app)
_add("demo", demo, demo.demo)
_add("inspect", inspect, inspect.inspect)
_add("lint", lint, lint.lint)
_add("migrate", migrate, migrate.migrate)
_add("presign", presign, presign.presign)
_add("publish", publish, publish.publish)
_add("request", request, request.request)
add_signer_commands(app)
add_status_commands(app)
_add("serve", serve, serve.serve)
_add("staple", staple, staple.staple)
_add("verify", verify, verify.verify_response)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the application with *arguments* and return its exit code."""
    command = typer.main.get_command(app)
    code: int = command.main(arguments, prog_name="ocsp", standalone_mode=False)
    return code
