"""Copy answers elsewhere: new answers, changes after a place, and the place itself."""

from __future__ import annotations

import pytest
from cryptography import x509

from ocsp.responder import StatusRecord
from ocsp.store import Store
from tests.pki import NOW, ca
from tests.unit.store.contract.databases import Database
from tests.unit.store.scene import NOW_SECONDS, SHA1, SHA256, query, signed

ISSUER = query(1).issuer
HOLD = x509.ReasonFlags.certificate_hold


@pytest.fixture(autouse=True)
def _certificates(store: Store) -> None:
    """Add the certificates 1 to 5."""
    store.add_signer(ca())
    for serial in range(1, 6):
        store.add(ca(), serial)


@pytest.mark.parametrize("page", [1, 2, 1000])
def test_answers_come_by_the_time_of_signing(
    store: Store, database: Database, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    """All pages; each answer as it is stored; only from the given second on."""
    monkeypatch.setattr(database.copying, "PAGE", page)
    made = [
        signed(serial, 1, now=NOW_SECONDS + second, form=form)
        for serial, second, form in (
            (3, 0, SHA1), (1, 1, SHA1), (2, 1, SHA1), (2, 1, SHA256), (5, 9, SHA1),
        )
    ]  # fmt: skip
    store.store_answers(reversed(made), NOW_SECONDS)
    assert list(store.stored_answers(ISSUER)) == made
    later = store.stored_answers(ISSUER, since=NOW_SECONDS + 1)
    assert list(later) == made[1:]
    assert list(store.stored_answers(query(1, ca("Other CA")).issuer)) == []


def test_an_answer_of_an_older_status_is_left_out(store: Store) -> None:
    """It would say *good* about a certificate that is revoked."""
    store.store_answers([signed(1, 1), signed(2, 1)], NOW_SECONDS)
    store.revoke(ca(), 1, NOW, HOLD)
    assert [each.query for each in store.stored_answers(ISSUER)] == [query(2)]
    store.store_answers(
        [signed(1, 2, tbs=b"revoked", record=StatusRecord.revoked(NOW, HOLD))],
        NOW_SECONDS,
    )
    assert [each.query for each in store.stored_answers(ISSUER)] == [query(1), query(2)]


@pytest.mark.parametrize("limit", [1, 2, 3, 1000])
def test_changes_come_once(store: Store, limit: int) -> None:
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


def test_a_program_keeps_its_place(store: Store, database: Database) -> None:
    """Each program its own, empty before the first one; another process reads it."""
    assert store.read_cursor("purge") == ""
    store.write_cursor("purge", "a:1")
    store.write_cursor("purge", "a:2")
    store.write_cursor("other", "a:9")
    assert store.read_cursor("purge") == "a:2"
    with database.open(read_only=True) as other:
        assert other.read_cursor("purge") == "a:2"
        assert other.read_cursor("other") == "a:9"
