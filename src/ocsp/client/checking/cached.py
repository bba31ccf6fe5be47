"""
Remembering: what the cache has, whether it still holds, and what goes into it.

RFC 9919 §6 and §7. Rules of this file: an answer is judged by the moment of its use.
What this client has not verified itself, with its own policy, is verified again first;
the result is kept for as long as the cache has the same octets.
"""

from __future__ import annotations

import datetime

from cryptography import x509

from ocsp import limits
from ocsp.client.cache import CachedAnswer, MemoryCache
from ocsp.client.checking.freshness import expiry, refresh_from
from ocsp.client.checking.state import CachedEvidence, CheckState
from ocsp.client.engine.effects import Flow, call
from ocsp.client.transport.protocol import HTTPReply
from ocsp.errors import VerificationError
from ocsp.messages.certid import CertID
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.verification.evidence import AuthorizedBy, VerifiedResponse
from ocsp.verification.response import verify

__all__ = ["load_cached", "store_answer"]


def load_cached(
    state: CheckState, cert_id: CertID, issuer: x509.Certificate
) -> Flow[CachedEvidence | None]:
    """Return what the cache knows that holds at this moment (C2)."""
    cache = state.memory.cache
    if type(cache) is MemoryCache:  # which never blocks
        answer = cache.get(cert_id)
    else:
        answer = yield from call(lambda: cache.get(cert_id))
    if answer is None:
        return None
    now, key = state.environment.now(), cert_id.der
    known = state.memory.verified_answers.get(key)
    if known is None or (known.answer is not answer and known.answer != answer):
        known = _judged(state, cert_id, issuer, answer, now)
        if known is None:
            return None
        if len(state.memory.verified_answers) >= limits.MAX_CACHED_ANSWERS:
            state.memory.verified_answers.clear()
        state.memory.verified_answers[key] = known
    return known if known.begin <= now < known.end else None


def _judged(
    state: CheckState,
    cert_id: CertID,
    issuer: x509.Certificate,
    answer: CachedAnswer,
    now: datetime.datetime,
) -> CachedEvidence | None:
    evidence = answer.evidence
    if evidence is None or not _is_ours(state, evidence):
        evidence = _verified_again(state, issuer, answer, now)
    if evidence is None or evidence.canonical_cert_id != cert_id:
        return None
    return CachedEvidence(
        answer,
        evidence,
        evidence.this_update,
        evidence.holds_until,
        _due(state, answer, evidence),
    )


def _is_ours(state: CheckState, evidence: VerifiedResponse) -> bool:
    """Tell whether it was verified as this client would."""
    if evidence.policy != state.options.policy:
        return False
    return (
        evidence.authorized_by is not AuthorizedBy.CONFIGURED
        or evidence.responder in state.options.responders
    )


def _verified_again(
    state: CheckState,
    issuer: x509.Certificate,
    answer: CachedAnswer,
    now: datetime.datetime,
) -> VerifiedResponse | None:
    """Return what an answer from elsewhere proves, if anything."""
    try:
        return verify(
            answer.der,
            state.certificate,
            issuer,
            at=now,
            responders=state.options.responders,
            policy=state.options.policy,
        )
    except VerificationError:
        return None


def _due(
    state: CheckState, answer: CachedAnswer, evidence: VerifiedResponse
) -> datetime.datetime:
    """Return from when on a newer answer is wanted (C3)."""
    # Verified again just now, it does not know when it was fetched; where HTTP has
    # not shortened its life, that began with thisUpdate.
    start = evidence.at
    if answer.evidence is None and answer.expires >= evidence.holds_until:
        start = answer.this_update
    fraction = (state.memory.salt + evidence.cert_id.serial_number % 97 / 97) % 1
    return min(answer.expires, refresh_from(start, answer.expires, fraction))


def store_answer(
    state: CheckState, evidence: VerifiedResponse, reply: HTTPReply
) -> Flow[None]:
    """Put into the cache what may be there (C1, C2)."""
    if evidence.nonce_matched:  # it is the answer to one request
        return
    until = expiry(evidence, reply, state.environment.now())
    if until is None or evidence.status is OCSPCertStatus.UNKNOWN:
        return
    cache = state.memory.cache
    cert_id = evidence.canonical_cert_id
    if type(cache) is MemoryCache:
        cache.put(cert_id, evidence, until)
    else:
        yield from call(lambda: cache.put(cert_id, evidence, until))
