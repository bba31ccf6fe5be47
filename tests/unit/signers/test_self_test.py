"""Test the self-test: what clients would reject is found before the responder serves."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from functools import cache

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes,
)

from ocsp import KeySigner
from ocsp.asn1.der import NULL_DER
from ocsp.responder import Authority
from ocsp.signers import CheckResult, SelfTest, self_test
from tests.cases.builder import Builder, usage
from tests.cases.keys import private_key
from tests.pki import BEGIN, DELEGATION, END, NOW, ca, delegate_signer, key, make, name

HOUR = datetime.timedelta(hours=1)
SIGNING, NOCHECK = DELEGATION
CA = x509.BasicConstraints(ca=True, path_length=None)
PLACE = x509.CRLDistributionPoints(
    [
        x509.DistributionPoint(
            [x509.UniformResourceIdentifier("http://a.example/ca.crl")],
            None,
            None,
            None,
        )
    ]
)
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), NULL_DER)


def _delegated(
    *extensions: x509.ExtensionType,
    critical: Sequence[x509.ExtensionType] = (),
    begin: datetime.datetime = BEGIN,
    end: datetime.datetime = END,
    own: CertificateIssuerPrivateKeyTypes | None = None,
) -> SelfTest:
    """Return the result of the test for a delegate of the test CA."""
    own = own or key("Test Responder")
    builder = (
        x509.CertificateBuilder()
        .subject_name(name("Test Responder"))
        .issuer_name(name("Test CA"))
        .public_key(own.public_key())
        .serial_number(5)
        .not_valid_before(begin)
        .not_valid_after(end)
    )
    for each in (*extensions, *critical):
        builder = builder.add_extension(each, critical=each in critical)
    certificate = builder.sign(key("Test CA"), hashes.SHA256())
    return self_test(Authority(ca(), [KeySigner(own, certificate)]), NOW)


def _by_issuer(
    *extensions: x509.ExtensionType, end: datetime.datetime = END
) -> SelfTest:
    issuer = make("Test CA", "Test CA", extensions=(CA, *extensions), end=end)
    return self_test(Authority(issuer, [KeySigner(key("Test CA"), issuer)]), NOW)


@cache
def _small_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 1024)


def test_what_every_client_accepts_is_no_finding() -> None:
    """A delegate, and an issuer that signs its answers itself."""
    for found in (
        self_test(Authority(ca(), [delegate_signer()]), NOW),
        _by_issuer(),
        _by_issuer(UNKNOWN),  # it is not critical
        _by_issuer(usage("digital_signature", "key_cert_sign")),
        _delegated(*DELEGATION, usage("content_commitment")),
    ):
        assert {each.result for each in found.checks} == {CheckResult.PASSED}
        assert found.failures == found.warnings == ()


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (
            _delegated(*DELEGATION, end=NOW - HOUR),
            "no signer's certificate is valid at",
        ),
        (_delegated(*DELEGATION, begin=NOW + HOUR), "no signer's certificate is valid"),
        (_by_issuer(end=NOW - HOUR), "no signer's certificate is valid at"),
        (_delegated(*DELEGATION, CA), "is a CA certificate, which must not be"),
        (_delegated(*DELEGATION, critical=[UNKNOWN]), "1.2.3.4, which is not known"),
        (_delegated(*DELEGATION, own=_small_key()), "has 1024 bits; 2048 to"),
    ],
)
def test_what_every_client_rejects_is_a_failure(found: SelfTest, words: str) -> None:
    """The message is that of the verifier."""
    assert words in found.failures[0]


def test_a_certificate_that_is_signed_with_sha1_is_a_failure() -> None:
    """The authority accepts it, because the issuer did sign it."""
    build = Builder()
    issuer = x509.load_der_x509_certificate(build.ca.der)
    delegate = build.delegate(signature_scheme="ecdsa-sha1")
    signer = KeySigner(
        private_key(delegate.key), x509.load_der_x509_certificate(delegate.der)
    )
    (failure,) = self_test(Authority(issuer, [signer]), NOW).failures
    assert "is signed with an algorithm that is not accepted" in failure


@pytest.mark.parametrize(
    ("found", "words", "policies"),
    [
        (
            _by_issuer(usage("key_cert_sign", "crl_sign")),
            "has a keyUsage without digitalSignature",
            ": strict, webpki",
        ),
        (_delegated(SIGNING), "names no place for its status", ": strict, webpki"),
        (
            _delegated(SIGNING, PLACE),
            "names a place for its status",
            "unless they find out its status: default, strict, webpki",
        ),
        (_delegated(*DELEGATION, end=NOW + 7 * HOUR), "ends at 2026-07-01 19:00", ""),
    ],
)
def test_what_some_clients_reject_is_a_warning(
    found: SelfTest, words: str, policies: str
) -> None:
    """With the policies that reject it."""
    assert found.failures == ()
    (warning,) = [each for each in found.warnings if words in each]
    assert warning.endswith(policies)


def test_an_issuer_that_has_ended_is_a_warning() -> None:
    """The CA may have another certificate with the same key."""
    issuer = make("Test CA", "Test CA", extensions=[CA], end=NOW - HOUR)
    found = self_test(Authority(issuer, [delegate_signer()]), NOW)
    assert found.failures == ()
    (warning,) = found.warnings
    assert warning.startswith("the issuer's certificate is valid from 2026-06-30")


def test_an_issuer_that_is_no_ca_is_a_warning() -> None:
    """For example the certificate of a server, given by mistake."""
    constraints = x509.BasicConstraints(ca=False, path_length=None)
    leaf = make("Test CA", "Test CA", extensions=[constraints])
    found = self_test(Authority(leaf, [KeySigner(key("Test CA"), leaf)]), NOW)
    assert found.failures == ()
    (warning,) = found.warnings
    assert warning.startswith("the issuer 'CN=Test CA' is not a CA: cA in its basic")


def test_the_validity_of_the_answers_is_that_of_the_responder() -> None:
    """Clients of the Web PKI reject answers for less than eight hours."""
    authority = Authority(ca(), [delegate_signer()])
    found = self_test(authority, NOW, validity=HOUR)
    (warning,) = found.warnings
    assert warning.endswith("reject the answers: webpki")
