"""
Write events about many certificates, and events of another store.

Triggers write the events about one certificate.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator

from ocsp.store.events import Action, Event, Summary, event_columns, summary_text
from ocsp.store.postgresql.database.pool import Connection

__all__ = ["import_events", "in_bulk", "write_event"]

_BULK = "SELECT set_config('ocsp.bulk', %s, true)"
_WRITE = """
INSERT INTO event (action, issuer_id, detail, who, host, program)
VALUES (%s, %s, %s, current_setting('ocsp.who'), current_setting('ocsp.host'),
    current_setting('ocsp.program'))
"""
_COPY = """
INSERT INTO event (at, action, issuer_id, serial, version, old_revoked, old_reason,
    old_invalid, revoked, reason, invalid, detail, who, host, program)
VALUES (%s, %s, (SELECT id FROM issuer WHERE name_hash = %s AND key_hash = %s),
    %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


@contextlib.contextmanager
def in_bulk(connection: Connection) -> Iterator[None]:
    """
    Add and delete certificates without an event for each; the caller writes one.

    The triggers add no rows for the answers of new certificates either. If the block
    fails, the transaction takes the setting back.
    """
    connection.execute(_BULK, ("on",))
    yield
    connection.execute(_BULK, ("",))


def write_event(
    connection: Connection, action: Action, issuer: int | None, summary: Summary
) -> None:
    """Write one event about many rows of the issuer with the number *issuer*."""
    connection.execute(_WRITE, (action.value, issuer, summary_text(summary)))


def import_events(connection: Connection, events: Iterable[Event]) -> None:
    """Add events that another store recorded to the history."""
    with connection.cursor() as cursor:
        cursor.executemany(_COPY, map(event_columns, events))
