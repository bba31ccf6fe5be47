"""
Verify CRLs for one certificate (RFC 5280 §6.3).

The rules that reject a CRL run first, and all their failures are collected. The entries
are examined only if there is no failure except age. A status is returned only as
evidence.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from typing import cast

from cryptography import x509

from ocsp.errors import CRLExpired, Finding, VerificationError
from ocsp.verification.case import Findings
from ocsp.verification.clock import moment_of
from ocsp.verification.crl.case import CRLCase, CRLQuestion, CRLSigner, read_crl
from ocsp.verification.crl.entry import (
    Revocation,
    check_archive_cutoff,
    check_entries,
    report_stale_revocation,
    revocation_of,
    revoked_in_the_past,
)
from ocsp.verification.crl.reader import ReadCRL
from ocsp.verification.crl.rules import (
    certificate_of_issuer,
    check_freshness,
    critical_extensions,
    not_future,
    of_issuer,
)
from ocsp.verification.crl.scope import (
    all_reasons,
    check_delta,
    has_same_scope,
    in_scope,
)
from ocsp.verification.crl.signer import find_signer
from ocsp.verification.evidence import (
    CRLJudgement,
    VerifiedRevocation,
    end_of_hold,
    evidence_of_crl,
)
from ocsp.verification.policy import Policy
from ocsp.verification.response import check_settings

__all__ = ["CRLPair", "judge_crls", "verify_crl"]

CRL = bytes | x509.CertificateRevocationList

CRLPair = tuple[ReadCRL, ReadCRL | None]
"""A complete CRL, and its delta CRL if there is one."""

_DEFAULT = Policy()


def verify_crl(
    crl: CRL | Sequence[CRL],
    cert: x509.Certificate,
    issuer: x509.Certificate,
    *,
    delta: CRL | Sequence[CRL] | None = None,
    crl_issuers: Iterable[x509.Certificate] = (),
    candidates: Iterable[x509.Certificate] = (),
    at: datetime.datetime | None = None,
    policy: Policy = _DEFAULT,
) -> VerifiedRevocation:
    """
    Verify that *crl* proves the status of *cert*.

    Applies the rules R1 to R15. The CRL is one of the issuer, or an indirect CRL of an
    issuer that *cert* names in cRLIssuer (RFC 5280 §6.3.3). The key that signed it is
    that of *issuer*, of a certificate in *crl_issuers*, or of a certificate in
    *candidates* that *issuer* has issued; its certificate has the name of the CRL
    issuer. Not verified: the issuer's own certificate, that the issuer signed *cert*,
    and the status of the certificate of a CRL issuer. Build and validate the
    certification path first.

    Args:
        crl: The complete CRL, in DER or PEM, or loaded. Or several, if each covers some
            reasons only (onlySomeReasons): *good* needs CRLs for all reasons.

        cert: The certificate in question.

        issuer: The certificate of its issuer.

        delta: A delta CRL for it (RFC 5280 §5.2.4), in DER or PEM, or loaded. If one is
            given, only the delta CRL has to be fresh. For several CRLs, several: each
            is used with the CRL that has the same issuer and scope.

        crl_issuers: Certificates of CRL issuers that the caller trusts, after
            validating their paths to the trust anchor of *cert*.

        candidates: Certificates that may be that of the CRL issuer, from any source.

        at: The moment for which to judge, aware; ``None`` means now.

        policy: What the caller requires. These fields apply: ``clock_skew``,
            ``max_age``, ``missing_next_update``, ``max_age_without_next_update``,
            ``signature_hashes``, ``min_rsa_bits``, ``min_ec_bits`` and
            ``expired_certificate``.

    Returns:
        Evidence. Its ``status`` may be *revoked*: check it, or call
        :meth:`VerifiedRevocation.require_good`.

    Raises:
        VerificationError: If a rule fails; ``failures`` lists every failure.
        TypeError: If an argument has the wrong type, or *at* is naive.
        ValueError: If *crl* is an empty sequence.
    """
    given, deltas = _several(crl, "crl"), _several(delta, "delta")
    if not given:
        raise ValueError("crl is empty: give at least one CRL")
    if not isinstance(cert, x509.Certificate):
        raise TypeError("cert must be a Certificate")
    check_settings(issuer, policy)
    trusted, possible = tuple(crl_issuers), tuple(candidates)
    for each in (*trusted, *possible):
        if not isinstance(each, x509.Certificate):
            raise TypeError("crl_issuers and candidates must be Certificates")
    moment, findings = moment_of(at), Findings()
    complete = _read(given, "the CRL", findings)
    changes = _read(deltas, "the delta CRL", findings)
    if findings.failures:
        raise _error(findings.failures)
    asked = CRLQuestion(cert, issuer, moment, policy, trusted, possible)
    return judge_crls(asked, _paired(complete, changes))


def _several(crl: CRL | Sequence[CRL] | None, name: str) -> tuple[CRL, ...]:
    if crl is None and name == "delta":
        return ()
    given = tuple(crl) if isinstance(crl, (list, tuple)) else (crl,)
    for each in given:
        if not isinstance(each, (bytes, x509.CertificateRevocationList)):
            raise TypeError(f"{name} must be bytes or a CertificateRevocationList")
    return given


def _read(given: Sequence[CRL], name: str, findings: Findings) -> list[ReadCRL]:
    read = []
    for number, data in enumerate(given, 1):
        numbered = name if len(given) == 1 else f"{name} {number}"
        found = read_crl(data, numbered, findings)
        if found is not None:
            read.append(found)
    return read


def _paired(complete: list[ReadCRL], deltas: list[ReadCRL]) -> list[CRLPair]:
    """Return each complete CRL with its newest delta CRL."""
    if len(complete) == 1 and len(deltas) == 1:  # R11 says why they do not fit.
        return [(complete[0], deltas[0])]
    newest_first = sorted(deltas, key=lambda each: -(each.number or 0))
    return [
        (each, next((new for new in newest_first if has_same_scope(each, new)), None))
        for each in complete
    ]


def judge_crls(asked: CRLQuestion, pairs: Sequence[CRLPair]) -> VerifiedRevocation:
    """
    Return what the CRLs together prove.

    Raises:
        VerificationError: If a rule fails, and the other CRLs prove no status.
    """
    cases = [CRLCase(asked, complete, delta) for complete, delta in pairs]
    found = [_judge(case) for case in cases]
    failures = [failure for case in cases for failure in case.failures]
    accepted = [case for case in cases if not case.failures]
    for case, revocation in zip(cases, found, strict=True):
        if revocation is not None and case in accepted:
            return _evidence(case, revocation, failures)
    newer = [case for case in accepted if _is_newer(case, cases, found)]
    if newer:
        findings = Findings()
        reasons = frozenset[int]().union(*(case.reasons for case in newer))
        all_reasons(findings, reasons)
        failures += findings.failures
        if not findings.failures:
            first = min(newer, key=_end)
            oldest = min(case.newest.this_update for case in newer)
            return _evidence(first, None, failures, oldest)
    raise _error(failures)


def _is_newer(
    case: CRLCase, cases: list[CRLCase], found: list[Revocation | None]
) -> bool:
    """
    Return whether *case* is newer than every CRL that lists the certificate.

    A revocation that is too old counts until newer CRLs do not list the certificate.
    """
    return all(
        revocation is None or case.newest.this_update > each.newest.this_update
        for each, revocation in zip(cases, found, strict=True)
    )


def _end(case: CRLCase) -> datetime.datetime:
    """Return when the evidence of the CRL ends."""
    newest = case.newest
    return end_of_hold(newest.this_update, newest.next_update, case.asked.policy)


def _judge(case: CRLCase) -> Revocation | None:
    certificate_of_issuer(case)
    for each in case.crls:
        _judge_list(case, each)
    check_freshness(case)
    in_scope(case)
    check_delta(case)
    if all(failure.error is CRLExpired for failure in case.failures):
        return _judge_entries(case)
    return None


def _judge_list(case: CRLCase, each: ReadCRL) -> None:
    if of_issuer(case, each):
        signer = find_signer(case, each)
        if each is case.complete:
            case.signer = signer
    not_future(case, each)
    critical_extensions(case, each)


def _judge_entries(case: CRLCase) -> Revocation | None:
    if not all(check_entries(case, each) for each in case.crls):
        return None
    found = revocation_of(case)
    if found is None:
        check_archive_cutoff(case)
    elif case.failures:
        report_stale_revocation(case, found)
    else:
        revoked_in_the_past(case, found)
    return found


_SPECIFIC = ("R13", "R4")
"""The most specific rules; the others follow in the order of discovery."""


def _error(failures: list[Finding]) -> VerificationError:
    """Return an error with all failures, of the class of the most specific one."""
    ranked = sorted(failures, key=lambda failure: failure.rule not in _SPECIFIC)
    return ranked[0].error(ranked)


def _evidence(
    case: CRLCase,
    found: Revocation | None,
    failures: list[Finding],
    oldest: datetime.datetime | None = None,
) -> VerifiedRevocation:
    """Return evidence; the failures of CRLs that were not needed are warnings."""
    newest = case.newest
    signer = cast("CRLSigner", case.signer)  # R3 to R5 fail without one
    return evidence_of_crl(
        CRLJudgement(
            cert=case.asked.cert,
            issuer=case.asked.issuer,
            signer=signer.certificate,
            authorized_by=signer.authorized_by,
            revocation_time=None if found is None else found.time,
            revocation_reason=None if found is None else found.reason,
            this_update=newest.this_update,
            next_update=newest.next_update,
            crl_number=case.complete.number,
            delta_crl_number=None if case.delta is None else case.delta.number,
            at=case.asked.at,
            policy=case.asked.policy,
            warnings=(*case.warnings, *failures),
            oldest_this_update=oldest or newest.this_update,
        )
    )
