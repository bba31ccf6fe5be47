"""
What the fetchers of one validation context have fetched.

pyHanko reads it again, to embed it in the document. What has ended is left out, so that
a context that lives long fetches again.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from typing import NamedTuple

from asn1crypto import crl, ocsp  # type: ignore[import-untyped]
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp import limits
from ocsp.errors import LimitExceeded
from ocsp.signing.issued import issuer_among

__all__ = ["Clock", "Fetched"]


Clock = Callable[[], datetime.datetime]

_NEVER = datetime.datetime.max.replace(tzinfo=datetime.UTC)
"""The end of what does not end."""


class _Response(NamedTuple):
    """A response, and its end."""

    response: ocsp.OCSPResponse
    until: datetime.datetime


class _CRLs(NamedTuple):
    """CRLs that prove a status together, and the end of the proof."""

    crls: tuple[crl.CertificateList, ...]
    until: datetime.datetime


class Fetched:
    """
    The objects of one validation context, by the certificates that they are about.

    Attributes:
        crl_signers: The certificates whose keys signed CRLs, by the DER of the CRL.

        certificates: The issuers that were fetched, by their DER.
    """

    def __init__(self, issuers: Iterable[x509.Certificate], clock: Clock) -> None:
        """
        Begin with nothing fetched.

        Args:
            issuers: Certificates of issuers that are known.

            clock: Returns the current time, aware.
        """
        self._clock = clock
        self._responses: dict[bytes, _Response] = {}
        self._crls: dict[bytes, _CRLs] = {}
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
        return issuer_among(cert, self._issuers.values())

    def keep_response(
        self, cert: bytes, response: ocsp.OCSPResponse, until: datetime.datetime
    ) -> None:
        """Keep the response about the certificate *cert*, until an aware moment."""
        self._responses[cert] = _Response(response, until)

    def response_of(self, cert: bytes) -> ocsp.OCSPResponse | None:
        """Return the response about the certificate *cert*, or ``None``."""
        kept = self._responses.get(cert)
        return None if kept is None or self._clock() >= kept.until else kept.response

    def all_responses(self) -> list[ocsp.OCSPResponse]:
        """Return all responses."""
        now = self._clock()
        return [kept.response for kept in self._responses.values() if now < kept.until]

    def keep_crls(
        self,
        cert: bytes,
        crls: tuple[crl.CertificateList, ...],
        until: datetime.datetime = _NEVER,
    ) -> None:
        """Keep the CRLs for the certificate *cert*, until an aware moment."""
        self._crls[cert] = _CRLs(crls, until)

    def crls_of(self, cert: bytes) -> tuple[crl.CertificateList, ...]:
        """
        Return the CRLs for the certificate *cert*.

        Raises:
            KeyError: If they were not asked for, or have ended.
        """
        kept = self._crls[cert]
        if self._clock() >= kept.until:
            raise KeyError(cert)
        return kept.crls

    def all_crls(self) -> list[crl.CertificateList]:
        """Return all CRLs, each once."""
        now = self._clock()
        kept = (kept.crls for kept in self._crls.values() if now < kept.until)
        return list({each.dump(): each for crls in kept for each in crls}.values())

    def keep_certificate(self, cert: x509.Certificate, found: asn1.Certificate) -> None:
        """Keep the certificate of an issuer that was fetched."""
        self.certificates[cert.public_bytes(Encoding.DER)] = found
        self.add_issuer(cert)
