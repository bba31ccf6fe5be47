"""
Delete what is no longer needed: expired certificates, and old events.

Certificates are read page by page, and deleted in short transactions, so that a
revocation never waits for long.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import groupby
from operator import itemgetter

from ocsp.store.events import Action, PruneSummary
from ocsp.store.sqlite.changes.history import in_bulk, write_event
from ocsp.store.sqlite.database.reader import Reader
from ocsp.store.values import moment

__all__ = ["prune_certificates", "prune_events"]

PAGE = 5000
"""Rows that one transaction looks at."""

_PAGE = """
SELECT issuer_id, serial, expires FROM certificate
WHERE (issuer_id, serial) > (?, ?) ORDER BY issuer_id, serial LIMIT ?
"""
# The condition is repeated: another process may have changed the row meanwhile.
_DELETE = "DELETE FROM certificate WHERE issuer_id = ? AND serial = ? AND expires < ?"
_DELETE_EVENTS = """
DELETE FROM event WHERE id IN
    (SELECT id FROM event WHERE at < ? ORDER BY id LIMIT ?)
"""


Transaction = Callable[[], AbstractContextManager[sqlite3.Connection]]


def prune_certificates(reader: Reader, transaction: Transaction, before: int) -> int:
    """Delete the certificates that expired before *before*; return how many."""
    deleted = 0
    after = (0, b"")
    while rows := reader.fetch_all(_PAGE, (*after, PAGE)):
        expired = [
            (issuer, serial, before)
            for issuer, serial, expires in rows
            if expires is not None and expires < before
        ]
        if expired:
            with transaction() as connection, in_bulk(connection):
                for issuer, keys in groupby(expired, key=itemgetter(0)):
                    deleted += _delete(connection, issuer, list(keys), before)
        after = (rows[-1][0], rows[-1][1])
    return deleted


def _delete(
    connection: sqlite3.Connection,
    issuer: int,
    keys: list[tuple[int, bytes, int]],
    before: int,
) -> int:
    """Delete certificates of one issuer with one event; return how many."""
    count = connection.executemany(_DELETE, keys).rowcount
    if count:
        summary = PruneSummary(count, 0, moment(before))
        write_event(connection, Action.PRUNED, issuer, summary)
    return count


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
