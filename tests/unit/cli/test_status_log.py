"""``ocsp status log``: who added, changed and deleted what, on each database."""

from __future__ import annotations

import datetime
import hashlib
import json
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.cli import main
from ocsp.responder import IssuerKey
from ocsp.status.importing import importer
from ocsp.store import CertificateRow, ImportedBatch, Store, open_store
from ocsp.store.postgresql.changes import pruning as pg_pruning
from ocsp.store.sqlite.changes import pruning
from tests.pki import ca

GOOD = "V\t{end}0101000000Z\t\t{number:04X}\tunknown\t/CN=host\n"
REVOKED = "R\t{end}0101000000Z\t260701120000Z,keyCompromise\t{number:04X}\tunknown\t/CN=host\n"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


class Commands:
    """``ocsp status`` in a directory with ``ca.pem`` and ``other.pem``."""

    def __init__(self, database: str, capsys: pytest.CaptureFixture[str]) -> None:
        """Use *database*."""
        self.database = database
        self._capsys = capsys
        for name, issuer in (("ca.pem", ca()), ("other.pem", ca("Other CA"))):
            Path(name).write_bytes(issuer.public_bytes(Encoding.PEM))

    def run(self, command: str, *arguments: str, code: int = 0) -> str:
        """Run a command, and return what it prints."""
        self._capsys.readouterr()
        assert main(["status", command, "--db", self.database, *arguments]) == code
        return self._capsys.readouterr().out

    def log(self, *arguments: str) -> list[dict[str, Any]]:
        """Return the events of the log."""
        document = json.loads(self.run("log", "--json", *arguments))
        assert document["type"] == "status-log"
        events: list[dict[str, Any]] = document["events"]
        return events

    def lines(self) -> list[str]:
        """Return the log for people, without times and authors."""
        lines = self.run("log").splitlines()
        assert all(re.match(f"{TIME}  ", line) for line in lines)
        return [re.sub("  by .*", "", line.partition("  ")[2]) for line in lines]

    def execute(self, sql: str) -> None:
        """Do what another program does."""
        if self.database.startswith("postgresql:"):
            with psycopg.connect(self.database, autocommit=True) as server:
                server.execute(sql.encode())
            return
        with closing(sqlite3.connect(self.database)) as file, file:
            file.execute(sql.replace("'\\x", "x'"))


@pytest.fixture(
    name="commands",
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.programs)],
)
def _commands(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Commands:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(importer, "BATCH_ROWS", 2)
    database = "status.db"
    if request.param == "postgresql":
        database = request.getfixturevalue("postgresql_url")
    return Commands(database, capsys)


def _write(name: str, *lines: str, end: int = 30) -> str:
    """Write an index.txt, and return its SHA-256."""
    text = "".join(
        line.format(end=end, number=number) for number, line in enumerate(lines, 1)
    )
    Path(name).write_text(text)
    return hashlib.sha256(text.encode()).hexdigest()


def test_an_empty_log_is_a_whole_document(commands: Commands) -> None:
    """For programs, and for people."""
    open_store(commands.database, create=True).close()
    assert commands.log() == []
    assert commands.run("log") == ""


def test_single_certificates_are_in_the_log(commands: Commands) -> None:
    """Added, also by another program and as revoked; changed; deleted."""
    commands.run("add", "--issuer", "ca.pem", "--serial", "7")
    commands.run("revoke", "--issuer", "ca.pem", "--serial", "7")
    commands.execute(
        "INSERT INTO certificate (issuer_id, serial, revoked, reason, expires)"
        " VALUES (1, '\\x08', 1000, 4, 5)"
    )
    commands.execute("DELETE FROM certificate WHERE serial = '\\x08'")
    assert commands.lines() == [
        "CN=Test CA, serial number 0x7: added as good",
        "CN=Test CA, serial number 0x7: good → revoked",
        "CN=Test CA, serial number 0x8: added as revoked (superseded)",
        "CN=Test CA, serial number 0x8: deleted, it was revoked (superseded)",
    ]
    added, _, other, deleted = commands.log()
    assert added | {"who": None, "host": None, "at": None, "event": None} == {
        "event": None,
        "at": None,
        "action": "added",
        "issuer": "CN=Test CA",
        "issuer_key_sha256": IssuerKey.of(ca()).key_hash.hex(),
        "serial_number": "0x7",
        "version": 1,
        "before": None,
        "after": {
            "status": "good",
            "revocation_time": None,
            "revocation_reason": None,
            "invalidity_date": None,
        },
        "detail": None,
        "who": None,
        "host": None,
        "program": "ocsp status add",
    }
    assert added["who"]
    assert (other["who"], other["after"]["revocation_reason"]) == (None, "superseded")
    assert (deleted["action"], deleted["after"]) == ("deleted", None)
    assert "by another program" in commands.run("log")


def test_an_import_is_one_line_with_its_file(commands: Commands) -> None:
    """In JSON it has an event for each batch that changed something."""
    sha256 = _write("index.txt", GOOD, GOOD, GOOD, REVOKED, GOOD)
    for _ in range(2):
        commands.run("import", "--issuer", "ca.pem", "index.txt")
    file = f"CN=Test CA: imported index.txt (SHA-256 {sha256})"
    assert commands.lines() == [f"{file}: 5 added"]
    events = commands.log()
    assert [each["detail"]["added"] for each in events] == [2, 2, 1]
    assert events[0] | {"who": None, "host": None, "at": None, "event": None} == {
        "event": None,
        "at": None,
        "action": "imported",
        "issuer": "CN=Test CA",
        "issuer_key_sha256": IssuerKey.of(ca()).key_hash.hex(),
        "serial_number": None,
        "version": None,
        "before": None,
        "after": None,
        "detail": {"name": "index.txt", "sha256": sha256, "added": 2, "revoked": 0},
        "who": None,
        "host": None,
        "program": "ocsp status import",
    }
    second = _write("index.txt", GOOD, REVOKED, GOOD, REVOKED, GOOD, GOOD)
    commands.run("import", "--issuer", "ca.pem", "index.txt")
    assert commands.lines() == [
        f"{file}: 5 added",
        "CN=Test CA, serial number 0x2: good → revoked (keyCompromise)",
        f"{file.replace(sha256, second)}: 1 added, 1 revoked",
    ]


def test_files_issuers_and_programs_are_told_apart(commands: Commands) -> None:
    """Only batches of one import are joined."""
    Path("a.csv").write_text("serial_number\n0x1\n")
    Path("b.csv").write_text("serial_number\n0x2\n")
    Path("certificates").mkdir()
    Path("certificates/1.pem").write_bytes(ca().public_bytes(Encoding.PEM))
    for issuer, file in (
        ("ca.pem", "a.csv"), ("other.pem", "a.csv"), ("other.pem", "b.csv"),
        ("ca.pem", "certificates"),
    ):  # fmt: skip
        commands.run("import", "--issuer", issuer, file)
    names = [line.partition(" (")[0] for line in commands.lines()]
    assert names == [
        "CN=Test CA: imported a.csv",
        "CN=Other CA: imported a.csv",
        "CN=Other CA: imported b.csv",
        "CN=Test CA: imported certificates: 1 added",
    ]


def test_an_interrupted_import_has_an_event_for_what_it_wrote(
    commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the same command those of the rest, so that the sum is right."""
    _write("index.txt", *[GOOD] * 7)
    real: Callable[..., ImportedBatch] = Store.import_rows
    calls = [0]

    def breaks(self: Store, *args: Any, **kwargs: Any) -> ImportedBatch:
        calls[0] += 1
        if calls[0] == 3:
            raise KeyboardInterrupt
        return real(self, *args, **kwargs)

    with monkeypatch.context() as broken:
        broken.setattr(Store, "import_rows", breaks)
        commands.run("import", "--issuer", "ca.pem", "index.txt", code=130)
    assert [each["detail"]["added"] for each in commands.log()] == [2, 2]
    commands.run("import", "--issuer", "ca.pem", "index.txt")
    assert [each["detail"]["added"] for each in commands.log()] == [2, 2, 2, 1]
    assert commands.lines()[0].endswith(": 7 added")


def test_what_was_deleted_is_in_the_log(commands: Commands) -> None:
    """How many, and before which time: certificates and events."""
    _write("index.txt", GOOD, REVOKED, end=20)
    commands.run("import", "--issuer", "ca.pem", "index.txt")
    commands.run("prune", "--expired", "1d", "--yes")
    for number in range(3):
        commands.execute(
            "INSERT INTO event (at, issuer_id, serial, version)"
            f" VALUES ({number}, 1, '\\x01', 2)"
        )
    assert "3 events of the audit log would be deleted" in commands.run(
        "prune", "--events", "1d", "--dry-run"
    )
    commands.run("prune", "--events", "1d", "--yes")
    _, certificates, events = commands.lines()
    pattern = f"CN=Test CA: deleted 2 certificates that expired before {TIME}"
    assert re.fullmatch(pattern, certificates)
    assert re.fullmatch(f"deleted 3 events before {TIME}", events)
    *_, first, second = commands.log()
    assert first["detail"].keys() == {"certificates", "events", "before"}
    assert (first["detail"]["certificates"], first["program"]) == (
        2,
        "ocsp status prune",
    )
    assert (second["issuer"], second["issuer_key_sha256"]) == (None, None)
    assert second["detail"]["events"] == 3


def test_one_deletion_is_one_line(
    commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All its batches, but not those of a deletion before another time."""
    for module in (pruning, pg_pruning):
        monkeypatch.setattr(module, "PAGE", 2)
    early, late = (datetime.datetime(year, 1, 1, tzinfo=UTC) for year in (2000, 2010))
    with open_store(commands.database, create=True) as store:
        rows = [
            CertificateRow(serial_number=number, expires=early if number < 6 else late)
            for number in range(1, 9)
        ]
        store.import_rows(ca(), rows, digest=bytes(32), done=8, name="rows")
        for expiry in (early, late):
            store.prune(expired_before=expiry + datetime.timedelta(1))
    deleted = "certificates that expired before"
    assert commands.lines() == [
        "CN=Test CA: imported rows: 8 added",
        f"CN=Test CA: deleted 5 {deleted} 2000-01-02T00:00:00Z",
        f"CN=Test CA: deleted 3 {deleted} 2010-01-02T00:00:00Z",
    ]


def test_the_log_can_be_filtered(commands: Commands) -> None:
    """By issuer, serial number, time, and the number of an event; all together."""
    commands.run("add", "--issuer", "ca.pem", "--serial", "1", "--serial", "2")
    commands.run("add", "--issuer", "other.pem", "--serial", "2")
    commands.run("revoke", "--issuer", "ca.pem", "--serial", "2")
    _write("index.txt", *[GOOD] * 3)
    commands.run("import", "--issuer", "other.pem", "index.txt")
    commands.execute(
        "INSERT INTO event (at, action, detail) VALUES (5, 'pruned',"
        """ '{"certificates": 0, "events": 1, "before": "2026-01-01T00:00:00Z"}')"""
    )
    every = commands.log()
    numbers = [each["event"] for each in every]
    assert len(numbers) == 7

    def found(*arguments: str) -> list[int]:
        return [numbers.index(each["event"]) for each in commands.log(*arguments)]

    assert found("--issuer", "ca.pem") == [0, 1, 3]
    assert found("--issuer", "other.pem") == [2, 4, 5]
    assert found("--serial", "2") == [1, 2, 3]
    assert found("--serial", "2", "--issuer", "ca.pem") == [1, 3]
    assert found("--until", "2000-01-01") == [6]
    assert found("--since", "2000-01-01") == [0, 1, 2, 3, 4, 5]
    assert found("--since", "9999-01-01") == []
    assert found("--after", str(numbers[3])) == [4, 5, 6]


def test_the_history_of_a_certificate_says_who_added_it(commands: Commands) -> None:
    """``ocsp status show``, for people and for programs."""
    commands.run("add", "--issuer", "ca.pem", "--serial", "7")
    commands.run("revoke", "--issuer", "ca.pem", "--serial", "7")
    shown = commands.run("show", "7")
    assert re.search(r"history  2 events\n.*good → revoked  by .*\n.*added as ", shown)
    (found,) = json.loads(commands.run("show", "7", "--json"))["certificates"]
    assert [each["action"] for each in found["history"]] == ["changed", "added"]
