"""Whether an issuer signed a certificate: the names of RFC 5280 §7.1, and the key."""

from __future__ import annotations

import asn1crypto.x509
import pytest
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ocsp import limits
from ocsp.errors import SchemaError, SignatureInvalid
from ocsp.signing import issued
from ocsp.signing.issued import (
    check_issued,
    is_issued_by,
    issuer_among,
    names_issuer,
    why_no_ca,
)
from tests.pki import ca, key, leaf, make


def test_the_issuer_signed_its_certificate() -> None:
    """And no other certificate did, also not the certificate itself."""
    assert is_issued_by(leaf(), ca())
    assert is_issued_by(ca(), ca())
    assert not is_issued_by(leaf(), leaf())
    assert not is_issued_by(ca(), leaf())
    check_issued(leaf(), ca(), unsafe_sha1=False)


def test_the_name_alone_is_not_enough() -> None:
    """A CA with the same name and another key has not signed the certificate."""
    other = make("Test CA", "Test CA", signer=key("x"), public=key("x"))
    assert names_issuer(leaf(), other)
    assert not is_issued_by(leaf(), other)
    with pytest.raises(SignatureInvalid):
        check_issued(leaf(), other, unsafe_sha1=False)


def test_the_key_alone_is_not_enough() -> None:
    """The same key under another name: the certificate names another issuer."""
    other = make("Other CA", "Other CA", signer=key("Test CA"), public=key("Test CA"))
    check_issued(leaf(), other, unsafe_sha1=False)
    assert not names_issuer(leaf(), other)
    assert not is_issued_by(leaf(), other)


@pytest.mark.parametrize("subject", ["TEST CA", "Test  CA", " test ca "])
def test_names_are_compared_without_case_and_white_space(subject: str) -> None:
    """RFC 5280 §7.1: a renewed CA certificate may be written in another way."""
    renewed = make(subject, subject, signer=key("Test CA"), public=key("Test CA"))
    assert is_issued_by(leaf(), renewed)


def test_a_key_of_another_kind_has_signed_nothing() -> None:
    """Its certificate has the right name, and the wrong kind of key."""
    other = make("Test CA", "Test CA", public=ed25519.Ed25519PrivateKey.generate())
    assert not is_issued_by(leaf(), other)


def test_two_different_algorithms_in_a_certificate_are_refused() -> None:
    """RFC 5280 §4.1.1.2: the one outside is not signed."""
    der = leaf().public_bytes(Encoding.DER)
    sha256, sha384 = (
        bytes.fromhex("2a8648ce3d040302"),
        bytes.fromhex("2a8648ce3d040303"),
    )
    head, _, tail = der.rpartition(sha256)
    forged = x509.load_der_x509_certificate(head + sha384 + tail)
    assert not is_issued_by(forged, ca())


def _patched(certificate: x509.Certificate, old: bytes, new: bytes) -> x509.Certificate:
    der = certificate.public_bytes(Encoding.DER)
    assert old in der
    return x509.load_der_x509_certificate(der.replace(old, new))


def test_equal_octets_are_equal_names_even_if_they_cannot_be_decoded() -> None:
    """``cryptography`` cannot decode a T61String in Latin-1."""
    utf8, latin = b"\x0c\x07Test CA", b"\x14\x07T\xe9st CA"
    child, parent = _patched(leaf(), utf8, latin), _patched(ca(), utf8, latin)
    assert names_issuer(child, parent)
    assert not names_issuer(child, ca())


def test_a_key_that_cannot_be_read_has_signed_nothing() -> None:
    """The point of the key is not on its curve."""
    point = (
        ca().public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    )
    broken = _patched(ca(), point, point[:-4] + bytes(4))
    with pytest.raises(SignatureInvalid, match="cannot be read"):
        check_issued(leaf(), broken, unsafe_sha1=False)
    assert not is_issued_by(leaf(), broken)


_SHA256_WITH_RSA = bytes.fromhex("2a864886f70d01010b")


def _rsa_certificate(last_arc: int) -> tuple[x509.Certificate, x509.Certificate]:
    """Return a CA, and a certificate that it signed with SHA-1 under an algorithm."""
    private = rsa.generate_private_key(65537, 2048)
    parent = make("Test CA", "Test CA", public=private, signer=private)
    child = make("leaf", "Test CA", signer=private)
    oid = _SHA256_WITH_RSA[:-1] + bytes([last_arc])
    tbs = child.tbs_certificate_bytes.replace(_SHA256_WITH_RSA, oid)
    signature = private.sign(tbs, padding.PKCS1v15(), hashes.SHA1())
    der = child.public_bytes(Encoding.DER).replace(_SHA256_WITH_RSA, oid)
    der = der.replace(child.signature, signature)
    return parent, x509.load_der_x509_certificate(der)


def test_sha1_is_enough_to_find_an_issuer() -> None:
    """It is refused where the signature is to be trusted."""
    parent, child = _rsa_certificate(5)
    assert is_issued_by(child, parent)
    check_issued(child, parent, unsafe_sha1=True)
    with pytest.raises(UnsupportedAlgorithm):
        check_issued(child, parent, unsafe_sha1=False)


def test_an_unknown_algorithm_is_no_signature_of_the_issuer() -> None:
    """And no exception of another library leaves."""
    parent, child = _rsa_certificate(99)
    assert not is_issued_by(child, parent)


def test_a_malformed_algorithm_is_no_signature_of_the_issuer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Old releases of ``cryptography`` load such a certificate."""

    def refuse(*_: object, unsafe_sha1: bool) -> None:
        raise SchemaError("not an AlgorithmIdentifier")

    monkeypatch.setattr(issued, "check_signature", refuse)
    with pytest.raises(UnsupportedAlgorithm, match="cannot be read: not an Algorithm"):
        check_issued(leaf(), ca(), unsafe_sha1=False)
    assert not is_issued_by(leaf(), ca())


def test_a_search_for_an_issuer_tries_few_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Certificates with another name do not count, and need no signature check."""
    tried: list[object] = []

    def count(*certificates: x509.Certificate, unsafe_sha1: bool) -> None:
        tried.append(certificates)
        check_issued(*certificates, unsafe_sha1=unsafe_sha1)

    monkeypatch.setattr(issued, "check_issued", count)
    monkeypatch.setattr(limits, "MAX_SIGNATURES_CHECKED", 3)
    named = make("Test CA", "Test CA", signer=key("x"), public=key("x"))
    others = [ca("Other CA")] * 9
    assert issuer_among(leaf(), [*others, named, named, ca()]) == ca()
    assert len(tried) == 3
    assert issuer_among(leaf(), [*others, named, named, named, ca()]) is None
    assert issuer_among(leaf(), [named] * 100) is None
    assert len(tried) == 9
    assert issuer_among(leaf(), others) is None


def _without_extensions(certificate: x509.Certificate) -> x509.Certificate:
    """Return *certificate* in version 1; its signature is wrong."""
    changed = asn1crypto.x509.Certificate.load(certificate.public_bytes(Encoding.DER))
    changed["tbs_certificate"]["version"] = "v1"
    changed["tbs_certificate"]["extensions"] = None
    return x509.load_der_x509_certificate(changed.dump(force=True))


def test_which_certificates_can_be_those_of_a_ca() -> None:
    """Those that say so, and old ones that cannot (RFC 5280 §4.2.1.9)."""
    no_ca = x509.BasicConstraints(ca=False, path_length=None)
    assert why_no_ca(ca()) == ""
    assert why_no_ca(make("a", "a", extensions=[no_ca])) == (
        "is not a CA: cA in its basicConstraints is false"
    )
    assert why_no_ca(leaf()) == "is not a CA: it has no basicConstraints"
    old = _without_extensions(ca())
    assert old.version is x509.Version.v1
    assert why_no_ca(old) == ""
