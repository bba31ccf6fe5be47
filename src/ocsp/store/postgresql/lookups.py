"""Look up certificates and stored answers, any number of them in one statement."""

from __future__ import annotations

from collections.abc import Sequence

from ocsp.asn1.der import integer_octets
from ocsp.responder.source import StatusQuery, StatusRecord
from ocsp.responder.stored_answer import CertIDForm, LookupResult, StoredAnswer
from ocsp.store.postgresql.database.pool import Pool
from ocsp.store.values import record_from

__all__ = ["find_statuses", "find_with_answer"]

_STATUSES = """
SELECT place, revoked, reason, invalid, expires, cert_hash
FROM unnest(%s::bytea[], %s::bytea[], %s::bytea[])
    WITH ORDINALITY q (name_hash, key_hash, serial, place)
JOIN issuer USING (name_hash, key_hash)
JOIN certificate c ON c.issuer_id = issuer.id AND c.serial = q.serial
"""
# One statement, so one snapshot: an answer of another version is never returned.
_WITH_ANSWER = """
SELECT c.revoked, c.reason, c.invalid, c.expires, c.cert_hash, c.version,
    signer.digest, a.due, a.this_update, a.next_update, a.tbs, a.signature
FROM issuer JOIN certificate c ON c.issuer_id = issuer.id
LEFT JOIN answer a ON a.issuer_id = c.issuer_id AND a.serial = c.serial
    AND a.form = %s AND a.version = c.version
LEFT JOIN signer ON signer.id = a.signer_id
WHERE name_hash = %s AND key_hash = %s AND c.serial = %s
"""


def find_statuses(
    pool: Pool, queries: Sequence[StatusQuery]
) -> list[StatusRecord | None]:
    """Return the status of each certificate, in order; ``None`` if not issued."""
    found: list[StatusRecord | None] = [None] * len(queries)
    columns = (
        [query.issuer.name_hash for query in queries],
        [query.issuer.key_hash for query in queries],
        [integer_octets(query.serial_number) for query in queries],
    )
    for place, *status in pool.fetch_all(_STATUSES, columns):
        found[place - 1] = record_from(*status)
    return found


def find_with_answer(
    pool: Pool, query: StatusQuery, form: CertIDForm
) -> LookupResult | None:
    """Return status and stored answer of one snapshot, or ``None``."""
    row = pool.fetch_one(
        _WITH_ANSWER, (form, *query.issuer, integer_octets(query.serial_number))
    )
    if row is None:
        return None
    version, signer = row[5], row[6]
    stored = None if signer is None else StoredAnswer(version, signer, *row[7:])
    return LookupResult(record_from(*row[:5]), version, stored)
