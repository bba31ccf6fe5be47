"""The databases that a store can be in, with what only a test does to them."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from types import ModuleType
from typing import Protocol

import psycopg
from psycopg.conninfo import conninfo_to_dict

from ocsp.store import SQLiteStore, Store
from ocsp.store.postgresql import PostgreSQLStore
from ocsp.store.postgresql import copying as pg_copying
from ocsp.store.postgresql import following as pg_following
from ocsp.store.postgresql import forms as pg_forms
from ocsp.store.postgresql.changes import pruning as pg_pruning
from ocsp.store.sqlite import copying, forms
from ocsp.store.sqlite.changes import pruning
from ocsp.store.sqlite.database import acknowledgement, reader

__all__ = ["Database", "PostgreSQLDatabase", "SQLiteDatabase"]


class Database(Protocol):
    """
    One empty database.

    Attributes:
        copying, forms, pruning, polling, waiting: Its modules with these tasks.

        polling: The module that polls for changes.

        waiting: The module that waits for those who poll.
    """

    copying: ModuleType
    forms: ModuleType
    pruning: ModuleType
    polling: ModuleType
    waiting: ModuleType

    def open(
        self,
        *,
        create: bool = False,
        read_only: bool = False,
        program: str | None = None,
    ) -> Store:
        """Return a store in it."""
        ...

    def execute(self, sql: str) -> None:
        """Do what another program does, on a connection of its own."""
        ...

    def drop_checks(self) -> None:
        """Let another program write values that mean nothing."""
        ...

    def remove(self) -> None:
        """Remove the whole database."""
        ...

    def break_tables(self) -> None:
        """Remove the table of the certificates."""
        ...


class SQLiteDatabase:
    """A status file."""

    copying, forms, pruning = copying, forms, pruning
    polling, waiting = reader, acknowledgement

    def __init__(self, path: Path) -> None:
        """Make no file yet."""
        self._path = path

    def open(
        self,
        *,
        create: bool = False,
        read_only: bool = False,
        program: str | None = None,
    ) -> Store:
        """Return a store in the file."""
        return SQLiteStore(
            self._path, create=create, read_only=read_only, program=program
        )

    def execute(self, sql: str) -> None:
        """Run a statement on a connection without any setting."""
        with contextlib.closing(sqlite3.connect(self._path)) as connection, connection:
            connection.execute(sql.replace(r"'\x", "x'"))

    def drop_checks(self) -> None:
        """Remove the checks from the definition of the table."""
        with contextlib.closing(sqlite3.connect(self._path)) as connection, connection:
            connection.execute("PRAGMA writable_schema = 1")
            (table,) = connection.execute(
                "SELECT sql FROM sqlite_master WHERE name = 'certificate'"
            ).fetchone()
            without = table[: table.index("CHECK")].rstrip(" ,\n") + ") WITHOUT ROWID"
            connection.execute(
                "UPDATE sqlite_master SET sql = ? WHERE name = 'certificate'",
                (without,),
            )

    def remove(self) -> None:
        """Remove the file."""
        self._path.unlink()

    def break_tables(self) -> None:
        """Remove the table of the certificates."""
        self.execute("DROP TABLE certificate")


class PostgreSQLDatabase:
    """A database on the server of the tests."""

    copying, forms, pruning = pg_copying, pg_forms, pg_pruning
    polling = waiting = pg_following

    def __init__(self, url: str) -> None:
        """Make no tables yet."""
        self.url = url

    def open(
        self,
        *,
        create: bool = False,
        read_only: bool = False,
        program: str | None = None,
    ) -> Store:
        """Return a store in the database."""
        return PostgreSQLStore(
            self.url, create=create, read_only=read_only, program=program
        )

    def execute(self, sql: str) -> None:
        """Run a statement on a connection without any setting."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql.encode())

    def drop_checks(self) -> None:
        """Remove the check of the time of a revocation."""
        self.execute(
            "ALTER TABLE certificate DROP CONSTRAINT certificate_revoked_check"
        )

    def remove(self) -> None:
        """Remove the database, and end its connections."""
        name = conninfo_to_dict(self.url)["dbname"]
        with psycopg.connect(self.url, dbname="postgres", autocommit=True) as server:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())

    def break_tables(self) -> None:
        """Remove the table of the certificates."""
        self.execute("DROP TABLE certificate")
