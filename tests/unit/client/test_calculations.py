"""Reading and verifying answers counts towards the deadline, and never blocks a loop."""

from __future__ import annotations

import asyncio
import datetime
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography import x509

import ocsp
from ocsp import limits
from ocsp.client import CheckStatus, Options, Outcome, Reason
from ocsp.client.checking import crl_download, issuer_lookup, responder_exchange
from ocsp.client.core import Core
from ocsp.client.engine import tasks, threads
from ocsp.client.engine.effects import Flow, call
from ocsp.client.options import MissingIssuer
from tests.cases.model import NOW as CASE_NOW
from tests.hostile import BUILD, KINDS
from tests.unit.client.scene import (
    A,
    AsyncScript,
    Clock,
    Play,
    Script,
    certificate,
    reply,
)
from tests.unit.client.test_crl_fallback import BROKEN, FALLBACK, LIST, _cert, _crl

SHORT = datetime.timedelta(milliseconds=20)


def _drive(driver: str, flow: Flow[Any]) -> Any:
    if driver == "threads":
        return threads.drive(flow, lambda: None, lambda _: None)  # type: ignore[arg-type, return-value]
    return asyncio.run(tasks.drive(flow, lambda: None))  # type: ignore[arg-type, return-value]


class Blocked:
    """A function that returns only after the test lets it."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.go_on = threading.Event()
        self.threads: list[threading.Thread] = []

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Wait for the test, and call the function."""
        self.threads.append(threading.current_thread())
        assert self.go_on.wait(30)
        return self.function(*arguments, **options)


# --- the drivers ---------------------------------------------------------------------


def test_a_call_returns_its_result_or_raises(driver: str) -> None:
    """With and without a limit."""

    def fail() -> None:
        raise ValueError("no")

    for seconds in (None, 30.0):
        assert _drive(driver, call(lambda: 7, seconds)) == 7
        with pytest.raises(ValueError, match="no"):
            _drive(driver, call(fail, seconds))


@pytest.mark.parametrize("seconds", [0.01, 0.0, -1.0])
def test_a_call_takes_no_longer_than_its_limit(driver: str, seconds: float) -> None:
    """The function goes on in its thread."""
    blocked = Blocked(lambda: 7)
    with pytest.raises(TimeoutError):
        _drive(driver, call(blocked, seconds))
    blocked.go_on.set()
    for thread in blocked.threads:
        assert thread is not threading.main_thread()


# --- the deadline of a check -----------------------------------------------------------


def _timeout(outcome: Outcome) -> None:
    assert (outcome.status, outcome.reason) == (
        CheckStatus.INDETERMINATE,
        Reason.TIMEOUT,
    )
    error = outcome.attempts[-1].error
    assert isinstance(error, ocsp.errors.FetchTimeout)
    assert "reading and verifying the answer took longer than the" in str(error)


def test_a_verification_that_ends_after_the_deadline_gives_no_status(
    driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small answer is verified at once, and the time counts."""
    play = Play(driver, {A: [reply()]}, Options(retries=0))
    verify = responder_exchange.verify

    def slowly(*arguments: Any, **options: Any) -> ocsp.VerifiedResponse:
        play.clock.seconds += 100
        return verify(*arguments, **options)

    monkeypatch.setattr(responder_exchange, "verify", slowly)
    _timeout(play.check())
    assert len(play.script.sent) == 1


def test_a_check_does_not_wait_for_a_verification(
    driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large answer is verified in a thread until the deadline of the check."""
    monkeypatch.setattr(limits, "MAX_INLINE_BYTES", 0)
    blocked = Blocked(responder_exchange.verify)
    monkeypatch.setattr(responder_exchange, "verify", blocked)
    play = Play(driver, {A: [reply()]}, Options(retries=0, timeout=SHORT))
    _timeout(play.check())
    assert blocked.threads[0] is not threading.main_thread()
    blocked.go_on.set()


def test_a_check_does_not_wait_for_the_search_of_the_issuer(
    driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Among the certificates that a server sends."""
    monkeypatch.setattr(limits, "MAX_INLINE_BYTES", 0)
    blocked = Blocked(issuer_lookup.readable_certificates)
    monkeypatch.setattr(issuer_lookup, "readable_certificates", blocked)
    place = "http://i.example/ca.cer"
    options = Options(retries=0, timeout=SHORT, missing_issuer=MissingIssuer.FETCH)
    play = Play(driver, {A: [reply()], place: [reply(b"x")]}, options)
    outcome = play.check(certificate(A, ca_issuers=place), None)
    assert outcome.status is CheckStatus.INDETERMINATE
    assert isinstance(outcome.attempts[0].error, ocsp.errors.FetchTimeout)
    blocked.go_on.set()


def test_a_crl_that_is_verified_after_the_deadline_serves_the_next_check(
    driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread goes on, and the client keeps the CRL."""
    monkeypatch.setattr(limits, "MAX_INLINE_BYTES", 0)
    blocked = Blocked(crl_download._judge)
    monkeypatch.setattr(crl_download, "_judge", blocked)
    options = replace(FALLBACK, timeout=SHORT)
    cert = _cert(LIST)
    play = Play(driver, {A: [BROKEN], LIST: [_crl()]}, options)
    _timeout(play.check(cert))
    monkeypatch.setattr(crl_download, "_judge", blocked.function)
    blocked.go_on.set()
    blocked.threads[0].join(30)
    monkeypatch.setattr(limits, "MAX_INLINE_BYTES", 1 << 20)
    assert play.check(cert).status is CheckStatus.GOOD
    assert play.script.hosts.count("c") == 1


# --- hostile answers ---------------------------------------------------------------------


def _hostile_check(driver: str, data: bytes) -> tuple[Outcome, Script]:
    clock = Clock()
    clock.seconds = (CASE_NOW - Clock().now()).total_seconds()
    script = Script({A: [reply(data)]})
    core = Core(Options(retries=0), None, clock.environment())
    leaf = x509.load_der_x509_certificate(BUILD.leaf.der)
    issuer = x509.load_der_x509_certificate(BUILD.ca.der)
    flow = core.check(core.request(leaf, issuer, A), None)
    if driver == "threads":
        return threads.drive(flow, lambda: script, clock.sleep), script
    transport = AsyncScript(script)
    outcome = asyncio.run(tasks.drive(flow, lambda: transport, clock.sleep_meanwhile))
    return outcome, script


@pytest.mark.parametrize("kind", KINDS)
def test_a_hostile_answer_is_verified_outside_of_the_event_loop(
    driver: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each request that the client sends for it, and no more than for others."""
    verify, used = responder_exchange.verify, set()

    def note(*arguments: Any, **options: Any) -> ocsp.VerifiedResponse:
        used.add(threading.current_thread())
        return verify(*arguments, **options)

    monkeypatch.setattr(responder_exchange, "verify", note)
    outcome, script = _hostile_check(driver, KINDS[kind]())
    assert outcome.status is CheckStatus.INDETERMINATE
    assert outcome.reason is not Reason.TIMEOUT
    assert len(script.sent) <= 2
    assert used
    assert threading.main_thread() not in used
