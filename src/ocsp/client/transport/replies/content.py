"""
The content of a reply: decoded piece by piece, and bounded while it is decoded.

RFC 9110 §8.4 (content codings). A small reply can decode to a large content, so at most
one octet more than the limit is decoded.
"""

from __future__ import annotations

import zlib

from ocsp.client.transport.protocol import HTTPRequest
from ocsp.errors import BodyTooLarge

__all__ = ["Content", "MalformedReply"]

_GZIP_OR_ZLIB = 47
"""The argument of zlib for data with a gzip or a zlib header."""

_BARE_DEFLATE = -15
"""The argument of zlib for data without a header, which some servers send."""


class MalformedReply(Exception):
    """The server did not send a well-formed HTTP/1.1 reply; the text says why."""


class Content:
    """
    The content of a reply, decoded: in memory, or in the file of the request.

    Attributes:
        kept: The content in memory.

        received: The number of octets received, before decoding.
    """

    def __init__(self, request: HTTPRequest) -> None:
        """Create empty content, and empty the file ``request.save_to``."""
        self.kept = bytearray()
        self.received = 0
        self._request = request
        self._size = 0
        self._compressed = False
        self._decoder: zlib._Decompress | None = None
        if request.save_to is not None:
            request.save_to.seek(0)
            request.save_to.truncate()

    def begin(self, length: str, encoding: str) -> None:
        """
        Check the Content-Length and the Content-Encoding of the reply.

        Raises:
            BodyTooLarge: If the content will have more octets than ``max_bytes``.
            MalformedReply: If the encoding is not known.
        """
        if length:
            self._check(int(length))
        if encoding.lower() in {"gzip", "x-gzip", "deflate"}:
            self._compressed = True
        elif encoding.lower() not in {"", "identity"}:
            raise MalformedReply(f"its Content-Encoding is {encoding[:40]!r}")

    def add(self, part: bytes) -> None:
        """
        Decode and keep *part*.

        Raises:
            BodyTooLarge: If the content has more octets than ``max_bytes``.
            MalformedReply: If it cannot be decoded, or not be saved.
        """
        self.received += len(part)
        self._check(self.received)
        if not self._compressed:
            self._keep(part)
            return
        try:
            while part:
                part = self._decode(part)
        except zlib.error as error:
            raise MalformedReply(f"its content cannot be decoded: {error}") from error

    def _decode(self, part: bytes) -> bytes:
        """Decode *part*; return what belongs to another member (RFC 1952 §2.2)."""
        room = self._request.max_bytes - self._size + 1
        if self._decoder is None:
            self._decoder = zlib.decompressobj(_GZIP_OR_ZLIB)
            try:
                decoded = self._decoder.decompress(part, room)
            except zlib.error:
                self._decoder = zlib.decompressobj(_BARE_DEFLATE)
                decoded = self._decoder.decompress(part, room)
        else:
            decoded = self._decoder.decompress(part, room)
        self._keep(decoded)
        rest: bytes = self._decoder.unused_data
        if rest:
            self._decoder = None
        return rest

    def _keep(self, part: bytes) -> None:
        self._size += len(part)
        self._check(self._size)
        if self._request.save_to is None:
            self.kept += part
        else:
            try:
                self._request.save_to.write(part)
            except OSError as error:
                raise MalformedReply(f"the client cannot save it: {error}") from error

    def _check(self, size: int) -> None:
        if size > self._request.max_bytes:
            request = self._request
            raise BodyTooLarge(request.shown or request.url, request.max_bytes)

    def end(self) -> None:
        """
        Check that compressed content is complete.

        Raises:
            MalformedReply: If it is not.
        """
        if self._decoder is not None and not self._decoder.eof:
            raise MalformedReply("its compressed content is incomplete")
