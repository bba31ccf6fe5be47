"""
``ocsp status``: manage the status of certificates in a SQLite file.

The commands record what the CA has done. Certificates are added when they are issued,
because the responder answers only for issued certificates.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import typer
from cryptography import x509
from rich.progress import track
from rich.table import Table
from rich.text import Text

from ocsp.asn1.times import timestamp as written
from ocsp.cli.command import Command, Group
from ocsp.cli.exit_codes import CommandError
from ocsp.cli.help_text import epilog
from ocsp.cli.input.arguments import parse_moment, parse_serial
from ocsp.cli.input.loading import (
    load_certificate,
    load_certificates,
    place,
)
from ocsp.cli.render.console import errors, output, status_style
from ocsp.cli.render.json_output import write_json
from ocsp.cli.render.vocabulary import REASONS, count, reason_from, reason_name
from ocsp.errors import StatusChangeRefused, UnknownCertificate
from ocsp.status.sqlite import Entry, SQLiteSource

__all__ = ["DATABASE", "add_commands"]

HELP = "Manage the file with the status of certificates, for [cyan]ocsp serve[/cyan]."

DATABASE = "status.db"

Database = Annotated[
    str, typer.Option("--db", metavar="FILE", help="SQLite file with the status.")
]
Issuer = Annotated[
    str, typer.Option("--issuer", metavar="FILE", help="Certificate of the issuer.")
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
    authority = load_certificate(issuer)
    leaves = list(_leaves(cert or (), authority))
    serials = [parse_serial(each) for each in serial or ()]
    _require_some(leaves, serials)
    added = 0
    with SQLiteSource(database, create=True) as source:
        for leaf in _progress(leaves):
            added += source.add(
                authority,
                leaf.serial_number,
                subject=leaf.subject.rfc4514_string(),
                expires=leaf.not_valid_after_utc,
            )
        for number in serials:
            added += source.add(authority, number)
    there = len(leaves) + len(serials) - added
    known = f", {there:,} already present" if there else ""
    typer.echo(f"{database}: {count(added, 'certificate')} added{known}")


def revoke(
    issuer: Issuer,
    cert: Certificates = None,
    serial: Serials = None,
    reason: Annotated[
        str | None,
        typer.Option(metavar="NAME", help=f"Revocation reason: {', '.join(REASONS)}."),
    ] = None,
    time: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Revocation time (ISO 8601; no zone means UTC). Default: now.",
        ),
    ] = None,
    database: Database = DATABASE,
) -> None:
    """Revoke certificates, permanently unless the reason is certificateHold."""
    now = datetime.datetime.now(datetime.UTC)
    since = now if time is None else parse_moment("--time", time)
    why = None if reason is None else _reason(reason)
    authority, serials = _issuer_and_serials(issuer, cert or (), serial or ())
    with SQLiteSource(database) as source:
        for number in serials:
            _apply(database, lambda n=number: source.revoke(authority, n, since, why))
    typer.echo(f"{database}: {count(len(serials), 'certificate')} revoked")


def release(
    issuer: Issuer,
    cert: Certificates = None,
    serial: Serials = None,
    database: Database = DATABASE,
) -> None:
    """Set certificates on hold (reason certificateHold) back to good."""
    authority, serials = _issuer_and_serials(issuer, cert or (), serial or ())
    with SQLiteSource(database) as source:
        for number in serials:
            _apply(database, lambda n=number: source.release(authority, n))
    typer.echo(f"{database}: {count(len(serials), 'certificate')} released")


def list_all(
    database: Database = DATABASE,
    as_json: Annotated[
        bool, typer.Option("--json", help="Write JSON; its keys are stable.")
    ] = False,
) -> None:
    """List all certificates in the file."""
    with SQLiteSource(database, read_only=True) as source:
        entries = source.entries()
    if as_json:
        certificates = [_document(entry) for entry in entries]
        write_json({"type": "status-list", "certificates": certificates})
    else:
        output().print(_table(entries))


def _issuer_and_serials(
    issuer: str, certs: Sequence[str], serials: Sequence[str]
) -> tuple[x509.Certificate, list[int]]:
    authority = load_certificate(issuer)
    leaves = list(_leaves(certs, authority))
    numbers = [leaf.serial_number for leaf in leaves]
    numbers += [parse_serial(each) for each in serials]
    _require_some(numbers)
    return authority, numbers


def _leaves(
    sources: Sequence[str], issuer: x509.Certificate
) -> Iterator[x509.Certificate]:
    """Return the certificates in *sources*; each must be issued by *issuer*."""
    for source in sources:
        for certificate in load_certificates(source):
            if certificate.issuer != issuer.subject:
                raise CommandError(
                    place(source),
                    f"was issued by {certificate.issuer.rfc4514_string()}",
                    f"--issuer is {issuer.subject.rfc4514_string()}",
                )
            yield certificate


def _require_some(*chosen: Sequence[object]) -> None:
    if not any(chosen):
        raise CommandError(
            "ocsp status", "no certificate given", "use --cert or --serial"
        )


def _reason(name: str) -> x509.ReasonFlags:
    try:
        return reason_from(name)
    except ValueError as error:
        raise CommandError("--reason", str(error)) from error


def _apply(database: str, change: Any) -> None:
    try:
        change()
    except UnknownCertificate as error:
        raise CommandError(
            database, str(error), "add it first: ocsp status add"
        ) from error
    except StatusChangeRefused as error:
        raise CommandError(database, str(error)) from error


def _progress(leaves: Sequence[x509.Certificate]) -> Any:
    """Show a progress bar on a terminal if there are many certificates."""
    console = errors()
    hidden = len(leaves) < 1000 or not console.is_terminal
    return track(leaves, "adding", console=console, disable=hidden, transient=True)


def _document(entry: Entry) -> dict[str, Any]:
    record = entry.record
    return {
        "issuer": entry.issuer,
        "serial_number": f"{entry.serial_number:x}",
        "subject": entry.subject or None,
        "expires": written(entry.expires) if entry.expires else None,
        "status": record.status.name.lower(),
        "revocation_time": (
            written(record.revocation_time) if record.revocation_time else None
        ),
        "revocation_reason": (
            reason_name(record.revocation_reason) if record.revocation_reason else None
        ),
    }


def _table(entries: Sequence[Entry]) -> Table:
    table = Table(title=count(len(entries), "certificate"), title_justify="left")
    for column in (
        "issuer",
        "serial number",
        "subject",
        "status",
        "revoked at",
        "expires",
    ):
        table.add_column(column, overflow="fold")
    for entry in entries:
        document = _document(entry)
        reason = document["revocation_reason"]
        status = document["status"] + (f" ({reason})" if reason else "")
        table.add_row(
            Text(entry.issuer),
            Text(document["serial_number"]),
            Text(entry.subject),
            Text(status, style=status_style(document["status"])),
            Text(document["revocation_time"] or ""),
            Text(document["expires"] or ""),
        )
    return table
