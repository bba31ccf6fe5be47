"""Every answer of a fleet is right, whatever fails: the short run."""

from __future__ import annotations

import contextlib
import random
import sys
from pathlib import Path

import pytest

from tests.live_fleet import FAULTS, Fleet
from tests.servers.postgresql import PostgreSQLServer, server_folder
from tests.servers.redis import RedisServer

pytestmark = [
    pytest.mark.programs,
    pytest.mark.skipif(
        sys.platform != "linux", reason="processes are found in the /proc of Linux"
    ),
]


def test_no_answer_of_a_fleet_is_wrong(tmp_path: Path) -> None:
    """One of each fault, in random order, while statuses change."""
    seed = random.getrandbits(32)
    print("seed", seed)
    with server_folder() as folder, RedisServer(tmp_path / "valkey") as valkey:
        database = PostgreSQLServer(folder / "server")
        database.start()
        servers = [database]
        try:
            fleet = Fleet(tmp_path, seed, database, valkey, standby=folder / "standby")
            assert fleet.standby is not None
            servers.append(fleet.standby)
            faults = list(FAULTS.values())
            fleet.numbers.shuffle(faults)
            with fleet.running():
                for fault in faults:
                    print(fault.__name__)
                    fault(fleet)
                    fleet.wait_for_answers(50)
            with contextlib.closing(fleet):
                fleet.check()
        finally:
            for each in servers:
                each.stop()
