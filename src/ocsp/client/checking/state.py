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
from ocsp.client.options import Options, Targets
from ocsp.client.outcome import Attempt, Outcome
from ocsp.client.retry import Manners, Recent
from ocsp.errors import OCSPError
from ocsp.verification.evidence import VerifiedResponse

__all__ = ["Inquiry", "KeptList", "Memory", "Question", "Remembered", "World"]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Clock and chance; a test gives its own."""

    now: Callable[[], datetime.datetime] = lambda: datetime.datetime.now(datetime.UTC)
    """The time, aware: what answers are judged by."""

    monotonic: Callable[[], float] = time.monotonic
    """Seconds that only grow: what deadlines are measured by."""

    fraction: Callable[[], float] = lambda: secrets.randbits(32) / 2**32
    """A number from 0 to 1, at random."""

    octets: Callable[[int], bytes] = secrets.token_bytes
    """So many octets that nobody can guess: nonces."""


class Remembered(NamedTuple):
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


class KeptList(NamedTuple):
    """A CRL, and the delta CRL on top of it, if there is one."""

    complete: bytes
    delta: bytes | None


class Memory:
    """
    What a client remembers from one check to the next.

    Attributes:
        cache: Answers.

        manners: How the responders want to be treated.

        vain: Checks that led to nothing a moment ago.

        judged: What the answers in the cache prove.

        issuers: Certificates of issuers that were fetched, by what they have signed.

        lists: CRLs, by their URLs.

        salt: Spreads the times of refreshing; another for each client.

        refreshing: The certificates that are being asked about anew.
    """

    __slots__ = (
        "cache",
        "issuers",
        "judged",
        "lists",
        "manners",
        "refreshing",
        "salt",
        "vain",
    )

    def __init__(self, cache: Cache, salt: float) -> None:
        self.cache = cache
        self.manners = Manners()
        self.vain: Recent[tuple[bytes, tuple[str, ...]], Outcome] = Recent()
        self.issuers: Recent[bytes, x509.Certificate] = Recent()
        self.judged: dict[bytes, Remembered] = {}
        self.lists: Recent[str, KeptList] = Recent("MAX_KEPT_CRLS")
        self.salt = salt
        self.refreshing: set[bytes] = set()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a caller wants to know."""

    certificate: x509.Certificate
    """The certificate in question, of a path that the caller trusts."""

    issuer: x509.Certificate | None = None
    """The certificate of its issuer."""

    urls: tuple[str, ...] = ()
    """Whom to ask instead of those that the certificate names."""


@dataclass(slots=True, kw_only=True)
class Inquiry:
    """One check under way."""

    question: Question
    options: Options
    world: World
    memory: Memory
    started: float
    attempts: list[Attempt] = field(default_factory=list)
    failures: list[OCSPError] = field(default_factory=list)

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate in question."""
        return self.question.certificate

    @property
    def targets(self) -> Targets:
        """Where URLs may lead: those that the caller gave, anywhere."""
        return Targets.PRIVATE_TOO if self.question.urls else self.options.targets

    def elapsed(self) -> float:
        """Return the seconds since the start."""
        return self.world.monotonic() - self.started

    def left(self) -> float:
        """Return the seconds that are left of all."""
        return self.options.timeout.total_seconds() - self.elapsed()

    def note(self, attempt: Attempt, error: OCSPError | None = None) -> None:
        """Add *attempt*, over now."""
        seconds = self.elapsed() - attempt.started
        self.attempts.append(replace(attempt, seconds=seconds, error=error))
        if error is not None:
            self.failures.append(error)
