"""What RFC 5280 and RFC 6960 §4.2.2.2 say of the certificate of a signer."""

from __future__ import annotations

import datetime
import unicodedata
from typing import Any

from asn1crypto import core, parser, x509

from tests.campaigns.oracle.reader import (
    Certificate,
    Unreadable,
    read_certificate,
    split,
)
from tests.campaigns.oracle.signatures import made_by
from tests.campaigns.oracle.verdict import Demands

__all__ = [
    "KNOWN",
    "allows",
    "is_ca",
    "is_delegate",
    "is_issued_by",
    "is_understood",
    "is_valid",
    "names_match",
    "readable",
]

BASIC_CONSTRAINTS, KEY_USAGE, PURPOSES = "2.5.29.19", "2.5.29.15", "2.5.29.37"
ACCESS, CRL_POINTS = "1.3.6.1.5.5.7.1.1", "2.5.29.31"
NOCHECK = "1.3.6.1.5.5.7.48.1.5"
OCSP_SIGNING = "1.3.6.1.5.5.7.3.9"
OCSP_ACCESS = "1.3.6.1.5.5.7.48.1"
_CE = (9, 14, 15, 16, 17, 18, 19, 30, 31, 32, 33, 35, 36, 37, 46, 54)
KNOWN = frozenset(
    {*(f"2.5.29.{last}" for last in _CE), ACCESS, NOCHECK, "1.3.6.1.5.5.7.1.24"}
)
"""The extensions of RFC 5280 §4.2, nocheck, and TLS feature (RFC 7633)."""

_NEEDED = frozenset({BASIC_CONSTRAINTS, KEY_USAGE, PURPOSES})


def readable(der: tuple[bytes, ...]) -> list[Certificate]:
    """Return those certificates that can be read."""
    found = []
    for each in der:
        try:
            found.append(read_certificate(each))
        except Unreadable:
            continue
    return found


def names_match(one: bytes, other: bytes) -> bool:
    """
    Return whether two names may be the same (RFC 5280 §7.1).

    String types, case, spaces, and what Unicode calls compatible do not count.
    """
    if one == other:
        return True
    try:
        return _plain(one) == _plain(other)
    except (ValueError, TypeError, IndexError):
        return False


def _plain(name: bytes) -> list[list[tuple[bytes, str]]]:
    return [
        sorted(_attribute(each) for each in split(parser.parse(group)[4]))
        for group in split(parser.parse(name, strict=True)[4])
    ]


def _attribute(der: bytes) -> tuple[bytes, str]:
    kind, value = split(parser.parse(der)[4])
    tag, content = value[0], parser.parse(value)[4]
    try:
        text = content.decode(_ENCODINGS.get(tag, "utf-8"))
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    text = unicodedata.normalize("NFKC", text[:1000]).casefold()
    kept = [each for each in text if unicodedata.category(each) not in ("Cc", "Cf")]
    return kind, " ".join("".join(kept).split())


_ENCODINGS = {0x1C: "utf-32-be", 0x1E: "utf-16-be"}


def is_issued_by(cert: Certificate, issuer: Certificate, *, weak: bool) -> bool:
    """Return whether the key of *issuer* signed *cert*, which names it."""
    return (
        names_match(cert.issuer, issuer.subject)
        and cert.inner == cert.outer
        and made_by(issuer.key_info, cert.signed, weak=weak)
    )


def is_valid(cert: Certificate, at: datetime.datetime) -> bool:
    """Return whether *cert* is valid at that moment."""
    return cert.begin <= at <= cert.end


def is_ca(cert: Certificate) -> bool:
    """Return whether *cert* may say that it is a CA."""
    return any(
        _read(x509.BasicConstraints, value, "ca") is not False
        for value in cert.values(BASIC_CONSTRAINTS)
    )


def allows(cert: Certificate, *usages: str) -> bool:
    """Return whether keyUsage is absent, or has one of *usages*."""
    values = cert.values(KEY_USAGE)
    found = [_native(x509.KeyUsage, value) for value in values]
    return not found or any(set(usages) & (each or set()) for each in found)


def is_delegate(
    cert: Certificate, issuer: Certificate, at: datetime.datetime, demanded: Demands
) -> bool:
    """Return whether *cert* may sign responses for *issuer* (RFC 6960 §4.2.2.2)."""
    return (
        is_issued_by(cert, issuer, weak=demanded.weak)
        and any(OCSP_SIGNING in _purposes(value) for value in cert.values(PURPOSES))
        and not is_ca(cert)
        and is_valid(cert, at)
        and allows(cert, "digital_signature", "non_repudiation")
        and is_understood(cert)
        and _may_be_unrevoked(cert, demanded)
    )


def is_understood(cert: Certificate) -> bool:
    """Return whether no critical extension is unknown, and no needed one is doubtful."""
    needed = [each.oid for each in cert.extensions if each.oid in _NEEDED]
    return len(set(needed)) == len(needed) and all(
        each.oid in KNOWN for each in cert.extensions if each.critical
    )


def _may_be_unrevoked(cert: Certificate, demanded: Demands) -> bool:
    """Return whether it needs no evidence of its own status (§4.2.2.2.1)."""
    if demanded.no_delegate_status or cert.values(NOCHECK) == [b"\x05\x00"]:
        return True
    named = cert.values(CRL_POINTS) or any(map(_names_ocsp, cert.values(ACCESS)))
    return not named and not demanded.delegate_status


def _names_ocsp(value: bytes) -> bool:
    methods = _read_all(x509.AuthorityInfoAccessSyntax, value, "access_method")
    return OCSP_ACCESS in methods


def _purposes(value: bytes) -> list[str]:
    try:
        return [each.dotted for each in x509.ExtKeyUsageSyntax.load(value, strict=True)]
    except (ValueError, TypeError):
        return []


def _read_all(kind: Any, value: bytes, field: str) -> list[str]:
    try:
        return [each[field].dotted for each in kind.load(value, strict=True)]
    except (ValueError, TypeError):
        return []


def _read(kind: Any, value: bytes, field: str) -> object:
    try:
        return kind.load(value, strict=True)[field].native
    except (ValueError, TypeError):
        return None


def _native(kind: type[core.Asn1Value], value: bytes) -> Any:
    try:
        return kind.load(value, strict=True).native
    except (ValueError, TypeError):
        return None
