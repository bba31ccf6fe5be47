"""What a store in PostgreSQL does when the server fails, or is another one."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

import ocsp
from ocsp.errors import ConfigError, SourceUnavailable, StoreError
from ocsp.responder import StatusRecord
from ocsp.store import DatabaseAddress, renew_identity, upgrade_store
from ocsp.store.postgresql import PostgreSQLStore, upgrade_database
from ocsp.store.postgresql.database import pool as pools
from ocsp.store.postgresql.database import schema, steps
from tests.pki import NOW, ca
from tests.servers.postgresql import PostgreSQLServer, server_folder
from tests.unit.store.scene import SHA1, query

pytestmark = pytest.mark.programs

_END_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND datname = current_database()
"""


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for locks and connections only briefly."""
    monkeypatch.setattr(pools, "LOCK_SECONDS", 0.2)
    monkeypatch.setattr(pools, "CONNECT_SECONDS", 0.5)


@pytest.fixture(name="own", scope="module")
def _own() -> Iterator[PostgreSQLServer]:
    """Run a server that the tests stop."""
    with server_folder() as folder:
        server = PostgreSQLServer(folder / "own")
        server.start()
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture(name="store")
def _store(postgresql_url: str) -> Iterator[PostgreSQLStore]:
    with PostgreSQLStore(postgresql_url, create=True) as store:
        store.add(ca(), 1)
        yield store


def _execute(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for each in statements:
            connection.execute(each.encode())


def test_a_server_that_is_away_and_comes_back(own: PostgreSQLServer) -> None:
    """Errors say so; nothing that was acknowledged is lost, and the store goes on."""
    with PostgreSQLStore(own.url(own.new_database()), create=True) as store:
        store.add(ca(), 1)
        store.revoke(ca(), 1, NOW)
        store.poll_changes()
        own.stop(signal.SIGQUIT)  # as after a crash
        with pytest.raises(SourceUnavailable, match=r"No such file|refused"):
            store.look_up_with_answer(query(1), SHA1)
        with pytest.raises(SourceUnavailable):
            asyncio.run(store.look_up([query(1)]))
        with pytest.raises(SourceUnavailable):
            store.poll_changes()
        with pytest.raises(StoreError, match=r"No such file|refused"):
            store.add(ca(), 2)
        own.start()
        revoked = StatusRecord.revoked(NOW)
        assert asyncio.run(store.look_up([query(1)])) == [revoked]
        assert store.add(ca(), 2)


def test_a_server_that_is_away_cannot_be_opened(tmp_path: Path) -> None:
    """The error names the database, and not its password."""
    url = f"postgresql://ocsp:SECRET@/db?host={tmp_path}&password=SECRET"
    with pytest.raises(StoreError, match="postgresql://ocsp@/db") as caught:
        PostgreSQLStore(url)
    assert "SECRET" not in str(caught.value)
    assert isinstance(caught.value.__cause__, psycopg.OperationalError)


def test_a_server_that_may_be_away_is_checked_at_the_first_use(
    own: PostgreSQLServer,
) -> None:
    """Errors say that it is away, then that the tables are missing; then it works."""
    url = own.url(own.new_database())
    own.stop()
    with PostgreSQLStore(url, may_be_away=True) as store:
        with pytest.raises(SourceUnavailable, match=r"No such file|refused"):
            store.look_up_with_answer(query(1), SHA1)
        own.start()
        for use in (store.poll_changes, store.epoch):
            with pytest.raises(SourceUnavailable, match="ocsp status upgrade"):
                use()
        with pytest.raises(StoreError, match="has no tables of ocsp"):
            store.add(ca(), 1)
        assert upgrade_store(url)
        _execute(
            url,
            "UPDATE schema_version SET version_num = '2'",
            "UPDATE setting SET value = '2' WHERE name = 'oldest_reader'",
        )
        with pytest.raises(StoreError, match="has schema version 2"):
            store.add(ca(), 1)
        _execute(url, "UPDATE schema_version SET version_num = '1'")
        assert store.add(ca(), 1)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ocsp:SECRET@host:port/db?nonsense=1",
        "postgresql://ocsp:SEC%RET@host/db",
        "postgresql://ocsp:SECRET@[::1/db",
        "postgresql://host/db?connect_timeout",
    ],
)
def test_a_malformed_address_is_refused(url: str) -> None:
    """Without the address, which can contain a password."""
    with pytest.raises(ConfigError, match="is not an address like") as caught:
        PostgreSQLStore(url)
    assert "SEC" not in repr(caught.value)
    assert caught.value.__suppress_context__


def test_a_connection_that_ends_in_a_transaction_changes_nothing(
    store: PostgreSQLStore, postgresql_url: str
) -> None:
    """The next transaction has another connection."""

    def change() -> None:
        with store.transaction():
            store.revoke(ca(), 1, NOW)
            _execute(postgresql_url, _END_OTHERS)
            store.add(ca(), 2)

    with pytest.raises(StoreError, match="terminating connection"):
        change()
    assert [entry.record for entry in store.entries()] == [StatusRecord()]
    assert store.revoke(ca(), 1, NOW).changed


def test_idle_connections_that_ended_are_replaced(
    store: PostgreSQLStore, postgresql_url: str
) -> None:
    """No caller notices that the server or a pooler closed them."""
    store.look_up_with_answer(query(1), SHA1)
    _execute(postgresql_url, _END_OTHERS)
    assert store.look_up_with_answer(query(1), SHA1) is not None
    assert store.add(ca(), 2)


def test_a_lock_is_waited_for_in_bounded_time(
    store: PostgreSQLStore, postgresql_url: str
) -> None:
    """Another program can forget to end its transaction."""
    with psycopg.connect(postgresql_url) as other:
        other.execute("SELECT FROM certificate FOR UPDATE")
        with pytest.raises(StoreError, match="another transaction has locked"):
            store.revoke(ca(), 1, NOW)
    assert store.revoke(ca(), 1, NOW).changed


def test_connections_that_are_all_in_use(postgresql_url: str) -> None:
    """The error says that there is none, and not that the server is away."""
    with PostgreSQLStore(postgresql_url, create=True, pool_size=1) as store:
        entered, leave = threading.Event(), threading.Event()

        def hold() -> None:
            with store.transaction():
                entered.set()
                leave.wait(60)

        thread = threading.Thread(target=hold)
        thread.start()
        entered.wait(60)
        with pytest.raises(SourceUnavailable, match="no connection"):
            store.look_up_with_answer(query(1), SHA1)
        leave.set()
        thread.join()
        assert store.look_up_with_answer(query(1), SHA1) is None


# --- databases that cannot be used ----------------------------------------------------


def test_a_database_without_tables_is_refused(postgresql_url: str) -> None:
    """Only ``create`` makes them, or the command."""
    with pytest.raises(StoreError, match=r"has no tables of ocsp; .*status upgrade"):
        PostgreSQLStore(postgresql_url)
    assert upgrade_store(postgresql_url)
    assert not upgrade_store(postgresql_url)
    PostgreSQLStore(postgresql_url).close()


def test_a_database_of_another_program_is_unchanged(postgresql_url: str) -> None:
    """A table with the same name and another meaning is not written."""
    _execute(postgresql_url, "CREATE TABLE certificate (mine text)")
    with pytest.raises(StoreError, match="already exists"):
        PostgreSQLStore(postgresql_url, create=True)
    with psycopg.connect(postgresql_url) as connection:
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
    assert tables == [("certificate",)]


def test_a_database_that_does_not_exist(postgresql_server: PostgreSQLServer) -> None:
    """It is not created."""
    with pytest.raises(StoreError, match='database "none" does not exist'):
        PostgreSQLStore(postgresql_server.url("none"), create=True)


def test_a_later_schema_is_used_if_it_says_so(
    store: PostgreSQLStore, postgresql_url: str
) -> None:
    """Old and new programs use one schema, until a release ends that."""
    _execute(
        postgresql_url,
        "UPDATE schema_version SET version_num = '0099'",
        "ALTER TABLE certificate ADD COLUMN colour text NOT NULL DEFAULT 'red'",
    )
    with PostgreSQLStore(postgresql_url) as other:
        assert other.add(ca(), 2)
        assert not upgrade_store(postgresql_url)
    _execute(
        postgresql_url, "UPDATE setting SET value = 99 WHERE name = 'oldest_reader'"
    )
    expected = f"has schema version 99; this version of ocsp supports {schema.VERSION}"
    with pytest.raises(StoreError, match=expected):
        PostgreSQLStore(postgresql_url)


def test_an_older_schema_is_refused(
    store: PostgreSQLStore, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the command that converts it."""
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)
    with pytest.raises(StoreError, match="convert it with: ocsp status upgrade"):
        PostgreSQLStore(postgresql_url)


def test_a_step_waits_for_a_lock_only_briefly_and_again(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes that make the tables do not disturb each other."""
    monkeypatch.setattr(steps, "LOCK_SECONDS", 0.05)
    monkeypatch.setattr(schema, "RETRY_SECONDS", 0.0)
    address = DatabaseAddress(url=postgresql_url)
    with psycopg.connect(postgresql_url) as other:
        other.execute(f"SELECT pg_advisory_xact_lock({0x4F435350})".encode())
        with pytest.raises(StoreError, match="another transaction has locked"):
            upgrade_database(address)
        monkeypatch.setattr(schema, "RETRY_SECONDS", 60.0)
        monkeypatch.setattr(f"{schema.__name__}.time.sleep", lambda _: other.rollback())
        assert upgrade_database(address)


# --- roles and standbys ---------------------------------------------------------------


def test_a_user_without_a_permission(
    store: PostgreSQLStore, postgresql_server: PostgreSQLServer, postgresql_url: str
) -> None:
    """One that may only read can look up, and the error names what it may not do."""
    name = store.epoch()
    _execute(
        postgresql_url,
        "DROP ROLE IF EXISTS reader",
        "CREATE ROLE reader LOGIN",
    )
    database = postgresql_url.partition("@/")[2].partition("?")[0]
    url = postgresql_server.url(database, "reader")
    with pytest.raises(StoreError, match="the user lacks a permission"):
        PostgreSQLStore(url)
    _execute(postgresql_url, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    try:
        with PostgreSQLStore(url) as reader:
            assert reader.look_up_with_answer(query(1), SHA1) is not None
            assert reader.epoch() == name
            assert reader.poll_changes().everything
            with pytest.raises(StoreError, match="permission denied for table"):
                reader.add(ca(), 2)
    finally:
        _execute(postgresql_url, "DROP OWNED BY reader", "DROP ROLE reader")


def test_a_standby_can_be_read(own: PostgreSQLServer) -> None:
    """A change is refused; after its promotion the standby is another database."""
    with server_folder() as folder:
        url = own.url(name := own.new_database())
        with PostgreSQLStore(url, create=True) as store:
            store.add(ca(), 1)
            before = store.epoch()
            standby = own.standby(folder / "standby")
            try:
                with PostgreSQLStore(standby.url(name)) as other:
                    other.poll_changes()
                    found = other.look_up_with_answer(query(1), SHA1)
                    assert found is not None
                    assert other.epoch() == before
                    with pytest.raises(StoreError, match="can only be read"):
                        other.revoke(ca(), 1, NOW)
                    standby.promote()
                    assert other.revoke(ca(), 1, NOW).changed
                    assert other.epoch() != before
                    assert other.poll_changes().everything
            finally:
                standby.stop()


def test_a_restored_dump_gets_a_new_identity(
    own: PostgreSQLServer, tmp_path: Path
) -> None:
    """Its events have the numbers of this server's transactions, and are polled."""
    first, second = own.new_database(), own.new_database()
    with PostgreSQLStore(own.url(first), create=True) as store:
        store.add(ca(), 1)
        store.add(ca(), 2)
        store.revoke(ca(), 1, NOW)
        before = store.epoch()
        dump = own.run("pg_dump", "-h", own.folder, "-U", "ocsp", first)
    (own.folder / "dump.sql").write_text(dump)
    script = own.folder / "dump.sql"
    own.run("psql", "-q", "-h", own.folder, "-U", "ocsp", "-f", script, second)
    with PostgreSQLStore(own.url(second)) as restored:
        assert restored.epoch() == before
        restored.poll_changes()
        renew_identity(own.url(second))
        assert restored.epoch() != before
        assert restored.poll_changes().everything
        event = restored.revoke(ca(), 2, NOW).event
        assert event is not None
        assert [each.serial_number for each in restored.poll_changes().queries] == [2]
        restored.poll_changes()
        assert restored.wait_until_seen(event, 0) == []
        assert [each.serial_number for each in restored.events()] == [1, 2, 1, 2]


def test_a_node_that_was_killed_counts_for_some_seconds(
    store: PostgreSQLStore, postgresql_url: str
) -> None:
    """It may only have lost its connection, so a revocation reports it."""
    other = PostgreSQLStore(postgresql_url)
    other.poll_changes()
    other.poll_changes()
    event = store.revoke(ca(), 1, NOW).event
    assert event is not None
    (late,) = store.wait_until_seen(event, 0)
    assert (late.process, late.host) == (os.getpid(), os.uname().nodename)
    _execute(postgresql_url, "UPDATE node SET at = at - interval '11 s'")
    assert store.wait_until_seen(event, 0) == []
    other.close()


def test_a_change_is_seen_though_an_older_transaction_is_open(
    store: PostgreSQLStore, postgresql_url: str
) -> None:
    """Neither order of commits nor a long import hides an event, or repeats it."""
    store.add(ca(), 2)
    with PostgreSQLStore(postgresql_url) as other, other.transaction():
        other.revoke(ca(), 2, NOW)
        store.poll_changes()
        store.revoke(ca(), 1, NOW)
        assert [q.serial_number for q in store.poll_changes().queries] == [1]
        assert store.poll_changes().queries == ()
    assert [q.serial_number for q in store.poll_changes().queries] == [2]
    assert store.poll_changes().queries == ()


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra that has it."""
    import sys

    for name in [
        each for each in sys.modules if each.startswith("ocsp.store.postgresql")
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ocsp.MissingExtraError, match="postgresql"):
        ocsp.store.open_store("postgresql://host/db")
