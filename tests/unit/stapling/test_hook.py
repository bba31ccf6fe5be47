"""Test the hook: a command without a shell, with its data in the environment."""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import pytest

from ocsp import limits
from ocsp.errors import ConfigError, HookFailed
from ocsp.stapling import (
    CommandHook,
    Site,
    StapleEvent,
    StapleReport,
    StapleState,
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
        "OCSP_STAPLE_SERIAL": "0x1f2e",
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
        (
            "exec cat /dev/zero > /dev/null",
            "sh: took more than 0 seconds and was killed",
        ),
    ],
)
def test_the_error_has_the_exit_code_and_the_last_line_of_stderr(
    monkeypatch: pytest.MonkeyPatch, script: str, what: str
) -> None:
    """A command that takes too long is killed."""
    monkeypatch.setattr(limits, "MAX_HOOK_SECONDS", 0.3)
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


def _failure(*command: str) -> str:
    with pytest.raises(HookFailed) as caught:
        CommandHook(list(command))(_report(Path("x.pem")))
    return str(caught.value)


@pytest.fixture(name="time_limit")
def _time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a command that is waited for too long fail, long before the test times out."""
    monkeypatch.setattr(limits, "MAX_HOOK_SECONDS", 20.0)


@pytest.mark.usefixtures("time_limit")
@pytest.mark.parametrize("redirection", ["", ">&2", "2>&1"])
def test_a_child_that_keeps_the_output_open_is_not_waited_for(redirection: str) -> None:
    """The hook has ended; what it wrote until then is in the error."""
    child = f"sleep 60 {redirection} & echo $! > $0; echo message >&2; exit 2"
    with tempfile.TemporaryDirectory() as directory:
        pid = Path(directory, "pid")
        started = time.monotonic()
        try:
            assert _failure("sh", "-c", child, str(pid)).endswith("code 2: message")
            CommandHook(["sh", "-c", child.replace("exit 2", ""), str(pid)])(
                _report(Path("x.pem"))
            )
            assert time.monotonic() - started < 15
        finally:
            os.kill(int(pid.read_text()), signal.SIGKILL)


def test_a_command_that_hangs_is_killed_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also those that ignore the signals that they can ignore."""
    monkeypatch.setattr(limits, "MAX_HOOK_SECONDS", 1.0)
    alive = tmp_path / "fifo"
    os.mkfifo(alive)
    reader = os.open(alive, os.O_RDONLY | os.O_NONBLOCK)
    child = "trap '' TERM INT HUP; (trap '' TERM INT HUP; sleep 60) 3>$0 & wait"
    try:
        assert _failure("sh", "-c", child, str(alive)).endswith("and was killed")
        # The end of the pipe means that no process has it open.
        os.set_blocking(reader, True)
        assert os.read(reader, 1) == b""
    finally:
        os.close(reader)


def test_a_child_that_writes_without_end_costs_no_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The end of the output is kept, up to a limit."""
    monkeypatch.setattr(limits, "MAX_HOOK_OUTPUT_BYTES", 12)
    script = "head -c 3000000 /dev/zero | tr '\\0' x >&2; echo last >&2; exit 1"
    assert _failure("sh", "-c", script) == "sh: exited with code 1: xxxxxxxlast"
    monkeypatch.setattr(limits, "MAX_HOOK_SECONDS", 0.5)
    assert _failure("sh", "-c", "exec yes >&2").endswith("was killed: y")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (r"\033[31mred\033[0m", "red"),
        (r"\033]0;title\007text", "text"),
        (r"\033]8;;http://x\033\\link", "link"),
        (r"\033(Bplain\033c", "plain"),
        (r"bell\007 null\000 c1\302\233", "bell\ufffd null\ufffd c1\ufffd"),
        (r"latin \344\366\374", "latin \ufffd\ufffd\ufffd"),
        (r"first\r\nsecond\r\n\r\n", "second"),
        ("long " * 100, "long " * 40),
    ],
)
def test_the_output_cannot_control_a_terminal(written: str, shown: str) -> None:
    """Control sequences are removed; other characters that print nothing are replaced."""
    script = f"printf '{written}' >&2; exit 1"
    assert _failure("sh", "-c", script) == f"sh: exited with code 1: {shown}"


@pytest.mark.parametrize(
    ("number", "how"), [(9, "signal 9 (SIGKILL)"), (6, "signal 6 (SIGABRT)")]
)
def test_a_command_that_a_signal_kills(number: int, how: str) -> None:
    """The error names the signal."""
    assert _failure("sh", "-c", f"kill -{number} $$") == f"sh: was killed by {how}"


def test_a_command_that_cannot_be_started(tmp_path: Path) -> None:
    """It is not executable, of an unknown format, or an argument is not possible."""
    program = tmp_path / "program"
    program.write_bytes(b"\0\1\2")
    with pytest.raises(ConfigError, match="not an executable"):
        CommandHook([str(program)])
    program.chmod(0o755)
    assert _failure(str(program)) == f"{program}: Exec format error"
    assert _failure("sh", "\0") == "sh: embedded null byte"
    program.write_text("#!/no/such/interpreter\n")
    assert _failure(str(program)) == f"{program}: No such file or directory"
