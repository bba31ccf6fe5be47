"""Read the state of the responder in a thread, for pages and metrics."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

from ocsp.admin.state import (
    CertificateView,
    IssuerView,
    ResponderState,
    SignerView,
    StoreView,
)
from ocsp.responder.source import IssuerKey

__all__ = ["Snapshot", "SnapshotReader"]

Value = TypeVar("Value")

STATE_SECONDS = 10.0
"""How long a page waits for a database before it says that it does not answer."""


class Snapshot(NamedTuple):
    """What is known about the responder at one moment."""

    issuers: Sequence[IssuerView]
    signers: Sequence[SignerView]
    stores: Sequence[StoreView]


class SnapshotReader:
    """Reads a state in one thread, as a database connection requires it."""

    def __init__(self, state: ResponderState) -> None:
        """Read *state*."""
        self._state = state
        self._thread = ThreadPoolExecutor(1, "ocsp-admin")

    async def read(self) -> Snapshot:
        """
        Return what is known now.

        Raises:
            TimeoutError: If it takes longer than 10 seconds.
            OCSPError: If the state cannot be read.
        """
        return await self._in_thread(
            lambda: Snapshot(
                self._state.issuers(), self._state.signers(), self._state.stores()
            )
        )

    async def find(
        self, issuer: IssuerKey, serial_number: int
    ) -> CertificateView | None:
        """
        Return what is known about one certificate, or ``None`` without a record.

        Raises:
            TimeoutError: If it takes longer than 10 seconds.
            OCSPError: If the source cannot answer now.
        """
        return await self._in_thread(lambda: self._state.find(issuer, serial_number))

    async def _in_thread(self, read: Callable[[], Value]) -> Value:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(STATE_SECONDS):
            return await loop.run_in_executor(self._thread, read)
