"""
Fetch one URL and follow its redirects.

RFC 6960 App. A (the HTTP binding), RFC 9110 §15.4 (redirects). Each URL of a redirect
is checked like the first one. Only status 200 counts as an answer.
"""

from __future__ import annotations

from typing import BinaryIO

from ocsp import limits
from ocsp.client.checking.state import CheckState
from ocsp.client.checking.urls import check_url, redirected
from ocsp.client.engine.effects import Flow, send
from ocsp.client.options import AddressPolicy, Redirects
from ocsp.client.retry import retry_after
from ocsp.client.transport.protocol import HTTPReply, HTTPRequest
from ocsp.errors import FetchTimeout, HTTPStatusError, RedirectRefused

__all__ = ["fetch"]

_KEEPS_METHOD = frozenset({307, 308})
_REDIRECTS = frozenset({301, 302, 303}) | _KEEPS_METHOD


def fetch(
    state: CheckState,
    shown: str,
    url: str,
    address_policy: AddressPolicy,
    *,
    accept: str,
    max_bytes: int,
    body: bytes = b"",
    content_type: str = "",
    save_to: BinaryIO | None = None,
) -> Flow[HTTPReply]:
    """
    Return the reply from *url* with status 200. Not checked: its media type.

    Args:
        state: The check that needs the reply.

        shown: The URL for error messages, without the encoded OCSP request.

        url: The URL to send the request to: *shown*, or for a GET what ``get_url``
            makes of it.

        address_policy: Which addresses the client may connect to.

        accept: The value of the Accept header.

        max_bytes: The largest body that the client reads.

        body: The content of a POST. Without it the method is GET.

        content_type: The media type of *body*.

        save_to: A file for the body of the reply.

    Raises:
        FetchError: If there is no such reply.
    """
    headers: tuple[tuple[str, str], ...] = (("Accept", accept),)
    if body:
        headers += (("Content-Type", content_type),)
    # The rest of the first URL is an encoded request, which needs no check.
    check_url(shown, state.options)
    for hop in range(limits.MAX_REDIRECTS + 1):
        if hop:
            check_url(url, state.options)
        request = HTTPRequest(
            method="POST" if body else "GET",
            url=url,
            shown=shown,
            headers=headers,
            body=body,
            address_policy=address_policy if hop == 0 else state.options.address_policy,
            max_bytes=max_bytes,
            timeout=_time_left(state, shown),
            io_timeout=state.options.io_timeout.total_seconds(),
            save_to=save_to,
        )
        reply = yield from send(request)
        if reply.status not in _REDIRECTS:
            return _require_200(state, shown, reply)
        url = _next_hop(state, shown, url, reply, posted=bool(body))
    raise RedirectRefused(
        shown, url, f"which would be more than {limits.MAX_REDIRECTS} redirects"
    )


def _time_left(state: CheckState, shown: str) -> float:
    left = state.left()
    if left <= 0:
        raise FetchTimeout(
            shown,
            f"not sent: the {state.options.timeout.total_seconds():g} seconds for the"
            " whole check have passed",
        )
    return left


def _require_200(state: CheckState, shown: str, reply: HTTPReply) -> HTTPReply:
    if reply.status != 200:
        wait = retry_after(reply, state.environment.now())
        raise HTTPStatusError(shown, reply.status, wait)
    return reply


def _next_hop(
    state: CheckState, shown: str, url: str, reply: HTTPReply, *, posted: bool
) -> str:
    whole = reply.header("location")
    location = whole[: limits.MAX_URL_CHARACTERS]
    if state.options.redirects is Redirects.REFUSE:
        raise RedirectRefused(shown, location, "and the options refuse redirects")
    if posted and reply.status not in _KEEPS_METHOD:
        # RFC 9110 §15.4: the POST may become a GET, without the OCSP request.
        raise RedirectRefused(
            shown,
            location,
            f"and HTTP {reply.status} does not keep the request body",
        )
    target = redirected(url, whole) if whole else None
    if target is None:
        raise RedirectRefused(shown, location, "which is not a URL of the same scheme")
    return target
