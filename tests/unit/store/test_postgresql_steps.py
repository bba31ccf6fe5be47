"""Steps of the schema: old and new programs use one database meanwhile."""

from __future__ import annotations

import threading

import psycopg
import pytest

from ocsp.responder import StatusRecord
from ocsp.store import upgrade_store
from ocsp.store.postgresql import PostgreSQLStore
from ocsp.store.postgresql.database import schema, steps
from ocsp.store.postgresql.migrations import FOLDER
from tests.pki import NOW, ca
from tests.unit.store.scene import NOW_SECONDS, SHA1, query, signed

pytestmark = pytest.mark.programs


def test_the_version_is_that_of_the_last_step() -> None:
    """A new step needs a new number here."""
    last = max(FOLDER.glob("r*.py")).stem
    assert int(last[1:5]) == schema.VERSION


def test_a_step_is_made_while_programs_work(
    postgresql_url: str, next_release: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No look-up and no revocation fails, before, meanwhile, and after it."""
    with monkeypatch.context() as before:
        before.setattr(steps, "FOLDER", FOLDER)
        before.setattr(schema, "VERSION", int(max(FOLDER.glob("r*.py")).stem[1:5]))
        old = PostgreSQLStore(postgresql_url, create=True)
    old.add_signer(ca())
    old.sign_ahead(ca(), [SHA1])
    failures: list[BaseException] = []
    done = [0]
    converted = threading.Event()

    def work() -> None:
        left = 20
        try:
            while left:
                left -= converted.is_set()
                serial = done[0]
                old.add(ca(), serial)
                old.revoke(ca(), serial, NOW)
                old.store_answers(
                    [signed(serial, 2, record=StatusRecord.revoked(NOW))], NOW_SECONDS
                )
                found = old.look_up_with_answer(query(serial), SHA1)
                assert found is not None
                assert found.stored is not None
                done[0] += 1
        except BaseException as error:
            failures.append(error)

    worker = threading.Thread(target=work)
    worker.start()
    with old:
        assert upgrade_store(postgresql_url)
        converted.set()
        worker.join(60)
        assert failures == []
        assert len(list(old.events())) == 2 * done[0] >= 40
        with PostgreSQLStore(postgresql_url) as new:  # of the next release
            assert new.revoke(ca(), 0).changed is False
            new.add(ca(), 10**6)
        assert old.find(query(1).issuer, 10**6) is not None
    with psycopg.connect(postgresql_url) as connection:
        rows = connection.execute("SELECT DISTINCT colour FROM certificate").fetchall()
    assert rows == [("red",)]


def test_processes_that_make_the_tables_at_once(postgresql_url: str) -> None:
    """One of them makes them, and the others wait for it."""
    results: list[bool] = []
    threads = [
        threading.Thread(target=lambda: results.append(upgrade_store(postgresql_url)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False, False, True]
