"""The certificate database of cfssl: PostgreSQL, MySQL or SQLite."""

from __future__ import annotations

from ocsp.status.sql.encodings import DecimalText, ReasonEncoding, TimeEncoding
from ocsp.status.sql.issuers import IssuerColumn, key_identifier
from ocsp.status.sql.table import Flag, Reason, Schema, Table, Time

__all__ = ["CFSSL"]

CFSSL = Schema(
    tables=(
        Table(
            name="certificates",
            serial="serial_number",
            serial_encoding=DecimalText(),
            issuer=IssuerColumn("authority_key_identifier", key_identifier),
            flag=Flag(
                column="status",
                good=frozenset({"good", b"good"}),
                revoked=frozenset({"revoked", b"revoked"}),
            ),
            revoked_at=Time("revoked_at", TimeEncoding.TIMESTAMP),
            reason=Reason("reason", ReasonEncoding.NUMBER),
            expires=Time("expiry", TimeEncoding.TIMESTAMP),
        ),
    ),
    complete=True,
)
"""One table. ``revoked_at`` of a certificate that is not revoked has the year 1."""
