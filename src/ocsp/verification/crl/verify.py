"""
Verify one CRL for one certificate (RFC 5280 §6.3).

The rules that reject a CRL run first, and all their failures are collected. The entries
are examined only if there is no failure except age. A status is returned only as
evidence.
"""

from __future__ import annotations

import datetime

from cryptography import x509

from ocsp.errors import CRLExpired, Finding, VerificationError
from ocsp.verification.case import Findings
from ocsp.verification.clock import moment_of
from ocsp.verification.crl.case import CRLCase, ReadCRL, read_crl
from ocsp.verification.crl.entry import (
    Revocation,
    check_archive_cutoff,
    check_entries,
    report_stale_revocation,
    revocation_of,
    revoked_in_the_past,
)
from ocsp.verification.crl.rules import (
    check_freshness,
    critical_extensions,
    issuer_may_sign,
    not_future,
    of_issuer,
    signature_is_right,
    strong_enough,
)
from ocsp.verification.crl.scope import all_reasons, check_delta, in_scope
from ocsp.verification.evidence import (
    CRLJudgement,
    VerifiedRevocation,
    evidence_of_crl,
)
from ocsp.verification.policy import Policy
from ocsp.verification.response import check_settings

__all__ = ["verify_crl"]

_DEFAULT = Policy()


def verify_crl(
    crl: bytes | x509.CertificateRevocationList,
    cert: x509.Certificate,
    issuer: x509.Certificate,
    *,
    delta: bytes | x509.CertificateRevocationList | None = None,
    at: datetime.datetime | None = None,
    policy: Policy = _DEFAULT,
) -> VerifiedRevocation:
    """
    Verify that *crl* proves the status of *cert*.

    Applies the rules R1 to R15. The issuer's own key has to have signed the CRL, and
    the CRL has to be for its own certificates; indirect CRLs are rejected. Not
    verified: the issuer's own certificate, and that the issuer signed *cert*. Build and
    validate the certification path first.

    Args:
        crl: The complete CRL, in DER, or loaded.

        cert: The certificate in question.

        issuer: The certificate of its issuer.

        delta: A delta CRL for it (RFC 5280 §5.2.4), in DER, or loaded. If one is given,
            only the delta CRL has to be fresh.

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
    """
    if not isinstance(crl, (bytes, x509.CertificateRevocationList)):
        raise TypeError("crl must be bytes or a CertificateRevocationList")
    if not isinstance(delta, (bytes, x509.CertificateRevocationList, type(None))):
        raise TypeError("delta must be bytes or a CertificateRevocationList")
    if not isinstance(cert, x509.Certificate):
        raise TypeError("cert must be a Certificate")
    check_settings(issuer, policy)
    moment, findings = moment_of(at), Findings()
    complete = read_crl(crl, "the CRL", findings)
    changes = None if delta is None else read_crl(delta, "the delta CRL", findings)
    if complete is None or findings.failures:
        raise _error(findings.failures)
    return _judge(CRLCase(complete, changes, cert, issuer, moment, policy))


def _judge(case: CRLCase) -> VerifiedRevocation:
    of_issuer(case)
    issuer_may_sign(case)
    for each in case.crls:
        _judge_list(case, each)
    check_freshness(case)
    in_scope(case)
    check_delta(case)
    found = None
    if all(failure.error is CRLExpired for failure in case.failures):
        found = _judge_entries(case)
    if case.failures:
        raise _error(case.failures)
    return _evidence(case, found)


def _judge_list(case: CRLCase, each: ReadCRL) -> None:
    strong_enough(case, each)
    signature_is_right(case, each)
    not_future(case, each)
    critical_extensions(case, each)


def _judge_entries(case: CRLCase) -> Revocation | None:
    for each in case.crls:
        check_entries(case, each)
    found = revocation_of(case)
    if found is None:
        all_reasons(case)
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


def _evidence(case: CRLCase, found: Revocation | None) -> VerifiedRevocation:
    newest = case.newest
    return evidence_of_crl(
        CRLJudgement(
            cert=case.cert,
            issuer=case.issuer,
            revocation_time=None if found is None else found.time,
            revocation_reason=None if found is None else found.reason,
            this_update=newest.crl.last_update_utc,
            next_update=newest.crl.next_update_utc,
            crl_number=case.complete.number,
            delta_crl_number=None if case.delta is None else case.delta.number,
            at=case.at,
            policy=case.policy,
            warnings=tuple(case.warnings),
        )
    )
