"""
CRLs: the outer structure (RFC 5280 §5.1), and the extensions of entries (§5.3).

This module reads the outer structure only, never the entries, of which there may be
millions; ``cryptography`` reads those. The outer structure is checked first, because
deeply nested algorithm parameters would crash the process inside ``cryptography``.
"""

from __future__ import annotations

from typing import NamedTuple

from cryptography import x509

from ocsp.asn1.algorithms import read_algorithm
from ocsp.asn1.certificates import UNREADABLE
from ocsp.asn1.der import (
    BIT_STRING,
    INTEGER,
    OCTET_STRING,
    SEQUENCE,
    any_value,
    content,
    encode,
    encode_integer,
    encode_oid,
    end_of,
)
from ocsp.errors import SchemaError

__all__ = ["CRLFrame", "decode_crl_entry_extension", "read_frame"]

_UTC_TIME = 0x17
_TIMES = (_UTC_TIME, 0x18)


class CRLFrame(NamedTuple):
    """
    The positions of the parts of a CRL.

    Attributes:
        algorithm: The DER of the AlgorithmIdentifier beside the signature, which is
            the same as the one that is signed (§5.1.1.2).

        entries: The content of revokedCertificates; empty if it is absent.
    """

    algorithm: bytes
    entries: slice


def read_frame(data: bytes) -> CRLFrame:
    """
    Return the frame of the CRL *data*.

    Raises:
        DecodeError: If it is not ``SEQUENCE { tbsCertList, AlgorithmIdentifier, BIT
            STRING }``, something follows, or the two AlgorithmIdentifiers differ.
    """
    start, stop = content(data, 0, len(data), SEQUENCE, "")
    end_of(stop, len(data), "")
    tbs, tbs_stop = content(data, start, stop, SEQUENCE, "tbsCertList")
    algorithm, position = read_algorithm(data, tbs_stop, stop, "signatureAlgorithm")
    _, position = content(data, position, stop, BIT_STRING, "signatureValue")
    end_of(position, stop, "")
    if data[tbs] == INTEGER:
        _, _, tbs = any_value(data, tbs, tbs_stop, "tbsCertList.version")
    signed, position = read_algorithm(data, tbs, tbs_stop, "tbsCertList.signature")
    if signed != algorithm:
        raise SchemaError(
            "differs from signatureAlgorithm", path="tbsCertList.signature", offset=tbs
        )
    return CRLFrame(algorithm, _entries(data, position, tbs_stop))


def _entries(data: bytes, position: int, end: int) -> slice:
    """Return where revokedCertificates is, after the issuer and one or two times."""
    _, position = content(data, position, end, SEQUENCE, "tbsCertList.issuer")
    while position < end:
        tag, start, position = any_value(data, position, end, "tbsCertList")
        if tag == SEQUENCE:
            return slice(start, position)
        if tag not in _TIMES:
            break
    return slice(end, end)


_TIME = encode(_UTC_TIME, b"000101000000Z")
_ALGORITHM = encode(SEQUENCE, encode_oid("1.2.840.10045.4.3.2"))


def decode_crl_entry_extension(dotted: str, value: bytes) -> x509.ExtensionType:
    """
    Return the CRL entry extension *dotted* with the content octets *value*.

    Raises:
        SchemaError: If *value* is not valid for this extension.
    """
    try:
        entry = x509.load_der_x509_crl(_crl_with(dotted, value))[0]
        decoded: x509.ExtensionType = entry.extensions[0].value
        return decoded
    except UNREADABLE as error:
        raise SchemaError(str(error)) from error


def _crl_with(dotted: str, value: bytes) -> bytes:
    """
    Return a CRL without an issuer, with one entry that has the extension.

    ``cryptography`` decodes the extensions of an entry only as a part of a CRL.
    """
    extension = encode(SEQUENCE, encode_oid(dotted), encode(OCTET_STRING, value))
    entry = encode(SEQUENCE, encode_integer(1), _TIME, encode(SEQUENCE, extension))
    version, issuer = encode_integer(1), encode(SEQUENCE)
    entries = encode(SEQUENCE, entry)
    tbs = encode(SEQUENCE, version, _ALGORITHM, issuer, _TIME, entries)
    return encode(SEQUENCE, tbs, _ALGORITHM, encode(BIT_STRING, bytes(1)))
