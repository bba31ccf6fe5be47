"""The tables of django-ca 3.2, in any database of Django."""

from __future__ import annotations

from ocsp.status.sql.encodings import HexText, ReasonEncoding, TimeEncoding
from ocsp.status.sql.issuers import IssuerReference, serial_hex
from ocsp.status.sql.table import Flag, Reason, Schema, Table, Time

__all__ = ["DJANGO_CA"]

_AUTHORITIES = "django_ca_certificateauthority"


def _table(name: str, issuer: str) -> Table:
    return Table(
        name=name,
        serial="serial",
        serial_encoding=HexText(upper=True),
        issuer=IssuerReference(issuer, _AUTHORITIES, "id", "serial", serial_hex),
        flag=Flag(column="revoked", good=frozenset({False}), revoked=frozenset({True})),
        revoked_at=Time("revoked_date", TimeEncoding.TIMESTAMP),
        reason=Reason("revoked_reason", ReasonEncoding.NAME),
        invalid=Time("compromised", TimeEncoding.TIMESTAMP),
        expires=Time("not_after", TimeEncoding.TIMESTAMP),
    )


DJANGO_CA = Schema(
    tables=(
        _table("django_ca_certificate", "ca_id"),
        _table(_AUTHORITIES, "parent_id"),
    ),
    complete=True,
)
"""Certificates, and the CAs that other CAs of the same database have issued."""
