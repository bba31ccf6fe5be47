"""The station: it believes no management system, and staples what it has verified."""

from __future__ import annotations

import base64
import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp import CertID, OCSPCertStatus
from ocsp.charging import InstalledStatuses, station
from ocsp.client import SQLiteCache
from ocsp.errors import OlderThanKnown, SchemaError
from ocsp.testing import Fault, Identity, build_answer
from tests.unit.charging.conftest import Scene

DAY = datetime.timedelta(days=1)


def _result(scene: Scene, leaf: Identity, fault: Fault | None = None) -> str:
    """Return what a management system that verifies nothing passes on."""
    cert_id = CertID.for_certificate(leaf.certificate, leaf.issuer, hashes.SHA256())
    request = ocsp.OCSPRequestBuilder().add_certificate_by_id(cert_id).build()
    der = request.public_bytes(Encoding.DER)
    return base64.b64encode(build_answer(scene.pki, der, fault).der).decode()


def _pair(leaf: Identity) -> tuple[Any, Any]:
    return leaf.certificate, leaf.issuer


def test_a_good_response_is_stapled(scene: Scene) -> None:
    """Until it ends."""
    installed, pair = scene.installed(), _pair(scene.station)
    assert installed.staple(*pair) is None
    result = _result(scene, scene.station)
    evidence = installed.install(result, *pair)
    assert evidence.status is OCSPCertStatus.GOOD
    assert installed.staple(*pair) == base64.b64decode(result)
    assert installed.installed(*pair) is evidence
    scene.clock[0] = evidence.holds_until
    assert installed.staple(*pair) is None


def test_a_revocation_is_installed_and_not_stapled(scene: Scene) -> None:
    """The station knows that its certificate is of no use."""
    leaf = scene.pki.issue(status=OCSPCertStatus.REVOKED)
    installed = scene.installed()
    installed.install(_result(scene, leaf), *_pair(leaf))
    assert installed.staple(*_pair(leaf)) is None
    known = installed.installed(*_pair(leaf))
    assert known is not None
    assert known.status is OCSPCertStatus.REVOKED


def test_unknown_is_not_installed(scene: Scene) -> None:
    """And the response before it stays."""
    installed, pair = scene.installed(), _pair(scene.station)
    installed.install(_result(scene, scene.station), *pair)
    scene.pki.set_status(scene.station, OCSPCertStatus.UNKNOWN)
    evidence = installed.install(_result(scene, scene.station), *pair)
    assert evidence.status is OCSPCertStatus.UNKNOWN
    assert installed.staple(*pair) is not None


@pytest.mark.parametrize(
    "fault",
    [Fault.BAD_SIGNATURE, Fault.WRONG_SERIAL, Fault.WRONG_SIGNER, Fault.EXPIRED],
)
def test_a_response_that_is_not_verified_is_refused(scene: Scene, fault: Fault) -> None:
    """A management system that lies or was deceived."""
    installed, pair = scene.installed(), _pair(scene.station)
    with pytest.raises(ocsp.VerificationError):
        installed.install(_result(scene, scene.station, fault), *pair)
    assert installed.staple(*pair) is None


def test_an_older_response_is_refused(scene: Scene) -> None:
    """*Good* from before a revocation."""
    installed, pair = scene.installed(), _pair(scene.station)
    before = _result(scene, scene.station)
    scene.pki.set_status(scene.station, OCSPCertStatus.REVOKED)
    installed.install(_result(scene, scene.station), *pair)
    with pytest.raises(OlderThanKnown):
        installed.install(before, *pair)
    assert installed.staple(*pair) is None


@pytest.mark.parametrize("result", ["", "no base64!", "AAAA\n", "é"])
def test_what_is_no_response(scene: Scene, result: str) -> None:
    """Not base64, or no OCSP response."""
    with pytest.raises((SchemaError, ocsp.VerificationError)):
        scene.installed().install(result, *_pair(scene.station))


def test_wrong_types(scene: Scene) -> None:
    """They are mistakes of the program."""
    with pytest.raises(TypeError):
        scene.installed().install(b"AAAA", *_pair(scene.station))  # type: ignore[arg-type]


def test_the_length_of_a_result_is_a_limit(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before it is decoded."""
    result = _result(scene, scene.station)
    monkeypatch.setattr(station, "MAX_RESULT", len(result) - 1)
    with pytest.raises(SchemaError, match="characters"):
        scene.installed().install(result, *_pair(scene.station))


def test_the_age_is_a_limit(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A week at most (M06.FR.10), although the response holds longer."""
    installed, pair = scene.installed(), _pair(scene.station)
    monkeypatch.setattr(station, "MAX_AGE", datetime.timedelta(seconds=60))
    installed.install(_result(scene, scene.station), *pair)
    assert installed.staple(*pair) is not None
    scene.clock[0] += datetime.timedelta(seconds=61)
    assert installed.staple(*pair) is None
    assert station.MAX_AGE < DAY


def test_a_cache_in_a_file_is_verified_again(scene: Scene, tmp_path: Path) -> None:
    """After a restart; a file that someone has changed gives nothing."""
    path, pair = tmp_path / "staples.db", _pair(scene.station)
    with SQLiteCache(path) as cache:
        InstalledStatuses(cache).install(_result(scene, scene.station), *pair)
    with SQLiteCache(path) as cache:
        restarted = InstalledStatuses(cache)
        assert restarted.staple(*pair) is not None
        other = scene.pki.issue(key=scene.station.key)
        assert restarted.staple(*_pair(other)) is None
    with SQLiteCache(path) as cache:
        strict = ocsp.Policy(max_age=datetime.timedelta(seconds=1))
        assert InstalledStatuses(cache, policy=strict).staple(*pair) is None
