"""``ocsp check --starttls`` with servers of every protocol; openssl agrees."""

from __future__ import annotations

import ipaddress
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from ocsp.cli import main
from ocsp.client import StartTLS, read_tls_peer
from ocsp.errors import TLSPeerError
from tests.docs.examples import run
from tests.integration.live import CA, CA_NAME, GOOD, Live, living
from tests.integration.starttls import serving
from tests.integration.web_servers import await_port, free_port
from tests.pki import key

pytestmark = pytest.mark.programs


@pytest.fixture(name="live", scope="module")
def _live() -> Iterator[Live]:
    with living() as live:
        yield live


@pytest.fixture(name="leaf", scope="module")
def _leaf(live: Live) -> x509.Certificate:
    names = [
        x509.DNSName("localhost"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    ]
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(
        key(CA_NAME).public_key()
    )
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    return live.leaf(GOOD, [x509.SubjectAlternativeName(names), usage, authority])


@pytest.fixture(name="files", scope="module")
def _files(leaf: x509.Certificate, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the certificate of a server, its key, and the CA."""
    folder = tmp_path_factory.mktemp("starttls")
    (folder / "ca.pem").write_bytes(CA.public_bytes(Encoding.PEM))
    (folder / "server.pem").write_bytes(leaf.public_bytes(Encoding.PEM))
    secret = key(f"live-{GOOD:x}").private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    (folder / "server.key").write_bytes(secret)
    (folder / "server.key").chmod(0o600)
    return folder


@pytest.fixture(name="server", params=list(StartTLS), ids=lambda each: each.value)
def _server(
    request: pytest.FixtureRequest, files: Path
) -> Iterator[tuple[StartTLS, int]]:
    with serving(request.param, files / "server.pem", files / "server.key") as port:
        yield request.param, port


def test_a_certificate_is_checked_after_starttls(
    server: tuple[StartTLS, int], files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As after a handshake at once."""
    protocol, port = server
    arguments = ["--starttls", protocol.value, "--ca", str(files / "ca.pem")]
    code = main(["check", f"127.0.0.1:{port}", *arguments, "--private"])
    shown = capsys.readouterr()
    assert (code, "from responder" in shown.out) == (0, True), shown


def test_openssl_starts_tls_with_the_same_servers(
    server: tuple[StartTLS, int], files: Path
) -> None:
    """The servers of these tests speak what ``openssl s_client`` expects."""
    protocol, port = server
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-starttls",
         protocol.value, "-CAfile", files / "ca.pem", "-verify_return_error"],
        input=b"x", capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    assert b"Verify return code: 0 (ok)" in done.stdout, done


@pytest.mark.parametrize("protocol", [StartTLS.SMTP, StartTLS.POSTGRES])
def test_a_server_of_another_protocol(
    protocol: StartTLS, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line says what the server answered."""
    with serving(StartTLS.POP3, files / "server.pem", files / "server.key") as port:
        arguments = ["--starttls", protocol.value]
        assert main(["check", f"127.0.0.1:{port}", *arguments]) == 4
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: 127.0.0.1:{port}: the server did not ")


def test_the_page_about_servers_runs(files: Path) -> None:
    """With a mail server on loopback."""
    with serving(StartTLS.SMTP, files / "server.pem", files / "server.key") as port:
        names = {"host": "127.0.0.1", "port": port, "roots": [CA]}
        assert run("docs/howto/check-a-server.md", names) > 0


# --- PostgreSQL ------------------------------------------------------------------


def _postgres_folder() -> Path:
    """Return the folder with the programs of the newest installed PostgreSQL."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not folders:
        pytest.skip("PostgreSQL is not installed; `make setup` installs it")
    return folders[-1]


@pytest.fixture(name="postgres", scope="module")
def _postgres(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Run a PostgreSQL server with TLS, and return its port."""
    programs = _postgres_folder()
    port = free_port()
    folder = tmp_path_factory.mktemp("postgres")
    # The server refuses to run as root.
    user = "postgres" if os.geteuid() == 0 else None
    for name in ("server.pem", "server.key"):
        shutil.copy(files / name, folder / name)
        (folder / name).chmod(0o600)
    if user is not None:
        for each in (folder, *folder.iterdir()):
            shutil.chown(each, user)
        for parent in folder.parents[:2]:
            parent.chmod(0o755)
    data = folder / "data"
    subprocess.run(
        [programs / "initdb", "-D", data, "-A", "trust", "-N"],
        check=True, capture_output=True, user=user, cwd=folder, timeout=120,
    )  # fmt: skip
    settings = {
        "ssl": "on", "ssl_cert_file": folder / "server.pem",
        "ssl_key_file": folder / "server.key", "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "", "fsync": "off",
    }  # fmt: skip
    options = [word for name, value in settings.items()
               for word in ("-c", f"{name}={value}")]  # fmt: skip
    server = subprocess.Popen(
        [programs / "postgres", "-D", data, "-p", str(port), *options],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, user=user, cwd=folder,
    )  # fmt: skip
    try:
        await_port(port, server, lambda: "PostgreSQL does not listen")
        yield port
    finally:
        server.terminate()
        server.wait(60)


def test_postgresql_itself(
    postgres: int, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A server with TLS, started for this test."""
    arguments = ["--starttls", "postgres", "--ca", str(files / "ca.pem"), "--private"]
    code = main(["check", f"127.0.0.1:{postgres}", *arguments])
    shown = capsys.readouterr()
    assert (code, "from responder" in shown.out) == (0, True), shown


def test_the_name_of_a_server(files: Path, leaf: x509.Certificate) -> None:
    """*server_name* replaces the host name in the check of the certificate."""
    with serving(StartTLS.SMTP, files / "server.pem", files / "server.key") as port:
        found = read_tls_peer(
            "127.0.0.1", port, starttls=StartTLS.SMTP, server_name="localhost",
            roots=[CA],
        )  # fmt: skip
        assert found.chain == [leaf, CA]
        with pytest.raises(TLSPeerError, match=r"not for the name other\.example"):
            read_tls_peer(
                "127.0.0.1", port, starttls=StartTLS.SMTP,
                server_name="other.example", roots=[CA],
            )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (
            ["--ca", "server.pem"],
            "is itself a trusted root, so its issuer is not known",
        ),
        (["--ca", "ca.pem", "--servername", "b.example"], "not for the name b.example"),
        ([], "which issued CN=live-10, is not a trusted root, and the server does not"),
    ],
)
def test_a_server_that_is_not_trusted(
    arguments: list[str],
    what: str,
    files: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A leaf given as root, another name, and a missing certificate of the CA."""
    monkeypatch.chdir(files)
    with serving(StartTLS.SMTP, files / "server.pem", files / "server.key") as port:
        starttls = ["--starttls", "smtp", *arguments]
        assert main(["check", f"127.0.0.1:{port}", *starttls]) == 4
    (line,) = capsys.readouterr().err.splitlines()
    assert what in line
