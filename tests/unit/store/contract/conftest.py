"""Each case runs on an empty database of each kind."""

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


@pytest.fixture(
    name="database",
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.programs)],
)
def _database(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Database:
    if request.param == "postgresql":
        return PostgreSQLDatabase(request.getfixturevalue("postgresql_url"))
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
