"""Test the watch for the end of a signer: what it logs, and how often."""

from __future__ import annotations

import asyncio
import datetime
import logging
from collections.abc import MutableMapping
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp import CertID, KeySigner, OCSPResponseStatus
from ocsp.http import get_url
from ocsp.process_clock import ProcessClock
from ocsp.responder import Authority, IssuerKey, Responder, StatusQuery, StatusRecord
from ocsp.server import Application, RequestHandler
from ocsp.signers import SignerWatch
from ocsp.status import MemorySource
from tests.pki import DELEGATION, NOW, ca, key, make

HOUR = datetime.timedelta(hours=1)
DAY = 24 * HOUR
SERIAL = 7


class _Served:
    """An application whose signer ends at a given time, and its clock."""

    def __init__(self, begin: datetime.datetime, end: datetime.datetime) -> None:
        own = key("Test Responder")
        certificate = make(
            "Test Responder", "Test CA", begin=begin, end=end, extensions=DELEGATION
        )
        self.now = NOW
        self.responder = Responder([Authority(ca(), [KeySigner(own, certificate)])])
        self.handler = RequestHandler(
            self.responder,
            MemorySource({StatusQuery(IssuerKey.of(ca()), SERIAL): StatusRecord()}),
            clock=ProcessClock(lambda: self.now, self.monotonic),
        )
        self.application = Application(self.handler)

    @staticmethod
    def request() -> bytes:
        """Return a request for the certificate."""
        cert_id = CertID.for_serial(ca(), SERIAL, hashes.SHA256())
        request = ocsp.OCSPRequestBuilder().add_certificate_by_id(cert_id).build()
        return request.public_bytes(Encoding.DER)

    def monotonic(self) -> float:
        """Return the monotonic time."""
        return self.now.timestamp()

    def ask(self, now: datetime.datetime) -> tuple[ocsp.OCSPResponse, dict[str, str]]:
        """Return the response and the HTTP headers of an answer at *now*."""
        self.now = now
        path = get_url("", self.request())
        sent: list[MutableMapping[str, Any]] = []

        async def receive() -> MutableMapping[str, Any]:
            return {"type": "http.disconnect"}

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "GET", "path": path, "headers": []}
        asyncio.run(self.application(scope, receive, send))
        headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return ocsp.load_der_ocsp_response(sent[1]["body"]), headers


def _lines(caplog: pytest.LogCaptureFixture, level: int = logging.WARNING) -> list[str]:
    lines = [each.message for each in caplog.records if each.levelno == level]
    caplog.clear()
    return lines


def test_a_signer_that_ends_soon_is_logged_once_an_hour(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """From two weeks before its end, however many requests arrive."""
    served = _Served(NOW - 30 * DAY, NOW + 30 * DAY)
    for moment in (NOW, NOW + 15 * DAY):
        served.ask(moment)
    assert _lines(caplog) == []
    start = NOW + 16 * DAY
    for minutes in (0, 1, 59):
        served.ask(start + datetime.timedelta(minutes=minutes))
    (line,) = _lines(caplog)
    assert line.startswith("the certificate of the signer CN=Test Responder ends at")
    served.ask(start + HOUR)
    assert len(_lines(caplog)) == 1


def test_a_wrong_clock_silences_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    """It was years ahead, and is right again."""
    served, watch = _Served(NOW - 30 * DAY, NOW + 30 * DAY), SignerWatch()
    for now, level, words in (
        (NOW + 9999 * DAY, logging.ERROR, "no signer's certificate is valid"),
        (NOW + 16 * DAY, logging.WARNING, "ends at"),
    ):
        watch.look(served.responder.receive(served.request(), now), now)
        (line,) = _lines(caplog, level)
        assert words in line


def test_a_signer_with_a_short_life_is_logged_in_its_last_quarter(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A CA that issues one for two days issues the next one in time."""
    served = _Served(NOW, NOW + 2 * DAY)
    served.ask(NOW + 35 * HOUR)
    assert _lines(caplog) == []
    served.ask(NOW + 36 * HOUR)
    assert len(_lines(caplog)) == 1


def test_the_time_of_the_warnings_is_that_of_the_configuration(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A handler warns as early as its service says."""
    served = _Served(NOW - 300 * DAY, NOW + 30 * DAY)
    served.handler.watch = SignerWatch(31 * DAY)
    served.ask(NOW)
    assert len(_lines(caplog)) == 1


def test_after_the_end_clients_get_try_later(caplog: pytest.LogCaptureFixture) -> None:
    """Not a response that they would reject; and no cache keeps it."""
    served = _Served(NOW - DAY, NOW + HOUR)
    response, _ = served.ask(NOW + HOUR - datetime.timedelta(seconds=1))
    assert response.response_status is OCSPResponseStatus.SUCCESSFUL
    assert response.next_update_utc == NOW + HOUR
    _lines(caplog)
    response, headers = served.ask(NOW + 3 * HOUR)
    assert response.response_status is OCSPResponseStatus.TRY_LATER
    assert headers["cache-control"] == "no-store"
    (line,) = _lines(caplog, logging.ERROR)
    assert line.startswith("clients get tryLater: no signer's certificate is valid at")
    served.ask(NOW + 3.5 * HOUR)
    assert _lines(caplog, logging.ERROR) == []


def test_caches_keep_no_answer_longer_than_its_signer() -> None:
    """Neither max-age nor Expires passes the end of the certificate."""
    served = _Served(NOW - DAY, NOW + HOUR)
    response, headers = served.ask(NOW)
    assert response.next_update_utc == NOW + HOUR
    assert headers["expires"] == "Wed, 01 Jul 2026 13:00:00 GMT"
    assert headers["cache-control"].startswith("max-age=3599,")
