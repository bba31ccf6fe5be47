"""
Fetching: one URL, its redirects, and what an answer over HTTP has to look like.

RFC 6960 App. A (the binding), RFC 9110 §15.4 (redirects). Rules of this file: every hop
is checked like the first URL; only a 200 is an answer.
"""

from __future__ import annotations

from ocsp import limits
from ocsp.client.checking.freshness import retry_after
from ocsp.client.checking.state import Inquiry
from ocsp.client.checking.urls import check_url, redirected
from ocsp.client.engine.effects import Flow, send
from ocsp.client.options import Redirects, Targets
from ocsp.client.transport.protocol import HTTPReply, HTTPRequest
from ocsp.errors import FetchTimeout, HTTPStatusError, RedirectRefused

__all__ = ["fetch"]

_KEEPS_METHOD = frozenset({307, 308})
_REDIRECTS = frozenset({301, 302, 303}) | _KEEPS_METHOD


def fetch(
    inquiry: Inquiry,
    asked: str,
    url: str,
    targets: Targets,
    *,
    accept: str,
    max_bytes: int,
    body: bytes = b"",
    content_type: str = "",
) -> Flow[HTTPReply]:
    """
    Return the answer 200 from *url*, of whatever media type.

    Args:
        inquiry: The check that needs it.

        asked: What errors name: the URL without the question in it.

        url: What to ask.

        targets: Which addresses may be connected to.

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
        check_url(url, inquiry.options)
        request = HTTPRequest(
            method="POST" if body else "GET",
            url=url,
            shown=asked,
            headers=headers,
            body=body,
            targets=targets if hop == 0 else inquiry.options.targets,
            max_bytes=max_bytes,
            timeout=_time_left(inquiry, asked),
            step_timeout=inquiry.options.step_timeout.total_seconds(),
        )
        reply = yield from send(request)
        if reply.status not in _REDIRECTS:
            return _only_200(inquiry, asked, reply)
        url = _next_hop(inquiry, asked, url, reply, posted=bool(body))
    raise RedirectRefused(asked, url, f"after {limits.MAX_REDIRECTS} others")


def _time_left(inquiry: Inquiry, asked: str) -> float:
    left = inquiry.left()
    if left <= 0:
        raise FetchTimeout(asked, "there was no time left")
    return left


def _only_200(inquiry: Inquiry, asked: str, reply: HTTPReply) -> HTTPReply:
    if reply.status != 200:
        wait = retry_after(reply, inquiry.world.now())
        raise HTTPStatusError(asked, reply.status, wait)
    return reply


def _next_hop(
    inquiry: Inquiry, asked: str, url: str, reply: HTTPReply, *, posted: bool
) -> str:
    location = reply.header("location")[: limits.MAX_URL_CHARACTERS]
    if inquiry.options.redirects is Redirects.REFUSE:
        raise RedirectRefused(asked, location, "and none is followed")
    if posted and reply.status not in _KEEPS_METHOD:
        # RFC 9110 §15.4: it may become a GET, which would ask nothing.
        raise RedirectRefused(asked, location, "without the question")
    target = redirected(url, location) if location else None
    if target is None:
        raise RedirectRefused(asked, location, "to another scheme")
    return target
