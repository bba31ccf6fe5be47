"""Each case runs on an empty database of each kind, some behind a pooler too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ocsp.store import Store
from ocsp.store.postgresql.database import pool
from ocsp.store.sqlite.database import reader
from tests.unit.store.contract.databases import (
    Database,
    PostgreSQLDatabase,
    SQLiteDatabase,
)

POOLED = ("test_answers", "test_changes", "test_claims", "test_importing")
"""The modules whose cases also run behind PgBouncer: they have the transactions."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Choose the databases of a case."""
    if "database" not in metafunc.fixturenames:
        return
    kinds = ["sqlite", pytest.param("postgresql", marks=pytest.mark.programs)]
    if metafunc.module.__name__.rpartition(".")[2] in POOLED:
        kinds.append(pytest.param("pgbouncer", marks=pytest.mark.programs))
    metafunc.parametrize("database", kinds, indirect=True)


@pytest.fixture(name="database")
def _database(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Database:
    if request.param == "postgresql":
        return PostgreSQLDatabase(request.getfixturevalue("postgresql_url"))
    if request.param == "pgbouncer":
        name = request.getfixturevalue("postgresql_database")
        return PostgreSQLDatabase(request.getfixturevalue("pgbouncer")(name))
    # Each look-up checks the file, not only the first one within 20 ms.
    monkeypatch.setattr(reader, "CHECK_SECONDS", -1.0)
    return SQLiteDatabase(tmp_path / "status.db")


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for a database that is gone for a second, not for five, each time."""
    monkeypatch.setattr(pool, "CONNECT_SECONDS", 1.0)


@pytest.fixture(name="store")
def _store(database: Database) -> Iterator[Store]:
    with database.open(create=True, program="the tests") as store:
        yield store
