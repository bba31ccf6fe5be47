"""redis-py with a protected context."""

from __future__ import annotations

import socket
import ssl

import pytest

from tests.integration.tls_protection.scene import Scene
from tests.integration.tls_recipes.recipes import check_client, lines, recipe

redis = pytest.importorskip("redis")


def _serve(connection: socket.socket, context: ssl.SSLContext) -> None:
    """Answer the commands of a new connection, and PING."""
    with context.wrap_socket(connection, server_side=True) as tls:
        for line in lines(tls):
            if line == b"HELLO":
                tls.sendall(b"%1\r\n$5\r\nproto\r\n:3\r\n")
            elif line == b"CLIENT":
                tls.sendall(b"+OK\r\n")
            elif line == b"PING":
                tls.sendall(b"+PONG\r\n")
                break


@pytest.mark.parametrize("number", [0, 1], ids=["sync", "async"])
def test_redis(scene: Scene, number: int) -> None:
    """A revoked server raises its ``ConnectionError``."""
    source = recipe("howto/tls-other-clients.md", "redis", number)
    error = check_client(scene, source, _serve)
    assert isinstance(error, redis.exceptions.ConnectionError)
