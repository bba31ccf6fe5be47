"""
What stands around the signed part of a response (RFC 6960 §4.2.1).

Rules of this file: all headers depend on nothing but sizes, and are kept by them.
"""

from __future__ import annotations

from functools import lru_cache

from ocsp import oids
from ocsp._der import (
    BIT_STRING,
    ENUMERATED,
    OCTET_STRING,
    SEQUENCE,
    context,
    encode,
    encode_oid,
)
from ocsp._message import check_built

__all__ = ["successful"]

_BASIC = encode_oid(oids.OCSP_BASIC)
_SUCCESSFUL = encode(ENUMERATED, b"\x00")


def successful(tbs: bytes, identifier: bytes, signature: bytes, certs: bytes) -> bytes:
    """
    Return the whole successful response.

    Args:
        tbs: tbsResponseData.

        identifier: signatureAlgorithm.

        signature: The signature, its octets only.

        certs: certs in its tag, or nothing.

    Raises:
        BuildError: If it is larger than what we would read.
    """
    rest = len(tbs) + len(identifier) + len(certs)
    before, bit_string = _headers(rest, len(signature))
    return check_built(
        b"".join((before, tbs, identifier, bit_string, signature, certs))
    )


@lru_cache(maxsize=1024)
def _headers(rest: int, signature: int) -> tuple[bytes, bytes]:
    """
    Return all headers around a signature of so many octets.

    Args:
        rest: Octets of the BasicOCSPResponse that are not of its signature.

        signature: Octets of the signature.

    Returns:
        What stands before the whole, and what stands before the signature.
    """
    signed = encode(BIT_STRING, b"\x00", bytes(signature))
    basic = encode(SEQUENCE, bytes(rest), signed)
    response_bytes = encode(SEQUENCE, _BASIC, encode(OCTET_STRING, basic))
    message = encode(SEQUENCE, _SUCCESSFUL, encode(context(0), response_bytes))
    outside = len(message) - rest - len(signed)
    return message[:outside], signed[: len(signed) - signature]
