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
from typing import Final

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
from ocsp.later import x509
from ocsp.messages.extensions import ExtensionLayouts, read_extensions
from ocsp.messages.message import refuse_version
from ocsp.messages.responses.single_response import (
    OCSPSingleResponse,
    SingleResponseLayout,
    read_single_response,
    single_response_at,
)

__all__ = [
    "NO_CERTIFICATES",
    "BasicResponseLayout",
    "Certificates",
    "Entries",
    "Responder",
    "SignatureHeader",
    "read_basic_response",
    "read_certificates",
    "read_responder",
    "read_response_extensions",
    "read_signature_header",
]

Entries = tuple[OCSPSingleResponse, ...]


class Responder:
    """
    The field responderID.

    Attributes:
        name: The DER of the responder's name, or ``None``.

        key_hash: The SHA-1 of the responder's key, or ``None``.
    """

    __slots__ = ("key_hash", "name")

    def __init__(self, name: bytes | None, key_hash: bytes | None) -> None:
        self.name = name
        self.key_hash = key_hash


class SignatureHeader:
    """
    What is between tbsResponseData and the octets of the signature.

    Attributes:
        algorithm: The DER of signatureAlgorithm.

        size: The number of octets of signatureAlgorithm, the header of signature, and
            its number of unused bits.

        length: The number of octets of the signature.
    """

    __slots__ = ("algorithm", "length", "size")

    def __init__(self, algorithm: bytes, size: int, length: int) -> None:
        self.algorithm = algorithm
        self.size = size
        self.length = length


class Certificates:
    """
    The field certs.

    Attributes:
        octets: The field with its tag; empty if it is absent.

        readable: The certificates.

        unreadable: Why others cannot be read.
    """

    __slots__ = ("octets", "readable", "unreadable")

    def __init__(
        self,
        octets: bytes,
        readable: tuple[x509.Certificate, ...],
        unreadable: tuple[SchemaError, ...],
    ) -> None:
        self.octets = octets
        self.readable = readable
        self.unreadable = unreadable


NO_CERTIFICATES: Final = Certificates(b"", (), ())


class BasicResponseLayout:
    """
    The positions of the fields of a BasicOCSPResponse in a message.

    Attributes:
        tbs: tbsResponseData with its header, which the signature covers.

        responder: responderID.

        produced_at: The text of producedAt.

        only: The layout of the entry, if there is exactly one.

        entry: The position of this entry, whose object is made when a program asks for
            it.

        entries: The entries, if there is none or several.

        extensions: responseExtensions.

        algorithm: The DER of signatureAlgorithm.

        signature: The octets of the signature.

        certs: certs.
    """

    __slots__ = (
        "algorithm",
        "certs",
        "entries",
        "entry",
        "extensions",
        "only",
        "produced_at",
        "responder",
        "signature",
        "tbs",
    )

    def __init__(
        self,
        tbs: slice,
        responder: Responder,
        produced_at: slice,
        only: SingleResponseLayout | None,
        entry: slice,
        entries: Entries,
        extensions: ExtensionLayouts,
        header: SignatureHeader,
        certs: Certificates,
    ) -> None:
        self.tbs = tbs
        self.responder = responder
        self.produced_at = produced_at
        self.only = only
        self.entry = entry
        self.entries = entries
        self.extensions = extensions
        self.algorithm = header.algorithm
        start = tbs.stop + header.size
        self.signature = slice(start, start + header.length)
        self.certs = certs


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
    tbs = position
    start, stop = content(data, tbs, end, SEQUENCE, "tbsResponseData")
    try:
        if start < stop and data[start] == context(0):
            refuse_version(data, start, stop, "response")
        responder, position = read_responder(data, start, stop)
        produced_at, position = generalized_time(data, position, stop, "producedAt")
        start, position = content(data, position, stop, SEQUENCE, "responses")
        entry = slice(start, position)
        entries = _read_responses(data, start, position)
        extensions = read_response_extensions(data, position, stop)
    except DecodeError as error:
        error.under("tbsResponseData")
        raise
    header = read_signature_header(data, stop, end)
    position = stop + header.size + header.length
    certs = NO_CERTIFICATES
    if position != end:
        certs = read_certificates(data, position, end)
    only = entries[0]._layout if len(entries) == 1 else None
    return BasicResponseLayout(
        slice(tbs, stop),
        responder,
        produced_at,
        only,
        entry,
        () if only else entries,
        extensions,
        header,
        certs,
    )


def read_responder(data: bytes, position: int, end: int) -> tuple[Responder, int]:
    """
    Return responderID at *position*, and where it ends.

    Raises:
        DecodeError: If its structure is wrong.
    """
    tag, start, stop = any_value(data, position, end, "responderID")
    if tag == context(1):
        name = check_name(data, start, stop, "responderID.byName")
        return Responder(name, None), stop
    if tag != context(2):
        fail("neither byName nor byKey", "responderID", position)
    start, last = content(data, start, stop, OCTET_STRING, "responderID.byKey")
    end_of(last, stop, "responderID.byKey")
    return Responder(None, data[start:last]), stop


def _read_responses(data: bytes, position: int, end: int) -> Entries:
    responses: list[OCSPSingleResponse] = []
    try:
        while position < end:
            if len(responses) == limits.MAX_ENTRIES:
                raise LimitExceeded(
                    "MAX_ENTRIES", len(responses) + 1, limits.MAX_ENTRIES
                )
            entry, position = _read_entry(data, position, end)
            responses.append(entry)
    except DecodeError as error:
        error.under(f"responses[{len(responses)}]")
        raise
    return tuple(responses)


def _read_entry(data: bytes, position: int, end: int) -> tuple[OCSPSingleResponse, int]:
    """Return the entry at *position*, and where it ends."""
    _, stop = content(data, position, end, SEQUENCE, "")
    der = data[position:stop]
    try:
        return single_response_at(der, read_single_response(der)), stop
    except DecodeError as error:
        if error.offset is not None:
            error.offset += position
        raise


def read_response_extensions(data: bytes, position: int, end: int) -> ExtensionLayouts:
    """
    Return responseExtensions from *position* to *end*; empty if both are the same.

    Raises:
        DecodeError: If its structure is wrong.
    """
    if position == end:
        return ()
    extensions, position = read_extensions(data, position, end, 1, "responseExtensions")
    end_of(position, end, "")
    return extensions


def read_signature_header(data: bytes, position: int, end: int) -> SignatureHeader:
    """
    Return what follows tbsResponseData, which ends at *position*, up to the signature.

    Raises:
        DecodeError: If signatureAlgorithm or signature is malformed.
    """
    algorithm, start = read_algorithm(data, position, end, "signatureAlgorithm")
    start, stop = bit_string(data, start, end, "signature")
    return SignatureHeader(algorithm, start - position, stop - start)


def read_certificates(data: bytes, position: int, end: int) -> Certificates:
    """
    Return certs from *position* to *end*.

    Raises:
        DecodeError: If its structure is wrong, except that of a certificate.
    """
    start, stop, after = explicit(data, position, end, 0, SEQUENCE, "certs")
    end_of(after, end, "response")
    certificates: list[x509.Certificate] = []
    unreadable: list[SchemaError] = []
    for number in count():
        if start == stop:
            break
        if number == limits.MAX_CERTIFICATES:
            raise LimitExceeded(
                "MAX_CERTIFICATES", number + 1, limits.MAX_CERTIFICATES, path="certs"
            )
        name = f"certs[{number}]"
        try:
            certificate, start = read_certificate(data, start, stop, name)
            certificates.append(certificate)
        except SchemaError as error:
            unreadable.append(error)
            _, _, start = any_value(data, start, stop, name)
    return Certificates(data[position:end], tuple(certificates), tuple(unreadable))
