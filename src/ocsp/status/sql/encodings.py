"""
How tables of CAs write serial numbers, times and reasons.

Reading is strict: a value that is not in the declared form is a ``ValueError``, and the
source has no answer for this certificate. Nothing odd becomes *good*.
"""

from __future__ import annotations

import contextlib
import datetime
import enum
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from cryptography import x509

from ocsp.asn1.der import integer_octets
from ocsp.asn1.times import moment_from, moments, utc
from ocsp.messages.reasons import REASONS, reason_from

__all__ = [
    "AnyForm",
    "DecimalText",
    "HexText",
    "IntegerValue",
    "OctetsValue",
    "ReasonEncoding",
    "SerialEncoding",
    "TimeEncoding",
    "in_json",
    "read_reason",
    "read_time",
]

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_DIGITS = re.compile(r"-?[0-9]+")
_HEX = re.compile(r"[0-9A-Fa-f]+")


class SerialEncoding(Protocol):
    """How a column has serial numbers."""

    def values(self, serial: int) -> Sequence[object]:
        """Return each value that a row about *serial* may have."""
        ...

    def read(self, value: object) -> int:
        """
        Return the serial number in *value*.

        Raises:
            ValueError: If there is none.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DecimalText:
    """
    Decimal digits as text.

    Attributes:
        as_octets: Whether the column is binary, with the text in ASCII.
    """

    as_octets: bool = False

    def values(self, serial: int) -> Sequence[object]:
        """Return the digits."""
        if serial.bit_length() > _MOST_BITS:
            return ()
        return (str(serial).encode() if self.as_octets else str(serial),)

    def read(self, value: object) -> int:
        """Return the serial number in *value*."""
        text = _text(value)
        if not _DIGITS.fullmatch(text) or len(text) > _MOST_BITS:
            raise ValueError(f"{text[:80]!r} is not a decimal number")
        return int(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class HexText:
    """
    Hexadecimal digits as text.

    Attributes:
        upper: Whether the letters are A to F, not a to f.

        even: Whether a zero makes the number of digits even.

        width: The least number of digits, with zeros in front.

        separator: What is between two digits and the next two, such as ``:``.
    """

    upper: bool = False
    even: bool = False
    width: int = 0
    separator: str = ""

    def values(self, serial: int) -> Sequence[object]:
        """Return the digits; none for a negative number."""
        if serial < 0 or serial.bit_length() > _MOST_BITS:
            return ()
        digits = f"{serial:X}" if self.upper else f"{serial:x}"
        least = max(self.width, len(digits) + (len(digits) % 2 if self.even else 0))
        digits = digits.zfill(least)
        if self.separator:
            digits = digits.zfill(len(digits) + len(digits) % 2)
            pairs = [digits[at : at + 2] for at in range(0, len(digits), 2)]
            digits = self.separator.join(pairs)
        return (digits,)

    def read(self, value: object) -> int:
        """Return the serial number in *value*."""
        text = _text(value)
        digits = text.replace(self.separator, "") if self.separator else text
        if not _HEX.fullmatch(digits):
            raise ValueError(f"{text[:80]!r} is not a hexadecimal number")
        return int(digits, 16)


@dataclass(frozen=True, slots=True, kw_only=True)
class OctetsValue:
    """
    Octets, big-endian.

    Attributes:
        signed: Whether they are two's complement, as the content of the DER INTEGER.
    """

    signed: bool = True

    def values(self, serial: int) -> Sequence[object]:
        """Return the octets; none for a negative number without a sign."""
        if self.signed:
            return (integer_octets(serial),)
        if serial < 0:
            return ()
        return (serial.to_bytes(max(1, (serial.bit_length() + 7) // 8)),)

    def read(self, value: object) -> int:
        """Return the serial number in *value*."""
        if isinstance(value, memoryview):
            value = bytes(value)
        if not isinstance(value, bytes) or not value:
            raise ValueError(f"{value!r:.80} has no octets")
        return int.from_bytes(value, signed=self.signed)


@dataclass(frozen=True, slots=True)
class IntegerValue:
    """A number; its column can have 64 bits, or more if it is NUMERIC."""

    def values(self, serial: int) -> Sequence[object]:
        """Return the number; none if no column of 64 bits can have it."""
        return (serial,) if serial.bit_length() < 64 else ()

    def read(self, value: object) -> int:
        """Return the serial number in *value*."""
        try:
            return int(value)  # type: ignore[call-overload, no-any-return]
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"{value!r:.80} is not a whole number") from error


class AnyForm:
    """Any of several forms, where programs or versions write different ones."""

    __slots__ = ("_forms",)

    def __init__(self, *forms: SerialEncoding) -> None:
        """Look for all of *forms*; read with the first that can."""
        self._forms = forms

    def values(self, serial: int) -> Sequence[object]:
        """Return the values in each form, once."""
        found = [value for form in self._forms for value in form.values(serial)]
        return tuple(dict.fromkeys(found))

    def read(self, value: object) -> int:
        """Return the serial number in *value*."""
        for form in self._forms[:-1]:
            with contextlib.suppress(ValueError):
                return form.read(value)
        return self._forms[-1].read(value)


_MOST_BITS = 4096
"""Serial numbers with more bits are not looked up: no table can have them."""


class TimeEncoding(enum.Enum):
    """How a column has times."""

    TIMESTAMP = enum.auto()
    """A column of a type for times, or ISO 8601 as text; without a zone it is UTC."""

    EPOCH_SECONDS = enum.auto()
    """Seconds since 1970."""

    EPOCH_MILLISECONDS = enum.auto()
    """Milliseconds since 1970."""

    ASN1_TEXT = enum.auto()
    """UTCTime or GeneralizedTime as text: ``260601100000Z``, ``20260601100000Z``."""


def read_time(value: object, encoding: TimeEncoding) -> datetime.datetime:
    """
    Return the time in *value*, aware, in UTC.

    Raises:
        ValueError: If it is not in that form, or not within the years 1 to 9999.
    """
    try:
        if encoding is TimeEncoding.TIMESTAMP:
            if isinstance(value, datetime.datetime):
                return utc(value)
            return utc(moment_from(_text(value)))
        if encoding is TimeEncoding.ASN1_TEXT:
            text = _text(value).encode()
            century = b"19" if text >= b"5" else b"20"
            return moments[century + text if len(text) == 13 else text]
        seconds = IntegerValue().read(value)
        if encoding is TimeEncoding.EPOCH_MILLISECONDS:
            seconds //= 1000
        return _EPOCH + datetime.timedelta(seconds=seconds)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{value!r:.80} is not a time: {error}") from error


class ReasonEncoding(enum.Enum):
    """How a column has reasons (RFC 5280 §5.3.1)."""

    NUMBER = enum.auto()
    """The number of CRLReason."""

    NAME = enum.auto()
    """The name in RFC 5280, or that of ``x509.ReasonFlags``; case is ignored."""

    BIT = enum.auto()
    """The number of the bit of ReasonFlags (RFC 5280 §4.2.1.13)."""

    MASK = enum.auto()
    """The number 2 to the power of that bit."""


_BITS = (0, 1, 2, 3, 4, 5, 6, 9, 10)
"""The numbers of CRLReason by the bits of ReasonFlags."""


def read_reason(value: object, encoding: ReasonEncoding) -> x509.ReasonFlags:
    """
    Return the reason in *value*.

    Raises:
        ValueError: If it is not in that form, or not a reason.
    """
    if encoding is ReasonEncoding.NAME:
        return reason_from(_text(value).replace("_", ""))
    number = IntegerValue().read(value)
    if encoding is ReasonEncoding.MASK:
        if number <= 0 or number & (number - 1):
            raise ValueError(f"{number} is not one bit")
        number = number.bit_length() - 1
    try:
        if encoding is ReasonEncoding.NUMBER:
            return REASONS[number]
        return REASONS[_BITS[number] if number >= 0 else -1]
    except (KeyError, IndexError) as error:
        raise ValueError(f"{number} is not a reason") from error


def in_json(value: object, path: Sequence[str]) -> object:
    """
    Return what *path* leads to in the JSON text *value*; ``None`` stays ``None``.

    Raises:
        ValueError: If it is not JSON, or has no such member.
    """
    if value is None:
        return None
    try:
        found: object = json.loads(_text(value))
    except RecursionError as error:
        raise ValueError("JSON is nested too deep") from error
    for name in path:
        if not isinstance(found, dict) or name not in found:
            raise ValueError(f"JSON has no member {'.'.join(path)}")
        found = found[name]
    return found


def _text(value: object) -> str:
    """
    Return *value* as text; octets are ASCII.

    Raises:
        ValueError: If it is neither.
    """
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).decode()
    if not isinstance(value, str):
        raise ValueError(f"{value!r:.80} is not text")
    return value
