"""Each named rule, with a document made to show the difference."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp as original

import ocsp
from ocsp.asn1.der import encode_oid
from tests.differential.campaign import Tally, examine
from tests.differential.rules import RULES
from tests.vectors import REQUESTS, RESPONSES


def _with_year_zero() -> bytes:
    return RESPONSES["resp-sha256"].replace(b"20180906110000Z", b"00000906110000Z")


def _with_error_status() -> bytes:
    return RESPONSES["resp-sha256"].replace(b"\x0a\x01\x00", b"\x0a\x01\x03", 1)


def _with_unknown_certificate_version() -> bytes:
    data = RESPONSES["resp-delegate-unknown-cert"]
    (certificate,) = original.load_der_ocsp_response(data).certificates
    der = certificate.public_bytes(Encoding.DER)
    changed = der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x03", 1)
    return data.replace(der, changed)


def _with_a_cipher_for_a_hash() -> bytes:
    sha1, triple_des = "1.3.14.3.2.26", "1.2.840.113549.3.7"
    data = REQUESTS["req-sha1"]
    start, stop = 12, 12 + len(encode_oid(sha1))
    assert data[start:stop] == encode_oid(sha1)
    grown = bytearray(data[:start] + encode_oid(triple_des) + data[stop:])
    for length in (1, 3, 5, 7, 9, 11):
        grown[length] += len(encode_oid(triple_des)) - len(encode_oid(sha1))
    return bytes(grown)


EXAMPLES = {
    "error-with-body": ("response", _with_error_status()),
    "year-zero": ("response", _with_year_zero()),
    "certificate-version": ("response", _with_unknown_certificate_version()),
    "no-request": ("request", bytes.fromhex("300430023000")),
    "other-purpose": ("request", _with_a_cipher_for_a_hash()),
}


def test_each_rule_explains_its_example_and_no_other_does() -> None:
    """Every rule has an example, and the example needs exactly that rule."""
    assert [rule.name for rule in RULES] == list(EXAMPLES)
    for name, (kind, data) in EXAMPLES.items():
        tally = Tally()
        examine(tally, kind, name, data)
        assert tally.unexplained == []
        assert dict(tally.rules) == {name: 1}


def test_the_body_of_an_error_is_not_shown_but_is_checked() -> None:
    """An error with a body loads without its contents; a broken body is refused."""
    response = ocsp.load_der_ocsp_response(_with_error_status())
    assert response.response_status is ocsp.OCSPResponseStatus.TRY_LATER
    with pytest.raises(ocsp.ResponseStatusError) as refused:
        _ = response.certificate_status
    assert refused.value.status is ocsp.OCSPResponseStatus.TRY_LATER
    broken = _with_error_status().replace(b"\x80\x00\x18\x0f", b"\x83\x00\x18\x0f")
    with pytest.raises(ocsp.DecodeError) as broken_body:
        ocsp.load_der_ocsp_response(broken)
    assert "certStatus" in broken_body.value.path


def test_a_certificate_of_that_version_loads_nowhere_by_itself() -> None:
    """``cryptography`` refuses the same certificate outside of a response."""
    _, data = EXAMPLES["certificate-version"]
    start = data.rindex(b"\x30\x82", 0, data.index(b"\xa0\x03\x02\x01\x03"))
    start = data.rindex(b"\x30\x82", 0, start)
    with pytest.raises(x509.InvalidVersion):
        x509.load_der_x509_certificate(data[start:])


def test_a_request_without_entries_is_malformed_with_allow_multiple() -> None:
    """``allow_multiple`` does not allow an empty list."""
    assert REQUESTS
    with pytest.raises(ocsp.errors.SchemaError) as refused:
        ocsp.load_der_ocsp_request(EXAMPLES["no-request"][1], allow_multiple=True)
    assert refused.value.path == "tbsRequest.requestList"
