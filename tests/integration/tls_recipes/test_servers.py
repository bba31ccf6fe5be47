"""Servers with a protected context: good clients are served, revoked ones are not."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ocsp import OCSPCertStatus
from tests.docs.examples import ROOT
from tests.integration.tls_protection.scene import NAME, Scene
from tests.integration.tls_recipes.recipes import recipe

PAGE = "howto/tls-servers.md"
APP = """
async def asgi(scope, receive, send):
    if scope["type"] == "http":
        headers = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"ok"})


def wsgi(environ, start_response):
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
"""
PUBLIC = "ocsp.Client()"
PRIVATE = "ocsp.Client(ocsp.Options(address_policy=ocsp.AddressPolicy.PRIVATE_TOO)), "
PATIENCE = 20.0
GUNICORN = ("-m", "gunicorn", "-c", "gunicorn.conf.py")
SERVERS = {
    "asyncio": ("asyncio", ("server.py",)),
    "uvicorn": ("uvicorn", ("server.py",)),
    "hypercorn": ("hypercorn", ("server.py",)),
    "gunicorn": ("gunicorn", (*GUNICORN, "app:wsgi")),
    "gunicorn threads": ("gunicorn", (*GUNICORN, "-k", "gthread", "app:wsgi")),
    "aiohttp": ("aiohttp", ("server.py",)),
    "tornado": ("tornado", ("server.py",)),
}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _protected() -> str:
    """Return the module of the page, for a responder on loopback."""
    text = (ROOT / "docs" / PAGE).read_text()
    source = re.findall(
        r"as the file protected\.py -->\n```python\n(.*?)```", text, re.DOTALL
    )[0]
    assert PUBLIC in source
    return source.replace("ocsp.Client(), ", PRIVATE).replace("=0.2", "=5.0")


@contextlib.contextmanager
def _running(
    scene: Scene, folder: Path, heading: str, command: list[str]
) -> Iterator[int]:
    """Run the recipe of the server in a process; yield its port."""
    port = _free_port()
    server = Path(scene.pem(scene.good())).read_bytes()
    (folder / "server.pem").write_bytes(server)
    (folder / "clients-ca.pem").write_text(scene.root_pem())
    (folder / "protected.py").write_text(_protected())
    (folder / "app.py").write_text(APP)
    script = recipe(PAGE, heading).replace("8443", str(port))
    for name in ("server.py", "gunicorn.conf.py"):
        (folder / name).write_text(script.replace('"localhost', '"127.0.0.1'))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, *command], cwd=folder, stdout=log, stderr=log,
            env={**os.environ, "PYTHONPATH": str(folder)},
        )  # fmt: skip
    try:
        _wait_for(port, process, folder / "log")
        yield port
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:  # it waits for a client
            process.kill()
            process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text()
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        time.sleep(0.02)
    raise AssertionError(log.read_text())


def _ask(port: int, context: ssl.SSLContext) -> bytes:
    """Return the answer of the server; empty if it broke the connection."""
    raw = socket.create_connection(("127.0.0.1", port), PATIENCE)
    answer = b""
    with (
        contextlib.suppress(ssl.SSLError, ConnectionError),
        context.wrap_socket(raw, server_hostname=NAME) as tls,
    ):
        tls.sendall(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
        while data := tls.recv(4096):
            answer += data
    return answer


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_serves_good_clients_only(
    scene: Scene, tmp_path: Path, name: str
) -> None:
    """And its log says why it refused the other one, where it shows warnings."""
    library, command = SERVERS[name]
    pytest.importorskip(library)
    good = scene.client_context(scene.pki.issue("client"))
    revoked = scene.client_context(
        scene.pki.issue("client", status=OCSPCertStatus.REVOKED)
    )
    with _running(scene, tmp_path, library, list(command)) as port:
        assert _ask(port, good).endswith(b"ok")
        assert _ask(port, revoked) == b""
        assert _ask(port, good).endswith(b"ok")
    assert (
        "refused a TLS client: certificate 'CN=client'"
        in (tmp_path / "log").read_text()
    )
