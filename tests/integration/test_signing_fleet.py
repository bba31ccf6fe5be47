"""Many processes sign for one database: nothing is missed, and little signed twice."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import threading
import time
from pathlib import Path

import psycopg
import pytest
from cryptography import x509

from ocsp import Signer
from ocsp.cli import main
from ocsp.process_clock import ProcessClock
from ocsp.responder import Authority, Responder
from ocsp.service import presign_workers
from ocsp.store import Store, open_store
from ocsp.store.postgresql import PostgreSQLStore, claims, rates
from ocsp.updater import Presigner, presign
from ocsp.updater import batch as batches
from ocsp.updater import turn as turns
from tests.ca_folder import CAFolder
from tests.integration.services import PROGRAM
from tests.integration.web_servers import until
from tests.pki import NOW, ca, delegate_signer
from tests.signing_fleet import History
from tests.unit.store.scene import SHA1

pytestmark = pytest.mark.programs


def test_nothing_is_missed_while_signers_are_killed(
    postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four processes, 20 kills, and revocations that wait for none of them."""
    monkeypatch.setattr(turns, "MOST", 100)
    history = History(postgresql_url, tmp_path / "signed", 1000)
    numbers = random.Random(5)
    with history.fleet(4) as fleet:
        for _ in range(20):
            history.revoke(numbers, 10)
            time.sleep(0.05)  # so that the processes sign between the kills
            fleet.replace(numbers.randrange(4))
        history.wait_until_done()
    assert history.unsigned() == (0, 0, 0)
    assert history.signed_again() <= 20 * 100
    assert sorted(history.waits)[len(history.waits) // 2] < 0.5


def test_a_process_that_hangs_delays_nothing(
    postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database takes its claim from it; later it goes on with another one."""
    monkeypatch.setattr(turns, "MOST", 100)
    monkeypatch.setattr(claims, "LEASE_SECONDS", 1.0)
    history = History(postgresql_url, tmp_path / "signed", 500)
    with history.fleet(2) as fleet:
        while not history.log.stat().st_size:
            time.sleep(0.01)
        fleet.send(0, signal.SIGSTOP)
        history.revoke(random.Random(6), 20)
        assert max(history.waits) < 0.9
        history.wait_until_done()
        fleet.send(0, signal.SIGCONT)
        history.revoke(random.Random(7), 20)
        history.wait_until_done()
        assert all(process.is_alive() for process in fleet.processes)
    assert history.unsigned() == (0, 0, 0)


def test_a_signer_that_hangs_keeps_no_claim(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another machine, whose signer works, signs what was claimed."""
    monkeypatch.setattr(batches, "SIGN_SECONDS", 0.2)
    release = threading.Event()

    class Hanging:
        certificate = delegate_signer().certificate
        algorithm_identifier = delegate_signer().algorithm_identifier

        def sign(self, data: bytes) -> bytes:
            release.wait(60)
            return delegate_signer().sign(data)

    def presigner(store: Store, signer: Signer) -> Presigner:
        authorities = [
            Authority(ca(), [signer]),
            Authority(ca("Other CA"), [delegate_signer("Other CA")]),
        ]
        return Presigner(
            Responder(authorities), authorities, store, forms=[SHA1],
            clock=ProcessClock(lambda: NOW, lambda: 0.0),
        )  # fmt: skip

    with PostgreSQLStore(postgresql_url, create=True) as store, store.transaction():
        for serial in range(1, 21):
            store.add(ca(), serial)
            store.add(ca("Other CA"), serial)
    with PostgreSQLStore(postgresql_url) as store:
        hanging = presigner(store, Hanging())
        hanging.sign_round()
        assert (hanging.counts.stored, hanging.counts.unavailable) == (20, 1)
        assert presign(presigner(store, delegate_signer())).stored == 20
    release.set()


# --- the command ----------------------------------------------------------------------


@pytest.fixture(name="files")
def _files(
    postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> CAFolder:
    """Write a configuration for PostgreSQL, with 300 certificates."""
    monkeypatch.chdir(tmp_path)
    files = CAFolder(tmp_path)
    path = tmp_path / "ocsp.toml"
    path.write_text(path.read_text().replace("sqlite:status.db", postgresql_url))
    with (
        open_store(postgresql_url, create=True) as store,
        store.transaction(),
    ):
        for serial in range(1, 301):
            store.add(files.ca.certificate, serial)
    return files


def test_the_command_signs_in_several_processes(
    files: CAFolder, capfd: pytest.CaptureFixture[str]
) -> None:
    """And says what all of them have done together."""
    del files
    assert main(["presign", "--workers", "2", "--json"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert document["signed"] == document["stored"] == 600
    assert document["ended_workers"] == 0
    assert main(["presign"]) == 0
    assert "0 answers stored" in capfd.readouterr().out


RATE = 400
"""The rate of a signer: the 600 answers of the files take it one and a half seconds."""


def test_two_commands_keep_to_one_rate_and_show_one_progress(
    files: CAFolder, postgresql_url: str
) -> None:
    """The rate begins when both are there, so that their starts do not count."""
    text = files.configuration.read_text()
    limited = text.replace('.key" }', f'.key", rate = {RATE} }}')
    files.configuration.write_text(limited)
    signer = (files.folder / "responder.pem").read_bytes()
    with PostgreSQLStore(postgresql_url) as store:
        store.add_signer(x509.load_pem_x509_certificate(signer))
    with psycopg.connect(postgresql_url, autocommit=True) as database:
        database.execute(
            "INSERT INTO signer_rate (signer_id, burst, allowance, granted, counted)"
            " SELECT id, 1, 0, 0, now() + interval '1 hour' FROM signer"
        )
        commands = [_start_presigning(files.folder) for _ in range(2)]
        until(lambda: _connections(database) == 2, lambda: "they do not connect")
        begun = time.monotonic()
        database.execute("UPDATE signer_rate SET counted = now()")
        ended = [command.communicate(timeout=60) for command in commands]
    seconds = time.monotonic() - begun
    stored = [json.loads(out)["stored"] for out, _ in ended]
    assert sum(stored) == 600
    assert min(stored) > 0
    assert sum(stored) <= RATE * (seconds + rates.BURST_SECONDS)
    assert all("600/600" in bar for _, bar in ended)


def _start_presigning(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*PROGRAM, "presign", "--json"], cwd=folder, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=os.environ | {"FORCE_COLOR": "1"},  # so that there is a bar in the pipe
    )  # fmt: skip


def _connections(database: psycopg.Connection) -> int:
    """Return how many connections the commands have."""
    row = database.execute(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'ocsp serve'"
    ).fetchone()
    assert row is not None
    return int(row[0])


def test_a_worker_that_cannot_sign_is_reported(
    files: CAFolder, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The other one signs what it left."""
    del files
    start = presign_workers._Worker.start
    broken: list[object] = []

    def start_and_kill(worker: presign_workers._Worker) -> None:
        start(worker)
        if not broken:
            broken.append(worker)
            worker._process.kill()

    monkeypatch.setattr(presign_workers._Worker, "start", start_and_kill)
    assert main(["presign", "--workers", "2"]) == 1
    captured = capfd.readouterr()
    assert "600 answers stored, 1 worker ended early" in captured.out
    assert "presign worker 1 ended with signal 9" in captured.err
