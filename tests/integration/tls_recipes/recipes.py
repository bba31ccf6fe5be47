"""Run the recipes of the documentation against real servers, good and revoked."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Any, Self

import pytest

from ocsp.tls import RevocationRefused, protect
from tests.docs.examples import ROOT
from tests.integration.tls_protection.scene import Scene, causes

__all__ = [
    "PROXIES",
    "Check",
    "Serve",
    "Server",
    "check_client",
    "recipe",
    "serve_http",
]

Serve = Callable[[socket.socket, ssl.SSLContext], None]
Check = Callable[..., BaseException]

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
"""Variables of the environment by which libraries would use a proxy."""

_PORT = "8443"


def recipe(page: str, heading: str, number: int = 0) -> str:
    """Return a Python block of the section *heading* of a page in docs."""
    text = (ROOT / "docs" / page).read_text()
    section = re.split(
        r"^## ", text.partition(f"\n## {heading}\n")[2], flags=re.MULTILINE
    )[0]
    return re.findall(r"^```python\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)[
        number
    ]


class Server:
    """
    A TLS server on loopback with a thread for each connection.

    Attributes:
        port: Its port.

        served: How many connections were served to their end.
    """

    def __init__(self, serve: Serve, context: ssl.SSLContext) -> None:
        self._work = serve
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []
        self.port: int = self._listener.getsockname()[1]
        self.served = 0

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in self._threads:
            each.join(10)

    def _start(self, work: Callable[..., None], *args: Any) -> None:
        self._threads.append(threading.Thread(target=work, args=args, daemon=True))
        self._threads[-1].start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self._start(self._serve, self._listener.accept()[0])

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(10)
        with connection, contextlib.suppress(OSError, EOFError, ValueError):
            self._work(connection, self._context)
            self.served += 1


def serve_http(connection: socket.socket, context: ssl.SSLContext) -> None:
    """Answer one HTTP request with TLS from the first octet on."""
    with context.wrap_socket(connection, server_side=True) as tls:
        read_until(tls, b"\r\n\r\n")
        tls.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
        )


def read_until(connection: socket.socket, end: bytes) -> bytes:
    """Return what arrives, up to *end*."""
    data = b""
    while not data.endswith(end):
        received = connection.recv(1)
        if not received:
            raise EOFError
        data += received
    return data


def lines(connection: socket.socket) -> Iterator[bytes]:
    """Yield the lines that arrive, without their ends."""
    while True:
        yield read_until(connection, b"\n").strip()


def check_client(
    scene: Scene, source: str, serve: Serve, *, loop_wait: float = 5.0
) -> BaseException:
    """
    Run *source* with a good server and with a revoked one; return the error of that.

    The context that the recipe uses is protected here, with a client that may ask a
    responder on loopback.
    """
    context = scene.client_context()
    protect(context, scene.client, loop_wait=loop_wait)
    with Server(serve, scene.server_context(scene.good())) as good:
        _run(source, good.port, context)
    assert good.served
    with (
        Server(serve, scene.server_context(scene.revoked())) as revoked,
        pytest.raises(Exception, check=_is_refusal) as raised,
    ):
        _run(source, revoked.port, context)
    assert not revoked.served
    return raised.value


def _is_refusal(error: BaseException) -> bool:
    return any(isinstance(each, RevocationRefused) for each in causes(error))


def _run(source: str, port: int, context: ssl.SSLContext) -> None:
    code = compile(source.replace(_PORT, str(port)), "<recipe>", "exec")
    exec(code, {"context": context})
