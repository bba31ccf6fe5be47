"""
Serve one connection: requests in, answers out, in order.

A connection is in one of these states, each with a deadline: waiting for a request,
reading one, answering one that has to wait, sending to a client that does not read, and
closing.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from functools import partial
from typing import Protocol, cast

from ocsp import limits
from ocsp.errors import DecodeError, SchemaError
from ocsp.http import CacheableAnswer, HTTPAnswer, UncachedAnswer
from ocsp.http import Connection as ConnectionHeader
from ocsp.server.native.http_request import HTTPRequest
from ocsp.server.native.outbox import Outbox
from ocsp.server.native.request_reader import SLICE, RequestReader, UnknownMethod
from ocsp.server.request_handler import Reply, RequestHandler

__all__ = ["Connection", "Registry"]

_DEFAULT = ConnectionHeader.DEFAULT
"""A name of the module: access to a member of an enumeration is slower."""

_NEVER = float("inf")
"""The deadline of a connection whose request waits: the handler bounds that time."""

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Registry(Protocol):
    """Knows the connections of a server."""

    @property
    def is_draining(self) -> bool:
        """Whether the server stops: connections end with their next answer."""
        ...

    def opened(self, connection: Connection) -> None:
        """Take note of a new connection."""
        ...

    def served(self, connection: Connection) -> None:
        """Take note that *connection* got an answer: it is used."""
        ...

    def closed(self, connection: Connection) -> None:
        """Take note of the end of a connection."""
        ...


class Connection(asyncio.Protocol):
    """
    One connection of the native server.

    Attributes:
        deadline: When :meth:`expire` is due, in seconds of the monotonic clock.
    """

    __slots__ = (
        "_answered",
        "_client_ended",
        "_dropped",
        "_handler",
        "_has_closed",
        "_is_behind",
        "_is_closing",
        "_is_lingering",
        "_is_unread",
        "_is_unreadable",
        "_out",
        "_outbox",
        "_queue",
        "_reader",
        "_registry",
        "_task",
        "_transport",
        "_unread",
        "deadline",
    )

    _transport: asyncio.Transport

    def __init__(
        self, handler: RequestHandler, registry: Registry, outbox: Outbox
    ) -> None:
        """
        Answer by *handler*.

        Args:
            handler: Answers the requests.

            registry: Is told when the connection begins and ends.

            outbox: Sends the answers together with those of other connections.
        """
        self._handler = handler
        self._registry = registry
        self._outbox = outbox
        self._reader = RequestReader(self._receive)
        self._out: list[bytes] = []
        self._queue: deque[HTTPRequest | bytes] = deque()
        self._unread = b""
        self._task: asyncio.Task[Reply] | None = None
        self._answered = 0
        self._dropped = 0
        self._is_behind = False
        self._is_unread = False
        self._is_unreadable = False
        self._is_closing = False
        self._has_closed = False
        self._is_lingering = False
        self._client_ended = False
        self.deadline = 0.0

    # --- events of the transport ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for a request."""
        self._transport = cast("asyncio.Transport", transport)
        self.deadline = time.monotonic() + limits.MAX_REQUEST_SECONDS
        self._registry.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Give up a request that waits: its client is gone."""
        self._is_closing = self._has_closed = True
        self._out.clear()
        self._queue.clear()
        self._unread = b""
        self._reader.close()
        if self._task is not None:
            self._task.cancel()
        self._registry.closed(self)

    def data_received(self, data: bytes) -> None:
        """Read requests, and answer them."""
        if self._is_closing or self._is_unreadable:
            self._drop(len(data))
        elif self._task is not None or self._is_unread:
            self._unread += data
        else:
            self._feed(data)

    def eof_received(self) -> bool:
        """Answer what came before the client ended its direction (RFC 9112 §9.6)."""
        self._client_ended = True
        self.flush()
        if (self._task is not None or self._is_unread) and not self._has_closed:
            return True
        if self._reader.in_request and not self._is_closing:
            self._refuse(SchemaError("the request is not complete", path="HTTP"))
            self.flush()
        self._end()
        return True

    def pause_writing(self) -> None:
        """Stop reading: the client does not read its answers."""
        self._is_unread = True
        self._transport.pause_reading()
        self.deadline = time.monotonic() + limits.MAX_UNREAD_SECONDS

    def resume_writing(self) -> None:
        """Go on: the client has read."""
        self._is_unread = False
        if self._is_closing:
            self.deadline = time.monotonic() + limits.MAX_CLOSING_SECONDS
        elif self._task is None:
            self._go_on()
        else:
            self.deadline = _NEVER

    # --- reading ---

    def _feed(self, data: bytes) -> None:
        begun = self._reader.begun
        try:
            if len(data) <= SLICE:
                self._reader.feed(data)
            else:
                self._feed_slices(data)
        except UnknownMethod:
            self._answer_unframed(
                self._handler.method_not_allowed(""), "a method is not known"
            )
        except DecodeError as error:
            self._refuse(error)
        self._flush_soon()
        if not self._is_busy():
            self._wait_for_client(has_begun=self._reader.begun != begun)

    def _feed_slices(self, data: bytes) -> None:
        for begin in range(0, len(data), SLICE):
            self._reader.feed(data[begin : begin + SLICE])
            self.flush()
            if self._is_closing:
                return
            if self._task is not None or self._is_unread:
                self._unread = data[begin + SLICE :]
                return

    def _wait_for_client(self, *, has_begun: bool) -> None:
        """Set the deadline for what the client sends next."""
        if not self._reader.in_request:
            self.deadline = time.monotonic() + limits.MAX_IDLE_SECONDS
            return
        if self._reader.expects_continue:
            self._reader.expects_continue = False
            self._out.append(_CONTINUE)
            self.flush()
        if has_begun:
            self.deadline = time.monotonic() + limits.MAX_REQUEST_SECONDS

    def _is_busy(self) -> bool:
        """Return whether nothing more is read now."""
        return self._is_closing or self._task is not None or self._is_unread

    def _go_on(self) -> None:
        """Answer and read what arrived while a request waited."""
        while self._queue and not self._is_busy():
            waiting = self._queue.popleft()
            if isinstance(waiting, bytes):
                self._answer_last(waiting)
            else:
                self._receive(waiting)
        self._flush_soon()
        self._catch_up()
        if self._is_busy():
            return
        self._wait_for_client(has_begun=True)  # it could not send before
        if self._client_ended:
            self.eof_received()
            return
        self._transport.resume_reading()
        if self._registry.is_draining and not self._reader.in_request:
            # Its next request may have arrived, and gets the last answer.
            self.deadline = time.monotonic() + limits.MAX_CLOSING_SECONDS

    def _catch_up(self) -> None:
        """Read what arrived while a request waited."""
        self._is_behind = True
        while self._unread and not self._is_busy():
            data, self._unread = self._unread[:SLICE], self._unread[SLICE:]
            self._feed(data)
            self.flush()
        self._is_behind = False

    # --- answering ---

    def _receive(self, request: HTTPRequest) -> None:
        if self._is_closing:
            return  # sent after a request that ends the connection
        if self._task is not None:
            self._queue.append(request)
            return
        given = self._handler.handle(
            request.method, request.target, request.body, request.conditions
        )
        # Not by Coroutine: the check of an abstract class takes ten times as long.
        if isinstance(given, (CacheableAnswer, UncachedAnswer, HTTPAnswer)):
            self._send(request, given)
        else:
            self._transport.pause_reading()
            self.deadline = _NEVER
            self._task = asyncio.get_running_loop().create_task(given)
            self._task.add_done_callback(partial(self._send_awaited, request))

    def _send_awaited(self, request: HTTPRequest, task: asyncio.Task[Reply]) -> None:
        self._task = None
        if not (self._has_closed or task.cancelled()):  # the client is there
            self._send(request, task.result())
            self._go_on()

    def _send(self, request: HTTPRequest, answer: Reply) -> None:
        self._answered += 1
        header = _DEFAULT
        if (
            not request.keep_alive
            or self._answered >= limits.MAX_CONNECTION_REQUESTS
            or (self._registry.is_draining and not self._has_more())
        ):
            header = ConnectionHeader.CLOSE
            self._is_closing = True
            self._is_lingering = request.keep_alive
        elif request.is_http_1_0:
            header = ConnectionHeader.KEEP_ALIVE
        if isinstance(answer, HTTPAnswer):
            with_body = request.method != "HEAD"
            self._out.append(answer.octets(header, with_body=with_body))
        else:
            self._out.append(answer.octets(self._handler.moment, header))
        self._registry.served(self)

    def _has_more(self) -> bool:
        """Return whether requests wait that arrived before the server was to stop."""
        is_followed = self._is_behind and self._reader.has_more
        return bool(self._queue or self._unread) or is_followed

    def _refuse(self, error: DecodeError) -> None:
        """Answer what cannot be read, and end the connection."""
        self._answer_unframed(self._handler.malformed(error), f"{error}")

    def _answer_unframed(self, answer: HTTPAnswer, reason: str) -> None:
        """Answer a request whose end is not known: nothing more can be read."""
        self._handler.log.report(
            logging.INFO, "closed", f"a connection was closed: {reason}"
        )
        self._is_unreadable = True
        with_body = not self._reader.is_head  # RFC 9110 §9.3.2
        octets = answer.octets(ConnectionHeader.CLOSE, with_body=with_body)
        if self._task is None:
            self._answer_last(octets)
        else:
            self._queue.append(octets)

    def _answer_last(self, octets: bytes) -> None:
        if not self._is_closing:
            self._is_closing = self._is_lingering = True
            self._out.append(octets)

    # --- writing and closing ---

    def _flush_soon(self) -> None:
        if self._is_closing:
            self.flush()  # its client has no other request in this connection
        elif self._out:
            self._outbox.add(self)

    def flush(self) -> None:
        """Send the answers that are ready, and close the connection if it ends."""
        out = self._out
        if out:
            self._transport.write(out[0] if len(out) == 1 else b"".join(out))
            out.clear()
        if self._is_closing and self._task is None and not self._has_closed:
            self._has_closed = True
            self._close()

    def _close(self) -> None:
        """Send what is left, and close."""
        if not self._is_lingering or self._client_ended:
            self._end()
            return
        if not self._is_unread:
            self.deadline = time.monotonic() + limits.MAX_CLOSING_SECONDS
        try:
            self._transport.write_eof()
            self._transport.resume_reading()
        except (OSError, RuntimeError):
            self._transport.abort()

    def _end(self) -> None:
        """Close the connection as soon as its client has read what is left."""
        self._is_closing = self._has_closed = True
        self.deadline = time.monotonic() + limits.MAX_UNREAD_SECONDS
        self._transport.close()

    def _drop(self, size: int) -> None:
        self._dropped += size
        if self._dropped > limits.MAX_CLOSING_BYTES:
            self._transport.abort()

    def expire(self) -> str:
        """End a connection whose deadline is over, and return why: slow or idle."""
        if self._is_closing or self._is_unread:
            self._transport.abort()
            return "slow"
        if self._reader.in_request:
            self._refuse(SchemaError("the request did not arrive in time", path="HTTP"))
            self.flush()
            return "slow"
        self._end()
        return "idle"

    def end_if_idle(self) -> None:
        """End a connection that was used, if no part of a request has arrived."""
        self.flush()
        is_idle = not (self._is_busy() or self._reader.in_request)
        if is_idle and self._answered:
            self._end()

    def abort(self) -> None:
        """End the connection at once."""
        self._transport.abort()

    @property
    def is_answering(self) -> bool:
        """Whether a request waits for the source or the signer."""
        return self._task is not None
