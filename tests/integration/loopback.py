"""Provide a faulty HTTP server on loopback: a function handles each connection."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

__all__ = ["Serve", "Server", "head", "read_request", "serving"]

Serve = Callable[["Server", socket.socket], None]


class Server:
    """
    Accepts connections on loopback and runs a function for each, in a thread.

    Attributes:
        requests: The complete requests that :func:`read_request` has read.

        connections: The number of connections.

        reached: Set when a client waits for an answer.

        gone: Set when a client has closed, or broken off, a connection.

        release: Set when the test is over, so that waiting threads may end.
    """

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []
        self.port: int = self._listener.getsockname()[1]
        self.requests: list[bytes] = []
        self.connections = 0
        self.reached = threading.Event()
        self.gone = threading.Event()
        self.release = threading.Event()

    def run(self) -> None:
        """Accept until closed."""
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                # What is sent is there when the call returns, also a second small part.
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.connections += 1
                self._open.append(connection)
                thread = threading.Thread(target=self._handle, args=(connection,))
                self._threads.append(thread)
                thread.start()

    def _handle(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            self._serve(self, connection)

    def wait_until_gone(self, connection: socket.socket) -> None:
        """Set ``reached``, and wait until the client closes the connection."""
        connection.settimeout(30)
        self.reached.set()
        try:
            while connection.recv(65536):
                pass
        except ConnectionError:
            pass
        self.gone.set()

    def close(self) -> None:
        """Stop, and wait for all threads."""
        self.release.set()
        # Closing alone does not wake a thread in accept().
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:  # clients keep connections open
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(30)


@contextlib.contextmanager
def serving(serve: Serve) -> Iterator[Server]:
    """Run a server while the ``with`` block runs."""
    server = Server(serve)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join(30)


def read_request(server: Server, connection: socket.socket) -> bytes:
    """Return one request, head and body; empty if the client has disconnected."""
    connection.settimeout(30)
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return b""
        data += part
    start, _, body = data.partition(b"\r\n\r\n")
    for line in start.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            while len(body) < int(line.partition(b":")[2]):
                body += connection.recv(65536)
    server.requests.append(start + b"\r\n\r\n" + body)
    return server.requests[-1]


def head(status: str = "200 OK", **headers: object) -> bytes:
    """Return the head of an answer."""
    lines = [f"HTTP/1.1 {status}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
