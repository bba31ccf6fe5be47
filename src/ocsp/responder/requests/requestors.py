"""
Check who signed a request (RFC 6960 §4.1.2, RFC 9919 §3.1.2).

Most responders ignore signatures of requests, as RFC 9919 allows. One that serves only
some clients requires them: RFC 6960 leaves it to the responder which requestors it
trusts. The name in requestorName is not used, because any client can write any name.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from ocsp.asn1.certificates import validity_of
from ocsp.asn1.extensions import extensions_of
from ocsp.asn1.name_comparison import name_of_subject, text
from ocsp.errors import (
    ConfigError,
    RequestNotSigned,
    RequestorNotTrusted,
    SchemaError,
    SignatureInvalid,
)
from ocsp.messages.requests.request import OCSPRequest
from ocsp.signing.issued import check_issued, names_issuer

__all__ = ["Requestors"]


class Requestors:
    """
    The requestors that a responder trusts.

    A signed request is answered if one of them has signed it; whether unsigned requests
    are answered is a setting.
    """

    def __init__(
        self, trusted: Iterable[x509.Certificate], *, required: bool = False
    ) -> None:
        """
        Trust requestors by their certificates.

        Not checked: whether the certificate of a requestor is revoked.

        Args:
            trusted: Certificates of requestors, and of CAs: a CA is trusted for each
                requestor whose certificate it has issued itself.

            required: Refuse unsigned requests, with the error *sigRequired*.

        Raises:
            ConfigError: If *trusted* is empty.
        """
        self._trusted = tuple(trusted)
        self._required = required
        if not self._trusted:
            raise ConfigError("trusted", "is empty; give at least one certificate")

    def check(self, request: OCSPRequest, now: datetime.datetime) -> bytes | None:
        """
        Check the signature of *request*.

        Args:
            request: The request.

            now: The current time, aware.

        Returns:
            The DER of the AlgorithmIdentifier of the signature; ``None`` for a request
            that is not signed.

        Raises:
            RequestNotSigned: If it is not signed, and signatures are required.
            RequestorNotTrusted: If no trusted requestor has signed it.
            DecodeError: If optionalSignature is malformed.
        """
        algorithm = request.signature_algorithm_identifier
        if algorithm is None:
            if self._required:
                raise RequestNotSigned("the request is not signed")
            return None
        refusal = "no trusted requestor has this key"
        for certificate in self._candidates(request, now):
            try:
                request.verify_signature(certificate)
            except (SignatureInvalid, UnsupportedAlgorithm) as error:
                refusal = str(error)
            else:
                return algorithm
        raise RequestorNotTrusted(f"the signature of the request: {refusal}")

    def _candidates(
        self, request: OCSPRequest, now: datetime.datetime
    ) -> list[x509.Certificate]:
        """
        Return the trusted certificates that may have signed *request*.

        Raises:
            RequestorNotTrusted: If the request has a certificate that is not trusted.
        """
        given = request.certificates[:1]
        if not given:
            return [each for each in self._trusted if _is_valid(each, now)]
        (certificate,) = given
        if not _is_valid(certificate, now):
            raise RequestorNotTrusted(f"{_name(certificate)} is not valid at {now}")
        if certificate in self._trusted or self._has_issuer(certificate, now):
            return given
        raise RequestorNotTrusted(f"{_name(certificate)} is not a trusted requestor")

    def _has_issuer(
        self, certificate: x509.Certificate, now: datetime.datetime
    ) -> bool:
        """Return whether a trusted CA has issued *certificate* for signing."""
        return _may_sign(certificate) and any(
            _is_valid(each, now) and _may_issue(each) and _has_issued(each, certificate)
            for each in self._trusted
            if names_issuer(certificate, each)
        )


def _name(certificate: x509.Certificate) -> str:
    return f"the requestor {text(name_of_subject(certificate))}"


def _is_valid(certificate: x509.Certificate, now: datetime.datetime) -> bool:
    begin, end = validity_of(certificate)
    return begin <= now <= end


def _may_sign(certificate: x509.Certificate) -> bool:
    """Return whether keyUsage fits, and all critical extensions are known."""
    extensions = extensions_of(certificate)
    try:
        usage = extensions.find(x509.KeyUsage)
    except SchemaError:
        return False
    if any(extensions.unprocessed_critical()):
        return False
    return usage is None or usage.digital_signature or usage.content_commitment


def _may_issue(certificate: x509.Certificate) -> bool:
    """Return whether it is a CA certificate without limits that are not checked."""
    extensions = extensions_of(certificate)
    try:
        constraints = extensions.find(x509.BasicConstraints)
        usage = extensions.find(x509.KeyUsage)
        limited = extensions.find(x509.NameConstraints) is not None
    except SchemaError:
        return False
    if limited or any(extensions.unprocessed_critical()):
        return False
    is_ca = constraints is not None and constraints.ca
    return is_ca and (usage is None or usage.key_cert_sign)


def _has_issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        check_issued(certificate, issuer, unsafe_sha1=False)
    except (SignatureInvalid, UnsupportedAlgorithm):
        return False
    return True
