"""Make and convert the tables of a PostgreSQL database, and give it a new identity."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ocsp.store.address import DatabaseAddress
from ocsp.store.author import program_name
from ocsp.store.postgresql.database.address import Address
from ocsp.store.postgresql.database.identity import renew
from ocsp.store.postgresql.database.pool import Pool
from ocsp.store.postgresql.database.schema import require_schema, upgrade

__all__ = ["renew_database", "upgrade_database"]


def upgrade_database(address: DatabaseAddress) -> bool:
    """
    Make the tables, or convert those of an older release.

    Programs of this release and of the one before can use the database meanwhile.

    Returns:
        ``False`` if it has the tables of this release already.

    Raises:
        ConfigError: If the address is malformed.
        StoreError: If it cannot be done, for example because other transactions have
            locked the tables for a minute.
    """
    with _pool(address) as pool:
        return upgrade(pool)


def renew_database(address: DatabaseAddress) -> None:
    """
    Give the database a new identity, after it was restored from a dump.

    Raises:
        ConfigError: If the address is malformed.
        StoreError: If the database cannot be written.
    """
    with _pool(address) as pool:
        require_schema(pool)
        with pool.changing() as connection:
            renew(connection)


@contextmanager
def _pool(address: DatabaseAddress) -> Iterator[Pool]:
    pool = Pool(Address(address), size=1, read_only=False, program=program_name())
    try:
        yield pool
    finally:
        pool.close()
