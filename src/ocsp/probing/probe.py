"""
Ask a responder each question, verify the answers, and measure them.

Each question has a connection of its own, so that the times can be compared. Redirects
are not followed: the probe reports what the URL itself answers. So requests go only to
the host that the caller has named, and its address may be private.
"""

from __future__ import annotations

import contextlib
import datetime
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from cryptography import x509

from ocsp import limits
from ocsp.client import (
    AddressPolicy,
    AllowedSchemes,
    HTTPReply,
    HTTPRequest,
    Options,
    Proxy,
    Transport,
)
from ocsp.client.checking.urls import check_url
from ocsp.errors import (
    ContentTypeError,
    FetchError,
    HTTPStatusError,
    MissingExtraError,
    VerificationError,
)
from ocsp.http import RESPONSE_TYPE, Freshness
from ocsp.linting import LintFinding, Profile, lint_response
from ocsp.messages.certid import CertID
from ocsp.probing.headers import Served, header_findings
from ocsp.probing.questions import Asked, Method, Question, ask, questions
from ocsp.probing.report import ProbeAnswer, ProbeReport
from ocsp.verification import NonceCheck, Policy, verify
from ocsp.verification.evidence import VerifiedResponse

__all__ = ["ProbeSettings", "check_responder_url", "probe"]


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeSettings:
    """How a probe asks and judges."""

    questions: tuple[Question, ...] = field(default_factory=questions)
    """What is asked, in this order."""

    policy: Policy = field(default_factory=Policy)
    """
    What an answer must satisfy. Its ``nonce`` does not count: an answer without nonce
    is accepted, and the report says so; one with another nonce never is.
    """

    responders: tuple[x509.Certificate, ...] = ()
    """Certificates of responders to trust, besides the issuer and its delegates."""

    candidates: tuple[x509.Certificate, ...] = ()
    """Certificates that may be the signer's; not trusted."""

    profile: Profile = Profile.RFC6960
    """The standards for the findings. Those about caching are in RFC 9919 only."""

    timeout: float = 10.0
    """Seconds for each question."""

    proxy: Proxy = Proxy.ENVIRONMENT
    """The HTTP proxy."""


def probe(
    url: str,
    cert: x509.Certificate | CertID,
    issuer: x509.Certificate,
    settings: ProbeSettings | None = None,
    *,
    now: Callable[[], datetime.datetime] = _now,
) -> ProbeReport:
    """
    Ask the responder at *url* about *cert*, and report each answer.

    An answer that is not verified, or does not come, is reported with its error. Not
    verified: the certification path of *issuer*.

    Args:
        url: The URL of the responder, http or https. Its address may be private.

        cert: The certificate, or its CertID, of which only the serial number counts.

        issuer: The certificate of its issuer.

        settings: How to ask and judge.

        now: Returns the current time, aware.

    Raises:
        MissingExtraError: If the packages of the extra ``client`` are missing.
        ForbiddenResponderURL: If *url* is not a URL of a responder.
    """
    settings = settings or ProbeSettings()
    check_responder_url(url)
    with contextlib.closing(_transport(settings.proxy)) as transport:
        run = _Probe(url, cert, issuer, settings, transport, now)
        return ProbeReport(url=url, answers=tuple(map(run.ask, settings.questions)))


def check_responder_url(url: str) -> None:
    """
    Check the scheme and the form of *url*; https is allowed, since the caller chose it.

    Raises:
        ForbiddenResponderURL: If it is not a URL of a responder.
    """
    check_url(url, Options(allowed_schemes=AllowedSchemes.HTTP_AND_HTTPS))


def _transport(proxy: Proxy) -> Transport:
    """Return a transport that keeps no connections."""
    try:
        from ocsp.client.transport.threads import HTTPTransport
    except ModuleNotFoundError as error:
        raise MissingExtraError("sending HTTP requests", "client") from error
    return HTTPTransport(max_idle=0, proxy=proxy)


@dataclass(frozen=True, slots=True)
class _Probe:
    url: str
    cert: x509.Certificate | CertID
    issuer: x509.Certificate
    settings: ProbeSettings
    transport: Transport
    now: Callable[[], datetime.datetime]

    def ask(self, question: Question) -> ProbeAnswer:
        """Ask *question*, and return the answer or the failure."""
        asked = ask(question, self.url, self.cert, self.issuer)
        begin = time.perf_counter()
        try:
            reply = self.transport.send(self._http_request(asked))
        except FetchError as error:
            seconds = time.perf_counter() - begin
            return ProbeAnswer(
                question=question,
                at=self.now().replace(microsecond=0),
                seconds=seconds,
                error=error,
            )
        seconds = time.perf_counter() - begin
        answer = ProbeAnswer(
            question=question,
            at=self.now().replace(microsecond=0),
            seconds=seconds,
            http_status=reply.status,
            headers=reply.headers,
            octets=len(reply.body),
        )
        if reply.status != 200:
            return replace(answer, error=HTTPStatusError(self.url, reply.status))
        return self._judge(answer, asked, reply)

    def _http_request(self, asked: Asked) -> HTTPRequest:
        return HTTPRequest(
            method=asked.method,
            url=asked.url,
            shown=self.url,
            headers=asked.headers,
            body=asked.body,
            address_policy=AddressPolicy.PRIVATE_TOO,
            max_bytes=limits.MAX_VERIFIED_BYTES,
            timeout=self.settings.timeout,
            io_timeout=self.settings.timeout,
        )

    def _judge(
        self, answer: ProbeAnswer, asked: Asked, reply: HTTPReply
    ) -> ProbeAnswer:
        """Return *answer* with the evidence or the error, and with the findings."""
        answer = replace(answer, findings=self._lint(answer, asked, reply))
        try:
            evidence = self._verify(answer, asked, reply)
        except (ContentTypeError, VerificationError) as error:
            return replace(answer, error=error)
        about_headers: tuple[LintFinding, ...] = ()
        if asked.method is Method.GET:  # caches keep only answers to GET
            about_headers = header_findings(_served(answer, reply, evidence))
        return replace(
            answer, evidence=evidence, findings=answer.findings + about_headers
        )

    def _verify(
        self, answer: ProbeAnswer, asked: Asked, reply: HTTPReply
    ) -> VerifiedResponse:
        media_type = reply.header("content-type")
        if media_type.partition(";")[0].strip().lower() != RESPONSE_TYPE:
            raise ContentTypeError(self.url, media_type[:80])
        return verify(
            reply.body,
            self.cert,
            self.issuer,
            at=answer.at,
            nonce=asked.nonce,
            responders=self.settings.responders,
            candidates=self.settings.candidates,
            policy=replace(self.settings.policy, nonce=NonceCheck.IF_PRESENT),
        )

    def _lint(
        self, answer: ProbeAnswer, asked: Asked, reply: HTTPReply
    ) -> tuple[LintFinding, ...]:
        return lint_response(
            reply.body,
            issuer=self.issuer,
            cert=None if isinstance(self.cert, CertID) else self.cert,
            request=asked.request,
            at=answer.at,
            profile=self.settings.profile,
        ).findings


def _served(
    answer: ProbeAnswer, reply: HTTPReply, evidence: VerifiedResponse
) -> Served:
    freshness = None
    if evidence.next_update is not None and not evidence.nonce_matched:
        freshness = Freshness(evidence.this_update, evidence.next_update)
    return Served(
        headers=reply.headers,
        body=reply.body,
        freshness=freshness,
        produced_at=evidence.produced_at,
        at=answer.at,
    )
