"""
An authority: the issuer that is spoken for, and who signs for it.

RFC 6960 §4.2.2.2 (who may sign), RFC 9919 §3.2.2 (the delegate's certificate).

Rules of this file: what can be wrong with a signer is found when the responder is
made, not by the clients. A signer that may not sign is a :class:`ConfigError`; what is
only unwise is said in :attr:`Authority.warnings`.
"""

from __future__ import annotations

import datetime
import enum
from typing import TypeVar

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from ocsp.errors import ConfigError
from ocsp.responder.source import IssuerKey
from ocsp.signing.issued import is_issued_by, names_issuer
from ocsp.signing.signer import Signer

__all__ = ["Authority", "UnknownSerialPolicy"]

Kind = TypeVar("Kind", bound=x509.ExtensionType)


class UnknownSerialPolicy(enum.Enum):
    """
    What is said of a serial number that the source has no record of.

    There is no *good*: a certificate that nobody has issued is not good.
    """

    UNAUTHORIZED = "unauthorized"
    """The error *unauthorized*, which costs no signature (RFC 9919 §3.2.3)."""

    UNKNOWN = "unknown"
    """The signed status *unknown*."""

    REVOKED = "revoked"
    """
    The signed status *revoked*, with certificateHold since 1970 and the extension
    extended-revoke (RFC 6960 §2.2). Authorities should then give serial numbers that
    nobody can guess.
    """


class Authority:
    """
    An issuer that is spoken for.

    Attributes:
        issuer: The certificate of the issuer.

        signer: Who signs: the issuer itself, or a delegate of it.

        unlisted: What is said of serial numbers without a record.

        key: What its certificates' status is filed under.

        delegate: The signer's certificate where it has to be sent along.

        warnings: What is unwise about the signer's certificate, in sentences.
    """

    def __init__(
        self,
        issuer: x509.Certificate,
        signer: Signer,
        *,
        unlisted: UnknownSerialPolicy = UnknownSerialPolicy.UNAUTHORIZED,
    ) -> None:
        """
        Let *signer* speak for *issuer*.

        Not checked: that *issuer* is trusted by anyone, and whether certificates are
        valid now, which each answer asks again.

        Args:
            issuer: The certificate of the issuer.

            signer: The issuer's own key, or a delegate with a certificate that the
                issuer has issued for OCSP signing.

            unlisted: What is said of serial numbers without a record.

        Raises:
            ConfigError: If clients would refuse what this signer signs.
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

    def valid_at(self, now: datetime.datetime) -> bool:
        """Tell whether the signer's certificate is in its validity at *now*, aware."""
        certificate = self.signer.certificate
        start, stop = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        return start <= now <= stop

    def __repr__(self) -> str:
        return f"<Authority({self.issuer.subject.rfc4514_string()!r})>"


def _require_delegation(
    certificate: x509.Certificate, issuer: x509.Certificate
) -> None:
    """Require what RFC 6960 §4.2.2.2 does: issued by the CA itself, for this."""
    name = certificate.subject.rfc4514_string()
    if not names_issuer(certificate, issuer):
        raise ConfigError(
            "signer",
            f"{name!r} was issued by {certificate.issuer.rfc4514_string()!r}, "
            f"not by {issuer.subject.rfc4514_string()!r}",
        )
    if not is_issued_by(certificate, issuer):
        raise ConfigError(
            "signer", f"{name!r} is not signed with the key of its issuer"
        )
    if ExtendedKeyUsageOID.OCSP_SIGNING not in _purposes(certificate):
        raise ConfigError("signer", f"{name!r} has no extended key usage OCSPSigning")
    usage = _extension(certificate, x509.KeyUsage)
    if usage is not None and not usage.digital_signature:
        raise ConfigError("signer", f"the key usage of {name!r} forbids signatures")


def _warnings(certificate: x509.Certificate) -> list[str]:
    """Return what RFC 9919 §3.2.2 advises, and *certificate* does not follow."""
    found = []
    if _extension(certificate, x509.OCSPNoCheck) is None:
        found.append(
            "the signer's certificate lacks id-pkix-ocsp-nocheck: clients may ask "
            "for its own status before they believe an answer"
        )
    constraints = _extension(certificate, x509.BasicConstraints)
    if constraints is not None and constraints.ca:
        found.append("the signer's certificate is that of a CA")
    return found


def _purposes(certificate: x509.Certificate) -> list[x509.ObjectIdentifier]:
    usage = _extension(certificate, x509.ExtendedKeyUsage)
    return [] if usage is None else list(usage)


def _extension(certificate: x509.Certificate, kind: type[Kind]) -> Kind | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
    except ValueError as error:
        raise ConfigError(
            "signer", f"the certificate has an unreadable extension: {error}"
        ) from error
