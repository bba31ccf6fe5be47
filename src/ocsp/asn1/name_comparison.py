"""
Compare distinguished names (RFC 5280 §7.1).

Names with equal octets are equal. Otherwise the comparison ignores string types, case,
white space, and the order of the attributes in one relative name. The order of the
relative names matters. Names come from untrusted certificates: no name raises an error,
and a name that would be slow to compare is equal only to the same octets.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from itertools import groupby
from typing import Final

from ocsp import limits
from ocsp.asn1.bounded_cache import cached_by_octets
from ocsp.asn1.certificates import parts_of
from ocsp.asn1.names import Attribute, characters_of, name_text, read_name
from ocsp.errors import DecodeError, LimitExceeded
from ocsp.later import x509

__all__ = [
    "comparable",
    "is_comparable",
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
    shown, most = name_text(name), limits.MAX_SHOWN_CHARACTERS
    return repr(shown if len(shown) <= most else f"{shown[:most]}…")


def same_name(one: bytes, other: bytes) -> bool:
    """Return whether two names, in DER, are equal."""
    return one == other or comparable(one) == comparable(other)


def is_comparable(name: bytes) -> bool:
    """
    Return whether :func:`comparable` can tell the Name *name* from all other names.

    If it is false, a name with other octets may be the same name.
    """
    return not isinstance(comparable(name), bytes)


def comparable(name: bytes) -> Hashable:
    """
    Return a value that equal names share, and different names do not.

    For a name that is malformed or exceeds a limit, this is *name* itself: it is equal
    only to the same octets.
    """
    if len(name) > limits.MAX_COMPARED_NAME_BYTES:
        return name
    return _comparable(name)


@cached_by_octets(factor=32)
def _comparable(name: bytes) -> Hashable:
    try:
        relatives = read_name(name)
        return tuple(tuple(sorted(map(_prepared, each))) for each in relatives)
    except DecodeError:  # It is malformed, or exceeds a limit.
        return name


def _prepared(attribute: Attribute) -> Attribute:
    """Return an attribute that equal ones share; each text becomes a UTF8String."""
    characters = characters_of(attribute)
    if characters is None:
        return attribute
    return Attribute(attribute.oid, _UTF8_STRING, _folded(characters).encode())


_UTF8_STRING: Final = 0x0C

_IGNORED: Final = dict.fromkeys(
    code
    for first, last in (
        (0x00, 0x08),
        (0x0E, 0x1F),
        (0x7F, 0x84),
        (0x86, 0x9F),
        (0xAD, 0xAD),
        (0x034F, 0x034F),
        (0x06DD, 0x06DD),
        (0x070F, 0x070F),
        (0x1806, 0x1806),
        (0x180B, 0x180E),
        (0x200B, 0x200F),
        (0x202A, 0x202E),
        (0x2060, 0x2063),
        (0x206A, 0x206F),
        (0xFE00, 0xFE0F),
        (0xFEFF, 0xFEFF),
        (0xFFF9, 0xFFFC),
        (0x1D173, 0x1D17A),
        (0xE0001, 0xE0001),
        (0xE0020, 0xE007F),
    )
    for code in range(first, last + 1)
)
"""The characters that have no meaning, such as soft hyphens (RFC 4518 §2.2)."""


_BECOME_COMBINING: Final = dict.fromkeys(
    (0x0F73, 0x0F75, 0x0F81, 0xFF9E, 0xFF9F), "\u0301"
)
"""Characters that become combining ones when they are normalised, and one of these."""


def _folded(value: str) -> str:
    """
    Prepare a string for comparison: a short form of RFC 4518 §2.

    Raises:
        LimitExceeded: If it has too many combining characters one after the other.
    """
    value = value.translate(_IGNORED)
    if not value.isascii():
        # Imported here: most programs never need its tables.
        import unicodedata

        marks = value.translate(_BECOME_COMBINING)
        longest = _longest_sequence(map(unicodedata.combining, marks))
        most = limits.MAX_COMBINING_CHARACTERS
        if longest > most:
            raise LimitExceeded("MAX_COMBINING_CHARACTERS", longest, most)
        value = unicodedata.normalize("NFKC", value)
    return " ".join(value.casefold().split())


def _longest_sequence(classes: Iterable[int]) -> int:
    """Return the most consecutive characters with a combining class that is not 0."""
    groups = groupby(classes, bool)
    return max((len([*group]) for combining, group in groups if combining), default=0)
