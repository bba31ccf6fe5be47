"""
What we build is read back the same: by us, the original, asn1crypto and ``openssl``.

Four readers that share no code with the builder, or little.
"""

from __future__ import annotations

import datetime
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import ocsp as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp as original
from hypothesis import given, settings

import ocsp
from ocsp import OCSPCertStatus, OCSPResponderEncoding
from tests.integration.openssl import text_of_request, text_of_response
from tests.pki import ca, key
from tests.property.strategies import (
    Entry,
    ResponsePlan,
    requests,
    response_plans,
    sign,
)


def _der(message: ocsp.OCSPRequest | ocsp.OCSPResponse) -> bytes:
    return message.public_bytes(Encoding.DER)


# --- requests --------------------------------------------------------------------


@given(requests())
def test_a_request_is_read_back_by_us(built: ocsp.OCSPRequest) -> None:
    """Equal, octet for octet, entry by entry."""
    loaded = ocsp.load_der_ocsp_request(_der(built), allow_multiple=True)
    assert loaded == built
    assert _der(loaded) == _der(built)
    assert [each.cert_id for each in loaded.requests] == [
        each.cert_id for each in built.requests
    ]
    assert list(loaded.extensions) == list(built.extensions)


@given(requests(most=1))
def test_a_request_is_read_back_by_the_original(built: ocsp.OCSPRequest) -> None:
    """Every attribute that the documented API has."""
    loaded = original.load_der_ocsp_request(_der(built))
    assert loaded.public_bytes(Encoding.DER) == _der(built)
    assert loaded.serial_number == built.serial_number
    assert loaded.issuer_name_hash == built.issuer_name_hash
    assert loaded.issuer_key_hash == built.issuer_key_hash
    assert loaded.hash_algorithm.name == built.hash_algorithm.name
    assert list(loaded.extensions) == list(built.extensions)


_HASHES = {"sha1", "sha224", "sha256", "sha384", "sha512"}


def _asn1_cert_id(value: Any) -> tuple[str, bytes, bytes, int]:
    return (
        value["hash_algorithm"]["algorithm"].native,
        value["issuer_name_hash"].native,
        value["issuer_key_hash"].native,
        value["serial_number"].native,
    )


def _cert_id(value: ocsp.CertID) -> tuple[str, bytes, bytes, int]:
    return (
        value.hash_algorithm.name,
        value.issuer_name_hash,
        value.issuer_key_hash,
        value.serial_number,
    )


@given(requests())
def test_a_request_is_read_back_by_asn1crypto(built: ocsp.OCSPRequest) -> None:
    """Strictly, and written again octet for octet."""
    loaded = asn1.OCSPRequest.load(_der(built), strict=True)
    entries = loaded["tbs_request"]["request_list"]
    assert [_asn1_cert_id(each["req_cert"]) for each in entries] == [
        _cert_id(each.cert_id) for each in built.requests
    ]
    found = loaded["tbs_request"]["request_extensions"]
    assert [(each["extn_id"].dotted, each["critical"].native) for each in found] == [
        (each.oid.dotted_string, each.critical) for each in built.extensions
    ]
    assert loaded.dump(force=True) == _der(built)


def _with_file(der: bytes, read: Callable[[Path], str]) -> str:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "message.der")
        file.write_bytes(der)
        # The program breaks long numbers at the end of a line.
        return read(file).replace("\\\n", "")


def _numbers(text: str) -> list[int]:
    """Return the serial numbers that the program prints, in hexadecimal."""
    return [int(found, 16) for found in re.findall(r"Serial Number: ([0-9A-F]+)", text)]


@settings(max_examples=15)
@given(requests())
def test_a_request_is_read_back_by_openssl(built: ocsp.OCSPRequest) -> None:
    """Serial numbers, hashes and algorithms, as the program prints them."""
    text = _with_file(_der(built), text_of_request)
    assert _numbers(text) == [each.cert_id.serial_number for each in built.requests]
    for name, field in (("Name", "issuer_name_hash"), ("Key", "issuer_key_hash")):
        printed = re.findall(rf"Issuer {name} Hash: ([0-9A-F]+)", text)
        expected = [getattr(each.cert_id, field) for each in built.requests]
        assert [bytes.fromhex(each) for each in printed] == expected
    printed = re.findall(r"Hash Algorithm: (\w+)", text)
    assert printed == [each.cert_id.hash_algorithm.name for each in built.requests]


# --- responses -------------------------------------------------------------------


def _says(entry: Any) -> tuple[object, ...]:
    """Return what a SingleResponse of ours or of the original says."""
    return (
        (
            entry.hash_algorithm.name,
            entry.issuer_name_hash,
            entry.issuer_key_hash,
            entry.serial_number,
        ),
        entry.certificate_status.name,
        entry.this_update_utc,
        entry.next_update_utc,
        entry.revocation_time_utc,
        entry.revocation_reason,
    )


def _planned(entry: Entry) -> tuple[object, ...]:
    return (
        _cert_id(entry.cert_id),
        entry.status.name,
        entry.this_update,
        entry.next_update,
        entry.revocation_time,
        entry.reason,
    )


@given(response_plans())
def test_a_response_is_read_back_by_us_and_by_the_original(plan: ResponsePlan) -> None:
    """Every entry and everything around it."""
    der = _der(sign(plan))
    for loaded in (
        ocsp.load_der_ocsp_response(der),
        original.load_der_ocsp_response(der),
    ):
        assert loaded.public_bytes(Encoding.DER) == der
        assert [_says(each) for each in loaded.responses] == [
            _planned(each) for each in plan.entries
        ]
        assert loaded.produced_at_utc == plan.produced_at
        assert loaded.certificates == plan.certificates
        assert [
            (each.value, each.critical) for each in loaded.extensions
        ] == plan.extensions
        by_name = plan.encoding is OCSPResponderEncoding.NAME
        assert loaded.responder_name == (ca().subject if by_name else None)
        assert (loaded.responder_key_hash is None) == by_name
        key("Test CA").public_key().verify(
            loaded.signature, loaded.tbs_response_bytes, ec.ECDSA(hashes.SHA256())
        )


_ASN1_REASONS = {
    "key_compromise": x509.ReasonFlags.key_compromise,
    "ca_compromise": x509.ReasonFlags.ca_compromise,
    "affiliation_changed": x509.ReasonFlags.affiliation_changed,
    "superseded": x509.ReasonFlags.superseded,
    "cessation_of_operation": x509.ReasonFlags.cessation_of_operation,
    "certificate_hold": x509.ReasonFlags.certificate_hold,
    "remove_from_crl": x509.ReasonFlags.remove_from_crl,
    "privilege_withdrawn": x509.ReasonFlags.privilege_withdrawn,
    "aa_compromise": x509.ReasonFlags.aa_compromise,
    "unspecified": x509.ReasonFlags.unspecified,
}


def _asn1_says(entry: Any) -> tuple[object, ...]:
    status = entry["cert_status"]
    time = reason = None
    if status.name == "revoked":
        time = status.chosen["revocation_time"].native
        named = status.chosen["revocation_reason"].native
        reason = None if named is None else _ASN1_REASONS[named]
    return (
        _asn1_cert_id(entry["cert_id"]),
        status.name.upper(),
        entry["this_update"].native,
        entry["next_update"].native,
        time,
        reason,
    )


@given(response_plans())
def test_a_response_is_read_back_by_asn1crypto(plan: ResponsePlan) -> None:
    """Strictly, and written again octet for octet."""
    der = _der(sign(plan))
    loaded = asn1.OCSPResponse.load(der, strict=True)
    basic = loaded.basic_ocsp_response
    data = basic["tbs_response_data"]
    assert [_asn1_says(each) for each in data["responses"]] == [
        _planned(each) for each in plan.entries
    ]
    assert data["produced_at"].native == plan.produced_at
    assert basic["signature_algorithm"]["algorithm"].native == "sha256_ecdsa"
    assert len(basic["certs"]) == len(plan.certificates)
    assert loaded.dump(force=True) == der
    assert data.dump(force=True) == ocsp.load_der_ocsp_response(der).tbs_response_bytes


def _openssl_time(text: str) -> datetime.datetime:
    moment = datetime.datetime.strptime(text, "%b %d %H:%M:%S %Y GMT")  # noqa: DTZ007
    return moment.replace(tzinfo=datetime.UTC)


@settings(max_examples=15)
@given(response_plans())
def test_a_response_is_read_back_by_openssl(plan: ResponsePlan) -> None:
    """Numbers, states and times, as the program prints them."""
    text = _with_file(_der(sign(plan)), text_of_response)
    certificates = text.index("Signature Algorithm")
    text = text[:certificates]
    assert _numbers(text) == [each.cert_id.serial_number for each in plan.entries]
    states = re.findall(r"Cert Status: (\w+)", text)
    assert states == [each.status.name.lower() for each in plan.entries]
    for label, times in (
        ("Produced At", [plan.produced_at]),
        ("This Update", [each.this_update for each in plan.entries]),
        (
            "Next Update",
            [each.next_update for each in plan.entries if each.next_update],
        ),
        (
            "Revocation Time",
            [each.revocation_time for each in plan.entries if each.revocation_time],
        ),
    ):
        printed = re.findall(rf"{label}: (.*GMT)", text)
        assert [_openssl_time(each) for each in printed] == times


@pytest.mark.parametrize(
    "status",
    [each for each in ocsp.OCSPResponseStatus if each.value],
    ids=lambda each: each.name,
)
def test_an_error_is_read_back_by_all(status: ocsp.OCSPResponseStatus) -> None:
    """Five octets, by four readers."""
    der = _der(ocsp.OCSPResponseBuilder.build_unsuccessful(status))
    assert der == bytes((0x30, 3, 0x0A, 1, status.value))
    assert ocsp.load_der_ocsp_response(der).response_status is status
    theirs = original.load_der_ocsp_response(der).response_status
    assert theirs.name == status.name
    read = asn1.OCSPResponse.load(der, strict=True)["response_status"].native
    assert read == status.name.lower().replace("sig_", "sign_")
    text = _with_file(der, text_of_response)
    assert (
        f"Responder Error: {status.name.lower().replace('_', '')} ({status.value})"
        in text
    )


@given(response_plans())
def test_the_object_that_was_built_says_what_the_loaded_one_says(
    plan: ResponsePlan,
) -> None:
    """A built response is read when it is asked, and then it is the same."""
    built = sign(plan)
    loaded = ocsp.load_der_ocsp_response(_der(built))
    names = [
        name
        for name, value in vars(ocsp.OCSPResponse).items()
        if isinstance(value, property)
    ]
    assert "responses" in names
    for name in names:
        if name.endswith(("_update", "_at", "_time")):
            continue  # naive times warn; their aware twins are compared
        values = [_value(each, name) for each in (built, loaded)]
        assert values[0] == values[1], name
    assert built == loaded
    assert hash(built) == hash(loaded)
    assert repr(built) == repr(loaded)


def _value(message: ocsp.OCSPResponse, name: str) -> object:
    try:
        value = getattr(message, name)
    except (ValueError, x509.DuplicateExtension) as error:
        return type(error), str(error)
    if name in {"extensions", "single_extensions"}:
        return list(value)
    if name.endswith("parameters"):
        return type(value)  # these have no equality
    return list(value) if name == "responses" else value


@given(response_plans(most=1))
def test_good_has_no_times_of_revocation(plan: ResponsePlan) -> None:
    """What is not revoked has neither time nor reason, in the octets as well."""
    (entry,) = sign(plan).responses
    revoked = entry.certificate_status is OCSPCertStatus.REVOKED
    assert (entry.revocation_time_utc is not None) == revoked
    assert revoked or entry.revocation_reason is None
