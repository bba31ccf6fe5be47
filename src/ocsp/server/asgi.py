"""
Serve a responder as an ASGI application, under any path of any ASGI server.

The application reads the HTTP request, with limits on size and time. The request
handler decides what to answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from dataclasses import replace
from typing import Any

from ocsp import limits
from ocsp.errors import DecodeError, LimitExceeded, SchemaError
from ocsp.http import Conditions, HTTPAnswer
from ocsp.server.request_handler import RequestHandler

__all__ = ["Application"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class _Disconnected(Exception):
    """The client disconnected before it had sent the whole request."""


class Application:
    """
    An ASGI 3 application that answers OCSP requests by GET and POST.

    ``GET /`` without an OCSP request returns status 200 and one line of text, for
    people and programs that check whether the responder is running.
    """

    def __init__(self, handler: RequestHandler) -> None:
        """Answer by *handler*, which is used in one event loop only."""
        self._handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """
        Serve one ASGI scope: an HTTP request, or the lifespan of the server.

        A WebSocket is refused: servers would log an error for each one that is not.
        """
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            await self._handler.close()
        elif scope["type"] == "http":
            try:
                reply = await self._serve(scope, receive)
            except _Disconnected:
                return
            await _send(reply, send, with_body=scope["method"] != "HEAD")
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close"})

    async def _serve(self, scope: Scope, receive: Receive) -> HTTPAnswer:
        handler, method = self._handler, scope["method"]
        target, body = _target(scope), b""
        try:
            _require_target(target)
            if method == "POST":
                body = await _body(receive)
        except DecodeError as error:
            return _closing(handler.malformed(error), scope)
        given = handler.handle(method, target, body, _conditions(scope))
        if isinstance(given, Coroutine):
            given = await given
        if isinstance(given, HTTPAnswer):
            return given
        return given.at(handler.moment.time)


def _require_target(target: bytes) -> None:
    size, maximum = len(target), limits.MAX_HTTP_TARGET_BYTES
    if size > maximum:
        raise LimitExceeded("MAX_HTTP_TARGET_BYTES", size, maximum)


def _closing(reply: HTTPAnswer, scope: Scope) -> HTTPAnswer:
    """Close the connection, because the client may still be sending the body."""
    if not scope.get("http_version", "").startswith("1"):
        return reply  # RFC 9113 §8.2.2: HTTP/2 does not have this header
    return replace(reply, headers=(*reply.headers, ("Connection", "close")))


def _target(scope: Scope) -> bytes:
    """Return the raw path, without the prefix where the application is mounted."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    mounted = scope.get("root_path", "").encode().rstrip(b"/")
    return raw.removeprefix(mounted) if mounted else raw


def _conditions(scope: Scope) -> Conditions | None:
    tags = _header(scope, b"if-none-match")
    since = _header(scope, b"if-modified-since")
    if scope["method"] == "POST" or (tags is None and since is None):
        return None
    return Conditions(if_none_match=tags, if_modified_since=since)


def _header(scope: Scope, name: bytes) -> str | None:
    """Return the value of a header; several lines are joined (RFC 9110 §5.3)."""
    values = [
        value.decode("latin-1") for known, value in scope["headers"] if known == name
    ]
    return ", ".join(values) if values else None


async def _body(receive: Receive) -> bytes:
    """
    Return the body of a request.

    Raises:
        LimitExceeded: As soon as the body is over ``MAX_HTTP_REQUEST_BYTES``.
        SchemaError: If the client takes longer than ``MAX_REQUEST_SECONDS``.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(limits.MAX_REQUEST_SECONDS):
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise _Disconnected
                body += message.get("body", b"")
                more = message.get("more_body", False)
                if len(body) > limits.MAX_HTTP_REQUEST_BYTES:
                    raise LimitExceeded(
                        "MAX_HTTP_REQUEST_BYTES",
                        len(body),
                        limits.MAX_HTTP_REQUEST_BYTES,
                    )
    except TimeoutError as error:
        raise SchemaError(
            f"the client did not send the body within {limits.MAX_REQUEST_SECONDS:g} s",
            path="POST",
        ) from error
    return bytes(body)


async def _send(reply: HTTPAnswer, send: Send, *, with_body: bool) -> None:
    headers = [
        (name.lower().encode(), value.encode("latin-1"))
        for name, value in reply.headers
    ]
    await send(
        {"type": "http.response.start", "status": reply.status, "headers": headers}
    )
    body = reply.body if with_body else b""
    await send({"type": "http.response.body", "body": body})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
