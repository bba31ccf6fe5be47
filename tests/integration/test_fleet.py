"""Every answer of a fleet is right, whatever fails: the short run."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from tests.live_fleet import FAULTS, new_fleet

pytestmark = [
    pytest.mark.programs,
    pytest.mark.skipif(
        sys.platform != "linux", reason="processes are found in the /proc of Linux"
    ),
]


def test_no_answer_of_a_fleet_is_wrong(tmp_path: Path) -> None:
    """One of each fault, in random order, while statuses change."""
    with new_fleet(tmp_path) as fleet:
        faults = list(FAULTS.values())
        fleet.numbers.shuffle(faults)
        with fleet.running():
            for fault in faults:
                print(f"{time.time():.1f} {fault.__name__}")
                fault(fleet)
                fleet.wait_for_answers(50)
        fleet.check()
