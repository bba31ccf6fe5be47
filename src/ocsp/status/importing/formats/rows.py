"""
Define what a reader gives: the rows of a file, and what is odd in it.

A reader is a generator: a file of any length takes the same memory. One item that
cannot be read never costs the others.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from cryptography import x509

from ocsp.asn1.name_comparison import name_of_subject
from ocsp.asn1.names import name_text
from ocsp.responder import IssuerKey
from ocsp.store import CertificateRow

__all__ = [
    "IssuedRow",
    "Item",
    "Items",
    "Oddity",
    "OddityKind",
    "ReadOptions",
    "SerialNotation",
]


class OddityKind(enum.StrEnum):
    """What is odd about a part of a file."""

    UNREADABLE = "unreadable"
    """It cannot be read; it is not imported."""

    OTHER_ISSUER = "other-issuer"
    """It is about a certificate of another CA; it is not imported."""

    SERIAL_NUMBER = "serial-number"
    """The serial number is probably none of this CA; it is imported."""

    DETAIL = "detail"
    """A detail, such as the reason, cannot be used; the rest is imported."""

    FUTURE = "future"
    """It is revoked since a time in the future (RFC 5280 §5.3: the revocation has
    occurred). It is imported as revoked at once, with the time that the file says."""

    CONFLICT = "conflict"
    """The database says something else that an import does not change."""


class Oddity(NamedTuple):
    """
    Something in a file that the operator has to look at.

    Attributes:
        place: Where it is: ``line 12``, ``serial number 0x1f2e``, or a file name.

        kind: What kind of oddity it is.

        reason: What is odd, as the end of a sentence about the place.
    """

    place: str
    kind: OddityKind
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedRow(CertificateRow):
    """A certificate that was issued; the file says nothing about its status."""


class SerialNotation(enum.StrEnum):
    """What a serial number of digits alone is in CSV and JSON lines."""

    HEXADECIMAL = "hex"
    """Hexadecimal, as OpenSSL writes them."""

    DECIMAL = "decimal"
    """Decimal, as some CA software writes them."""


class ReadOptions(NamedTuple):
    """
    What a reader has to know besides the file.

    Attributes:
        name: The name of the file, for errors.

        issuer: The certificate of the CA whose certificates the file is about.

        serials: What a serial number of digits alone is, where the format leaves that
            open; or ``None`` if that is not known. Then such a number is only read if
            it is the same in both notations.
    """

    name: str
    issuer: x509.Certificate
    serials: SerialNotation | None = None

    @property
    def issuer_name(self) -> str:
        """The name of the issuer as text."""
        return name_text(name_of_subject(self.issuer))

    @property
    def issuer_key_hash(self) -> str:
        """SHA-256 of its key in hexadecimal, as a CertID has it."""
        return IssuerKey.of(self.issuer).key_hash.hex()


Item = CertificateRow | Oddity
Items = Iterator[Item]
