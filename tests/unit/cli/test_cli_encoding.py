"""Messages that are not DER, and bare BasicOCSPResponses, on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp.cli import main
from tests.cases.builder import Builder
from tests.property.deviations import parse
from tests.unit.messages.test_tolerant_reader import MACOS

BUILD = Builder()
VERSION_1 = b"\xa0\x03\x02\x01\x00"
PLACE = "the default version v1 is encoded, at offset"


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Create the files of a verification, and change to their directory."""
    monkeypatch.chdir(tmp_path)
    for name, identity in (("leaf", BUILD.leaf), ("ca", BUILD.ca)):
        certificate = x509.load_der_x509_certificate(identity.der)
        Path(f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    Path("request.der").write_bytes(bytes.fromhex(MACOS))
    Path("response.der").write_bytes(BUILD.response(version=VERSION_1))
    root = parse(BUILD.response())
    basic = root.children[1].children[0].children[1].children[0]
    Path("basic.der").write_bytes(basic.encode())


def test_inspect_shows_a_certificate_that_cannot_be_read(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """All other fields of the response are shown, as verify judges them."""
    Path("odd.der").write_bytes(BUILD.response(certs=(BUILD.ca.der, b"\x30\x00")))
    code, document = _json(capsys, "inspect", "odd.der")
    (reason,) = document["unreadable_certificates"]
    assert (code, len(document["certificates"])) == (0, 1)
    assert "certs[1]" in reason
    assert "not a certificate" in reason
    assert main(["inspect", "odd.der"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "2, not verified" in shown
    assert "cannot be read:" in shown


def _json(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    code = main([*arguments, "--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("kind", ["request", "response"])
def test_inspect_says_what_is_not_der(
    kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the tree and in JSON."""
    assert main(["inspect", f"{kind}.der"]) == 0
    assert f"Not DER: {PLACE}" in capsys.readouterr().out
    code, document = _json(capsys, "inspect", f"{kind}.der")
    assert (code, document["type"]) == (0, kind)
    assert document["tolerated"][0].startswith(PLACE)


@pytest.mark.parametrize(
    ("options", "code"), [([], 3), (["--encoding", "tolerant"], 0)]
)
def test_verify_accepts_it_if_the_user_says_so(
    options: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """By default the response is not verified, and the output says why."""
    files = ["--cert", "leaf.pem", "--issuer", "ca.pem", "--response", "response.der"]
    at = ["--at", "2026-07-01T12:00:00Z"]
    found, document = _json(capsys, "verify", *files, *at, *options)
    assert found == code
    (finding,) = document["failures" if code else "warnings"]
    assert finding["rule"] == "V2"
    assert PLACE in finding["message"]


def test_lint_reports_it(capsys: pytest.CaptureFixture[str]) -> None:
    """As a finding among the others."""
    _, document = _json(capsys, "lint", "response.der")
    assert "L101" in [each["rule"] for each in document["findings"]]


def test_a_bare_basic_response_is_detected(capsys: pytest.CaptureFixture[str]) -> None:
    """It is shown, linted and verified as the response that contains it."""
    whole = ocsp.load_der_basic_ocsp_response(Path("basic.der").read_bytes())
    Path("whole.der").write_bytes(whole.public_bytes(Encoding.DER))
    assert _json(capsys, "inspect", "basic.der") == _json(
        capsys, "inspect", "whole.der"
    )
    files = ["--cert", "leaf.pem", "--issuer", "ca.pem", "--response", "basic.der"]
    assert main(["verify", *files, "--at", "2026-07-01T12:00:00Z"]) == 0
    assert main(["lint", "basic.der", "--severity", "error"]) == 0


def test_a_certificate_is_no_basic_response(capsys: pytest.CaptureFixture[str]) -> None:
    """Both begin with the same types of values."""
    certificate = x509.load_pem_x509_certificate(Path("leaf.pem").read_bytes())
    Path("leaf.der").write_bytes(certificate.public_bytes(Encoding.DER))
    assert main(["inspect", "leaf.der"]) == 4
    assert "certificate" in capsys.readouterr().err
