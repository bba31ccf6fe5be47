"""PostgreSQL refuses what would break a promise, whichever program tries it."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from ocsp.store.postgresql import PostgreSQLStore
from tests.pki import ca
from tests.servers.postgresql import PostgreSQLServer

pytestmark = pytest.mark.programs

NOW = "extract(epoch FROM now())::bigint"
PAST, FUTURE = f"{NOW} - 10", f"{NOW} + 1000"
TABLES = ("issuer", "certificate", "event", "signer", "answer")
Connection = psycopg.Connection[tuple[object, ...]]


@pytest.fixture(name="filled", scope="module")
def _filled(postgresql_server: PostgreSQLServer) -> str:
    """
    Return a database as another program finds it.

    Serial number 1 is good, 2 is revoked, 3 is on hold, 4 is revoked and has expired;
    1 to 3 have signed answers, of version 1, 2 and 2.
    """
    url = postgresql_server.url(postgresql_server.new_database())
    with PostgreSQLStore(url, create=True) as store:
        for serial in (1, 2, 3, 4):
            store.add(ca(), serial)
        store.add_signer(ca())
    with psycopg.connect(url) as connection:
        for statement in (
            r"UPDATE certificate SET revoked = 1000, reason = 1 WHERE serial = '\x02'",
            r"UPDATE certificate SET revoked = 1000, reason = 6 WHERE serial = '\x03'",
            (
                rf"UPDATE certificate SET revoked = 1000, expires = {PAST}"
                r" WHERE serial = '\x04'"
            ),
            (
                "INSERT INTO answer (issuer_id, serial, form)"
                r" SELECT issuer_id, serial, 1 FROM certificate WHERE serial < '\x04'"
            ),
            (
                "UPDATE answer a SET version = c.version, due = 1500, this_update = 1000,"
                r" next_update = 2000, signer_id = 1, tbs = '\x01', signature = '\x02'"
                " FROM certificate c"
                " WHERE (c.issuer_id, c.serial) = (a.issuer_id, a.serial)"
            ),
        ):
            connection.execute(statement.encode())
    return url


@pytest.fixture(name="database")
def _database(filled: str) -> Iterator[Connection]:
    """Yield a connection without any setting, whose transaction is undone."""
    with psycopg.connect(filled) as connection:
        yield connection
        connection.rollback()


def _dump(database: Connection) -> list[tuple[object, ...]]:
    return [
        row
        for table in TABLES
        for row in database.execute(
            f"SELECT t::text FROM {table} t ORDER BY 1".encode()
        )
    ]


REFUSED = {
    # --- revoked stays revoked ---
    r"UPDATE certificate SET revoked = NULL, reason = NULL WHERE serial = '\x02'": (
        "revoked for good"
    ),
    "UPDATE certificate SET revoked = NULL, reason = NULL": "revoked for good",
    r"UPDATE certificate SET reason = 6 WHERE serial = '\x02'": "revoked for good",
    r"UPDATE certificate SET revoked = 1001 WHERE serial = '\x02'": "cannot begin later",
    r"UPDATE certificate SET serial = '\x05' WHERE serial = '\x02'": "keeps its issuer",
    r"UPDATE certificate SET issuer_id = 7 WHERE serial = '\x02'": "keeps its issuer",
    r"INSERT INTO certificate (issuer_id, serial) VALUES (1, '\x02') ON CONFLICT"
    " (issuer_id, serial) DO UPDATE SET revoked = NULL, reason = NULL": "for good",
    "MERGE INTO certificate c USING (SELECT 1) s ON true"
    " WHEN MATCHED THEN UPDATE SET revoked = NULL, reason = NULL": "for good",
    r"UPDATE certificate_rest SET revoked = NULL, reason = NULL": "for good",
    r"DELETE FROM certificate WHERE serial = '\x02'": "revoked and has not expired",
    "DELETE FROM certificate": "revoked and has not expired",
    "TRUNCATE certificate": "one by one",
    "TRUNCATE certificate_rest": "one by one",
    "TRUNCATE issuer CASCADE": "one by one",
    r"UPDATE certificate SET expires = NULL WHERE serial = '\x04'": "expiry",
    r"UPDATE certificate SET version = 1 WHERE serial = '\x02'": "keeps the version",
    r"UPDATE certificate SET version = 9 WHERE serial = '\x01'": "keeps the version",
    # --- the rows that certificates depend on ---
    "DELETE FROM issuer": "violates foreign key",
    "UPDATE issuer SET key_hash = '\\x00'": "keeps its name",
    "UPDATE signer SET not_after = 9": "a signer never changes",
    "UPDATE event SET revoked = NULL": "history is not rewritten",
    "UPDATE event SET who = 'another'": "history is not rewritten",
    "DELETE FROM event": "events of the last day",
    "TRUNCATE event": "events of the last day",
    # --- answers ---
    r"INSERT INTO answer (issuer_id, serial, form, version, this_update, next_update,"
    r" signer_id, tbs, signature) VALUES (1, '\x04', 1, 2, 1, 2, 1, '', '')": (
        "inserted unsigned"
    ),
    r"UPDATE answer SET serial = '\x05' WHERE serial = '\x01'": "keeps its certificate",
    r"UPDATE answer SET form = 2 WHERE serial = '\x01'": "keeps its certificate",
    "UPDATE answer SET next_update = (SELECT not_after FROM signer) + 1": "outlive",
    "UPDATE answer SET signer_id = 9": "outlive",
    "UPDATE answer SET next_update = 1500": "due before it ends",
    "UPDATE answer SET next_update = 900, due = 800": "check constraint",
    "UPDATE answer SET tbs = NULL": "check constraint",
    "UPDATE answer SET signer_id = NULL": "does not outlive",
    # --- values that mean nothing ---
    r"UPDATE certificate SET revoked = 253402300800 WHERE serial = '\x01'": "check",
    r"UPDATE certificate SET revoked = -99999999999 WHERE serial = '\x01'": "check",
    r"UPDATE certificate SET revoked = 1, reason = 7 WHERE serial = '\x01'": "check",
    r"UPDATE certificate SET revoked = 1, reason = 8 WHERE serial = '\x01'": "check",
    r"UPDATE certificate SET revoked = 1, reason = -1 WHERE serial = '\x01'": "check",
    r"UPDATE certificate SET reason = 1 WHERE serial = '\x01'": "check",
    r"UPDATE certificate SET invalid = 1 WHERE serial = '\x01'": "check",
    r"UPDATE certificate SET subject = NULL WHERE serial = '\x01'": "not-null",
    r"UPDATE certificate SET cert_hash = '\x00' WHERE serial = '\x01'": "check",
    "INSERT INTO certificate (issuer_id, serial) VALUES (1, '')": "check",
    "INSERT INTO certificate (issuer_id, serial)"
    " VALUES (1, decode(repeat('00', 128), 'hex'))": "check",
    r"INSERT INTO certificate (issuer_id, serial) VALUES (NULL, '\x09')": "not-null",
    r"INSERT INTO certificate (issuer_id, serial) VALUES (7, '\x09')": "foreign key",
    r"INSERT INTO certificate (issuer_id, serial) VALUES (1, '\x02')": "duplicate key",
    r"INSERT INTO answer (issuer_id, serial, form) VALUES (1, '\x01', 4)": "check",
}


@pytest.mark.parametrize("statement", REFUSED)
def test_a_statement_is_refused(database: Connection, statement: str) -> None:
    """With a sentence that says why."""
    with pytest.raises(psycopg.IntegrityError, match=REFUSED[statement]):
        database.execute(statement.encode())


IGNORED = [
    (
        r"INSERT INTO certificate (issuer_id, serial) VALUES (1, '\x02')"
        " ON CONFLICT DO NOTHING"
    ),
    # Compare-and-set: from an older, and from a later version than the present one.
    r"UPDATE answer SET version = 1, tbs = '\x09' WHERE serial = '\x02'",
    r"UPDATE answer SET version = 3, tbs = '\x09' WHERE serial = '\x02'",
    r"UPDATE answer_rest SET version = 3, tbs = '\x09' WHERE serial = '\x02'",
]


@pytest.mark.parametrize("statement", IGNORED)
def test_a_statement_changes_nothing(database: Connection, statement: str) -> None:
    """An answer of another version is omitted."""
    before = _dump(database)
    database.execute(statement.encode())
    assert _dump(database) == before


ALLOWED = [
    r"UPDATE certificate SET revoked = NULL, reason = NULL WHERE serial = '\x03'",
    r"UPDATE certificate SET reason = 1 WHERE serial = '\x03'",
    r"UPDATE certificate SET revoked = 900 WHERE serial = '\x02'",
    r"UPDATE certificate SET revoked = 5 WHERE serial = '\x01'",
    rf"UPDATE certificate SET expires = {FUTURE} WHERE serial = '\x02'",
    r"DELETE FROM certificate WHERE serial IN ('\x01', '\x04')",
    "UPDATE answer SET due = 9999",
    "UPDATE event SET due = 5",
    "DELETE FROM answer",
]


@pytest.mark.parametrize("statement", ALLOWED)
def test_a_statement_is_allowed(database: Connection, statement: str) -> None:
    """What CAs and this package do."""
    before = _dump(database)
    database.execute(statement.encode())
    assert _dump(database) != before


@pytest.mark.parametrize(
    "change",
    [
        "revoked = NULL, reason = NULL, invalid = NULL",
        "reason = 1",
        "revoked = 900",
        "invalid = 5",
    ],
)
def test_a_change_has_a_version_and_an_event(database: Connection, change: str) -> None:
    """And the event is open: the answers have to be signed."""
    statement = rf"UPDATE certificate SET {change} WHERE serial = '\x03'"
    database.execute(statement.encode())
    assert database.execute(
        r"SELECT version FROM certificate WHERE serial = '\x03'"
    ).fetchone() == (3,)
    event = database.execute(
        "SELECT version, old_revoked, old_reason, who, due, tx = pg_current_xact_id()"
        " FROM event ORDER BY id DESC LIMIT 1"
    ).fetchone()
    # Another program does not say who it is.
    assert event == (3, 1000, 6, None, 0, True)


def test_a_change_without_an_answer_needs_no_signature(database: Connection) -> None:
    """The event is closed from the beginning."""
    database.execute("DELETE FROM answer")
    database.execute(r"UPDATE certificate SET revoked = 5 WHERE serial = '\x01'")
    row = database.execute("SELECT due FROM event ORDER BY id DESC LIMIT 1").fetchone()
    assert row == (None,)


def test_only_a_change_is_to_be_signed(database: Connection) -> None:
    """Whatever else is in the history, no signer looks at it."""
    database.execute(r"INSERT INTO certificate (issuer_id, serial) VALUES (1, '\x05')")
    database.execute(r"DELETE FROM certificate WHERE serial = '\x05'")
    rows = database.execute("SELECT action, due FROM event ORDER BY id DESC LIMIT 2")
    assert rows.fetchall() == [("deleted", None), ("added", None)]


def test_writing_the_same_status_is_no_change(database: Connection) -> None:
    """The version stays, and there is no event."""
    before = _dump(database)
    database.execute("UPDATE certificate SET revoked = revoked, reason = reason")
    assert _dump(database) == before


def test_an_answer_goes_with_its_certificate(database: Connection) -> None:
    """It would match another certificate with this serial number."""
    database.execute(r"DELETE FROM certificate WHERE serial = '\x01'")
    answers = database.execute("SELECT serial FROM answer ORDER BY 1").fetchall()
    assert answers == [(b"\x02",), (b"\x03",)]


def test_a_change_is_notified(database: Connection, filled: str) -> None:
    """When its transaction ends, and not when it is undone."""
    with psycopg.connect(filled, autocommit=True) as listener:
        listener.execute("LISTEN ocsp_status")
        database.execute(r"UPDATE certificate SET revoked = 5 WHERE serial = '\x01'")
        database.rollback()
        assert list(listener.notifies(timeout=0)) == []
        with PostgreSQLStore(filled) as store:
            store.add(ca(), 77)
            store.revoke(ca(), 77)
        assert len(list(listener.notifies(timeout=5, stop_after=1))) == 1


def test_triggers_find_the_tables_of_their_schema(database: Connection) -> None:
    """A program with another search path changes a status as well."""
    database.execute("SET LOCAL search_path = pg_catalog")
    database.execute(r"UPDATE public.certificate SET revoked = 5 WHERE serial = '\x01'")
    row = database.execute("SELECT version FROM public.event ORDER BY id DESC LIMIT 1")
    assert row.fetchone() == (2,)
