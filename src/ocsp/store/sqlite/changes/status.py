"""
Change the status of certificates, in statements on one transaction.

:mod:`ocsp.store.rules` decides what a change means.
"""

from __future__ import annotations

import datetime
import sqlite3
from collections.abc import Callable

from cryptography import x509

from ocsp.asn1.der import integer_octets
from ocsp.errors import UnknownCertificate
from ocsp.responder.source import IssuerKey, StatusRecord
from ocsp.store.sqlite.database.schema import LAST_EVENT
from ocsp.store.sqlite.database.writer import issuer_id
from ocsp.store.values import Change, record_from, seconds, status_columns

__all__ = ["add_certificate", "change_certificate"]

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


def change_certificate(
    connection: sqlite3.Connection,
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
