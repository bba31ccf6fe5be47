"""urllib3 with a protected context."""

from __future__ import annotations

import pytest

from tests.integration.tls_protection.scene import Scene
from tests.integration.tls_recipes.recipes import check_client, recipe, serve_http

urllib3 = pytest.importorskip("urllib3")

PAGE = "howto/tls-http-clients.md"


def test_urllib3(scene: Scene) -> None:
    """A revoked server raises its ``SSLError``."""
    error = check_client(scene, recipe(PAGE, "urllib3"), serve_http)
    assert isinstance(error, urllib3.exceptions.SSLError)


def test_retries_ask_no_responder_again(scene: Scene) -> None:
    """Five handshakes, one OCSP request for the revoked server."""
    source = recipe(PAGE, "urllib3").replace("retries=False", "retries=4")
    error = check_client(scene, source, serve_http)
    assert isinstance(error, urllib3.exceptions.MaxRetryError)
    assert len(scene.responder.requests) == 2  # for the good server, and for this one


def test_a_context_that_a_pool_makes_lax_is_refused(scene: Scene) -> None:
    """``cert_reqs`` changes the context after it was protected."""
    lax = "context.check_hostname = False\n" + recipe(PAGE, "urllib3").replace(
        "=context)", "=context, cert_reqs='CERT_NONE', assert_hostname=False)"
    )
    with pytest.raises(urllib3.exceptions.SSLError, match="CERT_NONE"):
        check_client(scene, lax, serve_http)
