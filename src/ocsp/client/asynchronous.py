"""
``ocsp.AsyncClient``: the client for asyncio and trio.

It checks arguments, runs the flows of :mod:`ocsp.client.core` in tasks and returns
outcomes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import Self, TypeVar, cast

from cryptography import x509

from ocsp.client.cache import Cache
from ocsp.client.checking.scheduler import (
    PerResponderScheduler,
    Progress,
    ProgressCallback,
)
from ocsp.client.checking.state import CheckRequest, Environment
from ocsp.client.core import ChainCheck, Core, CRLCheck, URLs
from ocsp.client.engine.effects import Flow
from ocsp.client.options import Options, Proxy, SendNonce
from ocsp.client.outcome import Outcome
from ocsp.client.transport.forking import ForkSafeLock
from ocsp.client.transport.protocol import AsyncTransport
from ocsp.errors import MissingExtraError
from ocsp.messages.certid import CertID
from ocsp.verification.evidence import VerifiedResponse

__all__ = ["AsyncClient"]

Result = TypeVar("Result")


class AsyncClient:
    """
    Check the revocation status of certificates, and cache verified answers.

    ::

        async with ocsp.AsyncClient() as client:
            (await client.check(cert, issuer)).require_good()

    Any number of tasks, event loops and threads can share one client: each event loop
    has its own connections. Cancelling a task closes the connections that it uses.
    After ``aclose`` the client can be used again.
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
        Create a client.

        Args:
            options: How the client checks. Default: ``Options()``.

            cache: Where the client keeps verified answers. Default: a new
                :class:`MemoryCache`. Share a cache only between clients with the same
                policy.

            transport: The transport that sends HTTP requests. Default: an
                :class:`AsyncHTTPTransport`, created at the first request. The client
                does not close a transport that you pass.

            environment: Clock and random numbers, for tests.
        """
        self._core = Core(options or Options(), cache, environment or Environment())
        self._lock = ForkSafeLock()
        self._caller_transport = transport
        self._own_transport: AsyncTransport | None = None

    @property
    def options(self) -> Options:
        """The options of this client."""
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
        Check one certificate, with a cached answer or by asking its responders.

        Not checked: the certification path of *cert*. Build and validate the path
        first: the client sends requests to the URLs in the certificate, and an
        untrusted certificate can name any URL.

        Args:
            cert: The certificate to check.

            issuer: The certificate of the issuer. Without it the outcome is
                indeterminate, unless ``options.missing_issuer`` is ``FETCH``.

            url: Responder URL, or several, to use instead of those in *cert*. They
                may lead to private addresses.

            nonce: Overrides ``options.nonce``. With ``ALWAYS`` the client does not
                use the cache.

        Raises:
            TypeError: If an argument has the wrong type.
            MissingExtraError: If the extra ``client`` is not installed.
        """
        known = self._core.recall_cached(cert, issuer, nonce)
        if known is not None:
            return known
        return await self.ask(self._core.request(cert, issuer, url), nonce)

    async def check_chain(
        self,
        chain: Sequence[x509.Certificate],
        *,
        url: URLs = None,
        nonce: SendNonce | None = None,
    ) -> ChainCheck:
        """
        Check every certificate of *chain* except the last, all at the same time.

        Args:
            chain: The certificates, each issued by the next one. The last is the
                trust anchor and is not checked.

            url: As for :meth:`check`, for all certificates.

            nonce: As for :meth:`check`.

        Raises:
            ValueError: If *chain* has fewer than two certificates.
            TypeError: As :meth:`check`.
            MissingExtraError: As :meth:`check`.
        """
        return await self._run(self._core.check_chain(chain, url, nonce))

    async def fetch_response(
        self, cert_id: CertID, issuer: x509.Certificate, url: str | Iterable[str]
    ) -> VerifiedResponse:
        """
        Return a verified response about a CertID, without the certificate.

        For programs that ask for others, such as the management system of charging
        stations. The response comes from the cache, or from a responder.

        Not checked: what :func:`ocsp.verify` cannot check with a CertID, such as
        whether the certificate has ended.

        Args:
            cert_id: The CertID, with any hash algorithm.

            issuer: The certificate of the issuer that it names.

            url: The URL of a responder, or several. They are trusted no more than those
                in a certificate: ``options.address_policy`` restricts them.

        Returns:
            Evidence. Its ``status`` may be *revoked* or *unknown*.

        Raises:
            RevokedBefore: If there is no answer now, and the newest verified one said
                *revoked*.
            RevocationIndeterminate: If there is no answer.
            ConfigError: If *cert_id* names another issuer, or there is no URL.
            UnsupportedAlgorithm: If the hash algorithm of *cert_id* is not known.
            TypeError: If an argument has the wrong type.
            MissingExtraError: As :meth:`check`.
        """
        return await self._run(self._core.ask(cert_id, issuer, url))

    async def check_crls(
        self, cert: x509.Certificate, issuer: x509.Certificate | None = None
    ) -> CRLCheck:
        """
        Check one certificate with the CRLs that it names, and ask no responder.

        For programs that archive the CRLs, such as the signers of documents. A CRL
        comes from the memory of the client while it is valid. It may be older than the
        newest response that the client knows, if both say the same and both hold.

        Args:
            cert: As for :meth:`check`.

            issuer: As for :meth:`check`.

        Raises:
            TypeError: As :meth:`check`.
            MissingExtraError: As :meth:`check`.
        """
        request = self._core.request(cert, issuer, None)
        return await self._run(self._core.check_crls(request))

    async def find_issuer(self, cert: x509.Certificate) -> x509.Certificate | None:
        """
        Return the issuer of *cert*, from the caIssuers URLs of *cert*, or ``None``.

        The key of the issuer has signed *cert*. Not checked: anything else about the
        issuer. Build and validate a path to a certificate that you trust.

        Args:
            cert: The certificate whose issuer is needed. Without
                ``options.missing_issuer`` ``FETCH``, the result is ``None``.

        Raises:
            TypeError: As :meth:`check`.
            MissingExtraError: As :meth:`check`.
        """
        request = self._core.request(cert, None, None)
        return await self._run(self._core.find_issuer(request))

    async def check_many(
        self,
        items: Iterable[tuple[x509.Certificate, x509.Certificate | None]],
        *,
        url: URLs = None,
        nonce: SendNonce | None = None,
        concurrency: int = 8,
        progress: ProgressCallback | None = None,
    ) -> list[Outcome]:
        """
        Check many certificates; return the outcomes in the order of *items*.

        Args:
            items: Pairs of a certificate and the certificate of its issuer.

            url: As for :meth:`check`.

            nonce: As for :meth:`check`.

            concurrency: How many requests to one responder may run at the same time.

            progress: Called after each certificate.

        Raises:
            ValueError: If *concurrency* is not positive.
            TypeError: As :meth:`check`.
            MissingExtraError: As :meth:`check`.
        """
        requests = [self._core.request(cert, issuer, url) for cert, issuer in items]
        return await _Workers(self, requests, nonce, concurrency, progress).run()

    async def ask(self, request: CheckRequest, nonce: SendNonce | None) -> Outcome:
        """Run one check; like :meth:`check`, for arguments that were validated."""
        return await self._run(self._core.check(request, nonce))

    async def _run(self, flow: Flow[Result]) -> Result:
        return cast("Result", await _tasks().drive(flow, self.transport))

    def transport(self) -> AsyncTransport:
        """
        Return the transport; create one at the first call if none was given.

        Raises:
            MissingExtraError: If the extra ``client`` is not installed.
        """
        if self._caller_transport is not None:
            return self._caller_transport
        with self._lock:
            if self._own_transport is None:
                self._own_transport = _http_transport(self.options.proxy)
            return self._own_transport

    async def aclose(self) -> None:
        """
        Close the connections of the running event loop; a new request opens new ones.

        The connections of other event loops close when these end.
        """
        with self._lock:
            own_transport = self._own_transport
        if own_transport is not None:
            await own_transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


def _tasks() -> ModuleType:
    # Imported at the first check: AnyIO is part of the extra "client".
    try:
        from ocsp.client.engine import tasks
    except ModuleNotFoundError as error:
        raise MissingExtraError("AsyncClient", "client") from error
    return tasks


def _http_transport(proxy: Proxy) -> AsyncTransport:
    try:
        from ocsp.client.transport.tasks import AsyncHTTPTransport
    except ModuleNotFoundError as error:
        raise MissingExtraError("sending HTTP requests", "client") from error
    return AsyncHTTPTransport(proxy=proxy)


class _Workers:
    """Tasks that work through many requests."""

    def __init__(
        self,
        client: AsyncClient,
        requests: Sequence[CheckRequest],
        nonce: SendNonce | None,
        concurrency: int,
        progress: ProgressCallback | None,
    ) -> None:
        self._client = client
        self._requests = requests
        self._nonce = nonce
        self._schedule = PerResponderScheduler(requests, concurrency)
        self._progress = progress
        self._outcomes: dict[int, Outcome] = {}

    async def run(self) -> list[Outcome]:
        """Return the outcomes, in the order of the requests."""
        await _tasks().run_together([self._work] * self._schedule.workers)
        return [self._outcomes[position] for position in range(len(self._requests))]

    async def _work(self) -> None:
        while (position := self._schedule.take()) is not None:
            outcome = await self._client.ask(self._requests[position], self._nonce)
            self._schedule.done(position)
            self._outcomes[position] = outcome
            if self._progress is not None:
                total = len(self._requests)
                self._progress(Progress(len(self._outcomes), total, outcome))
