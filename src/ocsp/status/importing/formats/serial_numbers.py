"""Read serial numbers, and recognize those that are probably none of the CA."""

from __future__ import annotations

import re

from ocsp.status.importing.formats.rows import SerialNotation

__all__ = ["doubt_about", "parse_serial_number"]

MOST_OCTETS = 20
"""The longest serial number that a CA may use (RFC 5280 §4.1.2.2)."""

_DECIMAL_DIGITS = 18
"""
From how many digits on hexadecimal without a letter is doubtful.

One random number of 20 digits in 12,000 has none, and one of 32 digits in 3,400,000.
"""

_HEXADECIMAL = re.compile(r"(?:0x)?[0-9a-f]{1,256}|[0-9a-f]{1,2}(?:[:-][0-9a-f]{2})+")
_DECIMAL = re.compile("[0-9]{1,308}")


def parse_serial_number(text: str, notation: SerialNotation | None) -> int:
    """
    Return the serial number *text*.

    Args:
        text: Hexadecimal after ``0x``, in pairs with colons or dashes, or with a letter
            among the digits; or digits alone.

        notation: What digits alone are; ``None`` if that is not known.

    Raises:
        ValueError: If *text* is no number in this notation, or may be two numbers: to
            guess could revoke another certificate.
    """
    digits = text.strip().lower()
    prefixed = digits.startswith("0x") or ":" in digits or "-" in digits
    if notation is SerialNotation.DECIMAL and not prefixed:
        if not _DECIMAL.fullmatch(digits):
            raise ValueError(f"has the serial number {_short(text)}, not decimal")
        return int(digits)
    if not _HEXADECIMAL.fullmatch(digits):
        raise ValueError(f"has the serial number {_short(text)}, not hexadecimal")
    number = int(re.sub("[:-]", "", digits), 16)
    if notation is None and digits.isdecimal() and number != int(digits):
        raise ValueError(
            f"has the serial number {_short(text)}, which may be decimal or "
            "hexadecimal: write 0x before it, or say which with --serials"
        )
    return number


def doubt_about(text: str, number: int, notation: SerialNotation | None) -> str:
    """
    Return why *number* is probably none of the CA, or an empty text.

    A certificate that is recorded under a wrong number stays *good* for clients when it
    is revoked.

    Args:
        text: The serial number as it is written in the file.

        number: The serial number.

        notation: The notation in which it was read.
    """
    digits = text.strip().lower()
    if number <= 0:
        return f"has the serial number {_short(text)}, which is not positive"
    decimal = ""
    if notation is SerialNotation.HEXADECIMAL and digits.isdecimal():
        decimal = "; it may be a decimal number, and then no certificate has it"
    if number.bit_length() > MOST_OCTETS * 8:
        return (
            f"has the serial number {_short(text)} of more than {MOST_OCTETS} octets "
            f"(RFC 5280 §4.1.2.2){decimal}"
        )
    if decimal and len(digits) >= _DECIMAL_DIGITS:
        return f"has the serial number {_short(text)} without a letter{decimal}"
    return ""


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:77]}...")
