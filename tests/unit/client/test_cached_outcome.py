"""``cached_outcome`` knows without I/O what a check would say; checks in the background."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import threading
from collections.abc import Iterator
from concurrent.futures import wait
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

import ocsp
from ocsp import OCSPCertStatus, limits
from ocsp.client import (
    Cache,
    CheckStatus,
    HTTPReply,
    HTTPRequest,
    MemoryCache,
    Options,
    Outcome,
    Reason,
    SendNonce,
    SQLiteCache,
)
from ocsp.errors import FetchTimeout
from ocsp.testing import PKI
from tests.pki import NOW, ca
from tests.unit.client.scene import (
    HOUR,
    A,
    Clock,
    Script,
    certificate,
    reply,
    response,
    unsuccessful,
)

GOOD, REVOKED = OCSPCertStatus.GOOD, OCSPCertStatus.REVOKED


class _Scene:
    """A client with a clock of its own, and scripted replies."""

    def __init__(
        self, *replies: Any, options: Options | None = None, cache: Cache | None = None
    ) -> None:
        self.clock = Clock()
        self.script = Script({A: list(replies)})
        self.client = ocsp.Client(
            options,
            cache=cache,
            transport=self.script,
            environment=self.clock.environment(),
        )

    def check(self, cert: x509.Certificate | None = None) -> Outcome:
        return self.client.check(cert or certificate(A), ca())

    def cached(self, cert: x509.Certificate | None = None) -> Outcome | None:
        return self.client.cached_outcome(cert or certificate(A), ca())

    def settle(self) -> Outcome:
        return self.client.check_in_background(certificate(A), ca()).result(10)


@pytest.fixture(name="cache", params=["memory", "sqlite"])
def _cache(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Cache | None]:
    if request.param == "memory":
        yield None
    else:
        with contextlib.closing(SQLiteCache(tmp_path / "cache.db")) as cache:
            yield cache


@pytest.mark.parametrize("status", [GOOD, REVOKED])
def test_the_answer_of_an_earlier_check_is_known(
    status: OCSPCertStatus, cache: Cache | None
) -> None:
    """Until it ends; for a cache in a file too, which is not read."""
    scene = _Scene(reply(response(status)), cache=cache)
    assert scene.cached() is None
    evidence = scene.check().evidence
    known = scene.cached()
    assert known is not None
    assert known.evidence is evidence
    assert known.status is CheckStatus(status.name.lower())
    assert len(scene.script.sent) == 1
    scene.clock.seconds = (25 * HOUR).total_seconds()
    assert scene.cached() is None


def test_nothing_is_asked_before_the_last_quarter_and_then_in_the_background() -> None:
    """The answer before is used meanwhile; the next call knows the new one."""
    fresh = reply(response(begin=NOW + 20 * HOUR, end=NOW + 48 * HOUR))
    scene = _Scene(reply(response()), fresh)
    first = scene.check()
    scene.clock.seconds = (17 * HOUR).total_seconds()
    assert scene.cached() is not None
    assert len(scene.script.sent) == 1
    scene.clock.seconds = (23 * HOUR).total_seconds()
    known = scene.cached()
    assert known is not None
    assert known.evidence is first.evidence
    newest = scene.settle()
    assert len(scene.script.sent) == 2
    assert newest.evidence is not first.evidence
    known = scene.cached()
    assert known is not None
    assert known.evidence is newest.evidence


def test_an_answer_that_no_cache_may_keep_is_asked_for_again_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With a pause between two questions; until then the answer is used."""
    monkeypatch.setattr("ocsp.client.background._REUSED_SECONDS", 0.0)
    scene = _Scene(reply(cache_control="no-store"))
    scene.check()
    assert scene.cached() is not None
    scene.settle()
    asked = len(scene.script.sent)
    assert asked in {2, 3}  # the refresh, which may have ended, and the check
    for _ in range(20):
        assert scene.cached() is not None
    scene.settle()
    assert len(scene.script.sent) == asked + 1


def test_a_newer_revocation_of_the_same_process_ends_what_is_remembered() -> None:
    """Another certificate with the same CertID brought it."""
    newer = response(REVOKED, begin=NOW - HOUR / 2, nonce=bytes(range(32)))
    scene = _Scene(reply(), reply(newer))
    scene.check()
    twin = certificate(A, "http://b.example/other")
    outcome = scene.client.check(twin, ca(), nonce=SendNonce.ALWAYS)
    assert outcome.status is CheckStatus.REVOKED
    assert scene.cached() is None


def test_a_newer_revocation_of_another_client_ends_what_is_remembered() -> None:
    """It has the same cache in memory."""
    cache = MemoryCache()
    scene = _Scene(reply(), cache=cache)
    scene.check()
    newer = reply(response(REVOKED, begin=NOW - HOUR / 2, nonce=bytes(range(32))))
    other = _Scene(newer, options=Options(nonce=SendNonce.ALWAYS), cache=cache)
    assert scene.cached() is not None
    assert other.check().status is CheckStatus.REVOKED
    assert scene.cached() is None


def test_unknown_is_not_remembered() -> None:
    """The responder may learn of the certificate at any time."""
    scene = _Scene(reply(response(OCSPCertStatus.UNKNOWN)))
    assert scene.check().status is CheckStatus.UNKNOWN
    assert scene.cached() is None


def test_a_certificate_that_needs_no_status_is_known_at_once() -> None:
    """Without a check before."""
    pki = PKI()
    cert = pki.issue(no_rev_avail=True).certificate
    outcome = _Scene().client.cached_outcome(cert, pki.issuer)
    assert outcome is not None
    assert outcome.status is CheckStatus.NOT_NEEDED


def test_a_failure_is_known_for_a_short_time() -> None:
    """As long as a check would return it again."""
    failing = reply(unsuccessful(ocsp.OCSPResponseStatus.UNAUTHORIZED))
    scene = _Scene(failing)
    assert scene.check().reason is Reason.UNAUTHORIZED
    known = scene.cached()
    assert known is not None
    assert known.reason is Reason.UNAUTHORIZED
    scene.clock.seconds = 21
    assert scene.cached() is None


def test_a_failure_is_not_known_where_a_file_may_know_of_a_revocation(
    tmp_path: Path,
) -> None:
    """A soft check would let the certificate pass then."""
    failing = reply(unsuccessful(ocsp.OCSPResponseStatus.UNAUTHORIZED))
    with contextlib.closing(SQLiteCache(tmp_path / "cache.db")) as cache:
        scene = _Scene(failing, cache=cache)
        scene.check()
        assert scene.cached() is None


def test_a_client_that_sends_nonces_remembers_nothing() -> None:
    """Its caller wants a fresh answer each time."""
    nonced = reply(response(nonce=bytes(range(32))))
    scene = _Scene(nonced, options=Options(nonce=SendNonce.ALWAYS))
    assert scene.check().status is CheckStatus.GOOD
    assert scene.cached() is None


def test_wrong_arguments() -> None:
    """As for ``check``."""
    with pytest.raises(TypeError, match="cert must be"):
        ocsp.Client().cached_outcome("cert")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="issuer must be"):
        ocsp.Client().check_in_background(ca(), "issuer")  # type: ignore[arg-type]


# --- in the background ------------------------------------------------------------------


class _Gate:
    """A transport whose requests wait until they are let through."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.sent = 0

    def send(self, request: HTTPRequest) -> HTTPReply:
        self.sent += 1
        self.open.wait(10)
        return reply()

    def close(self) -> None:
        """Do nothing."""


def test_callers_share_one_check() -> None:
    """While it runs, and a moment after; no caller can cancel it."""
    gate = _Gate()
    client = ocsp.Client(transport=gate, environment=Clock().environment())
    futures = [client.check_in_background(certificate(A), ca()) for _ in range(20)]
    assert len(set(futures)) == 1
    assert not futures[0].cancel()
    gate.open.set()
    assert futures[0].result(10).status is CheckStatus.GOOD
    assert client.check_in_background(certificate(A), ca()) is futures[0]
    assert gate.sent == 1


def test_too_many_checks_are_indeterminate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that wait are bounded."""
    monkeypatch.setattr(limits, "MAX_BACKGROUND_CHECKS", 2)
    gate = _Gate()
    client = ocsp.Client(transport=gate, environment=Clock().environment())
    futures = [
        client.check_in_background(certificate(A, serial=serial), ca())
        for serial in range(1, 21)
    ]
    done, _ = wait(futures, 0)
    outcomes = [each.result() for each in done]
    assert len(outcomes) >= 10
    assert {type(each.failure) for each in outcomes} == {FetchTimeout}
    assert "MAX_BACKGROUND_CHECKS" in str(outcomes[0].failure)
    gate.open.set()
    wait(futures, 10)


def test_what_a_check_raises_is_raised_where_it_is_asked() -> None:
    """Here the cache is broken; the next check runs."""

    class _Broken:
        def get(self, cert_id: ocsp.CertID) -> None:
            raise RuntimeError("the cache is broken")

    client = ocsp.Client(cache=_Broken())  # type: ignore[arg-type]
    for _ in range(2):
        future = client.check_in_background(certificate(A), ca())
        with pytest.raises(RuntimeError, match="the cache is broken"):
            future.result(10)


def _check_in_child(client: ocsp.Client, gate: _Gate, queue: Any) -> None:
    gate.open.set()
    future = client.check_in_background(certificate(A), ca())
    queue.put(future.result(10).status)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs the fork of a POSIX system")
def test_a_child_process_has_threads_of_its_own() -> None:
    """The fork happens while a check of the parent runs."""
    gate = _Gate()
    client = ocsp.Client(transport=gate, environment=Clock().environment())
    future = client.check_in_background(certificate(A), ca())
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_check_in_child, args=(client, gate, queue))
    child.start()
    assert queue.get(timeout=10) is CheckStatus.GOOD
    child.join(10)
    gate.open.set()
    assert future.result(10).status is CheckStatus.GOOD
