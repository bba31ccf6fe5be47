"""Hostile clients of a running ``ocsp serve``: others are served, memory and log stay."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.served import FILES, Served, read_all, serve_with_files
from tests.unit.server.scene import GOOD, MALFORMED, bodies, post
from tests.unit.server.scene import request as request_for

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="needs /proc, to read memory"
)


@pytest.fixture(name="served", scope="module")
def _served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve_with_files(tmp_path_factory.mktemp("attacks")) as served:
        yield served


def test_connections_without_requests(served: Served) -> None:
    """More than the process may open files, half of them in the middle of a request."""
    memory = served.memory()
    opened = []
    for number in range(2 * FILES):
        connection = served.connect()
        if number % 2:
            connection.sendall(b"GET / HTTP/1.1\r\nHo")
        opened.append(connection)
        if number % 64 == 63:
            assert served.status() == "GOOD"
    assert served.status() == "GOOD"
    assert served.memory() < memory + 20
    for each in opened:
        each.close()


HEADERS = b"".join(b"X-%d: %b\r\n" % (number, b"a" * 1000) for number in range(60))
FLOODS: dict[str, tuple[bytes, bytes]] = {
    "headers": (b"GET / HTTP/1.1\r\n", HEADERS),
    "one header": (b"GET / HTTP/1.1\r\nX: ", b"a" * 65536),
    "target": (b"GET /", b"M" * 65536),
    "body": (b"POST / HTTP/1.1\r\nContent-Length: 999999999\r\n\r\n", bytes(65536)),
    "chunks": (
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"1\r\n0\r\n" * 10_000,
    ),
    "chunk extensions": (
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1",
        b";a=b" * 16_384,
    ),
    "trailers": (
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        HEADERS,
    ),
    "empty lines": (b"", b"\r\n" * 32_768),
    "octets": (b"", bytes(65536)),
}


@pytest.mark.parametrize("name", FLOODS)
def test_endless_requests(served: Served, name: str) -> None:
    """Up to 20 MiB are sent: it ends early, others are served, and memory stays."""
    memory, (first, part) = served.memory(), FLOODS[name]
    sent = 0
    with served.connect() as connection:
        try:
            connection.sendall(first)
            while sent < 20 << 20:
                connection.sendall(part)
                sent += len(part)
        except OSError:
            pass
        assert served.status() == "GOOD"
        assert served.memory() < memory + 16
    assert sent < 20 << 20


def test_a_client_that_reads_no_answer(served: Served) -> None:
    """It sends requests as long as the server takes them."""
    memory = served.memory()
    with served.connect() as connection:
        connection.settimeout(0.3)
        data = post(request_for(GOOD)) * 1000
        try:
            for _ in range(1000):
                connection.sendall(data)
        except TimeoutError:
            pass
        assert served.status() == "GOOD"
        assert served.memory() < memory + 40  # the requests are 150 MiB


def test_connections_that_are_reset(served: Served) -> None:
    """At any moment; the others are served."""
    linger = b"\1\0\0\0\0\0\0\0"
    for size in range(0, 200, 2):
        with served.connect() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            connection.sendall(post(request_for(GOOD))[:size])
    assert served.status() == "GOOD"


def test_garbage_of_many_clients_is_one_line_in_the_log(served: Served) -> None:
    """Each gets a well-formed error; the log names no client."""
    for number in range(200):
        with served.connect() as connection:
            connection.sendall(b"garbage %d\r\n\r\n" % number)
            connection.shutdown(socket.SHUT_WR)
            received = read_all(connection)
            assert received.startswith((b"HTTP/1.1 200", b"HTTP/1.1 405"))
            if received.startswith(b"HTTP/1.1 200"):
                assert bodies(received) == [MALFORMED]
    assert served.log.stat().st_size < 4000
    assert served.status() == "GOOD"
