"""Test that real servers send the staples of ``ocsp staple``, to real clients."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp import OCSPCertStatus
from ocsp.errors import (
    CertIDMismatch,
    CertificateRevoked,
    MustStapleViolation,
    OCSPError,
    ResponseExpired,
    ResponseSignatureInvalid,
    UnsuccessfulResponse,
)
from tests.docs.examples import run
from tests.integration.openssl import version
from tests.integration.staples import SERIAL, Scene, scene
from tests.integration.web_servers import DOCUMENT, SITES, serving, until

SERVERS = ("nginx", "apache2", "haproxy")
REFUSED = 91
"""The exit code of curl for an invalid or missing staple."""


@pytest.fixture(name="site")
def _site() -> Iterator[Scene]:
    # Not in the directory of pytest, which only its owner can enter: Apache, started by
    # root, changes to another user.
    with (
        tempfile.TemporaryDirectory(prefix="ocsp-staple-") as directory,
        scene(Path(directory)) as made,
    ):
        yield made


def _is_revoked(site: Scene, port: int) -> bool:
    """Return whether the client of this package rejects the handshake as revoked."""
    try:
        site.connect(port)
    except CertificateRevoked:
        return True
    return False


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_sends_the_staple_in_the_file(site: Scene, name: str) -> None:
    """Good at first; revoked after the hook has run. Three clients check it."""
    assert site.refresh() == 0
    with serving(name, site) as server:
        assert "Cert Status: good" in site.s_client(server.port), server.log()
        accepted = site.curl(server.port)
        assert accepted.returncode == 0, accepted.stderr
        evidence = site.connect(server.port)
        assert evidence is not None
        assert evidence.status is OCSPCertStatus.GOOD
        assert evidence.cert_id.serial_number == SERIAL

        site.revoke()
        assert site.refresh("--force", "--exec", server.reload_command) == 1
        # After a reload an old worker may still answer for a moment.
        until(lambda: "Cert Status: revoked" in site.s_client(server.port), server.log)
        until(lambda: site.curl(server.port).returncode == REFUSED, server.log)
        until(lambda: _is_revoked(site, server.port), server.log)
    assert sorted(each.name for each in site.sites.iterdir()) == [
        "site.pem",
        "site.pem.ocsp",
    ]


@pytest.mark.parametrize(
    ("name", "sent", "error"),
    [
        ("nginx", True, ResponseExpired),  # does not check the file
        ("apache2", False, MustStapleViolation),  # checks it, and sends no staple
        ("haproxy", False, MustStapleViolation),  # like Apache
    ],
)
def test_an_expired_staple_is_rejected(
    site: Scene, name: str, sent: bool, error: type[OCSPError]
) -> None:
    """By curl and by this package, for servers that check it and that do not."""
    site.staple.write_bytes(site.signed(begin=-3, end=-2))
    with serving(name, site) as server:
        assert ("Cert Status: good" in site.s_client(server.port)) is sent
        assert site.curl(server.port).returncode == REFUSED
        with pytest.raises(error):
            site.connect(server.port)


def _other(site: Scene) -> bytes:
    return site.signed(serial=7)


def _forged(site: Scene) -> bytes:
    staple = site.signed()
    at = staple.rindex(site.signer.certificate.public_bytes(Encoding.DER)) - 12
    return staple[:at] + bytes((staple[at] ^ 1,)) + staple[at + 1 :]


def _later(site: Scene) -> bytes:
    return b"\x30\x03\x0a\x01\x03"


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (_other, CertIDMismatch),
        (_forged, ResponseSignatureInvalid),
        (_later, UnsuccessfulResponse),
    ],
)
def test_an_invalid_staple_is_rejected(
    site: Scene, make: Callable[[Scene], bytes], error: type[OCSPError]
) -> None:
    """Another certificate, forged, or an error: nginx sends any content."""
    if make is _other and version() >= (3, 6):
        error = MustStapleViolation  # OpenSSL sends no staple for another certificate
    site.staple.write_bytes(make(site))
    with serving("nginx", site) as server:
        assert site.curl(server.port).returncode == REFUSED
        with pytest.raises(error):
            site.connect(server.port)


def test_haproxy_ignores_lock_and_temporary_files(site: Scene) -> None:
    """It reads the whole directory, also while a staple is locked and written."""
    assert site.refresh() == 0
    (site.sites / ".site.pem.ocsp.lock").write_text("1")
    (site.sites / ".site.pem.ocsp.abcdef").write_bytes(b"half of a staple")
    with serving("haproxy", site) as server:
        assert site.curl(server.port).returncode == 0
        assert "WARNING" not in server.log()


@pytest.mark.parametrize("name", ["nginx", "haproxy"])
def test_haproxy_and_curl_reject_a_sha256_cert_id(site: Scene, name: str) -> None:
    """HAProxy does not load the staple; curl rejects it when nginx sends it."""
    assert site.refresh("--cert-id-hash", "sha256") == 0
    with serving(name, site) as server:
        assert ("Cert Status: good" in site.s_client(server.port)) is (name == "nginx")
        assert site.curl(server.port).returncode == REFUSED


def test_the_examples_in_stapling_md_run(
    site: Scene, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only the paths of the files and the reload command are changed."""
    document = site.directory / "docs" / "stapling.md"
    document.parent.mkdir()
    text = DOCUMENT.read_text().replace(SITES, f"{site.sites}/")
    document.write_text(text.replace("nginx -s reload", "true"))
    monkeypatch.setattr("tests.docs.examples.ROOT", site.directory)
    monkeypatch.setenv("SSL_CERT_FILE", str(site.ca_file))
    assert site.refresh() == 0
    with (
        serving("nginx", site) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=10) as sock,
    ):
        sock.setblocking(True)
        names: dict[str, Any] = {
            "certificate": site.certificate,
            "issuer": site.issuer,
            "sock": sock,
        }
        assert run("docs/stapling.md", names) == 3
    assert names["evidence"].status is OCSPCertStatus.GOOD
    assert "StapleState.HOLDS" in capsys.readouterr().out
