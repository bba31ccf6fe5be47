"""
Messages that we build are read back, and are built again from what was read.

Four readers that share no code, or little, with the builders: ``cryptography``,
asn1crypto, ``openssl``, and our own loaders.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp as original
from hypothesis import given, settings

import ocsp
from ocsp import OCSPCertStatus
from tests.compiled import properties_of
from tests.interop import by_asn1crypto, by_openssl
from tests.interop.by_attributes import request_facts, response_facts
from tests.interop.facts import assert_found
from tests.interop.plans import RequestPlan, ResponsePlan
from tests.interop.rebuild import rebuilt_request, rebuilt_response
from tests.interop.values import assert_are_values, parts
from tests.property.strategies import (
    request_plans,
    requests,
    response_plans,
    responses,
)


def _der(message: ocsp.OCSPRequest | ocsp.OCSPResponse) -> bytes:
    return message.public_bytes(Encoding.DER)


def _load_request(der: bytes) -> ocsp.OCSPRequest:
    return ocsp.load_der_ocsp_request(der, allow_multiple=True)


# --- built messages are read back ------------------------------------------------


@given(request_plans())
def test_a_request_is_read_back_by_us(plan: RequestPlan) -> None:
    """Every attribute, of the built object and of the loaded one."""
    built = plan.build()
    loaded = _load_request(_der(built))
    assert loaded == built
    assert _der(loaded) == _der(built)
    for message in (loaded, built):
        assert_found(request_facts(message), plan.facts(built))


@given(request_plans(most=1))
def test_a_request_is_read_back_by_cryptography(plan: RequestPlan) -> None:
    """Every attribute that ``cryptography`` has."""
    built = plan.build()
    loaded = original.load_der_ocsp_request(_der(built))
    assert loaded.public_bytes(Encoding.DER) == _der(built)
    assert_found(request_facts(loaded), plan.facts(built))


@given(request_plans())
def test_a_request_is_read_back_by_asn1crypto(plan: RequestPlan) -> None:
    """Strictly, field by field."""
    built = plan.build()
    assert_found(by_asn1crypto.request_facts(_der(built)), plan.facts(built))


@settings(max_examples=15)
@given(request_plans())
def test_a_request_is_read_back_by_openssl(plan: RequestPlan) -> None:
    """As far as the program prints it."""
    built = plan.build()
    assert_found(by_openssl.request_facts(_der(built)), plan.facts(built))


@given(response_plans())
def test_a_response_is_read_back_by_us(plan: ResponsePlan) -> None:
    """Every attribute, of the built object and of the loaded one."""
    built = plan.build()
    loaded = ocsp.load_der_ocsp_response(_der(built))
    assert loaded == built
    for message in (loaded, built):
        assert_found(response_facts(message), plan.facts(built))


@given(response_plans())
def test_a_response_is_read_back_by_cryptography(plan: ResponsePlan) -> None:
    """Every attribute that ``cryptography`` has."""
    built = plan.build()
    loaded = original.load_der_ocsp_response(_der(built))
    assert loaded.public_bytes(Encoding.DER) == _der(built)
    assert_found(response_facts(loaded), plan.facts(built))


@given(response_plans())
def test_a_response_is_read_back_by_asn1crypto(plan: ResponsePlan) -> None:
    """Strictly, field by field; its signed part is the one that we signed."""
    built = plan.build()
    assert_found(by_asn1crypto.response_facts(_der(built)), plan.facts(built))
    signed, signature = by_asn1crypto.signed_part(_der(built), of_request=False)
    assert (signed, signature) == (built.tbs_response_bytes, built.signature)


@settings(max_examples=15)
@given(response_plans())
def test_a_response_is_read_back_by_openssl(plan: ResponsePlan) -> None:
    """As far as the program prints it."""
    built = plan.build()
    assert_found(by_openssl.response_facts(_der(built)), plan.facts(built))


# --- messages that were read are built again -------------------------------------


@given(requests())
def test_a_request_that_was_read_is_built_again(built: ocsp.OCSPRequest) -> None:
    """From its attributes, octet for octet."""
    assert rebuilt_request(_load_request(_der(built))) == _der(built)


@given(response_plans())
def test_a_response_that_was_read_is_built_again(plan: ResponsePlan) -> None:
    """From its attributes, octet for octet; with the signature that was read."""
    der = _der(plan.build())
    loaded = ocsp.load_der_ocsp_response(der)
    assert rebuilt_response(loaded, plan.signing.certificate) == der


# --- values ----------------------------------------------------------------------


@given(requests())
def test_a_request_and_its_parts_are_values(built: ocsp.OCSPRequest) -> None:
    """Equal to their copies and to their unpickled pickles."""
    assert_are_values(parts(_load_request(_der(built))))


@given(responses())
def test_a_response_and_its_parts_are_values(built: ocsp.OCSPResponse) -> None:
    """Equal to their copies and to their unpickled pickles."""
    assert_are_values(parts(ocsp.load_der_ocsp_response(_der(built))))


@given(response_plans())
def test_built_and_loaded_objects_are_equal(
    plan: ResponsePlan,
) -> None:
    """A built response is read at the first access, with the same result."""
    built = plan.build()
    loaded = ocsp.load_der_ocsp_response(_der(built))
    names = properties_of(ocsp.OCSPResponse)
    assert "responses" in names
    for name in names:
        if name.endswith(("_update", "_at", "_time")):
            continue  # naive times warn; the aware ones are compared
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


@given(responses(most=1))
def test_good_has_no_revocation_time(built: ocsp.OCSPResponse) -> None:
    """Nor a reason; also in the octets."""
    (entry,) = built.responses
    revoked = entry.certificate_status is OCSPCertStatus.REVOKED
    assert (entry.revocation_time_utc is not None) == revoked
    assert revoked or entry.revocation_reason is None
