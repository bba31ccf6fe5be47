"""
Describe the extensions of a message.

Each extension is decoded separately, so that a malformed or repeated one does not hide
the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from ocsp.asn1 import oids
from ocsp.asn1.extensions import RawExtension
from ocsp.errors import DecodeError
from ocsp.inspection.parts import Document
from ocsp.inspection.vocabulary import oid_name
from ocsp.messages.extensions import nonce_octets

__all__ = ["extensions_document"]


def extensions_document(extensions: Sequence[RawExtension]) -> list[Document]:
    """Describe each of the *extensions* of one list."""
    times = Counter(extension.oid for extension in extensions)
    return [_extension(each, times[each.oid]) for each in extensions]


def _extension(raw: RawExtension, times: int) -> Document:
    problem = f"occurs {times} times" if times > 1 else None
    value = None
    try:
        value = _value(raw)
    except DecodeError as error:
        problem = str(error)
    return {
        "oid": raw.oid,
        "name": oid_name(raw.oid),
        "critical": raw.critical,
        "value": value,
        "der": raw.value.hex(),
        "error": problem,
    }


def _value(raw: RawExtension) -> Any:
    """Describe the value of an extension; ``None`` if it has no class."""
    if raw.oid == oids.NONCE:
        return nonce_octets(raw.value).hex()
    # Imported here: few messages have another extension than a nonce, and the classes
    # of all the others take long to import.
    from ocsp.inspection.extension_values import value_document

    return value_document(raw)
