"""
Let a program copy answers elsewhere: the signed answers, and changes after a place.

A place in the history is the identity of the database, when it was read, and a snapshot
of the transactions: what the snapshot does not show is new. If there are more changes
than were asked for, the place also has the snapshot in which the rest is read, and the
last event that was returned.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import NamedTuple

from ocsp.responder.source import IssuerKey, StatusQuery
from ocsp.responder.stored_answer import CertIDForm, NewAnswer, StoredAnswer
from ocsp.store.postgresql.database.identity import EPOCH
from ocsp.store.postgresql.database.pool import Connection, Pool
from ocsp.store.values import NewChanges, record_from, serial_from

__all__ = ["changes_after", "list_answers", "read_cursor", "write_cursor"]

PAGE = 1000
"""Rows that one statement reads."""

_KEPT_SECONDS = 86_400
"""How long the database keeps every event, as its triggers say."""

_ANSWERS = """
SELECT a.this_update, a.serial, a.form, a.version, signer.digest, a.due, a.next_update,
    a.tbs, a.signature, c.revoked, c.reason, c.invalid, c.expires, c.cert_hash
FROM answer a JOIN issuer ON issuer.id = a.issuer_id
JOIN certificate c ON c.issuer_id = a.issuer_id AND c.serial = a.serial
    AND c.version = a.version
JOIN signer ON signer.id = a.signer_id
WHERE name_hash = %s AND key_hash = %s
    AND (a.this_update, a.serial, a.form) > (%s, %s, %s)
ORDER BY a.this_update, a.serial, a.form LIMIT %s
"""
# One row without an event if there is none, so that the snapshot is always there.
_CHANGES = f"""
SELECT now.epoch, now.seen, now.first, e.id, e.name_hash, e.key_hash, e.serial
FROM (SELECT {EPOCH} AS epoch, pg_current_snapshot()::text AS seen,
    (SELECT at FROM event ORDER BY id LIMIT 1) AS first) now
LEFT JOIN (
    SELECT event.id, name_hash, key_hash, serial
    FROM event JOIN issuer ON issuer.id = issuer_id
    WHERE tx >= pg_snapshot_xmin(%(since)s::pg_snapshot)
        AND NOT pg_visible_in_snapshot(tx, %(since)s::pg_snapshot)
        AND pg_visible_in_snapshot(tx, coalesce(
            %(until)s::pg_snapshot, pg_current_snapshot()))
        AND event.id > %(after)s AND action = 'changed'
    ORDER BY event.id LIMIT %(limit)s
) e ON true ORDER BY e.id
"""  # noqa: S608 - only names of this package
_CURSOR = "SELECT value FROM setting WHERE name = %s"
_WRITE_CURSOR = """
INSERT INTO setting (name, value) VALUES (%s, %s)
ON CONFLICT (name) DO UPDATE SET value = excluded.value
"""


class _Place(NamedTuple):
    """A place in the history; *until* and *after* are set in the middle of a page."""

    epoch: str
    read: int
    since: str
    until: str = ""
    after: int = 0

    def __str__(self) -> str:
        return "|".join(map(str, self))


def _place(cursor: str) -> _Place:
    epoch, read, since, until, after = cursor.split("|")
    return _Place(epoch, int(read), since, until, int(after))


def list_answers(pool: Pool, issuer: IssuerKey, since: int) -> Iterator[NewAnswer]:
    """Yield the answers with a thisUpdate from *since* on, in this order."""
    after: tuple[int, bytes, int] = (since, b"", 0)
    while rows := pool.fetch_all(_ANSWERS, (*issuer, *after, PAGE)):
        for row in rows:
            this_update, serial, form, version, signer, due, *rest = row[:9]
            yield NewAnswer(
                StatusQuery(issuer, serial_from(serial)),
                CertIDForm(form),
                StoredAnswer(version, signer, due, this_update, *rest),
                record_from(*row[9:]),
            )
        after = rows[-1][:3]


def changes_after(pool: Pool, cursor: str, limit: int) -> NewChanges:
    """Return at most *limit* changes after the place *cursor*."""
    known = _place(cursor) if cursor else None
    values = {
        "since": known and known.since,
        "until": (known and known.until) or None,
        "after": known.after if known else 0,
        "limit": limit,
    }
    rows = pool.fetch_all(_CHANGES, values)
    epoch, seen, first = rows[0][:3]
    end = _Place(epoch, int(time.time()), seen)
    if known is None:
        return NewChanges([], str(end), complete=True)
    if known.epoch != epoch or _may_be_missing(known, first):
        return NewChanges([], str(end), complete=False)
    found = [row[3:] for row in rows if row[3] is not None]
    if not found and known.until:  # the end of that snapshot, and not of the history
        return changes_after(pool, str(end._replace(since=known.until)), limit)
    queries = [
        StatusQuery(IssuerKey(name, key), serial_from(serial))
        for _, name, key, serial in found
    ]
    return NewChanges(queries, str(_next(known, end, found, limit)), complete=True)


def _next(
    known: _Place, end: _Place, found: list[tuple[int, bytes, bytes, bytes]], limit: int
) -> _Place:
    """Return the place after the events *found*, which *known* had before it."""
    until = known.until or end.since
    if len(found) < limit:
        return end._replace(since=until)
    return known._replace(until=until, after=found[-1][0])


def _may_be_missing(known: _Place, first: int | None) -> bool:
    """Return whether events after *known* may have been deleted."""
    if time.time() < known.read + _KEPT_SECONDS:
        return False
    return first is None or first >= known.read


def read_cursor(pool: Pool, name: str) -> str:
    """Return the place that the program *name* keeps, or an empty text."""
    row = pool.fetch_one(_CURSOR, (_setting(name),))
    return row[0] if row else ""


def write_cursor(connection: Connection, name: str, cursor: str) -> None:
    """Keep the place *cursor* for the program *name*."""
    connection.execute(_WRITE_CURSOR, (_setting(name), cursor))


def _setting(name: str) -> str:
    return f"cursor {name}"
