"""Paths that are no regular files, for tests of everything that reads files."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["dangling", "device", "fifo", "loop"]


def fifo(path: Path) -> None:
    """Make a named pipe."""
    os.mkfifo(path)


def loop(path: Path) -> None:
    """Make a symbolic link to itself."""
    path.symlink_to(path)


def device(path: Path) -> None:
    """Make a link to a device that never ends."""
    path.symlink_to("/dev/zero")


def dangling(path: Path) -> None:
    """Make a link to a file that does not exist."""
    path.symlink_to("missing")
