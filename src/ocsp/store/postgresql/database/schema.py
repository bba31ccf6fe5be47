"""
Make and convert the tables, and check that this release can use them.

A step waits only briefly for locks, and is tried again, so that no look-up waits behind
it; see :mod:`ocsp.store.postgresql.database.steps`.
"""

from __future__ import annotations

import time

from psycopg import errors

from ocsp.errors import StoreError
from ocsp.store.postgresql.database.failures import reported
from ocsp.store.postgresql.database.pool import Connection, Pool

__all__ = [
    "VERSION",
    "VERSIONS",
    "create",
    "find_refusal",
    "refusal",
    "require_schema",
    "upgrade",
]

VERSION = 1
"""The version of the schema: the number of its last step."""

RETRY_SECONDS = 60.0
"""For how long a step is tried again that did not get its locks."""

_PAUSE_SECONDS = 0.5
_VERSION = "SELECT version_num FROM schema_version"

VERSIONS = """
(SELECT version_num FROM schema_version)::text,
(SELECT value FROM setting WHERE name = 'oldest_reader')
"""
"""The expressions whose values :func:`refusal` takes."""


def require_schema(pool: Pool) -> None:
    """
    Check that the database has tables that this release can use.

    Raises:
        StoreError: If it has not, or cannot be asked.
    """
    with reported(pool.name, StoreError), pool.open() as connection:
        found = find_refusal(connection)
    if found:
        raise StoreError(f"{pool.name}: {found}")


def find_refusal(connection: Connection) -> str:
    """
    Return why this release cannot use the tables of a database, or an empty text.

    Raises:
        psycopg.Error: If the database cannot be asked.
    """
    try:
        row = connection.execute(f"SELECT {VERSIONS}").fetchone()
    except errors.UndefinedTable:
        row = None
    return refusal(*(row or (None, None)))


def refusal(version: str | None, oldest_reader: str | None) -> str:
    """
    Return why this release cannot use the tables of a database, or an empty text.

    Args:
        version: The version of the schema; ``None`` if there are no tables.

        oldest_reader: The oldest version whose releases can use a later schema.
    """
    number = _number(version)
    if number is None:
        return "has no tables of ocsp; make them with: ocsp status upgrade"
    if number < VERSION:
        return (
            f"was made by an older release of ocsp (schema version {number}); convert"
            " it with: ocsp status upgrade"
        )
    oldest = _number(oldest_reader)
    if number > VERSION and (oldest is None or oldest > VERSION):
        return f"has schema version {number}; this version of ocsp supports {VERSION}"
    return ""


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
                if version and version >= VERSION:
                    return False
                # A process that converts nothing saves the memory of Alembic.
                from ocsp.store.postgresql.database.steps import run_steps

                return run_steps(pool)
        except StoreError as error:
            locked = isinstance(
                error.__cause__, errors.LockNotAvailable | errors.DeadlockDetected
            )
            if not locked or time.monotonic() >= end:
                raise
            time.sleep(_PAUSE_SECONDS)


def _version(connection: Connection) -> int | None:
    """Return the version of the tables, or ``None`` if there are none."""
    try:
        row = connection.execute(_VERSION).fetchone()
    except errors.UndefinedTable:
        return None
    return _number(row[0]) if row else None


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None
