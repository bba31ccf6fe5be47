"""The tables of step-ca in PostgreSQL or MySQL."""

from __future__ import annotations

from ocsp.status.sql.encodings import DecimalText, ReasonEncoding, TimeEncoding
from ocsp.status.sql.issuers import IssuerInCertificate
from ocsp.status.sql.table import (
    Beside,
    EndInCertificate,
    Reason,
    Schema,
    Table,
    Time,
)

__all__ = ["STEP_CA"]

_REVOKED = "revoked_x509_certs"

STEP_CA = Schema(
    tables=(
        Table(
            name="x509_certs",
            serial="nkey",
            serial_encoding=DecimalText(as_octets=True),
            issuer=IssuerInCertificate("nvalue"),
            beside=Beside(_REVOKED, on={"nkey": "nkey"}),
            revoked_at=Time(
                f"{_REVOKED}.nvalue", TimeEncoding.TIMESTAMP, ("RevokedAt",)
            ),
            reason=Reason(f"{_REVOKED}.nvalue", ReasonEncoding.NUMBER, ("ReasonCode",)),
            expires=EndInCertificate("nvalue"),
        ),
    ),
    complete=True,
)
"""
Keys are decimal digits in binary columns. The certificate names its issuer; a
revocation is JSON. Rows with keys in another form are of old versions, and are not
found: their certificates are never *good*.
"""
