"""
``ocsp staple``: keep the staples of a TLS server fresh.

The work is done by :class:`ocsp.stapling.Stapler`; :mod:`ocsp.cli.render.staple_report`
shows the result of each step.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from ocsp.cli.exit_codes import CommandError, ExitCode
from ocsp.cli.help_text import epilog, helped_by
from ocsp.cli.input.loading import load_certificates
from ocsp.cli.options.group import Changes, takes
from ocsp.cli.options.shared import (
    POLICY,
    SIGNERS,
    ChosenPolicy,
    network_group,
    options_from,
)
from ocsp.cli.parameters import Argument, Option
from ocsp.cli.render.console import note, warn
from ocsp.cli.render.staple_report import StapleReporter, exit_code
from ocsp.client import Environment
from ocsp.errors import ConfigError
from ocsp.guarded.files import file_state
from ocsp.inspection.vocabulary import count
from ocsp.stapling import (
    STAPLE_OPTIONS,
    CommandHook,
    Site,
    Stapler,
    WakeReason,
    run_forever,
    signals,
)

__all__ = ["staple"]

HELP = """Keep the OCSP staple files of a TLS server fresh.

Asks the responder at half of a staple's lifetime. Only a newer, verified response that
says good or revoked replaces the file, atomically. SIGHUP renews all staples now,
SIGTERM stops the command."""

EPILOG = epilog(
    {
        "ocsp staple /etc/haproxy/site.pem": "keep site.pem.ocsp fresh, until SIGTERM",
        "ocsp staple cert.pem --issuer chain.pem --out staple.der "
        "--exec 'nginx -s reload'": "write a file for nginx, and reload nginx",
        "ocsp staple /etc/haproxy/*.pem --once --json": (
            "run once, from cron or a systemd timer"
        ),
    },
    {
        ExitCode.GOOD: "every staple is valid and says good, or none is needed",
        ExitCode.REVOKED: "a certificate is revoked, and its staple says so",
        ExitCode.UNKNOWN: "a responder does not know a certificate",
        ExitCode.NOT_VERIFIED: "a staple is missing or expires soon; no usable answer",
        ExitCode.INPUT_ERROR: "a file could not be read or written, or the hook failed",
    },
)


NETWORK = network_group(
    STAPLE_OPTIONS,
    # A CRL cannot be a staple, a staple with a nonce is of use to one client only, and
    # the issuer comes from the files.
    without={"crl_fallback", "nonce", "missing_issuer"},
)


@helped_by(EPILOG, HELP)
@takes(network=NETWORK, policy=POLICY, signers=SIGNERS)
def staple(
    cert: Annotated[
        list[str],
        Argument(
            metavar="CERT...", help="Certificate files, each with its chain in PEM."
        ),
    ],
    issuer: Annotated[
        str | None,
        Option(metavar="FILE", help="File with the issuers, if not in CERT."),
    ] = None,
    out: Annotated[
        str | None,
        Option(
            metavar="FILE", help="Staple file of a single CERT. Default: CERT.ocsp."
        ),
    ] = None,
    url: Annotated[
        list[str] | None,
        Option(
            metavar="URL",
            help="Responder URL to use instead of the certificate's; repeatable.",
        ),
    ] = None,
    once: Annotated[
        bool, Option("--once", help="Renew what is due, then exit.")
    ] = False,
    force: Annotated[
        bool,
        Option("--force", help="Ask at once, even if the staples are fresh."),
    ] = False,
    command: Annotated[
        str | None,
        Option(
            "--exec",
            metavar="COMMAND",
            help="Command to run after a staple file was replaced or emptied.",
        ),
    ] = None,
    as_json: Annotated[
        bool, Option("--json", help="Write one line of JSON for each event.")
    ] = False,
    *,
    policy: ChosenPolicy,
    signers: Changes,
    network: Changes,
) -> int:
    """Keep the staples fresh, and show what happens."""
    sites = _sites(cert, issuer, out)
    options = options_from(STAPLE_OPTIONS, policy, signers, network, NETWORK)
    reporter = StapleReporter(as_json=as_json)
    hook = None if command is None else _hook(command)
    with Stapler(sites, url=url, options=options, hook=hook) as stapler:
        if once:
            reports = stapler.step(now=force)
            reporter.summary(reports)
            return exit_code(reports)
        note(
            f"[quiet]keeping {count(len(sites), 'staple')} fresh; stop: Ctrl-C[/quiet]"
        )
        with signals() as wait:
            first = WakeReason.NOW if force else WakeReason.TIME
            run_forever(stapler, reporter.events, wait, Environment(), first)
    return ExitCode.SUCCESS


def _sites(certs: Sequence[str], issuer: str | None, out: str | None) -> list[Site]:
    if out is not None and len(certs) > 1:
        raise CommandError(
            "--out", "names one file, but there are several certificates"
        )
    for file in (*certs, *([] if issuer is None else [issuer])):
        file_state(file)
    _require_certificates(certs)
    return [
        Site(
            Path(cert),
            None if issuer is None else Path(issuer),
            None if out is None else Path(out),
        )
        for cert in certs
    ]


def _require_certificates(certs: Sequence[str]) -> None:
    """
    Warn of files without a certificate, which do not keep the others from a staple.

    Raises:
        CommandError: If none of the files has one.
    """
    problems = []
    for cert in certs:
        try:
            load_certificates(cert)
        except CommandError as error:
            problems.append(error)
    if len(problems) == len(certs):
        raise problems[0]
    for problem in problems:
        warn(str(problem))


def _hook(command: str) -> CommandHook:
    try:
        return CommandHook(command)
    except ConfigError as error:
        raise CommandError("--exec", str(error)) from error
