"""``ocsp migrate`` from a status file to PostgreSQL, while the file is in use."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from ocsp.store import Event, SQLiteStore, Store
from ocsp.store.postgresql import PostgreSQLStore
from tests.ca_folder import CAFolder
from tests.integration.services import PROGRAM, Load, request_for, serving

pytestmark = [
    pytest.mark.programs,
    pytest.mark.skipif(sys.platform != "linux", reason="it runs `ocsp serve` of Linux"),
]

CERTIFICATES = 500
HOLD = x509.ReasonFlags.certificate_hold


class Writer:
    """
    Puts one certificate after the other on hold, or releases it, without pause.

    Attributes:
        changes: How many changes it has made.
    """

    def __init__(self, files: CAFolder) -> None:
        self.changes = 0
        self._files = files
        self._stop = threading.Event()

    def work(self) -> None:
        """Change the status file."""
        issuer, held = self._files.ca.certificate, set[int]()
        with SQLiteStore(self._files.folder / "status.db", program="writer") as store:
            for serial in cycle(range(1, CERTIFICATES, 7)):
                if self._stop.is_set():
                    return
                if serial in held:
                    store.release(issuer, serial)
                else:
                    store.revoke(issuer, serial, reason=HOLD)
                held ^= {serial}
                self.changes += 1

    @contextmanager
    def working(self) -> Iterator[None]:
        """Write while the ``with`` block runs."""
        thread = threading.Thread(target=self.work)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()


def _migrate(folder: Path, target: str) -> Any:
    """Run the command, and return what it says."""
    command = [*PROGRAM, "migrate", "--json", "status.db", target]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    return json.loads(done.stdout)


def _rows(store: Store) -> list[tuple[Any, ...]]:
    return [
        (each.issuer_key, each.serial_number, each.subject, each.expires, each.record)
        for each in store.entries()
    ]


def _history(store: Store) -> list[Event]:
    """Return the changes that the writer made, without the numbers of the store."""
    return [replace(each, id=0) for each in store.events() if each.program == "writer"]


def test_a_status_file_is_copied_while_it_serves(
    postgresql_url: str, tmp_path: Path
) -> None:
    """No client gets an error; the rows and the history are equal when it is over."""
    (tmp_path / "old").mkdir()
    files = CAFolder(tmp_path / "old")
    issuer, path = files.ca.certificate, files.folder / "status.db"
    with SQLiteStore(path) as old, old.transaction():
        for serial in range(1, CERTIFICATES):
            old.add(issuer, serial, subject=f"CN={serial}")
    writer = Writer(files)
    with (
        serving(files.folder) as service,
        Load(service.url, request_for(files.web, issuer), 1) as load,
        writer.working(),
    ):
        load.wait_for_more()
        before = writer.changes, load.answers
        _migrate(files.folder, postgresql_url)
        assert writer.changes > before[0]
        assert load.answers > before[1]
        assert load.failures == []
    said = _migrate(files.folder, postgresql_url)
    assert (said["equal"], said["compared"]) == (True, CERTIFICATES)
    with (
        SQLiteStore(path, read_only=True) as old,
        PostgreSQLStore(postgresql_url) as new,
    ):
        assert _rows(new) == _rows(old)
        assert _history(new) == _history(old)
