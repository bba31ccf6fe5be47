"""
Delete what is no longer needed: expired certificates, and old events.

Certificates are deleted page by page in short transactions, so that a revocation never
waits for long.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from ocsp.store.postgresql.database.pool import Connection, Pool

__all__ = ["prune_certificates", "prune_events"]

PAGE = 5000
"""Rows that one transaction looks at."""

_END_OF_PAGE = """
SELECT issuer_id, serial FROM certificate WHERE (issuer_id, serial) > (%s, %s)
ORDER BY issuer_id, serial OFFSET %s LIMIT 1
"""
_DELETE = """
DELETE FROM certificate WHERE (issuer_id, serial) > (%s, %s)
    AND (issuer_id, serial) <= (%s, %s) AND expires < %s
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
            deleted += connection.execute(_DELETE, (*after, *last, before)).rowcount
        after = last
    return deleted


def prune_events(transaction: Transaction, before: int) -> int:
    """Delete the events before *before*; return how many."""
    deleted = 0
    while True:
        with transaction() as connection:
            count = connection.execute(_DELETE_EVENTS, (before, PAGE)).rowcount
        deleted += count
        if count < PAGE:
            return deleted
