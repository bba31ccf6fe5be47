"""
Run the steps of the schema with Alembic.

They are in :mod:`ocsp.store.postgresql.migrations`.
"""

from __future__ import annotations

import threading
from typing import Any

import psycopg
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from ocsp.store.postgresql.database.pool import Connection, Pool
from ocsp.store.postgresql.migrations import FOLDER

__all__ = ["LOCK_SECONDS", "run_steps"]

LOCK_SECONDS = 0.5
"""How long a step waits for a lock: what comes after it waits as long. It is less than
the second after which PostgreSQL looks for a deadlock: so the step gives way, and no
other program fails."""

_ADVISORY_LOCK = 0x4F435350  # "OCSP": only one process converts at a time
_TABLE = "schema_version"
_alembic = threading.Lock()  # a process has one context for the steps


def run_steps(pool: Pool) -> bool:
    """
    Run the steps that are missing, in one transaction.

    Returns:
        ``False`` if there were none.

    Raises:
        psycopg.Error: If the database refuses.
    """
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
            _alembic,
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
