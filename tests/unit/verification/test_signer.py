"""Who signed: in what order candidates are reported, and what is told of them."""

from __future__ import annotations

from itertools import permutations

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID as Usage

import ocsp
from ocsp.errors import Finding, VerificationError
from ocsp.verification import AuthorizedBy
from ocsp.verification.case import Candidate
from tests.cases.builder import NOCHECK, NOT_CA, SIGNS, Builder, Identity, name
from tests.cases.model import NOW

BUILD = Builder()


def _load(identity: Identity) -> x509.Certificate:
    return x509.load_der_x509_certificate(identity.der)


def _failures(data: bytes, *responders: Identity) -> tuple[Finding, ...]:
    with pytest.raises(VerificationError) as raised:
        ocsp.verify(
            data,
            _load(BUILD.leaf),
            _load(BUILD.ca),
            at=NOW,
            responders=[_load(each) for each in responders],
        )
    return raised.value.failures


def _for(purpose: x509.ObjectIdentifier, key: str, *, issued: bool) -> Identity:
    """Return a certificate that lacks OCSP signing, and has another purpose."""
    purposes = x509.ExtendedKeyUsage([purpose])
    return BUILD.delegate(
        key=key,
        extensions=(NOT_CA, SIGNS, purposes, NOCHECK),
        **{} if issued else {"issuer": None},
    )


CANDIDATES = (
    _for(Usage.CODE_SIGNING, "responder", issued=True),
    _for(Usage.SERVER_AUTH, "responder", issued=False),
    _for(Usage.CLIENT_AUTH, "mallory", issued=True),
    _for(Usage.TIME_STAMPING, "mallory", issued=False),
)
NEAREST_FIRST = (
    Usage.CODE_SIGNING,  # has signed, and is the issuer's
    Usage.SERVER_AUTH,  # has signed
    Usage.CLIENT_AUTH,  # is the issuer's
    Usage.TIME_STAMPING,
)


@pytest.mark.parametrize("order", tuple(permutations(range(4))))
def test_the_nearest_candidate_is_reported_first(order: tuple[int, ...]) -> None:
    """In whatever order they came: who signed, then whom the issuer has issued."""
    by = BUILD.responder
    data = BUILD.response(
        by=by,
        responder_id=BUILD.by_name(by.subject),
        certs=[CANDIDATES[each].der for each in order],
    )
    told = [
        dict(failure.values)["purposes"]
        for failure in _failures(data)
        if failure.rule == "V14"
    ]
    assert told == [(each.dotted_string,) for each in NEAREST_FIRST]


def test_the_responder_is_told_by_key() -> None:
    """In hexadecimal; and how many certificates were at hand."""
    nobody = BUILD.by_key(BUILD.certificate("nobody", key="p384"))
    data = BUILD.response(responder_id=nobody, signed_by="leaf")
    (failure,) = _failures(data, BUILD.responder)
    assert failure.values == (
        ("responder", f"key {nobody[4:].hex()}"),
        ("candidates", 2),
    )


def test_the_responder_is_told_by_name() -> None:
    """As text."""
    data = BUILD.response(responder_id=BUILD.by_name(name("Somebody Else")))
    (failure,) = _failures(data)
    assert failure.rule == "V11"
    assert failure.values == (("responder", "'CN=Somebody Else'"),)


def test_all_whom_the_responder_could_be_are_counted() -> None:
    """Where more certificates fit than can be tried."""
    by = BUILD.responder
    decoys = [BUILD.delegate(key="mallory", serial=2 + n).der for n in range(15)]
    data = BUILD.response(by=by, responder_id=BUILD.by_name(by.subject), certs=decoys)
    failure = _failures(data)[-1]
    assert (failure.rule, failure.values) == ("V12", (("candidates", 15),))


def test_the_signer_is_told_by_name() -> None:
    """In the sentence; and nothing speaks against it before it is judged."""
    by = BUILD.delegate(extensions=(NOT_CA, SIGNS, NOCHECK))
    (failure,) = _failures(BUILD.response(by=by))
    assert "the signer 'CN=Test Responder'" in failure.message
    candidate = Candidate(_load(by), AuthorizedBy.DELEGATE)
    assert (candidate.failures, candidate.warnings) == ([], [])
