"""
The outcome of a check: a status with its evidence, or the reason why it has none.

An outcome has no truth value, and *indeterminate* never counts as *good*. The caller
decides whether to use a certificate without a status (:class:`FailMode`).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn, Self, final

from cryptography import x509

from ocsp.asn1.name_comparison import name_of_subject, text
from ocsp.client.cache import KnownStatus
from ocsp.errors import (
    BodyTooLarge,
    ContentTypeError,
    DecodeError,
    FetchError,
    FetchTimeout,
    ForbiddenResponderURL,
    HTTPStatusError,
    IssuerNotFound,
    NoCRLURL,
    NoResponderURL,
    OCSPError,
    OlderThanKnown,
    RedirectRefused,
    ResponderBackedOff,
    RevocationIndeterminate,
    RevokedBefore,
    RevokedButStale,
    UnsuccessfulResponse,
    VerificationError,
)
from ocsp.messages.statuses import OCSPCertStatus, OCSPResponseStatus
from ocsp.verification.evidence import VerifiedResponse, VerifiedRevocation
from ocsp.verification.staple import must_staple

__all__ = [
    "Attempt",
    "CheckStatus",
    "FailMode",
    "Outcome",
    "Reason",
    "Source",
    "nearest_failure",
    "reason_of",
]


class CheckStatus(enum.Enum):
    """The result of a check."""

    GOOD = "good"
    """The certificate is not revoked; there is evidence."""

    REVOKED = "revoked"
    """The certificate is revoked; there is evidence."""

    UNKNOWN = "unknown"
    """The responder does not know the certificate; its signed response says so."""

    NOT_NEEDED = "not-needed"
    """
    The certificate says that it has no status: noRevAvail (RFC 9608 §2) or
    id-pkix-ocsp-nocheck (RFC 6960 §4.2.2.2.1).
    """

    INDETERMINATE = "indeterminate"
    """The check gave no status; :attr:`Outcome.reason` says why."""


class Reason(enum.Enum):
    """
    Why a check gave no status.

    If several attempts failed, the outcome has the reason that comes last here: the
    attempt that came nearest to an answer.
    """

    UNREADABLE = "unreadable-certificate"
    """The extensions of the certificate cannot be read."""

    NO_ISSUER = "no-issuer"
    """The issuer certificate was neither given nor found."""

    NO_URL = "no-url"
    """
    The certificate names no responder, and the caller gave no URL; or it names no CRL
    and only CRLs are asked for.
    """

    FORBIDDEN = "forbidden-url"
    """The options forbid the scheme or the address of the URL, or it is malformed."""

    BACKED_OFF = "backed-off"
    """The responder failed recently, and its back-off has not ended."""

    TRANSPORT = "transport"
    """The connection failed or broke."""

    TIMEOUT = "timeout"
    """A deadline passed."""

    REDIRECT = "redirect"
    """The server redirected, and the client did not follow."""

    HTTP_STATUS = "http-status"
    """The HTTP status was not 200."""

    CONTENT_TYPE = "content-type"
    """The media type was not that of an OCSP response."""

    TOO_LARGE = "too-large"
    """The body was larger than the limit."""

    TRY_LATER = "try-later"
    """The responder returned *tryLater*."""

    RESPONDER_ERROR = "responder-error"
    """The responder returned *malformedRequest*, *internalError* or *sigRequired*."""

    UNAUTHORIZED = "unauthorized"
    """The responder returned *unauthorized*: it does not serve this certificate."""

    NOT_VERIFIED = "not-verified"
    """The response, or the CRL, failed verification."""

    OLDER_THAN_KNOWN = "older-than-known"
    """The answer is older than the newest one that was verified for the certificate."""


_OF_ERROR: tuple[tuple[type[OCSPError], Reason], ...] = (
    (DecodeError, Reason.UNREADABLE),
    (IssuerNotFound, Reason.NO_ISSUER),
    (NoResponderURL, Reason.NO_URL),
    (NoCRLURL, Reason.NO_URL),
    (ForbiddenResponderURL, Reason.FORBIDDEN),
    (ResponderBackedOff, Reason.BACKED_OFF),
    (FetchTimeout, Reason.TIMEOUT),
    (RedirectRefused, Reason.REDIRECT),
    (HTTPStatusError, Reason.HTTP_STATUS),
    (ContentTypeError, Reason.CONTENT_TYPE),
    (BodyTooLarge, Reason.TOO_LARGE),
    (FetchError, Reason.TRANSPORT),
    (VerificationError, Reason.NOT_VERIFIED),
    (OlderThanKnown, Reason.OLDER_THAN_KNOWN),
)
_RANK = {reason: rank for rank, reason in enumerate(Reason)}


def reason_of(error: OCSPError) -> Reason:
    """Return the reason that an outcome gives for *error*."""
    if isinstance(error, UnsuccessfulResponse):
        if error.status is OCSPResponseStatus.TRY_LATER:
            return Reason.TRY_LATER
        if error.status is OCSPResponseStatus.UNAUTHORIZED:
            return Reason.UNAUTHORIZED
        return Reason.RESPONDER_ERROR
    return next(reason for kind, reason in _OF_ERROR if isinstance(error, kind))


def nearest_failure(failures: Iterable[OCSPError]) -> OCSPError:
    """Return the error of the attempt that came nearest to an answer."""
    return max(failures, key=lambda error: _RANK[reason_of(error)])


class FailMode(enum.Enum):
    """What :meth:`Outcome.require_good` does with an indeterminate outcome."""

    HARD = "hard"
    """Raise."""

    UNSAFE_SOFT = "unsafe-soft"
    """
    Accept the certificate. An attacker who blocks the request can then use a revoked
    certificate.
    """


class Source(enum.Enum):
    """Where the evidence of an outcome comes from."""

    RESPONDER = "responder"
    """A responder returned it for this check."""

    CACHE = "cache"
    """It was in the cache and is still valid."""

    CRL = "crl"
    """A CRL, because no responder gave a status."""

    STAPLE = "staple"
    """The TLS server stapled it."""

    NOWHERE = "nowhere"
    """There is no evidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One HTTP exchange of a check, or one that the client refused to make."""

    url: str
    """The URL; for a GET, without the encoded request."""

    method: str = ""
    """``GET`` or ``POST``; empty if nothing was sent."""

    hash_name: str = ""
    """The hash of the CertID: ``sha256`` or ``sha1``; empty for CRLs and issuers."""

    started: float = 0.0
    """When it started, in seconds from the start of the check."""

    seconds: float = 0.0
    """How long it took, including verification."""

    octets: int = 0
    """The length of the OCSP response; 0 for CRLs and issuers."""

    error: OCSPError | None = None
    """Why it failed, or ``None`` if it succeeded."""


@final
class Outcome:
    """
    The outcome of checking one certificate.

    It has no truth value: ``if ocsp.check(...)`` raises ``TypeError`` instead of
    accepting a revoked certificate. Compare :attr:`status`, or call
    :meth:`require_good`.

    Attributes:
        status: The result.

        certificate: The certificate that was checked.

        issuer: The certificate of the issuer, given or fetched; or ``None``.

        evidence: The proof of *good*, *revoked* or *unknown*: a verified response or a
            verified CRL. ``None`` for other results.

        source: Where the evidence comes from.

        known: For *indeterminate*, what is remembered of the newest verified answer; or
            ``None``. It proves nothing any more, or its answer was not kept.

        failure: For *indeterminate*, the error of the attempt that came nearest to an
            answer; otherwise ``None``.

        attempts: All attempts in the order in which they ended; empty if the cache
            answered.
    """

    __slots__ = (
        "attempts",
        "certificate",
        "evidence",
        "failure",
        "issuer",
        "known",
        "source",
        "status",
    )

    def __init__(
        self,
        status: CheckStatus,
        certificate: x509.Certificate,
        issuer: x509.Certificate | None,
        *,
        evidence: VerifiedResponse | VerifiedRevocation | None = None,
        source: Source = Source.NOWHERE,
        failure: OCSPError | None = None,
        attempts: tuple[Attempt, ...] = (),
        known: KnownStatus | None = None,
    ) -> None:
        self.status = status
        self.certificate = certificate
        self.issuer = issuer
        self.evidence = evidence
        self.source = source
        self.failure = failure
        self.attempts = attempts
        self.known = known

    @classmethod
    def of(
        cls,
        evidence: VerifiedResponse | VerifiedRevocation,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        source: Source,
        attempts: tuple[Attempt, ...] = (),
    ) -> Self:
        """Return the outcome with the status of *evidence*."""
        status = _STATUS[evidence.status]
        return cls(
            status,
            certificate,
            issuer,
            evidence=evidence,
            source=source,
            attempts=attempts,
        )

    @classmethod
    def indeterminate(
        cls,
        certificate: x509.Certificate,
        issuer: x509.Certificate | None,
        failures: tuple[OCSPError, ...],
        attempts: tuple[Attempt, ...] = (),
    ) -> Self:
        """Return the outcome of a check with *failures* and no evidence."""
        return cls(
            CheckStatus.INDETERMINATE,
            certificate,
            issuer,
            failure=nearest_failure(failures),
            attempts=attempts,
        )

    def with_known(self, known: KnownStatus | None) -> Self:
        """Return this indeterminate outcome with what is remembered."""
        if known == self.known:
            return self
        return type(self)(
            self.status,
            self.certificate,
            self.issuer,
            failure=self.failure,
            attempts=self.attempts,
            known=known,
        )

    @property
    def reason(self) -> Reason | None:
        """Why the check gave no status; ``None`` if it is not indeterminate."""
        return None if self.failure is None else reason_of(self.failure)

    @property
    def must_staple(self) -> bool:
        """
        Whether a TLS server must staple a response for the certificate (RFC 7633).

        Raises:
            ValueError: If the extensions of the certificate cannot be read.
        """
        return must_staple(self.certificate)

    def require_good(self, fail: FailMode = FailMode.HARD) -> Self:
        """
        Return this outcome if the certificate is good or needs no status.

        Args:
            fail: What to do if the outcome is indeterminate. *Revoked*, *unknown* and
                a revocation that is stale or remembered are refused in both modes.

        Raises:
            CertificateRevoked: If the certificate is revoked.
            CertificateStatusUnknown: If the responder does not know the certificate.
            RevokedButStale: If a response says *revoked* and is valid except for its
                age.
            RevokedBefore: If the outcome is indeterminate, and the newest verified
                answer said *revoked*.
            RevocationIndeterminate: If the outcome is indeterminate and *fail* is
                ``HARD``.
            TypeError: If *fail* is not a :class:`FailMode`.
        """
        if not isinstance(fail, FailMode):
            raise TypeError("fail must be a FailMode")
        if self.evidence is not None:
            self.evidence.require_good()
        elif self.status is CheckStatus.INDETERMINATE:
            for attempt in self.attempts:
                if isinstance(attempt.error, RevokedButStale):
                    raise attempt.error
            if self.known is not None and self.known.is_revoked:
                raise RevokedBefore(
                    self.reason, self.failure, self.attempts, self.known.this_update
                )
            if fail is FailMode.HARD:
                raise RevocationIndeterminate(self.reason, self.failure, self.attempts)
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "an Outcome cannot be pickled, because evidence comes only from"
            " verification: send .status, .reason and .attempts instead, or the"
            " response in .evidence, and verify it again"
        )

    def __bool__(self) -> NoReturn:
        raise TypeError(
            "an Outcome has no truth value: compare .status, or call .require_good()"
        )

    def __repr__(self) -> str:
        name = text(name_of_subject(self.certificate))
        why = "" if self.reason is None else f" ({self.reason.value})"
        return f"<Outcome({self.status.value}{why}, {name}, {self.source.value})>"


_STATUS = {
    OCSPCertStatus.GOOD: CheckStatus.GOOD,
    OCSPCertStatus.REVOKED: CheckStatus.REVOKED,
    OCSPCertStatus.UNKNOWN: CheckStatus.UNKNOWN,
}
