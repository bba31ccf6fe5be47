"""What one check does, and that it does it once."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp import KeySigner
from ocsp.asn1 import certificates
from ocsp.client import CheckStatus
from ocsp.client.memory import sizes
from ocsp.messages import certid
from ocsp.verification import evidence
from tests.compiled import needs_sources
from tests.pki import ca, key
from tests.unit.client.scene import A, Play, certificate, reply, response

COUNTED = [
    (certificates, "_read", "a certificate is read"),
    (evidence, "Newness", "how new the answer is"),
    (sizes, "_of_judgement", "how much memory the answer takes"),
    (certid, "digest", "a hash of the issuer"),
]


@pytest.fixture(name="count")
def _count(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count the calls of functions that a check needs once."""
    calls: Counter[str] = Counter()

    def counted(function: Any, what: str) -> Any:
        def call(*arguments: Any) -> Any:
            calls[what] += 1
            return function(*arguments)

        return call

    for module, name, what in COUNTED:
        monkeypatch.setattr(module, name, counted(getattr(module, name), what))
    return calls


def _loaded(serial: int) -> x509.Certificate:
    """Return a certificate that no cache has met."""
    made = certificate(A, serial=serial)
    return x509.load_der_x509_certificate(made.public_bytes(Encoding.DER))


@needs_sources
def test_a_check_does_everything_once(count: Counter[str]) -> None:
    """Another certificate of the same CA, of which the client knows nothing."""
    replies = [
        reply(response(serial=serial, signer=KeySigner(key("Test CA"), ca())))
        for serial in (0x51, 0x52)
    ]
    play = Play("threads", {A: replies})
    first, second = _loaded(0x51), _loaded(0x52)
    assert play.check(first, ca()).status is CheckStatus.GOOD
    count.clear()
    assert play.check(second, ca()).status is CheckStatus.GOOD
    assert count == {
        "a certificate is read": 1,
        "how new the answer is": 1,
        "how much memory the answer takes": 1,
    }
