"""The clients over HTTP, with the responders of this package, openssl and cfssl."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

import ocsp
from ocsp.client import (
    AddressPolicy,
    CheckStatus,
    Options,
    Outcome,
    Reason,
    RequestMethod,
    SendNonce,
    Source,
    SQLiteCache,
    default,
)
from tests.integration.live import CA, GOOD, NEVER, RESPONDER, REVOKED, Live, living
from tests.integration.web_servers import await_port, free_port
from tests.pki import key

EXPECTED = {GOOD: CheckStatus.GOOD, REVOKED: CheckStatus.REVOKED}


@pytest.fixture(name="live", scope="module")
def _live() -> Iterator[Live]:
    with living() as live:
        yield live


def _check(kind: str, cert: x509.Certificate, options: Options, url: str) -> Outcome:
    if kind == "sync":
        with ocsp.Client(options) as client:
            return client.check(cert, CA, url=url or None)

    async def ask() -> Outcome:
        async with ocsp.AsyncClient(options) as client:
            return await client.check(cert, CA, url=url or None)

    return asyncio.run(ask())


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("method", list(RequestMethod))
@pytest.mark.parametrize("nonce", list(SendNonce))
def test_answers_of_our_responder_are_accepted(
    live: Live, kind: str, method: RequestMethod, nonce: SendNonce
) -> None:
    """By GET and by POST, with and without a nonce."""
    options = Options(
        method=method, nonce=nonce, address_policy=AddressPolicy.PRIVATE_TOO
    )
    for serial, status in EXPECTED.items():
        outcome = _check(kind, live.leaf(serial), options, "")
        assert (outcome.status, outcome.source) == (status, Source.RESPONDER)
        assert isinstance(outcome.evidence, ocsp.VerifiedResponse)
        assert outcome.evidence.nonce_matched is (nonce is SendNonce.ALWAYS)
    unauthorized = _check(kind, live.leaf(NEVER), options, "")
    assert unauthorized.reason is Reason.UNAUTHORIZED


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_url_in_a_certificate_must_not_lead_to_loopback(
    live: Live, kind: str
) -> None:
    """By default, URLs in certificates may lead to public addresses only."""
    outcome = _check(kind, live.leaf(GOOD), Options(), "")
    assert outcome.reason is Reason.FORBIDDEN


def test_ocsp_check_caches_its_answer(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second ``ocsp.check`` of the process sends no request."""
    clients: dict[int, ocsp.Client] = {}
    monkeypatch.setattr(default, "_clients", clients)
    cert = live.leaf(GOOD)
    assert ocsp.check(cert, CA, url=live.url).require_good().source is Source.RESPONDER
    assert ocsp.check(cert, CA).source is Source.CACHE
    clients.popitem()[1].close()


def test_check_many_with_one_responder(live: Live, tmp_path: Path) -> None:
    """Sync and async, with a shared cache."""
    certs = [live.leaf(GOOD), live.leaf(REVOKED), live.leaf(NEVER)]
    items = [(cert, CA) for cert in certs]
    expected = [CheckStatus.GOOD, CheckStatus.REVOKED, CheckStatus.INDETERMINATE]
    with SQLiteCache(tmp_path / "answers") as cache:
        with ocsp.Client(cache=cache) as client:
            found = client.check_many(items, url=live.url)
        assert [each.status for each in found] == expected

        async def ask() -> list[Outcome]:
            async with ocsp.AsyncClient(cache=cache) as others:
                return await others.check_many(items, url=live.url)

        again = asyncio.run(ask())
        assert [each.status for each in again] == expected
        assert [each.source for each in again][:2] == [Source.CACHE, Source.CACHE]


def _write_authority(folder: Path) -> None:
    (folder / "ca.pem").write_bytes(CA.public_bytes(Encoding.PEM))
    (folder / "r.pem").write_bytes(RESPONDER.public_bytes(Encoding.PEM))
    (folder / "r.key").write_bytes(
        key("Live Responder").private_bytes(
            Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
        )
    )


@pytest.fixture(name="openssl_url", scope="module")
def _openssl_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("openssl")
    _write_authority(folder)
    (folder / "index.txt").write_text(
        f"V\t300101000000Z\t\t{GOOD:X}\tunknown\t/CN=good\n"
        f"R\t300101000000Z\t250101000000Z,keyCompromise\t{REVOKED:X}\tunknown\t/CN=no\n"
    )
    program = subprocess.Popen(
        [
            *("openssl", "ocsp", "-port", "0", "-index", "index.txt", "-CA", "ca.pem"),
            *("-rsigner", "r.pem", "-rkey", "r.key", "-nmin", "60"),
        ],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert program.stdout is not None
    try:
        for line in program.stdout:
            if found := re.search(r"ACCEPT \S*?:(\d+)", line):
                yield f"http://127.0.0.1:{found[1]}"
                break
    finally:
        program.terminate()
        program.communicate(timeout=30)


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize(
    "options",
    [Options(), Options(method=RequestMethod.POST), Options(nonce=SendNonce.ALWAYS)],
    ids=["get", "post", "nonce"],
)
def test_answers_of_openssl_are_accepted(
    live: Live, openssl_url: str, kind: str, options: Options
) -> None:
    """The openssl responder closes the connection after each answer."""
    for serial, status in {**EXPECTED, NEVER: CheckStatus.UNKNOWN}.items():
        outcome = _check(kind, live.leaf(serial), options, openssl_url)
        assert outcome.status is status, outcome.attempts


@pytest.fixture(name="cfssl_url", scope="module")
def _cfssl_url(tmp_path_factory: pytest.TempPathFactory, live: Live) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("cfssl")
    _write_authority(folder)
    responses = [
        _cfssl_response(folder, live.leaf(GOOD), "good"),
        _cfssl_response(folder, live.leaf(REVOKED), "revoked"),
    ]
    (folder / "responses").write_text("\n".join(responses))
    port = free_port()
    program = subprocess.Popen(
        [
            *("cfssl", "ocspserve", "-loglevel", "5", "-port", str(port)),
            *("-responses", "responses"),
        ],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        await_port(port, program, lambda: "cfssl ocspserve does not listen")
        yield f"http://127.0.0.1:{port}"
    finally:
        program.terminate()
        program.wait(timeout=30)


def _cfssl_response(folder: Path, cert: x509.Certificate, status: str) -> str:
    """Return a response that cfssl signs now, at the time of the system clock."""
    (folder / "leaf.pem").write_bytes(cert.public_bytes(Encoding.PEM))
    done = subprocess.run(
        [
            *("cfssl", "ocspsign", "-loglevel", "5", "-ca", "ca.pem"),
            *("-responder", "r.pem", "-responder-key", "r.key"),
            *("-cert", "leaf.pem", "-status", status, "-reason", "1"),
        ],
        cwd=folder,
        capture_output=True,
        check=True,
    )
    response: str = json.loads(done.stdout)["ocspResponse"]
    return response


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize(
    "options", [Options(), Options(method=RequestMethod.POST)], ids=["get", "post"]
)
def test_answers_of_cfssl_are_accepted(
    live: Live, cfssl_url: str, kind: str, options: Options
) -> None:
    """It serves pre-signed responses, always with SHA-1 in the CertID."""
    for serial, status in EXPECTED.items():
        outcome = _check(kind, live.leaf(serial), options, cfssl_url)
        assert outcome.status is status, outcome.attempts
    never = _check(kind, live.leaf(NEVER), options, cfssl_url)
    assert never.status is CheckStatus.INDETERMINATE
    assert never.reason is Reason.UNAUTHORIZED
