"""Locking files: bounded in time, and never through a link or a FIFO."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from ocsp.errors import UnreadableFile
from ocsp.guarded.file_lock import lock_file

fcntl = pytest.importorskip("fcntl", reason="file locks need a POSIX system")


def test_a_lock_is_waited_for_in_bounded_time(tmp_path: Path) -> None:
    """``None`` says that another one still has it."""
    path = tmp_path / "lock"
    first = lock_file(path)
    assert first is not None
    started = time.monotonic()
    assert lock_file(path, 0.2) is None
    assert 0.2 <= time.monotonic() - started < 5
    os.close(first)
    second = lock_file(path)
    assert second is not None
    os.close(second)


def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    """A link could make the process create, or lock, a file elsewhere."""
    fifo, link, loop, directory = (tmp_path / name for name in "abcd")
    os.mkfifo(fifo)
    link.symlink_to(tmp_path / "elsewhere")
    loop.symlink_to(loop)
    directory.mkdir()
    for path, reason in (
        (fifo, "is a named pipe"),
        (link, "is a symbolic link"),
        (loop, "Too many levels"),
        (directory, "is a directory"),
        (Path(os.devnull), "is a device"),
        (tmp_path / "no" / "lock", "no does not exist; make it first"),
    ):
        with pytest.raises(UnreadableFile, match=reason):
            lock_file(path)
    assert not (tmp_path / "elsewhere").exists()


def test_a_link_to_a_regular_file_is_refused(tmp_path: Path) -> None:
    """Its target keeps its content."""
    (tmp_path / "precious").write_text("content")
    (tmp_path / "lock").symlink_to("precious")
    with pytest.raises(UnreadableFile, match="is a symbolic link"):
        lock_file(tmp_path / "lock")


def test_a_system_that_cannot_lock_this_file_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As some network file systems."""

    def refuse(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(UnreadableFile, match="cannot be locked: No locks available"):
        lock_file(tmp_path / "lock")
