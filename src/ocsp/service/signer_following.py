"""
Follow the signers of a process: load changed files, test them, and swap the signers.

Every process follows its own, because each has its keys in memory and its sessions with
tokens.
"""

from __future__ import annotations

import asyncio
import datetime
import logging
from collections.abc import Callable
from typing import final

from ocsp.responder import Authority, IssuerKey
from ocsp.service.building import BuiltService, spec_of
from ocsp.service.configuration.model import IssuerSettings
from ocsp.signers import LoadedSigner, SignerHealth, SignerSet, SignerTester

__all__ = ["SignerFollower"]

logger = logging.getLogger("ocsp.service")

POLL_SECONDS = 1.0
"""How often the states of the files are looked at."""

PAUSE_SECONDS = 60.0
"""The pause after an unexpected error, so that it does not fill the log."""


@final
class SignerFollower:
    """Follows the signers of the service that a process uses."""

    def __init__(self, swap: Callable[[BuiltService], None]) -> None:
        """
        Follow nothing yet.

        Args:
            swap: Lets the process work with a service that has other signers, and
                shares all else with the one before.
        """
        self._swap = swap
        self._service: BuiltService | None = None
        self._sets: dict[IssuerKey, SignerSet] = {}

    def follow(self, service: BuiltService) -> None:
        """Follow the signers of *service*, in place of the one before."""
        self._service = service
        self._sets = {
            authority.key: _set_of(service, authority, settings)
            for authority, settings in service.issuers
            if isinstance(authority, Authority)
        }

    async def run(self) -> None:
        """Follow until the task is cancelled."""
        while True:
            pause = POLL_SECONDS
            try:
                await self.update(datetime.datetime.now(datetime.UTC))
            except Exception:
                logger.exception("the signers cannot be followed")
                pause = PAUSE_SECONDS
            await asyncio.sleep(pause)

    async def update(self, now: datetime.datetime) -> None:
        """
        Load and test what is due, and swap the signers if they have changed.

        Args:
            now: The current time, aware.
        """
        sets = self._sets
        updates = (each.update(now) for each in sets.values())
        self._use(sets, await asyncio.gather(*updates))

    async def test(self, now: datetime.datetime) -> None:
        """
        Do the same, and test each signer whose test is older than half a minute.

        Args:
            now: The current time, aware.
        """
        sets = self._sets
        tests = (each.test(now) for each in sets.values())
        self._use(sets, await asyncio.gather(*tests))

    def health(self) -> dict[IssuerKey, tuple[SignerHealth, ...]]:
        """Return what is known about the signers of each issuer; any thread may ask."""
        return {key: each.health() for key, each in self._sets.items()}

    def _use(self, sets: dict[IssuerKey, SignerSet], changed: list[bool]) -> None:
        """Swap the signers, unless another configuration is used meanwhile."""
        if self._service is None or sets is not self._sets or not any(changed):
            return
        self._service = self._service.with_signers(
            each.signers for each in sets.values()
        )
        self._swap(self._service)


def _set_of(
    service: BuiltService, authority: Authority, settings: IssuerSettings
) -> SignerSet:
    """Return the signers of an issuer: also those that could not be loaded yet."""
    loaded = [each for each in authority.signers if isinstance(each, LoadedSigner)]
    configuration = service.configuration
    tester = SignerTester(
        issuer=authority.issuer,
        trust=authority.trust,
        validity=configuration.answers.validity,
        alarm=configuration.signing.alarm,
        source=service.source,
    )
    return SignerSet(map(spec_of, settings.signers), tester, loaded=loaded)
