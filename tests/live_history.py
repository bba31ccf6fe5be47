"""
Record the history of a running ``ocsp serve``: a writer, clients, and faults.

The writer changes statuses in the database, and knows when all workers have
acknowledged each change. Clients ask without pause, by GET and POST, over connections
that they keep or close. :mod:`tests.history` checks what they got.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import http.client
import json
import math
import random
import re
import subprocess
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterable, Iterator, Sequence
from email.utils import parsedate_to_datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp import CertID, OCSPResponseStatus
from ocsp.http import get_url
from ocsp.responder import CertIDForm, IssuerKey, StatusQuery
from ocsp.store import CertificateRow, SQLiteStore
from tests.ca_folder import CAFolder
from tests.history import (
    GOOD,
    Change,
    Fault,
    History,
    Lost,
    Received,
    Status,
    faults_of,
)
from tests.integration.services import PROGRAM, Service, running

__all__ = ["STOLEN", "LiveHistory", "connections_to_workers"]

TRY_LATER = frozenset({OCSPResponseStatus.TRY_LATER})
HOLD = x509.ReasonFlags.certificate_hold
STOLEN = x509.ReasonFlags.key_compromise
FORMS: dict[CertIDForm, HashAlgorithm] = {
    CertIDForm.SHA1: SHA1(),
    CertIDForm.SHA256: SHA256(),
}
SECONDS = 20.0
"""How long a client waits for an answer, and the writer for an acknowledgement."""

IMPORTED_ROWS = 5000
"""Rows of a file to import: several batches, so that a kill comes between them."""

LOG_LINES = 300
"""The last lines of the log of the service, which a failed test shows."""

_ESTABLISHED = "01"
"""The state of a connection in /proc/net/tcp."""

RESET = (ConnectionError, http.client.HTTPException, OSError)
"""What a client of a killed worker gets; it connects again."""


class LiveHistory:
    """
    A running service, its writer and its clients, and what was recorded of them.

    Attributes:
        waits: Whether the writer waits until all processes have acknowledged a change.
    """

    def __init__(
        self, folder: Path, seed: int, *, settings: str = "", certificates: int = 30
    ) -> None:
        """
        Make the files of a service with two workers.

        Args:
            folder: Where.

            seed: Decides what happens.

            settings: More lines for the configuration.

            certificates: How many there are at the begin.
        """
        self.numbers = random.Random(seed)
        self.files = CAFolder(folder)
        self.files.write(
            "ocsp.toml",
            self.files.settings(
                top=f'workers = 2\nanswers = {{ validity = "10m" }}\n{settings}'
            ),
        )
        self.path = folder / "status.db"
        self.issuer = self.files.ca.certificate
        self.serials = [1000 + n for n in range(certificates)]
        self._last_serial = self.serials[-1]
        self._imported: list[int] = []
        with SQLiteStore(self.path) as store:
            for serial in self.serials:
                store.add(self.issuer, serial)
        self.changes: list[Change] = []
        self.answers: list[Received] = []
        self.lost: list[Lost] = []
        self.faults: list[Fault] = []
        self.failures: list[BaseException] = []
        self.writing = threading.Lock()
        self._on_hold: set[int] = set()
        self._revoked: set[int] = set()
        self.waits = True
        self._stop = threading.Event()
        self._verified: set[tuple[bytes, int]] = set()

    # --- the service ------------------------------------------------------------------

    @contextlib.contextmanager
    def serving(
        self,
        *,
        environment: dict[str, str] | None = None,
        clients: int = 3,
        is_writing: bool = True,
    ) -> Iterator[Service]:
        """
        Run the service with a writer and clients while the ``with`` block runs.

        Args:
            environment: Variables for the processes of the service.

            clients: How many clients ask.

            is_writing: Whether the writer changes statuses.
        """
        command = [*PROGRAM, "serve", "--config", "ocsp.toml"]
        with (
            contextlib.ExitStack() as ended,
            running(command, self.files.folder, environment=environment) as service,
        ):
            ended.callback(lambda: print(*service.rest()[-LOG_LINES:], sep=""))
            service.read_url()
            service.wait_for("the responder is ready")
            work = [self._asker(service.url, n) for n in range(clients)]
            if is_writing:
                work.append(self._write)
            threads = [threading.Thread(target=self._guard, args=(w,)) for w in work]
            for thread in threads:
                thread.start()
            try:
                yield service
            finally:
                self._stop.set()
                for thread in threads:
                    thread.join(2 * SECONDS)

    def _guard(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            self.failures.append(error)

    def wait_for_answers(self, number: int) -> None:
        """Wait until clients have got so many more answers."""
        wanted = len(self.answers) + number
        end = time.monotonic() + SECONDS
        while len(self.answers) < wanted and not self.failures:
            assert time.monotonic() < end, "clients get no answers"
            time.sleep(0.005)

    @contextlib.contextmanager
    def fault(
        self,
        *,
        after: float = 0.5,
        permits: frozenset[OCSPResponseStatus] = TRY_LATER,
        nodes: Iterable[str] = (),
        within: float | None = None,
        is_down: bool = False,
        hides: float = 0.0,
    ) -> Iterator[None]:
        """
        Permit errors during the block, and *after* seconds more.

        The arguments are those of :class:`tests.history.Fault`.
        """
        fault = Fault(
            time.time(), math.inf, permits, frozenset(nodes), within, is_down, hides
        )
        place = len(self.faults)
        self.faults.append(fault)
        yield
        self.faults[place] = fault._replace(end=time.time() + after)

    def check(self) -> None:
        """Check the history."""
        self.check_and_forget()
        assert self.changes

    def check_and_forget(self) -> None:
        """Check what was answered until now, and keep no more than is needed."""
        answers, self.answers = self.answers, []
        assert not self.failures, self.failures
        history = History(self.changes[:], answers, self.faults[:], settling=1.0)
        faults = faults_of(history, self._verify)
        assert not faults, faults[:5]
        self._verified.clear()

    def _verify(self, der: bytes, serial: int, at: datetime.datetime) -> None:
        if (der, serial) in self._verified:
            return
        cert_id = CertID.for_serial(self.issuer, serial, SHA256())
        ocsp.verify(der, cert_id, self.issuer, at=at)
        self._verified.add((der, serial))

    # --- the writer -------------------------------------------------------------------

    def _write(self) -> None:
        while not self._stop.is_set():
            with self.writing, SQLiteStore(self.path) as store:
                self.change(store)
            time.sleep(0.01)

    def change(self, store: SQLiteStore) -> None:
        """Change something, and wait until all workers have acknowledged it."""
        chosen = self.numbers.random()
        on_hold = sorted(self._on_hold)
        good = self._good()
        if chosen < 0.2 or len(good) < 10:
            self._import(store)
        elif chosen < 0.4 and on_hold:
            self._release(store, self.numbers.choice(on_hold))
        elif chosen < 0.5 and on_hold:
            self.revoke(store, self.numbers.choice(on_hold), STOLEN)
        else:
            reason = HOLD if chosen < 0.75 else STOLEN
            self.revoke(store, self.numbers.choice(good), reason)

    def _good(self) -> list[int]:
        return [n for n in self.serials if n not in self._revoked | self._on_hold]

    def revoke(self, store: SQLiteStore, serial: int, reason: x509.ReasonFlags) -> None:
        """Revoke a certificate, and record that."""
        since = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
        with self._changing(serial, Status(True, int(since.timestamp()), reason)):
            change = store.revoke(self.issuer, serial, since, reason)
        self._acknowledge(store, change.event)

    def _release(self, store: SQLiteStore, serial: int) -> None:
        with self._changing(serial, GOOD):
            change = store.release(self.issuer, serial)
        self._acknowledge(store, change.event)

    @contextlib.contextmanager
    def _changing(self, serial: int, status: Status) -> Iterator[None]:
        """Record a change that the block commits; both statuses are possible in it."""
        self.changes.append(Change(serial, time.time(), math.inf, status))
        yield
        self._commit()

    def _commit(self) -> None:
        """Record that the last change is committed."""
        change = self.changes[-1] = self.changes[-1]._replace(committed=time.time())
        serial, status = change.serial, change.status
        is_on_hold = status.reason is HOLD
        (self._on_hold.add if is_on_hold else self._on_hold.discard)(serial)
        if status.revoked and not is_on_hold:
            self._revoked.add(serial)

    def _import(self, store: SQLiteStore) -> None:
        first = self._last_serial + 1
        new = list(range(first, first + 5))
        self._last_serial = new[-1]
        rows = [CertificateRow(serial_number=serial) for serial in new]
        digest = hashlib.sha256(str(first).encode()).digest()
        store.import_rows(self.issuer, rows, digest=digest, done=len(rows))
        self._imported += new

    def import_and_kill(self, number: int) -> None:
        """
        Run ``ocsp status import``, kill it in its work, and run it until its end.

        The file revokes some certificates, and has many new ones. Clients may get both
        statuses until the second run has ended: that one waits for the workers.

        Args:
            number: Of the file; each time another one.
        """
        revoked = self.numbers.sample(self._good(), 4)
        first = (number + 1) * 1_000_000
        new = list(range(first, first + IMPORTED_ROWS))
        since = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
        self.files.write("index.txt", _index(revoked, new, since))
        command = [
            *PROGRAM, "status", "import", "--issuer", "ca.pem", "--json", "index.txt",
        ]  # fmt: skip
        asked, place = time.time(), len(self.changes)
        status = Status(True, int(since.timestamp()), STOLEN)
        pending = [Change(each, asked, float("inf"), status) for each in revoked]
        self.changes += pending
        self._revoked.update(revoked)
        folder = self.files.folder
        with subprocess.Popen(
            command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as killed:
            while killed.poll() is None and not self._has_any(new[::500]):
                time.sleep(0.001)
            time.sleep(self.numbers.uniform(0, 0.03))
            killed.kill()
        done = subprocess.run(
            command, cwd=folder, capture_output=True, check=False, timeout=2 * SECONDS
        )
        assert done.returncode == 0, done.stderr
        now = time.time()
        self.changes[place : place + len(pending)] = [
            each._replace(acknowledged=now) for each in pending
        ]
        (report,) = json.loads(done.stdout)["files"]
        assert report["rows"] == len(new) + len(revoked)
        with SQLiteStore(self.path) as store:
            key = IssuerKey.of(self.issuer)
            assert all(store.find(key, each) is not None for each in new)
        self._imported += self.numbers.sample(new, 5)

    def _has_any(self, serials: Sequence[int]) -> bool:
        """Tell whether a batch is in the database."""
        queries = [StatusQuery(IssuerKey.of(self.issuer), each) for each in serials]
        with SQLiteStore(self.path, read_only=True) as store:
            return any(each is not None for each in store.look_up_now(queries))

    def _acknowledge(self, store: SQLiteStore, event: int | None) -> None:
        """Record that the last change is acknowledged, if the writer waits for that."""
        assert event is not None
        if not self.waits:
            return
        assert store.wait_until_seen(event, SECONDS) == []
        now = time.time()
        self.changes[-1] = self.changes[-1]._replace(acknowledged=now)
        # A worker can have read the file just before an import that it is not told of.
        # Now it has read it again, and clients may ask about the new certificates.
        new, self._imported = self._imported, []
        self.changes += [Change(each, now, now, GOOD, now) for each in new]
        self.serials += new

    # --- clients ----------------------------------------------------------------------

    def _asker(
        self,
        url: str,
        number: int,
        *,
        name: str = "",
        timeout: float = SECONDS,
        pause: float = 0.0,
    ) -> Callable[[], None]:
        """
        Return what a client does.

        Args:
            url: Whom it asks.

            number: Of the client; each asks for something else.

            name: Of the node, in what is recorded; by default *url*.

            timeout: For how many seconds it waits for an answer.

            pause: For how many seconds it waits before each request.
        """
        numbers = random.Random(self.numbers.getrandbits(32) + number)
        node = name or url

        def ask() -> None:
            netloc = urllib.parse.urlsplit(url).netloc
            while not self._stop.is_set():
                connection = http.client.HTTPConnection(netloc, timeout=timeout)
                for _ in range(numbers.randrange(1, 20)):
                    self._stop.wait(pause)
                    serial = numbers.choice(self.serials)
                    form = numbers.choice(list(FORMS))
                    is_post = numbers.random() < 0.5
                    sent = time.time()
                    try:
                        answer = self.ask(connection, serial, form, post=is_post)
                    except RESET as error:
                        self.lost.append(Lost(node, sent, time.time(), repr(error)))
                        break
                    self.answers.append(answer._replace(node=node))
                connection.close()
                self._stop.wait(0.01)  # a server that is away refuses at once

        return ask

    def request(self, serial: int, form: CertIDForm = CertIDForm.SHA1) -> bytes:
        """Return a request about a certificate."""
        cert_id = CertID.for_serial(self.issuer, serial, FORMS[form])
        builder = ocsp.OCSPRequestBuilder().add_certificate_by_id(cert_id)
        return builder.build().public_bytes(Encoding.DER)

    def ask(
        self,
        connection: http.client.HTTPConnection,
        serial: int,
        form: CertIDForm = CertIDForm.SHA1,
        *,
        post: bool,
    ) -> Received:
        """Ask about a certificate, and return the answer with its times."""
        request = self.request(serial, form)
        sent = time.time()
        if post:
            headers = {"Content-Type": "application/ocsp-request"}
            connection.request("POST", "/", request, headers)
        else:
            connection.request("GET", get_url("", request))
        reply = connection.getresponse()
        body = reply.read()
        received = time.time()
        assert reply.status == 200, reply.status
        control = reply.headers.get("Cache-Control", "")
        max_age = re.search(r"max-age=(\d+)", control)
        return Received(
            serial,
            form,
            sent,
            received,
            body,
            etag="" if "no-store" in control else reply.headers.get("ETag", ""),
            max_age=int(max_age[1]) if max_age else None,
            date=parsedate_to_datetime(reply.headers["Date"]).timestamp(),
        )

    def statuses(
        self, connections: Sequence[http.client.HTTPConnection], serial: int
    ) -> set[ocsp.OCSPCertStatus]:
        """Return what is answered about a certificate, by GET and POST."""
        answers = [
            self.ask(connection, serial, post=post)
            for connection in connections
            for post in (True, False)
        ]
        loaded = [ocsp.load_der_ocsp_response(each.der) for each in answers]
        return {each.certificate_status for each in loaded}


def _index(
    revoked: Sequence[int], good: Sequence[int], since: datetime.datetime
) -> str:
    """Return an ``index.txt`` with certificates that are *revoked*, and *good* ones."""
    end = "331231235959Z"
    lines = [f"V\t{end}\t\t{each:08X}\tunknown\t/CN={each}" for each in good]
    lines += [
        f"R\t{end}\t{since:%y%m%d%H%M%SZ},keyCompromise\t{each:08X}\tunknown\t/CN={each}"
        for each in revoked
    ]
    return "".join(f"{each}\n" for each in lines)


def _owner(connection: http.client.HTTPConnection, service: Service) -> str:
    """Return the name of the worker that has the other end of *connection*."""
    local = connection.sock.getsockname()[1]
    table = Path("/proc/net/tcp").read_text().splitlines()[1:]
    rows = (line.split() for line in table)
    inode = next(
        row[9]
        for row in rows
        if row[2].endswith(f":{local:04X}") and row[3] == _ESTABLISHED
    )
    for name, process in service.children().items():
        for each in Path(f"/proc/{process}/fd").iterdir():
            try:
                if str(each.readlink()) == f"socket:[{inode}]":
                    return name
            except OSError:  # it was closed meanwhile
                continue
    raise AssertionError("no worker has the connection")


def connections_to_workers(service: Service) -> list[http.client.HTTPConnection]:
    """Return a connection to each of the two workers."""
    netloc = urllib.parse.urlsplit(service.url).netloc
    found: dict[str, http.client.HTTPConnection] = {}
    while len(found) < 2:
        connection = http.client.HTTPConnection(netloc, timeout=SECONDS)
        connection.request("GET", "/")
        connection.getresponse().read()
        owner = _owner(connection, service)
        if owner in found:
            connection.close()
            continue
        found[owner] = connection
    return list(found.values())
