"""Find and add issuers: the other tables refer to their numbers."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.asn1.name_comparison import name_of_subject
from ocsp.asn1.names import name_text
from ocsp.responder.source import IssuerKey
from ocsp.store.postgresql.database.pool import Connection

__all__ = ["add_issuer"]

_ISSUER = (
    "SELECT id, certificate IS NULL FROM issuer WHERE name_hash = %s AND key_hash = %s"
)
_ADD = """
INSERT INTO issuer (name_hash, key_hash, subject, certificate)
VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
_KEEP_CERTIFICATE = """
UPDATE issuer SET certificate = %s WHERE id = %s AND certificate IS NULL
"""


def add_issuer(connection: Connection, issuer: x509.Certificate) -> int:
    """Return the number of *issuer* in the database; add it if it is missing."""
    key = IssuerKey.of(issuer)
    row = connection.execute(_ISSUER, key).fetchone()
    if row is None:
        der = issuer.public_bytes(Encoding.DER)
        name = name_text(name_of_subject(issuer))
        connection.execute(_ADD, (*key, name, der))
        row = connection.execute(_ISSUER, key).fetchone()
        assert row is not None  # noqa: S101 - for mypy: it has just been added
    number, without_certificate = row
    if without_certificate:
        der = issuer.public_bytes(Encoding.DER)
        connection.execute(_KEEP_CERTIFICATE, (der, number))
    return int(number)
