"""A large issuer in partitions of its own: everything is as before."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

import psycopg
import pytest
from cryptography import x509

from ocsp.errors import ConfigError, StoreError
from ocsp.responder import StatusRecord
from ocsp.store import CertificateRow, partition_issuer
from ocsp.store.postgresql import PostgreSQLStore
from tests.pki import NOW, ca
from tests.unit.store.scene import NOW_SECONDS, SHA1, query, signed

STOLEN = StatusRecord.revoked(NOW, x509.ReasonFlags.key_compromise)

pytestmark = pytest.mark.programs

OTHER = ca("Other CA")
REVOKED = StatusRecord.revoked(NOW, x509.ReasonFlags.key_compromise)


@pytest.fixture(name="store")
def _store(postgresql_url: str) -> Iterator[PostgreSQLStore]:
    """Yield a store with two issuers, the first of which gets three partitions."""
    with PostgreSQLStore(postgresql_url, create=True) as store:
        store.add_signer(ca())
        for issuer in (ca(), OTHER):
            store.sign_ahead(issuer, [SHA1])
            for serial in range(1, 9):
                store.add(issuer, serial)
            store.revoke(issuer, 1, NOW, STOLEN.revocation_reason)
        store.store_answers([signed(1, 2, record=STOLEN), signed(2, 1)], NOW_SECONDS)
        before = list(store.entries()), list(store.events())
        assert partition_issuer(postgresql_url, ca(), 3)
        assert (list(store.entries()), list(store.events())) == before
        yield store


def _count(url: str, table: str) -> list[tuple[str, int]]:
    query = (
        f"SELECT tableoid::regclass::text, count(*) FROM {table} GROUP BY 1 ORDER BY 1"
    )
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()  # type: ignore[return-value]


def test_rows_are_moved(store: PostgreSQLStore, postgresql_url: str) -> None:
    """Also revoked ones, which no statement deletes; each part has some of them."""
    for table in ("certificate", "answer"):
        *parts, rest = _count(postgresql_url, table)
        assert rest == (f"{table}_rest", 8)
        assert len(parts) > 1
        assert {name for name, _ in parts} <= {f"{table}_1_{n}" for n in range(3)}
        assert sum(number for _, number in parts) == 8
    found = store.look_up_with_answer(query(1), SHA1)
    assert found is not None
    assert found.stored == signed(1, 2).answer


def test_the_rules_hold_in_the_parts(
    store: PostgreSQLStore, postgresql_url: str
) -> None:
    """Statements on the parts themselves are refused as well."""
    part = _count(postgresql_url, "certificate WHERE revoked IS NOT NULL")[0][0]
    for statement, why in (
        (f"UPDATE {part} SET revoked = NULL, reason = NULL", "revoked for good"),
        (f"DELETE FROM {part}", "has not expired"),
        (f"TRUNCATE {part}", "one by one"),
        ("TRUNCATE certificate_1", "one by one"),
        ("UPDATE answer SET next_update = 1500, due = 2000", "due before it ends"),
    ):
        with (
            psycopg.connect(postgresql_url) as connection,
            pytest.raises(psycopg.IntegrityError, match=why),
        ):
            connection.execute(statement.encode())


def test_everything_goes_on(store: PostgreSQLStore) -> None:
    """Changes, imports, work, and what is deleted."""
    assert store.revoke(ca(), 2, NOW).event is not None
    rows = [
        CertificateRow(serial_number=n, record=REVOKED, expires=NOW)
        for n in (3, 90, 91)
    ]
    done = store.import_rows(ca(), rows, digest=bytes(32), done=3)
    assert done[:3] == (2, 1, 0)
    due = store.due_answers(query(1).issuer, NOW_SECONDS, 99)
    assert sorted(each.query.serial_number for each in due) == [*range(2, 9), 90, 91]
    assert [entry.serial_number for entry in store.entries(query(1).issuer)] == [
        *range(1, 9), 90, 91,
    ]  # fmt: skip
    before = datetime.datetime.now(datetime.UTC)
    assert store.prune(expired_before=before).certificates == 2


def test_an_issuer_is_separated_once(postgresql_url: str) -> None:
    """And before its first certificate, without waiting for readers."""
    with PostgreSQLStore(postgresql_url, create=True) as store:
        assert partition_issuer(postgresql_url, ca(), 2)
        assert not partition_issuer(postgresql_url, ca(), 4)
        store.add(ca(), 1)
        assert [entry.serial_number for entry in store.entries()] == [1]


def test_a_table_that_is_in_use_is_waited_for_in_bounded_time(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing is changed then."""
    monkeypatch.setattr("ocsp.store.postgresql.database.partitioning.LOCK_SECONDS", 0.1)
    with PostgreSQLStore(postgresql_url, create=True) as store:
        store.add(ca(), 1)
        with psycopg.connect(postgresql_url) as other:
            other.execute("SELECT count(*) FROM certificate")
            with pytest.raises(StoreError, match="another transaction has locked"):
                partition_issuer(postgresql_url, ca(), 2)
        assert _count(postgresql_url, "certificate") == [("certificate_rest", 1)]
        assert partition_issuer(postgresql_url, ca(), 2)


def test_only_a_database_has_partitions(postgresql_url: str) -> None:
    """In a sensible number."""
    with pytest.raises(StoreError, match="is a SQLite file"):
        partition_issuer("status.db", ca())
    with pytest.raises(ConfigError, match="257 is not a number from 1 to 256"):
        partition_issuer(postgresql_url, ca(), 257)
