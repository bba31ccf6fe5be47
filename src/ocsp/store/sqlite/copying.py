"""
Let a program copy answers elsewhere: the signed answers, and changes after a place.

A place in the history is the identifier of the database and the number of an event, so
that a place from before a restore is recognized. SQLite numbers the events in the order
in which their transactions end, without a gap.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

from ocsp.responder.source import IssuerKey, StatusQuery
from ocsp.responder.stored_answer import CertIDForm, NewAnswer, StoredAnswer
from ocsp.store.sqlite.database.reader import Reader
from ocsp.store.sqlite.database.schema import LAST_EVENT
from ocsp.store.values import NewChanges, record_from, serial_from

__all__ = ["changes_after", "has_gap", "list_answers", "read_cursor", "write_cursor"]

PAGE = 1000
"""Rows that one statement reads."""

# CROSS JOIN: SQLite reads the tables in this order.
_ANSWERS = """
SELECT a.this_update, a.serial, a.form, a.version, a.signer_id, a.due, a.next_update,
    a.tbs, a.signature, c.revoked, c.reason, c.invalid, c.expires, c.cert_hash
FROM answer a INDEXED BY answer_signed CROSS JOIN certificate c
    ON c.issuer_id = a.issuer_id AND c.serial = a.serial AND c.version = a.version
WHERE a.issuer_id = ? AND a.this_update >= ?
    AND (a.this_update, a.serial, a.form) > (?, ?, ?)
ORDER BY a.this_update, a.serial, a.form LIMIT ?
"""
# One statement, so one snapshot; a LEFT JOIN, so a row also without events.
_CHANGES = f"""
SELECT (SELECT value FROM setting WHERE name = 'database_id'),
    coalesce(({LAST_EVENT}), 0), coalesce((SELECT min(id) FROM event), 0),
    e.id, name_hash, key_hash, serial
FROM (SELECT 1) LEFT JOIN (
    SELECT * FROM event INDEXED BY event_changed
    WHERE id > ? AND action = 'changed' ORDER BY id LIMIT ?
) e LEFT JOIN issuer ON issuer.id = e.issuer_id ORDER BY e.id
"""  # noqa: S608 - only names of this module
_CURSOR = "SELECT value FROM setting WHERE name = ?"
_WRITE_CURSOR = """
INSERT INTO setting (name, value) VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET value = excluded.value
"""


def list_answers(reader: Reader, issuer: IssuerKey, since: int) -> Iterator[NewAnswer]:
    """Yield the answers with a thisUpdate from *since* on, in this order."""
    after: tuple[int, bytes, int] = (since, b"", 0)
    # The number of the issuer is asked for each time: the file can be replaced.
    while rows := reader.fetch_all(
        _ANSWERS, (reader.issuer_id(issuer), after[0], *after, PAGE)
    ):
        for row in rows:
            yield _answer(reader, issuer, row)
        after = rows[-1][:3]


def _answer(reader: Reader, issuer: IssuerKey, row: tuple[Any, ...]) -> NewAnswer:
    this_update, serial, form, version, signer, due, *rest = row[:9]
    return NewAnswer(
        StatusQuery(issuer, serial_from(serial)),
        CertIDForm(form),
        StoredAnswer(version, reader.signer(signer), due, this_update, *rest),
        record_from(*row[9:]),
    )


def changes_after(reader: Reader, cursor: str, limit: int) -> NewChanges:
    """Return at most *limit* changes after the place *cursor*."""
    known, _, text = cursor.partition(":")
    number = int(text or 0)
    rows = reader.fetch_all(_CHANGES, (number, limit))
    database, last, first = rows[0][:3]
    end = f"{database}:{last}"
    if not cursor:
        return NewChanges([], end, complete=True)
    if known != database or number > last or has_gap(number, first, last):
        return NewChanges([], end, complete=False)
    found = [row[3:] for row in rows if row[3] is not None]
    queries = [
        StatusQuery(IssuerKey(name, key), serial_from(serial))
        for _, name, key, serial in found
    ]
    place = found[-1][0] if len(found) == limit else last
    return NewChanges(queries, f"{database}:{place}", complete=True)


def has_gap(number: int, first: int, last: int) -> bool:
    """Return whether events after *number* were deleted; *first* is 0 without any."""
    return number < last and (first == 0 or first > number + 1)


def read_cursor(reader: Reader, name: str) -> str:
    """Return the place that the program *name* keeps, or an empty text."""
    row = reader.fetch_one(_CURSOR, (_setting(name),))
    return row[0] if row else ""


def write_cursor(connection: sqlite3.Connection, name: str, cursor: str) -> None:
    """Keep the place *cursor* for the program *name*."""
    connection.execute(_WRITE_CURSOR, (_setting(name), cursor))


def _setting(name: str) -> str:
    return f"cursor {name}"
