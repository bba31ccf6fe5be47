"""
OCSPRequestBuilder: building a request (RFC 6960 §4.1, RFC 9919 §3.1).

A builder is immutable: every method returns a new one. The DER is canonical: no
version, hash parameters NULL, no empty extension list.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes,
)

from ocsp import limits
from ocsp.asn1.der import SEQUENCE, encode, sequence
from ocsp.errors import BuildError, DecodeError
from ocsp.messages.certid import (
    CertID,
    check_hash,
    check_octets,
    check_serial,
    encode_cert_id,
)
from ocsp.messages.extensions import (
    Extensions,
    SingleExtension,
    append_extension,
    encode_extensions,
    normalise_extensions,
)
from ocsp.messages.message import Builder, check_built, pluralise
from ocsp.messages.requests.request import OCSPRequest, load_der_ocsp_request
from ocsp.messages.requests.request_signature import (
    encode_request_signature,
    encode_requestor_name,
)
from ocsp.signing.signer import RSAPadding, Signer, signature_scheme

__all__ = ["OCSPRequestBuilder"]


@final
class OCSPRequestBuilder(Builder):
    """Builds a request for the status of one certificate, or of several."""

    __slots__ = ("_allow_multiple", "_extensions", "_requestor_name", "_requests")

    def __init__(self, *, allow_multiple: bool = False) -> None:
        """
        Start an empty request.

        Args:
            allow_multiple: Allow several certificates in the request. Many responders
                do not answer such a request (the profile of RFC 9919 §3.1.1 forbids
                it).
        """
        self._allow_multiple = allow_multiple
        self._requests: tuple[bytes, ...] = ()
        self._extensions: Extensions = ()
        self._requestor_name: x509.GeneralName | None = None

    def add_certificate(
        self,
        cert: x509.Certificate,
        issuer: x509.Certificate,
        algorithm: hashes.HashAlgorithm,
        *,
        single_extensions: Iterable[SingleExtension] = (),
    ) -> OCSPRequestBuilder:
        """
        Add *cert*, issued by *issuer*.

        Not checked: that *issuer* issued *cert*.

        Args:
            cert: The certificate.

            issuer: The certificate of its issuer.

            algorithm: The hash algorithm of the CertID: SHA-1, SHA-224, SHA-256,
                SHA-384 or SHA-512.

            single_extensions: The singleRequestExtensions of this entry; not critical
                unless given as ``x509.Extension``. The profile of RFC 9919 §3.1.1 has
                none.

        Raises:
            BuildError: If the request already has a certificate (or ``MAX_ENTRIES``),
                or the hash algorithm is another one.
            TypeError: If *cert* or *issuer* is not a certificate.
        """
        self._check_room()
        check_hash(algorithm)
        cert_id = encode_cert_id(cert, issuer, algorithm)
        return self._with(cert_id, single_extensions)

    def add_certificate_by_hash(
        self,
        issuer_name_hash: bytes,
        issuer_key_hash: bytes,
        serial_number: int,
        algorithm: hashes.HashAlgorithm,
        *,
        single_extensions: Iterable[SingleExtension] = (),
    ) -> OCSPRequestBuilder:
        """
        Add a certificate by the hashes of its issuer and its serial number.

        Args:
            issuer_name_hash: The hash of the DER of the issuer's name.

            issuer_key_hash: The hash of the content of the issuer's key BIT STRING.

            serial_number: The serial number of the certificate, not negative.

            algorithm: The hash algorithm of both hashes.

            single_extensions: As for :meth:`add_certificate`.

        Raises:
            BuildError: If the request already has a certificate (or ``MAX_ENTRIES``),
                the hash algorithm is another one, or the length of a hash does not
                fit it.
            TypeError: If an argument is of another type.
        """
        self._check_room()
        # In the order of cryptography; a compiled CertID checks the types first.
        check_serial(serial_number)
        check_hash(algorithm)
        check_octets(issuer_name_hash, issuer_key_hash)
        cert_id = CertID.from_hashes(
            issuer_name_hash, issuer_key_hash, serial_number, algorithm
        )
        return self._with(cert_id.der, single_extensions)

    def add_certificate_by_id(
        self, cert_id: CertID, *, single_extensions: Iterable[SingleExtension] = ()
    ) -> OCSPRequestBuilder:
        """
        Add the certificate that *cert_id* identifies.

        Args:
            cert_id: The CertID; one from a message is written with the same octets.

            single_extensions: As for :meth:`add_certificate`.

        Raises:
            BuildError: If the request already has a certificate (or ``MAX_ENTRIES``).
            TypeError: If *cert_id* is not a :class:`CertID`.
        """
        self._check_room()
        if not isinstance(cert_id, CertID):
            raise TypeError("cert_id must be a CertID")
        return self._with(cert_id.der, single_extensions)

    def add_extension(
        self, extval: x509.ExtensionType, critical: bool
    ) -> OCSPRequestBuilder:
        """
        Add *extval* to the requestExtensions.

        Args:
            extval: The extension.

            critical: Whether a responder that does not know the extension must reject
                the request. RFC 6960 §4.4 advises against it.

        Raises:
            BuildError: If the request already has this extension.
            TypeError: If *extval* is not an extension.
        """
        builder = self._copy()
        builder._extensions = append_extension(self._extensions, extval, critical)
        return builder

    def requestor_name(self, name: x509.GeneralName) -> OCSPRequestBuilder:
        """
        Set requestorName, which a signed request must have (RFC 6960 §4.1.2).

        Args:
            name: For a signed request the signer's subject, as ``x509.DirectoryName``.

        Raises:
            BuildError: If the name is already set.
            TypeError: If *name* is not an ``x509.GeneralName``.
        """
        if self._requestor_name is not None:
            raise BuildError("requestor_name can only be set once")
        if not isinstance(name, x509.GeneralName):
            raise TypeError("name must be a GeneralName")
        builder = self._copy()
        builder._requestor_name = name
        return builder

    def build(self) -> OCSPRequest:
        """
        Return the request without a signature.

        Raises:
            BuildError: If no certificate was added, or the request exceeds a limit.
            NotImplementedError: If an extension has no ``public_bytes`` of its own.
        """
        return self._request(self._tbs(), b"")

    def sign(
        self,
        private_key: CertificateIssuerPrivateKeyTypes,
        algorithm: hashes.HashAlgorithm | None,
        certificates: Iterable[x509.Certificate] = (),
        *,
        rsa_padding: RSAPadding | None = None,
    ) -> OCSPRequest:
        """
        Sign with a key of ``cryptography``, and return the request.

        Not checked: that the key belongs to the first certificate.

        Args:
            private_key: The key of the requestor.

            algorithm: The hash; ``None`` for Ed25519, Ed448 and ML-DSA.

            certificates: The certificates to include, the signer's first.

            rsa_padding: ``padding.PSS`` for a PSS signature with an RSA key; PKCS #1
                v1.5 by default.

        Raises:
            BuildError: If no certificate was added, requestorName is not set, there
                are too many certificates, or a hash was given for a key that needs
                none.
            NotImplementedError: If an extension has no ``public_bytes`` of its own.
            TypeError: If the key, the hash or a certificate is of another type.
            UnsupportedAlgorithm: If the hash is not supported for signatures.
        """
        tbs, chosen = self._named_tbs(), _checked(certificates)
        scheme = signature_scheme(private_key, algorithm, rsa_padding)
        signature = scheme.sign(private_key, tbs)
        return self._signed(tbs, scheme.identifier, signature, chosen)

    def sign_with(
        self, signer: Signer, chain: Iterable[x509.Certificate] = ()
    ) -> OCSPRequest:
        """
        Sign with any :class:`Signer`, and include its certificate.

        Args:
            signer: The signer.

            chain: More certificates to include.

        Raises:
            BuildError: As in :meth:`sign`.
            NotImplementedError: If an extension has no ``public_bytes`` of its own.
            TypeError: If an item of *chain* is not a certificate.
            SignerUnavailable: If the signer cannot sign now.
        """
        tbs, chosen = self._named_tbs(), _checked((signer.certificate, *chain))
        identifier = signer.algorithm_identifier
        return self._signed(tbs, identifier, signer.sign(tbs), chosen)

    def _tbs(self) -> bytes:
        if not self._requests:
            raise BuildError("You must add a certificate before building")
        return encode(
            SEQUENCE,
            encode_requestor_name(self._requestor_name),
            encode(SEQUENCE, *self._requests),
            encode_extensions(2, self._extensions),
        )

    def _named_tbs(self) -> bytes:
        if self._requestor_name is None:
            raise BuildError(
                "a signed request must have a requestorName: call requestor_name()"
            )
        return self._tbs()

    def _signed(
        self,
        tbs: bytes,
        identifier: bytes,
        signature: bytes,
        certificates: tuple[x509.Certificate, ...],
    ) -> OCSPRequest:
        signed = encode_request_signature(identifier, signature, certificates)
        return self._request(tbs, signed)

    def _request(self, tbs: bytes, signed: bytes) -> OCSPRequest:
        der = check_built(encode(SEQUENCE, tbs, signed))
        try:
            return load_der_ocsp_request(der, allow_multiple=self._allow_multiple)
        except DecodeError as error:
            raise BuildError(str(error)) from error  # such as a name over a limit

    def _check_room(self) -> None:
        if self._requests and not self._allow_multiple:
            raise BuildError("Only one certificate can be added to a request")
        if len(self._requests) >= limits.MAX_ENTRIES:
            raise BuildError(
                f"more than MAX_ENTRIES = {limits.MAX_ENTRIES} certificates"
            )

    def _with(
        self, cert_id: bytes, single_extensions: Iterable[SingleExtension]
    ) -> OCSPRequestBuilder:
        builder = self._copy()
        extensions = encode_extensions(0, normalise_extensions(single_extensions))
        builder._requests = (*self._requests, sequence(cert_id + extensions))
        return builder

    def _copy(self) -> OCSPRequestBuilder:
        builder = OCSPRequestBuilder(allow_multiple=self._allow_multiple)
        builder._requests = self._requests
        builder._extensions = self._extensions
        builder._requestor_name = self._requestor_name
        return builder

    def __repr__(self) -> str:
        entries = pluralise(len(self._requests), "certificate")
        extensions = pluralise(len(self._extensions), "extension")
        return f"<OCSPRequestBuilder({entries}, {extensions})>"


def _checked(certificates: Iterable[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    """
    Return the certificates to include.

    Raises:
        BuildError: If there are more than ``MAX_CERTIFICATES``.
        TypeError: If one is not a certificate.
    """
    chosen = tuple(certificates)
    if len(chosen) > limits.MAX_CERTIFICATES:
        raise BuildError(
            f"more than MAX_CERTIFICATES = {limits.MAX_CERTIFICATES} certificates"
        )
    if not all(isinstance(cert, x509.Certificate) for cert in chosen):
        raise TypeError("certificates must be a list of Certificates")
    return chosen
