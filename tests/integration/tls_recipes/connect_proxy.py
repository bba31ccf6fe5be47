"""An HTTP proxy on loopback that connects to any server there (CONNECT)."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Self

from tests.integration.tls_recipes.recipes import read_until

__all__ = ["ConnectProxy"]


class ConnectProxy:
    """
    Passes octets on between clients and the servers that they name.

    Attributes:
        url: Its URL.

        connected: How many servers it has connected to.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.connected = 0

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError, EOFError):
            request = read_until(client, b"\r\n\r\n")
            port = int(request.split()[1].rpartition(b":")[2])
            with socket.create_connection(("127.0.0.1", port), 10) as server:
                self.connected += 1
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                back = threading.Thread(target=_pass_on, args=[server, client])
                back.start()
                _pass_on(client, server)
                back.join(10)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(9000):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
