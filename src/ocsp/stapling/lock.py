"""
Lock a staple file, so that only one process renews it.

Two processes would ask the responder twice and run the hook twice, but could not damage
the file. The operating system releases the lock when the process ends, also after a
crash.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from ocsp.errors import StoreError, UnsupportedError

__all__ = ["exclusive_lock"]


@contextlib.contextmanager
def exclusive_lock(staple: Path) -> Iterator[None]:
    """
    Hold the lock of *staple* while the ``with`` block runs.

    Raises:
        StoreError: If another process has the lock, or the directory is not writable.
        UnsupportedError: If the system is not a POSIX system.
    """
    path = staple.with_name(f".{staple.name}.lock")
    try:
        handle = _locked(path)
    except BlockingIOError:
        pid = path.read_text() if path.exists() else ""
        holder = f"process {pid}" if pid else "another process"
        raise StoreError(f"{staple}: {holder} renews this file already") from None
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}") from error
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(handle)


def _locked(path: Path) -> int:
    """
    Return the descriptor of *path*, locked.

    Raises:
        BlockingIOError: If another process has locked it.
        UnsupportedError: If the system has no such locks.
    """
    try:
        import fcntl
    except ImportError:
        raise UnsupportedError(
            "keeping staples needs POSIX file locks, which this system does not have: "
            "run `ocsp staple` on Linux, macOS or another POSIX system"
        ) from None
    while True:
        handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The previous holder may have removed the file before the lock was taken.
            if path.exists() and os.path.samestat(os.fstat(handle), path.stat()):
                os.ftruncate(handle, 0)
                os.write(handle, str(os.getpid()).encode())
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)
