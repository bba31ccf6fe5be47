"""
``ocsp.AsyncClient``: for programs on asyncio.

Rules of this file: arguments in, flows driven by tasks, outcomes out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Self, TypeVar

from cryptography import x509

from ocsp.client.cache import Cache
from ocsp.client.checking.scheduler import (
    PerResponderScheduler,
    Progress,
    ProgressCallback,
)
from ocsp.client.checking.state import CheckRequest, Environment
from ocsp.client.core import ChainCheck, Core, URLs
from ocsp.client.engine.effects import Flow
from ocsp.client.engine.tasks import drive
from ocsp.client.options import Options, SendNonce
from ocsp.client.outcome import Outcome
from ocsp.client.transport.protocol import AsyncTransport
from ocsp.errors import MissingExtraError

__all__ = ["AsyncClient"]

Found = TypeVar("Found")


class AsyncClient:
    """
    Asks whether certificates are revoked, and remembers what it has verified.

    ::

        async with ocsp.AsyncClient() as client:
            (await client.check(cert, issuer)).require_good()

    Any number of tasks of one event loop may share one. Cancelling a task closes what
    it has opened.
    """

    def __init__(
        self,
        options: Options | None = None,
        *,
        cache: Cache | None = None,
        transport: AsyncTransport | None = None,
        environment: Environment | None = None,
    ) -> None:
        """
        Make a client.

        Args:
            options: How it asks.

            cache: Where it keeps answers; without one, in memory of its own. Share it
                only with clients that have the same policy.

            transport: What sends; without one, an
                :class:`AsyncHTTPTransport`, made when it is
                first needed. A transport that you give, you close.

            environment: Clock and chance, for tests.
        """
        self._core = Core(options or Options(), cache, environment or Environment())
        self._given = transport
        self._own: AsyncTransport | None = None

    @property
    def options(self) -> Options:
        """How it asks."""
        return self._core.options

    async def check(
        self,
        cert: x509.Certificate,
        issuer: x509.Certificate | None = None,
        *,
        url: URLs = None,
        nonce: SendNonce | None = None,
    ) -> Outcome:
        """
        Return what is known of *cert*: what is remembered, or what a responder says.

        Not checked: the path of *cert*. Build and check it first: the URLs that are
        asked stand in the certificate, and a stranger's certificate could name any.

        Args:
            cert: The certificate in question.

            issuer: The certificate of its issuer. Without it nothing is known, unless
                ``options.missing_issuer`` says that it may be fetched.

            url: Whom to ask, instead of the responders that *cert* names; such a URL
                may lead to a private address.

            nonce: Instead of ``options.nonce``. With one, nothing remembered counts.

        Raises:
            TypeError: If an argument is of another type.
            MissingExtraError: If httpx is not installed, and no transport was given.
        """
        request = self._core.request(cert, issuer, url)
        return await self._driven(self._core.check(request, nonce))

    async def check_chain(
        self, chain: Sequence[x509.Certificate], *, nonce: SendNonce | None = None
    ) -> ChainCheck:
        """
        Return what is known of every certificate of *chain* but the last.

        All are asked about at the same time.

        Args:
            chain: The certificates, each issued by the next; the last is trusted.

            nonce: As for :meth:`check`.

        Raises:
            ValueError: If *chain* has fewer than two certificates.
            TypeError: As :meth:`check`.
            MissingExtraError: As :meth:`check`.
        """
        return await self._driven(self._core.check_chain(chain, nonce))

    async def check_many(
        self,
        items: Iterable[tuple[x509.Certificate, x509.Certificate | None]],
        *,
        url: URLs = None,
        concurrency: int = 8,
        progress: ProgressCallback | None = None,
    ) -> list[Outcome]:
        """
        Return what is known of many certificates, in their order.

        Args:
            items: Pairs of a certificate and that of its issuer.

            url: As for :meth:`check`.

            concurrency: How many questions to one responder may be under way.

            progress: Called after each certificate.

        Raises:
            ValueError: If *concurrency* is not positive.
            TypeError: As :meth:`check`.
            MissingExtraError: As :meth:`check`.
        """
        requests = [self._core.request(cert, issuer, url) for cert, issuer in items]
        return await _Workers(self, requests, concurrency, progress).run()

    async def ask(self, request: CheckRequest) -> Outcome:
        """Return what is known; :meth:`check` for a question that was checked."""
        return await self._driven(self._core.check(request, None))

    async def _driven(self, flow: Flow[Found]) -> Found:
        return await drive(flow, self.transport, asyncio.sleep)

    def transport(self) -> AsyncTransport:
        """
        Return what sends, made when it is first needed.

        Raises:
            MissingExtraError: If httpx is not installed, and none was given.
        """
        if self._given is not None:
            return self._given
        if self._own is None:
            self._own = _http_transport()
        return self._own

    async def aclose(self) -> None:
        """Close the connections; asking again opens new ones."""
        own, self._own = self._own, None
        if own is not None:
            await own.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


def _http_transport() -> AsyncTransport:
    try:
        from ocsp.client.transport.http import AsyncHTTPTransport
    except ModuleNotFoundError as error:
        raise MissingExtraError("asking over HTTP", "client") from error
    return AsyncHTTPTransport()


class _Workers:
    """Tasks that share many questions."""

    def __init__(
        self,
        client: AsyncClient,
        requests: Sequence[CheckRequest],
        concurrency: int,
        progress: ProgressCallback | None,
    ) -> None:
        self._client = client
        self._requests = requests
        self._schedule = PerResponderScheduler(requests, concurrency)
        self._progress = progress
        self._outcomes: dict[int, Outcome] = {}

    async def run(self) -> list[Outcome]:
        """Return the outcomes, in the order of the questions."""
        tasks = [
            asyncio.create_task(self._work()) for _ in range(self._schedule.workers)
        ]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return [self._outcomes[position] for position in range(len(self._requests))]

    async def _work(self) -> None:
        while (position := self._schedule.take()) is not None:
            outcome = await self._client.ask(self._requests[position])
            self._schedule.done(position)
            self._outcomes[position] = outcome
            if self._progress is not None:
                total = len(self._requests)
                self._progress(Progress(len(self._outcomes), total, outcome))
