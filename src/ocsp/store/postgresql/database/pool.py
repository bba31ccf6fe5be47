"""
The connections of one store: single statements to read, and short transactions.

Every setting is one of a transaction, and no statement is prepared: so a store works
behind a pooler that gives each transaction another connection.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import IsolationLevel
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from ocsp.errors import SourceUnavailable, StoreError
from ocsp.store.author import user_name
from ocsp.store.postgresql.database.address import Address
from ocsp.store.postgresql.database.arrays import adapt_arrays
from ocsp.store.postgresql.database.failures import reported

__all__ = ["LOCK_SECONDS", "Connection", "Pool"]

Values = Sequence[object] | Mapping[str, object]
Connection = psycopg.Connection[tuple[Any, ...]]

LOCK_SECONDS = 5.0
"""How long a statement waits for locks of others; transactions take milliseconds."""

CONNECT_SECONDS = 5.0
"""How long to wait for a connection, a new one or one that is in use."""

_IDLE_SECONDS = 60.0
"""After which time an open connection that is not used is closed."""

_SETTINGS = """
SELECT set_config('lock_timeout', %s, true), set_config('synchronous_commit', %s, true),
    set_config('ocsp.who', %s, true), set_config('ocsp.host', %s, true),
    set_config('ocsp.program', %s, true)
"""


class Pool:
    """
    The connections of one store; threads share them.

    Attributes:
        name: The address of the database, without its password.

        read_only: Whether every transaction is refused.
    """

    def __init__(
        self,
        address: Address,
        *,
        size: int,
        read_only: bool,
        program: str,
        find_refusal: Callable[[Connection], str] | None = None,
    ) -> None:
        """
        Make no connection yet.

        Args:
            address: The database.

            size: How many connections at most.

            read_only: Refuse every transaction.

            program: The program, for the history and for ``pg_stat_activity``.

            find_refusal: Returns why the database cannot be used, or an empty text. It
                is called before each use until the text is empty.
        """
        self.name = address.name
        self._find_refusal = find_refusal
        self._conninfo = address.conninfo
        self.read_only = read_only
        self._author = (user_name(), socket.gethostname(), program)
        self._local = threading.local()
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            self._conninfo,
            connection_class=Connection,
            kwargs=self._arguments(program),
            min_size=0,
            max_size=size,
            open=False,
            configure=self._configure,
            check=ConnectionPool.check_connection,
            timeout=CONNECT_SECONDS,
            max_idle=_IDLE_SECONDS,
            reconnect_timeout=CONNECT_SECONDS,
            num_workers=1,
        )

    @staticmethod
    def _arguments(program: str) -> dict[str, Any]:
        return {
            "autocommit": True,
            "prepare_threshold": None,
            "application_name": program[:63],
        }

    def _configure(self, connection: Connection) -> None:
        connection.isolation_level = IsolationLevel.READ_COMMITTED
        connection.read_only = True if self.read_only else None
        adapt_arrays(connection)

    def open(self) -> Connection:
        """
        Return a connection that is not one of the pool; the caller closes it.

        Raises:
            psycopg.Error: If the server cannot be asked.
        """
        connection = Connection.connect(
            self._conninfo, **self._arguments(self._author[2])
        )
        self._configure(connection)
        return connection

    @contextmanager
    def _connected(
        self, kind: type[StoreError | SourceUnavailable]
    ) -> Iterator[Connection]:
        """
        Borrow a connection for the ``with`` block.

        Raises:
            psycopg.Error: If there is none.
            StoreError: Or another *kind*, if the database cannot be used.
        """
        with contextlib.suppress(PoolClosed):
            self._pool.open()
        try:
            borrowed = self._pool.getconn()
        except PoolTimeout:
            # The pool does not say why; this raises the reason, if there is one.
            self.open().close()
            raise
        try:
            if self._find_refusal is not None:
                if refusal := self._find_refusal(borrowed):
                    raise kind(f"{self.name}: {refusal}")
                self._find_refusal = None
            yield borrowed
        finally:
            self._pool.putconn(borrowed)

    def fetch_all(self, sql: str, values: Values = ()) -> list[Any]:
        """
        Return all rows of a query.

        Raises:
            SourceUnavailable: If the database cannot be read now.
        """
        with (
            reported(self.name, SourceUnavailable),
            self._connected(SourceUnavailable) as connection,
            connection.cursor(binary=True) as cursor,
        ):
            return cursor.execute(sql, values).fetchall()

    def fetch_one(self, sql: str, values: Values = ()) -> Any:
        """
        Return the first row of a query, or ``None``.

        Raises:
            SourceUnavailable: If the database cannot be read now.
        """
        rows = self.fetch_all(sql, values)
        return rows[0] if rows else None

    @contextmanager
    def changing(self) -> Iterator[Connection]:
        """
        Change statuses in one transaction: completely or not at all.

        Inside the block of another one of this thread, this change is a part of it.

        Raises:
            StoreError: If the database cannot be written.
        """
        inside: Connection | None = getattr(self._local, "inside", None)
        if inside is not None:
            with reported(self.name, StoreError), inside.transaction():
                yield inside
            return
        with self._transaction("on") as connection:
            self._local.inside = connection
            try:
                yield connection
            finally:
                self._local.inside = None

    @contextmanager
    def answering(self) -> Iterator[Connection]:
        """
        Change signed answers in one transaction.

        It does not wait until the disk or a standby has them: an answer that a failure
        loses is signed again.

        Raises:
            StoreError: If the database cannot be written.
        """
        with self._transaction("off") as connection:
            yield connection

    @contextmanager
    def _transaction(self, synchronous: str) -> Iterator[Connection]:
        if self.read_only:
            raise StoreError(f"{self.name}: was opened as readonly")
        settings = (str(int(LOCK_SECONDS * 1000)), synchronous, *self._author)
        with (
            reported(self.name, StoreError),
            self._connected(StoreError) as connection,
            connection.transaction(),
        ):
            connection.execute(_SETTINGS, settings)
            yield connection

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()
