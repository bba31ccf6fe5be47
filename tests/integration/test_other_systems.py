"""The package where a system lacks what POSIX systems have, as Windows does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
UNITS = ("client", "signing", "status", "test_exports.py")
"""What is run again: above all what reads and writes files."""


def test_library_and_client_need_no_posix_system() -> None:
    """Their unit tests pass with what ``tests.without_posix`` leaves."""
    command = [sys.executable, "-m", "pytest", "-q", "-m", "not programs"]
    command += ["-p", "tests.without_posix", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, *(f"tests/unit/{unit}" for unit in UNITS)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
