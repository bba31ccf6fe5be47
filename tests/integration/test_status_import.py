"""``ocsp status import`` in processes of its own: killed, and beside other writers."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.errors import SourceUnavailable, StoreError
from ocsp.store import SQLiteStore
from tests.pki import ca

ROWS = 110_000
"""More than the importer sorts at once, so that there is something to resume."""

PATIENCE = 60.0


def _has_begun(database: Path) -> bool:
    """Tell whether a batch is in *database*."""
    try:
        with SQLiteStore(database) as store:
            return any(True for _ in store.entries())
    except (StoreError, SourceUnavailable):
        return False


def test_an_import_that_was_killed_goes_on(tmp_path: Path) -> None:
    """After ``kill -9``, with other changes in between; nothing is missing or twice."""
    (tmp_path / "ca.pem").write_bytes(ca().public_bytes(Encoding.PEM))
    with (tmp_path / "index.txt").open("w") as file:
        for number in range(1, ROWS + 1):
            serial = number * 0x9E3779B97F4A7C15 % (1 << 64)
            file.write(f"V\t300101000000Z\t\t{serial:016X}\tunknown\t/CN={number}\n")
    command = [
        str(Path(sys.executable).with_name("ocsp")),
        *("status", "import", "--issuer", "ca.pem", "--json", "index.txt"),
    ]
    database = tmp_path / "status.db"
    first = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL)
    end = time.monotonic() + PATIENCE
    while not _has_begun(database) and time.monotonic() < end:
        assert first.poll() is None
    with SQLiteStore(database) as store:
        one = next(iter(store.entries()))
        store.revoke(ca(), one.serial_number)
    first.kill()
    first.wait()
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    (report,) = json.loads(done.stdout)["files"]
    assert report["rows"] == ROWS
    assert report["resumed_after"] + report["added"] + report["unchanged"] == ROWS
    with SQLiteStore(database) as store:
        assert sum(1 for _ in store.entries()) == ROWS
        stored = store.find(one.issuer_key, one.serial_number)
    assert stored is not None
    assert stored.record.revocation_time is not None
