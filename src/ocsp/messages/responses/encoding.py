"""
The DER around the entries and the signature of a response (RFC 6960 §4.2.1).

The headers of these values depend on sizes only, so they are cached by size.
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

__all__ = ["encode_basic", "encode_response", "tbs_prefix", "to_be_signed"]

_BASIC = encode_oid(oids.OCSP_BASIC)
_SUCCESSFUL = encode(ENUMERATED, b"\x00")


def to_be_signed(before: bytes, entries: bytes, after: bytes) -> bytes:
    """
    Return tbsResponseData.

    Args:
        before: responderID and producedAt.

        entries: The SingleResponses, one after the other.

        after: responseExtensions in their tag, or empty.
    """
    outer, inner = _tbs_headers(len(before) + len(after), len(entries))
    return b"".join((outer, before, inner, entries, after))


def tbs_prefix(before: bytes, after: bytes, size: int) -> bytes:
    """Return tbsResponseData up to the content of its one entry, of *size* octets."""
    tbs = to_be_signed(before, sequence(bytes(size)), after)
    return tbs[: len(tbs) - size - len(after)]


@lru_cache(maxsize=1024)
def _tbs_headers(around: int, entries: int) -> tuple[bytes, bytes]:
    """
    Return the headers of tbsResponseData and of responses.

    Args:
        around: The number of octets before and after responses.

        entries: The number of octets of all SingleResponses.
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
    Return a whole successful response.

    Args:
        tbs: tbsResponseData.

        identifier: signatureAlgorithm.

        signature: The octets of the signature, without a header.

        certs: certs in its tag, or empty.

    Raises:
        BuildError: If the response exceeds ``MAX_MESSAGE_BYTES``.
    """
    rest = len(tbs) + len(identifier) + len(certs)
    before, bit_string = _headers(rest, len(signature))
    return b"".join((before, tbs, identifier, bit_string, signature, certs))


def encode_basic(basic: bytes) -> bytes:
    """Return the successful response with the BasicOCSPResponse *basic*."""
    response_bytes = encode(SEQUENCE, _BASIC, encode(OCTET_STRING, basic))
    return encode(SEQUENCE, _SUCCESSFUL, encode(context(0), response_bytes))


@lru_cache(maxsize=1024)
def _headers(rest: int, signature: int) -> tuple[bytes, bytes]:
    """
    Return the headers of a response and of its signature.

    Args:
        rest: The number of octets of the BasicOCSPResponse without its signature.

        signature: The number of octets of the signature.

    Returns:
        All octets before tbsResponseData, and the header of the signature.

    Raises:
        BuildError: If the response exceeds ``MAX_MESSAGE_BYTES``.
    """
    signed = encode(BIT_STRING, b"\x00", bytes(signature))
    basic = encode(SEQUENCE, bytes(rest), signed)
    message = check_built(encode_basic(basic))
    outside = len(message) - rest - len(signed)
    return message[:outside], signed[: len(signed) - signature]


limits.when_changed(_headers.cache_clear)
