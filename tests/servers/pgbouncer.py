"""Run PgBouncer, which gives each transaction another connection to PostgreSQL."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.integration.web_servers import until
from tests.servers.postgresql import PostgreSQLServer

__all__ = ["pgbouncer", "pooling"]

_PORT = 6432
_CONFIGURATION = """
[databases]
* = host={server} user=ocsp
[pgbouncer]
pool_mode = transaction
auth_type = any
listen_addr =
listen_port = {port}
unix_socket_dir = {folder}
default_pool_size = 4
server_idle_timeout = 1
"""


@contextmanager
def pooling(server: PostgreSQLServer) -> Iterator[Callable[[str], str]]:
    """Pool the connections to *server*; yield what gives the address of a database."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("PgBouncer is not installed; `make setup` installs it")
    user = "postgres" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="ocsp-pgbouncer-") as name:
        folder = Path(name)
        settings = folder / "pgbouncer.ini"
        settings.write_text(
            _CONFIGURATION.format(server=server.folder, port=_PORT, folder=folder)
        )
        if user is not None:
            for path in (folder, settings):
                shutil.chown(path, user)
        log = folder / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [program, settings],
                user=user,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

        def address(database: str) -> str:
            return f"postgresql://ocsp@/{database}?host={folder}&port={_PORT}"

        def answers() -> bool:
            assert process.poll() is None, log.read_text()
            try:
                psycopg.connect(address("postgres")).close()
            except psycopg.OperationalError:
                return False
            return True

        try:
            until(answers, log.read_text)
            yield address
        finally:
            process.kill()
            process.wait(60)


@pytest.fixture(scope="session")
def pgbouncer(postgresql_server: PostgreSQLServer) -> Iterator[Callable[[str], str]]:
    """Pool the connections to the server of all tests."""
    with pooling(postgresql_server) as address:
        yield address
