"""Answer from ``index.txt``: changes of the file, odd lines, and a real ``openssl ca``."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from ocsp import OCSPCertStatus, limits
from ocsp.errors import SourceUnavailable, UnreadableFile
from ocsp.status.files.index_source import IndexSource
from tests.odd_files import device, fifo, loop
from tests.pki import ca, key
from tests.unit.status import contract
from tests.unit.status.contract import GOOD, REVOKED, UNLISTED, ask

END = "301231235959Z"
STOLEN = "260601100000Z,keyCompromise"


def _line(serial: int | str, revoked: str = "", kind: str = "") -> str:
    digits = f"{serial:04X}" if isinstance(serial, int) else serial
    kind = kind or ("R" if revoked else "V")
    return f"{kind}\t{END}\t{revoked}\t{digits}\tunknown\t/CN=a\n"


INDEX = _line(GOOD) + _line(REVOKED, STOLEN)


class Time:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    path = tmp_path / "index.txt"
    path.write_text(INDEX)
    return path


def _status(source: IndexSource, serial: int) -> OCSPCertStatus | None:
    (record,) = ask(source, serial)
    return None if record is None else record.status


def test_the_contract(path: Path) -> None:
    """What holds for every source."""

    def revoke() -> None:
        path.write_text(_line(GOOD, STOLEN) + _line(REVOKED, STOLEN))

    contract.check(
        contract.Scene(
            source=IndexSource(path, ca()), revoke=revoke, remove=path.unlink
        )
    )


def test_a_missing_file_is_refused_at_the_start(tmp_path: Path) -> None:
    """The operator sees it at once."""
    with pytest.raises(UnreadableFile, match="No such file"):
        IndexSource(tmp_path / "index.txt", ca())


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="needs the files of POSIX")
@pytest.mark.parametrize("make", [fifo, device, loop, Path.mkdir])
def test_another_kind_of_file_is_not_waited_for(
    path: Path, make: Callable[[Path], None]
) -> None:
    """In place of the file; the next file is read again."""
    source = IndexSource(path, ca())
    path.unlink()
    make(path)
    with pytest.raises(SourceUnavailable):
        ask(source, GOOD)


def test_a_replaced_and_a_restored_file_count_at_once(path: Path) -> None:
    """As ``openssl ca`` replaces it, and as a backup is restored."""
    source = IndexSource(path, ca())
    assert _status(source, GOOD) is OCSPCertStatus.GOOD
    kept = path.rename(path.with_name("kept"))
    with pytest.raises(SourceUnavailable, match="No such file"):
        ask(source, GOOD)
    new = path.with_name("new")
    new.write_text(_line(GOOD, STOLEN))
    new.rename(path)
    assert _status(source, GOOD) is OCSPCertStatus.REVOKED
    assert _status(source, REVOKED) is None
    kept.rename(path)
    assert _status(source, GOOD) is OCSPCertStatus.GOOD


def test_a_change_that_leaves_size_and_time_is_noticed(path: Path) -> None:
    """Two writes within the resolution of the time stamp."""
    time = Time()
    source = IndexSource(path, ca(), clock=time)
    before = path.stat()
    assert _status(source, GOOD) is OCSPCertStatus.GOOD
    path.write_text(_line(REVOKED, STOLEN) + _line(UNLISTED))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert _status(source, GOOD) is None
    assert _status(source, UNLISTED) is OCSPCertStatus.GOOD


def test_a_settled_file_is_not_read_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After two seconds each look-up costs one ``stat``."""
    time = Time()
    source = IndexSource(path, ca(), clock=time)
    time.now += 2
    ask(source, GOOD)
    monkeypatch.setattr("ocsp.status.files.watched.read_file", None)
    assert _status(source, GOOD) is OCSPCertStatus.GOOD


@pytest.mark.parametrize("cut", [1, 10, 30, 40])
def test_a_file_that_is_being_written_is_not_used(path: Path, cut: int) -> None:
    """It became shorter, or its last line has no end; two seconds later it counts."""
    time = Time()
    source = IndexSource(path, ca(), clock=time)
    path.write_text(INDEX[:-cut])
    with pytest.raises(SourceUnavailable, match="another process may be writing it"):
        ask(source, GOOD)
    time.now += 2
    assert _status(source, GOOD) is OCSPCertStatus.GOOD
    path.write_text(INDEX + _line(UNLISTED))
    assert _status(source, UNLISTED) is OCSPCertStatus.GOOD
    path.write_text("")
    with pytest.raises(SourceUnavailable):
        ask(source, GOOD)


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (_line(GOOD) + _line(GOOD, STOLEN), OCSPCertStatus.REVOKED),
        (_line(GOOD, STOLEN) + _line(GOOD), OCSPCertStatus.REVOKED),
        (_line(GOOD) + _line(GOOD, kind="E"), OCSPCertStatus.GOOD),
        (_line(GOOD, STOLEN) + _line(GOOD, kind="X"), OCSPCertStatus.REVOKED),
        (_line(f"00{GOOD:X}") + _line(GOOD, STOLEN), OCSPCertStatus.REVOKED),
    ],
)
def test_one_line_that_revokes_is_enough(
    path: Path, lines: str, status: OCSPCertStatus
) -> None:
    """Also if another line says that the certificate is valid, or is corrupt."""
    path.write_text(lines)
    assert _status(IndexSource(path, ca()), GOOD) is status


def test_a_revocation_counts_more_than_a_hold(path: Path) -> None:
    """If two lines are about one certificate."""
    path.write_text(_line(GOOD, "260601100000Z,certificateHold") + _line(GOOD, STOLEN))
    (record,) = ask(IndexSource(path, ca()), GOOD)
    assert record is not None
    assert record.revocation_reason is x509.ReasonFlags.key_compromise


@pytest.mark.parametrize(
    "line", [_line(GOOD, kind="X"), _line(GOOD, "soon"), _line(GOOD)[:-1] + "\textra\n"]
)
@pytest.mark.parametrize("others", ["", _line(GOOD)])
def test_a_corrupt_line_costs_its_serial_number_only(
    path: Path, line: str, others: str
) -> None:
    """Its certificate is never good, and the others are answered."""
    path.write_text(others + line + INDEX.splitlines(keepends=True)[1])
    source = IndexSource(path, ca())
    assert _status(source, REVOKED) is OCSPCertStatus.REVOKED
    with pytest.raises(SourceUnavailable, match=f"serial number {GOOD:#x} has "):
        ask(source, GOOD)


def test_odd_lines_are_logged_once(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """With the first of them, and their number."""
    path.write_text(INDEX + "garbage\n" + _line("1" * 49))
    with caplog.at_level(logging.WARNING, "ocsp.status"):
        source = IndexSource(path, ca())
        ask(source, GOOD)
    assert caplog.messages == [
        f"{path}: line 3 has no serial number; odd lines: 2",
    ]


def test_a_large_file_is_read_in_a_thread(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look-up that must not wait fails until it was read; the other one waits."""
    source = IndexSource(path, ca())
    monkeypatch.setattr(limits, "MAX_INLINE_STATUS_BYTES", 1)
    path.write_text(INDEX + _line(UNLISTED))
    with pytest.raises(SourceUnavailable, match="has changed, and is being read"):
        source.look_up_now([contract.query(UNLISTED)])
    (record,) = asyncio.run(source.look_up([contract.query(UNLISTED)]))
    assert record is not None
    assert source.look_up_now([contract.query(UNLISTED)]) == [record]


def test_a_file_above_the_limit_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit is named by its value."""
    monkeypatch.setattr(limits, "MAX_STATUS_FILE_BYTES", 50)
    source = IndexSource(path, ca())
    with pytest.raises(SourceUnavailable, match="is larger than 50 octets"):
        ask(source, GOOD)


CONFIGURATION = """
[ca]
default_ca = default
[default]
dir = .
database = $dir/index.txt
serial = $dir/serial
new_certs_dir = $dir
certificate = $dir/ca.pem
private_key = $dir/ca.key
default_md = sha256
default_days = 30
policy = any
unique_subject = {unique}
[any]
commonName = supplied
"""

REVOCATIONS = {
    1: ((), None),
    2: (("-crl_reason", "superseded"), x509.ReasonFlags.superseded),
    3: (("-crl_hold", "holdInstructionReject"), x509.ReasonFlags.certificate_hold),
    4: (("-crl_compromise", "20260501000000Z"), x509.ReasonFlags.key_compromise),
    5: (("-crl_CA_compromise", "20260501000000Z"), x509.ReasonFlags.ca_compromise),
}


@pytest.mark.programs
@pytest.mark.parametrize("unique", ["yes", "no"])
def test_what_openssl_ca_writes(tmp_path: Path, unique: str) -> None:
    """Issue, revoke for each kind of reason, update; the source follows each step."""

    def openssl(*arguments: str) -> None:
        subprocess.run(
            ["openssl", *arguments], cwd=tmp_path, check=True, capture_output=True
        )

    def issue(name: str) -> None:
        openssl(
            "req", "-new", "-key", "ca.key", "-subj", f"/CN={name}", "-out", "a.csr"
        )
        openssl("ca", "-config", "ca.cnf", "-batch", "-notext", "-in", "a.csr")

    pem = key("Test CA").private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    (tmp_path / "ca.cnf").write_text(CONFIGURATION.format(unique=unique))
    (tmp_path / "ca.key").write_bytes(pem)
    (tmp_path / "ca.pem").write_bytes(ca().public_bytes(Encoding.PEM))
    (tmp_path / "serial").write_text("01\n")
    index = tmp_path / "index.txt"
    index.write_text("")
    source = IndexSource(index, ca())
    assert _status(source, 1) is None
    for serial, (options, reason) in REVOCATIONS.items():
        issue(f"name-{serial}")
        assert _status(source, serial) is OCSPCertStatus.GOOD
        openssl("ca", "-config", "ca.cnf", "-revoke", f"{serial:02X}.pem", *options)
        (record,) = ask(source, serial)
        assert record is not None
        assert record.status is OCSPCertStatus.REVOKED
        assert record.revocation_reason is reason
        assert (record.invalidity_date is not None) == (serial in {4, 5})
    issue("name-1")
    assert _status(source, 6) is OCSPCertStatus.GOOD
    openssl("ca", "-config", "ca.cnf", "-updatedb")
    assert _status(source, 6) is OCSPCertStatus.GOOD
