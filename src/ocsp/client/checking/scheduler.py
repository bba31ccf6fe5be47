"""
Order the requests of ``check_many``, with a limit of concurrent requests per responder.

This module starts no threads and no tasks. Workers of both clients take the next
request that may be sent now and report when it is done.
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
    The progress of ``check_many``.

    Attributes:
        done: How many certificates have been checked.

        total: How many certificates there are.

        outcome: The outcome of the certificate that was checked last.
    """

    done: int
    total: int
    outcome: Outcome


ProgressCallback = Callable[[Progress], None]
"""A function that is called after each certificate, by one worker at a time."""


class PerResponderScheduler:
    """Requests grouped by responder, with a limit of concurrent requests for each."""

    def __init__(self, requests: Sequence[CheckRequest], per_responder: int) -> None:
        """
        Group *requests* by responder.

        Raises:
            ValueError: If *per_responder* is not positive.
        """
        if per_responder < 1:
            raise ValueError(f"concurrency must be positive, not {per_responder}")
        self._lock = Lock()
        self._waiting: dict[str, deque[int]] = {}
        self._origins = [_origin(request) for request in requests]
        for position, origin in enumerate(self._origins):
            self._waiting.setdefault(origin, deque()).append(position)
        # One item for each request that an origin may get now. take() removes an item
        # and done() puts it back, so that neither has to search.
        self._ready = deque(
            origin
            for slot in range(per_responder)
            for origin, positions in self._waiting.items()
            if slot < len(positions)
        )

    @property
    def workers(self) -> int:
        """How many workers can work at the same time."""
        return min(len(self._ready), limits.MAX_WORKERS)

    def take(self) -> int | None:
        """Return the position of a request that may be sent now, if there is one."""
        with self._lock:
            while self._ready:
                waiting = self._waiting[self._ready.popleft()]
                if waiting:
                    return waiting.popleft()
        return None

    def done(self, position: int) -> None:
        """Report that the request at *position* is done."""
        with self._lock:
            self._ready.append(self._origins[position])


def _origin(request: CheckRequest) -> str:
    """Return the origin that *request* asks first, or empty if it has no valid URL."""
    try:
        urls = request.urls or responder_urls(request.certificate)
        return origin_of(urls[0]) if urls else ""
    except Exception:  # the check meets the same error and reports it
        return ""
