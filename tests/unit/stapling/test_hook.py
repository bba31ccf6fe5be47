"""Test the hook: a command without a shell, with its data in the environment."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from ocsp.errors import ConfigError, HookFailed
from ocsp.stapling import (
    CommandHook,
    Site,
    StapleEvent,
    StapleReport,
    StapleState,
    hook,
)
from tests.pki import NOW
from tests.unit.stapling.scripted_stapler import signed, verified

WRITER = (
    "import json, os, sys; json.dump([sys.argv[2:], {name: value for name, value in "
    "os.environ.items() if name.startswith('OCSP_')}], open(sys.argv[1], 'w'))"
)

VARIABLES = {
    "OCSP_STAPLE_CERTIFICATE",
    "OCSP_STAPLE_FILE",
    "OCSP_STAPLE_SERIAL",
    "OCSP_STAPLE_STATUS",
    "OCSP_STAPLE_THIS_UPDATE",
    "OCSP_STAPLE_UNTIL",
}


def _report(certificate: Path) -> StapleReport:
    return StapleReport(
        site=Site(certificate),
        at=NOW,
        event=StapleEvent.WRITTEN,
        state=StapleState.HOLDS,
        evidence=verified(signed()),
        next_at=NOW,
    )


def test_the_command_gets_its_data_from_the_environment(tmp_path: Path) -> None:
    """File names with shell commands in them are not executed."""
    name = tmp_path / "a b; touch pwned $(touch pwned) `touch pwned` 'x'.pem"
    written = tmp_path / "written"
    CommandHook([sys.executable, "-c", WRITER, str(written), "$HOME; x"])(_report(name))
    arguments, environment = json.loads(written.read_text())
    assert arguments == ["$HOME; x"]
    assert environment == {
        "OCSP_STAPLE_FILE": f"{name}.ocsp",
        "OCSP_STAPLE_CERTIFICATE": str(name),
        "OCSP_STAPLE_STATUS": "good",
        "OCSP_STAPLE_SERIAL": "1f2e",
        "OCSP_STAPLE_THIS_UPDATE": "2026-07-01T11:00:00Z",
        "OCSP_STAPLE_UNTIL": "2026-07-02T11:00:00Z",
    }
    assert set(environment) == VARIABLES
    assert [each.name for each in tmp_path.iterdir()] == ["written"]


def test_text_is_split_as_a_shell_splits_it(tmp_path: Path) -> None:
    """The command may name a shell, which then expands the variables."""
    written = tmp_path / "written"
    CommandHook(f"""sh -c 'echo "$OCSP_STAPLE_STATUS" > "$0"' {written}""")(
        _report(tmp_path / "x.pem")
    )
    assert written.read_text() == "good\n"


@pytest.mark.parametrize("command", ["", [], "no-such-program x", "sh -c 'open"])
def test_an_invalid_command_is_a_configuration_error(
    command: str | list[str],
) -> None:
    """The constructor raises, not the first call, which may come days later."""
    with pytest.raises(ConfigError):
        CommandHook(command)


@pytest.mark.parametrize(
    ("script", "what"),
    [
        ("exit 3", "sh: exited with code 3"),
        ("echo one >&2; echo two >&2; exit 1", "sh: exited with code 1: two"),
        ("exec cat /dev/zero > /dev/null", "sh: took more than 0 seconds"),
    ],
)
def test_the_error_has_the_exit_code_and_the_last_line_of_stderr(
    monkeypatch: pytest.MonkeyPatch, script: str, what: str
) -> None:
    """A command that takes too long is killed."""
    monkeypatch.setattr(hook, "_TIMEOUT", 0.3)
    with pytest.raises(HookFailed) as caught:
        CommandHook(["sh", "-c", script])(_report(Path("x.pem")))
    assert str(caught.value) == what


def test_a_program_that_was_removed_is_a_failure(tmp_path: Path) -> None:
    """It existed when the hook was created."""
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    command = CommandHook([str(program)])
    program.unlink()
    with pytest.raises(HookFailed, match="No such file"):
        command(_report(Path("x.pem")))
