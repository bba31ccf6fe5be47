"""Serve a responder as a WSGI application, under any path of any WSGI server."""

from __future__ import annotations

import http
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from ocsp import limits
from ocsp.errors import DecodeError
from ocsp.server.frameworks.handler_thread import (
    HandlerThread,
    checked_body,
    conditions,
)
from ocsp.server.request_handler import RequestHandler

__all__ = ["WSGIApplication"]

Environ: TypeAlias = dict[str, Any]
StartResponse: TypeAlias = Callable[..., Any]

_MOST_DIGITS = 18
"""Digits of a Content-Length that is read. Longer ones say that a body is too long."""


class WSGIApplication:
    """
    A WSGI application that answers OCSP requests by GET and POST.

    It runs the handler in a thread of its own, so that several threads of the server
    can call it. Make the handler in each process of a server that forks: a database
    cannot be shared between processes.
    """

    def __init__(self, handler: RequestHandler) -> None:
        """Answer by *handler*, which no other front door uses."""
        self._thread = HandlerThread(handler)

    def __call__(
        self, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Serve one request."""
        method = environ["REQUEST_METHOD"]
        answer = self._thread.answer(
            method,
            environ.get("PATH_INFO", "").encode("latin-1"),
            _body(environ) if method == "POST" else b"",
            conditions(
                method,
                environ.get("HTTP_IF_NONE_MATCH"),
                environ.get("HTTP_IF_MODIFIED_SINCE"),
            ),
        )
        status = http.HTTPStatus(answer.status)
        start_response(f"{status.value} {status.phrase}", list(answer.headers))
        return [] if method == "HEAD" else [answer.body]

    def close(self) -> None:
        """Finish what is in work, and end the thread."""
        self._thread.close()


def _body(environ: Environ) -> bytes | DecodeError:
    length = environ.get("CONTENT_LENGTH") or ""
    most = limits.MAX_HTTP_REQUEST_BYTES + 1
    if length.isascii() and length.isdecimal():
        if len(length) <= _MOST_DIGITS:
            most = min(int(length), most)
    elif not environ.get("wsgi.input_terminated"):
        most = 0  # without a length, reading could wait for ever
    return checked_body(environ["wsgi.input"].read(most))
