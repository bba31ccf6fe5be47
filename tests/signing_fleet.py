"""Processes that sign ahead for one PostgreSQL database, and are killed meanwhile."""

from __future__ import annotations

import collections
import datetime
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import psycopg
from cryptography import x509

from ocsp.errors import BackendError
from ocsp.process_clock import ProcessClock
from ocsp.responder import Authority, DueAnswer, IssuerKey, NewAnswer, Responder
from ocsp.store import CertificateRow
from ocsp.store.postgresql import PostgreSQLStore
from ocsp.updater import Presigner
from tests.pki import NOW, ca, delegate_signer
from tests.unit.store.scene import SHA1

__all__ = ["ISSUERS", "Fleet", "History"]

ISSUERS = ("Test CA", "Other CA")
SIGN_SECONDS = 0.001
"""How long a signature takes: so that processes are killed while they sign."""


class _Logging:
    """
    A responder that notes each signature that it begins, and takes its time.

    It has a responder, and is none, because no class can inherit from a compiled one.
    """

    def __init__(self, responder: Responder, log: Path) -> None:
        self._responder = responder
        self._log = os.open(log, os.O_WRONLY | os.O_APPEND)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._responder, name)

    def presign(self, due: DueAnswer, now: datetime.datetime) -> NewAnswer:
        """Sign."""
        issuer = due.query.issuer.name_hash[:2].hex()
        line = f"{issuer} {due.query.serial_number} {due.version}\n"
        os.write(self._log, line.encode())
        time.sleep(SIGN_SECONDS)
        return self._responder.presign(due, now)


def _work(url: str, log: Path) -> None:
    """Sign for both issuers until the process is killed."""
    authorities = [Authority(ca(name), [delegate_signer(name)]) for name in ISSUERS]
    responder = _Logging(Responder(authorities), log)
    with PostgreSQLStore(url) as store:
        presigner = Presigner(
            responder, authorities, store, forms=[SHA1],
            clock=ProcessClock(lambda: NOW, lambda: 0.0),
        )  # fmt: skip
        while True:
            try:
                presigner.sign_round()
            except BackendError:  # its claim was taken from it
                presigner.forget()
            time.sleep(0.01)


class Fleet:
    """Some signing processes."""

    def __init__(self, url: str, log: Path, size: int) -> None:
        """Start *size* processes."""
        self._arguments = (url, log)
        # Forked: they begin at once, with the keys of the tests.
        self._context = multiprocessing.get_context("fork")
        self.processes = [self._start() for _ in range(size)]

    def _start(self) -> BaseProcess:
        process = self._context.Process(target=_work, args=self._arguments, daemon=True)
        process.start()
        return process

    def replace(self, number: int) -> None:
        """Kill a process without a warning, and start another one in its place."""
        self.processes[number].kill()
        self.processes[number].join()
        self.processes[number] = self._start()

    def send(self, number: int, what: signal.Signals) -> None:
        """Send a signal to a process."""
        pid = self.processes[number].pid
        assert pid is not None
        os.kill(pid, what)

    def stop(self) -> None:
        """Kill all."""
        for process in self.processes:
            process.kill()
            process.join()


class History:
    """What is in the database, and what was signed."""

    def __init__(self, url: str, log: Path, certificates: int) -> None:
        """Make *certificates* for each issuer, whose answers are due."""
        self.url = url
        self.log = log
        self.waits: list[float] = []
        self._serials = list(range(1, certificates + 1))
        log.touch()
        with PostgreSQLStore(url, create=True) as store:
            for name in ISSUERS:
                store.add_signer(delegate_signer(name).certificate)
                store.sign_ahead(ca(name), [SHA1])
                rows = [CertificateRow(serial_number=each) for each in self._serials]
                store.import_rows(ca(name), rows, digest=bytes(32), done=len(rows))
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("ANALYZE")

    @contextmanager
    def fleet(self, size: int) -> Iterator[Fleet]:
        """Yield *size* processes that sign."""
        fleet = Fleet(self.url, self.log, size)
        try:
            yield fleet
        finally:
            fleet.stop()

    def revoke(self, numbers: random.Random, count: int) -> None:
        """Revoke *count* certificates, and note how long each revocation takes."""
        with PostgreSQLStore(self.url) as store:
            for _ in range(count):
                issuer, serial = numbers.choice(ISSUERS), numbers.choice(self._serials)
                begun = time.monotonic()
                store.revoke(ca(issuer), serial, NOW, x509.ReasonFlags.superseded)
                self.waits.append(time.monotonic() - begun)

    def is_done(self) -> bool:
        """Return whether nothing is due, and no change is open."""
        now = int(NOW.timestamp())
        with PostgreSQLStore(self.url) as store:
            return not any(
                store.has_due(IssuerKey.of(ca(name)), now) for name in ISSUERS
            )

    def wait_until_done(self, seconds: float = 60.0) -> None:
        """Wait until everything is signed."""
        deadline = time.monotonic() + seconds
        while not self.is_done():
            assert time.monotonic() < deadline, "not everything is signed"
            time.sleep(0.05)

    def unsigned(self) -> tuple[int, int, int]:
        """Return how many answers are missed or stale, and how many events are open."""
        with psycopg.connect(self.url) as connection:
            row = connection.execute(
                "SELECT (SELECT count(*) FROM certificate) -"
                " (SELECT count(*) FROM answer WHERE tbs IS NOT NULL),"
                " (SELECT count(*) FROM answer JOIN certificate"
                " USING (issuer_id, serial) WHERE answer.version <> certificate.version),"
                " (SELECT count(*) FROM event WHERE due IS NOT NULL)"
            ).fetchone()
        assert row is not None
        return row[0], row[1], row[2]

    def signed_again(self) -> int:
        """Return how many signatures were made of a status that was signed already."""
        made = collections.Counter(self.log.read_text().splitlines())
        return sum(made.values()) - len(made)
