"""
Read the lines of ``index.txt``, the database of ``openssl ca`` and easy-rsa.

A line has six fields with TABs between them: ``V`` (valid), ``R`` (revoked) or ``E``
(expired); notAfter; time and reason of the revocation; serial number in hexadecimal;
file name; subject. One file is about one CA, which it does not name.

Nothing is guessed. A line that cannot be read is an :class:`Oddity`, and the other
lines are read all the same.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from typing import NamedTuple

from cryptography import x509

from ocsp.asn1.times import moments, utc
from ocsp.messages.reasons import REASON_NAMES, reason_from, reason_name
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.responder.source import StatusRecord

__all__ = [
    "IndexRow",
    "Oddity",
    "Position",
    "doubt_about",
    "index_line",
    "positions",
    "read_index",
    "read_line",
    "serial_field",
    "serial_in",
]

MOST_SERIAL_OCTETS = 20
"""The longest serial number that a CA may use (RFC 5280 §4.1.2.2)."""

_TAB = re.compile(rb"(?<!\\)\t")
"""The end of a field; ``openssl`` writes a TAB inside of one after a backslash."""

_FIELDS = 6
_HEX = re.compile(rb"-?[0-9A-Fa-f]+")

_REASONS = {
    **{name.lower(): reason_from(name) for name in REASON_NAMES},
    "holdinstruction": x509.ReasonFlags.certificate_hold,
    "keytime": x509.ReasonFlags.key_compromise,
    "cakeytime": x509.ReasonFlags.ca_compromise,
}
"""The reasons by their words in lower case, as ``openssl`` compares them."""

_WITH_INVALIDITY_DATE = frozenset({"keytime", "cakeytime"})
"""The words whose argument is the invalidityDate (RFC 5280 §5.3.2)."""


class IndexRow(NamedTuple):
    """
    One certificate in ``index.txt``.

    Attributes:
        line: The number of the line, from 1.

        serial_number: The serial number of the certificate.

        record: Its status, with the end of the certificate.

        subject: Its subject, as ``openssl`` writes it: ``/C=XX/CN=name``.
    """

    line: int
    serial_number: int
    record: StatusRecord
    subject: str


class Oddity(NamedTuple):
    """
    What is wrong with a line, or to be examined.

    Attributes:
        line: The number of the line, from 1.

        reason: What is wrong, as the end of a sentence about the line.

        serial_number: The serial number, or ``None`` if it cannot be read.

        row_follows: Whether the line can be used all the same. If not, the status of
            this serial number is not known.
    """

    line: int
    reason: str
    serial_number: int | None
    row_follows: bool


class Position(NamedTuple):
    """
    Where a line is.

    Attributes:
        line: The number of the line, from 1.

        start: Where it starts, in octets.

        stop: Where it ends, without its line end.
    """

    line: int
    start: int
    stop: int


def read_index(data: bytes) -> Iterator[IndexRow | Oddity]:
    """
    Return the rows of the ``index.txt`` *data*, and what is odd, in the order of lines.

    A line that is odd but usable gives both, the :class:`Oddity` first. Not checked:
    whether a serial number comes twice.
    """
    for position in positions(data):
        yield from read_line(data[position.start : position.stop], position.line)


def positions(data: bytes) -> Iterator[Position]:
    """Return where the lines of *data* are, without comments and empty lines."""
    start, line = 0, 0
    while start < len(data):
        stop = data.find(b"\n", start)
        stop = len(data) if stop < 0 else stop
        line += 1
        end = stop - 1 if data[stop - 1 : stop] == b"\r" and stop > start else stop
        if end > start and data[start] != 0x23:  # a comment begins with "#"
            yield Position(line, start, end)
        start = stop + 1


def read_line(text: bytes, line: int) -> Iterator[IndexRow | Oddity]:
    """
    Return the row of one line, and what is odd about it.

    Args:
        text: The line, without its line end.

        line: Its number, for the result.
    """
    fields = _split(text)
    serial = serial_in(fields[3]) if len(fields) > 3 else None
    try:
        if len(fields) != _FIELDS:
            raise ValueError(f"has {len(fields)} fields, not {_FIELDS}")
        if serial is None:
            raise ValueError(f"has the serial number {_shown(fields[3])}, not hex")
        record, remark = _record(*fields[:3])
    except ValueError as error:
        yield Oddity(line, str(error), serial, row_follows=False)
        return
    for reason in filter(None, (remark, doubt_about(fields[3], serial))):
        yield Oddity(line, reason, serial, row_follows=True)
    subject = fields[5].replace(b"\\\t", b"\t").decode("utf-8", "backslashreplace")
    yield IndexRow(line, serial, record, subject)


def index_line(
    serial_number: int, subject: str, expires: datetime.datetime, record: StatusRecord
) -> str:
    """
    Return the line for one certificate, with its line end.

    Args:
        serial_number: Its serial number; not negative.

        subject: Its subject, in any notation.

        expires: Its notAfter.

        record: Its status. An invalidityDate can be written only with the reasons
            keyCompromise and cACompromise; with another reason it is omitted.
    """
    digits = f"{serial_number:X}"
    serial = digits.rjust(len(digits) + len(digits) % 2, "0")
    kind = "V" if record.revocation_time is None else "R"
    name = " ".join(subject.split()) or "unknown"
    return (
        "\t".join(
            (kind, _written_time(expires), _revocation(record), serial, "unknown", name)
        )
        + "\n"
    )


def _revocation(record: StatusRecord) -> str:
    if record.revocation_time is None:
        return ""
    since = _written_time(record.revocation_time)
    if record.revocation_reason is None:
        return since
    word = reason_name(record.revocation_reason)
    timed = {"keyCompromise": "keyTime", "cACompromise": "CAkeyTime"}
    if record.invalidity_date is not None and word in timed:
        return f"{since},{timed[word]},{record.invalidity_date:%Y%m%d%H%M%SZ}"
    return f"{since},{word}"


def _written_time(when: datetime.datetime) -> str:
    """Return a UTCTime, or a GeneralizedTime outside of its years 1950 to 2049."""
    text = utc(when).strftime("%Y%m%d%H%M%SZ").rjust(15, "0")
    return text[2:] if "1950" <= text[:4] < "2050" else text


def serial_field(text: bytes) -> bytes:
    """Return the field with the serial number in a line; empty if there is none."""
    fields = _split(text, _FIELDS - 2)
    return fields[3] if len(fields) > 3 else b""


def serial_in(field: bytes) -> int | None:
    """Return the serial number in its field, or ``None`` if it is not hexadecimal."""
    return int(field, 16) if _HEX.fullmatch(field) else None


def doubt_about(field: bytes, serial: int) -> str:
    """Return why *serial* in *field* is probably not of this CA, or an empty text."""
    if serial <= 0:
        return f"has the serial number {_shown(field)}, which is not positive"
    if serial.bit_length() > MOST_SERIAL_OCTETS * 8:
        return (
            f"has the serial number {_shown(field)} of more than {MOST_SERIAL_OCTETS} "
            "octets; it may be a decimal number, and then no certificate has it"
        )
    if len(field) % 2:
        return (
            f"has the serial number {_shown(field)} with an odd number of digits, "
            "which openssl does not write; it may be a decimal number"
        )
    return ""


def _split(text: bytes, most: int = 0) -> list[bytes]:
    if b"\\\t" not in text:
        return text.split(b"\t", most or -1)
    return _TAB.split(text, most)


def _record(kind: bytes, end: bytes, revocation: bytes) -> tuple[StatusRecord, str]:
    """
    Return the record of the first three fields, and a remark about its reason.

    Raises:
        ValueError: If they give no status.
    """
    expires = _time(end, "notAfter")
    if kind in {b"V", b"E"}:
        if revocation:
            raise ValueError(f"has type {kind.decode()} and a time of revocation")
        return StatusRecord(expires=expires), ""
    if kind != b"R":
        raise ValueError(f"has the type {_shown(kind)}, not V, R or E")
    if not revocation:
        raise ValueError("has type R and no time of revocation")
    when, _, word = revocation.partition(b",")
    time = _time(when, "the time of revocation")
    reason, invalid, remark = _reason(word)
    return (
        StatusRecord(
            status=OCSPCertStatus.REVOKED,
            revocation_time=time,
            revocation_reason=reason,
            invalidity_date=invalid,
            expires=expires,
        ),
        remark,
    )


def _reason(
    text: bytes,
) -> tuple[x509.ReasonFlags | None, datetime.datetime | None, str]:
    """
    Return reason, invalidityDate, and a remark about what was not understood.

    A revocation whose reason is not known is a revocation all the same.

    Raises:
        ValueError: For removeFromCRL, which is no status.
    """
    if not text:
        return None, None, ""
    word, _, argument = text.partition(b",")
    name = word.decode("ascii", "replace").lower()
    reason = _REASONS.get(name)
    if reason is x509.ReasonFlags.remove_from_crl:
        raise ValueError("has the reason removeFromCRL, which only delta CRLs use")
    if reason is None:
        return None, None, f"has the reason {_shown(word)}, which is not known: omitted"
    if name not in _WITH_INVALIDITY_DATE:
        return reason, None, ""
    try:
        return reason, _time(argument, "invalidityDate"), ""
    except ValueError as error:
        return reason, None, f"{error}: omitted"


def _time(text: bytes, name: str) -> datetime.datetime:
    """
    Return the time of a UTCTime or GeneralizedTime (RFC 5280 §4.1.2.5).

    Raises:
        ValueError: If it is in another form.
    """
    whole = text
    if len(text) == len(b"YYMMDDHHMMSSZ"):
        whole = (b"19" if text >= b"5" else b"20") + text
    try:
        return moments[whole]
    except ValueError as error:
        raise ValueError(f"has {_shown(text)} as {name}, not a time") from error


def _shown(text: bytes) -> str:
    short = text if len(text) <= 80 else text[:77] + b"..."
    return repr(short.decode("utf-8", "backslashreplace"))
