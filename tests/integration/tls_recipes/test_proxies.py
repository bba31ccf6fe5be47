"""Clients behind nginx and HAProxy: good ones are served, revoked ones get 403."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ocsp import OCSPCertStatus
from tests.docs.examples import ROOT
from tests.integration.tls_protection.scene import NAME, Scene
from tests.integration.tls_recipes.test_servers import APP
from tests.integration.web_servers import await_port, free_port

pytestmark = pytest.mark.programs

PAGE = ROOT / "docs" / "howto" / "tls-behind-a-proxy.md"
PRIVATE = (
    "ocsp.AsyncClient(ocsp.Options(address_policy=ocsp.AddressPolicy.PRIVATE_TOO))"
)
FORMS = {"nginx": "NGINX", "haproxy": "HAPROXY"}
NGINX = """
{user}
daemon off;
pid {home}/nginx.pid;
error_log {home}/log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {home}/body;
    proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi;
    scgi_temp_path {home}/scgi;
    {block}
}}
"""
HAPROXY = (
    "defaults\n timeout client 9s\n timeout server 9s\n timeout connect 9s\n{block}"
)


def _block(language: str) -> str:
    return re.findall(
        rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL
    )[0]


def _program(name: str) -> str:
    found = shutil.which(name, path=f"/usr/sbin:{os.environ['PATH']}")
    if found is None:
        pytest.skip(f"{name} is not installed; `make setup` installs it")
    return found


def _proxy(name: str, home: Path, ports: tuple[int, int]) -> list[str]:
    """Write the configuration of the page, and return the command."""
    block = _block(name).replace("8080", str(ports[1]))
    for file in ("server.pem", "clients-ca.pem"):
        block = block.replace(file, str(home / file))
    if name == "haproxy":
        block = block.replace("8443", str(ports[0]))
        (home / "haproxy.cfg").write_text(HAPROXY.format(block=block))
        return [_program(name), "-f", str(home / "haproxy.cfg")]
    block = block.replace("8443", f"127.0.0.1:{ports[0]}")
    user = "user root;" if os.getuid() == 0 else ""
    text = NGINX.format(user=user, home=home, block=block)
    (home / "nginx.conf").write_text(text)
    return [_program(name), "-p", str(home), "-c", str(home / "nginx.conf")]


@contextlib.contextmanager
def _running(scene: Scene, name: str, home: Path) -> Iterator[int]:
    """Run the application and the proxy; yield the port of the proxy."""
    ports = free_port(), free_port()
    shutil.copy(scene.pem(scene.good()), home / "server.pem")
    (home / "clients-ca.pem").write_text(scene.root_pem())
    (home / "app.py").write_text(APP)
    source = _block("python").replace("ocsp.AsyncClient()", PRIVATE)
    source = source.replace("NGINX", FORMS[name])
    (home / "application.py").write_text(source)
    serve = (
        f"import uvicorn; uvicorn.run('application:application', port={ports[1]},"
        " proxy_headers=False, lifespan='off')"
    )
    commands = ([sys.executable, "-c", serve], _proxy(name, home, ports))
    with contextlib.ExitStack() as stack, (home / "output").open("wb") as log:
        for command, port in zip(commands, reversed(ports), strict=True):
            process = subprocess.Popen(command, cwd=home, stdout=log, stderr=log)
            stack.callback(process.wait, 10)
            stack.callback(process.terminate)
            await_port(port, process, (home / "output").read_text)
        yield ports[0]


def _status(port: int, context: ssl.SSLContext) -> int:
    raw = socket.create_connection(("127.0.0.1", port), 10)
    with context.wrap_socket(raw, server_hostname=NAME) as tls:
        tls.sendall(
            b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            b"X-SSL-Client-Cert: forged\r\n\r\n"
        )
        return int(tls.recv(4096).split()[1])


@pytest.mark.parametrize("name", FORMS)
def test_clients_behind_a_proxy(scene: Scene, tmp_path: Path, name: str) -> None:
    """The header that a client sends is replaced by the proxy."""
    good = scene.client_context(scene.pki.issue("client"))
    revoked = scene.client_context(
        scene.pki.issue("client", status=OCSPCertStatus.REVOKED)
    )
    with _running(scene, name, tmp_path) as port:
        assert _status(port, good) == 200, (tmp_path / "output").read_text()
        assert _status(port, revoked) == 403
    text = (tmp_path / "output").read_text()
    assert "refused the client of a request" in text
