"""
Locks: one keeper for each staple.

Two would ask twice and run the hook twice; neither could break the file. Rules of this
file: the lock ends with its process, however that ends, and nothing stays behind.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from ocsp.errors import StoreError

__all__ = ["exclusive_lock"]


@contextlib.contextmanager
def exclusive_lock(staple: Path) -> Iterator[None]:
    """
    Be the only keeper of *staple* while the ``with`` block runs.

    Raises:
        StoreError: If there is another one, or its directory cannot be written to.
    """
    path = staple.with_name(f".{staple.name}.lock")
    try:
        handle = _locked(path)
    except BlockingIOError:
        pid = path.read_text() if path.exists() else ""
        who = f"process {pid}" if pid else "another process"
        raise StoreError(f"{staple}: {who} keeps it fresh already") from None
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}") from error
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(handle)


def _locked(path: Path) -> int:
    """
    Return the handle of *path*, locked.

    Raises:
        BlockingIOError: If somebody else has it.
    """
    import fcntl  # no such thing on Windows, nor servers that read these files

    while True:
        handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Whoever had it may have removed it between these two lines.
            if path.exists() and os.path.samestat(os.fstat(handle), path.stat()):
                os.ftruncate(handle, 0)
                os.write(handle, str(os.getpid()).encode())
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)
