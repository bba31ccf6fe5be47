"""The presets, on the tables of each program."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from cryptography import x509

from ocsp import OCSPCertStatus
from ocsp.errors import ConfigError, SourceUnavailable
from ocsp.responder import StatusRecord
from ocsp.status.sql import SQLSource
from ocsp.status.sql.presets import PRESETS, preset
from ocsp.status.sql.statements import select_rows
from tests.pki import ca
from tests.unit.status import contract
from tests.unit.status.contract import GOOD, OTHER, REVOKED, ask, query
from tests.unit.status.sql.tables import MAKERS, SAME_SERIALS, execute


def source_on(path: Path, name: str, *issuers: x509.Certificate) -> SQLSource:
    """Return a source on the file *path*."""
    return SQLSource(f"sqlite:///{path}", preset(name), issuers or [ca()])


def test_every_preset_has_tables() -> None:
    """So that each is tested."""
    assert MAKERS.keys() == PRESETS.keys()
    with pytest.raises(ConfigError, match="'vault', not one of cfssl"):
        preset("vault")


@pytest.mark.parametrize("name", MAKERS)
def test_the_contract(tmp_path: Path, name: str) -> None:
    """What holds for every source; the file is the database."""
    path, made = tmp_path / "ca.db", MAKERS[name]
    made.make(path)
    statement, values = made.revoke
    with source_on(path, name) as source:
        assert source.complete
        contract.check(
            contract.Scene(
                source=source,
                revoke=lambda: execute(path, statement, rows=[values]),
                remove=path.unlink,
            )
        )


@pytest.mark.parametrize("name", MAKERS)
def test_the_whole_records(tmp_path: Path, name: str) -> None:
    """Times without fractions, reason, notAfter, and invalidityDate where there is."""
    path, made = tmp_path / "ca.db", MAKERS[name]
    made.make(path)
    with source_on(path, name) as source:
        assert ask(source, GOOD, REVOKED) == made.records


@pytest.mark.parametrize(
    ("name", "statement"),
    [(name, each) for name, made in MAKERS.items() for each in made.break_good],
)
def test_an_odd_row_costs_its_serial_number_only(
    tmp_path: Path, name: str, statement: str
) -> None:
    """It is never good, and a look-up at the same time has its answer."""
    path = tmp_path / "ca.db"
    MAKERS[name].make(path)
    if statement.startswith("UPDATE"):
        where = {
            "cfssl": f"serial_number = '{GOOD}' AND authority_key_identifier = ''",
            "cfssl-postgresql": f"serial_number = CAST('{GOOD}' AS BLOB)",
            "step-ca": f"nkey = CAST('{GOOD}' AS BLOB)",
            "django-ca": f"serial = '{GOOD:X}'",
            "ejbca": f"serialNumber = '{GOOD}' AND fingerprint = 'a'",
        }[name]
        statement = f"{statement} WHERE {where}"
    execute(path, statement)

    async def both(source: SQLSource) -> list[object]:
        looking = (source.look_up([query(serial)]) for serial in (GOOD, REVOKED))
        return list(await asyncio.gather(*looking, return_exceptions=True))

    with source_on(path, name) as source:
        odd, revoked = asyncio.run(both(source))
    assert isinstance(odd, SourceUnavailable)
    assert f"serial number {GOOD:#x} " in str(odd)
    (record,) = revoked  # type: ignore[misc]
    assert record.status is OCSPCertStatus.REVOKED


@pytest.mark.parametrize("name", MAKERS)
def test_two_issuers_with_the_same_serial_numbers(tmp_path: Path, name: str) -> None:
    """Each has its own."""
    path = tmp_path / "ca.db"
    MAKERS[name].make(path)
    queries = [
        query(serial, ca(each))
        for each in (OTHER, "Test CA")
        for serial in (GOOD, 0x4000)
    ]
    with source_on(path, name, ca(), ca(OTHER)) as source:
        found = asyncio.run(source.look_up(queries))
    assert [None if r is None else r.status.name for r in found] == SAME_SERIALS[name]


def test_what_ejbca_writes_after_a_hold_and_an_archival(tmp_path: Path) -> None:
    """Active with reason removeFromCRL is good; archived depends on the reason."""
    path = tmp_path / "ca.db"
    MAKERS["ejbca"].make(path)
    with source_on(path, "ejbca") as source:
        found = ask(source, 16384, 16385, 16386)
    assert [None if r is None else r.status for r in found] == [
        OCSPCertStatus.GOOD, OCSPCertStatus.REVOKED, OCSPCertStatus.GOOD,
    ]  # fmt: skip


def test_names_are_not_quoted() -> None:
    """PostgreSQL folds the letters of EJBCA's names, MySQL keeps them."""
    from sqlalchemy.dialects import postgresql

    (table,) = PRESETS["ejbca"].tables
    statement = select_rows(table, ca())
    text = str(statement.compile(dialect=postgresql.dialect()))
    assert "FROM CertificateData" in text
    assert "WHERE CertificateData.serialNumber IN" in text


def test_a_key_of_step_ca_that_is_no_decimal_number_is_not_found(
    tmp_path: Path,
) -> None:
    """Old versions wrote such keys; the certificate is never good."""
    path = tmp_path / "ca.db"
    MAKERS["step-ca"].make(path)
    with source_on(path, "step-ca") as source:
        assert ask(source, 0x10AB) == [None]


def test_a_serial_number_of_xca_with_an_odd_number_of_digits(tmp_path: Path) -> None:
    """Other programs write it so."""
    path = tmp_path / "ca.db"
    MAKERS["xca"].make(path)
    with source_on(path, "xca") as source:
        (record,) = ask(source, 0xABC)
    assert record == StatusRecord()
