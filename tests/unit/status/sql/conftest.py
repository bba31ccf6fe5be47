"""A new database on a server, for a test of the sources that read it."""

from __future__ import annotations

import psycopg
import pytest

from tests.servers.mariadb import MariaDBServer
from tests.servers.postgresql import PostgreSQLServer
from tests.unit.status.sql.server_tables import NewPlace, Place


@pytest.fixture
def new_place(request: pytest.FixtureRequest) -> NewPlace:
    """Return a function that makes a database on the server with a name."""

    def postgresql() -> Place:
        server: PostgreSQLServer = request.getfixturevalue("postgresql_server")
        name: str = request.getfixturevalue("postgresql_database")
        server.execute(
            "postgres", f"ALTER DATABASE {name} SET timezone = 'America/New_York'"
        )
        url = server.url(name)
        return Place(
            url=url.replace(":", "+psycopg:", 1),
            connect=lambda: psycopg.connect(url, autocommit=True),
            utc="SET TIME ZONE 'UTC'",
            go=("postgres", f"{url}&sslmode=disable"),
        )

    def mariadb() -> Place:
        server: MariaDBServer = request.getfixturevalue("mariadb_server")
        name = server.new_database()
        return Place(
            url=server.url(name),
            connect=lambda: server.connect(name),
            utc="SET time_zone = '+00:00'",
            go=("mysql", f"ocsp@unix({server.socket})/{name}?parseTime=true"),
        )

    made = {"postgresql": postgresql, "mariadb": mariadb}
    return lambda server: made[server]()
