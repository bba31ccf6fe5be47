"""
The stapler: keeps staples fresh, one step at a time.

RFC 6066 §8. Rules of this file: it does not wait. A step asks what it is time to ask
for, writes what is newer, and tells what became of every certificate; when the next
step is due, it says too. The staples in their files are all that it remembers.
"""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Self

from ocsp.client.cache import MemoryCache
from ocsp.client.checking.state import Environment
from ocsp.client.core import URLs
from ocsp.client.options import CertIDHash, CRLFallback, Options
from ocsp.client.outcome import CheckStatus, Outcome
from ocsp.client.sync import Client
from ocsp.client.transport.protocol import Transport
from ocsp.errors import CertificateStatusUnknown, ConfigError, HookFailed, OCSPError
from ocsp.stapling.lock import exclusive_lock
from ocsp.stapling.report import StapleEvent, StapleReport, StapleState
from ocsp.stapling.schedule import (
    after_failure,
    after_nothing_newer,
    half_life,
    is_ending,
)
from ocsp.stapling.site import CertificateAndIssuer, Site, read_pair
from ocsp.stapling.staple_file import StapleFile
from ocsp.verification.evidence import VerifiedResponse

__all__ = ["STAPLE_OPTIONS", "Hook", "Stapler"]

Hook = Callable[[StapleReport], None]
"""Called after a staple was replaced; raises ``HookFailed``."""

STAPLE_OPTIONS = Options(cert_id_hash=CertIDHash.SHA1)
"""
How a stapler asks. By SHA-1: a responder answers with the CertID that it was asked by,
and curl, HAProxy and Apache find their certificate by no other. It is no signature, and
nothing is less secure for it.
"""

_LONG = datetime.timedelta(days=1)
"""Until a certificate that needs no status is looked at again."""


class Stapler:
    """
    Keeps a staple beside each of some certificates.

    ::

        with Stapler([Site(Path("/etc/haproxy/site.pem"))]) as stapler:
            for report in stapler.step():
                print(report.site.certificate, report.event, report.state)

    For one thread. While it is open, no other one may keep the same files.
    """

    def __init__(
        self,
        sites: Sequence[Site],
        *,
        url: URLs = None,
        options: Options = STAPLE_OPTIONS,
        hook: Hook | None = None,
        transport: Transport | None = None,
        environment: Environment | None = None,
    ) -> None:
        """
        Name the certificates; nothing is read yet.

        Args:
            sites: Certificates and where their staples go.

            url: Whom to ask instead of the responders that the certificates name.

            options: How to ask; made from ``STAPLE_OPTIONS`` by ``replace``. No CRL is
                asked, since none makes a staple.

            hook: Called after each staple that was replaced. If it fails, it is called
                again in a later step.

            transport: As for :class:`ocsp.Client`.

            environment: Clock and chance, for tests.

        Raises:
            ConfigError: If there is no site, or two have the same staple.
        """
        files = [site.staple_file for site in sites]
        if not files:
            raise ConfigError("sites", "there is none")
        for file in files:
            if files.count(file) > 1:
                raise ConfigError(str(file), "is the staple of two certificates")
        self._url = url if url is None or isinstance(url, str) else tuple(url)
        options = replace(options, crl_fallback=CRLFallback.NEVER)
        self._hook = hook
        self._environment = environment or Environment()
        self._client = Client(
            options,
            cache=MemoryCache(max_entries=0),  # what is asked here is to be new
            transport=transport,
            environment=self._environment,
        )
        self._keepers = [_Keeper(site, self._environment, options) for site in sites]
        self._locks = contextlib.ExitStack()

    def __enter__(self) -> Self:
        """
        Lock the staples.

        Raises:
            StoreError: If another stapler has one of them.
        """
        with contextlib.ExitStack() as locks:
            for keeper in self._keepers:
                locks.enter_context(exclusive_lock(keeper.site.staple_file))
            self._locks = locks.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._locks.close()
        self._client.close()

    @property
    def next_at(self) -> datetime.datetime:
        """When the next step is due, aware, in UTC."""
        return min(keeper.next_at for keeper in self._keepers)

    def step(self, *, now: bool = False) -> tuple[StapleReport, ...]:
        """
        Ask what it is time to ask for, and return what became of every certificate.

        Certificates are read again each time, so that one that was renewed gets a new
        staple.

        Args:
            now: Ask for all of them, also where the staple is young.

        Raises:
            MissingExtraError: If httpx is not installed, and no transport was given.
        """
        due = [(keeper, keeper.question(at_once=now)) for keeper in self._keepers]
        asking = [(keeper, pair) for keeper, pair in due if pair is not None]
        outcomes = self._client.check_many([pair for _, pair in asking], url=self._url)
        for (keeper, _), outcome in zip(asking, outcomes, strict=True):
            keeper.settle(outcome)
        return tuple(keeper.finish(self._hook) for keeper in self._keepers)


class _Keeper:
    """What a stapler knows of one certificate."""

    def __init__(self, site: Site, environment: Environment, options: Options) -> None:
        self.site = site
        self.next_at = environment.now()
        self._environment = environment
        self._options = options
        self._pair: CertificateAndIssuer | None = None
        self._file: StapleFile | None = None
        self._event = StapleEvent.YOUNG
        self._failure: OCSPError | None = None
        self._failures = 0
        self._is_needed = True
        self._hook_is_owed = False

    def question(self, *, at_once: bool) -> CertificateAndIssuer | None:
        """Return what to ask about, or ``None`` if it is not time, or cannot be."""
        self._event, self._failure = StapleEvent.YOUNG, None
        try:
            pair = read_pair(self.site)
        except OCSPError as error:
            self._fail(error)
            return None
        if pair != self._pair:
            self._begin(pair)
        if self._is_needed and not self._failures and self._evidence() is None:
            return pair  # the first time, or somebody has removed it
        return pair if at_once or self._environment.now() >= self.next_at else None

    def _begin(self, pair: CertificateAndIssuer) -> None:
        """Take up a certificate: the first one, or one that has replaced it."""
        self._pair = pair
        self._file = StapleFile(
            self.site.staple_file,
            *pair,
            responders=self._options.responders,
            policy=self._options.policy,
        )
        self._failures, self._is_needed = 0, True
        evidence = self._evidence()
        if evidence is not None:
            self.next_at = half_life(evidence, self._environment.fraction())

    def settle(self, outcome: Outcome) -> None:
        """Take what the responder has said."""
        if outcome.status is CheckStatus.NOT_NEEDED:
            self._event, self._is_needed = StapleEvent.NOT_NEEDED, False
            self.next_at = self._environment.now() + _LONG
        elif outcome.status is CheckStatus.UNKNOWN:
            self._fail(CertificateStatusUnknown())
        elif isinstance(outcome.evidence, VerifiedResponse) and self._file:
            self._take(self._file, outcome.evidence)
        else:
            self._fail(outcome.failure)

    def _take(self, file: StapleFile, evidence: VerifiedResponse) -> None:
        try:
            replaced = file.replace(evidence)
        except OCSPError as error:
            self._fail(error)
            return
        self._failures = 0
        self._hook_is_owed |= replaced
        self._event = StapleEvent.WRITTEN if replaced else StapleEvent.UNCHANGED
        now = self._environment.now()
        self.next_at = half_life(evidence, self._environment.fraction())
        if self.next_at <= now:
            self.next_at = after_nothing_newer(evidence, now)

    def _fail(self, error: OCSPError | None) -> None:
        self._event, self._failure = StapleEvent.FAILED, error
        self._failures += 1
        self.next_at = after_failure(
            self._failures,
            self._evidence(),
            self._environment.now(),
            self._environment.fraction(),
        )

    def finish(self, hook: Hook | None) -> StapleReport:
        """Call *hook* if it is owed, and return what became of the certificate."""
        if hook is not None and self._hook_is_owed:
            try:
                hook(self._report())
                self._hook_is_owed = False
            except HookFailed as error:
                self._failure = error
        return self._report()

    def _report(self) -> StapleReport:
        return StapleReport(
            site=self.site,
            at=self._environment.now(),
            event=self._event,
            state=self._state(),
            evidence=self._evidence(),
            next_at=self.next_at,
            failure=self._failure,
        )

    def _state(self) -> StapleState:
        if not self._is_needed:
            return StapleState.NOT_NEEDED
        evidence = self._evidence()
        if evidence is None:
            return StapleState.MISSING
        is_late = is_ending(evidence, self._environment.now())
        return StapleState.ENDING if is_late else StapleState.HOLDS

    def _evidence(self) -> VerifiedResponse | None:
        return self._file.evidence(self._environment.now()) if self._file else None
