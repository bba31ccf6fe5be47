"""
One check under way: what it may use, how much time it has, what was tried.

Rules of this file: no decisions. The world (clock, chance) is given, so that a test
needs no sleep and meets the same chances twice.
"""

from __future__ import annotations

import datetime
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from cryptography import x509

from ocsp.client.cache import Cache, CachedAnswer
from ocsp.client.options import AddressPolicy, Options
from ocsp.client.outcome import Attempt, Outcome
from ocsp.client.retry import ExpiringMap, ResponderBackoff
from ocsp.errors import OCSPError
from ocsp.verification.evidence import VerifiedResponse

__all__ = [
    "CachedCRL",
    "CachedEvidence",
    "CheckRequest",
    "CheckState",
    "Environment",
    "Memory",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Clock and chance; a test gives its own."""

    now: Callable[[], datetime.datetime] = lambda: datetime.datetime.now(datetime.UTC)
    """The time, aware: what answers are judged by."""

    monotonic: Callable[[], float] = time.monotonic
    """Seconds that only grow: what deadlines are measured by."""

    fraction: Callable[[], float] = lambda: secrets.randbits(32) / 2**32
    """A number from 0 to 1, at random."""

    octets: Callable[[int], bytes] = secrets.token_bytes
    """So many octets that nobody can guess: nonces."""


class CachedEvidence(NamedTuple):
    """
    An answer of the cache that is evidence.

    Attributes:
        answer: What the cache gave.

        evidence: What it proves.

        begin: From when on it holds.

        end: Until when.

        due: From when on a newer one is wanted.
    """

    answer: CachedAnswer
    evidence: VerifiedResponse
    begin: datetime.datetime
    end: datetime.datetime
    due: datetime.datetime


class CachedCRL(NamedTuple):
    """A CRL, and the delta CRL on top of it, if there is one."""

    complete: bytes
    delta: bytes | None


class Memory:
    """
    What a client remembers from one check to the next.

    Attributes:
        cache: Answers.

        backoff: Which responders to leave alone, and for how long.

        failed_checks: The outcomes of recent checks without a result.

        verified_answers: The evidence that the answers in the cache give.

        issuers: Certificates of issuers that were fetched, by what they have signed.

        crls: CRLs, by their URLs.

        salt: Spreads the times of refreshing; another for each client.

        refreshing: The certificates that are being asked about anew.
    """

    __slots__ = (
        "backoff",
        "cache",
        "crls",
        "failed_checks",
        "issuers",
        "refreshing",
        "salt",
        "verified_answers",
    )

    def __init__(self, cache: Cache, salt: float) -> None:
        self.cache = cache
        self.backoff = ResponderBackoff()
        self.failed_checks: ExpiringMap[tuple[bytes, tuple[str, ...]], Outcome] = (
            ExpiringMap()
        )
        self.issuers: ExpiringMap[bytes, x509.Certificate] = ExpiringMap()
        self.verified_answers: dict[bytes, CachedEvidence] = {}
        self.crls: ExpiringMap[str, CachedCRL] = ExpiringMap("MAX_CACHED_CRLS")
        self.salt = salt
        self.refreshing: set[bytes] = set()


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRequest:
    """What a caller wants to know."""

    certificate: x509.Certificate
    """The certificate in question, of a path that the caller trusts."""

    issuer: x509.Certificate | None = None
    """The certificate of its issuer."""

    urls: tuple[str, ...] = ()
    """Whom to ask instead of those that the certificate names."""


@dataclass(slots=True, kw_only=True)
class CheckState:
    """One check under way."""

    request: CheckRequest
    options: Options
    environment: Environment
    memory: Memory
    started: float
    attempts: list[Attempt] = field(default_factory=list)
    failures: list[OCSPError] = field(default_factory=list)

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate in question."""
        return self.request.certificate

    @property
    def address_policy(self) -> AddressPolicy:
        """Where URLs may lead: those that the caller gave, anywhere."""
        return (
            AddressPolicy.PRIVATE_TOO
            if self.request.urls
            else self.options.address_policy
        )

    def elapsed(self) -> float:
        """Return the seconds since the start."""
        return self.environment.monotonic() - self.started

    def left(self) -> float:
        """Return the seconds that are left of all."""
        return self.options.timeout.total_seconds() - self.elapsed()

    def note(self, attempt: Attempt, error: OCSPError | None = None) -> None:
        """Add *attempt*, over now."""
        seconds = self.elapsed() - attempt.started
        self.attempts.append(replace(attempt, seconds=seconds, error=error))
        if error is not None:
            self.failures.append(error)
