"""What a probe reports: one answer for each question."""

from __future__ import annotations

import datetime
import enum
from dataclasses import dataclass

from ocsp.errors import (
    FetchError,
    FetchTimeout,
    OCSPError,
    TransportError,
    UnsuccessfulResponse,
)
from ocsp.linting import LintFinding
from ocsp.probing.questions import Question
from ocsp.verification.evidence import VerifiedResponse

__all__ = ["Failure", "NonceUse", "ProbeAnswer", "ProbeReport"]


class NonceUse(enum.Enum):
    """What the responder did with a nonce."""

    NOT_SENT = "not-sent"
    """The question had none."""

    REPEATED = "repeated"
    """The verified answer has it."""

    LEFT_OUT = "left-out"
    """The verified answer has none, as RFC 9919 §3.2.1 allows."""

    NOT_KNOWN = "not-known"
    """No answer was verified."""


class Failure(enum.Enum):
    """Why an answer has no evidence."""

    TIMEOUT = "timeout"
    """It did not come in time."""

    CONNECTION = "connection"
    """The connection failed, or broke."""

    HTTP = "http"
    """The HTTP reply is none that clients read: its status, media type or size."""

    OCSP_ERROR = "ocsp-error"
    """It is an OCSP error (RFC 6960 §2.3)."""

    NOT_VERIFIED = "not-verified"
    """The verification failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeAnswer:
    """
    The answer to one question.

    Either *evidence* or *error* is ``None``. A status is only in the evidence.
    """

    question: Question
    """How the responder was asked."""

    at: datetime.datetime
    """When the answer was complete, or failed; aware, in UTC."""

    seconds: float
    """The time from connecting to the complete answer, or to the failure."""

    evidence: VerifiedResponse | None = None
    """The evidence from :func:`ocsp.verify`."""

    error: OCSPError | None = None
    """Why there is no evidence."""

    http_status: int | None = None
    """The status code, or ``None`` without an HTTP reply."""

    headers: tuple[tuple[str, str], ...] = ()
    """The headers of the reply; names in lower case."""

    octets: int = 0
    """The size of its content, in octets."""

    findings: tuple[LintFinding, ...] = ()
    """What deviates from the standards, in the response and in the headers."""

    @property
    def remaining(self) -> datetime.timedelta | None:
        """
        The time from :attr:`at` to the end of the evidence.

        ``None`` without evidence or without nextUpdate.
        """
        if self.evidence is None or self.evidence.next_update is None:
            return None
        return self.evidence.next_update - self.at

    @property
    def age(self) -> datetime.timedelta | None:
        """The time from thisUpdate to :attr:`at`; ``None`` without evidence."""
        return None if self.evidence is None else self.at - self.evidence.this_update

    @property
    def nonce(self) -> NonceUse:
        """What the responder did with the nonce."""
        if not self.question.nonce:
            return NonceUse.NOT_SENT
        if self.evidence is None:
            return NonceUse.NOT_KNOWN
        matched = self.evidence.nonce_matched
        return NonceUse.REPEATED if matched else NonceUse.LEFT_OUT

    @property
    def failure(self) -> Failure | None:
        """Why there is no evidence; ``None`` if there is."""
        match self.error:
            case None:
                return None
            case FetchTimeout():
                return Failure.TIMEOUT
            case TransportError():
                return Failure.CONNECTION
            case FetchError():
                return Failure.HTTP
            case UnsuccessfulResponse():
                return Failure.OCSP_ERROR
            case _:
                return Failure.NOT_VERIFIED

    def header(self, name: str) -> str | None:
        """Return the first value of the header *name* (in lower case), or ``None``."""
        return next((value for known, value in self.headers if known == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeReport:
    """All answers of one probe."""

    url: str
    """The URL of the responder."""

    answers: tuple[ProbeAnswer, ...]
    """An answer for each question, in their order."""

    @property
    def remaining(self) -> datetime.timedelta | None:
        """The shortest time until an answer ends, or ``None`` if none has an end."""
        known = [each.remaining for each in self.answers if each.remaining is not None]
        return min(known, default=None)
