"""The history: who added, changed and deleted which certificates, on each database."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from cryptography import x509

import ocsp
from ocsp.responder import Changes, StatusRecord
from ocsp.store import (
    Action,
    CertificateRow,
    Event,
    ImportSummary,
    PruneSummary,
    Store,
)
from ocsp.updater import Pruning, Retention
from tests.pki import NOW, ca
from tests.unit.store.contract.databases import Database
from tests.unit.store.scene import SHA1, query

HOLD = x509.ReasonFlags.certificate_hold
STOLEN = x509.ReasonFlags.key_compromise
GOOD, REVOKED = StatusRecord(), StatusRecord.revoked(NOW, STOLEN)
ON_HOLD = StatusRecord.revoked(NOW, HOLD)
DAY = datetime.timedelta(days=1)
OLD = datetime.datetime.now(datetime.UTC).replace(microsecond=0) - 10 * DAY
FILE, CONTENT = bytes(32), bytes(range(32))
OTHER = query(1, ca("Other CA")).issuer


def _import(store: Store, records: dict[int, StatusRecord], **more: Any) -> None:
    rows = [CertificateRow(serial_number=n, record=r) for n, r in records.items()]
    store.import_rows(ca(), rows, digest=FILE, done=len(rows), **more)


def _actions(store: Store) -> list[str]:
    return [event.action.value for event in store.events()]


def _summaries(store: Store, action: Action) -> list[object]:
    return [event.summary for event in store.events() if event.action is action]


# --- one certificate ------------------------------------------------------------------


def test_an_added_certificate_has_an_event(store: Store) -> None:
    """With its first status, and who added it; adding it again has none."""
    store.add(ca(), 7)
    store.add(ca(), 7)
    (event,) = store.events()
    assert (event.action, event.serial_number, event.version) == ("added", 7, 1)
    assert (event.issuer, event.issuer_key) == ("CN=Test CA", query(7).issuer)
    assert (event.before, event.after, event.summary) == (None, GOOD, None)
    assert event.program == "the tests"
    assert event.who


def test_another_program_adds_and_deletes(store: Store, database: Database) -> None:
    """The database itself writes the event, also if it is added as revoked."""
    store.import_rows(ca(), [], digest=FILE, done=0)  # the issuer
    database.execute(
        "INSERT INTO certificate (issuer_id, serial, revoked, reason, invalid, expires)"
        " VALUES (1, '\\x05', 1000, 1, 900, 5)"
    )
    database.execute("DELETE FROM certificate")
    added, deleted = store.events()
    assert (added.action, deleted.action) == (Action.ADDED, Action.DELETED)
    for event in (added, deleted):
        assert (event.serial_number, event.version) == (5, 1)
        assert (event.who, event.host, event.program) == (None, None, None)
    status = StatusRecord(
        status=ocsp.OCSPCertStatus.REVOKED,
        revocation_time=datetime.datetime.fromtimestamp(1000, datetime.UTC),
        revocation_reason=STOLEN,
        invalidity_date=datetime.datetime.fromtimestamp(900, datetime.UTC),
    )
    assert (added.before, added.after) == (None, status)
    assert (deleted.before, deleted.after) == (status, None)


def test_an_event_is_in_the_transaction_of_what_it_says(store: Store) -> None:
    """What is not done has no event."""

    def add_and_fail() -> None:
        with store.transaction():
            store.add(ca(), 1)
            _import(store, {2: GOOD})
            store.revoke(ca(), 9)

    with pytest.raises(ocsp.errors.UnknownCertificate):
        add_and_fail()
    assert _actions(store) == []


# --- imports --------------------------------------------------------------------------


def test_a_batch_has_one_event_with_its_counts(store: Store) -> None:
    """And one for each certificate that was there, and is revoked now."""
    _import(store, {1: GOOD, 2: REVOKED, 3: ON_HOLD}, name="a.txt", sha256=CONTENT)
    (event,) = store.events()
    assert event.action is Action.IMPORTED
    assert event.summary == ImportSummary("a.txt", CONTENT, 3, 0)
    assert (event.issuer, event.serial_number, event.version) == (
        "CN=Test CA",
        None,
        None,
    )
    assert (event.before, event.after, event.program) == (None, None, "the tests")
    _import(store, {1: REVOKED, 3: REVOKED, 4: GOOD}, name="b.txt")
    assert _actions(store) == ["imported", "changed", "changed", "imported"]
    *_, event = store.events()
    assert event.summary == ImportSummary("b.txt", b"", 1, 2)
    _import(store, {1: GOOD, 2: REVOKED, 4: REVOKED}, name="c.txt")
    assert _summaries(store, Action.IMPORTED)[2:] == [ImportSummary("c.txt", b"", 0, 1)]


def test_a_batch_that_changes_nothing_has_no_event(store: Store) -> None:
    """An import that is repeated each minute does not fill the history."""
    _import(store, {1: GOOD, 2: REVOKED})
    _import(store, {1: GOOD, 2: REVOKED})
    _import(store, {})
    assert _actions(store) == ["imported"]


def test_only_what_a_batch_adds_has_no_event_of_its_own(store: Store) -> None:
    """What the same transaction adds before and after it has one."""
    with store.transaction():
        store.add(ca(), 1)
        _import(store, {2: GOOD})
        store.add(ca(), 3)
    assert [event.serial_number for event in store.events()] == [1, None, 3]


def test_a_batch_that_is_refused_leaves_nothing_behind(store: Store) -> None:
    """No row without an event, also if the caller goes on with its transaction."""
    with store.transaction():
        with pytest.raises(ocsp.errors.StoreError):
            _import(store, {1: GOOD, 2**2000: GOOD})
        store.add(ca(), 3)
    assert [event.serial_number for event in store.events()] == [3]
    assert [entry.serial_number for entry in store.entries()] == [3]


# --- what is deleted ------------------------------------------------------------------


def test_deleted_certificates_have_an_event_for_each_issuer(
    store: Store, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In each transaction, with the number and the limit."""
    monkeypatch.setattr(database.pruning, "PAGE", 3)
    for serial in range(1, 6):
        store.add(ca(), serial, expires=OLD)
    store.add(ca(), 6)
    store.add(ca("Other CA"), 1, expires=OLD)
    before = list(store.events())
    assert store.prune(expired_before=OLD + DAY).certificates == 6
    pruned = list(store.events())[len(before) :]
    assert {event.action for event in pruned} == {Action.PRUNED}
    assert [(event.issuer, event.summary) for event in pruned] == [
        ("CN=Test CA", PruneSummary(3, 0, OLD + DAY)),
        ("CN=Test CA", PruneSummary(2, 0, OLD + DAY)),
        ("CN=Other CA", PruneSummary(1, 0, OLD + DAY)),
    ]
    assert {event.program for event in pruned} == {"the tests"}
    assert store.prune(expired_before=OLD + DAY).certificates == 0
    assert len(list(store.events())) == len(before) + len(pruned)


def test_deleted_events_have_an_event(store: Store, database: Database) -> None:
    """It has no issuer. If there is nothing to delete there is none."""
    store.add(ca(), 1)
    for second in (5, 6):
        database.execute(
            "INSERT INTO event (at, issuer_id, serial, version)"
            f" VALUES ({second}, 1, '\\x01', 9)"
        )
    for _ in range(2):
        store.prune(events_before=OLD)
    added, pruned = store.events()
    assert (added.action, pruned.action) == (Action.ADDED, Action.PRUNED)
    assert (pruned.issuer, pruned.issuer_key) == ("", None)
    assert pruned.summary == PruneSummary(0, 2, OLD)


def test_the_retention_of_the_service_has_events(database: Database) -> None:
    """Who deleted it: the service."""
    with database.open(create=True, program="ocsp serve") as store:
        store.add(ca(), 1, expires=OLD)
        database.execute(
            "INSERT INTO event (at, issuer_id, serial, version)"
            " VALUES (5, 1, '\\x01', 9)"
        )
        kept = Retention(certificates=DAY, events=2 * DAY)
        now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
        Pruning(store, kept).run_if_due(now)
        _, first, second = store.events()
    assert first.summary == PruneSummary(1, 0, now - DAY)
    assert second.summary == PruneSummary(0, 1, now - 2 * DAY)
    assert {first.program, second.program} == {"ocsp serve"}


# --- copies and faults ----------------------------------------------------------------


def test_events_of_all_kinds_are_copied(store: Store, database: Database) -> None:
    """With all they say, but for their numbers."""
    store.add(ca(), 1, expires=OLD)
    store.add(ca(), 2)
    store.revoke(ca(), 2, NOW, HOLD)
    _import(store, {3: GOOD}, name="ü'\"\n", sha256=CONTENT)
    database.execute("DELETE FROM certificate WHERE serial = '\\x03'")
    database.execute(
        "INSERT INTO event (at, issuer_id, serial, version) VALUES (5, 1, '\\x01', 9)"
    )
    store.prune(expired_before=OLD + DAY, events_before=OLD)
    before = list(store.events())
    assert {event.action for event in before} == set(Action)
    store.import_events(before, name="test", place="9")
    copied = list(store.events(before[-1].id))
    assert list(map(_without_number, copied)) == list(map(_without_number, before))
    assert not store.has_due(query(1).issuer, 2**40)


def _without_number(event: Event) -> tuple[object, ...]:
    return tuple(getattr(event, name) for name in Event.__slots__ if name != "id")


@pytest.mark.parametrize("detail", ["[]", "{}", "x", '{"name": 1}'])
@pytest.mark.parametrize("action", ["imported", "pruned"])
def test_a_detail_that_means_nothing_is_an_error(
    store: Store, database: Database, action: str, detail: str
) -> None:
    """Another program has written it. The error says which event it is."""
    store.add(ca(), 1)
    database.execute(
        "INSERT INTO event (action, issuer_id, detail)"
        f" VALUES ('{action}', 1, '{detail}')"
    )
    with pytest.raises(ocsp.errors.StoreError, match="the event 2 has a detail"):
        list(store.events())


@pytest.mark.parametrize(
    "columns",
    [
        {"action": "'another'"},
        {"issuer_id": "NULL"},
        {"serial": "NULL"},
        {"version": "NULL"},
        {"detail": "'{}'"},
        {"action": "'imported'"},
        {"action": "'pruned'", "serial": "NULL", "version": "NULL"},
    ],
    ids=str,
)
def test_an_event_that_means_nothing_is_refused(
    store: Store, database: Database, columns: dict[str, str]
) -> None:
    """By the database, whichever program writes it."""
    store.add(ca(), 1)
    row = {"issuer_id": "1", "serial": "'\\x01'", "version": "1"} | columns
    names, values = ", ".join(row), ", ".join(row.values())
    with pytest.raises(Exception, match=r"(?i)check"):
        database.execute(f"INSERT INTO event ({names}) VALUES ({values})")
    assert len(list(store.events())) == 1


def test_an_event_of_an_issuer_that_was_deleted_stays(
    store: Store, database: Database
) -> None:
    """The history does not lose it."""
    store.add(ca(), 1, expires=OLD)
    store.prune(expired_before=OLD + DAY)
    database.execute("DELETE FROM issuer")
    assert _actions(store) == ["added", "pruned"]
    assert {event.issuer_key for event in store.events()} == {None}


# --- those who follow changes ---------------------------------------------------------


def test_no_follower_takes_another_event_for_a_change(
    store: Store, database: Database
) -> None:
    """Polls, copies and counts see the changes among other events, and all of them."""
    store.sign_ahead(ca(), [SHA1])
    with database.open() as worker:
        worker.poll_changes()
        place = store.changes_after().cursor
        for serial in (1, 2, 3):
            store.add(ca(), serial)
        store.revoke(ca(), 2, NOW, HOLD)
        _import(store, {4: GOOD})
        store.add(ca(), 5, expires=OLD)
        store.prune(expired_before=OLD + DAY)
        assert worker.poll_changes() == Changes(False, [query(2)])
        assert worker.poll_changes() == Changes(False, ())
        assert store.count_open_changes(1) == 1
        news = store.changes_after(place, limit=1)
        assert (news.queries, news.complete) == ([query(2)], True)
        rest = store.changes_after(news.cursor, limit=1)
        assert (rest.queries, rest.complete) == ([], True)
        event = store.release(ca(), 2).event
        assert event is not None
        assert store.changes_after(rest.cursor, limit=1).queries == [query(2)]
        assert len(store.wait_until_seen(event, 0)) == 1
        store.add(ca(), 6)
        worker.poll_changes()
        worker.poll_changes()
        assert store.wait_until_seen(event, 0) == []
        *_, last = store.events()
        again = store.revoke(ca(), 2, NOW, HOLD).event
        assert again is not None
        assert [each.seen for each in store.wait_until_seen(again, 0)] == [last.id]
