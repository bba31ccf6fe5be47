"""The table of certificates of EJBCA."""

from __future__ import annotations

from ocsp.status.sql.encodings import DecimalText, ReasonEncoding, TimeEncoding
from ocsp.status.sql.issuers import IssuerColumn, fingerprint
from ocsp.status.sql.table import Flag, Reason, Schema, Table, Time

__all__ = ["EJBCA"]

_ACTIVE, _NOTIFIED, _REVOKED, _ARCHIVED = 20, 21, 40, 60

EJBCA = Schema(
    tables=(
        Table(
            name="CertificateData",
            serial="serialNumber",
            serial_encoding=DecimalText(),
            issuer=IssuerColumn("cAFingerprint", fingerprint("sha1")),
            flag=Flag(
                column="status",
                good=frozenset({_ACTIVE, _NOTIFIED}),
                revoked=frozenset({_REVOKED}),
                see_reason=frozenset({_ARCHIVED}),
            ),
            revoked_at=Time(
                "revocationDate",
                TimeEncoding.EPOCH_MILLISECONDS,
                nothing=frozenset({-1, 0}),
            ),
            # After a hold the reason is removeFromCRL, and the status is active again.
            reason=Reason(
                "revocationReason", ReasonEncoding.NUMBER, nothing=frozenset({-1, 8})
            ),
            expires=Time("expireDate", TimeEncoding.EPOCH_MILLISECONDS),
        ),
    ),
    complete=True,
)
"""One table. The issuer is found by SHA-1 of the certificate of the CA."""
