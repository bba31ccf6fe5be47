"""What type checkers report for programs that mix both modules."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

api = pytest.importorskip("mypy.api", reason="mypy is not installed here")

IMPORTS = """\
from cryptography import x509
from cryptography.x509 import ocsp as theirs
import ocsp

def f(
    response: theirs.OCSPResponse,
    request: theirs.OCSPRequest,
    cert: x509.Certificate,
    status: ocsp.OCSPCertStatus,
) -> int:
"""
ACCEPTED = """\
    ocsp.verify(response, cert, cert, request=request)
    ocsp.verify_staple(response, cert, cert)
    ocsp.verify_chain([cert, cert], [response])
    ocsp.lint_response(response, request=request)
    match status:
        case ocsp.OCSPCertStatus.GOOD:
            return 0
        case ocsp.OCSPCertStatus.REVOKED:
            return 1
        case ocsp.OCSPCertStatus.UNKNOWN:
            return 2
"""
REPORTED = {
    "a response that is a text": (
        'ocsp.verify("text", cert, cert)',
        "arg-type",
    ),
    "a request that is octets": (
        'ocsp.lint_response(b"", request=b"")',
        "arg-type",
    ),
    "a comparison of both modules": (
        "status == theirs.OCSPCertStatus.REVOKED",
        "comparison-overlap",
    ),
    "an identity of both modules": (
        "status is theirs.OCSPCertStatus.REVOKED",
        "comparison-overlap",
    ),
}


def _codes(body: str, folder: Path) -> list[str]:
    """Return the codes of the errors that mypy finds in a function with *body*."""
    program = folder / "program.py"
    program.write_text(IMPORTS + body)
    config = folder / "mypy.ini"
    config.write_text("[mypy]\nstrict = true\n")
    output, trouble, _ = api.run(
        [f"--config-file={config}", f"--cache-dir={folder / 'cache'}", str(program)]
    )
    assert trouble == ""
    return re.findall(r"error: .*\[([a-z-]+)\]$", output, re.MULTILINE)


def test_a_type_checker_finds_what_cannot_be_bridged(tmp_path: Path) -> None:
    """And accepts the rest: messages of either package, and a complete match."""
    assert _codes(ACCEPTED, tmp_path) == []
    lines = "".join(f"    {line}\n" for line, _ in REPORTED.values())
    expected = [code for _, code in REPORTED.values()]
    assert _codes(lines + "    return 0\n", tmp_path) == expected
