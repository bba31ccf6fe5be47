"""Sources behind a request handler: a change is served at once, with the right times."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp import KeySigner, OCSPCertStatus, OCSPResponseStatus
from ocsp.process_clock import ProcessClock
from ocsp.responder import Authority, Responder, StatusSource
from ocsp.server import RequestHandler
from ocsp.status import CRLSource, IndexSource
from tests.crls import crl, entry
from tests.pki import BEGIN, END, NOW, ca, key, leaf
from tests.unit.status.contract import GOOD

CERTIFICATE = leaf(GOOD)
LAST = NOW + datetime.timedelta(days=2)
"""nextUpdate of the first CRL."""


class Clock:
    """The current time, which a test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def monotonic(self) -> float:
        """Return a time that goes as the other one."""
        return (self.now - NOW).total_seconds()


class Served:
    """A handler that answers from a source."""

    def __init__(self, source: StatusSource, clock: Clock) -> None:
        self.clock = clock
        authority = Authority(ca(), [KeySigner(key("Test CA"), ca())])
        self.handler = RequestHandler(
            Responder([authority]),
            source,
            clock=ProcessClock(lambda: clock.now, clock.monotonic),
        )

    def ask(self) -> ocsp.OCSPResponse:
        """Return the response of a poll later."""
        self.clock.now += datetime.timedelta(seconds=1)
        self.handler.refresh()
        builder = ocsp.OCSPRequestBuilder().add_certificate(
            CERTIFICATE, ca(), hashes.SHA256()
        )
        body = builder.build().public_bytes(Encoding.DER)
        reply = self.handler.handle("POST", b"/", body)
        return ocsp.load_der_ocsp_response(reply.body)  # type: ignore[union-attr]


def _line(kind: str, revoked: str = "") -> str:
    return f"{kind}\t301231235959Z\t{revoked}\t{GOOD:04X}\tunknown\t/CN=a\n"


def test_index_txt(tmp_path: Path) -> None:
    """An answer is kept in memory until the file changes."""
    path = tmp_path / "index.txt"
    path.write_text(_line("V"))
    served = Served(IndexSource(path, ca()), Clock())
    first = served.ask()
    assert first.certificate_status is OCSPCertStatus.GOOD
    assert served.ask() == first
    path.write_text(_line("R", "260601100000Z,keyCompromise"))
    assert served.ask().certificate_status is OCSPCertStatus.REVOKED
    path.unlink()
    assert served.ask().response_status is OCSPResponseStatus.TRY_LATER
    path.write_text("")
    assert served.ask().response_status is OCSPResponseStatus.UNAUTHORIZED


@pytest.mark.parametrize("revoked", [False, True])
def test_crl(tmp_path: Path, revoked: bool) -> None:
    """Answers have thisUpdate and nextUpdate of the CRL, and end with it."""
    (tmp_path / "issued").write_text(f"{GOOD:x}\n")
    path = tmp_path / "ca.crl"
    path.write_bytes(crl(*([entry(GOOD)] if revoked else []), end=LAST))
    clock = Clock()
    issued = tmp_path / "issued"
    served = Served(
        CRLSource(ca(), [path], issued=issued, now=lambda: clock.now), clock
    )
    response = served.ask()
    expected = OCSPCertStatus.REVOKED if revoked else OCSPCertStatus.GOOD
    assert response.certificate_status is expected
    assert response.this_update_utc == BEGIN
    assert response.next_update_utc is not None
    assert response.next_update_utc <= LAST
    clock.now = LAST - datetime.timedelta(seconds=10)
    near = served.ask()
    assert near.next_update_utc == LAST
    clock.now = LAST
    assert served.ask().response_status is OCSPResponseStatus.TRY_LATER
    path.write_bytes(crl(entry(GOOD), number=6, begin=LAST, end=END))
    assert served.ask().certificate_status is OCSPCertStatus.REVOKED
