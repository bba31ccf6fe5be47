"""
Follow the changes of status that others commit, in the background of an event loop.

A poll on a connection of its own shows what was committed since the last one. It runs
four times a second, and at once when the database notifies of a change. After a new
connection nothing that was known before counts, and the last events tell what copies of
answers may not know yet.

A process writes who it is before its first poll, and from then on what it has seen: so
who revokes can wait for it. Without a connection it is waited for no longer than three
seconds. Therefore it uses nothing from memory then, without asking the database.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import time
import uuid
from collections.abc import Callable
from typing import Any

from ocsp.errors import SourceUnavailable
from ocsp.responder.schedule import clock_difference
from ocsp.responder.source import StatusQuery
from ocsp.responder.stored_answer import ChangedStatus, Changes
from ocsp.store.postgresql.database.address import Address
from ocsp.store.postgresql.following import (
    ACKNOWLEDGE_SECONDS,
    CHANNEL,
    FORGET,
    FORGET_SECONDS,
    MAX_CHANGES,
    MAX_RECENT,
    NEW_EVENTS,
    RECENT_EVENTS,
    changed_in,
)
from ocsp.store.postgresql.serving.link import Link, connected
from ocsp.store.postgresql.serving.retrying import Backoff

__all__ = ["ChangeFollower"]

POLL_SECONDS = 0.25
"""The time between two polls. Behind a pooler nothing else tells of a change."""

GATHER_SECONDS = 0.025
"""The time between two polls while there are changes: under load one poll is for many.
It is longer than the event loop takes to drop the changes of the last one."""

# It does not wait until the disk has it: a row that is lost is written again.
_ACKNOWLEDGE = """
WITH setting AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
INSERT INTO node (id, host, process, backend, seen)
SELECT %s, %s, %s, %s, %s::pg_snapshot FROM setting
ON CONFLICT (id) DO UPDATE
SET backend = excluded.backend, seen = excluded.seen, at = clock_timestamp()
"""

_NOTHING_SEEN = "1:1:"
"""The snapshot of a process that follows from now on."""

UNKNOWN_SECONDS = 1.0
"""How old the view of the changes counts at least without a connection: too old to use
answers from memory (see :data:`ocsp.server.memory.change_poll.MAX_AGE_SECONDS`)."""

_log = logging.getLogger("ocsp.store")


class ChangeFollower:
    """
    What one process has seen of the changes.

    Attributes:
        tasks: The task of the connection.
    """

    def __init__(
        self,
        address: Address,
        program: str,
        follow: Callable[[str], None],
        *,
        acknowledges: bool,
    ) -> None:
        """
        Have seen nothing yet.

        Args:
            address: The database.

            program: The program, for ``pg_stat_activity``.

            follow: Called with the identity of the database whose changes are followed.

            acknowledges: Say in the database what was seen.
        """
        self._id = uuid.uuid4()
        self._address = address
        self._program = program
        self._follow = follow
        self._acknowledges = acknowledges
        self._read = time.monotonic() - UNKNOWN_SECONDS
        self._ahead: float | None = None
        self._everything = False
        self._changed: dict[StatusQuery, ChangedStatus] = {}
        self._collected: str | None = None
        self._taken: str | None = None
        self._is_unsaid = False
        self._said = 0.0
        self._lost = ""
        self._closing = asyncio.Event()
        self.tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Follow, if an event loop runs; a second call changes nothing."""
        if self.tasks:
            return
        with contextlib.suppress(RuntimeError):  # a later call will be in the loop
            loop = asyncio.get_running_loop()
            self.tasks.append(loop.create_task(self._keep_connected()))

    def close(self) -> None:
        """Take leave of the database, soon."""
        self._closing.set()

    def take(self) -> Changes:
        """Return what was noticed since the last call; the caller drops it at once."""
        changed, self._changed = self._changed, {}
        everything, self._everything = self._everything, False
        self._taken = self._collected
        age = time.monotonic() - self._read
        return Changes(everything, [*changed], age, self._ahead, changed)

    # --- the connection ---

    async def _keep_connected(self) -> None:
        backoff = Backoff()
        while not self._closing.is_set():
            try:
                await self._run(backoff)
            except SourceUnavailable as error:
                if self._lost != str(error):
                    self._lost = str(error)
                    _log.error("cannot follow the changes of status: %s", error)
            except Exception:
                _log.exception("unexpected error while changes are followed")
            self._taken = self._collected = None
            self._read = min(self._read, time.monotonic() - UNKNOWN_SECONDS)
            await backoff.wait(self._closing)

    async def _run(self, backoff: Backoff) -> None:
        """
        Follow the changes with one connection until it is lost.

        Raises:
            SourceUnavailable: When it is lost, or cannot be opened.
        """
        async with connected(self._address, self._program) as link:
            if link.is_direct:
                await link.listen(CHANNEL)
            if self._acknowledges:
                await self._say(link, _NOTHING_SEEN)
            epoch = seen = None
            while not self._closing.is_set():
                began, before = time.monotonic(), time.time()
                rows = await link.fetch(
                    NEW_EVENTS, {"seen": seen, "limit": MAX_CHANGES + 1}
                )
                is_late = began > self._read + FORGET_SECONDS
                is_new = epoch != rows[0][0] or is_late or _is_before(rows[0][1], seen)
                epoch, seen, clock = rows[0][:3]
                self._ahead = clock_difference(clock, before, time.time())
                if is_new:
                    self._begin(epoch, backoff)
                    rows = await link.fetch(
                        RECENT_EVENTS, {"seen": seen, "limit": MAX_RECENT}
                    )
                has_news = self._collect(rows, everything=is_new)
                self._read, self._collected = began, seen
                await self._pause(link, has_news=has_news)
                await self._acknowledge(link)
            if self._acknowledges:
                await link.fetch(FORGET, (self._id,))

    def _begin(self, epoch: str, backoff: Backoff) -> None:
        """Follow the database with the identity *epoch*."""
        backoff.connected()
        self._follow(epoch)
        if self._lost:
            self._lost = ""
            _log.warning("%s: changes are followed again", self._address.name)

    def _collect(self, rows: list[tuple[Any, ...]], *, everything: bool) -> bool:
        """Keep what the rows of a poll say until it is taken; tell if it is news."""
        changed = changed_in(rows)
        has_news = everything or bool(changed)
        if everything or len(rows) + len(self._changed) > MAX_CHANGES:
            self._everything, self._changed = True, changed
        else:
            self._changed |= changed
        self._is_unsaid = self._is_unsaid or has_news
        return has_news

    @staticmethod
    async def _pause(link: Link, *, has_news: bool) -> None:
        """Wait until the next poll."""
        if has_news:
            await asyncio.sleep(GATHER_SECONDS)
        else:
            await link.pause(POLL_SECONDS)

    async def _acknowledge(self, link: Link) -> None:
        """Say what was dropped: news when all of them are, and else each second."""
        if self._taken is None or not self._acknowledges:
            return
        now = time.monotonic()
        news = self._is_unsaid and self._taken == self._collected
        if not news and now < self._said + ACKNOWLEDGE_SECONDS:
            return
        if news:
            self._is_unsaid = False
        await self._say(link, self._taken)
        self._said = now

    async def _say(self, link: Link, seen: str) -> None:
        """Write who this process is, and that it has seen what a snapshot shows."""
        who = (self._id, socket.gethostname(), os.getpid(), link.backend)
        await link.fetch(_ACKNOWLEDGE, (*who, seen))


def _is_before(snapshot: str, other: str | None) -> bool:
    """Return whether *snapshot* is of a time before *other*: of a server put back."""
    return other is not None and _end(snapshot) < _end(other)


def _end(snapshot: str) -> int:
    """Return the number that the next transaction has in *snapshot*."""
    return int(snapshot.split(":")[1])
