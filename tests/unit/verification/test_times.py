"""V19: the interval limits for CA certificates and for others."""

from __future__ import annotations

import datetime
import re
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

import ocsp
from ocsp import Policy
from ocsp.errors import ValidityIntervalNotAllowed, VerificationError
from ocsp.messages.certid import CertID
from ocsp.verification.judging import judge
from ocsp.verification.rules import times
from tests.cases.builder import (
    CA,
    CA_USAGE,
    DAY,
    HOUR,
    SECOND,
    Builder,
    Identity,
)
from tests.cases.model import NOW

BUILD = Builder()
ISSUER = x509.load_der_x509_certificate(BUILD.ca.der)
SUB = BUILD.certificate("Sub CA", key="sub-ca", extensions=(CA, CA_USAGE))
BOUNDS = Policy(
    min_interval=2 * DAY,
    max_interval=4 * DAY,
    ca_min_interval=6 * DAY,
    ca_max_interval=8 * DAY,
)


def _load(identity: Identity) -> x509.Certificate:
    return x509.load_der_x509_certificate(identity.der)


def _verify(
    of: Identity,
    interval: datetime.timedelta,
    policy: Policy = BOUNDS,
    *,
    by_number: bool = False,
) -> ocsp.VerifiedResponse:
    response = BUILD.response(
        cert_id=BUILD.cert_id(of), next_update=NOW - HOUR + interval
    )
    cert = _load(of)
    asked = CertID.for_certificate(cert, ISSUER, hashes.SHA256()) if by_number else cert
    return ocsp.verify(response, asked, ISSUER, at=NOW, policy=policy)


@pytest.mark.parametrize(
    ("of", "by_number", "interval", "bounds", "words"),
    [
        (BUILD.leaf, False, 7 * DAY, (2 * DAY, 4 * DAY), "4 days, 0:00:00$"),
        (SUB, True, 7 * DAY, (2 * DAY, 4 * DAY), "4 days, 0:00:00$"),
        (
            SUB,
            False,
            3 * DAY,
            (6 * DAY, 8 * DAY),
            "8 days, 0:00:00 for CA certificates$",
        ),
    ],
    ids=["an end entity", "by CertID", "a CA"],
)
def test_failure_names_the_applied_limits(
    of: Identity,
    by_number: bool,
    interval: datetime.timedelta,
    bounds: tuple[datetime.timedelta, datetime.timedelta],
    words: str,
) -> None:
    """In the message and in the values."""
    with pytest.raises(ValidityIntervalNotAllowed) as raised:
        _verify(of, interval, by_number=by_number)
    (failure,) = raised.value.failures
    assert re.search(f"the policy allows .* to {words}", failure.message)
    found: dict[str, Any] = dict(failure.values)
    assert found == {
        "interval": interval,
        "min_interval": bounds[0],
        "max_interval": bounds[1],
    }


def test_a_limit_that_is_unbounded_is_not_shown_as_a_number() -> None:
    """It has nine digits of days."""
    with pytest.raises(ValidityIntervalNotAllowed) as raised:
        _verify(BUILD.leaf, DAY, Policy(min_interval=2 * DAY))
    (failure,) = raised.value.failures
    assert failure.message.endswith("; the policy allows at least 2 days, 0:00:00")


def test_undecodable_extensions_are_not_those_of_a_ca() -> None:
    """The narrower limits for subscriber certificates apply."""
    odd = BUILD.certificate("Sub CA", key="sub-ca", extensions=(CA, CA, CA_USAGE))
    with pytest.raises(VerificationError) as raised:
        _verify(odd, 360 * DAY, Policy.webpki())
    assert [failure.rule for failure in raised.value.failures] == ["V19"]
    assert _verify(SUB, 360 * DAY, Policy.webpki()).status is ocsp.OCSPCertStatus.GOOD


@pytest.mark.parametrize(
    ("limit", "beyond"),
    [
        ("min_interval", DAY - SECOND),
        ("max_interval", DAY + SECOND),
        ("ca_min_interval", DAY - SECOND),
        ("ca_max_interval", DAY + SECOND),
    ],
)
def test_an_interval_is_allowed_for_any_up_to_each_limit(
    limit: str, beyond: datetime.timedelta
) -> None:
    """The limits belong to what is allowed."""
    policy = Policy(**{limit: DAY})
    assert times.interval_allowed_for_any(policy, DAY)
    assert not times.interval_allowed_for_any(policy, beyond)


def test_extensions_are_decoded_only_if_they_matter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Decoding is slow; usually the interval is allowed for every certificate."""
    monkeypatch.setattr(judge, "fast_judgement", lambda _: None)
    monkeypatch.setattr(times, "facts_of", None)
    usual = Policy(min_interval=DAY, max_interval=DAY, ca_max_interval=DAY)
    for each in (BUILD.leaf, SUB):
        assert _verify(each, DAY, usual).status is ocsp.OCSPCertStatus.GOOD
    with pytest.raises(TypeError):
        _verify(SUB, DAY + HOUR, usual)
