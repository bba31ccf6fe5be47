"""Faults of the file: locked, damaged, a full disk, a growing log, processes killed."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import ocsp
from ocsp.errors import SourceUnavailable, StoreError
from ocsp.responder import StatusRecord
from ocsp.store import CertificateRow, SQLiteStore
from ocsp.store.sqlite.database import file as files
from ocsp.store.sqlite.database import reader, writer
from tests.pki import NOW, ca
from tests.unit.store.scene import NOW_SECONDS, SHA1, query, signed

GOOD, REVOKED = StatusRecord(), StatusRecord.revoked(NOW)


@pytest.fixture(autouse=True)
def _check_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each look-up check the file, not only the first one within 20 ms."""
    monkeypatch.setattr(reader, "CHECK_SECONDS", -1.0)


@pytest.fixture(name="store")
def _store(tmp_path: Path) -> Iterator[SQLiteStore]:
    """Yield a store with the certificates 1 to 501, all in the file itself."""
    with SQLiteStore(tmp_path / "status.db", create=True) as store:
        rows = [CertificateRow(serial_number=n) for n in range(1, 501)]
        store.import_rows(ca(), rows, digest=bytes(32), done=500)
        store.add(ca(), 501)
        yield store


@contextlib.contextmanager
def _foreign(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


def test_a_process_that_begins_waits_for_one_that_closes_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last connection is closed with a lock on the whole file."""
    path = tmp_path / "status.db"
    with SQLiteStore(path, create=True):
        pass
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("SELECT * FROM setting").fetchall()
    connect = files.StatusFile.connect
    with ThreadPoolExecutor(1) as pool:

        def connect_and_unlock(file: files.StatusFile, mode: str) -> sqlite3.Connection:
            pool.submit(other.close)
            return connect(file, mode)

        monkeypatch.setattr(files.StatusFile, "connect", connect_and_unlock)
        SQLiteStore(path).close()


def test_readers_do_not_wait_for_a_writer(store: SQLiteStore, tmp_path: Path) -> None:
    """They see the status before its transaction, until it ends."""
    with _foreign(tmp_path / "status.db") as other:
        for kind in ("IMMEDIATE", "EXCLUSIVE"):
            other.execute(f"BEGIN {kind}")
            other.execute("UPDATE certificate SET revoked = 5 WHERE serial = x'01'")
            assert store.look_up_now([query(1)]) == [GOOD]
            other.execute("ROLLBACK")


def test_a_file_that_is_locked_is_unavailable_at_once(
    store: SQLiteStore, tmp_path: Path
) -> None:
    """In exclusive locking mode nobody else can read; no reader sleeps."""
    store.close()
    with _foreign(tmp_path / "status.db") as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        other.execute("UPDATE setting SET value = value")
        other.execute("COMMIT")
        begun = time.monotonic()
        with pytest.raises(SourceUnavailable, match="another process has locked"):
            store.look_up_now([query(1)])
        assert time.monotonic() - begun < 1
    assert store.look_up_now([query(1)]) == [GOOD]


def test_a_writer_waits_in_bounded_time(
    store: SQLiteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And then fails loudly: the revocation is not made."""
    monkeypatch.setattr(files, "LOCK_SECONDS", 0.05)
    with _foreign(tmp_path / "status.db") as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another process has locked the file"):
            store.revoke(ca(), 1, NOW)
        other.execute("ROLLBACK")
    assert store.revoke(ca(), 1, NOW).changed


def test_a_writer_opens_a_file_that_is_locked_for_a_moment(
    store: SQLiteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by a process that closes the last connection to the file."""
    store.close()
    begun = threading.Event()
    require = files.StatusFile._require_status_file

    def require_after(file: files.StatusFile, connection: sqlite3.Connection) -> None:
        begun.set()
        require(file, connection)

    monkeypatch.setattr(files.StatusFile, "_require_status_file", require_after)
    with ThreadPoolExecutor() as threads:
        with _foreign(tmp_path / "status.db") as other:
            other.execute("PRAGMA locking_mode = EXCLUSIVE")
            other.execute("BEGIN EXCLUSIVE")
            other.execute("UPDATE setting SET value = value")
            other.execute("COMMIT")
            opened = threads.submit(store.revoke, ca(), 1, NOW)
            assert begun.wait(10)
        assert opened.result().changed


def test_an_interrupt_is_not_hidden_if_the_file_is_closed(store: SQLiteStore) -> None:
    """SQLite has taken the transaction back; Ctrl-C prints no other error."""

    def interrupted() -> None:
        with store.transaction():
            store.add(ca(), 7)
            store.close()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()


def test_a_writer_takes_its_turn(store: SQLiteStore, tmp_path: Path) -> None:
    """It tries again every millisecond while another process writes."""
    begun = threading.Event()

    def write() -> None:
        with SQLiteStore(tmp_path / "status.db") as other, other.transaction():
            begun.set()
            time.sleep(0.05)

    thread = threading.Thread(target=write)
    thread.start()
    begun.wait(10)
    assert store.revoke(ca(), 1, NOW).changed
    thread.join()


@pytest.mark.parametrize("end", [None, 4096, 0])
def test_a_damaged_file_is_unavailable_and_then_read_again(
    store: SQLiteStore, tmp_path: Path, end: int | None
) -> None:
    """Overwritten or truncated in place, while a reader has its pages in memory."""
    path = tmp_path / "status.db"
    assert store.look_up_now([query(1)]) == [GOOD]
    whole = path.read_bytes()
    with path.open("r+b") as file:
        if end is None:
            file.write(os.urandom(len(whole)))
        else:
            file.truncate(end)
    for serial in (1, 2, 400):
        with pytest.raises(SourceUnavailable, match="status"):
            store.look_up_now([query(serial)])
    with pytest.raises(SourceUnavailable):
        store.poll_changes()
    with path.open("r+b") as file:
        file.write(whole)
    assert store.look_up_now([query(1)]) == [GOOD]


def test_a_value_that_means_nothing_is_an_error_of_its_serial_number(
    store: SQLiteStore, tmp_path: Path
) -> None:
    """The other certificates are answered."""
    odd = ("'x'", "1e300", "-99999999999999", "9223372036854775807", "x'00'")
    with _foreign(tmp_path / "status.db") as other:
        other.execute("PRAGMA ignore_check_constraints = 1")
        for serial, value in enumerate(odd, 1):
            other.execute(
                f"UPDATE certificate SET revoked = {value} WHERE serial = ?",
                (bytes([serial]),),
            )
        other.execute(
            "UPDATE certificate SET revoked = 1, reason = 99 WHERE serial = x'06'"
        )
    for serial in range(1, 7):
        with pytest.raises(StoreError, match="values that mean nothing"):
            store.look_up_now([query(serial)])
    assert store.look_up_now([query(7)]) == [GOOD]


def test_the_log_is_bounded_while_readers_hold_on(
    store: SQLiteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is copied to the file after transactions, and used again from its begin."""
    monkeypatch.setattr(writer, "COPY_BYTES", 64 << 10)
    monkeypatch.setattr(writer, "TRUNCATE_BYTES", 256 << 10)
    store.add_signer(ca())
    largest = 0
    with SQLiteStore(tmp_path / "status.db") as worker:
        for turn in range(40):
            worker.poll_changes()
            now = NOW_SECONDS + 600 * turn
            new = [signed(n, 1, now=now, tbs=os.urandom(300)) for n in range(1, 101)]
            assert store.store_answers(new, now) == 100
            assert worker.look_up_with_answer(query(1), SHA1) is not None
            largest = max(largest, (tmp_path / "status.db-wal").stat().st_size)
    assert largest < 1 << 20


FULL_DISK = """
import resource, signal, sys
from ocsp.errors import StoreError
from ocsp.store import SQLiteStore
from tests.pki import NOW, ca
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with SQLiteStore(sys.argv[1]) as store:
    store.add(ca(), 1)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
    try:
        for serial in range(10_000, 20_000):
            with store.transaction():
                store.add(ca(), serial, subject="x" * 2000)
            print(serial, flush=True)
    except StoreError as error:
        print(error, file=sys.stderr)
    # The status that is there can be read all the same.
    from tests.unit.store.scene import query
    assert store.look_up_now([query(1)])[0] is not None
"""


def test_a_full_disk_loses_nothing_that_was_acknowledged(
    store: SQLiteStore, tmp_path: Path
) -> None:
    """The change fails loudly, reading goes on, and later changes succeed."""
    path = tmp_path / "status.db"
    store.close()
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, path],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "status.db: " in done.stderr
    acknowledged = [int(line) for line in done.stdout.split()]
    assert 0 < len(acknowledged) < 10_000
    with SQLiteStore(path) as after:
        there = {entry.serial_number for entry in after.entries()}
        assert there >= {*range(1, 502), *acknowledged}
        assert len(there) <= 502 + len(acknowledged)
        assert after.revoke(ca(), 1, NOW).changed


def test_a_user_without_the_right_to_write_gets_an_honest_error(
    store: SQLiteStore, tmp_path: Path
) -> None:
    """SQLite needs two files beside the file."""
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    store.close()
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(ocsp.errors.StoreError, match=r"status\.db: "):
            SQLiteStore(tmp_path / "status.db", read_only=True)
    finally:
        tmp_path.chmod(0o700)


def test_a_replacing_file_may_number_the_issuers_in_another_order(
    tmp_path: Path,
) -> None:
    """The first look-up after that does not read the row of another issuer."""
    path, other = tmp_path / "status.db", ca("Other CA")
    for name, issuers in (("status.db", (ca(), other)), ("new.db", (other, ca()))):
        with SQLiteStore(tmp_path / name, create=True) as made:
            for issuer in issuers:
                made.add(issuer, 1)
            if name == "new.db":
                made.revoke(ca(), 1, NOW)
    with SQLiteStore(path) as store:
        assert store.look_up_now([query(1)]) == [GOOD]
        (tmp_path / "new.db").rename(path)
        assert store.look_up_now([query(1)]) == [REVOKED]
