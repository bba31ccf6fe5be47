"""The scene of the recipes, without the proxies of the environment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ocsp.testing import LoopbackResponder
from tests.integration.tls_protection.scene import Scene
from tests.integration.tls_recipes.recipes import PROXIES


@pytest.fixture(name="scene")
def _scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    with LoopbackResponder() as responder:
        scene = Scene(responder, tmp_path)
        yield scene
        scene.close()
