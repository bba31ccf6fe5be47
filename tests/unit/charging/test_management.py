"""The management system: *Accepted* only with a verified response."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes

import ocsp
from ocsp import CertID, OCSPCertStatus
from ocsp.charging import (
    CertificateStatuses,
    FailureCode,
    OCPPRelease,
    OCSPRequestData,
    StatusAnswer,
)
from ocsp.client import Options
from ocsp.errors import ConfigError, IssuerNotFound
from ocsp.testing import Fault, Identity, UnknownSerialPolicy
from tests.unit.charging.conftest import Scene


def _ask(
    scene: Scene,
    leaf: Identity,
    statuses: CertificateStatuses | None = None,
    release: OCPPRelease = OCPPRelease.V2_1,
    **changes: Any,
) -> StatusAnswer:
    fields: dict[str, Any] = dict(
        OCSPRequestData.of(leaf.certificate, leaf.issuer).to_json()
    )
    asked = statuses or scene.statuses()
    return asyncio.run(asked.answer({**fields, **changes}, release))


@pytest.mark.parametrize("status", list(OCSPCertStatus))
def test_a_verified_response_is_accepted(scene: Scene, status: OCSPCertStatus) -> None:
    """Whatever it says; the octets are those of the responder."""
    leaf = scene.pki.issue(status=status)
    answer = _ask(scene, leaf)
    assert answer.status == "Accepted"
    assert answer.ocsp_result is not None
    der = base64.b64decode(answer.ocsp_result)
    assert ocsp.verify(der, leaf.certificate, leaf.issuer).status is status
    assert answer.to_json() == {"status": "Accepted", "ocspResult": answer.ocsp_result}


@pytest.mark.parametrize(
    "fault",
    [
        Fault.BAD_SIGNATURE,
        Fault.WRONG_SERIAL,
        Fault.EXPIRED,
        Fault.TRUNCATED,
        Fault.TRY_LATER,
        Fault.CONNECTION_RESET,
    ],
)
def test_no_verified_response_fails(scene: Scene, fault: Fault) -> None:
    """The answer names a reason, and nothing of what the responder sent."""
    scene.responder.fail(fault)
    answer = _ask(scene, scene.station)
    assert (answer.status, answer.ocsp_result) == ("Failed", None)
    assert answer.failure is FailureCode.UNSPECIFIED
    assert answer.info in {"not-verified", "transport", "try-later"}
    assert answer.to_json() == {
        "status": "Failed",
        "statusInfo": {"reasonCode": "Unspecified", "additionalInfo": answer.info},
    }


def test_stations_share_a_cache(scene: Scene) -> None:
    """The responder is asked once for many stations, and for all hashes."""
    statuses = scene.statuses()
    for algorithm in (hashes.SHA256(), hashes.SHA384(), hashes.SHA512()):
        data = OCSPRequestData.of(
            scene.station.certificate, scene.station.issuer, algorithm
        )
        answer = asyncio.run(statuses.answer(data.to_json()))
        assert answer.status == "Accepted"
    assert len(scene.responder.requests) == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"issuerKeyHash": "00" * 32}, FailureCode.NOT_FOUND),
        ({"serialNumber": "0x1"}, FailureCode.INVALID_VALUE),
        ({"responderURL": "ftp://a.example/"}, FailureCode.INVALID_URL),
        ({"responderURL": "nonsense"}, FailureCode.INVALID_URL),
        ({"responderURL": ""}, FailureCode.INVALID_URL),
        ({"responderURL": "http://127.0.0.1:1/\r\nHost: b"}, FailureCode.INVALID_URL),
    ],
)
def test_wrong_questions(
    scene: Scene, changes: dict[str, Any], code: FailureCode
) -> None:
    """Nothing is sent."""
    answer = _ask(scene, scene.station, **changes)
    assert (answer.status, answer.failure) == ("Failed", code)
    assert scene.responder.requests == []


def test_a_station_cannot_reach_the_local_network(scene: Scene) -> None:
    """By default: it chooses the URL, as a certificate does."""
    answer = _ask(scene, scene.station, scene.statuses(Options()))
    assert answer.failure is FailureCode.INVALID_URL
    assert scene.responder.requests == []


def test_a_certificate_that_was_never_issued(scene: Scene) -> None:
    """The responder does not serve it."""
    leaf = scene.pki.issue(status=UnknownSerialPolicy.UNAUTHORIZED)
    answer = _ask(scene, leaf)
    assert (answer.status, answer.info) == ("Failed", "unauthorized")


def test_the_length_of_the_result_is_that_of_the_release(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A longer response is not sent."""
    length = len(_ask(scene, scene.station).ocsp_result or "")
    release = OCPPRelease.V2_0_1
    assert length < release.max_result
    monkeypatch.setattr(release, "max_result", length - 1)
    answer = _ask(scene, scene.station, release=release)
    assert (answer.status, answer.failure) == ("Failed", FailureCode.TOO_LARGE)


def test_the_codes_are_those_of_ocpp() -> None:
    """As the package ``ocpp`` has them; short enough for the schema."""
    from ocpp.v201.enums import StatusInfoReasonType

    known = {each.value for each in StatusInfoReasonType}
    assert {each.value for each in FailureCode} <= known
    assert max(len(each.value) for each in FailureCode) <= 20


def test_evidence(scene: Scene) -> None:
    """For other messages, such as Authorize with the hashes of a contract."""
    leaf = scene.pki.issue(status=OCSPCertStatus.REVOKED)
    cert_id = CertID.for_certificate(leaf.certificate, leaf.issuer, hashes.SHA256())
    statuses = scene.statuses()
    found = asyncio.run(statuses.evidence(cert_id, scene.responder.url))
    assert found.status is OCSPCertStatus.REVOKED
    other = CertID.for_serial(scene.pki.unrelated_pki().root, 1, hashes.SHA256())
    with pytest.raises(IssuerNotFound):
        asyncio.run(statuses.evidence(other, scene.responder.url))
    with pytest.raises(ConfigError):
        asyncio.run(statuses.evidence(cert_id, []))


def test_there_must_be_issuers() -> None:
    """Without one, no answer could be verified."""
    with pytest.raises(ConfigError, match="issuers"):
        CertificateStatuses(ocsp.AsyncClient(), [])
