"""How the program ends where something nobody wants happens: never as *revoked*."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.cli import main
from ocsp.cli.commands import lint as lint_command
from tests.unit.linting import forge

PROGRAM = (sys.executable, "-m", "ocsp")

AROUND = ("--issuer", "ca.pem", "--at", "2026-07-01T12:00Z")
VERIFY = ("verify", "--cert", "leaf.pem", "--response", "clean.der", *AROUND)
LINT = ("lint", "clean.der", *AROUND)
REQUEST = ("request", "--issuer", "ca.pem", "--serial", "1")
WRITING = [VERIFY, (*LINT, "--json"), ("--help",), REQUEST]

needs_full = pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="the system has no /dev/full"
)
needs_sh = pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")


@pytest.fixture(name="files", autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Go to a directory with a response that is good, and what belongs to it."""
    monkeypatch.chdir(tmp_path)
    Path("ca.pem").write_bytes(forge.authority().public_bytes(Encoding.PEM))
    Path("leaf.pem").write_bytes(forge.subject().public_bytes(Encoding.PEM))
    Path("clean.der").write_bytes(forge.response())


def _program(
    *arguments: str, shell: str = '"$@"', **environment: str
) -> tuple[int, str, str]:
    """Run the program in a process of its own, as *shell* says."""
    ended = subprocess.run(
        ["/bin/sh", "-c", shell, "sh", *PROGRAM, *arguments],
        capture_output=True,
        check=False,
        env=_environment() | environment,
    )
    return (
        ended.returncode,
        ended.stdout.decode("latin-1"),
        ended.stderr.decode("latin-1"),
    )


def _environment() -> dict[str, str]:
    """Return one that finds what these tests import, and has output buffered."""
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PYTHONUNBUFFERED": "",
    }


@pytest.mark.parametrize("trouble", [RuntimeError("Odd\nthing"), RecursionError()])
def test_what_nobody_foresaw_has_code_70(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    trouble: Exception,
) -> None:
    """One line, and how to see where; 1 would say *revoked*, or *findings*."""

    def fail(*_: object, **__: object) -> None:
        raise trouble

    monkeypatch.setattr(lint_command, "lint_response", fail)
    assert main(LINT) == 70
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"error: ocsp: {type(trouble).__name__}")
    assert "a fault of ocsp, not of what it was given (OCSP_TRACEBACK=1" in err
    assert err.count("\n") == 1
    monkeypatch.setenv("OCSP_TRACEBACK", "1")
    assert main(LINT) == 70
    err = capsys.readouterr().err
    assert err.startswith("Traceback (most recent call last):\n")
    assert "in fail\n" in err


@needs_full
@pytest.mark.parametrize("arguments", WRITING)
def test_output_that_cannot_be_written_has_code_4(arguments: tuple[str, ...]) -> None:
    """As on a disk that is full; in one line."""
    code, _, err = _program(*arguments, shell='"$@" >/dev/full')
    assert (code, err) == (4, "error: output: No space left on device\n")


@needs_full
@pytest.mark.parametrize("arguments", [("lint", "nothing.der"), ("lint", "--what")])
def test_an_error_that_cannot_be_written_keeps_its_code(
    arguments: tuple[str, ...],
) -> None:
    """Nobody hears of it, but the exit code still says so."""
    assert _program(*arguments, shell='"$@" 2>/dev/full') == (4, "", "")


@needs_sh
@pytest.mark.parametrize("arguments", WRITING)
def test_a_reader_that_is_gone_has_code_141(arguments: tuple[str, ...]) -> None:
    """As for any program that SIGPIPE ends, and without a word."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ended = subprocess.run(
            [*PROGRAM, *arguments],
            stdout=writer,
            stderr=subprocess.PIPE,
            check=False,
            env=_environment(),
        )
    finally:
        os.close(writer)
    assert (ended.returncode, ended.stderr) == (141, b"")


@needs_sh
@pytest.mark.parametrize(
    "arguments", [(*VERIFY[:4], "-", *AROUND), ("lint",), ("inspect", "-")]
)
def test_a_closed_standard_input_has_code_4(arguments: tuple[str, ...]) -> None:
    """There is nothing to read from."""
    code, out, err = _program(*arguments, shell='"$@" <&-')
    assert (code, out, err) == (4, "", "error: standard input: is closed\n")


@needs_sh
def test_a_closed_standard_output_is_no_traceback() -> None:
    """An exit code is an answer too; octets that have nowhere to go are an error."""
    assert _program(*VERIFY, shell='"$@" >&-') == (0, "", "")
    code, _, err = _program(*REQUEST, shell='"$@" >&-')
    assert (code, err) == (4, "error: standard output: is closed\n")


@pytest.mark.parametrize(
    ("encoding", "sign"), [("ascii", "RFC 6960 \\xa7"), ("latin-1", "RFC 6960 \xa7")]
)
def test_a_character_that_the_output_lacks_is_escaped(encoding: str, sign: str) -> None:
    """The section sign of a clause is no reason to fail."""
    code, out, err = _program(*VERIFY, PYTHONIOENCODING=encoding)
    assert (code, err) == (0, "")
    assert sign in out


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (("verify", "--at"), "ocsp verify"),
        (("lint", "--what"), "ocsp lint"),
        (("status", "add", "--serial"), "ocsp status add"),
        (("--what",), "ocsp"),
    ],
)
def test_a_usage_error_names_the_command_whose_help_helps(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], command: str
) -> None:
    """Its own, and not that of the whole program."""
    assert main(arguments) == 4
    err = capsys.readouterr().err
    assert err.startswith(f"error: {command}: ")
    assert err.endswith(f"; see {command} --help\n")


@pytest.mark.parametrize(
    ("arguments", "where"),
    [
        ((*VERIFY, "--request", ""), "--request"),
        ((*VERIFY, "--responder", "ca.pem", "--responder", ""), "--responder"),
        (("verify", "--issuer", "ca.pem", "--response", "", "--cert", ""), "--"),
        (("lint", ""), "RESPONSE"),
        (("check", "leaf.pem", ""), "CERT..."),
        (("status", "list", "--db", ""), "--db"),
    ],
)
def test_an_empty_file_name_is_refused_by_option(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], where: str
) -> None:
    """It is mostly a variable of the shell that was not set."""
    assert main(arguments) == 4
    err = capsys.readouterr().err
    assert err.startswith(f"error: {where}")
    assert err.endswith(": the name of the file is empty\n")
