"""Words for times, numbers, reasons and names."""

from __future__ import annotations

import datetime

import pytest
from cryptography import x509

from ocsp import limits
from ocsp.asn1.der import encode, encode_oid
from ocsp.asn1.times import timestamp
from ocsp.inspection.vocabulary import (
    age,
    common_name,
    count,
    oid_name,
    span,
)
from ocsp.messages.reasons import reason_name
from tests.cases.builder import Builder

NOW = datetime.datetime(2026, 7, 1, 12, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (61, "1 minute 1 second"),
        (3600, "1 hour"),
        (3601, "1 hour"),
        (86_399, "23 hours 59 minutes"),
        (7 * 86_400, "7 days"),
        (400 * 86_400, "1 year 35 days"),
    ],
)
def test_a_span_has_its_two_largest_units(seconds: int, words: str) -> None:
    """A duration has its largest unit and the next one, if that is not zero."""
    assert words == span(seconds)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-90, "1 minute 30 seconds ago"), (90, "in 1 minute 30 seconds"), (0, "now")],
)
def test_an_age_has_a_direction(seconds: int, words: str) -> None:
    """A past time is *ago*, a future time is *in*."""
    assert words == age(NOW + datetime.timedelta(seconds=seconds), NOW)


def test_a_timestamp_is_utc_in_whole_seconds() -> None:
    """A time in another zone is converted to UTC, and fractions are dropped."""
    zone = datetime.timezone(datetime.timedelta(hours=2))
    moment = datetime.datetime(2026, 7, 1, 14, 0, 0, 999_999, tzinfo=zone)
    assert timestamp(moment) == "2026-07-01T12:00:00Z"


def test_early_years_keep_four_digits() -> None:
    """The first year of the calendar is written with four digits."""
    moment = datetime.datetime(1, 1, 1, tzinfo=datetime.UTC)
    assert timestamp(moment) == "0001-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("number", "words"), [(1, "1 octet"), (0, "0 octets"), (2048, "2,048 octets")]
)
def test_a_count_is_singular_or_plural(number: int, words: str) -> None:
    """One is singular, all others are plural; thousands have a separator."""
    assert words == count(number, "octet")


def test_every_reason_has_the_name_of_the_standard() -> None:
    """Every member of ReasonFlags has its name from RFC 5280."""
    names = {reason: reason_name(reason) for reason in x509.ReasonFlags}
    assert names[x509.ReasonFlags.key_compromise] == "keyCompromise"
    assert len(x509.ReasonFlags) == len(set(names.values()))


def test_unknown_identifiers_have_no_name() -> None:
    """An unknown object identifier has no name."""
    assert oid_name("1.3.6.1.5.5.7.48.1.2") == "id-pkix-ocsp-nonce"
    assert oid_name("1.2.3") is None


def test_a_name_without_common_name_is_shown_in_full() -> None:
    """A name with a common name is shown by the common name only."""
    organization = encode(0x31, _attribute("2.5.4.10", b"Example"))
    called = encode(0x31, _attribute("2.5.4.3", b"Z\xfcrich CA"))
    assert _common_name(organization, called) == "Z\xfcrich CA"
    assert _common_name(organization) == "O=Example"


def _attribute(oid: str, value: bytes) -> bytes:
    return encode(0x30, encode_oid(oid), encode(0x14, value))


def _common_name(*relative: bytes) -> str:
    der = Builder().certificate(encode(0x30, *relative)).der
    return common_name(x509.load_der_x509_certificate(der))


def test_a_name_with_too_many_attributes_is_shown_in_hexadecimal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is not decoded."""
    monkeypatch.setattr(limits, "MAX_NAME_ATTRIBUTES", 0)
    shown = _common_name(encode(0x31, _attribute("2.5.4.3", b"a")))
    assert shown == "#300c310a3008060355040314016" + "1"
