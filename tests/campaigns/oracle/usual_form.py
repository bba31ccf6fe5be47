"""
Whether a document has the form that every reader has to read.

Values are DER, and of the types that RFC 6960 and RFC 5280 give them: ``cryptography``
reads the document, and no value has an encoding that only some readers accept.
"""

from __future__ import annotations

import re
import warnings
from functools import lru_cache

from cryptography import x509
from cryptography.x509 import ocsp

from tests.mutators.tree import Node, parse, serialize

__all__ = [
    "has_der_values",
    "is_usual_certificate",
    "is_usual_crl",
    "is_usual_response",
]

_TIMES = {0x17: re.compile(rb"\d{12}Z"), 0x18: re.compile(rb"(?!0000)\d{14}Z")}


@lru_cache(maxsize=1024)
def is_usual_certificate(der: bytes) -> bool:
    """Return whether every reader reads this certificate and its extensions."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            cert = x509.load_der_x509_certificate(der)
            _ = cert.extensions, cert.issuer, cert.subject, cert.public_key()
            _ = cert.not_valid_before_utc, cert.not_valid_after_utc
    except Exception:  # each release raises its own
        return False
    return _is_der(der) and len(der) < 4096 and 0 < cert.serial_number < 2**159


def has_der_values(data: bytes, *, times: bool = True) -> bool:
    """
    Return whether lengths, times and flags are DER, outside of OCTET STRINGs.

    Without *times*, values directly in *data* need not have the form of a time.
    """
    while data:
        tag, first, start = data[0], data[1:2], 2
        if not first or tag & 0x1F == 0x1F:
            return False
        length = first[0]
        if length & 0x80:
            start += length & 0x7F
            length = int.from_bytes(data[2:start])
            if not 3 <= start <= 5 or length < 0x80 or not data[2]:
                return False
        content, data = data[start : start + length], data[start + length :]
        if len(content) < length:
            return False
        if (times or tag != 0x18) and not _is_der_value(tag, content):
            return False
    return True


def _is_der_value(tag: int, content: bytes) -> bool:
    if tag & 0x20:  # what follows an identifier may be of any type
        return has_der_values(content, times=content[:1] != b"\x06")
    if tag == 0x18:
        return _TIMES[tag].fullmatch(content) is not None
    return tag != 0x01 or content == b"\xff"


def is_usual_response(der: bytes) -> bool:
    """Return whether every reader reads this response and its certificates."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            response = ocsp.load_der_ocsp_response(der)
            entries = list(response.responses)
            _ = response.extensions, response.responder_name, response.certificates
            _ = response.produced_at_utc, response.signature_hash_algorithm
            if len(entries) == 1:
                _ = response.single_extensions
    except Exception:  # each release raises its own
        return False
    return (
        _is_der(der)
        and len(der) < 16_384
        and len(entries) <= 8
        and len(response.certificates) <= 6
    )


def is_usual_crl(der: bytes) -> bool:
    """Return whether every reader reads this CRL and its entries."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            crl = x509.load_der_x509_crl(der)
            _ = crl.extensions, crl.issuer, crl.signature_hash_algorithm
            _ = crl.last_update_utc, crl.next_update_utc
            for entry in crl:
                _ = entry.extensions, entry.serial_number, entry.revocation_date_utc
    except Exception:  # each release raises its own
        return False
    return _is_der(der) and len(der) < 16_384


_DEEP = b"\x30\x80" * 8
"""The beginning of values so deep inside each other that a reader may refuse them."""


def _is_der(der: bytes) -> bool:
    if _DEEP in der:
        return False
    try:
        nodes = parse(der)
    except ValueError:
        return False
    return serialize(nodes) == der and all(_is_usual(each, 0) for each in nodes)


def _is_usual(node: Node, depth: int) -> bool:
    if node.children or node.tag & 0x20:
        return depth < 16 and all(_is_usual(each, depth + 1) for each in node.children)
    content = node.content
    if node.tag == 0x01:
        return content == b"\xff"
    if node.tag in (0x02, 0x0A):
        return 0 < len(content) <= 20 and not _is_padded(content)
    if node.tag in _TIMES:
        return _TIMES[node.tag].fullmatch(content) is not None
    return True


def _is_padded(content: bytes) -> bool:
    return len(content) > 1 and (content[0], content[1] & 0x80) in (
        (0, 0),
        (0xFF, 0x80),
    )
