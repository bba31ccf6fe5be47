"""
Comparing names (RFC 5280 §7.1).

Rules of this file: string types, case and runs of white space do not count; order of
relative names does, and that of the attributes in one does not.
"""

from __future__ import annotations

import unicodedata

from cryptography import x509

__all__ = ["same_name"]


def same_name(one: x509.Name, other: x509.Name) -> bool:
    """Tell whether two names mean the same."""
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
