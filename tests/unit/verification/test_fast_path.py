"""The fast path: which responses it decides, to the second and to the bit."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

import ocsp
from ocsp import limits
from ocsp.errors import VerificationError
from ocsp.messages.certid import CertID
from ocsp.signing.signatures import SignatureCheck
from ocsp.verification import (
    CertIDHashes,
    DelegateRevocation,
    Policy,
    SignatureHashes,
)
from ocsp.verification.case import Case
from ocsp.verification.evidence import AuthorizedBy
from ocsp.verification.judging import fast_path, judge
from tests.cases.builder import (
    CA,
    CA_USAGE,
    DAY,
    HOUR,
    OCSP_SIGNING,
    SECOND,
    SIGNS,
    Builder,
    Identity,
    extension,
    usage,
)
from tests.cases.keys import pss_key_info
from tests.cases.model import NOW

BUILD = Builder()
STRICT = Policy()


def _load(identity: Identity) -> x509.Certificate:
    return x509.load_der_x509_certificate(identity.der)


def _case(
    data: bytes,
    *,
    cert: Identity = BUILD.leaf,
    issuer: Identity = BUILD.ca,
    at: datetime.datetime = NOW,
    policy: Policy = STRICT,
    **changes: Any,
) -> Case:
    defaults: dict[str, Any] = {
        "nonce": None,
        "request": None,
        "responders": (),
        "candidates": (),
        "evidence": (),
    }
    return Case(
        ocsp.load_der_ocsp_response(data),
        changes.pop("named", None) or _load(cert),
        _load(issuer),
        at,
        policy=policy,
        **defaults | changes,
    )


def _is_decided(data: bytes, **changes: Any) -> bool:
    return fast_path.fast_judgement(_case(data, **changes)) is not None


def _policy(**changes: Any) -> Policy:
    return dataclasses.replace(STRICT, **changes)


def test_judgement_equals_that_of_the_rules() -> None:
    """The issuer signed, and there are no warnings."""
    case = _case(BUILD.response())
    found = fast_path.fast_judgement(case)
    assert found is not None
    assert (
        found
        == ocsp.verify(
            BUILD.response(), _load(BUILD.leaf), _load(BUILD.ca), at=NOW
        )._judgement
    )
    assert (found.cert, found.issuer, found.at) == (case.cert, case.issuer, case.at)
    assert (found.response, found.policy) == (case.response, case.policy)
    assert found.entry is case.response._only
    assert found.responder is case.issuer
    assert found.authorized_by is AuthorizedBy.ISSUER
    assert found.nonce_matched is False
    assert found.warnings == ()


def test_rules_do_not_run_after_a_decision(monkeypatch: pytest.MonkeyPatch) -> None:
    """They run only for a response that the fast path does not decide."""
    monkeypatch.setattr(judge, "find_signer", None)
    data, asked = BUILD.response(), (_load(BUILD.leaf), _load(BUILD.ca))
    assert ocsp.verify(data, *asked, at=NOW).status is ocsp.OCSPCertStatus.GOOD
    with pytest.raises(TypeError):
        ocsp.verify(BUILD.response(signed_by="mallory"), *asked, at=NOW)


HASHES = ("sha1", "sha224", "sha256", "sha384", "sha512")


@pytest.mark.parametrize("hashed", HASHES)
@pytest.mark.parametrize("status", [b"\x80\x00", BUILD.UNKNOWN])
def test_status_and_hash_algorithm(status: bytes, hashed: str) -> None:
    """Each status is decided with any hash."""
    cert_id = BUILD.cert_id(hashed=hashed)
    assert _is_decided(BUILD.response(status=status, cert_id=cert_id))
    assert _is_decided(BUILD.response(status=BUILD.revoked(), cert_id=cert_id))


@pytest.mark.parametrize(
    ("since", "reason", "decided"),
    [
        (NOW, None, True),
        (NOW, 10, True),
        (NOW + SECOND, None, False),
        (NOW, 7, False),
        (NOW, 11, False),
    ],
)
def test_the_rules_warn_of_odd_revocations(
    since: datetime.datetime, reason: int | None, decided: bool
) -> None:
    """V23: of those in the future, and of unknown reasons."""
    data = BUILD.response(status=BUILD.revoked(since, reason))
    assert _is_decided(data) is decided


def test_a_delegate_that_is_alone_is_decided() -> None:
    """By its name or its key; the rules try more candidates, and look at evidence."""
    by = BUILD.responder
    assert _is_decided(BUILD.response(by=by))
    assert _is_decided(BUILD.response(by=by, responder_id=BUILD.by_name(by.subject)))
    assert not _is_decided(BUILD.response(by=by, certs=()))
    assert not _is_decided(BUILD.response(by=by, certs=(BUILD.leaf.der, by.der)))
    assert not _is_decided(BUILD.response(by=by), candidates=(_load(by),))
    assert not _is_decided(BUILD.response(by=by), responders=(_load(by),))
    lacking = BUILD.delegate(extensions=(SIGNS, OCSP_SIGNING))
    assert not _is_decided(BUILD.response(by=lacking))
    skipping = _policy(delegate_revocation=DelegateRevocation.UNSAFE_SKIP)
    assert _is_decided(BUILD.response(by=lacking), policy=skipping)
    small = BUILD.authority(key="p224")
    below, leaf = BUILD.delegate(issuer=small), BUILD.certificate("a", issuer=small)
    data = BUILD.response(by=below, cert_id=BUILD.cert_id(leaf, small))
    assert not _is_decided(data, cert=leaf, issuer=small)
    weak = _policy(min_ec_bits=224)
    assert _is_decided(data, cert=leaf, issuer=small, policy=weak)
    requiring = _policy(delegate_revocation=DelegateRevocation.REQUIRE_EVIDENCE)
    assert not _is_decided(BUILD.response(by=by), policy=requiring)


def test_responder_id() -> None:
    """It has to name the issuer, by key or by name."""
    assert _is_decided(BUILD.response(responder_id=BUILD.by_name(BUILD.ca.subject)))
    for other in (
        BUILD.by_name(BUILD.responder.subject),
        BUILD.by_key(BUILD.responder),
    ):
        assert not _is_decided(BUILD.response(responder_id=other))


SOON = NOW + SECOND
ENTRY_TIMES = {
    "this update is now": ({"this_update": NOW, "produced_at": NOW}, True),
    "this update is in the future": ({"this_update": SOON, "produced_at": SOON}, False),
    "signed before this update": ({"produced_at": NOW - HOUR - SECOND}, False),
    "signed now": ({"produced_at": NOW}, True),
    "signed in the future": ({"produced_at": SOON}, False),
    "next update is in the future": ({"next_update": SOON}, True),
    "next update is now": ({"next_update": NOW}, False),
    "no next update": ({"next_update": None}, False),
}


@pytest.mark.parametrize("times", ENTRY_TIMES)
def test_the_times_of_the_response(times: str) -> None:
    """To the second; times within the clock skew are left to the rules."""
    changes, expected = ENTRY_TIMES[times]
    assert _is_decided(BUILD.response(**changes)) is expected


POLICIES = {
    "min_interval met": (_policy(min_interval=DAY), True),
    "min_interval not met": (_policy(min_interval=DAY + SECOND), False),
    "max_interval met": (_policy(max_interval=DAY), True),
    "max_interval exceeded": (_policy(max_interval=DAY - SECOND), False),
    "ca_min_interval met": (_policy(ca_min_interval=DAY), True),
    "ca_min_interval not met": (_policy(ca_min_interval=DAY + SECOND), False),
    "ca_max_interval met": (_policy(ca_max_interval=DAY), True),
    "ca_max_interval exceeded": (_policy(ca_max_interval=DAY - SECOND), False),
    "max_age met": (_policy(max_age=HOUR), True),
    "max_age exceeded": (_policy(max_age=HOUR - SECOND), False),
    "min_ec_bits met": (_policy(min_ec_bits=256), True),
    "min_ec_bits not met": (_policy(min_ec_bits=257), False),
    "SHA-2 only in the CertID": (_policy(cert_id_hashes=CertIDHashes.SHA2), False),
    "webpki": (Policy.webpki(), True),
}


@pytest.mark.parametrize("named", POLICIES)
def test_policy(named: str) -> None:
    """Each limit to the second or to the bit."""
    policy, expected = POLICIES[named]
    assert _is_decided(BUILD.response(), policy=policy) is expected


@pytest.mark.parametrize("seconds", [0, 1])
def test_the_end_of_the_certificate(seconds: int) -> None:
    """A certificate is valid in its last second."""
    leaf = BUILD.certificate("leaf.example", end=NOW - seconds * SECOND)
    assert _is_decided(BUILD.response(), cert=leaf) is (seconds == 0)


@pytest.mark.parametrize("seconds", [0, 1])
def test_the_begin_of_the_certificate(seconds: int) -> None:
    """The response may be signed in the first second of the certificate."""
    begin = NOW - HOUR + seconds * SECOND
    leaf = BUILD.certificate("leaf.example", begin=begin)
    assert _is_decided(BUILD.response(), cert=leaf) is (seconds == 0)


@pytest.mark.parametrize("seconds", [0, 1])
@pytest.mark.parametrize("edge", ["begin", "end"])
def test_the_validity_of_the_issuer(edge: str, seconds: int) -> None:
    """The issuer may sign in the first and in the last second of its validity."""
    away = seconds * SECOND if edge == "begin" else -seconds * SECOND
    issuer = BUILD.authority(**{edge: NOW - HOUR + away})
    assert _is_decided(BUILD.response(), issuer=issuer) is (seconds == 0)


@pytest.mark.parametrize("seconds", [0, 1])
@pytest.mark.parametrize("edge", ["begin", "end"])
def test_the_validity_of_a_delegate(edge: str, seconds: int) -> None:
    """Its certificate is valid in its first and in its last second."""
    away = seconds * SECOND if edge == "begin" else -seconds * SECOND
    by = BUILD.delegate(**{edge: NOW + away})
    produced_at = NOW if edge == "begin" else NOW - HOUR
    data = BUILD.response(by=by, produced_at=produced_at)
    assert _is_decided(data) is (seconds == 0)


LACKING = {
    "no digitalSignature": (CA, usage("key_cert_sign")),
    "a critical extension": (CA, CA_USAGE, extension("1.2.3", b"", critical=True)),
    "the same extension twice": (CA, CA, CA_USAGE),
}


@pytest.mark.parametrize("what", LACKING)
def test_an_issuer_that_may_not_sign(what: str) -> None:
    """It is left to the rules, which report why."""
    issuer = BUILD.authority(extensions=LACKING[what])
    assert not _is_decided(BUILD.response(), issuer=issuer)


@pytest.mark.parametrize("scheme", ["pss-sha256", "rsa-sha256"])
def test_a_key_for_pss_only(scheme: str) -> None:
    """It is left to the rules, because such keys are rare."""
    info = pss_key_info("rsa-2048")
    for key_info, expected in ((info, False), (None, True)):
        ca = BUILD.authority(key="rsa-2048", scheme=scheme, key_info=key_info)
        leaf = BUILD.certificate("leaf.example", issuer=ca)
        data = BUILD.response(by=ca, cert_id=BUILD.cert_id(leaf, ca), certs=())
        assert _is_decided(data, cert=leaf, issuer=ca) is expected


def test_another_certificate() -> None:
    """One with another serial number, issuer name or issuer key is not decided."""
    other = BUILD.certificate("leaf.example", serial=5)
    assert not _is_decided(BUILD.response(), cert=other)
    stranger = BUILD.certificate("leaf.example", issuer=BUILD.authority("Other CA"))
    own_name = BUILD.cert_id(stranger, BUILD.authority("Other CA"))
    assert not _is_decided(BUILD.response(cert_id=own_name), cert=stranger)
    assert not _is_decided(BUILD.response(), issuer=BUILD.authority(key="ca-2"))


def test_what_is_left_to_the_rules() -> None:
    """A nonce, a request, several entries, extensions, or only a CertID."""
    assert not _is_decided(BUILD.response(), nonce=b"n")
    request = ocsp.load_der_ocsp_request(BUILD.request(BUILD.cert_id()))
    assert not _is_decided(BUILD.response(), request=request)
    assert not _is_decided(BUILD.response(BUILD.entry(), BUILD.entry()))
    assert not _is_decided(BUILD.response(extensions=(BUILD.nonce(b"n" * 16),)))
    assert not _is_decided(BUILD.response(BUILD.entry(extensions=(BUILD.nonce(b"n"),))))
    asked = _load(BUILD.leaf), _load(BUILD.ca)
    cert_id = CertID.for_certificate(*asked, hashes.SHA256())
    assert not _is_decided(BUILD.response(), named=cert_id)


@pytest.mark.parametrize("name", ["MAX_VERIFIED_ENTRIES", "MAX_SIGNATURES_CHECKED"])
def test_limits(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The fast path needs one entry and one signature check."""
    monkeypatch.setattr(limits, name, 1)
    assert _is_decided(BUILD.response())
    monkeypatch.setattr(limits, name, 0)
    assert not _is_decided(BUILD.response())


@pytest.mark.parametrize(
    ("name", "needed"),
    [("MAX_SIGNATURES_CHECKED", 2), ("MAX_VERIFIED_CERTIFICATES", 1)],
)
def test_limits_for_a_delegate(
    monkeypatch: pytest.MonkeyPatch, name: str, needed: int
) -> None:
    """Its certificate and the response have a signature each."""
    data = BUILD.response(by=BUILD.responder)
    monkeypatch.setattr(limits, name, needed)
    assert _is_decided(data)
    monkeypatch.setattr(limits, name, needed - 1)
    assert not _is_decided(data)


def test_what_is_kept_of_a_signer_is_for_one_policy_and_one_issuer() -> None:
    """The certificates are the same objects, as in a program that has few CAs."""
    issuer, cert = _load(BUILD.ca), _load(BUILD.leaf)
    twin = _load(BUILD.authority(key="mallory"))
    strict = _policy(min_ec_bits=257)
    own, delegated = BUILD.response(), BUILD.response(by=BUILD.responder)
    for data in (own, delegated, own, delegated):
        ocsp.verify(data, cert, issuer, at=NOW, policy=STRICT)
        for other, policy in ((issuer, strict), (twin, STRICT)):
            with pytest.raises(VerificationError):
                ocsp.verify(data, cert, other, at=NOW, policy=policy)


def test_the_check_of_a_signer_is_for_one_algorithm() -> None:
    """Responses of one issuer with other hashes, in turn, are all decided."""
    issuer = _load(BUILD.ca)
    for scheme in ("ecdsa-sha256", "ecdsa-sha384", "ecdsa-sha256", "ecdsa-sha512"):
        case = _case(BUILD.response(scheme=scheme))
        case.issuer = issuer
        assert fast_path.fast_judgement(case) is not None


def test_what_does_not_depend_on_the_response_is_found_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """For the same issuer and policy; the check of signatures is kept too."""
    issuer = _load(BUILD.ca)
    for data in (BUILD.response(), BUILD.response(next_update=NOW + DAY)):
        case = _case(data)
        case.issuer = issuer
        assert fast_path.fast_judgement(case) is not None
        monkeypatch.setattr(fast_path, "_Signer", None)
        monkeypatch.setattr(fast_path, "SignatureCheck", None)


def test_weak_hashes_are_left_to_the_rules() -> None:
    """Under every policy. The fast path records no error of the signature."""
    data = BUILD.response(scheme="ecdsa-sha1")
    for accepted in SignatureHashes:
        case = _case(data, policy=_policy(signature_hashes=accepted))
        assert fast_path.fast_judgement(case) is None
        assert case.refused is None


def test_no_signature_is_checked_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rules use the result of the fast path for the issuer's key."""
    checked = 0
    require = SignatureCheck.require

    def count(self: SignatureCheck, signature: bytes, data: bytes) -> None:
        nonlocal checked
        checked += 1
        require(self, signature, data)

    monkeypatch.setattr(SignatureCheck, "require", count)
    data = BUILD.response(signed_by="mallory")
    with pytest.raises(VerificationError) as raised:
        ocsp.verify(data, _load(BUILD.leaf), _load(BUILD.ca), at=NOW)
    assert checked == 1
    (failure,) = raised.value.failures
    assert failure.rule == "V10"
    assert failure.message.endswith("the signature is not that of the key")
    assert dict(failure.values) == {"algorithm": "1.2.840.10045.4.3.2"}

    same_name = BUILD.delegate(BUILD.ca.subject)
    data = BUILD.response(by=same_name, responder_id=BUILD.by_name(BUILD.ca.subject))
    checked = 0
    evidence = ocsp.verify(data, _load(BUILD.leaf), _load(BUILD.ca), at=NOW)
    assert evidence.authorized_by is AuthorizedBy.DELEGATE
    assert checked == 3  # the last one is that of the certificate of the delegate
