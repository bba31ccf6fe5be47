"""Commands that write a new file say which directory is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from ocsp.cli import main
from tests.ca_folder import CAFolder

NEW_KEY = ("--subject", "CN=OCSP")
CA = ("--issuer", "ca.pem", "--issuer-key", "ca.key")
WEB = ("--issuer", "ca.pem", "--cert", "web.pem")

COMMANDS = {
    "status backup": ("status", "backup", "--db", "status.db", "no/x"),
    "status restore": ("status", "restore", "status.db", "--db", "no/x"),
    "config init": ("config", "init", ".", "--output", "no/x"),
    "signer request --out": (
        *("signer", "request", *NEW_KEY, "--key", "new.key", "--out", "no/x"),
    ),
    "signer request --key": (
        *("signer", "request", *NEW_KEY, "--key", "no/x", "--out", "new.csr"),
    ),
    "signer issue --cert": (
        *("signer", "issue", *CA, *NEW_KEY, "--key", "new.key", "--cert", "no/x"),
    ),
    "signer issue --key": (
        *("signer", "issue", *CA, *NEW_KEY, "--key", "no/x", "--cert", "new.pem"),
    ),
    "request": ("request", *WEB, "--out", "no/x"),
    "staple": ("staple", "web.pem", "--issuer", "ca.pem", "--out", "no/x", "--once"),
    "check": ("check", "web.pem", "--issuer", "ca.pem", "--cache", "no/x"),
}
"""Commands that write ``no/x``."""


@pytest.mark.parametrize("command", COMMANDS)
def test_a_directory_that_is_missing_is_named(
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """And the file, not a temporary one; nothing is written."""
    monkeypatch.chdir(tmp_path)
    files = CAFolder(tmp_path)
    files.write_secret("ca.key", files.ca.identity.key_pem.decode())
    before = {each.name for each in tmp_path.iterdir()}
    assert main([*COMMANDS[command]]) == 4
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert "no does not exist; make it first" in error
    assert "-new-" not in error
    assert {each.name for each in tmp_path.iterdir()} == before
