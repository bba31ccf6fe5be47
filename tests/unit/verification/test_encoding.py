"""V2: what verification says of responses that are not DER."""

from __future__ import annotations

import pytest
from cryptography import x509

import ocsp
from ocsp import EncodingRules, Policy
from ocsp.asn1.der import encode
from ocsp.errors import DERError, MalformedResponse, VerificationError
from ocsp.verification.rules.message import load
from tests.cases.builder import Builder
from tests.cases.model import NOW

BUILD = Builder()
LEAF, CA = (x509.load_der_x509_certificate(each.der) for each in (BUILD.leaf, BUILD.ca))
VERSION_1 = b"\xa0\x03\x02\x01\x00"
TOLERANT = Policy(encoding=EncodingRules.TOLERANT)
DATA = BUILD.response(version=VERSION_1, this_update=b"20260701110000.5Z", certs=())


@pytest.mark.parametrize("loaded", [False, True])
def test_each_deviation_is_a_warning(loaded: bool) -> None:
    """With its place; also for a response that was loaded before."""
    response: bytes | ocsp.OCSPResponse = DATA
    if loaded:
        response = ocsp.load_der_ocsp_response(DATA, encoding=EncodingRules.TOLERANT)
    evidence = ocsp.verify(response, LEAF, CA, at=NOW, policy=TOLERANT)
    evidence.require_good()
    found = [each for each in evidence.warnings if each.rule == "V2"]
    deviations = evidence.response.tolerated
    assert len(deviations) == 2
    assert [each.message for each in found] == [
        f"the response is not strict DER: {each}" for each in deviations
    ]
    assert [each.values for each in found] == [
        (("path", ""), ("offset", each.offset)) for each in deviations
    ]


@pytest.mark.parametrize(
    "policy",
    [Policy(), Policy.strict(), Policy.webpki(), Policy.rfc9919()],
    ids=["default", "strict", "webpki", "rfc9919"],
)
def test_other_policies_refuse_it(policy: Policy) -> None:
    """Also a response that the caller has loaded tolerantly."""
    loaded = ocsp.load_der_ocsp_response(DATA, encoding=EncodingRules.TOLERANT)
    for response in (DATA, loaded):
        with pytest.raises(MalformedResponse) as refused:
            ocsp.verify(response, LEAF, CA, at=NOW, policy=policy)
        (failure,) = refused.value.failures
        assert failure.rule == "V2"
    with pytest.raises(DERError, match="the default version v1 is encoded"):
        load(loaded, policy.encoding)


def test_a_staple_may_deviate() -> None:
    """The policy says so."""
    evidence = ocsp.verify_staple(DATA, LEAF, CA, at=NOW, policy=TOLERANT)
    assert evidence is not None
    evidence.require_good()
    with pytest.raises(VerificationError):
        ocsp.verify_staple(DATA, LEAF, CA, at=NOW)


def test_der_has_no_warning() -> None:
    """The policy changes nothing for a response in DER."""
    der = BUILD.response(certs=())
    evidence = ocsp.verify(der, LEAF, CA, at=NOW, policy=TOLERANT)
    assert evidence.warnings == ()


@pytest.mark.parametrize("octet", range(3, 40, 4))
def test_a_changed_octet_of_the_signed_part_is_noticed(octet: int) -> None:
    """Whatever the reader tolerates, the signature covers each octet."""
    changed = BUILD.response(version=VERSION_1, damage=octet, certs=())
    with pytest.raises(VerificationError):
        ocsp.verify(changed, LEAF, CA, at=NOW, policy=TOLERANT)


def test_an_unknown_version_is_not_an_encoding() -> None:
    """It is V3, also under a policy that tolerates deviations."""
    version_2 = encode(0xA0, b"\x02\x01\x01")
    with pytest.raises(MalformedResponse) as refused:
        ocsp.verify(
            BUILD.response(version=version_2), LEAF, CA, at=NOW, policy=TOLERANT
        )
    assert refused.value.failures[0].rule == "V3"


def _indefinite(der: bytes) -> bytes:
    """Return the value *der*, whose length has one octet, with an indefinite length."""
    return der[:1] + b"\x80" + der[2:] + b"\0\0"


@pytest.mark.parametrize(
    "data",
    [DATA, BUILD.response(_indefinite(BUILD.entry()), version=VERSION_1)],
    ids=["definite", "indefinite"],
)
def test_no_flipped_bit_changes_what_is_verified(data: bytes) -> None:
    """Either the signed octets are the same, or the response is refused."""
    right = ocsp.verify(data, LEAF, CA, at=NOW, policy=TOLERANT)
    accepted = 0
    for position in range(8 * len(data)):
        changed = bytearray(data)
        changed[position // 8] ^= 1 << position % 8
        try:
            found = ocsp.verify(bytes(changed), LEAF, CA, at=NOW, policy=TOLERANT)
        except VerificationError:
            continue
        accepted += 1
        assert found.status is right.status
        tbs = right.response.tbs_response_bytes
        assert found.response.tbs_response_bytes == tbs
    assert accepted < 40
