"""Run PgBouncer, which gives each transaction another connection to PostgreSQL."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.integration.web_servers import until
from tests.servers.postgresql import PostgreSQLServer

__all__ = ["pooling"]

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
"""


@contextmanager
def pooling(server: PostgreSQLServer, database: str) -> Iterator[str]:
    """Pool the connections to *server*; yield the address of *database* there."""
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
        url = f"postgresql://ocsp@/{database}?host={folder}&port={_PORT}"

        def answers() -> bool:
            assert process.poll() is None, log.read_text()
            try:
                psycopg.connect(url).close()
            except psycopg.OperationalError:
                return False
            return True

        try:
            until(answers, log.read_text)
            yield url
        finally:
            process.kill()
            process.wait(60)
