"""Copy answers out of PostgreSQL: new answers, and changes after a place."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from cryptography import x509

from ocsp.asn1.der import integer_octets
from ocsp.store.postgresql import copying
from ocsp.store.postgresql.store import PostgreSQLStore
from tests.pki import NOW, ca
from tests.unit.store.scene import NOW_SECONDS, SHA1, SHA256, query, signed

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


@pytest.mark.parametrize("page", [1, 2, 1000])
def test_answers_come_by_the_time_of_signing(
    store: PostgreSQLStore, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    """All pages; each answer as it is stored; only from the given second on."""
    monkeypatch.setattr(copying, "PAGE", page)
    made = [
        signed(serial, 1, now=NOW_SECONDS + second, form=form)
        for serial, second, form in (
            (3, 0, SHA1), (1, 1, SHA1), (2, 1, SHA1), (2, 1, SHA256), (5, 9, SHA1),
        )
    ]  # fmt: skip
    store.store_answers(reversed(made), NOW_SECONDS)
    assert list(store.stored_answers(ISSUER)) == made
    assert list(store.stored_answers(ISSUER, since=NOW_SECONDS + 1)) == made[1:]


def test_an_answer_of_an_older_status_is_left_out(store: PostgreSQLStore) -> None:
    """It would say *good* about a certificate that is revoked."""
    store.store_answers([signed(1, 1), signed(2, 1)], NOW_SECONDS)
    store.revoke(ca(), 1, NOW, HOLD)
    assert [each.query for each in store.stored_answers(ISSUER)] == [query(2)]


@pytest.mark.parametrize("limit", [1, 2, 3, 1000])
def test_changes_come_once(store: PostgreSQLStore, limit: int) -> None:
    """In pages of any size; those that are made between two pages come later."""
    place = store.changes_after().cursor
    for serial in (1, 2, 3):
        store.revoke(ca(), serial, NOW, HOLD)
    seen, more = [], True
    while True:
        news = store.changes_after(place, limit)
        assert news.complete
        if not news.queries:
            break
        seen += news.queries
        place = news.cursor
        if more:
            store.release(ca(), 1)
            more = False
    assert seen == [query(1), query(2), query(3), query(1)]
    assert store.changes_after(place).queries == []


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


def test_a_place_is_kept_by_name(store: PostgreSQLStore) -> None:
    """An empty text before the first one."""
    assert store.read_cursor("purge") == ""
    store.write_cursor("purge", "a")
    store.write_cursor("purge", "b")
    store.write_cursor("other", "c")
    assert store.read_cursor("purge") == "b"


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
