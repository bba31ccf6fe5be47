"""Test the staple file: only a newer response replaces it, and atomically."""

from __future__ import annotations

import os
import resource
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

import ocsp
from ocsp import KeySigner, OCSPCertStatus, VerifiedResponse
from ocsp.errors import ConfigError, StoreError
from ocsp.guarded.file_lock import lock_file
from ocsp.guarded.system.atomic_write import write_atomically
from ocsp.stapling import DroppedContent, StapleFile
from ocsp.stapling.staple_file import drop_foreign_staple, prepare_staple_file
from tests.cases.builder import CRL_PLACE
from tests.crls import crl
from tests.odd_files import device, fifo, loop
from tests.pki import DELEGATION, NOW, ca, key, make
from tests.unit.client.scene import HOUR, A, certificate
from tests.unit.stapling.scripted_stapler import signed, verified

GOOD, REVOKED = OCSPCertStatus.GOOD, OCSPCertStatus.REVOKED
UNKNOWN_SIGNER = KeySigner(key("Stranger"), make("Stranger", "Other CA"))


def _file(path: Path) -> StapleFile:
    return StapleFile(path, certificate(A), ca())


def test_a_written_staple_is_evidence_until_it_expires(tmp_path: Path) -> None:
    """The file contains the response in DER."""
    file = _file(tmp_path / "x.ocsp")
    assert file.evidence(NOW) is None
    data = signed()
    assert file.replace(verified(data))
    assert file.path.read_bytes() == data
    for reader in (file, _file(file.path)):
        found = reader.evidence(NOW + 22 * HOUR)
        assert found is not None
        assert found.status is GOOD
        assert reader.evidence(NOW + 23 * HOUR) is None


def test_a_written_staple_needs_no_evidence_about_its_signer_again(
    tmp_path: Path,
) -> None:
    """The caller had it (RFC 6960 §4.2.2.2.1); another process does not have it."""
    named = make("Named", "Test CA", serial=77, extensions=[DELEGATION[0], CRL_PLACE])
    data = signed(signer=KeySigner(key("Named"), named))
    about = ocsp.verify_crl(crl(), named, ca(), at=NOW)
    evidence = ocsp.verify(data, certificate(A), ca(), at=NOW, evidence=[about])
    file = _file(tmp_path / "x.ocsp")
    assert file.replace(evidence)
    assert file.evidence(NOW) is evidence
    assert not file.replace(evidence)
    assert _file(file.path).evidence(NOW) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x30\x03\x0a\x01\x06",
        signed(serial=7),
        signed(begin=-9, end=-0.5),
        b"x" * 70_000,
    ],
)
def test_other_content_is_no_evidence(tmp_path: Path, content: bytes) -> None:
    """Empty, an error, another certificate, expired, too long: a newer one replaces it."""
    path = tmp_path / "x.ocsp"
    path.write_bytes(content)
    assert _file(path).evidence(NOW) is None
    assert _file(path).replace(verified(signed(begin=-2)))
    assert _file(path).evidence(NOW) is not None


def test_a_file_that_another_process_has_replaced_is_read_again(tmp_path: Path) -> None:
    """A cached result is used only while the file is unchanged."""
    reader, writer = (_file(tmp_path / "x.ocsp") for _ in range(2))
    writer.replace(verified(signed()))
    assert reader.evidence(NOW) is not None
    writer.replace(verified(signed(REVOKED)))
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
def test_the_newest_response_stays_for_any_order_of_arrival(
    answers: list[tuple[OCSPCertStatus, int, int]],
) -> None:
    """A replayed response changes nothing; *revoked* is newer than *good*."""
    with tempfile.TemporaryDirectory() as directory:
        file = _file(Path(directory, "x.ocsp"))
        best: tuple[int, bool, int] | None = None
        for status, begin, end in answers:
            rank = begin, status is REVOKED, end
            is_newer = best is None or rank > best
            assert file.replace(verified(signed(status, begin, end))) is is_newer
            best = rank if is_newer else best
            found = file.evidence(NOW)
            assert found is not None
            assert best is not None
            assert (found.this_update, found.status is REVOKED, found.holds_until) == (
                NOW + best[0] * HOUR,
                best[1],
                NOW + best[2] * HOUR,
            )


def _needing_evidence() -> tuple[bytes, VerifiedResponse]:
    """Return a response that is accepted only with evidence about its delegate."""
    name = "Status Responder"
    place = x509.DistributionPoint(
        [x509.UniformResourceIdentifier(f"{A}/ca.crl")], None, None, None
    )
    extensions = (DELEGATION[0], x509.CRLDistributionPoints([place]))
    delegate = make(name, "Test CA", serial=0x99, extensions=extensions)
    about = ocsp.verify(signed(serial=0x99, end=2), delegate, ca(), at=NOW)
    data = signed(signer=KeySigner(key(name), delegate))
    return data, ocsp.verify(data, certificate(A), ca(), at=NOW, evidence=[about])


def test_evidence_that_was_written_is_not_verified_again(tmp_path: Path) -> None:
    """The file does not contain the evidence about the delegate that was needed."""
    data, evidence = _needing_evidence()
    file = _file(tmp_path / "x.ocsp")
    assert file.replace(evidence)
    assert file.path.read_bytes() == data
    assert file.evidence(NOW) is evidence
    assert file.evidence(NOW + 2 * HOUR) is None  # that about the delegate has ended
    assert not file.replace(evidence)
    file.path.write_bytes(data)
    assert file.evidence(NOW) is None


def test_evidence_with_another_policy_is_verified_again(tmp_path: Path) -> None:
    """What a lenient stapler writes, a strict one does not accept."""
    _, evidence = _needing_evidence()
    path = tmp_path / "x.ocsp"
    file = StapleFile(path, certificate(A), ca(), policy=ocsp.Policy.strict())
    assert file.replace(evidence)
    assert file.evidence(NOW) is None


def test_unknown_and_foreign_responses_are_not_written(tmp_path: Path) -> None:
    """The status is *unknown*, or the response is about another certificate."""
    file = _file(tmp_path / "x.ocsp")
    with pytest.raises(ConfigError, match="unknown"):
        file.replace(verified(signed(OCSPCertStatus.UNKNOWN)))
    with pytest.raises(ConfigError, match="another certificate"):
        file.replace(verified(signed(serial=7), serial=7))
    assert list(tmp_path.iterdir()) == []


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_permissions_owner_and_links_stay(tmp_path: Path) -> None:
    """All users can read a new file, because servers need not run as root."""
    path = tmp_path / "real" / "x.ocsp"
    path.parent.mkdir()
    link = tmp_path / "x.ocsp"
    link.symlink_to(path)
    file = _file(link)
    file.replace(verified(signed()))
    assert _mode(path) == 0o644
    path.chmod(0o640)
    if os.getuid() == 0:
        os.chown(path, 1, 2)
    before = path.stat()
    assert file.replace(verified(signed(REVOKED)))
    after = path.stat()
    assert link.is_symlink()
    assert (after.st_mode, after.st_uid, after.st_gid) == (
        before.st_mode,
        before.st_uid,
        before.st_gid,
    )
    assert after.st_ino != before.st_ino


@pytest.mark.parametrize("step", ["fsync", "fchmod", "replace"])
def test_a_failed_write_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """The old staple stays, and no temporary file is left."""
    file = _file(tmp_path / "x.ocsp")
    file.replace(verified(signed()))
    before = file.path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path if step == "replace" else os, step, full)
    with pytest.raises(StoreError, match=r"x\.ocsp: No space left"):
        file.replace(verified(signed(REVOKED)))
    monkeypatch.undo()
    assert file.path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["x.ocsp"]


def test_a_missing_directory_is_an_error(tmp_path: Path) -> None:
    """It is not created, because its name is probably a typing error."""
    with pytest.raises(
        StoreError, match=r"the directory .*/no does not exist; make it first"
    ):
        _file(tmp_path / "no" / "x.ocsp").replace(verified(signed()))


@pytest.mark.parametrize(
    ("standing", "new", "hours"),
    [
        (signed(REVOKED, -1, 12), signed(GOOD, -2, 48), 0),
        (signed(REVOKED, -20, -10), signed(GOOD, -30, 48), 0),
        (signed(GOOD, -20, -10), signed(GOOD, -30, 48), 0),
        (signed(REVOKED, -1, 12), signed(GOOD, -5, 48), -2),
        (signed(REVOKED, -1, 12), signed(GOOD, -1, 48), 0),
    ],
    ids=["valid", "ended", "good ended", "clock set back", "same thisUpdate"],
)
def test_an_older_response_never_replaces_a_newer_one(
    tmp_path: Path, standing: bytes, new: bytes, hours: float
) -> None:
    """Whether the newer one is valid at this time does not matter."""
    path = tmp_path / "x.ocsp"
    path.write_bytes(standing)
    assert not _file(path).replace(verified(new, hours=hours))
    assert path.read_bytes() == standing


# --- files that are no staples --------------------------------------------------------


@pytest.mark.parametrize("make", [fifo, loop, device, Path.mkdir])
def test_what_is_no_regular_file_stays(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    """It is neither waited for, nor replaced."""
    path = tmp_path / "x.ocsp"
    make(path)
    before = path.lstat()
    assert _file(path).evidence(NOW) is None
    for refused in (
        lambda: _file(path).replace(verified(signed())),
        lambda: prepare_staple_file(path),
    ):
        with pytest.raises(StoreError, match=r"^.*x\.ocsp: (is a|Too many)"):
            refused()
    if make is not loop:
        with pytest.raises(StoreError, match=r"x\.ocsp: is a"):
            drop_foreign_staple(path, certificate(A))
    assert os.path.samestat(before, path.lstat())
    assert [each.name for each in tmp_path.iterdir()] == ["x.ocsp"]


def test_a_file_that_is_too_large_for_a_staple_is_foreign(tmp_path: Path) -> None:
    """It is emptied without being read."""
    path = tmp_path / "x.ocsp"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    assert drop_foreign_staple(path, certificate(A))
    assert path.read_bytes() == b""


KILLED = """
import os, signal, sys
from pathlib import Path
from ocsp.guarded.system.atomic_write import write_atomically

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

setattr(Path if sys.argv[2] == "replace" else os, sys.argv[2], die)
write_atomically(Path(sys.argv[1]), b"new")
"""


def _leave_temporary_file(path: Path, step: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, path, step], check=False, capture_output=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.parametrize("step", ["fchmod", "fsync", "replace"])
def test_temporary_files_of_killed_processes_are_removed(
    tmp_path: Path, step: str
) -> None:
    """At the start of a stapler, and with the next write."""
    real = tmp_path / "real"
    real.mkdir()
    (tmp_path / "x.ocsp").symlink_to("real/x.ocsp")
    for act in (
        prepare_staple_file,
        lambda path: write_atomically(path, b"newer"),
    ):
        _leave_temporary_file(tmp_path / "x.ocsp", step)
        assert [each for each in real.iterdir() if each.name.endswith(".tmp")]
        act(tmp_path / "x.ocsp")
        assert not [each for each in real.iterdir() if each.name.endswith(".tmp")]
    assert (real / "x.ocsp").read_bytes() == b"newer"


def test_files_of_others_and_files_in_use_stay(tmp_path: Path) -> None:
    """Only files with the name of our temporary files that no process has locked."""
    others = {
        ".x.ocsp.lock", ".x.ocsp.tmp", ".x.ocsp.0123456789ag.tmp", "x.ocsp.0123456789ab.tmp",
        ".y.ocsp.0123456789ab.tmp", ".x.ocsp.0123456789ab.tmp~", ".xxocsp.0123456789ab.tmp",
    }  # fmt: skip
    for name in others:
        (tmp_path / name).touch()
    odd = tmp_path / ".x.ocsp.000000000000.tmp"
    odd.mkdir()
    link = tmp_path / ".x.ocsp.111111111111.tmp"
    link.symlink_to(".y.ocsp.0123456789ab.tmp")
    used = tmp_path / ".x.ocsp.222222222222.tmp"
    handle = lock_file(used)
    assert handle is not None
    prepare_staple_file(tmp_path / "x.ocsp")
    assert {each.name for each in tmp_path.iterdir()} == {
        *others, odd.name, link.name, used.name
    }  # fmt: skip
    os.close(handle)
    prepare_staple_file(tmp_path / "x.ocsp")
    assert not used.exists()
    prepare_staple_file(tmp_path / "no" / "x.ocsp")  # the first write says that


def test_a_staple_on_a_full_disk(tmp_path: Path) -> None:
    """The old staple stays, and no part of the new one."""
    path = tmp_path / "x.ocsp"
    path.write_bytes(b"old")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limit[1]))
    try:
        with pytest.raises(StoreError, match=r"x\.ocsp: File too large"):
            _file(path).replace(verified(signed()))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["x.ocsp"]


@pytest.mark.parametrize(
    ("content", "dropped"),
    [
        (b"", None),
        (signed(begin=-9), None),
        (b"x", DroppedContent.UNREADABLE),
        (b"\x30\x03\x0a\x01\x06", DroppedContent.UNREADABLE),
        (signed(begin=0, serial=7), DroppedContent.OTHER_CERTIFICATE),
        (signed(begin=0, signer=UNKNOWN_SIGNER), DroppedContent.NOT_VERIFIED),
    ],
)
def test_what_a_staple_replaced_is_known(
    tmp_path: Path, content: bytes, dropped: DroppedContent | None
) -> None:
    """Nothing that is unverified, or about another certificate, keeps a staple out."""
    file = _file(tmp_path / "x.ocsp")
    file.path.write_bytes(content)
    assert file.replace(verified(signed()))
    assert file.dropped is dropped
    assert file.replace(verified(signed(REVOKED)))
    assert file.dropped is None


def test_a_file_that_cannot_be_read_is_not_replaced(tmp_path: Path) -> None:
    """Its staple may be newer."""
    path = tmp_path / "x.ocsp"
    path.mkdir()
    with pytest.raises(StoreError, match=r"x\.ocsp"):
        _file(path).replace(verified(signed()))


def test_a_newer_response_whose_signer_needs_evidence_stays(tmp_path: Path) -> None:
    """The file does not contain that evidence; the signature alone makes it newer."""
    data, evidence = _needing_evidence()
    path = tmp_path / "x.ocsp"
    path.write_bytes(data)
    assert not _file(path).replace(verified(signed(begin=-2, end=48)))
    assert _file(path).replace(evidence)
    assert path.read_bytes() == data


def test_a_response_that_was_signed_after_its_this_update_stays(tmp_path: Path) -> None:
    """Its times are compared with the time of signing, if the policy refuses others."""
    policy = ocsp.Policy(produced_at=ocsp.ProducedAt.REFUSE)
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            certificate(A),
            ca(),
            SHA1(),
            REVOKED,
            NOW - 9 * HOUR,
            NOW - HOUR,
            NOW - 10 * HOUR,
            None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, ca())
        .produced_at(NOW - 2 * HOUR)
    )
    data = builder.sign(key("Test CA"), SHA256()).public_bytes(Encoding.DER)
    path = tmp_path / "x.ocsp"
    path.write_bytes(data)
    file = StapleFile(path, certificate(A), ca(), policy=policy)
    assert not file.replace(verified(signed(begin=-10, end=48)))
    assert path.read_bytes() == data


def test_an_entry_for_another_issuer_does_not_hide_that_of_the_certificate(
    tmp_path: Path,
) -> None:
    """It has the same serial number, and a later thisUpdate."""
    other = ocsp.CertID.for_serial(ca("Other CA"), 0x1F2E, SHA1())
    own = ocsp.CertID.for_serial(ca(), 0x1F2E, SHA1())
    times = NOW - 20 * HOUR, NOW - 15 * HOUR, NOW - 21 * HOUR, None
    data = (
        ocsp.OCSPResponseBuilder(allow_multiple=True)
        .add_response_by_id(own, REVOKED, *times)
        .add_response_by_id(other, GOOD, NOW - 10 * HOUR, NOW + HOUR, None, None)
        .responder_id(ocsp.OCSPResponderEncoding.HASH, ca())
        .produced_at(NOW - 10 * HOUR)
        .sign(key("Test CA"), SHA256())
        .public_bytes(Encoding.DER)
    )
    path = tmp_path / "x.ocsp"
    path.write_bytes(data)
    assert not _file(path).replace(verified(signed(begin=-30, end=48)))
    assert path.read_bytes() == data


def test_a_response_that_is_older_than_its_delegate_stays(tmp_path: Path) -> None:
    """It was valid from the beginning of the certificate of the delegate on."""
    name, begin = "Test Responder", NOW - 10 * HOUR
    young = make(name, "Test CA", extensions=DELEGATION, begin=begin)
    data = signed(REVOKED, -20, -5, signer=KeySigner(key(name), young))
    assert verified(data, hours=-9).status is REVOKED
    path = tmp_path / "x.ocsp"
    path.write_bytes(data)
    assert not _file(path).replace(verified(signed(begin=-30, end=48)))
    assert path.read_bytes() == data


def test_a_staple_that_was_deleted_is_still_known(tmp_path: Path) -> None:
    """The same response is written again, an older one is not."""
    file = _file(tmp_path / "x.ocsp")
    revoked = verified(signed(REVOKED, end=2))
    assert file.replace(revoked)
    file.path.unlink()
    assert not file.replace(verified(signed(begin=-2, end=48), hours=3))
    assert not file.path.exists()
    assert file.replace(revoked)


def test_threads_that_replace_a_staple_leave_the_newest(tmp_path: Path) -> None:
    """Reading and writing is one step for the threads that share an object."""
    file = _file(tmp_path / "x.ocsp")
    answers = [verified(signed(begin=-1 - each / 60)) for each in range(8)]
    start = threading.Barrier(4)

    def work(first: int) -> None:
        start.wait()
        for each in answers[first:] + answers[:first]:
            file.replace(each)

    threads = [threading.Thread(target=work, args=(each,)) for each in (1, 3, 5, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = file.evidence(NOW)
    assert found is not None
    assert found.this_update == NOW - HOUR
