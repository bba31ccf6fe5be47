"""Test the proxy for the responders of other CAs: what it asks, verifies and keeps."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp import CertID, KeySigner, OCSPResponseStatus, limits
from ocsp.client.transport.protocol import HTTPReply, HTTPRequest
from ocsp.errors import OCSPError, TransportError
from ocsp.responder import (
    Answer,
    Authority,
    ForeignAuthority,
    Forward,
    Lookup,
    Responder,
    StatusRecord,
    UnknownSerialPolicy,
)
from ocsp.status import ForeignResponders, LastExchange
from tests.pki import DELEGATION, END, NOW, ca, delegate_signer, key, make

URL, SECOND_URL = "http://foreign.example/", "http://second.example/"
HOUR = datetime.timedelta(hours=1)
SUCCESSFUL = OCSPResponseStatus.SUCCESSFUL
TRY_LATER = OCSPResponseStatus.TRY_LATER
UNAUTHORIZED = OCSPResponseStatus.UNAUTHORIZED
REVOKED = StatusRecord.revoked(NOW - HOUR)


class _Foreign:
    """The responder of another CA, which a transport reaches without a network."""

    def __init__(self) -> None:
        authority = Authority(
            ca(), [delegate_signer()], unlisted=UnknownSerialPolicy.UNKNOWN
        )
        self.responder = Responder([authority])
        self.records: dict[int, StatusRecord | None] = {7: StatusRecord()}
        self.requests: list[HTTPRequest] = []
        self.now = NOW
        self.change: Callable[[bytes], bytes] = lambda der: der
        self.error: OCSPError | None = None
        self.status = 200
        self.open = asyncio.Event()
        self.open.set()

    async def send(self, request: HTTPRequest) -> HTTPReply:
        self.requests.append(request)
        await self.open.wait()
        if self.error is not None:
            raise self.error
        if self.status != 200:
            return HTTPReply(status=self.status)
        step = self.responder.receive(request.body, self.now)
        if isinstance(step, Lookup):
            records = [self.records.get(query.serial_number) for query in step.queries]
            step = self.responder.finish(step, records)
        return HTTPReply(status=200, body=self.change(step.der))

    async def aclose(self) -> None:
        """Nothing is open."""


def _forward(
    serial: int = 7, urls: tuple[str, ...] = (URL,), now: datetime.datetime = NOW
) -> Forward:
    authority = ForeignAuthority(ca(), urls)
    cert_id = CertID.for_serial(ca(), serial, hashes.SHA256())
    request = ocsp.OCSPRequestBuilder().add_certificate_by_id(cert_id).build()
    step = Responder([authority]).receive(request.public_bytes(Encoding.DER), now)
    assert isinstance(step, Answer)
    assert step.status is TRY_LATER
    assert step.forward is not None
    return step.forward


def _proxy(foreign: _Foreign) -> ForeignResponders:
    client = ocsp.AsyncClient(transport=foreign)
    return ForeignResponders(client, now=lambda: foreign.now)


def _run(test: Callable[[_Foreign, ForeignResponders], object]) -> None:
    """Run a coroutine function with a foreign responder and a proxy for it."""

    async def run() -> None:
        foreign = _Foreign()
        proxy = _proxy(foreign)
        await test(foreign, proxy)  # type: ignore[misc]
        await proxy.aclose()

    asyncio.run(run())


def test_the_verified_octets_are_passed_on_and_kept() -> None:
    """The client sent the CertID; the second request is not sent."""

    async def test(foreign: _Foreign, proxy: ForeignResponders) -> None:
        answer = await proxy.answer(_forward())
        assert answer.status is SUCCESSFUL
        cert_id = CertID.for_serial(ca(), 7, hashes.SHA256())
        assert ocsp.verify(answer.der, cert_id, ca(), at=NOW).cert_id == cert_id
        assert answer.freshness is not None
        assert await proxy.answer(_forward()) == answer
        (sent,) = foreign.requests
        assert (sent.method, sent.url) == ("POST", URL)
        assert ocsp.load_der_ocsp_request(sent.body).cert_ids == (cert_id,)

    _run(test)


def test_a_forgotten_answer_is_fetched_anew() -> None:
    """Its status has changed, which its times do not show."""

    async def test(foreign: _Foreign, proxy: ForeignResponders) -> None:
        first = await proxy.answer(_forward())
        foreign.records[7] = REVOKED
        assert await proxy.answer(_forward()) == first
        proxy.forget(_forward().cert_id)
        assert await proxy.answer(_forward()) != first
        proxy.forget(_forward(8).cert_id)
        assert len(foreign.requests) == 2

    _run(test)


def test_requests_that_arrive_together_are_sent_once() -> None:
    """A client that goes away does not end the exchange for the others."""

    async def test(foreign: _Foreign, proxy: ForeignResponders) -> None:
        foreign.open.clear()
        first, second = (
            asyncio.create_task(proxy.answer(_forward())) for _ in range(2)
        )
        await asyncio.sleep(0)
        first.cancel()
        foreign.open.set()
        assert (await second).status is SUCCESSFUL
        assert first.cancelled()
        assert len(foreign.requests) == 1

    _run(test)


def test_a_kept_answer_is_refreshed_from_the_middle_of_its_life_on() -> None:
    """The client does not wait for it; while the responder is away the old one serves."""

    async def test(foreign: _Foreign, proxy: ForeignResponders) -> None:
        first = await proxy.answer(_forward())
        foreign.now = NOW + 5 * HOUR
        foreign.error = TransportError(URL, "refused")
        assert await proxy.answer(_forward(now=foreign.now)) == first
        await asyncio.sleep(0)
        assert len(foreign.requests) == 2
        foreign.now = NOW + 7 * HOUR
        assert await proxy.answer(_forward(now=foreign.now)) == first
        foreign.now = NOW + 8 * HOUR
        ended = await proxy.answer(_forward(now=foreign.now))
        assert ended.status is TRY_LATER

    _run(test)


def test_an_older_answer_does_not_replace_a_newer_one() -> None:
    """A replay of *good* after *revoked* changes nothing."""

    async def test(foreign: _Foreign, proxy: ForeignResponders) -> None:
        foreign.records[7] = REVOKED
        revoked = await proxy.answer(_forward())
        foreign.records[7] = StatusRecord(this_update=NOW - 2 * HOUR)
        later = _forward(now=NOW + 5 * HOUR)
        assert await proxy.answer(later) == revoked
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert len(foreign.requests) == 2
        assert await proxy.answer(later) == revoked

    _run(test)


def test_an_answer_that_clients_would_reject_is_not_passed_on() -> None:
    """Nor kept; the next request is sent again, to the same responder."""

    async def test(foreign: _Foreign, proxy: ForeignResponders) -> None:
        foreign.change = lambda der: der[:-1] + bytes((der[-1] ^ 1,))
        assert (await proxy.answer(_forward())).status is TRY_LATER
        foreign.change = lambda der: b"<html>"
        assert (await proxy.answer(_forward())).status is TRY_LATER
        foreign.change = lambda der: der
        assert (await proxy.answer(_forward())).status is SUCCESSFUL
        assert len(foreign.requests) == 3

    _run(test)


def test_an_answer_of_an_unknown_certificate_is_passed_on_but_not_kept() -> None:
    """The CA may issue the certificate in the next minute."""

    async def test(foreign: _Foreign, proxy: ForeignResponders) -> None:
        for _ in range(2):
            answer = await proxy.answer(_forward(8))
            assert answer.status is SUCCESSFUL
            assert answer.freshness is None
        assert len(foreign.requests) == 2

    _run(test)


def test_unauthorized_is_unauthorized() -> None:
    """It is not kept, and no reason to leave the responder alone."""

    async def test(foreign: _Foreign, proxy: ForeignResponders) -> None:
        foreign.change = lambda _: bytes((0x30, 3, 0x0A, 1, 6))
        assert (await proxy.answer(_forward())).status is UNAUTHORIZED
        foreign.change = lambda der: der
        assert (await proxy.answer(_forward())).status is SUCCESSFUL

    _run(test)


def test_the_next_responder_is_asked_and_a_dead_one_is_left_alone() -> None:
    """A back-off begins only if the responder is away, not if a request is odd."""

    async def test(foreign: _Foreign, proxy: ForeignResponders) -> None:
        foreign.status = 503
        urls = (URL, SECOND_URL)
        assert (await proxy.answer(_forward(urls=urls))).status is TRY_LATER
        assert [each.url for each in foreign.requests] == [URL, SECOND_URL]
        foreign.status = 200
        assert (await proxy.answer(_forward(urls=urls))).status is TRY_LATER
        assert len(foreign.requests) == 2
        third = "http://third.example/"
        foreign.status = 400
        assert (await proxy.answer(_forward(9, (third,)))).status is TRY_LATER
        foreign.status = 200
        assert (await proxy.answer(_forward(7, (third,)))).status is SUCCESSFUL

    _run(test)


def test_open_exchanges_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A responder that hangs costs MAX_FORWARDED_REQUESTS tasks, not more."""
    monkeypatch.setattr(limits, "MAX_FORWARDED_REQUESTS", 2)

    async def test(foreign: _Foreign, proxy: ForeignResponders) -> None:
        foreign.open.clear()
        waiting = [
            asyncio.create_task(proxy.answer(_forward(serial))) for serial in (1, 2)
        ]
        await asyncio.sleep(0)
        busy = await proxy.answer(_forward(3))
        assert busy.status is TRY_LATER
        assert "too many" in busy.cause
        foreign.open.set()
        assert {(await each).status for each in waiting} == {SUCCESSFUL}

    _run(test)


def test_a_request_for_several_certificates_is_not_passed_on() -> None:
    """The answers of another responder cannot be joined to one."""
    ids = [CertID.for_serial(ca(), serial, hashes.SHA256()) for serial in (7, 8)]
    builder = ocsp.OCSPRequestBuilder(allow_multiple=True)
    for each in ids:
        builder = builder.add_certificate_by_id(each)
    der = builder.build().public_bytes(Encoding.DER)
    step = Responder([ForeignAuthority(ca(), [URL])]).receive(der, NOW)
    assert isinstance(step, Answer)
    assert step.status is UNAUTHORIZED
    assert step.forward is None


def test_a_foreign_authority_needs_a_url() -> None:
    """``repr`` shows its issuer."""
    with pytest.raises(ocsp.ConfigError, match="URL"):
        ForeignAuthority(ca(), [])
    shown = repr(ForeignAuthority(ca(), [URL]))
    assert shown == "<ForeignAuthority('CN=Test CA')>"


def test_the_signer_of_another_ca_is_not_accepted() -> None:
    """A responder that answers for the wrong CA is found out."""

    async def test(foreign: _Foreign, proxy: ForeignResponders) -> None:
        other = make("Foreign", "Foreign", end=END, extensions=DELEGATION)
        signer = KeySigner(key("Foreign"), other)

        def sign(_: bytes) -> bytes:
            cert_id = CertID.for_serial(ca(), 7, hashes.SHA256())
            builder = ocsp.OCSPResponseBuilder().add_response_by_id(
                cert_id, ocsp.OCSPCertStatus.GOOD, NOW, NOW + HOUR, None, None
            )
            encoding = ocsp.OCSPResponderEncoding.HASH
            builder = builder.responder_id(encoding, other).certificates([other])
            return builder.sign_with(signer).public_bytes(Encoding.DER)

        foreign.change = sign
        assert (await proxy.answer(_forward())).status is TRY_LATER

    _run(test)


def _refusal(status: OCSPResponseStatus) -> bytes:
    return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(
        Encoding.DER
    )


@pytest.mark.parametrize(
    ("sent", "failed"),
    [
        (None, False),
        (_refusal(UNAUTHORIZED), False),
        (_refusal(OCSPResponseStatus.MALFORMED_REQUEST), False),
        (_refusal(TRY_LATER), True),
        (b"garbage", True),
    ],
)
def test_the_last_exchange_with_a_responder_is_known(
    sent: bytes | None, *, failed: bool
) -> None:
    """What one odd request can cause is no failure of the responder."""

    async def test(foreign: _Foreign, proxy: ForeignResponders) -> None:
        foreign.change = lambda der: der if sent is None else sent
        await proxy.answer(_forward())
        (last,) = proxy.last.values()
        expected = LastExchange(failed=NOW) if failed else LastExchange(answered=NOW)
        assert last == expected
        foreign.now, foreign.change = NOW + HOUR, lambda der: der
        await proxy.answer(_forward(8))
        (last,) = proxy.last.values()
        assert last == expected._replace(answered=NOW + HOUR)

    _run(test)
