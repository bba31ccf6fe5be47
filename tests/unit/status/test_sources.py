"""Test the status sources: one protocol, in memory and in a SQLite file."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

import ocsp
from ocsp import OCSPCertStatus
from ocsp.responder import IssuerKey, StatusQuery, StatusRecord, StatusSource
from ocsp.status import MemorySource
from ocsp.store import SQLiteStore
from tests.pki import NOW, ca, key, make

HOLD = x509.ReasonFlags.certificate_hold
HOUR = datetime.timedelta(hours=1)
STOLEN = x509.ReasonFlags.key_compromise
SUPERSEDED = x509.ReasonFlags.superseded
UNSPECIFIED = x509.ReasonFlags.unspecified
REVOKED = StatusRecord.revoked(NOW, STOLEN)
GOOD = StatusRecord()


def _query(serial: int, issuer: x509.Certificate | None = None) -> StatusQuery:
    return StatusQuery(IssuerKey.of(issuer or ca()), serial)


def _ask(source: StatusSource, *queries: StatusQuery) -> list[StatusRecord | None]:
    return list(asyncio.run(source.look_up(queries)))


@pytest.fixture(name="store")
def _store(tmp_path: Path) -> Iterator[SQLiteStore]:
    with SQLiteStore(tmp_path / "status.db", create=True) as store:
        yield store


@pytest.fixture(name="source", params=["memory", "sqlite"])
def _source(request: pytest.FixtureRequest, store: SQLiteStore) -> StatusSource:
    """Return a source in which serial number 1 is good and 2 is revoked."""
    if request.param == "memory":
        return MemorySource({_query(1): GOOD, _query(2): REVOKED})
    store.add(ca(), 1)
    store.add(ca(), 2)
    store.revoke(ca(), 2, NOW, STOLEN)
    return store


def test_records_come_back_in_order(source: StatusSource) -> None:
    """One call for all queries; ``None`` for certificates that were not issued."""
    asked = [_query(3), _query(2), _query(1), _query(2)]
    assert _ask(source, *asked) == [None, REVOKED, GOOD, REVOKED]
    assert _ask(source) == []


def test_a_serial_number_is_found_only_under_its_issuer(source: StatusSource) -> None:
    """Another CA, or a CA with the same name and another key, has no record."""
    rekeyed = make("Test CA", "Test CA", public=key("new key"), signer=key("new key"))
    assert _ask(source, _query(1, ca("Other CA")), _query(1, rekeyed)) == [None, None]


def test_a_cross_signed_ca_is_the_same_issuer(source: StatusSource) -> None:
    """Name and key identify the issuer, not its certificate."""
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
def test_a_record_with_inconsistent_fields_is_an_error(
    fields: dict[str, object],
) -> None:
    """Only REVOKED has a time and a reason, and it needs the time."""
    with pytest.raises(ocsp.ConfigError):
        StatusRecord(**fields)  # type: ignore[arg-type]


def test_revocation_times_are_converted_to_utc_in_seconds() -> None:
    """A naive time is UTC; microseconds are dropped."""
    zone = datetime.timezone(datetime.timedelta(hours=2))
    late = NOW.replace(microsecond=7).astimezone(zone)
    assert StatusRecord.revoked(late).revocation_time == NOW
    assert StatusRecord.revoked(NOW.replace(tzinfo=None)).revocation_time == NOW
