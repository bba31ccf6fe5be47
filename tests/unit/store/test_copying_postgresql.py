"""Copy answers out of PostgreSQL: new answers, and changes after a place."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from cryptography import x509

from ocsp.asn1.der import integer_octets
from ocsp.store.postgresql.store import PostgreSQLStore
from tests.pki import NOW, ca
from tests.unit.store.scene import query

pytestmark = pytest.mark.programs

ISSUER = query(1).issuer
HOLD = x509.ReasonFlags.certificate_hold


@pytest.fixture(name="store")
def _store(postgresql_url: str) -> Iterator[PostgreSQLStore]:
    """Yield a store with the certificates 1 to 5."""
    with PostgreSQLStore(postgresql_url, create=True) as store:
        store.add_signer(ca())
        for serial in range(1, 6):
            store.add(ca(), serial)
        yield store


def test_a_transaction_that_ends_late_is_seen(
    store: PostgreSQLStore, postgresql_url: str
) -> None:
    """Its events have smaller numbers than those that were seen before it ended."""
    place = store.changes_after().cursor
    with psycopg.connect(postgresql_url) as late:
        late.execute(
            "UPDATE certificate SET revoked = 1 WHERE serial = %s", (integer_octets(1),)
        )
        store.revoke(ca(), 2, NOW)
        first = store.changes_after(place)
        assert first.queries == [query(2)]
        late.commit()
    assert store.changes_after(first.cursor).queries == [query(1)]


def test_another_database_is_noticed(
    store: PostgreSQLStore, postgresql_url: str
) -> None:
    """After a restore, any certificate may have another status."""
    place = store.changes_after().cursor
    with psycopg.connect(postgresql_url) as connection:
        connection.execute(
            "UPDATE setting SET value = 'other' WHERE name = 'database_id'"
        )
    assert not store.changes_after(place).complete


def test_old_places_are_not_trusted_after_a_deletion(
    store: PostgreSQLStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events that nobody has read may have been deleted after a day."""
    place = store.changes_after().cursor
    assert store.changes_after(place).complete
    epoch, read, rest = place.split("|", 2)
    old = f"{epoch}|{int(read) - 90_000}|{rest}"
    assert not store.changes_after(old).complete
