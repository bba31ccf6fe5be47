"""
Cancellation of work in other threads.

Python cannot interrupt a thread, but shutting a socket down wakes a thread that waits
for it. So each worker thread has a :class:`Scope` and registers there the sockets that
it waits for. This module only shuts sockets down; the code that opened a socket closes
it.
"""

from __future__ import annotations

import contextlib
import socket
import time
from contextvars import ContextVar
from threading import Event, Lock

__all__ = ["Cancelled", "Scope", "current_scope", "raise_if_cancelled", "sleep"]


class Cancelled(BaseException):
    """The work of this thread was cancelled; its result is not needed."""


class Scope:
    """The sockets that one thread waits for, and whether its work is cancelled."""

    def __init__(self, outer: Scope | None = None) -> None:
        """
        Create a scope that is not cancelled.

        Args:
            outer: The scope of the thread that starts this work, if it has one.
                Cancelling it cancels this scope too.
        """
        self.cancelled = Event()
        self._lock = Lock()
        self._sockets: set[socket.socket] = set()
        self._inner: list[Scope] = []
        if outer is not None:
            outer.adopt(self)

    def adopt(self, inner: Scope) -> None:
        """Cancel *inner* when this scope is cancelled, or now if it already is."""
        with self._lock:
            self._inner.append(inner)
            late = self.cancelled.is_set()
        if late:
            inner.cancel()

    def add(self, opened: socket.socket) -> None:
        """Register *opened*; shut it down now if this scope is already cancelled."""
        with self._lock:
            self._sockets.add(opened)
            late = self.cancelled.is_set()
        if late:
            _wake(opened)

    def remove(self, closed: socket.socket) -> None:
        """Remove *closed*; a later cancellation does not shut it down."""
        with self._lock:
            self._sockets.discard(closed)

    def cancel(self) -> None:
        """Shut down the registered sockets, so that the thread wakes with an error."""
        self.cancelled.set()
        with self._lock:
            sockets, inner = tuple(self._sockets), tuple(self._inner)
        for each in sockets:
            _wake(each)
        for scope in inner:
            scope.cancel()


def _wake(opened: socket.socket) -> None:
    with contextlib.suppress(OSError):  # closed already, or never connected
        # Not the method of a TLS socket, which also ends TLS under a thread that reads.
        socket.socket.shutdown(opened, socket.SHUT_RDWR)


current_scope: ContextVar[Scope | None] = ContextVar("scope", default=None)
"""The scope of this thread; ``None`` for a thread that no race or worker started."""


def raise_if_cancelled() -> None:
    """
    Raise if the work of this thread was cancelled.

    Raises:
        Cancelled: If the current scope is cancelled.
    """
    scope = current_scope.get()
    if scope is not None and scope.cancelled.is_set():
        raise Cancelled


def sleep(seconds: float) -> None:
    """Wait for *seconds*, or until the work of this thread is cancelled."""
    scope = current_scope.get()
    if scope is None:
        time.sleep(seconds)
    else:
        scope.cancelled.wait(seconds)
