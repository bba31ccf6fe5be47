"""
Reading what people type: times, serial numbers, nonces.

Rules of this file: what could be meant otherwise is refused, with the option at fault
and the forms there are.
"""

from __future__ import annotations

import datetime
import re

from ocsp.cli.exit_codes import CommandError
from ocsp.cli.render.vocabulary import count, moment_from
from ocsp.messages.extension_types import LONGEST_NONCE, SHORTEST_NONCE

__all__ = ["parse_moment", "parse_nonce", "parse_serial"]


def parse_moment(option: str, text: str) -> datetime.datetime:
    """
    Return the moment that *text* says in ISO 8601; without a zone it is UTC.

    Raises:
        CommandError: If it says none that is one in UTC too; *option* is at fault.
    """
    try:
        return moment_from(text)
    except ValueError as error:
        hint = "2026-07-01, 2026-07-01T12:00Z or 2026-07-01T14:00+02:00"
        raise CommandError(option, str(error), hint) from error


def parse_serial(text: str) -> int:
    """
    Return the serial number that *text* says: decimal, ``0x1f2e``, or ``1f:2e``.

    Raises:
        CommandError: If it is none of these; below zero there is none (RFC 5280
            §4.1.2.2).
    """
    digits = text.strip().lower()
    try:
        if _HEXADECIMAL.fullmatch(digits):
            return int(digits.replace(":", ""), 16)
        if _DECIMAL.fullmatch(digits):
            return int(digits)
    except ValueError:  # more digits than Python reads in decimal
        pass
    raise CommandError(
        "--serial", f"{text!r} is not a number", "decimal, 0x1f2e or 1f:2e"
    )


_DECIMAL = re.compile("[0-9]+")
_HEXADECIMAL = re.compile("0x[0-9a-f]+|[0-9a-f]{1,2}(:[0-9a-f]{2})+")


def parse_nonce(text: str) -> bytes:
    """
    Return the octets of the nonce that *text* says in hexadecimal, with colons or not.

    Raises:
        CommandError: If it says none of a length that is allowed (RFC 9654 §2.1).
    """
    digits = re.sub(r"[\s:]", "", text)
    if not re.fullmatch("[0-9a-fA-F]*", digits):
        raise CommandError("--nonce", "is not hexadecimal")
    if len(digits) % 2:
        raise CommandError("--nonce", "has an odd number of digits")
    octets = bytes.fromhex(digits)
    if not SHORTEST_NONCE <= len(octets) <= LONGEST_NONCE:
        raise CommandError(
            "--nonce",
            f"has {count(len(octets), 'octet')}, and {SHORTEST_NONCE} to "
            f"{LONGEST_NONCE} are allowed",
        )
    return octets
