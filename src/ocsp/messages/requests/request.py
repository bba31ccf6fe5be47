"""
OCSPRequest: a request as an object (RFC 6960 §4.1).

::

    OCSPRequest ::= SEQUENCE {
        tbsRequest            TBSRequest,
        optionalSignature [0] EXPLICIT Signature OPTIONAL }
    TBSRequest ::= SEQUENCE {
        version           [0] EXPLICIT Version DEFAULT v1,
        requestorName     [1] EXPLICIT GeneralName OPTIONAL,
        requestList           SEQUENCE OF Request,
        requestExtensions [2] EXPLICIT Extensions OPTIONAL }

Loading checks the whole structure; values are decoded at the first access. The request
keeps the octets that were loaded, and returns them unchanged.
"""

from __future__ import annotations

from typing import Final, NoReturn, final

from cryptography.hazmat.primitives import hashes

from ocsp.asn1 import oids
from ocsp.asn1.algorithms import algorithm_identifier, cert_id_hash, signature_hash
from ocsp.asn1.der import Deviation
from ocsp.asn1.signature_algorithms import SignatureParameters
from ocsp.errors import DecodeError, MultipleRequestsError, SignatureInvalid
from ocsp.later import x509
from ocsp.messages.certid import CertID, cert_id_at
from ocsp.messages.extensions import nonce_octets
from ocsp.messages.message import (
    Encoding,
    EncodingRules,
    Received,
    SupportsDER,
    check_rules,
    der_of,
    require_der,
    shown_entries,
)
from ocsp.messages.requests.layouts import (
    RequestLayout,
    find_layout,
    read_by_pieces,
    read_request,
)
from ocsp.messages.requests.request_signature import (
    read_request_signature,
    read_requestor_name,
    tbs_request,
)
from ocsp.messages.requests.single_request import (
    OCSPSingleRequest,
    single_request_at,
)

__all__ = ["OCSPRequest", "load_der_ocsp_request", "own_request"]


_DER: Final = EncodingRules.DER  # looking up an enumeration member is slow


def load_der_ocsp_request(
    data: bytes,
    *,
    allow_multiple: bool = False,
    encoding: EncodingRules = _DER,
) -> OCSPRequest:
    """
    Read a DER-encoded OCSP request.

    Checks the structure only. A signature on the request is decoded at its first
    access, and only :meth:`OCSPRequest.verify_signature` verifies it.

    Args:
        data: The request, which must be ``bytes``.

        allow_multiple: Accept a request for several certificates, which are in
            :attr:`OCSPRequest.requests`.

        encoding: The encodings to accept: DER only, or also BER and the deviations
            from DER that OpenSSL accepts.

    Returns:
        The request, which keeps *data* unchanged.

    Raises:
        DecodeError: If *data* is not an OCSP request in canonical DER, or in an
            encoding that *encoding* accepts; a ``ValueError`` that names the field and
            the offset.
        MultipleRequestsError: If the request has several entries and *allow_multiple*
            is false; a ``NotImplementedError``.
        TypeError: If *data* is not ``bytes``.
    """
    if encoding is not _DER:
        check_rules(encoding)
    layout = None
    if type(data) is bytes:
        layout = find_layout(data) or read_by_pieces(data)
    received = None
    if layout is None or (layout.signed and encoding is not _DER):
        layout, received = _read(data, encoding)
        if layout.only is None and not allow_multiple:
            raise MultipleRequestsError(len(layout.entries))
    request = _new(OCSPRequest)
    request._der = data if received is None else received.der
    request._received = received
    request._layout = layout
    request._cached_extensions = None
    return request


@final
class OCSPRequest:
    """
    A request for the status of one certificate, or of several.

    Its contents are not verified, and most requests are not signed. Immutable; equal
    requests have equal DER.
    """

    __slots__ = ("_cached_extensions", "_der", "_layout", "_received")

    _der: bytes  # the octets that _layout is about: the message in DER
    _received: Received | None  # what was received instead, if that was not DER
    _layout: RequestLayout
    _cached_extensions: x509.Extensions | None

    def __init__(self) -> None:
        raise TypeError("OCSPRequest comes from load_der_ocsp_request()")

    @property
    def requests(self) -> tuple[OCSPSingleRequest, ...]:
        """The entries, in order; only one, unless loaded with ``allow_multiple``."""
        layout = self._layout
        if layout.only is None:
            return layout.entries
        return (single_request_at(self._der[layout.entry], layout.only),)

    @property
    def cert_ids(self) -> tuple[CertID, ...]:
        """The CertIDs of the entries, in order."""
        layout = self._layout
        if layout.only is None:
            return tuple(entry.cert_id for entry in layout.entries)
        return (cert_id_at(self._der[layout.entry], layout.only.cert_id),)

    @property
    def _only_nonce(self) -> bytes | None:
        """
        The nonce if the request has no other extension; empty if it has none at all.

        ``None`` if it has other extensions. Most requests need no more than this.
        """
        layout = self._layout
        extensions = layout.extensions
        if layout.only is None:
            if any(entry._layout.extensions for entry in layout.entries):
                return None
        elif layout.only.extensions:
            return None
        if not extensions:
            return b""
        oid, _, value = extensions[0]
        if len(extensions) > 1 or oid != oids.NONCE:
            return None
        return nonce_octets(self._der[value]) or None

    def _refuse(self) -> NoReturn:
        """Raise the error for a property of one entry, as there are several."""
        raise MultipleRequestsError(len(self._layout.entries))

    @property
    def issuer_key_hash(self) -> bytes:
        """The hash of the issuer's key, computed with :attr:`hash_algorithm`."""
        layout = self._layout
        cert_id = (layout.only or self._refuse()).cert_id
        return self._der[layout.entry][cert_id.key_hash]

    @property
    def issuer_name_hash(self) -> bytes:
        """The hash of the issuer's name, computed with :attr:`hash_algorithm`."""
        layout = self._layout
        cert_id = (layout.only or self._refuse()).cert_id
        return self._der[layout.entry][cert_id.name_hash]

    @property
    def hash_algorithm(self) -> hashes.HashAlgorithm:
        """
        The algorithm of both hashes.

        Raises:
            UnsupportedAlgorithm: If it is not known.
        """
        cert_id = (self._layout.only or self._refuse()).cert_id
        return cert_id.hash or cert_id_hash(cert_id.algorithm)

    @property
    def serial_number(self) -> int:
        """The serial number of the certificate."""
        layout = self._layout
        cert_id = (layout.only or self._refuse()).cert_id
        return int.from_bytes(self._der[layout.entry][cert_id.serial], signed=True)

    @property
    def extensions(self) -> x509.Extensions:
        """
        The requestExtensions; the same object at each access.

        Raises:
            x509.DuplicateExtension: If the list has an extension twice.
            DecodeError: If a known extension has a malformed value.
        """
        if self._cached_extensions is None:
            from ocsp.messages.extension_values import (
                REQUEST_EXTENSIONS,
                decode_extensions,
            )

            self._cached_extensions = decode_extensions(
                self._der,
                self._layout.extensions,
                REQUEST_EXTENSIONS,
                "requestExtensions",
            )
        return self._cached_extensions

    @property
    def requestor_name(self) -> x509.GeneralName | None:
        """
        The name of the requestor (``requestorName``), or ``None``.

        Any client can write any name into an unsigned request. RFC 9919 §3.1.2: a
        responder treats the name in an unsigned request as absent.

        Raises:
            DecodeError: If ``cryptography`` has no class for the name.
        """
        return read_requestor_name(self._der)

    @property
    def tbs_request_bytes(self) -> bytes:
        """The octets that a signature covers (``tbsRequest``), exactly as received."""
        if self._received is None:
            return self._der[tbs_request(self._der)]
        return self._received.tbs

    @property
    def tolerated(self) -> tuple[Deviation, ...]:
        """How the encoding deviates from DER; empty unless read with ``TOLERANT``."""
        return () if self._received is None else self._received.tolerated

    @property
    def signature(self) -> bytes | None:
        """
        The signature, which is not verified, or ``None`` if the request is not signed.

        Raises:
            DecodeError: If optionalSignature is malformed. Such a request loads, as in
                ``cryptography``.
        """
        signed = read_request_signature(self._der)
        return None if signed is None else signed.signature

    @property
    def signature_algorithm_oid(self) -> x509.ObjectIdentifier | None:
        """
        The object identifier of the signature algorithm, or ``None``.

        Raises:
            DecodeError: As for :attr:`signature`.
        """
        signed = read_request_signature(self._der)
        if signed is None:
            return None
        return oids.identifier(algorithm_identifier(signed.algorithm).oid)

    @property
    def signature_algorithm_identifier(self) -> bytes | None:
        """
        The DER of the AlgorithmIdentifier with its parameters, or ``None``.

        Raises:
            DecodeError: As for :attr:`signature`.
        """
        signed = read_request_signature(self._der)
        return None if signed is None else signed.algorithm

    @property
    def signature_hash_algorithm(self) -> hashes.HashAlgorithm | None:
        """
        The hash of the signature, or ``None``.

        ``None`` if the request is not signed, or the scheme has no separate hash.

        Raises:
            UnsupportedAlgorithm: If the signature algorithm is not known.
            DecodeError: As for :attr:`signature`.
        """
        signed = read_request_signature(self._der)
        return None if signed is None else signature_hash(signed.algorithm)

    @property
    def signature_algorithm_parameters(self) -> SignatureParameters:
        """
        The parameters for the key's ``verify``, beside the hash.

        As for a response (:attr:`OCSPResponse.signature_algorithm_parameters`); also
        ``None`` if the request is not signed.

        Raises:
            UnsupportedAlgorithm: If the signature algorithm is not known.
            DecodeError: As for :attr:`signature`.
        """
        from ocsp.signing.signatures import signature_parameters

        signed = read_request_signature(self._der)
        return None if signed is None else signature_parameters(signed.algorithm)

    @property
    def certificates(self) -> list[x509.Certificate]:
        """
        The certificates in optionalSignature; a new list at each access.

        Raises:
            DecodeError: As for :attr:`signature`.
        """
        signed = read_request_signature(self._der)
        return [] if signed is None else list(signed.certificates)

    def verify_signature(
        self, certificate: x509.Certificate | None = None
    ) -> x509.Certificate:
        """
        Verify the signature of the request, and return the signer's certificate.

        Not checked: whether the requestor is authorised. The validity and the issuer of
        the certificate are not checked, and requestorName may differ from its subject;
        RFC 6960 §4.1.2 leaves that to the responder's policy.

        Args:
            certificate: The certificate of the key that must have signed. By default
                the first certificate in the request.

        Raises:
            SignatureInvalid: If there is no signature or no certificate, another key
                has signed, the key cannot be read, or the key is for PSS only and the
                signature is not PSS.
            TypeError: If *certificate* is not a certificate.
            UnsupportedAlgorithm: If the algorithm is not known, or its hash is weak.
            DecodeError: As for :attr:`signature`.
        """
        from ocsp.signing.signatures import check_signature_of

        if certificate is not None and not isinstance(certificate, x509.Certificate):
            raise TypeError("certificate must be a Certificate")
        signed = read_request_signature(self._der)
        if signed is None:
            raise SignatureInvalid("the request is not signed")
        signer = certificate or next(iter(signed.certificates), None)
        if signer is None:
            raise SignatureInvalid("the request contains no certificate: give one")
        check_signature_of(
            signer, signed.algorithm, signed.signature, self.tbs_request_bytes
        )
        return signer

    def public_bytes(self, encoding: Encoding) -> bytes:
        """
        Return the request in DER, exactly as it was loaded.

        Also a request with :attr:`tolerated` deviations is returned as it was loaded.

        Raises:
            TypeError: If *encoding* is not an ``Encoding``.
            ValueError: If *encoding* is not ``Encoding.DER``.
        """
        return require_der(self._octets, encoding)

    @property
    def _octets(self) -> bytes:
        return self._der if self._received is None else self._received.octets

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, OCSPRequest):
            return NotImplemented
        return self._octets == other._octets

    def __hash__(self) -> int:
        return hash(self._octets)

    def __repr__(self) -> str:
        entries = shown_entries([entry.cert_id for entry in self.requests])
        signed = ", signed, unverified" if self._layout.signed else ""
        return f"<OCSPRequest({entries}{signed})>"

    def __reduce__(self) -> tuple[object, ...]:
        if self._received is None:
            return _load_multiple, (self._der,)
        return _load_tolerantly, (self._received.octets,)


def own_request(request: SupportsDER) -> OCSPRequest:
    """
    Return *request*; load its DER if it is an object of another package.

    Raises:
        DecodeError: If :func:`load_der_ocsp_request` refuses its DER.
        TypeError: If *request* is not a message.
    """
    if isinstance(request, OCSPRequest):
        return request
    return _load_multiple(der_of(request, "request must be an OCSPRequest"))


def _load_multiple(data: bytes) -> OCSPRequest:
    return load_der_ocsp_request(data, allow_multiple=True)


def _load_tolerantly(data: bytes) -> OCSPRequest:
    return load_der_ocsp_request(
        data, allow_multiple=True, encoding=EncodingRules.TOLERANT
    )


_new = OCSPRequest.__new__


def _read(
    data: bytes, encoding: EncodingRules
) -> tuple[RequestLayout, Received | None]:
    layout = None
    try:
        layout = read_request(data)
        if layout.signed and encoding is not _DER:
            read_request_signature(data)  # which loading does not check otherwise
    except DecodeError as error:
        if encoding is _DER:
            raise
        # Imported here: few programs meet a message that is not DER.
        from ocsp.messages.tolerant_reader import read_tolerantly, rewrite_request

        try:
            return read_tolerantly(data, error, rewrite_request, read_request)
        except DecodeError:
            if layout is None:
                raise
    return layout, None
