"""``ocsp exporter`` as a process: it probes, serves, and ends at SIGTERM."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.cli import main
from ocsp.testing import Fault, LoopbackResponder

PATIENCE = 60.0

CONFIGURATION = """\
interval = "1s"
timeout = "1h"

[admin]
listen = "127.0.0.1:0"

[[target]]
name = "here"
url = "{url}"
issuer = "ca.pem"
certificate = "leaf.pem"
methods = ["POST"]
"""


@pytest.fixture(name="responder")
def _responder() -> Iterator[LoopbackResponder]:
    with LoopbackResponder() as running:
        yield running


def _write(responder: LoopbackResponder, folder: Path) -> Path:
    leaf = responder.pki.issue()
    for name, cert in (("leaf", leaf.certificate), ("ca", leaf.issuer)):
        (folder / f"{name}.pem").write_bytes(cert.public_bytes(Encoding.PEM))
    path = folder / "exporter.toml"
    path.write_text(CONFIGURATION.format(url=responder.url))
    return path


@contextlib.contextmanager
def _exporter(path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the exporter; yield the process, and the URL of its metrics."""
    command = [sys.executable, "-m", "ocsp", "exporter", "--config", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.endswith("/metrics has the probes of 1 target\n"), line
            yield process, line.split()[0]
        finally:
            process.kill()


def _until(url: str, text: str) -> None:
    """Wait until the metrics contain *text*."""
    until = time.monotonic() + PATIENCE
    while text not in httpx.get(url).text:
        assert time.monotonic() < until, f"{text} does not come"


def test_it_probes_serves_and_ends_at_sigterm(
    responder: LoopbackResponder, tmp_path: Path
) -> None:
    """A responder that hangs does not hold it up."""
    with _exporter(_write(responder, tmp_path)) as (process, url):
        _until(url, 'ocsp_probe_level{target="here"} 0.0')
        assert httpx.get(url.replace("metrics", "ready")).status_code == 200
        refused = httpx.get(url, headers={"host": "evil.test"})
        assert refused.status_code == 421
        responder.fail(Fault.TRY_LATER)
        _until(url, 'ocsp_probe_level{target="here"} 2.0')
        responder.heal()
        responder.fail(Fault.NO_ANSWER)
        seen = len(responder.requests)
        until = time.monotonic() + PATIENCE
        while responder.requests[seen:] == [] or responder.requests[-1].fault is None:
            assert time.monotonic() < until
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0


def test_every_problem_is_a_line(
    responder: LoopbackResponder, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """With its place in the file."""
    path = _write(responder, tmp_path)
    path.write_text(path.read_text().replace(".pem", ".der"))
    assert main(["exporter", "--config", str(path)]) == 4
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith(f"error: {path}:10: target.issuer: ")
