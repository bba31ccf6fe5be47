"""
How an answer is sent, with one thing wrong about that.

Rules of this file: what only changes status, headers or body is a function from answer
to answer; what breaks off or dawdles talks to the connection itself. Whoever dawdles
waits for the client to give up, so that no test waits by the clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from ocsp import limits
from ocsp.http import HTTPAnswer
from ocsp.testing.faults import Fault

if TYPE_CHECKING:
    from ocsp.testing.connection import Connection

__all__ = ["PAUSE", "PRIVATE_URL", "RETRY_AFTER", "Settings", "deliver"]

PRIVATE_URL = "http://169.254.169.254/latest/meta-data/"
"""Where cloud machines are told their secrets: link-local, for nobody to be sent to."""

PAUSE = 0.05
"""Seconds between two octets of a slow body: a usual one takes half a minute then."""

RETRY_AFTER = 30
"""Seconds after which a client that was sent away may come back."""

_OVERSIZE = 4
"""Times ``MAX_MESSAGE_BYTES``; a client without a limit gets to the end of it."""

_CHUNK = bytes(1 << 16)
_PAGE = (
    b"<!DOCTYPE html>\n<title>Welcome</title>\n<p>Please log in to use this network.\n"
)


class Settings(NamedTuple):
    """
    What a fault needs to know.

    Attributes:
        here: The URL of the request.

        away: Where :attr:`Fault.REDIRECT_AWAY` leads.

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
        connection: Where to.

        reply: What is right.

        fault: What is to be wrong about it.

        settings: What a fault needs to know.
    """
    change = None if fault is None else _CHANGED.get(fault)
    if change is not None:
        reply = change(reply, settings)
    misbehave = None if fault is None else _BROKEN.get(fault)
    if misbehave is None:
        await connection.send(reply)
    else:
        await misbehave(connection, reply, settings)


# --- another answer -----------------------------------------------------------------


def _html_page(reply: HTTPAnswer, _: Settings) -> HTTPAnswer:
    return _with(_with_body(reply, _PAGE), "Content-Type", "text/html")


def _wrong_content_type(reply: HTTPAnswer, _: Settings) -> HTTPAnswer:
    return _with(reply, "Content-Type", "application/octet-stream")


def _truncated(reply: HTTPAnswer, _: Settings) -> HTTPAnswer:
    return _with_body(reply, reply.body[:-1])


def _empty_body(reply: HTTPAnswer, _: Settings) -> HTTPAnswer:
    return _with_body(reply, b"")


def _retry_after(reply: HTTPAnswer, _: Settings) -> HTTPAnswer:
    return _with(reply, "Retry-After", str(RETRY_AFTER))


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
    moved = _with(_with_body(reply, b""), "Location", location)
    return replace(moved, status=307)


def _with(reply: HTTPAnswer, name: str, value: str) -> HTTPAnswer:
    others = tuple(each for each in reply.headers if each[0] != name)
    return replace(reply, headers=(*others, (name, value)))


def _with_body(reply: HTTPAnswer, body: bytes) -> HTTPAnswer:
    return replace(_with(reply, "Content-Length", str(len(body))), body=body)


_CHANGED: Mapping[Fault, Callable[[HTTPAnswer, Settings], HTTPAnswer]] = {
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
}


# --- breaking off, dawdling, going on -----------------------------------------------


async def _wrong_content_length(
    connection: Connection, reply: HTTPAnswer, _: Settings
) -> None:
    announced = str(2 * len(reply.body))
    await connection.begin(_with(reply, "Content-Length", announced))
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
    # What comes after the last octet is the next request, and not to be lost.
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


def _unannounced(reply: HTTPAnswer) -> HTTPAnswer:
    return replace(
        reply,
        headers=tuple(each for each in reply.headers if each[0] != "Content-Length"),
    )


_BROKEN: Mapping[
    Fault, Callable[[Connection, HTTPAnswer, Settings], Awaitable[None]]
] = {
    Fault.WRONG_CONTENT_LENGTH: _wrong_content_length,
    Fault.CONNECTION_RESET: _connection_reset,
    Fault.SLOW_BODY: _slow_body,
    Fault.STALLED_BODY: _stalled_body,
    Fault.NO_ANSWER: _no_answer,
    Fault.OVERSIZE_BODY: _oversize_body,
}
