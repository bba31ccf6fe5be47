"""
No answer of a running service is wrong in minutes of changes and faults.

An hour: ``make soak MINUTES=60 SOAK=tests/soak/test_live_history.py``. Answers are valid
for ten minutes, so each is signed again several times in that.
"""

from __future__ import annotations

import os
import random
import resource
import sys
import time
from pathlib import Path

import pytest

from tests.integration.services import Service
from tests.live_clock import FORGETFUL, LIBRARY, ServiceClock, jump_and_return
from tests.live_faults import FAULTS
from tests.live_history import LiveHistory

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="processes are found in the /proc of Linux"
)

MINUTES = float(os.environ.get("MINUTES", "5"))
"""How long both runs take together."""


def _memory(service: Service) -> int:
    """Return the resident memory of the processes of a service, in MiB."""
    pages = [
        int(Path(f"/proc/{each}/statm").read_text().split()[1])
        for each in service.children().values()
    ]
    return sum(pages) * resource.getpagesize() >> 20


def test_no_answer_is_wrong_under_faults(tmp_path: Path) -> None:
    """A fault every second or two; memory stays bounded."""
    seed = random.getrandbits(32)
    print("seed", seed)
    history = LiveHistory(tmp_path, seed)
    end = time.monotonic() + MINUTES * 30
    with history.serving() as service:
        history.wait_for_answers(1000)
        memory = _memory(service)
        while time.monotonic() < end:
            history.numbers.choice(list(FAULTS.values()))(history, service)
            history.wait_for_answers(200)
            history.check_and_forget()
        assert _memory(service) < 1.5 * memory + 30
    history.check()


@pytest.mark.skipif(LIBRARY is None, reason="libfaketime is missing")
def test_no_answer_is_wrong_when_the_clock_jumps(tmp_path: Path) -> None:
    """By minutes to years, in either direction; meanwhile processes are killed."""
    seed = random.getrandbits(32)
    print("seed", seed)
    history = LiveHistory(tmp_path, seed)
    clock = ServiceClock(tmp_path)
    end = time.monotonic() + MINUTES * 30
    with history.serving(environment=clock.environment) as service:
        history.wait_for_answers(200)
        while time.monotonic() < end:
            sign = history.numbers.choice([-1, 1])
            size = int(120 * 10 ** history.numbers.uniform(0, 5))
            meanwhile = history.numbers.sample(FORGETFUL, history.numbers.randrange(3))
            jump_and_return(history, service, clock, sign * size, *meanwhile)
            history.wait_for_answers(200)
            history.check_and_forget()
    history.check()
