"""Forward connections to a server, and record the request line of every request."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["Relay", "relaying"]

_REQUEST_LINE = re.compile(rb"(GET|HEAD|POST) \S+ HTTP/1\.[01]\r\n")


class Relay:
    """
    A port on loopback whose connections go to another port.

    Attributes:
        url: The URL of this port.

        methods: The methods of the requests, in order.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"
        self.methods: list[str] = []
        self._target = 0
        self._threads: list[threading.Thread] = []

    def forward_to(self, port: int) -> None:
        """
        Accept connections until :meth:`close`, and forward them to *port*.

        Another call changes the port for new connections.
        """
        accepts, self._target = bool(self._target), port
        if not accepts:
            self._start(self._accept)

    def close(self) -> None:
        """Stop, and wait for the connections to end."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(timeout=10)

    def _start(self, function: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=function, args=arguments)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._start(self._relay, client)

    def _relay(self, client: socket.socket) -> None:
        server = socket.create_connection(("127.0.0.1", self._target))
        with client, server:
            back = threading.Thread(target=self._copy, args=(server, client))
            back.start()
            self._copy(client, server, self._record)
            back.join()

    def _record(self, data: bytes) -> None:
        self.methods += [line[1].decode() for line in _REQUEST_LINE.finditer(data)]

    @staticmethod
    def _copy(
        source: socket.socket,
        sink: socket.socket,
        seen: Callable[[bytes], None] = lambda _: None,
    ) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                seen(data)
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)


@contextmanager
def relaying() -> Iterator[Relay]:
    """Run a relay while the block runs; the block says where it forwards to."""
    relay = Relay()
    try:
        yield relay
    finally:
        relay.close()
