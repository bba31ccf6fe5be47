"""
The judgement: rules in their order, and what follows from them (RFC 6960 §3.2).

Rules of this file: parse, status, signer, certificate, times, nonce, worth. All
failures are collected; no status leaves this module but as evidence.
"""

from __future__ import annotations

from ocsp.response import OCSPResponse
from ocsp.single_response import OCSPSingleResponse
from ocsp.verification.case import Candidate, Case, Findings
from ocsp.verification.entry import choose, complete, matching
from ocsp.verification.errors import Finding, VerificationError
from ocsp.verification.evidence import Judgement, VerifiedResponse, as_evidence
from ocsp.verification.message import critical_extensions, has_entries, read, successful
from ocsp.verification.nonce import came_back
from ocsp.verification.signer import find_signer
from ocsp.verification.status import (
    ended,
    kept_after_expiry,
    only_good_is_good,
    revoked_in_the_past,
)
from ocsp.verification.times import end_of_hold, not_future, produced_at, recent

__all__ = ["judge", "open_message"]


def judge(case: Case) -> VerifiedResponse:
    """
    Return evidence, or raise all that speaks against it; see :func:`ocsp.verify`.

    Raises:
        VerificationError: If a rule fails.
    """
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


def open_message(data: bytes | OCSPResponse) -> OCSPResponse:
    """
    Return the response *data*, which is well-formed and successful.

    Raises:
        VerificationError: If it is not; then there is nothing more to judge.
    """
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
    end = ended(case)
    # What follows tells the status, so nothing but age may speak against the response.
    only_good_is_good(case, entry)
    if not case.failures:
        revoked_in_the_past(case, entry)
        if end is not None:
            kept_after_expiry(case, entry, end)


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
        Judgement(
            case.response,
            entry,
            signer.certificate,
            signer.authorized_by,
            case.at,
            case.policy,
            end_of_hold(case, entry),
            nonce_matched,
            tuple(case.warnings),
        )
    )
