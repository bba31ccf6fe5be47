"""
Remembered outcomes: what a client can say about a certificate without any I/O.

A check remembers its outcome if it has evidence. The outcome is used again while its
evidence holds, and while this process knows no newer answer.
"""

from __future__ import annotations

import datetime

from cryptography.hazmat.primitives import hashes

from ocsp.client.checking.state import CheckState, RememberedOutcome
from ocsp.client.memory.sizes import octets_of
from ocsp.client.options import SendNonce
from ocsp.client.outcome import CheckStatus, Outcome
from ocsp.messages.certid import CertID
from ocsp.verification.chain import needs_no_status
from ocsp.verification.evidence import VerifiedResponse, VerifiedRevocation

__all__ = ["is_due", "recall", "remember"]

_NEVER = datetime.datetime.max.replace(tzinfo=datetime.UTC)


def remember(state: CheckState, outcome: Outcome) -> None:
    """Keep *outcome* if it says *good* or *revoked*, with evidence."""
    if outcome.status not in {CheckStatus.GOOD, CheckStatus.REVOKED}:
        return
    known = state.memory.outcomes.get(state.request)
    if known is not None and known.outcome.evidence is outcome.evidence:
        return
    request = state.request
    octets = octets_of(request.certificate, outcome.issuer, outcome.evidence)
    found = RememberedOutcome(outcome, state.refresh_at)
    state.memory.outcomes.put(request, found, octets)


def recall(state: CheckState) -> RememberedOutcome | None:
    """Return what the memory of this process says now, or ``None``; without I/O."""
    if state.options.nonce is SendNonce.ALWAYS:
        return None
    known = state.memory.outcomes.get(state.request)
    if known is not None and _holds(state, known.outcome):
        return known
    issuer = state.request.issuer
    if needs_no_status(state.certificate):
        none_needed = Outcome(CheckStatus.NOT_NEEDED, state.certificate, issuer)
        return RememberedOutcome(none_needed, _NEVER)
    if issuer is None or state.memory.shared is not None:
        return None  # a file may know of a revocation, which reading it would tell
    failed = state.memory.failed_checks.get(
        state.failed_check_key(issuer), state.environment.monotonic()
    )
    if failed is None:
        return None
    cert_id = CertID.for_certificate(state.certificate, issuer, hashes.SHA256())
    return RememberedOutcome(
        failed.with_known(state.memory.known.newest(cert_id)), _NEVER
    )


def is_due(state: CheckState, known: RememberedOutcome) -> bool:
    """Return whether to ask for an answer that is newer than *known*."""
    return known.refresh_at is None or state.environment.now() >= known.refresh_at


def _holds(state: CheckState, outcome: Outcome) -> bool:
    """Return whether the evidence holds now, and nothing newer is known."""
    evidence = outcome.evidence
    if evidence is None or not evidence.holds_at(state.environment.now()):
        return False
    newest = state.memory.known.newest(evidence.canonical_cert_id)
    if newest is not None and newest.is_newer_than(evidence):
        return False
    return not _has_revoked_signer(state, evidence, outcome)


def _has_revoked_signer(
    state: CheckState, evidence: VerifiedResponse | VerifiedRevocation, outcome: Outcome
) -> bool:
    """Return whether the signer, whose status was needed, is known to be revoked."""
    if not isinstance(evidence, VerifiedResponse) or outcome.issuer is None:
        return False
    if not evidence.needs_status_of_signer:
        return False
    signer = CertID.for_certificate(evidence.responder, outcome.issuer, hashes.SHA256())
    newest = state.memory.known.newest(signer)
    return newest is not None and newest.is_revoked
