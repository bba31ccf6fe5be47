"""Comparison of names: which differences matter (RFC 5280 §7.1)."""

from __future__ import annotations

import sys
import tracemalloc
import unicodedata
import warnings

import pytest
from cryptography import x509
from cryptography.x509 import ocsp as original

import ocsp
from ocsp import errors
from ocsp.asn1.der import encode, encode_oid
from ocsp.asn1.name_comparison import (
    is_comparable,
    name_of_issuer,
    name_of_subject,
    same_name,
    text,
)
from ocsp.verification.responder_id import name_of_responder
from tests.cases.builder import Builder

CN, ORG, C = "2.5.4.3", "2.5.4.10", "2.5.4.6"
UTF8, PRINTABLE, TELETEX, IA5, GENERAL = 0x0C, 0x13, 0x14, 0x16, 0x1B
UNIVERSAL, BMP, BITS = 0x1C, 0x1E, 0x03

Attribute = tuple[str, int, bytes]


def _name(*relative: Attribute | tuple[Attribute, ...]) -> bytes:
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
        *(
            _name((CN, UTF8, f"Te{chr(code)}st {chr(code)}Responder".encode()))
            for code in (0x00, 0x1C, 0x7F, 0x9F, 0xAD, 0x1806, 0x200B, 0xFE0F, 0xFEFF)
        ),
    ],
)
def test_differences_that_are_ignored(other: bytes) -> None:
    """String types, case, white space, compatibility and control characters."""
    assert same_name(PLAIN, other)
    assert same_name(other, PLAIN)


def _without_meaning() -> set[str]:
    """Return the characters of RFC 4518 §2.2, which is based on Unicode 3.2."""
    category = unicodedata.ucd_3_2_0.category
    every = map(chr, range(sys.maxunicode + 1))
    control = {each for each in every if category(each) in {"Cc", "Cf"}}
    spaces = set("\t\n\v\f\r\x85")
    others = set("\u00ad\u1806\u034f\u180b\u180c\u180d\u200b\ufffc")
    selectors = set(map(chr, range(0xFE00, 0xFE10)))
    return (control - spaces) | others | selectors


def test_the_characters_without_meaning_are_those_of_the_standard() -> None:
    """RFC 4518 §2.2; the characters beside each of them have a meaning."""
    ignored = _without_meaning()
    assert len(ignored) > 200
    near = {chr(ord(each) + away) for each in ignored for away in (0, 1)}
    near |= {chr(ord(each) - 1) for each in ignored - {"\0"}}
    plain = _name((CN, UTF8, b"ab"))
    for each in near:
        other = _name((CN, UTF8, f"a{each}b".encode()))
        assert same_name(plain, other) is (each in ignored), f"U+{ord(each):04X}"


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
def test_differences_that_matter(other: bytes) -> None:
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


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((CN, TELETEX, b"Z\xfcrich CA"), (CN, UTF8, "Z\xfcrich CA".encode())),
        ((CN, TELETEX, b"Z\xfcrich CA"), (CN, IA5, b"Z\xdcRICH  ca")),
        ((CN, UTF8, b"Z\xfcrich CA"), (CN, UTF8, b"z\xfcrich ca ")),
        ((CN, GENERAL, b"Zurich CA"), (CN, PRINTABLE, b"ZURICH CA")),
        ((CN, UNIVERSAL, "CA".encode("utf-32-be")), (CN, UTF8, b"ca")),
        ((CN, UTF8, b""), (CN, UTF8, b" ")),
    ],
)
def test_names_that_cryptography_cannot_decode_are_compared_as_text(
    one: Attribute, other: Attribute
) -> None:
    """TeletexString in Latin-1, and every string type with other octets."""
    assert same_name(_name(one), _name(other))
    assert same_name(_name(other), _name(one))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((CN, BMP, b"\x00a\x00"), (CN, BMP, b"\x00A\x00")),  # an odd length
        ((CN, BMP, b"\xd8\x00"), (CN, BMP, b"\xd8\x01")),  # half of a surrogate pair
        ((CN, BITS, b"\x00ab"), (CN, UTF8, b"\x00ab")),
        ((CN, 0x0B, b"ab"), (CN, UTF8, b"ab")),  # no string type
        ((CN, 0x0D, b"ab"), (CN, UTF8, b"ab")),
        ((CN, TELETEX, b"\xfc"), (CN, TELETEX, b"\xfb")),
        ((CN, 0x2C, b"\x0c\x01a"), (CN, UTF8, b"a")),  # a constructed string is BER
    ],
)
def test_values_that_are_not_text_differ_from_all_others(
    one: Attribute, other: Attribute
) -> None:
    """They equal only the same octets."""
    assert same_name(_name(one), _name(one))
    assert same_name(_name(other), _name(other))
    assert not same_name(_name(one), _name(other))
    assert not same_name(_name(other), _name(one))


def test_an_rdn_with_an_attribute_twice_is_another_name() -> None:
    """RFC 5280 §7.1: both have the same number of attributes."""
    one, same = (CN, UTF8, b"a"), (CN, PRINTABLE, b"a")
    assert not same_name(_name((one, same)), _name(one))


@pytest.mark.parametrize(
    "malformed",
    [
        *(b"", b"\x05\x00", b"\x30\x02\x31\x05", b"\x30\x02"),
        PLAIN + b"\x05\x00",
        encode(0x30, encode(0x31, encode(0x30, PLAIN[6:], b"\x05\x00"))),
    ],
)
def test_a_malformed_name_equals_only_the_same_octets(malformed: bytes) -> None:
    """And is shown in hexadecimal. The last ones have more than a name has."""
    assert same_name(malformed, malformed)
    assert not same_name(malformed, PLAIN)
    assert not same_name(PLAIN, malformed)
    assert text(malformed) == f"'#{malformed.hex()}'"


def test_the_number_of_attributes_can_be_limited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Names with more are equal only if their octets are."""
    one, other = (
        _name((CN, UTF8, b"a"), (ORG, UTF8, b"b")),
        _name((CN, UTF8, b"A"), (ORG, UTF8, b"b")),
    )
    assert same_name(one, other)
    monkeypatch.setattr(ocsp.limits, "MAX_NAME_ATTRIBUTES", 1)
    assert not same_name(one, other)
    assert same_name(one, one)


def test_a_longer_name_equals_only_the_same_octets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The length is that of the whole Name."""
    one, other = _name((CN, UTF8, b"Test")), _name((CN, UTF8, b"test"))
    monkeypatch.setattr(ocsp.limits, "MAX_COMPARED_NAME_BYTES", len(one))
    assert same_name(one, other)
    assert is_comparable(one)
    monkeypatch.setattr(ocsp.limits, "MAX_COMPARED_NAME_BYTES", len(one) - 1)
    assert not same_name(one, other)
    assert same_name(one, bytes(bytearray(one)))
    assert not is_comparable(one)


@pytest.mark.parametrize("mark", ["\u0301", "\u0323\u0301", "\u0344"])
def test_a_name_with_many_combining_characters_equals_only_the_same_octets(
    mark: str,
) -> None:
    """Up to 30 of them in a row are normalised (UAX #15 §13)."""
    fits = mark * (30 // len(mark))
    texts = [f"A{fits}", f"A{fits}B{fits}", f"{fits}A{fits}"]
    for each in texts:
        one, other = (
            _name((CN, UTF8, each.encode())),
            _name((CN, UTF8, each.lower().encode())),
        )
        assert is_comparable(one)
        assert same_name(one, other)
    for each in (f"{fits}{mark}", f"A{fits}{mark}B", f"A{fits}B{fits}{mark}"):
        one, other = (
            _name((CN, UTF8, each.encode())),
            _name((CN, UTF8, f"{each} ".encode())),
        )
        assert not is_comparable(one)
        assert not same_name(one, other)
        assert same_name(one, bytes(bytearray(one)))


def test_characters_that_become_combining_count_as_combining() -> None:
    """All that normalisation decomposes to a combining character first."""
    become = [
        letter
        for letter in map(chr, range(sys.maxunicode + 1))
        if not unicodedata.combining(letter)
        and unicodedata.combining(unicodedata.normalize("NFKD", letter)[0])
    ]
    assert "\u0f73" in become
    for letter in become:
        for count, expected in ((30, True), (31, False)):
            value = (letter * count).encode()
            assert is_comparable(_name((CN, UTF8, value))) is expected


def test_the_number_of_combining_characters_can_be_limited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Zero leaves the names of most languages."""
    composed, apart = (
        _name((CN, UTF8, "\xfc a".encode())),
        _name((CN, UTF8, "u\u0308 A".encode())),
    )
    assert same_name(composed, apart)
    monkeypatch.setattr(ocsp.limits, "MAX_COMBINING_CHARACTERS", 0)
    assert not same_name(composed, apart)
    assert same_name(composed, _name((CN, UTF8, "\xfc A".encode())))


def test_a_text_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """With an ellipsis instead of the rest."""
    monkeypatch.setattr(ocsp.limits, "MAX_SHOWN_CHARACTERS", 17)
    assert text(PLAIN) == "'CN=Test Responder'"
    monkeypatch.setattr(ocsp.limits, "MAX_SHOWN_CHARACTERS", 16)
    assert text(PLAIN) == "'CN=Test Responde…'"


def test_the_cache_of_names_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names that differ in their octets, but are equal, are separate entries."""
    monkeypatch.setattr(ocsp.limits, "MAX_CACHE_BYTES", 100_000)
    for number in range(1000):
        assert same_name(
            _name((CN, UTF8, b"%d" % number)), _name((CN, IA5, b"%d" % number))
        )
    tracemalloc.start()
    for number in range(40):
        filler = "\ufdfa" * 500  # each becomes 18 characters
        value = f"{number}{filler}".encode()
        assert same_name(_name((CN, UTF8, value)), _name((CN, UTF8, value + b" ")))
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 100_000


def test_the_name_in_a_responder_id() -> None:
    """Empty if there is a key hash instead; an error response has neither."""
    build = Builder()
    by_key = ocsp.load_der_ocsp_response(build.response())
    assert name_of_responder(by_key) == b""
    with pytest.raises(ocsp.ResponseStatusError):
        name_of_responder(ocsp.load_der_ocsp_response(build.failed(6)))


def test_text() -> None:
    """In quotation marks; the last relative name first (RFC 4514)."""
    assert text(PLAIN) == "'CN=Test Responder'"


def test_an_attribute_of_another_type_is_the_error_of_cryptography() -> None:
    """A TypeError, and malformed data as well."""
    build, name = Builder(), _name((CN, BITS, b"\x00ab"))
    response = build.response(responder_id=build.by_name(name))
    with pytest.raises(TypeError):
        _ = original.load_der_ocsp_response(response).responder_name
    with pytest.raises(errors.ValueTypeError, match="BitString") as caught:
        _ = ocsp.load_der_ocsp_response(response).responder_name
    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, errors.DecodeError)


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
    build, name = Builder(), _name(bad)
    cert = x509.load_der_x509_certificate(build.delegate(name, issuer_name=name).der)
    response = ocsp.load_der_ocsp_response(
        build.response(responder_id=build.by_name(name))
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert name_of_subject(cert) == name
        assert name_of_issuer(cert) == name
        assert name_of_responder(response) == name
