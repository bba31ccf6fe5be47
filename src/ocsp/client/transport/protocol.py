"""
The protocol of transports: one HTTP exchange, with any HTTP library.

A transport sends one request and reads one reply, up to ``max_bytes``. It follows no
redirects and keeps no cookies. It may repeat a request once, if an idle connection
turns out to be closed. It does not judge the reply.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO, Protocol

from ocsp.client.options import AddressPolicy

__all__ = ["AsyncTransport", "HTTPReply", "HTTPRequest", "Transport"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HTTPRequest:
    """An HTTP request and its limits."""

    method: str
    """``GET`` or ``POST``."""

    url: str
    """The whole URL. The transport must send its path unchanged."""

    shown: str = ""
    """The URL for error messages; for a GET, without the encoded OCSP request."""

    headers: tuple[tuple[str, str], ...] = ()
    """Names and values. The transport adds Host and Content-Length."""

    body: bytes = b""
    """The content of a POST."""

    address_policy: AddressPolicy = AddressPolicy.PUBLIC
    """Which addresses the transport may connect to. It checks the resolved address."""

    max_bytes: int
    """The largest body that the transport reads."""

    timeout: float
    """Seconds for the whole exchange."""

    io_timeout: float
    """Seconds for connecting, and for each read or write."""

    save_to: BinaryIO | None = None
    """
    A seekable file for the body of a reply with status 200. The transport empties the
    file, also if it repeats the request, and writes the body as it arrives.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class HTTPReply:
    """An HTTP reply."""

    status: int
    """The status code."""

    headers: tuple[tuple[str, str], ...] = ()
    """Names, in lower case, and values."""

    body: bytes = b""
    """
    The content, for status 200; empty for other statuses, and if the transport has
    written the content to ``save_to``.
    """

    def header(self, name: str) -> str:
        """Return the value of the header *name* (in lower case), or an empty string."""
        for known, value in self.headers:
            if known == name:
                return value
        return ""


class Transport(Protocol):
    """A blocking transport."""

    def send(self, request: HTTPRequest) -> HTTPReply:
        """
        Send *request* and return the reply.

        Raises:
            TransportError: If the connection fails or breaks.
            FetchTimeout: If a deadline passes.
            BodyTooLarge: If the body has more octets than ``max_bytes``.
            ForbiddenResponderURL: If ``address_policy`` forbids its address.
        """
        ...

    def close(self) -> None:
        """Close all connections."""
        ...


class AsyncTransport(Protocol):
    """A transport for tasks. Cancelling a task closes its connection."""

    async def send(self, request: HTTPRequest) -> HTTPReply:
        """Send *request* and return the reply; see :meth:`Transport.send`."""
        ...

    async def aclose(self) -> None:
        """Close all connections."""
        ...
