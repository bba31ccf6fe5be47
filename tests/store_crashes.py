"""
Kill processes that revoke, import and sign, and check what they leave.

The processes write to one status file, and tell through a pipe what was acknowledged to
them. After each kill the file must have all of that, and nothing that contradicts it.
"""

from __future__ import annotations

import itertools
import multiprocessing
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path

from cryptography import x509

from ocsp import OCSPCertStatus
from ocsp.responder import CertIDForm, IssuerKey, StatusQuery
from ocsp.store import CertificateRow, SQLiteStore
from tests.pki import NOW, ca
from tests.unit.store.scene import added_in, signed_due

STOLEN = x509.ReasonFlags.key_compromise
PRESENT = 2000
"""Certificates that are there from the begin, to be revoked and signed."""

BATCH = 50
DIGEST = bytes(32)


def _revoke(path: Path, acknowledged: Connection, seed: int) -> None:
    numbers = random.Random(seed)
    with SQLiteStore(path) as store:
        while True:
            serial = numbers.randint(1, PRESENT)
            store.revoke(ca(), serial)
            acknowledged.send(serial)


def _import(path: Path, acknowledged: Connection, _: int) -> None:
    issuer = ca("Other CA")
    with SQLiteStore(path) as store:
        while True:
            done = store.imported_rows(IssuerKey.of(issuer), DIGEST)
            rows = [CertificateRow(serial_number=n) for n in range(done, done + BATCH)]
            store.import_rows(issuer, rows, digest=DIGEST, done=done + BATCH)
            acknowledged.send(done + BATCH)


def _sign(path: Path, acknowledged: Connection, _: int) -> None:
    """Sign what is due; an answer contains the status that it was made from."""
    key = IssuerKey.of(ca())
    with SQLiteStore(path) as store:
        for turn in itertools.count():
            now = int(NOW.timestamp()) + turn
            due = store.due_answers(key, now + 2000, 100)
            new = [
                signed_due(each, now=now, tbs=each.record.status.name.encode())
                for each in due
            ]
            store.store_answers(new, now + 2000)
            acknowledged.send(len(new))


WORK = (_revoke, _import, _sign)


class Crashes:
    """A status file, and what was acknowledged about it."""

    def __init__(self, path: Path, seed: int) -> None:
        """Make the file."""
        self.path = path
        self.numbers = random.Random(seed)
        self.revoked: set[int] = set()
        self.imported = 0
        self.kills = 0
        with SQLiteStore(path, create=True) as store:
            store.add_signer(ca())
            for issuer in (ca(), ca("Other CA")):
                store.sign_ahead(issuer, [CertIDForm.SHA1])
            rows = [CertificateRow(serial_number=n) for n in range(1, PRESENT + 1)]
            store.import_rows(ca(), rows, digest=bytes(31) + b"1", done=PRESENT)

    def run(self, kills: int, longest: float) -> None:
        """
        Kill *kills* processes, one after the other, and check the file after each.

        Args:
            kills: How many.

            longest: The most seconds between two kills.
        """
        running = [self._start(work) for work in WORK]
        try:
            for _ in range(kills):
                time.sleep(self.numbers.uniform(0.01, longest))
                victim = self.numbers.randrange(len(WORK))
                self._kill(running[victim])
                self._note(WORK[victim], running[victim][1])
                self.kills += 1
                running[victim] = self._start(WORK[victim])
        finally:
            for each in running:
                self._kill(each)
        for work, (_, pipe) in zip(WORK, running, strict=True):
            self._note(work, pipe)
        self.check()

    def _start(
        self, work: Callable[[Path, Connection, int], None]
    ) -> tuple[multiprocessing.process.BaseProcess, Connection]:
        # The certificates of the tests are made in this process.
        context = multiprocessing.get_context("fork")
        mine, theirs = context.Pipe(duplex=False)
        seed = self.numbers.getrandbits(32)
        process = context.Process(target=work, args=(self.path, theirs, seed))
        process.start()
        theirs.close()
        return process, mine

    @staticmethod
    def _kill(running: tuple[multiprocessing.process.BaseProcess, Connection]) -> None:
        process, _ = running
        process.kill()
        process.join()

    def _note(self, work: object, pipe: Connection) -> None:
        for value in _received(pipe):
            if work is _revoke:
                self.revoked.add(value)
            elif work is _import:
                self.imported = max(self.imported, value)

    def check(self) -> None:
        """Compare the file with what was acknowledged."""
        connection = sqlite3.connect(self.path)
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        without_work = connection.execute(
            "SELECT count(*) FROM certificate WHERE NOT EXISTS (SELECT 1 FROM answer"
            " WHERE answer.issuer_id = certificate.issuer_id"
            " AND answer.serial = certificate.serial)"
        ).fetchone()
        assert without_work == (0,)
        changes = connection.execute(
            "SELECT count(*) FROM event WHERE action = 'changed'"
            " GROUP BY issuer_id, serial HAVING count(*) <> max(version) - 1"
        ).fetchall()
        assert changes == []
        (count,) = connection.execute("SELECT count(*) FROM certificate").fetchone()
        connection.close()
        with SQLiteStore(self.path) as store:
            self._check_status(store)
            self._check_import(store)
            assert added_in(store.events()) == count

    def _check_status(self, store: SQLiteStore) -> None:
        key = IssuerKey.of(ca())
        for serial in range(1, PRESENT + 1):
            query = StatusQuery(key, serial)
            found = store.look_up_with_answer(query, CertIDForm.SHA1)
            assert found is not None
            answer = store.look_up_answer(query, CertIDForm.SHA1)
            assert (answer and answer.answer) == found.stored
            if serial in self.revoked:
                assert found.record.status is OCSPCertStatus.REVOKED
            if found.stored is not None:
                assert found.stored.tbs == found.record.status.name.encode()

    def _check_import(self, store: SQLiteStore) -> None:
        key = IssuerKey.of(ca("Other CA"))
        done = store.imported_rows(key, DIGEST)
        assert done >= self.imported
        assert sum(1 for _ in store.entries(key)) == done


def _received(pipe: Connection) -> Iterator[int]:
    """Yield what a process sent before it was killed, also in the middle of a value."""
    while True:
        try:
            if not pipe.poll(0):
                return
            yield pipe.recv()
        except (EOFError, OSError):
            return
