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

__all__ = ["is_usual_certificate", "is_usual_crl", "is_usual_response"]

_TIMES = {0x17: re.compile(rb"\d{12}Z"), 0x18: re.compile(rb"\d{14}Z")}


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


def _is_der(der: bytes) -> bool:
    try:
        nodes = parse(der)
    except ValueError:
        return False
    return serialize(nodes) == der and all(map(_is_usual, nodes))


def _is_usual(node: Node) -> bool:
    if node.children or node.tag & 0x20:
        return all(map(_is_usual, node.children))
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
