"""The level of a probe: what is verified, for how long, and how fast it came."""

from __future__ import annotations

import datetime

import pytest

from ocsp import OCSPCertStatus
from ocsp.errors import ConfigError, FetchTimeout
from ocsp.probing import (
    HashName,
    Level,
    Method,
    ProbeAnswer,
    ProbeReport,
    Question,
    Thresholds,
    judge,
    questions,
)
from ocsp.probing.questions import ask
from ocsp.testing import PKI, build_answer
from ocsp.verification import verify

URL = "http://ocsp.example.test/"
HOUR = datetime.timedelta(hours=1)
POST = Question(Method.POST, HashName.SHA256, nonce=False)


def _answer(
    left: datetime.timedelta = HOUR,
    seconds: float = 0.1,
    status: OCSPCertStatus = OCSPCertStatus.GOOD,
) -> ProbeAnswer:
    """Return a verified answer that holds for so much longer."""
    pki = PKI()
    leaf = pki.issue(status=status)
    asked = ask(POST, URL, leaf.certificate, pki.issuer)
    evidence = verify(
        build_answer(pki, asked.body).der, leaf.certificate, pki.issuer, at=pki.now()
    )
    assert evidence.next_update is not None
    return ProbeAnswer(
        question=POST,
        at=evidence.next_update - left,
        seconds=seconds,
        evidence=evidence,
    )


def _level(answer: ProbeAnswer, **limits: object) -> Level:
    thresholds = Thresholds(**limits)  # type: ignore[arg-type]
    return judge(ProbeReport(url=URL, answers=(answer,)), thresholds).level


def test_a_verified_answer_is_ok() -> None:
    """Also *revoked*: a probe is about the responder, unless a status is expected."""
    for status in OCSPCertStatus:
        assert _level(_answer(status=status)) is Level.OK
    revoked = _answer(status=OCSPCertStatus.REVOKED)
    assert _level(revoked, expect=OCSPCertStatus.REVOKED) is Level.OK
    assert _level(revoked, expect=OCSPCertStatus.GOOD) is Level.CRITICAL


def test_an_answer_without_evidence_is_critical() -> None:
    """The problem names the question and the error."""
    failed = ProbeAnswer(
        question=POST,
        at=datetime.datetime.now(datetime.UTC),
        seconds=1.0,
        error=FetchTimeout(URL, "the reply took too long"),
    )
    judgement = judge(ProbeReport(url=URL, answers=(failed, _answer())), Thresholds())
    assert judgement.level is Level.CRITICAL
    assert [str(each) for each in judgement.problems] == [
        f"POST sha256: {URL}: the reply took too long"
    ]


@pytest.mark.parametrize(
    ("left", "level"),
    [
        (3 * HOUR, Level.OK),
        (2 * HOUR, Level.OK),
        (1.5 * HOUR, Level.WARNING),
        (0.5 * HOUR, Level.CRITICAL),
    ],
)
def test_the_time_that_is_left_has_thresholds(
    left: datetime.timedelta, level: Level
) -> None:
    """It is compared with nextUpdate."""
    answer = _answer(left)
    assert _level(answer, warning_remaining=2 * HOUR, critical_remaining=HOUR) is level
    assert (_level(answer, critical_remaining=HOUR) is Level.CRITICAL) is (
        level is Level.CRITICAL
    )


@pytest.mark.parametrize(
    ("seconds", "level"), [(0.5, Level.OK), (1.5, Level.WARNING), (2.5, Level.CRITICAL)]
)
def test_the_latency_has_thresholds(seconds: float, level: Level) -> None:
    """In seconds."""
    answer = _answer(seconds=seconds)
    assert _level(answer, warning_latency=1.0, critical_latency=2.0) is level


def test_thresholds_in_the_wrong_order_are_refused() -> None:
    """A warning would come after the alarm."""
    with pytest.raises(ConfigError, match="warning_remaining"):
        Thresholds(warning_remaining=HOUR, critical_remaining=2 * HOUR)
    with pytest.raises(ConfigError, match="warning_latency"):
        Thresholds(warning_latency=2.0, critical_latency=1.0)


def test_nothing_asked_is_unknown() -> None:
    """It must not be OK."""
    assert judge(ProbeReport(url=URL, answers=()), Thresholds()).level is Level.UNKNOWN


def test_the_questions_are_all_combinations() -> None:
    """Each once."""
    assert len(questions()) == 8
    assert [
        str(each) for each in questions([Method.GET, Method.GET], [HashName.SHA1])
    ] == [
        "GET sha1",
        "GET sha1 with a nonce",
    ]
