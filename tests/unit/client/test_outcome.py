"""Outcomes, options, and what a client remembers of others."""

from __future__ import annotations

import datetime
import pickle
from typing import Any

import pytest
from cryptography import x509

import ocsp
from ocsp import OCSPCertStatus, OCSPResponseStatus, limits
from ocsp.client import CheckStatus, FailMode, Options, Reason, SendNonce
from ocsp.client.checking.freshness import refresh_from, retry_after
from ocsp.client.outcome import reason_of
from ocsp.client.retry import MOST_RETRY_AFTER, ExpiringMap, ResponderBackoff
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


def test_an_outcome_is_no_boolean() -> None:
    """``if ocsp.check(...)`` fails, instead of passing for anything."""
    with pytest.raises(TypeError, match="no truth value"):
        bool(_outcome(response()))


def test_an_outcome_says_what_it_is() -> None:
    """Status, certificate and source, in one line."""
    assert repr(_outcome(response())) == "<Outcome(good, 'CN=leaf-1f2e', responder)>"
    broken = repr(_outcome(b"x"))
    assert broken == "<Outcome(indeterminate (not-verified), 'CN=leaf-1f2e', nowhere)>"


@pytest.mark.parametrize("fail", list(FailMode))
def test_a_revoked_certificate_is_refused_in_any_case(fail: FailMode) -> None:
    """Soft failing is about what is not known."""
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


def test_the_fail_mode_is_no_boolean() -> None:
    """``require_good(False)`` would read like anything."""
    wrong: Any = False
    with pytest.raises(TypeError, match="FailMode"):
        _outcome(response()).require_good(wrong)


def test_an_outcome_tells_whether_a_staple_is_demanded() -> None:
    """RFC 7633."""
    demand = x509.TLSFeature([x509.TLSFeatureType.status_request])
    play = Play("threads", {A: [reply()]})
    assert play.check(certificate(A, extensions=[demand])).must_staple
    assert not play.check().must_staple


def test_an_indeterminate_error_travels_between_processes() -> None:
    """With its reason and attempts; the texts stay."""
    outcome = _outcome(unsuccessful(OCSPResponseStatus.UNAUTHORIZED))
    with pytest.raises(ocsp.RevocationIndeterminate) as raised:
        outcome.require_good()
    twin = pickle.loads(pickle.dumps(raised.value))
    assert str(twin) == str(raised.value)
    assert twin.reason is Reason.UNAUTHORIZED
    assert [each.url for each in twin.attempts] == [A, A]


def test_every_fetch_error_has_a_reason() -> None:
    """Whatever is raised while asking becomes an outcome."""
    kinds = [
        kind
        for kind in vars(ocsp.errors).values()
        if isinstance(kind, type) and issubclass(kind, ocsp.FetchError)
    ]
    assert len(kinds) == 10
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
    """An enumeration is no boolean, and a time is no number."""
    with pytest.raises(error, match=next(iter(wrong))):
        Options(**wrong)


@pytest.mark.parametrize("driver", ["threads"])
@pytest.mark.parametrize(
    "arguments", [("cert",), (certificate(A), "issuer"), (b"", None)]
)
def test_certificates_are_checked(driver: str, arguments: tuple[Any, ...]) -> None:
    """A file name is no certificate."""
    with pytest.raises(TypeError, match="must be a Certificate"):
        ocsp.Client().check(*arguments)
    options: Any = SendNonce.ALWAYS
    with pytest.raises(TypeError, match="options"):
        ocsp.Client(options)


# --- what is remembered of others ------------------------------------------------


def test_recent_values_end_and_the_oldest_make_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A limit on what others can make us remember."""
    monkeypatch.setattr(limits, "MAX_REMEMBERED_FAILURES", 2)
    recent: ExpiringMap[str, int] = ExpiringMap()
    for number, name in enumerate("abc"):
        recent.put(name, number, until=10.0)
    assert [recent.get(name, 9.0) for name in "abc"] == [None, 1, 2]
    assert recent.get("c", 10.0) is None
    assert recent.get("c", 0.0) is None


def test_back_off_grows_to_a_minute_and_is_spread() -> None:
    """By up to a half, and not at all by failures of the same moment."""
    manners, now = ResponderBackoff(), 0.0
    waits = []
    for _ in range(8):
        manners.failed(A, now, 0.0, None)
        manners.failed(A, now, 0.0, None)
        waits.append(manners.wait(A, now))
        now += waits[-1]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    manners.answered(A)
    manners.failed(A, now, 1.0, None)
    assert manners.wait(A, now) == 1.5


def test_nobody_can_ask_to_be_left_alone_for_ever() -> None:
    """An hour is the most: otherwise one answer would switch all checks off."""
    manners = ResponderBackoff()
    manners.failed(A, 0.0, 0.0, 1e9)
    assert manners.wait(A, 0.0) == MOST_RETRY_AFTER


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
def test_retry_after_is_read_as_http_has_it(written: str, seconds: float) -> None:
    """Seconds or a date; what is neither is not there."""
    assert retry_after(reply(retry_after=written), NOW) == seconds


def test_refreshing_is_spread_over_the_last_quarter() -> None:
    """From three quarters on, and well before the end."""
    end = NOW + 100 * SECOND
    assert refresh_from(NOW, end, 0.0) == NOW + 75 * SECOND
    assert refresh_from(NOW, end, 1.0) == NOW + 95 * SECOND
