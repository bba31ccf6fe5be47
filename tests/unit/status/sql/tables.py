"""The tables of known programs, written anew, with a good and a revoked certificate."""

from __future__ import annotations

import base64
import datetime
import json
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp import OCSPCertStatus
from ocsp.responder import StatusRecord
from tests.pki import END, NOW, ca, leaf
from tests.unit.status.contract import GOOD, OTHER, REVOKED, STOLEN

__all__ = ["MAKERS", "SAME_SERIALS", "Made", "execute"]

STOLEN_AT = NOW - datetime.timedelta(days=1)
MS = 1000

Rows = Sequence[Sequence[object]]


class Made(NamedTuple):
    """
    How to make and change the tables of a program.

    Attributes:
        make: Makes the tables in a file.

        revoke: The statement that revokes ``GOOD``, and its values.

        break_good: Statements that make the row of ``GOOD`` odd, each in another way.

        invalid: Whether the tables have invalidityDate.

        expires: Whether they have notAfter.
    """

    make: Callable[[Path], None]
    revoke: tuple[str, Sequence[object]]
    break_good: Sequence[str]
    invalid: bool = False
    expires: bool = True

    @property
    def records(self) -> list[StatusRecord]:
        """What a source has to return for ``GOOD`` and ``REVOKED``."""
        end = END if self.expires else None
        revoked = StatusRecord(
            status=OCSPCertStatus.REVOKED,
            revocation_time=NOW,
            revocation_reason=STOLEN,
            invalidity_date=STOLEN_AT if self.invalid else None,
            expires=end,
        )
        return [StatusRecord(expires=end), revoked]


def execute(path: Path, *statements: str, rows: Rows = ()) -> None:
    """Run *statements*; the last one for each of *rows*, if there are some."""
    connection = sqlite3.connect(path)
    with connection:
        for statement in statements[:-1] if rows else statements:
            connection.execute(statement)
        if rows:
            connection.executemany(statements[-1], rows)
    connection.close()


def _cfssl_postgresql(path: Path) -> None:
    _cfssl(path)
    columns = ("serial_number", "authority_key_identifier", "status", "pem")
    changed = ", ".join(f"{each} = CAST({each} AS BLOB)" for each in columns)
    execute(path, f"UPDATE certificates SET {changed}")


def _cfssl(path: Path) -> None:
    never, at = "0001-01-01 00:00:00+00:00", f"{NOW:%F %T.25+00:00}"
    end = f"{END:%F %T+00:00}"

    def pem(serial: int, issuer: str = "Test CA") -> str:
        return leaf(serial, issuer).public_bytes(Encoding.PEM).decode()

    execute(
        path,
        (
            "CREATE TABLE certificates (serial_number blob NOT NULL, "
            "authority_key_identifier blob NOT NULL, ca_label blob, "
            "status blob NOT NULL, reason int, expiry timestamp, "
            "revoked_at timestamp, pem blob NOT NULL, "
            "PRIMARY KEY (serial_number, authority_key_identifier))"
        ),
        "INSERT INTO certificates VALUES (?, ?, '', ?, ?, ?, ?, ?)",
        rows=[
            (str(GOOD), "", "good", 0, end, never, pem(GOOD)),
            (str(REVOKED), "ab", "revoked", 1, end, at, pem(REVOKED)),
            (str(GOOD), "cd", "revoked", 1, end, at, pem(GOOD, OTHER)),
        ],
    )


def _step_ca(path: Path) -> None:
    def der(serial: int, issuer: str = "Test CA") -> bytes:
        return leaf(serial, issuer).public_bytes(Encoding.DER)

    revoked = {
        "Serial": str(REVOKED),
        "ReasonCode": 1,
        "Reason": "stolen",
        "RevokedAt": "2026-07-01T12:00:00.123456789Z",
        "ExpiresAt": "2026-07-31T12:00:00Z",
    }
    execute(
        path,
        "CREATE TABLE x509_certs (nkey BLOB NOT NULL PRIMARY KEY, nvalue BLOB)",
        "CREATE TABLE revoked_x509_certs (nkey BLOB NOT NULL PRIMARY KEY, nvalue BLOB)",
        "INSERT INTO x509_certs VALUES (?, ?)",
        rows=[
            (str(GOOD).encode(), der(GOOD)),
            (str(REVOKED).encode(), der(REVOKED)),
            (b"10aB", der(0x10AB)),
            (str(0x4000).encode(), der(0x4000, OTHER)),
        ],
    )
    execute(
        path,
        "INSERT INTO revoked_x509_certs VALUES (?, ?)",
        rows=[(str(REVOKED).encode(), json.dumps(revoked).encode())],
    )


def _django_ca(path: Path) -> None:
    columns = (
        "(id INTEGER PRIMARY KEY, serial VARCHAR(64) NOT NULL UNIQUE, not_after datetime "
        "NOT NULL, revoked bool NOT NULL, revoked_date datetime, revoked_reason "
        "VARCHAR(32) NOT NULL, compromised datetime, {} bigint)"
    )
    own, other = f"{ca().serial_number:X}", f"{ca(OTHER).serial_number:X}"
    end, at = f"{END:%F %T}", f"{NOW:%F %T.123456}"
    execute(
        path,
        f"CREATE TABLE django_ca_certificateauthority {columns.format('parent_id')}",
        f"CREATE TABLE django_ca_certificate {columns.format('ca_id')}",
        "INSERT INTO django_ca_certificateauthority VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        rows=[
            (1, own, end, 0, None, "", None, None),
            (2, other, end, 0, None, "", None, None),
            (3, f"{REVOKED:X}", end, 1, at, "key_compromise", f"{STOLEN_AT:%F %T}", 1),
        ],
    )
    execute(
        path,
        "INSERT INTO django_ca_certificate VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        rows=[
            (1, f"{GOOD:X}", end, 0, None, "", None, 1),
            (2, "4000", end, 0, None, "", None, 2),
        ],
    )


def _ejbca(path: Path) -> None:
    own, other = (
        ca(each).fingerprint(hashes.SHA1()).hex() for each in ("Test CA", OTHER)
    )
    end, at = int(END.timestamp() * MS), int(NOW.timestamp() * MS) + 123
    execute(
        path,
        "CREATE TABLE CertificateData (fingerprint TEXT PRIMARY KEY, cAFingerprint TEXT, "
        "issuerDN TEXT, serialNumber TEXT, status INT, revocationDate BIGINT, "
        "revocationReason INT, expireDate BIGINT, updateTime BIGINT)",
        "INSERT INTO CertificateData VALUES (?, ?, '', ?, ?, ?, ?, ?, 0)",
        rows=[
            ("a", own, str(GOOD), 20, -1, -1, end),
            ("b", own, str(REVOKED), 40, at, 1, end),
            ("c", other, str(GOOD), 40, at, 1, end),
            ("d", own, "16384", 60, -1, -1, end),
            ("e", own, "16385", 60, at, 4, end),
            ("f", own, "16386", 20, at, 8, end),
        ],
    )


def _xca(path: Path) -> None:
    def b64(certificate: x509.Certificate) -> str:
        return base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()

    execute(
        path,
        "CREATE TABLE certs (item INTEGER, hash INTEGER, iss_hash INTEGER, "
        "serial VARCHAR(64), issuer INTEGER, ca INTEGER, cert TEXT)",
        "CREATE TABLE revocations (caId INTEGER, serial VARCHAR(64), date CHAR(15), "
        "invaldate CHAR(15), crlNo INTEGER, reasonBit INTEGER)",
        "INSERT INTO certs VALUES (?, 0, 0, ?, ?, ?, ?)",
        rows=[
            (1, f"{ca().serial_number:X}", 1, 1, b64(ca())),
            (2, f"{ca(OTHER).serial_number:X}", 2, 1, b64(ca(OTHER))),
            (3, f"{GOOD:04X}", 1, 0, b64(leaf(GOOD))),
            (4, f"{GOOD:04X}", 2, 0, b64(leaf(GOOD, OTHER))),
            (5, "ABC", 1, 0, b64(leaf(0xABC))),
        ],
    )
    execute(
        path,
        "INSERT INTO revocations VALUES (?, ?, ?, ?, 1, ?)",
        rows=[
            (1, f"{REVOKED:X}", "20260701120000Z", "20260630120000Z", 1),
            (2, f"{GOOD:X}", "20260701120000Z", "", 0),
        ],
    )


MAKERS = {
    "cfssl": Made(
        _cfssl,
        (
            (
                "UPDATE certificates SET status = 'revoked', revoked_at = '2026-07-01' "
                "WHERE serial_number = ? AND authority_key_identifier = ?"
            ),
            (str(GOOD), ""),
        ),
        [
            "UPDATE certificates SET status = 'Good'",
            "UPDATE certificates SET status = ''",
            "UPDATE certificates SET status = 'revoked', revoked_at = 'soon'",
            "UPDATE certificates SET status = 'revoked', revoked_at = '0001-01-01'",
            "UPDATE certificates SET status = 'revoked', revoked_at = NULL",
            "UPDATE certificates SET status = 'good', revoked_at = '2026-07-01'",
            "UPDATE certificates SET pem = ''",
            "UPDATE certificates SET pem = 'x'",
            "UPDATE certificates SET status = 'revoked', revoked_at = '2026-07-01', reason = 8",
        ],
    ),
    "cfssl-postgresql": Made(
        _cfssl_postgresql,
        (
            (
                "UPDATE certificates SET status = CAST('revoked' AS BLOB), "
                "revoked_at = '2026-07-01' WHERE serial_number = ?"
            ),
            (str(GOOD).encode(),),
        ),
        [
            "UPDATE certificates SET status = CAST('Good' AS BLOB)",
            "UPDATE certificates SET status = x'ff'",
            "UPDATE certificates SET pem = x'ff'",
        ],
    ),
    "step-ca": Made(
        _step_ca,
        (
            "INSERT INTO revoked_x509_certs VALUES (?, ?)",
            (
                str(GOOD).encode(),
                b'{"RevokedAt": "2026-07-01T12:00:00Z", "ReasonCode": 0}',
            ),
        ),
        [
            "UPDATE x509_certs SET nvalue = x'3000'",
            "UPDATE x509_certs SET nvalue = NULL",
            f"INSERT INTO revoked_x509_certs VALUES (CAST('{GOOD}' AS BLOB), '{{}}')",
            f"INSERT INTO revoked_x509_certs VALUES (CAST('{GOOD}' AS BLOB), 'x')",
            (
                f"INSERT INTO revoked_x509_certs VALUES (CAST('{GOOD}' AS BLOB), "
                """'{"RevokedAt": "soon"}')"""
            ),
            f"INSERT INTO revoked_x509_certs VALUES (CAST('{GOOD}' AS BLOB), "
            "'" + "[" * 20000 + "')",
            (
                f"UPDATE x509_certs SET nvalue = (SELECT nvalue FROM x509_certs WHERE nkey = "
                f"CAST('{REVOKED}' AS BLOB))"
            ),
        ],
    ),
    "django-ca": Made(
        _django_ca,
        (
            (
                "UPDATE django_ca_certificate SET revoked = true, revoked_date = '2026-07-01 "
                "12:00:00', revoked_reason = 'superseded' WHERE serial = ?"
            ),
            (f"{GOOD:X}",),
        ),
        [
            "UPDATE django_ca_certificate SET revoked = 1",
            "UPDATE django_ca_certificate SET revoked = 'maybe'",
            "UPDATE django_ca_certificate SET revoked = 2",
            "UPDATE django_ca_certificate SET revoked_date = '2026-07-01'",
            "UPDATE django_ca_certificate SET not_after = 'never'",
        ],
        invalid=True,
    ),
    "ejbca": Made(
        _ejbca,
        (
            (
                "UPDATE CertificateData SET status = 40, revocationDate = 1782907200000, "
                "revocationReason = 0 WHERE serialNumber = ?"
            ),
            (str(GOOD),),
        ),
        [
            "UPDATE CertificateData SET status = 10",
            "UPDATE CertificateData SET status = NULL",
            "UPDATE CertificateData SET status = 40",
            "UPDATE CertificateData SET revocationReason = 1",
            "UPDATE CertificateData SET status = 60, revocationReason = 1",
            "UPDATE CertificateData SET status = 40, revocationDate = 9e30",
            "UPDATE CertificateData SET expireDate = 'never'",
        ],
    ),
    "xca": Made(
        _xca,
        (
            "INSERT INTO revocations VALUES (1, ?, '20260701120000Z', '', 1, 0)",
            (f"{GOOD:X}",),
        ),
        [
            f"INSERT INTO revocations VALUES (1, '{GOOD:X}', 'soon', '', 1, 0)",
            f"INSERT INTO revocations VALUES (1, '{GOOD:X}', '20260701120000Z', 'x', 1, 0)",
        ],
        invalid=True,
        expires=False,
    ),
}
"""The programs, by the names of their presets."""

SAME_SERIALS = {
    "cfssl": ["REVOKED", None, "GOOD", None],
    "cfssl-postgresql": ["REVOKED", None, "GOOD", None],
    "step-ca": [None, "GOOD", "GOOD", None],
    "django-ca": [None, "GOOD", "GOOD", None],
    "ejbca": ["REVOKED", None, "GOOD", "GOOD"],
    "xca": ["REVOKED", None, "GOOD", None],
}
"""The status of ``GOOD`` and 0x4000: of ``OTHER``, and of the test CA."""
