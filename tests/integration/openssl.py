"""Run ``openssl ocsp``, as an independent client and decoder."""

from __future__ import annotations

import subprocess
from pathlib import Path

__all__ = ["ask", "openssl", "text_of_request", "text_of_response", "version"]


def openssl(*arguments: object, expect: int | None = 0) -> str:
    """Run the program and return what it prints to stdout and stderr."""
    done = subprocess.run(
        ["openssl", *map(str, arguments)],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=30,
        check=False,
    )
    printed = done.stdout + done.stderr
    assert expect is None or done.returncode == expect, printed
    return printed


def version() -> tuple[int, int]:
    """Return the first two numbers of the program's version."""
    major, minor, *_ = openssl("version").split()[1].split(".")
    return int(major), int(minor)


def ask(
    url: str, ca_file: Path, *about: object, options: tuple[object, ...] = ()
) -> str:
    """Ask the responder at *url*; *about* is ``-cert FILE`` or ``-serial NUMBER``."""
    return openssl(
        "ocsp",
        "-issuer",
        ca_file,
        "-CAfile",
        ca_file,
        *about,
        "-url",
        url,
        *options,
        expect=None,
    )


def text_of_request(file: Path) -> str:
    """Return the text that the program prints for a request."""
    return openssl("ocsp", "-reqin", file, "-req_text")


def text_of_response(file: Path) -> str:
    """Return the text for a response; for an OCSP error the exit code is 1."""
    options = ("-respin", file, "-resp_text", "-noverify")
    return openssl("ocsp", *options, expect=None)
