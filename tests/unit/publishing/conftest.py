"""The fixtures of the tests of publishing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.publishing.scene import Scene


@pytest.fixture(name="scene")
def _scene(tmp_path: Path) -> Iterator[Scene]:
    """Yield a scene with three certificates, whose answers are signed."""
    scene = Scene(tmp_path)
    scene.sign()
    yield scene
    scene.state.close()
    scene.store.close()
