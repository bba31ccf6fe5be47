"""
One signer of a running responder: loaded, tested, and replaced when its files change.

A pair of key and certificate is loaded again when one of its files has changed. It is
tested before it replaces the former one, so a half-written pair changes nothing.
"""

from __future__ import annotations

import datetime
import logging
from typing import final

from ocsp import limits
from ocsp.asn1.certificates import validity_of
from ocsp.errors import (
    BackendError,
    ConfigError,
    MissingExtraError,
    SignerUnavailable,
)
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.responder.source import StatusRecord
from ocsp.signers.health import SignerHealth, SignerState
from ocsp.signers.loaded_signer import LoadedSigner, RefusingSigner
from ocsp.signers.loading import away_signer, file_states, load_signer
from ocsp.signers.self_test import SelfTest
from ocsp.signers.slots import SigningSlots
from ocsp.signers.spec import SignerSpec
from ocsp.signers.tester import SignerTester
from ocsp.signing.signer import Signer

__all__ = ["ManagedSigner"]

logger = logging.getLogger("ocsp.signers")

_RETRY = datetime.timedelta(seconds=30)
"""How long to wait before a signer that cannot be used is tried again."""

_STATUS_PAUSE = datetime.timedelta(minutes=1)
"""How often the status of the signer's own certificate is looked up."""

_RETIREMENT = datetime.timedelta(minutes=1)
"""How long a replaced signer stays open for the requests that use it."""

_REMINDER = datetime.timedelta(days=1)
"""How often a warning that has not changed is logged."""

_LONG_AGO = datetime.datetime.min.replace(tzinfo=datetime.UTC)

_USABLE = frozenset({SignerState.READY, SignerState.FUTURE})


@final
class ManagedSigner:
    """
    A signer that follows its files, and is tested again and again.

    Attributes:
        spec: Where its key and its certificate are.

        signer: The signer; ``None`` while its files cannot be used.
    """

    def __init__(
        self,
        spec: SignerSpec,
        tester: SignerTester,
        loaded: LoadedSigner | None = None,
    ) -> None:
        """
        Prepare the signer; :meth:`update` loads it.

        Args:
            spec: Where its key and its certificate are.

            tester: How it is tested.

            loaded: The signer, if it was loaded before.
        """
        self.spec = spec
        self.signer: Signer | None = loaded
        self._tester = tester
        self._loading = SigningSlots(1, 1, deadline=limits.MAX_SIGNER_LOAD_SECONDS)
        self._loaded = loaded
        self._retired: list[tuple[datetime.datetime, LoadedSigner]] = []
        self._files = () if loaded is None else loaded.files
        self._state = SignerState.NOT_LOADED
        self._load_problem = ""
        self._is_away = False
        self._test: SelfTest | None = None
        self._record: StatusRecord | None = None
        self._tried = self._tested = self._asked = self._logged_at = _LONG_AGO
        self._signed: datetime.datetime | None = None
        self._logged: tuple[str, ...] = ()

    @property
    def is_usable(self) -> bool:
        """Whether clients accept its answers, now or once its certificate is valid."""
        return self._state in _USABLE

    def health(self) -> SignerHealth:
        """Return what is known about the signer."""
        loaded, test = self._loaded, self._test
        problems = () if test is None else test.failures
        if self._load_problem:
            problems += (self._load_problem,)
        certificate = begin = end = None
        if self.signer is not None:
            certificate = self.signer.certificate
            begin, end = validity_of(certificate)
        return SignerHealth(
            spec=self.spec,
            name=self.spec.certificate.name if loaded is None else loaded.name,
            state=self._state,
            certificate=certificate,
            begin=begin,
            end=end,
            tested=self._signed,
            seconds=None if loaded is None else loaded.seconds,
            test=test,
            problems=problems,
        )

    async def update(
        self, now: datetime.datetime, *, oldest: datetime.timedelta
    ) -> None:
        """
        Load the signer if its files have changed, and test it if that is due.

        Args:
            now: The current time, aware.

            oldest: How old the last test may be. A signer that cannot be used is tried
                again after half a minute.
        """
        self._close_retired(now)
        files = file_states(self.spec)
        loaded = self._loaded
        is_retry = self._is_away and _is_due(self._tried, now, _RETRY)
        if files != self._files or is_retry:
            self._files, self._tried = files, now
            await self._load(now)
        elif loaded is not None:
            if not self.is_usable:
                oldest = min(oldest, _RETRY)
            is_changed = await self._ask_status(loaded, now)
            if is_changed or self._is_over(now) or _is_due(self._tested, now, oldest):
                self._adopt(
                    loaded, await self._tester.test(loaded, self._record, now), now
                )

    async def _load(self, now: datetime.datetime) -> None:
        """Load the files; use them if they are at least as good as what is used."""
        self._is_away = False
        try:
            found = await self._loading.run(lambda: load_signer(self.spec))
        except (ConfigError, MissingExtraError) as error:
            # Not tried again before a file changes: a token locks itself after a few
            # wrong PINs.
            self._refuse_files(str(error))
            return
        except SignerUnavailable as error:
            self._is_away = True
            self._refuse_files(str(error))
            if self.signer is None:
                self.signer = away_signer(self.spec, str(error))
                self._state = SignerState.FAILING
            return
        self._asked = _LONG_AGO
        await self._ask_status(found, now)
        test = await self._tester.test(found, self._record, now)
        problem = self._refusal(found, test, now)
        if problem:
            found.begin_to_close()
            self._refuse_files(problem)
            # The status was that of the certificate that is not used.
            self._record, self._asked = None, _LONG_AGO
            return
        self._load_problem = ""
        if self._loaded is not None:
            self._retired.append((now, self._loaded))
            logger.info("%s: loaded from changed files", found.name)
        self._adopt(found, test, now)

    def _refusal(
        self, found: LoadedSigner, test: SelfTest, now: datetime.datetime
    ) -> str:
        """Say why *found* must not replace the present signer yet, or return ``""``."""
        if not self.is_usable:
            return ""
        state = _state(found, test, now)
        if state not in _USABLE:
            self._is_away = test.is_unavailable
            return "; ".join(test.failures) or "the certificate has ended"
        if state is SignerState.FUTURE and self._state is SignerState.READY:
            self._is_away = True  # tried again until it is valid
            begin = validity_of(found.certificate)[0]
            return f"the certificate is not valid before {begin}"
        return ""

    def _refuse_files(self, why: str) -> None:
        if self.signer is not None:
            why = f"the changed files are not used: {why}"
        if why != self._load_problem:
            logger.error("%s: %s", self.spec.certificate, why)
        self._load_problem = why

    def _adopt(
        self, signer: LoadedSigner, test: SelfTest, now: datetime.datetime
    ) -> None:
        """Use *signer* as far as its test allows."""
        state = _state(signer, test, now)
        is_new = signer is not self._loaded or state is not self._state
        if is_new:  # otherwise the one in use stays, so that nothing is swapped
            self._loaded = self.signer = signer
            if state is SignerState.REFUSED:
                self.signer = _refusing(signer, test)
        if not test.is_unavailable:
            self._signed = now
        self._test, self._tested = test, now
        self._log(signer.name, state, now)
        self._state = state

    def _log(self, name: str, state: SignerState, now: datetime.datetime) -> None:
        """Log a new state, and once a day what is unwise or wrong."""
        test = self._test
        found = () if test is None else (*test.failures, *test.warnings)
        if state is not self._state and state in _USABLE:
            logger.info("%s: %s", name, state.value)
        if found != self._logged or _is_due(self._logged_at, now, _REMINDER):
            self._logged, self._logged_at = found, now
            level = logging.WARNING if state in _USABLE else logging.ERROR
            for each in found:
                logger.log(level, "%s: %s: %s", name, state.value, each)

    async def _ask_status(self, signer: LoadedSigner, now: datetime.datetime) -> bool:
        """Look up the status of the certificate; tell whether it is another now."""
        if not _is_due(self._asked, now, _STATUS_PAUSE):
            return False
        self._asked = now
        before = _is_revoked(self._record)
        try:
            self._record = await self._tester.status_of(signer.certificate)
        except BackendError as error:
            logger.warning("%s: its status is not known: %s", signer.name, error)
        return _is_revoked(self._record) is not before

    def _is_over(self, now: datetime.datetime) -> bool:
        """Tell whether the certificate has begun or ended since the last test."""
        if self.signer is None:
            return False
        begin, end = validity_of(self.signer.certificate)
        over = end + datetime.timedelta(seconds=1)  # the last second counts
        return any(self._tested < each <= now for each in (begin, over))

    def _close_retired(self, now: datetime.datetime) -> None:
        for retired in list(self._retired):
            if _is_due(retired[0], now, _RETIREMENT):
                self._retired.remove(retired)
                retired[1].begin_to_close()

    def close(self) -> None:
        """End the sessions with tokens; wait for a token as long as for a signature."""
        former = [each for _, each in self._retired]
        present = [] if self._loaded is None else [self._loaded]
        closing = [each.begin_to_close() for each in (*former, *present)]
        for each in closing:
            if each is not None:
                each.join(limits.MAX_SIGNING_SECONDS)


def _refusing(signer: LoadedSigner, test: SelfTest) -> RefusingSigner:
    why = f"{signer.name} is out of use: {'; '.join(test.failures)}"
    return RefusingSigner(signer.certificate, signer.algorithm_identifier, why)


def _state(signer: LoadedSigner, test: SelfTest, now: datetime.datetime) -> SignerState:
    begin, end = validity_of(signer.certificate)
    if now > end:
        return SignerState.ENDED
    if test.is_unavailable:
        return SignerState.FAILING
    if test.failures:
        return SignerState.REFUSED
    return SignerState.READY if begin <= now else SignerState.FUTURE


def _is_due(
    last: datetime.datetime, now: datetime.datetime, pause: datetime.timedelta
) -> bool:
    """Tell whether *pause* has passed since *last*, or the clock was set back."""
    return not last <= now < last + pause if last > _LONG_AGO else True


def _is_revoked(record: StatusRecord | None) -> bool:
    return record is not None and record.status is OCSPCertStatus.REVOKED
