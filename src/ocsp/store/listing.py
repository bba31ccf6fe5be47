"""
List what is in a store, in constant memory.

Rows are read in pages, each in a transaction of its own: an open transaction would keep
the write-ahead log of SQLite growing, and in PostgreSQL old versions of all rows. So a
list is no snapshot, but each row is right when it is read.

The statements are the same in all databases, but for the marks of their values.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from ocsp.asn1.der import integer_octets
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.responder.source import IssuerKey
from ocsp.store.events import Event, event_from
from ocsp.store.rows import entry_from
from ocsp.store.values import Entry, StatusCounts, StoredIssuer, seconds

__all__ = ["Listing", "RowReader"]

PAGE = 1000
"""Rows that one statement reads."""

_ISSUERS = """
SELECT name_hash, key_hash, subject, certificate FROM issuer ORDER BY id
"""
_ENTRY = """
SELECT issuer_id, serial, issuer.subject, name_hash, key_hash, certificate.subject,
    revoked, reason, invalid, expires, cert_hash, version
FROM certificate JOIN issuer ON issuer.id = issuer_id
"""
_EVENTS = """
SELECT event.id, at, action, issuer.subject, name_hash, key_hash, serial, version,
    old_revoked, old_reason, old_invalid, revoked, reason, invalid, detail,
    who, host, program
FROM event LEFT JOIN issuer ON issuer.id = issuer_id
"""
_COUNTS = """
SELECT count(*), count(*) FILTER (WHERE revoked IS NULL),
    count(*) FILTER (WHERE reason = 6)
FROM certificate WHERE
"""
# The number selects a part of the primary key, which the hashes would not.
_OF_ISSUER = "issuer_id = (SELECT id FROM issuer WHERE name_hash = ? AND key_hash = ?)"


class RowReader(Protocol):
    """What runs a query."""

    def fetch_one(self, sql: str, values: Sequence[object] = ()) -> Any:
        """Return the first row, or ``None``."""
        ...

    def fetch_all(self, sql: str, values: Sequence[object] = ()) -> list[Any]:
        """Return all rows."""
        ...


class Listing:
    """The lists of one store."""

    def __init__(self, rows: RowReader, mark: str) -> None:
        """
        Read by *rows*.

        Args:
            rows: Runs the queries.

            mark: What stands for a value in its statements.
        """
        self._rows = rows
        self._mark = mark

    def _all(self, sql: str, values: Sequence[object] = ()) -> list[Any]:
        return self._rows.fetch_all(sql.replace("?", self._mark), values)

    def _one(self, sql: str, values: Sequence[object]) -> Any:
        return self._rows.fetch_one(sql.replace("?", self._mark), values)

    def issuers(self) -> list[StoredIssuer]:
        """Return the issuers, in the order in which they were added."""
        return [
            StoredIssuer(
                key=IssuerKey(name, key), subject=subject, certificate=certificate
            )
            for name, key, subject, certificate in self._all(_ISSUERS)
        ]

    def find(self, issuer: IssuerKey, serial_number: int) -> Entry | None:
        """Return the certificate with that serial number, or ``None``."""
        row = self._one(
            f"{_ENTRY} WHERE name_hash = ? AND key_hash = ? AND serial = ?",
            (*issuer, integer_octets(serial_number)),
        )
        return None if row is None else entry_from(row)

    def entries(
        self,
        issuer: IssuerKey | None,
        status: OCSPCertStatus | None,
        expires_before: datetime.datetime | None,
        revoked_since: datetime.datetime | None,
    ) -> Iterator[Entry]:
        """Yield the certificates that meet all conditions, by issuer and number."""
        where, values = _conditions(issuer, status, expires_before, revoked_since)
        query = (
            f"{_ENTRY} WHERE (issuer_id, serial) > (?, ?){where}"
            " ORDER BY issuer_id, serial LIMIT ?"
        )
        after = (0, b"")
        while rows := self._all(query, (*after, *values, PAGE)):
            for row in rows:
                yield entry_from(row)
            after = (rows[-1][0], rows[-1][1])

    def events(self, after: int) -> Iterator[Event]:
        """Yield the events with larger numbers than *after*, the oldest first."""
        query = f"{_EVENTS} WHERE event.id > ? ORDER BY event.id LIMIT ?"
        while rows := self._all(query, (after, PAGE)):
            for row in rows:
                yield event_from(row)
            after = rows[-1][0]

    def history(self, issuer: IssuerKey, serial_number: int, limit: int) -> list[Event]:
        """Return the last events of one certificate, the newest first."""
        rows = self._all(
            f"{_EVENTS} WHERE {_OF_ISSUER} AND serial = ?"
            " ORDER BY event.id DESC LIMIT ?",
            (*issuer, integer_octets(serial_number), limit),
        )
        return list(map(event_from, rows))

    def count(self, issuer: IssuerKey) -> StatusCounts:
        """Return how many certificates of *issuer* have which status."""
        number, good, on_hold = self._one(f"{_COUNTS} {_OF_ISSUER}", issuer)
        return StatusCounts(good, number - good - on_hold, on_hold)


def _conditions(
    issuer: IssuerKey | None,
    status: OCSPCertStatus | None,
    expires_before: datetime.datetime | None,
    revoked_since: datetime.datetime | None,
) -> tuple[str, list[object]]:
    parts: list[str] = []
    values: list[object] = []
    if issuer is not None:
        parts.append(_OF_ISSUER)
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
