"""Copy a store into another one: every row, while the old one changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ocsp.cli import main
from ocsp.errors import StoreError
from ocsp.responder import IssuerKey
from ocsp.store import Action, Migration, SQLiteStore, Store, migrating, open_store
from tests.pki import NOW, ca
from tests.unit.store.scene import added_in

KEY = IssuerKey.of(ca())
HOLD = x509.ReasonFlags.certificate_hold
COMPROMISE = x509.ReasonFlags.key_compromise


@pytest.fixture(name="old")
def _old(tmp_path: Path) -> Iterator[SQLiteStore]:
    """Yield a store with 20 certificates: good, revoked, on hold, with all fields."""
    with SQLiteStore(tmp_path / "old.db", create=True, program="test") as store:
        for serial in range(1, 21):
            store.add(
                ca(), serial << 60, subject=f"CN={serial}", expires=NOW,
                cert_hash=bytes([serial]) * 32,
            )  # fmt: skip
        store.add(ca("Other CA"), 1)
        store.revoke(ca(), 3 << 60, NOW, COMPROMISE, invalidity_date=NOW)
        store.revoke(ca(), 4 << 60, NOW, HOLD)
        store.revoke(ca(), 5 << 60, NOW)
        yield store


@pytest.fixture(
    name="new",
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.programs)],
)
def _new(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Yield an empty store in each database."""
    address = tmp_path / "new.db"
    if request.param == "postgresql":
        address = request.getfixturevalue("postgresql_url")
    with open_store(address, create=True, program="migration") as store:
        yield store


def _content(store: Store) -> list[tuple[Any, ...]]:
    return [
        (e.issuer_key, e.serial_number, e.subject, e.expires, e.record)
        for e in store.entries()
    ]


def _history(store: Store, program: str) -> list[tuple[Any, ...]]:
    return [
        (
            e.at,
            e.action,
            e.summary,
            e.issuer_key,
            e.serial_number,
            e.version,
            e.before,
            e.after,
            e.who,
            e.host,
        )
        for e in store.events()
        if e.program == program
    ]


def test_every_row_and_every_event_is_copied(
    old: SQLiteStore, new: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In batches; the second pass compares all, and finds nothing."""
    monkeypatch.setattr(migrating, "BATCH_ROWS", 3)
    migration = Migration(old, new)
    first = migration.run()
    assert (first.compared, first.added, first.events, first.is_clean) == (
        21,
        21,
        24,
        False,
    )
    second = migration.run()
    assert (second.compared, second.added, second.events) == (21, 0, 0)
    assert second.is_clean
    assert _content(new) == _content(old)
    assert _history(new, "test") == _history(old, "test")
    assert len(_history(new, "test")) == 24
    migrated = [each for each in new.events() if each.program == "migration"]
    assert added_in(migrated) == 21
    assert {each.action for each in migrated} == {Action.IMPORTED}
    assert [each.certificate for each in new.issuers()] == [
        each.certificate for each in old.issuers()
    ]


def test_what_changes_meanwhile_is_copied_by_the_next_pass(
    old: SQLiteStore, new: Store
) -> None:
    """Issued, revoked, released, revoked for good after a hold, another reason."""
    Migration(old, new).run()
    old.add(ca(), 99)
    old.revoke(ca(), 1 << 60, NOW, COMPROMISE)
    old.revoke(ca(), 2 << 60, NOW, HOLD)
    old.revoke(ca(), 5 << 60, None, COMPROMISE, change_reason=True)
    old.release(ca(), 4 << 60)
    found = Migration(old, new).run()
    assert (found.added, found.changed, found.conflicts) == (1, 4, 0)
    assert found.events == 5
    old.revoke(ca(), 2 << 60, None, COMPROMISE)
    assert Migration(old, new).run().changed == 1
    assert Migration(old, new).run().is_clean
    assert _content(new) == _content(old)


def test_a_hold_that_began_again_is_copied(old: SQLiteStore, new: Store) -> None:
    """With its new time."""
    Migration(old, new).run()
    old.release(ca(), 4 << 60)
    old.revoke(ca(), 4 << 60, reason=HOLD)
    assert Migration(old, new).run().changed == 1
    assert Migration(old, new).run().is_clean


def test_a_revocation_in_the_target_stays(old: SQLiteStore, new: Store) -> None:
    """It is a conflict, with its serial number; the other rows are copied."""
    new.add(ca(), 1 << 60, subject="CN=1", expires=NOW, cert_hash=b"\x01" * 32)
    new.revoke(ca(), 1 << 60, NOW)
    new.add(ca(), 7 << 60, subject="another")
    new.add(ca(), 1234)
    found = Migration(old, new).run()
    assert found.serial_numbers == [1 << 60, 7 << 60]
    assert (found.conflicts, found.added, found.surplus) == (2, 19, 1)
    again = Migration(old, new).run()
    assert (again.conflicts, again.added, again.surplus) == (2, 0, 1)
    assert not again.is_clean


def test_an_issuer_without_its_certificate_needs_it(tmp_path: Path) -> None:
    """A file of an older release can have such an issuer."""
    with ExitStack() as opened:
        old = opened.enter_context(SQLiteStore(tmp_path / "a.db", create=True))
        new = opened.enter_context(SQLiteStore(tmp_path / "b.db", create=True))
        old.add(ca(), 1)
        with old._writer.changing() as connection:
            connection.execute("UPDATE issuer SET certificate = NULL")
        with pytest.raises(StoreError, match="give it with --issuer"):
            Migration(old, new)
        assert Migration(old, new, {KEY: ca()}).run().added == 1


_ROWS = st.dictionaries(
    st.integers(1, 1 << 70),
    st.sampled_from(["good", "hold", "revoked"]),
    max_size=12,
)


@given(first=_ROWS, second=_ROWS)
@settings(
    max_examples=25, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
def test_any_two_stores_are_joined(
    tmp_path_factory: pytest.TempPathFactory,
    first: dict[int, str],
    second: dict[int, str],
) -> None:
    """All rows of the source, unless the target says revoked and the source does not."""
    folder = tmp_path_factory.mktemp("stores")
    with ExitStack() as opened:
        stores = []
        for name, rows in (("a", first), ("b", second)):
            store = opened.enter_context(SQLiteStore(folder / name, create=True))
            for serial, status in rows.items():
                store.add(ca(), serial)
                if status != "good":
                    store.revoke(ca(), serial, NOW, HOLD if status == "hold" else None)
            stores.append(store)
        old, new = stores
        if not first:
            return
        Migration(old, new).run()
        found = Migration(old, new).run()
        worse = {
            serial
            for serial, status in first.items()
            if status != "revoked" and second.get(serial) == "revoked"
        }
        assert (found.added, found.changed) == (0, 0)
        assert set(found.serial_numbers) == worse
        assert found.surplus == len(second.keys() - first.keys())


def test_the_command(
    tmp_path: Path, old: SQLiteStore, capsys: pytest.CaptureFixture[str]
) -> None:
    """It copies and compares; a second run has nothing to do."""
    new = tmp_path / "new.db"
    assert main(["migrate", str(tmp_path / "old.db"), str(new)]) == 0
    out = capsys.readouterr().out
    assert "21 certificates added, 0 changed, 24 events copied" in out
    assert "all 21 certificates of both are equal" in out
    old.revoke(ca(), 1 << 60, NOW)
    assert main(["migrate", "--json", str(tmp_path / "old.db"), str(new)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["changed"], document["equal"], document["passes"]) == (1, True, 2)
    with SQLiteStore(new) as store:
        store.revoke(ca(), 2 << 60, NOW)
    assert main(["migrate", str(tmp_path / "old.db"), str(new)]) == 1
    assert f"{2 << 60:#x}: differs" in capsys.readouterr().err


def test_the_command_refuses_one_database_and_takes_certificates(
    tmp_path: Path, old: SQLiteStore, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, exit code 4."""
    path = str(tmp_path / "old.db")
    assert main(["migrate", path, path]) == 4
    assert "is the source as well" in capsys.readouterr().err
    assert main(["migrate", str(tmp_path / "none.db"), path]) == 4
    assert capsys.readouterr().err.count("\n") == 1
    (tmp_path / "ca.pem").write_bytes(ca().public_bytes(Encoding.PEM))
    target = str(tmp_path / "new.db")
    assert main(["migrate", path, target, "--issuer", str(tmp_path / "ca.pem")]) == 0
    assert Path(target).exists()


def test_rows_are_written_while_the_source_is(old: SQLiteStore, new: Store) -> None:
    """A writer between two batches changes what has been copied, and what has not."""
    changes = iter(range(1, 21))

    def change(_: int) -> None:
        for serial in changes:
            old.revoke(ca(), serial << 60, None, COMPROMISE, change_reason=True)
            break

    for _ in range(30):
        found = Migration(old, new).run(change)
        if found.is_clean:
            break
    assert found.is_clean
    assert next(changes, None) is None
    assert _content(new) == _content(old)
