"""The presets, on the databases of the real programs: cfssl and django-ca."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy.engine import make_url

from ocsp import OCSPCertStatus
from ocsp.responder import IssuerKey, StatusQuery, StatusRecord
from ocsp.status.sql import SQLSource, key_identifier
from ocsp.status.sql.presets import CFSSL, DJANGO_CA, preset
from tests.pki import ca, leaf
from tests.unit.status.sql.server_tables import TABLES, NewPlace
from tests.unit.status.sql.tables import MAKERS, execute

DJANGO_FOLDER = Path(__file__).parents[4] / ".cache/django-ca"
DJANGO_PYTHON = DJANGO_FOLDER / "bin/python"
HAS_DJANGO_CA = any(DJANGO_FOLDER.glob("lib/*/site-packages/django_ca"))
SUPERSEDED = x509.ReasonFlags.superseded


class CA:
    """A folder in which programs run, and a source on their database."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *command: str, **settings: str) -> bytes:
        """Run *command* and return its output."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env={**os.environ, **settings},
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def write(self, name: str, value: object) -> str:
        """Write a JSON file and return its name."""
        (self.folder / name).write_text(json.dumps(value))
        return name

    def pem(self, name: str) -> x509.Certificate:
        """Return the certificate in a file."""
        return x509.load_pem_x509_certificate((self.folder / name).read_bytes())


def _ask(
    source: SQLSource, issuer: x509.Certificate, *certificates: x509.Certificate
) -> list[StatusRecord | None]:
    import asyncio

    key = IssuerKey.of(issuer)
    queries = [StatusQuery(key, each.serial_number) for each in certificates]
    return asyncio.run(source.look_up(queries))


def _check_now(time: datetime.datetime | None) -> None:
    assert time is not None
    age = datetime.datetime.now(datetime.UTC) - time
    assert abs(age) < datetime.timedelta(minutes=5)


@pytest.mark.programs
def test_cfssl(tmp_path: Path) -> None:
    """Sign and revoke with ``cfssl`` in a file of SQLite."""
    path = tmp_path / "c.db"
    MAKERS["cfssl"].make(path)
    execute(path, "DELETE FROM certificates")
    _use_cfssl(
        CA(tmp_path),
        ("sqlite3", "c.db"),
        lambda issuer: SQLSource(f"sqlite:///{path}", CFSSL, [issuer]),
        lambda statement: execute(path, statement),
    )


@pytest.mark.programs
@pytest.mark.parametrize(
    ("server", "name"), [("postgresql", "cfssl-postgresql"), ("mariadb", "cfssl")]
)
def test_cfssl_on_a_server(
    tmp_path: Path, new_place: NewPlace, server: str, name: str
) -> None:
    """The same on a server whose zone is west of UTC."""
    place = new_place(server)
    for statement in TABLES[server, name]:
        place.execute(statement)
    _use_cfssl(
        CA(tmp_path),
        place.go,
        lambda issuer: SQLSource(place.url, preset(name), [issuer]),
        place.execute,
    )


def _use_cfssl(
    scene: CA,
    database: tuple[str, str],
    source_for: Callable[[x509.Certificate], SQLSource],
    run: Callable[[str], None],
) -> None:
    """Sign and revoke; the rows have no key identifier until *run* sets it."""
    driver, address = database
    settings = scene.write("db.json", {"driver": driver, "data_source": address})
    names = scene.write("ca.json", {"CN": "CA", "key": {"algo": "ecdsa", "size": 256}})
    made = json.loads(scene.run("cfssl", "gencert", "-initca", names))
    (scene.folder / "ca.pem").write_text(made["cert"])
    (scene.folder / "ca.key").write_text(made["key"])
    request = json.loads(scene.run("cfssl", "genkey", names))["csr"]
    (scene.folder / "a.csr").write_text(request)
    for name in ("good.pem", "revoked.pem"):
        signing = ("-ca", "ca.pem", "-ca-key", "ca.key", "-db-config", settings)
        signed = json.loads(scene.run("cfssl", "sign", *signing, "a.csr"))
        (scene.folder / name).write_text(signed["cert"])
    issuer, good, revoked = map(scene.pem, ("ca.pem", "good.pem", "revoked.pem"))
    with source_for(issuer) as source:
        record = StatusRecord(expires=good.not_valid_after_utc)
        assert _ask(source, issuer, good, revoked) == [record] * 2
        aki = key_identifier(issuer)
        run(f"UPDATE certificates SET authority_key_identifier = '{aki}'")
        serial = str(revoked.serial_number)
        scene.run(
            "cfssl", "revoke", "-db-config", settings,
            "-serial", serial, "-aki", aki, "-reason", "superseded",
        )  # fmt: skip
        assert _ask(source, issuer, good) == [record]
        (found,) = _ask(source, issuer, revoked)
    assert found is not None
    assert found.status is OCSPCertStatus.REVOKED
    assert found.revocation_reason is SUPERSEDED
    _check_now(found.revocation_time)


SETTINGS = """
SECRET_KEY = "for tests"
USE_TZ = True
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django_object_actions",
    "django_ca",
]
DATABASES = {"default": {"ENGINE": "django.db.backends.ENGINE", "NAME": "DATABASE"}}
ROOT_URLCONF = "urls"
CA_DEFAULT_HOSTNAME = "ca.example"
STORAGES = {
    name: {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": "files"},
    }
    for name in ("default", "django-ca")
}
"""

URLS = """
from django.urls import include, path
urlpatterns = [path("ca/", include("django_ca.urls"))]
"""

ISSUE = """
import django
django.setup()
from datetime import datetime, timezone
from cryptography import x509
from django_ca.models import Certificate, CertificateAuthority

def load(name):
    return x509.load_pem_x509_certificate(open(name, "rb").read())

def save(model, file, /, **others):
    row = model(**others)
    row.update_certificate(load(file))
    row.save()
    return row

root = save(CertificateAuthority, "root.pem", name="root", key_backend_alias="default")
for number, name in enumerate(("sub.pem", "held.pem")):
    sub = save(
        CertificateAuthority, name, name=name, parent=root, key_backend_alias="default"
    )
save(Certificate, "good.pem", ca=root, profile="webserver")
stolen = save(Certificate, "revoked.pem", ca=root, profile="webserver")
stolen.revoke(
    x509.ReasonFlags.key_compromise, datetime(2026, 6, 30, 12, tzinfo=timezone.utc)
)
sub.revoke(x509.ReasonFlags.certificate_hold)
"""


DJANGO_SERVERS = {
    "postgresql": """
DATABASES["default"] |= {"HOST": "FOLDER", "USER": "ocsp"}
""",
    "mariadb": """
import pymysql
pymysql.version_info = (2, 2, 7, "final", 0)  # Django reads that of mysqlclient
pymysql.install_as_MySQLdb()
DATABASES["default"] |= {"USER": "ocsp", "OPTIONS": {"unix_socket": "FOLDER"}}
""",
}
"""What is added to the settings for a server."""

needs_django_ca = pytest.mark.skipif(
    not HAS_DJANGO_CA, reason="django-ca is not installed: `make setup` does it"
)


@pytest.mark.programs
@needs_django_ca
def test_django_ca(tmp_path: Path) -> None:
    """In a file of SQLite."""
    settings = SETTINGS.replace(".ENGINE", ".sqlite3")
    settings = settings.replace('"DATABASE"', '"c.db"')
    _use_django_ca(tmp_path, settings, f"sqlite:///{tmp_path}/c.db")


@pytest.mark.programs
@needs_django_ca
@pytest.mark.parametrize("server", DJANGO_SERVERS)
def test_django_ca_on_a_server(
    tmp_path: Path, new_place: NewPlace, server: str
) -> None:
    """The same on a server whose zone is west of UTC."""
    url = make_url(new_place(server).url)
    engine = {"postgresql": "postgresql", "mariadb": "mysql"}[server]
    (folder,) = url.query.values()
    settings = (SETTINGS + DJANGO_SERVERS[server]).replace(".ENGINE", f".{engine}")
    settings = settings.replace('"DATABASE"', f'"{url.database}"')
    _use_django_ca(tmp_path, settings.replace("FOLDER", str(folder)), str(url))


def _use_django_ca(folder: Path, settings: str, url: str) -> None:
    """Its own migrations make the tables, and its own models revoke."""
    scene = CA(folder)
    (folder / "settings.py").write_text(settings)
    (folder / "urls.py").write_text(URLS)
    (folder / "issue.py").write_text(ISSUE)
    certificates = {
        "root": ca(),
        "good": leaf(0xA1),
        "revoked": leaf(0xF00D),
        "sub": leaf(0xAB),
        "held": leaf(0xAC),
    }
    for name, each in certificates.items():
        (folder / f"{name}.pem").write_bytes(each.public_bytes(Encoding.PEM))
    places = {"DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": str(folder)}
    python = str(DJANGO_PYTHON)
    scene.run(python, "-m", "django", "migrate", "-v0", **places)
    scene.run(python, "issue.py", **places)
    asked = [certificates[name] for name in ("good", "revoked", "sub", "held", "root")]
    with SQLSource(url, DJANGO_CA, [ca(), ca("Another CA")]) as source:
        good, revoked, sub, held, root = _ask(source, ca(), *asked)
        assert _ask(source, ca("Another CA"), *asked) == [None] * 5
    assert good == StatusRecord(expires=leaf(0xA1).not_valid_after_utc)
    assert revoked is not None
    assert revoked.revocation_reason is x509.ReasonFlags.key_compromise
    assert revoked.invalidity_date == datetime.datetime(
        2026, 6, 30, 12, tzinfo=datetime.UTC
    )
    assert sub is not None
    assert sub.status is OCSPCertStatus.GOOD
    assert held is not None
    assert held.revocation_reason is x509.ReasonFlags.certificate_hold
    _check_now(held.revocation_time)
    assert root is None
