"""
Accept only the newest evidence about a certificate, and remember it.

Every answer passes :func:`keep_newest` after its verification: responses of OCSP
responders and CRLs, about certificates and about delegates. An answer that is older
than the newest verified one proves nothing new, whatever its end and whatever the
clock says: an attacker can replay it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ocsp.client.cache import Cache, KnownStatus, MemoryCache
from ocsp.client.cache.freshness import expiry
from ocsp.client.checking.state import CheckState
from ocsp.client.engine.effects import Flow, call
from ocsp.client.transport.protocol import HTTPReply
from ocsp.errors import OlderThanKnown
from ocsp.messages.certid import CertID
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.verification.evidence import VerifiedResponse, VerifiedRevocation

__all__ = ["keep_newest", "newest_known", "use_cache"]

_Result = TypeVar("_Result")


def use_cache(cache: Cache, work: Callable[[], _Result]) -> Flow[_Result]:
    """Return the result of *work*, which uses *cache*."""
    if type(cache) is MemoryCache:  # never blocks, so the flow needs no effect
        return work()
    return (yield from call(work))


def newest_known(state: CheckState, cert_id: CertID) -> Flow[KnownStatus | None]:
    """Return the newest status that this client or its cache knows for *cert_id*."""
    known = state.memory.known
    return (yield from use_cache(known, lambda: known.newest(cert_id)))


def keep_newest(
    state: CheckState,
    evidence: VerifiedResponse | VerifiedRevocation,
    reply: HTTPReply | None = None,
) -> Flow[None]:
    """
    Remember *evidence*, or refuse it if a newer answer is known.

    Args:
        state: The check.

        evidence: What the verification of the answer returned.

        reply: The HTTP reply with the response, whose headers say whether the cache
            may keep it; ``None`` for a CRL.

    Raises:
        OlderThanKnown: If a newer answer about the certificate was verified before.
    """
    newest = yield from newest_known(state, evidence.canonical_cert_id)
    if newest is not None and newest.is_newer_than(evidence):
        if _says_the_same(state, newest, evidence):
            return
        raise OlderThanKnown(
            evidence.this_update, newest.this_update, newest.is_revoked
        )
    if evidence.is_signed_by_key_of(state.certificate):
        return  # a stolen key could sign a newer answer about its own certificate
    is_kept = False
    if isinstance(evidence, VerifiedResponse) and reply is not None:
        is_kept = yield from _put(state, evidence, reply)
    if not is_kept and (newest is None or KnownStatus.of(evidence).rank > newest.rank):
        known = state.memory.known
        yield from use_cache(known, lambda: known.note(evidence))


def _says_the_same(
    state: CheckState,
    newest: KnownStatus,
    evidence: VerifiedResponse | VerifiedRevocation,
) -> bool:
    """
    Return whether *evidence* was made for this check, with the status that still holds.

    Nothing is replayed then: answers with a nonce arrive in any order, and the clocks
    of responders differ. The check must not use the newest answer, which has another
    nonce.
    """
    if not isinstance(evidence, VerifiedResponse) or not evidence.nonce_matched:
        return False
    status = OCSPCertStatus.REVOKED if newest.is_revoked else OCSPCertStatus.GOOD
    return evidence.status is status and state.environment.now() < newest.until


def _put(state: CheckState, evidence: VerifiedResponse, reply: HTTPReply) -> Flow[bool]:
    """Put *evidence* into the cache, if it may be reused; return whether it is kept."""
    if evidence.nonce_matched:  # the response answers one request only
        return False
    until = expiry(evidence, reply, state.environment.now())
    if until is None or evidence.status is OCSPCertStatus.UNKNOWN:
        return False
    cache, cert_id = state.memory.cache, evidence.canonical_cert_id
    end = until
    return (yield from use_cache(cache, lambda: cache.put(cert_id, evidence, end)))
