"""
One exchange with a responder: build the request, send it, verify the response.

RFC 6960 App. A.1, RFC 9919 §3.1.1 and §6, RFC 9654. A failure of one responder is a
returned value, not an exception, so that the flow can ask the next responder.
"""

from __future__ import annotations

import datetime
from functools import partial
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp import limits
from ocsp.client.checking.delegate_status import find_delegate_evidence
from ocsp.client.checking.http_fetch import fetch
from ocsp.client.checking.newest import keep_newest, keep_stale_revocation
from ocsp.client.checking.state import CheckState
from ocsp.client.checking.urls import check_url, origin_of
from ocsp.client.engine.effects import Flow
from ocsp.client.options import CertIDHash, ContentTypes, RequestMethod, SendNonce
from ocsp.client.retry import is_transient, retry_after, should_retry_with_post
from ocsp.client.transport.protocol import HTTPReply
from ocsp.errors import (
    ContentTypeError,
    FetchError,
    HTTPStatusError,
    OCSPError,
    OlderThanKnown,
    ResponderBackedOff,
    ResponderRevocationUnknown,
    RevokedButStale,
    UnsuccessfulResponse,
    VerificationError,
)
from ocsp.http import REQUEST_TYPE, RESPONSE_TYPE, get_url
from ocsp.messages.certid import CertID
from ocsp.messages.requests.request_builder import OCSPRequestBuilder
from ocsp.messages.statuses import OCSPResponseStatus
from ocsp.verification.evidence import Evidence, VerifiedResponse
from ocsp.verification.response import verify

__all__ = ["NONCE_OCTETS", "Attempted", "ask_responder", "verify_answer"]

NONCE_OCTETS = 32
"""The length of a nonce. RFC 9654 §2.1: clients should send at least 32 octets."""

_HASHES: dict[CertIDHash, tuple[hashes.HashAlgorithm, ...]] = {
    CertIDHash.SHA256_THEN_SHA1: (hashes.SHA256(), hashes.SHA1()),
    CertIDHash.SHA256: (hashes.SHA256(),),
    CertIDHash.SHA1: (hashes.SHA1(),),
}


class Attempted(NamedTuple):
    """The result of asking one responder: evidence or an error."""

    url: str
    evidence: VerifiedResponse | None = None
    error: OCSPError | None = None
    method: str = ""


class _EncodedRequest(NamedTuple):
    """An OCSP request in DER, and its nonce."""

    der: bytes
    nonce: bytes | None


def ask_responder(
    state: CheckState, issuer: x509.Certificate, url: str, *, again: bool = False
) -> Flow[Attempted]:
    """
    Ask the responder at *url* for the status of the certificate.

    Args:
        state: The check.

        issuer: The certificate of the issuer.

        url: The URL of the responder.

        again: Whether this is a retry in the same check. A retry ignores the back-off
            that the first failure started.
    """
    try:
        check_url(url, state.options)
        _check_backoff(state, url, again)
    except FetchError as error:
        state.note(url, "", state.elapsed(), error)
        return Attempted(url, error=error)
    tried = Attempted(url)
    for algorithm in _algorithms(state, url):
        tried = yield from _get_or_post(state, issuer, url, algorithm)
        if not _is_unauthorized(tried.error):
            if tried.evidence is not None and isinstance(algorithm, hashes.SHA1):
                backoff = state.memory.backoff
                backoff.note_sha1(origin_of(url), state.environment.monotonic())
            break
    return tried


def _get_or_post(
    state: CheckState,
    issuer: x509.Certificate,
    url: str,
    algorithm: hashes.HashAlgorithm,
) -> Flow[Attempted]:
    """Send one request; if a GET fails in a way that a POST may avoid, both."""
    responders, origin = state.memory.backoff, origin_of(url)
    method = state.options.method
    if responders.prefers_post(origin, state.environment.monotonic()):
        method = RequestMethod.POST
    tried = yield from _exchange(state, issuer, url, algorithm, method)
    if tried.method == "GET" and should_retry_with_post(tried.error):
        tried = yield from _exchange(state, issuer, url, algorithm, RequestMethod.POST)
        now = state.environment.monotonic()
        responders.note_post(origin, now, answered=_is_ocsp(tried.error))
    elif tried.method == "POST" and not _is_ocsp(tried.error):
        responders.note_post(origin, state.environment.monotonic(), answered=False)
    return tried


def _is_ocsp(error: OCSPError | None) -> bool:
    """Return whether the responder understood the request, whatever it answered."""
    if should_retry_with_post(error):
        return False
    return error is None or isinstance(error, (VerificationError, OlderThanKnown))


def _check_backoff(state: CheckState, url: str, again: bool) -> None:
    wait = state.memory.backoff.wait(origin_of(url), state.environment.monotonic())
    if wait and not again:
        raise ResponderBackedOff(url, wait)


def _algorithms(state: CheckState, url: str) -> tuple[hashes.HashAlgorithm, ...]:
    """Return the CertID hashes to use, SHA-1 first if the responder prefers it."""
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


def _exchange(
    state: CheckState,
    issuer: x509.Certificate,
    url: str,
    algorithm: hashes.HashAlgorithm,
    method: RequestMethod,
) -> Flow[Attempted]:
    """
    Send one request and verify the response; record and return a failure.

    A response that is older than the newest known one is a failure too.
    """
    request = _encode_request(state, issuer, algorithm)
    target = "" if method is RequestMethod.POST else _target(url, request)
    sent = "GET" if target else "POST"
    note = partial(state.note, url, sent, state.elapsed(), hash_name=algorithm.name)
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
        _require_type(state, url, reply)
        evidence = yield from _verify_newest(state, issuer, url, request, reply)
    except (FetchError, VerificationError, OlderThanKnown) as error:
        note(error, octets=0 if reply is None else len(reply.body))
        _note_failure(state, url, error, reply)
        return Attempted(url, error=error, method=sent)
    note(octets=len(reply.body))
    state.memory.backoff.answered(origin_of(url))
    return Attempted(url, evidence, method=sent)


def _verify_newest(
    state: CheckState,
    issuer: x509.Certificate,
    url: str,
    request: _EncodedRequest,
    reply: HTTPReply,
) -> Flow[VerifiedResponse]:
    """
    Verify the response in *reply*, and compare it with the newest that is known.

    Raises:
        VerificationError: If the verification fails.
        OlderThanKnown: If a newer answer is known.
    """
    try:
        evidence = yield from verify_answer(
            state, issuer, reply.body, nonce=request.nonce, judged=(url,)
        )
    except RevokedButStale as error:
        again = partial(_verify, state, issuer, reply.body, request.nonce)
        yield from keep_stale_revocation(
            state, issuer, error, lambda moment: again(at=moment)
        )
        raise
    yield from keep_newest(state, issuer, evidence, reply)
    return evidence


def verify_answer(
    state: CheckState,
    issuer: x509.Certificate,
    der: bytes,
    *,
    nonce: bytes | None = None,
    judged: tuple[str, ...],
) -> Flow[VerifiedResponse]:
    """
    Verify a response, with evidence about its signer if it lacks only that.

    Args:
        state: The check.

        issuer: The certificate of the issuer.

        der: The response.

        nonce: The nonce of the request, or ``None``.

        judged: The URLs of the responders that may have sent the response.

    Raises:
        VerificationError: If the verification fails.
        FetchTimeout: If it ends after the deadline of the check.
    """
    url, octets = next(iter(judged), ""), len(der)
    try:
        return (
            yield from state.calculate(
                url, octets, lambda: _verify(state, issuer, der, nonce)
            )
        )
    except ResponderRevocationUnknown as error:
        known = yield from find_delegate_evidence(state, issuer, error, judged, _ask)
        if not known:
            raise
    return (
        yield from state.calculate(
            url, octets, lambda: _verify(state, issuer, der, nonce, known)
        )
    )


def _verify(
    state: CheckState,
    issuer: x509.Certificate,
    der: bytes,
    nonce: bytes | None,
    evidence: tuple[Evidence, ...] = (),
    at: datetime.datetime | None = None,
) -> VerifiedResponse:
    return verify(
        der,
        state.asked,
        issuer,
        at=at or state.environment.now(),
        nonce=nonce,
        responders=state.options.responders,
        candidates=state.options.candidates,
        evidence=evidence,
        policy=state.options.policy,
    )


def _ask(
    state: CheckState, issuer: x509.Certificate, url: str
) -> Flow[VerifiedResponse | None]:
    tried = yield from ask_responder(state, issuer, url)
    return tried.evidence


def _encode_request(
    state: CheckState, issuer: x509.Certificate, algorithm: hashes.HashAlgorithm
) -> _EncodedRequest:
    builder, asked = OCSPRequestBuilder(), state.asked
    if isinstance(asked, CertID):
        cert_id = CertID.for_serial(issuer, asked.serial_number, algorithm)
        builder = builder.add_certificate_by_id(cert_id)
    else:
        builder = builder.add_certificate(asked, issuer, algorithm)
    nonce = None
    if state.options.nonce is SendNonce.ALWAYS:
        nonce = state.environment.octets(NONCE_OCTETS)
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return _EncodedRequest(builder.build().public_bytes(Encoding.DER), nonce)


def _target(url: str, request: _EncodedRequest) -> str:
    """Return the URL of a GET, or empty if the request must be a POST."""
    # A GET appends the request to the path, which a URL with a query does not allow.
    if request.nonce is not None or "?" in url:
        return ""
    target = get_url(url, request.der)
    return target if len(target) <= limits.MAX_GET_URL_BYTES else ""


def _require_type(state: CheckState, url: str, reply: HTTPReply) -> None:
    if state.options.content_types is ContentTypes.ANY:
        return
    media_type = reply.header("content-type")
    if media_type.partition(";")[0].strip().lower() != RESPONSE_TYPE:
        raise ContentTypeError(url, media_type[:80])


def _note_failure(
    state: CheckState, url: str, error: OCSPError, reply: HTTPReply | None
) -> None:
    """Start or extend the back-off of the responder, if the failure is transient."""
    if not is_transient(error):
        return
    wait = error.retry_after if isinstance(error, HTTPStatusError) else None
    if reply is not None:  # tryLater comes with HTTP 200, maybe with Retry-After
        wait = retry_after(reply, state.environment.now())
    state.memory.backoff.failed(
        origin_of(url),
        state.environment.monotonic(),
        state.environment.fraction(),
        wait,
    )
