"""
What a certificate makes a client do: connect to forbidden addresses, mix up answers.

The author of a certificate chooses its URLs, and the server there chooses what it sends.
"""

from __future__ import annotations

import asyncio
import datetime
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest
import trio
from cryptography import x509

import ocsp
from ocsp.client import (
    AddressPolicy,
    CheckStatus,
    CRLFallback,
    MemoryCache,
    MissingIssuer,
    Options,
    Outcome,
    Proxy,
    Reason,
    Redirects,
)
from ocsp.http import read_target
from ocsp.responder import Lookup, StatusRecord
from ocsp.testing import PKI
from tests.integration.loopback import Server, head, read_request, serving


@pytest.fixture(name="checks", params=["threads", "asyncio", "trio"])
def _checks(request: pytest.FixtureRequest) -> Callable[..., list[Outcome]]:
    """Return a function that checks certificates one after the other."""

    def checks(
        options: Options,
        *certs: tuple[x509.Certificate, x509.Certificate | None],
        url: str | None = None,
        between: Callable[[], object] = lambda: None,
    ) -> list[Outcome]:
        async def in_tasks() -> list[Outcome]:
            found = []
            async with ocsp.AsyncClient(options, cache=MemoryCache()) as client:
                for cert, issuer in certs:
                    found.append(await client.check(cert, issuer, url=url))
                    between()
            return found

        if request.param == "asyncio":
            return asyncio.run(in_tasks())
        if request.param == "trio":
            return trio.run(in_tasks)  # type: ignore[no-any-return]
        found = []
        with ocsp.Client(options, cache=MemoryCache()) as client:
            for cert, issuer in certs:
                found.append(client.check(cert, issuer, url=url))
                between()
        return found

    return checks


# --- addresses ------------------------------------------------------------------------

HOSTS = (
    # written as IPv6 addresses
    "[::1]", "[::]", "[fec0::2]", "[fd00::2]", "[fe80::1]", "[fe80::1%25eth0]", "[::1%25lo]",
    "[ff02::1]", "[64:ff9b:1::a00:1]", "[64:ff9b::7f00:1]", "[::ffff:7f00:1]",
    "[::FFFF:127.0.0.1]", "[::7f00:1]", "[::127.0.0.1]", "[2002:7f00:1::]", "[5f00::1]",
    "[2001:db8::1]", "[3fff::1]", "[100::1]", "[100:0:0:1::1]", "[4000::1]",
    "[2606:4700::5efe:a00:1]", "[2606:4700::1111%25lo]",
    # written as IPv4 addresses, or read as such by the resolver
    "127.0.0.1", "10.0.0.1", "169.254.169.254", "192.88.99.1", "198.18.0.1", "240.0.0.1",
    "255.255.255.255", "100.64.0.1", "0.0.0.0", "224.0.0.1", "2130706433", "0x7f.1",
    "0X7F000001", "017700000001", "127.1", "0",
    # names
    "localhost", "LOCALHOST", "six.example", "four.example", "mapped.example",
)  # fmt: skip
"""Hosts of URLs that lead to no public address."""

NAMES = {
    "six.example": "fec0::2",
    "four.example": "10.0.0.1",
    "mapped.example": "::ffff:10.0.0.1",
}


@pytest.fixture(name="connections")
def _connections(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Let the names resolve; return what the process connects to, besides 127.0.0.1."""
    real, connect, found = socket.getaddrinfo, socket.socket.connect, []

    def getaddrinfo(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        if host in NAMES:
            family = socket.AF_INET6 if ":" in NAMES[host] else socket.AF_INET
            return [(family, socket.SOCK_STREAM, 6, "", (NAMES[host], port))]
        return real(host, port, *rest, **more)

    def connecting(self: socket.socket, target: Any) -> None:
        if target[0] != "127.0.0.1" or target[1] < 1024:
            found.append(target)
            raise ConnectionRefusedError
        connect(self, target)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(socket.socket, "connect", connecting)
    return found


def _url(host: str) -> str:
    return f"http://{host}/x"


QUICK = Options(retries=0, proxy=Proxy.NONE)


@pytest.mark.parametrize("host", HOSTS)
def test_no_url_leads_to_a_forbidden_address(
    checks: Callable[..., list[Outcome]], connections: list[object], host: str
) -> None:
    """In the certificate for OCSP, for its issuer and for its CRL, and in a redirect."""
    pki, url = PKI(), _url(host)
    by_ocsp = pki.issue(ocsp_urls=[url]).certificate
    (outcome,) = checks(QUICK, (by_ocsp, pki.issuer))
    assert outcome.reason is Reason.FORBIDDEN

    by_crl = pki.issue(ocsp_urls=[], crl_urls=[url]).certificate
    options = Options(
        retries=0, proxy=Proxy.NONE, crl_fallback=CRLFallback.WHEN_NO_RESPONDER
    )
    (outcome,) = checks(options, (by_crl, pki.issuer))
    assert outcome.status is CheckStatus.INDETERMINATE

    options = Options(retries=0, proxy=Proxy.NONE, missing_issuer=MissingIssuer.FETCH)
    by_issuer = pki.issue(ocsp_urls=[url], ca_issuers_urls=[url]).certificate
    (outcome,) = checks(options, (by_issuer, None))
    assert outcome.status is CheckStatus.INDETERMINATE

    def redirect(server: Server, connection: socket.socket) -> None:
        while read_request(server, connection):
            connection.sendall(head("307 There", Location=url, Content_Length=0))

    options = Options(retries=0, proxy=Proxy.NONE, redirects=Redirects.SAME_SCHEME)
    with serving(redirect) as server:
        here = f"http://127.0.0.1:{server.port}/"
        (outcome,) = checks(options, (by_ocsp, pki.issuer), url=here)
        assert outcome.reason is Reason.FORBIDDEN
        assert server.connections == 1
    assert connections == []


@pytest.mark.parametrize(
    "host", ["8.8.8.8", "[2606:4700::1111]", "[::ffff:8.8.8.8]", "134744072"]
)
def test_public_addresses_are_connected_to(
    checks: Callable[..., list[Outcome]], connections: list[Any], host: str
) -> None:
    """So that the test above shows what it seems to show."""
    pki = PKI()
    (outcome,) = checks(
        QUICK, (pki.issue(ocsp_urls=[_url(host)]).certificate, pki.issuer)
    )
    assert outcome.reason is not Reason.FORBIDDEN
    assert len(connections) == 1


# --- answers --------------------------------------------------------------------------


def _response(pki: PKI, request: bytes) -> bytes:
    """Return the true OCSP response to an HTTP request by GET."""
    now = datetime.datetime.now(datetime.UTC)
    responder = pki.responder()
    lookup = responder.receive(
        read_target(request.split(b" ")[1].rpartition(b"/")[2]), now
    )
    assert isinstance(lookup, Lookup)
    records = [pki.record(query) for query in lookup.queries]
    known = [each if isinstance(each, StatusRecord) else None for each in records]
    return responder.finish(lookup, known).der


def _answer(der: bytes) -> bytes:
    kind = "application/ocsp-response"
    return head(Content_Type=kind, Content_Length=len(der)) + der


@pytest.mark.parametrize("later", [False, True], ids=["same segment", "later"])
@pytest.mark.parametrize(
    "true", [False, True], ids=["of no responder", "of the responder"]
)
def test_an_answer_too_many_shifts_no_other(
    checks: Callable[..., list[Outcome]], later: bool, true: bool
) -> None:
    """Also if it is a signed response, for another certificate."""
    pki, sent = PKI(), threading.Event()
    other: list[bytes] = []

    def serve(server: Server, connection: socket.socket) -> None:
        number = 0
        while request := read_request(server, connection):
            der = _response(pki, request)
            surplus = _answer(other[-1] if true and other else b"POISON")
            other.append(der)
            if number:
                surplus = b""
            if later:
                connection.sendall(_answer(der))
                connection.sendall(surplus)
            else:
                connection.sendall(_answer(der) + surplus)
            number += 1
            sent.set()

    def between() -> None:
        assert sent.wait(30)
        sent.clear()

    with serving(serve) as server:
        url = f"http://127.0.0.1:{server.port}/"
        certs = [(pki.issue(ocsp_urls=[url]).certificate, pki.issuer) for _ in range(4)]
        options = Options(
            retries=0, proxy=Proxy.NONE, address_policy=AddressPolicy.PRIVATE_TOO
        )
        outcomes = checks(options, *certs, between=between)
        assert [each.status for each in outcomes] == [CheckStatus.GOOD] * 4
        assert len(server.requests) == 4
