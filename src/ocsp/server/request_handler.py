"""
Answer HTTP requests: the part that all front doors of the responder share.

A request is answered at once where nothing has to wait: from memory, or with a local
source and a key in memory. Otherwise the handler returns a coroutine. Every failure
becomes an OCSP error with HTTP status 200, because OCSP clients read no other answer.
An unexpected exception costs one request *internalError*. While a store on another
machine cannot be asked, answers from memory and copies of other machines are used until
they end.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Coroutine, Sequence
from typing import Any

from ocsp import limits
from ocsp.errors import BackendError, DecodeError, SchemaError, SourceUnavailable
from ocsp.http import (
    CacheableAnswer,
    CacheTag,
    Conditions,
    HTTPAnswer,
    Moment,
    UncachedAnswer,
    answer,
    conditional,
    landing_page,
    method_not_allowed,
    path_of,
    read_body,
    read_target,
)
from ocsp.messages.statuses import OCSPResponseStatus
from ocsp.metrics import Metrics
from ocsp.metrics.table import (
    CHANGE_LAG,
    CLOCK_OFFSET,
    DATABASE_CLOCK,
    RESPONSE_CACHE_BYTES,
    SIGNATURES_WAITING,
)
from ocsp.process_clock import ProcessClock
from ocsp.responder import (
    CertIDForm,
    Lookup,
    Responder,
    SharedAnswerReader,
    StatusQuery,
    StatusSource,
)
from ocsp.responder.answer import Answer, error_response
from ocsp.server.backend import AnswersElsewhere, Backend, BackendAnswer, Waiting
from ocsp.server.counting import RequestCounts, code_of
from ocsp.server.event_log import EventLog
from ocsp.server.memory.asked_keys import AskedKeys
from ocsp.server.memory.change_poll import ChangePoll
from ocsp.server.memory.response_cache import CachedResponse, ResponseCache
from ocsp.server.shared_fallback import SharedFallback, answer_with
from ocsp.server.usable_answers import UsableAnswer
from ocsp.server.write_back import SignedAnswer, WriteBack
from ocsp.signers import SignerWatch, SigningSlots

__all__ = ["Handled", "Reply", "RequestHandler"]

Prepared = CacheableAnswer | UncachedAnswer
Reply = HTTPAnswer | Prepared
Handled = Reply | Coroutine[Any, Any, Reply]

logger = logging.getLogger("ocsp.responder")


class _Request:
    """
    What decides the answer to a request.

    Attributes:
        key: The raw target of a GET or HEAD, or the body of a POST.

        post: Whether it is a POST.

        head: Whether it is a HEAD.

        conditions: The conditional headers of a GET or HEAD, or ``None``.

        poll: The change poll when the request was received; a reload begins another.

        revision: The revision of that change poll then.

        begin: When it was received, in seconds of ``perf_counter``.
    """

    __slots__ = ("begin", "conditions", "head", "key", "poll", "post", "revision")

    def __init__(
        self,
        key: bytes,
        poll: ChangePoll,
        *,
        post: bool,
        head: bool,
        conditions: Conditions | None,
    ) -> None:
        self.key = key
        self.poll = poll
        self.revision = poll.revision
        self.post = post
        self.head = head
        self.conditions = conditions
        self.begin = time.perf_counter()

    @property
    def method(self) -> str:
        """The method."""
        return "POST" if self.post else "HEAD" if self.head else "GET"

    def read(self) -> bytes:
        """Return the OCSP request; see :func:`ocsp.http.read_target` for the errors."""
        return read_body(self.key) if self.post else read_target(self.key)

    def reply(self, prepared: Prepared, moment: Moment, *, revoked: bool) -> Reply:
        """Return the answer to this method with these conditions."""
        if self.conditions is None and not self.head:
            return prepared
        full = prepared.at(moment.time)
        if self.conditions is None:
            return full
        return conditional(full, self.conditions, revoked=revoked)


class RequestHandler:
    """
    Answers HTTP requests to a responder.

    One handler is for one event loop, and is called in the thread of that loop only.

    Attributes:
        log: Where front doors report what clients do wrong.

        metrics: The metrics of the process, in which front doors count too.

        cache_tag: The header in which answers have the tags of their certificates and
            issuers, for caches in front; ``None`` for none.

        watch: Warns in the log of the end of a signer.
    """

    def __init__(
        self,
        responder: Responder,
        source: StatusSource,
        *,
        slots: SigningSlots | None = None,
        foreign: AnswersElsewhere | None = None,
        shared: SharedAnswerReader | None = None,
        cache_bytes: int | None = None,
        metrics: Metrics | None = None,
        cache_tag: CacheTag | None = None,
        clock: ProcessClock | None = None,
    ) -> None:
        """
        Answer by *responder*, with the status from *source*.

        A source that is also an :class:`ocsp.responder.AnswerStore` or an
        :class:`ocsp.responder.RemoteAnswerStore` returns and keeps signed answers. A
        :class:`ocsp.responder.LocalSource` is called in the thread of the event loop.

        Args:
            responder: Answers the requests.

            source: Knows the status of the certificates.

            slots: Bounds the signatures of signers that are not local.

            foreign: Asks the responders of other CAs, for each
                :class:`ocsp.responder.ForeignAuthority` of *responder*.

            shared: Has copies of stored answers, which are used while the source is on
                another machine and cannot be asked.

            cache_bytes: How many octets of answers are kept in memory, by default
                ``limits.MAX_RESPONSE_CACHE_BYTES``; 0 for none. Answers are kept only
                if the source has the method ``poll_changes``.

            metrics: Counts what the handler does; the caller lets it report. By default
                nothing is reported.

            cache_tag: The header with tags for caches in front, or ``None``.

            clock: The clock of the process, which others may share; by default a new
                one. Nothing is signed while it is not trusted.
        """
        limit = limits.MAX_RESPONSE_CACHE_BYTES if cache_bytes is None else cache_bytes
        self.log = EventLog(logger)
        self.cache_tag = cache_tag
        self.metrics = metrics or Metrics(lambda _: True)
        self._cache = ResponseCache(limit)
        self._asked = AskedKeys()
        self._slots = slots or SigningSlots()
        self._foreign = foreign
        self._shared = None if shared is None else SharedFallback(shared)
        self._clock = clock or ProcessClock()
        self.watch = SignerWatch()
        self._watched = 0
        self._use(responder, source)

    def replace(self, responder: Responder, source: StatusSource) -> None:
        """
        Answer by another responder from now on.

        Requests in work keep theirs, but their answers are not kept or stored.

        Args:
            responder: Answers the requests.

            source: Knows the status of the certificates; the same one, or another.
        """
        self._cache.clear()
        self._use(responder, source)

    def _use(self, responder: Responder, source: StatusSource) -> None:
        # A new one, because the names in the metrics may be others now.
        self._counts = RequestCounts(self.metrics)
        self._responder = responder
        self._backend = Backend(
            responder, source, self._slots, self._counts, self._foreign
        )
        writer = self._backend.writer
        self._write_back = (
            None if writer is None else WriteBack(writer, self.log, self._counts)
        )
        self._poll = ChangePoll(
            source,
            self._cache,
            self.log,
            clock=self._clock,
            changed=None if self._shared is None else self._shared.note_changes,
        )

    # --- what front doors call ---

    @property
    def moment(self) -> Moment:
        """The current second, as of the last request or :meth:`refresh`."""
        return self._poll.moment

    def refresh(self) -> None:
        """Notice changes of the status; a front door calls it about every 15 ms."""
        self._poll.refresh_early()

    def set_gauges(self) -> None:
        """Set the gauges of the metrics; a front door calls it about each second."""
        self.metrics.gauge(RESPONSE_CACHE_BYTES).value = self._cache.size
        self.metrics.gauge(CHANGE_LAG).value = self._poll.lag
        self.metrics.gauge(CLOCK_OFFSET).value = self._clock.offset
        self.metrics.gauge(DATABASE_CLOCK).value = abs(self._clock.ahead)
        self.metrics.gauge(SIGNATURES_WAITING).value = self._slots.count_waiting()

    def handle(
        self,
        method: str,
        target: bytes,
        body: bytes,
        conditions: Conditions | None = None,
    ) -> Handled:
        """
        Return the answer to a request, or a coroutine that returns it.

        Args:
            method: The method. The front door omits the body of an answer to ``HEAD``.

            target: The target of the request, as the client sent it.

            body: The body; used for ``POST`` only.

            conditions: The conditional headers, or ``None``; not used for ``POST``.
        """
        try:
            return self._handle(method, target, body, conditions)
        except Exception as error:
            return self._failure(method, error)

    def malformed(self, error: DecodeError) -> HTTPAnswer:
        """Return *malformedRequest*, for a request that a front door cannot read."""
        return self._failure("", error)

    def method_not_allowed(self, method: str) -> HTTPAnswer:
        """Return the answer to another method than GET, HEAD and POST."""
        self._counts.without_response(method, 405)
        return method_not_allowed(self.moment.time)

    async def close(self) -> None:
        """Wait until new answers are stored; stop asking other responders."""
        if self._write_back is not None:
            await self._write_back.close()
        if self._foreign is not None:
            await self._foreign.aclose()

    # --- the way of a request ---

    def _handle(
        self, method: str, target: bytes, body: bytes, conditions: Conditions | None
    ) -> Handled:
        poll = self._poll
        poll.refresh()
        post = method == "POST"
        key = body if post else target
        if poll.may_use_memory:
            entry = self._cache.find(key, poll.moment.seconds, post=post)
            if entry is not None:
                if conditions is None and method in _PLAIN_METHODS:
                    (entry.post if post else entry.get).count += 1
                    return entry.answer
                if method in _METHODS:
                    request = self._request(method, key, conditions)
                    return self._reply_from_memory(request, entry)
        if method not in _METHODS:
            return self.method_not_allowed(method)
        return self._answer(self._request(method, key, conditions))

    def _request(
        self, method: str, key: bytes, conditions: Conditions | None
    ) -> _Request:
        post = method == "POST"
        return _Request(
            key,
            self._poll,
            post=post,
            head=method == "HEAD",
            conditions=None if post else conditions,
        )

    def _answer(self, request: _Request) -> Handled:
        poll = self._poll
        try:
            der = request.read()
        except SchemaError:
            if request.post or path_of(request.key).strip(b"/"):
                raise
            self._counts.without_response(request.method, 200)
            return landing_page()
        given = self._backend.answer(der, poll.moment, may_sign=self._clock.is_trusted)
        if isinstance(given, UsableAnswer):
            return self._reply_usable(request, given)
        if isinstance(given, BackendAnswer):
            return self._reply_from_source(request, given)
        return self._wait(request, given)

    async def _wait(self, request: _Request, waiting: Waiting) -> Reply:
        try:
            return await self._wait_for_reply(request, waiting)
        except Exception as error:
            return self._failure(request.method, error)

    async def _wait_for_reply(self, request: _Request, waiting: Waiting) -> Reply:
        try:
            given = await waiting.run()
        except SourceUnavailable:
            reply = await self._reply_without_source(request, waiting.lookup)
            if reply is None:
                raise
            return reply
        self._poll.refresh()
        return self._reply_from_source(request, given)

    async def _reply_without_source(
        self, request: _Request, lookup: Lookup | None
    ) -> Reply | None:
        """
        Return the newest answer at hand that has not ended, or ``None``.

        That is the one in memory, or the copy of another machine if it is about a newer
        status: the database may be away for this node only.
        """
        if lookup is None or lookup.fallback_form is None:
            return None
        copy = None if self._shared is None else await self._shared.find(lookup)
        self._poll.refresh()
        certificate = lookup.queries[0], lookup.fallback_form
        entry = self._cache.find_valid(certificate, self._poll.moment.seconds)
        if copy is not None and (entry is None or entry.version < copy.version):
            given = answer_with(self._responder, lookup, copy)
            return None if given is None else self._reply(request, given)
        return None if entry is None else self._reply_kept(request, lookup, entry)

    def _reply_kept(
        self, request: _Request, lookup: Lookup, entry: CachedResponse
    ) -> Reply:
        """Return the answer in memory, though the store cannot be asked."""
        if lookup.stored_form is not None:
            return self._reply_from_memory(request, entry)
        # Without the nonce or algorithm of the client: for this one only.
        query, form = entry.certificate
        self._counts.from_memory(request.method, 200, query.issuer, form)
        return answer(entry.answer.body, None, self._poll.moment.time)

    def _reply_from_memory(self, request: _Request, entry: CachedResponse) -> Reply:
        reply = request.reply(entry.answer, self._poll.moment, revoked=entry.revoked)
        query, form = entry.certificate
        self._counts.from_memory(request.method, code_of(reply), query.issuer, form)
        return reply

    def _reply_usable(self, request: _Request, given: UsableAnswer) -> Reply:
        """Return a stored answer; :meth:`_reply` would return the same."""
        moment, counts, stored = self._poll.moment, self._counts, given.stored
        self._look_at_signer(given.template)
        query, form = given.certificate
        if given.revoked:
            self._note_revoked(request, (query,), stored.version)
        this_update, next_update = stored.this_update, stored.next_update
        prepared = CacheableAnswer(
            given.der, this_update, next_update, self._tags((query,))
        )
        revoked = given.revoked
        known = self._cache.find_certificate(given.certificate, moment.seconds)
        is_asked_again = self._asked.ask(request.key)
        if known is not None or is_asked_again:
            entry = self._entry(prepared, given, given.certificate, stored.version)
            sent = self._remember(request, entry, is_asked_again=is_asked_again)
            prepared, revoked = sent.answer, sent.revoked
        reply = request.reply(prepared, moment, revoked=revoked)
        counts.read_from_store(this_update, next_update, moment.seconds)
        seconds = time.perf_counter() - request.begin
        counts.stored(request.method, reply, query.issuer, form, seconds)
        return reply

    def _reply_from_source(self, request: _Request, given: BackendAnswer) -> Reply:
        """Return an answer that is no copy."""
        if given.revoked and given.lookup is not None:
            self._note_revoked(request, given.lookup.queries, given.version)
        return self._reply(request, given)

    def _note_revoked(
        self, request: _Request, queries: Sequence[StatusQuery], version: int
    ) -> None:
        """Let no copy be used that is older than this *revoked*."""
        if self._shared is not None:
            is_last = self._is_unchanged_since(request)
            self._shared.note_revoked(queries, version, is_last=is_last)

    def _is_unchanged_since(self, request: _Request) -> bool:
        """Return whether no change was noticed since *request* was received."""
        poll = self._poll
        return request.poll is poll and request.revision == poll.revision

    def _reply(self, request: _Request, given: BackendAnswer) -> Reply:
        reply = self._make_reply(request, given)
        self._counts.answered(
            request.method,
            reply,
            given.answer,
            given.lookup,
            from_store=given.from_store,
            seconds=time.perf_counter() - request.begin,
        )
        return reply

    def _make_reply(self, request: _Request, given: BackendAnswer) -> Reply:
        moment = self._poll.moment
        self._look_at_signer(given.lookup)
        if given.answer.cause:
            return self._error(given.answer)
        freshness = given.answer.freshness
        if freshness is None or freshness.next_update <= moment.time:
            uncached = UncachedAnswer(given.answer.der)
            return request.reply(uncached, moment, revoked=given.revoked)
        this_update, next_update = freshness.seconds()
        if given.from_store:
            self._counts.read_from_store(this_update, next_update, moment.seconds)
        lookup = given.lookup
        tags = self._tags(() if lookup is None else lookup.queries)
        prepared = CacheableAnswer(given.answer.der, this_update, next_update, tags)
        is_before = request.poll is not self._poll  # its signer may be removed now
        if lookup is None or lookup.stored_form is None or is_before:
            return request.reply(prepared, moment, revoked=given.revoked)
        certificate = lookup.queries[0], lookup.stored_form
        entry = self._entry(prepared, given, certificate, given.version)
        sent = self._remember(request, entry)
        if sent is entry and given.answer.new is not None and self._write_back:
            signer = lookup.signers[0].certificate
            new = SignedAnswer(given.answer.new, signer, entry)
            self._write_back.add(new, moment.seconds)
        return request.reply(sent.answer, moment, revoked=sent.revoked)

    def _entry(
        self,
        prepared: CacheableAnswer,
        given: BackendAnswer | UsableAnswer,
        certificate: tuple[StatusQuery, CertIDForm],
        version: int,
    ) -> CachedResponse:
        """Return the answer as it is kept in memory."""
        query, form = certificate
        return CachedResponse(
            prepared,
            given.until,
            certificate,
            valid_until=given.valid_until,
            revoked=given.revoked,
            version=version,
            outcomes=self._counts.in_memory(query.issuer, form),
        )

    def _remember(
        self, request: _Request, entry: CachedResponse, *, is_asked_again: bool = True
    ) -> CachedResponse:
        """
        Keep *entry* in memory, and return it, or the one that is there already.

        The one that is there gets no other key by a request that was not asked before:
        a client could send ever new forms of it.
        """
        poll = self._poll
        # The status can have changed while the request waited.
        if not poll.may_use_memory or not self._is_unchanged_since(request):
            return entry
        # Another target or body asked for the same; it may not be in the store yet.
        known = self._cache.find_certificate(entry.certificate, poll.moment.seconds)
        kept = entry
        if known is not None and known.version >= entry.version:
            kept = known
        is_wanted = is_asked_again or kept is not known
        if is_wanted and poll.moment.seconds < kept.until:
            self._cache.put(request.key, kept, post=request.post)
        return kept

    def _tags(self, queries: Sequence[StatusQuery]) -> tuple[str, str] | None:
        """Return the header with the tags for caches, or ``None``."""
        if self.cache_tag is None or not queries:
            return None
        tags = dict.fromkeys(each.cache_tag for each in queries)
        tags |= dict.fromkeys(each.issuer.cache_tag for each in queries)
        return self.cache_tag.value, self.cache_tag.join(tags)

    def _look_at_signer(self, lookup: Lookup | None) -> None:
        """Let the watch warn of a signer that ends; once a second is often enough."""
        moment = self._poll.moment
        if self._watched != moment.seconds and lookup is not None:
            self._watched = moment.seconds
            self.watch.look(lookup, moment.time)

    # --- failures ---

    def _failure(self, method: str, error: Exception) -> HTTPAnswer:
        given = error_response(error)
        self._counts.failed(method, given.status, error)
        if isinstance(error, DecodeError):
            return self._error(given)
        if isinstance(error, BackendError):
            kind: object = type(error)
            self.log.report(logging.ERROR, kind, f"cannot answer a request: {error}")
        else:
            self.log.report(
                logging.ERROR,
                _place(error),
                "cannot answer a request: unexpected exception",
                error=error,
            )
        return answer(given.der, None, self.moment.time)

    def _error(self, given: Answer) -> HTTPAnswer:
        # No client gets an answer about that issuer until the others have signed one.
        is_away = given.issuer and given.status is OCSPResponseStatus.TRY_LATER
        self.log.report(
            logging.ERROR if is_away else logging.INFO,
            (given.status, given.issuer),
            f"{given.status.name}: {given.cause}",
        )
        return answer(given.der, None, self.moment.time)


_METHODS = frozenset({"GET", "HEAD", "POST"})
_PLAIN_METHODS = frozenset({"GET", "POST"})


def _place(error: Exception) -> tuple[str, int]:
    """Return where *error* was raised."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "", 0
    return trace.tb_frame.f_code.co_filename, trace.tb_lineno
