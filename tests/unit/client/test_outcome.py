"""Outcomes, options, back-off and freshness."""

from __future__ import annotations

import datetime
import pickle
from typing import Any

import pytest
from cryptography import x509

import ocsp
from ocsp import OCSPCertStatus, OCSPResponseStatus, limits
from ocsp.client import CheckStatus, FailMode, Options, Reason, SendNonce
from ocsp.client.cache.freshness import refresh_from
from ocsp.client.memory.expiring_map import ExpiringMap
from ocsp.client.outcome import reason_of
from ocsp.client.retry import MOST_RETRY_AFTER, ResponderBackoff, retry_after
from ocsp.errors import RevokedButStale
from tests.pki import NOW
from tests.unit.client.scene import (
    HOUR,
    A,
    Play,
    certificate,
    reply,
    response,
    unsuccessful,
)

SECOND = datetime.timedelta(seconds=1)


def _outcome(answer: bytes) -> ocsp.Outcome:
    return Play("threads", {A: [reply(answer)]}).check()


def test_an_outcome_has_no_truth_value() -> None:
    """``if ocsp.check(...)`` raises instead of being true for every outcome."""
    with pytest.raises(TypeError, match="no truth value"):
        bool(_outcome(response()))


def test_repr_shows_status_certificate_and_source() -> None:
    """An indeterminate outcome also shows its reason."""
    assert repr(_outcome(response())) == "<Outcome(good, 'CN=leaf-1f2e', responder)>"
    broken = repr(_outcome(b"x"))
    assert broken == "<Outcome(indeterminate (not-verified), 'CN=leaf-1f2e', nowhere)>"


@pytest.mark.parametrize("fail", list(FailMode))
def test_a_revoked_certificate_is_refused_in_any_case(fail: FailMode) -> None:
    """Soft failing applies to indeterminate outcomes only."""
    with pytest.raises(ocsp.CertificateRevoked) as raised:
        _outcome(response(OCSPCertStatus.REVOKED)).require_good(fail)
    assert raised.value.revocation_reason is x509.ReasonFlags.key_compromise


@pytest.mark.parametrize("fail", list(FailMode))
def test_a_revocation_that_is_too_old_is_refused_in_any_case(fail: FailMode) -> None:
    """The status is indeterminate, but a revocation does not end by itself."""
    outcome = _outcome(response(OCSPCertStatus.REVOKED, end=NOW - HOUR / 2))
    assert outcome.status is CheckStatus.INDETERMINATE
    with pytest.raises(RevokedButStale):
        outcome.require_good(fail)


def test_a_boolean_is_not_a_fail_mode() -> None:
    """``require_good(False)`` could be read both ways."""
    wrong: Any = False
    with pytest.raises(TypeError, match="FailMode"):
        _outcome(response()).require_good(wrong)


def test_must_staple_reads_the_tls_feature_extension() -> None:
    """RFC 7633."""
    feature = x509.TLSFeature([x509.TLSFeatureType.status_request])
    play = Play("threads", {A: [reply()]})
    assert play.check(certificate(A, extensions=[feature])).must_staple
    assert not play.check().must_staple


def test_revocation_indeterminate_can_be_pickled() -> None:
    """Its text, reason and attempts are preserved."""
    outcome = _outcome(unsuccessful(OCSPResponseStatus.UNAUTHORIZED))
    with pytest.raises(ocsp.RevocationIndeterminate) as raised:
        outcome.require_good()
    twin = pickle.loads(pickle.dumps(raised.value))
    assert str(twin) == str(raised.value)
    assert twin.reason is Reason.UNAUTHORIZED
    assert [each.url for each in twin.attempts] == [A, A]


def test_every_fetch_error_has_a_reason() -> None:
    """So every failure of a request can become an outcome."""
    kinds = [
        kind
        for kind in vars(ocsp.errors).values()
        if isinstance(kind, type) and issubclass(kind, ocsp.FetchError)
    ]
    assert len(kinds) == 12
    for kind in kinds:
        assert reason_of(kind.__new__(kind)) in Reason


# --- options ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"nonce": True}, TypeError),
        ({"address_policy": None}, TypeError),
        ({"timeout": 5}, TypeError),
        ({"responders": []}, TypeError),
        ({"timeout": datetime.timedelta(0)}, ocsp.ConfigError),
        ({"io_timeout": -SECOND}, ocsp.ConfigError),
        ({"retries": -1}, ocsp.ConfigError),
        ({"negative_cache_ttl": 61 * SECOND}, ocsp.ConfigError),
    ],
)
def test_options_are_checked(wrong: dict[str, Any], error: type[Exception]) -> None:
    """Booleans and numbers are refused, and so are values out of range."""
    with pytest.raises(error, match=next(iter(wrong))):
        Options(**wrong)


@pytest.mark.parametrize("driver", ["threads"])
@pytest.mark.parametrize(
    "arguments", [("cert",), (certificate(A), "issuer"), (b"", None)]
)
def test_certificates_are_checked(driver: str, arguments: tuple[Any, ...]) -> None:
    """A value of another type, such as a file name, is a TypeError."""
    with pytest.raises(TypeError, match="must be a Certificate"):
        ocsp.Client().check(*arguments)
    options: Any = SendNonce.ALWAYS
    with pytest.raises(TypeError, match="options"):
        ocsp.Client(options)


# --- back-off and freshness ------------------------------------------------------


def test_entries_expire_and_the_oldest_are_removed_over_the_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So servers cannot make a client use more and more memory."""
    monkeypatch.setattr(limits, "MAX_REMEMBERED_FAILURES", 2)
    recent: ExpiringMap[str, int] = ExpiringMap()
    for number, name in enumerate("abc"):
        recent.put(name, number, until=10.0)
    assert [recent.get(name, 9.0) for name in "abc"] == [None, 1, 2]
    assert recent.get("c", 10.0) is None
    assert recent.get("c", 0.0) is None


def test_back_off_doubles_up_to_a_minute() -> None:
    """A random part adds up to a half; failures at the same time count once."""
    backoff, now = ResponderBackoff(), 0.0
    waits = []
    for _ in range(8):
        backoff.failed(A, now, 0.0, None)
        backoff.failed(A, now, 0.0, None)
        waits.append(backoff.wait(A, now))
        now += waits[-1]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    backoff.answered(A)
    backoff.failed(A, now, 1.0, None)
    assert backoff.wait(A, now) == 1.5


def test_retry_after_is_limited_to_an_hour() -> None:
    """Otherwise one reply could switch all checks off."""
    backoff = ResponderBackoff()
    backoff.failed(A, 0.0, 0.0, 1e9)
    assert backoff.wait(A, 0.0) == MOST_RETRY_AFTER


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("120", 120.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("Wed, 01 Jul 2026 12:01:00 GMT", 60.0),
        ("Wed, 01 Jul 2026 12:01:00 -0000", 60.0),
        ("Wed, 01 Jul 2020 12:01:00 GMT", 0.0),
        ("9" * 400, 0.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(written: str, seconds: float) -> None:
    """Any other value is ignored (RFC 9110 §10.2.3)."""
    assert retry_after(reply(retry_after=written), NOW) == seconds


def test_refresh_times_are_in_the_last_quarter_of_the_lifetime() -> None:
    """They start at 75 percent and end at 95 percent."""
    end = NOW + 100 * SECOND
    assert refresh_from(NOW, end, 0.0) == NOW + 75 * SECOND
    assert refresh_from(NOW, end, 1.0) == NOW + 95 * SECOND
