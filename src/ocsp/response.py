"""
OCSPResponse: reading what a responder answers (RFC 6960 §4.2).

::

    OCSPResponse ::= SEQUENCE {
        responseStatus    OCSPResponseStatus,
        responseBytes [0] EXPLICIT ResponseBytes OPTIONAL }
    ResponseBytes ::= SEQUENCE {
        responseType  OBJECT IDENTIFIER,
        response      OCTET STRING }   -- the DER of a BasicOCSPResponse

Rules of this file: structure is checked in full when loading, the octets that came in
are the octets that go out, and nothing is verified: these are the words of whoever
sent them.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ObjectIdentifier

from ocsp import oids
from ocsp._basic_response import BasicResponse, read_basic_response
from ocsp._der import (
    OCTET_STRING,
    SEQUENCE,
    content,
    encode_oid,
    end_of,
    enumerated,
    oid,
    oid_text,
)
from ocsp._message import accept_message, only_der
from ocsp._names import parse_name
from ocsp._times import naive, warn_naive
from ocsp.algorithms import algorithm_identifier, signature_hash
from ocsp.errors import (
    DecodeError,
    MultipleResponsesError,
    ResponseStatusError,
    SchemaError,
)
from ocsp.extensions import RESPONSE_EXTENSIONS, decode_extensions
from ocsp.single_response import OCSPSingleResponse
from ocsp.statuses import OCSPCertStatus, OCSPResponseStatus

__all__ = ["OCSPResponse", "load_der_ocsp_response", "make_response"]


def load_der_ocsp_response(data: bytes) -> OCSPResponse:
    """
    Read a DER-encoded OCSP response.

    Only the structure is checked. Neither the signature nor the signer's authority nor
    any time is verified, and a response that is not *successful* is signed by nobody
    (RFC 6960 §2.3).

    Args:
        data: The response; ``bytes`` and nothing else.

    Returns:
        The response, which keeps *data* as it is.

    Raises:
        DecodeError: If *data* is not an OCSP response in canonical DER; a
            ``ValueError`` that names the field and the offset.
        TypeError: If *data* is not ``bytes``.
    """
    return _read_response(data)


@final
class OCSPResponse:
    """
    What a responder answered, as it stands there.

    Nothing here has been verified: whoever could send it could write it. Immutable;
    equal responses have equal DER. Every property but :attr:`response_status` raises
    :class:`ResponseStatusError` where the response is not *successful*.
    """

    __slots__ = ("_basic", "_cached_extensions", "_der", "_status")

    _der: bytes
    _status: OCSPResponseStatus
    _basic: BasicResponse | None
    _cached_extensions: x509.Extensions | None

    def __init__(self) -> None:
        raise TypeError("OCSPResponse comes from load_der_ocsp_response()")

    @property
    def response_status(self) -> OCSPResponseStatus:
        """What became of the request (``responseStatus``); not signed."""
        return self._status

    @property
    def _successful(self) -> BasicResponse:
        if self._status is not OCSPResponseStatus.SUCCESSFUL or self._basic is None:
            raise ResponseStatusError(self._status)
        return self._basic

    @property
    def _only(self) -> OCSPSingleResponse:
        responses = self._successful.responses
        if len(responses) != 1:
            raise MultipleResponsesError(len(responses))
        return responses[0]

    @property
    def responses(self) -> Iterator[OCSPSingleResponse]:
        """The entries, in order; a fresh iterator at each access."""
        return iter(self._successful.responses)

    @property
    def signature_algorithm_oid(self) -> ObjectIdentifier:
        """The object identifier of the signature algorithm."""
        algorithm = algorithm_identifier(self._successful.algorithm)
        return oids.identifier(algorithm.oid)

    @property
    def signature_hash_algorithm(self) -> hashes.HashAlgorithm | None:
        """
        The hash of the signature; ``None`` for a scheme without (Ed25519, ML-DSA).

        Raises:
            UnsupportedAlgorithm: If the signature algorithm is not known.
        """
        return signature_hash(self._successful.algorithm)

    @property
    def signature(self) -> bytes:
        """The signature, which nobody has verified yet."""
        return self._successful.signature

    @property
    def tbs_response_bytes(self) -> bytes:
        """The octets that are signed (``tbsResponseData``), exactly as received."""
        return self._successful.tbs

    @property
    def certificates(self) -> list[x509.Certificate]:
        """
        The certificates that came along; a fresh list at each access.

        They are not covered by the signature and may be anything.
        """
        return list(self._successful.certificates)

    @property
    def responder_key_hash(self) -> bytes | None:
        """The SHA-1 of the signer's key, or ``None`` where a name stands instead."""
        return self._successful.responder_key_hash

    @property
    def responder_name(self) -> x509.Name | None:
        """The signer's name, or ``None`` where a key hash stands instead."""
        name = self._successful.responder_name
        return None if name is None else parse_name(name)

    @property
    def produced_at(self) -> datetime.datetime:
        """When it was signed, naive, in UTC. Deprecated: use ``produced_at_utc``."""
        warn_naive("produced_at")
        return self._successful.produced_at.replace(tzinfo=None)

    @property
    def produced_at_utc(self) -> datetime.datetime:
        """When the response was signed (``producedAt``), aware, in UTC."""
        return self._successful.produced_at

    @property
    def extensions(self) -> x509.Extensions:
        """
        The responseExtensions; the same object at each access.

        Raises:
            x509.DuplicateExtension: If one stands there twice.
            DecodeError: If a known one has a malformed value.
        """
        encoded = self._successful.extensions
        if self._cached_extensions is None:
            self._cached_extensions = decode_extensions(
                encoded, RESPONSE_EXTENSIONS, "responseExtensions"
            )
        return self._cached_extensions

    @property
    def certificate_status(self) -> OCSPCertStatus:
        """The status of the certificate, where the response is about one."""
        return self._only.certificate_status

    @property
    def revocation_time(self) -> datetime.datetime | None:
        """
        When it was revoked, naive, in UTC.

        Deprecated: use ``revocation_time_utc``.
        """
        warn_naive("revocation_time")
        return naive(self._only.revocation_time_utc)

    @property
    def revocation_time_utc(self) -> datetime.datetime | None:
        """When the certificate was revoked, aware, in UTC; ``None`` if it is not."""
        return self._only.revocation_time_utc

    @property
    def revocation_reason(self) -> x509.ReasonFlags | None:
        """
        Why the certificate was revoked; ``None`` where nothing is said.

        Raises:
            DecodeError: If the reason has an unknown number.
        """
        return self._only.revocation_reason

    @property
    def this_update(self) -> datetime.datetime:
        """
        When the status was known to be right, naive, in UTC.

        Deprecated: use ``this_update_utc``.
        """
        warn_naive("this_update")
        return self._only.this_update_utc.replace(tzinfo=None)

    @property
    def this_update_utc(self) -> datetime.datetime:
        """When the status was known to be right (``thisUpdate``), aware, in UTC."""
        return self._only.this_update_utc

    @property
    def next_update(self) -> datetime.datetime | None:
        """
        When there will be newer information, naive, in UTC.

        Deprecated: use ``next_update_utc``.
        """
        warn_naive("next_update")
        return naive(self._only.next_update_utc)

    @property
    def next_update_utc(self) -> datetime.datetime | None:
        """When there will be newer information (``nextUpdate``), aware, in UTC."""
        return self._only.next_update_utc

    @property
    def issuer_key_hash(self) -> bytes:
        """The hash of the issuer's key, made with :attr:`hash_algorithm`."""
        return self._only.issuer_key_hash

    @property
    def issuer_name_hash(self) -> bytes:
        """The hash of the issuer's name, made with :attr:`hash_algorithm`."""
        return self._only.issuer_name_hash

    @property
    def hash_algorithm(self) -> hashes.HashAlgorithm:
        """
        The algorithm of both hashes.

        Raises:
            UnsupportedAlgorithm: If it is not known.
        """
        return self._only.hash_algorithm

    @property
    def serial_number(self) -> int:
        """The serial number of the certificate."""
        return self._only.serial_number

    @property
    def single_extensions(self) -> x509.Extensions:
        """
        The singleExtensions of the one entry; the same object at each access.

        Raises:
            x509.DuplicateExtension: If one stands there twice.
            DecodeError: If a known one has a malformed value.
        """
        return self._only.single_extensions

    def public_bytes(self, encoding: serialization.Encoding) -> bytes:
        """
        Return the response in DER, exactly as it was loaded.

        Raises:
            TypeError: If *encoding* is not an ``Encoding``.
            ValueError: If it is another one than ``Encoding.DER``.
        """
        return only_der(self._der, encoding)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, OCSPResponse):
            return NotImplemented
        return self._der == other._der

    def __hash__(self) -> int:
        return hash(self._der)

    def __repr__(self) -> str:
        if self._status is not OCSPResponseStatus.SUCCESSFUL or self._basic is None:
            return f"<OCSPResponse({self._status.name})>"
        entries = ", ".join(map(repr, self._basic.responses))
        return f"<OCSPResponse({self._status.name}, unverified: {entries})>"

    def __reduce__(self) -> tuple[object, ...]:
        return _read_response, (self._der,)


def make_response(
    der: bytes, status: OCSPResponseStatus, basic: BasicResponse | None
) -> OCSPResponse:
    """Return the object for a message whose parts are known to be right."""
    response = object.__new__(OCSPResponse)
    response._der = der
    response._status = status
    response._basic = basic
    response._cached_extensions = None
    return response


_STATUSES = {status.value: status for status in OCSPResponseStatus}
_BASIC_DER = encode_oid(oids.OCSP_BASIC)


def _read_response(data: bytes) -> OCSPResponse:
    size = accept_message(data)
    position, end = content(data, 0, size, SEQUENCE, "OCSPResponse")
    if end != size:
        end_of(end, size, "OCSPResponse")
    value, position = enumerated(data, position, end, "responseStatus")
    status = _STATUSES.get(value)
    if status is None:
        raise SchemaError(
            f"{value} is not a known status", path="responseStatus", offset=position
        )
    basic = None
    if position != end:
        start, position = content(data, position, end, 0xA0, "responseBytes")
        basic = _read_bytes(data, start, position)
        if position != end:
            end_of(position, end, "OCSPResponse")
    elif status is OCSPResponseStatus.SUCCESSFUL:
        raise SchemaError("successful, but there is no response", path="responseBytes")
    return make_response(data, status, basic)


def _read_bytes(data: bytes, position: int, end: int) -> BasicResponse:
    try:
        position, stop = content(data, position, end, SEQUENCE, "")
        if stop != end:
            end_of(stop, end, "")
        after = position + len(_BASIC_DER)
        if data[position:after] != _BASIC_DER:
            _refuse_type(data, position, stop)
        start, position = content(data, after, stop, OCTET_STRING, "response")
        if position != stop:
            end_of(position, stop, "")
        return read_basic_response(data, start, position)
    except DecodeError as error:
        raise error.under("responseBytes") from None


def _refuse_type(data: bytes, position: int, end: int) -> None:
    start, stop = oid(data, position, end, "responseType")
    raise SchemaError(
        f"{oid_text(data[start:stop])} is not id-pkix-ocsp-basic",
        path="responseType",
        offset=position,
    )


