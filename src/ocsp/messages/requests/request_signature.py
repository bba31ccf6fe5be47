"""
The signature of a request, and requestorName (RFC 6960 §4.1.1).

::

    Signature ::= SEQUENCE {
        signatureAlgorithm AlgorithmIdentifier,
        signature          BIT STRING,
        certs          [0] EXPLICIT SEQUENCE OF Certificate OPTIONAL }

Most requests are not signed, so these fields are decoded at the first access.
"""

from __future__ import annotations

from typing import NamedTuple

from ocsp import limits
from ocsp.asn1.algorithms import read_algorithm
from ocsp.asn1.certificates import certificate_der, read_certificate
from ocsp.asn1.der import (
    BIT_STRING,
    SEQUENCE,
    content,
    context,
    encode,
    end_of,
    explicit,
    octets_in_bits,
)
from ocsp.asn1.names import encode_general_name, parse_general_name
from ocsp.errors import DecodeError, LimitExceeded
from ocsp.later import x509

__all__ = [
    "RequestSignature",
    "encode_request_signature",
    "encode_requestor_name",
    "read_request_signature",
    "read_requestor_name",
    "tbs_request",
]


class RequestSignature(NamedTuple):
    """
    The contents of optionalSignature.

    Attributes:
        algorithm: The DER of the AlgorithmIdentifier.

        signature: The signature.

        certificates: The certificates in certs.
    """

    algorithm: bytes
    signature: bytes
    certificates: tuple[x509.Certificate, ...]


def tbs_request(data: bytes) -> slice:
    """Return the position of tbsRequest in the request *data*, which was loaded."""
    begin, end = content(data, 0, len(data), SEQUENCE, "OCSPRequest")
    _, stop = content(data, begin, end, SEQUENCE, "tbsRequest")
    return slice(begin, stop)


def read_requestor_name(data: bytes) -> x509.GeneralName | None:
    """
    Return requestorName of the request *data*, which was loaded, or ``None``.

    Raises:
        DecodeError: If ``cryptography`` has no class for the name.
    """
    tbs = tbs_request(data)
    position, end = content(data, tbs.start, tbs.stop, SEQUENCE, "tbsRequest")
    if data[position] != context(1):
        return None
    start, stop = content(data, position, end, context(1), "requestorName")
    try:
        return parse_general_name(data[start:stop])
    except DecodeError as error:
        error.under("tbsRequest.requestorName")
        raise


def read_request_signature(data: bytes) -> RequestSignature | None:
    """
    Return optionalSignature of the request *data*, which was loaded, or ``None``.

    Raises:
        DecodeError: If its structure is wrong.
    """
    position = tbs_request(data).stop
    if position == len(data):
        return None
    try:
        return _read(data, position)
    except DecodeError as error:
        error.under("optionalSignature")
        raise


def _read(data: bytes, position: int) -> RequestSignature:
    start, end, _ = explicit(data, position, len(data), 0, SEQUENCE, "")
    algorithm, position = read_algorithm(data, start, end, "signatureAlgorithm")
    first, position = octets_in_bits(data, position, end, "signature")
    signature = data[first:position]
    certificates: list[x509.Certificate] = []
    if position != end:
        start, stop, position = explicit(data, position, end, 0, SEQUENCE, "certs")
        while start < stop:
            if len(certificates) == limits.MAX_CERTIFICATES:
                raise LimitExceeded(
                    "MAX_CERTIFICATES",
                    len(certificates) + 1,
                    limits.MAX_CERTIFICATES,
                    path="certs",
                )
            name = f"certs[{len(certificates)}]"
            certificate, start = read_certificate(data, start, stop, name)
            certificates.append(certificate)
        end_of(position, end, "")
    return RequestSignature(algorithm, signature, tuple(certificates))


def encode_requestor_name(name: x509.GeneralName | None) -> bytes:
    """Return requestorName in its tag; empty for ``None``."""
    return b"" if name is None else encode(context(1), encode_general_name(name))


def encode_request_signature(
    algorithm: bytes, signature: bytes, certificates: tuple[x509.Certificate, ...]
) -> bytes:
    """Return optionalSignature in its tag; without certs if there are none."""
    certs = b""
    if certificates:
        chain = encode(SEQUENCE, *map(certificate_der, certificates))
        certs = encode(context(0), chain)
    signed = encode(BIT_STRING, b"\x00", signature)
    return encode(context(0), encode(SEQUENCE, algorithm, signed, certs))
