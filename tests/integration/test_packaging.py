"""
The units of systemd and the container file: what can be checked without them.

``tests/soak/test_container.py`` builds the container and runs it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from dockerfile_parse import DockerfileParser

from tests.ca_folder import CAFolder
from tests.integration.services import serving
from tests.unit.cli.cli_reference import commands

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "packaging" / "systemd"
CONTAINER = ROOT / "packaging" / "container" / "Containerfile"
PROGRAM = Path(sys.executable).with_name("ocsp")
NOWHERE = "http://127.0.0.1:9"
"""The URL of a proxy that does not exist: nothing listens on the port *discard*."""

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd is not installed"
)


@pytest.fixture
def units(tmp_path: Path) -> list[Path]:
    """Copy the units, with the program of this environment."""
    found = []
    for unit in UNITS.iterdir():
        text = unit.read_text().replace("/opt/ocsp/bin/ocsp", str(PROGRAM))
        found.append(tmp_path / unit.name)
        found[-1].write_text(text)
    return found


@needs_systemd
@pytest.mark.programs
def test_systemd_accepts_the_units(units: list[Path]) -> None:
    """``systemd-analyze verify`` has nothing to say about them."""
    checked = subprocess.run(
        ["systemd-analyze", "verify", *units],
        capture_output=True,
        text=True,
        check=False,
    )
    names = [unit.name for unit in units]
    about = [
        line for line in checked.stderr.splitlines() if any(n in line for n in names)
    ]
    assert about == []
    assert sorted(names) == ["ocsp.service", "ocsp.socket"]


@needs_systemd
@pytest.mark.programs
def test_the_service_is_hardened(units: list[Path]) -> None:
    """Its exposure, as systemd rates it, is 2.0 of 10 at most."""
    (service,) = [unit for unit in units if unit.suffix == ".service"]
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", service],
        capture_output=True,
        text=True,
        check=False,
    )
    assert rated.returncode == 0, rated.stdout[-200:]


def test_the_units_start_a_command_that_exists() -> None:
    """With options that it has."""
    lines = (UNITS / "ocsp.service").read_text().splitlines()
    (start,) = [line for line in lines if line.startswith("ExecStart=")]
    program, command, option, file = start.partition("=")[2].split()
    assert program == "/opt/ocsp/bin/ocsp"
    assert file == "/etc/ocsp/ocsp.toml"
    assert option in _options(command)


def _options(command: str) -> set[str]:
    parameters = commands()[f"ocsp {command}"].params
    return {option for each in parameters for option in each.opts}


# --- the container ------------------------------------------------------------------


@pytest.fixture
def instructions(tmp_path: Path) -> list[tuple[str, str]]:
    """Read the instructions of the container file."""
    copy = tmp_path / "Dockerfile"
    copy.write_bytes(CONTAINER.read_bytes())
    parsed = DockerfileParser(str(copy)).structure
    return [
        (each["instruction"], each["value"])
        for each in parsed
        if each["instruction"] != "COMMENT"
    ]


KNOWN = {
    "FROM", "WORKDIR", "COPY", "RUN", "USER", "VOLUME", "EXPOSE", "STOPSIGNAL",
    "HEALTHCHECK", "ENTRYPOINT", "CMD",
}  # fmt: skip


def test_the_container_file_has_known_instructions(
    instructions: list[tuple[str, str]],
) -> None:
    """Its syntax is checked, and that its stages exist."""
    assert {name for name, _ in instructions} <= KNOWN
    stages = [value.split(" AS ")[1] for name, value in instructions if " AS " in value]
    for name, value in instructions:
        if name == "COPY" and "--from=" in value:
            assert value.split("--from=")[1].split()[0] in stages
        if name in {"ENTRYPOINT", "CMD", "VOLUME"}:
            assert all(isinstance(word, str) for word in json.loads(value))
        if name == "HEALTHCHECK":
            assert json.loads(value.partition("CMD ")[2])


def test_the_container_runs_the_service_without_rights(
    instructions: list[tuple[str, str]],
) -> None:
    """As a user with a number, with a command and options that exist."""
    last = dict(instructions)
    assert last["USER"] == "10080:10080"
    assert json.loads(last["ENTRYPOINT"]) == ["/opt/ocsp/bin/ocsp"]
    command, option, file = json.loads(last["CMD"])
    assert option in _options(command)
    assert file == "/etc/ocsp/ocsp.toml"


def test_the_health_check_asks_the_service(
    instructions: list[tuple[str, str]], tmp_path: Path
) -> None:
    """Without a proxy that the engine names, or modules in the working directory."""
    program, *options, asked = json.loads(
        dict(instructions)["HEALTHCHECK"].partition("CMD ")[2]
    )
    assert program == "/opt/ocsp/bin/python"
    CAFolder(tmp_path)
    (tmp_path / "urllib.py").write_text("raise SystemExit(3)")

    def is_healthy(url: str) -> bool:
        assert "http://127.0.0.1:8080/" in asked
        checked = subprocess.run(
            [sys.executable, *options, asked.replace("http://127.0.0.1:8080/", url)],
            cwd=tmp_path,
            env=os.environ | {"http_proxy": NOWHERE},
            capture_output=True,
            check=False,
        )
        return checked.returncode == 0

    with serving(tmp_path) as service:
        assert is_healthy(service.url)
    assert not is_healthy(service.url)


def test_the_container_installs_extras_that_exist(
    instructions: list[tuple[str, str]],
) -> None:
    """Those that ``ocsp serve`` needs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (installed,) = [value for name, value in instructions if ".[" in value]
    extras = installed.partition(".[")[2].partition("]")[0].split(",")
    assert set(extras) <= set(project["optional-dependencies"])
    assert {"server", "cli"} <= set(extras)
