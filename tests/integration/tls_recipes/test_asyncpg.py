"""asyncpg with a protected context."""

from __future__ import annotations

import socket
import ssl
import struct

import pytest

from ocsp.tls import RevocationRefused
from tests.integration.tls_protection.scene import Scene
from tests.integration.tls_recipes.recipes import check_client, recipe

pytest.importorskip("asyncpg")


def _serve(connection: socket.socket, context: ssl.SSLContext) -> None:
    """Accept SSLRequest, and log the client in without a password."""
    connection.recv(8)
    connection.sendall(b"S")
    with context.wrap_socket(connection, server_side=True) as tls:
        tls.recv(struct.unpack(">I", tls.recv(4))[0])
        version = b"server_version\x0015.1\x00"
        tls.sendall(
            b"R" + struct.pack(">II", 8, 0)
            + b"S" + struct.pack(">I", 4 + len(version)) + version
            + b"Z" + struct.pack(">I", 5) + b"I"
        )  # fmt: skip
        tls.recv(1000)


def test_asyncpg(scene: Scene) -> None:
    """A revoked server raises the error itself."""
    source = recipe("howto/tls-other-clients.md", "asyncpg")
    assert isinstance(check_client(scene, source, _serve), RevocationRefused)
