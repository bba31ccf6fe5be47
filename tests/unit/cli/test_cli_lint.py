"""``ocsp lint``: exit codes, text, JSON."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.cli import main
from ocsp.cli.input.arguments import TIME_FORMS
from tests.unit.linting import forge

Run = Callable[..., tuple[int, str, str]]

AROUND = (
    "--issuer", "ca.pem", "--cert", "leaf.pem", "--request", "request.der",
    "--at", "2026-07-01T12:00Z",
)  # fmt: skip


@pytest.fixture(name="run")
def _run(
    capfdbinary: pytest.CaptureFixture[bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Run:
    """Run ``ocsp lint`` in a directory with a response and its context."""
    monkeypatch.chdir(tmp_path)
    Path("ca.pem").write_bytes(forge.authority().public_bytes(Encoding.PEM))
    Path("leaf.pem").write_bytes(forge.subject().public_bytes(Encoding.PEM))
    request = forge.request(forge.SERIAL).public_bytes(Encoding.DER)
    Path("request.der").write_bytes(request)
    Path("clean.der").write_bytes(forge.response())

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["lint", *arguments])
        out, err = capfdbinary.readouterr()
        return code, out.decode(), err.decode()

    return run


FAULTY = forge.response(
    entries=[forge.entry(next_update=None, status=forge.revoked(0))]
)


@pytest.mark.parametrize("profile", ["rfc6960", "rfc9919", "webpki"])
def test_a_clean_response_exits_with_0(run: Run, profile: str) -> None:
    """The output is one line."""
    code, out, err = run("clean.der", *AROUND, "--profile", profile)
    assert (code, err) == (0, "")
    assert out == f"clean  profile {profile}\n"


def test_findings_are_shown_most_severe_first(run: Run) -> None:
    """Hidden findings are counted, with the option that shows them."""
    Path("faulty.der").write_bytes(FAULTY)
    code, out, err = run("faulty.der")
    assert (code, err) == (1, "")
    warning, total = out.splitlines()
    assert warning.split() == [
        "warning", "L402", "responses[0].certStatus.revocationReason", "is",
        "unspecified;", "it", "should", "be", "absent", "RFC", "5280",
        "§5.3.1,", "BR", "7.2.2,", "7.3",
    ]  # fmt: skip
    assert total == ("1 warning  profile rfc6960  not shown: 1 info  --severity info")
    code, out, _ = run("faulty.der", "--profile", "rfc9919")
    assert [line.split()[0] for line in out.splitlines()[:2]] == ["error", "warning"]


@pytest.mark.parametrize(
    ("severity", "code", "rules"),
    [
        ("info", 1, ["L302", "L402"]),
        ("notice", 1, ["L402"]),
        ("warning", 1, ["L402"]),
        ("error", 0, []),
    ],
)
def test_severity_selects_the_findings(
    run: Run, severity: str, code: int, rules: list[str]
) -> None:
    """It applies to the exit code and to the output, in text and in JSON."""
    Path("faulty.der").write_bytes(FAULTY)
    ended, out, _ = run("faulty.der", "--severity", severity, "--json")
    document = json.loads(out)
    assert ended == code
    assert [each["rule"] for each in document["findings"]] == rules
    assert (document["type"], document["profile"]) == ("lint", "rfc6960")
    assert document["severity"] == severity
    for finding in document["findings"]:
        assert set(finding) == {"rule", "severity", "clause", "where", "message"}
    assert run("faulty.der", "--severity", severity)[0] == code


def test_a_malformed_response_is_an_error_finding(run: Run) -> None:
    """A response that the strict parser rejects is a finding with a location."""
    Path("broken.der").write_bytes(forge.response() + b"\x00")
    code, out, _ = run("broken.der")
    assert code == 1
    assert out.startswith("error  L101  OCSPResponse")


def test_a_response_in_base64_is_read(run: Run) -> None:
    """The command reads the same encodings as the other commands."""
    Path("clean.b64").write_bytes(base64.b64encode(forge.response()))
    assert run("clean.b64")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("none.der",), "none.der: No such file"),
        (("page.html",), "page.html: is neither DER, PEM, base64 nor hexadecimal"),
        (("clean.der", "--issuer", "clean.der"), "an OCSP response, not a certificate"),
        (("clean.der", "--issuer", "leaf.pem", "--cert", "leaf.pem"), "was issued by"),
        (
            ("clean.der", "--request", "clean.der"),
            "is an OCSP response, not an OCSP request",
        ),
        (("clean.der", "--profile", "none"), "--profile"),
        (("clean.der", "--severity", "fatal"), "--severity"),
        (("clean.der", "--at", "noon"), TIME_FORMS),
    ],
)
def test_input_that_cannot_be_read_exits_with_4(
    run: Run, arguments: tuple[str, ...], words: str
) -> None:
    """One line names the file or option, and standard output is empty."""
    Path("page.html").write_text("<html>not found</html>")
    code, out, err = run(*arguments)
    assert (code, out) == (4, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert words in err
