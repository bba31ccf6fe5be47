"""V6: algorithms and keys."""

from __future__ import annotations

from ocsp.asn1.der import encode, encode_oid
from tests.cases.builder import Builder, Identity
from tests.cases.keys import SCHEMES, pss_key_info
from tests.cases.model import (
    Expected,
    Feature,
    Importance,
    Scenario,
    case,
    good,
    refused,
)

CRITICAL, HIGH, MEDIUM = Importance.CRITICAL, Importance.HIGH, Importance.MEDIUM


def _signed(build: Builder, key: str, scheme: str) -> tuple[Identity, Identity, bytes]:
    """Return a CA with that key, a certificate of it, and a response that it signs."""
    ca = build.authority(key=key, scheme=scheme)
    leaf = build.certificate("leaf.example", issuer=ca)
    return ca, leaf, build.response(by=ca, cert_id=build.cert_id(leaf, ca), certs=())


def _taken(build: Builder, key: str, scheme: str) -> Scenario:
    ca, leaf, response = _signed(build, key, scheme)
    return build.verify(good(), response, cert=leaf, issuer=ca)


def _refused(build: Builder, key: str, scheme: str) -> Scenario:
    """Return a scenario: the CA's signature of the response is too weak."""
    usual = {"r": "rsa-sha256", "d": "dsa-sha256"}.get(key[0], "ecdsa-sha256")
    ca = build.authority(key=key, scheme=usual)
    leaf = build.certificate("leaf.example", issuer=ca)
    response = build.response(
        by=ca, scheme=scheme, cert_id=build.cert_id(leaf, ca), certs=()
    )
    return build.verify(refused("V6"), response, cert=leaf, issuer=ca)


@case("V6", HIGH)
def rsa_sha256(build: Builder) -> Scenario:
    """
    RSA with 2,048 bits, PKCS #1 v1.5, SHA-256, which every client must support.

    Expected: good. RFC 6960 §4.3.
    """
    return _taken(build, "rsa-2048", "rsa-sha256")


@case("V6")
def rsa_sha384(build: Builder) -> Scenario:
    """
    RSA, PKCS #1 v1.5, SHA-384.

    Expected: good. RFC 4055 §5.
    """
    return _taken(build, "rsa-2048", "rsa-sha384")


@case("V6")
def rsa_sha512(build: Builder) -> Scenario:
    """
    RSA, PKCS #1 v1.5, SHA-512.

    Expected: good. RFC 4055 §5.
    """
    return _taken(build, "rsa-2048", "rsa-sha512")


@case("V6", MEDIUM, Feature.RSA_PSS)
def pss_sha256(build: Builder) -> Scenario:
    """
    RSASSA-PSS, SHA-256 for both hashes, 32 octets of salt.

    Expected: good. RFC 4055 §3.1.
    """
    return _taken(build, "rsa-2048", "pss-sha256")


@case("V6", MEDIUM, Feature.RSA_PSS)
def pss_sha384(build: Builder) -> Scenario:
    """
    RSASSA-PSS, SHA-384 for both hashes, 48 octets of salt.

    Expected: good. RFC 4055 §3.1.
    """
    return _taken(build, "rsa-2048", "pss-sha384")


@case("V6", MEDIUM, Feature.RSA_PSS)
def pss_sha512(build: Builder) -> Scenario:
    """
    RSASSA-PSS, SHA-512 for both hashes, 64 octets of salt.

    Expected: good. RFC 4055 §3.1.
    """
    return _taken(build, "rsa-2048", "pss-sha512")


@case("V6", MEDIUM, Feature.RSA_PSS)
def pss_without_salt(build: Builder) -> Scenario:
    """
    RSASSA-PSS without salt; its parameters state a length of 0.

    Expected: good. RFC 4055 §3.1 allows any length.
    """
    return _taken(build, "rsa-2048", "pss-no-salt")


@case("V6")
def ecdsa_p256(build: Builder) -> Scenario:
    """
    ECDSA on P-256 with SHA-256.

    Expected: good. RFC 5758 §3.2.
    """
    return _taken(build, "ca", "ecdsa-sha256")


@case("V6")
def ecdsa_p384(build: Builder) -> Scenario:
    """
    ECDSA on P-384 with SHA-384.

    Expected: good. RFC 5758 §3.2.
    """
    return _taken(build, "p384", "ecdsa-sha384")


@case("V6")
def ecdsa_p521(build: Builder) -> Scenario:
    """
    ECDSA on P-521 with SHA-512.

    Expected: good. RFC 5758 §3.2.
    """
    return _taken(build, "p521", "ecdsa-sha512")


@case("V6")
def ecdsa_brainpool(build: Builder) -> Scenario:
    """
    ECDSA on brainpoolP256r1 with SHA-256.

    Expected: good; it is as strong as P-256. RFC 5639.
    """
    return _taken(build, "brainpool", "ecdsa-sha256")


@case("V6", MEDIUM, Feature.EDDSA)
def ed25519(build: Builder) -> Scenario:
    """
    Ed25519.

    Expected: good. RFC 8410 §6.
    """
    return _taken(build, "ed25519", "ed25519")


@case("V6", MEDIUM, Feature.EDDSA)
def ed448(build: Builder) -> Scenario:
    """
    Ed448.

    Expected: good. RFC 8410 §6.
    """
    return _taken(build, "ed448", "ed448")


@case("V6", MEDIUM, Feature.ML_DSA)
def ml_dsa_44(build: Builder) -> Scenario:
    """
    ML-DSA-44.

    Expected: good. RFC 9881 §3.
    """
    return _taken(build, "ml-dsa-44", "ml-dsa-44")


@case("V6", MEDIUM, Feature.ML_DSA)
def ml_dsa_65(build: Builder) -> Scenario:
    """
    ML-DSA-65.

    Expected: good. RFC 9881 §3.
    """
    return _taken(build, "ml-dsa-65", "ml-dsa-65")


@case("V6", MEDIUM, Feature.ML_DSA)
def ml_dsa_87(build: Builder) -> Scenario:
    """
    ML-DSA-87.

    Expected: good. RFC 9881 §3.
    """
    return _taken(build, "ml-dsa-87", "ml-dsa-87")


@case("V6", MEDIUM, Feature.ML_DSA)
def ml_dsa_delegate_of_an_ecdsa_ca(build: Builder) -> Scenario:
    """
    The CA has P-256, and its delegate ML-DSA-44.

    Expected: good; each signature is checked with its own key. RFC 6960 §4.2.2.2.
    """
    signer = build.delegate(key="ml-dsa-44", scheme="ml-dsa-44")
    return build.verify(good(authorized_by="delegate"), build.response(by=signer))


@case("V6", HIGH, Feature.RSA_PSS, Feature.POLICY)
def pss_mask_with_sha1(build: Builder) -> Scenario:
    """
    RSASSA-PSS with SHA-256, and SHA-1 in the mask generation function.

    Expected: refused; no hash in a signature may be weak. RFC 6960 §5.1.1.
    """
    return _refused(build, "rsa-2048", "pss-mask-sha1")


@case("V6", HIGH, Feature.RSA_PSS, Feature.POLICY)
def pss_sha1(build: Builder) -> Scenario:
    """
    RSASSA-PSS with all its defaults, which are SHA-1.

    Expected: refused. RFC 6960 §5.1.1.
    """
    return _refused(build, "rsa-2048", "pss-sha1")


@case("V6", HIGH, Feature.RSA_PSS)
def pss_without_parameters(build: Builder) -> Scenario:
    """
    A signature with RSASSA-PSS has no parameters, so its hash and salt are undefined.

    Expected: refused. RFC 4055 §3.1: they must be present.
    """
    ca = build.authority(key="rsa-2048", scheme="pss-sha256")
    leaf = build.certificate("leaf.example", issuer=ca)
    bare = encode(0x30, encode_oid("1.2.840.113549.1.1.10"))
    response = build.response(
        by=ca, identifier=bare, cert_id=build.cert_id(leaf, ca), certs=()
    )
    return build.verify(refused("V6"), response, cert=leaf, issuer=ca)


@case("V6", HIGH, Feature.POLICY)
def rsa_sha1(build: Builder) -> Scenario:
    """
    RSA with SHA-1.

    Expected: refused; collisions are practical. RFC 6960 §5.1.1.
    """
    return _refused(build, "rsa-2048", "rsa-sha1")


@case("V6", CRITICAL, Feature.WEAK)
def rsa_md5(build: Builder) -> Scenario:
    """
    RSA with MD5.

    Expected: refused. RFC 6960 §5.1.1.
    """
    return _refused(build, "rsa-2048", "rsa-md5")


@case("V6", HIGH, Feature.POLICY)
def ecdsa_sha1(build: Builder) -> Scenario:
    """
    ECDSA with SHA-1.

    Expected: refused. RFC 6960 §5.1.1.
    """
    return _refused(build, "ca", "ecdsa-sha1")


@case("V6")
def rsa_sha1_by_policy(build: Builder) -> Scenario:
    """
    RSA with SHA-1, and the relying party accepts SHA-1.

    Expected: good.
    """
    scenario = _refused(build, "rsa-2048", "rsa-sha1")
    response, policy = scenario.response, {"signature_hashes": "unsafe-sha1"}
    ca = build.authority(key="rsa-2048", scheme="rsa-sha256")
    leaf = build.certificate("leaf.example", issuer=ca)
    return build.verify(good(), response, cert=leaf, issuer=ca, policy=policy)


@case("V6", CRITICAL, Feature.WEAK)
def rsa_md5_whatever_the_policy(build: Builder) -> Scenario:
    """
    RSA with MD5, and the relying party accepts SHA-1.

    Expected: refused; no policy accepts MD5. RFC 6151 §2.
    """
    scenario = _refused(build, "rsa-2048", "rsa-md5")
    response, policy = scenario.response, {"signature_hashes": "unsafe-sha1"}
    ca = build.authority(key="rsa-2048", scheme="rsa-sha256")
    leaf = build.certificate("leaf.example", issuer=ca)
    return build.verify(refused("V6"), response, cert=leaf, issuer=ca, policy=policy)


@case("V6", HIGH, Feature.WEAK, Feature.POLICY)
def rsa_1024(build: Builder) -> Scenario:
    """
    An RSA key of 1,024 bits.

    Expected: refused; the minimum is 2,048. Baseline Requirements §6.1.5.
    """
    return _refused(build, "rsa-1024", "rsa-sha256")


@case("V6", HIGH, Feature.WEAK, Feature.POLICY)
def rsa_2047(build: Builder) -> Scenario:
    """
    An RSA key of 2,047 bits.

    Expected: refused; it is one bit too short. Baseline Requirements §6.1.5.
    """
    return _refused(build, "rsa-2047", "rsa-sha256")


@case("V6", MEDIUM, Feature.WEAK)
def rsa_1024_by_policy(build: Builder) -> Scenario:
    """
    An RSA key of 1,024 bits, and the relying party accepts 1,024 bits or more.

    Expected: good.
    """
    ca, leaf, response = _signed(build, "rsa-1024", "rsa-sha256")
    policy = {"min_rsa_bits": 1024}
    return build.verify(good(), response, cert=leaf, issuer=ca, policy=policy)


@case("V6", HIGH, Feature.WEAK, Feature.POLICY)
def ecdsa_p192(build: Builder) -> Scenario:
    """
    ECDSA on P-192.

    Expected: refused. Baseline Requirements §6.1.5.
    """
    return _refused(build, "p192", "ecdsa-sha256")


@case("V6", HIGH, Feature.WEAK, Feature.POLICY)
def ecdsa_p224(build: Builder) -> Scenario:
    """
    ECDSA on P-224.

    Expected: refused. Baseline Requirements §6.1.5.
    """
    return _refused(build, "p224", "ecdsa-sha256")


@case("V6", MEDIUM, Feature.WEAK)
def ecdsa_p224_by_policy(build: Builder) -> Scenario:
    """
    ECDSA on P-224, and the relying party accepts 224 bits or more.

    Expected: good.
    """
    ca, leaf, response = _signed(build, "p224", "ecdsa-sha256")
    policy = {"min_ec_bits": 224}
    return build.verify(good(), response, cert=leaf, issuer=ca, policy=policy)


@case("V6", HIGH, Feature.WEAK, Feature.POLICY)
def weak_delegate_of_a_strong_ca(build: Builder) -> Scenario:
    """
    The CA has P-256, and its delegate RSA with 1,024 bits.

    Expected: refused; the weakest key decides. Baseline Requirements §6.1.5.
    """
    signer = build.delegate(key="rsa-1024", scheme="rsa-sha256")
    return build.verify(refused("V6"), build.response(by=signer))


@case("V6", HIGH, Feature.WEAK, Feature.POLICY)
def strong_delegate_of_a_weak_ca(build: Builder) -> Scenario:
    """
    The CA has RSA with 1,024 bits, and its delegate P-256.

    Expected: refused; an attacker who breaks the CA's key can issue delegates. RFC 6960
    §5.1.1.
    """
    ca = build.authority(key="rsa-1024", scheme="rsa-sha256")
    leaf = build.certificate("leaf.example", issuer=ca)
    signer = build.delegate(issuer=ca)
    response = build.response(by=signer, cert_id=build.cert_id(leaf, ca))
    return build.verify(refused("V6"), response, cert=leaf, issuer=ca)


@case("V6", HIGH, Feature.POLICY)
def delegate_certificate_signed_with_sha1(build: Builder) -> Scenario:
    """
    The delegate signs with SHA-256, and its certificate is signed with SHA-1.

    Expected: refused; an attacker who finds a collision can forge a delegate. RFC 6960
    §5.1.1.
    """
    signer = build.delegate(signature_scheme="ecdsa-sha1")
    return build.verify(refused("V6"), build.response(by=signer))


@case("V6", HIGH, Feature.RSA_PSS, Feature.POLICY)
def delegate_certificate_with_a_sha1_mask(build: Builder) -> Scenario:
    """
    The delegate's certificate is signed with PSS: SHA-256, and SHA-1 in the mask.

    Expected: refused, as for the signature of the response. RFC 6960 §5.1.1.
    """
    ca = build.authority(key="rsa-2048", scheme="rsa-sha256")
    leaf = build.certificate("leaf.example", issuer=ca)
    signer = build.delegate(issuer=ca, signature_scheme="pss-mask-sha1")
    response = build.response(by=signer, cert_id=build.cert_id(leaf, ca))
    return build.verify(refused("V6"), response, cert=leaf, issuer=ca)


@case("V6", HIGH, Feature.RSA_PSS)
def delegate_certificate_signed_with_pss(build: Builder) -> Scenario:
    """
    The delegate's certificate is signed with PSS and SHA-256.

    Expected: good. RFC 4055 §3.1.
    """
    ca = build.authority(key="rsa-2048", scheme="rsa-sha256")
    leaf = build.certificate("leaf.example", issuer=ca)
    signer = build.delegate(issuer=ca, signature_scheme="pss-sha256")
    response = build.response(by=signer, cert_id=build.cert_id(leaf, ca))
    return build.verify(good(), response, cert=leaf, issuer=ca)


@case("V6", HIGH)
def inner_and_outer_algorithm_differ(build: Builder) -> Scenario:
    """
    The delegate's certificate has ecdsa-with-SHA384 inside, and SHA-256 outside.

    Expected: refused. RFC 5280 §4.1.1.2: both must be the same.
    """
    signer = build.delegate(inner=SCHEMES["ecdsa-sha384"].identifier)
    return build.verify(refused("V6"), build.response(by=signer))


@case("V6", HIGH)
def outer_algorithm_differs(build: Builder) -> Scenario:
    """
    The delegate's certificate has ecdsa-with-SHA256 inside, and SHA-384 outside.

    Expected: refused. RFC 5280 §4.1.1.2: both must be the same.
    """
    signer = build.delegate(outer=SCHEMES["ecdsa-sha384"].identifier)
    return build.verify(refused("V6"), build.response(by=signer))


@case("V6", HIGH)
def unknown_algorithm(build: Builder) -> Scenario:
    """
    The signature algorithm is not known.

    Expected: refused. RFC 6960 §4.3.
    """
    response = build.response(identifier=encode(0x30, encode_oid("1.2.3.4.5")))
    return build.verify(refused("V6"), response)


@case("V6", CRITICAL)
def unsigned(build: Builder) -> Scenario:
    """
    The algorithm is id-alg-unsigned, and the attacker wrote the signature.

    Expected: refused. RFC 9925 §3: this algorithm means that there is no signature.
    """
    unsigned_oid = encode(0x30, encode_oid("1.3.6.1.5.5.7.6.36"))
    response = build.response(identifier=unsigned_oid, signed_by="mallory")
    return build.verify(refused("V6"), response)


@case("V6", MEDIUM)
def rsa_without_parameters(build: Builder) -> Scenario:
    """
    sha256WithRSAEncryption without its NULL.

    Expected: good; both forms must be accepted. RFC 4055 §5.
    """
    ca = build.authority(key="rsa-2048", scheme="rsa-sha256")
    leaf = build.certificate("leaf.example", issuer=ca)
    absent = encode(0x30, encode_oid("1.2.840.113549.1.1.11"))
    response = build.response(
        by=ca, identifier=absent, cert_id=build.cert_id(leaf, ca), certs=()
    )
    return build.verify(good(), response, cert=leaf, issuer=ca)


def _for_pss_only(build: Builder, scheme: str, expected: Expected) -> Scenario:
    """Return a delegate whose certificate restricts its RSA key to RSASSA-PSS."""
    info = pss_key_info("rsa-2048")
    by = build.delegate(key="rsa-2048", key_info=info, scheme=scheme)
    return build.verify(expected, build.response(by=by))


@case("V6", MEDIUM, Feature.RSA_PSS)
def key_for_pss_signs_with_pss(build: Builder) -> Scenario:
    """
    The delegate's certificate has an RSA key for PSS only, and it signs with PSS.

    Expected: good. RFC 4055 §1.2.
    """
    return _for_pss_only(build, "pss-sha256", good())


@case("V6", HIGH, Feature.RSA_PSS)
def key_for_pss_signs_otherwise(build: Builder) -> Scenario:
    """
    The delegate's certificate has an RSA key for PSS only; it signs with PKCS #1 v1.5.

    Expected: refused; the CA restricted the key. RFC 4055 §1.2.
    """
    return _for_pss_only(build, "rsa-sha256", refused("V6"))


@case("V6", HIGH, Feature.RSA_PSS)
def delegate_certificate_by_a_key_for_pss_signed_otherwise(build: Builder) -> Scenario:
    """
    The CA's key is for PSS only, and signs the delegate's certificate with PKCS #1
    v1.5.

    Expected: refused; the restriction applies to every signature of the key. RFC 4055
    §1.2.
    """
    return _by_delegate_of_pss_only(build, "rsa-sha256", refused("V6"))


@case("V6", MEDIUM, Feature.RSA_PSS)
def delegate_certificate_by_a_key_for_pss(build: Builder) -> Scenario:
    """
    The CA's key is for PSS only, and signs the delegate's certificate with PSS.

    Expected: good. RFC 4055 §1.2.
    """
    return _by_delegate_of_pss_only(build, "pss-sha256", good())


def _by_delegate_of_pss_only(
    build: Builder, scheme: str, expected: Expected
) -> Scenario:
    info = pss_key_info("rsa-2048")
    ca = build.authority(key="rsa-2048", key_info=info, scheme="pss-sha256")
    leaf = build.certificate("leaf.example", issuer=ca)
    by = build.delegate(issuer=ca, signature_scheme=scheme)
    response = build.response(by=by, cert_id=build.cert_id(leaf, ca))
    return build.verify(expected, response, cert=leaf, issuer=ca)


@case("V6", MEDIUM, Feature.WEAK)
def dsa_2048(build: Builder) -> Scenario:
    """
    A DSA key of 2,048 bits, with SHA-256.

    Expected: good. RFC 5758 §3.1.
    """
    return _taken(build, "dsa-2048", "dsa-sha256")


@case("V6", MEDIUM, Feature.WEAK)
def dsa_2048_by_policy(build: Builder) -> Scenario:
    """
    A DSA key of 2,048 bits, and the relying party requires one bit more.

    Expected: refused; the limits for RSA keys apply to DSA keys. RFC 5758 §3.1.
    """
    ca, leaf, response = _signed(build, "dsa-2048", "dsa-sha256")
    policy = {"min_rsa_bits": 2049}
    return build.verify(refused("V6"), response, cert=leaf, issuer=ca, policy=policy)
