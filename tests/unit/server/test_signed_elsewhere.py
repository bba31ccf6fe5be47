"""Answers that others sign: of an offline CA, and of the responder of another CA."""

from __future__ import annotations

import asyncio
import inspect
import logging

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp import CertID
from ocsp.client.transport.protocol import HTTPReply, HTTPRequest
from ocsp.errors import TransportError
from ocsp.http import HTTPAnswer
from ocsp.metrics import Metrics, Totals
from ocsp.metrics.table import RESPONSES
from ocsp.process_clock import ProcessClock
from ocsp.responder import (
    Authority,
    CannedAnswer,
    CannedAuthority,
    ForeignAuthority,
    Lookup,
    Responder,
    StatusRecord,
)
from ocsp.server import RequestHandler
from ocsp.status import ForeignResponders, LastExchange, MemorySource
from tests.pki import END, NOW, ca, delegate_signer

SIGNER = Responder([Authority(ca(), [delegate_signer()])])


def _request() -> bytes:
    cert_id = CertID.for_serial(ca(), 7, hashes.SHA256())
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_id(cert_id)
    return builder.build().public_bytes(Encoding.DER)


def _signed(der: bytes) -> bytes:
    lookup = SIGNER.receive(der, NOW)
    assert isinstance(lookup, Lookup)
    return SIGNER.finish(lookup, [StatusRecord()]).der


class _Transport:
    """Reaches the responder of another CA without a network."""

    async def send(self, request: HTTPRequest) -> HTTPReply:
        return HTTPReply(status=200, body=_signed(request.body))

    async def aclose(self) -> None:
        """Nothing is open."""


async def _ask(handler: RequestHandler) -> HTTPAnswer:
    given = handler.handle("POST", b"/", _request())
    reply = await given if inspect.isawaitable(given) else given
    return reply if isinstance(reply, HTTPAnswer) else reply.at(NOW)


@pytest.mark.parametrize("passes_on", [True, False])
def test_a_request_for_another_ca_is_passed_on(passes_on: bool) -> None:
    """Without a proxy it is *tryLater*; with one HTTP caches may keep the answer."""

    async def run() -> HTTPAnswer:
        client = ocsp.AsyncClient(transport=_Transport())
        handler = RequestHandler(
            Responder([ForeignAuthority(ca(), ["http://foreign.example/"])]),
            MemorySource({}),
            foreign=ForeignResponders(client, now=lambda: NOW) if passes_on else None,
            clock=ProcessClock(lambda: NOW),
        )
        reply = await _ask(handler)
        await handler.close()
        return reply

    reply = asyncio.run(run())
    control = reply.header("Cache-Control") or ""
    if passes_on:
        cert_id = CertID.for_serial(ca(), 7, hashes.SHA256())
        assert ocsp.verify(reply.body, cert_id, ca(), at=NOW)
        assert "max-age" in control
    else:
        assert reply.body == bytes((0x30, 3, 0x0A, 1, 3))
        assert "no-store" in control


def test_a_canned_answer_needs_no_source() -> None:
    """Its octets are served, with the headers of its times."""
    der = _signed(_request())
    answer = CannedAnswer.of(der, ocsp.load_der_ocsp_response(der), END)
    responder = Responder([CannedAuthority(ca(), [answer])])
    handler = RequestHandler(
        responder, MemorySource({}), clock=ProcessClock(lambda: NOW)
    )
    reply = asyncio.run(_ask(handler))
    assert reply.body == der
    assert "max-age" in (reply.header("Cache-Control") or "")


class _Away(_Transport):
    """A responder that cannot be reached."""

    async def send(self, request: HTTPRequest) -> HTTPReply:
        raise TransportError(request.shown, "connection refused")


@pytest.mark.parametrize("kind", ["canned", "foreign"])
def test_what_is_not_answered_is_counted_for_its_issuer(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """And logged as an error: clients get *tryLater*."""
    der = _signed(_request())
    ended = CannedAnswer.of(der, ocsp.load_der_ocsp_response(der), NOW, file="7.der")
    authority: CannedAuthority | ForeignAuthority = CannedAuthority(ca(), [ended])
    if kind == "foreign":
        authority = ForeignAuthority(ca(), ["http://foreign.example/"])
    totals = Totals()
    metrics = Metrics(totals.add, issuers={authority.key: "partner"})
    client = ocsp.AsyncClient(transport=_Away())

    async def run() -> tuple[HTTPAnswer, ForeignResponders]:
        foreign = ForeignResponders(client, now=lambda: NOW)
        handler = RequestHandler(
            Responder([authority]),
            MemorySource({}),
            foreign=foreign,
            metrics=metrics,
            clock=ProcessClock(lambda: NOW),
        )
        return await _ask(handler), foreign

    reply, foreign = asyncio.run(run())
    assert reply.body == bytes((0x30, 3, 0x0A, 1, 3))
    metrics.flush()
    assert totals.counters(RESPONSES) == {("partner", "tryLater", "source"): 1}
    (line,) = [each for each in caplog.records if each.name == "ocsp.responder"]
    assert line.levelno == logging.ERROR
    if kind == "foreign":
        assert foreign.last == {authority.key: LastExchange(failed=NOW)}
