"""
Measure the cache in a SQLite file: storing an answer, and opening the file.

The file has 10,000 to 1,000,000 entries, half of which have expired. In the rows about
full files each new answer is one too many, so that others must leave.
"""

from __future__ import annotations

import datetime
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from functools import cache, partial
from itertools import islice
from pathlib import Path

import ocsp
from bench.corpora import Kind
from bench.corpora.certificates import MOMENT
from bench.measure import Pair, Row
from bench.signatures.material import DISTINCT, ca, cases
from ocsp import SQLiteCache, VerifiedResponse

__all__ = ["SIZES", "evidence_of", "file_with", "fill", "rows", "times_of_puts"]

SIZES = (10_000, 100_000, 1_000_000)
"""Entries of the files."""

LIMIT = 100.0
"""Microseconds of CPU time that storing one answer may take."""

OPEN_LIMIT = 5_000.0
"""Microseconds of CPU time that opening the file may take."""

PUTS = 100
"""Answers that one round stores: enough for their common work to be shared."""

MOST_MICROSECONDS = 5_000_000
"""After so much CPU time no more rounds begin."""

FAR = datetime.datetime(2100, 1, 1, tzinfo=datetime.UTC)
_PAST = 1_000_000_000

_FILLING_KILOBYTES = 400_000
"""Memory of SQLite while it fills a file: the index of a million random keys fits."""

_COPY = """
WITH RECURSIVE following(n) AS (
    SELECT 2 UNION ALL SELECT n + 1 FROM following WHERE n < :last
)
INSERT INTO answer
    (number, certificate, entries, this_update, revoked, produced_at, expires, digest,
    der)
SELECT n, randomblob(32), n, this_update, revoked, produced_at,
    CASE WHEN n % 2 THEN expires ELSE :past + n END, digest, der
FROM answer, following WHERE number = 1
"""


def rows() -> list[Row]:
    """Return the rows of this group."""
    repeated = "no answer; {}entries of the file"
    return [
        *(
            Row(
                group="cache",
                what=f"SQLiteCache.put, {size:,} entries{', full' * full}",
                repeated=repeated.format("half of the " if full else ""),
                peer=f"{LIMIT:g} µs",
                measure=partial(_put, size, full=full),
                target=1.0,
            )
            for full in (False, True)
            for size in SIZES
        ),
        Row(
            group="cache",
            what=f"open a SQLiteCache, {SIZES[-1]:,} entries",
            repeated="the file",
            peer=f"{OPEN_LIMIT / 1000:g} ms",
            measure=_open,
            target=1.0,
        ),
    ]


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """Return the folder of the files, which the end of the program removes."""
    return tempfile.TemporaryDirectory()


@cache
def file_with(entries: int) -> Path:
    """Return the file of a cache with so many *entries*."""
    path = Path(_folder().name) / f"{entries}.sqlite"
    fill(path, entries)
    return path


def fill(path: Path, entries: int) -> None:
    """
    Make a cache with *entries* in the file *path*, half of which have expired.

    One answer is put, and SQL copies its row: to put a million answers would take
    minutes. The copies have random keys, as hashes of certificates have, so that the
    next answer does not find its place in the index at the end.
    """
    (evidence,) = evidence_of(Kind.P256, 0, 1)
    with SQLiteCache(path) as cache:
        assert cache.put(evidence.canonical_cert_id, evidence, FAR)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(f"PRAGMA cache_size = -{_FILLING_KILOBYTES}")
        connection.execute(_COPY, {"last": entries, "past": _PAST})


def times_of_puts(
    path: Path,
    evidence: Sequence[VerifiedResponse],
    maximum: int,
    puts: int = PUTS,
) -> list[float]:
    """
    Store *evidence* in the cache *path*, which may have *maximum* entries.

    Return the CPU microseconds of storing one answer, averaged over *puts*.
    """
    taken: list[float] = []
    with SQLiteCache(path, max_entries=maximum) as cache:
        for begin in range(0, len(evidence) - puts + 1, puts):
            start = time.thread_time_ns()
            for each in evidence[begin : begin + puts]:
                assert cache.put(each.canonical_cert_id, each, FAR)
            taken.append((time.thread_time_ns() - start) / 1000 / puts)
            if sum(taken) * puts > MOST_MICROSECONDS:
                break
    return taken


@cache
def evidence_of(kind: Kind, begin: int, end: int) -> tuple[VerifiedResponse, ...]:
    """Return the evidence from some of the responses of *kind*."""
    return tuple(
        ocsp.verify(case.response, case.certificate, ca(kind), at=MOMENT)
        for case in islice(cases(kind, end), begin, end)
    )


def _put(entries: int, _: int, *, full: bool) -> Pair:
    path = file_with(entries)
    half = DISTINCT // 2
    if full:
        taken = times_of_puts(
            path, evidence_of(Kind.P256, half, DISTINCT), _entries(path)
        )
    else:
        taken = times_of_puts(path, evidence_of(Kind.P256, 1, half), 10 * entries)
    return Pair.of([(each, LIMIT) for each in taken])


def _entries(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM answer").fetchone()
    return int(count)


def _open(rounds: int) -> Pair:
    path = file_with(SIZES[-1])
    taken = []
    for _ in range(rounds):
        start = time.thread_time_ns()
        SQLiteCache(path).close()
        taken.append((time.thread_time_ns() - start) / 1000)
    return Pair.of([(each, OPEN_LIMIT) for each in taken])
