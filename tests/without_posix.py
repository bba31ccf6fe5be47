"""
A pytest plugin that hides what only POSIX systems have: ``-p tests.without_posix``.

Afterwards ``fcntl`` cannot be imported, ``os`` and ``signal`` lack the names below, and a
directory cannot be opened for fsync, as on Windows.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

MODULES = ("fcntl", "grp", "pwd", "resource", "termios")
NAMES = {
    os: ("fchmod", "fchown", "fork", "register_at_fork", "O_NOFOLLOW"),
    signal: ("SIGHUP", "SIGUSR1", "SIGUSR2", "SIGALRM"),
}


def pytest_configure() -> None:
    """Hide them before the first test module is imported."""
    for module in MODULES:
        sys.modules[module] = None  # type: ignore[assignment]
    for holder, names in NAMES.items():
        for name in names:
            delattr(holder, name)
    os.open = _open_no_directory


_open = os.open


def _open_no_directory(path: Any, *arguments: Any, **options: Any) -> int:
    # Code that opens a directory relative to another is not ours, and runs on POSIX only.
    if "dir_fd" not in options and os.path.isdir(path):  # noqa: PTH112
        raise PermissionError(13, "Permission denied", os.fspath(path))
    return _open(path, *arguments, **options)
