"""No evidence, no connection: mutated answers let no revoked server pass."""

from __future__ import annotations

import contextlib
import random
import ssl

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp.client import AddressPolicy, HTTPReply, HTTPRequest, Options
from ocsp.testing import Identity, build_answer
from ocsp.tls import RevocationRefused, protect
from tests.integration.tls_protection.scene import NAME, Scene
from tests.mutators.messages import mutate

__all__ = ["refuse_mutated_answers"]


class _Fixed:
    """A transport that always returns the same answer."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def send(self, _: HTTPRequest) -> HTTPReply:
        headers = (("content-type", "application/ocsp-response"),)
        return HTTPReply(status=200, headers=headers, body=self._body)

    def close(self) -> None:
        """Do nothing: no connection is open."""


def _answer(scene: Scene, identity: Identity) -> bytes:
    builder = ocsp.OCSPRequestBuilder().add_certificate(
        identity.certificate, identity.issuer, hashes.SHA256()
    )
    return build_answer(scene.pki, builder.build().public_bytes(Encoding.DER)).der


def _connect(context: ssl.SSLContext, server: ssl.SSLContext) -> ssl.SSLObject:
    """Shake hands in memory, and return the side of the client."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(to_client, to_server, server_hostname=NAME)
    other = server.wrap_bio(to_server, to_client, server_side=True)
    for side in (client, other, client):
        with contextlib.suppress(ssl.SSLWantReadError):
            side.do_handshake()
    return client


def _context(scene: Scene, answer: bytes) -> ssl.SSLContext:
    """Return a protected context whose client always gets *answer*."""
    options = Options(address_policy=AddressPolicy.PRIVATE_TOO, retries=0)
    context = scene.client_context()
    protect(context, ocsp.Client(options, transport=_Fixed(answer)))
    return context


def refuse_mutated_answers(scene: Scene, count: int) -> None:
    """Try to connect to a revoked server with *count* mutated answers about it."""
    rng = random.Random(8)
    revoked, good = scene.revoked(), scene.good()
    answers = _answer(scene, revoked), _answer(scene, good)
    server = scene.server_context(revoked)
    for number in range(count):
        _, mutated = mutate(rng, *(answers if number % 2 else answers[::-1]))
        context = _context(scene, mutated)
        with pytest.raises(RevocationRefused):
            _connect(context, server)


def test_no_mutated_answer_lets_a_revoked_server_pass(scene: Scene) -> None:
    """Those about it, and those that say *good* about another; more in `make soak`."""
    refuse_mutated_answers(scene, 60)


def test_answers_that_are_not_mutated_count(scene: Scene) -> None:
    """Otherwise the test above would prove nothing."""
    good, revoked = scene.good(), scene.revoked()
    context = _context(scene, _answer(scene, good))
    assert _connect(context, scene.server_context(good)).version() is not None
    context = _context(scene, _answer(scene, revoked))
    with pytest.raises(RevocationRefused, match="revoked"):
        _connect(context, scene.server_context(revoked))
