"""
The questions of a probe: the same one in every way that clients ask it.

RFC 6960 App. A (GET and POST), RFC 9919 §3.1.1 (SHA-256 and SHA-1), RFC 9654 (nonces).
"""

from __future__ import annotations

import enum
import itertools
import secrets
from collections.abc import Iterable
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.asn1.certificates import serial_of
from ocsp.http import REQUEST_TYPE, RESPONSE_TYPE, get_url
from ocsp.messages.certid import CertID
from ocsp.messages.requests.request import OCSPRequest
from ocsp.messages.requests.request_builder import OCSPRequestBuilder

__all__ = ["Asked", "HashName", "Method", "Question", "ask", "questions"]

NONCE_OCTETS = 32
"""The length of a nonce. RFC 9654 §2.1: clients should send at least 32 octets."""


class Method(enum.StrEnum):
    """How a request is sent."""

    GET = "GET"
    POST = "POST"


class HashName(enum.StrEnum):
    """The hash algorithm of a CertID."""

    SHA1 = "sha1"
    SHA256 = "sha256"


_ALGORITHMS: dict[HashName, hashes.HashAlgorithm] = {
    HashName.SHA1: hashes.SHA1(),
    HashName.SHA256: hashes.SHA256(),
}


class Question(NamedTuple):
    """One way to ask."""

    method: Method
    """How the request is sent."""

    hash_name: HashName
    """The hash algorithm of its CertID."""

    nonce: bool
    """Whether it has a nonce."""

    def __str__(self) -> str:
        nonce = " with a nonce" if self.nonce else ""
        return f"{self.method} {self.hash_name}{nonce}"


class Asked(NamedTuple):
    """A question, ready to be sent."""

    method: Method
    request: OCSPRequest
    nonce: bytes | None
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


def questions(
    methods: Iterable[Method] = Method,
    hash_names: Iterable[HashName] = HashName,
    nonces: Iterable[bool] = (False, True),
) -> tuple[Question, ...]:
    """
    Return each combination of the arguments once.

    Args:
        methods: How requests are sent.

        hash_names: The hash algorithms of their CertIDs.

        nonces: Whether they have a nonce.
    """
    combined = itertools.product(methods, hash_names, nonces)
    return tuple(dict.fromkeys(Question(*each) for each in combined))


def ask(
    question: Question,
    url: str,
    cert: x509.Certificate | CertID,
    issuer: x509.Certificate,
) -> Asked:
    """
    Return *question* about *cert* for the responder at *url*.

    Args:
        question: How to ask.

        url: The URL of the responder.

        cert: The certificate, or its CertID, of which only the serial number counts.

        issuer: The certificate of its issuer.
    """
    serial = cert.serial_number if isinstance(cert, CertID) else serial_of(cert)
    cert_id = CertID.for_serial(issuer, serial, _ALGORITHMS[question.hash_name])
    builder = OCSPRequestBuilder().add_certificate_by_id(cert_id)
    nonce = secrets.token_bytes(NONCE_OCTETS) if question.nonce else None
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    request = builder.build()
    der = request.public_bytes(Encoding.DER)
    accept = ("Accept", RESPONSE_TYPE)
    if question.method is Method.GET:
        return Asked(Method.GET, request, nonce, get_url(url, der), (accept,), b"")
    headers = (accept, ("Content-Type", REQUEST_TYPE))
    return Asked(Method.POST, request, nonce, url, headers, der)
