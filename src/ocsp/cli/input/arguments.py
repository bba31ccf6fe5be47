"""
Parse the values that users type: times, durations, proxies, serial numbers, nonces.

Ambiguous values are rejected; the error names the option and the accepted forms.
"""

from __future__ import annotations

import datetime
import re

from ocsp.asn1.times import moment_from
from ocsp.cli.exit_codes import CommandError
from ocsp.client.options import Proxy
from ocsp.errors import ConfigError
from ocsp.inspection.vocabulary import SERIAL_FORMS, count, serial_from
from ocsp.quantities import duration_from
from ocsp.verification.policy import UNBOUNDED

__all__ = [
    "TIME_FORMS",
    "duration_text",
    "parse_count",
    "parse_duration",
    "parse_moment",
    "parse_nonce",
    "parse_proxy",
    "parse_serial",
]


TIME_FORMS = "2026-07-01, 2026-07-01T12:00 (in UTC) or 2026-07-01T14:00+02:00"
"""How users write a time, for help texts and errors."""


def parse_moment(option: str, text: str) -> datetime.datetime:
    """
    Parse a time in ISO 8601; without a zone it is UTC.

    Raises:
        CommandError: If *text* is not such a time, or its year in UTC is not between
            1 and 9999. The error names *option*.
    """
    try:
        return moment_from(text)
    except ValueError as error:
        raise CommandError(option, str(error), f"use {TIME_FORMS}") from error


def parse_duration(option: str, text: str) -> datetime.timedelta:
    """
    Parse a duration: ``30s``, ``5m``, ``36h``, ``10d``, or seconds without a unit.

    Several may follow each other, as in ``1h30m``; ``unbounded`` is no limit.

    Raises:
        CommandError: If *text* has another form. The error names *option*.
    """
    if text == "unbounded":
        return UNBOUNDED
    try:
        if _SECONDS.fullmatch(text):
            return datetime.timedelta(seconds=float(text))
        return duration_from(text)
    except (OverflowError, ValueError) as error:
        raise CommandError(
            option, f"{text!r} is not a duration", "use 30s, 5m, 36h, 10d or unbounded"
        ) from error


def parse_proxy(option: str, text: str) -> Proxy:
    """
    Parse a proxy: ``environment``, ``none`` or a URL.

    Raises:
        CommandError: If *text* is none of them. The error names *option*, and does not
            quote *text*, which may contain a password.
    """
    rules = {"environment": Proxy.ENVIRONMENT, "none": Proxy.NONE}
    if text in rules:
        return rules[text]
    try:
        return Proxy(text)
    except ConfigError as error:
        raise CommandError(
            option,
            f"the proxy {error.reason}",
            "use environment, none or http://HOST:PORT",
        ) from error


def parse_count(option: str, text: str) -> int:
    """
    Parse a whole number.

    Raises:
        CommandError: If *text* is not one, has more than nine digits, or is negative.
            The error names *option*.
    """
    if not re.fullmatch("[0-9]{1,9}", text):
        raise CommandError(
            option, f"{text!r} is not a whole number from 0 to 999,999,999"
        )
    return int(text)


def duration_text(duration: datetime.timedelta) -> str:
    """Return *duration* in the form that :func:`parse_duration` reads."""
    if duration == UNBOUNDED:
        return "unbounded"
    return f"{duration.total_seconds():g}s"


_SECONDS = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,6})?")


def parse_serial(text: str, option: str = "--serial") -> int:
    """
    Parse a serial number: ``0x1f2e``, ``1f:2e``, ``1f2e``, or decimal.

    Raises:
        CommandError: If *text* has another form. Negative numbers are not accepted
            (RFC 5280 §4.1.2.2). The error names *option*.
    """
    serial = serial_from(text)
    if serial is None:
        raise CommandError(option, f"{text!r} is not a number", f"use {SERIAL_FORMS}")
    return serial


def parse_nonce(text: str) -> bytes:
    """
    Parse a nonce in hexadecimal, with or without colons, and return its octets.

    Raises:
        CommandError: If *text* is not hexadecimal, or the length of the nonce is not
            allowed (RFC 9654 §2.1).
    """
    # Only the command that writes requests needs it.
    from ocsp.messages.extension_types import LONGEST_NONCE, SHORTEST_NONCE

    digits = re.sub(r"[\s:]", "", text)
    if not re.fullmatch("[0-9a-fA-F]*", digits):
        raise CommandError("--nonce", "is not hexadecimal")
    if len(digits) % 2:
        raise CommandError("--nonce", "has an odd number of digits")
    octets = bytes.fromhex(digits)
    if not SHORTEST_NONCE <= len(octets) <= LONGEST_NONCE:
        raise CommandError(
            "--nonce",
            f"has {count(len(octets), 'octet')}; {SHORTEST_NONCE} to "
            f"{LONGEST_NONCE} are allowed",
        )
    return octets
