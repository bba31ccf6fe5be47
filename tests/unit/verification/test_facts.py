"""The facts of a certificate whose extensions cannot be decoded."""

from __future__ import annotations

import pytest
from cryptography import x509

import ocsp
from ocsp.asn1.der import encode, encode_oid
from ocsp.verification.facts import facts_of, key_size_problem
from tests.cases.builder import NOCHECK, Builder, extension, name

BUILD = Builder()
COUNTRY = encode(0x30, encode_oid("2.5.4.6"), encode(0x13, b"GBR"))
DIRECTORY = encode(0xA4, encode(0x30, encode(0x31, COUNTRY)))


def _loaded(*extensions: bytes | x509.ExtensionType) -> x509.Certificate:
    identity = BUILD.delegate(extensions=(*extensions, NOCHECK))
    return x509.load_der_x509_certificate(identity.der)


@pytest.mark.parametrize(
    "extensions",
    [
        (NOCHECK,),
        (extension("2.5.29.15", b"\x05"),),
        (extension("2.5.29.17", encode(0x30, DIRECTORY)),),  # a country of 3 letters
        (extension("2.5.29.17", encode(0x30, encode(0xA3, encode(0x30)))),),
        (extension("2.5.29.17", encode(0x30, encode(0xA4, name("\0x", tag=0x03)))),),
    ],
)
def test_undecodable_extensions_give_defaults(
    extensions: tuple[bytes | x509.ExtensionType, ...],
) -> None:
    """No purpose, no nocheck, no CA; the error is kept, and rules report it."""
    facts = facts_of(_loaded(*extensions))
    assert facts.extension_error
    assert facts.purposes == frozenset()
    assert (facts.may_sign, facts.may_sign_crls) == (True, True)
    assert (facts.ca, facts.unknown_critical, facts.nocheck) == (False, "", False)


def test_limits_of_the_curve_size() -> None:
    """From the minimum of the policy to ``MAX_CURVE_BITS``, both included."""
    policy = ocsp.Policy()
    facts = facts_of(_loaded())
    for bits, fine in ((255, False), (256, True), (1024, True), (1025, False)):
        assert (key_size_problem(facts._replace(bits=bits), policy) == "") is fine


def test_the_limit_of_the_curve_size_can_be_lowered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is read at each use."""
    monkeypatch.setattr(ocsp.limits, "MAX_CURVE_BITS", 255)
    assert "255 are accepted" in key_size_problem(facts_of(_loaded()), ocsp.Policy())
