"""
Every answer of a fleet is right, whatever fails: minutes of faults, and long cuts.

A node that is cut off for half a minute counts as ended, so the writer waits for it no
longer; the checker counts from the commit of each change.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from tests.live_fleet import (
    FAULTS,
    cut_from_the_database,
    cut_the_database_off,
    fail_over,
    new_fleet,
    partition_a_responder,
    partition_a_signer,
)

pytestmark = [
    pytest.mark.programs,
    pytest.mark.skipif(
        sys.platform != "linux", reason="processes are found in the /proc of Linux"
    ),
]

MINUTES = float(os.environ.get("MINUTES", "5"))
CUT_SECONDS = 30.0
VALIDITY = 150
"""Seconds. After a cut in the second half of its validity an answer is still fresh."""

LONG = (
    cut_the_database_off,
    partition_a_responder,
    partition_a_signer,
    cut_from_the_database,
)
"""The cuts, which come first."""


def test_no_answer_is_wrong_for_minutes(tmp_path: Path) -> None:
    """Cuts of half a minute first, then faults by chance."""
    with new_fleet(tmp_path, cut_seconds=CUT_SECONDS, validity=VALIDITY) as fleet:
        end = time.monotonic() + MINUTES * 60
        faults = [*LONG]
        fleet.numbers.shuffle(faults)
        with fleet.running():
            while faults or time.monotonic() < end:
                fault = (
                    faults.pop() if faults
                    else fleet.numbers.choice(list(FAULTS.values()))
                )  # fmt: skip
                print(f"{time.time():.1f} {fault.__name__}")
                fault(fleet)
                fleet.wait_for_answers(50)
        fleet.check()


def test_an_asynchronous_standby_loses_what_was_acknowledged(tmp_path: Path) -> None:
    """The checker finds it: the fail-over of the fleet proves something."""
    with new_fleet(tmp_path, is_synchronous=False) as fleet:
        with fleet.running():
            fail_over(fleet, is_cut=True)
            fleet.wait_for_answers(500)
            fleet.forget_what_is_lost()
        assert any("has to be visible" in each for each in fleet.found())
