"""
Send an answer, optionally with one fault in HTTP or TCP.

A fault that changes only status, headers or body is a function from answer to answer.
A fault that is slow or breaks off uses the connection itself. A slow fault waits until
the client disconnects, so that no test has to wait for a fixed time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from ocsp import limits
from ocsp.http import HTTPAnswer
from ocsp.testing.faults import Fault
from ocsp.testing.header_faults import HEADER_FAULTS, with_body, with_header

if TYPE_CHECKING:
    from ocsp.testing.connection import Connection

__all__ = ["PAUSE", "PRIVATE_URL", "RETRY_AFTER", "Settings", "deliver"]

PRIVATE_URL = "http://169.254.169.254/latest/meta-data/"
"""The metadata service of cloud machines, which has secrets: a link-local address to
which a client must not be redirected."""

PAUSE = 0.05
"""Seconds between two octets of a slow body; a typical body then takes half a
minute."""

RETRY_AFTER = 30
"""The value of Retry-After, in seconds."""

_OVERSIZE = 4
"""The size of an oversize body, in units of ``MAX_MESSAGE_BYTES``. It is finite, so
that a client without a limit reaches its end."""

_CHUNK = bytes(1 << 16)
_PAGE = (
    b"<!DOCTYPE html>\n<title>Welcome</title>\n<p>Please log in to use this network.\n"
)


class Settings(NamedTuple):
    """
    The values that a fault may need.

    Attributes:
        here: The URL of the request.

        away: The target of :attr:`Fault.REDIRECT_AWAY`.

        pause: Seconds between two octets of a slow body.
    """

    here: str
    away: str
    pause: float


async def deliver(
    connection: Connection, reply: HTTPAnswer, fault: Fault | None, settings: Settings
) -> None:
    """
    Send *reply*.

    Args:
        connection: The connection of the client.

        reply: The correct answer.

        fault: The fault to apply, or ``None``.

        settings: The values that the fault may need.
    """
    in_headers = None if fault is None else HEADER_FAULTS.get(fault)
    if in_headers is not None:
        reply = in_headers(reply)
    change = None if fault is None else _CHANGES.get(fault)
    if change is not None:
        reply = change(reply, settings)
    misbehave = None if fault is None else _MISBEHAVIOURS.get(fault)
    if misbehave is None:
        await connection.send(reply)
    else:
        await misbehave(connection, reply, settings)


# --- faults that change the answer --------------------------------------------------


def _html_page(reply: HTTPAnswer, _: Settings) -> HTTPAnswer:
    return with_header(with_body(reply, _PAGE), "Content-Type", "text/html")


def _wrong_content_type(reply: HTTPAnswer, _: Settings) -> HTTPAnswer:
    return with_header(reply, "Content-Type", "application/octet-stream")


def _truncated(reply: HTTPAnswer, _: Settings) -> HTTPAnswer:
    return with_body(reply, reply.body[:-1])


def _empty_body(reply: HTTPAnswer, _: Settings) -> HTTPAnswer:
    return with_body(reply, b"")


def _retry_after(reply: HTTPAnswer, _: Settings) -> HTTPAnswer:
    return with_header(reply, "Retry-After", str(RETRY_AFTER))


def _http_404(reply: HTTPAnswer, _: Settings) -> HTTPAnswer:
    return replace(reply, status=404)


def _http_500(reply: HTTPAnswer, _: Settings) -> HTTPAnswer:
    return replace(reply, status=500)


def _http_503(reply: HTTPAnswer, settings: Settings) -> HTTPAnswer:
    return replace(_retry_after(reply, settings), status=503)


def _redirect_loop(reply: HTTPAnswer, settings: Settings) -> HTTPAnswer:
    return _redirect(reply, settings.here)


def _redirect_away(reply: HTTPAnswer, settings: Settings) -> HTTPAnswer:
    return _redirect(reply, settings.away)


def _redirect(reply: HTTPAnswer, location: str) -> HTTPAnswer:
    moved = with_header(with_body(reply, b""), "Location", location)
    return replace(moved, status=307)


def _encoded_slash_refused(reply: HTTPAnswer, settings: Settings) -> HTTPAnswer:
    is_encoded = "%2f" in settings.here.lower()
    return replace(reply, status=404) if is_encoded else reply


_CHANGES: Mapping[Fault, Callable[[HTTPAnswer, Settings], HTTPAnswer]] = {
    Fault.HTML_PAGE: _html_page,
    Fault.WRONG_CONTENT_TYPE: _wrong_content_type,
    Fault.TRUNCATED: _truncated,
    Fault.EMPTY_BODY: _empty_body,
    Fault.TRY_LATER: _retry_after,
    Fault.HTTP_404: _http_404,
    Fault.HTTP_500: _http_500,
    Fault.HTTP_503: _http_503,
    Fault.REDIRECT_LOOP: _redirect_loop,
    Fault.REDIRECT_AWAY: _redirect_away,
    Fault.ENCODED_SLASH_REFUSED: _encoded_slash_refused,
}


# --- faults that use the connection -------------------------------------------------


async def _wrong_content_length(
    connection: Connection, reply: HTTPAnswer, _: Settings
) -> None:
    announced = str(2 * len(reply.body))
    await connection.begin(with_header(reply, "Content-Length", announced))
    await connection.put(reply.body)


async def _connection_reset(
    connection: Connection, _reply: HTTPAnswer, _: Settings
) -> None:
    connection.reset()


async def _slow_body(
    connection: Connection, reply: HTTPAnswer, settings: Settings
) -> None:
    await connection.begin(reply)
    given_up = asyncio.ensure_future(connection.until_given_up())
    try:
        for position in range(len(reply.body) - 1):
            await connection.put(reply.body[position : position + 1])
            if (await asyncio.wait({given_up}, timeout=settings.pause))[0]:
                return
    finally:
        given_up.cancel()
        await asyncio.wait({given_up})
    # After the last octet the client may send the next request, which
    # until_given_up() would discard: it must have ended before.
    await connection.put(reply.body[-1:])
    await connection.end()


async def _stalled_body(connection: Connection, reply: HTTPAnswer, _: Settings) -> None:
    await connection.begin(reply)
    await connection.put(reply.body[: len(reply.body) // 2])
    await connection.until_given_up()


async def _no_answer(connection: Connection, _reply: HTTPAnswer, _: Settings) -> None:
    await connection.until_given_up()


async def _oversize_body(
    connection: Connection, reply: HTTPAnswer, _: Settings
) -> None:
    await connection.begin(_unannounced(reply))
    for _part in range(_OVERSIZE * limits.MAX_MESSAGE_BYTES // len(_CHUNK)):
        await connection.put(_CHUNK)
    await connection.end()


async def _body_after_head(
    connection: Connection, reply: HTTPAnswer, _: Settings
) -> None:
    await connection.send(reply)
    await connection.put_after_head(reply.body)


def _unannounced(reply: HTTPAnswer) -> HTTPAnswer:
    return replace(
        reply,
        headers=tuple(each for each in reply.headers if each[0] != "Content-Length"),
    )


_MISBEHAVIOURS: Mapping[
    Fault, Callable[[Connection, HTTPAnswer, Settings], Awaitable[None]]
] = {
    Fault.WRONG_CONTENT_LENGTH: _wrong_content_length,
    Fault.CONNECTION_RESET: _connection_reset,
    Fault.SLOW_BODY: _slow_body,
    Fault.STALLED_BODY: _stalled_body,
    Fault.NO_ANSWER: _no_answer,
    Fault.OVERSIZE_BODY: _oversize_body,
    Fault.BODY_AFTER_HEAD: _body_after_head,
}
