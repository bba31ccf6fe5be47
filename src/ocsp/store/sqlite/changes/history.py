"""
Write events about many certificates, and events of another store.

Triggers write the events about one certificate.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator

from ocsp.store.events import Action, Event, Summary, event_columns, summary_text

__all__ = ["import_events", "in_bulk", "write_event"]

_BULK = "UPDATE writer SET bulk = ?"
_WRITE = """
INSERT INTO event (action, issuer_id, detail, who, host, program)
SELECT ?, ?, ?, who, host, program FROM writer
"""
_COPY = """
INSERT INTO event (at, action, issuer_id, serial, version, old_revoked, old_reason,
    old_invalid, revoked, reason, invalid, detail, who, host, program)
VALUES (?, ?, (SELECT id FROM issuer WHERE name_hash = ? AND key_hash = ?),
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


@contextlib.contextmanager
def in_bulk(connection: sqlite3.Connection) -> Iterator[None]:
    """
    Add and delete certificates without an event for each; the caller writes one.

    If the block fails, the transaction takes the setting back.
    """
    connection.execute(_BULK, (1,))
    yield
    connection.execute(_BULK, (0,))


def write_event(
    connection: sqlite3.Connection, action: Action, issuer: int | None, summary: Summary
) -> None:
    """Write one event about many rows of the issuer with the number *issuer*."""
    connection.execute(_WRITE, (action.value, issuer, summary_text(summary)))


def import_events(connection: sqlite3.Connection, events: Iterable[Event]) -> None:
    """Add events that another store recorded to the history."""
    connection.executemany(_COPY, map(event_columns, events))
