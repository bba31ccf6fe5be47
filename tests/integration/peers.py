"""Run responders of other projects, for the certificates of ``live``."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from tests.integration.live import CA, GOOD, RESPONDER, REVOKED, Live
from tests.integration.web_servers import await_port, free_port
from tests.pki import key

__all__ = ["cfssl_responder", "openssl_responder"]


def _write_authority(folder: Path) -> None:
    (folder / "ca.pem").write_bytes(CA.public_bytes(Encoding.PEM))
    (folder / "r.pem").write_bytes(RESPONDER.public_bytes(Encoding.PEM))
    (folder / "r.key").write_bytes(
        key("Live Responder").private_bytes(
            Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
        )
    )


@contextlib.contextmanager
def openssl_responder(folder: Path) -> Iterator[str]:
    """Run ``openssl ocsp`` with files in *folder*; yield its URL."""
    _write_authority(folder)
    (folder / "index.txt").write_text(
        f"V\t300101000000Z\t\t{GOOD:X}\tunknown\t/CN=good\n"
        f"R\t300101000000Z\t250101000000Z,keyCompromise\t{REVOKED:X}\tunknown\t/CN=no\n"
    )
    program = subprocess.Popen(
        [
            *("openssl", "ocsp", "-port", "0", "-index", "index.txt", "-CA", "ca.pem"),
            *("-rsigner", "r.pem", "-rkey", "r.key", "-nmin", "60"),
        ],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert program.stdout is not None
    try:
        for line in program.stdout:
            if found := re.search(r"ACCEPT \S*?:(\d+)", line):
                yield f"http://127.0.0.1:{found[1]}"
                break
    finally:
        program.terminate()
        program.communicate(timeout=30)


@contextlib.contextmanager
def cfssl_responder(folder: Path, live: Live) -> Iterator[str]:
    """Run ``cfssl ocspserve`` with files in *folder*; yield its URL."""
    _write_authority(folder)
    responses = [
        _cfssl_response(folder, live.leaf(GOOD), "good"),
        _cfssl_response(folder, live.leaf(REVOKED), "revoked"),
    ]
    (folder / "responses").write_text("\n".join(responses))
    port = free_port()
    program = subprocess.Popen(
        [
            *("cfssl", "ocspserve", "-loglevel", "5", "-port", str(port)),
            *("-responses", "responses"),
        ],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        await_port(port, program, lambda: "cfssl ocspserve does not listen")
        yield f"http://127.0.0.1:{port}"
    finally:
        program.terminate()
        program.wait(timeout=30)


def _cfssl_response(folder: Path, cert: x509.Certificate, status: str) -> str:
    """Return a response that cfssl signs now, at the time of the system clock."""
    (folder / "leaf.pem").write_bytes(cert.public_bytes(Encoding.PEM))
    done = subprocess.run(
        [
            *("cfssl", "ocspsign", "-loglevel", "5", "-ca", "ca.pem"),
            *("-responder", "r.pem", "-responder-key", "r.key"),
            *("-cert", "leaf.pem", "-status", status, "-reason", "1"),
        ],
        cwd=folder,
        capture_output=True,
        check=True,
    )
    response: str = json.loads(done.stdout)["ocspResponse"]
    return response
