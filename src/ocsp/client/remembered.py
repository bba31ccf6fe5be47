"""
Remembered outcomes: what a client can say about a certificate without any I/O.

A check remembers its outcome if it has evidence. The outcome is used again while its
evidence holds, and while this process knows no newer answer.
"""

from __future__ import annotations

from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ocsp.client.cache import KnownStatus
from ocsp.client.checking.state import (
    CheckState,
    Environment,
    Memory,
    RememberedOutcome,
    failed_check_key,
)
from ocsp.client.memory.sizes import octets_of
from ocsp.client.outcome import CheckStatus, Outcome
from ocsp.messages.certid import CertID
from ocsp.verification.chain import needs_no_status
from ocsp.verification.evidence import VerifiedResponse, VerifiedRevocation

__all__ = ["Recalled", "recall", "remember"]

_SHA256 = hashes.SHA256()


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
    key = CertID.for_certificate(outcome.certificate, issuer, _SHA256).der
    kept = state.memory.outcomes.get(key)
    if kept is not None and kept.outcome.evidence is evidence:
        return
    kept = RememberedOutcome(
        outcome,
        KnownStatus.of(evidence),
        evidence.holds_from,
        evidence.holds_until,
        state.refresh_at,
    )
    octets = octets_of(key, outcome.certificate, issuer, evidence)
    state.memory.outcomes.put(key, kept, octets)


def recall(
    memory: Memory,
    environment: Environment,
    cert: x509.Certificate,
    issuer: x509.Certificate | None,
) -> Recalled:
    """Return what *memory* says now about *cert*, without I/O."""
    if issuer is not None:
        cert_id = CertID.for_certificate(cert, issuer, _SHA256)
        kept = memory.outcomes.get(cert_id.der)
        if kept is not None:
            now = environment.now()
            if kept.begin <= now < kept.end and _fits(memory, kept, cert, issuer):
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
    return Recalled(failed.with_known(memory.known.newest(cert_id)))


def _fits(
    memory: Memory,
    kept: RememberedOutcome,
    cert: x509.Certificate,
    issuer: x509.Certificate,
) -> bool:
    """Return whether *kept* is about these certificates, and nothing newer is known."""
    outcome, evidence = kept.outcome, kept.outcome.evidence
    if outcome.certificate != cert or outcome.issuer != issuer or evidence is None:
        return False  # another certificate can have the same CertID
    newest = memory.known.newest(evidence.canonical_cert_id)
    if (
        newest is not None
        and newest[:3] != kept.known[:3]
        and newest.is_newer_than(evidence)
    ):
        return False
    return not _has_revoked_signer(memory, evidence, issuer)


def _has_revoked_signer(
    memory: Memory,
    evidence: VerifiedResponse | VerifiedRevocation,
    issuer: x509.Certificate,
) -> bool:
    """Return whether the signer, whose status was needed, is known to be revoked."""
    if not isinstance(evidence, VerifiedResponse):
        return False
    if not evidence.needs_status_of_signer:
        return False
    signer = CertID.for_certificate(evidence.responder, issuer, _SHA256)
    newest = memory.known.newest(signer)
    return newest is not None and newest.is_revoked
