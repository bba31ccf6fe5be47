"""Reading CRLs: distribution points, scopes and entries; malformed ones by their path."""

from __future__ import annotations

import datetime

import pytest
from cryptography import x509

from ocsp import limits
from ocsp.asn1.der import encode, encode_oid
from ocsp.errors import DecodeError, DERError, LimitExceeded, SchemaError
from ocsp.verification.crl import entries as entries_module
from ocsp.verification.crl.points import (
    ALL_REASONS,
    DistributionPoint,
    Scope,
    distribution_points,
    has_same_name,
    read_names,
    read_points,
    read_scope,
    reason_names,
    text_of,
    uris,
)
from ocsp.verification.crl.reader import ReadCRL
from tests.cases.builder import Builder, extension
from tests.crls import crl, entry, scope
from tests.pki import leaf, make, name

ISSUER = name("Test CA").public_bytes()
URI = encode(0x86, b"http://crl.example/1.crl")
OTHER = encode(0x86, b"http://crl.example/2.crl")
DNS = encode(0x82, b"crl.example")
FULL = encode(0xA0, encode(0xA0, URI))
SCOPE, POINTS = "issuingDistributionPoint", "cRLDistributionPoints"


@pytest.mark.parametrize(
    ("value", "kind", "path", "words"),
    [
        (b"", DERError, SCOPE, "missing"),
        (encode(0x30) + b"\x00", DERError, SCOPE, "unexpected octets"),
        (encode(0x30, b"\x86\x01\xff"), DERError, SCOPE, "unknown field"),
        (encode(0x30, b"\x82\x01\xff\x81\x01\xff"), DERError, SCOPE, "wrong order"),
        (
            encode(0x30, FULL, b"\x82\x01\xff\x81\x01\xff"),
            DERError,
            SCOPE,
            "wrong order",
        ),
        (encode(0x30, b"\x81\x01\xff\x81\x01\xff"), DERError, SCOPE, "wrong order"),
        (encode(0x30, b"\x81\x01\x00"), DERError, SCOPE, "not the octet of TRUE"),
        (encode(0x30, b"\x84\x00"), DERError, SCOPE, "not the octet of TRUE"),
        (encode(0x30, b"\x83\x00"), DERError, "reasons", "empty"),
        (encode(0x30, b"\x83\x02\x07\x7f"), DERError, "reasons", "unused bit"),
        (encode(0x30, b"\xa0\x00"), DERError, "distributionPoint", "missing"),
        (
            encode(0x30, encode(0xA0, encode(0xA0, URI), b"\x05\x00")),
            DERError,
            "distributionPoint",
            "unexpected octets",
        ),
        (
            encode(0x30, encode(0xA0, encode(0xA2, URI))),
            SchemaError,
            "distributionPoint",
            "neither fullName nor a relative name",
        ),
        (
            encode(0x30, encode(0xA0, encode(0xA0))),
            SchemaError,
            "distributionPoint",
            "empty",
        ),
    ],
)
def test_a_malformed_scope_has_a_path(
    value: bytes, kind: type[DecodeError], path: str, words: str
) -> None:
    """RFC 5280 §5.2.5."""
    with pytest.raises(DecodeError, match=words) as caught:
        read_scope(value, ISSUER)
    assert type(caught.value) is kind
    assert (caught.value.path, caught.value.offset is not None) == (
        path,
        "neither" not in words,
    )


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (b"", "missing"),
        (encode(0x30, b"\x05"), "length"),
        (encode(0x30) + b"\x05\x00", "unexpected octets"),
    ],
)
def test_malformed_points_have_a_path(value: bytes, words: str) -> None:
    """RFC 5280 §4.2.1.13."""
    with pytest.raises(DecodeError, match=words) as caught:
        read_points(value, ISSUER)
    assert caught.value.path == POINTS


@pytest.mark.parametrize(
    "wrong",
    [
        b"\x05\x00",
        encode(0x30, b"\x05"),
        encode(0x30, b"\x83\x01\x00"),
        encode(0x30, encode(0xA2)),
        encode(0x30, encode(0xA2, URI), FULL),
        encode(0x30, FULL, encode(0xA2, URI), b"\x81\x02\x06\x40"),
    ],
)
def test_each_point_is_read_by_itself(wrong: bytes) -> None:
    """One that is malformed is left out."""
    point = encode(0x30, FULL)
    (found,) = read_points(encode(0x30, wrong, point), ISSUER)
    assert read_points(encode(0x30, point), ISSUER) == (found,)


def test_names_fill_their_value() -> None:
    """And there is at least one."""
    assert read_names(encode(0x30, URI, DNS), "names") == (URI, DNS)
    for value in (encode(0x30), encode(0x30, URI) + b"\x00", b"\x30"):
        with pytest.raises(DecodeError) as caught:
            read_names(value, "names")
        assert caught.value.path == "names"


def test_the_limit_of_names_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the field that has too many."""
    monkeypatch.setattr(limits, "MAX_GENERAL_NAMES", 1)
    point = encode(0x30, FULL)
    for read, path in (
        (lambda: read_names(encode(0x30, URI, DNS), "names"), "names"),
        (lambda: read_points(encode(0x30, point, point), ISSUER), POINTS),
    ):
        with pytest.raises(LimitExceeded) as caught:
            read()
        assert (caught.value.limit, caught.value.path) == ("MAX_GENERAL_NAMES", path)
        assert (caught.value.value, caught.value.maximum) == (2, 1)


@pytest.mark.parametrize(
    ("octets", "bits"),
    [
        (b"\x07\x80", set()),  # bit 0 is unused
        (b"\x06\x40", {1}),
        (b"\x00\x7f", {1, 2, 3, 4, 5, 6, 7}),
        (b"\x07\x7f\x80", set(ALL_REASONS)),
        (b"\x07\x00\x80", {8}),
        (b"\x00\x00\x7f", set()),  # bits that no standard defines
        (b"\x00\x00\x01", set()),
        (b"\x00", set()),
    ],
)
def test_the_bits_of_reasons(octets: bytes, bits: set[int]) -> None:
    """RFC 5280 §4.2.1.13, in a scope and in a point."""
    field_of_scope, field_of_point = encode(0x83, octets), encode(0x81, octets)
    assert read_scope(encode(0x30, field_of_scope), ISSUER).reasons == bits
    (point,) = read_points(encode(0x30, encode(0x30, field_of_point)), ISSUER)
    assert point == DistributionPoint((), frozenset(bits))


def test_reasons_have_the_names_of_cryptography() -> None:
    """Each bit is the reason that ``cryptography`` writes there."""
    for reason in x509.ReasonFlags:
        if reason.name in {"unspecified", "remove_from_crl"}:
            continue
        data = crl(critical=[scope(reasons=frozenset({reason}))])
        found = ReadCRL(data, "").scope
        assert found is not None
        assert reason_names(found.reasons) == (reason.value,)
        assert found == Scope((), reasons=found.reasons)


def test_the_fields_of_a_scope() -> None:
    """Each one by itself."""
    for settings, expected in (
        ({"users": True}, Scope((), only_users=True)),
        ({"cas": True}, Scope((), only_cas=True)),
        ({"attributes": True}, Scope((), only_attributes=True)),
        ({"indirect": True, "users": True}, Scope((), True, indirect=True)),
    ):
        found = ReadCRL(crl(critical=[scope(**settings)]), "").scope  # type: ignore[arg-type]
        assert found == expected
    every = b"\x81\x01\xff\x82\x01\xff\x83\x02\x06\x40\x84\x01\xff\x85\x01\xff"
    expected = Scope((URI,), True, True, frozenset({1}), True, True)
    assert read_scope(encode(0x30, FULL, every), ISSUER) == expected


def test_a_certificate_with_two_lists_of_points_has_none() -> None:
    """RFC 5280 §4.2 forbids it, and it is not known which one counts."""
    value = encode(0x30, encode(0x30, FULL))
    points = extension("2.5.29.31", value)
    other = extension("1.2.3.4", value)
    build = Builder()
    for extensions, count in (((points, other), 1), ((points, points), 0), ((), 0)):
        cert = x509.load_der_x509_certificate(
            build.certificate("leaf", extensions=extensions).der
        )
        assert len(distribution_points(cert)) == count
    assert distribution_points(leaf()) == ()
    freshest = x509.FreshestCRL(
        [
            x509.DistributionPoint(
                [x509.UniformResourceIdentifier("http://d.example")], None, None, None
            )
        ]
    )
    cert = make("leaf", "Test CA", extensions=[freshest])
    assert distribution_points(cert) == ()
    assert len(distribution_points(cert, "2.5.29.46")) == 1


def test_names_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """For messages, in alphabetical order; names of other kinds are not shown."""
    directory = encode(0xA4, ISSUER)
    unreadable = encode(0xA4, b"\x30\x02\x31\x00\x00")
    assert uris((OTHER, DNS, URI)) == [
        "http://crl.example/2.crl",
        "http://crl.example/1.crl",
    ]
    assert text_of((URI, directory)) == "'CN=Test CA', http://crl.example/1.crl"
    assert text_of((DNS,)) == "names of other kinds"
    assert text_of((unreadable,)) == "'#3002310000'"
    monkeypatch.setattr(limits, "MAX_SHOWN_CHARACTERS", 12)
    assert text_of((directory,)) == "'CN=Test CA'"
    assert text_of((URI, directory)) == "'CN=Test CA'…"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (URI, URI, True),
        (URI, OTHER, False),
        (URI, encode(0x86, b"HTTP://CRL.Example/1.crl"), True),
        (URI, encode(0x86, b"http://crl.example/1.CRL"), False),
        (encode(0x86, b"http://[x/"), encode(0x86, b"http://[x/"), True),
        (encode(0x86, b"http://[x/"), encode(0x86, b"http://[X/"), False),
        (DNS, DNS, True),
        (DNS, encode(0x82, b"other.example"), False),
        (DNS, encode(0x86, b"crl.example"), False),
        (encode(0xA4, ISSUER), encode(0xA4, ISSUER), True),
        (encode(0xA4, ISSUER), encode(0xA4, name("test ca").public_bytes()), True),
        (encode(0xA4, ISSUER), encode(0xA4, name("Other").public_bytes()), False),
        (encode(0xA4, ISSUER), URI, False),
    ],
)
def test_names_are_compared_by_their_kind(one: bytes, other: bytes, same: bool) -> None:
    """RFC 5280 §7.1 and §7.4."""
    assert has_same_name((DNS[:1] + b"\x00", one), (other,)) is same
    assert has_same_name((other,), (one,)) is same
    assert not has_same_name((one,), ())


def test_repeated_serial_numbers_cost_little() -> None:
    """A list with one serial number only is found in order, and once each."""
    data = crl(*(entry(7) for _ in range(2000)))
    entries = ReadCRL(data, "").entries
    assert len(list(entries.find(b"\x07"))) == 2000
    assert list(entries.find(b"\x08")) == []


# --- the outer structure, field by field ---------------------------------------------------

ALGORITHM = encode(0x30, encode_oid("1.2.840.10045.4.3.2"))
TIME = encode(0x17, b"260701000000Z")
VERSION = b"\x02\x01\x01"
SIGNATURE = b"\x03\x02\x00\x00"
START = (VERSION, ALGORITHM, ISSUER, TIME, TIME)
NUMBER = encode(0x30, encode_oid("2.5.29.20"), encode(0x04, b"\x02\x01\xff"))
TBS = "tbsCertList"


def _whole(
    *fields: bytes,
    algorithm: bytes = ALGORITHM,
    signature: bytes = SIGNATURE,
    more: bytes = b"",
) -> bytes:
    return encode(0x30, encode(0x30, *fields), algorithm, signature, more)


def _extensions(*each: bytes) -> bytes:
    return encode(0xA0, encode(0x30, *each))


@pytest.mark.parametrize(
    ("data", "kind", "path"),
    [
        (b"\x30", DERError, ""),
        (_whole(*START) + b"\x00", DERError, ""),
        (encode(0x30, b"\x05\x00"), SchemaError, TBS),
        (_whole(*START, algorithm=b"\x05\x00"), SchemaError, "signatureAlgorithm"),
        (_whole(*START, signature=b"\x05\x00"), SchemaError, "signatureValue"),
        (_whole(*START, signature=b"\x03\x00"), DERError, "signatureValue"),
        (_whole(*START, more=b"\x05\x00"), DERError, ""),
        (_whole(b"\x02\x01\x02", *START[1:]), DERError, f"{TBS}.version"),
        (_whole(b"\x02\x02\x00\x01", *START[1:]), DERError, f"{TBS}.version"),
        (_whole(), DERError, f"{TBS}.signature"),
        (
            _whole(VERSION, encode(0x30, encode_oid("1.2.3")), *START[2:]),
            SchemaError,
            f"{TBS}.signature",
        ),
        (_whole(*START[:2], b"\x05\x00"), SchemaError, f"{TBS}.issuer"),
        (_whole(*START[:3]), DERError, f"{TBS}.thisUpdate"),
        (_whole(*START[:3], b"\x05\x00"), SchemaError, f"{TBS}.thisUpdate"),
        (_whole(*START[:4], b"\x17\x01x"), DERError, f"{TBS}.nextUpdate"),
        (_whole(*START, b"\x05\x00"), SchemaError, f"{TBS}.crlExtensions"),
        (_whole(*START, _extensions(), b"\x05\x00"), DERError, TBS),
        (
            _whole(*START, _extensions(NUMBER, NUMBER)),
            SchemaError,
            f"{TBS}.crlExtensions",
        ),
        (
            _whole(
                *START,
                _extensions(
                    encode(
                        0x30, encode_oid("2.5.29.27"), b"\x04\x05\x02\x01\x01\x05\x00"
                    )
                ),
            ),
            DERError,
            "2.5.29.27",
        ),
    ],
)
def test_a_malformed_crl_has_a_path(
    data: bytes, kind: type[DecodeError], path: str
) -> None:
    """RFC 5280 §5.1."""
    with pytest.raises(DecodeError) as caught:
        ReadCRL(data, "the CRL")
    assert (type(caught.value), caught.value.path) == (kind, path)
    if "twice" not in str(caught.value):
        assert caught.value.offset is not None


def test_the_optional_fields_of_a_crl() -> None:
    """Version 1 has no version; a negative number is read as it is."""
    shortest = ReadCRL(_whole(*START[1:4]), "")
    assert (shortest.next_update, shortest.number, shortest.scope) == (None,) * 3
    assert (shortest.extensions, shortest.key_identifier) == ({}, None)
    assert list(shortest.entries.find(b"\x01")) == []
    full = ReadCRL(_whole(*START, encode(0x30), _extensions(NUMBER)), "")
    assert (full.number, full.next_update, full.issuer) == (
        -1,
        full.this_update,
        ISSUER,
    )
    late = ReadCRL(_whole(*START[:4], encode(0x18, b"20500101000000Z")), "")
    assert late.next_update is not None
    assert late.next_update.year == 2050
    key = x509.AuthorityKeyIdentifier(b"key", None, None)
    assert ReadCRL(crl(extensions=[key]), "").key_identifier == b"key"
    no_key = x509.AuthorityKeyIdentifier(None, [x509.DNSName("a")], 5)
    assert ReadCRL(crl(extensions=[no_key]), "").key_identifier is None


def test_the_limit_of_all_parts_but_the_entries(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is exact, and the error names it."""
    data = _whole(*START, encode(0x30, encode(0x30, b"\x02\x01\x01", TIME)))
    size = 2 + sum(map(len, START)) + 2 + 2
    monkeypatch.setattr(limits, "MAX_MESSAGE_BYTES", size)
    assert ReadCRL(data, "")
    monkeypatch.setattr(limits, "MAX_MESSAGE_BYTES", size - 1)
    with pytest.raises(LimitExceeded) as caught:
        ReadCRL(data, "")
    assert (caught.value.limit, caught.value.path) == ("MAX_MESSAGE_BYTES", TBS)
    assert (caught.value.value, caught.value.maximum) == (size, size - 1)


def _entry_with(*fields: bytes) -> ReadCRL:
    return ReadCRL(_whole(*START, encode(0x30, encode(0x30, *fields))), "")


def _extension(oid: str, value: bytes, *, critical: bool = False) -> bytes:
    flag = b"\x01\x01\xff" if critical else b""
    return encode(0x30, encode_oid(oid), flag, encode(0x04, value))


REASON, INVALIDITY, ISSUED_BY = "2.5.29.21", "2.5.29.24", "2.5.29.29"
SERIAL = b"\x02\x01\x07"
ENTRIES = f"{TBS}.revokedCertificates"
DIRECTORY = encode(0x30, encode(0xA4, ISSUER))


@pytest.mark.parametrize(
    ("fields", "kind", "path"),
    [
        ((), DERError, f"{ENTRIES}.userCertificate"),
        ((b"\x02\x02\x00\x07", TIME), DERError, f"{ENTRIES}.userCertificate"),
        ((SERIAL,), DERError, f"{ENTRIES}.revocationDate"),
        ((SERIAL, b"\x05\x00"), SchemaError, ENTRIES),
        ((SERIAL, TIME, b"\x05\x00"), SchemaError, f"{ENTRIES}.crlEntryExtensions"),
        (
            (SERIAL, TIME, encode(0x30), b"\x05\x00"),
            DERError,
            f"{ENTRIES}.crlEntryExtensions",
        ),
        (
            (SERIAL, TIME, encode(0x30, *2 * [_extension("1.2.3", b"")])),
            SchemaError,
            f"{ENTRIES}.crlEntryExtensions",
        ),
        (
            (
                SERIAL,
                TIME,
                encode(0x30, _extension(REASON, b"\x0a\x01\x01\x00", critical=True)),
            ),
            DERError,
            "reasonCode",
        ),
        (
            (SERIAL, TIME, encode(0x30, _extension(INVALIDITY, b"", critical=True))),
            DERError,
            "invalidityDate",
        ),
        (
            (SERIAL, TIME, encode(0x30, _extension(ISSUED_BY, DIRECTORY))),
            SchemaError,
            "certificateIssuer",
        ),
        (
            (SERIAL, TIME, encode(0x30, _extension(ISSUED_BY, b"", critical=True))),
            DERError,
            "certificateIssuer",
        ),
        (
            (
                SERIAL,
                TIME,
                encode(0x30, _extension(ISSUED_BY, encode(0x30, URI), critical=True)),
            ),
            SchemaError,
            "certificateIssuer",
        ),
    ],
)
def test_a_malformed_entry_has_a_path(
    fields: tuple[bytes, ...], kind: type[DecodeError], path: str
) -> None:
    """Whatever its serial number, and each time that the entries are read."""
    read, errors = _entry_with(*fields), []
    for _ in range(2):
        with pytest.raises(DecodeError) as caught:
            _ = read.entries
        errors.append(caught.value)
    assert (type(errors[0]), errors[0].path) == (kind, path)
    assert errors[0].offset is not None or kind is SchemaError
    assert errors[1] is errors[0]
    assert read.octets == len(read.data)


def test_an_entry_without_a_time_has_an_offset() -> None:
    """That of the entry."""
    read = _entry_with(SERIAL, b"\x05\x00")
    with pytest.raises(SchemaError, match="is not a time") as caught:
        _ = read.entries
    offset = caught.value.offset
    assert offset is not None
    assert read.data[offset:].startswith(encode(0x30, SERIAL, b"\x05\x00"))


def test_extensions_that_are_not_critical_are_read_with_their_entry() -> None:
    """A malformed reason costs the one certificate; a strange date none."""
    read = _entry_with(SERIAL, TIME, encode(0x30, _extension(REASON, b"\x05\x00")))
    assert list(read.entries.find(b"\x08")) == []
    with pytest.raises(SchemaError, match="reasonCode"):
        list(read.entries.find(b"\x07"))
    date = _extension(INVALIDITY, b"\x05\x00")
    read = _entry_with(SERIAL, TIME, encode(0x30, date))
    (found,) = read.entries.find(b"\x07")
    assert (found.reason, found.issuer) == (None, None)
    assert found.invalidity_date is None
    assert read.entries.unknown_critical == ""


def test_an_entry_has_its_invalidity_date() -> None:
    """RFC 5280 §5.3.2, critical or not."""
    moment = datetime.datetime(2026, 6, 30, 12, 0, 1, tzinfo=datetime.UTC)
    date = x509.InvalidityDate(moment)
    for critical in (False, True):
        read = ReadCRL(crl(entry(7, date, critical=critical)), "")
        (found,) = read.entries.find(b"\x07")
        assert found.invalidity_date == moment


def test_all_entries_come_in_the_order_of_the_crl() -> None:
    """With their serial numbers, negative ones too, as ``find`` returns each."""
    reason = encode(0x30, _extension(REASON, b"\x0a\x01\x01"))
    other = encode(0x30, _extension(ISSUED_BY, DIRECTORY, critical=True))
    listed = [
        encode(0x30, encode(0x02, serial), TIME, more)
        for serial, more in ((b"\x7f\x00", reason), (b"\x80", b""), (b"\x05", other))
    ]
    entries = ReadCRL(_whole(*START, encode(0x30, *listed)), "").entries
    found = [
        each
        for serial in (b"\x7f\x00", b"\x80", b"\x05")
        for each in entries.find(serial)
    ]
    assert list(entries.all()) == list(zip((0x7F00, -128, 5), found, strict=True))
    assert [each.reason for each in found] == [1, None, None]
    assert list(ReadCRL(crl(), "").entries.all()) == []


def test_the_limit_of_entries_for_one_serial_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is exact, and the error names it."""
    entries = ReadCRL(crl(entry(7), entry(8), entry(7)), "").entries
    monkeypatch.setattr(limits, "MAX_ENTRIES", 2)
    assert len(list(entries.find(b"\x07"))) == 2
    monkeypatch.setattr(limits, "MAX_ENTRIES", 1)
    with pytest.raises(LimitExceeded) as caught:
        list(entries.find(b"\x07"))
    error = caught.value
    assert (error.limit, error.value, error.maximum) == ("MAX_ENTRIES", 2, 1)


def test_the_first_unknown_critical_extension_is_named() -> None:
    """Of all entries."""
    strange = [_extension(oid, b"", critical=True) for oid in ("1.2.3", "1.2.4")]
    read = _entry_with(SERIAL, TIME, encode(0x30, *strange))
    assert read.entries.unknown_critical == "1.2.3"


def test_many_different_extensions_are_all_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also if there are more than the reader remembers."""
    monkeypatch.setattr(entries_module, "_MOST_REMEMBERED", 2)
    names = [
        x509.CertificateIssuer([x509.DirectoryName(name(f"CA {n}"))]) for n in range(5)
    ]
    listed = [entry(7, each, critical=True) for each in (*names, *names)]
    read = ReadCRL(crl(*listed), "")
    found = [text_of(each.issuer or ()) for each in read.entries.find(b"\x07")]
    assert found == [f"'CN=CA {n}'" for n in range(5)] * 2


def test_the_index_of_the_entries_counts_for_the_size() -> None:
    """After they were read: a position for each, and where each bucket starts."""
    data = crl(*(entry(number) for number in range(1, 41)))
    read = ReadCRL(data, "the CRL")
    assert read.octets == len(data)
    assert read.entries
    assert len(data) + 40 * 4 <= read.octets <= len(data) + 40 * 12
    issuer = x509.CertificateIssuer([x509.DirectoryName(name("CA"))])
    others = ReadCRL(crl(*(entry(n, issuer, critical=True) for n in range(1, 41))), "")
    assert others.entries.names_issuers
    noted = others.octets - len(others.data)
    assert noted == read.octets - len(data) + 40 * 4
