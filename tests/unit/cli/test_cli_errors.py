"""Failures of the program: none exits with the code for *revoked*."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.cli import main
from ocsp.cli.commands import lint as lint_command
from ocsp.cli.errors import run_guarded
from tests.unit.linting import forge

PROGRAM = (sys.executable, "-m", "ocsp")

AROUND = ("--issuer", "ca.pem", "--at", "2026-07-01T12:00Z")
VERIFY = ("verify", "--cert", "leaf.pem", "--response", "clean.der", *AROUND)
LINT = ("lint", "clean.der", *AROUND)
REQUEST = ("request", "--issuer", "ca.pem", "--serial", "1")
WRITING = [VERIFY, (*LINT, "--json"), ("--help",), ("--version",), REQUEST]

needs_full = pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="the system has no /dev/full"
)
needs_sh = pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")


@pytest.fixture(name="files", autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Change to a directory with a good response and its certificates."""
    monkeypatch.chdir(tmp_path)
    Path("ca.pem").write_bytes(forge.authority().public_bytes(Encoding.PEM))
    Path("leaf.pem").write_bytes(forge.subject().public_bytes(Encoding.PEM))
    Path("clean.der").write_bytes(forge.response())


def _program(
    *arguments: str, shell: str = '"$@"', **environment: str
) -> tuple[int, str, str]:
    """Run the program in a separate process, through the command *shell*."""
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
    """Return an environment with the import path of the tests and buffered output."""
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PYTHONUNBUFFERED": "",
    }


@pytest.mark.parametrize("trouble", [RuntimeError("Odd\nthing"), RecursionError()])
def test_an_unexpected_exception_exits_with_70(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    trouble: Exception,
) -> None:
    """The line says how to get the traceback; 1 would mean *revoked* or findings."""

    def fail(*_: object, **__: object) -> None:
        raise trouble

    monkeypatch.setattr(lint_command, "lint_response", fail)
    assert main(LINT) == 70
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"error: ocsp: internal error: {type(trouble).__name__}")
    assert "this is a bug in ocsp, please report it (OCSP_TRACEBACK=1" in err
    assert err.count("\n") == 1
    monkeypatch.setenv("OCSP_TRACEBACK", "1")
    assert main(LINT) == 70
    err = capsys.readouterr().err
    assert err.startswith("Traceback (most recent call last):\n")
    assert "in fail\n" in err


@needs_full
@pytest.mark.parametrize("arguments", WRITING)
def test_output_that_cannot_be_written_exits_with_4(arguments: tuple[str, ...]) -> None:
    """For example on a full disk; the error is one line."""
    code, _, err = _program(*arguments, shell='"$@" >/dev/full')
    assert (code, err) == (4, "error: output: No space left on device\n")


@needs_full
@pytest.mark.parametrize("arguments", [("lint", "nothing.der"), ("lint", "--what")])
def test_an_error_that_cannot_be_written_keeps_its_code(
    arguments: tuple[str, ...],
) -> None:
    """The exit code is the same as if the error were printed."""
    assert _program(*arguments, shell='"$@" 2>/dev/full') == (4, "", "")


@needs_sh
@pytest.mark.parametrize("arguments", WRITING)
def test_a_closed_pipe_exits_with_141(arguments: tuple[str, ...]) -> None:
    """As for a program that SIGPIPE ends; nothing is printed."""
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
def test_a_closed_standard_input_exits_with_4(arguments: tuple[str, ...]) -> None:
    """The error names standard input."""
    code, out, err = _program(*arguments, shell='"$@" <&-')
    assert (code, out, err) == (4, "", "error: standard input: is closed\n")


@needs_sh
def test_a_closed_standard_output_is_no_traceback() -> None:
    """A verdict is still the exit code."""
    assert _program(*VERIFY, shell='"$@" >&-') == (0, "", "")


@needs_sh
@pytest.mark.parametrize(
    "arguments",
    [
        REQUEST,
        ("status", "export"),
        ("status", "list"),
        ("status", "log"),
        ("config", "show"),
        ("config", "schema"),
        ("signer", "request", "--key", "r.key", "--subject", "CN=r", "--out", "-"),
    ],
)
def test_what_a_command_does_nothing_but_write_is_not_lost(
    arguments: tuple[str, ...],
) -> None:
    """With a closed standard output; nothing else is written either."""
    before = set(Path().iterdir())
    code, _, err = _program(*arguments, shell='"$@" >&-')
    assert (code, err) == (4, "error: standard output: is closed\n")
    assert set(Path().iterdir()) == before


@pytest.mark.parametrize(
    ("encoding", "sign"), [("ascii", "RFC 6960 \\xa7"), ("latin-1", "RFC 6960 \xa7")]
)
def test_a_character_that_the_output_lacks_is_escaped(encoding: str, sign: str) -> None:
    """The section sign of a clause does not make the command fail."""
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
def test_a_usage_error_names_the_command(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], command: str
) -> None:
    """The error refers to the help of the command, not of the whole program."""
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
def test_an_empty_file_name_is_rejected(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], where: str
) -> None:
    """The error names the option; often a shell variable is not set."""
    assert main(arguments) == 4
    err = capsys.readouterr().err
    assert err.startswith(f"error: {where}")
    assert err.endswith(": the file name is empty\n")


def test_warnings_of_python_are_shown_only_on_request(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``cryptography`` warns of PKCS #7 files that are not DER; ``-W`` shows it."""

    def warn() -> None:
        warnings.warn("for developers", stacklevel=1)

    monkeypatch.setattr(sys, "warnoptions", [])
    assert run_guarded(warn) == 0
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys, "warnoptions", ["error"])
    assert run_guarded(warn) == 70
    assert "for developers" in capsys.readouterr().err
