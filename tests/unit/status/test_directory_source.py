"""Answer from a directory of certificates and a list of revocations."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from ocsp.errors import SchemaError, SourceUnavailable, UnreadableFile
from ocsp.responder import StatusRecord
from ocsp.status import DirectorySource
from ocsp.status.files.directory_source import read_revocations
from tests.pki import END, NOW, ca, leaf
from tests.unit.status import contract
from tests.unit.status.contract import GOOD, REVOKED, UNLISTED, ask

LINE = f"{REVOKED:X} 2026-07-01T12:00:00Z keyCompromise\n"


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    folder = tmp_path / "issued"
    folder.mkdir()
    for serial in (GOOD, REVOKED):
        pem = leaf(serial).public_bytes(Encoding.PEM)
        (folder / f"{serial}.pem").write_bytes(pem)
    (tmp_path / "revoked").write_text(LINE)
    return folder


def _source(folder: Path) -> DirectorySource:
    return DirectorySource(folder, folder.parent / "revoked", ca())


@pytest.mark.parametrize("gone", ["revoked", "issued"])
def test_the_contract(folder: Path, gone: str) -> None:
    """What holds for every source; without one of both it is not available."""
    path = folder.parent / gone
    revoke = f"{LINE}{GOOD:x} 2026-07-01T12:00:00Z\n"

    contract.check(
        contract.Scene(
            source=_source(folder),
            revoke=lambda: (folder.parent / "revoked").write_text(revoke),
            remove=lambda: path.rename(folder.parent / "elsewhere"),
        )
    )


def test_records(folder: Path) -> None:
    """The end of the certificate; a revocation also of a certificate that is gone."""
    (folder / f"{REVOKED}.pem").unlink()
    good, revoked, unlisted = ask(_source(folder), GOOD, REVOKED, UNLISTED)
    assert good == StatusRecord(expires=END)
    assert revoked == StatusRecord.revoked(NOW, x509.ReasonFlags.key_compromise)
    assert unlisted is None
    (folder / "new.pem").write_bytes(leaf(UNLISTED).public_bytes(Encoding.DER))
    assert ask(_source(folder), UNLISTED) == [StatusRecord(expires=END)]


@pytest.mark.parametrize(
    "line",
    [
        "1000",
        "1000 soon",
        "xyz 2026-07-01",
        "1000 2026-07-01 stolen",
        "1000 2026-07-01 removeFromCRL",
        "1_000 2026-07-01",
        "+1000 2026-07-01",
        "1 2 3 4",
        "\xff",
    ],
)
def test_a_corrupt_list_of_revocations_is_refused(folder: Path, line: str) -> None:
    """Else a revocation would be lost."""
    (folder.parent / "revoked").write_text(f"# comment\n\n{line}\n{LINE}")
    with pytest.raises(SourceUnavailable, match="revoked, line 3: "):
        ask(_source(folder), GOOD)


@pytest.mark.parametrize("turned", [False, True])
def test_a_hold_does_not_hide_a_revocation_in_another_line(turned: bool) -> None:
    """Of several lines about one certificate, that which revokes for good counts."""
    lines = [b"1f 2026-06-01 certificateHold\n", b"1F 2026-07-01 keyCompromise\n"]
    content = b"".join(reversed(lines) if turned else lines)
    (record,) = read_revocations(content, "revoked").values()
    assert record.revocation_reason is x509.ReasonFlags.key_compromise


def test_a_missing_list_of_revocations_is_refused_at_the_start(folder: Path) -> None:
    """The operator sees it at once."""
    (folder.parent / "revoked").unlink()
    with pytest.raises(UnreadableFile):
        _source(folder)


@given(st.binary(max_size=100) | st.text("0a -:TZ\n", max_size=50).map(str.encode))
def test_any_octets_are_read_or_refused(data: bytes) -> None:
    """Never another exception."""
    with contextlib.suppress(SchemaError):
        read_revocations(data, "revoked")
