"""Test the faults of the message: each breaks its rule and no other."""

from __future__ import annotations

import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp import OCSPCertStatus, OCSPResponseStatus, Policy
from ocsp.responder import Answer
from ocsp.testing import (
    PKI,
    ExpectedOutcome,
    Fault,
    Identity,
    UnknownSerialPolicy,
    build_answer,
)
from ocsp.verification.table import RULES
from tests.keys import MAKERS
from tests.requirements import requirements

NONCE = bytes(range(32))
ERRORS = {
    Fault.MALFORMED_REQUEST: OCSPResponseStatus.MALFORMED_REQUEST,
    Fault.INTERNAL_ERROR: OCSPResponseStatus.INTERNAL_ERROR,
    Fault.TRY_LATER: OCSPResponseStatus.TRY_LATER,
    Fault.SIG_REQUIRED: OCSPResponseStatus.SIG_REQUIRED,
    Fault.UNAUTHORIZED: OCSPResponseStatus.UNAUTHORIZED,
    Fault.UNAUTHORIZED_FOR_SHA256: OCSPResponseStatus.UNAUTHORIZED,
}
IN_THE_BODY = {Fault.TRUNCATED, Fault.EMPTY_BODY}
"""These faults are applied when the octets are sent, not by ``build_answer``."""

REFUSED = [
    fault
    for fault in Fault
    if fault.outcome is ExpectedOutcome.REFUSED and fault not in IN_THE_BODY
]
NONCES = {Fault.MISSING_NONCE, Fault.WRONG_NONCE}


@pytest.fixture(name="pki")
def _pki() -> PKI:
    return PKI()


def _request(*identities: Identity, nonce: bytes | None = NONCE) -> ocsp.OCSPRequest:
    builder = ocsp.OCSPRequestBuilder(allow_multiple=True)
    for each in identities:
        builder = builder.add_certificate(each.certificate, each.issuer, hashes.SHA1())
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build()


def _answer(
    pki: PKI, leaf: Identity, fault: Fault | None, nonce: bytes | None = NONCE
) -> Answer:
    return build_answer(
        pki, _request(leaf, nonce=nonce).public_bytes(Encoding.DER), fault
    )


def _verify(
    answer: Answer,
    leaf: Identity,
    nonce: bytes | None = NONCE,
    policy: Policy | None = None,
) -> ocsp.VerifiedResponse:
    return ocsp.verify(
        answer.der,
        leaf.certificate,
        leaf.issuer,
        nonce=nonce,
        policy=policy or Policy(),
    )


@pytest.mark.parametrize("fault", REFUSED, ids=lambda fault: fault.value)
@pytest.mark.parametrize("status", [OCSPCertStatus.GOOD, OCSPCertStatus.REVOKED])
def test_each_fault_breaks_only_its_rule(
    pki: PKI, fault: Fault, status: OCSPCertStatus
) -> None:
    """The rule of the fault fails; a CA that signs for another CA breaks more rules."""
    leaf = pki.issue(status=status)
    answer = _answer(pki, leaf, fault)
    with pytest.raises(ocsp.VerificationError) as caught:
        _verify(answer, leaf)
    rules = {finding.rule for finding in caught.value.failures}
    allowed = (
        {"V13", "V14", "V16", "V17"} if fault is Fault.WRONG_SIGNER else {fault.rule}
    )
    assert fault.rule in rules
    # V20 reports a response that is *revoked* and only too old.
    assert rules <= allowed | ({"V20"} if fault is Fault.EXPIRED else set())


@pytest.mark.parametrize("kind", ["rsa", "p256", "ed25519", "mldsa44"])
@pytest.mark.parametrize(
    "fault", [Fault.BAD_SIGNATURE, Fault.STALE_SIGNATURE], ids=lambda fault: fault.value
)
def test_a_signature_is_wrong_for_every_kind_of_key(kind: str, fault: Fault) -> None:
    """V10 fails, and the message can still be decoded."""
    pki = PKI(new_key=MAKERS[kind])
    leaf = pki.issue()
    answer = _answer(pki, leaf, fault)
    assert (
        ocsp.load_der_ocsp_response(answer.der).certificate_status
        is OCSPCertStatus.GOOD
    )
    with pytest.raises(ocsp.VerificationError) as caught:
        _verify(answer, leaf)
    assert [finding.rule for finding in caught.value.failures] == ["V10"]


@pytest.mark.parametrize("fault", ERRORS, ids=lambda fault: fault.value)
def test_error_faults_return_their_error(pki: PKI, fault: Fault) -> None:
    """Each error of RFC 6960 §2.3 has its own response status, and breaks V1."""
    leaf = pki.issue()
    answer = _answer(pki, leaf, fault)
    assert answer.status is ERRORS[fault]
    assert answer.freshness is None
    with pytest.raises(ocsp.VerificationError) as caught:
        _verify(answer, leaf)
    assert [finding.rule for finding in caught.value.failures] == ["V1"]


@pytest.mark.parametrize(
    "fault",
    [Fault.DECOY_CERTIFICATES, Fault.MISSING_NEXT_UPDATE],
    ids=lambda fault: fault.value,
)
def test_answered_faults_are_verified(pki: PKI, fault: Fault) -> None:
    """The response is verified, though it differs from the correct one."""
    leaf = pki.issue()
    answer = _answer(pki, leaf, fault)
    assert _verify(answer, leaf).status is OCSPCertStatus.GOOD
    response = ocsp.load_der_ocsp_response(answer.der)
    if fault is Fault.DECOY_CERTIFICATES:
        assert len(response.certificates) == 4
        assert response.responder_name == response.certificates[0].subject
        with pytest.raises(ocsp.errors.SignatureInvalid):
            _by_first(response)
    else:
        assert response.next_update_utc is None
        with pytest.raises(ocsp.VerificationError, match="V19"):
            _verify(answer, leaf, policy=Policy.rfc9919())


def _by_first(response: ocsp.OCSPResponse) -> None:
    from ocsp.signing.signatures import check_signature

    check_signature(
        response.certificates[0].public_key(),
        response.signature_algorithm_identifier,
        response.signature,
        response.tbs_response_bytes,
    )


@pytest.mark.parametrize(
    "fault", sorted(NONCES, key=str), ids=lambda fault: fault.value
)
def test_nonce_faults_are_harmless_without_a_nonce(pki: PKI, fault: Fault) -> None:
    """If the request has no nonce, the answer is verified."""
    leaf = pki.issue()
    assert _verify(_answer(pki, leaf, fault, None), leaf, None).status is (
        OCSPCertStatus.GOOD
    )


def test_faults_apply_to_the_issuer_in_the_request() -> None:
    """In a chain, the answer is forged for the CA that the CertID names."""
    pki = PKI()
    upper = pki.add_intermediate()
    pki.add_intermediate()
    for fault in REFUSED:
        with pytest.raises(ocsp.VerificationError) as caught:
            _verify(_answer(pki, upper, fault), upper)
        assert fault.rule in {finding.rule for finding in caught.value.failures}


def test_faults_apply_to_all_entries(pki: PKI) -> None:
    """The request has two CertIDs."""
    leaves = [pki.issue(), pki.issue(status=OCSPCertStatus.REVOKED)]
    der = _request(*leaves).public_bytes(Encoding.DER)
    for leaf in leaves:
        _verify(build_answer(pki, der), leaf)
        for fault in (Fault.WRONG_SERIAL, Fault.EXPIRED, Fault.NOT_YET_VALID):
            with pytest.raises(ocsp.VerificationError):
                _verify(build_answer(pki, der, fault), leaf)


def test_an_error_is_not_changed_by_a_fault_of_the_message(pki: PKI) -> None:
    """Errors are not signed, so there is nothing to forge."""
    leaf = pki.issue(status=UnknownSerialPolicy.UNAUTHORIZED)
    for fault in REFUSED:
        assert _answer(pki, leaf, fault).der == _answer(pki, leaf, None).der


@pytest.mark.parametrize("garbage", [b"", b"\x30\x00", b"<html>"])
def test_garbage_is_answered_with_malformed_request(pki: PKI, garbage: bytes) -> None:
    """The answer is the same with and without a fault."""
    assert build_answer(pki, garbage).status is OCSPResponseStatus.MALFORMED_REQUEST
    answer = build_answer(pki, garbage, Fault.WRONG_SERIAL)
    assert answer.status is OCSPResponseStatus.MALFORMED_REQUEST


def test_extensions_of_the_answer_are_kept() -> None:
    """The forged answer also has the extension extended-revoke (RFC 6960 §4.4.8)."""
    pki = PKI()
    leaf = pki.issue(status=UnknownSerialPolicy.REVOKED)
    answer = _answer(pki, leaf, Fault.DECOY_CERTIFICATES)
    assert _verify(answer, leaf).not_issued


def test_every_fault_has_a_name_an_outcome_and_a_rule() -> None:
    """The rules exist."""
    assert len({fault.value for fault in Fault}) == len(Fault)
    known = {rule.id for rule in RULES} | {"H2", "H3", "H6"}
    known |= {each.name for each in requirements()}
    for fault in Fault:
        assert fault.value == fault.name.lower().replace("_", "-")
        assert Fault(fault.value) is fault
        assert fault.rule in known or fault.rule.startswith("RFC 9110 §")


def test_only_the_first_certificate_of_a_request_is_answered(pki: PKI) -> None:
    """The request is for two."""
    asked = _request(pki.issue(), pki.issue()).public_bytes(Encoding.DER)
    both = ocsp.load_der_ocsp_response(build_answer(pki, asked).der)
    first = build_answer(pki, asked, Fault.FIRST_ENTRY_ONLY)
    response = ocsp.load_der_ocsp_response(first.der)
    assert (len([*both.responses]), len([*response.responses])) == (2, 1)


def test_expired_and_early_answers_are_wrong_by_a_day(pki: PKI) -> None:
    """No client accepts a clock skew of a day."""
    leaf, day = pki.issue(), datetime.timedelta(days=1)
    old = ocsp.load_der_ocsp_response(_answer(pki, leaf, Fault.EXPIRED).der)
    early = ocsp.load_der_ocsp_response(_answer(pki, leaf, Fault.NOT_YET_VALID).der)
    assert old.next_update_utc is not None
    assert pki.now() - old.next_update_utc >= day - datetime.timedelta(minutes=6)
    assert early.this_update_utc - pki.now() >= day - datetime.timedelta(minutes=6)
