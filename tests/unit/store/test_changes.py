"""Polls: what changed, when nothing did, and who has seen it."""

from __future__ import annotations

import errno
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp.errors import SourceUnavailable
from ocsp.responder import Changes, StatusRecord
from ocsp.store import SQLiteStore
from ocsp.store.sqlite.database import acknowledgement, reader
from tests.pki import NOW, ca
from tests.unit.store.scene import query

NOTHING = Changes(False, ())
REVOKED = StatusRecord.revoked(NOW)


class Clock:
    """The monotonic clock of a reader, which the tests set."""

    def __init__(self) -> None:
        """Begin somewhere."""
        self.now = 10_000.0

    def monotonic(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture(name="clock")
def _clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(reader, "time", clock)
    return clock


@pytest.fixture(name="writer")
def _writer(tmp_path: Path, clock: Clock) -> Iterator[SQLiteStore]:
    with SQLiteStore(tmp_path / "status.db", create=True) as store:
        for serial in (1, 2, 3):
            store.add(ca(), serial)
        yield store


@pytest.fixture(name="worker")
def _worker(tmp_path: Path, writer: SQLiteStore) -> Iterator[SQLiteStore]:
    """Yield a store as a worker has it, after its first poll."""
    with SQLiteStore(tmp_path / "status.db") as store:
        assert store.poll_changes().everything
        yield store


def _changed(worker: SQLiteStore) -> list[int]:
    changes = worker.poll_changes()
    assert not changes.everything
    return [each.serial_number for each in changes.queries]


@pytest.mark.parametrize("away", [False, True], ids=["removed", "moved"])
def test_a_log_that_was_removed_is_used_no_longer(
    worker: SQLiteStore, writer: SQLiteStore, tmp_path: Path, *, away: bool
) -> None:
    """
    Also by those connections of the process that are not in use now.

    SQLite shares the index of the log among them, so one would keep it for all.
    """
    path, elsewhere = tmp_path / "status.db", tmp_path / "elsewhere.db"
    for each in (worker, writer):
        each.poll_changes()
        each.add(ca(), 4)  # so that each has a connection for writing
    if away:
        path.rename(elsewhere)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink()
    if away:
        with pytest.raises(ocsp.errors.SourceUnavailable):
            worker.poll_changes()
        elsewhere.rename(path)
    worker.poll_changes()
    for serial in (1, 2):
        _revoke_elsewhere(path, serial)
        assert _changed(worker) == [serial]
    writer.revoke(ca(), 3, NOW)
    assert _changed(worker) == [3]
    worker.close()
    writer.close()
    with SQLiteStore(path) as store:
        assert [each.record.status for each in store.entries()] == [
            *[REVOKED.status] * 3,
            ocsp.OCSPCertStatus.GOOD,
        ]


def test_a_log_that_was_removed_in_a_transaction(
    worker: SQLiteStore, writer: SQLiteStore, tmp_path: Path
) -> None:
    """The transaction ends first; until then the process has no answer."""
    with writer.transaction():
        writer.revoke(ca(), 1, NOW)
        (tmp_path / "status.db-wal").unlink()
        with pytest.raises(ocsp.errors.SourceUnavailable, match="is still in use"):
            worker.poll_changes()
    worker.poll_changes()
    _revoke_elsewhere(tmp_path / "status.db", 2)
    assert 2 in _changed(worker)


def _revoke_elsewhere(path: Path, serial: int) -> None:
    """Revoke a certificate in another process."""
    code = """
import sys
from cryptography import x509
from ocsp.store import SQLiteStore
with SQLiteStore(sys.argv[1]) as store:
    store.revoke(x509.load_pem_x509_certificate(sys.stdin.buffer.read()), int(sys.argv[2]))
"""
    subprocess.run(
        [sys.executable, "-c", code, path, str(serial)],
        input=ca().public_bytes(Encoding.PEM),
        check=True,
    )


def test_a_replaced_file_is_everything(worker: SQLiteStore, tmp_path: Path) -> None:
    """Also if it has fewer events than the one before."""
    with SQLiteStore(tmp_path / "new.db", create=True) as new:
        new.add(ca(), 1)
    (tmp_path / "new.db").replace(tmp_path / "status.db")
    assert worker.poll_changes().everything
    assert worker.look_up_now([query(1), query(2)]) == [StatusRecord(), None]
    assert worker.poll_changes() == NOTHING


def test_a_file_that_a_look_up_found_replaced_is_everything(
    worker: SQLiteStore, tmp_path: Path, clock: Clock
) -> None:
    """The next poll says so: what was kept before is wrong."""
    SQLiteStore(tmp_path / "new.db", create=True).close()
    (tmp_path / "new.db").replace(tmp_path / "status.db")
    clock.now += 1
    assert worker.look_up_now([query(1)]) == [None]
    assert worker.poll_changes().everything


def test_a_missing_file_is_unavailable(worker: SQLiteStore, tmp_path: Path) -> None:
    """The caller must not use what it keeps."""
    path = tmp_path / "status.db"
    path.rename(tmp_path / "kept.db")
    for _ in range(2):
        with pytest.raises(ocsp.errors.SourceUnavailable, match="does not exist"):
            worker.poll_changes()
    (tmp_path / "kept.db").rename(path)
    worker.poll_changes()
    assert worker.look_up_now([query(1)]) == [StatusRecord()]


# --- one read transaction for many look-ups -------------------------------------------


def test_look_ups_share_a_transaction_only_while_the_file_is_quiet(
    writer: SQLiteStore, worker: SQLiteStore, clock: Clock
) -> None:
    """A poll renews it, so that a change is seen after it."""
    worker.poll_changes()
    assert not _in_transaction(worker)
    clock.now += reader.QUIET_SECONDS + 0.1
    worker.poll_changes()
    assert _in_transaction(worker)
    writer.revoke(ca(), 1, NOW)
    assert _changed(worker) == [1]
    assert worker.look_up_now([query(1)]) == [REVOKED]
    assert not _in_transaction(worker)


def _in_transaction(store: SQLiteStore) -> bool:
    connection = store._reader._connection
    return connection is not None and connection.in_transaction


def test_a_transaction_ends_also_without_a_poll(
    writer: SQLiteStore, worker: SQLiteStore, clock: Clock
) -> None:
    """A program that polls no longer gets the present status."""
    clock.now += reader.QUIET_SECONDS + 0.1
    worker.poll_changes()
    writer.revoke(ca(), 1, NOW)
    clock.now += reader.CHECK_SECONDS * 2
    assert worker.look_up_now([query(1)]) == [REVOKED]


# --- acknowledgement ------------------------------------------------------------------


def test_a_store_that_is_closed_is_not_waited_for(
    writer: SQLiteStore, worker: SQLiteStore, tmp_path: Path
) -> None:
    """Its file is removed."""
    worker.poll_changes()
    assert len(list(tmp_path.glob("status.db-reader-*"))) == 1
    worker.close()
    assert list(tmp_path.glob("status.db-reader-*")) == []
    assert writer.wait_until_seen(10, 0) == []


def test_a_full_disk_keeps_a_worker_from_acknowledging(
    writer: SQLiteStore, worker: SQLiteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may not use its memory then, and acknowledges when it can."""
    worker.poll_changes()
    event = writer.revoke(ca(), 1, NOW).event
    assert event is not None
    worker.poll_changes()
    with monkeypatch.context() as patch:
        full = OSError(errno.ENOSPC, "No space left on device")
        patch.setattr(acknowledgement.os, "pwrite", Mock(side_effect=full))
        with pytest.raises(SourceUnavailable, match="No space left"):
            worker.poll_changes()
        assert len(writer.wait_until_seen(event, 0)) == 1
    worker.poll_changes()
    assert writer.wait_until_seen(event, 0) == []


def test_a_process_that_was_killed_is_not_waited_for(
    writer: SQLiteStore, tmp_path: Path
) -> None:
    """Its file stays, but nothing locks it."""
    code = """
import os, signal, sys
from ocsp.store import SQLiteStore
store = SQLiteStore(sys.argv[1])
store.poll_changes(); store.poll_changes()
os.kill(os.getpid(), signal.SIGKILL)
"""
    path = tmp_path / "status.db"
    subprocess.run([sys.executable, "-c", code, path], check=False)
    assert len(list(tmp_path.glob("status.db-reader-*"))) == 1
    assert writer.wait_until_seen(10, 0) == []
    assert list(tmp_path.glob("status.db-reader-*")) == []


def test_a_worker_whose_file_was_removed_makes_another(
    writer: SQLiteStore,
    worker: SQLiteStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Otherwise a change would not wait for it, even if it hangs."""
    monkeypatch.setattr(acknowledgement, "CHECK_SECONDS", 0.0)
    worker.poll_changes()
    (file,) = tmp_path.glob("status.db-reader-*")
    file.unlink()
    worker.poll_changes()
    event = writer.revoke(ca(), 1, NOW).event
    assert event is not None
    (late,) = writer.wait_until_seen(event, 0)
    assert late.process == os.getpid()


def test_what_a_worker_saw_of_another_file_does_not_count(
    worker: SQLiteStore, writer: SQLiteStore, tmp_path: Path
) -> None:
    """An event of the old file is not that of the new one with its number."""
    seen = writer.revoke(ca(), 1, NOW).event
    worker.poll_changes()
    worker.poll_changes()
    with SQLiteStore(tmp_path / "new.db", create=True) as new:
        for serial in (1, 2, 3):
            new.add(ca(), serial)
        event = new.revoke(ca(), 2, NOW).event
    assert event == seen
    assert writer.wait_until_seen(event, 0) == []
    (tmp_path / "new.db").replace(tmp_path / "status.db")
    assert len(writer.wait_until_seen(event, 0)) == 1
    worker.poll_changes()
    worker.poll_changes()
    assert writer.wait_until_seen(event, 0) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_worker_that_cannot_acknowledge_is_unavailable(
    writer: SQLiteStore, tmp_path: Path
) -> None:
    """A revocation could not wait for it."""
    with SQLiteStore(tmp_path / "status.db") as store:
        store.poll_changes()
        tmp_path.chmod(0o500)
        try:
            with pytest.raises(ocsp.errors.SourceUnavailable, match="permission"):
                store.poll_changes()
        finally:
            tmp_path.chmod(0o700)


def test_polls_write_nothing_to_the_database(
    worker: SQLiteStore, tmp_path: Path
) -> None:
    """Readers never compete with writers."""
    connection = sqlite3.connect(tmp_path / "status.db")
    before = connection.execute("PRAGMA data_version").fetchone()
    for _ in range(3):
        worker.poll_changes()
    assert connection.execute("PRAGMA data_version").fetchone() == before
    connection.close()
