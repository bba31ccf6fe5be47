"""
The responder as an ASGI application, to mount anywhere.

Rules of this file: it reads what a server hands it, with limits while reading, waits
for source and signer, and leaves every judgement to the floors below. Whatever fails
is an OCSP error with HTTP status 200, because clients read nothing else; what was not
foreseen is logged once, and the client learns no detail of it.
"""

from __future__ import annotations

import asyncio
import datetime
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import replace
from typing import Any

from ocsp import limits
from ocsp.errors import (
    BackendError,
    DecodeError,
    LimitExceeded,
    SchemaError,
    UnknownIssuer,
)
from ocsp.http import (
    Conditions,
    HTTPAnswer,
    answer,
    conditional,
    method_not_allowed,
    read_body,
    read_target,
)
from ocsp.responder.core import Answer, Responder, error_response
from ocsp.responder.source import StatusSource

__all__ = ["Application"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

READ_SECONDS = 10.0
"""How long a client may take to send a body of a few hundred octets."""

logger = logging.getLogger("ocsp.responder")


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


class _Disconnected(Exception):
    """The client went away before its request was whole."""


class Application:
    """
    An ASGI 3 application that answers OCSP requests by GET and POST.

    ``GET /`` without a request is answered with 200 and a line of text, for those who
    look whether anybody is there.
    """

    def __init__(
        self,
        responder: Responder,
        source: StatusSource,
        *,
        clock: Callable[[], datetime.datetime] = _now,
    ) -> None:
        """
        Join *responder* and *source*.

        Args:
            responder: Who answers.

            source: Where it learns of status.

            clock: What tells the time; aware.
        """
        self._responder = responder
        self._source = source
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event of an ASGI server."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            try:
                reply = await self._serve(scope, receive)
            except _Disconnected:
                return
            await _send(reply, send, with_body=scope["method"] != "HEAD")

    async def _serve(self, scope: Scope, receive: Receive) -> HTTPAnswer:
        method, now = scope["method"], self._clock()
        if method not in {"GET", "HEAD", "POST"}:
            return method_not_allowed(now)
        try:
            if method == "POST":
                der = read_body(await _body(receive))
            else:
                target = _target(scope)
                if not target.strip(b"/"):
                    return _landing_page()
                der = read_target(target)
        except DecodeError as error:
            return _closing(_reply(error_response(error), now), scope)
        reply = _reply(await self._answer(der, now), now)
        return reply if method == "POST" else conditional(reply, _conditions(scope))

    async def _answer(self, der: bytes, now: datetime.datetime) -> Answer:
        try:
            step = self._responder.receive(der, now)
            if isinstance(step, Answer):
                return step
            records = await self._source.look_up(step.queries)
            # A signer may be a device at the end of a wire.
            return await asyncio.to_thread(self._responder.finish, step, records)
        except (BackendError, UnknownIssuer) as error:
            logger.error("no answer: %s", error)
            return error_response(error)
        except Exception as error:
            logger.exception("no answer")
            return error_response(error)


def _reply(given: Answer, now: datetime.datetime) -> HTTPAnswer:
    if given.cause:
        logger.info("%s: %s", given.status.name, given.cause)
    return answer(given.der, given.freshness, now)


def _closing(reply: HTTPAnswer, scope: Scope) -> HTTPAnswer:
    """End the connection: there may be more of a body that is not wanted."""
    if not scope.get("http_version", "").startswith("1"):
        return reply  # RFC 9113 §8.2.2: HTTP/2 has no such header
    return replace(reply, headers=(*reply.headers, ("Connection", "close")))


def _target(scope: Scope) -> bytes:
    """Return the raw path below the place where the application is mounted."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    mounted = scope.get("root_path", "").encode().rstrip(b"/")
    return raw.removeprefix(mounted) if mounted else raw


def _conditions(scope: Scope) -> Conditions:
    return Conditions(
        if_none_match=_header(scope, b"if-none-match"),
        if_modified_since=_header(scope, b"if-modified-since"),
    )


def _header(scope: Scope, name: bytes) -> str | None:
    """Return a header; its lines joined, if there are several (RFC 9110 §5.3)."""
    values = [
        value.decode("latin-1") for known, value in scope["headers"] if known == name
    ]
    return ", ".join(values) if values else None


async def _body(receive: Receive) -> bytes:
    """
    Return the body of a request.

    Raises:
        LimitExceeded: As soon as it is over ``MAX_HTTP_REQUEST_BYTES``.
        SchemaError: If it takes longer than ``READ_SECONDS``.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(READ_SECONDS):
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
        raise SchemaError(f"not sent within {READ_SECONDS:g} s", path="POST") from error
    return bytes(body)


def _landing_page() -> HTTPAnswer:
    body = b"This is an OCSP responder (RFC 6960).\n"
    return HTTPAnswer(
        status=200,
        headers=(
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
        ),
        body=body,
    )


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
