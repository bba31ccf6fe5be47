"""After ``ocsp status revoke`` has returned, no worker says *good* any more."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import ocsp
from ocsp.cli import main
from ocsp.store import SQLiteStore
from tests.live_history import STOLEN, LiveHistory, connections_to_workers

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="processes are found in the /proc of Linux"
)

REVOCATIONS = 25
GOOD, REVOKED = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED


def test_no_worker_says_good_after_the_command_has_returned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked at once, by GET and POST; each had the certificate in memory as good."""
    history = LiveHistory(tmp_path, 1, certificates=REVOCATIONS)
    monkeypatch.chdir(tmp_path)
    with history.serving(clients=0, is_writing=False) as service:
        connections = connections_to_workers(service)
        for serial in history.serials:
            assert history.statuses(connections, serial) == {GOOD}
        for serial in history.serials:
            if serial % 5:
                with SQLiteStore("status.db") as store:
                    history.revoke(store, serial, STOLEN)
            else:
                about = ["--issuer", "ca.pem", "--serial", f"{serial:#x}"]
                assert main(["status", "revoke", *about]) == 0
            assert history.statuses(connections, serial) == {REVOKED}
        for connection in connections:
            connection.close()
