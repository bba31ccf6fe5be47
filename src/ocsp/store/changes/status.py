"""
Change the status of certificates: the rules, in statements on one transaction.

The triggers of the database refuse what these functions refuse, for other programs.
The functions refuse it with the errors of this package, and know what a repeated call
means.
"""

from __future__ import annotations

import datetime
import sqlite3

from cryptography import x509

from ocsp.asn1.der import integer_octets
from ocsp.errors import AlreadyRevoked, ConfigError, NotOnHold, UnknownCertificate
from ocsp.responder.source import IssuerKey, StatusRecord
from ocsp.store.database.rows import (
    Change,
    on_hold,
    record_from,
    seconds,
    status_columns,
)
from ocsp.store.database.schema import LAST_EVENT
from ocsp.store.database.writer import issuer_id

__all__ = ["add_certificate", "release_certificate", "revoke_certificate"]

_ADD = """
INSERT INTO certificate (issuer_id, serial, subject, expires, cert_hash)
VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
_FIND = """
SELECT issuer_id, revoked, reason, invalid, expires, cert_hash
FROM certificate JOIN issuer ON issuer.id = issuer_id
WHERE name_hash = ? AND key_hash = ? AND serial = ?
"""
_CHANGE = """
UPDATE certificate SET revoked = ?, reason = ?, invalid = ?
WHERE issuer_id = ? AND serial = ?
"""


def add_certificate(
    connection: sqlite3.Connection,
    issuer: x509.Certificate,
    serial_number: int,
    subject: str,
    expires: datetime.datetime | None,
    cert_hash: bytes,
) -> bool:
    """Record an issued certificate; return ``False`` if there was a record."""
    done = connection.execute(
        _ADD,
        (
            issuer_id(connection, issuer),
            integer_octets(serial_number),
            subject,
            seconds(expires),
            cert_hash or None,
        ),
    )
    return done.rowcount == 1


def revoke_certificate(
    connection: sqlite3.Connection,
    issuer: x509.Certificate,
    serial_number: int,
    wanted: StatusRecord,
    *,
    since_now: bool,
    change_reason: bool,
) -> Change:
    """
    Record a revocation.

    Args:
        connection: A connection in a transaction.

        issuer: The certificate of the issuer.

        serial_number: The serial number.

        wanted: The revocation.

        since_now: The time in *wanted* is only the present one: a revocation or a hold
            that is recorded already keeps its time.

        change_reason: Whether a revocation may get another reason.
    """
    if wanted.revocation_reason is x509.ReasonFlags.remove_from_crl:
        raise ConfigError("reason", "remove_from_crl is for delta CRLs only")
    number, known = _known(connection, issuer, serial_number)
    since = known.revocation_time if since_now else None
    record = StatusRecord(
        status=wanted.status,
        revocation_time=since or wanted.revocation_time,
        revocation_reason=wanted.revocation_reason,
        invalidity_date=wanted.invalidity_date,
        expires=known.expires,
        cert_hash=known.cert_hash,
    )
    if known.revocation_time is not None and not on_hold(known):
        record = _revoked_again(
            known, record, change_reason=change_reason, serial=serial_number
        )
    if record == known:
        return Change(False, record)
    return Change(True, record, _write(connection, number, serial_number, record))


def release_certificate(
    connection: sqlite3.Connection, issuer: x509.Certificate, serial_number: int
) -> Change:
    """Record that a certificate on hold is good again (RFC 5280 §5.3.1)."""
    number, known = _known(connection, issuer, serial_number)
    if not on_hold(known):
        raise NotOnHold(serial_number)
    record = StatusRecord(expires=known.expires, cert_hash=known.cert_hash)
    return Change(True, record, _write(connection, number, serial_number, record))


def _known(
    connection: sqlite3.Connection, issuer: x509.Certificate, serial_number: int
) -> tuple[int, StatusRecord]:
    key = (*IssuerKey.of(issuer), integer_octets(serial_number))
    row = connection.execute(_FIND, key).fetchone()
    if row is None:
        raise UnknownCertificate(serial_number)
    return row[0], record_from(*row[1:])


def _write(
    connection: sqlite3.Connection, number: int, serial: int, record: StatusRecord
) -> int:
    """Write the status, and return the number of the event that a trigger added."""
    connection.execute(
        _CHANGE, (*status_columns(record), number, integer_octets(serial))
    )
    return int(connection.execute(LAST_EVENT).fetchone()[0])


def _revoked_again(
    known: StatusRecord, record: StatusRecord, *, change_reason: bool, serial: int
) -> StatusRecord:
    """Return what becomes of the revocation *known* if it is repeated by *record*."""
    if record.revocation_time != known.revocation_time:
        raise AlreadyRevoked(serial)
    same = record.revocation_reason is None or _reason(record) == _reason(known)
    if same and record.invalidity_date in {None, known.invalidity_date}:
        return known
    if not change_reason or on_hold(record):
        raise AlreadyRevoked(serial)
    return record


def _reason(record: StatusRecord) -> x509.ReasonFlags:
    """Return the reason; none means unspecified (RFC 5280 §5.3.1)."""
    return record.revocation_reason or x509.ReasonFlags.unspecified
