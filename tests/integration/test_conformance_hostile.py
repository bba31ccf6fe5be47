"""Probe and examine servers that answer anything: no exception, and a result for each."""

from __future__ import annotations

import random
import socket

import pytest

from ocsp.conformance import (
    CHECKS,
    ConformanceSettings,
    Outcome,
    connection,
    examine,
)
from ocsp.errors import TransportError
from ocsp.probing import Failure, ProbeSettings, probe
from ocsp.testing import PKI, build_answer
from tests.integration.loopback import Server, head, read_request, serving
from tests.mutators.octets import BLIND

IMPATIENT = 0.2
"""Seconds for a reply that a mutation has made incomplete."""

PKI_ = PKI()
LEAF = PKI_.issue()


class _Mutated:
    """Answers each request rightly, but with some octets changed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def __call__(self, server: Server, client: socket.socket) -> None:
        request = read_request(server, client)
        der = build_answer(PKI_, request.partition(b"\r\n\r\n")[2]).der
        start = head(
            Content_Type="application/ocsp-response",
            Content_Length=len(der),
            Cache_Control="max-age=60",
            Date="Wed, 01 Jul 2026 12:00:00 GMT",
            ETag='"1"',
            Connection="close",
        )
        reply = start + der
        for _ in range(self._random.choice((0, 0, 1, 3))):
            reply = self._random.choice(BLIND)(self._random, reply)
        client.sendall(reply)


@pytest.mark.parametrize("seed", range(3))
def test_any_reply_gives_an_outcome_for_each_check(seed: int) -> None:
    """Also one that is no HTTP, no OCSP, or ends in the middle."""
    with serving(_Mutated(seed)) as server:
        url = f"http://127.0.0.1:{server.port}"
        settings = ConformanceSettings(timeout=IMPATIENT, pause=0.0)
        report = examine(url, LEAF.certificate, LEAF.issuer, settings)
    assert [each.check for each in report.results] == [*CHECKS]
    assert Outcome.FAILED in {each.outcome for each in report.results}


class _Tired:
    """Answers the ordinary requests, and no other one."""

    def __init__(self) -> None:
        self.answered = 0

    def __call__(self, server: Server, client: socket.socket) -> None:
        request = read_request(server, client)
        if self.answered >= 8:
            server.wait_until_gone(client)
            return
        self.answered += 1
        der = build_answer(PKI_, request.partition(b"\r\n\r\n")[2]).der
        client.sendall(
            head(Content_Type="application/ocsp-response", Content_Length=len(der))
            + der
        )


def test_a_server_that_stops_answering_is_left_alone() -> None:
    """After a few checks; those that only look at the first answers are made."""
    with serving(_Tired()) as server:
        url = f"http://127.0.0.1:{server.port}"
        settings = ConformanceSettings(timeout=IMPATIENT, pause=0.0)
        report = examine(url, LEAF.certificate, LEAF.issuer, settings)
        assert server.connections == 8 + connection.MAX_LATE
    late = [each for each in report.results if "took too long" in each.seen]
    assert [each.outcome for each in late] == [Outcome.FAILED] * connection.MAX_LATE
    seen = {each.check.id: each for each in report.results}
    assert seen["malformed-octets"].seen.startswith("not asked: 5 requests")
    assert seen["post"].outcome is Outcome.PASSED


def _without_tls(_: Server, client: socket.socket) -> None:
    """Answer the first octets of a client with a text."""
    client.recv(65536)
    client.sendall(b"no TLS")


def test_a_server_without_tls_is_a_failure_of_the_connection() -> None:
    """By https, which needs TLS."""
    with serving(_without_tls) as server:
        url = f"https://127.0.0.1:{server.port}"
        report = probe(url, LEAF.certificate, LEAF.issuer, ProbeSettings(timeout=30))
        assert {each.failure for each in report.answers} == {Failure.CONNECTION}
        results = examine(url, LEAF.certificate, LEAF.issuer).results
    seen = {each.check.id: each for each in results}
    assert seen["post"].outcome is Outcome.FAILED
    assert "TLS handshake failed" in seen["post"].seen
    assert seen["head"].outcome is Outcome.COULD_NOT_TELL


def test_exact_octets_need_tls_too() -> None:
    """The connection of an examination has the same errors as the client."""
    from ocsp.conformance.connection import Endpoint

    with (
        serving(_without_tls) as server,
        pytest.raises(TransportError, match="TLS handshake failed"),
    ):
        Endpoint(f"https://127.0.0.1:{server.port}").connect(30.0)
    with pytest.raises(TransportError, match="cannot connect to"):
        Endpoint(f"http://127.0.0.1:{server.port}").connect(30.0)


def test_a_host_without_address_could_not_be_told() -> None:
    """A name that no resolver knows (RFC 6761)."""
    results = examine("http://responder.invalid", LEAF.certificate, LEAF.issuer).results
    seen = {each.check.id: each for each in results}
    assert "cannot resolve responder.invalid" in seen["post"].seen
    assert seen["head"].outcome is Outcome.COULD_NOT_TELL
