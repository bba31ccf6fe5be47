"""
Compare distinguished names (RFC 5280 §7.1).

The comparison ignores string types, case, white space, and the order of the attributes
in one relative name. The order of the relative names matters. Names come from untrusted
certificates: a name that cannot be read is not equal to any name, and raises no error.
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
    """Return the subject of *certificate*, or ``None`` if it cannot be read."""
    try:
        return certificate.subject
    except UNREADABLE:
        return None


def name_of_issuer(certificate: x509.Certificate) -> x509.Name | None:
    """Return the issuer name in *certificate*, or ``None`` if it cannot be read."""
    try:
        return certificate.issuer
    except UNREADABLE:
        return None


def text(name: x509.Name | None) -> str:
    """Return *name* as text, for messages."""
    return "a name that cannot be read" if name is None else repr(name.rfc4514_string())


def same_name(one: x509.Name | None, other: x509.Name | None) -> bool:
    """Return whether two names are equal; ``None`` is not equal to any name."""
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
    """Prepare a string for comparison: a short form of RFC 4518 §2."""
    if isinstance(value, bytes):
        return value
    folded = unicodedata.normalize("NFKC", value).casefold()
    return " ".join(folded.split())
