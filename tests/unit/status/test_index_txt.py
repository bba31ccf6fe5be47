"""Read ``index.txt``: every kind of line that ``openssl ca`` writes, and odd ones."""

from __future__ import annotations

import datetime

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from ocsp import OCSPCertStatus
from ocsp.responder import StatusRecord
from ocsp.status.index_txt import IndexRow, Oddity, read_index

END = datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
SINCE = datetime.datetime(2026, 6, 1, 10, tzinfo=datetime.UTC)
STOLEN_AT = datetime.datetime(2026, 5, 1, tzinfo=datetime.UTC)


def _line(
    kind: str = "V", revoked: str = "", serial: str = "1000", end: str = "300102030405Z"
) -> str:
    return "\t".join((kind, end, revoked, serial, "unknown", "/CN=a"))


def _read(text: str) -> list[IndexRow | Oddity]:
    return list(read_index(text.encode()))


def _one(text: str) -> IndexRow:
    (row,) = _read(text)
    assert isinstance(row, IndexRow)
    return row


@pytest.mark.parametrize("kind", ["V", "E"])
def test_a_certificate_that_is_valid_or_expired_is_good(kind: str) -> None:
    """Expiry is no revocation."""
    assert _one(_line(kind)) == IndexRow(1, 0x1000, StatusRecord(expires=END), "/CN=a")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("491231235959Z", "2049-12-31T23:59:59+00:00"),
        ("500101000000Z", "1950-01-01T00:00:00+00:00"),
        ("20500101000000Z", "2050-01-01T00:00:00+00:00"),
        ("99991231235959Z", "9999-12-31T23:59:59+00:00"),
    ],
)
def test_both_forms_of_time(text: str, moment: str) -> None:
    """UTCTime, with its century, and GeneralizedTime."""
    expires = _one(_line(end=text)).record.expires
    assert expires == datetime.datetime.fromisoformat(moment)


@pytest.mark.parametrize(
    ("words", "reason", "invalid"),
    [
        ("", None, None),
        (",unspecified", "unspecified", None),
        (",keyCompromise", "key_compromise", None),
        (",CACompromise", "ca_compromise", None),
        (",affiliationChanged", "affiliation_changed", None),
        (",superseded", "superseded", None),
        (",SUPERSEDED", "superseded", None),
        (",cessationOfOperation", "cessation_of_operation", None),
        (",certificateHold", "certificate_hold", None),
        (",privilegeWithdrawn", "privilege_withdrawn", None),
        (",AACompromise", "aa_compromise", None),
        (",holdInstruction,holdInstructionReject", "certificate_hold", None),
        (",keyTime,20260501000000Z", "key_compromise", STOLEN_AT),
        (",CAkeyTime,20260501000000Z", "ca_compromise", STOLEN_AT),
    ],
)
def test_reasons(
    words: str, reason: str | None, invalid: datetime.datetime | None
) -> None:
    """The words of RFC 5280, and the pseudo-reasons of ``openssl ca``."""
    record = _one(_line("R", f"260601100000Z{words}")).record
    assert record == StatusRecord(
        status=OCSPCertStatus.REVOKED,
        revocation_time=SINCE,
        revocation_reason=None if reason is None else x509.ReasonFlags[reason],
        invalidity_date=invalid,
        expires=END,
    )


@pytest.mark.parametrize(
    ("words", "reason", "remark"),
    [
        ("stolen", None, "has the reason 'stolen', which is not known: omitted"),
        (
            "keyTime",
            x509.ReasonFlags.key_compromise,
            "has '' as invalidityDate, not a time: omitted",
        ),
        (
            "CAkeyTime,yesterday",
            x509.ReasonFlags.ca_compromise,
            "has 'yesterday' as invalidityDate, not a time: omitted",
        ),
    ],
)
def test_an_odd_reason_does_not_cost_the_revocation(
    words: str, reason: x509.ReasonFlags | None, remark: str
) -> None:
    """The certificate is revoked all the same, and the oddity is reported."""
    oddity, row = _read(_line("R", f"260601100000Z,{words}"))
    assert oddity == Oddity(1, remark, 0x1000, row_follows=True)
    assert isinstance(row, IndexRow)
    assert row.record.status is OCSPCertStatus.REVOKED
    assert row.record.revocation_reason is reason
    assert row.record.invalidity_date is None


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (_line("X"), "has the type 'X', not V, R or E"),
        (_line("R"), "has type R and no time of revocation"),
        (_line("R", "soon"), "has 'soon' as the time of revocation, not a time"),
        (_line("R", "260631100000Z"), "has '260631100000Z' as the time of revocation"),
        (_line("R", ",superseded"), "has '' as the time of revocation, not a time"),
        (_line("V", "260601100000Z"), "has type V and a time of revocation"),
        (_line("E", "260601100000Z"), "has type E and a time of revocation"),
        (
            _line("R", "260601100000Z,removeFromCRL"),
            "has the reason removeFromCRL, which only delta CRLs use",
        ),
        (_line(end="2030-01-02"), "has '2030-01-02' as notAfter, not a time"),
        (_line() + "\textra", "has 7 fields, not 6"),
        ("V\t300102030405Z\t\t1000", "has 4 fields, not 6"),
    ],
)
def test_a_corrupt_line_is_reported_with_its_serial_number(
    line: str, reason: str
) -> None:
    """The other lines are read."""
    first, oddity, last = _read(f"{_line()}\n{line}\n{_line(serial='1001')}\n")
    assert isinstance(first, IndexRow)
    assert isinstance(last, IndexRow)
    assert isinstance(oddity, Oddity)
    assert oddity.reason.startswith(reason)
    assert oddity[:1] + oddity[2:] == (2, 0x1000, False)


@pytest.mark.parametrize(
    "line", ["V", "\x00\x01\x02", "V\t300102030405Z", _line(serial="12G4"), "V\t\t"]
)
def test_a_line_without_a_serial_number_is_reported(line: str) -> None:
    """Which certificate it is about cannot be known."""
    (oddity,) = _read(line)
    assert isinstance(oddity, Oddity)
    assert oddity.serial_number is None


@pytest.mark.parametrize(
    ("serial", "number", "reason"),
    [
        ("00", 0, "which is not positive"),
        ("-01", -1, "which is not positive"),
        ("123", 0x123, "with an odd number of digits"),
        ("1" * 42, int("1" * 42, 16), "of more than 20 octets"),
    ],
)
def test_serial_numbers_that_are_probably_not_of_this_ca(
    serial: str, number: int, reason: str
) -> None:
    """They are reported, and read as they are written."""
    oddity, row = _read(_line(serial=serial))
    assert isinstance(oddity, Oddity)
    assert reason in oddity.reason
    assert isinstance(row, IndexRow)
    assert row.serial_number == number


def test_what_openssl_also_reads() -> None:
    """Comments, empty lines, other line ends, a TAB in a name, no last line end."""
    name = "/CN=a\\\tb"
    text = f"# {_line()}\r\n\r\n{_line(serial='0a')[:-5]}{name}\r\n\n{_line()}"
    rows = _read(text)
    assert [(row[0], row[1], row[3]) for row in rows] == [
        (3, 0x0A, "/CN=a\tb"),
        (5, 0x1000, "/CN=a"),
    ]


@given(st.binary(max_size=200) | st.text("VRE0a9Z\t\n,\\", max_size=80).map(str.encode))
def test_any_octets_give_rows_or_oddities(data: bytes) -> None:
    """Never an exception; one result for each line that is not a comment, or two."""
    lines = [found.line for found in read_index(data)]
    assert lines == sorted(lines)
    for found in read_index(data):
        if isinstance(found, IndexRow):
            assert found.record.status is not OCSPCertStatus.UNKNOWN


@given(st.integers(1, 2**160 - 1), st.integers(-631152000, 2524607999))
def test_what_was_written_is_read(serial: int, seconds: int) -> None:
    """Serial numbers of all lengths, times of the whole range of UTCTime."""
    when = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    digits = f"{serial:X}"
    digits = digits.zfill(len(digits) + len(digits) % 2)
    row = _one(_line("R", f"{when:%y%m%d%H%M%SZ}", digits))
    assert (row.serial_number, row.record.revocation_time) == (serial, when)
