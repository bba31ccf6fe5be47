"""Ten thousand hostile requests and connections to a running ``ocsp serve``."""

from __future__ import annotations

import contextlib
import random
import socket
from pathlib import Path

import pytest

from tests.integration.served import Served, serve_with_files
from tests.unit.server.scene import bodies
from tests.unit.server.test_hostile_requests import AMBIGUOUS, VALID

SEEDS = [*AMBIGUOUS.values(), *VALID.values()]
ROUNDS, CLIENTS, PARTS = 1_000, 10, 4
IDLE, HEADER_OCTETS = 1_100, 200 << 20


def _mutated(chosen: random.Random) -> bytes:
    octets = bytearray(b"".join(chosen.choices(SEEDS, k=chosen.randrange(1, 4))))
    for _ in range(chosen.randrange(6)):
        place = chosen.randrange(len(octets))
        match chosen.randrange(3):
            case 0:
                octets[place] = chosen.randrange(256)
            case 1:
                del octets[place : place + chosen.randrange(200)]
            case _:
                octets[place:place] = chosen.choice(
                    [b"\r\n", b"\n", b"\0", b": ", b" "]
                )
        if not octets:
            return b"\0"
    return bytes(octets)


def _attack(served: Served, chosen: random.Random, kept: list[socket.socket]) -> None:
    connection = served.connect()
    connection.settimeout(5)
    data = _mutated(chosen)
    connection.sendall(data)
    match chosen.randrange(4):
        case 0:
            kept.append(connection)
            return
        case 1:
            linger = b"\1\0\0\0\0\0\0\0"
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        case _:
            connection.shutdown(socket.SHUT_WR)
            received = b""
            try:
                while part := connection.recv(65536):
                    received += part
            except ConnectionResetError:
                pass  # it was closed while this client still sent
            received = received.replace(b"HTTP/1.1 100 Continue\r\n\r\n", b"")
            assert received.startswith(b"HTTP/1.1 ") or not data.strip(), data
            bodies(received)
    connection.close()


@pytest.mark.parametrize("number", range(PARTS))
def test_every_other_request_is_answered(tmp_path: Path, number: int) -> None:
    """Between ten hostile clients each; memory and log stay bounded."""
    seed = random.getrandbits(32)
    print("seed", seed)
    chosen = random.Random(seed + number)
    kept: list[socket.socket] = []
    with serve_with_files(tmp_path) as served:
        memory = served.memory()
        for _ in range(ROUNDS // PARTS):
            for _ in range(CLIENTS):
                _attack(served, chosen, kept)
            assert served.status() == "GOOD"
            while len(kept) > 1000:
                kept.pop(0).close()
        assert served.memory() < memory + 30
        assert served.log.stat().st_size < 20_000
    for each in kept:
        each.close()


def test_idle_connections_and_headers_without_end(tmp_path: Path) -> None:
    """1,100 connections, 200 MiB of headers: others are served, one line is logged."""
    header = b"X: " + b"a" * 65_000
    with serve_with_files(tmp_path, 4_096) as served, contextlib.ExitStack() as kept:
        for _ in range(IDLE):
            kept.enter_context(served.connect())
        memory, sent = served.memory(), 0
        while sent < HEADER_OCTETS:
            with contextlib.suppress(OSError), served.connect() as connection:
                connection.sendall(b"GET / HTTP/1.1\r\n")
                for _ in range(32):
                    connection.sendall(header)
                    sent += len(header)
            sent += len(header)
            assert served.status() == "GOOD"
        assert served.memory() < memory + 16
        assert served.log.stat().st_size < 2_000
