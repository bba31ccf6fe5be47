"""
``ocsp.Client``: the blocking client.

It checks arguments, runs the flows of :mod:`ocsp.client.core` in threads and returns
outcomes.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from typing import Self, TypeVar

from cryptography import x509

from ocsp.client.background import BackgroundChecks
from ocsp.client.cache import Cache
from ocsp.client.checking.scheduler import (
    PerResponderScheduler,
    Progress,
    ProgressCallback,
)
from ocsp.client.checking.state import CheckRequest, Environment
from ocsp.client.core import ChainCheck, Core, CRLCheck, URLs
from ocsp.client.engine.effects import Flow
from ocsp.client.engine.threads import drive
from ocsp.client.options import Options, Proxy, SendNonce
from ocsp.client.outcome import Outcome
from ocsp.client.transport.cancellation import Cancelled, Scope, current_scope, sleep
from ocsp.client.transport.forking import ForkSafeLock
from ocsp.client.transport.protocol import Transport
from ocsp.errors import MissingExtraError
from ocsp.messages.certid import CertID
from ocsp.verification.evidence import VerifiedResponse

__all__ = ["Client"]

Result = TypeVar("Result")


class Client:
    """
    Check the revocation status of certificates, and cache verified answers.

    ::

        with ocsp.Client() as client:
            client.check(cert, issuer).require_good()

    Threads can share one client. A child process that was forked can go on to use it:
    it opens connections of its own. After ``close`` the client can be used again.
    """

    def __init__(
        self,
        options: Options | None = None,
        *,
        cache: Cache | None = None,
        transport: Transport | None = None,
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
                :class:`HTTPTransport`, created at the first request. The client does
                not close a transport that you pass.

            environment: Clock and random numbers, for tests.
        """
        self._core = Core(options or Options(), cache, environment or Environment())
        self._lock = ForkSafeLock()
        self._caller_transport = transport
        self._own_transport: Transport | None = None
        self._background = BackgroundChecks()

    @property
    def options(self) -> Options:
        """The options of this client."""
        return self._core.options

    def check(
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
            MissingExtraError: If a request is needed, the extra ``client`` is not
                installed and no transport was given.
        """
        known = self._core.recall_cached(cert, issuer, nonce)
        if known is not None:
            return known
        return self.ask(self._core.request(cert, issuer, url), nonce)

    def check_chain(
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
        return self._run(self._core.check_chain(chain, url, nonce))

    def fetch_response(
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
        return self._run(self._core.ask(cert_id, issuer, url))

    def check_crls(
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
        return self._run(self._core.check_crls(request))

    def find_issuer(self, cert: x509.Certificate) -> x509.Certificate | None:
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
        return self._run(self._core.find_issuer(request))

    def check_many(
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
        return _Workers(self, requests, nonce, concurrency, progress).run()

    def cached_outcome(
        self, cert: x509.Certificate, issuer: x509.Certificate | None = None
    ) -> Outcome | None:
        """
        Return what the client knows about a certificate, without any I/O.

        For callers that must not wait, such as the callbacks of an event loop. An
        answer that an earlier check verified is used until it ends. When a newer one is
        due, in the last quarter of its life, a check in the background asks for it.

        A cache in a file is not read: what another process has stored there since the
        last check of this client is not seen.

        Args:
            cert: As for :meth:`check`.

            issuer: As for :meth:`check`.

        Returns:
            The outcome with the evidence of an earlier check, *not needed*, or an
            *indeterminate* outcome that is younger than ``options.negative_cache_ttl``.
            ``None`` if the client knows nothing, and always if ``options.nonce`` is
            ``ALWAYS``: call :meth:`check_in_background` then.

        Raises:
            TypeError: If an argument has the wrong type.
        """
        recalled = self._core.recall(cert, issuer)
        if recalled.is_due:
            request = self._core.request(cert, issuer, None)
            self._background.refresh(request, self._check)
        return recalled.outcome

    def check_in_background(
        self, cert: x509.Certificate, issuer: x509.Certificate | None = None
    ) -> Future[Outcome]:
        """
        Start :meth:`check` in a thread of the client, and return its future.

        Callers that ask about the same certificates at the same time, or at most five
        seconds after the end of the check, share one future. It cannot be cancelled. If
        too many checks wait (``limits.MAX_BACKGROUND_CHECKS``), the outcome is
        indeterminate.

        Args:
            cert: As for :meth:`check`.

            issuer: As for :meth:`check`.

        Raises:
            TypeError: If an argument has the wrong type.
        """
        request = self._core.request(cert, issuer, None)
        return self._background.ask(request, self._check)

    def _check(self, request: CheckRequest) -> Outcome:
        return self.ask(request, None)

    def ask(self, request: CheckRequest, nonce: SendNonce | None) -> Outcome:
        """Run one check; like :meth:`check`, for arguments that were validated."""
        return self._run(self._core.check(request, nonce))

    def _run(self, flow: Flow[Result]) -> Result:
        return drive(flow, self.transport, sleep)

    def transport(self) -> Transport:
        """
        Return the transport; create one at the first call if none was given.

        Raises:
            MissingExtraError: If the extra ``client`` is not installed and no transport
                was given.
        """
        if self._caller_transport is not None:
            return self._caller_transport
        with self._lock:
            if self._own_transport is None:
                self._own_transport = _http_transport(self.options.proxy)
            return self._own_transport

    def close(self) -> None:
        """Close the connections; the next request opens new ones."""
        with self._lock:
            own_transport, self._own_transport = self._own_transport, None
        if own_transport is not None:
            own_transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _http_transport(proxy: Proxy) -> Transport:
    try:
        from ocsp.client.transport.threads import HTTPTransport
    except ModuleNotFoundError as error:
        raise MissingExtraError("sending HTTP requests", "client") from error
    return HTTPTransport(proxy=proxy)


class _Workers:
    """Threads that work through many requests; the calling thread waits for them."""

    def __init__(
        self,
        client: Client,
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
        self._lock = threading.Lock()
        self._outcomes: dict[int, Outcome] = {}
        self._failure: BaseException | None = None
        self._scope = Scope(current_scope.get())

    def run(self) -> list[Outcome]:
        """
        Return the outcomes, in the order of the requests.

        Raises:
            BaseException: Whatever a worker or the progress callback raised first.
        """
        threads = [
            threading.Thread(target=self._work, name="ocsp-many", daemon=True)
            for _ in range(self._schedule.workers)
        ]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            self._scope.cancel()
        if self._failure is not None:
            raise self._failure
        return [self._outcomes[position] for position in range(len(self._requests))]

    def _work(self) -> None:
        current_scope.set(self._scope)
        try:
            while (position := self._schedule.take()) is not None:
                outcome = self._client.ask(self._requests[position], self._nonce)
                self._schedule.done(position)
                self._note(position, outcome)
        except Cancelled:
            pass
        except BaseException as error:  # run() raises it in the calling thread
            self._failure = self._failure or error
            self._scope.cancel()

    def _note(self, position: int, outcome: Outcome) -> None:
        with self._lock:
            self._outcomes[position] = outcome
            if self._progress is not None:
                total = len(self._requests)
                self._progress(Progress(len(self._outcomes), total, outcome))
