"""docs/howto/django-ca.md in a real Django project, with the tables of django-ca."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

import ocsp
from ocsp import CertID, OCSPCertStatus, OCSPResponseStatus
from ocsp.http import get_url
from tests.docs.examples import blocks
from tests.pki import DELEGATION, ca, key, make
from tests.unit.status.sql.tables import GOOD, MAKERS, REVOKED, execute

pytest.importorskip("django", reason="the group recipes is not installed")

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)
PAGE = "docs/howto/django-ca.md"

SETTINGS = """
SECRET_KEY = "for tests"
ROOT_URLCONF = "urls"
ALLOWED_HOSTS = ["*"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
]
"""

ASK = """
import json, sys, urllib.parse
import django
django.setup()
from django.test import Client

client = Client(enforce_csrf_checks=True)
for line in sys.stdin:
    asked = json.loads(line)
    if asked["method"] == "GET":
        reply = client.get(urllib.parse.unquote(asked["path"]))
    else:
        reply = client.post(
            asked["path"],
            bytes.fromhex(asked["body"]),
            content_type="application/ocsp-request",
        )
    print(json.dumps([reply.status_code, reply.content.hex()]), flush=True)
"""


def _certificate(name: str, **settings: Any) -> x509.Certificate:
    return make(name, "Test CA", begin=NOW - DAY, end=NOW + DAY, **settings)


class Project:
    """A Django project with the files of the page, in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.database = folder / "django.db"
        MAKERS["django-ca"].make(self.database)
        for table in ("certificate", "certificateauthority"):
            end = f"{NOW + DAY:%F %T}"
            execute(self.database, f"UPDATE django_ca_{table} SET not_after = '{end}'")
        names = ("responder.py", "urls.py", "settings.py")
        for name, block in zip(names, blocks(PAGE), strict=True):
            (folder / name).write_text(block.text)
        settings = (folder / "settings.py").read_text()
        for shown, here in (
            ("/etc/ocsp", str(folder)),
            ("postgresql+psycopg://ocsp@db/django", f"sqlite:///{self.database}"),
        ):
            assert shown in settings
            settings = settings.replace(shown, here)
        (folder / "settings.py").write_text(SETTINGS + settings)
        (folder / "ca.pem").write_bytes(ca().public_bytes(Encoding.PEM))
        delegate = _certificate("responder", extensions=DELEGATION)
        (folder / "ocsp.pem").write_bytes(delegate.public_bytes(Encoding.PEM))
        (folder / "ocsp.key").write_bytes(
            key("responder").private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
            )
        )
        self._process = subprocess.Popen(
            [sys.executable, "-c", ASK],
            cwd=folder,
            env={"DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": str(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """Send one request; return the status code and the body."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        line = json.dumps({"method": method, "path": path, "body": body.hex()})
        process.stdin.write(line + "\n")
        process.stdin.flush()
        code, content = json.loads(process.stdout.readline())
        return code, bytes.fromhex(content)

    def close(self) -> None:
        """End the process."""
        self._process.communicate()
        assert self._process.returncode == 0


@pytest.fixture(name="project", scope="module")
def _project(tmp_path_factory: pytest.TempPathFactory) -> Any:
    project = Project(tmp_path_factory.mktemp("project"))
    yield project
    project.close()


def _request(serial: int) -> bytes:
    cert_id = CertID.for_serial(ca(), serial, hashes.SHA256())
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_id(cert_id)
    return builder.build().public_bytes(Encoding.DER)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("serial", "status"),
    [(GOOD, OCSPCertStatus.GOOD), (REVOKED, OCSPCertStatus.REVOKED)],
)
def test_the_status_is_that_of_the_tables(
    project: Project, method: str, serial: int, status: OCSPCertStatus
) -> None:
    """A certificate, and a CA that the CA has issued; the answer is verified."""
    der = _request(serial)
    path = get_url("/ocsp/", der) if method == "GET" else "/ocsp/"
    code, answer = project.ask(method, path, der)
    assert code == 200
    evidence = ocsp.verify(answer, _certificate("leaf", serial=serial), ca())
    assert evidence.status is status
    if status is OCSPCertStatus.REVOKED:
        assert evidence.revocation_reason is x509.ReasonFlags.key_compromise


def test_a_revocation_is_in_the_next_answer(project: Project) -> None:
    """django-ca writes it into its table; nothing else is told."""
    execute(
        project.database,
        "INSERT INTO django_ca_certificate SELECT 9, '5ABC', not_after, 0, NULL, '', "
        "NULL, ca_id FROM django_ca_certificate WHERE id = 1",
    )
    nonce = x509.OCSPNonce(b"n" * 32)  # so that no answer is one from memory
    cert_id = CertID.for_serial(ca(), 0x5ABC, hashes.SHA256())
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_id(cert_id)
    der = builder.add_extension(nonce, critical=False).build()

    def status() -> OCSPCertStatus:
        _, answer = project.ask("POST", "/ocsp/", der.public_bytes(Encoding.DER))
        return ocsp.verify(
            answer, _certificate("leaf", serial=0x5ABC), ca(), nonce=b"n" * 32
        ).status

    assert status() is OCSPCertStatus.GOOD
    execute(
        project.database,
        "UPDATE django_ca_certificate SET revoked = 1, revoked_date = '2026-07-01 "
        "12:00:00', revoked_reason = 'superseded' WHERE id = 9",
    )
    assert status() is OCSPCertStatus.REVOKED


def test_a_certificate_without_a_row(project: Project) -> None:
    """The responder does not serve it."""
    code, answer = project.ask("POST", "/ocsp/", _request(0x9999))
    assert code == 200
    found = ocsp.load_der_ocsp_response(answer).response_status
    assert found is OCSPResponseStatus.UNAUTHORIZED
