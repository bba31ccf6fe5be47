"""A real ``ocsp serve`` in a process of its own, its log, and clients that ask it."""

from __future__ import annotations

import contextlib
import http.client
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import urllib.parse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp

__all__ = ["Load", "Service", "ask", "running", "serving"]

PROGRAM = [sys.executable, "-P", "-m", "ocsp"]
SECONDS = 60.0
"""How long to wait for what has to happen: on a busy machine a fleet starts in 40 s."""


class Service:
    """
    A running ``ocsp serve``.

    Attributes:
        process: Its supervisor.

        urls: The URLs that it printed.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.log: list[str] = []
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.urls: list[str] = []

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._lines.put(line)
        self._lines.put("")

    @property
    def url(self) -> str:
        """The first URL."""
        return self.urls[0]

    def read_url(self) -> str:
        """Return the next URL that it prints."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "".join(self.rest())
        self.urls.append(line.split()[0])
        return self.urls[-1]

    def wait_for(self, words: str) -> str:
        """Return the next line of the log with *words*."""
        end = time.monotonic() + SECONDS
        while True:
            line = self._lines.get(timeout=max(0.01, end - time.monotonic()))
            self.log.append(line)
            assert line, f"the log ended without {words!r}: {''.join(self.log)}"
            if words in line:
                return line

    def rest(self) -> list[str]:
        """Return all lines of the log, after the process has ended."""
        self._reader.join(SECONDS)
        while not self._lines.empty():
            self.log.append(self._lines.get())
        return self.log

    def children(self) -> dict[str, int]:
        """Return the processes of the supervisor: their ids, by name."""
        pid = self.process.pid
        found = {}
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            with contextlib.suppress(OSError):
                words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
                if b"ocsp.service.processes" in words:
                    found[
                        words[words.index(b"ocsp.service.processes") + 2].decode()
                    ] = int(child)
        return found

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Stop it, and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(SECONDS)


@contextlib.contextmanager
def running(
    command: Sequence[str | Path],
    folder: Path,
    *,
    environment: dict[str, str] | None = None,
    pass_fds: Sequence[int] = (),
) -> Iterator[Service]:
    """Run *command* in *folder* while the ``with`` block runs."""
    with subprocess.Popen(
        list(map(str, command)),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"} | (environment or {}),
        pass_fds=pass_fds,
    ) as process:
        service = Service(process)
        try:
            yield service
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()


@contextlib.contextmanager
def serving(folder: Path, *, urls: int = 1) -> Iterator[Service]:
    """
    Run ``ocsp serve --config ocsp.toml`` in *folder*, and wait until it answers.

    Args:
        folder: The folder.

        urls: How many URLs it prints.
    """
    command = [*PROGRAM, "serve", "--config", "ocsp.toml"]
    with running(command, folder) as service:
        for _ in range(urls):
            service.read_url()
        service.wait_for("the responder is ready")
        yield service


def request_for(certificate: x509.Certificate, issuer: x509.Certificate) -> bytes:
    """Return a request for *certificate*."""
    builder = ocsp.OCSPRequestBuilder().add_certificate(
        certificate, issuer, hashes.SHA256()
    )
    return builder.build().public_bytes(Encoding.DER)


def ask(
    url: str, request: bytes, connection: http.client.HTTPConnection | None = None
) -> ocsp.OCSPResponse:
    """Return the response to *request*, by POST."""
    parts = urllib.parse.urlsplit(url)
    asked = connection or http.client.HTTPConnection(parts.netloc, timeout=SECONDS)
    headers = {"Content-Type": "application/ocsp-request"}
    asked.request("POST", parts.path or "/", request, headers)
    reply = asked.getresponse()
    body = reply.read()
    assert reply.status == 200, reply.status
    if connection is None:
        asked.close()
    return ocsp.load_der_ocsp_response(body)


class Load:
    """
    Clients that ask without pause, each over a connection that it keeps.

    Attributes:
        answers: How many good answers came.

        failures: What else happened.
    """

    def __init__(self, url: str, request: bytes, clients: int) -> None:
        self.answers = 0
        self.failures: list[BaseException] = []
        self._url = url
        self._request = request
        self._stop = threading.Event()
        self._more = threading.Condition()
        self._threads = [threading.Thread(target=self._ask) for _ in range(clients)]

    def _ask(self) -> None:
        netloc = urllib.parse.urlsplit(self._url).netloc
        connection = http.client.HTTPConnection(netloc, timeout=SECONDS)
        try:
            while not self._stop.is_set():
                response = ask(self._url, self._request, connection)
                assert response.certificate_status is ocsp.OCSPCertStatus.GOOD
                with self._more:
                    self.answers += 1
                    self._more.notify_all()
        except BaseException as error:
            self.failures.append(error)
        finally:
            connection.close()

    def wait_for_more(self, answers: int = 100) -> None:
        """Wait until so many more answers have come."""
        with self._more:
            wanted = self.answers + answers
            assert self._more.wait_for(
                lambda: self.answers >= wanted or self.failures, SECONDS
            )

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(SECONDS)
