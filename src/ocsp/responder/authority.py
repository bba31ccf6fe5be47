"""
Define an authority: an issuer, and the signers that sign responses for it.

RFC 6960 §2.2 and §4.2.2.2 (authorized responders), RFC 9919 §3.2.2 (the certificate of
a delegated responder).

The signers are checked when the authority is created, before any client sees a
response. A signer that clients would reject raises :class:`ConfigError`; a signer that
is only unwise adds a sentence to :attr:`Authority.warnings`.
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Sequence
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID

from ocsp.asn1.extensions import extensions_of
from ocsp.asn1.name_comparison import name_of_issuer, name_of_subject, text
from ocsp.asn1.times import utc
from ocsp.errors import ConfigError, SchemaError
from ocsp.responder.signers import AuthoritySigner
from ocsp.responder.source import IssuerKey
from ocsp.signing.issued import is_issued_by, names_issuer
from ocsp.signing.signatures import weak_hash
from ocsp.signing.signer import Signer

__all__ = ["Authority", "SignerTrust", "UnknownSerialPolicy"]

Kind = TypeVar("Kind", bound=x509.ExtensionType)


class UnknownSerialPolicy(enum.Enum):
    """How the responder answers for a serial number without a record in the source."""

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

    UNSAFE_GOOD = "unsafe-good"
    """
    Return the signed status *good*, although the source does not know the certificate.

    A forged certificate, which the CA never issued, is then *good* as well. For a
    source that knows only the revoked certificates. The Baseline Requirements (§4.9.10)
    forbid it.
    """


class SignerTrust(enum.Enum):
    """Why clients accept the answers of a signer (RFC 6960 §2.2)."""

    ISSUER = "issuer"
    """It is the issuer, or a delegate: the issuer issued its certificate for it."""

    LOCAL = "local"
    """
    The operators of the clients have configured its certificate as trusted.

    Every other client rejects its answers. The responder does not check who issued the
    certificate, and for what.
    """


class Authority:
    """
    An issuer that the responder answers for, and its signers.

    Attributes:
        issuer: The certificate of the issuer.

        signers: The signers, in order of preference. The first whose certificate is
            valid signs.

        unlisted: How to answer for serial numbers without a record.

        key: The key under which the source keeps the status of its certificates.

        trust: Why clients accept the answers of the signers.

        retention: For how long after its end a certificate still has a status, or
            ``None``.

        compromised: Since when the key of the issuer is compromised, aware, or
            ``None``.

        cert_hash: Whether answers have the extension CertHash.

        algorithms: The DER of the AlgorithmIdentifiers of the signers.

        warnings: Sentences about what is unwise in the certificates of the signers.
    """

    def __init__(
        self,
        issuer: x509.Certificate,
        signers: Sequence[Signer],
        *,
        unlisted: UnknownSerialPolicy = UnknownSerialPolicy.UNAUTHORIZED,
        trust: SignerTrust = SignerTrust.ISSUER,
        retention: datetime.timedelta | None = None,
        compromised: datetime.datetime | None = None,
        cert_hash: bool = False,
    ) -> None:
        """
        Let *signers* sign responses for *issuer*.

        Not checked: that *issuer* is trusted, and that the certificates are valid now.
        The responder checks the validity of the signer for each response.

        Args:
            issuer: The certificate of the issuer.

            signers: The issuer's own key, or delegated responders whose certificates
                the issuer has issued for OCSP signing. There are several while one is
                being replaced, or for clients that prefer different algorithms.

            unlisted: How to answer for serial numbers without a record.

            trust: Why clients accept the answers of the signers.

            retention: For how long after its end a certificate still has a status; then
                the answer is *unauthorized*. Answers have an archive cutoff (RFC 6960
                §4.4.4). By default the responder answers as long as the source has a
                record, and says nothing about it.

            compromised: Since when the key of the issuer is compromised. The responder
                then answers *revoked*, with the reason cACompromise, for every serial
                number (RFC 6960 §2.7). A naive time is UTC; microseconds are dropped.

            cert_hash: Whether an answer has the hash of the certificate, if the source
                knows it (CertHash, Common PKI 2.0 Part 4 §3.1.2).

        Raises:
            ConfigError: If there is no signer, clients would reject responses from one,
                its algorithm is weak (RFC 6960 §5.1.1), or *retention* is negative.
        """
        if not signers:
            raise ConfigError("signers", "is empty; give at least one Signer")
        if retention is not None and retention < datetime.timedelta():
            raise ConfigError("retention", f"{retention} is negative")
        self.issuer = issuer
        self.signers = tuple(signers)
        self.unlisted = unlisted
        self.key = IssuerKey.of(issuer)
        self.trust = trust
        self.retention = retention
        self.compromised = None if compromised is None else utc(compromised)
        self.cert_hash = cert_hash
        self._prepared = tuple(self._prepare(each) for each in self.signers)
        self.algorithms = frozenset(each.algorithm for each in self._prepared)
        self._by_identifier = {each.identifier: each for each in self._prepared}
        warnings = (_warnings(each, issuer, trust) for each in self.signers)
        self.warnings = tuple(dict.fromkeys(one for each in warnings for one in each))

    def _prepare(self, signer: Signer) -> AuthoritySigner:
        _require_strong(signer)
        is_issuer = _has_key_of(signer, self.issuer)
        if not is_issuer and self.trust is SignerTrust.ISSUER:
            _require_delegation(signer.certificate, self.issuer)
        return AuthoritySigner(signer, is_issuer=is_issuer)

    def signer_at(self, now: datetime.datetime) -> Signer | None:
        """
        Return the signer that signs at *now*, or ``None``.

        Args:
            now: The time, aware.
        """
        found = self.valid_signers(int(now.timestamp()))
        return found[0].signer if found else None

    def valid_signers(self, now: int) -> tuple[AuthoritySigner, ...]:
        """
        Return the signers whose certificates are valid at *now*, best first.

        Not one that ends in this second: its answers would have no time to be used.
        """
        return tuple([each for each in self._prepared if each.begin <= now < each.end])

    def find_signer(self, identifier: bytes) -> AuthoritySigner | None:
        """Return the signer whose certificate has this SHA-256, or ``None``."""
        return self._by_identifier.get(identifier)

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
            "signers",
            f"{name} was issued by {text(name_of_issuer(certificate))}, "
            f"not by {text(name_of_subject(issuer))}; a delegated responder "
            "needs a certificate from the CA that it answers for",
        )
    if not is_issued_by(certificate, issuer):
        raise ConfigError("signers", f"{name} is not signed by the key of the issuer")
    if ExtendedKeyUsageOID.OCSP_SIGNING not in _purposes(certificate):
        raise ConfigError(
            "signers",
            f"{name} does not have the extended key usage OCSPSigning, without which "
            "clients reject its answers; get a certificate that has it",
        )
    if not _may_sign(certificate):
        raise ConfigError(
            "signers",
            f"the key usage of {name} includes neither digitalSignature nor"
            " nonRepudiation",
        )


def _require_strong(signer: Signer) -> None:
    """Require that the algorithm of *signer* is not weak (RFC 6960 §5.1.1)."""
    try:
        weak = weak_hash(signer.algorithm_identifier)
    except UnsupportedAlgorithm:
        return  # an algorithm that this package does not know, for clients that do
    if weak:
        raise ConfigError("signers", f"{weak} is too weak for signatures")


def _has_key_of(signer: Signer, issuer: x509.Certificate) -> bool:
    return IssuerKey.of(signer.certificate) == IssuerKey.of(issuer)


def _warnings(
    signer: Signer, issuer: x509.Certificate, trust: SignerTrust
) -> list[str]:
    """Return where a certificate does not follow the advice of RFC 9919 §3.2.2."""
    certificate, found = signer.certificate, []
    if _has_key_of(signer, issuer):
        return [] if _may_sign(certificate) else [_ISSUER_MAY_NOT_SIGN]
    if trust is SignerTrust.LOCAL:
        return []
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
            "signers", f"an extension of the certificate cannot be decoded: {error}"
        ) from error
