"""
Make a row of named fields, the same in CSV and JSON lines.

The names are those of ``ocsp status list --json``, so that an export can be imported.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from cryptography import x509

from ocsp.asn1.times import moment_from, utc
from ocsp.messages.reasons import reason_from
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.responder import StatusRecord
from ocsp.status.importing.formats.lines import Line
from ocsp.status.importing.formats.rows import IssuedRow, Items, OddityKind, ReadOptions
from ocsp.status.importing.formats.serial_numbers import (
    doubt_about,
    parse_serial_number,
)
from ocsp.store import CertificateRow

__all__ = ["FIELDS", "Fields", "row_of"]

FIELDS = (
    "issuer",
    "issuer_key_sha256",
    "serial_number",
    "subject",
    "expires",
    "status",
    "revocation_time",
    "revocation_reason",
    "invalidity_date",
)
"""The names of the fields. Only ``serial_number`` is required."""

_OF_REVOCATIONS = ("revocation_time", "revocation_reason", "invalidity_date")
"""The fields that only certificates have that are revoked."""

Fields = Mapping[str, object]
"""The fields of one row: text, or ``None``; a serial number may be a number."""

_Value = TypeVar("_Value")
_SHA256 = re.compile("[0-9a-f]{64}")


def row_of(line: Line, fields: Fields, options: ReadOptions) -> Items:
    """Return the row of *fields*, and what is odd about it."""
    try:
        if other := _other_issuer(fields, options):
            yield line.odd(other, OddityKind.OTHER_ISSUER)
            return
        number, doubt = _serial_number(fields, options)
        record = _record(fields)
        subject = _text(fields, "subject") or ""
    except ValueError as error:
        yield line.odd(str(error))
        return
    if doubt:
        yield line.odd(doubt, OddityKind.SERIAL_NUMBER)
    says_status = any(_text(fields, each) for each in ("status", "revocation_time"))
    kind = CertificateRow if says_status else IssuedRow
    yield kind(
        serial_number=number, subject=subject, expires=record.expires, record=record
    )


def _other_issuer(fields: Fields, options: ReadOptions) -> str:
    """
    Return why the row is about another issuer than the import, or an empty text.

    The name alone does not tell: a CA keeps its name when it gets a new key.
    """
    name = _text(fields, "issuer")
    key = _read(fields, "issuer_key_sha256", _key_hash)
    mine = options.issuer_name.strip(), options.issuer_key_hash
    if name in {None, mine[0]} and key in {None, mine[1]}:
        return ""
    theirs = _issuer(name or mine[0], key)
    return f"is about {theirs}, not {_issuer(*mine)}"


def _issuer(name: str, key: str | None) -> str:
    return f"{name!r} with the key {key[:16]}" if key else repr(name)


def _serial_number(fields: Fields, options: ReadOptions) -> tuple[int, str]:
    given = fields.get("serial_number")
    if isinstance(given, int) and not isinstance(given, bool):
        if not 0 <= given.bit_length() <= 1024:
            raise ValueError("has a serial number of more than 1,024 bits")
        return given, doubt_about(hex(given), given, options.serials)
    text = _text(fields, "serial_number")
    if text is None:
        raise ValueError("has no serial_number")
    number = parse_serial_number(text, options.serials)
    return number, doubt_about(text, number, options.serials)


def _record(fields: Fields) -> StatusRecord:
    """
    Return the status.

    Without a status, a certificate with a time of revocation is revoked. Without that
    time it is good as far as this row says: a reason alone may be a revocation.
    """
    since = _read(fields, "revocation_time", _moment)
    expires = _read(fields, "expires", _moment)
    status = _text(fields, "status")
    status = status or ("good" if since is None else "revoked")
    if status.lower() == "good":
        for name in _OF_REVOCATIONS:
            if _text(fields, name) is not None:
                raise ValueError(f"has a {name}, and is not revoked")
        return StatusRecord(expires=expires)
    if status.lower() != "revoked":
        raise ValueError(f"has the status {status!r}, not good or revoked")
    if since is None:
        raise ValueError("has the status revoked and no revocation_time")
    return StatusRecord(
        status=OCSPCertStatus.REVOKED,
        revocation_time=since,
        revocation_reason=_read(fields, "revocation_reason", _reason),
        invalidity_date=_read(fields, "invalidity_date", _moment),
        expires=expires,
    )


def _read(fields: Fields, name: str, read: Callable[[str], _Value]) -> _Value | None:
    text = _text(fields, name)
    if text is None:
        return None
    try:
        return read(text)
    except ValueError as error:
        raise ValueError(f"has a wrong {name}: {error}") from error


def _text(fields: Fields, name: str) -> str | None:
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"has the {name} {value!r}, not a text")
    return value.strip() or None if value else None


def _moment(text: str) -> datetime.datetime:
    return utc(moment_from(text))


def _key_hash(text: str) -> str:
    digits = text.lower().replace(":", "")
    if not _SHA256.fullmatch(digits):
        raise ValueError(f"{text!r} is not SHA-256 in hexadecimal")
    return digits


def _reason(name: str) -> x509.ReasonFlags:
    reason = reason_from(name)
    if reason is x509.ReasonFlags.remove_from_crl:
        raise ValueError(f"{name!r} is for delta CRLs only")
    return reason
