"""
Evidence: the verified status of a certificate at a moment.

:func:`ocsp.verify` and :func:`ocsp.verify_crl` create evidence; nothing else can. It
cannot be created by hand, changed, copied into another object, or restored from a file:
keep the response, and verify it again.
"""

from __future__ import annotations

import abc
import datetime
import enum
from collections.abc import Sequence
from typing import NamedTuple, NoReturn, Protocol, Self, TypeVar, cast, final

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ocsp.asn1.certificates import (
    parts_of,
    parts_of_subject,
    serial_of,
    validity_of,
)
from ocsp.asn1.name_comparison import name_of_subject, text
from ocsp.asn1.times import later, timestamp
from ocsp.errors import (
    CertificateNotIssued,
    CertificateRevoked,
    CertificateStatusUnknown,
    Finding,
)
from ocsp.messages.certid import CertID
from ocsp.messages.reasons import REASONS
from ocsp.messages.responses.response import OCSPResponse
from ocsp.messages.responses.single_response import OCSPSingleResponse
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.verification.facts import facts_of
from ocsp.verification.policy import MissingNextUpdate, Policy

__all__ = [
    "AuthorizedBy",
    "CRLJudgement",
    "Evidence",
    "Judgement",
    "Newness",
    "ResponseJudgement",
    "Unforgeable",
    "VerifiedResponse",
    "VerifiedRevocation",
    "end_of_hold",
    "evidence_of_crl",
    "evidence_of_response",
]


class AuthorizedBy(enum.Enum):
    """Why the signer of a response or a CRL may speak for the issuer."""

    ISSUER = "issuer"
    """The signer is the issuer itself."""

    DELEGATE = "delegate"
    """
    The issuer has issued the signer's certificate: for OCSP signing, or with the name
    of a CRL issuer.
    """

    CONFIGURED = "configured"
    """The caller named the signer in ``responders`` or ``crl_issuers``."""


# --- what all evidence has in common --------------------------------------------------


class Unforgeable:
    """An immutable object that only the verifier can create."""

    __slots__ = ()

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"evidence cannot be changed: {name}")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"evidence cannot be changed: {name}")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _: object) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "evidence cannot be pickled: keep the response, and verify it again"
        )


class Judgement(Protocol):
    """What a verification concluded, of a response or of a CRL."""

    @property
    def this_update(self) -> datetime.datetime:
        """The moment for which the status is stated, aware, in UTC."""

    @property
    def next_update(self) -> datetime.datetime | None:
        """When newer information will be available, or ``None``."""

    @property
    def at(self) -> datetime.datetime:
        """The moment for which the verifier judged, aware, in UTC."""

    @property
    def policy(self) -> Policy:
        """The policy that was applied."""

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """Findings that do not contradict the status."""


class Newness(NamedTuple):
    """
    How new an answer about a certificate is (RFC 6960 §4.2.2.1).

    Attributes:
        this_update: thisUpdate, aware, in UTC, in whole seconds.

        is_revoked: Whether the status is *revoked*, which is newer than *good*.

        produced_at: producedAt, aware, in UTC, in whole seconds; for a CRL thisUpdate.
    """

    this_update: datetime.datetime
    is_revoked: bool
    produced_at: datetime.datetime


class Evidence(Unforgeable, abc.ABC):
    """The verified status of a certificate, and from when until when it holds."""

    __slots__ = (
        "_canonical_cert_id",
        "_holds_until",
        "_judgement",
        "_newness",
        "_octets",
    )

    _judgement: Judgement
    _canonical_cert_id: CertID | None
    _holds_until: datetime.datetime | None
    _newness: Newness | None
    _octets: int | None  # see ocsp.client.memory.sizes

    @property
    @abc.abstractmethod
    def status(self) -> OCSPCertStatus:
        """The status of the certificate."""

    @property
    @abc.abstractmethod
    def responder(self) -> x509.Certificate:
        """The certificate of the signer."""

    @abc.abstractmethod
    def is_about(self, cert: x509.Certificate, issuer: x509.Certificate) -> bool:
        """Tell whether this is evidence for *cert*, issued by *issuer*."""

    def is_signed_by_key_of(self, cert: x509.Certificate) -> bool:
        """
        Tell whether the key of *cert* signed this, which then proves nothing about it.

        The keys are compared, because a point has two encodings (RFC 5480 §2.2).
        """
        mine = parts_of(self.responder).key_bits[_IN_EVERY_ENCODING]
        if mine not in parts_of_subject(cert).tbs:
            return False  # without reading the key of each certificate
        return facts_of(self.responder).key == facts_of(cert).key

    @property
    def canonical_cert_id(self) -> CertID:
        """The CertID of the same certificate with SHA-256, for use as a cache key."""
        if self._canonical_cert_id is None:
            object.__setattr__(self, "_canonical_cert_id", self._sha256_cert_id())
        return cast("CertID", self._canonical_cert_id)

    @abc.abstractmethod
    def _sha256_cert_id(self) -> CertID: ...

    @property
    def this_update(self) -> datetime.datetime:
        """The moment for which the status is stated (thisUpdate), aware, in UTC."""
        return self._judgement.this_update

    @property
    def next_update(self) -> datetime.datetime | None:
        """When newer information will be available (nextUpdate), or ``None``."""
        return self._judgement.next_update

    @property
    def holds_from(self) -> datetime.datetime:
        """
        The start of this evidence, aware, in UTC.

        The later of thisUpdate and the start of the signer's certificate.
        """
        begin, _ = validity_of(self.responder)
        return max(self.this_update, begin)

    @property
    def holds_until(self) -> datetime.datetime:
        """
        The end of this evidence, aware, in UTC.

        The earliest of nextUpdate, the age that the policy allows, and the end of the
        signer's certificate: after that end verifiers reject the response (RFC 6960
        §4.2.2.2, RFC 5280 §6.1.3), also if nextUpdate is later. If the verification
        needed evidence about the signer, it ends with that at the latest (RFC 6960
        §4.2.2.2.1).
        """
        if self._holds_until is None:
            object.__setattr__(self, "_holds_until", self._end())
        return cast("datetime.datetime", self._holds_until)

    @property
    def newness(self) -> Newness:
        """What is greater for a newer answer about the same certificate."""
        if self._newness is None:
            this_update, produced_at = self._ages()
            is_revoked = self.status is OCSPCertStatus.REVOKED
            found = Newness(this_update, is_revoked, produced_at)
            object.__setattr__(self, "_newness", found)
        return cast("Newness", self._newness)

    @abc.abstractmethod
    def _ages(self) -> tuple[datetime.datetime, datetime.datetime]:
        """Return the thisUpdate and the producedAt that tell how new this is."""

    def _end(self) -> datetime.datetime:
        _, signer_end = validity_of(self.responder)
        return min(
            end_of_hold(self.this_update, self.next_update, self.policy), signer_end
        )

    @property
    def at(self) -> datetime.datetime:
        """The moment for which the verifier judged, aware, in UTC."""
        return self._judgement.at

    @property
    def policy(self) -> Policy:
        """The policy that was applied."""
        return self._judgement.policy

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """Findings that do not contradict the status."""
        return self._judgement.warnings

    def holds_at(self, moment: datetime.datetime) -> bool:
        """
        Tell whether *moment* is from :attr:`holds_from` to before :attr:`holds_until`.

        Args:
            moment: Aware.
        """
        return self.holds_from <= moment < self.holds_until

    def _span(self) -> str:
        """Return thisUpdate and nextUpdate as text."""
        until = self.next_update
        end = "?" if until is None else timestamp(until)
        return f"{timestamp(self.this_update)} to {end}"


_IN_EVERY_ENCODING = slice(9, 17)
"""
The octets of a key that each of its encodings contains. They belong to the x-coordinate
of a point, which is the first one and also in the short form (SEC 1 §2.3.3), or to the
modulus of an RSA key, which follows two headers. All other keys have one encoding.
"""


def end_of_hold(
    this_update: datetime.datetime,
    next_update: datetime.datetime | None,
    policy: Policy,
) -> datetime.datetime:
    """Return when a status with these times expires under *policy*."""
    ends = [later(this_update, policy.max_age)]
    if next_update is not None:
        ends.append(next_update)
    elif policy.missing_next_update is MissingNextUpdate.WITHIN_MAX_AGE:
        ends.append(later(this_update, policy.max_age_without_next_update))
    return min(ends)


Kind = TypeVar("Kind", bound=Evidence)


def _created(kind: type[Kind], judgement: Judgement) -> Kind:
    """Return *judgement* as evidence of this *kind*."""
    evidence = object.__new__(kind)
    _set(evidence, "_judgement", judgement)
    _set(evidence, "_canonical_cert_id", None)
    _set(evidence, "_holds_until", None)
    _set(evidence, "_newness", None)
    _set(evidence, "_octets", None)
    return evidence


_set = object.__setattr__


# --- from a response ------------------------------------------------------------------


class ResponseJudgement(NamedTuple):
    """
    What the verification of a response concluded.

    Attributes:
        cert: The certificate in question, or its CertID.

        issuer: The certificate of its issuer.

        response: The response.

        entry: The entry that states the status.

        responder: The certificate of the signer.

        authorized_by: Why the signer may sign for the issuer.

        at: The moment for which the verifier judged, aware, in UTC.

        policy: The policy that was applied.

        nonce_matched: Whether the response repeats the nonce of the request.

        warnings: Findings that do not contradict the status.

        signer_until: When the evidence about the signer ends, if the verification
            needed it; otherwise ``None``.
    """

    cert: x509.Certificate | CertID
    issuer: x509.Certificate
    response: OCSPResponse
    entry: OCSPSingleResponse
    responder: x509.Certificate
    authorized_by: AuthorizedBy
    at: datetime.datetime
    policy: Policy
    nonce_matched: bool
    warnings: tuple[Finding, ...]
    signer_until: datetime.datetime | None = None

    @property
    def this_update(self) -> datetime.datetime:
        """The thisUpdate of the entry."""
        return self.entry.this_update_utc

    @property
    def next_update(self) -> datetime.datetime | None:
        """The nextUpdate of the entry."""
        return self.entry.next_update_utc


_NEVER = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


@final
class VerifiedResponse(Evidence):
    """
    Evidence from an OCSP response: the status of a certificate at a moment.

    :attr:`status` may be *revoked* or *unknown*: check it, or call
    :meth:`require_good`. Not verified: the issuer's own certificate; build and validate
    its certification path first.
    """

    __slots__ = ()

    _judgement: ResponseJudgement

    def __init__(self) -> None:
        raise TypeError("only ocsp.verify() can create a VerifiedResponse")

    def __init_subclass__(cls) -> NoReturn:
        raise TypeError("VerifiedResponse cannot be subclassed")

    @property
    def status(self) -> OCSPCertStatus:
        """The status of the certificate that the responder states."""
        return self._judgement.entry.certificate_status

    def _end(self) -> datetime.datetime:
        own, signer_until = super()._end(), self._judgement.signer_until
        return own if signer_until is None else min(own, signer_until)

    def _ages(self) -> tuple[datetime.datetime, datetime.datetime]:
        return self.this_update, self.produced_at

    @property
    def needs_status_of_signer(self) -> bool:
        """Whether the verification needed evidence about the signer."""
        return self._judgement.signer_until is not None

    @property
    def cert_id(self) -> CertID:
        """The CertID inside the verified entry, with the hash the responder chose."""
        return self._judgement.entry.cert_id

    def _sha256_cert_id(self) -> CertID:
        cert, issuer = self._judgement.cert, self._judgement.issuer
        if isinstance(cert, CertID):
            return CertID.for_serial(issuer, cert.serial_number, hashes.SHA256())
        return CertID.for_certificate(cert, issuer, hashes.SHA256())

    @property
    def revocation_time(self) -> datetime.datetime | None:
        """The time of revocation, aware, in UTC; ``None`` if it is not revoked."""
        return self._judgement.entry.revocation_time_utc

    @property
    def revocation_reason(self) -> x509.ReasonFlags | None:
        """The reason of revocation; ``None`` if it is absent or has an unknown code."""
        code = self._judgement.entry.revocation_reason_code
        return None if code is None else REASONS.get(code)

    @property
    def produced_at(self) -> datetime.datetime:
        """The time of signing (producedAt), aware, in UTC."""
        return self._judgement.response.produced_at_utc

    @property
    def not_issued(self) -> bool:
        """
        Whether *revoked* means that the CA never issued such a certificate (V24).

        The responder states this as reason certificateHold and revocationTime
        1970-01-01 (RFC 6960 §2.2).
        """
        return (
            self.revocation_time == _NEVER
            and self.revocation_reason is x509.ReasonFlags.certificate_hold
        )

    @property
    def responder(self) -> x509.Certificate:
        """The certificate of the signer."""
        return self._judgement.responder

    @property
    def authorized_by(self) -> AuthorizedBy:
        """Why the signer may sign for the issuer."""
        return self._judgement.authorized_by

    def has_settings(
        self, policy: Policy, responders: Sequence[x509.Certificate]
    ) -> bool:
        """
        Tell whether a verification with these settings accepts the same signer.

        Args:
            policy: As for :func:`ocsp.verify`.

            responders: As for :func:`ocsp.verify`.
        """
        return self.policy == policy and (
            self.authorized_by is not AuthorizedBy.CONFIGURED
            or self.responder in responders
        )

    @property
    def nonce_matched(self) -> bool:
        """
        Whether the response repeats the nonce of the request.

        If so, the response answers that request and is not a replay.
        """
        return self._judgement.nonce_matched

    @property
    def response(self) -> OCSPResponse:
        """The verified response."""
        return self._judgement.response

    def require_good(self) -> Self:
        """
        Return this evidence if the certificate is good.

        Raises:
            CertificateRevoked: If it is revoked. The subclass
                :class:`CertificateNotIssued` if the CA never issued it.
            CertificateStatusUnknown: If the responder does not know it.
        """
        if self.status is OCSPCertStatus.GOOD:
            return self
        if self.status is OCSPCertStatus.UNKNOWN:
            raise CertificateStatusUnknown
        error = CertificateNotIssued if self.not_issued else CertificateRevoked
        raise error(self.revocation_time, self.revocation_reason)

    def is_about(self, cert: x509.Certificate, issuer: x509.Certificate) -> bool:
        """Tell whether this is evidence for *cert*, issued by *issuer*."""
        return self.cert_id.matches(cert, issuer)

    def was_verified_for(
        self, cert: x509.Certificate | CertID, issuer: x509.Certificate
    ) -> bool:
        """
        Tell whether :func:`ocsp.verify` was given exactly these two certificates.

        With a CertID: whether it was given this CertID instead of a certificate.

        A CA can have several certificates with the same name and key, and the CertID
        is the same for all of them; the verifier may accept only some of them.
        """
        return self._judgement.cert == cert and self._judgement.issuer == issuer

    def __repr__(self) -> str:
        return (
            f"<VerifiedResponse({self.status.name}, "
            f"serial={self.cert_id.serial_number:#x},"
            f" {self._span()}, by "
            f"{self.authorized_by.value} {text(name_of_subject(self.responder))})>"
        )


def evidence_of_response(judgement: ResponseJudgement) -> VerifiedResponse:
    """Return *judgement* as evidence. Only the judge calls this function."""
    return _created(VerifiedResponse, judgement)


# --- from a CRL -----------------------------------------------------------------------


class CRLJudgement(NamedTuple):
    """
    What the verification of a CRL concluded.

    Attributes:
        cert: The certificate in question.

        issuer: The certificate of the CA that issued it.

        signer: The certificate whose key signed the CRL.

        authorized_by: Why the signer may sign CRLs for the issuer.

        revocation_time: The time of revocation, or ``None`` for *good*.

        revocation_reason: The reason of revocation, or ``None``.

        this_update: The thisUpdate of the newest CRL. If several CRLs are needed, this
            and the following attributes are those of the CRL that expires first.

        next_update: The nextUpdate of the newest CRL.

        crl_number: The number of the complete CRL.

        delta_crl_number: The number of the delta CRL.

        at: The moment for which the verifier judged, aware, in UTC.

        policy: The policy that was applied.

        warnings: Findings that do not contradict the status.

        oldest_this_update: The thisUpdate of the oldest CRL, if several are needed;
            otherwise that of the newest CRL.
    """

    cert: x509.Certificate
    issuer: x509.Certificate
    signer: x509.Certificate
    authorized_by: AuthorizedBy
    revocation_time: datetime.datetime | None
    revocation_reason: x509.ReasonFlags | None
    this_update: datetime.datetime
    next_update: datetime.datetime | None
    crl_number: int | None
    delta_crl_number: int | None
    at: datetime.datetime
    policy: Policy
    warnings: tuple[Finding, ...]
    oldest_this_update: datetime.datetime


@final
class VerifiedRevocation(Evidence):
    """
    Evidence from a CRL: the status of a certificate at a moment.

    :attr:`status` may be *revoked*: check it, or call :meth:`require_good`. *Good*
    means that the CRL does not list the certificate, not that the CA has issued it. Not
    verified: the issuer's own certificate; build and validate its certification path
    first.
    """

    __slots__ = ()

    _judgement: CRLJudgement

    def __init__(self) -> None:
        raise TypeError("only ocsp.verify_crl() can create a VerifiedRevocation")

    def __init_subclass__(cls) -> NoReturn:
        raise TypeError("VerifiedRevocation cannot be subclassed")

    @property
    def status(self) -> OCSPCertStatus:
        """*Good* or *revoked*. A CRL cannot state *unknown*."""
        is_listed = self._judgement.revocation_time is not None
        return OCSPCertStatus.REVOKED if is_listed else OCSPCertStatus.GOOD

    def _sha256_cert_id(self) -> CertID:
        judgement = self._judgement
        return CertID.for_certificate(judgement.cert, judgement.issuer, hashes.SHA256())

    @property
    def revocation_time(self) -> datetime.datetime | None:
        """The time of revocation, aware, in UTC; ``None`` if it is not revoked."""
        return self._judgement.revocation_time

    @property
    def revocation_reason(self) -> x509.ReasonFlags | None:
        """The reason of revocation, or ``None`` if the CRL states none."""
        return self._judgement.revocation_reason

    @property
    def oldest_this_update(self) -> datetime.datetime:
        """
        The thisUpdate of the oldest of the CRLs that together prove *good*.

        If one CRL proves the status, this is :attr:`this_update`, aware, in UTC.
        """
        return self._judgement.oldest_this_update

    def _ages(self) -> tuple[datetime.datetime, datetime.datetime]:
        return self.oldest_this_update, self.oldest_this_update

    @property
    def crl_number(self) -> int | None:
        """The number of the complete CRL (RFC 5280 §5.2.3), if it has one."""
        return self._judgement.crl_number

    @property
    def delta_crl_number(self) -> int | None:
        """The number of the delta CRL, or ``None`` if there is no delta CRL."""
        return self._judgement.delta_crl_number

    @property
    def responder(self) -> x509.Certificate:
        """The certificate of the signer: the issuer, or the issuer of the CRL."""
        return self._judgement.signer

    @property
    def authorized_by(self) -> AuthorizedBy:
        """Why the signer may sign CRLs for the issuer (RFC 5280 §6.3.3 (f))."""
        return self._judgement.authorized_by

    def require_good(self) -> Self:
        """
        Return this evidence if the certificate is good.

        Raises:
            CertificateRevoked: If it is revoked.
        """
        if self.status is OCSPCertStatus.GOOD:
            return self
        raise CertificateRevoked(self.revocation_time, self.revocation_reason)

    def is_about(self, cert: x509.Certificate, issuer: x509.Certificate) -> bool:
        """Tell whether this is evidence for *cert*, issued by *issuer*."""
        return self.canonical_cert_id.matches(cert, issuer)

    def __repr__(self) -> str:
        return (
            f"<VerifiedRevocation({self.status.name}, "
            f"serial={serial_of(self._judgement.cert):#x},"
            f" {self._span()}, by "
            f"{text(name_of_subject(self.responder))})>"
        )


def evidence_of_crl(judgement: CRLJudgement) -> VerifiedRevocation:
    """Return *judgement* as evidence. Only ``verify_crl`` calls this function."""
    return _created(VerifiedRevocation, judgement)
