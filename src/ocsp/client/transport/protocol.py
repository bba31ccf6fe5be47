"""
Transports: one HTTP exchange, by whatever library.

Rules of this file: a transport sends one request and reads one answer. It follows no
redirect, keeps no cookies, retries nothing that the server may have seen to its end,
and stops reading where it is told to. What the answer is worth is decided elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ocsp.client.options import AddressPolicy

__all__ = ["AsyncTransport", "HTTPReply", "HTTPRequest", "Transport"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HTTPRequest:
    """What to send, and within which bounds."""

    method: str
    """``GET`` or ``POST``."""

    url: str
    """The whole URL, ready to be sent; its path is not to be normalised."""

    shown: str = ""
    """What errors call the URL: for a GET, without the question in it."""

    headers: tuple[tuple[str, str], ...] = ()
    """Names and values; Host and Content-Length are the transport's own."""

    body: bytes = b""
    """The content of a POST."""

    address_policy: AddressPolicy = AddressPolicy.PUBLIC
    """Which addresses may be connected to; the address is checked, not the name."""

    max_bytes: int
    """How many octets of the answer are read at most."""

    timeout: float
    """Seconds that all of it may take."""

    io_timeout: float
    """Seconds for connecting, and for each wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HTTPReply:
    """What came back."""

    status: int
    """The code."""

    headers: tuple[tuple[str, str], ...] = ()
    """Names, in lower case, and values."""

    body: bytes = b""
    """The content of a 200; that of other codes is not read."""

    def header(self, name: str) -> str:
        """Return the value of the header *name*, in lower case, or empty."""
        return next((value for known, value in self.headers if known == name), "")


class Transport(Protocol):
    """Sends and waits."""

    def send(self, request: HTTPRequest) -> HTTPReply:
        """
        Return the answer to *request*.

        Raises:
            TransportError: If there is no connection, or it breaks.
            FetchTimeout: If a deadline passes.
            BodyTooLarge: If there are more octets than ``max_bytes``.
            ForbiddenResponderURL: If its address is none of ``address_policy``.
        """
        ...

    def close(self) -> None:
        """Close all connections."""
        ...


class AsyncTransport(Protocol):
    """Sends and lets others run. Cancelling a task closes its connection."""

    async def send(self, request: HTTPRequest) -> HTTPReply:
        """Return the answer to *request*; see :meth:`Transport.send`."""
        ...

    async def aclose(self) -> None:
        """Close all connections."""
        ...
