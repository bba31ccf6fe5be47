"""
Read a message that is not DER: write it as DER, and read that strictly.

The tolerant reader runs only if the strict reader refused a message and the caller
allows it (``EncodingRules.TOLERANT``). It reads the message as BER
(:mod:`ocsp.asn1.ber`), omits the default values that DER omits, and writes the rest as
DER. The strict reader then reads the fields, so every check of the structure and every
limit applies.

Certificates and the values of extensions are copied unchanged. The signature covers
tbsRequest or tbsResponseData as received, so :class:`Received` holds these octets.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from cryptography.hazmat.primitives import hashes

from ocsp.asn1 import oids
from ocsp.asn1.algorithms import encode_algorithm, hash_oid
from ocsp.asn1.ber import Deviations, Element, Kind, read
from ocsp.asn1.der import (
    BOOLEAN,
    NULL_DER,
    OCTET_STRING,
    SEQUENCE,
    context,
    encode,
    encode_integer,
    encode_oid,
)
from ocsp.errors import DecodeError, LimitExceeded
from ocsp.messages.message import Received

__all__ = ["read_tolerantly", "rewrite_request", "rewrite_response"]

Message = TypeVar("Message")


def read_tolerantly(
    data: bytes,
    refusal: DecodeError,
    rewrite: Callable[[bytes], Received],
    load: Callable[[bytes], Message],
) -> tuple[Message, Received]:
    """
    Read the message *data*, which the strict reader refused.

    Args:
        data: The message.

        refusal: The error of the strict reader.

        rewrite: :func:`rewrite_request` or :func:`rewrite_response`.

        load: The strict reader.

    Returns:
        What *load* returns for the DER of the message, and what was received.

    Raises:
        DecodeError: If the message has another fault than its encoding. The error has
            an offset only if it is that in *data*.
    """
    if isinstance(refusal, LimitExceeded):
        raise refusal
    received = rewrite(data)
    if not received.tolerated:
        raise refusal
    try:
        return load(received.der), received
    except DecodeError as error:
        error.offset = None  # it counts from the start of the DER
        raise


def rewrite_request(data: bytes) -> Received:
    """
    Write the request *data* as DER.

    A part that does not have the structure of a request is written as it is.

    Raises:
        DecodeError: If *data* is not BER.
        LimitExceeded: If its values are nested deeper than ``MAX_DEPTH``.
    """
    whole, deviations = read(data), Deviations()
    tbs = _part(whole, 0, SEQUENCE)
    if tbs is not None:
        _omit_version(tbs, deviations)
        for part in tbs.parts:
            if part.tag == SEQUENCE:  # requestList
                for entry in part.parts:
                    _omit_false(entry.parts[1:], deviations)
            elif part.tag == context(2):
                _omit_false([part], deviations)
    signature = _part(_part(whole, 1, context(0)), 0, SEQUENCE)
    if signature is not None:
        _rewrite_signature(signature, 0, deviations)
    der = whole.encode(deviations)
    return Received(data, der, tbs.octets if tbs else b"", deviations.found())


def rewrite_response(data: bytes) -> Received:
    """
    Write the response *data* as DER.

    A part that does not have the structure of a response is written as it is.

    Raises:
        DecodeError: If *data* is not BER.
        LimitExceeded: If its values are nested deeper than ``MAX_DEPTH``.
    """
    whole, deviations = read(data), Deviations()
    response_bytes = _part(_part(whole, 1, context(0)), 0, SEQUENCE)
    response = _part(response_bytes, 1, OCTET_STRING, OCTET_STRING | 0x20)
    tbs = b""
    if response is not None:
        response.encode(deviations)  # records the deviations of the string itself
        basic = response.inside()
        tbs = _rewrite_basic(basic, deviations)
        response.der = encode(OCTET_STRING, basic.encode(deviations))
    der = whole.encode(deviations)
    return Received(data, der, tbs, deviations.found())


def _rewrite_basic(basic: Element, deviations: Deviations) -> bytes:
    """Omit default values of a BasicOCSPResponse; return ResponseData as received."""
    tbs = _part(basic, 0, SEQUENCE)
    if tbs is None:
        return b""
    _omit_version(tbs, deviations)
    _omit_false(tbs.parts[3:], deviations)
    responses = _part(tbs, 2, SEQUENCE)
    for entry in responses.parts if responses else ():
        _omit_false(entry.parts[3:], deviations)
    _rewrite_signature(basic, 1, deviations)
    return tbs.octets


_VERSION_1 = encode(context(0), encode_integer(0))
_SHA1 = encode_algorithm(hash_oid(hashes.SHA1()), NULL_DER)
_PSS_OID = encode_oid(oids.RSASSA_PSS)
_PSS_DEFAULTS = (
    encode(context(0), _SHA1),
    encode(context(1), encode_algorithm(oids.MGF1, _SHA1)),
    encode(context(2), encode_integer(20)),
)
"""The default values of RSASSA-PSS-params (RFC 4055 §3.1) but that of trailerField,
which the strict reader accepts."""


def _omit_version(tbs: Element, deviations: Deviations) -> None:
    version = _part(tbs, 0, context(0))
    if version is not None and version.encode(Deviations()) == _VERSION_1:
        _omit(tbs, version, Kind.VERSION, deviations)


def _omit_false(tagged: list[Element], deviations: Deviations) -> None:
    """Omit FALSE in the extensions of the lists in *tagged*."""
    for extensions in (each for field in tagged for each in field.parts):
        for extension in extensions.parts:
            critical = _part(extension, 1, BOOLEAN)
            if critical and critical.content == b"\x00" and len(extension.parts) == 3:
                _omit(extension, critical, Kind.NOT_CRITICAL, deviations)


def _rewrite_signature(signed: Element, first: int, deviations: Deviations) -> None:
    """Omit default parameters of the algorithm at *first*, and copy certificates."""
    parameters = _part(_part(signed, first, SEQUENCE), 1, SEQUENCE)
    if parameters is not None and signed.parts[first].parts[0].octets == _PSS_OID:
        tags = [field.tag for field in parameters.parts]
        in_order = tags == sorted(set(tags))
        for field in parameters.parts[:] if in_order else ():
            if field.encode(Deviations()) in _PSS_DEFAULTS:
                _omit(parameters, field, Kind.PARAMETER, deviations)
    certificates = _part(_part(signed, first + 2, context(0)), 0, SEQUENCE)
    for certificate in certificates.parts if certificates else ():
        certificate.der = certificate.octets


def _part(element: Element | None, index: int, *tags: int) -> Element | None:
    """Return the part of *element* at *index* if it has one of *tags*."""
    if element is None or index >= len(element.parts):
        return None
    part = element.parts[index]
    return part if part.tag in tags else None


def _omit(element: Element, part: Element, kind: Kind, deviations: Deviations) -> None:
    element.parts.remove(part)
    deviations.add(kind, part)
