"""Copy answers out of a SQLite file: its index, its events, and its identity."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from ocsp.store import SQLiteStore, backup, restore
from ocsp.store.sqlite import copying
from ocsp.store.sqlite.database import reader
from tests.pki import NOW, ca
from tests.unit.store.scene import query

ISSUER = query(1).issuer
HOLD = x509.ReasonFlags.certificate_hold


@pytest.fixture(name="store")
def _store(tmp_path: Path) -> Iterator[SQLiteStore]:
    """Yield a store with the certificates 1 to 5."""
    with SQLiteStore(tmp_path / "status.db", create=True) as store:
        store.add_signer(ca())
        for serial in range(1, 6):
            store.add(ca(), serial)
        yield store


def test_the_index_finds_them(store: SQLiteStore, tmp_path: Path) -> None:
    """No other answers are read, and nothing is sorted."""
    values = (1, 0, 0, b"", 0, 1000)
    with sqlite3.connect(tmp_path / "status.db") as file:
        sql = f"EXPLAIN QUERY PLAN {copying._ANSWERS}"
        plan = " ".join(row[3] for row in file.execute(sql, values))
    assert "answer_signed (issuer_id=? AND this_update>?)" in plan
    assert "B-TREE" not in plan
    assert list(store.stored_answers(ISSUER)) == []


def test_changes_are_read_from_a_place_on(store: SQLiteStore) -> None:
    """The first call returns the present end; then each change is returned once."""
    store.revoke(ca(), 1, NOW)
    start = store.changes_after()
    assert start.queries == []
    assert start.complete
    for serial in (2, 3, 4):
        store.revoke(ca(), serial, NOW)
    first = store.changes_after(start.cursor, limit=2)
    assert first.queries == [query(2), query(3)]
    second = store.changes_after(first.cursor, limit=2)
    assert second.queries == [query(4)]
    assert store.changes_after(second.cursor) == ([], second.cursor, True)


def test_deleted_events_are_noticed(store: SQLiteStore, tmp_path: Path) -> None:
    """Some or all after the place; those before it are not missed."""
    start = store.changes_after().cursor
    for serial in (1, 2, 3):
        store.revoke(ca(), serial, NOW)
    last = store.changes_after(start, limit=2).cursor
    first, _, third = (event.id for event in store.events() if event.before)
    for number, missing in ((first, start), (third, last)):
        with sqlite3.connect(tmp_path / "status.db") as file:
            file.execute("DROP TRIGGER IF EXISTS event_stays")
            file.execute("DELETE FROM event WHERE id <= ?", (number,))
        found = store.changes_after(missing)
        assert not found.complete
        assert store.changes_after(found.cursor) == ([], found.cursor, True)
        if number == first:
            assert store.changes_after(last).queries == [query(3)]


def test_other_events_that_are_deleted_are_not_missed(
    store: SQLiteStore, tmp_path: Path
) -> None:
    """A place is after all events that were no changes, also without a change."""
    place = store.changes_after().cursor
    store.add(ca(), 6)
    store.revoke(ca(), 1, NOW)
    store.add(ca(), 7)
    for expected in ([query(1)], []):
        found = store.changes_after(place)
        assert (found.queries, found.complete) == (expected, True)
        place = found.cursor
        store.add(ca(), 8)
        with sqlite3.connect(tmp_path / "status.db") as file:
            file.execute("DROP TRIGGER IF EXISTS event_stays")
            file.execute("DELETE FROM event WHERE id <= 8")


def test_a_restored_database_is_another_one(
    store: SQLiteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The events after the backup never happened in it."""
    monkeypatch.setattr(reader, "CHECK_SECONDS", 0.0)
    backup(tmp_path / "status.db", tmp_path / "copy.db")
    place = store.changes_after().cursor
    store.write_cursor("test", place)
    store.revoke(ca(), 1, NOW)
    restore(tmp_path / "copy.db", tmp_path / "status.db")
    assert not store.changes_after(place).complete
