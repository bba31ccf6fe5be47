"""
``ocsp status``: manage the status of certificates in a SQLite file.

The commands record what the CA has done. Certificates are added when they are issued,
because the responder answers only for issued certificates.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, NamedTuple

import typer
from cryptography import x509
from rich.progress import track

from ocsp.asn1.certificates import serial_of, validity_of
from ocsp.asn1.name_comparison import name_of_subject
from ocsp.asn1.names import name_text
from ocsp.cli.command import Command, Group
from ocsp.cli.commands.status_output import Changed, show_changes, show_entries
from ocsp.cli.exit_codes import CommandError
from ocsp.cli.help_text import epilog
from ocsp.cli.input.arguments import parse_moment, parse_serial
from ocsp.cli.input.issuers import GivenIssuers
from ocsp.cli.input.loading import load_certificates
from ocsp.cli.render.console import errors
from ocsp.errors import AlreadyRevoked, StatusChangeRefused, UnknownCertificate
from ocsp.inspection.vocabulary import count, one_line
from ocsp.messages.statuses import REASON_NAMES, reason_from
from ocsp.responder import IssuerKey, StatusRecord
from ocsp.store import SQLiteStore

__all__ = ["DATABASE", "add_commands"]

HELP = "Manage the file with the status of certificates, for [cyan]ocsp serve[/cyan]."

DATABASE = "status.db"

Database = Annotated[
    str, typer.Option("--db", metavar="FILE", help="SQLite file with the status.")
]
Issuer = Annotated[
    list[str],
    typer.Option(
        "--issuer",
        metavar="FILE",
        help="Certificate of the issuer, or several in PEM; repeatable. The one that "
        "signed is used.",
    ),
]
Certificates = Annotated[
    list[str] | None,
    typer.Option(
        "--cert",
        metavar="FILE",
        help="A certificate, or several in PEM; repeatable.",
    ),
]
Serials = Annotated[
    list[str] | None,
    typer.Option(
        "--serial",
        metavar="NUMBER",
        help="A serial number, decimal or 0x...; repeatable.",
    ),
]
_REASONS = tuple(each for each in REASON_NAMES if each != "removeFromCRL")
"""The reasons of a revocation. removeFromCRL ends one, in a delta CRL."""

Json = Annotated[bool, typer.Option("--json", help="Write JSON; its keys are stable.")]

_ADD = epilog(
    {
        "ocsp status add --issuer ca.pem --cert leaf.pem": "add an issued certificate",
        "ocsp status add --issuer ca.pem --serial 0x1f2e": "add it by serial number",
    }
)
_REVOKE = epilog(
    {
        "ocsp status revoke --issuer ca.pem --cert leaf.pem --reason keyCompromise": (
            "revoke it now"
        ),
        "ocsp status revoke --issuer ca.pem --serial 0x1f2e --time 2026-07-01T12:00Z": (
            "revoke it as of an earlier time"
        ),
    }
)
_RELEASE = epilog(
    {"ocsp status release --issuer ca.pem --cert leaf.pem": "end the hold"}
)
_LIST = epilog(
    {
        "ocsp status list": "show all certificates",
        "ocsp status list --json | "
        "jq '.certificates[] | select(.status == \"revoked\")'": (
            "print the revoked ones as JSON"
        ),
    }
)


def add_commands(app: typer.Typer) -> None:
    """Add the ``status`` commands to *app*."""
    group = typer.Typer(cls=Group, no_args_is_help=True, rich_markup_mode="rich")
    group.command("add", cls=Command, epilog=_ADD)(add)
    group.command("revoke", cls=Command, epilog=_REVOKE)(revoke)
    group.command("release", cls=Command, epilog=_RELEASE)(release)
    group.command("list", cls=Command, epilog=_LIST)(list_all)
    app.add_typer(group, name="status", help=HELP)


def add(
    issuer: Issuer,
    cert: Certificates = None,
    serial: Serials = None,
    database: Database = DATABASE,
) -> None:
    """Add issued certificates. Creates the file if it does not exist."""
    subjects = _subjects(issuer, cert or (), serial or ())
    added = 0
    with SQLiteStore(database, create=True) as source, source.transaction():
        for each in _progress(subjects):
            added += source.add(
                each.issuer,
                each.serial_number,
                subject=each.name,
                expires=each.expires,
            )
    there = len(subjects) - added
    known = f", {there:,} already present" if there else ""
    typer.echo(one_line(f"{database}: {count(added, 'certificate')} added{known}"))


def revoke(
    issuer: Issuer,
    cert: Certificates = None,
    serial: Serials = None,
    reason: Annotated[
        str | None,
        typer.Option(metavar="NAME", help=f"Revocation reason: {', '.join(_REASONS)}."),
    ] = None,
    time: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Revocation time (ISO 8601; no zone means UTC). Default: now.",
        ),
    ] = None,
    change_reason: Annotated[
        bool,
        typer.Option(
            "--change-reason",
            help="Also change the reason of certificates that are revoked already.",
        ),
    ] = False,
    database: Database = DATABASE,
    as_json: Json = False,
) -> None:
    """
    Revoke certificates, permanently unless the reason is certificateHold.

    All of them are revoked, or none if one cannot be. A certificate that is revoked
    already keeps its revocation time.
    """
    since = None if time is None else _past("--time", time)
    why = None if reason is None else _reason(reason)

    def change(source: SQLiteStore, each: _Subject) -> Changed:
        done = source.revoke(
            each.issuer, each.serial_number, since, why, change_reason=change_reason
        )
        return each.changed("revoked" if done.changed else "unchanged", done.record)

    changes = _change_all(database, issuer, cert or (), serial or (), change)
    show_changes(database, changes, "revoked", as_json=as_json)


def release(
    issuer: Issuer,
    cert: Certificates = None,
    serial: Serials = None,
    database: Database = DATABASE,
    as_json: Json = False,
) -> None:
    """Set certificates on hold (reason certificateHold) back to good: all, or none."""

    def change(source: SQLiteStore, each: _Subject) -> Changed:
        source.release(each.issuer, each.serial_number)
        return each.changed("released", StatusRecord())

    changes = _change_all(database, issuer, cert or (), serial or (), change)
    show_changes(database, changes, "released", as_json=as_json)


def list_all(database: Database = DATABASE, as_json: Json = False) -> None:
    """List all certificates in the file."""
    with SQLiteStore(database, read_only=True) as source:
        entries = list(source.entries())
    show_entries(entries, as_json=as_json)


class _Subject(NamedTuple):
    """A certificate that a command is about."""

    issuer: x509.Certificate
    serial_number: int
    name: str = ""
    expires: datetime.datetime | None = None

    def changed(self, change: str, record: StatusRecord) -> Changed:
        """Return what the command did with it."""
        return Changed(
            issuer=name_text(name_of_subject(self.issuer)),
            serial_number=self.serial_number,
            subject=self.name,
            change=change,
            record=record,
        )


def _subjects(
    issuers: Sequence[str], certs: Sequence[str], serials: Sequence[str]
) -> list[_Subject]:
    """Return the certificates that the user names, each with its issuer, once."""
    given = GivenIssuers(issuers)
    numbers = [parse_serial(each) for each in serials]
    found: dict[tuple[IssuerKey, int], _Subject] = {}
    for source in certs:
        for leaf in load_certificates(source):
            issuer = given.issuer_of(leaf, source)
            found[IssuerKey.of(issuer), serial_of(leaf)] = _Subject(
                issuer,
                serial_of(leaf),
                name_text(name_of_subject(leaf)),
                validity_of(leaf)[1],
            )
    for number in numbers:
        issuer = given.only()
        found.setdefault((IssuerKey.of(issuer), number), _Subject(issuer, number))
    if not found:
        raise CommandError(
            "ocsp status", "no certificate given", "use --cert or --serial"
        )
    return list(found.values())


def _past(option: str, text: str) -> datetime.datetime:
    moment = parse_moment(option, text)
    if moment > datetime.datetime.now(datetime.UTC):
        raise CommandError(
            option, f"{text!r} is in the future, and a revocation is effective at once"
        )
    return moment


def _reason(name: str) -> x509.ReasonFlags:
    try:
        reason = reason_from(name)
    except ValueError as error:
        raise CommandError("--reason", str(error)) from error
    if reason is x509.ReasonFlags.remove_from_crl:
        raise CommandError(
            "--reason",
            f"{name!r} is for delta CRLs only (RFC 5280 §5.3.1)",
            "ocsp status release ends a hold",
        )
    return reason


def _change_all(
    database: str,
    issuers: Sequence[str],
    certs: Sequence[str],
    serials: Sequence[str],
    change: Callable[[SQLiteStore, _Subject], Changed],
) -> list[Changed]:
    """Make *change* for each certificate, in one transaction."""
    subjects = _subjects(issuers, certs, serials)
    try:
        with SQLiteStore(database) as source, source.transaction():
            return [change(source, each) for each in subjects]
    except UnknownCertificate as error:
        hint = "add it first: ocsp status add. Nothing was changed"
        raise CommandError(database, str(error), hint) from error
    except AlreadyRevoked as error:
        hint = (
            "its time cannot be changed, and its reason only with --change-reason."
            " Nothing was changed"
        )
        raise CommandError(database, str(error), hint) from error
    except StatusChangeRefused as error:
        raise CommandError(database, str(error), "nothing was changed") from error


def _progress(subjects: Sequence[_Subject]) -> Iterable[_Subject]:
    """Show a progress bar on a terminal if there are many certificates."""
    console = errors()
    hidden = len(subjects) < 1000 or not console.is_terminal
    return track(subjects, "adding", console=console, disable=hidden, transient=True)
