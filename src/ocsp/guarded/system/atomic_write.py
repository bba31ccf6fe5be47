"""
Replace the content of a file atomically, and sync it to disk.

A reader finds the complete old or new content, even after a power failure. The content
is first written to a temporary file, which stays if the process is killed; the next
process removes it. The writer locks its temporary file, so that this removes no file
that is still in use.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

from ocsp.errors import UnreadableFile
from ocsp.guarded.file_lock import lock_file
from ocsp.guarded.files import FileState, require_regular

__all__ = ["PUBLIC", "SECRET", "remove_leftovers", "write_atomically"]

PUBLIC = 0o644
"""The permissions of a new file that every user may read, as a staple."""

SECRET = 0o600
"""The permissions of a new file that only its owner may read, as a key."""


def write_atomically(
    path: Path, data: bytes, *, mode: int = PUBLIC, replace: bool = True
) -> FileState:
    """
    Replace the content of *path* by *data*, and return the state of the new file.

    The file keeps its permissions and, if the process may change it, its owner; a
    secret is never left readable to others. A symbolic link is followed, and stays a
    link.

    Args:
        path: The file.

        data: Its new content.

        mode: The permissions, if the file is new.

        replace: Whether the file may exist.

    Raises:
        OSError: If it cannot be written; it is then unchanged. ``FileExistsError`` if
            it exists and may not.
        UnreadableFile: If it exists, but is not a regular file.
    """
    require_regular(path)
    target = Path(os.path.realpath(path))
    remove_leftovers(target)
    # In the same directory, because a rename is atomic only within one file system. A
    # server that reads a whole directory ignores names that begin with a dot.
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(6)}.tmp")
    try:
        handle = lock_file(temporary)
    except UnreadableFile as error:  # its name says nothing to users
        raise UnreadableFile(path, f"cannot be written: {error.reason}") from error
    if handle is None:
        raise UnreadableFile(temporary, "another process uses it")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            _make_like(handle, target, mode)
            file.flush()
            os.fsync(handle)
            state = FileState.of(os.fstat(handle))
            if replace:
                temporary.replace(target)
            else:
                target.hardlink_to(temporary)  # it fails if the target exists
                temporary.unlink()
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_directory(target.parent)
    return state


def remove_leftovers(path: Path) -> None:
    """
    Remove the temporary files that killed processes left when they wrote *path*.

    Files in use and files that cannot be removed stay.
    """
    for leftover in _temporary_files(Path(os.path.realpath(path))):
        with contextlib.suppress(UnreadableFile, OSError):
            handle = lock_file(leftover)
            if handle is not None:
                with contextlib.closing(os.fdopen(handle, "rb")):
                    leftover.unlink(missing_ok=True)


def _temporary_files(path: Path) -> Iterator[Path]:
    ours = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{12}}\.tmp")
    with contextlib.suppress(OSError):  # a write to that directory says why
        yield from (each for each in path.parent.iterdir() if ours.fullmatch(each.name))


def _make_like(handle: int, path: Path, mode: int) -> None:
    """Give the new file the permissions and the owner of the old file, if any."""
    try:
        old = path.stat()
    except FileNotFoundError:
        os.fchmod(handle, mode)
        return
    with contextlib.suppress(PermissionError):  # only root may change the owner
        os.fchown(handle, old.st_uid, old.st_gid)
    kept = stat.S_IMODE(old.st_mode)
    os.fchmod(handle, kept & ~stat.S_IRWXO if mode == SECRET else kept)


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
