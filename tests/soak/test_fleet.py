"""
Every answer of a fleet is right, whatever fails: minutes of faults, and long cuts.

A node that is cut off for half a minute counts as ended, so the writer does not wait for
it. It has the changes from Valkey, which the signers reach.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from tests.live_fleet import FAULTS, cut_a_node_off, new_fleet

pytestmark = [
    pytest.mark.programs,
    pytest.mark.skipif(
        sys.platform != "linux", reason="processes are found in the /proc of Linux"
    ),
]

MINUTES = float(os.environ.get("MINUTES", "5"))
CUT_SECONDS = 30.0
BOUND = 5.0
"""Within how many seconds the signers put the answers of a new status into Valkey."""


def test_no_answer_is_wrong_for_minutes(tmp_path: Path) -> None:
    """A cut of half a minute first, then faults by chance."""
    with new_fleet(tmp_path, cut_seconds=CUT_SECONDS) as fleet:
        end = time.monotonic() + MINUTES * 60
        fault = cut_a_node_off
        with fleet.running():
            while time.monotonic() < end:
                print(fault.__name__)
                fault(fleet)
                fleet.wait_for_answers(50)
                fault = fleet.numbers.choice(list(FAULTS.values()))
        fleet.check(bound=BOUND)
