"""Test which stored answers the responder uses, and what it signs for the store."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp import CertID, KeySigner, OCSPCertStatus, OCSPResponseStatus
from ocsp.errors import RetentionOver, SignerUnavailable, UnknownIssuer
from ocsp.responder import (
    Answer,
    Authority,
    CertIDForm,
    DueAnswer,
    IssuerKey,
    Lookup,
    LookupResult,
    NoncePolicy,
    Responder,
    StatusQuery,
    StatusRecord,
    StoredAnswer,
    UnknownSerialPolicy,
    answer_signer,
)
from ocsp.responder.entries import Entry, encode_entry
from tests.pki import DELEGATION, END, NOW, ca, delegate_signer, key, make

GOOD = StatusRecord()
QUERY = StatusQuery(IssuerKey.of(ca()), 7)
SHA1, SHA256 = hashes.SHA1(), hashes.SHA256()
NONCE = x509.OCSPNonce(bytes(32))
HOUR = datetime.timedelta(hours=1)


class _Signer:
    """Signs as the delegate does, until it is made to refuse."""

    def __init__(self) -> None:
        self.inner = delegate_signer()
        self.certificate = self.inner.certificate
        self.algorithm_identifier = self.inner.algorithm_identifier
        self.count = 0
        self.away = False

    def sign(self, data: bytes) -> bytes:
        if self.away:
            raise SignerUnavailable("token removed")
        self.count += 1
        return self.inner.sign(data)


class _Garbling(_Signer):
    """A device that returns something else than a signature, or a signature of it."""

    def sign(self, data: bytes) -> bytes:
        return super().sign(data + b"\0")


def test_a_wrong_signature_of_a_device_is_neither_sent_nor_stored() -> None:
    """A signer whose key is not in memory is not trusted to work."""
    responder = Responder([Authority(ca(), [_Garbling()])])
    answer = responder.finish_stored(_lookup(responder), _found(None))
    assert answer.status is OCSPResponseStatus.TRY_LATER
    assert "signature" in answer.cause
    with pytest.raises(SignerUnavailable, match="wrong"):
        responder.presign(_due(), NOW)


def _request(
    *algorithms: hashes.HashAlgorithm, nonce: x509.OCSPNonce | None = None
) -> bytes:
    builder = ocsp.OCSPRequestBuilder(allow_multiple=True)
    for algorithm in algorithms or (SHA256,):
        cert_id = CertID.for_serial(ca(), 7, algorithm)
        builder = builder.add_certificate_by_id(cert_id)
    if nonce is not None:
        builder = builder.add_extension(nonce, critical=False)
    return builder.build().public_bytes(Encoding.DER)


def _lookup(
    responder: Responder, der: bytes = b"", now: datetime.datetime = NOW
) -> Lookup:
    step = responder.receive(der or _request(), now)
    assert isinstance(step, Lookup)
    return step


def _due(
    form: CertIDForm = CertIDForm.SHA256, record: StatusRecord = GOOD
) -> DueAnswer:
    return DueAnswer(QUERY, form, record, 3)


def _found(stored: StoredAnswer | None, record: StatusRecord = GOOD) -> LookupResult:
    return LookupResult(record, 3, stored)


def _stored(responder: Responder, form: CertIDForm = CertIDForm.SHA256) -> StoredAnswer:
    return responder.presign(_due(form), NOW).answer


def _serials(answer: Answer) -> Sequence[int]:
    response = ocsp.load_der_ocsp_response(answer.der)
    return [entry.serial_number for entry in response.responses]


def test_a_stored_answer_is_used_without_a_signature() -> None:
    """It is the whole response, which clients verify."""
    signer = _Signer()
    responder = Responder([Authority(ca(), [signer])])
    stored = _stored(responder)
    answer = responder.finish_stored(_lookup(responder), _found(stored))
    assert signer.count == 1
    assert answer.new is None
    cert_id = CertID.for_serial(ca(), 7, SHA256)
    verified = ocsp.verify(answer.der, cert_id, ca(), at=NOW)
    assert verified.status is OCSPCertStatus.GOOD
    assert answer.freshness is not None
    assert answer.freshness.next_update == verified.next_update


def test_an_answer_that_is_missing_is_signed_and_returned_for_the_store() -> None:
    """It has the version of the status that it was made from."""
    responder = Responder([Authority(ca(), [delegate_signer()])])
    answer = responder.finish_stored(_lookup(responder), _found(None))
    assert answer.new is not None
    assert answer.new.query == QUERY
    assert answer.new.form is CertIDForm.SHA256
    assert answer.new.answer.version == 3
    again = responder.finish_stored(_lookup(responder), _found(answer.new.answer))
    assert again == answer._replace(new=None)


def test_a_stored_answer_is_not_used_when_it_has_ended_or_is_from_the_future() -> None:
    """Also not in its last minute: the client has to use it as well."""
    responder = Responder([Authority(ca(), [delegate_signer()])])
    stored = _stored(responder)
    end = datetime.datetime.fromtimestamp(stored.next_update, datetime.UTC)
    for now in (end, end - datetime.timedelta(seconds=60), NOW - HOUR):
        lookup = _lookup(responder, now=now)
        assert responder.stored_answer(lookup, _found(stored)) is None
        assert responder.finish_stored(lookup, _found(stored)).new is not None
    last = _lookup(responder, now=end - datetime.timedelta(seconds=61))
    assert responder.stored_answer(last, _found(stored)) is not None


def test_a_stored_answer_of_a_signer_that_was_removed_is_not_used() -> None:
    """The operator may have removed it because its key is compromised."""
    old = KeySigner(key("Old"), make("Old", "Test CA", extensions=DELEGATION))
    stored = _stored(Responder([Authority(ca(), [old])]))
    new = Responder([Authority(ca(), [delegate_signer()])])
    assert new.stored_answer(_lookup(new), _found(stored)) is None
    both = Responder([Authority(ca(), [delegate_signer(), old])])
    assert both.stored_answer(_lookup(both), _found(stored)) is not None


def test_what_is_for_one_request_only_is_never_stored() -> None:
    """A nonce, several CertIDs, a rare hash, or a serial number without a record."""
    responder = Responder(
        [Authority(ca(), [delegate_signer()], unlisted=UnknownSerialPolicy.UNKNOWN)]
    )
    for der in (
        _request(nonce=NONCE),
        _request(SHA1, SHA256),
        _request(hashes.SHA384()),
    ):
        assert _lookup(responder, der).stored_form is None
    answer = responder.finish_stored(_lookup(responder), None)
    assert answer.status is OCSPResponseStatus.SUCCESSFUL
    assert answer.new is None


def test_without_its_signer_the_responder_returns_stored_answers() -> None:
    """Also to a request with a nonce, without the nonce (RFC 9919 §3.2.1)."""
    signer = _Signer()
    responder = Responder([Authority(ca(), [signer])])
    stored = _stored(responder)
    signer.away = True
    lookup = _lookup(responder, _request(nonce=NONCE))
    assert responder.finish(lookup, [GOOD]).status is OCSPResponseStatus.TRY_LATER
    assert lookup.fallback_form is CertIDForm.SHA256
    answer = responder.finish_without_signer(lookup, _found(stored))
    assert _serials(answer) == [7]
    assert len(ocsp.load_der_ocsp_response(answer.der).extensions) == 0
    end = datetime.datetime.fromtimestamp(stored.next_update, datetime.UTC)
    late = _lookup(responder, now=end - datetime.timedelta(seconds=1))
    assert _serials(responder.finish_stored(late, _found(stored))) == [7]
    ended = _lookup(responder, now=end)
    for answer in (
        responder.finish_stored(ended, _found(stored)),
        responder.finish_without_signer(ended, _found(stored)),
        responder.finish_without_signer(lookup, _found(None)),
    ):
        assert answer.status is OCSPResponseStatus.TRY_LATER
    unlisted = responder.finish_without_signer(lookup, None)
    assert unlisted.status is OCSPResponseStatus.UNAUTHORIZED


def test_a_required_nonce_is_not_left_out() -> None:
    """The operator decided that no answer is without one."""
    responder = Responder(
        [Authority(ca(), [delegate_signer()])], nonce=NoncePolicy.REQUIRE
    )
    assert _lookup(responder, _request(nonce=NONCE)).fallback_form is None


@pytest.mark.parametrize("algorithm", [SHA1, SHA256], ids=["sha1", "sha256"])
def test_one_stored_answer_can_have_both_hashes(
    algorithm: hashes.HashAlgorithm,
) -> None:
    """RFC 9919 §3.2.1: two entries for one certificate, SHA-1 first."""
    responder = Responder([Authority(ca(), [delegate_signer()])], both_hashes=True)
    lookup = _lookup(responder, _request(algorithm))
    assert lookup.stored_form is CertIDForm.BOTH
    stored = _stored(responder, CertIDForm.BOTH)
    cert_id = CertID.for_serial(ca(), 7, algorithm)
    for answer in (
        responder.finish_stored(lookup, _found(stored)),
        responder.finish(lookup, [GOOD]),
    ):
        response = ocsp.load_der_ocsp_response(answer.der)
        names = [entry.hash_algorithm.name for entry in response.responses]
        assert names == ["sha1", "sha256"]
        verified = ocsp.verify(answer.der, cert_id, ca(), at=NOW)
        assert verified.status is OCSPCertStatus.GOOD
    fresh = responder.finish(
        _lookup(responder, _request(algorithm, nonce=NONCE)), [GOOD]
    )
    assert _serials(fresh) == [7]


def test_presign_reports_what_it_cannot_sign() -> None:
    """The round of the updater goes on with the next certificate."""
    authority = Authority(ca(), [delegate_signer()], retention=HOUR)
    responder = Responder([authority])
    other = DueAnswer(
        StatusQuery(IssuerKey.of(ca("Other")), 7), CertIDForm.SHA1, GOOD, 1
    )
    with pytest.raises(UnknownIssuer):
        responder.presign(other, NOW)
    with pytest.raises(RetentionOver):
        responder.presign(_due(record=StatusRecord(expires=NOW - 2 * HOUR)), NOW)
    with pytest.raises(SignerUnavailable, match="valid"):
        responder.presign(_due(), END + HOUR)


@pytest.mark.parametrize(("cert_hash", "encoded"), [(False, 1), (True, 5)])
def test_answers_share_their_encoding_unless_they_have_the_hash(
    monkeypatch: pytest.MonkeyPatch, *, cert_hash: bool, encoded: int
) -> None:
    """A store that knows the hashes makes signing no slower by itself."""
    calls: list[bytes] = []

    def count(cert_id: bytes, *rest: Any) -> Entry:
        calls.append(cert_id)
        return encode_entry(cert_id, *rest)

    monkeypatch.setattr(answer_signer, "encode_entry", count)
    authority = Authority(ca(), [delegate_signer()], cert_hash=cert_hash)
    responder = Responder([authority])
    record = StatusRecord(cert_hash=bytes(32))
    for number in range(5):
        query = StatusQuery(IssuerKey.of(ca()), (1 << 100) + number)
        responder.presign(DueAnswer(query, CertIDForm.SHA1, record, 1), NOW)
    assert len(calls) == encoded
