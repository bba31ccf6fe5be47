"""
Compare distinguished names (RFC 5280 §7.1).

String types, case and white space do not count; the order of relative names does, and
that of the attributes inside one does not. Names come from other parties: a name that
cannot be read equals no other name, and no error leaves this module.
"""

from __future__ import annotations

import unicodedata

from cryptography import x509

from ocsp.asn1.certificates import UNREADABLE

__all__ = [
    "name_of_issuer",
    "name_of_subject",
    "same_name",
    "text",
]


def name_of_subject(certificate: x509.Certificate) -> x509.Name | None:
    """Return the subject of *certificate*, if it can be read."""
    try:
        return certificate.subject
    except UNREADABLE:
        return None


def name_of_issuer(certificate: x509.Certificate) -> x509.Name | None:
    """Return whom *certificate* names as its issuer, if that can be read."""
    try:
        return certificate.issuer
    except UNREADABLE:
        return None


def text(name: x509.Name | None) -> str:
    """Return *name* for sentences."""
    return "a name that cannot be read" if name is None else repr(name.rfc4514_string())


def same_name(one: x509.Name | None, other: x509.Name | None) -> bool:
    """Tell whether two names mean the same; one that cannot be read means nobody."""
    if one is None or other is None:
        return False
    return one == other or _normalised(one) == _normalised(other)


def _normalised(name: x509.Name) -> list[frozenset[tuple[str, str | bytes]]]:
    return [
        frozenset(
            (attribute.oid.dotted_string, _prepared(attribute.value))
            for attribute in relative
        )
        for relative in name.rdns
    ]


def _prepared(value: str | bytes) -> str | bytes:
    """Prepare a string for comparison as RFC 4518 §2 does, in short."""
    if isinstance(value, bytes):
        return value
    folded = unicodedata.normalize("NFKC", value).casefold()
    return " ".join(folded.split())
