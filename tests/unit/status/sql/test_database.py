"""The database behind a SQL source: gone, replaced, locked, slow, or wrong."""

from __future__ import annotations

import asyncio
import datetime
import sqlite3
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy
from cryptography import x509

from ocsp import OCSPCertStatus, limits
from ocsp.errors import ConfigError, MissingExtraError, SourceUnavailable
from ocsp.responder import StatusQuery, StatusRecord
from ocsp.status.sql import (
    IssuerColumn,
    OneIssuer,
    Schema,
    SQLSource,
    fixed,
    key_identifier,
)
from ocsp.status.sql.batches import Batches, Found
from ocsp.status.sql.database import Database
from ocsp.status.sql.issuers import IssuerRule
from ocsp.status.sql.presets import CFSSL
from tests.pki import ca, key, make
from tests.servers.postgresql import PostgreSQLServer
from tests.unit.status.contract import GOOD, REVOKED, UNLISTED, ask, query
from tests.unit.status.sql.tables import MAKERS, execute

SECOND = datetime.timedelta(seconds=1)


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    path = tmp_path / "ca.db"
    MAKERS["cfssl"].make(path)
    return path


@pytest.fixture(name="source")
def _source(path: Path) -> Iterator[SQLSource]:
    with SQLSource(f"sqlite:///{path}", CFSSL, [ca()], deadline=10 * SECOND) as source:
        yield source


def test_a_replaced_file_counts_at_once(source: SQLSource, path: Path) -> None:
    """And a file that is gone is not available, until it is back."""
    assert ask(source, GOOD) != [None]
    kept = path.rename(path.with_name("kept"))
    with pytest.raises(SourceUnavailable, match="No such file"):
        ask(source, GOOD)
    assert not path.exists()
    MAKERS["cfssl"].make(path)
    execute(path, "DELETE FROM certificates")
    assert ask(source, GOOD) == [None]
    kept.rename(path)
    assert ask(source, GOOD) != [None]


@pytest.mark.parametrize("content", [b"", b"not a database\n" * 500])
def test_another_file_is_not_available(
    source: SQLSource, path: Path, content: bytes
) -> None:
    """Without the table, or no database at all."""
    path.write_bytes(content)
    with pytest.raises(SourceUnavailable, match=r"no such table|not a database"):
        ask(source, GOOD)


def test_a_column_that_is_missing(source: SQLSource, path: Path) -> None:
    """The error names it."""
    execute(path, "ALTER TABLE certificates RENAME COLUMN reason TO why")
    with pytest.raises(SourceUnavailable, match=r"no such column: .*reason"):
        ask(source, GOOD)


def test_nothing_is_written(source: SQLSource, path: Path) -> None:
    """The connection cannot write."""
    import sqlalchemy

    insert = sqlalchemy.text("DELETE FROM certificates")
    with pytest.raises(SourceUnavailable, match="readonly"):
        source._database.read([(insert, {})])  # type: ignore[list-item]
    assert ask(source, GOOD) != [None]


def test_too_many_rows_about_one_serial_number(source: SQLSource, path: Path) -> None:
    """Then a row that revokes may be missing."""
    execute(
        path,
        "CREATE TABLE c AS SELECT * FROM certificates",
        "DROP TABLE certificates",
        "ALTER TABLE c RENAME TO certificates",
        "INSERT INTO certificates SELECT * FROM certificates WHERE rowid = ?",
        rows=[(1,)] * 40,
    )
    with pytest.raises(SourceUnavailable, match=r"has 32 rows or more about 1 serial"):
        ask(source, GOOD)
    assert [r and r.status for r in ask(source, REVOKED)] == [OCSPCertStatus.REVOKED]


def test_many_queries_at_once(source: SQLSource) -> None:
    """More than one statement takes."""
    serials = [*range(1, 1200), GOOD, REVOKED]
    found = ask(source, *serials)
    assert [r is None for r in found] == [True] * 1199 + [False] * 2


def test_a_locked_file_is_not_waited_for_after_the_deadline(path: Path) -> None:
    """Another process has locked it exclusively."""
    url = f"sqlite:///{path}"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    with (
        SQLSource(url, CFSSL, [ca()], deadline=SECOND / 20) as source,
        pytest.raises(
            SourceUnavailable, match=r"has not answered within 0\.05 seconds"
        ),
    ):
        ask(source, GOOD)
    connection.execute("ROLLBACK")
    connection.close()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("nonsense", "is not a URL"),
        ("unknown://host/name", "is not a URL"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("oracle+cx_oracle://user:secret@host/name", "needs the Python module"),
    ],
)
def test_urls_that_are_refused(url: str, reason: str) -> None:
    """At the start, without the password."""
    with pytest.raises(ConfigError, match=reason) as caught:
        SQLSource(url, CFSSL, [ca()])
    assert "secret" not in str(caught.value)


@pytest.mark.programs
@pytest.mark.parametrize("chosen", ["", "&client_encoding=LATIN1"])
def test_postgresql_without_an_encoding(
    postgresql_server: PostgreSQLServer, chosen: str
) -> None:
    """Its text is read as UTF-8, or as the URL says."""
    name = postgresql_server.new_database("ENCODING SQL_ASCII LOCALE 'C'")
    url = postgresql_server.url(name).replace(":", "+psycopg:", 1) + chosen
    database = Database(url, 1)
    octets = "ü".encode("latin-1" if chosen else "utf-8").hex()
    statement = sqlalchemy.select(
        sqlalchemy.text(f"convert_from('\\x{octets}', 'SQL_ASCII') AS name")
    )
    assert database.read([(statement, {})]) == [[{"name": "ü"}]]
    database.close()


def test_a_source_needs_an_issuer(path: Path) -> None:
    """There is no record without one."""
    with pytest.raises(ConfigError, match="issuers"):
        SQLSource(f"sqlite:///{path}", CFSSL, [])


def test_issuers_that_a_table_cannot_tell_apart(path: Path) -> None:
    """Else one would get the answers of the other."""
    url = f"sqlite:///{path}"
    renamed = make("Renamed CA", "Renamed CA", public=key("Test CA"))
    rules: list[tuple[IssuerRule, x509.Certificate]] = [
        (OneIssuer(), ca("Another CA")),
        (IssuerColumn("ca_label", fixed("x")), ca("Another CA")),
        (IssuerColumn("authority_key_identifier", key_identifier), renamed),
    ]
    for rule, other in rules:
        schema = Schema((replace(CFSSL.tables[0], issuer=rule),), complete=True)
        with pytest.raises(ConfigError, match="cannot tell apart"):
            SQLSource(url, schema, [ca(), other])
        SQLSource(url, schema, [ca(), ca()]).close()


def test_the_extra_is_named_if_it_is_missing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the command that installs it."""
    monkeypatch.setitem(sys.modules, "ocsp.status.sql.database", None)
    with pytest.raises(MissingExtraError, match=r"sql"):
        SQLSource(f"sqlite:///{path}", CFSSL, [ca()])


# --- look-ups together -------------------------------------------------------------------


class Slow:
    """Answers when a test lets it, and notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Sequence[StatusQuery]] = []
        self.started, self.go_on = threading.Semaphore(0), threading.Semaphore(0)

    def __call__(self, queries: Sequence[StatusQuery]) -> Found:
        """Answer *queries*: one of them is odd."""
        self.asked.append(queries)
        self.started.release()
        assert self.go_on.acquire(timeout=10)
        odd = SourceUnavailable("is odd")
        return {
            each: odd if each.serial_number == UNLISTED else StatusRecord()
            for each in queries
            if each.serial_number != REVOKED
        }


def test_look_ups_that_wait_are_asked_together() -> None:
    """Each has its own result, and one that was cancelled is not asked."""
    answer = Slow()
    batches = Batches(answer, threads=1)
    first = batches.add([query(GOOD)])
    assert answer.started.acquire(timeout=10)
    waiting: list[Future[list[StatusRecord | None]]] = [
        batches.add([query(serial)]) for serial in (GOOD, REVOKED, UNLISTED, 1)
    ]
    waiting[3].cancel()
    answer.go_on.release(2)
    assert first.result(10) == [StatusRecord()]
    assert waiting[0].result(10) == [StatusRecord()]
    assert waiting[1].result(10) == [None]
    with pytest.raises(SourceUnavailable, match="is odd"):
        waiting[2].result(10)
    assert answer.asked[1:] == [tuple(query(n) for n in (GOOD, REVOKED, UNLISTED))]
    batches.close()
    with pytest.raises(SourceUnavailable, match="was closed"):
        batches.add([query(GOOD)])


def test_the_line_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the limit a look-up fails at once."""
    monkeypatch.setattr(limits, "MAX_SQL_WAITING", 2)
    answer = Slow()
    batches = Batches(answer, threads=1)
    batches.add([query(GOOD)])
    assert answer.started.acquire(timeout=10)
    waiting = [batches.add([query(GOOD)]) for _ in range(2)]
    with pytest.raises(SourceUnavailable, match="2 look-ups are waiting"):
        batches.add([query(GOOD)])
    answer.go_on.release(2)
    assert [each.result(10) for each in waiting] == [[StatusRecord()]] * 2
    batches.close()


def test_several_threads(path: Path) -> None:
    """A look-up starts while another one waits for the database."""
    answer = Slow()
    batches = Batches(answer, threads=2)
    both = [batches.add([query(GOOD)]) for _ in range(2)]
    assert answer.started.acquire(timeout=10)
    answer.go_on.release(2)
    assert [each.result(10) for each in both] == [[StatusRecord()]] * 2
    batches.close()


def test_any_failure_reaches_those_who_wait() -> None:
    """A thread goes on after it."""

    def fail(queries: Sequence[StatusQuery]) -> Found:
        raise RuntimeError(str(len(queries)))

    batches = Batches(fail, threads=1)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="1"):
            batches.add([query(GOOD)]).result(10)
    batches.close()


def test_look_ups_from_two_event_loops(source: SQLSource) -> None:
    """One after the other, as in a test suite."""
    for _ in range(2):
        assert asyncio.run(source.look_up([query(UNLISTED)])) == [None]
