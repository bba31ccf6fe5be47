"""
The state of one running check: its settings, its deadline, and its attempts.

This module takes no decisions. The environment (clock, random numbers) is a parameter,
so that tests need no sleep and are reproducible.
"""

from __future__ import annotations

import datetime
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ocsp import limits
from ocsp.client.cache import (
    Cache,
    CachedAnswer,
    MemoryCache,
    RemembersNewest,
)
from ocsp.client.cache.memory import default_limits
from ocsp.client.cache.newest_crls import NewestCRLs
from ocsp.client.engine.effects import Flow, call
from ocsp.client.memory.crl_memory import CRLMemory
from ocsp.client.memory.expiring_map import ExpiringMap
from ocsp.client.memory.sized_map import SizedMap
from ocsp.client.memory.sizes import without_frames
from ocsp.client.options import AddressPolicy, Options
from ocsp.client.outcome import Attempt, Outcome
from ocsp.client.retry import ResponderBackoff
from ocsp.errors import FetchTimeout, OCSPError
from ocsp.messages.certid import CertID
from ocsp.verification.evidence import (
    VerifiedResponse,
    VerifiedRevocation,
)

__all__ = [
    "CachedEvidence",
    "CheckRequest",
    "CheckState",
    "Environment",
    "IDRequest",
    "Memory",
    "RememberedOutcome",
    "failed_check_key",
]

Result = TypeVar("Result")

_SHA256 = hashes.SHA256()


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Clock and random numbers; tests replace them."""

    now: Callable[[], datetime.datetime] = lambda: datetime.datetime.now(datetime.UTC)
    """The current time, aware; for the validity of responses."""

    monotonic: Callable[[], float] = time.monotonic
    """Seconds of a clock that never goes back; for deadlines and back-off."""

    fraction: Callable[[], float] = lambda: secrets.randbits(32) / 2**32
    """A random number from 0 to 1."""

    octets: Callable[[int], bytes] = secrets.token_bytes
    """Return that many unpredictable octets, for nonces."""


class CachedEvidence(NamedTuple):
    """
    A cached answer and its verified evidence.

    Attributes:
        answer: The answer as the cache returned it.

        evidence: The evidence from verifying it.

        begin: From when on it is valid.

        end: Until when it is valid.

        refresh_at: From when on the client asks for a newer answer.
    """

    answer: CachedAnswer
    evidence: VerifiedResponse
    begin: datetime.datetime
    end: datetime.datetime
    refresh_at: datetime.datetime


class RememberedOutcome(NamedTuple):
    """
    The outcome of an earlier check.

    Attributes:
        about: The certificate, and that of its issuer.

        outcome: The outcome, with evidence.

        cert_id: The CertID of the certificate with SHA-256.

        signer: The CertID of the signer of a response, if its status was needed; or
            ``None``.

        begin: From when on the evidence is valid.

        end: Until when it is valid.

        refresh_at: From when on a newer answer is due; ``None`` if it always is.
    """

    about: tuple[x509.Certificate, x509.Certificate]
    outcome: Outcome
    cert_id: CertID
    signer: CertID | None
    begin: datetime.datetime
    end: datetime.datetime
    refresh_at: datetime.datetime | None


class Memory:
    """
    What a client keeps from one check to the next.

    Attributes:
        cache: The cache of verified answers.

        known: Remembers the newest status of each certificate in this process: the
            cache if it is in memory. A cache in a file can be locked, or replaced.

        shared: The cache if it remembers this too, for other processes; or ``None``.

        backoff: Which responders to wait for, and for how long.

        failed_checks: Outcomes of recent checks that failed, by certificates and URLs.

        verified_answers: The evidence of cached answers, by CertID.

        issuers: Fetched issuer certificates, by the DER of the certificate that they
            issued.

        crls: Fetched CRLs, and the downloads that are running.

        newest_crls: How new the newest CRL of each scope is.

        outcomes: The outcomes of earlier checks with evidence, by the signature of the
            certificate. It is at hand, while reading the rest of a certificate takes
            most of a check; two certificates can share it, so their readers compare
            the whole certificates.

        delegates: Evidence about delegates, by the DER of the issuer and the delegate;
            empty if there was none.

        salt: A random number of this client that spreads the refresh times.

        refreshing: CertIDs that some thread or task is refreshing now.
    """

    __slots__ = (
        "backoff",
        "cache",
        "crls",
        "delegates",
        "failed_checks",
        "issuers",
        "known",
        "newest_crls",
        "outcomes",
        "refreshing",
        "salt",
        "shared",
        "verified_answers",
    )

    def __init__(self, cache: Cache, salt: float) -> None:
        self.cache = cache
        self.known = cache if isinstance(cache, MemoryCache) else MemoryCache()
        self.shared: RemembersNewest | None = None
        if cache is not self.known and isinstance(cache, RemembersNewest):
            self.shared = cache
        self.backoff = ResponderBackoff()
        self.failed_checks: ExpiringMap[tuple[bytes, tuple[str, ...]], Outcome] = (
            ExpiringMap()
        )
        self.issuers: ExpiringMap[bytes, x509.Certificate] = ExpiringMap()
        bounds = cache._limits if isinstance(cache, MemoryCache) else default_limits
        self.verified_answers: SizedMap[bytes, CachedEvidence] = SizedMap(bounds)
        self.outcomes: SizedMap[bytes, RememberedOutcome] = SizedMap(bounds)
        self.crls = CRLMemory()
        self.newest_crls = NewestCRLs()
        self.delegates: ExpiringMap[
            tuple[bytes, bytes], tuple[VerifiedResponse | VerifiedRevocation, ...]
        ] = ExpiringMap()
        self.salt = salt
        self.refreshing: set[bytes] = set()

    def fraction(self, serial_number: int) -> float:
        """Return a number from 0 to 1 that spreads the refresh times of answers."""
        return (self.salt + serial_number % 97 / 97) % 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRequest:
    """The arguments of one check."""

    certificate: x509.Certificate
    """The certificate to check; the caller has validated its path."""

    issuer: x509.Certificate | None = None
    """The certificate of the issuer."""

    urls: tuple[str, ...] = ()
    """Responder URLs to use instead of those in the certificate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IDRequest:
    """The arguments of a question about a certificate that the caller does not have."""

    cert_id: CertID
    """The CertID of the certificate, with SHA-256."""

    issuer: x509.Certificate
    """The certificate of the issuer."""

    urls: tuple[str, ...]
    """Responder URLs, which are trusted no more than those in a certificate."""


@dataclass(slots=True, kw_only=True)
class CheckState:
    """One running check."""

    request: CheckRequest | IDRequest
    options: Options
    environment: Environment
    memory: Memory
    started: float
    attempts: list[Attempt] = field(default_factory=list)
    failures: list[OCSPError] = field(default_factory=list)
    is_for_archive: bool = False
    """Whether the caller keeps the answer beside the newest one, as more proof."""
    refresh_at: datetime.datetime | None = None
    """From when on a newer answer is due; ``None`` if the answer is in no cache."""

    remembered: VerifiedResponse | VerifiedRevocation | None = None
    """The evidence that was remembered last."""

    @property
    def asked(self) -> x509.Certificate | CertID:
        """The certificate to check, or its CertID."""
        if isinstance(self.request, IDRequest):
            return self.request.cert_id
        return self.request.certificate

    @property
    def certificate(self) -> x509.Certificate:
        """
        The certificate to check.

        Raises:
            TypeError: If only its CertID is known.
        """
        if isinstance(self.request, IDRequest):
            raise TypeError("only the CertID of the certificate is known")
        return self.request.certificate

    def failed_check_key(
        self, issuer: x509.Certificate
    ) -> tuple[bytes, tuple[str, ...]]:
        """Return the key of this check in ``memory.failed_checks``."""
        return failed_check_key(self.certificate, issuer, self.request.urls)

    @property
    def address_policy(self) -> AddressPolicy:
        """Which addresses responder URLs may lead to; those of the caller, any."""
        if isinstance(self.request, CheckRequest) and self.request.urls:
            return AddressPolicy.PRIVATE_TOO
        return self.options.address_policy

    def elapsed(self) -> float:
        """Return the seconds since the start of the check."""
        return self.environment.monotonic() - self.started

    def left(self) -> float:
        """Return the seconds until the deadline of the check."""
        return self.options.timeout.total_seconds() - self.elapsed()

    def calculate(
        self, url: str, octets: int, function: Callable[[], Result]
    ) -> Flow[Result]:
        """
        Return the result of *function*, which reads or verifies what *url* sent.

        For more than ``MAX_INLINE_BYTES`` it runs in a thread, so that an event loop
        goes on, and is abandoned at the deadline of the check.

        Args:
            url: The URL that the error names.

            octets: The size of what *function* reads, which determines its time.

            function: The calculation. It may go on after the check has ended.

        Raises:
            FetchTimeout: If it ends after the deadline.
        """
        if octets <= limits.MAX_INLINE_BYTES:
            found = function()
        else:
            try:
                found = yield from call(function, self.left())
            except FetchTimeout:
                raise
            except TimeoutError:
                raise self._late(url) from None
        if self.left() < 0:
            raise self._late(url)
        return found

    def _late(self, url: str) -> FetchTimeout:
        return FetchTimeout(
            url,
            "answered, but reading and verifying the answer took longer than the"
            f" {self.options.timeout.total_seconds():g} seconds for the whole check",
        )

    def note(
        self,
        url: str,
        method: str,
        started: float,
        error: OCSPError | None = None,
        *,
        hash_name: str = "",
        octets: int = 0,
    ) -> None:
        """Record an attempt, which ends now; see :class:`Attempt`."""
        self.attempts.append(
            Attempt(
                url=url,
                method=method,
                hash_name=hash_name,
                started=started,
                seconds=self.elapsed() - started,
                octets=octets,
                error=error,
            )
        )
        if error is not None:
            self.failures.append(without_frames(error))


def failed_check_key(
    cert: x509.Certificate, issuer: x509.Certificate, urls: tuple[str, ...]
) -> tuple[bytes, tuple[str, ...]]:
    """
    Return the key of a failed check: the certificates and the URLs.

    Another certificate can have the same CertID, and name other responders. The failure
    of its check must not become that of this one.
    """
    return cert.fingerprint(_SHA256) + issuer.fingerprint(_SHA256), urls
