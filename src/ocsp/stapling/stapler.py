"""
Keep staples fresh, one step at a time (RFC 6066 §8).

A step asks the responders for the staples that are due, writes the responses that are
newer, and returns a report for every certificate. It does not wait for the next step:
:attr:`Stapler.next_at` says when that is due. The only state that outlives the process
is the staple files.
"""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Self

from cryptography import x509

from ocsp.client.cache import KnownStatus, MemoryCache
from ocsp.client.checking.state import Environment
from ocsp.client.core import URLs
from ocsp.client.options import CertIDHash, CRLFallback, Options
from ocsp.client.outcome import CheckStatus, Outcome
from ocsp.client.sync import Client
from ocsp.client.transport.protocol import Transport
from ocsp.errors import (
    BackendError,
    CertificateStatusUnknown,
    ConfigError,
    HookFailed,
    IssuerNotFound,
    OCSPError,
    OlderThanKnown,
    StapleEnded,
    StapleUnobtainable,
)
from ocsp.stapling.lock import exclusive_lock
from ocsp.stapling.need import NotNeeded, why_not_needed
from ocsp.stapling.report import DroppedContent, StapleEvent, StapleReport, StapleState
from ocsp.stapling.schedule import (
    after_failure,
    after_nothing_newer,
    half_life,
    is_ending,
)
from ocsp.stapling.site import (
    CertificateAndIssuer,
    Site,
    find_issuer,
    read_certificates,
)
from ocsp.stapling.staple_file import (
    StapleFile,
    drop_foreign_staple,
    prepare_staple_file,
)
from ocsp.verification.evidence import VerifiedResponse

__all__ = ["STAPLE_OPTIONS", "Hook", "Stapler"]

Hook = Callable[[StapleReport], None]
"""Called after a staple file was replaced or emptied; raises ``HookFailed``."""

STAPLE_OPTIONS = Options(cert_id_hash=CertIDHash.SHA1)
"""
The default options of a stapler: requests with a SHA-1 CertID. A responder answers with
the CertID of the request, and curl, HAProxy and Apache search the response by a SHA-1
CertID only. The hash only names the issuer, so SHA-1 does not weaken the signature.
"""

_NOT_NEEDED_INTERVAL = datetime.timedelta(days=1)
"""How long until a certificate that needs no status is checked again."""


class Stapler:
    """
    Keeps the staple files of some certificates fresh.

    ::

        with Stapler([Site(Path("/etc/haproxy/site.pem"))]) as stapler:
            for report in stapler.step():
                print(report.site.certificate, report.event, report.state)

    Use it in one thread only. While it is open, no other stapler can open the same
    staple files.
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
            sites: The certificates and their staple files.

            url: The URL or URLs of responders to ask, instead of those in the
                certificates.

            options: The options of the client; derive them from ``STAPLE_OPTIONS`` with
                ``dataclasses.replace``. CRLs are never used, because a CRL cannot be a
                staple.

            hook: Called after a staple file was replaced, or emptied because it was
                about a former certificate. If it fails, it is called again in the next
                step.

            transport: As for :class:`ocsp.Client`.

            environment: The clock and the source of random numbers, for tests.

        Raises:
            ConfigError: If *sites* is empty, or two sites have the same staple file.
        """
        files = [site.staple_file for site in sites]
        if not files:
            raise ConfigError("sites", "is empty; give at least one Site")
        for file in files:
            if files.count(file) > 1:
                raise ConfigError(str(file), "is the staple file of two certificates")
        self._url = url if url is None or isinstance(url, str) else tuple(url)
        options = replace(options, crl_fallback=CRLFallback.NEVER)
        self._hook = hook
        self._environment = environment or Environment()
        self._client = Client(
            options,
            cache=MemoryCache(max_entries=0),  # only new responses are of use here
            transport=transport,
            environment=self._environment,
        )
        self._staples = [
            _Staple(site, self._environment, options, has_responder=bool(self._url))
            for site in sites
        ]
        self._locks = contextlib.ExitStack()

    def __enter__(self) -> Self:
        """
        Lock the staple files, and remove temporary files that killed processes left.

        Raises:
            StoreError: If another stapler has locked one of them, or one is not a
                regular file.
        """
        with contextlib.ExitStack() as locks:
            for staple in self._staples:
                file = staple.site.staple_file
                prepare_staple_file(file)
                locks.enter_context(exclusive_lock(file))
            self._locks = locks.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._locks.close()
        self._client.close()

    @property
    def next_at(self) -> datetime.datetime:
        """When the next step is due, aware, in UTC."""
        return min(staple.next_at for staple in self._staples)

    def step(self, *, now: bool = False) -> tuple[StapleReport, ...]:
        """
        Renew the staples that are due, and return a report for every certificate.

        Each step reads the certificates again, so that a renewed certificate gets a new
        staple.

        Args:
            now: Renew all staples, even those that are not due.

        Raises:
            MissingExtraError: If the extra ``client`` is not installed and no transport
                was given.
        """
        due = [(staple, staple.begin_step(renew=now)) for staple in self._staples]
        asked = [(staple, pair) for staple, pair in due if pair is not None]
        outcomes = self._client.check_many([pair for _, pair in asked], url=self._url)
        for (staple, _), outcome in zip(asked, outcomes, strict=True):
            staple.handle_outcome(outcome)
        return tuple(staple.end_step(self._hook) for staple in self._staples)


def _failure_of(error: Exception) -> OCSPError:
    """Return *error* itself, or one of this package in its place."""
    if isinstance(error, OCSPError):
        return error
    return BackendError(f"unexpected {type(error).__name__}: {error}")


def _older(evidence: VerifiedResponse, newest: KnownStatus) -> OlderThanKnown:
    """Return the error for an answer that is older than the staple."""
    return OlderThanKnown(evidence.this_update, newest.this_update, newest.is_revoked)


class _Staple:
    """The state of one certificate and its staple in a stapler."""

    def __init__(
        self,
        site: Site,
        environment: Environment,
        options: Options,
        *,
        has_responder: bool,
    ) -> None:
        self.site = site
        self._has_responder = has_responder
        self._environment = environment
        self._wait_until(environment.now())
        self._options = options
        self._certificate: x509.Certificate | None = None
        self._pair: CertificateAndIssuer | None = None
        self._file: StapleFile | None = None
        self._event = StapleEvent.YOUNG
        self._dropped: DroppedContent | None = None
        self._failure: OCSPError | None = None
        self._failures = 0
        self._not_needed: NotNeeded | None = None
        self._unobtainable: StapleUnobtainable | None = None
        self._hook_is_due = False

    def begin_step(self, *, renew: bool) -> CertificateAndIssuer | None:
        """
        Read the certificate again, and return it if its staple must be renewed now.

        Args:
            renew: Whether to renew the staple even if it is not due.
        """
        self._event, self._failure, self._dropped = StapleEvent.YOUNG, None, None
        try:
            return self._due(renew=renew)
        except Exception as error:  # no failure of one site may end the other sites
            self._fail(_failure_of(error))
            return None

    def _due(self, *, renew: bool) -> CertificateAndIssuer | None:
        pair = self._read()
        if pair is None:
            self._wait_until(self._environment.now() + _NOT_NEEDED_INTERVAL)
            return None
        if pair != self._pair:
            self._set_pair(pair)
        is_new = not self._failures and self._evidence() is None
        if not (is_new or renew or self._is_due()):
            return None
        if self._unobtainable is not None:
            raise self._unobtainable
        return pair

    def _is_due(self) -> bool:
        """Return whether the time has come, or the clock was set back since."""
        now = self._environment.now()
        return now >= self.next_at or now < self._scheduled_at

    def _wait_until(self, moment: datetime.datetime) -> None:
        """Schedule the next attempt."""
        self.next_at, self._scheduled_at = moment, self._environment.now()

    def _read(self) -> CertificateAndIssuer | None:
        """Read certificate and issuer; return ``None`` if no staple is needed."""
        certificates = read_certificates(self.site)
        certificate = certificates[0]
        if certificate != self._certificate:
            self._certificate, self._failures = certificate, 0
            self._not_needed = self._pair = self._file = None
        self._unobtainable = None
        try:
            reason = why_not_needed(certificate, has_responder=self._has_responder)
        except StapleUnobtainable as error:
            self._unobtainable, reason = error, None
        if reason is None:
            return self._find_issuer(certificates)
        if self._not_needed is None:
            self._hook_is_due |= drop_foreign_staple(self.site.staple_file, certificate)
            self._event, self._not_needed = StapleEvent.NOT_NEEDED, reason
        self._failures = 0
        return None

    def _find_issuer(
        self, certificates: list[x509.Certificate]
    ) -> CertificateAndIssuer:
        try:
            return find_issuer(self.site, certificates)
        except IssuerNotFound:
            if self._unobtainable is not None:
                raise self._unobtainable from None
            raise

    def _set_pair(self, pair: CertificateAndIssuer) -> None:
        """Start with a certificate: the first one, or a renewed one."""
        self._pair = pair
        self._file = StapleFile(
            self.site.staple_file,
            *pair,
            responders=self._options.responders,
            candidates=self._options.candidates,
            policy=self._options.policy,
        )
        evidence = self._evidence()
        if evidence is not None:
            self._wait_until(half_life(evidence, self._environment.fraction()))

    def handle_outcome(self, outcome: Outcome) -> None:
        """Write the staple of a check, or schedule the next attempt."""
        if outcome.status is CheckStatus.UNKNOWN:
            self._fail(CertificateStatusUnknown())
        elif isinstance(outcome.evidence, VerifiedResponse) and self._file:
            self._replace(self._file, outcome.evidence)
        else:
            self._fail(outcome.failure)

    def _replace(self, file: StapleFile, evidence: VerifiedResponse) -> None:
        if evidence.holds_until <= self._environment.now():
            self._fail(StapleEnded(evidence.holds_until))
            return
        try:
            replaced = file.replace(evidence)
        except Exception as error:
            self._fail(_failure_of(error))
            return
        if replaced:
            self._event, self._dropped = StapleEvent.WRITTEN, file.dropped
            self._hook_is_due = True
        else:
            self._event = StapleEvent.UNCHANGED
        standing = self._evidence()
        if not replaced and standing is None and file.newest is not None:
            self._fail(_older(evidence, file.newest))
            return
        self._failures = 0
        self._schedule(standing or evidence)

    def _schedule(self, evidence: VerifiedResponse) -> None:
        """Schedule the next attempt by the staple that is in the file."""
        now = self._environment.now()
        moment = half_life(evidence, self._environment.fraction())
        if moment <= now:
            moment = after_nothing_newer(evidence, now)
        self._wait_until(moment)

    def _fail(self, error: OCSPError | None) -> None:
        self._event, self._failure = StapleEvent.FAILED, error
        self._failures += 1
        self._wait_until(
            after_failure(
                self._failures,
                self._evidence(),
                self._environment.now(),
                self._environment.fraction(),
            )
        )

    def end_step(self, hook: Hook | None) -> StapleReport:
        """Call *hook* if the staple was replaced, and return the report."""
        if hook is not None and self._hook_is_due:
            try:
                hook(self._report())
                self._hook_is_due = False
            except HookFailed as error:
                self._failure = error
            except Exception as error:
                self._failure = HookFailed(type(hook).__name__, f"raised {error!r}")
        return self._report()

    def _report(self) -> StapleReport:
        return StapleReport(
            site=self.site,
            at=self._environment.now(),
            event=self._event,
            state=self._state(),
            evidence=self._evidence(),
            next_at=self.next_at,
            not_needed=self._not_needed,
            dropped=self._dropped,
            failure=self._failure,
        )

    def _state(self) -> StapleState:
        if self._not_needed is not None:
            return StapleState.NOT_NEEDED
        evidence = self._evidence()
        if evidence is None:
            return StapleState.MISSING
        ending = is_ending(evidence, self._environment.now())
        return StapleState.ENDING if ending else StapleState.HOLDS

    def _evidence(self) -> VerifiedResponse | None:
        return self._file.evidence(self._environment.now()) if self._file else None
