"""
Change the status of certificates, in statements on one transaction.

:mod:`ocsp.store.rules` decides what a change means.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable

from cryptography import x509

from ocsp.asn1.der import integer_octets
from ocsp.errors import UnknownCertificate
from ocsp.responder.source import IssuerKey, StatusRecord
from ocsp.store.postgresql.database.pool import Connection
from ocsp.store.postgresql.issuers import add_issuer
from ocsp.store.values import Change, record_from, seconds, status_columns

__all__ = ["add_certificate", "change_certificate", "last_event"]

_ADD = """
INSERT INTO certificate (issuer_id, serial, subject, expires, cert_hash)
VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
# The row stays locked until the transaction ends: no other process decides meanwhile.
_FIND = """
SELECT issuer_id, revoked, reason, invalid, expires, cert_hash
FROM certificate WHERE serial = %s
    AND issuer_id = (SELECT id FROM issuer WHERE name_hash = %s AND key_hash = %s)
FOR NO KEY UPDATE
"""
_CHANGE = """
UPDATE certificate SET revoked = %s, reason = %s, invalid = %s
WHERE issuer_id = %s AND serial = %s
"""
_LAST_EVENT = """
SELECT max(id) FROM event WHERE tx = pg_current_xact_id() AND action = 'changed'
"""


def add_certificate(
    connection: Connection,
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
            add_issuer(connection, issuer),
            integer_octets(serial_number),
            subject,
            seconds(expires),
            cert_hash or None,
        ),
    )
    return done.rowcount == 1


def change_certificate(
    connection: Connection,
    issuer: x509.Certificate,
    serial_number: int,
    decide: Callable[[StatusRecord], StatusRecord],
) -> Change:
    """
    Give a certificate the status that *decide* returns for its present one.

    Raises:
        UnknownCertificate: If the certificate has no record.
    """
    number, known = _known(connection, issuer, serial_number)
    record = decide(known)
    if record == known:
        return Change(False, record)
    return Change(True, record, _write(connection, number, serial_number, record))


def _known(
    connection: Connection, issuer: x509.Certificate, serial_number: int
) -> tuple[int, StatusRecord]:
    key = (integer_octets(serial_number), *IssuerKey.of(issuer))
    row = connection.execute(_FIND, key).fetchone()
    if row is None:
        raise UnknownCertificate(serial_number)
    return row[0], record_from(*row[1:])


def _write(
    connection: Connection, number: int, serial: int, record: StatusRecord
) -> int | None:
    """Write the status, and return the number of the event that a trigger added."""
    connection.execute(
        _CHANGE, (*status_columns(record), number, integer_octets(serial))
    )
    return last_event(connection)


def last_event(connection: Connection) -> int | None:
    """Return the number of the last change of this transaction, or ``None``."""
    row = connection.execute(_LAST_EVENT).fetchone()
    return row[0] if row else None
