"""A SQLite cache in two processes, one of which is killed again and again."""

from __future__ import annotations

import datetime
import random
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp.client.cache import SQLiteCache
from tests.pki import NOW, ca, leaf
from tests.unit.client.evidence import HOUR, LATER, answer, key_of

ROUNDS = 10
SERIALS = range(1, 5)
AGES = [number * datetime.timedelta(minutes=1) for number in range(1, 13)]

WRITER = """
import datetime, random, sys
from pathlib import Path
from cryptography import x509
import ocsp
from ocsp.client.cache import SQLiteCache

folder, seed = Path(sys.argv[1]), int(sys.argv[2])
now = datetime.datetime.fromisoformat(sys.argv[3])
issuer = x509.load_der_x509_certificate((folder / "issuer").read_bytes())
evidence = [
    ocsp.verify(
        path.read_bytes(),
        x509.load_der_x509_certificate((folder / path.stem).read_bytes()),
        issuer,
        at=now,
    )
    for path in sorted(folder.glob("*.ocsp"))
]
shuffle = random.Random(seed).shuffle
print("ready", flush=True)
cache, expires = SQLiteCache(folder / "answers.db"), now
while True:
    expires += datetime.timedelta(seconds=1)
    shuffle(evidence)
    for each in evidence:
        if cache.put(each.canonical_cert_id, each, expires):
            serial = each.cert_id.serial_number
            print(serial, each.this_update.isoformat(), flush=True)
"""


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    """Return a folder with the certificates and responses of a writer process."""
    (tmp_path / "issuer").write_bytes(ca().public_bytes(Encoding.DER))
    for serial in SERIALS:
        certificate = leaf(serial).public_bytes(Encoding.DER)
        for number, age in enumerate(AGES):
            stem = tmp_path / f"{serial}-{number}"
            stem.write_bytes(certificate)
            stem.with_suffix(".ocsp").write_bytes(_der(serial, age))
    return tmp_path


def _der(serial: int, age: datetime.timedelta) -> bytes:
    return answer(serial, age).response.public_bytes(Encoding.DER)


def test_a_killed_writer_leaves_every_answer_whole(folder: Path) -> None:
    """
    The kill comes at any time: while the process creates the file, writes or commits.

    The answers that it reported are there, none is half written, none was replaced by
    an older one, and the cache of the other process keeps working.
    """
    chance = random.Random(5)
    latest = dict.fromkeys(SERIALS, NOW - 99 * HOUR)
    known = {_der(serial, age): NOW - age for serial in SERIALS for age in AGES}
    with SQLiteCache(folder / "answers.db") as ours:
        for round_ in range(ROUNDS):
            _write_until_killed(folder, round_, ours, chance, latest)
            with SQLiteCache(folder / "answers.db") as again:
                for cache in (ours, again):
                    for serial in SERIALS:
                        _check(cache, serial, known, latest)
    assert min(latest.values()) > NOW - 99 * HOUR
    _check_file(folder)


def test_a_writer_killed_at_the_start_leaves_a_usable_file(folder: Path) -> None:
    """No other process has the file open and could repair it."""
    for round_ in range(4):
        for left in folder.glob("answers.db*"):
            left.unlink()
        with _writer(folder, round_) as writer:
            assert writer.stdout is not None
            for _ in range(1 + round_ % 2):
                writer.stdout.readline()
            writer.kill()
        with SQLiteCache(folder / "answers.db") as cache:
            assert cache.put(key_of(1), answer(1, 0 * HOUR), LATER)
            assert cache.get(key_of(1)) is not None
        _check_file(folder)


def _writer(folder: Path, seed: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), str(seed), NOW.isoformat()],
        stdout=subprocess.PIPE,
        text=True,
    )


def _write_until_killed(
    folder: Path,
    seed: int,
    ours: SQLiteCache,
    chance: random.Random,
    latest: dict[int, datetime.datetime],
) -> None:
    """Write while another process writes, and kill it after some of its lines."""
    lines = []
    with _writer(folder, seed) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        for _ in range(chance.randrange(40)):
            lines.append(writer.stdout.readline())
            serial, age = chance.choice(SERIALS), chance.choice(AGES)
            if ours.put(key_of(serial), answer(serial, age), NOW):
                latest[serial] = max(latest[serial], NOW - age)
        writer.kill()
        lines += writer.stdout.readlines()
    for line in lines:
        if line.endswith("\n"):
            serial, this_update = line.split()
            moment = datetime.datetime.fromisoformat(this_update)
            latest[int(serial)] = max(latest[int(serial)], moment)


def _check(
    cache: SQLiteCache,
    serial: int,
    known: dict[bytes, datetime.datetime],
    latest: dict[int, datetime.datetime],
) -> None:
    found = cache.get(key_of(serial))
    if found is None:
        assert latest[serial] == NOW - 99 * HOUR
        return
    assert known[found.der] == found.this_update
    assert found.this_update >= latest[serial]
    latest[serial] = found.this_update
    ocsp.verify(found.der, leaf(serial), ca(), at=NOW).require_good()


def _check_file(folder: Path) -> None:
    """Check that SQLite finds no damage and no process has replaced the file."""
    connection = sqlite3.connect(folder / "answers.db")
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
    assert not (folder / "answers.db.aside").exists()
