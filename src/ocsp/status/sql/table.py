"""
Describe a table of certificates, and read its rows.

A description says what the columns mean, so that nothing is guessed. A row that does
not fit it is an error for its serial number, and never *good*.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from cryptography import x509

from ocsp.asn1.certificates import validity_of
from ocsp.errors import DecodeError
from ocsp.guarded.certificates import load_certificate
from ocsp.guarded.pem import der_blocks
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.responder.source import StatusRecord
from ocsp.signing.issued import is_issued_by
from ocsp.status.sql.encodings import (
    ReasonEncoding,
    SerialEncoding,
    TimeEncoding,
    in_json,
    read_reason,
    read_time,
)
from ocsp.status.sql.issuers import (
    IssuerInCertificate,
    IssuerRule,
    OneIssuer,
    is_exactly,
)

__all__ = [
    "Beside",
    "EndInCertificate",
    "Flag",
    "Reason",
    "Schema",
    "Table",
    "Time",
    "read_row",
]

NOTHING: frozenset[object] = frozenset({None, "", "0000-00-00 00:00:00"})
"""Values that mean *no time* in every table: NULL, an empty text, MySQL's zero date."""


@dataclass(frozen=True, slots=True)
class Time:
    """
    A column with a time.

    Attributes:
        column: The column; ``table.column`` for one of the table beside.

        encoding: Its form.

        path: Where it is, if the column has JSON.

        nothing: Values that mean *no time*, besides NULL, an empty text and a time in
            the year 1 or 0.
    """

    column: str
    encoding: TimeEncoding
    path: tuple[str, ...] = ()
    nothing: frozenset[object] = frozenset()


@dataclass(frozen=True, slots=True)
class Reason:
    """
    A column with the reason of a revocation.

    Attributes:
        column: The column; ``table.column`` for one of the table beside.

        encoding: Its form.

        path: Where it is, if the column has JSON.

        nothing: Values that mean *not revoked*.
    """

    column: str
    encoding: ReasonEncoding
    path: tuple[str, ...] = ()
    nothing: frozenset[object] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """
    A column that says whether the certificate is revoked.

    Any other value than those below is an error for its serial number.

    Attributes:
        column: The column.

        good: Values that mean *not revoked*.

        revoked: Values that mean *revoked*.

        see_reason: Values with which the reason decides: it has one, or a value that
            means *not revoked*.
    """

    column: str
    good: frozenset[object]
    revoked: frozenset[object]
    see_reason: frozenset[object] = frozenset()


@dataclass(frozen=True, slots=True)
class EndInCertificate:
    """A column with the certificate in DER or PEM, whose notAfter is used."""

    column: str


@dataclass(frozen=True, slots=True)
class Beside:
    """
    Another table with a row for some of the certificates, such as the revoked ones.

    Attributes:
        name: The other table.

        on: Columns of the table, each with the column of the other table that is equal.
    """

    name: str
    on: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """
    What the columns of a table of certificates mean.

    Names come into the SQL as they are written here, without quotes.

    Attributes:
        name: The table; ``schema.table`` for one of another schema.

        serial: The column with the serial number.

        serial_encoding: Its form.

        issuer: How the issuer is found.

        revoked_at: The time of the revocation. Without *flag*, a certificate is revoked
            if it has one. ``None``: no row of the table is revoked.

        flag: Whether the certificate is revoked.

        reason: Why it was revoked.

        invalid: When its key was or may have been compromised.

        expires: notAfter.

        beside: Another table that columns above are in.
    """

    name: str
    serial: str
    serial_encoding: SerialEncoding
    issuer: IssuerRule
    revoked_at: Time | None
    flag: Flag | None = None
    reason: Reason | None = None
    invalid: Time | None = None
    expires: Time | EndInCertificate | None = None
    beside: Beside | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns to read, each once."""
        parts = (self.revoked_at, self.flag, self.reason, self.invalid, self.expires)
        names = [part.column for part in parts if part is not None]
        if isinstance(self.issuer, IssuerInCertificate):
            names.append(self.issuer.column)
        elif not isinstance(self.issuer, OneIssuer):
            names.append(self.issuer.mark)
        return tuple(dict.fromkeys((self.serial, *names)))


class Schema(NamedTuple):
    """
    The tables in which a program keeps the status of certificates.

    Attributes:
        tables: The tables. A certificate that is in several is revoked if one says so.

        complete: Whether a serial number that is in none was never issued.
    """

    tables: tuple[Table, ...]
    complete: bool


def read_row(
    table: Table, row: Mapping[str, object], serial: int, issuer: x509.Certificate
) -> StatusRecord | None:
    """
    Return the record of a row; ``None`` if it is of another issuer.

    Args:
        table: What the columns mean.

        row: The values, by the names in the description.

        serial: The serial number that was read from the row.

        issuer: The certificate of the issuer in question.

    Raises:
        ValueError: If a value does not fit the description.
    """
    if isinstance(table.issuer, IssuerInCertificate):
        certificate = _certificate(row[table.issuer.column])
        if not is_issued_by(certificate, issuer):
            return None
        if certificate.serial_number != serial:
            raise ValueError("has the certificate of another serial number")
    elif not isinstance(table.issuer, OneIssuer):
        mark = row[table.issuer.mark]
        if not is_exactly(mark, table.issuer.value(issuer)):
            return None
    expires = _end(table.expires, row)
    if not _is_revoked(table, row):
        return StatusRecord(expires=expires)
    time = _time(table.revoked_at, row)
    if time is None:
        raise ValueError("is revoked and has no time of revocation")
    return StatusRecord(
        status=OCSPCertStatus.REVOKED,
        revocation_time=time,
        revocation_reason=_reason(table.reason, row),
        invalidity_date=_time(table.invalid, row),
        expires=expires,
    )


def _is_revoked(table: Table, row: Mapping[str, object]) -> bool:
    """
    Tell whether the row says *revoked*.

    Raises:
        ValueError: If the flag is not known, or says *good* where the rest does not.
    """
    if table.flag is None:
        return _time(table.revoked_at, row) is not None
    flag = row[table.flag.column]
    if _is_in(table.flag.revoked, flag):
        return True
    if not _is_in(table.flag.good | table.flag.see_reason, flag):
        raise ValueError(f"has {flag!r:.80} as {table.flag.column}, which is not known")
    revoked = _has_reason_or_time(table, row)
    if revoked and flag in table.flag.good:
        raise ValueError(f"has {flag!r:.80} as {table.flag.column}, but is revoked")
    return revoked


def _has_reason_or_time(table: Table, row: Mapping[str, object]) -> bool:
    if table.reason is not None and table.reason.nothing:
        value = _value(row, table.reason)
        return value is not None and not _is_in(table.reason.nothing, value)
    return _time(table.revoked_at, row) is not None


def _value(row: Mapping[str, object], part: Time | Reason) -> object:
    """Return the value of a column, or of the member of its JSON."""
    value = row[part.column]
    return in_json(value, part.path) if part.path else value


def _is_in(values: frozenset[object], value: object) -> bool:
    """Tell whether *value* is one of *values*; an array or a document is none."""
    try:
        return value in values
    except TypeError:  # it cannot be hashed
        return False


def _time(part: Time | None, row: Mapping[str, object]) -> datetime.datetime | None:
    if part is None:
        return None
    value = _value(row, part)
    if _is_in(NOTHING | part.nothing, value):
        return None
    if isinstance(value, str) and value.startswith(("0000-", "0001-")):
        return None
    time = read_time(value, part.encoding)
    return None if time.year == 1 else time


def _reason(part: Reason | None, row: Mapping[str, object]) -> x509.ReasonFlags | None:
    """
    Return the reason; ``None`` if there is none, or one that is not known.

    Raises:
        ValueError: If it is removeFromCRL: then it is not clear what the row says.
    """
    if part is None:
        return None
    try:
        value = _value(row, part)
        if _is_in(NOTHING | part.nothing, value):
            return None
        reason = read_reason(value, part.encoding)
    except ValueError:
        return None  # the certificate is revoked, whatever the reason
    if reason is x509.ReasonFlags.remove_from_crl:
        raise ValueError("is revoked with the reason removeFromCRL")
    return reason


def _end(
    part: Time | EndInCertificate | None, row: Mapping[str, object]
) -> datetime.datetime | None:
    if isinstance(part, EndInCertificate):
        return validity_of(_certificate(row[part.column]))[1]
    return _time(part, row)


def _certificate(value: object) -> x509.Certificate:
    data = value.encode() if isinstance(value, str) else value
    if not isinstance(data, (bytes, memoryview)):
        raise ValueError(f"{value!r:.80} is not a certificate")
    try:
        der, *_ = der_blocks(bytes(data), "CERTIFICATE")
        return load_certificate(der)
    except DecodeError as error:
        raise ValueError(f"has a certificate that cannot be read: {error}") from error
