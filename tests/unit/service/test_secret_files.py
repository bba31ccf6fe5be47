"""Which secrets of a responder other users of the machine can read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ocsp.guarded.files import exposure_of
from ocsp.service import exposed_secrets, read_configuration
from tests.ca_folder import CAFolder

ADDRESS = "postgresql://ocsp@db.example.org/ocsp"


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CAFolder:
    """Return a responder for which libpq finds no password outside of its folder."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("PGPASSFILE", "PGPASSWORD", "PGSERVICE"):
        monkeypatch.delenv(name, raising=False)
    return CAFolder(tmp_path)


def _exposed(files: CAFolder, database: str, *, top: str = "") -> list[str]:
    text = files.settings(top=top).replace("sqlite:status.db", database)
    files.write("ocsp.toml", text)
    return exposed_secrets(read_configuration(files.configuration))


@pytest.mark.parametrize("place", ["parameter", "environment", "home"])
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
def test_the_password_file_of_libpq(
    place: str, mode: int, files: CAFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its group may not read it either, whoever owns it: libpq would ignore it."""
    path = files.write_secret(".pgpass", "*:*:*:*:secret")
    if place != "home":
        path = path.rename(files.folder / "passwords")
    path.chmod(mode)
    address = ADDRESS
    if place == "parameter":
        address += f"?passfile={path}"
    elif place == "environment":
        monkeypatch.setenv("PGPASSFILE", str(path))
    expected = [exposure_of(path, group_of_root=False)] if mode != 0o600 else []
    assert _exposed(files, address) == expected
    assert all(f"run chmod 600 {path}" in each for each in expected)


def test_a_password_file_that_libpq_does_not_read(
    files: CAFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Because it has the password, or the status of no issuer is in the database."""
    files.write_secret(".pgpass", "*:*:*:*:secret").chmod(0o644)
    assert _exposed(files, ADDRESS)
    files.write("index.txt", "")
    source = 'source = { index_txt = "index.txt" }'
    text = f"{files.configuration.read_text()}{source}\n"
    files.write("ocsp.toml", text)
    assert exposed_secrets(read_configuration(files.configuration)) == []
    monkeypatch.setenv("PGPASSWORD", os.fsdecode(b"secret \xff"))
    assert _exposed(files, ADDRESS) == []


def test_a_user_without_a_home(
    files: CAFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container that runs with any number of a user."""
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(os, "getuid", lambda: 2**31 - 3)
    assert _exposed(files, ADDRESS) == []


PASSWORDS = {
    "database": ("postgresql://ocsp:secret@db.example.org/ocsp", "", ""),
    "valkey": ("sqlite:status.db", 'valkey = "valkey://:secret@127.0.0.1:1"', ""),
    "issuer.source.sql": (
        "sqlite:status.db",
        "",
        'source = { sql = "mysql://ca:secret@db/ca", preset = "ejbca" }\n',
    ),
}
"""Settings with a password: the database, settings of the top, those of the issuer."""


@pytest.mark.parametrize("setting", PASSWORDS)
def test_a_configuration_file_with_a_password(setting: str, files: CAFolder) -> None:
    """It is a secret; without the password it is none."""
    database, top, issuer = PASSWORDS[setting]
    text = files.settings(top=top).replace("sqlite:status.db", database) + issuer
    for content, expected in (
        (text, f": it contains the password in {setting}"),
        (text.replace(":secret", ""), ""),
    ):
        path = files.write("ocsp.toml", content)
        path.chmod(0o644)
        exposed = exposure_of(path)
        warnings = [f"{exposed}{expected}"] if expected else []
        assert exposed_secrets(read_configuration(path)) == warnings
    path.write_text(text)
    path.chmod(0o600)
    assert exposed_secrets(read_configuration(path)) == []
