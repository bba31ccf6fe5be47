"""Read from a database with SQLAlchemy, and never from a file that is gone."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from ocsp.errors import ConfigError, SourceUnavailable, UnreadableFile
from ocsp.guarded.files import file_state, require_database
from ocsp.status.sql.sessions import prepare_sessions

__all__ = ["Database", "Question"]

Question = tuple[sqlalchemy.Select[Any], Mapping[str, object]]
"""A statement and its parameters."""

_CONNECT_SECONDS = 5
"""How long a connection attempt may take, where the driver can be told."""

_TELLS = frozenset({"psycopg", "psycopg2", "pymysql", "mysqldb", "mysqlconnector"})
"""Drivers that take connect_timeout."""

_FILLED = 1042
"""The number of the type CHAR(n) in PostgreSQL, which fills each text with blanks that
mean nothing. MySQL takes them away itself. In other types blanks at the end count."""

_POSTGRESQL = frozenset({"psycopg", "psycopg2"})
"""Drivers that take client_encoding: without it they cannot read text in SQL_ASCII."""


class Database:
    """A database that statements are read from."""

    def __init__(self, url: str, connections: int) -> None:
        """
        Connect to nothing yet.

        Args:
            url: The URL, in the form of SQLAlchemy.

            connections: How many connections at most.

        Raises:
            ConfigError: If the URL is malformed, or its driver is not installed.
        """
        self._file: Path | None = None
        try:
            parsed = make_url(url)
            self._engine = self._made(parsed, connections)
        except ConfigError:
            raise
        except (ArgumentError, NoSuchModuleError, ValueError) as error:
            # The error of SQLAlchemy may have the password.
            raise ConfigError("url", "is not a URL of a database") from error
        except ModuleNotFoundError as error:
            raise ConfigError(
                "url", f"needs the Python module {error.name}; install it"
            ) from error
        self.name = parsed.render_as_string(hide_password=True)

    def _made(self, url: URL, connections: int) -> sqlalchemy.Engine:
        if url.get_backend_name() == "sqlite":
            if not url.database or url.database == ":memory:":
                raise ConfigError("url", "names no file")
            self._file = Path(url.database)
            # A new connection for each batch sees that the file was replaced.
            return sqlalchemy.create_engine(
                "sqlite://", creator=self._open_file, poolclass=NullPool
            )
        arguments: dict[str, Any] = {}
        driver = url.get_driver_name()
        if driver in _TELLS:
            arguments["connect_timeout"] = _CONNECT_SECONDS
        if driver in _POSTGRESQL:
            arguments["client_encoding"] = url.query.get("client_encoding", "UTF8")
        engine = sqlalchemy.create_engine(
            url,
            pool_size=connections,
            max_overflow=0,
            connect_args=arguments,
            isolation_level="AUTOCOMMIT",  # each statement is one question
        )
        prepare_sessions(engine)
        return engine

    def _open_file(self) -> sqlite3.Connection:
        path = str(self._file)
        return sqlite3.connect(
            f"file:{quote(path)}?mode=ro", uri=True, check_same_thread=False
        )

    def read(self, questions: Sequence[Question]) -> list[list[Mapping[str, object]]]:
        """
        Return the rows of each of *questions*, in order, from one connection.

        Raises:
            SourceUnavailable: If the database cannot be read now.
        """
        self._require_file()
        try:
            try:
                return self._read(questions)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                return self._read(questions)  # the database was restarted
        except (SQLAlchemyError, sqlite3.Error, OSError, ValueError) as error:
            reason = getattr(error, "orig", None) or error
            text = str(reason).partition("\n")[0] or type(reason).__name__
            raise SourceUnavailable(f"{self.name}: {text}") from error

    def _read(self, questions: Sequence[Question]) -> list[list[Mapping[str, object]]]:
        with self._engine.connect() as connection:
            return [
                _rows(connection.execute(statement, given))
                for statement, given in questions
            ]

    def _require_file(self) -> None:
        if self._file is not None:
            try:
                file_state(self._file)
                require_database(self._file)
            except UnreadableFile as error:
                raise SourceUnavailable(str(error)) from error

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def _rows(result: sqlalchemy.CursorResult[Any]) -> list[Mapping[str, object]]:
    """Return the rows of *result*, in which no blanks fill the text of CHAR(n)."""
    described = zip(result.keys(), result.cursor.description, strict=True)
    filled = {name for name, (_, kind, *_) in described if kind == _FILLED}
    return [
        {
            name: _unfilled(value) if name in filled else value
            for name, value in row.items()
        }
        for row in result.mappings()
    ]


def _unfilled(value: object) -> object:
    return value.rstrip(" ") if isinstance(value, str) else value
