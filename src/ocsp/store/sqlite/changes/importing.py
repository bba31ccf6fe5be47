"""
Import many certificates: in batches, each of which is one transaction.

A batch also records how much of the file has been imported, so that an import that was
interrupted goes on after its last complete batch.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from operator import itemgetter

from cryptography import x509

from ocsp.responder.source import IssuerKey
from ocsp.store.events import Action, ImportSummary
from ocsp.store.rows import certificate_columns
from ocsp.store.sqlite.changes.history import in_bulk, write_event
from ocsp.store.sqlite.database.reader import Reader
from ocsp.store.sqlite.database.schema import HOLD, LAST_EVENT
from ocsp.store.sqlite.database.writer import issuer_id
from ocsp.store.values import CertificateRow, ImportedBatch

__all__ = ["import_batch", "imported_rows"]

_INSERT = """
INSERT INTO certificate (issuer_id, serial, subject, expires, cert_hash,
    revoked, reason, invalid)
VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
# A hold may become permanent; everything else that is revoked stays as it is.
_REVOKE = f"""
UPDATE certificate SET revoked = ?, reason = ?, invalid = ?
WHERE issuer_id = ? AND serial = ?
    AND (revoked IS NULL OR (reason IS {HOLD} AND ? IS NOT {HOLD}))
"""  # noqa: S608 - a number of this package
_DONE = """
INSERT INTO import (digest, issuer_id, name, done) VALUES (?, ?, ?, ?)
ON CONFLICT (digest, issuer_id) DO UPDATE SET done = excluded.done, at = excluded.at
"""
_HOW_FAR = """
SELECT done FROM import JOIN issuer ON issuer.id = issuer_id
WHERE digest = ? AND name_hash = ? AND key_hash = ?
"""


def import_batch(
    connection: sqlite3.Connection,
    issuer: x509.Certificate,
    rows: Iterable[CertificateRow],
    *,
    digest: bytes,
    done: int,
    name: str,
    sha256: bytes,
) -> ImportedBatch:
    """Import *rows* in the transaction of *connection*."""
    number = issuer_id(connection, issuer)
    columns = sorted(
        ((number, *certificate_columns(row)) for row in rows), key=itemgetter(1)
    )
    with in_bulk(connection):
        added = _changed(connection, _INSERT, columns)
    revocations = [
        (*status, number, serial, status[1])
        for _, serial, _, _, _, *status in columns
        if status[0] is not None
    ]
    before = _last_event(connection)
    revoked = _changed(connection, _REVOKE, revocations)
    last = _last_event(connection)
    if added or revoked:
        summary = ImportSummary(name, sha256, added, revoked)
        write_event(connection, Action.IMPORTED, number, summary)
    connection.execute(_DONE, (digest, number, name, done))
    return ImportedBatch(
        added, revoked, len(columns) - added - revoked, last if last > before else None
    )


def imported_rows(reader: Reader, issuer: IssuerKey, digest: bytes) -> int:
    """Return how many rows of the file with *digest* have been imported."""
    row = reader.fetch_one(_HOW_FAR, (digest, *issuer))
    return int(row[0]) if row else 0


def _changed(
    connection: sqlite3.Connection, sql: str, values: list[tuple[object, ...]]
) -> int:
    """Run *sql* for all *values*, and return how many rows it changed."""
    return max(0, connection.executemany(sql, values).rowcount) if values else 0


def _last_event(connection: sqlite3.Connection) -> int:
    row = connection.execute(LAST_EVENT).fetchone()
    return int(row[0]) if row else 0
