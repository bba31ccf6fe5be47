"""
Delete what is no longer needed: expired certificates, and old events.

Certificates are deleted page by page in short transactions, so that a revocation never
waits for long.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from ocsp.store.events import Action, PruneSummary
from ocsp.store.postgresql.changes.history import in_bulk, write_event
from ocsp.store.postgresql.database.pool import Connection, Pool
from ocsp.store.values import moment

__all__ = ["prune_certificates", "prune_events"]

PAGE = 5000
"""Rows that one transaction looks at."""

_END_OF_PAGE = """
SELECT issuer_id, serial FROM certificate WHERE (issuer_id, serial) > (%s, %s)
ORDER BY issuer_id, serial OFFSET %s LIMIT 1
"""
_DELETE = """
WITH deleted AS (
    DELETE FROM certificate WHERE (issuer_id, serial) > (%s, %s)
        AND (issuer_id, serial) <= (%s, %s) AND expires < %s
    RETURNING issuer_id
)
SELECT issuer_id, count(*) FROM deleted GROUP BY issuer_id ORDER BY issuer_id
"""
_END = ((1 << 31) - 1, b"")
_DELETE_EVENTS = """
DELETE FROM event WHERE id IN
    (SELECT id FROM event WHERE at < %s ORDER BY id LIMIT %s)
"""

Transaction = Callable[[], AbstractContextManager[Connection]]


def prune_certificates(pool: Pool, transaction: Transaction, before: int) -> int:
    """Delete the certificates that expired before *before*; return how many."""
    deleted = 0
    after = (0, b"")
    while after != _END:
        last = pool.fetch_one(_END_OF_PAGE, (*after, PAGE - 1)) or _END
        with transaction() as connection:
            deleted += _delete(connection, (*after, *last), before)
        after = last
    return deleted


def _delete(
    connection: Connection, page: tuple[int, bytes, int, bytes], before: int
) -> int:
    """Delete certificates of a page with one event for each issuer; return how many."""
    with in_bulk(connection):
        found = connection.execute(_DELETE, (*page, before)).fetchall()
    for issuer, count in found:
        summary = PruneSummary(count, 0, moment(before))
        write_event(connection, Action.PRUNED, issuer, summary)
    return sum(count for _, count in found)


def prune_events(transaction: Transaction, before: int) -> int:
    """Delete the events before *before*; return how many."""
    deleted = 0
    while True:
        with transaction() as connection:
            count = connection.execute(_DELETE_EVENTS, (before, PAGE)).rowcount
            if count:
                summary = PruneSummary(0, count, moment(before))
                write_event(connection, Action.PRUNED, None, summary)
        deleted += count
        if count < PAGE:
            return deleted
