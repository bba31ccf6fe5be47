"""
Several requests over one connection: each reply is made of its own octets, as h11 reads.

A server sends octets in each *round*: after a request, and before the next one. The
octets come from a grammar of replies that are well-formed or nearly so, and are divided
at random.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from typing import Any, NamedTuple

import h11
from hypothesis import example, given
from hypothesis import strategies as st

from ocsp.client import AddressPolicy, HTTPReply, HTTPRequest, Proxy
from ocsp.client.transport.exchange import Connect, Exchange, Read, Write
from ocsp.client.transport.pool import ConnectionPool, Stream
from ocsp.client.transport.proxy import ProxyTable
from ocsp.errors import FetchError
from tests.property.test_http_replies import replies

REQUEST = HTTPRequest(
    method="GET",
    url="http://192.0.2.1/",
    max_bytes=200,
    timeout=30,
    io_timeout=30,
    address_policy=AddressPolicy.PRIVATE_TOO,
)
DIRECT = ProxyTable(Proxy.NONE)
ORDINARY = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"


class Round(NamedTuple):
    """
    What the server sends in one round.

    Attributes:
        octets: All octets.

        parts: How many octets the client receives at a time, in turn.

        late: How many of the last octets the client can receive only when it is idle.
    """

    octets: bytes
    parts: list[int]
    late: int

    def segments(self) -> Iterator[bytes]:
        """Return the octets that the client can receive while it reads, divided."""
        at, end = 0, len(self.octets) - self.late
        for size in self.parts * (end + 1):
            if at >= end:
                return
            yield self.octets[at : min(at + size, end)]
            at += size


@st.composite
def rounds(draw: st.DrawFn) -> Round:
    """Return a round: a reply, or several, or what only begins like one."""
    octets = draw(
        st.one_of(
            st.just(ORDINARY),
            replies(),
            st.tuples(st.just(ORDINARY), st.sampled_from([b"\r\n", b"\n", b"x"])).map(
                b"".join
            ),
            st.tuples(replies(), replies()).map(b"".join),
        )
    )
    parts = draw(st.lists(st.integers(1, 80), min_size=1, max_size=4))
    return Round(octets, parts, draw(st.integers(0, len(octets))))


class Connection:
    """A connection, and the steps of exchanges over it."""

    def __init__(self) -> None:
        ours, self._server = socket.socketpair()
        self._stream = Stream(ours)
        self._socket = ours
        self._pool: ConnectionPool[Stream] = ConnectionPool(4)
        self._new = True

    def ask(self, now: Round) -> HTTPReply | None:
        """
        Return the reply, or ``None`` if there is none.

        Raises:
            ConnectionAbortedError: If the client wants a new connection.
        """
        segments = now.segments()
        exchange = Exchange(REQUEST, DIRECT, self._pool)
        steps, result = exchange.run(), None
        try:
            step = next(steps)
            while True:
                step = steps.send(self._do(step, segments))
        except StopIteration as stop:
            result = stop.value
        except FetchError:
            pass
        finally:
            steps.close()
            for stream in exchange.unfinished:
                stream.close()
        assert result is None or isinstance(result, HTTPReply)
        for rest in (*segments, now.octets[len(now.octets) - now.late :]):
            self._send(rest)
        return result

    def _do(self, step: Any, segments: Iterator[bytes]) -> Any:
        if isinstance(step, Connect):
            if not self._new:
                raise ConnectionAbortedError
            self._new = False
            return self._stream
        if isinstance(step, Write):
            return None
        assert isinstance(step, Read)
        segment = next(segments, b"")
        if segment:
            self._send(segment)
        else:
            self._server.shutdown(socket.SHUT_WR)
        self._socket.settimeout(30)
        return self._socket.recv(65_536)

    def _send(self, octets: bytes) -> None:
        with contextlib.suppress(OSError):  # the client has closed the connection
            self._server.sendall(octets)

    def close(self) -> None:
        """Close both ends."""
        self._server.close()
        self._stream.close()


def _by_h11(octets: bytes, *, ended: bool) -> tuple[tuple[int, bytes] | None, bool]:
    """
    Return how h11 reads *octets*, the answer to one request.

    The first value is the status, and the body if that is 200; ``None`` if there is no
    reply. The second is whether the octets are one reply that keeps the connection.
    """
    connection = h11.Connection(h11.CLIENT)
    host = [("Host", "192.0.2.1")]
    connection.send(h11.Request(method="GET", target="/", headers=host))
    connection.send(h11.EndOfMessage())
    status, body, complete = 0, b"", False
    with contextlib.suppress(h11.RemoteProtocolError):
        connection.receive_data(octets)
        if ended:
            connection.receive_data(b"")
        while (event := connection.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
            if isinstance(event, h11.EndOfMessage):
                complete = True
                break
            if isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += event.data
    reply = (status, body if status == 200 else b"")
    keeps = connection.their_state is h11.DONE and connection.our_state is h11.DONE
    one = complete and keeps and connection.trailing_data == (b"", False)
    return reply if complete or status not in {0, 200} else None, one


@given(st.lists(rounds(), min_size=2, max_size=4))
@example([Round(ORDINARY * 2, [9999], 0), Round(ORDINARY, [9999], 0)])
@example([Round(ORDINARY * 2, [9999], 41), Round(ORDINARY, [9999], 0)])
@example([Round(ORDINARY + b"\r\n", [9999], 0), Round(ORDINARY, [9999], 0)])
@example([Round(ORDINARY, [1], 0)] * 4)
def test_nothing_of_a_round_becomes_the_reply_of_the_next(
    all_rounds: list[Round],
) -> None:
    """Each reply is that of its round, and after anything odd the connection ends."""
    connection = Connection()
    with contextlib.closing(connection), contextlib.suppress(ConnectionAbortedError):
        for before, now in zip([None, *all_rounds], all_rounds, strict=False):
            found = connection.ask(now)
            if before is not None:
                _, one = _by_h11(before.octets, ended=False)
                assert one, "the connection was used again"
            if found is not None:
                seen = now.octets[: len(now.octets) - now.late]
                expected, _ = _by_h11(seen, ended=True)
                assert (found.status, found.body) == expected


def test_ordinary_replies_keep_the_connection() -> None:
    """So that the property above says something about several requests."""
    connection = Connection()
    for _ in range(5):
        assert connection.ask(Round(ORDINARY, [7], 0)) is not None
    connection.close()
