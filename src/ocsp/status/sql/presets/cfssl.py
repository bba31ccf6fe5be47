"""The certificate database of cfssl: PostgreSQL, MySQL or SQLite."""

from __future__ import annotations

from ocsp.status.sql.encodings import DecimalText, ReasonEncoding, TimeEncoding
from ocsp.status.sql.issuers import IssuerInCertificate
from ocsp.status.sql.table import (
    EndInCertificate,
    Flag,
    Reason,
    Schema,
    Table,
    Time,
)

__all__ = ["CFSSL", "CFSSL_POSTGRESQL"]


def _schema(serial: DecimalText) -> Schema:
    table = Table(
        name="certificates",
        serial="serial_number",
        serial_encoding=serial,
        # authority_key_identifier is empty if Go 1.15 or later built cfssl.
        issuer=IssuerInCertificate("pem"),
        flag=Flag(
            column="status",
            good=frozenset({"good", b"good"}),
            revoked=frozenset({"revoked", b"revoked"}),
        ),
        revoked_at=Time("revoked_at", TimeEncoding.TIMESTAMP),
        reason=Reason("reason", ReasonEncoding.NUMBER),
        expires=EndInCertificate("pem"),
    )
    return Schema((table,), complete=True)


CFSSL = _schema(DecimalText())
"""
One table, in SQLite or MySQL. ``revoked_at`` of a certificate that is not revoked has
the year 1 or 0.
"""

CFSSL_POSTGRESQL = _schema(DecimalText(as_octets=True))
"""The same in PostgreSQL, where the columns are binary."""
