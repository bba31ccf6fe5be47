"""
All public objects: equality, hashes, copies, pickles and ``repr``.

One table of all public objects. An object that holds a private key cannot be pickled.
"""

from __future__ import annotations

import copy
import enum
import inspect
import pickle
import re
from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import SignatureAlgorithmOID

import ocsp
from ocsp import (
    ArchiveCutoff,
    CertHash,
    CertID,
    CRLReference,
    ExtendedRevoke,
    KeySigner,
    Nonce,
    OCSPCertStatus,
    OCSPRequest,
    OCSPRequestBuilder,
    OCSPResponderEncoding,
    OCSPResponse,
    OCSPResponseBatch,
    OCSPResponseBuilder,
    OCSPResponseStatus,
    OCSPSingleRequest,
    OCSPSingleResponse,
    PreferredSignatureAlgorithm,
    PreferredSignatureAlgorithms,
    ServiceLocator,
)
from ocsp.asn1.der import encode, encode_oid
from tests.keys import certificate_of, key_of
from tests.pki import NOW, ca, delegate, delegate_signer, key, leaf, name
from tests.vectors import RESPONSES

SHA256 = hashes.SHA256()
DAY = NOW.replace(day=2) - NOW.replace(day=1)


def _id(serial: int) -> CertID:
    return CertID.for_serial(ca(), serial, SHA256)


def _der(message: OCSPRequest | OCSPResponse) -> bytes:
    return message.public_bytes(Encoding.DER)


# --- the objects ------------------------------------------------------------------


def _request_builder(serial: int) -> OCSPRequestBuilder:
    return (
        OCSPRequestBuilder(allow_multiple=True)
        .add_certificate_by_id(
            _id(serial), single_extensions=[ServiceLocator(ca().subject)]
        )
        .add_certificate_by_id(_id(99))
        .add_extension(Nonce(bytes(32)), critical=False)
        .requestor_name(x509.DNSName("client.example"))
    )


def _response_builder(serial: int) -> OCSPResponseBuilder:
    return (
        OCSPResponseBuilder(allow_multiple=True)
        .add_response_by_id(
            _id(serial),
            OCSPCertStatus.REVOKED,
            NOW,
            NOW + DAY,
            NOW - DAY,
            x509.ReasonFlags.superseded,
            single_extensions=[ArchiveCutoff(NOW), CRLReference(number=3)],
        )
        .add_response_by_id(_id(99), OCSPCertStatus.GOOD, NOW, None, None, None)
        .responder_id(OCSPResponderEncoding.HASH, certificate_of("ed25519"))
        .certificates([certificate_of("ed25519")])
        .add_extension(ExtendedRevoke(), critical=False)
        .produced_at(NOW)
    )


def _request(serial: int) -> OCSPRequest:
    return _request_builder(serial).build()


def _signed_request(serial: int) -> OCSPRequest:
    certificate = certificate_of("ed25519")
    return _request_builder(serial).sign(key_of("ed25519"), None, [certificate])


def _response(serial: int) -> OCSPResponse:
    """Return a built response that was not read yet; Ed25519 is deterministic."""
    return _response_builder(serial).sign(key_of("ed25519"), None)


def _loaded_response(serial: int) -> OCSPResponse:
    return ocsp.load_der_ocsp_response(_der(_response(serial)))


def _error(number: int) -> OCSPResponse:
    statuses = (OCSPResponseStatus.TRY_LATER, OCSPResponseStatus.UNAUTHORIZED)
    return OCSPResponseBuilder.build_unsuccessful(statuses[number - 1])


def _single_response(serial: int) -> OCSPSingleResponse:
    return next(_response(serial).responses)


def _preferred(number: int) -> PreferredSignatureAlgorithm:
    chosen = (
        SignatureAlgorithmOID.ECDSA_WITH_SHA256,
        SignatureAlgorithmOID.ED25519,
    )
    return PreferredSignatureAlgorithm.of(chosen[number - 1])


def _read(kind: Any, *octets: bytes) -> Callable[[int], Any]:
    return lambda number: kind.read(octets[number - 1])


def _unknown_id(serial: int) -> CertID:
    """Return a CertID with an unknown hash, from a request."""
    algorithm = encode(0x30, encode_oid("1.2.3.4"))
    octets = encode(0x04, b"name") + encode(0x04, b"key")
    cert_id = encode(0x30, algorithm + octets, bytes((2, 1, serial)))
    message = encode(0x30, encode(0x30, encode(0x30, encode(0x30, cert_id))))
    return ocsp.load_der_ocsp_request(message).requests[0].cert_id


def _timestamps(number: int) -> x509.ExtensionType:
    """Return the two SCT lists of the vectors."""
    response = ocsp.load_der_ocsp_response(RESPONSES["resp-sct-extension"])
    (extension,) = response.single_extensions
    if number == 1:
        return extension.value
    whole: Any = extension.value
    size = 2 + int.from_bytes(whole._data[2:4])
    first: x509.ExtensionType = type(whole)(
        size.to_bytes(2) + whole._data[2 : 2 + size]
    )
    return first


VALUES: dict[str, Callable[[int], Any]] = {
    "CertID": _id,
    "CertID of an unknown hash": _unknown_id,
    "OCSPRequest": _request,
    "OCSPRequest, signed": _signed_request,
    "OCSPRequest, loaded": lambda serial: ocsp.load_der_ocsp_request(
        _der(_request(serial)), allow_multiple=True
    ),
    "OCSPSingleRequest": lambda serial: _request(serial).requests[0],
    "OCSPResponse": _response,
    "OCSPResponse, loaded": _loaded_response,
    "OCSPResponse, an error": _error,
    "OCSPSingleResponse": _single_response,
    "Nonce": lambda number: Nonce(bytes(31 + number)),
    "CRLReference": lambda number: CRLReference(number=number),
    "ArchiveCutoff": lambda number: ArchiveCutoff(NOW + number * DAY),
    "CertHash": lambda number: CertHash(leaf(number), hashes.SHA256()),
    "ServiceLocator": lambda number: ServiceLocator(name(f"CA {number}")),
    "PreferredSignatureAlgorithm": _preferred,
    "PreferredSignatureAlgorithms": lambda number: PreferredSignatureAlgorithms(
        [_preferred(number)]
    ),
    "ExtendedRevoke": _read(ExtendedRevoke, b"\x05\x00", b"\x05\x01"),
    "SignedCertificateTimestamps": _timestamps,
    "SignedCertificateTimestamp": lambda number: (
        next(iter(_timestamps(1)))  # type: ignore[call-overload]
        if number == 1
        else list(_timestamps(1))[-1]
    ),  # type: ignore[call-overload]
}
BUILDERS: dict[str, Callable[[int], Any]] = {
    "OCSPRequestBuilder": _request_builder,
    "OCSPResponseBuilder": _response_builder,
}
THEIRS = {"Nonce", "SignedCertificateTimestamps"}
OURS = {what: make for what, make in VALUES.items() if what not in THEIRS}
"""The objects whose attributes are not those of a class of ``cryptography``."""

EVERY = pytest.mark.parametrize(
    "make", [pytest.param(make, id=what) for what, make in VALUES.items()]
)
BUILDERS_TOO = pytest.mark.parametrize(
    "make",
    [pytest.param(make, id=what) for what, make in (VALUES | BUILDERS).items()],
)


# --- the table ---------------------------------------------------------------------


@BUILDERS_TOO
def test_equal_contents_are_equal(make: Callable[[int], Any]) -> None:
    """Two objects with the same contents are one key of a dictionary."""
    one, twin, other = make(1), make(1), make(2)
    assert one is not twin
    assert one == twin
    assert hash(one) == hash(twin)
    assert one != other
    assert {one: "found"}[twin] == "found"
    assert len({one, twin, other}) == 2


@BUILDERS_TOO
def test_objects_of_other_types_are_unequal(make: Callable[[int], Any]) -> None:
    """``__eq__`` returns NotImplemented, so Python asks the other object."""
    one = make(1)
    for other in (None, 1, b"", "x", object(), repr(one)):
        assert one != other
    assert one.__eq__(object()) is NotImplemented

    class Anything:
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = None  # type: ignore[assignment]

    assert one == Anything()


@EVERY
def test_pickled_by_every_protocol(make: Callable[[int], Any]) -> None:
    """Into an equal object of the same class."""
    one = make(1)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        twin = pickle.loads(pickle.dumps(one, protocol))
        assert type(twin) is type(one)
        assert twin == one
        assert hash(twin) == hash(one)
        assert repr(twin) == repr(one)


@BUILDERS_TOO
def test_copied(make: Callable[[int], Any]) -> None:
    """With ``copy`` and with ``deepcopy``."""
    one = make(1)
    for twin in (copy.copy(one), copy.deepcopy(one)):
        assert type(twin) is type(one)
        assert twin == one
        assert repr(twin) == repr(one)


@BUILDERS_TOO
def test_repr_has_one_line_without_an_address(make: Callable[[int], Any]) -> None:
    """Class and values."""
    one = make(1)
    shown = repr(one)
    assert type(one).__name__.removeprefix("Signed").lower() in shown.lower() or (
        isinstance(one, x509.OCSPNonce)
    )
    assert " object at 0x" not in shown
    assert "\n" not in shown
    assert repr(make(1)) == shown == str(one)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            _request,
            r"<OCSPRequest\(<CertID\(sha256, .*serial=0x1\)>, <CertID\(.*\)>\)>",
        ),
        (_signed_request, r"<OCSPRequest\(.*, signed, unverified\)>"),
        (_response, r"<OCSPResponse\(SUCCESSFUL, unverified: <OCSPSingleResponse.*"),
        (_error, r"<OCSPResponse\(TRY_LATER\)>"),
        (
            _single_response,
            r"<OCSPSingleResponse\(REVOKED, <CertID\(.*=0x1\)>, this_update=2026-07-01T12:00:00Z\)>",
        ),
        (_unknown_id, r"<CertID\(1\.2\.3\.4, name=6e616d65, key=6b6579, serial=0x1\)>"),
        (_request_builder, r"<OCSPRequestBuilder\(2 certificates, 1 extension\)>"),
        (_response_builder, r"<OCSPResponseBuilder\(2 responses, 1 extension\)>"),
    ],
)
def test_repr_shows_certificate_status_and_unverified(
    make: Callable[[int], Any], text: str
) -> None:
    """Messages show the CertID, the status, and that they are unverified."""
    assert re.fullmatch(text, repr(make(1)))


def test_repr_shows_the_first_entries_only() -> None:
    """And the number of the others."""
    builder = OCSPRequestBuilder(allow_multiple=True)
    for serial in range(50):
        builder = builder.add_certificate_by_id(_id(serial))
    shown = repr(builder.build())
    assert shown.count("CertID") == 3
    assert shown.endswith(", and 47 more)>")
    answers = _response_builder(1)
    for serial in range(50):
        answers = answers.add_response_by_id(
            _id(serial), OCSPCertStatus.GOOD, NOW, None, None, None
        )
    shown = repr(answers.sign(key_of("ed25519"), None))
    assert shown.count("CertID") == 3
    assert shown.endswith(", and 49 more)>")


@pytest.mark.parametrize(
    "make",
    [pytest.param(make, id=what) for what, make in (OURS | BUILDERS).items()],
)
def test_public_objects_are_immutable(make: Callable[[int], Any]) -> None:
    """No public attribute can be set or deleted, and none can be added."""
    one = make(1)
    before = repr(one)
    public = [
        each for each, _ in inspect.getmembers_static(one) if not each.startswith("_")
    ]
    for each in (*public, "something_new"):
        with pytest.raises((AttributeError, TypeError)):
            setattr(one, each, 1)
        with pytest.raises((AttributeError, TypeError)):
            delattr(one, each)
    assert repr(one) == before
    assert one == make(1)


def test_built_and_loaded_are_the_same_value() -> None:
    """Whether it was read before does not matter."""
    built, loaded = _response(1), _loaded_response(1)
    assert hash(built) == hash(loaded)
    assert built == loaded
    assert list(built.responses) == list(loaded.responses)
    assert hash(built) == hash(_response(1))


def test_messages_are_equal_if_their_der_is() -> None:
    """NULL and absent parameters make two different messages."""
    algorithm = encode_oid("1.3.14.3.2.26")
    octets = encode(0x04, bytes(20)) + encode(0x04, bytes(20)) + b"\x02\x01\x05"
    read = []
    for parameters in (b"", b"\x05\x00"):
        cert_id = encode(0x30, encode(0x30, algorithm, parameters), octets)
        message = encode(0x30, encode(0x30, encode(0x30, encode(0x30, cert_id))))
        read.append(ocsp.load_der_ocsp_request(message))
    absent, null = read
    assert absent != null
    assert absent.requests != null.requests
    assert absent.requests[0].cert_id == null.requests[0].cert_id


def test_each_call_makes_another_builder() -> None:
    """Each method call changes equality."""
    request, response = OCSPRequestBuilder(), OCSPResponseBuilder()
    nonce = x509.OCSPNonce(b"x")
    steps = [
        request,
        OCSPRequestBuilder(allow_multiple=True),
        request.add_certificate_by_id(_id(1)),
        request.add_extension(nonce, critical=False),
        request.add_extension(nonce, critical=True),
        request.requestor_name(x509.DNSName("x")),
        response,
        OCSPResponseBuilder(allow_multiple=True),
        response.add_response_by_id(_id(1), OCSPCertStatus.GOOD, NOW, None, None, None),
        response.responder_id(OCSPResponderEncoding.HASH, ca()),
        response.responder_id(OCSPResponderEncoding.NAME, ca()),
        response.certificates([ca()]),
        response.add_extension(nonce, critical=False),
        response.produced_at(NOW),
    ]
    assert len(set(steps)) == len(steps)


# --- signers and enumerations ------------------------------------------------------


def _batch() -> OCSPResponseBatch:
    builder = OCSPResponseBuilder().responder_id(OCSPResponderEncoding.HASH, delegate())
    return builder.batch(delegate_signer())


@pytest.mark.parametrize("make", [delegate_signer, _batch])
def test_a_private_key_is_not_pickled(make: Callable[[], Any]) -> None:
    """Nor an object that holds one; the error says why, in every protocol."""
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="a KeySigner cannot be pickled"):
            pickle.dumps(make(), protocol)


def test_a_signer_is_copied_as_itself() -> None:
    """It is immutable, and the private key stays in one object."""
    signer = delegate_signer()
    assert copy.copy(signer) is signer
    assert copy.deepcopy(signer) is signer
    assert copy.deepcopy({"signer": signer})["signer"] is signer
    for each in ("certificate", "algorithm_identifier", "sign", "something_new"):
        with pytest.raises(AttributeError):
            setattr(signer, each, 1)
    batch = copy.deepcopy(_batch())
    signed = batch.sign(_id(1), OCSPCertStatus.GOOD, NOW, None)
    assert ocsp.load_der_ocsp_response(signed).serial_number == 1


def test_a_signer_shows_no_key() -> None:
    """Nor does the ``repr`` of a batch."""
    numbers = key("Test Responder").private_numbers()
    for shown in (repr(delegate_signer()), repr(_batch())):
        assert f"{numbers.private_value:x}" not in shown
        assert str(numbers.private_value) not in shown
        assert " object at 0x" not in shown


def test_every_public_class_is_in_the_table() -> None:
    """Values, builders and signers; exceptions are tested elsewhere."""
    classes = {
        each
        for each in ocsp.__all__
        if inspect.isclass(kind := getattr(ocsp, each))
        and not issubclass(kind, (Exception, enum.Enum))
        and kind.__module__.split(".")[1] in {"messages", "signing"}
    }
    shown = {what.partition(" ")[0].rstrip(",") for what in VALUES | BUILDERS}
    shown |= {KeySigner.__name__, OCSPResponseBatch.__name__, "Signer", "SameKeySigner"}
    assert classes <= shown
    kinds = {type(make(1)) for make in VALUES.values()}
    assert {OCSPSingleRequest, OCSPSingleResponse, OCSPRequest, OCSPResponse} <= kinds


def test_enumeration_members_stay_the_same_object() -> None:
    """After pickling and copying."""
    for kind in (OCSPCertStatus, OCSPResponderEncoding, OCSPResponseStatus):
        for member in kind:
            assert pickle.loads(pickle.dumps(member)) is member
            assert copy.deepcopy(member) is member
