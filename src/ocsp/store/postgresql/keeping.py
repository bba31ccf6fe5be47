"""Keep a PostgreSQL database: make, convert and divide its tables; name it anew."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cryptography import x509

from ocsp.errors import ConfigError
from ocsp.store.address import DatabaseAddress
from ocsp.store.author import program_name
from ocsp.store.postgresql.database.address import Address
from ocsp.store.postgresql.database.identity import renew
from ocsp.store.postgresql.database.partitioning import separate
from ocsp.store.postgresql.database.pool import Pool
from ocsp.store.postgresql.database.schema import require_schema, upgrade
from ocsp.store.postgresql.issuers import add_issuer

__all__ = ["partition_issuer", "renew_database", "upgrade_database"]

_MAX_PARTS = 256
"""Each statement without a serial number looks at all parts of an issuer."""


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


def partition_issuer(
    address: DatabaseAddress, issuer: x509.Certificate, parts: int
) -> bool:
    """
    Give an issuer partitions of its own, divided by the hash of the serial number.

    Args:
        address: The database; its user owns the tables.

        issuer: The certificate of the issuer. It is added if it is missing.

        parts: How many partitions.

    Returns:
        ``False`` if the issuer has partitions of its own already.

    Raises:
        ConfigError: If the address is malformed, or *parts* is not from 1 to 256.
        StoreError: If it cannot be done.
    """
    if not 1 <= parts <= _MAX_PARTS:
        raise ConfigError("parts", f"{parts} is not a number from 1 to {_MAX_PARTS}")
    with _pool(address) as pool:
        require_schema(pool)
        with pool.changing() as connection:
            return separate(connection, add_issuer(connection, issuer), parts)


@contextmanager
def _pool(address: DatabaseAddress) -> Iterator[Pool]:
    pool = Pool(Address(address), size=1, read_only=False, program=program_name())
    try:
        yield pool
    finally:
        pool.close()
