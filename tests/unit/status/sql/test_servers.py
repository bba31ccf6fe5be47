"""
The presets on PostgreSQL and MariaDB, with the types of each program.

The zone of the servers is west of UTC, and MariaDB ignores the case of letters.
"""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy
from cryptography import x509
from sqlalchemy.engine import make_url

from ocsp import OCSPCertStatus
from ocsp.errors import SourceUnavailable
from ocsp.responder import StatusRecord
from ocsp.status.sql import (
    DecimalText,
    HexText,
    IssuerColumn,
    IssuerReference,
    OneIssuer,
    Schema,
    SerialEncoding,
    SQLSource,
    Table,
    Time,
    TimeEncoding,
)
from ocsp.status.sql.database import Database
from ocsp.status.sql.issuers import IssuerRule
from ocsp.status.sql.presets import preset
from tests.pki import ca
from tests.unit.status import contract
from tests.unit.status.contract import GOOD, OTHER, REVOKED, ask, query
from tests.unit.status.sql.server_tables import TABLES, NewPlace, Place, fill
from tests.unit.status.sql.tables import MAKERS, SAME_SERIALS

pytestmark = pytest.mark.programs


def source_on(place: Place, name: str, *issuers: x509.Certificate) -> SQLSource:
    """Return a source on *place*."""
    return SQLSource(place.url, preset(name), issuers or [ca()])


@pytest.mark.parametrize(("server", "name"), TABLES)
def test_the_contract(
    new_place: NewPlace, tmp_path: Path, server: str, name: str
) -> None:
    """What holds for every source; the table is gone at the end."""
    place = new_place(server)
    fill(place, server, name, tmp_path / "rows")
    statement, values = MAKERS[name.removesuffix("-postgresql")].revoke
    first = preset(name).tables[0].name
    with source_on(place, name) as source:
        contract.check(
            contract.Scene(
                source=source,
                revoke=lambda: place.execute(statement.replace("?", "%s"), values),
                remove=lambda: place.execute(f"DROP TABLE {first}"),
            )
        )


@pytest.mark.parametrize(("server", "name"), TABLES)
def test_the_whole_records(
    new_place: NewPlace, tmp_path: Path, server: str, name: str
) -> None:
    """Times are in UTC and without fractions; there are reasons and invalidityDate."""
    place = new_place(server)
    fill(place, server, name, tmp_path / "rows")
    with source_on(place, name) as source:
        assert ask(source, GOOD, REVOKED) == MAKERS[name].records


@pytest.mark.parametrize(("server", "name"), TABLES)
def test_two_issuers_with_the_same_serial_numbers(
    new_place: NewPlace, tmp_path: Path, server: str, name: str
) -> None:
    """Each has its own."""
    place = new_place(server)
    fill(place, server, name, tmp_path / "rows")
    queries = [
        query(serial, ca(each))
        for each in (OTHER, "Test CA")
        for serial in (GOOD, 0x4000)
    ]
    with source_on(place, name, ca(), ca(OTHER)) as source:
        found = asyncio.run(source.look_up(queries))
    assert [None if r is None else r.status.name for r in found] == SAME_SERIALS[name]


SERVERS = ["postgresql", "mariadb"]
ZONES = {
    "postgresql": ("SELECT current_setting('TimeZone') AS zone", "UTC"),
    "mariadb": ("SELECT @@session.time_zone AS zone", "+00:00"),
}
"""How a session is asked for its zone, and the answer if that is UTC."""


@pytest.mark.parametrize("server", SERVERS)
def test_a_session_is_in_utc(new_place: NewPlace, server: str) -> None:
    """Whatever the driver makes of times in another zone."""
    question, utc = ZONES[server]
    database = Database(new_place(server).url, 1)
    assert database.read([(_select(question), {})]) == [[{"zone": utc}]]
    database.close()


def test_a_session_through_pgbouncer_is_in_utc(
    new_place: NewPlace, pgbouncer: Callable[[str], str]
) -> None:
    """Also after another client has used the connection to the server."""
    name = make_url(new_place("postgresql").url).database
    address = pgbouncer(str(name))
    question, utc = ZONES["postgresql"]
    database = Database(address.replace(":", "+psycopg:", 1), 1)
    for _ in range(2):
        assert database.read([(_select(question), {})]) == [[{"zone": utc}]]
        with psycopg.connect(address, autocommit=True) as other:
            row = other.execute(question.encode()).fetchone()
        assert row == ("America/New_York",)
    database.close()


def _select(statement: str) -> sqlalchemy.Select[Any]:
    return sqlalchemy.select(sqlalchemy.text(statement.removeprefix("SELECT ")))


_REVOKED = "UPDATE certificates SET status = 'revoked', revoked_at ="
_OF_GOOD = "WHERE serial_number = '4096' AND authority_key_identifier = ''"

ODD_ROWS = [
    ("postgresql", "cfssl-postgresql", f"{_REVOKED} 'infinity' {_OF_GOOD}"),
    ("postgresql", "cfssl-postgresql", f"{_REVOKED} '-infinity' {_OF_GOOD}"),
    (
        "postgresql",
        "cfssl-postgresql",
        f"{_REVOKED} '0044-03-15 00:00:00+00 BC' {_OF_GOOD}",
    ),
    ("postgresql", "cfssl-postgresql", f"{_REVOKED} NULL {_OF_GOOD}"),
    (
        "postgresql",
        "django-ca",
        "UPDATE django_ca_certificate SET not_after = '12026-07-01'",
    ),
    ("mariadb", "cfssl", f"{_REVOKED} '0000-00-00 00:00:00' {_OF_GOOD}"),
    ("mariadb", "cfssl", f"UPDATE certificates SET status = 'Good' {_OF_GOOD}"),
    ("mariadb", "django-ca", "UPDATE django_ca_certificate SET revoked = 2"),
    (
        "mariadb",
        "django-ca",
        "UPDATE django_ca_certificate SET revoked = true, revoked_date = '0000-00-00'",
    ),
    (
        "mariadb",
        "django-ca",
        "UPDATE django_ca_certificate SET not_after = '2026-00-00 00:00:00'",
    ),
]
"""Statements that make the row of ``GOOD`` odd, with the types of a server."""


@pytest.mark.parametrize(("server", "name", "statement"), ODD_ROWS)
def test_an_odd_row_costs_its_serial_number_only(
    new_place: NewPlace, tmp_path: Path, server: str, name: str, statement: str
) -> None:
    """It is never good, and what is asked in the same statement has its answer."""
    place = new_place(server)
    fill(place, server, name, tmp_path / "rows")
    place.execute(statement)
    with source_on(place, name) as source:
        found = source._answer([query(GOOD), query(REVOKED)])
    odd, revoked = found[query(GOOD)], found[query(REVOKED)]
    assert isinstance(odd, SourceUnavailable)
    assert f"serial number {GOOD:#x} " in str(odd)
    assert isinstance(revoked, StatusRecord)
    assert revoked.status is OCSPCertStatus.REVOKED


@pytest.mark.parametrize(
    ("server", "name"), [("postgresql", "cfssl-postgresql"), ("mariadb", "cfssl")]
)
def test_a_time_that_the_server_writes(
    new_place: NewPlace, tmp_path: Path, server: str, name: str
) -> None:
    """As ``cfssl revoke`` does it, in a session whose zone is that of the server."""
    place = new_place(server)
    fill(place, server, name, tmp_path / "rows")
    connection = place.connect()
    connection.cursor().execute(f"{_REVOKED} CURRENT_TIMESTAMP {_OF_GOOD}")
    connection.close()
    with source_on(place, name) as source:
        (record,) = ask(source, GOOD)
    assert record is not None
    assert record.revocation_time is not None
    age = datetime.datetime.now(datetime.UTC) - record.revocation_time
    assert abs(age) < datetime.timedelta(minutes=5)


@pytest.mark.parametrize("server", SERVERS)
def test_a_connection_that_the_server_has_ended(
    new_place: NewPlace, tmp_path: Path, server: str
) -> None:
    """The source opens another one, whose times are in UTC too."""
    place = new_place(server)
    name = {"postgresql": "cfssl-postgresql", "mariadb": "cfssl"}[server]
    fill(place, server, name, tmp_path / "rows")
    find, end = {
        "postgresql": (
            (
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid()"
            ),
            "SELECT pg_terminate_backend({})",
        ),
        "mariadb": (
            (
                "SELECT id FROM information_schema.processlist WHERE db = database() "
                "AND id <> connection_id()"
            ),
            "KILL {}",
        ),
    }[server]
    with source_on(place, name) as source:
        before = ask(source, GOOD, REVOKED)
        connection = place.connect()
        cursor = connection.cursor()
        cursor.execute(find)
        ended = [number for (number,) in cursor.fetchall()]
        for number in ended:
            cursor.execute(end.format(number))
        connection.close()
        assert ended
        assert ask(source, GOOD, REVOKED) == before


# --- tables of one's own -----------------------------------------------------------------

LABELS = [
    ("prod", "Prod"),
    ("prod", "pröd"),
    ("prod", "prod "),
    ("x' OR '1'='1", "x"),
    ("x\\", "x"),
    ('a"b%s:c`', "a"),
]


@pytest.mark.parametrize(
    ("issuers", "labels"),
    [
        (each, labels)
        for each in ("INTEGER", "VARCHAR(64)", "CHAR(64)")
        for labels in LABELS
        if each != "CHAR(64)" or not labels[1].endswith(" ")
    ],
)
@pytest.mark.parametrize("server", SERVERS)
def test_issuers_whose_labels_are_nearly_the_same(
    new_place: NewPlace, server: str, issuers: str, labels: tuple[str, str]
) -> None:
    """
    Each has its own certificates, whatever the database ignores: case, accents, blanks.

    Labels in columns with the type CHAR cannot differ in blanks at their ends.
    """
    place = new_place(server)
    place.execute("CREATE TABLE cas (id INTEGER, label VARCHAR(64))")
    place.execute(f"CREATE TABLE issued (serial CHAR(64), ca {issuers}, at BIGINT)")
    referenced = issuers == "INTEGER"
    for number, (label, serial) in enumerate(zip(labels, (GOOD, REVOKED), strict=True)):
        place.execute("INSERT INTO cas VALUES (%s, %s)", (number, label))
        issuer = number if referenced else label
        place.execute(
            "INSERT INTO issued VALUES (%s, %s, NULL)", (f"{serial:x}", issuer)
        )
    of = dict(zip((ca(), ca(OTHER)), labels, strict=True))
    rule: IssuerRule = IssuerColumn("ca", of.__getitem__)
    if referenced:
        rule = IssuerReference("ca", "cas", "id", "label", of.__getitem__)
    with SQLSource(place.url, _own(HexText(), rule), list(of)) as source:
        queries = [query(serial, each) for each in of for serial in (GOOD, REVOKED)]
        found = asyncio.run(source.look_up(queries))
    good = StatusRecord()
    assert found == [good, None, None, good]


@pytest.mark.parametrize(
    ("encoding", "texts"),
    [
        (
            HexText(upper=True),
            ["0AB", "00AB", "ABC", "AÄ", "AB'", "AB\\", "ＡＢ", "171"],
        ),
        (DecimalText(), ["0171", "171.0", "+171", "171a", "1.71e2", "AB", "１７１"]),
    ],
)
@pytest.mark.parametrize("server", SERVERS)
def test_texts_that_are_nearly_the_serial_number(
    new_place: NewPlace, server: str, encoding: SerialEncoding, texts: list[str]
) -> None:
    """They are about other certificates, or about none."""
    place = new_place(server)
    place.execute("CREATE TABLE issued (serial CHAR(64), at BIGINT)")
    for text in texts:
        place.execute("INSERT INTO issued VALUES (%s, 1)", (text,))
    with SQLSource(place.url, _own(encoding, OneIssuer()), [ca()]) as source:
        assert ask(source, 0xAB) == [None]
        (exact,) = encoding.values(0xAB)
        place.execute("INSERT INTO issued VALUES (%s, NULL)", (exact,))
        assert ask(source, 0xAB) == [StatusRecord()]


def _own(encoding: SerialEncoding, rule: IssuerRule) -> Schema:
    table = Table(
        name="issued",
        serial="serial",
        serial_encoding=encoding,
        issuer=rule,
        revoked_at=Time("at", TimeEncoding.EPOCH_SECONDS),
    )
    return Schema((table,), complete=True)
