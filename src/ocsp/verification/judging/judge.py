"""
The judge: apply all rules to one response (RFC 6960 §3.2).

The judge collects the failures of all rules before it raises an error. It returns a
status only as evidence.
"""

from __future__ import annotations

from ocsp import limits
from ocsp.errors import DecodeError, Finding, VerificationError
from ocsp.messages.message import EncodingRules
from ocsp.messages.responses.response import OCSPResponse
from ocsp.messages.responses.single_response import OCSPSingleResponse
from ocsp.messages.statuses import OCSPCertStatus, OCSPResponseStatus
from ocsp.verification.case import Case, Findings
from ocsp.verification.evidence import (
    ResponseJudgement,
    VerifiedResponse,
    evidence_of_response,
)
from ocsp.verification.judging.fast_path import fast_judgement
from ocsp.verification.rules.cert_hash import check_cert_hash
from ocsp.verification.rules.entry import check_complete, find_entries, select_entry
from ocsp.verification.rules.message import (
    has_entries,
    is_type_error,
    load,
    readable_extensions,
    report_malformed,
    report_tolerated,
    report_unreadable_certificates,
    report_unsuccessful,
    report_wrong_type,
    unique_extensions,
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
    Apply the rules to *case* and return evidence; see :func:`ocsp.verify`.

    Raises:
        VerificationError: If a rule fails; it lists all failures.
    """
    judgement = fast_judgement(case)
    if judgement is not None:
        return evidence_of_response(judgement)
    response = case.response
    entries = response._responses
    # Most responses have no extensions, so the rules about them are skipped.
    extended = response._extended
    if not 0 < len(entries) <= limits.MAX_VERIFIED_ENTRIES:
        has_entries(case, entries)
        entries = entries[: limits.MAX_VERIFIED_ENTRIES]
    if extended:
        unique_extensions(case, entries)
    report_tolerated(case, response)
    report_unreadable_certificates(case, response)
    find_signer(case)
    about = find_entries(case, entries)
    if case.request is not None:
        check_complete(case, case.request, entries)
    entry = about[0] if len(about) == 1 else select_entry(case, about)
    if extended:
        readable_extensions(case, entry)
    if entry is not None:
        check_cert_hash(case, entry)
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
            signer.evidence_until,
        )
    )


def open_message(data: bytes | OCSPResponse, encoding: EncodingRules) -> OCSPResponse:
    """
    Load *data* as a response in an encoding that *encoding* accepts; check V1 to V3.

    Raises:
        VerificationError: If it is malformed or its status is not *successful*. No
            other rule can be applied then.
    """
    try:
        response = load(data, encoding)
    except DecodeError as error:
        findings = Findings()
        report = report_wrong_type if is_type_error(error) else report_malformed
        report(findings, error)
        raise error_of(findings.failures) from error
    if response.response_status is not OCSPResponseStatus.SUCCESSFUL:
        findings = Findings()
        report_unsuccessful(findings, response)
        raise error_of(findings.failures)
    return response


def _judge_entry(case: Case, entry: OCSPSingleResponse) -> None:
    not_future(case, entry)
    check_freshness(case, entry)
    produced_at(case, entry)
    end = check_expired(case)
    # The rules below reveal the status, so the response may have no other failure than
    # its age.
    if case.failures:
        report_stale_revocation(case, entry)
        return
    if entry.certificate_status is OCSPCertStatus.REVOKED:
        revoked_in_the_past(case, entry)
    if end is not None:
        check_archive_cutoff(case, entry, end)


_SPECIFIC = ("V20", "V17", "V14", "V16", "V15", "V13", "V6", "V11", "V10", "V12")
"""The most specific rules, in order; the others follow in the order of discovery."""


def error_of(failures: list[Finding]) -> VerificationError:
    """Return an error with all failures, of the class of the most specific one."""
    ranked = sorted(failures, key=lambda failure: _rank(failure.rule))
    return ranked[0].error(ranked)


def _rank(rule: str) -> int:
    return _SPECIFIC.index(rule) if rule in _SPECIFIC else len(_SPECIFIC)
