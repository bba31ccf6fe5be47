"""V10: whether the signature verifies with its stated parameters."""

from __future__ import annotations

from ocsp import load_der_ocsp_response
from ocsp.asn1.der import NULL_DER, encode, encode_oid
from tests.cases.builder import Builder
from tests.cases.keys import SCHEMES
from tests.cases.model import Feature, Importance, Scenario, case, good, refused

CRITICAL, HIGH, MEDIUM = Importance.CRITICAL, Importance.HIGH, Importance.MEDIUM


def _refused(build: Builder, scheme: str) -> Scenario:
    """Return a scenario: the signature does not match its PSS parameters."""
    ca = build.authority(key="rsa-2048", scheme="rsa-sha256")
    leaf = build.certificate("leaf.example", issuer=ca)
    response = build.response(
        by=ca, scheme=scheme, cert_id=build.cert_id(leaf, ca), certs=()
    )
    return build.verify(refused("V10"), response, cert=leaf, issuer=ca)


@case("V10", CRITICAL, Feature.RSA_PSS)
def pss_with_another_salt(build: Builder) -> Scenario:
    """
    RSASSA-PSS: the parameters state 32 octets of salt, the signature has 20.

    Expected: the signature does not verify. RFC 4055 §3.1.
    """
    return _refused(build, "pss-other-salt")


@case("V10", CRITICAL, Feature.RSA_PSS)
def pss_with_another_hash(build: Builder) -> Scenario:
    """
    RSASSA-PSS: the parameters state SHA-384, the signature is made with SHA-256.

    Expected: the signature does not verify. RFC 4055 §3.1.
    """
    return _refused(build, "pss-other-hash")


@case("V10", CRITICAL, Feature.RSA_PSS)
def pss_with_another_mask(build: Builder) -> Scenario:
    """
    RSASSA-PSS: the parameters state MGF1 with SHA-256, the mask is made with SHA-384.

    Expected: the signature does not verify. RFC 4055 §3.1.
    """
    return _refused(build, "pss-other-mask")


@case("V10", CRITICAL)
def right_signature(build: Builder) -> Scenario:
    """
    The delegate signed the response.

    Expected: good. RFC 6960 §3.2 (2).
    """
    return build.verify(good(), build.response(by=build.responder))


@case("V10", CRITICAL)
def signed_by_another_key(build: Builder) -> Scenario:
    """
    The responderID is that of the CA, but another key signed.

    Expected: the signature does not verify. RFC 6960 §3.2 (2).
    """
    return build.verify(refused("V10"), build.response(signed_by="mallory"))


@case("V10", CRITICAL)
def changed_after_signing(build: Builder) -> Scenario:
    """
    One bit of nextUpdate is changed after signing.

    Expected: the signature does not verify. RFC 6960 §3.2 (2).
    """
    return build.verify(refused("V10"), build.response(damage=3))


@case("V10", CRITICAL)
def signature_of_the_basic_response_of_another(build: Builder) -> Scenario:
    """
    The signature is the CA's signature over another response.

    Expected: the signature does not verify. RFC 6960 §3.2 (2).
    """
    other = load_der_ocsp_response(build.response(build.entry(build.revoked())))
    response = build.response(signature=other.signature)
    return build.verify(refused("V10"), response)


@case("V10", CRITICAL)
def empty_signature(build: Builder) -> Scenario:
    """
    The signature has no octets.

    Expected: the signature does not verify. RFC 6960 §3.2 (2).
    """
    return build.verify(refused("V10"), build.response(signature=b""))


@case("V10", CRITICAL)
def ecdsa_signature_of_zeros(build: Builder) -> Scenario:
    """
    The ECDSA signature is r = 0, s = 0, which a careless implementation accepts.

    Expected: the signature does not verify. CVE-2022-21449.
    """
    zeros = encode(0x30, b"\x02\x01\x00\x02\x01\x00")
    return build.verify(refused("V10"), build.response(signature=zeros))


@case("V10", HIGH)
def algorithm_of_another_kind_of_key(build: Builder) -> Scenario:
    """
    The signature algorithm is RSA, and the signer has a P-256 key.

    Expected: the signature does not verify. RFC 6960 §4.3.
    """
    response = build.response(identifier=SCHEMES["rsa-sha256"].identifier)
    return build.verify(refused("V10"), response)


@case("V10", MEDIUM)
def algorithm_with_another_hash(build: Builder) -> Scenario:
    """
    The signature algorithm states SHA-384, and SHA-256 was used.

    Expected: the signature does not verify. RFC 6960 §3.2 (2).
    """
    response = build.response(identifier=SCHEMES["ecdsa-sha384"].identifier)
    return build.verify(refused("V10"), response)


@case("V2", MEDIUM)
def parameters_where_none_belong(build: Builder) -> Scenario:
    """
    ecdsa-with-SHA256 has NULL parameters.

    Expected: malformed. RFC 5758 §3.2: they must be absent.
    """
    odd = encode(0x30, encode_oid("1.2.840.10045.4.3.2"), NULL_DER)
    return build.verify(refused("V2"), build.response(identifier=odd))
