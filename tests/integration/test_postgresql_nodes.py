"""Two nodes on one PostgreSQL database, while it works, and while it is away."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from cryptography import x509

from ocsp import OCSPCertStatus, OCSPResponseStatus
from ocsp.responder import CertIDForm, IssuerKey, StatusQuery
from ocsp.store.postgresql import PostgreSQLStore
from tests.ca_folder import CAFolder
from tests.integration.services import PROGRAM, Service, ask, request_for, serving
from tests.integration.web_servers import until
from tests.servers.postgresql import PostgreSQLServer

pytestmark = [
    pytest.mark.programs,
    pytest.mark.skipif(sys.platform != "linux", reason="it stops processes of Linux"),
]

GOOD, REVOKED = OCSPCertStatus.GOOD, OCSPCertStatus.REVOKED
BOUND = 1.0
"""Within how many seconds every node answers by a change."""


class Fleet:
    """A database with the certificates of a CA, and the folders of two nodes."""

    def __init__(self, server: PostgreSQLServer, folder: Path) -> None:
        self.server = server
        self.database = server.new_database()
        self.url = server.url(self.database)
        self.nodes: list[Service] = []
        self.store = PostgreSQLStore(self.url, create=True)
        self.files = [CAFolder(folder / name) for name in _made(folder, "one", "two")]
        self.ca = self.files[0].ca
        for files in self.files:
            files.ca = self.ca  # both answer for the same CA
            (files.folder / "ca.pem").write_bytes(self.ca.identity.certificate_pem)
            files.add_delegate("responder")
            settings = files.settings(top="workers = 2")
            files.write("ocsp.toml", settings.replace("sqlite:status.db", self.url))
        self.certificates = [self._issue(number) for number in range(5)]

    def _issue(self, number: int) -> x509.Certificate:
        certificate = self.files[0].issue(f"host{number}.example.org")
        self.store.add(self.ca.certificate, certificate.serial_number)
        return certificate

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Run both nodes."""
        with serving(self.files[0].folder) as one, serving(self.files[1].folder) as two:
            self.nodes = [one, two]
            yield

    def answers(self, certificate: x509.Certificate) -> set[object]:
        """Ask every worker, and return the statuses and errors in their answers."""
        request = request_for(certificate, self.ca.certificate)
        found: set[object] = set()
        for node in self.nodes:
            for _ in range(8):
                response = ask(node.url, request)
                is_good = response.response_status is OCSPResponseStatus.SUCCESSFUL
                found.add(
                    response.certificate_status if is_good else response.response_status
                )
        return found

    def is_followed(self) -> bool:
        """Return whether every worker follows the changes."""
        live = "SELECT 1 FROM node JOIN pg_stat_activity ON pid = backend"
        return len(self.store._pool.fetch_all(live)) == 4

    def log(self) -> str:
        """Return what the nodes have logged."""
        for node in self.nodes:
            node.process.terminate()
        return "".join(line for node in self.nodes for line in node.rest())

    def revoke(self, certificate: x509.Certificate) -> float:
        """Revoke a certificate, and return when that was committed."""
        self.store.revoke(self.ca.certificate, certificate.serial_number)
        return time.monotonic()


def _made(folder: Path, *names: str) -> list[str]:
    for name in names:
        (folder / name).mkdir()
    return list(names)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQLServer]:
    """Run a server that tests may stop."""
    with tempfile.TemporaryDirectory(prefix="ocsp-postgresql-") as folder:
        Path(folder).chmod(0o755)
        running = PostgreSQLServer(Path(folder) / "server")
        running.start()
        try:
            yield running
        finally:
            running.stop()


def test_two_nodes(server: PostgreSQLServer, tmp_path: Path) -> None:
    """Revocations within a second; a database that is away for a while; and kills."""
    fleet = Fleet(server, tmp_path)
    first, second, third, fourth, fifth = fleet.certificates
    with fleet.serving():
        until(fleet.is_followed, fleet.log)
        for _ in range(3):
            assert fleet.answers(first) | fleet.answers(second) == {GOOD}
        _check_revocation(fleet, first)
        for node in fleet.nodes:
            node.process.send_signal(signal.SIGHUP)
            node.wait_for("reloaded")
        assert fleet.is_followed()  # with the connections from before
        for _ in range(3):
            assert fleet.answers(second) == {GOOD}
        _check_outage(fleet, second, unknown=third)
        _check_revocation(fleet, second)
        _check_kills(fleet, fourth)
        _check_killed_process(fleet, fifth)
        for node in fleet.nodes:
            assert node.stop() == 0
    assert not fleet.store._pool.fetch_all("SELECT 1 FROM node")  # all took leave
    fleet.store.close()


def test_a_node_starts_while_the_database_is_away(
    server: PostgreSQLServer, tmp_path: Path
) -> None:
    """It says why it answers tryLater, and goes on by itself when the tables are there."""
    url = server.url(server.new_database())
    files = CAFolder(tmp_path)
    settings = files.settings(top='admin = { listen = "127.0.0.1:0" }')
    files.write("ocsp.toml", settings.replace("sqlite:status.db", url))
    request = request_for(files.web, files.ca.certificate)
    server.stop()
    try:
        checked = subprocess.run(
            [*PROGRAM, "config", "check", "ocsp.toml"],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert checked.returncode == 4
        assert "database: postgresql://" in checked.stderr
        with serving(tmp_path, urls=2) as node:
            assert "the responder runs without the database" in "".join(node.log)
            response = ask(node.url, request)
            assert response.response_status is OCSPResponseStatus.TRY_LATER
            assert _ready(node, "store").startswith("failed: the node has no copies")
            server.start()
            node.wait_for("has no tables of ocsp")
            with PostgreSQLStore(url, create=True) as store:
                store.add(files.ca.certificate, files.web.serial_number)
                query = StatusQuery(
                    IssuerKey.of(files.ca.certificate), files.web.serial_number
                )
                until(lambda: _is_signed(store, query), node.log.copy)
            # The worker connects for itself, within a second.
            until(lambda: _is_answered(node, request), node.log.copy)
            response = ask(node.url, request)
            assert response.certificate_status is GOOD
            until(lambda: _ready(node, "store") == "ok: ", node.log.copy)
            server.stop()
            in_memory = "degraded: the node answers with copies in memory"
            until(lambda: _ready(node, "store").startswith(in_memory), node.log.copy)
            node.process.send_signal(signal.SIGHUP)  # the same database may be away
            node.wait_for("reloaded")
            other = settings.replace("sqlite:status.db", f"{url}&application_name=x")
            files.write("ocsp.toml", other)  # another address may be wrong
            node.process.send_signal(signal.SIGHUP)
            node.wait_for("not reloaded")
            assert node.stop() == 0
    finally:
        if server.process is None:
            server.start()


def test_a_node_behind_a_pooler(
    postgresql_database: str, pgbouncer: Callable[[str], str], tmp_path: Path
) -> None:
    """It signs, answers and follows, each time on another connection."""
    url = pgbouncer(postgresql_database)
    files = CAFolder(tmp_path)
    issuer, serial = files.ca.certificate, files.web.serial_number
    files.write("ocsp.toml", files.settings().replace("sqlite:status.db", url))
    request = request_for(files.web, issuer)
    query = StatusQuery(IssuerKey.of(issuer), serial)
    with PostgreSQLStore(url, create=True) as store:
        store.add(issuer, serial)
        with serving(tmp_path) as node:
            for status in (GOOD, REVOKED, GOOD):
                until(lambda: _is_signed(store, query), node.log.copy)
                assert ask(node.url, request).certificate_status is status
                if status is GOOD:
                    change = store.revoke(
                        issuer, serial, reason=x509.ReasonFlags.certificate_hold
                    )
                else:
                    change = store.release(issuer, serial)
                assert change.event is not None
                assert store.wait_until_seen(change.event) == []
            assert ask(node.url, request).certificate_status is REVOKED
            assert node.stop() == 0


def _is_signed(store: PostgreSQLStore, query: StatusQuery) -> bool:
    found = store.look_up_with_answer(query, CertIDForm.SHA256)
    return found is not None and found.stored is not None


def _is_answered(node: Service, request: bytes) -> bool:
    response = ask(node.url, request)
    return response.response_status is OCSPResponseStatus.SUCCESSFUL


def _ready(node: Service, name: str) -> str:
    """Return level and reason of the check with this *name*."""
    try:
        with urllib.request.urlopen(f"{node.urls[1].rstrip('/')}/ready") as reply:
            checks = json.load(reply)["checks"]
    except urllib.error.HTTPError as error:
        checks = json.load(error)["checks"]
    (found,) = [each for each in checks if each["name"] == name]
    return f"{found['level']}: {found['why']}"


def _check_revocation(fleet: Fleet, certificate: x509.Certificate) -> None:
    """All workers say so within the bound, and none goes back."""
    committed = fleet.revoke(certificate)
    until(lambda: fleet.answers(certificate) == {REVOKED}, fleet.log)
    assert time.monotonic() < committed + BOUND + 0.5  # the time to ask all workers
    assert fleet.answers(certificate) == {REVOKED}


def _check_outage(
    fleet: Fleet, known: x509.Certificate, unknown: x509.Certificate
) -> None:
    """Answer what is in memory; for all else, clients have to try later."""
    fleet.server.stop(signal.SIGQUIT)
    end = time.monotonic() + 2.0
    while time.monotonic() < end:
        assert fleet.answers(known) == {GOOD}
    assert fleet.answers(unknown) == {OCSPResponseStatus.TRY_LATER}
    fleet.server.start()
    until(lambda: fleet.answers(unknown) == {GOOD}, fleet.log)


def _check_killed_process(fleet: Fleet, certificate: x509.Certificate) -> None:
    """Kill a worker: a revocation does not wait for it."""
    os.kill(fleet.nodes[0].children()["worker-1"], signal.SIGKILL)
    change = fleet.store.revoke(fleet.ca.certificate, certificate.serial_number)
    assert change.event is not None
    assert fleet.store.wait_until_seen(change.event, 5.0) == []
    until(fleet.is_followed, fleet.log)  # it was started again


def _check_kills(fleet: Fleet, certificate: x509.Certificate) -> None:
    """No client notices that connections end."""
    wrong: list[set[object]] = []
    stop = threading.Event()

    def ask_always() -> None:
        while not stop.is_set():
            found = fleet.answers(certificate)
            if found != {GOOD}:
                wrong.append(found)

    asking = threading.Thread(target=ask_always)
    asking.start()
    try:
        with psycopg.connect(fleet.server.url(), autocommit=True) as connection:
            for _ in range(3):
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE pid <> pg_backend_pid() AND datname = %s",
                    (fleet.database,),
                )
                stop.wait(1.2)  # the next connections are steady
    finally:
        stop.set()
        asking.join()
    assert wrong == [], fleet.log()
    _check_revocation(fleet, certificate)
