"""
The judgement: rules in their order, and what follows from them (RFC 6960 §3.2).

Rules of this file: parse, status, signer, certificate, times, nonce, worth. All
failures are collected; no status leaves this module but as evidence.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from cryptography import x509

from ocsp.certid import CertID
from ocsp.request import OCSPRequest
from ocsp.response import OCSPResponse
from ocsp.single_response import OCSPSingleResponse
from ocsp.verification.case import Candidate, Case, Findings
from ocsp.verification.entry import choose, complete, matching
from ocsp.verification.errors import Finding, VerificationError
from ocsp.verification.evidence import VerifiedResponse, as_evidence
from ocsp.verification.message import critical_extensions, has_entries, read, successful
from ocsp.verification.nonce import came_back
from ocsp.verification.policy import Policy
from ocsp.verification.signer import find_signer
from ocsp.verification.status import (
    ended,
    kept_after_expiry,
    never_issued,
    only_good_is_good,
    reason,
    revoked_in_the_past,
)
from ocsp.verification.times import end_of_hold, not_future, produced_at, recent

__all__ = ["judge"]


def judge(
    response: bytes | OCSPResponse,
    cert: x509.Certificate | CertID,
    issuer: x509.Certificate,
    at: datetime.datetime,
    *,
    nonce: bytes | None,
    request: OCSPRequest | None,
    responders: Iterable[x509.Certificate],
    evidence: Iterable[VerifiedResponse],
    policy: Policy,
) -> VerifiedResponse:
    """
    Return evidence, or raise all that speaks against it; see :func:`ocsp.verify`.

    Raises:
        VerificationError: If a rule fails.
    """
    message = _message(response)
    case = Case(
        message,
        cert,
        issuer,
        at,
        nonce=nonce,
        request=request,
        responders=tuple(responders),
        evidence=tuple(evidence),
        policy=policy,
    )
    has_entries(case)
    find_signer(case)
    entries = matching(case)
    complete(case)
    if entries:
        choose(case, entries)
    critical_extensions(case)
    nonce_matched = came_back(case)
    if case.entry is not None:
        _judge_entry(case, case.entry)
    if case.failures or case.entry is None or case.signer is None:
        raise _error(case.failures)
    return _evidence(case, case.entry, case.signer, nonce_matched)


def _message(data: bytes | OCSPResponse) -> OCSPResponse:
    findings = Findings()
    response = read(data, findings)
    if response is not None:
        successful(findings, response)
    if response is None or findings.failures:
        raise _error(findings.failures)
    return response


def _judge_entry(case: Case, entry: OCSPSingleResponse) -> None:
    not_future(case, entry)
    recent(case, entry)
    produced_at(case, entry)
    ended(case)
    # What follows tells the status, so nothing but age may speak against the response.
    only_good_is_good(case, entry)
    if not case.failures:
        revoked_in_the_past(case, entry)
        kept_after_expiry(case, entry)


_SPECIFIC = ("V20", "V17", "V14", "V16", "V15", "V13", "V6", "V11", "V10", "V12")
"""Rules in the order in which they say most; all others follow as they were found."""


def _error(failures: list[Finding]) -> VerificationError:
    """Return the error of the most specific failure, with all of them."""
    ranked = sorted(failures, key=lambda failure: _rank(failure.rule))
    return ranked[0].error(ranked)


def _rank(rule: str) -> int:
    return _SPECIFIC.index(rule) if rule in _SPECIFIC else len(_SPECIFIC)


def _evidence(
    case: Case, entry: OCSPSingleResponse, signer: Candidate, nonce_matched: bool
) -> VerifiedResponse:
    return as_evidence(
        status=entry.certificate_status,
        cert_id=entry.cert_id,
        revocation_time=entry.revocation_time_utc,
        revocation_reason=reason(entry),
        this_update=entry.this_update_utc,
        next_update=entry.next_update_utc,
        produced_at=case.response.produced_at_utc,
        not_issued=never_issued(entry),
        responder=signer.certificate,
        authorized_by=signer.authorized_by,
        at=case.at,
        nonce_matched=nonce_matched,
        warnings=tuple(case.warnings),
        response=case.response,
        holds_until=end_of_hold(case, entry),
    )
