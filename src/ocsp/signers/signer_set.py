"""
The signers of one issuer in a running responder: who signs now, and who signs next.

Several signers overlap while one is being replaced. The order in the configuration is
the order of preference; a signer that cannot be used comes after all that can.
"""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Iterable
from typing import final

from ocsp import limits
from ocsp.errors import ConfigError
from ocsp.signers.health import SignerHealth, SignerState
from ocsp.signers.loaded_signer import LoadedSigner
from ocsp.signers.managed_signer import ManagedSigner
from ocsp.signers.spec import SignerSpec
from ocsp.signers.tester import SignerTester
from ocsp.signing.signer import Signer

__all__ = ["SignerSet"]

DAILY = datetime.timedelta(days=1)

_FRESH = datetime.timedelta(seconds=30)
"""How old the test may be that a readiness check reports."""

_MORE_SECONDS = 0.5
"""How much longer than for a signature a test is waited for: one that takes too long
then reports that itself."""


@final
class SignerSet:
    """
    The signers of one issuer, which follow their files and are tested every day.

    ::

        signers = SignerSet(specs, SignerTester(issuer=issuer, source=source))
        await signers.load(now)
        authority = Authority(issuer, signers.signers)
        ...
        if await signers.update(now):  # every second
            authority = Authority(issuer, signers.signers)

    All tasks that call its methods are in one event loop.
    """

    def __init__(
        self,
        specs: Iterable[SignerSpec],
        tester: SignerTester,
        *,
        loaded: Iterable[LoadedSigner] = (),
    ) -> None:
        """
        Name the signers. Nothing is read yet.

        Args:
            specs: Where their keys and certificates are, best first.

            tester: How they are tested.

            loaded: Signers of *specs* that were loaded before.

        Raises:
            ConfigError: If there is none.
        """
        known = {each.spec: each for each in loaded}
        self._managed = tuple(
            ManagedSigner(each, tester, known.get(each)) for each in specs
        )
        if not self._managed:
            raise ConfigError("signers", "is empty; name at least one signer")
        self._updates: dict[ManagedSigner, asyncio.Task[None]] = {}
        self._reported = self.signers

    @property
    def signers(self) -> tuple[Signer, ...]:
        """
        The signers for an authority: those that can be used first, each in order.

        If none can be used, they are all here; those that clients would reject raise
        ``SignerUnavailable`` for each signature.
        """
        usable = [each.signer for each in self._managed if each.is_usable]
        others = [each.signer for each in self._managed if not each.is_usable]
        return tuple(each for each in usable or others if each is not None)

    async def load(self, now: datetime.datetime) -> None:
        """
        Load and test all signers, before the responder answers.

        A signer that cannot be used is logged if there is another one.

        Args:
            now: The current time, aware.

        Raises:
            ConfigError: If no signer can be used, except because a token is away; the
                responder can then begin with stored answers.
        """
        await self._update(now, DAILY, patience=None)
        found = self.health()
        hopeful = {SignerState.READY, SignerState.FUTURE, SignerState.FAILING}
        if not any(each.state in hopeful for each in found):
            reasons = (f"{each.name}: {', '.join(each.problems)}" for each in found)
            raise ConfigError("signers", f"none can be used: {'; '.join(reasons)}")

    async def update(self, now: datetime.datetime) -> bool:
        """
        Load signers whose files have changed, and test those whose test is a day old.

        Calling it every second is cheap: it looks at the state of the files.

        Args:
            now: The current time, aware.

        Returns:
            Whether :attr:`signers` are others than after the last call.
        """
        return await self._update(now, DAILY, patience=_patience())

    async def test(self, now: datetime.datetime) -> bool:
        """
        Do the same, but test each signer whose test is older than half a minute.

        For a readiness check, before it reports :meth:`health`.
        """
        return await self._update(now, _FRESH, patience=_patience())

    async def _update(
        self,
        now: datetime.datetime,
        oldest: datetime.timedelta,
        *,
        patience: float | None,
    ) -> bool:
        """Update each signer, and wait for *patience* seconds; a slow one goes on."""
        for each in self._managed:
            running = self._updates.get(each)
            if running is None or running.done():
                update = each.update(now, oldest=oldest)
                self._updates[each] = asyncio.create_task(update)
        done, _ = await asyncio.wait(self._updates.values(), timeout=patience)
        for task in done:
            task.result()
        before, self._reported = self._reported, self.signers
        return self._reported != before

    def health(self) -> tuple[SignerHealth, ...]:
        """Return what is known about each signer, in the order of the specs."""
        return tuple(each.health() for each in self._managed)

    def close(self) -> None:
        """End the sessions with tokens."""
        for each in self._managed:
            each.close()


def _patience() -> float:
    return limits.MAX_SIGNING_SECONDS + _MORE_SECONDS
