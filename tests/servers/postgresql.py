"""
Run PostgreSQL: a server of its own on a Unix socket, and a new database for each test.

The server refuses to run as root, so root starts it as the user ``postgres``.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg
import pytest

from tests.integration.web_servers import until

__all__ = [
    "PostgreSQLServer",
    "postgresql_database",
    "postgresql_programs",
    "postgresql_server",
    "postgresql_url",
    "server_folder",
]

_SETTINGS = {
    "listen_addresses": "", "fsync": "off", "full_page_writes": "off",
    "max_connections": "60", "shared_buffers": "32MB", "log_statement": "none",
    "wal_retrieve_retry_interval": "200ms",
}  # fmt: skip
_USER = "ocsp"
_numbers = itertools.count(1)


def postgresql_programs() -> Path:
    """Return the folder with the programs of the newest installed PostgreSQL."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not folders:
        pytest.skip("PostgreSQL is not installed; `make setup` installs it")
    return folders[-1]


@contextlib.contextmanager
def server_folder() -> Iterator[Path]:
    """
    Yield a new folder that the user of the server may enter.

    Those of pytest are for one user only: each run takes the permission from others.
    """
    with tempfile.TemporaryDirectory(prefix="ocsp-postgresql-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


class PostgreSQLServer:
    """
    A server with its data in a folder.

    Attributes:
        folder: The folder with the data, the log and the socket.

        process: The server, or ``None`` while it is stopped.
    """

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, str] | None = None,
        *,
        primary: PostgreSQLServer | None = None,
    ) -> None:
        """
        Make the data in *folder*, in a folder of :func:`server_folder`.

        With *primary*, they are a copy of its data, which follows them.
        """
        self._programs = postgresql_programs()
        self._user = "postgres" if os.geteuid() == 0 else None
        self._settings = _SETTINGS | dict(settings or {})
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        folder.mkdir(exist_ok=True)
        if self._user is not None:
            shutil.chown(folder, self._user)
        if primary is None:
            self.run("initdb", "-D", self.data, "-A", "trust", "-N", "-U", _USER)
        else:
            source = ("-h", primary.folder, "-U", _USER)
            self.run("pg_basebackup", *source, "-D", self.data, "-R", "-c", "fast")

    def standby(self, folder: Path) -> PostgreSQLServer:
        """Start a server that follows this one, with its data in *folder*."""
        standby = PostgreSQLServer(folder, primary=self)
        standby.start()
        return standby

    def promote(self) -> None:
        """Let a standby become a primary server, and wait until it is one."""
        self.run("pg_ctl", "promote", "-w", "-D", self.data)

    @property
    def data(self) -> Path:
        """The folder of the data."""
        return self.folder / "data"

    def url(self, database: str = "postgres", user: str = _USER) -> str:
        """Return the address of *database*."""
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def run(self, program: str, *arguments: object) -> str:
        """Run one of the programs of PostgreSQL, and return what it prints."""
        done = subprocess.run(
            [str(self._programs / program), *map(str, arguments)],
            check=False, capture_output=True, text=True, user=self._user,
            cwd=self.folder, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        options = [
            word for name, value in (
                self._settings | {"unix_socket_directories": str(self.folder)}
            ).items() for word in ("-c", f"{name}={value}")
        ]  # fmt: skip
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(self._programs / "postgres"), "-D", str(self.data), *options],
                stdout=log, stderr=log, user=self._user, cwd=self.folder,
            )  # fmt: skip
        until(self._answers, self._log)

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self._log()
        try:
            psycopg.connect(self.url()).close()
        except psycopg.OperationalError:
            return False
        return True

    def _log(self) -> str:
        return (self.folder / "log").read_text()[-2000:]

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: at once, or as a crash does with ``SIGQUIT``."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(60)
            self.process = None

    def pause(self) -> None:
        """Let the server hang, with all its processes."""
        self._send(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a server go on that hangs."""
        self._send(signal.SIGCONT)

    def _send(self, how: signal.Signals) -> None:
        assert self.process is not None
        pid = self.process.pid
        self.process.send_signal(how)  # first, so that it starts no further process
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            os.kill(int(child), how)

    def execute(self, database: str, *statements: str) -> None:
        """Run statements in *database*, each by itself."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def new_database(self, options: str = "") -> str:
        """Return the name of a new empty database, made with *options*."""
        name = f"test_{next(_numbers)}"
        self.execute("postgres", f"CREATE DATABASE {name} TEMPLATE template0 {options}")
        return name


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgreSQLServer]:
    """Run a server for all tests, which do not stop it."""
    with server_folder() as folder:
        server = PostgreSQLServer(folder / "main")
        server.start()
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture
def postgresql_database(postgresql_server: PostgreSQLServer) -> Iterator[str]:
    """
    Yield the name of a new empty database, and drop it at the end.

    Hundreds of them have a hundred thousand files, whose removal took a minute.
    """
    name = postgresql_server.new_database()
    yield name
    postgresql_server.execute(
        "postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"
    )


@pytest.fixture
def postgresql_url(
    postgresql_server: PostgreSQLServer, postgresql_database: str
) -> str:
    """Return the address of a new empty database."""
    return postgresql_server.url(postgresql_database)
