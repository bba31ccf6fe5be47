"""Test which responses of a ceremony are served, and for how long."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp import CertID, KeySigner, OCSPCertStatus, OCSPResponseStatus, Signer
from ocsp.responder import (
    Answer,
    Authority,
    CannedAnswer,
    CannedAuthority,
    Lookup,
    Responder,
)
from ocsp.status import load_canned_answers
from tests.pki import DELEGATION, NOW, ca, delegate_signer, key, make

DAY = datetime.timedelta(days=1)
SECOND = datetime.timedelta(seconds=1)
SHA1, SHA256 = hashes.SHA1(), hashes.SHA256()
OFFLINE = make(
    "Root",
    "Root",
    begin=NOW - 700 * DAY,
    end=NOW + 700 * DAY,
    extensions=[x509.BasicConstraints(ca=True, path_length=None)],
)
ROOT = KeySigner(key("Root"), OFFLINE)
HOLD = x509.ReasonFlags.certificate_hold
GOOD = (OCSPCertStatus.GOOD, None, None)
HELD = (OCSPCertStatus.REVOKED, NOW - DAY, HOLD)
REVOKED = (OCSPCertStatus.REVOKED, NOW - DAY, x509.ReasonFlags.key_compromise)
Status = tuple[OCSPCertStatus, datetime.datetime | None, x509.ReasonFlags | None]


def _id(
    serial: int = 7,
    algorithm: hashes.HashAlgorithm = SHA256,
    issuer: x509.Certificate = OFFLINE,
) -> CertID:
    return CertID.for_serial(issuer, serial, algorithm)


def _signed(
    *statuses: tuple[CertID, Status],
    begin: datetime.datetime = NOW - DAY,
    end: datetime.datetime | None = NOW + 90 * DAY,
    signer: Signer = ROOT,
    extensions: Sequence[x509.ExtensionType] = (),
) -> bytes:
    builder = ocsp.OCSPResponseBuilder(allow_multiple=True).produced_at(begin)
    for cert_id, (status, time, reason) in statuses or ((_id(), GOOD),):
        builder = builder.add_response_by_id(cert_id, status, begin, end, time, reason)
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
    for each in extensions:
        builder = builder.add_extension(each, critical=False)
    return builder.sign_with(signer).public_bytes(Encoding.DER)


def _responder(directory: Path, *responses: bytes) -> Responder:
    for number, der in enumerate(responses):
        (directory / f"{number}.der").write_bytes(der)
    loaded = load_canned_answers(OFFLINE, [directory], NOW)
    assert loaded.refused == ()
    return Responder([CannedAuthority(OFFLINE, loaded.answers)])


def _request(*cert_ids: CertID, nonce: bool = False) -> bytes:
    builder = ocsp.OCSPRequestBuilder(allow_multiple=True)
    for each in cert_ids or (_id(),):
        builder = builder.add_certificate_by_id(each)
    if nonce:
        builder = builder.add_extension(x509.OCSPNonce(bytes(32)), critical=False)
    return builder.build().public_bytes(Encoding.DER)


def _answer(
    responder: Responder, *cert_ids: CertID, at: datetime.datetime = NOW
) -> Answer:
    step = responder.receive(_request(*cert_ids), at)
    assert isinstance(step, Answer)
    return step


@pytest.mark.requirement("R6960-4", "R9919-3")
def test_the_octets_of_the_ceremony_are_served(tmp_path: Path) -> None:
    """As they are, also to a request with a nonce; clients verify them."""
    der = _signed()
    responder = _responder(tmp_path, der)
    answer = _answer(responder)
    assert answer.der == der
    assert answer.freshness is not None
    assert answer.freshness.next_update == NOW + 90 * DAY
    assert responder.receive(_request(nonce=True), NOW) == answer
    verified = ocsp.verify(answer.der, _id(), OFFLINE, at=NOW)
    assert verified.status is OCSPCertStatus.GOOD


def test_the_newest_answer_that_is_valid_now_is_served(tmp_path: Path) -> None:
    """One ceremony signs for the next quarters; each response gets its turn."""
    first = _signed(end=NOW + 20 * DAY)
    second = _signed(begin=NOW + 10 * DAY, end=NOW + 40 * DAY)
    responder = _responder(tmp_path, second, first)
    assert _answer(responder).der == first
    assert _answer(responder, at=NOW + 10 * DAY - 61 * SECOND).der == first
    assert _answer(responder, at=NOW + 10 * DAY).der == second
    assert _answer(responder, at=NOW + 40 * DAY - SECOND).der == second
    ended = _answer(responder, at=NOW + 40 * DAY)
    assert ended.status is OCSPResponseStatus.TRY_LATER


@pytest.mark.parametrize("algorithm", [SHA1, SHA256], ids=["sha1", "sha256"])
@pytest.mark.parametrize("days", [-1, 5], ids=["older good", "newer good"])
def test_revoked_is_never_followed_by_good(
    tmp_path: Path, days: int, algorithm: hashes.HashAlgorithm
) -> None:
    """Not by a good that the ceremony signed before; also by another hash."""
    revoked = _signed((_id(), REVOKED), begin=NOW - SECOND)
    good = _signed((_id(algorithm=algorithm), GOOD), begin=NOW + days * DAY)
    responder = _responder(tmp_path, good, revoked)
    for at in (NOW, NOW + 6 * DAY):
        assert _answer(responder, at=at).der == revoked
    after = _answer(responder, _id(algorithm=algorithm), at=NOW + 90 * DAY)
    assert after.status is not OCSPResponseStatus.SUCCESSFUL
    loaded = load_canned_answers(OFFLINE, [tmp_path], NOW)
    (contradiction,) = CannedAuthority(OFFLINE, loaded.answers).contradictions
    assert contradiction.der == good


def test_a_hold_can_be_followed_by_good(tmp_path: Path) -> None:
    """RFC 5280 §5.3.1: the certificate was released."""
    held = _signed((_id(), HELD), begin=NOW - 2 * DAY)
    good = _signed()
    assert _answer(_responder(tmp_path, held, good)).der == good


def test_one_answer_has_all_certificates_of_a_request(tmp_path: Path) -> None:
    """Two responses cannot be joined: each has its own signature."""
    both = _signed((_id(7), GOOD), (_id(8), GOOD))
    responder = _responder(tmp_path, both, _signed((_id(9), GOOD)))
    assert _answer(responder, _id(8), _id(7)).der == both
    for cert_ids in ((_id(7), _id(9)), (_id(10),), (_id(7, SHA1),)):
        answer = _answer(responder, *cert_ids)
        assert answer.status is OCSPResponseStatus.UNAUTHORIZED


def test_a_responder_signs_for_one_ca_and_serves_another(tmp_path: Path) -> None:
    """A request that names both is *unauthorized*."""
    (tmp_path / "root.der").write_bytes(_signed())
    loaded = load_canned_answers(OFFLINE, [tmp_path / "root.der"], NOW)
    responder = Responder(
        [
            CannedAuthority(OFFLINE, loaded.answers),
            Authority(ca(), [delegate_signer()]),
        ]
    )
    other = _id(issuer=ca())
    assert isinstance(responder.receive(_request(other), NOW), Lookup)
    assert _answer(responder).status is OCSPResponseStatus.SUCCESSFUL
    both = _answer(responder, _id(), other)
    assert both.status is OCSPResponseStatus.UNAUTHORIZED
    assert repr(CannedAuthority(OFFLINE, ())) == "<CannedAuthority('CN=Root')>"


def test_no_answer_is_served_after_the_end_of_its_signer(tmp_path: Path) -> None:
    """Clients reject it then, although nextUpdate is later."""
    delegate = make("Ceremony", "Root", end=NOW + DAY, extensions=DELEGATION)
    builder = ocsp.OCSPResponseBuilder().produced_at(NOW - DAY / 2)
    builder = builder.add_response_by_id(
        _id(), OCSPCertStatus.GOOD, NOW - DAY / 2, NOW + 9 * DAY, None, None
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, delegate)
    signed = builder.certificates([delegate]).sign_with(
        KeySigner(key("Ceremony"), delegate)
    )
    responder = _responder(tmp_path, signed.public_bytes(Encoding.DER))
    freshness = _answer(responder).freshness
    assert freshness is not None
    assert freshness.next_update == NOW + DAY
    ended = _answer(responder, at=NOW + DAY)
    assert ended.status is OCSPResponseStatus.TRY_LATER


REFUSED = {
    "wrong signature": _signed(signer=KeySigner(key("Root 2"), make("Root 2", "Root"))),
    "another issuer": _signed((_id(issuer=ca()), GOOD)),
    "one of another issuer": _signed((_id(), GOOD), (_id(issuer=ca()), GOOD)),
    "no end": _signed(end=None),
    "a nonce": _signed(extensions=[x509.OCSPNonce(bytes(16))]),
    "not DER": b"garbage",
    "an error": bytes((0x30, 3, 0x0A, 1, 6)),
    "too large": bytes(1 << 17),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_clients_would_reject_is_not_served(tmp_path: Path, name: str) -> None:
    """The other files are served all the same."""
    bad = tmp_path / "bad.der"
    bad.write_bytes(REFUSED[name])
    (tmp_path / "good.der").write_bytes(_signed())
    missing = tmp_path / "missing.der"
    loaded = load_canned_answers(OFFLINE, [bad, tmp_path / "good.der", missing], NOW)
    assert [each.path for each in loaded.refused] == [bad, missing]
    assert all(each.reason for each in loaded.refused)
    assert len(loaded.answers) == 1


def _ends_with_its_delegate() -> bytes:
    """Return a response whose nextUpdate is later than the end of its delegate."""
    begin = NOW - 3 * DAY
    delegate = make(
        "Ceremony", "Root", begin=begin + DAY, end=NOW - DAY, extensions=DELEGATION
    )
    builder = ocsp.OCSPResponseBuilder().produced_at(begin + DAY)
    builder = builder.add_response_by_id(
        _id(), OCSPCertStatus.GOOD, begin, NOW + 9 * DAY, None, None
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, delegate)
    signed = builder.certificates([delegate]).sign_with(
        KeySigner(key("Ceremony"), delegate)
    )
    return signed.public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    "der",
    [_signed(begin=NOW - 3 * DAY, end=NOW - DAY), _ends_with_its_delegate()],
    ids=["nextUpdate", "delegate"],
)
def test_an_ended_answer_is_loaded_and_never_served(tmp_path: Path, der: bytes) -> None:
    """Its issuer is known by it, and it is no mistake of the configuration."""
    responder = _responder(tmp_path, der)
    assert _answer(responder).status is OCSPResponseStatus.TRY_LATER
    (answer,) = load_canned_answers(OFFLINE, [tmp_path], NOW).answers
    assert answer.file == str(tmp_path / "0.der")
    assert answer.next_update <= NOW
    authority = CannedAuthority(OFFLINE, [answer])
    assert authority.ended(NOW) == (answer,)
    assert authority.ended(NOW - 2 * DAY) == ()


@pytest.mark.parametrize("name", ["wrong signature", "another issuer", "a nonce"])
def test_an_ended_answer_is_verified_for_its_own_time(
    tmp_path: Path, name: str
) -> None:
    """What clients would have rejected then is refused."""
    times = {"begin": NOW - 3 * DAY, "end": NOW - DAY}
    der = {
        "wrong signature": _signed(
            signer=KeySigner(key("Root 2"), make("Root 2", "Root")), **times
        ),
        "another issuer": _signed((_id(issuer=ca()), GOOD), **times),
        "a nonce": _signed(extensions=[x509.OCSPNonce(bytes(16))], **times),
    }[name]
    (tmp_path / "bad.der").write_bytes(der)
    loaded = load_canned_answers(OFFLINE, [tmp_path], NOW)
    assert loaded.answers == ()
    assert len(loaded.refused) == 1


def test_a_good_answer_does_not_follow_a_revoked_one_that_has_ended(
    tmp_path: Path,
) -> None:
    """Also after a restart, when the responder reads both anew."""
    revoked = _signed((_id(), REVOKED), begin=NOW - 3 * DAY, end=NOW - DAY)
    responder = _responder(tmp_path, revoked, _signed())
    assert _answer(responder).status is OCSPResponseStatus.TRY_LATER


def test_the_last_answer_about_each_certificate_counts() -> None:
    """One that was replaced in time has not ended for clients."""
    at = [NOW + days * DAY for days in range(5)]
    made = [
        CannedAnswer(b"old", frozenset({_id(7), _id(8)}), frozenset(), NOW, at[1]),
        CannedAnswer(b"7", frozenset({_id(7)}), frozenset(), NOW, at[2]),
        CannedAnswer(b"8", frozenset({_id(8)}), frozenset(), NOW, at[4]),
    ]
    authority = CannedAuthority(OFFLINE, made)
    assert authority.ended(at[1]) == ()
    assert authority.ended(at[2]) == (made[1],)
    assert authority.ended(at[4]) == (made[1], made[2])
    assert (authority.first_end, authority.last_end) == (at[2], at[4])
    empty = CannedAuthority(OFFLINE, ())
    assert (empty.first_end, empty.last_end, empty.ended(NOW)) == (None, None, ())
