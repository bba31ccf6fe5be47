"""
OCSPResponseBuilder: building a response (RFC 6960 §4.2, RFC 9919 §3.2).

A builder is immutable: every method returns a new one. Each method checks and encodes
its arguments at once, in the order of ``cryptography``; signing joins the parts. This
is the only module below the floors that do I/O that reads the clock, because ``sign``
of ``cryptography`` sets producedAt to the current time.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from functools import lru_cache
from time import time_ns
from typing import final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes,
)

from ocsp import limits
from ocsp.asn1.certificates import certificate_der, parts_of
from ocsp.asn1.der import (
    ENUMERATED,
    OCTET_STRING,
    SEQUENCE,
    context,
    encode,
    sequence,
)
from ocsp.asn1.names import check_name
from ocsp.asn1.times import encode_time
from ocsp.errors import BuildError, DecodeError
from ocsp.messages.certid import (
    CertID,
    check_octets,
    check_serial,
    encode_cert_id,
)
from ocsp.messages.extensions import (
    Extensions,
    SingleExtension,
    append_extension,
    encode_extensions,
)
from ocsp.messages.message import Builder, pluralise
from ocsp.messages.responses.batch import OCSPResponseBatch
from ocsp.messages.responses.encoding import encode_response, to_be_signed
from ocsp.messages.responses.response import OCSPResponse, built_response
from ocsp.messages.responses.single_response import single_response_content
from ocsp.messages.statuses import (
    OCSPCertStatus,
    OCSPResponderEncoding,
    OCSPResponseStatus,
    own_member,
)
from ocsp.signing.signer import (
    RSAPadding,
    Signer,
    matches_certificate,
    signature_scheme,
)

__all__ = ["OCSPResponseBuilder"]


@final
class OCSPResponseBuilder(Builder):
    """Builds a response for one certificate, or for several."""

    __slots__ = (
        "_allow_multiple",
        "_certs",
        "_extensions",
        "_produced_at",
        "_responder",
        "_responses",
    )

    def __init__(self, *, allow_multiple: bool = False) -> None:
        """
        Start an empty response.

        Args:
            allow_multiple: Allow several entries in the response.
        """
        self._allow_multiple = allow_multiple
        self._responses: tuple[bytes, ...] = ()
        self._responder: tuple[x509.Certificate, bytes] | None = None
        self._certs = b""
        self._extensions: Extensions = ()
        self._produced_at: bytes | None = None

    def add_response(
        self,
        cert: x509.Certificate,
        issuer: x509.Certificate,
        algorithm: hashes.HashAlgorithm,
        cert_status: OCSPCertStatus,
        this_update: datetime.datetime,
        next_update: datetime.datetime | None,
        revocation_time: datetime.datetime | None,
        revocation_reason: x509.ReasonFlags | None,
        *,
        single_extensions: Iterable[SingleExtension] = (),
    ) -> OCSPResponseBuilder:
        """
        Add an entry with the status of *cert*.

        Naive times are UTC; microseconds are dropped. Not checked: that *issuer*
        issued *cert*, and that the times are in order.

        Args:
            cert: The certificate.

            issuer: The certificate of its issuer.

            algorithm: The hash algorithm of the CertID: SHA-1, SHA-224, SHA-256,
                SHA-384 or SHA-512.

            cert_status: The status of the certificate.

            this_update: When the status was known to be correct.

            next_update: When newer information will be available, or ``None``.

            revocation_time: When the certificate was revoked: required for
                ``REVOKED``, ``None`` for every other status.

            revocation_reason: Why the certificate was revoked, or ``None``; only for
                ``REVOKED``.

            single_extensions: The singleExtensions of this entry; not critical unless
                given as ``x509.Extension``.

        Raises:
            BuildError: If the response already has an entry (or ``MAX_ENTRIES``), the
                hash algorithm is another one, or a revocation time or reason is given
                for a status other than ``REVOKED``.
            TypeError: If an argument is of another type.
        """
        self._check_room()
        content = single_response_content(
            encode_cert_id(cert, issuer, algorithm),
            cert_status,
            this_update,
            next_update,
            revocation_time,
            revocation_reason,
            single_extensions,
        )
        return self._with(content)

    def add_response_by_hash(
        self,
        issuer_name_hash: bytes,
        issuer_key_hash: bytes,
        serial_number: int,
        algorithm: hashes.HashAlgorithm,
        cert_status: OCSPCertStatus,
        this_update: datetime.datetime,
        next_update: datetime.datetime | None,
        revocation_time: datetime.datetime | None,
        revocation_reason: x509.ReasonFlags | None,
        *,
        single_extensions: Iterable[SingleExtension] = (),
    ) -> OCSPResponseBuilder:
        """
        Add an entry by the hashes of the issuer and the serial number.

        The arguments after *algorithm* are those of :meth:`add_response`.

        Args:
            issuer_name_hash: The hash of the DER of the issuer's name.

            issuer_key_hash: The hash of the content of the issuer's key BIT STRING.

            serial_number: The serial number of the certificate, not negative.

            algorithm: The hash algorithm of both hashes.

            cert_status: The status of the certificate.

            this_update: When the status was known to be correct.

            next_update: When newer information will be available, or ``None``.

            revocation_time: When the certificate was revoked.

            revocation_reason: Why the certificate was revoked, or ``None``.

            single_extensions: The singleExtensions of this entry.

        Raises:
            BuildError: As in :meth:`add_response`, or if the length of a hash does not
                fit the algorithm.
            TypeError: If an argument is of another type.
        """
        self._check_room()
        check_serial(serial_number)
        check_octets(issuer_name_hash, issuer_key_hash)
        cert_id = CertID.from_hashes(
            issuer_name_hash, issuer_key_hash, serial_number, algorithm
        )
        content = single_response_content(
            cert_id.der,
            cert_status,
            this_update,
            next_update,
            revocation_time,
            revocation_reason,
            single_extensions,
        )
        return self._with(content)

    def add_response_by_id(
        self,
        cert_id: CertID,
        cert_status: OCSPCertStatus,
        this_update: datetime.datetime,
        next_update: datetime.datetime | None,
        revocation_time: datetime.datetime | None,
        revocation_reason: x509.ReasonFlags | None,
        *,
        single_extensions: Iterable[SingleExtension] = (),
    ) -> OCSPResponseBuilder:
        """
        Add an entry with the status of the certificate that *cert_id* identifies.

        A CertID from a request is written with the same octets, because clients expect
        the CertID that they sent. The arguments after *cert_id* are those of
        :meth:`add_response`.

        Raises:
            BuildError: As in :meth:`add_response`.
            TypeError: If an argument is of another type.
        """
        self._check_room()
        if not isinstance(cert_id, CertID):
            raise TypeError("cert_id must be a CertID")
        content = single_response_content(
            cert_id.der,
            cert_status,
            this_update,
            next_update,
            revocation_time,
            revocation_reason,
            single_extensions,
        )
        return self._with(content)

    def certificates(self, certs: Iterable[x509.Certificate]) -> OCSPResponseBuilder:
        """
        Include *certs*, with which clients verify the signature.

        A delegated responder must include its own certificate (RFC 9919 §3.2.2).

        Raises:
            BuildError: If *certs* is empty or exceeds ``MAX_CERTIFICATES``, or
                certificates are already set.
            TypeError: If one is not a certificate.
        """
        if self._certs:
            raise BuildError("certificates may only be set once")
        chosen = tuple(certs)
        if not chosen:
            raise BuildError("certs must not be an empty list")
        if len(chosen) > limits.MAX_CERTIFICATES:
            raise BuildError(
                f"more than MAX_CERTIFICATES = {limits.MAX_CERTIFICATES} certificates"
            )
        if not all(isinstance(cert, x509.Certificate) for cert in chosen):
            raise TypeError("certs must be a list of Certificates")
        builder = self._copy()
        chain = encode(SEQUENCE, *map(certificate_der, chosen))
        builder._certs = encode(context(0), chain)
        return builder

    def responder_id(
        self, encoding: OCSPResponderEncoding, responder_cert: x509.Certificate
    ) -> OCSPResponseBuilder:
        """
        Set responderID, which identifies the signer.

        Args:
            encoding: ``HASH``, which new responders must use (RFC 9919 §3.2.2), or
                ``NAME``.

            responder_cert: The certificate of the key that will sign.

        Raises:
            BuildError: If responderID is already set.
            TypeError: If an argument is of another type.
        """
        if self._responder is not None:
            raise BuildError("responder_id can only be set once")
        if not isinstance(responder_cert, x509.Certificate):
            raise TypeError("responder_cert must be a Certificate")
        refusal = "encoding must be an element from OCSPResponderEncoding"
        own = own_member(OCSPResponderEncoding, encoding, refusal)
        builder = self._copy()
        builder._responder = responder_cert, _responder_id(own, responder_cert)
        return builder

    def add_extension(
        self, extval: x509.ExtensionType, critical: bool
    ) -> OCSPResponseBuilder:
        """
        Add *extval* to the responseExtensions.

        Args:
            extval: The extension.

            critical: Whether a client that does not know the extension must reject the
                response. RFC 6960 §4.4 advises against it.

        Raises:
            BuildError: If the response already has this extension.
            TypeError: If *extval* is not an extension.
        """
        builder = self._copy()
        builder._extensions = append_extension(self._extensions, extval, critical)
        return builder

    def produced_at(self, moment: datetime.datetime) -> OCSPResponseBuilder:
        """
        Set producedAt, which is the current time by default.

        Args:
            moment: The time; a naive one is UTC, microseconds are dropped.

        Raises:
            TypeError: If *moment* is not a datetime.
        """
        if not isinstance(moment, datetime.datetime):
            raise TypeError("produced_at must be a datetime object")
        builder = self._copy()
        builder._produced_at = encode_time(moment)
        return builder

    def sign(
        self,
        private_key: CertificateIssuerPrivateKeyTypes,
        algorithm: hashes.HashAlgorithm | None,
        *,
        rsa_padding: RSAPadding | None = None,
    ) -> OCSPResponse:
        """
        Sign with a key of ``cryptography``, and return the successful response.

        Args:
            private_key: The key of the certificate given to :meth:`responder_id`.

            algorithm: The hash; ``None`` for Ed25519, Ed448 and ML-DSA.

            rsa_padding: ``padding.PSS`` for a PSS signature with an RSA key; PKCS #1
                v1.5 by default.

        Raises:
            BuildError: If there is no entry or no responderID, a hash was given for a
                key that needs none, or the key does not belong to the certificate.
            NotImplementedError: If an extension has no ``public_bytes`` of its own.
            TypeError: If the key or the hash is of another type.
            UnsupportedAlgorithm: If the hash is not supported for signatures.
        """
        tbs, responder_cert = self._tbs()
        scheme = signature_scheme(private_key, algorithm, rsa_padding)
        signature = scheme.sign(private_key, tbs)
        if not matches_certificate(private_key, responder_cert):
            raise BuildError(
                "Certificate public key and provided private key do not match"
            )
        return built_response(
            encode_response(tbs, scheme.identifier, signature, self._certs)
        )

    def sign_with(self, signer: Signer) -> OCSPResponse:
        """
        Sign with any :class:`Signer`, and return the successful response.

        Raises:
            BuildError: If there is no entry or no responderID, or the signer's
                certificate is not the one given to :meth:`responder_id`.
            NotImplementedError: If an extension has no ``public_bytes`` of its own.
            SignerUnavailable: If the signer cannot sign now.
        """
        tbs, responder_cert = self._tbs()
        _check_signer(signer, responder_cert)
        identifier, signature = signer.algorithm_identifier, signer.sign(tbs)
        return built_response(encode_response(tbs, identifier, signature, self._certs))

    def batch(self, signer: Signer) -> OCSPResponseBatch:
        """
        Return an object that signs many responses with the settings of this builder.

        Their producedAt is that of this builder, or the time of this call.

        Args:
            signer: The signer, with the certificate given to :meth:`responder_id`.

        Raises:
            BuildError: If this builder has an entry or no responderID, or the signer
                has another certificate.
            NotImplementedError: If an extension has no ``public_bytes`` of its own.
        """
        if self._responses:
            raise BuildError("batch() needs a builder without a response")
        responder_cert, before, after = self._response_data_parts()
        _check_signer(signer, responder_cert)
        return OCSPResponseBatch(before, after, self._certs, signer)

    @classmethod
    def build_unsuccessful(cls, response_status: OCSPResponseStatus) -> OCSPResponse:
        """
        Return an error response, which has no signature (RFC 6960 §2.3).

        Args:
            response_status: The error.

        Raises:
            BuildError: If *response_status* is ``SUCCESSFUL``.
            TypeError: If it is not an :class:`OCSPResponseStatus`.
        """
        refusal = "response_status must be an item from OCSPResponseStatus"
        status = own_member(OCSPResponseStatus, response_status, refusal)
        if status is OCSPResponseStatus.SUCCESSFUL:
            raise BuildError("response_status cannot be SUCCESSFUL")
        encoded = encode(ENUMERATED, bytes((status.value,)))
        return built_response(encode(SEQUENCE, encoded))

    def __repr__(self) -> str:
        entries = pluralise(len(self._responses), "response")
        extensions = pluralise(len(self._extensions), "extension")
        return f"<OCSPResponseBuilder({entries}, {extensions})>"

    def _check_room(self) -> None:
        """Check that the response may have one more entry."""
        if self._responses and not self._allow_multiple:
            raise BuildError("Only one response per OCSPResponse.")
        if len(self._responses) >= limits.MAX_ENTRIES:
            raise BuildError(f"more than MAX_ENTRIES = {limits.MAX_ENTRIES} responses")

    def _with(self, content: bytes) -> OCSPResponseBuilder:
        builder = self._copy()
        builder._responses = (*self._responses, sequence(content))
        return builder

    def _copy(self) -> OCSPResponseBuilder:
        builder = object.__new__(OCSPResponseBuilder)
        builder._allow_multiple = self._allow_multiple
        builder._responses = self._responses
        builder._responder = self._responder
        builder._certs = self._certs
        builder._extensions = self._extensions
        builder._produced_at = self._produced_at
        return builder

    def _response_data_parts(self) -> tuple[x509.Certificate, bytes, bytes]:
        """Return the signer's certificate, and the DER before and after the entries."""
        if self._responder is None:
            raise BuildError("You must add a responder_id before signing")
        responder_cert, responder_id = self._responder
        produced_at = self._produced_at or _encode_second(time_ns() // 1_000_000_000)
        after = encode_extensions(1, self._extensions) if self._extensions else b""
        return responder_cert, responder_id + produced_at, after

    def _tbs(self) -> tuple[bytes, x509.Certificate]:
        """Return tbsResponseData, and the certificate of the signer."""
        if not self._responses:
            raise BuildError("You must add a response before signing")
        responder_cert, before, after = self._response_data_parts()
        entries = b"".join(self._responses)
        return to_be_signed(before, entries, after), responder_cert


def _check_signer(signer: Signer, responder_cert: x509.Certificate) -> None:
    if signer.certificate != responder_cert:
        raise BuildError("the certificate of the signer is not that of responder_id()")


@lru_cache(maxsize=4)
def _encode_second(second: int) -> bytes:
    """Return the GeneralizedTime of *second*, counted from 1970."""
    return encode_time(datetime.datetime.fromtimestamp(second, datetime.UTC))


_NAME = OCSPResponderEncoding.NAME
_BY_KEY = encode(context(2), encode(OCTET_STRING, bytes(20)))[:-20]
"""The DER of byKey before the SHA-1 of the key (RFC 6960 §4.2.1)."""


def _responder_id(encoding: OCSPResponderEncoding, cert: x509.Certificate) -> bytes:
    parts = parts_of(cert)
    if encoding is _NAME:
        _check_size_of(parts.subject)
        return encode(context(1), parts.subject)
    return _BY_KEY + parts.key_hash


def _check_size_of(name: bytes) -> None:
    """
    Check that the reader accepts the name.

    Raises:
        BuildError: If it is malformed, or exceeds ``MAX_NAME_ATTRIBUTES``.
    """
    try:
        check_name(name, 0, len(name), "responder_cert.subject")
    except DecodeError as error:
        raise BuildError(str(error)) from error
