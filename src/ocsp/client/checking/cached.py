"""
Cached answers: load them, and verify them again if necessary.

RFC 9919 §6 and §7. Whether an answer is still valid is decided when it is used. An
answer that was verified with another policy, or read from a file, is verified again.
The client keeps the result until the cache returns a different answer.
"""

from __future__ import annotations

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ocsp.client.cache import CachedAnswer
from ocsp.client.cache.freshness import refresh_from
from ocsp.client.checking.newest import newest_known, use_cache
from ocsp.client.checking.responder_exchange import verify_answer
from ocsp.client.checking.state import CachedEvidence, CheckState
from ocsp.client.checking.urls import readable_responder_urls
from ocsp.client.engine.effects import Flow
from ocsp.client.memory.sizes import octets_of
from ocsp.errors import FetchTimeout, VerificationError
from ocsp.messages.certid import CertID
from ocsp.verification.evidence import VerifiedResponse

__all__ = ["load_cached"]


def load_cached(
    state: CheckState, cert_id: CertID, issuer: x509.Certificate
) -> Flow[CachedEvidence | None]:
    """Return the cached answer to *cert_id* if it is valid now."""
    cache = state.memory.cache
    answer = yield from use_cache(cache, lambda: cache.get(cert_id))
    if answer is None:
        return None
    now, key = state.environment.now(), cert_id.der
    known = state.memory.verified_answers.get(key)
    if known is None or not _fits(state, issuer, known, answer):
        known = yield from _verify_cached(state, cert_id, issuer, answer)
        if known is None:
            return None
        state.memory.verified_answers.put(key, known, octets_of(key, known))
    if not known.begin <= now < known.end:
        return None
    if state.memory.known is not cache:
        newest = state.memory.known.newest(cert_id)
        if newest is not None and newest.is_newer_than(known.evidence):
            return None
    if (yield from _has_revoked_signer(state, known.evidence, issuer)):
        return None
    state.refresh_at = known.refresh_at
    return known


def _fits(
    state: CheckState,
    issuer: x509.Certificate,
    known: CachedEvidence,
    answer: CachedAnswer,
) -> bool:
    """Return whether *known* is the evidence of *answer* for this check."""
    same = known.answer is answer or known.answer == answer
    return same and known.evidence.was_verified_for(state.asked, issuer)


def _has_revoked_signer(
    state: CheckState, evidence: VerifiedResponse, issuer: x509.Certificate
) -> Flow[bool]:
    """Return whether the signer, whose status was needed, is known to be revoked."""
    if not evidence.needs_status_of_signer:
        return False
    signer = CertID.for_certificate(evidence.responder, issuer, hashes.SHA256())
    newest = yield from newest_known(state, signer)
    return newest is not None and newest.is_revoked


def _verify_cached(
    state: CheckState,
    cert_id: CertID,
    issuer: x509.Certificate,
    answer: CachedAnswer,
) -> Flow[CachedEvidence | None]:
    """Return *answer* with evidence that this client accepts, or ``None``."""
    evidence = answer.evidence
    options = state.options
    if (
        evidence is None
        or not evidence.has_settings(options.policy, options.responders)
        or not evidence.was_verified_for(state.asked, issuer)
    ):
        evidence = yield from _verify_again(state, issuer, answer)
    if evidence is None or evidence.canonical_cert_id != cert_id:
        return None
    return CachedEvidence(
        answer,
        evidence,
        evidence.holds_from,
        evidence.holds_until,
        _refresh_time(state, answer, evidence),
    )


def _verify_again(
    state: CheckState,
    issuer: x509.Certificate,
    answer: CachedAnswer,
) -> Flow[VerifiedResponse | None]:
    """Return the evidence of an answer from another client or process, if any."""
    judged = state.request.urls or readable_responder_urls(state.certificate)
    try:
        return (yield from verify_answer(state, issuer, answer.der, judged=judged))
    except (VerificationError, FetchTimeout):
        return None


def _refresh_time(
    state: CheckState, answer: CachedAnswer, evidence: VerifiedResponse
) -> datetime.datetime:
    """Return from when on the client asks for a newer answer."""
    # Evidence that was verified again does not say when the answer was fetched. Unless
    # HTTP has shortened the lifetime, count it from thisUpdate.
    start = evidence.at
    if answer.evidence is None and answer.expires >= evidence.holds_until:
        start = answer.this_update
    fraction = state.memory.fraction(evidence.cert_id.serial_number)
    return min(answer.expires, refresh_from(start, answer.expires, fraction))
