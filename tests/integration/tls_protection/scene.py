"""A PKI with its responder, TLS contexts, and a TLS server that answers on loopback."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Self

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

import ocsp
from ocsp import OCSPCertStatus
from ocsp.client import AddressPolicy, Options
from ocsp.testing import PKI, Identity, LoopbackResponder

__all__ = ["NAME", "Scene", "TLSServer", "causes"]

NAME = "localhost"
V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


class Scene:
    """
    A PKI, its responder, and contexts for its certificates.

    Attributes:
        responder: The responder of all certificates.

        pki: Its PKI.

        client: A client that may ask it.
    """

    def __init__(self, responder: LoopbackResponder, folder: Path) -> None:
        self.responder = responder
        self.pki = responder.pki
        self._folder = folder
        self._stack = contextlib.ExitStack()
        self.client = self.new_client()
        self.good = cache(lambda: self.pki.issue(NAME))
        self.revoked = cache(
            lambda: self.pki.issue(NAME, status=OCSPCertStatus.REVOKED)
        )

    def new_client(self, **options: Any) -> ocsp.Client:
        """Return a new client that knows nothing."""
        options = {"address_policy": AddressPolicy.PRIVATE_TOO, **options}
        return self.close_later(ocsp.Client(Options(**options)))

    def close_later(self, client: ocsp.Client) -> ocsp.Client:
        """Return *client*, which is closed at the end of the test."""
        return self._stack.enter_context(client)

    def pem(self, identity: Identity) -> str:
        """Return the path of a file with the chain and the key of *identity*."""
        path = self._folder / f"{identity.serial_number:x}.pem"
        if not path.exists():
            key = identity.key.private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
            )
            path.write_bytes(identity.chain_pem + key)
        return str(path)

    def root_pem(self, pki: PKI | None = None) -> str:
        """Return the root certificate, in PEM."""
        return (pki or self.pki).root.public_bytes(Encoding.PEM).decode()

    def root_file(self) -> str:
        """Return the path of a file with the root certificate."""
        path = self._folder / "root.pem"
        path.write_text(self.root_pem())
        return str(path)

    def client_context(
        self, identity: Identity | None = None, version: ssl.TLSVersion | None = None
    ) -> ssl.SSLContext:
        """Return a context that trusts the root; with a certificate of its own."""
        context = ssl.create_default_context(cadata=self.root_pem())
        _pin(context, version)
        if identity is not None:
            context.load_cert_chain(self.pem(identity))
        return context

    def server_context(
        self,
        identity: Identity,
        clients: ssl.VerifyMode = ssl.CERT_NONE,
        version: ssl.TLSVersion | None = None,
    ) -> ssl.SSLContext:
        """Return the context of a server; it may ask for certificates of clients."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        _pin(context, version)
        context.load_cert_chain(self.pem(identity))
        if clients is not ssl.CERT_NONE:
            context.verify_mode = clients
            context.load_verify_locations(cadata=self.root_pem())
        return context

    def serve(self, context: ssl.SSLContext) -> TLSServer:
        """Return a server with *context* that runs until the end of the test."""
        return self._stack.enter_context(TLSServer(context))

    def close(self) -> None:
        """Stop the servers, and close the clients."""
        self._stack.close()


def _pin(context: ssl.SSLContext, version: ssl.TLSVersion | None) -> None:
    if version is not None:
        context.minimum_version = context.maximum_version = version


class TLSServer:
    """
    Answers what a client sends with the same octets behind ``srv:``.

    Attributes:
        address: Where it listens.

        got: What it received, decrypted.

        raw: What came on connections whose handshake failed, after it.

        failures: The errors of handshakes and of connections.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._listener.getsockname()
        self.got: list[bytes] = []
        self.raw: list[bytes] = []
        self.failures: list[BaseException] = []
        self._threads: list[threading.Thread] = []

    @property
    def port(self) -> int:
        """The port."""
        return self.address[1]

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.join()

    def join(self) -> None:
        """Wait for the connections to end; the listener, if it is closed."""
        for thread in self._threads[1 if self._listener.fileno() >= 0 else 0 :]:
            thread.join(10)

    def _start(self, work: Any, *args: Any) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self._start(self._serve, self._listener.accept()[0])

    def _serve(self, raw: socket.socket) -> None:
        raw.settimeout(10)
        watched = socket.socket(fileno=socket.dup(raw.fileno()))
        watched.settimeout(10)
        try:
            with self.context.wrap_socket(raw, server_side=True) as connection:
                while data := connection.recv(1000):
                    self.got.append(data)
                    connection.sendall(b"srv:" + data)
        except (OSError, ValueError) as error:
            self.failures.append(error)
            with contextlib.suppress(OSError):
                self.raw.append(watched.recv(1000))
        finally:
            watched.close()


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield *error* and what it was raised for; urllib3 has that in the arguments."""
    while error is not None:
        yield error
        inner = (each for each in error.args if isinstance(each, BaseException))
        error = error.__cause__ or error.__context__ or next(inner, None)
