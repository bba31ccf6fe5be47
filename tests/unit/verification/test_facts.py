"""What a certificate says of its key, where that cannot be read as a whole."""

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
        (extension("2.5.29.17", encode(0x30, DIRECTORY)),),  # a warning of its length
        (extension("2.5.29.17", encode(0x30, encode(0xA3, encode(0x30)))),),
        (extension("2.5.29.17", encode(0x30, encode(0xA4, name("\0x", tag=0x03)))),),
    ],
)
def test_what_cannot_be_read_says_nothing(
    extensions: tuple[bytes | x509.ExtensionType, ...],
) -> None:
    """Neither that the key may do something, nor that it need not be asked about."""
    facts = facts_of(_loaded(*extensions))
    assert facts.extension_error
    assert facts.purposes == frozenset()
    assert (facts.may_sign, facts.signs_crls) == (True, True)
    assert (facts.ca, facts.unknown_critical, facts.nocheck) == (False, "", False)


def test_no_curve_is_larger_than_the_largest() -> None:
    """To the bit; the smallest is what the policy says."""
    policy = ocsp.Policy()
    facts = facts_of(_loaded())
    for bits, fine in ((255, False), (256, True), (1024, True), (1025, False)):
        assert (key_size_problem(facts._replace(bits=bits), policy) == "") is fine
