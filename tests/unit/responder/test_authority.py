"""Who may sign for an authority, found out when the responder is made."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

import ocsp
from ocsp import KeySigner
from ocsp.responder import Authority, IssuerKey
from tests.pki import DELEGATION, NOW, ca, delegate_signer, key, make

SIGNING, NO_CHECK = DELEGATION


def _signer(issuer: str = "Test CA", **changes: Any) -> KeySigner:
    """Return a delegate of *issuer* that differs from a good one in *changes*."""
    options = {"extensions": DELEGATION} | changes
    return KeySigner(key("Delegate"), make("Delegate", issuer, **options))


def test_a_delegate_is_sent_along_and_the_ca_itself_is_not() -> None:
    """RFC 9919 §3.2.2."""
    assert Authority(ca(), delegate_signer()).delegate is not None
    assert Authority(ca(), KeySigner(key("Test CA"), ca())).delegate is None


def test_another_certificate_of_the_same_ca_is_the_ca_itself() -> None:
    """Name and key make an authority, not the certificate: cross-signed CAs have two."""
    cross = make("Test CA", "Root", public=key("Test CA"))
    authority = Authority(ca(), KeySigner(key("Test CA"), cross))
    assert authority.delegate is None
    assert authority.key == IssuerKey.of(cross)


@pytest.mark.parametrize(
    ("signer", "reason"),
    [
        (_signer("Other CA"), "was issued by 'CN=Other CA', not by 'CN=Test CA'"),
        (_signer(signer=key("thief")), "not signed with the key of its issuer"),
        (_signer(extensions=[NO_CHECK]), "no extended key usage OCSPSigning"),
        (
            _signer(
                extensions=[
                    x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])
                ]
            ),
            "no extended key usage OCSPSigning",
        ),
        (
            _signer(
                extensions=[
                    *DELEGATION,
                    x509.KeyUsage(
                        *(False, False, False, False, False, True, False, False, False)
                    ),
                ]
            ),
            "forbids signatures",
        ),
    ],
)
def test_a_signer_that_clients_would_refuse_is_a_configuration_error(
    signer: KeySigner, reason: str
) -> None:
    """RFC 6960 §4.2.2.2: issued by the CA, with its key, for OCSP signing."""
    with pytest.raises(ocsp.ConfigError, match=reason) as refused:
        Authority(ca(), signer)
    assert refused.value.key == "signer"


def test_what_is_unwise_is_said() -> None:
    """A signer without nocheck, or that is a CA, works and is warned of."""
    assert Authority(ca(), delegate_signer()).warnings == ()
    (warning,) = Authority(ca(), _signer(extensions=[SIGNING])).warnings
    assert "nocheck" in warning
    constraints = x509.BasicConstraints(ca=True, path_length=None)
    (warning,) = Authority(
        ca(), _signer(extensions=[*DELEGATION, constraints])
    ).warnings
    assert "CA" in warning


def test_validity_is_asked_for_a_moment() -> None:
    """Both ends belong to it."""
    authority = Authority(ca(), delegate_signer())
    certificate = authority.signer.certificate
    assert authority.valid_at(NOW)
    assert authority.valid_at(certificate.not_valid_before_utc)
    assert authority.valid_at(certificate.not_valid_after_utc)
    one = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert not authority.valid_at(NOW + one)
    assert not authority.valid_at(NOW - one)


def test_an_authority_shows_its_name() -> None:
    """And nothing of its key."""
    assert repr(Authority(ca(), delegate_signer())) == "<Authority('CN=Test CA')>"
