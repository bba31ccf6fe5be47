"""
Distribution points of certificates, and the scope of CRLs (RFC 5280 §4.2.1.13, §5.2.5).

Names are kept as octets, and compared as octets first and then by §7.1. A name that
cannot be decoded is only equal to the same octets.
"""

from __future__ import annotations

from collections.abc import Hashable, Sized
from typing import NamedTuple
from urllib.parse import urlsplit

from cryptography import x509

from ocsp import limits
from ocsp.asn1 import oids
from ocsp.asn1.certificates import parts_of
from ocsp.asn1.der import (
    SEQUENCE,
    SET,
    any_value,
    bit_string,
    content,
    context,
    encode,
    end_of,
    fail,
)
from ocsp.asn1.extensions import extensions_of
from ocsp.asn1.name_comparison import comparable, text
from ocsp.errors import DecodeError, LimitExceeded, SchemaError

__all__ = [
    "ALL_REASONS",
    "DistributionPoint",
    "GeneralNames",
    "Scope",
    "directory_names",
    "distribution_points",
    "has_same_name",
    "point_of_issuer",
    "read_names",
    "read_points",
    "read_scope",
    "reason_names",
    "text_of",
    "uris",
]

GeneralNames = tuple[bytes, ...]
"""The DER of each GeneralName."""

_URI = 0x86
_DIRECTORY_NAME = 0xA4

_REASONS = {
    1: x509.ReasonFlags.key_compromise,
    2: x509.ReasonFlags.ca_compromise,
    3: x509.ReasonFlags.affiliation_changed,
    4: x509.ReasonFlags.superseded,
    5: x509.ReasonFlags.cessation_of_operation,
    6: x509.ReasonFlags.certificate_hold,
    7: x509.ReasonFlags.privilege_withdrawn,
    8: x509.ReasonFlags.aa_compromise,
}
"""The bits of ReasonFlags (§4.2.1.13). Bit 0 is unused."""

ALL_REASONS = frozenset(_REASONS)
"""The bits of all reasons (§6.3.1)."""


class DistributionPoint(NamedTuple):
    """
    A DistributionPoint of a certificate (§4.2.1.13).

    Attributes:
        names: The names of the distribution point; empty if the field is absent.

        reasons: The bits of the reasons for which its CRLs are.

        crl_issuer: The names in cRLIssuer; empty if the certificate's issuer issues the
            CRLs.
    """

    names: GeneralNames
    reasons: frozenset[int] = ALL_REASONS
    crl_issuer: GeneralNames = ()


class Scope(NamedTuple):
    """
    The IssuingDistributionPoint of a CRL (§5.2.5).

    Attributes:
        names: The names of the distribution point; empty if the field is absent.

        only_users: Whether the CRL is for end entities only.

        only_cas: Whether it is for CAs only.

        reasons: The bits of the reasons that it covers.

        indirect: Whether it may list certificates of other issuers.

        only_attributes: Whether it is for attribute certificates only.
    """

    names: GeneralNames
    only_users: bool = False
    only_cas: bool = False
    reasons: frozenset[int] = ALL_REASONS
    indirect: bool = False
    only_attributes: bool = False


def reason_names(reasons: frozenset[int]) -> tuple[str, ...]:
    """Return the names of the bits *reasons*, in alphabetical order."""
    return tuple(sorted(_REASONS[bit].value for bit in reasons))


# --- reading -----------------------------------------------------------------------


def read_scope(value: bytes, crl_issuer: bytes) -> Scope:
    """
    Return the IssuingDistributionPoint *value* of a CRL of *crl_issuer*.

    Raises:
        DecodeError: If it is malformed.
    """
    name = "issuingDistributionPoint"
    position, end = content(value, 0, len(value), SEQUENCE, name)
    end_of(end, len(value), name)
    fields: dict[int, tuple[int, int]] = {}
    while position < end:
        tag, start, stop = any_value(value, position, end, name)
        if tag not in _SCOPE_TAGS or (fields and tag & 0x1F <= max(fields)):
            fail(_WRONG_FIELD, name, position)
        fields[tag & 0x1F], position = (start, stop), stop
    return Scope(
        _point_names(value, *fields[0], crl_issuer) if 0 in fields else (),
        _flag(value, fields, 1),
        _flag(value, fields, 2),
        _reasons(value, *fields[3]) if 3 in fields else ALL_REASONS,
        _flag(value, fields, 4),
        _flag(value, fields, 5),
    )


_WRONG_FIELD = "has an unknown field, or fields in the wrong order"
_SCOPE_TAGS = frozenset({0xA0, 0x81, 0x82, 0x83, 0x84, 0x85})


def _flag(value: bytes, fields: dict[int, tuple[int, int]], number: int) -> bool:
    if number not in fields:
        return False
    start, stop = fields[number]
    if value[start:stop] != b"\xff":
        # FALSE is the default, which DER omits (X.690 §11.5).
        fail("not the octet of TRUE", "issuingDistributionPoint", start)
    return True


def _reasons(value: bytes, start: int, stop: int) -> frozenset[int]:
    # ReasonFlags is IMPLICIT: give its content the tag of a BIT STRING.
    bits = encode(0x03, value[start:stop])
    first, last = bit_string(bits, 0, len(bits), "reasons")
    octets = bits[first:last]
    return frozenset(
        bit
        for bit in _REASONS
        if bit // 8 < len(octets) and octets[bit // 8] & (0x80 >> bit % 8)
    )


def _point_names(value: bytes, start: int, stop: int, issuer: bytes) -> GeneralNames:
    """Return the names in a DistributionPointName, a relative one with *issuer*."""
    name = "distributionPoint"
    tag, first, last = any_value(value, start, stop, name)
    end_of(last, stop, name)
    if tag == context(0):
        return _names(value, first, last, name)
    if tag != context(1):
        raise SchemaError("is neither fullName nor a relative name", path=name)
    begin, end = content(issuer, 0, len(issuer), SEQUENCE, name)
    whole = encode(SEQUENCE, issuer[begin:end], encode(SET, value[first:last]))
    return (encode(_DIRECTORY_NAME, whole),)


def read_names(value: bytes, name: str) -> GeneralNames:
    """
    Return the GeneralNames in *value*.

    Raises:
        DecodeError: If it is malformed, or empty.
    """
    start, stop = content(value, 0, len(value), SEQUENCE, name)
    end_of(stop, len(value), name)
    return _names(value, start, stop, name)


def _names(value: bytes, position: int, end: int, name: str) -> GeneralNames:
    found = []
    while position < end:
        _, _, stop = any_value(value, position, end, name)
        found.append(value[position:stop])
        position = stop
        _check_count(found, name)
    if not found:
        raise SchemaError("is empty", path=name, offset=position)
    return tuple(found)


def read_points(value: bytes, issuer: bytes) -> tuple[DistributionPoint, ...]:
    """
    Return the distribution points in *value*, an extension of a certificate or CRL.

    Each is read by itself, and one that is malformed is left out: a CRL that only it
    would name is then out of scope.

    Args:
        value: The content of cRLDistributionPoints or freshestCRL.

        issuer: The DER of the name of the certificate's issuer.

    Raises:
        DecodeError: If it is not a list of values, or has too many.
    """
    name = "cRLDistributionPoints"
    position, end = content(value, 0, len(value), SEQUENCE, name)
    end_of(end, len(value), name)
    places: list[tuple[int, int]] = []
    while position < end:
        _, _, stop = any_value(value, position, end, name)
        places.append((position, stop))
        position = stop
        _check_count(places, name)
    points = (_point_or_none(value, *place, issuer) for place in places)
    return tuple(point for point in points if point is not None)


def _point_or_none(
    value: bytes, position: int, end: int, issuer: bytes
) -> DistributionPoint | None:
    try:
        position, _ = content(value, position, end, SEQUENCE, "distributionPoint")
        return _point(value, position, end, issuer)
    except DecodeError:
        return None


def _check_count(found: Sized, name: str) -> None:
    if len(found) > limits.MAX_GENERAL_NAMES:
        raise LimitExceeded(
            "MAX_GENERAL_NAMES", len(found), limits.MAX_GENERAL_NAMES, path=name
        )


def _point(value: bytes, position: int, end: int, issuer: bytes) -> DistributionPoint:
    fields: dict[int, tuple[int, int]] = {}
    while position < end:
        tag, start, stop = any_value(value, position, end, "distributionPoint")
        if tag not in (0xA0, 0x81, 0xA2) or (fields and tag & 0x1F <= max(fields)):
            fail(_WRONG_FIELD, "distributionPoint", position)
        fields[tag & 0x1F], position = (start, stop), stop
    crl_issuer = _names(value, *fields[2], "cRLIssuer") if 2 in fields else ()
    # A relative name follows the name of the CRL issuer (§4.2.1.13).
    base = next(iter(directory_names(crl_issuer)), issuer)
    return DistributionPoint(
        _point_names(value, *fields[0], base) if 0 in fields else (),
        _reasons(value, *fields[1]) if 1 in fields else ALL_REASONS,
        crl_issuer,
    )


def distribution_points(
    certificate: x509.Certificate, dotted: str = oids.CRL_DISTRIBUTION_POINTS
) -> tuple[DistributionPoint, ...]:
    """
    Return the distribution points of *certificate*, without those that are malformed.

    Args:
        certificate: The certificate.

        dotted: The extension that has them.
    """
    try:
        value = extensions_of(certificate).octets(dotted)
        return read_points(value, parts_of(certificate).issuer) if value else ()
    except DecodeError:
        return ()


def point_of_issuer(issuer: bytes) -> DistributionPoint:
    """Return the point of CRLs that no distribution point names (§6.3.3)."""
    return DistributionPoint((encode(_DIRECTORY_NAME, issuer),))


def uris(names: GeneralNames) -> list[str]:
    """Return the URIs in *names*."""
    return [
        each[start:].decode("latin-1")
        for each in names
        if each[0] == _URI
        for _, start, _ in [any_value(each, 0, len(each), "")]
    ]


# --- comparing -----------------------------------------------------------------------


def directory_names(names: GeneralNames) -> list[bytes]:
    """Return the DER of the distinguished names in *names*."""
    return [
        each[start:]
        for each in names
        if each[0] == _DIRECTORY_NAME
        for _, start, _ in [any_value(each, 0, len(each), "")]
    ]


def has_same_name(some: GeneralNames, others: GeneralNames) -> bool:
    """Return whether *some* and *others* have a name in common."""
    return not {_comparable(each) for each in some}.isdisjoint(map(_comparable, others))


def _comparable(name: bytes) -> Hashable:
    """
    Return a value that equal names share, and different names do not.

    Scheme and host of a URI are compared in lower case (RFC 5280 §7.4).
    """
    if name[0] == _DIRECTORY_NAME:
        return tuple(map(comparable, directory_names((name,))))
    if name[0] != _URI:
        return name
    (uri,) = uris((name,))
    try:
        parts = urlsplit(uri)
    except ValueError:
        return name
    return parts._replace(netloc=parts.netloc.lower()).geturl().encode("latin-1")


def text_of(names: GeneralNames) -> str:
    """Return *names* as text for messages."""
    texts = uris(names)
    for each in directory_names(names):
        texts.append(text(each))
    shown = ", ".join(sorted(texts)) or "names of other kinds"
    most = limits.MAX_SHOWN_CHARACTERS
    return shown if len(shown) <= most else f"{shown[:most]}…"
