"""
One connection of an event loop to the database; every statement has a deadline.

Behind a pooler that gives each transaction another connection, nothing can be kept in a
session: there, no statement is prepared, and nothing is listened for.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, LiteralString, Self

import psycopg
from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ocsp.errors import SourceUnavailable
from ocsp.store.postgresql.database.address import Address
from ocsp.store.postgresql.database.failures import error_text
from ocsp.store.postgresql.database.identity import EPOCH
from ocsp.store.postgresql.database.schema import VERSIONS, refusal

__all__ = ["Link", "connected", "unavailable"]

CONNECT_SECONDS = 2
"""How long to try one address of a server, in whole seconds; libpq takes no less."""

STATEMENT_SECONDS = 1.0
"""How long a statement may take before the server is asked to cancel it. It takes less
than a millisecond, and clients wait for some seconds only."""

CUT_SECONDS = 0.3
"""After how many seconds more the connection is cut, if the server does not cancel."""

_GREETING = f"SELECT pg_backend_pid(), pg_is_in_recovery(), {EPOCH}, {VERSIONS}"

Rows = list[tuple[Any, ...]]


class Link:
    """
    One connection.

    Attributes:
        epoch: The identity of the database at the other end, when it was opened.

        backend: The number of the process of the server that serves this connection
            only; ``None`` if a pooler is in between.
    """

    def __init__(
        self,
        connection: AsyncConnection[tuple[Any, ...]],
        epoch: str = "",
        backend: int | None = None,
    ) -> None:
        self._connection = connection
        self._cursor = connection.cursor(binary=True)
        self._cancelling: asyncio.Task[None] | None = None
        self.epoch = epoch
        self.backend = backend

    @property
    def is_direct(self) -> bool:
        """Whether no pooler is in between."""
        return self.backend is not None

    @classmethod
    async def open(cls, address: Address, program: str) -> Self:
        """
        Connect.

        Args:
            address: The database.

            program: The program, for ``pg_stat_activity``.

        Raises:
            psycopg.Error: If the server cannot be asked.
            SourceUnavailable: If it is a standby, which may not know the last changes,
                or its tables are of a release that this one cannot use.
        """
        connection: AsyncConnection[tuple[Any, ...]] = await AsyncConnection.connect(
            _conninfo(address),
            autocommit=True,
            prepare_threshold=None,
            application_name=program[:63],
        )
        link = cls(connection)
        try:
            ((process, is_standby, link.epoch, *versions),) = await link.fetch(
                _GREETING
            )
            reason = "it is a standby" if is_standby else refusal(*versions)
            if reason:
                raise SourceUnavailable(f"{address.name}: {reason}")
        except BaseException:
            await link.close()
            raise
        # A pooler invents the number of the process that it tells its client.
        if process == connection.info.backend_pid:
            link.backend = process
            connection.prepare_threshold = 0  # what is to be prepared is, at once
        return link

    async def fetch(
        self,
        sql: str,
        values: Sequence[object] | Mapping[str, object] = (),
        *,
        prepare: bool = False,
    ) -> Rows:
        """
        Run a statement, and return its rows.

        Args:
            sql: The statement.

            values: Its values.

            prepare: Let the server plan it once for this connection, if it is direct.

        Raises:
            psycopg.Error: If it fails, or takes too long. Close the link then.
        """
        timer = asyncio.get_running_loop().call_later(STATEMENT_SECONDS, self._late)
        cursor = self._cursor
        try:
            await cursor.execute(sql, values, prepare=prepare and self.is_direct)
            return [] if cursor.description is None else await cursor.fetchall()
        except psycopg.OperationalError as error:
            if self._cancelling is None:
                raise
            text = f"no answer within {STATEMENT_SECONDS:g} s"
            raise psycopg.errors.QueryCanceled(text) from error
        finally:
            timer.cancel()

    def _late(self) -> None:
        """End a statement that takes too long: politely, and soon after by force."""
        loop = asyncio.get_running_loop()
        self._cancelling = loop.create_task(self._cancel())
        loop.call_later(CUT_SECONDS, self.cut)

    async def _cancel(self) -> None:
        """Ask the server to cancel, so that no statement is left that waits there."""
        with contextlib.suppress(psycopg.Error):
            await self._connection.cancel_safe(timeout=CUT_SECONDS)

    async def listen(self, channel: LiteralString) -> None:
        """
        Let the database wake :meth:`pause` at the notifications of *channel*.

        Raises:
            psycopg.Error: If it fails.
        """
        await self.fetch(f"LISTEN {channel}")

    async def pause(self, seconds: float) -> None:
        """
        Wait for *seconds*, or until the database notifies of something.

        Raises:
            psycopg.Error: If the connection is lost.
        """
        async for _ in self._connection.notifies(timeout=seconds, stop_after=1):
            pass

    def cut(self) -> None:
        """Break the connection, so that what waits for it fails at once."""
        with contextlib.suppress(psycopg.Error, OSError):
            number = self._connection.fileno()
            with socket.fromfd(number, socket.AF_INET, socket.SOCK_STREAM) as same:
                same.shutdown(socket.SHUT_RDWR)

    async def close(self) -> None:
        """Close the connection."""
        if self._cancelling is not None:
            self._cancelling.cancel()
        await self._connection.close()


@asynccontextmanager
async def connected(address: Address, program: str) -> AsyncIterator[Link]:
    """
    Open a link for the ``with`` block; see :meth:`Link.open`.

    Raises:
        SourceUnavailable: If the server cannot be asked, or the connection is lost in
            the block.
    """
    try:
        link = await Link.open(address, program)
        try:
            yield link
        finally:
            await link.close()
    except (psycopg.Error, OSError) as error:
        raise unavailable(address, error) from error


def unavailable(address: Address, error: psycopg.Error | OSError) -> SourceUnavailable:
    """Return what callers get if *error* ended a connection."""
    text = error_text(error) if isinstance(error, psycopg.Error) else str(error)
    return SourceUnavailable(f"{address.name}: {text}")


def _conninfo(address: Address) -> str:
    """Return the address, so that of several servers the one that is written to is."""
    known = conninfo_to_dict(address.conninfo)
    defaults = {"target_session_attrs": "read-write"}
    return make_conninfo("", **defaults | known | {"connect_timeout": CONNECT_SECONDS})
