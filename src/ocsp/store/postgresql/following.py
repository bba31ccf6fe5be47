"""
Follow the changes of status that others commit, and say which ones were seen.

The cursor is the snapshot of the last poll: what it did not show is new. The number of
an event would not do, because transactions do not commit in the order of their numbers.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
import uuid
from collections.abc import Sequence
from typing import Any

from ocsp.errors import SourceUnavailable, StoreError
from ocsp.responder.schedule import clock_difference
from ocsp.responder.source import IssuerKey, StatusQuery
from ocsp.responder.stored_answer import ChangedStatus, Changes
from ocsp.store.postgresql.database.identity import EPOCH
from ocsp.store.postgresql.database.pool import Pool
from ocsp.store.values import LateReader, serial_from

__all__ = [
    "ACKNOWLEDGE",
    "ACKNOWLEDGE_SECONDS",
    "CHANNEL",
    "FORGET",
    "MAX_CHANGES",
    "MAX_RECENT",
    "NEW_EVENTS",
    "NOW",
    "RECENT_EVENTS",
    "Follower",
    "changed_in",
    "late_nodes",
]

CHANNEL = "ocsp_status"
"""Where the database notifies of changes, at the end of their transactions."""

ACKNOWLEDGE_SECONDS = 1.0
"""How often a process says that it is there, also when nothing has changed."""

GONE_SECONDS = 10.0
"""
After this time of silence a process counts as ended, also behind a pooler, where the
end of its connection cannot be seen.
"""

ENDED_SECONDS = 3.0
"""
How long a process without a connection to the server may connect again before it counts
as ended: three times the longest pause between two tries. While it cannot ask the
database it uses what it has in memory.
"""

FORGET_SECONDS = 3600.0
"""After this time without a poll a caller has to drop everything: old events go."""

MAX_CHANGES = 10_000
"""Changes that one poll returns; if there are more, everything counts as changed."""

_POLL_SECONDS = 0.01

NOW = "extract(epoch FROM clock_timestamp())::float8"
"""The expression for what the clock of the server says, in seconds since 1970."""

# One row without an event if there is none, so that the snapshot is always there. The
# comparison with xmin lets the index be used.
NEW_EVENTS = f"""
SELECT now.epoch, now.seen, now.clock, e.name_hash, e.key_hash, e.serial, e.version,
    e.revoked IS NOT NULL
FROM (
    SELECT {EPOCH} AS epoch, pg_current_snapshot()::text AS seen, {NOW} AS clock
) now
LEFT JOIN (
    SELECT name_hash, key_hash, serial, version, revoked
    FROM event JOIN issuer ON issuer.id = issuer_id
    WHERE tx >= pg_snapshot_xmin(%(seen)s::pg_snapshot)
        AND NOT pg_visible_in_snapshot(tx, %(seen)s::pg_snapshot)
        AND action = 'changed'
    ORDER BY event.id LIMIT %(limit)s
) e ON true
"""  # noqa: S608 - only names of this package
"""The query for what was committed after the snapshot ``seen``; ``NULL``: nothing."""

MAX_RECENT = 1_000
"""Changes that a process reads when it begins: copies may not have the last ones."""

RECENT_EVENTS = """
SELECT name_hash, key_hash, serial, version, revoked IS NOT NULL
FROM (
    SELECT * FROM event
    WHERE pg_visible_in_snapshot(tx, %(seen)s::pg_snapshot) AND action = 'changed'
    ORDER BY id DESC LIMIT %(limit)s
) recent
JOIN issuer ON issuer.id = issuer_id
ORDER BY recent.id
"""
"""The query for the last changes that are visible in the snapshot ``seen``."""

ACKNOWLEDGE = """
INSERT INTO node (id, host, process, seen) VALUES (%s, %s, %s, %s::pg_snapshot)
ON CONFLICT (id) DO UPDATE SET seen = excluded.seen, at = clock_timestamp()
"""
"""Say that this process has taken into account what a snapshot shows."""

_IS_THERE = """
(backend IS NULL OR EXISTS (SELECT FROM pg_stat_activity WHERE pid = node.backend))
"""
"""Whether the connection of a process has not ended, or its end cannot be seen."""

FORGET = "DELETE FROM node WHERE id = %s OR at < clock_timestamp() - interval '1 day'"
"""Remove the row of this process, and very old ones."""

_FORGET_ENDED = f"DELETE FROM node WHERE id = ANY(%s) AND NOT {_IS_THERE}"  # noqa: S608

_LATE = f"""
SELECT process, host, coalesce((SELECT id FROM event
    WHERE pg_visible_in_snapshot(tx, node.seen) ORDER BY id DESC LIMIT 1), 0),
    id, {_IS_THERE}
FROM node WHERE at > clock_timestamp() - %s * interval '1 s'
    AND NOT pg_visible_in_snapshot((SELECT tx FROM event WHERE id = %s), node.seen)
ORDER BY host, process
"""  # noqa: S608 - only names of this package
_LAST_TRANSACTION = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text"


def changed_in(rows: Sequence[Sequence[Any]]) -> dict[StatusQuery, ChangedStatus]:
    """Return what rows of events say: the last change of each certificate."""
    return {
        StatusQuery(IssuerKey(name, key), serial_from(serial)): ChangedStatus(
            version, revoked
        )
        for *_, name, key, serial, version, revoked in rows
        if serial is not None
    }


class Follower:
    """What one process has seen of the changes; threads share it."""

    def __init__(self, pool: Pool, *, acknowledges: bool) -> None:
        """
        Have seen nothing yet.

        Args:
            pool: The database.

            acknowledges: Say in the database what was seen.
        """
        self._pool = pool
        self._acknowledges = acknowledges
        self._lock = threading.Lock()
        self._id = uuid.uuid4()
        self._last: str | None = None
        self._epoch: str | None = None
        self._seen: str | None = None
        self._news = False
        self._polled = self._acknowledged = 0.0

    def poll(self) -> Changes:
        """
        Return what changed since the last poll; the first one returns everything.

        It also acknowledges what the last poll returned.

        Raises:
            SourceUnavailable: If the database cannot be read now.
        """
        with self._lock:
            now = time.monotonic()
            self._acknowledge(now)
            before = time.time()
            rows = self._pool.fetch_all(
                NEW_EVENTS, {"seen": self._seen, "limit": MAX_CHANGES + 1}
            )
            epoch, seen, clock = rows[0][:3]
            ahead = clock_difference(clock, before, time.time())
            known = epoch == self._epoch and now < self._polled + FORGET_SECONDS
            self._epoch, self._seen, self._polled = epoch, seen, now
            if not known or len(rows) > MAX_CHANGES:
                self._news = True
                return Changes(True, (), ahead=ahead)
            changed = changed_in(rows)
            if not changed:
                return Changes(False, (), ahead=ahead)
            self._news = True
            return Changes(False, [*changed], ahead=ahead)

    def has_changed(self) -> bool:
        """
        Return whether any connection has written since the last call.

        Raises:
            SourceUnavailable: If the database cannot be read now.
        """
        (last,) = self._pool.fetch_one(_LAST_TRANSACTION)
        with self._lock:
            before, self._last = self._last, last
        return bool(before != last)

    def _acknowledge(self, now: float) -> None:
        late = now > self._acknowledged + ACKNOWLEDGE_SECONDS
        if self._seen is None or not self._acknowledges or not (self._news or late):
            return
        try:
            with self._pool.answering() as connection:
                connection.execute(
                    ACKNOWLEDGE,
                    (self._id, socket.gethostname(), os.getpid(), self._seen),
                )
        except StoreError as error:
            # A revocation could not wait for this process: it must not answer.
            raise SourceUnavailable(
                f"{error}; the table node is not written"
            ) from error
        self._acknowledged = now
        self._news = False

    def close(self) -> None:
        """Remove the row of this process: it answers no longer."""
        with self._lock:
            if not self._acknowledged:
                return
            self._acknowledged = 0.0
            with (
                contextlib.suppress(StoreError),  # the row counts no longer in 10 s
                self._pool.answering() as connection,
            ):
                connection.execute(FORGET, (self._id,))


def late_nodes(pool: Pool, event: int, seconds: float) -> list[LateReader]:
    """
    Wait until every process has seen *event*, and return those that have not.

    Args:
        pool: The database.

        event: The number of the event.

        seconds: How long to wait at most.
    """
    end = time.monotonic() + seconds
    absent = _Absent()
    while True:
        rows = pool.fetch_all(_LATE, (GONE_SECONDS, event))
        late = [
            LateReader(process, seen, host)
            for process, host, seen, node, is_there in rows
            if not absent.has_ended(node, is_there=is_there)
        ]
        if not late or time.monotonic() >= end:
            absent.forget_ended(pool)
            return late
        time.sleep(_POLL_SECONDS)


class _Absent:
    """The processes that have no connection to the server, and since when."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}
        self._ended: set[str] = set()

    def has_ended(self, node: str, *, is_there: bool) -> bool:
        """Return whether *node* has had time enough to connect again."""
        now = time.monotonic()
        if is_there:
            self._since.pop(node, None)
            return False
        if now < self._since.setdefault(node, now) + ENDED_SECONDS:
            return False
        self._ended.add(node)
        return True

    def forget_ended(self, pool: Pool) -> None:
        """Remove the rows of ended processes, for which nothing waits any more."""
        if self._ended:
            with (
                contextlib.suppress(StoreError),  # the rows count no longer in 10 s
                pool.answering() as connection,
            ):
                connection.execute(_FORGET_ENDED, (list(self._ended),))
