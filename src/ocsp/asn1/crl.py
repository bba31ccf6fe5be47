"""
The frame of a CRL: what is signed, and with what (RFC 5280 §5.1).

Rules of this file: only the frame is walked, never the entries, of which there may be
millions; ``cryptography`` reads those. The frame comes first, since nested parameters
of an algorithm would end the process there.
"""

from __future__ import annotations

from typing import NamedTuple

from ocsp.asn1.algorithms import read_algorithm
from ocsp.asn1.der import BIT_STRING, SEQUENCE, any_value, content, end_of

__all__ = ["CRLFrame", "read_frame"]

_INTEGER = 0x02
_TIMES = (0x17, 0x18)


class CRLFrame(NamedTuple):
    """
    Where the parts of a CRL lie.

    Attributes:
        algorithm: The DER of the AlgorithmIdentifier beside the signature. The one that
            is signed is the same, or ``cryptography`` reads no CRL.

        entries: The content of revokedCertificates; empty without it.
    """

    algorithm: bytes
    entries: slice


def read_frame(data: bytes) -> CRLFrame:
    """
    Return the frame of the CRL *data*.

    Raises:
        DecodeError: If it is not ``SEQUENCE { tbsCertList, AlgorithmIdentifier, BIT
            STRING }``, or something follows.
    """
    start, stop = content(data, 0, len(data), SEQUENCE, "")
    end_of(stop, len(data), "")
    tbs, tbs_stop = content(data, start, stop, SEQUENCE, "tbsCertList")
    algorithm, position = read_algorithm(data, tbs_stop, stop, "signatureAlgorithm")
    _, position = content(data, position, stop, BIT_STRING, "signatureValue")
    end_of(position, stop, "")
    if data[tbs] == _INTEGER:
        _, _, tbs = any_value(data, tbs, tbs_stop, "tbsCertList.version")
    _, position = read_algorithm(data, tbs, tbs_stop, "tbsCertList.signature")
    return CRLFrame(algorithm, _entries(data, position, tbs_stop))


def _entries(data: bytes, position: int, end: int) -> slice:
    """Return where revokedCertificates lie, after the issuer and one or two times."""
    _, position = content(data, position, end, SEQUENCE, "tbsCertList.issuer")
    while position < end:
        tag, start, position = any_value(data, position, end, "tbsCertList")
        if tag == SEQUENCE:
            return slice(start, position)
        if tag not in _TIMES:
            break
    return slice(end, end)
