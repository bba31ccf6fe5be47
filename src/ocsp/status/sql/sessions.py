"""Prepare each new session with a database server: readable times, in UTC."""

from __future__ import annotations

from typing import Any

import sqlalchemy

__all__ = ["prepare_sessions"]

_IN_UTC = {
    "postgresql": "SET TIME ZONE 'UTC'",
    "mysql": "SET time_zone = '+00:00'",
    "mariadb": "SET time_zone = '+00:00'",
}
"""
The statement by the kind of database. Without it, MySQL converts TIMESTAMP into the
zone of the session and does not say which one; PostgreSQL moves the year 1, which
stands for *no time*, into the year before, which no driver can read.
"""


def prepare_sessions(engine: sqlalchemy.Engine) -> None:
    """Prepare each session that *engine* begins, before its first question."""
    statement = _IN_UTC.get(engine.dialect.name)
    if statement is None:
        return

    def prepare(connection: Any, _: object) -> None:  # the drivers have no common type
        cursor = connection.cursor()
        cursor.execute(statement)
        cursor.close()
        if engine.dialect.driver == "psycopg":
            _read_odd_times_as_text(connection)

    sqlalchemy.event.listen(engine, "connect", prepare)


def _read_odd_times_as_text(connection: Any) -> None:
    """
    Let psycopg return a time that Python cannot have as the text of PostgreSQL.

    Else *infinity* in one row is an error for all rows of the answer.
    """
    from psycopg import DataError
    from psycopg.types.datetime import TimestampLoader, TimestamptzLoader

    def tolerant(base: type[Any]) -> type[Any]:
        class Tolerant(base):  # type: ignore[misc]
            def load(self, data: Any) -> object:
                try:
                    return super().load(data)
                except DataError:
                    return bytes(data).decode()

        return Tolerant

    connection.adapters.register_loader("timestamp", tolerant(TimestampLoader))
    connection.adapters.register_loader("timestamptz", tolerant(TimestamptzLoader))
