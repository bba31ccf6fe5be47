"""
Certificates of one CA and responses about them, with real signatures.

No certificate and no response occurs twice: each certificate has another serial number,
name and key.
"""

from __future__ import annotations

import datetime
import random
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import NamedTuple

from bench.corpora import certificates
from bench.corpora.certificates import MOMENT
from bench.corpora.issuing import Issuer, public_key
from bench.corpora.keys import PrivateKey, ec_key, rsa_key

__all__ = [
    "FIRST_OF_CHAIN",
    "Answer",
    "Issued",
    "Kind",
    "about_many",
    "chain",
    "issued",
    "with_decoys",
]


class Kind(Enum):
    """Who signs the responses, and what they say."""

    P256 = "P-256"
    RSA = "RSA"
    REVOKED = "revoked"
    DELEGATED = "delegated"


class Answer(NamedTuple):
    """
    A certificate and what the responder says about it.

    Attributes:
        certificate: The DER of the certificate.

        response: The DER of the response.
    """

    certificate: bytes
    response: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """
    What one CA has issued.

    Attributes:
        key: The key of the CA.

        issuer: The DER of its certificate.

        answers: The certificates, with a response for each.
    """

    key: PrivateKey
    issuer: bytes
    answers: tuple[Answer, ...]


@cache
def _ca(kind: Kind) -> Issuer:
    key = rsa_key("CA") if kind is Kind.RSA else ec_key("CA")
    return Issuer(certificates.name("Bench CA", "Bench"), key)


@cache
def issued(kind: Kind, count: int) -> Issued:
    """Return *count* certificates of a CA, with responses of *kind*."""
    chosen, ca = random.Random(kind.value), _ca(kind)
    answers = tuple(_answer(chosen, kind, ca, number) for number in range(count))
    return Issued(key=ca.key, issuer=ca.certify_ca(ca, 1), answers=answers)


def _answer(chosen: random.Random, kind: Kind, ca: Issuer, number: int) -> Answer:
    serial = chosen.getrandbits(126) | 1 << 126
    own = public_key(ec_key(f"leaf {number}"))
    leaf = ca.certify_leaf(f"host{number}.example", own, serial)
    this_update = MOMENT - datetime.timedelta(seconds=chosen.randrange(1, 86_400))
    revoked = this_update - datetime.timedelta(days=3)
    entry = ca.entry(serial, this_update, revoked if kind is Kind.REVOKED else None)
    if kind is not Kind.DELEGATED:
        return Answer(leaf, ca.respond([entry]))
    delegate = _delegate(number)
    certificate = ca.certify_delegate(delegate, 1 << 64 | number)
    return Answer(leaf, delegate.respond([entry], (certificate,)))


def _delegate(number: int) -> Issuer:
    key = ec_key(f"delegate {number}")
    return Issuer(certificates.name(f"OCSP {number}", "Bench"), key)


# --- one response that grows -----------------------------------------------------


def about_many(entries: int) -> Answer:
    """Return a certificate and a response about it and others: so many *entries*."""
    chosen, ca = random.Random(f"{entries}"), _ca(Kind.P256)
    serials = [chosen.getrandbits(126) | 1 << 126 for _ in range(entries)]
    leaf = ca.certify_leaf("host.example", public_key(ec_key("leaf 0")), serials[-1])
    return Answer(leaf, ca.respond([ca.entry(each, MOMENT) for each in serials]))


def with_decoys(decoys: int) -> Answer:
    """
    Return a certificate and a response with *decoys* after the signer's certificate.

    The decoys are certificates of other delegates of the same CA.
    """
    ca = _ca(Kind.P256)
    leaf = ca.certify_leaf("host.example", public_key(ec_key("leaf 0")), 1 << 126)
    certs = [
        ca.certify_delegate(_delegate(number), 1 << 64 | number)
        for number in range(decoys + 1)
    ]
    entry = ca.entry(1 << 126, MOMENT)
    return Answer(leaf, _delegate(0).respond([entry], tuple(certs)))


FIRST_OF_CHAIN = 1 << 126
"""The serial number of the first certificate of a chain; the next ones follow."""


def chain(length: int) -> tuple[list[bytes], list[bytes]]:
    """
    Return a chain and the responses about its certificates.

    Each certificate is issued by the next one. The last one, the trust anchor, is one
    more than *length*, and has no response.
    """
    issuers = [
        Issuer(certificates.name(f"Chain CA {number}", "Bench"), ec_key(f"CA {number}"))
        for number in range(length)
    ]
    own = public_key(ec_key("leaf 0"))
    chained = [issuers[0].certify_leaf("host.example", own, FIRST_OF_CHAIN)]
    chained += [
        issuer.certify_ca(subject, FIRST_OF_CHAIN | number)
        for number, (subject, issuer) in enumerate(
            zip(issuers, [*issuers[1:], issuers[-1]], strict=True), 1
        )
    ]
    responses = [
        issuer.respond([issuer.entry(FIRST_OF_CHAIN | number, MOMENT)])
        for number, issuer in enumerate(issuers)
    ]
    return chained, responses
