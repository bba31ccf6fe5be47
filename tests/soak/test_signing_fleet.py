"""Processes that sign for one database are killed: many kills, two seeds."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from ocsp.updater import turn as turns
from tests.signing_fleet import History

pytestmark = pytest.mark.programs


@pytest.mark.parametrize("number", range(2))
def test_kills_at_random_moments(
    postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """A hundred kills each; the short run is in ``tests/integration``."""
    monkeypatch.setattr(turns, "MOST", 300)
    seed = random.getrandbits(32) + number
    print("seed", seed)
    numbers = random.Random(seed)
    history = History(postgresql_url, tmp_path / "signed", 20_000)
    with history.fleet(4) as fleet:
        for _ in range(100):
            history.revoke(numbers, 20)
            time.sleep(numbers.uniform(0, 0.2))
            fleet.replace(numbers.randrange(4))
        history.wait_until_done(300)
    assert history.unsigned() == (0, 0, 0)
    assert history.signed_again() <= 100 * 300
