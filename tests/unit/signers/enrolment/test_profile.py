"""Test the certificates of delegates: the profile, and what is refused."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from ocsp import KeySigner
from ocsp.errors import ConfigError
from ocsp.responder import Authority
from ocsp.signers import self_test
from ocsp.signers.enrolment import (
    NewKeyKind,
    issue_delegate,
    make_request,
    new_key,
    requested_key,
)
from tests.keys import AVAILABLE, key_of
from tests.pki import NOW, ca, key, make, name
from tests.releases import CERTIFIES_ML_DSA

NAME = name("Responder 2026")
DAY = datetime.timedelta(days=1)
CA = x509.BasicConstraints(ca=True, path_length=None)
KINDS = [
    each for each in NewKeyKind if CERTIFIES_ML_DSA or not each.value.startswith("ml")
]


def _issue(own: Any = None, **other: Any) -> x509.Certificate:
    own = own or key("Responder 2026")
    settings: dict[str, Any] = {
        "issuer": ca(),
        "issuer_key": key("Test CA"),
        "public_key": own.public_key(),
        "subject": NAME,
        "days": 20,
        "now": NOW,
    }
    return issue_delegate(**(settings | other))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_key_gets_a_certificate_that_clients_accept(
    kind: NewKeyKind,
) -> None:
    """From key to request to certificate; no policy has a warning."""
    own = new_key(kind)
    request = make_request(own, NAME)
    certificate = _issue(public_key=requested_key(request), subject=request.subject)
    found = self_test(Authority(ca(), [KeySigner(own, certificate)]), NOW)
    assert found.failures == found.warnings == ()


@pytest.mark.parametrize("kind", [each for each in AVAILABLE if each != "dsa"])
def test_every_kind_of_ca_key_issues(kind: str) -> None:
    """The signature algorithm fits the key of the CA."""
    own = key_of(kind)
    issuer = make("Test CA", "Test CA", public=own, signer=None, extensions=[CA])
    certificate = _issue(issuer=issuer, issuer_key=own)
    certificate.verify_directly_issued_by(issuer)


def test_the_profile_is_that_of_rfc_9919() -> None:
    """What it has, what is critical, and nothing else."""
    certificate = _issue()
    found = {each.value.__class__: each for each in certificate.extensions}
    assert set(found) == {
        x509.BasicConstraints,
        x509.KeyUsage,
        x509.ExtendedKeyUsage,
        x509.OCSPNoCheck,
        x509.SubjectKeyIdentifier,
        x509.AuthorityKeyIdentifier,
    }
    critical = {kind for kind, each in found.items() if each.critical}
    assert critical == {x509.BasicConstraints, x509.KeyUsage}
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert not usage.key_cert_sign
    purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert list(purposes.value) == [ExtendedKeyUsageOID.OCSP_SIGNING]
    assert certificate.not_valid_before_utc == NOW - datetime.timedelta(hours=1)
    assert certificate.not_valid_after_utc == NOW + 20 * DAY
    assert certificate.subject == NAME


def test_the_identifier_of_the_ca_is_the_one_that_it_uses() -> None:
    """Not every CA hashes its key with SHA-1."""
    own = x509.SubjectKeyIdentifier(b"our first key")
    issuer = make("Test CA", "Test CA", extensions=[CA, own])
    found = _issue(issuer=issuer).extensions
    authority = found.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    assert authority.key_identifier == b"our first key"


def test_serial_numbers_are_random_and_long() -> None:
    """At least 64 bits from a secure generator (BR 7.1), positive, 20 octets."""
    numbers = {_issue().serial_number for _ in range(50)}
    assert len(numbers) == 50
    assert max(numbers).bit_length() > 150
    assert all(0 < each < 1 << 159 for each in numbers)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"days": 0}, "days: must be at least 1, and is 0"),
        ({"days": 31}, "days: 31 is too long: the certificate of the CA has 30 left"),
        ({"now": NOW + 40 * DAY}, "issuer: its certificate is valid from .*not now"),
        ({"subject": name("Test CA")}, "subject: is the name of the CA"),
        ({"public_key": key("Test CA").public_key()}, "key: is the key of the CA"),
        (
            {"issuer": make("Test CA", "Test CA"), "days": 99},
            "issuer: 'CN=Test CA' is not a CA: it has no basicConstraints",
        ),
        ({"issuer_key": key("other")}, "issuer key: is not the key of 'CN=Test CA'"),
        (
            {"issuer": make("Test CA", "Test CA")},
            "issuer: 'CN=Test CA' is not a CA: it has no basicConstraints",
        ),
        (
            {"own": rsa.generate_private_key(65537, 1024)},
            "certificate: clients would reject the answers: .* has 1024 bits",
        ),
        (
            {"own": ec.generate_private_key(ec.SECP192R1())},
            "certificate: clients would reject the answers: .* has 192 bits",
        ),
    ],
)
def test_what_clients_would_reject_is_not_issued(
    settings: dict[str, Any], words: str
) -> None:
    """With the setting that is wrong."""
    with pytest.raises(ConfigError, match=words.replace("not now", "and not now")):
        _issue(**settings)


def test_a_request_that_its_key_did_not_sign_is_refused() -> None:
    """Otherwise a delegate for the key of another could be issued."""
    request = make_request(key("Responder 2026"), NAME)
    forged = bytearray(request.public_bytes(Encoding.DER))
    forged[-1] ^= 1
    with pytest.raises(ConfigError, match="is not signed with its own key"):
        requested_key(x509.load_der_x509_csr(bytes(forged)))


def test_a_request_asks_for_the_profile() -> None:
    """For CAs that copy extensions from requests."""
    asked = make_request(key("Responder 2026"), NAME).extensions
    assert asked.get_extension_for_class(x509.OCSPNoCheck)
    assert asked.get_extension_for_class(x509.ExtendedKeyUsage)
    assert asked.get_extension_for_class(x509.KeyUsage).critical
