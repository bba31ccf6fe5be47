"""Test which signers an authority accepts."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

import ocsp
from ocsp import KeySigner
from ocsp.asn1.certificates import certificate_der
from ocsp.responder import Authority, IssuerKey
from tests.pki import DELEGATION, NOW, ca, delegate, delegate_signer, key, make

MOMENT = int(NOW.timestamp())

SIGNING, NO_CHECK = DELEGATION


def _signer(issuer: str = "Test CA", **changes: Any) -> KeySigner:
    """Return a delegated responder of *issuer*, with *changes* to a correct one."""
    options = {"extensions": DELEGATION} | changes
    return KeySigner(key("Delegate"), make("Delegate", issuer, **options))


def test_only_the_certificate_of_a_delegate_is_included() -> None:
    """RFC 9919 §3.2.2: clients have the certificate of the CA already."""
    delegated = Authority(ca(), [delegate_signer()]).valid_signers(MOMENT)
    assert [each.included for each in delegated] == [certificate_der(delegate())]
    own = Authority(ca(), [KeySigner(key("Test CA"), ca())]).valid_signers(MOMENT)
    assert [each.included for each in own] == [b""]


def test_another_certificate_of_the_same_ca_is_not_a_delegate() -> None:
    """Name and key identify an authority; a cross-signed CA has two certificates."""
    cross = make("Test CA", "Root", public=key("Test CA"))
    authority = Authority(ca(), [KeySigner(key("Test CA"), cross)])
    assert authority.valid_signers(MOMENT)[0].included == b""
    assert authority.key == IssuerKey.of(cross)


@pytest.mark.parametrize(
    ("signer", "reason"),
    [
        (_signer("Other CA"), "was issued by 'CN=Other CA', not by 'CN=Test CA'"),
        (_signer(signer=key("thief")), "not signed by the key of the issuer"),
        (_signer(extensions=[NO_CHECK]), "not have the extended key usage OCSPSigning"),
        (
            _signer(
                extensions=[
                    x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])
                ]
            ),
            "not have the extended key usage OCSPSigning",
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
            "includes neither digitalSignature nor nonRepudiation",
        ),
    ],
)
def test_a_signer_that_clients_would_reject_is_a_configuration_error(
    signer: KeySigner, reason: str
) -> None:
    """RFC 6960 §4.2.2.2: the CA itself must issue the certificate, for OCSP signing."""
    with pytest.raises(ocsp.ConfigError, match=reason) as refused:
        Authority(ca(), [signer])
    assert refused.value.key == "signers"


def test_unwise_signer_certificates_give_a_warning() -> None:
    """A signer without nocheck, or with a CA certificate, works but gives a warning."""
    assert Authority(ca(), [delegate_signer()]).warnings == ()
    (warning,) = Authority(ca(), [_signer(extensions=[SIGNING])]).warnings
    assert "nocheck" in warning
    constraints = x509.BasicConstraints(ca=True, path_length=None)
    signer = _signer(extensions=[*DELEGATION, constraints])
    (warning,) = Authority(ca(), [signer]).warnings
    assert "CA" in warning


def _usage(*chosen: int) -> x509.KeyUsage:
    """Return a keyUsage with these bits (RFC 5280 §4.2.1.3)."""
    return x509.KeyUsage(*(bit in chosen for bit in range(9)))


@pytest.mark.parametrize(("bits", "count"), [((5, 6), 1), ((0, 5, 6), 0), ((1, 5), 0)])
def test_an_issuer_without_digital_signature_gives_a_warning(
    bits: tuple[int, ...], count: int
) -> None:
    """It works, but a strict client rejects its responses; nonRepudiation is enough."""
    issuer = make("Test CA", "Test CA", extensions=[_usage(*bits)])
    authority = Authority(issuer, [KeySigner(key("Test CA"), issuer)])
    assert authority.valid_signers(MOMENT)[0].included == b""
    assert len(authority.warnings) == count
    assert all("digitalSignature" in each for each in authority.warnings)


def test_a_signer_signs_from_begin_to_end_of_its_certificate() -> None:
    """An answer of its last second could not be used."""
    signer = delegate_signer()
    authority = Authority(ca(), [signer])
    second = datetime.timedelta(seconds=1)
    begin = signer.certificate.not_valid_before_utc
    end = signer.certificate.not_valid_after_utc
    for now in (begin, NOW, end - second):
        assert authority.signer_at(now) is signer
    for now in (begin - second, end):
        assert authority.signer_at(now) is None


def test_repr_shows_the_name_of_the_issuer() -> None:
    """It shows nothing of the signer's key."""
    assert repr(Authority(ca(), [delegate_signer()])) == "<Authority('CN=Test CA')>"
