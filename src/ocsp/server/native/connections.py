"""
Keep the connections of a server: their number, their deadlines, and their end.

There is no timer for each connection. About twice a second all deadlines are compared
with the clock, which takes some 0.1 ms for a thousand connections.
"""

from __future__ import annotations

import logging
import time

from ocsp import limits
from ocsp.metrics import Metrics
from ocsp.metrics.table import CONNECTIONS, SHED
from ocsp.server.event_log import EventLog
from ocsp.server.native.connection import Connection

__all__ = ["Connections"]

RESERVED_FILES = 64
"""Files that the process may need beside its connections."""

USED_SECONDS = 1.0
"""How exactly the order of use is kept."""


class Connections:
    """
    The connections of one server, those that waited longest first.

    Attributes:
        is_draining: Whether the server stops.
    """

    def __init__(self, log: EventLog, metrics: Metrics, *, backlog: int) -> None:
        """
        Begin without connections.

        Args:
            log: Where failures are reported.

            metrics: Where connections are counted.

            backlog: How many connections can be accepted before they are counted.
        """
        self._log = log
        self._metrics = metrics
        self._all: dict[Connection, float] = {}
        self._room = connection_limit(backlog)
        self.is_draining = False

    def opened(self, connection: Connection) -> None:
        """Add *connection*; if there are too many, end the one that waited longest."""
        self._all[connection] = time.monotonic()
        if len(self._all) > min(self._room, limits.MAX_CONNECTIONS):
            self._shed()

    def served(self, connection: Connection) -> None:
        """Move *connection* to the end of the order, at most once a second."""
        now = time.monotonic()
        if now - self._all.get(connection, now) > USED_SECONDS:
            del self._all[connection]
            self._all[connection] = now

    def closed(self, connection: Connection) -> None:
        """Remove *connection*."""
        self._all.pop(connection, None)

    def _shed(self) -> None:
        for connection in self._all:
            if not connection.is_answering:
                del self._all[connection]
                connection.abort()
                self._metrics.counter(SHED, "connections").value += 1
                self._log.report(
                    logging.WARNING,
                    "connections",
                    "too many connections: the one that was idle longest was closed",
                )
                return

    def sweep(self) -> None:
        """End the connections whose deadline is over."""
        now = time.monotonic()
        for connection in [each for each in self._all if each.deadline <= now]:
            self._metrics.counter(SHED, connection.expire()).value += 1

    def count(self) -> None:
        """Set the number of connections in the metrics."""
        self._metrics.gauge(CONNECTIONS).value = len(self._all)

    def drain(self) -> None:
        """
        End each connection with its next answer.

        If other requests have arrived by then, it ends with the answer to the last.
        """
        self.is_draining = True

    def end_idle(self) -> None:
        """End all connections that wait for another request."""
        for connection in list(self._all):
            connection.end_if_idle()

    def abort(self) -> None:
        """End all connections at once."""
        for connection in list(self._all):
            connection.abort()

    def __len__(self) -> int:
        return len(self._all)


def connection_limit(backlog: int) -> int:
    """Return how many connections the limit of open files allows."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows has no such limit
        return limits.MAX_CONNECTIONS
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return limits.MAX_CONNECTIONS
    return max(16, files - RESERVED_FILES - backlog)
