"""
TLS servers fetch staples from the responder themselves, and clients verify them.

nginx asks by itself (``ssl_stapling on``), and HAProxy from 2.8 (``ocsp-update on``):
that of Debian, or the one of Debian 13 that ``tools/haproxy.sh`` unpacks. Any HAProxy
reads a file that ``openssl ocsp`` has fetched, as its manual recommends.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import ocsp
from ocsp import OCSPCertStatus
from ocsp.errors import CertificateRevoked, MustStapleViolation
from tests.integration.loopback import Server, head, read_request, serving
from tests.integration.real_clients.relay import Relay, relaying
from tests.integration.staples import SERIAL, Scene, scene
from tests.integration.web_servers import await_port, free_port, until

pytestmark = pytest.mark.programs

Run = Callable[[Scene], AbstractContextManager[int]]


UNPACKED = Path(__file__).parents[3] / ".cache/haproxy/haproxy"
"""The HAProxy of Debian 13, where that of the system cannot fetch."""


@pytest.fixture(name="relay")
def _relay() -> Iterator[Relay]:
    with relaying() as relay:
        yield relay


@pytest.fixture(name="site")
def _site(relay: Relay) -> Iterator[Scene]:
    """Return a site whose certificate names the relay, which forwards to its responder."""
    with (
        tempfile.TemporaryDirectory(prefix="ocsp-fetch-") as directory,
        scene(Path(directory), named=relay.url) as made,
    ):
        relay.forward_to(urlsplit(made.url).port or 0)
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
    """Run HAProxy, which fetches staples by itself, at most a second after the last."""
    program = _program("haproxy")
    if not _updates(program):
        program = str(UNPACKED)
        if not UNPACKED.exists():
            pytest.skip("HAProxy is older than 2.8; `make setup` finds no newer one")
    certificates = site.directory / "list"
    certificates.write_text(f"{site.site} [ocsp-update on]\n")
    with _configured(site, program, f"crt-list {certificates}") as port:
        yield port


@contextmanager
def _haproxy_with_file(site: Scene) -> Iterator[int]:
    _fetch(site)
    with _configured(site, _program("haproxy"), f"crt {site.site}") as port:
        yield port


@contextmanager
def _configured(site: Scene, program: str, certificates: str) -> Iterator[int]:
    home, port = site.directory, free_port()
    delays = "".join(
        f"    tune.ssl.ocsp-update.{each} 1\n"
        for each in ("mindelay", "maxdelay")
        if _updates(program)
    )
    (home / "haproxy.cfg").write_text(
        f"global\n    log stdout format raw local0\n{delays}"
        "defaults\n    mode http\n    timeout client 5s\n    timeout server 5s\n"
        "    timeout connect 5s\nfrontend site\n"
        f"    bind 127.0.0.1:{port} ssl {certificates}\n"
        "    http-request return status 200 content-type text/plain string hello\n"
    )
    with _running(site, program, "-db", "-f", home / "haproxy.cfg", port=port):
        yield port


def _updates(program: str) -> bool:
    """Tell whether this HAProxy fetches staples by itself."""
    printed = subprocess.run(
        [program, "-v"], capture_output=True, text=True, check=True
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


SERVERS = {
    "nginx": _nginx,
    "haproxy": _haproxy,
    "haproxy with a file": _haproxy_with_file,
}


CHECK, INSERTION = '"OCSP response check failure"', '"Error during insertion"'
"""What HAProxy logs about an answer that it refuses."""

ANSWERS: dict[str, tuple[Callable[[Scene], bytes], str]] = {
    "of the past": (lambda site: site.signed(-3, -2), INSERTION),
    "of the future": (lambda site: site.signed(2, 3), INSERTION),
    "without nextUpdate": (lambda site: site.signed(end=None), INSERTION),
    "about another certificate": (
        lambda site: site.signed(serial=SERIAL + 1),
        INSERTION,
    ),
    "with another signature": (lambda site: _other_signature(site.signed()), CHECK),
    "that is none": (lambda site: b"hello", CHECK),
}
"""What HAProxy gets in the place of the answer of the responder, and what it logs."""


def _other_signature(response: bytes) -> bytes:
    basic = ocsp.load_der_ocsp_response(response)
    signature = basic.signature
    changed = signature[:-1] + bytes([signature[-1] ^ 1])
    assert response.count(signature) == 1
    return response.replace(signature, changed)


def _connected(site: Scene, port: int) -> ocsp.VerifiedResponse | None:
    """Return the evidence, or ``None`` while the server has no staple yet."""
    with contextlib.suppress(MustStapleViolation):
        return site.connect(port)
    return None


def _is_revoked(site: Scene, port: int) -> bool:
    try:
        _connected(site, port)
    except CertificateRevoked:
        return True
    return False


def _output(site: Scene) -> str:
    return (site.directory / "output").read_text(errors="replace")


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


@pytest.mark.parametrize("run", [_haproxy, _haproxy_with_file])
def test_haproxy_staples_a_revocation(site: Scene, run: Run) -> None:
    """A client rejects the handshake as revoked."""
    site.revoke()
    with run(site) as port:
        until(lambda: _is_revoked(site, port), lambda: _output(site))


def test_haproxy_fetches_again(site: Scene, relay: Relay) -> None:
    """It asks with GET, and staples a revocation after the next update."""
    with _haproxy(site) as port:
        until(lambda: _connected(site, port) is not None, lambda: _output(site))
        asked = len(relay.methods)
        site.revoke()
        until(lambda: _is_revoked(site, port), lambda: _output(site))
        assert set(relay.methods) == {"GET"}
        assert len(relay.methods) > asked


def test_haproxy_asks_until_it_gets_an_answer(site: Scene) -> None:
    """It does not staple *unauthorized*, and logs that."""
    site.forget()
    with _haproxy(site) as port:
        until(lambda: CHECK in _output(site), lambda: _output(site))
        assert _connected(site, port) is None
        site.release()
        until(lambda: _connected(site, port) is not None, lambda: _output(site))


def test_haproxy_keeps_its_staple_if_an_update_is_refused(site: Scene) -> None:
    """The answer *unauthorized* is not better than one that is still valid."""
    with _haproxy(site) as port:
        until(lambda: _connected(site, port) is not None, lambda: _output(site))
        site.forget()
        until(lambda: CHECK in _output(site), lambda: _output(site))
        evidence = _connected(site, port)
        assert evidence is not None
        assert evidence.status is OCSPCertStatus.GOOD


@pytest.mark.parametrize("answer", ANSWERS)
def test_haproxy_refuses_an_answer(site: Scene, relay: Relay, answer: str) -> None:
    """It staples nothing, until it is answered by the responder."""
    make_answer, logged = ANSWERS[answer]
    der = make_answer(site)

    def serve(server: Server, connection: socket.socket) -> None:
        read_request(server, connection)
        start = head(
            Content_Type="application/ocsp-response",
            Content_Length=len(der),
            Connection="close",
        )
        connection.sendall(start + der)

    responder = urlsplit(site.url).port or 0
    with serving(serve) as server:
        relay.forward_to(server.port)
        with _haproxy(site) as port:
            until(lambda: logged in _output(site), lambda: _output(site))
            assert _connected(site, port) is None
            relay.forward_to(responder)
            until(lambda: _connected(site, port) is not None, lambda: _output(site))


def test_nginx_logs_a_revocation(site: Scene) -> None:
    """Server nginx reads the signed answer, and sends only answers that are good."""
    site.revoke()
    with _nginx(site) as port:

        def is_logged() -> bool:
            assert _connected(site, port) is None
            log = (site.directory / "log").read_text(errors="replace")
            return 'certificate status "revoked" in the OCSP response' in log

        until(is_logged, lambda: "nginx")
