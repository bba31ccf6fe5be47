"""Signers: every kind of key and hash that signs, and those that are refused."""

from __future__ import annotations

import datetime
from functools import cache
from typing import Any

import pytest
from asn1crypto import ocsp as asn1
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import (
    dsa,
    ec,
    padding,
    rsa,
    x25519,
)
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp import CertID, KeySigner, OCSPCertStatus, OCSPResponderEncoding
from ocsp.signing import signer as signer_module
from ocsp.signing.signer import signature_scheme
from tests.keys import (
    AVAILABLE,
    HASHED,
    OWN,
    SCHEMES,
    certificate_of,
    key_of,
    label,
)
from tests.pki import NOW, ca

UNNAMED = {("dsa", "sha384"), ("dsa", "sha512")}
"""Algorithms whose hash ``cryptography`` does not return; nor does this package."""


@cache
def _supported(kind: str) -> bool:
    try:
        key_of(kind)
    except UnsupportedAlgorithm:
        return False
    return True


def _builder(kind: str) -> ocsp.OCSPResponseBuilder:
    cert_id = CertID.for_serial(ca(), 7, hashes.SHA256())
    builder = ocsp.OCSPResponseBuilder().add_response_by_id(
        cert_id, OCSPCertStatus.GOOD, NOW, NOW + datetime.timedelta(1), None, None
    )
    return builder.responder_id(OCSPResponderEncoding.HASH, certificate_of(kind))


def _verify(kind: str, algorithm: Any, response: ocsp.OCSPResponse) -> None:
    public = key_of(kind).public_key()
    signed = (response.signature, response.tbs_response_bytes)
    if isinstance(public, rsa.RSAPublicKey):
        public.verify(*signed, padding.PKCS1v15(), algorithm)
    elif isinstance(public, ec.EllipticCurvePublicKey):
        public.verify(*signed, ec.ECDSA(algorithm))
    elif isinstance(public, dsa.DSAPublicKey):
        public.verify(*signed, algorithm)
    else:
        public.verify(*signed)


@pytest.mark.parametrize(("kind", "algorithm"), SCHEMES, ids=label)
def test_every_scheme_signs_with_its_own_identifier(kind: str, algorithm: Any) -> None:
    """The signature verifies, and other readers find its algorithm."""
    response = _builder(kind).sign(key_of(kind), algorithm)
    _verify(kind, algorithm, response)
    loaded = ocsp.load_der_ocsp_response(response.public_bytes(Encoding.DER))
    if (kind, label(algorithm)) in UNNAMED:
        with pytest.raises(UnsupportedAlgorithm):
            _ = loaded.signature_hash_algorithm
    else:
        assert label(loaded.signature_hash_algorithm) == label(algorithm)
    outside = asn1.OCSPResponse.load(loaded.public_bytes(Encoding.DER))
    identifier = outside.basic_ocsp_response["signature_algorithm"]
    assert (
        identifier["algorithm"].dotted == loaded.signature_algorithm_oid.dotted_string
    )


@pytest.mark.parametrize(("kind", "algorithm"), SCHEMES, ids=label)
def test_a_key_signer_signs_with_every_scheme(kind: str, algorithm: Any) -> None:
    """Through the protocol that an HSM implements as well."""
    signer = KeySigner(key_of(kind), certificate_of(kind), algorithm)
    _verify(kind, algorithm, _builder(kind).sign_with(signer))


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("rsa", "sha256"),
        ("dsa", "sha256"),
        ("p256", "sha256"),
        ("p384", "sha384"),
        ("p521", "sha512"),
    ],
)
def test_a_key_signer_finds_a_fitting_hash(kind: str, name: str) -> None:
    """As strong as the key, if none is given."""
    response = _builder(kind).sign_with(KeySigner(key_of(kind), certificate_of(kind)))
    assert label(response.signature_hash_algorithm) == name


@pytest.mark.parametrize("kind", OWN)
def test_keys_that_need_no_hash_refuse_one(kind: str) -> None:
    """Ed25519, Ed448 and ML-DSA."""
    with pytest.raises(ocsp.BuildError, match="must be None"):
        _builder(kind).sign(key_of(kind), hashes.SHA256())
    assert KeySigner(key_of(kind), certificate_of(kind)).sign(b"x")


@pytest.mark.parametrize("kind", HASHED)
@pytest.mark.parametrize("weak", [hashes.SHA1(), hashes.MD5()], ids=label)
def test_weak_hashes_never_sign(kind: str, weak: hashes.HashAlgorithm) -> None:
    """RFC 6960 §5.1.1."""
    with pytest.raises(UnsupportedAlgorithm):
        _builder(kind).sign(key_of(kind), weak)


@pytest.mark.parametrize(
    "other", [hashes.BLAKE2b(64), hashes.SM3(), hashes.SHAKE128(16)], ids=label
)
def test_hashes_without_an_identifier_do_not_sign(other: hashes.HashAlgorithm) -> None:
    """No standard defines a signature algorithm with them."""
    with pytest.raises(UnsupportedAlgorithm):
        _builder("p256").sign(key_of("p256"), other)


@pytest.mark.parametrize("nothing", [None, "sha256", hashes.SHA256])
def test_a_value_that_is_not_a_hash_is_a_type_error(nothing: Any) -> None:
    """Such as a name or a class."""
    with pytest.raises(TypeError):
        _builder("p256").sign(key_of("p256"), nothing)


def test_a_key_that_cannot_sign_is_a_type_error() -> None:
    """X25519 keys are for key agreement only."""
    exchange: Any = x25519.X25519PrivateKey.generate()
    with pytest.raises(TypeError, match="Key must be"):
        _builder("p256").sign(exchange, None)


def test_key_and_certificate_belong_together() -> None:
    """Checked when the signer is made, and by the builder after signing."""
    with pytest.raises(ocsp.BuildError, match="do not match"):
        KeySigner(key_of("p256"), certificate_of("p384"))
    with pytest.raises(ocsp.BuildError, match="do not match"):
        _builder("p384").sign(key_of("p256"), hashes.SHA256())
    with pytest.raises(ocsp.BuildError, match="is not that of responder_id"):
        _builder("p384").sign_with(KeySigner(key_of("p256"), certificate_of("p256")))


def test_a_signer_shows_its_certificate_and_not_its_key() -> None:
    """In its ``repr``, which appears in logs and debuggers."""
    shown = repr(KeySigner(key_of("p256"), certificate_of("p256")))
    assert shown == "<KeySigner('CN=signer-p256')>"


def test_every_kind_is_supported_here() -> None:
    """The tests above have run for each kind of key."""
    assert [kind for kind in AVAILABLE if not _supported(kind)] == []


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()])
def test_ecdsa_makes_the_same_signature_of_the_same_data(curve: Any) -> None:
    """As RFC 6979 says: two processes make the same answer in the same second."""
    try:
        theirs = ec.ECDSA(hashes.SHA512(), deterministic_signing=True)
    except UnsupportedAlgorithm:
        pytest.skip("this OpenSSL makes no deterministic signatures")
    private_key = ec.generate_private_key(curve)
    sign = signature_scheme(private_key, hashes.SHA512()).sign
    signature = sign(private_key, b"data")
    assert signature == sign(private_key, b"data") == private_key.sign(b"data", theirs)
    assert signature != sign(private_key, b"other data")


def test_ecdsa_signs_with_an_old_openssl_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then each signature of the same data is another one."""
    real = ec.ECDSA

    def old(algorithm: Any, deterministic_signing: bool = False) -> ec.ECDSA:
        if deterministic_signing:
            raise UnsupportedAlgorithm("deterministic signatures")
        return real(algorithm)

    monkeypatch.setattr(ec, "ECDSA", old)
    signer_module._scheme_of.cache_clear()
    private_key = ec.generate_private_key(ec.SECP256R1())
    sign = signature_scheme(private_key, hashes.SHA256()).sign
    signature = sign(private_key, b"data")
    signer_module._scheme_of.cache_clear()
    assert signature != sign(private_key, b"data")
    private_key.public_key().verify(signature, b"data", real(hashes.SHA256()))
