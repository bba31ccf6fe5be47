"""
What the fetchers of one validation have fetched.

pyHanko reads it again, to embed it in the document.
"""

from __future__ import annotations

from collections.abc import Iterable

from asn1crypto import crl, ocsp  # type: ignore[import-untyped]
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp import limits
from ocsp.errors import LimitExceeded
from ocsp.signing.issued import is_issued_by

__all__ = ["Fetched"]


class Fetched:
    """
    The objects of one validation, by the certificates that they are about.

    Attributes:
        responses: The responses, by the DER of the certificate.

        crls: The CRLs that prove a status together, by the DER of the certificate.

        crl_signers: The certificates whose keys signed CRLs, by the DER of the CRL.

        certificates: The issuers that were fetched, by their DER.
    """

    def __init__(self, issuers: Iterable[x509.Certificate]) -> None:
        """
        Begin with nothing fetched.

        Args:
            issuers: Certificates of issuers that are known.
        """
        self.responses: dict[bytes, ocsp.OCSPResponse] = {}
        self.crls: dict[bytes, tuple[crl.CertificateList, ...]] = {}
        self.crl_signers: dict[bytes, asn1.Certificate] = {}
        self.certificates: dict[bytes, asn1.Certificate] = {}
        self._asked = 0
        self._issuers: dict[bytes, x509.Certificate] = {}
        for issuer in issuers:
            self.add_issuer(issuer)

    def count(self) -> None:
        """
        Count one more question to the client.

        Raises:
            LimitExceeded: If the validation has asked ``MAX_FETCHES`` questions.
        """
        self._asked += 1
        if self._asked > limits.MAX_FETCHES:
            raise LimitExceeded("MAX_FETCHES", self._asked, limits.MAX_FETCHES)

    def add_issuer(self, issuer: x509.Certificate) -> None:
        """Remember the certificate of an issuer."""
        self._issuers[issuer.fingerprint(hashes.SHA256())] = issuer

    def issuer_of(self, cert: x509.Certificate) -> x509.Certificate | None:
        """Return the known issuer whose key has signed *cert*, or ``None``."""
        known = self._issuers.values()
        return next((each for each in known if is_issued_by(cert, each)), None)

    def all_crls(self) -> list[crl.CertificateList]:
        """Return all CRLs, each once."""
        return list(
            {
                each.dump(): each for found in self.crls.values() for each in found
            }.values()
        )

    def keep_certificate(self, cert: x509.Certificate, found: asn1.Certificate) -> None:
        """Keep the certificate of an issuer that was fetched."""
        self.certificates[cert.public_bytes(Encoding.DER)] = found
        self.add_issuer(cert)
