"""The tables of XCA, in its SQLite file or another database."""

from __future__ import annotations

from ocsp.status.sql.encodings import (
    AnyForm,
    HexText,
    ReasonEncoding,
    TimeEncoding,
)
from ocsp.status.sql.issuers import IssuerReference, certificate_base64
from ocsp.status.sql.table import Reason, Schema, Table, Time

__all__ = ["XCA"]


def _issuer(column: str) -> IssuerReference:
    return IssuerReference(column, "certs", "item", "cert", certificate_base64)


_SERIAL = AnyForm(HexText(upper=True, even=True), HexText(upper=True))

XCA = Schema(
    tables=(
        Table(
            name="certs",
            serial="serial",
            serial_encoding=_SERIAL,
            issuer=_issuer("issuer"),
            revoked_at=None,
        ),
        Table(
            name="revocations",
            serial="serial",
            serial_encoding=_SERIAL,
            issuer=_issuer("caId"),
            revoked_at=Time("date", TimeEncoding.ASN1_TEXT),
            invalid=Time("invaldate", TimeEncoding.ASN1_TEXT),
            reason=Reason("reasonBit", ReasonEncoding.NUMBER),
        ),
    ),
    complete=True,
)
"""Certificates, and revocations, also of certificates that were deleted."""
