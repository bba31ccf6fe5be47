"""
Read requests from the octets of a connection, with limits, by the parser llhttp.

llhttp is strict: it refuses what two servers could read differently (RFC 9112 §11.2),
such as several Content-Length, Content-Length beside Transfer-Encoding, folded headers,
lines that end without CR, and a space before a colon. This module also refuses transfer
codings besides *chunked*, any coding with HTTP/1.0, and other versions of HTTP.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from httptools import (
    HttpParserError,
    HttpParserInvalidMethodError,
    HttpParserUpgrade,
    HttpRequestParser,
)

from ocsp import limits
from ocsp.errors import DecodeError, LimitExceeded, SchemaError
from ocsp.http import Conditions
from ocsp.server.native.http_request import HTTPRequest
from ocsp.server.native.known_heads import find_request, learn_request

__all__ = ["SLICE", "RequestReader", "UnknownMethod"]

SLICE = 4096
"""Octets that are given to the parser at once. Almost all requests fit. The parser
collects a header until it is complete, so limits are checked after each slice."""

_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A method, or a part of one (RFC 9110 §5.6.2)."""

_METHOD = re.compile(rb"(%b) " % _TOKEN.pattern)
"""A method that is complete."""

_RTSP_METHODS = frozenset(
    b"ANNOUNCE DESCRIBE FLUSH GET_PARAMETER PAUSE PLAY RECORD REDIRECT SETUP"
    b" SET_PARAMETER TEARDOWN".split()
)
"""Methods that llhttp knows, but refuses in a request of HTTP."""


class UnknownMethod(Exception):
    """The method of a request is not known, so its end is not known either."""


class RequestReader:
    """
    Reads the requests of one connection.

    Attributes:
        begun: How many requests have begun.

        has_more: Whether other octets than line ends follow the request that is passed
            on, in the same data. Not set for a request whose head is known.

        in_request: Whether a request has begun and is not complete.

        expects_continue: Whether the client waits for 100 (Continue) before it sends
            the body. The caller sets it to ``False`` when it has sent that.
    """

    __slots__ = (
        "_body",
        "_conditions",
        "_ends",
        "_expects",
        "_head_size",
        "_headers",
        "_in_head",
        "_is_chunked",
        "_is_http_1_0",
        "_latest",
        "_length",
        "_parser",
        "_receive",
        "_refusal",
        "_size",
        "_start",
        "_target",
        "begun",
        "expects_continue",
        "has_more",
        "in_request",
    )

    def __init__(self, receive: Callable[[HTTPRequest], None]) -> None:
        """Pass each request to *receive*, which must not raise an exception."""
        self._receive = receive
        self._parser: Any = HttpRequestParser(self)
        self._refusal: DecodeError | None = None
        self._latest: HTTPRequest | None = None
        self.begun = 0
        self._size = 0
        self._start = b""
        self.has_more = False
        self.on_message_begin()
        self.in_request = self.expects_continue = False

    def close(self) -> None:
        """
        Forget who takes the requests, and the parser, which refers to this object.

        Otherwise the memory of a connection that has ended is not free until Python
        looks for cycles, which a responder lets it do seldom.
        """
        self._receive = _ignore
        self._parser = None

    def feed(self, data: bytes) -> None:
        """
        Read *data*, at most ``SLICE`` octets.

        Raises:
            DecodeError: If this is not HTTP, or exceeds a limit. Nothing more can be
                read from the connection.
            UnknownMethod: If the method is unknown. The same holds.
        """
        if not self.in_request:
            known = find_request(data)
            if known is not None:
                self.begun += 1
                self._size = 0
                self._receive(known)
                return
        first = -1 if self.in_request else 0
        begin, size = 0, len(data)
        while begin < size:
            end = begin + self._piece_size(data[begin:])
            self.has_more = end < size and data[end:].strip(b"\r\n") != b""
            self._read(data[begin:end])
            begin = end
            latest, self._latest = self._latest, None
            if latest is not None and first >= 0:
                learn_request(data[first:end], latest)
            if not self.in_request:
                first = end

    def _piece_size(self, data: bytes) -> int:
        """
        Return how many octets of *data* to read at once.

        A piece ends with a head, with a body, or with line ends. So it has octets of
        one request only, and the next request begins with another piece.
        """
        body = 0 if self._in_head else self._length - len(self._body)
        if self.in_request and body > 0:
            return min(len(data), body)
        line_ends = len(data) - len(data.lstrip(b"\r\n"))
        if line_ends:
            return line_ends
        end = data.find(b"\r\n\r\n")
        return len(data) if end < 0 else end + 4

    def _read(self, piece: bytes) -> None:
        continues = self.in_request
        if not continues:
            self._start = piece
        elif b" " not in self._start:
            self._start += piece
        self._size += len(piece)
        self._parse(piece)
        if self._size > limits.MAX_HTTP_MESSAGE_BYTES:
            self._exceed(
                "MAX_HTTP_MESSAGE_BYTES", self._size, limits.MAX_HTTP_MESSAGE_BYTES
            )
        if continues and self._in_head:
            self._count_head(len(piece))  # of a header that is not complete

    def _parse(self, piece: bytes) -> None:
        try:
            self._parser.feed_data(piece)
        except HttpParserUpgrade as change:
            self._stay(piece[change.args[0] :])
        except HttpParserInvalidMethodError as error:
            if _TOKEN.fullmatch(piece):
                return  # the rest of the method follows
            if self._method():
                raise UnknownMethod from error
            raise SchemaError(str(error), path="HTTP") from error
        except HttpParserError as error:
            if self._method() in _RTSP_METHODS:
                raise UnknownMethod from error
            raise self._refusal or SchemaError(str(error), path="HTTP") from error

    def _stay(self, rest: bytes) -> None:
        """
        Go on with *rest* after a request to change to another protocol.

        llhttp ends such a request after its head. The server changes to no protocol, so
        the body and the next request follow, for another parser (RFC 9110 §7.8).
        """
        method, keep_alive = self._parser.get_method(), self._keeps_alive()
        has_body = self.in_request
        self._parser = HttpRequestParser(self)
        if has_body:
            self.begun -= 1  # the parser begins the same request again
            framing = b"Transfer-Encoding: chunked"
            if not self._is_chunked:
                framing = b"Content-Length: %d" % self._length
            if self._expects:
                framing += b"\r\nExpect: 100-continue"
            head = b"%b %b HTTP/%b\r\nConnection: %b\r\n%b\r\n\r\n" % (
                method,
                self._target,
                b"1.0" if self._is_http_1_0 else b"1.1",
                b"keep-alive" if keep_alive else b"close",
                framing,
            )
            self._parser.feed_data(head)
        if rest:
            self._read(rest)

    @property
    def is_head(self) -> bool:
        """Whether the request that is not complete has the method HEAD."""
        return self._method() == b"HEAD"

    def _method(self) -> bytes:
        """Return the method of the request that has begun, once it is complete."""
        found = _METHOD.match(self._start)
        return b"" if found is None else found[1]

    # --- callbacks of the parser ---

    def on_message_begin(self) -> None:
        """Begin a request."""
        self.begun += 1
        self._target = b""
        self._body = b""
        self._conditions: list[tuple[bytes, bytes]] | None = None
        self._head_size = 0
        self._headers = 0
        self._ends = False
        self._expects = False
        self._is_chunked = False
        self._length = 0
        self._in_head = True
        self.in_request = True

    def on_url(self, part: bytes) -> None:
        """Take a part of the target."""
        self._target = self._target + part if self._target else part
        size = len(self._target)
        if size > limits.MAX_HTTP_TARGET_BYTES:
            self._exceed("MAX_HTTP_TARGET_BYTES", size, limits.MAX_HTTP_TARGET_BYTES)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, or a field of the trailer."""
        self._headers += 1
        if self._headers > limits.MAX_HTTP_HEADERS:
            self._exceed("MAX_HTTP_HEADERS", self._headers, limits.MAX_HTTP_HEADERS)
        self._count_head(len(name) + len(value) + 4)
        read = _READERS.get(len(name))
        if read is not None and self._in_head:
            read(self, name.lower(), value)

    def on_headers_complete(self) -> None:
        """End the head: the rest is the body."""
        self._in_head = False
        version = self._parser.get_http_version()
        self._is_http_1_0 = version == "1.0"
        if self._is_http_1_0:
            if self._is_chunked:  # RFC 9112 §6.1: the framing is faulty
                self._refuse("Transfer-Encoding with HTTP/1.0")
            self._expects = False  # RFC 9110 §10.1.1: it has no interim answers
        elif version != "1.1":
            self._refuse(f"HTTP/{version} is not supported")
        self.expects_continue = self._expects

    def on_body(self, part: bytes) -> None:
        """Take a part of the body."""
        self.expects_continue = False
        self._body = self._body + part if self._body else part
        self._check_body(len(self._body))

    def on_message_complete(self) -> None:
        """Pass the request on."""
        parser, conditions = self._parser, self._conditions
        method = parser.get_method().decode()
        keep_alive = self._keeps_alive()
        if parser.should_upgrade():
            if method == "CONNECT":
                keep_alive = False
            elif self._length or self._is_chunked:
                return  # the body follows, see _stay
        self.in_request = self.expects_continue = False
        self._size = 0
        self._start = b""
        self._latest = HTTPRequest(
            method,
            self._target,
            self._body,
            None if conditions is None else _conditions(conditions),
            keep_alive,
            self._is_http_1_0,
        )
        self._receive(self._latest)

    def _keeps_alive(self) -> bool:
        """Return whether the client keeps the connection (RFC 9112 §9.3)."""
        # For llhttp, keep-alive outweighs close in HTTP/1.0.
        return self._parser.should_keep_alive() and not self._ends

    # --- headers that matter ---

    def _read_17(self, name: bytes, value: bytes) -> None:
        if name == b"transfer-encoding":
            if value.strip().lower() != b"chunked":
                self._refuse(f"transfer coding {value[:32]!r} is not supported")
            self._is_chunked = True
        elif name == b"if-modified-since":
            self._add_condition(name, value)

    def _read_13(self, name: bytes, value: bytes) -> None:
        if name == b"if-none-match":
            self._add_condition(name, value)

    def _add_condition(self, name: bytes, value: bytes) -> None:
        if self._conditions is None:
            self._conditions = []
        self._conditions.append((name, value))

    def _read_14(self, name: bytes, value: bytes) -> None:
        if name == b"content-length":
            self._length = int(value)
            self._check_body(self._length)

    def _read_10(self, name: bytes, value: bytes) -> None:
        if name == b"connection" and b"close" in value.lower():
            options = value.lower().split(b",")
            self._ends |= b"close" in [each.strip() for each in options]

    def _read_6(self, name: bytes, value: bytes) -> None:
        if name == b"expect" and value.strip().lower() == b"100-continue":
            self._expects = True

    # --- refusals ---

    def _check_body(self, size: int) -> None:
        if size > limits.MAX_HTTP_REQUEST_BYTES:
            self._exceed("MAX_HTTP_REQUEST_BYTES", size, limits.MAX_HTTP_REQUEST_BYTES)

    def _count_head(self, size: int) -> None:
        self._head_size += size
        if self._head_size > limits.MAX_HTTP_HEAD_BYTES:
            self._exceed(
                "MAX_HTTP_HEAD_BYTES", self._head_size, limits.MAX_HTTP_HEAD_BYTES
            )

    def _exceed(self, limit: str, size: int, maximum: int) -> None:
        self._refusal = LimitExceeded(limit, size, maximum)
        raise self._refusal

    def _refuse(self, reason: str) -> None:
        self._refusal = SchemaError(reason, path="HTTP")
        raise self._refusal


_READERS = {
    6: RequestReader._read_6,
    10: RequestReader._read_10,
    13: RequestReader._read_13,
    14: RequestReader._read_14,
    17: RequestReader._read_17,
}
"""What reads a header, by the length of its name: most headers are of other lengths."""


def _ignore(_: HTTPRequest) -> None:
    """Take a request after the end of its connection."""


def _conditions(headers: list[tuple[bytes, bytes]]) -> Conditions:
    """Return the conditions; several lines are joined (RFC 9110 §5.3)."""

    def joined(name: bytes) -> str | None:
        values = [value.decode("latin-1") for known, value in headers if known == name]
        return ", ".join(values) if values else None

    return Conditions(
        if_none_match=joined(b"if-none-match"),
        if_modified_since=joined(b"if-modified-since"),
    )
