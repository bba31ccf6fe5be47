"""How tables write serial numbers, times and reasons: declared, and read strictly."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from ocsp import OCSPCertStatus
from ocsp.responder import StatusRecord
from ocsp.status.sql import (
    AnyForm,
    DecimalText,
    Flag,
    HexText,
    IntegerValue,
    IssuerColumn,
    OctetsValue,
    OneIssuer,
    Reason,
    ReasonEncoding,
    Schema,
    SerialEncoding,
    SQLSource,
    Table,
    Time,
    TimeEncoding,
    certificate_base64,
    certificate_der,
    fingerprint,
    fixed,
    key_identifier,
    serial_hex,
)
from ocsp.status.sql.encodings import in_json, read_reason, read_time
from ocsp.status.sql.issuers import is_exactly
from ocsp.status.sql.table import read_row
from tests.pki import NOW, ca, key, make
from tests.unit.status import contract
from tests.unit.status.contract import GOOD, REVOKED, ask

SERIALS = [
    (DecimalText(), 4096, "4096"),
    (DecimalText(as_octets=True), 4096, b"4096"),
    (HexText(), 0xABC, "abc"),
    (HexText(upper=True), 0xABC, "ABC"),
    (HexText(even=True), 0xABC, "0abc"),
    (HexText(width=8), 0xABC, "00000abc"),
    (HexText(separator=":"), 0xABCDE, "0a:bc:de"),
    (HexText(upper=True, separator="-"), 0xABCD, "AB-CD"),
    (OctetsValue(), 0x80, b"\x00\x80"),
    (OctetsValue(signed=False), 0x80, b"\x80"),
    (IntegerValue(), 4096, 4096),
]
FORMS = [
    *(form for form, _, _ in SERIALS),
    AnyForm(HexText(even=True), HexText()),
]


@pytest.mark.parametrize(("form", "serial", "value"), SERIALS)
def test_forms_of_serial_numbers(
    form: SerialEncoding, serial: int, value: object
) -> None:
    """What is looked for, and what is read."""
    assert form.values(serial) == (value,)
    assert form.read(value) == serial


@pytest.mark.parametrize("form", FORMS)
@given(serial=st.integers(-(2**70), 2**170))
def test_what_is_looked_for_is_read(form: SerialEncoding, serial: int) -> None:
    """A form that cannot write a number looks for nothing."""
    for value in form.values(serial):
        assert form.read(value) == serial


@pytest.mark.parametrize("form", FORMS)
def test_numbers_that_no_table_has(form: SerialEncoding) -> None:
    """Very long ones cost nothing."""
    assert form.values(2**50_000) == () or isinstance(form, OctetsValue)


@pytest.mark.parametrize("form", FORMS)
@given(value=st.none() | st.text() | st.binary() | st.floats() | st.integers())
def test_any_value_is_a_serial_number_or_refused(
    form: SerialEncoding, value: object
) -> None:
    """Never another exception."""
    with contextlib.suppress(ValueError):
        assert isinstance(form.read(value), int)


TIMES = [
    (TimeEncoding.TIMESTAMP, NOW),
    (TimeEncoding.TIMESTAMP, NOW.replace(tzinfo=None)),
    (TimeEncoding.TIMESTAMP, "2026-07-01 12:00:00"),
    (TimeEncoding.TIMESTAMP, "2026-07-01T14:00:00.123456+02:00"),
    (TimeEncoding.TIMESTAMP, b"2026-07-01T12:00:00Z"),
    (TimeEncoding.EPOCH_SECONDS, 1782907200),
    (TimeEncoding.EPOCH_SECONDS, "1782907200"),
    (TimeEncoding.EPOCH_MILLISECONDS, 1782907200999),
    (TimeEncoding.ASN1_TEXT, "260701120000Z"),
    (TimeEncoding.ASN1_TEXT, "20260701120000Z"),
]


@pytest.mark.parametrize(("form", "value"), TIMES)
def test_forms_of_times(form: TimeEncoding, value: object) -> None:
    """All of the same moment."""
    assert read_time(value, form) == NOW


@pytest.mark.parametrize("form", TimeEncoding)
@given(
    value=st.none()
    | st.text()
    | st.binary()
    | st.floats()
    | st.integers()
    | st.datetimes()
    | st.datetimes(timezones=st.timezones())
    | st.text("0123456789:-TZ+. ", max_size=30)
)
def test_any_value_is_a_time_or_refused(form: TimeEncoding, value: object) -> None:
    """Never another exception, and always aware."""
    with contextlib.suppress(ValueError):
        assert read_time(value, form).tzinfo is datetime.UTC


@pytest.mark.parametrize(
    ("form", "value", "reason"),
    [
        (ReasonEncoding.NUMBER, 1, "key_compromise"),
        (ReasonEncoding.NUMBER, "9", "privilege_withdrawn"),
        (ReasonEncoding.NAME, "key_compromise", "key_compromise"),
        (ReasonEncoding.NAME, "cACompromise", "ca_compromise"),
        (ReasonEncoding.NAME, "CERTIFICATEHOLD", "certificate_hold"),
        (ReasonEncoding.BIT, 6, "certificate_hold"),
        (ReasonEncoding.BIT, 7, "privilege_withdrawn"),
        (ReasonEncoding.BIT, 8, "aa_compromise"),
        (ReasonEncoding.MASK, 2, "key_compromise"),
        (ReasonEncoding.MASK, 128, "privilege_withdrawn"),
    ],
)
def test_forms_of_reasons(form: ReasonEncoding, value: object, reason: str) -> None:
    """Bits are those of ReasonFlags, which are not the numbers of CRLReason."""
    assert read_reason(value, form) is x509.ReasonFlags[reason]


@pytest.mark.parametrize("form", ReasonEncoding)
@given(value=st.none() | st.text() | st.integers() | st.floats() | st.binary())
def test_any_value_is_a_reason_or_refused(form: ReasonEncoding, value: object) -> None:
    """Never another exception."""
    with contextlib.suppress(ValueError):
        assert isinstance(read_reason(value, form), x509.ReasonFlags)


@pytest.mark.parametrize("odd", [[], {}, [1]], ids=repr)
def test_a_value_with_parts_is_refused(odd: object) -> None:
    """An array or a document of PostgreSQL, or in JSON; never another exception."""
    table = Table(
        name="certificates",
        serial="serial",
        serial_encoding=HexText(),
        issuer=OneIssuer(),
        flag=Flag(column="flag", good=frozenset({False}), revoked=frozenset({True})),
        revoked_at=Time("document", TimeEncoding.TIMESTAMP, ("at",)),
        reason=Reason("document", ReasonEncoding.NUMBER, ("reason",)),
    )

    def read(flag: object, at: object, reason: object) -> StatusRecord | None:
        document = json.dumps({"at": at, "reason": reason})
        return read_row(table, {"flag": flag, "document": document}, 1, ca())

    now = "2026-07-01T12:00:00Z"
    for row in ((odd, None, None), (True, odd, 1), (False, odd, 1)):
        with pytest.raises(ValueError, match=r"."):
            read(*row)
    assert read(True, now, odd) == StatusRecord.revoked(NOW)  # without the reason


def test_members_of_json() -> None:
    """A path of names; NULL has none."""
    assert in_json('{"a": {"b": 1}}', ("a", "b")) == 1
    assert in_json(memoryview(b'{"a": null}'), ("a",)) is None
    assert in_json(None, ("a",)) is None
    for odd in ("", "[1]", '{"b": 1}', '"a"', "[" * 100_000, b"\xff"):
        with pytest.raises(ValueError, match=r"."):
            in_json(odd, ("a",))


def test_what_identifies_an_issuer() -> None:
    """Each in the form that tables have."""
    cert = ca()
    der = certificate_der(cert)
    assert fingerprint("sha256")(cert) == hashlib.sha256(der).hexdigest()
    assert serial_hex(cert) == f"{cert.serial_number:X}"
    assert certificate_base64(cert).startswith("MII")
    assert fixed("label")(cert) == "label"
    digest = x509.SubjectKeyIdentifier.from_public_key(cert.public_key()).digest
    assert key_identifier(cert) == digest.hex()
    named = make("X", "X", extensions=[x509.SubjectKeyIdentifier(b"\x01\xab")])
    assert key_identifier(named) == "01ab"
    assert key("X").public_key() == named.public_key()


@pytest.mark.parametrize(
    ("found", "wanted", "same"),
    [
        ("prod", "prod", True),
        ("Prod", "prod", False),
        (b"prod", "prod", True),
        (memoryview(b"prod"), "prod", True),
        (b"Prod", "prod", False),
        (b"\x01", b"\x01", True),
        (b"\x01", b"\x02", False),
        (7, 7, True),
        (Decimal(7), 7, True),
        (7, "7", True),
        (7, "8", False),
    ],
)
def test_what_is_exactly_the_issuer(
    found: object, wanted: str | bytes | int, *, same: bool
) -> None:
    """A binary column may have text; case counts."""
    assert is_exactly(found, wanted) is same


@pytest.mark.parametrize(
    ("form", "column", "time", "when", "never"),
    [
        (OctetsValue(), "BLOB", TimeEncoding.EPOCH_SECONDS, 1782907200, 0),
        (IntegerValue(), "INTEGER", TimeEncoding.EPOCH_SECONDS, 1782907200, -1),
        (HexText(width=40), "TEXT", TimeEncoding.ASN1_TEXT, "260701120000Z", None),
        (
            HexText(separator=":"),
            "TEXT",
            TimeEncoding.TIMESTAMP,
            "2026-07-01T12:00:00Z",
            "0000-00-00 00:00:00",
        ),
        (
            DecimalText(),
            "TEXT",
            TimeEncoding.TIMESTAMP,
            "2026-07-01 12:00:00",
            "0001-01-01T00:00:00Z",
        ),
    ],
)
def test_a_table_of_your_own(
    tmp_path: Path,
    form: SerialEncoding,
    column: str,
    time: TimeEncoding,
    when: object,
    never: object,
) -> None:
    """Every form, through a database; without a flag the time decides."""
    path = tmp_path / "own.db"
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(
            f"CREATE TABLE c (s {column} PRIMARY KEY, label TEXT, at, why INTEGER)"
        )
        connection.executemany(
            "INSERT INTO c VALUES (?, 'own', ?, ?)",
            [
                (form.values(GOOD)[0], never, None),
                (form.values(REVOKED)[0], when, 2),
                (form.values(0x4000)[0], when, 64),
                (form.values(0x5000)[0], when, 3),
            ],
        )
    connection.close()
    table = Table(
        name="c",
        serial="s",
        serial_encoding=form,
        issuer=IssuerColumn("label", fixed("own")),
        revoked_at=Time("at", time, nothing=frozenset({0, -1})),
        reason=Reason("why", ReasonEncoding.MASK),
    )
    url = f"sqlite:///{path}"
    with SQLSource(url, Schema((table,), complete=False), [ca()]) as source:
        assert not source.complete
        contract.check(contract.Scene(source=source, remove=None))
        hold, odd_reason = ask(source, 0x4000, 0x5000)
        assert hold is not None
        assert hold.revocation_reason is x509.ReasonFlags.certificate_hold
        assert odd_reason is not None
        assert odd_reason.status is OCSPCertStatus.REVOKED
        assert odd_reason.revocation_reason is None
