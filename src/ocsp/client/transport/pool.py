"""
A pool of idle connections, for the next request to the same responder.

Taking a connection removes it from the pool, so it has one user at a time. A child
process does not use the connections of its parent: two processes would read parts of
the same reply. This module closes nothing; it returns the connections to close.
"""

from __future__ import annotations

import os
import select
import time
from collections import deque
from collections.abc import Hashable
from typing import Generic, NamedTuple, Protocol, TypeVar

from ocsp.client.transport.forking import ForkSafeLock

__all__ = ["MAX_IDLE", "ConnectionPool", "Stream"]

MAX_IDLE = 64
"""How many idle connections a pool keeps by default, to all responders together."""

_IDLE_SECONDS = 15.0
"""For how long a pool keeps an idle connection."""


class Stream(Protocol):
    """The common methods of connections for threads and for tasks."""

    def fileno(self) -> int:
        """Return the number of the socket; negative if it is closed."""

    def buffered(self) -> bool:
        """Return whether octets were received and not read."""


Kept = TypeVar("Kept", bound=Stream)


class _Idle(NamedTuple, Generic[Kept]):
    key: Hashable
    stream: Kept
    until: float


class ConnectionPool(Generic[Kept]):
    """Idle connections, by a key of what they can serve."""

    def __init__(self, max_idle: int) -> None:
        """
        Create an empty pool.

        Args:
            max_idle: The largest number of idle connections.
        """
        self._max_idle = max_idle
        self._lock = ForkSafeLock()
        self._process = os.getpid()
        self._closed = False
        self._kept: deque[_Idle[Kept]] = deque()

    def take(self, key: Hashable) -> tuple[Kept | None, list[Kept]]:
        """
        Remove and return the connection for *key* that was used last, or ``None``.

        The second value is the list of unusable connections that the search has
        removed; the caller must close them.
        """
        unusable: list[Kept] = []
        with self._lock:
            if self._process != os.getpid():
                # The parent still uses them; closing ends only the child's access.
                unusable = [idle.stream for idle in self._kept]
                self._kept.clear()
                self._process = os.getpid()
            for idle in reversed(tuple(self._kept)):
                if idle.key != key:
                    continue
                self._kept.remove(idle)
                if time.monotonic() < idle.until and _is_silent(idle.stream):
                    return idle.stream, unusable
                unusable.append(idle.stream)
        return None, unusable

    def give_back(self, key: Hashable, stream: Kept) -> list[Kept]:
        """Keep *stream*, which must be idle; return the connections to close."""
        with self._lock:
            if self._closed:
                return [stream]
            self._kept.append(_Idle(key, stream, time.monotonic() + _IDLE_SECONDS))
            if len(self._kept) > self._max_idle:
                return [self._kept.popleft().stream]
        return []

    def close(self) -> list[Kept]:
        """Keep nothing from now on; return the connections to close."""
        with self._lock:
            self._closed = True
            kept = [idle.stream for idle in self._kept]
            self._kept.clear()
        return kept


def _is_silent(stream: Stream) -> bool:
    """Return whether an idle connection is open, and the server has sent nothing."""
    number = stream.fileno()
    if number < 0 or stream.buffered():
        return False
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(number, select.POLLIN)
        return not poll.poll(0)
    return not select.select([number], [], [], 0)[0]  # Windows
