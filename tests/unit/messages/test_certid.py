"""CertID: an immutable value, and the key for every look-up of a status."""

from __future__ import annotations

import copy
import hashlib
import pickle
from typing import Any

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import ocsp
from ocsp import CertID
from ocsp.asn1.certificates import parts_of
from ocsp.asn1.der import encode, encode_integer, encode_oid
from ocsp.messages.certid import encode_cert_id
from tests.pki import ca, key, leaf, make

ALGORITHMS = [
    hashes.SHA1(),
    hashes.SHA224(),
    hashes.SHA256(),
    hashes.SHA384(),
    hashes.SHA512(),
]
FIELDS: dict[str, Any] = {
    "hash_algorithm": hashes.SHA1(),
    "issuer_name_hash": bytes(20),
    "issuer_key_hash": b"\x01" * 20,
    "serial_number": 7,
}


def _made(**changes: Any) -> CertID:
    return CertID(**(FIELDS | changes))


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda each: each.name)
def test_the_hashes_are_those_of_the_standard(algorithm: hashes.HashAlgorithm) -> None:
    """RFC 6960 §4.1.1: of the DER of the name, and of the key without its header."""
    cert_id = CertID.for_certificate(leaf(), ca(), algorithm)
    point = (
        ca().public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    )
    name = ca().subject.public_bytes()
    assert cert_id.issuer_name_hash == hashlib.new(algorithm.name, name).digest()
    assert cert_id.issuer_key_hash == hashlib.new(algorithm.name, point).digest()
    assert cert_id.serial_number == leaf().serial_number
    assert cert_id.hash_algorithm.name == algorithm.name


def test_every_way_to_make_it_gives_the_same() -> None:
    """From certificates, a serial number, hashes, fields, and a message."""
    one = CertID.for_certificate(leaf(), ca(), hashes.SHA256())
    fields = (one.issuer_name_hash, one.issuer_key_hash, one.serial_number)
    request = ocsp.OCSPRequestBuilder().add_certificate_by_id(one).build()
    others = [
        CertID.for_serial(ca(), leaf().serial_number, hashes.SHA256()),
        CertID.from_hashes(*fields, hashes.SHA256()),
        CertID(
            hash_algorithm=hashes.SHA256(),
            issuer_name_hash=fields[0],
            issuer_key_hash=fields[1],
            serial_number=fields[2],
        ),
        request.requests[0].cert_id,
    ]
    assert all(other == one and hash(other) == hash(one) for other in others)
    assert {other.der for other in others} == {one.der}


@pytest.mark.parametrize(
    "change",
    [
        {"issuer_name_hash": b"\x02" * 20},
        {"issuer_key_hash": b"\x02" * 20},
        {"serial_number": 8},
        {"serial_number": -7},
        {
            "hash_algorithm": hashes.SHA256(),
            "issuer_name_hash": bytes(32),
            "issuer_key_hash": bytes(32),
        },
    ],
)
def test_every_field_counts(change: dict[str, Any]) -> None:
    """Two CertIDs differ if one field differs."""
    assert _made() == _made()
    assert _made(**change) != _made()
    assert _made() != _made().der


def test_null_and_absent_parameters_are_the_same() -> None:
    """RFC 5754 §2: equal, with equal hash values; each keeps its own octets."""
    octets = encode(0x04, bytes(20)) + encode(0x04, b"\x01" * 20) + encode_integer(7)
    algorithm = encode(0x30, encode_oid("1.3.14.3.2.26"))
    cert_id = encode(0x30, algorithm, octets)
    message = encode(0x30, encode(0x30, encode(0x30, encode(0x30, cert_id))))
    absent = ocsp.load_der_ocsp_request(message).requests[0].cert_id
    assert absent == _made()
    assert hash(absent) == hash(_made())
    assert absent.der == cert_id != _made().der


def test_matches_computes_the_hashes_again() -> None:
    """Name, key and the whole serial number, with the CertID's own hash."""
    for algorithm in ALGORITHMS:
        cert_id = CertID.for_certificate(leaf(), ca(), algorithm)
        assert cert_id.matches(leaf(), ca())
        assert not cert_id.matches(leaf(0x1F2F), ca())
        rekeyed = make(
            "Test CA", "Test CA", public=key("new key"), signer=key("new key")
        )
        assert not cert_id.matches(leaf(), rekeyed)
        assert not cert_id.matches(leaf(leaf().serial_number, "Other CA"), ca())


def test_an_unknown_hash_is_kept_and_refused_when_it_is_needed() -> None:
    """It loads, but cannot be matched."""
    octets = encode(0x04, b"a") + encode(0x04, b"b") + encode_integer(7)
    cert_id = encode(0x30, encode(0x30, encode_oid("1.2.3.4")), octets)
    message = encode(0x30, encode(0x30, encode(0x30, encode(0x30, cert_id))))
    unknown = ocsp.load_der_ocsp_request(message).requests[0].cert_id
    assert unknown.issuer_name_hash == b"a"
    assert "1.2.3.4" in repr(unknown)
    with pytest.raises(UnsupportedAlgorithm):
        _ = unknown.hash_algorithm
    with pytest.raises(UnsupportedAlgorithm):
        unknown.matches(leaf(), ca())


def test_it_is_a_value() -> None:
    """It can be copied, pickled and shown, and is immutable."""
    one = _made()
    for twin in (copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
        assert twin == one
        assert twin.der == one.der
    assert repr(one) == (
        "<CertID(sha1, name=0000000000000000000000000000000000000000, "
        "key=0101010101010101010101010101010101010101, serial=0x7)>"
    )
    for name in ("serial_number", "der", "anything"):
        with pytest.raises(AttributeError):
            setattr(one, name, 1)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"hash_algorithm": hashes.MD5()}, ocsp.BuildError),
        ({"hash_algorithm": hashes.SHA3_256()}, ocsp.BuildError),
        ({"hash_algorithm": "sha1"}, ocsp.BuildError),
        ({"hash_algorithm": None}, ocsp.BuildError),
        ({"issuer_name_hash": bytes(19)}, ocsp.BuildError),
        ({"issuer_key_hash": bytes(21)}, ocsp.BuildError),
        ({"issuer_key_hash": "x" * 20}, TypeError),
        ({"issuer_name_hash": bytearray(20)}, TypeError),
        ({"serial_number": "7"}, TypeError),
        ({"serial_number": 7.0}, TypeError),
    ],
)
def test_wrong_fields_are_refused(
    change: dict[str, Any], error: type[Exception]
) -> None:
    """With the exception classes of ``cryptography``."""
    with pytest.raises(error):
        _made(**change)


def test_from_hashes_refuses_a_negative_serial_number() -> None:
    """As in the builders of ``cryptography``; a CertID in a message may have one."""
    with pytest.raises(ocsp.BuildError, match="must not be negative"):
        CertID.from_hashes(bytes(20), bytes(20), -1, hashes.SHA1())
    assert _made(serial_number=-1).serial_number == -1


@pytest.mark.parametrize("serial", [1, 0x7F, 0x80, 2**158])
def test_a_serial_number_is_that_of_the_certificate(serial: int) -> None:
    """In each way to make a CertID, also for a negative serial number."""
    cert = make("numbered", "Test CA", serial=serial)
    by_certificate = CertID.for_certificate(cert, ca(), hashes.SHA256())
    assert by_certificate.serial_number == serial
    assert by_certificate == CertID.for_serial(ca(), serial, hashes.SHA256())
    assert by_certificate.der == encode_cert_id(cert, ca(), hashes.SHA256())
    assert int.from_bytes(parts_of(cert).serial, signed=True) == serial
