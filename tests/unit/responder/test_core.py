"""Test which response the responder returns to which request."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp import CertID, EncodingRules, KeySigner, OCSPCertStatus, OCSPResponseStatus
from ocsp.asn1.der import (
    OCTET_STRING,
    SEQUENCE,
    any_value,
    encode,
    encode_integer,
    encode_oid,
)
from ocsp.http import Freshness
from ocsp.responder import (
    Answer,
    Authority,
    Lookup,
    NoncePolicy,
    Responder,
    StatusQuery,
    StatusRecord,
    UnknownSerialPolicy,
)
from ocsp.responder.answer import error_response
from ocsp.responder.source import IssuerKey
from tests.pki import (
    BEGIN,
    DELEGATION,
    END,
    NOW,
    ca,
    delegate,
    delegate_signer,
    key,
    leaf,
    make,
)
from tests.property.deviations import parse

GOOD = StatusRecord()
HELD = StatusRecord.revoked(
    NOW - datetime.timedelta(hours=1), x509.ReasonFlags.certificate_hold
)
ALGORITHMS = [
    hashes.SHA1(),
    hashes.SHA224(),
    hashes.SHA256(),
    hashes.SHA384(),
    hashes.SHA512(),
]


def _request(
    *cert_ids: CertID, extensions: Sequence[tuple[x509.ExtensionType, bool]] = ()
) -> bytes:
    builder = ocsp.OCSPRequestBuilder(allow_multiple=True)
    for cert_id in cert_ids or (_id(),):
        builder = builder.add_certificate_by_id(cert_id)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.build().public_bytes(Encoding.DER)


def _id(
    serial: int = 0x1F2E,
    algorithm: hashes.HashAlgorithm = hashes.SHA256(),  # noqa: B008
) -> CertID:
    return CertID.for_serial(ca(), serial, algorithm)


def _responder(
    unlisted: UnknownSerialPolicy = UnknownSerialPolicy.UNAUTHORIZED, **options: Any
) -> Responder:
    return Responder(
        [Authority(ca(), [delegate_signer()], unlisted=unlisted)], **options
    )


def _answer(
    responder: Responder,
    der: bytes,
    records: Sequence[StatusRecord | None] = (GOOD,),
    now: datetime.datetime = NOW,
) -> Answer:
    step = responder.receive(der, now)
    return step if isinstance(step, Answer) else responder.finish(step, records)


def _error(
    responder: Responder,
    der: bytes,
    records: Sequence[StatusRecord | None] = (GOOD,),
    now: datetime.datetime = NOW,
) -> OCSPResponseStatus:
    """Return the status of the error response, which must be five octets of DER."""
    answer = _answer(responder, der, records, now)
    assert answer.der == bytes((0x30, 3, 0x0A, 1, answer.status.value))
    assert answer.freshness is None
    assert answer.cause
    return answer.status


def _response(answer: Answer) -> ocsp.OCSPResponse:
    assert answer.status is OCSPResponseStatus.SUCCESSFUL
    return ocsp.load_der_ocsp_response(answer.der)


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda each: each.name)
def test_cert_ids_of_every_hash_algorithm_are_answered(
    algorithm: hashes.HashAlgorithm,
) -> None:
    """The answer repeats the client's CertID with its hash algorithm."""
    cert_id = _id(algorithm=algorithm)
    response = _response(_answer(_responder(), _request(cert_id)))
    assert [entry.cert_id.der for entry in response.responses] == [cert_id.der]
    assert response.certificate_status is OCSPCertStatus.GOOD


def test_a_cert_id_without_parameters_is_repeated_without_them() -> None:
    """Absent and NULL parameters find the same issuer; the answer repeats them."""
    issuer = IssuerKey.of(ca())
    cert_id = encode(
        SEQUENCE,
        encode(SEQUENCE, encode_oid("2.16.840.1.101.3.4.2.1")),
        encode(OCTET_STRING, issuer.name_hash),
        encode(OCTET_STRING, issuer.key_hash),
        encode_integer(7),
    )
    der = encode(
        SEQUENCE, encode(SEQUENCE, encode(SEQUENCE, encode(SEQUENCE, cert_id)))
    )
    (entry,) = _response(_answer(_responder(), der)).responses
    assert entry.cert_id.der == cert_id


def test_the_source_is_asked_by_issuer_and_serial_number() -> None:
    """The source gets the issuer's name and key, and the whole serial number."""
    step = _responder().receive(_request(_id(7), _id(8)), NOW)
    assert isinstance(step, Lookup)
    issuer = IssuerKey.of(ca())
    assert step.queries == (StatusQuery(issuer, 7), StatusQuery(issuer, 8))


def test_the_answer_is_signed_by_the_delegate_and_names_it_by_key() -> None:
    """RFC 9919 §3.2.2: byKey, and the response includes the delegate's certificate."""
    response = _response(_answer(_responder(), _request()))
    assert response.certificates == [delegate()]
    digest = x509.SubjectKeyIdentifier.from_public_key(
        key("Test Responder").public_key()
    )
    assert response.responder_key_hash == digest.digest
    assert response.responder_name is None
    key("Test Responder").public_key().verify(
        response.signature, response.tbs_response_bytes, ec.ECDSA(hashes.SHA256())
    )


def test_a_ca_that_signs_itself_includes_no_certificate() -> None:
    """Clients have the certificate of the CA already."""
    responder = Responder([Authority(ca(), [KeySigner(key("Test CA"), ca())])])
    response = _response(_answer(responder, _request()))
    assert response.certificates == []


def test_times_follow_from_backdate_and_validity() -> None:
    """ProducedAt and thisUpdate are now - backdate; nextUpdate is now + validity."""
    hour = datetime.timedelta(hours=1)
    answer = _answer(_responder(validity=2 * hour, backdate=hour), _request())
    response = _response(answer)
    assert response.produced_at_utc == response.this_update_utc == NOW - hour
    assert response.next_update_utc == NOW + 2 * hour
    assert answer.freshness == Freshness(
        this_update=NOW - hour, next_update=NOW + 2 * hour
    )


def test_this_update_is_not_before_the_signers_certificate() -> None:
    """However long backdate is."""
    answer = _answer(_responder(backdate=datetime.timedelta(999_999)), _request())
    assert _response(answer).this_update_utc == BEGIN


def test_next_update_is_not_after_the_end_of_the_signers_certificate() -> None:
    """A response is of no use after its signer's certificate has expired."""
    late = END - datetime.timedelta(minutes=1)
    response = _response(_answer(_responder(), _request(), now=late))
    assert response.next_update_utc == END


def test_a_revoked_certificate_has_time_and_reason() -> None:
    """The response has the values that the source returned."""
    response = _response(_answer(_responder(), _request(), [HELD]))
    assert response.certificate_status is OCSPCertStatus.REVOKED
    assert response.revocation_time_utc == HELD.revocation_time
    assert response.revocation_reason is x509.ReasonFlags.certificate_hold


def test_the_reason_unspecified_is_left_out() -> None:
    """RFC 5280 §5.3.1: the reason should be absent instead of unspecified."""
    record = StatusRecord.revoked(NOW, x509.ReasonFlags.unspecified)
    assert (
        _response(_answer(_responder(), _request(), [record])).revocation_reason is None
    )


def test_a_serial_without_a_record_is_unauthorized() -> None:
    """RFC 9919 §3.2.3: the error is unsigned, so clients cannot force signatures."""
    assert _error(_responder(), _request(), [None]) is OCSPResponseStatus.UNAUTHORIZED
    pair = _request(_id(1), _id(2))
    assert _error(_responder(), pair, [GOOD, None]) is OCSPResponseStatus.UNAUTHORIZED


def test_a_serial_without_a_record_can_be_unknown() -> None:
    """The authority chooses it. Caches do not keep it: the CA may issue it soon."""
    answer = _answer(_responder(UnknownSerialPolicy.UNKNOWN), _request(), [None])
    assert _response(answer).certificate_status is OCSPCertStatus.UNKNOWN
    assert answer.freshness is None


def test_a_serial_without_a_record_can_be_revoked() -> None:
    """RFC 6960 §2.2: certificateHold since 1970, with extended-revoke, not critical."""
    answer = _answer(_responder(UnknownSerialPolicy.REVOKED), _request(), [None])
    response = _response(answer)
    assert response.certificate_status is OCSPCertStatus.REVOKED
    assert response.revocation_reason is x509.ReasonFlags.certificate_hold
    assert response.revocation_time_utc == datetime.datetime(
        1970, 1, 1, tzinfo=datetime.UTC
    )
    (extension,) = response.extensions
    assert extension.oid.dotted_string == "1.3.6.1.5.5.7.48.1.9"
    assert not extension.critical
    assert isinstance(extension.value, x509.UnrecognizedExtension)
    assert extension.value.value == b"\x05\x00"
    assert answer.freshness is None


def test_a_record_on_hold_has_no_extended_revoke() -> None:
    """extended-revoke is only for certificates that were never issued."""
    answer = _answer(_responder(UnknownSerialPolicy.REVOKED), _request(), [HELD])
    assert len(_response(answer).extensions) == 0
    assert answer.freshness is not None


def test_every_cert_id_gets_an_entry() -> None:
    """RFC 6960 §4.2.2.3; also if two CertIDs name the same certificate."""
    ids = [_id(1), _id(1, hashes.SHA1()), _id(2)]
    response = _response(_answer(_responder(), _request(*ids), [GOOD, GOOD, HELD]))
    assert [entry.cert_id for entry in response.responses] == ids
    assert [entry.certificate_status for entry in response.responses] == [
        OCSPCertStatus.GOOD,
        OCSPCertStatus.GOOD,
        OCSPCertStatus.REVOKED,
    ]


def test_an_issuer_that_is_not_served_is_unauthorized() -> None:
    """Another name, another key, or together with an issuer that is served."""
    other = ca("Other CA")
    foreign = CertID.for_serial(other, 1, hashes.SHA256())
    rekeyed = make("Test CA", "Test CA", public=key("new key"), signer=key("new key"))
    same_name = CertID.for_serial(rekeyed, 1, hashes.SHA256())
    for ids in ([foreign], [same_name], [_id(), foreign], [foreign, _id()]):
        assert _error(_responder(), _request(*ids)) is OCSPResponseStatus.UNAUTHORIZED


def test_authorities_with_one_name_and_two_keys_are_distinct() -> None:
    """A CA keeps its name when it gets a new key; each key has its own signer."""
    rekeyed = make("Test CA", "Test CA", public=key("new key"), signer=key("new key"))
    new = KeySigner(key("new key"), rekeyed)
    responder = Responder(
        [Authority(ca(), [delegate_signer()]), Authority(rekeyed, [new])]
    )
    cert_id = CertID.for_serial(rekeyed, 1, hashes.SHA256())
    step = responder.receive(_request(cert_id), NOW)
    assert isinstance(step, Lookup)
    assert step.queries[0].issuer == IssuerKey.of(rekeyed)
    assert step.authority.signers == (new,)
    both = _request(cert_id, _id())
    assert _error(responder, both) is OCSPResponseStatus.UNAUTHORIZED


def test_an_unknown_hash_algorithm_is_unauthorized() -> None:
    """A CertID with an unknown hash algorithm names no authority."""
    der = _request(_id()).replace(
        b"\x60\x86\x48\x01\x65\x03\x04\x02\x01", b"\x60\x86\x48\x01\x65\x03\x04\x02\x7f"
    )
    assert _error(_responder(), der) is OCSPResponseStatus.UNAUTHORIZED


@pytest.mark.parametrize(
    "der", [b"", b"\x30", b"garbage", b"\x30\x00", bytes(5000), b"\x30\x80" * 3000]
)
def test_garbage_is_malformed(der: bytes) -> None:
    """The answer is the same error of five octets for any malformed input."""
    assert _error(_responder(), der) is OCSPResponseStatus.MALFORMED_REQUEST


def test_a_request_with_too_many_certificates_is_malformed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The limit is a constant in ``ocsp.limits``, and the cause names it."""
    monkeypatch.setattr(ocsp.limits, "MAX_REQUEST_CERTIFICATES", 2)
    der = _request(_id(1), _id(2), _id(3))
    answer = _answer(_responder(), der)
    assert answer.status is OCSPResponseStatus.MALFORMED_REQUEST
    assert "MAX_REQUEST_CERTIFICATES" in answer.cause


def _unknown(dotted: str = "1.2.3.4") -> x509.UnrecognizedExtension:
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(dotted), b"\x05\x00")


def test_an_unknown_extension_is_ignored_unless_critical() -> None:
    """RFC 6960 §4.1.2."""
    tolerated = _request(extensions=[(_unknown(), False)])
    assert _answer(_responder(), tolerated).status is OCSPResponseStatus.SUCCESSFUL
    refused = _request(extensions=[(_unknown(), True)])
    assert _error(_responder(), refused) is OCSPResponseStatus.MALFORMED_REQUEST


def test_known_extensions_may_be_critical() -> None:
    """The responder knows Nonce and AcceptableResponses."""
    basic = x509.OCSPAcceptableResponses(
        [x509.ObjectIdentifier("1.3.6.1.5.5.7.48.1.1")]
    )
    der = _request(extensions=[(x509.OCSPNonce(bytes(16)), True), (basic, True)])
    assert _answer(_responder(), der).status is OCSPResponseStatus.SUCCESSFUL


def test_acceptable_responses_without_the_basic_type_are_malformed() -> None:
    """RFC 6960 §4.4.3: clients must be able to process the basic response type."""
    other = x509.OCSPAcceptableResponses([x509.ObjectIdentifier("1.2.3.4")])
    der = _request(extensions=[(other, False)])
    assert _error(_responder(), der) is OCSPResponseStatus.MALFORMED_REQUEST


@pytest.mark.parametrize(
    ("size", "echoed"),
    [(1, False), (15, False), (16, True), (32, True), (33, False), (128, False)],
)
def test_nonces_of_16_to_32_octets_are_echoed(size: int, echoed: bool) -> None:
    """RFC 9654 §2.1: a responder must accept these lengths and may ignore others."""
    nonce = bytes(range(size))
    answer = _answer(
        _responder(), _request(extensions=[(x509.OCSPNonce(nonce), False)])
    )
    values = [extension.value for extension in _response(answer).extensions]
    assert values == ([x509.OCSPNonce(nonce)] if echoed else [])
    assert (answer.freshness is None) == echoed


@pytest.mark.parametrize("size", [0, 129, 1000])
def test_a_nonce_of_a_forbidden_length_is_malformed(size: int) -> None:
    """RFC 9654 §2.1 allows 1 to 128 octets."""
    der = _request(extensions=[(x509.OCSPNonce(bytes(size)), False)])
    assert _error(_responder(), der) is OCSPResponseStatus.MALFORMED_REQUEST


def test_nonces_can_be_ignored() -> None:
    """RFC 9919 §3.2.1: the answer has no nonce, and caches may store it."""
    der = _request(extensions=[(x509.OCSPNonce(bytes(16)), False)])
    answer = _answer(_responder(nonce=NoncePolicy.IGNORE), der)
    assert len(_response(answer).extensions) == 0
    assert answer.freshness is not None


def test_nonces_can_be_required() -> None:
    """A request without a nonce gets *unauthorized*; one with a nonce is answered."""
    responder = _responder(nonce=NoncePolicy.REQUIRE)
    assert _error(responder, _request()) is OCSPResponseStatus.UNAUTHORIZED
    der = _request(extensions=[(x509.OCSPNonce(bytes(16)), False)])
    assert _answer(responder, der).status is OCSPResponseStatus.SUCCESSFUL


def test_the_first_valid_signer_of_an_issuer_signs() -> None:
    """An issuer has two signers while one of them is being replaced."""
    ended = make(
        "Old Responder",
        "Test CA",
        end=NOW - datetime.timedelta(hours=1),
        extensions=DELEGATION,
    )
    old = KeySigner(key("Old Responder"), ended)
    both = Responder([Authority(ca(), [old, delegate_signer()])])
    assert _response(_answer(both, _request())).certificates == [delegate()]
    alone = Responder([Authority(ca(), [old])])
    assert _error(alone, _request()) is OCSPResponseStatus.TRY_LATER


class _BrokenSigner:
    certificate = delegate()
    algorithm_identifier = delegate_signer().algorithm_identifier

    def sign(self, data: bytes) -> bytes:
        raise ocsp.errors.SignerUnavailable("token removed")


def test_a_signer_that_fails_is_try_later() -> None:
    """The client may retry; the answer does not contain the cause."""
    responder = Responder([Authority(ca(), [_BrokenSigner()])])
    assert _error(responder, _request()) is OCSPResponseStatus.TRY_LATER


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ocsp.errors.DERError("x"), OCSPResponseStatus.MALFORMED_REQUEST),
        (ocsp.errors.LimitExceeded("x", 2, 1), OCSPResponseStatus.MALFORMED_REQUEST),
        (ocsp.errors.UnknownIssuer("x"), OCSPResponseStatus.UNAUTHORIZED),
        (ocsp.errors.SourceUnavailable("x"), OCSPResponseStatus.TRY_LATER),
        (ocsp.errors.SignerUnavailable("x"), OCSPResponseStatus.TRY_LATER),
        (ocsp.errors.StoreError("x"), OCSPResponseStatus.INTERNAL_ERROR),
        (RuntimeError(), OCSPResponseStatus.INTERNAL_ERROR),
    ],
)
def test_error_response_maps_exceptions_to_statuses(
    error: Exception, status: OCSPResponseStatus
) -> None:
    """RFC 6960 §2.3; an unexpected exception is internalError."""
    assert error_response(error).status is status


@pytest.mark.parametrize(
    ("make_it", "key_name"),
    [
        (lambda: Responder([]), "authorities"),
        (lambda: _responder(validity=datetime.timedelta()), "validity"),
        (lambda: _responder(backdate=datetime.timedelta(-1)), "backdate"),
    ],
)
def test_invalid_settings_are_configuration_errors(
    make_it: Callable[[], Responder], key_name: str
) -> None:
    """The constructor raises, not the first request."""
    with pytest.raises(ocsp.ConfigError) as refused:
        make_it()
    assert refused.value.key == key_name


def test_the_signature_of_a_request_is_ignored() -> None:
    """RFC 9919 §3.1.2: the responder may ignore it."""
    der = _request()
    signature = bytes.fromhex("a0 0e 30 0c 30 05 06 03 2b 65 70 03 03 00 01 02")
    _, start, stop = any_value(der, 0, len(der), "")
    signed = encode(SEQUENCE, der[start:stop], signature)
    assert _answer(_responder(), signed).status is OCSPResponseStatus.SUCCESSFUL


def test_cert_ids_from_a_certificate_and_from_its_serial_number_are_equal() -> None:
    """A CertID of the certificate finds the record of its serial number."""
    by_certificate = CertID.for_certificate(leaf(), ca(), hashes.SHA256())
    assert by_certificate == _id()


# --- requests that are not DER ---------------------------------------------------

VERSION_1 = b"\xa0\x03\x02\x01\x00"


def _with_version(der: bytes) -> bytes:
    """Return the request *der* as macOS encodes it, with its version."""
    root = parse(der)
    tbs = root.children[0]
    tbs.children.insert(0, parse(encode(0x30, VERSION_1)).children[0])
    return root.encode()


def test_a_request_of_macos_is_answered() -> None:
    """Version v1 is encoded; the nonce is echoed, and the deviation is recorded."""
    nonce = x509.OCSPNonce(b"n" * 32)
    der = _with_version(_request(extensions=[(nonce, False)]))
    lookup = _responder().receive(der, NOW)
    assert isinstance(lookup, Lookup)
    (deviation,) = lookup.tolerated
    assert deviation.message == "the default version v1 is encoded"
    response = ocsp.load_der_ocsp_response(_answer(_responder(), der).der)
    assert response.serial_number == 0x1F2E
    assert nonce in [each.value for each in response.extensions]


def test_the_answer_to_a_request_in_ber_is_der() -> None:
    """The CertID too, which the response repeats."""
    root = parse(_request())
    for node in root.walk():
        if node.tag == 0x30:
            node.length = lambda body: b"\x80" + body + b"\0\0"
    response = ocsp.load_der_ocsp_response(_answer(_responder(), root.encode()).der)
    (entry,) = response.responses
    assert entry.cert_id.der == _id().der


def test_a_signed_request_that_is_not_der_is_answered() -> None:
    """The signature is not necessary, and may be in BER."""
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_id(_id())
    builder = builder.requestor_name(x509.RFC822Name("me@example.com"))
    signed = builder.sign_with(delegate_signer())
    der = _with_version(signed.public_bytes(Encoding.DER))
    assert _answer(_responder(), der).status is OCSPResponseStatus.SUCCESSFUL


def test_a_responder_may_refuse_what_is_not_der() -> None:
    """Then it is *malformedRequest*; so is always what no reader accepts."""
    strict = _responder(encoding=EncodingRules.DER)
    der = _with_version(_request())
    assert _error(strict, der) is OCSPResponseStatus.MALFORMED_REQUEST
    assert _error(_responder(), der + b"\0") is OCSPResponseStatus.MALFORMED_REQUEST


@pytest.mark.parametrize("encoding", ["tolerant", None, True])
def test_the_encoding_is_a_member_of_its_enumeration(encoding: object) -> None:
    """The error comes at once, not with the first request."""
    with pytest.raises(TypeError, match="EncodingRules"):
        _responder(encoding=encoding)
