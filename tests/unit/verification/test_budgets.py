"""The limits on the cost of one verification: each one met and exceeded."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

import ocsp
from ocsp import limits
from ocsp.asn1.bounded_cache import ENTRY_BYTES
from ocsp.asn1.certificates import certificate_size
from ocsp.errors import VerificationError
from ocsp.verification import AuthorizedBy
from ocsp.verification.judging import judge
from ocsp.verification.rules import delegate, signer
from tests.cases.builder import Builder, Identity
from tests.cases.model import NOW

BUILD = Builder()


@pytest.fixture(autouse=True, params=["rules only", "with fast path"])
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run every test with and without the fast path: the limits are the same."""
    if request.param == "rules only":
        monkeypatch.setattr(judge, "fast_judgement", lambda _: None)


def _load(identity: Identity) -> x509.Certificate:
    return x509.load_der_x509_certificate(identity.der)


def _verify(
    data: bytes | ocsp.OCSPResponse,
    cert: Identity = BUILD.leaf,
    issuer: Identity = BUILD.ca,
) -> ocsp.VerifiedResponse:
    return ocsp.verify(data, _load(cert), _load(issuer), at=NOW)


def _refused(data: bytes | ocsp.OCSPResponse, rule: str, word: str) -> None:
    """Require that the first failure is of *rule* and has *word* in its message."""
    with pytest.raises(VerificationError) as raised:
        _verify(data)
    first = raised.value.failures[0]
    assert first.rule == rule
    assert word in first.message


def _decoys(count: int) -> bytes:
    """Return a good response with *count* decoys before the signer's certificate."""
    by = BUILD.responder
    decoys = (BUILD.delegate(key="mallory", serial=2 + n).der for n in range(count))
    return BUILD.response(
        by=by, responder_id=BUILD.by_name(by.subject), certs=(*decoys, by.der)
    )


def test_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The size is checked before decoding, or afterwards for a loaded response."""
    data = BUILD.response()
    monkeypatch.setattr(limits, "MAX_VERIFIED_BYTES", len(data))
    _verify(data)
    loaded = ocsp.load_der_ocsp_response(data)
    monkeypatch.setattr(limits, "MAX_VERIFIED_BYTES", len(data) - 1)
    for each in (data, loaded):
        _refused(
            each,
            "V2",
            f"the response is too large: {len(data)} exceeds the limit "
            f"MAX_VERIFIED_BYTES = {len(data) - 1}",
        )


def test_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    """A response with more entries than the limit is rejected."""
    other = BUILD.entry(cert_id=BUILD.cert_id(serial=b"\x05"))
    data = BUILD.response(BUILD.entry(), other)
    monkeypatch.setattr(limits, "MAX_VERIFIED_ENTRIES", 2)
    _verify(data)
    monkeypatch.setattr(limits, "MAX_VERIFIED_ENTRIES", 1)
    words = "the response is too large: 2 exceeds the limit"
    _refused(data, "V2", f"{words} MAX_VERIFIED_ENTRIES = 1")


def test_entries_beyond_the_limit_are_not_examined(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A response may have thousands; the one for the certificate is not found."""
    monkeypatch.setattr(limits, "MAX_VERIFIED_ENTRIES", 1)
    other = BUILD.entry(cert_id=BUILD.cert_id(serial=b"\x05"))
    for entries, rules in (
        ((BUILD.entry(), other), ["V2"]),
        ((other, BUILD.entry()), ["V2", "V7"]),
    ):
        with pytest.raises(VerificationError) as raised:
            _verify(BUILD.response(*entries))
        assert [each.rule for each in raised.value.failures] == rules


def test_limits_of_the_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """A response that exceeds a limit of the decoder is too large, not malformed."""
    monkeypatch.setattr(limits, "MAX_ENTRIES", 1)
    data = BUILD.response(BUILD.entry(), BUILD.entry())
    _refused(data, "V2", "the response is too large: ")
    _refused(data, "V2", "2 exceeds the limit MAX_ENTRIES = 1")
    _refused(data + b"\0", "V2", "the response is malformed: ")


def test_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Certificates beyond the limit are ignored."""
    by = BUILD.responder
    data = BUILD.response(by=by, certs=(BUILD.leaf.der, by.der))
    monkeypatch.setattr(limits, "MAX_VERIFIED_CERTIFICATES", 2)
    _verify(data)
    monkeypatch.setattr(limits, "MAX_VERIFIED_CERTIFICATES", 1)
    _refused(data, "V12", "the certificate of the responder")


def test_signatures(monkeypatch: pytest.MonkeyPatch) -> None:
    """A delegate costs two: the signature of its certificate, and of the response."""
    data = _decoys(1)
    monkeypatch.setattr(limits, "MAX_SIGNATURES_CHECKED", 4)
    _verify(data)
    monkeypatch.setattr(limits, "MAX_SIGNATURES_CHECKED", 3)
    with pytest.raises(VerificationError, match="MAX_SIGNATURES_CHECKED = 3"):
        _verify(data)
    monkeypatch.setattr(limits, "MAX_SIGNATURES_CHECKED", 0)
    with pytest.raises(VerificationError, match="MAX_SIGNATURES_CHECKED = 0"):
        _verify(BUILD.response())


@pytest.mark.parametrize("signer_is_named", [True, False])
def test_decoys_cannot_exceed_the_signature_limit(
    monkeypatch: pytest.MonkeyPatch, signer_is_named: bool
) -> None:
    """Decoys cost two checks each, so half of the limit is spent on the response."""
    data = _decoys(15)
    if not signer_is_named:
        decoys = [BUILD.delegate(key="mallory", serial=2 + n).der for n in range(15)]
        absent = BUILD.by_key(BUILD.certificate("absent", key="p384"))
        data = BUILD.response(responder_id=absent, signed_by="leaf", certs=decoys)
    checked = 0
    check = signer.check_signature

    def count(*arguments: object, **options: object) -> None:
        nonlocal checked
        checked += 1
        check(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(signer, "check_signature", count)
    with pytest.raises(VerificationError):
        _verify(data)
    assert checked == limits.MAX_SIGNATURES_CHECKED // 2


def test_candidates_and_certificates_share_one_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Those of the caller come first; each certificate is tried once."""
    by, other = BUILD.responder, BUILD.delegate(serial=9, key="mallory")
    response = BUILD.response(
        by=by, responder_id=BUILD.by_name(by.subject), certs=(other.der,) * 3
    )
    leaf, ca = _load(BUILD.leaf), _load(BUILD.ca)
    given = [_load(other), _load(other), _load(by)]
    monkeypatch.setattr(limits, "MAX_SIGNATURES_CHECKED", 5)  # the issuer is not named
    monkeypatch.setattr(limits, "MAX_VERIFIED_CERTIFICATES", 3)
    ocsp.verify(response, leaf, ca, at=NOW, candidates=given)
    monkeypatch.setattr(limits, "MAX_VERIFIED_CERTIFICATES", 2)
    with pytest.raises(VerificationError):
        ocsp.verify(response, leaf, ca, at=NOW, candidates=given)


def test_issuer_and_configured_responders_cost_one_signature(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The signatures of their certificates are not checked."""
    monkeypatch.setattr(limits, "MAX_SIGNATURES_CHECKED", 1)
    _verify(BUILD.response())
    by = BUILD.responder
    evidence = ocsp.verify(
        BUILD.response(by=by),
        _load(BUILD.leaf),
        _load(BUILD.ca),
        at=NOW,
        responders=[_load(by)],
    )
    assert evidence.authorized_by is AuthorizedBy.CONFIGURED
    with pytest.raises(VerificationError) as raised:
        _verify(BUILD.response(signed_by="mallory"))
    assert [failure.rule for failure in raised.value.failures] == ["V10"]


def test_key_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    """No signature is checked with a key that is too large, because that is slow."""
    ca = BUILD.authority(key="rsa-2048", scheme="rsa-sha256")
    leaf = BUILD.certificate("leaf.example", issuer=ca)
    data = BUILD.response(by=ca, cert_id=BUILD.cert_id(leaf, ca), certs=())
    monkeypatch.setattr(limits, "MAX_KEY_BITS", 2048)
    _verify(data, leaf, ca)
    monkeypatch.setattr(limits, "MAX_KEY_BITS", 2047)
    with pytest.raises(VerificationError) as raised:
        _verify(data, leaf, ca)
    assert [each.rule for each in raised.value.failures] == ["V6", "V10"]
    assert "2048 bits" in raised.value.failures[0].message
    assert "2048 bits; at most 2047 are accepted" in raised.value.failures[1].message


def test_exponent_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each bit of the exponent is a step of checking the signature."""
    ca = BUILD.authority(key="rsa-2048", scheme="rsa-sha256")
    leaf = BUILD.certificate("leaf.example", issuer=ca)
    data = BUILD.response(by=ca, cert_id=BUILD.cert_id(leaf, ca), certs=())
    monkeypatch.setattr(limits, "MAX_EXPONENT_BITS", 17)
    _verify(data, leaf, ca)
    monkeypatch.setattr(limits, "MAX_EXPONENT_BITS", 16)
    with pytest.raises(VerificationError) as raised:
        _verify(data, leaf, ca)
    assert [each.rule for each in raised.value.failures] == ["V6", "V10"]
    for failure in raised.value.failures:
        assert "exponent of 17 bits; at most 16 are accepted" in failure.message


def test_key_limit_of_rsa_does_not_apply_to_curves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Checking is fast for every known curve."""
    assert ec.SECP521R1().key_size > 255
    monkeypatch.setattr(limits, "MAX_KEY_BITS", 255)
    assert _verify(BUILD.response()).status is ocsp.OCSPCertStatus.GOOD


def test_cache_of_delegates_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """In octets; both certificates are counted twice, for what they take in memory."""
    delegate._checked.clear()
    _verify(BUILD.response(by=BUILD.responder))
    ((certificate, issuer, _),) = delegate._checked.values()
    size = certificate_size(certificate) + certificate_size(issuer)
    octets = 2 * size + ENTRY_BYTES
    assert delegate._checked.octets == octets
    monkeypatch.setattr(limits, "MAX_CACHE_BYTES", octets - 1)
    _verify(BUILD.response(by=BUILD.responder))
    assert not delegate._checked
