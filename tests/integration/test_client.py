"""The clients over HTTP, with the responders of this package, openssl and cfssl."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

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
from tests.integration.live import CA, GOOD, NEVER, REVOKED, Live, living
from tests.integration.peers import cfssl_responder, openssl_responder

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


@pytest.fixture(name="openssl_url", scope="module")
def _openssl_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with openssl_responder(tmp_path_factory.mktemp("openssl")) as url:
        yield url


@pytest.fixture(name="cfssl_url", scope="module")
def _cfssl_url(tmp_path_factory: pytest.TempPathFactory, live: Live) -> Iterator[str]:
    with cfssl_responder(tmp_path_factory.mktemp("cfssl"), live) as url:
        yield url


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
