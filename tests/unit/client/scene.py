"""
Helpers for the tests of the client: a clock, scripted responders, both drivers.

Nothing waits and nothing is sent: a pause moves the clock, and a responder is a list of
replies.
"""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID as Access

import ocsp
from ocsp import OCSPCertStatus, OCSPResponderEncoding
from ocsp.client import (
    Cache,
    Environment,
    HTTPReply,
    HTTPRequest,
    Options,
    Outcome,
    SendNonce,
)
from ocsp.client.core import ChainCheck, Core
from ocsp.client.engine import tasks, threads
from ocsp.client.engine.effects import Flow
from tests.pki import NOW, ca, delegate_signer, make

HOUR = datetime.timedelta(hours=1)
A, B, C = "http://a.example", "http://b.example/ocsp", "http://c.example/x/"
SERIAL = 0x1F2E

Reply = HTTPReply | Exception | Callable[[HTTPRequest], HTTPReply]


class Clock:
    """A clock that only pauses and tests move."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.pauses: list[float] = []

    def now(self) -> datetime.datetime:
        """Return the time."""
        return NOW + datetime.timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        """Return the seconds since the start."""
        return self.seconds

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.pauses.append(seconds)
        self.seconds += seconds

    async def sleep_meanwhile(self, seconds: float) -> None:
        """Let time pass."""
        self.sleep(seconds)

    def environment(self) -> Environment:
        """Return an environment with this clock and without randomness."""
        return Environment(
            now=self.now,
            monotonic=self.monotonic,
            fraction=lambda: 0.0,
            octets=lambda count: bytes(range(count)),
        )


@dataclass
class Script:
    """A transport that returns given replies in order, the last one again and again."""

    replies: dict[str, list[Reply]]
    sent: list[HTTPRequest] = field(default_factory=list)
    takes: float = 0.0
    clock: Clock | None = None

    def send(self, request: HTTPRequest) -> HTTPReply:
        """Return or raise the next reply."""
        self.sent.append(request)
        if self.clock is not None:
            self.clock.seconds += self.takes
        key = max((url for url in self.replies if request.url.startswith(url)), key=len)
        queue = self.replies[key]
        reply = queue.pop(0) if len(queue) > 1 else queue[0]
        if isinstance(reply, Exception):
            raise reply
        answer = reply if isinstance(reply, HTTPReply) else reply(request)
        if request.save_to is None:
            return answer
        request.save_to.seek(0)
        request.save_to.truncate()
        request.save_to.write(answer.body)
        return replace(answer, body=b"")

    def close(self) -> None:
        """Do nothing: no connection is open."""

    @property
    def hosts(self) -> list[str]:
        """The first letters of the hosts of the requests, in order."""
        return [request.url[len("http://")] for request in self.sent]


@dataclass
class AsyncScript:
    """A :class:`Script` as a transport for tasks."""

    script: Script

    async def send(self, request: HTTPRequest) -> HTTPReply:
        """Return or raise the next reply."""
        await asyncio.sleep(0)
        return self.script.send(request)

    async def aclose(self) -> None:
        """Do nothing: no connection is open."""


class Play:
    """A client with a scripted transport, driven by threads or by tasks."""

    def __init__(
        self,
        driver: str,
        replies: dict[str, Sequence[Reply]],
        options: Options | None = None,
        cache: Cache | None = None,
    ) -> None:
        self.driver = driver
        self.clock = Clock()
        self.script = Script({url: list(each) for url, each in replies.items()})
        self.script.clock = self.clock
        self.core = Core(options or Options(), cache, self.clock.environment())

    def run(self, flow: Flow[Any]) -> Any:
        """Run *flow* and return its result."""
        if self.driver == "threads":
            return threads.drive(flow, lambda: self.script, self.clock.sleep)
        transport = AsyncScript(self.script)
        return asyncio.run(
            tasks.drive(flow, lambda: transport, self.clock.sleep_meanwhile)
        )

    def check(
        self,
        cert: x509.Certificate | None = None,
        issuer: x509.Certificate | str | None = "the CA",
        *,
        url: str | list[str] | None = None,
        nonce: SendNonce | None = None,
    ) -> Outcome:
        """Check *cert* and return the outcome."""
        cert = cert or certificate(A)
        chosen = ca() if isinstance(issuer, str) else issuer
        known = self.core.recall_cached(cert, chosen, nonce)
        if known is not None:
            return known
        request = self.core.request(cert, chosen, url)
        outcome = self.run(self.core.check(request, nonce))
        assert isinstance(outcome, Outcome)
        return outcome

    def check_chain(self, chain: Sequence[x509.Certificate]) -> ChainCheck:
        """Check *chain* and return the outcomes."""
        found = self.run(self.core.check_chain(chain, None, None))
        assert isinstance(found, ChainCheck)
        return found


_made: dict[tuple[Any, ...], x509.Certificate] = {}


def certificate(
    *urls: str,
    serial: int = SERIAL,
    ca_issuers: str | None = None,
    extensions: Sequence[x509.ExtensionType] = (),
) -> x509.Certificate:
    """Return a certificate with these responder URLs; equal calls return the same one."""
    key = (urls, serial, ca_issuers, tuple(extensions))
    if key not in _made:
        access = [
            x509.AccessDescription(Access.OCSP, x509.UniformResourceIdentifier(url))
            for url in urls
        ]
        if ca_issuers is not None:
            where = x509.UniformResourceIdentifier(ca_issuers)
            access.append(x509.AccessDescription(Access.CA_ISSUERS, where))
        known: list[x509.ExtensionType] = list(extensions)
        if access:
            known.append(x509.AuthorityInformationAccess(access))
        _made[key] = make(
            f"leaf-{serial:x}", "Test CA", serial=serial, extensions=known
        )
    return _made[key]


def response(
    status: OCSPCertStatus = OCSPCertStatus.GOOD,
    *,
    serial: int = SERIAL,
    begin: datetime.datetime = NOW - HOUR,
    end: datetime.datetime | None = NOW + 24 * HOUR,
    nonce: bytes | None = None,
    algorithm: hashes.HashAlgorithm | None = None,
    revoked_at: datetime.datetime = NOW - 2 * HOUR,
    signer: ocsp.KeySigner | None = None,
) -> bytes:
    """Return a response that the delegate, or *signer*, has signed."""
    signer = signer or delegate_signer()
    cert_id = ocsp.CertID.for_serial(ca(), serial, algorithm or hashes.SHA256())
    revoked = status is OCSPCertStatus.REVOKED
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response_by_id(
            cert_id,
            status,
            begin,
            end,
            revoked_at if revoked else None,
            x509.ReasonFlags.key_compromise if revoked else None,
        )
        .responder_id(OCSPResponderEncoding.HASH, signer.certificate)
        .certificates([signer.certificate])
        .produced_at(begin)
    )
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.sign_with(signer).public_bytes(Encoding.DER)


def unsuccessful(status: ocsp.OCSPResponseStatus) -> bytes:
    """Return an unsigned error response with *status*."""
    built = ocsp.OCSPResponseBuilder.build_unsuccessful(status)
    return built.public_bytes(Encoding.DER)


def reply(
    body: bytes | None = None,
    *,
    status: int = 200,
    content_type: str = "application/ocsp-response",
    **headers: str,
) -> HTTPReply:
    """Return an HTTP reply. Without a body it says that the certificate is good."""
    named = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return HTTPReply(
        status=status,
        headers=(("content-type", content_type), *named),
        body=response() if body is None else body,
    )


def asked_for(request: HTTPRequest) -> ocsp.OCSPRequest:
    """Return the OCSP request in *request*, from a GET or a POST."""
    from ocsp.http import read_target

    if request.method == "POST":
        return ocsp.load_der_ocsp_request(request.body)
    return ocsp.load_der_ocsp_request(
        read_target(request.url.rpartition("/")[2].encode())
    )
