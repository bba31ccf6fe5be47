"""Call a request handler from any thread: it runs in the event loop of one thread."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from ocsp import limits
from ocsp.errors import DecodeError, LimitExceeded
from ocsp.http import Conditions, HTTPAnswer
from ocsp.server.request_handler import RequestHandler

__all__ = ["HandlerThread", "checked_body", "conditions"]

Result = TypeVar("Result")

Body = bytes | DecodeError
"""The body of a request, or why it was not read."""


class HandlerThread:
    """
    Runs a request handler in a thread of its own, for frameworks without event loop.

    The thread starts at the first request. A forked process starts another one.
    """

    def __init__(self, handler: RequestHandler) -> None:
        """Answer by *handler*, which no other front door uses."""
        self._handler = handler
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._process = 0

    def answer(
        self, method: str, target: bytes, body: Body, given: Conditions | None
    ) -> HTTPAnswer:
        """
        Return the answer to a request.

        Args:
            method: The method.

            target: The path, with the OCSP request of a GET at its end.

            body: The body of a POST, or why it was not read.

            given: The conditional headers of a GET.
        """
        return self._run(self._answer(method, target, body, given))

    def close(self) -> None:
        """Finish what is in work, and end the thread."""
        self._run(self._handler.close())
        with self._lock:
            loop, self._loop = self._loop, None
        if loop is not None:
            loop.call_soon_threadsafe(loop.stop)

    async def _answer(
        self, method: str, target: bytes, body: Body, given: Conditions | None
    ) -> HTTPAnswer:
        handler = self._handler
        if isinstance(body, DecodeError):
            return handler.malformed(body)
        size, maximum = len(target), limits.MAX_HTTP_TARGET_BYTES
        if size > maximum:
            return handler.malformed(
                LimitExceeded("MAX_HTTP_TARGET_BYTES", size, maximum)
            )
        found = handler.handle(method, target, body, given)
        if isinstance(found, Coroutine):
            found = await found
        if isinstance(found, HTTPAnswer):
            return found
        return found.at(handler.moment.time)

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._running_loop()).result()

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None or self._process != os.getpid():
                self._loop, self._process = asyncio.new_event_loop(), os.getpid()
                threading.Thread(
                    target=_run_loop, args=(self._loop,), name="ocsp-http", daemon=True
                ).start()
            return self._loop


def _run_loop(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.close()


def checked_body(body: bytes) -> Body:
    """Return *body*, or the error if it is longer than a request may be."""
    size, maximum = len(body), limits.MAX_HTTP_REQUEST_BYTES
    if size > maximum:
        return LimitExceeded("MAX_HTTP_REQUEST_BYTES", size, maximum)
    return body


def conditions(
    method: str, if_none_match: str | None, if_modified_since: str | None
) -> Conditions | None:
    """Return the conditional headers of a request, or ``None`` if they do not count."""
    if method == "POST" or (if_none_match is None and if_modified_since is None):
        return None
    return Conditions(if_none_match=if_none_match, if_modified_since=if_modified_since)
