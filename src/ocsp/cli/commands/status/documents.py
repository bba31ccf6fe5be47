"""The output of ``ocsp status`` about certificates: as JSON, and as words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.text import Text

from ocsp.asn1.times import timestamp
from ocsp.cli.render.console import output, status_style
from ocsp.cli.render.json_output import write_json
from ocsp.cli.render.tree_rows import text
from ocsp.inspection.issuer_names import issuer_names
from ocsp.inspection.vocabulary import count, one_line
from ocsp.messages.reasons import reason_name
from ocsp.responder import IssuerKey, StatusRecord
from ocsp.store import DatabaseAddress, Entry, Event, Store

__all__ = [
    "Changed",
    "certificate_document",
    "issuer_document",
    "names_in",
    "show_changes",
    "status_document",
    "status_text",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """
    What a command did with one certificate.

    Attributes:
        issuer: The name of the issuer.

        issuer_key: The issuer, as in a :class:`ocsp.responder.StatusQuery`.

        serial_number: The serial number.

        subject: The subject, or empty if only the serial number was given.

        change: ``revoked``, ``released`` or ``unchanged``.

        record: The status now.
    """

    issuer: str
    issuer_key: IssuerKey
    serial_number: int
    subject: str
    change: str
    record: StatusRecord


def show_changes(
    database: DatabaseAddress, changes: Sequence[Changed], done: str, *, as_json: bool
) -> None:
    """
    Print what a command did with each certificate.

    Args:
        database: The name of the file.

        changes: The changes, in the order of the arguments.

        done: The change that the user wanted, such as ``revoked``.

        as_json: Whether to print JSON instead of text.
    """
    if as_json:
        certificates = [_changed_document(each) for each in changes]
        write_json({"type": "status-change", "certificates": certificates})
        return
    made = sum(each.change == done for each in changes)
    rest = len(changes) - made
    unchanged = f", {rest:,} unchanged" if rest else ""
    output().print(
        text(f"{database}: {count(made, 'certificate')} {done}{unchanged}"),
        soft_wrap=True,
    )
    for each in changes:
        output().print(_line(each), soft_wrap=True)


def issuer_document(about: Changed | Entry | Event) -> dict[str, str | None]:
    """Return the issuer by name and key: a CA that gets a new key keeps its name."""
    key = about.issuer_key
    return {
        "issuer": None if key is None else about.issuer,
        "issuer_key_sha256": None if key is None else key.key_hash.hex(),
    }


def names_in(store: Store) -> dict[IssuerKey, str]:
    """Return the names of the issuers in *store*, for people."""
    return issuer_names({each.key: each.subject for each in store.issuers()})


def certificate_document(entry: Entry) -> dict[str, Any]:
    """Return one certificate of the file, for JSON, JSON lines and CSV."""
    return {
        **issuer_document(entry),
        "serial_number": f"{entry.serial_number:#x}",
        "subject": entry.subject or None,
        "expires": timestamp(entry.expires) if entry.expires else None,
        **status_document(entry.record),
    }


def status_document(record: StatusRecord) -> dict[str, Any]:
    """Return a status, with what belongs to it."""
    since, reason = record.revocation_time, record.revocation_reason
    invalid = record.invalidity_date
    return {
        "status": record.status.name.lower(),
        "revocation_time": timestamp(since) if since else None,
        "revocation_reason": reason_name(reason) if reason else None,
        "invalidity_date": timestamp(invalid) if invalid else None,
    }


def status_text(record: StatusRecord) -> Text:
    """Return the status with its reason."""
    status, reason = record.status.name.lower(), record.revocation_reason
    words = status + (f" ({reason_name(reason)})" if reason else "")
    return Text(words, style=status_style(status))


def _changed_document(changed: Changed) -> dict[str, Any]:
    return {
        **issuer_document(changed),
        "serial_number": f"{changed.serial_number:#x}",
        "subject": changed.subject or None,
        "change": changed.change,
        **status_document(changed.record),
    }


def _line(changed: Changed) -> Text:
    """Return what the command did with one certificate."""
    since = changed.record.revocation_time
    return Text.assemble(
        "  ",
        f"{one_line(changed.subject)}, " if changed.subject else "",
        f"serial number {changed.serial_number:#x}: ",
        "unchanged, " if changed.change == "unchanged" else "",
        status_text(changed.record),
        f" since {timestamp(since)}" if since else "",
    )
