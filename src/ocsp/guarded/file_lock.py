"""
Lock a file between processes, and wait for the lock in bounded time.

The operating system releases the lock when the process ends, also after a crash.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from ocsp.errors import UnreadableFile, UnsupportedError
from ocsp.guarded.files import require_regular, why_no_directory

__all__ = ["lock_file"]

_POLL_SECONDS = 0.01
"""How often a process that waits tries again."""


def lock_file(path: Path, seconds: float = 0, mode: int = 0o600) -> int | None:
    """
    Lock the file *path* and return its descriptor; closing it releases the lock.

    The file is created if it is missing. A symbolic link is not followed.

    Args:
        path: The file.

        seconds: How long to wait while another process has the lock.

        mode: The permissions of a new file.

    Returns:
        The descriptor, or ``None`` if another process still has the lock.

    Raises:
        UnreadableFile: If the file cannot be opened, or is not a regular file.
        UnsupportedError: If the system has no such locks.
    """
    end = time.monotonic() + seconds
    while True:
        handle = _try(path, mode)
        if handle is not None or time.monotonic() >= end:
            return handle
        time.sleep(_POLL_SECONDS)


def _try(path: Path, mode: int) -> int | None:
    try:
        import fcntl
    except ImportError:
        raise UnsupportedError("this system has no POSIX file locks") from None
    require_regular(path)
    try:
        handle = os.open(
            path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK, mode
        )
    except OSError as error:
        if path.is_symlink():
            reason = "is a symbolic link"
        else:
            reason = why_no_directory(path) or str(error.strerror)
        raise UnreadableFile(path, reason) from error
    with contextlib.ExitStack() as opened:
        opened.callback(os.close, handle)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The previous holder may have removed the file before the lock was taken.
            if not os.path.samestat(os.fstat(handle), path.lstat()):
                return None
        except (BlockingIOError, FileNotFoundError):
            return None
        except OSError as error:
            raise UnreadableFile(path, f"cannot be locked: {error.strerror}") from error
        opened.pop_all()
    return handle
