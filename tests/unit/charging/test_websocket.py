"""Stations and a management system with the package ``ocpp`` over a real WebSocket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from importlib import import_module
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve

import ocsp
from ocsp import OCSPCertStatus
from ocsp.charging import InstalledStatuses, StatusResult
from ocsp.errors import BuildError, NoResponderURL, StatusNotGiven
from ocsp.testing import Fault, Identity
from tests.unit.charging.conftest import Scene

RELEASES = ["v201", "v21"]


@asynccontextmanager
async def _connected(release: str, csms: Callable[[Any], Any]) -> AsyncIterator[Any]:
    """Yield the charge point of a station that is connected to *csms*."""
    module = import_module(f"ocpp.{release}")
    protocols: Any = [{"v201": "ocpp2.0.1", "v21": "ocpp2.1"}[release]]

    async def accept(connection: Any) -> None:
        with suppress(Exception):
            await csms(connection).start()

    async with serve(accept, "127.0.0.1", 0, subprotocols=protocols) as server:
        port = server.sockets[0].getsockname()[1]
        url = f"ws://127.0.0.1:{port}/station"
        async with connect(url, subprotocols=protocols, proxy=None) as connection:
            station = module.ChargePoint("station", connection, response_timeout=10)
            reading = asyncio.ensure_future(station.start())
            yield station
            reading.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await reading


def _csms(scene: Scene, release: str) -> Callable[[Any], Any]:
    """Return a management system whose only handlers are ours."""
    module = import_module(f"ocpp.{release}")
    ours = import_module(f"ocsp.charging.{release}")

    class ManagementSystem(ours.CertificateStatusHandler, module.ChargePoint):  # type: ignore[misc, name-defined]
        certificate_statuses = scene.statuses()

    return lambda connection: ManagementSystem("csms", connection)


def _run(
    scene: Scene,
    release: str,
    work: Callable[[Any], Awaitable[Any]],
    csms: Callable[[Any], Any] | None = None,
) -> Any:
    async def main() -> Any:
        async with _connected(release, csms or _csms(scene, release)) as station:
            return await work(station)

    return asyncio.run(main())


def _fetch(
    scene: Scene,
    release: str,
    installed: InstalledStatuses,
    chain: list[x509.Certificate] | None = None,
    csms: Callable[[Any], Any] | None = None,
    **settings: Any,
) -> tuple[StatusResult, ...]:
    ours = import_module(f"ocsp.charging.{release}")
    found = _run(
        scene,
        release,
        lambda station: ours.fetch_statuses(
            station, chain or scene.chain, installed, **settings
        ),
        csms,
    )
    assert isinstance(found, tuple)
    return found


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize(
    "algorithm", [None, hashes.SHA384(), hashes.SHA512()], ids=["256", "384", "512"]
)
def test_the_whole_chain_is_installed(
    scene: Scene, release: str, algorithm: Any
) -> None:
    """The station staples the responses of the responders, for the leaf and each CA."""
    installed = scene.installed()
    results = _fetch(scene, release, installed, algorithm=algorithm)
    assert [each.error for each in results] == [None, None, None]
    for cert, issuer, result in zip(
        scene.chain, scene.chain[1:], results, strict=False
    ):
        assert result.certificate == cert
        staple = installed.staple(cert, issuer)
        assert staple is not None
        assert ocsp.verify(staple, cert, issuer).status is OCSPCertStatus.GOOD
    assert len(scene.responder.requests) == 3


@pytest.mark.parametrize("release", RELEASES)
def test_one_failure_does_not_cost_the_others(scene: Scene, release: str) -> None:
    """A responder that is tampered with for one certificate; a revoked CA."""
    leaf = scene.station
    scene.responder.fail(Fault.BAD_SIGNATURE, serial_number=leaf.serial_number)
    scene.pki.set_status(scene.pki.ca.identity, OCSPCertStatus.REVOKED)
    first, second, third = _fetch(scene, release, scene.installed())
    assert isinstance(first.error, StatusNotGiven)
    assert first.error.reason == "Failed (Unspecified)"
    assert second.evidence is not None
    assert second.evidence.status is OCSPCertStatus.REVOKED
    assert third.evidence is not None
    assert third.evidence.status is OCSPCertStatus.GOOD


def _answering(release: str, **fields: Any) -> Callable[[Any], Any]:
    """Return a management system that answers everything in the same way."""
    module = import_module(f"ocpp.{release}")
    from ocpp.routing import on  # type: ignore[import-untyped]

    class Liar(module.ChargePoint):  # type: ignore[misc, name-defined]
        @on("GetCertificateStatus")  # type: ignore[untyped-decorator]
        def answer(self, **_: Any) -> Any:
            if not fields:
                raise RuntimeError
            return module.call_result.GetCertificateStatus(**fields)

    return lambda connection: Liar("csms", connection)


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({}, "error"),
        ({"status": "Failed"}, "Failed"),
        ({"status": "Accepted"}, "Accepted"),
        ({"status": "Failed", "ocsp_result": "AAAA"}, "Failed"),
        ({"status": "Accepted", "ocsp_result": "AAAA"}, "V2"),
        ({"status": "Accepted", "ocsp_result": "!"}, "base64"),
    ],
)
def test_management_systems_that_are_wrong(
    scene: Scene, release: str, fields: dict[str, Any], error: str
) -> None:
    """Every error is one of this package, and nothing is installed."""
    installed = scene.installed()
    results = _fetch(scene, release, installed, csms=_answering(release, **fields))
    assert len(results) == 3
    for result in results:
        assert isinstance(result.error, ocsp.OCSPError)
        assert error in repr(result.error.args) + str(result.error)
        assert result.evidence is None
    assert installed.staple(*scene.chain[:2]) is None


@pytest.mark.parametrize("release", RELEASES)
def test_a_connection_that_is_closed(scene: Scene, release: str) -> None:
    """No exception of the connection leaves."""
    ours = import_module(f"ocsp.charging.{release}")

    async def work(station: Any) -> Any:
        await station._connection.close()
        return await ours.fetch_statuses(station, scene.chain, scene.installed())

    for result in _run(scene, release, work):
        assert isinstance(result.error, StatusNotGiven)


def test_certificates_that_ocpp_cannot_ask_about(scene: Scene) -> None:
    """One without a responder, and a long URL; nothing is sent."""
    silent = scene.pki.issue(ocsp_urls=[])
    long = scene.pki.issue(ocsp_urls=["http://a.example/" + "a" * 600])
    for leaf, error in ((silent, NoResponderURL), (long, BuildError)):
        chain = [leaf.certificate, leaf.issuer]
        (result,) = _fetch(scene, "v201", scene.installed(), chain)
        assert isinstance(result.error, error)
    assert scene.responder.requests == []


# --- GetCertificateChainStatus ----------------------------------------------------------


def _chain_status(scene: Scene, request: Any) -> list[dict[str, Any]]:
    answer = _run(scene, "v21", lambda station: station.call(request))
    assert isinstance(answer.certificate_status, list)
    return answer.certificate_status


def _vehicle(scene: Scene, **settings: Any) -> Identity:
    return scene.pki.issue("vehicle", **settings)


def test_the_status_of_a_chain(scene: Scene) -> None:
    """One message for a vehicle's certificate and the CAs above it."""
    from ocsp.charging.v21 import chain_status_request

    vehicle = _vehicle(scene, status=OCSPCertStatus.REVOKED)
    chain = vehicle.chain
    found = _chain_status(scene, chain_status_request(chain))
    assert [each["status"] for each in found] == ["Revoked", "Good", "Good"]
    assert {each["source"] for each in found} == {"OCSP"}
    serials = [
        int(each["certificate_hash_data"]["serial_number"], 16) for each in found
    ]
    assert serials == [each.serial_number for each in chain[:-1]]
    assert all(each["next_update"].endswith("Z") for each in found)


def test_a_chain_without_verified_responses(scene: Scene) -> None:
    """*Failed*, and the others are answered; *Unknown* is a status."""
    from ocsp.charging.v21 import chain_status_request

    vehicle = _vehicle(scene, status=OCSPCertStatus.UNKNOWN)
    scene.responder.fail(
        Fault.BAD_SIGNATURE, serial_number=scene.pki.issuer.serial_number
    )
    found = _chain_status(scene, chain_status_request(vehicle.chain))
    assert [each["status"] for each in found] == ["Unknown", "Failed", "Good"]


def test_crls_and_foreign_issuers_fail(scene: Scene) -> None:
    """What cannot be verified is not said to be good."""
    from ocsp.charging.v21 import chain_status_request

    request = chain_status_request(scene.chain)
    request.certificate_status_requests[0]["source"] = "CRL"
    request.certificate_status_requests[1]["certificate_hash_data"][
        "issuer_key_hash"
    ] = "00" * 32
    request.certificate_status_requests[2]["certificate_hash_data"]["serial_number"] = (
        "nonsense"
    )
    found = _chain_status(scene, request)
    assert [each["status"] for each in found] == ["Failed"] * 3
    assert found[0]["source"] == "CRL"
    assert scene.responder.requests == []


def test_questions_about_chains(scene: Scene) -> None:
    """At most four certificates, each with a responder."""
    from ocsp.charging.v21 import chain_status_request

    for chain in ([scene.pki.root], [scene.pki.root] * 6):
        with pytest.raises(BuildError, match="OCPP allows 1 to 4"):
            chain_status_request(chain)
    silent = scene.pki.issue(ocsp_urls=[])
    with pytest.raises(NoResponderURL):
        chain_status_request([silent.certificate, silent.issuer])
    many = scene.pki.issue(ocsp_urls=[f"http://{n}.example/" for n in range(7)])
    (question,) = chain_status_request(
        [many.certificate, many.issuer]
    ).certificate_status_requests
    assert len(question["urls"]) == 5
