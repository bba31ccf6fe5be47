"""
Send exact octets to a responder, and read its HTTP replies.

The transports of the client send only proper requests. An examination also sends odd
ones, several at once, or one in parts. Replies are read by the reader of the client,
with its limits. No proxy is used: it would change what is sent.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Iterator
from typing import Self
from urllib.parse import urlsplit

from ocsp import limits
from ocsp.client import AddressPolicy, HTTPReply, HTTPRequest
from ocsp.client.transport.addresses import allowed_addresses, is_ip_literal
from ocsp.client.transport.pool import Stream
from ocsp.client.transport.resolver import resolver
from ocsp.errors import BrokenReply, FetchTimeout, TransportError

__all__ = ["Connection", "Endpoint", "http_octets"]

MAX_LATE = 5
"""Requests without a reply in time after which no others are sent: so an examination
ends within minutes, whatever a server does."""

_READ_BYTES = 1 << 16
_PORTS = {"http": 80, "https": 443}

Headers = tuple[tuple[str, str], ...]


class Endpoint:
    """
    Where a responder is.

    Attributes:
        url: Its URL.

        target: The path of the URL, and its query.

        authority: The host and port for the header Host.
    """

    def __init__(self, url: str) -> None:
        """Read *url*, which was checked."""
        parts = urlsplit(url)
        self.url = url
        query = f"?{parts.query}" if parts.query else ""
        self.target = f"{parts.path or '/'}{query}"
        self.authority = parts.netloc
        self._secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or _PORTS[parts.scheme]
        self._late = 0

    def note_late(self) -> None:
        """Note that a request got no reply in time; after some, no others are sent."""
        self._late += 1

    def connect(self, timeout: float) -> Connection:
        """
        Return a new connection, which ends after *timeout* seconds.

        The caller named the host, so that its address may be private.

        Raises:
            TransportError: If no address can be connected to, or too many requests
                before got no reply in time.
            FetchTimeout: If connecting takes too long.
        """
        if self._late >= MAX_LATE:
            why = f"not asked: {self._late} requests before got no reply in time"
            raise TransportError(self.url, why)
        until = time.monotonic() + timeout
        failure = TransportError(self.url, f"{self._host} has no address")
        for address in self._addresses(timeout):
            left = max(until - time.monotonic(), 0.001)
            try:
                opened = socket.create_connection((address, self._port), left)
            except TimeoutError as error:
                why = f"connecting to {address} took too long"
                raise FetchTimeout(self.url, why) from error
            except OSError as error:
                why = f"cannot connect to {address}: {error.strerror or error}"
                failure = TransportError(self.url, why)
            else:
                return Connection(self.url, self._secured(opened), until)
        raise failure

    def _addresses(self, timeout: float) -> list[str]:
        if is_ip_literal(self._host):
            return [self._host]
        try:
            found = resolver.resolve(self._host, self._port, timeout)
        except OSError as error:
            why = f"cannot resolve {self._host}: {error}"
            raise TransportError(self.url, why) from error
        return allowed_addresses(self._host, found, AddressPolicy.PRIVATE_TOO)

    def _secured(self, opened: socket.socket) -> socket.socket:
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not self._secure:
            return opened
        stream = Stream(opened)
        try:
            wrapped = stream.wrap(ssl.create_default_context(), self._host)
            wrapped.do_handshake()
            return wrapped
        except OSError as error:
            stream.close()
            why = f"the TLS handshake failed: {error}"
            raise TransportError(self.url, why) from error


class Connection:
    """One connection; a context manager that closes it."""

    def __init__(self, url: str, opened: socket.socket, until: float) -> None:
        """Use the socket *opened*, until the time *until* of ``time.monotonic``."""
        self._url = url
        self._socket = opened
        self._until = until
        self._unread = b""
        self._request = HTTPRequest(
            method="POST",
            url=url,
            max_bytes=limits.MAX_VERIFIED_BYTES,
            timeout=limits.MAX_WAIT_SECONDS,
            io_timeout=limits.MAX_WAIT_SECONDS,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, octets: bytes) -> None:
        """
        Send *octets*.

        A server may answer and close before it has read everything; its reply is then
        what counts, so that a broken connection is no error here.

        Raises:
            FetchTimeout: If it takes too long.
        """
        with self._in_time(), contextlib.suppress(ConnectionError):
            self._socket.sendall(octets)

    def receive(self, *, head_only: bool = False) -> HTTPReply:
        """
        Return the next reply.

        Args:
            head_only: Whether the head is the whole reply, as for HEAD.

        Raises:
            BrokenReply: If there is no complete and well-formed HTTP/1.1 reply.
            BodyTooLarge: If it is too long.
            FetchTimeout: If it takes too long.
        """
        # The parser comes with the extra ``client``, which the probe before needs too.
        from ocsp.client.transport.replies.content import MalformedReply
        from ocsp.client.transport.replies.reader import ReplyReader

        reader = ReplyReader(self._request, head_only=head_only)
        try:
            while not reader.complete:
                # One octet at a time: what follows belongs to the next reply.
                octet = self._next_octet()
                reader.feed(octet) if octet else reader.end()
        except MalformedReply as error:
            raise BrokenReply(self._url, f"no HTTP reply: {error}") from error
        return reader.reply()

    def _next_octet(self) -> bytes:
        if not self._unread:
            self._unread = self._read()[::-1]  # the last octet is the next one
        octet, self._unread = self._unread[-1:], self._unread[:-1]
        return octet

    def rest(self) -> bytes:
        """
        Return what the server sends until it closes the connection.

        Raises:
            FetchTimeout: If it does not close in time.
        """
        received = self._unread[::-1]
        while len(received) <= limits.MAX_VERIFIED_BYTES and (part := self._read()):
            received += part
        return received

    def _read(self) -> bytes:
        try:
            with self._in_time():
                return self._socket.recv(_READ_BYTES)
        except ConnectionError as error:
            why = f"the connection broke: {error.strerror or error}"
            raise BrokenReply(self._url, why) from error

    @contextlib.contextmanager
    def _in_time(self) -> Iterator[None]:
        self._socket.settimeout(max(self._until - time.monotonic(), 0.001))
        try:
            yield
        except TimeoutError as error:
            why = "waiting for the reply took too long"
            raise FetchTimeout(self._url, why) from error


def http_octets(
    start: str, authority: str, headers: Headers = (), body: bytes = b""
) -> bytes:
    """
    Return an HTTP request.

    Args:
        start: The method, the target and the version.

        authority: The value of Host.

        headers: Further headers. Nothing is added, not even Content-Length.

        body: What follows the head.
    """
    lines = [
        start,
        f"Host: {authority}",
        *(f"{name}: {text}" for name, text in headers),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body
