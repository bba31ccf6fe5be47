"""Chains: what is reported of each certificate, and of all of them."""

from __future__ import annotations

import dataclasses

import pytest
from cryptography import x509
from cryptography.utils import CryptographyDeprecationWarning

import ocsp
from ocsp.asn1.der import encode, encode_oid
from ocsp.errors import (
    CertificateRevoked,
    CertificateStatusUnknown,
    ResponseExpired,
    RevocationUndetermined,
    RevokedButStale,
)
from ocsp.verification import ChainOutcome
from tests.cases.builder import CA, CA_USAGE, DAY, SIGNS, Builder, Identity
from tests.cases.model import NOW

BUILD = Builder()
SUB = BUILD.certificate("Sub CA", key="sub-ca", serial=7, extensions=(CA, CA_USAGE))
LEAF = BUILD.certificate("leaf.example", issuer=SUB)
STALE = {"this_update": NOW - 2 * DAY, "next_update": NOW - DAY}


def _about_leaf(status: bytes = b"\x80\x00", **changes: object) -> bytes:
    cert_id = BUILD.cert_id(LEAF, SUB)
    return BUILD.response(by=SUB, certs=(), cert_id=cert_id, status=status, **changes)  # type: ignore[arg-type]


def _about_sub(status: bytes = b"\x80\x00", **changes: object) -> bytes:
    return BUILD.response(cert_id=BUILD.cert_id(SUB), status=status, **changes)  # type: ignore[arg-type]


def _load(*identities: Identity) -> list[x509.Certificate]:
    return [x509.load_der_x509_certificate(each.der) for each in identities]


def _report(
    first: bytes | None, second: bytes | None, **more: object
) -> ocsp.ChainReport:
    chain = _load(LEAF, SUB, BUILD.ca)
    return ocsp.verify_chain(chain, [first, second], **{"at": NOW, **more})  # type: ignore[arg-type]


def test_a_chain_that_is_good_is_returned() -> None:
    """``require_good`` can stand in a chain of calls; a certificate has its evidence."""
    report = _report(_about_leaf(), _about_sub())
    assert report.require_good() is report
    assert [each.certificate for each in report.certificates] == _load(LEAF, SUB)
    for each in report.certificates:
        assert each.outcome is ChainOutcome.VERIFIED
        assert each.evidence is not None
        assert each.evidence.is_about(each.certificate, each.evidence.responder)
        assert each.failures == ()


def test_a_status_that_is_not_needed_is_good() -> None:
    """There is nothing to be known of it."""
    report = ocsp.verify_chain(_load(BUILD.responder, BUILD.ca), [None], at=NOW)
    (only,) = report.certificates
    assert only.outcome is ChainOutcome.NOT_NEEDED
    assert (only.evidence, only.failures) == (None, ())
    assert report.require_good() is report


def test_one_that_is_revoked_is_an_error() -> None:
    """Wherever it stands, and though another has no evidence."""
    with pytest.raises(CertificateRevoked):
        _report(_about_leaf(BUILD.revoked()), _about_sub()).require_good()
    with pytest.raises(CertificateRevoked):
        _report(None, _about_sub(BUILD.revoked())).require_good()
    with pytest.raises(CertificateStatusUnknown):
        _report(_about_leaf(BUILD.UNKNOWN), _about_sub()).require_good()


def test_one_without_evidence_is_an_error() -> None:
    """Of the class of the first failure, with all of them."""
    report = _report(_about_leaf(**STALE), None)
    for each in report.certificates:
        assert each.outcome is ChainOutcome.NOT_VERIFIED
        assert each.evidence is None
    with pytest.raises(ResponseExpired) as raised:
        report.require_good()
    assert [failure.rule for failure in raised.value.failures] == ["V19", "V27"]
    with pytest.raises(RevocationUndetermined):
        _report(None, _about_sub()).require_good()


def test_what_says_most_comes_first() -> None:
    """Of all certificates of the chain, as of one."""
    stale = _about_sub(BUILD.revoked(), **STALE)
    with pytest.raises(RevokedButStale) as raised:
        _report(None, stale).require_good()
    assert [failure.rule for failure in raised.value.failures] == ["V20", "V27", "V19"]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"policy": None}, "policy must be a Policy"),
        ({"chain": [*_load(LEAF), b"x"]}, "issuer must be a Certificate"),
        ({"at": NOW.replace(tzinfo=None)}, "at must be aware"),
    ],
)
def test_arguments_are_checked_without_a_response(
    arguments: dict[str, object], word: str
) -> None:
    """Before anything is judged."""
    given = {"chain": _load(LEAF, SUB), "responses": [None], "at": NOW, **arguments}
    with pytest.raises(TypeError, match=word):
        ocsp.verify_chain(**given)  # type: ignore[arg-type]


def test_configured_responders_and_policy_are_for_all() -> None:
    """As for a single response."""
    other = BUILD.certificate(
        "Local Responder", key="responder-2", issuer=None, extensions=(SIGNS,)
    )
    data = BUILD.response(by=other, cert_id=BUILD.cert_id(LEAF, SUB), certs=())
    configured = _load(other)
    assert _report(data, _about_sub(), responders=iter(configured)).require_good()
    (first, _) = _report(data, _about_sub()).certificates
    assert first.outcome is ChainOutcome.NOT_VERIFIED
    endless = _about_leaf(next_update=None)
    assert _report(endless, _about_sub()).require_good()
    (first, _) = _report(
        endless, _about_sub(), policy=ocsp.Policy.rfc9919()
    ).certificates
    assert [failure.rule for failure in first.failures] == ["V19"]


@pytest.mark.parametrize(
    ("chain", "responses", "needed"),
    [
        ([], [], "0 certificates take 1 responses, not 0"),
        ([LEAF], [], "1 certificates take 1 responses, not 0"),
        ([LEAF], [None], "1 certificates take 1 responses, not 1"),
        ([LEAF, SUB, BUILD.ca], [None], "3 certificates take 2 responses, not 1"),
        ([LEAF, SUB], [None, None], "2 certificates take 1 responses, not 2"),
    ],
)
def test_numbers_have_to_go_together(
    chain: list[Identity], responses: list[bytes | None], needed: str
) -> None:
    """A chain has an issuer at least, and a response for each of the others."""
    with pytest.raises(ValueError, match=needed):
        ocsp.verify_chain(_load(*chain), responses, at=NOW)


def test_reports_stay_what_they_are() -> None:
    """Nothing of them can be changed or added, and values go by name."""
    report = _report(_about_leaf(), _about_sub())
    for each, name in ((report, "certificates"), (report.certificates[0], "outcome")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(each, name, None)
        assert not hasattr(each, "__dict__")
        with pytest.raises(TypeError, match="takes 1 positional argument"):
            type(each)(())  # type: ignore[misc]


def test_what_is_missing_is_told_of_any_certificate() -> None:
    """By number and name, whatever they are."""
    bad = encode(0x30, encode_oid("2.5.4.3"), encode(0x0C, b"\xff\xfe"))
    odd = BUILD.certificate(encode(0x30, encode(0x31, bad)), serial=b"\xff")
    with pytest.warns(CryptographyDeprecationWarning):
        chain = _load(odd, BUILD.ca)
    (only,) = ocsp.verify_chain(chain, [None], at=NOW).certificates
    assert only.failures[0].values == (("serial_number", -1),)
    assert "a name that cannot be read" in only.failures[0].message
