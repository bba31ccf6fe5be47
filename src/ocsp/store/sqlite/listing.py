"""
List what is in a status file, in constant memory.

Rows are read in pages, each in a transaction of its own: an open transaction would keep
the write-ahead log growing. So a list is no snapshot, but each row is right when it is
read.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from ocsp.asn1.der import integer_octets
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.responder.source import IssuerKey
from ocsp.store.rows import entry_from, event_from
from ocsp.store.sqlite.database.reader import Reader
from ocsp.store.values import (
    Entry,
    Event,
    StatusCounts,
    StoredIssuer,
    seconds,
)

__all__ = [
    "count_statuses",
    "find_entry",
    "list_entries",
    "list_events",
    "list_history",
    "list_issuers",
]

PAGE = 1000
"""Rows that one statement reads."""

_ENTRY = """
SELECT issuer_id, serial, issuer.subject, name_hash, key_hash, certificate.subject,
    revoked, reason, invalid, expires, cert_hash, version
FROM certificate JOIN issuer ON issuer.id = issuer_id
"""
_COUNTS = """
SELECT count(*), total(revoked IS NULL), total(reason IS 6) FROM certificate
WHERE issuer_id = (SELECT id FROM issuer WHERE name_hash = ? AND key_hash = ?)
"""
_EVENTS = """
SELECT event.id, at, issuer.subject, name_hash, key_hash, serial, version,
    old_revoked, old_reason, old_invalid, revoked, reason, invalid, who, host, program
FROM event JOIN issuer ON issuer.id = issuer_id
"""


def list_issuers(reader: Reader) -> list[StoredIssuer]:
    """Return the issuers in the file, in the order in which they were added."""
    rows = reader.fetch_all(
        "SELECT name_hash, key_hash, subject, certificate FROM issuer ORDER BY id"
    )
    return [
        StoredIssuer(key=IssuerKey(name, key), subject=subject, certificate=certificate)
        for name, key, subject, certificate in rows
    ]


def find_entry(reader: Reader, issuer: IssuerKey, serial_number: int) -> Entry | None:
    """Return the certificate of *issuer* with that serial number, or ``None``."""
    row = reader.fetch_one(
        f"{_ENTRY} WHERE name_hash = ? AND key_hash = ? AND serial = ?",
        (*issuer, integer_octets(serial_number)),
    )
    return None if row is None else entry_from(row)


def list_entries(
    reader: Reader,
    issuer: IssuerKey | None,
    status: OCSPCertStatus | None,
    expires_before: datetime.datetime | None,
    revoked_since: datetime.datetime | None,
) -> Iterator[Entry]:
    """Yield the certificates that meet all conditions, by issuer and serial number."""
    where, values = _conditions(issuer, status, expires_before, revoked_since)
    query = (
        f"{_ENTRY} WHERE (issuer_id, serial) > (?, ?){where}"
        " ORDER BY issuer_id, serial LIMIT ?"
    )
    after = (0, b"")
    while rows := reader.fetch_all(query, (*after, *values, PAGE)):
        for row in rows:
            yield entry_from(row)
        after = (rows[-1][0], rows[-1][1])


def _conditions(
    issuer: IssuerKey | None,
    status: OCSPCertStatus | None,
    expires_before: datetime.datetime | None,
    revoked_since: datetime.datetime | None,
) -> tuple[str, list[object]]:
    parts: list[str] = []
    values: list[object] = []
    if issuer is not None:
        # The number selects a part of the primary key, which the hashes would not.
        parts.append(
            "issuer_id = (SELECT id FROM issuer WHERE name_hash = ? AND key_hash = ?)"
        )
        values += issuer
    if status is not None:
        good = status is OCSPCertStatus.GOOD
        parts.append("revoked IS NULL" if good else "revoked IS NOT NULL")
    if expires_before is not None:
        parts.append("expires < ?")
        values.append(seconds(expires_before))
    if revoked_since is not None:
        parts.append("revoked >= ?")
        values.append(seconds(revoked_since))
    return "".join(f" AND {part}" for part in parts), values


def list_events(reader: Reader, after: int) -> Iterator[Event]:
    """Yield the changes with larger numbers than *after*, the oldest first."""
    query = f"{_EVENTS} WHERE event.id > ? ORDER BY event.id LIMIT ?"
    while rows := reader.fetch_all(query, (after, PAGE)):
        for row in rows:
            yield event_from(row)
        after = rows[-1][0]


def list_history(
    reader: Reader, issuer: IssuerKey, serial_number: int, limit: int
) -> list[Event]:
    """Return the last changes of one certificate, the newest first."""
    rows = reader.fetch_all(
        f"{_EVENTS} WHERE name_hash = ? AND key_hash = ? AND serial = ?"
        " ORDER BY event.id DESC LIMIT ?",
        (*issuer, integer_octets(serial_number), limit),
    )
    return list(map(event_from, rows))


def count_statuses(reader: Reader, issuer: IssuerKey) -> StatusCounts:
    """Return how many certificates of *issuer* have which status."""
    number, good, on_hold = reader.fetch_one(_COUNTS, issuer)
    return StatusCounts(int(good), number - int(good) - int(on_hold), int(on_hold))
