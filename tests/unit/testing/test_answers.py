"""Faults of the message: each breaks the rule that it says, and no other."""

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
"""They are of the octets, and happen when those are sent."""

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
    said: Answer,
    leaf: Identity,
    nonce: bytes | None = NONCE,
    policy: Policy | None = None,
) -> ocsp.VerifiedResponse:
    return ocsp.verify(
        said.der, leaf.certificate, leaf.issuer, nonce=nonce, policy=policy or Policy()
    )


@pytest.mark.parametrize("fault", REFUSED, ids=lambda fault: fault.value)
@pytest.mark.parametrize("status", [OCSPCertStatus.GOOD, OCSPCertStatus.REVOKED])
def test_each_breaks_its_rule_and_all_else_is_right(
    pki: PKI, fault: Fault, status: OCSPCertStatus
) -> None:
    """The rule in the table speaks against it; a CA that signs for another breaks more."""
    leaf = pki.issue(status=status)
    said = _answer(pki, leaf, fault)
    with pytest.raises(ocsp.VerificationError) as caught:
        _verify(said, leaf)
    rules = {finding.rule for finding in caught.value.failures}
    allowed = (
        {"V13", "V14", "V16", "V17"} if fault is Fault.WRONG_SIGNER else {fault.rule}
    )
    assert fault.rule in rules
    # V20 says of what is revoked and only too old that it is that.
    assert rules <= allowed | ({"V20"} if fault is Fault.EXPIRED else set())


@pytest.mark.parametrize("kind", ["rsa", "p256", "ed25519", "mldsa44"])
@pytest.mark.parametrize(
    "fault", [Fault.BAD_SIGNATURE, Fault.STALE_SIGNATURE], ids=lambda fault: fault.value
)
def test_a_signature_is_wrong_whatever_the_key(kind: str, fault: Fault) -> None:
    """V10, and the message stays readable."""
    pki = PKI(new_key=MAKERS[kind])
    leaf = pki.issue()
    said = _answer(pki, leaf, fault)
    assert (
        ocsp.load_der_ocsp_response(said.der).certificate_status is OCSPCertStatus.GOOD
    )
    with pytest.raises(ocsp.VerificationError) as caught:
        _verify(said, leaf)
    assert [finding.rule for finding in caught.value.failures] == ["V10"]


@pytest.mark.parametrize("fault", ERRORS, ids=lambda fault: fault.value)
def test_errors_are_errors(pki: PKI, fault: Fault) -> None:
    """Each of RFC 6960 §2.3 is distinguishable, and V1."""
    leaf = pki.issue()
    said = _answer(pki, leaf, fault)
    assert said.status is ERRORS[fault]
    assert said.freshness is None
    with pytest.raises(ocsp.VerificationError) as caught:
        _verify(said, leaf)
    assert [finding.rule for finding in caught.value.failures] == ["V1"]


@pytest.mark.parametrize(
    "fault",
    [Fault.DECOY_CERTIFICATES, Fault.MISSING_NEXT_UPDATE],
    ids=lambda fault: fault.value,
)
def test_what_is_only_odd_is_evidence(pki: PKI, fault: Fault) -> None:
    """And it is odd: the response is another than the right one."""
    leaf = pki.issue()
    said = _answer(pki, leaf, fault)
    assert _verify(said, leaf).status is OCSPCertStatus.GOOD
    response = ocsp.load_der_ocsp_response(said.der)
    if fault is Fault.DECOY_CERTIFICATES:
        assert len(response.certificates) == 4
        assert response.responder_name == response.certificates[0].subject
        with pytest.raises(ocsp.errors.SignatureInvalid):
            _by_first(response)
    else:
        assert response.next_update_utc is None
        with pytest.raises(ocsp.VerificationError, match="V19"):
            _verify(said, leaf, policy=Policy.rfc9919())


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
def test_without_a_nonce_nothing_is_wrong_about_nonces(pki: PKI, fault: Fault) -> None:
    """As the description of the fault says."""
    leaf = pki.issue()
    assert _verify(_answer(pki, leaf, fault, None), leaf, None).status is (
        OCSPCertStatus.GOOD
    )


def test_the_authority_that_is_asked_is_the_one_that_is_forged() -> None:
    """In a chain, the faults are about the right issuer."""
    pki = PKI()
    upper = pki.add_intermediate()
    pki.add_intermediate()
    for fault in REFUSED:
        with pytest.raises(ocsp.VerificationError) as caught:
            _verify(_answer(pki, upper, fault), upper)
        assert fault.rule in {finding.rule for finding in caught.value.failures}


def test_faults_concern_all_entries(pki: PKI) -> None:
    """Of a request for two certificates."""
    leaves = [pki.issue(), pki.issue(status=OCSPCertStatus.REVOKED)]
    der = _request(*leaves).public_bytes(Encoding.DER)
    for leaf in leaves:
        _verify(build_answer(pki, der), leaf)
        for fault in (Fault.WRONG_SERIAL, Fault.EXPIRED, Fault.NOT_YET_VALID):
            with pytest.raises(ocsp.VerificationError):
                _verify(build_answer(pki, der, fault), leaf)


def test_an_error_stays_an_error_under_a_fault_of_the_message(pki: PKI) -> None:
    """Nobody signs errors, so nothing is forged."""
    leaf = pki.issue(status=UnknownSerialPolicy.UNAUTHORIZED)
    for fault in REFUSED:
        assert _answer(pki, leaf, fault).der == _answer(pki, leaf, None).der


@pytest.mark.parametrize("garbage", [b"", b"\x30\x00", b"<html>"])
def test_garbage_is_answered_with_malformed_request(pki: PKI, garbage: bytes) -> None:
    """With and without a fault."""
    assert build_answer(pki, garbage).status is OCSPResponseStatus.MALFORMED_REQUEST
    said = build_answer(pki, garbage, Fault.WRONG_SERIAL)
    assert said.status is OCSPResponseStatus.MALFORMED_REQUEST


def test_extensions_of_the_answer_are_kept() -> None:
    """Extended revoke stands in the forged answer too (RFC 6960 §4.4.8)."""
    pki = PKI()
    leaf = pki.issue(status=UnknownSerialPolicy.REVOKED)
    said = _answer(pki, leaf, Fault.DECOY_CERTIFICATES)
    assert _verify(said, leaf).not_issued


def test_every_fault_says_what_it_is() -> None:
    """A name for ids, an outcome, a rule; and rules that exist."""
    assert len({fault.value for fault in Fault}) == len(Fault)
    known = {rule.id for rule in RULES} | {"H2", "H3", "H6"}
    for fault in Fault:
        assert fault.value == fault.name.lower().replace("_", "-")
        assert Fault(fault.value) is fault
        assert fault.rule in known


def test_stale_and_early_answers_are_so_by_more_than_any_skew(pki: PKI) -> None:
    """A day: no client takes its clock to be that wrong."""
    leaf, day = pki.issue(), datetime.timedelta(days=1)
    old = ocsp.load_der_ocsp_response(_answer(pki, leaf, Fault.EXPIRED).der)
    early = ocsp.load_der_ocsp_response(_answer(pki, leaf, Fault.NOT_YET_VALID).der)
    assert old.next_update_utc is not None
    assert pki.now() - old.next_update_utc >= day - datetime.timedelta(minutes=6)
    assert early.this_update_utc - pki.now() >= day - datetime.timedelta(minutes=6)
