"""
Keep status and signed answers in a PostgreSQL database, for any number of machines.

It needs the extra ``postgresql``.
"""

from __future__ import annotations

from importlib.util import find_spec

from ocsp.errors import MissingExtraError

# Alembic is imported only where tables are made: it takes 30 MiB.
if not all(map(find_spec, ("alembic", "psycopg", "psycopg_pool"))):
    raise MissingExtraError("a PostgreSQL database", "postgresql")

from ocsp.store.postgresql.keeping import (
    partition_issuer,
    renew_database,
    upgrade_database,
)
from ocsp.store.postgresql.store import PostgreSQLStore

__all__ = ["PostgreSQLStore", "partition_issuer", "renew_database", "upgrade_database"]
