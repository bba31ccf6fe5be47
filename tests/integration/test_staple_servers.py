"""Real servers send what ``ocsp staple`` keeps, and real clients take it."""

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
from tests.integration.staples import SERIAL, Scene, scene
from tests.integration.web_servers import DOCUMENT, SITES, serving, until

SERVERS = ("nginx", "apache2", "haproxy")
REFUSED = 91
"""The code with which curl refuses a staple, or that there is none."""


@pytest.fixture(name="site")
def _site() -> Iterator[Scene]:
    # Not below the directory of pytest, which only its owner may enter: Apache, started
    # by root, becomes somebody else.
    with (
        tempfile.TemporaryDirectory(prefix="ocsp-staple-") as directory,
        scene(Path(directory)) as made,
    ):
        yield made


def _is_revoked(site: Scene, port: int) -> bool:
    """Tell whether our own client refuses a handshake, for that reason."""
    try:
        site.ours(port)
    except CertificateRevoked:
        return True
    return False


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_sends_what_is_kept(site: Scene, name: str) -> None:
    """Good at first; revoked as soon as the hook has told it. Three clients agree."""
    assert site.refresh() == 0
    with serving(name, site) as server:
        assert "Cert Status: good" in site.s_client(server.port), server.log()
        accepted = site.curl(server.port)
        assert accepted.returncode == 0, accepted.stderr
        evidence = site.ours(server.port)
        assert evidence is not None
        assert evidence.status is OCSPCertStatus.GOOD
        assert evidence.cert_id.serial_number == SERIAL

        site.revoke()
        assert site.refresh("--force", "--exec", server.reload_command) == 1
        # A server that reloads may still have a worker of before for a moment.
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
        ("nginx", True, ResponseExpired),  # sends whatever is in the file
        ("apache2", False, MustStapleViolation),  # looks, and sends nothing
        ("haproxy", False, MustStapleViolation),  # so does this
    ],
)
def test_a_stale_staple_is_refused(
    site: Scene, name: str, sent: bool, error: type[OCSPError]
) -> None:
    """By curl and by our own client, whether the server looks at it or not."""
    site.staple.write_bytes(site.signed(begin=-3, end=-2))
    with serving(name, site) as server:
        assert ("Cert Status: good" in site.s_client(server.port)) is sent
        assert site.curl(server.port).returncode == REFUSED
        with pytest.raises(error):
            site.ours(server.port)


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
def test_a_staple_that_proves_nothing_is_refused(
    site: Scene, make: Callable[[Scene], bytes], error: type[OCSPError]
) -> None:
    """About another certificate, forged, or an error: nginx sends anything."""
    site.staple.write_bytes(make(site))
    with serving("nginx", site) as server:
        assert site.curl(server.port).returncode == REFUSED
        with pytest.raises(error):
            site.ours(server.port)


def test_haproxy_is_not_disturbed_by_what_lies_beside(site: Scene) -> None:
    """It reads the whole directory, also while a staple is locked and being written."""
    assert site.refresh() == 0
    (site.sites / ".site.pem.ocsp.lock").write_text("1")
    (site.sites / ".site.pem.ocsp.abcdef").write_bytes(b"half of a staple")
    with serving("haproxy", site) as server:
        assert site.curl(server.port).returncode == 0
        assert "WARNING" not in server.log()


@pytest.mark.parametrize("name", ["nginx", "haproxy"])
def test_why_a_staple_is_asked_for_with_sha1(site: Scene, name: str) -> None:
    """With SHA-256 HAProxy does not take it, and curl not either where nginx has sent it."""
    assert site.refresh("--hash", "sha256") == 0
    with serving(name, site) as server:
        assert ("Cert Status: good" in site.s_client(server.port)) is (name == "nginx")
        assert site.curl(server.port).returncode == REFUSED


def test_the_examples_of_the_document_run(
    site: Scene, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As they stand, but for the place of the files and the server to be told."""
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
