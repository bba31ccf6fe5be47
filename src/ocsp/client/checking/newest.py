"""
Accept only the newest evidence about a certificate, and remember it.

Every answer passes :func:`keep_newest` after its verification: responses of OCSP
responders and CRLs, about certificates and about delegates. An answer that is older
than the newest verified one proves nothing new, whatever its end and whatever the
clock says: an attacker can replay it.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ocsp.asn1.times import later
from ocsp.client.cache import Cache, CachedAnswer, KnownStatus, MemoryCache
from ocsp.client.cache.freshness import expiry, refresh_from
from ocsp.client.checking.state import CheckState
from ocsp.client.engine.effects import Flow, call
from ocsp.client.transport.protocol import HTTPReply
from ocsp.errors import (
    CertIDMismatch,
    NoResponderCertificate,
    OlderThanKnown,
    ResponderNotAuthorized,
    ResponseSignatureInvalid,
    RevokedButStale,
    UnsuccessfulResponse,
    VerificationError,
)
from ocsp.messages.certid import CertID
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.verification.evidence import VerifiedResponse, VerifiedRevocation
from ocsp.verification.response import verify

__all__ = ["keep_newest", "keep_stale_revocation", "newest_known", "use_cache"]

_Result = TypeVar("_Result")

_SHA256 = hashes.SHA256()


def use_cache(cache: Cache, work: Callable[[], _Result]) -> Flow[_Result]:
    """Return the result of *work*, which uses *cache*."""
    if type(cache) is MemoryCache:  # never blocks, so the flow needs no effect
        return work()
    return (yield from call(work))


def newest_known(state: CheckState, cert_id: CertID) -> Flow[KnownStatus | None]:
    """Return the newest status that this client or its cache knows for *cert_id*."""
    newest, shared = state.memory.known.newest(cert_id), state.memory.shared
    if shared is None:
        return newest
    found = yield from use_cache(shared, lambda: shared.newest(cert_id))
    if newest is None or (found is not None and found.rank > newest.rank):
        return found
    return newest


def keep_newest(
    state: CheckState,
    issuer: x509.Certificate,
    evidence: VerifiedResponse | VerifiedRevocation,
    reply: HTTPReply | None = None,
) -> Flow[None]:
    """
    Remember *evidence*, or refuse it if a newer answer is known.

    Args:
        state: The check.

        issuer: The certificate of the issuer.

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
        if not (yield from _is_forged(state, issuer, evidence)):
            raise OlderThanKnown(
                evidence.this_update, newest.this_update, newest.is_revoked
            )
        newest = None
    if evidence is state.remembered:
        return
    state.remembered = evidence
    if _is_about_its_signer(state, issuer, evidence):
        return  # a stolen key could sign a newer answer about its own certificate
    is_kept = False
    if isinstance(evidence, VerifiedResponse) and reply is not None:
        is_kept = yield from _put(state, evidence, reply)
    if not is_kept or state.memory.known is not state.memory.cache:
        state.memory.known.note(evidence)
    shared = state.memory.shared
    if shared is None or is_kept:
        return
    if newest is None or KnownStatus.of(evidence).rank > newest.rank:
        yield from use_cache(shared, lambda: shared.note(evidence))


def _is_about_its_signer(
    state: CheckState,
    issuer: x509.Certificate,
    evidence: VerifiedResponse | VerifiedRevocation,
) -> bool:
    """Return whether the key of the certificate in question signed *evidence*."""
    asked = state.asked
    if isinstance(asked, CertID):
        return asked == CertID.for_certificate(evidence.responder, issuer, _SHA256)
    return evidence.is_signed_by_key_of(asked)


def keep_stale_revocation(
    state: CheckState,
    issuer: x509.Certificate,
    error: RevokedButStale,
    verify_at: Callable[[datetime.datetime], VerifiedResponse | VerifiedRevocation],
) -> Flow[None]:
    """
    Remember a revocation that is only too old: it counts until a newer answer is good.

    Args:
        state: The check.

        issuer: The certificate of the issuer.

        error: The error of the verification.

        verify_at: Verifies the same response or CRL for a moment at which it was valid.

    Raises:
        OlderThanKnown: If a newer answer about the certificate was verified before.
    """
    moment = _last_valid_moment(error)
    if moment is None:
        return
    try:
        evidence = yield from call(lambda: verify_at(moment))
    except VerificationError:
        return  # it was not valid at its own time either
    yield from keep_newest(state, issuer, evidence)


def _last_valid_moment(error: RevokedButStale) -> datetime.datetime | None:
    """
    Return a moment shortly before the end of the response or CRL.

    Its signer is valid now, and can be younger than thisUpdate.
    """
    begin = error.this_update
    if not isinstance(begin, datetime.datetime):
        return None
    ends = [_end(begin, dict(each.values)) for each in error.failures]
    end = min((each for each in ends if each is not None), default=begin)
    return max(begin, end - _SECOND) if end > begin else begin


_SECOND = datetime.timedelta(seconds=1)


def _end(
    begin: datetime.datetime, values: dict[str, object]
) -> datetime.datetime | None:
    """Return the end that a finding compared with the clock, if it did."""
    match values:
        case {"next_update": datetime.datetime() as end}:
            return end
        case {"max_age": datetime.timedelta() as age}:
            return later(begin, age)
    return None


def _says_the_same(
    state: CheckState,
    newest: KnownStatus,
    evidence: VerifiedResponse | VerifiedRevocation,
) -> bool:
    """
    Return whether *evidence* may be older, with the status that still holds.

    It was made for this check: answers with a nonce arrive in any order, and the clocks
    of responders differ. The check must not use the newest answer, which has another
    nonce. Or the caller archives it: a CRL is older than most responses.
    """
    is_fresh = isinstance(evidence, VerifiedResponse) and evidence.nonce_matched
    if not is_fresh and not state.is_for_archive:
        return False
    status = OCSPCertStatus.REVOKED if newest.is_revoked else OCSPCertStatus.GOOD
    return evidence.status is status and state.environment.now() < newest.until


_FOR_NO_CLIENT = (CertIDMismatch, ResponseSignatureInvalid, UnsuccessfulResponse)
"""What a response can have only if no client has verified it."""

_FOR_THIS_CLIENT = (NoResponderCertificate, ResponderNotAuthorized)
"""What a response can have for this client, while another one trusts its signer."""


def _is_forged(
    state: CheckState,
    issuer: x509.Certificate,
    evidence: VerifiedResponse | VerifiedRevocation,
) -> Flow[bool]:
    """
    Return whether the newer answer in a file is none that this client accepts.

    Other programs can write to the file of a cache. An answer that is kept there is
    verified, for its own time. Where only a status is kept, nothing can be verified.
    """
    shared, cert_id = state.memory.shared, evidence.canonical_cert_id
    own = state.memory.known.newest(cert_id)
    if shared is None or (own is not None and own.is_newer_than(evidence)):
        return False
    answer = yield from use_cache(shared, lambda: shared.get(cert_id))
    if answer is None or answer.evidence is not None:
        return False
    try:
        yield from state.calculate(
            "the cache", len(answer.der), lambda: _verify_kept(state, issuer, answer)
        )
    except VerificationError as error:
        failed = tuple(each.error for each in error.failures)
    else:
        return False
    if any(issubclass(each, _FOR_NO_CLIENT) for each in failed):
        yield from use_cache(shared, lambda: shared.discard(cert_id))
        return True
    return any(issubclass(each, _FOR_THIS_CLIENT) for each in failed)


def _verify_kept(
    state: CheckState, issuer: x509.Certificate, answer: CachedAnswer
) -> VerifiedResponse:
    options = state.options
    return verify(
        answer.der,
        state.asked,
        issuer,
        at=answer.this_update,
        responders=options.responders,
        candidates=options.candidates,
        policy=options.policy,
    )


def _put(state: CheckState, evidence: VerifiedResponse, reply: HTTPReply) -> Flow[bool]:
    """Put *evidence* into the cache, if it may be reused; return whether it is kept."""
    if evidence.nonce_matched:  # the response answers one request only
        return False
    until = expiry(evidence, reply, state.environment.now())
    if until is None or evidence.status is OCSPCertStatus.UNKNOWN:
        return False
    cache, cert_id = state.memory.cache, evidence.canonical_cert_id
    fraction = state.memory.fraction(cert_id.serial_number)
    state.refresh_at = refresh_from(evidence.at, until, fraction)
    end = until
    return (yield from use_cache(cache, lambda: cache.put(cert_id, evidence, end)))
