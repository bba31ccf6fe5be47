"""
Many certificates: whose turn it is, so that no responder is asked by too many at once.

Rules of this file: no threads and no tasks. Workers of either kind take the next
question that may be asked now, and say when it is answered.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from threading import Lock
from typing import NamedTuple

from ocsp import limits
from ocsp.client.checking.state import CheckRequest
from ocsp.client.checking.urls import origin_of, responder_urls
from ocsp.client.outcome import Outcome

__all__ = ["PerResponderScheduler", "Progress", "ProgressCallback"]


class Progress(NamedTuple):
    """
    How far ``check_many`` has come.

    Attributes:
        done: How many certificates are done.

        total: How many there are.

        outcome: The one that was done last.
    """

    done: int
    total: int
    outcome: Outcome


ProgressCallback = Callable[[Progress], None]
"""What is called after each certificate, never by two at once."""


class PerResponderScheduler:
    """Questions by responder; of each, so many are under way at most."""

    def __init__(self, requests: Sequence[CheckRequest], per_responder: int) -> None:
        """
        Plan all *questions*.

        Raises:
            ValueError: If *per_responder* is not positive.
        """
        if per_responder < 1:
            raise ValueError("concurrency must be positive")
        self._lock = Lock()
        self._waiting: dict[str, deque[int]] = {}
        self._origins = [_origin(request) for request in requests]
        for position, origin in enumerate(self._origins):
            self._waiting.setdefault(origin, deque()).append(position)
        # Each origin stands here as often as it may be asked at the same time, and not
        # while it is: then there is nothing to search for.
        self._ready = deque(
            origin
            for place in range(per_responder)
            for origin, positions in self._waiting.items()
            if place < len(positions)
        )

    @property
    def workers(self) -> int:
        """How many workers there is work for at the same time."""
        return min(len(self._ready), limits.MAX_WORKERS)

    def take(self) -> int | None:
        """Return the position of a question that may be asked now, if there is one."""
        with self._lock:
            while self._ready:
                waiting = self._waiting[self._ready.popleft()]
                if waiting:
                    return waiting.popleft()
        return None

    def done(self, position: int) -> None:
        """Say that the question there is answered."""
        with self._lock:
            self._ready.append(self._origins[position])


def _origin(request: CheckRequest) -> str:
    """Return whom *question* goes to first; empty if that cannot be said."""
    try:
        urls = request.urls or responder_urls(request.certificate)
        return origin_of(urls[0]) if urls else ""
    except Exception:  # whatever it is, the check itself will meet and report it
        return ""
