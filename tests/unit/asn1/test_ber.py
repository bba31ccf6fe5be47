"""The BER reader: what it refuses, what it writes as DER, and how much it works."""

from __future__ import annotations

import pytest

import ocsp
from ocsp import limits
from ocsp.asn1.ber import Deviations, read
from ocsp.asn1.der import encode
from tests.unit.test_limits import _calls


def _der(octets: str) -> tuple[str, list[str]]:
    """Return the DER in hexadecimal, and the deviations as text."""
    deviations = Deviations()
    der = read(bytes.fromhex(octets)).encode(deviations)
    return der.hex(" "), [str(each) for each in deviations.found()]


LONG = "a length has more octets than necessary, at offset {} (X.690 §10.1)"
INDEFINITE = "a length has the indefinite form, at offset {} (X.690 §10.1)"
SEGMENTS = "a string is in segments, at offset {} (X.690 §10.2)"


@pytest.mark.parametrize(
    ("octets", "der", "deviations"),
    [
        ("30 03 02 01 05", "30 03 02 01 05", []),
        ("30 81 03 02 01 05", "30 03 02 01 05", [LONG.format(0)]),
        ("30 88 00 00 00 00 00 00 00 00", "30 00", [LONG.format(0)]),
        ("30 80 02 01 05 00 00", "30 03 02 01 05", [INDEFINITE.format(0)]),
        (
            "30 80 30 80 00 00 00 00",
            "30 02 30 00",
            [INDEFINITE.format("0 and 1 more place")],
        ),
        ("24 06 04 01 61 04 01 62", "04 02 61 62", [SEGMENTS.format(0)]),
        ("24 08 24 03 04 01 61 04 01 62", "04 02 61 62", [SEGMENTS.format(0)]),
        ("24 00", "04 00", [SEGMENTS.format(0)]),
        ("23 08 03 02 00 61 03 02 04 60", "03 03 04 61 60", [SEGMENTS.format(0)]),
        ("2c 03 04 01 61", "0c 01 61", [SEGMENTS.format(0)]),
        (
            "01 01 01",
            "01 01 ff",
            ["TRUE is not encoded as FF, at offset 0 (X.690 §11.1)"],
        ),
        ("01 01 00", "01 01 00", []),
        ("01 01 ff", "01 01 ff", []),
        ("03 02 07 80", "03 02 07 80", []),
        (
            "03 03 07 61 ff",
            "03 03 07 61 80",
            ["an unused bit of a bit string is set, at offset 0 (X.690 §11.2.1)"],
        ),
        ("04 02 04 6f", "04 02 04 6f", []),
        ("31 06 02 01 05 02 01 06", "31 06 02 01 05 02 01 06", []),
        ("32 03 04 01 61", "12 01 61", [SEGMENTS.format(0)]),
        ("3e 03 04 01 61", "1e 01 61", [SEGMENTS.format(0)]),
        (
            "23 0c 03 02 00 61 03 02 00 62 03 02 04 60",
            "03 04 04 61 62 60",
            [SEGMENTS.format(0)],
        ),
        ("01 00", "01 00", []),
        (
            "03 02 04 6f",
            "03 02 04 60",
            ["an unused bit of a bit string is set, at offset 0 (X.690 §11.2.1)"],
        ),
        ("03 02 08 6f", "03 02 08 6f", []),
        ("03 01 04", "03 01 04", []),
        (
            "31 06 02 01 06 02 01 05",
            "31 06 02 01 05 02 01 06",
            ["the elements of a SET are not in order, at offset 0 (X.690 §11.6)"],
        ),
    ],
)
def test_ber_is_written_as_der(octets: str, der: str, deviations: list[str]) -> None:
    """DER is written unchanged; each deviation is recorded with its place."""
    assert _der(octets) == (der, deviations)


@pytest.mark.parametrize(
    ("header", "size", "minimal"),
    [
        ("04 7f", 127, True),
        ("04 81 7f", 127, False),
        ("04 81 80", 128, True),
        ("04 82 00 80", 128, False),
        ("04 82 00 ff", 255, False),
        ("04 82 01 00", 256, True),
    ],
)
def test_only_minimal_lengths_are_der(header: str, size: int, minimal: bool) -> None:
    """At the limits between one, two and three octets."""
    der, found = _der(header + "00" * size)
    assert bytes.fromhex(der) == encode(4, bytes(size))
    assert found == ([] if minimal else [LONG.format(0)])


FRACTION = "a time has a fraction of a second"
OFFSET = "a time has an offset from UTC instead of Z"
SECONDS = "a time has no seconds"


@pytest.mark.parametrize(
    ("text", "utc", "deviations"),
    [
        ("20260701120000Z", "20260701120000Z", []),
        ("20260701120000.9Z", "20260701120000Z", [FRACTION]),
        ("20260701120000+0130", "20260701103000Z", [OFFSET]),
        ("20260701120000-1259", "20260702005900Z", [OFFSET]),
        ("202607011200Z", "20260701120000Z", [SECONDS]),
        ("202607011200-0000", "20260701120000Z", [OFFSET, SECONDS]),
        ("20260701120000.5+0000", "20260701120000Z", [FRACTION, OFFSET]),
        ("00011231235959Z", "00011231235959Z", []),
        ("00010102000000+1200", "00010101120000Z", [OFFSET]),
        *(
            (text, text, [])
            for text in (
                "",
                "2026070112Z",
                "20260701120000",
                "20260701120000.Z",
                "20260701120000,5Z",
                "202607011200.5Z",
                "20260701120000+01",
                "20260701120000+1300",
                "20260701120000+0060",
                "20260701120060.1Z",
                "20260701240000.1Z",
                "20260230120000.1Z",
                "99991231235959-0100",
                "00010101000000+0100",
                "20260701120000.1Zx",
                "20260701120000.1z",
            )
        ),
    ],
)
def test_times_are_read_as_openssl_reads_them(
    text: str, utc: str, deviations: list[str]
) -> None:
    """Other times are copied, and the strict reader refuses them."""
    der, found = _der(encode(0x18, text.encode()).hex())
    assert bytes.fromhex(der)[2:] == utc.encode()
    clause = "(RFC 5280 §4.1.2.5.2)"
    assert found == [f"{each}, at offset 0 {clause}" for each in deviations]


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        ("", "offset 0: value is missing: the data ends here"),
        ("30", "offset 0: value is missing: the data ends here"),
        ("30 00 00", "offset 2: octets follow the last value"),
        ("30 80", "offset 2: value is missing: the data ends here"),
        ("30 80 00", "offset 2: value is missing: the data ends here"),
        ("30 80 00 81 00", "offset 2: the tag 0x00 is not possible here"),
        ("30 02 00 00", "offset 2: the tag 0x00 is not possible here"),
        ("30 03 30 80 00 00", "offset 4: the end-of-contents octets are missing"),
        ("04 80 00 00", "offset 0: a primitive value has an indefinite length"),
        ("3f 10 00", "offset 0: the tag 0x3f is not possible here"),
        ("30 89 00 00 00 00 00 00 00 00 00", "offset 0: a length in 9 octets"),
        ("30 82 00", "offset 0: a length in 2 octets"),
        ("30 01", "offset 0: the length is 1, but 0 octets follow"),
        ("30 03 02 02 00", "offset 2: the length is 2, but 1 octets follow"),
        ("24 03 0c 01 61", "offset 0: a segment is not a string"),
        ("2c 03 0c 01 61", "offset 0: a segment is not a string"),
        ("23 00", "offset 0: segments of a bit string are wrong"),
        ("23 02 03 00", "offset 0: segments of a bit string are wrong"),
        (
            "23 0a 03 02 00 61 03 00 03 02 00 61",
            "offset 0: segments of a bit string are wrong",
        ),
        (
            "23 0c 03 02 00 61 03 02 04 60 03 02 00 61",
            "offset 0: segments of a bit string are wrong",
        ),
        (
            "23 08 03 02 04 60 03 02 00 61",
            "offset 0: segments of a bit string are wrong",
        ),
    ],
)
def test_what_is_not_ber_is_refused(octets: str, text: str) -> None:
    """Each with its reason and its place."""
    with pytest.raises(ocsp.errors.DERError) as refused:
        _der(octets)
    assert str(refused.value) == text


def test_the_depth_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of values with definite and with indefinite length; the limit is read each time."""
    nested = "30 80" * 4 + "00 00" * 4
    monkeypatch.setattr(limits, "MAX_DEPTH", 4)
    assert _der(nested)[0] == "30 06 30 04 30 02 30 00"
    monkeypatch.setattr(limits, "MAX_DEPTH", 3)
    for octets in (nested, "30 06 30 04 30 02 30 00"):
        with pytest.raises(ocsp.errors.LimitExceeded) as refused:
            _der(octets)
        assert (refused.value.limit, refused.value.value) == ("MAX_DEPTH", 4)


def test_the_number_of_values_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each value counts, at any depth."""
    data = "30 08 30 02 05 00 30 02 05 00"
    monkeypatch.setattr(limits, "MAX_TOLERATED_VALUES", 5)
    assert _der(data)[0] == data
    monkeypatch.setattr(limits, "MAX_TOLERATED_VALUES", 4)
    with pytest.raises(ocsp.errors.LimitExceeded) as refused:
        _der(data)
    assert (refused.value.limit, refused.value.value) == ("MAX_TOLERATED_VALUES", 5)


@pytest.mark.parametrize(
    "unit",
    ["30 80 00 00", "05 00", "30 81 00", "24 80 24 80 04 00 00 00 00 00", "31 00"],
)
def test_the_work_grows_with_the_size(unit: str) -> None:
    """Twice as many values cost at most about twice as many calls."""

    def calls(number: int) -> int:
        data = bytes.fromhex("30 80" * 12 + unit * number + "00 00" * 12)
        return _calls(lambda: read(data).encode(Deviations()))

    assert calls(500) <= 2.1 * calls(250)


def test_indefinite_lengths_that_never_end_cost_little() -> None:
    """The reader stops at ``MAX_DEPTH``, so nested openings cost no more (CVE-2026-44378)."""
    for data in (b"\x30\x80" * 100_000, b"\x24\x80" * 100_000):

        def refused(data: bytes = data) -> None:
            with pytest.raises(ocsp.errors.LimitExceeded):
                read(data)

        assert _calls(refused) < 1000
