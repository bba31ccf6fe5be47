"""
V10 to V12: who signed the response.

Every certificate that responderID names is a candidate, in the order: issuer,
configured responders, candidates of the caller, certificates in the response. The last
two are not trusted; the issuer must have issued them as delegates
(:mod:`ocsp.verification.rules.delegate`). Anyone can add certificates to a response, so
those of the caller come first. The number of signature checks is limited.
"""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from ocsp import limits
from ocsp.asn1.name_comparison import text
from ocsp.errors import (
    NoResponderCertificate,
    ResponderIDMismatch,
    ResponderRevocationUnknown,
    ResponseSignatureInvalid,
    SignatureAlgorithmNotAllowed,
    SignatureInvalid,
)
from ocsp.messages.responses.response import OCSPResponse
from ocsp.signing.signatures import check_signature
from ocsp.verification.case import Candidate, Case
from ocsp.verification.evidence import AuthorizedBy
from ocsp.verification.facts import needs_pss
from ocsp.verification.policy import SignatureHashes
from ocsp.verification.responder_id import name_of_responder, names_signer
from ocsp.verification.rules.delegate import (
    for_ocsp_signing,
    issued_by_issuer,
    may_sign,
    not_revoked,
    strong_enough,
)
from ocsp.verification.rules.times import in_validity

__all__ = ["find_signer", "matches_responder_id", "signature_is_right"]


def find_signer(case: Case) -> None:
    """V12: find an authorized signer, or report the failures of every candidate."""
    named: list[Candidate] = []
    for certificate, authorized_by in _certificates(case):
        if not matches_responder_id(case, certificate):
            continue
        candidate = Candidate(certificate, authorized_by)
        named.append(candidate)
        if _within_budget(case, candidate):
            _judge(case, candidate)
            if not candidate.failures:
                case.signer = candidate
                case.warnings += candidate.warnings
                return
    if named:
        _report_candidates(case, named)
    else:
        _report_no_candidate(case)


def _certificates(case: Case) -> Iterator[tuple[x509.Certificate, AuthorizedBy]]:
    """Return the certificates that may be the signer's, and why they might sign."""
    yield case.issuer, AuthorizedBy.ISSUER
    for certificate in case.responders:
        yield certificate, AuthorizedBy.CONFIGURED
    tried = {case.issuer, *case.responders}
    untrusted = (*case.candidates, *case.response.certificates)
    for certificate in untrusted[: limits.MAX_VERIFIED_CERTIFICATES]:
        if certificate not in tried:
            tried.add(certificate)
            yield certificate, AuthorizedBy.DELEGATE


def matches_responder_id(case: Case, certificate: x509.Certificate) -> bool:
    """V11: tell whether responderID, by key or by name, identifies *certificate*."""
    return names_signer(case.response, certificate)


def _within_budget(case: Case, candidate: Candidate) -> bool:
    """Count the candidate's signature checks; tell whether the limit allows them."""
    cost = 2 if candidate.authorized_by is AuthorizedBy.DELEGATE else 1
    case.signatures += cost
    return case.signatures <= limits.MAX_SIGNATURES_CHECKED


def _judge(case: Case, candidate: Candidate) -> None:
    """Apply all rules for a signer to one candidate."""
    if candidate.authorized_by is AuthorizedBy.DELEGATE:
        issued_by_issuer(case, candidate)
        for_ocsp_signing(candidate)
        if not candidate.failures:  # Otherwise it is not a delegate.
            not_revoked(case, candidate)
    if candidate.authorized_by is not AuthorizedBy.ISSUER:  # The caller checks that.
        in_validity(case, candidate)
    may_sign(case, candidate)
    strong_enough(case, candidate)
    signature_is_right(case, candidate)


def signature_is_right(case: Case, candidate: Candidate) -> None:
    """V10: check the signature over tbsResponseData; V6: and its algorithm."""
    response, facts = case.response, candidate.facts
    if needs_pss(facts, response.signature_algorithm_identifier):
        candidate.fail(
            "V6",
            SignatureAlgorithmNotAllowed,
            f"the key of {candidate.name} is for PSS only",
            algorithm=_algorithm(response),
        )
    try:
        _check(case, candidate)
    except SignatureInvalid as error:
        candidate.fail(
            "V10",
            ResponseSignatureInvalid,
            f"the signature of the response does not verify with the key of "
            f"{candidate.name}: {error}",
            algorithm=_algorithm(response),
        )
    except UnsupportedAlgorithm as error:
        candidate.fail(
            "V6",
            SignatureAlgorithmNotAllowed,
            f"the signature algorithm of the response is not accepted: {error}",
            algorithm=_algorithm(response),
        )


def _check(case: Case, candidate: Candidate) -> None:
    response, facts = case.response, candidate.facts
    if case.refused is not None and case.refused[0] is candidate.certificate:
        raise case.refused[1]  # The fast path has checked it already.
    check_signature(
        facts.key,
        response.signature_algorithm_identifier,
        response._whole_signature,
        response.tbs_response_bytes,
        unsafe_sha1=case.policy.signature_hashes is SignatureHashes.UNSAFE_SHA1,
    )


def _algorithm(response: OCSPResponse) -> str:
    return response.signature_algorithm_oid.dotted_string


def _report_candidates(case: Case, named: list[Candidate]) -> None:
    """Report the failures of all candidates, those of the likeliest signer first."""
    signers = [each for each in named if _lacks_only_evidence(each)]
    if not signers and case.signatures > limits.MAX_SIGNATURES_CHECKED:
        case.fail(
            "V12",
            NoResponderCertificate,
            f"{len(named)} certificates match responderID, which are too many to try "
            f"with MAX_SIGNATURES_CHECKED = {limits.MAX_SIGNATURES_CHECKED}",
            candidates=len(named),
        )
    likeliest = sorted(signers or named, key=_failure_distance)
    case.failures += (each for one in likeliest for each in one.failures)


def _lacks_only_evidence(candidate: Candidate) -> bool:
    """Tell whether *candidate* is the signer, and would be accepted with evidence."""
    errors = {each.error for each in candidate.failures}
    return errors == {ResponderRevocationUnknown}


def _failure_distance(candidate: Candidate) -> tuple[bool, bool]:
    """Return a sort key: candidates whose key signed, then those the issuer issued."""
    failed = {finding.rule for finding in candidate.failures}
    return "V10" in failed, "V13" in failed


def _report_no_candidate(case: Case) -> None:
    """Report that no certificate matches responderID, or that another key signed."""
    others = [Candidate(*each) for each in _certificates(case)]
    for candidate in others:
        if not _within_budget(case, candidate):
            break
        signature_is_right(case, candidate)
        if not candidate.failures:
            case.fail(
                "V11",
                ResponderIDMismatch,
                f"responderID is {_responder(case)}, but the signature is by "
                f"{candidate.name}",
                responder=_responder(case),
            )
            return
    case.fail(
        "V12",
        NoResponderCertificate,
        f"the certificate of the responder {_responder(case)} was neither given nor "
        f"found in the response{_ignored(case)}",
        responder=_responder(case),
        candidates=len(others),
    )


def _ignored(case: Case) -> str:
    """Return why certificates in the response cannot be read, for a message."""
    return "".join(f"; {error}" for error in case.response._unreadable)


def _responder(case: Case) -> str:
    key_hash = case.response.responder_key_hash
    if key_hash is not None:
        return f"key {key_hash.hex()}"
    return text(name_of_responder(case.response))
