"""A command whose packages are not installed names the extra, and is no bug."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests.unit.linting import forge

SERVICE = (
    ("serve", "--config", "ocsp.toml"),
    ("serve", "--issuer", "ca.pem", "--key", "ca.key"),
    ("demo",),
    ("exporter", "--config", "exporter.toml"),
    ("config", "check"),
    ("config", "show"),
    ("config", "schema"),
    ("config", "init", "ca.pem"),
    ("presign",),
)
"""The commands that need the extra ``server``."""

PROGRAM = """
import sys
sys.modules[sys.argv[1]] = None  # its import fails, as if it were not installed
from ocsp.cli import main
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.parametrize("arguments", SERVICE, ids=" ".join)
def test_a_command_of_the_service_names_the_extra(arguments: tuple[str, ...]) -> None:
    """In one line."""
    command = [sys.executable, "-c", PROGRAM, "httptools", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert done.stderr.startswith("error: ")
    assert "needs the extra 'server'" in done.stderr
    assert done.stderr.count("\n") == 1


PROBES = ("probe", "conformance")


@pytest.fixture(name="material")
def _material(tmp_path: Path) -> Path:
    for name, certificate in (("ca", forge.authority()), ("leaf", forge.subject())):
        path = tmp_path / f"{name}.pem"
        path.write_bytes(certificate.public_bytes(Encoding.PEM))
    return tmp_path


@pytest.mark.parametrize("command", PROBES)
def test_a_command_that_asks_names_the_extra(command: str, material: Path) -> None:
    """Before anything is sent."""
    typed = [command, "http://127.0.0.1:1", "--issuer", "ca.pem", "--cert", "leaf.pem"]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "httptools", *typed],
        capture_output=True,
        text=True,
        check=False,
        cwd=material,
    )
    assert done.returncode == 4
    assert "needs the extra 'client'" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("missing", ["starlette", "prometheus_client", "uvicorn"])
def test_an_exporter_names_the_extra_of_its_port(missing: str) -> None:
    """The packages of the port are in another extra."""
    typed = ["exporter", "--config", "exporter.toml"]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, missing, *typed],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 4
    assert "needs the extra 'admin'" in done.stderr
