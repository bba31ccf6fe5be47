"""The file of a SQLite cache: damaged, foreign, old, locked, or used after fork."""

from __future__ import annotations

import datetime
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp import limits
from ocsp.client.cache import SQLiteCache, database
from tests.unit.client.evidence import HOUR, LATER, answer, key_of

SERIALS = range(1, 6)
BLOCK = 128
MINUTE = datetime.timedelta(minutes=1)


def _der(serial: int, age: datetime.timedelta = HOUR) -> bytes:
    return answer(serial, age).response.public_bytes(Encoding.DER)


def _fill(path: Path) -> None:
    with SQLiteCache(path) as cache:
        for serial in SERIALS:
            assert cache.put(key_of(serial), answer(serial), LATER)


def _check(path: Path) -> int:
    """Check that a cache works with *path*; return how many answers it finds."""
    found = 0
    with SQLiteCache(path) as cache:
        for serial in SERIALS:
            kept = cache.get(key_of(serial))
            assert kept is None or (kept.der, kept.expires) == (_der(serial), LATER)
            found += kept is not None
        serial, age = SERIALS[-1], HOUR - MINUTE
        assert cache.put(key_of(serial), answer(serial, age), LATER)
        kept = cache.get(key_of(serial))
        assert kept is not None
        assert kept.der == _der(serial, age)
    return found


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    return tmp_path / "answers.db"


@pytest.fixture(name="full", scope="module")
def _full(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return the octets of a file with five answers."""
    path = tmp_path_factory.mktemp("full") / "answers.db"
    _fill(path)
    assert not path.with_name("answers.db-wal").exists()
    return path.read_bytes()


def _invert(octets: bytes) -> bytes:
    return bytes(octet ^ 0xFF for octet in octets)


def _clear(octets: bytes) -> bytes:
    return bytes(len(octets))


def _nudge(octets: bytes) -> bytes:
    return bytes([octets[0] ^ 0x01]) + octets[1:]


@pytest.mark.parametrize("damage", [_invert, _clear, _nudge])
def test_a_damaged_block_is_a_miss(
    path: Path, full: bytes, damage: Callable[[bytes], bytes]
) -> None:
    """Whichever block is damaged, answers are intact or missing, and the cache works."""
    found = []
    for start in range(0, len(full), BLOCK):
        block = full[start : start + BLOCK]
        path.write_bytes(full[:start] + damage(block) + full[start + BLOCK :])
        found.append(_check(path))
    assert min(found) < len(SERIALS)


def test_a_truncated_file_is_a_miss(path: Path, full: bytes) -> None:
    """Whatever its length, answers are intact or missing, and the cache works."""
    found = []
    for size in range(0, len(full), 4 * BLOCK):
        path.write_bytes(full[:size])
        found.append(_check(path))
    assert found[0] == 0


def test_a_file_damaged_while_open_is_replaced(path: Path) -> None:
    """The cache that detects the damage replaces it; the other uses the new file."""
    _fill(path)
    with SQLiteCache(path) as one, SQLiteCache(path) as other:
        assert one.get(key_of(1)) is not None
        with sqlite3.connect(path) as connection:
            connection.execute("DROP TABLE answer")
        connection.close()
        assert one.get(key_of(1)) is None
        assert one.put(key_of(1), answer(1), LATER)
        assert other.get(key_of(1)) is not None  # the new file, not another new one
        assert other.put(key_of(2), answer(2), LATER)
        assert one.get(key_of(2)) is not None


def test_a_changed_entry_is_a_miss(path: Path) -> None:
    """SQLite does not detect a changed value; the digest does."""
    for column, value in (
        ("der", b"0"),
        ("der", "text"),
        ("der", 5),
        ("expires", 1 << 40),
        ("expires", "soon"),
        ("this_update", 0),
        ("this_update", 0.5),
        ("revoked", 1),
        ("digest", bytes(32)),
        ("digest", "text"),
    ):
        _fill(path)
        connection = sqlite3.connect(path)
        with connection:
            connection.execute(f"UPDATE answer SET {column} = ?", (value,))
        connection.close()
        assert _check(path) == 0
        path.unlink()


@pytest.mark.parametrize("change", [-1, 1])
def test_a_file_of_another_version_is_replaced(path: Path, change: int) -> None:
    """It is renamed, whether its version is older or newer."""
    _fill(path)
    version = database.VERSION + change
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    assert _check(path) == 0
    aside = sqlite3.connect(path.with_name("answers.db.aside"))
    assert aside.execute("PRAGMA user_version").fetchone() == (version,)
    aside.close()


def test_a_file_of_another_program_is_renamed_complete(path: Path) -> None:
    """A database keeps its write-ahead log; a file that is no database is renamed too."""
    theirs = sqlite3.connect(path)
    theirs.execute("PRAGMA journal_mode = WAL")
    with theirs:
        theirs.execute("CREATE TABLE precious (thing)")
        theirs.execute("INSERT INTO precious VALUES ('mine')")
    assert _check(path) == 0
    aside = path.with_name("answers.db.aside")
    theirs.close()
    again = sqlite3.connect(aside)
    assert again.execute("SELECT thing FROM precious").fetchall() == [("mine",)]
    again.close()
    path.write_text("a letter\n" * 100)
    assert _check(path) == 0
    assert aside.read_text().startswith("a letter")


def test_only_the_owner_can_read_a_new_file(path: Path) -> None:
    """It reveals which certificates were checked, and so do SQLite's files beside it."""
    previous = os.umask(0)
    try:
        with SQLiteCache(path) as cache:
            cache.put(key_of(1), answer(1), LATER)
            modes = {
                each.name: stat.S_IMODE(each.stat().st_mode)
                for each in path.parent.iterdir()
            }
    finally:
        os.umask(previous)
    assert set(modes) >= {"answers.db", "answers.db-wal"}
    assert set(modes.values()) == {0o600}


def test_the_constructor_raises_if_no_file_can_be_made(tmp_path: Path) -> None:
    """The directory is missing, or the path is a directory or a device."""
    for path in (tmp_path / "no" / "answers.db", tmp_path, Path(os.devnull)):
        with pytest.raises(ocsp.errors.StoreError, match=str(path)):
            SQLiteCache(path)
    assert not Path(os.devnull).is_file()


def test_while_another_process_writes_put_returns_false(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock that is held for long is not damage; reading still works."""
    monkeypatch.setattr(limits, "MAX_CACHE_WAIT_SECONDS", 0.01)
    _fill(path)
    other = sqlite3.connect(path, isolation_level=None)
    with SQLiteCache(path) as cache:
        other.execute("BEGIN IMMEDIATE")
        assert cache.get(key_of(1)) is not None
        assert not cache.put(key_of(1), answer(1, HOUR - MINUTE), LATER)
        cache.discard(key_of(1))
        other.execute("ROLLBACK")
        assert cache.get(key_of(1)) is not None
        assert cache.put(key_of(1), answer(1, HOUR - MINUTE), LATER)
    other.close()
    assert not path.with_name("answers.db.aside").exists()


def test_a_full_file_is_not_replaced(path: Path) -> None:
    """As with a full disk: stored answers stay, and no answer is half written."""
    _fill(path)
    with SQLiteCache(path) as cache:
        connection = cache._file._connection
        assert connection is not None
        connection.set_authorizer(None)
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        new = [
            serial
            for serial in range(100, 130)
            if cache.put(key_of(serial), answer(serial), LATER)
        ]
        assert len(new) < 30
        for serial in (*SERIALS, *new):
            assert cache.get(key_of(serial)) is not None
    assert not path.with_name("answers.db.aside").exists()


def test_a_closed_cache_has_no_answers(path: Path) -> None:
    """It also stores none."""
    cache = SQLiteCache(path)
    assert cache.put(key_of(1), answer(1), LATER)
    cache.close()
    cache.close()
    assert cache.get(key_of(1)) is None
    assert not cache.put(key_of(1), answer(1, HOUR - MINUTE), LATER)
    cache.discard(key_of(1))


FORK = """
import os, sys, threading
from pathlib import Path
from ocsp.client.cache import SQLiteCache
from tests.unit.client.evidence import LATER, answer, key_of

cache = SQLiteCache(Path(sys.argv[1]))
assert cache.put(key_of(1), answer(1), LATER)
answer(2)
busy, stop = threading.Event(), threading.Event()

def read():
    while not stop.is_set():
        cache.get(key_of(1))
        busy.set()

reader = threading.Thread(target=read)
reader.start()
busy.wait()
for _ in range(20):
    child = os.fork()
    if child == 0:
        assert cache._file._connection is None
        assert cache.get(key_of(1)) is not None
        cache.put(key_of(2), answer(2), LATER)
        cache.close()
        stop.set()
        sys.exit(0)
    assert os.waitpid(child, 0)[1] == 0
stop.set()
reader.join()
assert cache.get(key_of(2)) is not None
assert not Path(sys.argv[1] + ".aside").exists()
cache.close()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_cache_survives_fork(path: Path) -> None:
    """Parent and child open the file anew, whatever another thread is doing with it."""
    done = subprocess.run(
        # Python 3.12 and later warn of a fork beside threads, which is the case here.
        [
            *(sys.executable, "-W", "error", "-W", "ignore::DeprecationWarning"),
            *("-c", FORK, str(path)),
        ],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,  # a lock that is never released
    )
    assert (done.returncode, done.stderr) == (0, "")
