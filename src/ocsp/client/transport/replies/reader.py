"""
Read one HTTP/1.1 reply with httptools, within limits (RFC 9112).

httptools parses. This module does no I/O: it counts what arrives and decides whether
the connection can serve another request. It refuses a reply that two readers could
divide differently: Content-Length with Transfer-Encoding, a coding other than
*chunked*, malformed headers. Only after an ordinary reply can the connection serve
another request: octets that follow a reply would become the reply to the next request.
"""

from __future__ import annotations

import re

import httptools

from ocsp import limits
from ocsp.client.transport.protocol import HTTPReply, HTTPRequest
from ocsp.client.transport.replies.content import Content, MalformedReply
from ocsp.errors import BodyTooLarge

__all__ = ["ReplyReader"]

_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""The name of a header (RFC 9110 §5.6.2). llhttp also accepts one that ends in SP."""

_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
"""The value of a header (RFC 9110 §5.5)."""


class ReplyReader:
    """
    Reads the reply to one request.

    Attributes:
        started: Whether the server has sent an octet.

        complete: Whether the reply is complete. For a status other than 200, the head
            is enough.

        surplus: Whether octets have followed the complete reply.
    """

    def __init__(self, request: HTTPRequest, *, head_only: bool = False) -> None:
        """
        Create a reader, and empty the file ``request.save_to``.

        Args:
            request: The request.

            head_only: Whether the head is the whole reply, as after CONNECT.
        """
        self.started = False
        self.complete = False
        self.surplus = False
        self._request = request
        self._head_only = head_only
        self._content = Content(request)
        self._headers: list[tuple[str, str]] = []
        self._fields = self._interim = self._received = 0
        self._status = 0
        self._keeps_alive = False
        self._parser = httptools.HttpResponseParser(self)
        # What RFC 9112 lets a user agent accept: folded headers (§5.2), LF without CR
        # (§2.2), and blanks after a chunk size, which old servers send.
        self._parser.set_dangerous_leniencies(
            lenient_headers=True,
            lenient_optional_cr_before_lf=True,
            lenient_spaces_after_chunk_size=True,
            lenient_data_after_close=True,
        )

    def feed(self, data: bytes) -> None:
        """
        Read *data*, the next octets from the server.

        Raises:
            MalformedReply: If they are not part of a well-formed reply.
            BodyTooLarge: If the content has more octets than ``max_bytes``.
        """
        self.started = True
        # Only the end of what it is given tells whether the parser has read beyond the
        # end of the reply. So the last octet comes alone.
        for part in (data[:-1], data[-1:]):
            if self.complete:
                self.surplus = True
            elif part:
                self._parse(part)

    def _parse(self, part: bytes) -> None:
        self._received += len(part)
        try:
            self._parser.feed_data(part)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if isinstance(error.__context__, (MalformedReply, BodyTooLarge)):
                raise error.__context__ from None
            # What follows the reply need not be well-formed.
            if not self.complete:
                raise MalformedReply(str(error)) from error
        if self.complete:
            return
        overhead = self._received - self._content.received
        if overhead > limits.MAX_REPLY_OVERHEAD_BYTES + self._content.received:
            raise MalformedReply("its headers or chunk sizes are too long")

    def end(self) -> None:
        """
        Note that the server has closed the connection.

        Raises:
            MalformedReply: If the reply is incomplete.
        """
        if not self.started:
            raise MalformedReply("the server closed the connection without a reply")
        has_length = self._value("content-length") or self._value("transfer-encoding")
        if self._status != 200 or has_length:
            raise MalformedReply("the server closed the connection within its reply")
        self._content.end()  # RFC 9112 §6.3: a reply without a length ends here
        self.complete = True

    @property
    def reusable(self) -> bool:
        """
        Whether the connection can serve another request.

        It cannot after a reply whose end the server and this reader could see in
        different places: one with another status than 200, one after replies of 1xx,
        and chunks in HTTP/1.0 (RFC 9112 §6.1).
        """
        return self._keeps_alive and not self.surplus

    def reply(self) -> HTTPReply:
        """Return the reply, which must be complete."""
        return HTTPReply(
            status=self._status,
            headers=tuple(self._headers),
            body=bytes(self._content.kept),
        )

    def _value(self, name: str) -> str:
        """Return the values of the header *name*, joined by commas (RFC 9110 §5.3)."""
        return ", ".join([value for known, value in self._headers if known == name])

    # --- what httptools calls ---------------------------------------------------------

    def on_header(self, name: bytes, value: bytes) -> None:
        """Add a header; trailers are checked and ignored."""
        if self.complete:
            return
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise MalformedReply("a header has a forbidden character")
        self._fields += 1
        if self._fields > limits.MAX_REPLY_HEADERS:
            raise MalformedReply(f"it has more than {limits.MAX_REPLY_HEADERS} headers")
        if not self._status:
            text = value.decode("latin-1").strip()
            self._headers.append((name.decode("ascii").lower(), text))

    def on_headers_complete(self) -> None:
        """Check the head."""
        if self.complete:
            return
        status = self._parser.get_status_code()
        if self._parser.get_http_version() not in {"1.0", "1.1"}:
            raise MalformedReply("its version is neither HTTP/1.0 nor HTTP/1.1")
        if not 100 <= status <= 599:
            raise MalformedReply(f"its status is {status}")
        if status == 101:
            raise MalformedReply("it switches to another protocol")
        if status < 200:
            return
        self._status = status
        coding = self._value("transfer-encoding").lower()
        if coding not in {"", "chunked"}:
            raise MalformedReply(f"its Transfer-Encoding is {coding[:40]!r}")
        if status != 200 or self._head_only:
            self.complete = True
        else:
            length = self._value("content-length")
            self._content.begin(length, self._value("content-encoding"))

    def on_body(self, part: bytes) -> None:
        """Add *part* to the content, if the status is 200."""
        if not self.complete:
            self._content.add(part)

    def on_message_complete(self) -> None:
        """Note the end of the reply, or of one with a status of 1xx."""
        if self.complete:
            return
        if not self._status:
            self._interim += 1
            self._headers.clear()
            if self._interim > limits.MAX_INTERIM_REPLIES:
                raise MalformedReply("it has too many replies with a status of 1xx")
            return
        self._content.end()
        self.complete = True
        chunks_in_1_0 = (
            self._parser.get_http_version() == "1.0"
            and self._value("transfer-encoding") != ""
        )
        self._keeps_alive = (
            self._parser.should_keep_alive() and not self._interim and not chunks_in_1_0
        )
