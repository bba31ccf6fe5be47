"""The scene of the tests of ``ocsp.tls``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ocsp.testing import LoopbackResponder
from tests.integration.tls_protection.scene import Scene


@pytest.fixture(name="scene")
def _scene(tmp_path: Path) -> Iterator[Scene]:
    with LoopbackResponder() as responder:
        scene = Scene(responder, tmp_path)
        yield scene
        scene.close()
