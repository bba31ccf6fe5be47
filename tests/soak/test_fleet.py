"""
Every answer of a fleet is right, whatever fails: minutes of faults, and long cuts.

A node that is cut off for half a minute counts as ended, so the writer does not wait for
it. It has the changes from Valkey, which the signers reach.
"""

from __future__ import annotations

import contextlib
import os
import random
import sys
import time
from pathlib import Path

import pytest

from tests.live_fleet import FAULTS, Fleet, cut_a_node_off
from tests.servers.postgresql import PostgreSQLServer, server_folder
from tests.servers.redis import RedisServer

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
    seed = random.getrandbits(32)
    print("seed", seed)
    with server_folder() as folder, RedisServer(tmp_path / "valkey") as valkey:
        servers = [PostgreSQLServer(folder / "server")]
        servers[0].start()
        try:
            fleet = Fleet(
                tmp_path, seed, servers[0], valkey,
                standby=folder / "standby", cut_seconds=CUT_SECONDS,
            )  # fmt: skip
            assert fleet.standby is not None
            servers.append(fleet.standby)
            end = time.monotonic() + MINUTES * 60
            fault = cut_a_node_off
            with fleet.running():
                while time.monotonic() < end:
                    print(fault.__name__)
                    fault(fleet)
                    fleet.wait_for_answers(50)
                    fault = fleet.numbers.choice(list(FAULTS.values()))
            with contextlib.closing(fleet):
                fleet.check(bound=BOUND)
        finally:
            for each in servers:
                each.stop()
