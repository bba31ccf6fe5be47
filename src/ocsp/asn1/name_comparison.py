"""
Compare distinguished names (RFC 5280 §7.1).

Names with equal octets are equal. Otherwise the comparison ignores string types, case,
white space, and the order of the attributes in one relative name. The order of the
relative names matters. Names come from untrusted certificates: no name raises an error.
"""

from __future__ import annotations

from cryptography import x509

from ocsp import limits
from ocsp.asn1.certificates import parts_of
from ocsp.asn1.names import Attribute, characters_of, name_text, read_name
from ocsp.errors import DecodeError

__all__ = [
    "name_of_issuer",
    "name_of_subject",
    "same_name",
    "text",
]


def name_of_subject(certificate: x509.Certificate) -> bytes:
    """Return the DER of the subject of *certificate*."""
    return parts_of(certificate).subject


def name_of_issuer(certificate: x509.Certificate) -> bytes:
    """Return the DER of the issuer name in *certificate*."""
    return parts_of(certificate).issuer


def text(name: bytes) -> str:
    """Return the Name with the DER *name* as text in quotation marks, for messages."""
    return repr(name_text(name))


def same_name(one: bytes, other: bytes) -> bool:
    """Return whether two names, in DER, are equal."""
    if one == other:
        return True
    try:
        return _normalised(one) == _normalised(other)
    except DecodeError:  # It is malformed, or has too many attributes.
        return False


def _normalised(der: bytes) -> list[list[Attribute]]:
    return [sorted(map(_prepared, relative)) for relative in read_name(der)]


def _prepared(attribute: Attribute) -> Attribute:
    """Return an attribute that equal ones share; each text becomes a UTF8String."""
    characters = characters_of(attribute)
    if characters is None:
        return attribute
    return Attribute(attribute.oid, _UTF8_STRING, _folded(characters).encode())


_UTF8_STRING = 0x0C


def _folded(value: str) -> str:
    """Prepare a string for comparison: a short form of RFC 4518 §2."""
    if not value.isascii() and len(value) <= limits.MAX_NORMALISED_CHARACTERS:
        # Imported here: most programs never need its tables.
        import unicodedata

        value = unicodedata.normalize("NFKC", value)
    return " ".join(value.casefold().split())
