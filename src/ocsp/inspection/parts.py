"""
Describe the parts of every message: algorithms and serial numbers.

See :mod:`ocsp.inspection.documents`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ocsp.asn1.der import MAX_DECIMAL_BITS
from ocsp.inspection.document_types import AlgorithmDocument, SerialDocument
from ocsp.inspection.vocabulary import oid_name

__all__ = ["Document", "algorithm_document", "serial_document"]

Document = Mapping[str, Any]


def algorithm_document(dotted: str) -> AlgorithmDocument:
    """Describe an algorithm by its OID, and its name if it is known."""
    return {"oid": dotted, "name": oid_name(dotted)}


def serial_document(number: int) -> SerialDocument:
    """Describe a serial number as text, in both bases; a huge one in hexadecimal."""
    sign = "-" if number < 0 else ""
    digits = f"{abs(number):x}"
    is_short = number.bit_length() <= MAX_DECIMAL_BITS
    return {
        "hex": sign + digits.zfill(len(digits) + len(digits) % 2),
        "decimal": str(number) if is_short else None,
    }
