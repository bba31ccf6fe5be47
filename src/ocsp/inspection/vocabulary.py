"""
Names of object identifiers, and words for times and numbers.

The names are those of RFC 6960 and RFC 5280. An object identifier without a name is
shown as numbers.
"""

from __future__ import annotations

import datetime
import re

from ocsp.asn1 import oids
from ocsp.asn1.name_comparison import name_of_subject
from ocsp.asn1.names import characters_of, name_text, read_name
from ocsp.asn1.signature_algorithms import SIGNATURE_ALGORITHMS
from ocsp.errors import DecodeError
from ocsp.later import x509

__all__ = [
    "SERIAL_FORMS",
    "age",
    "common_name",
    "count",
    "oid_name",
    "one_line",
    "serial_from",
    "span",
]

_OIDS = {
    "1.3.6.1.5.5.7.48.1.1": "id-pkix-ocsp-basic",
    "1.3.6.1.5.5.7.48.1.2": "id-pkix-ocsp-nonce",
    "1.3.6.1.5.5.7.48.1.3": "id-pkix-ocsp-crl",
    "1.3.6.1.5.5.7.48.1.4": "id-pkix-ocsp-response",
    "1.3.6.1.5.5.7.48.1.5": "id-pkix-ocsp-nocheck",
    "1.3.6.1.5.5.7.48.1": "id-ad-ocsp",
    "1.3.6.1.5.5.7.48.2": "id-ad-caIssuers",
    "1.3.6.1.5.5.7.48.1.6": "id-pkix-ocsp-archive-cutoff",
    "1.3.6.1.5.5.7.48.1.7": "id-pkix-ocsp-service-locator",
    "1.3.6.1.5.5.7.48.1.8": "id-pkix-ocsp-pref-sig-algs",
    "1.3.6.1.5.5.7.48.1.9": "id-pkix-ocsp-extended-revoke",
    "1.3.36.8.3.13": "id-commonpki-at-certHash",
    "1.3.6.1.4.1.11129.2.4.5": "signedCertificateTimestampList",
    "2.5.29.21": "id-ce-cRLReasons",
    "2.5.29.23": "id-ce-holdInstructionCode",
    "2.5.29.24": "id-ce-invalidityDate",
    "2.5.29.29": "id-ce-certificateIssuer",
    # hashes
    "1.2.840.113549.2.5": "md5",
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.5": "sha512-224",
    "2.16.840.1.101.3.4.2.6": "sha512-256",
    "2.16.840.1.101.3.4.2.7": "sha3-224",
    "2.16.840.1.101.3.4.2.8": "sha3-256",
    "2.16.840.1.101.3.4.2.9": "sha3-384",
    "2.16.840.1.101.3.4.2.10": "sha3-512",
    # signatures
    **{each.oid: each.name for each in SIGNATURE_ALGORITHMS},
}

_UNITS = (
    ("year", 365 * 86_400),
    ("day", 86_400),
    ("hour", 3_600),
    ("minute", 60),
    ("second", 1),
)


def oid_name(dotted: str) -> str | None:
    """Return the standard's name of an object identifier, or ``None``."""
    return _OIDS.get(dotted)


def age(moment: datetime.datetime, now: datetime.datetime) -> str:
    """Return *moment* relative to *now*: ``3 hours ago``, ``in 2 days``, ``now``."""
    seconds = int((moment - now).total_seconds())
    if seconds == 0:
        return "now"
    distance = span(abs(seconds))
    return f"in {distance}" if seconds > 0 else f"{distance} ago"


def span(seconds: int) -> str:
    """Return a duration in its two largest units: ``6 days 23 hours``."""
    words = []
    for unit, size in _UNITS:
        number, seconds = divmod(seconds, size)
        if number:
            words.append(count(number, unit))
        elif words:
            break
    return " ".join(words[:2]) or "0 seconds"


def count(number: int, noun: str, plural: str = "") -> str:
    """Return *number* with its noun: ``1 octet``, ``2,048 octets``."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def common_name(certificate: x509.Certificate) -> str:
    """Return the common name of the subject, or the whole name if it has none."""
    subject = name_of_subject(certificate)
    try:
        attributes = [each for relative in read_name(subject) for each in relative]
    except DecodeError:
        attributes = []
    common = (
        characters_of(attribute)
        for attribute in attributes
        if attribute.oid == oids.COMMON_NAME
    )
    return next(common, None) or name_text(subject)


def one_line(text: object) -> str:
    """
    Return *text* as one printable line.

    File names and the contents of certificates are untrusted: a line break could forge
    a second line of output, an escape sequence could control the terminal, and an
    override of the writing direction could hide what follows.
    """
    words = " ".join(str(text).split())
    return "".join(
        character if character.isprintable() else f"\\u{ord(character):04x}"
        for character in words
    )


def serial_from(text: str) -> int | None:
    """
    Return the serial number *text*: ``0x1f2e``, ``1f:2e``, ``1f2e``, or decimal.

    Digits alone are decimal; a letter makes a number hexadecimal, as OpenSSL prints it.
    ``None`` if it has another form. Negative numbers are not accepted (RFC 5280
    §4.1.2.2).
    """
    digits = text.strip().lower()
    try:
        if _HEXADECIMAL.fullmatch(digits):
            return int(digits.replace(":", ""), 16)
        if _DECIMAL.fullmatch(digits):
            return int(digits)
    except ValueError:  # more decimal digits than Python converts
        pass
    return None


_DECIMAL = re.compile("[0-9]+")
_HEXADECIMAL = re.compile(
    "0x[0-9a-f]+|[0-9a-f]{1,2}(:[0-9a-f]{2})+|[0-9]*[a-f][0-9a-f]*"
)
SERIAL_FORMS = "0x1f2e, 1f:2e, 1f2e or decimal"
"""The forms that :func:`serial_from` reads, for people."""
