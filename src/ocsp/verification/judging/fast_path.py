"""
The fast path: accept a common response without running every rule.

Most responses are signed by the issuer, have one entry and no extensions, are not
*revoked* and are current. A few comparisons and one signature check are enough to see
that; running every rule takes five times as long.

A judgement means that the rules would report neither a failure nor a warning. ``None``
means undecided: the full rules run. ``tests/property/test_fast_path.py`` and every case
test that both ways return the same result.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from ocsp import limits
from ocsp.asn1.certificates import parts_of, validity_of
from ocsp.errors import SignatureInvalid
from ocsp.messages.certid import is_cert_id_of
from ocsp.messages.responses.single_response import OCSPSingleResponse
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.signing.signatures import check_signature
from ocsp.verification.case import Case
from ocsp.verification.evidence import AuthorizedBy, ResponseJudgement
from ocsp.verification.facts import facts_of, key_size_problem
from ocsp.verification.policy import CertHashCheck, CertIDHashes
from ocsp.verification.responder_id import names_signer
from ocsp.verification.rules.times import interval_allowed_for_any

__all__ = ["fast_judgement"]

# Module constants, because looking up an enumeration member is slow.
_REVOKED = OCSPCertStatus.REVOKED
_ISSUER = AuthorizedBy.ISSUER
_ANY_HASH = CertIDHashes.SHA1_AND_SHA2
_IF_PRESENT = CertHashCheck.IF_PRESENT


def fast_judgement(case: Case) -> ResponseJudgement | None:
    """Return the judgement of a common response, or ``None`` if the rules must run."""
    response, cert, issuer = case.response, case.cert, case.issuer
    entry, layout = response._only, response._layout
    if entry is None or layout is None or layout.extended or layout.unreadable:
        return None
    if (
        case.nonce is not None
        or case.request is not None
        or limits.MAX_VERIFIED_ENTRIES < 1
        or response.tolerated
        or not isinstance(cert, x509.Certificate)
        or entry.certificate_status is _REVOKED
        or not names_signer(response, issuer)
        or not _is_about(case, entry, cert)
        or not _is_in_time(case, entry, cert)
    ):
        return None
    judgement = ResponseJudgement(
        cert, issuer, response, entry, issuer, _ISSUER, case.at, case.policy, False, ()
    )
    return judgement if _is_signed(case) else None


def _is_about(case: Case, entry: OCSPSingleResponse, cert: x509.Certificate) -> bool:
    """V7: tell whether the entry is for the certificate."""
    return (
        case.policy.cert_id_hashes is _ANY_HASH
        and case.policy.cert_hash is _IF_PRESENT
        and is_cert_id_of(entry._data, entry._layout.cert_id, cert, case.issuer)
        and parts_of(cert).issuer == parts_of(case.issuer).subject
    )


def _is_in_time(case: Case, entry: OCSPSingleResponse, cert: x509.Certificate) -> bool:
    """V18, V19, V21 and V26: tell whether the times are right without clock skew."""
    at, policy, facts = case.at, case.policy, facts_of(case.issuer)
    this_update, next_update = entry._this_update, entry._next_update
    produced_at = case.response.produced_at_utc
    begin, end = validity_of(cert)
    return (
        next_update is not None
        and this_update <= produced_at <= at < next_update
        and facts.not_before <= produced_at <= facts.not_after
        and interval_allowed_for_any(policy, next_update - this_update)
        and at - this_update <= policy.max_age
        and begin <= produced_at
        and at <= end
    )


def _is_signed(case: Case) -> bool:
    """V6, V10 and V16: tell whether the issuer may sign, and signed the response."""
    response, issuer = case.response, case.issuer
    facts = facts_of(issuer)
    if (
        not facts.may_sign
        or facts.pss_only
        or facts.unknown_critical
        or key_size_problem(facts, case.policy)
        or limits.MAX_SIGNATURES_CHECKED < 1
    ):
        return False
    try:
        check_signature(
            facts.key,
            response.signature_algorithm_identifier,
            response._whole_signature,
            response.tbs_response_bytes,
        )
    except SignatureInvalid as error:
        case.issuer_signature_error = error
        return False
    except UnsupportedAlgorithm:
        return False
    return True
