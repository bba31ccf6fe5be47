"""
Idle connections: kept for the next question to the same responder.

httpcore has pools, but under many tasks a request can lose the race for a connection
again and again; here whoever takes a connection has it.

Rules of this file: a connection is in here, or in use, never both. Nothing is awaited
and nothing is closed here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from threading import Lock
from typing import Generic, Protocol, TypeVar

__all__ = ["ConnectionPool"]


class _Connection(Protocol):
    """What is common to httpcore's connections of both kinds."""

    def is_idle(self) -> bool:
        """Tell whether it can be kept."""

    def has_expired(self) -> bool:
        """Tell whether it was idle for too long, or the server has closed it."""


Kept = TypeVar("Kept", bound=_Connection)


class ConnectionPool(Generic[Kept]):
    """Connections that wait for the next question."""

    def __init__(self, most: int) -> None:
        """
        Begin without any.

        Args:
            most: How many are kept.
        """
        self._most = most
        self._lock = Lock()
        self._kept: deque[tuple[Hashable, Kept]] = deque()

    def take(self, key: Hashable) -> tuple[Kept | None, list[Kept]]:
        """
        Return the connection for *key* that was used last, if there is one.

        And all others that have expired, which are to be closed.
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
        """Keep *connection* if it can be; return what is to be closed instead."""
        if not connection.is_idle():
            return [connection]
        with self._lock:
            self._kept.append((key, connection))
            if len(self._kept) > self._most:
                return [self._kept.popleft()[1]]
        return []

    def take_all(self) -> list[Kept]:
        """Return all, which are to be closed."""
        with self._lock:
            all_kept = [connection for _, connection in self._kept]
            self._kept.clear()
        return all_kept
