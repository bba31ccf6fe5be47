"""Comparison of names: which differences matter (RFC 5280 §7.1)."""

from __future__ import annotations

import warnings

import pytest
from cryptography import x509

import ocsp
from ocsp.asn1.der import encode, encode_oid
from ocsp.asn1.name_comparison import name_of_issuer, name_of_subject, same_name, text
from ocsp.asn1.names import parse_name
from ocsp.verification.responder_id import name_of_responder
from tests.cases.builder import Builder

CN, ORG, C = "2.5.4.3", "2.5.4.10", "2.5.4.6"
UTF8, PRINTABLE, TELETEX, BMP, BITS = 0x0C, 0x13, 0x14, 0x1E, 0x03

Attribute = tuple[str, int, bytes]


def _name(*relative: Attribute | tuple[Attribute, ...]) -> x509.Name:
    return parse_name(_der(*relative))


def _der(*relative: Attribute | tuple[Attribute, ...]) -> bytes:
    sets = []
    for each in relative:
        several = each if isinstance(each[0], tuple) else (each,)
        values = sorted(
            encode(0x30, encode_oid(dotted), encode(tag, value))
            for dotted, tag, value in several  # type: ignore[misc]
        )
        sets.append(encode(0x31, *values))
    return encode(0x30, *sets)


PLAIN = _name((CN, UTF8, b"Test Responder"))


@pytest.mark.parametrize(
    "other",
    [
        _name((CN, UTF8, b"Test Responder")),
        _name((CN, PRINTABLE, b"Test Responder")),
        _name((CN, BMP, "Test Responder".encode("utf-16-be"))),
        _name((CN, UTF8, b"test RESPONDER")),
        _name((CN, UTF8, b"  Test   Responder ")),
        _name((CN, UTF8, "Test\u00a0Responder".encode())),
        _name((CN, UTF8, "\uff34est Responder".encode())),
    ],
)
def test_differences_that_are_ignored(other: x509.Name) -> None:
    """String types, case, white space, compatibility characters."""
    assert same_name(PLAIN, other)
    assert same_name(other, PLAIN)


@pytest.mark.parametrize(
    "other",
    [
        _name(),
        _name((CN, UTF8, b"TestResponder")),
        _name((CN, UTF8, b"Test Responder 2")),
        _name((CN, UTF8, b"Test")),
        _name((ORG, UTF8, b"Test Responder")),
        _name((CN, UTF8, b"Test Responder"), (ORG, UTF8, b"Test")),
        _name((CN, UTF8, b"Test Responder"), (CN, UTF8, b"Test Responder")),
        _name((CN, UTF8, "T\u0435st Responder".encode())),  # a Cyrillic letter
    ],
)
def test_differences_that_matter(other: x509.Name) -> None:
    """Characters, attribute types, and the number of attributes."""
    assert not same_name(PLAIN, other)
    assert not same_name(other, PLAIN)


def test_the_order_of_rdns_matters() -> None:
    """C=DE, CN=Test is another name than CN=Test, C=DE."""
    country, common = (C, PRINTABLE, b"DE"), (CN, UTF8, b"Test")
    assert not same_name(_name(country, common), _name(common, country))


def test_the_order_inside_one_rdn_is_ignored() -> None:
    """An RDN is a set; two RDNs with one attribute each are another name."""
    one, other = (ORG, UTF8, b"a"), (CN, UTF8, b"b")
    assert same_name(_name((one, other)), _name((other, one)))
    assert not same_name(_name((one, other)), _name(one, other))


def test_values_that_are_not_text_are_compared_exactly() -> None:
    """Case folding applies to text only."""
    one = _name(("2.5.4.45", BITS, b"\x00ab"))
    assert same_name(one, _name(("2.5.4.45", BITS, b"\x00ab")))
    assert not same_name(one, _name(("2.5.4.45", BITS, b"\x00AB")))


def test_a_name_that_cannot_be_decoded_equals_nothing() -> None:
    """Not even itself."""
    assert not same_name(None, None)
    assert not same_name(PLAIN, None)
    assert not same_name(None, PLAIN)
    assert text(None) == "a name that cannot be read"
    assert text(PLAIN) == "'CN=Test Responder'"


@pytest.mark.parametrize(
    "bad",
    [
        (CN, UTF8, b"\xff\xfe"),  # not UTF-8
        (CN, 0x02, b"\x01"),  # an INTEGER
        (CN, BITS, b"\x00ab"),  # a BIT STRING: only x500UniqueIdentifier may be one
        (C, PRINTABLE, b"Germany"),  # cryptography warns of the length
    ],
)
def test_reading_a_name_never_fails(bad: Attribute) -> None:
    """In a certificate and in a response; also if warnings are errors."""
    build, name = Builder(), _der(bad)
    cert = x509.load_der_x509_certificate(build.delegate(name, issuer_name=name).der)
    response = ocsp.load_der_ocsp_response(
        build.response(responder_id=build.by_name(name))
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert name_of_subject(cert) is None
        assert name_of_issuer(cert) is None
        assert name_of_responder(response) is None
