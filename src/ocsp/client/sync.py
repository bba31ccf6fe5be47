"""
``ocsp.Client``: for programs that wait.

Rules of this file: arguments in, flows driven by threads, outcomes out.
"""

from __future__ import annotations

import threading
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
from ocsp.client.engine.threads import drive
from ocsp.client.options import Options, SendNonce
from ocsp.client.outcome import Outcome
from ocsp.client.transport.cancellation import Cancelled, Scope, current_scope, sleep
from ocsp.client.transport.protocol import Transport
from ocsp.errors import MissingExtraError

__all__ = ["Client"]

Found = TypeVar("Found")


class Client:
    """
    Asks whether certificates are revoked, and remembers what it has verified.

    ::

        with ocsp.Client() as client:
            client.check(cert, issuer).require_good()

    Any number of threads may share one; after a fork, make another one.
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
        Make a client.

        Args:
            options: How it asks.

            cache: Where it keeps answers; without one, in memory of its own. Share it
                only with clients that have the same policy.

            transport: What sends; without one, :class:`HTTPTransport`, made when it is
                first needed. A transport that you give, you close.

            environment: Clock and chance, for tests.
        """
        self._core = Core(options or Options(), cache, environment or Environment())
        self._lock = threading.Lock()
        self._given = transport
        self._own: Transport | None = None

    @property
    def options(self) -> Options:
        """How it asks."""
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
        return self._driven(self._core.check(request, nonce))

    def check_chain(
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
        return self._driven(self._core.check_chain(chain, nonce))

    def check_many(
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
        return _Workers(self, requests, concurrency, progress).run()

    def ask(self, request: CheckRequest) -> Outcome:
        """Return what is known; :meth:`check` for a question that was checked."""
        return self._driven(self._core.check(request, None))

    def _driven(self, flow: Flow[Found]) -> Found:
        return drive(flow, self.transport, sleep)

    def transport(self) -> Transport:
        """
        Return what sends, made when it is first needed.

        Raises:
            MissingExtraError: If httpx is not installed, and none was given.
        """
        if self._given is not None:
            return self._given
        with self._lock:
            if self._own is None:
                self._own = _http_transport()
            return self._own

    def close(self) -> None:
        """Close the connections; asking again opens new ones."""
        with self._lock:
            own, self._own = self._own, None
        if own is not None:
            own.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _http_transport() -> Transport:
    try:
        from ocsp.client.transport.http import HTTPTransport
    except ModuleNotFoundError as error:
        raise MissingExtraError("asking over HTTP", "client") from error
    return HTTPTransport()


class _Workers:
    """Threads that share many questions; this one waits for them."""

    def __init__(
        self,
        client: Client,
        requests: Sequence[CheckRequest],
        concurrency: int,
        progress: ProgressCallback | None,
    ) -> None:
        self._client = client
        self._requests = requests
        self._schedule = PerResponderScheduler(requests, concurrency)
        self._progress = progress
        self._lock = threading.Lock()
        self._outcomes: dict[int, Outcome] = {}
        self._failure: BaseException | None = None
        self._scope = Scope(current_scope.get())

    def run(self) -> list[Outcome]:
        """
        Return the outcomes, in the order of the questions.

        Raises:
            BaseException: What a worker, or *progress*, has raised.
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
                outcome = self._client.ask(self._requests[position])
                self._schedule.done(position)
                self._note(position, outcome)
        except Cancelled:
            pass
        except BaseException as error:  # it is raised where the work was given out
            self._failure = self._failure or error
            self._scope.cancel()

    def _note(self, position: int, outcome: Outcome) -> None:
        with self._lock:
            self._outcomes[position] = outcome
            if self._progress is not None:
                total = len(self._requests)
                self._progress(Progress(len(self._outcomes), total, outcome))
