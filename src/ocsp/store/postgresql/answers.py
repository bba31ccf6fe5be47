"""
Keep signed answers: what is due, and compare-and-set.

A row of the table ``answer`` is the work item and the result. A change of a status is
work too: its event is open until all answers of the certificate have its version.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import psycopg
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.asn1.certificates import validity_of
from ocsp.asn1.der import integer_octets
from ocsp.errors import StoreError
from ocsp.responder.source import IssuerKey, StatusQuery
from ocsp.responder.stored_answer import CertIDForm, NewAnswer
from ocsp.store.postgresql.database.failures import error_text
from ocsp.store.postgresql.database.pool import Connection, Pool
from ocsp.store.rows import Due, due_from
from ocsp.store.values import seconds, serial_from, status_columns

__all__ = [
    "FUTURE_SECONDS",
    "POSTPONED_SECONDS",
    "STALE",
    "count_due",
    "count_open_changes",
    "find_due",
    "has_due",
    "insert_signer",
    "write_answers",
    "write_due",
]

_log = logging.getLogger("ocsp.store")

POSTPONED_SECONDS = 3600
"""After which time an answer is tried again that cannot be signed or stored."""

COUNTED = 100_000
"""Answers that are counted one by one, in some 20 ms; more of them are estimated."""

FUTURE_SECONDS = 60
"""By how much thisUpdate may be later than now: clocks of machines differ."""

_ISSUER = "(SELECT id FROM issuer WHERE name_hash = %s AND key_hash = %s)"
_COLUMNS = """
SELECT a.serial, a.form, revoked, reason, invalid, expires, cert_hash, c.version
"""
# OFFSET 0 keeps the planner from reading all certificates when few answers are due.
_STATUS = """
CROSS JOIN LATERAL (
    SELECT * FROM certificate c
    WHERE c.issuer_id = a.issuer_id AND c.serial = a.serial OFFSET 0
) c
"""
_OPEN = f"""
SELECT issuer_id, serial, max(version) AS version, min(due) AS due, min(id) AS id
FROM (
    SELECT * FROM event WHERE issuer_id = {_ISSUER} AND due <= %s
    ORDER BY due, id LIMIT %s
) e GROUP BY issuer_id, serial
"""  # noqa: S608 - only names of this module
_CHANGED = f"""
{_COLUMNS} FROM ({_OPEN}) e JOIN answer a USING (issuer_id, serial) {_STATUS}
WHERE a.version < e.version ORDER BY e.due, e.id, a.form
"""
_DUE = f"""
{_COLUMNS} FROM (
    SELECT issuer_id, serial, form, due FROM answer
    WHERE issuer_id = {_ISSUER} AND due <= %s ORDER BY due LIMIT %s
) a {_STATUS} ORDER BY a.due
"""  # noqa: S608 - only names of this module
# Answers that were signed while the clock was wrong are due last of all.
_FROM_THE_FUTURE = f"""
{_COLUMNS} FROM (
    SELECT issuer_id, serial, form, this_update FROM answer
    WHERE issuer_id = {_ISSUER} ORDER BY due DESC LIMIT %s
) a {_STATUS} WHERE a.this_update > %s
"""  # noqa: S608 - only names of this module
STALE = """
EXISTS (SELECT FROM answer a WHERE a.issuer_id = e.issuer_id
    AND a.serial = e.serial AND a.version < e.version)
"""
_ANY = f"""
SELECT EXISTS (SELECT FROM answer WHERE issuer_id = {_ISSUER} AND due <= %s)
    OR EXISTS (SELECT FROM event e WHERE issuer_id = {_ISSUER} AND due <= %s
        AND {STALE})
"""  # noqa: S608 - only names of this module
_COUNT = f"""
SELECT (SELECT count(*) FROM (SELECT FROM answer WHERE issuer_id = {_ISSUER}
        AND due <= %s LIMIT %s) a)
    + (SELECT count(*) FROM ({_OPEN}) e JOIN answer a USING (issuer_id, serial)
        WHERE a.version < e.version AND a.due > %s)
"""  # noqa: S608 - only names of this module
_ID = "SELECT id FROM issuer WHERE name_hash = %s AND key_hash = %s"
_ESTIMATE = """
EXPLAIN (FORMAT JSON) SELECT FROM answer WHERE issuer_id = {:d} AND due <= {:d}
"""
_OPEN_CHANGES = f"""
SELECT count(*) FROM (
    SELECT * FROM event WHERE action = 'changed' ORDER BY id DESC LIMIT %s
) e WHERE {STALE}
"""  # noqa: S608 - only names of this module
_ADD_ROWS = """
INSERT INTO answer (issuer_id, serial, form)
SELECT c.issuer_id, c.serial, n.form
FROM unnest(%s::integer[], %s::bytea[], %s::smallint[]) n (issuer, serial, form)
JOIN certificate c ON c.issuer_id = n.issuer AND c.serial = n.serial
FOR KEY SHARE OF c ON CONFLICT DO NOTHING
"""
# Another process may have signed the same answer meanwhile: then the first one stays,
# so that all clients get the same octets.
_SIGNED = """
UPDATE answer a SET version = n.version, signer_id = n.signer, due = n.due,
    this_update = n.this_update, next_update = n.next_update, tbs = n.tbs,
    signature = n.signature
FROM unnest(%b::integer[], %b::bytea[], %b::smallint[], %b::integer[], %b::integer[],
    %b::bigint[], %b::bigint[], %b::bigint[], %b::bytea[], %b::bytea[],
    %b::bigint[], %b::smallint[], %b::bigint[])
    n (issuer, serial, form, version, signer, due, this_update, next_update, tbs,
        signature, revoked, reason, invalid)
JOIN certificate c ON c.issuer_id = n.issuer AND c.serial = n.serial
    AND (c.revoked, c.reason, c.invalid)
        IS NOT DISTINCT FROM (n.revoked, n.reason, n.invalid)
WHERE a.issuer_id = n.issuer AND a.serial = n.serial AND a.form = n.form
    AND (a.version <> n.version OR a.due <= %s OR a.this_update > %s
        OR a.signer_id <> n.signer)
RETURNING a.issuer_id, a.serial, a.form
"""
_ISSUERS = "SELECT name_hash, key_hash, id FROM issuer"
_SIGNERS = "SELECT digest, id FROM signer"
_POSTPONE = """
UPDATE answer a SET due = %s
FROM unnest(%s::bytea[], %s::bytea[], %s::bytea[], %s::smallint[])
    p (name_hash, key_hash, serial, form) JOIN issuer USING (name_hash, key_hash)
WHERE a.issuer_id = issuer.id AND a.serial = p.serial AND a.form = p.form
"""
_POSTPONE_EVENTS = """
UPDATE event e SET due = %s
FROM unnest(%s::bytea[], %s::bytea[], %s::bytea[]) p (name_hash, key_hash, serial)
JOIN issuer USING (name_hash, key_hash)
WHERE e.issuer_id = issuer.id AND e.serial = p.serial AND e.due IS NOT NULL
"""


class _Row(NamedTuple):
    """The columns of an answer to store, in the order of ``_SIGNED``."""

    issuer: int
    serial: bytes
    form: int
    version: int
    signer: int
    due: int
    this_update: int
    next_update: int
    tbs: bytes
    signature: bytes
    revoked: int | None
    reason: int | None
    invalid: int | None


def find_due(pool: Pool, issuer: IssuerKey, now: int, limit: int) -> Due:
    """Return answers to sign: of changed certificates, then by the time *due*."""
    rows = pool.fetch_all(_CHANGED, (*issuer, now, limit))
    if len(rows) < limit:
        rows += pool.fetch_all(_DUE, (*issuer, now, limit))
    if len(rows) < limit:
        rows += pool.fetch_all(
            _FROM_THE_FUTURE, (*issuer, limit - len(rows), now + FUTURE_SECONDS)
        )
    once: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for row in rows:
        once.setdefault(row[:2], row)
    return due_from(issuer, list(once.values())[:limit])


def has_due(pool: Pool, issuer: IssuerKey, now: int) -> bool:
    """Return whether answers of *issuer* are due, also those that are claimed."""
    return bool(pool.fetch_one(_ANY, (*issuer, now) * 2)[0])


def count_due(pool: Pool, issuer: IssuerKey, now: int) -> int:
    """Return how many answers of *issuer* are due."""
    most = COUNTED + 1
    row = pool.fetch_one(_COUNT, (*issuer, now, most, *issuer, now, None, now))
    counted = int(row[0])
    return counted if counted <= COUNTED else max(counted, _estimate(pool, issuer, now))


def _estimate(pool: Pool, issuer: IssuerKey, now: int) -> int:
    """Return how many answers of *issuer* are due, as the database estimates it."""
    (number,) = pool.fetch_one(_ID, issuer)
    (plan,) = pool.fetch_one(_ESTIMATE.format(number, now))
    return int(plan[0]["Plan"]["Plan Rows"])


def count_open_changes(pool: Pool, last: int) -> int:
    """Return how many of the *last* changes are not in all signed answers yet."""
    return int(pool.fetch_one(_OPEN_CHANGES, (last,))[0])


def insert_signer(connection: Connection, certificate: x509.Certificate) -> None:
    """Record the certificate of a signer, if it is not there."""
    der = certificate.public_bytes(Encoding.DER)
    _, end = validity_of(certificate)
    connection.execute(
        "INSERT INTO signer (digest, certificate, not_after) VALUES (%s, %s, %s)"
        " ON CONFLICT DO NOTHING",
        (hashlib.sha256(der).digest(), der, seconds(end)),
    )


def write_answers(
    connection: Connection, answers: Iterable[NewAnswer], now: int
) -> int:
    """Store *answers* in the transaction of *connection*; return how many were."""
    rows = _rows(connection, answers)
    try:
        with connection.transaction():
            return _write(connection, rows, now)
    except (psycopg.IntegrityError, psycopg.DataError):
        return sum(_write_alone(connection, row, now) for row in rows)


def _rows(connection: Connection, answers: Iterable[NewAnswer]) -> list[_Row]:
    """Return the columns of *answers*, in the order in which rows are locked."""
    issuers = {IssuerKey(*key): number for *key, number in connection.execute(_ISSUERS)}
    signers: dict[bytes, int] = dict(connection.execute(_SIGNERS).fetchall())
    rows: dict[tuple[int, bytes, int], _Row] = {}
    for (issuer, number), form, answer, record in answers:
        signer = signers.get(answer.signer)
        if signer is None:
            raise StoreError(
                "the signer of an answer is not in the database; add_signer adds it"
            )
        if issuer in issuers:  # otherwise it is deleted, with all its certificates
            key = (issuers[issuer], integer_octets(number), int(form))
            columns = (*key, answer.version, signer, *answer[2:])
            rows.setdefault(key, _Row(*columns, *status_columns(record)))
    return [rows[key] for key in sorted(rows)]


def _write(connection: Connection, rows: Sequence[_Row], now: int) -> int:
    stored = _update(connection, rows, now)
    missing = [row for row in rows if row[:3] not in stored]
    if missing:
        keys = list(zip(*missing, strict=True))[:3]
        if connection.execute(_ADD_ROWS, list(map(list, keys))).rowcount:
            stored |= _update(connection, missing, now)
    return len(stored)


def _update(
    connection: Connection, rows: Sequence[_Row], now: int
) -> set[tuple[Any, ...]]:
    """Store *rows* that exist, and return the keys of those that were stored."""
    if not rows:
        return set()
    columns = [list(column) for column in zip(*rows, strict=True)]
    with connection.cursor(binary=True) as cursor:
        cursor.execute(_SIGNED, (*columns, now, now + FUTURE_SECONDS))
        return set(cursor.fetchall())


def _write_alone(connection: Connection, row: _Row, now: int) -> int:
    """Store one answer; the others remain if the database refuses it."""
    try:
        with connection.transaction():
            return _write(connection, [row], now)
    except (psycopg.IntegrityError, psycopg.DataError) as error:
        _log.error(
            "serial number %#x: the answer is not stored: %s",
            serial_from(row.serial),
            error_text(error),
        )
        until = now + POSTPONED_SECONDS
        connection.execute(
            "UPDATE answer SET due = %s"
            " WHERE issuer_id = %s AND serial = %s AND form = %s",
            (until, row.issuer, row.serial, row.form),
        )
        connection.execute(
            "UPDATE event SET due = %s"
            " WHERE issuer_id = %s AND serial = %s AND due IS NOT NULL",
            (until, row.issuer, row.serial),
        )
        return 0


def write_due(
    connection: Connection,
    answers: Iterable[tuple[StatusQuery, CertIDForm]],
    until: int,
) -> None:
    """Let *answers* be due at *until*, in seconds since 1970."""
    rows = [
        (*query.issuer, integer_octets(query.serial_number), int(form))
        for query, form in answers
    ]
    if rows:
        columns = [list(column) for column in zip(*sorted(rows), strict=True)]
        connection.execute(_POSTPONE, (until, *columns))
        connection.execute(_POSTPONE_EVENTS, (until, *columns[:3]))
