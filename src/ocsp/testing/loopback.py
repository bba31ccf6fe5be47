"""
Run a test responder on loopback, in a thread, with faults on demand.

The constructor opens the listening socket, so a test need not wait until the responder
is ready. One thread serves all connections. When the responder stops, it shuts down the
open connections, and each handler ends as if the client had disconnected.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.errors import LimitExceeded, MissingExtraError
from ocsp.http import (
    Conditions,
    HTTPAnswer,
    conditional,
    method_not_allowed,
    read_body,
)
from ocsp.http import answer as http_answer
from ocsp.server import base_url, bind
from ocsp.testing.answers import build_answer
from ocsp.testing.fault_schedule import FaultSchedule
from ocsp.testing.faults import Fault
from ocsp.testing.pki import PKI
from ocsp.testing.requests import ReceivedRequest
from ocsp.testing.wire import PAUSE, PRIVATE_URL, Settings, deliver

if TYPE_CHECKING:
    from ocsp.testing.connection import Connection

__all__ = ["LoopbackResponder"]


class LoopbackResponder:
    """
    An OCSP responder over real HTTP, for tests; a context manager.

    It answers GET and POST for all CAs of its PKI with the real
    :class:`ocsp.responder.Responder`, and serves their certificates and CRLs. Without a
    fault all its answers are correct.

    Attributes:
        pki: The PKI that it answers for.

        url: Its URL, with a slash at the end.

        requests: The requests that it received, in order; a test may clear the list.

        redirect_to: The target of :attr:`Fault.REDIRECT_AWAY`; by default a link-local
            address.

        pause: Seconds between two octets with :attr:`Fault.SLOW_BODY`.
    """

    def __init__(self, pki: PKI | None = None) -> None:
        """
        Listen on a free port.

        Args:
            pki: The PKI to answer for; its ``url`` is set. By default a new PKI.

        Raises:
            MissingExtraError: If h11 is not installed.
            ConfigError: If the machine has no loopback interface.
        """
        try:
            import ocsp.testing.connection  # noqa: F401
        except ModuleNotFoundError as error:
            raise MissingExtraError("the responder for tests", "testing") from error
        self._socket = bind("127.0.0.1", 0)
        self._socket.setblocking(False)
        self._address = self._socket.getsockname()
        self.url = base_url(self._socket) + "/"
        self.pki = PKI() if pki is None else pki
        self.pki.url = self.url
        self.redirect_to = PRIVATE_URL
        self.pause = PAUSE
        self.requests: list[ReceivedRequest] = []
        self._faults = FaultSchedule()
        self._published: dict[str, HTTPAnswer] = {}
        self._failures: list[BaseException] = []
        self._open = 0
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="ocsp-loopback")

    # --- for tests -------------------------------------------------------------------

    def fail(
        self,
        fault: Fault,
        *,
        times: int | None = None,
        serial_number: int | None = None,
        method: str | None = None,
    ) -> None:
        """
        Switch a fault on.

        If several faults match a request, the one that was set first applies.

        Args:
            fault: The fault.

            times: The number of requests that it applies to; by default all.

            serial_number: Apply it only to requests with this serial number.

            method: Apply it only to requests with this method: ``GET`` or ``POST``.
        """
        self._faults.add(fault, times, serial_number, method)

    def heal(self) -> None:
        """Switch all faults off."""
        self._faults.clear()

    def publish(self, path: str, content: bytes, content_type: str) -> str:
        """
        Serve *content* at *path*, and return its URL.

        Args:
            path: A path that begins with a slash, and contains a character that is not
                in base64, for example a dot, so that it differs from an OCSP request.

            content: The body of the answer.

            content_type: Its media type.
        """
        self._published[path] = _document(content, content_type)
        return self.url.rstrip("/") + path

    @property
    def open_connections(self) -> int:
        """The number of connections that are open now."""
        return self._open

    def wait_until_idle(self, timeout: float = 10.0) -> None:
        """
        Wait until clients have closed all connections.

        Args:
            timeout: In seconds.

        Raises:
            TimeoutError: If a connection is still open after *timeout*.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._open == 0, timeout):
                raise TimeoutError(f"{self._open} connections are still open")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """
        Stop, and break the connections that are still open.

        Raises:
            Exception: The first unexpected exception in the thread, for example from
                the clock of the PKI. The client only saw its connection end.
        """
        self._stopping = True
        # Connecting wakes the thread, which waits for the next connection. If another
        # connection has just done that, the socket may already be closed.
        with contextlib.suppress(ConnectionError):
            socket.create_connection(self._address).close()
        self._thread.join()
        if self._failures:
            raise self._failures[0]

    # --- the thread ------------------------------------------------------------------

    def _run(self) -> None:
        with self._socket, asyncio.Runner() as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        conversations: dict[asyncio.Task[None], socket.socket] = {}

        def ended(task: asyncio.Task[None]) -> None:
            del conversations[task]
            if (error := task.exception()) is not None:
                self._failures.append(error)

        while True:
            peer, _ = await loop.sock_accept(self._socket)
            if self._stopping:
                peer.close()
                break
            task = loop.create_task(self._converse(peer))
            conversations[task] = peer
            task.add_done_callback(ended)
        for peer in conversations.values():
            with contextlib.suppress(OSError):  # it is closed already
                peer.shutdown(socket.SHUT_RDWR)
        await asyncio.gather(*conversations, return_exceptions=True)

    async def _converse(self, peer: socket.socket) -> None:
        import h11

        from ocsp.testing.connection import Connection

        connection = Connection(*await asyncio.open_connection(sock=peer))
        self._count(1)
        try:
            while (received := await connection.receive()) is not None:
                await self._reply(connection, received)
        except (ConnectionError, h11.ProtocolError):
            pass  # the client disconnected, or did not send HTTP
        finally:
            await connection.close()
            self._count(-1)

    def _count(self, change: int) -> None:
        with self._changed:
            self._open += change
            self._changed.notify_all()

    async def _reply(self, connection: Connection, received: ReceivedRequest) -> None:
        published = self._document_at(received.target)
        if published is not None:
            self.requests.append(received)
            await connection.send(published)
            return
        fault = self._faults.take(received)
        self.requests.append(replace(received, fault=fault))
        here = self.url.rstrip("/") + received.target
        settings = Settings(here, self.redirect_to, self.pause)
        await deliver(connection, self._answer(received, fault), fault, settings)

    def _answer(self, received: ReceivedRequest, fault: Fault | None) -> HTTPAnswer:
        now = self.pki.now()
        der = received.der
        if received.method not in {"GET", "HEAD", "POST"}:
            if fault is not Fault.ANY_METHOD:
                return method_not_allowed(now)
            der = received.body
        if fault is not Fault.UNLIMITED_REQUEST:
            der = _within_limit(der)
        answer = build_answer(self.pki, der, fault)
        full = http_answer(answer.der, answer.freshness, now)
        tag = received.header("if-none-match")
        if tag is None or received.method == "POST":
            return full
        if fault is Fault.IGNORED_CONDITIONS:
            return full
        # If-Modified-Since is ignored, so that it makes no difference what is revoked.
        return conditional(full, Conditions(if_none_match=tag), revoked=True)

    def _document_at(self, target: str) -> HTTPAnswer | None:
        """Return the published document, certificate or CRL at a path, or ``None``."""
        if target in self._published:
            return self._published[target]
        for number, ca in enumerate(self.pki.cas):
            if target == f"/ca/{number}.cer":
                der = ca.certificate.public_bytes(Encoding.DER)
                return _document(der, "application/pkix-cert")
            if target == f"/crl/{number}.crl":
                der = self.pki.crl(ca).public_bytes(Encoding.DER)
                return _document(der, "application/pkix-crl")
        return None


def _within_limit(der: bytes) -> bytes:
    """Return *der*, or nothing, which is malformed, if it is too large."""
    try:
        return read_body(der)
    except LimitExceeded:
        return b""


def _document(content: bytes, content_type: str) -> HTTPAnswer:
    length = str(len(content))
    headers = (("Content-Type", content_type), ("Content-Length", length))
    return HTTPAnswer(status=200, headers=headers, body=content)
