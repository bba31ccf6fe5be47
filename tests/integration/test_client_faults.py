"""The outcome of every fault of a responder: sync and async, by GET and by POST."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Iterator

import pytest

import ocsp
from ocsp.client import (
    AddressPolicy,
    CheckStatus,
    Options,
    Outcome,
    Reason,
    RequestMethod,
    SendNonce,
)
from ocsp.testing import ExpectedOutcome, Fault, LoopbackResponder

REASONS = {
    ExpectedOutcome.REFUSED: {Reason.NOT_VERIFIED},
    ExpectedOutcome.ERROR: {
        Reason.TRY_LATER,
        Reason.UNAUTHORIZED,
        Reason.RESPONDER_ERROR,
    },
    ExpectedOutcome.NO_RESPONSE: {
        Reason.CONTENT_TYPE,
        Reason.HTTP_STATUS,
        Reason.REDIRECT,
        Reason.TIMEOUT,
        Reason.TOO_LARGE,
        Reason.TRANSPORT,
    },
}
METHODS = {
    "get": {"method": RequestMethod.GET_IF_SHORT},
    "post": {"method": RequestMethod.POST},
    "nonce": {"nonce": SendNonce.ALWAYS},
}
WAITED_FOR = {Fault.NO_ANSWER, Fault.SLOW_BODY, Fault.STALLED_BODY}
"""Faults that end with the client's timeout; for all others it can be long."""

ABOUT_NONCES = {Fault.MISSING_NONCE, Fault.WRONG_NONCE}


@pytest.fixture(name="responder", scope="module")
def _responder() -> Iterator[LoopbackResponder]:
    with LoopbackResponder() as responder:
        yield responder


def _check(kind: str, responder: LoopbackResponder, options: Options) -> Outcome:
    leaf = responder.pki.issue().certificate
    issuer = responder.pki.issuer
    if kind == "sync":
        with ocsp.Client(options) as client:
            return client.check(leaf, issuer)

    async def ask() -> Outcome:
        async with ocsp.AsyncClient(options) as others:
            return await others.check(leaf, issuer)

    return asyncio.run(ask())


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("how", METHODS)
@pytest.mark.parametrize("fault", list(Fault), ids=lambda fault: fault.value)
def test_a_fault_has_its_outcome_and_leaves_no_socket(
    responder: LoopbackResponder, kind: str, how: str, fault: Fault
) -> None:
    """No fault gives a status without evidence, and the connection is closed."""
    timeout = datetime.timedelta(seconds=0.5 if fault in WAITED_FOR else 60)
    options = Options(
        address_policy=AddressPolicy.PRIVATE_TOO,
        timeout=timeout,
        io_timeout=timeout,
        retries=0,
        **METHODS[how],  # type: ignore[arg-type]
    )
    responder.fail(fault)
    try:
        outcome = _check(kind, responder, options)
    finally:
        responder.heal()
    expected = fault.outcome
    if fault in ABOUT_NONCES and how != "nonce":
        expected = ExpectedOutcome.ANSWERED
    if expected is ExpectedOutcome.ANSWERED:
        assert outcome.status is CheckStatus.GOOD, outcome.attempts
    else:
        assert outcome.status is CheckStatus.INDETERMINATE
        assert outcome.reason in REASONS[expected]
    responder.wait_until_idle()
    assert responder.open_connections == 0
