"""
Let the processes that keep answers in memory say which change they have seen.

Each of them has a file beside the status file, which it keeps locked while it runs, and
in which it writes the number of the last event that it took into account. A process
that revokes a certificate reads these files until all have seen its event. The lock
goes when a process ends, also after a crash: its file then counts no longer.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import struct
import time
from collections.abc import Iterator
from pathlib import Path

from ocsp.errors import StoreError, UnreadableFile, UnsupportedError
from ocsp.guarded.file_lock import lock_file
from ocsp.guarded.files import read_file
from ocsp.store.sqlite.database.file import StatusFile
from ocsp.store.values import LateReader

__all__ = ["Acknowledgement", "late_readers"]

_SUFFIX = "-reader-"
_CONTENT = struct.Struct("<QQQ")  # device and inode of the status file; event
_LOCK_SECONDS = 1.0
_POLL_SECONDS = 0.002
CHECK_SECONDS = 1.0
"""How often a process looks whether its file is still there. A program that removes
old files could have removed it, and a revocation waits for no process without one."""

_MODE = 0o660  # the CA's tools may run as another user of the same group


class Acknowledgement:
    """The file of this process; made at the first event that is acknowledged."""

    def __init__(self, file: StatusFile) -> None:
        """Acknowledge the events of *file*."""
        self._file = file
        self._handle: int | None = None
        self._path: Path | None = None
        self._written = b""
        self._next_check = 0.0

    def write(self, identity: tuple[int, int], event: int) -> None:
        """
        Say that this process has taken *event*, and all before it, into account.

        Args:
            identity: The device and the inode of the status file.

            event: The number of the event.

        Raises:
            StoreError: If the file cannot be written.
        """
        content = _CONTENT.pack(*identity, event)
        self._check()
        if content == self._written:
            return
        if self._handle is None:
            self._handle = self._open()
        if self._handle >= 0:
            try:
                os.pwrite(self._handle, content, 0)
            except OSError as error:
                raise StoreError(
                    f"{self._path}: the event cannot be acknowledged: {error.strerror}"
                ) from error
        self._written = content

    def _check(self) -> None:
        """Notice that the file was removed, once a second: another one is made then."""
        now = time.monotonic()
        if self._path is None or now < self._next_check:
            return
        self._next_check = now + CHECK_SECONDS
        if not os.path.lexists(self._path):
            self.close()

    def _open(self) -> int:
        """Return the descriptor of a new file, or -1 if the system has no locks."""
        for _ in _living(self._file):  # removes the files of processes that ended
            pass
        name = f"{_SUFFIX}{os.getpid()}-{secrets.token_hex(4)}"
        path = self._file.beside(name)
        try:
            handle = lock_file(path, _LOCK_SECONDS, _MODE)
        except UnsupportedError:
            return -1
        except UnreadableFile as error:
            raise StoreError(
                f"{error}; every process that reads the status file needs the"
                " permission to write in its folder"
            ) from error
        if handle is None:
            raise StoreError(f"{path}: another process has locked the file")
        self._path = path
        return handle

    def close(self) -> None:
        """Remove the file: this process answers no longer."""
        handle, self._handle, self._written = self._handle, None, b""
        path, self._path = self._path, None
        if path is not None:
            with contextlib.suppress(OSError):
                path.unlink()
        if handle is not None and handle >= 0:
            os.close(handle)


def late_readers(file: StatusFile, event: int, seconds: float) -> list[LateReader]:
    """
    Wait until every process has seen *event*, and return those that have not.

    Args:
        file: The status file.

        event: The number of the event.

        seconds: How long to wait at most.
    """
    end = time.monotonic() + seconds
    while True:
        late = [
            LateReader(_process(path), seen)
            for path, seen in _living(file, event)
            if seen < event
        ]
        if not late or time.monotonic() >= end:
            return late
        time.sleep(_POLL_SECONDS)


def _living(file: StatusFile, event: int = 1 << 63) -> Iterator[tuple[Path, int]]:
    """Yield the file of each process that runs, and what it has seen."""
    state = file.state()
    for path in file.path.parent.glob(f"{_escaped(file.path.name)}{_SUFFIX}*"):
        seen = _seen(path, (state.device, state.inode))
        if seen >= event or not _has_ended(path):
            yield path, seen


def _escaped(name: str) -> str:
    return "".join(f"[{each}]" if each in "*?[" else each for each in name)


def _seen(path: Path, identity: tuple[int, int]) -> int:
    """Return the last event that a process has seen in this file; 0 for none."""
    try:
        device, inode, event = _CONTENT.unpack(read_file(path, _CONTENT.size))
    except (UnreadableFile, struct.error):
        return 0  # it has just begun, or it is writing at this moment
    return event if (device, inode) == identity else 0


def _has_ended(path: Path) -> bool:
    """Tell whether the process has ended, and remove its file then."""
    try:
        handle = lock_file(path, 0, _MODE)
    except (UnreadableFile, UnsupportedError):
        return False  # it cannot be found out
    if handle is None:
        return False
    with contextlib.suppress(OSError):
        path.unlink()
    os.close(handle)
    return True


def _process(path: Path) -> int:
    number = path.name.rpartition(_SUFFIX)[2].partition("-")[0]
    return int(number) if number.isdecimal() else 0
