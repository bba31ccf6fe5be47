"""
The SQLite database of a cache: open it, and limit what SQLite does with its content.

Anyone who can write to the file chooses the schema and the values, and so what SQLite
executes. Therefore the schema must be exactly ours, SQLite reads and writes nothing but
its table, values have a maximum size, and each access a maximum of steps.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
from pathlib import Path

from ocsp.errors import UnreadableFile
from ocsp.guarded.files import exists, require_database

__all__ = ["MAX_VALUE_BYTES", "PAGE_BYTES", "Budget", "open_database"]

APPLICATION_ID = 0x4F435343
"""``OCSC``, the application ID in the header of the file."""

VERSION = 4
"""The version of the schema below. Increase it with every change of the schema."""

_TABLE = """CREATE TABLE answer (
    number INTEGER PRIMARY KEY,       -- increases with each answer that is stored
    certificate BLOB NOT NULL UNIQUE, -- SHA-256 of its CertID with SHA-256
    entries INTEGER NOT NULL,         -- in the last row: how many rows there are
    this_update INTEGER NOT NULL,     -- seconds since 1970
    revoked INTEGER NOT NULL,         -- 1 for revoked, 0 for good
    produced_at INTEGER NOT NULL,     -- seconds since 1970
    expires INTEGER NOT NULL,         -- seconds since 1970
    digest BLOB NOT NULL,             -- SHA-256 of certificate, the times and der
    der BLOB NOT NULL                 -- the response; empty if only its status is kept
)"""

_EXPIRY = "CREATE INDEX expiry ON answer (expires) WHERE revoked = 0"
"""Finds the expired answers that are *good* without looking at the others."""

_SCHEMA = [
    ("table", "answer", "answer", _TABLE),
    ("index", "sqlite_autoindex_answer_1", "answer", None),
    ("index", "expiry", "answer", _EXPIRY),
]

PAGE_BYTES = 4096
"""Octets of a page of the file, by which SQLite counts its size."""

MAX_VALUE_BYTES = 1 << 20
"""Octets of a value or row that SQLite reads or writes; a response has about 2 kB."""

_LIMITS = {
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_COLUMN: 16,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 2,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 20,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 4,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 4096,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
    sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER: 16,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 2000,
}
"""Limits of SQLite, a little above what the statements of the cache need."""

_FUNCTIONS = frozenset({"coalesce", "length", "max", "sum", "typeof"})

_PRAGMAS = frozenset({"freelist_count", "page_count"})
"""What the cache asks about the size of the file; SQLite has both in its header."""

_SETTINGS = """
PRAGMA trusted_schema = OFF;
PRAGMA cell_size_check = ON;
PRAGMA mmap_size = 0;
PRAGMA synchronous = NORMAL;
"""
"""NORMAL: a power failure may lose the latest answers, but leaves the file intact."""

_STEPS_PER_CALL = 1000
"""After how many steps of its virtual machine SQLite calls :meth:`Budget.spend`."""


class Budget:
    """The steps of SQLite's virtual machine that an access to a database may take."""

    def __init__(self) -> None:
        self._left = 0

    def begin(self, steps: int) -> None:
        """Allow *steps* from now on."""
        self._left = steps // _STEPS_PER_CALL

    def spend(self) -> bool:
        """Count the next steps, and tell SQLite whether to end the statement."""
        self._left -= 1
        return self.is_spent

    @property
    def is_spent(self) -> bool:
        """Whether a statement took more steps than were allowed."""
        return self._left < 0


class _NotACache(sqlite3.DatabaseError):
    """The file belongs to another program or to another version of the schema."""


def open_database(path: Path, budget: Budget) -> sqlite3.Connection:
    """
    Open *path*, or create it. The connection does not wait for locks.

    Args:
        path: The file.

        budget: What opening and all later statements spend.

    Raises:
        sqlite3.Error: If it is damaged, or not a cache of this version.
        OSError: If it cannot be created.
        UnreadableFile: If it, or a file of SQLite beside it, is not a regular file.
    """
    require_database(path)
    if not exists(path):
        _create(path)
    connection = sqlite3.connect(
        path, timeout=0, isolation_level=None, check_same_thread=False
    )
    with contextlib.ExitStack() as opened:
        opened.callback(connection.close)
        connection.set_progress_handler(budget.spend, _STEPS_PER_CALL)
        _restrict(connection)
        _prepare(connection)
        connection.set_authorizer(_authorize)
        opened.pop_all()
    return connection


def _create(path: Path) -> None:
    """Create an empty file that only its owner can read."""
    if path.is_symlink():
        raise UnreadableFile(path, "is a symbolic link to a file that does not exist")
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _restrict(connection: sqlite3.Connection) -> None:
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)
    for limit, value in _LIMITS.items():
        connection.setlimit(limit, value)
    if sys.version_info >= (3, 12):
        connection.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, True)
    for statement in _SETTINGS.split(";\n"):
        connection.execute(statement)


def _prepare(connection: sqlite3.Connection) -> None:
    """Create the tables in an empty file; reject a file with another content."""
    if not _schema(connection):
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
            connection.execute(_TABLE)
            connection.execute(_EXPIRY)
    header = [
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("application_id", "user_version", "page_size")
    ]
    expected = [APPLICATION_ID, VERSION, PAGE_BYTES]
    if header != expected or _schema(connection) != _SCHEMA:
        raise _NotACache(f"the file is not a cache with schema version {VERSION}")
    connection.execute("PRAGMA journal_mode = WAL")


def _schema(connection: sqlite3.Connection) -> list[tuple[object, ...]]:
    """Return the tables and indices, or the first of them if there are too many."""
    sql = "SELECT type, name, tbl_name, sql FROM sqlite_schema LIMIT 4"
    return connection.execute(sql).fetchall()


def _authorize(
    action: int,
    first: str | None,
    second: str | None,
    _database: str | None,
    source: str | None,
) -> int:
    """
    Allow what the cache does with its tables.

    Another process may replace a table by a view, or add a trigger, while the file is
    open. *source* is then the name of that view or trigger.
    """
    if source is None:
        if action in {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_TRANSACTION}:
            return sqlite3.SQLITE_OK
        if action in _ON_TABLE and first in {"answer", ""}:
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_PRAGMA and first in _PRAGMAS and second is None:
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_FUNCTION and second in _FUNCTIONS:
            return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


_ON_TABLE = frozenset(
    {
        sqlite3.SQLITE_DELETE,
        sqlite3.SQLITE_INSERT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_UPDATE,
    }
)
