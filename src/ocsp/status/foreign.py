"""
Ask the responders of other CAs, and keep their answers: a proxy with a cache.

The request handler passes on what :attr:`ocsp.responder.Answer.forward` names. The
client's transport sends the request. The answer is verified before a client or the
cache gets it, and its octets are not changed. A cached answer is served until its end,
also while its responder is away; from the middle of its life on a newer one is fetched.
An older answer never replaces a newer one, nor *good* a *revoked* of the same time.
"""

from __future__ import annotations

import asyncio
import datetime
import logging
from collections.abc import Callable
from typing import NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp import limits
from ocsp.client.asynchronous import AsyncClient
from ocsp.client.cache.memory import default_limits
from ocsp.client.memory.sized_map import SizedMap
from ocsp.client.options import AddressPolicy
from ocsp.client.retry import ResponderBackoff, is_transient, retry_after
from ocsp.client.transport.protocol import HTTPRequest
from ocsp.errors import (
    FetchError,
    HTTPStatusError,
    OCSPError,
    SourceUnavailable,
    UnknownIssuer,
)
from ocsp.errors.verification import UnsuccessfulResponse
from ocsp.http import REQUEST_TYPE, RESPONSE_TYPE, Freshness
from ocsp.messages.certid import CertID
from ocsp.messages.requests.request_builder import OCSPRequestBuilder
from ocsp.messages.statuses import OCSPCertStatus, OCSPResponseStatus
from ocsp.responder.answer import Answer, error_response
from ocsp.responder.foreign import Forward
from ocsp.responder.source import IssuerKey
from ocsp.verification.evidence import VerifiedResponse
from ocsp.verification.response import verify

__all__ = ["ForeignResponders", "LastExchange"]

logger = logging.getLogger("ocsp.status")


class LastExchange(NamedTuple):
    """
    When an exchange with the responders of a CA has ended last, aware; ``None``: never.

    Attributes:
        answered: With an answer, or with a refusal that the request explains.

        failed: Without one.
    """

    answered: datetime.datetime | None = None
    failed: datetime.datetime | None = None


class _Kept(NamedTuple):
    """A verified answer, and when to fetch the next one."""

    answer: Answer
    this_update: datetime.datetime
    is_revoked: bool
    refresh_at: datetime.datetime
    next_update: datetime.datetime

    def is_current(self, now: datetime.datetime) -> bool:
        return now < self.next_update

    @property
    def rank(self) -> tuple[datetime.datetime, bool]:
        """A key that is greater for what a cache keeps: first the newer."""
        return self.this_update, self.is_revoked


class ForeignResponders:
    """
    Passes requests on to the responders of other CAs; for one event loop.

    Attributes:
        last: The last exchange for each issuer, by its key.
    """

    def __init__(
        self,
        client: AsyncClient,
        *,
        now: Callable[[], datetime.datetime] | None = None,
    ) -> None:
        """
        Ask as *client* does: over its transport, with its policy and its timeouts.

        Evidence about delegates is not fetched: a delegate needs nocheck, unless the
        policy demands less.

        Args:
            client: The client. The caller closes it.

            now: Returns the current time, aware; for tests.
        """
        self._client = client
        self._now = now or (lambda: datetime.datetime.now(datetime.UTC))
        self._kept: SizedMap[bytes, _Kept] = SizedMap(default_limits)
        self._running: dict[bytes, asyncio.Task[Answer]] = {}
        self._backoff = ResponderBackoff()
        self.last: dict[IssuerKey, LastExchange] = {}

    async def answer(self, forward: Forward) -> Answer:
        """
        Return the answer of the responder that *forward* names, or an error.

        Requests for one certificate that arrive together are sent once. Over
        ``MAX_FORWARDED_REQUESTS`` at the same time, clients get *tryLater*.

        Args:
            forward: The request to pass on.
        """
        kept = self._kept.get(forward.cert_id.der)
        if kept is not None and kept.is_current(forward.now):
            if forward.now >= kept.refresh_at:
                self._fetch_once(forward)
            return kept.answer
        task = self._fetch_once(forward)
        if task is None:
            busy = SourceUnavailable("too many requests to other responders are open")
            return error_response(busy)
        # A client that goes away does not end the exchange for the others.
        return await asyncio.shield(task)

    def forget(self, cert_id: CertID) -> None:
        """
        Keep the answer no longer: the next one is that of an exchange.

        Args:
            cert_id: The certificate whose status has changed.
        """
        self._kept.discard(cert_id.der)

    async def aclose(self) -> None:
        """Stop the exchanges that are running."""
        running = tuple(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _fetch_once(self, forward: Forward) -> asyncio.Task[Answer] | None:
        """Return the exchange for this certificate; ``None`` if too many run."""
        key = forward.cert_id.der
        task = self._running.get(key)
        if task is None and len(self._running) < limits.MAX_FORWARDED_REQUESTS:
            task = asyncio.create_task(self._fetch(forward))
            self._running[key] = task
            task.add_done_callback(lambda ended: self._end(key, ended))
        return task

    async def _fetch(self, forward: Forward) -> Answer:
        """Ask each URL until one gives an answer; return it, or the last error."""
        failed = error_response(SourceUnavailable("its responder is not asked now"))
        loop = asyncio.get_running_loop()
        outcome: Exception | None = None
        for url in forward.authority.urls:
            if self._backoff.wait(url, loop.time()):
                continue
            try:
                evidence = await self._exchange(forward, url)
            except (OCSPError, UnsupportedAlgorithm) as error:
                logger.warning("cannot use the answer of %s: %s", url, error)
                self._note(url, error, loop.time())
                failed = _failure(error)
                outcome = error
            else:
                self._backoff.answered(url)
                self._note_exchange(forward)
                return self._keep(forward, evidence)
        if outcome is not None:
            self._note_exchange(forward, failed=_is_at_fault(outcome))
        return failed

    def _note_exchange(self, forward: Forward, *, failed: bool = False) -> None:
        """Note how an exchange has ended now; the admin port shows the last one."""
        last, now = self.last.get(forward.authority.key, LastExchange()), self._now()
        self.last[forward.authority.key] = (
            last._replace(failed=now) if failed else last._replace(answered=now)
        )

    def _note(self, url: str, error: Exception, now: float) -> None:
        """
        Begin a back-off if the responder at *url* is away.

        Not for what a request can cause, such as an OCSP error for an odd serial
        number: otherwise one client could stop the exchanges for all others.
        """
        if isinstance(error, FetchError) and is_transient(error):
            wait = error.retry_after if isinstance(error, HTTPStatusError) else None
            self._backoff.failed(url, now, 0, wait)

    async def _exchange(self, forward: Forward, url: str) -> VerifiedResponse:
        """
        Ask the responder at *url*, and verify its answer.

        Raises:
            OCSPError: If there is no answer that clients accept.
            UnsupportedAlgorithm: If the hash algorithm of the CertID is not known.
        """
        options = self._client.options
        builder = OCSPRequestBuilder().add_certificate_by_id(forward.cert_id)
        request = HTTPRequest(
            method="POST",
            url=url,
            shown=url,
            headers=(("Accept", RESPONSE_TYPE), ("Content-Type", REQUEST_TYPE)),
            body=builder.build().public_bytes(Encoding.DER),
            # The operator has configured the URL, so it may be in the local network.
            address_policy=AddressPolicy.PRIVATE_TOO,
            max_bytes=limits.MAX_VERIFIED_BYTES,
            timeout=options.timeout.total_seconds(),
            io_timeout=options.io_timeout.total_seconds(),
        )
        reply = await self._client.transport().send(request)
        if reply.status != 200:
            raise HTTPStatusError(url, reply.status, retry_after(reply, self._now()))
        return verify(
            reply.body,
            forward.cert_id,
            forward.authority.issuer,
            at=self._now(),
            policy=options.policy,
        )

    def _keep(self, forward: Forward, evidence: VerifiedResponse) -> Answer:
        """Return *evidence* as an answer, or a newer one that is known; keep it."""
        key, now = forward.cert_id.der, self._now()
        new = _kept(evidence, now)
        old = self._kept.get(key)
        if old is not None and old.is_current(now) and old.rank > new.rank:
            return old.answer
        if new.is_current(now):
            self._kept.put(key, new, len(new.answer.der) + len(key) + _ENTRY_BYTES)
        return new.answer

    def _end(self, key: bytes, task: asyncio.Task[Answer]) -> None:
        self._running.pop(key, None)
        if not task.cancelled() and task.exception() is not None:
            logger.error("an exchange has failed", exc_info=task.exception())


_ENTRY_BYTES = 1024
"""What an entry takes besides its octets."""


def _kept(evidence: VerifiedResponse, now: datetime.datetime) -> _Kept:
    """Return what to keep; without nextUpdate, or for *unknown*, it ends at once."""
    is_lasting = evidence.status is not OCSPCertStatus.UNKNOWN
    freshness, until = None, now
    if evidence.next_update is not None and is_lasting:
        until = evidence.holds_until  # its signer's certificate may end before
        freshness = Freshness(this_update=evidence.this_update, next_update=until)
    return _Kept(
        Answer(
            der=evidence.response.public_bytes(Encoding.DER),
            status=OCSPResponseStatus.SUCCESSFUL,
            freshness=freshness,
        ),
        evidence.this_update,
        evidence.status is OCSPCertStatus.REVOKED,
        now + (until - now) / 2,
        until,
    )


def _is_at_fault(error: Exception) -> bool:
    """
    Return whether *error* says that the other responder does not work.

    Not a refusal that one odd request can cause, such as *unauthorized*: otherwise one
    client could raise an alarm.
    """
    if isinstance(error, UnsuccessfulResponse):
        return error.status is OCSPResponseStatus.TRY_LATER
    return not isinstance(error, UnsupportedAlgorithm)


def _failure(error: Exception) -> Answer:
    """Return *unauthorized* if the responder said so, otherwise *tryLater*."""
    if (
        isinstance(error, UnsuccessfulResponse)
        and error.status is OCSPResponseStatus.UNAUTHORIZED
    ):
        return error_response(UnknownIssuer("its responder has no record of it"))
    return error_response(SourceUnavailable(str(error)))
