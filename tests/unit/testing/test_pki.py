"""Test the throw-away PKI: what it issues, and the status of that."""

from __future__ import annotations

import datetime
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    load_pem_private_key,
)
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtensionOID

import ocsp
from ocsp import OCSPCertStatus, OCSPRequest, OCSPResponseStatus
from ocsp.testing import PKI, Identity, UnknownSerialPolicy, build_answer
from ocsp.verification import AuthorizedBy, must_staple
from tests.integration.openssl import openssl
from tests.keys import MAKERS, key_of

URL = "http://127.0.0.1:9/"
NOW = datetime.datetime(2030, 5, 1, 12, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)
STOLEN = x509.ReasonFlags.key_compromise


def _pki_at_now(**options: object) -> PKI:
    return PKI(clock=lambda: NOW, **options)  # type: ignore[arg-type]


def _request(identity: Identity, *, nonce: bytes | None = None) -> OCSPRequest:
    builder = ocsp.OCSPRequestBuilder().add_certificate(
        identity.certificate, identity.issuer, hashes.SHA256()
    )
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build()


def _verified(pki: PKI, identity: Identity) -> ocsp.VerifiedResponse:
    request = _request(identity, nonce=bytes(32))
    answer = build_answer(pki, request.public_bytes(Encoding.DER))
    return ocsp.verify(
        answer.der,
        identity.certificate,
        identity.issuer,
        request=request,
        at=pki.now(),
    )


def _status(pki: PKI, identity: Identity) -> OCSPResponseStatus:
    return build_answer(pki, _request(identity).public_bytes(Encoding.DER)).status


@pytest.mark.parametrize("status", list(OCSPCertStatus))
def test_a_certificate_of_each_status(status: OCSPCertStatus) -> None:
    """A relying party verifies the status that the test chose."""
    pki = _pki_at_now()
    assert _verified(pki, pki.issue(status=status)).status is status


def test_a_revocation_has_the_given_time_and_reason() -> None:
    """By default it was an hour ago and has no reason."""
    pki = _pki_at_now()
    revoked = OCSPCertStatus.REVOKED
    verified = _verified(
        pki, pki.issue(status=revoked, revoked_at=NOW - 5 * HOUR, reason=STOLEN)
    )
    assert (verified.revocation_time, verified.revocation_reason) == (
        NOW - 5 * HOUR,
        STOLEN,
    )
    verified = _verified(pki, pki.issue(status=revoked))
    assert (verified.revocation_time, verified.revocation_reason) == (NOW - HOUR, None)


def test_each_certificate_may_have_its_own_policy_for_unknown_serials() -> None:
    """One responder returns *unauthorized*, *unknown*, and *revoked* since 1970."""
    pki = _pki_at_now()
    never = {each: pki.issue(status=each) for each in UnknownSerialPolicy}
    assert (
        _status(pki, never[UnknownSerialPolicy.UNAUTHORIZED])
        is OCSPResponseStatus.UNAUTHORIZED
    )
    assert (
        _verified(pki, never[UnknownSerialPolicy.UNKNOWN]).status
        is OCSPCertStatus.UNKNOWN
    )
    assert _verified(pki, never[UnknownSerialPolicy.REVOKED]).not_issued
    assert _verified(pki, pki.issue()).status is OCSPCertStatus.GOOD


@pytest.mark.parametrize(
    "unlisted", [UnknownSerialPolicy.UNAUTHORIZED, UnknownSerialPolicy.UNKNOWN]
)
def test_a_serial_number_without_record_gets_the_policy_of_the_pki(
    unlisted: UnknownSerialPolicy,
) -> None:
    """The certificate is from another PKI with the same key and name."""
    pki = _pki_at_now(unlisted=unlisted)
    foreign = pki.ca.leaf("x.test", *_like(pki.issue()))
    expected = {
        UnknownSerialPolicy.UNAUTHORIZED: OCSPResponseStatus.UNAUTHORIZED,
        UnknownSerialPolicy.UNKNOWN: OCSPResponseStatus.SUCCESSFUL,
    }
    assert _status(pki, foreign) is expected[unlisted]


def _like(identity: Identity) -> tuple[object, ...]:
    from ocsp.testing.throwaway_ca import Pointers, Validity

    begin = identity.certificate.not_valid_before_utc
    end = identity.certificate.not_valid_after_utc
    return Validity(begin, end), identity.key, Pointers()


def test_a_status_can_change() -> None:
    """Good, then revoked, then good again."""
    pki = _pki_at_now()
    leaf = pki.issue()
    pki.set_status(leaf, OCSPCertStatus.REVOKED, reason=STOLEN)
    assert _verified(pki, leaf).status is OCSPCertStatus.REVOKED
    pki.set_status(leaf)
    assert _verified(pki, leaf).status is OCSPCertStatus.GOOD


@pytest.mark.parametrize("status", [OCSPCertStatus.GOOD, OCSPCertStatus.UNKNOWN])
def test_only_revoked_has_a_time_and_a_reason(status: OCSPCertStatus) -> None:
    """Otherwise a mistake in a test would have no effect."""
    pki = _pki_at_now()
    with pytest.raises(ocsp.ConfigError, match="REVOKED"):
        pki.issue(status=status, revoked_at=NOW)
    with pytest.raises(ocsp.ConfigError, match="REVOKED"):
        pki.issue(status=status, reason=STOLEN)


@pytest.mark.programs
def test_openssl_accepts_a_chain_with_intermediates(
    tmp_path: Path,
) -> None:
    """The root, two intermediates and the leaf; each has its own status."""
    pki = PKI()
    pki.url = URL
    upper, lower = pki.add_intermediate(), pki.add_intermediate()
    leaf = pki.issue()
    assert leaf.chain == (
        leaf.certificate,
        lower.certificate,
        upper.certificate,
        pki.root,
    )
    assert leaf.issuer == pki.issuer == lower.certificate
    assert [_verified(pki, each).status for each in (leaf, lower, upper)] == [
        OCSPCertStatus.GOOD
    ] * 3
    assert _urls(upper, AuthorityInformationAccessOID.OCSP) == [URL]
    root, rest, cert = (tmp_path / each for each in ("root", "rest", "cert"))
    root.write_bytes(pki.root.public_bytes(Encoding.PEM))
    rest.write_bytes(leaf.chain_pem)
    cert.write_bytes(leaf.certificate_pem)
    options = ("-x509_strict", "-CAfile", root, "-untrusted", rest)
    assert openssl("verify", *options, cert).endswith(": OK\n")
    assert rest.read_bytes().count(b"BEGIN") == 3


def test_an_intermediate_can_be_revoked() -> None:
    """An intermediate has a status like any other certificate."""
    pki = _pki_at_now()
    intermediate = pki.add_intermediate()
    pki.set_status(intermediate, OCSPCertStatus.REVOKED)
    assert _verified(pki, intermediate).status is OCSPCertStatus.REVOKED
    assert _verified(pki, pki.issue()).status is OCSPCertStatus.GOOD


@pytest.mark.parametrize(
    ("delegated", "by"), [(True, AuthorizedBy.DELEGATE), (False, AuthorizedBy.ISSUER)]
)
def test_a_delegate_or_the_ca_signs(delegated: bool, by: AuthorizedBy) -> None:
    """RFC 6960 §4.2.2.2."""
    pki = _pki_at_now(delegated=delegated)
    assert _verified(pki, pki.issue()).authorized_by is by


@pytest.mark.parametrize("kind", [each for each in MAKERS if each != "dsa"])
def test_keys_of_any_kind(kind: str) -> None:
    """The keys of the CA, the delegated responder and the leaf."""
    pki = _pki_at_now(new_key=MAKERS[kind])
    leaf = pki.issue()
    assert type(leaf.key) is type(key_of(kind))
    assert _verified(pki, leaf).status is OCSPCertStatus.GOOD


def test_a_leaf_has_the_given_values() -> None:
    """The key, the serial number, the validity and the extensions."""
    pki = _pki_at_now()
    leaf = pki.issue(
        "shop.test",
        key=key_of("ed25519"),
        serial_number=0x1234,
        not_before=NOW - 2 * HOUR,
        not_after=NOW - HOUR,
        extensions=[x509.OCSPNoCheck()],
    )
    certificate = leaf.certificate
    assert certificate.public_key() == key_of("ed25519").public_key()
    assert leaf.serial_number == certificate.serial_number == 0x1234
    assert certificate.not_valid_before_utc == NOW - 2 * HOUR
    assert certificate.not_valid_after_utc == NOW - HOUR
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert names.value.get_values_for_type(x509.DNSName) == ["shop.test"]
    assert certificate.extensions.get_extension_for_class(x509.OCSPNoCheck)
    assert (
        load_pem_private_key(leaf.key_pem, None).public_key() == leaf.key.public_key()
    )


def _urls(identity: Identity, method: x509.ObjectIdentifier) -> list[str]:
    try:
        access = identity.certificate.extensions.get_extension_for_class(
            x509.AuthorityInformationAccess
        ).value
    except x509.ExtensionNotFound:
        return []
    return [
        each.access_location.value for each in access if each.access_method == method
    ]


def test_certificates_have_the_given_urls() -> None:
    """The responder by default; the issuer and the CRL on request."""
    pki = _pki_at_now()
    method = AuthorityInformationAccessOID.OCSP
    assert _urls(pki.issue(), method) == []
    pki.url = URL
    assert _urls(pki.issue(), method) == [URL]
    assert _urls(pki.issue(ocsp_urls=()), method) == []
    assert _urls(pki.issue(ocsp_urls=["http://a/", "http://b/"]), method) == [
        "http://a/",
        "http://b/",
    ]
    leaf = pki.issue(crl_urls=[pki.crl_url], ca_issuers_urls=[pki.ca_issuers_url])
    assert _urls(leaf, AuthorityInformationAccessOID.CA_ISSUERS) == [URL + "ca/0.cer"]
    points = leaf.certificate.extensions.get_extension_for_class(
        x509.CRLDistributionPoints
    ).value
    assert [each.full_name[0].value for each in points] == [URL + "crl/0.crl"]


def test_a_certificate_may_have_must_staple_or_no_rev_avail() -> None:
    """RFC 7633; RFC 9608, with which a certificate has no responder."""
    pki = _pki_at_now()
    pki.url = URL
    assert must_staple(pki.issue(must_staple=True).certificate)
    assert not must_staple(pki.issue().certificate)
    without = pki.issue(no_rev_avail=True)
    assert without.certificate.extensions.get_extension_for_oid(
        x509.ObjectIdentifier("2.5.29.56")
    )
    assert _urls(without, AuthorityInformationAccessOID.OCSP) == []


def test_urls_are_an_error_without_a_responder() -> None:
    """A clear error instead of a certificate with an unusable URL."""
    pki = _pki_at_now()
    with pytest.raises(ocsp.ConfigError, match="url: is not set"):
        _ = pki.crl_url
    with pytest.raises(ocsp.ConfigError, match="url: is not set"):
        _ = pki.ca_issuers_url


@pytest.mark.programs
def test_a_crl_lists_revoked_certificates_and_openssl_accepts_it(
    tmp_path: Path,
) -> None:
    """It lists no certificate that is good, unknown, or of another CA."""
    pki = PKI()
    elsewhere = pki.issue(status=OCSPCertStatus.REVOKED)
    pki.add_intermediate()
    stolen = pki.issue(status=OCSPCertStatus.REVOKED, reason=STOLEN)
    plain = pki.issue(status=OCSPCertStatus.REVOKED)
    pki.issue(status=OCSPCertStatus.UNKNOWN)
    good = pki.issue()
    crl = pki.crl(number=7)
    assert crl.is_signature_valid(pki.issuer.public_key())
    assert {each.serial_number for each in crl} == {
        stolen.serial_number,
        plain.serial_number,
    }
    entry = crl.get_revoked_certificate_by_serial_number(stolen.serial_number)
    assert entry is not None
    assert entry.extensions.get_extension_for_class(
        x509.CRLReason
    ).value.reason.name == ("key_compromise")
    number = crl.extensions.get_extension_for_oid(ExtensionOID.CRL_NUMBER).value
    assert number == x509.CRLNumber(7)
    assert [each.serial_number for each in pki.crl(pki.cas[0])] == [
        elsewhere.serial_number
    ]
    bundle = tmp_path / "bundle"
    bundle.write_bytes(
        pki.root.public_bytes(Encoding.PEM)
        + pki.issuer.public_bytes(Encoding.PEM)
        + crl.public_bytes(Encoding.PEM)
    )
    for identity, verdict in ((good, ": OK"), (stolen, "certificate revoked")):
        file = tmp_path / "cert"
        file.write_bytes(identity.certificate_pem)
        done = subprocess.run(
            ["openssl", "verify", "-crl_check", "-CAfile", bundle, file],
            capture_output=True,
            text=True,
            check=False,
        )
        assert verdict in done.stdout + done.stderr


def test_a_crl_has_the_given_times() -> None:
    """So a test can have an expired CRL."""
    crl = _pki_at_now().crl(this_update=NOW - 9 * HOUR, next_update=NOW - 8 * HOUR)
    assert (crl.last_update_utc, crl.next_update_utc) == (
        NOW - 9 * HOUR,
        NOW - 8 * HOUR,
    )


def test_certificates_and_answers_use_the_clock_of_the_pki() -> None:
    """Moving the clock changes both."""
    moment = NOW
    pki = PKI(clock=lambda: moment)
    leaf = pki.issue()
    assert _verified(pki, leaf).at == NOW
    moment += HOUR
    assert _verified(pki, leaf).at == NOW + HOUR
    moment = leaf.certificate.not_valid_after_utc + HOUR
    assert (
        _status(pki, leaf) is OCSPResponseStatus.TRY_LATER
    )  # its delegate has expired
