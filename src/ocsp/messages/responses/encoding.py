"""
What stands around the signed part of a response (RFC 6960 §4.2.1).

Rules of this file: all headers depend on nothing but sizes, and are kept by them.
"""

from __future__ import annotations

from functools import lru_cache

from ocsp import limits
from ocsp.asn1 import oids
from ocsp.asn1.der import (
    BIT_STRING,
    ENUMERATED,
    OCTET_STRING,
    SEQUENCE,
    context,
    encode,
    encode_oid,
    sequence,
)
from ocsp.messages.message import check_built

__all__ = ["encode_response", "tbs_prefix", "to_be_signed"]

_BASIC = encode_oid(oids.OCSP_BASIC)
_SUCCESSFUL = encode(ENUMERATED, b"\x00")


def to_be_signed(before: bytes, entries: bytes, after: bytes) -> bytes:
    """
    Return tbsResponseData.

    Args:
        before: responderID and producedAt.

        entries: The SingleResponses, one after the other.

        after: responseExtensions in their tag, or nothing.
    """
    outer, inner = _tbs_headers(len(before) + len(after), len(entries))
    return b"".join((outer, before, inner, entries, after))


def tbs_prefix(before: bytes, after: bytes, size: int) -> bytes:
    """Return what stands before the content of the only SingleResponse of that size."""
    tbs = to_be_signed(before, sequence(bytes(size)), after)
    return tbs[: len(tbs) - size - len(after)]


@lru_cache(maxsize=1024)
def _tbs_headers(around: int, entries: int) -> tuple[bytes, bytes]:
    """
    Return the headers of tbsResponseData and of its responses.

    Args:
        around: Octets that stand before and behind the responses.

        entries: Octets of the SingleResponses.
    """
    responses = encode(SEQUENCE, bytes(entries))
    data = encode(SEQUENCE, bytes(around), responses)
    return (
        data[: len(data) - around - len(responses)],
        responses[: len(responses) - entries],
    )


def encode_response(
    tbs: bytes, identifier: bytes, signature: bytes, certs: bytes
) -> bytes:
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
    return b"".join((before, tbs, identifier, bit_string, signature, certs))


@lru_cache(maxsize=1024)
def _headers(rest: int, signature: int) -> tuple[bytes, bytes]:
    """
    Return all headers around a signature of so many octets.

    Args:
        rest: Octets of the BasicOCSPResponse that are not of its signature.

        signature: Octets of the signature.

    Returns:
        What stands before the whole, and what stands before the signature.

    Raises:
        BuildError: If the whole is larger than what we would read.
    """
    signed = encode(BIT_STRING, b"\x00", bytes(signature))
    basic = encode(SEQUENCE, bytes(rest), signed)
    response_bytes = encode(SEQUENCE, _BASIC, encode(OCTET_STRING, basic))
    message = encode(SEQUENCE, _SUCCESSFUL, encode(context(0), response_bytes))
    check_built(message)
    outside = len(message) - rest - len(signed)
    return message[:outside], signed[: len(signed) - signature]


limits.when_changed(_headers.cache_clear)
