"""The command ``ocsp``: its help, and the options before a command."""

from __future__ import annotations

from collections.abc import Sequence

import click

from ocsp.cli.command import Root
from ocsp.cli.completion import INSTALL, SHOW
from ocsp.cli.exit_codes import ExitCode
from ocsp.cli.help_text import INPUT_ERROR, epilog
from ocsp.cli.parameters import HelpedOption, Said
from ocsp.cli.table import COMMANDS
from ocsp.cli.version import version_line

__all__ = ["app", "run"]

_HELP = (
    "Online Certificate Status Protocol: read and verify messages, check "
    "certificates, run a responder (RFC 6960, RFC 9919)."
)

_END = epilog(
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
            "an answer that is not verified (probe), a failed check (conformance), "
            "a wrong answer (demo), an odd import or an unlisted number (status), "
            "a signer that cannot be used (signer, presign), "
            "an answer that could not be published (publish), "
            "a certificate that differs (migrate)"
        ),
        ExitCode.UNKNOWN: "unknown to the responder (check, verify, staple)",
        ExitCode.NOT_VERIFIED: (
            "no verified response (check, verify, probe, conformance), "
            "no valid staple (staple)"
        ),
        ExitCode.INPUT_ERROR: INPUT_ERROR,
        ExitCode.NOT_CONFIRMED: (
            "changed, but a process of the responder has not confirmed it (status)"
        ),
        ExitCode.INTERNAL_ERROR: "internal error: a bug in ocsp",
        ExitCode.INTERRUPTED: "interrupted with Ctrl-C",
        ExitCode.BROKEN_PIPE: "the reader of the output has closed the pipe",
    },
)


def _show_version(
    context: click.Context,
    parameter: click.Parameter,  # noqa: ARG001 - click passes it
    wanted: bool,
) -> None:
    if wanted and not context.resilient_parsing:
        click.echo(version_line())
        context.exit()


_VERSION = HelpedOption(
    ["--version"],
    Said("Print the version."),
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
)

app = Root(
    "ocsp",
    COMMANDS,
    params=[_VERSION, INSTALL, SHOW],
    help=_HELP,
    epilog=_END,
    context_settings={"help_option_names": ["-h", "--help"]},
)
"""All commands."""


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the application with *arguments* and return its exit code."""
    code: int = app.main(arguments, prog_name="ocsp", standalone_mode=False)
    return code
