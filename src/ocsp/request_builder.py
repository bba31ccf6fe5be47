"""
OCSPRequestBuilder: asking about certificates (RFC 6960 §4.1, RFC 9919 §3.1).

Rules of this file: a builder is a value; every method returns a new one. What is
written is canonical: no version, hash parameters NULL, no empty extension list.
"""

from __future__ import annotations

from typing import final

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ocsp import limits
from ocsp._der import SEQUENCE, encode
from ocsp.certid import CertID, check_certificates, check_hash
from ocsp.errors import BuildError
from ocsp.extensions import Extensions, append_extension, encode_extensions
from ocsp.request import OCSPRequest, load_der_ocsp_request

__all__ = ["OCSPRequestBuilder"]


@final
class OCSPRequestBuilder:
    """Builds a request about one certificate, or about several."""

    __slots__ = ("_allow_multiple", "_cert_ids", "_extensions")

    def __init__(self, *, allow_multiple: bool = False) -> None:
        """
        Start an empty request.

        Args:
            allow_multiple: Let the request ask about several certificates. Many
                responders answer no such request (RFC 9919 §3.1.1 forbids it in its
                profile).
        """
        self._allow_multiple = allow_multiple
        self._cert_ids: tuple[CertID, ...] = ()
        self._extensions: Extensions = ()

    def add_certificate(
        self,
        cert: x509.Certificate,
        issuer: x509.Certificate,
        algorithm: hashes.HashAlgorithm,
    ) -> OCSPRequestBuilder:
        """
        Ask about *cert*, issued by *issuer*.

        Not checked: that *issuer* issued *cert*.

        Args:
            cert: The certificate to ask about.

            issuer: The certificate of its issuer.

            algorithm: The hash that names the issuer: SHA-1, SHA-224, SHA-256,
                SHA-384 or SHA-512.

        Raises:
            BuildError: If there is a certificate already, or the hash is another one.
            TypeError: If *cert* or *issuer* is no certificate.
        """
        self._check_room()
        check_hash(algorithm)
        check_certificates(cert, issuer)
        return self._with(CertID.for_certificate(cert, issuer, algorithm))

    def add_certificate_by_hash(
        self,
        issuer_name_hash: bytes,
        issuer_key_hash: bytes,
        serial_number: int,
        algorithm: hashes.HashAlgorithm,
    ) -> OCSPRequestBuilder:
        """
        Ask about a certificate of which the hashes and the number are known.

        Args:
            issuer_name_hash: The hash of the DER of the issuer's name.

            issuer_key_hash: The hash of the content of the issuer's key BIT STRING.

            serial_number: The number of the certificate, not negative.

            algorithm: The hash that both were made with.

        Raises:
            BuildError: If there is a certificate already, the hash is another one, or
                a length does not fit it.
            TypeError: If an argument is of another type.
        """
        self._check_room()
        return self._with(
            CertID.from_hashes(
                issuer_name_hash, issuer_key_hash, serial_number, algorithm
            )
        )

    def add_certificate_by_id(self, cert_id: CertID) -> OCSPRequestBuilder:
        """
        Ask about the certificate that *cert_id* means.

        Raises:
            BuildError: If there is a certificate already.
            TypeError: If *cert_id* is not a :class:`CertID`.
        """
        self._check_room()
        if not isinstance(cert_id, CertID):
            raise TypeError("cert_id must be a CertID")
        return self._with(cert_id)

    def add_extension(
        self, extval: x509.ExtensionType, critical: bool
    ) -> OCSPRequestBuilder:
        """
        Add *extval* to the requestExtensions.

        Args:
            extval: The extension.

            critical: Whether a responder that does not know it must refuse. RFC 6960
                §4.4 advises against it.

        Raises:
            BuildError: If that extension is there already.
            TypeError: If *extval* is no extension.
        """
        builder = self._copy()
        builder._extensions = append_extension(self._extensions, extval, critical)
        return builder

    def build(self) -> OCSPRequest:
        """
        Return the request, unsigned.

        Raises:
            BuildError: If there is no certificate to ask about.
            NotImplementedError: If an extension cannot encode itself.
        """
        if not self._cert_ids:
            raise BuildError("You must add a certificate before building")
        requests = (encode(SEQUENCE, cert_id.der) for cert_id in self._cert_ids)
        tbs = encode(
            SEQUENCE,
            encode(SEQUENCE, *requests),
            encode_extensions(2, self._extensions),
        )
        return load_der_ocsp_request(
            encode(SEQUENCE, tbs), allow_multiple=self._allow_multiple
        )

    def _check_room(self) -> None:
        if self._cert_ids and not self._allow_multiple:
            raise BuildError("Only one certificate can be added to a request")
        if len(self._cert_ids) >= limits.MAX_ENTRIES:
            raise BuildError(
                f"more than MAX_ENTRIES = {limits.MAX_ENTRIES} certificates"
            )

    def _with(self, cert_id: CertID) -> OCSPRequestBuilder:
        builder = self._copy()
        builder._cert_ids = (*self._cert_ids, cert_id)
        return builder

    def _copy(self) -> OCSPRequestBuilder:
        builder = OCSPRequestBuilder(allow_multiple=self._allow_multiple)
        builder._cert_ids = self._cert_ids
        builder._extensions = self._extensions
        return builder
