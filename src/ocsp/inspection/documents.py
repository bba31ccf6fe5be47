"""
Describe a message as dictionaries and lists, as ``--json`` prints them.

* The keys are a public contract, listed in ``docs/cli.md``: attribute names of the API
  where it has one, ISO 8601 UTC times, octets in hexadecimal, serial numbers as text
  in both bases (many JSON readers round large numbers).
* A document contains the fields of the message (RFC 6960 §4.1.1, §4.2.1); nothing is
  verified.
* A value that cannot be decoded is given as octets, with the reason.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from ocsp.asn1 import oids
from ocsp.asn1.algorithms import algorithm_identifier
from ocsp.asn1.der import SEQUENCE, content, encode
from ocsp.asn1.extensions import RawExtension
from ocsp.asn1.names import name_text
from ocsp.asn1.times import timestamp
from ocsp.errors import DecodeError
from ocsp.inspection.document_types import CertIDDocument, CertificateDocument
from ocsp.inspection.extensions import extensions_document
from ocsp.inspection.parts import Document, algorithm_document, serial_document
from ocsp.inspection.raw_message import Kind
from ocsp.later import x509
from ocsp.messages.certid import CertID
from ocsp.messages.message import Encoding, EncodingRules
from ocsp.messages.raw_fields import request_parts, response_parts
from ocsp.messages.requests.request import OCSPRequest, load_der_ocsp_request
from ocsp.messages.responses.response import OCSPResponse, load_received_response
from ocsp.messages.responses.single_response import OCSPSingleResponse
from ocsp.messages.statuses import OCSPResponseStatus
from ocsp.verification.responder_id import name_of_responder

__all__ = [
    "cert_id_document",
    "message_document",
    "request_document",
    "response_document",
    "response_status_name",
]

_STATUS_NAMES = {
    OCSPResponseStatus.SUCCESSFUL: "successful",
    OCSPResponseStatus.MALFORMED_REQUEST: "malformedRequest",
    OCSPResponseStatus.INTERNAL_ERROR: "internalError",
    OCSPResponseStatus.TRY_LATER: "tryLater",
    OCSPResponseStatus.SIG_REQUIRED: "sigRequired",
    OCSPResponseStatus.UNAUTHORIZED: "unauthorized",
}


def response_status_name(status: OCSPResponseStatus) -> str:
    """Return the name of *status* as RFC 6960 §4.2.1 spells it."""
    return _STATUS_NAMES[status]


def message_document(der: bytes, kind: Kind | None) -> dict[str, Any]:
    """
    Describe the message *der*.

    Args:
        der: The message.

        kind: Read it as a request or as a response; ``None`` is a response.

    Raises:
        DecodeError: If it cannot be read as one.
    """
    if kind == "request":
        request = load_der_ocsp_request(
            der, allow_multiple=True, encoding=EncodingRules.TOLERANT
        )
        return request_document(request)
    return response_document(
        load_received_response(der, encoding=EncodingRules.TOLERANT)
    )


def request_document(request: OCSPRequest) -> dict[str, Any]:
    """Describe a request."""
    der = request.public_bytes(Encoding.DER)
    parts = request_parts(request._der)
    return {
        "type": "request",
        "size": len(der),
        "verified": False,
        "tolerated": list(map(str, request.tolerated)),
        "requestor_name": _requestor(parts.requestor),
        "requests": [
            {
                "cert_id": cert_id_document(entry.cert_id),
                "extensions": extensions_document(extensions),
            }
            for entry, extensions in zip(request.requests, parts.entries, strict=True)
        ],
        "extensions": extensions_document(parts.extensions),
        "signed": parts.signed,
    }


def _requestor(der: bytes | None) -> str | None:
    """Return requestorName as text, or its octets if it cannot be decoded."""
    if der is None:
        return None
    # Imported here: few requests have a name.
    from ocsp.inspection.extension_values import general_name
    from ocsp.messages.extension_values import SINGLE_EXTENSIONS

    # The decoder of certificateIssuer reads GeneralNames.
    read: Any = SINGLE_EXTENSIONS[oids.CERTIFICATE_ISSUER]
    try:
        (name,) = read(encode(SEQUENCE, der))
    except ValueError:
        return der.hex()
    return general_name(name)


def response_document(response: OCSPResponse) -> dict[str, Any]:
    """Describe a response; one that is not *successful* has only its status."""
    status = response.response_status
    document: dict[str, Any] = {
        "type": "response",
        "size": len(response.public_bytes(Encoding.DER)),
        "verified": False,
        "tolerated": list(map(str, response.tolerated)),
        "response_status": response_status_name(status),
    }
    if status is not OCSPResponseStatus.SUCCESSFUL:
        return document
    parts = response_parts(response._der)
    return document | {
        "response_type": algorithm_document(oids.OCSP_BASIC),
        "responder_id": _responder_id(response),
        "produced_at": timestamp(response.produced_at_utc),
        "responses": [
            _single_response(entry, extensions or ())
            for entry, extensions in zip(response.responses, parts.entries, strict=True)
        ],
        "extensions": extensions_document(parts.extensions or ()),
        "signature_algorithm": algorithm_document(
            algorithm_identifier(response.signature_algorithm_identifier).oid
        ),
        "signature": response.signature.hex(),
        "certificates": _certificates(response.certificates),
        "unreadable_certificates": [str(error) for error in response._unreadable],
    }


def _responder_id(response: OCSPResponse) -> Document:
    key_hash = response.responder_key_hash
    return {
        "by_name": name_text(name_of_responder(response)) if key_hash is None else None,
        "by_key": None if key_hash is None else key_hash.hex(),
        "error": None,
    }


def _single_response(
    entry: OCSPSingleResponse, extensions: Sequence[RawExtension]
) -> Document:
    return {
        "cert_id": cert_id_document(entry.cert_id),
        "certificate_status": entry.certificate_status.name.lower(),
        "revocation_time": _moment(entry.revocation_time_utc),
        "revocation_reason": _reason(entry),
        "this_update": timestamp(entry.this_update_utc),
        "next_update": _moment(entry.next_update_utc),
        "extensions": extensions_document(extensions),
    }


def _moment(moment: datetime.datetime | None) -> str | None:
    return None if moment is None else timestamp(moment)


def _reason(entry: OCSPSingleResponse) -> str | None:
    try:
        reason = entry.revocation_reason
    except DecodeError as error:
        return error.reason
    if reason is None:
        return None
    # Imported here: a response about a good certificate needs no ``ReasonFlags``.
    from ocsp.messages.reasons import reason_name

    return reason_name(reason)


def _certificates(
    certificates: Sequence[x509.Certificate],
) -> list[CertificateDocument]:
    if not certificates:
        return []
    # Imported here: many responses have no certificate.
    from ocsp.inspection.certificates import certificate_document

    return [certificate_document(each) for each in certificates]


def cert_id_document(cert_id: CertID) -> CertIDDocument:
    """Describe a CertID."""
    start, end = content(cert_id.der, 0, len(cert_id.der), SEQUENCE, "")
    _, stop = content(cert_id.der, start, end, SEQUENCE, "")
    algorithm = algorithm_identifier(cert_id.der[start:stop])
    return {
        "hash_algorithm": algorithm_document(algorithm.oid),
        "issuer_name_hash": cert_id.issuer_name_hash.hex(),
        "issuer_key_hash": cert_id.issuer_key_hash.hex(),
        "serial_number": serial_document(cert_id.serial_number),
    }
