"""A command whose packages are not installed names the extra, and is no bug."""

from __future__ import annotations

import subprocess
import sys

import pytest

SERVICE = (
    ("serve", "--config", "ocsp.toml"),
    ("serve", "--issuer", "ca.pem", "--key", "ca.key"),
    ("demo",),
    ("config", "check"),
    ("config", "show"),
    ("config", "schema"),
    ("config", "init", "ca.pem"),
    ("presign",),
)
"""The commands that need the extra ``server``."""

PROGRAM = """
import sys
sys.modules[sys.argv[1]] = None  # its import fails, as if it were not installed
from ocsp.cli import main
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.parametrize("arguments", SERVICE, ids=" ".join)
def test_a_command_of_the_service_names_the_extra(arguments: tuple[str, ...]) -> None:
    """In one line."""
    command = [sys.executable, "-c", PROGRAM, "httptools", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert done.stderr.startswith("error: ")
    assert "needs the extra 'server'" in done.stderr
    assert done.stderr.count("\n") == 1
