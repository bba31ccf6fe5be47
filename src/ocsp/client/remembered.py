"""
Remembered outcomes: what a client can say about a certificate without any I/O.

A check remembers its outcome if it has evidence. The outcome is used again while its
evidence holds, and while this process knows no newer answer.
"""

from __future__ import annotations

import datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ocsp.client.cache import MemoryCache
from ocsp.client.checking.state import (
    CheckState,
    Environment,
    Memory,
    RememberedOutcome,
    failed_check_key,
)
from ocsp.client.memory.sizes import octets_of
from ocsp.client.outcome import CheckStatus, Outcome, Source
from ocsp.messages.certid import CertID
from ocsp.verification.chain import needs_no_status
from ocsp.verification.evidence import VerifiedResponse

__all__ = ["Recalled", "recall", "recall_cached", "remember"]

_SHA256 = hashes.SHA256()
_CACHE = Source.CACHE  # looking up an enumeration member is slow


class Recalled(NamedTuple):
    """
    What the memory says.

    Attributes:
        outcome: The outcome, or ``None`` if nothing is known.

        is_due: Whether to ask for a newer answer.
    """

    outcome: Outcome | None
    is_due: bool = False


def remember(state: CheckState, outcome: Outcome) -> None:
    """Keep *outcome* if it says *good* or *revoked*, with evidence."""
    evidence, issuer = outcome.evidence, outcome.issuer
    if evidence is None or issuer is None or outcome.status is CheckStatus.UNKNOWN:
        return
    key, about = outcome.certificate.signature, (outcome.certificate, issuer)
    kept = state.memory.outcomes.get(key)
    if kept is not None and kept.outcome.evidence is evidence and kept.about == about:
        return
    signer = None
    if isinstance(evidence, VerifiedResponse) and evidence.needs_status_of_signer:
        signer = CertID.for_certificate(evidence.responder, issuer, _SHA256)
    kept = RememberedOutcome(
        about,
        outcome,
        evidence.canonical_cert_id,
        signer,
        evidence.holds_from,
        evidence.holds_until,
        state.refresh_at,
    )
    octets = octets_of(key, outcome.certificate, issuer, evidence)
    state.memory.outcomes.put(key, kept, octets)


def recall_cached(
    memory: Memory,
    environment: Environment,
    cert: x509.Certificate,
    issuer: x509.Certificate,
) -> Outcome | None:
    """
    Return what a check would say at once, from a cache in memory; or ``None``.

    This is the outcome of :func:`ocsp.client.checking.flow.check_flow` if the cache has
    the answer of the remembered evidence, and no newer one is due.
    """
    now = environment.now()
    kept = _holding(memory, cert, issuer, now)
    if kept is None or kept.refresh_at is None or now >= kept.refresh_at:
        return None
    cache, evidence = memory.cache, kept.outcome.evidence
    if type(cache) is not MemoryCache:
        return None
    answer = cache.get(kept.cert_id)
    if answer is None or answer.evidence is not evidence:
        return None
    return Outcome(kept.outcome.status, cert, issuer, evidence=evidence, source=_CACHE)


def recall(
    memory: Memory,
    environment: Environment,
    cert: x509.Certificate,
    issuer: x509.Certificate | None,
) -> Recalled:
    """Return what *memory* says now about *cert*, without I/O."""
    if issuer is not None:
        now = environment.now()
        kept = _holding(memory, cert, issuer, now)
        if kept is not None and not _is_outdated(memory, kept):
            is_due = kept.refresh_at is None or now >= kept.refresh_at
            return Recalled(kept.outcome, is_due)
    if needs_no_status(cert):
        return Recalled(Outcome(CheckStatus.NOT_NEEDED, cert, issuer))
    if issuer is None or memory.shared is not None:
        return Recalled(None)  # a file may know of a revocation
    failed = memory.failed_checks.get(
        failed_check_key(cert, issuer, ()), environment.monotonic()
    )
    if failed is None:
        return Recalled(None)
    cert_id = CertID.for_certificate(cert, issuer, _SHA256)
    return Recalled(failed.with_known(memory.known.newest(cert_id)))


def _holding(
    memory: Memory,
    cert: x509.Certificate,
    issuer: x509.Certificate,
    now: datetime.datetime,
) -> RememberedOutcome | None:
    """Return what is kept about exactly these certificates, if it holds *now*."""
    kept = memory.outcomes.get(cert.signature)
    if (
        kept is None
        or not kept.begin <= now < kept.end
        or kept.about != (cert, issuer)  # compares objects, then contents
    ):
        return None
    if kept.signer is not None:
        newest = memory.known.newest(kept.signer)
        if newest is not None and newest.is_revoked:
            return None
    return kept


def _is_outdated(memory: Memory, kept: RememberedOutcome) -> bool:
    """Return whether a newer answer than the kept one is known."""
    evidence = kept.outcome.evidence
    newest = memory.known.newest(kept.cert_id)
    return (
        evidence is not None and newest is not None and newest.is_newer_than(evidence)
    )
