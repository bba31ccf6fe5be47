"""
Make and convert the tables, and check that this release can use them.

The steps are in :mod:`ocsp.store.postgresql.migrations`; Alembic runs them. A step
waits only briefly for locks, and is tried again, so that no look-up waits behind it.
"""

from __future__ import annotations

import time
from typing import Any

import psycopg
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg import errors
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from ocsp.errors import StoreError
from ocsp.store.postgresql.database.failures import reported
from ocsp.store.postgresql.database.pool import Connection, Pool
from ocsp.store.postgresql.migrations import FOLDER

__all__ = ["VERSION", "create", "require_schema", "upgrade"]

VERSION = 1
"""The version of the schema: the number of its last step."""

LOCK_SECONDS = 2.0
"""How long a step waits for a lock: what comes after it waits as long."""

RETRY_SECONDS = 60.0
"""For how long a step is tried again that did not get its locks."""

_PAUSE_SECONDS = 0.5
_ADVISORY_LOCK = 0x4F435350  # "OCSP": only one process converts at a time
_TABLE = "schema_version"
_VERSION = "SELECT version_num FROM schema_version"


def require_schema(pool: Pool) -> None:
    """
    Check that the database has tables that this release can use.

    Raises:
        StoreError: If it has not, or cannot be asked.
    """
    name = pool.name
    with reported(name, StoreError), pool.open() as connection:
        version = _version(connection)
        if version is None:
            raise StoreError(
                f"{name}: has no tables of ocsp; make them with: ocsp status upgrade"
            )
        if version < VERSION:
            raise StoreError(
                f"{name}: was made by an older release of ocsp (schema version"
                f" {version}); convert it with: ocsp status upgrade"
            )
        if version > VERSION and _oldest_reader(connection) > VERSION:
            raise StoreError(
                f"{name}: has schema version {version}; "
                f"this version of ocsp supports {VERSION}"
            )


def create(pool: Pool) -> None:
    """
    Make the tables if there are none.

    Raises:
        StoreError: If they cannot be made.
    """
    with reported(pool.name, StoreError), pool.open() as connection:
        version = _version(connection)
    if version is None:
        upgrade(pool)


def upgrade(pool: Pool) -> bool:
    """
    Make the tables, or convert those of an older release, while programs use them.

    Returns:
        ``False`` if there was nothing to do.

    Raises:
        StoreError: If it cannot be done.
    """
    end = time.monotonic() + RETRY_SECONDS
    while True:
        try:
            with reported(pool.name, StoreError):
                with pool.open() as connection:
                    version = _version(connection)
                return False if version and version >= VERSION else _run(pool)
        except StoreError as error:
            locked = isinstance(error.__cause__, errors.LockNotAvailable)
            if not locked or time.monotonic() >= end:
                raise
            time.sleep(_PAUSE_SECONDS)


def _run(pool: Pool) -> bool:
    """Run the steps that are missing, in one transaction."""
    folder = str(FOLDER)
    scripts = ScriptDirectory(folder, version_locations=[folder])
    done: list[str] = []

    def steps(present: Any, _: MigrationContext) -> Any:
        missing = scripts._upgrade_revs("head", present)
        done.extend(step.info.up_revision_ids[0] for step in missing)
        return missing

    def connect() -> Connection:
        connection = pool.open()
        connection.autocommit = False  # SQLAlchemy begins no transaction by itself
        return connection

    engine = create_engine("postgresql+psycopg://", creator=connect, poolclass=NullPool)
    try:
        with (
            engine.connect() as connection,
            EnvironmentContext(Config(), scripts, fn=steps) as environment,
        ):
            environment.configure(connection=connection, version_table=_TABLE)
            with environment.begin_transaction():
                connection.execute(
                    text(f"SET LOCAL lock_timeout = '{int(LOCK_SECONDS * 1000)}'")
                )
                connection.execute(
                    text(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
                )
                environment.run_migrations()
    except DBAPIError as error:
        if isinstance(error.orig, psycopg.Error):
            raise error.orig from None
        raise
    return bool(done)


def _version(connection: Connection) -> int | None:
    """Return the version of the tables, or ``None`` if there are none."""
    try:
        row = connection.execute(_VERSION).fetchone()
    except errors.UndefinedTable:
        return None
    return int(row[0]) if row and str(row[0]).isdecimal() else None


def _oldest_reader(connection: Connection) -> int:
    row = connection.execute(
        "SELECT value FROM setting WHERE name = 'oldest_reader'"
    ).fetchone()
    return int(row[0]) if row and str(row[0]).isdecimal() else VERSION + 1
