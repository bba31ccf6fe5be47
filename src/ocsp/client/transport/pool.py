"""
A pool of idle connections, for the next request to the same responder.

No octet of one reply may be taken for the next one. So the pool gives away only a
connection on which the server has sent nothing while it was idle.

Taking a connection removes it from the pool, so it has one user at a time. A child
process does not use the connections of its parent: two processes would read parts of
the same reply. The pool closes nothing; it returns the connections to close.
"""

from __future__ import annotations

import os
import select
import socket
import ssl
import time
from collections import deque
from collections.abc import Hashable
from typing import Generic, NamedTuple, TypeVar

from ocsp.client.transport.forking import ForkSafeLock

__all__ = ["MAX_IDLE", "ConnectionPool", "Stream"]

MAX_IDLE = 64
"""How many idle connections a pool keeps by default, to all responders together."""

_IDLE_SECONDS = 15.0
"""For how long a pool keeps an idle connection."""


class Stream:
    """
    A connection over a socket: what threads and tasks have in common.

    Nothing between the socket and the caller keeps octets, except TLS.
    """

    def __init__(self, opened: socket.socket) -> None:
        """Take the socket *opened*, with or without TLS."""
        self._socket = opened

    def fileno(self) -> int:
        """Return the number of the socket; negative if it is closed."""
        return self._socket.fileno()

    def is_silent(self) -> bool:
        """
        Return whether the connection is open, and the server has sent nothing.

        With TLS, also a record that is not for the application counts: a part of one
        can wait for its end.
        """
        number = self.fileno()
        if number < 0 or self._holds_octets():
            return False
        if hasattr(select, "poll"):
            poll = select.poll()
            poll.register(number, select.POLLIN)
            return not poll.poll(0)
        return not select.select([number], [], [], 0)[0]  # Windows

    def _holds_octets(self) -> bool:
        """Return whether TLS has octets that no caller has read."""
        return isinstance(self._socket, ssl.SSLSocket) and self._socket.pending() > 0

    def has_spoken(self) -> bool:
        """
        Return whether the server has sent anything for the application.

        After a TLS handshake, session tickets are not. This reads what it looks for, so
        a connection whose server has spoken must be closed.
        """
        self._socket.settimeout(0)
        try:
            return bool(self._socket.recv(1))
        except OSError:  # nothing to read; a failure will be seen when it is used
            return False

    def wrap(self, context: ssl.SSLContext, host: str) -> ssl.SSLSocket:
        """
        Put TLS on the socket and return it. The handshake is the next step.

        Raises:
            OSError: If *host* cannot be the name of a TLS server.
        """
        try:
            name = host.encode("idna").decode()
        except UnicodeError as error:
            raise OSError(f"{host!r} is not a host name: {error}") from error
        if not name or "\0" in name:
            raise OSError(f"{host!r} is not a host name")
        wrapped = context.wrap_socket(
            self._socket, do_handshake_on_connect=False, server_hostname=name
        )
        self._socket = wrapped
        return wrapped

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


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
        with self._lock.held:
            if self._process != os.getpid():
                # The parent still uses them; closing ends only the child's access.
                unusable = [idle.stream for idle in self._kept]
                self._kept.clear()
                self._process = os.getpid()
            for idle in reversed(tuple(self._kept)):
                if idle.key != key:
                    continue
                self._kept.remove(idle)
                if time.monotonic() < idle.until and idle.stream.is_silent():
                    return idle.stream, unusable
                unusable.append(idle.stream)
        return None, unusable

    def give_back(self, key: Hashable, stream: Kept) -> list[Kept]:
        """Keep *stream*, which must be idle; return the connections to close."""
        with self._lock.held:
            if self._closed:
                return [stream]
            self._kept.append(_Idle(key, stream, time.monotonic() + _IDLE_SECONDS))
            if len(self._kept) > self._max_idle:
                return [self._kept.popleft().stream]
        return []

    def close(self) -> list[Kept]:
        """Keep nothing from now on; return the connections to close."""
        with self._lock.held:
            self._closed = True
            kept = [idle.stream for idle in self._kept]
            self._kept.clear()
        return kept
