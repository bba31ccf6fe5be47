"""
Run MariaDB: a server of its own on a Unix socket, and a new database for each test.

Its data folder is empty at the start: without tables of users, every user may do all.
"""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pymysql
import pytest

from tests.integration.web_servers import until

__all__ = ["MariaDBServer", "mariadb_server"]

_SETTINGS = {
    "skip-networking": "ON", "skip-grant-tables": "ON", "log-warnings": "0",
    "innodb-flush-method": "nosync", "innodb-doublewrite": "0", "sync-frm": "OFF",
    "innodb-flush-log-at-trx-commit": "0", "innodb-log-file-size": "4M",
    "innodb-buffer-pool-size": "16M", "default-time-zone": "-05:00",
    "character-set-server": "utf8mb4", "collation-server": "utf8mb4_general_ci",
}  # fmt: skip
"""The collation is that of Debian's package: it ignores the case of letters. The zone is
west of UTC."""

_numbers = itertools.count(1)


class MariaDBServer:
    """
    A server with its data and its log in a folder.

    Attributes:
        socket: Its Unix socket.
    """

    def __init__(self, folder: Path) -> None:
        program = shutil.which("mariadbd", path=f"{os.environ['PATH']}:/usr/sbin")
        if program is None:
            pytest.skip("MariaDB is not installed; `make setup` installs it")
        self._program = program
        self._folder = folder
        self.socket = folder / "socket"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        (self._folder / "data").mkdir()
        files = {"datadir": self._folder / "data", "socket": self.socket}
        options = [f"--{name}={value}" for name, value in (_SETTINGS | files).items()]
        if os.geteuid() == 0:
            options.append("--user=root")
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, "--no-defaults", *options], stdout=log, stderr=log
            )
        until(self._answers, self._log)

    def stop(self) -> None:
        """Stop the server."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(60)

    def url(self, database: str) -> str:
        """Return the address of *database*."""
        return f"mysql+pymysql://ocsp@/{database}?unix_socket={self.socket}"

    def connect(
        self, database: str | None = None, *statements: str
    ) -> pymysql.Connection:
        """Return a connection to *database*, which first executes *statements*."""
        connection = pymysql.connect(
            unix_socket=str(self.socket),
            user="ocsp",
            database=database,
            autocommit=True,
        )
        for statement in statements:
            connection.cursor().execute(statement)
        return connection

    def new_database(self) -> str:
        """Return the name of a new empty database."""
        name = f"test_{next(_numbers)}"
        self.connect(None, f"CREATE DATABASE {name}").close()
        return name

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self._log()
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self.socket)) == 0

    def _log(self) -> str:
        return (self._folder / "log").read_text()[-2000:]


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[MariaDBServer]:
    """Run a server for all tests, which do not stop it."""
    with tempfile.TemporaryDirectory(prefix="ocsp-mariadb-") as name:
        server = MariaDBServer(Path(name))
        server.start()
        try:
            yield server
        finally:
            server.stop()
