"""A check that is answered from memory says what a check of the cache would say."""

from __future__ import annotations

import datetime
from functools import cache
from typing import Any
from unittest import mock

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

import ocsp
from ocsp import OCSPCertStatus
from ocsp.client import HTTPReply, HTTPRequest, MemoryCache, Options, Outcome, SendNonce
from tests.pki import NOW, ca, make
from tests.unit.client.scene import (
    HOUR,
    A,
    Clock,
    Script,
    asked_for,
    certificate,
    reply,
    response,
)

GOOD, REVOKED = OCSPCertStatus.GOOD, OCSPCertStatus.REVOKED
SERIALS = 0x1F2E, 0x1F2F


@cache
def _certificates() -> tuple[bytes, ...]:
    """Return two certificates, and one with the signature of the first."""
    first, second = (certificate(A, serial=each) for each in SERIALS)
    der = first.public_bytes(Encoding.DER)
    twin = der.replace(b"leaf-1f2e", b"leaf-0000")
    assert twin != der
    return der, second.public_bytes(Encoding.DER), twin


@cache
def _issuers() -> tuple[x509.Certificate, ...]:
    """Return the CA, and another certificate with its name and key."""
    constraints = x509.BasicConstraints(ca=True, path_length=None)
    other = make("Test CA", "Test CA", serial=99, extensions=[constraints])
    return ca(), other


class _Side:
    """A client, its clock, and a responder that knows what is revoked."""

    def __init__(self, *, recalls: bool) -> None:
        self.clock = Clock()
        self.revoked: set[int] = set()
        self.cache = MemoryCache()
        self.script = Script({A: [self._answer]})
        self.client = ocsp.Client(
            Options(nonce=SendNonce.NEVER),
            cache=self.cache,
            transport=self.script,
            environment=self.clock.environment(),
        )
        self.objects: dict[object, x509.Certificate] = {}
        if not recalls:
            core: Any = self.client._core
            core.recall_cached = lambda *_: None

    def _answer(self, request: HTTPRequest) -> HTTPReply:
        serial = next(iter(asked_for(request).requests)).serial_number
        return reply(self._response(serial))

    def _response(self, serial: int) -> bytes:
        now = self.clock.now().replace(microsecond=0)
        status = REVOKED if serial in self.revoked else GOOD
        return response(status, serial=serial, begin=now, end=now + 24 * HOUR)

    def check(self, which: int, issuer: int, fresh: bool, nonce: Any) -> Outcome:
        """Check a certificate: an object that was used before, or a new one."""
        if fresh or which not in self.objects:
            der = _certificates()[which]
            self.objects[which] = x509.load_der_x509_certificate(der)
        chosen = _issuers()[issuer]
        return self.client.check(self.objects[which], chosen, nonce=nonce)

    def wait(self, hours: float) -> None:
        """Let time pass."""
        self.clock.seconds += hours * 3600

    def discard(self, which: int) -> None:
        """Remove what the cache knows."""
        cert = x509.load_der_x509_certificate(_certificates()[which])
        self.cache.discard(_cert_id(cert))

    def note(self, which: int) -> None:
        """Let another client see a revocation that the cache does not keep."""
        cert = x509.load_der_x509_certificate(_certificates()[which])
        serial = cert.serial_number
        self.revoked.add(serial)
        found = ocsp.verify(self._response(serial), cert, ca(), at=self.clock.now())
        self.cache.note(found)


def _cert_id(cert: x509.Certificate) -> ocsp.CertID:
    return ocsp.CertID.for_certificate(cert, ca(), hashes.SHA256())


which = st.integers(0, 2)
events = st.one_of(
    st.tuples(
        st.just("check"),
        which,
        st.sampled_from([0, 0, 0, 1]),
        st.booleans(),
        st.sampled_from([None, None, None, SendNonce.ALWAYS]),
    ),
    st.tuples(st.just("wait"), st.sampled_from([0.0, 1.0, 17.0, 19.0, 23.9, 24.0])),
    st.tuples(st.just("discard"), which),
    st.tuples(st.just("note"), which),
)


def _seen(outcome: Outcome) -> tuple[object, ...]:
    evidence = outcome.evidence
    return (
        outcome.status,
        outcome.source,
        outcome.reason,
        outcome.certificate,
        outcome.issuer,
        len(outcome.attempts),
        evidence and evidence.response,  # type: ignore[union-attr]
        evidence and evidence.at,
        outcome.known,
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(events, min_size=4, max_size=14))
def test_recalled_checks_say_what_all_others_say(steps: list[tuple[Any, ...]]) -> None:
    """The same statuses, sources and requests, whatever happens in between."""
    one, other = _Side(recalls=True), _Side(recalls=False)
    for name, *arguments in steps:
        found = getattr(one, name)(*arguments)
        expected = getattr(other, name)(*arguments)
        if isinstance(found, Outcome):
            assert _seen(found) == _seen(expected)
        assert len(one.script.sent) == len(other.script.sent)


def test_a_recalled_check_reads_no_certificate() -> None:
    """Also for a new object: its signature finds what is known about it."""
    side = _Side(recalls=True)
    first = side.check(0, 0, True, None)
    with mock.patch(
        "ocsp.asn1.certificates.CertificateParts", side_effect=AssertionError
    ):
        again = side.check(0, 0, True, None)
    assert again.evidence is first.evidence
    assert again.certificate is not first.certificate
    assert len(side.script.sent) == 1


def test_a_certificate_with_the_signature_of_another_is_asked_for() -> None:
    """The signature finds what is kept; the whole certificates decide."""
    side = _Side(recalls=True)
    kept = side.check(0, 0, True, None)
    twin = side.check(2, 0, True, None)
    assert twin.certificate.signature == kept.certificate.signature
    assert twin.evidence is not None
    assert twin.evidence is not kept.evidence
    assert twin.evidence._judgement.cert == twin.certificate  # type: ignore[union-attr]
    assert datetime.timedelta(0) == twin.evidence.at - NOW
