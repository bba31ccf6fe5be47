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
from typing import NoReturn, final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ObjectIdentifier

from ocsp.asn1 import oids
from ocsp.asn1.algorithms import algorithm_identifier, signature_hash
from ocsp.asn1.der import (
    OCTET_STRING,
    SEQUENCE,
    content,
    encode_oid,
    end_of,
    enumerated,
    explicit,
    oid,
    oid_text,
)
from ocsp.asn1.names import parse_name
from ocsp.asn1.times import moment, naive, warn_naive
from ocsp.errors import (
    DecodeError,
    MultipleResponsesError,
    ResponseStatusError,
    SchemaError,
)
from ocsp.messages.extensions import RESPONSE_EXTENSIONS, decode_extensions
from ocsp.messages.layout_cache import LayoutCache
from ocsp.messages.message import Encoding, check_size, require_der, shown_entries
from ocsp.messages.responses.basic_response import (
    BasicResponseLayout,
    read_basic_response,
)
from ocsp.messages.responses.single_response import (
    OCSPSingleResponse,
    single_response_at,
)
from ocsp.messages.statuses import OCSPCertStatus, OCSPResponseStatus
from ocsp.signing.signatures import SignatureParameters, signature_parameters

__all__ = ["OCSPResponse", "built_response", "load_der_ocsp_response"]


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
    layout = _LAYOUTS.find(data)
    if layout is not None:
        try:
            return _successful(data, layout)
        except ValueError:
            pass  # a time that is none: read again, to say which
    return _read_response(data)


@final
class OCSPResponse:
    """
    What a responder answered, as it stands there.

    Nothing here has been verified: whoever could send it could write it. Immutable;
    equal responses have equal DER. Every property but :attr:`response_status` raises
    :class:`ResponseStatusError` where the response is not *successful*.
    """

    __slots__ = (
        "_cached_extensions",
        "_der",
        "_layout",
        "_only",
        "_produced_at",
        "_responses",
        "_status",
    )

    _der: bytes
    _status: OCSPResponseStatus
    _layout: BasicResponseLayout | None  # None if not successful, whatever came along
    _produced_at: datetime.datetime | None
    _responses: tuple[OCSPSingleResponse, ...]
    _only: OCSPSingleResponse | None
    _cached_extensions: x509.Extensions | None

    def __init__(self) -> None:
        raise TypeError("OCSPResponse comes from load_der_ocsp_response()")

    def __getattr__(self, name: str) -> object:
        """Read a message that we have built when something of it is first wanted."""
        if name not in OCSPResponse.__slots__:
            raise AttributeError(f"OCSPResponse has no attribute {name!r}")
        read = load_der_ocsp_response(self._der)
        for slot in OCSPResponse.__slots__:
            object.__setattr__(self, slot, getattr(read, slot))
        return getattr(self, name)

    def _refuse(self) -> NoReturn:
        """Say why a property has no value."""
        if self._layout is None:
            raise ResponseStatusError(self._status)
        raise MultipleResponsesError(len(self._responses))

    @property
    def response_status(self) -> OCSPResponseStatus:
        """What became of the request (``responseStatus``); not signed."""
        return self._status

    @property
    def responses(self) -> Iterator[OCSPSingleResponse]:
        """The entries, in order; a fresh iterator at each access."""
        if self._layout is None:
            self._refuse()
        return iter(self._responses)

    @property
    def signature_algorithm_oid(self) -> ObjectIdentifier:
        """The object identifier of the signature algorithm."""
        algorithm = algorithm_identifier((self._layout or self._refuse()).algorithm)
        return oids.identifier(algorithm.oid)

    @property
    def signature_algorithm_identifier(self) -> bytes:
        """The DER of the AlgorithmIdentifier of the signature, parameters included."""
        return (self._layout or self._refuse()).algorithm

    @property
    def signature_hash_algorithm(self) -> hashes.HashAlgorithm | None:
        """
        The hash of the signature; ``None`` for a scheme without (Ed25519, ML-DSA).

        Raises:
            UnsupportedAlgorithm: If the signature algorithm is not known.
        """
        return signature_hash((self._layout or self._refuse()).algorithm)

    @property
    def signature_algorithm_parameters(self) -> SignatureParameters:
        """
        How the signature was made: what the key's ``verify`` takes beside the hash.

        ``padding.PSS`` or ``padding.PKCS1v15`` for RSA, ``ec.ECDSA``, and ``None`` for
        all others, as :attr:`x509.Certificate.signature_algorithm_parameters` has it.

        Raises:
            UnsupportedAlgorithm: If the signature algorithm is not known.
        """
        return signature_parameters((self._layout or self._refuse()).algorithm)

    @property
    def signature(self) -> bytes:
        """The signature, which nobody has verified yet."""
        return self._der[(self._layout or self._refuse()).signature]

    @property
    def tbs_response_bytes(self) -> bytes:
        """The octets that are signed (``tbsResponseData``), exactly as received."""
        return self._der[(self._layout or self._refuse()).tbs]

    @property
    def certificates(self) -> list[x509.Certificate]:
        """
        The certificates that came along; a fresh list at each access.

        They are not covered by the signature and may be anything.
        """
        return list((self._layout or self._refuse()).certificates)

    @property
    def responder_key_hash(self) -> bytes | None:
        """The SHA-1 of the signer's key, or ``None`` where a name stands instead."""
        found = (self._layout or self._refuse()).data.responder_key_hash
        return None if found is None else self._der[found]

    @property
    def responder_name(self) -> x509.Name | None:
        """The signer's name, or ``None`` where a key hash stands instead."""
        name = (self._layout or self._refuse()).data.responder_name
        return None if name is None else parse_name(name)

    @property
    def produced_at(self) -> datetime.datetime:
        """When it was signed, naive, in UTC. Deprecated: use ``produced_at_utc``."""
        warn_naive("produced_at")
        return (self._produced_at or self._refuse()).replace(tzinfo=None)

    @property
    def produced_at_utc(self) -> datetime.datetime:
        """When the response was signed (``producedAt``), aware, in UTC."""
        return self._produced_at or self._refuse()

    @property
    def extensions(self) -> x509.Extensions:
        """
        The responseExtensions; the same object at each access.

        Raises:
            x509.DuplicateExtension: If one stands there twice.
            DecodeError: If a known one has a malformed value.
        """
        layout = self._layout or self._refuse()
        if self._cached_extensions is None:
            self._cached_extensions = decode_extensions(
                self._der,
                layout.data.extensions,
                RESPONSE_EXTENSIONS,
                "responseExtensions",
            )
        return self._cached_extensions

    @property
    def certificate_status(self) -> OCSPCertStatus:
        """The status of the certificate, where the response is about one."""
        return (self._only or self._refuse())._layout.status

    @property
    def revocation_time(self) -> datetime.datetime | None:
        """
        When it was revoked, naive, in UTC.

        Deprecated: use ``revocation_time_utc``.
        """
        warn_naive("revocation_time")
        return naive((self._only or self._refuse()).revocation_time_utc)

    @property
    def revocation_time_utc(self) -> datetime.datetime | None:
        """When the certificate was revoked, aware, in UTC; ``None`` if it is not."""
        return (self._only or self._refuse())._revocation_time

    @property
    def revocation_reason(self) -> x509.ReasonFlags | None:
        """
        Why the certificate was revoked; ``None`` where nothing is said.

        Raises:
            DecodeError: If the reason has an unknown number.
        """
        return (self._only or self._refuse()).revocation_reason

    @property
    def this_update(self) -> datetime.datetime:
        """
        When the status was known to be right, naive, in UTC.

        Deprecated: use ``this_update_utc``.
        """
        warn_naive("this_update")
        return (self._only or self._refuse()).this_update_utc.replace(tzinfo=None)

    @property
    def this_update_utc(self) -> datetime.datetime:
        """When the status was known to be right (``thisUpdate``), aware, in UTC."""
        return (self._only or self._refuse())._this_update

    @property
    def next_update(self) -> datetime.datetime | None:
        """
        When there will be newer information, naive, in UTC.

        Deprecated: use ``next_update_utc``.
        """
        warn_naive("next_update")
        return naive((self._only or self._refuse()).next_update_utc)

    @property
    def next_update_utc(self) -> datetime.datetime | None:
        """When there will be newer information (``nextUpdate``), aware, in UTC."""
        return (self._only or self._refuse())._next_update

    @property
    def issuer_key_hash(self) -> bytes:
        """The hash of the issuer's key, made with :attr:`hash_algorithm`."""
        return (self._only or self._refuse()).issuer_key_hash

    @property
    def issuer_name_hash(self) -> bytes:
        """The hash of the issuer's name, made with :attr:`hash_algorithm`."""
        return (self._only or self._refuse()).issuer_name_hash

    @property
    def hash_algorithm(self) -> hashes.HashAlgorithm:
        """
        The algorithm of both hashes.

        Raises:
            UnsupportedAlgorithm: If it is not known.
        """
        return (self._only or self._refuse()).hash_algorithm

    @property
    def serial_number(self) -> int:
        """The serial number of the certificate."""
        return (self._only or self._refuse()).serial_number

    @property
    def single_extensions(self) -> x509.Extensions:
        """
        The singleExtensions of the one entry; the same object at each access.

        Raises:
            x509.DuplicateExtension: If one stands there twice.
            DecodeError: If a known one has a malformed value.
        """
        return (self._only or self._refuse()).single_extensions

    def public_bytes(self, encoding: Encoding) -> bytes:
        """
        Return the response in DER, exactly as it was loaded.

        Raises:
            TypeError: If *encoding* is not an ``Encoding``.
            ValueError: If it is another one than ``Encoding.DER``.
        """
        return require_der(self._der, encoding)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, OCSPResponse):
            return NotImplemented
        return self._der == other._der

    def __hash__(self) -> int:
        return hash(self._der)

    def __repr__(self) -> str:
        if self._layout is None:
            return f"<OCSPResponse({self._status.name})>"
        entries = shown_entries(self._responses)
        return f"<OCSPResponse({self._status.name}, unverified: {entries})>"

    def __reduce__(self) -> tuple[object, ...]:
        return load_der_ocsp_response, (self._der,)


_LAYOUTS: LayoutCache[BasicResponseLayout] = LayoutCache()
_STATUSES = {status.value: status for status in OCSPResponseStatus}
_BASIC_DER = encode_oid(oids.OCSP_BASIC)


def built_response(der: bytes) -> OCSPResponse:
    """Return the response *der*, which our own builder has made."""
    response = object.__new__(OCSPResponse)
    response._der = der
    return response


def _successful(data: bytes, layout: BasicResponseLayout) -> OCSPResponse:
    """
    Return the successful response whose parts lie in *data* as *layout* says.

    Raises:
        ValueError: If one of its times is none.
    """
    response = object.__new__(OCSPResponse)
    response._der = data
    response._status = OCSPResponseStatus.SUCCESSFUL
    response._layout = layout
    response._produced_at = moment(data[layout.data.produced_at])
    entries = layout.data.responses
    if len(entries) == 1:
        response._only = single_response_at(data, entries[0])
        response._responses = (response._only,)
    else:
        response._only = None
        response._responses = tuple(single_response_at(data, x) for x in entries)
    response._cached_extensions = None
    return response


def _unsuccessful(data: bytes, status: OCSPResponseStatus) -> OCSPResponse:
    response = object.__new__(OCSPResponse)
    response._der = data
    response._status = status
    response._layout = response._produced_at = response._only = None
    response._responses = ()
    response._cached_extensions = None
    return response


def _read_response(data: bytes) -> OCSPResponse:
    """Read in full, and learn the shape of a response about one certificate."""
    size = check_size(data)
    position, end = content(data, 0, size, SEQUENCE, "OCSPResponse")
    end_of(end, size, "OCSPResponse")
    value, after = enumerated(data, position, end, "responseStatus")
    status = _STATUSES.get(value)
    if status is None:
        raise SchemaError(
            f"{value} is not a known status", path="responseStatus", offset=position
        )
    if after == end:
        if status is OCSPResponseStatus.SUCCESSFUL:
            raise SchemaError("a successful response has them", path="responseBytes")
        return _unsuccessful(data, status)
    layout = _read_bytes(data, after, end)
    if status is not OCSPResponseStatus.SUCCESSFUL:
        # RFC 6960 §4.2.1: an error carries no responseBytes. What came along is
        # nobody's answer, so nothing of it is shown.
        return _unsuccessful(data, status)
    if len(layout.data.responses) == 1:
        _learn(data, layout)
    return _successful(data, layout)


def _read_bytes(data: bytes, position: int, end: int) -> BasicResponseLayout:
    try:
        position, stop, after = explicit(data, position, end, 0, SEQUENCE, "")
        end_of(after, end, "")
        start = position + len(_BASIC_DER)
        if data[position:start] != _BASIC_DER:
            _refuse_type(data, position, stop)
        start, position = content(data, start, stop, OCTET_STRING, "response")
        end_of(position, stop, "")
        return read_basic_response(data, start, position)
    except DecodeError as error:
        error.under("responseBytes")
        raise


def _refuse_type(data: bytes, position: int, end: int) -> NoReturn:
    start, stop = oid(data, position, end, "responseType")
    raise SchemaError(
        f"{oid_text(data[start:stop])} is not id-pkix-ocsp-basic",
        path="responseType",
        offset=position,
    )


def _learn(data: bytes, layout: BasicResponseLayout) -> None:
    """Keep the shape: signer, algorithms and certificates are part of it."""
    fields = layout.data
    entry = fields.responses[0]
    serial = entry.cert_id.serial
    values = [entry.cert_id.name_hash, entry.cert_id.key_hash, serial]
    values += [fields.produced_at, entry.this_update, layout.signature]
    optional = (fields.responder_key_hash, entry.revocation_time, entry.next_update)
    values += (value for value in optional if value is not None)
    values += (x.value for x in (*fields.extensions, *entry.extensions))
    if data[layout.signature.start - 1] == 0:  # else the last octet is constrained
        _LAYOUTS.learn(data, layout, serial, values)
