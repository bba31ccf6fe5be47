"""
The judgement: rules in their order, and what follows from them (RFC 6960 §3.2).

Rules of this file: parse, status, signer, certificate, times, nonce, worth. All
failures are collected; no status leaves this module but as evidence.
"""

from __future__ import annotations

from ocsp import limits
from ocsp.errors import DecodeError, Finding, VerificationError
from ocsp.messages.responses.response import OCSPResponse
from ocsp.messages.responses.single_response import OCSPSingleResponse
from ocsp.messages.statuses import OCSPCertStatus, OCSPResponseStatus
from ocsp.verification.case import Case, Findings
from ocsp.verification.evidence import (
    ResponseJudgement,
    VerifiedResponse,
    evidence_of_response,
)
from ocsp.verification.judging.fast_path import ordinary
from ocsp.verification.rules.entry import check_complete, find_entries, select_entry
from ocsp.verification.rules.message import (
    critical_extensions,
    has_entries,
    is_about_type,
    is_basic,
    read,
    successful,
    unique_extensions,
    well_formed,
)
from ocsp.verification.rules.nonce import check_nonce
from ocsp.verification.rules.signer import find_signer
from ocsp.verification.rules.status import (
    check_archive_cutoff,
    check_expired,
    report_stale_revocation,
    revoked_in_the_past,
)
from ocsp.verification.rules.times import check_freshness, not_future, produced_at

__all__ = ["error_of", "judge", "open_message"]


def judge(case: Case) -> VerifiedResponse:
    """
    Return evidence, or raise all that speaks against it; see :func:`ocsp.verify`.

    Raises:
        VerificationError: If a rule fails.
    """
    judgement = ordinary(case)
    if judgement is not None:
        return evidence_of_response(judgement)
    response = case.response
    entries = response._responses
    layout = response._layout
    # Most have no extension at all, and need no rule on them.
    extended = layout is not None and layout.extended
    if not 0 < len(entries) <= limits.MAX_VERIFIED_ENTRIES:
        has_entries(case, entries)
    if extended:
        unique_extensions(case, entries)
    find_signer(case)
    about = find_entries(case, entries)
    if case.request is not None:
        check_complete(case, case.request, entries)
    entry = about[0] if len(about) == 1 else select_entry(case, about)
    if extended:
        critical_extensions(case, entry)
    nonce_matched = (extended or case.nonce is not None) and check_nonce(case)
    if entry is not None:
        _judge_entry(case, entry)
    signer = case.signer
    if case.failures or entry is None or signer is None:
        raise error_of(case.failures)
    return evidence_of_response(
        ResponseJudgement(
            case.cert,
            case.issuer,
            response,
            entry,
            signer.certificate,
            signer.authorized_by,
            case.at,
            case.policy,
            nonce_matched,
            tuple(case.warnings),
        )
    )


def open_message(data: bytes | OCSPResponse) -> OCSPResponse:
    """
    Return the response *data*, which is well-formed and successful.

    Raises:
        VerificationError: If it is not; then there is nothing more to judge.
    """
    try:
        response = read(data)
    except DecodeError as error:
        findings = Findings()
        (is_basic if is_about_type(error) else well_formed)(findings, error)
        raise error_of(findings.failures) from error
    if response.response_status is not OCSPResponseStatus.SUCCESSFUL:
        findings = Findings()
        successful(findings, response)
        raise error_of(findings.failures)
    return response


def _judge_entry(case: Case, entry: OCSPSingleResponse) -> None:
    not_future(case, entry)
    check_freshness(case, entry)
    produced_at(case, entry)
    end = check_expired(case)
    # What follows tells the status, so nothing but age may speak against the response.
    if case.failures:
        report_stale_revocation(case, entry)
        return
    if entry.certificate_status is OCSPCertStatus.REVOKED:
        revoked_in_the_past(case, entry)
    if end is not None:
        check_archive_cutoff(case, entry, end)


_SPECIFIC = ("V20", "V17", "V14", "V16", "V15", "V13", "V6", "V11", "V10", "V12")
"""Rules in the order in which they say most; all others follow as they were found."""


def error_of(failures: list[Finding]) -> VerificationError:
    """Return the error of the most specific failure, with all of them."""
    ranked = sorted(failures, key=lambda failure: _rank(failure.rule))
    return ranked[0].error(ranked)


def _rank(rule: str) -> int:
    return _SPECIFIC.index(rule) if rule in _SPECIFIC else len(_SPECIFIC)
