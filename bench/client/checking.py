"""Measure checks that the client answers from memory, beside one signature check."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from bench.corpora import Kind, issued
from bench.corpora.certificates import MOMENT
from bench.measure import Action, Pair, Row, in_turn, side_by_side
from bench.signatures.material import DISTINCT, ca, cases
from ocsp.client import Environment, HTTPReply, HTTPRequest
from ocsp.http import RESPONSE_TYPE

__all__ = ["ENVIRONMENT", "Answers", "remembering", "rows"]

ENVIRONMENT = Environment(now=lambda: MOMENT)

PART = 200
"""Checks of one side before the other's turn."""

_ECDSA = ec.ECDSA(hashes.SHA256())


class Answers:
    """
    A transport that returns responses in their order, without a network.

    Attributes:
        sent: How many requests it answered.
    """

    def __init__(self, responses: Iterable[bytes]) -> None:
        self._responses: Iterator[bytes] = iter(responses)
        self.sent = 0

    def send(self, _: HTTPRequest) -> HTTPReply:
        """Return the next response; ``StopIteration`` shows that none was expected."""
        self.sent += 1
        headers = (("content-type", RESPONSE_TYPE),)
        return HTTPReply(status=200, headers=headers, body=next(self._responses))

    def close(self) -> None:
        """Do nothing: no connection is open."""


class Remembering(NamedTuple):
    """
    A client that has checked certificates.

    Attributes:
        client: The client.

        certificates: What it has checked; it has remembered all answers.
    """

    client: ocsp.Client
    certificates: list[x509.Certificate]


def remembering(count: int) -> Remembering:
    """Return a client that has checked *count* certificates."""
    known = list(cases(count=count))
    answers = Answers(case.response for case in known)
    client = ocsp.Client(transport=answers, environment=ENVIRONMENT)
    for case in known:
        client.check(case.certificate, ca()).require_good()
    return Remembering(client, [case.certificate for case in known])


def rows() -> list[Row]:
    """Return the rows of this group."""
    return [
        Row(
            group="check",
            what=f"from memory, {DISTINCT:,} certificates in turn",
            repeated="all certificates, in turn; the same objects",
            peer="bare P-256 verify",
            measure=partial(_in_turn, loaded_again=False),
            target=0.15,
        ),
        Row(
            group="check",
            what=f"from memory, {DISTINCT:,} certificates, loaded again",
            repeated="all certificates, in turn; each time a new object",
            peer="load and bare P-256 verify",
            measure=partial(_in_turn, loaded_again=True),
        ),
        Row(
            group="check",
            what="from memory, one certificate",
            repeated="one certificate, again and again",
            peer="bare P-256 verify",
            measure=_one,
            target=0.15,
        ),
    ]


def _in_turn(rounds: int, *, loaded_again: bool) -> Pair:
    client, certificates = remembering(DISTINCT)
    issuer, verify = ca(), _bare()
    if not loaded_again:
        return in_turn(
            certificates,
            lambda cert: client.check(cert, issuer),
            lambda _: verify(),
            rounds,
            part=PART,
        )
    encoded = [each.public_bytes(Encoding.DER) for each in certificates]
    load = x509.load_der_x509_certificate

    def loaded(der: bytes) -> None:
        load(der)
        verify()

    return in_turn(
        encoded,
        lambda der: client.check(load(der), issuer),
        loaded,
        rounds,
        part=PART,
    )


def _one(rounds: int) -> Pair:
    client, (cert,) = remembering(1)
    return side_by_side(lambda: client.check(cert, ca()), _bare(), rounds)


def _bare() -> Action:
    """Return an action that checks one signature of the CA."""
    private = issued(Kind.P256, 1).key
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    signature, public = private.sign(b"", _ECDSA), private.public_key()
    return lambda: public.verify(signature, b"", _ECDSA)
