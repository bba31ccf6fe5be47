"""Processes that are killed lose nothing and leave nothing stale: many kills."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.store_crashes import Crashes


@pytest.mark.parametrize("number", range(10))
def test_kills_at_random_moments(tmp_path: Path, number: int) -> None:
    """Three hundred in all; the short run is in ``tests/unit``."""
    seed = random.getrandbits(32)
    print("seed", seed)
    crashes = Crashes(tmp_path / "status.db", seed + number)
    crashes.run(kills=30, longest=0.5)
    assert crashes.imported
