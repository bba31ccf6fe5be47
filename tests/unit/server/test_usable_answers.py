"""The short way to a stored answer gives what the full way gives."""

from __future__ import annotations

import asyncio
import datetime
import hashlib
from collections.abc import Iterable, Sequence
from email.utils import formatdate
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import example, given
from hypothesis import strategies as st

from ocsp.http import CacheTag, Conditions, HTTPAnswer, get_url
from ocsp.http import Connection as ConnectionHeader
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.metrics import Metrics, Totals
from ocsp.metrics.table import (
    ANSWER_AGE,
    ANSWER_LEFT,
    ANSWERS,
    CERT_IDS,
    HTTP_REQUESTS,
    RESPONSES,
    SIGNATURES,
)
from ocsp.responder import (
    Authority,
    CertIDForm,
    DueAnswer,
    LookupResult,
    NewAnswer,
    Responder,
    StatusQuery,
    StatusRecord,
)
from ocsp.responder.stored_answer import CurrentAnswer, StoredAnswer
from ocsp.server import RequestHandler
from ocsp.server.memory import asked_keys
from ocsp.server.memory.asked_keys import AskedKeys
from ocsp.server.plain_requests import PlainRequests
from tests.pki import ca, delegate_signer
from tests.unit.server.scene import (
    HOUR,
    START,
    Clock,
    PolledSource,
    handler,
    query,
    request,
)

NOW = int(START.timestamp())
SIGNER = hashlib.sha256(
    delegate_signer().certificate.public_bytes(Encoding.DER)
).digest()
RECORDS = st.sampled_from(
    [
        None,
        StatusRecord(),
        StatusRecord(expires=START + HOUR),
        StatusRecord(expires=START - HOUR),
        StatusRecord.revoked(START - HOUR),
    ]
)
STORED = st.none() | st.builds(
    StoredAnswer,
    version=st.just(3),
    signer=st.sampled_from([SIGNER, bytes(32)]),
    due=st.sampled_from([-1, NOW - 5, NOW + 90, NOW + 10**6]),
    this_update=st.integers(NOW - 100, NOW + 700),
    next_update=st.integers(NOW - 5, NOW + 9) | st.integers(NOW - 5, NOW + 10**5),
    tbs=st.binary(min_size=100, max_size=180),
    signature=st.binary(min_size=8, max_size=70),
)
SAME_DATE = Conditions(if_modified_since=formatdate(NOW - 100, usegmt=True))
COUNTED = (HTTP_REQUESTS, RESPONSES, CERT_IDS, ANSWERS)


def _answer(next_update: int = NOW + 10**5) -> StoredAnswer:
    return StoredAnswer(
        3, SIGNER, NOW + 90, NOW - 100, next_update, bytes(99), bytes(64)
    )


def _stored() -> LookupResult:
    return LookupResult(StatusRecord(), 3, _answer())


class Store(PolledSource):
    """A store in memory, which has the same about every certificate."""

    def __init__(self, found: LookupResult | None) -> None:
        super().__init__()
        self.found = found
        self.look_ups = 0

    def look_up_now(self, queries: Sequence[StatusQuery]) -> list[StatusRecord | None]:
        """Return the record, for each query."""
        return [None if self.found is None else self.found.record] * len(queries)

    def look_up_with_answer(
        self, query: StatusQuery, form: CertIDForm
    ) -> LookupResult | None:
        """Return what it has."""
        del query, form
        self.look_ups += 1
        return self.found

    def look_up_answer(
        self, query: StatusQuery, form: CertIDForm
    ) -> CurrentAnswer | None:
        """Return the answer that it has."""
        found = self.look_up_with_answer(query, form)
        if found is None or found.stored is None:
            return None
        return CurrentAnswer(
            found.stored, found.record.status is OCSPCertStatus.REVOKED
        )

    def due_answers(self, *_: Any) -> list[DueAnswer]:
        """Nothing is signed ahead."""
        return []

    def store_answers(self, answers: Iterable[NewAnswer], now: int) -> int:
        """Store nothing."""
        del answers, now
        return 0

    def add_signer(self, certificate: Any) -> None:
        """Store nothing."""


class Node:
    """A handler, and what it has counted."""

    def __init__(
        self,
        store: Store,
        retention: datetime.timedelta | None = None,
        tag: CacheTag | None = None,
    ) -> None:
        self.totals = Totals()
        self.store = store
        self.metrics = Metrics(self.totals.add)
        self.clock = Clock()
        authority = Authority(ca(), [delegate_signer()], retention=retention)
        self.handler = RequestHandler(
            Responder([authority]),
            store,
            clock=self.clock.of_process(),
            metrics=self.metrics,
            cache_tag=tag,
        )

    def ask(self, method: str, serial: int, conditions: Conditions | None) -> Any:
        """Return the reply, as octets if it has no other form."""
        der = request(serial)
        reply = self.handler.handle(method, get_url("", der).encode(), der, conditions)
        return reply if isinstance(reply, HTTPAnswer) else self.octets(reply)

    def octets(self, reply: Any) -> bytes:
        """Return *reply* as a message."""
        assert not hasattr(reply, "send"), "nothing waits"
        sent: bytes = reply.octets(self.handler.moment, ConnectionHeader.DEFAULT)
        return sent

    def counted(self) -> list[Any]:
        """Return what has been counted."""
        self.metrics.flush()
        return [
            [self.totals.counters(each) for each in COUNTED],
            [self.totals.histograms(each) for each in (ANSWER_AGE, ANSWER_LEFT)],
        ]


@given(
    record=RECORDS,
    answer=STORED,
    retention=st.sampled_from([None, datetime.timedelta(), HOUR * 2]),
    tag=st.sampled_from([None, CacheTag.XKEY]),
    method=st.sampled_from(["GET", "POST", "HEAD"]),
    conditions=st.sampled_from(
        [
            None,
            Conditions(if_none_match="*"),
            SAME_DATE,
        ]
    ),
)
@example(  # about to end
    StatusRecord(), _answer(next_update=NOW + 3), None, None, "GET", None
)
@example(  # the certificate has ended, and its status is kept no longer
    StatusRecord(expires=START - HOUR), _answer(), HOUR / 2, None, "GET", None
)
@example(  # a revocation cannot be hidden by a date
    StatusRecord.revoked(START - HOUR), _answer(), None, None, "GET", SAME_DATE
)
def test_it_is_the_same_answer(
    record: StatusRecord | None,
    answer: StoredAnswer | None,
    retention: datetime.timedelta | None,
    tag: CacheTag | None,
    method: str,
    conditions: Conditions | None,
) -> None:
    """With the same counts, and whether it is signed or not."""
    found = None if record is None else LookupResult(record, 3, answer)

    async def main() -> None:
        short, full = (Node(Store(found), retention, tag) for _ in range(2))
        for node in (short, full):
            node.ask("POST", 0x10, None)  # so the short way knows the others
        full.handler._backend._plain = PlainRequests()  # it reads the next in full
        given = [node.ask(method, 0x11, conditions) for node in (short, full)]
        assert short.counted() == full.counted()
        if short.totals.counters(SIGNATURES):  # another signature each time
            assert type(given[0]) is type(given[1])
        else:
            assert given[0] == given[1]
        for node in (short, full):
            await node.handler.close()

    asyncio.run(main())


def test_an_answer_is_kept_when_it_is_asked_for_again() -> None:
    """What one client asks for once does not displace what many ask for."""
    node = Node(Store(_stored()))
    node.ask("POST", 0x10, None)  # read in full: this one is kept
    for _ in range(4):
        node.ask("GET", 0x11, None)
    assert node.store.look_ups == 1 + 2


def test_another_target_gets_the_octets_in_memory() -> None:
    """Whatever the store has by now. It becomes a key when it is asked for again."""
    node = Node(Store(_stored()))
    first = node.ask("GET", 0x10, None)
    other = _answer()._replace(signature=bytes(63))
    node.store.found = LookupResult(StatusRecord(), 3, other)
    for _ in range(3):
        assert node.ask("POST", 0x10, None) == first
    assert node.store.look_ups == 1 + 2


def test_many_forms_of_one_request_do_not_fill_the_memory() -> None:
    """A client can send ever new ones of the same request."""
    node = Node(Store(_stored()))
    node.ask("GET", 0x10, None)
    before = node.handler._cache.size
    target = get_url("", request(0x10)).encode()
    replies = {
        node.octets(node.handler.handle("GET", b"/" * number + target, b""))
        for number in range(1, 50)
    }
    assert len(replies) == 1
    assert node.handler._cache.size == before


@pytest.mark.parametrize("is_short", [True, False])
def test_what_the_store_says_of_a_newer_status_is_sent(*, is_short: bool) -> None:
    """No poll has noticed the change, but a request by another target found it."""
    node = Node(Store(_stored()))
    node.ask("POST", 0x10, None)
    for _ in range(2):
        older = node.ask("POST", 0x11, None)
    revoked = _answer()._replace(version=4, signature=bytes(63))
    node.store.found = LookupResult(StatusRecord.revoked(START - HOUR), 4, revoked)
    if not is_short:
        node.handler._backend._plain = PlainRequests()
    newer = node.ask("GET", 0x11, None)
    assert newer != older
    assert node.ask("POST", 0x11, None) == newer


def test_no_copy_is_used_that_is_older_than_a_revocation() -> None:
    """As after an answer that took the full way."""
    store = Store(LookupResult(StatusRecord.revoked(START - HOUR), 3, _answer()))
    given = handler(store, shared=cast("Any", object()))
    for serial in (0x10, 0x11):  # the first one is read in full
        given.handle("POST", b"/", request(serial))
    assert given._shared is not None
    assert set(given._shared._known) == {query(0x10), query(0x11)}


def test_the_store_is_asked_again_when_another_answer_is_due() -> None:
    """It has signed a new one meanwhile."""
    node = Node(Store(LookupResult(StatusRecord(), 3, _answer()._replace(due=NOW + 5))))
    node.ask("POST", 0x10, None)
    for _ in range(3):
        node.ask("GET", 0x11, None)
    asked = node.store.look_ups
    node.clock.advance(4)
    node.ask("GET", 0x11, None)
    assert node.store.look_ups == asked
    node.clock.advance(1)
    node.ask("GET", 0x11, None)
    assert node.store.look_ups == asked + 1


def test_the_number_of_requests_that_are_remembered_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The latest are remembered."""
    monkeypatch.setattr(asked_keys, "MAX_KEYS", 8)
    asked = AskedKeys()
    keys = [b"%d" % number for number in range(50)]
    assert not any(asked.ask(key) for key in keys)
    assert [asked.ask(key) for key in (keys[0], keys[-1])] == [False, True]
    assert len(asked._young) + len(asked._old) <= 8


def test_a_signer_that_ends_is_noticed(caplog: pytest.LogCaptureFixture) -> None:
    """Also if all requests take the short way."""
    clock = Clock()
    clock.now = delegate_signer().certificate.not_valid_after_utc - HOUR
    given = handler(Store(_stored()), clock)
    given.handle("POST", b"/", request(0x10))
    assert "ends at" in caplog.text
