"""Test that only one process holds the lock of a staple file."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ocsp import limits
from ocsp.errors import StoreError, UnsupportedError
from ocsp.stapling.lock import exclusive_lock

HOLDER = """
import sys
import threading
import time
from pathlib import Path
from ocsp.stapling.lock import exclusive_lock
with exclusive_lock(Path(sys.argv[1])):
    print("mine", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def _short_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_STAPLE_LOCK_SECONDS", 0.05)


def test_only_one_holder_at_a_time(tmp_path: Path) -> None:
    """The error names the process that has the lock; the lock file is removed."""
    staple = tmp_path / "x.ocsp"
    with (
        exclusive_lock(staple),
        exclusive_lock(tmp_path / "y.ocsp"),
        pytest.raises(StoreError, match=f"process {os.getpid()} renews this"),
        exclusive_lock(staple),
    ):
        raise AssertionError("two have it")
    with exclusive_lock(staple):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_file_has_one_lock_under_all_its_names(tmp_path: Path) -> None:
    """Two staplers could each find their response newer, and the older be written last."""
    staple, link = tmp_path / "x.ocsp", tmp_path / "y.ocsp"
    link.symlink_to(staple)
    with (
        exclusive_lock(link),
        pytest.raises(StoreError, match=f"process {os.getpid()} renews this"),
        exclusive_lock(staple),
    ):
        raise AssertionError("two have it")


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    """The next holder uses the lock file that the process left."""
    staple = tmp_path / "x.ocsp"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, staple],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"mine\n"
        with (
            pytest.raises(StoreError, match=f"process {holder.pid} "),
            exclusive_lock(staple),
        ):
            raise AssertionError("two have it")
        holder.send_signal(signal.SIGKILL)
    assert [each.name for each in tmp_path.iterdir()] == [".x.ocsp.lock"]
    with exclusive_lock(staple):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("made_again", [False, True])
def test_a_lock_file_that_was_just_removed_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made_again: bool
) -> None:
    """A process that opened it before its removal must open the new file."""
    staple, lock = tmp_path / "x.ocsp", tmp_path / ".x.ocsp.lock"
    flock, removals = fcntl.flock, [lock]

    def late(handle: int, operation: int) -> None:
        flock(handle, operation)
        if removals:
            removals.pop().unlink()
            if made_again:
                lock.touch()

    monkeypatch.setattr(fcntl, "flock", late)
    with exclusive_lock(staple):
        assert lock.read_text() == str(os.getpid())
        with pytest.raises(StoreError), exclusive_lock(staple):
            raise AssertionError("two have it")


def test_a_missing_directory_is_an_error(tmp_path: Path) -> None:
    """The error comes before any request."""
    with (
        pytest.raises(
            StoreError, match=r"the directory .*/no does not exist; make it first"
        ),
        exclusive_lock(tmp_path / "no" / "x"),
    ):
        raise AssertionError("the directory does not exist")


def test_a_system_without_locks_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence, before anything is asked or written."""
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with (
        pytest.raises(UnsupportedError, match=r"^keeping staples needs POSIX file"),
        exclusive_lock(tmp_path / "x.ocsp"),
    ):
        raise AssertionError("it was locked")
    assert list(tmp_path.iterdir()) == []


def test_a_lock_that_is_released_soon_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a service is restarted, and the old process is still ending."""
    monkeypatch.setattr(limits, "MAX_STAPLE_LOCK_SECONDS", 30.0)
    staple = tmp_path / "x.ocsp"
    with contextlib.ExitStack() as first:
        first.enter_context(exclusive_lock(staple))
        timer = threading.Timer(0.1, first.pop_all().close)
        timer.start()
        started = time.monotonic()
        with exclusive_lock(staple):
            assert time.monotonic() - started < 20
        timer.join()


@pytest.mark.parametrize("content", [b"", b"\xff", b"1\n2", b"9" * 10_000])
def test_the_lock_file_may_have_any_content(tmp_path: Path, content: bytes) -> None:
    """It is only read for the error of another process."""
    staple, lock = tmp_path / "x.ocsp", tmp_path / ".x.ocsp.lock"
    with exclusive_lock(staple):
        lock.write_bytes(content)
        with (
            pytest.raises(StoreError, match=r"x\.ocsp: another process renews"),
            exclusive_lock(staple),
        ):
            raise AssertionError("two have it")


@pytest.mark.parametrize("kind", ["fifo", "link", "directory"])
def test_an_odd_lock_file_is_an_error(tmp_path: Path, kind: str) -> None:
    """It is neither waited for, nor removed."""
    lock = tmp_path / ".x.ocsp.lock"
    if kind == "fifo":
        os.mkfifo(lock)
    elif kind == "link":
        lock.symlink_to("elsewhere")
    else:
        lock.mkdir()
    with (
        pytest.raises(StoreError, match=r"\.x\.ocsp\.lock: is a "),
        exclusive_lock(tmp_path / "x.ocsp"),
    ):
        raise AssertionError("it was locked")
    assert os.path.lexists(lock)
    assert not (tmp_path / "elsewhere").exists()
