"""
The examination of one responder: what all checks share.

It begins with a probe: the ordinary question in every way that clients ask it. Many
checks only look at those answers; the others send requests of their own.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.asn1.certificates import serial_of
from ocsp.client import HTTPReply
from ocsp.conformance.connection import Connection, Endpoint, http_octets
from ocsp.errors import DecodeError, VerificationError
from ocsp.http import REQUEST_TYPE, RESPONSE_TYPE, get_url
from ocsp.linting import LintFinding, Profile, lint_response
from ocsp.messages.certid import CertID
from ocsp.messages.requests.request import OCSPRequest
from ocsp.messages.requests.request_builder import OCSPRequestBuilder
from ocsp.messages.responses.response import OCSPResponse, load_received_response
from ocsp.messages.statuses import OCSPResponseStatus
from ocsp.probing import HashName, Method, ProbeAnswer, ProbeReport
from ocsp.verification import NonceCheck, Policy, VerifiedResponse, verify

__all__ = [
    "CLOSE",
    "POST_TYPE",
    "ConformanceSettings",
    "Examination",
    "Received",
    "der_of",
]

Headers = tuple[tuple[str, str], ...]

CLOSE = ("Connection", "close")
POST_TYPE = ("Content-Type", REQUEST_TYPE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConformanceSettings:
    """How an examination asks and judges."""

    policy: Policy = field(default_factory=lambda: Policy(nonce=NonceCheck.IF_PRESENT))
    """What an answer must satisfy to count as verified."""

    responders: tuple[x509.Certificate, ...] = ()
    """Certificates of responders to trust, besides the issuer and its delegates."""

    candidates: tuple[x509.Certificate, ...] = ()
    """Certificates that may be the signer's; not trusted."""

    timeout: float = 10.0
    """Seconds for each request."""

    pause: float = 0.2
    """Seconds between the parts of a request that is sent slowly."""


@dataclass(frozen=True, slots=True)
class Received:
    """
    A reply to a request of a check.

    Attributes:
        reply: The reply.

        at: When it was received.
    """

    reply: HTTPReply
    at: datetime.datetime

    @property
    def is_for_clients(self) -> bool:
        """Whether clients read the content: HTTP 200, and the right media type."""
        media_type = self.reply.header("content-type").partition(";")[0].strip()
        return self.reply.status == 200 and media_type.lower() == RESPONSE_TYPE

    @property
    def response(self) -> OCSPResponse | None:
        """The OCSP response; ``None`` without one, or if it cannot be decoded."""
        if not self.is_for_clients:
            return None
        try:
            return load_received_response(self.reply.body)
        except DecodeError:
            return None

    @property
    def status(self) -> OCSPResponseStatus | None:
        """The status of the OCSP response; ``None`` without one."""
        response = self.response
        return None if response is None else response.response_status

    @property
    def directives(self) -> frozenset[str]:
        """The directives of Cache-Control, in lower case."""
        listed = self.reply.header("cache-control").lower().split(",")
        return frozenset(each.strip() for each in listed if each.strip())

    def __str__(self) -> str:
        status = self.status
        if status is not None:
            words = status.name.lower().replace("_", " ")
            return f"HTTP {self.reply.status}, {words}"
        media_type = self.reply.header("content-type")[:40] or "no media type"
        return f"HTTP {self.reply.status}, {media_type}"


@dataclass(frozen=True, slots=True)
class Examination:
    """
    The examination of one responder.

    Attributes:
        endpoint: Where it is.

        cert: The certificate that ordinary requests are about, or its CertID.

        issuer: Its issuer.

        settings: How to ask and judge.

        report: The answers to the ordinary requests.

        now: Returns the current time.
    """

    endpoint: Endpoint
    cert: x509.Certificate | CertID
    issuer: x509.Certificate
    settings: ConformanceSettings
    report: ProbeReport
    now: Callable[[], datetime.datetime]

    # --- the ordinary answers ---------------------------------------------------------

    def answers(
        self, method: Method | None = None, *, nonce: bool | None = None
    ) -> Iterator[ProbeAnswer]:
        """Return the ordinary answers, all or those of one kind."""
        for each in self.report.answers:
            if method in {None, each.question.method} and nonce in {
                None,
                each.question.nonce,
            }:
                yield each

    @property
    def is_answered(self) -> bool:
        """Whether any ordinary request got an HTTP reply."""
        return any(each.http_status is not None for each in self.report.answers)

    @property
    def algorithm(self) -> hashes.HashAlgorithm:
        """A hash algorithm for CertIDs that the responder knows."""
        verified = {each.question.hash_name for each in self.answers() if each.evidence}
        is_old = verified == {HashName.SHA1}
        return hashes.SHA1() if is_old else hashes.SHA256()

    # --- requests ---------------------------------------------------------------------

    @property
    def serial_number(self) -> int:
        """The serial number of the certificate."""
        cert = self.cert
        return cert.serial_number if isinstance(cert, CertID) else serial_of(cert)

    def cert_id(self, algorithm: hashes.HashAlgorithm | None = None) -> CertID:
        """Return the CertID of the certificate."""
        chosen = algorithm or self.algorithm
        return CertID.for_serial(self.issuer, self.serial_number, chosen)

    def builder(self) -> OCSPRequestBuilder:
        """Return a builder of a request about the certificate."""
        return OCSPRequestBuilder().add_certificate_by_id(self.cert_id())

    def post(self, der: bytes, *headers: tuple[str, str]) -> Received:
        """Send *der* in a POST; *headers* replace that with the media type."""
        length = ("Content-Length", str(len(der)))
        described = headers or (POST_TYPE,)
        return self.exchange("POST", self.endpoint.target, (*described, length), der)

    def get(self, der: bytes, *headers: tuple[str, str]) -> Received:
        """Send *der* in a GET."""
        return self.exchange("GET", self.get_target(der), headers)

    def get_target(self, der: bytes) -> str:
        """Return the target of a GET."""
        return get_url(self.endpoint.target, der)

    def exchange(
        self, method: str, target: str, headers: Headers = (), body: bytes = b""
    ) -> Received:
        """Send one request over a connection of its own, and return the reply."""
        octets = self.octets(f"{method} {target} HTTP/1.1", (*headers, CLOSE), body)
        with self.connect() as connection:
            connection.send(octets)
            return self.received(connection.receive())

    def octets(self, start: str, headers: Headers, body: bytes = b"") -> bytes:
        """Return an HTTP request; see :func:`http_octets`."""
        return http_octets(start, self.endpoint.authority, headers, body)

    def connect(self) -> Connection:
        """Return a new connection."""
        return self.endpoint.connect(self.settings.timeout)

    def received(self, reply: HTTPReply) -> Received:
        """Return *reply* with the current time."""
        return Received(reply, self.now())

    def pause(self) -> None:
        """Wait between two parts of a request."""
        time.sleep(self.settings.pause)

    # --- judging replies --------------------------------------------------------------

    def verify(
        self, received: Received, nonce: bytes | None = None
    ) -> VerifiedResponse | VerificationError:
        """Verify the response in *received*, for the certificate."""
        try:
            return verify(
                received.reply.body,
                self.cert,
                self.issuer,
                at=received.at,
                nonce=nonce,
                responders=self.settings.responders,
                candidates=self.settings.candidates,
                policy=self.settings.policy,
            )
        except VerificationError as error:
            return error

    def lint(
        self, received: Received, request: OCSPRequest | None = None
    ) -> tuple[LintFinding, ...]:
        """Return the findings of the linter in *received*."""
        return lint_response(
            received.reply.body,
            issuer=self.issuer,
            request=request,
            at=received.at,
            profile=Profile.RFC9919,
        ).findings


def der_of(request: OCSPRequest) -> bytes:
    """Return *request* in DER."""
    return request.public_bytes(Encoding.DER)
