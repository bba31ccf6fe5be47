"""websockets with a protected context."""

from __future__ import annotations

import base64
import hashlib
import re
import socket
import ssl

import pytest

from ocsp.tls import RevocationRefused
from tests.integration.tls_protection.scene import Scene
from tests.integration.tls_recipes.recipes import check_client, read_until, recipe

pytest.importorskip("websockets")

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def _serve(connection: socket.socket, context: ssl.SSLContext) -> None:
    """Send one message, and the end (RFC 6455)."""
    with context.wrap_socket(connection, server_side=True) as tls:
        head = read_until(tls, b"\r\n\r\n")
        key = re.findall(rb"(?i)sec-websocket-key: (\S+)", head)[0]
        accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())
        tls.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        tls.sendall(b"\x81\x02hi" + b"\x88\x02\x03\xe8")
        tls.recv(100)


@pytest.mark.parametrize("number", [0, 1], ids=["sync", "async"])
def test_websockets(scene: Scene, number: int) -> None:
    """A revoked server raises the error itself."""
    source = recipe("howto/tls-other-clients.md", "websockets", number)
    assert isinstance(check_client(scene, source, _serve), RevocationRefused)
