"""
A pool of idle connections, for the next request to the same responder.

The pools of httpcore are not used: with many concurrent tasks, a request can lose the
competition for a connection again and again. Here, taking a connection removes it from
the pool, so it has one user at a time. This module awaits and closes nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from threading import Lock
from typing import Generic, Protocol, TypeVar

__all__ = ["ConnectionPool"]


class _Connection(Protocol):
    """The common methods of httpcore's sync and async connections."""

    def is_idle(self) -> bool:
        """Return whether it can serve another request."""

    def has_expired(self) -> bool:
        """Return whether it was idle for too long, or the server has closed it."""


Kept = TypeVar("Kept", bound=_Connection)


class ConnectionPool(Generic[Kept]):
    """Idle connections, by a key of what they may serve."""

    def __init__(self, max_idle: int) -> None:
        """
        Create an empty pool.

        Args:
            max_idle: The largest number of idle connections.
        """
        self._max_idle = max_idle
        self._lock = Lock()
        self._kept: deque[tuple[Hashable, Kept]] = deque()

    def take(self, key: Hashable) -> tuple[Kept | None, list[Kept]]:
        """
        Remove and return the connection for *key* that was used last, or ``None``.

        The second value is the list of expired connections that the search has removed;
        the caller must close them.
        """
        found: Kept | None = None
        expired: list[Kept] = []
        kept: deque[tuple[Hashable, Kept]] = deque()
        with self._lock:
            while self._kept and found is None:
                each, connection = self._kept.pop()
                if each != key:
                    kept.appendleft((each, connection))
                elif connection.has_expired():
                    expired.append(connection)
                else:
                    found = connection
            self._kept.extend(kept)
        return found, expired

    def give_back(self, key: Hashable, connection: Kept) -> list[Kept]:
        """Keep *connection* if it is idle; return the connections to close."""
        if not connection.is_idle():
            return [connection]
        with self._lock:
            self._kept.append((key, connection))
            if len(self._kept) > self._max_idle:
                return [self._kept.popleft()[1]]
        return []

    def take_all(self) -> list[Kept]:
        """Remove and return all connections; the caller must close them."""
        with self._lock:
            all_kept = [connection for _, connection in self._kept]
            self._kept.clear()
        return all_kept
