"""Chains: the report for each certificate, and for the whole chain."""

from __future__ import annotations

import dataclasses

import pytest
from cryptography import x509
from cryptography.utils import CryptographyDeprecationWarning

import ocsp
from ocsp.asn1.der import NULL_DER, encode, encode_oid
from ocsp.errors import (
    CertificateRevoked,
    CertificateStatusUnknown,
    ResponseExpired,
    RevocationUndetermined,
    RevokedButStale,
)
from ocsp.verification import ChainOutcome
from ocsp.verification.chain import needs_no_status
from tests.cases.builder import (
    CA,
    CA_USAGE,
    DAY,
    OCSP_SIGNING,
    SIGNS,
    Builder,
    Identity,
    extension,
)
from tests.cases.model import NOW

BUILD = Builder()
SUB = BUILD.certificate("Sub CA", key="sub-ca", serial=7, extensions=(CA, CA_USAGE))
LEAF = BUILD.certificate("leaf.example", issuer=SUB)
NO_CHECK = "1.3.6.1.5.5.7.48.1.5"
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


def test_require_good_returns_the_report() -> None:
    """So calls can be chained. Each certificate has its own evidence."""
    report = _report(_about_leaf(), _about_sub())
    assert report.require_good() is report
    assert [each.certificate for each in report.certificates] == _load(LEAF, SUB)
    for each in report.certificates:
        assert each.outcome is ChainOutcome.VERIFIED
        assert each.evidence is not None
        assert each.evidence.is_about(each.certificate, each.evidence.responder)
        assert each.failures == ()


def test_certificate_that_needs_no_status_passes() -> None:
    """It has neither evidence nor failures."""
    report = ocsp.verify_chain(_load(BUILD.responder, BUILD.ca), [None], at=NOW)
    (only,) = report.certificates
    assert only.outcome is ChainOutcome.NOT_NEEDED
    assert (only.evidence, only.failures) == (None, ())
    assert report.require_good() is report


@pytest.mark.parametrize(
    "nocheck",
    [
        (extension(NO_CHECK, b"\x04\x00"),),
        (extension(NO_CHECK, NULL_DER), extension(NO_CHECK, NULL_DER)),
    ],
)
def test_nocheck_that_states_nothing_leaves_the_need_for_a_status(
    nocheck: tuple[bytes, ...],
) -> None:
    """One with another value than NULL, and one that occurs twice."""
    (fine, odd) = _load(
        BUILD.responder, BUILD.delegate(extensions=(SIGNS, OCSP_SIGNING, *nocheck))
    )
    assert needs_no_status(fine)
    assert not needs_no_status(odd)


def test_most_certificates_are_not_read_to_see_that_they_need_a_status(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Reading the extensions takes much of the time of a check."""
    monkeypatch.setattr(ocsp.verification.chain, "facts_of", None)
    (leaf,) = _load(LEAF)
    assert not needs_no_status(leaf)


def test_require_good_raises_for_a_revoked_certificate() -> None:
    """At any place in the chain, also if another certificate has no evidence."""
    with pytest.raises(CertificateRevoked):
        _report(_about_leaf(BUILD.revoked()), _about_sub()).require_good()
    with pytest.raises(CertificateRevoked):
        _report(None, _about_sub(BUILD.revoked())).require_good()
    with pytest.raises(CertificateStatusUnknown):
        _report(_about_leaf(BUILD.UNKNOWN), _about_sub()).require_good()


def test_require_good_raises_for_a_certificate_without_evidence() -> None:
    """The error has the class of the first failure, and all failures."""
    report = _report(_about_leaf(**STALE), None)
    for each in report.certificates:
        assert each.outcome is ChainOutcome.NOT_VERIFIED
        assert each.evidence is None
    with pytest.raises(ResponseExpired) as raised:
        report.require_good()
    assert [failure.rule for failure in raised.value.failures] == ["V19", "V27"]
    with pytest.raises(RevocationUndetermined):
        _report(None, _about_sub()).require_good()


def test_the_most_specific_failure_comes_first() -> None:
    """Among the failures of all certificates of the chain."""
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
    """A wrong argument is an error even if there is no response to verify."""
    given = {"chain": _load(LEAF, SUB), "responses": [None], "at": NOW, **arguments}
    with pytest.raises(TypeError, match=word):
        ocsp.verify_chain(**given)  # type: ignore[arg-type]


def test_candidates_apply_to_every_response() -> None:
    """As in ``verify``."""
    by = BUILD.delegate(issuer=SUB)
    data = BUILD.response(by=by, cert_id=BUILD.cert_id(LEAF, SUB), certs=())
    (candidate,) = _load(by)
    report = _report(data, _about_sub(), candidates=iter([candidate]))
    assert report.require_good()
    (first, _) = _report(data, _about_sub()).certificates
    assert first.outcome is ChainOutcome.NOT_VERIFIED


def test_configured_responders_and_policy_apply_to_every_response() -> None:
    """As in ``verify``."""
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
        ([], [], "needs at least two certificates, not 0"),
        ([LEAF], [], "needs at least two certificates, not 1"),
        ([LEAF], [None], "needs at least two certificates, not 1"),
        (
            [LEAF, SUB, BUILD.ca],
            [None],
            "chain of 3 certificates needs 2 responses, not 1; pass None",
        ),
        (
            [LEAF, SUB],
            [None, None],
            "chain of 2 certificates needs 1 responses, not 2; pass None",
        ),
    ],
)
def test_chain_and_responses_need_matching_lengths(
    chain: list[Identity], responses: list[bytes | None], needed: str
) -> None:
    """A chain has at least two certificates, and a response for all but the last."""
    with pytest.raises(ValueError, match=needed):
        ocsp.verify_chain(_load(*chain), responses, at=NOW)


def test_reports_are_immutable() -> None:
    """Attributes cannot be changed or added, and arguments are keyword-only."""
    report = _report(_about_leaf(), _about_sub())
    for each, name in ((report, "certificates"), (report.certificates[0], "outcome")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(each, name, None)
        assert not hasattr(each, "__dict__")
        with pytest.raises(TypeError, match="takes 1 positional argument"):
            type(each)(())  # type: ignore[misc]


def test_missing_response_for_a_certificate_with_an_undecodable_name() -> None:
    """The failure has the serial number and a text instead of the name."""
    bad = encode(0x30, encode_oid("2.5.4.3"), encode(0x0C, b"\xff\xfe"))
    odd = BUILD.certificate(encode(0x30, encode(0x31, bad)), serial=b"\xff")
    with pytest.warns(CryptographyDeprecationWarning):
        chain = _load(odd, BUILD.ca)
    (only,) = ocsp.verify_chain(chain, [None], at=NOW).certificates
    assert only.failures[0].values == (("serial_number", -1),)
    assert "'CN=\xff\xfe'" in only.failures[0].message
