"""Read CRLs with asn1crypto, and their scope (RFC 5280 §5)."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any, NamedTuple

from asn1crypto import core, crl, x509

from tests.campaigns.oracle.reader import (
    FAULTS,
    Extension,
    Unreadable,
    elements,
    extensions_in,
    moment,
    read_extensions,
    read_signed,
)
from tests.campaigns.oracle.signatures import Signed

__all__ = [
    "CRL",
    "Item",
    "Point",
    "Scope",
    "implied_point",
    "name_forms",
    "points_of",
    "read_crl",
]

ISSUING_POINT, DELTA, NUMBER, KEY_ID = (
    "2.5.29.28",
    "2.5.29.27",
    "2.5.29.20",
    "2.5.29.35",
)
REASON, INVALIDITY, CERTIFICATE_ISSUER = "2.5.29.21", "2.5.29.24", "2.5.29.29"
CRL_POINTS = "2.5.29.31"
REASONS = frozenset(
    {
        *("key_compromise", "ca_compromise", "affiliation_changed", "superseded"),
        *("cessation_of_operation", "certificate_hold", "privilege_withdrawn"),
        "aa_compromise",
    }
)
"""Every reason that a CRL can be for."""


class Item(NamedTuple):
    """
    An entry.

    Attributes:
        serial: The serial number of the certificate.

        issuer: Its issuer's name; ``None`` if it cannot be told.

        reason: The reason code, or -1.

        extensions: Its extensions.
    """

    serial: int
    issuer: bytes | None
    reason: int
    extensions: tuple[Extension, ...]


class Scope(NamedTuple):
    """An issuingDistributionPoint (RFC 5280 §5.2.5)."""

    names: frozenset[bytes] | None
    users: bool
    cas: bool
    attributes: bool
    indirect: bool
    reasons: frozenset[str]


class Point(NamedTuple):
    """A distribution point of a certificate (RFC 5280 §4.2.1.13)."""

    names: frozenset[bytes] | None
    issuers: tuple[bytes, ...]
    reasons: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class CRL:
    """The fields of a CRL."""

    der: bytes
    issuer: bytes
    this_update: datetime.datetime
    next_update: datetime.datetime | None
    items: tuple[Item, ...]
    extensions: tuple[Extension, ...]
    scope: Scope
    inner: bytes
    outer: bytes
    signed: Signed

    def value(self, oid: str) -> bytes | None:
        """Return the value of the extension with this identifier."""
        return next((x.value for x in self.extensions if x.oid == oid), None)

    def integer(self, oid: str) -> int | None:
        """Return the number in that extension, if there is one."""
        value = self.value(oid)
        if value is None:
            return None
        try:
            number: int = core.Integer.load(value, strict=True).native
        except FAULTS:
            return None
        return number


def read_crl(der: bytes) -> CRL:
    """
    Read a CRL.

    Raises:
        Unreadable: If asn1crypto does not read it.
    """
    try:
        outer = crl.CertificateList.load(der, strict=True)
        tbs = outer["tbs_cert_list"]
        extensions = read_extensions(tbs["crl_extensions"])
        next_update = tbs["next_update"]
        issuer = tbs["issuer"].dump()
        return CRL(
            der=der,
            issuer=issuer,
            this_update=moment(tbs["this_update"]),
            next_update=(
                None if isinstance(next_update, core.Void) else moment(next_update)
            ),
            items=_items(tbs["revoked_certificates"], issuer),
            extensions=extensions,
            scope=_scope(extensions, issuer),
            inner=tbs["signature"].dump(),
            outer=outer["signature_algorithm"].dump(),
            signed=read_signed(outer.contents),
        )
    except FAULTS as error:
        raise Unreadable(str(error)) from error


def _items(entries: Any, issuer: bytes | None) -> tuple[Item, ...]:
    """Return the entries; certificateIssuer counts until the next one (§5.3.3)."""
    found: list[Item] = []
    for _, entry in elements(entries.contents or b""):
        (_, serial), _, *rest = elements(entry)
        extensions = extensions_in(rest[0][1]) if rest else ()
        for extension in extensions:
            if extension.oid == CERTIFICATE_ISSUER:
                issuer = _directory_name(extension.value)
        number = int.from_bytes(serial, signed=True)
        found.append(Item(number, issuer, _reason(extensions), extensions))
    return tuple(found)


def _reason(extensions: tuple[Extension, ...]) -> int:
    for each in extensions:
        if each.oid == REASON:
            return int.from_bytes(each.value[2:]) if each.value[:1] == b"\x0a" else -1
    return -1


def _directory_name(value: bytes) -> bytes | None:
    try:
        names = x509.GeneralNames.load(value, strict=True)
        return next(
            n.chosen.untag().dump() for n in names if n.name == "directory_name"
        )
    except (*FAULTS, StopIteration):
        return None


def _scope(extensions: tuple[Extension, ...], issuer: bytes) -> Scope:
    value = next((x.value for x in extensions if x.oid == ISSUING_POINT), None)
    if value is None:
        return Scope(None, False, False, False, False, REASONS)
    try:
        return _issuing_point(value, issuer)
    except FAULTS:  # a name of an unusual type: its scope is left open
        return Scope(None, False, False, False, True, REASONS)


def _issuing_point(value: bytes, issuer: bytes) -> Scope:
    point = crl.IssuingDistributionPoint.load(value, strict=True)
    reasons = point["only_some_reasons"].native
    return Scope(
        _point_names(point["distribution_point"], issuer),
        point["only_contains_user_certs"].native,
        point["only_contains_ca_certs"].native,
        point["only_contains_attribute_certs"].native,
        point["indirect_crl"].native,
        REASONS if reasons is None else frozenset(reasons) & REASONS,
    )


def points_of(extensions: tuple[Extension, ...], issuer: bytes) -> list[Point]:
    """
    Return the distribution points of a certificate.

    Raises:
        Unreadable: If asn1crypto does not read them.
    """
    value = next((x.value for x in extensions if x.oid == CRL_POINTS), None)
    if value is None:
        return []
    try:
        points = x509.CRLDistributionPoints.load(value, strict=True)
        return [_point(each, issuer) for each in points]
    except FAULTS as error:
        raise Unreadable(str(error)) from error


def implied_point(issuer: bytes) -> Point:
    """Return the point that each certificate has: its issuer's name (§6.3.3, the end)."""
    return Point(name_forms((issuer,)), (), REASONS)


def name_forms(names: tuple[bytes, ...]) -> frozenset[bytes]:
    """Return directory names in the form of those of a point."""
    return frozenset(_name_form(each) for each in names)


def _name_form(name: bytes) -> bytes:
    try:
        return b"name " + x509.Name.load(name).hashable.encode()
    except FAULTS:  # a type of string that asn1crypto does not read: equal octets only
        return b"octets " + name


def _point(point: Any, issuer: bytes) -> Point:
    named = point["crl_issuer"]
    issuers: tuple[bytes, ...] = ()
    if not isinstance(named, core.Void):
        issuers = tuple(
            each.chosen.untag().dump()
            for each in named
            if each.name == "directory_name"
        )
    reasons = point["reasons"].native
    return Point(
        _point_names(point["distribution_point"], issuers[0] if issuers else issuer),
        issuers,
        REASONS if reasons is None else frozenset(reasons) & REASONS,
    )


def _point_names(point: Any, issuer: bytes) -> frozenset[bytes] | None:
    """Return the names of a point, each in one form; ``None`` if it has none."""
    if isinstance(point, core.Void):
        return None
    if point.name == "full_name":
        return frozenset(_form(each) for each in point.chosen)
    whole = x509.Name.load(issuer)
    whole.chosen.append(point.chosen.untag())
    return name_forms((whole.dump(force=True),))


def _form(name: Any) -> bytes:
    """Return a form that is the same for names that RFC 5280 §7 calls the same."""
    if name.name == "directory_name":
        return _name_form(name.chosen.untag().dump())
    if name.name == "uniform_resource_identifier":
        return b"uri " + bytes(name.chosen.contents).lower()
    return bytes(name.dump())
