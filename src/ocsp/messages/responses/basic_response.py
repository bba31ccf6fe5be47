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

from itertools import count
from typing import NamedTuple

from cryptography import x509

from ocsp import limits
from ocsp.asn1.algorithms import read_algorithm
from ocsp.asn1.certificates import read_certificate
from ocsp.asn1.der import (
    OCTET_STRING,
    SEQUENCE,
    any_value,
    bit_string,
    content,
    context,
    end_of,
    explicit,
    fail,
)
from ocsp.asn1.names import check_name
from ocsp.asn1.times import generalized_time
from ocsp.errors import DecodeError, LimitExceeded, SchemaError
from ocsp.messages.extensions import ExtensionLayouts, read_extensions
from ocsp.messages.message import refuse_version
from ocsp.messages.responses.single_response import (
    SingleResponseLayout,
    read_single_response,
)

__all__ = ["BasicResponseLayout", "ResponseDataLayout", "read_basic_response"]


class ResponseDataLayout(NamedTuple):
    """
    The positions of the fields of ResponseData in a message.

    Attributes:
        responder_name: The DER of the responder's name, or ``None``.

        responder_key_hash: The SHA-1 of the responder's key, or ``None``.

        produced_at: The text of producedAt.

        responses: The entries.

        extensions: responseExtensions.
    """

    responder_name: bytes | None
    responder_key_hash: slice | None
    produced_at: slice
    responses: tuple[SingleResponseLayout, ...]
    extensions: ExtensionLayouts


class BasicResponseLayout(NamedTuple):
    """
    The positions of the fields of a BasicOCSPResponse in a message.

    Attributes:
        tbs: tbsResponseData with its header, which the signature covers.

        data: The fields of tbsResponseData.

        algorithm: The DER of signatureAlgorithm.

        signature: The octets of the signature.

        certificates: The certificates in certs.

        extended: Whether the response or one of its entries has an extension.

        unreadable: Why certificates in certs cannot be read, which are left out of
            ``certificates``.
    """

    tbs: slice
    data: ResponseDataLayout
    algorithm: bytes
    signature: slice
    certificates: tuple[x509.Certificate, ...]
    extended: bool
    unreadable: tuple[SchemaError, ...]


def read_basic_response(data: bytes, position: int, end: int) -> BasicResponseLayout:
    """
    Return the layout of the BasicOCSPResponse from *position* to *end*.

    A certificate in certs that cannot be read is no error here: the signature does not
    cover certs, so anyone can add one.

    Raises:
        DecodeError: If its structure is wrong.
    """
    position, stop = content(data, position, end, SEQUENCE, "response")
    end_of(stop, end, "response")
    begin = position
    start, position = content(data, position, end, SEQUENCE, "tbsResponseData")
    try:
        response_data = _read_response_data(data, start, position)
    except DecodeError as error:
        error.under("tbsResponseData")
        raise
    tbs = slice(begin, position)
    algorithm, position = read_algorithm(data, position, end, "signatureAlgorithm")
    start, position = bit_string(data, position, end, "signature")
    signature = slice(start, position)
    certificates: list[x509.Certificate] = []
    unreadable: list[SchemaError] = []
    if position != end:
        certificates, unreadable = _read_certificates(data, position, end)
    extended = response_data.extensions or any(
        entry.extensions for entry in response_data.responses
    )
    return BasicResponseLayout(
        tbs,
        response_data,
        algorithm,
        signature,
        tuple(certificates),
        bool(extended),
        tuple(unreadable),
    )


def _read_response_data(data: bytes, position: int, end: int) -> ResponseDataLayout:
    if position < end and data[position] == context(0):
        refuse_version(data, position, end, "response")
    name, key_hash, position = _read_responder_id(data, position, end)
    produced_at, position = generalized_time(data, position, end, "producedAt")
    start, position = content(data, position, end, SEQUENCE, "responses")
    responses = _read_responses(data, start, position)
    extensions: ExtensionLayouts = ()
    if position != end:
        extensions, position = read_extensions(
            data, position, end, 1, "responseExtensions"
        )
        end_of(position, end, "")
    return ResponseDataLayout(name, key_hash, produced_at, responses, extensions)


def _read_responder_id(
    data: bytes, position: int, end: int
) -> tuple[bytes | None, slice | None, int]:
    tag, start, stop = any_value(data, position, end, "responderID")
    if tag == context(1):
        return check_name(data, start, stop, "responderID.byName"), None, stop
    if tag != context(2):
        fail("neither byName nor byKey", "responderID", position)
    start, last = content(data, start, stop, OCTET_STRING, "responderID.byKey")
    end_of(last, stop, "responderID.byKey")
    return None, slice(start, last), stop


def _read_responses(
    data: bytes, position: int, end: int
) -> tuple[SingleResponseLayout, ...]:
    responses: list[SingleResponseLayout] = []
    try:
        while position < end:
            if len(responses) == limits.MAX_ENTRIES:
                raise LimitExceeded(
                    "MAX_ENTRIES", len(responses) + 1, limits.MAX_ENTRIES
                )
            entry, position = read_single_response(data, position, end)
            responses.append(entry)
    except DecodeError as error:
        error.under(f"responses[{len(responses)}]")
        raise
    return tuple(responses)


def _read_certificates(
    data: bytes, position: int, end: int
) -> tuple[list[x509.Certificate], list[SchemaError]]:
    """Return the certificates in certs, and why others cannot be read."""
    position, stop, after = explicit(data, position, end, 0, SEQUENCE, "certs")
    end_of(after, end, "response")
    certificates: list[x509.Certificate] = []
    unreadable: list[SchemaError] = []
    for number in count():
        if position == stop:
            break
        if number == limits.MAX_CERTIFICATES:
            raise LimitExceeded(
                "MAX_CERTIFICATES", number + 1, limits.MAX_CERTIFICATES, path="certs"
            )
        name = f"certs[{number}]"
        try:
            certificate, _ = read_certificate(data, position, stop, name)
            certificates.append(certificate)
        except SchemaError as error:
            unreadable.append(error)
        _, _, position = any_value(data, position, stop, name)
    return certificates, unreadable
