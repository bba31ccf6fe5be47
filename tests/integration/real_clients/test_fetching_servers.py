"""
TLS servers fetch staples from the responder themselves, and clients verify them.

nginx asks by itself (``ssl_stapling on``), and HAProxy from 2.8 (``ocsp-update on``).
Older HAProxy reads a file that ``openssl ocsp`` has fetched, as its manual recommends.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import ocsp
from ocsp import OCSPCertStatus
from ocsp.errors import CertificateRevoked, MustStapleViolation
from tests.integration.staples import Scene, scene
from tests.integration.web_servers import await_port, free_port, until

pytestmark = pytest.mark.programs


@pytest.fixture(name="site")
def _site() -> Iterator[Scene]:
    with (
        tempfile.TemporaryDirectory(prefix="ocsp-fetch-") as directory,
        scene(Path(directory)) as made,
    ):
        yield made


def _program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    assert found, f"{name} is missing: make setup installs it"
    return found


@contextmanager
def _running(site: Scene, *command: object, port: int) -> Iterator[int]:
    log = site.directory / "output"

    def text() -> str:
        return log.read_text(errors="replace")

    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(each) for each in command], stdout=output, stderr=output
        )
        try:
            await_port(port, process, text)
            yield port
        finally:
            process.terminate()
            process.wait(20)


@contextmanager
def _nginx(site: Scene) -> Iterator[int]:
    home, port = site.directory, free_port()
    (home / "nginx.conf").write_text(
        f"""
        {"user root;" if os.getuid() == 0 else ""}
        daemon off; pid {home}/nginx.pid; error_log {home}/log info; events {{ }}
        http {{
            access_log off;
            client_body_temp_path {home}/body; proxy_temp_path {home}/proxy;
            fastcgi_temp_path {home}/fastcgi; uwsgi_temp_path {home}/uwsgi;
            scgi_temp_path {home}/scgi;
            server {{
                listen 127.0.0.1:{port} ssl;
                ssl_certificate {site.site}; ssl_certificate_key {site.site};
                ssl_stapling on; ssl_stapling_verify on;
                ssl_trusted_certificate {site.ca_file};
                ssl_stapling_responder {site.url}/;
                return 200 hello;
            }}
        }}
        """
    )
    command = (_program("nginx"), "-p", home, "-c", "nginx.conf")
    with _running(site, *command, port=port):
        yield port


@contextmanager
def _haproxy(site: Scene) -> Iterator[int]:
    home, port, updates = site.directory, free_port(), _updates_by_itself()
    certificates = site.site
    if updates:
        certificates = home / "list"
        certificates.write_text(f"{site.site} [ocsp-update on]\n")
    else:
        _fetch(site)
    bind = (
        f"bind 127.0.0.1:{port} ssl {'crt-list' if updates else 'crt'} {certificates}"
    )
    (home / "haproxy.cfg").write_text(
        "defaults\n    mode http\n    timeout client 5s\n    timeout server 5s\n"
        f"    timeout connect 5s\nfrontend site\n    {bind}\n"
        "    http-request return status 200 content-type text/plain string hello\n"
    )
    command = (_program("haproxy"), "-db", "-f", home / "haproxy.cfg")
    with _running(site, *command, port=port):
        yield port


def _updates_by_itself() -> bool:
    printed = subprocess.run(
        [_program("haproxy"), "-v"], capture_output=True, text=True, check=True
    ).stdout
    found = re.search(r"version (\d+)\.(\d+)", printed)
    assert found
    return (int(found[1]), int(found[2])) >= (2, 8)


def _fetch(site: Scene) -> None:
    subprocess.run(
        [
            *("openssl", "ocsp", "-issuer", site.ca_file, "-CAfile", site.ca_file),
            *("-cert", site.site, "-url", site.url, "-no_nonce"),
            *("-respout", site.staple),
        ],
        capture_output=True,
        check=True,
    )


SERVERS = {"nginx": _nginx, "haproxy": _haproxy}


def _connected(site: Scene, port: int) -> ocsp.VerifiedResponse | None:
    """Return the evidence, or ``None`` while the server has no staple yet."""
    with contextlib.suppress(MustStapleViolation):
        return site.connect(port)
    return None


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_staples_what_it_fetches(site: Scene, name: str) -> None:
    """Three clients accept the handshake: ours, openssl's and curl's."""
    with SERVERS[name](site) as port:
        until(lambda: _connected(site, port) is not None, lambda: name)
        evidence = _connected(site, port)
        assert evidence is not None
        assert evidence.status is OCSPCertStatus.GOOD
        assert "Cert Status: good" in site.s_client(port)
        assert site.curl(port).returncode == 0


def test_haproxy_staples_a_revocation(site: Scene) -> None:
    """A client rejects the handshake as revoked."""
    site.revoke()
    with _haproxy(site) as port:

        def is_revoked() -> bool:
            try:
                _connected(site, port)
            except CertificateRevoked:
                return True
            return False

        until(is_revoked, lambda: "haproxy")


def test_nginx_logs_a_revocation(site: Scene) -> None:
    """Server nginx reads the signed answer, and sends only answers that are good."""
    site.revoke()
    with _nginx(site) as port:

        def is_logged() -> bool:
            assert _connected(site, port) is None
            log = (site.directory / "log").read_text(errors="replace")
            return 'certificate status "revoked" in the OCSP response' in log

        until(is_logged, lambda: "nginx")
