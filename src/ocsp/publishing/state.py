"""
Remember what is published where: a SQLite file of the publisher.

An answer is noted before it is published. So what is published is always noted, also
when the process is killed, and nothing that has ended is forgotten.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ocsp.asn1.der import integer_octets
from ocsp.errors import PublishingFailed, UnreadableFile
from ocsp.guarded.file_lock import lock_file
from ocsp.guarded.files import exists, require_database
from ocsp.responder import CertIDForm, IssuerKey, NewAnswer, StatusQuery

__all__ = ["Known", "PublishedState"]

APPLICATION_ID = 0x4F435351
"""``OCSQ`` in the header of the SQLite file: it is a file of the publisher."""

VERSION = 1
"""The version of the schema."""

_SCHEMA = f"""
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {VERSION};
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE issuer (
    id INTEGER PRIMARY KEY, name_hash BLOB NOT NULL, key_hash BLOB NOT NULL,
    UNIQUE (name_hash, key_hash)
);
CREATE TABLE published (
    issuer INTEGER NOT NULL, serial BLOB NOT NULL, form INTEGER NOT NULL,
    mark BLOB NOT NULL,         -- of the answer that is there; empty: look again
    last INTEGER NOT NULL,      -- until when it may be there; 0: nothing is there
    at INTEGER NOT NULL,        -- when it was looked at
    PRIMARY KEY (issuer, serial, form)
) WITHOUT ROWID;
CREATE INDEX published_last ON published (last) WHERE last > 0;
CREATE INDEX published_open ON published (at) WHERE mark = x'';
"""

_KEY = "issuer = ? AND serial = ? AND form = ?"
_NOTE = """
INSERT INTO published (issuer, serial, form, mark, last, at) VALUES (?, ?, ?, x'', ?, ?)
ON CONFLICT DO UPDATE SET mark = x'', at = excluded.at, last = CASE
    WHEN last = 0 THEN excluded.last
    WHEN excluded.last = 0 THEN last
    ELSE min(last, excluded.last) END
"""
_ORDER = "issuer, serial, form"
_ROWS = "SELECT issuer, serial, form, last FROM published"

_MARK_OCTETS = 12
"""Octets at the end of a signature that tell it from the one before."""


class Known(NamedTuple):
    """
    An answer that is noted.

    Attributes:
        query: The certificate.

        form: Which CertIDs the answer has.

        last: Until when it may be there; 0 if nothing is there.
    """

    query: StatusQuery
    form: CertIDForm
    last: int


class PublishedState:
    """What one target has; only one process uses it at a time."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """
        Open the file *path*, or create it.

        Args:
            path: The file.

            read_only: Write nothing; a file that is missing counts as empty.

        Raises:
            PublishingFailed: If it cannot be used, or another process uses it.
        """
        self._path = path
        self._opened = contextlib.ExitStack()
        with self._reported(), contextlib.ExitStack() as failed:
            failed.push(self._opened)
            if read_only:
                where = f"{path.absolute().as_uri()}?mode=ro"
                self._connect(where if exists(path) else ":memory:")
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                require_database(path)
                self._lock()
                self._connect(path.absolute().as_uri())
                self._connection.execute("PRAGMA journal_mode = WAL")
                self._connection.execute("PRAGMA synchronous = NORMAL")
            self._create()
            failed.pop_all()

    def _connect(self, where: str) -> None:
        self._connection = sqlite3.connect(where, isolation_level=None, uri=True)
        self._opened.callback(self._connection.close)
        self._require_own()

    def _require_own(self) -> None:
        """Check, before anything is written, that the file is empty or of this kind."""
        (kind,) = self._connection.execute("PRAGMA application_id").fetchone()
        (tables,) = self._connection.execute(
            "SELECT count(*) FROM sqlite_master"
        ).fetchone()
        if kind != APPLICATION_ID and (kind or tables):
            raise PublishingFailed(
                f"{self._path}: is a database of another kind; name a file of its own"
                " for what is published"
            )

    def _lock(self) -> None:
        handle = lock_file(self._path.with_name(f"{self._path.name}.lock"))
        if handle is None:
            raise PublishingFailed(f"{self._path}: another process publishes there")
        self._opened.callback(os.close, handle)

    def _create(self) -> None:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version == 0:
            self._connection.executescript(_SCHEMA)
        elif version != VERSION:
            raise PublishingFailed(
                f"{self._path}: has version {version} of the schema, and this program"
                f" uses version {VERSION}; delete the file, and all is published anew"
            )
        self._read_issuers()

    def _read_issuers(self) -> None:
        rows = self._connection.execute("SELECT name_hash, key_hash, id FROM issuer")
        self._issuers = {IssuerKey(*key): number for *key, number in rows}
        self._keys = {number: key for key, number in self._issuers.items()}

    def close(self) -> None:
        """Close the file."""
        self._opened.close()

    @contextlib.contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError, UnreadableFile) as error:
            raise PublishingFailed(f"{self._path}: {error}") from error

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """
        Make the changes in the block in one transaction.

        Raises:
            PublishingFailed: If the file cannot be written.
        """
        with self._reported():
            self._connection.execute("BEGIN")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                self._read_issuers()
                raise
            self._connection.execute("COMMIT")

    # --- settings ---

    def read(self, name: str) -> str:
        """Return a setting; empty if it is not set."""
        row = self._connection.execute(
            "SELECT value FROM setting WHERE name = ?", (name,)
        ).fetchone()
        return row[0] if row else ""

    def write(self, name: str, value: str) -> None:
        """Set a setting."""
        with self._reported():
            self._connection.execute(
                "INSERT INTO setting VALUES (?, ?)"
                " ON CONFLICT DO UPDATE SET value = excluded.value",
                (name, value),
            )

    def delete(self, name: str) -> None:
        """Delete a setting."""
        with self._reported():
            self._connection.execute("DELETE FROM setting WHERE name = ?", (name,))

    # --- answers ---

    @property
    def issuers(self) -> frozenset[IssuerKey]:
        """The issuers of the answers that are noted."""
        return frozenset(self._issuers)

    def forget_issuers(self) -> frozenset[IssuerKey]:
        """Forget the issuers of which no answer is noted, and return them."""
        before = self.issuers
        with self._reported():
            self._connection.execute(
                "DELETE FROM issuer WHERE NOT EXISTS"
                " (SELECT 1 FROM published WHERE published.issuer = issuer.id)"
            )
            self._read_issuers()
        return before - self.issuers

    def has(self, new: NewAnswer) -> bool:
        """Return whether exactly this answer is published."""
        row = self._connection.execute(
            f"SELECT mark FROM published WHERE {_KEY}",  # noqa: S608 - our names
            self._key(new.query, new.form),
        ).fetchone()
        return row is not None and row[0] == _mark(new)

    def note(self, answers: Iterable[Known], now: int) -> None:
        """
        Note that answers will be published or removed, in a transaction.

        Until :meth:`confirm` or :meth:`forget`, they are among :meth:`unsettled`.
        """
        self._connection.executemany(
            _NOTE,
            [(*self._key(each.query, each.form), each.last, now) for each in answers],
        )

    def confirm(self, published: Iterable[tuple[NewAnswer, int]]) -> None:
        """Note that answers are published, each until its last moment."""
        self._connection.executemany(
            f"UPDATE published SET mark = ?, last = ? WHERE {_KEY}",  # noqa: S608
            [
                (_mark(new), last, *self._key(new.query, new.form))
                for new, last in published
            ],
        )

    def empty(self, answers: Iterable[Known]) -> None:
        """Note that nothing is published of certificates that will have answers."""
        self._connection.executemany(
            f"UPDATE published SET mark = x'', last = 0 WHERE {_KEY}",  # noqa: S608
            [self._key(each.query, each.form) for each in answers],
        )

    def forget(self, answers: Iterable[Known]) -> None:
        """Forget answers that are removed."""
        self._connection.executemany(
            f"DELETE FROM published WHERE {_KEY}",  # noqa: S608 - our names
            [self._key(each.query, each.form) for each in answers],
        )

    def unsettled(self, before: int, limit: int) -> list[Known]:
        """Return answers to look at again, and not looked at since *before*."""
        return self._known(
            "WHERE mark = x'' AND at < ? ORDER BY at LIMIT ?", (before, limit)
        )

    def ending(self, before: int, limit: int, skip: int = 0) -> list[Known]:
        """Return answers that must be removed before *before*, the first ones first."""
        return self._known(
            f"WHERE last > 0 AND last < ? ORDER BY last, {_ORDER} LIMIT ? OFFSET ?",
            (before, limit, skip),
        )

    def count_ending(self, before: int) -> int:
        """Return how many answers must be removed before *before*."""
        row = self._connection.execute(
            "SELECT count(*) FROM published WHERE last > 0 AND last < ?", (before,)
        ).fetchone()
        return int(row[0])

    def not_since(self, second: int, limit: int, skip: int = 0) -> list[Known]:
        """Return answers that were not looked at since *second*."""
        return self._known(
            f"WHERE at < ? ORDER BY {_ORDER} LIMIT ? OFFSET ?", (second, limit, skip)
        )

    def of_issuer(self, issuer: IssuerKey, limit: int, skip: int = 0) -> list[Known]:
        """Return the answers of an issuer that are noted."""
        return self._known(
            f"WHERE issuer = ? ORDER BY {_ORDER} LIMIT ? OFFSET ?",
            (self._issuers.get(issuer), limit, skip),
        )

    def first_end(self) -> int | None:
        """Return until when all published answers may be there; ``None`` if none."""
        row = self._connection.execute(
            "SELECT min(last) FROM published WHERE last > 0"
        ).fetchone()
        found: int | None = row[0]
        return found

    def _known(self, where: str, values: Sequence[object]) -> list[Known]:
        return [
            Known(
                StatusQuery(self._keys[issuer], int.from_bytes(serial, signed=True)),
                CertIDForm(form),
                last,
            )
            for issuer, serial, form, last in self._connection.execute(
                f"{_ROWS} {where}", values
            ).fetchall()
        ]

    def _key(self, query: StatusQuery, form: CertIDForm) -> tuple[int, bytes, int]:
        number = self._issuers.get(query.issuer)
        if number is None:
            cursor = self._connection.execute(
                "INSERT INTO issuer (name_hash, key_hash) VALUES (?, ?)", query.issuer
            )
            assert cursor.lastrowid is not None  # noqa: S101 - for mypy
            number = self._issuers[query.issuer] = cursor.lastrowid
            self._keys[number] = query.issuer
        return number, integer_octets(query.serial_number), form


def _mark(new: NewAnswer) -> bytes:
    return new.answer.signature[-_MARK_OCTETS:]
