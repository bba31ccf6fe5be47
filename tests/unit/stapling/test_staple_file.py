"""The file of a staple: only what is newer gets in, and always whole."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocsp import OCSPCertStatus
from ocsp.errors import ConfigError, StoreError
from ocsp.stapling import StapleFile
from tests.pki import NOW, ca
from tests.unit.client.scene import HOUR, A, certificate
from tests.unit.stapling.keeper import proven, signed

GOOD, REVOKED = OCSPCertStatus.GOOD, OCSPCertStatus.REVOKED


def _file(path: Path) -> StapleFile:
    return StapleFile(path, certificate(A), ca())


def test_what_was_written_is_evidence_until_it_ends(tmp_path: Path) -> None:
    """And what anybody reads is the response, in DER."""
    file = _file(tmp_path / "x.ocsp")
    assert file.evidence(NOW) is None
    data = signed()
    assert file.replace(proven(data))
    assert file.path.read_bytes() == data
    for reader in (file, _file(file.path)):
        found = reader.evidence(NOW + 22 * HOUR)
        assert found is not None
        assert found.status is GOOD
        assert reader.evidence(NOW + 23 * HOUR) is None


@pytest.mark.parametrize(
    "content",
    [b"", b"\x30\x03\x0a\x01\x06", signed(serial=7), signed(end=-0.5), b"x" * 70_000],
)
def test_other_content_is_no_evidence(tmp_path: Path, content: bytes) -> None:
    """Empty, an error, about another certificate, ended, too long; it is replaced."""
    path = tmp_path / "x.ocsp"
    path.write_bytes(content)
    assert _file(path).evidence(NOW) is None
    assert _file(path).replace(proven(signed(begin=-2)))
    assert _file(path).evidence(NOW) is not None


def test_a_file_that_another_process_has_replaced_is_read_again(tmp_path: Path) -> None:
    """Whoever reads it has no way to miss that."""
    reader, writer = (_file(tmp_path / "x.ocsp") for _ in range(2))
    writer.replace(proven(signed()))
    assert reader.evidence(NOW) is not None
    writer.replace(proven(signed(REVOKED)))
    found = reader.evidence(NOW)
    assert found is not None
    assert found.status is REVOKED
    reader.path.unlink()
    assert reader.evidence(NOW) is None


@given(
    st.lists(
        st.tuples(
            st.sampled_from([GOOD, REVOKED]), st.integers(-5, -1), st.integers(1, 3)
        ),
        min_size=1,
        max_size=6,
    )
)
def test_the_newest_stands_in_whatever_order_they_come(
    answers: list[tuple[OCSPCertStatus, int, int]],
) -> None:
    """A replayed answer undoes nothing; of two of one moment *revoked* stands."""
    with tempfile.TemporaryDirectory() as directory:
        file = _file(Path(directory, "x.ocsp"))
        best: tuple[int, bool, int] | None = None
        for status, begin, end in answers:
            rank = begin, status is REVOKED, end
            is_newer = best is None or rank > best
            assert file.replace(proven(signed(status, begin, end))) is is_newer
            best = rank if is_newer else best
            found = file.evidence(NOW)
            assert found is not None
            assert best is not None
            assert (found.this_update, found.status is REVOKED, found.holds_until) == (
                NOW + best[0] * HOUR,
                best[1],
                NOW + best[2] * HOUR,
            )


def test_nothing_else_gets_in(tmp_path: Path) -> None:
    """Not *unknown*, and nothing about another certificate."""
    file = _file(tmp_path / "x.ocsp")
    with pytest.raises(ConfigError, match="unknown"):
        file.replace(proven(signed(OCSPCertStatus.UNKNOWN)))
    with pytest.raises(ConfigError, match="another certificate"):
        file.replace(proven(signed(serial=7), serial=7))
    assert list(tmp_path.iterdir()) == []


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_permissions_owner_and_links_stay(tmp_path: Path) -> None:
    """A new file can be read by everybody; servers need not run as root."""
    path = tmp_path / "real" / "x.ocsp"
    path.parent.mkdir()
    link = tmp_path / "x.ocsp"
    link.symlink_to(path)
    file = _file(link)
    file.replace(proven(signed()))
    assert _mode(path) == 0o644
    path.chmod(0o640)
    if os.getuid() == 0:
        os.chown(path, 1, 2)
    before = path.stat()
    assert file.replace(proven(signed(REVOKED)))
    after = path.stat()
    assert link.is_symlink()
    assert (after.st_mode, after.st_uid, after.st_gid) == (
        before.st_mode,
        before.st_uid,
        before.st_gid,
    )
    assert after.st_ino != before.st_ino


@pytest.mark.parametrize("step", ["fsync", "fchmod", "replace"])
def test_what_cannot_be_written_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """The old staple stands, and nothing lies around."""
    file = _file(tmp_path / "x.ocsp")
    file.replace(proven(signed()))
    before = file.path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path if step == "replace" else os, step, full)
    with pytest.raises(StoreError, match=r"x\.ocsp: No space left"):
        file.replace(proven(signed(REVOKED)))
    monkeypatch.undo()
    assert file.path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["x.ocsp"]


def test_a_directory_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """It is not made: it was mistyped."""
    with pytest.raises(StoreError, match="No such file"):
        _file(tmp_path / "no" / "x.ocsp").replace(proven(signed()))
