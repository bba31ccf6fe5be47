"""Sources of status: one contract, in memory and in a SQLite file."""

from __future__ import annotations

import asyncio
import datetime
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

import ocsp
from ocsp import OCSPCertStatus
from ocsp.responder import IssuerKey, StatusQuery, StatusRecord, StatusSource
from ocsp.status import MemorySource, SQLiteSource
from ocsp.status.sqlite import APPLICATION_ID
from tests.pki import NOW, ca, key, make

HOLD = x509.ReasonFlags.certificate_hold
STOLEN = x509.ReasonFlags.key_compromise
REVOKED = StatusRecord.revoked(NOW, STOLEN)
GOOD = StatusRecord()


def _query(serial: int, issuer: x509.Certificate | None = None) -> StatusQuery:
    return StatusQuery(IssuerKey.of(issuer or ca()), serial)


def _ask(source: StatusSource, *queries: StatusQuery) -> list[StatusRecord | None]:
    return list(asyncio.run(source.look_up(queries)))


@pytest.fixture(name="store")
def _store(tmp_path: Path) -> Iterator[SQLiteSource]:
    with SQLiteSource(tmp_path / "status.db", create=True) as store:
        yield store


@pytest.fixture(name="source", params=["memory", "sqlite"])
def _source(request: pytest.FixtureRequest, store: SQLiteSource) -> StatusSource:
    """Return a source that knows 1 as good and 2 as revoked."""
    if request.param == "memory":
        return MemorySource({_query(1): GOOD, _query(2): REVOKED})
    store.add(ca(), 1)
    store.add(ca(), 2)
    store.revoke(ca(), 2, NOW, STOLEN)
    return store


def test_records_come_back_in_order(source: StatusSource) -> None:
    """All questions of a request at once; nothing for what was not issued."""
    asked = [_query(3), _query(2), _query(1), _query(2)]
    assert _ask(source, *asked) == [None, REVOKED, GOOD, REVOKED]
    assert _ask(source) == []


def test_a_number_counts_only_under_its_issuer(source: StatusSource) -> None:
    """Same number, other CA; same name, other key: no record."""
    rekeyed = make("Test CA", "Test CA", public=key("new key"), signer=key("new key"))
    assert _ask(source, _query(1, ca("Other CA")), _query(1, rekeyed)) == [None, None]


def test_a_cross_signed_ca_is_the_same_authority(source: StatusSource) -> None:
    """Name and key are what status is filed under."""
    cross = make("Test CA", "Root", public=key("Test CA"))
    assert _ask(source, _query(1, cross)) == [GOOD]


@pytest.mark.parametrize(
    "fields",
    [
        {"status": OCSPCertStatus.UNKNOWN},
        {"status": OCSPCertStatus.REVOKED},
        {"revocation_time": NOW},
        {"revocation_reason": STOLEN},
    ],
)
def test_a_record_that_cannot_be_answered_is_not_made(
    fields: dict[str, object],
) -> None:
    """Time and reason belong to revoked, and there the time is needed."""
    with pytest.raises(ocsp.ConfigError):
        StatusRecord(**fields)  # type: ignore[arg-type]


def test_what_was_written_is_there_after_reopening(tmp_path: Path) -> None:
    """The file is the truth, not the object."""
    path = tmp_path / "status.db"
    with SQLiteSource(path, create=True) as store:
        store.add(ca(), 5, subject="CN=five", expires=NOW)
    with SQLiteSource(path, read_only=True) as store:
        (entry,) = store.entries()
        assert _ask(store, _query(5)) == [GOOD]
    assert (entry.issuer, entry.serial_number) == ("CN=Test CA", 5)
    assert (entry.subject, entry.expires, entry.record) == ("CN=five", NOW, GOOD)


def test_adding_again_changes_nothing(store: SQLiteSource) -> None:
    """Above all, it does not make good what is revoked."""
    assert store.add(ca(), 1)
    store.revoke(ca(), 1, NOW)
    assert not store.add(ca(), 1)
    assert _ask(store, _query(1)) == [StatusRecord.revoked(NOW)]


def test_revoked_is_for_good_unless_on_hold(store: SQLiteSource) -> None:
    """RFC 5280 §5.3.1: a hold ends in a release or in another reason."""
    store.add(ca(), 1)
    with pytest.raises(ocsp.errors.NotOnHold, match="is not on hold"):
        store.release(ca(), 1)
    store.revoke(ca(), 1, NOW, HOLD)
    store.release(ca(), 1)
    assert _ask(store, _query(1)) == [GOOD]
    store.revoke(ca(), 1, NOW, HOLD)
    store.revoke(ca(), 1, NOW, STOLEN)
    with pytest.raises(ocsp.errors.AlreadyRevoked, match="is revoked already"):
        store.revoke(ca(), 1, NOW, HOLD)
    with pytest.raises(ocsp.errors.NotOnHold, match="is not on hold"):
        store.release(ca(), 1)
    assert _ask(store, _query(1)) == [REVOKED]


def test_what_was_never_added_cannot_be_changed(store: SQLiteSource) -> None:
    """A typing error in a serial number must not pass for a revocation."""
    with pytest.raises(ocsp.errors.UnknownCertificate, match="serial number 0x9"):
        store.revoke(ca(), 9, NOW)
    with pytest.raises(LookupError):
        store.release(ca(), 9)
    assert store.entries() == []


@given(serial=st.integers(-(2**159), 2**160))
def test_serial_numbers_keep_their_value(serial: int) -> None:
    """Also large ones and, from broken authorities, negative ones."""
    with (
        tempfile.TemporaryDirectory() as directory,
        SQLiteSource(Path(directory, "status.db"), create=True) as store,
    ):
        store.add(ca(), serial)
        assert [entry.serial_number for entry in store.entries()] == [serial]
        assert _ask(store, _query(serial), _query(serial + 1)) == [GOOD, None]


def test_times_lose_their_microseconds_only() -> None:
    """Naive times are UTC, others are converted."""
    zone = datetime.timezone(datetime.timedelta(hours=2))
    late = NOW.replace(microsecond=7).astimezone(zone)
    assert StatusRecord.revoked(late).revocation_time == NOW
    assert StatusRecord.revoked(NOW.replace(tzinfo=None)).revocation_time == NOW


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    """Without ``create`` no file comes into being."""
    path = tmp_path / "none.db"
    with pytest.raises(ocsp.errors.StoreError, match="there is no such file"):
        SQLiteSource(path)
    assert not path.exists()


def test_other_files_are_refused_and_left_alone(tmp_path: Path) -> None:
    """Text, and databases of others, also with ``create``."""
    text = tmp_path / "notes.txt"
    text.write_text("not a database at all\n" * 100)
    foreign = tmp_path / "foreign.db"
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE mine (x)")
    connection.close()
    for path in (text, foreign):
        before = path.read_bytes()
        for create in (False, True):
            with pytest.raises(ocsp.errors.StoreError, match=path.name):
                SQLiteSource(path, create=create)
        assert path.read_bytes() == before


def test_a_file_of_a_later_version_is_refused(tmp_path: Path) -> None:
    """Its meaning may have changed."""
    path = tmp_path / "status.db"
    SQLiteSource(path, create=True).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(
        ocsp.errors.StoreError, match="has version 99; this program knows 1"
    ):
        SQLiteSource(path)


def test_the_file_says_what_it_is(tmp_path: Path) -> None:
    """The application id of SQLite is set, for ``file`` and for us."""
    path = tmp_path / "status.db"
    SQLiteSource(path, create=True).close()
    assert path.read_bytes()[68:72] == APPLICATION_ID.to_bytes(4)


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    """The responder asks for no more than it needs."""
    path = tmp_path / "status.db"
    SQLiteSource(path, create=True).close()
    with (
        SQLiteSource(path, read_only=True) as store,
        pytest.raises(ocsp.errors.StoreError, match="readonly"),
    ):
        store.add(ca(), 1)


def test_a_file_that_breaks_in_use_is_unavailable(tmp_path: Path) -> None:
    """The client is told to try later; the driver's error is the cause."""
    path = tmp_path / "status.db"
    with SQLiteSource(path, create=True) as store:
        connection = sqlite3.connect(path)
        connection.execute("DROP TABLE certificate")
        connection.close()
        with pytest.raises(ocsp.errors.SourceUnavailable) as failed:
            _ask(store, _query(1))
        assert isinstance(failed.value.__cause__, sqlite3.Error)


def test_a_change_that_fails_leaves_nothing(store: SQLiteSource) -> None:
    """One transaction: the issuer of a certificate that was not added is not there."""
    with pytest.raises(ocsp.errors.UnknownCertificate):
        store.revoke(ca("Other CA"), 1, NOW)
    assert store.entries() == []


def test_threads_may_share_a_source(store: SQLiteSource) -> None:
    """Writers and readers at once, none is lost."""

    def work(first: int) -> None:
        for serial in range(first, first + 50):
            store.add(ca(), serial)
            assert store._look_up([_query(serial)]) == [GOOD]

    threads = [threading.Thread(target=work, args=(1000 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.entries()) == 200


def test_two_processes_may_have_the_file_open(tmp_path: Path) -> None:
    """What one writes, the other answers from then on."""
    path = tmp_path / "status.db"
    with (
        SQLiteSource(path, create=True) as writer,
        SQLiteSource(path, read_only=True) as reader,
    ):
        assert _ask(reader, _query(1)) == [None]
        writer.add(ca(), 1)
        assert _ask(reader, _query(1)) == [GOOD]
        writer.revoke(ca(), 1, NOW, STOLEN)
        assert _ask(reader, _query(1)) == [REVOKED]
