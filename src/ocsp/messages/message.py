"""Functions for both requests and responses: size limit, version, encoding, texts."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import NamedTuple, NoReturn, Protocol

# The import of the public module takes 12 ms, a quarter of ``import ocsp``. This module
# defines the same class, and ``cryptography.x509`` imports it anyway.
from cryptography.hazmat.primitives._serialization import Encoding

from ocsp import limits
from ocsp.asn1.der import Deviation, content, fail, integer, number_text
from ocsp.errors import BuildError, LimitExceeded, SchemaError
from ocsp.later import x509

__all__ = [
    "Builder",
    "Encoding",
    "EncodingRules",
    "Received",
    "SupportsDER",
    "check_built",
    "check_rules",
    "check_size",
    "der_of",
    "pluralise",
    "refuse_version",
    "require_der",
    "shown_entries",
]


class EncodingRules(enum.Enum):
    """The encodings that a reader of messages accepts."""

    DER = "der"
    """DER only, as the standards require (RFC 6960 §4, X.690 §10 and §11)."""

    TOLERANT = "tolerant"
    """Also BER, and the deviations from DER that OpenSSL accepts. The signature is
    verified over the octets that were received."""


class Received(NamedTuple):
    """
    A message that is not DER, as it was received.

    Attributes:
        octets: The whole message.

        der: The same message in DER.

        tbs: tbsRequest or tbsResponseData, which the signature covers. Empty for an
            OCSP error.

        tolerated: How the message deviates from DER.
    """

    octets: bytes
    der: bytes
    tbs: bytes
    tolerated: tuple[Deviation, ...]


class SupportsDER(Protocol):
    """A message of this package, of ``cryptography``, or of another package."""

    def public_bytes(self, encoding: Encoding, /) -> bytes:
        """Return the DER of the message; *encoding* is ``Encoding.DER``."""
        ...


def der_of(message: SupportsDER, refusal: str) -> bytes:
    """
    Return the DER of *message*, which may be an object of any package.

    Raises:
        TypeError: If it has no ``public_bytes``, or is a certificate; the text of the
            error begins with *refusal*.
    """
    # A certificate has this method too, but here it means that the caller has mixed up
    # two arguments.
    is_certificate = isinstance(message, x509.Certificate)
    if is_certificate or not hasattr(message, "public_bytes"):
        raise TypeError(f"{refusal}, not {type(message).__name__}")
    return message.public_bytes(Encoding.DER)


def check_size(data: bytes) -> int:
    """
    Return the size of the message *data*.

    Raises:
        TypeError: If *data* is not ``bytes``.
        LimitExceeded: If it exceeds ``MAX_MESSAGE_BYTES``.
    """
    if not isinstance(data, bytes):
        raise TypeError(f"data must be bytes, not {type(data).__name__}")
    size = len(data)
    if size > limits.MAX_MESSAGE_BYTES:
        raise LimitExceeded("MAX_MESSAGE_BYTES", size, limits.MAX_MESSAGE_BYTES)
    return size


def check_rules(encoding: object) -> None:
    """
    Check the argument *encoding* of a loader.

    Raises:
        TypeError: If it is not a member of :class:`EncodingRules`.
    """
    if not isinstance(encoding, EncodingRules):
        raise TypeError("encoding must be an item from the EncodingRules enum")


def check_built(der: bytes) -> bytes:
    """
    Return *der*, if :func:`check_size` would accept it.

    Raises:
        BuildError: If it exceeds ``MAX_MESSAGE_BYTES``.
    """
    if len(der) > limits.MAX_MESSAGE_BYTES:
        raise BuildError(
            f"{len(der)} octets exceed MAX_MESSAGE_BYTES = {limits.MAX_MESSAGE_BYTES}"
        )
    return der


def require_der(der: bytes, encoding: Encoding) -> bytes:
    """
    Return *der* if *encoding* is ``Encoding.DER``.

    Raises:
        TypeError: If *encoding* is not an ``Encoding``.
        ValueError: If *encoding* is not ``Encoding.DER``.
    """
    if not isinstance(encoding, Encoding):
        raise TypeError("encoding must be an item from the Encoding enum")
    if encoding is not Encoding.DER:
        raise ValueError("The only allowed encoding value is Encoding.DER")
    return der


def refuse_version(data: bytes, position: int, end: int, message: str) -> NoReturn:
    """
    Raise an error for the version at *position*: OCSP has v1 only, the default.

    Raises:
        DERError: If it is v1, because DER omits a default value (X.690 §11.5).
        SchemaError: If it is another version.
    """
    start, outer = content(data, position, end, 0xA0, "version")
    first, last = integer(data, start, outer, "version")
    version = int.from_bytes(data[first:last], signed=True)
    if version == 0:
        fail("default value is encoded", "version", position)
    raise SchemaError(
        f"{number_text(version)} is not a valid OCSP {message} version",
        path="version",
        offset=position,
    )


SHOWN = 3
"""Entries that a ``repr`` shows; a message can have thousands."""


def shown_entries(entries: Sequence[object]) -> str:
    """Return the first few *entries* as text, and the number of the others."""
    few = [repr(entry) for entry in entries[:SHOWN]]
    if len(entries) > SHOWN:
        few.append(f"and {len(entries) - SHOWN} more")
    return ", ".join(few)


def pluralise(number: int, what: str) -> str:
    """Return ``1 certificate`` or ``2 certificates``."""
    return f"{number} {what}{'' if number == 1 else 's'}"


class Builder:
    """The base class of both builders: equal if all their parts are equal."""

    __slots__: tuple[str, ...] = ()

    @property
    def _parts(self) -> tuple[object, ...]:
        return tuple(getattr(self, slot) for slot in type(self).__slots__)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, type(self)):
            return NotImplemented
        return self._parts == other._parts

    def __hash__(self) -> int:
        return hash(self._parts)
