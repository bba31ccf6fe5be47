"""Processes that are killed lose nothing and leave nothing stale: some kills."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.store_crashes import Crashes


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs the processes of POSIX")
def test_kills_at_random_moments(tmp_path: Path) -> None:
    """The long run is in ``tests/soak``."""
    seed = random.getrandbits(32)
    print("seed", seed)
    crashes = Crashes(tmp_path / "status.db", seed)
    crashes.run(kills=9, longest=0.1)
    assert crashes.revoked
