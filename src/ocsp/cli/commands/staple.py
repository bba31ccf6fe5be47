"""
``ocsp staple``: keep the staples of a TLS server fresh.

Rules of this file: options in, steps of :class:`ocsp.stapling.Stapler`, exit code out.
What a step has come to is told in :mod:`ocsp.cli.render.staple_report`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ocsp.cli.exit_codes import CommandError, ExitCode
from ocsp.cli.help_text import epilog
from ocsp.cli.render.console import note
from ocsp.cli.render.staple_report import Teller, exit_code
from ocsp.cli.render.vocabulary import count
from ocsp.client import AddressPolicy, CertIDHash, Environment
from ocsp.errors import ConfigError
from ocsp.stapling import (
    STAPLE_OPTIONS,
    CommandHook,
    Site,
    Stapler,
    WakeReason,
    run_forever,
    signals,
)

__all__ = ["EPILOG", "HELP", "staple"]

HELP = """Keep an OCSP staple beside the certificate of a server fresh.

The responder is asked at half of a staple's life. Only an answer that is verified, says
good or revoked, and is newer takes the place of the file, in one step; until then the
old one stays. SIGHUP renews all at once, SIGTERM ends."""

EPILOG = epilog(
    {
        "ocsp staple /etc/haproxy/site.pem": "site.pem.ocsp, until SIGTERM",
        "ocsp staple cert.pem --issuer chain.pem --out staple.der "
        "--exec 'nginx -s reload'": "for nginx, whose file has another name",
        "ocsp staple /etc/haproxy/*.pem --once --json": "from cron or a systemd timer",
    },
    {
        ExitCode.GOOD: "every staple holds and says good, or none is needed",
        ExitCode.REVOKED: "a certificate is revoked, and its staple says so",
        ExitCode.UNKNOWN: "a responder does not know a certificate",
        ExitCode.NOT_VERIFIED: "a staple is missing or about to end: no usable answer",
        ExitCode.UNUSABLE: "a file could not be read or written, or the hook failed",
    },
)


class HashChoice(StrEnum):
    """The words for :class:`CertIDHash`."""

    SHA1 = "sha1"
    SHA256 = "sha256"


def staple(
    cert: Annotated[
        list[str],
        typer.Argument(
            metavar="CERT...", help="Certificates, each with its chain in PEM."
        ),
    ],
    issuer: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Certificates of issuers, if not in CERT."),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="The staple of one CERT; else CERT.ocsp."),
    ] = None,
    url: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="Ask here, not where the certificate says."),
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Do what is due, and end.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Ask at once, also where staples are young.")
    ] = False,
    command: Annotated[
        str | None,
        typer.Option(
            "--exec", metavar="COMMAND", help="Run this after a staple was replaced."
        ),
    ] = None,
    hash_name: Annotated[
        HashChoice,
        typer.Option(
            "--hash", metavar="sha1|sha256", help="Hash that the staple is found by."
        ),
    ] = HashChoice.SHA1,
    private: Annotated[
        bool,
        typer.Option(
            "--private", help="Certificates may name responders in private networks."
        ),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Write a line of JSON for each event.")
    ] = False,
) -> int:
    """Keep, and say what happens."""
    sites = _sites(cert, issuer, out)
    options = replace(
        STAPLE_OPTIONS,
        cert_id_hash=CertIDHash(hash_name.value),
        address_policy=AddressPolicy.PRIVATE_TOO if private else AddressPolicy.PUBLIC,
    )
    teller = Teller(as_json=as_json)
    hook = None if command is None else _hook(command)
    with Stapler(sites, url=url, options=options, hook=hook) as stapler:
        if once:
            reports = stapler.step(now=force)
            teller.summary(reports)
            return exit_code(reports)
        note(
            f"[quiet]keeping {count(len(sites), 'staple')} fresh; stop: Ctrl-C[/quiet]"
        )
        with signals() as wait:
            first = WakeReason.NOW if force else WakeReason.TIME
            run_forever(stapler, teller.events, wait, Environment(), first)
    return ExitCode.FINE


def _sites(certs: Sequence[str], issuer: str | None, out: str | None) -> list[Site]:
    if out is not None and len(certs) > 1:
        raise CommandError("--out", "is one file, and there are several certificates")
    return [
        Site(
            Path(cert),
            None if issuer is None else Path(issuer),
            None if out is None else Path(out),
        )
        for cert in certs
    ]


def _hook(command: str) -> CommandHook:
    try:
        return CommandHook(command)
    except ConfigError as error:
        raise CommandError("--exec", str(error)) from error
