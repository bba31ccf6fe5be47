"""
V6 and V10 to V13: who signed the response, and whether it may speak for the issuer.

Rules of this file: every certificate that could be the signer's is tried, in the order
issuer, configured, came along; those that came along are nobody's word and prove
themselves (:mod:`ocsp.verification.delegate`). How many are tried is bounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from hashlib import sha1

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

from ocsp import limits
from ocsp._certificates import parts_of
from ocsp.errors import SignatureInvalid
from ocsp.signatures import check_signature
from ocsp.verification.case import Candidate, Case, Findings
from ocsp.verification.delegate import (
    for_ocsp_signing,
    issued_by_issuer,
    may_sign,
    not_revoked,
)
from ocsp.verification.errors import (
    NoResponderCertificate,
    ResponderIDMismatch,
    ResponseSignatureInvalid,
    SignatureAlgorithmNotAllowed,
)
from ocsp.verification.evidence import AuthorizedBy
from ocsp.verification.names import same_name
from ocsp.verification.policy import Policy, SignatureHashes
from ocsp.verification.times import in_validity

__all__ = [
    "authorized",
    "corresponds",
    "find_signer",
    "signature_is_right",
    "strong_enough",
]


def find_signer(case: Case) -> None:
    """V12: find whoever has signed and may; or say of all who could have, why not."""
    named: list[Candidate] = []
    others: list[Candidate] = []
    for candidate in _candidates(case):
        (named if corresponds(case, candidate) else others).append(candidate)
    tried: list[Candidate] = []
    for candidate in named:
        if not _affordable(case, candidate):
            break
        _judge(case, candidate)
        if not candidate.failures:
            case.signer = candidate
            return
        tried.append(candidate)
    if named:
        _nobody_may(case, tried, len(named))
    else:
        _nobody(case, others)


def _affordable(case: Case, candidate: Candidate) -> bool:
    """Count the signatures that judging the candidate takes, if the budget has them."""
    cost = 2 if candidate.authorized_by is AuthorizedBy.DELEGATE else 1
    case.signatures += cost
    return case.signatures <= limits.MAX_SIGNATURES_CHECKED


def _nobody_may(case: Case, tried: list[Candidate], named: int) -> None:
    """Say what is wrong with all whom responderID names."""
    if len(tried) < named:
        case.fail(
            "V12",
            NoResponderCertificate,
            f"{named} certificates could be the signer's, which is more than can be "
            f"tried with MAX_SIGNATURES_CHECKED = {limits.MAX_SIGNATURES_CHECKED}",
            candidates=named,
        )
    tried.sort(key=_remoteness)
    case.failures += (each for one in tried for each in one.failures)


def _remoteness(candidate: Candidate) -> int:
    """Return how far a candidate is from having signed: the nearest says most."""
    failed = {finding.rule for finding in candidate.failures}
    return 2 * ("V10" in failed) + ("V13" in failed)


def _candidates(case: Case) -> Iterator[Candidate]:
    yield Candidate(case.issuer, AuthorizedBy.ISSUER)
    for certificate in case.responders:
        yield Candidate(certificate, AuthorizedBy.CONFIGURED)
    came = case.response.certificates
    if came:
        known = (case.issuer, *case.responders)
        for certificate in came[: limits.MAX_VERIFIED_CERTIFICATES]:
            if certificate not in known:
                yield Candidate(certificate, AuthorizedBy.DELEGATE)


def _nobody(case: Case, others: list[Candidate]) -> None:
    """Say that responderID names nobody at hand; or that it lies about who signed."""
    for candidate in others:
        if not _affordable(case, candidate):
            break
        findings = Findings()
        signature_is_right(case, candidate.certificate, findings)
        if not findings.failures:
            case.fail(
                "V11",
                ResponderIDMismatch,
                f"responderID is {_responder(case)}, and {candidate.name} has signed",
                responder=_responder(case),
            )
            return
    case.fail(
        "V12",
        NoResponderCertificate,
        f"no certificate of the responder {_responder(case)} is at hand",
        responder=_responder(case),
        candidates=len(others),
    )


def _responder(case: Case) -> str:
    key_hash = case.response.responder_key_hash
    if key_hash is not None:
        return f"key {key_hash.hex()}"
    name = case.response.responder_name
    return "" if name is None else repr(name.rfc4514_string())


def _judge(case: Case, candidate: Candidate) -> None:
    """Ask of one candidate all that a signer has to meet."""
    authorized(case, candidate)
    may_sign(case, candidate)
    strong_enough(case.policy, candidate.certificate.public_key(), candidate)
    signature_is_right(case, candidate.certificate, candidate)


def corresponds(case: Case, candidate: Candidate) -> bool:
    """V11: tell whether responderID, by key or by name, means the candidate."""
    key_hash = case.response.responder_key_hash
    if key_hash is not None:
        return key_hash == _key_hash(parts_of(candidate.certificate).key_bits)
    name = case.response.responder_name
    return name is not None and same_name(name, candidate.certificate.subject)


@lru_cache(maxsize=256)
def _key_hash(key_bits: bytes) -> bytes:
    """Return KeyHash (RFC 6960 §4.2.1), which is SHA-1 and secures nothing."""
    return sha1(key_bits, usedforsecurity=False).digest()


def authorized(case: Case, candidate: Candidate) -> None:
    """V13: the candidate is the issuer, configured, or the issuer's direct delegate."""
    if candidate.authorized_by is AuthorizedBy.DELEGATE:
        issued_by_issuer(case, candidate)
        for_ocsp_signing(candidate)
        not_revoked(case, candidate)
    if candidate.authorized_by is not AuthorizedBy.ISSUER:  # whose path was checked
        in_validity(case, candidate)


def strong_enough(
    policy: Policy, key: CertificatePublicKeyTypes, findings: Findings
) -> None:
    """V6: the key has as many bits as the policy asks for, and not absurdly many."""
    if isinstance(key, ec.EllipticCurvePublicKey):
        kind, least, most = "elliptic-curve", policy.min_ec_bits, _LARGEST_CURVE
    elif isinstance(key, (rsa.RSAPublicKey, dsa.DSAPublicKey)):
        kind, least, most = "RSA or DSA", policy.min_rsa_bits, limits.MAX_KEY_BITS
    else:
        return
    if not least <= key.key_size <= most:
        findings.fail(
            "V6",
            SignatureAlgorithmNotAllowed,
            f"the signer's {kind} key has {key.key_size} bits, and the policy takes "
            f"{least} to {most}",
            bits=key.key_size,
        )


_LARGEST_CURVE = 1024
"""Bits; all that there are have fewer."""


def signature_is_right(
    case: Case, certificate: x509.Certificate, findings: Findings
) -> None:
    """V10: the key has signed tbsResponseData; V6: with an algorithm that counts."""
    response = case.response
    try:
        check_signature(
            certificate.public_key(),
            response.signature_algorithm_identifier,
            response.signature,
            response.tbs_response_bytes,
            unsafe_sha1=case.policy.signature_hashes is SignatureHashes.UNSAFE_SHA1,
        )
    except SignatureInvalid as error:
        findings.fail(
            "V10",
            ResponseSignatureInvalid,
            f"the signature of the response is not that of "
            f"{certificate.subject.rfc4514_string()!r}: {error}",
            algorithm=response.signature_algorithm_oid.dotted_string,
        )
    except UnsupportedAlgorithm as error:
        findings.fail(
            "V6",
            SignatureAlgorithmNotAllowed,
            f"the algorithm of the response's signature is not accepted: {error}",
            algorithm=response.signature_algorithm_oid.dotted_string,
        )
