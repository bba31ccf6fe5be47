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
from typing import Final, NoReturn, final

from cryptography.hazmat.primitives import hashes

from ocsp.asn1 import oids
from ocsp.asn1.algorithms import algorithm_identifier, cert_id_hash, signature_hash
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
from ocsp.asn1.times import moments, naive, warn_naive
from ocsp.errors import (
    DecodeError,
    MultipleResponsesError,
    ResponseStatusError,
    SchemaError,
    SignatureInvalid,
)
from ocsp.later import x509
from ocsp.messages.extensions import DecodedExtension, ExtensionLayouts
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
    Entries,
    read_basic_response,
)
from ocsp.messages.responses.frames import find_layout
from ocsp.messages.responses.single_response import (
    OCSPSingleResponse,
    SingleResponseLayout,
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


# Looking up a member of an enumeration is slow.
_DER: Final = EncodingRules.DER
_SUCCESSFUL: Final = OCSPResponseStatus.SUCCESSFUL


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
    response = _load(data, encoding)
    layout = response._layout
    if layout is not None and layout.certs.unreadable:
        raise layout.certs.unreadable[0].with_traceback(None)
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
    return _load(data, encoding)


def _load(data: bytes, encoding: EncodingRules) -> OCSPResponse:
    if encoding is not _DER:
        check_rules(encoding)
    layout = find_layout(data) if type(data) is bytes else None
    if layout is not None:
        response = _new(OCSPResponse)  # as _response() does; a call takes longer
        response._der = data
        response._layout = layout
        response._extra = None
        return response
    try:
        return _read_plainly(data)
    except DecodeError as error:
        if encoding is _DER:
            raise
        # Imported here: few programs meet a message that is not DER.
        from ocsp.messages.tolerant_reader import read_tolerantly, rewrite_response

        response, received = read_tolerantly(
            data, error, rewrite_response, load_received_response
        )
    response._more().received = received
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

    # Many responses can be in memory, so each is one object with few attributes: what
    # messages of one shape have in common is in the layout, which they share.
    __slots__ = ("_der", "_extra", "_layout")

    _der: bytes  # the octets that _layout is about: the message in DER
    _layout: BasicResponseLayout | None  # None if not successful, or not read yet
    _extra: _Extra | None

    def __init__(self) -> None:
        raise TypeError("OCSPResponse comes from load_der_ocsp_response()")

    def _successful(self) -> BasicResponseLayout:
        """
        Return the layout.

        Raises:
            ResponseStatusError: If the response is not successful.
        """
        status = self.response_status
        if self._layout is None:
            raise ResponseStatusError(status)
        return self._layout

    def _single(self) -> SingleResponseLayout:
        """
        Return the layout of the only entry.

        Raises:
            ResponseStatusError: If the response is not successful.
            MultipleResponsesError: If it has no entry or several.
        """
        layout = self._successful()
        if layout.only is None:
            raise MultipleResponsesError(len(layout.entries))
        return layout.only

    def _more(self) -> _Extra:
        """Return the attributes that few responses have."""
        if self._extra is None:
            self._extra = _Extra(_SUCCESSFUL)
        return self._extra

    def _as_received(self) -> Received | None:
        """Return the message as it was received, or ``None`` if it was DER."""
        return None if self._extra is None else self._extra.received

    @property
    def _responses(self) -> Entries:
        """The entries; the same objects at each access."""
        layout = self._layout or self._successful()
        if layout.only is None:
            return layout.entries
        extra = self._extra or self._more()
        if not extra.entries:
            entry = self._der[layout.entry]
            extra.entries = (single_response_at(entry, layout.only),)
        return extra.entries

    @property
    def _only(self) -> OCSPSingleResponse | None:
        """The only entry, or ``None`` if there is none or several."""
        entries = self._responses
        return entries[0] if len(entries) == 1 else None

    @property
    def response_status(self) -> OCSPResponseStatus:
        """The result of the request (``responseStatus``), which is not signed."""
        if self._layout is not None:
            return _SUCCESSFUL
        if self._extra is None:  # a message from the builder
            read = load_der_ocsp_response(self._der)
            self._layout, self._extra = read._layout, read._extra
        return _SUCCESSFUL if self._extra is None else self._extra.status

    @property
    def responses(self) -> Iterator[OCSPSingleResponse]:
        """The entries, in order; a new iterator at each access."""
        return iter(self._responses)

    @property
    def signature_algorithm_oid(self) -> x509.ObjectIdentifier:
        """The object identifier of the signature algorithm."""
        algorithm = algorithm_identifier(self.signature_algorithm_identifier)
        return oids.identifier(algorithm.oid)

    @property
    def signature_algorithm_identifier(self) -> bytes:
        """The DER of the signature's AlgorithmIdentifier, with its parameters."""
        return (self._layout or self._successful()).algorithm

    @property
    def signature_hash_algorithm(self) -> hashes.HashAlgorithm | None:
        """
        The hash of the signature; ``None`` for Ed25519, Ed448 and ML-DSA.

        Raises:
            UnsupportedAlgorithm: If the signature algorithm is not known.
        """
        return signature_hash(self.signature_algorithm_identifier)

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

        return signature_parameters(self.signature_algorithm_identifier)

    @property
    def signature(self) -> bytes:
        """The signature, which is not verified."""
        return self._der[(self._layout or self._successful()).signature]

    @property
    def _whole_signature(self) -> bytes:
        """
        The signature, to verify it.

        Raises:
            SignatureInvalid: If its BIT STRING has unused bits. Anyone could change
                them, because they are not part of the signature.
        """
        found = (self._layout or self._successful()).signature
        if self._der[found.start - 1] != 0:
            raise SignatureInvalid("the signature is not a whole number of octets")
        return self._der[found]

    @property
    def tbs_response_bytes(self) -> bytes:
        """The octets that the signature covers (``tbsResponseData``), as received."""
        layout, extra = self._layout or self._successful(), self._extra
        if extra is None or extra.received is None:
            return self._der[layout.tbs]
        return extra.received.tbs

    @property
    def tolerated(self) -> tuple[Deviation, ...]:
        """How the encoding deviates from DER; empty unless read with ``TOLERANT``."""
        received = self._as_received()
        return () if received is None else received.tolerated

    @property
    def certificates(self) -> list[x509.Certificate]:
        """
        The certificates in the response (``certs``); a new list at each access.

        The signature does not cover them: anyone can add or replace certificates.
        """
        return list((self._layout or self._successful()).certs.readable)

    @property
    def _unreadable(self) -> tuple[SchemaError, ...]:
        """Why certificates cannot be read, which are not in :attr:`certificates`."""
        return (self._layout or self._successful()).certs.unreadable

    @property
    def responder_key_hash(self) -> bytes | None:
        """The SHA-1 of the responder's key; ``None`` if the response has its name."""
        return (self._layout or self._successful()).responder.key_hash

    @property
    def responder_name(self) -> x509.Name | None:
        """The name of the responder; ``None`` if the response has its key hash."""
        name = self._responder_name
        return None if name is None else parse_name(name)

    @property
    def _responder_name(self) -> bytes | None:
        """The DER of the name of the responder."""
        return (self._layout or self._successful()).responder.name

    @property
    def produced_at(self) -> datetime.datetime:
        """
        When the response was signed, as a naive datetime in UTC.

        Deprecated: use ``produced_at_utc``.
        """
        warn_naive("produced_at")
        return self.produced_at_utc.replace(tzinfo=None)

    @property
    def produced_at_utc(self) -> datetime.datetime:
        """When the response was signed (``producedAt``); aware, in UTC."""
        layout = self._layout or self._successful()
        return moments[self._der[layout.produced_at]]

    @property
    def extensions(self) -> x509.Extensions:
        """
        The responseExtensions; the same object at each access.

        Raises:
            x509.DuplicateExtension: If the list has an extension twice.
            DecodeError: If a known extension has a malformed value.
        """
        layout, extra = self._layout or self._successful(), self._more()
        if extra.extensions is None:
            from ocsp.messages.extension_values import (
                RESPONSE_EXTENSIONS,
                decode_extensions,
            )

            extra.extensions = decode_extensions(
                self._der,
                layout.extensions,
                RESPONSE_EXTENSIONS,
                "responseExtensions",
            )
        return extra.extensions

    @property
    def _raw_extensions(self) -> ExtensionLayouts:
        """The responseExtensions, undecoded."""
        return (self._layout or self._successful()).extensions

    @property
    def _extended(self) -> bool:
        """Whether the response or one of its entries has an extension."""
        layout = self._layout or self._successful()
        if layout.only is not None:
            return bool(layout.extensions or layout.only.extensions)
        entries = layout.entries
        return bool(layout.extensions) or any(each._raw_extensions for each in entries)

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
        return ((self._layout or self._successful()).only or self._single()).status

    @property
    def revocation_time(self) -> datetime.datetime | None:
        """
        When the certificate was revoked, as a naive datetime in UTC.

        Deprecated: use ``revocation_time_utc``.
        """
        warn_naive("revocation_time")
        return naive(self.revocation_time_utc)

    @property
    def revocation_time_utc(self) -> datetime.datetime | None:
        """When the certificate was revoked (aware, in UTC); ``None`` if it was not."""
        layout = self._layout or self._successful()
        only = layout.only or self._single()
        found = only.revocation_time
        if found is None:
            return None
        return moments[self._der[layout.entry][found]]

    @property
    def revocation_reason(self) -> x509.ReasonFlags | None:
        """
        Why the certificate was revoked; ``None`` if the entry has no reason.

        Raises:
            DecodeError: If the number of the reason is not known.
        """
        self._single()
        return self._responses[0].revocation_reason

    @property
    def this_update(self) -> datetime.datetime:
        """
        When the status was known to be correct, as a naive datetime in UTC.

        Deprecated: use ``this_update_utc``.
        """
        warn_naive("this_update")
        return self.this_update_utc.replace(tzinfo=None)

    @property
    def this_update_utc(self) -> datetime.datetime:
        """When the status was known to be correct (``thisUpdate``); aware, in UTC."""
        layout = self._layout or self._successful()
        only = layout.only or self._single()
        return moments[self._der[layout.entry][only.this_update]]

    @property
    def next_update(self) -> datetime.datetime | None:
        """
        When newer information will be available, as a naive datetime in UTC.

        Deprecated: use ``next_update_utc``.
        """
        warn_naive("next_update")
        return naive(self.next_update_utc)

    @property
    def next_update_utc(self) -> datetime.datetime | None:
        """When newer information will be available (``nextUpdate``); aware, in UTC."""
        layout = self._layout or self._successful()
        only = layout.only or self._single()
        found = only.next_update
        if found is None:
            return None
        return moments[self._der[layout.entry][found]]

    @property
    def issuer_key_hash(self) -> bytes:
        """The hash of the issuer's key, computed with :attr:`hash_algorithm`."""
        layout = self._layout or self._successful()
        only = layout.only or self._single()
        return self._der[layout.entry][only.cert_id.key_hash]

    @property
    def issuer_name_hash(self) -> bytes:
        """The hash of the issuer's name, computed with :attr:`hash_algorithm`."""
        layout = self._layout or self._successful()
        only = layout.only or self._single()
        return self._der[layout.entry][only.cert_id.name_hash]

    @property
    def hash_algorithm(self) -> hashes.HashAlgorithm:
        """
        The algorithm of both hashes.

        Raises:
            UnsupportedAlgorithm: If it is not known.
        """
        layout = self._layout or self._successful()
        only = layout.only or self._single()
        return only.cert_id.hash or cert_id_hash(only.cert_id.algorithm)

    @property
    def serial_number(self) -> int:
        """The serial number of the certificate."""
        layout = self._layout or self._successful()
        only = layout.only or self._single()
        serial = self._der[layout.entry][only.cert_id.serial]
        return int.from_bytes(serial, signed=True)

    @property
    def single_extensions(self) -> x509.Extensions:
        """
        The singleExtensions of the single entry; the same object at each access.

        Raises:
            x509.DuplicateExtension: If the list has an extension twice.
            DecodeError: If a known extension has a malformed value.
        """
        self._single()
        return self._responses[0].single_extensions

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
        received = self._as_received()
        return self._der if received is None else received.octets

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, OCSPResponse):
            return NotImplemented
        return self._octets == other._octets

    def __hash__(self) -> int:
        return hash(self._octets)

    def __repr__(self) -> str:
        status = self.response_status
        if status is not _SUCCESSFUL:
            return f"<OCSPResponse({status.name})>"
        entries = shown_entries(self._responses)
        return f"<OCSPResponse({status.name}, unverified: {entries})>"

    def __reduce__(self) -> tuple[object, ...]:
        load = (
            load_received_response if self._as_received() is None else _load_tolerantly
        )
        return load, (self._octets,)


class _Extra:
    """
    What most responses do not have, or programs seldom ask for.

    Attributes:
        status: responseStatus.

        received: The message as it was received, if that was not DER.

        entries: The only entry, once a program has asked for it.

        extensions: responseExtensions, decoded.
    """

    __slots__ = ("entries", "extensions", "received", "status")

    def __init__(self, status: OCSPResponseStatus) -> None:
        self.status = status
        self.received: Received | None = None
        self.entries: Entries = ()
        self.extensions: x509.Extensions | None = None


def _load_tolerantly(data: bytes) -> OCSPResponse:
    return load_received_response(data, encoding=EncodingRules.TOLERANT)


_new = OCSPResponse.__new__
_STATUSES: Final = {status.value: status for status in OCSPResponseStatus}
_BASIC_DER: Final = encode_oid(oids.OCSP_BASIC)


def built_response(der: bytes) -> OCSPResponse:
    """Return the response *der* from the builder; it is read at the first access."""
    return _response(der, None, None)


def _response(
    der: bytes, layout: BasicResponseLayout | None, extra: _Extra | None
) -> OCSPResponse:
    response = _new(OCSPResponse)
    response._der = der
    response._layout = layout
    response._extra = extra
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


def _read_plainly(data: bytes) -> OCSPResponse:
    """
    Read the whole message.

    Raises:
        DecodeError: If its structure is wrong.
    """
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
        if status is _SUCCESSFUL:
            raise SchemaError(
                "missing, but the response is successful", path="responseBytes"
            )
        return _response(data, None, _Extra(status))
    layout = _read_bytes(data, after, end)
    if status is not _SUCCESSFUL:
        # RFC 6960 §4.2.1: an error has no responseBytes. Those that are present are
        # checked, but not part of the answer, so no property returns them.
        return _response(data, None, _Extra(status))
    return _response(data, layout, None)


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
    for unreadable in layout.certs.unreadable:
        unreadable.under("responseBytes")
    return layout


def _refuse_type(data: bytes, position: int, end: int) -> NoReturn:
    start, stop = oid(data, position, end, "responseType")
    raise SchemaError(
        f"{oid_text(data[start:stop])} is not id-pkix-ocsp-basic",
        path="responseType",
        offset=position,
    )
