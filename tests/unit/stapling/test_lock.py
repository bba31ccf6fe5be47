"""One keeper for each staple, however the last one has ended."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ocsp.errors import StoreError
from ocsp.stapling.lock import exclusive_lock

HOLDER = """
import sys
from pathlib import Path
from ocsp.stapling.lock import exclusive_lock
with exclusive_lock(Path(sys.argv[1])):
    print("mine", flush=True)
    sys.stdin.read()
"""


def test_there_is_only_one_at_a_time(tmp_path: Path) -> None:
    """The second one is told who has it; nothing stays behind."""
    staple = tmp_path / "x.ocsp"
    with (
        exclusive_lock(staple),
        exclusive_lock(tmp_path / "y.ocsp"),
        pytest.raises(StoreError, match=f"process {os.getpid()} keeps it"),
        exclusive_lock(staple),
    ):
        raise AssertionError("two have it")
    with exclusive_lock(staple):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_killed_holder_has_nothing(tmp_path: Path) -> None:
    """The file it has left is taken over."""
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
def test_a_lock_that_somebody_has_just_removed_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made_again: bool
) -> None:
    """Whoever opened the file before its owner removed it would not have it alone."""
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


def test_a_directory_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """Said before anybody is asked."""
    with (
        pytest.raises(StoreError, match="No such file"),
        exclusive_lock(tmp_path / "no" / "x"),
    ):
        raise AssertionError("there is no such place")
