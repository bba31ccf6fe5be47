"""Load what a CA has issued, as objects that no cache has met."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from cryptography import x509

from bench.corpora import Kind, issued

__all__ = ["DISTINCT", "Case", "ca", "cases"]

DISTINCT = 2_000
"""Certificates of a corpus: more than a cache that forgets at 256 entries holds."""


class Case(NamedTuple):
    """
    A certificate and the response about it.

    Attributes:
        certificate: The certificate.

        response: The DER of the response.
    """

    certificate: x509.Certificate
    response: bytes


@cache
def ca(kind: Kind = Kind.P256) -> x509.Certificate:
    """Return the certificate of the CA, always the same object."""
    return x509.load_der_x509_certificate(issued(kind, 1).issuer)


def cases(kind: Kind = Kind.P256, count: int = DISTINCT) -> Iterator[Case]:
    """Return the first *count* certificates as new objects, with their responses."""
    for answer in issued(kind, count).answers:
        yield Case(x509.load_der_x509_certificate(answer.certificate), answer.response)
