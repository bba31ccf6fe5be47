"""
Answer from tables of any database that SQLAlchemy reads.

A :class:`Schema` says what the tables mean: how serial numbers, issuers, times and
reasons are written, what means *not revoked*, and whether the tables are complete.
:mod:`ocsp.status.sql.presets` has those of known programs.
"""

from __future__ import annotations

from ocsp.status.sql.encodings import (
    AnyForm,
    DecimalText,
    HexText,
    IntegerValue,
    OctetsValue,
    ReasonEncoding,
    SerialEncoding,
    TimeEncoding,
)
from ocsp.status.sql.issuers import (
    IssuerColumn,
    IssuerInCertificate,
    IssuerReference,
    OneIssuer,
    certificate_base64,
    certificate_der,
    fingerprint,
    fixed,
    key_identifier,
    serial_hex,
)
from ocsp.status.sql.source import SQLSource
from ocsp.status.sql.table import (
    Beside,
    EndInCertificate,
    Flag,
    Reason,
    Schema,
    Table,
    Time,
)

__all__ = [
    "AnyForm",
    "Beside",
    "DecimalText",
    "EndInCertificate",
    "Flag",
    "HexText",
    "IntegerValue",
    "IssuerColumn",
    "IssuerInCertificate",
    "IssuerReference",
    "OctetsValue",
    "OneIssuer",
    "Reason",
    "ReasonEncoding",
    "SQLSource",
    "Schema",
    "SerialEncoding",
    "Table",
    "Time",
    "TimeEncoding",
    "certificate_base64",
    "certificate_der",
    "fingerprint",
    "fixed",
    "key_identifier",
    "serial_hex",
]
