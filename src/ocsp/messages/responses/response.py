"""
OCSPResponse: a response as an object (RFC 6960 §4.2).

::

    OCSPResponse ::= SEQUENCE {
        responseStatus    OCSPResponseStatus,
        responseBytes [0] EXPLICIT ResponseBytes OPTIONAL }
    ResponseBytes ::= SEQUENCE {
        responseType  OBJECT IDENTIFIER,
        response      OCTET STRING }   -- the DER of a BasicOCSPResponse

Loading checks the whole structure. Nothing is verified: the contents can be those of
an attacker. The response keeps the octets that were loaded, and returns them unchanged.
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
    Deviation,
    content,
    encode_oid,
    end_of,
    enumerated,
    explicit,
    oid,
    oid_text,
)
from ocsp.asn1.names import parse_name
from ocsp.asn1.signature_algorithms import SignatureParameters
from ocsp.asn1.times import moment, naive, warn_naive
from ocsp.errors import (
    DecodeError,
    MultipleResponsesError,
    ResponseStatusError,
    SchemaError,
    SignatureInvalid,
)
from ocsp.messages.extensions import DecodedExtension, ExtensionLayouts
from ocsp.messages.layout_cache import LayoutCache
from ocsp.messages.message import (
    Encoding,
    EncodingRules,
    Received,
    SupportsDER,
    check_rules,
    check_size,
    der_of,
    require_der,
    shown_entries,
)
from ocsp.messages.responses.basic_response import (
    BasicResponseLayout,
    read_basic_response,
)
from ocsp.messages.responses.single_response import (
    OCSPSingleResponse,
    single_response_at,
)
from ocsp.messages.statuses import OCSPCertStatus, OCSPResponseStatus

__all__ = [
    "OCSPResponse",
    "built_response",
    "load_der_basic_ocsp_response",
    "load_der_ocsp_response",
    "load_received_response",
    "own_response",
]


_DER = EncodingRules.DER  # looking up an enumeration member is slow


def load_der_ocsp_response(
    data: bytes, *, encoding: EncodingRules = _DER
) -> OCSPResponse:
    """
    Read a DER-encoded OCSP response.

    Checks the structure only. The signature, the signer's authority and the times are
    not verified; :func:`ocsp.verify` does that. A response that is not *successful*
    has no signature (RFC 6960 §2.3).

    Args:
        data: The response, which must be ``bytes``.

        encoding: The encodings to accept: DER only, or also BER and the deviations
            from DER that OpenSSL accepts.

    Returns:
        The response, which keeps *data* unchanged.

    Raises:
        DecodeError: If *data* is not an OCSP response in canonical DER, or in an
            encoding that *encoding* accepts; a ``ValueError`` that names the field and
            the offset.
        TypeError: If *data* is not ``bytes``.
    """
    response = load_received_response(data, encoding=encoding)
    layout = response._layout
    if layout is not None and layout.unreadable:
        raise layout.unreadable[0].with_traceback(None)
    return response


def load_received_response(
    data: bytes, *, encoding: EncodingRules = _DER
) -> OCSPResponse:
    """
    Read a response as :func:`load_der_ocsp_response`, also with useless certificates.

    A certificate in the response that cannot be read is left out of ``certificates``.
    The signature does not cover them, and the signer's may be among the others.

    Raises:
        DecodeError: As for :func:`load_der_ocsp_response`.
        TypeError: If *data* is not ``bytes``.
    """
    if encoding is not _DER:
        check_rules(encoding)
    layout = _LAYOUTS.find(data)
    if layout is not None:
        try:
            return _successful(data, layout)
        except ValueError:
            pass  # one of the times is not valid; the reader says which
    try:
        return _read_response(data)
    except DecodeError as error:
        if encoding is _DER:
            raise
        # Imported here: few programs meet a message that is not DER.
        from ocsp.messages.tolerant_reader import read_tolerantly, rewrite_response

        response, received = read_tolerantly(
            data, error, rewrite_response, load_received_response
        )
    response._received = received
    return response


def load_der_basic_ocsp_response(
    data: bytes, *, encoding: EncodingRules = _DER
) -> OCSPResponse:
    """
    Read a bare BasicOCSPResponse, without the OCSPResponse around it.

    Signatures in the formats CAdES and PAdES hold such responses among their revocation
    values (ETSI EN 319 122-1 §5.4.2), and some middleware of identity cards returns
    them.

    Args:
        data: The BasicOCSPResponse, which must be ``bytes``.

        encoding: As for :func:`load_der_ocsp_response`.

    Returns:
        The response that contains *data*, unchanged, and has the status *successful*:
        ``public_bytes`` returns the octets of this response, and positions in
        :attr:`OCSPResponse.tolerated` count from its start.

    Raises:
        DecodeError: If *data* is not a BasicOCSPResponse; otherwise as for
            :func:`load_der_ocsp_response`. Offsets in the error count from the start of
            *data*.
        TypeError: If *data* is not ``bytes``.
    """
    # Imported here: few programs have such a response, or build one.
    from ocsp.messages.responses.encoding import encode_basic

    size = check_size(data)
    whole = encode_basic(data)
    try:
        return load_der_ocsp_response(whole, encoding=encoding)
    except DecodeError as error:
        if error.offset is not None:
            error.offset -= len(whole) - size
        raise


@final
class OCSPResponse:
    """
    The answer of a responder, with one entry or several.

    Its contents are not verified: anyone can write a response with these contents.
    Immutable; equal responses have equal DER. If the response is not *successful*,
    every property except :attr:`response_status` raises :class:`ResponseStatusError`.
    The properties of a single entry, such as :attr:`certificate_status`, raise
    :class:`MultipleResponsesError` if the response does not have exactly one.
    """

    __slots__ = (
        "_cached_extensions",
        "_der",
        "_layout",
        "_only",
        "_produced_at",
        "_received",
        "_responses",
        "_status",
    )

    _der: bytes  # the octets that _layout is about: the message in DER
    _received: Received | None  # what was received instead, if that was not DER
    _status: OCSPResponseStatus
    _layout: BasicResponseLayout | None  # None if the response is not successful
    _produced_at: datetime.datetime | None
    _responses: tuple[OCSPSingleResponse, ...]
    _only: OCSPSingleResponse | None
    _cached_extensions: x509.Extensions | None

    def __init__(self) -> None:
        raise TypeError("OCSPResponse comes from load_der_ocsp_response()")

    def __getattr__(self, name: str) -> object:
        """Read a message from the builder at the first access to one of its fields."""
        if name not in OCSPResponse.__slots__:
            raise AttributeError(f"OCSPResponse has no attribute {name!r}")
        read = load_der_ocsp_response(self._der)
        for slot in OCSPResponse.__slots__:
            object.__setattr__(self, slot, getattr(read, slot))
        return getattr(self, name)

    def _refuse(self) -> NoReturn:
        """Raise the error for a property that has no value."""
        if self._layout is None:
            raise ResponseStatusError(self._status)
        raise MultipleResponsesError(len(self._responses))

    @property
    def response_status(self) -> OCSPResponseStatus:
        """The result of the request (``responseStatus``), which is not signed."""
        return self._status

    @property
    def responses(self) -> Iterator[OCSPSingleResponse]:
        """The entries, in order; a new iterator at each access."""
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
        """The DER of the signature's AlgorithmIdentifier, with its parameters."""
        return (self._layout or self._refuse()).algorithm

    @property
    def signature_hash_algorithm(self) -> hashes.HashAlgorithm | None:
        """
        The hash of the signature; ``None`` for Ed25519, Ed448 and ML-DSA.

        Raises:
            UnsupportedAlgorithm: If the signature algorithm is not known.
        """
        return signature_hash((self._layout or self._refuse()).algorithm)

    @property
    def signature_algorithm_parameters(self) -> SignatureParameters:
        """
        The parameters for the key's ``verify``, beside the hash.

        ``padding.PSS`` or ``padding.PKCS1v15`` for RSA, ``ec.ECDSA`` for ECDSA, and
        ``None`` for all others, as in
        :attr:`x509.Certificate.signature_algorithm_parameters`.

        Raises:
            UnsupportedAlgorithm: If the signature algorithm is not known.
        """
        from ocsp.signing.signatures import signature_parameters

        return signature_parameters((self._layout or self._refuse()).algorithm)

    @property
    def signature(self) -> bytes:
        """The signature, which is not verified."""
        return self._der[(self._layout or self._refuse()).signature]

    @property
    def _whole_signature(self) -> bytes:
        """
        The signature, to verify it.

        Raises:
            SignatureInvalid: If its BIT STRING has unused bits. Anyone could change
                them, because they are not part of the signature.
        """
        found = (self._layout or self._refuse()).signature
        if self._der[found.start - 1] != 0:
            raise SignatureInvalid("the signature is not a whole number of octets")
        return self._der[found]

    @property
    def tbs_response_bytes(self) -> bytes:
        """The octets that the signature covers (``tbsResponseData``), as received."""
        layout = self._layout or self._refuse()
        return self._der[layout.tbs] if self._received is None else self._received.tbs

    @property
    def tolerated(self) -> tuple[Deviation, ...]:
        """How the encoding deviates from DER; empty unless read with ``TOLERANT``."""
        return () if self._received is None else self._received.tolerated

    @property
    def certificates(self) -> list[x509.Certificate]:
        """
        The certificates in the response (``certs``); a new list at each access.

        The signature does not cover them: anyone can add or replace certificates.
        """
        return list((self._layout or self._refuse()).certificates)

    @property
    def responder_key_hash(self) -> bytes | None:
        """The SHA-1 of the responder's key; ``None`` if the response has its name."""
        found = (self._layout or self._refuse()).data.responder_key_hash
        return None if found is None else self._der[found]

    @property
    def responder_name(self) -> x509.Name | None:
        """The name of the responder; ``None`` if the response has its key hash."""
        name = (self._layout or self._refuse()).data.responder_name
        return None if name is None else parse_name(name)

    @property
    def produced_at(self) -> datetime.datetime:
        """
        When the response was signed, as a naive datetime in UTC.

        Deprecated: use ``produced_at_utc``.
        """
        warn_naive("produced_at")
        return (self._produced_at or self._refuse()).replace(tzinfo=None)

    @property
    def produced_at_utc(self) -> datetime.datetime:
        """When the response was signed (``producedAt``); aware, in UTC."""
        return self._produced_at or self._refuse()

    @property
    def extensions(self) -> x509.Extensions:
        """
        The responseExtensions; the same object at each access.

        Raises:
            x509.DuplicateExtension: If the list has an extension twice.
            DecodeError: If a known extension has a malformed value.
        """
        layout = self._layout or self._refuse()
        if self._cached_extensions is None:
            from ocsp.messages.extension_values import (
                RESPONSE_EXTENSIONS,
                decode_extensions,
            )

            self._cached_extensions = decode_extensions(
                self._der,
                layout.data.extensions,
                RESPONSE_EXTENSIONS,
                "responseExtensions",
            )
        return self._cached_extensions

    @property
    def _raw_extensions(self) -> ExtensionLayouts:
        """The responseExtensions, undecoded."""
        return (self._layout or self._refuse()).data.extensions

    @property
    def _each_extension(self) -> tuple[DecodedExtension, ...]:
        """The responseExtensions, each decoded by itself."""
        from ocsp.messages.extension_values import RESPONSE_EXTENSIONS, decode_each

        return decode_each(
            self._der, self._raw_extensions, RESPONSE_EXTENSIONS, "responseExtensions"
        )

    @property
    def certificate_status(self) -> OCSPCertStatus:
        """The status of the certificate (``certStatus``) of the single entry."""
        return (self._only or self._refuse())._layout.status

    @property
    def revocation_time(self) -> datetime.datetime | None:
        """
        When the certificate was revoked, as a naive datetime in UTC.

        Deprecated: use ``revocation_time_utc``.
        """
        warn_naive("revocation_time")
        return naive((self._only or self._refuse()).revocation_time_utc)

    @property
    def revocation_time_utc(self) -> datetime.datetime | None:
        """When the certificate was revoked (aware, in UTC); ``None`` if it was not."""
        return (self._only or self._refuse())._revocation_time

    @property
    def revocation_reason(self) -> x509.ReasonFlags | None:
        """
        Why the certificate was revoked; ``None`` if the entry has no reason.

        Raises:
            DecodeError: If the number of the reason is not known.
        """
        return (self._only or self._refuse()).revocation_reason

    @property
    def this_update(self) -> datetime.datetime:
        """
        When the status was known to be correct, as a naive datetime in UTC.

        Deprecated: use ``this_update_utc``.
        """
        warn_naive("this_update")
        return (self._only or self._refuse()).this_update_utc.replace(tzinfo=None)

    @property
    def this_update_utc(self) -> datetime.datetime:
        """When the status was known to be correct (``thisUpdate``); aware, in UTC."""
        return (self._only or self._refuse())._this_update

    @property
    def next_update(self) -> datetime.datetime | None:
        """
        When newer information will be available, as a naive datetime in UTC.

        Deprecated: use ``next_update_utc``.
        """
        warn_naive("next_update")
        return naive((self._only or self._refuse()).next_update_utc)

    @property
    def next_update_utc(self) -> datetime.datetime | None:
        """When newer information will be available (``nextUpdate``); aware, in UTC."""
        return (self._only or self._refuse())._next_update

    @property
    def issuer_key_hash(self) -> bytes:
        """The hash of the issuer's key, computed with :attr:`hash_algorithm`."""
        return (self._only or self._refuse()).issuer_key_hash

    @property
    def issuer_name_hash(self) -> bytes:
        """The hash of the issuer's name, computed with :attr:`hash_algorithm`."""
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
        The singleExtensions of the single entry; the same object at each access.

        Raises:
            x509.DuplicateExtension: If the list has an extension twice.
            DecodeError: If a known extension has a malformed value.
        """
        return (self._only or self._refuse()).single_extensions

    def public_bytes(self, encoding: Encoding) -> bytes:
        """
        Return the response in DER, exactly as it was loaded.

        Also a response with :attr:`tolerated` deviations is returned as it was loaded.

        Raises:
            TypeError: If *encoding* is not an ``Encoding``.
            ValueError: If *encoding* is not ``Encoding.DER``.
        """
        return require_der(self._octets, encoding)

    @property
    def _octets(self) -> bytes:
        return self._der if self._received is None else self._received.octets

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, OCSPResponse):
            return NotImplemented
        return self._octets == other._octets

    def __hash__(self) -> int:
        return hash(self._octets)

    def __repr__(self) -> str:
        if self._layout is None:
            return f"<OCSPResponse({self._status.name})>"
        entries = shown_entries(self._responses)
        return f"<OCSPResponse({self._status.name}, unverified: {entries})>"

    def __reduce__(self) -> tuple[object, ...]:
        if self._received is None:
            return load_received_response, (self._der,)
        return _load_tolerantly, (self._received.octets,)


def _load_tolerantly(data: bytes) -> OCSPResponse:
    return load_received_response(data, encoding=EncodingRules.TOLERANT)


_LAYOUTS: LayoutCache[BasicResponseLayout] = LayoutCache()
_STATUSES = {status.value: status for status in OCSPResponseStatus}
_BASIC_DER = encode_oid(oids.OCSP_BASIC)


def built_response(der: bytes) -> OCSPResponse:
    """Return the response *der* from the builder; it is read at the first access."""
    response = object.__new__(OCSPResponse)
    response._der = der
    response._received = None
    return response


def own_response(response: bytes | SupportsDER) -> bytes | OCSPResponse:
    """
    Return *response*, or its DER if it is an object of another package.

    Raises:
        TypeError: If *response* is neither ``bytes`` nor a message.
    """
    if isinstance(response, (bytes, OCSPResponse)):
        return response
    return der_of(response, "response must be bytes or an OCSPResponse")


def _successful(data: bytes, layout: BasicResponseLayout) -> OCSPResponse:
    """
    Return the successful response in *data*, with its fields at *layout*.

    Raises:
        ValueError: If one of its times is not valid.
    """
    response = object.__new__(OCSPResponse)
    response._der = data
    response._received = None
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
    response._received = None
    response._status = status
    response._layout = response._produced_at = response._only = None
    response._responses = ()
    response._cached_extensions = None
    return response


def _read_response(data: bytes) -> OCSPResponse:
    """Read the whole message, and cache the layout if it has one entry."""
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
            raise SchemaError(
                "missing, but the response is successful", path="responseBytes"
            )
        return _unsuccessful(data, status)
    layout = _read_bytes(data, after, end)
    if status is not OCSPResponseStatus.SUCCESSFUL:
        # RFC 6960 §4.2.1: an error has no responseBytes. Those that are present are
        # checked, but not part of the answer, so no property returns them.
        return _unsuccessful(data, status)
    if len(layout.data.responses) == 1 and not layout.unreadable:
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
        layout = read_basic_response(data, start, position)
    except DecodeError as error:
        error.under("responseBytes")
        raise
    for unreadable in layout.unreadable:
        unreadable.under("responseBytes")
    return layout


def _refuse_type(data: bytes, position: int, end: int) -> NoReturn:
    start, stop = oid(data, position, end, "responseType")
    raise SchemaError(
        f"{oid_text(data[start:stop])} is not id-pkix-ocsp-basic",
        path="responseType",
        offset=position,
    )


def _learn(data: bytes, layout: BasicResponseLayout) -> None:
    """Cache the layout; signer, algorithms and certificates belong to fixed octets."""
    fields = layout.data
    entry = fields.responses[0]
    serial = entry.cert_id.serial
    values = [entry.cert_id.name_hash, entry.cert_id.key_hash, serial]
    values += [fields.produced_at, entry.this_update, layout.signature]
    optional = (fields.responder_key_hash, entry.revocation_time, entry.next_update)
    values += (value for value in optional if value is not None)
    values += (x.value for x in (*fields.extensions, *entry.extensions))
    if data[layout.signature.start - 1] == 0:  # else the last octet has fixed bits
        _LAYOUTS.learn(data, layout, serial, values)
