"""httpx with a protected context."""

from __future__ import annotations

import pytest

from ocsp.tls.refusal import find_pending
from tests.integration.tls_protection.scene import Scene
from tests.integration.tls_recipes.recipes import check_client, recipe, serve_http

httpx = pytest.importorskip("httpx")


@pytest.mark.parametrize("number", [0, 1], ids=["sync", "async"])
def test_httpx(scene: Scene, number: int) -> None:
    """A revoked server raises its ``ConnectError``."""
    source = recipe("howto/tls-http-clients.md", "httpx", number)
    error = check_client(scene, source, serve_http)
    assert isinstance(error, httpx.ConnectError)


def test_the_transport_that_connects_again(scene: Scene) -> None:
    """No handshake waits here, so each first connection is pending."""
    source = recipe("tls.md", "Event loops", 1)
    error = check_client(scene, source, serve_http, loop_wait=0)
    assert isinstance(error, httpx.ConnectError)
    assert find_pending(error) is None
