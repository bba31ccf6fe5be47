"""Whether an issuer signed a certificate: the names of RFC 5280 §7.1, and the key."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.errors import SignatureInvalid
from ocsp.signing.issued import check_issued, is_issued_by, names_issuer
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
