"""Examine responders over HTTP: our own, one with each fault, and forged answers."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ocsp.asn1.der import GENERALIZED_TIME, encode
from ocsp.asn1.times import encode_time
from ocsp.conformance import (
    CHECKS,
    CheckResult,
    ConformanceReport,
    ConformanceSettings,
    Outcome,
    examine,
)
from ocsp.conformance.checks import requests as odd_requests
from ocsp.http import HTTPAnswer
from ocsp.testing import (
    PKI,
    Fault,
    LoopbackResponder,
    ReceivedRequest,
    UnknownSerialPolicy,
)
from tests.integration import live
from tests.pki import NOW
from tests.unit.linting import forge

FAST = ConformanceSettings(pause=0.0, timeout=30.0)
IMPATIENT = replace(FAST, timeout=0.3)
"""For faults that end with the timeout."""

WAITED_FOR = {Fault.NO_ANSWER, Fault.SLOW_BODY, Fault.STALLED_BODY}


@pytest.fixture(name="responder", scope="module")
def _responder() -> Iterator[LoopbackResponder]:
    with LoopbackResponder() as running:
        yield running


def _outcomes(report: ConformanceReport) -> dict[str, Outcome]:
    return {each.check.id: each.outcome for each in report.results}


# --- responders without faults --------------------------------------------------------


@pytest.mark.parametrize("serial", [live.GOOD, live.REVOKED])
def test_our_own_responder_passes_every_check(serial: int) -> None:
    """Through its native server, for a good and for a revoked certificate."""
    told: list[CheckResult] = []
    with live.living() as running:
        report = examine(
            running.url, running.leaf(serial), live.CA, FAST, progress=told.append
        )
    wrong = [each for each in report.results if each.outcome is not Outcome.PASSED]
    expected = {"extended-revoke"} | ({"revocation"} if serial == live.GOOD else set())
    assert {each.check.id for each in wrong} == expected, wrong
    assert {each.outcome for each in wrong} == {Outcome.NOT_APPLICABLE}
    assert report.violations == ()
    assert tuple(told) == report.results
    assert len(told) == len(CHECKS)


def test_the_test_responder_has_no_fault_of_its_own(
    responder: LoopbackResponder,
) -> None:
    """So that each fault is found for itself. ETags change from second to second."""
    leaf = responder.pki.issue()
    report = examine(responder.url, leaf.certificate, leaf.issuer, FAST)
    wrong = {
        each.check.id: each.seen
        for each in report.results
        if each.outcome in {Outcome.FAILED, Outcome.COULD_NOT_TELL}
    }
    assert wrong == {}


def test_revoked_for_unlisted_numbers_is_examined() -> None:
    """RFC 6960 §2.2: extended-revoke."""
    pki = PKI(unlisted=UnknownSerialPolicy.REVOKED)
    with LoopbackResponder(pki) as running:
        leaf = pki.issue()
        report = examine(running.url, leaf.certificate, leaf.issuer, FAST)
    outcomes = _outcomes(report)
    assert outcomes["extended-revoke"] is Outcome.PASSED
    assert outcomes["unlisted-not-good"] is Outcome.PASSED
    assert outcomes["unlisted-serial"] is Outcome.NOT_APPLICABLE
    assert report.violations == ()


# --- each fault is found --------------------------------------------------------------

FOUND: dict[Fault, set[str]] = {
    Fault.WRONG_SERIAL: {"entry", "post", "get"},
    Fault.WRONG_SIGNER: {"signer", "post", "get"},
    Fault.FOREIGN_DELEGATE: {"signer", "post", "get"},
    Fault.DELEGATE_WITHOUT_EKU: {"signer", "delegate"},
    Fault.EXPIRED_DELEGATE: {"signer", "delegate"},
    Fault.BAD_SIGNATURE: {"signature", "post"},
    Fault.STALE_SIGNATURE: {"signature", "post"},
    Fault.EXPIRED: {"times", "post"},
    Fault.NOT_YET_VALID: {"times", "post"},
    Fault.MISSING_NEXT_UPDATE: {"next-update"},
    Fault.WRONG_NONCE: {"nonce-repeated", "nonce-usual", "no-response-extensions"},
    Fault.DECOY_CERTIFICATES: {"by-key", "no-unneeded-certificates"},
    Fault.BY_NAME: {"by-key"},
    Fault.CRITICAL_EXTENSION: {"no-critical-extension"},
    Fault.FIRST_ENTRY_ONLY: {"two-cert-ids"},
    Fault.GOOD_FOR_UNLISTED: {"unlisted-not-good", "unlisted-serial"},
    Fault.UNCHECKED_EXTENSIONS: {
        "nonce-refused",
        "critical-extension",
        "response-type",
    },
    Fault.MALFORMED_REQUEST: {"post", "get", "slow-body", "chunked-body"},
    Fault.INTERNAL_ERROR: {"post", "malformed-octets", "malformed-get", "two-cert-ids"},
    Fault.TRY_LATER: {"post", "malformed-empty", "expect-continue", "http-1.0"},
    Fault.SIG_REQUIRED: {"post", "malformed-truncated", "requestor-name"},
    Fault.UNAUTHORIZED: {"post", "get", "unknown-extension", "pipeline"},
    Fault.UNAUTHORIZED_FOR_SHA256: {"sha256"},
    Fault.TRUNCATED: {"basic-response", "post"},
    Fault.EMPTY_BODY: {"basic-response", "other-media-type"},
    Fault.HTML_PAGE: {"content-type", "other-issuer", "other-key", "unknown-hash"},
    Fault.WRONG_CONTENT_TYPE: {"content-type", "other-tag"},
    Fault.OVERSIZE_BODY: {"post", "get"},
    Fault.HTTP_404: {"post", "get", "head"},
    Fault.HTTP_500: {"post", "get", "head"},
    Fault.HTTP_503: {"post", "get", "head"},
    Fault.REDIRECT_LOOP: {"post", "get"},
    Fault.REDIRECT_AWAY: {"post", "get"},
    Fault.WRONG_CONTENT_LENGTH: {"post", "get"},
    Fault.CONNECTION_RESET: {"post", "get"},
    Fault.SLOW_BODY: {"post", "get"},
    Fault.STALLED_BODY: {"post", "get"},
    Fault.NO_ANSWER: {"post", "get"},
    Fault.ERRORS_AS_HTTP: {"malformed-octets", "unlisted-serial", "other-issuer"},
    Fault.NO_STORE: {"cacheable", "max-age"},
    Fault.CACHEABLE_ERRORS: {"error-not-kept", "nonce-not-kept"},
    Fault.LONG_MAX_AGE: {"max-age"},
    Fault.WITHOUT_CACHE_HEADERS: {"last-modified", "expires", "etag", "max-age"},
    Fault.WRONG_CLOCK: {"clock"},
    Fault.DATE_NOT_IN_GMT: {"date"},
    Fault.WEAK_ETAG: {"etag"},
    Fault.IGNORED_CONDITIONS: {"if-none-match"},
    Fault.BODY_AFTER_HEAD: {"head"},
    Fault.ANY_METHOD: {"other-methods"},
    Fault.WITHOUT_ALLOW: {"other-methods"},
    Fault.ENCODED_SLASH_REFUSED: {"get-escaped", "get-lower-case"},
    Fault.UNLIMITED_REQUEST: {"many-octets"},
}
"""For each fault, checks that fail for it."""

OTHERWISE = {Fault.MISSING_NONCE}
"""An answer without the nonce is allowed: see the test below."""

ALONE = {Fault.BY_NAME, Fault.LONG_MAX_AGE, Fault.BODY_AFTER_HEAD}
"""Faults for which no other check of the whole table fails."""


@pytest.mark.parametrize("fault", FOUND, ids=lambda fault: fault.value)
def test_each_fault_is_found(responder: LoopbackResponder, fault: Fault) -> None:
    """By the checks of its requirement."""
    leaf = responder.pki.issue()
    responder.fail(fault)
    try:
        report = examine(
            responder.url,
            leaf.certificate,
            leaf.issuer,
            IMPATIENT if fault in WAITED_FOR else FAST,
            only=None if fault in ALONE else FOUND[fault],
        )
    finally:
        responder.heal()
    failed = {
        each.check.id for each in report.results if each.outcome is Outcome.FAILED
    }
    assert failed == FOUND[fault]


def test_every_fault_has_its_checks() -> None:
    """A new fault is found too."""
    assert set(FOUND) | OTHERWISE == set(Fault)


def test_an_answer_without_the_nonce_is_no_violation(
    responder: LoopbackResponder,
) -> None:
    """RFC 9919 §3.2.1; the checks of nonces say that they do not apply."""
    leaf = responder.pki.issue()
    responder.fail(Fault.MISSING_NONCE)
    report = examine(responder.url, leaf.certificate, leaf.issuer, FAST)
    responder.heal()
    outcomes = _outcomes(report)
    assert outcomes["nonce-repeated"] is Outcome.NOT_APPLICABLE
    assert outcomes["nonce-usual"] is Outcome.PASSED
    assert report.violations == ()


def test_nothing_odd_is_sent_where_nothing_is_answered(
    responder: LoopbackResponder,
) -> None:
    """The others could not tell, and send no requests."""
    leaf = responder.pki.issue()
    responder.requests.clear()
    responder.fail(Fault.CONNECTION_RESET)
    report = examine(responder.url, leaf.certificate, leaf.issuer, FAST)
    responder.heal()
    assert len(responder.requests) == 2
    outcomes = _outcomes(report)
    assert outcomes.pop("post") is outcomes.pop("get") is Outcome.FAILED
    assert set(outcomes.values()) == {Outcome.COULD_NOT_TELL}


# --- answers that no fault gives ------------------------------------------------------

Change = Callable[[ReceivedRequest, HTTPAnswer], HTTPAnswer]


class _Changed(LoopbackResponder):
    """A test responder whose answers a function changes."""

    def __init__(self, change: Change) -> None:
        super().__init__()
        self._change = change

    def _answer(self, received: ReceivedRequest, fault: Fault | None) -> HTTPAnswer:
        return self._change(received, super()._answer(received, fault))


def _without(name: str) -> Change:
    def change(_: ReceivedRequest, reply: HTTPAnswer) -> HTTPAnswer:
        kept = tuple(each for each in reply.headers if each[0] != name)
        return replace(reply, headers=kept)

    return change


def _304_without(name: str) -> Change:
    change = _without(name)
    return lambda received, reply: (
        change(received, reply) if reply.status == 304 else reply
    )


def _body(body: bytes) -> Change:
    length = ("Content-Length", str(len(body)))

    def change(_: ReceivedRequest, reply: HTTPAnswer) -> HTTPAnswer:
        kept = tuple(each for each in reply.headers if each[0] != "Content-Length")
        return replace(reply, headers=(*kept, length), body=body)

    return change


FRACTION = encode(GENERALIZED_TIME, b"20260701120000.5Z")
RAW_NONCE = forge.extension("1.3.6.1.5.5.7.48.1.2", b"not an OCTET STRING")
CRITICAL_NOCHECK = forge.delegate(
    extensions=forge.extensions((x509.OCSPNoCheck(), True))
)
OLD_CUTOFF = forge.extension("1.3.6.1.5.5.7.48.1.6", encode_time(NOW + 100 * forge.DAY))
NEVER = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)

IN_HEADERS: dict[str, Change] = {
    "content-length": _without("Content-Length"),
    "headers-of-304": _304_without("ETag"),
    "unsigned-error": _body(b"\x30\x03\x0a\x01\x04"),
}
"""For each check a change of the answers for which it fails."""

FORGED: dict[str, bytes] = {
    "time-encoding": forge.response(produced_at=FRACTION),
    "no-empty-certs": forge.response(certs=[]),
    "responder-id": forge.response(responder=forge.by_key(forge.subject())),
    "strong-signature": forge.response(
        algorithm=forge.ECDSA_SHA1, hash_algorithm=hashes.SHA1()
    ),
    "weak-preference": forge.response(
        algorithm=forge.ECDSA_SHA1, hash_algorithm=hashes.SHA1()
    ),
    "revocation": forge.response(entries=[forge.entry(status=forge.revoked(0))]),
    "archive-cutoff": forge.response(entries=[forge.entry(extensions=[OLD_CUTOFF])]),
    "nonce-encoding": forge.response(extensions=[RAW_NONCE]),
    "nocheck": forge.response(signer=CRITICAL_NOCHECK),
    "delegate-profile": forge.response(
        signer=forge.delegate(extensions=forge.extensions(without=x509.OCSPNoCheck))
    ),
    "extended-revoke": forge.response(
        entries=[forge.entry(status=forge.revoked(6, NEVER))]
    ),
    "one-entry": forge.response(entries=[forge.entry(), forge.entry()]),
}
"""For each check an answer to all requests for which it fails."""


def _examined(
    change: Change, check: str, cert: x509.Certificate | None = None
) -> CheckResult:
    """Make one check of a responder with other answers."""
    with _Changed(change) as running:
        leaf = running.pki.issue()
        issuer = leaf.issuer if cert is None else forge.authority()
        report = examine(
            running.url, cert or leaf.certificate, issuer, FAST, only={check}
        )
    (result,) = report.results
    return result


@pytest.mark.parametrize("check", IN_HEADERS)
def test_an_odd_answer_is_found(check: str) -> None:
    """Each change breaks one requirement."""
    result = _examined(IN_HEADERS[check], check)
    assert result.outcome is Outcome.FAILED, result.seen


@pytest.mark.parametrize("check", FORGED)
def test_a_forged_answer_is_found(check: str) -> None:
    """An answer need not be verified to be judged."""
    result = _examined(_body(FORGED[check]), check, forge.subject())
    assert result.outcome is Outcome.FAILED, result.seen


def test_very_many_cert_ids_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here ten are very many."""
    monkeypatch.setattr(odd_requests, "MANY_CERT_IDS", 10)
    result = _examined(lambda _, reply: reply, "many-cert-ids")
    assert (result.outcome, result.seen) == (
        Outcome.FAILED,
        "it answers a request with 10 CertIDs",
    )


def test_every_check_fails_somewhere_in_this_file() -> None:
    """So that none passes whatever the responder does."""
    failing = set().union(*FOUND.values(), IN_HEADERS, FORGED, {"many-cert-ids"})
    assert {check.id for check in CHECKS} - failing == {
        "etag-hash", "get-raw", "get-two-slashes", "get-unpadded", "get-url-safe",
        "nonce-option", "nonce-unusual", "sha1",
    }  # fmt: skip
