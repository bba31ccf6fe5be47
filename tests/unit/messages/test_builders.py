"""Builders: compared with ``cryptography`` by argument and by octet."""

from __future__ import annotations

import copy
import datetime
import hashlib
import itertools
import time
import zoneinfo
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from types import ModuleType
from typing import Any

import cryptography
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp as original
from hypothesis import given
from hypothesis import strategies as st

import ocsp
from ocsp import (
    BuildError,
    CertID,
    OCSPCertStatus,
    OCSPRequestBuilder,
    OCSPResponderEncoding,
    OCSPResponseBuilder,
    OCSPResponseStatus,
    limits,
)
from ocsp.asn1.der import encode
from tests.pki import NOW, ca, delegate, key, leaf, make, name

SHA1, SHA256 = hashes.SHA1(), hashes.SHA256()
DAY = datetime.timedelta(days=1)
GOOD: tuple[Any, ...] = (OCSPCertStatus.GOOD, NOW, NOW + DAY, None, None)
REVOKED: tuple[Any, ...] = (
    OCSPCertStatus.REVOKED,
    NOW,
    NOW + DAY,
    NOW - DAY,
    x509.ReasonFlags.key_compromise,
)


def _der(message: Any) -> bytes:
    return bytes(message.public_bytes(Encoding.DER))


def _id(serial: int = 7) -> CertID:
    return CertID.for_serial(ca(), serial, SHA256)


def _ready() -> OCSPResponseBuilder:
    """Return a builder that can sign with the key of the test CA."""
    builder = OCSPResponseBuilder().add_response_by_id(_id(), *GOOD).produced_at(NOW)
    return builder.responder_id(OCSPResponderEncoding.HASH, ca())


def _unrecognized(last: int, value: bytes = b"\x05\x00") -> x509.UnrecognizedExtension:
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(f"1.2.3.{last}"), value)


UTC_OR_NONE: Any = st.sampled_from([None, datetime.UTC])
ZONES: Any = st.none() | st.timezones()


# --- invalid arguments, and the order of the checks ------------------------------

ALGORITHMS = (SHA1, hashes.SHA3_256(), hashes.SHA1, "notahash", None)
OCTETS = (bytes(20), bytes(19), "x" * 20, bytearray(20))
MOMENTS = (NOW, NOW.replace(tzinfo=None), None, "x", NOW.replace(year=1))
STATUSES = (*original.OCSPCertStatus, 0)
REASONS = (None, x509.ReasonFlags.superseded, 0)
CERTIFICATES = ("leaf", "x", None)
ISSUERS = ("ca", "x", None)
ENUMS = ("OCSPCertStatus", "OCSPResponderEncoding", "OCSPResponseStatus")
ARGUMENTS: dict[tuple[str, str], tuple[Iterable[object], ...]] = {
    ("OCSPRequestBuilder", "add_certificate"): (CERTIFICATES, ISSUERS, ALGORITHMS),
    ("OCSPRequestBuilder", "add_certificate_by_hash"): (
        OCTETS,
        OCTETS,
        (7, 0, True, 2**160, "7", 7.0, None),
        ALGORITHMS,
    ),
    ("OCSPRequestBuilder", "add_extension"): (
        (x509.OCSPNonce(b"x"), "x", None),
        (True, False, 0, None),
    ),
    ("OCSPResponseBuilder", "add_response"): (
        ("leaf", "x"),
        ("ca", "x"),
        ALGORITHMS[2:],
        STATUSES,
        MOMENTS,
        MOMENTS[1:4],
        MOMENTS[1:4],
        REASONS,
    ),
    ("OCSPResponseBuilder", "add_response_by_hash"): (
        OCTETS[:3],
        OCTETS[:3],
        (7, "7"),
        ALGORITHMS[:4],
        STATUSES[1:],
        MOMENTS[1:4],
        MOMENTS[2:4],
        MOMENTS[1:4],
        REASONS,
    ),
    ("OCSPResponseBuilder", "certificates"): (
        ((), ("ca",), ("ca", "x"), "x", None, 5, "ca"),
    ),
    ("OCSPResponseBuilder", "responder_id"): (
        (*original.OCSPResponderEncoding, "x", None),
        ("ca", "x", None),
    ),
    ("OCSPResponseBuilder", "add_extension"): (
        (x509.OCSPNonce(b"x"), "x", None),
        (True, False, 0, None),
    ),
    ("OCSPResponseBuilder", "build_unsuccessful"): (
        (*original.OCSPResponseStatus, 0, None),
    ),
}


def _of(module: ModuleType, value: Any) -> Any:
    """Return *value* for *module*: its own enum members, and certificates by name."""
    if isinstance(value, tuple):
        return [_of(module, each) for each in value]
    if type(value).__name__ in ENUMS:
        return getattr(getattr(module, type(value).__name__), value.name)
    named: dict[str, Callable[[], x509.Certificate]] = {"ca": ca, "leaf": leaf}
    return named[value]() if isinstance(value, str) and value in named else value


def _refusal(action: Callable[..., object], arguments: list[Any]) -> type | None:
    """Return the built-in exception class that *action* raises."""
    try:
        action(*arguments)
    except Exception as error:
        known = (TypeError, ValueError, NotImplementedError)
        return next((kind for kind in known if isinstance(error, kind)), type(error))
    return None


@pytest.mark.parametrize(("builder", "method"), ARGUMENTS, ids=str)
def test_arguments_are_checked_as_in_cryptography(builder: str, method: str) -> None:
    """All combinations, because the order of the checks decides which error comes."""
    if not hasattr(getattr(original, builder), method):
        pytest.skip(f"cryptography {cryptography.__version__} has no {method}")
    ours = getattr(getattr(ocsp, builder)(), method)
    theirs = getattr(getattr(original, builder)(), method)
    different = [
        arguments
        for arguments in itertools.product(*ARGUMENTS[builder, method])
        if _refusal(ours, [_of(ocsp, each) for each in arguments])
        is not _refusal(theirs, [_of(original, each) for each in arguments])
    ]
    assert different == []


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((b"", b"", "7", None), TypeError),
        (("", b"", 7, "notahash"), BuildError),
        (("", bytes(20), 7, SHA1), TypeError),
        ((b"", bytes(20), 7, SHA1), BuildError),
    ],
)
def test_a_request_by_hash_checks_serial_algorithm_octets_length(
    arguments: tuple[Any, ...], error: type[Exception]
) -> None:
    """In the order of ``cryptography``: the first fault is raised."""
    with pytest.raises(error):
        OCSPRequestBuilder().add_certificate_by_hash(*arguments)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("", b"", "7", "notahash"), TypeError),
        (("", b"", 7, "notahash"), TypeError),
        ((b"", b"", 7, "notahash"), BuildError),
        ((b"", bytes(20), 7, SHA1), BuildError),
    ],
)
def test_a_response_by_hash_checks_serial_octets_algorithm_length(
    arguments: tuple[Any, ...], error: type[Exception]
) -> None:
    """In the order of ``cryptography``, which differs from that for requests."""
    with pytest.raises(error):
        OCSPResponseBuilder().add_response_by_hash(*arguments, *GOOD)


def test_a_negative_serial_number_is_refused_when_it_is_added() -> None:
    """``cryptography`` refuses it too, but only in ``build``."""
    arguments: tuple[Any, ...] = (bytes(20), bytes(20), -1, SHA1)
    with pytest.raises(BuildError, match="must not be negative"):
        OCSPRequestBuilder().add_certificate_by_hash(*arguments)
    with pytest.raises(BuildError, match="must not be negative"):
        OCSPResponseBuilder().add_response_by_hash(*arguments, *GOOD)
    theirs = original.OCSPRequestBuilder().add_certificate_by_hash(*arguments)
    with pytest.raises((ValueError, OverflowError)):
        theirs.build()


@pytest.mark.parametrize("wrong", [None, b"", "x", leaf])
def test_by_id_takes_a_certid_only(wrong: Any) -> None:
    """A TypeError, as for other arguments of a wrong type."""
    with pytest.raises(TypeError, match="must be a CertID"):
        OCSPRequestBuilder().add_certificate_by_id(wrong)
    with pytest.raises(TypeError, match="must be a CertID"):
        OCSPResponseBuilder().add_response_by_id(wrong, *GOOD)


def test_setting_a_field_twice_is_refused() -> None:
    """responderID, certificates, and each extension."""
    builder = _ready().certificates([ca()]).add_extension(x509.OCSPNonce(b"x"), False)
    with pytest.raises(BuildError, match="responder_id can only be set once"):
        builder.responder_id(OCSPResponderEncoding.NAME, ca())
    with pytest.raises(BuildError, match="certificates may only be set once"):
        builder.certificates([])
    again = r"^This extension has already been set\.$"
    with pytest.raises(BuildError, match=again):
        builder.add_extension(x509.OCSPNonce(b"y"), True)
    asked = OCSPRequestBuilder().add_extension(x509.OCSPNonce(b"x"), False)
    with pytest.raises(BuildError, match=again):
        asked.add_extension(x509.OCSPNonce(b"y"), True)


def test_certificates_may_come_from_any_iterable() -> None:
    """The builder reads them once; later changes of a list do not affect it."""
    mine = [ca(), delegate()]
    from_list = _ready().certificates(mine)
    mine.clear()
    from_generator = _ready().certificates(each for each in (ca(), delegate()))
    for builder in (from_list, from_generator):
        signed = builder.sign(key("Test CA"), SHA256)
        assert signed.certificates == [ca(), delegate()]


def test_the_time_of_production_is_a_datetime() -> None:
    """A date or a text is a TypeError; the last call decides."""
    wrong: Any
    for wrong in (NOW.date(), "20260701120000Z", None, 0):
        with pytest.raises(TypeError, match="must be a datetime"):
            OCSPResponseBuilder().produced_at(wrong)
    signed = _ready().produced_at(NOW + DAY).sign(key("Test CA"), SHA256)
    assert signed.produced_at_utc == NOW + DAY


# --- signing ---------------------------------------------------------------------


def test_missing_fields_are_reported_before_a_wrong_key() -> None:
    """First the entry, then responderID, then the key."""
    wrong: Any = "no key"
    builder = OCSPResponseBuilder()
    with pytest.raises(BuildError, match=r"^You must add a response before signing$"):
        builder.sign(wrong, SHA256)
    builder = builder.add_response_by_id(_id(), *GOOD)
    missing = r"^You must add a responder_id before signing$"
    with pytest.raises(BuildError, match=missing):
        builder.sign(wrong, SHA256)
    builder = builder.responder_id(OCSPResponderEncoding.HASH, ca())
    with pytest.raises(TypeError, match="Key must be"):
        builder.sign(wrong, SHA256)


def test_the_key_is_compared_with_the_certificate_last() -> None:
    """A wrong hash is reported before a wrong key, as in ``cryptography``."""
    other = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(TypeError):
        _ready().sign(other, None)
    with pytest.raises(ValueError, match="do not match"):
        _ready().sign(other, SHA256)


def test_one_builder_signs_many_times() -> None:
    """Signing does not change the builder."""
    builder = _ready()
    first, second = (builder.sign(key("Test CA"), SHA256) for _ in range(2))
    assert first.tbs_response_bytes == second.tbs_response_bytes


@pytest.mark.parametrize("status", list(OCSPResponseStatus)[1:])
def test_an_error_response_has_five_octets(
    status: OCSPResponseStatus,
) -> None:
    """``30 03 0A 01 nn``, and it loads with the same status."""
    built = OCSPResponseBuilder.build_unsuccessful(status)
    assert _der(built) == bytes((0x30, 0x03, 0x0A, 0x01, status.value))
    assert built.response_status is status
    assert built == ocsp.load_der_ocsp_response(_der(built))


# --- the octets ------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", [SHA1, SHA256], ids=lambda each: each.name)
def test_the_name_hash_is_that_of_the_issuer_in_the_certificate(
    algorithm: hashes.HashAlgorithm,
) -> None:
    """Not that of the subject of the given issuer certificate."""
    child = make("child", "Test CA", serial=5)
    other = ca("Other CA")
    request = OCSPRequestBuilder().add_certificate(child, other, algorithm).build()
    builder = OCSPResponseBuilder().add_response(child, other, algorithm, *GOOD)
    builder = builder.responder_id(OCSPResponderEncoding.HASH, ca())
    response = builder.sign(key("Test CA"), SHA256)
    point = key("Other CA").public_key()
    bits = point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    for message in (request, response):
        hashed = hashlib.new(algorithm.name, name("Test CA").public_bytes()).digest()
        assert message.issuer_name_hash == hashed
        assert message.issuer_key_hash == hashlib.new(algorithm.name, bits).digest()


@pytest.mark.parametrize("algorithm", [SHA1, SHA256], ids=lambda each: each.name)
def test_a_responder_by_key_is_named_by_sha1(algorithm: hashes.HashAlgorithm) -> None:
    """RFC 6960 §4.2.1: always SHA-1, with any hash in the CertID."""
    builder = OCSPResponseBuilder().add_response(leaf(), ca(), algorithm, *GOOD)
    builder = builder.responder_id(OCSPResponderEncoding.HASH, ca())
    response = builder.sign(key("Test CA"), SHA256)
    bits = key("Test CA").public_key()
    point = bits.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    assert response.responder_key_hash == hashlib.sha1(point).digest()
    assert response.responder_name is None


def test_a_responder_by_name_is_named_by_its_subject() -> None:
    """And has no key hash."""
    builder = OCSPResponseBuilder().add_response_by_id(_id(), *GOOD)
    builder = builder.responder_id(OCSPResponderEncoding.NAME, delegate())
    response = builder.sign(key("Test Responder"), SHA256)
    assert response.responder_name == delegate().subject
    assert response.responder_key_hash is None


def test_a_reason_is_the_member_itself() -> None:
    """Each reason that RFC 5280 numbers, compared with ``is``."""
    for reason in x509.ReasonFlags:
        builder = OCSPResponseBuilder().add_response_by_id(
            _id(), OCSPCertStatus.REVOKED, NOW, None, NOW, reason
        )
        builder = builder.responder_id(OCSPResponderEncoding.HASH, ca())
        assert builder.sign(key("Test CA"), SHA256).revocation_reason is reason


def test_optional_fields_are_absent_by_default() -> None:
    """No version, extensions, nextUpdate or reason; the test counts every octet."""
    builder = (
        OCSPResponseBuilder()
        .produced_at(NOW)
        .add_response_by_id(_id(), OCSPCertStatus.REVOKED, NOW, None, NOW, None)
    )
    builder = builder.responder_id(OCSPResponderEncoding.HASH, ca())
    signed = builder.sign(key("Test CA"), SHA256)
    moment = encode(0x18, b"20260701120000Z")
    entry = encode(0x30, _id().der, encode(0xA1, moment), moment)
    signer = encode(0xA2, encode(0x04, signed.responder_key_hash or b""))
    written = encode(0x30, signer, moment, encode(0x30, entry))
    assert signed.tbs_response_bytes == written
    assert _der(signed).endswith(signed.signature)


def test_many_entries_keep_their_order_in_both_messages() -> None:
    """Every method of the builder keeps ``allow_multiple``."""
    asked = OCSPRequestBuilder(allow_multiple=True).add_certificate(leaf(), ca(), SHA1)
    asked = asked.add_extension(x509.OCSPNonce(b"x"), False)
    asked = asked.add_certificate_by_hash(bytes(20), bytes(20), 2, SHA1)
    asked = asked.add_certificate_by_id(_id(3))
    said = OCSPResponseBuilder(allow_multiple=True).produced_at(NOW)
    said = said.add_response(leaf(), ca(), SHA1, *GOOD)
    said = said.responder_id(OCSPResponderEncoding.HASH, ca()).certificates([ca()])
    said = said.add_response_by_hash(bytes(20), bytes(20), 2, SHA1, *REVOKED)
    said = said.add_extension(x509.OCSPNonce(b"x"), False)
    said = said.add_response_by_id(_id(3), *GOOD)
    requests, signed = asked.build().requests, said.sign(key("Test CA"), SHA256)
    expected = [leaf().serial_number, 2, 3]
    assert [each.serial_number for each in requests] == expected
    assert [each.serial_number for each in signed.responses] == expected
    answered = [each.cert_id for each in signed.responses]
    assert answered == [each.cert_id for each in requests]


def test_one_entry_of_a_builder_for_many_is_an_ordinary_message() -> None:
    """``allow_multiple`` does not change the octets."""
    many = OCSPRequestBuilder(allow_multiple=True).add_certificate_by_id(_id()).build()
    assert many == OCSPRequestBuilder().add_certificate_by_id(_id()).build()
    assert ocsp.load_der_ocsp_request(_der(many)).serial_number == 7


def test_one_certificate_may_have_entries_with_several_hashes() -> None:
    """RFC 9919 §3.2.1: SHA-1 for old clients, SHA-256 for new ones."""
    builder = OCSPResponseBuilder(allow_multiple=True)
    for algorithm in (SHA1, SHA256):
        builder = builder.add_response(leaf(), ca(), algorithm, *REVOKED)
    builder = builder.responder_id(OCSPResponderEncoding.HASH, ca())
    signed = builder.sign(key("Test CA"), SHA256)
    loaded = ocsp.load_der_ocsp_response(_der(signed))
    entries = list(loaded.responses)
    assert [each.hash_algorithm.name for each in entries] == ["sha1", "sha256"]
    assert all(each.cert_id.matches(leaf(), ca()) for each in entries)
    assert all(each.revocation_time_utc == NOW - DAY for each in entries)
    with pytest.raises(
        ocsp.errors.MultipleResponsesError, match="2 SINGLERESP structures"
    ):
        _ = loaded.certificate_status


def test_every_entry_keeps_its_own_extensions() -> None:
    """In order, with their criticality; entries without extensions have none."""
    reason = x509.CRLReason(x509.ReasonFlags.superseded)
    lists: list[list[Any]] = [
        [ocsp.ArchiveCutoff(NOW), reason],
        [],
        [x509.Extension(ocsp.CRLReference.oid, True, ocsp.CRLReference(number=3))],
    ]
    builder = OCSPResponseBuilder(allow_multiple=True)
    for serial, extensions in enumerate(lists):
        builder = builder.add_response_by_id(
            _id(serial), *GOOD, single_extensions=extensions
        )
    builder = builder.responder_id(OCSPResponderEncoding.HASH, ca())
    signed = builder.sign(key("Test CA"), SHA256)
    first, second, third = ocsp.load_der_ocsp_response(_der(signed)).responses
    assert [each.value for each in first.single_extensions] == lists[0]
    assert [each.critical for each in first.single_extensions] == [False, False]
    assert list(second.single_extensions) == []
    assert list(third.single_extensions) == lists[2]


@pytest.mark.parametrize(
    "empty",
    [(), [], iter(()), x509.Extensions([])],
    ids=lambda each: type(each).__name__,
)
def test_no_empty_list_is_ever_written(empty: Any) -> None:
    """X.690 and RFC 5280 §4.1: a list that is present is not empty."""
    asked = OCSPRequestBuilder().add_certificate_by_id(_id())
    also = OCSPRequestBuilder().add_certificate_by_id(_id(), single_extensions=empty)
    assert _der(also.build()) == _der(asked.build())
    named = also.requestor_name(x509.DirectoryName(name("x")))
    signed = named.sign(key("x"), SHA256, empty)
    assert not _der(signed).endswith(encode(0xA0, encode(0x30)))
    assert signed.certificates == []
    built = OCSPResponseBuilder().produced_at(NOW)
    built = built.responder_id(OCSPResponderEncoding.HASH, ca())
    plain = built.add_response_by_id(_id(), *GOOD).sign(key("Test CA"), SHA256)
    single = built.add_response_by_id(_id(), *GOOD, single_extensions=empty)
    tbs = single.sign(key("Test CA"), SHA256).tbs_response_bytes
    assert tbs == plain.tbs_response_bytes
    batch = built.batch(ocsp.KeySigner(key("Test CA"), ca()))
    batched = ocsp.load_der_ocsp_response(
        batch.sign(_id(), *GOOD[:3], single_extensions=empty)
    )
    assert batched.tbs_response_bytes == plain.tbs_response_bytes
    assert batched.certificates == plain.certificates == []


def test_all_ways_to_name_a_certificate_go_into_one_message() -> None:
    """By certificate, by hashes and by CertID, up to the limit."""
    one = CertID.for_certificate(leaf(), ca(), SHA256)
    hashed = (one.issuer_name_hash, one.issuer_key_hash, one.serial_number, SHA256)
    request = (
        OCSPRequestBuilder(allow_multiple=True)
        .add_certificate(leaf(), ca(), SHA256)
        .add_certificate_by_hash(*hashed)
        .add_certificate_by_id(one)
        .build()
    )
    assert [each.cert_id.der for each in request.requests] == [one.der] * 3
    response = (
        OCSPResponseBuilder(allow_multiple=True)
        .add_response(leaf(), ca(), SHA256, *GOOD)
        .add_response_by_hash(*hashed, *GOOD)
        .add_response_by_id(one, *GOOD)
        .responder_id(OCSPResponderEncoding.HASH, ca())
        .sign(key("Test CA"), SHA256)
    )
    assert [each.cert_id.der for each in response.responses] == [one.der] * 3


def test_no_method_changes_the_builder_it_is_called_on() -> None:
    """It builds the same before and after the call."""
    request = OCSPRequestBuilder(allow_multiple=True).add_certificate_by_id(_id())
    asked = request.build()
    request.add_extension(x509.OCSPNonce(b"x"), False)
    request.add_certificate_by_id(_id(8))
    assert request.build() == asked
    response = _ready()
    before = response.sign(key("Test CA"), SHA256).tbs_response_bytes
    response.add_extension(x509.OCSPNonce(b"x"), False)
    response.produced_at(NOW + DAY)
    response.certificates([ca()])
    signed = response.sign(key("Test CA"), SHA256)
    assert signed.tbs_response_bytes == before
    assert signed.certificates == []


def test_a_copied_builder_builds_the_same() -> None:
    """With ``copy`` and with ``deepcopy``."""
    request = OCSPRequestBuilder().add_certificate_by_id(_id())
    response = _ready()
    for copied in (copy.copy, copy.deepcopy):
        assert copied(request).build() == request.build()
        signed = copied(response).sign(key("Test CA"), SHA256)
        again = response.sign(key("Test CA"), SHA256)
        assert signed.tbs_response_bytes == again.tbs_response_bytes


def test_more_certificates_than_the_cache_holds_are_identified(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The cache returns the values of the right certificate."""
    monkeypatch.setattr(ocsp.limits, "MAX_CACHE_BYTES", 1 << 14)
    template = [make("many", "Test CA", serial=n + 1) for n in range(20)]
    for twice in (template, reversed(template)):
        for cert in twice:
            built = OCSPRequestBuilder().add_certificate(cert, ca(), SHA1).build()
            assert built.serial_number == cert.serial_number


# --- times -----------------------------------------------------------------------


def _stamped(moment: datetime.datetime) -> ocsp.OCSPResponse:
    builder = OCSPResponseBuilder().add_response_by_id(
        _id(), OCSPCertStatus.REVOKED, moment, moment, moment, None
    )
    builder = builder.produced_at(moment)
    builder = builder.responder_id(OCSPResponderEncoding.HASH, ca())
    return builder.sign(key("Test CA"), SHA256)


def _times(response: ocsp.OCSPResponse) -> set[datetime.datetime | None]:
    return {
        response.produced_at_utc,
        response.this_update_utc,
        response.next_update_utc,
        response.revocation_time_utc,
    }


def test_both_passes_of_a_repeated_hour_are_distinct() -> None:
    """When clocks go back, ``fold`` distinguishes two equal datetimes."""
    zone = zoneinfo.ZoneInfo("Europe/Berlin")
    first = datetime.datetime(2025, 10, 26, 2, 30, tzinfo=zone)
    second = first.replace(fold=1)
    for moment in (first, second, first):
        assert _times(_stamped(moment)) == {moment.astimezone(datetime.UTC)}


class _NoOffset(datetime.tzinfo):
    """A time zone without an offset, which makes a datetime naive."""

    def utcoffset(self, when: datetime.datetime | None) -> None:
        """Return ``None``."""

    def dst(self, when: datetime.datetime | None) -> None:
        """Return ``None``."""

    def tzname(self, when: datetime.datetime | None) -> None:
        """Return ``None``."""


@pytest.fixture
def west_of_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run a test on a machine four hours west of UTC."""
    with monkeypatch.context() as changed:
        changed.setenv("TZ", "<-04>4")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("west_of_utc")
def test_the_time_zone_of_the_machine_does_not_matter() -> None:
    """A naive datetime is UTC, wherever the program runs."""
    assert time.timezone == 4 * 60 * 60
    for minute, zone in ((17, None), (18, _NoOffset())):
        moment = NOW.replace(minute=minute)
        assert _times(_stamped(moment.replace(tzinfo=zone))) == {moment}


@given(
    st.datetimes(
        min_value=NOW.replace(year=1, tzinfo=None),
        max_value=NOW.replace(year=9999, tzinfo=None),
        timezones=ZONES,
        allow_imaginary=False,
    )
)
def test_any_time_is_written_in_whole_seconds_of_utc(moment: datetime.datetime) -> None:
    """For any time zone, and any year that the format allows."""
    utc = moment.replace(tzinfo=datetime.UTC)
    if moment.tzinfo is not None:
        utc = moment.astimezone(datetime.UTC)
    assert _times(_stamped(moment)) == {utc.replace(microsecond=0)}


# --- limits ----------------------------------------------------------------------

TOO_MUCH = (BuildError, ocsp.errors.LimitExceeded)


def _extended(builder: Any, count: int, size: int = 2) -> Any:
    """Return *builder* with *count* extensions of *size* octets."""
    for last in range(count):
        builder = builder.add_extension(_unrecognized(last, bytes(size)), False)
    return builder


@pytest.mark.parametrize(("count", "size"), [(3, 2), (1, 1024)])
def test_a_response_over_a_limit_is_not_signed(
    monkeypatch: pytest.MonkeyPatch, count: int, size: int
) -> None:
    """Too many extensions or octets are refused by ``sign`` at the latest."""
    monkeypatch.setattr(limits, "MAX_EXTENSIONS", 2)
    monkeypatch.setattr(limits, "MAX_MESSAGE_BYTES", 1024)
    with pytest.raises(TOO_MUCH):
        _extended(_ready(), count, size).sign(key("Test CA"), SHA256)


@pytest.mark.parametrize(("count", "size"), [(3, 2), (1, 1024)])
def test_a_request_over_a_limit_is_not_built(
    monkeypatch: pytest.MonkeyPatch, count: int, size: int
) -> None:
    """Too many extensions or octets are refused by ``build`` at the latest."""
    monkeypatch.setattr(limits, "MAX_EXTENSIONS", 2)
    monkeypatch.setattr(limits, "MAX_MESSAGE_BYTES", 1024)
    builder = OCSPRequestBuilder().add_certificate_by_id(_id())
    with pytest.raises(TOO_MUCH):
        _extended(builder, count, size).build()


# --- octets compared with cryptography -------------------------------------------


@cache
def _edwards() -> tuple[ed25519.Ed25519PrivateKey, x509.Certificate]:
    """Return a key with deterministic signatures, and its certificate."""
    private = ed25519.Ed25519PrivateKey.generate()
    return private, make("Edwards", "Test CA", public=private)


_whole = st.datetimes(
    min_value=NOW.replace(year=1950, tzinfo=None),
    max_value=NOW.replace(year=2999, tzinfo=None),
    timezones=UTC_OR_NONE,
)
_hash = st.sampled_from([SHA1, hashes.SHA224(), SHA256, hashes.SHA384()])
_octets = st.binary(min_size=28, max_size=28)
_nonces = st.lists(
    st.tuples(st.binary(min_size=1, max_size=40).map(x509.OCSPNonce), st.booleans()),
    max_size=1,
)


@given(
    st.tuples(_octets, _octets, st.integers(0, 2**159), st.just(hashes.SHA224()))
    | st.tuples(st.just(leaf()), st.just(ca()), _hash),
    _nonces,
)
def test_a_request_has_the_octets_of_cryptography(
    subject: tuple[Any, ...], extensions: list[tuple[Any, bool]]
) -> None:
    """The same octets."""
    built = []
    for module in (ocsp, original):
        builder: Any = module.OCSPRequestBuilder()
        by_hash = len(subject) == 4
        add = builder.add_certificate_by_hash if by_hash else builder.add_certificate
        builder = add(*subject)
        for value, critical in extensions:
            builder = builder.add_extension(value, critical)
        built.append(_der(builder.build()))
    assert built[0] == built[1]


@given(
    _hash,
    st.sampled_from(original.OCSPCertStatus),
    st.tuples(_whole, st.none() | _whole, _whole),
    st.none() | st.sampled_from(x509.ReasonFlags),
    st.sampled_from(original.OCSPResponderEncoding),
    st.sampled_from([(), ("ca",), ("ca", "leaf")]),
    _nonces,
)
def test_a_response_has_the_octets_of_cryptography(
    algorithm: hashes.HashAlgorithm,
    status: original.OCSPCertStatus,
    times: tuple[Any, ...],
    reason: x509.ReasonFlags | None,
    encoding: original.OCSPResponderEncoding,
    certificates: tuple[str, ...],
    extensions: list[tuple[Any, bool]],
) -> None:
    """With a scheme that has deterministic signatures."""
    private, certificate = _edwards()
    revoked = status is original.OCSPCertStatus.REVOKED
    entry = (times[2], reason) if revoked else (None, None)

    def build(module: ModuleType) -> Any:
        builder = module.OCSPResponseBuilder().add_response(
            leaf(), ca(), algorithm, _of(module, status), times[0], times[1], *entry
        )
        builder = builder.responder_id(_of(module, encoding), certificate)
        if certificates:
            builder = builder.certificates(_of(module, certificates))
        for value, critical in extensions:
            builder = builder.add_extension(value, critical)
        return builder

    theirs = build(original).sign(private, None)
    ours = build(ocsp).produced_at(theirs.produced_at_utc).sign(private, None)
    assert _der(ours) == _der(theirs)
