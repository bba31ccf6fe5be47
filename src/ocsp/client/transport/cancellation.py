"""
Cancelling: how work in other threads is given up.

Python cannot interrupt a thread, but a socket that is shut down wakes whoever waits for
it. So each thread that works for another one has a :class:`Scope`, and notes there what
it waits for.

Rules of this file: shutting down only. Whoever has opened something closes it.
"""

from __future__ import annotations

import contextlib
import socket
import time
from contextvars import ContextVar
from threading import Event, Lock

__all__ = ["Cancelled", "Scope", "current_scope", "raise_if_cancelled", "sleep"]


class Cancelled(BaseException):
    """The thread need not go on: nobody waits for it any more."""


class Scope:
    """The sockets that one thread waits for, and whether it still should."""

    def __init__(self, outer: Scope | None = None) -> None:
        """
        Begin.

        Args:
            outer: The scope of the thread that this one works for, if it has one.
        """
        self.cancelled = Event()
        self._lock = Lock()
        self._sockets: set[socket.socket] = set()
        self._inner: list[Scope] = []
        if outer is not None:
            outer.adopt(self)

    def adopt(self, inner: Scope) -> None:
        """Cancel *inner* whenever this is cancelled."""
        with self._lock:
            self._inner.append(inner)
            late = self.cancelled.is_set()
        if late:
            inner.cancel()

    def add(self, opened: socket.socket) -> None:
        """Note *opened*; shut it down at once if this is cancelled already."""
        with self._lock:
            self._sockets.add(opened)
            late = self.cancelled.is_set()
        if late:
            _wake(opened)

    def remove(self, closed: socket.socket) -> None:
        """Forget *closed*."""
        with self._lock:
            self._sockets.discard(closed)

    def cancel(self) -> None:
        """Wake the thread: whatever it waits for fails."""
        self.cancelled.set()
        with self._lock:
            sockets, inner = tuple(self._sockets), tuple(self._inner)
        for each in sockets:
            _wake(each)
        for scope in inner:
            scope.cancel()


def _wake(opened: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it is closed, or was never connected
        opened.shutdown(socket.SHUT_RDWR)


current_scope: ContextVar[Scope | None] = ContextVar("scope", default=None)
"""The scope of this thread, if it works for another one."""


def raise_if_cancelled() -> None:
    """
    Return if this thread still has somebody to work for.

    Raises:
        Cancelled: If not.
    """
    scope = current_scope.get()
    if scope is not None and scope.cancelled.is_set():
        raise Cancelled


def sleep(seconds: float) -> None:
    """Wait, at most until this thread is cancelled."""
    scope = current_scope.get()
    if scope is None:
        time.sleep(seconds)
    else:
        scope.cancelled.wait(seconds)
