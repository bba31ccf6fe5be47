"""The readers of ``ocsp status import``: rows, and what is odd, one item at a time."""

from __future__ import annotations

import io
import json
import re
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

import ocsp
from ocsp import limits
from ocsp.asn1.times import timestamp
from ocsp.errors import ImportRefused
from ocsp.messages.reasons import reason_name
from ocsp.responder import StatusRecord
from ocsp.status.importing import Oddities, OddityKind, ReadOptions, SerialNotation
from ocsp.status.importing.formats.certificates import read_certificates, read_directory
from ocsp.status.importing.formats.comma_separated import read_csv
from ocsp.status.importing.formats.crl import read_crl
from ocsp.status.importing.formats.index_txt import read_index_txt
from ocsp.status.importing.formats.json_lines import read_json_lines
from ocsp.status.importing.formats.kinds import ImportKind, kind_of
from ocsp.status.importing.formats.named_fields import FIELDS
from ocsp.status.importing.formats.rows import IssuedRow, Items, Oddity
from ocsp.store import CertificateRow
from tests.crls import SINCE, crl, entry, scope
from tests.pki import BEGIN, NOW, ca, key, leaf, make, name

Reader = Callable[[BinaryIO, ReadOptions], Items]

OPTIONS = ReadOptions("file", ca())
HEXADECIMAL = OPTIONS._replace(serials=SerialNotation.HEXADECIMAL)
DECIMAL = OPTIONS._replace(serials=SerialNotation.DECIMAL)
GOOD = "V\t300101000000Z\t\t1F2E\tunknown\t/CN=a"
REVOKED = "R\t300101000000Z\t260701120000Z,keyCompromise\t77\tunknown\t/CN=b"


def read(
    reader: Reader, text: str | bytes, options: ReadOptions = OPTIONS
) -> list[object]:
    """Return the items of *text*: a serial number with its status, or the oddity."""
    data = text.encode() if isinstance(text, str) else text
    return [
        (each.serial_number, each.record.status.name)
        if isinstance(each, CertificateRow)
        else each
        for each in reader(io.BytesIO(data), options)
    ]


def kinds(items: list[object]) -> list[OddityKind]:
    """Return what is odd, in order."""
    return [each.kind for each in items if isinstance(each, Oddity)]


# --- index.txt -------------------------------------------------------------------------


def test_index_txt_gives_its_rows() -> None:
    """With comments, empty lines and both line ends."""
    text = f"# made by hand\n{GOOD}\r\n\n{REVOKED}\n"
    assert read(read_index_txt, text) == [(0x1F2E, "GOOD"), (0x77, "REVOKED")]


@pytest.mark.parametrize(
    "line",
    [
        "V\t300101000000Z\t\t1F2E",
        GOOD.replace("1F2E", "xyz"),
        GOOD.replace("V", "Q", 1),
        REVOKED.replace("260701120000Z", "yesterday"),
        "\x00\xff",
        "V" * 100_000,
    ],
)
def test_a_wrong_line_costs_no_other(line: str) -> None:
    """It is named by its number, and is no row."""
    items = read(read_index_txt, f"{GOOD}\n{line}\n{REVOKED}\n")
    assert items[0] == (0x1F2E, "GOOD")
    assert items[-1] == (0x77, "REVOKED")
    (odd,) = items[1:-1]
    assert isinstance(odd, Oddity)
    assert (odd.place, odd.kind) == ("line 2", OddityKind.UNREADABLE)


@pytest.mark.parametrize(
    ("serial", "doubtful"),
    [
        ("1F2E", False),
        ("01", False),
        ("12345678", False),
        ("DEADBEEF" * 5, False),
        ("00", True),
        ("123", True),  # OpenSSL writes an even number of digits
        ("340282366920938463463374607431768211455", True),  # 16 octets in decimal
        ("34028236692093846346337460743176821145", True),
        ("18446744073709551615", True),  # 8 octets in decimal
        ("AB" * 21, True),
    ],
)
def test_a_serial_number_that_cannot_be_of_the_ca_is_reported(
    serial: str, doubtful: bool
) -> None:
    """Its row is imported all the same."""
    items = read(read_index_txt, GOOD.replace("1F2E", serial))
    assert items[-1] == (int(serial, 16), "GOOD")
    assert kinds(items) == [OddityKind.SERIAL_NUMBER] * doubtful


# --- CSV and JSON lines ----------------------------------------------------------------

HEADER = "serial_number,status,revocation_time,revocation_reason"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_csv_gives_its_rows(separator: str, start: str) -> None:
    """With each separator, and with the mark that spreadsheets write first."""
    lines = f"{HEADER}\n1f2e,good,,\n0x77,revoked,2026-07-01T12:00:00Z,keyCompromise\n"
    text = start + lines.replace(",", separator)
    assert read(read_csv, text) == [(0x1F2E, "GOOD"), (0x77, "REVOKED")]
    assert kind_of(text.encode()) is ImportKind.CSV


def test_a_list_of_serial_numbers_is_csv() -> None:
    """The list of issued certificates beside a CRL."""
    assert read(read_csv, "serial_number\n1f\n2e\n") == [(0x1F, "GOOD"), (0x2E, "GOOD")]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("serial_number,sttaus", "'sttaus', which is not known"),
        ("serial,status", "no column serial_number"),
        ("serial_number,status,status", "'status' twice"),
    ],
)
def test_a_wrong_header_refuses_the_file(header: str, words: str) -> None:
    """A misspelt column could hold the revocations."""
    with pytest.raises(ImportRefused, match=words):
        read(read_csv, f"{header}\n1f,2,3\n")


@pytest.mark.parametrize(
    "line",
    [
        "1f",
        "1f,good,,,",
        "1f,gone,,",
        "1f,revoked,,",
        "1f,revoked,yesterday,",
        "1f,good,2026-07-01,",
        "1f,revoked,2026-07-01,nonsense",
        "1f,revoked,2026-07-01,removeFromCRL",
        "1f,good,,keyCompromise",
        "1f,,,keyCompromise",
        ",good,,",
        "-1,good,,",
        "xyz,good,,",
        '"1f,good,,',
        '"1f"x,good,,',
        "1f,\0,,",
    ],
)
def test_a_wrong_line_of_csv_costs_no_other(line: str) -> None:
    """Nothing is guessed: it is no row."""
    items = read(read_csv, f"{HEADER}\n{line}\n2e,good,,\n")
    assert kinds(items) == [OddityKind.UNREADABLE]
    assert items[-1] == (0x2E, "GOOD")


def test_digits_alone_need_a_notation() -> None:
    """With ``0x`` a number is hexadecimal in each notation."""
    text = "serial_number\n31\n0x1f\n"
    assert read(read_csv, text, DECIMAL) == [(31, "GOOD"), (31, "GOOD")]
    assert read(read_csv, text, HEXADECIMAL) == [(0x31, "GOOD"), (31, "GOOD")]
    text = "serial_number\n18446744073709551615\n"
    assert kinds(read(read_csv, text, HEXADECIMAL)) == [OddityKind.SERIAL_NUMBER]


@pytest.mark.parametrize("text", ["10", "0010", "99999999999999999999"])
def test_a_serial_number_that_may_be_two_is_not_read(text: str) -> None:
    """To guess revoked another certificate than the file was about."""
    items = read(read_csv, f"serial_number\n{text}\n1f\n")
    assert kinds(items) == [OddityKind.UNREADABLE]
    assert "may be decimal or hexadecimal" in str(items[0])
    assert items[-1] == (0x1F, "GOOD")


@pytest.mark.parametrize("text", ["7", "07", "0x10", "1:10", "1e5", "1f-10", "1F"])
def test_a_serial_number_that_is_one_needs_no_notation(text: str) -> None:
    """A prefix, a separator, a letter, or one digit make it unambiguous."""
    number = int(re.sub("[:-]", "", text), 16)
    assert read(read_csv, f"serial_number\n{text}\n") == [(number, "GOOD")]


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        "[1]",
        '{"serial_number": "1f", "sttaus": "revoked"}',
        '{"serial_number": true}',
        '{"serial_number": 1.5}',
        '{"serial_number": "1f", "status": 1}',
        r'{"serial_number": "1f", "subject": "\ud800"}',
        '{"serial_number": "1f", "revocation_reason": "superseded"}',
        '{"serial_number": "1f", "invalidity_date": "2026-07-01"}',
        '{"serial_number": "1f", "revocation_time": "2026-07-01", "revocation_time": ""}',
        '{"serial_number": ' + "9" * 1000 + "}",
        "[" * 50_000,
        "{}",
    ],
)
def test_a_wrong_line_of_json_costs_no_other(line: str) -> None:
    """A key that is not known is wrong: it could be the status."""
    items = read(read_json_lines, f'{line}\n{{"serial_number": "2e"}}\n')
    assert kinds(items) == [OddityKind.UNREADABLE]
    assert items[-1] == (0x2E, "GOOD")


def test_a_number_of_json_is_a_number() -> None:
    """Text is what the notation says."""
    text = '{"serial_number": 31}\n{"serial_number": "31"}\n'
    assert read(read_json_lines, text, HEXADECIMAL) == [(31, "GOOD"), (0x31, "GOOD")]


def test_rows_of_another_issuer_are_not_imported() -> None:
    """An export of several issuers is imported once for each."""
    text = "".join(
        json.dumps({"issuer": each, "serial_number": "1f"}) + "\n"
        for each in ("CN=Test CA", "CN=Other CA")
    )
    items = read(read_json_lines, text)
    assert items[0] == (0x1F, "GOOD")
    assert kinds(items) == [OddityKind.OTHER_ISSUER]


KEY = OPTIONS.issuer_key_hash


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        (KEY, None),
        (KEY.upper(), None),
        ("", None),
        ("0" * 64, OddityKind.OTHER_ISSUER),
        (KEY[:16], OddityKind.UNREADABLE),
        (f"x{KEY[1:]}", OddityKind.UNREADABLE),
    ],
)
def test_rows_of_another_key_are_not_imported(
    key: str, kind: OddityKind | None
) -> None:
    """A CA that gets a new key keeps its name, and may use a serial number again."""
    items = read(read_csv, f"serial_number,issuer_key_sha256\n1f,{key}\n")
    assert kinds(items) == ([kind] if kind else [])
    assert ((0x1F, "GOOD") in items) is (kind is None)


MOMENTS = st.datetimes(
    min_value=NOW.replace(tzinfo=None, year=1951),
    max_value=NOW.replace(tzinfo=None, year=9998),
).map(lambda each: each.replace(microsecond=0))
REASONS = [
    each for each in x509.ReasonFlags if each is not x509.ReasonFlags.remove_from_crl
]


@given(
    serial=st.integers(1, (1 << 160) - 1),
    subject=st.text(st.characters(exclude_categories=["C", "Z"])),
    revoked=st.none() | MOMENTS,
    reason=st.none() | st.sampled_from(REASONS),
)
@pytest.mark.parametrize("reader", [read_csv, read_json_lines])
def test_what_is_written_is_read(
    reader: Reader,
    serial: int,
    subject: str,
    revoked: object,
    reason: x509.ReasonFlags | None,
) -> None:
    """The fields of a row survive, whatever they are."""
    fields = dict.fromkeys(FIELDS, "") | {
        "serial_number": f"{serial:#x}",
        "subject": subject,
    }
    kind: type[CertificateRow] = IssuedRow
    expected = StatusRecord()
    if revoked is not None:
        fields |= {"status": "revoked", "revocation_time": timestamp(revoked)}
        fields["revocation_reason"] = reason_name(reason) if reason else ""
        kind = CertificateRow
        expected = StatusRecord.revoked(revoked, reason)
    if reader is read_json_lines:
        text = json.dumps(fields)
    else:
        quoted = ('"' + each.replace('"', '""') + '"' for each in fields.values())
        text = f"{','.join(FIELDS)}\n{','.join(quoted)}\n"
    rows = [
        each
        for each in reader(io.BytesIO(text.encode()), OPTIONS)
        if isinstance(each, CertificateRow)
    ]
    assert rows == [
        kind(serial_number=serial, subject=subject.strip(), record=expected)
    ]


@given(st.binary())
@pytest.mark.parametrize(
    "reader", [read_csv, read_json_lines, read_index_txt, read_certificates]
)
def test_no_octets_break_a_reader(reader: Reader, data: bytes) -> None:
    """It gives items, or refuses the file."""
    try:
        read(reader, data)
    except ImportRefused:
        assert reader is read_csv


# --- certificates ----------------------------------------------------------------------


def test_certificates_of_the_issuer_are_rows(tmp_path: Path) -> None:
    """In one file, or in the files of a directory; others are named."""
    pem = [
        each.public_bytes(Encoding.PEM)
        for each in (leaf(), leaf(2), make("x", "Other CA", serial=3))
    ]
    items = read(read_certificates, b"text before\n".join(pem))
    assert items[:2] == [(0x1F2E, "GOOD"), (2, "GOOD")]
    assert kinds(items) == [OddityKind.OTHER_ISSUER]
    for number, each in enumerate(pem):
        (tmp_path / f"{number}.crt").write_bytes(each)
    (tmp_path / "4.der").write_bytes(leaf(4).public_bytes(Encoding.DER))
    (tmp_path / "README").write_text("no certificate")
    (tmp_path / "folder").mkdir()
    found = {
        each.serial_number if isinstance(each, CertificateRow) else each.place
        for each in read_directory(tmp_path, OPTIONS)
    }
    assert found == {0x1F2E, 2, 4, "2.crt", "README"}


@pytest.mark.parametrize(
    ("before", "between"),
    [
        (b"\xef\xbb\xbf", b"\n"),  # Windows programs write this mark first
        (b"  ", b"\n  "),
        (b"", b""),  # the end of one certificate and the beginning of the next
        (b"Certificate: ", b" "),
    ],
)
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_no_certificate_is_lost_where_a_line_has_more(
    before: bytes, between: bytes, line_end: bytes
) -> None:
    """A block need not begin at the beginning of a line."""
    first, second = (each.public_bytes(Encoding.PEM) for each in (leaf(), leaf(2)))
    text = before + first.rstrip(b"\n") + between + second
    data = text.replace(b"\n", line_end)
    assert read(read_certificates, data) == [(0x1F2E, "GOOD"), (2, "GOOD")]
    assert kind_of(data) is ImportKind.CERTIFICATES


def test_a_certificate_without_an_end_is_reported() -> None:
    """Where the next one begins, or the file ends."""
    first, second = (each.public_bytes(Encoding.PEM) for each in (leaf(), leaf(2)))
    cut = first.partition(b"-----END")[0]
    items = read(read_certificates, cut + second + cut)
    assert items[1] == (2, "GOOD")
    assert kinds(items) == [OddityKind.UNREADABLE] * 2


def test_a_broken_certificate_in_a_directory_is_reported(tmp_path: Path) -> None:
    """Also if its file has another one, before or after it."""
    good = leaf().public_bytes(Encoding.PEM)
    broken = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    for data in (good + broken, broken + good):
        (tmp_path / "certificates.pem").write_bytes(data)
        items = list(read_directory(tmp_path, OPTIONS))
        serials = [each.serial_number for each in items if isinstance(each, IssuedRow)]
        assert serials == [0x1F2E]
        assert kinds(list(items)) == [OddityKind.UNREADABLE]


def test_a_link_that_leads_nowhere_costs_no_other_file(tmp_path: Path) -> None:
    """It is named, as a file that may not be read."""
    (tmp_path / "good.pem").write_bytes(leaf().public_bytes(Encoding.PEM))
    (tmp_path / "loop").symlink_to("loop")
    found = {
        each.serial_number if isinstance(each, CertificateRow) else each.place
        for each in read_directory(tmp_path, OPTIONS)
    }
    assert found == {0x1F2E, "loop"}


def test_one_of_two_certificates_in_der_is_not_taken_for_all() -> None:
    """A file in DER has one certificate; more make it unreadable."""
    first, second = (each.public_bytes(Encoding.DER) for each in (leaf(), leaf(2)))
    items = read(read_certificates, first + second)
    assert kinds(items) == [OddityKind.UNREADABLE] * len(items) != []


def test_a_row_of_a_certificate_has_its_hash() -> None:
    """For the extension CertHash of answers about it."""
    file = io.BytesIO(leaf().public_bytes(Encoding.PEM))
    (row,) = read_certificates(file, OPTIONS)
    assert isinstance(row, CertificateRow)
    assert row.record.cert_hash == leaf().fingerprint(hashes.SHA256())


def test_a_broken_certificate_costs_no_other() -> None:
    """A block without an end, and one that is not a certificate."""
    good = leaf().public_bytes(Encoding.PEM)
    broken = b"-----BEGIN CERTIFICATE-----\nMIIB\n"
    wrong = broken + b"-----END CERTIFICATE-----\n"
    items = read(read_certificates, wrong + broken + good + broken)
    assert (0x1F2E, "GOOD") in items
    assert set(kinds(items)) == {OddityKind.UNREADABLE}


# --- CRLs ------------------------------------------------------------------------------


def rows(items: Items) -> dict[int, StatusRecord]:
    """Return the record of each row, by its serial number."""
    return {
        each.serial_number: each.record
        for each in items
        if isinstance(each, CertificateRow)
    }


@pytest.mark.parametrize("pem", [False, True])
def test_the_entries_of_a_crl_are_rows(pem: bool) -> None:
    """With time, reason and invalidityDate; the CRL has ended, which is reported."""
    data = crl(
        entry(
            1,
            x509.CRLReason(x509.ReasonFlags.key_compromise),
            x509.InvalidityDate(BEGIN),
        ),
        entry(2),
    )
    if pem:
        data = x509.load_der_x509_crl(data).public_bytes(Encoding.PEM)
    assert kind_of(data) is ImportKind.CRL
    found = list(read_crl(io.BytesIO(data), OPTIONS))
    assert rows(iter(found)) == {
        1: StatusRecord(
            status=ocsp.OCSPCertStatus.REVOKED,
            revocation_time=SINCE,
            revocation_reason=x509.ReasonFlags.key_compromise,
            invalidity_date=BEGIN,
        ),
        2: StatusRecord.revoked(SINCE),
    }
    (odd,) = (each for each in found if isinstance(each, Oddity))
    assert "the CRL: has ended on" in str(odd)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (crl(entry(), issuer="Other CA"), "Other CA"),
        (crl(entry(), signer=key("Other CA")), "does not verify"),
        (b"\x30\x00", "is malformed"),
        (b"\x30", "is malformed"),
    ],
)
def test_a_crl_that_the_issuer_did_not_sign_is_refused(data: bytes, words: str) -> None:
    """As a whole: anybody could have written it."""
    with pytest.raises(ImportRefused, match=words):
        list(read_crl(io.BytesIO(data), OPTIONS))


def test_an_entry_that_leaves_a_delta_crl_releases_nothing() -> None:
    """The operator releases a hold; an expired certificate leaves a CRL as well."""
    data = crl(
        entry(1, x509.CRLReason(x509.ReasonFlags.remove_from_crl)), entry(2), base=4
    )
    found = list(read_crl(io.BytesIO(data), OPTIONS))
    assert list(rows(iter(found))) == [2]
    assert OddityKind.CONFLICT in kinds(list(found))


def test_an_entry_about_another_issuer_is_not_imported() -> None:
    """It is in an indirect CRL (RFC 5280 §5.3.3)."""
    other = x509.CertificateIssuer([x509.DirectoryName(name("Other CA"))])
    data = crl(
        entry(1), entry(2, other, critical=True), critical=[scope(indirect=True)]
    )
    found = list(read_crl(io.BytesIO(data), OPTIONS))
    assert list(rows(iter(found))) == [1]
    assert OddityKind.OTHER_ISSUER in kinds(list(found))


# --- what is common --------------------------------------------------------------------


def test_the_kind_is_recognized_by_the_content() -> None:
    """Not by the name of the file."""
    certificate = leaf()
    for data, kind in (
        (b"", ImportKind.INDEX),
        (GOOD.encode(), ImportKind.INDEX),
        (b'\n {"serial_number"', ImportKind.JSON_LINES),
        (b"subject;serial_number", ImportKind.CSV),
        (certificate.public_bytes(Encoding.PEM), ImportKind.CERTIFICATES),
        (
            b"Certificate:\n" + certificate.public_bytes(Encoding.PEM),
            ImportKind.CERTIFICATES,
        ),
        (certificate.public_bytes(Encoding.DER), ImportKind.CERTIFICATES),
        (b"-----BEGIN PRIVATE KEY-----\n", None),
        (b"anything", None),
        (b"\x30", ImportKind.CERTIFICATES),
    ):
        assert kind_of(data) is kind


def test_the_report_keeps_the_first_oddities(monkeypatch: pytest.MonkeyPatch) -> None:
    """``MAX_REPORTED_ODDITIES``; all are counted."""
    monkeypatch.setattr(limits, "MAX_REPORTED_ODDITIES", 2)
    oddities = Oddities()
    for number in range(5):
        oddities.add(Oddity(f"line {number}", OddityKind.DETAIL, "is odd"))
    assert [each.place for each in oddities.kept] == ["line 0", "line 1"]
    assert (len(oddities), oddities.counts[OddityKind.DETAIL]) == (5, 5)


def test_a_line_has_a_largest_length(monkeypatch: pytest.MonkeyPatch) -> None:
    """``MAX_IMPORT_LINE_BYTES``."""
    monkeypatch.setattr(limits, "MAX_IMPORT_LINE_BYTES", len(GOOD) + 1)
    longer = GOOD.replace("CN=a", "CN=abc")
    items = read(read_index_txt, f"{GOOD}\n{longer}\n{GOOD}")
    assert items[0] == items[-1] == (0x1F2E, "GOOD")
    assert "line 2: has more than" in str(items[1])


@pytest.mark.parametrize(
    ("reader", "line"),
    [
        (read_index_txt, f"{GOOD}\n"),
        (read_csv, "1f,good,,\n"),
        (read_json_lines, '{"serial_number": "1f"}\n'),
    ],
)
def test_a_long_file_takes_no_more_memory(
    reader: Reader, line: str, tmp_path: Path
) -> None:
    """The rows are not collected."""
    path = tmp_path / "file"
    peaks = []
    for number in (200, 20_000):
        path.write_text(f"{HEADER}\n" * (reader is read_csv) + line * number)
        with path.open("rb") as file:
            tracemalloc.start()
            assert sum(1 for _ in reader(file, OPTIONS)) == number
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    assert peaks[1] < peaks[0] + 50_000
