"""Open and convert a store by its address, whatever its database."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509

from ocsp.errors import StoreError
from ocsp.store.address import DatabaseAddress
from ocsp.store.sqlite.copies import upgrade
from ocsp.store.sqlite.store import SQLiteStore
from ocsp.store.store import Store

__all__ = ["open_store", "partition_issuer", "renew_identity", "upgrade_store"]


def open_store(
    address: DatabaseAddress | Path | str,
    *,
    create: bool = False,
    read_only: bool = False,
    program: str | None = None,
    may_be_away: bool = False,
) -> Store:
    """
    Open a store.

    Args:
        address: The path of a SQLite file, or the address of a PostgreSQL database:
            ``postgresql://user@host:port/database``.

        create: Make the file or the tables if there are none.

        read_only: A change raises :class:`ocsp.errors.StoreError`.

        program: The name of the program for the history of changes, such as
            ``ocsp status revoke``. The default is that of this process.

        may_be_away: Open a PostgreSQL database also while it cannot be asked, or has no
            tables yet: calls raise until it can be used. A file has to be there.

    Raises:
        ConfigError: If the address is malformed.
        MissingExtraError: If the extra ``postgresql`` is not installed, and needed.
        StoreError: If the store cannot be opened.
    """
    address = DatabaseAddress.read(address)
    if address.path is not None:
        if not create and not address.path.exists():
            raise StoreError(
                f"{address}: the file does not exist; ocsp status add and ocsp status"
                " import make it"
            )
        return SQLiteStore(
            address.path, create=create, read_only=read_only, program=program
        )
    from ocsp.store.postgresql import PostgreSQLStore

    return PostgreSQLStore(
        address,
        create=create,
        read_only=read_only,
        program=program,
        may_be_away=may_be_away,
    )


def upgrade_store(address: DatabaseAddress | Path | str) -> bool:
    """
    Convert a store of an older release; in PostgreSQL also make the tables.

    Args:
        address: The store, as in :func:`open_store`.

    Returns:
        ``False`` if it is a store of this release already.

    Raises:
        ConfigError: If the address is malformed.
        MissingExtraError: If the extra ``postgresql`` is not installed, and needed.
        StoreError: If it is no store, or cannot be converted.
    """
    address = DatabaseAddress.read(address)
    if address.path is not None:
        return upgrade(address.path)
    from ocsp.store.postgresql import upgrade_database

    return upgrade_database(address)


def renew_identity(address: DatabaseAddress | Path | str) -> None:
    """
    Give a PostgreSQL database a new identity, after it was restored from a dump.

    Nothing that was kept of the database from before is used with it then. A SQLite
    file gets a new identity when :func:`restore` restores it.

    Args:
        address: The database, as in :func:`open_store`.

    Raises:
        ConfigError: If the address is malformed.
        MissingExtraError: If the extra ``postgresql`` is not installed.
        StoreError: If it is a SQLite file, or cannot be written.
    """
    address = _in_postgresql(address)
    from ocsp.store.postgresql import renew_database

    renew_database(address)


def partition_issuer(
    address: DatabaseAddress | Path | str, issuer: x509.Certificate, parts: int = 1
) -> bool:
    """
    Give a large issuer partitions of its own in a PostgreSQL database.

    Its rows are divided by the hash of the serial number. It pays from some 50,000,000
    certificates on, with a part for each 50,000,000. Do it before they are imported:
    all certificates that are there are moved; meanwhile nothing can be changed, and at
    the end nothing can be read.

    Args:
        address: The database, as in :func:`open_store`. Its user owns the tables.

        issuer: The certificate of the issuer. It is added if it is missing.

        parts: How many partitions, from 1 to 256.

    Returns:
        ``False`` if the issuer has partitions of its own already.

    Raises:
        ConfigError: If the address is malformed, or *parts* is another number.
        MissingExtraError: If the extra ``postgresql`` is not installed.
        StoreError: If it is a SQLite file, or it cannot be done.
    """
    address = _in_postgresql(address)
    from ocsp.store.postgresql import partition_issuer as make_partitions

    return make_partitions(address, issuer, parts)


def _in_postgresql(address: DatabaseAddress | Path | str) -> DatabaseAddress:
    """Refuse a SQLite file."""
    address = DatabaseAddress.read(address)
    if address.path is not None:
        raise StoreError(f"{address}: is a SQLite file, not a PostgreSQL database")
    return address
