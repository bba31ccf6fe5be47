"""
Every answer of a running service is right, whatever happens to it: the short runs.

The long runs are in ``tests/soak``.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

from tests.live_clock import FORGETFUL, LIBRARY, ServiceClock, jump_and_return
from tests.live_faults import FAULTS
from tests.live_history import LiveHistory

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="processes are found in the /proc of Linux"
)


def test_no_answer_is_wrong_under_faults(tmp_path: Path) -> None:
    """One of each fault, in random order, while statuses change."""
    seed = random.getrandbits(32)
    print("seed", seed)
    history = LiveHistory(tmp_path, seed)
    faults = list(FAULTS.values())
    history.numbers.shuffle(faults)
    with history.serving() as service:
        for fault in faults:
            fault(history, service)
            history.wait_for_answers(50)
    history.check()
    assert len(history.changes) > 20


@pytest.mark.skipif(LIBRARY is None, reason="libfaketime is missing")
@pytest.mark.parametrize("seconds", [-7200, 7200])
def test_a_jump_of_the_clock_stays_known(tmp_path: Path, seconds: int) -> None:
    """Also by a process that starts while the clock is wrong, and after a reload."""
    history = LiveHistory(tmp_path, random.getrandbits(32))
    clock = ServiceClock(tmp_path)
    with history.serving(environment=clock.environment) as service:
        history.wait_for_answers(200)
        for each in FORGETFUL:
            jump_and_return(history, service, clock, seconds, each)
            history.wait_for_answers(200)
    history.check()
