"""The cache file: another process writes into it, and the client forges no status."""

from __future__ import annotations

import datetime
import shutil
import sqlite3
import struct
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import ocsp
from ocsp.client import Options, Outcome, SQLiteCache
from ocsp.client.core import Core
from ocsp.client.engine import threads
from ocsp.errors import StoreError
from tests.campaigns.invariants import Violation, call, uncounted
from tests.campaigns.material.cast import build
from tests.campaigns.material.dice import Dice
from tests.campaigns.material.mutations import mutate
from tests.campaigns.material.responses import donors, draw_response
from tests.campaigns.material.wire import Network, Responder, draw_reply
from tests.campaigns.targets.client import A, believed, subject
from tests.campaigns.targets.verify import load
from tests.cases.builder import HOUR
from tests.cases.model import NOW
from tests.unit.client.scene import Clock

__all__ = ["run"]

BUDGET = 150_000
_ODD: tuple[Any, ...] = (
    *(None, 0, 1, -1, 2**31, 2**62, -(2**63), 2**63 - 1, 1.5, 1e300, float("inf")),
    *("", "2026-07-01", "9" * 5000, b"", b"\x30\x00", bytes(70_000), "\ud7ff", b"\xff"),
)


def run(dice: Dice) -> str:
    """Check a certificate with a mutated cache file, and return what came of it."""
    path = Path(tempfile.mkdtemp(dir=_folder())) / "cache.db"
    try:
        shutil.copyfile(_pristine(), path)
        if dice.chance(0.7):
            _change_rows(dice, path)
        else:
            _change_octets(dice, path)
        return _check(dice, path)
    finally:
        shutil.rmtree(path.parent)


def _check(dice: Dice, path: Path) -> str:
    clock, options = Clock(), Options(retries=0)
    clock.seconds = dice.choice((0, 0, 3600, 20 * 3600, 90_000))
    network = Network({A: Responder(dice, lambda: _answer(dice))})

    def check() -> Outcome:
        with SQLiteCache(path) as opened:
            core = Core(options, opened, clock.environment())
            request = core.request(load(subject().der), load(build().ca.der), None)
            outcome = threads.drive(
                core.check(request, None), lambda: network, clock.sleep
            )
            assert isinstance(outcome, Outcome)
            return outcome

    outcome = call(check, budget=BUDGET)
    if isinstance(outcome, StoreError):
        return "the file is refused"  # SQLite is able to open it, but not to write it
    if not isinstance(outcome, Outcome):
        raise Violation(f"no outcome: {outcome!r}")
    believed(outcome, clock.now(), options, [])
    return f"{outcome.status.value} from {outcome.source.value}"


def _answer(dice: Dice) -> bytes:
    body, _, _ = draw_response(dice, cert=subject())
    return draw_reply(dice, body)


@cache
def _folder() -> Path:
    """Return a folder of this process, which is removed at its end."""
    folder = tempfile.TemporaryDirectory(prefix="ocsp-campaign-")
    _KEPT.append(folder)
    return Path(folder.name)


_KEPT: list[tempfile.TemporaryDirectory[str]] = []


@cache
def _pristine() -> Path:
    """Return a cache file with answers for several certificates."""
    made, path = build(), _folder() / "pristine.db"
    other = made.certificate("other.example", serial=0x55)
    with uncounted(), SQLiteCache(path) as opened:
        for cert, status in ((subject(), b"\x80\x00"), (other, made.revoked(reason=1))):
            data = made.response(status=status, cert_id=made.cert_id(cert))
            evidence = ocsp.verify(data, load(cert.der), load(made.ca.der), at=NOW)
            opened.put(evidence.canonical_cert_id, evidence, NOW + 23 * HOUR)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode=DELETE")
    connection.close()
    return path


def _change_octets(dice: Dice, path: Path) -> None:
    data = bytearray(path.read_bytes())
    for _ in range(dice.choice((1, 1, 2, 8, 64))):
        place = dice.choice((dice.randrange(len(data)), dice.randrange(200)))
        data[place] = dice.randrange(256)
    cut = dice.usually(len(data), 0, 1, 100, dice.randrange(len(data)))
    path.write_bytes(data[:cut])


def _change_rows(dice: Dice, path: Path) -> None:
    """Change values, with or without the digest that belongs to them."""
    connection = sqlite3.connect(path)
    try:
        (table,) = dice.choice(
            connection.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table'"
            ).fetchall()
        )
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        for _ in range(dice.choice((1, 1, 2, 3))):
            column = dice.choice(columns)
            value = _value(dice, column)
            where = dice.choice(("", " WHERE rowid = 1"))
            connection.execute(
                f"UPDATE OR REPLACE {table} SET {column} = ?{where}", (value,)
            )
        if dice.chance(0.8):
            _seal(connection, table)
        connection.commit()
    except (sqlite3.Error, OverflowError):
        connection.rollback()  # SQLite itself refuses the change
    finally:
        connection.close()


def _value(dice: Dice, column: str) -> Any:
    if column == "der" and dice.chance(0.8):
        data, signed_by, _ = draw_response(dice, cert=subject())
        return mutate(dice, data, signed_by, donors()) if dice.chance(0.5) else data
    if column in ("this_update", "produced_at", "expires") and dice.chance(0.7):
        hours = dice.choice((-300_000, -2, -1, 0, 1, 30, 8_000_000))
        moment = NOW + hours * HOUR
        return int(moment.replace(tzinfo=datetime.UTC).timestamp())
    return dice.choice(_ODD)


def _seal(connection: sqlite3.Connection, table: str) -> None:
    """Write digests that fit, as an attacker does who has read the source code."""
    from ocsp.client.cache.row import Row

    columns = ", ".join(Row._fields)
    rows = connection.execute(
        f"SELECT rowid, certificate, {columns} FROM {table}"
    ).fetchall()
    for number, key, *values in rows:
        try:
            digest = Row(*values).digest(key)
        except (TypeError, ValueError, struct.error):
            continue
        connection.execute(
            f"UPDATE {table} SET digest = ? WHERE rowid = ?", (digest, number)
        )
