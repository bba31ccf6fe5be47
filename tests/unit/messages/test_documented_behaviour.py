"""Details of ``cryptography.x509.ocsp`` that are easy to miss, and our additions."""

from __future__ import annotations

import base64
import copy
import datetime
import pickle
import warnings
from typing import Any

import pytest
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.utils import DeprecatedIn43

import ocsp
from ocsp import CertID, OCSPCertStatus, OCSPResponderEncoding, OCSPResponseStatus
from ocsp.asn1.der import encode, encode_oid
from tests.compiled import properties_of
from tests.pki import NOW, ca, key, leaf
from tests.vectors import REQUESTS, RESPONSES

SHA1, SHA256 = hashes.SHA1(), hashes.SHA256()
DAY = datetime.timedelta(days=1)
GOOD: tuple[Any, ...] = (OCSPCertStatus.GOOD, NOW, NOW + DAY, None, None)


def _id(serial: int = 7) -> CertID:
    return CertID.for_serial(ca(), serial, SHA256)


def _requests(*serials: int) -> ocsp.OCSPRequest:
    builder = ocsp.OCSPRequestBuilder(allow_multiple=True)
    for serial in serials:
        builder = builder.add_certificate_by_id(_id(serial))
    return builder.build()


def _responses(*serials: int) -> ocsp.OCSPResponse:
    builder = ocsp.OCSPResponseBuilder(allow_multiple=True)
    for serial in serials:
        builder = builder.add_response_by_id(_id(serial), *GOOD)
    builder = builder.produced_at(NOW).responder_id(OCSPResponderEncoding.HASH, ca())
    return builder.sign(key("Test CA"), SHA256)


def _der(message: Any) -> bytes:
    return bytes(message.public_bytes(Encoding.DER))


ERROR = ocsp.OCSPResponseBuilder.build_unsuccessful(OCSPResponseStatus.TRY_LATER)
NAIVE = ("produced_at", "this_update", "next_update", "revocation_time")


@pytest.mark.parametrize("name", NAIVE)
def test_naive_times_warn_even_without_a_value(name: str) -> None:
    """The warning comes before the error of an unsuccessful response."""
    with pytest.warns(DeprecatedIn43, match=f"{name}_utc"):
        getattr(_responses(1), name)
    with (
        pytest.warns(DeprecatedIn43),
        pytest.raises(ValueError, match="not successful"),
    ):
        getattr(ERROR, name)
    if name != "produced_at":
        with pytest.warns(DeprecatedIn43):
            getattr(next(_responses(1).responses), name)


def test_naive_and_aware_times_are_the_same_moment() -> None:
    """One without a time zone, the other in UTC."""
    response = _responses(1)
    for name in NAIVE[:3]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecatedIn43)
            naive = getattr(response, name)
        aware = getattr(response, f"{name}_utc")
        assert naive.tzinfo is None
        assert aware.tzinfo is datetime.UTC
        assert aware.replace(tzinfo=None) == naive


def test_an_error_has_nothing_but_its_status_and_octets() -> None:
    """Other properties raise ResponseStatusError, which is a ValueError."""
    names = properties_of(ocsp.OCSPResponse)
    assert "serial_number" in names
    about_octets = {"response_status", "tolerated", "_octets"}
    for name in set(names) - about_octets - set(NAIVE):
        with pytest.raises(ocsp.ResponseStatusError) as refused:
            getattr(ERROR, name)
        assert refused.value.status is OCSPResponseStatus.TRY_LATER
    assert ERROR.response_status is OCSPResponseStatus.TRY_LATER
    assert _der(ERROR) == b"\x30\x03\x0a\x01\x03"


def test_a_response_with_many_entries() -> None:
    """Properties of a single entry raise; ``responses`` is a new iterator each time."""
    response = _responses(1, 2, 3)
    with pytest.raises(ocsp.errors.MultipleResponsesError) as refused:
        _ = response.serial_number
    assert refused.value.count == 3
    assert next(response.responses).serial_number == 1
    assert next(response.responses).serial_number == 1
    assert [each.serial_number for each in response.responses] == [1, 2, 3]
    assert iter(response.responses) is not response.responses


def test_a_request_with_many_entries_needs_allow_multiple() -> None:
    """Otherwise it is a NotImplementedError, as in ``cryptography``."""
    der = _der(_requests(1, 2))
    with pytest.raises(NotImplementedError) as refused:
        ocsp.load_der_ocsp_request(der)
    assert isinstance(refused.value, ocsp.errors.MultipleRequestsError)
    request = ocsp.load_der_ocsp_request(der, allow_multiple=True)
    assert [each.cert_id for each in request.requests] == [_id(1), _id(2)]
    for name in (
        "serial_number",
        "issuer_key_hash",
        "issuer_name_hash",
        "hash_algorithm",
    ):
        with pytest.raises(ocsp.errors.MultipleRequestsError):
            getattr(request, name)
    assert list(request.extensions) == []


def test_builders_take_one_unless_many_are_allowed() -> None:
    """With the messages of ``cryptography``."""
    request = ocsp.OCSPRequestBuilder().add_certificate_by_id(_id())
    for again in (
        lambda: request.add_certificate_by_id(_id()),
        lambda: request.add_certificate(leaf(), ca(), SHA1),
        lambda: request.add_certificate_by_hash(bytes(20), bytes(20), 1, SHA1),
    ):
        with pytest.raises(
            ValueError, match=r"^Only one certificate can be added to a request"
        ):
            again()
    response = ocsp.OCSPResponseBuilder().add_response_by_id(_id(), *GOOD)
    for more in (
        lambda: response.add_response_by_id(_id(), *GOOD),
        lambda: response.add_response(leaf(), ca(), SHA1, *GOOD),
        lambda: response.add_response_by_hash(bytes(20), bytes(20), 1, SHA1, *GOOD),
    ):
        with pytest.raises(ValueError, match=r"^Only one response per OCSPResponse\.$"):
            more()


def test_a_builder_is_a_value() -> None:
    """Each method returns a new builder; the old one does not change."""
    empty = ocsp.OCSPRequestBuilder()
    one = empty.add_certificate_by_id(_id(1))
    two = empty.add_certificate_by_id(_id(2))
    assert one.build().serial_number == 1
    assert two.build().serial_number == 2
    with pytest.raises(ValueError, match="You must add a certificate before building"):
        empty.build()
    base = ocsp.OCSPResponseBuilder(allow_multiple=True).produced_at(NOW)
    base = base.responder_id(OCSPResponderEncoding.HASH, ca())
    base.add_response_by_id(_id(1), *GOOD)
    with pytest.raises(ValueError, match="You must add a response before signing"):
        base.sign(key("Test CA"), SHA256)


def test_the_example_of_the_documentation_is_built_exactly() -> None:
    """NULL parameters, no version, no empty extensions."""
    data = REQUESTS["req-sha1"]
    request = ocsp.load_der_ocsp_request(data)
    again = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
        request.issuer_name_hash, request.issuer_key_hash, request.serial_number, SHA1
    )
    assert _der(again.build()) == data


def test_only_bytes_are_read() -> None:
    """No ``bytearray``, ``memoryview`` or text."""
    for load in (ocsp.load_der_ocsp_request, ocsp.load_der_ocsp_response):
        for data in (bytearray(b"0"), memoryview(b"0"), "0", None):
            with pytest.raises(TypeError):
                load(data)


def test_only_der_is_written() -> None:
    """Another encoding is a ValueError, a wrong type a TypeError."""
    for message in (_requests(1), _responses(1), ERROR):
        with pytest.raises(
            ValueError, match=r"^The only allowed encoding value is Encoding\.DER$"
        ):
            message.public_bytes(Encoding.PEM)
        with pytest.raises(TypeError):
            message.public_bytes("DER")  # type: ignore[arg-type]


def test_extensions_are_the_same_object_and_certificates_a_new_list() -> None:
    """As in ``cryptography``."""
    request, response = (
        _requests(1),
        ocsp.load_der_ocsp_response(RESPONSES["resp-sha256"]),
    )
    assert request.extensions is request.extensions
    assert response.extensions is response.extensions
    assert response.certificates == response.certificates
    assert response.certificates is not response.certificates


def test_a_duplicate_extension_is_refused_when_it_is_read() -> None:
    """The message loads; the error names the extension."""
    extension = encode(0x30, encode_oid("1.2.3"), encode(0x04, b"x"))
    listed = encode(0xA2, encode(0x30, extension, extension))
    entry = encode(0x30, encode(0x30, _id().der))
    request = ocsp.load_der_ocsp_request(encode(0x30, encode(0x30, entry, listed)))
    assert request.serial_number == 7
    with pytest.raises(x509.DuplicateExtension) as refused:
        _ = request.extensions
    assert refused.value.oid.dotted_string == "1.2.3"


def test_an_unknown_hash_is_refused_when_it_is_read() -> None:
    """Other fields of the entry can be read; the error has no reason code."""
    response = _responses(1)
    der = _der(response).replace(
        encode_oid("2.16.840.1.101.3.4.2.1"), encode_oid("2.16.840.1.101.3.4.2.99"), 1
    )
    loaded = ocsp.load_der_ocsp_response(der)
    assert loaded.serial_number == 1
    with pytest.raises(UnsupportedAlgorithm) as refused:
        _ = loaded.hash_algorithm
    assert refused.value._reason is None


def test_a_raw_nonce_is_read_as_it_is() -> None:
    """RFC 2560 had no inner OCTET STRING."""
    for value, nonce in (
        (b"\x04\x03abc", b"abc"),
        (b"abc", b"abc"),
        (b"\x04\x09abc", b"\x04\x09abc"),
    ):
        extension = encode(
            0x30, encode_oid("1.3.6.1.5.5.7.48.1.2"), encode(0x04, value)
        )
        entry = encode(0x30, encode(0x30, _id().der))
        listed = encode(0xA2, encode(0x30, extension))
        request = ocsp.load_der_ocsp_request(encode(0x30, encode(0x30, entry, listed)))
        assert [each.value for each in request.extensions] == [x509.OCSPNonce(nonce)]


class _Unencodable(x509.ExtensionType):
    oid = x509.ObjectIdentifier("1.2.3")


def test_an_extension_without_public_bytes_fails_in_build() -> None:
    """In ``build`` and ``sign``, as in ``cryptography``, not in ``add_extension``."""
    request = ocsp.OCSPRequestBuilder().add_certificate_by_id(_id())
    request = request.add_extension(_Unencodable(), critical=False)
    with pytest.raises(NotImplementedError):
        request.build()
    response = ocsp.OCSPResponseBuilder().add_response_by_id(_id(), *GOOD)
    response = response.responder_id(OCSPResponderEncoding.HASH, ca())
    response = response.add_extension(_Unencodable(), critical=False)
    with pytest.raises(NotImplementedError):
        response.sign(key("Test CA"), SHA256)


def test_times_are_utc_without_microseconds() -> None:
    """Naive is UTC, aware is converted; the order of the times is not checked."""
    zone = datetime.timezone(datetime.timedelta(hours=5))
    late = NOW.replace(microsecond=999_999)
    for given in (late, late.replace(tzinfo=None), late.astimezone(zone)):
        builder = ocsp.OCSPResponseBuilder().produced_at(given)
        builder = builder.add_response_by_id(
            _id(), OCSPCertStatus.REVOKED, given, given - DAY, given, None
        ).responder_id(OCSPResponderEncoding.NAME, ca())
        response = builder.sign(key("Test CA"), SHA256)
        assert response.produced_at_utc == response.this_update_utc == NOW
        assert response.revocation_time_utc == NOW
        assert response.next_update_utc == NOW - DAY


def test_produced_at_is_now_by_default() -> None:
    """In whole seconds, in UTC."""
    builder = ocsp.OCSPResponseBuilder().add_response_by_id(_id(), *GOOD)
    builder = builder.responder_id(OCSPResponderEncoding.HASH, ca())
    before = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    produced = builder.sign(key("Test CA"), SHA256).produced_at_utc
    assert before <= produced <= datetime.datetime.now(datetime.UTC)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((0, NOW, None, None, None), TypeError),
        ((OCSPCertStatus.GOOD, "now", None, None, None), TypeError),
        ((OCSPCertStatus.GOOD, NOW, "later", None, None), TypeError),
        ((OCSPCertStatus.GOOD, NOW, None, NOW, None), ocsp.BuildError),
        (
            (OCSPCertStatus.UNKNOWN, NOW, None, None, x509.ReasonFlags.superseded),
            ocsp.BuildError,
        ),
        ((OCSPCertStatus.REVOKED, NOW, None, None, None), TypeError),
        ((OCSPCertStatus.REVOKED, NOW, None, NOW, 0), TypeError),
    ],
)
def test_inconsistent_status_arguments_are_refused(
    arguments: tuple[Any, ...], error: type[Exception]
) -> None:
    """The same by certificate, by hashes and by CertID."""
    builder = ocsp.OCSPResponseBuilder()
    for add in (
        lambda: builder.add_response(leaf(), ca(), SHA1, *arguments),
        lambda: builder.add_response_by_hash(bytes(20), bytes(20), 1, SHA1, *arguments),
        lambda: builder.add_response_by_id(_id(), *arguments),
    ):
        with pytest.raises(error):
            add()


def test_objects_are_values() -> None:
    """They compare, hash, copy, pickle and print by their contents."""
    request, response = _requests(1, 2), _responses(1, 2)
    (entry, _), (asked, _) = response.responses, request.requests
    for one in (request, response, ERROR, entry, asked):
        for twin in (
            copy.copy(one),
            copy.deepcopy(one),
            pickle.loads(pickle.dumps(one)),
        ):
            assert twin == one
            assert hash(twin) == hash(one)
            assert type(twin) is type(one)
            assert repr(twin) == repr(one)
        assert one != object()
        assert "object at 0x" not in repr(one)
    assert _requests(1) != _requests(2)
    assert "TRY_LATER" in repr(ERROR)
    assert "GOOD" in repr(entry)


def test_an_entry_knows_its_certid_and_extensions() -> None:
    """These attributes are additions to ``cryptography``."""
    (entry,) = _responses(5).responses
    assert entry.cert_id == _id(5)
    assert list(entry.single_extensions) == []
    (asked,) = _requests(5).requests
    assert asked.cert_id == _id(5)
    assert list(asked.extensions) == []


def test_a_certid_from_a_message_keeps_its_octets() -> None:
    """Absent hash parameters stay absent."""
    bare = encode(
        0x30,
        encode(0x30, encode_oid("1.3.14.3.2.26")),
        encode(0x04, bytes(20)),
        encode(0x04, bytes(20)),
        b"\x02\x01\x05",
    )
    message = encode(0x30, encode(0x30, encode(0x30, encode(0x30, bare))))
    read = ocsp.load_der_ocsp_request(message).requests[0].cert_id
    assert (
        _der(ocsp.OCSPRequestBuilder().add_certificate_by_id(read).build()) == message
    )
    builder = ocsp.OCSPResponseBuilder().add_response_by_id(read, *GOOD)
    builder = builder.responder_id(OCSPResponderEncoding.HASH, ca())
    assert bare in _der(builder.sign(key("Test CA"), SHA256))


def test_the_documented_request_in_base64() -> None:
    """The request in the documentation of ``cryptography``."""
    shown = base64.b64encode(REQUESTS["req-sha1"])
    assert shown.startswith(
        b"MFYwVDBSMFAwTjAJBgUrDgMCGgUABBQ4ykaMB0SN9IGWx21tTHBRnmCnvQQUeXW7hDrLLN56Cb4x"
    )
