"""
BasicOCSPResponse: the signed part of a response (RFC 6960 §4.2.1).

::

    BasicOCSPResponse ::= SEQUENCE {
        tbsResponseData      ResponseData,
        signatureAlgorithm   AlgorithmIdentifier,
        signature            BIT STRING,
        certs            [0] EXPLICIT SEQUENCE OF Certificate OPTIONAL }
    ResponseData ::= SEQUENCE {
        version              [0] EXPLICIT Version DEFAULT v1,
        responderID              ResponderID,
        producedAt               GeneralizedTime,
        responses                SEQUENCE OF SingleResponse,
        responseExtensions   [1] EXPLICIT Extensions OPTIONAL }
    ResponderID ::= CHOICE {
        byName [1] Name,
        byKey  [2] KeyHash }
"""

from __future__ import annotations

import datetime
from typing import NamedTuple

from cryptography import x509

from ocsp import limits
from ocsp._certificates import read_certificate
from ocsp._der import (
    OCTET_STRING,
    SEQUENCE,
    any_value,
    bit_string,
    content,
    end_of,
    fail,
)
from ocsp._message import refuse_version
from ocsp._names import check_name
from ocsp._times import generalized_time
from ocsp.algorithms import read_algorithm
from ocsp.errors import DecodeError, LimitExceeded
from ocsp.extensions import read_extensions
from ocsp.single_response import OCSPSingleResponse, read_single_response

__all__ = ["BasicResponse", "read_basic_response"]


class BasicResponse(NamedTuple):
    """
    The parts of a BasicOCSPResponse.

    Attributes:
        tbs: The DER of tbsResponseData: what is signed.

        responder_name: The DER of the signer's name, or ``None``.

        responder_key_hash: The SHA-1 of the signer's key, or ``None``.

        produced_at: When it was signed, aware, in UTC.

        responses: The entries.

        extensions: The DER of the responseExtensions, or ``None``.

        algorithm: The DER of signatureAlgorithm.

        signature: The octets of the signature.

        certificates: The certificates that came along.
    """

    tbs: bytes
    responder_name: bytes | None
    responder_key_hash: bytes | None
    produced_at: datetime.datetime
    responses: tuple[OCSPSingleResponse, ...]
    extensions: bytes | None
    algorithm: bytes
    signature: bytes
    certificates: tuple[x509.Certificate, ...]


def read_basic_response(data: bytes, position: int, end: int) -> BasicResponse:
    """
    Return the BasicOCSPResponse that fills *position* to *end*.

    Raises:
        DecodeError: If its structure is wrong.
    """
    position, stop = content(data, position, end, SEQUENCE, "response")
    if stop != end:
        end_of(stop, end, "response")
    begin = position
    start, position = content(data, position, end, SEQUENCE, "tbsResponseData")
    try:
        response_data = _read_response_data(data, start, position)
    except DecodeError as error:
        raise error.under("tbsResponseData") from None
    tbs = data[begin:position]
    algorithm, position = read_algorithm(data, position, end, "signatureAlgorithm")
    start, position = bit_string(data, position, end, "signature")
    signature = data[start:position]
    certificates: tuple[x509.Certificate, ...] = ()
    if position != end:
        start, position = content(data, position, end, 0xA0, "certs")
        certificates = _read_certificates(data, start, position)
        if position != end:
            end_of(position, end, "")
    return BasicResponse(tbs, *response_data, algorithm, signature, certificates)


def _read_response_data(
    data: bytes, position: int, end: int
) -> tuple[
    bytes | None,
    bytes | None,
    datetime.datetime,
    tuple[OCSPSingleResponse, ...],
    bytes | None,
]:
    if position < end and data[position] == 0xA0:
        refuse_version(data, position, end, "response")
    name = key_hash = extensions = None
    tag, start, stop = any_value(data, position, end, "responderID")
    if tag == 0xA1:
        name = check_name(data, start, stop, "responderID.byName")
    elif tag == 0xA2:
        start, last = content(data, start, stop, OCTET_STRING, "responderID.byKey")
        end_of(last, stop, "responderID.byKey")
        key_hash = data[start:last]
    else:
        fail("neither byName nor byKey", "responderID", position)
    produced_at, position = generalized_time(data, stop, end, "producedAt")
    start, position = content(data, position, end, SEQUENCE, "responses")
    responses = _read_responses(data, start, position)
    if position != end:
        start, position = content(data, position, end, 0xA1, "responseExtensions")
        extensions = read_extensions(data, start, position, "responseExtensions")
        end_of(position, end, "")
    return name, key_hash, produced_at, responses, extensions


def _read_responses(
    data: bytes, position: int, end: int
) -> tuple[OCSPSingleResponse, ...]:
    responses: list[OCSPSingleResponse] = []
    try:
        while position < end:
            entry, position = read_single_response(data, position, end)
            responses.append(entry)
            if len(responses) > limits.MAX_ENTRIES:
                raise LimitExceeded("MAX_ENTRIES", len(responses), limits.MAX_ENTRIES)
    except DecodeError as error:
        raise error.under(f"responses[{len(responses)}]") from None
    return tuple(responses)


def _read_certificates(
    data: bytes, position: int, end: int
) -> tuple[x509.Certificate, ...]:
    position, stop = content(data, position, end, SEQUENCE, "certs")
    end_of(stop, end, "certs")
    certificates: list[x509.Certificate] = []
    while position < stop:
        if len(certificates) == limits.MAX_CERTIFICATES:
            raise LimitExceeded(
                "MAX_CERTIFICATES",
                len(certificates) + 1,
                limits.MAX_CERTIFICATES,
                path="certs",
            )
        certificate, position = read_certificate(
            data, position, stop, f"certs[{len(certificates)}]"
        )
        certificates.append(certificate)
    return tuple(certificates)
