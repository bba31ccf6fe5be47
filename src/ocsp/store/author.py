"""Say who makes a change, for the history."""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["program_name", "user_name"]


def user_name() -> str:
    """
    Return the user of the operating system who runs this process.

    For root, the user who called ``sudo`` follows in parentheses.
    """
    try:
        import pwd

        number = os.getuid()
    except ImportError:  # not a POSIX system
        return os.environ.get("USERNAME", "")
    try:
        name = pwd.getpwuid(number).pw_name
    except KeyError:
        name = str(number)
    caller = os.environ.get("SUDO_USER") if number == 0 else None
    return f"{name} ({caller})" if caller else name


def program_name() -> str:
    """Return the name of the program of this process."""
    return Path(sys.argv[0]).name if sys.argv else ""
