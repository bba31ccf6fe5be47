"""Test what RFC 6960, RFC 9919 and RFC 9654 require of the answers of a responder."""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Sequence

import pytest
from asn1crypto import ocsp as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp as reference

import ocsp
from ocsp import CertID, OCSPCertStatus, OCSPResponseStatus
from ocsp.asn1.der import OCTET_STRING, SEQUENCE, encode, encode_integer, encode_oid
from ocsp.responder import (
    Answer,
    Authority,
    IssuerKey,
    Lookup,
    NoncePolicy,
    Responder,
    StatusRecord,
    UnknownSerialPolicy,
)
from ocsp.responder.core import DEFAULT_VALIDITY
from tests.pki import BEGIN, NOW, ca, delegate, delegate_signer, leaf

GOOD = StatusRecord()
HOUR = datetime.timedelta(hours=1)
DAY = datetime.timedelta(days=1)
REVOKED = StatusRecord.revoked(NOW - HOUR, x509.ReasonFlags.key_compromise)
SHA256 = hashes.SHA256()
NONCE = bytes(range(32))

Extension = tuple[x509.ExtensionType, bool]


def _request(*extensions: Extension, cert_ids: Sequence[CertID] = ()) -> bytes:
    builder = ocsp.OCSPRequestBuilder(allow_multiple=True)
    for each in cert_ids or [CertID.for_serial(ca(), 7, SHA256)]:
        builder = builder.add_certificate_by_id(each)
    for value, critical in extensions:
        builder = builder.add_extension(value, critical)
    return builder.build().public_bytes(Encoding.DER)


def _authority(
    unlisted: UnknownSerialPolicy = UnknownSerialPolicy.UNAUTHORIZED,
    retention: datetime.timedelta | None = None,
    compromised: datetime.datetime | None = None,
    *,
    cert_hash: bool = False,
) -> Authority:
    return Authority(
        ca(),
        [delegate_signer()],
        unlisted=unlisted,
        retention=retention,
        compromised=compromised,
        cert_hash=cert_hash,
    )


def _answer(
    der: bytes = b"",
    record: StatusRecord | None = GOOD,
    authority: Authority | None = None,
    nonce: NoncePolicy = NoncePolicy.ECHO,
) -> Answer:
    responder = Responder([authority or _authority()], nonce=nonce)
    step = responder.receive(der or _request(), NOW)
    if isinstance(step, Answer):
        return step
    return responder.finish(step, [record] * len(step.queries))


def _response(answer: Answer) -> ocsp.OCSPResponse:
    assert answer.status is OCSPResponseStatus.SUCCESSFUL
    return ocsp.load_der_ocsp_response(answer.der)


def _singles(answer: Answer) -> list[x509.ExtensionType]:
    return [each.value for each in _response(answer).single_extensions]


def _nonce(size: int) -> Extension:
    return x509.OCSPNonce(bytes(size)), False


# --- statuses ------------------------------------------------------------------------


@pytest.mark.requirement("R6960-2", "R6960-15")
def test_never_issued_has_exactly_the_fields_of_the_standard() -> None:
    """Hold since 1970, extended-revoke in responseExtensions, no singleExtensions."""
    authority = _authority(UnknownSerialPolicy.REVOKED, retention=30 * DAY)
    answer = _answer(record=None, authority=authority)
    entry = reference.load_der_ocsp_response(answer.der)
    assert entry.certificate_status.name == "REVOKED"
    assert entry.revocation_reason is x509.ReasonFlags.certificate_hold
    assert entry.revocation_time_utc == datetime.datetime(
        1970, 1, 1, tzinfo=datetime.UTC
    )
    assert len(entry.single_extensions) == 0
    (extension,) = entry.extensions
    assert extension.oid.dotted_string == "1.3.6.1.5.5.7.48.1.9"
    assert not extension.critical
    assert extension.value.public_bytes() == b"\x05\x00"


@pytest.mark.requirement("R6960-2")
def test_extended_revoke_and_a_nonce_are_both_sent() -> None:
    """One response can have both extensions."""
    der = _request((x509.OCSPNonce(NONCE), False))
    answer = _answer(der, None, _authority(UnknownSerialPolicy.REVOKED))
    names = [each.oid.dotted_string for each in _response(answer).extensions]
    assert names == ["1.3.6.1.5.5.7.48.1.9", "1.3.6.1.5.5.7.48.1.2"]


@pytest.mark.requirement("R6960-18", "R9919-6", "R6960-3")
def test_a_serial_without_a_record_costs_no_signature() -> None:
    """The default is *unauthorized*, which has five octets and no signature."""
    answer = _answer(record=None)
    assert answer.der == bytes((0x30, 3, 0x0A, 1, 6))


def test_good_for_unlisted_serials_has_to_be_said() -> None:
    """The name says that it is not safe; caches and stores do not keep the answer."""
    answer = _answer(record=None, authority=_authority(UnknownSerialPolicy.UNSAFE_GOOD))
    assert _response(answer).certificate_status is OCSPCertStatus.GOOD
    assert answer.freshness is None
    with pytest.raises(ValueError, match="'good' is not a valid"):
        UnknownSerialPolicy("good")


@pytest.mark.requirement("R6960-5")
def test_every_certificate_of_a_compromised_ca_is_revoked() -> None:
    """Also without a record: who has the key issues certificates with any number."""
    since = NOW - 2 * HOUR
    authority = _authority(compromised=since)
    for record in (GOOD, None, StatusRecord.revoked(NOW - HOUR)):
        response = _response(_answer(record=record, authority=authority))
        assert response.certificate_status is OCSPCertStatus.REVOKED
        assert response.revocation_time_utc == since
        assert response.revocation_reason is x509.ReasonFlags.ca_compromise
    before = StatusRecord.revoked(NOW - 3 * HOUR, x509.ReasonFlags.superseded)
    response = _response(_answer(record=before, authority=authority))
    assert response.revocation_time_utc == before.revocation_time
    assert response.revocation_reason is x509.ReasonFlags.superseded
    held = StatusRecord.revoked(NOW - 3 * HOUR, x509.ReasonFlags.certificate_hold)
    response = _response(_answer(record=held, authority=authority))
    assert response.revocation_reason is x509.ReasonFlags.ca_compromise


@pytest.mark.requirement("R6960-5")
def test_stored_answers_of_a_compromised_ca_are_not_used() -> None:
    """They were signed before the operator knew."""
    step = Responder([_authority(compromised=NOW)]).receive(_request(), NOW)
    assert isinstance(step, Lookup)
    assert step.stored_form is None
    assert step.fallback_form is None


# --- errors --------------------------------------------------------------------------


@pytest.mark.requirement("R6960-3")
def test_errors_have_neither_response_bytes_nor_the_value_four() -> None:
    """The reader of ``cryptography`` says the same."""
    for der, expected in ((b"0", "MALFORMED_REQUEST"), (_foreign(), "UNAUTHORIZED")):
        answer = _answer(der)
        error = reference.load_der_ocsp_response(answer.der)
        assert error.response_status.name == expected
        assert asn1.OCSPResponse.load(answer.der)["response_bytes"].native is None
    assert 4 not in {status.value for status in OCSPResponseStatus}


def _foreign() -> bytes:
    return _request(cert_ids=[CertID.for_serial(ca("Other CA"), 7, SHA256)])


# --- the message ---------------------------------------------------------------------


@pytest.mark.requirement("R6960-7", "R9919-5", "R9919-2", "R9919-4", "R6960-10")
def test_the_message_is_what_the_standards_describe() -> None:
    """Read by asn1crypto: basic, v1, byKey, one entry, no empty list."""
    answer = _answer()
    whole = asn1.OCSPResponse.load(answer.der, strict=True)
    assert whole.dump(force=True) == answer.der
    basic = whole["response_bytes"]["response"].parsed
    data = basic["tbs_response_data"]
    assert whole["response_bytes"]["response_type"].native == "basic_ocsp_response"
    assert data["version"].native == "v1"
    assert data.contents[:1] == b"\xa2"  # responderID is first: version is absent
    spki = asn1.Certificate.load(delegate().public_bytes(Encoding.DER)).public_key
    key_hash = hashlib.sha1(bytes(spki["public_key"]), usedforsecurity=False).digest()
    assert data["responder_id"].name == "by_key"
    assert data["responder_id"].native == key_hash
    assert len(data["responses"]) == 1
    assert data["response_extensions"].native is None
    assert len(basic["certs"]) == 1


@pytest.mark.requirement("R6960-10")
def test_every_requested_certificate_has_one_entry() -> None:
    """In the order of the request, with its octets, also with absent parameters."""
    issuer = IssuerKey.of(ca())
    bare = encode(
        SEQUENCE,
        encode(SEQUENCE, encode_oid("2.16.840.1.101.3.4.2.1")),
        encode(OCTET_STRING, issuer.name_hash),
        encode(OCTET_STRING, issuer.key_hash),
        encode_integer(9),
    )
    algorithms = (hashes.SHA1(), hashes.SHA224(), SHA256, hashes.SHA384())
    known = [CertID.for_serial(ca(), 7, each) for each in algorithms]
    sent = [each.der for each in known] + [bare]
    entries = b"".join(encode(SEQUENCE, each) for each in sent)
    der = encode(SEQUENCE, encode(SEQUENCE, encode(SEQUENCE, entries)))
    response = _response(_answer(der))
    assert [entry.cert_id.der for entry in response.responses] == sent


@pytest.mark.requirement("R6960-20", "R9919-7")
def test_times_have_seconds_and_no_fractions() -> None:
    """Also if the clock has microseconds; nextUpdate is always there."""
    responder = Responder([_authority()])
    step = responder.receive(_request(), NOW.replace(microsecond=123456))
    assert isinstance(step, Lookup)
    answer = responder.finish(step, [REVOKED])
    times = re.findall(rb"\x18\x0f(\d{14}Z)", answer.der)
    assert len(times) == 4
    assert len(re.findall(rb"\x18[^\x0f]\d{6}", answer.der)) == 0
    assert _response(answer).next_update_utc is not None


@pytest.mark.requirement("R6960-9", "R9919-4")
def test_a_delegate_without_nocheck_is_said_to_be_unwise() -> None:
    """The delegate of these tests follows the advice of RFC 9919 §3.2.2."""
    extension = delegate().extensions.get_extension_for_class(x509.OCSPNoCheck)
    assert not extension.critical
    assert extension.value.public_bytes() == b"\x05\x00"
    assert _authority().warnings == ()


@pytest.mark.requirement("R6960-12")
def test_no_extension_of_an_answer_is_critical() -> None:
    """With every extension that this responder can send."""
    record = StatusRecord(
        status=OCSPCertStatus.REVOKED,
        revocation_time=NOW - HOUR,
        invalidity_date=NOW - 2 * HOUR,
        cert_hash=bytes(32),
    )
    der = _request((x509.OCSPNonce(NONCE), True))
    response = _response(
        _answer(der, record, _authority(retention=DAY, cert_hash=True))
    )
    found = [*response.extensions, *response.single_extensions]
    assert len(found) == 4
    assert not any(each.critical for each in found)


# --- times ---------------------------------------------------------------------------


@pytest.mark.requirement("R6960-4")
def test_the_times_of_a_crl_are_kept() -> None:
    """ThisUpdate and nextUpdate of the source; producedAt is not before thisUpdate."""
    old = StatusRecord(this_update=NOW - DAY, next_update=NOW + HOUR)
    response = _response(_answer(record=old))
    assert response.this_update_utc == NOW - DAY
    assert response.next_update_utc == NOW + HOUR
    assert response.produced_at_utc == NOW - datetime.timedelta(minutes=5)
    new = StatusRecord(this_update=NOW - datetime.timedelta(seconds=1))
    response = _response(_answer(record=new))
    assert response.this_update_utc == response.produced_at_utc
    assert response.this_update_utc == NOW - datetime.timedelta(seconds=1)
    assert response.next_update_utc == NOW + DEFAULT_VALIDITY


@pytest.mark.requirement("R6960-3", "R6960-4")
@pytest.mark.parametrize(
    "record",
    [StatusRecord(next_update=NOW), StatusRecord(this_update=NOW + DAY)],
    ids=["ended", "not yet"],
)
def test_a_crl_that_has_ended_is_try_later(record: StatusRecord) -> None:
    """The status is not known now, and a newer CRL will come."""
    assert _answer(record=record).status is OCSPResponseStatus.TRY_LATER


@pytest.mark.requirement("R9654-6")
def test_answers_are_valid_for_the_shortest_time_of_the_baseline_requirements() -> None:
    """A client without a nonce cannot get an answer that is older than this."""
    assert datetime.timedelta(hours=8) == DEFAULT_VALIDITY


# --- extensions of entries -----------------------------------------------------------


@pytest.mark.requirement("R6960-14")
def test_retention_gives_an_archive_cutoff() -> None:
    """ProducedAt minus the retention, but not before there were certificates."""
    hour = _authority(retention=HOUR)
    (cutoff,) = _singles(_answer(authority=hour))
    assert isinstance(cutoff, ocsp.ArchiveCutoff)
    assert cutoff.cutoff == NOW - datetime.timedelta(minutes=5) - HOUR
    for years in (7, 900_000):
        century = _authority(retention=years * 365 * DAY)
        (cutoff,) = _singles(_answer(authority=century))
        assert isinstance(cutoff, ocsp.ArchiveCutoff)
        assert cutoff.cutoff == BEGIN
    assert _singles(_answer()) == []


@pytest.mark.requirement("R6960-14", "R9919-6")
def test_after_its_retention_a_certificate_is_unauthorized() -> None:
    """RFC 9919 §3.2.3; without a known end, or without a retention, it has a status."""
    ended = StatusRecord(expires=NOW - 2 * HOUR)
    unauthorized = OCSPResponseStatus.UNAUTHORIZED
    assert _answer(record=ended, authority=_authority(retention=HOUR)).status is (
        unauthorized
    )
    for record, retention in ((ended, 3 * HOUR), (ended, None), (GOOD, HOUR)):
        answer = _answer(record=record, authority=_authority(retention=retention))
        assert answer.status is OCSPResponseStatus.SUCCESSFUL
    with pytest.raises(ocsp.ConfigError, match="negative"):
        _authority(retention=-HOUR)


@pytest.mark.requirement("R6960-15")
def test_the_invalidity_date_is_an_extension_of_the_entry() -> None:
    """As in a CRL entry (RFC 5280 §5.3.2)."""
    record = StatusRecord(
        status=OCSPCertStatus.REVOKED,
        revocation_time=NOW - HOUR,
        invalidity_date=NOW - DAY,
    )
    answer = _answer(record=record)
    entry = reference.load_der_ocsp_response(answer.der)
    value = entry.single_extensions.get_extension_for_class(x509.InvalidityDate).value
    assert value.invalidity_date_utc == NOW - DAY


def test_the_hash_of_a_known_certificate_is_sent() -> None:
    """Where the authority says so; the verifier of this package compares it (V30)."""
    record = StatusRecord(cert_hash=leaf().fingerprint(SHA256))
    cert_id = CertID.for_certificate(leaf(), ca(), SHA256)
    der = _request(cert_ids=[cert_id])
    assert _singles(_answer(der, record)) == []
    answer = _answer(der, record, _authority(cert_hash=True))
    (value,) = _singles(answer)
    assert isinstance(value, ocsp.CertHash)
    assert value.matches(leaf())
    assert ocsp.verify(answer.der, leaf(), ca(), at=NOW).status is OCSPCertStatus.GOOD
    with pytest.raises(ocsp.ConfigError, match="32 octets"):
        StatusRecord(cert_hash=b"short")


# --- extensions of the request -------------------------------------------------------


@pytest.mark.requirement("R6960-6")
@pytest.mark.parametrize(
    ("critical", "status"),
    [
        (False, OCSPResponseStatus.SUCCESSFUL),
        (True, OCSPResponseStatus.MALFORMED_REQUEST),
    ],
)
def test_unknown_extensions_are_ignored_unless_critical(
    critical: bool, status: OCSPResponseStatus
) -> None:
    """In requestExtensions and in the extensions of one certificate."""
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"\x05\x00")
    assert _answer(_request((unknown, critical))).status is status


@pytest.mark.requirement("R6960-13")
def test_a_client_that_does_not_accept_basic_responses_gets_an_error() -> None:
    """There is no other type of response."""
    other = x509.OCSPAcceptableResponses([x509.ObjectIdentifier("1.2.3.4")])
    answer = _answer(_request((other, False)))
    assert answer.status is OCSPResponseStatus.MALFORMED_REQUEST


@pytest.mark.requirement("R9654-1", "R9654-5")
def test_the_nonce_is_an_octet_string_with_the_same_identifier() -> None:
    """As in the example of RFC 9654: 04 20 and the octets."""
    answer = _answer(_request((x509.OCSPNonce(NONCE), False)))
    data = asn1.OCSPResponse.load(answer.der).response_data
    (extension,) = data["response_extensions"]
    assert extension["extn_id"].dotted == "1.3.6.1.5.5.7.48.1.2"
    assert extension["extn_value"].contents == b"\x04\x20" + NONCE
    assert answer.freshness is None


@pytest.mark.requirement("R9654-2")
@pytest.mark.parametrize("size", [0, 129, 5000])
def test_nonces_of_forbidden_lengths_are_malformed(size: int) -> None:
    """The length is that of the octets in the inner OCTET STRING."""
    answer = _answer(_request(_nonce(size)))
    assert answer.status is OCSPResponseStatus.MALFORMED_REQUEST


@pytest.mark.requirement("R9654-3", "R9654-4")
@pytest.mark.parametrize("size", [1, 15, 16, 17, 31, 32, 33, 128])
def test_nonces_are_repeated_or_left_out_by_their_length(size: int) -> None:
    """Under REQUIRE no answer is without a nonce."""
    echoed = 16 <= size <= 32
    answer = _answer(_request(_nonce(size)))
    values = [each.value for each in _response(answer).extensions]
    assert values == ([x509.OCSPNonce(bytes(size))] if echoed else [])
    required = _answer(_request(_nonce(size)), nonce=NoncePolicy.REQUIRE)
    expected = OCSPResponseStatus.UNAUTHORIZED
    if echoed:
        expected = OCSPResponseStatus.SUCCESSFUL
    assert required.status is expected


@pytest.mark.requirement("R9919-3")
def test_an_ignored_nonce_leaves_the_rest_of_the_answer() -> None:
    """RFC 9919 §3.2.1: the most complete answer; a stored one is enough."""
    responder = Responder([_authority()], nonce=NoncePolicy.IGNORE)
    step = responder.receive(_request((x509.OCSPNonce(NONCE), False)), NOW)
    assert isinstance(step, Lookup)
    assert step.stored_form is not None
    answer = responder.finish(step, [GOOD])
    assert len(_response(answer).extensions) == 0
