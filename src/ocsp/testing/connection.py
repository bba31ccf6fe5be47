"""
Handle one HTTP connection of the test responder.

h11 parses and writes HTTP/1.1; this module moves the octets, and can send an answer in
parts or leave it unfinished on purpose. Needs the extra ``testing``.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct

import h11

from ocsp import limits
from ocsp.http import HTTPAnswer
from ocsp.testing.requests import ReceivedRequest, read_request

__all__ = ["Connection"]

_READ = 1 << 16
_RESET = struct.pack("ii", 1, 0)
"""The value for SO_LINGER: on, with 0 seconds. Closing the socket then sends a RST."""


class Connection:
    """The connection of one client."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.SERVER)
        self._head_only = False

    async def receive(self) -> ReceivedRequest | None:
        """
        Return the next request; ``None`` at the end, or if its body is too large.

        Raises:
            ConnectionError: If the connection breaks.
            h11.RemoteProtocolError: If the client does not send valid HTTP.
        """
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
        if self._http.our_state is not h11.IDLE:
            return None
        head, body = None, bytearray()
        while not isinstance(event := await self._next_event(), h11.EndOfMessage):
            if isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > limits.MAX_MESSAGE_BYTES:
                    return None
            else:
                return None
        if head is None:
            return None
        self._head_only = head.method == b"HEAD"
        headers = tuple(
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in head.headers
        )
        method = head.method.decode("latin-1")
        return read_request(method, head.target, headers, bytes(body))

    async def _next_event(self) -> object:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._http.receive_data(await self._reader.read(_READ))
        return event

    async def send(self, reply: HTTPAnswer) -> None:
        """Send a complete answer."""
        await self.begin(reply)
        await self.put(reply.body)
        await self.end()

    async def begin(self, reply: HTTPAnswer) -> None:
        """Send status and headers; without Content-Length the body is chunked."""
        await self._write(
            h11.Response(status_code=reply.status, headers=list(reply.headers))
        )

    async def put(self, part: bytes) -> None:
        """Send a part of the body; nothing if the request is a HEAD."""
        if part and not self._head_only:
            await self._write(h11.Data(data=part))

    async def put_after_head(self, body: bytes) -> None:
        """Send *body* after the answer to a HEAD, which must not have one."""
        if self._head_only:
            self._writer.write(body)
            await self._writer.drain()

    async def end(self) -> None:
        """End the body; the connection can then be reused."""
        await self._write(h11.EndOfMessage())

    async def _write(self, event: h11.Event) -> None:
        self._writer.write(self._http.send(event) or b"")
        await self._writer.drain()

    async def until_given_up(self) -> None:
        """Wait until the client closes or breaks the connection."""
        with contextlib.suppress(ConnectionError):
            while await self._reader.read(_READ):
                pass

    def reset(self) -> None:
        """Break the connection with a TCP RST."""
        raw = self._writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._writer.transport.abort()

    async def close(self) -> None:
        """Close the connection, if it is not closed yet."""
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()
