"""Names that do not resolve: every look-up of a client ends in time, with a reason."""

from __future__ import annotations

import asyncio
import datetime
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import trio
from cryptography import x509

import ocsp
from ocsp import limits
from ocsp.client import (
    AddressPolicy,
    MemoryCache,
    MissingIssuer,
    Options,
    Outcome,
    Proxy,
    Reason,
    StartTLS,
    read_tls_peer,
)
from ocsp.testing import PKI

TENTH = datetime.timedelta(seconds=0.1)
BRIEF = Options(
    io_timeout=TENTH, timeout=2 * TENTH, retries=0, proxy=Proxy.NONE,
    missing_issuer=MissingIssuer.FETCH,
)  # fmt: skip
LONGEST = 20.0
"""Seconds that no check takes, also on a slow machine."""


@pytest.fixture(name="hanging", autouse=True)
def _hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Names below ``.hangs`` resolve when the test is over; return those asked for."""
    free, asked = threading.Event(), []
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, *rest: Any, **more: Any) -> Any:
        if not str(host).endswith(".hangs"):
            return real(host, *rest, **more)
        asked.append(host)
        assert free.wait(60)
        raise socket.gaierror(socket.EAI_AGAIN, "too late")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield asked
    free.set()
    for thread in threading.enumerate():
        if thread.name == "ocsp-resolver":
            thread.join(60)


Check = Callable[..., list[Outcome]]


@pytest.fixture(name="check", params=["threads", "asyncio", "trio"])
def _check(request: pytest.FixtureRequest) -> Check:
    """Return a function that checks certificates at the same time."""

    async def in_tasks(options: Options, pairs: list[Any]) -> list[Outcome]:
        async with ocsp.AsyncClient(options, cache=MemoryCache()) as client:
            return list(await client.check_many(pairs))

    def check(options: Options, *pairs: Any) -> list[Outcome]:
        start = time.monotonic()
        if request.param == "threads":
            with ocsp.Client(options, cache=MemoryCache()) as client:
                found = list(client.check_many(pairs))
        elif request.param == "asyncio":
            found = asyncio.run(in_tasks(options, list(pairs)))
        else:
            found = trio.run(in_tasks, options, list(pairs))
        assert time.monotonic() - start < LONGEST
        return found

    return check


def _reason(outcome: Outcome) -> str:
    return str(outcome.failure)


@pytest.mark.parametrize(
    ("where", "urls"),
    [
        ("the OCSP URL", {"ocsp_urls": ["http://o.hangs/"]}),
        ("a CRL", {"ocsp_urls": [], "crl_urls": ["http://c.hangs/"]}),
    ],
)
def test_names_in_a_certificate(
    check: Check, hanging: list[str], where: str, urls: dict[str, list[str]]
) -> None:
    """The check is indeterminate, and says which name took too long."""
    pki = PKI()
    leaf = pki.issue(**urls)  # type: ignore[arg-type]
    (outcome,) = check(BRIEF, (leaf.certificate, pki.issuer))
    assert len(hanging) == 1
    assert f"resolving {hanging[0]} took too long" in repr(outcome.attempts)


def test_the_name_of_the_issuer(hanging: list[str]) -> None:
    """It is fetched first."""
    leaf = PKI().issue(
        ocsp_urls=["http://o.hangs/"], ca_issuers_urls=["http://i.hangs/"]
    )
    with ocsp.Client(BRIEF, cache=MemoryCache()) as client:
        outcome = client.check(leaf.certificate)
    assert hanging == ["i.hangs"]
    assert outcome.reason is not None


def test_the_name_of_a_proxy(check: Check, hanging: list[str]) -> None:
    """It is resolved like any other."""
    pki = PKI()
    leaf = pki.issue(ocsp_urls=["http://192.0.2.1/"])
    options = ocsp.client.Options(
        io_timeout=TENTH, timeout=2 * TENTH, retries=0, proxy=Proxy("p.hangs:3128"),
        address_policy=AddressPolicy.PRIVATE_TOO,
    )  # fmt: skip
    (outcome,) = check(options, (leaf.certificate, pki.issuer))
    assert hanging == ["p.hangs"]
    assert outcome.reason is Reason.TIMEOUT


@pytest.mark.parametrize("starttls", [None, StartTLS.SMTP])
def test_the_name_of_a_tls_server(
    hanging: list[str], starttls: StartTLS | None
) -> None:
    """Its timeout is for the look-up too."""
    start = time.monotonic()
    with pytest.raises(
        ocsp.errors.TLSPeerError, match=r"resolving t\.hangs took too long"
    ):
        read_tls_peer("t.hangs", 443, starttls=starttls, timeout=0.1)
    assert time.monotonic() - start < LONGEST
    assert hanging == ["t.hangs"]


@pytest.mark.parametrize(
    ("host", "port", "why"),
    [
        ("a..b", 443, "label"),
        ("127.0.0.1\0.example", 443, "null character"),
        ("127.0.0.1", 0, "port"),
        ("127.0.0.1", -1, "port"),
        ("127.0.0.1", 65_536, "port"),
        ("127.0.0.1", 1 << 80, "port"),
        ("missing.invalid", 443, "."),
        ("", 443, "."),
    ],
)
def test_what_is_no_tls_server_is_one_error(host: str, port: int, why: str) -> None:
    """Whatever Python raises for it."""
    with pytest.raises(ocsp.errors.TLSPeerError, match=why):
        read_tls_peer(host, port, timeout=5)


@pytest.mark.parametrize("name", ["a\0b", "a..b", "a" * 64, "\udc80"])
def test_what_is_no_name_of_a_tls_server_is_one_error(name: str) -> None:
    """Another name than that of the host is known only after connecting."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        with pytest.raises(ocsp.errors.TLSPeerError, match="name"):
            read_tls_peer("127.0.0.1", port, server_name=name, timeout=5)


def test_many_names_take_few_threads(
    check: Check, hanging: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every check ends with a reason, and one of another name after them too."""
    monkeypatch.setattr(limits, "MAX_RESOLVER_THREADS", 3)
    pki = PKI()
    pairs: list[tuple[x509.Certificate, x509.Certificate]] = [
        (pki.issue(ocsp_urls=[f"http://n{number}.hangs/"]).certificate, pki.issuer)
        for number in range(30)
    ]
    for _ in range(2):
        outcomes = check(BRIEF, *pairs)
        assert {each.reason for each in outcomes} == {Reason.TIMEOUT}
        assert "3 look-ups have no answer yet" in _reason(outcomes[-1])
        names = [thread.name for thread in threading.enumerate()]
        assert names.count("ocsp-resolver") == 3
    assert len(hanging) == 3
