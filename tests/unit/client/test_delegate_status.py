"""The status of the delegate that signed a response: fetched, remembered, bounded."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID as Access

import ocsp
from ocsp import KeySigner, OCSPCertStatus
from ocsp.client import (
    AddressPolicy,
    CheckStatus,
    DelegateStatus,
    HTTPReply,
    Options,
    Outcome,
    Reason,
    SendNonce,
    Source,
    SQLiteCache,
)
from tests.crls import crl, entry
from tests.pki import DELEGATION, NOW, ca, delegate_signer, key, make
from tests.unit.client.scene import (
    HOUR,
    SERIAL,
    A,
    B,
    C,
    Play,
    asked_for,
    certificate,
    reply,
    response,
)

LIST = "http://d.example/ca.crl"
CA_SIGNER = KeySigner(key("Test CA"), ca())
BROKEN = ocsp.errors.TransportError(B, "connection reset")
REVOKED, UNKNOWN = OCSPCertStatus.REVOKED, OCSPCertStatus.UNKNOWN


def _delegate(
    *urls: str, lists: tuple[str, ...] = (), serial: int = 77, owner: str = "Named"
) -> KeySigner:
    """Return a delegate without nocheck that names these places for its status."""
    extensions: list[x509.ExtensionType] = [DELEGATION[0]]
    if urls:
        access = [
            x509.AccessDescription(Access.OCSP, x509.UniformResourceIdentifier(each))
            for each in urls
        ]
        extensions.append(x509.AuthorityInformationAccess(access))
    if lists:
        names = [[x509.UniformResourceIdentifier(each)] for each in lists]
        points = [
            x509.DistributionPoint(
                each, relative_name=None, reasons=None, crl_issuer=None
            )
            for each in names
        ]
        extensions.append(x509.CRLDistributionPoints(points))
    made = make(owner, "Test CA", serial=serial, extensions=extensions)
    return KeySigner(key(owner), made)


def _by(signer: KeySigner, serial: int = SERIAL) -> HTTPReply:
    """Return the reply *good* that *signer* signed."""
    return reply(response(serial=serial, signer=signer))


def _about(
    status: OCSPCertStatus = OCSPCertStatus.GOOD,
    *,
    serial: int = 77,
    signer: KeySigner = CA_SIGNER,
    end: datetime.datetime = NOW + 24 * HOUR,
) -> HTTPReply:
    """Return the reply of the CA, or of *signer*, about the delegate."""
    return reply(response(status, serial=serial, signer=signer, end=end))


def _list(*entries: x509.RevokedCertificate) -> HTTPReply:
    return reply(crl(*entries), content_type="application/pkix-crl")


def _failure(outcome: Outcome) -> type[ocsp.OCSPError] | None:
    assert outcome.status is CheckStatus.INDETERMINATE
    assert outcome.reason is Reason.NOT_VERIFIED
    return type(outcome.failure)


NOT_KNOWN = ocsp.errors.ResponderRevocationUnknown


def test_the_client_asks_the_responder_of_the_delegate(driver: str) -> None:
    """RFC 6960 §4.2.2.2.1. The attempts show both exchanges."""
    play = Play(driver, {A: [_by(_delegate(B))], B: [_about()]})
    outcome = play.check()
    assert outcome.status is CheckStatus.GOOD
    assert outcome.source is Source.RESPONDER
    assert play.script.hosts == ["a", "b"]
    assert asked_for(play.script.sent[1]).serial_number == 77
    assert [(each.url, each.error) for each in outcome.attempts] == [
        (B, None),
        (A, None),
    ]


def test_the_client_fetches_the_crl_of_the_delegate(driver: str) -> None:
    """Although the options do not allow CRLs for the certificate itself."""
    play = Play(driver, {A: [_by(_delegate(lists=(LIST,)))], LIST: [_list()]})
    assert play.check().status is CheckStatus.GOOD
    assert play.script.hosts == ["a", "d"]


def test_the_crl_comes_after_the_responders(driver: str) -> None:
    """A responder that does not answer does not end the search."""
    signer = _delegate(B, C, lists=(LIST,))
    play = Play(driver, {A: [_by(signer)], B: [BROKEN], C: [BROKEN], LIST: [_list()]})
    assert play.check().status is CheckStatus.GOOD
    assert play.script.hosts == ["a", "b", "c", "d"]


@pytest.mark.parametrize("place", ["responder", "crl"])
def test_a_revoked_delegate_signs_no_evidence(driver: str, place: str) -> None:
    """The check fails with ResponderRevoked, also from memory."""
    signer = _delegate(B) if place == "responder" else _delegate(lists=(LIST,))
    play = Play(
        driver,
        {A: [_by(signer)], B: [_about(REVOKED)], LIST: [_list(entry(77))]},
    )
    assert _failure(play.check()) is ocsp.errors.ResponderRevoked
    assert len(play.script.sent) == 2
    other = certificate(A, serial=9)
    play.script.replies[A] = [_by(signer, 9)]
    assert _failure(play.check(other)) is ocsp.errors.ResponderRevoked
    assert play.script.hosts[2:] == ["a"]


def test_an_unknown_delegate_signs_no_evidence(driver: str) -> None:
    """What the responder states counts, so the client fetches no CRL."""
    signer = _delegate(B, lists=(LIST,))
    play = Play(driver, {A: [_by(signer)], B: [_about(UNKNOWN)], LIST: [_list()]})
    assert _failure(play.check()) is NOT_KNOWN
    assert play.script.hosts == ["a", "b"]


def test_after_unknown_the_next_responder_of_the_delegate_is_asked(driver: str) -> None:
    """As for the certificate itself."""
    signer = _delegate(B, C)
    play = Play(driver, {A: [_by(signer)], B: [_about(UNKNOWN)], C: [_about()]})
    assert play.check().status is CheckStatus.GOOD


def test_the_status_of_the_delegate_is_remembered_until_it_ends(driver: str) -> None:
    """One request for all certificates of the issuer."""
    signer = _delegate(B)
    play = Play(driver, {A: [reply()], B: [_about(end=NOW + HOUR), _about()]})
    for serial in range(1, 5):
        play.script.replies[A] = [_by(signer, serial)]
        outcome = play.check(certificate(A, serial=serial))
        assert outcome.status is CheckStatus.GOOD
    assert play.script.hosts == ["a", "b", "a", "a", "a"]
    play.clock.seconds = 3601.0
    play.script.replies[A] = [_by(signer, 5)]
    assert play.check(certificate(A, serial=5)).status is CheckStatus.GOOD
    assert play.script.hosts[5:] == ["a", "b"]


def test_a_status_that_was_not_found_is_remembered_for_a_while(driver: str) -> None:
    """A responder with such a delegate does not cost two requests for each check."""
    signer = _delegate(lists=(LIST,))
    play = Play(driver, {A: [_by(signer)], LIST: [BROKEN, _list()]})
    assert _failure(play.check()) is NOT_KNOWN
    play.script.replies[A] = [_by(signer, 9)]
    assert _failure(play.check(certificate(A, serial=9))) is NOT_KNOWN
    assert play.script.hosts == ["a", "d", "a"]
    play.clock.seconds = 21.0
    assert play.check(certificate(A, serial=9)).status is CheckStatus.GOOD


@pytest.mark.parametrize(
    "place", [A, "http://A.example", "http://a.example/", "HTTP://a.example:80/"]
)
def test_the_judged_responder_is_not_asked_about_itself(
    driver: str, place: str
) -> None:
    """Whatever it says about its own signer proves nothing."""
    play = Play(driver, {A: [_by(_delegate(place)), _about()]})
    assert _failure(play.check()) is NOT_KNOWN
    assert play.script.hosts == ["a"]


def test_evidence_by_the_same_key_does_not_count(driver: str) -> None:
    """A certificate with nocheck for the same key: the CRL gives the status."""
    former = make("Named", "Test CA", serial=76, extensions=DELEGATION)
    itself = KeySigner(key("Named"), former)
    signer = _delegate(B, lists=(LIST,))
    for listed, status in ((_list(), CheckStatus.GOOD), (BROKEN, None)):
        play = Play(
            driver, {A: [_by(signer)], B: [_about(signer=itself)], LIST: [listed]}
        )
        outcome = play.check()
        assert play.script.hosts == ["a", "b", "d"]
        if status is None:
            assert _failure(outcome) is NOT_KNOWN
        else:
            assert outcome.status is status


def test_another_delegate_with_nocheck_may_vouch(driver: str) -> None:
    """It needs no evidence itself."""
    play = Play(driver, {A: [_by(_delegate(B))], B: [_about(signer=delegate_signer())]})
    assert play.check().status is CheckStatus.GOOD


def test_delegates_that_vouch_for_each_other_prove_nothing(driver: str) -> None:
    """The client asks for one level only, so the loop ends."""
    one, other = _delegate(B), _delegate(A, serial=78, owner="Other")
    play = Play(
        driver,
        {A: [_by(one), _about(serial=78, signer=one)], B: [_about(signer=other)]},
    )
    assert _failure(play.check()) is NOT_KNOWN
    assert play.script.hosts == ["a", "b"]


def test_the_option_never_sends_nothing_more(driver: str) -> None:
    """Then only nocheck, or a delegate without a place, is accepted."""
    options = Options(delegate_status=DelegateStatus.NEVER)
    play = Play(driver, {A: [_by(_delegate(B))], B: [_about()]}, options)
    assert _failure(play.check()) is NOT_KNOWN
    assert play.script.hosts == ["a"]


def test_a_delegate_without_place_costs_no_request(driver: str) -> None:
    """It is accepted with a warning; the strict profile refuses it."""
    play = Play(driver, {A: [_by(_delegate())]})
    outcome = play.check()
    assert outcome.status is CheckStatus.GOOD
    assert outcome.evidence is not None
    assert [each.rule for each in outcome.evidence.warnings] == ["V17"]
    strict = Play(driver, {A: [_by(_delegate())]}, Options(policy=ocsp.Policy.strict()))
    assert _failure(strict.check()) is NOT_KNOWN
    assert strict.script.hosts == ["a"]


def test_evidence_is_fetched_for_nocheck_if_the_policy_requires_it(
    driver: str,
) -> None:
    """REQUIRE_EVIDENCE: the certificate names a place besides its nocheck."""
    policy = ocsp.Policy(delegate_revocation=ocsp.DelegateRevocation.REQUIRE_EVIDENCE)
    access = x509.AuthorityInformationAccess(
        [x509.AccessDescription(Access.OCSP, x509.UniformResourceIdentifier(B))]
    )
    both = make("Both", "Test CA", serial=77, extensions=[*DELEGATION, access])
    signer = KeySigner(key("Both"), both)
    play = Play(driver, {A: [_by(signer)], B: [_about()]}, Options(policy=policy))
    assert play.check().status is CheckStatus.GOOD


def test_nothing_is_fetched_for_a_response_with_another_failure(driver: str) -> None:
    """Here it is stale: evidence about its signer would not help."""
    stale = response(signer=_delegate(B), begin=NOW - 3 * HOUR, end=NOW - HOUR)
    play = Play(driver, {A: [reply(stale)], B: [_about()]})
    outcome = play.check()
    assert outcome.status is CheckStatus.INDETERMINATE
    assert play.script.hosts == ["a"]


def test_all_requests_share_the_deadline_of_the_check(driver: str) -> None:
    """The first answer comes at the last moment, so nothing more is sent."""
    play = Play(driver, {A: [_by(_delegate(B))], B: [_about()]})
    play.script.takes = 10.0
    outcome = play.check()
    assert _failure(outcome) is NOT_KNOWN
    assert play.script.hosts == ["a"]
    assert isinstance(outcome.attempts[0].error, ocsp.errors.FetchTimeout)
    # Nothing was asked, so nothing is remembered: the next check has time to ask.
    play.script.takes = 0.0
    play.clock.seconds = 31.0
    assert play.check().status is CheckStatus.GOOD


def test_the_time_left_is_that_of_the_check(driver: str) -> None:
    """The request about the delegate has the rest of the ten seconds."""
    play = Play(driver, {A: [_by(_delegate(B))], B: [_about()]})
    play.script.takes = 3.0
    assert play.check().status is CheckStatus.GOOD
    assert [each.timeout for each in play.script.sent] == [10.0, 7.0]


def test_urls_of_the_delegate_may_not_lead_to_private_addresses(driver: str) -> None:
    """Only the URL that the caller gave may."""
    play = Play(driver, {C: [_by(_delegate(B))], B: [_about()]})
    assert play.check(url=C).status is CheckStatus.GOOD
    assert [each.address_policy for each in play.script.sent] == [
        AddressPolicy.PRIVATE_TOO,
        AddressPolicy.PUBLIC,
    ]


def test_a_forbidden_url_of_the_delegate_is_not_used(driver: str) -> None:
    """As for the certificate: https is not allowed by default."""
    play = Play(driver, {A: [_by(_delegate("https://b.example/"))]})
    assert _failure(play.check()) is NOT_KNOWN
    assert play.script.hosts == ["a"]


def test_a_check_with_a_nonce_asks_about_the_delegate_with_a_nonce(driver: str) -> None:
    """The same options apply to both requests."""
    nonce = bytes(range(32))
    play = Play(
        driver,
        {
            A: [reply(response(signer=_delegate(B), nonce=nonce))],
            B: [reply(response(serial=77, signer=CA_SIGNER, nonce=nonce))],
        },
    )
    assert play.check(nonce=SendNonce.ALWAYS).status is CheckStatus.GOOD
    assert [each.method for each in play.script.sent] == ["POST", "POST"]


def test_each_certificate_of_a_chain_gets_evidence(driver: str) -> None:
    """Both responses of a chain are by delegates whose status is fetched."""
    middle = make(
        "Middle",
        "Test CA",
        serial=5,
        extensions=[
            x509.BasicConstraints(ca=True, path_length=None),
            x509.AuthorityInformationAccess(
                [x509.AccessDescription(Access.OCSP, x509.UniformResourceIdentifier(A))]
            ),
        ],
    )
    signer = _delegate(B)
    play = Play(driver, {A: [_by(signer, 5)], B: [_about()]})
    play.check_chain([middle, ca()]).require_good()
    assert sorted(play.script.hosts) == ["a", "b"]


def test_a_cached_answer_needs_the_evidence_again(driver: str, tmp_path: Path) -> None:
    """Another process fetches it, and then uses the cached answer."""
    path, replies = tmp_path / "answers.db", {A: [_by(_delegate(B))], B: [_about()]}
    with SQLiteCache(path) as cache:
        assert (
            Play(driver, dict(replies), cache=cache).check().status is CheckStatus.GOOD
        )
    with SQLiteCache(path) as cache:
        play = Play(driver, {A: [BROKEN], B: [_about()]}, cache=cache)
        outcome = play.check()
        assert outcome.source is Source.CACHE
        assert play.script.hosts == ["b"]
        assert play.check().source is Source.CACHE
        assert play.script.hosts == ["b"]
    with SQLiteCache(path) as cache:
        play = Play(driver, {A: [BROKEN], B: [_about(REVOKED)]}, cache=cache)
        assert play.check().status is CheckStatus.INDETERMINATE


def test_a_revoked_delegate_ends_what_is_remembered_of_its_answers(
    driver: str,
) -> None:
    """The status of the delegate came with another check, of the delegate itself."""
    signer = _delegate(B)
    newer = response(REVOKED, serial=77, signer=CA_SIGNER, begin=NOW - HOUR / 2)
    play = Play(driver, {A: [_by(signer)], B: [_about(), reply(newer)]})
    assert play.check().status is CheckStatus.GOOD
    assert play.core.recall(certificate(A), ca()).outcome is not None
    assert play.core.recall_cached(certificate(A), ca(), None) is not None
    play.clock.seconds = 24 * 3600.0 - 1
    assert play.check(signer.certificate).status is CheckStatus.REVOKED
    assert play.core.recall(certificate(A), ca()).outcome is None
    assert play.core.recall_cached(certificate(A), ca(), None) is None


def test_the_right_one_of_two_certificates_of_the_delegate_is_used(
    driver: str,
) -> None:
    """Both have the same key; the status of the first one cannot be found."""
    one, other = _delegate(B), _delegate(C, serial=78)
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response_by_id(
            ocsp.CertID.for_serial(ca(), SERIAL, hashes.SHA256()),
            OCSPCertStatus.GOOD,
            NOW - HOUR,
            NOW + HOUR,
            None,
            None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, one.certificate)
        .certificates([one.certificate, other.certificate])
        .produced_at(NOW - HOUR)
    )
    answer = reply(builder.sign_with(one).public_bytes(Encoding.DER))
    play = Play(driver, {A: [answer], B: [BROKEN], C: [_about(serial=78)]})
    assert play.check().status is CheckStatus.GOOD
