"""Test the files of keys: who can read them, and that none is lost."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from ocsp.errors import ConfigError, StoreError
from ocsp.signers.enrolment import (
    private_key_pem,
    refuse_existing,
    write_public,
    write_secret,
)
from tests.pki import delegate, key


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_key_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    """Whatever the umask; a certificate is public."""
    write_secret(tmp_path / "a.key", b"secret", overwrite=False)
    write_public(tmp_path / "a.pem", delegate(), overwrite=False)
    assert _mode(tmp_path / "a.key") == 0o600
    assert _mode(tmp_path / "a.pem") == 0o644
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.key", "a.pem"]


def test_a_file_that_exists_is_not_overwritten(tmp_path: Path) -> None:
    """Unless the caller says so; then its group can still read it, others cannot."""
    file = tmp_path / "a.key"
    file.write_bytes(b"old")
    file.chmod(0o644)
    with pytest.raises(ConfigError, match=r"a\.key: exists, and is not overwritten"):
        write_secret(file, b"new", overwrite=False)
    with pytest.raises(ConfigError, match="exists"):
        refuse_existing(file)
    assert file.read_bytes() == b"old"
    write_secret(file, b"new", overwrite=True)
    assert file.read_bytes() == b"new"
    assert _mode(file) == 0o640
    assert [each.name for each in tmp_path.iterdir()] == ["a.key"]


def test_a_directory_that_is_missing_is_an_error(tmp_path: Path) -> None:
    """Of this package, with the name of the file, and not that of a temporary one."""
    file = tmp_path / "missing" / "a.key"
    with pytest.raises(StoreError) as caught:
        write_secret(file, b"secret", overwrite=False)
    reason = f"the directory {file.parent} does not exist; make it first"
    assert str(caught.value) == f"{file}: cannot be written: {reason}"
    with pytest.raises(StoreError, match="is a directory"):
        write_secret(tmp_path, b"secret", overwrite=True)


def test_a_key_with_a_passphrase_is_encrypted() -> None:
    """In PKCS #8."""
    assert b"ENCRYPTED PRIVATE KEY" in private_key_pem(key("a"), b"secret")
    assert b"BEGIN PRIVATE KEY" in private_key_pem(key("a"), None)
