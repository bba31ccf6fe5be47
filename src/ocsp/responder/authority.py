"""
Define an authority: an issuer, and the signer that signs responses for it.

RFC 6960 §4.2.2.2 (authorized responders), RFC 9919 §3.2.2 (the certificate of a
delegated responder).

The signer is checked when the authority is created, before any client sees a response.
A signer that clients would reject raises :class:`ConfigError`; a signer that is only
unwise adds a sentence to :attr:`Authority.warnings`.
"""

from __future__ import annotations

import datetime
import enum
from typing import TypeVar

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from ocsp.asn1.certificates import validity_of
from ocsp.asn1.extensions import extensions_of
from ocsp.asn1.name_comparison import name_of_issuer, name_of_subject, text
from ocsp.errors import ConfigError, SchemaError
from ocsp.responder.source import IssuerKey
from ocsp.signing.issued import is_issued_by, names_issuer
from ocsp.signing.signer import Signer

__all__ = ["Authority", "UnknownSerialPolicy"]

Kind = TypeVar("Kind", bound=x509.ExtensionType)


class UnknownSerialPolicy(enum.Enum):
    """
    How the responder answers for a serial number that has no record in the source.

    *good* is not possible: a certificate that the CA has not issued is not good.
    """

    UNAUTHORIZED = "unauthorized"
    """Return the error *unauthorized*, which needs no signature (RFC 9919 §3.2.3)."""

    UNKNOWN = "unknown"
    """Return the signed status *unknown*."""

    REVOKED = "revoked"
    """
    Return the signed status *revoked*, with certificateHold since 1970 and the
    extension extended-revoke (RFC 6960 §2.2). The CA should then use serial numbers
    that cannot be guessed.
    """


class Authority:
    """
    An issuer that the responder answers for, and its signer.

    Attributes:
        issuer: The certificate of the issuer.

        signer: Signs the responses: the issuer itself, or a delegated responder.

        unlisted: How to answer for serial numbers without a record.

        key: The key under which the source keeps the status of its certificates.

        delegate: The signer's certificate if the responses must include it: the signer
            is a delegated responder. Otherwise ``None``.

        warnings: Sentences about what is unwise in the signer's certificate.
    """

    def __init__(
        self,
        issuer: x509.Certificate,
        signer: Signer,
        *,
        unlisted: UnknownSerialPolicy = UnknownSerialPolicy.UNAUTHORIZED,
    ) -> None:
        """
        Let *signer* sign responses for *issuer*.

        Not checked: that *issuer* is trusted, and that the certificates are valid now.
        The responder checks the validity of the signer for each response.

        Args:
            issuer: The certificate of the issuer.

            signer: The issuer's own key, or a delegated responder whose certificate
                the issuer has issued for OCSP signing.

            unlisted: How to answer for serial numbers without a record.

        Raises:
            ConfigError: If clients would reject responses from this signer.
        """
        self.issuer = issuer
        self.signer = signer
        self.unlisted = unlisted
        self.key = IssuerKey.of(issuer)
        certificate = signer.certificate
        self.delegate: x509.Certificate | None = None
        self.warnings: tuple[str, ...] = ()
        if IssuerKey.of(certificate) != self.key:
            _require_delegation(certificate, issuer)
            self.delegate = certificate
            self.warnings = tuple(_warnings(certificate))
        elif not _may_sign(certificate):
            self.warnings = (_ISSUER_MAY_NOT_SIGN,)

    def valid_at(self, now: datetime.datetime) -> bool:
        """Return whether the signer's certificate is valid at *now* (aware)."""
        start, stop = validity_of(self.signer.certificate)
        return start <= now <= stop

    def __repr__(self) -> str:
        return f"<Authority({text(name_of_subject(self.issuer))})>"


_ISSUER_MAY_NOT_SIGN = (
    "the issuer's certificate has a keyUsage without digitalSignature: clients with a "
    "strict policy reject its responses"
)


def _require_delegation(
    certificate: x509.Certificate, issuer: x509.Certificate
) -> None:
    """Require that *issuer* issued *certificate* for OCSP (RFC 6960 §4.2.2.2)."""
    name = text(name_of_subject(certificate))
    if not names_issuer(certificate, issuer):
        raise ConfigError(
            "signer",
            f"{name} was issued by {text(name_of_issuer(certificate))}, "
            f"not by {text(name_of_subject(issuer))}; a delegated responder "
            "needs a certificate from the CA that it answers for",
        )
    if not is_issued_by(certificate, issuer):
        raise ConfigError("signer", f"{name} is not signed by the key of the issuer")
    if ExtendedKeyUsageOID.OCSP_SIGNING not in _purposes(certificate):
        raise ConfigError(
            "signer", f"{name} does not have the extended key usage OCSPSigning"
        )
    if not _may_sign(certificate):
        raise ConfigError(
            "signer",
            f"the key usage of {name} includes neither digitalSignature nor"
            " nonRepudiation",
        )


def _warnings(certificate: x509.Certificate) -> list[str]:
    """Return where *certificate* does not follow the advice of RFC 9919 §3.2.2."""
    found = []
    if _extension(certificate, x509.OCSPNoCheck) is None:
        found.append(
            "the signer's certificate lacks id-pkix-ocsp-nocheck: clients may check "
            "its own status before they accept a response"
        )
    constraints = _extension(certificate, x509.BasicConstraints)
    if constraints is not None and constraints.ca:
        found.append("the signer's certificate is a CA certificate")
    return found


def _may_sign(certificate: x509.Certificate) -> bool:
    """Return whether keyUsage is absent or fits OCSPSigning (RFC 5280 §4.2.1.12)."""
    usage = _extension(certificate, x509.KeyUsage)
    return usage is None or usage.digital_signature or usage.content_commitment


def _purposes(certificate: x509.Certificate) -> list[x509.ObjectIdentifier]:
    usage = _extension(certificate, x509.ExtendedKeyUsage)
    return [] if usage is None else list(usage)


def _extension(certificate: x509.Certificate, kind: type[Kind]) -> Kind | None:
    try:
        return extensions_of(certificate).find(kind)
    except SchemaError as error:
        raise ConfigError(
            "signer", f"an extension of the certificate cannot be decoded: {error}"
        ) from error
