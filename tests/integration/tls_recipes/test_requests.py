"""requests with a protected context."""

from __future__ import annotations

import pytest

from tests.integration.tls_protection.scene import Scene
from tests.integration.tls_recipes.recipes import check_client, recipe, serve_http

requests = pytest.importorskip("requests")


def test_requests(scene: Scene) -> None:
    """A revoked server raises its ``SSLError``."""
    source = recipe("howto/tls-http-clients.md", "requests")
    error = check_client(scene, source, serve_http)
    assert isinstance(error, requests.exceptions.SSLError)
