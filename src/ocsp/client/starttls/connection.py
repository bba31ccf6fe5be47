"""
The connection before TLS begins: reading with limits and a deadline.

Nothing that the server sends here is authenticated. It serves only to agree on TLS.
"""

from __future__ import annotations

import socket
import time

from ocsp import limits
from ocsp.guarded.addresses import IPv6Address, address_of

__all__ = ["PlainConnection", "shown"]

_CHUNK = 4096
_MAX_SHOWN = 200
"""Characters of a server's text that an error message repeats."""


class PlainConnection:
    """A connection to a server that does not use TLS yet."""

    def __init__(self, raw: socket.socket, until: float) -> None:
        """
        Take the connected socket *raw*.

        Args:
            raw: The socket; its time limit is set for each operation.

            until: When the dialogue must have ended, by ``time.monotonic``.
        """
        self._raw = raw
        self._until = until
        self._unread = b""
        self._received = 0

    def send(self, data: bytes) -> None:
        """
        Send *data*.

        Raises:
            OSError: If it cannot be sent before the deadline.
        """
        self._raw.settimeout(self._left())
        self._raw.sendall(data)

    def read_line(self) -> bytes:
        """
        Return the next line, without its end.

        Raises:
            OSError: If the connection ends or the deadline passes before the end of the
                line, or the line is longer than the limit.
        """
        while b"\n" not in self._unread:
            if len(self._unread) > limits.MAX_STARTTLS_LINE_BYTES:
                raise ConnectionError(
                    "the server sent a line of more than "
                    f"{limits.MAX_STARTTLS_LINE_BYTES} octets"
                )
            self._receive()
        line, _, self._unread = self._unread.partition(b"\n")
        return line.removesuffix(b"\r")

    def read_exactly(self, length: int) -> bytes:
        """
        Return the next *length* octets.

        Raises:
            OSError: If the connection ends or the deadline passes before them.
        """
        while len(self._unread) < length:
            self._receive()
        data, self._unread = self._unread[:length], self._unread[length:]
        return data

    def require_nothing_unread(self) -> None:
        """
        Check that the server has sent nothing after its agreement to TLS.

        Such octets are not protected: an attacker on the network can have added them to
        be taken for the first octets after the handshake (CVE-2011-0411).

        Raises:
            ConnectionError: If it has.
        """
        if self._unread:
            raise ConnectionError(
                "the server sent more data after it agreed to TLS, which an attacker "
                "could have added"
            )

    def address_literal(self) -> str:
        """Return the address of this side in the form of SMTP (RFC 5321 §4.1.3)."""
        address = address_of(self._raw.getsockname()[0].partition("%")[0])
        if isinstance(address, IPv6Address):
            return f"[IPv6:{address}]"
        return f"[{address}]"

    def _receive(self) -> None:
        self._raw.settimeout(self._left())
        data = self._raw.recv(_CHUNK)
        if not data:
            raise ConnectionError("the server closed the connection before TLS began")
        self._received += len(data)
        if self._received > limits.MAX_STARTTLS_BYTES:
            raise ConnectionError(
                f"the server sent more than {limits.MAX_STARTTLS_BYTES} octets "
                "before TLS began"
            )
        self._unread += data

    def _left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the server took too long to begin TLS")
        return left


def shown(text: bytes) -> str:
    """Return *text* of a server for an error message."""
    return text.decode("ascii", "backslashreplace")[:_MAX_SHOWN].strip()
