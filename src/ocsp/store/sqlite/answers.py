"""
Keep signed answers: what is due, and compare-and-set.

A row of the table ``answer`` is the work item and the result. The triggers omit an
answer that was made from another version of the status than the present one.
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
from collections.abc import Iterable

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.asn1.certificates import validity_of
from ocsp.asn1.der import integer_octets
from ocsp.errors import StoreError
from ocsp.responder.source import IssuerKey, StatusQuery
from ocsp.responder.stored_answer import CertIDForm, NewAnswer
from ocsp.store.rows import Due, due_from
from ocsp.store.sqlite.database.reader import Reader
from ocsp.store.values import seconds, status_columns

__all__ = [
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

_FUTURE_SECONDS = 60
"""By how much thisUpdate may be later than now: clocks of machines differ."""

_CERTIFICATE = """
JOIN certificate
    ON certificate.issuer_id = a.issuer_id AND certificate.serial = a.serial
"""
_COLUMNS = """
SELECT a.serial, a.form, revoked, reason, invalid, expires, cert_hash,
    certificate.version FROM
"""
_DUE = f"""
{_COLUMNS} (
    SELECT issuer_id, serial, form, due FROM answer INDEXED BY answer_due
    WHERE issuer_id = ? AND due <= ? ORDER BY due LIMIT ?
) a {_CERTIFICATE} ORDER BY a.due
"""  # noqa: S608 - only names of this module
# Answers that were signed while the clock was wrong are due last of all.
_FROM_THE_FUTURE = f"""
{_COLUMNS} (
    SELECT issuer_id, serial, form, this_update FROM answer INDEXED BY answer_due
    WHERE issuer_id = ? ORDER BY due DESC LIMIT ?
) a {_CERTIFICATE} WHERE a.this_update > ?
"""  # noqa: S608 - only names of this module

_ANY = "SELECT EXISTS (SELECT * FROM answer WHERE issuer_id = ? AND due <= ?)"
_COUNT = "SELECT count(*) FROM answer WHERE issuer_id = ? AND due <= ?"
_OPEN_CHANGES = """
SELECT count(*) FROM (
    SELECT * FROM event INDEXED BY event_changed WHERE action = 'changed'
    ORDER BY id DESC LIMIT ?
) e
WHERE EXISTS (
    SELECT 1 FROM answer a
    WHERE a.issuer_id = e.issuer_id AND a.serial = e.serial AND a.version < e.version
)
"""
_ROW = """
INSERT INTO answer (issuer_id, serial, form)
SELECT issuer_id, serial, ? FROM certificate WHERE issuer_id = ? AND serial = ?
ON CONFLICT DO NOTHING
"""
# Another process may have signed the same answer meanwhile: then the first one stays,
# so that all clients get the same octets.
_SIGNED = """
UPDATE answer SET version = ?, signer_id = ?, due = ?, this_update = ?,
    next_update = ?, tbs = ?, signature = ?, says_revoked = ?
WHERE issuer_id = ? AND serial = ? AND form = ?
    AND (version <> ? OR due <= ? OR this_update > ? OR signer_id <> ?)
    AND EXISTS (
        SELECT 1 FROM certificate c
        WHERE c.issuer_id = answer.issuer_id AND c.serial = answer.serial
            AND c.revoked IS ? AND c.reason IS ? AND c.invalid IS ?)
"""
_ISSUERS = "SELECT name_hash, key_hash, id FROM issuer"
_SIGNERS = "SELECT digest, id FROM signer"
_POSTPONE = """
UPDATE answer SET due = ? WHERE form = ? AND serial = ?
    AND issuer_id = (SELECT id FROM issuer WHERE name_hash = ? AND key_hash = ?)
"""


def find_due(reader: Reader, issuer: IssuerKey, now: int, limit: int) -> Due:
    """Return answers to sign: of changed certificates, then by the time *due*."""
    number = reader.issuer_id(issuer)
    rows = reader.fetch_all(_DUE, (number, now, limit))
    if len(rows) < limit:
        rows += reader.fetch_all(
            _FROM_THE_FUTURE, (number, limit - len(rows), now + _FUTURE_SECONDS)
        )
    return due_from(issuer, rows)


def has_due(reader: Reader, issuer: IssuerKey, now: int) -> bool:
    """Return whether answers of *issuer* are due."""
    return bool(reader.fetch_one(_ANY, (reader.issuer_id(issuer), now))[0])


def count_due(reader: Reader, issuer: IssuerKey, now: int) -> int:
    """Return how many answers of *issuer* are due."""
    row = reader.fetch_one(_COUNT, (reader.issuer_id(issuer), now))
    return int(row[0])


def count_open_changes(reader: Reader, last: int) -> int:
    """Return how many of the *last* changes are not in all signed answers yet."""
    return int(reader.fetch_one(_OPEN_CHANGES, (last,))[0])


def insert_signer(
    connection: sqlite3.Connection, certificate: x509.Certificate
) -> None:
    """Record the certificate of a signer, if it is not there."""
    der = certificate.public_bytes(Encoding.DER)
    _, end = validity_of(certificate)
    connection.execute(
        "INSERT INTO signer (digest, certificate, not_after) VALUES (?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        (hashlib.sha256(der).digest(), der, seconds(end)),
    )


def write_answers(
    connection: sqlite3.Connection, answers: Iterable[NewAnswer], now: int
) -> int:
    """Store *answers* in the transaction of *connection*; return how many were."""
    issuers = {IssuerKey(*key): number for *key, number in connection.execute(_ISSUERS)}
    signers: dict[bytes, int] = dict(connection.execute(_SIGNERS).fetchall())
    stored = 0
    for new in answers:
        issuer = issuers.get(new.query.issuer)
        signer = signers.get(new.answer.signer)
        if signer is None:
            raise StoreError(
                "the signer of an answer is not in the file; add_signer adds it"
            )
        if issuer is not None:  # otherwise it is deleted, with all its certificates
            stored += _write(connection, new, issuer, signer, now)
    return stored


def _write(
    connection: sqlite3.Connection, new: NewAnswer, issuer: int, signer: int, now: int
) -> int:
    (_, number), form, answer, record = new
    status = status_columns(record)
    serial = integer_octets(number)
    values = (
        answer.version,
        signer,
        answer.due,
        answer.this_update,
        answer.next_update,
        answer.tbs,
        answer.signature,
        status[0] is not None,
        issuer,
        serial,
        form,
        answer.version,
        now,
        now + _FUTURE_SECONDS,
        signer,
        *status,
    )
    try:
        stored = connection.execute(_SIGNED, values).rowcount
        if not stored and connection.execute(_ROW, (form, issuer, serial)).rowcount:
            stored = connection.execute(_SIGNED, values).rowcount
    except sqlite3.IntegrityError as error:
        # Only this statement is undone: the other answers of the transaction remain.
        _log.error("serial number %#x: the answer is not stored: %s", number, error)
        write_due(connection, [(new.query, form)], now + POSTPONED_SECONDS)
        return 0
    return stored


def write_due(
    connection: sqlite3.Connection,
    answers: Iterable[tuple[StatusQuery, CertIDForm]],
    until: int,
) -> None:
    """Let *answers* be due at *until*, in seconds since 1970."""
    connection.executemany(
        _POSTPONE,
        [
            (until, form, integer_octets(query.serial_number), *query.issuer)
            for query, form in answers
        ],
    )
