"""docs/probing.md: its commands, the configuration, the metrics, and the alerts."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.cli import main
from ocsp.linting import Severity
from ocsp.probing import headers
from ocsp.probing.exposition import METRICS
from ocsp.service.exporter import TargetSettings, read_exporter_configuration
from ocsp.testing import Identity, LoopbackResponder
from tests.docs.examples import blocks, run

PAGE = "docs/probing.md"
TEXT = Path(PAGE).read_text()
SHOWN_URL = "http://127.0.0.1:8080"
PROMTOOL = shutil.which("promtool")

needs_promtool = pytest.mark.skipif(
    PROMTOOL is None, reason="the program promtool is missing"
)


@pytest.fixture(name="responder", scope="module")
def _responder() -> Iterator[LoopbackResponder]:
    with LoopbackResponder() as running:
        yield running


@pytest.fixture(name="leaf")
def _leaf(
    responder: LoopbackResponder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Identity:
    """Return a certificate, which is with its issuer in the current directory."""
    monkeypatch.chdir(tmp_path)
    leaf = responder.pki.issue()
    for name, cert in (("leaf", leaf.certificate), ("ca", leaf.issuer)):
        Path(f"{name}.pem").write_bytes(cert.public_bytes(Encoding.PEM))
    shutil.copy("ca.pem", "internal-ca.pem")
    return leaf


def _commands() -> list[str]:
    return [
        line.removeprefix("$ ").partition(" > ")[0]
        for block in blocks(PAGE, None)
        if block.language == "console"
        for line in block.text.splitlines()
        if line.startswith("$ ")
    ]


@pytest.mark.parametrize("command", _commands())
def test_a_command_runs(
    responder: LoopbackResponder,
    leaf: Identity,
    command: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """With a responder that has no fault."""
    typed = command.replace(SHOWN_URL, responder.url)
    assert main(shlex.split(typed)[1:]) == 0
    out, err = capfd.readouterr()
    assert err == ""
    if "--nagios" in command:
        (shown,) = [line for line in TEXT.splitlines() if line.startswith("OCSP OK")]
        assert _without_numbers(out.strip()) == _without_numbers(shown)


def _without_numbers(text: str) -> str:
    return re.sub(r"\d+", "0", re.sub(r"valid for [^|]*", "valid for a time ", text))


def test_the_examples_in_python_run(
    responder: LoopbackResponder, leaf: Identity
) -> None:
    """With the results shown."""
    names = {"url": responder.url, "cert": leaf.certificate, "issuer": leaf.issuer}
    assert run(str(Path(__file__).parents[2] / PAGE), names) == 2


def test_the_configuration_can_be_read(leaf: Identity) -> None:
    """With the certificates that it names."""
    (block,) = [each for each in blocks(PAGE, None) if each.language == "toml"]
    Path("exporter.toml").write_text(block.text)
    file = read_exporter_configuration("exporter.toml")
    assert [each.name for each in file.targets] == ["public", "internal"]
    assert [len(each.settings.questions) for each in file.targets] == [8, 1]


def test_the_table_of_settings_is_complete() -> None:
    """Those of a target."""
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| ", TEXT, flags=re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"\w+", row)}
    assert set(TargetSettings.model_fields) <= named


def test_the_table_of_metrics_is_complete() -> None:
    """With their labels and what they are."""
    rows = re.findall(
        r"^\| `(ocsp_probe_\w+)` \| (.*?) \| (.*?) \|$", TEXT, flags=re.MULTILINE
    )
    assert rows == [
        (each.name, ", ".join(f"`{label}`" for label in each.labels), each.help)
        for each in METRICS
    ]


def test_the_table_of_headers_is_complete() -> None:
    """With the severities and the clauses of the rules."""
    rows = re.findall(r"^\| (C\d+) \| (\w+) \| .*? \| (.*?) \|$", TEXT, re.MULTILINE)
    rules = headers._FOR_ALL + headers._FOR_CACHES + headers._NOT_FOR_CACHES
    assert rows == [
        (rule.id, Severity(rule.severity).name.lower(), rule.clause) for rule in rules
    ]


@pytest.mark.programs
@needs_promtool
def test_promtool_accepts_the_rules(tmp_path: Path) -> None:
    """And the configuration of Prometheus."""
    yaml = [block.text for block in blocks(PAGE, None) if block.language == "yaml"]
    for number, arguments in enumerate(
        (["check", "config", "--syntax-only"], ["check", "rules"])
    ):
        path = tmp_path / f"{number}.yml"
        path.write_text(yaml[number])
        command = [str(PROMTOOL), *arguments, str(path)]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_alerts_use_metrics_that_exist() -> None:
    """With labels that exist."""
    names = {each.name for each in METRICS}
    rules = TEXT[TEXT.index("groups:") :]
    assert set(re.findall(r"\bocsp_probe_\w+", rules)) <= names
