"""Run ``ocsp serve`` with few files or many, for tests that attack it."""

from __future__ import annotations

import datetime
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from ocsp.store import SQLiteStore
from tests.pki import key, make
from tests.unit.server.scene import GOOD, HOUR, bodies, post, status_of
from tests.unit.server.scene import request as request_for

__all__ = ["FILES", "Served", "read_all", "serve_with_files"]

FILES = 256
"""The limit of open files: a process cannot keep a connection for each client."""


class Served:
    """A running responder."""

    def __init__(self, process: subprocess.Popen[str], port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self.log = log

    def connect(self) -> socket.socket:
        """Connect."""
        return socket.create_connection(("127.0.0.1", self.port), 60)

    def status(self) -> str:
        """Ask as any other client does, and return the status."""
        with self.connect() as connection:
            connection.sendall(post(request_for(GOOD), "Connection: close\r\n"))
            (body,) = bodies(read_all(connection))
        return status_of(body)

    def memory(self) -> int:
        """Return the resident memory of all processes, in MiB."""
        found = [self.process.pid]
        for each in found:
            children = Path(f"/proc/{each}/task/{each}/children").read_text()
            found += map(int, children.split())
        pages = [
            int(Path(f"/proc/{each}/statm").read_text().split()[1]) for each in found
        ]
        return sum(pages) * resource.getpagesize() >> 20


def read_all(connection: socket.socket) -> bytes:
    """Return what arrives until the server ends the connection."""
    received = b""
    while part := connection.recv(65536):
        received += part
    return received


@contextmanager
def serve_with_files(folder: Path, files: int = FILES) -> Iterator[Served]:
    """Run a responder with one good certificate in *folder*, which opens *files*."""
    now = datetime.datetime.now(datetime.UTC)
    issuer = make(
        "Test CA", "Test CA", begin=now - HOUR, end=now + 240 * HOUR,
        extensions=[x509.BasicConstraints(ca=True, path_length=None)],
    )  # fmt: skip
    (folder / "ca.pem").write_bytes(issuer.public_bytes(Encoding.PEM))
    (folder / "ca.key").write_bytes(
        key("Test CA").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    with SQLiteStore(folder / "status.db", create=True) as store:
        store.add(issuer, GOOD)
    command = [
        "bash", "-c", f'ulimit -n {files}; exec "$@"', "limited",
        sys.executable, "-m", "ocsp", "serve", "--issuer", "ca.pem", "--key", "ca.key",
        "--db", "status.db", "--port", "0",
    ]  # fmt: skip
    log = folder / "log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=folder,
        )  # fmt: skip
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        port = int(line.split("127.0.0.1:")[1].split("/")[0])
        served = Served(process, port, log)
        served.status()
        yield served
    finally:
        process.terminate()
        process.wait(20)
        if process.stdout is not None:
            process.stdout.close()
