"""
Keep status and signed answers in a PostgreSQL database, for any number of machines.

It needs the extra ``postgresql``.
"""

from __future__ import annotations

from ocsp.errors import MissingExtraError

try:
    import alembic  # noqa: F401
    import psycopg  # noqa: F401
    import psycopg_pool  # noqa: F401
except ModuleNotFoundError as error:
    raise MissingExtraError("a PostgreSQL database", "postgresql") from error

from ocsp.store.postgresql.keeping import (
    partition_issuer,
    renew_database,
    upgrade_database,
)
from ocsp.store.postgresql.store import PostgreSQLStore

__all__ = ["PostgreSQLStore", "partition_issuer", "renew_database", "upgrade_database"]
