"""The database refuses what would break a promise, whichever program tries it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from ocsp.store import SQLiteStore
from ocsp.store.sqlite.database.schema import CHANGED
from tests.pki import ca

PAST = "CAST(strftime('%s','now') AS INTEGER) - 10"
FUTURE = "CAST(strftime('%s','now') AS INTEGER) + 1000"


@pytest.fixture(name="database")
def _database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """
    Yield a connection as another program opens it, without any setting.

    Serial number 1 is good, 2 is revoked, 3 is on hold, 4 is revoked and has expired;
    1 to 3 have signed answers, of version 1, 2 and 2.
    """
    path = tmp_path / "status.db"
    with SQLiteStore(path, create=True) as store:
        for serial in (1, 2, 3, 4):
            store.add(ca(), serial)
        store.add_signer(ca())
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(
        f"""
        UPDATE certificate SET revoked = 1000, reason = 1 WHERE serial = x'02';
        UPDATE certificate SET revoked = 1000, reason = 6 WHERE serial = x'03';
        UPDATE certificate SET revoked = 1000, expires = {PAST} WHERE serial = x'04';
        INSERT INTO answer (issuer_id, serial, form)
            SELECT issuer_id, serial, 1 FROM certificate WHERE serial < x'04';
        UPDATE answer SET version = (SELECT version FROM certificate
                WHERE certificate.serial = answer.serial),
            due = 1500, this_update = 1000, next_update = 2000, signer_id = 1,
            tbs = x'01', signature = x'02', says_revoked = serial <> x'01';
        """
    )
    yield connection
    connection.close()


def _dump(database: sqlite3.Connection) -> list[str]:
    return list(database.iterdump())


REFUSED = {
    # --- revoked stays revoked ---
    "UPDATE certificate SET revoked = NULL, reason = NULL WHERE serial = x'02'": "good",
    "UPDATE OR IGNORE certificate SET revoked = NULL, reason = NULL": "revoked for good",
    "UPDATE OR REPLACE certificate SET revoked = NULL, reason = NULL": "for good",
    "UPDATE certificate SET reason = 6 WHERE serial = x'02'": "revoked for good",
    "UPDATE certificate SET revoked = 1001 WHERE serial = x'02'": "cannot begin later",
    "UPDATE certificate SET serial = x'05' WHERE serial = x'02'": "keeps its issuer",
    "UPDATE OR REPLACE certificate SET serial = x'02' WHERE serial = x'01'": "keeps its",
    "UPDATE certificate SET issuer_id = 7 WHERE serial = x'02'": "keeps its issuer",
    "DELETE FROM certificate WHERE serial = x'02'": "revoked and has not expired",
    "DELETE FROM certificate": "revoked and has not expired",
    "UPDATE certificate SET expires = NULL WHERE serial = x'04'": "expiry",
    "UPDATE certificate SET version = 1 WHERE serial = x'02'": "keeps the version",
    "UPDATE certificate SET version = 9 WHERE serial = x'01'": "keeps the version",
    # --- the rows that certificates depend on ---
    "DELETE FROM issuer": "the issuer has certificates",
    "UPDATE issuer SET id = 2": "keeps its name",
    "UPDATE issuer SET key_hash = x'00'": "keeps its name",
    "UPDATE signer SET not_after = 9": "a signer never changes",
    "UPDATE event SET revoked = NULL": "history is not rewritten",
    "UPDATE event SET who = 'another'": "history is not rewritten",
    "DELETE FROM event": "events of the last day",
    # --- answers ---
    "INSERT INTO answer (issuer_id, serial, form, version) VALUES (1, x'04', 1, 2)": (
        "inserted unsigned"
    ),
    "UPDATE answer SET serial = x'05' WHERE serial = x'01'": "keeps its certificate",
    "UPDATE answer SET form = 2 WHERE serial = x'01'": "keeps its certificate",
    "UPDATE answer SET next_update = (SELECT not_after FROM signer) + 1": "outlive",
    "UPDATE answer SET next_update = 1500": "due before it ends",
    "UPDATE answer SET next_update = 900, due = 800": "CHECK",
    "UPDATE answer SET tbs = NULL": "CHECK",
    "UPDATE answer SET signer_id = NULL": "CHECK",
    # --- values that mean nothing ---
    "UPDATE certificate SET revoked = 'x' WHERE serial = x'01'": "CHECK",
    "UPDATE certificate SET revoked = 1e300 WHERE serial = x'01'": "CHECK",
    "UPDATE certificate SET revoked = 253402300800 WHERE serial = x'01'": "CHECK",
    "UPDATE certificate SET revoked = -99999999999 WHERE serial = x'01'": "CHECK",
    "UPDATE certificate SET revoked = x'00' WHERE serial = x'01'": "CHECK",
    "UPDATE certificate SET revoked = 1.5 WHERE serial = x'01'": "CHECK",
    "UPDATE certificate SET revoked = 1, reason = 7 WHERE serial = x'01'": "CHECK",
    "UPDATE certificate SET revoked = 1, reason = 8 WHERE serial = x'01'": "CHECK",
    "UPDATE certificate SET revoked = 1, reason = 'a' WHERE serial = x'01'": "CHECK",
    "UPDATE certificate SET revoked = 1, reason = -1 WHERE serial = x'01'": "CHECK",
    "UPDATE certificate SET reason = 1 WHERE serial = x'01'": "CHECK",
    "UPDATE certificate SET invalid = 1 WHERE serial = x'01'": "CHECK",
    "UPDATE certificate SET expires = 'soon' WHERE serial = x'01'": "CHECK",
    "UPDATE certificate SET subject = NULL WHERE serial = x'01'": "NOT NULL",
    "UPDATE certificate SET subject = x'00' WHERE serial = x'01'": "CHECK",
    "UPDATE certificate SET cert_hash = x'00' WHERE serial = x'01'": "CHECK",
    "INSERT INTO certificate (issuer_id, serial) VALUES (1, 'text')": "CHECK",
    "INSERT INTO certificate (issuer_id, serial) VALUES (1, x'')": "CHECK",
    "INSERT INTO certificate (issuer_id, serial) VALUES (1, zeroblob(128))": "CHECK",
    "INSERT INTO certificate (issuer_id, serial) VALUES (NULL, x'09')": "NOT NULL",
    "INSERT INTO certificate (issuer_id, serial) VALUES ('one', x'09')": "CHECK",
    "INSERT INTO answer (issuer_id, serial, form) VALUES (1, x'01', 4)": "CHECK",
}


@pytest.mark.parametrize("statement", REFUSED)
def test_a_statement_is_refused(database: sqlite3.Connection, statement: str) -> None:
    """With a sentence that says why, and the database is unchanged."""
    before = _dump(database)
    with pytest.raises(sqlite3.IntegrityError, match=REFUSED[statement]):
        database.execute(statement)
    assert _dump(database) == before


IGNORED = [
    "INSERT OR REPLACE INTO certificate (issuer_id, serial) VALUES (1, x'02')",
    "REPLACE INTO certificate (issuer_id, serial, version) VALUES (1, x'02', 2)",
    "INSERT OR IGNORE INTO certificate (issuer_id, serial) VALUES (1, x'02')",
    (
        "INSERT INTO certificate (issuer_id, serial) VALUES (1, x'02')"
        " ON CONFLICT DO UPDATE SET revoked = NULL, reason = NULL"
    ),
    "INSERT OR REPLACE INTO issuer VALUES (1, x'00', x'00', '', NULL)",
    "INSERT OR REPLACE INTO issuer SELECT 9, name_hash, key_hash, '', NULL FROM issuer",
    "INSERT OR REPLACE INTO signer VALUES (1, x'00', x'00', 253402300799)",
    "INSERT OR REPLACE INTO signer SELECT 9, digest, x'00', 9 FROM signer",
    (
        "INSERT OR REPLACE INTO event (id, issuer_id, serial, version)"
        " SELECT id, 1, x'00', 9 FROM event"
    ),
    "INSERT OR REPLACE INTO answer (issuer_id, serial, form) VALUES (1, x'01', 1)",
    # Compare-and-set: from an older, and from a later version than the present one.
    "UPDATE answer SET version = 1, tbs = x'09' WHERE serial = x'02'",
    "UPDATE answer SET version = 3, tbs = x'09' WHERE serial = x'02'",
    # An answer states the present status.
    "UPDATE answer SET says_revoked = 0 WHERE serial = x'02'",
    "UPDATE answer SET says_revoked = 1 WHERE serial = x'01'",
    "UPDATE answer SET says_revoked = NULL WHERE serial = x'02'",
]


@pytest.mark.parametrize("statement", IGNORED)
@pytest.mark.parametrize("recursive", [0, 1])
def test_a_statement_changes_nothing(
    database: sqlite3.Connection, statement: str, recursive: int
) -> None:
    """An INSERT never replaces a row, and an answer of another version is omitted."""
    database.execute(f"PRAGMA recursive_triggers = {recursive}")
    before = _dump(database)
    database.execute(statement)
    assert _dump(database) == before


ALLOWED = [
    "UPDATE certificate SET revoked = NULL, reason = NULL WHERE serial = x'03'",
    "UPDATE certificate SET reason = 1 WHERE serial = x'03'",
    "UPDATE certificate SET revoked = 900 WHERE serial = x'02'",
    "UPDATE certificate SET revoked = 5 WHERE serial = x'01'",
    f"UPDATE certificate SET expires = {FUTURE} WHERE serial = x'02'",
    "DELETE FROM certificate WHERE serial IN (x'01', x'04')",
    "UPDATE answer SET due = 9999",
    "DELETE FROM answer",
]


@pytest.mark.parametrize("statement", ALLOWED)
def test_a_statement_is_allowed(database: sqlite3.Connection, statement: str) -> None:
    """What CAs and this package do."""
    before = _dump(database)
    database.execute(statement)
    assert _dump(database) != before


def test_a_new_version_takes_the_answer_away(database: sqlite3.Connection) -> None:
    """Also one that another program counts without a change."""
    signed = "SELECT serial FROM answer WHERE version <> 0 ORDER BY serial"
    assert database.execute(signed).fetchall() == [(b"\1",), (b"\2",), (b"\3",)]
    database.execute("UPDATE certificate SET version = 3 WHERE serial = x'02'")
    database.execute("UPDATE certificate SET revoked = 5 WHERE serial = x'01'")
    assert database.execute(signed).fetchall() == [(b"\3",)]


@pytest.mark.parametrize(
    "change",
    [
        "revoked = NULL, reason = NULL, invalid = NULL",
        "reason = 1",
        "revoked = 900",
        "invalid = 5",
    ],
)
def test_a_change_has_a_version_and_an_event(
    database: sqlite3.Connection, change: str
) -> None:
    """And the answer is due, before those that are only old."""
    database.execute(f"UPDATE certificate SET {change} WHERE serial = x'03'")
    (version,) = database.execute(
        "SELECT version FROM certificate WHERE serial = x'03'"
    ).fetchone()
    assert version == 3
    event = database.execute(
        "SELECT version, old_revoked, old_reason, who FROM event ORDER BY id DESC"
    ).fetchone()
    assert event == (3, 1000, 6, None)  # another program does not say who it is
    due = database.execute(
        "SELECT serial FROM answer WHERE due = ? AND version = 0", (CHANGED,)
    )
    assert due.fetchall() == [(b"\x03",)]


def test_writing_the_same_status_is_no_change(database: sqlite3.Connection) -> None:
    """The version and the answer stay."""
    before = _dump(database)
    database.execute("UPDATE certificate SET revoked = revoked, reason = reason")
    assert _dump(database) == before


def test_an_answer_goes_with_its_certificate(database: sqlite3.Connection) -> None:
    """It would match another certificate with this serial number."""
    database.execute("DELETE FROM certificate WHERE serial = x'01'")
    answers = database.execute("SELECT serial FROM answer").fetchall()
    assert answers == [(b"\x02",), (b"\x03",)]
