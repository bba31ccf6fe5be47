"""The HTTP client of tornado with a protected context."""

from __future__ import annotations

import pytest

from ocsp.tls import RevocationRefused
from tests.integration.tls_protection.scene import Scene
from tests.integration.tls_recipes.recipes import check_client, recipe, serve_http

pytest.importorskip("tornado")


def test_tornado(scene: Scene) -> None:
    """A revoked server raises the error itself."""
    source = recipe("howto/tls-http-clients.md", "tornado")
    assert isinstance(check_client(scene, source, serve_http), RevocationRefused)
