"""
Import many certificates: in batches, each of which is one transaction.

A batch goes into a temporary table by COPY, and from there into the table of the
certificates. It also records how much of the file has been imported, so that an import
that was interrupted goes on after its last complete batch.
"""

from __future__ import annotations

from collections.abc import Iterable

from cryptography import x509

from ocsp.responder.source import IssuerKey
from ocsp.store.events import Action, ImportSummary
from ocsp.store.postgresql.changes.history import in_bulk, write_event
from ocsp.store.postgresql.changes.status import last_event
from ocsp.store.postgresql.database.pool import Connection, Pool
from ocsp.store.postgresql.issuers import add_issuer
from ocsp.store.rows import certificate_columns
from ocsp.store.values import CertificateRow, ImportedBatch

__all__ = ["import_batch", "imported_rows"]

_TEMPORARY = """
CREATE TEMPORARY TABLE imported (
    place integer, serial bytea, subject text, expires bigint, cert_hash bytea,
    revoked bigint, reason smallint, invalid bigint
) ON COMMIT DROP
"""
_COPY = """
COPY imported (place, serial, subject, expires, cert_hash, revoked, reason, invalid)
FROM STDIN (FORMAT binary)
"""
_TYPES = ("int4", "bytea", "text", "int8", "bytea", "int8", "int2", "int8")
# A process that chooses another form waits for this transaction, or its form is seen.
_WITH_ITS_FORMS = "SELECT FROM issuer WHERE id = %s FOR KEY SHARE"
# Of several rows about one certificate, the first one is inserted.
_INSERT = """
WITH added AS (
    INSERT INTO certificate (issuer_id, serial, subject, expires, cert_hash,
        revoked, reason, invalid)
    SELECT %s, serial, subject, expires, cert_hash, revoked, reason, invalid
    FROM imported ORDER BY serial, place ON CONFLICT DO NOTHING
    RETURNING issuer_id, serial
), due AS (
    INSERT INTO answer (issuer_id, serial, form)
    SELECT issuer_id, serial, form FROM added JOIN issuer_form USING (issuer_id)
)
SELECT count(*) FROM added
"""
# A hold may become permanent; everything else that is revoked stays as it is. Of
# several rows about one certificate, the first one counts that is not a hold.
_REVOKE = """
UPDATE certificate c SET revoked = i.revoked, reason = i.reason, invalid = i.invalid
FROM (
    SELECT DISTINCT ON (serial) * FROM imported WHERE revoked IS NOT NULL
    ORDER BY serial, reason IS NOT DISTINCT FROM 6, place
) i
WHERE c.issuer_id = %s AND c.serial = i.serial AND (c.revoked IS NULL
    OR (c.reason = 6 AND i.reason IS DISTINCT FROM 6))
"""
_DONE = """
INSERT INTO import (digest, issuer_id, name, done) VALUES (%s, %s, %s, %s)
ON CONFLICT (digest, issuer_id) DO UPDATE SET done = excluded.done, at = excluded.at
"""
_HOW_FAR = """
SELECT done FROM import JOIN issuer ON issuer.id = issuer_id
WHERE digest = %s AND name_hash = %s AND key_hash = %s
"""


def import_batch(
    connection: Connection,
    issuer: x509.Certificate,
    rows: Iterable[CertificateRow],
    *,
    digest: bytes,
    done: int,
    name: str,
    sha256: bytes,
) -> ImportedBatch:
    """Import *rows* in the transaction of *connection*."""
    number = add_issuer(connection, issuer)
    connection.execute(_TEMPORARY)
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.set_types(_TYPES)
        count = 0
        for row in rows:
            copy.write_row((count, *certificate_columns(row)))
            count += 1
    added = _insert(connection, number)
    revoked = connection.execute(_REVOKE, (number,)).rowcount
    connection.execute("DROP TABLE imported")
    event = last_event(connection) if revoked else None
    if added or revoked:
        summary = ImportSummary(name, sha256, added, revoked)
        write_event(connection, Action.IMPORTED, number, summary)
    connection.execute(_DONE, (digest, number, name, done))
    return ImportedBatch(added, revoked, count - added - revoked, event)


def _insert(connection: Connection, number: int) -> int:
    """Add the certificates with the rows of their answers; return how many were new."""
    connection.execute(_WITH_ITS_FORMS, (number,))
    with in_bulk(connection):
        row = connection.execute(_INSERT, (number,)).fetchone()
    return int(row[0]) if row else 0


def imported_rows(pool: Pool, issuer: IssuerKey, digest: bytes) -> int:
    """Return how many rows of the file with *digest* have been imported."""
    row = pool.fetch_one(_HOW_FAR, (digest, *issuer))
    return int(row[0]) if row else 0
