"""A responder in memory, and connections of the native server without a network."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar, cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp import CertID
from ocsp.http import get_url
from ocsp.process_clock import ProcessClock
from ocsp.responder import (
    Authority,
    Changes,
    IssuerKey,
    Responder,
    StatusQuery,
    StatusRecord,
)
from ocsp.server import RequestHandler
from ocsp.server.native.connection import Connection
from ocsp.server.native.connections import Connections
from ocsp.server.native.outbox import Outbox
from ocsp.status import MemorySource
from tests.pki import ca, delegate_signer

HOUR = datetime.timedelta(hours=1)
GOOD, REVOKED, NEVER = 0x10, 0x11, 0x12
MALFORMED = b"\x30\x03\x0a\x01\x01"
TRY_LATER = b"\x30\x03\x0a\x01\x03"
UNAUTHORIZED = b"\x30\x03\x0a\x01\x06"
START = delegate_signer().certificate.not_valid_before_utc + HOUR


def query(serial: int) -> StatusQuery:
    """Return the query for a certificate of the CA."""
    return StatusQuery(IssuerKey.of(ca()), serial)


RECORDS = {
    query(GOOD): StatusRecord(),
    query(REVOKED): StatusRecord.revoked(START - HOUR),
}


class Clock:
    """A clock that a test sets. The monotonic time follows, unless it jumps."""

    def __init__(self) -> None:
        self.now = START
        self.seconds = 1000.0

    def of_process(self) -> ProcessClock:
        """Return the clock of a process that starts now."""
        return ProcessClock(lambda: self.now, lambda: self.seconds)

    def advance(self, seconds: float) -> None:
        """Let *seconds* pass."""
        self.now += datetime.timedelta(seconds=seconds)
        self.seconds += seconds

    def jump(self, seconds: float) -> None:
        """Set the clock to another time."""
        self.now += datetime.timedelta(seconds=seconds)
        self.seconds += 0.1


class PolledSource(MemorySource):
    """A source in memory that says what changed, so that answers are kept."""

    def __init__(self) -> None:
        self.records = dict(RECORDS)
        self.changes: list[StatusQuery] = []
        super().__init__(self.records)

    def poll_changes(self) -> Changes:
        """Return the changes since the last call."""
        changed, self.changes = self.changes, []
        return Changes(False, changed)


def request(
    serial: int = GOOD,
    *,
    nonce: bytes | None = None,
    algorithm: hashes.HashAlgorithm | None = None,
) -> bytes:
    """Return an OCSP request."""
    cert_id = CertID.for_serial(ca(), serial, algorithm or hashes.SHA256())
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_id(cert_id)
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)


def get(der: bytes, headers: str = "") -> bytes:
    """Return an HTTP request by GET."""
    return f"GET {get_url('', der)} HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode()


def post(der: bytes, headers: str = "") -> bytes:
    """Return an HTTP request by POST."""
    head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {len(der)}\r\n{headers}\r\n"
    return head.encode() + der


def handler(
    source: Any = None, clock: Clock | None = None, **settings: Any
) -> RequestHandler:
    """Return a request handler for the CA of the tests."""
    clock = clock or Clock()
    return RequestHandler(
        Responder([Authority(ca(), [delegate_signer()])]),
        source or PolledSource(),
        clock=clock.of_process(),
        **settings,
    )


class _WithHandler(Protocol):
    handler: RequestHandler


Node = TypeVar("Node", bound=_WithHandler)


class Transport:
    """What a connection does with its socket, without one."""

    def __init__(self) -> None:
        self.sent = b""
        self.is_closed = self.is_paused = self.has_ended = self.is_aborted = False

    def write(self, data: bytes) -> None:
        """Send."""
        assert not self.is_closed
        assert not self.has_ended
        self.sent += data

    def write_eof(self) -> None:
        """End the direction to the client."""
        self.has_ended = True

    def close(self) -> None:
        """Close after everything is sent."""
        self.is_closed = True

    def abort(self) -> None:
        """Close at once."""
        self.is_closed = self.is_aborted = True

    def pause_reading(self) -> None:
        """Stop to read."""
        self.is_paused = True

    def resume_reading(self) -> None:
        """Read again."""
        self.is_paused = False


class Client:
    """A client of the native server, in the same thread."""

    def __init__(
        self,
        given: RequestHandler,
        connections: Connections | None = None,
        outbox: Outbox | None = None,
    ) -> None:
        self.connections = connections or Connections(
            given.log, given.metrics, backlog=0
        )
        self.transport = Transport()
        self.outbox = outbox or Outbox(later=_later)
        self.connection = Connection(given, self.connections, self.outbox)
        self.connection.connection_made(cast("asyncio.BaseTransport", self.transport))

    def send(self, data: bytes, *, size: int | None = None) -> bytes:
        """Send *data*, in pieces of *size*, and return what came back."""
        begin = len(self.transport.sent)
        for start in range(0, len(data), size or len(data) or 1):
            self.connection.data_received(data[start : start + (size or len(data))])
            self.outbox.send()
        return self.transport.sent[begin:]

    def end(self) -> bytes:
        """End the direction to the server, and return what came back."""
        begin = len(self.transport.sent)
        self.connection.eof_received()
        return self.transport.sent[begin:]

    @property
    def is_ended(self) -> bool:
        """Whether the server ended the connection, at least its own direction."""
        return self.transport.is_closed or self.transport.has_ended


def _later(function: Callable[[], None]) -> None:
    """Call *function* in the event loop; without one, the client does that itself."""
    with contextlib.suppress(RuntimeError):
        asyncio.get_running_loop().call_soon(function)


def ask(data: bytes, given: RequestHandler | None = None) -> bytes:
    """Send *data* in a connection of its own, end it, and return what came back."""
    client = Client(given or handler())
    return client.send(data) + (b"" if client.is_ended else client.end())


def bodies(sent: bytes) -> list[bytes]:
    """Return the bodies of the answers in *sent*; each has to be well-formed."""
    found = []
    while sent:
        head, _, rest = sent.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        assert lines[0].startswith(b"HTTP/1.1 "), lines[0]
        headers = dict(line.lower().split(b": ", 1) for line in lines[1:])
        size = int(headers[b"content-length"])
        assert len(rest) >= size
        found.append(rest[:size])
        sent = rest[size:]
    return found


def status_of(body: bytes) -> str:
    """Return the status of the certificate, or the error."""
    response = ocsp.load_der_ocsp_response(body)
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        return response.response_status.name
    return response.certificate_status.name


def run(main: Callable[[], Any]) -> None:
    """Run the coroutine that *main* returns."""
    asyncio.run(main())


def with_node(
    new: Callable[[], Node],
) -> Callable[[Callable[[Node], Awaitable[None]]], Callable[[], None]]:
    """Let a test run in an event loop, with a node that *new* makes there."""

    def decorate(scene: Callable[[Node], Awaitable[None]]) -> Callable[[], None]:
        def run() -> None:
            async def main() -> None:
                node = new()
                await scene(node)
                await node.handler.close()

            asyncio.run(main())

        run.__name__ = scene.__name__
        run.__doc__ = scene.__doc__
        return run

    return decorate
