"""A cache file that another program or an attacker has written, or that is locked."""

from __future__ import annotations

import asyncio
import datetime
import logging
import os
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp import CertID, OCSPCertStatus, limits
from ocsp.client import CheckStatus, Source
from ocsp.client.cache import SQLiteCache, shrinking
from ocsp.client.cache import file as cache_file
from ocsp.client.cache.row import key_of as row_key
from ocsp.client.cache.shrinking import last
from ocsp.client.engine import tasks
from ocsp.errors import OlderThanKnown, StoreError
from ocsp.messages.message import EncodingRules
from tests.odd_files import dangling, device, fifo, loop
from tests.pki import NOW, ca, key
from tests.unit.client.evidence import HOUR, LATER, answer, key_of
from tests.unit.client.scene import (
    SERIAL,
    A,
    AsyncScript,
    Play,
    certificate,
    reply,
    response,
)

GOOD, REVOKED = OCSPCertStatus.GOOD, OCSPCertStatus.REVOKED
MINUTE = datetime.timedelta(minutes=1)
SOON = 2.0
"""Seconds within which a miss must come on a loaded machine; it takes milliseconds."""

posix_only = pytest.mark.skipif(
    not hasattr(os, "fork"), reason="needs the files and locks of a POSIX system"
)


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    return tmp_path / "answers.db"


@contextmanager
def _soon() -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < SOON


def _execute(path: Path, *statements: str, values: tuple[object, ...] = ()) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.create_function("randomly", 0, lambda: 1)
    for statement in statements:
        connection.execute(statement, values)
    connection.close()


def _is_repaired(cache: SQLiteCache, serial: int = 1) -> bool:
    """Store an answer and find it again."""
    kept = cache.put(key_of(serial), answer(serial, HOUR - MINUTE), LATER)
    return kept and cache.get(key_of(serial)) is not None


# --- schemas --------------------------------------------------------------------------

OURS = """CREATE TABLE answer (
    number INTEGER PRIMARY KEY,       -- increases with each answer that is stored
    certificate BLOB NOT NULL UNIQUE, -- SHA-256 of its CertID with SHA-256
    entries INTEGER NOT NULL,         -- in the last row: how many rows there are
    this_update INTEGER NOT NULL,     -- seconds since 1970
    revoked INTEGER NOT NULL,         -- 1 for revoked, 0 for good
    produced_at INTEGER NOT NULL,     -- seconds since 1970
    expires INTEGER NOT NULL,         -- seconds since 1970
    digest BLOB NOT NULL,             -- SHA-256 of certificate, the times and der
    der BLOB NOT NULL                 -- the response; empty if only its status is kept
)"""
EXPIRY = "CREATE INDEX expiry ON answer (expires) WHERE revoked = 0"
COLUMNS = (
    "number, certificate, entries, this_update, revoked, produced_at, expires, digest,"
    " der"
)
ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)"
HEADER = ("PRAGMA application_id = 0x4F435343", "PRAGMA user_version = 4")
COPY = f"INSERT INTO answer SELECT {COLUMNS} FROM old"
RENAME = "ALTER TABLE answer RENAME TO old"

SCHEMAS: dict[str, tuple[str, ...]] = {
    "view without end": (
        RENAME,
        (
            f"CREATE VIEW answer AS {ENDLESS} SELECT x AS number, x'00' AS certificate,"
            " 1 AS entries, 1 AS this_update, 0 AS revoked, 1 AS produced_at, 1 AS expires, x'' AS digest, x'' AS der"
            " FROM c WHERE x < 0"
        ),
    ),
    "view of the table": (RENAME, "CREATE VIEW answer AS SELECT * FROM old"),
    "view of views": (
        "DROP TABLE answer",
        "CREATE VIEW v0 AS SELECT 1 AS number",
        *(
            f"CREATE VIEW v{n} AS SELECT a.number FROM v{n - 1} a, v{n - 1} b"
            for n in range(1, 12)
        ),
        (
            "CREATE VIEW answer AS SELECT number, x'00' AS certificate, 1 AS entries, 1 AS this_update,"
            " 0 AS revoked, 1 AS produced_at, 1 AS expires, x'' AS digest, x'' AS der FROM v11"
        ),
    ),
    **{
        f"trigger {when}": (
            (
                f"CREATE TRIGGER t {when} ON answer BEGIN"
                " INSERT INTO answer SELECT NULL, randomblob(40), 1, 1, 1, 1, 1, x'', x''; END"
            ),
        )
        for when in ("AFTER INSERT", "BEFORE INSERT", "AFTER DELETE", "AFTER UPDATE")
    },
    "trigger that is endless": (
        (
            "CREATE TRIGGER t AFTER INSERT ON answer BEGIN"
            f" DELETE FROM answer WHERE number IN ({ENDLESS} SELECT x FROM c); END"
        ),
    ),
    "other table": ("CREATE TABLE more (x)",),
    "other tables": tuple(f"CREATE TABLE more{n} (x)" for n in range(500)),
    "other index": ("CREATE INDEX i ON answer (expires)",),
    "index of an expression": (
        "CREATE INDEX i ON answer (length(hex(zeroblob(40000000))))",
    ),
    "missing column": (
        "DROP TABLE answer",
        "CREATE TABLE answer (number, certificate)",
    ),
    "other columns": ("DROP TABLE answer", "CREATE TABLE answer (a, b, c, d)"),
    "columns of any type": (
        RENAME,
        f"CREATE TABLE answer ({COLUMNS})",
        COPY,
        "DROP TABLE old",
    ),
    "two rows for a certificate": (
        RENAME,
        f"CREATE TABLE answer ({COLUMNS})",
        COPY,
        COPY,
        "DROP TABLE old",
    ),
    "computed column": (
        "DROP TABLE answer",
        (
            f"CREATE TABLE answer ({COLUMNS.replace(', der', '')},"
            " der AS (zeroblob(900000000)))"
        ),
    ),
    "check that computes": (
        "DROP TABLE answer",
        f"CREATE TABLE answer ({COLUMNS}, CHECK (length(hex(zeroblob(40000000)))))",
    ),
    "virtual table": (
        "DROP TABLE answer",
        f"CREATE VIRTUAL TABLE answer USING fts5({COLUMNS})",
    ),
    "no table": ("DROP TABLE answer",),
    "no index": ("DROP INDEX expiry",),
    "index of other columns": (
        "DROP INDEX expiry",
        "CREATE INDEX expiry ON answer (number)",
    ),
    "another program": ("PRAGMA application_id = 5",),
    "another version": ("PRAGMA user_version = 99",),
    "another encoding": (
        "DROP TABLE answer",
        "VACUUM",
        "PRAGMA encoding = 'UTF-16'",
        OURS,
    ),
}
"""What an attacker can do to the schema. In the first place, our table has one answer."""


def _filled(path: Path) -> None:
    with SQLiteCache(path) as cache:
        assert cache.put(key_of(1), answer(1), LATER)


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_a_hostile_schema_is_a_miss_and_is_replaced(path: Path, name: str) -> None:
    """When the file is opened; nothing in it is executed."""
    _filled(path)
    _execute(path, *SCHEMAS[name])
    with _soon(), SQLiteCache(path) as cache:
        kept = cache.get(key_of(1))
        assert kept is None or kept.this_update == NOW - HOUR
        assert _is_repaired(cache)


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_a_hostile_schema_that_appears_later(path: Path, name: str) -> None:
    """While the file is open."""
    with SQLiteCache(path) as cache:
        assert cache.put(key_of(1), answer(1), LATER)
        assert cache.put(key_of(2), answer(2), LATER)
        _execute(path, *SCHEMAS[name])
        with _soon():
            kept = cache.get(key_of(1))
            assert kept is None or kept.this_update == NOW - HOUR
            cache.discard(key_of(2))
            assert _is_repaired(cache)
            assert _is_repaired(cache, 3)


def test_our_schema_is_not_replaced(path: Path) -> None:
    """The schema that the cases above start from."""
    _execute(path, *HEADER, OURS, EXPIRY)
    with SQLiteCache(path) as cache:
        assert _is_repaired(cache)
    assert not path.with_name("answers.db.aside").exists()


def test_a_file_with_pages_of_another_size_is_replaced(path: Path) -> None:
    """The limit of the size of the file counts pages."""
    _filled(path)
    _execute(path, "PRAGMA journal_mode = DELETE", "PRAGMA page_size = 512", "VACUUM")
    with SQLiteCache(path) as cache:
        assert _is_repaired(cache)
    assert path.with_name("answers.db.aside").exists()


def test_an_access_has_a_limit_of_steps(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table that costs more than that is damaged, and is replaced."""
    _filled(path)
    with SQLiteCache(path) as cache:
        monkeypatch.setattr(cache_file, "_STEPS", -1)
        _execute(
            path,
            f"{ENDLESS} INSERT INTO answer SELECT NULL, CAST(x AS BLOB), x + 1, 1, 0, 1, 1,"
            " x'00', x'00' FROM c LIMIT 3000",
        )
        monkeypatch.setattr(shrinking, "_MOST_REMOVED", 3000)
        monkeypatch.setattr(cache_file, "_STEPS_PER_ROW", 0)
        monkeypatch.setattr(limits, "MAX_CACHED_ANSWERS", 1)
        assert cache.put(key_of(2), answer(2), LATER)
        assert cache.get(key_of(1)) is None
        assert cache.get(key_of(2)) is not None
    assert path.with_name("answers.db.aside").exists()


# --- rows -----------------------------------------------------------------------------

FOREIGN = b"\x30\x03\x0a\x01\x06"
"""The smallest response, without any entry."""

TIMES = (
    0, -1, 2**31, 2**32, 2**53, 2**62, -(2**62), 2**63 - 1, -(2**63), 253402300799, 253402300800,
    -62135596800, -62135596801,
)  # fmt: skip
"""Times in seconds; a datetime has the years 1 to 9999."""

VALUES: tuple[object, ...] = (
    None, "text", "", "1", b"", b"\xff", 0.5, 1e308, float("inf"), float("nan"), 2**63 - 1, "\x00",
)  # fmt: skip


def _digest(key: bytes, *numbers_and_der: Any) -> bytes:
    *numbers, der = numbers_and_der
    return sha256(key + struct.pack("<4q", *numbers) + der).digest()


def _replace_row(path: Path, **changes: Any) -> None:
    """Write a row for serial number 1, with the right digest if there can be one."""
    der = answer(1).response.public_bytes(Encoding.DER)
    row: dict[str, Any] = {
        "number": 7,
        "certificate": row_key(key_of(1)),
        "entries": 1,
        "this_update": int((NOW - HOUR).timestamp()),
        "revoked": 0,
        "produced_at": int(NOW.timestamp()),
        "expires": int(LATER.timestamp()),
        "der": der,
    } | changes
    parts: list[Any] = [
        row[name]
        for name in (
            "certificate",
            "this_update",
            "revoked",
            "produced_at",
            "expires",
            "der",
        )
    ]
    if "digest" not in row:
        fits = [type(each) for each in parts] == [bytes, int, int, int, int, bytes]
        row["digest"] = _digest(*parts) if fits else bytes(32)
    path.unlink(missing_ok=True)
    with SQLiteCache(path):
        pass
    names = ", ".join(row)
    marks = ", ".join("?" * len(row))
    connection = sqlite3.connect(path, isolation_level=None)
    # What NOT NULL refuses, an attacker writes with the schema changed for a moment.
    connection.execute("PRAGMA writable_schema = ON")
    relaxed = OURS.replace(" NOT NULL", "")
    connection.execute(
        "UPDATE sqlite_schema SET sql = ? WHERE name = 'answer'", (relaxed,)
    )
    connection.close()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(
        f"INSERT INTO answer ({names}) VALUES ({marks})", [*row.values()]
    )
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute(
        "UPDATE sqlite_schema SET sql = ? WHERE name = 'answer'", (OURS,)
    )
    connection.close()


@pytest.mark.parametrize("value", VALUES, ids=repr)
@pytest.mark.parametrize(
    "column",
    [
        *("certificate", "this_update", "revoked", "produced_at", "expires"),
        *("digest", "der"),
    ],
)
def test_a_value_of_another_type_is_a_miss(
    path: Path, column: str, value: object
) -> None:
    """The row is replaced, the file is not."""
    _replace_row(path, **{column: value})
    with _soon(), SQLiteCache(path) as cache:
        found = cache.get(key_of(1))
        if found is not None:  # a number in the place of another number
            assert column == "der"
            assert isinstance(value, bytes)
        assert _is_repaired(cache)
    assert not path.with_name("answers.db.aside").exists()


@pytest.mark.parametrize("column", ["this_update", "produced_at", "expires"])
@pytest.mark.parametrize("seconds", TIMES)
def test_an_absurd_time_is_a_miss_or_expired(
    path: Path, column: str, seconds: int
) -> None:
    """Even if the digest is right. A row that claims to be newer does not stay."""
    _replace_row(path, **{column: seconds})
    with _soon(), SQLiteCache(path) as cache:
        found = cache.get(key_of(1))
        if not -62135596800 <= seconds <= 253402300799:
            assert found is None
        assert _is_repaired(cache)
        kept = cache.get(key_of(1))
        assert kept is not None
        assert kept.this_update == NOW - HOUR + MINUTE
    assert not path.with_name("answers.db.aside").exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"der": FOREIGN, "this_update": 2**33},
        {"der": answer(1).response.public_bytes(Encoding.DER), "produced_at": 2**33},
        {"der": b"\x30\x80" * 1000, "this_update": 2**33},
        {"der": bytes(limits.MAX_VERIFIED_BYTES), "this_update": 2**33},
        {"this_update": int(NOW.timestamp()) + 1},
        {"revoked": 1, "this_update": int((NOW - HOUR).timestamp())},
        {"revoked": 2, "this_update": int((NOW - HOUR).timestamp())},
    ],
    ids=str,
)
def test_a_row_cannot_claim_to_be_newer_than_its_response(
    path: Path, changes: dict[str, object]
) -> None:
    """Otherwise no answer would ever replace it."""
    _replace_row(path, **changes)
    with _soon(), SQLiteCache(path) as cache:
        assert cache.put(key_of(1), answer(1), LATER)
        kept = cache.get(key_of(1))
        assert kept is not None
        assert kept.der == answer(1).response.public_bytes(Encoding.DER)
    assert not path.with_name("answers.db.aside").exists()


@pytest.mark.parametrize("column", ["der", "digest", "certificate"])
@pytest.mark.parametrize("kind", ["zeroblob({})", "hex(zeroblob({} / 2))"])
@pytest.mark.parametrize("size", [limits.MAX_VERIFIED_BYTES + 2, 10_000_000])
def test_a_huge_value_is_not_read(
    path: Path, column: str, kind: str, size: int
) -> None:
    """SQLite knows its size without reading it."""
    _filled(path)
    _execute(path, f"UPDATE answer SET {column} = {kind.format(size)}")
    with _soon(), SQLiteCache(path) as cache:
        assert cache.get(key_of(1)) is None
        assert cache.put(key_of(2), answer(2), LATER)
        assert _is_repaired(cache)
        assert cache.get(key_of(2)) is not None
    with SQLiteCache(path, max_entries=0) as cache:  # the row is removed some time
        assert cache.put(key_of(2), answer(2, HOUR - MINUTE), LATER)
    connection = sqlite3.connect(path)
    left = connection.execute("SELECT max(length(der), length(digest)) FROM answer")
    assert all(length < limits.MAX_VERIFIED_BYTES for (length,) in left)
    connection.close()


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63), 0])
def test_the_number_of_a_row_may_be_the_last_one(path: Path, number: int) -> None:
    """There is no number after it."""
    _replace_row(path, number=number)
    with _soon(), SQLiteCache(path) as cache:
        assert _is_repaired(cache, 2)
        assert _is_repaired(cache, 1)


def _claim(path: Path, entries: object) -> None:
    """Let the last row say that there are so many."""
    statement = (
        "UPDATE answer SET entries = ? WHERE number = (SELECT max(number) FROM answer)"
    )
    _execute(path, statement, values=(entries,))


@pytest.mark.parametrize("claimed", [-2, 0.5, 2**47 - 1, 2**63 - 1])
def test_a_file_with_an_impossible_number_of_rows_is_replaced(
    path: Path, claimed: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When an answer is stored: reading needs no number."""
    monkeypatch.setattr(shrinking, "_MOST_ENTRIES", 1 << 47)
    _filled(path)
    _claim(path, claimed)
    with _soon(), SQLiteCache(path, max_entries=8) as cache:
        assert cache.get(key_of(1)) is not None
        assert cache.put(key_of(2), answer(2), LATER)
        assert cache.get(key_of(2)) is not None
        assert cache._file.read(last) == (1, 1)
    assert path.with_name("answers.db.aside").exists()


@pytest.mark.parametrize("claimed", [0, 5, 2**47, -1, "many", b"", "9"])
def test_a_wrong_number_of_rows_costs_answers_at_most(
    path: Path, claimed: object
) -> None:
    """If there are fewer rows than the file says, all leave, and the next one counts."""
    with SQLiteCache(path, max_entries=3) as cache:
        for serial in (1, 2, 3):
            assert cache.put(key_of(serial), answer(serial), LATER)
        _claim(path, claimed)
        for serial in (4, 5, 6, 7):
            assert cache.put(key_of(serial), answer(serial), LATER)
        found = cache._file.read(last)
        assert found is not None
        assert found[1] in range(5)
        cache.discard(key_of(7))
        cache.discard(key_of(7))
        assert cache.put(key_of(8), answer(8), LATER)
        assert cache.get(key_of(8)) is not None
    assert not path.with_name("answers.db.aside").exists()


def test_a_larger_limit_of_responses_does_not_damage_the_file(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What SQLite would refuse is not put in."""
    monkeypatch.setattr(limits, "MAX_VERIFIED_BYTES", 1 << 30)
    large = bytes(2 << 20)
    monkeypatch.setattr(type(answer(1).response), "public_bytes", lambda *_: large)
    with SQLiteCache(path) as cache:
        assert not cache.put(key_of(1), answer(1), LATER)
        monkeypatch.undo()
        assert _is_repaired(cache)
    assert not path.with_name("answers.db.aside").exists()


def test_an_answer_that_is_not_der_is_intact(path: Path) -> None:
    """A client with a tolerant policy has verified it, and verifies it again."""
    der = response()
    assert der[:2] == b"\x30\x82"
    ber = b"\x30\x83\x00" + der[2:]
    policy = ocsp.Policy(encoding=EncodingRules.TOLERANT)
    evidence = ocsp.verify(ber, certificate(A), ca(), at=NOW, policy=policy)
    with SQLiteCache(path) as cache:
        assert cache.put(evidence.canonical_cert_id, evidence, LATER)
        found = cache.get(evidence.canonical_cert_id)
        assert found is not None
        assert found.der == ber


# --- what is in the file is no evidence -----------------------------------------------


def _forged() -> bytes:
    """Return a response that says good, and that another CA has signed."""
    return response(signer=ocsp.KeySigner(key("Other CA"), ca("Other CA")))


@pytest.mark.parametrize("driver", ["threads", "tasks"])
def test_the_client_verifies_what_it_finds(path: Path, driver: str) -> None:
    """A forged *good*, and a real one for another certificate, change nothing."""
    cert = certificate(A)
    cert_id = CertID.for_certificate(cert, ca(), hashes.SHA256())
    produced = int((NOW - HOUR).timestamp())
    for der in (_forged(), response(serial=7), FOREIGN):
        _replace_row(path, certificate=row_key(cert_id), der=der, produced_at=produced)
        with SQLiteCache(path) as cache:
            assert (cache.get(cert_id) is None) is (der is FOREIGN)
            play = Play(driver, {A: [reply(response(REVOKED))]}, cache=cache)
            outcome = play.check(cert)
            assert (outcome.status, outcome.source) == (
                CheckStatus.REVOKED,
                Source.RESPONDER,
            )
            assert play.check(cert).source is Source.CACHE


def _damaged(der: bytes) -> bytes:
    """Return the response with another signature; the certificate comes after it."""
    reader = ocsp.load_der_ocsp_response(der)
    signature = reader.signature
    return der.replace(signature, signature[:-1] + bytes([signature[-1] ^ 1]))


@pytest.mark.parametrize("driver", ["threads", "tasks"])
@pytest.mark.parametrize("kind", ["other CA", "damaged", "other certificate"])
def test_an_answer_that_nobody_signed_is_not_the_newest(
    path: Path, driver: str, kind: str
) -> None:
    """A forged answer with a later thisUpdate does not make the client refuse real ones."""
    cert = certificate(A)
    cert_id = CertID.for_certificate(cert, ca(), hashes.SHA256())
    later = NOW + 1000 * HOUR
    der = {
        "other CA": response(
            begin=later, signer=ocsp.KeySigner(key("Other CA"), ca("Other CA"))
        ),
        "damaged": _damaged(response(begin=later)),
        "other certificate": response(serial=7, begin=later),
    }[kind]
    seconds = int(later.timestamp())
    _replace_row(
        path,
        certificate=row_key(cert_id),
        der=der,
        this_update=seconds,
        produced_at=seconds,
    )
    with SQLiteCache(path) as cache:
        assert cache.newest(cert_id) is not None
        play = Play(driver, {A: [reply(response(REVOKED))]}, cache=cache)
        for source in (Source.RESPONDER, Source.CACHE):
            outcome = play.check(cert)
            assert outcome.status is CheckStatus.REVOKED
            if kind != "other CA":  # which another client may trust: its answer stays
                assert outcome.source is source


@pytest.mark.parametrize("driver", ["threads", "tasks"])
@pytest.mark.parametrize("is_kept", [False, True])
def test_an_answer_that_will_be_valid_stays_the_newest(
    path: Path, driver: str, is_kept: bool
) -> None:
    """A clock that was set back makes no older answer evidence."""
    cert = certificate(A)
    later = NOW + 100 * HOUR
    der = response(REVOKED, begin=later, end=later + HOUR)
    newest = ocsp.verify(der, cert, ca(), at=later)
    with SQLiteCache(path) as cache:
        if is_kept:
            cache.put(newest.canonical_cert_id, newest, later + HOUR)
        else:
            cache.note(newest)
        play = Play(driver, {A: [reply(response())]}, cache=cache)
        outcome = play.check(cert)
        assert outcome.status is CheckStatus.INDETERMINATE
        assert isinstance(outcome.failure, OlderThanKnown)


@pytest.mark.parametrize("driver", ["threads", "tasks"])
@pytest.mark.parametrize("seconds", TIMES)
def test_the_end_of_an_answer_is_that_of_its_response(
    path: Path, driver: str, seconds: int
) -> None:
    """The file can make the client ask earlier, and not use an answer for longer."""
    cert = certificate(A)
    cert_id = CertID.for_certificate(cert, ca(), hashes.SHA256())
    produced = int((NOW - HOUR).timestamp())
    _replace_row(
        path,
        certificate=row_key(cert_id),
        der=response(),
        produced_at=produced,
        expires=seconds,
    )
    with SQLiteCache(path) as cache:
        play = Play(driver, {A: [reply(response(REVOKED, begin=NOW))]}, cache=cache)
        outcome = play.check(cert)
        assert outcome.status in {CheckStatus.GOOD, CheckStatus.REVOKED}
        play.clock.seconds = 25 * 3600
        assert play.check(cert).status is not CheckStatus.GOOD


# --- files ----------------------------------------------------------------------------


def _link(path: Path) -> None:
    path.with_name("precious").write_text("content")
    path.symlink_to("precious")


ODD: list[Callable[[Path], None]] = [fifo, loop, device, dangling, Path.mkdir]


@posix_only
@pytest.mark.parametrize("make", ODD)
def test_another_kind_of_file_is_refused_in_one_sentence(
    path: Path, make: Callable[[Path], None]
) -> None:
    """At the start; nothing is waited for, replaced, or created elsewhere."""
    make(path)
    before = path.lstat()
    with _soon(), pytest.raises(StoreError) as caught:
        SQLiteCache(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert len(str(caught.value).splitlines()) == 1
    assert os.path.samestat(before, path.lstat())
    assert not path.with_name("missing").exists()


@posix_only
@pytest.mark.parametrize("suffix", [".lock", "-wal", "-shm", "-journal"])
@pytest.mark.parametrize("make", [*ODD, _link])
def test_another_kind_of_file_beside_it_is_refused(
    path: Path, make: Callable[[Path], None], suffix: str
) -> None:
    """SQLite would wait for a FIFO, and write through a link."""
    _filled(path)
    path.with_name("answers.db.lock").unlink()
    beside = path.with_name(f"answers.db{suffix}")
    make(beside)
    with _soon(), pytest.raises(StoreError, match=rf"answers\.db{suffix}: "):
        SQLiteCache(path)
    assert not path.with_name("missing").exists()
    if make is _link:
        assert path.with_name("precious").read_text() == "content"


@posix_only
def test_a_link_to_another_file_is_renamed_and_its_target_stays(path: Path) -> None:
    """It is no cache."""
    _link(path)
    with SQLiteCache(path) as cache:
        assert _is_repaired(cache)
    assert path.with_name("precious").read_text() == "content"
    assert path.with_name("answers.db.aside").is_symlink()
    assert path.is_file()
    assert not path.is_symlink()


@posix_only
@pytest.mark.parametrize("make", ODD)
def test_another_kind_of_file_that_appears_later(
    path: Path, make: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    """The checks go on without the cache, and one message says so."""
    with SQLiteCache(path) as cache:
        assert _is_repaired(cache)
        path.unlink()
        make(path)
        with _soon():
            for _ in range(5):
                assert cache.get(key_of(1)) is None
                assert not cache.put(key_of(2), answer(2), LATER)
        (record,) = caplog.records
        assert record.getMessage().endswith("checks go on without it")
        path.rmdir() if make is Path.mkdir else path.unlink()
        assert _is_repaired(cache)


@pytest.mark.parametrize("is_deleted", [False, True])
def test_a_file_that_is_replaced_or_deleted_meanwhile(
    path: Path, is_deleted: bool
) -> None:
    """The cache follows its name."""
    other = path.with_name("other.db")
    with SQLiteCache(other) as cache:
        assert cache.put(key_of(2), answer(2), LATER)
    with SQLiteCache(path) as cache:
        assert cache.put(key_of(1), answer(1), LATER)
        if is_deleted:
            for suffix in ("-wal", "-shm", ""):
                path.with_name(f"{path.name}{suffix}").unlink()
        else:
            other.replace(path)
        assert cache.get(key_of(2)) is None or not is_deleted
        assert _is_repaired(cache)
        with SQLiteCache(path) as again:
            assert again.get(key_of(1)) is not None


@pytest.mark.parametrize("content", [b"", b"x", b"text " * 5000, bytes(100_000)])
def test_a_file_that_is_overwritten_meanwhile(path: Path, content: bytes) -> None:
    """With another content, in place; the next use after a failure repairs it."""
    with SQLiteCache(path) as cache:
        assert cache.put(key_of(1), answer(1), LATER)
        path.write_bytes(content)
        for suffix in ("-wal", "-journal"):
            if path.with_name(f"{path.name}{suffix}").exists():
                path.with_name(f"{path.name}{suffix}").write_bytes(b"")
        with _soon():
            cache.get(key_of(1))
            cache.put(key_of(2), answer(2), LATER)
    with SQLiteCache(path) as cache:
        assert _is_repaired(cache)


KILLED = """
import os, signal, sys
from ocsp.client.cache import SQLiteCache
from tests.unit.client.evidence import LATER, answer, key_of

cache = SQLiteCache(sys.argv[1])
assert cache.put(key_of(1), answer(1), LATER)
if sys.argv[2] == "writing":
    cache._file._connection.execute("BEGIN IMMEDIATE")
os.kill(os.getpid(), signal.SIGKILL)
"""


@posix_only
@pytest.mark.parametrize("what", ["idle", "writing"])
def test_the_log_of_a_killed_process_is_used(path: Path, what: str) -> None:
    """Its locks are free, and what it had stored is there."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(path), what],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert path.with_name("answers.db-wal").stat().st_size > 0
    with _soon(), SQLiteCache(path) as cache:
        assert cache._file.read(last) == (1, 1)
        assert _is_repaired(cache)


# --- locks ----------------------------------------------------------------------------


@contextmanager
def _lock_of_opening(path: Path) -> Iterator[None]:
    import fcntl

    handle = os.open(f"{path}.lock", os.O_CREAT | os.O_RDWR)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def _lock_of_sqlite(path: Path, *statements: str) -> Iterator[None]:
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    try:
        yield
    finally:
        connection.close()


@contextmanager
def _lock_of_writing(path: Path) -> Iterator[None]:
    with _lock_of_sqlite(path, "BEGIN IMMEDIATE"):
        yield


@contextmanager
def _lock_of_everything(path: Path) -> Iterator[None]:
    """As of a program that does not share the file, also while it is no cache yet."""
    with _lock_of_sqlite(path, "PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE"):
        yield


LOCKS = [
    pytest.param(_lock_of_opening, marks=posix_only),
    _lock_of_writing,
    _lock_of_everything,
]


@pytest.mark.parametrize("is_new", [False, True], ids=["old", "new"])
@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_at_the_start_delays_nothing(
    path: Path,
    lock: Callable[[Path], Any],
    is_new: bool,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The constructor does not wait, so an event loop may call it; the use waits once."""
    monkeypatch.setattr(limits, "MAX_CACHE_WAIT_SECONDS", 0.3)
    if not is_new:
        _filled(path)
    slept: list[float] = []
    real_sleep = time.sleep

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        real_sleep(seconds)

    monkeypatch.setattr(time, "sleep", sleep)
    with lock(path), SQLiteCache(path) as cache:
        assert slept == []
        with _soon():
            found = [cache.get(key_of(1)) for _ in range(3)]
            assert not cache.put(key_of(2), answer(2), LATER)
            waited = len(slept)
            assert waited > 0
            for _ in range(50):
                cache.get(key_of(1))
                assert not cache.put(key_of(2), answer(2), LATER)
                cache.discard(key_of(1))
            assert len(slept) == waited
        assert len(set(found)) == 1
        (record,) = caplog.records
        assert record.levelno == logging.WARNING
        assert record.getMessage() == (
            f"{path}: another process has locked the cache; checks go on without it"
        )
    with SQLiteCache(path) as cache:
        assert _is_repaired(cache)
    assert not path.with_name("answers.db.aside").exists()


@pytest.mark.parametrize("lock", LOCKS)
def test_after_the_lock_is_released_the_cache_is_used_again(
    path: Path,
    lock: Callable[[Path], Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A second lock is waited for, and logged, again."""
    monkeypatch.setattr(limits, "MAX_CACHE_WAIT_SECONDS", 0.05)
    for _ in range(2):
        caplog.clear()
        with lock(path):
            with SQLiteCache(path) as cache:
                assert not cache.put(key_of(1), answer(1), LATER)
                assert not cache.put(key_of(1), answer(1), LATER)
            assert len(caplog.records) == 1
        with SQLiteCache(path) as cache:
            assert cache.put(key_of(1), answer(1), LATER)
            cache.discard(key_of(1))


def test_a_short_lock_is_waited_for(path: Path) -> None:
    """It costs a delay, and no answer."""
    with SQLiteCache(path) as cache:
        other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        timer = threading.Timer(0.1, lambda: other.execute("ROLLBACK"))
        timer.start()
        assert cache.put(key_of(1), answer(1), LATER)
        timer.join()
        other.close()


def test_many_threads_wait_at_the_same_time(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Not one after the other; and one of them says so."""
    monkeypatch.setattr(limits, "MAX_CACHE_WAIT_SECONDS", 0.3)
    evidence = [answer(serial) for serial in range(1, 31)]
    keys = [key_of(serial) for serial in range(1, 31)]
    with (
        SQLiteCache(path) as cache,
        _lock_of_writing(path),
        _soon(),
        ThreadPoolExecutor(30) as pool,
    ):
        found = pool.map(lambda n: cache.put(keys[n], evidence[n], LATER), range(30))
        assert not any(found)
    assert len(caplog.records) == 1


@pytest.mark.parametrize("lock", LOCKS)
def test_a_check_goes_on_without_the_cache(
    path: Path, lock: Callable[[Path], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With both drivers; no event loop waits for a lock."""
    monkeypatch.setattr(limits, "MAX_CACHE_WAIT_SECONDS", 0.05)
    waiting: set[threading.Thread] = set()
    real_sleep = time.sleep

    def sleep(seconds: float) -> None:
        waiting.add(threading.current_thread())
        real_sleep(seconds)

    monkeypatch.setattr(time, "sleep", sleep)
    with lock(path), SQLiteCache(path) as cache, _soon():
        for driver in ("tasks", "threads"):
            play = Play(driver, {A: [reply()]}, cache=cache)
            outcome = play.check(certificate(A))
            assert (outcome.status, outcome.source) == (
                CheckStatus.GOOD,
                Source.RESPONDER,
            )
            assert waiting
            if driver == "tasks":
                assert threading.main_thread() not in waiting


def test_the_event_loop_goes_on_while_a_check_waits(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many checks at the same time; another task runs meanwhile."""
    monkeypatch.setattr(limits, "MAX_CACHE_WAIT_SECONDS", 0.3)
    certificates = [certificate(A, serial=SERIAL + n) for n in range(20)]
    done = threading.Event()
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while not done.is_set():
            beats += 1
            await asyncio.sleep(0.01)

    async def main(cache: SQLiteCache) -> list[Any]:
        play = Play("tasks", {A: [lambda _: reply(response(REVOKED))]}, cache=cache)
        transport = AsyncScript(play.script)
        beating = asyncio.create_task(beat())
        flows = [
            play.core.check(play.core.request(each, ca(), None), None)
            for each in certificates
        ]
        drives = [
            tasks.drive(flow, lambda: transport, play.clock.sleep_meanwhile)
            for flow in flows
        ]
        outcomes = await asyncio.gather(*drives)
        done.set()
        await beating
        return outcomes

    with _lock_of_everything(path), SQLiteCache(path) as cache, _soon():
        outcomes = asyncio.run(main(cache))
    assert len(outcomes) == len(certificates)
    assert beats >= 5


# --- what the system refuses ----------------------------------------------------------


@posix_only
def test_a_full_disk_costs_no_answer(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Stored answers stay, and one message says why no more are stored."""
    import resource

    evidence = {serial: answer(serial) for serial in range(1, 40)}
    with SQLiteCache(path) as cache:
        assert cache.put(key_of(1), evidence[1], LATER)
        size = path.with_name("answers.db-wal").stat().st_size
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 5000, before[1]))
        try:
            with _soon():
                for serial, each in evidence.items():
                    cache.put(key_of(serial), each, LATER)
                assert cache.get(key_of(1)) is not None
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        (record,) = caplog.records
        assert "checks go on without it" in record.getMessage()
        assert _is_repaired(cache)
        assert _is_repaired(cache, 39)
    assert not path.with_name("answers.db.aside").exists()


READ_ONLY = """
import os, sys
from ocsp.client.cache import SQLiteCache
from ocsp.errors import OlderThanKnown, StoreError
from tests.unit.client.evidence import LATER, answer, key_of

evidence, key = answer(1), key_of(1)
if os.getuid() == 0:
    os.setuid(65534)
try:
    cache = SQLiteCache(sys.argv[1])
except StoreError as error:
    print(error)
else:
    print(cache.put(key, evidence, LATER), cache.get(key))
"""


@posix_only
@pytest.mark.parametrize("what", ["file", "directory", "new file"])
def test_a_file_that_may_not_be_written_gets_one_sentence(what: str) -> None:
    """At the start, or with the first answer that cannot be stored."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, "answers.db")
        if what != "new file":
            _filled(path)
        path.parent.chmod(0o777 if what == "file" else 0o555)
        if what == "file":
            path.chmod(0o444)
        elif path.exists():
            path.chmod(0o666)
        done = subprocess.run(
            [sys.executable, "-c", READ_ONLY, str(path)],
            cwd=Path(__file__).parents[3],
            capture_output=True,
            text=True,
            check=False,
        )
        path.parent.chmod(0o755)
    assert done.returncode == 0, done.stderr
    said = done.stderr if what == "file" else done.stdout  # a file can still be read
    assert said.startswith(f"{path}")
    assert len(said.splitlines()) == 1
