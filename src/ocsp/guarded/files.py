"""
Read files: the only module of this package that opens files to read them.

A path can lead to a FIFO or a device, whose reading never ends, or to a file that is
larger than memory. So only regular files are opened, without waiting, and each is read
up to a size that the caller gives.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import stat
from pathlib import Path
from typing import BinaryIO, NamedTuple

from ocsp.errors import UnreadableFile

__all__ = [
    "FileState",
    "WatchState",
    "exists",
    "exposure_of",
    "file_state",
    "open_file",
    "read_descriptor",
    "read_file",
    "read_stream",
    "require_database",
    "require_regular",
    "watch_state",
    "why_no_directory",
]

_ATTEMPTS = 3
"""How often a file is read that another process changes meanwhile."""

_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a named pipe (FIFO)"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class FileState(NamedTuple):
    """
    What changes when a file is replaced or changed.

    Attributes:
        device: The device that the file is on.

        inode: The number of the file on its device.

        size: Its size in octets.

        modified: When it was last modified, in nanoseconds since 1970.
    """

    device: int
    inode: int
    size: int
    modified: int

    @classmethod
    def of(cls, found: os.stat_result) -> FileState:
        """Return the state in the result of :func:`os.stat`."""
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


class WatchState(NamedTuple):
    """
    What changes with each change of a file, also if a program sets its times.

    Attributes:
        device: The device that the file is on.

        inode: The number of the file on its device.

        size: Its size in octets.

        modified: When it was last modified, in nanoseconds since 1970.

        changed: When its content or its attributes last changed, likewise.
    """

    device: int
    inode: int
    size: int
    modified: int
    changed: int

    @classmethod
    def of(cls, found: os.stat_result) -> WatchState:
        """Return the state in the result of :func:`os.stat`."""
        return cls(*FileState.of(found), found.st_ctime_ns)


def read_file(path: Path | str, maximum: int) -> bytes:
    """
    Return the content of the regular file *path*.

    Args:
        path: The file; symbolic links are followed.

        maximum: How many octets it may have.

    Raises:
        UnreadableFile: If it is missing, not a regular file, larger than *maximum*, or
            does not stop changing.
    """
    for _ in range(_ATTEMPTS):
        with open_file(path) as file:
            before = os.fstat(file.fileno())
            if before.st_size > maximum:
                raise _too_large(path, maximum)
            data = read_stream(file, path, maximum)
            if FileState.of(os.fstat(file.fileno())) == FileState.of(before):
                return data
    raise UnreadableFile(path, "another process is changing it")


def open_file(path: Path | str) -> BinaryIO:
    """
    Return the regular file *path*, open for reading; the caller closes it.

    It is for files that are read piece by piece. Not checked: the size.

    Args:
        path: The file; symbolic links are followed.

    Raises:
        UnreadableFile: If it is missing, not a regular file, or cannot be opened.
    """
    # Opening some devices has effects, so the kind is checked before. It may change in
    # between, so opening does not wait for a writer of a FIFO.
    file_state(path)
    try:
        file = open(path, "rb", opener=_without_waiting)  # noqa: SIM115
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    with contextlib.ExitStack() as opened:
        opened.enter_context(file)
        _require_regular(path, os.fstat(file.fileno()))
        opened.pop_all()
    return file


def read_stream(stream: BinaryIO, name: Path | str, maximum: int) -> bytes:
    """
    Return what the open *stream* has until its end.

    Args:
        stream: A file or pipe. The function waits for the end of a pipe.

        name: Its name, for the error.

        maximum: How many octets it may have.

    Raises:
        UnreadableFile: If it cannot be read, or has more than *maximum* octets.
    """
    try:
        data = stream.read(maximum + 1)
    except (OSError, ValueError) as error:  # ValueError: it is closed
        raise _unreadable(name, error) from error
    if data is None:
        raise UnreadableFile(name, "has no data now, and does not wait for them")
    if len(data) > maximum:
        raise _too_large(name, maximum)
    return data


def read_descriptor(number: int, name: Path | str, maximum: int) -> bytes:
    """
    Return what the file descriptor *number* of this process has, and leave it open.

    Args:
        number: The descriptor, which the caller of the process has opened.

        name: Its name, for the error.

        maximum: How many octets it may have.

    Raises:
        UnreadableFile: If it cannot be read, or has more than *maximum* octets.
    """
    try:
        stream = os.fdopen(os.dup(number), "rb")
    except (OSError, OverflowError) as error:
        raise _unreadable(name, error) from error
    with stream:
        return read_stream(stream, name, maximum)


def file_state(path: Path | str) -> FileState:
    """
    Return the state of the regular file *path*.

    Raises:
        UnreadableFile: If it is missing, or not a regular file.
    """
    return FileState.of(_stat(path))


def watch_state(path: Path | str) -> WatchState:
    """
    Return the state of the regular file *path*, to notice every change of it.

    Raises:
        UnreadableFile: If it is missing, or not a regular file.
    """
    return WatchState.of(_stat(path))


def _stat(path: Path | str) -> os.stat_result:
    try:
        found = os.stat(path)  # noqa: PTH116 - a path from users may be invalid
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    _require_regular(path, found)
    return found


def exists(path: Path | str) -> bool:
    """
    Tell whether *path* leads to a file of any kind.

    The result is ``False`` if the process may not find that out.
    """
    return os.path.exists(path)  # noqa: PTH110 - Path.exists raises for some paths


def why_no_directory(path: Path | str) -> str:
    """
    Return why the new file *path* has no directory, and what to do.

    The text is empty if it has one, and if the process may not find that out.
    """
    directory = Path(path).parent
    try:
        mode = directory.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return f"the directory {directory} does not exist; make it first"
    except (OSError, ValueError):  # writing the file says why
        return ""
    return "" if stat.S_ISDIR(mode) else f"{directory} is not a directory"


def require_regular(path: Path | str) -> None:
    """
    Check that *path* is a regular file, or does not exist.

    Raises:
        UnreadableFile: If it is of another kind, or it cannot be found out.
    """
    try:
        file_state(path)
    except UnreadableFile as error:
        if not isinstance(error.__cause__, FileNotFoundError):
            raise


def require_database(path: Path) -> None:
    """
    Check that SQLite can open *path* without waiting, and what it finds beside it.

    SQLite follows links beside the file, and does what a journal says: it can change
    the file, and delete others.

    Raises:
        UnreadableFile: If it, or a file that SQLite makes beside it, exists but is not
            a regular file, or if the second belongs to another user.
    """
    require_regular(path)
    for suffix in ("-journal", "-wal", "-shm"):
        beside = path.with_name(f"{path.name}{suffix}")
        if beside.is_symlink():
            raise UnreadableFile(beside, "is a symbolic link")
        require_regular(beside)
        if not _may_have_made(path, beside):
            raise UnreadableFile(beside, "belongs to another user")


def _may_have_made(path: Path, beside: Path) -> bool:
    """Tell whether this user, root or the owner of *path* owns *beside*, if any."""
    if not hasattr(os, "geteuid"):
        return True
    return _owner(beside) in {None, 0, os.geteuid(), _owner(path)}


def _owner(path: Path) -> int | None:
    try:
        return path.stat().st_uid
    except OSError:  # there is none, or opening it will say why
        return None


def exposure_of(secret: Path, *, group_of_root: bool = True) -> str:
    """
    Return who besides its owner can read the file *secret*, and what to do.

    The text is empty if no other user can, if there is no such file, and on systems
    without permissions of POSIX.

    Args:
        secret: The file.

        group_of_root: Whether the group may read a file of root: a service gets its key
            like that.
    """
    if os.name != "posix":
        return ""
    try:
        found = secret.stat()
    except OSError:  # loading it says why
        return ""
    mode = stat.S_IMODE(found.st_mode)
    group_may = group_of_root and not found.st_uid
    best = "640" if group_may else "600"
    if mode & stat.S_IROTH:
        readers = "every user"
    elif mode & stat.S_IRGRP and not group_may:
        readers = "its group"
    else:
        return ""
    return (
        f"{secret}: {readers} can read this secret (mode {mode:04o}); run chmod"
        f" {best} {shlex.quote(str(secret))}"
    )


def _without_waiting(path: str, flags: int) -> int:
    for name in ("O_NONBLOCK", "O_NOCTTY"):  # not on Windows
        flags |= getattr(os, name, 0)
    return os.open(path, flags)


def _require_regular(path: Path | str, found: os.stat_result) -> None:
    if stat.S_ISREG(found.st_mode):
        return
    kind = next((name for test, name in _KINDS if test(found.st_mode)), "special")
    raise UnreadableFile(path, f"is {kind}, not a regular file")


def _too_large(path: Path | str, maximum: int) -> UnreadableFile:
    return UnreadableFile(path, f"is larger than {maximum:,} octets")


def _unreadable(path: Path | str, error: Exception) -> UnreadableFile:
    return UnreadableFile(path, getattr(error, "strerror", None) or str(error))
