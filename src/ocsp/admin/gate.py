"""
The gate before the application: what a request must be before anything reads it.

It is an ASGI application around another one. It refuses requests to other hosts, from
other pages, without the token, and with a body that is too large or too slow. To every
reply it adds the headers that protect a page in a browser.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ocsp import limits
from ocsp.admin.access import Access

__all__ = ["Gate"]

SECURITY_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self';"
        " base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
"""The pages have no script and no style but the file of this server."""

OPEN_PATHS = frozenset({"/live", "/login", "/static/style.css", "/static/icon.svg"})
"""What needs no token: it shows nothing of the responder."""


class Gate:
    """Lets requests through to an application that *access* allows."""

    def __init__(self, application: ASGIApp, access: Access) -> None:
        """Guard *application*."""
        self._application = application
        self._access = access

    @property
    def needs_token(self) -> bool:
        """Whether requests need a token."""
        return self._access.needs_token

    def use_token(self, token: str | None) -> None:
        """Let requests with *token* pass from now on: see :class:`Access`."""
        self._access.use_token(token)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        guarded = _with_headers(scope, send)
        refusal = self._refusal(Request(scope))
        if refusal is not None:
            await refusal(scope, receive, guarded)
            return
        try:
            async with asyncio.timeout(limits.MAX_ADMIN_CONNECTION_SECONDS):
                body = await _read_body(receive)
        except TimeoutError:
            await _plain(408, "The request took too long.")(scope, receive, guarded)
            return
        if body is None:
            limit = limits.MAX_ADMIN_BODY_BYTES
            text = f"The request is larger than {limit:,} octets."
            await _plain(413, text)(scope, receive, guarded)
            return
        await self._application(scope, _replay(body, receive), guarded)

    def _refusal(self, request: Request) -> Response | None:
        access, path = self._access, request.scope["path"]
        if not access.knows_host(request):
            return _plain(
                421, "This server does not have that name: see allowed_hosts."
            )
        if request.method not in {"GET", "HEAD", "POST"}:
            refused = _plain(405, "Only GET, HEAD and POST are used here.")
            refused.headers["allow"] = "GET, HEAD, POST"
            return refused
        if request.method == "POST" and not access.is_from_own_page(request):
            return _plain(403, "The form is not from a page of this server.")
        if path in OPEN_PATHS or access.is_allowed(request):
            return None
        if "text/html" in request.headers.get("accept", ""):
            return RedirectResponse("/login", 303)
        refused = _plain(401, "The token is missing or wrong.")
        refused.headers["www-authenticate"] = 'Bearer realm="ocsp"'
        return refused


def _plain(code: int, text: str) -> Response:
    return PlainTextResponse(f"{text}\n", code)


def _with_headers(scope: Scope, send: Send) -> Send:
    is_static = scope["path"].startswith("/static/")

    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(SECURITY_HEADERS)
            if not is_static:
                headers["cache-control"] = "no-store"
        await send(message)

    return guarded


async def _read_body(receive: Receive) -> bytes | None:
    """Return the whole body, or ``None`` if it is too large."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return bytes(body)
        body += message.get("body", b"")
        if len(body) > limits.MAX_ADMIN_BODY_BYTES:
            return None
        if not message.get("more_body", False):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Callable[[], Awaitable[Message]]:
    """Return a *receive* that gives *body* first."""
    given = False

    async def replayed() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed
