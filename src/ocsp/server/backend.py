"""
Answer OCSP requests with a source of status and with signers, and decide what waits.

A request is answered at once with a local source and a signer that never waits. For all
others the result is a :class:`Waiting`.

What fails, and what the client gets:

- The signer refuses, hangs or is busy: the stored answer, also without the nonce that
  the client sent; *tryLater* if there is none (RFC 9919 §3.2.1).
- The clock is not trusted: the same, because nothing is signed.
- The source cannot be read: *tryLater*. If it is on another machine, the caller may use
  an answer that it has in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple, Protocol

from ocsp.errors import SignerUnavailable
from ocsp.http import Moment
from ocsp.messages.statuses import OCSPCertStatus, OCSPResponseStatus
from ocsp.responder import (
    Answer,
    AnswerStore,
    AnswerWriter,
    CertIDForm,
    Forward,
    LocalSource,
    Lookup,
    LookupResult,
    RemoteAnswerStore,
    Responder,
    StatusRecord,
    StatusSource,
)
from ocsp.responder.answer import error_response
from ocsp.responder.schedule import second_of, usable_until
from ocsp.server.counting import RequestCounts, timed
from ocsp.server.plain_requests import PlainRequest, PlainRequests
from ocsp.server.usable_answers import UsableAnswer, time_to_ask, usable_answer
from ocsp.signers import SigningSlots

__all__ = ["AnswersElsewhere", "Backend", "BackendAnswer", "Waiting"]

_REVOKED = OCSPCertStatus.REVOKED
_TRY_LATER = OCSPResponseStatus.TRY_LATER  # members of enumerations are slower


class AnswersElsewhere(Protocol):
    """Gets answers that others have signed, such as a proxy; it verifies them."""

    async def answer(self, forward: Forward) -> Answer:
        """Return the answer to a request, or an error."""
        ...

    async def aclose(self) -> None:
        """Stop what is running."""
        ...


class BackendAnswer(NamedTuple):
    """
    An answer, and how long it can be kept in memory.

    Attributes:
        answer: The answer.

        lookup: The request, or ``None`` for an error that needed no look-up.

        until: Until when it may be sent again, in seconds since 1970; 0 for never.

        valid_until: Until when it may be sent if the store cannot be asked.

        revoked: Whether it says *revoked*.

        from_store: Whether it was in the store.

        version: The version of the status that it states; 0 if that is not known.
    """

    answer: Answer
    lookup: Lookup | None = None
    until: int = 0
    valid_until: int = 0
    revoked: bool = False
    from_store: bool = False
    version: int = 0


class Waiting(NamedTuple):
    """
    An answer that has to wait for something.

    Attributes:
        run: Returns the coroutine that waits and returns the answer.

        lookup: The request, or ``None`` if it is passed on.
    """

    run: Callable[[], Coroutine[Any, Any, BackendAnswer]]
    lookup: Lookup | None = None


Given = BackendAnswer | Waiting


class Backend:
    """A responder, its source and its signers."""

    def __init__(
        self,
        responder: Responder,
        source: StatusSource,
        slots: SigningSlots,
        counts: RequestCounts,
        foreign: AnswersElsewhere | None = None,
    ) -> None:
        """
        Answer by *responder*.

        Args:
            responder: Answers the requests.

            source: Knows the status of the certificates.

            slots: Bounds the signatures of signers that are not local.

            counts: Counts the signatures.

            foreign: Asks the responders of other CAs; without it their clients get
                *tryLater*.
        """
        self._foreign = foreign
        self._responder = responder
        self._source = source
        self._slots = slots
        self._counts = counts
        self._local = source if isinstance(source, LocalSource) else None
        self._plain = PlainRequests()
        self._plain_second = 0
        self._store = source if isinstance(source, AnswerStore) else None
        self._remote = source if isinstance(source, RemoteAnswerStore) else None

    @property
    def writer(self) -> AnswerWriter | None:
        """What keeps the answers that are signed, if the source keeps any."""
        return self._store or self._remote

    def answer(
        self, der: bytes, moment: Moment, *, may_sign: bool
    ) -> Given | UsableAnswer:
        """
        Return the answer to the request *der*, or what to wait for.

        For most requests that are not read in full it is a stored answer.

        Args:
            der: The request.

            moment: The current second.

            may_sign: Whether the clock is trusted.

        Raises:
            BackendError: If the source cannot answer now; waiting raises it too.
        """
        if self._plain_second != moment.seconds:
            self._plain, self._plain_second = PlainRequests(), moment.seconds
        plain = self._plain.match(der)
        if plain is not None:
            return self._answer_plain(plain, moment, may_sign=may_sign)
        step = self._responder.receive(der, moment.time)
        if isinstance(step, Lookup):
            self._plain.learn(der, step)
            return self._answer(step, may_sign=may_sign)
        if step.forward is not None and self._foreign is not None:
            return Waiting(partial(self._pass_on, self._foreign, step.forward))
        return BackendAnswer(step)

    def _answer_plain(
        self, plain: PlainRequest, moment: Moment, *, may_sign: bool
    ) -> Given | UsableAnswer:
        query, form = plain.query(), plain.template.stored_form
        if self._store is not None and form is not None:
            found = self._store.look_up_answer(query, form)
            if found is not None:
                certificate = query, form
                usable = usable_answer(
                    plain.template, certificate, found, moment.seconds
                )
                if usable is not None:
                    return usable
        return self._answer(plain.lookup(query), may_sign=may_sign)

    def _answer(self, lookup: Lookup, *, may_sign: bool) -> Given:
        form = lookup.stored_form
        if self._store is not None and form is not None:
            found = self._store.look_up_with_answer(lookup.queries[0], form)
            return self._answer_stored(lookup, found, may_sign=may_sign)
        if self._remote is not None and form is not None:
            ask = partial(self._ask, self._remote, lookup, form)
            return Waiting(partial(ask, may_sign=may_sign), lookup)
        if self._local is None:
            return Waiting(partial(self._look_up, lookup, may_sign=may_sign), lookup)
        records = self._local.look_up_now(lookup.queries)
        return self._sign(lookup, records, may_sign=may_sign)

    async def _pass_on(
        self, foreign: AnswersElsewhere, forward: Forward
    ) -> BackendAnswer:
        """Return what the responder of another CA says, which *foreign* keeps."""
        answer = await foreign.answer(forward)
        return BackendAnswer(answer._replace(issuer=forward.authority.key))

    # --- stored answers ---

    async def _ask(
        self,
        remote: RemoteAnswerStore,
        lookup: Lookup,
        form: CertIDForm,
        *,
        may_sign: bool,
    ) -> BackendAnswer:
        found = await remote.find_with_answer(lookup.queries[0], form)
        return await _finish(self._answer_stored(lookup, found, may_sign=may_sign))

    def _answer_stored(
        self, lookup: Lookup, found: LookupResult | None, *, may_sign: bool
    ) -> Given:
        answer = self._responder.stored_answer(lookup, found)
        if answer is None:
            if not may_sign:
                answer = self._responder.finish_without_signer(lookup, found)
            elif _signs_at_once(lookup):
                answer = self._signed_now(
                    lookup, partial(self._responder.finish_stored, lookup, found)
                )
            else:
                return Waiting(partial(self._sign_to_store, lookup, found), lookup)
        return _stored_result(lookup, found, answer)

    async def _sign_to_store(
        self, lookup: Lookup, found: LookupResult | None
    ) -> BackendAnswer:
        try:
            answer = await self._in_slot(
                lookup, partial(self._responder.finish_stored, lookup, found)
            )
        except SignerUnavailable:
            answer = self._responder.finish_without_signer(lookup, found)
        return _stored_result(lookup, found, answer)

    # --- answers for one request ---

    async def _look_up(self, lookup: Lookup, *, may_sign: bool) -> BackendAnswer:
        records = await self._source.look_up(lookup.queries)
        return await _finish(self._sign(lookup, records, may_sign=may_sign))

    def _sign(
        self,
        lookup: Lookup,
        records: Sequence[StatusRecord | None],
        *,
        may_sign: bool,
    ) -> Given:
        refusal = self._responder.refusal(lookup, records)
        if refusal is not None:
            return BackendAnswer(refusal, lookup)
        if not may_sign:
            error = SignerUnavailable("the clock jumped: nothing is signed now")
            return self._without_signer(lookup, error_response(error))
        if _signs_at_once(lookup):
            answer = self._signed_now(
                lookup, partial(self._responder.finish, lookup, records)
            )
            return self._signed(lookup, records, answer)
        return Waiting(partial(self._sign_in_slot, lookup, records), lookup)

    async def _sign_in_slot(
        self, lookup: Lookup, records: Sequence[StatusRecord | None]
    ) -> BackendAnswer:
        try:
            answer = await self._in_slot(
                lookup, partial(self._responder.finish, lookup, records)
            )
        except SignerUnavailable as error:
            answer = error_response(error)
        return await _finish(self._signed(lookup, records, answer))

    def _signed(
        self, lookup: Lookup, records: Sequence[StatusRecord | None], answer: Answer
    ) -> Given:
        if answer.status is _TRY_LATER:
            return self._without_signer(lookup, answer)
        until = 0
        if answer.freshness is not None and len(records) == 1:
            # Nothing says when to sign again: the first half of the validity is safe.
            now, end = lookup.now.timestamp(), answer.freshness.next_update.timestamp()
            until = int(now + (end - now) / 2)
        return BackendAnswer(answer, lookup, until, until, _says_revoked(records))

    def _without_signer(self, lookup: Lookup, error: Answer) -> Given:
        """Return the stored answer, or *error* if the store has none."""
        form = lookup.fallback_form
        if self._remote is not None and form is not None:
            ask = partial(self._ask_without_signer, self._remote, lookup, form)
            return Waiting(partial(ask, error), lookup)
        found = None
        if self._store is not None and form is not None:
            found = self._store.look_up_with_answer(lookup.queries[0], form)
        return self._unsigned(lookup, found, error)

    async def _ask_without_signer(
        self, remote: RemoteAnswerStore, lookup: Lookup, form: CertIDForm, error: Answer
    ) -> BackendAnswer:
        found = await remote.find_with_answer(lookup.queries[0], form)
        return self._unsigned(lookup, found, error)

    def _unsigned(
        self, lookup: Lookup, found: LookupResult | None, error: Answer
    ) -> BackendAnswer:
        if found is None:
            return BackendAnswer(error, lookup)
        answer = self._responder.finish_without_signer(lookup, found)
        # For this client only: another one, or this one later, gets an own signature.
        return BackendAnswer(answer._replace(freshness=None), lookup, from_store=True)

    async def _in_slot(self, lookup: Lookup, function: Callable[[], Answer]) -> Answer:
        answer, seconds = await self._slots.run(
            timed(function), signer=lookup.signers[0].signer
        )
        self._counts.signed(lookup, answer, seconds)
        return answer

    def _signed_now(self, lookup: Lookup, function: Callable[[], Answer]) -> Answer:
        begin = perf_counter()
        answer = function()
        self._counts.signed(lookup, answer, perf_counter() - begin)
        return answer


async def _finish(given: Given) -> BackendAnswer:
    """Wait for an answer, if it has to wait."""
    return given if isinstance(given, BackendAnswer) else await given.run()


def _signs_at_once(lookup: Lookup) -> bool:
    """Return whether the signer never waits, or there is none."""
    signers = lookup.signers
    return not signers or signers[0].is_local


def _stored_result(
    lookup: Lookup, found: LookupResult | None, answer: Answer
) -> BackendAnswer:
    if found is None or answer.freshness is None:
        return BackendAnswer(answer, lookup)
    stored = found.stored if answer.new is None else answer.new.answer
    until = valid_until = version = 0
    if stored is not None:
        version = stored.version
        valid_until = usable_until(stored)
        until = time_to_ask(stored, second_of(lookup.now), valid_until)
    revoked = found.record.status is _REVOKED
    from_store = answer.new is None
    return BackendAnswer(
        answer, lookup, until, valid_until, revoked, from_store, version
    )


def _says_revoked(records: Sequence[StatusRecord | None]) -> bool:
    for each in records:
        if each is not None and each.status is OCSPCertStatus.REVOKED:
            return True
    return False
