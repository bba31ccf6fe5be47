"""
Serve a responder as an ASGI application, under any path of any ASGI server.

The application reads the HTTP request, with limits on size and time, and waits for the
source and the signer. :mod:`ocsp.responder` and :mod:`ocsp.http` decide what to answer.
Every failure becomes an OCSP error with HTTP status 200, because OCSP clients only read
such responses. An unexpected exception is logged once, and the client gets no details.
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
from ocsp.responder.answer import Answer, error_response
from ocsp.responder.core import Responder
from ocsp.responder.source import StatusSource
from ocsp.signers.signer_watch import SignerWatch

__all__ = ["Application"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

logger = logging.getLogger("ocsp.responder")


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


class _Disconnected(Exception):
    """The client disconnected before it had sent the whole request."""


class Application:
    """
    An ASGI 3 application that answers OCSP requests by GET and POST.

    ``GET /`` without an OCSP request returns status 200 and one line of text, for
    people and programs that check whether the responder is running.
    """

    def __init__(
        self,
        responder: Responder,
        source: StatusSource,
        *,
        clock: Callable[[], datetime.datetime] = _now,
    ) -> None:
        """
        Answer by *responder*, with the status from *source*.

        Args:
            responder: Answers the requests.

            source: Knows the status of the certificates.

            clock: Returns the current time, aware.
        """
        self._responder = responder
        self._source = source
        self._clock = clock
        self._watch = SignerWatch()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope: an HTTP request, or the lifespan of the server."""
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
            self._watch.look(step, now)
            if isinstance(step, Answer):
                return step
            records = await self._source.look_up(step.queries)
            # Signing may wait for a device, such as an HSM in the network.
            return await asyncio.to_thread(self._responder.finish, step, records)
        except (BackendError, UnknownIssuer) as error:
            logger.error("cannot answer the request: %s", error)
            return error_response(error)
        except Exception as error:
            logger.exception("cannot answer the request: unexpected exception")
            return error_response(error)


def _reply(given: Answer, now: datetime.datetime) -> HTTPAnswer:
    if given.cause:
        logger.info("%s: %s", given.status.name, given.cause)
    return answer(given.der, given.freshness, now)


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


def _conditions(scope: Scope) -> Conditions:
    return Conditions(
        if_none_match=_header(scope, b"if-none-match"),
        if_modified_since=_header(scope, b"if-modified-since"),
    )


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
        SchemaError: If the client takes longer than ``MAX_BODY_SECONDS``.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(limits.MAX_BODY_SECONDS):
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
            f"the client did not send the body within {limits.MAX_BODY_SECONDS:g} s",
            path="POST",
        ) from error
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
