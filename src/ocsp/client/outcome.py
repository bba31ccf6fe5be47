"""
What a check has found: a status with evidence, or why there is none.

Rules of this file: an outcome is never a boolean, and *indeterminate* is never *good*;
whether a certificate may be used without a status, the caller has to say
(:class:`FailMode`).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import NoReturn, Self, final

from cryptography import x509

from ocsp.errors import (
    BodyTooLarge,
    ContentTypeError,
    DecodeError,
    FetchError,
    FetchTimeout,
    ForbiddenResponderURL,
    HTTPStatusError,
    IssuerNotFound,
    NoResponderURL,
    OCSPError,
    RedirectRefused,
    ResponderBackedOff,
    RevocationIndeterminate,
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
    "reason_of",
]


class CheckStatus(enum.Enum):
    """What is known of a certificate."""

    GOOD = "good"
    """It is not revoked: there is evidence."""

    REVOKED = "revoked"
    """It is revoked: there is evidence."""

    UNKNOWN = "unknown"
    """Its responder does not know it, and has signed that."""

    NOT_NEEDED = "not-needed"
    """It says that it has no status (RFC 9608 §2, RFC 6960 §4.2.2.2.1)."""

    INDETERMINATE = "indeterminate"
    """Nothing is known, for a :class:`Reason`."""


class Reason(enum.Enum):
    """Why nothing is known; of several, the one nearest to an answer."""

    UNREADABLE = "unreadable-certificate"
    """The extensions of the certificate cannot be read."""

    NO_ISSUER = "no-issuer"
    """The certificate of the issuer is missing."""

    NO_URL = "no-url"
    """The certificate names no responder."""

    FORBIDDEN = "forbidden-url"
    """The URL is none that may be asked."""

    BACKED_OFF = "backed-off"
    """The responder failed a moment ago, and is left alone."""

    TRANSPORT = "transport"
    """There was no connection, or it broke."""

    TIMEOUT = "timeout"
    """A deadline passed."""

    REDIRECT = "redirect"
    """The answer was a redirect that is not followed."""

    HTTP_STATUS = "http-status"
    """The answer had another code than 200."""

    CONTENT_TYPE = "content-type"
    """The answer was something else than an OCSP response."""

    TOO_LARGE = "too-large"
    """The answer was longer than is read."""

    TRY_LATER = "try-later"
    """The responder cannot answer now."""

    RESPONDER_ERROR = "responder-error"
    """The responder answered *malformedRequest*, *internalError* or *sigRequired*."""

    UNAUTHORIZED = "unauthorized"
    """The responder has nothing to say about the certificate."""

    NOT_VERIFIED = "not-verified"
    """There was an answer, and it is no evidence."""


_OF_ERROR: tuple[tuple[type[OCSPError], Reason], ...] = (
    (DecodeError, Reason.UNREADABLE),
    (IssuerNotFound, Reason.NO_ISSUER),
    (NoResponderURL, Reason.NO_URL),
    (ForbiddenResponderURL, Reason.FORBIDDEN),
    (ResponderBackedOff, Reason.BACKED_OFF),
    (FetchTimeout, Reason.TIMEOUT),
    (RedirectRefused, Reason.REDIRECT),
    (HTTPStatusError, Reason.HTTP_STATUS),
    (ContentTypeError, Reason.CONTENT_TYPE),
    (BodyTooLarge, Reason.TOO_LARGE),
    (FetchError, Reason.TRANSPORT),
    (VerificationError, Reason.NOT_VERIFIED),
)
_RANK = {reason: rank for rank, reason in enumerate(Reason)}


def reason_of(error: OCSPError) -> Reason:
    """Return what *error* means for the outcome."""
    if isinstance(error, UnsuccessfulResponse):
        if error.status is OCSPResponseStatus.TRY_LATER:
            return Reason.TRY_LATER
        if error.status is OCSPResponseStatus.UNAUTHORIZED:
            return Reason.UNAUTHORIZED
        return Reason.RESPONDER_ERROR
    return next(reason for kind, reason in _OF_ERROR if isinstance(error, kind))


class FailMode(enum.Enum):
    """What becomes of a certificate of which nothing is known."""

    HARD = "hard"
    """It is not used."""

    UNSAFE_SOFT = "unsafe-soft"
    """It is used: whoever can block the question can use a revoked certificate."""


class Source(enum.Enum):
    """Where the evidence of an outcome has come from."""

    RESPONDER = "responder"
    """It was fetched for this check."""

    CACHE = "cache"
    """It was there, verified, and still holds."""

    CRL = "crl"
    """It was found in a CRL, as no responder had told the status."""

    STAPLE = "staple"
    """The server has sent it along."""

    NOWHERE = "nowhere"
    """There is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One exchange, or one that did not come about."""

    url: str
    """What was asked; for a GET, without the request in it."""

    method: str = ""
    """``GET`` or ``POST``; empty if nothing was sent."""

    hash_name: str = ""
    """The hash that named the issuer: ``sha256`` or ``sha1``."""

    started: float = 0.0
    """When, in seconds from the start of the check."""

    seconds: float = 0.0
    """How long it took, verification included."""

    octets: int = 0
    """The length of the answer."""

    error: OCSPError | None = None
    """What was wrong, or ``None`` if it gave evidence."""


@final
class Outcome:
    """
    What is known of one certificate.

    It has no truth value, so that ``if ocsp.check(...)`` fails instead of passing for a
    revoked certificate: compare :attr:`status`, or call :meth:`require_good`.

    Attributes:
        status: What is known.

        certificate: The certificate in question.

        issuer: The certificate of its issuer, given or found; or ``None``.

        evidence: What is behind *good*, *revoked* and *unknown*: a verified response,
            or a verified CRL.

        source: Where that has come from.

        failure: For *indeterminate*: the error nearest to an answer.

        attempts: All that was tried, in order; empty if the cache knew.
    """

    __slots__ = (
        "attempts",
        "certificate",
        "evidence",
        "failure",
        "issuer",
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
    ) -> None:
        self.status = status
        self.certificate = certificate
        self.issuer = issuer
        self.evidence = evidence
        self.source = source
        self.failure = failure
        self.attempts = attempts

    @classmethod
    def of(
        cls,
        evidence: VerifiedResponse | VerifiedRevocation,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        source: Source,
        attempts: tuple[Attempt, ...] = (),
    ) -> Self:
        """Return the outcome that *evidence* makes."""
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
        """Return the outcome where there are only *failures*."""
        nearest = max(failures, key=lambda error: _RANK[reason_of(error)])
        return cls(
            CheckStatus.INDETERMINATE,
            certificate,
            issuer,
            failure=nearest,
            attempts=attempts,
        )

    @property
    def reason(self) -> Reason | None:
        """Why nothing is known; ``None`` if something is."""
        return None if self.failure is None else reason_of(self.failure)

    @property
    def must_staple(self) -> bool:
        """
        Whether a TLS server has to send the status along (RFC 7633).

        Raises:
            ValueError: If the extensions of the certificate cannot be read.
        """
        return must_staple(self.certificate)

    def require_good(self, fail: FailMode = FailMode.HARD) -> Self:
        """
        Return this outcome if the certificate is good, or needs no status.

        Args:
            fail: What becomes of a certificate of which nothing is known. *Unknown* is
                something that is known, and is refused in any case; so is a revocation
                with which all but its age is right.

        Raises:
            CertificateRevoked: If it is revoked.
            CertificateStatusUnknown: If its responder does not know it.
            RevokedButStale: If it was revoked, says an answer that is too old.
            RevocationIndeterminate: If nothing is known, and *fail* is ``HARD``.
        """
        if not isinstance(fail, FailMode):
            raise TypeError("fail must be a FailMode")
        if self.evidence is not None:
            self.evidence.require_good()
        elif self.status is CheckStatus.INDETERMINATE:
            for attempt in self.attempts:
                if isinstance(attempt.error, RevokedButStale):
                    raise attempt.error
            if fail is FailMode.HARD:
                raise RevocationIndeterminate(self.reason, self.failure, self.attempts)
        return self

    def __bool__(self) -> NoReturn:
        raise TypeError(
            "an outcome is no boolean: compare .status, or call .require_good()"
        )

    def __repr__(self) -> str:
        name = self.certificate.subject.rfc4514_string()
        why = "" if self.reason is None else f" ({self.reason.value})"
        return f"<Outcome({self.status.value}{why}, {name!r}, {self.source.value})>"


_STATUS = {
    OCSPCertStatus.GOOD: CheckStatus.GOOD,
    OCSPCertStatus.REVOKED: CheckStatus.REVOKED,
    OCSPCertStatus.UNKNOWN: CheckStatus.UNKNOWN,
}
