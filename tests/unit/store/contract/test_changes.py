"""Polls: what changed, and who has seen it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from ocsp.responder import Changes
from ocsp.store import Store
from tests.pki import NOW, ca
from tests.unit.store.contract.databases import Database
from tests.unit.store.scene import NOW_SECONDS, SHA1, query, signed

NOTHING = Changes(False, ())


@pytest.fixture(name="writer")
def _writer(database: Database) -> Iterator[Store]:
    with database.open(create=True) as store:
        for serial in (1, 2, 3):
            store.add(ca(), serial)
        yield store


@pytest.fixture(name="worker")
def _worker(database: Database, writer: Store) -> Iterator[Store]:
    """Yield a store as a worker has it, after its first poll."""
    with database.open() as store:
        assert store.poll_changes().everything
        yield store


def _changed(worker: Store) -> list[int]:
    changes = worker.poll_changes()
    assert not changes.everything
    return [each.serial_number for each in changes.queries]


def test_a_poll_returns_each_change_once(writer: Store, worker: Store) -> None:
    """In the order in which the changes were made."""
    assert worker.poll_changes() == NOTHING
    writer.revoke(ca(), 2, NOW)
    writer.revoke(ca(), 1, NOW)
    assert worker.poll_changes() == Changes(False, [query(2), query(1)])
    assert worker.poll_changes() == NOTHING


def test_the_own_changes_of_a_store_are_returned_too(worker: Store) -> None:
    """They are made on another connection than that for reading."""
    worker.revoke(ca(), 1, NOW)
    assert _changed(worker) == [1]


def test_a_certificate_or_an_answer_that_is_added_is_no_change(
    writer: Store, worker: Store
) -> None:
    """No answer that a worker keeps becomes wrong."""
    writer.add(ca(), 4)
    writer.add_signer(ca())
    writer.store_answers([signed(1, 1)], NOW_SECONDS)
    assert worker.poll_changes() == NOTHING


def test_too_many_changes_are_everything(
    writer: Store, worker: Store, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list is bounded, and the next poll goes on after it."""
    monkeypatch.setattr(database.polling, "MAX_CHANGES", 2)
    for serial in (1, 2, 3):
        writer.revoke(ca(), serial, NOW)
    assert worker.poll_changes().everything
    assert worker.poll_changes() == NOTHING


def test_a_poll_after_a_long_time_returns_everything(
    worker: Store, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events may have been pruned, and the machine may have slept."""
    with monkeypatch.context() as patch:
        patch.setattr(database.polling, "FORGET_SECONDS", -1.0)
        assert worker.poll_changes().everything
    assert worker.poll_changes() == NOTHING


def test_a_change_is_seen_after_the_poll_that_follows(
    writer: Store, worker: Store
) -> None:
    """The second poll tells that the worker has dropped what the first returned."""
    worker.poll_changes()
    event = writer.revoke(ca(), 1, NOW).event
    assert event is not None
    (late,) = writer.wait_until_seen(event, 0)
    assert (late.process, late.seen) == (os.getpid(), event - 1)
    worker.poll_changes()
    assert len(writer.wait_until_seen(event, 0)) == 1
    worker.poll_changes()
    assert writer.wait_until_seen(event, 0) == []


def test_a_store_that_does_not_poll_is_not_waited_for(
    writer: Store, database: Database
) -> None:
    """It keeps no answers: every look-up reads the file."""
    with database.open() as other:
        other.look_up_with_answer(query(1), SHA1)
        assert writer.wait_until_seen(10, 0) == []


def test_waiting_ends_when_the_last_reader_has_seen_it(
    writer: Store, worker: Store, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It looks again and again, within its time."""
    worker.poll_changes()
    event = writer.revoke(ca(), 1, NOW).event
    assert event is not None
    polls: list[float] = []

    def poll(seconds: float) -> None:
        polls.append(seconds)
        worker.poll_changes()

    monkeypatch.setattr(f"{database.waiting.__name__}.time.sleep", poll)
    assert writer.wait_until_seen(event, 60) == []
    assert len(polls) == 2


def test_a_store_that_is_closed_is_not_waited_for(writer: Store, worker: Store) -> None:
    """It gives no answers any more."""
    worker.poll_changes()
    event = writer.revoke(ca(), 1, NOW).event
    assert event is not None
    assert len(writer.wait_until_seen(event, 0)) == 1
    worker.close()
    assert writer.wait_until_seen(event, 0) == []


def test_a_store_says_whether_another_one_has_written(
    writer: Store, worker: Store
) -> None:
    """Also if what was written is no change of a status."""
    worker.has_changed()
    assert not worker.has_changed()
    writer.add(ca(), 4)
    assert worker.has_changed()
    assert not worker.has_changed()


def test_all_stores_of_a_database_have_one_identity(
    writer: Store, worker: Store
) -> None:
    """It stays while the database is written."""
    before = worker.epoch()
    writer.revoke(ca(), 1, NOW)
    assert writer.epoch() == worker.epoch() == before != ""
