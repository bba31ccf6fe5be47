"""The client of aiohttp with a protected context."""

from __future__ import annotations

import pytest

from tests.integration.tls_protection.scene import Scene
from tests.integration.tls_recipes.recipes import check_client, recipe, serve_http

aiohttp = pytest.importorskip("aiohttp")


def test_aiohttp(scene: Scene) -> None:
    """A revoked server raises its ``ClientConnectorCertificateError``."""
    source = recipe("howto/tls-http-clients.md", "aiohttp")
    error = check_client(scene, source, serve_http)
    assert isinstance(error, aiohttp.ClientConnectorCertificateError)
