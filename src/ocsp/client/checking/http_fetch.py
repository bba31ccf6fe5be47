"""
Fetching: one URL, its redirects, and what an answer over HTTP has to look like.

RFC 6960 App. A (the binding), RFC 9110 §15.4 (redirects). Rules of this file: every hop
is checked like the first URL; only a 200 is an answer.
"""

from __future__ import annotations

from ocsp import limits
from ocsp.client.checking.freshness import retry_after
from ocsp.client.checking.state import CheckState
from ocsp.client.checking.urls import check_url, redirected
from ocsp.client.engine.effects import Flow, send
from ocsp.client.options import AddressPolicy, Redirects
from ocsp.client.transport.protocol import HTTPReply, HTTPRequest
from ocsp.errors import FetchTimeout, HTTPStatusError, RedirectRefused

__all__ = ["fetch"]

_KEEPS_METHOD = frozenset({307, 308})
_REDIRECTS = frozenset({301, 302, 303}) | _KEEPS_METHOD


def fetch(
    state: CheckState,
    asked: str,
    url: str,
    address_policy: AddressPolicy,
    *,
    accept: str,
    max_bytes: int,
    body: bytes = b"",
    content_type: str = "",
) -> Flow[HTTPReply]:
    """
    Return the answer 200 from *url*, of whatever media type.

    Args:
        state: The check that needs it.

        asked: What errors name: the URL without the question in it.

        url: What to ask.

        address_policy: Which addresses may be connected to.

        accept: The media type that is wanted.

        max_bytes: How much is read.

        body: The content of a POST; without one it is a GET.

        content_type: The media type of the body.

    Raises:
        FetchError: If there is none.
    """
    headers: tuple[tuple[str, str], ...] = (("Accept", accept),)
    if body:
        headers += (("Content-Type", content_type),)
    for hop in range(limits.MAX_REDIRECTS + 1):
        check_url(url, state.options)
        request = HTTPRequest(
            method="POST" if body else "GET",
            url=url,
            shown=asked,
            headers=headers,
            body=body,
            address_policy=address_policy if hop == 0 else state.options.address_policy,
            max_bytes=max_bytes,
            timeout=_time_left(state, asked),
            io_timeout=state.options.io_timeout.total_seconds(),
        )
        reply = yield from send(request)
        if reply.status not in _REDIRECTS:
            return _only_200(state, asked, reply)
        url = _next_hop(state, asked, url, reply, posted=bool(body))
    raise RedirectRefused(asked, url, f"after {limits.MAX_REDIRECTS} others")


def _time_left(state: CheckState, asked: str) -> float:
    left = state.left()
    if left <= 0:
        raise FetchTimeout(asked, "there was no time left")
    return left


def _only_200(state: CheckState, asked: str, reply: HTTPReply) -> HTTPReply:
    if reply.status != 200:
        wait = retry_after(reply, state.environment.now())
        raise HTTPStatusError(asked, reply.status, wait)
    return reply


def _next_hop(
    state: CheckState, asked: str, url: str, reply: HTTPReply, *, posted: bool
) -> str:
    location = reply.header("location")[: limits.MAX_URL_CHARACTERS]
    if state.options.redirects is Redirects.REFUSE:
        raise RedirectRefused(asked, location, "and none is followed")
    if posted and reply.status not in _KEEPS_METHOD:
        # RFC 9110 §15.4: it may become a GET, which would ask nothing.
        raise RedirectRefused(asked, location, "without the question")
    target = redirected(url, location) if location else None
    if target is None:
        raise RedirectRefused(asked, location, "to another scheme")
    return target
