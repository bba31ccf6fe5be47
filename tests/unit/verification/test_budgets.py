"""What one verification may cost: each budget lowered, met and exceeded."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

import ocsp
from ocsp import limits
from ocsp.errors import VerificationError
from ocsp.verification import AuthorizedBy
from ocsp.verification.judging import judge
from ocsp.verification.rules import delegate, signer
from tests.cases.builder import Builder, Identity
from tests.cases.model import NOW

BUILD = Builder()


@pytest.fixture(autouse=True, params=["rules alone", "ordinary ones without"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Judge in both ways: budgets are the same."""
    if request.param == "rules alone":
        monkeypatch.setattr(judge, "ordinary", lambda _: None)


def _load(identity: Identity) -> x509.Certificate:
    return x509.load_der_x509_certificate(identity.der)


def _verify(
    data: bytes | ocsp.OCSPResponse,
    cert: Identity = BUILD.leaf,
    issuer: Identity = BUILD.ca,
) -> ocsp.VerifiedResponse:
    return ocsp.verify(data, _load(cert), _load(issuer), at=NOW)


def _refused(data: bytes | ocsp.OCSPResponse, rule: str, word: str) -> None:
    """Require that the first failure is of *rule*, and says this."""
    with pytest.raises(VerificationError) as raised:
        _verify(data)
    first = raised.value.failures[0]
    assert first.rule == rule
    assert word in first.message


def _decoys(count: int) -> bytes:
    """Return a good response that so many certificates could have signed."""
    by = BUILD.responder
    decoys = (BUILD.delegate(key="mallory", serial=2 + n).der for n in range(count))
    return BUILD.response(
        by=by, responder_id=BUILD.by_name(by.subject), certs=(*decoys, by.der)
    )


def test_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message is measured before it is read, or as it was read."""
    data = BUILD.response()
    monkeypatch.setattr(limits, "MAX_VERIFIED_BYTES", len(data))
    _verify(data)
    loaded = ocsp.load_der_ocsp_response(data)
    monkeypatch.setattr(limits, "MAX_VERIFIED_BYTES", len(data) - 1)
    for each in (data, loaded):
        _refused(
            each,
            "V2",
            f"the response is larger than what is verified: {len(data)} exceeds the "
            f"limit MAX_VERIFIED_BYTES = {len(data) - 1}",
        )


def test_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as that are looked through."""
    other = BUILD.entry(cert_id=BUILD.cert_id(serial=b"\x05"))
    data = BUILD.response(BUILD.entry(), other)
    monkeypatch.setattr(limits, "MAX_VERIFIED_ENTRIES", 2)
    _verify(data)
    monkeypatch.setattr(limits, "MAX_VERIFIED_ENTRIES", 1)
    words = "the response is larger than what is verified: 2 exceeds the limit"
    _refused(data, "V2", f"{words} MAX_VERIFIED_ENTRIES = 1")


def test_limits_of_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the reader does not take is no more malformed, and its place is named."""
    monkeypatch.setattr(limits, "MAX_ENTRIES", 1)
    data = BUILD.response(BUILD.entry(), BUILD.entry())
    _refused(data, "V2", "the response is larger than what is verified: ")
    _refused(data, "V2", "2 exceeds the limit MAX_ENTRIES = 1")
    _refused(data + b"\0", "V2", "the response is malformed: ")


def test_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those beyond are not looked at, whoever they are."""
    by = BUILD.responder
    data = BUILD.response(by=by, certs=(BUILD.leaf.der, by.der))
    monkeypatch.setattr(limits, "MAX_VERIFIED_CERTIFICATES", 2)
    _verify(data)
    monkeypatch.setattr(limits, "MAX_VERIFIED_CERTIFICATES", 1)
    _refused(data, "V12", "no certificate of the responder")


def test_signatures(monkeypatch: pytest.MonkeyPatch) -> None:
    """A candidate that came along takes two: that on its certificate, and its own."""
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
def test_signatures_are_counted_whoever_sends_them(
    monkeypatch: pytest.MonkeyPatch, signer_is_named: bool
) -> None:
    """Sixteen decoys: no more signatures of the response are checked than that."""
    data = _decoys(15)
    if not signer_is_named:
        decoys = [BUILD.delegate(key="mallory", serial=2 + n).der for n in range(15)]
        nobody = BUILD.by_key(BUILD.certificate("nobody", key="p384"))
        data = BUILD.response(responder_id=nobody, signed_by="leaf", certs=decoys)
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


def test_issuer_and_configured_responders_take_one_signature(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Their certificates are not checked; and who is afforded is not too many."""
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
    """With a key that is too large nothing is checked, since that takes long."""
    ca = BUILD.authority(key="rsa-2048", scheme="rsa-sha256")
    leaf = BUILD.certificate("leaf.example", issuer=ca)
    data = BUILD.response(by=ca, cert_id=BUILD.cert_id(leaf, ca), certs=())
    monkeypatch.setattr(limits, "MAX_KEY_BITS", 2048)
    _verify(data, leaf, ca)
    monkeypatch.setattr(limits, "MAX_KEY_BITS", 2047)
    keys: list[object] = []
    check = signer.check_signature

    def note(key: object, *arguments: object, **options: object) -> None:
        keys.append(key)
        check(key, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(signer, "check_signature", note)
    with pytest.raises(VerificationError) as raised:
        _verify(data, leaf, ca)
    assert raised.value.failures[0].rule == "V6"
    assert "2048 bits" in raised.value.failures[0].message
    assert keys == [None]


def test_curves_are_not_measured_by_the_limit_of_rsa(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Their keys are short, and all curves that there are can be afforded."""
    assert ec.SECP521R1().key_size > 255
    monkeypatch.setattr(limits, "MAX_KEY_BITS", 255)
    assert _verify(BUILD.response()).status is ocsp.OCSPCertStatus.GOOD


def test_delegates_that_are_remembered() -> None:
    """As many as that, and no more."""
    kept = delegate._fault.cache_parameters()["maxsize"]
    assert kept == delegate.MAX_REMEMBERED == 256
