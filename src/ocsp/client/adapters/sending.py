"""
What all adapters share: the checks before a request, its deadline, and its reply.

An adapter hands a request to a client of another library, which resolves the name and
connects. So the address policy is applied as for a proxy: all addresses that the name
has here must be public. The client can get other addresses.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from ocsp.client.options import AddressPolicy
from ocsp.client.transport.addresses import (
    AddressForbidden,
    check_proxied_name,
    check_target_addresses,
    check_unresolved_name,
    is_ip_literal,
)
from ocsp.client.transport.protocol import HTTPReply, HTTPRequest
from ocsp.client.transport.replies.content import Content, MalformedReply
from ocsp.client.transport.resolver import resolver
from ocsp.errors import (
    BrokenReply,
    FetchError,
    FetchTimeout,
    ForbiddenResponderURL,
    TransportError,
)

__all__ = ["READ_BYTES", "Sending"]

READ_BYTES = 1 << 16
"""Octets that an adapter reads at a time."""

_OWN_HEADERS = ("Accept-Encoding", "identity")


class Sending:
    """One request that a client of another library sends, and its reply."""

    def __init__(self, request: HTTPRequest) -> None:
        """Begin the time of the *request*, whose checks are the next step."""
        self.request = request
        self._until = time.monotonic() + request.timeout
        self._shown = request.shown or request.url
        self._status = 0
        self._headers: tuple[tuple[str, str], ...] = ()
        self._content = Content(request)

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the request. The client adds Host and Content-Length."""
        return dict((*self.request.headers, _OWN_HEADERS))

    @property
    def needs_look_up(self) -> bool:
        """Whether :meth:`check` resolves a name, and so may block."""
        return self._is_restricted and not is_ip_literal(self._host)

    @property
    def _is_restricted(self) -> bool:
        return self.request.address_policy is not AddressPolicy.PRIVATE_TOO

    @property
    def _host(self) -> str:
        return urlsplit(self.request.url).hostname or ""

    def check(self) -> None:
        """
        Apply the address policy to the host of the URL.

        Not checked: which address the client connects to. A name that does not resolve
        here is left to the client, which may know a proxy, unless it is a name of a
        local network.

        Raises:
            ForbiddenResponderURL: If an address is not public.
            FetchTimeout: If the look-up takes too long.
        """
        if not self._is_restricted:
            return
        host = self._host
        try:
            check_proxied_name(host)
            if is_ip_literal(host):
                check_target_addresses(host, [host])
            else:
                self._check_name(host)
        except AddressForbidden as error:
            raise ForbiddenResponderURL(self._shown, str(error)) from error

    def _check_name(self, host: str) -> None:
        parts = urlsplit(self.request.url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            addresses = resolver.resolve(host, port, self.left())
        except TimeoutError as error:
            raise FetchTimeout(self._shown, resolver.why_late(host)) from error
        except OSError:
            check_unresolved_name(host)
        else:
            check_target_addresses(host, addresses)

    def left(self) -> float:
        """
        Return how many seconds the next step may take.

        Raises:
            FetchTimeout: If the time for the exchange is over.
        """
        left = self._until - time.monotonic()
        if left <= 0:
            raise FetchTimeout(self._shown, "the deadline of the exchange has passed")
        return min(left, self.request.io_timeout)

    def begin_reply(self, status: int, headers: Iterable[tuple[str, str]]) -> bool:
        """
        Take the head of the reply; return whether its content is wanted.

        Raises:
            BodyTooLarge: If Content-Length is more than ``max_bytes``.
            BrokenReply: If the head is malformed.
        """
        self._status = status
        self._headers = tuple((name.lower(), value) for name, value in headers)
        if status != 200:
            return False
        try:
            self._content.begin(
                self._value("content-length"), self._value("content-encoding")
            )
        except MalformedReply as error:
            raise self._broken(error) from error
        return True

    def _value(self, name: str) -> str:
        return ", ".join(value for known, value in self._headers if known == name)

    def add(self, part: bytes) -> None:
        """
        Add octets of the content, as they came, to the reply.

        Raises:
            BodyTooLarge: If the content has more octets than ``max_bytes``.
            BrokenReply: If the content cannot be decoded.
            FetchTimeout: If the time for the exchange is over.
        """
        self.left()
        try:
            self._content.add(part)
        except MalformedReply as error:
            raise self._broken(error) from error

    def add_all(self, response: Any) -> None:
        """
        Add what the *response* of urllib3 has, each part as soon as it comes.

        Raises:
            FetchError: As :meth:`add`.
        """
        while part := response.read1(READ_BYTES, decode_content=False):
            self.add(part)

    def reply(self) -> HTTPReply:
        """
        Return the complete reply.

        Raises:
            BrokenReply: If its compressed content is incomplete.
        """
        try:
            self._content.end()
        except MalformedReply as error:
            raise self._broken(error) from error
        return HTTPReply(
            status=self._status, headers=self._headers, body=bytes(self._content.kept)
        )

    def _broken(self, error: MalformedReply) -> BrokenReply:
        return BrokenReply(self._shown, f"no HTTP reply: {error}")

    # --- failures of the client -------------------------------------------------------

    def late(self) -> FetchError:
        """Return the error for a time-out of the client."""
        return FetchTimeout(self._shown, "waiting for the server took too long")

    def broken(self, error: Exception) -> FetchError:
        """Return the error for a reply that the client could not read."""
        return BrokenReply(self._shown, f"no HTTP reply: {_reason(error)}")

    def failed(self, error: Exception) -> FetchError:
        """Return the error for any other exception of the client."""
        return TransportError(self._shown, _reason(error))


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:_MOST_REASON]


_MOST_REASON = 300
"""Characters of the text of another library in an error; some quote the whole reply."""
