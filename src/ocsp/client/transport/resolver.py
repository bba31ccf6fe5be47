"""
Look up the addresses of host names, in a bounded number of threads.

``getaddrinfo`` has no time limit and cannot be cancelled: a name server that does not
answer holds its thread. So the callers wait, each as long as it wants to, and at most
``limits.MAX_RESOLVER_THREADS`` threads look names up. Callers that look up the same
name wait for the same thread; other names wait in a queue. The threads do not keep the
process alive.
"""

from __future__ import annotations

import os
import socket
import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TypeAlias

from ocsp import limits
from ocsp.client.transport.forking import ForkSafeLock

__all__ = ["NOT_A_NAME", "Addresses", "Resolver", "resolver"]

NOT_A_NAME = "a label of the name is empty, too long, or not allowed"
"""What to say of a name for which Python raises ``UnicodeError`` (RFC 3490 §4.1)."""

Addresses: TypeAlias = "Future[list[str]]"
"""The addresses that one caller waits for. The caller cancels it to stop waiting."""


@dataclass(eq=False, slots=True)
class _LookUp:
    """A name, and the callers that wait for its addresses."""

    host: str
    port: int
    callers: list[Addresses]

    def is_wanted(self) -> bool:
        return not all(each.cancelled() for each in self.callers)

    def add(self, caller: Addresses) -> None:
        waiting = [each for each in self.callers if not each.cancelled()]
        self.callers = [*waiting, caller]

    def run(self) -> tuple[list[str], str]:
        """Return the addresses, or why there are none."""
        if "\0" in self.host:  # getaddrinfo would resolve what is before it
            return [], "the name has a null character"
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
            return list(dict.fromkeys(str(each[4][0]) for each in found)), ""
        except UnicodeError:
            return [], NOT_A_NAME
        except Exception as error:  # OSError, MemoryError and others
            return [], getattr(error, "strerror", "") or str(error) or repr(error)


class Resolver:
    """The look-ups of a process: those that run, and those in the queue."""

    def __init__(self) -> None:
        """Create a resolver without threads; they start as they are needed."""
        self._lock = ForkSafeLock()
        self._process = os.getpid()
        self._open: dict[tuple[str, int], _LookUp] = {}
        self._queue: deque[_LookUp] = deque()
        self._threads = 0

    def look_up(self, host: str, port: int) -> Addresses:
        """
        Start to look *host* up, or join the look-up that is under way.

        The result is the list of addresses, without duplicates. The exception is an
        ``OSError`` that says why there are none.
        """
        caller: Addresses = Future()
        with self._lock:
            self._forget_parent()
            known = self._open.get((host, port))
            if known is not None:
                known.add(caller)
                return caller
            self._enqueue(_LookUp(host, port, [caller]))
            try:
                self._start_thread()
            except RuntimeError as error:
                self._remove(self._queue[-1])
                caller.set_exception(OSError(str(error)))
        return caller

    def resolve(self, host: str, port: int, seconds: float) -> list[str]:
        """
        Return the addresses of *host*.

        Raises:
            OSError: If there are none: ``TimeoutError`` if *seconds* have passed.
        """
        addresses = self.look_up(host, port)
        try:
            return addresses.result(seconds)
        except TimeoutError:
            raise TimeoutError(self.why_late(host)) from None
        finally:
            addresses.cancel()

    def why_late(self, host: str) -> str:
        """Return what to say of *host* if its addresses do not come in time."""
        why = f"resolving {host} took too long"
        if self._is_saturated():
            why += f": {self._threads} look-ups have no answer yet"
        return why

    def _is_saturated(self) -> bool:
        return self._threads >= limits.MAX_RESOLVER_THREADS

    def _forget_parent(self) -> None:
        """Forget the look-ups of the parent process, whose threads are not here."""
        if self._process != os.getpid():
            self._process = os.getpid()
            self._open.clear()
            self._queue.clear()
            self._threads = 0

    def _enqueue(self, new: _LookUp) -> None:
        self._drop_abandoned()
        self._open[new.host, new.port] = new
        self._queue.append(new)

    def _drop_abandoned(self) -> None:
        """Remove from the queue what no caller waits for."""
        for each in tuple(self._queue):
            if not each.is_wanted():
                self._remove(each)

    def _remove(self, queued: _LookUp) -> None:
        self._queue.remove(queued)
        del self._open[queued.host, queued.port]

    def _start_thread(self) -> None:
        """
        Start a thread, unless there are enough.

        Raises:
            RuntimeError: If the system has no more threads, and the queue no thread.
        """
        if self._is_saturated():
            return
        work = threading.Thread(target=self._work, name="ocsp-resolver", daemon=True)
        try:
            work.start()
        except RuntimeError:
            if not self._threads:
                raise
        else:
            self._threads += 1

    def _work(self) -> None:
        """Look up the names in the queue, until it is empty."""
        while (each := self._next()) is not None:
            addresses, why = each.run()
            with self._lock:
                del self._open[each.host, each.port]
            for caller in each.callers:
                if not caller.set_running_or_notify_cancel():
                    continue
                if why:
                    caller.set_exception(OSError(why))
                else:
                    caller.set_result(addresses)

    def _next(self) -> _LookUp | None:
        with self._lock:
            self._drop_abandoned()
            if self._queue:
                return self._queue.popleft()
            self._threads -= 1
            return None


resolver = Resolver()
"""The resolver of this process. All look-ups of names for connections go through it."""
