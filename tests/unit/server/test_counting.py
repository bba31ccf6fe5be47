"""What a request handler and its connections count."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from cryptography.hazmat.primitives import hashes

from ocsp import limits
from ocsp.errors import DecodeError, SignerUnavailable, SourceUnavailable, StoreError
from ocsp.http import Conditions, get_url
from ocsp.metrics import Metrics, Totals
from ocsp.metrics.table import (
    ANSWER_AGE,
    ANSWER_LEFT,
    ANSWERS,
    ANSWERS_REFUSED,
    CERT_IDS,
    CHANGE_LAG,
    CLOCK_OFFSET,
    CONNECTIONS,
    HTTP_REQUESTS,
    REQUEST_SECONDS,
    RESPONSE_CACHE_BYTES,
    RESPONSES,
    SHED,
    SIGNATURE_SECONDS,
    SIGNATURES,
    SIGNATURES_WAITING,
    Metric,
)
from ocsp.responder import Authority, IssuerKey, Responder, StatusQuery, StatusRecord
from ocsp.server import RequestHandler
from ocsp.store import SQLiteStore
from tests.pki import ca, delegate_signer
from tests.unit.server.scene import (
    GOOD,
    NEVER,
    Client,
    Clock,
    PolledSource,
    handler,
    request,
)

SIGNER = delegate_signer()


class Counted:
    """A handler, and what it has counted."""

    def __init__(self, source: Any = None, clock: Clock | None = None) -> None:
        self.totals = Totals()
        self.metrics = Metrics(
            self.totals.add,
            issuers={IssuerKey.of(ca()): "issuing-1"},
            signers={SIGNER.certificate.fingerprint(hashes.SHA256()): "ocsp-1"},
        )
        self.handler: RequestHandler = handler(source, clock, metrics=self.metrics)

    def __call__(self, metric: Metric) -> dict[tuple[str, ...], float]:
        """Return the counts of *metric*."""
        self.metrics.flush()
        return dict(self.totals.counters(metric))

    def get(
        self, der: bytes, conditions: Conditions | None = None, method: str = "GET"
    ) -> Any:
        """Send a request by GET."""
        return self.handler.handle(method, get_url("", der).encode(), b"", conditions)

    def post(self, der: bytes) -> Any:
        """Send a request by POST."""
        return self.handler.handle("POST", b"/", der)


def test_an_answer_is_signed_once_and_then_comes_from_memory() -> None:
    """By GET, by POST, and by HEAD."""
    counted = Counted()
    for _ in range(3):
        counted.get(request(GOOD))
    for _ in range(2):
        counted.post(request(GOOD))
    counted.get(request(GOOD), method="HEAD")
    assert counted(RESPONSES) == {("issuing-1", "successful", "none"): 6}
    assert counted(HTTP_REQUESTS) == {
        ("GET", "200"): 3,
        ("POST", "200"): 2,
        ("HEAD", "200"): 1,
    }
    assert counted(CERT_IDS) == {("sha256",): 6}
    # The first POST is signed, and found to be the answer in memory.
    assert counted(ANSWERS) == {("memory",): 4, ("signed",): 2}
    assert counted(SIGNATURES) == {("ocsp-1", "ok"): 2}


def test_what_is_not_modified_is_counted_as_such() -> None:
    """With the code 304."""
    counted = Counted()
    counted.get(request(GOOD))
    tag = counted.get(request(GOOD)).at(counted.handler.moment.time).header("ETag")
    counted.get(request(GOOD), Conditions(if_none_match=tag))
    assert counted(HTTP_REQUESTS) == {("GET", "200"): 2, ("GET", "304"): 1}
    assert counted(RESPONSES) == {("issuing-1", "successful", "none"): 3}


@pytest.mark.parametrize(
    ("send", "labels"),
    [
        (lambda it: it.get(request(NEVER)), ("issuing-1", "unauthorized", "serial")),
        (lambda it: it.post(b"\x30\x00"), ("none", "malformedRequest", "malformed")),
        (lambda it: it.handler.handle("GET", b"/!", b""), ("none", "malformedRequest", "malformed")),
        (lambda it: it.handler.malformed(DecodeError("x")), ("none", "malformedRequest", "malformed")),
    ],
)  # fmt: skip
def test_errors_have_their_cause(
    send: Callable[[Counted], Any], labels: tuple[str, ...]
) -> None:
    """And no signature."""
    counted = Counted()
    send(counted)
    assert counted(RESPONSES) == {labels: 1}
    assert (counted(ANSWERS), counted(SIGNATURES)) == ({}, {})


class _Failing(PolledSource):
    """A source with an error of the test's."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def look_up_now(
        self, queries: Sequence[StatusQuery]
    ) -> Sequence[StatusRecord | None]:
        """Fail."""
        raise self.error


@pytest.mark.parametrize(
    ("error", "labels"),
    [
        (SourceUnavailable("locked"), ("none", "tryLater", "source")),
        (ZeroDivisionError(), ("none", "internalError", "internal")),
    ],
)
def test_failures_have_their_cause(error: Exception, labels: tuple[str, ...]) -> None:
    """Of the source, and of this package."""
    counted = Counted(_Failing(error))
    counted.get(request(GOOD))
    assert counted(RESPONSES) == {labels: 1}


def test_a_signer_that_fails_is_counted() -> None:
    """As a signature that failed, and an answer that clients did not get."""

    class Broken:
        certificate = SIGNER.certificate
        algorithm_identifier = SIGNER.algorithm_identifier
        local = True

        def sign(self, data: bytes) -> bytes:
            raise SignerUnavailable(f"{len(data)} octets are not signed")

    counted = Counted()
    counted.handler.replace(Responder([Authority(ca(), [Broken()])]), PolledSource())
    counted.get(request(GOOD))
    assert counted(RESPONSES) == {("issuing-1", "tryLater", "signer"): 1}
    assert counted(SIGNATURES) == {("ocsp-1", "failed"): 1}


def test_other_requests_count_for_http_only() -> None:
    """The landing page, and a method that is not allowed."""
    counted = Counted()
    counted.handler.handle("GET", b"/", b"")
    counted.handler.handle("BREW", b"/", b"")
    assert counted(HTTP_REQUESTS) == {("GET", "200"): 1, ("other", "405"): 1}
    assert counted(RESPONSES) == {}


def test_times_are_measured_except_for_answers_from_memory() -> None:
    """Of requests and of signatures."""
    counted = Counted()
    for _ in range(5):
        counted.get(request(GOOD))
    counted.metrics.flush()
    ((requests, seconds),) = counted.totals.histograms(REQUEST_SECONDS).values()
    ((signatures, signing),) = counted.totals.histograms(SIGNATURE_SECONDS).values()
    assert (sum(requests), sum(signatures)) == (1, 1)
    assert 0 < signing < seconds


def test_the_gauges_follow_the_handler() -> None:
    """The size of the answers in memory, and since when changes are not seen."""
    clock, source = Clock(), PolledSource()
    counted = Counted(source, clock)
    counted.get(request(GOOD))

    def poll_changes() -> Any:
        raise SourceUnavailable("gone")

    counted.handler.set_gauges()
    counted.metrics.flush()
    assert counted.totals.gauges(RESPONSE_CACHE_BYTES)[()] > 500
    assert counted.totals.gauges(CHANGE_LAG)[()] == 0
    source.poll_changes = poll_changes  # type: ignore[method-assign]
    clock.advance(7)
    counted.handler.refresh()
    counted.handler.set_gauges()
    counted.metrics.flush()
    assert counted.totals.gauges(RESPONSE_CACHE_BYTES)[()] == 0
    assert counted.totals.gauges(CHANGE_LAG)[()] == 7


def test_a_jump_of_the_clock_is_a_gauge() -> None:
    """In either direction, until the clock is trusted again."""
    clock = Clock()
    counted = Counted(PolledSource(), clock)

    def offset() -> float:
        counted.handler.refresh()
        counted.handler.set_gauges()
        counted.metrics.flush()
        return counted.totals.gauges(CLOCK_OFFSET)[()]

    assert offset() == 0
    clock.jump(-3600)
    clock.advance(1)
    assert offset() == pytest.approx(3600, abs=1)
    clock.jump(3600)
    clock.advance(1)
    assert offset() == 0


def test_answers_that_are_not_stored_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the age of those that are read from the store."""
    clock = Clock()
    with SQLiteStore(tmp_path / "status.db", create=True) as store:
        store.add(ca(), GOOD)

        async def ask() -> Counted:
            counted = Counted(store, clock)
            counted.get(request(GOOD))
            await counted.handler.close()
            return counted

        with monkeypatch.context() as patch:
            patch.setattr(store, "store_answers", lambda *_: 0)
            assert asyncio.run(ask())(ANSWERS_REFUSED) == {("version",): 1}
            patch.setattr(store, "store_answers", Mock(side_effect=StoreError("full")))
            assert asyncio.run(ask())(ANSWERS_REFUSED) == {("store",): 1}
        assert asyncio.run(ask())(ANSWERS_REFUSED) == {}
        clock.advance(100)
        counted = asyncio.run(ask())
        counted.metrics.flush()
        _, age = counted.totals.histograms(ANSWER_AGE)[()]
        _, left = counted.totals.histograms(ANSWER_LEFT)[()]
        assert left == 28_800 - 100
        assert age == pytest.approx(100, abs=300)


def test_waiting_signatures_are_a_gauge() -> None:
    """Of signers that are not local."""
    counted = Counted()
    slots = counted.handler._slots
    slots.count_waiting = lambda: 7  # type: ignore[method-assign]
    counted.handler.set_gauges()
    counted.metrics.flush()
    assert counted.totals.gauges(SIGNATURES_WAITING) == {(): 7}


def test_connections_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are open, and those that a limit ended."""
    monkeypatch.setattr(limits, "MAX_CONNECTIONS", 2)
    counted = Counted()
    first = Client(counted.handler)
    for _ in range(2):
        Client(counted.handler, first.connections)
    slow = Client(counted.handler, first.connections)
    slow.send(b"GET /")
    first.connections.count()
    assert counted(SHED) == {("connections",): 2}
    assert counted.totals.gauges(CONNECTIONS) == {(): 2}
    for each in list(first.connections._all):
        each.deadline = 0.0
    first.connections.sweep()
    assert counted(SHED) == {("connections",): 2, ("idle",): 1, ("slow",): 1}
