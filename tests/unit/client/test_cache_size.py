"""The size of a SQLite cache: bounded, and no access takes longer in a larger file."""

from __future__ import annotations

import datetime
import hashlib
import itertools
import sqlite3
import statistics
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp import limits
from ocsp.client.cache import SQLiteCache, database, row, shrinking, sqlite
from ocsp.client.cache import file as cache_file
from ocsp.client.cache.database import PAGE_BYTES
from ocsp.client.cache.shrinking import last
from tests.unit.client.evidence import answer, key_of

PAST = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
FUTURE = datetime.datetime(9000, 1, 1, tzinfo=datetime.UTC)
FEW, MANY = 200, 5000
WAL_HEADER = 24
"""Octets before each page in the write-ahead log of SQLite."""


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    return tmp_path / "answers.db"


def _fill(path: Path, entries: int, expires: datetime.datetime, octets: int) -> None:
    """Write rows of other certificates, in the order of random keys."""
    with SQLiteCache(path):
        pass
    end = int(expires.timestamp())
    rows = (
        (number, hashlib.sha256(b"%d" % number).digest(), number, end + number, octets)
        for number in range(1, entries + 1)
    )
    with sqlite3.connect(path) as connection:
        connection.executemany(
            "INSERT INTO answer VALUES"
            " (?, ?, ?, 1, 0, 1, ?, zeroblob(32), zeroblob(?))",
            rows,
        )
    connection.close()


def _used_pages(connection: sqlite3.Connection) -> int:
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    return int(pages - free)


def _entries(connection: sqlite3.Connection) -> int:
    return last(connection)[1]


def _rows(cache: SQLiteCache) -> int:
    def read(connection: sqlite3.Connection) -> int:
        connection.set_authorizer(None)
        (count,) = connection.execute("SELECT count(*) FROM answer").fetchone()
        return int(count)

    found = cache._file.read(read)
    assert found is not None
    return found


# --- time -----------------------------------------------------------------------------


@pytest.fixture(name="steps")
def _steps(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Return a list of one number: the steps of SQLite's virtual machine."""
    counted = [0]
    spend = database.Budget.spend

    def count(budget: database.Budget) -> bool:
        counted[0] += 1
        return spend(budget)

    monkeypatch.setattr(database, "_STEPS_PER_CALL", 1)
    monkeypatch.setattr(database.Budget, "spend", count)
    return counted


@pytest.mark.parametrize("expires", [PAST, FUTURE], ids=["expired", "valid"])
@pytest.mark.parametrize("room", [0, 1000], ids=["full", "room"])
def test_an_access_takes_as_many_steps_in_a_large_file(
    tmp_path: Path, steps: list[int], expires: datetime.datetime, room: int
) -> None:
    """Opening, storing, replacing, reading and removing count and compare no rows."""
    taken = []
    for entries in (FEW, MANY):
        path = tmp_path / f"{entries}.db"
        _fill(path, entries, expires, 10)
        here = []
        steps[0] = 0
        with SQLiteCache(path, max_entries=entries + room) as cache:
            here.append(steps[0])
            for serial in (*range(1, 40), 1):
                steps[0] = 0
                age = datetime.timedelta(hours=2 if len(here) < 40 else 1)
                assert cache.put(key_of(serial), answer(serial, age), FUTURE)
                here.append(steps[0])
            for access in (cache.get, cache.newest, cache.discard):
                steps[0] = 0
                access(key_of(1))
                here.append(steps[0])
            assert _rows(cache) == cache._file.read(_entries)
        taken.append(here)
    assert min(taken[0]) > 10
    for few, many in zip(*taken, strict=True):
        assert abs(few - many) <= 20
    assert max(taken[1]) < 2000


def test_no_statement_looks_at_all_rows(path: Path) -> None:
    """Each finds its rows by an index, or takes the last one."""
    _fill(path, FEW, PAST, 10)
    connection = sqlite3.connect(path)
    for statement, values in (
        (row.FIND, (b"", 1)),
        (sqlite._ADD, (b"", b"", 1, 0, 1, 1, b"")),
        (sqlite._REPLACE, (b"", b"", 1, 0, 1, 1, b"")),
        (sqlite._DISCARD, (b"",)),
        (shrinking.LAST, ()),
        (shrinking.SET_ENTRIES, (1,)),
        (shrinking.STORED_OCTETS, (1,)),
        (shrinking.REMOVE_EXPIRED, (1, 1)),
    ):
        plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)
        found = [str(step[3]) for step in plan]
        scans = [each for each in found if each.startswith("SCAN answer")]
        assert len(scans) == statement.count("ORDER BY number DESC LIMIT 1"), found
        assert not [each for each in found if "TEMP B-TREE" in each], found
    connection.close()


# --- operations -----------------------------------------------------------------------


@pytest.fixture(name="statements")
def _statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the statements that SQLite executes, as it sees them."""
    seen: list[str] = []
    open_database = cache_file.open_database

    def trace(path: Path, budget: database.Budget) -> sqlite3.Connection:
        connection = open_database(path, budget)
        connection.set_trace_callback(
            lambda statement: seen.append(statement.split()[0])
        )
        return connection

    monkeypatch.setattr(cache_file, "open_database", trace)
    return seen


def _pages_written(path: Path, store: Callable[[], object]) -> int:
    """Return how many pages *store* appends to the write-ahead log of *path*."""
    log = path.with_name(f"{path.name}-wal")
    before = log.stat().st_size
    store()
    octets = log.stat().st_size - before
    assert octets % (PAGE_BYTES + WAL_HEADER) == 0
    return octets // (PAGE_BYTES + WAL_HEADER)


@pytest.mark.parametrize("expires", [PAST, FUTURE], ids=["expired", "valid"])
def test_a_new_answer_takes_one_statement_and_three_pages(
    path: Path, expires: datetime.datetime, statements: list[str]
) -> None:
    """The end of the table, and a page of each index; more only if a page is full."""
    _fill(path, MANY, expires, 300)
    written = []
    with SQLiteCache(path) as cache:
        assert cache.put(key_of(1000), answer(1000), FUTURE)  # it begins the log
        for serial in range(1, 31):
            evidence = answer(serial)
            assert key_of(serial) == evidence.canonical_cert_id
            statements.clear()
            put = partial(cache.put, key_of(serial), evidence, FUTURE)
            written.append(_pages_written(path, put))
            if (MANY + 1 + serial) % shrinking._PORTION:
                assert statements == ["INSERT"]
    assert statistics.median(written) == 3
    assert sum(written) < 5 * len(written)


def test_rows_leave_with_one_answer_of_many(path: Path, statements: list[str]) -> None:
    """In a full file, whose rows have expired; all others are stored alone."""
    _fill(path, MANY, PAST, 300)
    with SQLiteCache(path, max_entries=MANY) as cache:
        counts = []
        for serial in range(1, 65):
            evidence = answer(serial)
            statements.clear()
            assert cache.put(key_of(serial), evidence, FUTURE)
            counts.append(len(statements))
        assert _rows(cache) <= MANY
    assert counts.count(1) == 60
    assert max(counts) <= 10


def test_an_answer_that_is_no_newer_writes_no_page(
    path: Path, statements: list[str]
) -> None:
    """And reads few rows."""
    with SQLiteCache(path) as cache:
        assert cache.put(key_of(1), answer(1), FUTURE)
        statements.clear()
        put = partial(cache.put, key_of(1), answer(1), FUTURE)
        assert _pages_written(path, put) == 0
        assert len(statements) <= 8


def test_reading_takes_one_statement(path: Path, statements: list[str]) -> None:
    """Whether there is an answer or none."""
    with SQLiteCache(path) as cache:
        assert cache.put(key_of(1), answer(1), FUTURE)
        for serial in (1, 2):
            statements.clear()
            cache.get(key_of(serial))
            cache.newest(key_of(serial))
            assert statements == ["SELECT", "SELECT"]


# --- octets and entries ---------------------------------------------------------------


def test_a_larger_file_becomes_smaller_by_and_by(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Storing one answer removes a few others, until the limit is kept."""
    monkeypatch.setattr(shrinking, "_MOST_REMOVED", 10)
    _fill(path, 100, PAST, 10)
    with SQLiteCache(path, max_entries=8) as cache:
        counts = []
        for serial in range(1, 20):
            assert cache.put(key_of(serial), answer(serial), FUTURE)
            counts.append(_rows(cache))
        assert all(
            0 < before - after <= 10 for before, after in itertools.pairwise(counts[:9])
        )
        assert max(counts[12:]) <= 8
        assert cache.get(key_of(19)) is not None


def test_rows_over_the_limit_leave_in_small_portions(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that most answers are stored without removing others."""
    monkeypatch.setattr(shrinking, "_PORTION", 4)
    _fill(path, 100, PAST, 10)
    with SQLiteCache(path, max_entries=100) as cache:
        counts = []
        for serial in range(1, 12):
            assert cache.put(key_of(serial), answer(serial), FUTURE)
            counts.append(_rows(cache))
    assert counts == [101, 102, 103, 97, 98, 99, 100, 97, 98, 99, 100]


@pytest.mark.parametrize("octets", [0, 2000])
def test_a_file_is_bounded_in_octets(
    path: Path, octets: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it says of its entries: SQLite knows how many pages have content."""
    monkeypatch.setattr(shrinking, "_PAGES_PER_ENTRY", 0)
    monkeypatch.setattr(shrinking, "_MORE_PAGES", 20)
    _fill(path, 700, FUTURE, octets)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE answer SET entries = 0")
    connection.close()
    with SQLiteCache(path, max_entries=10_000) as cache:
        before = cache._file.read(_used_pages)
        assert before is not None
        assert before > 30
        for serial in range(1, 140):
            assert cache.put(key_of(serial), answer(serial), FUTURE)
        after = cache._file.read(_used_pages)
        assert after is not None
        assert after <= 22
        assert cache.get(key_of(139)) is not None


def test_a_large_answer_takes_the_place_of_many(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is too large does not grow, also if its rows are small."""
    monkeypatch.setattr(shrinking, "_PAGES_PER_ENTRY", 0)
    monkeypatch.setattr(shrinking, "_MORE_PAGES", 5)
    monkeypatch.setattr(shrinking, "_MOST_REMOVED", 0)
    monkeypatch.setattr(shrinking, "_PORTION", 4)
    _fill(path, 2000, FUTURE, 0)
    assert len(answer(1).response.public_bytes(Encoding.DER)) // 32 == 9
    with SQLiteCache(path, max_entries=10_000) as cache:
        counts = []
        for serial in range(1, 9):
            assert cache.put(key_of(serial), answer(serial), FUTURE)
            counts.append(_rows(cache))
        assert counts == [2001, 2002, 2003, 1995, 1996, 1997, 1998, 1990]
        monkeypatch.setattr(shrinking, "PAGE_BYTES", 256)
        assert cache.put(key_of(9), answer(9), FUTURE)
        assert _rows(cache) < 1990  # it is large, so this does not wait


def test_an_impossible_number_of_entries_is_damage(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit is a number that no file reaches."""
    with SQLiteCache(path, max_entries=8) as cache:
        for serial in (1, 2, 3):
            assert cache.put(key_of(serial), answer(serial), FUTURE)
        monkeypatch.setattr(shrinking, "_MOST_ENTRIES", 2)
        assert cache.put(key_of(4), answer(4), FUTURE)
        assert cache.get(key_of(1)) is None
        assert cache.get(key_of(4)) is not None
    assert path.with_name("answers.db.aside").exists()


def test_the_limit_can_change_while_the_file_is_open(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next answer that is stored keeps it."""
    with SQLiteCache(path) as cache:
        for serial in range(1, 7):
            assert cache.put(key_of(serial), answer(serial), FUTURE)
        monkeypatch.setattr(limits, "MAX_CACHED_ANSWERS", 2)
        assert cache.put(key_of(7), answer(7), FUTURE)
        held = [serial for serial in range(1, 8) if cache.get(key_of(serial))]
        assert held == [6, 7]
