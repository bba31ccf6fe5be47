"""
Lock a staple file, so that only one process renews it.

Two processes would ask the responder twice and run the hook twice, but could not damage
the file.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from ocsp import limits
from ocsp.errors import StoreError, UnreadableFile, UnsupportedError
from ocsp.guarded.file_lock import lock_file
from ocsp.guarded.files import read_file

__all__ = ["exclusive_lock"]

_MODE = 0o644
"""The permissions of the lock file: other users may read which process has the lock."""

_MAX_PID_BYTES = 20
"""Octets of a lock file: the number of the process."""


@contextlib.contextmanager
def exclusive_lock(staple: Path) -> Iterator[None]:
    """
    Hold the lock of *staple* while the ``with`` block runs.

    Raises:
        StoreError: If another process keeps the lock for longer than
            ``limits.MAX_STAPLE_LOCK_SECONDS``, or the lock file cannot be made.
        UnsupportedError: If the system is not a POSIX system.
    """
    target = Path(os.path.realpath(staple))  # it has one lock, whatever links to it
    path = target.with_name(f".{target.name}.lock")
    handle = _locked(path)
    if handle is None:
        raise StoreError(f"{staple}: {_holder(path)} renews this file already")
    try:
        with contextlib.suppress(OSError):  # a full disk: the lock counts all the same
            os.ftruncate(handle, 0)
            os.write(handle, str(os.getpid()).encode())
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink()
        os.close(handle)


def _locked(path: Path) -> int | None:
    try:
        return lock_file(path, limits.MAX_STAPLE_LOCK_SECONDS, _MODE)
    except UnreadableFile as error:
        raise StoreError(str(error)) from error
    except UnsupportedError:
        raise UnsupportedError(
            "keeping staples needs POSIX file locks, which this system does not have: "
            "run `ocsp staple` on Linux, macOS or another POSIX system"
        ) from None


def _holder(path: Path) -> str:
    with contextlib.suppress(UnreadableFile):
        pid = read_file(path, _MAX_PID_BYTES)
        if pid.isdigit():
            return f"process {pid.decode()}"
    return "another process"
