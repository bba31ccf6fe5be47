"""
One exchange with a responder: build the request, send it, verify the response.

RFC 6960 App. A.1, RFC 9919 §3.1.1 and §6, RFC 9654. Rules of this file: whatever goes
wrong with one responder is a value here, so that the next one can be asked.
"""

from __future__ import annotations

from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp import limits
from ocsp.client.checking.freshness import retry_after
from ocsp.client.checking.http_fetch import fetch
from ocsp.client.checking.state import CheckState
from ocsp.client.checking.urls import check_url, origin_of
from ocsp.client.engine.effects import Flow
from ocsp.client.options import CertIDHash, ContentTypes, RequestMethod, SendNonce
from ocsp.client.outcome import Attempt
from ocsp.client.transport.protocol import HTTPReply
from ocsp.errors import (
    ContentTypeError,
    FetchError,
    FetchTimeout,
    HTTPStatusError,
    OCSPError,
    ResponderBackedOff,
    TransportError,
    UnsuccessfulResponse,
    VerificationError,
)
from ocsp.http import REQUEST_TYPE, RESPONSE_TYPE, get_url
from ocsp.messages.requests.request_builder import OCSPRequestBuilder
from ocsp.messages.statuses import OCSPResponseStatus
from ocsp.verification.evidence import VerifiedResponse
from ocsp.verification.response import verify

__all__ = ["NONCE_OCTETS", "Attempted", "ask_responder", "is_transient"]

NONCE_OCTETS = 32
"""RFC 9654 §2.1: clients should send at least that many."""

_HASHES: dict[CertIDHash, tuple[hashes.HashAlgorithm, ...]] = {
    CertIDHash.SHA256_THEN_SHA1: (hashes.SHA256(), hashes.SHA1()),
    CertIDHash.SHA256: (hashes.SHA256(),),
    CertIDHash.SHA1: (hashes.SHA1(),),
}

_PASSING_STATUS = frozenset(
    {OCSPResponseStatus.TRY_LATER, OCSPResponseStatus.INTERNAL_ERROR}
)


class Attempted(NamedTuple):
    """What became of one responder."""

    url: str
    evidence: VerifiedResponse | None = None
    reply: HTTPReply | None = None
    error: OCSPError | None = None


class _EncodedRequest(NamedTuple):
    """One request, as it is sent."""

    der: bytes
    nonce: bytes | None


def is_transient(error: OCSPError) -> bool:
    """Tell whether the responder that failed with *error* may answer the next time."""
    if isinstance(error, HTTPStatusError):
        return error.status in {408, 429} or error.status >= 500
    if isinstance(error, UnsuccessfulResponse):
        return error.status in _PASSING_STATUS
    return isinstance(error, (TransportError, FetchTimeout))


def ask_responder(
    state: CheckState, issuer: x509.Certificate, url: str, *, again: bool = False
) -> Flow[Attempted]:
    """
    Return what the responder at *url* says of the certificate in question.

    Args:
        state: The check.

        issuer: The certificate of the issuer.

        url: Whom to ask.

        again: Whether it is asked once more in the same check; then it is not minded
            that it has just failed.
    """
    try:
        check_url(url, state.options)
        _check_backoff(state, url, again)
    except FetchError as error:
        state.note(Attempt(url=url, started=state.elapsed()), error)
        return Attempted(url, error=error)
    tried = Attempted(url)
    for algorithm in _algorithms(state, url):
        by = state.options.method
        tried = yield from _exchange(state, issuer, url, algorithm, by)
        if _should_retry_with_post(state, tried):
            tried = yield from _exchange(
                state, issuer, url, algorithm, RequestMethod.POST
            )
        if not _is_unauthorized(tried.error):
            if tried.evidence is not None and isinstance(algorithm, hashes.SHA1):
                backoff = state.memory.backoff
                backoff.note_sha1(origin_of(url), state.environment.monotonic())
            break
    return tried


def _check_backoff(state: CheckState, url: str, again: bool) -> None:
    wait = state.memory.backoff.wait(origin_of(url), state.environment.monotonic())
    if wait and not again:
        raise ResponderBackedOff(url, wait)


def _algorithms(state: CheckState, url: str) -> tuple[hashes.HashAlgorithm, ...]:
    """Return the hashes to ask with, SHA-1 first where only that was known lately."""
    algorithms = _HASHES[state.options.cert_id_hash]
    now = state.environment.monotonic()
    if state.memory.backoff.prefers_sha1(origin_of(url), now):
        return algorithms[::-1]
    return algorithms


def _is_unauthorized(error: OCSPError | None) -> bool:
    return (
        isinstance(error, UnsuccessfulResponse)
        and error.status is OCSPResponseStatus.UNAUTHORIZED
    )


_NOT_BY_GET = frozenset({400, 404, 405, 414, 501})
"""What servers answer that know no GET, or to which its path came mangled."""


def _should_retry_with_post(state: CheckState, tried: Attempted) -> bool:
    """
    Tell whether a GET failed where a POST may not.

    Base64 has "/" and "+", which servers and what stands before them mangle in a path;
    and RFC 6960 App. A.1 had GET as an option for long.
    """
    if state.attempts[-1].method != "GET":
        return False
    error = tried.error
    if isinstance(error, HTTPStatusError):
        return error.status in _NOT_BY_GET
    return (
        isinstance(error, UnsuccessfulResponse)
        and error.status is OCSPResponseStatus.MALFORMED_REQUEST
    )


def _exchange(
    state: CheckState,
    issuer: x509.Certificate,
    url: str,
    algorithm: hashes.HashAlgorithm,
    method: RequestMethod,
) -> Flow[Attempted]:
    """Ask once, and verify; what is wrong is noted and returned."""
    request = _encode_request(state, issuer, algorithm)
    target = "" if method is RequestMethod.POST else _target(url, request)
    attempt = Attempt(
        url=url,
        method="GET" if target else "POST",
        hash_name=algorithm.name,
        started=state.elapsed(),
    )
    reply = None
    try:
        reply = yield from fetch(
            state,
            url,
            target or url,
            state.address_policy,
            accept=RESPONSE_TYPE,
            max_bytes=limits.MAX_VERIFIED_BYTES,
            body=b"" if target else request.der,
            content_type=REQUEST_TYPE,
        )
        attempt = _with_octets(attempt, reply)
        _require_type(state, url, reply)
        evidence = verify(
            reply.body,
            state.certificate,
            issuer,
            at=state.environment.now(),
            nonce=request.nonce,
            responders=state.options.responders,
            policy=state.options.policy,
        )
    except (FetchError, VerificationError) as error:
        state.note(attempt, error)
        _note_failure(state, url, error, reply)
        return Attempted(url, error=error)
    state.note(attempt)
    state.memory.backoff.answered(origin_of(url))
    return Attempted(url, evidence, reply)


def _encode_request(
    state: CheckState, issuer: x509.Certificate, algorithm: hashes.HashAlgorithm
) -> _EncodedRequest:
    builder = OCSPRequestBuilder().add_certificate(state.certificate, issuer, algorithm)
    nonce = None
    if state.options.nonce is SendNonce.ALWAYS:
        nonce = state.environment.octets(NONCE_OCTETS)
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return _EncodedRequest(builder.build().public_bytes(Encoding.DER), nonce)


def _target(url: str, request: _EncodedRequest) -> str:
    """Return the URL of a GET, or empty where it has to be a POST (H1)."""
    # A query cannot be followed by the path that a GET needs.
    if request.nonce is not None or "?" in url:
        return ""
    target = get_url(url, request.der)
    return target if len(target) <= limits.MAX_GET_URL_BYTES else ""


def _with_octets(attempt: Attempt, reply: HTTPReply) -> Attempt:
    return Attempt(
        url=attempt.url,
        method=attempt.method,
        hash_name=attempt.hash_name,
        started=attempt.started,
        octets=len(reply.body),
    )


def _require_type(state: CheckState, url: str, reply: HTTPReply) -> None:
    if state.options.content_types is ContentTypes.ANY:
        return
    written = reply.header("content-type")
    if written.partition(";")[0].strip().lower() != RESPONSE_TYPE:
        raise ContentTypeError(url, written[:80])


def _note_failure(
    state: CheckState, url: str, error: OCSPError, reply: HTTPReply | None
) -> None:
    """Leave the responder alone for a while, if it may answer the next time."""
    if not is_transient(error):
        return
    wait = error.retry_after if isinstance(error, HTTPStatusError) else None
    if reply is not None:  # tryLater comes with HTTP 200, and may say when
        wait = retry_after(reply, state.environment.now())
    state.memory.backoff.failed(
        origin_of(url),
        state.environment.monotonic(),
        state.environment.fraction(),
        wait,
    )
