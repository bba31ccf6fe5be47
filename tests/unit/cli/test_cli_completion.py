"""Completion in a shell: the scripts, their installation, and what they ask for."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ocsp.cli import main
from ocsp.cli.completion import SHELLS


def _completed(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for the completions of the last of *words*, as the script of bash does."""
    monkeypatch.setenv("_OCSP_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split(" ")) - 1))
    with pytest.raises(SystemExit) as exit_:
        main([])
    assert exit_.value.code == 0


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("ocsp che", ["plain,check"]),
        ("ocsp status re", ["plain,revoke", "plain,release", "plain,restore", "plain,restored"]),
        ("ocsp inspect --js", ["plain,--json"]),
        ("ocsp inspect --type re", ["plain,request", "plain,response"]),
        ("ocsp inspect resp", ["file,resp"]),
    ],
)  # fmt: skip
def test_commands_options_values_and_files_are_completed(
    words: str,
    found: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The type of a completion tells the shell whether to look for files."""
    _completed(words, monkeypatch)
    assert capsys.readouterr().out.splitlines() == found


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_shown(
    shell: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """For the named shell, or the one in ``SHELL``."""
    assert main(["--show-completion", shell]) == 0
    named = capsys.readouterr().out
    assert f"_OCSP_COMPLETE={shell}_complete" in named
    monkeypatch.setenv("SHELL", f"/usr/bin/{shell}")
    assert main(["--show-completion"]) == 0
    assert capsys.readouterr().out == named


@pytest.mark.parametrize("option", ["--show-completion", "--install-completion"])
def test_an_unknown_shell_is_an_error(
    option: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error says how to name another."""
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    assert main([option]) == 4
    assert capsys.readouterr().err == (
        "error: SHELL: is 'tcsh' (name one of bash, zsh, fish after the option)\n"
    )


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("before", [None, "", "alias x=y", "alias x=y\n"])
def test_the_installation_adds_one_line_once(
    shell: str, before: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the start file contained stays."""
    monkeypatch.setenv("HOME", str(tmp_path))
    place = SHELLS[shell]
    start = tmp_path / (place.start_file or "unused")
    if before is not None:
        start.write_text(before)
    for _ in range(2):
        assert main(["--install-completion", shell]) == 0
    script = tmp_path / place.script
    assert f"_OCSP_COMPLETE={shell}_complete" in script.read_text()
    if not place.start_file:
        return
    *old, line = start.read_text().splitlines()
    assert old == (before or "").splitlines()
    assert line.endswith(f"source {script}")


@pytest.mark.programs
@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_with_the_script(tmp_path: Path) -> None:
    """The script runs ``ocsp`` from the path."""
    (tmp_path / "ocsp").write_text(f'#!/bin/sh\nexec {sys.executable} -m ocsp "$@"\n')
    (tmp_path / "ocsp").chmod(0o755)
    code = (
        f'PATH="{tmp_path}:$PATH"; eval "$(ocsp --show-completion bash)"\n'
        "COMP_WORDS=(ocsp ins); COMP_CWORD=1; _ocsp_completion ocsp ins ocsp\n"
        'echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "inspect\n"
