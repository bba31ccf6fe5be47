"""V19 with what it compares: the interval that certificates of CAs have."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

import ocsp
from ocsp import Policy
from ocsp.errors import ValidityIntervalNotAllowed, VerificationError
from ocsp.messages.certid import CertID
from ocsp.verification.rules import times
from tests.cases.builder import CA, CA_USAGE, DAY, HOUR, Builder, Identity
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
        (BUILD.leaf, False, 7 * DAY, (2 * DAY, 4 * DAY), "takes 2 days"),
        (SUB, True, 7 * DAY, (2 * DAY, 4 * DAY), "takes 2 days"),
        (
            SUB,
            False,
            3 * DAY,
            (6 * DAY, 8 * DAY),
            "takes for a CA's certificate 6 days",
        ),
    ],
    ids=["an end entity", "by CertID", "a CA"],
)
def test_a_failure_names_the_bounds_that_were_applied(
    of: Identity,
    by_number: bool,
    interval: datetime.timedelta,
    bounds: tuple[datetime.timedelta, datetime.timedelta],
    words: str,
) -> None:
    """For people and for programs; the other ones are met."""
    with pytest.raises(ValidityIntervalNotAllowed, match=f"policy {words}, ") as raised:
        _verify(of, interval, by_number=by_number)
    (failure,) = raised.value.failures
    found: dict[str, Any] = dict(failure.values)
    assert found == {
        "interval": interval,
        "min_interval": bounds[0],
        "max_interval": bounds[1],
    }


def test_extensions_that_cannot_be_read_make_no_ca() -> None:
    """The narrower bounds of subscribers are the public web's for those."""
    odd = BUILD.certificate("Sub CA", key="sub-ca", extensions=(CA, CA, CA_USAGE))
    with pytest.raises(VerificationError) as raised:
        _verify(odd, 360 * DAY, Policy.webpki())
    assert [failure.rule for failure in raised.value.failures] == ["V19"]
    assert _verify(SUB, 360 * DAY, Policy.webpki()).status is ocsp.OCSPCertStatus.GOOD


def test_the_certificate_is_read_only_where_that_decides(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its extensions cost much at first sight; what suits every certificate is usual."""
    monkeypatch.setattr(times, "facts_of", None)
    usual = Policy(min_interval=DAY, max_interval=DAY, ca_max_interval=DAY)
    for each in (BUILD.leaf, SUB):
        assert _verify(each, DAY, usual).status is ocsp.OCSPCertStatus.GOOD
    with pytest.raises(TypeError):
        _verify(SUB, DAY + HOUR, usual)
