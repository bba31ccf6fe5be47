"""
A lock that a child process can use after a fork.

If one thread holds a lock while another forks, the lock is never released in the
child. So the child gets a new lock.
"""

from __future__ import annotations

import os
import threading
import weakref

__all__ = ["ForkSafeLock"]


class ForkSafeLock:
    """
    A lock, for ``with``. After a fork, nothing holds it in the child.

    Attributes:
        held: The lock of this process, for ``with`` where each microsecond counts. Do
            not keep it: a fork replaces it.
    """

    __slots__ = ("__weakref__", "held")

    def __init__(self) -> None:
        self.held = threading.Lock()
        _locks.add(self)

    def renew(self) -> None:
        """Replace the lock, also if a thread holds it."""
        self.held = threading.Lock()

    def __enter__(self) -> None:
        self.held.acquire()

    def __exit__(self, *_: object) -> None:
        self.held.release()


_locks: weakref.WeakSet[ForkSafeLock] = weakref.WeakSet()


def _renew_all() -> None:
    for lock in tuple(_locks):
        lock.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_all)
