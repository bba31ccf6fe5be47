"""Connections of asyncio, trio and anyio with a protected context."""

from __future__ import annotations

import socket
import ssl

import pytest
import trio

from ocsp.tls import RevocationRefused
from ocsp.tls.refusal import find_pending
from tests.integration.tls_protection.scene import Scene
from tests.integration.tls_recipes.recipes import check_client, recipe, serve_http

PAGE = "howto/tls-other-clients.md"


def test_asyncio(scene: Scene) -> None:
    """A revoked server raises the error itself."""
    error = check_client(scene, recipe(PAGE, "asyncio"), serve_http)
    assert isinstance(error, RevocationRefused)


def test_uvloop(scene: Scene) -> None:
    """As in asyncio."""
    source = recipe(PAGE, "asyncio").replace("asyncio.run(", "uvloop.run(")
    error = check_client(scene, f"import uvloop\n{source}", serve_http)
    assert isinstance(error, RevocationRefused)


def test_trio(scene: Scene) -> None:
    """A revoked server raises its ``BrokenResourceError``."""
    error = check_client(scene, recipe(PAGE, "trio"), serve_http)
    assert isinstance(error, trio.BrokenResourceError)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_anyio(scene: Scene, backend: str) -> None:
    """A revoked server raises the error itself."""
    source = recipe(PAGE, "anyio").replace(
        "run(main)", f"run(main, backend='{backend}')"
    )
    error = check_client(scene, source, serve_http)
    assert isinstance(error, RevocationRefused)


def test_connecting(scene: Scene) -> None:
    """The example of the page about TLS; no handshake waits here."""
    source = recipe("tls.md", "Event loops")
    error = check_client(scene, source, _serve_handshake, loop_wait=0)
    assert isinstance(error, RevocationRefused)
    assert find_pending(error) is None


def _serve_handshake(connection: socket.socket, context: ssl.SSLContext) -> None:
    with context.wrap_socket(connection, server_side=True) as tls:
        tls.recv(1)
