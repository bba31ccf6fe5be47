"""Many requests, in many encodings: the short way gives each what the full way gives."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any, NamedTuple

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from ocsp.http import Conditions, HTTPAnswer, get_url
from ocsp.http import Connection as ConnectionHeader
from ocsp.metrics import Metrics, Totals
from ocsp.metrics.table import CERT_IDS, HTTP_REQUESTS, RESPONSES
from ocsp.responder import (
    Authority,
    CertIDForm,
    LookupResult,
    Responder,
    StatusQuery,
    StatusRecord,
    StoredAnswer,
)
from ocsp.server import RequestHandler
from ocsp.server.plain_requests import PlainRequests
from tests.pki import ca, delegate_signer
from tests.unit.server.scene import HOUR, START, Clock, request
from tests.unit.server.test_usable_answers import Store

NOW = int(START.timestamp())


class _Signer:
    """Signs the same with the same octets, so that both ways can be compared."""

    local = True
    certificate = delegate_signer().certificate
    algorithm_identifier = delegate_signer().algorithm_identifier

    def sign(self, data: bytes) -> bytes:
        """Return a hash in place of a signature."""
        return hashlib.sha256(data).digest()


SIGNER = hashlib.sha256(_Signer.certificate.public_bytes(Encoding.DER)).digest()


class _Store(Store):
    """A store whose answers say which certificate and form was looked up."""

    def look_up_with_answer(
        self, query: StatusQuery, form: CertIDForm
    ) -> LookupResult | None:
        """Return the same about each certificate with an even number."""
        if self.found is None or query.serial_number % 2:
            return None
        answer = StoredAnswer(
            1, SIGNER, NOW + 2, NOW - 100, NOW + 30, repr((query, form)).encode(), b"s"
        )
        return self.found._replace(stored=answer)


class _Asked(NamedTuple):
    """A request, and how many seconds after the one before it comes."""

    method: str
    der: bytes
    path: str
    conditions: Conditions | None
    seconds: float


class _Node:
    """A handler that takes the short way where it can, or never."""

    def __init__(self, record: StatusRecord, *, is_short: bool) -> None:
        self.is_short = is_short
        self.clock = Clock()
        self.totals = Totals()
        self.metrics = Metrics(self.totals.add)
        self.handler = RequestHandler(
            Responder([Authority(ca(), [_Signer()])]),
            _Store(LookupResult(record, 1, None)),
            clock=self.clock.of_process(),
            metrics=self.metrics,
        )

    def ask(self, asked: _Asked) -> Any:
        """Return the reply, as octets if it has no other form."""
        self.clock.advance(asked.seconds)
        if not self.is_short:
            self.handler._backend._plain = PlainRequests()
        target = get_url(asked.path, asked.der).encode()
        reply: Any = self.handler.handle(
            asked.method, target, asked.der, asked.conditions
        )
        if isinstance(reply, HTTPAnswer):
            return reply
        return reply.octets(self.handler.moment, ConnectionHeader.DEFAULT)

    def counted(self) -> list[Any]:
        """Return what has been counted, without where the answers were."""
        self.metrics.flush()
        counted = (HTTP_REQUESTS, RESPONSES, CERT_IDS)
        return [self.totals.counters(each) for each in counted]


EDGES = [0x00, 0x02, 0x7E, 0x80, 0xFE, 0xFF]
"""Octets at which the encoding or the sign of a serial number changes."""


@st.composite
def _requests(draw: st.DrawFn) -> bytes:
    """Return a request of a usual form, of which an octet may be another one."""
    serial = 0x1200 + draw(st.sampled_from(EDGES))
    nonce = draw(st.sampled_from([None, None, None, bytes(16), bytes(33)]))
    der = bytearray(request(serial, nonce=nonce))
    match draw(st.sampled_from(["usual", "SHA-1", "serial number", "any"])):
        case "SHA-1":
            return request(serial, algorithm=hashes.SHA1())
        case "serial number":
            place = der.index(serial.to_bytes(2)) + draw(st.integers(0, 1))
            der[place] = draw(st.sampled_from(EDGES))
        case "any":
            der[draw(st.integers(0, len(der) - 1))] = draw(st.integers(0, 255))
    return bytes(der)


ASKED = st.builds(
    _Asked,
    st.sampled_from(["GET", "POST", "POST", "HEAD", "PUT"]),
    _requests(),
    st.sampled_from(["", "/", "/ocsp"]),
    st.sampled_from([None, None, None, Conditions(if_none_match="*")]),
    st.sampled_from([0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 25.0]),
)


@given(
    record=st.sampled_from([StatusRecord(), StatusRecord.revoked(START - HOUR)]),
    asked=st.lists(ASKED, min_size=10, max_size=20),
)
def test_many_requests_get_the_same(record: StatusRecord, asked: list[_Asked]) -> None:
    """In each second until the answers end, with the same counts."""

    async def main() -> None:
        nodes = [_Node(record, is_short=is_short) for is_short in (True, False)]
        for each in asked:
            short, full = (node.ask(each) for node in nodes)
            assert short == full
        short, full = (node.counted() for node in nodes)
        assert short == full
        for node in nodes:
            await node.handler.close()

    asyncio.run(main())
