"""
The recipes of the documentation where the environment names an HTTP proxy.

Libraries then connect in another way, which must use the protected context too.
"""

from __future__ import annotations

import pytest

from tests.integration.tls_protection.scene import Scene
from tests.integration.tls_recipes.connect_proxy import ConnectProxy
from tests.integration.tls_recipes.recipes import check_client, recipe, serve_http

PAGE = "howto/tls-http-clients.md"


@pytest.mark.parametrize(
    ("library", "number"),
    [("requests", 0), ("httpx", 0), ("httpx", 1), ("urllib.request", 0)],
)
def test_a_proxy_of_the_environment(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, library: str, number: int
) -> None:
    """These libraries use it without being told."""
    if library != "urllib.request":
        pytest.importorskip(library)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with ConnectProxy() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        check_client(scene, recipe(PAGE, library, number), serve_http)
        assert proxy.connected >= 2


@pytest.mark.parametrize(
    "place", ["AsyncHTTPTransport(", "AsyncClient("], ids=["transport", "client"]
)
def test_a_proxy_behind_the_transport_of_httpx(scene: Scene, place: str) -> None:
    """For a proxy of the client, httpx makes another transport itself."""
    pytest.importorskip("httpx")
    with ConnectProxy() as proxy:
        source = recipe("tls.md", "Event loops", 1)
        source = source.replace(place, f"{place}proxy={proxy.url!r}, ")
        check_client(scene, source, serve_http)
        assert proxy.connected >= 2
